"""Whatever a file holds, a reader hands back records or one clear line; and files come by name, by pipe or from standard input."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perpcalc.core.replay import Bar
from perpcalc.errors import PerpcalcError
from perpcalc.readers.books import SHAPES as BOOKS
from perpcalc.readers.books import read_book
from perpcalc.readers.candles import candles
from perpcalc.readers.funding import SHAPES as HISTORIES
from perpcalc.readers.funding import read_history, read_samples
from perpcalc.readers.trade_forms import PAYMENTS
from perpcalc.readers.trade_forms import SHAPES as TRADES
from perpcalc.readers.trades import read_charges, read_trades

from .files import sample


def read_bars(path: str) -> list[Bar]:
    with candles(path) as found:
        return list(found.bars)


READERS: dict[str, Callable[..., Any]] = {
    "book": read_book,
    "candles": read_bars,
    "charges": read_charges,
    "history": read_history,
    "samples": read_samples,
    "trades": read_trades,
}
NAMES = sorted(
    {name for shapes in (BOOKS, HISTORIES, TRADES, PAYMENTS) for shape in shapes.values() for name in shape.needs}
    | {"open", "high", "low", "close", "time", "timestamp", "symbol", "info", "fee", "fees", "premium", "ticks"}
    | {"result", "data", "list", "code", "retCode", "error", "mark", "volume", "count", "cost", "currency"}
)
WORDS = (
    "buy",
    "Sell",
    "Trade",
    "Funding",
    "BTCUSD",
    "BTC/USDT:USDT",
    "1717200000000",
    "2024-06-01",
    "",
    "-1",
    "1e-05",
    "0",
    "NaN",
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.sampled_from(WORDS),
    st.text(max_size=8),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6), st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), inner, max_size=8)
    ),
    max_leaves=30,
)
rows = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, leaves)), min_size=1, max_size=4)
cells = st.lists(
    st.lists(st.sampled_from((*WORDS, *NAMES)) | st.text(max_size=6), min_size=1, max_size=6).map(",".join), max_size=6
)
files = st.one_of(
    values.map(json.dumps),
    rows.map(json.dumps),
    rows.map(lambda some: "\n".join(map(json.dumps, some))),
    cells.map("\n".join),
    st.text(max_size=60),
).map(lambda text: text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=files | st.binary(max_size=60))
def test_any_file_gives_records_or_one_clear_line(kind: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    caught = None
    try:
        READERS[kind](str(path))
    except PerpcalcError as error:
        caught = error
    if caught is not None:
        line = caught.line(flags=True)
        assert line.startswith(f"{path}: ")
        assert line.isprintable()
        assert caught.remedy


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("book", "books/okx.json"),
        ("candles", "candles/own.csv"),
        ("candles", "candles/bybit-kline.json"),
        ("charges", "payments/own.csv"),
        ("history", "funding/tardis.csv"),
        ("history", "funding/bybit.json"),
        ("trades", "trades/bitmex.csv"),
    ],
)
def test_standard_input_is_read_and_left_open(kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sample(*name.split("/"))
    stdin = io.TextIOWrapper(io.BytesIO(Path(path).read_bytes()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert repr(READERS[kind]("-")).replace("standard input", path) == repr(READERS[kind](path))
    assert not stdin.closed


def test_a_pipe_with_the_newest_candle_first_cannot_be_turned_round(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    content = Path(sample("candles", "cryptodatadownload.csv")).read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Pipe(content)))
    with pytest.raises(
        PerpcalcError, match="begins with the newest row and cannot be read from its end: give it as a file"
    ):
        read_bars("-")
