"""Writing a portfolio: what was there stays to the last byte, and a file that would not load back is never written."""

import errno
import os
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc import portfolio_file
from perpcalc.core.position import Fill
from perpcalc.errors import PerpcalcError
from perpcalc.files import LARGEST_FILE
from perpcalc.portfolio import Limits, Portfolio, PositionEntry, load, parse
from perpcalc.portfolio_file import EXAMPLE, Row, append, appended, create, entry_of, row_of

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


def add(path: Path | str, *rows: Row) -> Portfolio:
    """Append rows to a file, whatever is in it."""
    return append(str(path), lambda portfolio: rows or [SCALP])


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Path]:
    """A portfolio that a person wrote; nothing else may be in its folder afterwards."""
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "book.toml"
    path.write_bytes(BOOK)
    yield path
    assert [left for left in os.listdir(folder) if left.startswith(".perpcalc")] == []


class TestAppend:
    def test_puts_the_position_after_what_is_there(self, book: Path) -> None:
        portfolio = add(book)
        assert book.read_bytes() == BOOK + (
            b'\n[[positions]]\nname = "scalp"\nvenue = "bybit"\nside = "long"\ncontracts = 5000\nentry = 63000.5\n'
        )
        assert [position.name for position in portfolio.positions] == ["core", "scalp"]
        assert load(str(book)) == portfolio

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
        ],
        ids=[
            "empty", "only a byte order mark", "only a comment", "no newline at the end", "blank lines at the end",
            "a comment without newline", "blanks at the end", "byte order mark", "CRLF", "CRLF without the last",
            "byte order mark and CRLF", "both line ends", "another table last", "accounts last", "other letters",
        ],
    )  # fmt: skip
    def test_changes_no_existing_byte(self, book: Path, before: bytes) -> None:
        book.write_bytes(before)
        old = parse(before, "before")
        new = add(book)
        after = book.read_bytes()
        assert after.startswith(before)
        assert new.positions == [*old.positions, entry_of(SCALP)]
        assert (new.prices, new.accounts, new.limits) == (old.prices, old.accounts, old.limits)
        if b"\r\n" in before:
            assert b"\n" not in after[len(before) :].replace(b"\r\n", b"")

    def test_twice_is_two_positions(self, book: Path) -> None:
        add(book)
        add(book, {**SCALP, "name": "other"})
        assert [position.name for position in load(str(book)).positions] == ["core", "scalp", "other"]

    def test_writes_several_at_once(self, book: Path) -> None:
        assert len(add(book, SCALP, {**SCALP, "name": "other"}).positions) == 3

    def test_of_nothing_leaves_the_file_alone(self, book: Path) -> None:
        before = os.stat(book)
        append(str(book), lambda portfolio: [])
        assert os.stat(book) == before

    @given(
        name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=64),
        entry=st.decimals(min_value="1e-18", max_value="999999999999999", places=18),
        rate=st.decimals(min_value=-2, max_value=2, places=18),
    )
    def test_every_name_and_number_reads_back(self, name: str, entry: Decimal, rate: Decimal) -> None:
        row = row_of({**SCALP, "name": name, "entry": entry, "funding_rate": rate})
        position = parse(appended(BOOK, [row]) if name != "core" else appended(b"", [row]), "book").positions[-1]
        assert position.name == name
        assert position.entry == entry
        assert position.funding_rate is not None
        assert abs(position.funding_rate - rate) < Decimal("1e-18")

    @given(contracts=st.decimals(min_value="1e-18", max_value="999999999999999", places=18))
    def test_long_fills_stay_in_one_table(self, contracts: Decimal) -> None:
        row = row_of({"name": "a", "side": "long", "fills": [Fill(contracts, contracts)] * 12})
        [position] = parse(appended(b"", [row]), "book").positions
        assert position.fills is not None
        assert {(fill.contracts, fill.price) for fill in position.fills} == {(contracts, contracts)}


class TestTheFileItself:
    def test_a_link_stays_a_link(self, book: Path, tmp_path: Path) -> None:
        link = tmp_path / "link.toml"
        link.symlink_to(Path("folder") / "book.toml")
        add(link)
        assert link.is_symlink()
        assert not book.is_symlink()
        assert load(str(book)) == load(str(link))
        assert set(os.listdir(tmp_path)) == {"folder", "link.toml"}

    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
    def test_the_mode_stays(self, book: Path, mode: int) -> None:
        book.chmod(mode)
        add(book)
        assert stat.S_IMODE(book.stat().st_mode) == mode

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give a file away")
    def test_the_owner_stays(self, book: Path) -> None:
        os.chown(book, 12345, 23456)
        add(book)
        assert (book.stat().st_uid, book.stat().st_gid) == (12345, 23456)

    def test_a_reader_never_sees_half_of_it(self, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[bytes] = []
        write = os.write

        def slowly(handle: int, content: bytes) -> int:
            seen.append(book.read_bytes())
            return write(handle, content[:7])

        monkeypatch.setattr(os, "write", slowly)
        add(book)
        assert len(seen) > 10
        assert set(seen) == {BOOK}
        assert len(load(str(book)).positions) == 2


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

    def test_a_file_whose_positions_stand_in_brackets(self, book: Path) -> None:
        book.write_bytes(b"positions = [{name = 'a', side = 'long'}]\n")
        assert self.refused(book) == (
            "its positions stand in brackets, to which nothing can be appended: write each as [[positions]]"
        )

    def test_a_name_that_is_taken(self, book: Path) -> None:
        assert self.refused(book, {**SCALP, "name": "core"}) == (
            "position 2 (core): position 1 has the same name: give each its own"
        )

    def test_an_account_that_is_not_there(self, book: Path) -> None:
        assert "there is no account 'x'" in self.refused(book, {**SCALP, "venue": "bybit", "account": "x"})

    @pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal("1e20"), True, "1e5"])
    def test_a_value_that_would_not_load_back(self, book: Path, value: Any) -> None:
        assert self.refused(book, {**SCALP, "stop": value})

    def test_text_that_would_read_back_as_something_else(self, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(portfolio_file, "block", lambda row: "[[positions]]\nname = 'b'\nside = 'long'\n")
        assert self.refused(book) == "the new entry does not read back as it was given: nothing was written"

    def test_a_file_that_would_be_too_large(self, book: Path) -> None:
        book.write_bytes(BOOK + b"#" * (LARGEST_FILE - len(BOOK) - 20))
        assert self.refused(book) == "would be larger than 16 MiB: start another file"

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        path = tmp_path / "nowhere.toml"
        with pytest.raises(PerpcalcError, match="there is no such file: create it with perpcalc portfolio init"):
            add(path)
        assert not path.exists()

    def test_a_folder_and_standard_input(self, tmp_path: Path) -> None:
        with pytest.raises(PerpcalcError, match="is a directory"):
            add(tmp_path)
        with pytest.raises(PerpcalcError, match="is standard input: give the name of a portfolio file"):
            add("-")

    def test_a_file_that_is_write_protected(self, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everything
        assert self.refused(book) == "is write-protected: make it writable first"

    @pytest.mark.parametrize("function", ["write", "fsync", "replace", "chmod"])
    def test_a_disk_that_is_full(self, book: Path, monkeypatch: pytest.MonkeyPatch, function: str) -> None:
        def full(*arguments: object, **more: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patched:
            patched.setattr(os, function, full)
            before = book.read_bytes()
            with pytest.raises(PerpcalcError) as caught:
                add(book)
        assert str(caught.value) == f"{book}: No space left on device: the file is as it was"
        assert book.read_bytes() == before
        assert os.listdir(book.parent) == [book.name]

    def test_an_interruption(self, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupted(*arguments: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            add(book)
        assert book.read_bytes() == BOOK
        assert os.listdir(book.parent) == [book.name]


class TestOthersWriteToo:
    def test_what_an_editor_saved_in_the_meantime_is_not_lost(self, book: Path) -> None:
        def compose(portfolio: Portfolio) -> Sequence[Row]:
            book.write_bytes(BOOK + b"# saved by an editor\n")
            return [SCALP]

        with pytest.raises(PerpcalcError, match="was changed by another program in the meantime: try again"):
            append(str(book), compose)
        assert book.read_bytes() == BOOK + b"# saved by an editor\n"
        assert os.listdir(book.parent) == [book.name]

    def test_nor_what_it_put_in_place_of_the_file(self, book: Path) -> None:
        def compose(portfolio: Portfolio) -> Sequence[Row]:
            other = book.with_name("new")
            other.write_bytes(b"# another file\n")
            other.replace(book)
            return [SCALP]

        with pytest.raises(PerpcalcError, match="was changed by another program"):
            append(str(book), compose)
        assert book.read_bytes() == b"# another file\n"

    def test_a_file_that_was_deleted_in_the_meantime_does_not_come_back(self, book: Path) -> None:
        def compose(portfolio: Portfolio) -> Sequence[Row]:
            book.unlink()
            return [SCALP]

        with pytest.raises(PerpcalcError):
            append(str(book), compose)
        assert os.listdir(book.parent) == []

    @pytest.mark.skipif(sys.platform == "win32", reason="the system has no locks on folders")
    def test_of_many_at_once_none_is_lost(self, book: Path) -> None:
        program = (
            "import sys; from perpcalc.portfolio_file import append;"
            "append(sys.argv[1], lambda _: [{'name': sys.argv[2], 'side': 'long', 'contracts': 1}])"
        )
        running = [subprocess.Popen([sys.executable, "-c", program, str(book), f"n{number}"]) for number in range(12)]
        assert [process.wait(timeout=60) for process in running] == [0] * 12
        assert {position.name for position in load(str(book)).positions} == {"core", *(f"n{n}" for n in range(12))}


class TestCreate:
    def test_writes_a_new_file(self, tmp_path: Path) -> None:
        create(str(tmp_path / "book.toml"), b"# new\n")
        assert (tmp_path / "book.toml").read_bytes() == b"# new\n"

    @pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda path: path.symlink_to("nowhere")])
    def test_refuses_a_name_that_is_taken(self, tmp_path: Path, make: Callable[[Path], None]) -> None:
        path = tmp_path / "book.toml"
        make(path)
        with pytest.raises(PerpcalcError) as caught:
            create(str(path), b"# new\n")
        assert str(caught.value) == (
            f"{path}: exists already: give a new name, or add to it with perpcalc portfolio add"
        )
        assert not path.is_file() or path.read_bytes() == b""

    def test_refuses_standard_output_and_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(PerpcalcError, match="is standard output"):
            create("-", b"")
        with pytest.raises(PerpcalcError, match="No such file or directory: give a name that can be written"):
            create(str(tmp_path / "nowhere" / "book.toml"), b"")

    def test_leaves_nothing_on_a_full_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*arguments: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(PerpcalcError, match="No space left on device: nothing was written"):
            create(str(tmp_path / "book.toml"), b"# new\n")
        assert os.listdir(tmp_path) == []


class TestTheExample:
    def test_loads_and_shows_every_key_that_there_is(self) -> None:
        text = EXAMPLE.read_text("utf-8")
        portfolio = parse(EXAMPLE.read_bytes(), "example")
        assert portfolio.prices
        assert portfolio.accounts
        assert len(portfolio.positions) > 1
        tables = tomllib.loads(text)
        for key in PositionEntry.model_fields:
            assert key in text, key
        for key in Limits.model_fields:
            assert key in text, key
        assert set(tables) == set(Portfolio.model_fields)


class TestOnOtherSystems:
    def test_a_write_that_is_interrupted_leaves_no_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupted(handle: int, content: bytes) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(portfolio_file, "_write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            create(str(tmp_path / "new.toml"), BOOK)
        assert list(tmp_path.iterdir()) == []

    def test_a_system_without_owners_or_locks_writes_all_the_same(
        self, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delattr(os, "chown", raising=False)
        monkeypatch.setitem(sys.modules, "fcntl", None)
        assert [position.name for position in add(book).positions] == ["core", "scalp"]


def test_absent_and_empty_values_are_not_written() -> None:
    assert row_of({"name": "a", "fills": (), "account": "", "stop": None}) == {"name": "a"}
