"""The commands themselves by name; the module of one is imported when it is asked for."""

from importlib import import_module

from perpcalc.commands.command import Command, Group
from perpcalc.errors import PerpcalcError, suggestion
from perpcalc.names import LISTED, QUESTIONS


def found(name: str) -> Command | Group:
    """The command or the group of this name."""
    module = import_module("perpcalc.commands." + LISTED[name].module)
    made: Command | Group = module.GROUP if LISTED[name].commands else module.COMMAND
    return made


def command_named(question: str) -> Command:
    """The command that a line of JSON or a call names, `pnl` or `solve margin`; raises PerpcalcError for another."""
    if question not in QUESTIONS:
        outer = question.partition(" ")[0]
        inner = [name for name in QUESTIONS if name.startswith(f"{outer} ")]
        near = "one of " + ", ".join(inner) if question in LISTED else suggestion(question, inner or QUESTIONS)
        raise PerpcalcError(f"{question[:64]!a} is not a command for a line", f"give {near}").at("command")
    outer, _, name = question.partition(" ")
    made = found(outer)
    return made if isinstance(made, Command) else next(one for one in made.commands if one.name == name)
