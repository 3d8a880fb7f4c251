"""Reading a portfolio: what a good file holds, and what is said of a bad one, by file, entry, key and value."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st
from inside import Run

from perpcalc.core.position import Fill
from perpcalc.errors import Entry, Key, PerpcalcError
from perpcalc.files import read
from perpcalc.limit_options import LIMIT_KEYS
from perpcalc.options import (
    CLOSING_FEE,
    ENTRY_FEE,
    ENTRY_VALUE,
    EXPIRES,
    FILL,
    FUNDING_RATE,
    INSTRUMENT,
    LEVERAGE,
    LINEAR,
    MM_BASIS,
    POSITION_KEYS,
    SIDE,
    STOP,
)
from perpcalc.portfolio import Account, Holding, Portfolio, Position, Unified
from perpcalc.portfolio.reading import load, load_limits, parse, problems_in
from perpcalc.portfolio.schema import KNOWN


def problems(path: str) -> tuple[PerpcalcError, ...]:
    """All that is wrong with a file."""
    return problems_in(read(path))


POSITION = """
[[positions]]
name = "core"
side = "long"
contracts = 500
entry = 62_500
"""
ACCOUNT = '\n[[accounts]]\nname = "main"\nvenue = "binance"\nbalance = 1\n'
SEVERAL = '\n[[accounts]]\nname = "uta"\nmargin = "unified"\nbalances = { BTC = 1, ETH = 10, usdt = -30_000 }\n'


def refusal(text: str | bytes) -> str:
    """What is said of a file that does not load."""
    raw = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(PerpcalcError) as caught:
        parse(raw, "book.toml")
    message = str(caught.value)
    assert message.startswith("book.toml: ")
    assert message.isprintable()
    assert "pydantic" not in message
    assert message == caught.value.line(flags=True)  # keys of a file are keys on a command line too
    return message.removeprefix("book.toml: ")


def book(text: str) -> Portfolio:
    return parse(text.encode(), "book.toml")


def position(key: str) -> Position:
    """A position with one more key."""
    return book(f"{POSITION}{key}\n").positions[0]


class TestAGoodFile:
    def test_holds_prices_accounts_positions_holdings_and_limits(self) -> None:
        portfolio = book(
            """
            prices = {BTC = 64_000, eth = "3_200.5"}
            limits = {max_leverage = 5, min_liquidation_distance = "15%", require_stop = true, horizon = "7d"}
            holdings = [{coin = "btc", amount = 2}, {coin = "ETH", amount = -0.5}]
            [[accounts]]
            name = "main"
            venue = "binance@2024-06-01"
            balance = 1.25
            mode = "Hedge"
            [[positions]]
            name = "core"
            account = "main"
            side = "Short"
            fills = [{contracts = 300, price = 61_000}, {contracts = "1k", price = 61_000.5}]
            funding_rate = "0.01%"
            entry_fee = "maker"
            """
        )
        assert portfolio.where == "book.toml"
        assert portfolio.prices == {"BTC": Decimal(64_000), "ETH": Decimal("3200.5")}
        assert portfolio.accounts == (
            Account(Entry("account 1 (main)"), "main", "binance@2024-06-01", "BTC", Decimal("1.25"), "hedge", None),
        )
        [held] = portfolio.positions
        assert held[:3] == (Entry("position 1 (core)"), "core", "main")
        assert held.given.values == {
            "side": "short",
            "fill": (Fill(Decimal(300), Decimal(61_000)), Fill(Decimal(1_000), Decimal("61000.5"))),
            "funding_rate": Decimal("0.0001"),
            "entry_fee": "maker",
        }
        assert portfolio.holdings == (
            Holding(Entry("holding 1"), "BTC", Decimal(2)),
            Holding(Entry("holding 2"), "ETH", Decimal("-0.5")),
        )
        assert portfolio.limits == {
            "max_leverage": 5,
            "min_liquidation_distance": "15%",
            "require_stop": True,
            "horizon": "7d",
        }

    def test_may_be_empty(self) -> None:
        assert parse(b"", "book.toml") == Portfolio("book.toml")

    @pytest.mark.parametrize(
        "raw",
        [
            b"\xef\xbb\xbf" + POSITION.encode(),
            POSITION.replace("\n", "\r\n").encode(),
            POSITION.rstrip().encode(),
            b"\xef\xbb\xbf" + POSITION.replace("\n", "\r\n").encode(),
        ],
        ids=["byte order mark", "CRLF", "no newline at the end", "byte order mark and CRLF"],
    )
    def test_may_come_from_any_editor(self, raw: bytes) -> None:
        [found], [expected] = parse(raw, "book.toml").positions, book(POSITION).positions
        assert found[:3] == expected[:3]
        assert (
            found.given.values
            == expected.given.values
            == {
                "side": "long",
                "contracts": Decimal(500),
                "entry": Decimal(62_500),
            }
        )

    @pytest.mark.parametrize(
        ("written", "value"),
        [
            ("stop = 58_000", "58000"),
            ("stop = 58000.0", "58000.0"),
            ("stop = 0x1F", "31"),
            ('stop = "58_000.25"', "58000.25"),
            ("stop = 0.000000000000000001", "0.000000000000000001"),
            ("stop = 999999999999999.999999999999999999", "999999999999999.999999999999999999"),
        ],
    )
    def test_numbers_keep_every_digit(self, written: str, value: str) -> None:
        assert f"{position(written).given[STOP]:f}" == value

    @pytest.mark.parametrize(
        ("written", "value"),
        [('"0.01%"', "0.0001"), ('"1bp"', "0.0001"), ("0.0001", "0.0001"), ("-0.0001", "-0.0001"), ('"150%"', "1.5")],
    )
    def test_rates_take_a_unit(self, written: str, value: str) -> None:
        assert position(f"funding_rate = {written}").given[FUNDING_RATE] == Decimal(value)

    @pytest.mark.parametrize(
        ("written", "option", "value"),
        [
            ('leverage = "10x"', LEVERAGE, Decimal(10)),
            ('instrument = "ETH"', INSTRUMENT, "ETH"),
            ('mm_basis = "Mark"', MM_BASIS, "mark"),
            ("expires = 2026-03-27", EXPIRES, "2026-03-27"),
            ('expires = "2026-03-27"', EXPIRES, "2026-03-27"),
            ('closing_fee = "0.06%"', CLOSING_FEE, Decimal("0.0006")),
            ('entry_fee = "0.02%"', ENTRY_FEE, Decimal("0.0002")),
        ],
    )
    def test_a_key_is_read_as_the_option_of_its_name(self, written: str, option: Any, value: object) -> None:
        assert position(written).given[option] == value

    def test_every_option_of_a_position_is_a_key(self) -> None:
        assert set(KNOWN["positions"]) == {
            "name",
            "account",
            "fills",
            *(option.name for option in POSITION_KEYS if option is not FILL),
        }
        assert book(POSITION.replace("entry = 62_500", "entry_value = 0.8")).positions[0].given[ENTRY_VALUE] == Decimal(
            "0.8"
        )

    def test_the_environment_fills_nothing_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PERPCALC_VENUE", "bybit")
        assert "venue" not in book(POSITION).positions[0].given.values

    def test_may_hold_both_sides(self) -> None:
        text = ACCOUNT + POSITION + POSITION.replace("core", "other").replace("long", "short")
        assert [held.given[SIDE] for held in book(text).positions] == ["long", "short"]


class TestAnAccountOfSeveralCoins:
    def test_has_balances_and_what_the_venue_counts(self) -> None:
        [account] = book(
            SEVERAL
            + """
            venue = "bybit"
            mode = "one-way"
            weights_of = { BTC = "98%", eth = [[10, "97%"], ["20", 0.95]] }
            condition = "105%"
            weights = "Equity"
            order_loss = 1
            haircut_loss = 2.5
            order_maintenance = 3
            loan_maintenance = 0
            """
        ).accounts
        assert account == Account(
            Entry("account 1 (uta)"),
            "uta",
            "bybit",
            "USD",
            None,
            "one-way",
            Unified(
                {"BTC": Decimal(1), "ETH": Decimal(10), "USDT": Decimal(-30_000)},
                {
                    "BTC": ((None, Decimal("0.98")),),
                    "ETH": ((Decimal(10), Decimal("0.97")), (Decimal(20), Decimal("0.95"))),
                },
                None,
                Decimal("1.05"),
                "equity",
                Decimal(1),
                Decimal("2.5"),
                Decimal(3),
                Decimal(0),
            ),
        )

    def test_needs_no_more_than_its_balances(self) -> None:
        [account] = book(SEVERAL).accounts
        assert account.unified is not None
        assert account.unified[1:] == ({}, *[None] * 7)
        [named] = book(SEVERAL + 'weights_file = "ratios.json"').accounts
        assert named.unified is not None
        assert named.unified.weights_file == "ratios.json"

    def test_holds_linear_legs_and_positions_of_any_coin(self) -> None:
        text = SEVERAL + POSITION + 'account = "uta"\n'
        leg = text.replace("contracts = 500", 'linear = "btc"\nsettle = "USDT"\ncoin = 0.5')
        assert book(leg).positions[0].given[LINEAR] == "BTC"
        assert book(text + 'currency = "ETH"').positions[0].account == "uta"
        assert book(text + 'instrument = "ETHUSD"').positions[0].account == "uta"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (SEVERAL + "balance = 1", 'account 1 (uta), balance: excludes margin = "unified": leave it out: balances has the coins'),
            (SEVERAL + 'currency = "BTC"', 'account 1 (uta), currency: excludes margin = "unified": leave it out: balances has the coins'),
            ('[[accounts]]\nname = "uta"\nmargin = "unified"', "account 1 (uta), balances: the key is missing: write it, as in balances = { BTC = 1 }"),
            (SEVERAL.replace("unified", "cross"), "account 1 (uta), margin: 'cross' is not known: give unified"),
            (SEVERAL.replace('margin = "unified"', "balance = 1"), 'account 1 (uta), balances: is of an account of several coins: write margin = "unified", or leave it out'),
            (ACCOUNT + 'condition = "105%"', 'account 1 (main), condition: is of an account of several coins: write margin = "unified", or leave it out'),
            (ACCOUNT + "weights_of = {}", 'account 1 (main), weights_of: is of an account of several coins: write margin = "unified", or leave it out'),
            (ACCOUNT + "loan_maintenance = 0", 'account 1 (main), loan_maintenance: is of an account of several coins: write margin = "unified", or leave it out'),
            (SEVERAL + 'weights_of = {}\nweights_file = "a.json"', "account 1 (uta), weights_file: excludes weights_of: leave one out"),
            (SEVERAL + "weights_of = { BTC = 98 }", "account 1 (uta), weights_of, BTC: '98' is not clear as a rate: write 98% or 9800%"),
            (SEVERAL + "weights_of = { BTC = [] }", 'account 1 (uta), weights_of, BTC: is no list of bands: write each as [up to, ratio], as in [[10, "98%"], [20, "95%"]]'),
            (SEVERAL + 'weights_of = { BTC = [10, "98%"] }', 'account 1 (uta), weights_of, BTC: is no list of bands: write each as [up to, ratio], as in [[10, "98%"], [20, "95%"]]'),
            (SEVERAL + 'weights_of = { BTC = [[10, "98%"], [20]] }', 'account 1 (uta), weights_of, BTC: is no list of bands: write each as [up to, ratio], as in [[10, "98%"], [20, "95%"]]'),
            (SEVERAL + 'weights_of = { BTC = [[10]] }', 'account 1 (uta), weights_of, BTC: is no list of bands: write each as [up to, ratio], as in [[10, "98%"], [20, "95%"]]'),
            (SEVERAL + 'weights_of = { BTC = [[0, "98%"]] }', "account 1 (uta), weights_of, BTC: '0' is out of range: give an amount above 0"),
            (SEVERAL + 'weights_of = { BTC = "98%", btc = "97%" }', "account 1 (uta), weights_of: a coin has two ratios, in letters of different case: leave one out"),
            (SEVERAL.replace("usdt", "btc"), "account 1 (uta), balances: a coin has two balances, in letters of different case: leave one out"),
            (SEVERAL.replace("-30_000", "true"), "account 1 (uta), balances, usdt: true is not a number: write digits, as in 62500"),
            (SEVERAL + 'mode = "net"', "account 1 (uta), mode: 'net' is not known: give hedge or one-way"),
            (SEVERAL + 'weights = "all"', "account 1 (uta), weights: 'all' is not known: give equity or balance"),
            (SEVERAL + POSITION + 'account = "uta"', "position 1 (core), instrument: the key is missing: write it, or currency: its account has several coins"),
            (SEVERAL + POSITION + 'account = "uta"\nvenue = "okx"\ncurrency = "BTC"', "position 1 (core), venue: excludes account, which has its own: leave one out"),
            (ACCOUNT + POSITION + 'account = "main"\nlinear = "BTC"', 'position 1 (core), linear: its account is a wallet of one coin, which carries no linear legs: name one with margin = "unified", or leave account out'),
        ],
    )  # fmt: skip
    def test_contradicts_nothing(self, text: str, message: str) -> None:
        assert refusal(text) == message


class TestModes:
    TWO = (
        ACCOUNT
        + POSITION
        + 'account = "main"\n'
        + POSITION.replace("core", "hedge").replace("long", "short")
        + 'account = "main"\n'
    )

    def test_a_file_that_holds_both_sides_is_not_one_way(self) -> None:
        assert book(self.TWO).accounts[0].mode is None
        text = self.TWO.replace("balance = 1", 'balance = 1\nmode = "One-Way"')
        assert refusal(text) == (
            "position 2 (hedge), side: position 1 is the other side of this contract, and the account is one-way: "
            'write mode = "hedge", or what is left of both'
        )
        assert book(text.replace("One-Way", "hedge")).accounts[0].mode == "hedge"

    @pytest.mark.parametrize("other", ['instrument = "ETHUSD"', "contract_size = 10", "expires = 2026-03-27"])
    def test_two_contracts_are_not_two_sides(self, other: str) -> None:
        text = self.TWO.replace("balance = 1", 'balance = 1\nmode = "one-way"')
        assert len(book(text + other).positions) == 2

    def test_nor_are_two_accounts_or_two_positions_of_a_side(self) -> None:
        text = self.TWO.replace("balance = 1", 'balance = 1\nmode = "one-way"')
        second = ACCOUNT.replace("main", "second") + 'mode = "one-way"\n'
        assert book(second + "second".join(text.rsplit("main", 1)))
        assert book(text.replace("short", "long"))


class TestWhatIsWrong:
    @pytest.mark.parametrize(
        ("written", "message"),
        [
            ("stop = true", "true is not a number: write digits, as in 62500"),
            ("stop = false", "false is not a number: write digits, as in 62500"),
            ("stop = nan", "'nan' is not a plain decimal number: it must be finite"),
            ("stop = -inf", "'-inf' is not a plain decimal number: it must be finite"),
            ("stop = 1e5", "'1e5' is not a plain decimal number: write it out without an exponent"),
            (
                "stop = 1e9999999999999999999",
                "'1e9999999999999999999' is not a plain decimal number: write it out without an exponent",
            ),
            ('stop = "1,5"', "'1,5' is not a plain decimal number: use a point for decimals and no thousands separators"),
            ('stop = "٣"', r"'\u0663' is not a plain decimal number: use the digits 0 to 9 and a point"),
            ('stop = "5k"', "'5k' is not a plain decimal number: k, m and b stand only on contracts, USD and coin amounts, write the zeros out"),
            ("stop = 0", "'0' is out of range: give a number above 0"),
            ("stop = -5", "'-5' is out of range: give a number above 0"),
            ("stop = 1000000000000000", "the integer is too large: at most 15 digits"),
            ("stop = 0x" + "f" * 5000, "the integer is too large: at most 15 digits"),
            (
                "stop = 0.0000000000000000001",
                "'0.0000000000000000001' is not a plain decimal number: at most 15 digits before the point and 18 after it",
            ),
            ("stop = 2024-06-01", "a date or time is not a number: write digits, as in 62500"),
            ("stop = [58000]", "a list is not a number: write digits, as in 62500"),
            ("stop = {price = 58000}", "a table is not a number: write digits, as in 62500"),
            ('stop = ""', "'' is not a plain decimal number: give one, as in 62500.5"),
        ],
    )  # fmt: skip
    def test_a_number_is_named_with_its_entry_and_key(self, written: str, message: str) -> None:
        assert refusal(f"{POSITION}{written}") == f"position 1 (core), stop: {message}"

    def test_a_bare_rate_that_is_not_clear_needs_its_unit(self) -> None:
        assert refusal(f"{POSITION}funding_rate = 1") == (
            "position 1 (core), funding_rate: '1' is not clear as a rate: write 1% or 100%"
        )
        assert refusal(f"{POSITION}funding_rate = 0.01") == (
            "position 1 (core), funding_rate: '0.01' is not clear as a rate: write 1% or 0.01%"
        )

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (POSITION + "stp = 5", "position 1 (core), stp: unknown key: did you mean stop?"),
            (POSITION + "leverge = 5", "position 1 (core), leverge: unknown key: did you mean leverage?"),
            (POSITION + "fill = 5", "position 1 (core), fill: unknown key: did you mean fills?"),
            ('[[position]]\nname = "a"', "position: unknown key: did you mean positions?"),
            ("[limits]\nmax_levrage = 5", "limits, max_levrage: unknown key: did you mean max_leverage?"),
            ('[[accounts]]\nname = "a"\nbalanc = 1\nbalance = 1', "account 1 (a), balanc: unknown key: did you mean balance or balances?"),
            ('[[holdings]]\ncoin = "BTC"\namont = 1\namount = 1', "holding 1, amont: unknown key: did you mean amount?"),
            (
                POSITION.replace("contracts = 500\nentry = 62_500", "fills = [{contracts = 1, price = 2, fee = 3}]"),
                "position 1 (core), fill 1, fee: unknown key: did you mean one of contracts, price?",
            ),
        ],
    )  # fmt: skip
    def test_an_unknown_key_comes_with_a_suggestion(self, text: str, message: str) -> None:
        assert refusal(text) == message

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('[[positions]]\nname = "a"', "position 1 (a), side: the key is missing: write it"),
            ("positions = [{}]", "position 1, name: the key is missing: write it"),
            ('[[accounts]]\nname = "a"', "account 1 (a), balance: the key is missing: write it"),
            ("[[accounts]]\nbalance = 1", "account 1, name: the key is missing: write it"),
            ("[[holdings]]\namount = 1", "holding 1, coin: the key is missing: write it"),
            (POSITION.replace("long", "buy"), "position 1 (core), side: 'buy' is not known: give long or short"),
            (POSITION.replace('"long"', "true"), "position 1 (core), side: true is not known: give long or short"),
            (POSITION.replace('"core"', "5"), "position 1, name: 5 is not a text: write it in quotes"),
            (POSITION.replace('"core"', "0x" + "f" * 50), "position 1, name: the integer is not a text: write it in quotes"),
            (POSITION.replace("core", ""), "position 1 (), name: the text is empty: write one, or leave the key out"),
            (
                ACCOUNT + 'mode = "one-way"\n' + POSITION + 'account = "main"\ninstrument = [5]',
                "position 1 (core), instrument: a list is not a text: write it in quotes",
            ),
            (POSITION + "account = [5]", "position 1 (core), account: a list is not a text: write it in quotes"),
            (POSITION + "venue = 5", "position 1 (core), venue: 5 is not a text: write it in quotes"),
            (POSITION + 'currency = "B C"', "position 1 (core), currency: 'B C' is not a coin: give its letters, as in BTC"),
            (POSITION + "expires = 2026-03-27T08:00:00", "position 1 (core), expires: a date or time is not a text: write it in quotes"),
            (POSITION + 'expires = "27.3."', "position 1 (core), expires: '27.3.' is not a date: write YYYY-MM-DD, as in 2026-03-27"),
            (POSITION + r'instrument = "a\u001bb"', r"position 1 (core), instrument: 'a\x1bb' is not a name: give 1 to 64 printable characters"),
            ("[limits]\nrequire_stop = 1", "limits, require_stop: 1 is not a yes or no: write true or false"),
            ("[limits]\nhorizon = 7", "limits, horizon: '7' is not a duration: write a number and m, h, d or w, as in 8h"),
            ("[prices]\nBTC = true", "prices, BTC: true is not a number: write digits, as in 62500"),
            ('[prices]\n"B C" = 5', "prices, B C: 'B C' is not a coin: give its letters, as in BTC"),
            ("[prices]\nBTC = 5\nbtc = 6", "prices: a coin has two prices, in letters of different case: leave one out"),
            ("prices = []", "prices: a list is not a table: write its keys below [prices]"),
            ("limits = 5", "limits: 5 is not a table: write its keys below [limits]"),
            ("positions = 5", "positions: 5 is not a list of tables: write [[positions]]"),
            ('[positions]\nname = "a"', "positions: a table is not a list of tables: write [[positions]]"),
            ("positions = [5]", "position 1: 5 is not a table: write its keys in braces, as in {key = 1}"),
            (
                POSITION + "fills = 5",
                "position 1 (core), fills: 5 is not a list of tables: write fills = [{contracts = 300, price = 61_000}]",
            ),
            (POSITION + "fills = [{contracts = 5}]", "position 1 (core), fill 1, price: the key is missing: write it"),
            (POSITION + 'fills = ["300@61000"]', "position 1 (core), fill 1: '300@61000' is not a table: write its keys in braces, as in {key = 1}"),
            (ACCOUNT.replace("1", "-1"), "account 1 (main), balance: '-1' is out of range: give 0 or more"),
            (
                POSITION + 'account = "nowhere"',
                "position 1 (core), account: there is no account 'nowhere': give one that [[accounts]] defines",
            ),
            (
                '[[accounts]]\nname = "main"\nbalance = 1\n' + POSITION + 'account = "mian"',
                "position 1 (core), account: there is no account 'mian': give main",
            ),
            (
                '[[accounts]]\nname = "main"\nbalance = 1\n' + POSITION + 'account = "main"\nvenue = "bybit"',
                "position 1 (core), venue: excludes account, which has its own: leave one out",
            ),
            (
                '[[accounts]]\nname = "main"\nbalance = 1\n' + POSITION + 'account = "main"\ncurrency = "BTC"',
                "position 1 (core), currency: excludes account, which has its own: leave one out",
            ),
        ],
    )  # fmt: skip
    def test_a_key_is_named_with_its_entry(self, text: str, message: str) -> None:
        assert refusal(text) == message

    def test_its_places_are_the_file_the_entry_and_the_key(self) -> None:
        with pytest.raises(PerpcalcError) as caught:
            book(POSITION.replace("contracts = 500\nentry = 62_500", "fills = [{contracts = 0, price = 2}]"))
        assert caught.value.places == ("book.toml", "position 1 (core)", "fill 1", "contracts")
        assert [type(place) for place in caught.value.places] == [str, Entry, Entry, Key]

    def test_the_second_of_two_entries_is_the_one_named(self) -> None:
        assert refusal(POSITION + POSITION.replace("core", "two") + "stop = -1").startswith("position 2 (two), stop: ")

    def test_a_name_is_given_once(self) -> None:
        assert refusal(POSITION + POSITION) == "position 2 (core): position 1 has the same name: give each its own"
        account = '[[accounts]]\nname = "main"\nbalance = 1\n'
        assert refusal(account + account) == "account 2 (main): account 1 has the same name: give each its own"
        assert book(account + POSITION.replace("core", "main"))

    def test_a_name_has_at_most_64_characters(self) -> None:
        assert book(POSITION.replace("core", "n" * 64)).positions[0].name == "n" * 64
        assert refusal(POSITION.replace("core", "n" * 65)).endswith(
            "name: the text is 65 characters long: use at most 64"
        )

    @pytest.mark.parametrize("escape", [r"\u001b[31m", r"\u202e", r"\u009b", r"\u200b", r"\u2028", r"\n"])
    def test_a_name_cannot_steer_the_terminal(self, escape: str) -> None:
        assert refusal(POSITION.replace("core", f"a{escape}b") + "stop = -1").endswith("give a number above 0")
        assert "unknown key" in refusal(POSITION + f'"st{escape}op" = 5')
        assert "there is no account" in refusal(
            ACCOUNT.replace("main", f"a{escape}b") + POSITION + f'account = "a{escape}c"'
        )


class TestAllThatIsWrong:
    TEXT = (
        "[prices]\nBTC = 0\n[limits]\nmax_leverage = true\nvoll = 1\n"
        + ACCOUNT
        + ACCOUNT
        + POSITION
        + 'account = "mian"\nstop = 0\nstp = 1\n'
        + POSITION
        + 'account = "main"\nvenue = "okx"\n'
        + "[[positions]]\n[[positions.fills]]\n"
    )

    def test_is_said_at_once_in_the_order_of_the_entries(self, tmp_path: Path) -> None:
        path = tmp_path / "book.toml"
        path.write_text("colour = 1\n" + self.TEXT)
        found = problems(str(path))
        assert [str(problem).removeprefix(f"{path}: ") for problem in found] == [
            "colour: unknown key: did you mean one of prices, accounts, positions, holdings, limits?",
            "prices, BTC: '0' is out of range: give a number above 0",
            "account 2 (main): account 1 has the same name: give each its own",
            "position 1 (core), stop: '0' is out of range: give a number above 0",
            "position 1 (core), stp: unknown key: did you mean stop?",
            "position 1 (core), account: there is no account 'mian': give main",
            "position 2 (core): position 1 has the same name: give each its own",
            "position 2 (core), venue: excludes account, which has its own: leave one out",
            "position 3, name: the key is missing: write it",
            "position 3, side: the key is missing: write it",
            "position 3, fill 1, contracts: the key is missing: write it",
            "position 3, fill 1, price: the key is missing: write it",
            "limits, max_leverage: true is not a number: write digits, as in 62500",
            "limits, voll: unknown key: did you mean vol?",
        ]
        with pytest.raises(PerpcalcError) as caught:
            load(str(path))
        assert str(caught.value) == str(found[0])

    def test_is_nothing_for_a_good_file(self, tmp_path: Path) -> None:
        path = tmp_path / "book.toml"
        path.write_text(ACCOUNT + POSITION)
        assert problems(str(path)) == ()

    def test_is_one_thing_for_what_is_no_toml(self, tmp_path: Path) -> None:
        path = tmp_path / "book.toml"
        path.write_text("a = [")
        [problem] = problems(str(path))
        assert str(problem).startswith(f"{path}: not TOML: ")


class TestLimits:
    def test_may_stand_in_a_file_of_their_own(self, tmp_path: Path) -> None:
        below, top = tmp_path / "below.toml", tmp_path / "top.toml"
        below.write_text("[limits]\nmax_leverage = 5.0\n" + POSITION)
        top.write_text("max_leverage = 5.0\n")
        assert load_limits(str(below)) == load_limits(str(top)) == {"max_leverage": "5.0"}

    def test_that_do_not_fit_are_named_by_file_and_key(self, tmp_path: Path) -> None:
        path = tmp_path / "limits.toml"
        path.write_text("max_leverage = true")
        with pytest.raises(PerpcalcError) as error:
            load_limits(str(path))
        assert str(error.value) == f"{path}: limits, max_leverage: true is not a number: write digits, as in 62500"

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[limits]",
            "# max_leverage = 5",
            'vol = "60%"\nhorizon = "7d"',
            "require_stop = false",
            POSITION + "[limits]",
        ],
    )
    def test_that_limit_nothing_are_no_limits(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "limits.toml"
        path.write_text(text)
        with pytest.raises(PerpcalcError) as error:
            load_limits(str(path))
        assert str(error.value) == f"{path}: has no limit: write one, as in max_leverage = 5"

    @pytest.mark.parametrize("option", LIMIT_KEYS[:-2])
    def test_of_every_kind_are_limits(self, tmp_path: Path, option: Any) -> None:
        path = tmp_path / "limits.toml"
        path.write_text(f"{option.name} = {'true' if option.flag else '0.5'}")
        assert load_limits(str(path)).keys() == {option.name}

    def test_of_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(PerpcalcError, match="No such file or directory"):
            load_limits(str(tmp_path / "limits.toml"))


class TestWhatIsNoPortfolio:
    @pytest.mark.parametrize(
        ("raw", "message"),
        [
            (POSITION.encode("utf-16"), "byte 0 is not UTF-8: save the file as UTF-8"),
            (POSITION.encode().replace(b"core", b"caf\xe9"), "byte 26 is not UTF-8: save the file as UTF-8"),
            (b"\x00", "not TOML: invalid statement (at line 1, column 1): correct that place"),
            (b"[[positions]\n", "not TOML: "),
            (b"a = 1\na = 2\n", "not TOML: cannot overwrite a value (at line 2, column 6): correct that place"),
            (b"a = 1\rb = 2", "not TOML: "),
            (b"a = " + b"[" * 100_000, "not "),
            (b"a = " + b"{b = " * 50_000, "not "),
            (b"a = " + b"9" * 5_000, "an integer has too many digits: use at most 15"),
            (b"a." * 2_000 + b"b = 1", "line 1 has a key of too many parts: "),
            (rb'a = "\ud800"', "not TOML: "),
        ],
        ids=["UTF-16", "Latin-1", "NUL", "header", "twice", "CR", "lists", "tables", "digits", "dots", "surrogate"],
    )
    def test_it_is_refused_in_one_line(self, raw: bytes, message: str) -> None:
        assert refusal(raw).startswith(message)

    @given(st.binary(max_size=200))
    def test_no_bytes_break_the_reader(self, raw: bytes) -> None:
        try:
            parse(raw, "book.toml")
        except PerpcalcError as error:
            assert "\n" not in str(error)  # noqa: PT017  both outcomes are right, a crash is not

    @given(
        st.recursive(
            st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.dates(), st.sampled_from(["a", "unified", "one-way"])),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(
                    st.sampled_from(
                        ["name", "side", "fills", "entry", "price", "contracts", "account", "margin", "mode", "linear", "balances", "weights_of", "BTC", "coin"]
                    ),
                    inner,
                ),
            ),
            max_leaves=12,
        ),
        st.sampled_from(["prices", "accounts", "positions", "holdings", "limits"]),
    )  # fmt: skip
    def test_no_values_break_the_reader(self, value: object, table: str) -> None:
        both = (
            {table: value, "accounts": [{"name": "a", "balance": 1}, value]} if table == "positions" else {table: value}
        )
        try:
            parse(tomli_w.dumps(both).encode(), "book.toml")
        except PerpcalcError as error:
            assert "\n" not in str(error)  # noqa: PT017


class TestWhereItIsRead:
    def test_from_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "book.toml"
        path.write_text(POSITION)
        assert load(str(path)).where == str(path)
        assert load(str(path)).positions[0].name == "core"

    def test_a_pipe_is_read_from_standard_input(self) -> None:
        program = (
            "from perpcalc.portfolio.reading import load; book = load('-'); print(book.where, book.positions[0].name)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], input=POSITION, capture_output=True, text=True, check=True
        )
        assert done.stdout == "standard input core\n"

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no FIFOs")
    def test_a_fifo_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        for reads in (load, load_limits):
            with pytest.raises(PerpcalcError, match="is not a regular file: give one, or - and a pipe"):
                reads(str(tmp_path / "pipe"))


class TestByName:
    BOOK = book(ACCOUNT + ACCOUNT.replace("main", "spare") + POSITION)

    def test_an_account_and_a_position_are_found(self) -> None:
        assert self.BOOK.account("spare") is self.BOOK.accounts[1]
        assert self.BOOK.position("core") is self.BOOK.positions[0]

    @pytest.mark.parametrize(("portfolio", "remedy"), [(BOOK, "main"), (Portfolio(""), "the name of one")])
    def test_or_refused(self, portfolio: Portfolio, remedy: str) -> None:
        with pytest.raises(PerpcalcError) as error:
            portfolio.account("mian")
        assert str(error.value) == f"there is no account 'mian': give {remedy}"
        with pytest.raises(PerpcalcError, match="there is no position 'coer': give "):
            portfolio.position("coer")

    def test_a_price_is_the_file_s_and_a_dollar_s_is_one(self) -> None:
        prices = book("[prices]\nBTC = 64_000\nUSDT = 0.9995")
        assert [prices.price(coin) for coin in ("BTC", "USDT", "USDC", "USD", "ETH")] == [
            Decimal(64_000),
            Decimal("0.9995"),
            Decimal(1),
            Decimal(1),
            None,
        ]
        assert Portfolio("").price("USDT") == 1


def test_a_scripted_call_imports_nothing_of_this() -> None:
    program = (
        "import sys; import perpcalc.options, perpcalc.portfolio;"
        "print([name for name in ('pydantic', 'pydantic_core', 'tomllib', 'perpcalc.portfolio.schema') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("key", "imported"), [("", "[]"), ("entri = 5\n", "['pydantic_core', 'difflib']")], ids=["good", "bad"]
)
def test_only_a_file_with_a_fault_imports_pydantic_and_its_core_alone(tmp_path: Path, key: str, imported: str) -> None:
    (tmp_path / "book.toml").write_text(ACCOUNT + POSITION + key)
    program = (
        "import contextlib, sys; from perpcalc.errors import PerpcalcError; from perpcalc.portfolio.reading import load\n"
        "with contextlib.suppress(PerpcalcError): load(sys.argv[1])\n"
        "print([name for name in ('pydantic', 'pydantic_core', 'tomli_w', 'difflib') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "book.toml")], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{imported}\n"


def test_an_empty_pipe_is_no_portfolio(run: Run) -> None:
    answer = run("status", "-p", "-", stdin="")
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr == "perpcalc: standard input: is empty: pipe a portfolio into it\n"
