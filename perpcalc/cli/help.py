"""The help of a command: options under headings, those that are needed first and marked, and examples that run."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from typer import TyperException
from typer.core import TyperCommand

from perpcalc.given import Option

HEADINGS = ("Position", "Margin", "Venue and rules", "Limits", "This command", "Output")
NEEDED = "Needed"


class HelpedCommand(TyperCommand):
    """A command that writes its help from its options."""

    def __init__(
        self,
        *args: Any,
        options: Sequence[Option[object]],
        needed: Sequence[Option[object]],
        examples: Sequence[str],
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.shown_options = options
        self.needed_options = needed
        self.examples = examples

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments as Typer reads them; what is not known is refused in our words."""
        called = ctx.command_path.partition(" ")[2]
        try:
            rest: list[str] = super().parse_args(ctx, args)
        except TyperException as error:
            if (flag := unknown_flag(error)) is None:
                raise
            from perpcalc.cli.mistakes import no_such_option

            raise no_such_option(called, flag, self.shown_options) from None
        if ctx.args and not ctx.resilient_parsing:
            from perpcalc.cli.mistakes import no_such_argument

            raise no_such_argument(called, ctx.args, self.shown_options)
        return rest

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options under their headings."""
        for heading, options in grouped(self.shown_options, self.needed_options):
            with formatter.section(heading):
                formatter.write_dl([record(option) for option in options])

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples."""
        formatter.write_paragraph()
        formatter.write("Examples:\n" if len(self.examples) > 1 else "Example:\n")
        for example in self.examples:
            formatter.write(f"  {example}\n")


def unknown_flag(error: Exception) -> str | None:
    """The option that a usage error does not know; None where it is about something else."""
    return getattr(error, "option_name", None) if hasattr(error, "possibilities") else None


def grouped(
    options: Sequence[Option[object]], needed: Sequence[Option[object]]
) -> list[tuple[str, list[Option[object]]]]:
    """Options by heading, in the order of the help; what is needed comes first."""
    names = {option.name for option in needed}
    first = [option for option in options if option.name in names and not option.argument]
    others = sorted(
        (option for option in options if option.name not in names and not option.argument),
        key=lambda option: HEADINGS.index(option.group),
    )
    made = [(heading, list(of_group)) for heading, of_group in groupby(others, key=lambda option: option.group)]
    return [(NEEDED, first), *made] if first else made


def record(option: Option[object]) -> tuple[str, str]:
    """An option as a line of the help: how it is written, and what it is."""
    flag = "--" + option.name.replace("_", "-")
    names = f"-{option.short}, {flag}" if option.short else flag
    more = "  [repeatable]" if option.many and "repeated" not in option.help else ""
    environment = f"  [{option.env}]" if option.env else ""
    return f"{names} {option.metavar}".strip(), option.help + more + environment
