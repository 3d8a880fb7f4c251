"""Answers as a table for people: the sentence first, units named, gains and losses signed and coloured, no digit ever
cut.
"""

import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from textwrap import fill
from typing import NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from perpcalc.answer import Answer, Kind, Precision, Value, kinds_of
from perpcalc.commands.command import Result, Row, summed
from perpcalc.render.numbers import NUMERIC, style, unit, written
from perpcalc.render.sentence import sentence
from perpcalc.render.text import printable

FOREVER = 100_000
REASON = "reason"
LABELS = ("account", "position", "name")
NAMES = ("name", "position", "account")


class Line(NamedTuple):
    """One answer as lines of a table show it: its values, their kinds where they differ, and its decimals."""

    answer: Answer
    values: Mapping[str, Value]
    precision: Precision
    kinds: Mapping[str, Kind]

    def value(self, name: str) -> Value:
        """The value of a field."""
        return self.values[name]

    def cell(self, name: str) -> Text:
        """The value of a field as the table shows it."""
        value, kind = self.value(name), self.kinds[name]
        return Text(written(value, kind, self.precision, name in self.answer.nevers), style=style(value, kind))

    def unit(self, name: str) -> str:
        """The unit of a field."""
        return unit(self.value(name), self.kinds[name], self.precision)

    def tells(self, name: str) -> bool:
        """Whether a field says anything."""
        return self.value(name) is not None or name in self.answer.nevers


class Column(NamedTuple):
    """A column of rows: what stands above it, its cells, and whether they are numbers."""

    head: str
    cells: Sequence[Text]
    numbers: bool

    @property
    def width(self) -> int:
        """What it takes of a line, with its border."""
        return 3 + max(*map(cell_len, self.head.split("\n")), *(cell.cell_len for cell in self.cells))


def as_table(result: Result, wide: bool = False, charts: bool = False) -> str:
    """The answers as a table; one downwards, several across with the columns that the terminal holds."""
    console = Console(
        color_system=None if os.environ.get("NO_COLOR") else "auto", highlight=False, markup=False, emoji=False
    )
    with console.capture() as printed:  # rich itself would end the program where nobody reads on
        width = console.width
        if said := sentence(result):
            _say(console, Text(said, style="bold"))
        lines = _lines(result)
        if result.one:
            _print(console, _downwards(lines[0], result.answer), "" if said else result.answer.title)
            _print_reasons(console, lines, said)
        else:
            _print_rows(console, result.answer, lines, wide, width)
            if result.totals is not None and len(lines) > 1:
                _print_totals(console, result, wide, width)
        for text in result.below:
            console.print(Text(printable(text)), soft_wrap=True)
        if charts and result.charts is not None:
            _print_charts(console, result, width)
    return printed.get()


def _line(row: Row, kinds: Mapping[str, Kind]) -> Line:
    answer = row.answer
    return Line(answer, {**answer._asdict(), **answer.seen()}, row.precision(), {**kinds, **answer.shown_kinds()})


def _lines(result: Result) -> list[Line]:
    kinds = kinds_of(result.answer)
    return [_line(row, kinds) for row in result.rows]


def _downwards(line: Line, answer: type[Answer]) -> Table:
    table = _table(headed=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    for name in answer._fields:
        if name != REASON and line.tells(name):
            table.add_row(Text(name.replace("_", " ")), line.cell(name), Text(line.unit(name)))
    return table


def _print_rows(console: Console, answer: type[Answer], lines: Sequence[Line], wide: bool, width: int) -> None:
    """Print rows, those of each account in a table of its own; all in one where each account has a single row."""
    parts: dict[str | None, list[Line]] = {}
    for line in lines:
        parts.setdefault(line.answer.block(), []).append(line)
    if len(parts) == len(lines) > 1:
        parts = {None: list(lines)}
    left_out = 0
    for label, part in parts.items():
        title = answer.title if label is None else f"{answer.title}: {label}"
        columns, dropped = _fitting(
            part, () if label is None else LABELS, wide, width if console.is_terminal else FOREVER
        )
        left_out = max(left_out, dropped)
        _print(console, _across(columns), title)
        _print_reasons(console, part, named=label is None)
    if left_out:
        console.print(Text(f"+{left_out} column{'s' if left_out > 1 else ''}: --wide", style="dim"))


def _fitting(lines: Sequence[Line], hidden: Sequence[str], wide: bool, width: int) -> tuple[list[Column], int]:
    """The columns that fit, by their priority, and how many are left out; heads are broken before a column goes."""
    told = _told(lines, hidden)
    if wide:
        return [_column(lines, name) for name in told], 0
    shown = {name: _column(lines, name) for name in _ranked(lines, told)}
    if 1 + sum(column.width for column in shown.values()) <= width:
        return [shown[name] for name in told if name in shown], len(told) - len(shown)
    lines = _labelled(lines)
    told = _told(lines, hidden)
    columns = {name: _column(lines, name, broken=True) for name in _ranked(lines, told)}
    chosen: set[str] = set()
    for name in columns:
        more = {name, "currency"} if lines[0].kinds[name].unit == "coin" and "currency" in columns else {name}
        if not chosen or 1 + sum(columns[one].width for one in chosen | more) <= width:
            chosen |= more
    room = width - 1 - sum(columns[name].width for name in chosen)
    for name in [name for name in columns if name in chosen]:
        whole = _column(lines, name)
        if whole.width - columns[name].width <= room:
            room -= whole.width - columns[name].width
            columns[name] = whole
    return [columns[name] for name in told if name in chosen], len(told) - len(chosen)


def _told(lines: Sequence[Line], hidden: Sequence[str]) -> list[str]:
    """The fields that say anything, in their order."""
    fields = (name for name in type(lines[0].answer)._fields if name != REASON and name not in hidden)
    return [name for name in fields if any(line.tells(name) for line in lines)]


def _ranked(lines: Sequence[Line], told: Sequence[str]) -> list[str]:
    """The fields that rows show, the most needed first; the coin where rows have several."""
    answer = lines[0].answer
    labels = [name for name in LABELS if name not in answer.columns and answer.block() is not None]
    several = ["currency"] if len({line.precision.coin for line in lines}) > 1 else []
    return [name for name in dict.fromkeys((*labels, *answer.columns, *several)) if name in told]


def _labelled(lines: Sequence[Line]) -> Sequence[Line]:
    """Rows that are of an account or of a position by itself, with the names of both in one column."""
    account, position = LABELS[:2]
    names = [(line.values.get(account), line.values.get(position)) for line in lines]
    if any((of_account is None) == (of_position is None) for of_account, of_position in names):
        return lines
    return [
        line._replace(values={**line.values, account: of_account or of_position, position: None})
        for line, (of_account, of_position) in zip(lines, names, strict=True)
    ]


def _column(lines: Sequence[Line], name: str, broken: bool = False) -> Column:
    """A field of the rows, its unit in its head where all have the same."""
    coins = {line.precision.coin for line in lines}
    units = {line.kinds[name].unit for line in lines}
    unit_of_all = units.pop() if len(units) == 1 else ""
    if unit_of_all == "coin":
        unit_of_all = next(iter(coins)) if len(coins) == 1 else ""
    cells = [line.cell(name) for line in lines]
    head = name.replace("_", " ")
    if broken:
        head = fill(head, max(cell.cell_len for cell in cells), break_long_words=False)
    return Column(
        head + (f"\n({unit_of_all})" if unit_of_all else ""), cells, numbers=lines[0].kinds[name].name in NUMERIC
    )


def _across(columns: Sequence[Column]) -> Table:
    table = _table(headed=True)
    for column in columns:
        table.add_column(Text(column.head), justify="right" if column.numbers else "left", no_wrap=True)
    for cells in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*cells)
    return table


def _table(headed: bool) -> Table:
    return Table(header_style="", box=box.ROUNDED, show_header=headed)


def _print_reasons(console: Console, lines: Sequence[Line], said: str = "", named: bool = False) -> None:
    """Why something is not known or never, once each, with the names of the rows where there are several.

    One that the sentence has `said` already is left out.
    """
    told: dict[str, dict[str, None]] = {}
    for line in lines:
        reason = getattr(line.answer, REASON, None)
        if reason is not None and printable(str(reason)) not in said:
            names = (getattr(line.answer, label, None) for label in NAMES)
            name = next(filter(None, names), None) if named and len(lines) > 1 else None
            of = told.setdefault(printable(str(reason)), {})
            if name and f"({name})" not in str(reason):
                of[printable(str(name))] = None
    for text, of in told.items():
        _say(console, Text(f"{', '.join(of)}: {text}" if of else text))


def _say(console: Console, text: Text) -> None:
    """Print a line, broken between words where a terminal ends and nowhere else."""
    console.print(text, soft_wrap=not console.is_terminal)


def _print_totals(console: Console, result: Result, wide: bool, width: int) -> None:
    """The sums: a table of their own, or lines; amounts in a coin from the row of that coin, those in USD from the
    last.
    """
    made = summed(result)
    if made.answer is not result.answer:
        _print_rows(console, made.answer, _lines(made), wide, width)
        return
    for row in made.rows:
        line = _line(row, kinds_of(made.answer))
        for name in made.answer.sums if wide else [name for name in made.answer.sums if name in made.answer.columns]:
            value, unit = line.value(name), line.unit(name)
            if isinstance(value, Decimal) and unit and (line.kinds[name].unit == "USD") == (row is made.rows[-1]):
                label = f"all {name.removesuffix('_usd').replace('_', ' ')}: "
                console.print(Text(label) + line.cell(name) + Text(f" {unit}"), soft_wrap=True)


def _print_charts(console: Console, result: Result, width: int) -> None:
    from perpcalc.render.chart import drawn

    ascii_only = console.options.ascii_only or os.environ.get("TERM") == "linux"
    for chart in result.charts() if result.charts is not None else ():
        console.print()
        console.print(drawn(chart, width, ascii_only), soft_wrap=True)


def _natural_width(console: Console, table: Table) -> int:
    return console.measure(table, options=console.options.update(width=FOREVER)).maximum


def _print(console: Console, table: Table, title: str) -> None:
    """Print at the natural width: a narrow terminal wraps a line, it never loses a digit."""
    if title:
        console.print(Text(printable(title)), soft_wrap=True)
    console.width = max(console.width, _natural_width(console, table))
    console.print(table)
