"""`perpcalc check`: rows worst first, and a status that a gate can trust."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inside import Run

from perpcalc.commands.check import WHYS
from perpcalc.core.limits import RULES

TRADE = ("--side", "long", "-n", "10000", "--entry", "62500", "--venue", "bybit@2026-01-01", "--leverage", "10")
PORTFOLIO = """
[prices]
BTC = 64_000

[[accounts]]
name = "wallet"
venue = "binance"
balance = 1.25

[[positions]]
name = "core long"
account = "wallet"
side = "long"
contracts = 500
entry = 62_500
stop = 60_000
funding_rate = "0.01%"

[[positions]]
name = "alone"
venue = "bybit"
side = "long"
usd = 10_000
entry = 60_000
leverage = 10
"""
EVERY_LIMIT = """
[limits]
max_leverage = 5
min_liquidation_distance = "15%"
max_loss_at_stop = "5%"
max_funding_per_day = "0.05%"
stop_before_liquidation = true
require_stop = true
max_notional_usd = 2_000_000
max_touch_probability = "5%"
vol = "60%"
horizon = "7d"
"""


@pytest.fixture
def check(run: Run) -> Callable[..., Any]:
    """Run `perpcalc check --json`; returns the status, the rows and what stderr says."""

    def call(*arguments: str, **more: Any) -> tuple[int, list[dict[str, Any]], str]:
        answer = run("check", *arguments, "--json", **more)
        rows = json.loads(answer.stdout) if answer.stdout else []
        return answer.status, rows, answer.stderr

    return call


def by_rule(rows: list[dict[str, Any]], position: str = "planned trade") -> dict[str, tuple[Any, str]]:
    return {row["rule"]: (row["value"], row["status"]) for row in rows if row["position"] == position}


class TestStatus:
    def test_all_pass(self, check: Callable[..., Any]) -> None:
        status, rows, errors = check(*TRADE, "--max-leverage", "10", "--stop", "60000", "--require-stop")
        assert (status, errors) == (0, "")
        assert rows == [
            {"position": "planned trade", "rule": "max_leverage", "limit": "10", "value": "10", "status": "pass"},
            {"position": "planned trade", "rule": "require_stop", "limit": True, "value": True, "status": "pass"},
        ]

    def test_one_fails(self, check: Callable[..., Any]) -> None:
        status, rows, _ = check(*TRADE, "--max-leverage", "9.99", "--max-notional-usd", "10k")
        assert status == 1
        assert [row["status"] for row in rows] == ["fail", "pass"]

    def test_one_cannot_be_judged(self, check: Callable[..., Any]) -> None:
        status, rows, errors = check(*TRADE, "--max-leverage", "10", "--max-funding-per-day", "1%")
        assert status == 2
        assert [row["status"] for row in rows] == ["unknown", "pass"]
        assert errors == (
            "perpcalc: note: planned trade: max_funding_per_day cannot be judged: --funding-rate: is missing: "
            "give the rate per interval\n"
        )

    def test_a_failure_beats_what_cannot_be_judged(self, check: Callable[..., Any]) -> None:
        status, rows, _ = check(*TRADE, "--max-leverage", "1", "--max-funding-per-day", "1%")
        assert status == 1
        assert [row["status"] for row in rows] == ["fail", "unknown"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (TRADE, "there is no limit to check"),
            ((*TRADE, "--vol", "60%", "--horizon", "7d"), "there is no limit to check"),
            (("--max-leverage", "5"), "there is nothing to check"),
            ((*TRADE, "--max-leverage", "nan"), "it must be finite"),
            ((*TRADE, "--max-levrage", "5"), "No such option"),
            ((*TRADE, "--max-loss-at-stop", "2"), "write 2% or 200%"),
            ((*TRADE, "--max-leverage", "5", "--account", "a"), "needs --portfolio"),
            (("--side", "long", "-n", "10", "--max-notional-usd", "5"), "--entry: is missing"),
        ],
    )
    def test_what_is_no_question_prints_nothing(
        self, check: Callable[..., Any], arguments: tuple[str, ...], message: str
    ) -> None:
        status, rows, errors = check(*arguments)
        assert (status, rows) == (2, [])
        assert message in errors
        assert errors.count("\n") == 1


class TestRules:
    @pytest.mark.parametrize("venue", ["bybit", "bitmex", "okx", "binance", "deribit"])
    @pytest.mark.parametrize(
        "trade",
        [
            ("--side", "long", "-n", "10000", "-e", "61000"),
            ("--side", "short", "--fill", "3000@61007", "--fill", "500@60003"),
        ],
    )
    def test_leverage_is_not_rounded_so_a_trade_at_its_limit_passes(
        self, check: Callable[..., Any], tmp_path: Path, venue: str, trade: tuple[str, ...]
    ) -> None:
        status, rows, _ = check(*trade, "--venue", venue, "--leverage", "5", "--max-leverage", "5")
        assert (status, rows[0]["value"]) == (0, "5")
        (tmp_path / "p.toml").write_text("")
        status, rows, _ = check(*trade, "--venue", venue, "--leverage", "5", "--max-leverage", "5", "-p", "p.toml")
        assert (status, rows[0]["value"]) == (0, "5")

    def test_leverage_needs_no_maintenance_rate(self, check: Callable[..., Any]) -> None:
        status, rows, _ = check("--side", "long", "-n", "100", "-e", "100", "--leverage", "3", "--max-leverage", "3")
        assert status == 0
        assert rows[0]["value"] == "3"

    def test_leverage_is_that_of_the_mark(self, check: Callable[..., Any]) -> None:
        # 1 coin at 10,000, margin 0.5: at 8,000 worth 1.25 coins over 0.25 of equity.
        position = ("--side", "long", "-n", "10000", "-e", "10000", "--leverage", "2")
        _, rows, _ = check(*position, "--mark", "8000", "--max-leverage", "9")
        assert rows[0]["value"] == "5"

    def test_a_position_without_equity_fails_without_a_value(self, check: Callable[..., Any]) -> None:
        position = ("--side", "long", "-n", "10000", "-e", "10000", "--leverage", "2")
        status, rows, _ = check(*position, "--mark", "6000", "--max-leverage", "1000000")
        assert status == 1
        assert rows[0]["value"] is None

    def test_a_short_that_is_never_liquidated_is_far_enough(self, check: Callable[..., Any]) -> None:
        position = ("--side", "short", "-n", "100", "-e", "100", "--leverage", "1", "--mmr", "0.5%")
        touch = ("--max-touch-probability", "0", "--vol", "60%", "--horizon", "7d")
        status, rows, _ = check(*position, "--min-liquidation-distance", "99%", "--stop-before-liquidation", *touch)
        assert status == 0
        assert by_rule(rows) == {
            "min_liquidation_distance": (None, "pass"),
            "stop_before_liquidation": (True, "pass"),
            "max_touch_probability": ("0", "pass"),
        }

    def test_a_position_beyond_its_liquidation_is_at_no_distance(self, check: Callable[..., Any]) -> None:
        status, rows, _ = check(*TRADE, "--mark", "50000", "--min-liquidation-distance", "0.01%")
        assert (status, rows[0]["value"]) == (1, "0")

    def test_the_distance_is_compared_by_its_size(self, check: Callable[..., Any]) -> None:
        status, rows, _ = check(*TRADE, "--min-liquidation-distance", "8%")
        assert (status, rows[0]["value"]) == (0, "0.08636")

    def test_without_a_maintenance_rate_liquidation_cannot_be_judged(self, check: Callable[..., Any]) -> None:
        position = ("--side", "long", "-n", "100", "-e", "100", "--leverage", "3")
        status, rows, errors = check(*position, "--min-liquidation-distance", "1%")
        assert (status, rows[0]["status"]) == (2, "unknown")
        assert "--mmr" in errors

    def test_a_missing_stop_fails(self, check: Callable[..., Any]) -> None:
        status, rows, _ = check(*TRADE, "--require-stop", "--max-loss-at-stop", "99%")
        assert status == 1
        assert by_rule(rows) == {"require_stop": (False, "fail"), "max_loss_at_stop": (None, "fail")}

    def test_a_stop_on_the_winning_side_is_none(self, check: Callable[..., Any]) -> None:
        status, rows, errors = check(*TRADE, "--stop", "65000", "--require-stop", "--max-loss-at-stop", "99%")
        assert status == 1
        assert by_rule(rows) == {"require_stop": (False, "fail"), "max_loss_at_stop": (None, "fail")}
        assert "the stop 65000 does not protect a long at 62500" in errors

    def test_of_the_stops_of_two_parts_the_one_that_protects_nothing_is_named(
        self, check: Callable[..., Any], tmp_path: Path
    ) -> None:
        wallet = "[prices]\nBTC = 64_000\n" + '[[accounts]]\nname = "w"\nvenue = "binance@2026-01-01"\nbalance = 1\n'
        core = '[[positions]]\nname = "core"\naccount = "w"\nside = "long"\ncontracts = 100\nentry = 62_500\n'
        (tmp_path / "p.toml").write_text(wallet + core + "stop = 60_000\n")
        trade = ("--account", "w", "-s", "long", "-n", "100", "-e", "64000", "--stop", "65000", "--require-stop")
        status, _, errors = check("-p", "p.toml", *trade)
        assert (status, errors.count("does not protect")) == (1, 1)
        assert "the stop 65000 does not protect a long at 64000" in errors

    def test_a_stop_is_no_matter_of_other_limits(self, check: Callable[..., Any]) -> None:
        short = ("-s", "short", "-n", "1000", "-e", "64000", "-l", "1", "--mmr", "0.5%", "--stop", "60000")
        status, rows, errors = check(*short, "--min-liquidation-distance", "10%")
        assert (status, rows[0]["value"], errors) == (0, None, "")

    def test_the_loss_at_the_stop_includes_the_fees(self, check: Callable[..., Any]) -> None:
        # 0.16 to 0.16666666 coins, fees 0.000088 and 0.00009167, of the margin 0.016 (Bybit's rounding).
        _, rows, _ = check(*TRADE, "--stop", "60000", "--max-loss-at-stop", "50%")
        assert rows[0]["value"] == "0.427895625"

    def test_a_stop_beyond_liquidation_fails(self, check: Callable[..., Any]) -> None:
        status, rows, _ = check(*TRADE, "--stop", "57000", "--stop-before-liquidation")
        assert (status, rows[0]["value"]) == (1, False)

    @pytest.mark.parametrize(
        ("given", "missing"), [((), "--vol"), (("--vol", "60%"), "--horizon"), (("--horizon", "7d"), "--vol")]
    )
    def test_a_touch_probability_needs_volatility_and_time(
        self, check: Callable[..., Any], given: tuple[str, ...], missing: str
    ) -> None:
        status, rows, errors = check(*TRADE, "--max-touch-probability", "5%", *given)
        assert (status, by_rule(rows)) == (2, {"max_touch_probability": (None, "unknown")})
        assert f"max_touch_probability cannot be judged: {missing}: is missing" in errors
        assert check(*TRADE, "--max-touch-probability", "5%", *given, "--require-stop")[0] == 1

    def test_no_stop_cannot_be_compared_with_liquidation(self, check: Callable[..., Any]) -> None:
        status, rows, _ = check(*TRADE, "--stop-before-liquidation")
        assert (status, rows[0]["status"]) == (2, "unknown")

    def test_funding_that_is_received_passes(self, check: Callable[..., Any]) -> None:
        status, rows, _ = check(*TRADE, "--funding-rate", "-0.01%", "--max-funding-per-day", "0")
        assert (status, rows[0]["value"]) == (0, "-0.003")

    def test_funding_without_a_venue_needs_its_interval(self, check: Callable[..., Any]) -> None:
        position = ("--side", "long", "-n", "10000", "-e", "10000", "--leverage", "10", "--funding-rate", "0.01%")
        status, _, errors = check(*position, "--max-funding-per-day", "1%")
        assert status == 2
        assert "--interval" in errors
        status, rows, _ = check(*position, "--max-funding-per-day", "1%", "--interval", "8h")
        assert (status, rows[0]["value"]) == (0, "0.003")

    def test_a_rate_of_an_hour_is_paid_for_all_hours_of_an_interval(self, check: Callable[..., Any]) -> None:
        position = ("-v", "kraken@2022-01-01", "--side", "long", "-n", "10000", "-e", "50000", "-l", "2")
        limit = ("--funding-rate", "0.01%", "--max-funding-per-day", "1%")
        for more in ((), ("--interval", "8h")):
            assert check(*position, *limit, *more)[1][0]["value"] == "0.0048"  # 24 hours, twice levered


def test_what_is_said_of_a_value_is_said_of_a_rule_that_there_is() -> None:
    assert set(WHYS) <= set(RULES)


class TestPortfolio:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "p.toml"
        path.write_text(PORTFOLIO + EVERY_LIMIT)
        return path

    def test_every_limit_for_every_position(self, check: Callable[..., Any], file: Path) -> None:
        status, rows, _ = check("-p", file.name)
        assert status == 1
        assert len(rows) == 16
        core = by_rule(rows, "core long")
        # A payment of 0.00007812 BTC (Binance cuts it), three times a day, of 1.25 BTC; 500 contracts of 100 USD: 50,000/64,000 coins over 1.25 + 0.8 - 0.78125 coins of equity.
        assert core["max_leverage"][0].startswith("0.6157")
        assert core["max_notional_usd"] == ("50000", "pass")
        assert core["max_funding_per_day"] == ("0.000187488", "pass")
        assert {status for _, status in core.values()} == {"pass"}
        alone = by_rule(rows, "alone")
        assert alone["require_stop"] == (False, "fail")
        assert alone["max_funding_per_day"] == (None, "unknown")

    def test_flags_go_before_the_file_of_limits_and_that_before_the_portfolio(
        self, check: Callable[..., Any], file: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "limits.toml").write_text("max_leverage = 4\nmax_notional_usd = 1\n")
        _, rows, _ = check("-p", file.name, "--limits", "limits.toml", "--max-leverage", "3")
        limits = {row["rule"]: row["limit"] for row in rows}
        assert limits["max_leverage"] == "3"
        assert limits["max_notional_usd"] == "1"
        assert limits["max_loss_at_stop"] == "0.05"

    def test_the_account_after_the_trade(self, check: Callable[..., Any], file: Path) -> None:
        trade = ("--side", "long", "-n", "2000", "--entry", "64000", "--stop", "63500", "--funding-rate", "0.001%")
        status, rows, _ = check("-p", file.name, "--account", "wallet", *trade)
        assert status == 0
        # One position of the contract: 250,000/64,000 coins over 1.26875.
        assert {row["position"] for row in rows} == {"planned trade"}
        assert by_rule(rows)["max_leverage"][0].startswith("3.0788")
        assert by_rule(rows)["max_notional_usd"] == ("250000", "pass")

    def test_a_trade_too_large_for_the_account(self, check: Callable[..., Any], file: Path) -> None:
        trade = ("--side", "long", "-n", "5000", "--entry", "64000", "--stop", "63000", "--funding-rate", "0.01%")
        status, rows, _ = check("-p", file.name, "--account", "wallet", *trade)
        assert status == 1
        assert by_rule(rows)["max_leverage"][1] == "fail"

    def test_one_account_alone(self, check: Callable[..., Any], file: Path) -> None:
        status, rows, _ = check("-p", file.name, "--account", "wallet")
        assert status == 0
        assert {row["position"] for row in rows} == {"core long"}

    def test_a_trade_outside_the_accounts(self, check: Callable[..., Any], file: Path) -> None:
        _, rows, _ = check("-p", file.name, *TRADE)
        # It adds to the position of its contract, whatever day the rules are of.
        assert {row["position"] for row in rows} == {"core long", "planned trade"}
        assert by_rule(rows)["max_leverage"][1] == "fail"
        assert by_rule(rows)["max_notional_usd"] == ("20000", "pass")
        other = [("ETHUSD" if part == "bybit@2026-01-01" else part) for part in TRADE]
        other.insert(other.index("ETHUSD"), "bybit")
        other.insert(other.index("ETHUSD"), "--instrument")
        _, rows, _ = check("-p", file.name, *other)
        assert {row["position"] for row in rows} == {"core long", "alone", "planned trade"}

    def test_a_missing_price_cannot_be_judged(self, check: Callable[..., Any], tmp_path: Path) -> None:
        (tmp_path / "p.toml").write_text(PORTFOLIO.replace("BTC = 64_000", "") + "[limits]\nmax_leverage = 50\n")
        status, rows, errors = check("-p", "p.toml")
        assert status == 2
        assert {row["status"] for row in rows} == {"unknown"}
        assert "give the coin a price in [prices]" in errors

    @pytest.mark.parametrize(
        ("more", "message"),
        [
            (("--account", "walet", *TRADE), "give wallet"),
            (("--account", "wallet", *TRADE), "--venue: excludes --account"),
            (("--balance", "1", "--side", "long"), "--balance: excludes --portfolio"),
        ],
    )
    def test_contradictions_are_refused(
        self, check: Callable[..., Any], file: Path, more: tuple[str, ...], message: str
    ) -> None:
        status, rows, errors = check("-p", file.name, *more)
        assert (status, rows) == (2, [])
        assert message in errors

    @pytest.mark.parametrize(
        "arguments", [(), TRADE, ("--side", "short", "-n", "5", "-e", "64000", "--account", "wallet")]
    )
    def test_a_portfolio_of_the_environment_is_as_good_as_one_given(
        self, check: Callable[..., Any], file: Path, arguments: tuple[str, ...]
    ) -> None:
        assert check(*arguments, env={"PERPCALC_PORTFOLIO": file.name}) == check(*arguments, "-p", file.name)

    @pytest.mark.parametrize("option", [("--balance", "1"), ("--contract-size", "1", "--leverage", "2")])
    def test_a_portfolio_of_the_environment_gives_way_to_what_no_portfolio_stands_beside(
        self, check: Callable[..., Any], file: Path, option: tuple[str, ...]
    ) -> None:
        trade = ("--side", "long", "-n", "100", "-e", "100", *option, "--max-leverage", "10")
        _, rows, _ = check(*trade, env={"PERPCALC_PORTFOLIO": file.name})
        assert [row["position"] for row in rows] == ["planned trade"]


class TestPlaces:
    """Where prices, venues and sizes of a trade come from."""

    HELD = (
        '[[positions]]\nname = "a"\nvenue = "bybit@2026-01-01"\nside = "long"\ncontracts = 10_000\nentry = 50_000\n'
        "leverage = 5\n"
    )

    def asked(self, run: Run, *arguments: str, file: str = HELD, **more: Any) -> Any:
        return run("check", "-p", "-", *arguments, "--field", "position,value,status", stdin=file, **more)

    def test_a_mark_is_the_price_of_the_one_coin_that_is_held(self, run: Run) -> None:
        assert self.asked(run, "--mark", "62500", "--max-leverage", "4").stdout == "a\t2\tpass\n"
        ether = (
            self.HELD.replace('"a"', '"b"').replace("side", 'instrument = "ETHUSD"\nside').replace("50_000", "2_500")
        )
        answer = self.asked(run, "--mark", "62500", "--max-leverage", "4", file=self.HELD + ether)
        assert (answer.stdout, answer.status) == ("", 2)
        assert answer.stderr == (
            "perpcalc: --mark: the portfolio has 2 coins, BTC, ETH: put their prices into [prices]\n"
        )

    def test_one_order_is_the_planned_trade(self, run: Run) -> None:
        trade = ("-v", "bybit@2026-01-01", "-s", "long", "--order", "10k@62500", "-l", "5", "--mark", "62500")
        assert self.asked(run, *trade, "--max-notional-usd", "20k").stdout == "planned trade\t20000\tpass\n"

    def test_the_venue_of_the_environment_is_that_of_a_trade_beside_the_accounts(self, run: Run) -> None:
        trade = ("-s", "long", "-n", "10k", "-e", "62500", "-l", "5", "--max-notional-usd", "15k")
        held = self.asked(run, *trade, env={"PERPCALC_VENUE": "bybit@2026-01-01"})
        assert held.stdout == "planned trade\t20000\tfail\n"
        assert "planned trade\t10000\tpass\n" in self.asked(run, *trade).stdout

    def test_a_leverage_that_the_venue_forbids_is_refused(self, run: Run) -> None:
        trade = ("-v", "bybit@2026-01-01", "-s", "long", "-n", "10k", "-e", "62500", "-l", "500", "--max-leverage", "5")
        answer = self.asked(run, *trade)
        assert (answer.stdout, answer.status) == ("", 2)
        assert answer.stderr.startswith("perpcalc: --leverage: 500 is above the largest of BTCUSD")


class TestATradeInAnAccount:
    """What is held afterwards: 500 contracts long of 100 USD at 62,500 in a wallet of 1.25 BTC at 64,000."""

    @pytest.fixture
    def after(self, check: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
        (tmp_path / "p.toml").write_text(PORTFOLIO.partition('[[positions]]\nname = "alone"')[0])

        def call(*arguments: str) -> Any:
            return check("-p", "p.toml", "--account", "wallet", "--max-leverage", "20", *arguments)

        return call

    def test_a_limit_order_is_judged_where_it_fills_too(self, after: Callable[..., Any]) -> None:
        # 250,000 USD at 30,000 over 1.25 + 0.8 - 50,000/30,000 coins; at 64,000 it would be 3 times.
        status, rows, _ = after("--side", "long", "-n", "2000", "-e", "30000")
        assert status == 1
        assert rows[0]["value"].startswith("21.7391")

    def test_a_trade_that_only_reduces_needs_no_stop(self, after: Callable[..., Any]) -> None:
        stops = ("--require-stop", "--max-loss-at-stop", "5%", "--stop-before-liquidation")
        status, rows, _ = after("--side", "short", "-n", "300", "-e", "64000", *stops)
        assert (status, [row["rule"] for row in rows]) == (0, ["max_leverage"])
        status, rows, _ = after("--side", "short", "-n", "500", "-e", "64000", *stops)
        assert (status, {row["status"] for row in rows}) == (0, {"pass"})
        assert by_rule(rows)["max_leverage"] == ("0", "pass")
        status, rows, _ = after("--side", "short", "-n", "700", "-e", "64000", *stops)
        assert by_rule(rows)["require_stop"] == (False, "fail")

    def test_an_isolated_margin_leaves_the_wallet_and_has_to_be_there(self, after: Callable[..., Any]) -> None:
        status, rows, errors = after("--side", "long", "-n", "2000", "-e", "64000", "-l", "2")
        assert (status, rows) == (2, [])
        assert errors == (
            "perpcalc: --leverage: the trade takes a margin of 1.5625 BTC, the account has 1.25: "
            "trade less, or with more leverage\n"
        )
        status, rows, _ = after("--side", "long", "-n", "200", "-e", "64000", "-l", "2")
        # 50,000/64,000 coins over 1.26875 less the 0.15625 that are gone.
        assert by_rule(rows, "core long")["max_leverage"][0].startswith("0.70224")
        assert by_rule(rows)["max_leverage"][0] == "2"

    def test_what_is_lost_already_is_no_margin(self, after: Callable[..., Any]) -> None:
        # 0.8 - 50,000/40,000 coins are lost of 1.25
        trade = ("--side", "long", "-n", "800", "-e", "40000", "-l", "2", "--mark", "40000")
        status, rows, errors = after(*trade)
        assert (status, rows) == (2, [])
        assert "the trade takes a margin of 1 BTC, the account has 0.8:" in errors

    def test_orders_are_judged_after_each_fill(self, after: Callable[..., Any]) -> None:
        orders = ("--order", "2000@64000", "--order", "3000@30000")
        status, rows, _ = after("--side", "long", *orders, "--max-margin-ratio", "50%")
        assert status == 1
        assert by_rule(rows, "planned trade, order 1")["max_leverage"][0].startswith("3.0788")
        assert by_rule(rows, "planned trade, order 1")["max_margin_ratio"][1] == "pass"
        # 550,000 USD from 47,391 on at 30,000: nothing is left.
        assert by_rule(rows, "planned trade, order 2") == {
            "max_leverage": (None, "fail"),
            "max_margin_ratio": ("1", "fail"),
        }

    def test_an_account_in_hedge_mode_keeps_both_sides(self, check: Callable[..., Any], tmp_path: Path) -> None:
        held = PORTFOLIO.partition('[[positions]]\nname = "alone"')[0]
        (tmp_path / "p.toml").write_text(held.replace("balance = 1.25", 'balance = 1.25\nmode = "hedge"'))
        trade = ("--account", "wallet", "--side", "short", "-n", "500", "-e", "64000")
        _, rows, _ = check("-p", "p.toml", *trade, "--max-notional-usd", "1m")
        assert {row["position"] for row in rows} == {"core long", "planned trade"}


def test_a_certain_failure_is_one_whatever_else_is_unknown(check: Callable[..., Any]) -> None:
    trade = ("--side", "long", "-n", "1000", "-e", "62500", "--venue", "okx", "-l", "10")
    status, rows, errors = check(*trade, "--max-notional-usd", "5", "--min-liquidation-distance", "1%")
    assert status == 1
    assert [row["status"] for row in rows] == ["fail", "unknown"]
    assert "maintenance tiers of BTC-USD-SWAP at okx are not known" in errors


def test_the_sentence_counts_the_limits(run: Run) -> None:
    for limits, sentence in (
        (("--max-leverage", "10"), "PASS: 1 limit"),
        (("--max-leverage", "10", "--require-stop"), "FAIL: 1 of 2 limits"),
        (("--max-funding-per-day", "1%"), "UNKNOWN: 1 of 1 limit cannot be judged"),
    ):
        assert run("check", *TRADE, *limits).stdout.splitlines()[0] == sentence


class TestLimitsFile:
    @pytest.mark.parametrize("text", ["max_leverage = 10\n", "[limits]\nmax_leverage = 10\n", "max_leverage = '10'"])
    def test_a_table_or_bare_keys(self, check: Callable[..., Any], tmp_path: Path, text: str) -> None:
        (tmp_path / "limits.toml").write_text(text)
        status, rows, _ = check(*TRADE, "--limits", "limits.toml")
        assert (status, [row["rule"] for row in rows]) == (0, ["max_leverage"])

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "limits.toml: has no limit"),
            ("[limits]\n", "limits.toml: has no limit"),
            ("require_stop = false", "limits.toml: has no limit"),
            ("max_levrage = 10", "did you mean max_leverage?"),
            ("[limits]\nmax_levrage = 10", "did you mean max_leverage?"),
            ("[limit]\nmax_leverage = 10", "unknown key"),
            ("max_leverage = nan", "it must be finite"),
            ("max_leverage = inf", "it must be finite"),
            ("max_leverage = true", "true is not a number"),
            ("max_leverage = 0", "give a number above 0"),
            ("max_leverage = -1", "give a number above 0"),
            ("require_stop = 1", "write true or false"),
            ("max_loss_at_stop = 2", "write 2% or 200%"),
            ("max_leverage = ", "not TOML"),
        ],
    )
    def test_what_is_wrong_or_empty_is_no_gate(
        self, check: Callable[..., Any], tmp_path: Path, text: str, message: str
    ) -> None:
        (tmp_path / "limits.toml").write_text(text)
        for flags in ((), ("--max-leverage", "99")):
            status, rows, errors = check(*TRADE, "--limits", "limits.toml", *flags)
            assert (status, rows) == (2, [])
            assert message in errors

    def test_a_file_that_is_not_there(self, check: Callable[..., Any]) -> None:
        status, rows, errors = check(*TRADE, "--limits", "none.toml")
        assert (status, rows) == (2, [])
        assert errors.startswith("perpcalc: none.toml: ")


def test_the_table_names_units_and_never(run: Run) -> None:
    position = ("--side", "short", "-n", "100", "-e", "100", "--leverage", "1", "--mmr", "0.5%")
    answer = run(
        "check", *position, "--min-liquidation-distance", "15%", "--max-leverage", "2", "--max-notional-usd", "1k"
    )
    assert "15.00%" in answer.stdout
    assert "never" in answer.stdout
    assert "2.00x" in answer.stdout
    assert re.search(r"max_notional_usd .* 1,000 .* 100 ", answer.stdout)


def test_a_trade_in_a_contract_without_a_venue_has_the_size_that_it_is_held_in(
    check: Callable[..., Any], tmp_path: Path
) -> None:
    held = 'side = "long"\nleverage = 2\nmmr = "1%"\n'
    (tmp_path / "p.toml").write_text(
        "[prices]\nBTC = 60_000\nETH = 3_000\n"
        f'[[positions]]\nname = "b"\nentry = 60_000\ncontracts = 1\ncontract_size = 100\n{held}'
        f'[[positions]]\nname = "e"\ncurrency = "ETH"\nentry = 3_000\ncontracts = 10\ncontract_size = 10\n{held}'
    )
    trade = ("--side", "long", "-n", "30", "-e", "3000", "--currency", "ETH", "-l", "2", "--mmr", "1%")
    assert check("-p", "p.toml", *trade, "--max-notional-usd", "400")[0] == 0  # 10 and 30 contracts of 10 USD
    assert check("-p", "p.toml", *trade, "--max-notional-usd", "399")[0] == 1


def test_what_is_added_to_a_position_pays_the_funding_rate_that_is_known(
    check: Callable[..., Any], tmp_path: Path
) -> None:
    # 0.1 % three times a day of 20,000 USD over a margin of 10,000 USD at the same price: 0.6 %
    (tmp_path / "p.toml").write_text(
        "[prices]\nBTC = 62_500\n"
        '[[positions]]\nname = "b"\nvenue = "bybit"\nside = "long"\ncontracts = 10_000\nentry = 62_500\nleverage = 2\n'
        'funding_rate = "0.1%"\n'
    )
    trade = ("--venue", "bybit", "--side", "long", "-n", "10000", "-e", "62500", "-l", "2")
    limit = "--max-funding-per-day"
    assert check("-p", "p.toml", *trade, limit, "0.61%")[0] == 0
    assert check("-p", "p.toml", *trade, limit, "0.59%")[0] == 1
    assert check("-p", "p.toml", *trade, "--funding-rate", "0.2%", limit, "1.19%")[0] == 1


def test_all_that_a_trade_lacks_is_said_at_once(check: Callable[..., Any]) -> None:
    _, _, errors = check("-n", "10", "--max-leverage", "5")
    assert errors.startswith("perpcalc: --side and --entry are missing: ")


def test_an_account_that_is_not_there_is_named_at_its_option(check: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(PORTFOLIO)
    _, _, errors = check("-p", "p.toml", "--account", "walet", "--max-leverage", "5")
    assert errors.startswith("perpcalc: --account: ")
    assert "wallet" in errors
