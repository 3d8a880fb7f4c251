"""`perpcalc status`: how each account and each position margined by itself stands, the nearest to death first."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from inside import Run

from .accounts import ROUND, UNIFIED

PAYER = """
[[positions]]
name = "{name}"
venue = "bybit"
side = "{side}"
contracts = {contracts}
entry = 50_000
leverage = 2
mmr = "0.5%"
funding_rate = "{rate}"
"""


@pytest.fixture(autouse=True)
def portfolio(tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(ROUND, encoding="utf-8")


def asked(run: Run, *arguments: str) -> Any:
    answer = run("status", "-p", "book.toml", *arguments, "--json")
    assert answer.status == 0, answer.stderr
    return json.loads(answer.stdout)


def near(text: str, exact: Fraction) -> bool:
    return abs(Fraction(text) - exact) <= Fraction(1, 10**17)


def test_the_dead_come_first_and_what_never_dies_last(run: Run) -> None:
    rows = asked(run)
    assert [row["position"] or row["account"] for row in rows] == ["late", "swing", "main", "coins"]
    # 24,875 / 0.3 over 50,000, and 10,050 below it
    assert near(rows[1]["up"], Fraction(24_875) / Fraction("0.3") / 50_000 - 1)
    assert [(row["down"], row["up"]) for row in (rows[0], rows[2], rows[3])] == [
        ("0", "0"),
        ("-0.799", None),
        (None, None),
    ]
    assert rows[1]["down"] is None


def test_an_account_has_equity_at_the_mark_and_leverage_over_it(run: Run) -> None:
    late, swing, main, coins = asked(run)
    # 3 + 1 - 0.8 BTC at 50,000; 0.5% of 0.8; 0.8 / 3.2; B + V
    assert (main["balance"], main["equity"], main["equity_usd"]) == ("3", "3.2", "160000")
    assert (main["maintenance_margin"], main["margin_ratio"]) == ("0.004", "0.00125")
    assert (main["leverage"], main["delta"], main["positions"]) == ("0.25", "4", "1")
    # a margin of 0.1 short of 0.4: 0.1 - 0.4 + 0.5
    assert (swing["balance"], swing["equity"], swing["equity_usd"]) == ("0.1", "0.2", "10000")
    assert (swing["maintenance_margin"], swing["leverage"], swing["delta"]) == ("0.0025", "2.5", "-0.3")
    # 10 - 2.5 + 2 ETH at 2,500; 1% of 2
    assert (coins["currency"], coins["equity"], coins["equity_usd"]) == ("ETH", "9.5", "23750")
    assert (coins["maintenance_margin"], coins["delta"]) == ("0.02", "7.5")
    assert near(coins["leverage"], Fraction(2) / Fraction("9.5"))
    assert (late["equity"], late["margin_ratio"], late["leverage"], late["delta"]) == ("0", "1", None, "0")


def test_totals_count_coins_outside_any_account_and_the_last_is_in_usd(run: Run) -> None:
    bitcoin, ether, usd = asked(run, "--total")
    assert (bitcoin["currency"], bitcoin["positions"], bitcoin["balance"]) == ("BTC", "3", "3.616")
    assert (bitcoin["equity"], bitcoin["equity_usd"], bitcoin["delta"]) == (
        "3.9",
        "195000",
        "4.2",
    )  # the dead have no delta
    assert (ether["currency"], ether["equity"], ether["equity_usd"]) == ("ETH", "9.5", "23750")
    assert ether["maintenance_margin"] == "0.02"
    assert (usd["currency"], usd["positions"], usd["equity"], usd["equity_usd"]) == ("USD", "4", None, "218750")


def test_a_total_of_which_a_part_is_not_known_is_not_known(run: Run) -> None:
    bitcoin, *_ = asked(run, "--total")
    assert bitcoin["maintenance_margin"] is None  # that of a dead position
    assert bitcoin["funding_per_day_usd"] is None
    assert bitcoin["margin_ratio"] is bitcoin["leverage"] is bitcoin["down"] is None


def test_two_holdings_of_one_coin_add_up(run: Run, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(ROUND + '[[holdings]]\ncoin = "BTC"\namount = 0.25\n', encoding="utf-8")
    bitcoin, _, usd = asked(run, "--total")
    assert (bitcoin["balance"], bitcoin["equity_usd"], usd["equity_usd"]) == ("3.866", "207500", "231250")


def test_a_held_coin_without_a_price_leaves_the_sum_in_usd_unknown(run: Run, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(ROUND + '[[holdings]]\ncoin = "SOL"\namount = 7\n', encoding="utf-8")
    found = {row["currency"]: row for row in asked(run, "--total")}
    assert (found["SOL"]["equity"], found["SOL"]["equity_usd"]) == ("7", None)
    assert found["BTC"]["equity_usd"] == "195000"
    assert found["USD"]["equity_usd"] is None


@pytest.mark.parametrize(
    ("side", "rate", "cost"), [("long", "0.01%", "3"), ("short", "0.01%", "-3"), ("long", "-0.02%", "-6")]
)
def test_a_day_of_funding_is_a_cost_of_whom_the_rate_is_against(
    run: Run, tmp_path: Path, side: str, rate: str, cost: str
) -> None:
    # 10,000 USD three times a day, 0.2 BTC at 50,000
    text = "[prices]\nBTC = 50_000\n" + PAYER.format(name="one", side=side, contracts=10_000, rate=rate)
    (tmp_path / "book.toml").write_text(text, encoding="utf-8")
    (row,) = asked(run)
    assert row["funding_per_day_usd"] == cost


def test_the_table_says_who_is_nearest_and_what_the_sums_are(run: Run, tmp_path: Path) -> None:
    lines = run("status", "-p", "book.toml").stdout.splitlines()
    assert lines[0] == "late is liquidated already; nearest of the others: swing is liquidated by a move of 65.83%"
    assert lines[-1] == "all equity: 218,750.00 USD"
    alive = ROUND.replace("leverage = 10", "leverage = 1")
    (tmp_path / "book.toml").write_text(alive, encoding="utf-8")
    # the long of leverage 1: 10,050 / 0.32 over 50,000 is nearer than a rise of 65.8%
    said = run("status", "-p", "book.toml").stdout.splitlines()[0]
    assert said == "nearest: late is liquidated by a move of -37.19%"
    (tmp_path / "book.toml").write_text('[prices]\nBTC = 50_000\n[[accounts]]\nname = "a"\nbalance = 1\n')
    assert run("status", "-p", "book.toml").stdout.splitlines()[0] == "no move liquidates anything"


def test_never_and_unknown_are_told_apart(run: Run) -> None:
    row = next(
        line for line in run("status", "-p", "book.toml").stdout.splitlines() if "│ main " in line and "BTC" in line
    )
    cells = [cell.strip() for cell in row.split("│")]
    assert "-79.90%" in cells
    assert "never" in cells


def test_an_account_stands_at_the_mark_of_its_contract_and_is_worth_the_price_of_its_coin(
    run: Run, tmp_path: Path
) -> None:
    text = ROUND.replace("funding = 0.003", "mark = 64_000")
    (tmp_path / "book.toml").write_text(text, encoding="utf-8")
    main = next(row for row in asked(run) if row["account"] == "main")
    # 3 + 1 - 40,000 / 64,000, at 50,000
    assert (main["equity"], main["equity_usd"]) == ("3.375", "168750")
    assert near(main["leverage"], Fraction("0.625") / Fraction("3.375"))


def test_the_delta_of_an_account_of_several_coins_is_in_usd_as_its_amounts_are(run: Run, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(UNIFIED, encoding="utf-8")
    (row,) = asked(run)
    assert (row["currency"], row["positions"]) == ("USD", "3")
    # 1 BTC, a long that cost 150,000 / 95,000 and a leg of -0.5; 10 ETH and a short; the dollars stand still
    assert near(row["delta"], 50_000 + Fraction(150_000, 95_000) * 100_000 + 40_000 - Fraction(10_000, 4_100) * 4_000)
    # 100,000 + 40,000 - 30,000
    assert (row["balance"], row["equity"]) == ("110000", row["equity_usd"])


def test_a_stablecoin_that_backs_an_account_adds_nothing_to_its_delta(run: Run, tmp_path: Path) -> None:
    text = """
[prices]
BTC = 100_000
[[accounts]]
name = "uta"
venue = "bybit"
margin = "unified"
balances = { BTC = 1, USDT = 50_000 }
[[positions]]
name = "core"
account = "uta"
instrument = "BTCUSD"
side = "long"
contracts = 50_000
entry = 100_000
"""
    (tmp_path / "book.toml").write_text(text, encoding="utf-8")
    (row,) = asked(run)
    # 1 coin and a long that cost 0.5, at 100,000; a third of the equity in contracts
    assert (row["balance"], row["equity"], row["delta"]) == ("150000", "150000", "150000")
    assert near(row["leverage"], Fraction(1, 3))


def test_a_beta_moves_the_end_of_an_account_and_nothing_of_what_it_is_now(run: Run) -> None:
    plain = {row["position"] or row["account"]: row for row in asked(run)}
    moved = {row["position"] or row["account"]: row for row in asked(run, "--beta", "BTC=2")}
    assert (moved["main"]["down"], plain["main"]["down"]) == ("-0.3995", "-0.799")
    for row in (*plain.values(), *moved.values()):
        row.pop("down"), row.pop("up")
    assert moved == plain
    turned = next(row for row in asked(run, "--beta", "BTC=-1") if row["account"] == "main")
    assert (turned["down"], turned["up"]) == (None, "0.799")


def test_a_sum_is_of_nobody(run: Run) -> None:
    for row in asked(run, "--total"):
        assert [row[name] for name in ("account", "position", "venue", "margin_ratio", "leverage")] == [None] * 5
        assert [row[name] for name in ("down", "up", "reason")] == [None] * 3


@pytest.mark.parametrize("day", ["2022-01-01", "2024-01-01"])
def test_a_rate_of_an_hour_is_paid_every_hour_of_a_day(run: Run, day: str) -> None:
    held = (
        f'[[positions]]\nname = "a"\nvenue = "kraken@{day}"\nside = "long"\ncontracts = 10_000\nentry = 50_000\n'
        'leverage = 5\nmark = 50_000\nfunding_rate = "0.01%"\n'
    )
    answer = run("status", "-p", "-", "--field", "funding_per_day_usd", stdin=held)
    assert float(answer.stdout) == pytest.approx(24, rel=1e-6)
