"""The columns of rows that a terminal holds: which of them, their heads and units, and the decimals that each needs."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from textwrap import fill
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from perpcalc.answer import Answer, Kind, Precision, Value, kinds_of
from perpcalc.commands.command import Result, Row
from perpcalc.commands.market import LEAST_COIN_PLACES
from perpcalc.decimals import places
from perpcalc.render.numbers import NUMERIC, style, unit, written

REASON = "reason"
LABELS = ("account", "position", "name")


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

    def rounded(self, coin_places: int | None) -> "Line":
        """The line with other decimals of a coin."""
        return (
            self if coin_places is None else self._replace(precision=self.precision._replace(coin_places=coin_places))
        )

    def unit(self, name: str) -> str:
        """The unit of a field."""
        return unit(self.value(name), self.kinds[name], self.precision)

    def amount(self, name: str) -> Text:
        """The value of a field with its unit."""
        return self.cell(name) + Text(f" {self.unit(name)}")

    def counts(self, name: str, in_usd: bool) -> bool:
        """Whether a field has an amount, in USD or in a coin."""
        return (
            isinstance(self.value(name), Decimal)
            and bool(self.unit(name))
            and in_usd == (self.kinds[name].unit == "USD")
        )

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


def line_of(row: Row, kinds: Mapping[str, Kind]) -> Line:
    """A row as a line."""
    answer = row.answer
    return Line(answer, {**answer._asdict(), **answer.seen()}, row.precision(), {**kinds, **answer.shown_kinds()})


def lines_of(result: Result) -> list[Line]:
    """The rows of an answer as lines."""
    kinds = kinds_of(result.answer)
    return [line_of(row, kinds) for row in result.rows]


def fitting(
    parts: Sequence[Sequence[Line]], hidden: Sequence[str], wide: bool, width: int
) -> tuple[list[list[Column]], int]:
    """The columns of some tables that fit, by their priority and the same in each, and how many are left out; heads are
    broken before a column goes.
    """
    told = _told(parts, hidden)
    shown = told if wide else _ranked(parts, told) or told
    if wide or not shown or _widest(_widths(parts, shown).values()) <= width:
        names = [name for name in told if name in shown]
        return [[_column(part, name) for name in names] for part in parts], len(told) - len(names)
    parts = [_labelled(part) for part in parts]
    told = _told(parts, hidden)
    widths = _widths(parts, _ranked(parts, told), broken=True)
    chosen: list[str] = []
    for name in widths:
        more = [name, "currency"] if parts[0][0].kinds[name].unit == "coin" and "currency" in widths else [name]
        wanted = [*dict.fromkeys((*chosen, *more))]
        if not chosen or _widest([widths[one] for one in wanted]) <= width:
            chosen = wanted
    return [_unbroken(part, chosen, told, width) for part in parts], len(told) - len(chosen)


def _widths(parts: Sequence[Sequence[Line]], names: Sequence[str], broken: bool = False) -> dict[str, Sequence[int]]:
    """What each column takes of a line, in each of some tables."""
    return {name: [_column(part, name, broken).width for part in parts] for name in names}


def _widest(widths: Iterable[Sequence[int]]) -> int:
    """What the widest table with these columns takes of a line."""
    return 1 + max(map(sum, zip(*widths, strict=True)))


def _unbroken(lines: Sequence[Line], chosen: Sequence[str], told: Sequence[str], width: int) -> list[Column]:
    """The chosen columns in their order, the heads of the most needed unbroken as far as there is room."""
    columns = {name: _column(lines, name, broken=True) for name in chosen}
    room = width - 1 - sum(column.width for column in columns.values())
    for name, column in columns.items():
        whole = _column(lines, name)
        if (more := whole.width - column.width) <= room:
            room -= more
            columns[name] = whole
    return [columns[name] for name in told if name in columns]


def _told(parts: Sequence[Sequence[Line]], hidden: Sequence[str]) -> list[str]:
    """The fields that say anything, in their order."""
    fields = (name for name in type(parts[0][0].answer)._fields if name != REASON and name not in hidden)
    return [name for name in fields if any(line.tells(name) for part in parts for line in part)]


def _ranked(parts: Sequence[Sequence[Line]], told: Sequence[str]) -> list[str]:
    """The fields that rows show, the most needed first; the coin where the rows of a table have several."""
    answer = parts[0][0].answer
    labels = [name for name in LABELS if name not in answer.columns and answer.block() is not None]
    several = ["currency"] if any(len({line.precision.coin for line in part}) > 1 for part in parts) else []
    return [name for name in dict.fromkeys((*labels, *answer.columns, *several)) if name in told]


def _labelled(lines: Sequence[Line]) -> Sequence[Line]:
    """Rows that are of an account or of a position by itself, with the names of both in one column."""
    account, position = LABELS[:2]
    names = [(line.values.get(account), line.values.get(position)) for line in lines]
    if account not in lines[0].values or any(
        (of_account is None) == (of_position is None) for of_account, of_position in names
    ):
        return lines
    return [
        line._replace(values={**line.values, account: of_account or of_position, position: None})
        for line, (of_account, of_position) in zip(lines, names, strict=True)
    ]


def _column(lines: Sequence[Line], name: str, broken: bool = False) -> Column:
    """A field of the rows, its unit in its head where all have the same."""
    lines = settled(lines, name)
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


def settled(lines: Sequence[Line], name: str) -> Sequence[Line]:
    """The lines with the decimals of a coin that this column needs, at least those that all venues have."""
    needed: dict[int, int] = {}
    for line in lines:
        if isinstance(value := line.value(name), Decimal):
            most = line.precision.coin_places
            needed[most] = max(needed.get(most, min(most, LEAST_COIN_PLACES)), min(most, places(value)))
    return [line.rounded(needed.get(line.precision.coin_places)) for line in lines]
