"""A question as one object: `{"command": "pnl", "side": "long", ...}`, from a line of JSON or from Python."""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from perpcalc.answer import Value
from perpcalc.commands.command import Command, Result, asked, summed
from perpcalc.commands.registry import command_named
from perpcalc.decimals import plain
from perpcalc.errors import PerpcalcError
from perpcalc.files import descriptor_of
from perpcalc.given import Given, Option, Reader, read, reader
from perpcalc.grammar import CoinFile
from perpcalc.options import CHART, EXPLAIN, FIELD, FORMAT, INTO, JSON, QUIET, SVG, TOTAL, WIDE
from perpcalc.other_words import key_meant

NO_KEYS = frozenset(option.name for option in (CHART, SVG, INTO, FORMAT, JSON, FIELD, EXPLAIN, QUIET, WIDE))
"""Options that say how an answer is printed, or write files."""


Line = dict[str, object]
"""An object of JSON that is answered."""


class Question(NamedTuple):
    """A question that was read: the command, and what is given of its options."""

    command: Command
    given: Given


class Answered(NamedTuple):
    """The answer to a line: what was asked and what came of it."""

    command: Command
    result: Result


class Asking(NamedTuple):
    """A command as lines ask for it."""

    command: Command
    reader: Reader
    files: Mapping[str, Option[object]]


def not_an_object() -> PerpcalcError:
    """The error of a question that is none."""
    return PerpcalcError("not a JSON object", 'write {"command": "pnl", ...}')


def bad_id() -> PerpcalcError:
    """The error of an id that cannot be handed back."""
    return PerpcalcError("is neither a text nor a number", "give one").at("id")


def question_of(written: Mapping[str, object], environment: bool = True) -> Question:
    """What an object asks; raises PerpcalcError where it asks nothing.

    `environment` lets variables of the environment fill absent options.
    """
    name = written.get("command")
    asking = _asking(name if isinstance(name, str) else "", environment)
    given = read(asking.reader, _options(written, asking), by_program=True)
    return Question(asking.command, _by_name(given, asking))


def answered(question: Question) -> Answered:
    """The answer to a question; raises PerpcalcError where there is none."""
    command, given = question
    result = asked(command, given)
    return Answered(command, summed(result) if TOTAL in given else result)


def _options(written: Mapping[str, object], asking: Asking) -> Mapping[str, object]:
    options = dict(written)
    options.pop("command", None)
    options.pop("id", None)
    if not options.keys() <= asking.reader.options.keys():
        unknown = next(key for key in options if key not in asking.reader.options)
        raise PerpcalcError("unknown key", f"give {key_meant(str(unknown), asking.reader.options)}").at(
            ascii(str(unknown)[:64])
        )
    return options


def _by_name(given: Given, asking: Asking) -> Given:
    """What is given, whose files are none that the lines come from: raises PerpcalcError, and leaves out one of the
    environment.
    """
    if given.values.keys().isdisjoint(asking.files):
        return given
    for option in asking.files.values():
        value = given[option]
        named = value if isinstance(value, tuple) else (value,)
        paths = [one.path if isinstance(one, CoinFile) else one for one in named]
        if any(path == "-" or descriptor_of(path) is not None for path in paths if isinstance(path, str)):
            if option.name not in given.filled:
                raise PerpcalcError("standard input holds the lines", "name a file").at(option.key)
            given = given.without((option,))
    return given


@lru_cache(maxsize=64)
def _asking(name: str, environment: bool) -> Asking:
    command = command_named(name)
    options: list[Option[object]] = [option for option in command.options if option.name not in NO_KEYS]
    files = {option.name: option for option in options if option.complete == "file"}
    return Asking(command, reader(options, environment), files)


def with_id(made: Answered, named: Line) -> Line | list[Line]:
    """An answer as objects, the id that `named` may hold first; rows with an id or a verdict stand in an object."""
    result = made.result
    rows: list[Line] = [{name: _shown(value) for name, value in row.answer._asdict().items()} for row in result.rows]
    if result.one:
        return {**named, **rows[0]}
    if made.command.judges:
        return {**named, "status": result.status, "rows": rows}
    return {**named, "rows": rows} if named else rows


def _shown(value: Value) -> str | bool | None:
    return plain(value) if isinstance(value, Decimal) else value
