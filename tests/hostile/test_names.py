"""Names that mean harm, in portfolios, files and options: each is shown as it is, and nothing of it is done."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from cases import LONG, folder, refusal
from inside import called

__all__ = ["folder"]

NAMES = {
    "markup": "[red]x[/b]",
    "a link in markup": "[link=file:///etc/passwd]x",
    "colour": "\x1b[31mred",
    "a title (OSC)": "\x1b]0;title\x07",
    "a link (OSC 8)": "\x1b]8;;http://evil.example\x1b\\text\x1b]8;;\x1b\\",
    "the clipboard (OSC 52)": "\x1b]52;c;cm0gLXJm\x07",
    "C1": "a\x9b31mb",
    "NUL and a bell": "a\x00b\x07",
    "a line separator": "a\u2028b",
    "a newline": "a\nperpcalc: all is well",
    "a carriage return": "all is lost\rall is well",
    "bidi": "\u202eevil",
    "bidi isolates": "\u2066a\u2069\u061cb",
    "no width": "a\u200bb\ufeff",
    "emoji joined": "\U0001f468\u200d\U0001f469",
    "a formula": "=HYPERLINK(1)",
    "a plus": "+1",
    "a minus": "-1",
    "an at": "@SUM(1)",
    "a tab": "\t=1",
    "markup of XML": "</title><script>alert(1)</script>&amp;",
    "a quote": "\"'`$(id)",
}
COMMANDS = ("pnl", "liq-price", "funding-cost", "liq-cost", "greeks", "status", "stress", "check")


def book(name: str) -> str:
    """A portfolio whose account and positions have a name."""
    return f"""
        prices = {{BTC = 64_000}}
        limits = {{max_leverage = 5}}
        [[accounts]]
        name = {toml(name)}
        venue = "binance"
        balance = 1.25
        [[positions]]
        name = {toml(name)}
        account = {toml(name)}
        side = "long"
        contracts = 500
        entry = 62_500
        funding_rate = "0.01%"
    """


def toml(text: str) -> str:
    """A TOML string, every character that needs it escaped."""
    return '"' + "".join(c if c.isalnum() or c == " " else f"\\U{ord(c):08x}" for c in text) + '"'


def only_harmless(text: str) -> None:
    assert "".join(text.split("\n")).isprintable()


def shown(name: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
class TestANameIsShownAsItIs:
    @pytest.fixture(autouse=True)
    def in_a_portfolio(self, folder: Path, name: str) -> None:
        (folder / "book.toml").write_text(book(name), encoding="utf-8")

    def ask(self, *arguments: str) -> str:
        printed, said, status = called([*arguments, "-p", "book.toml"])
        assert status in (0, 1), said
        only_harmless(said)
        return printed

    def test_in_tables_and_explanations(self, name: str) -> None:
        for command in COMMANDS:
            for more in ((), ("--explain",)):
                printed = self.ask(command, *more)
                only_harmless(printed)
                assert shown(name) in printed

    def test_in_json(self, name: str) -> None:
        for command in COMMANDS:
            printed = self.ask(command, "--json")
            assert printed.isascii()
            assert name in json.loads(printed)[0].values()

    def test_in_csv_where_no_formula_starts(self, name: str) -> None:
        for command in COMMANDS:
            printed = self.ask(command, "--format", "csv")
            only_harmless(printed)
            cells = [cell for row in csv.reader(io.StringIO(printed, newline="")) for cell in row]
            assert shown(name) in cells or "'" + shown(name) in cells
            numbers = re.compile(r"[+-]?\d+(\.\d+)?%?")
            assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@")) and not numbers.fullmatch(cell)]

    def test_as_a_bare_field(self, name: str) -> None:
        assert self.ask("pnl", "--field", "name") == shown(name) + "\n"

    def test_in_charts(self, name: str, folder: Path) -> None:
        printed = self.ask("stress", "--chart", "--svg", "chart.svg")
        only_harmless(printed)
        picture = (folder / "chart.svg").read_text(encoding="utf-8")
        assert not picture.partition("\n")[2].count("<script")
        root = ET.fromstring(picture)
        assert root.findtext("{*}title") == shown(name)

    def test_in_errors(self, name: str, folder: Path) -> None:
        path = folder / "book.toml"
        path.write_text(path.read_text(encoding="utf-8").replace("entry = 62_500", "entry = 0"), encoding="utf-8")
        assert shown(name) in refusal("pnl", "-p", "book.toml")
        path.write_text(book(name).replace(f"account = {toml(name)}", 'account = "else"'), encoding="utf-8")
        assert refusal("pnl", "-p", "book.toml").isprintable()

    def test_in_a_file_name(self, name: str, folder: Path) -> None:
        if "\0" in name or "/" in name:
            pytest.skip("no file has such a name")
        assert shown(name) in refusal("pnl", f"--portfolio={name}")
        (folder / name).mkdir()
        assert shown(name) in refusal("portfolio", "validate", "--", name)
        assert shown(name) in refusal("stress", *LONG, "-l", "5", "--mmr", "1%", f"--svg={name}")

    def test_on_the_command_line(self, name: str) -> None:
        for arguments in (["pnl", f"--venue={name}"], ["pnl", "--venue=bybit", f"--instrument={name}", *LONG, "-x", "5"], ["pnl", f"--field={name}", *LONG, "-x", "5"],
                          [name], ["portfolio", name], ["venues", "show", "--", name], ["pnl", f"--side={name}"], ["pnl", f"--{name}"], ["pnl", *LONG, name]):  # fmt: skip
            refusal(*arguments)

    def test_in_batch(self, name: str) -> None:
        for question in (
            {"command": name},
            {"command": "pnl", name: 1},
            {"command": "pnl", "venue": name},
            {"command": "pnl", "side": name},
        ):
            printed, said, _ = called(["batch"], json.dumps(question).encode() + b"\n")
            assert printed.isascii()
            assert set(json.loads(printed)) == {"line", "error"}
            only_harmless(said)
