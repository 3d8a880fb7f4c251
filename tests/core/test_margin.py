"""Maintenance margin: rates, tiers and what they ask for at a price."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.margin import maintenance_pieces, most_asked, piece_maintenance
from perpcalc.core.rules import NO_CLOSING_FEE, Schedule, Tier, flat_rate, tier_index, with_deductions
from perpcalc.core.wallet import Group, group_maintenance
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.trace import leaf

from . import twin
from .strategies import Trade, decimals, moves, rules, schedule_of, trades


def asked(schedule: Schedule, trade: Trade, price: Decimal, funding: Decimal = ZERO) -> Decimal:
    """The maintenance margin of a trade at a price."""
    pieces = maintenance_pieces(schedule, trade.contracts, trade.usd, trade.usd / trade.entry, funding)
    return group_maintenance(Group(trade.usd, ONE, tuple(pieces), NO_CLOSING_FEE), 1 / price)


def tiers(*rows: tuple[str | None, str]) -> tuple[Tier, ...]:
    return tuple(Tier(None if limit is None else Decimal(limit), Decimal(rate)) for limit, rate in rows)


def test_the_deductions_of_a_marginal_schedule_are_those_that_the_venue_prints() -> None:
    # Binance faq ceccfcfb4e3a45e3b48b0b1bb1a8ae46, BTCUSD in the table of 2020: cum 1.81 from 50 BTC, 11.81 from 200.
    limits = tuple(map(Decimal, (10, 20, 30, 50, 100, 200)))
    rates = tuple(map(Decimal, ("0.004", "0.005", "0.01", "0.025", "0.05", "0.1", "0.125")))
    deductions = [tier.deduction for tier in with_deductions((*limits, None), rates)]
    assert deductions[4] == Decimal("1.81")
    assert deductions[6] == Decimal("11.81")


def test_a_size_on_the_limit_of_a_tier_is_still_in_it() -> None:
    # BitMEX risk limits: steps = ceil((value - base)/step), none up to the base itself.
    table = tiers(("200", "0.005"), ("350", "0.01"), (None, "0.015"))
    assert [tier_index(table, Decimal(size)) for size in ("199", "200", "200.00000001", "350", "9999")] == [
        0,
        0,
        1,
        1,
        2,
    ]


def test_a_size_past_the_last_limit_stays_in_the_last_tier() -> None:
    assert tier_index(tiers(("10", "0.01"), ("20", "0.02")), Decimal(1_000)) == 1


@pytest.mark.parametrize(
    ("value", "rate", "margin"),
    [("25", "0.01125", "0.28125"), ("350", "0.0275", "9.625")],
)
def test_a_rate_that_grows_with_size_applies_to_the_whole_position(value: str, rate: str, margin: str) -> None:
    # Deribit standard margin of 2022-01-11: 1% + 0.005% per BTC; 25 BTC need 0.28125 (help page "Linear Perpetual").
    schedule = Schedule(tiers((None, "0.01")), marginal=False, slope=Decimal("0.00005"))
    price = Decimal(100_000)
    trade = Trade(ONE, Decimal(value) * price, ONE, Decimal(90_000))
    assert asked(schedule, trade, price) == Decimal(margin) == Decimal(value) * Decimal(rate)


@pytest.mark.parametrize(
    ("basis", "price", "expected"),
    # 3,000,000 contracts of 1 USD: 500,000 at 1%, 500,000 at 2% and 2,000,000 at 3% make 75,000 USD (Kraken's levels).
    [("mark", "50000", "1.5"), ("mark", "25000", "3"), ("entry", "50000", "1.25"), ("entry", "25000", "1.25")],
)
def test_bands_in_contracts_are_the_same_dollars_at_any_price(basis: str, price: str, expected: str) -> None:
    limits = (Decimal(500_000), Decimal(1_000_000), None)
    bands = with_deductions(limits, (Decimal("0.01"), Decimal("0.02"), Decimal("0.03")))
    trade = Trade(ONE, Decimal(3_000_000), ONE, Decimal(60_000))
    assert asked(Schedule(bands, basis, "contracts"), trade, Decimal(price)) == Decimal(expected)


def test_an_adverse_funding_rate_adds_to_the_rate_and_a_favourable_one_does_not_lower_it() -> None:
    # BitMEX: maintenance = cost * (mm + max(0, s*F)).
    schedule = Schedule(tiers((None, "0.005")), "entry", marginal=False, adverse_funding=True)
    trade = Trade(ONE, Decimal(10_000), ONE, Decimal(10_000))
    at = Decimal(9_000)
    assert asked(schedule, trade, at, funding=Decimal("0.003")) == Decimal("0.008")
    assert asked(schedule, trade, at, funding=Decimal("-0.003")) == Decimal("0.005")
    assert asked(schedule._replace(adverse_funding=False), trade, at, funding=Decimal("0.003")) == Decimal("0.005")


def test_tiers_are_numbered_only_where_the_schedule_has_them() -> None:
    trade = (Decimal(100), Decimal(100), Decimal(1))
    assert [piece.tier for piece in maintenance_pieces(flat_rate(Decimal("0.01")), *trade)] == [None]
    assert [piece.tier for piece in maintenance_pieces(Schedule(tiers(("1", "0.1"), (None, "0.2"))), *trade)] == [1, 2]
    growing = Schedule(tiers((None, "0.01")), marginal=False, slope=Decimal("0.00005"))
    assert [piece.tier for piece in maintenance_pieces(growing, *trade)] == [None]


def test_at_the_mark_a_position_worth_just_the_limit_of_a_tier_is_still_in_it() -> None:
    schedule = Schedule(tiers(("5", "0.01"), (None, "0.02")), marginal=False)
    trade = Trade(ONE, Decimal(50_000), ONE, Decimal(12_000))
    assert asked(schedule, trade, Decimal(10_000)) == Decimal("0.05")
    assert asked(schedule, trade, Decimal("9999.99")) > Decimal("0.1")


@given(st.data(), trades, moves)
def test_the_margin_at_any_price_is_that_of_the_bands(data: st.DataObject, trade: Trade, move: Decimal) -> None:
    found = data.draw(rules(trade))
    price = trade.entry * move
    reckoned = trade.entry if found.basis == "entry" else price
    expected = twin.maintenance(found, trade.side, trade.contracts, trade.size, reckoned)
    assert plain(asked(schedule_of(found), trade, price)) == twin.printed(expected)


@given(st.data(), trades, moves, decimals("-0.01", "0.01", 5))
def test_adverse_funding_is_added_for_the_side_that_pays(
    data: st.DataObject, trade: Trade, move: Decimal, funding: Decimal
) -> None:
    found = data.draw(rules(trade))._replace(funding=funding)
    price = trade.entry * move
    reckoned = trade.entry if found.basis == "entry" else price
    expected = twin.maintenance(found, trade.side, trade.contracts, trade.size, reckoned)
    schedule = schedule_of(found)._replace(adverse_funding=True)
    assert plain(asked(schedule, trade, price, trade.side * funding)) == twin.printed(expected)


@given(st.data(), trades)
def test_marginal_tiers_join_without_a_jump(data: st.DataObject, trade: Trade) -> None:
    found = data.draw(rules(trade, kinds=("marginal",)))
    pieces = maintenance_pieces(schedule_of(found), trade.contracts, trade.usd, trade.usd / trade.entry)
    for below, above in pairwise(pieces):
        jump = above.constant - below.constant + (above.linear - below.linear) * above.start
        assert plain(jump) == "0"


def test_a_schedule_has_as_many_limits_as_rates() -> None:
    with pytest.raises(ValueError, match="shorter|longer"):
        with_deductions((Decimal(5), None), (Decimal("0.01"),))


def test_a_single_rate_is_taken_at_the_mark_and_has_no_number() -> None:
    assert flat_rate(Decimal("0.005")) == Schedule(tiers((None, "0.005")), "mark", numbered=False)


@given(st.data(), trades, moves, st.booleans())
def test_the_margin_is_never_below_zero_and_meets_it_without_a_jump(
    data: st.DataObject, trade: Trade, move: Decimal, usd: bool
) -> None:
    found = data.draw(rules(trade))
    deduction = (trade.usd / trade.entry * data.draw(decimals("0", "2", 2))).quantize(Decimal("0.00000001"))
    schedule = schedule_of(found)
    tiers_less = tuple(tier._replace(deduction=tier.deduction + deduction) for tier in schedule.tiers)
    schedule = schedule._replace(tiers=tiers_less, unit="usd" if usd else schedule.unit)
    pieces = maintenance_pieces(schedule, trade.contracts, trade.usd, trade.usd / trade.entry)
    group = Group(trade.usd, ONE, tuple(pieces), NO_CLOSING_FEE)
    assert group_maintenance(group, 1 / (trade.entry * move)) >= 0
    assert [piece.start for piece in pieces] == sorted({piece.start for piece in pieces})
    assert pieces[0].start == 0
    for below, above in pairwise(pieces):
        if below.linear == below.quadratic == 0 and below.tier == above.tier:
            assert plain(piece_maintenance(above, above.start)) == "0"


@given(st.data(), trades, moves)
def test_no_tier_asks_for_more_than_the_bound_of_all_tiers(data: st.DataObject, trade: Trade, move: Decimal) -> None:
    schedule = schedule_of(data.draw(rules(trade)))
    most = most_asked(schedule, trade.usd)
    if most is not None:
        pieces = maintenance_pieces(schedule, trade.contracts, trade.usd, trade.usd / trade.entry)
        x = 1 / (trade.entry * move)
        assert group_maintenance(Group(trade.usd, ONE, pieces, NO_CLOSING_FEE), x) <= most * x


def test_a_question_that_is_explained_leaves_no_history_in_the_bound_of_others() -> None:
    rate = Decimal("0.0123")
    explained = most_asked(flat_rate(leaf(rate, "mmr")), Decimal(200))
    assert type(explained) is type(most_asked(flat_rate(rate), Decimal(200))) is Decimal


def test_pieces_are_made_when_they_are_asked_for() -> None:
    tiers = (Tier(ONE, Decimal("0.01")), Tier(None, "not a tier that can be reckoned"))  # type: ignore[arg-type]
    pieces = maintenance_pieces(Schedule(tiers), Decimal(100), Decimal(100), ONE)
    assert next(iter(pieces)).rate == Decimal("0.01")
    with pytest.raises(TypeError):
        _ = pieces[1]


def test_pieces_may_be_gone_through_by_several_at_once_and_counted() -> None:
    pieces = maintenance_pieces(Schedule((Tier(ONE, Decimal("0.01")), Tier(None, Decimal("0.02")))), ONE, ONE, ONE)
    assert [(one.rate, other.rate) for one, other in zip(pieces, pieces, strict=True)] == [
        (Decimal("0.01"), Decimal("0.01")),
        (Decimal("0.02"), Decimal("0.02")),
    ]
    assert len(pieces) == 2
    assert [piece.rate for piece in pieces[1:]] == [pieces[-1].rate] == [Decimal("0.02")]


def test_where_a_deduction_takes_all_of_a_tier_the_next_one_may_ask_again() -> None:
    # 1% up to 2 coins and 5% of all of it beyond, less 0.05: nothing up to 2 coins, 0.05 from there on.
    table = (Tier(Decimal(2), Decimal("0.01"), Decimal("0.05")), Tier(None, Decimal("0.05"), Decimal("0.05")))
    pieces = maintenance_pieces(Schedule(table, marginal=False), Decimal(100), Decimal(100), ONE)
    assert [(piece.start, piece.tier, piece_maintenance(piece, piece.start)) for piece in pieces] == [
        (0, 1, 0),
        (Decimal("0.02"), 2, Decimal("0.05")),
    ]


def test_a_deduction_of_all_up_to_the_limit_of_a_tier_leaves_the_next_one() -> None:
    # 1% of 2 coins are the deduction, at the limit itself.
    table = (Tier(Decimal(2), Decimal("0.01"), Decimal("0.02")), Tier(None, Decimal("0.05"), Decimal("0.02")))
    pieces = maintenance_pieces(Schedule(table, marginal=False), Decimal(100), Decimal(100), ONE)
    assert [(piece.start, piece.tier) for piece in pieces] == [(0, 1), (Decimal("0.02"), 2)]


def test_a_growing_rate_with_a_deduction_starts_at_its_exact_root() -> None:
    # w*(0.01 + 0.01*w) = 0.02 at w = 1, for 100 USD at x = 0.01.
    schedule = Schedule((Tier(None, Decimal("0.01"), Decimal("0.02")),), marginal=False, slope=Decimal("0.01"))
    free, rest = maintenance_pieces(schedule, Decimal(100), Decimal(100), ONE)
    assert (free.start, rest.start) == (0, Decimal("0.01"))
    assert (free.rate, free.slope, free.deduction, free.deduction_usd) == (Decimal("0.01"), 0, 0, 1)
    assert piece_maintenance(rest, Decimal("0.02")) == Decimal("0.04")


def test_a_deduction_in_dollars_above_the_rate_leaves_nothing_at_any_price() -> None:
    table = (Tier(None, Decimal("0.01"), Decimal(2)),)
    (piece,) = maintenance_pieces(Schedule(table, unit="usd"), Decimal(100), Decimal(100), ONE)
    assert piece_maintenance(piece, Decimal(5)) == 0
