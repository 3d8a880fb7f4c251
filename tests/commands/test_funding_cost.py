"""`perpcalc funding-cost`: rates from their sources, payments, and what they do to the margin."""

import json
import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from inside import Run

SIZE = ("-n", "10k", "--entry", "62500", "--leverage", "10", "--mark", "63000")
ENTERED = ("--side", "long", "-n", "10k", "--entry", "62500", "--leverage", "10")
LONG, SHORT = (("--side", side, *SIZE) for side in ("long", "short"))
PORTFOLIO = """
[prices]
BTC = 64_000
[[accounts]]
name = "main"
venue = "binance"
balance = 0.5
[[positions]]
name = "long"
account = "main"
side = "long"
contracts = 500
entry = 62_500
funding_rate = "0.1%"
[[positions]]
name = "short"
account = "main"
side = "short"
contracts = 200
entry = 65_000
funding_rate = "0.1%"
[[positions]]
name = "silent"
venue = "bybit"
side = "long"
contracts = 1000
entry = 60_000
leverage = 5
"""
BOTH_SIDES = """
[prices]
BTC = 50_000
[[accounts]]
name = "main"
balance = 0.1
[[positions]]
name = "long"
account = "main"
side = "long"
contracts = 40_000
entry = 50_000
mmr = "0.5%"
funding_rate = "0.1%"
[[positions]]
name = "short"
account = "main"
side = "short"
contracts = 10_000
entry = 50_000
mmr = "0.5%"
funding_rate = "0.1%"
"""


def minutes(count: int, premium: str) -> str:
    """A premium sample for each of some minutes."""
    return "".join(f"2024-06-01T{minute // 60:02d}:{minute % 60:02d}:00Z,{premium}\n" for minute in range(count))


def asked(run: Run, *arguments: str, **more: Any) -> Any:
    answer = run("funding-cost", *arguments, "--json", **more)
    assert answer.status == 0, answer.stderr
    return json.loads(answer.stdout)


def test_a_day_of_eight_hour_payments(run: Run) -> None:
    # ceil8(floor8(10,000/63,000)*0.01%) = 0.00001588, three times; the margin is 0.016.
    found = asked(run, "--venue", "bybit@2026-01-01", *LONG, "--rate", "0.01%")
    assert (found["payment"], found["intervals"], found["total"]) == ("0.00001588", "3", "0.00004764")
    assert (found["apr"], found["margin_share"]) == ("0.1095", "0.0029775")
    assert Decimal(found["liquidation_price_after"]) > Decimal(found["liquidation_price"]) == Decimal("57102.5")


def test_a_short_receives_what_a_long_pays(run: Run) -> None:
    found = asked(run, *SHORT, "--mmr", "0.5%", "--rate", "0.01%", "--intervals", "1", "--interval", "8h")
    assert found["payment"].startswith("-0.0000158730")
    assert found["apr"] == "-0.1095"
    assert found["intervals_to_liquidation"] is None


@pytest.mark.parametrize(
    ("venue", "source", "premium", "rate"),
    [
        ("bybit", ("--premium", "0.03%"), "0.0003", "0.0001"),  # inside the damper: the interest
        ("bybit", ("--premium", "2%"), "0.02", "0.005"),  # the cap
        ("kraken@2026-01-01", ("--premium", "1.2%"), "0.012", "0.0005"),  # a 24th an hour
        ("kraken", ("--premium", "1.2%"), "0.012", "0.0015"),  # an eighth an hour
        ("okx@2024-06-01", ("--premium", "0.03%"), "0.0003", "0.0003"),  # before April 2025: no damper, no interest
        # The ticker of 2019-02-21 in Deribit's documents; 8 decimals.
        ("deribit@2019-02-21", ("--index", "3910.46", "--mark", "3931.97"), None, "0.00500063"),
    ],
)
def test_the_venues_rule_makes_the_rate(
    run: Run, venue: str, source: tuple[str, ...], premium: str | None, rate: str
) -> None:
    mark = () if "--mark" in source else ("--mark", "63000")
    found = asked(run, "--venue", venue, "--side", "long", "-n", "100", *mark, *source)
    assert found["rate"] == rate
    assert premium is None or found["premium"] == premium


def test_a_momentary_rate_of_eight_hours_is_charged_by_the_hour_for_an_eighth(run: Run) -> None:
    deribit = ("--venue", "deribit", "--side", "long", "-n", "1000", "--mark", "63000", "--index", "62000")
    a_day = asked(run, *deribit, "--for", "1d")
    by_the_hour = asked(run, *deribit, "--for", "1d", "--interval", "1h")
    assert by_the_hour["rate"] == a_day["rate"]
    assert by_the_hour["apr"] == a_day["apr"]
    assert by_the_hour["intervals"] == "24"
    assert round(Decimal(by_the_hour["total"]), 15) == round(Decimal(a_day["total"]), 15)


def test_the_momentary_premium_is_only_an_assumption_where_the_venue_averages(run: Run) -> None:
    index = ("--index", "62990")
    assert "stands for the average" in run("funding-cost", "--venue", "bybit", *LONG, *index).stderr
    assert "stands for the average" not in run("funding-cost", "--venue", "deribit", *LONG, *index).stderr


def test_kraken_charges_coin_at_the_index(run: Run) -> None:
    # Worked example 3 of the support page, in full digits: 0.05% an hour at 7,000 is 7.142857...e-8 coin per USD.
    at = ("--venue", "kraken", "--side", "long", "-n", "125000", "--mark", "7010", "--rate", "0.05%", "--for", "1h")
    assert asked(run, *at, "--index", "7000")["payment"] == "0.00892857143"
    noted = run("funding-cost", *at)
    assert "the mark stands in for the index" in noted.stderr
    in_coin = ("-v", "kraken@2022-01-01", "-s", "long", "-n", "1000", "--mark", "50000", "--for", "1h", "--coin-rate")
    assert asked(run, *in_coin, "0.000000002", "--index", "40000")["rate"] == "0.00008"
    assert asked(run, *in_coin, "0.000000002")["rate"] == "0.0001"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--rate: is missing"),
        (("--rate", "0.01%", "--premium", "0.01%"), "--premium: excludes --rate"),
        (("--premium", "0.01%", "--index", "62000"), "--index: excludes --premium"),
        (("--rate", "0.01%"), "--interval: is missing"),
        (("--rate", "0.01%", "--interval", "0h"), "--interval: is out of range"),
        (("--rate", "0.01%", "--interval", "8h", "--for", "1d", "--intervals", "3"), "--intervals: excludes --for"),
        (("--history", "x.csv", "--for", "1d"), "--for: excludes --history"),
    ],
)
def test_what_is_missing_or_given_twice_is_refused(run: Run, arguments: tuple[str, ...], message: str) -> None:
    answer = run("funding-cost", *LONG, *arguments)
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr.startswith(f"perpcalc: {message}")


def test_without_an_entry_there_is_no_liquidation_price(run: Run) -> None:
    found = asked(run, "--venue", "bybit", "--side", "long", "-n", "10", "--mark", "63000", "--rate", "0.01%")
    assert found["liquidation_price"] is found["intervals_to_liquidation"] is found["margin_share"] is None
    assert found["reason"] is None


def test_where_the_tiers_are_not_known_the_cost_still_is(run: Run) -> None:
    found = asked(
        run,
        "--venue",
        "okx",
        "--side",
        "long",
        "-n",
        "10",
        "--entry",
        "62500",
        "--leverage",
        "10",
        "--mark",
        "63000",
        "--rate",
        "0.01%",
    )
    assert found["total"] == "0.000004761904761905"
    assert found["liquidation_price"] is None
    assert "not known" in found["reason"]


def test_a_rate_against_the_position_counts_into_bitmexs_maintenance_margin(run: Run) -> None:
    # P = E/(1 + s*(1/L - mm - max(0, s*F))): 62,500/(1 + 0.1 - 0.005 - 0.003), to the tick.
    at = (
        "--venue",
        "bitmex@2025-01-01",
        "--side",
        "long",
        "-n",
        "10000",
        "--entry",
        "62500",
        "--leverage",
        "10",
        "--mark",
        "63000",
    )
    against, in_favour = asked(run, *at, "--rate", "0.3%"), asked(run, *at, "--rate", "-0.3%")
    assert abs(Decimal(against["liquidation_price"]) - 62_500 / Decimal("1.092")) < 1
    assert abs(Decimal(in_favour["liquidation_price"]) - 62_500 / Decimal("1.095")) < 1


def test_a_rate_that_cannot_be_compounded_has_no_yield(run: Run) -> None:
    found = asked(run, *SHORT, "--mmr", "1%", "--rate", "150%", "--interval", "7h")
    assert found["apy"] is None


def test_after_that_many_payments_the_position_is_gone(run: Run) -> None:
    one = asked(run, *LONG, "--mmr", "0.5%", "--rate", "1%", "--interval", "8h")
    count = int(one["intervals_to_liquidation"])

    def after(intervals: int) -> Decimal:
        later = asked(run, *LONG, "--mmr", "0.5%", "--rate", "1%", "--interval", "8h", "--intervals", str(intervals))
        return Decimal(later["liquidation_price_after"])

    assert after(count - 1) < 63_000 <= after(count)


# Files


def test_a_history_is_charged_payment_by_payment_with_the_venues_rounding(run: Run, tmp_path: Path) -> None:
    # The first payment is the one in the Phemex documents of 2024-06-17: floor8(700/6947.3435) = 0.10075793, and
    # 0.00004747 of it is 4.783e-6, rounded up. The other two are 0.1 BTC at 0.01%, paid and received.
    (tmp_path / "past.csv").write_text(
        "2024-06-01T00:00Z,0.00004747,6947.3435\n2024-06-01T08:00Z,0.0001,7000\n2024-06-01T16:00Z,-0.0001,7000\n"
    )
    arguments = ("--venue", "phemex", "--side", "long", "-n", "700", "--history", "past.csv", "--json")
    answer = run("funding-cost", *arguments)
    assert (answer.status, answer.stderr) == (0, "")
    found = json.loads(answer.stdout)
    assert found["total"] == "0.00000479"
    assert found["payment"] is None
    assert (found["intervals"], found["mark_price"], found["interval_hours"]) == ("3", "7000", "8")
    assert found["rate"] == "0.000015823333333333"


def test_samples_of_a_venue_that_averages_them_are_averaged(run: Run, tmp_path: Path) -> None:
    (tmp_path / "samples.csv").write_text("10%\n2%\n")
    question = ("funding-cost", "--venue", "kraken@2026-01-01", *ENTERED, "--mark", "63000")
    found = run(*question, "--premium-samples", "samples.csv", "--field", "rate")
    assert found.stdout == "0.0025\n"  # a 24th of 6 %, though a 24th of 10 % is above the cap of 0.25 %


def test_samples_make_the_rate_that_the_venue_would_have_set(run: Run, tmp_path: Path) -> None:
    # Premium 0.3% all along: 0.3% - 0.05% damper; Bybit caps at 0.5%.
    (tmp_path / "samples.csv").write_text(minutes(480, "0.3%"))
    asked = ("--venue", "bybit", *ENTERED, "--mark", "63000", "--premium-samples", "samples.csv", "--json")
    found = json.loads(run("funding-cost", *asked).stdout)
    assert (found["premium"], found["rate"]) == ("0.003", "0.0025")


def test_deribit_charges_each_moment_by_itself(run: Run, tmp_path: Path) -> None:
    # Damper 0.025%: moments at 0.1% and -0.02% cost 0.075% and 0%, though their mean premium is 0.04%.
    (tmp_path / "samples.csv").write_text("0.1%\n-0.02%\n")
    asked = ("--venue", "deribit", "--side", "long", "-n", "100", "--mark", "63000", "--premium-samples", "samples.csv")
    found = json.loads(run("funding-cost", *asked, "--json").stdout)
    assert (found["premium"], found["rate"]) == ("0.0004", "0.000375")


def test_a_bad_file_prints_one_line_and_nothing_else(run: Run, tmp_path: Path) -> None:
    (tmp_path / "past.csv").write_text("2024-06-01,0.01%,50k\n")
    answer = run("funding-cost", *ENTERED, "--history", "past.csv")
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr == (
        "perpcalc: past.csv: line 1: mark '50k' is not a number of at most 15 digits: correct the file\n"
    )


def test_of_a_file_without_marks_the_mark_stands_for_all_and_it_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "past.csv").write_text("time,rate\n2024-06-01T00:00Z,0.01%\n2024-06-01T08:00Z,0.03%\n")
    answer = run("funding-cost", *ENTERED, "--history", "past.csv")
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr == "perpcalc: past.csv: has no marks: give --mark, which then stands for all\n"
    answer = run("funding-cost", *ENTERED, "--history", "past.csv", "--mark", "50000", "--field", "total")
    assert answer.stdout == "0.00008\n"  # 0.2 BTC at 0.04% in all
    assert answer.stderr == "perpcalc: note: past.csv: has no marks: --mark stands for all\n"


def test_a_history_comes_from_a_pipe_too(run: Run) -> None:
    answer = run("funding-cost", *ENTERED, "--history", "-", "--field", "total", stdin="2024-06-01,0.01%,50000\n")
    assert answer.stdout == "0.00002\n"


# Portfolios


def test_all_positions_of_an_account_are_paid_from_its_balance(run: Run) -> None:
    long, short, silent = asked(run, "-p", "-", stdin=PORTFOLIO)
    # 500*100/64,000 and 200*100/64,000 BTC at 0.1%, cut to 8 decimals, three times a day.
    assert (long["total"], short["total"]) == ("0.00234375", "-0.0009375")
    assert long["liquidation_price_after"] == short["liquidation_price_after"] != long["liquidation_price"]
    assert long["intervals_to_liquidation"] == short["intervals_to_liquidation"]
    assert silent["reason"] == "no funding rate: write funding_rate to the position or give rate"
    assert silent["payment"] is silent["liquidation_price"] is None

    richer = PORTFOLIO.replace("balance = 0.5", "balance = 0.49859375")  # 0.5 - 0.00234375 + 0.0009375
    assert asked(run, "-p", "-", stdin=richer)[0]["liquidation_price"] == long["liquidation_price_after"]


def test_payments_that_stop_at_the_margin_are_whole_but_not_where_every_moment_is_charged(run: Run) -> None:
    # 0.2 BTC at 0.01% is 0.00002; of a balance of 0.05001 the maintenance margin leaves 0.04901, which is 2,450.5 of them.
    size = ("--side", "long", "--entry", "50000", "--mark", "50000", "--balance", "0.05001", "--mmr", "0.5%")
    moments = asked(run, "--venue", "deribit", "-n", "1000", *size, "--rate", "0.01%")
    assert (moments["payment"], moments["intervals_to_liquidation"]) == ("0.00002", "2450.5")
    whole = asked(run, "-n", "10000", *size, "--rate", "0.01%", "--interval", "8h")
    assert (whole["payment"], whole["intervals_to_liquidation"]) == ("0.00002", "2451")


def test_an_account_lasts_as_long_as_what_its_positions_pay_together(run: Run) -> None:
    long, short, *_ = asked(run, "-p", "-", "--interval", "8h", "--for", "1d", stdin=BOTH_SIDES)
    assert (long["payment"], short["payment"]) == ("0.0008", "-0.0002")
    assert (long["margin_share"], short["margin_share"]) == ("0.024", "-0.006")
    # (0.1 - 0.5% of 1) / (0.0008 - 0.0002) = 158.33; (30,000 + 0.5% of 50,000) / x = 0.1 - 0.0018 + 0.6
    assert long["intervals_to_liquidation"] == short["intervals_to_liquidation"] == "159"
    assert long["liquidation_price_after"] == short["liquidation_price_after"] == "43325.69464336866227442"


def test_contracts_at_marks_of_their_own_last_as_long_as_their_account(run: Run) -> None:
    short = 'name = "short"\ninstrument = "other"\ncontract_size = 1\nmark = 55_000'
    rows = asked(run, "-p", "-", "--interval", "8h", stdin=BOTH_SIDES.replace('name = "short"', short))
    value = Fraction(10_000, 55_000)
    # what the short has lost, and 0.5% of both values; 0.0008 is paid each time and 0.1% of the short received
    left = Fraction("0.1") - (Fraction("0.2") - value) - (Fraction("0.8") + value) / 200
    intervals = math.ceil(left / (Fraction("0.0008") - value / 1000))
    assert [row["intervals_to_liquidation"] for row in rows] == [str(intervals)] * 2


def test_what_an_account_pays_in_all_kills_its_receivers_too(run: Run) -> None:
    found = asked(run, "-p", "-", "--interval", "8h", "--intervals", "159", stdin=BOTH_SIDES)
    assert [row["reason"] for row in found] == [
        "already under water: at the mark the maintenance margin exceeds the equity"
    ] * 2


def test_a_sum_is_made_of_what_all_pay_in_coin_and_in_usd(run: Run) -> None:
    total, usd = asked(run, "-p", "-", "--interval", "8h", "--for", "1d", "--total", stdin=BOTH_SIDES)
    assert (total["currency"], total["total"], total["total_usd"]) == ("BTC", "0.0018", "90")
    assert (usd["currency"], usd["total"], usd["total_usd"]) == ("USD", None, "90")


@pytest.mark.parametrize(
    ("side", "first", "paid", "colour"),
    [
        (LONG, "costs 0.00047619 BTC (30.00 USD) over 3 payments, 109.50% a year", "BTC paid", "31"),
        (SHORT, "earns 0.00047619 BTC (30.00 USD) over 3 payments, -109.50% a year", "BTC received", "32"),
    ],
)
def test_words_and_colours_say_who_pays(run: Run, side: tuple[str, ...], first: str, paid: str, colour: str) -> None:
    # 10,000 USD at 0.1%, three times
    question = (*side, "--mmr", "0.5%", "--rate", "0.1%", "--interval", "8h", "--for", "1d")
    shown = run("funding-cost", *question).stdout.splitlines()
    assert shown[0] == first
    assert [paid in line for line in shown if "│ payment" in line or "│ total  " in line] == [True, True]
    coloured = run("funding-cost", *question, env={"FORCE_COLOR": "1", "TERM": "xterm-256color"}).stdout
    (row,) = (line for line in coloured.splitlines() if "│ payment" in line)
    assert f"\x1b[{colour}m" in row


def test_an_account_whose_tiers_are_not_known_still_has_a_cost(run: Run) -> None:
    unknown = PORTFOLIO.replace('venue = "binance"', 'venue = "okx"')
    long, *_ = asked(run, "-p", "-", stdin=unknown)
    assert long["total"] is not None
    assert long["liquidation_price"] is None
    assert "maintenance tiers of BTC-USD-SWAP at okx are not known" in long["reason"]


def test_liquidation_prices_are_those_of_liq_price(run: Run) -> None:
    prices = json.loads(run("liq-price", "-p", "-", "--json", stdin=PORTFOLIO).stdout)
    found = asked(run, "-p", "-", stdin=PORTFOLIO)
    assert [row["liquidation_price"] for row in found[:2]] == [row["liquidation_price"] for row in prices[:2]]


@pytest.mark.parametrize("option", ["--index", "--history"])
def test_a_price_is_not_asked_of_several_coins(run: Run, tmp_path: Path, option: str) -> None:
    (tmp_path / "past.csv").write_text("2024-06-01,0.01%,50000\n")
    text = (
        PORTFOLIO.replace("[prices]", "[prices]\nETH = 3000")
        + '\n[[positions]]\nname = "eth"\nvenue = "bybit"\ninstrument = "ETHUSD"\nside = "long"\ncontracts = 10\n'
    )
    answer = run("funding-cost", "-p", "-", option, "64000" if option == "--index" else "past.csv", stdin=text)
    assert answer.status == 2
    assert answer.stderr == f"perpcalc: {option}: the portfolio has 2 coins, BTC, ETH: ask for each by itself\n"


def test_an_account_without_a_balance_has_no_share_of_it(run: Run) -> None:
    long, *_ = asked(run, "-p", "-", stdin=PORTFOLIO.replace("balance = 0.5", "balance = 0"))
    assert long["margin_share"] is None


def test_explained(run: Run) -> None:
    shown = run("funding-cost", "--venue", "bybit", *LONG, "--premium", "0.2%", "--explain").stdout
    assert "rate = 0.15%\n    premium - damper\n    = 0.002 - 0.0005\n" in shown
    assert "premium / divisor + clamp(interest - premium / divisor, -damper, damper)" in shown
    assert "payment = 0.00023810 BTC paid\n    s * position_value * rate\n    = 1 * 0.15873015 * 0.0015\n" in shown
    assert "an estimate: at this mark and this rate until the end" in shown


@pytest.mark.parametrize(
    ("time", "said"), [((), "in 1 day"), (("--for", "8h"), "in 8 hours"), (("--intervals", "6"), "in 2 days")]
)
def test_the_table_of_a_portfolio_says_first_what_all_cost_together(run: Run, time: tuple[str, ...], said: str) -> None:
    total = run("funding-cost", "-p", "-", *time, "--total", "--field", "total,total_usd", stdin=PORTFOLIO).stdout
    coin, usd = (Decimal(line.split("\t")[place]) for place, line in enumerate(total.splitlines()))
    first = run("funding-cost", "-p", "-", *time, "-q", stdin=PORTFOLIO).stdout.splitlines()[0]
    verb = "costs" if usd > 0 else "earns"
    assert first == f"funding {verb} {abs(coin):.8f} BTC ({abs(usd):,.2f} USD) over 2 of 3 positions, {said}"


def test_a_rate_of_nothing_costs_nothing(run: Run) -> None:
    said = run("funding-cost", "--side", "short", *SIZE, "--rate", "0%", "--interval", "8h").stdout
    assert said.startswith("costs 0.00000000 BTC (0.00 USD) over 3 payments")


def test_without_an_entry_nothing_is_said_of_the_liquidation(run: Run) -> None:
    question = ("funding-cost", "--side", "long", "-n", "10k", "--mark", "63000", "--rate", "0.01%", "--venue", "bybit")
    (alone, backed) = (json.loads(run(*question, *more, "--json").stdout) for more in ((), ("--balance", "1")))
    assert alone["total"] == backed["total"]
    assert [backed[name] for name in ("liquidation_price", "liquidation_price_after", "reason")] == [None] * 3


def test_a_yield_that_leaves_the_range_of_numbers_says_so_and_one_that_is_not_asked_for_does_not(run: Run) -> None:
    question = ("funding-cost", "--side", "long", "-n", "10k", "--mark", "63000", "--json")
    told = json.loads(run(*question, "--rate", "50%", "--interval", "1h", "--for", "1h").stdout)
    assert (told["apy"], told["reason"]) == (None, "apy: compounded over a year this rate leaves the range of numbers")
    without = json.loads(run(*question, "--rate", "1%", "--intervals", "3").stdout)
    assert (without["apr"], without["apy"], without["reason"]) == (None, None, None)


def test_extra_margin_counts_into_the_share_without_an_entry_too(run: Run) -> None:
    question = ("funding-cost", "--side", "long", "-n", "10k", "--mark", "62500", "--rate", "0.1%", "--interval", "8h")
    found = json.loads(
        run(*question, "--intervals", "1", "--margin", "0.01", "--extra-margin", "0.03", "--json").stdout
    )
    assert (found["total"], found["margin_share"]) == ("0.00016", "0.004")


def test_a_rate_for_another_time_than_the_venues_is_beyond_no_cap(run: Run) -> None:
    question = ("funding-cost", "--venue", "bybit", *LONG, "--rate", "5%")
    assert run(*question, "--interval", "24h").status == 0
    assert "beyond the cap of bybit" in run(*question, "--interval", "8h").stderr


def test_payments_that_are_counted_without_their_time_are_summed_up_without_one(run: Run) -> None:
    held = '[[positions]]\nname = "a"\nside = "long"\ncontracts = 10\nentry = 60_000\nmark = 60_000\n'
    shown = run("funding-cost", "-p", "-", "--rate", "1%", "--intervals", "3", stdin=held).stdout
    assert shown.splitlines()[0].endswith(" over 1 position")


def test_a_contract_that_expires_has_its_day_in_its_name_and_no_funding_of_the_venue(run: Run) -> None:
    held = '[[positions]]\nname = "a"\nvenue = "bybit"\nside = "long"\ncontracts = 10\nentry = 60_000\nmark = 60_000\nexpires = 2027-12-25\n'
    (row,) = json.loads(run("funding-cost", "-p", "-", "--rate", "0.01%", "--json", stdin=held).stdout)
    assert (row["instrument"], row["total"]) == ("BTCUSD 2027-12-25", None)
    assert row["reason"] == "expires: a contract that expires pays no funding: ask of a perpetual"
    asked = ("funding-cost", "-p", "-", "--rate", "0.01%", "--interval", "8h", "--json")
    assert json.loads(run(*asked, stdin=held).stdout) == [row]


def test_the_sum_says_whether_funding_costs_or_earns(run: Run) -> None:
    held = '[[positions]]\nname = "a"\nside = "long"\ncontracts = 6_000\nentry = 60_000\nmark = 60_000\n'
    question = ("funding-cost", "-p", "-", "--interval", "8h", "--rate")
    assert run(*question, "1%", stdin=held).stdout.startswith("funding costs 0.00300000 BTC (180.00 USD)")
    assert run(*question, "-1%", stdin=held).stdout.startswith("funding earns 0.00300000 BTC (180.00 USD)")
    assert run(*question, "0.004%", stdin=held).stdout.startswith("funding costs 0.00001200 BTC (0.72 USD)")
    assert run(*question, "0", stdin=held).stdout.startswith("funding costs 0.00000000 BTC (0.00 USD)")


@pytest.mark.parametrize(("more", "payment"), [((), "0.00008"), (("--interval", "4h"), "0.00002")])
def test_a_rate_of_an_hour_is_paid_for_all_hours_of_an_interval(run: Run, more: tuple[str, ...], payment: str) -> None:
    question = ("funding-cost", "--venue", "kraken@2022-01-01", "-s", "long", "-n", "10k", "--mark", "50000")
    assert run(*question, "--rate", "0.01%", *more, "--field", "payment").stdout == f"{payment}\n"


def test_what_an_account_pays_is_named_in_the_formulas(run: Run) -> None:
    shown = run("funding-cost", "-p", "-", "--explain", "--interval", "8h", stdin=BOTH_SIDES).stdout
    assert "account_total" in shown
    assert "account_payment" in shown


def test_a_past_rate_of_an_hour_is_paid_for_all_hours_of_an_interval(run: Run, tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text(
        "time,rate,mark\n2022-01-01T04:00Z,0.01%,50000\n2022-01-01T08:00Z,0.01%,50000\n"
    )
    question = ("funding-cost", "--venue", "kraken@2022-01-01", "-s", "long", "-n", "10k", "--mark", "50000")
    assert run(*question, "--history", "rates.csv", "--field", "total").stdout == "0.00016\n"


def test_a_position_without_a_margin_pays_and_nothing_is_said_of_its_end(run: Run) -> None:
    held = '[[positions]]\nname = "a"\nside = "long"\ncontracts = 6_000\nentry = 60_000\nmark = 60_000\n'
    (row,) = json.loads(run("funding-cost", "-p", "-", "--rate", "1%", "--interval", "8h", "--json", stdin=held).stdout)
    assert (row["payment"], row["liquidation_price"], row["reason"]) == ("0.001", None, None)
