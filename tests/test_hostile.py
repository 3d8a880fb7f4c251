"""Input that means harm, or that no good program makes: row by row what is done with it.

What a portfolio file may hold and how it is refused is in test_portfolio.py; here is the rest of the program, called inside
this process (see inside.py), each call bounded in time and memory.
"""

import csv
import io
import json
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from inside import BASES, CALLS, FILES, bounded, called, folder, refilled, written
from perpcalc.cli.options import Option

from perpcalc import decimals, portfolio
from perpcalc.errors import PerpcalcError
from perpcalc.venues.keys import KEYS, a_grid, a_price_grid, flag
from perpcalc.venues.schema import validated

__all__ = ["folder"]

LONG = ["--side", "long", "-n", "10000", "-e", "62500"]


def refusal(*arguments: str, stdin: bytes = b"") -> str:
    """The one line that refuses a call: status 2, nothing on standard output, nothing that could steer a terminal."""
    status, printed, said = called(list(arguments), stdin)
    assert (status, printed) == (2, ""), (arguments, printed, said)
    (line,) = said.splitlines()
    assert line.isprintable()
    assert line.startswith("perpcalc: ")
    return line.removeprefix("perpcalc: ")


def arguments_of(words: tuple[str, ...], options: dict[str, str]) -> list[str]:
    by_name = {option.name: option for option in CALLS[words].options}
    return [
        *words,
        *(part for name, text in options.items() if name in by_name for part in written(by_name[name], text)),
    ]


# Names

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
COMMANDS = ("pnl", "liq-price", "funding-cost", "liq-cost", "greeks", "stress", "check")


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
        status, printed, said = called([*arguments, "-p", "book.toml"])
        assert status in (0, 1), said
        only_harmless(said)
        return printed

    def test_in_tables_and_explanations(self, name: str) -> None:
        for command in COMMANDS:
            for more in ((), ("--explain",)):
                printed = self.ask(command, *more)
                only_harmless(printed)
                assert shown(name) in printed or (command, more) == ("stress", ("--explain",))

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
            _, printed, said = called(["batch"], json.dumps(question).encode() + b"\n")
            assert printed.isascii()
            assert set(json.loads(printed)) == {"line", "error"}
            only_harmless(said)


# Numbers

NO_NUMBERS = ("nan", "-nan", "NaN", "inf", "-inf", "Infinity", "snan", "1e5", "1e999999999", "1e9999999999999999999", "", " ", "1 ", "1,5", "1.000,5", "0x1F",
              "\uff11\uff12", "\u0663", "1__0", "_1", "1_", "1.", ".", "-", "--1", "true", "None", "1" * 16, "1" * 5000, "0." + "1" * 19, "1;2", "\u22121")  # fmt: skip
NUMERIC = {
    decimals.number, decimals.positive, decimals.amount, decimals.positive_amount, decimals.amount_from_zero,
    decimals.rate, decimals.rate_from_zero, decimals.duration, decimals.count,
}  # fmt: skip
NAMED = {"fill", "moves", "from", "to", "entry_fee", "exit_fee"}


def takes_a_number(option: Option) -> bool:
    return option.parse in NUMERIC or option.name in NAMED


NUMBERS = [(words, option) for words, command in CALLS.items() for option in command.options if takes_a_number(option)]


def test_many_options_take_a_number() -> None:
    assert len(NUMBERS) > 150


@pytest.mark.parametrize(
    ("words", "option"), NUMBERS, ids=lambda part: part.name if isinstance(part, Option) else "-".join(part)
)
def test_an_option_refuses_what_is_no_number(folder: Path, words: tuple[str, ...], option: Option) -> None:
    base = dict(BASES.get(words[0], ({},))[0]) | {one.name: "book.toml" for one in CALLS[words].options if one.argument}
    for bad in NO_NUMBERS:
        message = refusal(
            *arguments_of(words, base), f"{option.flag}={bad}@1" if option.name == "fill" else f"{option.flag}={bad}"
        )
        assert message.startswith(f"{option.flag}: ")
        assert len(message) < 250


ABOVE_ZERO = [
    (words, option)
    for words, option in NUMBERS
    if option.parse in (decimals.positive, decimals.positive_amount, decimals.count)
]


@pytest.mark.parametrize(
    ("words", "option"), ABOVE_ZERO, ids=lambda part: part.name if isinstance(part, Option) else "-".join(part)
)
def test_a_price_and_a_size_are_above_zero(folder: Path, words: tuple[str, ...], option: Option) -> None:
    base = {one.name: "book.toml" for one in CALLS[words].options if one.argument}
    for bad in ("0", "-0", "-1", "-62500.5", "0.000000000000000000"):
        assert re.match(
            rf"{option.flag}: '.*' is (out of range: give|not a count: )",
            refusal(*arguments_of(words, base), f"{option.flag}={bad}"),
        )


@pytest.mark.parametrize(
    "command", sorted({words[0] for words, _ in NUMBERS if words[0] in BASES and words[0] not in ("stress", "check")})
)
def test_a_key_of_batch_refuses_what_is_no_number(folder: Path, command: str) -> None:
    known = {option.name for option in CALLS[command,].options}
    base = json.dumps(
        {"command": command, **{name: text for name, text in BASES[command][0].items() if name in known}}
    )[:-1]
    options = [option for option in CALLS[command,].options if takes_a_number(option)]
    values = [
        *map(json.dumps, NO_NUMBERS),
        "NaN",
        "Infinity",
        "-Infinity",
        "1e5",
        "1E999999999",
        "1" * 5000,
        "true",
        "false",
        "[]",
        "[1]",
        "{}",
        '{"a": 1}',
    ]
    cases = [(option, value) for option in options for value in values if not (option.many and value == "[]")]
    lines = [
        f'{base}, "{option.name}": {f"[{value}]" if option.many and value[0] != "[" else value}}}'
        for option, value in cases
    ]
    status, printed, _ = called(["batch"], "\n".join(lines).encode() + b"\n")
    assert status == 2
    for (option, value), line in zip(cases, printed.splitlines(), strict=True):
        message = json.loads(line)["error"]
        if value not in ("NaN", "Infinity", "-Infinity"):
            assert message.startswith(f"{option.name}: "), (value, message)
        assert len(message) < 250


def test_a_flag_of_batch_is_true_or_false(folder: Path) -> None:
    for value in ("1", '"true"', '"yes"', "[]", "0.5"):
        line = f'{{"command": "pnl", "side": "long", "contracts": 5, "entry": 5, "exit": 6, "exact": {value}}}\n'
        assert json.loads(called(["batch"], line.encode())[1])["error"] == "exact: is a flag: give true or false"


TOML_VALUES = ("nan", "-nan", "inf", "-inf", "1e5", "1e999999999", "true", "[1]", "{a = 1}", "2024-06-01", "1" * 16, "1" * 5000, "0x" + "f" * 5000,
               *(json.dumps(text, ensure_ascii=False) for text in NO_NUMBERS))  # fmt: skip
WORDS_OF = {
    "name",
    "venue",
    "account",
    "instrument",
    "side",
    "currency",
    "mm_basis",
    "require_stop",
    "stop_before_liquidation",
}


def portfolio_keys() -> Iterator[tuple[str, str]]:
    """Every key of a portfolio that holds a number, and a file with a place for its value."""
    yield "BTC", "[prices]\nBTC = {}\n"
    for fill in ("contracts = {}, price = 1", "contracts = 1, price = {}"):
        yield fill.partition(" = {}")[0].split()[-1], f'[[positions]]\nname = "a"\nside = "long"\nfills = [{{{fill}}}]'
    for model, opening in (
        (portfolio.AccountEntry, '[[accounts]]\nname = "a"\n{}'),
        (portfolio.PositionEntry, '[[positions]]\nname = "a"\nside = "long"\n{}'),
        (portfolio.Limits, "[limits]\n{}"),
    ):
        for key in model.model_fields.keys() - WORDS_OF - {"fills"}:
            yield key, opening.format(f"{key} = {{}}")


@pytest.mark.parametrize(
    ("key", "text"), sorted(portfolio_keys()), ids=lambda part: part if part.isidentifier() else ""
)
def test_a_key_of_a_portfolio_refuses_what_is_no_number(key: str, text: str) -> None:
    for value in TOML_VALUES:
        with bounded(), pytest.raises(PerpcalcError) as caught:
            portfolio.parse(text.replace("{}", value).encode(), "book.toml")
        assert key in str(caught.value) or "too many digits" in str(caught.value)
        assert len(str(caught.value)) < 250


def venue_with(topic: str, **keys: Any) -> dict[str, Any]:
    """A venue file as read, with one rule of a topic."""
    provenance = {"from": "2024-01-01", "source": "here", "confidence": "published"}
    row = {**provenance, **({"size": "1"} if topic == "contract" else {}), **keys}
    tables = {"contract": [{**provenance, "size": "1"}], topic: [row]}
    return {
        "name": "own",
        "title": "Own",
        "default": "X",
        "known_until": "2024-01-01",
        "instruments": {"X": {"currency": "BTC", **tables}},
    }


VENUE_KEYS = [(topic, key) for topic, keys in KEYS.items() for key in keys]
GRIDS = (
    "floor",
    "8",
    "floor nan",
    "floor 1e5",
    "floor -1",
    "floor 19",
    "floor 999999999999",
    "sideways 8",
    "floor 8 8",
    "floor 8.5",
    "nearest 8",
)


@pytest.mark.parametrize(("topic", "key"), VENUE_KEYS, ids=lambda part: part)
def test_a_key_of_a_venue_file_refuses_what_does_not_fit(topic: str, key: str) -> None:
    check = KEYS[topic][key].read
    values: list[object] = [True, [], {}, [True], *NO_NUMBERS, "-1000", "0m"]
    if check is flag:
        values.remove(True)
    if check in (a_grid, a_price_grid):
        values += GRIDS
    for value in values:
        with pytest.raises(PerpcalcError) as caught:
            validated(venue_with(topic, **{key: value}))
        assert key in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"rates": ["1%", "2%", "3%"]}, "as many rates as limits are needed"),
        ({"limits": ["1", "2"]}, "as many rates as limits are needed"),
        ({"first_limit": "1", "limit_step": "1", "first_rate": "1%"}, "go together"),
        (
            {"first_limit": "1", "limit_step": "1", "first_rate": "1%", "rate_step": "0"},
            "rate_step makes no tiers, or more than 1000",
        ),
        (
            {"first_limit": "1", "limit_step": "1", "first_rate": "1%", "rate_step": "0.000000000000000001"},
            "rate_step makes no tiers, or more than 1000",
        ),
        ({"first_limit": "1", "limit_step": "1", "first_rate": "100%", "rate_step": "1%"}, "rate_step makes no tiers"),
        (
            {"first_limit": "1", "limit_step": "1", "first_rate": "1%", "rate_step": "1%", "rates": ["1%"]},
            "go together",
        ),
    ],
)
def test_margin_rules_of_a_venue_file_fit_together(rules: dict[str, Any], message: str) -> None:
    with bounded(), pytest.raises(PerpcalcError, match=message) as caught:
        validated(venue_with("margin", **rules))
    assert str(caught.value).startswith("instruments.X.margin: ")


def test_margin_rules_of_a_venue_and_of_its_instrument_fit_together() -> None:
    tables = venue_with("margin", rates=["1%", "2%", "3%"], limits=["1", "2"])
    tables["margin"] = [
        {"from": "2020-01-01", "source": "here", "confidence": "derived", "limits": ["1", "2", "3", "4"]}
    ]
    validated(tables)
    tables["instruments"]["X"]["margin"][0].pop("limits")
    with pytest.raises(PerpcalcError, match="as many rates as limits"):
        validated(tables)


@pytest.mark.parametrize("cell", [text for text in NO_NUMBERS if text.strip() == text and "," not in text])
def test_a_cell_of_a_funding_file_refuses_what_is_no_number(folder: Path, cell: str) -> None:
    command = ["funding-cost", *LONG, "-m", "60000", "--interval", "8h"]
    for row, option in ((f"{cell},64000", "--history"), (f"0.01%,{cell}", "--history"), (cell, "--premium-samples")):
        line = f"2024-06-01T00:00:00Z,{row}\n"
        (folder / "past.csv").write_text(
            f"time,{'rate,mark' if option == '--history' else 'premium'}\n{line}", encoding="utf-8"
        )
        assert refusal(*command, option, "past.csv").startswith("past.csv: line 2, ")


@pytest.mark.parametrize(
    "time",
    [
        "",
        "nan",
        "-1",
        "1e12",
        "1" * 16,
        "9" * 5000,
        "2024-13-01",
        "2024-06-01T25:00",
        "now",
        "\uff11" * 13,
        "99999-01-01",
    ],
)
def test_a_time_of_a_funding_file(folder: Path, time: str) -> None:
    (folder / "past.csv").write_text(f"time,rate,mark\n{time},0.01%,64000\n", encoding="utf-8")
    assert refusal("funding-cost", *LONG, "--history", "past.csv").startswith("past.csv: line 2, time: ")


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "1e-400",
        "true",
        "[]",
        "{}",
        '"nan"',
        '"1,5"',
        '"\uff11"',
        '"0x1F"',
        "1" * 5000,
        '" "',
    ],
)
def test_a_number_of_an_exchange(folder: Path, value: str) -> None:
    good = {
        "symbol": "BTC/USD:BTC",
        "side": "long",
        "contracts": 5,
        "entryPrice": 62500,
        "marginMode": "isolated",
        "leverage": 5,
    }
    (folder / "book.toml").write_text("")
    for key in ("contracts", "entryPrice", "leverage", "markPrice", "stopLossPrice", "liquidationPrice"):
        (folder / "dump.json").write_text(
            json.dumps([{**good, key: 0}]).replace(f'"{key}": 0', f'"{key}": {value}'), encoding="utf-8"
        )
        status, printed, said = called(
            ["portfolio", "import", "dump.json", "--into", "book.toml", "--venue", "binance"]
        )
        only_harmless(said)
        if value == "1e-400":  # nothing, as exchanges write what there is not
            continue
        assert (status, printed, (folder / "book.toml").read_text()) == (2, "", "")
        assert f"{key} " in said


# Options that disagree

TWO = ["-p", "book.toml"]
SOLD = ["--entry", "62500", "--stop", "60000"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["pnl", *LONG, "--exit", "1", "--mark", "1"],
        ["pnl", *LONG, "--exit", "1", "--target-roe", "1%", "--target-pnl", "1"],
        ["pnl", *LONG, "--exit", "1", "--contracts", "1", "--usd", "1"],
        ["pnl", *LONG, "--exit", "1", "--contracts", "1", "--coin", "1"],
        ["pnl", "--side", "long", "--exit", "1", "--entry", "1", "--usd", "1", "--coin", "1"],
        ["pnl", "--side", "long", "--exit", "1", "--fill", "1@1", "--contracts", "1"],
        ["pnl", "--side", "long", "--exit", "1", "--fill", "1@1", "--usd", "1"],
        ["pnl", "--side", "long", "--exit", "1", "--fill", "1@1", "--coin", "1"],
        ["pnl", "--side", "long", "--exit", "1", "--fill", "1@1", "--entry", "1"],
        ["liq-price", *LONG, "--mmr", "1%", "--leverage", "1", "--margin", "1"],
        ["liq-price", *LONG, "--mmr", "1%", "--margin", "1", "--balance", "1"],
        ["liq-price", *LONG, "--mmr", "1%", "--leverage", "1", "--balance", "1", "--extra-margin", "1"],
        ["liq-price", *LONG, "--mmr", "1%", "--extra-margin", "1", "--leverage or --margin"],
        ["liq-price", *LONG, "--leverage", "5", "--deduction", "1", "--mmr"],
        ["liq-price", *LONG, "--leverage", "5", "--mmr", "1%", "--vol", "1%", "--horizon"],
        ["liq-price", *LONG, "--leverage", "5", "--mmr", "1%", "--horizon", "1d", "--vol"],
        ["liq-price", *LONG, "--leverage", "5", "--mmr", "1%", "--mark-interval", "1m", "--vol"],
        ["pnl", *LONG, "--exit", "1", "--instrument", "X", "--venue"],
        ["pnl", *TWO, "--exit", "1", "--portfolio", "book.toml", "--side", "long"],
        ["pnl", *LONG, "--exit", "1", "--json", "--format", "csv"],
        ["pnl", *LONG, "--exit", "1", "--json", "--field", "side"],
        ["pnl", *LONG, "--exit", "1", "--json", "--explain"],
        ["pnl", *LONG, "--exit", "1", "--field", "side", "--explain"],
        ["funding-cost", *LONG, "--mark", "1", "--rate", "1%", "--premium", "1%"],
        ["funding-cost", *LONG, "--mark", "1", "--rate", "1%", "--premium-samples", "samples.csv"],
        ["funding-cost", *LONG, "--mark", "1", "--rate", "1%", "--history", "history.csv"],
        ["funding-cost", *LONG, "--mark", "1", "--premium", "1%", "--index", "1"],
        ["funding-cost", *LONG, "--history", "history.csv", "--for", "1d"],
        ["funding-cost", *LONG, "--history", "history.csv", "--intervals", "1"],
        ["funding-cost", *LONG, "--mark", "1", "--rate", "1%", "--for", "1d", "--intervals", "1"],
        ["size", *SOLD, "--balance", "1", "--risk", "1%", "--risk-coin", "1"],
        ["size", *SOLD, "--balance", "1", "--risk", "1%", "--risk-usd", "1"],
        ["size", *SOLD, "--balance", "1", "--risk-coin", "1", "--risk-usd", "1"],
        ["size", *SOLD, "--risk", "1%", "--balance"],
        ["size", *SOLD, "--risk", "1%", "--account", "a", "--portfolio"],
        ["size", *SOLD, "--risk", "1%", "--portfolio", "book.toml", "--account", "a", "--balance", "1", "--portfolio"],
        ["size", *SOLD, "--risk", "1%", "--portfolio", "book.toml", "--account", "a", "--venue", "bybit", "--portfolio"],
        ["size", *SOLD, "--risk", "1%", "--portfolio", "book.toml", "--account", "a", "--currency", "BTC", "--portfolio"],
        ["stress", *LONG, "--leverage", "5", "--mmr", "1%", "--moves", "1%", "--from", "1%"],
        ["stress", *LONG, "--leverage", "5", "--mmr", "1%", "--moves", "1%", "--steps", "3"],
        ["stress", *LONG, "--leverage", "5", "--mmr", "1%", "--from", "1%", "--to", "3%", "--steps"],
        ["stress", *LONG, "--leverage", "5", "--mmr", "1%", "--chart", "--json"],
        ["stress", *LONG, "--leverage", "5", "--mmr", "1%", "--chart", "--format", "csv"],
        ["stress", *LONG, "--leverage", "5", "--mmr", "1%", "--chart", "--field", "price"],
        ["check", *LONG, "--max-leverage", "5", "--account", "a", "--portfolio"],
        ["check", *LONG, "--portfolio", "book.toml", "--balance", "1"],
        ["check", *LONG, "--portfolio", "book.toml", "--contract-size", "1"],
        ["check", "-p", "book.toml", "--account", "binance-btc", *LONG, "--venue", "bybit", "--account"],
        ["portfolio", "add", "book.toml", "--name", "x", *LONG, "--account", "binance-btc", "--venue", "bybit"],
        ["portfolio", "add", "book.toml", "--name", "x", *LONG, "--account", "binance-btc", "--currency", "BTC"],
        ["portfolio", "import", "positions.json", "--into", "book.toml", "--account", "binance-btc", "--venue", "bybit"],
        ["venues", "show", "bybit", "--toml", "--json"],
    ],
    ids=lambda arguments: " ".join([arguments[0], *(part for part in arguments if part.startswith("--"))]),
)  # fmt: skip
def test_options_that_disagree_are_both_named(folder: Path, arguments: list[str]) -> None:
    """The last two long options of each call are the two; one that stands last without a value is the one that is missing."""
    refilled(folder)
    *_, one, other = [part for part in arguments if part.startswith("--")]
    asked = arguments
    if arguments[-1].startswith("--") and arguments[-1] not in ("--json", "--explain"):
        asked = arguments[:-1]
    message = refusal(*asked)
    assert one in message
    assert other in message


def test_an_option_that_disagrees_with_the_venue_names_its_value(folder: Path) -> None:
    bybit = ["pnl", *LONG, "--exit", "1", "--venue", "bybit"]
    assert (
        refusal(*bybit, "--contract-size", "5") == "--contract-size: BTCUSD is 1 USD per contract, not 5: leave one out"
    )
    assert "BTCUSD settles in BTC" in refusal(*bybit, "--currency", "XRP")
    assert (
        refusal(*bybit, "--leverage", "101")
        == "--leverage: 101 is above the largest of BTCUSD at bybit: give at most 100"
    )


def test_a_number_is_no_command_and_no_option(folder: Path) -> None:
    assert "no such command" in refusal("-5") or "No such option" in refusal("-5")
    assert "No such option: -5" in refusal("pnl", "-5")


# Files

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
            file.truncate(portfolio_limit() + 1)
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


def portfolio_limit() -> int:
    from perpcalc.files import LARGEST_FILE

    return LARGEST_FILE


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
    assert called(command)[0] == 0


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
    assert called(["pnl", *LONG, "-x", "64000", "-v", "bybit"])[0] == 0
    assert called(["venues", "list"])[0] == 0
    assert refusal("pnl", *LONG, "-x", "64000", "-v", "n" * 300).startswith("--venue: ")


def test_the_largest_and_the_smallest_numbers_are_answered_in_full(folder: Path) -> None:
    largest, smallest = "999999999999999.999999999999999999", "0.000000000000000001"
    status, printed, _ = called(
        [
            "pnl",
            "--side",
            "short",
            "-n",
            "999999999999999",
            "--contract-size",
            largest,
            "-e",
            largest,
            "-x",
            smallest,
            "--json",
        ]
    )
    assert status == 0
    answer = json.loads(printed)
    usd = Decimal("999999999999999") * Decimal(largest)
    assert answer["notional_usd"] == decimals.plain(usd)
    assert Decimal(answer["gross_pnl"]) == round(usd / Decimal(smallest) - usd / Decimal(largest), 18)
    assert (
        "e"
        not in printed.lower()
        .partition("gross_pnl")[2]
        .partition("reason")[0]
        .replace("exit_fee", "")
        .replace("entry_fee", "")
        .replace("net_pnl_usd", "")
        .split(",")[0]
    )


def test_the_files_of_these_tests_are_good(folder: Path) -> None:
    refilled(folder)
    for arguments in (
        ["portfolio", "validate", "book.toml"],
        ["pnl", "-p", "bare.toml"],
        ["check", "-p", "book.toml", "--limits", "limits.toml"],
    ):
        assert called(arguments)[0] in (0, 1)
    assert set(FILES) >= {"samples.csv", "history.csv", "positions.json"}
