"""Rows in a table: which columns a terminal holds, what their heads are, and what is said once of several rows."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cli.test_terminal import at_a_terminal
from inside import Run

VENUES = ("binance", "bybit", "deribit", "kraken", "gate", "bitmex")
COMMANDS = (
    "pnl --mark 64000",
    "liq-price --mark 64000",
    "funding-cost --rate 0.01% --mark 64000",
    "liq-cost",
    "greeks",
    "status",
    "stress --moves -20%,10%",
    "stress --moves -20%",
    "check --max-leverage 20 --max-notional-usd 2m --min-liquidation-distance 5%",
    "solve margin --liquidation 40000",
    "solve price --margin-ratio 50%",
)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Twelve positions at six venues."""
    positions = [
        f'[[positions]]\nname = "{venue} {side}"\nvenue = "{venue}"\nside = "{side}"\nusd = 50_000\n'
        f"entry = {entry}\nleverage = 5\n"
        for venue in VENUES
        for side, entry in (("long", 62_500), ("short", 65_000))
    ]
    file = tmp_path / "book.toml"
    file.write_text("[prices]\nBTC = 64_000\n\n" + "\n".join(positions))
    return file


def table_lines(shown: str) -> list[str]:
    """The lines of tables and sentences that a terminal shows, without what is told on standard error."""
    return [line for line in shown.replace("\r", "").splitlines() if line and not line.startswith("perpcalc: ")]


@pytest.mark.parametrize("command", COMMANDS)
def test_twelve_positions_fit_on_80_columns(book: Path, command: str) -> None:
    lines = table_lines(at_a_terminal(f"{command} -p {book} -q", {"NO_COLOR": "1"}))
    assert max(map(len, lines)) <= 80
    assert sum("bybit long" in line for line in lines) >= 1
    assert any(line.startswith("╭") for line in lines)


def test_check_shows_limit_and_value_on_80_columns(book: Path) -> None:
    shown = at_a_terminal(f"check --max-notional-usd 2m --min-liquidation-distance 5% -p {book} -q", {"NO_COLOR": "1"})
    assert "limit" in shown
    assert "value" in shown
    assert "2,000,000" in shown


def test_heads_break_before_columns_go(book: Path) -> None:
    narrow, broad = (
        at_a_terminal(f"liq-price -p {book} -q", {"NO_COLOR": "1"}, columns=columns) for columns in (76, 400)
    )
    assert "liquidation price" not in narrow
    assert "liquidation" in narrow
    assert "columns: --wide" in narrow
    assert "liquidation price" in broad


def test_accounts_of_one_row_each_are_one_table(book: Path) -> None:
    shown = at_a_terminal(f"stress --moves -20% -p {book} -q", {"NO_COLOR": "1"})
    assert shown.count("╭") == 2  # the rows, and the sum of all
    assert "position" not in shown.partition("All")[0]


def test_a_reason_is_said_once_with_the_names_of_all_its_rows(run: Callable[..., object], book: Path) -> None:
    shown = run("funding-cost", "-p", str(book), "-q").stdout  # type: ignore[attr-defined]
    assert shown.count("no funding rate") == 1
    assert "binance long, binance short, bybit long" in shown


def test_no_mark_of_colour_where_none_is_wanted(book: Path) -> None:
    assert "\x1b[" not in at_a_terminal(f"status -p {book} -q", {"NO_COLOR": "1"})


def test_the_reason_of_a_single_row_needs_no_name(run: Run) -> None:
    held = '[[positions]]\nname = "core"\nside = "long"\ncontracts = 5\nentry = 5\nleverage = 2\nmark = 5\n'
    reason = "mmr: no maintenance rate is known"
    one = run("liq-price", "-p", "-", stdin=held).stdout
    assert f"\n{reason}" in one
    two = run("liq-price", "-p", "-", stdin=held + held.replace("core", "more")).stdout
    assert f"\ncore, more: {reason}" in two


def test_a_single_row_of_an_account_stands_below_its_name(run: Run) -> None:
    held = '[[positions]]\nname = "core"\nside = "long"\ncontracts = 5\nentry = 5\nleverage = 2\nmark = 5\nmmr = "1%"\n'
    assert "\nStress: core\n" in run("stress", "-p", "-", "--moves", "-20%", stdin=held).stdout
    assert "\nStress\n" in run("stress", "-p", "-", "--moves", "-20%", stdin=held + held.replace("core", "more")).stdout


TWO_COINS = """
[prices]
BTC = 64_000
ETH = 3_000
[[accounts]]
name = "main"
balance = 1
[[positions]]
name = "core"
account = "main"
side = "long"
contracts = 5_000
entry = 60_000
mmr = "1%"
[[positions]]
name = "alone"
currency = "ETH"
side = "long"
contracts = 500
entry = 2_500
leverage = 2
mmr = "1%"
"""


def in_columns(run: Run, columns: int, *question: str) -> str:
    """What a terminal of so many columns shows of two coins."""
    env = {"FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "xterm", "COLUMNS": str(columns)}
    return run(*question, "-p", "-", stdin=TWO_COINS, env=env).stdout


def test_the_coin_comes_with_the_first_amount_of_several_coins(run: Run) -> None:
    heads = [in_columns(run, columns, "pnl").partition("├")[0] for columns in (40, 50)]
    assert ["currency" in head for head in heads] == [False, True]
    assert "net roe" in heads[0]
    assert "net pnl" in heads[1]


def test_rows_of_several_accounts_in_one_table_are_told_apart_however_narrow_it_is(run: Run) -> None:
    shown = in_columns(run, 40, "stress", "--moves", "-20%")
    assert "│ account │" in shown
    assert "│ alone   │ -20.00% │ ok" in shown


def test_sums_are_broken_between_words_at_a_terminal_alone(run: Run) -> None:
    narrow = in_columns(run, 40, "pnl").splitlines()
    assert narrow[-3].startswith("+0.03333333 ETH")
    piped = run("pnl", "-p", "-", stdin=TWO_COINS, env={"COLUMNS": "40"}).stdout.splitlines()
    assert piped[-1] == "all net pnl: +0.00520833 BTC, +0.03333333 ETH (+433.33 USD)"


def test_the_figures_of_one_answer_end_below_each_other(run: Run) -> None:
    shown = run("pnl", "--side", "long", "-n", "10k", "-e", "62500", "-x", "64000").stdout
    figures = [line.split("│")[2] for line in shown.splitlines() if line.startswith("│")]
    assert {cell[-1] for cell in figures} == {" "}
    assert not [cell for cell in figures if cell.endswith("  ")]
