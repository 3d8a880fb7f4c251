"""The mistakes that people make first, and what each is told: one line that says what to write."""

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]
LIQ = "liq-price --side long -n 1k --entry 62500"
MISTAKES = [
    ("pln", "'pln': no such command: give plan or pnl"),
    ("liquidation", "'liquidation': no such command: give liq-price"),
    ("liq", "'liq': no such command: give liq-price or liq-cost"),
    ("PNL", "'PNL': no such command: give pnl"),
    ("positions", "'positions': no such command: give portfolio show"),
    ("risk", "'risk': no such command: give size"),
    ("crash", "'crash': no such command: give stress"),
    ("backtest", "'backtest': no such command: give replay"),
    ("trades", "'trades': no such command: give fills"),
    ("exchanges", "'exchanges': no such command: give venues list"),
    ("solve --json margin", "solve: No such option: --json: see perpcalc solve --help; options stand behind the command, as in perpcalc solve margin --json"),
    ("solve price --liquidation 60000", "solve price: No such option: --liquidation: solve margin, solve leverage, solve contracts, solve add, solve close and solve entry have it"),
    ("solve margin --exit 64000", "solve margin: No such option: --exit: solve entry has it"),
    ("fills --file trades.csv", "fills: No such option: --file: see perpcalc fills --help"),
    ("solve margn", "solve 'margn': no such command: give margin"),
    ("--json pnl", "usage: No such option: --json: see perpcalc --help; options stand behind the command, as in perpcalc pnl --json"),
    ("pnl --csv", "pnl: No such option: --csv: give --format csv"),
    ("pnl --output csv", "pnl: No such option: --output: give --format"),
    ("pnl --stop 60000", "pnl: No such option: --stop: size, plan, liq-cost, check and replay have it"),
    ("pnl --size 10k", "pnl: No such option: --size: give --contracts, --usd or --coin"),
    ("pnl --price 62500", "pnl: No such option: --price: give --entry, --exit or --mark"),
    ("pnl --symbol BTCUSD", "pnl: No such option: --symbol: give --instrument"),
    ("pnl --exchange bybit", "pnl: No such option: --exchange: give --venue"),
    ("funding-cost --inde 62500", "funding-cost: No such option: --inde: give --index or --wide"),
    ("solve margin --at 5", "solve margin: No such option: --at: solve add has it"),
    ("solve leverage --average 5", "solve leverage: No such option: --average: solve add has it"),
    ("pnl --at 5", "pnl: No such option: --at: solve has it"),
    ("pnl --lverage 5", "pnl: No such option: --lverage: give --leverage"),
    ("pnl --long", "pnl: No such option: --long: give --side long"),
    ("pnl --nothing", "pnl: No such option: --nothing: see perpcalc pnl --help"),
    ("pnl long 10k", "pnl: unexpected extra arguments 'long' '10k': give --side long"),
    ("pnl --side buy", "--side: 'buy' is not known: give long"),
    ("pnl --side up", "--side: 'up' is not known: give long or short"),
    ("pnl \u2014side long", "pnl: unexpected extra arguments '\\u2014side' 'long': an option begins with two hyphens, as in --side"),
    ("pnl 10k 62500", "pnl: unexpected extra arguments '10k' '62500': each value stands behind its option, as in --entry 62500"),
    ("pnl help", "pnl: unexpected extra argument 'help': give --help"),
    ("-V", "usage: No such option: -V: give --version"),
    ("venues bybit", "venues 'bybit': no such command: give show bybit"),
    ("status book.toml", "status: unexpected extra argument 'book.toml': give --portfolio book.toml"),
    ("pnl --venue coinbase --side long -n 1 -e 5 -x 6", "--venue: 'coinbase' is not a known venue: give one of bigone, binance, bingx, bitget, bitmex, bybit, coinex, delta, deribit, gate, htx, kraken, kucoin, mexc, okx, phemex, or describe the contract by --contract-size, --currency and --mmr, or write its rules into a file of your own"),
    ("pnl --venue Binance-CoinM --side long -n 1 -e 5 -x 6", "--venue: 'Binance-CoinM' is not a known venue: give binance"),
    ("pnl --side long", "--contracts, --entry and --exit are missing: --contracts: give the size as --contracts, --usd, --coin or --fill; --entry: give the entry price, or fills; --exit: give --exit or --mark, or a target"),
    (f"{LIQ} --leverage 10", "--mmr: no maintenance rate is known: give one as --mmr, or a --venue"),
    (f"{LIQ} --leverage 10 --venue bybit -i BTCUSDT", "--instrument: bybit: 'BTCUSDT' is a linear contract, perpcalc is for inverse ones: give one of BTCUSD, ETHUSD, XRPUSD, EOSUSD, ..."),
    ("liq-price --side long -n 1k --entry 62,500", "--entry: '62,500' is not a plain decimal number: use a point for decimals and no thousands separators"),
    ("funding-cost --side long -n 1k --entry 62500 --rate 0.01", "--rate: '0.01' is not clear as a rate: write 1% or 0.01%"),
    ("size --entry 62500 --stop 60000 --balance 1 --risk 1", "--risk: '1' is not clear as a rate: write 1% or 100%"),
    ("status", "--portfolio: is missing: name the file of positions; perpcalc portfolio init FILE writes an example"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "told"), MISTAKES)
def test_a_first_mistake_is_told_what_to_write(run: Run, arguments: str, told: str) -> None:
    answer = run(*arguments.split())
    assert (answer.status, answer.stdout) == (2, "")
    assert answer.stderr == f"perpcalc: {told}\n"


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("--side LONG --venue Bybit --instrument btcusd", "--side long --venue bybit --instrument BTCUSD"),
        ("--side long --venue bybit --instrument BTC/USD:BTC", "--side long --venue bybit"),
        ("--side long --venue bybit --instrument BTC", "--side long --venue bybit"),
    ],
)
def test_what_is_meant_is_understood(run: Run, written: str, plain: str) -> None:
    rest = "-n 1k --entry 62500 --json --leverage"
    meant, exact = (
        run("liq-price", *f"{one} {rest}".split(), times) for one, times in ((written, "10x"), (plain, "10"))
    )
    assert (meant.stdout, meant.status) == (exact.stdout, 0)


def test_the_keys_of_files_and_lines_have_the_words_of_others_too(run: Run) -> None:
    text = '[[positions]]\nname = "a"\nside = "long"\nqty = 5\nentry = 100\n'
    told = run("status", "-p", "-", stdin=text).stderr
    assert told.endswith("position 1 (a), qty: unknown key: did you mean contracts or usd or coin?\n")
    line = '{"command": "pnl", "symbol": "BTCUSD"}'
    assert "unknown key: give instrument" in run("batch", stdin=line).stdout
