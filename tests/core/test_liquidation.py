"""Liquidation prices: where a position or an account ends, what is asked for there, and why some never do."""

import random
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.instrument import PLAIN, Instrument
from perpcalc.core.liquidation import (
    Liquidation,
    liquidated_at,
    liquidation,
    margin_ratio,
    position_liquidation,
)
from perpcalc.core.liquidation import ends as safe_range
from perpcalc.core.margin import Margin, check_deduction, given_margin, isolated_margin, usable_extra
from perpcalc.core.position import LONG, SHORT, open_at
from perpcalc.core.printed_price import rounded_price
from perpcalc.core.rounding import Rounding, grid
from perpcalc.core.rules import ClosingFee, Schedule, Tier, flat_rate
from perpcalc.core.wallet import Holding, Wallet, closing_fees, equity, maintenance, wallet_of
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import Key, PerpcalcError
from perpcalc.venues import find

from . import twin
from .strategies import (
    Trade,
    account_of,
    closing_fee_of,
    decimals,
    leverages,
    moves,
    rules,
    schedule_of,
    sides,
    trades,
    wallets,
)

HALF_PERCENT = Decimal("0.005")
AT_MARK, AT_ENTRY = flat_rate(HALF_PERCENT), flat_rate(HALF_PERCENT, basis="entry")
GROWING = Schedule((Tier(None, Decimal("0.01")),), marginal=False, slope=Decimal("0.00005"))
BYBIT = PLAIN._replace(
    tick=Decimal("0.5"),
    max_price=Decimal(999_999),
    taker_fee=Decimal("0.00075"),
    extra_margin_net_of_fee=True,
    rounding=Rounding(
        stored_value=grid("floor 8"),
        value=grid("floor 8"),
        average=grid("half-up 8"),
        margin=grid("ceiling 8"),
        closing_fee=grid("ceiling 8"),
        liquidation_price="against tick",
    ),
)
rates = decimals("0", "0.1", 4)


def one(
    side: Decimal,
    contracts: int,
    entry: int,
    margin: str,
    schedule: Schedule = AT_MARK,
    *,
    mark: int | None = None,
    instrument: Instrument = PLAIN,
) -> Liquidation:
    """Where a position on that much margin is liquidated."""
    position = open_at(instrument, side, Decimal(contracts), Decimal(entry))
    coin = Decimal(margin)
    return position_liquidation(
        Holding(position, schedule), Margin("cross", coin, coin), None if mark is None else Decimal(mark)
    )


def by_leverage(trade: Trade, schedule: Schedule, leverage: Decimal, extra: Decimal = ZERO) -> Liquidation:
    position = trade.position
    return position_liquidation(Holding(position, schedule), isolated_margin(position, leverage, extra))


def ends(result: Liquidation) -> tuple[str | None, ...]:
    return tuple(
        None if price is None else plain(price)
        for price in (result.liquidation_below, result.liquidation_price, result.liquidation_above)
    )


# The published formulas


@given(trades, leverages, rates)
def test_isolated_with_maintenance_at_the_mark(trade: Trade, leverage: Decimal, rate: Decimal) -> None:
    expected = twin.liquidation_at_mark(
        trade.side, trade.usd, trade.entry, Fraction(trade.usd) / Fraction(trade.entry) / Fraction(leverage), rate
    )
    result = by_leverage(trade, flat_rate(rate), leverage)
    price = result.liquidation_price
    assert (price and plain(price)) == twin.printed(expected)
    broke = result.bankruptcy_price
    assert (broke and plain(broke)) == twin.printed(twin.bankruptcy_price(trade.side, trade.entry, leverage))


@st.composite
def living(draw: st.DrawFn) -> tuple[Decimal, Decimal]:
    """A leverage, and a maintenance rate below the margin that it takes: at the entry the position lives."""
    leverage = draw(decimals("1.01", "125", 2))
    return leverage, draw(decimals("0", str(Decimal(1) / leverage * Decimal("0.9999")), 4))


@given(trades, living())
def test_isolated_with_maintenance_on_the_entry_value(trade: Trade, drawn: tuple[Decimal, Decimal]) -> None:
    leverage, rate = drawn
    margin = Fraction(trade.usd) / Fraction(trade.entry) / Fraction(leverage)
    expected = twin.liquidation_at_entry(trade.side, trade.usd, trade.entry, margin, rate)
    price = by_leverage(trade, flat_rate(rate, basis="entry"), leverage).liquidation_price
    assert (price and plain(price)) == twin.printed(expected)


@given(trades, decimals("0.01", "3", 3), rates, decimals("0", "0.002", 5))
def test_cross_with_a_deduction_and_a_closing_fee(trade: Trade, share: Decimal, rate: Decimal, fee: Decimal) -> None:
    balance = (trade.usd / trade.entry * share).quantize(Decimal("0.00000001"))
    deduction = trade.usd / trade.entry * rate / 10
    expected = twin.liquidation_at_mark(trade.side, trade.usd, trade.entry, balance, rate, deduction, fee)
    free = twin.liquidation_at_mark(trade.side, trade.usd, trade.entry, balance, 0, 0, fee)
    if free is not None and Fraction(trade.usd) / free * Fraction(rate) < deduction:
        expected = free  # so far up that the deduction covers all of a short's maintenance margin
    holding = Holding(trade.position, flat_rate(rate, deduction), ClosingFee(fee))
    price = position_liquidation(holding, Margin("cross", balance, balance)).liquidation_price
    assert (price and plain(price)) == twin.printed(expected)


@given(st.data(), trades, decimals("0.004", "2", 3), st.none() | moves)
def test_any_rules_agree_with_the_model(
    data: st.DataObject, trade: Trade, share: Decimal, move: Decimal | None
) -> None:
    found = data.draw(rules(trade))
    balance = (trade.usd / trade.entry * share).quantize(Decimal("0.000000000001"))
    mark = None if move is None else trade.entry * move
    reference = trade.entry if mark is None else mark
    holding = Holding(trade.position, schedule_of(found), closing_fee_of(found))
    result = position_liquidation(holding, Margin("cross", balance, balance), mark)

    wallet = twin.Wallet(balance, [trade.leg], found)
    x = 1 / Fraction(reference)
    span = twin.nearest(wallet.survival(), x)
    assert result.beyond == (span is None or not (span[0] < x and (span[1] is None or x < span[1])))
    assert result.margin_ratio is not None
    assert plain(result.margin_ratio) == twin.printed(wallet.margin_ratio(x))
    if span is None:
        assert ends(result) == (None, plain(reference), None)
        assert result.distance == 0
        assert result.reason == "the maintenance margin exceeds the equity at every price"
        return
    below = None if span[1] is None else 1 / span[1]
    above = None if span[0] == 0 else 1 / span[0]
    price = twin.nearer((below, above), reference)
    assert ends(result) == (twin.printed(below), twin.printed(price), twin.printed(above))
    broke = wallet.bankruptcy_x
    assert (result.bankruptcy_price and plain(result.bankruptcy_price)) == (broke and twin.printed(1 / broke))
    if price is None:
        assert result.distance is None
        assert result.maintenance_margin is None
        assert result.reason == "never: the collateral covers the position's coin value at any price"
        return
    distance = result.distance
    assert distance is not None
    assert plain(distance) == ("0" if result.beyond else twin.printed(price / Fraction(reference) - 1))
    at_border = abs(wallet.slack(1 / price)) > Fraction(1, 10**50)
    if at_border:
        assert result.reason == (
            "at the border of a tier, whose rate on the whole position exceeds the equity"
            if not result.beyond
            else f"the {'entry' if mark is None else 'mark'} price is already beyond the liquidation price"
        )
    else:
        assert result.maintenance_margin is not None
        assert plain(result.maintenance_margin) == twin.printed(wallet.maintenance(1 / price))


@given(st.data(), trades, decimals("0.004", "2", 3))
def test_the_margin_shown_is_value_times_rate_less_deduction(data: st.DataObject, trade: Trade, share: Decimal) -> None:
    found = data.draw(rules(trade))
    balance = trade.usd / trade.entry * share
    result = position_liquidation(Holding(trade.position, schedule_of(found)), Margin("cross", balance, balance))
    if result.maintenance_margin is not None:
        assert result.liquidation_price is not None
        value = trade.usd / (trade.entry if found.basis == "entry" else result.liquidation_price)
        assert plain(result.maintenance_margin) == plain(value * result.maintenance_rate - result.deduction)


# What must hold for any of them


@given(st.data(), trades, decimals("0.01", "0.9", 3))
def test_at_the_liquidation_price_equity_is_what_is_asked_for(
    data: st.DataObject, trade: Trade, share: Decimal
) -> None:
    found = data.draw(rules(trade, kinds=("flat", "marginal", "growing")))
    balance = trade.usd / trade.entry * share
    holding = Holding(trade.position, schedule_of(found), closing_fee_of(found))
    wallet = wallet_of(balance, [holding])
    price = liquidation(wallet, 0, holding, None, by_mark=False).liquidation_price
    if price is not None:
        x = 1 / price
        left = equity(wallet, x) - maintenance(wallet, x) - closing_fees(wallet, x)
        assert wallet_is_dead(wallet, trade.entry) or abs(left) < Decimal("1E-60") * (1 + trade.usd / trade.entry)


def wallet_is_dead(wallet: Wallet, price: Decimal) -> bool:
    x = 1 / price
    return equity(wallet, x) <= maintenance(wallet, x) + closing_fees(wallet, x)


@given(trades, leverages, rates, decimals("0.0001", "0.5", 4))
def test_more_margin_moves_the_price_away(trade: Trade, leverage: Decimal, rate: Decimal, share: Decimal) -> None:
    extra = trade.usd / trade.entry * share
    near = by_leverage(trade, flat_rate(rate), leverage).liquidation_price
    far = by_leverage(trade, flat_rate(rate), leverage, extra).liquidation_price
    if trade.side == LONG:
        assert near is not None
        assert far is not None
        assert far < near
    else:
        assert far is None or (near is not None and far > near)


@given(trades, living(), st.integers(1, 99), st.sampled_from(("entry", "mark")))
def test_more_leverage_brings_the_price_nearer(
    trade: Trade, drawn: tuple[Decimal, Decimal], percent: int, basis: str
) -> None:
    high, rate = drawn
    low = 1 + (high - 1) * percent / 100
    far = by_leverage(trade, flat_rate(rate, basis=basis), low).distance
    near = by_leverage(trade, flat_rate(rate, basis=basis), high).distance
    assert near is not None
    assert far is None or abs(near) < abs(far)


@given(trades, leverages, rates, st.integers(2, 50))
def test_the_price_does_not_depend_on_size_where_the_rate_does_not(
    trade: Trade, leverage: Decimal, rate: Decimal, times: int
) -> None:
    one_price = by_leverage(trade, flat_rate(rate), leverage).liquidation_price
    many = by_leverage(trade._replace(contracts=trade.contracts * times), flat_rate(rate), leverage).liquidation_price
    assert (one_price and plain(one_price)) == (many and plain(many))


@given(trades, living())
def test_a_long_is_liquidated_below_and_a_short_above_its_entry(trade: Trade, drawn: tuple[Decimal, Decimal]) -> None:
    leverage, rate = drawn
    result = by_leverage(trade, flat_rate(rate), leverage)
    if trade.side == LONG:
        assert result.liquidation_price is not None
        assert result.liquidation_price < trade.entry
        assert result.liquidation_above is None
    else:
        assert result.liquidation_price is None or result.liquidation_price > trade.entry
        assert result.liquidation_below is None


# Never


def test_a_short_at_1x_is_never_liquidated_where_maintenance_is_at_the_mark() -> None:
    result = by_leverage(Trade(SHORT, Decimal(10_000), ONE, Decimal(50_000)), AT_MARK, ONE)
    assert ends(result) == (None, None, None)
    assert result.bankruptcy_price is None
    assert result.distance is None
    assert result.maintenance_margin is None
    assert result.reason == "never: the collateral covers the position's coin value at any price"
    assert not result.beyond


def test_a_short_at_1x_is_liquidated_at_entry_over_rate_where_maintenance_is_on_the_entry_value() -> None:
    # E/mmr: 50,000/0.5% (venues-bybit, "1x short": 200 x EP at 0.5%).
    result = by_leverage(Trade(SHORT, Decimal(10_000), ONE, Decimal(50_000)), AT_ENTRY, ONE)
    assert ends(result) == (None, "10000000", "10000000")
    assert result.bankruptcy_price is None


def test_a_short_below_1x_is_never_liquidated_even_by_its_entry_value_once_the_margin_covers_both() -> None:
    assert one(SHORT, 10_000, 50_000, "0.201", AT_ENTRY).liquidation_price is None
    assert one(SHORT, 10_000, 50_000, "0.2009", AT_ENTRY).liquidation_price is not None


def test_a_root_above_the_largest_price_is_none() -> None:
    capped = PLAIN._replace(max_price=Decimal(999_999))
    result = one(SHORT, 10_000, 50_000, "0.2", AT_ENTRY, instrument=capped)
    assert ends(result) == (None, None, None)
    assert result.reason == "never: the price would have to rise above the venue's largest, 999999"
    within = capped._replace(max_price=Decimal(10_000_000))
    assert ends(one(SHORT, 10_000, 50_000, "0.2", AT_ENTRY, instrument=within)) == (None, "10000000", "10000000")


def test_a_root_below_one_tick_is_none() -> None:
    # 100 USD long on 250 BTC: 100*1.005/250.002 = 0.40..., below a tick of 0.5.
    ticked = PLAIN._replace(tick=Decimal("0.5"))
    result = one(LONG, 100, 50_000, "250", instrument=ticked)
    assert ends(result) == (None, None, None)
    assert result.bankruptcy_price is None
    assert result.reason == "never: the price would have to fall below one tick (0.5)"
    assert one(LONG, 100, 50_000, "250").liquidation_price is not None


# Both ends, beyond, under water


def test_a_short_has_both_ends_where_the_rate_grows_with_its_size() -> None:
    # 20 - 100 + w = 0.01*w + 0.00005*w^2 at a value of w BTC: w = 81.1405957... and 19718.8594..., that is
    # 1,000,000/w = 12324.28... USD above and 50.71287... USD below the entry of 10,000.
    result = one(SHORT, 1_000_000, 10_000, "20", GROWING)
    assert result.liquidation_above is not None
    assert result.liquidation_below is not None
    assert round(result.liquidation_above, 2) == Decimal("12324.29")
    assert round(result.liquidation_below, 2) == Decimal("50.71")
    assert result.liquidation_price == result.liquidation_above
    assert result.tier is None
    assert round(result.maintenance_rate, 8) == Decimal("0.01") + round(
        Decimal("81.1405957718") * Decimal("0.00005"), 8
    )


def test_the_end_nearer_to_the_mark_is_the_liquidation_price() -> None:
    near_the_floor = one(SHORT, 1_000_000, 10_000, "20", GROWING, mark=60)
    assert near_the_floor.liquidation_price == near_the_floor.liquidation_below
    assert near_the_floor.distance is not None
    assert near_the_floor.distance < 0


def test_a_short_whose_coins_cover_it_still_has_the_lower_end_of_a_growing_rate() -> None:
    result = one(SHORT, 1_000_000, 10_000, "100", GROWING)
    assert result.liquidation_above is None
    assert result.bankruptcy_price is None
    # 0.99*w = 0.00005*w^2 gives w = 19,800 BTC.
    assert result.liquidation_price == result.liquidation_below
    assert plain(result.liquidation_below or ZERO) == twin.printed(Fraction(1_000_000, 19_800))


def test_the_ends_below_a_tick_of_a_growing_rate_are_none() -> None:
    # 1,000 USD are 19,800 BTC at 0.0505 USD.
    ticked = PLAIN._replace(tick=Decimal("0.5"))
    assert ends(one(SHORT, 1_000, 10_000, "0.1", GROWING, instrument=ticked)) == (None, None, None)


@pytest.mark.parametrize(("mark", "word"), [(None, "entry"), (4_900, "mark")])
def test_a_position_beyond_its_price_prints_it_all_the_same(mark: int | None, word: str) -> None:
    # 10,000 USD, 1 BTC at the entry, on 0.004 BTC of margin: less than the 0.005 that are asked for there. With 1 BTC the
    # price is 10,050/2 = 5,025, above a mark of 4,900.
    margin = "0.004" if mark is None else "1"
    result = one(LONG, 10_000, 10_000, margin, mark=mark)
    expected = twin.liquidation_at_mark(1, 10_000, 10_000, Decimal(margin), HALF_PERCENT)
    assert result.liquidation_price is not None
    assert plain(result.liquidation_price) == twin.printed(expected)
    assert result.beyond
    assert result.reason == f"the {word} price is already beyond the liquidation price"
    assert (str(result.distance), result.margin_ratio) == ("0", 1)


@pytest.mark.parametrize(("mark", "expected"), [(9_900, "10000"), (8_950, "8888.888888888888888889")])
def test_between_two_ranges_the_end_of_the_nearer_one_is_printed(mark: int, expected: str) -> None:
    # Short 100,000 USD from 10,000 with 1 BTC, equity w - 9: 1% is paid below w = 10, 20% only from w = 11.25 on.
    schedule = Schedule((Tier(Decimal(10), Decimal("0.01")), Tier(None, Decimal("0.2"))), marginal=False)
    result = one(SHORT, 100_000, 10_000, "1", schedule, mark=mark)
    assert result.beyond
    assert result.liquidation_price is not None
    assert plain(result.liquidation_price) == expected


@given(trades, st.sampled_from(("mark", "entry")), st.sampled_from((("0.05", 20), ("0.1", 10), ("0.01", 100))))
def test_a_position_opened_with_just_the_maintenance_margin_is_at_its_end(
    trade: Trade, basis: str, pair: tuple[str, int]
) -> None:
    # 5% against 20x: equity and maintenance margin are equal at the entry, whatever digits 1/entry was cut to.
    rate, leverage = pair
    result = by_leverage(trade, flat_rate(Decimal(rate), basis=basis), Decimal(leverage))
    assert result.liquidation_price is not None
    assert plain(result.liquidation_price) == plain(trade.entry)
    assert result.beyond


def test_a_position_that_no_price_saves_prints_its_entry() -> None:
    result = one(SHORT, 10_000, 10_000, "0.004", flat_rate(Decimal(1)))
    assert ends(result) == (None, "10000", None)
    assert result.distance == 0
    assert result.beyond


def test_an_account_under_water_prints_its_mark() -> None:
    holding = Holding(open_at(PLAIN, LONG, Decimal(10_000), Decimal(10_000)), AT_MARK)
    wallet = wallet_of(Decimal("0.1"), [holding])
    result = liquidation(wallet, 0, holding, Decimal(9_000))
    assert result.liquidation_price == 9_000
    assert result.distance == 0
    assert result.beyond
    assert result.reason == "already under water: at the mark the maintenance margin exceeds the equity"
    above_water = liquidation(wallet, 0, holding, Decimal(10_000))
    assert not above_water.beyond
    assert above_water.reason is None


# Tiers


def test_a_losing_long_climbs_tiers() -> None:
    # 100,000 USD from 20,000 are 5 BTC; with 2 BTC the equity is 7 - w. Bands: 1% up to 6 BTC, 10% above:
    # 7 - w = 0.06 + 0.1*(w - 6) at w = 7.54/1.1, beyond the first band that holds at the entry.
    schedule = Schedule((Tier(Decimal(6), Decimal("0.01")), Tier(None, Decimal("0.1"), Decimal("0.54"))))
    result = one(LONG, 100_000, 20_000, "2", schedule)
    assert result.tier == 2
    assert result.deduction == Decimal("0.54")
    assert result.liquidation_price is not None
    assert plain(result.liquidation_price) == twin.printed(Fraction(100_000) * Fraction(11, 10) / Fraction("7.54"))


def test_where_a_whole_position_tier_jumps_past_the_equity_its_border_is_the_price() -> None:
    # The equity 8 - w at a value of w BTC is 3 at w = 5, where the rate goes from 1% to 80%: 4 BTC are asked at once.
    schedule = Schedule((Tier(Decimal(5), Decimal("0.01")), Tier(None, Decimal("0.8"))), marginal=False)
    result = one(LONG, 40_000, 10_000, "4", schedule)
    assert result.liquidation_price == 8_000
    assert result.tier == 2
    assert result.maintenance_rate == Decimal("0.8")
    assert result.maintenance_margin == 4
    assert result.reason == "at the border of a tier, whose rate on the whole position exceeds the equity"


def test_a_whole_position_tier_that_the_equity_survives_does_not_end_it() -> None:
    schedule = Schedule((Tier(Decimal(5), Decimal("0.01")), Tier(None, Decimal("0.1"))), marginal=False)
    result = one(LONG, 40_000, 10_000, "4", schedule)
    # 8 - w = 0.1*w.
    assert ends(result) == ("5500", "5500", None)
    assert result.tier == 2
    assert result.reason is None


def test_tiers_in_contracts_do_not_move_with_the_price() -> None:
    schedule = Schedule(
        (Tier(Decimal(100), Decimal("0.01")), Tier(None, Decimal("0.02"))), unit="contracts", marginal=False
    )
    assert one(LONG, 100, 10_000, "0.005", schedule).tier == 1
    assert one(LONG, 101, 10_000, "0.005", schedule).tier == 2


# Margin


def test_isolated_margin_is_the_entry_value_over_leverage_rounded_as_the_venue_does() -> None:
    # Bybit docs-legacy position list: value 0.0006947 at 6.95x, margin without fees 0.00009996.
    position = open_at(BYBIT, LONG, Decimal(5), Decimal("7197.35137469"))
    assert position.stored_value == Decimal("0.0006947")
    margin = isolated_margin(position, Decimal("6.95"))
    assert margin.coin == Decimal("0.00009996")
    assert margin.mode == "isolated"
    assert margin.leverage == Decimal("6.95")


@given(trades, leverages, decimals("0", "2", 6))
def test_extra_margin_is_added(trade: Trade, leverage: Decimal, extra: Decimal) -> None:
    margin = isolated_margin(trade.position, leverage, extra)
    assert margin.coin == margin.usable
    expected = Fraction(trade.usd) / Fraction(trade.entry) / Fraction(leverage) + Fraction(extra)
    assert plain(margin.coin) == twin.printed(expected)
    known = given_margin(trade.position, margin.coin, extra)
    assert known.coin == margin.coin + extra
    assert known.leverage is None


@given(trades, decimals("0", "2", 6))
def test_where_the_closing_fee_is_reserved_beside_the_margin_extra_margin_counts_less_it(
    trade: Trade, extra: Decimal
) -> None:
    # Bybit: X/(1 + s*f), so that it counts less for a long and more for a short.
    position = open_at(BYBIT, trade.side, trade.contracts, trade.entry)
    factor = 1 + Fraction(trade.side) * Fraction("0.00075")
    assert plain(usable_extra(position, extra)) == twin.printed(Fraction(extra) / factor)
    assert given_margin(position, ONE, extra).coin == 1 + extra


# Prices as a venue prints them


@pytest.mark.parametrize(
    ("side", "leverage", "expected"),
    # Bybit help, "How to calculate Liquidation Price (Inverse Contract)": 8,000 at 50x and 0.5%.
    [(LONG, "50", "7882"), (SHORT, "50", "8121.5")],
)
def test_a_price_on_the_tick_is_rounded_against_the_trader(side: Decimal, leverage: str, expected: str) -> None:
    # Values far above the eighth decimal, so that only the price is rounded.
    position = open_at(BYBIT, side, Decimal(8_000_000), Decimal(8_000))
    result = position_liquidation(Holding(position, AT_ENTRY), isolated_margin(position, Decimal(leverage)))
    assert result.liquidation_price == Decimal(expected)


def test_the_closing_fee_of_a_cross_position_is_taken_at_the_bankruptcy_price() -> None:
    # Bybit help 360039261334: long 10,000 from 8,000, balance 0.5, 0.5%, taker 0.075%: bankruptcy 5718.57 (to the tick
    # 5719), liquidation 5739.50.
    position = open_at(BYBIT, LONG, Decimal(10_000), Decimal(8_000))
    fee = ClosingFee(Decimal("0.00075"), at_bankruptcy=True)
    balance = Decimal("0.5")
    result = position_liquidation(Holding(position, AT_ENTRY, fee), Margin("cross", balance, balance))
    assert result.bankruptcy_price == 5_719
    assert result.liquidation_price == Decimal("5739.5")
    assert result.closing_fee_rate == Decimal("0.00075")


def test_a_liquidation_price_may_be_cut_to_decimals() -> None:
    # A Binance position of 2 contracts from 37643.10000021 with 0.00268058 BTC prints 25119.97445760, cut from ...609.
    binance = PLAIN._replace(
        contract_size=Decimal(100), tick=Decimal("0.1"), rounding=Rounding(liquidation_price=grid("down 8"))
    )
    position = open_at(binance, LONG, Decimal(2), Decimal("37643.10000021"))
    result = position_liquidation(
        Holding(position, flat_rate(Decimal("0.004"))), given_margin(position, Decimal("0.00268058"))
    )
    assert result.liquidation_price == Decimal("25119.97445760")


@pytest.mark.parametrize(
    ("value", "per_contract", "end", "expected"),
    [
        # BitMEX snapshots: short 2000 from 10713.5 at 5x is liquidated at 13370.5 and bankrupt at 13455 (2019-07-14),
        # short 500 from 6725 at 25x at 6968.5 and 7004.5 (2018-08-27); the satoshi values follow from the margins printed.
        ("0.14956311", 2_000, "above", "13370.5"),
        ("0.14862971", 2_000, "above", "13455"),
        ("0.07174775", 500, "above", "6968.5"),
        ("0.07137600", 500, "above", "7004.5"),
    ],
)
def test_where_values_are_per_contract_the_value_is_cut_before_the_price(
    value: str, per_contract: int, end: str, expected: str
) -> None:
    bitmex = PLAIN._replace(
        tick=Decimal("0.5"),
        rounding=Rounding(value=grid("half-even 8"), value_of="lot", liquidation_price="against tick"),
    )
    assert rounded_price(bitmex, Decimal(value) / per_contract, end) == Decimal(expected)


@given(st.integers(1_000, 30_000), st.sampled_from(("below", "above")))
def test_a_value_that_is_whole_satoshi_is_not_cut_again(satoshi: int, end: str) -> None:
    bitmex = PLAIN._replace(
        tick=Decimal("0.5"),
        rounding=Rounding(value=grid("half-even 8"), value_of="lot", liquidation_price="against tick"),
    )
    value = Decimal(satoshi) / 10**8
    half_dollars = Fraction(2 * 10**8, satoshi)
    expected = Fraction(ceil(half_dollars) if end == "below" else floor(half_dollars), 2)
    assert Fraction(rounded_price(bitmex, value, end)) == expected


@pytest.mark.parametrize("venue", ["bitmex@2019-03-01", "bitmex@2020-06-01", "bitmex@2022-06-01", "bitmex"])
def test_in_satoshi_arithmetic_thousands_of_positions_end_where_whole_numbers_say(venue: str) -> None:
    # V = lots*v(entry), the margin V/L up to a satoshi and the maintenance margin too; no price passes through 1/(1/x).
    instrument, chance = find(venue).instrument, random.Random(venue)
    schedule, tick, lot = instrument.schedule, instrument.tick, int(instrument.lot)
    assert schedule is not None
    assert tick is not None
    rate, largest, of_one_lot = Fraction(schedule.tiers[0].rate), Fraction(instrument.max_price or 0), 0
    for _ in range(1_500):
        side, lots = chance.choice((1, -1)), chance.choice((1, 1, 2, 3, chance.randint(4, 900)))
        entry = Fraction(tick) * chance.randint(int(3_000 / tick), int(90_000 / tick))
        value = lots * round(Fraction(lot) * 10**8 / entry)
        leverage = chance.randint(1, 100)
        margin, asked = ceil(Fraction(value, leverage)), ceil(value * rate)
        position = open_at(instrument, Decimal(side), Decimal(lots * lot), tick * int(entry / Fraction(tick)))
        result = position_liquidation(Holding(position, schedule), isolated_margin(position, Decimal(leverage)))
        for found, satoshi in (
            (result.bankruptcy_price, Fraction(value + side * margin)),
            (
                result.liquidation_below if side > 0 else result.liquidation_above,
                Fraction(value + side * (margin - asked)),
            ),
        ):
            expected = twin.satoshi_price(side, lots, lot, satoshi, tick)
            assert (found and Fraction(found)) == (expected if expected and expected <= largest else None)
        of_one_lot += lots == 1
    assert of_one_lot > 400


@given(sides, decimals("1", "100000", 5))
def test_rounding_to_the_tick_never_moves_a_price_away_from_the_trader(side: Decimal, price: Decimal) -> None:
    end = "below" if side == LONG else "above"
    shown = rounded_price(BYBIT, 1 / price, end)
    assert ZERO <= (shown - price) * side < Decimal("0.5")
    assert shown % Decimal("0.5") == 0


# Accounts


@given(wallets(), moves)
def test_every_position_of_an_account_shows_its_ends_at_its_own_mark(
    drawn: tuple[Decimal, list[twin.Leg], dict[str, twin.Rules]], move: Decimal
) -> None:
    wallet, holdings = account_of(*drawn)
    model = twin.Wallet(*drawn)
    reference = (drawn[1][0].entry * move).quantize(Decimal("0.001"))
    x = 1 / Fraction(reference)
    span = twin.nearest(model.survival(), x)
    alive = span is not None and span[0] < x and (span[1] is None or x < span[1])
    for index, (leg, holding) in enumerate(zip(drawn[1], holdings, strict=True)):
        mark = reference * Decimal(leg.ratio)
        result = liquidation(wallet, index, holding, mark)
        ratio = Fraction(leg.ratio)
        below = None if span is None or span[1] is None else ratio / span[1]
        above = None if span is None or span[0] == 0 else ratio / span[0]
        price = twin.nearer((below, above), mark) if alive else Fraction(mark)
        assert ends(result) == (twin.printed(below), twin.printed(price), twin.printed(above))
        assert result.beyond is not alive


def account_rows(balance: str, holdings: list[Holding], mark: int) -> list[Liquidation]:
    wallet = wallet_of(Decimal(balance), holdings)
    return [liquidation(wallet, index, holding, Decimal(mark)) for index, holding in enumerate(holdings)]


def merged_pair(schedule: Schedule) -> list[Holding]:
    return [
        Holding(open_at(PLAIN, LONG, Decimal(contracts), Decimal(entry)), schedule)
        for contracts, entry in ((1_000_000, 10_000), (3_000_000, 12_500))
    ]


@pytest.mark.parametrize(
    "schedule",
    [
        GROWING,
        GROWING._replace(basis="entry"),
        AT_ENTRY,
        flat_rate(HALF_PERCENT, Decimal("0.2")),
        Schedule((Tier(Decimal(100), Decimal("0.01")), Tier(None, Decimal("0.05"), Decimal(4)))),
    ],
    ids=["growing", "growing at entry", "flat at entry", "flat with deduction", "marginal"],
)
def test_positions_that_share_a_tier_each_show_value_times_rate_less_deduction(schedule: Schedule) -> None:
    holdings = merged_pair(schedule)
    rows = account_rows("50", holdings, 11_000)
    for holding, row in zip(holdings, rows, strict=True):
        price = row.liquidation_price
        assert price is not None
        assert row.maintenance_margin is not None
        position = holding.position
        value = position.notional / (position.entry_price if schedule.basis == "entry" else price)
        assert plain(row.maintenance_margin) == plain(value * row.maintenance_rate - row.deduction)


@pytest.mark.parametrize("schedule", [GROWING, AT_ENTRY, AT_MARK], ids=["growing", "flat at entry", "flat"])
def test_the_margins_of_positions_that_share_a_tier_add_up_to_the_account_s(schedule: Schedule) -> None:
    holdings = merged_pair(schedule)
    rows = account_rows("50", holdings, 11_000)
    price = rows[0].liquidation_price
    assert price is not None
    shown = sum(row.maintenance_margin or ZERO for row in rows)
    assert plain(shown) == plain(maintenance(wallet_of(Decimal(50), holdings), 1 / price))


def test_a_hedged_account_is_liquidated_by_both_margins() -> None:
    # Binance, hedge form: [Q_L(1 + m) - Q_S(1 - m)]/(B + V_L - V_S), both sides at one price.
    binance = PLAIN._replace(hedge_mode=True)
    holdings = [
        Holding(open_at(binance, LONG, Decimal(30_000), Decimal(10_000)), AT_MARK),
        Holding(open_at(binance, SHORT, Decimal(10_000), Decimal(12_500)), AT_MARK),
    ]
    expected = (30_000 * Fraction("1.005") - 10_000 * Fraction("0.995")) / (1 + 3 - Fraction("0.8"))
    for row in account_rows("1", holdings, 11_000):
        assert row.liquidation_price is not None
        assert plain(row.liquidation_price) == twin.printed(expected)


def test_positions_that_net_to_nothing_are_asked_for_nothing() -> None:
    holdings = [
        Holding(open_at(PLAIN, side, Decimal(10_000), Decimal(entry)), flat_rate(HALF_PERCENT, Decimal("0.001")))
        for side, entry in ((LONG, 10_000), (SHORT, 12_500))
    ]
    for row in account_rows("1", holdings, 11_000):
        assert ends(row) == (None, None, None)
        assert row.bankruptcy_price is None
        assert (row.maintenance_rate, row.deduction, row.maintenance_margin) == (0, 0, None)


def test_several_contracts_of_a_coin_move_by_the_ratio_of_their_marks() -> None:
    # P = sum(Q_i(s_i + m_i)/k_i)/(B + sum(s_i*V_i)); the dated contract, at 1.02 times the perpetual, ends at 1.02*P.
    dated = Holding(open_at(PLAIN, SHORT, Decimal(5_000), Decimal(10_400)), AT_MARK, ratio=Decimal("1.02"))
    holdings = [Holding(open_at(PLAIN, LONG, Decimal(20_000), Decimal(10_000)), AT_MARK), dated]
    above = 20_000 * Fraction("1.005") - 5_000 * Fraction("0.995") / Fraction("1.02")
    expected = above / (Fraction("0.5") + 2 - Fraction(5_000, 10_400))
    wallet = wallet_of(Decimal("0.5"), holdings)
    own, others = (
        liquidation(wallet, index, holding, Decimal(10_000) * holding.ratio) for index, holding in enumerate(holdings)
    )
    assert own.liquidation_price is not None
    assert others.liquidation_price is not None
    assert plain(own.liquidation_price) == twin.printed(expected)
    assert plain(others.liquidation_price) == twin.printed(expected * Fraction("1.02"))
    assert own.distance is not None
    assert others.distance is not None
    assert plain(own.distance) == plain(others.distance)


def test_a_given_margin_is_isolated_and_counts_with_what_is_added() -> None:
    position = open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000))
    expected = Margin("isolated", Decimal("0.2"), Decimal("0.2"))
    assert given_margin(position, Decimal("0.1"), Decimal("0.1")) == expected


def test_in_satoshi_arithmetic_the_margin_that_counts_is_the_one_that_is_shown() -> None:
    # BitMEX: 1 satoshi less than a third of 9999; elsewhere the exact quotient counts.
    one_lot = Rounding(value=grid("half-even 8"), value_of="lot", margin=grid("floor 8"))
    for rounding, counted in ((one_lot, "0.33333333"), (Rounding(margin=grid("floor 8")), "0.333333333333333333")):
        position = open_at(PLAIN._replace(rounding=rounding), LONG, Decimal(8_000), Decimal(8_000))
        margin = isolated_margin(position, Decimal(3))
        assert (plain(margin.coin), plain(margin.usable)) == ("0.33333333", counted)


def test_without_a_reserve_beside_the_margin_all_of_the_extra_margin_counts() -> None:
    position = open_at(PLAIN._replace(taker_fee=Decimal("0.001")), LONG, Decimal(8_000), Decimal(8_000))
    assert usable_extra(position, ONE) == 1


ON_THOUSANDTHS = PLAIN._replace(rounding=Rounding(closing_fee=grid("ceiling 3")))
FEE = Decimal("0.00075")


def test_the_fee_at_the_bankruptcy_price_is_reserved_as_its_venue_rounds_it() -> None:
    # Long 10,000 from 8,000 on half a coin: bankrupt where 1.75 = w(1 + f); a fee of 0.00131... is 0.002 on the grid, so that
    # 1.75 - w = 0.00625 + 0.002.
    position = open_at(ON_THOUSANDTHS, LONG, Decimal(10_000), Decimal(8_000))
    holding = Holding(position, AT_ENTRY, ClosingFee(FEE, at_bankruptcy=True))
    result = position_liquidation(holding, Margin("cross", Decimal("0.5"), Decimal("0.5")))
    assert plain(result.liquidation_price or ZERO) == twin.printed(10_000 / Fraction("1.74175"))


def test_the_fees_of_several_contracts_are_reserved_exactly() -> None:
    fee = ClosingFee(FEE, at_bankruptcy=True)
    holdings = [
        Holding(open_at(ON_THOUSANDTHS._replace(name=name), LONG, Decimal(5_000), Decimal(8_000)), AT_ENTRY, fee)
        for name in ("PERP", "DATED")
    ]
    expected = 10_000 / (Fraction("1.74375") - Fraction("1.75") * Fraction(FEE) / (1 + Fraction(FEE)))
    for row in account_rows("0.5", holdings, 8_000):
        assert plain(row.liquidation_price or ZERO) == twin.printed(expected)


def test_without_a_grid_for_the_fee_it_is_exact_though_the_bankruptcy_price_is_on_a_tick() -> None:
    ticked = PLAIN._replace(tick=Decimal(100), rounding=Rounding(liquidation_price="against tick"))
    holding = Holding(
        open_at(ticked, LONG, Decimal(10_000), Decimal(8_000)), AT_ENTRY, ClosingFee(FEE, at_bankruptcy=True)
    )
    (span,) = safe_range(wallet_of(Decimal("0.5"), [holding]), holding).spans
    assert plain(span.end or ZERO) == twin.printed(
        (Fraction("1.74375") - Fraction("1.75") * Fraction(FEE) / (1 + Fraction(FEE))) / 10_000
    )


def test_a_fee_charged_at_liquidation_is_not_reserved_at_bankruptcy_too() -> None:
    # 1.75 - w = 0.00625 + f*w
    position = open_at(ON_THOUSANDTHS, LONG, Decimal(10_000), Decimal(8_000))
    result = position_liquidation(
        Holding(position, AT_ENTRY, ClosingFee(FEE)), Margin("cross", Decimal("0.5"), Decimal("0.5"))
    )
    assert plain(result.liquidation_price or ZERO) == twin.printed(10_000 * (1 + Fraction(FEE)) / Fraction("1.74375"))


def test_a_bankruptcy_price_beyond_the_largest_leaves_the_fee_as_it_is() -> None:
    # A short of one coin on 0.995 coins is bankrupt at some 1,740,000 USD; w = 0.005 + 0.005/(1 - f)*f of it stays.
    capped = ON_THOUSANDTHS._replace(max_price=Decimal(1_000_000))
    position = open_at(capped, SHORT, Decimal(8_000), Decimal(8_000))
    margin = Margin("cross", Decimal("0.995"), Decimal("0.995"))
    result = position_liquidation(Holding(position, AT_ENTRY, ClosingFee(FEE, at_bankruptcy=True)), margin)
    reserved = Fraction("0.005") / (1 - Fraction(FEE)) * Fraction(FEE)
    assert result.bankruptcy_price is None
    assert plain(result.liquidation_price or ZERO) == twin.printed(8_000 / (Fraction("0.01") + reserved))


def test_a_covered_short_is_safe_at_any_price_whatever_its_venue_s_tick_and_largest_price() -> None:
    listed = PLAIN._replace(tick=Decimal("0.5"), max_price=Decimal(1_000_000))
    result = one(SHORT, 10_000, 10_000, "1", instrument=listed)
    assert result.reason == "never: the collateral covers the position's coin value at any price"


def test_the_border_of_a_tier_is_found_at_the_contract_s_own_price() -> None:
    # As above, 8 - w against 80% from w = 5 on, for a contract at 1.25 times the wallet's first: it ends at its own 8,000.
    schedule = Schedule((Tier(Decimal(5), Decimal("0.01")), Tier(None, Decimal("0.8"))), marginal=False)
    dated = Holding(open_at(PLAIN, LONG, Decimal(40_000), Decimal(10_000)), schedule, ratio=Decimal("1.25"))
    (row,) = account_rows("4", [dated], 10_000)
    assert row.liquidation_price == 8_000
    assert row.reason == "at the border of a tier, whose rate on the whole position exceeds the equity"


def test_a_position_that_no_price_saves_says_so() -> None:
    result = one(SHORT, 10_000, 10_000, "0.004", flat_rate(Decimal(1)))
    assert result.reason == "the maintenance margin exceeds the equity at every price"


def test_the_nearer_end_is_the_one_nearer_by_ratio_and_of_two_as_near_the_lower_one() -> None:
    # As above 12324.28... and 50.71..., here on multiples of 85, with 85 * 12,240 = 1,020^2. In dollars 1,020 is nearer to 85 too,
    # but so are 1,020.01 and 6,000, which have less far to rise than to fall.
    of_85 = PLAIN._replace(tick=Decimal(85), rounding=Rounding(liquidation_price="against tick"))
    position = open_at(of_85, SHORT, Decimal(1_000_000), Decimal(10_000))
    holding, margin = Holding(position, GROWING), given_margin(position, Decimal(20))
    for mark, expected in (("1020", 85), ("1020.01", 12_240), ("6000", 12_240)):
        result = position_liquidation(holding, margin, Decimal(mark))
        assert (result.liquidation_below, result.liquidation_above) == (85, 12_240)
        assert result.liquidation_price == expected


def test_a_position_on_the_limit_of_a_tier_that_is_never_liquidated_is_still_in_it() -> None:
    schedule = Schedule((Tier(Decimal(5), Decimal("0.01")), Tier(None, Decimal("0.02"))), marginal=False)
    assert one(SHORT, 40_000, 8_000, "5", schedule).tier == 1
    assert one(SHORT, 40_008, 8_000, "5.001", schedule).tier == 2


def test_the_margin_of_a_dated_contract_is_that_at_its_own_price() -> None:
    # 40,000 USD at 8,000 are 5 coins, of which 80% are asked for from there on.
    schedule = Schedule((Tier(Decimal(5), Decimal("0.01")), Tier(None, Decimal("0.8"))), marginal=False)
    dated = Holding(open_at(PLAIN, LONG, Decimal(40_000), Decimal(10_000)), schedule, ratio=Decimal("1.25"))
    (row,) = account_rows("4", [dated], 10_000)
    assert (row.maintenance_margin, row.maintenance_rate) == (4, Decimal("0.8"))


def test_maintenance_at_the_mark_is_printed_as_its_venue_rounds_it() -> None:
    # One coin from 8,000 on a tenth: 1.1/1.005 coins are liquidated, and 0.5% of them asked for: 0.00547263...
    cut = PLAIN._replace(rounding=Rounding(maintenance=grid("floor 6")))
    assert one(LONG, 8_000, 8_000, "0.1", instrument=cut).maintenance_margin == Decimal("0.005472")


def test_a_price_of_just_one_tick_or_just_the_largest_is_still_a_price() -> None:
    # 8 - w = 0.1*w at 5,500 USD; a short of one coin on half a coin ends at 0.995*8,000/0.5.
    schedule = flat_rate(Decimal("0.1"))
    assert (
        one(LONG, 40_000, 10_000, "4", schedule, instrument=PLAIN._replace(tick=Decimal(5_500))).liquidation_price
        == 5_500
    )
    largest = PLAIN._replace(max_price=Decimal(15_920))
    assert one(SHORT, 8_000, 8_000, "0.5", instrument=largest).liquidation_price == 15_920


@pytest.mark.parametrize(("end", "expected"), [("below", "13371"), ("above", "13370.5")])
def test_where_values_are_per_lot_that_of_a_whole_lot_is_cut(end: str, expected: str) -> None:
    # 100/13370.7 = 0.0074790399...: 0.00747903 are 13370.717... and 0.00747904 are 13370.6998... USD.
    hundreds = PLAIN._replace(
        lot=Decimal(100),
        tick=Decimal("0.5"),
        rounding=Rounding(value=grid("half-even 8"), value_of="lot", liquidation_price="against tick"),
    )
    assert rounded_price(hundreds, 1 / Decimal("13370.7"), end) == Decimal(expected)


def test_a_price_at_which_a_lot_is_worth_nothing_is_not_cut() -> None:
    rounding = Rounding(value=grid("half-even 8"), value_of="lot", liquidation_price="against tick")
    endless = Decimal(300_000_000)
    assert rounded_price(PLAIN._replace(tick=Decimal("0.5"), rounding=rounding), 1 / endless, "below") == endless


def test_without_a_tick_there_is_none_to_round_against() -> None:
    untick = PLAIN._replace(rounding=Rounding(liquidation_price="against tick"))
    assert rounded_price(untick, 1 / Decimal("5739.0835"), "below") == Decimal("5739.0835")


@pytest.mark.parametrize(
    ("side", "alive", "end"),
    # One coin from 8,000 on a tenth of a coin, 0.5%: a long ends at 8,040/1.1 = 7309.09..., a short at 7,960/0.9 = 8844.44...
    [(LONG, "7309.6", "7309.5"), (SHORT, "8843.9", "8844")],
)
def test_a_mark_at_the_price_that_is_printed_is_beyond_it(side: Decimal, alive: str, end: str) -> None:
    holding = Holding(open_at(BYBIT, side, Decimal(8_000), Decimal(8_000)), AT_MARK)
    margin = Margin("cross", Decimal("0.1"), Decimal("0.1"))
    for mark, beyond in ((alive, False), (end, True)):
        result = position_liquidation(holding, margin, Decimal(mark))
        assert (result.liquidation_price, result.beyond) == (Decimal(end), beyond)


def test_a_price_that_cannot_be_written_is_never_reached() -> None:
    # One USD on 2E18 coins would end at half of 1E-18.
    assert one(LONG, 1, 8_000, "2000000000000000000").reason == (
        "never: the price would have to fall below 0.000000000000000001"
    )


def test_a_price_too_small_to_be_written_is_not_lifted_to_a_tick() -> None:
    ticked = PLAIN._replace(tick=Decimal("0.5"), rounding=Rounding(liquidation_price="against tick"))
    assert one(LONG, 1, 8_000, "2000000000000000000", instrument=ticked).liquidation_price is None
    assert one(LONG, 1, 8_000, "2000000000000000", instrument=ticked).liquidation_price == Decimal("0.5")


def test_a_short_that_is_covered_but_for_a_trillionth_ends_far_above() -> None:
    # 8,000*0.995/(1 - 0.999999999999)
    result = one(SHORT, 8_000, 8_000, "0.999999999999")
    assert result.liquidation_price == Decimal(7_960_000_000_000_000)


def test_a_deduction_in_dollars_is_shown_in_coin_at_the_liquidation_price() -> None:
    # Kraken's bands are in contracts of a dollar: 1% of 500,000, 2% beyond, 5,000 less than 2% of all of 1,000,000.
    # From 50,000, 20 coins on 5: P = (1,020,000 - 5,000)/25.
    bands = Schedule(
        (Tier(Decimal(500_000), Decimal("0.01")), Tier(None, Decimal("0.02"), Decimal(5_000))), unit="contracts"
    )
    result = one(LONG, 1_000_000, 50_000, "5", bands)
    assert result.liquidation_price == 40_600
    assert plain(result.deduction) == twin.printed(Fraction(5_000, 40_600))
    assert plain(result.maintenance_margin or ZERO) == twin.printed(Fraction(15_000, 40_600))


def test_contracts_that_cancel_are_bankrupt_below_where_their_fees_eat_the_balance() -> None:
    # 0.0011 coins and fees of 7.5 USD on each of two contracts: 15/0.0011 = 13636.36..., a lower end, so up to the tick.
    ticked = PLAIN._replace(tick=Decimal("0.5"), rounding=Rounding(liquidation_price="against tick"))
    holdings = [
        Holding(
            open_at(ticked._replace(name=name), side, Decimal(10_000), Decimal(8_000)),
            flat_rate(ZERO),
            ClosingFee(FEE, at_bankruptcy=True),
        )
        for name, side in (("PERP", LONG), ("DATED", SHORT))
    ]
    for row in account_rows("0.0011", holdings, 20_000):
        assert row.bankruptcy_price == Decimal("13636.5")


# Beyond, ratios, and what can be written


def test_the_nearer_end_of_a_deribit_short_is_not_the_one_in_dollars() -> None:
    # Deribit, rules of 2023: 200,000 contracts of 10 USD short from 60,000 on 25 BTC lives from some 100 to some 236,000 USD; from
    # 60,000 the lower end is 600 times away, the upper one 4 times, though in dollars it is the farther.
    deribit = find("deribit@2023-01-01").instrument
    assert deribit.schedule is not None
    position = open_at(deribit, SHORT, Decimal(200_000), Decimal(60_000))
    margin = Margin("cross", Decimal(25), Decimal(25))
    result = position_liquidation(Holding(position, deribit.schedule), margin)
    assert result.liquidation_below is not None
    assert result.liquidation_above is not None
    assert result.liquidation_above - 60_000 > 60_000 - result.liquidation_below
    assert result.liquidation_price == result.liquidation_above
    assert result.distance is not None
    assert result.distance > 2


@pytest.mark.parametrize(
    ("balance", "ratio"), [("0.005", "1"), ("0.01", "0.5"), ("0.5", "0.01"), ("0.004", "1"), ("0", "1")]
)
def test_the_margin_ratio_is_what_is_asked_for_over_the_equity(balance: str, ratio: str) -> None:
    # One coin long at its entry, of which 0.005 are asked for.
    result = one(LONG, 8_000, 8_000, balance)
    assert result.margin_ratio is not None
    assert plain(result.margin_ratio) == ratio


def test_a_position_that_is_never_liquidated_has_a_ratio_all_the_same() -> None:
    result = one(SHORT, 10_000, 50_000, "0.2")
    assert (result.liquidation_price, result.distance) == (None, None)
    assert result.margin_ratio is not None
    assert plain(result.margin_ratio) == "0.005"


def test_a_mark_between_two_ticks_of_the_price_is_dead_at_the_tick() -> None:
    # Long 8,040/1.1 = 7309.09..., printed 7309.5: at 7309.5 the exact ratio is still below 1, but that is where it is taken over.
    holding = Holding(open_at(BYBIT, LONG, Decimal(8_000), Decimal(8_000)), AT_MARK)
    margin = Margin("cross", Decimal("0.1"), Decimal("0.1"))
    at_the_tick = position_liquidation(holding, margin, Decimal("7309.5"))
    assert (at_the_tick.margin_ratio, at_the_tick.beyond, str(at_the_tick.distance)) == (1, True, "0")
    near = position_liquidation(holding, margin, Decimal("7309.6"))
    assert near.margin_ratio is not None
    assert Decimal("0.98") < near.margin_ratio < 1


def test_at_the_border_of_a_tier_that_ends_it_the_ratio_is_1() -> None:
    # 3 coins of equity at 8,000, of which 0.05 are asked for up to there and 4 beyond.
    schedule = Schedule((Tier(Decimal(5), Decimal("0.01")), Tier(None, Decimal("0.8"))), marginal=False)
    for mark, ratio in ((8_001, None), (8_000, 1), (7_999, 1)):
        found = one(LONG, 40_000, 10_000, "4", schedule, mark=mark).margin_ratio
        assert found is not None
        assert found == ratio if ratio else found < Decimal("0.02")


def test_without_positions_there_is_a_ratio_as_long_as_there_are_coins() -> None:
    empty = safe_range(wallet_of(ONE, []), Holding(open_at(PLAIN, LONG, ONE, ONE), AT_MARK))
    assert margin_ratio(wallet_of(ONE, []), ONE, empty) == 0
    broke = safe_range(wallet_of(ZERO, []), Holding(open_at(PLAIN, LONG, ONE, ONE), AT_MARK))
    assert margin_ratio(wallet_of(ZERO, []), ONE, broke) is None


@pytest.mark.parametrize(
    ("side", "balance", "price", "expected"),
    [
        (LONG, "1", 4_021, False),
        (LONG, "1", 4_020, True),
        (LONG, "1", 100, True),
        (SHORT, "0.5", 15_919, False),
        (SHORT, "0.5", 15_920, True),
        (SHORT, "0.5", 99_999, True),
        (SHORT, "1", 10**12, False),  # never
        (LONG, "0.001", 9_000, True),  # dead at its entry already
    ],
)
def test_an_exit_at_or_beyond_the_price_is_a_liquidation(
    side: Decimal, balance: str, price: int, expected: bool
) -> None:
    # One coin from 8,000 at 0.5%: 8,040/2 = 4,020 and 7,960/0.5 = 15,920.
    assert liquidated_at(one(side, 8_000, 8_000, balance), Decimal(price)) is expected


def test_what_is_not_known_is_neither_liquidated_nor_not() -> None:
    assert liquidated_at(None, ONE) is None


def test_between_both_ends_nothing_is_liquidated() -> None:
    result = one(SHORT, 1_000_000, 10_000, "20", GROWING)  # 50.71... and 12324.28...
    assert [liquidated_at(result, Decimal(price)) for price in (50, 51, 12_324, 12_325)] == [True, False, False, True]


@pytest.mark.parametrize("tick", [None, "0.1"])
def test_a_price_that_the_venue_rounds_to_nothing_is_never_reached(tick: str | None) -> None:
    # One USD long on 1,000,000,000 coins would end at 0.000000001, which 8 decimals cut to 0.
    cut = PLAIN._replace(tick=tick and Decimal(tick), rounding=Rounding(liquidation_price=grid("down 8")))
    result = one(LONG, 1, 8_000, "1000000000", instrument=cut)
    assert (result.liquidation_price, result.bankruptcy_price, result.maintenance_margin) == (None, None, None)
    least = "one tick (0.1)" if tick else "0.00000001"
    assert result.reason == f"never: the price would have to fall below {least}"
    assert not result.beyond


def test_a_price_of_less_than_a_tick_is_printed_as_one_where_the_venue_rounds_up() -> None:
    # Gate, test data of its websocket in thrasher-corp/gocryptotrader: size 3 at 40000.36666661111 on 49.999890611186, liq_price 0.1;
    # 3 * (1 + 0.5% + 0.05%) / 49.99996... = 0.0603. A position of 2 contracts on some 4 BTC at Bybit has liq_price and bust_price
    # 0.5 (bybit-exchange/docs, inverse position list).
    gate = find("gate").instrument._replace(tick=Decimal("0.1"))
    position = open_at(gate, LONG, Decimal(3), Decimal("40000.36666661111"))
    margin = Margin("cross", Decimal("49.999890611186"), Decimal("49.999890611186"))
    result = position_liquidation(Holding(position, AT_MARK, gate.cross_closing_fee), margin)
    assert result.liquidation_price == Decimal("0.1")
    bybit = find("bybit@2022-01-01").instrument
    position = open_at(bybit, LONG, Decimal(2), Decimal("54884.74204171"))
    assert position.stored_value == Decimal("0.00003644")
    assert bybit.schedule is not None
    on_four = Margin("cross", Decimal(5), Decimal(5))
    result = position_liquidation(Holding(position, bybit.schedule, bybit.cross_closing_fee), on_four)
    assert (result.liquidation_price, result.bankruptcy_price) == (Decimal("0.5"), Decimal("0.5"))


# Deductions


def test_a_deduction_of_more_than_the_margin_at_the_entry_is_refused() -> None:
    position = open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000))
    check_deduction(position, HALF_PERCENT, HALF_PERCENT)
    with pytest.raises(PerpcalcError) as error:
        check_deduction(position, HALF_PERCENT, Decimal("0.006"))
    assert error.value.places == (Key("deduction"),)
    assert error.value.line(flags=True) == (
        "--deduction: 0.006 BTC is more than the maintenance margin at the entry: give at most 0.005"
    )


def test_a_deduction_of_just_the_margin_is_taken_whatever_digits_the_value_was_cut_to() -> None:
    # A third of a coin at 3%.
    check_deduction(open_at(PLAIN, LONG, ONE, Decimal(3)), Decimal("0.03"), Decimal("0.01"))


@pytest.mark.parametrize("basis", ["mark", "entry"])
@pytest.mark.parametrize(("side", "balance", "expected"), [(LONG, "1", 4_000), (SHORT, "0.5", 16_000)])
def test_a_deduction_of_all_the_margin_leaves_the_bankruptcy_price(
    side: Decimal, balance: str, expected: int, basis: str
) -> None:
    result = one(side, 8_000, 8_000, balance, flat_rate(HALF_PERCENT, Decimal(1), basis))
    assert (result.liquidation_price, result.bankruptcy_price) == (expected, expected)
    assert result.maintenance_margin == 0
    assert result.maintenance_rate == HALF_PERCENT
    assert plain(result.deduction) == twin.printed(
        Fraction("0.005") * (8_000 if basis == "mark" else expected) / expected
    )


def test_a_short_is_asked_for_nothing_from_where_its_deduction_is_the_margin() -> None:
    # 1% of 8,000 USD are a deduction of 0.005 coins at 16,000. On 0.4 coins the short is bankrupt at 8,000/0.6 = 13333.3...,
    # before that: 0.99*8,000/(1 - 0.4 - 0.005); on 0.6 it is at 20,000, where nothing is asked for any more.
    schedule = flat_rate(Decimal("0.01"), Decimal("0.005"))
    sooner, later = one(SHORT, 8_000, 8_000, "0.4", schedule), one(SHORT, 8_000, 8_000, "0.6", schedule)
    assert sooner.liquidation_price is not None
    assert plain(sooner.liquidation_price) == twin.printed(Fraction(7_920) / Fraction("0.595"))
    assert plain(sooner.deduction) == "0.005"
    assert (later.liquidation_price, later.bankruptcy_price, later.maintenance_margin) == (20_000, 20_000, 0)
    assert plain(later.deduction) == "0.004"
