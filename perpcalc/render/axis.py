"""The axes of a chart: round numbers to label them with, and the range that they span."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

from perpcalc.decimals import ONE, fixed, places


class Axis(NamedTuple):
    """What is shown of one direction, and the round values on it."""

    low: Decimal
    high: Decimal
    ticks: tuple[Decimal, ...]

    def share(self, value: Decimal) -> Decimal:
        """How far along the axis a value is, from 0 to 1."""
        return (value - self.low) / (self.high - self.low)

    def labels(self) -> list[str]:
        """The ticks as text, all with the decimals that the finest needs."""
        decimals = max((places(tick) for tick in self.ticks), default=0)
        return [fixed(tick, decimals) for tick in self.ticks]


def axis(values: Sequence[Decimal], most: int, *, to_ticks: bool = False, finest: Decimal | None = None) -> Axis:
    """An axis over some values with at most so many ticks; `to_ticks` widens it to begin and end on one.

    Ticks are at least `finest` apart.

    >>> axis([Decimal("0.1"), Decimal("0.93")], 6, to_ticks=True).labels()
    ['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']
    """
    low, high = min(values), max(values)
    if low == high:
        room = abs(low) / 10
        low, high = low - room, high + (room or ONE)
    least = (high - low) / max(1, most - 1)
    step = _round_step(least if finest is None else max(least, finest))
    first = (low / step).quantize(ONE, ROUND_FLOOR if to_ticks else ROUND_CEILING)
    last = (high / step).quantize(ONE, ROUND_CEILING if to_ticks else ROUND_FLOOR)
    ticks = tuple((first + number) * step for number in range(int(last - first) + 1))
    return Axis(ticks[0], ticks[-1], ticks) if to_ticks else Axis(low, high, ticks)


def _round_step(least: Decimal) -> Decimal:
    """The smallest of 1, 2, 2.5, 5 and 10 times a power of ten that is not below `least`."""
    power = ONE.scaleb(least.adjusted())
    return next(power * digit for digit in map(Decimal, ("1", "2", "2.5", "5", "10")) if power * digit >= least)
