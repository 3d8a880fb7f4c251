"""A call as it was written: which command, and what is given of its options, where every word can only mean one thing.

Such a call needs no Typer, whose import is half of its time. Typer reads all others: those that ask for help, those
with letters run together or words of no option, and those with a mistake, which it tells.
"""

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

from perpcalc.cli.door import Action, ActionGroup, Written
from perpcalc.commands.command import Command, Group
from perpcalc.commands.registry import found
from perpcalc.errors import Key
from perpcalc.given import Option
from perpcalc.names import FILES, LISTED, MACHINE

DOORS = {"portfolio": FILES, "venues": FILES, "batch": MACHINE, "schema": MACHINE}
"""What reads and writes for itself, below perpcalc.cli."""
COMMANDS = (*LISTED, *DOORS)


def runnable(name: str) -> Command | Action | Group | ActionGroup:
    """What stands behind a name: a command, an action, or several under one name."""
    if name in LISTED:
        return found(name)
    module = import_module(f"perpcalc.cli.{name}")
    made: Action | ActionGroup = module.GROUP if hasattr(module, "GROUP") else module.ACTION
    return made


def spellings(option: Option[object]) -> list[str]:
    """How an option is written on the command line, the short way first.

    >>> from perpcalc.options import ENTRY_FEE, SIDE
    >>> spellings(SIDE), spellings(ENTRY_FEE)
    (['-s', '--side'], ['--entry-fee'])
    """
    long = Key(option.name).flag
    return [f"-{option.short}", long] if option.short else [long]


def read_plainly(arguments: Sequence[str]) -> tuple[Command | Action, Written] | None:
    """The command that a call names and what is written for its options; None where Typer has to read the call."""
    if not arguments or arguments[0] not in COMMANDS:
        return None
    called, words = runnable(arguments[0]), arguments[1:]
    if isinstance(called, Group | ActionGroup):
        inner = next((command for command in called.commands if words and command.name == words[0]), None)
        if inner is None:
            return None
        called, words = inner, words[1:]
    written = _written(called.options, words)
    return None if written is None else (called, written)


def _written(options: Sequence[Option[object]], words: Iterable[str]) -> Written | None:
    """What words say of options: those behind an option are its value, those that stand alone the arguments."""
    arguments = [option for option in options if option.argument]
    by_flag = {flag: option for option in options if not option.argument for flag in spellings(option)}
    written: dict[str, Any] = {}
    alone: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "-" or not word.startswith("-"):
            alone.append(word)
            continue
        flag, equals, text = word.partition("=")
        option = by_flag.get(flag)
        if option is None or (equals and (option.flag or not flag.startswith("--"))):
            return None
        if option.flag:
            written[option.name] = True
            continue
        value = text if equals else next(rest, None)
        if value is None:
            return None
        written.setdefault(option.name, []).append(value)
    if len(alone) != len(arguments) or not all(alone) or any(argument.many for argument in arguments):
        return None
    return {**written, **{argument.name: word for argument, word in zip(arguments, alone, strict=True)}}
