"""Order books as venues and ccxt write them, the best levels first, with the unit of their amounts.

Sources: the API pages of each venue. Amounts are contracts at Binance, OKX, Bybit (of 1 USD), BitMEX, Kraken, KuCoin
and Gate, USD at Deribit; ccxt hands on what the venue has, taken as contracts.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from perpcalc.core.moments import moment
from perpcalc.core.order_book import CONTRACTS, USD, Book, Level
from perpcalc.decimals import plain
from perpcalc.errors import PerpcalcError, listed
from perpcalc.files import read
from perpcalc.readers import answers
from perpcalc.readers.answers import Item, check_refusal, document
from perpcalc.readers.sheet import INSTRUMENT, check_readable, fold, naming

MOST_LEVELS = 100_000
TIMES = ("timestamp", "ts", "t", "servertime", "update")


class Shape(NamedTuple):
    """A form of order book: the keys around it, folded, that tell it, and the unit of its amounts."""

    needs: frozenset[str]
    unit: str = CONTRACTS
    note: str = ""


SHAPES: Mapping[str, Shape] = {
    "Binance (depth)": Shape(frozenset(("lastupdateid", "bids", "asks"))),
    "Bybit (orderbook)": Shape(frozenset(("s", "b", "a"))),
    "KuCoin (level2)": Shape(frozenset(("sequence", "bids", "asks"))),
    "OKX (books)": Shape(frozenset(("ts", "bids", "asks", "code"))),
    "Deribit (get_order_book)": Shape(frozenset(("instrumentname", "bids", "asks")), USD),
    "Kraken (orderbook)": Shape(frozenset(("servertime", "bids", "asks"))),
    "Gate (order_book)": Shape(frozenset(("current", "bids", "asks"))),
    "ccxt (fetch_order_book)": Shape(
        frozenset(("symbol", "bids", "asks")),
        note="amounts are taken as contracts, which is what ccxt writes for most venues",
    ),
    "bids and asks of [price, contracts]": Shape(frozenset(("bids", "asks")), note="amounts are taken as contracts"),
}
BITMEX = "BitMEX (orderBook/L2)"
WRAPPERS = ("result", "data", "orderbook", "params")
CHANGES = ("delta", "change", "update")


class Snapshot(NamedTuple):
    """An order book at a moment (microseconds since 1970, None where none is said), and what is assumed of it."""

    where: str
    form: str
    book: Book
    instrument: str | None
    time: int | None
    notes: tuple[str, ...]


def read_book(path: str) -> Snapshot:
    """The order book in a file.

    Raises PerpcalcError, naming file and place, for a file of no known form, a level that is wrong, and a book whose
    best bid is not below its best ask.
    """
    source = read(path)
    with naming(source.where):
        check_readable(source.raw)
        data = document(source)
        check_refusal(data)
        if isinstance(data, list) and data and all(isinstance(row, dict) and "side" in row for row in data):
            return _of_rows(source.where, data)
        fields = _fields(data)
        if fields.get("type") in CHANGES or fields.get("action") in CHANGES:
            raise PerpcalcError("is a change of an order book, not the book", "save a snapshot")
        names = {fold(key): key for key in fields}
        for form, shape in SHAPES.items():
            if shape.needs <= names.keys():
                bids, asks = (
                    _levels(fields, names[key]) for key in (("b", "a") if "b" in shape.needs else ("bids", "asks"))
                )
                name = next((fields[names[key]] for key in (*INSTRUMENT, "s") if key in names), None)
                time = next((fields[names[key]] for key in TIMES if key in names), None)
                note = (shape.note,) if shape.note else ()
                return _snapshot(source.where, form, Book(bids, asks, shape.unit), name, time, note)
        known = "".join(listed((*SHAPES, BITMEX), "and"))
        raise PerpcalcError("is no order book of a known form", f"known are {known}")


def _snapshot(where: str, form: str, book: Book, name: Any, time: Any, notes: tuple[str, ...]) -> Snapshot:
    bids = tuple(sorted(book.bids, key=lambda level: level.price, reverse=True))
    asks = tuple(sorted(book.asks, key=lambda level: level.price))
    if bids and asks and bids[0].price >= asks[0].price:
        raise PerpcalcError(
            f"the best bid {plain(bids[0].price)} is not below the best ask {plain(asks[0].price)}",
            "save the book again",
        )
    at = moment(time).time if isinstance(time, str) and time else None
    return Snapshot(where, form, Book(bids, asks, book.unit), name if isinstance(name, str) else None, at, notes)


def _fields(data: Any) -> dict[str, Any]:
    """The fields of an answer and of what it wraps, the inner ones first."""
    fields: dict[str, Any] = {}
    while data is not None:
        if isinstance(data, list) and len(data) == 1:
            data = data[0]
        if not isinstance(data, dict):
            break
        fields = {**fields, **data}
        data = next(
            (value for key, value in data.items() if fold(key) in WRAPPERS and isinstance(value, list | dict)), None
        )
    return fields


def _levels(fields: Item, side: str) -> tuple[Level, ...]:
    levels = fields[side]
    if not isinstance(levels, list):
        raise PerpcalcError("is not a list of levels", "save the whole answer").at(side)
    if len(levels) > MOST_LEVELS:
        raise PerpcalcError(f"has more than {MOST_LEVELS} levels", "save fewer").at(side)
    found = []
    for number, level in enumerate(levels, 1):
        with naming(f"{side}, level {number}"):
            found.append(_level(level))
    return tuple(level for level in found if level.amount)


def _level(level: Any) -> Level:
    """A level: [price, amount, ...], ["new", price, amount] of Deribit's channels, or an object."""
    if isinstance(level, list):
        pair: Sequence[Any] = level[1:] if level and level[0] in ("new", "change") else level
        level = dict(zip(("price", "amount"), pair, strict=False))
    if not isinstance(level, dict):
        raise PerpcalcError("is neither a list nor an object", "save the whole answer")
    price = answers.positive(level, "price", "p")
    amount = answers.number(level, "amount", "size", "s")
    if price is None or amount is None or amount < 0:
        raise PerpcalcError("has no price and amount", "save the whole answer")
    return Level(price, amount)


def _of_rows(where: str, rows: Sequence[Item]) -> Snapshot:
    """BitMEX's book: a row for each level."""
    sides: dict[str, list[Level]] = {"buy": [], "sell": []}
    for number, row in enumerate(rows, 1):
        with naming(f"entry {number}"):
            side = answers.choice(row, "side", {"buy": "buy", "sell": "sell"})
            sides[side or "buy"].append(_level(row))
    book = Book(tuple(sides["buy"]), tuple(sides["sell"]))
    return _snapshot(where, BITMEX, book, rows[0].get("symbol"), rows[0].get("timestamp"), ())
