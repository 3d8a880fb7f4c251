"""One's own trades and funding payments in the forms of venues and programs, and what they come to."""

from decimal import Decimal
from pathlib import Path

import pytest

from perpcalc import venues
from perpcalc.core.instrument import PLAIN
from perpcalc.core.ledger import by_instrument, ledger
from perpcalc.decimals import plain
from perpcalc.errors import PerpcalcError
from perpcalc.readers.funding import History
from perpcalc.readers.trades import Tape, read_charges, read_trades

from .files import Write, sample, samples

MIDNIGHT = 1_717_200_000_000_000  # 2024-06-01T00:00Z
NEWEST_FIRST = "the newest row comes first: read from the last to the first"
FURTHER = "the answer has a further page: only this one is read"

Told = tuple[str | None, str, str, str, str | None]


def told(tape: Tape) -> list[Told]:
    """Instrument, bought or sold contracts (or USD), price, and fee of each trade."""
    return [
        (
            trade.instrument,
            "bought" if trade.side > 0 else "sold",
            plain(trade.contracts) if trade.contracts is not None else f"{plain(trade.usd or Decimal(0))} USD",
            plain(trade.price),
            trade.fee and f"{plain(trade.fee)} {trade.fee_currency or '-'}",
        )
        for trade in tape.trades
    ]


FORMS: dict[str, tuple[list[Told], tuple[str, ...]]] = {
    "binance.json": (
        [
            ("BTCUSD_PERP", "bought", "100", "60000", "0.00008333 BTC"),
            ("BTCUSD_PERP", "sold", "150", "61000", "0.00012295 BTC"),
        ],
        (),
    ),
    "binance-hedge.json": (
        [("BTCUSD_PERP", "bought", "100", "60000", "0.01 BNB"), ("BTCUSD_PERP", "sold", "50", "61000", "0.01 BNB")],
        (),
    ),
    "bybit.json": (
        [
            ("BTCUSD", "sold", "100", "30004.5", "0.000002 -"),
            ("BTCUSD", "sold", "200", "30004.5", "0.000004 -"),
            ("BTCUSD", "bought", "1", "27000", "0.00000003 -"),
        ],
        (NEWEST_FIRST,),
    ),
    "okx.json": (
        [
            ("BTC-USD-SWAP", "bought", "10", "60000", "-0.0000016 BTC"),
            ("BTC-USD-SWAP", "sold", "4", "61000", "0.00000327868 BTC"),
        ],
        (NEWEST_FIRST,),
    ),
    "bitmex.csv": (
        [("XBTUSD", "bought", "10000", "50000", "0.0001 BTC"), ("XBTUSD", "sold", "10000", "55000", "0.0000909 BTC")],
        (
            "1 row is of kind canceled: left out",
            "1 row is of ETHUSD, which is a quanto contract, on ETH and settled in BTC: left out",
        ),
    ),
    "deribit.json": (
        [
            ("BTC-PERPETUAL", "bought", "10000 USD", "60000", "0.00008333 BTC"),
            ("BTC-PERPETUAL", "sold", "4000 USD", "61000", "-0.0000015 BTC"),
        ],
        (FURTHER, "1 row is of BTC-27DEC24-100000-C, which is an option: left out"),
    ),
    "kraken.json": (
        [("PI_XBTUSD", "bought", "5000", "60000", None), ("PI_XBTUSD", "sold", "2000", "61000", None)],
        (
            NEWEST_FIRST,
            "1 row is of PF_XBTUSD, which is linear: it settles in USD, not in the coin BTC: left out",
        ),
    ),
    "kucoin.json": (
        [
            ("XBTUSDM", "bought", "5000", "60000", "0.00005 BTC"),
            ("XBTUSDM", "sold", "2000", "61000", "0.0000196721 BTC"),
        ],
        (NEWEST_FIRST,),
    ),
    "gate.json": (
        [("BTC_USD", "bought", "5000", "60000", "-0.00000833 -"), ("BTC_USD", "sold", "2000", "61000", "0.00001639 -")],
        (NEWEST_FIRST,),
    ),
    "ccxt.json": (
        [
            ("BTC/USD:BTC", "bought", "1000", "40000", "0.000015 BTC"),
            ("BTC/USD:BTC", "bought", "1000", "40000", "0.000015 BTC"),
            ("BTC/USD:BTC", "sold", "2000", "42105.26315789", "0.0000525 BTC"),
        ],
        ("no times are given: taken as oldest first",),
    ),
    "ccxt-full.json": (
        [("BTC/USD:BTC", "bought", "1000", "60000", "-0.0000016 BTC")],
        (
            "the rows are not in the order of their times: sorted",
            "1 row is there twice: counted once",
            "1 row is of BTC/USDT:USDT, which is linear: it settles in USDT, not in the coin BTC: left out",
        ),
    ),
    "own.csv": (
        [(None, "bought", "50", "99000", "0.0000002 -"), (None, "sold", "60", "110000", "0.0000003 -")],
        ("times without an offset are taken as UTC", NEWEST_FIRST),
    ),
}


@pytest.mark.parametrize("name", samples("trades"))
def test_trades_are_read_in_every_form(name: str) -> None:
    rows, notes = FORMS[name]
    tape = read_trades(sample("trades", name))
    assert (told(tape), tape.notes) == (rows, notes)


def test_times_ids_sides_and_places_come_with_a_trade() -> None:
    tape = read_trades(sample("trades", "binance-hedge.json"))
    assert [(trade.time, trade.id, trade.held, trade.place) for trade in tape.trades] == [
        (MIDNIGHT, "6", "long", "entry 1"),
        (MIDNIGHT + 3_600_000_000, "7", "short", "entry 2"),
    ]
    assert [trade.closes for trade in read_trades(sample("trades", "binance.json")).trades] == [False, True]
    assert tape.venue == "binance"


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("binance.json", ["6", "7"]),
        ("bitmex.csv", ["a", "d"]),
        ("bybit.json", ["1", "2", "3"]),
        ("ccxt-full.json", ["1"]),
        ("deribit.json", ["BTC-1", "BTC-2"]),
        ("gate.json", ["120", "121"]),
        ("kraken.json", ["a6ee", "3d57"]),
        ("kucoin.json", ["5ce0", "5ce2"]),
        ("okx.json", ["901", "902"]),
        ("own.csv", [None, None]),
    ],
)
def test_the_id_of_a_trade_is_the_venue_s(name: str, ids: list[str | None]) -> None:
    assert [trade.id for trade in read_trades(sample("trades", name)).trades] == ids


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("binance.json", ["0.16666667", "0.24590164"]),
        ("bybit.json", ["0.00333283", "0.00666566", "0.00003703"]),
        ("bitmex.csv", ["0.2", "0.181818"]),
        ("kucoin.json", ["0.0833333333", "0.0327868852"]),
        ("ccxt.json", ["0.025", "0.025", "0.0475"]),
        ("okx.json", [None, None]),
    ],
)
def test_the_coin_value_of_a_trade_is_the_venue_s_own_where_it_says_one(name: str, values: list[str | None]) -> None:
    trades = read_trades(sample("trades", name)).trades
    assert [trade.value if trade.value is None else plain(trade.value) for trade in trades] == values


def test_the_trades_of_ccxt_issue_14294_come_to_their_known_profit() -> None:
    found = ledger(PLAIN, read_trades(sample("trades", "ccxt.json")).trades)
    assert (plain(found.realised_pnl), plain(found.fees), plain(found.net_realised)) == (
        "0.0025",
        "0.0000825",
        "0.0024175",
    )


def test_a_bitmex_history_that_names_no_currency_is_in_satoshi(write: Write) -> None:
    rows = Path(sample("trades", "bitmex.csv")).read_text().splitlines()[:2]
    (trade,) = read_trades(
        write("\n".join(row.replace(",settlCurrency", "").replace(",XBt", "") for row in rows))
    ).trades
    assert (trade.fee, trade.fee_currency, trade.value) == (Decimal("0.0001"), "BTC", Decimal("0.2"))


def test_a_bitmex_history_with_its_funding_row_comes_to_its_known_net() -> None:
    # Buy 10,000 at 50,000, funding of 1,810 satoshi, sell at 55,000: 1,797,300 satoshi.
    tape = read_trades(sample("trades", "bitmex.csv"))
    found = ledger(venues.find("bitmex").instrument, tape.trades, tape.booked)
    assert [plain(figure) for figure in (found.realised_pnl, found.fees, found.funding)] == [
        "0.018182",
        "0.0001909",
        "0.0000181",
    ]
    assert plain(found.net_realised) == "0.017973"


def test_bybit_s_funding_rows_are_payments_of_their_own() -> None:
    tape = read_trades(sample("trades", "bybit.json"))
    assert [(paid.time, plain(paid.amount)) for paid in tape.booked] == [(1_684_713_600_000_000, "-0.00000111")]


def test_a_hedge_file_makes_two_ledgers() -> None:
    tape = read_trades(sample("trades", "binance-hedge.json"))
    assert list(by_instrument(tape.trades)) == [("BTCUSD_PERP", "long"), ("BTCUSD_PERP", "short")]


def test_deribit_s_usd_are_contracts_of_its_size() -> None:
    tape = read_trades(sample("trades", "deribit.json"))
    found = ledger(venues.find("deribit").instrument, tape.trades)
    assert (found.bought, found.sold) == (1_000, 400)


OWN = "time,side,contracts,price,fee,id\n"


def test_trades_out_of_order_are_sorted_and_those_of_one_time_keep_theirs(write: Write) -> None:
    rows = ("1717200060000,sell,2,60000,0,", "1717200000000,buy,1,60000,0,", "1717200060000,sell,3,60000,0,")
    tape = read_trades(write(OWN + "\n".join(rows)))
    assert [contracts for _, _, contracts, _, _ in told(tape)] == ["1", "2", "3"]
    assert tape.notes == ("the rows are not in the order of their times: sorted",)


def test_of_a_file_with_the_newest_first_trades_of_one_time_are_turned_round_too(write: Write) -> None:
    rows = ("1717200060000,sell,3,60000,0,", "1717200000000,buy,2,60000,0,", "1717200000000,buy,1,60000,0,")
    tape = read_trades(write(OWN + "\n".join(rows)))
    assert [contracts for _, _, contracts, _, _ in told(tape)] == ["1", "2", "3"]


def test_an_id_that_is_there_twice_is_counted_once_or_refused(write: Write) -> None:
    row = "1717200000000,buy,1,60000,0,a\n"
    tape = read_trades(write(OWN + row * 3))
    assert (len(tape.trades), tape.notes) == (1, ("2 rows are there twice: counted once",))
    path = write(OWN + row + "1717200000000,buy,2,60000,0,a\n")
    with pytest.raises(PerpcalcError, match="line 3: has the id of line 2 and is another: leave one of them out"):
        read_trades(path)
    both_sides = write(OWN + row + row.replace("buy", "sell"))  # a trade with oneself
    assert len(read_trades(both_sides).trades) == 2


def test_words_for_a_side_fold_case_and_have_synonyms(write: Write) -> None:
    tape = read_trades(
        write("time,side,contracts,price\n2024-06-01T00:00Z,BUY,1,60000\n2024-06-01T00:01Z,Short,1,60000\n")
    )
    assert [side for _, side, _, _, _ in told(tape)] == ["bought", "sold"]
    assert read_trades(write("1717200000000,b,1,60000\n")).trades[0].side == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        (
            "a,b\n1,2\n",
            "is no file of trades of a known form: known are Binance (userTrades), Bybit (execution/list), OKX",
        ),
        (OWN + "1717200000000,hold,1,60000,0,\n", "line 2: side 'hold' is not known: it may be buy, sell"),
        (OWN + "1717200000000,,1,60000,0,\n", "line 2: has no side"),
        (OWN + "1717200000000,buy,,60000,0,\n", "line 2: has no amount"),
        (OWN + "1717200000000,buy,0,60000,0,\n", "line 2: has no amount"),
        (OWN + "1717200000000,buy,-1,60000,0,\n", "line 2: has a side and a negative amount"),
        (OWN + "1717200000000,buy,1,0,0,\n", "line 2: has no price"),
        (OWN + "1717200000000,buy,1,-5,0,\n", "line 2: price is negative"),
        (OWN + "1717200000000,buy,1,60000,free,\n", "line 2: fee 'free' is not a number"),
        (OWN + "soon,buy,1,60000,0,\n", "line 2: 'soon' is not a time"),
        (OWN + "1717200000000,buy,1,60000,0,\n,buy,1,60000,0,\n", "line 3: '' is not a time"),
        ("1,2,3\n", "line 1: has 3 cells: write time,side,contracts,price or time,side,contracts,price,fee"),
        (
            '[{"symbol": "BTC/USDT:USDT", "side": "buy", "amount": 1, "price": 60000}]',
            "holds no trade of an inverse contract",
        ),
        (
            '[{"symbol": "BTC/USD", "side": "buy", "amount": 1, "price": 60000}]',
            "holds no trade of an inverse contract",
        ),
        (
            '[{"symbol": "BTC/USD:BTC", "side": "buy", "amount": 1, "price": 60000, "fees": [{"cost": 1, "currency": "BTC"}, {"cost": 1, "currency": "BNB"}]}]',
            "entry 1: has fees in several coins: give the fees in one coin",
        ),
        (
            '[{"symbol": "BTC/USD:BTC", "side": "buy", "amount": [1], "price": 60000}]',
            "entry 1: amount of a list is not",
        ),
        ('{"code": "50113", "msg": "Invalid Sign", "data": []}', "the venue refused: Invalid Sign (code 50113)"),
        ("<html>login</html>", "is a web page, not JSON"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_its_place(write: Write, content: str, message: str) -> None:
    path = write(content)
    with pytest.raises(PerpcalcError) as caught:
        read_trades(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: {message}")
    assert line.isprintable()
    assert caught.value.remedy


def test_a_fee_of_ccxt_need_not_name_its_coin(write: Write) -> None:
    trade = (
        '{"symbol": "BTC/USD:BTC", "side": "buy", "amount": 1, "price": 60000, "fee": {"cost": 0.5, "currency": null}}'
    )
    assert told(read_trades(write(f"[{trade}]"))) == [("BTC/USD:BTC", "bought", "1", "60000", "0.5 -")]


def test_an_empty_list_of_fees_of_ccxt_leaves_the_single_one(write: Write) -> None:
    fee = '"fees": [], "fee": {"cost": 0.5, "currency": "BTC"}'
    trade = f'{{"symbol": "BTC/USD:BTC", "side": "buy", "amount": 1, "price": 60000, {fee}}}'
    assert told(read_trades(write(f"[{trade}]"))) == [("BTC/USD:BTC", "bought", "1", "60000", "0.5 BTC")]


def test_the_venue_s_own_fields_count_where_every_row_of_ccxt_has_them(write: Write) -> None:
    trade = '{{"symbol": "BTC/USD:BTC", "side": "buy", "amount": {}, "price": 60000, "info": {}}}'
    own = '{"side": "sell"}'
    both = told(read_trades(write(f"[{trade.format(1, own)}, {trade.format(2, own)}]")))
    assert [side for _, side, *_ in both] == ["sold", "sold"]
    one = told(read_trades(write(f"[{trade.format(1, own)}, {trade.format(2, '{}')}]")))
    assert [side for _, side, *_ in one] == ["bought", "bought"]


@pytest.mark.parametrize("times", [("", ""), ("2024-06-01T00:00", "2024-06-01T00:01Z"), ("2024-06-01T00:00Z",) * 2])
def test_times_that_are_not_whole_are_said(write: Write, times: tuple[str, str]) -> None:
    rows = "".join(f"{time},buy,{number},60000,0,\n" for number, time in enumerate(times, 1))
    notes = {
        "": ("no times are given: taken as oldest first",),
        "2024-06-01T00:00": ("times without an offset are taken as UTC",),
    }
    tape = read_trades(write(OWN + rows))
    assert [contracts for _, _, contracts, _, _ in told(tape)] == ["1", "2"]
    assert tape.notes == notes.get(times[0], ())


def test_of_rows_of_json_one_that_is_none_is_named_by_its_line(write: Write) -> None:
    row = '{"time": 1717200000000, "side": "buy", "contracts": 1, "price": 60000}\n'
    path = write(row + row + " \t \nbuy 1 at 60000\n")
    with pytest.raises(PerpcalcError, match="line 4: not JSON: expecting value"):
        read_trades(path)


# Payments beside the trades


PAYMENTS: dict[str, tuple[list[tuple[int, str, str | None]], tuple[str, ...]]] = {
    "binance.json": ([(0, "0.00001667", "BTC"), (8, "-0.00000417", "BTC")], ("1 row is of kind commission: left out",)),
    "bybit.json": ([(8, "0.00000014", "BTC")], (FURTHER, NEWEST_FIRST, "1 row is of kind trade: left out")),
    "okx.json": ([(8, "-0.00000012", "BTC")], ()),
    "kucoin.json": ([(0, "0.00000149", "BTC")], ()),
    "ccxt.json": ([(0, "0.00001667", "BTC")], ()),
    "own.csv": ([(0, "0.00001667", None), (8, "-0.00000417", None)], ()),
}


@pytest.mark.parametrize("name", samples("payments"))
def test_payments_that_were_booked_are_positive_when_paid(name: str) -> None:
    rows, notes = PAYMENTS[name]
    tape = read_charges(sample("payments", name))
    assert isinstance(tape, Tape)
    booked = [((paid.time or 0) - MIDNIGHT) // 3_600_000_000 for paid in tape.booked]
    assert (
        list(
            zip(
                booked,
                [plain(paid.amount) for paid in tape.booked],
                [paid.currency for paid in tape.booked],
                strict=True,
            )
        )
        == rows
    )
    assert (tape.notes, tape.trades) == (notes, ())


def test_executions_have_payments_too() -> None:
    tape = read_charges(sample("trades", "bybit.json"))
    assert isinstance(tape, Tape)
    assert len(tape.booked) == 1


def test_trades_that_tell_no_payments_are_no_funding() -> None:
    with pytest.raises(PerpcalcError, match="is no funding history of a known form"):
        read_charges(sample("trades", "binance.json"))


@pytest.mark.parametrize("name", samples("funding"))
def test_a_history_of_rates_is_known_from_payments(name: str) -> None:
    assert isinstance(read_charges(sample("funding", name)), History)
