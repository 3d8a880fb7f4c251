"""What people see of a coin amount: as many decimals as the venue itself prints."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LONG = ("--side", "long", "-n", "400", "-e", "61007", "-l", "7")
PLACES = {"bybit": 8, "binance": 8, "deribit": 9, "kraken": 11, "okx": 16}
SHOWN = {
    "pnl": (*LONG, "-x", "64003"),
    "liq-price": (*LONG, "--mmr", "1%"),
    "funding-cost": (*LONG, "-m", "63000", "--rate", "0.01%"),
    "liq-cost": (*LONG, "--mmr", "1%"),
    "size": ("-e", "61007", "--stop", "60000", "--balance", "2", "--risk", "1%"),
    "hedge": ("--holding", "1", "--price", "61007"),
    "greeks": (*LONG, "-m", "63000"),
    "stress": (*LONG, "--mmr", "1%", "--moves", "5%"),
}


def decimals(shown: str) -> int:
    """The most decimals of a number in a text."""
    return max(len(found) for found in re.findall(r"\d\.(\d+)(?![\d.])", shown))


@pytest.mark.parametrize("venue", PLACES)
@pytest.mark.parametrize("command", [command for command in SHOWN if command != "greeks"])
def test_a_table_has_the_decimals_of_the_venue(run: Callable[..., Any], command: str, venue: str) -> None:
    answer = run(command, "--venue", venue, *SHOWN[command])
    assert answer.status == 0, answer.stderr
    assert decimals(answer.stdout) == PLACES[venue]


def test_without_a_venue_there_are_8(run: Callable[..., Any]) -> None:
    assert decimals(run("pnl", *SHOWN["pnl"]).stdout) == 8
    assert decimals(run("pnl", *SHOWN["pnl"], "--venue", "okx", "--exact").stdout) == 16


def test_the_digits_are_the_ones_that_scripts_read(run: Callable[..., Any]) -> None:
    for command in ("pnl", "greeks"):
        bare = run(
            command, "--venue", "okx", *SHOWN[command], "--field", "gross_pnl" if command == "pnl" else "value"
        ).stdout
        digits = bare.split()[0]
        assert len(digits.partition(".")[2]) == 16
        for more in ((), ("--explain",)):
            assert f"+{digits}" in run(command, "--venue", "okx", *SHOWN[command], *more).stdout


def test_a_total_has_the_decimals_of_the_finest_row(run: Callable[..., Any], tmp_path: Path) -> None:
    position = '[[positions]]\nname = "{0}"\nvenue = "{0}"\nside = "long"\nusd = 40_000\nentry = 61_007\nleverage = 7\n'
    (tmp_path / "p.toml").write_text("".join(position.format(venue) for venue in ("bybit", "deribit")))
    shown = run("pnl", "-p", "p.toml", "--mark", "64003").stdout
    assert re.search(r"all net pnl: \+0\.\d{9} BTC", shown)
    net = sum(
        float(line) for line in run("pnl", "-p", "p.toml", "--mark", "64003", "--field", "net_pnl").stdout.split()
    )
    assert f"all net pnl: +{net:.9f} BTC" in shown
    assert re.search(r"\+0\.\d{8} ", shown)
