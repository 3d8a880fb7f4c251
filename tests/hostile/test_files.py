"""Files that are none, or from another editor: row by row what is done with them.

What a portfolio may hold and how it is refused is in tests/portfolio.
"""

import os
from pathlib import Path
from typing import Any

import pytest
from cases import FILES, LONG, folder, refilled, refusal
from inside import called

from perpcalc.files import LARGEST_FILE

__all__ = ["folder"]

READS = {
    "a portfolio": ["pnl", "--exit", "1", "-p"],
    "limits": ["check", *LONG, "--limits"],
    "premium samples": ["funding-cost", *LONG, "-m", "1", "--premium-samples"],
    "a history": ["funding-cost", *LONG, "--history"],
    "a portfolio to check": ["portfolio", "validate"],
    "a portfolio to show": ["portfolio", "show"],
    "a portfolio to add to": ["portfolio", "add", "--name", "x", *LONG],
    "positions of an exchange": ["portfolio", "import", "--into", "book.toml", "--venue", "bybit"],
    "a venue file": ["venues", "validate"],
}


@pytest.mark.parametrize("command", READS.values(), ids=READS)
class TestAFileThatIsNone:
    @pytest.fixture(autouse=True)
    def files(self, folder: Path) -> None:
        refilled(folder)

    def test_nothing_there(self, command: list[str]) -> None:
        assert refusal(*command, "nowhere.toml").startswith("nowhere.toml: ")

    def test_a_folder(self, command: list[str], folder: Path) -> None:
        (folder / "folder").mkdir(exist_ok=True)
        assert refusal(*command, "folder").startswith("folder: ")

    def test_a_fifo_that_nobody_writes_to(self, command: list[str], folder: Path) -> None:
        os.mkfifo(folder / "fifo")
        assert refusal(*command, "fifo").startswith("fifo: ")

    def test_a_device_without_an_end(self, command: list[str]) -> None:
        assert refusal(*command, "/dev/zero").startswith("/dev/zero: ")

    def test_more_than_it_may_hold(self, command: list[str], folder: Path) -> None:
        with (folder / "large").open("wb") as file:
            file.truncate(LARGEST_FILE + 1)
        assert "larger than" in refusal(*command, "large")

    @pytest.mark.parametrize(
        "raw",
        [b"caf\xe9 = 1", "a = 1".encode("utf-16"), b"\xff\xfe\x00\x00", b"\xed\xa0\x80"],
        ids=["Latin-1", "UTF-16", "UTF-32", "a surrogate"],
    )
    def test_another_encoding(self, command: list[str], folder: Path, raw: bytes) -> None:
        (folder / "file").write_bytes(raw)
        assert "is not UTF-8: save the file as UTF-8" in refusal(*command, "file")

    @pytest.mark.parametrize("raw", [b"\x00", b"[" * 100_000, b"a = " + b"[" * 100_000, b'{"a":' * 100_000, b"a = " + b"{b = " * 50_000, b"a." * 100_000 + b"b = 1",
                                     b'"a".' * 50_000 + b"b = 1", b"a" * 1_000_000, b"a = " + b"9" * 5_000, b'"' * 100_001, b"=" * 100_000, b"\r" * 100_000, b"a = 1e400\n"],
                             ids=["NUL", "lists", "TOML lists", "objects", "TOML tables", "dots", "quoted dots", "a word", "digits", "quotes", "equals", "CR", "an exponent"])  # fmt: skip
    def test_nothing_of_ours(self, command: list[str], folder: Path, raw: bytes) -> None:
        (folder / "file").write_bytes(raw)
        message = refusal(*command, "file")
        assert message.startswith("file: ")
        assert len(message) < 300

    def test_a_name_too_long_for_a_file(self, command: list[str]) -> None:
        refusal(*command, "n" * 5000)


@pytest.mark.parametrize("name", ["book.toml", "samples.csv", "history.csv", "positions.json"])
@pytest.mark.parametrize(
    "change",
    [lambda raw: b"\xef\xbb\xbf" + raw, lambda raw: raw.replace(b"\n", b"\r\n"), bytes.rstrip],
    ids=["a byte order mark", "CRLF", "no last newline"],
)
def test_a_file_may_come_from_any_editor(folder: Path, name: str, change: Any) -> None:
    refilled(folder)
    path = folder / name
    path.write_bytes(change(path.read_bytes()))
    command = {
        "book.toml": ["pnl", "-p", name],
        "samples.csv": ["funding-cost", *LONG, "-m", "1", "--interval", "8h", "--premium-samples", name],
        "history.csv": ["funding-cost", *LONG, "--history", name],
        "positions.json": ["portfolio", "import", name, "--into", "bare.toml", "--venue", "binance"],
    }[name]
    assert called(command).status == 0


@pytest.mark.parametrize(
    "arguments", [["stress", *LONG, "-l", "5", "--mmr", "1%", "--svg"], ["portfolio", "init"]], ids=["--svg", "init"]
)
@pytest.mark.parametrize(
    "path",
    ["nowhere/file", ".", "/dev/full", "n" * 5000, ""],
    ids=["no folder", "a folder", "a full disk", "a long name", "no name"],
)
def test_what_cannot_be_written_is_said(folder: Path, arguments: list[str], path: str) -> None:
    if path == "/dev/full" and not os.path.exists(path):
        pytest.skip("the system has no such device")
    refusal(*arguments, path)


@pytest.mark.parametrize("configured", ["/dev/null", "nowhere", "n" * 5000, "\x1b[31m"])
def test_a_folder_of_venues_that_is_none_changes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, configured: str
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", configured)
    assert called(["pnl", *LONG, "-x", "64000", "-v", "bybit"]).status == 0
    assert called(["venues", "list"]).status == 0
    assert refusal("pnl", *LONG, "-x", "64000", "-v", "n" * 300).startswith("--venue: ")


def test_the_files_of_these_tests_are_good(folder: Path) -> None:
    refilled(folder)
    for arguments in (
        ["portfolio", "validate", "book.toml"],
        ["pnl", "-p", "bare.toml"],
        ["check", "-p", "book.toml", "--limits", "limits.toml"],
    ):
        assert called(arguments).status in (0, 1)
    assert set(FILES) >= {"samples.csv", "history.csv", "positions.json"}
