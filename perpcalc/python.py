"""The Python door: a function for each command, and one that takes a question as a line of `batch` has it."""

import decimal
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from perpcalc.answer import Answer
from perpcalc.commands.command import Command, Result, asked, summed
from perpcalc.commands.lines import NO_KEYS, answered, with_id
from perpcalc.commands.registry import command_named
from perpcalc.decimals import CONTEXT
from perpcalc.errors import Key, PerpcalcError, suggestion
from perpcalc.given import read, reader
from perpcalc.names import FUNCTIONS
from perpcalc.options import PORTFOLIO, TOTAL

RESERVED = {"for_": "for", "from_": "from"}


class Judged(NamedTuple):
    """What `check` answers: the exit status of the command, and a record for each rule and position."""

    status: int
    rows: Sequence[Answer]


def exported(name: str) -> Any:
    """What `perpcalc.NAME` is."""
    if name == "__version__":
        from importlib.metadata import version

        return version("perpcalc")
    fixed = {"PerpcalcError": PerpcalcError, "ask": ask, "as_json": as_json}
    return fixed[name] if name in fixed else function(name)


def function(name: str) -> Callable[..., Any]:
    """The function of a command, `liq_price` or `solve_margin`."""
    command = command_named(FUNCTIONS[name])
    by_keyword = {_keyword(option.name): option for option in command.options if option.name not in NO_KEYS}
    options = reader(by_keyword.values(), environment=False)

    def call(**keywords: object) -> Answer | list[Answer] | Judged:
        unknown = [keyword for keyword in keywords if keyword not in by_keyword]
        if unknown:
            raise PerpcalcError("is not an option", f"give {suggestion(unknown[0], by_keyword)}").at(Key(unknown[0]))
        with decimal.localcontext(CONTEXT):
            given = read(options, {by_keyword[name].name: value for name, value in keywords.items()}, by_program=True)
            result = asked(command, given)
            return _handed(command, summed(result) if TOTAL in given else result)

    call.__name__ = call.__qualname__ = name
    call.__module__ = "perpcalc"
    call.__doc__ = _documented(command)
    return call


def ask(question: Mapping[str, object]) -> dict[str, Any] | list[dict[str, Any]]:
    """What `perpcalc batch` prints for a question such as `{"command": "pnl", "side": "long", ...}`.

    A bad question is answered with `{"error": "..."}`; an `id` is handed back first.

    >>> ask({"id": 7, "command": "pnl"})["id"]
    7
    """
    named = {"id": question["id"]} if "id" in question else {}
    with decimal.localcontext(CONTEXT):
        try:
            made = answered(question, environment=False)
        except PerpcalcError as error:
            return {**named, "error": error.line()}
        return with_id(made, named)


def as_json(answer: Answer | Sequence[Answer] | Judged) -> str:
    """An answer as `--json` prints it.

    >>> from perpcalc import power
    >>> as_json(power(power=2, index=3000, mark=9_100_000)).splitlines()[1]
    '  "power": "2",'
    """
    from perpcalc.render.json import as_json as printed

    with decimal.localcontext(CONTEXT):
        if isinstance(answer, Answer):
            return printed([answer], one=True)
        return printed(answer.rows if isinstance(answer, Judged) else answer, one=False)


def _keyword(name: str) -> str:
    return next((keyword for keyword, option in RESERVED.items() if option == name), name)


def _handed(command: Command, result: Result) -> Answer | list[Answer] | Judged:
    rows = [row.answer for row in result.rows]
    if command.judges:
        return Judged(result.status, rows)
    return rows[0] if result.one else rows


def _documented(command: Command) -> str:
    """The docstring of a command's function."""
    options = [option for option in command.options if option.name not in NO_KEYS]
    lines = "\n".join(f"    {_keyword(option.name)}: {option.help}" for option in options)
    several = " With a portfolio a list of them." if PORTFOLIO in command.options else ""
    return f"{command.help}\n\nReturns {command.result.__name__}.{several}\n\n{lines}\n"
