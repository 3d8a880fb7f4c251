"""Funding of the past: payments as they were charged, and samples of the premium that make a rate."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from perpcalc.core.funding import equal_average, funding_payment, linear_average
from perpcalc.core.instrument import Instrument
from perpcalc.core.moments import MINUTE, span
from perpcalc.core.rounding import on
from perpcalc.core.rules import FundingRule
from perpcalc.decimals import ONE, ZERO
from perpcalc.errors import Key, PerpcalcError


class Payment(NamedTuple):
    """A payment that fell due: its time in microseconds since 1970, the rate charged, and the mark it was charged at.

    `coin_rate` is in coin per contract (Kraken), and needs no mark.
    """

    time: int
    rate: Decimal
    mark: Decimal | None = None
    coin_rate: Decimal | None = None


class Samples(NamedTuple):
    """Samples of the premium, oldest first; `times` are empty where none are known, `places` name them in errors."""

    premiums: tuple[Decimal, ...]
    times: tuple[int, ...]
    places: tuple[str, ...]


def due(payments: Iterable[Payment], start: int | None = None, end: int | None = None) -> list[Payment]:
    """The payments after `start` and up to `end`: one at the start was paid by whoever held the position before it.

    >>> [payment.time for payment in due([Payment(time, ZERO) for time in (0, 8, 16)], 0, 16)]
    [8, 16]
    """
    return [
        payment
        for payment in payments
        if (start is None or start < payment.time) and (end is None or payment.time <= end)
    ]


def cost_of(
    instrument: Instrument,
    side: Decimal,
    contracts: Decimal,
    payment: Payment,
    mark: Decimal | None = None,
    periods: Decimal = ONE,
) -> Decimal:
    """What a past payment cost the position in coin, negative when received: `s*rate*Q/mark`, or `s*coin
    rate*contracts`.

    `mark` stands in where the payment has none of its own; `periods` is how many times the rate it covers. Rounded as
    the venue does. Raises PerpcalcError without a mark that it needs. Source: docs.kraken.com, historical funding
    rates.

    >>> from perpcalc.core.instrument import PLAIN
    >>> str(cost_of(PLAIN, ONE, Decimal(10_000), Payment(0, Decimal("0.0001"), Decimal(50_000))))
    '0.00002'
    >>> str(cost_of(PLAIN, -ONE, Decimal(10_000), Payment(0, Decimal("0.0001"), None, Decimal("2E-9"))))
    '-0.000020000'
    """
    if payment.coin_rate is not None:
        per_contract = on(instrument.rounding.coin_rate, payment.coin_rate)
        return on(instrument.rounding.funding, side * per_contract * contracts * periods)
    at = payment.mark or mark
    if at is None:
        raise PerpcalcError("has no marks", ("give ", Key("mark"), ", which then stands for all"))
    return funding_payment(instrument, side, contracts, payment.rate, at, periods=periods)


def total_of(
    instrument: Instrument,
    side: Decimal,
    contracts: Decimal,
    payments: Iterable[Payment],
    mark: Decimal | None = None,
    periods: Decimal = ONE,
) -> Decimal:
    """The cost in coin of past payments, each rounded as the venue does; arguments and errors as of `cost_of`.

    >>> from perpcalc.core.instrument import PLAIN
    >>> past = [Payment(0, Decimal("0.0001"), Decimal(50_000)), Payment(1, Decimal("-0.0001"), Decimal(40_000))]
    >>> total_of(PLAIN, ONE, Decimal(100_000), past) == Decimal("-0.00005")
    True
    """
    return sum((cost_of(instrument, side, contracts, payment, mark, periods) for payment in payments), ZERO)


def mean_rate(payments: Sequence[Payment]) -> Decimal:
    """The mean of the rates.

    >>> mean_rate([Payment(0, Decimal(1)), Payment(1, Decimal(4))])
    Decimal('2.5')
    """
    return equal_average([payment.rate for payment in payments])


def said_of_gaps(times: Sequence[int], places: Sequence[str], step: int) -> list[str]:
    """A note on the payments that are missing, if some are; `step` is the time between two in microseconds.

    Raises PerpcalcError, naming the place, where they come faster than that.

    >>> said_of_gaps([0, MINUTE, 3 * MINUTE], ["line 1", "line 2", "line 3"], MINUTE)
    ['payments are 1m apart, line 3 is 2m after the payment before it: nothing is charged for what is missing']
    """
    gaps = []
    for place, (before, after) in zip(places[1:], pairwise(times), strict=True):
        apart = after - before
        if apart * 2 <= step:
            raise PerpcalcError(
                f"is {span(apart)} after the payment before it, payments are {span(step)} apart",
                ("give ", Key("interval"), f" {span(apart)} if each rate is for so long"),
            ).at(place)
        if apart * 2 >= step * 3:
            gaps.append(f"{place} is {span(apart)} after the payment before it")
    if not gaps:
        return []
    more = f" and {len(gaps) - 1} more gaps" if len(gaps) > 1 else ""
    return [f"payments are {span(step)} apart, {gaps[0]}{more}: nothing is charged for what is missing"]


def average_premium(
    samples: Samples, rule: FundingRule | None, interval: Decimal | None
) -> tuple[Decimal, tuple[str, ...]]:
    """The average of samples as the venue weights them, and what had to be assumed; `interval` in minutes.

    Raises PerpcalcError for a gap, or where there are more samples than an interval holds.

    >>> samples = Samples((Decimal(1), Decimal(4)), (), ("line 1", "line 2"))
    >>> average_premium(samples, FundingRule(Decimal(2), averaging="linear", sample_interval=ONE), Decimal(2))[0]
    Decimal('3')
    """
    notes: list[str] = []
    known = rule.sample_interval if rule else None
    step = _step(samples, None if known is None else int(known * MINUTE), notes)
    count = len(samples.premiums)
    if step and interval is not None:
        full = round(interval * MINUTE / step)
        period = span(int(interval * MINUTE))
        if count > full:
            raise PerpcalcError(
                f"holds {count} samples, an interval of {period} has {full}", "keep those of one interval"
            )
        if count < full:
            notes.append(f"{count} of the {full} samples of {period}: averaged as if there were no more")
    if rule is not None and rule.averaging == "linear":
        return linear_average(samples.premiums), tuple(notes)
    if rule is None or (rule.averaging is None and not rule.continuous):
        notes.append("how the samples are weighted is not known: their plain mean is taken")
    return equal_average(samples.premiums), tuple(notes)


def _step(samples: Samples, known: int | None, notes: list[str]) -> int | None:
    """The time between samples in microseconds; raises PerpcalcError where they are not equally spaced."""
    if len(samples.times) < 2:
        if not samples.times:
            spacing = f"{span(known)} apart, " if known else ""
            notes.append(f"samples without times are taken as equally spaced, {spacing}oldest first")
        return known
    gaps = [after - before for before, after in pairwise(samples.times)]
    step = sorted(gaps)[len(gaps) // 2]
    for gap, place in zip(gaps, samples.places[1:], strict=True):
        if gap * 2 >= step * 3 or gap * 2 <= step:
            raise PerpcalcError(
                f"is {span(gap)} after the sample before it, samples are {span(step)} apart",
                "add what is missing" if gap > step else "leave out what is too much",
            ).at(place)
    if known and abs(step - known) * 2 > known:
        notes.append(f"samples are {span(step)} apart, the venue takes one every {span(known)}")
    return step
