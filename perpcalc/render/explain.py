"""A report explained: each result with its formula, the numbers put in, and the convention and source behind it."""

import re
from decimal import Decimal

from perpcalc.render.report import Report, Row, Step
from perpcalc.render.table import amount, unit
from perpcalc.render.text import Value, paragraph, printable

HEADING = ("name", "account", "venue", "instrument")
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def explained(report: Report) -> str:
    """All rows of a report, step by step, as text."""
    return "\n".join(_explained_row(report, row) for row in report.rows)


def _explained_row(report: Report, row: Row) -> str:
    heading = " ".join(str(row.values[name]) for name in HEADING if row.values.get(name))
    lines = [printable(f"{report.title}: {heading}" if heading else report.title)]
    stepped = {step.field for step in row.steps}
    given = [name for name in report.kinds if _is_input(row, name, stepped)]
    width = max(map(len, given), default=0)
    lines.extend(f"  {name:{width}}  {_shown(report, row, name, row.values[name])}" for name in given)
    for step in row.steps:
        lines.append(f"\n{step.field} = {_shown(report, row, step.field, row.values[step.field])}")
        lines.append(paragraph(step.formula, "    "))
        filled = substituted(step, row)
        if filled != step.formula:
            lines.append(paragraph(f"= {filled}", "    "))
        lines.extend(paragraph(line, "    ") for line in step.why.splitlines() if line)
    if row.values.get("reason"):
        lines.extend(["", paragraph(f"reason: {row.values['reason']}")])
    return "\n".join(lines) + "\n"


def _is_input(row: Row, name: str, stepped: set[str]) -> bool:
    """Whether a field is shown before the steps: it has a value, and no step of its own."""
    return name not in stepped and name not in HEADING and name != "reason" and row.values[name] is not None


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
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, Decimal):
        return printable(value)
    kind = row.kinds.get(name, report.kinds[name])
    shown = amount(value, kind, row.coin_places, row.price_places)
    return f"{shown} {unit(row, name, kind)}".strip()
