"""The help of a command: options under headings, those that are needed first and marked, and examples that run."""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from typer import TyperException
from typer.core import TyperCommand

from perpcalc.cli.calls import spellings
from perpcalc.given import Needed, Option, Rule
from perpcalc.options import PORTFOLIO

HEADINGS = ("Position", "Margin", "Venue and rules", "Limits", "This command", "Output")
NEEDED, NEEDED_WITHOUT = "Needed", "Needed without --portfolio"
ARGUMENTS = "Arguments"
WIDTH = 78


class HelpedCommand(TyperCommand):
    """A command that writes its help from its options."""

    def __init__(
        self,
        *args: Any,
        options: Sequence[Option[object]],
        needed: Sequence[Option[object]],
        examples: Sequence[str],
        rules: Sequence[Rule],
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.rules = rules
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
        if ctx.args:
            from perpcalc.cli.mistakes import no_such_argument

            raise no_such_argument(called, ctx.args, self.shown_options)
        return rest

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What stands behind the name of the command: options, and arguments as they are called."""
        arguments = [option for option in self.shown_options if option.argument]
        return ["[OPTIONS]", *(option.metavar for option in arguments)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, and the options under their headings."""
        if arguments := [(option.metavar, option.help) for option in self.shown_options if option.argument]:
            with formatter.section(ARGUMENTS):
                formatter.write_dl(arguments)
        for heading, options in grouped(self.shown_options, self.needed_options, self.rules):
            with formatter.section(heading):
                formatter.write_dl([record(option) for option in options])

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples."""
        write_examples(formatter, self.examples)


def write_examples(formatter: Any, examples: Sequence[str]) -> None:
    """Write examples that can be copied, those too long for a line continued as a shell has it."""
    formatter.write_paragraph()
    formatter.write("Examples:\n")
    for example in examples:
        formatter.write(f"  {continued(example)}\n")


def continued(example: str) -> str:
    r"""A line of shell broken between words, outside quotes, where it is too long.

    >>> continued("perpcalc " + "--option 'a b' " * 6)
    "perpcalc --option 'a b' --option 'a b' --option 'a b' --option 'a b' \\\n      --option 'a b' --option 'a b'"
    """
    lines = [""]
    for word in re.findall(r"(?:-\S+ (?!-))?(?:'[^']*'|\S)+", example):
        if lines[-1] and len(lines[-1]) + len(word) > WIDTH - 4:
            lines.append("    ")
        lines[-1] += word if not lines[-1].strip() else f" {word}"
    return " \\\n  ".join(lines)


def brief(text: str) -> str:
    """The first sentence of a help.

    >>> brief("How the book stands. Equity and leverage.")
    'How the book stands.'
    """
    first, _, more = text.partition(". ")
    return f"{first}." if more else text


def unknown_flag(error: Exception) -> str | None:
    """The option that a usage error does not know; None where it is about something else."""
    return getattr(error, "option_name", None) if hasattr(error, "possibilities") else None


def grouped(
    options: Sequence[Option[object]], needed: Sequence[Option[object]], rules: Sequence[Rule] = ()
) -> list[tuple[str, list[Option[object]]]]:
    """Options by heading, in the order of the help; what is needed comes first, by the rules with a portfolio too."""
    names = {option.name for option in needed}
    first = [option for option in options if option.name in names and not option.argument]
    without = [option for option in first if PORTFOLIO in options and not _is_needed_always(option, rules)]
    always = [option for option in first if option not in without]
    others = sorted(
        (option for option in options if option.name not in names and not option.argument),
        key=lambda option: HEADINGS.index(option.group),
    )
    made = [(heading, list(of_group)) for heading, of_group in groupby(others, key=lambda option: option.group)]
    return [(heading, some) for heading, some in ((NEEDED, always), (NEEDED_WITHOUT, without)) if some] + made


def _is_needed_always(option: Option[object], rules: Sequence[Rule]) -> bool:
    """Whether a rule asks for an option that a portfolio does not stand for."""
    asking = (rule for rule in rules if isinstance(rule, Needed) and PORTFOLIO not in rule.unless)
    return any(option in rule.options for rule in asking)


def record(option: Option[object]) -> tuple[str, str]:
    """An option as a line of the help: how it is written, and what it is."""
    names = ", ".join(spellings(option))
    more = "  [repeatable]" if option.many and "repeated" not in option.help else ""
    environment = f"  [{option.env}]" if option.env else ""
    return f"{names} {option.metavar}".strip(), option.help + more + environment
