"""Candles and mark prices in the forms that venues and programs write; files of any length, in flat memory.

Sources: the API pages of each venue; data.binance.vision; docs.tardis.dev; ccxt manual, "OHLCV Structure".
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO, NamedTuple

from perpcalc.core.replay import Bar
from perpcalc.errors import PerpcalcError, listed
from perpcalc.files import Source, opened, whole
from perpcalc.readers import answers
from perpcalc.readers.answers import Item, document
from perpcalc.readers.bars import Layout, Stream, bars_of, quick_reader, time_of
from perpcalc.readers.lines import LONGEST_LINE, backwards, cells_of, checked, lines_of
from perpcalc.readers.sheet import (
    INSTRUMENT,
    NEWEST_FIRST,
    UTC_ASSUMED,
    Row,
    Wanted,
    are_rows,
    cells_in,
    check_readable,
    delimiter_of,
    fold,
    is_header,
    names_of,
    naming,
    sheet_of,
)

FORMS = (
    "Binance (klines, markPriceKlines, and their data files)",
    "Bybit (kline, mark-price-kline)",
    "OKX (candles, mark-price-candles)",
    "BitMEX (trade/bucketed)",
    "Deribit (get_tradingview_chart_data, get_mark_price_history)",
    "Kraken (charts)",
    "KuCoin (kline/query)",
    "Gate (candlesticks)",
    "ccxt (fetch_ohlcv)",
    "tardis (derivative_ticker)",
    "time,open,high,low,close",
    "time,mark",
)
TIMES = (
    "opentime",
    "time",
    "timestamp",
    "ticks",
    "unix",
    "ts",
    "starttime",
    "t",
    "createdat",
    "datetime",
    "date",
    "id",
)
PRICES = (("open", "o"), ("high", "h"), ("low", "l"), ("close", "c"))
TICKS = ("markprice", "mark", "price")
VOLUMES = ("vol", "amount")
BITMEX = {"symbol", "timestamp", "trades", "lastsize"}
BOM = b"\xef\xbb\xbf"
HEAD = 8
BRACKETS = str.maketrans("", "", '[]" ')


class Candles(NamedTuple):
    """Bars of one instrument. `marks` is None where the file does not say whether its prices are marks or last ones.

    `step` is how long a bar is in microseconds, None where that varies or is not known. `bars` can be gone through
    once, and what was assumed or left out on the way is then in `notes`.
    """

    where: str
    instrument: str | None
    marks: bool | None
    step: int | None
    bars: Iterator[Bar]
    notes: list[str]


@contextmanager
def candles(path: str, instrument: str | None = None, coin: str | None = None) -> Iterator[Candles]:
    """The bars of a file of any length, as it is read; CSV and one JSON row a line stream, a JSON document has 16 MiB
    at most.

    Raises PerpcalcError, naming file and place, for a file of no known form, a row that is wrong, and mixed
    instruments.
    """
    wanted = Wanted(instrument, coin)
    with opened(path) as (file, where):
        with naming(where):
            head = [line for _ in range(HEAD) if (line := file.readline(LONGEST_LINE))]
            check_readable(b"".join(head))
            start = b"".join(head).removeprefix(BOM).lstrip()[:1]
            if start not in (b"{", b"[", b"<", b"") or are_rows(head[:2]):
                found = _of_lines(file, where, head, wanted)
            else:
                found = _of_document(whole(file, where, b"".join(head)), wanted)
        yield found


def _of_document(source: Source, wanted: Wanted) -> Candles:
    sheet = sheet_of(source)
    first = sheet.rows[0].cells
    layout = _layout(sheet.names, first, sheet.outer)
    around = {fold(key): value for key, value in sheet.outer.items()}
    wanted.takes(next((around[name] for name in INSTRUMENT if name in around), None))
    wanted.check_found()
    rows = [(number, row.cells) for number, row in enumerate(sheet.rows, 1)]
    step, falling, notes = _pace(layout, [cells for _, cells in rows[:2]])
    stream = Stream(reversed(rows) if falling else iter(rows), lambda cells: cells, "entry")
    return _candles(source.where, stream, layout, first, step, wanted, sheet.notes + notes)


def _of_lines(file: BinaryIO, where: str, head: Sequence[bytes], wanted: Wanted) -> Candles:
    """The bars of a CSV file, or of one JSON row a line."""
    try:
        texts = [line.removeprefix(BOM).decode() for line in head]
    except UnicodeDecodeError as error:
        raise PerpcalcError(f"byte {error.start} is not UTF-8", "save the file as UTF-8") from None
    skipped, columns, sign = 0, [], ""
    if not are_rows(head[:2]):
        while texts[skipped].startswith(("#", "http")) and skipped + 1 < len(texts):
            skipped += 1
        sign = delimiter_of(texts[skipped])
        columns = cells_of(texts[skipped], sign)
        if is_header(columns):
            skipped += 1
        else:
            columns = [str(index) for index in range(len(columns))]
    to_cells: Callable[[str], Item] = partial(_csv_cells, columns, sign) if columns else _json_cells
    samples = []
    for number, text in enumerate(texts[skipped:], skipped + 1):
        with naming(f"line {number}"):
            samples += [cells] if (cells := to_cells(text)) else []
    if not samples:
        raise PerpcalcError("holds no rows", "ask the venue for another time")
    layout = _layout(names_of([Row("", samples[0])]), samples[0], {})
    step, falling, notes = _pace(layout, samples)
    if falling:
        lines = backwards(file, sum(map(len, head[:skipped])), skipped + 1)
    else:
        lines = lines_of(file, head[skipped:], skipped + 1)
    stream = Stream(lines, to_cells, "line")
    if columns:
        stream = stream._replace(quick=quick_reader(columns, sign, samples[0], layout, step))
    elif "0" in samples[0]:
        of_cells = quick_reader(list(samples[0]), ",", samples[0], layout, step)
        stream = stream._replace(quick=lambda line: of_cells(line.translate(BRACKETS)))
    return _candles(where, stream, layout, samples[0], step, wanted, notes)


def _candles(
    where: str, stream: Stream, layout: Layout, first: Item, step: int | None, wanted: Wanted, notes: list[str]
) -> Candles:
    if layout.instrument is not None and not wanted.takes(answers.text(first, layout.instrument)):
        stream = Stream(stream.rows, stream.cells, stream.word)  # quick bars would be of the first row's instrument
    return Candles(where, wanted.name, layout.marks, step, bars_of(stream, layout, step, wanted, where, notes), notes)


def _pace(layout: Layout, samples: Sequence[Item]) -> tuple[int | None, bool, list[str]]:
    """The time from bar to bar, whether the newest comes first, and what has to be said of it."""
    times = [time_of(cells, layout) for cells in samples[:2]]
    step = times[-1].time - times[0].time
    notes = [NEWEST_FIRST] if step < 0 else []
    notes += [UTC_ASSUMED] if times[0].assumed else []
    return None if layout.ticks or not step else abs(step), step < 0, notes


def _layout(names: Mapping[str, str], first: Item, outer: Item) -> Layout:
    """Where the rows have what a bar needs, by their names or, of arrays, by their length; raises PerpcalcError for
    none.
    """
    if "0" in names:
        found = _of_array(first, outer)
        if found:
            return found
    time = next((names[name] for name in TIMES if name in names), None)
    prices = [next((names[name] for name in both if name in names), None) for both in PRICES]
    instrument = next((names[name] for name in INSTRUMENT if name in names), None)
    opened, high, low, close = prices
    if time and opened and high and low and close:
        ends = names.keys() >= BITMEX
        return Layout(time, (opened, high, low, close), instrument, _are_marks(names, first), ends)
    ticks = TICKS[:-1] if "side" in names else TICKS  # a file of trades has prices too
    tick = next((name for name in ticks if name in names), None)
    if time and tick:
        price = names[tick]
        return Layout(time, (price, price, price, price), instrument, True if "mark" in tick else None)
    raise PerpcalcError("is no file of candles of a known form", f"known are {''.join(listed(FORMS, 'and'))}")


def _of_array(first: Item, outer: Item) -> Layout | None:
    """The layout of rows that are arrays: time, open, high, low, close, and what each venue puts after them."""
    count = len(first)
    if count == 2:
        return Layout("0", ("1", "1", "1", "1"), marks=True if "jsonrpc" in outer else None)
    marks: bool | None = False
    if count == 5:
        marks = True if "retCode" in outer else None
    elif count == 6:
        marks = True if outer.get("code") == "0" else _are_marks({"volume": "5"}, first)
    elif count == 12:
        marks = _are_marks({"volume": "5", "count": "8"}, first)
    return Layout("0", ("1", "2", "3", "4"), marks=marks) if count >= 5 else None


def _are_marks(names: Mapping[str, str], first: Item) -> bool | None:
    """Whether bars are of marks: those have no volume, though Binance counts what they were made of; None if not
    told.
    """
    volume = next((first.get(names[name]) for name in names if name.startswith(VOLUMES) or name == "v"), None)
    if volume is None:
        return None
    if any(digit in str(volume) for digit in "123456789"):
        return False
    return True if "count" in names and first.get(names["count"]) != "0" else None


def _csv_cells(columns: Sequence[str], sign: str, line: str) -> Item:
    cells = cells_of(line, sign)
    if not any(cells):
        return {}
    if len(cells) != len(columns):
        raise PerpcalcError(f"has {len(cells)} cells, not {len(columns)}", "correct that line")
    return dict(zip(columns, cells, strict=True))


def _json_cells(line: str) -> Item:
    return cells_in(document(Source(checked(line).encode(), ""))) if line.strip() else {}
