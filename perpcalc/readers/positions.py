"""The positions and balances in a file: which shape it has, whether it is whole, and what stands in it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from perpcalc.errors import PerpcalcError, shown
from perpcalc.files import Source
from perpcalc.readers.answers import ANSWER, check_refusal, document, number
from perpcalc.readers.balances import Balance, balances_of
from perpcalc.readers.positions_of_ccxt import ccxt, venue_of
from perpcalc.readers.positions_of_venues import Reader, reader_of
from perpcalc.readers.recorded import Recorded

LISTS = ("openPositions", "positions", "list", "data", "result")
DEEPEST = 4
KNOWN = "positions of ccxt, Binance COIN-M, Bybit v5, OKX, Deribit, BitMEX, Kraken, KuCoin, Gate and Phemex are known"
NAMES = ("symbol", "instId", "instrument_name", "contract")
LONGEST_NAME = 64


class LeftOut(NamedTuple):
    """Why a position is not taken: its number in the file, and the error with its place."""

    number: int
    error: PerpcalcError


class Dump(NamedTuple):
    """What a file says is held. `unread` are the positions that it garbles, `empty` counts the flat ones.

    `lists_positions` is False for an answer of balances alone, `further_page` True where the venue has more to say.
    """

    items: tuple[Recorded, ...] = ()
    unread: tuple[LeftOut, ...] = ()
    empty: int = 0
    balances: tuple[Balance, ...] = ()
    lists_positions: bool = True
    further_page: bool = False


def read_positions(source: Source) -> Dump:
    """The positions and balances in a JSON file; raises PerpcalcError where it holds neither or is a refusal."""
    data = document(source)
    try:
        check_refusal(data)
        balances = balances_of(data)
        rows = _rows(data)
        readers = [_reader_of(row) for row in rows or ()]
        if not any(readers) and balances:
            return Dump(balances=balances, lists_positions=False, further_page=_goes_on(data))
        if rows is None or (rows and not any(readers)):
            raise PerpcalcError(f"holds no positions that are known: {KNOWN}", ANSWER)
    except PerpcalcError as error:
        raise error.at(source.where) from None
    exchange = data.get("exchange") if isinstance(data, dict) else None
    stated = venue_of(exchange) if isinstance(exchange, str) else None
    items: list[Recorded] = []
    unread: list[LeftOut] = []
    empty = 0
    for index, (row, reader) in enumerate(zip(rows, readers, strict=True), 1):
        where = place(index, row)
        try:
            if reader is None:
                raise PerpcalcError("is no position of a known shape", ANSWER)
            found = reader(row)
        except PerpcalcError as error:
            unread.append(LeftOut(index, error.at(where)))
            continue
        if found is None:
            empty += 1
        else:
            items.append(found._replace(number=index, place=where, venue=found.venue or stated))
    return Dump(tuple(items), tuple(unread), empty, balances, True, _goes_on(data))


def place(index: int, row: Any) -> str:
    """Where a position stands in a file, for a message.

    >>> place(3, {"symbol": "BTC/USD:BTC"})
    'position 3 (BTC/USD:BTC)'
    """
    names = (row.get(key) for key in NAMES) if isinstance(row, dict) else ()
    name = next((name for name in names if isinstance(name, str) and name), None)
    if name is None:
        return f"position {index}"
    plain = name.isascii() and name.isprintable() and len(name) <= LONGEST_NAME
    return f"position {index} ({name if plain else shown(name)})"


def _reader_of(row: Any) -> Reader | None:
    """The reader of a row: ccxt's own keys go first, for it hands on what the venue sent."""
    if isinstance(row, dict) and "contracts" in row and "symbol" in row:
        return ccxt
    return reader_of(row)


def _rows(data: Any, depth: int = 0, name: str = "") -> list[Any] | None:
    """The list of positions in an answer, whatever it is wrapped in; an answer of one position is a list of one."""
    if isinstance(data, list):
        return data
    if not isinstance(data, dict) or depth == DEEPEST:
        return None
    if _reader_of(data):
        return [data]
    for key in LISTS:
        if key in data and not isinstance(inner := data[key], str | bool):
            if inner is None:
                return []
            found = _rows(inner, depth + 1, key)
            if found is None and key in LISTS[:3]:
                raise PerpcalcError(f"{key} is an object, not a list", ANSWER)
            return found
    return None


def _goes_on(data: Any, depth: int = 0) -> bool:
    """Whether an answer says that it is followed by another page."""
    if not isinstance(data, Mapping) or depth == DEEPEST:
        return False
    if any(data.get(key) not in (None, "", "0") for key in ("nextPageCursor", "next_cursor", "nextCursor")):
        return True
    if data.get("hasMore") is True or data.get("has_more") is True:
        return True
    page, pages = (
        number(data, key) if isinstance(data.get(key), str) else None for key in ("currentPage", "totalPage")
    )
    if page is not None and pages is not None and page < pages:
        return True
    return any(_goes_on(data.get(key), depth + 1) for key in ("result", "data"))
