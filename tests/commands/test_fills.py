"""`perpcalc fills`: trades as people have them come to what was realised and what is open."""

import json
import tomllib
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from core import twin
from hypothesis import given
from hypothesis import strategies as st
from inside import Run

import perpcalc
from perpcalc.decimals import plain

DATA = Path(__file__).parents[1] / "data"
FIELDS = [
    "name",
    "account",
    "venue",
    "instrument",
    "currency",
    "side",
    "contracts",
    "contract_size",
    "notional_usd",
    "trades",
    "bought",
    "sold",
    "realised_pnl",
    "fees",
    "funding",
    "net_realised",
    "entry_price",
    "entry_value",
    "break_even_price",
    "unrealised_pnl",
    "reason",
]
HEADER = "time,side,contracts,price,fee\n"
PARTLY_CLOSED = (
    HEADER + "2024-06-01T00:00Z,buy,10000,40000,0.0001\n"
    "2024-06-02T00:00Z,buy,10000,60000,0.0001\n"
    "2024-06-03T00:00Z,sell,5000,50000,0.00005\n"
)
THROUGH_ZERO = HEADER + "2024-06-01T00:00Z,buy,50,99000,0\n2024-06-02T00:00Z,sell,60,110000,0\n"
SEVERAL = (
    "time,symbol,side,contracts,price,fee\n"
    "2024-06-01T00:00Z,BTCUSD,buy,10000,40000,0.0001\n"
    "2024-06-02T00:00Z,ETHUSD,buy,3000,3000,0.001\n"
    "2024-06-03T00:00Z,BTCUSD,sell,10000,50000,0.0001\n"
)
SIDES = ("buy", "sell")


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """A file in the folder that is called from; its name."""

    def made(text: str, name: str = "trades.csv") -> str:
        (tmp_path / name).write_text(text)
        return name

    return made


def asked(run: Run, *arguments: str, **more: Any) -> list[dict[str, Any]]:
    answer = run("fills", *arguments, "--json", **more)
    assert answer.status == 0, answer.stderr
    rows: list[dict[str, Any]] = json.loads(answer.stdout)
    return rows


def refused(run: Run, *arguments: str, **more: Any) -> str:
    """The one line that tells what is wrong."""
    answer = run("fills", *arguments, **more)
    assert (answer.status, answer.stdout) == (2, "")
    (line,) = answer.stderr.splitlines()
    return str(line)


# Known cases


def test_a_partial_close_realises_at_the_harmonic_average_and_keeps_it(run: Run, write: Any) -> None:
    # The contract's own example: 0.004166666666666667 realised, 15,000 open at 48,000.
    (row,) = asked(run, write(PARTLY_CLOSED))
    assert list(row) == FIELDS
    assert (row["realised_pnl"], row["side"], row["contracts"]) == ("0.004166666666666667", "long", "15000")
    assert (row["entry_price"], row["entry_value"], row["notional_usd"]) == ("48000", "0.3125", "15000")
    assert (row["trades"], row["bought"], row["sold"]) == ("3", "20000", "5000")
    assert (row["fees"], row["funding"], row["net_realised"]) == ("0.00025", "0", "0.003916666666666667")
    assert (row["unrealised_pnl"], row["break_even_price"], row["reason"]) == (None, "48000", None)


def test_a_trade_through_zero_closes_and_opens(run: Run, write: Any) -> None:
    # 10101 issue 2419; nautilus_trader issue 1083: only 50 of the 60 are realised.
    (row,) = asked(run, write(THROUGH_ZERO))
    assert row["realised_pnl"] == "0.000050505050505051"
    assert (row["side"], row["contracts"], row["entry_price"]) == ("short", "10", "110000")


def test_a_part_closed_at_bybit_leaves_what_the_venue_recorded(run: Run, write: Any) -> None:
    # JKorf/Bybit.Net, position list of 2023-05-22: 300 worth 0.00999850, 1 closed: 299, value 0.00996518, average
    # 30004.5006751, unrealised 0.00113932 at 26926.
    trades = HEADER + "2023-05-22T00:00Z,sell,300,30004.5,0\n2023-05-22T01:00Z,buy,1,27000,0\n"
    (row,) = asked(run, write(trades), "--venue", "bybit@2023-05-22", "--mark", "26926")
    assert (row["side"], row["contracts"]) == ("short", "299")
    kept = Decimal("0.00999850") - Decimal("0.00003332")
    assert Decimal(row["entry_value"]) == kept == Decimal("0.00996518")
    assert (row["entry_price"], row["unrealised_pnl"]) == ("30004.5006751", "0.00113932")


def test_trades_of_phemex_that_ccxt_wrote_realise_what_their_values_say(run: Run) -> None:
    # ccxt issue 14294: 2,000 contracts for 0.05 coins, out for 0.0475.
    (row,) = asked(run, str(DATA / "trades/ccxt.json"))
    assert (row["realised_pnl"], row["fees"], row["net_realised"]) == ("0.0025", "0.0000825", "0.0024175")
    assert (row["side"], row["contracts"], row["entry_price"]) == (None, "0", None)


def test_bitmex_rows_of_funding_are_payments(run: Run) -> None:
    # BitMEX trade history CSV (execType Funding); BittyTax issues 370, 373 and 377.
    (row,) = asked(run, str(DATA / "trades/bitmex.csv"))
    assert (row["realised_pnl"], row["fees"], row["funding"]) == ("0.018182", "0.0001909", "0.0000181")
    assert row["net_realised"] == "0.017973"


@pytest.mark.parametrize(
    ("file", "venue", "instrument", "open_side", "contracts"),
    [
        ("binance.json", "binance", "BTCUSD_PERP", "short", "50"),
        ("bybit.json", "bybit", "BTCUSD", "short", "299"),
        ("deribit.json", "deribit", "BTC-PERPETUAL", "long", "600"),
        ("gate.json", "gate", "BTC_USD", "long", "3000"),
        ("kraken.json", "kraken", "PI_XBTUSD", "long", "3000"),
        ("kucoin.json", "kucoin", "XBTUSDM", "long", "3000"),
        ("okx.json", "okx", "BTC-USD-SWAP", "long", "6"),
    ],
)
def test_the_form_of_a_file_names_the_venue_whose_rules_count(
    run: Run, file: str, venue: str, instrument: str, open_side: str, contracts: str
) -> None:
    (row,) = asked(run, str(DATA / "trades" / file))
    assert (row["venue"], row["instrument"], row["side"], row["contracts"]) == (
        venue,
        instrument,
        open_side,
        contracts,
    )


def test_another_venue_is_taken_with_a_note(run: Run) -> None:
    answer = run("fills", str(DATA / "trades/bybit.json"), "--venue", "phemex", "--json")
    assert "has the form of bybit, and the rules of phemex are taken" in answer.stderr


# Several contracts and sides


def test_each_contract_has_a_row_and_its_coin_a_sum(run: Run, write: Any) -> None:
    file = write(SEVERAL)
    btc, eth = asked(run, file, "--venue", "bybit")
    assert (btc["instrument"], btc["side"], btc["realised_pnl"], btc["currency"]) == ("BTCUSD", None, "0.05", "BTC")
    assert (eth["instrument"], eth["side"], eth["contracts"], eth["currency"]) == ("ETHUSD", "long", "3000", "ETH")
    rows = asked(run, file, "--venue", "bybit", "--total")
    assert [(row["currency"], row["net_realised"]) for row in rows] == [
        ("BTC", "0.0498"),
        ("ETH", "-0.001"),
        ("USD", None),
    ]


def test_one_instrument_is_taken_and_the_others_are_said_to_be_left_out(run: Run, write: Any) -> None:
    answer = run("fills", write(SEVERAL), "--venue", "bybit", "-i", "ETH", "--field", "instrument")
    assert (answer.status, answer.stdout) == (0, "ETHUSD\n")
    assert "the trades of BTCUSD are left out" in answer.stderr


def test_an_instrument_that_was_not_traded_is_refused(run: Run, write: Any) -> None:
    line = refused(run, write(SEVERAL), "--venue", "bybit", "-i", "XRPUSD")
    assert line == "perpcalc: trades.csv: has no trade of XRPUSD: its trades are of BTCUSD and ETHUSD"


def test_a_contract_that_nobody_lists_hides_nothing_of_the_others(run: Run, write: Any) -> None:
    file = write(SEVERAL + "2024-06-04T00:00Z,WAT,buy,5,100,0\n")
    *known, unknown = asked(run, file, "--venue", "bybit")
    assert [row["reason"] for row in known] == [None, None]
    assert (unknown["instrument"], unknown["trades"], unknown["realised_pnl"]) == ("WAT", "1", None)
    assert unknown["reason"].startswith("WAT: there is no contract 'WAT'")


def test_a_venue_of_the_environment_that_is_not_known_is_named_as_such(run: Run, write: Any) -> None:
    answer = run("fills", write(PARTLY_CLOSED), env={"PERPCALC_VENUE": "nope"})
    assert answer.stderr.startswith("perpcalc: PERPCALC_VENUE: 'nope' is not a known venue")


@pytest.mark.parametrize("venue", ["bitmex", "BITMEX"])
def test_the_name_of_a_contract_that_nobody_lists_says_its_coin(run: Run, write: Any, venue: str) -> None:
    trades = write("time,symbol,side,contracts,price\n2023-06-01T00:00Z,ETHM23,buy,5,1900\n")
    (row,) = asked(run, trades, "-v", venue, "--contract-size", "1")
    assert (row["instrument"], row["currency"]) == ("ETHM23", "ETH")


def test_a_mark_is_of_one_coin(run: Run, write: Any) -> None:
    line = refused(run, write(SEVERAL), "--venue", "bybit", "--mark", "60000")
    assert line == "perpcalc: --mark: the trades are in 2 coins, BTC, ETH: give one --instrument"


def test_the_sides_of_hedge_mode_are_kept_apart(run: Run) -> None:
    long, short = asked(run, str(DATA / "trades/binance-hedge.json"), "--hedge")
    assert (long["side"], long["contracts"], short["side"], short["contracts"]) == ("long", "100", "short", "50")


def test_hedge_mode_needs_the_sides(run: Run, write: Any) -> None:
    line = refused(run, write(THROUGH_ZERO), "--hedge")
    assert line.startswith("perpcalc: trades.csv: line 2: does not say which side's position it belongs to")


def test_a_coin_of_fees_that_is_not_the_contracts_is_said(run: Run) -> None:
    answer = run("fills", str(DATA / "trades/binance-hedge.json"))
    assert "0.01 BNB of costs are not in BTC: left out" in answer.stderr


def test_without_a_venue_a_contract_is_said_to_be_1_usd(run: Run, write: Any) -> None:
    file = write(THROUGH_ZERO)
    said = "a contract is taken as 1 USD: --venue or --contract-size says how large it is"
    assert said in run("fills", file).stderr
    assert said not in run("fills", file, "--contract-size", "100").stderr
    (row,) = asked(run, file, "--contract-size", "100", "--currency", "ETH")
    assert (row["contract_size"], row["notional_usd"], row["currency"]) == ("100", "1000", "ETH")


# Funding


def test_past_rates_charge_what_was_open_at_each(run: Run, write: Any) -> None:
    rates = (
        "time,rate,mark\n2024-06-01T08:00Z,0.01%,50000\n2024-06-02T08:00Z,0.01%,50000\n2024-06-09T00:00Z,-0.02%,50000\n"
    )
    (row,) = asked(run, write(PARTLY_CLOSED), "--funding", write(rates, "rates.csv"))
    paid = [(10_000, Fraction(1, 10_000)), (20_000, Fraction(1, 10_000)), (15_000, Fraction(-2, 10_000))]
    assert row["funding"] == twin.printed(sum(twin.funding_payment(1, usd, 50_000, rate) for usd, rate in paid))


def test_rates_without_marks_need_one(run: Run, write: Any) -> None:
    file, rates = write(PARTLY_CLOSED), write("time,rate\n2024-06-01T08:00Z,0.01%\n", "rates.csv")
    line = refused(run, file, "--funding", rates)
    assert line == "perpcalc: rates.csv: has no marks: give --mark, which then stands for all"
    (row,) = asked(run, file, "--funding", rates, "--mark", "50000")
    assert row["funding"] == "0.00002"


def test_rates_need_the_times_of_the_trades(run: Run, write: Any) -> None:
    trades = write("side,contracts,price\nbuy,5,100\n")
    rates = write("time,rate,mark\n2024-06-01T08:00Z,0.01%,50000\n", "rates.csv")
    assert refused(run, trades, "--funding", rates).startswith("perpcalc: --funding: needs the times of the trades")


def test_rates_of_one_of_several_contracts_are_its_own(run: Run, write: Any) -> None:
    trades = SEVERAL.replace("ETHUSD", "BTCUSDH27")
    rates = "time,symbol,rate,mark\n2024-06-02T12:00Z,BTCUSD,0.01%,50000\n"
    first, second = asked(run, write(trades), "--funding", write(rates, "rates.csv"))
    # 10,000 USD at 50,000
    assert (first["funding"], second["funding"]) == ("0.00002", "0")
    line = refused(run, write(trades), "--funding", write(rates.replace("BTCUSD", "BTC"), "rates.csv"), "-q")
    assert line.startswith("perpcalc: rates.csv: does not say of which of the contracts its rates are")


def test_payments_of_a_contract_under_another_spelling_are_its_own(run: Run, write: Any) -> None:
    trades = SEVERAL.replace("BTCUSD", "BTCUSD_PERP").replace("ETHUSD", "ETHUSD_PERP")
    paid = "time,symbol,payment\n2024-06-01T08:00Z,ETH/USD:ETH,0.002\n"
    answer = run("fills", write(trades), "-v", "binance", "--funding", write(paid, "paid.csv"), "--json")
    assert [row["funding"] for row in json.loads(answer.stdout)] == ["0", "0.002"]
    assert "left out" not in answer.stderr
    assert "for which side" not in answer.stderr


def test_payments_of_a_named_contract_are_those_of_trades_that_name_none(run: Run, write: Any) -> None:
    paid = write("time,symbol,payment\n2024-06-01T08:00Z,BTCUSD,0.002\n", "paid.csv")
    (row,) = asked(run, write(PARTLY_CLOSED), "--funding", paid)
    assert row["funding"] == "0.002"


def test_booked_payments_are_counted_as_they_are(run: Run, write: Any) -> None:
    (row,) = asked(run, write(PARTLY_CLOSED), "--funding", str(DATA / "payments/own.csv"))
    booked = [line.split(",")[1] for line in (DATA / "payments/own.csv").read_text().splitlines()[1:]]
    assert Decimal(row["funding"]) == sum(map(Decimal, booked))


def test_payments_are_not_counted_twice(run: Run) -> None:
    file = str(DATA / "trades/bitmex.csv")
    line = refused(run, file, "--funding", str(DATA / "payments/own.csv"), "-q")
    assert line == f"perpcalc: --funding: {file} has payments of its own, which would count twice: leave one out"


# The order of trades


def test_the_newest_trade_may_come_first(run: Run, write: Any) -> None:
    header, *lines = PARTLY_CLOSED.splitlines()
    turned = asked(run, write("\n".join([header, *reversed(lines)]) + "\n", "turned.csv"))
    assert turned == asked(run, write(PARTLY_CLOSED))


def test_trades_out_of_order_are_sorted_and_repeated_ones_counted_once(run: Run, write: Any) -> None:
    first, second, third = (f"{line},{number}" for number, line in enumerate(PARTLY_CLOSED.splitlines()[1:]))
    mixed = "\n".join([HEADER.strip() + ",id", second, first, third, second]) + "\n"
    answer = run("fills", write(mixed), "--json")
    assert "sorted" in answer.stderr
    assert "1 row is there twice: counted once" in answer.stderr
    assert json.loads(answer.stdout) == asked(run, write(PARTLY_CLOSED))


# Random trades against a ledger in fractions

TRADES = st.lists(
    st.tuples(st.sampled_from([1, -1]), st.integers(1, 50), st.integers(1_000, 90_000)), min_size=1, max_size=25
)


def ledger(trades: list[tuple[int, int, int]]) -> tuple[Fraction, int, Fraction]:
    """Profit realised, contracts open (negative short) and their value, at average cost."""
    realised, held, value = Fraction(0), 0, Fraction(0)
    for side, contracts, price in trades:
        closed = min(contracts, abs(held)) if held * side < 0 else 0
        if closed:
            share = value * closed / abs(held)
            realised -= side * (share - Fraction(closed, price))
            value -= share
            held += side * closed
        held += side * (contracts - closed)
        value += Fraction(contracts - closed, price)
    return realised, held, value


@given(TRADES, st.integers(1_000, 90_000))
def test_trades_come_to_what_a_ledger_in_fractions_says(
    tmp_path_factory: pytest.TempPathFactory, trades: list[tuple[int, int, int]], mark: int
) -> None:
    file = tmp_path_factory.getbasetemp() / "random.csv"
    lines = [f"{SIDES[side < 0]},{contracts},{price}" for side, contracts, price in trades]
    file.write_text("side,contracts,price\n" + "\n".join(lines) + "\n")
    (row,) = perpcalc.fills(file=str(file), mark=mark)
    realised, held, value = ledger(trades)
    assert plain(row.realised_pnl) == twin.printed(realised)
    assert row.contracts == abs(held)
    assert row.side == (None if not held else "long" if held > 0 else "short")
    open_pnl = Fraction(0) if not held else (1 if held > 0 else -1) * (value - Fraction(abs(held), mark))
    assert plain(row.unrealised_pnl or Decimal(0)) == twin.printed(open_pnl)
    # What came in and went out in coin, at the mark: realised and unrealised together.
    flows = sum(
        (side * Fraction(contracts) * (Fraction(1, price) - Fraction(1, mark)) for side, contracts, price in trades),
        Fraction(0),
    )
    assert plain(row.realised_pnl + (row.unrealised_pnl or Decimal(0))) == twin.printed(flows)


# Into a portfolio


def test_what_is_open_goes_into_a_portfolio_and_is_known_again(run: Run, write: Any, tmp_path: Path) -> None:
    file = write(PARTLY_CLOSED)
    answer = run("fills", file, "--venue", "bybit", "--into", "book.toml", "--field", "contracts")
    assert (answer.status, answer.stdout) == (0, "15000\n")
    assert "book.toml: 1 added; it has 1 position now" in answer.stderr
    written = (tmp_path / "book.toml").read_bytes()
    again = run("fills", file, "--venue", "bybit", "--into", "book.toml")
    assert "nothing was written" in again.stderr
    assert (tmp_path / "book.toml").read_bytes() == written
    (pnl,) = json.loads(run("pnl", "-p", "book.toml", "--mark", "50000", "--json").stdout)
    (row,) = asked(run, file, "--venue", "bybit", "--mark", "50000")
    assert (pnl["contracts"], pnl["entry_value"], pnl["gross_pnl"]) == (
        row["contracts"],
        row["entry_value"],
        row["unrealised_pnl"],
    )


def test_a_position_joins_the_only_account_of_its_venue_and_coin(run: Run, write: Any, tmp_path: Path) -> None:
    book = '# mine\n[[accounts]]\nname = "cross"\nvenue = "bybit"\ncurrency = "BTC"\nbalance = 1\n'
    write(book, "book.toml")
    run("fills", write(PARTLY_CLOSED), "--venue", "bybit", "--into", "book.toml")
    text = (tmp_path / "book.toml").read_text()
    assert text.startswith(book)
    assert 'account = "cross"' in text
    (row,) = json.loads(run("liq-price", "-p", "book.toml", "--json").stdout)
    assert (row["margin_mode"], row["margin"]) == ("cross", "1")


def test_another_position_of_the_contract_is_not_overwritten(run: Run, write: Any, tmp_path: Path) -> None:
    run("fills", write(PARTLY_CLOSED), "--venue", "bybit", "--into", "book.toml")
    before = (tmp_path / "book.toml").read_bytes()
    more = write(PARTLY_CLOSED + "2024-06-04T00:00Z,buy,10,50000,0\n")
    line = refused(run, more, "--venue", "bybit", "--into", "book.toml", "-q")
    assert line.startswith(
        "perpcalc: book.toml: position 1 (BTCUSD long): is of the same contract and side, 15000 contracts"
    )
    assert (tmp_path / "book.toml").read_bytes() == before


def test_the_account_of_a_venue_is_found_whatever_the_day_of_its_rules(run: Run, write: Any, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text('[[accounts]]\nname = "main"\nvenue = "bybit@2026-01-01"\nbalance = 1\n')
    run("fills", write(PARTLY_CLOSED), "--venue", "bybit@2025-01-01", "--into", "book.toml", "-q")
    (held,) = tomllib.loads((tmp_path / "book.toml").read_text())["positions"]
    assert held["account"] == "main"


def test_trades_of_which_no_contract_is_known_are_refused(run: Run, write: Any) -> None:
    line = refused(
        run, write("time,symbol,side,price,contracts\n2026-01-05T00:00Z,NOPEUSD,buy,60000,10\n"), "-v", "bybit"
    )
    assert "NOPEUSD: there is no contract 'NOPEUSD'" in line


def test_a_wait_for_another_perpcalc_is_said(run: Run, write: Any, tmp_path: Path, another_writes: Any) -> None:
    another_writes(tmp_path)
    answer = run("fills", write(PARTLY_CLOSED), "--venue", "bybit", "--into", "book.toml")
    assert f"another perpcalc writes in {tmp_path}: waiting for it" in answer.stderr


def test_nothing_is_written_where_the_answer_cannot_be_printed(run: Run, write: Any, tmp_path: Path) -> None:
    line = refused(run, write(PARTLY_CLOSED), "--into", "book.toml", "--field", "contrats", "-q")
    assert "'contrats' is not a field" in line
    assert not (tmp_path / "book.toml").exists()


def test_no_notes_are_said_where_none_are_wanted(run: Run, write: Any) -> None:
    answer = run("fills", write(PARTLY_CLOSED), "--into", "book.toml", "-q", "--field", "side")
    assert (answer.status, answer.stdout, answer.stderr) == (0, "long\n", "")


def test_a_contract_that_expires_is_written_with_its_day(run: Run, write: Any, tmp_path: Path) -> None:
    file = write("time,symbol,side,price,contracts\n2026-01-05T00:00Z,BTC-USD-260327,buy,60000,10\n")
    answer = run("fills", file, "--venue", "okx", "--into", "book.toml", "-q", "--field", "instrument")
    assert (answer.status, answer.stdout) == (0, "BTC-USD-SWAP 2026-03-27\n")
    held = tomllib.loads((tmp_path / "book.toml").read_text())["positions"][0]
    assert (held["instrument"], held["expires"]) == ("BTC-USD-SWAP", "2026-03-27")


def test_nothing_is_written_where_nothing_is_open(run: Run, tmp_path: Path) -> None:
    answer = run("fills", str(DATA / "trades/bitmex.csv"), "--into", "book.toml", "--field", "contracts")
    assert (answer.status, answer.stdout) == (0, "0\n")


# Doors and files


def test_python_and_lines_have_the_answer_of_the_command_line(run: Run, write: Any, tmp_path: Path) -> None:
    file = write(PARTLY_CLOSED)
    rows = asked(run, file)
    question = {"command": "fills", "file": file}
    assert json.loads(run("batch", stdin=json.dumps(question)).stdout) == rows
    (row,) = perpcalc.fills(file=str(tmp_path / file))
    assert plain(row.net_realised) == rows[0]["net_realised"]


def test_a_line_cannot_write_nor_read_the_stream_of_lines(run: Run) -> None:
    for more, said in (({"file": "-"}, "standard input holds the lines"), ({"file": "x", "into": "y"}, "unknown key")):
        answer = run("batch", stdin=json.dumps({"command": "fills", **more}))
        assert said in json.loads(answer.stdout)["error"]


def test_trades_are_read_from_standard_input(run: Run) -> None:
    (row,) = asked(run, "-", stdin=THROUGH_ZERO)
    assert row["side"] == "short"


def test_the_sentence_says_what_was_realised_and_what_is_open(run: Run, write: Any) -> None:
    out = run("fills", write(PARTLY_CLOSED)).stdout
    assert out.startswith("net +0.00391667 BTC realised, long 15,000 contracts open at 48,000.00 USD\n")
    assert run("fills", str(DATA / "trades/bitmex.csv")).stdout.startswith(
        "net +0.01797300 BTC realised, nothing is open any more\n"
    )


def test_the_explanation_puts_the_parts_together(run: Run, write: Any) -> None:
    out = run("fills", write(PARTLY_CLOSED), "--mark", "50000", "--explain").stdout
    assert "realised_pnl - fees - funding" in out
    assert "s * (entry_value - contracts / mark)" in out or "s * (entry_value - notional / mark)" in out
    assert "as given" not in out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("<html><title>502</title></html>", "is a web page, '502'"),
        ('[{"side": "Buy", "execQty": "1', "it breaks off"),
        ("\x00\x01", "line 1: has 1 cells: write time,side,contracts,price"),
        ('{"a": 1}', "is no file of trades of a known form: known are Binance (userTrades)"),
        (HEADER + "2024-06-01T00:00Z,buy,NaN,60000,0\n", "line 2: contracts 'NaN' is not a number"),
        (HEADER + "2024-06-01T00:00Z,buy,5,-1,0\n", "line 2: price is negative"),
        (HEADER + "2024-06-01T00:00Z,hold,5,60000,0\n", "line 2: side 'hold' is not known"),
        (HEADER + "yesterday,buy,5,60000,0\n", "line 2: 'yesterday' is not a time"),
        (HEADER + "2024-06-01T00:00Z,buy,5\n", "line 2: has 3 cells, not 5"),
        ("time,open,high,low,close\n2024-06-01T00:00Z,1,1,1,1\n", "is no file of trades"),
    ],
    ids=["empty", "html", "cut", "binary", "object", "nan", "negative", "side", "time", "short", "candles"],
)
def test_a_file_that_is_wrong_is_refused_in_one_line(run: Run, write: Any, content: str, said: str) -> None:
    line = refused(run, write(content))
    assert line.startswith("perpcalc: trades.csv: ")
    assert said in line


def test_a_hostile_name_cannot_steer_the_terminal(run: Run, write: Any) -> None:
    file = write("time,symbol,side,contracts,price\n2024-06-01T00:00Z,\x1b[31mEVIL,buy,5,60000\n")
    for arguments in ((file,), (file, "--explain"), (file, "--venue", "bybit"), (file, "--field", "instrument")):
        answer = run("fills", *arguments)
        assert "\x1b[31mEVIL" not in answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--venue", "nope"), "--venue: 'nope' is not a known venue"),
        (("--venue", "binanceusdm"), "--venue: 'binanceusdm' has linear contracts only"),
        (("--venue", "bybit", "-i", "BTCUSDT"), "--instrument: bybit: 'BTCUSDT' is a linear contract"),
        (("--into", "-"), "--into: -: is standard input"),
    ],
)
def test_a_wrong_option_is_named(run: Run, write: Any, arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(run, write(THROUGH_ZERO), *arguments, "-q")


def test_the_break_even_price_has_the_fee_of_closing_in_it(run: Run) -> None:
    # bought 10,000 at 50,000: V = 0.2, 0.00055 of it paid; sold at P: Q*(1 + f)/(V - fee) brings nothing
    trades = "time,symbol,side,contracts,price\n2026-09-01,BTCUSD,buy,10000,50000\n"
    (row,) = json.loads(run("fills", "-", "--venue", "bybit", "--json", stdin=trades).stdout)
    fees = Fraction("0.2") * Fraction("0.00055") if row["fees"] != "0" else Fraction(0)
    exact = 10_000 * (1 + Fraction("0.00055")) / Fraction("0.2")
    assert abs(Fraction(row["break_even_price"]) - exact) < Fraction(1, 10**6), (row, fees)


def test_what_should_be_known_of_a_contract_is_said(run: Run) -> None:
    trades = "time,symbol,side,contracts,price\n2018-09-01,XBTUSD,buy,10000,7000\n"
    answer = run("fills", "-", "--venue", "bitmex@2018-09-01", "--json", stdin=trades)
    assert "bitmex@2018-09-01:" in answer.stderr


def test_payments_of_what_was_not_traded_are_left_out_by_name(run: Run, write: Any) -> None:
    paid = write("time,symbol,payment\n2024-06-01T08:00Z,XRPUSD,0.002\n2024-06-02T08:00Z,XRPUSD,0.002\n", "paid.csv")
    answer = run("fills", write(SEVERAL), "-v", "bybit", "--funding", paid)
    assert "note: funding of XRPUSD (2) is left out: there is no trade in it" in answer.stderr


def test_an_entry_value_is_written_without_zeros_that_say_nothing(run: Run, write: Any, tmp_path: Path) -> None:
    # 10/40 + 10/50: no price in decimals gives 20 contracts this value
    run("fills", write("side,contracts,price\nbuy,10,40\nbuy,10,50\n"), "--into", "book.toml")
    text = (tmp_path / "book.toml").read_text()
    assert "\nentry_value = 0.45\n" in text
    assert "instrument" not in text


def test_rates_of_two_coins_are_of_neither_of_two_contracts_of_one(run: Run, write: Any) -> None:
    trades = write(SEVERAL.replace("ETHUSD", "BTCUSDH27"))
    rates = "time,symbol,rate,mark\n2024-06-02T12:00Z,BTCUSD,0.01%,50000\n2024-06-02T12:00Z,ETHUSD,0.01%,3000\n"
    line = refused(run, trades, "--funding", write(rates, "rates.csv"), "-q")
    assert line.startswith("perpcalc: rates.csv: holds BTCUSD and ETHUSD: say which by --instrument")


def test_a_size_that_is_given_is_that_of_a_contract_which_the_venue_lists_no_more(run: Run, write: Any) -> None:
    trades = write(SEVERAL.replace("BTCUSD", "XBTH19").replace("ETHUSD", "XBTH19"))
    for more, size in (((), "1"), (("--contract-size", "10"), "10")):
        (row,) = asked(run, trades, "-v", "bitmex", *more)
        assert row["contract_size"] == size


def test_payments_of_both_sides_are_counted_for_one_and_that_is_said(run: Run, write: Any) -> None:
    paid = write("time,symbol,payment\n2024-06-01T08:00Z,BTCUSD_PERP,0.002\n", "paid.csv")
    question = ("fills", str(DATA / "trades/binance-hedge.json"), "--hedge", "--funding", paid)
    answer = run(*question, "--field", "side,funding")
    assert answer.stdout == "long\t0.002\nshort\t0\n"
    assert "does not say for which side: counted for BTCUSD_PERP long" in answer.stderr


def test_the_venue_of_a_form_may_be_named_in_capitals(run: Run) -> None:
    assert "has the form of" not in run("fills", str(DATA / "trades/bitmex.csv"), "-v", "BITMEX").stderr


def test_rates_of_several_coins_are_those_of_the_coin_that_was_traded(run: Run, write: Any) -> None:
    trades = write("".join(SEVERAL.splitlines(keepends=True)[:2]))
    rates = "time,symbol,rate,mark\n2024-06-02T12:00Z,BTC,0.01%,50000\n2024-06-02T12:00Z,ETH,0.02%,3000\n"
    (row,) = asked(run, trades, "--funding", write(rates, "rates.csv"))
    assert row["funding"] == "0.00002"


def test_payments_stand_beside_a_contract_that_nobody_lists(run: Run, write: Any) -> None:
    trades = write(SEVERAL + "2024-06-04T00:00Z,WAT,buy,5,100,0\n")
    paid = write("time,symbol,payment\n2024-06-01T08:00Z,BTCUSD,0.002\n", "paid.csv")
    first, *_, unknown = asked(run, trades, "-v", "bybit", "--funding", paid)
    assert (first["funding"], unknown["funding"]) == ("0.002", None)


def test_a_position_without_an_entry_is_not_overwritten_either(run: Run, write: Any) -> None:
    held = '[[positions]]\nname = "core"\nvenue = "bybit"\nside = "long"\ncontracts = 15_000\n'
    line = refused(run, write(PARTLY_CLOSED), "--venue", "bybit", "--into", write(held, "book.toml"), "-q")
    assert "position 1 (core): is of the same contract and side, 15000 contracts; the trades left 15000 at " in line


def test_another_contract_than_the_first_of_its_venue_is_written_by_its_name(
    run: Run, write: Any, tmp_path: Path
) -> None:
    trades = write("".join(line for line in SEVERAL.splitlines(keepends=True) if "BTCUSD" not in line))
    run("fills", trades, "--venue", "bybit", "--into", "book.toml")
    assert '\ninstrument = "ETHUSD"\n' in (tmp_path / "book.toml").read_text()


def test_a_position_joins_no_account_of_another_coin(run: Run, write: Any, tmp_path: Path) -> None:
    write('[[accounts]]\nname = "ether"\nvenue = "bybit"\ncurrency = "ETH"\nbalance = 1\n', "book.toml")
    run("fills", write(PARTLY_CLOSED), "--venue", "bybit", "--into", "book.toml")
    text = (tmp_path / "book.toml").read_text()
    assert "account =" not in text
    assert text.count('venue = "bybit"') == 2


def test_rates_of_a_coin_stand_beside_a_contract_that_nobody_lists(run: Run, write: Any) -> None:
    trades = write(SEVERAL + "2024-06-04T00:00Z,WAT,buy,5,100,0\n")
    rates = write("time,symbol,rate,mark\n2024-06-02T12:00Z,BTC,0.01%,50000\n", "rates.csv")
    found = asked(run, trades, "-v", "bybit", "--funding", rates)
    assert [row["funding"] for row in found] == ["0.00002", "0", None]
