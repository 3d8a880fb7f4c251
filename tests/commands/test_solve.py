"""`perpcalc solve`: what must change, proved by doing it and asking again."""

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from inside import Run

from perpcalc.commands.command import Group
from perpcalc.commands.registry import found as command_group
from perpcalc.decimals import plain

from .accounts import UNIFIED, WALLETS

FIELDS = (
    "name account venue instrument currency side contracts contract_size notional_usd entry_price mark_price goal goal_value value unit "
    "contracts_after entry_price_after margin_after liquidation_price_after margin_ratio_after reason"
).split()
BYBIT = ("--venue", "bybit@2026-01-01", "--side", "long", "-n", "10k", "--entry", "62500")
VENUES = ("binance", "bybit", "deribit", "bitmex", "kraken", "kucoin", "gate", "phemex")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.toml"
    path.write_text(WALLETS)
    return path


def rows(run: Run, *arguments: str) -> list[dict[str, Any]]:
    answer = run("solve", *arguments, "--json")
    assert answer.status == 0, answer.stderr
    found = json.loads(answer.stdout)
    return found if isinstance(found, list) else [found]


def asked(run: Run, *arguments: str) -> dict[str, Any]:
    (found,) = rows(run, *arguments)
    return found


def refused(run: Run, *arguments: str) -> str:
    answer = run("solve", *arguments)
    assert (answer.stdout, answer.status) == ("", 2)
    return answer.stderr.splitlines()[-1].removeprefix("perpcalc: ")


class TestKnownValues:
    """Those of the contract, and equations of one line."""

    def test_margin_of_an_isolated_long_at_bybit(self, run: Run) -> None:
        found = asked(run, "margin", *BYBIT, "--leverage", "5", "--liquidation", "50000")
        assert list(found) == FIELDS
        assert (found["value"], found["unit"], found["liquidation_price_after"]) == ("0.00900495", "BTC", "50000")
        assert (found["goal"], found["goal_value"], found["margin_after"]) == ("liquidation", "50000", "0.04100495")

    def test_margin_without_a_venue(self, run: Run) -> None:
        trade = ("--side", "long", "-n", "3920", "--entry", "9800", "--margin", "0.1", "--mmr", "0.5%")
        assert asked(run, "margin", *trade, "--liquidation", "7500")["value"] == "0.02528"

    def test_contracts_to_add_for_an_average(self, run: Run) -> None:
        found = asked(run, "add", "-s", "long", "-n", "10k", "-e", "62500", "--at", "54000", "--average", "58000")
        assert (found["value"], found["unit"], found["contracts_after"]) == ("9720", "contracts", "19720")
        assert found["liquidation_price_after"] is None

    def test_leverage_without_maintenance_is_that_of_bankruptcy(self, run: Run) -> None:
        # 1/(62500/50000 - 1)
        trade = ("--side", "long", "-n", "10k", "--entry", "62500", "--mmr", "0")
        assert asked(run, "leverage", *trade, "--liquidation", "50000")["value"] == "4"

    def test_contracts_that_a_balance_carries(self, run: Run) -> None:
        # 1/(1/40000 - 1/50000)
        found = asked(
            run, "contracts", "-s", "long", "-e", "50000", "--balance", "1", "--mmr", "0", "--liquidation", "40000"
        )
        assert (found["value"], found["contracts"], found["notional_usd"]) == ("200000", None, None)

    def test_contracts_to_close_at_the_mark(self, run: Run) -> None:
        trade = ("-s", "long", "-n", "10k", "-e", "50000", "-m", "50000", "--balance", "0.05", "--mmr", "0")
        assert asked(run, "close", *trade, "--liquidation", "25000")["value"] == "7500"

    def test_entry_from_which_it_is_not_liquidated_before_a_price(self, run: Run) -> None:
        # 40000*(1 + 1/4)
        found = asked(run, "entry", "-s", "long", "-n", "10k", "-l", "4", "--mmr", "0", "--liquidation", "40000")
        assert (found["value"], found["unit"], found["entry_price"]) == ("50000", "USD", None)

    def test_entry_that_makes_a_profit(self, run: Run) -> None:
        trade = ("-s", "long", "-n", "10k", "--exit", "10000", "--target-pnl", "0.25")
        assert asked(run, "entry", *trade)["value"] == "8000"

    def test_prices_below_and_above(self, run: Run) -> None:
        trade = ("-s", "long", "-n", "10k", "-e", "10000", "--balance", "1")
        below, above = rows(run, "price", *trade, "--equity", "0.75")
        assert (below["value"], above["value"]) == ("8000", None)
        assert above["reason"] == "not reached at any price above"


class TestDoneAndAskedAgain:
    """The position that the answer makes shows the figures that the answer says of afterwards."""

    @pytest.mark.parametrize("venue", VENUES)
    @pytest.mark.parametrize("side", ["long", "short"])
    def test_the_value_brings_the_goal(self, run: Run, venue: str, side: str) -> None:
        chance = random.Random(f"{venue} {side}")
        sign = 1 if side == "long" else -1
        for _ in range(3):
            entry = chance.randint(50_000, 70_000)
            goal = str(entry - sign * chance.randint(2_000, 12_000))
            mark = str(entry - sign * chance.randint(-900, 900))
            trade = ["--venue", venue, "-s", side, "-n", f"{chance.randint(1, 50)}000"]
            price, leverage = ["-e", str(entry)], str(chance.randint(2, 8))
            backed = chance.choice([["--leverage", leverage], ["--margin", "0.3"], ["--balance", "0.4"]])

            found = asked(run, "margin", *trade, *price, *backed, "-m", mark, "--liquidation", goal)
            if backed[0] == "--balance":
                after = ["--balance", plain(Decimal("0.4") + Decimal(found["value"]))]
            else:
                after = [*backed, "--extra-margin", found["value"]]
            if Decimal(after[-1]) > 0:
                self.same(run, found, [*trade, *price, *after, "-m", mark])

            found = asked(run, "leverage", *trade, *price, "--liquidation", goal)
            self.same(run, found, [*trade, *price, "--leverage", found["value"]])

            found = asked(run, "contracts", *trade[:4], *price, "--balance", "0.4", "--liquidation", goal)
            self.same(run, found, [*trade[:4], "-n", found["value"], *price, "--balance", "0.4"])

            found = asked(run, "entry", *trade, "--leverage", leverage, "--liquidation", goal)
            self.same(run, found, [*trade, "-e", found["value"], "--leverage", leverage])

    def same(self, run: Run, found: dict[str, Any], trade: list[str]) -> None:
        side = 1 if found["side"] == "long" else -1
        assert side * (Decimal(found["goal_value"]) - Decimal(found["liquidation_price_after"])) >= 0
        answer = run("liq-price", *trade, "--json")
        assert answer.status == 0, answer.stderr
        shown = json.loads(answer.stdout)
        for after, now in (("liquidation_price_after", "liquidation_price"), ("margin_after", "margin")):
            assert found[after] == shown[now], (found, trade)

    @pytest.mark.parametrize("goal", [("--liquidation", "45000"), ("--margin-ratio", "1%")])
    def test_so_it_is_in_an_account(self, run: Run, book: Path, goal: tuple[str, str]) -> None:
        found = asked(run, "margin", "-p", "book.toml", "--position", "core", *goal)
        after = plain(Decimal("1.25") + Decimal(found["value"]))
        book.write_text(WALLETS.replace("balance = 1.25", f"balance = {after}"))
        shown = json.loads(run("liq-price", "-p", "book.toml", "--json").stdout)[0]
        assert (shown["liquidation_price"], shown["margin_ratio"]) == (
            found["liquidation_price_after"],
            found["margin_ratio_after"],
        )

    @pytest.mark.parametrize("name", ["core", "eth"])
    def test_so_it_is_with_several_coins(self, run: Run, book: Path, name: str) -> None:
        book.write_text(UNIFIED)
        found = asked(run, "margin", "-p", "book.toml", "--position", name, "--margin-ratio", "2%")
        coin, held = ("BTC", 1) if name == "core" else ("ETH", 10)
        assert (found["unit"], found["margin_after"]) == (coin, None)
        after = plain(held + Decimal(found["value"]))
        book.write_text(UNIFIED.replace(f"{coin} = {held},", f"{coin} = {after},"))
        shown = {row["name"]: row for row in json.loads(run("liq-price", "-p", "book.toml", "--json").stdout)}[name]
        assert (shown["liquidation_price"], shown["margin_ratio"]) == (
            found["liquidation_price_after"],
            found["margin_ratio_after"],
        )
        assert Decimal("0.0199999") < Decimal(found["margin_ratio_after"]) <= Decimal("0.02")

    def test_a_price_with_several_coins_has_the_ratio(self, run: Run, book: Path) -> None:
        book.write_text(UNIFIED)
        below, above = rows(run, "price", "-p", "book.toml", "--position", "core", "--margin-ratio", "10%")
        assert above["value"] is None
        book.write_text(UNIFIED.replace("BTC = 100_000", f"BTC = {below['value']}"))
        shown = json.loads(run("liq-price", "-p", "book.toml", "--json").stdout)[0]
        assert shown["margin_ratio"] == below["margin_ratio_after"]
        assert Decimal("0.099") < Decimal(shown["margin_ratio"]) <= Decimal("0.1")

    def test_what_is_closed_with_several_coins_brings_the_goal(self, run: Run, book: Path) -> None:
        book.write_text(UNIFIED)
        found = asked(run, "close", "-p", "book.toml", "--position", "core", "--margin-ratio", "0.7%")
        assert 0 < int(found["value"]) < 150_000
        assert Decimal(found["margin_ratio_after"]) <= Decimal("0.007")
        assert int(found["contracts_after"]) == 150_000 - int(found["value"])

    def test_an_account_of_several_coins_knows_no_equity_in_one_and_no_leverage(self, run: Run, book: Path) -> None:
        book.write_text(UNIFIED)
        position = ("-p", "book.toml", "--position", "core")
        assert refused(run, "price", *position, "--equity", "1").endswith("has no equity in one: give equity_usd")
        for command in ("leverage", "contracts", "entry"):
            found = asked(run, command, *position, "--liquidation", "50000")
            assert (found["value"], found["reason"][:30]) == (None, "in an account of several coins")


class TestWhatIsAskedFor:
    @pytest.mark.parametrize(
        ("command", "given", "key"),
        [
            ("contracts", ("-n", "10", "-e", "62500", "--balance", "1"), "--contracts"),
            ("leverage", ("-n", "10", "-e", "62500", "-l", "7"), "--leverage"),
            ("leverage", ("-n", "10", "-e", "62500", "--margin", "1"), "--margin"),
            ("entry", ("-n", "10k", "-e", "70000", "-l", "4"), "--entry"),
        ],
    )
    def test_it_may_be_given_and_is_not_used(self, run: Run, command: str, given: tuple[str, ...], key: str) -> None:
        answer = run(
            "solve", command, "-v", "bybit", "-s", "long", *given, "--liquidation", "50000", "--field", "value"
        )
        assert f"perpcalc: note: {key}: not used, it is what is asked for" in answer.stderr.splitlines()
        place = given.index({"--contracts": "-n", "--leverage": "-l", "--margin": "--margin", "--entry": "-e"}[key])
        without = run(
            "solve",
            command,
            "-v",
            "bybit",
            "-s",
            "long",
            *given[:place],
            *given[place + 2 :],
            "--liquidation",
            "50000",
            "--field",
            "value",
        )
        assert "not used" not in without.stderr
        assert without.stdout == answer.stdout

    def test_the_entry_now_stands_in_its_row(self, run: Run) -> None:
        trade = ("solve", "entry", "-v", "bybit", "-s", "long", "-n", "10k", "-l", "10", "--liquidation", "55000")
        assert run(*trade, "-e", "61000", "--field", "entry_price,value").stdout == "61000\t60199\n"

    def test_margin_beside_the_leverage_stays(self, run: Run) -> None:
        trade = ("leverage", *BYBIT, "-l", "10", "--liquidation", "50000", "--field", "value")
        assert Decimal(run("solve", *trade, "--extra-margin", "0.01").stdout) > Decimal(run("solve", *trade).stdout)

    def test_nothing_is_rounded_with_exact_but_contracts_and_leverage(self, run: Run) -> None:
        trade = ("margin", *BYBIT, "-l", "5", "--liquidation", "50000")
        assert asked(run, *trade, "--exact")["value"] == "0.00900495"
        below, _ = rows(run, "price", *BYBIT, "-l", "5", "--margin-ratio", "50%", "--exact")
        assert below["value"] == "52604.166666666666666667"  # 10,000*(0.5 + 0.005)/(0.5*0.192)


class TestOfAPortfolio:
    def test_one_position_is_a_row_of_an_array_with_its_sentence(self, run: Run, book: Path) -> None:
        arguments = ("solve", "margin", "-p", "book.toml", "--position", "core", "--liquidation", "50000")
        (row,) = json.loads(run(*arguments, "--json").stdout)
        assert (row["name"], row["account"], row["value"]) == ("core", "main", "-1.046")
        said = run(*arguments).stdout.splitlines()[0]
        assert said == "1.04600000 BTC may be taken out: then liquidated at 50,000.0 USD"

    def test_without_a_name_each_position_has_a_row_in_file_order(self, run: Run, book: Path) -> None:
        found = rows(run, "margin", "-p", "book.toml", "--liquidation", "50000")
        assert [row["name"] for row in found] == ["core", "swing", "unknown"]
        assert found[0]["value"] == "-1.046"
        assert (found[1]["value"], found[1]["reason"]) == (
            None,
            "liquidation: 50000 is below the mark price, where a short is not liquidated: give a price above it",
        )
        assert "mmr" in found[2]["reason"]

    def test_a_linear_leg_has_a_reason(self, run: Run, book: Path) -> None:
        book.write_text(UNIFIED)
        found = rows(run, "price", "-p", "book.toml", "--equity-usd", "90k")
        assert [row["name"] for row in found] == ["core", "core", "eth", "eth", "leg", "leg"]
        assert found[-1]["reason"] == "a linear leg: solve for an inverse position"

    def test_an_unknown_of_another_account_hides_nothing(self, run: Run, book: Path) -> None:
        assert (
            asked(run, "margin", "-p", "book.toml", "--position", "swing", "--liquidation", "80000")["value"]
            is not None
        )

    def test_what_the_account_holds_beside_counts(self, run: Run, book: Path) -> None:
        alone = asked(run, "margin", "-p", "book.toml", "--position", "core", "--liquidation", "45000")
        with book.open("a") as file:
            file.write(
                '[[positions]]\nname = "more"\naccount = "main"\nside = "long"\ncontracts = 100\nentry = 62_500\n'
            )
        beside = asked(run, "margin", "-p", "book.toml", "--position", "core", "--liquidation", "45000")
        assert Decimal(beside["value"]) > Decimal(alone["value"])

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (
                ("-p", "book.toml", "--position", "nix"),
                "--position: there is no position 'nix': give one of core, swing, unknown",
            ),
            (("--position", "core"), "--position: needs --portfolio: name the file that it is in"),
            (
                ("-p", "book.toml", "--position", "core", "-s", "long"),
                "--position: excludes --side: the portfolio describes it",
            ),
            (("-p", "book.toml", "-s", "long"), "--side: excludes --portfolio: it describes a position of its own"),
        ],
    )
    def test_what_does_not_go_with_it(self, run: Run, book: Path, arguments: tuple[str, ...], message: str) -> None:
        assert refused(run, "margin", *arguments, "--liquidation", "50000") == message

    def test_a_goal_on_the_wrong_side_names_the_position(self, run: Run, book: Path) -> None:
        assert refused(run, "margin", "-p", "book.toml", "--position", "core", "--liquidation", "70000") == (
            "book.toml: position 1 (core), liquidation: 70000 is above the mark price, where a long is not liquidated: give a price below it"
        )


class TestSentences:
    LONG = ("-s", "long", "-n", "10k", "-e", "62500")

    def first(self, run: Run, *arguments: str) -> str:
        return run("solve", *arguments).stdout.splitlines()[0]

    def test_say_what_the_position_is_then(self, run: Run) -> None:
        bought = self.first(run, "add", *self.LONG, "--at", "54000", "--average", "58000")
        assert bought == "add 9,720 contracts: then the average entry is 58,000.00 USD"
        profit = self.first(run, "entry", "-s", "long", "-n", "10k", "--exit", "64000", "--target-pnl", "0.01")
        assert profit.endswith(": then the profit is +0.01000000 BTC")
        ratio = self.first(
            run, "margin", *self.LONG, "-l", "5", "--mmr", "0.5%", "--mark", "62500", "--margin-ratio", "5%"
        )
        assert ratio.endswith(": then the margin ratio is 5.00%")


class TestWithoutARate:
    def test_an_equity_has_its_price_and_what_it_takes_a_rate_for_has_none(self, run: Run) -> None:
        question = ("solve", "price", "-s", "long", "-n", "10k", "-e", "50000", "--balance", "1", "--mark", "50000")
        shown = ("--equity", "0.9", "--field", "value,liquidation_price_after,margin_ratio_after")
        bare = run(*question, *shown).stdout.splitlines()[0]
        assert bare == "33333.333333333333333333\t\t"
        # 10,000 (1 + 0.5%) / 1.2; 0.5% of 0.3 over 0.9
        known = run(*question, "--mmr", "0.5%", *shown).stdout.splitlines()[0]
        assert known == "33333.333333333333333333\t8375\t0.001666666666666667"


class TestReasons:
    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (("leverage", "--balance", "1", "--liquidation", "50000"), "an account is liquidated by its balance, which leverage does not move"),
            (("close", "-l", "5", "-m", "60000", "--liquidation", "50000"), "the margin of an isolated position falls in proportion to what is closed"),
            (("add", "--at", "54000", "--average", "50000"), "no number of contracts at 54000 does it"),
        ],
    )  # fmt: skip
    def test_where_nothing_does_it(self, run: Run, arguments: tuple[str, ...], reason: str) -> None:
        found = asked(run, arguments[0], *BYBIT, *arguments[1:])
        assert (found["value"], found["contracts_after"], found["reason"]) == (None, None, reason)

    def test_a_reason_is_said_once(self, run: Run) -> None:
        shown = run("solve", "leverage", *BYBIT, "--balance", "1", "--liquidation", "50000").stdout
        assert shown.count("an account is liquidated by its balance") == 1
        assert shown.startswith("nothing does it: an account is liquidated by its balance")

    def test_zero_is_said_as_nothing_to_do(self, run: Run) -> None:
        trade = ("close", *BYBIT, "--balance", "1", "-m", "62000", "--liquidation", "50000")
        assert run("solve", *trade).stdout.startswith("nothing to do: already so\n")

    def test_leverage_stops_at_the_largest(self, run: Run) -> None:
        found = asked(run, "leverage", *BYBIT, "--liquidation", "62400")
        assert (found["value"], found["reason"]) == ("100", "the tier allows at most 100x")


GOALS_TWICE = ("--liquidation", "50000", "--margin-ratio", "5%")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("margin", *BYBIT, "-l", "5", "--liquidation", "70000"), "--liquidation: 70000 is above the entry price, where a long is not liquidated: give a price below it"),
        (("margin", *BYBIT, "-l", "5", *GOALS_TWICE), "--margin-ratio: excludes --liquidation: give one goal"),
        (("margin", *BYBIT, "-l", "5", "--margin-ratio", "5%"), "--mark: is missing: give the price now"),
        (("margin", *BYBIT, "-l", "5", "-m", "60000", "--margin-ratio", "120%"), "--margin-ratio: 120% is out of range: give more than 0% and less than 100%"),
        (("margin", *BYBIT, "-l", "5"), "--liquidation: is missing: give --liquidation or --margin-ratio"),
        (("close", *BYBIT, "--balance", "1", "--liquidation", "50000"), "--mark: is missing: give the price now"),
        (("contracts", *BYBIT, "-l", "5", "--liquidation", "50000"), "--margin: is missing: give --margin or --balance"),
        (("add", *BYBIT, "--average", "50000"), "--at: is missing: give the price to add at"),
        (("add", *BYBIT, "--at", "5"), "--average: is missing: give --average, --liquidation or --margin-ratio"),
        (("entry", *BYBIT, "-l", "5", "--exit", "60000"), "--exit: needs --target-pnl: give the profit there"),
        (("entry", *BYBIT, "-l", "5", "--target-pnl", "1"), "--target-pnl: needs --exit: give the price of the exit"),
        (("entry", *BYBIT, "-l", "500", "--liquidation", "50000"), "--leverage: 500 is above the largest of BTCUSD at bybit@2026-01-01: give at most 100"),
        (("price", *BYBIT, "-l", "5"), "--margin-ratio: is missing: give --margin-ratio, --equity or --equity-usd"),
        (("margin", "-s", "long", "-n", "5", "-e", "5", "-l", "5", "--liquidation", "4"), "--mmr: no maintenance rate is known: give one as --mmr, or a --venue"),
        (("nix",), "solve 'nix': no such command: give one of margin, leverage, contracts, add, close, entry, price"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused(run: Run, arguments: tuple[str, ...], message: str) -> None:
    assert refused(run, *arguments) == message


def test_the_examples_of_the_help_run(run: Run, tmp_path: Path) -> None:
    group = command_group("solve")
    assert isinstance(group, Group)
    assert run("portfolio", "init", "portfolio.toml").status == 0
    for command in group.commands:
        for example in command.examples:
            _, *words = example.replace("'core long'", "core long|").split(" ")
            arguments = " ".join(words).replace("core long|", "core_long").split()
            answer = run(*(word.replace("core_long", "core long") for word in arguments))
            assert answer.status == 0, (example, answer.stderr)
            assert answer.stdout


@pytest.mark.parametrize(("what", "unit"), [("margin", "BTC"), ("close", "contracts")])
def test_what_is_not_found_has_the_unit_that_it_would_have(run: Run, tmp_path: Path, what: str, unit: str) -> None:
    (tmp_path / "coins.toml").write_text(UNIFIED)
    (row,) = json.loads(
        run("solve", what, "-p", "coins.toml", "--position", "leg", "--margin-ratio", "50%", "--json").stdout
    )
    assert (row["value"], row["unit"]) == (None, unit)


def test_what_is_so_already_needs_nothing(run: Run) -> None:
    margin = ("solve", "margin", "-s", "long", "-n", "100", "-e", "100", "--margin", "0.25", "--mmr", "0")
    assert run(*margin, "--liquidation", "80").stdout.splitlines()[0] == "nothing to do"
