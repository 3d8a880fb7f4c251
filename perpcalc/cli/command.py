"""What a command is: its options and the function that answers; and how one becomes a Typer command."""

import gc
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from perpcalc.cli.options import FORMAT, JSON, OUTPUT, Given, Option, read, reader, written
from perpcalc.errors import PerpcalcError, shown, suggestion
from perpcalc.render.report import Report
from perpcalc.render.text import say

HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


class Command(NamedTuple):
    """A command: `answer` gets the parsed options and returns the report to print.

    A command that prints for itself sets `runs` instead, which returns the exit status.
    """

    name: str
    help: str
    example: str
    options: tuple[Option, ...]
    answer: Callable[[Given], Report] | None = None
    runs: Callable[[Given], int] | None = None


class Group(NamedTuple):
    """Commands under one name, as in `perpcalc venues show`."""

    name: str
    help: str
    commands: tuple[Command, ...]


class Subcommands(TyperGroup):
    """A group whose commands refuse an unknown name in our words."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name; raises PerpcalcError where there is none."""
        if cmd_name not in self.commands:
            raise PerpcalcError("no such command", f"give {suggestion(cmd_name, self.commands)}").at(
                f"{self.name} {shown(cmd_name)}"
            )
        return self.commands[cmd_name]


def typer_group(group: Group) -> Subcommands:
    """The group as Typer runs it."""
    return Subcommands(
        name=group.name,
        help=group.help,
        commands={command.name: typer_command(command) for command in group.commands},
        context_settings=HELP_OPTIONS,
        rich_markup_mode=None,
    )


def typer_command(command: Command) -> TyperCommand:
    """The command as Typer runs it; its callback returns the exit status."""

    def callback(**raw: Any) -> int:
        gc.freeze()
        gc.enable()
        given = read(reader(command.options), raw)
        if command.runs is not None:
            return command.runs(given)
        assert command.answer is not None
        check_output(given)
        report = command.answer(given)
        for note in report.notes:
            tell(note)
        from perpcalc.render import show

        with suppress(BrokenPipeError):  # who reads no further still learns the answer from the status
            show(report, output_format(given), given.field, getattr(given, "explain", False))
        return report.status

    return TyperCommand(
        command.name,
        params=[_parameter(option) for option in command.options],
        callback=callback,
        help=command.help,
        epilog=f"\b\nExample:\n  {command.example}",
        context_settings=HELP_OPTIONS,
        rich_markup_mode=None,
    )


def _parameter(option: Option) -> TyperOption | TyperArgument:
    if option.argument:
        return TyperArgument(
            param_decls=[option.name], metavar=option.metavar, help=option.help, required=True, type=str
        )
    names = [option.flag] if not option.short else [option.flag, f"-{option.short}"]
    return TyperOption(
        param_decls=[option.name, *names],
        metavar=None if option.parse is None else option.metavar,
        help=option.help,
        is_flag=option.parse is None,
        multiple=option.many,
        default=None,
        type=None if option.parse is None else str,
        show_default=False,
    )


def tell(note: str) -> None:
    """Say on standard error what the user should know."""
    say(f"note: {note}")


def check_output(given: Given) -> None:
    """Raise PerpcalcError where two ways to print were asked for; a format of the environment gives way."""
    asked = written(given, OUTPUT)
    if asked == [FORMAT, JSON] and given.format == "json":
        return
    if len(asked) > 1 and not (asked[0] is FORMAT and given.format == "table"):
        raise PerpcalcError(f"excludes {asked[0].flag}", "give one of them").at(asked[1].flag)
    if len(asked) > 2:
        raise PerpcalcError(f"excludes {asked[1].flag}", "give one of them").at(asked[2].flag)


def output_format(given: Given) -> str:
    """The format to print in: table where nothing else was asked for."""
    return "json" if given.json else given.format or "table"
