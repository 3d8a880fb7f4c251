"""`perpcalc hedge`: the short against coins, the long against a debt of them, an account; and what it says of itself."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from inside import Run

from .accounts import UNIFIED, WALLETS, position

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
    assert found["reason"] == "funding is not known: give rate; the liquidation price is not known: give mmr"


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
    assert "contracts = 100,000\n    holding * price\n    = 2 * 50000\n" in shown
    assert "    -365 * funding_per_day_usd / (holding * price)\n    = -365 * (-30) / (2 * 50000)\n" in shown


# A debt of coins


def test_a_debt_is_hedged_by_a_long_and_backs_nothing(run: Any) -> None:
    debt = ("--holding", "-2", "--price", "50000", "--mmr", "0.5%")
    found = asked(run, *debt, "--rate", "0.01%", "--interval", "8h")
    assert (found["side"], found["contracts"], found["residual_delta"]) == ("long", "100000", "0")
    assert (found["locked_usd"], found["funding_per_day_usd"], found["carry_apr"]) == ("-100000", "30", "-0.1095")
    assert found["liquidation_price"] is None
    assert "a debt of coins is no collateral" in found["reason"]
    # Q*(1 + mmr)/(V/L + V) = 100,000*1.005/2.5
    assert asked(run, *debt, "--leverage", "4")["liquidation_price"] == "40200"


def test_the_answer_comes_first(run: Any) -> None:
    said = run(
        "hedge", "--venue", "bybit", "--holding", "2", "--price", "62500", "--rate", "0.01%"
    ).stdout.splitlines()[0]
    assert said == "short 125,000 contracts hold 124,931.25 USD; funding earns 37.50 USD a day"
    said = run(
        "hedge", "--venue", "bybit", "--holding", "-0.5", "--price", "62500", "--leverage", "5"
    ).stdout.splitlines()[0]
    assert said == "long 31,250 contracts hold 31,267.19 USD of debt"


def test_fees_that_are_not_known_lock_nothing_in(run: Any) -> None:
    answer = run("hedge", "--venue", "coinex", *COINS, "--rate", "0.01%", "--json")
    found = json.loads(answer.stdout)
    assert (found["locked_usd"], found["break_even_days"]) == (None, None)
    assert found["reason"].startswith("the fees are not known: give entry_fee and exit_fee")
    assert "coinex: its fees are not known: give --entry-fee and --exit-fee" in answer.stderr


# An account


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.toml"
    path.write_text(WALLETS)
    return path


def test_an_account_is_hedged_by_its_delta_at_the_price_of_the_file(run: Any, book: Path) -> None:
    # 1.25 coins and a long that cost 0.8: 2.05 coins at 64,000 USD, in contracts of 100 USD.
    answer = run("hedge", "-p", "book.toml", "--account", "main", "--json")
    found = json.loads(answer.stdout)
    assert (found["side"], found["contracts"], found["residual_delta"]) == ("short", "1312", "0")
    assert answer.stderr.endswith("account main: its delta is 2.05 BTC\n")


@pytest.mark.parametrize("text", [WALLETS, UNIFIED])
def test_with_its_hedge_the_account_has_the_rest_of_its_delta(run: Any, book: Path, text: str) -> None:
    account, instrument, price = ("main", "", 64_000) if text is WALLETS else ("uta", "BTCUSD", 100_000)
    book.write_text(text.replace("balance = 1.25", 'balance = 1.25\nmode = "hedge"'))
    found = asked(run, "-p", "book.toml", "--account", account, "--ratio", "60%")
    with book.open("a") as file:
        file.write(position(account, found["side"], found["contracts"], price, instrument))
    rows = json.loads(run("greeks", "-p", "book.toml", "--json").stdout)
    held = [row for row in rows if row["account"] == account and row["currency"] == "BTC" and row["frame"] == "usd"]
    delta = sum(Decimal(row["delta"]) for row in held)
    assert delta == pytest.approx(Decimal(found["residual_delta"]), abs=Decimal("1e-7"))
    liquidations = {row["name"]: row for row in json.loads(run("liq-price", "-p", "book.toml", "--json").stdout)}
    assert liquidations["new"]["liquidation_price"] == found["liquidation_price"]


def test_beside_another_contract_the_hedge_dies_at_its_own_price(run: Any, book: Path) -> None:
    dated = WALLETS.replace('account = "main"', 'account = "main"\ninstrument = "BTCUSD_261225"\nmark = 70_400', 1)
    book.write_text(dated.replace("balance = 1.25", 'balance = 1.25\nmode = "hedge"'))
    found = asked(run, "-p", "book.toml", "--account", "main")
    with book.open("a") as file:
        file.write(position("main", found["side"], found["contracts"], 64_000))
    *_, added = json.loads(run("liq-price", "-p", "book.toml", "--json").stdout)
    assert added["liquidation_price"] == found["liquidation_price"] is not None


def test_a_long_hedge_nets_against_the_short_that_it_is_for(run: Any, book: Path) -> None:
    book.write_text(WALLETS.replace('"long"', '"short"', 1).replace("contracts = 500", "contracts = 5_000"))
    answer = run("hedge", "-p", "book.toml", "--account", "main", "--json")
    assert json.loads(answer.stdout)["side"] == "long"
    assert "account main: taken as one-way, the trade nets against what is held" in answer.stderr


def test_positions_with_a_margin_of_their_own_count(run: Any, book: Path) -> None:
    with book.open("a") as file:
        file.write(position("main", "long", 100, 62_500, margin="0.5"))
    # Beside 2.05 coins a margin of 0.5 and a long that cost 0.16.
    answer = run("hedge", "-p", "book.toml", "--account", "main", "--price", "64000", "--json")
    assert answer.stderr.endswith("account main: its delta is 2.71 BTC\n")


def test_a_closing_fee_counts_into_where_the_hedge_dies(run: Any, book: Path) -> None:
    # Q (1 - mmr - f) / (V - V/L)
    rates = ("--leverage", "4", "--mmr", "0.5%", "--closing-fee", "0.1%")
    assert asked(run, *COINS, *rates)["liquidation_price"] == "66266.666666666666666667"
    book.write_text('[prices]\nBTC = 50_000\n[[accounts]]\nname = "a"\nbalance = 2\n')
    assert asked(run, "-p", "book.toml", "--account", "a", *rates)["liquidation_price"] == "66266.666666666666666667"


def test_with_leverage_an_account_lends_the_hedge_no_rule_of_its_cross_positions(run: Any, book: Path) -> None:
    # Bybit counts a closing fee in cross alone: 100,000 * 0.995 / 1.5, down to the tick
    book.write_text('[prices]\nBTC = 50_000\n[[accounts]]\nname = "a"\nvenue = "bybit@2026-01-01"\nbalance = 2\n')
    found = asked(run, "-p", "book.toml", "--account", "a", "--leverage", "4", "--mmr", "0.5%")
    assert found["liquidation_price"] == "66333"


@pytest.mark.parametrize(("rate", "against"), [("0.3%", "0"), ("-0.3%", "0.003")])
def test_a_rate_against_the_hedge_adds_to_its_margin_at_bitmex(run: Any, book: Path, rate: str, against: str) -> None:
    # P = E/(1 + s*(1/L - mm - max(0, s*F))) with s = -1
    book.write_text('[prices]\nBTC = 50_000\n[[accounts]]\nname = "a"\nvenue = "bitmex@2025-01-01"\nbalance = 2\n')
    found = asked(run, "-p", "book.toml", "--account", "a", "--leverage", "4", f"--rate={rate}")
    exact = 50_000 / (1 - (Decimal("0.25") - Decimal("0.005") - Decimal(against)))
    assert abs(Decimal(found["liquidation_price"]) - exact) < 1


def test_a_margin_in_another_coin_is_no_delta_of_this_one(run: Any, book: Path) -> None:
    question = ("hedge", "-p", "book.toml", "--account", "uta", "-i", "BTCUSD", "--json")
    book.write_text(UNIFIED)
    before = run(*question)
    with book.open("a") as file:
        file.write(position("uta", "long", 1_000, 4_000, "ETHUSD", margin="0.5"))
    after = run(*question)
    assert (before.status, after.status) == (0, 0), after.stderr
    assert json.loads(after.stdout)["contracts"] == json.loads(before.stdout)["contracts"]


def test_of_an_account_without_a_maintenance_rate_it_is_not_known_where_the_hedge_dies(
    run: Any, tmp_path: Path
) -> None:
    (tmp_path / "k.toml").write_text('[prices]\nBTC = 64_000\n[[accounts]]\nname = "k"\nbalance = 2\n')
    answer = run("hedge", "-p", "k.toml", "--account", "k")
    assert "liquidation price │" not in answer.stdout
    assert "the liquidation price is not known: give mmr" in answer.stdout
    assert "│ liquidation price │      never │" in run("hedge", *COINS, "-v", "bybit").stdout


def test_the_mark_of_one_position_is_the_price_of_all_in_its_contract(run: Any, tmp_path: Path) -> None:
    one = '[[positions]]\nname = "{}"\naccount = "k"\nside = "long"\ncontracts = 100\nentry = 60_000\nmmr = "1%"\n'
    wallet = '[[accounts]]\nname = "k"\nbalance = 1\n'
    (tmp_path / "k.toml").write_text(wallet + one.format("a") + one.format("b") + "mark = 64_000\n")
    assert asked(run, "-p", "k.toml", "--account", "k")["contracts"] == "64213"  # 64,000 + 200 * 64/60


def test_a_short_hedge_of_less_than_a_coin_nets_against_no_short(run: Any, tmp_path: Path) -> None:
    short = '[[positions]]\nname = "a"\naccount = "k"\nside = "short"\ncontracts = 960\nentry = 64_000\n'
    wallet = '[prices]\nBTC = 64_000\n[[accounts]]\nname = "k"\nvenue = "binance@2026-09-16"\nbalance = 2\n'
    (tmp_path / "k.toml").write_text(wallet + short)
    answer = run("hedge", "-p", "k.toml", "--account", "k", "--json")
    assert json.loads(answer.stdout)["contracts"] == "320"
    assert "its delta is 0.5 BTC" in answer.stderr
    assert "nets against" not in answer.stderr


def test_a_coin_in_which_an_account_has_no_delta(run: Any, book: Path) -> None:
    book.write_text(UNIFIED)
    answer = run("hedge", "-p", "book.toml", "--account", "uta", "-i", "XRP", "--price", "2")
    assert (
        answer.stderr.splitlines()[-1]
        == "perpcalc: --account: account uta has no delta in XRP: there is nothing to hedge"
    )
    assert run("hedge", "-p", "book.toml", "--account", "uta", "-i", "XRP").stderr.splitlines()[-1] == (
        "perpcalc: --price: is missing: give a price, or the coin one in [prices]"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (),
            "--holding and --price are missing: --holding: give the coins, or --account of a portfolio; --price: give a price",
        ),
        (("--price", "50000"), "--holding: is missing: give the coins, or --account of a portfolio"),
        (("--holding", "2"), "--price: is missing: give a price"),
        (
            ("--holding", "0", "--price", "5"),
            "--holding: 0 is out of range: give the coins to hedge, negative for a short delta",
        ),
        (
            ("--venue", "bybit", *COINS, "--rate", "1%"),
            "--rate: the rate 1% is beyond the cap of bybit, 0.5% in 8 h: give at most 0.5%",
        ),
        ((*COINS, "-p", "book.toml"), "--account: is missing: name an account of the portfolio"),
        (("--holding", "2", "-p", "b.toml", "--account", "a"), "--holding: excludes --account: the account gives it"),
        ((*COINS, "--ratio", "1"), "--ratio: '1' is not clear as a rate: write 1% or 100%"),
        ((*COINS, "--ratio", "0%"), "--ratio: is out of range: give a rate above 0"),
        ((*COINS, "--rate", "0.01%"), "--interval: is missing: give the time between payments, as in 8h, or a --venue"),
        ((*COINS, "--rate", "0.01%", "--interval", "0h"), "--interval: is out of range: give a duration above 0"),
        (
            ("--venue", "deribit", "--holding", "0.0001", "--price", "50000"),
            "--holding: 0.0001 BTC at 50000 is less than one lot of 10 USD: hedge more",
        ),
        (
            ("--venue", "bybit", *COINS, "--leverage", "500"),
            "--leverage: 500 is above the largest of BTCUSD at bybit: give at most 100",
        ),
        (
            ("--venue", "binance", "--holding", "1000", "--price", "60000", "--leverage", "20"),
            "--leverage: 20 is above the largest of BTCUSD_PERP at binance in the tier of 600000 contracts: give at most 4",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused(run: Any, arguments: tuple[str, ...], message: str) -> None:
    answer = run("hedge", *arguments)
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr.splitlines()[-1] == f"perpcalc: {message}"


def test_an_explanation_says_how_the_hedge_is_margined(run: Run) -> None:
    answer = run("hedge", "--holding", "1", "--price", "60000", "--venue", "bybit", "--leverage", "2", "--explain")
    assert "isolated: the coin value over the leverage" in answer.stdout


def test_the_fees_are_never_earned_back_where_funding_is_paid(run: Run) -> None:
    question = ("hedge", "--holding", "1", "--price", "60000", "--venue", "bybit")
    (paid, unknown) = (run(*question, *more).stdout for more in (("--rate=-0.01%",), ()))
    (line,) = [line for line in paid.splitlines() if "break even days" in line or "break_even_days" in line]
    assert "never" in line
    assert not [line for line in unknown.splitlines() if "break" in line and "days" in line and "never" in line]


def test_a_hedge_whose_fee_takes_all_holds_no_debt(run: Run) -> None:
    shown = run("hedge", *COINS, "--entry-fee", "100%").stdout
    assert shown.splitlines()[0] == "short 100,000 contracts hold 0.00 USD"


@pytest.mark.parametrize(("rate", "said"), [("0.01%", "earns 30.00"), ("-0.01%", "costs 30.00")])
def test_the_sentence_says_whether_funding_earns_or_costs(run: Run, rate: str, said: str) -> None:
    shown = run("hedge", *COINS, "--rate", rate, "--interval", "8h").stdout
    assert shown.startswith(f"short 100,000 contracts hold 100,000.00 USD; funding {said} USD a day\n")
