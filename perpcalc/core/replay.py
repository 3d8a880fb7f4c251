"""Wallets along bars of prices and past funding, in one pass and flat memory; nothing is interpolated."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import chain, dropwhile, takewhile
from typing import NamedTuple

from perpcalc.core.passage import NEVER, Course, Outcome, Run
from perpcalc.core.past_funding import Payment, due
from perpcalc.decimals import ZERO
from perpcalc.errors import PerpcalcError

Bar = tuple[int, Decimal, Decimal, Decimal, Decimal]
"""When a bar opens, in microseconds since 1970, and its open, high, low and close."""

LATEST = 1 << 62


class State(NamedTuple):
    """A run after a bar: the bar's close, where it is liquidated, its equity at the close and the funding paid, in
    coin.
    """

    time: int
    price: Decimal
    below: Decimal | None
    above: Decimal | None
    equity: Decimal
    funding: Decimal


def replay(
    runs: Sequence[Run],
    bars: Iterable[Bar],
    payments: Iterable[Payment] = (),
    start: int | None = None,
    end: int | None = None,
    watch: Callable[[int, State], None] | None = None,
) -> list[Outcome]:
    """How each run goes along the bars of its coin, oldest first, between `start` and `end`.

    A bar is [open, next open). Funding inside it is paid first, at its own mark, else at the bar's open; then the low
    and the high are met: stop and liquidation by their distance from the open, and at the open where that lies beyond
    them. `watch` is called with the index of a run and its state after each bar. Payments are oldest first; one at the
    very start is not paid, one at the very end is. Raises PerpcalcError where no bar lies between start and end.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.passage import Leg
    >>> from perpcalc.core.margin import isolated_margin
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(50_000))
    >>> run = Run(isolated_margin(position, Decimal(10)), (Leg(Holding(position, flat_rate(Decimal("0.005")))),))
    >>> prices = [(50_000, 50_100, 49_000, 49_000), (49_000, 49_000, 45_000, 47_000)]
    >>> bars = [(n, *map(Decimal, bar)) for n, bar in enumerate(prices)]
    >>> (outcome,) = replay([run], bars)
    >>> outcome.ended_by, outcome.ended_at, round(outcome.price, 2)
    ('liquidation', 1, Decimal('45681.82'))
    """
    coming = iter(bars)
    if start is not None:
        coming = dropwhile(lambda bar: bar[0] < start, coming)
    if end is not None:
        coming = takewhile(lambda bar: bar[0] < end, coming)
    first = next(coming, None)
    if first is None:
        raise PerpcalcError("no bar lies between start and end", "give candles of that time")
    time, opened, high, low, close = first
    begun, length, count = time, 0, 0
    due_in_time = due(payments, begun, end)
    courses = [Course(run, begun, opened, due_in_time) for run in runs]
    alive = dict(enumerate(courses))
    low_calm, high_calm, pending = NEVER, ZERO, begun  # so that the first bar is looked at
    until = begun
    for following in chain(coming, (None,)):
        if following is not None:
            until = following[0]
            length = until - time
        else:
            until = last_end(time, length, end)
        count += 1
        met = alive
        if pending < until or low < low_calm or high > high_calm:
            for course in alive.values():
                course.pass_bar(time, until, opened, low, high)
                course.bars = count
            alive = {index: course for index, course in alive.items() if not course.ended_by}
            low_calm, high_calm, pending = _ahead(alive.values(), close)
        if watch is not None:
            for index, course in met.items():
                watch(index, State(time, close, course.below, course.above, course.equity_at(close), course.funding))
        if following is None or not alive:
            break
        time, opened, high, low, close = following
    for course in alive.values():
        course.pass_end(until, close)
        course.bars = count
    return [course.outcome(begun, until) for course in courses]


def last_end(time: int, length: int, end: int | None) -> int:
    """When the last bar ends: a bar is as long as the one before it, but not beyond the end.

    >>> last_end(60, 60, None), last_end(60, 60, 100)
    (120, 100)
    """
    if end is None:
        return time + length
    return min(end, time + length) if length else end


def _ahead(courses: Iterable[Course], price: Decimal) -> tuple[Decimal, Decimal, int]:
    """The prices between which nothing happens to any of the runs, and when the next payment or new rule comes."""
    calms = [course.calm(price) for course in courses]
    times = [course.due for course in courses]
    return (
        max((low for low, _ in calms), default=ZERO),
        min((high for _, high in calms), default=NEVER),
        min((time for time in times if time is not None), default=LATEST),
    )
