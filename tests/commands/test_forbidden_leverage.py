"""A leverage that the tier of a position's value forbids: refused of options, noted of a position that is held."""

import json
from pathlib import Path

import pytest
from inside import Run

# Binance, brackets of 2026-09-16: 150 coins at most at 20x, 400 at 10x.
LARGE = ("--venue", "binance", "--side", "long", "-n", "96k", "--entry", "60000")
BOOK = """
[[positions]]
name = "large"
venue = "binance"
side = "long"
contracts = 96_000
entry = 60_000
mark = 60_000
leverage = {leverage}
"""


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("liq-price", ()),
        ("pnl", ("--exit", "61000")),
        ("stress", ("--moves=-10%",)),
        ("liq-cost", ()),
        ("check", ("--max-leverage", "50")),
        ("funding-cost", ("--mark", "60000", "--rate", "0.01%")),
    ],
)
def test_of_a_position_from_options_it_is_refused(run: Run, command: str, more: tuple[str, ...]) -> None:
    answer = run(command, *LARGE, *more, "--leverage", "20")
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr.splitlines()[-1] == (
        "perpcalc: --leverage: 20 is above the largest of BTCUSD_PERP at binance in the tier of 96000 contracts: give at most 10"
    )
    assert run(command, *LARGE, *more, "--leverage", "10").status in (0, 1)


def test_of_a_position_in_a_file_it_is_noted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(BOOK.format(leverage=20))
    answer = run("liq-price", "-p", "book.toml", "--json")
    assert answer.stderr == (
        "perpcalc: note: position 1 (large), leverage: 20 is above the largest of BTCUSD_PERP at binance in the tier of 96000 "
        "contracts: give at most 10\n"
    )
    assert json.loads(answer.stdout)[0]["liquidation_price"] is not None
    (tmp_path / "book.toml").write_text(BOOK.format(leverage=10))
    assert run("liq-price", "-p", "book.toml", "--json").stderr == ""


def test_the_largest_of_the_contract_needs_no_entry(run: Run) -> None:
    assert run("size", "-v", "bybit", "-e", "5", "--stop", "4", "--risk-usd", "5", "-l", "101").stderr == (
        "perpcalc: --leverage: 101 is above the largest of BTCUSD at bybit: give at most 100\n"
    )


def test_a_largest_leverage_that_is_no_round_number_is_shown_so_that_it_may_be_given(run: Run) -> None:
    trade = ("--venue", "kraken", "--side", "long", "-n", "10m", "--entry", "60000", "--leverage")
    said = run("liq-price", *trade, "49").stderr.splitlines()[-1]
    largest = said.rpartition("at most ")[2]
    assert run("liq-price", *trade, largest).status == 0
