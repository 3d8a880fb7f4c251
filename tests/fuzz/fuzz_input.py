"""A coverage-guided search for input that breaks a reader; run by hand, for as long as there is time.

    pip install atheris && python tests/fuzz/fuzz_input.py TARGET [-max_total_time=600] [CORPUS]

TARGET is numbers, portfolio, venue, batch, questions, funding, bars, trades, book or positions. Only PerpcalcError may come out; a crash is written to a file that
`python tests/fuzz/fuzz_input.py TARGET FILE` repeats.
"""

import decimal
import json
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["perpcalc", "tomllib", "json"]):
    import perpcalc.portfolio.reading
    from perpcalc import decimals
    from perpcalc.cli.answering import block_of
    from perpcalc.commands.lines import NO_KEYS
    from perpcalc.commands.registry import command_named
    from perpcalc.core.past_funding import average_premium
    from perpcalc.errors import PerpcalcError
    from perpcalc.files import Source
    from perpcalc.importing.placing import Choices
    from perpcalc.importing.plan import plan
    from perpcalc.names import QUESTIONS
    from perpcalc.portfolio import Portfolio
    from perpcalc.readers.books import read_book
    from perpcalc.readers.candles import candles
    from perpcalc.readers.funding import read_history, read_samples
    from perpcalc.readers.positions import read_positions
    from perpcalc.readers.trades import read_trades
    from perpcalc.venues import schema

WORDS = [
    "long",
    "short",
    "bybit",
    "binance@2020-01-01",
    "deribit",
    "kraken",
    "bitmex",
    "ETHUSD",
    "mark",
    "entry",
    "taker",
    "maker",
    "BTC",
]
SCRATCH = Path(tempfile.mkdtemp())
READERS = (
    decimals.number,
    decimals.positive,
    decimals.amount,
    decimals.positive_amount,
    decimals.amount_from_zero,
    decimals.rate,
    decimals.rate_from_zero,
    decimals.charge,
    decimals.charge_from_zero,
    decimals.leverage,
    decimals.duration,
    decimals.count,
)


def numbers(data: bytes) -> None:
    """Every reader of a number: what it returns is finite and printed without an exponent."""
    decimal.setcontext(decimals.CONTEXT)
    text = data.decode("utf-8", "surrogateescape")
    for reader in READERS:
        with suppress(PerpcalcError):
            value = reader(text)
            assert value.is_finite()
            assert set(decimals.plain(value)) <= set("-.0123456789")


def portfolio(data: bytes) -> None:
    """The bytes of a portfolio."""
    perpcalc.portfolio.reading.parse(data, "file")


def venue(data: bytes) -> None:
    """The bytes of a venue file."""
    path = SCRATCH / "own.toml"
    path.write_bytes(data)
    schema.read_file(path)


def batch_line(data: bytes) -> None:
    """A line of batch, and the line that answers it."""
    decimal.setcontext(decimals.CONTEXT)
    json.loads(block_of([data.replace(b"\n", b" ")], 1).text)


def question(data: bytes) -> None:
    """A line of batch made of keys that its command knows."""
    pick = atheris.FuzzedDataProvider(data)
    name = pick.PickValueInList(list(QUESTIONS))
    options = {option.name: option for option in command_named(name).options if option.name not in NO_KEYS}
    line = {"side": "long", "contracts": "1000", "entry": "62500", "leverage": "5", "mmr": "1%", "liquidation": "50000"}
    line = {"command": name, **{key: value for key, value in line.items() if key in options}}
    for _ in range(pick.ConsumeIntInRange(1, 8)):
        key = pick.PickValueInList(list(options))
        digits = f"{pick.ConsumeIntInRange(0, 10**15 - 1)}.{pick.ConsumeIntInRange(0, 10**18 - 1):018}"
        short = str(pick.ConsumeIntInRange(0, 1000))
        tiny = f"0.{pick.ConsumeIntInRange(1, 999):018}"
        text = pick.PickValueInList([digits, short, tiny, pick.PickValueInList(WORDS), pick.ConsumeUnicode(6)])
        line[key] = text + pick.PickValueInList(["", "", "%", "bp", "h", "d"])
        if options[key].many:
            line[key] = [f"{short}@{digits}", f"{tiny}@{text}"] if pick.ConsumeBool() else [f"BTC={text}", text]
        elif options[key].flag:
            line[key] = True
    batch_line(json.dumps(line).encode())


def funding(data: bytes) -> None:
    """The files of funding-cost, by their first byte."""
    path = as_file(data[1:])
    if data[:1] < b"a":
        read_history(path)
    else:
        average_premium(read_samples(path).samples, None, None)


def bars(data: bytes) -> None:
    """Candles, read to their end."""
    with candles(as_file(data)) as found:
        for _ in found.bars:
            pass


def trades(data: bytes) -> None:
    """One's own trades."""
    read_trades(as_file(data))


def book(data: bytes) -> None:
    """A snapshot of an order book."""
    read_book(as_file(data))


def as_file(data: bytes) -> str:
    """The name of a file with these bytes."""
    path = SCRATCH / "file"
    path.write_bytes(data)
    return str(path)


def positions(data: bytes) -> None:
    """Positions as ccxt and venues write them, imported into an empty portfolio."""
    plan(read_positions(Source(data, "file")), Portfolio("book.toml"), Choices(isolated=True, fallback="binance"))


TARGETS = {
    "numbers": numbers,
    "portfolio": portfolio,
    "venue": venue,
    "batch": batch_line,
    "questions": question,
    "funding": funding,
    "bars": bars,
    "trades": trades,
    "book": book,
    "positions": positions,
}


def only_our_errors(target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The target with the program's own errors taken for an answer."""

    def inner(data: bytes) -> None:
        with suppress(PerpcalcError):
            target(data)

    return inner


if __name__ == "__main__":
    for name in ("PERPCALC_VENUE", "PERPCALC_PORTFOLIO", "PERPCALC_FORMAT"):
        os.environ.pop(name, None)
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, only_our_errors(TARGETS[name]))
    atheris.Fuzz()
