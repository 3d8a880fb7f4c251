"""A report as a table for people: units named, gains and losses signed and coloured, no digit ever cut."""

from decimal import Decimal

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
    ]
)
USD_KINDS = frozenset({"usd", "gain_usd", "cost_usd", "price"})
COIN_KINDS = frozenset({"coin", "gain", "cost"})
LONGEST_RATE = 6


def print_table(report: Report) -> None:
    """Print a report on standard output: one answer downwards, several across, or downwards where they do not fit."""
    console = Console(highlight=False, markup=False, emoji=False)
    if report.one:
        _print(console, _downwards(report, report.rows[0], report.title))
        _print_reason(console, report.rows[0])
    else:
        table = _across(report)
        if console.is_terminal and _natural_width(console, table) > console.width:
            for number, row in enumerate(report.rows, 1):
                _print(console, _downwards(report, row, f"{report.title}: {number} of {len(report.rows)}"))
                _print_reason(console, row)
        else:
            _print(console, table)
    for total in report.totals:
        value = Text(amount(total.value, total.kind, 8, None), style=_style(total.value, total.kind))
        console.print(Text(f"{printable(total.label)}: ") + value + Text(f" {printable(total.unit)}"), soft_wrap=True)


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
    else:
        text = fixed(value, min(places(value), 8))
    return "+" + text if kind.startswith("gain") and value > 0 and not text.startswith("+") else text


def cell(row: Row, name: str, kind: str) -> Text:
    """One value of a row."""
    value: Value = row.values[name]
    if value is None:
        return Text("never" if name in row.never else "-")
    if isinstance(value, Decimal):
        places_of_coin = max(row.coin_places, 8)
        return Text(amount(value, kind, places_of_coin, row.price_places), style=_style(value, kind))
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    return Text(printable(value))


def unit(row: Row, name: str, kind: str) -> str:
    """The unit of a value, with the direction of a cost said in words."""
    value = row.values[name]
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


def _across(report: Report) -> Table:
    coins = {row.coin for row in report.rows}
    names = [name for name in report.headline or report.fields if _shown(report, name)]
    if len(coins) > 1 and "currency" in report.kinds and "currency" not in names:
        names.insert(min(2, len(names)), "currency")
    table = Table(title=printable(report.title), title_style="", header_style="", box=box.ROUNDED, title_justify="left")
    for name in names:
        kind = report.kinds[name]
        of = "USD" if kind in USD_KINDS else next(iter(coins)) if kind in COIN_KINDS and len(coins) == 1 else ""
        heading = name.replace("_", " ") + (f"\n({of})" if of else "")
        table.add_column(Text(heading), justify="right" if kind in NUMBERS else "left", no_wrap=True)
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
