"""`perpcalc size`: how many contracts a risk allows, or a balance opens, all that an account holds taken in."""

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from inside import Run

from .accounts import UNIFIED, WALLETS, position

FIELDS = (
    "name account venue instrument currency side contracts contract_size notional_usd entry_price stop_price risk position_value "
    "loss_at_stop loss_at_stop_usd fees leverage max_safe_leverage margin liquidation_price binding reward_risk order_cost reason"
).split()
TRADE = ("--entry", "62500", "--stop", "60000", "--balance", "1.5")
OPENED = ("--max-open", "--leverage", "50x", "--balance", "0.05", "--entry", "44089.5", "--entry-fee", "0.06%")
ACCOUNT = ("-p", "book.toml", "--account", "main")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.toml"
    path.write_text(WALLETS)
    return path


def asked(run: Run, *arguments: str) -> dict[str, Any]:
    answer = run("size", *arguments, "--json")
    assert answer.status == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def refused(run: Run, *arguments: str) -> str:
    answer = run("size", *arguments)
    assert (answer.stdout, answer.status) == ("", 2)
    return answer.stderr.splitlines()[-1].removeprefix("perpcalc: ")


def test_where_nothing_fits_the_first_line_and_the_reason_say_what_binds(run: Run) -> None:
    small = ("size", "--venue", "binance", "--side", "long", "--entry", "62500", "--balance", "0.00001")
    assert run(*small, "--stop", "60000", "--risk", "1%").stdout.startswith("nothing fits: the risk binds\n")
    opening = (*small, "--leverage", "5", "--max-open")
    assert run(*opening).stdout.startswith("nothing fits: the balance binds\n")
    assert run(*opening, "--field", "contracts,reason").stdout == (
        "0\tnothing fits (balance): not one lot of 1 contracts can be opened\n"
    )


class TestOfARisk:
    def test_every_field_in_its_order(self, run: Run) -> None:
        assert list(asked(run, *TRADE, "--risk", "1%")) == FIELDS

    def test_the_stop_loses_just_the_risk(self, run: Run) -> None:
        # Bybit: 0.015 coins over 1/60000 - 1/62500 and 0.055 % of both values; both values floored, both fees rounded up.
        found = asked(run, "--venue", "bybit", *TRADE, "--risk", "1%")
        assert (found["contracts"], found["binding"]) == ("21909", "risk")
        assert (found["risk"], found["loss_at_stop"]) == ("0.015", "0.01499964")
        assert found["side"] == "long"

    def test_a_stop_above_the_entry_is_that_of_a_short(self, run: Run) -> None:
        assert asked(run, "--entry", "62500", "--stop", "65000", "--risk-usd", "500")["side"] == "short"

    def test_usd_are_valued_at_the_stop(self, run: Run) -> None:
        found = asked(run, "--entry", "62500", "--stop", "60000", "--risk-usd", "600")
        assert (found["risk"], found["contracts"], found["loss_at_stop_usd"]) == ("0.01", "15000", "600")

    def test_the_answer_comes_first(self, run: Run) -> None:
        said = run("size", "--venue", "bybit", *TRADE, "--risk", "1%").stdout.splitlines()[0]
        assert said == "21,909 contracts: the risk binds; the stop costs 0.01499964 BTC (899.98 USD)"

    def test_zero_is_an_answer_and_says_what_a_lot_would_lose(self, run: Run) -> None:
        found = asked(
            run, "--venue", "binance", "--entry", "62500", "--stop", "60000", "--balance", "0.00001", "--risk", "1%"
        )
        assert (found["contracts"], found["liquidation_price"]) == ("0", None)
        assert found["reason"] == (
            "nothing fits (risk): one contract would lose 0.00006829 BTC at the stop, 682.90% of the balance"
        )

    def test_the_leverage_that_a_tier_allows_binds(self, run: Run) -> None:
        # Binance, brackets of 2026-09-16: 20x up to 150 coins, at 60,000 USD and 100 USD a contract.
        found = asked(
            run,
            "--venue",
            "binance",
            "--entry",
            "60000",
            "--stop",
            "59000",
            "--balance",
            "100",
            "--risk",
            "50%",
            "-l",
            "20",
        )
        assert (found["contracts"], found["binding"]) == ("90000", "venue")

    def test_at_the_safe_leverage_the_stop_comes_first(self, run: Run) -> None:
        found = asked(run, "--venue", "bybit", *TRADE, "--risk", "1%")
        trade = (
            "--venue",
            "bybit",
            "--side",
            "long",
            "-n",
            found["contracts"],
            "--entry",
            "62500",
            "--field",
            "liquidation_price",
        )
        at_safe = run("liq-price", *trade, "--leverage", found["max_safe_leverage"]).stdout
        beyond = run(
            "liq-price", *trade, "--leverage", str(Decimal(found["max_safe_leverage"]) + Decimal("0.05"))
        ).stdout
        assert Decimal(at_safe) < 60_000 < Decimal(beyond)

    def test_unknown_fees_are_said_once_for_each_option(self, run: Run) -> None:
        answer = run("size", "--venue", "coinex", *TRADE, "--risk", "1%", "--json")
        assert json.loads(answer.stdout)["fees"] == "0"
        assert answer.stderr == (
            "perpcalc: note: coinex: its fees are not known and left out: give --entry-fee\n"
            "perpcalc: note: coinex: its fees are not known and left out: give --exit-fee\n"
        )

    def test_an_unknown_maintenance_rate_leaves_only_the_price_out(self, run: Run) -> None:
        found = asked(run, *TRADE, "--risk", "1%")
        assert (found["contracts"], found["liquidation_price"]) == ("22500", None)
        assert found["reason"] == "the liquidation price is not known: give mmr"


class TestOfAllThatABalanceOpens:
    @pytest.mark.parametrize(("side", "contracts"), [("long", "103925"), ("short", "104043")])
    def test_bybit_reserves_the_closing_fee_at_bankruptcy(self, run: Run, side: str, contracts: str) -> None:
        # Bybit help, order cost (inverse): B*P*L/(1 + f*(2*L + 1)), 0.05 BTC at 44,089.5 and 50x, 0.06 %.
        assert asked(run, "--venue", "bybit", "--side", side, *OPENED)["contracts"] == contracts

    def test_risk_stop_and_loss_are_null_and_the_balance_binds(self, run: Run) -> None:
        found = asked(run, "--venue", "bybit", "--side", "long", *OPENED)
        assert [found[name] for name in ("stop_price", "risk", "loss_at_stop", "loss_at_stop_usd", "fees")] == [
            None
        ] * 5
        assert (found["binding"], found["margin"]) == ("balance", "0.04714275")
        assert Decimal(found["order_cost"]) <= Decimal("0.05")

    def test_the_largest_order_binds(self, run: Run) -> None:
        found = asked(
            run, "--venue", "bybit", "-s", "long", "-e", "60000", "-l", "100", "--balance", "100k", "--max-open"
        )
        assert (found["binding"], found["contracts"]) == ("venue", "9000000")

    def test_bitmex_reserves_two_fees(self, run: Run) -> None:
        # 100,000 sold at 100,000 and 1x, 0.075 %: 1.0015 coins.
        trade = ("--venue", "bitmex", "-s", "short", "-e", "100000", "-l", "1", "--entry-fee", "0.075%", "--max-open")
        assert asked(run, *trade, "--balance", "1.0015")["contracts"] == "100000"
        assert asked(run, *trade, "--balance", "1.0015")["order_cost"] == "1.0015"

    def test_all_that_is_missing_is_told_at_once(self, run: Run) -> None:
        assert refused(run, "--max-open", "-e", "5").startswith("--side, --leverage and --balance are missing: ")

    def test_a_stop_has_no_part_in_it(self, run: Run) -> None:
        assert refused(run, "--max-open", *TRADE, "-l", "5", "-s", "long") == (
            "--max-open: excludes --stop: it asks what can be opened, whatever the stop"
        )


class TestInAnAccount:
    def test_what_it_holds_counts(self, run: Run, book: Path) -> None:
        found = asked(run, *ACCOUNT, "--entry", "62500", "--stop", "60000", "--risk", "1%")
        assert (found["account"], found["contracts"], found["liquidation_price"]) == ("main", "183", "29269.76267713")

    @pytest.mark.parametrize("seed", range(12))
    def test_adding_the_result_to_the_file_shows_the_same_price(self, run: Run, book: Path, seed: int) -> None:
        chance = random.Random(seed)
        side = chance.choice(["long", "short"])
        entry = chance.randint(55_000, 70_000)
        stop = (
            entry * (100 - chance.randint(1, 20)) // 100
            if side == "long"
            else entry * (100 + chance.randint(1, 20)) // 100
        )
        more = ("--leverage", str(chance.randint(1, 3))) if chance.random() < 0.3 else ()
        book.write_text(WALLETS.replace("balance = 1.25", 'balance = 1.25\nmode = "hedge"'))
        found = asked(
            run, *ACCOUNT, "--entry", str(entry), "--stop", str(stop), "--risk", f"{chance.randint(1, 60)}%", *more
        )
        assert found["contracts"] != "0"
        keys = {"leverage": more[1]} if more else {}
        with book.open("a") as file:
            file.write(position("main", side, found["contracts"], entry, **keys))
        rows = json.loads(run("liq-price", "-p", "book.toml", "--json").stdout)
        (new,) = (row for row in rows if row["name"] == "new")
        assert new["liquidation_price"] == found["liquidation_price"]

    @pytest.mark.parametrize("risk", ["1%", "20%", "90%"])
    def test_so_it_is_with_several_coins(self, run: Run, book: Path, risk: str) -> None:
        book.write_text(UNIFIED)
        trade = ("-p", "book.toml", "--account", "uta", "-i", "BTCUSD")
        found = asked(run, *trade, "--entry", "100000", "--stop", "80000", "--risk", risk)
        book.write_text(UNIFIED + position("uta", "long", found["contracts"], 100_000, "BTCUSD"))
        rows = json.loads(run("liq-price", "-p", "book.toml", "--json").stdout)
        (new,) = (row for row in rows if row["name"] == "new")
        assert found["margin"] is None
        assert new["liquidation_price"] == found["liquidation_price"]
        assert found["liquidation_price"] is None or Decimal(found["liquidation_price"]) < 80_000

    def test_of_several_coins_one_lot_more_would_be_liquidated_before_the_stop(self, run: Run, book: Path) -> None:
        book.write_text(UNIFIED)
        trade = ("-p", "book.toml", "--account", "uta", "-i", "BTCUSD")
        found = asked(run, *trade, "--entry", "100000", "--stop", "80000", "--risk", "90%")
        assert found["binding"] == "liquidation"
        book.write_text(UNIFIED + position("uta", "long", int(found["contracts"]) + 1, 100_000, "BTCUSD"))
        rows = json.loads(run("liq-price", "-p", "book.toml", "--json").stdout)
        assert Decimal(rows[-1]["liquidation_price"]) >= 80_000

    def test_of_several_coins_the_risk_is_a_share_of_what_they_are_worth(self, run: Run, book: Path) -> None:
        book.write_text(UNIFIED)
        found = asked(
            run, "-p", "book.toml", "--account", "uta", "-i", "BTC", "-e", "100000", "--stop", "80000", "--risk", "1%"
        )
        assert found["risk"] == "0.01375"  # 1 % of 1 BTC, 10 ETH and a debt of 30,000: 1,100 USD at 80,000

    def test_of_several_coins_the_most_that_it_opens(self, run: Run, book: Path) -> None:
        book.write_text(UNIFIED)
        found = asked(
            run,
            "-p",
            "book.toml",
            "--account",
            "uta",
            "-i",
            "BTC",
            "-s",
            "long",
            "-e",
            "100000",
            "-l",
            "10",
            "--max-open",
        )
        more = asked(
            run,
            "-p",
            "book.toml",
            "--account",
            "uta",
            "-i",
            "BTC",
            "-s",
            "long",
            "-e",
            "100000",
            "-l",
            "20",
            "--max-open",
        )
        assert found["binding"] == more["binding"] == "balance"
        assert int(found["contracts"]) < int(more["contracts"])

    def test_a_trade_against_what_is_held_nets_and_says_so(self, run: Run, book: Path) -> None:
        answer = run("size", *ACCOUNT, "--entry", "62500", "--stop", "65000", "--risk", "1%", "--json")
        assert answer.stderr == (
            'perpcalc: note: account main: taken as one-way, the trade nets against what is held; mode = "hedge" keeps both sides\n'
        )
        book.write_text(WALLETS.replace("balance = 1.25", 'balance = 1.25\nmode = "hedge"'))
        hedged = run("size", *ACCOUNT, "--entry", "62500", "--stop", "65000", "--risk", "1%", "--json")
        assert hedged.stderr == ""
        assert Decimal(json.loads(answer.stdout)["leverage"]) < Decimal(json.loads(hedged.stdout)["leverage"])

    def test_the_portfolio_of_the_environment_gives_way(self, run: Run, book: Path) -> None:
        answer = run("size", *TRADE, "--risk", "1%", "--field", "account", env={"PERPCALC_PORTFOLIO": "book.toml"})
        assert (answer.stdout, answer.status) == ("\n", 0)
        used = run(
            "size",
            "--account",
            "main",
            "-e",
            "62500",
            "--stop",
            "60000",
            "--risk",
            "1%",
            "--field",
            "account",
            env={"PERPCALC_PORTFOLIO": "book.toml"},
        )
        assert used.stdout == "main\n"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("-p", "book.toml", "--balance", "1"), "--account: is missing: name an account of the portfolio"),
            (("--account", "main"), "--account: needs --portfolio: name the file that it is in"),
            ((*ACCOUNT, "--venue", "bybit"), "--venue: excludes --account: the account gives it"),
            ((*ACCOUNT, "--balance", "1"), "--balance: excludes --account: the account gives it"),
            ((*ACCOUNT, "--currency", "BTC"), "--currency: excludes --account: the account gives it"),
            (
                (*ACCOUNT, "-i", "ETH"),
                "--instrument: ETHUSD_PERP settles in ETH, not BTC: give one that settles in BTC",
            ),
            (("-p", "book.toml", "--account", "nix"), "--account: there is no account 'nix': give one of main, okx"),
        ],
    )
    def test_what_does_not_go_with_it(self, run: Run, book: Path, arguments: tuple[str, ...], message: str) -> None:
        assert refused(run, *arguments, "-e", "62500", "--stop", "60000", "--risk", "1%") == message

    def test_an_account_whose_rates_are_not_known_names_the_position(self, run: Run, book: Path) -> None:
        said = refused(run, "-p", "book.toml", "--account", "okx", "-e", "62500", "--stop", "60000", "--risk", "1%")
        assert said.startswith(
            "book.toml: position 3 (unknown), mmr: the maintenance tiers of BTC-USD-SWAP at okx are not known"
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (),
            "--entry, --stop and --risk are missing: --entry: give a price; --stop: give a price; --risk: give --risk, --risk-coin or --risk-usd",
        ),
        ((*TRADE, "--risk", "0%"), "--risk: 0% is out of range: give a rate above 0"),
        ((*TRADE, "--risk", "1%", "--risk-usd", "5"), "--risk-usd: excludes --risk: give the risk once"),
        (("-e", "5", "--stop", "4", "--risk", "1%"), "--risk: needs --balance or --account: it is a share of it"),
        (
            (*TRADE, "--risk", "1%", "--side", "short"),
            "--stop: 60000 does not protect a short entered at 62500: give a price above the entry",
        ),
        (
            (*TRADE, "--risk", "1%", "--target", "61000"),
            "--target: 61000 is no profit for a long entered at 62500: give a price above the entry",
        ),
        (
            (*TRADE, "--risk", "1%", "--buffer", "100%"),
            "--buffer: 100% leaves no price below the stop: give less than 100%",
        ),
        (
            ("-v", "bybit", "-l", "500", *TRADE, "--risk", "1%"),
            "--leverage: 500 is above the largest of BTCUSD at bybit: give at most 100",
        ),
        (
            ("-e", "62500", "--stop", "60000", "--risk-coin", "1", "--entry-fee=-5%", "--exit-fee=-5%"),
            "--max-leverage: the rebates outweigh the loss at the stop, so no size is too large: give a leverage cap",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused(run: Run, arguments: tuple[str, ...], message: str) -> None:
    assert refused(run, *arguments) == message


def test_where_nothing_fits_a_lot_is_measured_against_the_balance_where_there_is_one(run: Run) -> None:
    question = ("size", "--venue", "binance", "--side", "long", "-e", "62500", "--stop", "60000", "--json")
    alone, backed = (
        json.loads(run(*question, *more).stdout)["reason"]
        for more in (("--risk-coin", "0.00001"), ("--risk-coin", "0.00001", "--balance", "2"))
    )
    # 100*(1/60,000 - 1/62,500) and 0.05 % of both values, cut to 8 decimals each by itself
    assert alone == "nothing fits (risk): one contract would lose 0.00006829 BTC at the stop"
    assert backed == f"{alone}, 0.00% of the balance"


def test_the_most_that_opens_gives_a_reason_only_where_there_is_no_price(run: Run) -> None:
    question = (
        "size",
        "--venue",
        "bybit",
        "--side",
        "long",
        "-e",
        "62500",
        "--balance",
        "0.05",
        "--max-open",
        "--json",
    )
    found = json.loads(run(*question, "--leverage", "50").stdout)
    assert (found["reason"], found["liquidation_price"] is None) == (None, False)


def test_a_stop_at_the_entry_protects_no_side(run: Run) -> None:
    answer = run("size", "--entry", "62500", "--stop", "62500", "--balance", "1", "--risk", "1%")
    assert answer.stderr.startswith("perpcalc: --stop: 62500 does not protect a short entered at 62500")


def test_what_should_be_known_of_the_rules_is_said(run: Run) -> None:
    answer = run("size", "--venue", "bybit@2020-01-01", *TRADE, "--risk", "1%")
    assert "note: bybit@2020-01-01: the earliest known rules are used" in answer.stderr


def test_what_does_not_fit_has_no_liquidation_price_not_even_never(run: Run) -> None:
    small = ("size", "--entry", "62500", "--stop", "30000", "--balance", "0.00001", "--mmr", "1%")
    nothing = run(*small, "--risk", "1%").stdout
    assert nothing.startswith("nothing fits: the risk binds\n")
    assert "never" not in nothing
    bound = run(*small, "--risk-usd", "1000").stdout
    assert bound.endswith("173.33% of the balance, and is liquidated before it: at most 0.91x is safe\n")


def test_a_lot_of_several_contracts_is_said_as_such(run: Run) -> None:
    small = ("size", "--venue", "bitmex", "--entry", "62500", "--stop", "60000", "--balance", "0.00001", "--risk", "1%")
    assert "nothing fits (risk): one lot of 100 contracts would lose " in run(*small).stdout


def test_the_explanation_says_what_the_margin_is(run: Run) -> None:
    shown = run("size", *TRADE, "--risk", "1%", "--explain").stdout
    assert "cross: the whole balance of the wallet" in shown
    shown = run("size", *TRADE, "--risk", "1%", "-l", "5", "--explain").stdout
    assert "isolated" in shown
    assert "cross" not in shown


def test_what_is_covered_by_its_balance_is_never_liquidated(run: Run) -> None:
    short = ("size", "--entry", "62500", "--stop", "65000", "--balance", "1.5", "--risk", "1%")
    (line,) = (line for line in run(*short, "--mmr", "1%").stdout.splitlines() if "liquidation price" in line)
    assert "never" in line
    assert "never" not in run(*short).stdout


def test_the_explanation_names_the_bankruptcy_price(run: Run) -> None:
    shown = run("size", "--venue", "bybit", *TRADE, "--risk", "1%", "--explain").stdout
    assert "\nbankruptcy_price = 11,845.8\n" in shown
