"""A report as a table for people: units named, gains and losses signed and coloured, no digit ever cut."""

import os
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from perpcalc.decimals import fixed, places
from perpcalc.render.report import Report, Row
from perpcalc.render.text import Value, printable

NUMBERS = frozenset(
    [
        "count",
        "price",
        "coin",
        "usd",
        "gain",
        "gain_usd",
        "gain_rate",
        "cost",
        "cost_usd",
        "rate",
        "times",
        "hours",
        "number",
        "figure",
    ]
)
USD_KINDS = frozenset({"usd", "gain_usd", "cost_usd", "price"})
COIN_KINDS = frozenset({"coin", "gain", "cost"})
LONGEST_RATE = 6
WIDEST_WORDS = 48
STATUS_STYLES = {"pass": "green", "ok": "green", "fail": "red", "liquidated": "red", "unknown": "yellow"}


def print_table(report: Report) -> None:
    """Print a report on standard output: one answer downwards, several across, or downwards where they do not fit."""
    console = Console(highlight=False, markup=False, emoji=False)
    with console.capture() as printed:  # rich itself would end the program where nobody reads on
        _print_report(console, report)
    sys.stdout.write(printed.get())


def _print_report(console: Console, report: Report) -> None:
    width = console.width
    if report.one:
        _print(console, _downwards(report, report.rows[0], report.title))
        _print_reason(console, report.rows[0])
    else:
        for part in _parts(report):
            _print_rows(console, part, width)
    coin_places = max((row.coin_places for row in report.rows), default=8)
    for total in report.totals:
        value = Text(amount(total.value, total.kind, coin_places, None), style=_style(total.value, total.kind))
        console.print(Text(f"{printable(total.label)}: ") + value + Text(f" {printable(total.unit)}"), soft_wrap=True)
    if report.charts:
        from perpcalc.render.chart import drawn

        for chart in report.charts:
            ascii_only = console.options.ascii_only or os.environ.get("TERM") == "linux"
            console.print()
            console.print(drawn(chart, width, ascii_only), soft_wrap=True)


def amount(value: Decimal, kind: str, coin_places: int, price_places: int | None) -> str:
    """A number as people read it, by its kind.

    >>> amount(Decimal("0.0001"), "rate", 8, None), amount(Decimal("5739.5"), "price", 8, 1)
    ('0.01%', '5,739.5')
    """
    if kind.endswith("rate"):
        percent = value * 100
        needed = places(percent)
        if needed > LONGEST_RATE:
            needed = 4 if abs(percent) >= 1 else min(18, 3 - percent.adjusted())
        text = fixed(percent, max(2, needed)) + "%"
    elif kind in COIN_KINDS:
        text = fixed(value, coin_places)
    elif kind == "price":
        least = 2 if price_places is None else price_places
        needed = places(value)
        text = fixed(value, max(least, needed if needed <= 8 else least))
    elif kind in USD_KINDS:
        text = fixed(value, 2)
    elif kind == "times":
        text = fixed(value, min(4, max(2, places(value)))) + "x"
    elif kind == "figure":
        text = fixed(value, min(places(value), max(8, 5 - value.adjusted())))
    else:
        text = fixed(value, min(places(value), 8))
    return "+" + text if kind.startswith("gain") and value > 0 and not text.startswith("+") else text


def cell(row: Row, name: str, kind: str) -> Text:
    """One value of a row."""
    value: Value = row.values[name]
    kind = row.kinds.get(name, kind)
    if value is None:
        return Text("never" if name in row.never else "-")
    if isinstance(value, Decimal):
        return Text(amount(value, kind, row.coin_places, row.price_places), style=_style(value, kind))
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    return Text(printable(value), style=STATUS_STYLES.get(value, "") if kind == "status" else "")


def unit(row: Row, name: str, kind: str) -> str:
    """The unit of a value, with the direction of a cost said in words."""
    value, kind = row.values[name], row.kinds.get(name, kind)
    base = "USD" if kind in USD_KINDS else row.coin if kind in COIN_KINDS else ""
    if kind.startswith("cost") and isinstance(value, Decimal) and value:
        base += " paid" if value > 0 else " received"
    return base if isinstance(value, Decimal) else ""


def _style(value: Decimal, kind: str) -> str:
    if not value or kind[:4] not in ("gain", "cost"):
        return ""
    return "green" if (value > 0) == kind.startswith("gain") else "red"


def _downwards(report: Report, row: Row, title: str) -> Table:
    table = Table(
        title=printable(title),
        title_style="",
        header_style="",
        box=box.ROUNDED,
        show_header=False,
        title_justify="left",
    )
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    for name, kind in report.kinds.items():
        if name != "reason" and (row.values[name] is not None or name in row.never):
            table.add_row(Text(name.replace("_", " ")), cell(row, name, kind), Text(unit(row, name, kind)))
    return table


def _parts(report: Report) -> list[Report]:
    """A report for each table: all of it, or the rows of one value of the field that tables are made by."""
    per = report.table_per
    if per is None:
        return [report]
    rows_of: dict[Value, list[Row]] = {}
    for row in report.rows:
        rows_of.setdefault(row.values[per], []).append(row)
    kinds = {name: kind for name, kind in report.kinds.items() if name != per}
    return [
        report._replace(title=report.title if value is None else f"{report.title}: {value}", kinds=kinds, rows=rows)
        for value, rows in rows_of.items()
    ]


def _print_rows(console: Console, report: Report, width: int) -> None:
    """Rows across, the narrow fields only or each row downwards where the terminal is too narrow for them."""
    for names in (report.headline or report.fields, report.narrow):
        table = _across(report, names)
        if names and (not console.is_terminal or _natural_width(console, table) <= width):
            _print(console, table)
            return
    for number, row in enumerate(report.rows, 1):
        _print(console, _downwards(report, row, f"{report.title}: {number} of {len(report.rows)}"))
        _print_reason(console, row)


def _across(report: Report, headline: Sequence[str]) -> Table:
    coins = {row.coin for row in report.rows}
    names = [name for name in headline if name in report.kinds and _shown(report, name)]
    if len(coins) > 1 and "currency" in report.kinds and "currency" not in names:
        names.insert(min(2, len(names)), "currency")
    table = Table(title=printable(report.title), title_style="", header_style="", box=box.ROUNDED, title_justify="left")
    for name in names:
        kind = report.kinds[name]
        of = "USD" if kind in USD_KINDS else next(iter(coins)) if kind in COIN_KINDS and len(coins) == 1 else ""
        heading = name.replace("_", " ") + (f"\n({of})" if of else "")
        justify: Literal["left", "right"] = "right" if kind in NUMBERS else "left"
        if kind == "words":
            table.add_column(Text(heading), max_width=WIDEST_WORDS)
        else:
            table.add_column(Text(heading), justify=justify, no_wrap=True)
    for row in report.rows:
        table.add_row(*(cell(row, name, report.kinds[name]) for name in names))
    return table


def _shown(report: Report, name: str) -> bool:
    return any(row.values[name] is not None or name in row.never for row in report.rows)


def _print_reason(console: Console, row: Row) -> None:
    reason = row.values.get("reason")
    if reason is not None:
        console.print(Text(printable(str(reason))), soft_wrap=True)


def _natural_width(console: Console, table: Table) -> int:
    return console.measure(table, options=console.options.update(width=10_000)).maximum


def _print(console: Console, table: Table) -> None:
    """Print at the natural width: a narrow terminal wraps a line, it never loses a digit."""
    console.width = max(console.width, _natural_width(console, table))
    console.print(table)
