"""Which values of an unknown keep a goal, from one turn to another."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple, TypeVar

from perpcalc.core.curve import Crossing
from perpcalc.core.solve import Unknown
from perpcalc.decimals import ONE, ZERO, settled

T = TypeVar("T")


class Kept(NamedTuple):
    """Values of an unknown that keep a goal, from one turn to another; None is from 0 on, or without end."""

    start: Crossing | None
    end: Crossing | None


def spans_kept(unknown: Unknown[T], turns: Iterable[Crossing]) -> list[Kept]:
    """The values that keep the goal, in order: between two neighbouring turns all do or none does, so one of them is
    asked.

    Turns outside the least and the most are left out.

    >>> from decimal import Decimal
    >>> unknown = Unknown(lambda u: u, lambda u: 2 <= u <= 3, None, None, least=Decimal(1))
    >>> [span] = spans_kept(unknown, [Crossing(Decimal(u), ZERO) for u in (3, 4, 2)])
    >>> span.start.at, span.end.at
    (Decimal('2'), Decimal('3'))
    """
    least, most = unknown.least or ZERO, unknown.most
    if most is not None and most <= least:
        return []
    by_value = {value: turn for turn in turns if (value := settled(turn.at)) > least and (most is None or value < most)}
    edges = [None, *(by_value[value] for value in sorted(by_value)), None]
    spans: list[Kept] = []
    for start, end in pairwise(edges):
        low, high = start.at if start else least, end.at if end else most
        inside = 2 * low or ONE if high is None else (low + high) / 2
        if unknown.keeps(unknown.state(inside)):
            joined = spans.pop().start if spans and start and spans[-1].end is start else start
            spans.append(Kept(joined, end))
    return spans
