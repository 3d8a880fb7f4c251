"""`perpcalc greeks`: three frames with their units, and what a portfolio may sum."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from inside import Run

from .accounts import UNIFIED

FRAMES = ["coin", "usd", "contract"]
SHORT = ("--side", "short", "-n", "10000", "--entry", "8000", "--mark", "10000")
BOOK = """
[prices]
BTC = 10_000
ETH = 1_000

[[accounts]]
name = "wallet"
balance = 2

[[positions]]
name = "a"
account = "wallet"
side = "long"
contracts = 10_000
entry = 10_000

[[positions]]
name = "b"
account = "wallet"
side = "short"
contracts = 4_000
entry = 8_000

[[positions]]
name = "c"
currency = "ETH"
side = "short"
contracts = 1_000
entry = 500
margin = 3
"""


def asked(run: Run, *arguments: str) -> Any:
    answer = run("greeks", *arguments, "--json")
    assert answer.status == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.fixture
def book(tmp_path: Path) -> str:
    (tmp_path / "book.toml").write_text(BOOK)
    return "book.toml"


def test_a_position_is_three_rows_each_with_its_frame_and_units(run: Run) -> None:
    coin, usd, contract = asked(run, *SHORT, "--collateral", "1.25")
    assert list(coin)[9:] == ["frame", "value", "delta", "gamma", "delta_unit", "gamma_unit", "reason"]
    tails = [{name: row[name] for name in list(row)[9:-1]} for row in (coin, usd, contract)]
    assert tails == [
        {
            "frame": "coin",
            "value": "-0.25",
            "delta": "-0.0001",
            "gamma": "0.00000002",
            "delta_unit": "BTC/USD",
            "gamma_unit": "BTC/USD^2",
        },
        {"frame": "usd", "value": "10000", "delta": "0", "gamma": "0", "delta_unit": "BTC", "gamma_unit": "BTC/USD"},
        {
            "frame": "contract",
            "value": None,
            "delta": "-1",
            "gamma": "0.0001",
            "delta_unit": "BTC",
            "gamma_unit": "BTC/USD",
        },
    ]


@pytest.mark.parametrize(
    ("collateral", "delta"),
    [
        ((), "-1.25"),
        (("--balance", "2"), "0.75"),
        (("--leverage", "5"), "-1"),
        (("--margin", "0.5", "--extra-margin", "0.1"), "-0.65"),
    ],
)
def test_collateral_is_the_margin_or_balance_where_none_is_given(
    run: Run, collateral: tuple[str, ...], delta: str
) -> None:
    assert asked(run, *SHORT, *collateral)[1]["delta"] == delta
    assert asked(run, *SHORT, *collateral, "--collateral", "3")[1]["delta"] == "1.75"


def test_another_coin_names_its_units(run: Run) -> None:
    rows = asked(run, *SHORT, "--currency", "eth")
    assert [row["delta_unit"] for row in rows] == ["ETH/USD", "ETH", "ETH"]


def test_a_portfolio_has_three_rows_for_each_position_and_one_for_each_balance(run: Run, book: str) -> None:
    rows = asked(run, "-p", book)
    assert [(row["name"], row["account"], row["frame"]) for row in rows] == [
        *(("a", "wallet", frame) for frame in FRAMES),
        *(("b", "wallet", frame) for frame in FRAMES),
        (None, "wallet", "usd"),
        *(("c", None, frame) for frame in FRAMES),
    ]
    # A cross position counts its profit alone: a coin long, half a coin short; of the isolated one 3 ETH less 2 short.
    assert [row["delta"] for row in rows if row["frame"] == "usd"] == ["1", "-0.5", "2", "1"]
    balance = rows[6]
    assert (balance["value"], balance["gamma"], balance["delta_unit"]) == ("20000", "0", "BTC")
    assert [balance[name] for name in ("side", "contracts", "instrument", "notional_usd")] == [None] * 4


def test_rows_of_a_file_can_be_summed_and_totals_are_their_sums(run: Run, book: str) -> None:
    rows = [row for row in asked(run, "-p", book) if row["frame"] == "usd"]
    totals = asked(run, "-p", book, "--total")
    assert [row["currency"] for row in totals] == ["BTC", "ETH", "USD"]
    assert {row["frame"] for row in totals} == {"usd"}
    for total in totals[:-1]:
        for name in ("value", "delta", "gamma"):
            of_coin = [Decimal(row[name]) for row in rows if row["currency"] == total["currency"]]
            assert Decimal(total[name]) == sum(of_coin)
    # 10,000 USD times 2 coins less a tenth lost, and 1,000 USD times 3 less one lost.
    assert [total["value"] for total in totals] == ["19000", "2000", "21000"]
    assert (totals[-1]["delta"], totals[-1]["delta_unit"], totals[-1]["gamma"]) == ("26000", "USD", None)
    shown = run("greeks", "-p", book).stdout
    assert "all value: 21,000.00 USD\n" in shown
    assert "all delta: 2.50000000 BTC, 1.00000000 ETH (26,000.00 USD)\n" in shown
    assert shown.startswith("in USD it moves like 2.5 BTC, 1 ETH\n")


def test_coins_outside_any_account_have_rows_too(run: Run, book: str, tmp_path: Path) -> None:
    (tmp_path / "held.toml").write_text(
        BOOK + '[[holdings]]\ncoin = "BTC"\namount = 2\n[[holdings]]\ncoin = "SOL"\namount = -5\n'
    )
    rows = asked(run, "-p", "held.toml")
    *_, held, unpriced = rows
    assert (held["name"], held["account"], held["value"], held["delta"]) == (None, None, "20000", "2")
    assert unpriced["value"] is unpriced["delta"] is None
    assert unpriced["reason"] == "SOL has no price: write it into [prices]"
    totals = asked(run, "-p", "held.toml", "--total")
    assert [(row["currency"], row["delta"]) for row in totals] == [
        ("BTC", "4.5"),
        ("ETH", "1"),
        ("SOL", None),
        ("USD", None),
    ]


def test_each_coin_of_an_account_of_several_has_a_row(run: Run, tmp_path: Path) -> None:
    (tmp_path / "uta.toml").write_text(
        '[prices]\nBTC = 10_000\n[[accounts]]\nname = "uta"\nmargin = "unified"\nbalances = {BTC = 1, USDT = -3_000}\n'
        '[[positions]]\nname = "a"\naccount = "uta"\nside = "long"\ncurrency = "BTC"\ncontracts = 10_000\nentry = 10_000\n'
        '[[positions]]\nname = "leg"\naccount = "uta"\nlinear = "BTC"\nsettle = "USDT"\nside = "short"\ncoin = 2\n'
        'entry = 11_000\nmmr = "1%"\n'
    )
    rows = asked(run, "-p", "uta.toml")
    assert [(row["name"], row["frame"], row["currency"]) for row in rows] == [
        *(("a", frame, "BTC") for frame in FRAMES),
        ("leg", "usd", "BTC"),
        (None, "usd", "BTC"),
        (None, "usd", "USDT"),
    ]
    # A short of 2 coins from 11,000 has gained 2,000 USD; a coin long, one owned, 3,000 USD owed.
    assert [(row["value"], row["delta"]) for row in rows[3:]] == [("2000", "-2"), ("10000", "1"), ("-3000", "-3000")]
    assert [row["value"] for row in asked(run, "-p", "uta.toml", "--total")] == ["12000", "-3000", "9000"]


def test_the_sentence_names_no_coin_that_is_a_dollar(run: Run) -> None:
    held = '[[holdings]]\ncoin = "BTC"\namount = 2\n[[holdings]]\ncoin = "USDT"\namount = 500\n'
    shown = run("greeks", "-p", "-", stdin="[prices]\nBTC = 64_000\n" + held).stdout
    assert shown.startswith("in USD it moves like 2 BTC\n")


def test_a_collateral_given_beside_a_portfolio_counts_once_per_coin(run: Run, book: str) -> None:
    rows = asked(run, "-p", book, "--collateral", "5")
    assert [(row["name"], row["delta"]) for row in rows if row["frame"] == "usd"] == [
        ("a", "1"),
        ("b", "-0.5"),
        (None, "5"),
        ("c", "-2"),
        (None, "5"),
    ]
    assert [row["delta"] for row in asked(run, "-p", book, "--collateral", "5", "--total")] == ["5.5", "3", "58000"]


def test_a_position_without_an_entry_hides_no_other(run: Run, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(BOOK.replace("entry = 8_000\n", ""))
    rows = asked(run, "-p", "book.toml")
    (unknown,) = [row for row in rows if row["name"] == "b"]
    assert unknown["frame"] is unknown["delta"] is None
    assert unknown["reason"] == "entry: is missing: give the entry price, or fills"
    assert [row["delta"] for row in rows if row["frame"] == "usd"] == ["1", "2", "1"]


def test_small_figures_keep_their_digits_in_the_table(run: Run) -> None:
    shown = run("greeks", "--side", "long", "-n", "100", "--entry", "60000", "--mark", "61234.5").stdout
    gamma = -2 * 100 / Decimal("61234.5") ** 3
    digits = f"{gamma:.19f}".lstrip("-").lstrip("0.")[:5]
    assert digits in shown


def test_explain_names_the_frame_and_its_formula(run: Run) -> None:
    shown = run("greeks", *SHORT, "--collateral", "1.25", "--explain").stdout
    assert "delta = 0.00000000 BTC\n    collateral + s * V\n    = 1.25 + (-1) * 1.25\n" in shown
    assert [line.split()[1] for line in shown.splitlines() if line.startswith("  frame ")] == FRAMES


def test_without_a_mark_they_are_those_at_the_entry(run: Run) -> None:
    assert asked(run, *SHORT[:-2]) == asked(run, *SHORT[:-2], "--mark", "8000")
    answer = run("greeks", "--side", "short", "-n", "10")
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr.startswith("perpcalc: --entry: is missing: ")


def test_a_portfolio_without_marks_is_taken_at_its_entries(run: Run, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(
        '[[positions]]\nname = "a"\nside = "long"\ncontracts = 10_000\nentry = 10_000\nmargin = 2\n'
    )
    assert asked(run, "-p", "book.toml") == asked(run, "-p", "book.toml", "--mark", "10000")
    assert "all value: 20,000.00 USD" in run("greeks", "-p", "book.toml").stdout


def test_deltas_that_are_coins_have_8_decimals_in_the_table(run: Run) -> None:
    shown = run("greeks", *SHORT, "--collateral", "1.5").stdout
    assert " 0.25000000 " in shown
    assert " -1.00000000 " in shown
    assert " -0.0001 " in shown


def test_coins_that_are_given_stand_for_those_of_a_linear_leg_too(run: Run) -> None:
    answer = run("greeks", "-p", "-", "--collateral", "2", "--json", stdin=UNIFIED)
    coins = [row["currency"] for row in json.loads(answer.stdout) if row["side"] is None]
    assert answer.status == 0
    assert len(coins) == len(set(coins)) > 1
