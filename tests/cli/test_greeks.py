"""`perpcalc greeks`: three frames with their units, and what a portfolio may sum."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

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


def asked(run: Any, *arguments: str) -> Any:
    answer = run("greeks", *arguments, "--json")
    assert answer.status == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.fixture
def book(tmp_path: Path) -> str:
    (tmp_path / "book.toml").write_text(BOOK)
    return "book.toml"


def test_a_position_is_three_rows_each_with_its_frame_and_units(run: Any) -> None:
    coin, usd, contract = asked(run, *SHORT, "--collateral", "1.25")
    assert list(coin)[9:] == ["frame", "value", "delta", "gamma", "delta_unit", "gamma_unit"]
    tails = [{name: row[name] for name in list(row)[9:]} for row in (coin, usd, contract)]
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
    run: Any, collateral: tuple[str, ...], delta: str
) -> None:
    assert asked(run, *SHORT, *collateral)[1]["delta"] == delta
    assert asked(run, *SHORT, *collateral, "--collateral", "3")[1]["delta"] == "1.75"


def test_another_coin_names_its_units(run: Any) -> None:
    rows = asked(run, *SHORT, "--currency", "eth")
    assert [row["delta_unit"] for row in rows] == ["ETH/USD", "ETH", "ETH"]


def test_a_portfolio_has_three_rows_for_each_position_in_the_order_of_the_file(run: Any, book: str) -> None:
    rows = asked(run, "-p", book)
    assert [(row["name"], row["frame"]) for row in rows] == [
        (name, frame) for name in "abc" for frame in ("coin", "usd", "contract")
    ]
    assert [row["delta"] for row in rows if row["frame"] == "usd"] == ["3", "1.5", "1"]


def test_totals_count_the_balance_of_a_wallet_once(run: Any, book: str) -> None:
    shown = run("greeks", "-p", book).stdout
    # Two coins, one long, half a coin short; 3 ETH margin less 2 short.
    assert "all delta, frame usd: 2.50000000 BTC" in shown
    assert "all delta, frame usd: 1.00000000 ETH" in shown
    # 10,000 USD times 2 coins less a tenth lost, and 1,000 USD times 3 less one lost.
    assert "all value, frame usd: 21,000.00 USD" in shown
    assert "all delta, frame contract: 0.60000000 BTC" in shown
    assert "all value, frame coin: -0.10000000 BTC" in shown


def test_a_collateral_given_beside_a_portfolio_counts_once_per_coin(run: Any, book: str) -> None:
    shown = run("greeks", "-p", book, "--collateral", "5").stdout
    assert "all delta, frame usd: 5.50000000 BTC" in shown


def test_coins_per_usd_are_summed_only_at_one_mark(run: Any, book: str, tmp_path: Path) -> None:
    assert "all delta, frame coin" in run("greeks", "-p", book).stdout
    (tmp_path / "two.toml").write_text(BOOK.replace('name = "b"\n', 'name = "b"\nmark = 10_001\n'))
    shown = run("greeks", "-p", "two.toml").stdout
    assert "all delta, frame coin" in shown  # of the ETH position
    assert shown.count("all delta, frame coin") == 1


def test_small_figures_keep_their_digits_in_the_table(run: Any) -> None:
    shown = run("greeks", "--side", "long", "-n", "100", "--entry", "60000", "--mark", "61234.5").stdout
    gamma = -2 * 100 / Decimal("61234.5") ** 3
    digits = f"{gamma:.19f}".lstrip("-").lstrip("0.")[:5]
    assert digits in shown


def test_explain_names_the_frame_and_its_formula(run: Any) -> None:
    shown = run("greeks", *SHORT, "--collateral", "1.25", "--explain").stdout
    assert "C + s * V\n    = 1.25 + (-1) * 1.25\n" in shown


def test_without_a_mark_they_are_those_at_the_entry(run: Any) -> None:
    assert asked(run, *SHORT[:-2]) == asked(run, *SHORT[:-2], "--mark", "8000")
    answer = run("greeks", "--side", "short", "-n", "10")
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr.startswith("perpcalc: --entry: is missing: ")


def test_a_portfolio_without_marks_is_taken_at_its_entries(run: Any, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(
        '[[positions]]\nname = "a"\nside = "long"\ncontracts = 10_000\nentry = 10_000\nmargin = 2\n'
    )
    assert asked(run, "-p", "book.toml") == asked(run, "-p", "book.toml", "--mark", "10000")
    assert "all value, frame usd: 20,000.00 USD" in run("greeks", "-p", "book.toml").stdout


def test_deltas_that_are_coins_have_8_decimals_in_the_table(run: Any) -> None:
    shown = run("greeks", *SHORT, "--collateral", "1.5").stdout
    assert " 0.25000000 " in shown
    assert " -1.00000000 " in shown
    assert " -0.0001 " in shown
