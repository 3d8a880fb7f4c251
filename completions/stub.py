"""The type stub of the package: each command as a function, its options as keywords, its record as what comes back."""

from collections.abc import Iterator
from itertools import product

from perpcalc.answer import Answer
from perpcalc.commands.command import BY_POSITION, SINGLE, Command
from perpcalc.commands.registry import command_named
from perpcalc.commands.schema import NUMBERS, required
from perpcalc.given import Option
from perpcalc.grammar import fill, path, take
from perpcalc.names import EXPORTED, FUNCTIONS
from perpcalc.options import PORTFOLIO, TOTAL
from perpcalc.python import keywords_of

HEAD = """\
# Written by completions/generate.py from the program's own tables: change those and run it again.
from collections.abc import Mapping, Sequence
from decimal import Decimal
from os import PathLike
from typing import Literal, TypeAlias, overload

"""
OWN = (
    "from perpcalc.errors import PerpcalcError",
    "from perpcalc.python import Judged as Judged",
    "from perpcalc.python import as_json, ask",
)
ALIASES = """\
__version__: str

_Path: TypeAlias = str | PathLike[str]
_Number: TypeAlias = int | float | str | Decimal
_Pair: TypeAlias = str | tuple[_Number, _Number] | Mapping[str, _Number]
"""


def stub() -> str:
    """The whole stub, as ruff formats one."""
    commands = {name: command_named(question) for name, question in FUNCTIONS.items()}
    records = {record for one in commands.values() for record in (one.result, one.totals) if record is not None}
    again = [f"from {one.__module__} import {one.__name__} as {one.__name__}" for one in records]
    imports = "\n".join(sorted([*OWN, *again]))
    names = "".join(f'    "{name}",\n' for name in sorted(EXPORTED, key=lambda name: (not name[0].isupper(), name)))
    functions = "".join(text for name, command in commands.items() for text in _functions(name, command))
    return f"{HEAD}{imports}\n\n__all__ = [\n{names}]\n{ALIASES}\n{functions}"


def _functions(name: str, command: Command) -> Iterator[str]:
    """The function of a command: one signature, or several where what is asked for decides what comes back."""
    keywords = keywords_of(command)
    portfolios = (False, True) if PORTFOLIO.name in keywords and command.shape == BY_POSITION else (None,)
    sums = (False, True) if TOTAL.name in keywords and command.totals is not None else (None,)
    overloads = list(product(portfolios, sums))
    for portfolio, summed in overloads:
        fixed: dict[str, str] = {}
        if portfolio is not None:
            fixed[PORTFOLIO.name] = "_Path" if portfolio else "None = None"
        if summed is not None:
            fixed[TOTAL.name] = "Literal[True]" if summed else "Literal[False] = False"
        needed = _needed(command, portfolio)
        written = [
            f"    {keyword}: {fixed.get(option.name) or _keyword(option, option.name in needed)},\n"
            for keyword, option in keywords.items()
        ]
        record = command.totals if summed and command.totals is not None else command.result
        decorator = "@overload\n" if len(overloads) > 1 else ""
        yield f"{decorator}def {name}(\n    *,\n{''.join(written)}) -> {_returned(command, record, portfolio)}: ...\n"


def _needed(command: Command, portfolio: bool | None) -> set[str]:
    """The options without which there is no answer, of a position or of a portfolio."""
    return set(required(command, without=[PORTFOLIO.name] if portfolio is False else []))


def _keyword(option: Option[object], needed: bool) -> str:
    """The type of a keyword, and its default."""
    if option.flag:
        return "bool = False"
    one = "str"
    if option.choices:
        choices = ", ".join(f'"{choice}"' for choice in option.choices)
        one = f"Literal[{choices}]"
    elif option.read in NUMBERS:
        one = "_Number"
    elif option.read in (fill, take):
        one = "_Pair"
    elif option.read is path:
        one = "_Path"
    if option.many:
        one = f"Sequence[{one}]"
    return one if needed else f"{one} | None = None"


def _returned(command: Command, record: type[Answer], portfolio: bool | None) -> str:
    if command.judges:
        return f"Judged[{record.__name__}]"
    if command.shape == SINGLE or (command.shape == BY_POSITION and not portfolio):
        return record.__name__
    return f"list[{record.__name__}]"
