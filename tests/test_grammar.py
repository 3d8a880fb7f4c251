"""How people write fills, targets, fees, names, coins, moves, files and days, and what they are told of a mistake."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from perpcalc import grammar
from perpcalc.core.position import Fill
from perpcalc.errors import PerpcalcError
from perpcalc.grammar import CoinFile, OfCoin, Take

D = Decimal


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (grammar.fill, "300@61000", Fill(D(300), D(61000))),
        (grammar.take, "300@61000", Take(D(300), None, D(61000))),
        (grammar.take, "50%@70000", Take(None, D("0.5"), D(70000))),
        (grammar.take, "100%@70000", Take(None, D(1), D(70000))),
        (grammar.fee, "Maker", "maker"),
        (grammar.fee, "taker", "taker"),
        (grammar.fee, "0.05%", D("0.0005")),
        (grammar.label, "a", "a"),
        (grammar.label, "x" * 64, "x" * 64),
        (grammar.coin, "btc", "BTC"),
        (grammar.coin, "a" * 16, "A" * 16),
        (grammar.move, "-99.99%", D("-0.9999")),
        (grammar.moves, "-10%,5%", (D("-0.1"), D("0.05"))),
        (grammar.coin_move, "eth=-20%", OfCoin("ETH", D("-0.2"))),
        (grammar.beta, "eth=1.4", OfCoin("ETH", D("1.4"))),
        (grammar.beta, "eth=-1", OfCoin("ETH", D(-1))),
        (grammar.coin_file, "eth=past.csv", CoinFile("ETH", "past.csv")),
        (grammar.coin_file, "past.csv", CoinFile(None, "past.csv")),
        (grammar.coin_file, "a/b=c", CoinFile(None, "a/b=c")),
        (grammar.coin_file, "eth=", CoinFile(None, "eth=")),
        (grammar.coin_file, "=c", CoinFile(None, "=c")),
        (grammar.coin_file, "ä=c", CoinFile(None, "ä=c")),
        (grammar.coin_file, "a" * 16 + "=c", CoinFile("A" * 16, "c")),
        (grammar.coin_file, "a" * 17 + "=c", CoinFile(None, "a" * 17 + "=c")),
        (grammar.fields, "net_pnl, roe", ("net_pnl", "roe")),
        (grammar.path, "a b", "a b"),
        (grammar.multiple, "150%", D("1.5")),
        (grammar.multiple, "1.5", D("1.5")),
        (grammar.multiple, "50bp", D("0.005")),
        (grammar.day, "2026-03-27", "2026-03-27"),
        (grammar.time, "1970-01-01T00:00:01Z", 1_000_000),
    ],
)
def test_what_is_written_is_read(read: Callable[[str], Any], text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (grammar.fill, "300", "'300' is not a fill: write CONTRACTS@PRICE, as in 300@61000"),
        (grammar.take, "50%", "'50%' is no target: write CONTRACTS@PRICE or N%@PRICE, as in 50%@70000"),
        (grammar.take, "0%@7", "'0%' is out of range: give a share above 0% and of at most 100%"),
        (grammar.take, "100.1%@7", "'100.1%' is out of range: give a share above 0% and of at most 100%"),
        (grammar.label, "", "'' is not a name: give 1 to 64 printable characters"),
        (grammar.label, "x" * 65, f"'{'x' * 37}...' is not a name: give 1 to 64 printable characters"),
        (grammar.label, "a\tb", "'a\\tb' is not a name: give 1 to 64 printable characters"),
        (grammar.coin, "", "'' is not a coin: give its letters, as in BTC"),
        (grammar.coin, "BT-C", "'BT-C' is not a coin: give its letters, as in BTC"),
        (grammar.coin, "a" * 17, f"'{'a' * 17}' is not a coin: give its letters, as in BTC"),
        (grammar.coin, "ß", "'\\xdf' is not a coin: give its letters, as in BTC"),
        (grammar.move, "-100%", "'-100%' is out of range: a price cannot fall by 100% or more"),
        (grammar.moves, "5%,-101%", "'-101%' is out of range: a price cannot fall by 100% or more"),
        (grammar.coin_move, "-20%", "'-20%' names no coin: write COIN=RATE, as in BTC=-20%"),
        (grammar.beta, "1.4", "'1.4' names no coin: write COIN=X, as in ETH=1.4"),
        (grammar.path, "", "is not the name of a file: give one"),
        (grammar.path, "a\0b", "is not the name of a file: give one"),
        (grammar.multiple, "0%", "'0%' is out of range: give a rate above 0, as in 150%"),
        (grammar.multiple, "-1", "'-1' is out of range: give a rate above 0, as in 150%"),
        (grammar.day, "20260327", "'20260327' is not a date: write YYYY-MM-DD, as in 2026-03-27"),
        (grammar.day, "2026-02-30", "'2026-02-30' is not a date: write YYYY-MM-DD, as in 2026-03-27"),
        (grammar.day, "2026-W13-5", "'2026-W13-5' is not a date: write YYYY-MM-DD, as in 2026-03-27"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(read: Callable[[str], Any], text: str, message: str) -> None:
    with pytest.raises(PerpcalcError) as caught:
        read(text)
    assert caught.value.line() == message
