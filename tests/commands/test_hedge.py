"""`perpcalc hedge`: the short against coins, and what it says of itself."""

import json
from typing import Any

import pytest

FIELDS = [
    "side",
    "contracts",
    "notional_usd",
    "residual_delta",
    "locked_usd",
    "funding_per_day_usd",
    "carry_apr",
    "break_even_days",
    "liquidation_price",
    "reason",
]
COINS = ("--holding", "2", "--price", "50000")


def asked(run: Any, *arguments: str) -> Any:
    answer = run("hedge", *arguments, "--json")
    assert answer.status == 0, answer.stderr
    return json.loads(answer.stdout)


def test_a_synthetic_dollar(run: Any) -> None:
    found = asked(run, *COINS, "--rate", "0.01%", "--interval", "8h", "--mmr", "0.5%")
    assert list(found) == FIELDS
    assert found == {
        "side": "short",
        "contracts": "100000",
        "notional_usd": "100000",
        "residual_delta": "0",
        "locked_usd": "100000",
        "funding_per_day_usd": "-30",
        "carry_apr": "0.1095",
        "break_even_days": "0",
        "liquidation_price": None,
        "reason": "never: the collateral covers the position's coin value at any price",
    }


def test_a_venue_gives_lots_fees_interval_and_margin(run: Any) -> None:
    # Deribit: lots of 10 USD, taker 0.05%; 0.05% of 100,000 USD in and out are earned back in 100/30 days.
    found = asked(run, "--venue", "deribit", "--holding", "2.00013", "--price", "50000", "--rate", "0.01%")
    assert (found["contracts"], found["notional_usd"]) == ("10000", "100000")
    assert found["residual_delta"] == "0.00013"
    assert found["locked_usd"] == "99950"
    assert found["funding_per_day_usd"] == "-30"
    assert found["break_even_days"] == "3.333333333333333333"


def test_maker_fees_can_be_asked_for(run: Any) -> None:
    free = asked(run, "--venue", "deribit", *COINS, "--rate", "0.01%", "--entry-fee", "maker", "--exit-fee", "0.02%")
    assert (free["locked_usd"], free["break_even_days"]) == ("100000", "0.666666666666666667")


def test_part_of_the_coins_and_more_than_all_of_them(run: Any) -> None:
    half = asked(run, *COINS, "--ratio", "50%", "--mmr", "0.5%")
    assert (half["contracts"], half["residual_delta"]) == ("50000", "1")
    over = asked(run, *COINS, "--ratio", "150%", "--mmr", "0.5%")
    assert over["residual_delta"] == "-1"
    # Q(1 - mmr)/(V - C) = 150,000 * 0.995/1
    assert over["liquidation_price"] == "149250"
    assert over["reason"].startswith("over-hedged: short by 1 BTC more than is held")


def test_with_leverage_the_short_has_a_margin_of_its_own(run: Any) -> None:
    found = asked(run, *COINS, "--leverage", "4", "--mmr", "0.5%")
    assert found["liquidation_price"] == "66333.333333333333333333"


def test_what_is_not_known_is_null_with_a_reason(run: Any) -> None:
    found = asked(run, *COINS)
    unknown = ("funding_per_day_usd", "carry_apr", "break_even_days", "liquidation_price")
    assert all(found[name] is None for name in unknown)
    assert found["reason"] == "funding is not known: give --rate; the liquidation price is not known: give --mmr"


def test_funding_that_is_paid_is_a_cost_and_says_so(run: Any) -> None:
    found = asked(run, "--venue", "deribit", *COINS, "--rate=-0.01%")
    assert (found["funding_per_day_usd"], found["carry_apr"], found["break_even_days"]) == ("30", "-0.1095", None)
    assert "never earned back" in found["reason"]
    shown = run("hedge", "--venue", "deribit", *COINS, "--rate=-0.01%").stdout
    assert "USD paid" in shown
    assert "never" in shown


def test_a_rate_of_zero_neither_pays_nor_earns(run: Any) -> None:
    found = asked(run, "--venue", "deribit", *COINS, "--rate", "0")
    assert (found["funding_per_day_usd"], found["carry_apr"], found["break_even_days"]) == ("0", "0", None)
    assert found["reason"] == "no funding is paid or received at this rate, so its fees are never earned back"


def test_explain_puts_the_numbers_in(run: Any) -> None:
    shown = run("hedge", "--venue", "bybit", *COINS, "--rate", "0.01%", "--explain").stdout
    assert "    = 2 * 1 * 50000 / 1\n" in shown
    assert "    = -365 * (-30) / (2 * 50000)\n" in shown
    short = run("hedge", *COINS, "--leverage", "4", "--mmr", "0.5%", "--explain").stdout
    assert "    = (100000 * ((-1) + 0.005)) / (0.5 + (-1) * 2)\n" in short


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--price", "50000"), "--holding: is missing: give it"),
        (("--holding", "2"), "--price: is missing: give it"),
        ((*COINS, "--ratio", "1"), "--ratio: '1' is not clear as a rate: write 1% or 100%"),
        ((*COINS, "--ratio", "0%"), "--ratio: is out of range: give a rate above 0"),
        ((*COINS, "--rate", "0.01%"), "--interval: is missing: give the time between payments, as in 8h, or a --venue"),
        ((*COINS, "--rate", "0.01%", "--interval", "0h"), "--interval: is out of range: give a duration above 0"),
        (
            ("--venue", "okx", "--holding", "0.001", "--price", "50000"),
            "--holding: 0.001 BTC at 50000 is less than one lot of 100 USD: hedge more",
        ),
        (
            ("--venue", "bybit", *COINS, "--leverage", "500"),
            "--leverage: 500 is above the largest of BTCUSD at bybit: give at most 100",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused(run: Any, arguments: tuple[str, ...], message: str) -> None:
    answer = run("hedge", *arguments)
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr.splitlines()[-1] == f"perpcalc: {message}"
