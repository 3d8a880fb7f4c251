"""Answers as a table for people: the sentence first, units named, gains and losses signed and coloured, no digit ever cut."""

import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from rich import box
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


def as_table(result: Result, wide: bool = False, charts: bool = False) -> str:
    """The answers as a table; one downwards, several across with the columns that the terminal holds."""
    plain: dict[str, Any] = {"color_system": None} if os.environ.get("NO_COLOR") else {}
    console = Console(highlight=False, markup=False, emoji=False, **plain)
    with console.capture() as printed:  # rich itself would end the program where nobody reads on
        width = console.width
        if said := sentence(result):
            console.print(Text(said, style="bold"), soft_wrap=True)
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
    parts: dict[str | None, list[Line]] = {}
    for line in lines:
        parts.setdefault(line.answer.block(), []).append(line)
    left_out = 0
    for label, part in parts.items():
        title = answer.title if label is None else f"{answer.title}: {label}"
        table, dropped = _fitting(console, answer, part, wide, width)
        left_out = max(left_out, dropped)
        _print(console, table, title)
        _print_reasons(console, part)
    if left_out:
        console.print(Text(f"+{left_out} column{'s' if left_out > 1 else ''}: --wide", style="dim"))


def _fitting(
    console: Console, answer: type[Answer], lines: Sequence[Line], wide: bool, width: int
) -> tuple[Table, int]:
    """The table of the columns that fit, by their priority, and how many are left out."""
    hidden = {REASON, *(LABELS if lines[0].answer.block() is not None else ())}
    told = [name for name in answer._fields if name not in hidden and any(line.tells(name) for line in lines)]
    if wide:
        return _across(lines, told), 0
    ranked = [name for name in answer.columns if name in told]
    if len({line.precision.coin for line in lines}) > 1 and "currency" in told and "currency" not in ranked:
        ranked.insert(1, "currency")
    for count in range(len(ranked), 0, -1):
        chosen = set(ranked[:count])
        table = _across(lines, [name for name in told if name in chosen])
        if count == 1 or not console.is_terminal or _natural_width(console, table) <= width:
            return table, len(told) - count
    return _across(lines, told), 0


def _across(lines: Sequence[Line], names: Sequence[str]) -> Table:
    coins = {line.precision.coin for line in lines}
    table = _table(headed=True)
    for name in names:
        kind = lines[0].kinds[name]
        of = next(iter(coins)) if kind.unit == "coin" and len(coins) == 1 else "" if kind.unit == "coin" else kind.unit
        if any(line.kinds[name].unit != kind.unit for line in lines):
            of = ""
        justify: Literal["left", "right"] = "right" if kind.name in NUMERIC else "left"
        table.add_column(Text(name.replace("_", " ") + (f"\n({of})" if of else "")), justify=justify, no_wrap=True)
    for line in lines:
        table.add_row(*(line.cell(name) for name in names))
    return table


def _table(headed: bool) -> Table:
    return Table(header_style="", box=box.ROUNDED, show_header=headed)


def _print_reasons(console: Console, lines: Sequence[Line], said: str = "") -> None:
    """Why something is not known or never, once each, with the names of the rows where there are several.

    One that the sentence has `said` already is left out.
    """
    told: dict[str, None] = {}
    for line in lines:
        reason = getattr(line.answer, REASON, None)
        if reason is not None and printable(str(reason)) not in said:
            names = (getattr(line.answer, label, None) for label in NAMES)
            name = next(filter(None, names), None) if len(lines) > 1 and line.answer.block() is None else None
            told[printable(f"{name}: {reason}" if name else str(reason))] = None
    for text in told:
        console.print(Text(text), soft_wrap=True)


def _print_totals(console: Console, result: Result, wide: bool, width: int) -> None:
    """The sums: a table of their own, or lines; amounts in a coin from the row of that coin, those in USD from the last."""
    made = summed(result)
    if made.answer is not result.answer:
        _print_rows(console, made.answer, _lines(made), wide, width)
        return
    for row in made.rows:
        line = _line(row, kinds_of(made.answer))
        for name in made.answer.sums:
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
