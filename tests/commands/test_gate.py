"""What somebody tries who wants a bad order out: `check` says 0 only where each limit is kept.

Tried, and what comes of it (status 0 kept, 1 broken, 2 not known; each by flags, most by files, lines of `batch` and Python too):

a price      --mark of one coin beside positions of another: theirs stays. A trade in a contract with a mark takes that, not
             its entry. A coin without a price, or one that another contract alone has: no entry of a trade stands for it.
             A mark that is 0, negative, or given for two coins: 2. Two marks of one contract, dated rules or not: 2.
a limit order far from the market: judged where it fills too, each order of a ladder after it, all that is held at that price.
a size       Sold as two positions, as isolated beside cross, under another name of the contract (BTC, ccxt's, another day of the
             rules): the contract holds their sum. Contracts of 100 USD traded as if of 1: the size that is held. --order beside
             -n: 2. A lot broken, 0, negative, above the tiers: 2, 2, 2, judged with a note.
a margin     An isolated trade without the margin in its wallet, of one coin or several: 2; where it is there it leaves the
             wallet, and losses are measured against what is left. At another leverage it brings its own.
a stop       Of the trade for what is held, of one part for the whole, beyond the price, none for a trade that only reduces
             (needs none) or flips (needs one). A linear leg needs one as well.
a limit      Equal, one in the 18th decimal below; 0, negative, NaN, infinite, with exponent or other digits, given twice, null,
             false, an empty file, an empty table, a pipe that failed, vol alone: none of them lets a trade pass.
both sides   Of a contract in hedge mode count both, in accounts of one coin and of several, linear legs too; so they do where
             a file holds both and says nothing.
death        A liquidated account passes no limit, not even 100 % of margin ratio, 0 of distance or 100 % of probability; one
             in debt has no balance to lose from. Deductions above the maintenance margin: never below 0.
not known    Tiers, fees, funding rate, volatility: 2, but 1 where another rule is broken for certain.
doors        --explain, --exact, --quiet, --field, a file, a line and Python say the same; variables fill only what is absent.

expiry       What expired before today, or before the day of its rules, is settled: 2, a position or a trade, by key or by name.

debt         Of an account with nothing open: its leverage, its margin ratio and the nearest move that liquidates it, under its name.

Left: opening fees are not taken from the balance, as in a file.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from inside import Run

import perpcalc
from commands import gate_judge as judge
from perpcalc import PerpcalcError

Check = Callable[..., tuple[int, list[dict[str, Any]], str]]

WALLET = """
[[accounts]]
name = "w"
venue = "binance@2026-01-01"
balance = 1
"""
CORE = """
[[positions]]
name = "core"
account = "w"
side = "long"
contracts = 500
entry = 62_500
"""
OTHER = """
[[positions]]
name = "other"
venue = "bybit@2026-01-01"
side = "long"
contracts = 1_000
entry = 60_000
leverage = 2
"""
PRICES = "[prices]\nBTC = 64_000\n"
UNIFIED = """
[prices]
BTC = 64_000
ETH = 3_000

[[accounts]]
name = "u"
margin = "unified"
balances = { BTC = 1, ETH = 10 }
"""
LEG = """
[[positions]]
name = "leg"
account = "u"
linear = "BTC"
settle = "USDT"
side = "short"
coin = 5
entry = 64_000
mmr = "0.5%"
"""
TRADE = ("-s", "long", "-n", "10000", "-e", "62500", "--leverage", "10")
IN_WALLET = ("-p", "p.toml", "--account", "w")


@pytest.fixture
def check(run: Run, tmp_path: Path) -> Check:
    """Run `perpcalc check --json` over a portfolio; returns the status, the rows and what stderr says."""

    def call(*arguments: str, file: str = "", **more: Any) -> tuple[int, list[dict[str, Any]], str]:
        (tmp_path / "p.toml").write_text(file)
        answer = run("check", *arguments, "--json", **more)
        return answer.status, json.loads(answer.stdout) if answer.stdout else [], answer.stderr

    return call


def values(rows: list[dict[str, Any]], rule: str) -> dict[str, Any]:
    return {row["position"]: row["value"] for row in rows if row["rule"] == rule}


class TestPrices:
    def test_a_mark_is_that_of_the_coin_of_the_trade(self, check: Check) -> None:
        eth = '[[positions]]\nname = "eth"\nvenue = "bybit"\ninstrument = "ETHUSD"\nside = "long"\ncontracts = 3_000\nentry = 3_000\nleverage = 2\nmark = 3_000\n'
        status, rows, _ = check("-p", "p.toml", *TRADE, "--mark", "62500", "--max-leverage", "10", file=eth)
        assert (status, values(rows, "max_leverage")) == (0, {"eth": "2", "planned trade": "10"})

    @pytest.mark.parametrize("where", ["\nmark = 50_000\n", "\n[prices]\nBTC = 50_000\n"])
    def test_a_contract_with_a_mark_is_not_priced_by_the_entry_of_a_trade(self, check: Check, where: str) -> None:
        trade = (*IN_WALLET, "-s", "long", "-n", "10", "-e", "90000", "--max-leverage", "1.2")
        status, rows, _ = check(*trade, file=WALLET + CORE + where)
        # 51,000 USD at 50,000 over 1 + 0.8 + 1/90 - 1.02 coins
        assert (status, values(rows, "max_leverage")["planned trade"][:6]) == (1, "1.2893")

    def test_the_price_of_another_coin_is_none_of_a_trade(self, check: Check) -> None:
        eth = ("-s", "short", "-n", "100", "-e", "3000", "--currency", "ETH", "--mmr", "1%", "-l", "10")
        status, rows, _ = check("-p", "p.toml", *eth, "--max-leverage", "10", file=OTHER + "mark = 64_000\n")
        assert (status, values(rows, "max_leverage")["planned trade"]) == (0, "10")

    def test_the_fee_of_closing_is_asked_of_a_trade_that_closes_alone(self, check: Check) -> None:
        held = PRICES + OTHER.replace("bybit@2026-01-01", "htx").replace("1_000", "100")
        for side, told in (("long", False), ("short", True)):
            trade = ("-v", "htx", "-s", side, "-n", "10", "-e", "64000", "-l", "2")
            _, _, said = check("-p", "p.toml", *trade, "--max-leverage", "9", file=held)
            assert ("htx: its fees are not known and left out: give --exit-fee" in said) == told

    def test_at_the_price_of_a_fill_another_contract_of_the_coin_moves_in_proportion(self, check: Check) -> None:
        own, other = (
            f'[[positions]]\nname = "{name}"\ncurrency = "BTC"\ninstrument = "{name}"\ncontract_size = 1\n'
            f'side = "long"\ncontracts = 60_000\nentry = 60_000\nmargin = 1\nmark = {mark}\n'
            for name, mark in (("perpetual", 60_000), ("quarterly", 66_000))
        )
        trade = (
            "-i",
            "perpetual",
            "--contract-size",
            "1",
            "-s",
            "long",
            "--order",
            "10@40000",
            "-l",
            "2",
            "--mmr",
            "1%",
        )
        _, rows, _ = check("-p", "p.toml", *trade, "--max-leverage", "9", file=own + other)
        # at 44,000 it is worth 60/44 coins, over 1 - (60/44 - 1)
        assert values(rows, "max_leverage")["quarterly"][:8] == "2.142857"
        unmarked = own.replace('"perpetual"', '"unmarked"', 1).replace("mark = 60000\n", "")
        at_mark = (*trade[:6], "-n", "10", "-e", "40000", "--mark", "40000", *trade[8:])
        _, rows, _ = check("-p", "p.toml", *at_mark, "--max-leverage", "9", file=unmarked + own + other)
        assert values(rows, "max_leverage")["quarterly"][:8] == "2.142857"

    def test_at_the_price_of_a_fill_all_of_its_contract_is_at_that_price(self, check: Check) -> None:
        first, second = (
            f'[[positions]]\nname = "{name}"\ncurrency = "BTC"\nside = "long"\n'
            f"contracts = 60_000\nentry = 60_000\nmargin = 1\nmark = {mark}\n"
            for name, mark in (("first", 60_000), ("second", 66_000))
        )
        trade = ("-s", "long", "--order", "10@40000", "-l", "2", "--mmr", "1%")
        _, rows, _ = check("-p", "p.toml", *trade, "--max-leverage", "9", file=first + second)
        # 1.5 coins over 1 - 0.5
        assert values(rows, "max_leverage")["second"] == "3"

    def test_nor_one_whose_coin_has_a_price_by_another_contract(self, check: Check) -> None:
        trade = (*IN_WALLET, "-i", "BTCUSD_261225", "-s", "long", "-n", "600", "-e", "30000", "--max-leverage", "1.6")
        status, rows, _ = check(*trade, file=WALLET + CORE + "mark = 64_000\n")
        # 110,000 USD at 30,000 over 1 + 0.8 + 2 - 3.6667 coins
        assert (status, values(rows, "max_leverage")["planned trade"]) == (1, "27.5")

    def test_what_is_held_without_a_price_is_not_priced_by_a_trade(self, check: Check) -> None:
        trade = (*IN_WALLET, "-s", "long", "-n", "10", "-e", "90000")
        status, rows, errors = check(*trade, "--max-leverage", "5", file=WALLET + CORE)
        assert (status, rows[0]["status"]) == (2, "unknown")
        assert "give the coin a price" in errors
        assert check(*trade, "--max-leverage", "5", "--max-notional-usd", "5", file=WALLET + CORE)[0] == 1
        assert check(*trade, "--max-leverage", "5", "--mark", "64000", file=WALLET + CORE)[0] == 0

    @pytest.mark.parametrize("mark", ["0", "-1", "nan", "6e4", "６0000"])
    def test_a_mark_that_is_none(self, check: Check, mark: str) -> None:
        assert check(*TRADE, f"--mark={mark}", "--max-leverage", "50")[:2] == (2, [])

    @pytest.mark.parametrize("venue", ["bybit@2026-01-01", "bybit"])
    def test_two_marks_of_one_contract_are_refused(self, check: Check, venue: str) -> None:
        two = (
            OTHER
            + "mark = 64_000\n"
            + OTHER.replace("other", "two").replace("bybit@2026-01-01", venue)
            + "mark = 30_000\n"
        )
        status, rows, errors = check("-p", "p.toml", "--max-leverage", "100", file=two)
        assert (status, rows) == (2, [])
        assert "another mark of the same contract" in errors

    def test_a_position_without_a_mark_contradicts_none(self, check: Check) -> None:
        held = OTHER + OTHER.replace("other", "marked") + "mark = 60_000\n"
        status, rows, _ = check("-p", "p.toml", "--max-notional-usd", "10k", file=held)
        assert (status, values(rows, "max_notional_usd")) == (0, {"other": "2000", "marked": "2000"})

    def test_the_coins_of_an_account_of_several_move_with_the_mark(self, check: Check) -> None:
        held = (
            UNIFIED
            + '[[positions]]\nname = "c"\naccount = "u"\ncurrency = "BTC"\nside = "short"\ncontracts = 64_000\nentry = 64_000\nmmr = "1%"\n'
        )
        trade = (
            "-p",
            "p.toml",
            "--account",
            "u",
            "--currency",
            "BTC",
            "--mmr",
            "1%",
            "-s",
            "short",
            "-n",
            "1",
            "-e",
            "64000",
        )
        _, rows, _ = check(*trade, "--mark", "128000", "--max-leverage", "5", file=held)
        # 1 BTC hedges itself: 64,000 USD stay, and 30,000 of ETH, whatever BTC costs; 64,001 USD are short.
        assert values(rows, "max_leverage")["planned trade"][:6] == "0.6808"


class TestSizes:
    @pytest.mark.parametrize("instrument", ["BTCUSD_PERP", "btcusd_perp", "BTC", "BTC/USD:BTC"])
    @pytest.mark.parametrize("margin", [(), ("--leverage", "100")])
    def test_a_contract_holds_what_it_held_and_the_trade(
        self, check: Check, instrument: str, margin: tuple[str, ...]
    ) -> None:
        trade = (
            *IN_WALLET,
            "-i",
            instrument,
            "-s",
            "long",
            "-n",
            "100",
            "-e",
            "64000",
            *margin,
            "--max-notional-usd",
            "59999",
        )
        status, rows, _ = check(*trade, file=PRICES + WALLET + CORE)
        assert (status, values(rows, "max_notional_usd")["planned trade"]) == (1, "60000")

    def test_two_entries_of_a_file_are_one_contract(self, check: Check) -> None:
        status, rows, _ = check(
            "-p", "p.toml", "--max-notional-usd", "99999", file=WALLET + CORE + CORE.replace("core", "two")
        )
        assert (status, values(rows, "max_notional_usd")) == (1, {"core": "100000", "two": "100000"})

    def test_another_day_of_the_rules_is_the_same_contract(self, check: Check) -> None:
        trade = ("-p", "p.toml", *TRADE, "-v", "bybit", "--max-notional-usd", "10999")
        assert check(*trade, file=PRICES + OTHER)[0] == 1

    @pytest.mark.parametrize("held", ['"BTCUSD_PERP"\nexpires = 2026-12-25', '"BTCUSD_261225"', '"BTC/USD:BTC-261225"'])
    def test_a_contract_that_expires_is_known_by_its_day(self, check: Check, held: str) -> None:
        dated = CORE + f"instrument = {held}\n"
        trade = (*IN_WALLET, "-i", "BTCUSD_261225", "-n", "10", "-e", "64000")
        status, rows, _ = check(*trade, "-s", "long", "--max-notional-usd", "50999", file=WALLET + dated + PRICES)
        assert (status, values(rows, "max_notional_usd")) == (1, {"planned trade": "51000"})
        status, rows, _ = check(*trade, "-s", "short", "--max-notional-usd", "49000", file=WALLET + dated + PRICES)
        assert (status, values(rows, "max_notional_usd")) == (0, {"planned trade": "49000"})

    def test_contracts_have_the_size_that_is_held(self, check: Check) -> None:
        plain = '[[positions]]\nname = "a"\nside = "long"\ncontracts = 100\ncontract_size = 100\nentry = 62_500\nleverage = 5\nmark = 62_500\n'
        status, rows, _ = check("-p", "p.toml", *TRADE, "--max-notional-usd", "1m", file=plain)
        assert (status, values(rows, "max_notional_usd")) == (1, {"planned trade": "1010000"})
        status, rows, errors = check(
            "-p", "p.toml", *TRADE, "--contract-size", "1", "--max-notional-usd", "1m", file=plain
        )
        assert (status, rows) == (2, [])
        assert errors.startswith("perpcalc: --contract-size: the contract of the trade has 1 and 100 USD per contract")

    def test_contracts_of_two_maturities_are_two(self, check: Check) -> None:
        plain = '[[positions]]\nname = "a"\nside = "long"\ncontracts = 100\ninstrument = "X"\ncontract_size = 1\nexpires = 2026-12-25\nentry = 62_500\nleverage = 5\nmark = 62_500\n'
        _, rows, _ = check(
            "-p", "p.toml", "-i", "X", *TRADE, "--contract-size", "1", "--max-notional-usd", "1m", file=plain
        )
        assert values(rows, "max_notional_usd") == {"a": "100", "planned trade": "10000"}

    @pytest.mark.parametrize(
        "size", [("-n", "9m"), ("--usd", "9m"), ("--coin", "9"), ("-n", "9", "-e", "60000"), ("--fill", "9@60000")]
    )
    def test_an_order_goes_with_no_other_size(self, check: Check, size: tuple[str, ...]) -> None:
        status, rows, errors = check("-s", "long", *size, "-l", "2", "--order", "1@60000", "--max-notional-usd", "5")
        assert (status, rows) == (2, [])
        assert errors.startswith("perpcalc: --order: excludes --")

    @pytest.mark.parametrize("size", ["0", "-5", "0.5", "nan", "1e3", "१०"])
    def test_a_size_that_is_none(self, check: Check, size: str) -> None:
        trade = ("-v", "binance", "-s", "long", f"--contracts={size}", "-e", "62500", "-l", "2")
        assert check(*trade, "--max-leverage", "50")[:2] == (2, [])

    def test_a_coin_value_that_the_venue_shows_is_of_its_contracts(self, check: Check) -> None:
        # 10 contracts of 100 USD for 0.016 BTC: bought at 62,500
        trade = (*IN_WALLET, "-s", "long", "-n", "10", "--entry-value", "0.016", "--max-leverage", "0.9")
        status, rows, _ = check(*trade, file=PRICES + WALLET + CORE)
        assert (status, values(rows, "max_leverage")["planned trade"][:6]) == (0, "0.816")


class TestMargins:
    def test_of_an_account_of_several_coins_it_has_to_be_there_in_its_coin(self, check: Check) -> None:
        trade = (
            "-p",
            "p.toml",
            "--account",
            "u",
            "--currency",
            "BTC",
            "--mmr",
            "1%",
            "-s",
            "long",
            "-e",
            "64000",
            "-l",
            "1",
            "--max-leverage",
            "1",
        )
        assert check(*trade, "-n", "64000", file=UNIFIED)[0] == 0
        status, rows, errors = check(*trade, "-n", "64064", file=UNIFIED)
        assert (status, rows) == (2, [])
        assert "the trade takes a margin of 1.001 BTC, the account has 1" in errors

    def test_losses_are_measured_against_what_is_left_of_the_balance(self, check: Check) -> None:
        stop = CORE + "stop = 60_000\n"
        limit = ("--max-loss-at-stop", "10%")
        assert check("-p", "p.toml", *limit, file=PRICES + WALLET + stop)[0] == 0
        trade = (*IN_WALLET, "-s", "long", "-n", "480", "-e", "64000", "-l", "1", "--stop", "63999")
        status, rows, _ = check(*trade, *limit, file=PRICES + WALLET + stop)
        # 0.0333 lost of the 0.25 that are left
        assert (status, values(rows, "max_loss_at_stop")["core"][:5]) == (1, "0.136")

    def test_it_comes_at_the_leverage_of_the_trade(self, check: Check) -> None:
        trade = (
            "-p",
            "p.toml",
            "-v",
            "bybit@2026-01-01",
            "-s",
            "long",
            "-n",
            "1000",
            "-e",
            "60000",
            "-l",
            "20",
            "--max-leverage",
            "3.5",
        )
        status, rows, _ = check(*trade, file="[prices]\nBTC = 60_000\n" + OTHER)
        # 2,000 USD over the margins of 500 and 50
        assert (status, values(rows, "max_leverage")["planned trade"][:6]) == (1, "3.6363")

    def test_an_account_of_several_coins_that_keeps_both_sides_carries_both(self, check: Check) -> None:
        held = UNIFIED.replace('margin = "unified"', 'margin = "unified"\nmode = "hedge"') + (
            '[[positions]]\nname = "c"\naccount = "u"\ncurrency = "BTC"\nside = "long"\ncontracts = 94_000\nentry = 64_000\nmmr = "1%"\n'
        )
        trade = (
            "-p",
            "p.toml",
            "--account",
            "u",
            "--currency",
            "BTC",
            "--mmr",
            "1%",
            "-s",
            "short",
            "-n",
            "94000",
            "-e",
            "64000",
        )
        status, rows, _ = check(*trade, "--max-leverage", "1.99", file=held)
        # 188,000 USD over 94,000
        assert (status, values(rows, "max_leverage")) == (1, {"c": "2", "planned trade": "2"})
        status, rows, _ = check(*trade, "--max-leverage", "1.99", file=held.replace("hedge", "one-way"))
        assert (status, values(rows, "max_leverage")) == (0, {"planned trade": "0"})

    def test_a_trade_through_zero_in_an_account_of_several_coins_opens_the_other_side(self, check: Check) -> None:
        held = UNIFIED + (
            '[[positions]]\nname = "c"\naccount = "u"\ncurrency = "BTC"\nside = "long"\ncontracts = 64_000\nentry = 64_000\nmmr = "1%"\n'
        )
        trade = ("-p", "p.toml", "--account", "u", "--currency", "BTC", "--mmr", "1%", "-s", "short", "-e", "64000")
        status, rows, _ = check(*trade, "-n", "158000", "--max-leverage", "1", "--require-stop", file=held)
        # 94,000 USD are left over, over as many of equity
        assert (status, values(rows, "max_leverage")) == (1, {"planned trade": "1"})
        assert values(rows, "require_stop") == {"planned trade": False}

    @pytest.mark.parametrize("venue", ["bybit@2026-01-01", "binance@2026-01-01"])
    def test_an_account_that_holds_both_sides_carries_both(self, check: Check, venue: str) -> None:
        short = CORE.replace("core", "short").replace('"long"', '"short"')
        held = (
            (PRICES + WALLET + CORE + short)
            .replace("binance@2026-01-01", venue)
            .replace("500", "64_000")
            .replace("62_500", "64_000")
        )
        usd = 64_000 * (100 if "binance" in venue else 1)
        status, rows, _ = check("-p", "p.toml", "--max-leverage", "1.99", file=held)
        assert (status, values(rows, "max_leverage")) == (1, dict.fromkeys(("core", "short"), str(2 * usd // 64_000)))
        trade = (*IN_WALLET, "-s", "short", "-n", "64000", "-e", "64000", "--max-leverage", "2")
        status, rows, _ = check(*trade, file=held)
        # it adds to the short side, and takes nothing from the long one
        assert values(rows, "max_leverage")["core"] == str(3 * usd // 64_000)


class TestStops:
    def test_a_stop_of_the_trade_is_none_of_what_is_held(self, check: Check) -> None:
        trade = (*IN_WALLET, "-s", "long", "-n", "10", "-e", "64000", "--stop", "60000", "--require-stop")
        assert check(*trade, file=PRICES + WALLET + CORE)[0] == 1
        assert check(*trade, file=PRICES + WALLET + CORE + "stop = 55_000\n")[0] == 0
        elsewhere = ("-p", "p.toml", "-v", "okx", "-s", "long", "-n", "10", "-e", "64000", "-l", "2", "--stop", "60000")
        status, rows, _ = check(*elsewhere, "--require-stop", file=PRICES + OTHER)
        assert (status, values(rows, "require_stop")) == (1, {"other": False, "planned trade": True})

    def test_each_part_loses_at_its_own_stop(self, check: Check) -> None:
        held = '[[accounts]]\nname = "w"\nbalance = 1\n[[positions]]\nname = "a"\naccount = "w"\nside = "long"\ncontracts = 40_000\nentry = 50_000\nstop = 40_000\nmmr = "1%"\n'
        trade = (
            *IN_WALLET,
            "--mmr",
            "1%",
            "-s",
            "long",
            "-n",
            "20000",
            "-e",
            "50000",
            "--stop",
            "32000",
            "--max-loss-at-stop",
            "1",
        )
        status, rows, _ = check(*[*trade[:-1], "50%"], file="[prices]\nBTC = 50_000\n" + held)
        # 0.2 of the one and 0.225 of the other
        assert (status, values(rows, "max_loss_at_stop")) == (0, {"planned trade": "0.425"})
        assert check(*[*trade[:-1], "42.49%"], file="[prices]\nBTC = 50_000\n" + held)[0] == 1

    def test_a_funding_rate_of_the_trade_is_none_of_what_is_held(self, check: Check) -> None:
        trade = (
            "-p",
            "p.toml",
            "-v",
            "okx",
            "-s",
            "long",
            "-n",
            "10",
            "-e",
            "64000",
            "-l",
            "2",
            "--funding-rate",
            "-0.1%",
        )
        status, rows, _ = check(*trade, "--max-funding-per-day", "1%", file=PRICES + OTHER)
        assert (status, values(rows, "max_funding_per_day")["other"]) == (2, None)

    @pytest.mark.parametrize(
        ("side", "stop"), [("long", "62500"), ("long", "63000"), ("short", "62500"), ("short", "62000")]
    )
    def test_a_stop_at_or_beyond_the_price_protects_nothing(self, check: Check, side: str, stop: str) -> None:
        trade = ("-s", side, "-n", "10000", "-e", "62500", "-l", "2", "--stop", stop)
        assert check(*trade, "--require-stop")[0] == 1
        assert check(*trade, "--max-loss-at-stop", "999%")[0] == 1

    def test_only_what_opens_needs_a_stop(self, check: Check) -> None:
        trade = (*IN_WALLET, "-s", "short", "-e", "64000", "--require-stop")
        file = PRICES + WALLET + CORE
        assert [check(*trade, "-n", size, file=file)[0] for size in ("499", "500", "501")] == [0, 0, 1]
        hedged = file.replace("balance = 1", 'balance = 1\nmode = "hedge"')
        assert check(*trade, "-n", "499", file=hedged)[0] == 1


class TestLimits:
    @pytest.mark.parametrize(
        ("rule", "kept", "broken"),
        [
            ("--max-leverage", "10", "9.999999999999999999"),
            ("--max-notional-usd", "10000", "9999.999999999999999999"),
            ("--max-margin-ratio", "5%", "4.9999999999999999%"),
            ("--min-liquidation-distance", "4.545454545454545454%", "4.545454545454545455%"),
        ],
    )
    def test_the_limit_itself_is_kept_and_nothing_beyond_it(
        self, check: Check, rule: str, kept: str, broken: str
    ) -> None:
        # 1 coin at 10,000 on 0.1 with 0.5 % of maintenance: liquidated at 10,050/1.1, or 1/1.1 of 10,050
        trade = ("-s", "long", "-n", "10000", "-e", "10000", "-l", "10", "--mmr", "0.5%")
        if rule == "--min-liquidation-distance":
            trade = (*trade[:-1], "5%")
        assert [check(*trade, rule, limit)[0] for limit in (kept, broken)] == [0, 1]

    @pytest.mark.parametrize(
        "limit", ["0", "-1", "-0", "nan", "inf", "1e3", "5,0", "５", "−5", "", " 5", "5%", "1" * 16]
    )
    def test_a_limit_that_is_none(self, check: Check, tmp_path: Path, limit: str) -> None:
        assert check(*TRADE, f"--max-leverage={limit}")[:2] == (2, [])
        (tmp_path / "l.toml").write_text(f'max_leverage = "{limit}"\n')
        assert check(*TRADE, "--limits", "l.toml")[:2] == (2, [])

    @pytest.mark.parametrize(
        "more",
        [
            ("--max-leverage", "5", "--max-leverage", "500"),
            ("--max-levrage", "500"),
            ("--vol", "60%", "--horizon", "7d"),
            ("--limits", "none.toml", "--max-leverage", "500"),
            ("--limits", "-", "--max-leverage", "500"),
            ("-p", "-", "--max-leverage", "500"),
        ],
    )
    def test_what_is_no_gate_lets_nothing_pass(self, check: Check, more: tuple[str, ...]) -> None:
        assert check(*TRADE, *more)[:2] == (2, [])

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[limits]\n",
            "require_stop = false\n",
            'vol = "60%"\nhorizon = "7d"\n',
            "max_leverage = 5\nmax_leverage = 500\n",
        ],
    )
    def test_nor_does_a_file_without_a_limit_whatever_stands_beside_it(
        self, check: Check, tmp_path: Path, text: str
    ) -> None:
        (tmp_path / "l.toml").write_text(text)
        assert check(*TRADE, "--limits", "l.toml", "--max-leverage", "500")[:2] == (2, [])

    def test_flags_do_not_take_away_what_the_file_demands(self, check: Check) -> None:
        book = PRICES + OTHER + "[limits]\nrequire_stop = true\nmax_leverage = 3\n"
        assert check("-p", "p.toml", "--max-leverage", "500", file=book)[0] == 1

    def test_a_null_or_false_of_a_line_takes_nothing_away(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "p.toml").write_text(PRICES + OTHER + "[limits]\nrequire_stop = true\n")
        line = '{"command": "check", "portfolio": "p.toml", "require_stop": %s}\n'
        for value in ("null", "false"):
            assert json.loads(run("batch", stdin=line % value).stdout)["status"] == 1


class TestDeath:
    @pytest.mark.parametrize(
        "limit",
        [
            ("--max-margin-ratio", "100%"),
            ("--max-margin-ratio", "500%"),
            ("--min-liquidation-distance", "0"),
            ("--max-touch-probability", "100%", "--vol", "60%", "--horizon", "7d"),
            ("--stop-before-liquidation", "--stop", "39000"),
        ],
    )
    def test_what_is_liquidated_passes_no_limit(self, check: Check, limit: tuple[str, ...]) -> None:
        assert check(*TRADE, "--mmr", "0.5%", "--mark", "40000", *limit)[0] == 1

    def test_an_account_in_debt_has_nothing_to_lose_from(self, check: Check) -> None:
        held = (
            UNIFIED.replace("BTC = 1, ETH = 10", "BTC = 1, ETH = 10, USDT = -100_000")
            + LEG.replace("coin = 5", "coin = 0.1")
            + "stop = 70_000\n"
        )
        status, rows, _ = check("-p", "p.toml", "--max-loss-at-stop", "50%", file=held)
        assert (status, rows[0]["value"]) == (1, None)

    @pytest.mark.parametrize(
        ("owed", "limit", "status", "value"),
        [
            ("92_000", ("--max-margin-ratio", "500%"), 0, "0"),
            ("95_000", ("--max-margin-ratio", "500%"), 1, "1"),
            ("92_000", ("--max-leverage", "5"), 0, "0"),
            ("95_000", ("--max-leverage", "5"), 1, None),
            # of 94,000 USD 92,120 are owed
            ("92_120", ("--min-liquidation-distance", "2%"), 0, "0.02"),
            ("92_121", ("--min-liquidation-distance", "2%"), 1, "0.01998936170212766"),
        ],
    )
    def test_nor_does_an_account_in_debt_with_nothing_open(
        self, check: Check, owed: str, limit: tuple[str, ...], status: int, value: str | None
    ) -> None:
        held = UNIFIED.replace("ETH = 10 }", f"ETH = 10, USDT = -{owed} }}") + OTHER
        found, rows, _ = check("-p", "p.toml", *limit, file=held)
        assert (found, [row["value"] for row in rows if row["position"] == "u"]) == (status, [value])

    def test_of_one_without_a_price_it_is_not_known(self, check: Check) -> None:
        held = UNIFIED.replace("ETH = 10 }", "ETH = 10, USDT = -100, SOL = 1 }") + OTHER
        status, _, said = check("-p", "p.toml", "--max-margin-ratio", "500%", file=held)
        assert (status, "u: max_margin_ratio cannot be judged: " in said, "the price of SOL" in said) == (2, True, True)

    def test_another_account_than_the_one_that_is_asked_about_is_not_judged(self, check: Check) -> None:
        held = (
            UNIFIED.replace("ETH = 10 }", "ETH = 10, USDT = -95_000 }")
            + WALLET
            + CORE.replace("contracts = 500", "contracts = 100")
        )
        assert check("-p", "p.toml", "--max-leverage", "5", file=held)[0] == 1
        assert check(*IN_WALLET, "--max-leverage", "5", file=held)[0] == 0

    def test_a_deduction_makes_no_room(self, check: Check) -> None:
        trade = (*TRADE, "--mmr", "0.5%", "--deduction", "0.01", "--min-liquidation-distance", "9.1%")
        status, rows, _ = check(*trade)
        # liquidated where it is bankrupt, 1/1.1 of the entry
        assert (status, rows[0]["value"]) == (1, "0.090909090909090909")


class TestLegs:
    def test_a_linear_leg_is_judged_like_any_position(self, check: Check) -> None:
        limits = (
            "--require-stop",
            "--max-notional-usd",
            "100k",
            "--max-leverage",
            "3",
            "--min-liquidation-distance",
            "1%",
            "--max-margin-ratio",
            "50%",
        )
        status, rows, _ = check("-p", "p.toml", *limits, file=UNIFIED + LEG)
        assert status == 1
        found = {row["rule"]: (row["value"], row["status"]) for row in rows}
        assert found["require_stop"] == (False, "fail")
        assert found["max_notional_usd"] == ("320000", "fail")
        # 320,000 over 94,000
        assert found["max_leverage"][0][:5] == "3.404"
        # 0.5 % of 320,000 over 94,000
        assert found["max_margin_ratio"] == ("0.017021276595744681", "pass")

    @pytest.mark.parametrize("mode", ["", 'mode = "hedge"\n'])
    def test_legs_on_both_sides_count_both(self, check: Check, mode: str) -> None:
        other = LEG.replace('"leg"', '"other"').replace("short", "long")
        held = UNIFIED.replace('margin = "unified"\n', f'margin = "unified"\n{mode}') + LEG + other
        status, rows, _ = check("-p", "p.toml", "--max-leverage", "6", file=held)
        # 640,000 over 94,000
        assert (status, values(rows, "max_leverage")["leg"][:5]) == (1, "6.808")

    def test_what_it_is_settled_in_may_be_worth_less_than_a_dollar(self, check: Check) -> None:
        leg = LEG.replace("64_000", "128_000") + 'stop = 130_000\nfunding_rate = "-0.01%"\n'
        held = UNIFIED.replace("ETH = 3_000\n", "ETH = 3_000\nUSDT = 0.5\n") + leg
        limits = ("--max-loss-at-stop", "5%", "--max-funding-per-day", "1%", "--interval", "8h")
        _, rows, _ = check("-p", "p.toml", *limits, file=held)
        # 10,000 and 3 * 64 USDT of 94,000 USD
        assert values(rows, "max_loss_at_stop")["leg"][:7] == "0.05319"
        assert values(rows, "max_funding_per_day")["leg"][:7] == "0.00102"

    def test_legs_on_both_sides_have_a_size_each(self, check: Check) -> None:
        small = LEG.replace("coin = 5", "coin = 0.5")
        other = small.replace('"leg"', '"other"').replace("short", "long")
        _, rows, _ = check("-p", "p.toml", "--max-notional-usd", "50k", file=UNIFIED + small + other)
        assert values(rows, "max_notional_usd") == {"leg": "32000", "other": "32000"}

    def test_the_fees_of_a_leg_are_lost_at_its_stop_too(self, check: Check) -> None:
        fees = ("--entry-fee", "0.1%", "--exit-fee", "0.2%")
        held = UNIFIED + LEG + "stop = 65_000\n"
        _, rows, _ = check("-p", "p.toml", "--max-loss-at-stop", "5%", *fees, file=held)
        # 5 * (1,000 + 64 + 130) of 94,000 USD
        assert values(rows, "max_loss_at_stop")["leg"][:8] == "0.063510"

    def test_its_losses_and_its_funding_are_of_the_coins_of_its_account(self, check: Check) -> None:
        leg = UNIFIED + LEG + 'stop = 65_000\nfunding_rate = "-0.01%"\n'
        limits = ("--max-loss-at-stop", "5%", "--max-funding-per-day", "1%", "--interval", "8h")
        status, rows, _ = check("-p", "p.toml", *limits, file=leg)
        # 5,000 and 3*32 USD of 94,000
        assert status == 1
        assert values(rows, "max_loss_at_stop")["leg"][:7] == "0.05319"
        assert values(rows, "max_funding_per_day")["leg"][:7] == "0.00102"
        status, _, said = check("-p", "p.toml", *limits[2:4], file=leg)
        assert (status, "interval: is missing: give it for a linear leg" in said) == (2, True)
        _, _, said = check("-p", "p.toml", *limits[2:], file=UNIFIED + LEG)
        assert "funding_rate: is missing: give it for a linear leg" in said

    @pytest.mark.parametrize(
        ("limit", "more", "said"),
        [
            (("--max-notional-usd", "1m"), "", "mark: is missing: give the coin a price in [prices]"),
            (("--require-stop",), "stop = 63_000", "mark: is missing: give the coin a price in [prices]"),
            (("--max-loss-at-stop", "5%"), 'linear = "BTC"', "entry_fee: the fees of a linear leg are not known"),
            (("--max-leverage", "5"), "stop = 5", "the price of BTC is not known"),
        ],
    )
    def test_what_is_not_known_of_it_cannot_be_judged(
        self, check: Check, limit: tuple[str, ...], more: str, said: str
    ) -> None:
        held = UNIFIED.replace("BTC = 1, ", "") + LEG
        if "linear" in more:
            held = held.replace('margin = "unified"', 'margin = "unified"\nvenue = "bybit"', 1) + "stop = 65_000\n"
        else:
            held = held.replace("BTC = 64_000\n", "")
        status, rows, told = check("-p", "p.toml", *limit, file=held + (more if "stop" in more else ""))
        assert (status, [row["status"] for row in rows]) == (2, ["unknown"])
        assert said in told

    def test_without_a_price_a_stop_protects_from_the_entry(self, check: Check) -> None:
        held = UNIFIED.replace("BTC = 1, ", "").replace("BTC = 64_000\n", "") + LEG + "stop = 65_000\n"
        status, rows, _ = check("-p", "p.toml", "--require-stop", file=held)
        assert (status, values(rows, "require_stop")) == (0, {"leg": True})
        alone = CORE.replace('account = "w"', 'venue = "bybit@2026-01-01"\nleverage = 5')
        assert check("-p", "p.toml", "--require-stop", file=alone + "stop = 60_000\n")[0] == 0
        assert check("-p", "p.toml", "--require-stop", file=alone + "stop = 63_000\n")[0] == 2

    def test_at_the_price_of_a_fill_it_moves_and_what_it_is_settled_in_stays(self, check: Check) -> None:
        held = UNIFIED + LEG + "stop = 72_000\n"
        trade = (
            "-p",
            "p.toml",
            "--account",
            "u",
            "--currency",
            "BTC",
            "--mmr",
            "1%",
            "-s",
            "long",
            "--order",
            "100@70000",
        )
        status, rows, _ = check(*trade, "--max-leverage", "5", "--max-loss-at-stop", "50%", file=held)
        # 350,100 USD over 70,000 + 30,000 - 5 * 6,000; 5 * 8,000 of 94,000 now, of 100,000 then
        assert (status, values(rows, "max_leverage")["leg"][:7]) == (1, "5.00142")
        assert values(rows, "max_loss_at_stop")["leg"][:7] == "0.42553"

    def test_at_the_price_of_a_fill_a_leg_of_another_coin_stays(self, check: Check) -> None:
        held = UNIFIED + LEG.replace('"BTC"', '"ETH"').replace("64_000", "3_000")
        trade = ("--account", "u", "--currency", "BTC", "--mmr", "1%", "-s", "long", "--order", "100@128000")
        _, rows, _ = check("-p", "p.toml", *trade, "--max-notional-usd", "1m", file=held)
        assert values(rows, "max_notional_usd")["leg"] == "15000"

    def test_a_trade_beside_it_does_not_hide_it(self, check: Check) -> None:
        trade = (
            "-p",
            "p.toml",
            "--account",
            "u",
            "--currency",
            "BTC",
            "--mmr",
            "1%",
            "-s",
            "long",
            "-n",
            "100",
            "-e",
            "64000",
            "--stop",
            "60000",
        )
        status, rows, _ = check(*trade, "--require-stop", file=UNIFIED + LEG)
        assert (status, values(rows, "require_stop")) == (1, {"leg": False, "planned trade": True})


class TestNotKnown:
    @pytest.mark.parametrize(
        "rule",
        [
            ("--max-touch-probability", "5%"),
            ("--max-touch-probability", "5%", "--vol", "60%"),
            ("--max-funding-per-day", "1%"),
            ("--max-funding-per-day", "99%", "--funding-rate", "50%"),
            ("--stop-before-liquidation",),
        ],
    )
    def test_it_is_2_and_1_where_another_rule_is_broken(self, check: Check, rule: tuple[str, ...]) -> None:
        trade = (*TRADE, "-v", "bybit@2026-01-01")
        assert check(*trade, *rule)[0] == 2
        assert check(*trade, *rule, "--max-notional-usd", "5")[0] == 1
        assert check(*trade, *rule, "--max-notional-usd", "50k")[0] == 2

    def test_a_leverage_is_certain_without_tiers_also_in_an_account(self, check: Check) -> None:
        wallet = WALLET.replace("binance@2026-01-01", "okx")
        trade = (*IN_WALLET, "-s", "long", "-n", "600", "-e", "64000", "--max-margin-ratio", "50%")
        assert check(*trade, "--max-leverage", "1.5", file=PRICES + wallet + CORE)[0] == 1
        assert check(*trade, "--max-leverage", "20", file=PRICES + wallet + CORE)[0] == 2

    @pytest.mark.parametrize(
        "trade",
        [
            ("--account", "v", *TRADE),
            ("--account", "w", "--balance", "5", *TRADE[:-2]),
            ("--account", "w", "-v", "bybit", *TRADE),
            ("--account", "w", "-i", "ETHUSD_PERP", *TRADE[:-2]),
            ("--account", "w", "-i", "BTCUSDT", *TRADE[:-2]),
            ("--account", "w", "-s", "long", "-n", "10"),
            ("--account", "w", "--leverage", "5"),
        ],
    )
    def test_a_trade_that_is_none(self, check: Check, trade: tuple[str, ...]) -> None:
        assert check("-p", "p.toml", *trade, "--max-leverage", "999", file=PRICES + WALLET + CORE)[:2] == (2, [])


class TestExpiry:
    """The day is 2021-01-01, unless the rules are of another."""

    DATED = OTHER.replace("leverage = 2", "leverage = 2\nexpires = 2020-12-25").replace("@2026-01-01", "")

    @pytest.mark.parametrize(
        ("venue", "expires", "status"),
        [
            ("bybit", "2020-12-31", 2),
            ("bybit", "2021-01-01", 0),
            ("bybit@2020-12-25", "2020-12-25", 0),
            ("bybit@2026-01-01", "2021-03-26", 2),
        ],
    )
    def test_a_position_that_was_settled_is_none(self, check: Check, venue: str, expires: str, status: int) -> None:
        held = PRICES + self.DATED.replace('"bybit"', f'"{venue}"').replace("= 2020-12-25", f"= {expires}")
        found, rows, said = check("-p", "p.toml", "--max-leverage", "3", "--max-notional-usd", "2k", file=held)
        assert found == status
        assert {row["value"] is None for row in rows} == {status == 2}
        settled = f"other: cannot be judged: its contract was settled on {expires}"
        assert (settled in said, said.count("cannot be judged")) == (status == 2, status // 2)

    def test_another_that_breaks_a_limit_does(self, check: Check) -> None:
        alive = OTHER.replace('"other"', '"alive"')
        assert check("-p", "p.toml", "--max-leverage", "1", file=PRICES + self.DATED + alive)[0] == 1

    @pytest.mark.parametrize(("day", "status"), [("201225", 2), ("260327", 0)])
    def test_nor_is_a_trade_in_one(self, check: Check, day: str, status: int) -> None:
        trade = ("-v", "binance", "-i", f"BTCUSD_{day}", "-s", "long", "-n", "10", "-e", "62500", "-l", "5")
        found, _, said = check(*trade, "--max-leverage", "10")
        assert (found, "planned trade: cannot be judged" in said) == (status, status == 2)


def test_where_a_trade_closes_all_there_is_nothing_breaks_a_limit(check: Check) -> None:
    trade = ("-v", "bybit@2026-01-01", "-s", "short", "-n", "1000", "-e", "64000", "-l", "2", "--require-stop")
    limits = ("--max-leverage", "2", "--min-liquidation-distance", "9%")
    status, rows, _ = check("-p", "p.toml", *trade, *limits, file=PRICES + OTHER)
    assert (status, {row["rule"]: row["value"] for row in rows}) == (
        0,
        {"require_stop": True, "max_leverage": "0", "min_liquidation_distance": None},
    )


def test_the_average_of_fills_is_what_was_paid_not_what_the_venue_prints(check: Check) -> None:
    trade = ("-v", "bybit@2026-01-01", "-s", "long", "--fill", "3k@61000", "--fill", "2k@62000", "-l", "2")
    status, rows, _ = check(*trade, "--max-leverage", "2")
    assert (status, values(rows, "max_leverage")) == (0, {"planned trade": "2"})


def test_what_has_an_amount_as_its_margin_keeps_it_beside_that_of_the_trade(check: Check) -> None:
    held = PRICES + OTHER.replace("bybit@2026-01-01", "binance@2026-09-16").replace("= 1_000", "= 100")
    held = held.replace("leverage = 2", "margin = 0.05").replace("60_000", "64_000")
    trade = ("-v", "binance@2026-09-16", "-s", "long", "-n", "100", "-e", "64000", "--margin", "0.03")
    _, rows, _ = check("-p", "p.toml", *trade, "--max-leverage", "9", file=held)
    assert values(rows, "max_leverage")["planned trade"] == "3.90625"  # 0.3125 coins over 0.05 + 0.03


def test_the_margin_of_a_position_that_is_closed_goes_back_to_its_account(check: Check) -> None:
    isolated = CORE.replace("core", "isolated").replace("= 500", "= 100") + "leverage = 2\n"
    trade = (*IN_WALLET, "-s", "short", "-n", "100", "-e", "64000", "-l", "2", "--exit-fee", "0", "--max-leverage", "9")
    _, rows, _ = check(*trade, file=PRICES + WALLET + CORE + isolated)
    # 0.78125 coins over 1 + 0.08 + 0.00375 + 0.01875
    assert values(rows, "max_leverage")["core"][:6] == "0.7086"


def test_so_does_the_share_of_one_that_is_closed_in_part(check: Check) -> None:
    isolated = CORE.replace("core", "isolated").replace("= 500", "= 100").replace("62_500", "64_000") + "leverage = 2\n"
    held = PRICES + WALLET.replace("2026-01-01", "2026-09-16") + CORE.replace("62_500", "64_000") + isolated
    trade = (*IN_WALLET, "-s", "short", "-n", "50", "-e", "64000", "-l", "2", "--exit-fee", "0", "--max-leverage", "9")
    # 0.78125 coins over 1 and a half of 0.078125
    assert values(check(*trade, file=held)[1], "max_leverage")["core"][:8] == "0.751879"


def test_what_a_trade_closes_pays_for_what_it_opens_beyond(check: Check) -> None:
    trade = (*IN_WALLET, "-s", "short", "-n", "1000", "-e", "64000", "--exit-fee", "0", "--max-leverage", "9")
    _, rows, _ = check(*trade, file=PRICES + WALLET + CORE)
    # 0.78125 coins over 1 + 0.8 - 0.78125
    assert values(rows, "max_leverage")["planned trade"][:8] == "0.766871"


def test_what_a_trade_closes_is_paid_into_an_account_of_several_coins(check: Check) -> None:
    held = UNIFIED.replace('name = "u"', 'name = "u"\nvenue = "bybit@2026-01-01"').replace(", ETH = 10", "")
    long = '[[positions]]\nname = "b"\naccount = "u"\ninstrument = "BTCUSD"\nside = "long"\ncontracts = 32_000\nentry = 32_000\n'
    trade = ("-p", "p.toml", "--account", "u", "-s", "short", "-n", "16000", "-e", "64000", "--exit-fee", "0")
    _, rows, _ = check(*trade, "--max-leverage", "5", file=held + long)
    # 16,000 USD over 1 + 0.25 + 0.25 coins
    assert values(rows, "max_leverage")["planned trade"][:8] == "0.166666"


def test_the_sizes_of_a_contract_are_said_in_their_order(check: Check) -> None:
    held = "".join(
        OTHER.replace('venue = "bybit@2026-01-01"', f'mmr = "1%"\ncontract_size = {size}').replace("other", name)
        for name, size in (("a", 100), ("b", 10), ("c", 1000))
    )
    trade = ("-s", "long", "-n", "10", "-e", "64000", "-l", "2", "--mmr", "1%", "--contract-size", "1")
    _, _, said = check("-p", "p.toml", *trade, "--max-leverage", "9", file=PRICES + held)
    assert "the contract of the trade has 1 and 10 and 100 and 1000 USD per contract" in said


@pytest.mark.parametrize("limit", ["5", "1"])
def test_an_account_with_a_leg_can_be_explained(run: Run, tmp_path: Path, limit: str) -> None:
    (tmp_path / "p.toml").write_text(UNIFIED + LEG)
    trade = (
        "-p",
        "p.toml",
        "--account",
        "u",
        "--currency",
        "BTC",
        "--mmr",
        "1%",
        "-s",
        "long",
        "-n",
        "100",
        "-e",
        "64000",
    )
    answer = run("check", *trade, "--max-leverage", limit, "--explain")
    assert answer.status == (0 if limit == "5" else 1)
    assert "Check: planned trade" in answer.stdout


def test_what_a_trade_opens_beyond_what_it_closes_has_its_share_of_the_margin(check: Check) -> None:
    trade = ("-v", "bybit@2026-01-01", "-s", "short", "-n", "4000", "-e", "64000", "-l", "2", "--exact")
    limits = ("--max-leverage", "3", "--min-liquidation-distance", "1%")
    _, rows, _ = check("-p", "p.toml", *trade, *limits, file=PRICES + OTHER)
    assert values(rows, "max_leverage")["planned trade"] == "2"
    # 0.5 coins of margin for each of value: 2 * 99.5 % of the entry
    assert values(rows, "min_liquidation_distance")["planned trade"] == "0.99"


def test_the_size_of_a_contract_elsewhere_says_nothing_of_that_of_the_trade(check: Check) -> None:
    trade = ("-s", "long", "-n", "10", "-e", "64000", "-l", "2", "--mmr", "1%", "--contract-size", "100")
    status, rows, _ = check("-p", "p.toml", *trade, "--max-notional-usd", "1000", file=PRICES + OTHER)
    assert (status, values(rows, "max_notional_usd")) == (0, {"other": "1000", "planned trade": "1000"})


class TestDebts:
    def test_an_account_that_owes_nothing_is_none(self, check: Check) -> None:
        for balance, names in (("-10", ["other", "u"]), ("0", ["other"])):
            held = UNIFIED.replace("BTC = 1, ETH = 10", f"BTC = 1, USDT = {balance}") + OTHER
            _, rows, _ = check("-p", "p.toml", "--max-leverage", "9", file=held)
            assert [row["position"] for row in rows] == names

    def test_one_that_nothing_liquidates_is_at_no_distance(self, check: Check) -> None:
        held = UNIFIED.replace("BTC = 1, ETH = 10", "USDC = 100, USDT = -10") + OTHER
        _, rows, _ = check("-p", "p.toml", "--min-liquidation-distance", "5%", file=held)
        assert values(rows, "min_liquidation_distance")["u"] is None


class TestDoors:
    @pytest.mark.parametrize(
        "more", [("--explain",), ("--exact",), ("--quiet",), ("--field", "value"), ("--format", "csv"), ()]
    )
    @pytest.mark.parametrize(("limit", "status"), [("12", 0), ("9", 1)])
    def test_every_manner_of_printing_has_the_same_status(
        self, run: Run, more: tuple[str, ...], limit: str, status: int
    ) -> None:
        assert run("check", *TRADE, "-v", "bybit@2026-01-01", "--max-leverage", limit, *more).status == status

    def test_variables_fill_what_is_absent_and_no_more(self, check: Check, tmp_path: Path) -> None:
        (tmp_path / "soft.toml").write_text("[limits]\nmax_leverage = 999\n")
        env = {"PERPCALC_PORTFOLIO": "soft.toml", "PERPCALC_VENUE": "okx"}
        assert check(*TRADE, "-v", "bybit@2026-01-01", "--max-leverage", "9", env=env)[0] == 1
        assert check("-p", "p.toml", file=PRICES + OTHER, env=env)[:2] == (2, [])

    def test_both_sides_in_another_account_keep_none_in_this(self, check: Check) -> None:
        both = "".join(
            f'[[positions]]\nname = "{side}"\naccount = "v"\nside = "{side}"\ncontracts = 10\nentry = 62_500\n'
            for side in ("long", "short")
        )
        held = WALLET + WALLET.replace('"w"', '"v"') + CORE + both + PRICES
        trade = (*IN_WALLET, "-s", "short", "-n", "500", "-e", "64000", "--max-notional-usd", "49999")
        assert check(*trade, file=held)[0] == 0
        assert check(*trade, file=held.replace('account = "v"', 'account = "w"'))[0] == 1

    def test_both_sides_of_another_contract_keep_none_of_this(self, check: Check) -> None:
        other = 'instrument = "BTCUSD_260925"\nside = "short"\ncontracts = 10\nentry = 62_500\n'
        held = WALLET + CORE + f'[[positions]]\nname = "dated"\naccount = "w"\n{other}' + PRICES
        trade = (*IN_WALLET, "-s", "short", "-n", "500", "-e", "64000", "--max-notional-usd", "49999")
        assert check(*trade, file=held)[0] == 0

    def test_the_venue_of_an_account_is_that_of_its_trades(self, check: Check) -> None:
        trade = (*IN_WALLET, "-s", "long", "-n", "10", "-e", "64000", "--max-notional-usd", "50999")
        found = check(*trade, file=WALLET + CORE + PRICES)
        assert found[0] == 1
        assert check(*trade, file=WALLET + CORE + PRICES, env={"PERPCALC_VENUE": "okx"}) == found

    @pytest.mark.parametrize(
        "limit",
        [Decimal("1e999999999"), Decimal("-1e-999999999"), Decimal("NaN"), float("inf"), 10**4000, True, [5], b"5"],
    )
    def test_python_reads_no_limit_that_is_none(self, limit: object) -> None:
        with pytest.raises(PerpcalcError):
            perpcalc.check(side="long", contracts=100, entry=62500, leverage=5, max_leverage=limit)


@pytest.mark.parametrize("seed", range(8))
def test_it_says_what_a_judge_in_fractions_says(tmp_path: Path, seed: int) -> None:
    """Accounts and trades at random, each with limits at the very edge: 0 where none is broken, 1 where one is, else 2."""
    random = Random(seed)
    path = tmp_path / "p.toml"
    for _ in range(15):
        world, trade, account = judge.question(random)
        rules = random.sample(judge.RULES, random.randint(1, 4))
        results, unknown, there = {}, set[str](), True
        try:
            results, unknown = judge.found(world, trade, rules, account)
        except judge.MissingMarginError:
            there = False
        limits = {
            rule: None
            if rule in ("stop_before_liquidation", "require_stop")
            else judge.limit_for(random, rule, results.get(rule))
            for rule in rules
        }
        broken = any(judge.is_broken(result, rule, limits[rule]) for rule, result in results.items())
        expected = 1 if broken else 2 if unknown else 0
        path.write_text(judge.file_of(world))
        asked = {rule: True if limit is None else judge.written(limit) for rule, limit in limits.items()}
        options = {
            "portfolio": str(path),
            "interval": "8h",
            "account": account,
            **asked,
            **(judge.options_of(trade) if trade else {}),
        }
        if there:
            assert perpcalc.check(**options).status == expected, (path.read_text(), options, results)
        else:
            with pytest.raises(PerpcalcError, match="the trade takes a margin of"):
                perpcalc.check(**options)
