"""`perpcalc replay`: positions and accounts along candles and funding of the past."""

import json
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from core import twin
from hypothesis import given, settings
from hypothesis import strategies as st
from inside import Run

import perpcalc
from perpcalc.commands.replay_chart import Trail
from perpcalc.decimals import plain

DATA = Path(__file__).parents[1] / "data"
FIELDS = [
    "account",
    "position",
    "start",
    "end",
    "bars",
    "survived",
    "ended_at",
    "ended_by",
    "price",
    "net_pnl",
    "net_pnl_usd",
    "funding",
    "max_margin_ratio",
    "max_margin_ratio_at",
    "max_drawdown",
    "max_drawdown_usd",
    "reason",
]
LONG = ("-s", "long", "-n", "10000", "-e", "50000", "--mmr", "0.5%")
HEADER = "time,open,high,low,close\n"
WEEK = HEADER + (
    "2024-06-03T00:00Z,50000,52000,49000,51000\n"
    "2024-06-04T00:00Z,51000,51000,48000,48500\n"
    "2024-06-05T00:00Z,48500,49500,46000,49000\n"
    "2024-06-06T00:00Z,49000,50500,48800,50000\n"
)
RATES = (
    "time,rate,mark\n"
    "2024-06-03T00:00Z,1%,50000\n"
    "2024-06-04T00:00Z,0.01%,50000\n"
    "2024-06-05T12:00Z,-0.02%,40000\n"
    "2024-06-07T00:00Z,0.05%,50000\n"
    "2024-06-08T00:00Z,1%,50000\n"
)
BOOK = """
[prices]
BTC = 50_000
ETH = 3_000

[[accounts]]
name = "cross"
currency = "BTC"
balance = 0.05

[[accounts]]
name = "uta"
margin = "unified"
balances = { BTC = 1, USDT = 1_000 }
condition = "100%"
weights = "equity"

[[positions]]
name = "isolated"
currency = "BTC"
side = "long"
contracts = 10_000
entry = 50_000
leverage = 10
mmr = "0.5%"

[[positions]]
name = "long leg"
account = "cross"
side = "long"
contracts = 10_000
entry = 50_000
stop = 47_000
mmr = "0.5%"

[[positions]]
name = "short leg"
account = "cross"
side = "short"
contracts = 4_000
entry = 51_000
mmr = "0.5%"

[[positions]]
name = "ether"
currency = "ETH"
side = "short"
contracts = 1_000
entry = 3_000
leverage = 3
mmr = "0.5%"

[[positions]]
name = "several"
account = "uta"
currency = "BTC"
side = "long"
contracts = 100
entry = 50_000
mmr = "0.5%"
"""


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """A file in the folder that is called from; its name."""

    def made(text: str, name: str = "marks.csv") -> str:
        (tmp_path / name).write_text(text)
        return name

    return made


def asked(run: Run, *arguments: str, **more: Any) -> Any:
    answer = run("replay", *arguments, "--json", **more)
    assert answer.status == 0, answer.stderr
    return json.loads(answer.stdout)


def refused(run: Run, *arguments: str) -> str:
    """The one line that tells what is wrong."""
    answer = run("replay", *arguments, "-q")
    assert (answer.status, answer.stdout) == (2, "")
    (line,) = answer.stderr.splitlines()
    return str(line)


def walk(
    steps: Sequence[tuple[int, int, int]], opened: int = 50_000, apart: int = 20
) -> list[tuple[int, int, int, int]]:
    """Bars of which each has the close in thousandths of the open, and how far its extremes lie beyond."""
    bars = []
    for move, above, below in steps:
        close = opened * (1000 + move) // 1000
        bars.append((opened, max(opened, close) + apart * above, min(opened, close) - apart * below, close))
        opened = close
    return bars


# Known cases


@pytest.mark.parametrize(
    ("leverage", "survived", "price"), [("10", False, "111194"), ("7", False, "107024.5"), ("5", True, "113000")]
)
def test_the_fall_of_2025_10_10_killed_longs_of_7x_at_bybit_and_left_5x_alive(
    run: Run, write: Any, leverage: str, survived: bool, price: str
) -> None:
    # Opened at the day's open of 121,704.74, low 104,582.41; a 5x is liquidated at 101,928 only.
    marks = write(HEADER + "2025-10-10T00:00Z,121704.74,122550,104582.41,113000\n")
    row = asked(run, "-v", "bybit", "-s", "long", "-n", "10000", "-e", "121704.74", "-l", leverage, "--marks", marks)
    assert list(row) == FIELDS
    assert (row["survived"], row["price"]) == (survived, price)
    assert row["ended_by"] == ("end" if survived else "liquidation")
    assert row["max_margin_ratio"] == "1" if not survived else Decimal(row["max_margin_ratio"]) < 1


def test_a_liquidation_loses_the_margin(run: Run, write: Any) -> None:
    row = asked(run, *LONG, "-l", "20", "--marks", write(WEEK))
    assert (row["survived"], row["ended_by"], row["ended_at"]) == (False, "liquidation", "2024-06-05T00:00:00Z")
    assert (row["net_pnl"], row["bars"], row["end"]) == ("-0.01", "3", "2024-06-06T00:00:00Z")
    price = twin.liquidation_at_mark(1, 10_000, 50_000, Fraction(1, 100), Fraction(5, 1000))
    assert row["price"] == twin.printed(price)


def test_a_stop_pays_the_fee_and_survives(run: Run, write: Any) -> None:
    row = asked(run, *LONG, "-l", "10", "--stop", "47000", "--exit-fee", "0.06%", "--marks", write(WEEK))
    assert (row["survived"], row["ended_by"], row["price"]) == (True, "stop", "47000")
    fee = twin.fee(10_000, 47_000, Fraction(6, 10_000))
    assert row["net_pnl"] == twin.printed(twin.pnl(1, 10_000, 50_000, 47_000) - fee)


def test_the_end_is_at_the_last_close_without_a_fee(run: Run, write: Any) -> None:
    row = asked(run, *LONG, "-l", "5", "--exit-fee", "1%", "--marks", write(WEEK))
    assert (row["start"], row["end"], row["bars"]) == ("2024-06-03T00:00:00Z", "2024-06-07T00:00:00Z", "4")
    assert (row["ended_at"], row["price"], row["net_pnl"]) == (row["end"], "50000", "0")
    assert row["max_margin_ratio_at"] == "2024-06-05T00:00:00Z"
    equity = Fraction(4, 100) + twin.pnl(1, 10_000, 50_000, 46_000)
    assert row["max_margin_ratio"] == twin.printed(Fraction(10_000, 46_000) * Fraction(5, 1000) / equity)
    assert row["max_drawdown"] == twin.printed(Fraction(10_000, 46_000) - Fraction(10_000, 52_000))


def test_funding_is_paid_after_the_start_and_up_to_the_end(run: Run, write: Any) -> None:
    arguments = (*LONG, "-l", "5", "--marks", write(WEEK), "--history", write(RATES, "rates.csv"), "--interval", "1h")
    row = asked(run, *arguments)
    paid = [(50_000, Fraction(1, 10_000)), (40_000, Fraction(-2, 10_000)), (50_000, Fraction(5, 10_000))]
    total = sum(twin.funding_payment(1, 10_000, mark, rate) for mark, rate in paid)
    assert (row["funding"], row["net_pnl"]) == (twin.printed(total), twin.printed(-total))


def test_a_part_of_the_bars_is_taken_by_start_and_end(run: Run, write: Any) -> None:
    marks = write(WEEK)
    row = asked(run, *LONG, "-l", "5", "--marks", marks, "--start", "2024-06-04", "--end", "2024-06-05T00:00Z")
    assert (row["start"], row["end"], row["bars"], row["price"]) == (
        "2024-06-04T00:00:00Z",
        "2024-06-05T00:00:00Z",
        "1",
        "48500",
    )
    answer = run("replay", *LONG, "-l", "5", "--marks", marks, "--start", "2024-05-01", "--end", "2025-01-01")
    assert "marks.csv: begins on 2024-06-03T00:00:00Z, after the start" in answer.stderr
    assert "marks.csv: ends on 2024-06-07T00:00:00Z, before the end" in answer.stderr


def test_without_marks_of_its_own_a_payment_is_at_the_open_of_its_bar(run: Run, write: Any) -> None:
    history = write("time,rate\n2024-06-04T06:00Z,0.01%\n", "rates.csv")
    answer = run("replay", *LONG, "-l", "5", "--marks", write(WEEK), "--history", history, "--json")
    assert json.loads(answer.stdout)["funding"] == twin.printed(
        twin.funding_payment(1, 10_000, 51_000, Fraction(1, 10_000))
    )
    assert "rates.csv: has no marks: the open of the bar stands for each" in answer.stderr


def test_krakens_rate_is_in_coin_per_contract(run: Run, write: Any) -> None:
    rates = {
        "rates": [{"timestamp": "2024-06-04T01:00:00Z", "fundingRate": 2e-9, "relativeFundingRate": 0.0001}],
        "result": "success",
    }
    history = write(json.dumps(rates), "kraken.json")
    arguments = ("-s", "short", "-n", "10000", "-e", "50000", "-l", "5", "-v", "kraken", "--marks", write(WEEK))
    assert asked(run, *arguments, "--history", history)["funding"] == "-0.00002"


# What is said


def test_last_prices_and_missing_funding_are_said(run: Run, write: Any) -> None:
    klines = HEADER.strip() + ",volume\n" + "".join(f"{line},5\n" for line in WEEK.splitlines()[1:])
    answer = run("replay", *LONG, "-l", "5", "--marks", write(klines))
    assert "marks.csv: has last prices, which stand for the marks" in answer.stderr
    assert "no funding is counted: --history gives the payments in BTC" in answer.stderr
    assert "last prices" not in run("replay", *LONG, "-l", "5", "--marks", write(WEEK)).stderr


def test_last_prices_of_an_account_of_several_coins_are_said_too(run: Run, write: Any) -> None:
    book = write(SEVERAL.format(dollars="0", btc=20_000, eth=3_000, stop=""), "uta.toml")
    klines = ETHER.replace("close\n", "close,volume\n").replace("0\n", "0,5\n")
    marks = ("--marks", f"BTC={write(WEEK)}", "--marks", f"ETH={write(klines, 'eth.csv')}")
    said = run("replay", "-p", book, *marks).stderr
    assert "eth.csv: has last prices, which stand for the marks" in said
    assert "marks.csv: has last prices" not in said


def test_a_start_within_the_first_bar_is_no_late_beginning(run: Run, write: Any) -> None:
    question = ("replay", *LONG, "-l", "5", "--marks", write(WEEK), "--start")
    assert "after the start" not in run(*question, "2024-06-02T12:00Z").stderr
    assert "marks.csv: begins on 2024-06-03T00:00:00Z, after the start" in run(*question, "2024-06-01").stderr


def test_bars_that_name_a_contract_do_for_a_position_that_names_none(run: Run, write: Any) -> None:
    named = "symbol," + WEEK.replace("\n2024", "\nBTCUSD,2024")
    (row,) = asked(
        run,
        "-p",
        write(
            BOOK.partition("[[accounts]]")[0]
            + "[[positions]]\n"
            + ('name = "a"\nside = "long"\ncontracts = 100\nentry = 50_000\nleverage = 2\nmmr = "1%"\n'),
            "p.toml",
        ),
        "--marks",
        f"BTC={write(named)}",
    )
    assert row["survived"] is True


def test_a_gap_is_said_and_nothing_is_interpolated(run: Run, write: Any) -> None:
    answer = run("replay", *LONG, "-l", "5", "--marks", write(WEEK + "2024-06-09T00:00Z,50000,50000,50000,50000\n"))
    assert "marks.csv: a gap of 2d from 2024-06-07T00:00:00Z: what the price did there is not known" in answer.stderr


def test_candles_of_something_else_are_noticed_by_their_price(run: Run, write: Any) -> None:
    answer = run("replay", "-s", "long", "-n", "10", "-e", "3", "--mmr", "1%", "-l", "2", "--marks", write(WEEK))
    assert "marks.csv: opens at 50000, far from the entry at 3" in answer.stderr


def test_a_payment_that_is_missing_among_the_rates_is_said(run: Run, write: Any) -> None:
    rates = write("time,rate,mark\n2024-06-03T08:00Z,0.01%,50000\n2024-06-04T08:00Z,0.01%,50000\n", "rates.csv")
    answer = run("replay", *LONG, "-l", "5", "--marks", write(WEEK), "--history", rates, "--interval", "8h")
    assert "rates.csv: payments are 8h apart, line 3 is 1d after the payment before it" in answer.stderr


def test_rates_that_fall_outside_the_bars_are_said(run: Run, write: Any) -> None:
    history = write("time,rate,mark\n2023-06-04T06:00Z,0.01%,5\n", "rates.csv")
    answer = run("replay", *LONG, "-l", "5", "--marks", write(WEEK), "--history", history)
    assert "rates.csv: none of its 1 payments falls within the bars" in answer.stderr


def test_a_bare_venue_follows_the_days_and_a_dated_one_does_not(run: Run, write: Any) -> None:
    # The maintenance margin of Bybit is taken at the mark since 2025-09-02, before at the entry: 57,102.5 and 57,078.
    marks = write(HEADER + "2025-09-01T00:00Z,62500,62500,57090,60000\n2025-09-02T00:00Z,60000,60000,57090,60000\n")
    position = ("-s", "long", "-n", "10000", "-e", "62500", "-l", "10", "--marks", marks)
    answer = run("replay", "-v", "bybit", *position, "--json")
    row = json.loads(answer.stdout)
    assert (row["ended_by"], row["ended_at"], row["price"]) == ("liquidation", "2025-09-02T00:00:00Z", "57102.5")
    assert "bybit: the liquidation formula changed on 2025-09-02" in answer.stderr
    assert answer.stderr.count("the liquidation formula changed") == 1
    assert "bybit: the rules of 2025-09-02 hold from that day on" in answer.stderr
    assert asked(run, "-v", "bybit@2025-09-01", *position)["survived"]
    held = (
        '[[positions]]\nname = "a"\nvenue = "bybit"\nside = "long"\ncontracts = 10000\nentry = 62500\nleverage = 10\n'
    )
    (of_book,) = asked(run, "-p", write(held, "book.toml"), "--marks", f"BTC={marks}")
    assert (of_book["ended_at"], of_book["price"]) == ("2025-09-02T00:00:00Z", "57102.5")


# A portfolio


def test_accounts_come_first_then_isolated_positions_in_the_order_of_the_file(run: Run, write: Any) -> None:
    book = write(BOOK, "book.toml")
    rows = asked(run, "-p", book, "--marks", f"BTC={write(WEEK)}")
    assert [(row["account"], row["position"]) for row in rows] == [
        ("cross", None),
        ("uta", None),
        (None, "isolated"),
        (None, "ether"),
    ]
    cross, several, isolated, ether = rows
    assert (isolated["ended_by"], isolated["survived"]) == ("end", True)
    assert cross["reason"] is None
    assert ether["reason"] == "no candles of ETH: give marks ETH=FILE"
    assert several["reason"] == "an account of several coins: every amount is in USD"
    assert ether["net_pnl"] is several["price"] is None


def test_the_stop_of_a_leg_closes_it_and_the_rest_goes_on(run: Run, write: Any) -> None:
    (cross, *_) = asked(run, "-p", write(BOOK, "book.toml"), "--marks", f"BTC={write(WEEK)}")
    short = twin.pnl(-1, 4_000, 51_000, 50_000)
    assert cross["net_pnl"] == twin.printed(twin.pnl(1, 10_000, 50_000, 47_000) + short)


def test_the_order_of_the_files_does_not_matter(run: Run, write: Any) -> None:
    book, btc = write(BOOK, "book.toml"), f"BTC={write(WEEK)}"
    write(HEADER + "2024-06-03T00:00Z,3000,3100,2900,3050\n2024-06-04T00:00Z,3050,3200,3000,3100\n", "eth.csv")
    eth = "ETH=eth.csv"
    assert asked(run, "-p", book, "--marks", btc, "--marks", eth) == asked(
        run, "-p", book, "--marks", eth, "--marks", btc
    )


def test_a_file_without_its_coin_is_of_the_only_one(run: Run, write: Any) -> None:
    book, marks = write(BOOK, "book.toml"), write(WEEK)
    line = refused(run, "-p", book, "--marks", marks)
    assert (
        line == "perpcalc: --marks: marks.csv does not say of which coin it is, BTC or ETH: write it as BTC=marks.csv"
    )
    one = write(BOOK[: BOOK.index('[[positions]]\nname = "ether"')], "one.toml")
    assert asked(run, "-p", one, "--marks", marks)[0]["survived"]


def test_sums_are_by_coin(run: Run, write: Any) -> None:
    arguments = ("-p", write(BOOK, "book.toml"), "--marks", f"BTC={write(WEEK)}")
    cross, several, isolated, _ = asked(run, *arguments)
    rows = asked(run, *arguments, "--total")
    assert rows[0]["net_pnl"] == plain(Decimal(cross["net_pnl"]) + Decimal(isolated["net_pnl"]))
    assert [row["reason"] for row in rows] == ["the sum in BTC", "the sum in ETH", "the sum in USD", "the sum in USD"]
    known = (cross, several, isolated)
    assert rows[-1]["net_pnl_usd"] == plain(sum(Decimal(row["net_pnl_usd"]) for row in known))


def test_the_sentence_counts_the_dead_and_names_the_first(run: Run, write: Any) -> None:
    book, marks = write(BOOK, "book.toml"), f"BTC={write(WEEK.replace('46000', '45000'))}"
    out = run("replay", "-p", book, "--marks", marks).stdout
    assert out.startswith("1 of 3 liquidated, isolated first, on 2024-06-05T00:00:00Z\n")
    assert run("replay", "-p", book, "--marks", f"BTC={write(WEEK)}").stdout.startswith("all 3 survived\n")


def test_of_one_that_is_known_the_sentence_tells_how_it_ended(run: Run, write: Any) -> None:
    held = "".join(
        f'[[positions]]\nname = "{name}"\nside = "long"\ncontracts = 100\nentry = 50_000\nleverage = 20\n{mmr}'
        for name, mmr in (("unknown", ""), ("known", 'mmr = "0.5%"\n'))
    )
    shown = run("replay", "-p", write(held, "p.toml"), "--marks", f"BTC={write(WEEK)}").stdout
    assert shown.startswith("known liquidated on 2024-06-05T00:00:00Z at 47,857.14 USD: -0.00010000 BTC\n")
    charted = run("replay", "-p", "p.toml", "--marks", "BTC=marks.csv", "--chart").stdout
    assert [line for line in charted.splitlines() if "against" in line] == [
        "known: price (USD) against days from 2024-06-03T00:00:00Z",
        "known: equity (BTC) against days from 2024-06-03T00:00:00Z",
    ]


def test_the_first_to_die_is_first_in_time_wherever_it_stands(run: Run, write: Any) -> None:
    held = "".join(
        f'[[positions]]\nname = "{name}"\nside = "long"\ncontracts = 100\nentry = 50_000\nleverage = {leverage}\nmmr = "1%"\n'
        for name, leverage in (("late", 15), ("soon", 40))
    )
    shown = run("replay", "-p", write(held, "p.toml"), "--marks", f"BTC={write(WEEK)}").stdout
    assert shown.startswith("2 of 2 liquidated, soon first, on 2024-06-03T00:00:00Z\n")


def test_a_dated_contract_moves_by_its_ratio_of_marks_and_pays_no_funding(run: Run, write: Any) -> None:
    held = '[[accounts]]\nname = "w"\nbalance = 1\n' + "".join(
        f'[[positions]]\nname = "{name}"\ninstrument = "{name}"\naccount = "w"\ncontract_size = 1\nside = "{side}"\n'
        f'contracts = {usd}\nentry = {mark}\nmark = {mark}\nmmr = "0.5%"\n{more}'
        for name, side, usd, mark, more in (
            ("perpetual", "long", 10_000, 50_000, ""),
            ("dated", "short", 4_000, 55_000, "expires = 2024-12-27\n"),
        )
    )
    rates = write("time,rate,mark\n2024-06-04T12:00Z,0.1%,50000\n", "rates.csv")
    (row,) = asked(run, "-p", write(held, "w.toml"), "--marks", f"BTC={write(WEEK)}", "--history", f"BTC={rates}")
    end = Fraction(row["price"])
    gross = 10_000 * (Fraction(1, 50_000) - 1 / end) - 4_000 * (Fraction(1, 55_000) - 1 / (end * Fraction("1.1")))
    assert row["funding"] == "0.0002"
    assert row["net_pnl"] == twin.printed(gross - Fraction("0.0002"))
    told = run("replay", "-p", "w.toml", "--marks", "BTC=marks.csv", "--explain").stdout
    assert "net_pnl * price" in told
    assert "s * (V" not in told


def test_bars_are_of_the_contract_that_they_name(run: Run, write: Any) -> None:
    held = '[[accounts]]\nname = "w"\nbalance = 1\n' + "".join(
        f'[[positions]]\nname = "{name}"\ninstrument = "{name}"\naccount = "w"\ncontract_size = 1\nside = "{side}"\n'
        f'contracts = {usd}\nentry = {mark}\nmark = {mark}\nmmr = "0.5%"\n'
        for name, side, usd, mark in (("BTCUSD", "long", 10_000, 50_000), ("BTCUSDH27", "short", 4_000, 55_000))
    )
    marks = write("symbol," + WEEK.replace("\n2024", "\nBTCUSDH27,2024"))
    (row,) = asked(run, "-p", write(held, "w.toml"), "--marks", f"BTC={marks}")
    end = Fraction(row["price"])
    net = 10_000 * (Fraction(1, 50_000) - 1 / (end * Fraction(50, 55))) - 4_000 * (Fraction(1, 55_000) - 1 / end)
    assert row["net_pnl"] == twin.printed(net)


def test_several_contracts_of_an_account_need_a_mark_each(run: Run, write: Any) -> None:
    held = '[[accounts]]\nname = "w"\nbalance = 1\n' + "".join(
        f'[[positions]]\nname = "{name}"\ninstrument = "{name}"\naccount = "w"\ncontract_size = 1\nside = "long"\n'
        f'contracts = 10_000\nentry = 50_000\nmmr = "0.5%"\n{mark}'
        for name, mark in (("perpetual", ""), ("quarterly", "mark = 50_000\n"))
    )
    for book in (held, held.replace("mark = 50_000\n", "").replace("entry", "mark = 50_000\nentry", 1)):
        (row,) = asked(run, "-p", write(book, "w.toml"), "--marks", f"BTC={write(WEEK)}")
        assert "mark: is missing: the account holds several contracts: give each a mark" in row["reason"]


def test_a_file_that_ends_before_the_end_is_said_of_what_lived_to_it(run: Run, write: Any) -> None:
    question = ("replay", *LONG, "--marks", write(WEEK), "--end", "2024-07-01", "--leverage")
    assert "before the end" in run(*question, "5").stderr
    assert "before the end" not in run(*question, "20").stderr


# An account of several coins

SEVERAL = """
[prices]
BTC = 50_000
ETH = 3_000

[[accounts]]
name = "uta"
margin = "unified"
balances = {{ BTC = 1, ETH = 5, USDT = {dollars} }}
condition = "100%"
weights = "equity"

[[positions]]
name = "btc"
account = "uta"
currency = "BTC"
side = "long"
contracts = {btc}
entry = 50_000
mmr = "1%"{stop}

[[positions]]
name = "eth"
account = "uta"
currency = "ETH"
side = "short"
contracts = {eth}
entry = 3_000
mmr = "2%"
"""
ETHER = HEADER + (
    "2024-06-03T00:00Z,3000,3100,2900,3050\n"
    "2024-06-04T00:00Z,3050,3200,3000,3100\n"
    "2024-06-05T00:00Z,3100,3150,2800,2900\n"
    "2024-06-06T00:00Z,2900,3000,2850,3000\n"
)


def test_all_lows_of_an_account_of_several_coins_are_taken_together(run: Run, write: Any) -> None:
    book = write(SEVERAL.format(dollars="-40_000", btc=20_000, eth=3_000, stop=""), "uta.toml")
    arguments = ("-p", book, "--marks", f"BTC={write(WEEK)}", "--marks", f"ETH={write(ETHER, 'eth.csv')}")
    answer = run("replay", *arguments, "--json")
    (row,) = json.loads(answer.stdout)
    assert "all lows of a moment are taken together, then all highs" in answer.stderr

    def equity(btc: int, eth: int) -> Fraction:
        profit = twin.pnl(1, 20_000, 50_000, btc) * btc + twin.pnl(-1, 3_000, 3_000, eth) * eth
        return btc + 5 * eth - 40_000 + profit

    worst = equity(46_000, 2_800)
    asked_for = Fraction(20_000, 100) + Fraction(3_000 * 2, 100)
    assert (row["survived"], row["ended_by"], row["price"]) == (True, "end", None)
    assert row["max_margin_ratio"] == twin.printed(asked_for / worst)
    assert row["max_margin_ratio_at"] == "2024-06-05T00:00:00Z"
    assert row["max_drawdown_usd"] == twin.printed(equity(52_000, 3_100) - worst)
    assert row["net_pnl"] == row["net_pnl_usd"] == "0"  # both closed at their entries


def test_a_stop_in_an_account_of_several_coins_closes_its_leg(run: Run, write: Any) -> None:
    book = write(SEVERAL.format(dollars="0", btc=20_000, eth=3_000, stop="\nstop = 47_000"), "uta.toml")
    (row,) = asked(run, "-p", book, "--marks", f"BTC={write(WEEK)}", "--marks", f"ETH={write(ETHER, 'eth.csv')}", "-q")
    assert row["net_pnl"] == twin.printed(twin.pnl(1, 20_000, 50_000, 47_000) * 47_000)


def test_the_stop_of_a_leg_pays_the_fee_that_is_given_with_it(run: Run, write: Any) -> None:
    wallet = '[prices]\nBTC = 50_000\n[[accounts]]\nname = "uta"\nmargin = "unified"\nbalances = { USDT = 50_000 }\n'
    leg = 'name = "leg"\naccount = "uta"\nlinear = "BTC"\nsettle = "USDT"\nside = "short"\ncoin = 1\nentry = 50_000\n'
    held = wallet + f'[[positions]]\n{leg}mmr = "0.5%"\nstop = 51_500\nexit_fee = "1%"\n'
    (row,) = asked(run, "-p", write(held, "uta.toml"), "--marks", f"BTC={write(WEEK)}", "-q")
    assert (row["ended_by"], row["net_pnl"]) == ("stop", "-2015")  # 1,500 and 1 % of 51,500


def test_funding_of_an_account_of_several_coins_is_in_usd(run: Run, write: Any) -> None:
    book = write(SEVERAL.format(dollars="0", btc=20_000, eth=3_000, stop=""), "uta.toml")
    history = write("time,rate,mark\n2024-06-04T00:00Z,0.1%,50000\n", "rates.csv")
    (row,) = asked(
        run, "-p", book, "--marks", f"BTC={write(WEEK)}", "--marks", f"ETH={write(ETHER, 'eth.csv')}",
        "--history", f"BTC={history}", "--interval", "8h",
    )  # fmt: skip
    paid = twin.funding_payment(1, 20_000, 50_000, Fraction(1, 1000))
    assert row["funding"] == twin.printed(paid * 51_000)  # the coin is worth the open of its bar
    assert row["net_pnl"] == twin.printed(-paid * 51_000)


def test_a_rate_of_an_hour_is_paid_for_all_hours_in_an_account_of_several_coins_too(run: Run, write: Any) -> None:
    book = SEVERAL.format(dollars="0", btc=20_000, eth=3_000, stop="").replace(
        "margin =", 'venue = "kraken@2022-01-01"\nmargin ='
    )
    rates = "time,rate,mark\n2024-06-04T00:00Z,0.1%,50000\n2024-06-04T04:00Z,0.2%,50000\n"
    marks = ("--marks", f"BTC={write(WEEK)}", "--marks", f"ETH={write(ETHER, 'eth.csv')}")
    history = ("--history", f"BTC={write(rates, 'rates.csv')}")
    (row,) = asked(run, "-p", write(book, "uta.toml"), *marks, *history, "-q")
    paid = sum(4 * twin.funding_payment(1, 20_000, 50_000, Fraction(rate, 1000)) for rate in (1, 2))
    assert row["funding"] == twin.printed(paid * 51_000)


def test_fees_that_are_not_known_are_said_where_a_stop_pays_them(run: Run, write: Any) -> None:
    position = ("-v", "htx", "-s", "long", "-n", "100", "-e", "50000", "-l", "5", "--mmr", "1%", "--marks", write(WEEK))
    for stop, said in (((), False), (("--stop", "47000"), True)):
        answer = run("replay", *position, *stop, "--json")
        assert (answer.status, "its fees are not known" in answer.stderr) == (0, said)


def test_an_account_of_several_coins_starts_where_it_is_asked_to(run: Run, write: Any) -> None:
    book = write(SEVERAL.format(dollars="0", btc=20_000, eth=3_000, stop=""), "uta.toml")
    late = [HEADER + "\n".join(bars.splitlines()[3:]) + "\n" for bars in (WEEK, ETHER)]
    marks = ("--marks", f"BTC={write(WEEK)}", "--marks", f"ETH={write(ETHER, 'eth.csv')}", "-q")
    cut = ("--marks", f"BTC={write(late[0], 'b.csv')}", "--marks", f"ETH={write(late[1], 'e.csv')}", "-q")
    assert asked(run, "-p", book, *marks, "--start", "2024-06-05T00:00Z") == asked(run, "-p", book, *cut)


def test_rates_of_a_coin_without_a_contract_are_spaced_as_they_are(run: Run, write: Any) -> None:
    held = (
        '[prices]\nBTC = 50_000\nETH = 3_000\n[[accounts]]\nname = "uta"\nvenue = "bybit"\nmargin = "unified"\n'
        'balances = { BTC = 1, USDT = 1_000 }\n[[positions]]\nname = "btc"\naccount = "uta"\ncurrency = "BTC"\nside = "long"\n'
        'contracts = 20_000\nentry = 50_000\n[[positions]]\nname = "leg"\naccount = "uta"\nlinear = "ETH"\n'
        'settle = "USDT"\nside = "short"\ncoin = 1\nentry = 3_000\nmmr = "1%"\n'
    )
    rates = write("time,rate,mark\n2024-06-04T00:00Z,0.1%,3000\n2024-06-04T01:00Z,0.1%,3000\n", "rates.csv")
    marks = ("--marks", f"BTC={write(WEEK)}", "--marks", f"ETH={write(ETHER, 'eth.csv')}", "--history", f"ETH={rates}")
    (row,) = asked(run, "-p", write(held, "uta.toml"), *marks, "-q")
    assert row["survived"] is True


def test_candles_beside_an_account_of_which_nothing_is_known_change_no_answer(run: Run, write: Any) -> None:
    book = SEVERAL.format(dollars="0", btc=20_000, eth=3_000, stop="").replace("ETH = 3_000\n", "")
    (row,) = asked(run, "-p", write(book, "uta.toml"), "--marks", f"BTC={write(WEEK)}")
    assert (row["bars"], row["reason"]) == (
        None,
        "account 1 (uta): the price of ETH is not known: give it under [prices]",
    )


def test_an_account_of_several_coins_needs_the_candles_of_each(run: Run, write: Any) -> None:
    book = write(SEVERAL.format(dollars="0", btc=20_000, eth=3_000, stop=""), "uta.toml")
    (row,) = asked(run, "-p", book, "--marks", f"BTC={write(WEEK)}")
    assert (row["survived"], row["reason"]) == (None, "no candles of ETH: give marks ETH=FILE")


@settings(max_examples=30)
@given(
    st.lists(st.tuples(*[st.integers(-80, 80), st.integers(0, 30), st.integers(0, 30)] * 2), min_size=1, max_size=6),
    st.integers(-52_000, 20_000),
    st.integers(1, 80_000),
    st.integers(1, 30_000),
)
def test_an_account_of_several_coins_goes_as_a_loop_in_fractions_says(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, ...]], dollars: int, btc: int, eth: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    walks = [walk([step[:3] for step in steps]), walk([step[3:] for step in steps], 3_000, 2)]  # type: ignore[misc]
    for name, bars in zip(("btc.csv", "eth.csv"), walks, strict=True):
        rows = (",".join(map(str, (1_717_200_000_000 + n * 60_000, *bar))) for n, bar in enumerate(bars))
        (folder / name).write_text(HEADER + "\n".join(rows) + "\n")
    (folder / "uta.toml").write_text(SEVERAL.format(dollars=dollars, btc=btc, eth=eth, stop=""))
    (made,) = perpcalc.replay(
        portfolio=str(folder / "uta.toml"), marks=[f"BTC={folder / 'btc.csv'}", f"ETH={folder / 'eth.csv'}"]
    )
    asked_for = Fraction(btc, 100) + Fraction(eth * 2, 100)

    def equity(place: int, bars: tuple[tuple[int, ...], ...]) -> Fraction:
        x, y = bars[0][place], bars[1][place]
        profit = twin.pnl(1, btc, 50_000, x) * x + twin.pnl(-1, eth, 3_000, y) * y
        return x + 5 * y + dollars + profit

    joint = list(zip(*walks, strict=True))
    ratio = Fraction(0)
    for bars in joint:
        for place in (0, 2, 1):
            dead = equity(place, bars) <= asked_for
            ratio = Fraction(1) if dead else max(ratio, asked_for / equity(place, bars))
            if dead:
                break
        if ratio == 1:
            break
    alive = ratio < 1 and equity(3, joint[-1]) > asked_for
    assert (made.survived, made.ended_by) == (alive, "end" if alive else "liquidation")
    assert plain(made.max_margin_ratio) == twin.printed(
        max(ratio, asked_for / equity(3, joint[-1])) if alive else Fraction(1)
    )
    if alive:
        held = joint[-1][0][3] + 5 * joint[-1][1][3] + dollars
        assert plain(made.net_pnl_usd) == twin.printed(equity(3, joint[-1]) - held)


# Random walks against a loop in fractions

STEPS = st.lists(st.tuples(st.integers(-60, 60), st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=12)


@settings(max_examples=60)
@given(STEPS, st.sampled_from([1, -1]), st.integers(2, 40))
def test_a_replay_is_what_a_loop_in_fractions_says(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, int]], side: int, leverage: int
) -> None:
    bars, rate = walk(steps), Fraction(5, 1000)
    file = tmp_path_factory.getbasetemp() / "walk.csv"
    rows = (",".join(map(str, (1_717_200_000_000 + n * 60_000, *bar))) for n, bar in enumerate(bars))
    file.write_text(HEADER + "\n".join(rows) + "\n")
    made = perpcalc.replay(
        side="long" if side > 0 else "short", contracts=10_000, entry=50_000, leverage=leverage, mmr="0.5%",
        marks=[str(file)],
    )  # fmt: skip
    assert isinstance(made, tuple) is False
    margin = Fraction(10_000, 50_000) / leverage

    def equity(price: Fraction | int) -> Fraction:
        return margin + twin.pnl(side, 10_000, 50_000, price)

    peak, fall, ratio = equity(50_000), Fraction(0), Fraction(0)
    for opened, high, low, _ in bars:
        best, worst = (high, low) if side > 0 else (low, high)
        dead = equity(worst) <= rate * 10_000 / worst
        peak = max(peak, equity(opened if dead else best))
        fall = max(fall, peak - (0 if dead else equity(worst)))
        ratio = Fraction(1) if dead else max(ratio, rate * 10_000 / worst / equity(worst))
        if dead:
            assert (made.survived, made.ended_by, plain(made.net_pnl)) == (False, "liquidation", twin.printed(-margin))
            break
    else:
        assert (made.survived, made.ended_by, made.price) == (True, "end", bars[-1][3])
        assert plain(made.net_pnl) == twin.printed(twin.pnl(side, 10_000, 50_000, bars[-1][3]))
        assert plain(made.max_drawdown) == twin.printed(fall)
    assert plain(made.max_margin_ratio) == twin.printed(ratio)


# Doors, pictures and explanations


def test_python_and_lines_have_the_answer_of_the_command_line(run: Run, write: Any, tmp_path: Path) -> None:
    marks = write(WEEK)
    row = asked(run, *LONG, "-l", "5", "--marks", marks)
    question = {"side": "long", "contracts": 10_000, "entry": 50_000, "mmr": "0.5%", "leverage": 5}
    line = json.dumps({"command": "replay", **question, "marks": [marks]})
    assert json.loads(run("batch", stdin=line).stdout) == row
    made = perpcalc.replay(**question, marks=[str(tmp_path / marks)])
    assert json.loads(perpcalc.as_json(made)) == row


def test_candles_are_read_from_standard_input_but_not_beside_lines(run: Run) -> None:
    assert asked(run, *LONG, "-l", "5", "--marks", "-", stdin=WEEK)["bars"] == "4"
    answer = run("batch", stdin=json.dumps({"command": "replay", "marks": ["BTC=-"]}))
    assert "standard input holds the lines" in json.loads(answer.stdout)["error"]


def test_the_sentence_tells_how_it_ended(run: Run, write: Any) -> None:
    marks = write(WEEK)
    assert run("replay", *LONG, "-l", "20", "--marks", marks).stdout.startswith(
        "liquidated on 2024-06-05T00:00:00Z at 47,857.14 USD: -0.01000000 BTC\n"
    )
    assert run("replay", *LONG, "-l", "5", "--stop", "47000", "--marks", marks).stdout.startswith(
        "stopped on 2024-06-05T00:00:00Z at 47,000.00 USD: net -0.01276596 BTC (-600.00 USD)\n"
    )
    assert run("replay", *LONG, "-l", "5", "--marks", marks).stdout.startswith("survived: net 0.00000000 BTC")


def test_the_picture_has_price_and_liquidation_equity_and_funding_over_time(
    run: Run, write: Any, tmp_path: Path
) -> None:
    history = write(RATES, "rates.csv")
    arguments = (*LONG, "-l", "5", "--marks", write(WEEK), "--history", history, "--interval", "1h")
    assert run("replay", *arguments, "--svg", "replay.svg").status == 0
    picture = ElementTree.fromstring((tmp_path / "replay.svg").read_text())
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    for label in ("price (USD)", "equity (BTC)", "funding paid (BTC)"):
        assert f"{label} against days from 2024-06-03T00:00:00Z" in texts
    assert any("liquidation below" in (text or "") for text in texts)
    assert any("end 4.00" in (text or "") for text in texts)
    drawn = run("replay", *arguments, "--chart", env={"COLUMNS": "80"}).stdout
    assert "equity (BTC) against days from 2024-06-03T00:00:00Z" in drawn


def test_the_pictures_of_an_account_have_its_name(run: Run, write: Any) -> None:
    wallet = '[[accounts]]\nname = "first one"\nbalance = 1\n'
    held = (
        '[[positions]]\nname = "b"\naccount = "first one"\nside = "long"\ncontracts = 100\nentry = 50_000\nmmr = "1%"\n'
    )
    drawn = run("replay", "-p", write(wallet + held, "b.toml"), "--marks", write(WEEK), "--chart", "-q").stdout
    assert "\nfirst one: price (USD) against days from 2024-06-03T00:00:00Z\n" in drawn


def test_a_short_replay_is_drawn_with_every_price(run: Run, write: Any) -> None:
    drawn = run("replay", *LONG, "-l", "5", "--marks", write(WEEK), "--svg", "-", "-q").stdout
    for line in ElementTree.fromstring(drawn).findall(".//{http://www.w3.org/2000/svg}polyline[@class='curve']"):
        assert len({point.split(",")[0] for point in line.get("points", "").split()}) == 5


def test_a_long_replay_is_drawn_with_few_points(run: Run, write: Any, tmp_path: Path) -> None:
    bars = (f"{1_717_200_000_000 + n * 60_000},50000,50000,50000,50000" for n in range(5_000))
    run("replay", *LONG, "-l", "5", "--marks", write(HEADER + "\n".join(bars) + "\n"), "--svg", "replay.svg", "-q")
    picture = ElementTree.fromstring((tmp_path / "replay.svg").read_text())
    lines = picture.findall(".//{http://www.w3.org/2000/svg}polyline")
    assert 300 < max(len((line.get("points") or "").split()) for line in lines) < 620


def test_a_long_replay_is_drawn_to_its_last_price(run: Run, write: Any) -> None:
    bars = (f"{1_717_200_000_000 + n * 60_000},50000,50000,50000,50000" for n in range(1_302))
    last = f"{1_717_200_000_000 + 1_302 * 60_000},50000,51000,50000,51000"
    marks = write(HEADER + "\n".join((*bars, last)) + "\n")
    drawn = ElementTree.fromstring(run("replay", *LONG, "-l", "5", "--marks", marks, "--svg", "-", "-q").stdout)
    for line in drawn.findall(".//{http://www.w3.org/2000/svg}polyline[@class='curve']"):
        first, *_, end = (Decimal(point.split(",")[1]) for point in line.get("points", "").split())
        assert end < first


@pytest.mark.parametrize(("count", "last"), [(1_303, [1_302]), (1_301, []), (600, []), (601, [])])
def test_the_states_that_are_drawn_are_evenly_spaced_and_end_with_the_last(count: int, last: list[int]) -> None:
    trail = Trail()
    for state in range(count):
        trail.add(state)  # type: ignore[arg-type]
    step = 1 if count <= 600 else 2 if count <= 1_200 else 4
    assert trail.all() == [*range(0, count, step), *last]


def test_the_end_is_drawn_by_its_kind_and_prices_in_the_range_that_they_have(run: Run, write: Any) -> None:
    question = ("replay", *LONG, "--marks", write(WEEK), "--svg", "-", "-q", "-l")
    svg = "{http://www.w3.org/2000/svg}"
    for leverage, tone in (("5", "plain"), ("20", "danger")):
        price = ElementTree.fromstring(run(*question, leverage).stdout)[2]
        assert {line.get("class") for line in price.iter(f"{svg}line")} == {"grid", "axis", tone}
        assert "0" not in [text.text for text in price.iter(f"{svg}text") if text.get("text-anchor") == "end"]


def test_the_explanation_of_what_is_not_known_is_why(run: Run, write: Any) -> None:
    one = '[[positions]]\nname = "{}"\nside = "long"\ncontracts = 100\nentry = 50_000\n'
    held = one.format("a") + one.format("b") + 'leverage = 2\nmmr = "1%"\n'
    shown = run("replay", "-p", write(held, "b.toml"), "--marks", write(WEEK), "--explain").stdout
    assert "Replay: a\n\nreason: position 1 (a), mmr: no maintenance rate is known" in shown
    assert "Replay: b\nsurvived" in shown


def test_the_explanation_is_the_profit_of_the_end(run: Run, write: Any) -> None:
    arguments = (*LONG, "-l", "5", "--marks", write(WEEK))
    assert "s * (V - notional / price) - funding" in run("replay", *arguments, "--explain").stdout
    stopped = run("replay", *arguments, "--stop", "47000", "--exit-fee", "0.1%", "--explain").stdout
    assert "s * (V - notional / price) - contracts * exit_fee / price - funding" in stopped
    assert "net_pnl * price" in stopped
    assert "-margin" in run("replay", *LONG, "-l", "20", "--marks", "marks.csv", "--explain").stdout


# What cannot be answered


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("<html><title>502</title></html>", "is a web page, '502'"),
        ('[[1717200000000, "1', "it breaks off"),
        ('{"a": 1}', "is no file of candles of a known form: known are Binance (klines"),
        ("time,side,contracts,price\n2024-06-01T00:00Z,buy,5,60000\n", "is no file of candles"),
        (HEADER + "2024-06-01T00:00Z,NaN,1,1,1\n", "line 2: open 'NaN' is not a number"),
        (HEADER + "2024-06-01T00:00Z,5,6,5.5,5\n", "line 2: open 5 and close 5 are not between low 5.5 and high 6"),
        (HEADER + "2024-06-01T00:00Z,5,6\n", "line 2: has 3 cells, not 5"),
        (WEEK + "2024-06-01T00:00Z,50000,50000,50000,50000\n", "line 6: is of 2024-06-01T00:00:00Z, earlier than"),
        ("time,symbol,open,high,low,close\n2024-06-01T00:00Z,ETHUSD,5,5,5,5\n", "is of ETHUSD, not of BTC"),
        ("time,symbol,open,high,low,close\n2024-06-01T00:00Z,\x1b[31mETH,5,5,5,5\n", "is of [31mETH, not of BTC"),
    ],
    ids=["empty", "html", "cut", "object", "trades", "nan", "bounds", "short", "order", "coin", "hostile"],
)
def test_candles_that_are_wrong_are_refused_in_one_line(run: Run, write: Any, content: str, said: str) -> None:
    line = refused(run, *LONG, "-l", "5", "--marks", write(content))
    assert line.startswith("perpcalc: marks.csv: ")
    assert said in line


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("<html></html>", "is a web page"),
        ('[{"fundingRate": 1', "it breaks off"),
        (WEEK, "is no funding history of a known form: known are"),
        ("time,rate\n2024-06-04T00:00Z,NaN\n", "line 2: rate 'NaN' is not a number"),
        ("time,rate\nsoon,0.01%\n", "line 2: 'soon' is not a time"),
    ],
    ids=["empty", "html", "cut", "candles", "nan", "time"],
)
def test_a_history_that_is_wrong_is_refused_in_one_line(run: Run, write: Any, content: str, said: str) -> None:
    line = refused(run, *LONG, "-l", "5", "--marks", write(WEEK), "--history", write(content, "rates.csv"))
    assert line.startswith("perpcalc: rates.csv: ")
    assert said in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*LONG, "-l", "5"), "--marks: is missing: name a file of candles"),
        ((*LONG, "--marks", "marks.csv"), "--leverage: is missing: give one of --leverage, --margin and --balance"),
        ((*LONG, "-l", "5", "--marks", "marks.csv", "--start", "soon"), "--start: 'soon' is not a time"),
        (
            (*LONG, "-l", "5", "--marks", "marks.csv", "--start", "2024-06-05", "--end", "2024-06-05"),
            "--end: is not after the start",
        ),
        ((*LONG, "-l", "5", "--marks", "marks.csv", "--start", "2030-01-01"), "no bar lies between start and end"),
        ((*LONG, "-l", "5", "--marks", "ETH=marks.csv"), "--marks: there is no position in ETH: give BTC"),
        ((*LONG, "-l", "5", "--marks", "marks.csv", "--marks", "marks.csv"), "--marks: BTC is given twice"),
        ((*LONG[:-2], "-l", "5", "--marks", "marks.csv"), "--mmr: no maintenance rate is known"),
        (("-p", "book.toml", "--marks", "SOL=marks.csv"), "--marks: there is no position in SOL: give BTC or ETH"),
        (("-p", "book.toml", "--marks", "BTC=marks.csv", "--stop", "5"), "--stop: the portfolio has 2 coins"),
        (("-p", "book.toml", *LONG, "--marks", "BTC=marks.csv"), "--side: excludes --portfolio"),
    ],
)
def test_a_question_that_lacks_something_is_refused(
    run: Run, write: Any, arguments: tuple[str, ...], said: str
) -> None:
    write(WEEK)
    write(BOOK, "book.toml")
    assert said in refused(run, *arguments)
