"""What is no number: every option, every key of a line, of a portfolio and of a venue file, and every cell refuses it."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cases import BASES, CALLS, LONG, arguments_of, flag, folder, refusal
from inside import bounded, called

from perpcalc import decimals, grammar
from perpcalc.errors import PerpcalcError
from perpcalc.given import Option
from perpcalc.limit_options import LIMIT_KEYS
from perpcalc.names import QUESTIONS
from perpcalc.portfolio.reading import parse
from perpcalc.portfolio.schema import KNOWN
from perpcalc.venues import keys
from perpcalc.venues.keys import KEYS, a_grid, a_price_grid
from perpcalc.venues.schema import validated

__all__ = ["folder"]

NO_NUMBERS = ("nan", "-nan", "NaN", "inf", "-inf", "Infinity", "snan", "1e5", "1e999999999", "1e9999999999999999999", "", " ", "1 ", "1,5", "1.000,5", "0x1F",
              "\uff11\uff12", "\u0663", "1__0", "_1", "1_", "1.", ".", "-", "--1", "true", "None", "1" * 16, "1" * 5000, "0." + "1" * 19, "1;2", "\u22121")  # fmt: skip
NUMERIC = {
    decimals.number, decimals.positive, decimals.amount, decimals.positive_amount, decimals.amount_from_zero,
    decimals.rate, decimals.rate_from_zero, decimals.charge, decimals.charge_from_zero, decimals.leverage,
    decimals.duration, decimals.count, grammar.multiple, grammar.fee, grammar.move, grammar.moves,
}  # fmt: skip
AROUND: Mapping[Callable[[str], Any], str] = {
    grammar.fill: "{}@1",
    grammar.take: "{}@1",
    grammar.coin_move: "ETH={}",
    grammar.beta: "ETH={}",
}
"""What stands around the number of an option that takes more than one."""

NUMBERS = [
    (words, option)
    for words, command in CALLS.items()
    for option in command.options
    if option.read in NUMERIC or option.read in AROUND
]
FIRST = {option.name: words for words, option in reversed(NUMBERS)}
"""The first command that has an option tries it with all that is bad, the others with some."""
each_number = pytest.mark.parametrize(
    ("words", "option"), NUMBERS, ids=lambda part: part.name if isinstance(part, Option) else "-".join(part)
)


def placed(option: Option[object], text: str) -> str:
    """A number as the option takes it."""
    return AROUND.get(option.read, "{}").replace("{}", text)


def base_of(words: tuple[str, ...]) -> dict[str, str]:
    """A question that a command answers, with a file for each that it asks for."""
    arguments = {option.name: "book.toml" for option in CALLS[words].options if option.argument}
    return arguments | dict(BASES.get(" ".join(words), ({},))[0])


def test_many_options_take_a_number() -> None:
    assert len(NUMBERS) > 300
    assert {option.read for _, option in NUMBERS} == NUMERIC | set(AROUND)


@each_number
def test_an_option_refuses_what_is_no_number(folder: Path, words: tuple[str, ...], option: Option[object]) -> None:
    base = base_of(words)
    base.pop(option.name, None)
    for bad in NO_NUMBERS if words == FIRST[option.name] else NO_NUMBERS[len(option.name) % 5 :: 5]:
        message = refusal(*arguments_of(words, base), f"{flag(option)}={placed(option, bad)}")
        assert message.startswith(f"{flag(option)}: ")
        assert len(message) < 250


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (words, option)
        for words, option in NUMBERS
        if option.read in (decimals.positive, decimals.positive_amount, decimals.leverage, decimals.count)
    ],
    ids=lambda part: part.name if isinstance(part, Option) else "-".join(part),
)
def test_a_price_and_a_size_are_above_zero(folder: Path, words: tuple[str, ...], option: Option[object]) -> None:
    base = base_of(words)
    base.pop(option.name, None)
    for bad in ("0", "-0", "-1", "-62500.5", "0.000000000000000000"):
        assert re.match(
            rf"{flag(option)}: '.*' is (out of range: give|not a count: )",
            refusal(*arguments_of(words, base), f"{flag(option)}={bad}"),
        )


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_key_of_batch_refuses_what_is_no_number(folder: Path, question: str) -> None:
    words = tuple(question.split())
    known = {option.name for option in CALLS[words].options if not option.many}
    base = {name: text for name, text in base_of(words).items() if name in known}
    base = {name: text for name, text in base.items() if name not in ("chart", "svg", "total")}
    values = [
        *(json.dumps(text) for text in NO_NUMBERS if text != "1e5"),
        *("NaN", "Infinity", "-Infinity", "1E999999999", "1" * 5000, "true", "false", "[]", "[1]", "{}", '{"a": 1}'),
    ]
    options = [option for asked, option in NUMBERS if asked == words and not option.many]
    cases = [(option, value) for option in options for value in values]
    lines = [
        json.dumps({"command": question, **base, option.name: 0})[:-2] + value + "}"
        if option.name not in base
        else json.dumps({"command": question, **base, option.name: "HERE"}).replace('"HERE"', value)
        for option, value in cases
    ]
    printed, _, status = called(["batch"], "\n".join(lines).encode() + b"\n")
    assert status == 2 or not options
    for (option, value), line in zip(cases, printed.splitlines(), strict=True):
        message = json.loads(line)["error"]
        if value not in ("NaN", "Infinity", "-Infinity"):
            assert message.startswith(f"{option.name}: "), (value, message)
        assert len(message) < 250


@pytest.mark.parametrize("option", ["fill", "order", "take", "move", "beta"])
def test_so_does_each_item_of_a_list(folder: Path, option: str) -> None:
    words, found = next((words, one) for words, one in NUMBERS if one.name == option)
    for bad in (*map(json.dumps, NO_NUMBERS), "true", "null", "[]", "[1]", "{}", '{"contracts": 1}', '[1, "nan"]'):
        if bad == '"1e5"':
            continue
        text = json.dumps(placed(found, bad[1:-1])) if bad.startswith('"') else bad
        line = f'{{"command": "{" ".join(words)}", "{option}": [{text}]}}\n'.encode()
        message = json.loads(called(["batch"], line).stdout)["error"]
        assert message.startswith(f"{option}: "), bad
        assert len(message) < 250


@pytest.mark.parametrize("value", ["1", '"true"', '"yes"', "[]", "0.5"])
def test_a_flag_of_batch_is_true_or_false(folder: Path, value: str) -> None:
    line = f'{{"command": "pnl", "side": "long", "contracts": 5, "entry": 5, "exit": 6, "exact": {value}}}\n'
    assert json.loads(called(["batch"], line.encode()).stdout)["error"] == "exact: is a flag: give true or false"


TOML_VALUES = ("nan", "-nan", "inf", "-inf", "1e5", "1e999999999", "true", "[1]", "{a = 1}", "2024-06-01", "1" * 16, "1" * 5000, "0x" + "f" * 5000,
               *(json.dumps(text, ensure_ascii=False) for text in NO_NUMBERS))  # fmt: skip
WORDS = {
    "accounts": {"name", "venue", "mode", "margin", "currency", "weights", "weights_file"},
    "positions": {
        "name",
        "account",
        "venue",
        "instrument",
        "side",
        "currency",
        "mm_basis",
        "fills",
        "linear",
        "settle",
        "expires",
    },
    "limits": {"stop_before_liquidation", "require_stop"},
}
"""The keys of each table of a portfolio that hold no number."""


def portfolio_keys() -> Iterator[tuple[str, str]]:
    """Every key of a portfolio that holds a number, and a file with a place for its value."""
    yield "BTC", "[prices]\nBTC = {}\n"
    for key in ("balances", "weights_of"):
        yield key, f'[[accounts]]\nname = "a"\nmargin = "unified"\n{key} = {{BTC = {{}}}}\n'
    yield "amount", '[[holdings]]\ncoin = "BTC"\namount = {}\n'
    for fill in ("contracts = {}, price = 1", "contracts = 1, price = {}"):
        yield fill.partition(" = {}")[0].split()[-1], f'[[positions]]\nname = "a"\nside = "long"\nfills = [{{{fill}}}]'
    for table, keys_of, opening in (
        ("accounts", set(KNOWN["accounts"]) - {"balances", "weights_of"}, '[[accounts]]\nname = "a"\n'),
        ("positions", set(KNOWN["positions"]), '[[positions]]\nname = "a"\nside = "long"\n'),
        ("limits", {option.name for option in LIMIT_KEYS}, "[limits]\n"),
    ):
        for key in keys_of - WORDS[table]:
            yield key, opening + f"{key} = {{}}\n"


@pytest.mark.parametrize(
    ("key", "text"), sorted(portfolio_keys()), ids=lambda part: part if part.isidentifier() else ""
)
def test_a_key_of_a_portfolio_refuses_what_is_no_number(key: str, text: str) -> None:
    for value in TOML_VALUES:
        with bounded(), pytest.raises(PerpcalcError) as caught:
            parse(text.replace("{}", value).encode(), "book.toml")
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


VENUE_KEYS = [(topic, key) for topic, known in KEYS.items() for key in known]
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
    if check is keys.flag:
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


WRITTEN_BY_PROGRAMS = ("1e5", "1.", "0." + "1" * 19)


@pytest.mark.parametrize(
    "cell",
    [text for text in NO_NUMBERS if text.strip() == text != "" and "," not in text and text not in WRITTEN_BY_PROGRAMS],
)
def test_a_cell_of_a_funding_file_refuses_what_is_no_number(folder: Path, cell: str) -> None:
    command = ["funding-cost", *LONG, "-m", "60000", "--interval", "8h"]
    for row, option in ((f"{cell},64000", "--history"), (f"0.01%,{cell}", "--history"), (cell, "--premium-samples")):
        head = "rate,mark" if option == "--history" else "premium"
        (folder / "past.csv").write_text(f"time,{head}\n2024-06-01T00:00:00Z,{row}\n", encoding="utf-8")
        assert refusal(*command, option, "past.csv").startswith("past.csv: line 2: ")


@pytest.mark.parametrize("row", [",64000", ""])
def test_an_empty_cell_is_no_rate(folder: Path, row: str) -> None:
    head = "rate,mark" if row else "premium"
    (folder / "past.csv").write_text(f"time,{head}\n2024-06-01T00:00:00Z,{row}\n", encoding="utf-8")
    option = "--history" if row else "--premium-samples"
    message = refusal("funding-cost", *LONG, "-m", "1", "--interval", "8h", option, "past.csv")
    assert re.fullmatch("past.csv: line 2: has no (rate|premium): correct the file", message)


@pytest.mark.parametrize(
    "time",
    [
        "",
        "nan",
        "-1",
        "1e12",
        "1" * 20,
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
    assert refusal("funding-cost", *LONG, "--history", "past.csv").startswith("past.csv: line 2: ")


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
        printed, said, status = called(
            ["portfolio", "import", "dump.json", "--into", "book.toml", "--venue", "binance"]
        )
        assert said.replace("\n", "").isprintable()
        if value == "1e-400":  # nothing, as exchanges write what there is not
            continue
        assert (status, printed, (folder / "book.toml").read_text()) == (2, "", "")
        assert f"{key} " in said


def test_the_largest_and_the_smallest_numbers_are_answered_in_full(folder: Path) -> None:
    largest, smallest = "999999999999999.999999999999999999", "0.000000000000000001"
    printed, _, status = called(
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
