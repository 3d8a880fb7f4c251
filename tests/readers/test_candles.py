"""Candles and marks in the forms of venues and programs; order, gaps and memory of long files."""

import gzip
import json
import tracemalloc
from decimal import Decimal
from pathlib import Path

import pytest

from perpcalc.core.replay import Bar
from perpcalc.decimals import plain
from perpcalc.errors import PerpcalcError
from perpcalc.readers.candles import Candles, candles

from .files import Write, sample, samples

MIDNIGHT = 1_717_200_000_000_000  # 2024-06-01T00:00Z
MINUTE = 60_000_000
NEWEST_FIRST = "the newest row comes first: read from the last to the first"


def read(path: str, instrument: str | None = None, coin: str | None = None) -> tuple[list[Bar], Candles]:
    with candles(path, instrument, coin) as found:
        return list(found.bars), found


def told(bars: list[Bar]) -> list[tuple[int, ...]]:
    """Seconds since midnight, and the prices in tenths."""
    return [((time - MIDNIGHT) // 1_000_000, *(int(price * 10) for price in prices)) for time, *prices in bars]


TWO_MINUTES = [(0, 675_123, 676_000, 674_001, 675_500), (60, 675_500, 675_805, 675_000, 675_000)]
THREE_TICKS = [(0, *[675_123] * 4), (1, *[674_001] * 4), (2, *[675_500] * 4)]
MARKS = {
    "binance-marks.csv": True,
    "bybit-mark.json": True,
    "okx-mark.json": True,
    "deribit-mark.json": True,
    "tardis.csv": True,
    "own.csv": None,
}
NAMES = {
    "bitmex.json": "XBTUSD",
    "tardis.csv": "XBTUSD",
    "cryptodatadownload.csv": "BTCUSD_PERP",
    "bybit-kline.json": "BTCUSD",
    "bybit-mark.json": "BTCUSD",
}
FALLING = ("bybit-kline.json", "bybit-mark.json", "okx-candles.json", "okx-mark.json", "cryptodatadownload.csv")


@pytest.mark.parametrize("name", samples("candles"))
def test_bars_are_read_in_every_form(name: str) -> None:
    bars, found = read(sample("candles", name))
    ticks = name in ("deribit-mark.json", "tardis.csv")
    if name == "binance-no-header.csv":  # microseconds of 2025
        bars = [(time - 18_489_600_000_000, *prices) for time, *prices in bars]  # type: ignore[misc]
    assert told(bars) == (THREE_TICKS if ticks else TWO_MINUTES)
    assert found.step == (None if ticks else MINUTE)
    assert found.marks is MARKS.get(name, False)
    assert found.instrument == NAMES.get(name)
    further = ["the answer has a further page: only this one is read"] if name == "kraken.json" else []
    assert found.notes == ([NEWEST_FIRST] if name in FALLING else further)


def test_a_bar_of_bitmex_is_dated_by_its_end() -> None:
    bars, _ = read(sample("candles", "bitmex.json"))
    assert bars[0][0] == MIDNIGHT  # its timestamp is 00:01


HEADER = "time,open,high,low,close\n"


def rows(*minutes: int | tuple[int, str]) -> str:
    return "".join(
        f"{MIDNIGHT // 1000 + 60_000 * minute},{price}\n"
        for minute, price in ((one, "5,6,4,5") if isinstance(one, int) else one for one in minutes)
    )


def minutes_of(bars: list[Bar]) -> list[int]:
    return [(time - MIDNIGHT) // MINUTE for time, *_ in bars]


def test_gaps_are_said(write: Write) -> None:
    bars, found = read(write(HEADER + rows(0, 1, 2, 5, 6, 120)))
    assert minutes_of(bars) == [0, 1, 2, 5, 6, 120]
    assert found.notes == ["2 gaps, the first of 2m from 2024-06-01T00:03:00Z: what the price did there is not known"]


def test_a_file_of_gaps_alone_is_refused_where_they_are_too_many(write: Write) -> None:
    path = write(HEADER + rows(0, *range(1, 20_004, 2)))
    with pytest.raises(PerpcalcError) as caught:
        read(path)
    assert str(caught.value) == f"{path}: line 10004: comes after ten thousand gaps: give candles of one interval"


def test_rows_of_times_that_came_before_are_left_out_and_said(write: Write) -> None:
    bars, found = read(write(HEADER + rows(0, 1, 2, 2, 1, 2, 3)))
    assert minutes_of(bars) == [0, 1, 2, 3]
    assert found.notes == ["3 rows are of a time that came before: left out"]


def test_after_a_gap_a_row_that_comes_again_is_left_out_too(write: Write) -> None:
    bars, found = read(write(HEADER + rows(0, 1, 5, 5, 6)))
    assert minutes_of(bars) == [0, 1, 5, 6]
    assert "1 row is of a time that came before: left out" in found.notes


def test_three_lines_may_say_what_the_file_is(write: Write) -> None:
    bars, _ = read(write("# a\n# b\n# c\n" + HEADER + rows(0, 1)))
    assert minutes_of(bars) == [0, 1]


def test_a_remark_may_stand_before_a_row_that_is_the_only_one(write: Write) -> None:
    bars, _ = read(write("# a\n" + rows(0)))
    assert minutes_of(bars) == [0]


def test_of_a_file_with_sides_the_marks_are_read_and_not_the_prices_of_trades(write: Write) -> None:
    bars, found = read(write("time,side,price,mark\n1717200000000,buy,5,6\n1717200001000,sell,5,7\n"))
    assert [plain(close) for *_, close in bars] == ["6", "7"]
    assert found.marks is True


def test_rows_of_json_may_have_blanks_around_them(write: Write) -> None:
    bars, _ = read(write(" [1717200000000, 5, 6, 4, 5, 1] \n [1717200060000, 5, 6, 4, 5, 1] \n"))
    assert minutes_of(bars) == [0, 1]


def test_between_rows_of_json_there_may_be_blank_lines(write: Write) -> None:
    rows = [f"[{1717200000000 + minute * 60_000}, 5, 6, 4, 5, 1]\n" for minute in range(12)]
    bars, _ = read(write(" \t \n".join(["".join(rows[:2]), "".join(rows[2:10]), "".join(rows[10:])])))
    assert minutes_of(bars) == list(range(12))


def test_what_is_no_column_of_an_answer_is_left_out(write: Write) -> None:
    columns = {key: [5, 6] for key in ("open", "high", "low", "close")}
    columns["ticks"] = [1717200000000, 1717200060000]
    bars, _ = read(write(json.dumps({"result": {**columns, "status": "fine"}})))
    assert minutes_of(bars) == [0, 1]


@pytest.mark.parametrize(("volume", "marks"), [("0", True), ("5", False)])
def test_klines_of_binance_without_a_volume_are_of_marks(write: Write, volume: str, marks: bool) -> None:
    row = '[{}, "5", "6", "4", "5", "{}", 0, "0", 60, "0", "0", "0"]'
    rows = ",".join(row.format(1717200000000 + minute * 60_000, volume) for minute in range(2))
    assert read(write(f"[{rows}]"))[1].marks is marks


def test_a_file_of_remarks_alone_has_no_bars(write: Write) -> None:
    with pytest.raises(PerpcalcError, match="holds no rows: ask the venue for another time"):
        read(write("# one\n# two\n# three\n"))


def test_two_prices_of_one_moment_are_both_read(write: Write) -> None:
    bars, found = read(write("time,price\n1717200000000,5\n1717200000000,6\n1717200001000,7\n"))
    assert [plain(close) for *_, close in bars] == ["5", "6", "7"]
    assert found.notes == []


def test_a_header_and_its_first_row_are_looked_for_in_eight_lines(write: Write) -> None:
    assert minutes_of(read(write("# a\n" * 6 + HEADER + rows(0, 1)))[0]) == [0, 1]
    with pytest.raises(PerpcalcError, match="holds no rows"):
        read(write("# a\n" * 7 + HEADER + rows(0, 1)))


@pytest.mark.parametrize("gone", ["time", "open", "high", "low", "close"])
def test_a_file_that_lacks_a_column_of_a_bar_is_none(write: Write, gone: str) -> None:
    names = [name for name in ("time", "open", "high", "low", "close") if name != gone]
    path = write(",".join(names) + "\n2024-06-01,5,6,4\n")
    with pytest.raises(PerpcalcError, match="is no file of candles of a known form"):
        read(path)


@pytest.mark.parametrize("late", [3, -1])
def test_a_row_that_comes_too_late_is_refused(write: Write, late: int) -> None:
    path = write(HEADER + rows(0, 1, 2, 5, late))
    with pytest.raises(PerpcalcError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: line 6: is of 202")
    assert str(caught.value).endswith("Z, earlier than the row before it: sort the rows by time")


def test_bars_of_several_lengths_are_said(write: Write) -> None:
    bars, found = read(write(HEADER + "2024-06-01,5,6,4,5\n2024-06-01T01:00,5,6,4,5\n2024-06-01T01:01,5,6,4,5\n"))
    assert len(bars) == 3
    assert found.notes == ["times without an offset are taken as UTC", "the bars are not of one length"]


def test_rows_without_prices_are_left_out_and_said(write: Write) -> None:
    bars, found = read(write(HEADER + rows(0, (1, ",,,"), 2)))
    assert minutes_of(bars) == [0, 2]
    assert "1 row has no prices: left out" in found.notes


def test_exponents_quotes_and_blank_lines_are_read(write: Write) -> None:
    bars, _ = read(write(HEADER + '1717200000000,5e1,"60",4.0E+1,50\n\n1717200060000,50,60,40,50\n'))
    assert [tuple(map(plain, prices)) for _, *prices in bars] == [("50", "60", "40", "50")] * 2


def test_a_column_more_and_another_order_do_not_matter(write: Write) -> None:
    bars, _ = read(write("Close,Low,High,Open,Date,extra\n5,4,6,5.5,2024-06-01T00:00Z,x\n"))
    assert bars == [(MIDNIGHT, Decimal("5.5"), 6, 4, 5)]


def test_windows_ends_of_line_and_a_byte_order_mark_do_not_matter(write: Write) -> None:
    text = (HEADER + rows(0, 1)).replace("\n", "\r\n")
    assert minutes_of(read(write(b"\xef\xbb\xbf" + text.encode()))[0]) == [0, 1]


def test_a_long_file_with_the_newest_row_first_is_read_from_its_end(write: Write) -> None:
    # Longer than a block that is read at once.
    lines = rows(*range(40_000)).splitlines(keepends=True)
    bars, found = read(write(HEADER + "".join(reversed(lines))))
    assert minutes_of(bars) == list(range(40_000))
    assert found.notes == [NEWEST_FIRST]
    backwards = HEADER + "".join(reversed(lines[:100])).replace(",5,6,4,5", ",5,4,6,5", 1)
    with pytest.raises(PerpcalcError, match="line 2: open 5 and close 5 are not between low 6 and high 4"):
        read(write(backwards))


@pytest.mark.parametrize("form", ["csv", "json"])
def test_memory_stays_flat(tmp_path: Path, form: str) -> None:
    path = tmp_path / "long"

    def peak(count: int) -> int:
        with open(path, "w", encoding="ascii") as file:
            if form == "csv":
                file.write(HEADER)
            for minute in range(count):
                cells = f"{MIDNIGHT // 1000 + 60_000 * minute},5,6,4,5"
                file.write(f"{cells}\n" if form == "csv" else f"[{cells}]\n")
        tracemalloc.start()
        with candles(str(path)) as found:
            for _ in found.bars:
                pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(100)
    assert peak(20_000) < peak(2_000) + 100_000


def test_a_file_is_closed_though_its_bars_are_not_all_taken(write: Write) -> None:
    with candles(write(HEADER + rows(0, 1, 2))) as found:
        assert next(found.bars)[0] == MIDNIGHT


# Several instruments

MIXED = "symbol,time,open,high,low,close\nBTCUSD,1717200000000,5,6,4,5\nETHUSD,1717200000000,1,2,1,1\nBTCUSD,1717200060000,5,6,4,5\n"


def test_mixed_instruments_are_asked_about(write: Write) -> None:
    path = write(MIXED)
    with pytest.raises(PerpcalcError) as caught:
        read(path)
    assert caught.value.line(flags=True) == (
        f"{path}: line 3: holds BTCUSD and ETHUSD: say which by --instrument or by COIN=FILE"
    )


def test_the_instrument_or_the_coin_that_is_asked_for_is_taken(write: Write) -> None:
    path = write(MIXED)
    assert minutes_of(read(path, coin="BTC")[0]) == [0, 1]
    bars, found = read(path, instrument="ETHUSD")
    assert [plain(high) for _, _, high, _, _ in bars] == ["2"]
    with pytest.raises(PerpcalcError, match="is of BTCUSD, not of SOL: give a file of SOL"):
        read(path, coin="SOL")
    assert found.where == path


def test_a_file_of_another_coin_is_refused() -> None:
    with pytest.raises(PerpcalcError, match="is of BTCUSD, not of ETH"):
        read(sample("candles", "bybit-kline.json"), coin="ETH")


def test_an_answer_of_another_coin_is_refused_before_a_bar_is_read() -> None:
    with (
        pytest.raises(PerpcalcError, match="is of BTCUSD, not of ETH"),
        candles(sample("candles", "bybit-kline.json"), coin="ETH"),
    ):
        pytest.fail("its bars could be read")


# What is wrong

UNKNOWN = (
    "is no file of candles of a known form: known are Binance (klines, markPriceKlines, and their data files), Bybit"
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        (HEADER, "holds no rows: ask the venue for another time"),
        ("a,b\n1,2\n", UNKNOWN),
        ("1,2,3\n4,5,6\n", UNKNOWN),
        ('[{"time": 1717200000000, "rate": "0.1"}]', UNKNOWN),
        (HEADER + rows(0, (1, "5,6,4")), "line 3: has 4 cells, not 5: correct that line"),
        (HEADER + rows(0, 1, (2, "5,4,6,5")), "line 4: open 5 and close 5 are not between low 6 and high 4"),
        (HEADER + rows(0, 1, (2, "5,6,4,7")), "line 4: open 5 and close 7 are not between low 4 and high 6"),
        (HEADER + rows(0, 1, (2, "5.5,6,5,4")), "line 4: open 5.5 and close 4 are not between low 5 and high 6"),
        (HEADER + rows(0, 1, (2, "7,6,4,5")), "line 4: open 7 and close 5 are not between low 4 and high 6"),
        (HEADER + rows(0, 1, (2, "0,6,4,5")), "line 4: has no open above 0: correct the file"),
        (HEADER + rows(0, 1, (2, "5,0,4,5")), "line 4: has no high above 0: correct the file"),
        (HEADER + rows(0, 1, (2, "5,6,4,0")), "line 4: has no close above 0: correct the file"),
        (HEADER + rows(0, 1, (2, "5,6,0,5")), "line 4: has no low above 0: correct the file"),
        (HEADER + rows(0, 1, (2, "5,6,,5")), "line 4: has no low above 0"),
        (HEADER + rows(0, 1, (2, "5,6,-4,5")), "line 4: low is negative"),
        (HEADER + rows(0, 1, (2, "5,6,x,5")), "line 4: low 'x' is not a number"),
        (HEADER + rows(0, 1, (2, "5,NaN,4,5")), "line 4: high 'NaN' is not a number"),
        (
            '{"data": [{"time": 1717200000000, "open": 5, "high": 6, "low": 4, "close": 5}, {"time": 1717200060000, "open": 5, "high": 4, "low": 6, "close": 5}]}',
            "entry 2: open 5 and close 5 are not between low 6 and high 4",
        ),
        (HEADER + rows(0, 1) + "yesterday,5,6,4,5\n", "line 4: 'yesterday' is not a time"),
        (HEADER + rows(0, 1) + ",5,6,4,5\n", "line 4: has no time"),
        (HEADER + "2024-06-01,5,6,4,5\n2024-06-02,5,6,4,5\nsoon,5,6,4,5\n", "line 4: 'soon' is not a time"),
        (HEADER + rows(0) + '"5,6\n', "line 3: not CSV"),
        ((HEADER + rows(0)).encode("utf-16"), "byte 0 is not UTF-8: save the file as UTF-8"),
        ((HEADER + rows(*range(9))).encode() + b"\xff\n", "line 11: is not UTF-8"),
        (gzip.compress(HEADER.encode(), mtime=0), "is compressed: unpack it"),
        ("<!DOCTYPE html><title>502</title>", "is a web page, '502', not JSON"),
        (
            '{"retCode": 10001, "retMsg": "symbol invalid", "result": {}}',
            "the venue refused: symbol invalid (code 10001)",
        ),
        ('{"code": -1121, "msg": "Invalid symbol."}', "the venue refused: Invalid symbol. (code -1121)"),
        ("[[1717200000000, 5, 6, 4, 5, 1], [17172000", "not JSON: it breaks off"),
        ("[[1717200000000, 5, 6, 4, 5, 1]]\n[[1717200060000, 5, 6, 4, 5, 1]]", UNKNOWN),
        (
            '{"result": {"ticks": [1717200000000], "open": [], "high": [], "low": [], "close": []}}',
            "its columns are not of",
        ),
        ("[]", "holds no rows"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_its_place(write: Write, content: str | bytes, message: str) -> None:
    path = write(content)
    with pytest.raises(PerpcalcError) as caught:
        read(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: {message}")
    assert line.isprintable()
    assert caught.value.remedy


def test_an_error_of_what_is_done_with_the_bars_is_not_put_on_the_file(write: Write) -> None:
    def used() -> None:
        with candles(write(HEADER + rows(0, 1))) as found:
            next(found.bars)
            raise PerpcalcError("another thing", "do something")

    with pytest.raises(PerpcalcError) as caught:
        used()
    assert str(caught.value) == "another thing: do something"
