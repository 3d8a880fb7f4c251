"""A report as JSON: one flat object or an array of them, numbers as strings, ASCII only."""

from json.encoder import encode_basestring_ascii as quoted

from perpcalc.render.report import Report, Row
from perpcalc.render.text import Value, machine


def as_json(report: Report) -> str:
    """The report as text, one field per line."""
    if report.one:
        return _object(report.rows[0], "", "\n") + "\n"
    if not report.rows:
        return "[]\n"
    return "[\n  " + ",\n  ".join(_object(row, "  ", "\n") for row in report.rows) + "\n]\n"


def compact(row: Row) -> str:
    """One row on one line."""
    return "{" + ", ".join(f'"{name}": {encoded(value)}' for name, value in row.values.items()) + "}"


def encoded(value: Value) -> str:
    """One value: a string, true, false or null."""
    text = machine(value)
    return "null" if text is None else text if isinstance(value, bool) else quoted(text)


def _object(row: Row, indent: str, end: str) -> str:
    lines = (f'{indent}  "{name}": {encoded(value)}' for name, value in row.values.items())
    return "{" + end + f",{end}".join(lines) + end + indent + "}"
