"""The CSV files of `funding-cost`: samples of the premium, and past payments."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from perpcalc.core.funding import equal_average, linear_average
from perpcalc.core.rules import FundingRule
from perpcalc.decimals import positive, rate
from perpcalc.errors import PerpcalcError, suggestion
from perpcalc.files import read

MINUTE = 60_000_000
UNITS = {"d": 1440 * MINUTE, "h": 60 * MINUTE, "m": MINUTE, "s": MINUTE // 60, "ms": 1000}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST_MILLISECONDS = 10**11
UTC_ASSUMED = "times without an offset are taken as UTC"


class Past(NamedTuple):
    """A payment of the past: its time in microseconds since 1970, the rate charged and the mark it was charged at."""

    time: int
    rate: Decimal
    mark: Decimal


class Samples(NamedTuple):
    """Samples of the premium, oldest first, and what was assumed in reading them; `times` are empty where none are given."""

    where: str
    premiums: tuple[Decimal, ...]
    times: tuple[int, ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...]


class History(NamedTuple):
    """Past payments, oldest first, and what was assumed in reading them."""

    where: str
    payments: tuple[Past, ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...]


class Line(NamedTuple):
    """A line of a file: its number, and its cells by column."""

    number: int
    cells: dict[str, str]


def read_samples(path: str) -> Samples:
    """The premiums of a file of `time,premium`, or of one premium per line; raises PerpcalcError naming file and line."""
    where, lines = _lines(path, ("time", "premium"), ("premium",))
    try:
        lines, times, notes = _in_time(lines) if "time" in lines[0].cells else (lines, [], [])
        premiums = tuple(_number(line, "premium") for line in lines)
    except PerpcalcError as error:
        raise error.at(where) from None
    return Samples(where, premiums, tuple(times), tuple(line.number for line in lines), _placed(notes, where))


def read_history(path: str) -> History:
    """The payments of a file of `time,rate,mark`; raises PerpcalcError naming file and line."""
    where, lines = _lines(path, ("time", "rate", "mark"))
    try:
        lines, times, notes = _in_time(lines)
        payments = tuple(
            Past(time, _number(line, "rate"), _number(line, "mark")) for time, line in zip(times, lines, strict=True)
        )
    except PerpcalcError as error:
        raise error.at(where) from None
    return History(where, payments, tuple(line.number for line in lines), _placed(notes, where))


def _placed(notes: Iterable[str], where: str) -> tuple[str, ...]:
    return tuple(f"{where}: {note}" for note in notes)


def average_premium(samples: Samples, rule: FundingRule | None, interval: Decimal | None, notes: list[str]) -> Decimal:
    """The average of the samples as the venue weights them.

    What the file leaves open is said in `notes`; a gap, or more samples than an interval holds, is an error.
    """
    notes.extend(samples.notes)
    known = rule.sample_interval if rule else None
    step = _step(samples, None if known is None else int(known * MINUTE), notes)
    count = len(samples.premiums)
    if step and interval is not None:
        full = round(interval * MINUTE / step)
        period = _shown(int(interval * MINUTE))
        if count > full:
            raise PerpcalcError(
                f"holds {count} samples, an interval of {period} has {full}", "keep those of one interval"
            ).at(samples.where)
        if count < full:
            notes.append(
                f"{samples.where}: {count} of the {full} samples of {period}: averaged as if there were no more"
            )
    if rule is not None and rule.averaging == "linear":
        return linear_average(samples.premiums)
    if rule is None or (rule.averaging is None and not rule.continuous):
        notes.append(f"{samples.where}: how the samples are weighted is not known: their plain mean is taken")
    return equal_average(samples.premiums)


def payments_due(history: History, interval: Decimal | None, notes: list[str]) -> Sequence[Past]:
    """The payments of a history, with a note on gaps; raises PerpcalcError where they come faster than the interval."""
    notes.extend(history.notes)
    if interval is None:
        return history.payments
    step = int(interval * MINUTE)
    gaps = []
    for place, (before, after) in enumerate(pairwise(history.payments), 1):
        apart = after.time - before.time
        number = history.lines[place]
        if apart * 2 <= step:
            raise (
                PerpcalcError(
                    f"is {_shown(apart)} after the payment before it, payments are {_shown(step)} apart",
                    f"give --interval {_shown(apart)} if each rate is for so long",
                )
                .at(f"line {number}")
                .at(history.where)
            )
        if apart * 2 >= step * 3:
            gaps.append(f"line {number} is {_shown(apart)} after the payment before it")
    if gaps:
        more = f" and {len(gaps) - 1} more gaps" if len(gaps) > 1 else ""
        notes.append(
            f"{history.where}: payments are {_shown(step)} apart, {gaps[0]}{more}: nothing is charged for what is missing"
        )
    return history.payments


def _step(samples: Samples, known: int | None, notes: list[str]) -> int | None:
    """The time between samples in microseconds; raises PerpcalcError where they are not equally spaced."""
    if len(samples.times) < 2:
        if not samples.times:
            spacing = f"{_shown(known)} apart, " if known else ""
            notes.append(f"{samples.where}: samples without times are taken as equally spaced, {spacing}oldest first")
        return known
    gaps = [after - before for before, after in pairwise(samples.times)]
    step = sorted(gaps)[len(gaps) // 2]
    for gap, line in zip(gaps, samples.lines[1:], strict=True):
        if gap * 2 >= step * 3 or gap * 2 <= step:
            raise (
                PerpcalcError(
                    f"is {_shown(gap)} after the sample before it, samples are {_shown(step)} apart",
                    f"{'add what is missing' if gap > step else 'leave out what is too much'}",
                )
                .at(f"line {line}")
                .at(samples.where)
            )
    if known and abs(step - known) * 2 > known:
        notes.append(f"{samples.where}: samples are {_shown(step)} apart, the venue takes one every {_shown(known)}")
    return step


def _lines(path: str, *shapes: tuple[str, ...]) -> tuple[str, list[Line]]:
    """The place to name in errors and the lines of a CSV file whose columns are one of the shapes."""
    source = read(path)
    where = source.where
    try:
        text = source.raw.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))]
        return where, _shaped(rows, shapes)
    except UnicodeDecodeError as error:
        raise PerpcalcError(f"byte {error.start} is not UTF-8", "save the file as UTF-8").at(where) from None
    except csv.Error as error:
        raise PerpcalcError(f"not CSV: {error}", "correct that line").at(f"line {reader.line_num}").at(where) from None
    except PerpcalcError as error:
        raise error.at(where) from None


def _shaped(rows: list[tuple[int, list[str]]], shapes: Sequence[tuple[str, ...]]) -> list[Line]:
    wanted = " or ".join(",".join(shape) for shape in shapes)
    columns: Sequence[str] = ()
    if rows and all(cell[:1].isalpha() for cell in rows[0][1]):
        number, header = rows.pop(0)
        columns = _columns(header, shapes, f"line {number}")
    if not rows:
        raise PerpcalcError("holds no numbers", f"write lines of {wanted}")
    if not columns:
        number, first = rows[0]
        columns = next((shape for shape in shapes if len(shape) == len(first)), ())
        if not columns:
            raise PerpcalcError(f"has {len(first)} cells", f"write {wanted}").at(f"line {number}")
    for number, cells in rows:
        if len(cells) != len(columns):
            raise PerpcalcError(f"has {len(cells)} cells, not {len(columns)}", f"write {','.join(columns)}").at(
                f"line {number}"
            )
    return [Line(number, dict(zip(columns, cells, strict=True))) for number, cells in rows]


def _columns(header: list[str], shapes: Sequence[tuple[str, ...]], where: str) -> list[str]:
    """The columns that a header names, in its order."""
    columns = [cell.lower() for cell in header]
    for name in columns:
        if name not in shapes[0]:
            raise PerpcalcError(f"{name[:40]!a} is not a column", f"give {suggestion(name, shapes[0])}").at(where)
    if sorted(columns) not in [sorted(shape) for shape in shapes]:
        raise PerpcalcError("a column is missing or there twice", f"write {' or '.join(map(','.join, shapes))}").at(
            where
        )
    return columns


def _in_time(lines: list[Line]) -> tuple[list[Line], list[int], list[str]]:
    """The lines, oldest first, with their times; raises PerpcalcError where two are equal or the order is mixed."""
    notes = []
    times = []
    for line in lines:
        time, assumed = _time(line)
        times.append(time)
        if assumed and UTC_ASSUMED not in notes:
            notes.append(UTC_ASSUMED)
    if len(times) > 1 and all(before > after for before, after in pairwise(times)):
        lines, times = lines[::-1], times[::-1]
        notes.append("the newest line comes first: read from the last to the first")
    for place, (before, after) in enumerate(pairwise(times), 1):
        if after <= before:
            what = "has the same time as" if after == before else "is earlier than"
            remedy = "leave one of them out" if after == before else "sort the lines by time"
            raise PerpcalcError(f"{what} line {lines[place - 1].number}", f"{remedy}").at(f"line {lines[place].number}")
    return lines, times, notes


def _time(line: Line) -> tuple[int, bool]:
    """The time of a line in microseconds since 1970, and whether UTC was assumed."""
    text = line.cells["time"]
    try:
        if text.isascii() and text.isdigit():
            if len(text) > 15 or int(text) < EARLIEST_MILLISECONDS:
                raise PerpcalcError(f"{text[:40]!a} is not in milliseconds since 1970", "give 13 digits")
            return int(text) * 1000, False
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise PerpcalcError(
                f"{text[:40]!a} is not a time", "write it as 2024-06-01T08:00:00Z or in milliseconds since 1970"
            ) from None
        naive = moment.tzinfo is None
        return ((moment.replace(tzinfo=UTC) if naive else moment) - EPOCH) // timedelta(microseconds=1), naive
    except PerpcalcError as error:
        raise error.at(f"line {line.number}, time") from None


def _number(line: Line, column: str) -> Decimal:
    try:
        return (positive if column == "mark" else rate)(line.cells[column])
    except PerpcalcError as error:
        raise error.at(f"line {line.number}, {column}") from None


def _shown(microseconds: int) -> str:
    """A time span in its largest whole unit."""
    whole: Iterable[tuple[str, int]] = ((unit, length) for unit, length in UNITS.items() if microseconds % length == 0)
    unit, length = next(iter(whole), ("ms", UNITS["ms"]))
    return f"{microseconds // length}{unit}"
