"""The answer in one sentence, as a person would say it."""

from collections.abc import Sequence
from decimal import Decimal

from perpcalc.answer import Kind, Precision, Said, Sentence, Told, kinds_of
from perpcalc.commands.command import Result, Row
from perpcalc.decimals import ZERO
from perpcalc.errors import printable
from perpcalc.render.numbers import DEFAULT, short, unit


def sentence(result: Result) -> str:
    """The sentence of a single answer, else the one that sums several up; empty where there is none."""
    rows = result.rows
    if result.one:
        return told(rows[0].answer.sentence(), rows)
    if result.said is not None:
        return told(result.said(), rows)
    sums = () if result.totals is None else result.totals()
    said = result.answer.summary([row.answer for row in rows], [row.answer for row in sums])
    return told(said, [*rows, *sums])


def told(parts: Sentence, rows: Sequence[Row]) -> str:
    """The parts of a sentence in one piece, each figure as a number with its unit."""
    said = []
    for part in parts:
        if isinstance(part, str):
            said.append(printable(part))
        elif isinstance(part, Said):
            said.append(_figure(part.value, part.kind, DEFAULT, size=False))
        else:
            said.append(_field(part, rows[part.row]))
    return "".join(said)


def _field(part: Told, row: Row) -> str:
    value = getattr(row.answer, part.field)
    if not isinstance(value, Decimal):
        return "never" if value is None else printable(str(value))
    kind = {**kinds_of(type(row.answer)), **row.answer.shown_kinds()}[part.field]
    return _figure(value, kind, row.precision(), part.size)


def _figure(value: Decimal, kind: Kind, precision: Precision, size: bool) -> str:
    text = short(abs(value), kind.name, precision).removeprefix("+") if size else short(value, kind.name, precision)
    return f"{text} {unit(ZERO if size else value, kind, precision)}".strip()
