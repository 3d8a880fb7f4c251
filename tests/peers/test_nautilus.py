"""nautilus_trader: value and profit of an inverse position; its average entry is arithmetic, and wrong.

    pip install nautilus_trader
    pytest -m peers tests/peers/test_nautilus.py

Compared with 1.221.0. Its profit is f64, the difference of two reciprocals; its coin here has the most
decimals it can have, 16, so positions are of a size that these can tell to 1e-12.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from itertools import count
from typing import Any

import pytest
from agreement import Agreement, peer
from core.strategies import Trade, decimals, moves, sides, sizes
from hypothesis import given, settings
from hypothesis import strategies as st

from perpcalc.core.instrument import PLAIN, coin_value
from perpcalc.core.pnl import gross_pnl
from perpcalc.core.position import LONG, Fill, open_by_fills
from perpcalc.decimals import plain

pytestmark = pytest.mark.peers
many = settings(max_examples=1000)

PLACES = 8
contracts = st.integers(10_000, 10_000_000).map(Decimal)
prices = decimals("1", "200000", 1)


class Nautilus:
    """Its perpetual of one contract size, and the positions that fills make of it."""

    def __init__(self, size: Decimal) -> None:
        self.events = peer("nautilus_trader.model.events", "nautilus_trader")
        self.enums = peer("nautilus_trader.model.enums", "nautilus_trader")
        self.names = peer("nautilus_trader.model.identifiers", "nautilus_trader")
        self.objects = peer("nautilus_trader.model.objects", "nautilus_trader")
        self.uuid = peer("nautilus_trader.core.uuid", "nautilus_trader").UUID4
        self.position = peer("nautilus_trader.model.position", "nautilus_trader").Position
        self.numbers = count(1)
        usd = peer("nautilus_trader.model.currencies", "nautilus_trader").USD
        perpetual = peer("nautilus_trader.model.instruments", "nautilus_trader").CryptoPerpetual
        self.coin = self.objects.Currency("XBT16", 16, 0, "bitcoin", self.enums.CurrencyType.CRYPTO)
        names = self.names
        self.instrument = perpetual(
            instrument_id=names.InstrumentId(names.Symbol("XBTUSD"), names.Venue("BITMEX")),
            raw_symbol=names.Symbol("XBTUSD"),
            base_currency=self.coin,
            quote_currency=usd,
            settlement_currency=self.coin,
            is_inverse=True,
            price_precision=PLACES,
            size_precision=0,
            price_increment=self.objects.Price.from_str("0.00000001"),
            size_increment=self.objects.Quantity.from_int(1),
            max_quantity=None,
            min_quantity=None,
            max_notional=None,
            min_notional=None,
            max_price=None,
            min_price=None,
            margin_init=Decimal("0.01"),
            margin_maint=Decimal("0.005"),
            maker_fee=Decimal(0),
            taker_fee=Decimal(0),
            multiplier=self.objects.Quantity.from_int(int(size)),
            ts_event=0,
            ts_init=0,
        )

    def price(self, price: Decimal) -> Any:
        return self.objects.Price.from_str(f"{price:.{PLACES}f}")

    def fill(self, side: Decimal, fill: Fill) -> Any:
        names, number = self.names, next(self.numbers)
        return self.events.OrderFilled(
            trader_id=names.TraderId("T-1"),
            strategy_id=names.StrategyId("S-1"),
            instrument_id=self.instrument.id,
            client_order_id=names.ClientOrderId(f"O-{number}"),
            venue_order_id=names.VenueOrderId(f"{number}"),
            account_id=names.AccountId("BITMEX-1"),
            trade_id=names.TradeId(f"E-{number}"),
            position_id=names.PositionId("P-1"),
            order_side=self.enums.OrderSide.BUY if side > 0 else self.enums.OrderSide.SELL,
            order_type=self.enums.OrderType.MARKET,
            last_qty=self.objects.Quantity.from_int(int(fill.contracts)),
            last_px=self.price(fill.price),
            currency=self.coin,
            commission=self.objects.Money(0, self.coin),
            liquidity_side=self.enums.LiquiditySide.TAKER,
            event_id=self.uuid(),
            ts_event=0,
            ts_init=0,
        )

    def opened(self, side: Decimal, *fills: Fill) -> Any:
        position = self.position(self.instrument, self.fill(side, fills[0]))
        for fill in fills[1:]:
            position.apply(self.fill(side, fill))
        return position


@pytest.fixture(scope="module")
def nautilus() -> Callable[[Decimal], Nautilus]:
    return cache(Nautilus)


@many
@given(st.builds(Trade, sides, contracts, sizes, prices), moves)
def test_value_and_profit(
    nautilus: Callable[[Decimal], Nautilus], agree: Agreement, trade: Trade, move: Decimal
) -> None:
    price = (trade.entry * move).quantize(Decimal("0.00000001"))
    peers = nautilus(trade.size)
    theirs = peers.opened(trade.side, Fill(trade.contracts, trade.entry))
    value = coin_value(trade.instrument, trade.contracts, price)
    printed = theirs.notional_value(peers.price(price)).as_decimal()
    agree("nautilus_trader: value", value, printed)
    scale = max(value, trade.position.cost)
    printed = theirs.unrealized_pnl(peers.price(price)).as_decimal()
    ours = gross_pnl(trade.position, price)
    agree("nautilus_trader: profit", ours, printed, scale=scale)


@many
@given(sides, sizes, contracts, prices, contracts, prices)
def test_the_average_of_two_fills_is_arithmetic_and_too_high(
    nautilus: Callable[[Decimal], Nautilus],
    agree: Agreement,
    side: Decimal,
    size: Decimal,
    first: Decimal,
    one: Decimal,
    second: Decimal,
    other: Decimal,
) -> None:
    """By `q1*q2*(p1 - p2)^2 / (n*(q1*p2 + q2*p1))`, n = q1 + q2."""
    fills = Fill(first, one), Fill(second, other)
    theirs = nautilus(size).opened(side, *fills)
    ours = open_by_fills(PLAIN._replace(contract_size=size), side, fills)
    too_high = first * second * (one - other) ** 2 / ((first + second) * (first * other + second * one))
    agree("nautilus_trader: average but for the error", ours.entry_price + too_high, theirs.avg_px_open)
    price = (one + other) / 2
    wrong = side * (ours.cost - ours.notional / (ours.entry_price + too_high))
    printed = theirs.unrealized_pnl(nautilus(size).price(price)).as_decimal()
    scale = max(ours.cost, ours.notional / price)
    expected = gross_pnl(ours, price) - wrong
    agree("nautilus_trader: profit but for the error", expected, printed, scale=scale)


@many
@given(sides, st.lists(st.builds(Fill, contracts, prices), min_size=2, max_size=6))
def test_the_average_of_any_fills_is_the_arithmetic_mean_of_their_prices(
    nautilus: Callable[[Decimal], Nautilus], agree: Agreement, side: Decimal, filled: list[Fill]
) -> None:
    bought = sum((fill.contracts for fill in filled), Decimal(0))
    mean = sum((fill.contracts * fill.price for fill in filled), Decimal(0)) / bought
    theirs = nautilus(Decimal(1)).opened(side, *filled)
    agree("nautilus_trader: arithmetic mean of fills", mean, theirs.avg_px_open)
    assert Decimal(plain(mean)) >= Decimal(plain(open_by_fills(PLAIN, side, filled).entry_price))


def test_the_wrong_average_turns_a_gain_into_a_loss(nautilus: Callable[[Decimal], Nautilus]) -> None:
    # A million USD bought at 10,500 and at 9,000 and sold at 9,700: 95.238 + 111.111 - 206.186 coins are a gain of 0.164.
    # The average paid is 9,692.31; with 9,750 in its place the same trades seem to lose 1.057.
    peers = nautilus(Decimal(1))
    bought = Fill(Decimal(1_000_000), Decimal(10_500)), Fill(Decimal(1_000_000), Decimal(9_000))
    theirs = peers.opened(LONG, *bought)
    assert theirs.avg_px_open == 9750
    theirs.apply(peers.fill(-LONG, Fill(Decimal(2_000_000), Decimal(9_700))))
    ours = open_by_fills(PLAIN, LONG, bought)
    assert f"{ours.entry_price:.2f}" == "9692.31"
    assert f"{gross_pnl(ours, Decimal(9_700)):.8f}" == "0.16363934"
    assert f"{theirs.realized_pnl.as_decimal():.8f}" == "-1.05736188"


def test_the_disagreement_on_two_fills_of_one_contract(nautilus: Callable[[Decimal], Nautilus]) -> None:
    fills = Fill(Decimal(1), Decimal("413.3")), Fill(Decimal(1), Decimal("342.1"))
    assert nautilus(Decimal(1)).opened(LONG, *fills).avg_px_open == pytest.approx(377.7)
    assert f"{open_by_fills(PLAIN, LONG, fills).entry_price:.4f}" == "374.3445"
