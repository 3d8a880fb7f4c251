"""A report as CSV: a header of field names, one line per row, formulas in texts disarmed."""

import csv
import io

from perpcalc.render.report import Report
from perpcalc.render.text import Value, machine

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_csv(report: Report) -> str:
    """The report as text, lines ending in a line feed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(report.fields)
    for row in report.rows:
        writer.writerow([cell(row.values[name]) for name in report.fields])
    return out.getvalue()


def cell(value: Value) -> str:
    """One cell: a spreadsheet must not run a name, so a text that starts like a formula gets a quote before it.

    >>> from decimal import Decimal
    >>> cell("=1+1"), cell(Decimal("-1"))
    ("'=1+1", '-1')
    """
    text = machine(value) or ""
    return "'" + text if isinstance(value, str) and text.startswith(FORMULA_STARTS) else text
