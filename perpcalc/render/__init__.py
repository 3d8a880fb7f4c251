"""Printing what was answered: as a table, JSON, CSV, bare fields, or explained. Rendering knows nothing of
contracts.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from perpcalc.answer import Answer
from perpcalc.commands.command import Result
from perpcalc.errors import PerpcalcError, shown, suggestion
from perpcalc.options import FIELD


class Manner(NamedTuple):
    """How an answer is to be printed; `fields` name the bare values, or what is explained."""

    format: str
    fields: Sequence[str]
    explain: bool
    wide: bool
    charts: bool


def rendered(result: Result, manner: Manner) -> Iterable[str]:
    """An answer as pieces of text; raises PerpcalcError for a field that it has not."""
    check_fields(result.answer, manner.fields)
    answers = [row.answer for row in result.rows]
    if manner.explain:
        from perpcalc.render.explain import explained

        return (explained(result, manner.fields),)
    if manner.fields:
        return (bare(answers, manner.fields),)
    if manner.format == "json":
        from perpcalc.render.json import as_json

        return as_json(answers, result.one)
    if manner.format == "csv":
        from perpcalc.render.csv import as_csv

        return (as_csv(result.answer._fields, answers),)
    from perpcalc.render.table import as_table

    return (as_table(result, manner.wide, manner.charts),)


def check_fields(answer: type[Answer], fields: Sequence[str]) -> None:
    """Raise PerpcalcError for the first name that is no field of the answer."""
    for name in fields:
        if name not in answer._fields:
            raise PerpcalcError(
                f"{shown(name)} is not a field of this command", f"give {suggestion(name, answer._fields)}"
            ).at(FIELD.key)


def bare(answers: Sequence[Answer], fields: Sequence[str]) -> str:
    """The values of some fields, tabs between them, a line per answer; nothing for null."""
    from perpcalc.errors import printable
    from perpcalc.render.text import machine

    lines = ("\t".join(printable(machine(getattr(answer, name)) or "") for name in fields) for answer in answers)
    return "".join(line + "\n" for line in lines)
