"""ccxt: the average price that `safe_order` makes of inverse fills, and the liquidation price of Binance COIN-M positions.

    pip install ccxt
    pytest -m peers tests/peers/test_ccxt.py

Compared with 4.5.90. Its arithmetic cuts every quotient at 18 decimals and leaves as f64. Nothing is asked of an exchange.
"""

from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from agreement import Agreement, peer
from core.strategies import Trade, contracts, decimals, prices, sides, sizes, trades
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from perpcalc.core.instrument import PLAIN
from perpcalc.core.liquidation import position_liquidation
from perpcalc.core.margin import given_margin
from perpcalc.core.position import SHORT, Fill, open_at, open_by_fills
from perpcalc.core.rounding import EXACT
from perpcalc.core.rules import flat_rate
from perpcalc.core.wallet import Holding
from perpcalc.venues import find

pytestmark = pytest.mark.peers
many = settings(max_examples=1000)

SYMBOL = "BTC/USD:BTC"
maintenance_rates = decimals("0", "0.2", 4)
# Nearer to 1x ccxt's liquidation price of a short is the reciprocal of a difference of numbers cut at 18 decimals.
leverages = decimals("2", "125", 2)


class Ccxt(NamedTuple):
    """ccxt's Binance, and its market of a contract size; prices are not cut to a tick."""

    exchange: Any

    def market(self, size: Decimal) -> Any:
        described = {
            "id": "BTCUSD_PERP",
            "symbol": SYMBOL,
            "base": "BTC",
            "quote": "USD",
            "settle": "BTC",
            "type": "swap",
            "swap": True,
            "contract": True,
            "inverse": True,
            "linear": False,
            "contractSize": float(size),
            "precision": {"price": "0.000000000000000001", "amount": "1"},
        }
        return self.exchange.safe_market_structure(described)

    def liquidation_price(self, trade: Trade, wallet: Decimal, mmr: Decimal, isolated: bool) -> float | None:
        """The price of the position that Binance describes so, with one leverage bracket for all sizes."""
        self.exchange.options["leverageBrackets"] = {SYMBOL: [["0", f"{mmr:f}"]]}
        value = trade.usd / trade.entry
        described = {
            "symbol": "BTCUSD_PERP",
            "positionSide": "BOTH",
            "positionAmt": f"{trade.side * trade.contracts:f}",
            "entryPrice": f"{trade.entry:f}",
            "notionalValue": f"{trade.side * value:.8f}",
            "leverage": "10",
            "initialMargin": f"{value / 10:f}",
            "maintMargin": f"{value * mmr:f}",
            "unrealizedProfit": "0",
            "isolated": isolated,
            "isolatedWallet" if isolated else "crossWalletBalance": f"{wallet:f}",
            "crossMargin": f"{wallet:f}",
        }
        parsed = self.exchange.parse_account_position(described, self.market(trade.size))
        price: float | None = parsed["liquidationPrice"]
        return price


@pytest.fixture(scope="module")
def ccxt() -> Ccxt:
    return Ccxt(peer("ccxt", "ccxt").binance())


fills = st.lists(st.builds(Fill, contracts, prices), min_size=1, max_size=6)


@many
@given(sides, sizes, fills)
def test_average_price_of_fills(ccxt: Ccxt, agree: Agreement, side: Decimal, size: Decimal, filled: list[Fill]) -> None:
    market = ccxt.market(size)
    names = {"symbol": SYMBOL, "side": "buy" if side > 0 else "sell"}
    made = [
        ccxt.exchange.safe_trade(
            {"id": str(n), "info": {}, "amount": f"{fill.contracts:f}", "price": f"{fill.price:f}", **names}, market
        )
        for n, fill in enumerate(filled)
    ]
    order = {"id": "1", "info": {}, "status": "closed", "type": "limit", "trades": made, **names}
    ours = open_by_fills(PLAIN._replace(contract_size=size), side, filled)
    agree("ccxt: average price of fills", ours.entry_price, ccxt.exchange.safe_order(order, market)["average"])


@many
@given(trades, leverages, maintenance_rates, st.booleans())
def test_liquidation_price_in_the_lowest_tier(
    ccxt: Ccxt, agree: Agreement, trade: Trade, leverage: Decimal, mmr: Decimal, isolated: bool
) -> None:
    wallet = trade.position.cost / leverage
    ours = position_liquidation(Holding(trade.position, flat_rate(mmr)), given_margin(trade.position, wallet))
    theirs = ccxt.liquidation_price(trade, wallet, mmr, isolated)
    assert ours.liquidation_price is not None
    assert theirs is not None
    agree("ccxt: liquidation price in the lowest tier", ours.liquidation_price, theirs)


@many
@given(trades, decimals("1.000001", "5", 6), maintenance_rates)
def test_a_short_with_more_coin_than_it_is_worth_is_never_liquidated(
    ccxt: Ccxt, trade: Trade, cover: Decimal, mmr: Decimal
) -> None:
    trade = trade._replace(side=SHORT)
    wallet = trade.position.cost * cover
    ours = position_liquidation(Holding(trade.position, flat_rate(mmr)), given_margin(trade.position, wallet))
    assert ours.liquidation_price is None
    assert ccxt.liquidation_price(trade, wallet, mmr, isolated=True) is None


@many
@given(sides, st.integers(1, 2_000_000).map(Decimal), decimals("5000", "150000", 1), leverages)
def test_above_the_lowest_tier_ccxt_drops_the_deduction(
    ccxt: Ccxt, agree: Agreement, side: Decimal, held: Decimal, entry: Decimal, leverage: Decimal
) -> None:
    """Its price times `V + s*W` is the right one times `V + s*(W + deduction)`: always too near."""
    instrument = find("binance@2025-08-07").instrument._replace(rounding=EXACT, max_price=None)
    assert instrument.schedule is not None
    position = open_at(instrument, side, held, entry)
    wallet = position.cost / leverage
    ours = position_liquidation(Holding(position, instrument.schedule), given_margin(position, wallet))
    assume(ours.liquidation_price is not None and not ours.beyond)
    assert ours.liquidation_price is not None
    trade = Trade(side, held, instrument.contract_size, entry)
    theirs = ccxt.liquidation_price(trade, wallet, ours.maintenance_rate, isolated=True)
    assert theirs is not None
    behind = position.cost + side * wallet
    expected = ours.liquidation_price * (behind + side * ours.deduction) / behind
    agree("ccxt: liquidation price but for the deduction", expected, theirs)
    if ours.tier == 1:
        agree("ccxt: liquidation price in Binance's first tier", ours.liquidation_price, theirs)
    else:
        assert side * (Decimal.from_float(theirs) - ours.liquidation_price) > 0


def test_the_disagreement_on_a_position_of_the_third_tier(ccxt: Ccxt) -> None:
    # 10,000 contracts of 100 USD long at 80,000: 12.5 BTC on 1.25 BTC. Tier 3 (10 to 20 BTC) asks 1% less 0.055 BTC, so
    # 1,000,000 * 1.01 / (12.5 + 1.25 + 0.055); ccxt leaves the 0.055 out and is 292.64 USD too near.
    instrument = find("binance@2025-08-07").instrument._replace(rounding=EXACT)
    assert instrument.schedule is not None
    trade = Trade(Decimal(1), Decimal(10_000), Decimal(100), Decimal(80_000))
    position = open_at(instrument, trade.side, trade.contracts, trade.entry)
    ours = position_liquidation(Holding(position, instrument.schedule), given_margin(position, Decimal("1.25")))
    assert ours.tier == 3
    assert ours.liquidation_price is not None
    assert f"{ours.liquidation_price:.2f}" == "73161.90"
    assert f"{ccxt.liquidation_price(trade, Decimal('1.25'), Decimal('0.01'), isolated=True):.2f}" == "73454.55"
