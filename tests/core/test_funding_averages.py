"""Averages of premium samples, and the rates they make."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.funding import (
    accrued_rate,
    after_paying,
    equal_average,
    funding_rate,
    intervals_to_liquidation,
    linear_average,
)
from perpcalc.core.instrument import PLAIN
from perpcalc.core.liquidation import liquidation
from perpcalc.core.position import LONG, open_at
from perpcalc.core.rounding import grid
from perpcalc.core.rules import FundingRule, flat_rate
from perpcalc.core.wallet import Holding, wallet_of
from perpcalc.decimals import ONE, plain

from . import twin
from .strategies import decimals

EIGHT_HOURS = Decimal(480)
BYBIT = FundingRule(
    EIGHT_HOURS,
    interest_per_day=Decimal("0.0003"),
    damper=Decimal("0.0005"),
    averaging="linear",
    sample_interval=ONE,
)
DERIBIT = FundingRule(EIGHT_HOURS, damper=Decimal("0.0005"), continuous=True)
premiums = decimals("-0.02", "0.02", 8)


@given(st.lists(premiums, min_size=1, max_size=100))
def test_linear_weights_rise_by_one_from_sample_to_sample(samples: list[Decimal]) -> None:
    weighted = sum((i * Fraction(sample) for i, sample in enumerate(samples, 1)), Fraction(0))
    assert plain(linear_average(samples)) == twin.printed(weighted / sum(range(1, len(samples) + 1)))


@given(st.lists(premiums, min_size=1, max_size=100))
def test_equal_weights_make_the_mean(samples: list[Decimal]) -> None:
    assert plain(equal_average(samples)) == twin.printed(sum(map(Fraction, samples)) / len(samples))


@given(premiums, st.integers(1, 500))
def test_a_premium_that_stays_is_its_own_average(premium: Decimal, count: int) -> None:
    assert linear_average([premium] * count) == equal_average([premium] * count) == premium


def test_the_order_of_samples_matters_to_linear_weights_only() -> None:
    rising = [Decimal(n) for n in range(1, 481)]
    # 2/3 of the way up, and 1/3: sum(i^2)/sum(i) = (2n + 1)/3.
    assert linear_average(rising) == Decimal(961) / 3
    assert linear_average(rising[::-1]) == Decimal(482) / 3
    assert equal_average(rising) == equal_average(rising[::-1])


def test_a_day_of_minutes_at_a_late_premium_makes_the_rate_of_the_late_premium() -> None:
    # 240 minutes at 0, then 240 at 0.2%: linear weights give (241+..+480)/(1+..+480) = 86,520/115,440 of it.
    samples = [Decimal(0)] * 240 + [Decimal("0.002")] * 240
    average = linear_average(samples)
    assert average == Decimal("0.002") * 86_520 / 115_440
    assert funding_rate(BYBIT, average) == average - Decimal("0.0005")
    assert funding_rate(BYBIT, equal_average(samples)) == Decimal("0.0005")


def test_where_each_moment_is_charged_the_damper_takes_its_part_of_each() -> None:
    # Half the time a premium of 0.15%, half of -0.05%: 0.1% and 0% are charged; the mean premium is inside the damper.
    samples = [Decimal("0.0015"), Decimal("-0.0005")]
    assert accrued_rate(DERIBIT, samples) == Decimal("0.0005")
    assert funding_rate(DERIBIT, equal_average(samples)) == 0


def test_the_mean_of_rates_is_rounded_once() -> None:
    samples = [Decimal("0.00050001"), Decimal("0.00050002"), Decimal("0.0005")]
    assert plain(accrued_rate(DERIBIT, samples, grid("half-up 8"))) == "0.00000001"


@pytest.mark.parametrize("cost", ["0.001", "-0.001"])
def test_funding_moves_the_liquidation_price_as_less_margin_does(cost: str) -> None:
    position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(62_500))
    holding = Holding(position, flat_rate(Decimal("0.005")))
    paid = after_paying(wallet_of(Decimal("0.016"), [holding]), Decimal(cost))
    poorer = wallet_of(Decimal("0.016") - Decimal(cost), [holding])
    assert liquidation(paid, 0, holding, None) == liquidation(poorer, 0, holding, None)


def test_after_so_many_payments_the_mark_is_the_liquidation_price() -> None:
    mark, payment = Decimal(63_000), Decimal("0.00001588")
    position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(62_500))
    holding = Holding(position, flat_rate(Decimal("0.005")))
    wallet = wallet_of(Decimal("0.016"), [holding])
    count = intervals_to_liquidation(wallet, payment, 1 / mark)
    assert count is not None
    assert not liquidation(after_paying(wallet, (count - 1) * payment), 0, holding, mark).beyond
    assert liquidation(after_paying(wallet, count * payment), 0, holding, mark).beyond
