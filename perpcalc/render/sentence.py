"""The answer in one sentence, as a person would say it."""

from collections.abc import Sequence
from decimal import Decimal

from perpcalc.answer import Sentence, kinds_of
from perpcalc.commands.command import Result, Row
from perpcalc.decimals import ZERO
from perpcalc.render.numbers import short, unit
from perpcalc.render.text import printable


def sentence(result: Result) -> str:
    """The sentence of a single answer, else the one that sums several up; empty where there is none."""
    rows = result.rows
    if result.one:
        return told(rows[0].answer.sentence(), rows)
    return told(result.answer.summary([row.answer for row in rows]), rows)


def told(parts: Sentence, rows: Sequence[Row]) -> str:
    """The parts of a sentence in one piece, each field as a number with its unit."""
    said = []
    for part in parts:
        if isinstance(part, str):
            said.append(printable(part))
            continue
        row = rows[part.row]
        value = getattr(row.answer, part.field)
        if not isinstance(value, Decimal):
            said.append("never" if value is None else printable(str(value)))
            continue
        kind = {**kinds_of(type(row.answer)), **row.answer.shown_kinds()}[part.field]
        precision = row.precision()
        text = short(abs(value) if part.size else value, kind.name, precision)
        said.append(f"{text} {unit(ZERO if part.size else value, kind, precision)}".strip())
    return "".join(said)
