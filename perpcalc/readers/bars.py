"""Rows of candles become bars, oldest first, while they are read; what is missing or repeated is counted on the way."""

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from perpcalc.core.moments import DIGITS, Moment, iso, moment, span
from perpcalc.core.replay import Bar
from perpcalc.decimals import FRACTION_DIGITS, INTEGER_DIGITS, ZERO, plain
from perpcalc.errors import PerpcalcError
from perpcalc.readers import answers
from perpcalc.readers.answers import Item
from perpcalc.readers.sheet import Wanted, counted, naming

MOST_GAPS = 10_000
PRICE = rf"(\d{{1,{INTEGER_DIGITS}}}(?:\.\d{{1,{FRACTION_DIGITS}}})?)"


class Layout(NamedTuple):
    """Where a row has its time, open, high, low and close; `ends` where the time is that of a bar's end (BitMEX).

    `marks` is None where the form does not tell marks from last prices.
    """

    time: str
    prices: tuple[str, str, str, str]
    instrument: str | None = None
    marks: bool | None = None
    ends: bool = False

    @property
    def ticks(self) -> bool:
        """Whether each row is one price."""
        return len(set(self.prices)) == 1


class Stream(NamedTuple):
    """Rows with their numbers, how one becomes cells, and the word for a row; `quick` makes a bar of a usual row by
    itself.
    """

    rows: Iterator[tuple[int, Any]]
    cells: Callable[[Any], Item]
    word: str
    quick: Callable[[Any], Bar | None] = lambda row: None


class Order:
    """The times of bars as they come: `expected` is the next one where nothing is missing."""

    def __init__(self, step: int | None) -> None:
        self.step = step
        self.expected = self.first = -1
        self.gaps: list[tuple[int, int]] = []
        self.repeated = self.empty = 0
        self.uneven = False

    def takes(self, time: int) -> bool:
        """Whether a bar that is not the expected one is new; raises PerpcalcError where it comes too late."""
        if self.first < 0:
            self.first = time
        elif self.step is None:
            if time < self.expected:
                raise PerpcalcError(f"is of {iso(time)}, earlier than the row before it", "sort the rows by time")
        elif time < self.expected:
            last = self.expected - self.step
            if time > last:
                self.uneven = True
            elif time < self.first or any(start <= time < end for start, end in self.gaps):
                raise PerpcalcError(f"is of {iso(time)}, earlier than the row before it", "sort the rows by time")
            else:
                self.repeated += 1
                return False
        else:
            self.gaps.append((self.expected, time))
            if len(self.gaps) > MOST_GAPS:
                raise PerpcalcError("comes after ten thousand gaps", "give candles of one interval")
        return True

    def notes(self) -> list[str]:
        """What was missing, repeated or left out."""
        notes = []
        if self.gaps:
            start, end = self.gaps[0]
            many = f"{len(self.gaps)} gaps, the first" if len(self.gaps) > 1 else "a gap"
            notes.append(f"{many} of {span(end - start)} from {iso(start)}: what the price did there is not known")
        if self.uneven:
            notes.append("the bars are not of one length")
        if self.repeated:
            notes.append(f"{counted(self.repeated, 'is', 'are')} of a time that came before: left out")
        if self.empty:
            notes.append(f"{counted(self.empty, 'has', 'have')} no prices: left out")
        return notes


def bars_of(
    stream: Stream, layout: Layout, step: int | None, wanted: Wanted, where: str, notes: list[str]
) -> Iterator[Bar]:
    """The bars of the rows that are wanted; raises PerpcalcError, naming file and row, for one that is wrong."""
    order = Order(step)
    quick, length = stream.quick, step or 0
    expected: int | None = None
    with naming(where):
        for number, row in stream.rows:
            bar = quick(row)
            if bar is None:
                with naming(f"{stream.word} {number}"):
                    cells = stream.cells(row)
                    if not cells or not _is_wanted(cells, layout, wanted):
                        continue
                    bar = bar_of(cells, layout, length)
                if bar is None:
                    order.empty += not layout.ticks  # of ticks some are of other things
                    continue
            if bar[0] != expected:
                with naming(f"{stream.word} {number}"):
                    if not order.takes(bar[0]):
                        continue
            order.expected = expected = bar[0] + length
            yield bar
        wanted.check_found()
    notes += order.notes()


def quick_reader(
    columns: Sequence[str], sign: str, first: Item, layout: Layout, step: int | None
) -> Callable[[str], Bar | None]:
    """A function that makes a bar of a usual line of a CSV file at once; None for any other line, right or wrong.

    Usual are numbers without exponents, no quotes, and the instrument of the first row.
    """
    cell = rf"[^{re.escape(sign)}\"\r\n]*"
    unit = DIGITS.get(len(first[layout.time])) if first[layout.time].isdigit() else None
    time_cell = rf"(\d{{{len(first[layout.time])}}})" if unit else f"({cell})"
    groups: dict[str, int] = {}
    parts = []
    for column in columns:
        if column in (layout.time, *layout.prices):
            groups[column] = len(groups) + 1
            parts.append(time_cell if column == layout.time else PRICE)
        else:
            parts.append(re.escape(first[column]) if column == layout.instrument else cell)
    match = re.compile(re.escape(sign).join(parts) + r"\s*\Z", re.ASCII).match
    wanted = [groups[column] for column in (layout.time, *layout.prices)]
    shift = step or 0 if layout.ends else 0
    as_number = Decimal

    def bar(line: str) -> Bar | None:
        found = match(line)
        if found is None:
            return None
        text, first_price, top, bottom, last = found.group(*wanted)
        time = int(text) * unit if unit else _time_or_none(text)
        opened, high = as_number(first_price), as_number(top)
        low, close = as_number(bottom), as_number(last)
        if time is None or not ZERO < low <= opened <= high or not low <= close <= high:
            return None
        return time - shift, opened, high, low, close

    return bar


def _time_or_none(text: str) -> int | None:
    try:
        return moment(text).time
    except PerpcalcError:
        return None


def bar_of(cells: Item, layout: Layout, step: int) -> Bar | None:
    """The bar of a row, None where it has no prices; raises PerpcalcError for one that is wrong."""
    if all(cells.get(name) in (None, "") for name in layout.prices):
        return None
    prices = [answers.positive(cells, name) for name in layout.prices]
    opened, high, low, close = prices
    if opened is None or high is None or low is None or close is None:
        raise PerpcalcError(f"has no {layout.prices[prices.index(None)]} above 0", "correct the file")
    if not low <= min(opened, close) or not max(opened, close) <= high:
        raise PerpcalcError(
            f"open {plain(opened)} and close {plain(close)} are not between low {plain(low)} and high {plain(high)}",
            "correct the file",
        )
    return time_of(cells, layout).time - (step if layout.ends else 0), opened, high, low, close


def time_of(cells: Item, layout: Layout) -> Moment:
    """The time of a row; raises PerpcalcError where it has none."""
    text = answers.text(cells, layout.time)
    if text is None:
        raise PerpcalcError(f"has no {layout.time}", "correct the file")
    return moment(text)


def _is_wanted(cells: Item, layout: Layout, wanted: Wanted) -> bool:
    return layout.instrument is None or wanted.takes(answers.text(cells, layout.instrument))
