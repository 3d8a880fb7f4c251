"""A report as JSON: one flat object or an array of them, numbers as strings, ASCII only."""

from decimal import Decimal
from json.encoder import JSONEncoder
from json.encoder import encode_basestring_ascii as quoted

from perpcalc.decimals import plain
from perpcalc.render.report import Report
from perpcalc.render.text import Value

ENCODER = JSONEncoder(default=plain, check_circular=False)


def as_json(report: Report) -> str:
    """The report as text: one answer with a field per line, several with an answer per line."""
    if report.one:
        fields = (f'  "{name}": {encoded(value)}' for name, value in report.rows[0].values.items())
        return "{\n" + ",\n".join(fields) + "\n}\n"
    if not report.rows:
        return "[]\n"
    return "[\n" + ",\n".join(ENCODER.encode(row.values) for row in report.rows) + "\n]\n"


def compact(report: Report) -> str:
    """The report on one line."""
    rows = [row.values for row in report.rows]
    return ENCODER.encode(rows[0] if report.one else rows)


def encoded(value: Value) -> str:
    """One value: a string, true, false or null."""
    return quoted(plain(value)) if isinstance(value, Decimal) else ENCODER.encode(value)
