"""Writing a portfolio: what was there stays to the last byte, and a file that would not load back is never written."""

import errno
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perpcalc import saving
from perpcalc.core.position import Fill
from perpcalc.errors import PerpcalcError
from perpcalc.files import LARGEST_FILE, toml
from perpcalc.given import Given
from perpcalc.limit_options import LIMIT_KEYS
from perpcalc.options import ENTRY, FILL, FUNDING_RATE, LINEAR, POSITION_KEYS
from perpcalc.portfolio import Portfolio, edit
from perpcalc.portfolio.edit import EMPTY_FILE, EXAMPLE, RATES, Change, Row, change, edited, row_of
from perpcalc.portfolio.reading import load, parse, portfolio_of
from perpcalc.portfolio.schema import KNOWN
from perpcalc.portfolio.toml_edit import written
from perpcalc.saving import create

SCALP: Row = {"name": "scalp", "venue": "bybit", "side": "long", "contracts": 5000, "entry": Decimal("63000.5")}
BOOK = b"""# my book
[prices]
BTC = 64_000   # by hand

[[positions]]
entry   = 62_500
name = 'core'
side="long"
contracts = 500
"""


def after(old: bytes | str, wanted: Change) -> str:
    """A text after a change."""
    raw = old if isinstance(old, bytes) else old.encode()
    tables = toml(raw)
    new, found = edited(raw, tables, portfolio_of(tables, "book"), wanted)
    assert found == toml(new)
    return new.decode()


def add(path: Path | str, *rows: Row) -> Portfolio:
    """Append positions to a file, whatever is in it."""
    return change(str(path), lambda portfolio: Change(added=rows or [SCALP]))


def said(portfolio: Portfolio) -> list[tuple[str, str | None, Mapping[str, Any]]]:
    """What a portfolio says of its positions."""
    return [(position.name, position.account, position.given.values) for position in portfolio.positions]


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Path]:
    """A portfolio that a person wrote; nothing else may be in its folder afterwards."""
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "book.toml"
    path.write_bytes(BOOK)
    yield path
    assert [left for left in os.listdir(folder) if left.startswith(".perpcalc")] == []


class TestAppending:
    def test_puts_the_position_after_what_is_there(self, book: Path) -> None:
        portfolio = add(book)
        assert book.read_bytes() == BOOK + (
            b'\n[[positions]]\nname = "scalp"\nvenue = "bybit"\nside = "long"\ncontracts = 5000\nentry = 63000.5\n'
        )
        assert [position.name for position in portfolio.positions] == ["core", "scalp"]
        assert said(load(str(book))) == said(portfolio)
        assert portfolio.where == str(book)

    @pytest.mark.parametrize(
        "before",
        [
            b"",
            b"\xef\xbb\xbf",
            b"# only a comment",
            BOOK.rstrip(),
            BOOK + b"\n\n",
            BOOK + b"# the last word",
            BOOK + b"\t ",
            b"\xef\xbb\xbf" + BOOK,
            BOOK.replace(b"\n", b"\r\n"),
            BOOK.replace(b"\n", b"\r\n").rstrip(),
            b"\xef\xbb\xbf" + BOOK.replace(b"\n", b"\r\n"),
            BOOK.replace(b"by hand\n", b"by hand\r\n"),
            BOOK + b"[limits]\nmax_leverage = 5",
            BOOK + b'[[accounts]]\nname = "a"\nbalance = 1\n',
            "[[positions]]\nname = 'жук 🐞'\nside = 'long'\n".encode(),
            EMPTY_FILE,
        ],
        ids=[
            "empty", "only a byte order mark", "only a comment", "no newline at the end", "blank lines at the end",
            "a comment without newline", "blanks at the end", "byte order mark", "CRLF", "CRLF without the last",
            "byte order mark and CRLF", "both line ends", "another table last", "accounts last", "other letters", "init --empty",
        ],
    )  # fmt: skip
    def test_changes_no_existing_byte(self, book: Path, before: bytes) -> None:
        book.write_bytes(before)
        old = parse(before, "before")
        new = add(book)
        after = book.read_bytes()
        assert after.startswith(before)
        assert after[len(before) :].count(b"[[positions]]") == 1
        assert said(new)[:-1] == said(old)
        assert said(new)[-1][0] == "scalp"
        assert (new.prices, new.accounts, new.limits) == (old.prices, old.accounts, old.limits)
        if b"\r\n" in before:
            assert b"\n" not in after[len(before) :].replace(b"\r\n", b"")

    @pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf"])
    def test_an_empty_file_begins_with_what_is_added(self, book: Path, before: bytes) -> None:
        book.write_bytes(before)
        add(book)
        assert book.read_bytes().startswith(before + b"[[positions]]\n")

    def test_twice_is_two_positions(self, book: Path) -> None:
        add(book)
        add(book, {**SCALP, "name": "other"})
        assert [position.name for position in load(str(book)).positions] == ["core", "scalp", "other"]

    def test_writes_accounts_before_positions_and_several_at_once(self, book: Path) -> None:
        uta: Row = {
            "name": "uta",
            "margin": "unified",
            "balances": {"BTC": Decimal("1.50"), "USDT": -30_000},
            "weights_of": {"BTC": [[Decimal(10), "98%"]]},
        }
        held: Row = {"name": "a", "account": "uta", "instrument": "BTCUSD", "side": "short", "contracts": 1}
        portfolio = change(
            str(book),
            lambda _: Change(accounts=[uta, {"name": "main", "balance": 2}], added=[held, {**held, "name": "b"}]),
        )
        assert [account.name for account in portfolio.accounts] == ["uta", "main"]
        assert [position.name for position in portfolio.positions] == ["core", "a", "b"]
        assert book.read_bytes() == BOOK + (
            b'\n[[accounts]]\nname = "uta"\nmargin = "unified"\nbalances = { BTC = 1.50, USDT = -30000 }\n'
            b'weights_of = { BTC = [[10, "98%"]] }\n\n[[accounts]]\nname = "main"\nbalance = 2\n'
            b'\n[[positions]]\nname = "a"\naccount = "uta"\ninstrument = "BTCUSD"\nside = "short"\ncontracts = 1\n'
            b'\n[[positions]]\nname = "b"\naccount = "uta"\ninstrument = "BTCUSD"\nside = "short"\ncontracts = 1\n'
        )

    def test_of_nothing_leaves_the_file_alone(self, book: Path) -> None:
        def unread() -> tuple[int, ...]:  # the access time moves by reading
            found = os.stat(book)
            return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

        before = unread()
        portfolio = change(str(book), lambda _: Change())
        assert unread() == before
        assert [position.name for position in portfolio.positions] == ["core"]

    @settings(max_examples=75)
    @given(
        name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=64),
        entry=st.decimals(min_value="1e-18", max_value="999999999999999", places=18),
        rate=st.decimals(min_value=-2, max_value=2, places=18),
    )
    def test_every_name_and_number_reads_back(self, name: str, entry: Decimal, rate: Decimal) -> None:
        row = {**SCALP, "name": name, "entry": entry, "funding_rate": rate}
        text = after(BOOK if name != "core" else b"", Change(added=[row]))
        position = parse(text.encode(), "book").positions[-1]
        assert position.name == name
        assert position.given[ENTRY] == entry
        assert position.given[FUNDING_RATE] == rate

    @settings(max_examples=40)
    @given(contracts=st.decimals(min_value="1e-18", max_value="999999999999999", places=18))
    def test_long_fills_stay_in_one_table(self, contracts: Decimal) -> None:
        row = {"name": "a", "side": "long", "fill": (Fill(contracts, contracts),) * 12}
        [position] = parse(after(b"", Change(added=[row])).encode(), "book").positions
        assert position.given[FILL] == (Fill(contracts, contracts),) * 12


class TestARow:
    def test_is_written_plainly_rates_in_percent_and_what_is_absent_left_out(self) -> None:
        values = {
            "stop": None,
            "fill": (Fill(Decimal(300), Decimal("61000.5")),),
            "mmr": Decimal("0.00525"),
            "entry_fee": "maker",
            "exit_fee": Decimal("-0.0001"),
            "leverage": Decimal(10),
        }
        row = row_of("a", None, Given(values))
        assert row == {
            "name": "a",
            "fills": [{"contracts": Decimal(300), "price": Decimal("61000.5")}],
            "mmr": "0.525%",
            "entry_fee": "maker",
            "exit_fee": "-0.01%",
            "leverage": Decimal(10),
        }
        assert list(row_of("a", "main", Given({"side": "long"}))) == ["name", "account", "side"]

    def test_may_be_written_as_it_is_or_as_a_row(self) -> None:
        given = Given({"side": "long", "fill": (Fill(Decimal(3), Decimal(4)),), "mmr": Decimal("0.005"), "stop": None})
        assert after(b"", Change(added=[row_of("a", None, given)])) == after(
            b"", Change(added=[{"name": "a", **given.values}])
        )

    def test_has_every_rate_of_a_position_in_percent(self) -> None:
        assert sorted(RATES) == ["closing_fee", "entry_fee", "exit_fee", "funding_rate", "mmr"]

    def test_of_what_was_read_reads_back_the_same(self) -> None:
        values: dict[str, Any] = {"name": "all", "side": "long"}
        for option in POSITION_KEYS:
            for text in ("0.5", "0.5%", "5@6", "2026-03-27", "long", "mark"):
                try:
                    values.setdefault(option.name, (option.read(text),) if option.many else option.read(text))
                except PerpcalcError:
                    continue
        values |= {"side": "long", "mm_basis": "mark"}
        del values["linear"]
        assert values.keys() >= {option.name for option in POSITION_KEYS} - {"linear"}
        [position] = parse(after(b"", Change(added=[values])).encode(), "book").positions
        assert {"name": position.name, **position.given.values} == values


class TestUpdating:
    TEXT = """
# mine
[[positions]] # the core
  name = 'core' # so called
  contracts = 5_00   # five hundred
  # the next is from the venue
  'entry' = 62_500.50
  side='long'
  funding_rate = "1bp"
  mark = 64_000
  # nothing below

[[positions]]
name = "other"
side = "long"
fills = [ {contracts = 300, price = 61_000}, # first
  {contracts = 1, price = 2} ]
"""

    def test_changes_the_value_and_no_other_byte(self) -> None:
        new = after(self.TEXT, Change(updated={"core": {"entry": Decimal("61000.25"), "contracts": 600}}))
        assert new == self.TEXT.replace("62_500.50", "61000.25").replace("5_00", "600")

    @pytest.mark.parametrize(
        "same",
        [
            {"contracts": Decimal(500), "entry": Decimal("62500.5"), "side": "long"},
            {"funding_rate": Decimal("0.0001"), "mark": 64_000, "stop": None, "name": "core", "account": None},
        ],
    )
    def test_of_what_is_the_same_already_changes_nothing(self, same: Mapping[str, Any]) -> None:
        assert after(self.TEXT, Change(updated={"core": same})) == self.TEXT

    def test_of_the_same_fills_changes_nothing_and_of_others_all_of_them(self) -> None:
        fills = (Fill(Decimal(300), Decimal(61_000)), Fill(Decimal(1), Decimal(2)))
        assert after(self.TEXT, Change(updated={"other": {"fill": fills}})) == self.TEXT
        new = after(self.TEXT, Change(updated={"other": {"fill": fills[:1]}}))
        assert new == self.TEXT[: self.TEXT.index("[ {")] + "[\n    { contracts = 300, price = 61000 },\n]\n"

    def test_adds_a_key_after_the_last_and_takes_out_one_that_is_none(self) -> None:
        wanted = {"core": {"mark": None, "stop": Decimal(58_000), "mmr": Decimal("0.005")}}
        assert after(self.TEXT, Change(updated=wanted)) == self.TEXT.replace(
            "  mark = 64_000\n", '  stop = 58000\n  mmr = "0.5%"\n'
        )
        assert after(self.TEXT, Change(updated={"other": {"fill": None, "contracts": 5}})) == (
            self.TEXT[: self.TEXT.index("fills")] + "contracts = 5\n"
        )

    def test_may_give_another_name(self) -> None:
        assert after(self.TEXT, Change(updated={"core": {"name": "centre"}})) == self.TEXT.replace("'core'", '"centre"')

    def test_in_brackets_and_braces_changes_the_value_too(self) -> None:
        text = "positions = [\n  { name = 'a', side = 'long', contracts = 1 }, # a\n  { name='b', side='long', mark = 1, entry=2 },\n]\n"
        wanted = {"a": {"contracts": 2, "entry": 3}, "b": {"mark": None}}
        assert after(text, Change(updated=wanted)) == text.replace("contracts = 1", "contracts = 2, entry = 3").replace(
            ", mark = 1", ""
        )

    def test_a_position_that_is_not_there_is_refused(self) -> None:
        for wanted in (Change(updated={"croe": {"mark": 1}}), Change(removed=["croe"])):
            with pytest.raises(PerpcalcError, match="there is no position 'croe': give core"):
                after(self.TEXT, wanted)

    def test_to_what_would_not_load_is_refused(self, book: Path) -> None:
        for values in ({"side": "up"}, {"entry": Decimal(-1)}, {"colour": "red"}, {"contracts": Decimal("1e20")}):
            with pytest.raises(PerpcalcError, match=f"{book}: position 1"):
                change(str(book), lambda _, values=values: Change(updated={"core": values}))
        assert book.read_bytes() == BOOK


class TestRemoving:
    def test_takes_the_lines_of_the_position(self) -> None:
        text = (
            BOOK.decode()
            + "\n# of other\n[[positions]]\nname = 'other'\nside = 'long'\n# below\n\n[limits]\nmax_leverage = 5\n"
        )
        assert after(text, Change(removed=["other"])) == BOOK.decode() + "\n[limits]\nmax_leverage = 5\n"
        assert after(text, Change(removed=["core", "other"])) == (
            "# my book\n[prices]\nBTC = 64_000   # by hand\n\n[limits]\nmax_leverage = 5\n"
        )

    def test_is_the_way_back_from_adding(self, book: Path) -> None:
        for before in (BOOK, EMPTY_FILE, BOOK.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + BOOK):
            book.write_bytes(before)
            add(book)
            portfolio = change(str(book), lambda _: Change(removed=["scalp"]))
            assert book.read_bytes() == before
            assert said(portfolio) == said(parse(before, "before"))

    def test_and_changing_a_position_removes_it(self) -> None:
        wanted = Change(removed=["core"], updated={"core": {"stop": 1, "side": "short"}})
        assert after(BOOK, wanted) == after(BOOK, Change(removed=["core"]))

    def test_and_adding_go_together_and_free_a_name(self, book: Path) -> None:
        portfolio = change(str(book), lambda _: Change(removed=["core"], added=[{**SCALP, "name": "core"}]))
        assert [position.given.values["contracts"] for position in portfolio.positions] == [Decimal(5000)]

    def test_of_the_last_one_in_brackets_leaves_them(self) -> None:
        assert (
            after("positions = [ {name = 'a', side = 'long'} ] # all\n", Change(removed=["a"]))
            == "positions = [  ] # all\n"
        )


class TestBalancesAndPrices:
    ACCOUNTS = (
        "[[accounts]]\nname = 'one'\nbalance = 1_0 # BTC\n"
        "[[accounts]]\nname = 'in'\nmargin = 'unified'\nbalances = { btc = 1.50, ETH = 2 } # x\n"
        "[[accounts]]\nname = 'dotted'\nmargin = 'unified'\nbalances.BTC = 1 # x\nvenue = 'okx'\n"
        "[[accounts]]\nname = 'below'\nmargin = 'unified'\n[accounts.balances]\nBTC = 1 # x\n"
    )

    def test_only_the_value_of_a_balance_changes(self) -> None:
        wanted = Change(
            balances={
                "one": Decimal("0.5"),
                "in": {"BTC": Decimal(3)},
                "dotted": {"BTC": Decimal(4)},
                "below": {"BTC": Decimal(5)},
            }
        )
        assert after(self.ACCOUNTS, wanted) == (
            self.ACCOUNTS.replace("1_0", "0.5").replace("btc = 1.50", "btc = 3")
            .replace("balances.BTC = 1", "balances.BTC = 4").replace("\nBTC = 1", "\nBTC = 5")
        )  # fmt: skip

    def test_another_coin_comes_after_the_last(self) -> None:
        wanted = Change(
            balances={name: {"USDT": Decimal("-2.5"), "SOL": Decimal(1)} for name in ("in", "dotted", "below")}
        )
        assert after(self.ACCOUNTS, wanted) == (
            self.ACCOUNTS.replace("ETH = 2 }", "ETH = 2, USDT = -2.5, SOL = 1 }")
            .replace("balances.BTC = 1 # x\n", "balances.BTC = 1 # x\nbalances.USDT = -2.5\nbalances.SOL = 1\n")
            .replace("\nBTC = 1 # x\n", "\nBTC = 1 # x\nUSDT = -2.5\nSOL = 1\n")
        )  # fmt: skip

    def test_the_same_balances_change_nothing(self) -> None:
        wanted = Change(balances={"one": Decimal(10), "in": {"BTC": Decimal("1.5"), "ETH": Decimal(2)}})
        assert after(self.ACCOUNTS, wanted) == self.ACCOUNTS

    @pytest.mark.parametrize("balances", [{"one": {"BTC": Decimal(1)}}, {"in": Decimal(1)}])
    def test_of_the_other_kind_are_refused(self, balances: Any) -> None:
        with pytest.raises(PerpcalcError, match="has another kind of balance: give one, or those of its coins"):
            after(self.ACCOUNTS, Change(balances=balances))

    def test_in_a_shape_that_cannot_be_added_to_are_refused(self) -> None:
        text = "accounts = [ { name = 'a', margin = 'unified', balances.BTC = 1 } ]"
        assert "balances.BTC = 2" in after(text, Change(balances={"a": {"BTC": Decimal(2)}}))
        with pytest.raises(
            PerpcalcError, match="cannot be changed where it is, as it is written: write each entry below a header"
        ):
            after(text, Change(balances={"a": {"ETH": Decimal(2)}}))

    @pytest.mark.parametrize(
        ("text", "new"),
        [
            ("[prices]\nbtc = 1 # x\n", "[prices]\nbtc = 2.5 # x\nETH = 3\n"),
            ("prices = { BTC = 1 } # x", "prices = { BTC = 2.5, ETH = 3 } # x"),
            ("prices.BTC = 1\n[limits]\n", "prices.BTC = 2.5\nprices.ETH = 3\n[limits]\n"),
            ("[prices]\n# none\n", "[prices]\nBTC = 2.5\nETH = 3\n# none\n"),
            ("prices = {}", "prices = { BTC = 2.5, ETH = 3}"),
            ("# none\r\n", "# none\r\n\r\n[prices]\r\nBTC = 2.5\r\nETH = 3\r\n"),
            ("[prices]\nBTC = 2.50\nETH = 3", "[prices]\nBTC = 2.50\nETH = 3"),
        ],
    )
    def test_prices_change_or_come(self, text: str, new: str) -> None:
        assert after(text, Change(prices={"BTC": Decimal("2.5"), "ETH": Decimal(3)})) == new


NUMBER = st.decimals("0.001", 10**6, places=3)


@st.composite
def books(draw: st.DrawFn) -> str:
    """A portfolio as people lay one out: each value of a position stands in it once."""
    comment = st.sampled_from(["", "", " # a note", "   # x = 1"])
    blocks = [f"[prices]{draw(comment)}\nBTC = 64_000{draw(comment)}\n", f"[limits]\nmax_leverage = 5{draw(comment)}\n"]
    for number in range(draw(st.integers(1, 4))):
        keys = [f"name = 'p{number}'", 'side = "long"', f"contracts = 5_0{number}", f"'entry' = 62_50{number}.50"]
        lines = [line + draw(comment) + "\n" for line in draw(st.permutations(keys))]
        blocks.append(
            draw(st.sampled_from(["", "# of it\n"])) + "[[positions]]" + draw(comment) + "\n" + "".join(lines)
        )
    text = draw(st.sampled_from(["", "\n", "\n\n"])).join(draw(st.permutations(blocks)))
    start = draw(st.sampled_from(["", "\ufeff", "# my book\n\n", "\ufeff# my book\n\n"]))
    return (start + text).replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


class TestAnyBook:
    @settings(max_examples=50)
    @given(books(), st.data())
    def test_only_the_values_that_are_different_change(self, text: str, data: st.DataObject) -> None:
        names = [f"p{number}" for number in range(text.count("[[positions]]"))]
        values = st.fixed_dictionaries({}, optional={"contracts": NUMBER, "entry": NUMBER, "mark": NUMBER})
        updated = data.draw(st.dictionaries(st.sampled_from(names), values))
        new = after(text, Change(updated=updated))
        for name, wanted in updated.items():
            for key, old in (("contracts", f"5_0{name[1:]}"), ("entry", f"62_50{name[1:]}.50")):
                text = text.replace(old, written(wanted[key])) if key in wanted else text
        without_marks = [line for line in new.splitlines(keepends=True) if not line.startswith("mark = ")]
        assert "".join(without_marks) == text
        held = {position.name: position.given.values for position in parse(new.encode(), "new").positions}
        assert held.keys() == set(names)
        assert all(held[name].items() >= wanted.items() for name, wanted in updated.items())
        assert all("mark" not in held[name] for name in names if "mark" not in updated.get(name, ()))


class TestRefusals:
    """Every one leaves the file as it was, and nothing beside it."""

    def refused(self, path: Path, *rows: Row) -> str:
        before = path.read_bytes()
        with pytest.raises(PerpcalcError) as caught:
            add(path, *rows)
        assert path.read_bytes() == before
        assert set(os.listdir(path.parent)) == {path.name}
        return str(caught.value).removeprefix(f"{path}: ")

    @pytest.mark.parametrize(
        ("before", "message"),
        [
            (b"a = [", "not TOML: "),
            (b"[[positions]]\nname = 'a'\n", "position 1 (a), side: the key is missing: write it"),
            (BOOK.decode().encode("utf-16"), "byte 0 is not UTF-8: "),
            (b"colour = 'red'\n", "colour: unknown key: "),
        ],
    )
    def test_a_file_that_does_not_load(self, book: Path, before: bytes, message: str) -> None:
        book.write_bytes(before)
        assert self.refused(book).startswith(message)

    def test_a_file_whose_entries_stand_in_brackets(self, book: Path) -> None:
        book.write_bytes(b"positions = [{name = 'a', side = 'long'}]\n")
        assert self.refused(book) == (
            "its positions stand in brackets, to which nothing can be appended: write each as [[positions]]"
        )
        book.write_bytes(b"accounts = [{name = 'a', balance = 1}]\n")
        with pytest.raises(PerpcalcError, match=r"its accounts stand in brackets, .*: write each as \[\[accounts\]\]"):
            change(str(book), lambda _: Change(accounts=[{"name": "b", "balance": 1}]))

    def test_a_name_that_is_taken(self, book: Path) -> None:
        assert self.refused(book, {**SCALP, "name": "core"}) == (
            "position 2 (core): position 1 has the same name: give each its own"
        )

    def test_an_account_that_is_not_there(self, book: Path) -> None:
        assert "there is no account 'x'" in self.refused(book, {**SCALP, "account": "x"})

    @pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal("1e20"), True, "1e5"])
    def test_a_value_that_would_not_load_back(self, book: Path, value: Any) -> None:
        assert self.refused(book, {**SCALP, "stop": value})

    @pytest.mark.parametrize("text", ["5", "'b'", '"a", b = 1', "1\nside = 'short'", ""])
    def test_text_that_would_read_back_as_something_else(
        self, book: Path, monkeypatch: pytest.MonkeyPatch, text: str
    ) -> None:
        monkeypatch.setattr(edit, "written", lambda value: text)
        assert self.refused(book).endswith("does not read back as it was given: nothing was written")

    def test_an_edit_that_goes_wrong(self, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever the text says, it is not written unless it holds exactly what was wanted."""
        for wrong in (
            b"",
            BOOK.replace(b"64_000", b"65_000"),
            BOOK.replace(b"500\n", b"501\n"),
            BOOK + b"[limits]\nvol = 1\n",
            b"a = ",
        ):
            monkeypatch.setattr(edit, "_in_place", lambda *arguments, wrong=wrong: wrong)
            with pytest.raises(
                PerpcalcError, match="the change does not read back as it was given: nothing was written"
            ):
                change(str(book), lambda _: Change(updated={"core": {"contracts": 5}}))
        assert book.read_bytes() == BOOK

    def test_a_file_that_would_be_too_large(self, book: Path) -> None:
        book.write_bytes(BOOK + b"#" * (LARGEST_FILE - len(BOOK) - 20))
        assert self.refused(book) == "would be larger than 16 MiB: start another file"

    def test_what_the_caller_finds_wrong_is_said_as_the_caller_says_it(self, book: Path) -> None:
        def compose(portfolio: Portfolio) -> Change:
            raise PerpcalcError("is missing", "name it").at("--name")

        with pytest.raises(PerpcalcError) as caught:
            change(str(book), compose)
        assert str(caught.value) == "--name: is missing: name it"

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        path = tmp_path / "nowhere.toml"
        with pytest.raises(PerpcalcError, match="there is no such file: create it with perpcalc portfolio init"):
            add(path)
        assert not path.exists()

    def test_a_folder_a_fifo_and_standard_input(self, tmp_path: Path) -> None:
        with pytest.raises(PerpcalcError, match="is a directory"):
            add(tmp_path)
        with pytest.raises(PerpcalcError, match="is standard input: give the name of a portfolio file"):
            add("-")
        os.mkfifo(tmp_path / "fifo")
        with pytest.raises(PerpcalcError, match="is not a regular file"):
            add(tmp_path / "fifo")
        if os.path.exists("/dev/stdin"):
            with pytest.raises(PerpcalcError, match="holds the questions"):
                add("/dev/stdin")

    def test_a_file_that_has_another_name(self, book: Path) -> None:
        os.link(book, book.parent.parent / "other")
        assert self.refused(book).startswith("has another name (a hard link), which would keep the old file")

    def test_a_disk_that_is_full(self, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*arguments: object, **more: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", full)
        assert self.refused(book) == "No space left on device: the file is as it was"

    def test_limits_that_the_caller_does_not_know(self, book: Path) -> None:
        book.write_bytes(BOOK + b"[limits]\nmax_colour = 5\n")
        assert "max_colour: unknown key" in self.refused(book)


class TestTheFileItself:
    def test_a_link_stays_a_link(self, book: Path, tmp_path: Path) -> None:
        link = tmp_path / "link.toml"
        link.symlink_to(Path("folder") / "book.toml")
        add(link)
        assert link.is_symlink()
        assert not book.is_symlink()
        assert said(load(str(book))) == said(load(str(link)))
        assert set(os.listdir(tmp_path)) == {"folder", "link.toml"}

    def test_the_mode_stays(self, book: Path) -> None:
        book.chmod(0o640)
        add(book)
        assert stat.S_IMODE(book.stat().st_mode) == 0o640

    def test_may_be_named_without_a_folder(self, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(book.parent)
        assert len(add("book.toml").positions) == 2


class TestOthersWriteToo:
    def test_what_an_editor_saved_in_the_meantime_is_not_lost(self, book: Path) -> None:
        def compose(portfolio: Portfolio) -> Change:
            book.write_bytes(BOOK + b"# saved by an editor\n")
            return Change(added=[SCALP])

        with pytest.raises(PerpcalcError, match="was changed by another program in the meantime: try again"):
            change(str(book), compose)
        assert book.read_bytes() == BOOK + b"# saved by an editor\n"

    def test_a_file_that_was_deleted_in_the_meantime_does_not_come_back(self, book: Path) -> None:
        def compose(portfolio: Portfolio) -> Change:
            book.unlink()
            return Change(added=[SCALP])

        with pytest.raises(PerpcalcError, match="was changed by another program in the meantime: try again"):
            change(str(book), compose)
        assert os.listdir(book.parent) == []

    def test_another_perpcalc_is_waited_for_and_the_wait_said(
        self, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import fcntl

        monkeypatch.setattr(saving, "MOMENT", 0)
        other = os.open(book.parent, os.O_RDONLY)
        fcntl.flock(other, fcntl.LOCK_EX)
        said: list[str] = []

        def tell(message: str) -> None:
            book.write_bytes(BOOK.replace(b"core", b"another"))
            os.close(other)
            said.append(message)

        portfolio = change(str(book), lambda _: Change(added=[SCALP]), tell=tell)
        assert said == [f"another perpcalc writes in {book.parent}: waiting for it"]
        assert [position.name for position in portfolio.positions] == ["another", "scalp"]

    @pytest.mark.skipif(sys.platform == "win32", reason="the system has no locks on folders")
    def test_of_many_at_once_none_is_lost(self, book: Path) -> None:
        program = (
            "import sys; from perpcalc.portfolio.edit import Change, change;"
            "change(sys.argv[1], lambda _: Change(added=[{'name': sys.argv[2], 'side': 'long', 'contracts': 1}]), create=True)"
        )
        book.unlink()
        running = [subprocess.Popen([sys.executable, "-c", program, str(book), f"n{number}"]) for number in range(5)]
        assert [process.wait(timeout=60) for process in running] == [0] * 5
        assert {position.name for position in load(str(book)).positions} == {f"n{number}" for number in range(5)}


class TestAFileThatIsNotThereYet:
    def test_is_made_when_asked(self, tmp_path: Path) -> None:
        path = tmp_path / "new.toml"
        portfolio = change(str(path), lambda _: Change(added=[SCALP], prices={"BTC": Decimal(64_000)}), create=True)
        assert [position.name for position in portfolio.positions] == ["scalp"]
        assert path.read_bytes().startswith(EMPTY_FILE.partition(b"[prices]")[0])
        assert said(load(str(path))) == said(portfolio)
        assert load(str(path)).prices == {"BTC": 64_000}

    def test_is_not_made_for_nothing(self, tmp_path: Path) -> None:
        assert change(str(tmp_path / "new.toml"), lambda _: Change(), create=True).positions == ()
        assert os.listdir(tmp_path) == []

    def test_that_is_there_is_changed(self, book: Path) -> None:
        portfolio = change(str(book), lambda _: Change(added=[SCALP]), create=True)
        assert [position.name for position in portfolio.positions] == ["core", "scalp"]

    @pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to("nowhere")])
    def test_that_comes_meanwhile_is_not_replaced(self, tmp_path: Path, make: Callable[[Path], None]) -> None:
        path = tmp_path / "new.toml"

        def compose(portfolio: Portfolio) -> Change:
            make(path)
            return Change(added=[SCALP])

        with pytest.raises(PerpcalcError, match="exists already"):
            change(str(path), compose, create=True)
        assert not path.is_file() or path.read_bytes() == b""

    def test_needs_its_folder(self, tmp_path: Path) -> None:
        path = tmp_path / "nowhere" / "new.toml"
        with pytest.raises(PerpcalcError) as caught:
            change(str(path), lambda _: Change(added=[SCALP]), create=True)
        assert str(caught.value) == f"{path}: No such file or directory: nothing was written"


class TestTheFilesOfInit:
    def test_the_example_loads_and_shows_every_key_that_there_is(self) -> None:
        text = EXAMPLE.read_text("utf-8")
        portfolio = parse(EXAMPLE.read_bytes(), "example")
        assert portfolio.prices
        assert portfolio.accounts
        assert len(portfolio.positions) > 1
        assert [position.account is None for position in portfolio.positions] == [False, True]
        for kind in KNOWN:
            for key in KNOWN[kind]:
                assert key in text, key
        for option in LIMIT_KEYS:
            assert option.name in text, option.name
        assert set(toml(EXAMPLE.read_bytes())) == {"prices", "accounts", "positions", "limits"}

    def test_every_line_of_the_example_that_is_commented_out_can_be_put_in(self) -> None:
        text = re.sub(r"(?m)^# (?=\[|\w+ = )", "", EXAMPLE.read_text("utf-8"))
        portfolio = parse(text.encode(), "example")
        assert portfolio.accounts[0].mode == "one-way"
        assert portfolio.accounts[1].unified is not None
        assert portfolio.positions[-1].given[LINEAR] == "BTC"
        assert portfolio.holdings
        assert portfolio.limits.keys() == {option.name for option in LIMIT_KEYS}

    def test_the_empty_one_holds_nothing_and_takes_a_price(self, tmp_path: Path) -> None:
        assert parse(EMPTY_FILE, "empty") == Portfolio("empty")
        create(str(tmp_path / "new.toml"), EMPTY_FILE)
        assert load(str(tmp_path / "new.toml")).positions == ()
        new = after(EMPTY_FILE, Change(prices={"BTC": Decimal(64_000)}))
        assert new.replace("BTC = 64000\n", "") == EMPTY_FILE.decode()


def test_given_of_a_row_is_what_the_file_gives() -> None:
    """What an option read is what the file reads back, so a question can be asked before its answer is written."""
    given = Given({"side": "long", "fill": (Fill(Decimal(3), Decimal("61000.5")),), "closing_fee": Decimal("0.00055")})
    [position] = parse(after(b"", Change(added=[{"name": "a", **given.values}])).encode(), "book").positions
    assert position.given.values == given.values
