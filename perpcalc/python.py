"""The Python door: a function for each command, and one that takes a question as a line of `batch` has it."""

import decimal
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

from perpcalc.answer import Answer
from perpcalc.commands.command import BY_POSITION, ROWS, Command, Result
from perpcalc.commands.lines import NO_KEYS, Question, answered, bad_id, not_an_object, question_of, with_id
from perpcalc.commands.registry import command_named
from perpcalc.decimals import CONTEXT, FRACTION_DIGITS, ONE
from perpcalc.errors import Key, PerpcalcError
from perpcalc.given import Option, read, reader
from perpcalc.names import FUNCTIONS, QUESTIONS
from perpcalc.other_words import key_meant

FLAG = re.compile(r"--([a-z][a-z-]*)")
RESERVED = {"for_": "for", "from_": "from"}
A_co = TypeVar("A_co", bound=Answer, covariant=True)


class Judged(NamedTuple, Generic[A_co]):
    """What `check` answers: the exit status of the command, and a record for each rule and position."""

    status: int
    rows: Sequence[A_co]


def exported(name: str) -> Any:
    """What `perpcalc.NAME` is; raises AttributeError where it is nothing."""
    if name == "__version__":
        from importlib.metadata import version

        return version("perpcalc")
    fixed = {"PerpcalcError": PerpcalcError, "Judged": Judged, "ask": ask, "as_json": as_json}
    return fixed[name] if name in fixed else function(name) if name in FUNCTIONS else record(name)


def record(name: str) -> type[Answer]:
    """The record of this name that some command answers with."""
    for question in QUESTIONS:
        command = command_named(question)
        for one in (command.result, command.totals):
            if one is not None and one.__name__ == name:
                return one
    raise AttributeError(f"module 'perpcalc' has no attribute {name!r}")


def function(name: str) -> Callable[..., Any]:
    """The function of a command, `liq_price` or `solve_margin`."""
    from inspect import Parameter, Signature

    command = command_named(FUNCTIONS[name])
    by_keyword = keywords_of(command)
    options = reader(by_keyword.values(), environment=False)

    def call(**keywords: object) -> Answer | list[Answer] | Judged[Answer]:
        unknown = [keyword for keyword in keywords if keyword not in by_keyword]
        if unknown:
            raise PerpcalcError("is not an option", f"give {key_meant(unknown[0], by_keyword)}").at(Key(unknown[0]))
        with decimal.localcontext(CONTEXT):
            given = read(options, {by_keyword[name].name: value for name, value in keywords.items()}, by_program=True)
            return _handed(command, answered(Question(command, given)).result)

    call.__name__ = call.__qualname__ = name
    call.__module__ = "perpcalc"
    call.__doc__ = _documented(command)
    parameters = [Parameter(keyword, Parameter.KEYWORD_ONLY, default=None) for keyword in by_keyword]
    vars(call)["__signature__"] = Signature(parameters)
    return call


def ask(question: Mapping[str, object]) -> dict[str, Any] | list[dict[str, Any]]:
    """What `perpcalc batch` prints for a question such as `{"command": "pnl", "side": "long", ...}`.

    A bad question is answered with `{"error": "..."}`; an `id` is handed back first.

    >>> ask({"id": 7, "command": "pnl"})["id"]
    7
    """
    named: dict[str, object] = {}
    with decimal.localcontext(CONTEXT):
        try:
            named = _id_of(question)
            made = answered(question_of(question, environment=False))
        except PerpcalcError as error:
            return {**named, "error": error.line()}
        return with_id(made, named)


def _id_of(question: object) -> dict[str, object]:
    """The id of a question, to be handed back; raises PerpcalcError where it is neither text nor number."""
    if not isinstance(question, Mapping):
        raise not_an_object()
    named = {"id": question["id"]} if "id" in question else {}
    if not isinstance(named.get("id", ""), str | int | float | Decimal) or isinstance(named.get("id"), bool):
        raise bad_id()
    return named


def as_json(answer: Answer | Sequence[Answer] | Judged[Answer]) -> str:
    """An answer as `--json` prints it.

    >>> from perpcalc import power
    >>> as_json(power(power=2, index=3000, mark=9_100_000)).splitlines()[1]
    '  "power": "2",'
    """
    from perpcalc.render.json import as_json as printed

    with decimal.localcontext(CONTEXT):
        if isinstance(answer, Answer):
            return "".join(printed([answer], one=True))
        return "".join(printed(answer.rows if isinstance(answer, Judged) else answer, one=False))


def keywords_of(command: Command) -> dict[str, Option[object]]:
    """The options of a command by the keywords of its function."""
    keyword = {option: keyword for keyword, option in RESERVED.items()}
    return {keyword.get(one.name, one.name): one for one in command.options if one.name not in NO_KEYS}


def _handed(command: Command, result: Result) -> Answer | list[Answer] | Judged[Answer]:
    rows = [_trimmed(row.answer) for row in result.rows]
    if command.judges:
        return Judged(result.status, rows)
    return rows[0] if result.one else rows


def _trimmed(answer: Answer) -> Answer:
    """The answer, whose numbers end in no zeros behind the decimals that machines print."""
    numbers = {name: value for name, value in answer._asdict().items() if isinstance(value, Decimal)}
    return answer._replace(**{name: _short(value) for name, value in numbers.items()})


def _short(value: Decimal) -> Decimal:
    if int(value.as_tuple().exponent) >= -FRACTION_DIGITS:
        return value
    short = value.normalize()
    return short.quantize(ONE) if short == short.to_integral_value() else short


def _documented(command: Command) -> str:
    """The docstring of a command's function."""
    options = keywords_of(command)
    lines = "\n".join(f"    {keyword}: {option.help}" for keyword, option in options.items())
    record = command.result.__name__
    returned = f"a list of {record}" if command.shape == ROWS else record
    if command.judges:
        returned = f"the status, and {returned}"
    elif command.shape == BY_POSITION:
        returned += ", with a portfolio a list of them"
    told = f"{command.help}\n\nReturns {returned}.\n\n{lines}\n"
    return FLAG.sub(lambda flag: flag[1].replace("-", "_"), told)
