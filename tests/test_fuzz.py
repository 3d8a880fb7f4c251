"""Whatever comes in, only the program's own errors come out, in bounded time and memory.

Bytes into the portfolio, venue and funding files, options onto every command, lines into batch. `tests/fuzz` holds the
coverage-guided search that is run by hand; what it finds becomes a test.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cases import BASES, CALLS, EXAMPLE, FILES, VENUES, WORST, arguments_of, folder, refilled, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inside import bounded, called

from perpcalc import decimals, grammar
from perpcalc.commands import market
from perpcalc.errors import PerpcalcError
from perpcalc.given import Option
from perpcalc.names import QUESTIONS
from perpcalc.portfolio.reading import parse
from perpcalc.venues.schema import read_file

__all__ = ["folder"]

# Numbers and texts, good and bad

ARGUMENTS = tuple(text for text in WORST if "\0" not in text)
"""What a system lets through to a program."""

numbers = st.one_of(
    st.sampled_from(("1", "0.5", "100", "62500", "60000", "64000", "0.01", "10000", "0.0001", "0.000000000000000001",
                     "999999999999999", "999999999999999.999999999999999999", "3", "7.25", "125")),
    st.decimals("0.000000000000000001", "999999999999999", places=18).map(decimals.plain),
    st.integers(1, 10**15 - 1).map(str),
)  # fmt: skip
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
BY_READER: dict[Callable[[str], Any], st.SearchStrategy[str]] = {
    decimals.positive: numbers,
    decimals.positive_amount: numbers,
    decimals.amount: numbers | numbers.map(lambda text: "-" + text),
    decimals.amount_from_zero: numbers | st.just("0"),
    decimals.number: numbers | numbers.map(lambda text: "-" + text) | st.sampled_from(("2", "-1", "0")),
    decimals.rate: rates,
    decimals.rate_from_zero: rates,
    decimals.charge: rates,
    decimals.charge_from_zero: rates,
    decimals.leverage: st.sampled_from(("1", "5", "10x", "125", "0.5", "1000")) | numbers,
    grammar.multiple: st.sampled_from(("1.5", "150%", "2", "0.5")) | numbers,
    grammar.fee: rates | st.sampled_from(("maker", "taker")),
    grammar.fill: st.builds("{}@{}".format, numbers, numbers),
    grammar.take: st.builds("{}@{}".format, numbers | rates, numbers),
    grammar.move: rates,
    grammar.moves: st.lists(rates, min_size=1, max_size=4).map(",".join),
    grammar.coin_move: st.builds("{}={}".format, st.sampled_from(("BTC", "eth", "SOL", "*")), rates),
    grammar.beta: st.builds(
        "{}={}".format, st.sampled_from(("BTC", "eth", "SOL")), st.sampled_from(("1", "1.4", "-1", "0", "9999"))
    ),
    grammar.time: st.sampled_from(("2024-06-01", "2024-06-01T00:30:00Z", "1717200000000", "2030-01-01", "0")),
    grammar.day: st.sampled_from(("2024-06-01", "9999-12-31", "2024-02-30")),
    decimals.duration: durations,
    decimals.count: st.sampled_from(("1", "2", "30", "9999", "999999999999999")),
}
BY_NAME = {
    "venue": st.sampled_from(("binance", "bybit", "bybit@2021-01-01", "okx", "deribit", "kraken", "bitmex", "phemex", "kucoin", "gate", "coinex",
                              "binance@2019-01-01", "deribit@9999-12-31", "bybit@", "nowhere")),
    "instrument": st.sampled_from(("BTCUSD_PERP", "BTCUSD", "ETHUSD_PERP", "ETHUSD", "BTC-PERPETUAL", "ETH-PERPETUAL", "XBTUSD", "PI_XBTUSD")),
    "currency": st.sampled_from(("BTC", "ETH", "xrp")),
    "account": st.sampled_from(("binance-btc", "main", "nowhere")),
    "name": st.sampled_from(("core long", "binance", "new", "=1+1")),
    "field": st.sampled_from(("side", "liquidation_price", "contracts", "nothing", "reason", "status")),
    "position": st.sampled_from(("core long", "binance", "nowhere")),
    "scenario": st.sampled_from(("2020-03-12", "2020", "2022-11-08", "ftx")),
    "marks": st.sampled_from(("marks.csv", "BTC=marks.csv", "ETH=marks.csv", "history.csv", "nowhere")),
    "steps": st.sampled_from(("1", "2", "100", "10000", "10001")),
}  # fmt: skip
paths = st.sampled_from((*FILES, "-", ".", "nowhere", "/dev/null", "", "\x1b[31m"))


def value(option: Option[object]) -> st.SearchStrategy[str]:
    """What may stand after an option: mostly something that it takes."""
    if option.choices:
        good: st.SearchStrategy[str] = st.sampled_from(option.choices)
    elif option.complete == "file":
        good = paths
    else:
        known = st.just("") if option.flag else BY_READER.get(option.read, st.sampled_from(WORST))
        good = BY_NAME.get(option.name, known)
    return st.one_of(good, good, good, good, good, st.sampled_from(ARGUMENTS))


@st.composite
def argument_lists(draw: st.DrawFn) -> list[str]:
    """A call: a good one, with some options changed, added, repeated or left out."""
    words = draw(st.sampled_from(list(CALLS)))
    by_name = {option.name: option for option in CALLS[words].options}
    wanted = dict(draw(st.sampled_from(BASES.get(" ".join(words), ({},)))))
    wanted |= {name: draw(value(option)) for name, option in by_name.items() if option.argument}
    for option in draw(st.lists(st.sampled_from(list(by_name.values())), max_size=5)) if by_name else ():
        if option.name in wanted and draw(st.booleans()):
            del wanted[option.name]
        else:
            wanted[option.name] = draw(value(option))
    arguments = [part for name, text in wanted.items() if name in by_name for part in written(by_name[name], text)]
    if draw(st.integers(0, 9)) == 0:
        arguments.insert(draw(st.integers(0, len(arguments))), draw(st.sampled_from(ARGUMENTS)))
    return [*words, *arguments]


def check_call(arguments: list[str], stdin: bytes = b"") -> None:
    """That a call ends as it may: with an answer and 0, 1 or 2, or with nothing but one line of error and 2."""
    with bounded():
        printed, said, status = called(arguments, stdin)
    assert status in (0, 1, 2, 130), arguments
    if status == 2 and arguments[:1] not in (["batch"], ["check"]):
        assert not printed
    for line in said.splitlines():
        assert line.startswith("perpcalc: "), line
        assert line.isprintable()
    assert not re.search("NaN|Infinity|Traceback|Decimal|<class", printed + said)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(argument_lists())
def test_any_options_get_an_answer_or_an_error(folder: Path, arguments: list[str]) -> None:
    refilled(folder)
    check_call(arguments)


# Bytes


def chunks(*texts: str) -> st.SearchStrategy[bytes]:
    """Files made of pieces of good ones and of what is bad in any."""
    pieces = [piece for text in texts for piece in re.split(r"(\s+|[=\[\]{},])", text) if piece]
    worst = [f'"{text}"' for text in WORST if text.isprintable() and '"' not in text] + [
        "nan",
        "-inf",
        "1e5",
        "true",
        "[[",
        "]]",
        "\n",
        ".",
    ]
    raw = st.binary(max_size=6)
    some = st.one_of(
        *(
            st.sampled_from(group).map(lambda text: text.encode("utf-8", "surrogatepass"))
            for group in (pieces, worst, WORST)
        ),
        raw,
    )
    return st.lists(some, max_size=30).map(b"".join)


VALUE = re.compile(r"""(?<== )("[^"\n]{0,24}"|[\w.-]+)|(?<=\[|,|\s)"[\d.%]+"(?=,|\s*\])""")


@st.composite
def altered(draw: st.DrawFn, text: str) -> bytes:
    """A good file with some of its values changed, mostly for others that may stand there, or with some bytes changed."""
    for _ in range(draw(st.integers(1, 3))):
        places = [match for match in VALUE.finditer(text) if match[0]]
        place = draw(st.sampled_from(places))
        quoted = place[0].startswith('"')
        good = [
            match[0]
            for match in places
            if match[0].startswith('"') == quoted and match[0][-2:-1].isdigit() == place[0][-2:-1].isdigit()
        ]
        extreme = st.sampled_from(
            (
                "0",
                "1",
                "-1",
                "0.5",
                "3",
                "0.000000000000000001",
                "999999999999999",
                "999999999999999.999999999999999999",
            )
        )
        unit = (re.findall(r'(%|[mhdw])"$', place[0]) or [""])[0]
        like = extreme.map(('"{}' + unit + '"').format)
        other = st.one_of(
            st.sampled_from(WORST).map(lambda text: f'"{text}"'),
            st.sampled_from(("true", "[]", "{}", "nan", "1e9", "2024-06-01", "")),
        )
        new = draw(st.one_of(st.sampled_from(good), like, like, like, other))
        text = text[: place.start()] + new + text[place.end() :]
    raw = text.encode("utf-8", "surrogateescape")
    if draw(st.integers(0, 7)) == 0:
        at = draw(st.integers(0, len(raw)))
        raw = raw[:at] + draw(st.binary(max_size=4)) + raw[at + draw(st.integers(0, 9)) :]
    return raw


@given(altered(EXAMPLE) | chunks(EXAMPLE))
def test_any_bytes_are_a_portfolio_or_an_error(raw: bytes) -> None:
    with bounded():
        try:
            parse(raw, "book.toml")
        except PerpcalcError as error:
            assert "\n" not in str(error)  # noqa: PT017  both outcomes are right, a crash is not


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    altered(EXAMPLE),
    st.sampled_from(("pnl", "liq-price", "funding-cost", "liq-cost", "greeks", "status", "stress", "check")),
    st.sampled_from(("table", "json", "csv")),
)
def test_any_portfolio_gets_an_answer_or_an_error(folder: Path, raw: bytes, command: str, format: str) -> None:
    refilled(folder)
    (folder / "book.toml").write_bytes(raw)
    check_call([command, "--portfolio", "book.toml", "--format", format])


PRESETS = {path.stem: path.read_text(encoding="utf-8") for path in VENUES.glob("*.toml")}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(PRESETS)).flatmap(lambda name: altered(PRESETS[name])),
    st.sampled_from(("pnl", "liq-price", "funding-cost", "size", "hedge")),
)
def test_any_venue_file_gets_an_answer_or_an_error(folder: Path, raw: bytes, command: str) -> None:
    refilled(folder)
    own = folder / "config/perpcalc/venues"
    own.mkdir(parents=True, exist_ok=True)
    (own / "own.toml").write_bytes(raw)
    market._found.cache_clear()
    with bounded():
        try:
            read_file(own / "own.toml")
        except PerpcalcError as error:
            assert "\n" not in str(error)  # noqa: PT017
    options = {**BASES[command][0], "venue": "own"}
    known = {name: text for name, text in options.items() if name not in ("mmr", "interval")}
    check_call([*arguments_of((command,), known), "--explain"])


# Lines of batch

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(WORST).map(lambda text: text.encode("utf-8", "replace").decode()),
              numbers, rates, durations),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(("side", "entry", "")), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@st.composite
def questions(draw: st.DrawFn) -> bytes:
    """A line: a good question with some keys changed, or what is none."""
    name = draw(st.sampled_from(QUESTIONS))
    by_name = {option.name: option for option in CALLS[tuple(name.split())].options}
    named = {"id": draw(numbers | st.sampled_from(WORST[:-4]) | st.integers())} if draw(st.booleans()) else {}
    line: dict[Any, Any] = {**named, "command": name, **draw(st.sampled_from(BASES[name]))}
    for option in draw(st.lists(st.sampled_from(list(by_name.values())), max_size=4)):
        line[option.name] = draw(st.one_of(value(option), value(option), value(option), json_values))
    return json.dumps(line, ensure_ascii=draw(st.booleans())).encode("utf-8", "replace")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        questions() | st.binary(max_size=20) | json_values.map(lambda value: json.dumps(value).encode()),
        min_size=1,
        max_size=4,
    )
)
def test_any_line_gets_one_line(folder: Path, lines: list[bytes]) -> None:
    refilled(folder)
    lines = [line.replace(b"\n", b" ") for line in lines]
    printed, said, status = called(["batch"], b"\n".join(lines) + b"\n")
    answers = printed.split("\n")
    assert len(answers) == len(lines) + 1
    bad = 0
    for number, line in enumerate(answers[:-1], 1):
        answer = json.loads(line)
        if isinstance(answer, dict) and "error" in answer:
            bad += 1
            assert answer.keys() - {"id"} == {"line", "error"}
            assert answer["line"] == number
        assert line.isascii()
    assert status == (2 if bad else 0), said
