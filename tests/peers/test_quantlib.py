"""QuantLib: the probability that a price touches a barrier, as the price of a one-touch option without drift.

    pip install QuantLib
    pytest -m peers tests/peers/test_quantlib.py

Compared with 1.44. perpcalc gives 12 significant digits; QuantLib adds two terms of f64, of which the second is as large as
the ratio of the prices, so it is right to about 1e-16 of that, not of a small probability.
"""

import math
from decimal import Decimal
from types import ModuleType

import pytest
from agreement import Agreement, peer
from core.strategies import decimals, prices
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from perpcalc.core.rules import DAY
from perpcalc.core.touch import touch_probability

pytestmark = pytest.mark.peers
many = settings(max_examples=1000)

vols = decimals("0.05", "3", 3)
days = st.integers(1, 1000)
lower = decimals("0.1", "0.999", 3)
upper = decimals("1.001", "10", 3)
ROUNDED = Decimal("5e-12")
"""Half a unit of the twelfth digit, at worst."""
NOISE = Decimal("2e-15")


@pytest.fixture(scope="module")
def quantlib() -> ModuleType:
    return peer("QuantLib", "QuantLib")


def market(ql: ModuleType, start: Decimal, vol: Decimal) -> tuple[object, object]:
    """Today, and a price without drift."""
    today = ql.Date(1, 1, 2025)
    ql.Settings.instance().evaluationDate = today
    year = ql.Actual365Fixed()
    quote = ql.QuoteHandle(ql.SimpleQuote(float(start)))
    none = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, year))
    flat = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), float(vol), year))
    return today, ql.BlackScholesMertonProcess(quote, none, none, flat)


def one_touch(ql: ModuleType, start: Decimal, end: Decimal, vol: Decimal, length: int) -> Decimal:
    today, process = market(ql, start, vol)
    payoff = ql.CashOrNothingPayoff(ql.Option.Put if end < start else ql.Option.Call, float(end), 1.0)
    option = ql.VanillaOption(payoff, ql.AmericanExercise(today, today + length, True))
    option.setPricingEngine(ql.AnalyticDigitalAmericanEngine(process))
    return Decimal.from_float(option.NPV())


def either_touch(ql: ModuleType, start: Decimal, below: Decimal, above: Decimal, vol: Decimal, length: int) -> Decimal:
    today, process = market(ql, start, vol)
    payoff = ql.CashOrNothingPayoff(ql.Option.Call, 0.0, 1.0)
    exercise = ql.EuropeanExercise(today + length)
    option = ql.DoubleBarrierOption(ql.DoubleBarrier.KnockIn, float(below), float(above), 0.0, payoff, exercise)
    option.setPricingEngine(ql.AnalyticDoubleBarrierBinaryEngine(process))
    return Decimal.from_float(option.NPV())


@many
@given(prices, lower, vols, days)
def test_probability_of_touching_a_lower_barrier(
    quantlib: ModuleType, agree: Agreement, start: Decimal, share: Decimal, vol: Decimal, length: int
) -> None:
    ours = touch_probability(start, start * share, None, vol, length * DAY)
    theirs = one_touch(quantlib, start, start * share, vol, length)
    agree("QuantLib: lower touch, absolute", ours, theirs, scale=Decimal(1), tolerance=ROUNDED * ours + NOISE / share)
    if ours > Decimal("0.001"):
        agree("QuantLib: lower touch, above 0.1%", ours, theirs, tolerance=ROUNDED + NOISE / share / ours)


@many
@given(prices, upper, vols, days)
def test_probability_of_touching_an_upper_barrier(
    quantlib: ModuleType, agree: Agreement, start: Decimal, share: Decimal, vol: Decimal, length: int
) -> None:
    ours = touch_probability(start, None, start * share, vol, length * DAY)
    theirs = one_touch(quantlib, start, start * share, vol, length)
    agree("QuantLib: upper touch, absolute", ours, theirs, scale=Decimal(1), tolerance=ROUNDED * ours + NOISE)
    if ours > Decimal("0.001"):
        agree("QuantLib: upper touch, above 0.1%", ours, theirs, tolerance=ROUNDED + NOISE / ours)


@many
@given(prices, lower, upper, vols, days)
def test_the_sum_of_two_ends_exceeds_the_exact_probability_by_that_of_touching_both(
    quantlib: ModuleType, start: Decimal, low: Decimal, high: Decimal, vol: Decimal, length: int
) -> None:
    below, above = start * low, start * high
    # Over a shorter time QuantLib's series does not converge.
    assume(float(vol) * math.sqrt(length / 365) > 0.05 * math.log(high / low))
    either = either_touch(quantlib, start, below, above, vol, length)
    one, other = (touch_probability(start, *ends, vol, length * DAY) for ends in ((below, None), (None, above)))
    ours = touch_probability(start, below, above, vol, length * DAY)
    slack = Decimal("1e-7")  # QuantLib ends its series at terms of 1e-8
    assert max(one, other) - slack <= either <= ours + slack
    assert ours - either <= min(one, other) + slack
