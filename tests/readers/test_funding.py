"""Funding histories in the forms of venues and programs, and samples of the premium."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perpcalc import venues
from perpcalc.core.past_funding import Payment, total_of
from perpcalc.core.position import LONG
from perpcalc.decimals import plain
from perpcalc.errors import PerpcalcError
from perpcalc.readers.funding import History, read_history, read_samples
from perpcalc.readers.sheet import Wanted

from .files import Write, sample, samples

MIDNIGHT = 1_717_200_000_000_000  # 2024-06-01T00:00Z
HOUR = 3_600_000_000
NEWEST_FIRST = "the newest row comes first: read from the last to the first"
UTC_ASSUMED = "times without an offset are taken as UTC"


def told(history: History) -> list[tuple[int, str, str | None, str | None]]:
    """Hours since midnight, rate, mark and coin rate of each payment."""
    return [
        (
            (payment.time - MIDNIGHT) // HOUR,
            plain(payment.rate),
            payment.mark and plain(payment.mark),
            payment.coin_rate and plain(payment.coin_rate),
        )
        for payment in history.payments
    ]


Rows = list[tuple[int, str, str | None, str | None]]
FORMS: dict[str, tuple[Rows, str | None, str | None, tuple[str, ...]]] = {
    "binance.json": (
        [(0, "0.0001", "67512.3", None), (8, "-0.00002511", "67700", None), (16, "0.0001", None, None)],
        "BTCUSD_PERP",
        None,
        (),
    ),
    "binance-vision.csv": (
        [(0, "0.0001", None, None), (8, "-0.00002511", None, None), (16, "0.0001", None, None)],
        None,
        "480",
        (),
    ),
    "bybit.json": (
        [(0, "0.0001", None, None), (8, "-0.00002511", None, None), (16, "0.0001", None, None)],
        "BTCUSD",
        None,
        (NEWEST_FIRST,),
    ),
    "okx.json": (
        [(8, "-0.000025", None, None), (16, "0.0000997", None, None)],
        "BTC-USD-SWAP",
        None,
        (NEWEST_FIRST,),
    ),
    "htx.json": ([(0, "0.0001", None, None), (8, "0.000099", None, None)], "BTC-USD", None, (NEWEST_FIRST,)),
    "bitmex.json": ([(4, "0.0001", None, None), (12, "-0.000051", None, None)], "XBTUSD", "480", ()),
    "kraken.json": (
        [(0, "0.00001", None, "0.0000000001481"), (1, "-0.000055072", None, "-0.000000000815861558")],
        None,
        "60",
        (),
    ),
    "deribit.json": (
        [(-7234, "0.0000012037", "29184.98", None), (-7233, "0.0000025992", "29201.1", None)],
        None,
        "60",
        ("the index stands in for the mark",),
    ),
    "ccxt-deribit.json": (
        [(-7234, "0.0000012037", "29184.98", None)],
        "BTC/USD:BTC",
        "60",
        ("the index stands in for the mark",),
    ),
    "kucoin.json": ([(0, "-0.000073", None, None), (8, "0.00021", None, None)], "XBTUSDM", None, (NEWEST_FIRST,)),
    "gate.json": ([(0, "-0.000036", None, None), (8, "0.000157", None, None)], None, None, (NEWEST_FIRST,)),
    "phemex.json": ([(0, "0.0001", None, None), (8, "0.00012", None, None)], ".BTCFR8H", "480", ()),
    "coinex.json": ([(0, "0.0001", None, None), (8, "0.0004", None, None)], "BTCUSD", None, (NEWEST_FIRST,)),
    "ccxt.json": ([(0, "0.0001", None, None), (8, "-0.00002511", None, None)], "BTCUSD_PERP", None, ()),
    "lines.ndjson": ([(0, "0.0001", None, None), (8, "0.0002", None, None)], "BTCUSD", None, ()),
    "tardis.csv": (
        [(0, "0.0001", "67513", None), (8, "0.00012", "67700", None)],
        "XBTUSD",
        None,
        ("that of 2024-06-01T16:00:00Z is left out: the ticks end before it",),
    ),
    "export.csv": ([(0, "0.0001", "67512.3", None), (8, "-0.00001", "67700", None)], None, None, (UTC_ASSUMED,)),
    "spreadsheet.csv": (
        [(0, "0.0001", "67512.3", None), (8, "-0.000025", "67700", None)],
        None,
        None,
        (UTC_ASSUMED, NEWEST_FIRST),
    ),
}


@pytest.mark.parametrize("name", samples("funding"))
def test_a_history_is_read_in_every_form(name: str) -> None:
    rows, instrument, per, notes = FORMS[name]
    history = read_history(sample("funding", name))
    assert told(history) == rows
    assert (history.instrument, history.per and plain(history.per), history.notes) == (instrument, per, notes)


@pytest.mark.parametrize(
    ("venue", "contracts", "mark", "content", "total"),
    [
        # What people's own files should come to: data.binance.vision, Bybit v5, OKX, BitMEX, Deribit, ccxt, a spreadsheet.
        (
            "binance",
            10,
            16_000,
            "calc_time,funding_interval_hours,last_funding_rate\n1605513600010,8,0.00010000\n1605542400000,8,0.00025141\n1605571200000,8,0.00010000\n",
            "0.00002821",
        ),
        (
            "bybit",
            10_000,
            60_000,
            '{"retCode": 0, "result": {"category": "inverse", "list": [{"symbol": "BTCUSD", "fundingRate": "0.0001", "fundingRateTimestamp": "1672041600000"}, {"symbol": "BTCUSD", "fundingRate": "0.000075", "fundingRateTimestamp": "1672012800000"}]}}',
            "0.00002917",
        ),
        (
            "okx",
            20,
            50_000,
            '{"code": "0", "data": [{"fundingRate": "0.0001", "realizedRate": "0.0000997", "fundingTime": "1703088000000", "instId": "BTC-USD-SWAP", "instType": "SWAP"}]}',
            "0.000003988",
        ),
        (
            "bitmex",
            10_000,
            60_000,
            '[{"timestamp": "2023-12-06T20:00:00.000Z", "symbol": "XBTUSD", "fundingInterval": "2000-01-01T08:00:00.000Z", "fundingRate": 0.0001, "fundingRateDaily": 0.0003}, {"timestamp": "2023-12-06T12:00:00.000Z", "symbol": "XBTUSD", "fundingInterval": "2000-01-01T08:00:00.000Z", "fundingRate": 0.000224, "fundingRateDaily": 0.000672}]',
            "0.00005399",
        ),
        (
            "binance",
            10,
            16_000,
            '[{"info": {}, "symbol": "BTC/USD:BTC", "fundingRate": 0.0001, "timestamp": 1605513600010, "datetime": "2020-11-16T08:00:00.010Z"}, {"info": {}, "symbol": "BTC/USD:BTC", "fundingRate": 0.00025141, "timestamp": 1605542400000, "datetime": "2020-11-16T16:00:00.000Z"}]',
            "0.00002196",
        ),
        ("bybit", 10_000, None, "timestamp,fundingRate,markPrice\n2024-06-01 00:00:00,0.0001,60000\n", "0.00001667"),
    ],
)
def test_people_s_files_come_to_what_their_venue_charged(
    write: Write, venue: str, contracts: int, mark: int | None, content: str, total: str
) -> None:
    payments = read_history(write(content)).payments
    instrument = venues.find(venue).instrument
    assert plain(total_of(instrument, LONG, Decimal(contracts), payments, mark and Decimal(mark))) == total  # type: ignore[arg-type]


def test_deribit_s_hours_are_charged_and_its_overlapping_eight_hours_are_not() -> None:
    # 1,000 USD at each hour's index: 0.0000012037/29184.98 + 0.0000025992/29201.1 = 1.3025e-10 a dollar.
    payments = read_history(sample("funding", "deribit.json")).payments
    deribit = venues.find("deribit").instrument
    assert round(total_of(deribit, LONG, Decimal(100), payments), 11) == Decimal("0.00000013025")


def test_own_rows_need_no_header_and_no_marks(write: Write) -> None:
    with_marks = read_history(write("2024-06-01T00:00Z,0.01%,67500.5\n1717228800000,-1bp,67000\n"))
    assert told(with_marks) == [(0, "0.0001", "67500.5", None), (8, "-0.0001", "67000", None)]
    assert told(read_history(write("2024-06-01T00:00Z,0.01%\n"))) == [(0, "0.0001", None, None)]


def test_rows_that_are_there_twice_are_counted_once_and_pages_are_put_in_order(write: Write) -> None:
    rows = ["1717228800000,0.0002", "1717257600000,0.0003", "1717200000000,0.0001", "1717228800000,0.0002"]
    history = read_history(write("time,rate\n" + "\n".join(rows)))
    assert [rate for _, rate, _, _ in told(history)] == ["0.0001", "0.0002", "0.0003"]
    assert history.places == ("line 4", "line 2", "line 3")
    assert history.notes == (
        "the rows are not in the order of their times: sorted",
        "1 row is there twice: counted once",
    )


def test_one_time_with_two_rates_is_refused(write: Write) -> None:
    path = write("time,rate\n1717200000000,0.0001\n1717200000000,0.0002\n")
    with pytest.raises(PerpcalcError, match="line 3: has the same time as line 2: leave one of them out"):
        read_history(path)


# Several instruments


MIXED = (
    '[{"symbol": "BTCUSD_PERP", "fundingTime": 1717200000000, "fundingRate": "0.0001"},'
    '{"symbol": "ETHUSD_PERP", "fundingTime": 1717200000000, "fundingRate": "0.0002"},'
    '{"symbol": "BTCUSD_PERP", "fundingTime": 1717228800000, "fundingRate": "0.0003"}]'
)


def test_mixed_instruments_are_asked_about(write: Write) -> None:
    path = write(MIXED)
    with pytest.raises(PerpcalcError) as caught:
        read_history(path)
    assert caught.value.line(flags=True) == (
        f"{path}: holds BTCUSD_PERP and ETHUSD_PERP: say which by --instrument or by COIN=FILE"
    )


def test_the_instrument_or_the_coin_that_is_asked_for_is_taken(write: Write) -> None:
    path = write(MIXED)
    assert [rate for _, rate, _, _ in told(read_history(path, instrument="ethusd_perp"))] == ["0.0002"]
    assert [rate for _, rate, _, _ in told(read_history(path, coin="BTC"))] == ["0.0001", "0.0003"]


def test_a_file_of_another_coin_is_refused(write: Write) -> None:
    path = write('[{"symbol": "ETHUSD", "fundingTime": 1717200000000, "fundingRate": "0.0001"}]')
    with pytest.raises(PerpcalcError, match="is of ETHUSD, not of BTC: give a file of BTC"):
        read_history(path, coin="BTC")
    with pytest.raises(PerpcalcError, match="is of ETHUSD, not of ETHUSD_PERP"):
        read_history(path, instrument="ETHUSD_PERP")


def test_a_contract_may_have_another_name_in_the_file(write: Write) -> None:
    path = write('[{"symbol": "ETH/USD:ETH", "timestamp": 1717200000000, "fundingRate": "0.0001"}]')
    assert read_history(path, instrument="ETHUSD_PERP", coin="ETH").instrument == "ETH/USD:ETH"


def test_xbt_is_bitcoin() -> None:
    assert read_history(sample("funding", "bitmex.json"), coin="BTC").instrument == "XBTUSD"


# What is wrong


UNKNOWN = "is no funding history of a known form: known are OKX or HTX (funding-rate-history), Deribit"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("time,rate,mark\n", "holds no rows: ask the venue for another time"),
        ("1717200000000\n", "line 1: has 1 cells: write time,rate,mark or time,rate"),
        ("1717200000000,0.01%,67000\n1717228800000,0.01%\n", "line 2: has 2 cells, not 3: write time,rate,mark"),
        ("1717200000000,0.01%,-1\n", "line 1: mark is negative: correct the file"),
        ("1717200000000,0.01%,60k\n", "line 1: mark '60k' is not a number"),
        ("1717200000000,abc,60000\n", "line 1: rate 'abc' is not a number"),
        ("1717200000000,1.5,60000\n", "line 1: '1.5' is not clear as a rate: write 1.5% or 150%"),
        ("2024-06-31T00:00Z,0.01%\n", "line 1: '2024-06-31T00:00Z' is not a time: write it as 2024-06-01T08:00:00Z"),
        ("171720000,0.01%\n", "line 1: '171720000' is not a time"),
        ("time,funding\n1717200000000,0.1\n", UNKNOWN),
        ("time,rate,rate\n1717200000000,0.1,0.1\n", "line 1: the column rate is there twice: leave one out"),
        ('"0.01%\n', "line 1: not CSV: unexpected end of data"),
        ("1717200000000,0.01%\n".encode("utf-16"), "byte 0 is not UTF-8: save the file as UTF-8"),
        (gzip.compress(b"time,rate\n", mtime=0), "is compressed: unpack it"),
        ("<html><head><title>403 Forbidden</title></head></html>", "is a web page, '403 Forbidden', not JSON"),
        ("<html><head><title> </title></head></html>", "is a web page, not JSON: ask the venue again"),
        ('[{"symbol": "BTCUSD", "fundingTime": 1717200000000, "fundi', "not JSON: it breaks off"),
        ('{"retCode": 10001, "retMsg": "params error", "result": {}}', "the venue refused: params error (code 10001)"),
        ('{"code": "51001", "msg": "Instrument ID does not exist", "data": []}', "the venue refused: Instrument ID"),
        (
            '{"error": {"message": "Rate limit exceeded", "name": "HTTPError"}}',
            "the venue refused: Rate limit exceeded",
        ),
        (
            '{"jsonrpc": "2.0", "error": {"message": "Invalid params", "code": -32602}}',
            "the venue refused: Invalid params",
        ),
        ('{"code": "0", "data": [], "msg": ""}', "holds no rows"),
        ("[]", "holds no rows"),
        ("3", "line 1: has 1 cells"),
        ('["a"]', "'a' is no row: give a list of objects or arrays"),
        ('{"result": {"list": "BTCUSD"}}', UNKNOWN),
        ("[" * 100_000, "is nested too deeply"),
        ('{"result":' * 400 + "[]" + "}" * 400, "holds no rows"),
        (
            '[{"symbol": "BTCUSD", "fundingTime": 1717200000000, "fundingRate": null}]',
            "entry 1: has no fundingRate: correct the file",
        ),
        (
            '[{"symbol": "BTCUSD", "fundingTime": 1717200000000, "fundingRate": true}]',
            "entry 1: fundingRate is true or false, not a text",
        ),
        (
            '[{"symbol": "BTCUSD", "fundingTime": 1717200000000, "fundingRate": NaN}]',
            "entry 1: fundingRate 'NaN' is not a number",
        ),
        (
            '{"time": 1717200000000, "rate": "0.1"}\n{"time": 1717228800000, "rate": "x"}\n',
            "line 2: rate 'x' is not a number",
        ),
        ('[{"symbol": "BTCUSD", "fundingTime": null, "fundingRate": "0.1"}]', "entry 1: has no fundingTime"),
        (
            '{"jsonrpc": "2.0", "result": {"data": [{"timestamp": 1, "interest_8h": 0.1, "index_price": 1}]}}',
            "has interest_8h alone, which overlaps from hour to hour: give get_funding_rate_history",
        ),
        (
            "exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,mark_price\n"
            "bitmex,XBTUSD,1717200000000000,1717200000100000,1717228800000000,0.0001,60000\n",
            "announces no payment that fell due: give ticks up to it",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_its_place(write: Write, content: str | bytes, message: str) -> None:
    path = write(content)
    with pytest.raises(PerpcalcError) as caught:
        read_history(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: {message}")
    assert line.isprintable()
    assert caught.value.remedy


@pytest.mark.parametrize(("path", "message"), [("none.csv", "No such file"), (".", "is a directory")])
def test_what_is_no_file_is_refused(path: str, message: str) -> None:
    with pytest.raises(PerpcalcError, match=message):
        read_history(path)
    with pytest.raises(PerpcalcError, match=message):
        read_samples(path)


def test_a_file_without_end_is_refused(write: Write) -> None:
    path = write(b"1717200000000,0.0001\n" * (17 << 20 >> 4))
    with pytest.raises(PerpcalcError, match="is larger than 16 MiB: split it"):
        read_history(path)


def test_an_answer_that_goes_on_elsewhere_is_noticed(write: Write) -> None:
    path = write(
        '{"retCode": 0, "result": {"nextPageCursor": "x", "list": [{"symbol": "BTCUSD", "fundingRate": "0.1", "fundingRateTimestamp": "1672041600000"}]}}'
    )
    assert read_history(path).notes == ("the answer has a further page: only this one is read",)


# Samples of the premium


@pytest.mark.parametrize(
    "content",
    [
        "0.01%\n0.04%\n",
        "premium\n0.0001\n4bp\n",
        "time,premium\n2024-06-01T00:00:00Z,0.01%\n2024-06-01T00:01:00Z,0.04%\n",
        "1717200000000,1e-4\n1717200060000,0.0004\n",
        "Premium, Time\n0.01%, 2024-06-01T02:00+02:00\n0.04%, 2024-06-01T00:01Z\n",
        b"\xef\xbb\xbfpremium\r\n0.01%\r\n\r\n0.04%\r\n",
        '"0.01%"\n"0.04%"',
        '[{"time": 1717200060000, "premium": "4e-4"}, {"time": 1717200000000, "premium": 0.0001}]',
    ],
)
def test_samples_are_read_with_and_without_times_and_header(write: Write, content: Any) -> None:
    assert read_samples(write(content)).samples.premiums == (Decimal("0.0001"), Decimal("0.0004"))


def test_samples_without_an_offset_are_utc_and_the_newest_may_come_first(write: Write) -> None:
    found = read_samples(write("2024-06-01T00:01,0.04%\n2024-06-01T00:00,0.01%\n"))
    assert found.samples.times == (MIDNIGHT, MIDNIGHT + 60_000_000)
    assert found.samples.places == ("line 2", "line 1")
    assert found.notes == (UTC_ASSUMED, NEWEST_FIRST)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("0.01%\nabc\n", "line 2: premium 'abc' is not a number"),
        ("0.01%\n1\n", "line 2: '1' is not clear as a rate: write 1% or 100%"),
        (
            "time,premum\n1717200000000,0.01%\n",
            "is no file of premium samples of a known form: known are time,premium and",
        ),
        ("1,2,3\n", "line 1: has 3 cells: write time,premium or premium"),
        ("1717200000000,0.01%\n0.01%\n", "line 2: has 1 cells, not 2: write time,premium"),
        ("1717200000000,0\n1717200000000,1%\n", "line 2: has the same time as line 1: leave one of them out"),
        ("9" * 200_000, "line 1: not CSV: field larger than field limit"),
    ],
)
def test_samples_that_are_wrong_are_named_with_their_place(write: Write, content: str, message: str) -> None:
    path = write(content)
    with pytest.raises(PerpcalcError) as caught:
        read_samples(path)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_a_payment_is_a_record() -> None:
    assert Payment(0, Decimal(1)) == (0, 1, None, None)


def test_several_answers_in_one_list_are_one_history(write: Write) -> None:
    rows = [
        {"symbol": "BTCUSD", "fundingRate": rate, "fundingRateTimestamp": str(1717200000000 + hours * 3_600_000)}
        for rate, hours in (("0.0002", 8), ("0.0001", 0))
    ]
    pages = [{"retCode": 0, "result": {"category": "inverse", "list": [row]}} for row in rows]
    assert told(read_history(write(json.dumps(pages)))) == [(0, "0.0001", None, None), (8, "0.0002", None, None)]
    pages[1] = {"retCode": 10001, "retMsg": "params error", "result": {}}
    with pytest.raises(PerpcalcError, match="the venue refused: params error"):
        read_history(write(json.dumps(pages)))


def test_lines_above_the_header_are_passed_over(write: Write) -> None:
    text = "https://www.example.com\n# downloaded by hand\ntime,rate\n2024-06-01T00:00Z,0.0001\n"
    assert told(read_history(write(text))) == [(0, "0.0001", None, None)]


def test_the_name_that_is_asked_for_goes_before_others_of_its_coin() -> None:
    wanted = Wanted("BTCUSD", "BTC")
    assert [wanted.takes(name) for name in ("BTCUSD", "BTCUSDH27", "ETHUSD", "btcusd", None)] == [
        True, False, False, False, True,
    ]  # fmt: skip


def test_ticks_of_other_instruments_are_passed_over(write: Write) -> None:
    text = Path(sample("funding", "tardis.csv")).read_text()
    others = "".join(f"{line}\n" for line in text.replace("XBTUSD", "ETHUSD").splitlines()[1:])
    found = read_history(write(text + others), "XBTUSD")
    assert told(found) == told(read_history(sample("funding", "tardis.csv")))


def test_one_time_without_an_offset_is_enough_to_say_so(write: Write) -> None:
    history = read_history(write("time,rate\n2024-06-01T00:00,0.0001\n2024-06-01T08:00Z,0.0001\n"))
    assert UTC_ASSUMED in history.notes


def test_payments_that_ticks_announce_come_in_the_order_of_their_times(write: Write) -> None:
    header, *_ = Path(sample("funding", "tardis.csv")).read_text().splitlines()
    ticks = [
        f"bitmex,XBTUSD,{time},{time},{due},0.0001,,100,67500,67510,67512"
        for time, due in ((1717199940000000, 1717228800000000), (1717199990000000, 1717200000000000))
    ]
    last = "bitmex,XBTUSD,1717228801000000,1717228801000000,,,,100,67500,67510,67512"
    payments = told(read_history(write("\n".join([header, *ticks, last]) + "\n")))
    assert [hours for hours, *_ in payments] == [0, 8]


def test_a_tick_without_a_mark_has_the_last_one(write: Write) -> None:
    header, *_ = Path(sample("funding", "tardis.csv")).read_text().splitlines()
    ticks = [
        f"bitmex,XBTUSD,{time},{time},1717200000000000,0.0001,,100,67500,67510,{mark}"
        for time, mark in ((1717199940000000, "67512.3"), (1717199990000000, ""), (1717200001000000, "67600"))
    ]
    assert told(read_history(write("\n".join([header, *ticks]) + "\n"))) == [(0, "0.0001", "67512.3", None)]


def test_ticks_whose_header_is_not_utf_8_are_refused(write: Write) -> None:
    path = write(b"exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,mark_price,\xff\n")
    with pytest.raises(PerpcalcError) as caught:
        read_history(path)
    assert str(caught.value) == f"{path}: line 1: is not UTF-8: save the file as UTF-8"
