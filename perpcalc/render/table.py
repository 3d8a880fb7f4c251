"""Answers as a table for people: the sentence first, units named, gains and losses signed and coloured, no digit ever
cut.
"""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, ConsoleDimensions
from rich.table import Table
from rich.text import Text

from perpcalc.answer import Answer, kinds_of
from perpcalc.commands.command import Result, summed
from perpcalc.errors import printable, worded
from perpcalc.render.columns import LABELS, REASON, Column, Line, fitting, line_of, lines_of, settled
from perpcalc.render.sentence import sentence
from perpcalc.render.text import ascii_only, broken

if TYPE_CHECKING:  # few answers are drawn
    from perpcalc.picture import Chart

FOREVER = 100_000
NAMES = ("name", "position", "account")


def as_table(result: Result, wide: bool, charts: bool) -> str:
    """The answers as a table; one downwards, several across with the columns that the terminal holds."""
    console = Console(
        color_system=None if os.environ.get("NO_COLOR") else "auto", highlight=False, markup=False, emoji=False
    )
    with console.capture() as printed:  # rich itself would end the program where nobody reads on
        width = console.width
        if said := sentence(result):
            _say(console, Text(said, style="bold"))
        lines = lines_of(result)
        told = " ".join((said, *map(worded, result.warnings)))
        if result.one:
            _print(console, _downwards(lines[0], result.answer), "" if said else result.answer.title)
            _print_reasons(console, lines, told)
        else:
            if lines:
                _print_rows(console, result.answer, lines, wide, width, told)
            if result.totals is not None and len(lines) > 1:
                _print_totals(console, result, wide, width)
        for text in result.below:
            console.print(Text(printable(text)), soft_wrap=True)
        if charts and result.charts is not None:
            _print_charts(console, result.charts(), width)
    return printed.get()


def _downwards(line: Line, answer: type[Answer]) -> Table:
    table = _table(headed=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    for name in answer._fields:
        if name != REASON and line.tells(name):
            table.add_row(Text(name.replace("_", " ")), line.cell(name), Text(line.unit(name)))
    return table


def _print_rows(
    console: Console, answer: type[Answer], lines: Sequence[Line], wide: bool, width: int, said: str = ""
) -> None:
    """Print rows, those of each account in a table of its own; all in one where each account has a single row."""
    parts: dict[str | None, list[Line]] = {}
    for line in lines:
        parts.setdefault(line.answer.block(), []).append(line)
    if len(parts) == len(lines) > 1:
        parts = {None: [*lines]}
    hidden = () if None in parts else LABELS
    tables, left_out = fitting([*parts.values()], hidden, wide, width if console.is_terminal else FOREVER)
    for (label, part), columns in zip(parts.items(), tables, strict=True):
        if columns:
            _print(console, _across(columns), answer.title if label is None else f"{answer.title}: {label}")
        _print_reasons(console, part, said, named=label is None)
    if left_out:
        console.print(Text(f"+{left_out} column{'s' if left_out > 1 else ''}: --wide", style="dim"))


def _across(columns: Sequence[Column]) -> Table:
    table = _table(headed=True)
    for column in columns:
        table.add_column(Text(column.head), justify="right" if column.numbers else "left", no_wrap=True)
    for cells in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*cells)
    return table


def _table(headed: bool) -> Table:
    return Table(header_style="", box=box.ASCII if ascii_only() else box.ROUNDED, show_header=headed)


def _print_reasons(console: Console, lines: Sequence[Line], said: str = "", named: bool = False) -> None:
    """Why something is not known or never, once each, with the names of the rows where there are several.

    One that was `said` already is left out.
    """
    told: dict[str, dict[str, None]] = {}
    for line in lines:
        reason = getattr(line.answer, REASON, None)
        if reason is not None and printable(str(reason)) not in said:
            names = (getattr(line.answer, label, None) for label in NAMES)
            name = next(filter(None, names), None) if named and len(lines) > 1 else None
            of = told.setdefault(printable(str(reason)), {})
            if name:
                of[printable(str(name))] = None
    for text, of in told.items():
        names_itself = not of or any(f"({name})" in text for name in of)
        _say(console, Text(text if names_itself else f"{', '.join(of)}: {text}"))


def _say(console: Console, text: Text) -> None:
    """Print a line, broken between words where a terminal ends and nowhere else: an address stays in one piece."""
    plain = broken(text.plain, console.width) if console.is_terminal else text.plain
    console.print(Text(plain, style=text.style), soft_wrap=True)


def _print_totals(console: Console, result: Result, wide: bool, width: int) -> None:
    """The sums: a table of their own, or lines; amounts in a coin from the row of that coin, those in USD from the
    last.
    """
    made = summed(result)
    if made.answer is not result.answer:
        _print_rows(console, made.answer, lines_of(made), wide, width)
        return
    *coins, usd = (line_of(row, kinds_of(made.answer)) for row in made.rows)
    for label, names in _alike(made.answer, wide).items():
        in_coins = Text(", ").join(
            settled([line], name)[0].amount(name) for name in names for line in coins if line.counts(name, in_usd=False)
        )
        in_usd = Text().join(usd.amount(name) for name in names if usd.counts(name, in_usd=True))
        if in_coins and in_usd:
            in_usd = Text(" (") + in_usd + Text(")")
        if said := in_coins + in_usd:
            console.print(Text(f"all {label}: ") + said, soft_wrap=not console.is_terminal)


def _alike(answer: type[Answer], wide: bool) -> Mapping[str, list[str]]:
    """The sums that a table shows, in coin and in USD under one label."""
    made: dict[str, list[str]] = {}
    for name in answer.sums:
        if wide or name in answer.columns:
            made.setdefault(name.removesuffix("_usd").replace("_", " "), []).append(name)
    return made


def _print_charts(console: Console, charts: "Sequence[Chart]", width: int) -> None:
    from perpcalc.render.chart import drawn

    for chart in charts:
        console.print()
        console.print(drawn(chart, width, ascii_only()), soft_wrap=True)


def _natural_width(console: Console, table: Table) -> int:
    return console.measure(table, options=console.options.update(width=FOREVER)).maximum


def _print(console: Console, table: Table, title: str) -> None:
    """Print at the natural width: a narrow terminal wraps a line, it never loses a digit."""
    if title:
        console.print(Text(printable(title)), soft_wrap=True)
    # both dimensions: of a width alone rich takes none where the terminal is dumb
    console.size = ConsoleDimensions(max(console.width, _natural_width(console, table)), console.height)
    console.print(table)
