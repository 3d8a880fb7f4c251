"""A report explained: each result with its formula, the numbers put in, and the convention and source behind it."""

import re
from decimal import Decimal

from perpcalc.render.report import Report, Row, Step
from perpcalc.render.table import amount, unit
from perpcalc.render.text import Value, printable

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def explained(report: Report) -> str:
    """All rows of a report, step by step, as text."""
    return "\n".join(_explained_row(report, row) for row in report.rows)


def _explained_row(report: Report, row: Row) -> str:
    heading = [
        f"{name} {row.values[name]}" for name in ("name", "account", "venue", "instrument") if row.values.get(name)
    ]
    lines = [printable(f"{report.title}: {', '.join(heading)}" if heading else report.title), ""]
    for step in row.steps:
        value = row.values[step.field]
        lines.append(f"{step.field} = {_shown(report, row, step.field, value)}")
        lines.append(f"    {step.formula}")
        filled = substituted(step, row)
        if filled != step.formula:
            lines.append(f"    {filled}")
        lines.extend(f"    {printable(line)}" for line in step.why.splitlines())
        lines.append("")
    if row.values.get("reason"):
        lines.extend([printable(f"reason: {row.values['reason']}"), ""])
    return "\n".join(lines)


def substituted(step: Step, row: Row) -> str:
    """The formula of a step with the numbers in place of the names that have one.

    >>> row = Row({"net": Decimal(2), "gross": Decimal(3), "fee": Decimal(1)})
    >>> substituted(Step("net", "gross - fee"), row)
    '3 - 1'
    """

    def number(match: re.Match[str]) -> str:
        name = match[0]
        value = step.inputs.get(name, row.values.get(name))
        return _number(value) if isinstance(value, Decimal) else name

    return WORD.sub(number, step.formula)


def _number(value: Decimal) -> str:
    from perpcalc.decimals import plain

    text = plain(value)
    return f"({text})" if text.startswith("-") else text


def _shown(report: Report, row: Row, name: str, value: Value) -> str:
    if value is None:
        return "never" if name in row.never else "not known"
    if not isinstance(value, Decimal):
        return printable(str(value))
    kind = report.kinds[name]
    shown = amount(value, kind, max(row.coin_places, 8), row.price_places)
    return f"{shown} {unit(row, name, kind)}".strip()
