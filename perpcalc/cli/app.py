"""The program's commands as Typer runs them; a command's module is imported when it is asked for."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from typer import Exit, TyperException
from typer.core import TyperArgument, TyperGroup, TyperOption

from perpcalc.cli.calls import COMMANDS, DOORS, runnable, spellings
from perpcalc.cli.door import Action, carry_out
from perpcalc.cli.help import HelpedCommand, brief, unknown_flag, write_examples
from perpcalc.commands.command import Command
from perpcalc.errors import PerpcalcError
from perpcalc.given import Option
from perpcalc.names import LISTED

HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}
HEADING_OF = {**{name: listed.heading for name, listed in LISTED.items()}, **DOORS}


class Commands(TyperGroup):
    """Commands by name, made when they are asked for; an unknown name is refused in our words."""

    def __init__(
        self, *args: Any, made: Callable[[str], Any], names: Sequence[str], examples: Sequence[str], **more: Any
    ) -> None:
        super().__init__(*args, rich_markup_mode=None, context_settings=HELP_OPTIONS, **more)
        self.made = made
        self.names = names
        self.examples = examples

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command, in the order of the help."""
        return list(self.names)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name; raises PerpcalcError where there is none."""
        if cmd_name not in self.names:
            from perpcalc.cli.mistakes import no_such_command

            raise no_such_command(cmd_name, self.names, "" if ctx.parent is None else f"{self.name} ")
        return self.made(cmd_name)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments as Typer reads them; where there are none, the help on standard error and status 2."""
        if not args:
            print(ctx.get_help(), file=sys.stderr)
            raise Exit(2)
        try:
            rest: list[str] = super().parse_args(ctx, args)
        except TyperException as error:
            if (flag := unknown_flag(error)) is None:
                raise
            path = ctx.command_path
            remedy = f"see {path} --help; options stand behind the command, as in {path} {self.names[0]} {flag}"
            if flag == "-V" and ctx.parent is None:
                remedy = "give --version"
            raise PerpcalcError(f"No such option: {flag}", remedy).at(
                "usage" if ctx.parent is None else self.name or ""
            ) from None
        return rest

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands under their headings, no sentence cut."""
        headings: dict[str, list[str]] = {}
        for name in self.names:
            headings.setdefault(HEADING_OF.get(name, "Commands"), []).append(name)
        for heading, names in headings.items():
            with formatter.section(heading):
                formatter.write_dl([(name, brief(self.made(name).help)) for name in names])
        with formatter.section("Options"):
            version = [("--version", "Print the version.")] if ctx.parent is None else []
            formatter.write_dl(
                [*version, ("-h, --help", "Show this help; perpcalc help COMMAND shows that of a command.")]
            )

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples."""
        write_examples(formatter, self.examples)


def program() -> Commands:
    """The whole program, for `main()` and for the generator of completions."""
    return Commands(
        name="perpcalc",
        help="Position risk of inverse (coin-margined) perpetual contracts: profit, liquidation, funding, size.",
        examples=(
            "perpcalc pnl --side long -n 10k --entry 62500 --exit 64000 --venue bybit",
            "perpcalc portfolio init book.toml && perpcalc status -p book.toml",
        ),
        made=_made,
        names=COMMANDS,
    )


def _made(name: str) -> Any:
    one = runnable(name)
    if isinstance(one, Command | Action):
        return _typer_command(one)
    inner = {command.name: _typer_command(command) for command in one.commands}
    examples = [command.examples[0] for command in one.commands[:2]]
    return Commands(name=name, help=one.help, made=inner.__getitem__, names=tuple(inner), examples=examples)


def _typer_command(command: Command | Action) -> HelpedCommand:
    """The command as Typer runs it; its callback returns the exit status."""
    return HelpedCommand(
        command.name,
        params=[_parameter(option) for option in command.options],
        callback=lambda **texts: carry_out(command, {name: value for name, value in texts.items() if value}),
        help=command.help,
        context_settings={**HELP_OPTIONS, "allow_extra_args": True},
        rich_markup_mode=None,
        options=command.options,
        needed=command.needed,
        examples=command.examples,
        rules=command.rules,
    )


def _parameter(option: Option[object]) -> TyperOption | TyperArgument:
    if option.argument:
        return TyperArgument(
            param_decls=[option.name],
            metavar=option.metavar,
            required=not option.many,
            nargs=-1 if option.many else 1,
        )
    return TyperOption(
        param_decls=[option.name, *spellings(option)],
        is_flag=option.flag,
        multiple=not option.flag,
        default=None,
    )
