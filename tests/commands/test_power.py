"""`perpcalc power`: fields, defaults, limits and refusals."""

import json
from decimal import Decimal
from typing import Any

import pytest
from inside import Run

FIELDS = [
    "power",
    "index",
    "mark",
    "fair_mark",
    "premium",
    "funding_per_day",
    "delta",
    "gamma",
    "implied_vol",
    "liquidation_price",
    "hedge_notional_usd",
    "reason",
]
SHORT = ("--power", "2", "--index", "3000", "--mark", "9045000", "--units", "0.001")


def asked(run: Run, *arguments: str) -> Any:
    answer = run("power", *arguments, "--json")
    assert answer.status == 0, answer.stderr
    return json.loads(answer.stdout)


def test_a_squared_perpetual(run: Run) -> None:
    # k = 0.64/365; 9,000,000/(2e^-k - 1), to 12 digits.
    found = asked(run, "--power", "2", "--index", "3000", "--vol", "80%")
    assert list(found) == FIELDS
    k = Decimal("0.64") / 365
    fair = 9_000_000 / (2 * (-k).exp() - 1)
    assert found["fair_mark"] == f"{fair:.12g}"
    assert found["premium"] == f"{fair / 9_000_000 - 1:.12g}"
    assert found["funding_per_day"] == f"{fair - 9_000_000:.12g}"
    assert found["implied_vol"] == "0.8"
    assert found["mark"] is found["liquidation_price"] is found["hedge_notional_usd"] is found["reason"] is None


def test_a_mark_replaces_the_fair_one_and_implies_a_volatility(run: Run) -> None:
    fair = asked(run, "--power", "2", "--index", "3000", "--vol", "80%", "--periods", "3", "--interest", "4%")[
        "fair_mark"
    ]
    found = asked(run, "--power", "2", "--index", "3000", "--mark", fair, "--periods", "3", "--interest", "4%")
    assert float(found["implied_vol"]) == pytest.approx(0.8, abs=1e-7)
    assert (found["fair_mark"], found["reason"]) == (None, "the fair mark is not known: give vol")

    dear = asked(run, "--power", "2", "--index", "3000", "--mark", "9045000", "--funding-period", "12h")
    assert (dear["premium"], dear["funding_per_day"]) == ("0.005", "90000")
    assert (dear["delta"], dear["gamma"]) == ("6030", "2.01")


def test_without_a_mark_nothing_is_said_of_the_volatility_that_it_would_imply(run: Run) -> None:
    assert asked(run, "--power", "2", "--index", "3000", "--vol", "60%")["reason"] is None


def test_to_the_power_of_1_it_is_a_plain_perpetual(run: Run) -> None:
    found = asked(run, "--power", "1", "--index", "62500", "--vol", "60%", "--interest", "5%")
    assert (found["fair_mark"], found["premium"], found["delta"], found["gamma"]) == ("62500", "0", "1", "0")
    assert found["reason"] == "no volatility is implied: for p = 1 the price does not depend on it"


def test_to_the_power_of_minus_1_it_has_an_inverse_contracts_greeks(run: Run) -> None:
    found = asked(run, "--power", "-1", "--index", "50000", "--mark", "0.00002")
    greeks = json.loads(
        run("greeks", "--side", "long", "-n", "1", "--entry", "50000", "--mark", "50000", "--json").stdout
    )
    coin = next(row for row in greeks if row["frame"] == "coin")
    assert Decimal(found["delta"]) == -Decimal(coin["delta"])
    assert Decimal(found["gamma"]) == -Decimal(coin["gamma"])


def test_without_convexity_there_is_no_premium(run: Run) -> None:
    for arguments in (("--power", "0", "--vol", "60%"), ("--power", "2", "--vol", "0")):
        found = asked(run, *arguments, "--index", "3000")
        assert (found["premium"], found["funding_per_day"]) == ("0", "0")


def test_where_no_price_is_fair_the_reason_says_why(run: Run) -> None:
    found = asked(run, "--power", "2", "--index", "3000", "--vol", "100%", "--funding-period", "52w")
    assert all(found[field] is None for field in FIELDS[2:-1])
    assert found["reason"].startswith("no price is fair: the payoff grows by k = 0.997260 in a funding period")
    assert "k = 0.693147" in found["reason"]


def test_a_mark_that_no_volatility_brings_says_so(run: Run) -> None:
    found = asked(run, "--power", "2", "--index", "3000", "--mark", "8990000")
    assert found["implied_vol"] is None
    assert found["reason"] == (
        "the fair mark is not known: give vol; "
        "no volatility is implied: the mark is out of reach of every one at this interest"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--index", "3000", "--vol", "80%"), "--power: is missing: give the power, as in 2"),
        (("--power", "2", "--vol", "80%"), "--index: is missing: give a price"),
        (("--power", "2", "--index", "3000"), "--vol: is missing: give the volatility, for the fair mark, or --mark"),
        (("--power", "2", "--index", "3000", "--vol", "80"), "--vol: '80' is not clear as a rate: write 80% or 8000%"),
        (
            ("--power", "2", "--index", "3000", "--vol", "80%", "--funding-period", "0d"),
            "--funding-period: is out of range",
        ),
        (("--power", "2", "--index", "3000", "--vol", "80%", "--periods", "0.5"), "--periods: '0.5' is not a count"),
        (
            ("--power", "200", "--index", "3000", "--vol", "80%"),
            "--power: index^p is about 10^695, which is out of range",
        ),
        (("--power", "1/2", "--index", "3000", "--vol", "80%"), "--power: '1/2' is not a plain decimal number"),
    ],
)
def test_what_cannot_be_answered_is_refused(run: Run, arguments: tuple[str, ...], message: str) -> None:
    answer = run("power", *arguments)
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr.startswith(f"perpcalc: {message}")


def test_exact_changes_nothing(run: Run) -> None:
    arguments = ("--power", "2", "--index", "3000", "--vol", "80%")
    assert asked(run, *arguments, "--exact") == asked(run, *arguments)


def test_small_figures_keep_their_digits_in_the_table(run: Run) -> None:
    table = run("power", "--power", "-1", "--index", "50000", "--mark", "0.00002").stdout
    assert "-0.0000000004" in table


def test_a_short_is_liquidated_where_its_collateral_covers_its_debt_no_longer(run: Run) -> None:
    # C*P = 1.5 * N * k * P^2 with k = 9,045,000/3,000^2 = 1.005: P = 6/(1.5 * 0.001 * 1.005); (0.001 * 6,030 - 6) * 3,000 USD.
    found = asked(run, *SHORT, "--collateral", "6")
    assert found["liquidation_price"] == f"{Decimal(6) / (Decimal('0.0015') * Decimal('1.005')):.12g}"
    assert found["hedge_notional_usd"] == "90"
    nearer = asked(run, *SHORT, "--collateral", "6", "--collateral-ratio", "2")
    assert nearer["liquidation_price"] == f"{Decimal(6) / (Decimal('0.002') * Decimal('1.005')):.12g}"


def test_a_short_of_a_plain_perpetual_is_never_liquidated_by_the_price(run: Run) -> None:
    found = asked(run, "--power", "1", "--index", "3000", "--mark", "3001", "--units", "0.001", "--collateral", "6")
    assert found["liquidation_price"] is None
    assert found["reason"].endswith("never liquidated by the price: for p = 1 debt and collateral move together")


def test_explained(run: Run) -> None:
    arguments = ("--power", "2", "--index", "3000", "--vol", "80%", "--mark", "9045000", "--explain")
    shown = run("power", *arguments, "--periods", "3").stdout
    assert "fair_mark = 9,021,084.22649\n    index_p / ((periods + 1) * exp(-k / periods) - periods)\n" in shown
    assert "k = 0.00175342\n    (power - 1) * power * vol^2 * day / (2 * year)\n" in shown
    assert "power * (power - 1) * mark / index^2\n    = 2 * (2 - 1) * 9045000 / 3000^2\n" in shown
    assert "an estimate: geometric Brownian motion" in shown
    assert "source: Paradigm, Power Perpetuals, 2021-08-17" in shown


def test_the_sentence_says_what_the_mark_implies_or_nothing(run: Run) -> None:
    assert run("power", *SHORT[:6]).stdout.startswith("the mark implies a volatility of 95.35%\n")
    below = run("power", "--power", "2", "--index", "3000", "--mark", "8000000").stdout
    assert below.startswith("Power perpetual\n")


def test_options_that_others_have_too_are_helped_with_in_its_own_words(run: Run) -> None:
    shown = " ".join(run("power", "--help").stdout.replace("│", " ").split())
    for words in (
        "Index price, USD per coin.",
        "Mark of one unit of index^p, in USD; the fair mark by default.",
        "Yearly volatility, for the fair mark.",
        "Coins behind a short, what it was sold for included.",
    ):
        assert words in shown


def test_a_short_of_the_first_power_is_never_liquidated(run: Run) -> None:
    short = ("power", "--power", "1", "--index", "3000", "--mark", "3010", "--units", "1", "--collateral", "2")
    (line,) = (line for line in run(*short).stdout.splitlines() if "liquidation price" in line)
    assert line.split("│")[2].strip() == "never"


@pytest.mark.parametrize("power", ["0", "1"])
def test_what_moves_by_no_volatility_implies_none(run: Run, power: str) -> None:
    found = asked(run, "--power", power, "--index", "3000", "--mark", "3010")
    assert found["implied_vol"] is None
    assert f"no volatility is implied: for p = {power} the price does not depend on it" in found["reason"]


def test_interest_makes_a_mark_dearer(run: Run) -> None:
    plain = asked(run, "--power", "2", "--index", "3000", "--vol", "80%")["fair_mark"]
    dear = asked(run, "--power", "2", "--index", "3000", "--vol", "80%", "--interest", "5%")["fair_mark"]
    # k = (0.64 + 0.05) / 365 in place of 0.64 / 365
    assert (plain[:12], dear[:12]) == ("9031644.8660", "9034124.1501")


def test_the_fair_mark_stands_in_the_formulas_where_no_mark_is_given(run: Run) -> None:
    fair = ("power", "--power", "2", "--index", "3000", "--vol", "80%", "--explain")
    assert "delta = 6,021.09657737\n    power * M / index\n" in run(*fair).stdout
    assert "power * mark / index" in run(*fair, "--mark", "9045000").stdout
    assert run(*fair[:5], "--mark", "9045000", "--explain").status == 0


def test_without_a_short_there_is_no_liquidation_price_not_even_never(run: Run) -> None:
    shown = run("power", "--power", "2", "--index", "3000", "--vol", "80%").stdout
    assert "never" not in shown
    assert "no volatility is implied" not in shown


def test_where_no_price_is_fair_the_limit_is_said(run: Run) -> None:
    found = asked(run, "--power", "2", "--index", "3000", "--vol", "2000%", "--funding-period", "30d")
    assert "grows by k = 32.876712 in a funding period, and from k = 0.693147 on funding" in found["reason"]
