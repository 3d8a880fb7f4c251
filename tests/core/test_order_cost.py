"""What a venue reserves for an order, and the most that a balance opens by it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.instrument import PLAIN, Instrument
from perpcalc.core.margin import isolated_margin
from perpcalc.core.opening import max_open
from perpcalc.core.order_cost import closing_fee_reserve, largest_order, order_cost, order_cost_rate
from perpcalc.core.planned import Plan
from perpcalc.core.position import LONG, SHORT, open_at
from perpcalc.core.rounding import EXACT, Rounding, grid
from perpcalc.core.rules import FEE_AT_BANKRUPTCY, ORDER_RESERVES, Schedule, Tier, flat_rate
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import PerpcalcError
from perpcalc.venues import find

from . import twin
from .strategies import Trade, decimals, leverages, sides, trades

BYBIT = PLAIN._replace(
    order_reserve=FEE_AT_BANKRUPTCY,
    least_closing=Decimal("0.01"),
    rounding=Rounding(margin=grid("ceiling 8"), closing_fee=grid("ceiling 8")),
)
reserves = st.sampled_from(ORDER_RESERVES)


@pytest.mark.parametrize(
    ("side", "leverage", "expected"),
    [
        # Bybit symbols of 2020 to 2022, taker fee 0.075%: bv2c and sv2c as the API prints them.
        (LONG, "1", "1.00225"),
        (SHORT, "1", "1.0007575"),
        (LONG, "16.67", "0.06153301"),
        (SHORT, "16.67", "0.06144302"),
    ],
)
def test_the_cost_of_an_order_is_margin_and_both_fees(side: Decimal, leverage: str, expected: str) -> None:
    assert order_cost_rate(BYBIT, side, Decimal(leverage), Decimal("0.00075")) == Decimal(expected)


@given(trades, leverages, decimals("0", "0.002", 5))
def test_the_closing_fee_is_reserved_on_the_value_at_bankruptcy(trade: Trade, leverage: Decimal, rate: Decimal) -> None:
    value, margin = trade.usd / trade.entry, isolated_margin(trade.position, leverage).coin
    reserve = closing_fee_reserve(PLAIN, trade.side, value, margin, rate)
    price = twin.bankruptcy_price(trade.side, trade.entry, leverage)
    assert plain(reserve) == (twin.printed(twin.fee(trade.usd, price, rate)) if price else "0")


@given(sides, leverages, decimals("0", "0.002", 5), reserves)
def test_the_cost_is_never_less_than_margin_and_opening_fee(
    side: Decimal, leverage: Decimal, rate: Decimal, reserve: str
) -> None:
    assert order_cost_rate(PLAIN._replace(order_reserve=reserve), side, leverage, rate) >= 1 / leverage + rate


def test_each_venue_reserves_by_its_own_rule() -> None:
    # 1 coin at 2x with a fee of 0.1%: margin 0.5, and the fee once, twice, or once more on 1.5 coins.
    trade = (LONG, Decimal(100), Decimal(100), Decimal(2), Decimal("0.001"))
    costs = [plain(order_cost(PLAIN._replace(order_reserve=reserve), *trade)) for reserve in ORDER_RESERVES]
    assert costs == ["0.501", "0.502", "0.5025"]


@pytest.mark.parametrize(
    ("venue", "side", "contracts", "price", "leverage", "fee", "cost"),
    [
        # Design, section 6: BitMEX, 100,000 sold at 100,000, 1x, 0.075%.
        ("bitmex", SHORT, "100000", "100000", "1", "0.00075", "1.0015"),
        # Bybit: 100 contracts at 17,000, 0.00588235 BTC, with bv2c 0.5015 have an order margin of 0.00295 (API of 2022).
        ("bybit@2022-12-01", LONG, "100", "17000", "2", "0.0006", "0.00295"),
    ],
)
def test_an_order_costs_what_the_venue_reserves(
    venue: str, side: Decimal, contracts: str, price: str, leverage: str, fee: str, cost: str
) -> None:
    given_to = map(Decimal, (contracts, price, leverage, fee))
    assert plain(order_cost(find(venue).instrument, side, *given_to)) == cost


def test_where_the_tier_asks_for_more_than_the_leverage_brings_that_is_reserved() -> None:
    # 100 BTC at Deribit: 2.5%, though 50x bring 2%.
    deribit = find("deribit@2024-01-01").instrument
    cost = order_cost(deribit, LONG, Decimal(500_000), Decimal(50_000), Decimal(50), ZERO)
    assert cost == Decimal("2.5")


# The most that a balance opens


@pytest.mark.parametrize(("side", "contracts"), [(LONG, 103_925), (SHORT, 104_043)])
def test_the_most_that_bybit_opens(side: Decimal, contracts: int) -> None:
    # Design, section 6: 0.05 BTC at 44,089.5, 50x, 0.06%: B*P*L/(1 + f*(2L + s)).
    bybit = find("bybit@2022-07-01").instrument
    trade = (Decimal("44089.5"), Decimal(50), Decimal("0.0006"))
    assert largest_order(bybit, side, *trade, Decimal("0.05")) == contracts
    assert largest_order(bybit._replace(rounding=EXACT), side, *trade, Decimal("0.05")) == contracts


@given(
    trades, leverages, decimals("-0.0003", "0.002", 5), reserves, decimals("0", "10", 8), st.sampled_from((1, 7, 100))
)
def test_the_balance_covers_the_most_and_not_a_lot_more(
    trade: Trade, leverage: Decimal, fee: Decimal, reserve: str, balance: Decimal, lot: int
) -> None:
    instrument = trade.instrument._replace(order_reserve=reserve, lot=Decimal(lot))
    most = largest_order(instrument, trade.side, trade.entry, leverage, fee, balance)
    assert most % lot == 0
    assert cost_of(instrument, trade, most, leverage, fee) <= balance
    assert cost_of(instrument, trade, most + lot, leverage, fee) > balance


@pytest.mark.parametrize(
    "venue", ["bybit", "phemex", "bitmex", "binance", "kraken", "deribit", "kucoin", "coinex", "okx"]
)
@given(trades, leverages, decimals("0", "0.002", 5), decimals("0.0001", "10", 8))
def test_what_the_venue_rounds_is_taken_in(
    venue: str, trade: Trade, leverage: Decimal, fee: Decimal, balance: Decimal
) -> None:
    instrument = find(venue).instrument
    most = largest_order(instrument, trade.side, trade.entry, leverage, fee, balance)
    assert cost_of(instrument, trade, most, leverage, fee) <= balance
    assert cost_of(instrument, trade, most + instrument.lot, leverage, fee) > balance


def cost_of(instrument: Instrument, trade: Trade, contracts: Decimal, leverage: Decimal, fee: Decimal) -> Decimal:
    return order_cost(instrument, trade.side, contracts, trade.entry, leverage, fee)


def test_an_initial_rate_that_grows_with_size_opens_less() -> None:
    # 2.5 BTC open 100 BTC at Deribit: 2.5% of them, not the 2% of 50x.
    deribit = find("deribit@2024-01-01").instrument
    assert largest_order(deribit, LONG, Decimal(50_000), Decimal(50), ZERO, Decimal("2.5")) == 500_000
    assert largest_order(deribit, LONG, Decimal(50_000), Decimal(20), ZERO, Decimal(2)) == 200_000


def test_nothing_opens_nothing() -> None:
    for balance in (ZERO, Decimal(-1)):
        assert largest_order(PLAIN, LONG, Decimal(100), ONE, ZERO, balance) == 0
    assert largest_order(PLAIN, LONG, Decimal(100), Decimal(2), Decimal("-0.5"), ONE) == 0


# The most that an account opens


def opening(**more: object) -> Plan:
    given_to = {"balance": ONE, "leverage": Decimal(2), "schedule": flat_rate(ZERO), **more}
    return Plan(PLAIN, LONG, Decimal(100))._replace(**given_to)  # type: ignore[arg-type]


def test_the_most_that_is_opened_tells_what_it_is() -> None:
    found = max_open(opening(entry_fee_rate=Decimal("0.01")))
    # 1/(1/2 + 0.01) coins of 100 USD.
    assert (found.contracts, found.binding, found.position_value) == (196, "balance", Decimal("1.96"))
    assert (found.margin, found.order_cost) == (Decimal("0.98"), Decimal("0.9996"))
    assert (found.leverage, plain(found.liquidation_price or ZERO)) == (Decimal("1.96"), "66.666666666666666667")


def test_the_venue_caps_what_is_opened() -> None:
    capped = max_open(opening()._replace(instrument=PLAIN._replace(max_order=Decimal(50))))
    assert (capped.contracts, capped.binding) == (50, "venue")
    tiers = Schedule((Tier(ONE, ZERO, initial=Decimal("0.1")), Tier(None, ZERO, initial=Decimal("0.6"))))
    tiered = max_open(opening()._replace(instrument=PLAIN._replace(schedule=tiers)))
    assert (tiered.contracts, tiered.binding) == (100, "venue")


def test_on_a_tie_the_balance_is_named() -> None:
    assert max_open(opening()._replace(instrument=PLAIN._replace(max_order=Decimal(200)))).binding == "balance"


def test_nothing_can_be_opened_with_nothing() -> None:
    found = max_open(opening(balance=Decimal("0.001")))
    assert (found.contracts, found.order_cost, found.liquidation_price, found.binding) == (0, 0, None, "balance")


def test_what_the_account_holds_takes_its_margin_first() -> None:
    # A long of one coin that asks for a tenth of it; the rest of one coin opens 1.8.
    held = Holding(open_at(PLAIN._replace(name="OTHER"), LONG, Decimal(100), Decimal(100)), flat_rate(Decimal("0.1")))
    found = max_open(opening(others=(held,)))
    assert (found.contracts, found.leverage) == (180, Decimal("2.8"))


@pytest.mark.parametrize("name", ["balance", "leverage"])
def test_balance_and_leverage_are_needed(name: str) -> None:
    with pytest.raises(PerpcalcError, match=f"{name}: is missing: it is what can be opened with"):
        max_open(opening(**{name: None}))
