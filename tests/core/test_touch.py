"""The probability that a price touches its liquidation price: against other ways to it, and at its limits."""

import math
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import pairwise
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.instrument import PLAIN
from perpcalc.core.liquidation import position_liquidation
from perpcalc.core.margin import given_margin, isolated_margin
from perpcalc.core.position import LONG, SHORT, open_at
from perpcalc.core.rules import Schedule, Tier, flat_rate
from perpcalc.core.touch import liquidation_probability, significant, spread_over, touch_probability
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import PerpcalcError

HOUR, DAY, WEEK, YEAR = Decimal(60), Decimal(1_440), Decimal(10_080), Decimal(525_600)
START, VOL = Decimal(62_500), Decimal("0.6")
BELOW, ABOVE = Decimal(56_818), Decimal(69_000)


def by_integration(start: float, end: float, vol: float, years: float) -> float:
    """The same probability by another way: over all final prices, that of a bridge to it having crossed.

    A bridge over the time T from 0 to z crosses b with the probability exp(-2*b*(b - z)/(vol^2*T)), for z on the near side.
    """
    variance = vol * vol * years
    final = NormalDist(-variance / 2, math.sqrt(variance))
    barrier = math.log(end / start)

    def crossed(z: float) -> float:
        near = (z > barrier) == (barrier < 0)
        return math.exp(-2 * barrier * (barrier - z) / variance) if near else 1.0

    width = 12 * final.stdev
    beyond = final.cdf(barrier) if barrier < 0 else 1 - final.cdf(barrier)
    low, high = (barrier, barrier + 2 * width) if barrier < 0 else (barrier - 2 * width, barrier)
    return beyond + simpson(lambda z: final.pdf(z) * crossed(z), low, high)


def simpson(curve: Callable[[float], float], low: float, high: float, steps: int = 4_000) -> float:
    step = (high - low) / steps
    inner = sum(curve(low + i * step) * (4 if i % 2 else 2) for i in range(1, steps))
    return (curve(low) + inner + curve(high)) * step / 3


def paths(vol: float, years: float, marks: int, count: int, seed: int) -> Iterator[list[float]]:
    """Random paths of ln(price/start) without drift in the price, mark by mark."""
    numbers = random.Random(seed)
    variance = vol * vol * years / marks
    for _ in range(count):
        logs = [0.0]
        for _ in range(marks):
            logs.append(logs[-1] + numbers.gauss(-variance / 2, math.sqrt(variance)))
        yield logs


@pytest.mark.parametrize(
    ("start", "end", "vol", "horizon"),
    [
        ("62500", "56818", "0.6", WEEK),
        ("62500", "69000", "0.6", WEEK),
        ("62500", "62400", "0.6", HOUR),
        ("3000", "1500", "0.8", 30 * DAY),
        ("3000", "9000", "1.2", YEAR),
        ("0.5", "0.05", "1.5", YEAR),
    ],
)
def test_the_closed_form_is_what_integration_over_the_final_price_gives(
    start: str, end: str, vol: str, horizon: Decimal
) -> None:
    below, above = (Decimal(end), None) if Decimal(end) < Decimal(start) else (None, Decimal(end))
    found = touch_probability(Decimal(start), below, above, Decimal(vol), horizon)
    expected = by_integration(float(start), float(end), float(vol), float(horizon / YEAR))
    assert float(found) == pytest.approx(expected, rel=1e-9)


def test_a_watched_path_touches_as_often_as_said() -> None:
    # Between two marks of a path the chance of a crossing is exact, so that 12 marks stand for a path without gaps.
    count, marks = 4_000, 12
    years = float(WEEK / YEAR)
    variance = float(VOL) ** 2 * years / marks
    for end, below, above in ((BELOW, BELOW, None), (ABOVE, None, ABOVE)):
        barrier = math.log(end / START)
        touched = 0.0
        for logs in paths(float(VOL), years, marks, count, seed=20_240_601):
            untouched = 1.0
            for a, b in pairwise(logs):
                near = (min(a, b) > barrier) if below else (max(a, b) < barrier)
                untouched *= 1 - math.exp(-2 * (barrier - a) * (barrier - b) / variance) if near else 0.0
            touched += 1 - untouched
        said = float(touch_probability(START, below, above, VOL, WEEK))
        assert touched / count == pytest.approx(said, abs=4 * math.sqrt(said * (1 - said) / count))


def test_marks_once_an_hour_miss_some_touches() -> None:
    count, marks = 3_000, 168
    said = float(touch_probability(START, BELOW, ABOVE, VOL, WEEK, HOUR))
    low, high = math.log(BELOW / START), math.log(ABOVE / START)
    touched = sum(
        min(logs) <= low or max(logs) >= high
        for logs in paths(float(VOL), float(WEEK / YEAR), marks, count, seed=20_240_601)
    )
    # Both sides within a week are touched by one path in 300: the sum counts those twice.
    assert touched / count == pytest.approx(said, abs=4 * math.sqrt(said * (1 - said) / count))
    assert said < float(touch_probability(START, BELOW, ABOVE, VOL, WEEK))


def test_marks_that_never_pause_change_nothing() -> None:
    assert touch_probability(START, BELOW, None, VOL, WEEK, ZERO) == touch_probability(START, BELOW, None, VOL, WEEK)


def test_in_the_long_run_a_fair_price_rises_to_a_barrier_as_often_as_its_odds_are() -> None:
    # A price without drift that has gone all the way up to the barrier or down to nothing: S/L.
    assert touch_probability(Decimal(100), None, Decimal(400), Decimal(3), 40 * YEAR) == Decimal("0.25")
    assert touch_probability(Decimal(100), Decimal(1), None, Decimal(3), 40 * YEAR) == 1


def test_two_barriers_count_both() -> None:
    lower = touch_probability(START, BELOW, None, VOL, WEEK)
    upper = touch_probability(START, None, ABOVE, VOL, WEEK)
    assert abs(touch_probability(START, BELOW, ABOVE, VOL, WEEK) - lower - upper) < Decimal("1e-12")


def test_two_near_barriers_are_no_more_than_certain() -> None:
    assert touch_probability(START, Decimal(62_000), Decimal(63_000), VOL, WEEK) == 1


@pytest.mark.parametrize(("vol", "horizon"), [(ZERO, WEEK), (VOL, ZERO), (ZERO, ZERO)])
def test_without_volatility_or_time_nothing_is_touched(vol: Decimal, horizon: Decimal) -> None:
    assert touch_probability(START, BELOW, ABOVE, vol, horizon) == 0


@pytest.mark.parametrize(("vol", "horizon"), [(ZERO, WEEK), (VOL, ZERO), (VOL, WEEK)])
def test_who_stands_at_a_barrier_has_touched_it(vol: Decimal, horizon: Decimal) -> None:
    assert touch_probability(BELOW, BELOW, None, vol, horizon) == 1
    assert touch_probability(ABOVE, None, ABOVE, vol, horizon) == 1


def test_no_barrier_is_never_touched() -> None:
    assert touch_probability(START, None, None, VOL, WEEK) == 0


def test_a_barrier_at_the_end_of_the_world_underflows_to_nothing() -> None:
    assert touch_probability(START, Decimal("0.000001"), Decimal("999999999999999"), VOL, HOUR) == 0


def test_a_volatility_beyond_sense_is_refused() -> None:
    with pytest.raises(PerpcalcError, match="at most 20"):
        spread_over(Decimal(1_000), YEAR)
    with pytest.raises(PerpcalcError, match="at most 20"):
        touch_probability(START, BELOW, None, Decimal(1_000), YEAR)


def test_estimates_leave_with_twelve_digits() -> None:
    assert len(touch_probability(START, BELOW, None, VOL, WEEK).as_tuple().digits) <= 12
    assert plain(significant(Decimal("1.23456789012345"))) == "1.23456789012"


@given(
    st.integers(1, 99),
    st.integers(101, 300),
    st.integers(1, 300),
    st.integers(1, 2_000),
    st.sampled_from([0, 1, 5, 60]),
)
def test_it_is_a_probability_that_grows_with_time_and_volatility(
    below: int, above: int, vol: int, hours: int, mark_interval: int
) -> None:
    def touched(percent: int, time: int) -> Decimal:
        return touch_probability(
            Decimal(100), Decimal(below), Decimal(above), Decimal(percent) / 100, time * HOUR, Decimal(mark_interval)
        )

    base = touched(vol, hours)
    assert 0 <= base <= touched(vol, hours + 24) <= 1
    if not mark_interval:
        assert base <= touched(vol + 10, hours)


def test_a_position_that_is_never_liquidated_never_touches() -> None:
    short = open_at(PLAIN, SHORT, Decimal(10_000), START)
    found = position_liquidation(Holding(short, flat_rate(Decimal("0.005"))), isolated_margin(short, ONE))
    assert liquidation_probability(found, START, VOL, WEEK) == 0


def test_a_position_beyond_its_liquidation_price_has_touched_it() -> None:
    long = open_at(PLAIN, LONG, Decimal(10_000), START)
    margin = isolated_margin(long, Decimal(10))
    found = position_liquidation(Holding(long, flat_rate(Decimal("0.005"))), margin, Decimal(50_000))
    assert liquidation_probability(found, Decimal(50_000), ZERO, WEEK) == 1


@pytest.mark.peers
@pytest.mark.parametrize("end", [50_000, 56_818, 62_000, 63_000, 69_000, 90_000])
def test_quantlib_values_a_one_touch_option_alike(end: int) -> None:
    """An American digital paid at expiry without interest is worth the probability of a touch."""
    ql = pytest.importorskip("QuantLib")
    today = ql.Date(1, 6, 2024)
    ql.Settings.instance().evaluationDate = today
    days = ql.Actual365Fixed()
    flat = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, days))
    volatility = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), float(VOL), days))
    spot = ql.QuoteHandle(ql.SimpleQuote(float(START)))
    process = ql.BlackScholesMertonProcess(spot, flat, flat, volatility)
    kind = ql.Option.Put if end < START else ql.Option.Call
    option = ql.VanillaOption(
        ql.CashOrNothingPayoff(kind, float(end), 1.0), ql.AmericanExercise(today, today + 7, True)
    )
    option.setPricingEngine(ql.AnalyticDigitalAmericanEngine(process))
    below, above = (Decimal(end), None) if end < START else (None, Decimal(end))
    assert float(touch_probability(START, below, above, VOL, WEEK)) == pytest.approx(option.NPV(), rel=1e-11)


def test_a_position_is_liquidated_as_often_as_one_of_its_ends_is_touched() -> None:
    short = open_at(PLAIN, SHORT, Decimal(1_000_000), START)
    growing = Schedule((Tier(None, Decimal("0.01")),), marginal=False, slope=Decimal("0.02"))
    found = position_liquidation(Holding(short, growing), given_margin(short, Decimal(8)))
    below, above = found.liquidation_below, found.liquidation_above
    assert below is not None
    assert above is not None
    time = 365 * DAY / 2
    expected = touch_probability(START, below, above, VOL, time, HOUR)
    assert liquidation_probability(found, START, VOL, time, HOUR) == expected
    unequal = {
        touch_probability(START, below, above, VOL, time),
        touch_probability(START, below, None, VOL, time, HOUR),
        touch_probability(START, None, above, VOL, time, HOUR),
    }
    assert len(unequal | {expected}) == 4


def test_a_spread_of_just_twenty_is_the_largest() -> None:
    assert spread_over(Decimal(20), YEAR) == 20
    with pytest.raises(PerpcalcError) as error:
        spread_over(Decimal("20.1"), YEAR)
    assert str(error.value) == "is too large for the horizon: give one of which vol*sqrt(years) is at most 20"


def test_a_barrier_one_deviation_away_is_touched_alike_however_near_it_is() -> None:
    # 2*N(-1), the drift being nothing: 0.317310507863.
    near = Decimal("1E-14")
    found = touch_probability(ONE, 1 - near, None, near, YEAR)
    assert float(found) == pytest.approx(0.317310507863, rel=1e-9)


def test_a_barrier_at_next_to_nothing_is_never_touched() -> None:
    assert touch_probability(Decimal(1_000_000), Decimal("1E-18"), None, VOL, WEEK) == 0
