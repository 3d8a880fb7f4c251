"""`perpcalc pnl`: what closing a position brings, alone and for each position of a portfolio.

`V = Q / entry`, `gross = s * (V - Q / exit)`, and each fee is its rate of the coin value of its own fill.
"""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from inside import Run

from .accounts import ROUND, UNIFIED, UNKNOWNS

LONG = ("--side", "long", "-n", "10k", "--entry", "62500")
LEVERED = (*LONG, "--leverage", "10", "--mmr", "0.5%")


@pytest.fixture(autouse=True)
def portfolio(tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(ROUND, encoding="utf-8")


def asked(run: Run, *arguments: str) -> Any:
    answer = run("pnl", *arguments, "--json")
    assert answer.status == 0, answer.stderr
    return json.loads(answer.stdout)


def of(run: Run, name: str, *arguments: str) -> Any:
    return next(row for row in asked(run, "-p", "book.toml", *arguments) if row["name"] == name)


def near(text: str, exact: Fraction) -> bool:
    return abs(Fraction(text) - exact) <= Fraction(1, 10**17)


def test_the_parts_of_a_result_in_coin_and_in_usd(run: Run) -> None:
    # Q = 10,000: V = 0.16, at 64,000 0.15625; fees of 0.1% and 0.2% of them, 0.001 funding on a margin of 0.016.
    found = asked(run, *LEVERED, "-x", "64000", "--entry-fee", "0.1%", "--exit-fee", "0.2%", "--funding", "0.001")
    assert (found["entry_value"], found["exit_value"], found["gross_pnl"]) == ("0.16", "0.15625", "0.00375")
    assert (found["entry_fee"], found["exit_fee"], found["funding"]) == ("0.00016", "0.0003125", "0.001")
    assert (found["net_pnl"], found["net_pnl_usd"]) == ("0.0022775", "145.76")
    assert (found["margin"], found["roe"], found["net_roe"]) == ("0.016", "0.234375", "0.14234375")
    # net = 0: Q (1 + 0.002) / x = 0.16 - 0.00016 - 0.001
    assert near(found["break_even_price"], Fraction(10_020) / Fraction("0.15884"))
    # Q (1 + 0.005) / x = M + V
    assert near(found["liquidation_price"], Fraction(10_050) / Fraction("0.176"))
    assert found["liquidated"] is False


def test_a_position_of_a_portfolio_pays_its_own_fees_and_funding(run: Run) -> None:
    core = of(run, "core")
    assert (core["entry_fee"], core["exit_fee"], core["funding"]) == ("0.001", "0.0004", "0.003")
    assert (core["gross_pnl"], core["net_pnl"], core["net_pnl_usd"]) == ("0.2", "0.1956", "9780")
    assert near(core["break_even_price"], Fraction(40_020) / Fraction("0.996"))
    swing = of(run, "swing")
    assert (swing["entry_fee"], swing["exit_fee"], swing["funding"], swing["net_pnl"]) == ("0", "0", "0", "0.1")


def test_a_result_is_measured_against_the_margin_or_the_balance_of_the_positions_own_account(run: Run) -> None:
    rows = {row["name"]: row for row in asked(run, "-p", "book.toml")}
    assert [rows[name]["margin"] for name in ("core", "swing", "late", "ether")] == ["3", "0.1", "0.016", "10"]
    assert near(rows["core"]["roe"], Fraction("0.2") / 3)
    assert [rows[name]["net_roe"] for name in ("core", "swing", "late", "ether")] == ["0.0652", "1", "-2.5", "-0.05"]


def test_each_position_is_closed_at_the_mark_of_its_own_coin(run: Run) -> None:
    rows = asked(run, "-p", "book.toml")
    assert [row["exit_price"] for row in rows] == ["50000", "50000", "50000", "2500"]
    assert [row["gross_pnl"] for row in rows] == ["0.2", "0.1", "-0.04", "-0.5"]
    assert [row["net_pnl_usd"] for row in rows] == ["9780", "5000", "-2000", "-1250"]


def test_totals_are_made_per_coin_and_over_all_coins_in_usd_alone(run: Run) -> None:
    bitcoin, ether, usd = asked(run, "-p", "book.toml", "--total")
    assert (bitcoin["currency"], bitcoin["gross_pnl"], bitcoin["net_pnl"]) == ("BTC", "0.26", "0.2556")
    assert (bitcoin["entry_fee"], bitcoin["exit_fee"], bitcoin["funding"]) == ("0.001", "0.0004", "0.003")
    assert bitcoin["net_pnl_usd"] == "12780"
    assert (ether["currency"], ether["gross_pnl"], ether["net_pnl_usd"]) == ("ETH", "-0.5", "-1250")
    assert (usd["currency"], usd["net_pnl"], usd["net_pnl_usd"]) == ("USD", None, "11530")
    assert {row["margin"] for row in (bitcoin, ether, usd)} == {None}


NEW = ("--side", "long", "-n", "5", "--entry", "5", "--exit", "6")


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        (("--venue", "nope"), {}, "--venue: 'nope' is not a known venue"),
        (("--venue", "nope", "-i", "X"), {}, "--venue: 'nope' is not a known venue"),
        (("--venue", "nope", "-i", "X", "--contract-size", "10"), {}, "--venue: 'nope' is not a known venue"),
        (("--venue", "bybit", "-i", "NEW"), {}, "--instrument: bybit: there is no contract 'NEW'"),
        ((), {"PERPCALC_VENUE": "nope"}, "PERPCALC_VENUE: 'nope' is not a known venue"),
        (("-i", "NEW"), {"PERPCALC_VENUE": "bybit"}, "PERPCALC_VENUE: bybit: there is no contract 'NEW'"),
    ],
)
def test_a_venue_or_a_contract_that_is_not_known_is_named_where_it_was_given(
    run: Run, arguments: tuple[str, ...], env: dict[str, str], said: str
) -> None:
    answer = run("pnl", *NEW, *arguments, env=env)
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr.startswith(f"perpcalc: {said}")


def test_a_contract_that_the_venue_s_rules_do_not_have_is_described(run: Run) -> None:
    described = ("--venue", "binance", "-i", "NEWUSD_PERP", "--contract-size", "10", "--currency", "NEW")
    (found,) = [json.loads(run("pnl", *NEW, *described, "--json").stdout)]
    assert (found["venue"], found["instrument"], found["currency"]) == (None, "NEWUSD_PERP", "NEW")
    assert (found["gross_pnl"], found["net_pnl"]) == ("1.666666666666666667", "1.666666666666666667")


@pytest.mark.parametrize("other", [("--contract-size", "10"), ("--currency", "ETH")])
def test_the_venue_of_the_environment_gives_way_to_another_contract(run: Run, other: tuple[str, str]) -> None:
    plain = run("pnl", *NEW, *other, "--json")
    assert run("pnl", *NEW, *other, "--json", env={"PERPCALC_VENUE": "bybit"}).stdout == plain.stdout
    assert json.loads(plain.stdout)["venue"] is None


def test_the_sum_of_no_position_is_zero(run: Run) -> None:
    empty = run("pnl", "-p", "-", "--total", "--json", stdin="[prices]\nBTC = 60_000\n")
    (usd,) = json.loads(empty.stdout)
    assert (usd["currency"], usd["net_pnl_usd"], usd["net_pnl"]) == ("USD", "0", None)
    assert "0.00" in run("pnl", "-p", "-", "--total", stdin="[prices]\nBTC = 60_000\n").stdout


def test_coins_need_a_price_to_become_contracts(run: Run) -> None:
    arguments = ("pnl", "--side", "long", "--coin", "1", "--target-pnl", "1")
    assert run(*arguments).stderr == "perpcalc: --entry: is missing: give the entry price, or fills\n"
    counted = run("funding-cost", "--side", "long", "--coin", "1", "--rate", "0.01%", "--interval", "8h")
    assert counted.stderr.startswith("perpcalc: --coin: needs a price: give --entry\n")


def test_coins_become_contracts_at_the_entry_whatever_the_mark(run: Run) -> None:
    found = json.loads(run("greeks", "--side", "long", "--coin", "2", "-e", "50000", "-m", "60000", "--json").stdout)
    assert found[0]["contracts"] == "100000"


def test_the_sums_of_coins_are_in_the_order_of_their_names(run: Run) -> None:
    held = "".join(
        f'[[positions]]\nname = "{coin}"\ncurrency = "{coin}"\nside = "long"\ncontracts = 5\nentry = 5\nmark = 5\n'
        for coin in ("XRP", "BTC", "ETH")
    )
    assert run("pnl", "-p", "-", "--total", "--field", "currency", stdin=held).stdout.split() == [
        "BTC",
        "ETH",
        "XRP",
        "USD",
    ]


def test_a_table_of_a_portfolio_ends_in_the_sums_of_each_coin_and_one_in_usd(run: Run) -> None:
    lines = run("pnl", "-p", "book.toml").stdout.splitlines()
    assert lines[0] == "net +11,530.00 USD over 4 positions: but late is liquidated before it"
    assert lines[-1] == "all net pnl: +0.25560000 BTC, -0.50000000 ETH (+11,530.00 USD)"


def test_a_position_that_dies_before_its_exit_is_said_to_and_named(run: Run) -> None:
    assert [row["liquidated"] for row in asked(run, "-p", "book.toml")] == [False, False, True, False]
    noted = run("pnl", "-p", "book.toml").stderr
    assert "note: late: liquidated before the exit is reached, at 57102.27" in noted
    assert noted.rstrip().endswith("the loss stops at the margin")
    alone = run("pnl", *LEVERED, "--exit", "50000")
    assert "perpcalc: note: liquidated before" in alone.stderr
    said = alone.stdout.splitlines()[0]
    assert said == (
        "net -0.04000000 BTC (-2,000.00 USD), -250.00% on the margin: but liquidated before it, at 57,102.27 USD"
    )


def test_the_loss_of_a_cross_position_does_not_stop_at_a_margin(run: Run) -> None:
    # Q (1 + 0.005) / x = 0.016 + 0.16, of a balance as large as that margin
    crossed = run("pnl", *LONG, "--balance", "0.016", "--mmr", "0.5%", "--exit", "50000")
    assert "liquidated before the exit is reached" in crossed.stderr
    assert "stops at the margin" not in crossed.stderr


def test_without_a_margin_there_is_no_return_on_it(run: Run) -> None:
    answer = run("pnl", *LONG, "--exit", "64000")
    assert answer.stdout.splitlines()[0] == "net +0.00375000 BTC (+240.00 USD)"
    found = asked(run, *LONG, "--exit", "64000")
    assert [found[name] for name in ("margin", "roe", "net_roe", "liquidation_price", "liquidated")] == [None] * 5


def test_without_an_exit_there_is_the_target_and_what_the_entry_cost(run: Run) -> None:
    # roe 50% of a margin of 0.016: Q / x = 0.16 - 0.008
    found = asked(run, *LEVERED, "--target-roe", "50%", "--entry-fee", "0.1%")
    assert near(found["target_price"], Fraction(10_000) / Fraction("0.152"))
    assert (found["entry_fee"], found["exit_fee"], found["net_pnl"], found["exit_price"]) == (
        "0.00016",
        None,
        None,
        None,
    )
    assert run("pnl", *LEVERED, "--target-roe", "50%").stdout.startswith("target at 65,789.47 USD\n")


def test_a_target_in_coin_counts_the_fees(run: Run) -> None:
    # 0.16 - 0.00016 - Q / x = 0.01
    found = asked(run, *LONG, "--target-pnl", "0.01", "--entry-fee", "0.1%")
    assert near(found["target_price"], Fraction(10_000) / Fraction("0.14984"))


def test_a_target_on_a_margin_needs_one(run: Run) -> None:
    answer = run("pnl", *LONG, "--target-roe", "50%")
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr.startswith("perpcalc: --target-roe: needs a margin: give --leverage, --margin or --balance")


@pytest.mark.parametrize(
    ("side", "asked_for", "reason"),
    [
        (
            "long",
            ("--target-pnl", "0.2"),
            "no price reaches the target: a long earns less than its entry value, 0.16 BTC",
        ),
        ("short", ("--target-pnl", "-0.2"), "no price reaches the target: a short loses less than its entry value"),
        (
            "long",
            ("-x", "64000", "--funding", "0.2"),
            "no price reaches the costs: a long earns less than its entry value",
        ),
    ],
)
def test_a_price_that_does_not_exist_is_never_with_its_reason(
    run: Run, side: str, asked_for: tuple[str, ...], reason: str
) -> None:
    question = ("--side", side, *LONG[2:], *asked_for)
    found = asked(run, *question)
    assert found["reason"].startswith(reason)
    field = "break_even_price" if "-x" in asked_for else "target_price"
    assert found[field] is None
    shown = run("pnl", *question).stdout
    assert f"{field.replace('_', ' ')}" in shown
    assert "never" in shown
    assert "reason" not in shown


def test_a_gain_is_green_and_a_loss_red_on_a_colour_terminal(run: Run) -> None:
    colour = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    gain = run("pnl", *LONG, "--exit", "64000", env=colour).stdout
    loss = run("pnl", *LONG, "--exit", "50000", env=colour).stdout
    assert "\x1b[32m+0.00375000" in gain
    assert "\x1b[31m-0.04000000" in loss


def test_an_option_of_the_question_stands_before_what_the_positions_say(run: Run) -> None:
    rows = asked(run, "-p", "book.toml", "--entry-fee", "0.2%", "--funding", "0.01")
    assert [row["entry_fee"] for row in rows] == ["0.002", "0.0008", "0.00032", "0.005"]
    assert [row["funding"] for row in rows] == ["0.01"] * 4
    assert rows[0]["exit_fee"] == "0.0004"


def test_an_exit_is_a_trade_and_a_mark_is_not(run: Run) -> None:
    # KuCoin values a trade as a whole, a mark by the contract.
    free = ("--entry-fee", "0", "--exit-fee", "0")
    held = ("--venue", "kucoin", "--side", "long", "-n", "1m", "--entry", "60000", *free)
    closed, marked = asked(run, *held, "--exit", "60000"), asked(run, *held, "--mark", "60000")
    assert (closed["exit_value"], closed["net_pnl"]) == ("16.66666667", "0")
    assert (marked["exit_value"], marked["net_pnl"]) == ("16.67", "-0.00333333")


@pytest.mark.parametrize("side", ["long", "short"])
@pytest.mark.parametrize("venue", [(), ("--venue", "coinex")])
def test_closing_at_the_break_even_price_shown_does_not_lose_without_a_tick(
    run: Run, side: str, venue: tuple[str, ...]
) -> None:
    fees = ("--entry-fee", "0.02%", "--exit-fee", "0.055%")
    held = (*venue, "--side", side, "-n", "12345", "--entry", "74816.25", *fees)
    table = run("pnl", *held, "--exit", "74000").stdout
    (shown,) = (line.split("│")[2].strip().replace(",", "") for line in table.splitlines() if "break even" in line)
    exact = Fraction(asked(run, *held, "--exit", "74000")["break_even_price"])
    assert 0 < (1 if side == "long" else -1) * (Fraction(shown) - exact) < Fraction("0.01")
    assert Fraction(asked(run, *held, "--exit", shown)["net_pnl"]) >= 0


def test_a_linear_leg_has_its_profit_in_usd_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(UNIFIED.replace("BTC = 100_000", "BTC = 90_000", 1), encoding="utf-8")
    leg = of(run, "leg")
    # short 0.5 coins from 100,000 to 90,000
    assert (leg["entry_price"], leg["exit_price"], leg["net_pnl_usd"]) == ("100000", "90000", "5000")
    assert (leg["side"], leg["net_pnl"], leg["gross_pnl"], leg["reason"]) == ("short", None, None, None)
    assert leg["liquidated"] is False
    assert of(run, "core")["exit_price"] == "90000"
    (tmp_path / "book.toml").write_text(UNIFIED.replace("BTC = 100_000\n", "", 1), encoding="utf-8")
    assert (of(run, "leg")["net_pnl_usd"], of(run, "leg")["liquidation_price"]) == (None, None)
    assert "BTC" in of(run, "leg")["reason"]


def test_what_is_not_known_of_one_position_hides_nothing_of_the_others(run: Run, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(UNKNOWNS)
    answer = run("pnl", "-p", "book.toml", "--target-roe", "10%", "--json")
    rows = {row["name"]: row for row in json.loads(answer.stdout)}
    assert rows["no entry"]["net_pnl"] is None
    assert rows["no entry"]["reason"] == "entry: is missing: give the entry price, or fills"
    assert rows["no margin"]["net_pnl"] == "-0.00000092"
    assert rows["no margin"]["target_price"] is None
    assert rows["no margin"]["reason"] == "target_roe: needs a margin: give leverage, margin or balance"
    assert rows["no rate"]["target_price"] == "62068.965517241379310345"
    assert rows["no rate"]["reason"] is None
    assert (rows["no mark"]["net_pnl"], rows["no mark"]["target_price"]) == (None, "2068.965517241379310345")
    assert answer.status == 0


def test_a_position_without_a_price_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(UNKNOWNS)
    rows = {row["name"]: row for row in json.loads(run("pnl", "-p", "book.toml", "--json").stdout)}
    assert rows["no mark"]["reason"] == "ETH has no price: write it into [prices]"
    assert rows["no margin"]["reason"] is None


def test_one_exit_is_none_of_two_coins(run: Run) -> None:
    held = "".join(
        f'[[positions]]\nname = "{coin}"\ncurrency = "{coin}"\nside = "long"\ncontracts = 5\nentry = 50\n'
        for coin in ("BTC", "ETH")
    )
    answer = run("pnl", "-p", "-", "--exit", "60", stdin=held)
    assert answer.stderr == "perpcalc: --exit: the portfolio has 2 coins, BTC, ETH: put their prices into [prices]\n"


def test_usd_and_coins_that_are_whole_contracts_are_rounded_to_none(run: Run) -> None:
    question = ("pnl", "--venue", "binance", "--side", "long", "-e", "62500", "-x", "64000", "--field", "contracts")
    whole, part = run(*question, "--usd", "1000"), run(*question, "--usd", "1050")
    assert (whole.stdout, "rounded down" in whole.stderr) == ("10\n", False)
    assert (part.stdout, "1050 USD rounded down to 10 contracts (1000 USD)" in part.stderr) == ("10\n", True)
    whole, part = run(*question, "--coin", "0.016"), run(*question, "--coin", "0.017")
    assert (whole.stdout, "rounded down" in whole.stderr) == ("10\n", False)
    assert (part.stdout, "0.017 BTC rounded down to 10 contracts (1000 USD)" in part.stderr) == ("10\n", True)
