"""Order books in the forms of venues and ccxt, with the unit of their amounts."""

import json
from decimal import Decimal

import pytest

from perpcalc.core.order_book import walked
from perpcalc.core.position import LONG
from perpcalc.errors import PerpcalcError
from perpcalc.readers.books import read_book

from .files import Write, sample, samples

TIME = 1_717_200_000_000_000  # 2024-06-01T00:00Z
AS_CONTRACTS = "amounts are taken as contracts, which is what ccxt writes for most venues"
FORMS: dict[str, tuple[str, str, str | None, int | None]] = {
    "binance.json": ("Binance (depth)", "contracts", "BTCUSD_PERP", TIME),
    "bybit.json": ("Bybit (orderbook)", "contracts", "BTCUSD", TIME),
    "okx.json": ("OKX (books)", "contracts", None, TIME),
    "deribit.json": ("Deribit (get_order_book)", "USD", "BTC-PERPETUAL", TIME),
    "deribit-channel.json": ("Deribit (get_order_book)", "USD", "BTC-PERPETUAL", TIME),
    "ccxt.json": ("ccxt (fetch_order_book)", "contracts", "BTC/USD:BTC", TIME),
    "kucoin.json": ("KuCoin (level2)", "contracts", "XBTUSDM", TIME),
    "kraken.json": ("Kraken (orderbook)", "contracts", None, TIME + 500_000),
    "gate.json": ("Gate (order_book)", "contracts", None, TIME),
    "bitmex.json": ("BitMEX (orderBook/L2)", "contracts", "XBTUSD", TIME),
}


@pytest.mark.parametrize("name", samples("books"))
def test_a_book_is_read_in_every_form(name: str) -> None:
    found = read_book(sample("books", name))
    form, unit, instrument, time = FORMS[name]
    assert (found.form, found.book.unit, found.instrument, found.time) == (form, unit, instrument, time)
    scale = 100 if name in ("binance.json", "okx.json", "ccxt.json") else 1  # contracts of 100 USD
    assert [(level.price, level.amount * scale) for level in found.book.bids] == [(59_990, 10_000), (59_980, 25_000)]
    assert [(level.price, level.amount * scale) for level in found.book.asks] == [(60_010, 12_000), (60_020, 30_000)]
    assert found.notes == ((AS_CONTRACTS,) if name == "ccxt.json" else ())


@pytest.mark.parametrize(
    ("name", "size"), [("binance.json", 100), ("okx.json", 100), ("deribit.json", 10), ("bybit.json", 1)]
)
def test_a_position_of_one_size_fills_alike_in_every_book(name: str, size: int) -> None:
    book = read_book(sample("books", name)).book
    found = walked(book, LONG, Decimal(20_000 // size), Decimal(size))
    assert found.average is not None
    assert (found.worst, found.rest, round(found.average, 4)) == (59_980, 0, Decimal("59984.9996"))


def test_a_bare_pair_of_sides_is_read_and_the_unit_assumed(write: Write) -> None:
    found = read_book(write('{"bids": [[1, 2]], "asks": [[3, 4]]}'))
    assert (found.book.unit, found.notes) == ("contracts", ("amounts are taken as contracts",))


def test_a_book_may_leave_its_time_empty(write: Write) -> None:
    assert read_book(write('{"symbol": "BTCUSD", "timestamp": "", "bids": [[1, 2]], "asks": [[3, 4]]}')).time is None


def test_levels_are_put_in_order_and_empty_ones_left_out(write: Write) -> None:
    found = read_book(write('{"bids": [["8", "1"], ["9", "0"], ["8.5", "1e1"]], "asks": [["11", "1"], ["10", "2"]]}'))
    assert [(level.price, level.amount) for level in found.book.bids] == [(Decimal("8.5"), 10), (8, 1)]
    assert [level.price for level in found.book.asks] == [10, 11]


def test_a_book_of_one_row_is_one(write: Write) -> None:
    found = read_book(write('[{"symbol": "XBTUSD", "side": "Buy", "size": 100, "price": 60000}]'))
    assert (found.instrument, len(found.book.bids), len(found.book.asks)) == ("XBTUSD", 1, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("{}", "is no order book of a known form: known are Binance (depth), Bybit (orderbook), KuCoin (level2), OKX"),
        ("[]", "is no order book of a known form"),
        ('{"bids": {}, "asks": []}', "bids: is not a list of levels: save the whole answer"),
        ('{"bids": [[1]], "asks": []}', "bids, level 1: has no price and amount"),
        ('{"bids": [{"amount": 1}], "asks": []}', "bids, level 1: has no price and amount"),
        ('{"bids": [{"price": 1}], "asks": []}', "bids, level 1: has no price and amount"),
        ('{"bids": ["1"], "asks": []}', "bids, level 1: is neither a list nor an object"),
        ('{"bids": [[1, 2]], "asks": [[3, -4]]}', "asks, level 1: has no price and amount"),
        ('{"bids": [[1, 2]], "asks": [["x", 4]]}', "asks, level 1: price 'x' is not a number"),
        ('{"bids": [[3, 2]], "asks": [[3, 4]]}', "the best bid 3 is not below the best ask 3: save the book again"),
        (
            '{"topic": "orderbook.50.BTCUSD", "type": "delta", "data": {"s": "BTCUSD", "b": [], "a": []}}',
            "is a change of an order book, not the book: save a snapshot",
        ),
        (
            '{"action": "update", "data": {"bids": [[1, 2]], "asks": [[3, 4]]}}',
            "is a change of an order book, not the book: save a snapshot",
        ),
        (
            '{"code": "51001", "msg": "Instrument ID does not exist", "data": []}',
            "the venue refused: Instrument ID does",
        ),
        (json.dumps({"bids": [[1, 1]] * 100_001, "asks": []}), "bids: has more than 100000 levels: save fewer"),
        ('[{"side": "Middle", "price": 1, "size": 1}]', "entry 1: side 'Middle' is not known: it may be buy, sell"),
        ("<html></html>", "is a web page, not JSON"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_its_place(write: Write, content: str, message: str) -> None:
    path = write(content)
    with pytest.raises(PerpcalcError) as caught:
        read_book(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: {message}")
    assert line.isprintable()
    assert caught.value.remedy
