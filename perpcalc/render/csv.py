"""Answers as CSV: a header of field names, one line per answer, formulas in texts disarmed."""

import csv
import io
from collections.abc import Sequence

from perpcalc.answer import Answer, Value
from perpcalc.decimals import number
from perpcalc.errors import PerpcalcError, printable
from perpcalc.render.text import machine

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_csv(fields: Sequence[str], answers: Sequence[Answer]) -> str:
    """The answers as text, lines ending in a line feed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows([cell(getattr(answer, name)) for name in fields] for answer in answers)
    return out.getvalue()


def cell(value: Value) -> str:
    """One cell: a spreadsheet must not run a name, so a text that starts like a formula gets a quote before it.

    A number or a rate is no formula. A name must not steer a terminal either: its control characters are written as
    escapes.

    >>> from decimal import Decimal
    >>> cell("=1+1"), cell("-0.025%"), cell(Decimal("-1"))
    ("'=1+1", '-0.025%', '-1')
    """
    text = machine(value) or ""
    is_formula = isinstance(value, str) and text.startswith(FORMULA_STARTS) and not _is_number(text)
    return "'" + printable(text) if is_formula else printable(text)


def _is_number(text: str) -> bool:
    try:
        number(text.removesuffix("%"))
    except PerpcalcError:
        return False
    return True
