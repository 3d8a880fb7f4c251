"""OctoBot-Trading: isolated positions with maintenance margin on the entry value.

    pip install 'OctoBot-Trading[full]'
    pytest -m peers tests/peers/test_octobot.py

Compared with 2.5.13. Its arithmetic is Decimal, in the default context of 28 digits.
"""

import decimal
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from agreement import Agreement, peer
from core.strategies import Trade, contracts, decimals, funding_rates, leverages, moves, prices, sides, trades
from hypothesis import assume, given, settings

from perpcalc.core.funding import funding_payment
from perpcalc.core.instrument import PLAIN, trade_fee
from perpcalc.core.liquidation import position_liquidation
from perpcalc.core.margin import isolated_margin
from perpcalc.core.order_cost import closing_fee_reserve, order_cost_rate
from perpcalc.core.pnl import gross_pnl
from perpcalc.core.position import LONG, SHORT, Fill, open_at, open_by_fills
from perpcalc.core.rules import FEE_AT_BANKRUPTCY, flat_rate
from perpcalc.core.wallet import Holding

pytestmark = pytest.mark.peers
many = settings(max_examples=1000)

TAKER = Decimal("0.0006")
maintenance_rates = decimals("0", "0.2", 4)


class Exchange:
    """What a position of OctoBot asks its exchange for."""

    def get_exchange_current_time(self) -> int:
        return 0

    def get_uniformized_timestamp(self, timestamp: int) -> int:
        return timestamp

    def get_fees(self, symbol: str) -> dict[str, str]:
        return {"taker": str(TAKER)}


Opener = Callable[[Trade, Decimal, Decimal], Any]


@pytest.fixture(scope="module")
def octobot() -> Opener:
    """Opens OctoBot's position for a trade, a leverage and a maintenance rate, marked at its entry."""
    enums = peer("octobot_trading.enums", "OctoBot-Trading[full]")
    contract = peer("octobot_trading.exchange_data.contracts.future_contract", "OctoBot-Trading[full]")
    positions = peer("octobot_trading.personal_data.positions.types.inverse_position", "OctoBot-Trading[full]")

    def opened(trade: Trade, leverage: Decimal, mmr: Decimal) -> Any:
        terms = contract.FutureContract(
            "BTC/USD:BTC",
            enums.MarginType.ISOLATED,
            enums.FutureContractType.INVERSE_PERPETUAL,
            current_leverage=leverage,
            maximum_leverage=Decimal(1000),
            maintenance_margin_rate=mmr,
        )
        manager = SimpleNamespace(exchange=Exchange(), is_simulated=True)
        trader = SimpleNamespace(exchange_manager=manager, simulate=True)
        position = positions.InversePosition(trader, terms)
        position.symbol, position.currency = "BTC/USD:BTC", "BTC"
        position.side = enums.PositionSide.LONG if trade.side > 0 else enums.PositionSide.SHORT
        position.size = trade.side * trade.usd
        position.entry_price = position.mark_price = trade.entry
        return position

    return opened


def its_own_context() -> Any:
    return decimal.localcontext(decimal.DefaultContext)


@many
@given(trades, leverages, maintenance_rates)
def test_isolated_liquidation_and_bankruptcy(
    octobot: Opener, agree: Agreement, trade: Trade, leverage: Decimal, mmr: Decimal
) -> None:
    assume(trade.side > 0 or leverage * (1 + mmr) > 1)
    with its_own_context():
        theirs = octobot(trade, leverage, mmr)
        theirs.update_isolated_liquidation_price()
        bankruptcy = theirs.get_bankruptcy_price(theirs.entry_price, theirs.side)
    holding = Holding(trade.position, flat_rate(mmr, basis="entry"))
    ours = position_liquidation(holding, isolated_margin(trade.position, leverage))
    assert ours.liquidation_price is not None
    agree("OctoBot: isolated liquidation price", ours.liquidation_price, theirs.liquidation_price)
    if ours.bankruptcy_price is not None:
        agree("OctoBot: bankruptcy price", ours.bankruptcy_price, bankruptcy)


@many
@given(trades, moves)
def test_profit(octobot: Opener, agree: Agreement, trade: Trade, move: Decimal) -> None:
    price = trade.entry * move
    with its_own_context():
        theirs = octobot(trade, Decimal(1), Decimal(0)).get_unrealized_pnl(price)
    agree("OctoBot: profit", gross_pnl(trade.position, price), theirs, scale=trade.usd / min(trade.entry, price))


@many
@given(trades, moves, funding_rates)
def test_funding(octobot: Opener, agree: Agreement, trade: Trade, move: Decimal, rate: Decimal) -> None:
    price = trade.entry * move
    portfolios = peer("octobot_trading.personal_data.portfolios.types.future_portfolio", "OctoBot-Trading[full]")
    with its_own_context():
        position = octobot(trade, Decimal(1), Decimal(0))
        position.mark_price = price
        position.update_value()
        wallet = portfolios.FuturePortfolio("bitmex")
        wallet.update_portfolio_from_funding(position, rate)
    ours = funding_payment(trade.instrument, trade.side, trade.contracts, rate, price)
    agree("OctoBot: funding", ours, -wallet.get_currency_portfolio(position.currency).total)


@many
@given(sides, contracts, prices, contracts, prices)
def test_average_entry_of_two_fills(
    octobot: Opener, agree: Agreement, side: Decimal, first: Decimal, entry: Decimal, second: Decimal, price: Decimal
) -> None:
    with its_own_context():
        theirs = octobot(Trade(side, first, Decimal(1), entry), Decimal(1), Decimal(0))
        theirs.update_average_entry_price(side * second, price)
    ours = open_by_fills(PLAIN, side, [Fill(first, entry), Fill(second, price)])
    agree("OctoBot: average entry of two fills", ours.entry_price, theirs.entry_price)


@many
@given(trades, leverages)
def test_fees_to_open_and_to_close_at_the_bankruptcy_price(
    octobot: Opener, agree: Agreement, trade: Trade, leverage: Decimal
) -> None:
    assume(trade.side > 0 or leverage > 1)
    with its_own_context():
        theirs = octobot(trade, leverage, Decimal(0))
        opening = theirs.get_fee_to_open(trade.usd, trade.entry, theirs.symbol)
        closing = theirs.get_fee_to_close(trade.usd, trade.entry, theirs.side, theirs.symbol)
    value, margin = trade.position.cost, trade.position.cost / leverage
    agree("OctoBot: opening fee", trade_fee(trade.instrument, trade.contracts, trade.entry, TAKER), opening)
    reserve = closing_fee_reserve(PLAIN, trade.side, value, margin, TAKER)
    agree("OctoBot: closing fee at bankruptcy", reserve, closing, scale=TAKER * value)


def test_where_a_short_is_never_liquidated_octobot_prints_0_or_a_negative_price(octobot: Opener) -> None:
    trade = Trade(SHORT, Decimal(10_000), Decimal(1), Decimal(62_500))
    for leverage, printed in (("1", "0"), ("0.5", "-62500")):
        theirs = octobot(trade, Decimal(leverage), Decimal(0))
        theirs.update_isolated_liquidation_price()
        assert theirs.liquidation_price == Decimal(printed)
        margin = isolated_margin(trade.position, Decimal(leverage))
        ours = position_liquidation(Holding(trade.position, flat_rate(Decimal(0), basis="entry")), margin)
        assert ours.liquidation_price is None


def test_octobot_subtracts_the_opening_fee_from_the_cost_of_a_short(octobot: Opener) -> None:
    # 10,000 USD at 62,500 are 0.16 coins: margin 0.016, opening fee 0.000096, closing fee 0.000096 * (1 +- 0.1).
    for side, cost, theirs in ((LONG, "0.0162016", "0.0162016"), (SHORT, "0.0161824", "0.0159904")):
        trade = Trade(side, Decimal(10_000), Decimal(1), Decimal(62_500))
        position = octobot(trade, Decimal(10), Decimal("0.005"))
        position.initial_margin = Decimal("0.016")
        position.update_fee_to_close()
        value = open_at(PLAIN, side, Decimal(10_000), Decimal(62_500)).cost
        reserving = PLAIN._replace(order_reserve=FEE_AT_BANKRUPTCY)
        assert value * order_cost_rate(reserving, side, Decimal(10), TAKER) == Decimal(cost)
        assert position.get_order_cost() == Decimal(theirs)
