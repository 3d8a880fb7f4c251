"""Reading a portfolio: what a good file holds, and what is said of a bad one, by file, entry, key and value."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.errors import PerpcalcError
from perpcalc.files import LARGEST_FILE
from perpcalc.portfolio import AccountEntry, Limits, Portfolio, PositionEntry, load, load_limits, parse

POSITION = """
[[positions]]
name = "core"
side = "long"
contracts = 500
entry = 62_500
"""


def refusal(text: str | bytes) -> str:
    """What is said of a file that does not load."""
    raw = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(PerpcalcError) as caught:
        parse(raw, "book.toml")
    message = str(caught.value)
    assert message.startswith("book.toml: ")
    assert "\n" not in message
    assert "pydantic" not in message
    return message.removeprefix("book.toml: ")


def one(key: str) -> PositionEntry:
    """A position with one more key."""
    return parse(f"{POSITION}{key}\n".encode(), "book.toml").positions[0]


class TestAGoodFile:
    def test_holds_prices_accounts_positions_and_limits(self) -> None:
        portfolio = parse(
            b"""
            prices = {BTC = 64_000, eth = "3_200.5"}
            limits = {max_leverage = 5, min_liquidation_distance = "15%", require_stop = true, horizon = "7d"}
            [[accounts]]
            name = "main"
            venue = "binance@2024-06-01"
            balance = 1.25
            [[positions]]
            name = "core"
            account = "main"
            side = "short"
            fills = [{contracts = 300, price = 61_000}, {contracts = "1k", price = 61_000.5}]
            funding_rate = "0.01%"
            entry_fee = "maker"
            """,
            "book.toml",
        )
        assert portfolio.prices == {"BTC": Decimal(64_000), "ETH": Decimal("3200.5")}
        assert portfolio.accounts == [
            AccountEntry(name="main", venue="binance@2024-06-01", currency="BTC", balance="1.25")
        ]  # type: ignore[arg-type]
        [position] = portfolio.positions
        assert position.fills is not None
        assert [(fill.contracts, fill.price) for fill in position.fills] == [
            (Decimal(300), Decimal(61_000)),
            (Decimal(1_000), Decimal("61000.5")),
        ]
        assert position.funding_rate == Decimal("0.0001")
        assert position.entry_fee == "maker"
        assert portfolio.limits.min_liquidation_distance == Decimal("0.15")
        assert portfolio.limits.require_stop is True
        assert portfolio.limits.horizon == 7 * 1440

    def test_may_be_empty(self) -> None:
        assert parse(b"", "book.toml") == Portfolio()

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
        assert parse(raw, "book.toml") == parse(POSITION.encode(), "book.toml")

    @pytest.mark.parametrize(
        ("written", "value"),
        [
            ("stop = 58_000", "58000"),
            ("stop = 58000.0", "58000"),
            ("stop = 0x1F", "31"),
            ('stop = "58_000.25"', "58000.25"),
            ("stop = 0.000000000000000001", "0.000000000000000001"),
            ("stop = 999999999999999.999999999999999999", "999999999999999.999999999999999999"),
        ],
    )
    def test_numbers_keep_every_digit(self, written: str, value: str) -> None:
        assert one(written).stop == Decimal(value)

    @pytest.mark.parametrize(
        ("written", "value"),
        [('"0.01%"', "0.0001"), ('"1bp"', "0.0001"), ("0.0001", "0.0001"), ("-0.0001", "-0.0001"), ('"150%"', "1.5")],
    )
    def test_rates_take_a_unit(self, written: str, value: str) -> None:
        assert one(f"funding_rate = {written}").funding_rate == Decimal(value)

    def test_limits_may_stand_in_a_file_of_their_own(self, tmp_path: Path) -> None:
        below, top = tmp_path / "below.toml", tmp_path / "top.toml"
        below.write_text("[limits]\nmax_leverage = 5\n")
        top.write_text("max_leverage = 5\n")
        assert load_limits(str(below)) == load_limits(str(top)) == Limits(max_leverage="5")  # type: ignore[arg-type]


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
        ],
    )  # fmt: skip
    def test_a_number_is_named_with_its_entry_and_key(self, written: str, message: str) -> None:
        assert refusal(f"{POSITION}{written}") == f"position 1 (core), stop: {message}"

    def test_a_bare_rate_of_one_or_more_needs_its_unit(self) -> None:
        assert refusal(f"{POSITION}funding_rate = 1") == (
            "position 1 (core), funding_rate: '1' is not clear as a rate: write 1% or 100%"
        )

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (POSITION + "stp = 5", "position 1 (core), stp: unknown key: did you mean stop?"),
            (POSITION + "leverge = 5", "position 1 (core), leverge: unknown key: did you mean leverage?"),
            ('[[position]]\nname = "a"', "position: unknown key: did you mean positions?"),
            ("[limits]\nmax_levrage = 5", "limits, max_levrage: unknown key: did you mean max_leverage?"),
            ('[[accounts]]\nname = "a"\nbalanc = 1\nbalance = 1', "account 1 (a), balanc: unknown key: did you mean balance or name?"),
            (
                POSITION.replace("contracts = 500\nentry = 62_500", "fills = [{contracts = 1, price = 2, fee = 3}]"),
                "position 1 (core), fill 1, fee: unknown key: did you mean one of contracts, price?",
            ),
        ],
    )  # fmt: skip
    def test_an_unknown_key_comes_with_a_suggestion(self, text: str, message: str) -> None:
        found = refusal(text)
        assert found == message or found.startswith(message.partition(" or ")[0])

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('[[positions]]\nname = "a"', "position 1 (a), side: the key is missing: write it"),
            ("positions = [{}]", "position 1, name: the key is missing: write it"),
            ('[[accounts]]\nname = "a"', "account 1 (a), balance: the key is missing: write it"),
            (POSITION.replace("long", "buy"), "position 1 (core), side: 'buy' is not known: give long or short"),
            (POSITION.replace('"long"', "true"), "position 1 (core), side: true is not known: give long or short"),
            (POSITION.replace('"core"', "5"), "position 1, name: 5 is not a text: write it in quotes"),
            (POSITION.replace("core", ""), "position 1 (), name: the text is empty: write one, or leave the key out"),
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
        ],
    )  # fmt: skip
    def test_a_key_is_named_with_its_entry(self, text: str, message: str) -> None:
        assert refusal(text) == message

    def test_the_second_of_two_entries_is_the_one_named(self) -> None:
        assert refusal(POSITION + POSITION.replace("core", "two") + "stop = -1").startswith("position 2 (two), stop: ")

    def test_a_name_is_given_once(self) -> None:
        assert refusal(POSITION + POSITION) == ("position 2 (core): position 1 has the same name: give each its own")
        account = '[[accounts]]\nname = "main"\nbalance = 1\n'
        assert refusal(account + account) == "account 2 (main): account 1 has the same name: give each its own"

    def test_a_name_has_at_most_64_characters(self) -> None:
        assert parse(POSITION.replace("core", "n" * 64).encode(), "book.toml").positions[0].name == "n" * 64
        assert refusal(POSITION.replace("core", "n" * 65)).endswith(
            "name: the text is 65 characters long: use at most 64"
        )

    @pytest.mark.parametrize("escape", [r"\u001b[31m", r"\u202e", r"\u009b", r"\u200b", r"\u2028", r"\n"])
    def test_a_name_cannot_steer_the_terminal(self, escape: str) -> None:
        message = refusal(POSITION.replace("core", f"a{escape}b") + "stop = -1")
        assert message.isprintable()
        assert refusal(POSITION + f'"st{escape}op" = 5').isprintable()


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
            st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(st.sampled_from(["name", "side", "fills", "entry", "price", "contracts"]), inner),
            ),
            max_leaves=8,
        ),
        st.sampled_from(["prices", "accounts", "positions", "limits"]),
    )
    def test_no_values_break_the_reader(self, value: object, table: str) -> None:
        import tomli_w

        try:
            parse(tomli_w.dumps({table: value}).encode(), "book.toml")
        except PerpcalcError as error:
            assert "\n" not in str(error)  # noqa: PT017


class TestWhatIsNoFile:
    def message(self, path: object) -> str:
        with pytest.raises(PerpcalcError) as caught:
            load(str(path))
        return str(caught.value)

    def test_nothing_there(self, tmp_path: Path) -> None:
        path = tmp_path / "book.toml"
        assert self.message(path) == f"{path}: No such file or directory: give a file that can be read"

    def test_a_folder(self, tmp_path: Path) -> None:
        assert self.message(tmp_path) == f"{tmp_path}: is a directory: give a file"

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no FIFOs")
    def test_a_fifo_that_nobody_writes_to_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        assert self.message(tmp_path / "pipe").endswith("is not a regular file: give one, or - and a pipe")

    @pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="the system has no /dev/zero")
    def test_a_device_without_an_end_is_not_read(self) -> None:
        assert self.message("/dev/zero") == "/dev/zero: is not a regular file: give one, or - and a pipe"

    def test_more_than_16_mib(self, tmp_path: Path) -> None:
        path = tmp_path / "book.toml"
        with path.open("wb") as file:
            file.truncate(LARGEST_FILE + 1)
        assert self.message(path) == f"{path}: is larger than 16 MiB: split it"

    def test_a_name_that_no_file_has(self) -> None:
        assert self.message("a\0b").endswith("is not the name of a file: give one")

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
    def test_one_that_may_not_be_read(self, tmp_path: Path) -> None:
        path = tmp_path / "book.toml"
        path.touch(mode=0o000)
        assert self.message(path) == f"{path}: Permission denied: give a file that can be read"

    def test_a_pipe_is_read_from_standard_input(self) -> None:
        program = "from perpcalc.portfolio import load; print(load('-').positions[0].name)"
        done = subprocess.run(
            [sys.executable, "-c", program], input=POSITION, capture_output=True, text=True, check=True
        )
        assert done.stdout == "core\n"


class TestAccountByName:
    BOOK = parse(b'[[accounts]]\nname = "main"\nbalance = 1\n[[accounts]]\nname = "spare"\nbalance = 2\n', "book.toml")

    def test_is_the_one_of_this_name(self) -> None:
        assert self.BOOK.account("spare").balance == 2

    @pytest.mark.parametrize(("book", "remedy"), [(BOOK, "main"), (Portfolio(), "the name of one")])
    def test_or_is_refused(self, book: Portfolio, remedy: str) -> None:
        with pytest.raises(PerpcalcError) as error:
            book.account("mian")
        assert str(error.value) == f"there is no account 'mian': give {remedy}"


def test_limits_that_do_not_fit_are_named_by_file_and_key(tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    path.write_text("max_leverage = true")
    with pytest.raises(PerpcalcError) as error:
        load_limits(str(path))
    assert str(error.value) == f"{path}: limits, max_leverage: true is not a number: write digits, as in 62500"
