"""`perpcalc liq-price`: where a position is liquidated, how far that is, or never and why.

A wallet B with a long of V = Q / entry dies where `B + V - Q / x = m * Q / x`, a short of a margin M where `M - V + Q / x = m * Q / x`.
"""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from inside import Run

from .accounts import ROUND, UNIFIED

LONG = ("--side", "long", "-n", "10k", "--entry", "62500", "--mmr", "0.5%")
SHORT = ("--side", "short", *LONG[2:])
COVERED = "never: the collateral covers the position's coin value at any price"


@pytest.fixture(autouse=True)
def portfolio(tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(ROUND, encoding="utf-8")


def asked(run: Run, *arguments: str) -> Any:
    answer = run("liq-price", *arguments, "--json")
    assert answer.status == 0, answer.stderr
    return json.loads(answer.stdout)


def near(text: str, exact: Fraction) -> bool:
    return abs(Fraction(text) - exact) <= Fraction(1, 10**17)


def test_an_isolated_long_dies_below_its_entry(run: Run) -> None:
    found = asked(run, *LONG, "--leverage", "10")
    end, broke = Fraction(10_050) / Fraction("0.176"), Fraction(10_000) / Fraction("0.176")
    assert near(found["liquidation_price"], end)
    assert near(found["bankruptcy_price"], broke)
    assert near(found["distance"], end / 62_500 - 1)
    assert (found["liquidation_below"], found["liquidation_above"]) == (found["liquidation_price"], None)
    assert (found["margin_mode"], found["margin"], found["leverage"]) == ("isolated", "0.016", "10")
    assert near(found["maintenance_margin"], Fraction(50) / end)
    assert (found["mark_price"], found["reason"], found["margin_ratio"]) == (None, None, "0.05")


def test_an_isolated_short_dies_above_its_entry(run: Run) -> None:
    found = asked(run, *SHORT, "--leverage", "10", "--mark", "60000")
    end = Fraction(9_950) / Fraction("0.144")
    assert near(found["liquidation_price"], end)
    assert near(found["distance"], end / 60_000 - 1)
    assert (found["liquidation_below"], found["liquidation_above"]) == (None, found["liquidation_price"])


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ((*LONG, "-l", "10"), "liquidated at 57,102.27 USD, 8.64% below the entry"),
        ((*LONG, "-l", "10", "-m", "60000"), "liquidated at 57,102.27 USD, 4.83% below the mark"),
        ((*SHORT, "-l", "10"), "liquidated at 69,097.22 USD, 10.56% above the entry"),
        ((*SHORT, "-l", "10", "-m", "65000"), "liquidated at 69,097.22 USD, 6.30% above the mark"),
        ((*LONG, "-l", "10", "-m", "50000"), "already liquidated: the mark is at or beyond 57,102.27 USD"),
        ((*SHORT, "--balance", "0.2"), COVERED),
    ],
)
def test_the_first_line_says_where_and_how_far(run: Run, question: tuple[str, ...], said: str) -> None:
    assert run("liq-price", *question).stdout.splitlines()[0] == said


def test_a_short_that_its_collateral_covers_is_never_liquidated(run: Run) -> None:
    found = asked(run, *SHORT, "--balance", "0.2", "--mark", "60000")
    ends = ("liquidation_price", "liquidation_below", "liquidation_above", "bankruptcy_price", "distance")
    assert [found[name] for name in ends] == [None] * 5
    assert (found["reason"], found["margin_mode"]) == (COVERED, "cross")
    # m Q / x over 0.2 - 0.16 + Q / x
    held = Fraction(10_000, 60_000)
    assert near(found["margin_ratio"], held * Fraction("0.005") / (Fraction("0.04") + held))
    shown = run("liq-price", *SHORT, "--balance", "0.2").stdout
    assert [line.split("│")[2].strip() for line in shown.splitlines() if " price " in line][-2:] == ["never", "never"]
    assert shown.count(COVERED) == 1


def test_beyond_its_end_a_position_is_dead_at_a_ratio_of_one(run: Run) -> None:
    found = asked(run, *LONG, "-l", "10", "-m", "50000")
    assert (found["distance"], found["margin_ratio"]) == ("0", "1")
    assert found["reason"] == "the mark price is already beyond the liquidation price"
    assert found["reason"] in run("liq-price", *LONG, "-l", "10", "-m", "50000").stderr


def test_rows_of_a_portfolio_stand_on_their_own_account_or_margin(run: Run) -> None:
    core, swing, late, ether = asked(run, "-p", "book.toml")
    # Q 1.005 / x = 3 + 1
    assert (core["liquidation_price"], core["bankruptcy_price"], core["distance"]) == ("10050", "10000", "-0.799")
    assert (core["account"], core["margin_mode"], core["margin"], core["margin_ratio"]) == (
        "main",
        "cross",
        "3",
        "0.00125",
    )
    assert near(core["leverage"], Fraction(1, 3))
    assert near(swing["liquidation_price"], Fraction(24_875) / Fraction("0.3"))
    assert (swing["account"], swing["margin_mode"], swing["margin"], swing["margin_ratio"]) == (
        None,
        "isolated",
        "0.1",
        "0.0125",
    )
    assert (late["distance"], late["margin_ratio"]) == ("0", "1")
    assert (ether["currency"], ether["mark_price"], ether["liquidation_price"]) == ("ETH", "2500", None)
    assert ether["reason"] == COVERED


def test_a_table_of_a_portfolio_says_never_and_names_whose_reason_it_is(run: Run) -> None:
    answer = run("liq-price", "-p", "book.toml")
    row = next(line for line in answer.stdout.splitlines() if "│ ether" in line)
    assert row.count("never") == 2
    assert f"ether: {COVERED}" in answer.stdout.splitlines()
    assert "note: late: the mark price is already beyond the liquidation price" in answer.stderr


def test_two_positions_of_one_contract_die_together_on_one_balance(run: Run, tmp_path: Path) -> None:
    more = '[[positions]]\nname = "more"\naccount = "main"\nside = "long"\ncontracts = 10_000\nentry = 50_000\nmmr = "0.5%"\n'
    (tmp_path / "book.toml").write_text(ROUND + more, encoding="utf-8")
    rows = {row["name"]: row for row in asked(run, "-p", "book.toml")}
    # 50,000 (1 + 0.005) / x = 3 + 1 + 0.2
    end = Fraction(50_250) / Fraction("4.2")
    assert near(rows["core"]["liquidation_price"], end)
    assert near(rows["more"]["liquidation_price"], end)
    assert rows["swing"]["liquidation_price"].startswith("82916.666")


def test_contracts_of_one_account_die_each_at_its_own_price(run: Run) -> None:
    """The dated one stands a tenth above the perpetual, and so it does where both die."""
    held = '[[accounts]]\nname = "main"\nbalance = 1\n' + "".join(
        f'[[positions]]\nname = "{name}"\ninstrument = "{name}"\naccount = "main"\nside = "long"\ncontracts = 50_000\n'
        "contract_size = 1\n"
        f'entry = {mark}\nmark = {mark}\nmmr = "0.5%"\n'
        for name, mark in (("perpetual", 50_000), ("dated", 55_000))
    )
    answer = run("liq-price", "-p", "-", "--json", stdin=held)
    perpetual, dated = json.loads(answer.stdout)
    # 50,000 (1 + 1/1.1) 1.005 / x = 1 + 1 + 50,000/55,000
    end = 50_000 * (1 + 1 / Fraction("1.1")) * Fraction("1.005") / (2 + Fraction(50, 55))
    assert near(perpetual["liquidation_price"], end)
    assert near(dated["liquidation_price"], end * Fraction("1.1"))
    assert (perpetual["distance"], perpetual["margin_ratio"]) == (dated["distance"], dated["margin_ratio"])


def test_what_is_not_known_of_one_position_hides_nothing_of_the_others(run: Run, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(ROUND.replace('leverage = 4\nmmr = "0.5%"', "leverage = 4"), encoding="utf-8")
    core, swing, *_ = asked(run, "-p", "book.toml")
    assert core["liquidation_price"] == "10050"
    assert (swing["entry_price"], swing["mark_price"], swing["margin_mode"]) == ("62500", "50000", "isolated")
    assert (swing["margin"], swing["leverage"]) == ("0.1", "4")
    assert (swing["liquidation_price"], swing["bankruptcy_price"]) == (None, None)
    assert "mmr" in swing["reason"]
    row = next(line for line in run("liq-price", "-p", "book.toml").stdout.splitlines() if "│ swing" in line)
    assert "never" not in row


def test_a_rate_given_on_entry_value_is_measured_on_it(run: Run) -> None:
    # M + V - Q / x = m V
    found = asked(run, *LONG, "--leverage", "10", "--mm-basis", "entry")
    assert found["mm_basis"] == "entry"
    assert near(found["liquidation_price"], Fraction(10_000) / (Fraction("0.176") - Fraction("0.0008")))
    assert asked(run, *LONG, "--leverage", "10")["mm_basis"] == "mark"


def test_a_rate_that_is_given_applies_to_the_value_that_the_venue_takes(run: Run) -> None:
    # Phemex takes the value at the entry: 10,000 / (0.016 + 0.16 - 1% of 0.16), to the tick
    found = asked(run, "--venue", "phemex", *LONG[:-1], "1%", "--leverage", "10")
    assert found["mm_basis"] == "entry"
    assert abs(Fraction(found["liquidation_price"]) - Fraction(10_000) / Fraction("0.1744")) < 1
    moved = asked(run, "--venue", "phemex", *LONG[:-1], "1%", "--leverage", "10", "--mm-basis", "mark")
    assert abs(Fraction(moved["liquidation_price"]) - Fraction(10_100) / Fraction("0.176")) < 1


def test_a_deduction_and_a_closing_fee_count(run: Run) -> None:
    deducted = asked(run, *LONG, "--leverage", "10", "--deduction", "0.0005")
    assert near(deducted["liquidation_price"], Fraction(10_050) / Fraction("0.1765"))
    charged = asked(run, *LONG, "--leverage", "10", "--closing-fee", "0.1%")
    assert near(charged["liquidation_price"], Fraction(10_060) / Fraction("0.176"))
    assert charged["closing_fee_rate"] == "0.001"


def test_a_venue_may_count_the_closing_fee_of_cross_positions_alone(run: Run) -> None:
    bybit = ("--venue", "bybit@2026-01-01", "--side", "long", "-n", "10000", "--entry", "50000")
    # 10,050 / 0.22, up to the tick of 0.5
    isolated = asked(run, *bybit, "--leverage", "10")
    assert (isolated["liquidation_price"], isolated["closing_fee_rate"]) == ("45682", "0")
    # bankrupt at 10,000 (1 + 0.055%) / 0.22, up to the tick; 0.055% of 10,000 / 45,480 is reserved
    crossed = asked(run, *bybit, "--balance", "0.02")
    assert (crossed["bankruptcy_price"], crossed["closing_fee_rate"]) == ("45480", "0.00055")
    exact = Fraction(10_050) / (Fraction("0.22") - Fraction("5.5") / 45_480)
    assert 0 <= Fraction(crossed["liquidation_price"]) - exact < Fraction(1, 2)


def test_what_is_in_an_account_of_several_coins_dies_with_it_amounts_in_usd(run: Run, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(UNIFIED, encoding="utf-8")
    core, ether, leg = asked(run, "-p", "book.toml")
    assert {row["margin_mode"] for row in (core, ether, leg)} == {"unified"}
    assert {row["currency"] for row in (core, ether, leg)} == {"USD"}
    # the price of one coin is the same for all that is in it, up to the tick of 0.1 for what has one
    assert 0 <= Fraction(core["liquidation_price"]) - Fraction(leg["liquidation_price"]) <= Fraction(1, 10)
    assert (leg["entry_price"], leg["mark_price"], leg["maintenance_rate"]) == ("100000", "100000", "0.005")
    assert near(leg["distance"], Fraction(leg["liquidation_price"]) / 100_000 - 1)
    assert core["margin_ratio"] == ether["margin_ratio"] == leg["margin_ratio"]


def test_a_leg_without_a_price_says_what_is_missing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(UNIFIED.replace("BTC = 100_000\n", "", 1), encoding="utf-8")
    *_, leg = asked(run, "-p", "book.toml")
    assert (leg["liquidation_price"], leg["mark_price"], leg["entry_price"]) == (None, None, "100000")
    assert "BTC" in leg["reason"]
    row = next(line for line in run("liq-price", "-p", "book.toml").stdout.splitlines() if "│ leg " in line)
    assert "never" not in row


def test_extra_margin_beside_a_given_margin_counts_without_the_fee_that_it_raises(run: Run) -> None:
    # Bybit: extra/(1 + s*f) of what is added counts; before fees the bankruptcy price is Q/(V + margin).
    question = ("liq-price", "--venue", "bybit", "--side", "long", "-n", "10000", "-e", "62500", "--json")
    found = json.loads(run(*question, "--margin", "0.01", "--extra-margin", "0.05").stdout)
    counted = Fraction("0.16") + Fraction("0.01") + Fraction("0.05") / (1 + Fraction("0.00055"))
    assert found["margin"] == "0.06"
    assert 0 <= Fraction(found["bankruptcy_price"]) - 10_000 / counted < Fraction("0.1")


def test_a_contract_size_that_the_venue_has_as_well_is_no_contradiction(run: Run) -> None:
    question = ("liq-price", "--venue", "binance", "--side", "long", "-n", "10", "-e", "62500", "-l", "5", "--json")
    assert run(*question, "--contract-size", "100").stdout == run(*question).stdout
    assert (
        "--contract-size: BTCUSD_PERP is 100 USD per contract, not 10" in run(*question, "--contract-size", "10").stderr
    )


def test_unnamed_contracts_of_one_account_have_one_mark(run: Run) -> None:
    held = '[[accounts]]\nname = "w"\nbalance = 1\n' + "".join(
        f'[[positions]]\nname = "{name}"\naccount = "w"\nside = "long"\ncontracts = 5\nentry = 50\nmmr = "1%"\nmark = {mark}\n'
        for name, mark in (("a", 60), ("b", 61))
    )
    assert "position 2 (b), mark: position 1 (a) has another mark" in run("liq-price", "-p", "-", stdin=held).stderr
    apart = held.replace('account = "w"', "leverage = 2")
    assert run("liq-price", "-p", "-", "--field", "mark_price", stdin=apart).stdout == "60\n61\n"


def test_an_isolated_position_in_an_account_of_several_coins_dies_by_itself(run: Run) -> None:
    flags = ("--venue", "bybit", "-s", "long", "-n", "10k", "-e", "62500", "-l", "5")
    held = (
        '[prices]\nBTC = 64_000\n[[accounts]]\nname = "u"\nvenue = "bybit"\nmargin = "unified"\nbalances = { BTC = 1 }\n'
        '[[positions]]\nname = "a"\naccount = "u"\ninstrument = "BTCUSD"\nside = "long"\ncontracts = 10_000\n'
        "entry = 62_500\nleverage = 5\n"
    )
    fields = ("--field", "liquidation_price,closing_fee_rate")
    assert run("liq-price", "-p", "-", *fields, stdin=held).stdout == run("liq-price", *flags, *fields).stdout
