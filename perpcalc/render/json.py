"""A report as JSON: one flat object or an array of them, numbers as strings, ASCII only."""

from decimal import Decimal
from json.encoder import JSONEncoder
from json.encoder import encode_basestring_ascii as quoted

from perpcalc.decimals import plain
from perpcalc.render.report import Report, Row
from perpcalc.render.text import Value

ENCODER = JSONEncoder(default=plain, check_circular=False)


def as_json(report: Report) -> str:
    """The report as text, one field per line."""
    if report.one:
        return _object(report.rows[0], "", "\n") + "\n"
    if not report.rows:
        return "[]\n"
    return "[\n  " + ",\n  ".join(_object(row, "  ", "\n") for row in report.rows) + "\n]\n"


def compact(report: Report) -> str:
    """The report on one line."""
    rows = [row.values for row in report.rows]
    return ENCODER.encode(rows[0] if report.one else rows)


def encoded(value: Value) -> str:
    """One value: a string, true, false or null."""
    if isinstance(value, Decimal):
        return f'"{plain(value)}"'
    if value is None:
        return "null"
    return quoted(value) if isinstance(value, str) else "true" if value else "false"


def _object(row: Row, indent: str, end: str) -> str:
    lines = (f'{indent}  "{name}": {encoded(value)}' for name, value in row.values.items())
    return "{" + end + f",{end}".join(lines) + end + indent + "}"
