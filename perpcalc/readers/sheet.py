"""The rows of a file: CSV with or without a header, JSON answers of venues and of ccxt, and one JSON object a line.

Names of columns and keys are compared by their letters and digits alone, in any case: `Funding Rate` is `fundingRate`.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

from perpcalc.core.moments import moment
from perpcalc.errors import Key, PerpcalcError, listed, shown
from perpcalc.files import Source
from perpcalc.readers.answers import Item, check_refusal, coin_of, document, one_line

T = TypeVar("T")

UTC_ASSUMED = "times without an offset are taken as UTC"
NEWEST_FIRST = "the newest row comes first: read from the last to the first"
WRAPPERS = ("result", "data", "list", "rows", "items", "rates", "candles", "fills", "trades", "datalist", "orderbook")
"""Under which keys the answers of venues have their rows, folded."""
MORE = ("nextpagecursor", "morecandles", "hasmore", "continuationtoken")
"""Keys whose value tells, where it is not empty, that the answer has a further page."""
INSTRUMENT = ("contractcode", "symbol", "instid", "instrumentname", "contract", "market", "productid")
COMPRESSED = (b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd")


class Row(NamedTuple):
    """A row of a file, and the place to name in errors; cells of arrays have their index as key."""

    place: str
    cells: Item


class Sheet(NamedTuple):
    """The rows of a file in its order, its names of columns by their folded form, and the fields around its rows."""

    rows: list[Row]
    names: dict[str, str]
    outer: Item
    notes: list[str]

    def name(self, *folded: str) -> str | None:
        """The file's own spelling of the first of some columns that it has."""
        return next((self.names[key] for key in folded if key in self.names), None)


def fold(name: object) -> str:
    """A name by its letters and digits alone.

    >>> fold("Funding Rate"), fold("funding_rate")
    ('fundingrate', 'fundingrate')
    """
    return "".join(filter(str.isalnum, str(name).lower()))


@contextmanager
def naming(where: str) -> Iterator[None]:
    """Put the name of the file before the places of every error inside."""
    try:
        yield
    except PerpcalcError as error:
        raise (error if error.places[:1] == (where,) else error.at(where)) from None


def sheet_of(source: Source, headless: Sequence[tuple[str, ...]] = ()) -> Sheet:
    """The rows of a file; `headless` are the columns of CSV rows without a header, by their number.

    Raises PerpcalcError, naming the place, for what is neither CSV nor JSON, for a refusal, and for no rows.
    """
    check_readable(source.raw)
    start = source.raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    outer: Item = {}
    if start in (b"{", b"[", b"<", b""):
        rows, outer = _json_rows(source)
    else:
        rows = _csv_rows(source, headless)
    if not rows:
        raise PerpcalcError("holds no rows", "ask the venue for another time")
    names = names_of(rows)
    notes = (
        ["the answer has a further page: only this one is read"] if any(_is_more(outer, key) for key in MORE) else []
    )
    return Sheet(rows, names, outer, notes)


def check_readable(raw: bytes) -> None:
    """Raise PerpcalcError for the first bytes of a compressed file."""
    if raw.startswith(COMPRESSED):
        raise PerpcalcError("is compressed", "unpack it")


def names_of(rows: Sequence[Row]) -> dict[str, str]:
    """The columns of some rows by their folded names; what cannot be printed is no name.

    >>> names_of([Row("line 2", {"Funding Rate": "0.01%"})])
    {'fundingrate': 'Funding Rate'}
    """
    return {fold(name): name for row in rows for name in row.cells if name.isprintable()}


def with_info(sheet: Sheet) -> Sheet:
    """The sheet with the venue's own fields, which ccxt keeps under `info`, over those of ccxt, where each row has
    some.
    """
    if not all(isinstance(row.cells.get("info"), dict) and row.cells["info"] for row in sheet.rows):
        return sheet
    rows = [Row(row.place, {**row.cells, **row.cells["info"]}) for row in sheet.rows]
    return sheet._replace(rows=rows, names=names_of(rows))


def recognised(sheet: Sheet, needs: Mapping[str, frozenset[str]], kind: str) -> str:
    """The title of the first shape all of whose names a file has; raises PerpcalcError that lists the known ones for
    none.
    """
    for title, names in needs.items():
        if names <= sheet.names.keys():
            return title
    known = "".join(listed(needs, "and"))
    raise PerpcalcError(f"is no {kind} of a known form", f"known are {known}")


class Wanted:
    """The one instrument that is wanted of those that rows name: by its name, else by its coin, else the only one.

    Where both are given, a name of the coin will do too: everybody writes the same contract in another way.
    """

    def __init__(self, instrument: str | None = None, coin: str | None = None) -> None:
        self.instrument, self.coin = instrument, coin
        self.name: str | None = None
        self.others: list[str] = []

    def takes(self, name: str | None) -> bool:
        """Whether a row of this name is wanted; raises PerpcalcError where two could be meant.

        >>> wanted = Wanted(coin="ETH")
        >>> [wanted.takes(name) for name in ("BTCUSD", "ETHUSD", "ETHUSD")], wanted.name
        ([False, True, True], 'ETHUSD')
        """
        if name is None or name == self.name:
            return True
        exact = self.instrument is not None and fold(name) == fold(self.instrument)
        if exact or (is_of_coin(name, self.coin) if self.coin else self.instrument is None):
            if self.name is not None:
                if self.instrument is not None and fold(self.name) == fold(self.instrument):
                    return False
                raise PerpcalcError(
                    f"holds {one_line(self.name)} and {one_line(name)}",
                    ("say which by ", Key("instrument"), " or by COIN=FILE"),
                )
            self.name = name
            return True
        if name not in self.others:
            self.others.append(name)
        return False

    def check_found(self) -> None:
        """Raise PerpcalcError where the rows were all of others."""
        if self.name is None and self.others:
            asked = self.coin or self.instrument
            raise PerpcalcError(f"is of {one_line(self.others[0])}, not of {asked}", f"give a file of {asked}")


def counted(count: int, one: str, many: str) -> str:
    """So many rows and their verb.

    >>> counted(1, "is", "are"), counted(2, "is", "are")
    ('1 row is', '2 rows are')
    """
    return f"1 row {one}" if count == 1 else f"{count} rows {many}"


def is_of_coin(name: str, coin: str) -> bool:
    """Whether the name of an instrument has a coin in it.

    >>> is_of_coin("PI_XBTUSD", "BTC"), is_of_coin("ETH/USD:ETH", "BTC")
    (True, False)
    """
    return fold(coin_of(coin)) in fold(name).replace("xbt", "btc")


def in_order(rows: Sequence[Row], times: Sequence[int], notes: list[str]) -> list[tuple[int, Row]]:
    """Rows with their times, oldest first; what was turned round, sorted or left out as repeated goes into `notes`.

    Raises PerpcalcError where two rows of one time differ.
    """
    timed = list(zip(times, rows, strict=True))
    if len(timed) > 1 and all(before > after for before, after in pairwise(times)):
        timed.reverse()
        notes.append(NEWEST_FIRST)
    elif any(before > after for before, after in pairwise(times)):
        timed.sort(key=lambda one: one[0])
        notes.append("the rows are not in the order of their times: sorted")
    kept: list[tuple[int, Row]] = []
    for time, row in timed:
        if kept and kept[-1][0] == time:
            if kept[-1][1].cells != row.cells:
                raise PerpcalcError(f"has the same time as {kept[-1][1].place}", "leave one of them out").at(row.place)
            continue
        kept.append((time, row))
    if repeated := len(timed) - len(kept):
        notes.append(f"{counted(repeated, 'is', 'are')} there twice: counted once")
    return kept


def times_of(rows: Sequence[Row], name: str, notes: list[str]) -> list[int]:
    """The times in a column, in microseconds since 1970; raises PerpcalcError naming the place."""
    times, assumed = [], False
    for row in rows:
        with naming(row.place):
            found = moment(_text(row, name))
        times.append(found.time)
        assumed = assumed or found.assumed
    if assumed:
        notes.append(UTC_ASSUMED)
    return times


def _text(row: Row, name: str) -> str:
    value = row.cells.get(name)
    if not isinstance(value, str) or not value:
        raise PerpcalcError(f"has no {name}", "correct the file")
    return value


def _is_more(outer: Item, key: str) -> bool:
    return any(fold(name) == key and value not in (None, "", False, "false") for name, value in outer.items())


def _json_rows(source: Source) -> tuple[list[Row], Item]:
    lines = source.raw.removeprefix(b"\xef\xbb\xbf").splitlines()
    parts = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if are_rows([line for _, line in parts[:2]]):
        places = ((f"line {number}", line) for number, line in parts)
        return [Row(place, cells_in(document(Source(line, place)))) for place, line in places], {}
    data = document(source)
    check_refusal(data)
    outer: dict[str, Any] = {}
    return [Row(f"entry {number}", cells_in(item)) for number, item in enumerate(_items(data, outer), 1)], outer


def are_rows(lines: Sequence[bytes]) -> bool:
    """Whether the first two lines of a file are JSON documents by themselves."""
    ends = [line.strip()[:1] + line.strip()[-1:] for line in lines]
    return len(ends) > 1 and all(pair in (b"{}", b"[]") for pair in ends)


def _items(data: Any, outer: dict[str, Any]) -> list[Any]:
    """What a document holds in its innermost list; the fields around it go into `outer`."""
    while isinstance(data, dict):
        inner = [value for key, value in data.items() if fold(key) in WRAPPERS and isinstance(value, list | dict)]
        if not inner:
            return list(_transposed(data)) if _is_columnar(data) else [data]
        outer.update((key, value) for key, value in data.items() if not isinstance(value, list | dict))
        data = max(inner, key=lambda value: isinstance(value, list))
    if not isinstance(data, list):
        raise PerpcalcError("holds no rows", "give a list of them")
    if all(isinstance(page, dict) and isinstance(page.get("result"), dict) for page in data):  # several answers
        return [item for page in data for item in _page(page, outer)]
    return data


def _page(page: Item, outer: dict[str, Any]) -> list[Any]:
    check_refusal(page)
    inner = page["result"].get("list")
    outer.update(page["result"])
    return inner if isinstance(inner, list) else []


def _is_columnar(data: Item) -> bool:
    """Whether an object holds columns (Deribit's candles)."""
    return isinstance(data.get("ticks"), list) and isinstance(data.get("close"), list)


def _transposed(data: Item) -> Iterator[Item]:
    columns = {key: value for key, value in data.items() if isinstance(value, list)}
    if len({len(column) for column in columns.values()}) != 1:
        raise PerpcalcError("its columns are not of one length", "save the whole answer")
    yield from (dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True))


def cells_in(item: Any) -> Item:
    """The cells of a JSON row; those of an array have their index as key."""
    if isinstance(item, dict):
        return item
    if isinstance(item, list):
        return {str(index): value for index, value in enumerate(item)}
    raise PerpcalcError(f"{shown(str(item))} is no row", "give a list of objects or arrays")


def _csv_rows(source: Source, headless: Sequence[tuple[str, ...]]) -> list[Row]:
    try:
        text = source.raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PerpcalcError(f"byte {error.start} is not UTF-8", "save the file as UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise PerpcalcError(f"not CSV: {error}", "correct that line").at(f"line {reader.line_num}") from None
    while len(rows) > 1 and len(rows[0][1]) == 1 and rows[0][1][0].startswith(("#", "http")):
        del rows[0]
    if not rows:
        return []
    number, first = rows[0]
    if is_header(first):
        del rows[0]
        columns: Sequence[str] = first
        if twice := {name for name in map(fold, first) if list(map(fold, first)).count(name) > 1}:
            raise PerpcalcError(f"the column {sorted(twice)[0]} is there twice", "leave one out").at(f"line {number}")
    else:
        columns = next((shape for shape in headless if len(shape) == len(first)), ())
        if not columns:
            forms = " or ".join(map(",".join, headless))
            raise PerpcalcError(f"has {len(first)} cells", f"write {forms or 'the names of the columns'}").at(
                f"line {number}"
            )
    for number, cells in rows:
        if len(cells) != len(columns):
            raise PerpcalcError(
                f"has {len(cells)} cells, not {len(columns)}", f"write {one_line(','.join(columns))}"
            ).at(f"line {number}")
    return [Row(f"line {number}", dict(zip(columns, cells, strict=True))) for number, cells in rows]


def delimiter_of(text: str) -> str:
    """What separates the cells of a CSV file, by its first line."""
    line = text.partition("\n")[0]
    return next((sign for sign in ",;\t" if sign in line), ",")


def is_header(cells: Sequence[str]) -> bool:
    """Whether the first cells of a file are names: none of them is a number or a time."""
    return all(not cell or cell[0].isalpha() or cell[0] in "_%#" for cell in cells) and any(cells)
