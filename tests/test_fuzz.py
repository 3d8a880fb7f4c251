"""Whatever comes in, only the program's own errors come out, in one printable line, in bounded time and memory.

Options onto every command, bytes into every kind of file, lines into batch. `tests/fuzz` holds the coverage-guided search that
is run by hand; what it finds becomes a test.
"""

import json
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cases import BASES, CALLS, EXAMPLE, FILES, VENUES, WORST, refilled, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inside import Answer, bounded, in_folder

from perpcalc import decimals, grammar
from perpcalc.commands.lines import NO_KEYS
from perpcalc.commands.registry import command_named
from perpcalc.errors import PerpcalcError
from perpcalc.given import Option
from perpcalc.names import QUESTIONS
from perpcalc.portfolio import parse
from perpcalc.venues.schema import read_file

ALIKE = settings(derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
"""The same cases on every machine, in a folder that each case finds as the first one did."""

DATA = Path(__file__).parent / "data"
MORE = {
    "marks.csv": DATA / "candles/own.csv",
    "trades.csv": DATA / "trades/own.csv",
    "payments.csv": DATA / "payments/own.csv",
    "levels.json": DATA / "books/okx.json",
    "balances.json": DATA / "positions/balance-okx.json",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A directory to call from, inside one that nothing else is in: a file may be written to `../x`."""
    return tmp_path / "a/home"


def fresh(home: Path) -> Path:
    """The directory as the first case found it, with a file of each kind."""
    shutil.rmtree(home.parent, ignore_errors=True)
    home.mkdir(parents=True)
    refilled(home)
    for name, path in MORE.items():
        (home / name).write_bytes(path.read_bytes())
    return home


# Numbers and texts, good and bad

ARGUMENTS = tuple(text for text in WORST if "\0" not in text)
"""What a system lets through to a program."""

anything = st.sampled_from(ARGUMENTS)

numbers = st.one_of(
    st.sampled_from(("1", "0.5", "100", "62500", "60000", "64000", "0.01", "10000", "0.0001", "0.000000000000000001",
                     "999999999999999", "999999999999999.999999999999999999", "3", "7.25", "125", "10k")),
    st.decimals("0.000000000000000001", "999999999999999", places=18).map(decimals.plain),
    st.integers(1, 10**15 - 1).map(str),
)  # fmt: skip
signed = numbers | numbers.map(lambda text: "-" + text)
rates = st.one_of(
    st.sampled_from(("0", "0.01%", "-0.01%", "0.5%", "50%", "99%", "100%", "1000%", "1bp", "-1bp", "0.000000000000000001", "-99.9%")),
    numbers.map(lambda text: text + "%"),
    numbers.map(lambda text: f"-{text}bp"),
)  # fmt: skip
durations = st.builds(
    "{}{}".format,
    st.sampled_from(("0", "1", "8", "0.5", "30", "0.000000000000000001", "999999999999999")),
    st.sampled_from("mhdw"),
)
coins = st.sampled_from(("BTC", "ETH", "xrp"))
fills = st.builds("{}@{}".format, numbers, numbers)
fees = rates | st.sampled_from(("maker", "taker"))
dates = st.sampled_from(("2024-06-01", "2026-12-25", "0001-01-01", "9999-12-31", "2024-02-30"))
times = dates | st.sampled_from(("2024-06-01T08:00:00Z", "1717200000", "1717200000000", "2024-06-01T00:30+05:30"))
paths = st.sampled_from((*FILES, *MORE, "-", ".", "nowhere", "/dev/null", "", "\x1b[31m"))
BY_READER: Mapping[Callable[[str], Any], st.SearchStrategy[str]] = {
    decimals.positive: numbers,
    decimals.positive_amount: numbers,
    decimals.amount: signed,
    decimals.amount_from_zero: numbers | st.just("0"),
    decimals.number: signed | st.sampled_from(("2", "-1", "0")),
    decimals.leverage: numbers | st.sampled_from(("5x", "10x")),
    decimals.rate: rates,
    decimals.rate_from_zero: rates,
    decimals.charge: rates,
    decimals.charge_from_zero: rates,
    decimals.duration: durations,
    decimals.count: st.sampled_from(("1", "2", "30", "9999", "999999999999999")),
    grammar.fill: fills,
    grammar.take: fills | st.builds("{}@{}".format, rates, numbers),
    grammar.fee: fees,
    grammar.label: st.sampled_from(("core long", "binance-btc", "main", "new", "=1+1", "nowhere")),
    grammar.coin: coins,
    grammar.move: rates,
    grammar.moves: st.lists(rates, min_size=1, max_size=4).map(",".join),
    grammar.coin_move: st.builds("{}={}".format, coins, rates),
    grammar.beta: st.builds("{}={}".format, coins, signed),
    grammar.multiple: rates | numbers,
    grammar.fields: st.sampled_from(("side", "liquidation_price,side", "contracts", "nothing", "reason", "status")),
    grammar.path: paths,
    grammar.coin_file: paths | st.builds("{}={}".format, coins, paths),
    grammar.day: dates,
    grammar.time: times,
}
BY_NAME = {
    "venue": st.sampled_from(("binance", "bybit", "bybit@2021-01-01", "okx", "deribit", "kraken", "bitmex", "phemex", "kucoin", "gate", "coinex",
                              "binance@2019-01-01", "deribit@9999-12-31", "bybit@", "nowhere")),
    "instrument": st.sampled_from(("BTCUSD_PERP", "BTCUSD", "ETHUSD_PERP", "ETHUSD", "BTC-PERPETUAL", "ETH-PERPETUAL", "XBTUSD", "PI_XBTUSD", "ETH")),
    "scenario": st.sampled_from(("list", "2020-03-12", "nowhere")),
    "command": st.sampled_from((*QUESTIONS, "solve", "nothing")),
    "steps": st.sampled_from(("1", "2", "100", "10000", "10001")),
}  # fmt: skip
ALONE = ("jobs",)
"""What starts processes that read standard input itself, which a call inside this process does not have."""


def value(option: Option[Any]) -> st.SearchStrategy[str]:
    """What may stand after an option: mostly something that it takes."""
    if option.choices:
        good: st.SearchStrategy[str] = st.sampled_from(option.choices)
    else:
        good = BY_NAME.get(option.name, BY_READER.get(option.read, anything))
    return st.one_of(good, good, good, good, good, anything)


def check_call(home: Path, arguments: list[str], stdin: bytes = b"") -> Answer:
    """The answer of a call that ends as it may: an answer and 0, 1 or 2, or nothing but one line of error and 2."""
    with bounded():
        answer = in_folder(home, arguments, stdin)
    printed, said, status = answer
    assert status in (0, 1, 2), arguments
    if status == 2 and arguments[0] not in ("batch", "check"):
        assert not printed
    if status == 2 and not printed:
        assert said
    for line in said.splitlines():
        assert line.startswith("perpcalc: "), line
        assert line.isprintable()
    assert not re.search("NaN|Infinity|Traceback|Decimal|<class", printed + said)
    return answer


# Options


@st.composite
def argument_lists(draw: st.DrawFn) -> list[str]:
    """A call: a good one, with some options changed, added, repeated or left out."""
    words = draw(st.sampled_from(list(CALLS)))
    by_name = {option.name: option for option in CALLS[words].options if option.name not in ALONE}
    wanted = {name: draw(value(option)) for name, option in by_name.items() if option.argument}
    wanted |= draw(st.sampled_from(BASES.get(" ".join(words), ({},))))
    for option in draw(st.lists(st.sampled_from(list(by_name.values())), max_size=5)) if by_name else ():
        if option.name in wanted and draw(st.booleans()):
            del wanted[option.name]
        else:
            wanted[option.name] = draw(value(option))
    arguments = [part for name, text in wanted.items() if name in by_name for part in written(by_name[name], text)]
    if draw(st.integers(0, 9)) == 0:
        arguments.insert(draw(st.integers(0, len(arguments))), draw(anything))
    return [*words, *arguments]


@settings(ALIKE)
@given(argument_lists())
def test_any_options_get_an_answer_or_an_error(home: Path, arguments: list[str]) -> None:
    check_call(fresh(home), arguments)


# Bytes


def chunks(*texts: str) -> st.SearchStrategy[bytes]:
    """Files made of pieces of good ones and of what is bad in any."""
    pieces = [piece for text in texts for piece in re.split(r"(\s+|[=\[\]{},:])", text) if piece]
    quoted = [f'"{text}"' for text in WORST if text.isprintable() and '"' not in text]
    bad = [*quoted, "nan", "-inf", "1e5", "true", "[[", "]]", "\n", "."]
    groups = (pieces, pieces, bad, WORST)
    some = st.one_of(
        *(st.sampled_from(group).map(lambda text: text.encode("utf-8", "surrogatepass")) for group in groups),
        st.binary(max_size=6),
    )
    return st.lists(some, max_size=30).map(b"".join)


TOML_VALUE = re.compile(r"""(?<== )("[^"\n]{0,24}"|[\w.-]+)|(?<=\[|,|\s)"[\d.%]+"(?=,|\s*\])""")
ANY_VALUE = re.compile(r'"[^"\n]{0,40}"|[\w.+-]+')
EXTREMES = ("0", "1", "-1", "0.5", "3", "0.000000000000000001", "999999999999999", "999999999999999.999999999999999999")


@st.composite
def altered(draw: st.DrawFn, text: str, values: re.Pattern[str] = TOML_VALUE) -> bytes:
    """A good file with some of its values changed, mostly for others that may stand there, or with some bytes changed."""
    for _ in range(draw(st.integers(1, 3))):
        places = list(values.finditer(text))
        if not places:
            break
        place = draw(st.sampled_from(places))
        quoted = place[0].startswith('"')
        number = place[0][-2:-1].isdigit()
        good = [one[0] for one in places if one[0].startswith('"') == quoted and one[0][-2:-1].isdigit() == number]
        unit = (re.findall(r'(%|[mhdw])"$', place[0]) or [""])[0]
        like = st.sampled_from(EXTREMES).map(('"{}' + unit + '"' if quoted else "{}").format)
        other = st.one_of(
            st.sampled_from(WORST).map(lambda text: f'"{text}"'),
            st.sampled_from(("true", "[]", "{}", "nan", "1e9", "2024-06-01", "")),
        )
        new = draw(st.one_of(st.sampled_from(good), like, like, like, other))
        text = text[: place.start()] + new + text[place.end() :]
    raw = text.encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 7)) == 0:
        at = draw(st.integers(0, len(raw)))
        raw = raw[:at] + draw(st.binary(max_size=4)) + raw[at + draw(st.integers(0, 9)) :]
    return raw


@settings(ALIKE)
@given(altered(EXAMPLE) | chunks(EXAMPLE))
def test_any_bytes_are_a_portfolio_or_an_error(raw: bytes) -> None:
    line = ""
    with bounded(), suppress(PerpcalcError):
        try:
            parse(raw, "book.toml")
        except PerpcalcError as error:
            line = error.line()
            raise
    assert not line or line.isprintable()


OF_PORTFOLIO: Mapping[str, tuple[str, ...]] = {
    "pnl": (),
    "liq-price": ("--vol", "60%", "--horizon", "7d"),
    "funding-cost": (),
    "liq-cost": (),
    "greeks": (),
    "status": ("--total",),
    "stress": ("--moves", "-50%,20%"),
    "check": (),
    "replay": ("--marks", "marks.csv"),
}


@settings(ALIKE)
@given(
    altered(EXAMPLE),
    st.sampled_from(sorted(OF_PORTFOLIO)),
    st.sampled_from(("table", "json", "csv")),
)
def test_any_portfolio_gets_an_answer_or_an_error(home: Path, raw: bytes, command: str, format: str) -> None:
    (fresh(home) / "book.toml").write_bytes(raw)
    check_call(home, [command, "--portfolio", "book.toml", "--format", format, *OF_PORTFOLIO[command]])


PRESETS = {path.stem: path.read_text(encoding="utf-8") for path in VENUES.glob("*.toml")}


@settings(ALIKE)
@given(
    st.sampled_from(sorted(PRESETS)).flatmap(lambda name: altered(PRESETS[name])),
    st.sampled_from(("pnl", "liq-price", "funding-cost", "size", "hedge")),
)
def test_any_venue_file_gets_an_answer_or_an_error(home: Path, raw: bytes, command: str) -> None:
    own = fresh(home) / "perpcalc/venues/own.toml"
    own.parent.mkdir(parents=True)
    own.write_bytes(raw)
    line = ""
    with bounded(), suppress(PerpcalcError):
        try:
            read_file(own)
        except PerpcalcError as error:
            line = error.line()
            raise
    assert not line or line.isprintable()
    by_name = {option.name: option for option in CALLS[command,].options}
    options = {**BASES[command][0], "venue": "own"}
    asked = [written(by_name[name], text) for name, text in options.items() if name in by_name]
    check_call(home, [command, "--explain", *(part for pair in asked for part in pair)])


HELD = ("--side", "long", "--venue", "bybit", "-n", "10000", "--entry", "62500", "--leverage", "5")
READ_BY: Mapping[str, tuple[str, ...]] = {
    "funding": ("funding-cost", *HELD, "--mark", "64000", "--history", "file"),
    "premiums": ("funding-cost", *HELD, "--mark", "64000", "--premium-samples", "file"),
    "candles": ("replay", *HELD, "--marks", "file"),
    "trades": ("fills", "file", "--contract-size", "100", "--mark", "64000"),
    "payments": ("fills", "trades.csv", "--venue", "bybit", "--funding", "file"),
    "books": ("liq-cost", *HELD, "--book", "file"),
    "positions": ("portfolio", "import", "file", "--into", "book.toml", "--isolated", "--balances", "--update"),
}
"""By the kind of a file a call that reads it; files of balances are among those of positions."""


def samples(kind: str) -> list[str]:
    """Good files of a kind."""
    if kind == "premiums":
        return [FILES["samples.csv"]]
    return [path.read_text(encoding="utf-8") for path in sorted((DATA / kind).iterdir())]


SAMPLES = {kind: samples(kind) for kind in READ_BY}


@pytest.mark.parametrize("kind", READ_BY)
@settings(ALIKE, max_examples=max(20, settings().max_examples // 5))
@given(data=st.data())
def test_any_file_of_an_exchange_gets_an_answer_or_an_error(home: Path, kind: str, data: st.DataObject) -> None:
    good = data.draw(st.sampled_from(SAMPLES[kind]))
    raw = data.draw(altered(good, ANY_VALUE) | altered(good, ANY_VALUE) | chunks(good))
    (fresh(home) / "file").write_bytes(raw)
    check_call(home, [*READ_BY[kind]])


# Lines of batch

texts = st.sampled_from(WORST).map(lambda text: text.encode("utf-8", "replace").decode())
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts, numbers, rates, durations),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(("side", "entry", "id", "")), inner, max_size=2)
    ),
    max_leaves=4,
)


def as_json(option: Option[Any], text: str) -> bool | str | list[str]:
    """What is given of an option as a line has it."""
    return True if option.flag else [text] if option.many else text


@st.composite
def questions(draw: st.DrawFn) -> bytes:
    """A line: a good question with some keys changed."""
    name = draw(st.sampled_from(QUESTIONS))
    by_name = {option.name: option for option in command_named(name).options}
    base = draw(st.sampled_from(BASES.get(name, ({},))))
    line: dict[str, Any] = {"command": name}
    line |= {key: as_json(by_name[key], text) for key, text in base.items() if key in by_name and key not in NO_KEYS}
    for option in draw(st.lists(st.sampled_from(list(by_name.values())), max_size=4)):
        good = value(option).map(lambda text, option=option: as_json(option, text))  # type: ignore[misc]
        line[option.name] = draw(st.one_of(good, good, good, json_values))
    if draw(st.booleans()):
        line["id"] = draw(json_values)
    return json.dumps(line, ensure_ascii=draw(st.booleans())).encode("utf-8", "replace")


@settings(ALIKE)
@given(
    st.lists(
        questions() | st.binary(max_size=20) | json_values.map(lambda value: json.dumps(value).encode()),
        min_size=1,
        max_size=4,
    )
)
def test_any_line_gets_one_line(home: Path, lines: list[bytes]) -> None:
    lines = [line.replace(b"\n", b" ") for line in lines]
    printed, said, status = check_call(fresh(home), ["batch"], b"\n".join(lines) + b"\n")
    answers = printed.split("\n")
    assert len(answers) == len(lines) + 1
    bad = 0
    for number, line in enumerate(answers[:-1], 1):
        answer = json.loads(line)
        if isinstance(answer, dict) and "error" in answer:
            bad += 1
            assert answer.keys() - {"id"} == {"line", "error"}
            assert answer["line"] == number
            assert answer["error"].isprintable()
        assert line.isascii()
    assert status == (2 if bad else 0), said
