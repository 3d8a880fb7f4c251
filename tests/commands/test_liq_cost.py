"""`perpcalc liq-cost`, and the touch probability that it shares with `liq-price`."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from inside import Run

SIZE = ("-n", "100k", "--entry", "62500", "--leverage", "10", "--mmr", "0.5%")
ISOLATED = ("--side", "long", *SIZE)
TOUCH = ("--vol", "60%", "--horizon", "7d")
FIELDS = [
    "name",
    "account",
    "venue",
    "instrument",
    "currency",
    "side",
    "contracts",
    "contract_size",
    "notional_usd",
    "liquidation_price",
    "bankruptcy_price",
    "value_at_liquidation",
    "liquidation_fee",
    "slippage_cost",
    "margin_forfeited",
    "total_cost",
    "total_cost_usd",
    "margin_lost",
    "stop_price",
    "equity_after_stop",
    "saved_by_stop",
    "touch_probability",
    "expected_cost_usd",
    "reason",
]
PORTFOLIO = """
[prices]
BTC = 64_000
[[accounts]]
name = "main"
venue = "bybit"
balance = 1.25
[[positions]]
name = "core"
account = "main"
side = "long"
contracts = 300_000
entry = 62_500
stop = 58_000
[[positions]]
name = "more"
account = "main"
side = "long"
contracts = 100_000
entry = 65_000
[[positions]]
name = "alone"
venue = "bybit"
side = "long"
contracts = 100_000
entry = 62_500
leverage = 10
stop = 50_000
"""


def asked(run: Run, *arguments: str, command: str = "liq-cost", **more: Any) -> Any:
    answer = run(command, *arguments, "--json", **more)
    assert answer.status == 0, answer.stderr
    return json.loads(answer.stdout)


def near(text: str, expected: float | Decimal) -> bool:
    return float(text) == pytest.approx(float(expected), rel=1e-12)


def test_fields_and_their_order(run: Run) -> None:
    assert list(asked(run, *ISOLATED)) == FIELDS
    assert run("liq-cost", *ISOLATED, "-f", "csv").stdout.splitlines()[0] == ",".join(FIELDS)


def test_without_a_fee_and_a_venue_all_of_the_margin_is_kept(run: Run) -> None:
    found = asked(run, *ISOLATED)
    assert near(found["total_cost_usd"], 500)  # mmr*Q
    assert found["margin_forfeited"] == found["total_cost"]
    assert near(found["margin_lost"], 1)
    assert found["liquidation_fee"] == found["slippage_cost"] == "0"


def test_a_liquidation_fee_means_that_the_remainder_is_returned(run: Run) -> None:
    found = asked(run, *ISOLATED, "--liquidation-fee", "0.2%", "--slippage", "0.1%")
    assert near(found["total_cost_usd"], 300)
    assert found["margin_forfeited"] == "0"
    # 0.16 BTC of margin; 200 USD of it come back at 57,102.27.
    assert near(found["margin_lost"], 1 - 200 / Decimal(found["liquidation_price"]) / Decimal("0.16"))
    assert found["reason"] is None


def test_fee_and_slippage_are_never_more_than_what_is_left(run: Run) -> None:
    found = asked(run, *ISOLATED, "--liquidation-fee", "1%", "--slippage", "0.1%")
    assert near(found["total_cost_usd"], 500)
    assert found["reason"] == "fee and slippage of 1.1% take all of the equity left"


@pytest.mark.parametrize(
    ("venue", "kept", "usd"),
    [
        ("bybit@2026-01-01", True, 500.4),  # bankruptcy at 56,818.5 after rounding to the tick: the rest of 0.5%
        ("bitmex@2025-01-01", True, 456.6),  # 0.5% of the value at entry
        ("deribit@2024-06-01", False, 750),
        ("kraken", False, 0),
        ("binance", False, 400),  # the fee is 1.5%, the maintenance margin 0.4%
    ],
)
def test_the_same_position_on_several_venues(run: Run, venue: str, kept: bool, usd: float) -> None:
    margin = ("--balance", "0.16") if venue == "kraken" else ("--leverage", "10")
    found = asked(run, "--side", "long", "--usd", "100k", "--entry", "62500", "--venue", venue, *margin)
    assert (found["margin_forfeited"] != "0") == kept
    assert float(found["total_cost_usd"]) == pytest.approx(usd, abs=0.1)


def test_a_venue_whose_rule_is_not_known_is_taken_to_keep_all_and_it_is_said(run: Run) -> None:
    answer = run("liq-cost", *ISOLATED, "--venue", "gate", "--field", "margin_lost")
    assert near(answer.stdout, 1)
    assert "what happens to the margin left at a liquidation is not known: taken as kept" in answer.stderr
    returned = run(
        "liq-cost", *ISOLATED, "--venue", "gate", "--liquidation-fee", "0.05%", "--field", "margin_forfeited"
    )
    assert (returned.stdout, returned.stderr) == ("0\n", "")


def test_a_stop_saves_what_a_liquidation_would_not_leave(run: Run) -> None:
    # 0.16 + 100,000*(1/62,500 - 1/58,000) - 0.1%*100,000/58,000
    after = Decimal("0.16") + 100_000 * (1 / Decimal(62_500) - 1 / Decimal(58_000)) - 100 / Decimal(58_000)
    kept = asked(run, *ISOLATED, "--stop", "58000", "--slippage", "0.1%")
    assert near(kept["equity_after_stop"], after)
    assert near(kept["saved_by_stop"], after)
    returned = asked(run, *ISOLATED, "--stop", "58000", "--slippage", "0.1%", "--liquidation-fee", "0.2%")
    left = 200 / Decimal(returned["liquidation_price"])
    assert near(returned["saved_by_stop"], after - left)


@pytest.mark.parametrize(
    ("side", "stop", "beyond"),
    [
        ("long", "57000", True),
        ("long", "57103", False),
        ("short", "69098", True),
        ("short", "70000", True),
        ("short", "69097", False),
    ],
)
def test_a_stop_beyond_liquidation_is_said_loudly(run: Run, side: str, stop: str, beyond: bool) -> None:
    found = asked(run, *SIZE, "--side", side, "--stop", stop)
    if beyond:
        assert found["reason"].startswith("STOP BEYOND LIQUIDATION: the position is liquidated at ")
        assert found["reason"].endswith(f"before the stop at {stop} is reached")
        assert (found["equity_after_stop"], found["saved_by_stop"]) == (None, "0")
    else:
        assert found["reason"] is None
        assert Decimal(found["saved_by_stop"]) > 0


def test_who_is_never_liquidated_loses_nothing_to_it(run: Run) -> None:
    found = asked(run, "--side", "short", "-n", "10k", "--entry", "62500", "--leverage", "1", "--mmr", "0.5%", *TOUCH)
    assert found["liquidation_price"] is found["total_cost"] is found["margin_lost"] is None
    assert (found["touch_probability"], found["expected_cost_usd"]) == ("0", "0")
    assert found["reason"].startswith("never")


def test_the_first_line_says_what_it_costs_or_why_nothing(run: Run, tmp_path: Path) -> None:
    short = ("--side", "short", "-n", "10k", "--entry", "62500", "--mmr", "0.5%", "--leverage")
    first = run("liq-cost", *short, "1").stdout.splitlines()[0]
    assert first == asked(run, *short, "1")["reason"]
    (tmp_path / "book.json").write_text('{"bids": [[62000, 1]], "asks": [[62001, 1]]}')
    thin = run("liq-cost", *short, "5", "--book", "book.json").stdout.splitlines()
    assert thin[0] == "Liquidation cost"
    assert run("liq-cost", *short, "5").stdout.startswith("a liquidation costs 0.00064322 BTC (50.00 USD)\n")


def test_the_expected_cost_is_the_probability_times_the_cost(run: Run) -> None:
    found = asked(run, *ISOLATED, *TOUCH)
    assert near(found["expected_cost_usd"], Decimal(found["touch_probability"]) * Decimal(found["total_cost_usd"]))
    assert found["touch_probability"] == asked(run, *ISOLATED, *TOUCH, command="liq-price")["touch_probability"]
    assert asked(run, *ISOLATED)["touch_probability"] is asked(run, *ISOLATED)["expected_cost_usd"] is None


@pytest.mark.parametrize("command", ["liq-cost", "liq-price"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--vol", "60%"), "--vol: needs --horizon"),
        (("--horizon", "7d"), "--horizon: needs --vol"),
        (("--mark-interval", "1h"), "--mark-interval: needs --vol"),
        ((*TOUCH, "--mark-interval", "8d"), "--mark-interval: is longer than the horizon"),
        (("--vol", "60", "--horizon", "7d"), "--vol: '60' is not clear as a rate"),
        (("--vol", "100000%", "--horizon", "52w"), "--vol: is too large for the horizon"),
    ],
)
def test_volatility_and_horizon_come_together(run: Run, command: str, arguments: tuple[str, ...], message: str) -> None:
    answer = run(command, *ISOLATED, *arguments)
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr.startswith(f"perpcalc: {message}")


@pytest.mark.parametrize(
    ("arguments", "probability"),
    [
        (("--vol", "0", "--horizon", "7d"), "0"),
        (("--vol", "60%", "--horizon", "0d"), "0"),
        (("--vol", "0", "--horizon", "7d", "--mark", "57000"), "1"),
        ((*TOUCH, "--mark", "50000"), "1"),
    ],
)
def test_limits_of_the_probability(run: Run, arguments: tuple[str, ...], probability: str) -> None:
    assert asked(run, *ISOLATED, *arguments, command="liq-price")["touch_probability"] == probability


def test_the_probability_is_reckoned_from_the_mark_and_fewer_marks_touch_less(run: Run) -> None:
    def touched(*arguments: str) -> Decimal:
        return Decimal(asked(run, *ISOLATED, *TOUCH, *arguments, command="liq-price")["touch_probability"])

    assert touched("--mark", "64000") < touched() < touched("--mark", "60000")
    assert touched("--mark-interval", "1d") < touched("--mark-interval", "1h") < touched()


def test_an_account_is_liquidated_as_a_whole(run: Run) -> None:
    core, more, alone = asked(run, "-p", "-", *TOUCH, stdin=PORTFOLIO)
    price = Decimal(core["liquidation_price"])
    assert more["liquidation_price"] == core["liquidation_price"]
    # What is left of the balance at that price is lost, three quarters of it with the position of 300,000 USD.
    left = Decimal("1.25") + 300_000 * (1 / Decimal(62_500) - 1 / price) + 100_000 * (1 / Decimal(65_000) - 1 / price)
    assert float(core["total_cost"]) == pytest.approx(float(left) * 0.75, abs=1e-7)
    assert float(more["total_cost"]) == pytest.approx(float(left) * 0.25, abs=1e-7)
    assert core["margin_lost"] == more["margin_lost"] == "1"
    assert more["stop_price"] is None
    assert core["stop_price"] == "58000"
    # Closing core at its stop leaves the account's equity there, less the taker fee.
    at_stop = (
        Decimal("1.25")
        + 300_000 * (1 / Decimal(62_500) - 1 / Decimal(58_000))
        + 100_000 * (1 / Decimal(65_000) - 1 / Decimal(58_000))
    )
    assert float(core["equity_after_stop"]) == pytest.approx(float(at_stop) - 300_000 / 58_000 * 0.00055, abs=1e-7)
    assert alone["reason"].startswith("STOP BEYOND LIQUIDATION")


def test_the_table_of_a_portfolio_has_totals(run: Run) -> None:
    lines = run("liq-cost", "-p", "-", stdin=PORTFOLIO).stdout.splitlines()
    assert re.fullmatch(r"all total cost: [\d.]+ BTC \([\d,.]+ USD\)", lines[-1])
    assert re.fullmatch(r"liquidations cost [\d.]+ BTC \([\d,.]+ USD\) over \d positions", lines[0])
    rows = asked(run, "-p", "-", stdin=PORTFOLIO)
    of_coin, in_usd = asked(run, "-p", "-", "--total", stdin=PORTFOLIO)
    assert (of_coin["currency"], in_usd["currency"]) == ("BTC", "USD")
    for total, name in ((of_coin, "total_cost"), (of_coin, "total_cost_usd"), (in_usd, "total_cost_usd")):
        assert near(total[name], sum(Decimal(row[name]) for row in rows))
    assert in_usd["total_cost"] is of_coin["liquidation_price"] is of_coin["name"] is None


def test_a_position_in_an_account_costs_what_it_costs_by_itself(run: Run) -> None:
    only = PORTFOLIO[: PORTFOLIO.index('[[positions]]\nname = "more"')]
    (row,) = asked(run, "-p", "-", stdin=only)
    flags = asked(
        run,
        "--venue",
        "bybit",
        "--side",
        "long",
        "-n",
        "300000",
        "--entry",
        "62500",
        "--balance",
        "1.25",
        "--stop",
        "58000",
    )
    for key in FIELDS[2:]:
        assert row[key] == flags[key], key


def test_where_no_cost_is_known_no_sum_is_said(run: Run) -> None:
    held = "".join(f'[[positions]]\nname = "{name}"\nside = "long"\ncontracts = 10\nentry = 60_000\n' for name in "ab")
    assert run("liq-cost", "-p", "-", stdin=held).stdout.startswith("Liquidation cost\n")


def test_the_probability_is_explained_from_the_mark(run: Run) -> None:
    shown = run("liq-cost", *ISOLATED, "--mark", "63000", *TOUCH, "--explain").stdout
    assert "b = ln(57102.2727273/63000)" in shown
    spaced = run("liq-cost", *ISOLATED, "--mark", "63000", *TOUCH, "--mark-interval", "1h", "--explain").stdout
    # 57,102.27 * exp(-0.5826 * 0.6 * sqrt(1 / 8760))
    assert "b = ln(56889.4" in spaced


def test_explained(run: Run) -> None:
    costs = ("--slippage", "0.1%", "--liquidation-fee", "0.2%")
    shown = run("liq-cost", *ISOLATED, "--venue", "deribit", *costs, "--stop", "58000", *TOUCH, "--explain").stdout
    for step in (
        "    where equity = maintenance margin + closing fees; tier and conventions: see perpcalc liq-price\n",
        "an estimate of yours or of the book's, not of the venue; at most what the fee leaves",
        "total_cost_usd = 3,000.00 USD\n    total_cost * liquidation_price\n",
        "closed at the stop for the taker fee and the slippage",
        "an estimate: geometric Brownian motion without drift",
        "liquidation_fee = 0.035024880 BTC\n    value_at_liquidation * fee_rate\n    = 17.512437811 * 0.002\n",
        "expected_cost_usd = 869.04 USD\n    touch_probability * total_cost_usd\n",
    ):
        assert step in shown


def test_help_says_what_is_an_estimate(run: Run) -> None:
    assert "estimate" in run("liq-cost", "--help").stdout


@pytest.mark.parametrize(("option", "value"), [("--stop", "49"), ("--book", "book.csv")])
def test_one_price_is_none_of_two_coins(run: Run, option: str, value: str) -> None:
    held = "".join(
        f'[[positions]]\nname = "{coin}"\ncurrency = "{coin}"\nside = "long"\ncontracts = 5\nentry = 50\nleverage = 2\nmmr = "1%"\n'
        for coin in ("BTC", "ETH")
    )
    answer = run("liq-cost", "-p", "-", option, value, stdin=held)
    assert answer.stderr == f"perpcalc: {option}: the portfolio has 2 coins, BTC, ETH: ask for each by itself\n"


def test_where_there_is_no_position_nothing_is_lost(run: Run) -> None:
    answer = run("liq-cost", "-p", "-", "--json", stdin="[prices]\nBTC = 60_000\n")
    assert (answer.stdout, answer.status) == ("[]\n", 0)
