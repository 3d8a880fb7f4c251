"""Stress ladders: what has died stays dead, and the default moves show where it happens."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.instrument import PLAIN
from perpcalc.core.position import LONG, SHORT, open_at
from perpcalc.core.rules import NO_CLOSING_FEE, ClosingFee, Schedule, Tier, flat_rate
from perpcalc.core.stress import Fatal, Stake, even_moves, fatal_moves, ladder, life, visible_moves
from perpcalc.core.wallet import Holding, Wallet, wallet_of
from perpcalc.decimals import plain

MARK = Decimal(10_000)
ONE_PERCENT = flat_rate(Decimal("0.01"))


def stake(
    side: Decimal,
    usd: int,
    coins: str,
    entry: int = 10_000,
    schedule: Schedule = ONE_PERCENT,
    fee: ClosingFee = NO_CLOSING_FEE,
    reserve: str = "0",
) -> Stake:
    holding = Holding(open_at(PLAIN, side, Decimal(usd), Decimal(entry)), schedule, fee)
    return Stake(wallet_of(Decimal(coins), [holding]), MARK, Decimal(reserve))


def moves(*percents: str) -> list[Decimal]:
    return [Decimal(percent) / 100 for percent in percents]


def test_each_rung_is_equity_at_its_price() -> None:
    # Long 10,000 USD from 10,000 on half a coin: at 12,500 it gains 1 - 0.8 coins, and 1% of 0.8 must be kept.
    (rung,) = ladder(stake(LONG, 10_000, "0.5"), moves("25"))
    assert [plain(value) for value in rung[:4]] == ["0.2", "0.7", "0.008", plain(Decimal(8) / 700)]  # type: ignore[arg-type]


def test_a_wallet_dies_just_where_its_margin_ratio_reaches_one() -> None:
    # P = Q(1 + mmr)/(B + V) = 10,000 * 1.01/1.5
    death = Decimal(10_000) * Decimal("1.01") / Decimal("1.5") / MARK - 1
    near, there = ladder(stake(LONG, 10_000, "0.5"), [death + Decimal("1E-15"), death])
    assert near.margin_ratio is not None
    assert round(near.margin_ratio, 12) == 1
    assert there == (Decimal("-0.5"), 0, None, 1, True)


@pytest.mark.parametrize("fee", [ClosingFee(Decimal("0.005")), ClosingFee(Decimal("0.005"), at_bankruptcy=True)])
def test_the_closing_fee_is_part_of_the_margin_so_that_all_of_it_is_liquidation(fee: ClosingFee) -> None:
    one = stake(LONG, 10_000, "0.5", fee=fee)
    span = life(one)
    assert span is not None
    assert span.end is not None
    near, there = ladder(one, [1 / span.end - 1 + Decimal("1E-15"), 1 / span.end - 1 - Decimal("1E-15")])
    assert near.margin_ratio is not None
    assert round(near.margin_ratio, 10) == 1
    assert there.liquidated


def test_margin_that_does_not_count_before_liquidation_is_lost_with_the_rest() -> None:
    free, held = stake(LONG, 10_000, "0.5"), stake(LONG, 10_000, "0.5", reserve="0.1")
    (sooner, _), (later, _) = fatal_moves(held), fatal_moves(free)
    assert sooner is not None
    assert later is not None
    assert sooner > later
    (dead,) = ladder(held, moves("-50"))
    assert dead.pnl == Decimal("-0.5")


def test_what_died_on_the_way_stays_dead() -> None:
    # A tier asks 60% of values from 1.2 to 1.6 coins and 1% of others, so a long could live again below: but it is gone.
    odd = Schedule(
        (Tier(Decimal("1.2"), Decimal("0.01")), Tier(Decimal("1.6"), Decimal("0.6")), Tier(None, Decimal("0.01"))),
        marginal=False,
    )
    rungs = ladder(stake(LONG, 10_000, "0.9", schedule=odd), moves("0", "-20", "-40", "-30", "-45"))
    assert [rung.liquidated for rung in rungs] == [False, True, True, True, True]
    assert {rung.equity for rung in rungs[1:]} == {0}
    (revived,) = ladder(stake(LONG, 10_000, "0.9", schedule=odd)._replace(mark=MARK * Decimal("0.6")), moves("0"))
    assert not revived.liquidated


def test_what_is_dead_at_the_mark_is_dead_at_any_price() -> None:
    under_water = stake(LONG, 10_000, "0.5", entry=40_000)
    assert ladder(under_water, moves("0", "-50", "500")) == [(Decimal("-0.5"), 0, None, 1, True)] * 3
    assert fatal_moves(under_water) == (0, 0)


def test_a_short_that_is_fully_covered_lives_at_any_price() -> None:
    one = stake(SHORT, 10_000, "1")
    assert life(one) == (0, None)
    for move, rung in zip(
        even_moves(Decimal("-0.9"), Decimal(9), 12),
        ladder(one, even_moves(Decimal("-0.9"), Decimal(9), 12)),
        strict=True,
    ):
        assert round(rung.equity * MARK * (1 + move), 50) == 10_000


def test_a_wallet_without_positions_keeps_its_coins() -> None:
    coins = Stake(Wallet(Decimal(2), Decimal(2), Decimal(0), (), ()), MARK)
    assert ladder(coins, moves("-90", "900")) == [(0, 2, 0, 0, False)] * 2
    assert fatal_moves(coins) == (None, None)


def test_an_empty_wallet_has_no_ratio() -> None:
    (rung,) = ladder(Stake(Wallet(Decimal(0), Decimal(0), Decimal(0), (), ()), MARK), moves("0"))
    assert (rung.equity, rung.margin_ratio, rung.liquidated) == (0, None, False)


sides = st.sampled_from((LONG, SHORT))
stakes = st.builds(
    lambda side, usd, coins, entry, schedule: stake(side, usd * 100, str(coins), entry, schedule),
    sides,
    st.integers(1, 300),
    st.decimals("0.01", "2", places=2),
    st.integers(8_000, 12_000),
    st.sampled_from(
        (
            ONE_PERCENT,
            flat_rate(Decimal("0.005"), basis="entry"),
            Schedule((Tier(Decimal(1), Decimal("0.01")), Tier(None, Decimal("0.1"))), marginal=False),
            Schedule((Tier(None, Decimal("0.01")),), marginal=False, slope=Decimal("0.01")),
        )
    ),
)
move_lists = st.lists(st.decimals("-0.95", "3", places=3), min_size=1, max_size=12)


@given(stakes, move_lists)
def test_the_order_and_the_number_of_moves_change_no_rung(one: Stake, asked: list[Decimal]) -> None:
    together = ladder(one, asked)
    assert together == [ladder(one, [move])[0] for move in asked]
    assert together == ladder(one, asked[::-1])[::-1]


@given(stakes)
def test_a_wallet_lives_on_one_stretch_around_the_mark(one: Stake) -> None:
    living = [not rung.liquidated for rung in ladder(one, even_moves(Decimal("-0.9"), Decimal(2), 59))]
    changes = sum(a != b for a, b in pairwise(living))
    (now,) = ladder(one, moves("0"))
    assert changes <= 2
    assert not (any(living) and now.liquidated)


def test_the_default_moves_show_each_death_on_a_rung_of_its_own() -> None:
    some = [stake(LONG, 10_000, "0.25"), stake(SHORT, 10_000, "0.37")]
    asked = visible_moves(map(fatal_moves, some))
    assert asked == sorted(set(asked))
    assert {Decimal("-0.5"), Decimal(0), Decimal("0.5")} <= set(asked)
    for one in some:
        deaths = [move for move, rung in zip(asked, ladder(one, asked), strict=True) if rung.liquidated]
        nearest = min(deaths, key=abs)
        (fatal,) = (move for move in fatal_moves(one) if move is not None)
        assert abs(nearest) - abs(fatal) < Decimal("0.01")


def test_of_many_deaths_the_default_moves_show_some_and_none_at_or_below_zero() -> None:
    many = [stake(LONG, 10_000, str(Decimal(coins) / 50)) for coins in range(1, 200)]
    asked = visible_moves(map(fatal_moves, many))
    assert min(asked) > -1
    assert len(asked) < 40


@pytest.mark.parametrize(("first", "last", "steps"), [("-0.5", "0.5", 11), ("0.1", "-0.9", 7), ("0.2", "0.2", 1)])
def test_even_moves_begin_and_end_where_they_were_told_to(first: str, last: str, steps: int) -> None:
    made = even_moves(Decimal(first), Decimal(last), steps)
    assert (made[0], made[-1], len(made)) == (Decimal(first), Decimal(last), steps)
    gaps = {Fraction(b) - Fraction(a) for a, b in pairwise(made)}
    assert not gaps or max(gaps) - min(gaps) < Fraction(1, 10**90)


def fatal(*percents: str) -> list[Fatal]:
    """Wallets that die at these moves, each at one."""
    return [Fatal(move if move < 0 else None, move if move > 0 else None) for move in moves(*percents)]


TENS = ["-50", "-40", "-30", "-20", "-10", "0", "10", "20", "30", "40", "50"]


def shown(*percents: str) -> list[str]:
    """The default moves of wallets that die at these, in per cent, without the tens."""
    return [plain(move * 100) for move in visible_moves(fatal(*percents)) if plain(move * 100) not in TENS]


def test_without_deaths_the_default_moves_are_the_tens_to_fifty_per_cent() -> None:
    assert [plain(move * 100) for move in visible_moves([])] == TENS


def test_a_fatal_move_is_shown_at_the_whole_per_cent_beyond_it() -> None:
    assert shown("-12.3", "61.01") == ["-13", "62"]


def test_deaths_far_away_are_left_out() -> None:
    assert shown("-99", "300") == ["-99", "300"]
    assert shown("-99.5", "301") == []


def test_of_many_deaths_those_near_the_mark_are_shown() -> None:
    both = [sign + str(move) for move in range(61, 91, 2) for sign in ("", "-")]
    nearest = [str(move) for move in range(61, 85, 2)]
    assert shown(*both) == [f"-{move}" for move in reversed(nearest)] + nearest


def test_the_moves_that_kill_are_those_to_the_ends_of_a_life() -> None:
    # Without maintenance a long from 10,000 dies at Q/(V + B), a short at Q/(V - B).
    free = flat_rate(Decimal(0))
    assert fatal_moves(stake(LONG, 10_000, "0.25", schedule=free)) == (Decimal("-0.2"), None)
    assert fatal_moves(stake(SHORT, 10_000, "0.2", schedule=free)) == (None, Decimal("0.25"))


@pytest.mark.parametrize("side", [LONG, SHORT])
def test_a_wallet_with_just_its_maintenance_margin_is_dead_at_the_mark(side: Decimal) -> None:
    assert life(stake(side, 10_000, "0.01")) is None
    assert life(stake(side, 10_000, "0.0101")) is not None


def test_at_the_very_price_of_its_death_a_wallet_is_dead_rising_or_falling() -> None:
    free = flat_rate(Decimal(0))
    (risen,) = ladder(stake(SHORT, 10_000, "0.2", schedule=free), moves("25"))
    (fallen,) = ladder(stake(LONG, 10_000, "0.25", schedule=free), moves("-20"))
    assert risen.liquidated
    assert fallen.liquidated


TIERED = Schedule((Tier(Decimal("1.25"), Decimal("0.01")), Tier(None, Decimal("0.1"))), marginal=False)


def test_on_the_limit_of_a_tier_its_rate_still_holds() -> None:
    # 10,000 USD are 1.25 coins at 8,000; on a whole coin the long lives to 10,000*1.1/2 = 5,500.
    one = stake(LONG, 10_000, "1", schedule=TIERED)
    above, at, below, dead = ladder(one, moves("0", "-20", "-36", "-45"))
    assert [rung.maintenance_margin and plain(rung.maintenance_margin) for rung in (above, at, below)] == [
        "0.01",
        "0.0125",
        "0.15625",
    ]
    assert (below.liquidated, dead.liquidated) == (False, True)


def test_a_wallet_dies_on_the_border_of_a_tier_that_it_cannot_pay() -> None:
    # 8 coins less the value w are 3 at w = 5, where a rate of 80% sets in.
    falls = Schedule((Tier(Decimal(5), Decimal("0.01")), Tier(None, Decimal("0.8"))), marginal=False)
    dying = stake(LONG, 40_000, "4", schedule=falls)
    assert fatal_moves(dying) == (Decimal("-0.2"), None)
    assert [rung.liquidated for rung in ladder(dying, moves("-19.99", "-20", "-21"))] == [False, True, True]


def test_a_margin_that_grows_with_the_value_is_asked_for_at_each_price() -> None:
    # 1% and 1% per coin of 2 coins and, at 5,000, of 4.
    growing = Schedule((Tier(None, Decimal("0.01")),), marginal=False, slope=Decimal("0.01"))
    rungs = ladder(stake(LONG, 20_000, "10", schedule=growing), moves("0", "-50"))
    assert [plain(rung.maintenance_margin or Decimal(0)) for rung in rungs] == ["0.06", "0.2"]
