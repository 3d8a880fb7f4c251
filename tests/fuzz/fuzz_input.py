"""A coverage-guided search for input that breaks a reader; run by hand, for as long as there is time.

    pip install atheris && python tests/fuzz/fuzz_input.py TARGET [-max_total_time=600] [CORPUS]

TARGET is numbers, portfolio, venue, batch, questions, funding, candles, trades, books or positions (balances are among those).
Only PerpcalcError may come out; a crash is written to a file that `python tests/fuzz/fuzz_input.py TARGET FILE` repeats.
"""

import decimal
import json
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["perpcalc", "tomllib", "json"]):
    import perpcalc.portfolio
    from perpcalc import decimals
    from perpcalc.cli.answering import block_of
    from perpcalc.commands.lines import NO_KEYS
    from perpcalc.commands.registry import command_named
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
    from perpcalc.readers.trades import read_charges, read_trades
    from perpcalc.venues import schema

    for asked in QUESTIONS:
        command_named(asked)

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
    text = data.decode("utf-8", "surrogateescape")
    for reader in READERS:
        with suppress(PerpcalcError):
            value = reader(text)
            assert value.is_finite()
            assert set(decimals.plain(value)) <= set("-.0123456789")


def portfolio(data: bytes) -> None:
    """The bytes of a portfolio."""
    perpcalc.portfolio.parse(data, "file")


def venue(data: bytes) -> None:
    """The bytes of a venue file."""
    path = SCRATCH / "own.toml"
    path.write_bytes(data)
    schema.read_file(path)


def batch_line(data: bytes) -> None:
    """A line of batch, and the line that answers it."""
    decimal.setcontext(decimals.CONTEXT)
    text = block_of([data.replace(b"\n", b" ")], 1).text
    assert text.endswith("\n")
    assert text.isascii()
    json.loads(text)


def question(data: bytes) -> None:
    """A line of batch made of keys that its command knows."""
    pick = atheris.FuzzedDataProvider(data)
    name = pick.PickValueInList(list(QUESTIONS))
    options = {option.name: option for option in command_named(name).options if option.name not in NO_KEYS}
    line: dict[str, Any] = {"side": "long", "contracts": "1000", "entry": "62500", "leverage": "5", "mmr": "1%"}
    line = {"command": name, **{key: text for key, text in line.items() if key in options}}
    for _ in range(pick.ConsumeIntInRange(1, 8)):
        key = pick.PickValueInList(list(options))
        digits = f"{pick.ConsumeIntInRange(0, 10**15 - 1)}.{pick.ConsumeIntInRange(0, 10**18 - 1):018}"
        short = str(pick.ConsumeIntInRange(0, 1000))
        tiny = f"0.{pick.ConsumeIntInRange(1, 999):018}"
        text = pick.PickValueInList([digits, short, tiny, pick.PickValueInList(WORDS), pick.ConsumeUnicode(6)])
        line[key] = text + pick.PickValueInList(["", "", "%", "bp", "h", "d"])
        if options[key].many:
            line[key] = [f"{short}@{digits}", f"{tiny}@{text}"]
        elif options[key].flag:
            line[key] = True
    batch_line(json.dumps(line).encode())


def file_of(data: bytes) -> str:
    """The path of a file of these bytes."""
    path = SCRATCH / "file"
    path.write_bytes(data)
    return str(path)


def funding(data: bytes) -> None:
    """A history of funding or premium samples, by the first byte."""
    reader = read_history if data[:1] < b"a" else read_samples
    reader(file_of(data[1:]))


def bars(data: bytes) -> None:
    """Candles, every one of them."""
    with candles(file_of(data)) as found:
        for _ in found.bars:
            pass


def trades(data: bytes) -> None:
    """Trades or funding payments, by the first byte."""
    reader = read_trades if data[:1] < b"a" else read_charges
    reader(file_of(data[1:]))


def book(data: bytes) -> None:
    """An order book."""
    read_book(file_of(data))


def positions(data: bytes) -> None:
    """Positions and balances as ccxt and venues write them, imported into an empty portfolio."""
    choices = Choices(isolated=True, balances=True, fallback="binance")
    plan(read_positions(Source(data, "file")), Portfolio("book.toml"), choices)


TARGETS = {
    "numbers": numbers,
    "portfolio": portfolio,
    "venue": venue,
    "batch": batch_line,
    "questions": question,
    "funding": funding,
    "candles": bars,
    "trades": trades,
    "books": book,
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
