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
    if text[4:5] != "-":
        whole, point, fraction = text.partition(".")
        if whole.isdigit() and text.isascii() and (fraction.isdigit() or not point):
            if len(whole) in DIGITS and (len(whole) == 10 or not point):
                return Moment(int(whole) * DIGITS[len(whole)] + int((fraction + "000000")[:6] if point else 0))
            if len(text) == 19:
                return Moment(int(text) // 1000)
        raise _no_time(text)
    try:
        read = datetime.fromisoformat(text[:-4] + "Z" if text.endswith(" UTC") else text)
    except ValueError:
        raise _no_time(text) from None
    naive = read.tzinfo is None
    since = (read.replace(tzinfo=UTC) if naive else read) - EPOCH
    return Moment((since.days * 86_400 + since.seconds) * SECOND + since.microseconds, naive)


def _no_time(text: str) -> PerpcalcError:
    return PerpcalcError(
        f"{shown(text)} is not a time", "write it as 2024-06-01T08:00:00Z or in milliseconds since 1970"
    )


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
