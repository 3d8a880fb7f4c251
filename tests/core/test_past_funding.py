"""Payments of the past charged one by one, and samples of the premium averaged as a venue does."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc import venues
from perpcalc.core.instrument import PLAIN
from perpcalc.core.moments import MINUTE
from perpcalc.core.past_funding import (
    Payment,
    Samples,
    average_premium,
    cost_of,
    due,
    mean_rate,
    said_of_gaps,
    total_of,
)
from perpcalc.core.position import LONG, SHORT
from perpcalc.core.rules import FundingRule
from perpcalc.decimals import ONE, plain
from perpcalc.errors import PerpcalcError

from . import twin
from .strategies import decimals

HOUR = Decimal(60)
HOURS = 60 * MINUTE
BYBIT = FundingRule(8 * HOUR, averaging="linear", sample_interval=ONE)
KRAKEN = FundingRule(HOUR, averaging="equal", continuous=True)
OF_UNKNOWN_WEIGHTS = FundingRule(8 * HOUR)


def payment(rate: str, mark: str | None = None, time: int = 0, coin_rate: str | None = None) -> Payment:
    return Payment(
        time, Decimal(rate), None if mark is None else Decimal(mark), None if coin_rate is None else Decimal(coin_rate)
    )


# Payments


@pytest.mark.parametrize(
    ("venue", "contracts", "past", "mark", "total"),
    [
        # Trials of other people's files: each payment rounded as the venue does, then summed.
        ("bybit", 10_000, ["0.000075", "0.0001"], 60_000, "0.00002917"),
        ("binance", 10, ["0.0001", "0.00025141", "0.0001"], 16_000, "0.00002821"),
        ("bitmex", 10_000, ["0.000224", "0.0001"], 60_000, "0.00005399"),
        ("okx", 20, ["0.0000997"], 50_000, "0.000003988"),
    ],
)
def test_payments_are_rounded_one_by_one_and_one_mark_stands_for_all(
    venue: str, contracts: int, past: list[str], mark: int, total: str
) -> None:
    instrument = venues.find(venue).instrument
    payments = [payment(rate) for rate in past]
    assert plain(total_of(instrument, LONG, Decimal(contracts), payments, Decimal(mark))) == total


def test_the_first_payment_of_the_phemex_documents_is_charged_as_printed() -> None:
    # phemex-api-docs, 2024-06-17: floor8(700/6947.3435) = 0.10075793, and 0.00004747 of it is 4.783e-6, rounded up.
    phemex = venues.find("phemex").instrument
    past = [payment("0.00004747", "6947.3435"), payment("0.0001", "7000"), payment("-0.0001", "7000")]
    assert plain(total_of(phemex, LONG, Decimal(700), past)) == "0.00000479"
    assert plain(mean_rate(past)) == "0.000015823333333333"


def test_a_coin_rate_is_charged_per_contract_and_needs_no_mark() -> None:
    # Kraken publishes coin per contract (krakenfx/kraken-cli issue 26): 10,000 contracts short receive at a positive rate.
    kraken = venues.find("kraken").instrument
    found = cost_of(kraken, SHORT, Decimal(10_000), payment("-0.00004793", coin_rate="-0.000000000815861558"))
    assert plain(found) == "0.00000815862"
    assert (
        plain(cost_of(PLAIN, SHORT, Decimal(10_000), payment("0", coin_rate="-0.000000000815861558")))
        == "0.00000815861558"
    )


def test_a_payment_without_any_mark_is_refused() -> None:
    with pytest.raises(PerpcalcError, match="has no marks: give mark, which then stands for all"):
        cost_of(PLAIN, LONG, ONE, payment("0.0001"))


def test_what_falls_due_is_after_the_start_and_up_to_the_end() -> None:
    past = [payment("0", time=time) for time in (0, 8, 16, 24)]
    assert [one.time for one in due(past, 0, 16)] == [8, 16]
    assert [one.time for one in due(past, start=8)] == [16, 24]
    assert due(past) == past


@given(
    st.sampled_from((LONG, SHORT)),
    st.integers(1, 10**6),
    st.lists(st.tuples(decimals("-0.01", "0.01", 8), decimals("100", "100000", 2)), min_size=1, max_size=8),
)
def test_a_total_is_the_sum_in_fractions(side: Decimal, contracts: int, past: list[tuple[Decimal, Decimal]]) -> None:
    payments = [Payment(0, rate, mark) for rate, mark in past]
    total = sum((twin.funding_payment(side, contracts, mark, rate) for rate, mark in past), Fraction(0))
    assert plain(total_of(PLAIN, side, Decimal(contracts), payments)) == twin.printed(total)
    assert plain(mean_rate(payments)) == twin.printed(
        sum((Fraction(rate) for rate, _ in past), Fraction(0)) / len(past)
    )


# Gaps


def test_a_gap_between_payments_is_said() -> None:
    times = [0, 16 * HOURS, 24 * HOURS, 48 * HOURS]
    places = [f"line {number}" for number in range(1, 5)]
    assert said_of_gaps(times, places, 8 * HOURS) == [
        "payments are 8h apart, line 2 is 16h after the payment before it and 1 more gaps: nothing is charged for what is missing"
    ]
    assert said_of_gaps([0, 8 * HOURS + 12_000, 16 * HOURS], places[:3], 8 * HOURS) == []


def test_payments_faster_than_the_interval_are_an_error() -> None:
    with pytest.raises(PerpcalcError) as caught:
        said_of_gaps([0, HOURS], ["line 1", "line 2"], 8 * HOURS)
    assert caught.value.line(flags=True) == (
        "line 2: is 1h after the payment before it, payments are 8h apart: give --interval 1h if each rate is for so long"
    )


# Samples


def samples(count: int, step: int | None = MINUTE, premium: str = "0.0001") -> Samples:
    times = () if step is None else tuple(step * n for n in range(count))
    return Samples((Decimal(premium),) * count, times, tuple(f"line {n + 1}" for n in range(count)))


def test_the_weights_are_those_of_the_venue() -> None:
    two = Samples((Decimal("0.0001"), Decimal("0.0004")), (), ("line 1", "line 2"))
    assert average_premium(two, BYBIT, None)[0] == Decimal("0.0003")
    assert average_premium(two, KRAKEN, None)[0] == Decimal("0.00025")


def test_a_full_interval_of_minutes_leaves_nothing_to_say() -> None:
    assert average_premium(samples(480), BYBIT, 8 * HOUR) == (Decimal("0.0001"), ())


def test_samples_of_five_seconds_are_counted_as_such() -> None:
    # Binance takes 5,760 in 8 hours; here those of the last minute of an hour-long interval are missing.
    _, notes = average_premium(samples(708, 5_000_000), FundingRule(HOUR, averaging="linear"), HOUR)
    assert notes == ("708 of the 720 samples of 1h: averaged as if there were no more",)


def test_a_spacing_that_is_not_the_venues_is_said() -> None:
    _, notes = average_premium(samples(96, 5 * MINUTE), BYBIT, 8 * HOUR)
    assert notes == ("samples are 5m apart, the venue takes one every 1m",)


def test_more_samples_than_an_interval_has_are_an_error() -> None:
    with pytest.raises(PerpcalcError, match="holds 481 samples, an interval of 8h has 480: keep those of one interval"):
        average_premium(samples(481), BYBIT, 8 * HOUR)


def test_a_gap_between_samples_is_an_error() -> None:
    full = samples(10)
    holed = Samples(full.premiums[:8], full.times[:5] + full.times[7:], full.places[:8])
    with pytest.raises(PerpcalcError) as caught:
        average_premium(holed, BYBIT, 8 * HOUR)
    assert str(caught.value) == "line 6: is 3m after the sample before it, samples are 1m apart: add what is missing"


def test_a_sample_too_many_is_an_error() -> None:
    times = (0, MINUTE, 2 * MINUTE, 2 * MINUTE + 20_000_000, 3 * MINUTE)
    with pytest.raises(PerpcalcError, match="line 4: is 20s after the sample before it.*leave out what is too much"):
        average_premium(samples(5)._replace(times=times), BYBIT, 8 * HOUR)


def test_a_little_jitter_is_no_gap() -> None:
    jittered = samples(4)._replace(times=(12_000, 59_980_000, 120_003_000, 180_001_000))
    _, notes = average_premium(jittered, BYBIT, 8 * HOUR)
    assert notes == ("4 of the 480 samples of 8h: averaged as if there were no more",)


def test_weights_that_are_not_known_are_an_assumption() -> None:
    assert average_premium(samples(1), OF_UNKNOWN_WEIGHTS, None) == (
        Decimal("0.0001"),
        ("how the samples are weighted is not known: their plain mean is taken",),
    )


def test_samples_without_times_are_taken_in_their_order() -> None:
    _, notes = average_premium(samples(2, None), BYBIT, None)
    assert notes == ("samples without times are taken as equally spaced, 1m apart, oldest first",)
