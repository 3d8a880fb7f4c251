"""Trades come to realised profit, costs and an open position: known cases, venues' rounding, and a ledger in fractions."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc import venues
from perpcalc.core.instrument import PLAIN
from perpcalc.core.ledger import Booked, Ledger, Trade, by_instrument, fill_of, ledger
from perpcalc.core.past_funding import Payment
from perpcalc.core.pnl import gross_pnl
from perpcalc.core.position import LONG, SHORT
from perpcalc.decimals import plain
from perpcalc.errors import PerpcalcError

from . import twin
from .strategies import decimals, sizes


def trade(side: Decimal, contracts: int | str, price: int | str, **more: object) -> Trade:
    return Trade(None, "BTCUSD", side, Decimal(contracts), Decimal(price))._replace(**more)


def sides(found: Ledger) -> tuple[str | None, str, str]:
    position = found.position
    if position is None:
        return None, "0", "0"
    return "long" if position.side > 0 else "short", plain(position.contracts), plain(position.entry_price)


# Known cases


def test_a_partial_close_realises_at_the_average_and_leaves_it_as_it_was() -> None:
    # The contract's own example: harmonic average 48,000, a sixth of the way to 50,000.
    found = ledger(PLAIN, [trade(LONG, 10_000, 40_000), trade(LONG, 10_000, 60_000), trade(SHORT, 5_000, 50_000)])
    assert plain(found.realised_pnl) == "0.004166666666666667"
    assert sides(found) == ("long", "15000", "48000")
    assert (found.trades, found.bought, found.sold) == (3, 20_000, 5_000)


def test_a_trade_through_zero_closes_and_opens() -> None:
    # 10101 issue 2419; nautilus_trader issue 1083: only 50 of the 60 are realised.
    found = ledger(PLAIN, [trade(LONG, 50, 99_000), trade(SHORT, 60, 110_000)])
    assert plain(found.realised_pnl) == "0.000050505050505051"
    assert sides(found) == ("short", "10", "110000")


def test_trades_that_close_all_leave_nothing() -> None:
    found = ledger(PLAIN, [trade(LONG, 50, 99_000), trade(SHORT, 50, 110_000)])
    assert sides(found) == (None, "0", "0")


def test_a_price_that_somebody_rounded_yields_to_the_coin_value_beside_it() -> None:
    # ccxt issue 14294: 2,000 contracts for 0.0475 coins, whose price ccxt writes as 42105.26315789.
    value, fee = Decimal("0.0475"), Decimal("0.0000525")
    trades = [
        trade(LONG, 1_000, 40_000, value=Decimal("0.025"), fee=Decimal("0.000015"), fee_currency="BTC"),
        trade(LONG, 1_000, 40_000, value=Decimal("0.025"), fee=Decimal("0.000015"), fee_currency="BTC"),
        trade(SHORT, 2_000, "42105.26315789", value=value, fee=fee, fee_currency="BTC"),
    ]
    found = ledger(PLAIN, trades)
    assert (plain(found.realised_pnl), plain(found.fees), plain(found.net_realised)) == (
        "0.0025",
        "0.0000825",
        "0.0024175",
    )


@pytest.mark.parametrize(
    ("price", "value", "taken"),
    [
        ("26926.5", "0.0037138", "26926.5"),  # a tick, whatever the rounded value beside it says
        ("40000.00000000", "0.0249", "40000"),
        ("42105.26315789", "0.05", "42105.26315789"),  # a value that does not explain the price
        ("42105.26315789", None, "42105.26315789"),
    ],
)
def test_a_price_on_a_tick_counts_as_it_is(price: str, value: str | None, taken: str) -> None:
    found = fill_of(PLAIN, trade(LONG, 2_000, price, value=None if value is None else Decimal(value)))
    assert plain(found.price) == taken


def test_amounts_in_usd_become_contracts() -> None:
    deribit = venues.find("deribit").instrument
    found = ledger(deribit, [Trade(0, "BTC-PERPETUAL", LONG, None, Decimal(60_000), usd=Decimal(10_000))])
    assert sides(found)[1] == "1000"


def test_bybit_cuts_the_closed_share_and_keeps_the_average() -> None:
    # JKorf/Bybit.Net, recorded position of 2023-05-22: short 300 worth 0.00999850, one contract closed, leaves 0.00996518 and
    # an unrealised profit of 0.00113932 at 26,926. Two fills of 6 and 294 at 30,004.5 are worth that.
    bybit = venues.find("bybit@2023-05-22").instrument
    opened = [trade(SHORT, 6, "30004.5"), trade(SHORT, 294, "30004.5")]
    before = ledger(bybit, opened).position
    assert before is not None
    assert (plain(before.entry_value), plain(before.entry_price)) == ("0.0099985", "30004.5006751")
    after = ledger(bybit, [*opened, trade(LONG, 1, 27_000)]).position
    assert after is not None
    assert (plain(after.entry_value), plain(after.entry_price)) == ("0.00996518", "30004.5006751")
    assert plain(gross_pnl(after, Decimal(26_926))) == "0.00113932"


def test_many_closes_keep_a_position_small() -> None:
    trades = [trade(LONG, 100, 60_000)]
    for _ in range(200):
        trades += [trade(LONG, 7, 61_000), trade(SHORT, 7, 62_000)]
    found = ledger(PLAIN, trades)
    assert found.position is not None
    assert len(found.position.fills) <= 2


# Fees and funding


def test_fees_in_another_coin_are_left_out_and_said() -> None:
    bnb = {"fee": Decimal("0.01"), "fee_currency": "BNB"}
    found = ledger(PLAIN, [trade(LONG, 10, 60_000, **bnb), trade(LONG, 10, 60_000, **bnb)])
    assert (found.fees, found.notes) == (0, ("0.02 BNB of costs are not in BTC: left out",))


def test_trades_without_a_fee_are_said() -> None:
    assert ledger(PLAIN, [trade(LONG, 10, 60_000)]).notes == ("no trade has a fee: none is counted for them",)
    found = ledger(PLAIN, [trade(LONG, 10, 60_000, fee=Decimal(1)), trade(LONG, 10, 60_000)])
    assert found.notes == ("1 of 2 trades have no fee: none is counted for them",)


def test_a_file_that_begins_within_a_position_is_noticed() -> None:
    found = ledger(PLAIN, [trade(SHORT, 10, 60_000, fee=Decimal(0), closes=True, place="entry 1")])
    assert found.notes == ("entry 1 closes what these trades did not open: a position from before is not counted",)


def test_funding_that_was_booked_is_added_up() -> None:
    # BitMEX trade history: buy at 50,000, a funding row of 1,810 satoshi, sell at 55,000; net 1,797,300 satoshi.
    fees = [Decimal("0.0001"), Decimal("0.0000909")]
    trades = [trade(LONG, 10_000, 50_000, fee=fees[0]), trade(SHORT, 10_000, 55_000, fee=fees[1])]
    bitmex = venues.find("bitmex").instrument
    found = ledger(bitmex, trades, [Booked(0, "XBTUSD", Decimal("0.0000181"))])
    assert plain(found.realised_pnl) == "0.018182"
    assert plain(found.net_realised) == "0.017973"


def test_funding_rates_charge_what_was_open_before_them() -> None:
    trades = [
        trade(LONG, 10_000, 50_000, time=10, fee=Decimal(0)),
        trade(SHORT, 15_000, 50_000, time=20, fee=Decimal(0)),
        trade(LONG, 5_000, 50_000, time=40, fee=Decimal(0)),
    ]
    rates = [Payment(time, Decimal("0.001"), Decimal(50_000)) for time in (5, 20, 30, 50)]
    # Nothing open at 5; 10,000 long before the trade at 20; 5,000 short at 30; flat at 50.
    assert ledger(PLAIN, trades, rates=rates).funding == Decimal("0.0002") - Decimal("0.0001")
    unmarked = [payment._replace(mark=None) for payment in rates]
    assert ledger(PLAIN, trades, rates=unmarked, mark=Decimal(50_000)).funding == Decimal("0.0001")
    with pytest.raises(PerpcalcError, match="has no marks"):
        ledger(PLAIN, trades, rates=unmarked)


# Hedge mode


def test_in_hedge_mode_each_side_has_a_ledger_of_its_own() -> None:
    trades = [
        trade(LONG, 10, 60_000, held="long"),
        trade(SHORT, 5, 61_000, held="short"),
        trade(SHORT, 4, 62_000, held="long"),
    ]
    groups = by_instrument(trades)
    assert list(groups) == [("BTCUSD", "long"), ("BTCUSD", "short")]
    assert sides(ledger(PLAIN, groups["BTCUSD", "long"])) == ("long", "6", "60000")
    assert sides(ledger(PLAIN, groups["BTCUSD", "short"])) == ("short", "5", "61000")


def test_hedge_mode_that_is_asked_for_needs_the_sides_in_the_file() -> None:
    with pytest.raises(PerpcalcError, match="line 2: does not say which side's position it belongs to"):
        by_instrument([trade(LONG, 10, 60_000, place="line 2")], hedge=True)


def test_in_hedge_mode_no_trade_closes_more_than_is_open() -> None:
    trades = [trade(LONG, 10, 60_000, held="long"), trade(SHORT, 11, 60_000, held="long", place="line 3")]
    with pytest.raises(PerpcalcError, match="line 3: closes 11 contracts of a long position that has 10"):
        ledger(PLAIN, trades)


def test_a_trade_of_no_value_names_its_place() -> None:
    bybit = venues.find("bybit").instrument
    with pytest.raises(PerpcalcError, match="line 9: 1 contracts are worth less than the smallest amount"):
        ledger(bybit, [trade(LONG, 1, 10**9, place="line 9")])


# Against fractions


fills = st.lists(
    st.tuples(st.sampled_from((LONG, SHORT)), st.integers(1, 500), decimals("1000", "100000", 1)),
    min_size=1,
    max_size=30,
)


def in_fractions(trades: Sequence[tuple[Decimal, int, Decimal]], size: Decimal) -> tuple[Fraction, int, Fraction]:
    """Realised profit, signed contracts and coin value of what is open: one fill after another, at average cost."""
    realised, held, value = Fraction(0), 0, Fraction(0)
    for side, contracts, price in trades:
        signed, coins = int(side) * contracts, Fraction(size) * contracts / Fraction(price)
        if held * signed >= 0:
            held, value = held + signed, value + coins
            continue
        closed = min(contracts, abs(held))
        cost = value * closed / abs(held)
        realised -= int(side) * (cost - coins * closed / contracts)
        value -= cost
        held += signed
        if held * signed > 0:
            value = coins * abs(held) / contracts
    return realised, held, value


@given(fills, sizes)
def test_a_ledger_is_what_fractions_find(trades: list[tuple[Decimal, int, Decimal]], size: Decimal) -> None:
    instrument = PLAIN._replace(contract_size=size)
    found = ledger(instrument, [trade(side, contracts, str(price)) for side, contracts, price in trades])
    realised, held, value = in_fractions(trades, size)
    assert plain(found.realised_pnl) == twin.printed(realised)
    position = found.position
    if position is None:
        assert held == 0
    else:
        assert position.side * position.contracts == held
        assert plain(position.entry_price) == twin.printed(abs(held) * Fraction(size) / value)


@given(fills, decimals("1000", "100000", 1))
def test_realised_and_unrealised_profit_are_the_worth_of_all_cash_flows(
    trades: list[tuple[Decimal, int, Decimal]], mark: Decimal
) -> None:
    # Each trade exchanges USD for coins; at the mark what is open is bought back.
    found = ledger(PLAIN, [trade(side, contracts, str(price)) for side, contracts, price in trades])
    flows = sum((Fraction(side) * contracts / Fraction(price) for side, contracts, price in trades), Fraction(0))
    left = sum((Fraction(side) * contracts for side, contracts, _ in trades), Fraction(0)) / Fraction(mark)
    position = found.position
    unrealised = Decimal(0) if position is None else position.side * (position.cost - position.notional / mark)
    assert plain(found.realised_pnl + unrealised) == twin.printed(flows - left)


@given(fills)
def test_the_order_of_trades_does_not_change_what_is_bought_and_sold_and_open(
    trades: list[tuple[Decimal, int, Decimal]],
) -> None:
    one, other = (
        ledger(PLAIN, [trade(side, contracts, str(price)) for side, contracts, price in some])
        for some in (trades, trades[::-1])
    )
    assert (one.bought, one.sold) == (other.bought, other.sold)
    held = [0 if found.position is None else found.position.side * found.position.contracts for found in (one, other)]
    assert held[0] == held[1] == one.bought - one.sold
