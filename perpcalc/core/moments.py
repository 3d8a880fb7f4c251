"""Moments and spans of time: whole microseconds since 1970 in UTC, as people and programs write them."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from perpcalc.errors import PerpcalcError, shown

SECOND = 1_000_000
MINUTE = 60 * SECOND
UNITS = {"d": 1440 * MINUTE, "h": 60 * MINUTE, "m": MINUTE, "s": SECOND, "ms": 1000}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DIGITS = {10: SECOND, 13: 1000, 16: 1}
"""Microseconds in the unit that a count of so many digits is in: seconds, milliseconds, microseconds."""


class Moment(NamedTuple):
    """A moment in microseconds since 1970; `assumed` where nothing said that it is UTC."""

    time: int
    assumed: bool = False


def moment(text: str) -> Moment:
    """The moment that is written: ISO 8601, or seconds, milli-, micro- or nanoseconds since 1970, told by their digits.

    Raises PerpcalcError for anything else.

    >>> moment("2024-06-01 08:00").time == moment("1717228800").time == moment("1717228800000").time
    True
    """
    whole, point, fraction = text.partition(".")
    if whole.isdigit() and text.isascii() and (fraction.isdigit() or not point):
        if len(whole) in DIGITS and (len(whole) == 10 or not point):
            parts = (fraction + "000000")[:6] if point else ""
            return Moment(int(whole) * DIGITS[len(whole)] + int(parts or 0))
        if len(text) == 19:
            return Moment(int(text) // 1000)
    try:
        read = datetime.fromisoformat(text.removesuffix(" UTC") + ("Z" if text.endswith(" UTC") else ""))
        if text.isdigit():
            raise ValueError
    except ValueError:
        raise PerpcalcError(
            f"{shown(text)} is not a time", "write it as 2024-06-01T08:00:00Z or in milliseconds since 1970"
        ) from None
    aware = read.replace(tzinfo=UTC) if read.tzinfo is None else read
    return Moment((aware - EPOCH) // timedelta(microseconds=1), read.tzinfo is None)


def iso(time: int) -> str:
    """A moment as ISO 8601 in UTC, without a fraction of zero.

    >>> iso(1_717_228_800_000_000), iso(1_717_228_800_012_000)
    ('2024-06-01T08:00:00Z', '2024-06-01T08:00:00.012Z')
    """
    seconds, fraction = divmod(time, SECOND)
    written = (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return written + (f".{fraction:06d}".rstrip("0") if fraction else "") + "Z"


def span(microseconds: int) -> str:
    """A span of time in its largest whole unit.

    >>> span(90 * MINUTE), span(8 * 60 * MINUTE)
    ('90m', '8h')
    """
    whole = ((unit, length) for unit, length in UNITS.items() if microseconds % length == 0)
    unit, length = next(whole, ("ms", 1000))
    return f"{microseconds // length}{unit}"
