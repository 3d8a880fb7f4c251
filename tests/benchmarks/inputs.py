"""The files that are measured with: questions, portfolios and candles, none of whose lines is like another."""

import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

MINUTES = 525_600

BATCH: dict[str, tuple[float | None, tuple[str, ...]]] = {
    "pnl": (6, ("exit",)),
    "liq-price": (10, ("leverage", "venue")),
    "funding-cost": (12, ("mark", "rate", "venue", "leverage")),
    "size": (16, ("stop", "balance", "risk", "venue")),
    "greeks": (None, ("mark",)),
    "liq-cost": (None, ("leverage", "venue", "slippage")),
    "check": (None, ("leverage", "venue", "stop", "max_leverage", "min_liquidation_distance")),
    "solve margin": (None, ("leverage", "venue", "liquidation")),
}
"""Commands for lines: how many times the loop they may cost, where that is promised, and what is asked beside the position."""


def asked_lines(command: str, count: int) -> Iterator[str]:
    """Questions to a command, none like another."""
    chance = random.Random(count)
    for _ in range(count):
        side, entry = chance.choice(("long", "short")), 60_000 + chance.randrange(20_000) / 2
        known = {
            "exit": 60_000 + chance.randrange(20_000) / 2,
            "mark": entry + chance.randrange(2_000) - 1_000,
            "leverage": chance.randrange(2, 40),
            "venue": "bybit",
            "rate": f"{chance.randrange(1, 60) / 1000}%",
            "stop": entry + chance.randrange(200, 6_000) * (1 if side == "short" else -1),
            "balance": chance.randrange(10, 1_000) / 100,
            "risk": f"{chance.randrange(1, 40) / 10}%",
            "slippage": f"{chance.randrange(1, 60) / 100}%",
            "liquidation": entry + chance.randrange(7_000, 20_000) * (1 if side == "short" else -1),
            "max_leverage": 10,
            "min_liquidation_distance": f"{chance.randrange(20, 200) / 10}%",
        }
        question = {"command": command, "side": side, "entry": str(entry)}
        if command != "size":
            question["contracts"] = str(chance.randrange(100, 1_000_000))
        yield json.dumps(question | {name: str(known[name]) for name in BATCH[command][1]})


def write(path: Path, lines: Iterable[str]) -> None:
    """A file of these lines."""
    with path.open("w") as file:
        for line in lines:
            file.write(line + "\n")


def two_venues(positions: int) -> Iterator[str]:
    """A file of positions in two accounts, with limits."""
    yield "[prices]\nBTC = 64000\n"
    for venue in ("bybit", "binance"):
        yield f'[[accounts]]\nname = "{venue}"\nvenue = "{venue}"\ncurrency = "BTC"\nbalance = 5\n'
    for n in range(positions):
        yield f'[[positions]]\nname = "p{n}"\naccount = "{"binance" if n % 2 else "bybit"}"'
        yield f'side = "long"\ncontracts = {100 + n}\nentry = {60_000 + 500 * n}\nstop = {55_000 + n}\n'
    yield '[limits]\nmax_leverage = 5\nmin_liquidation_distance = "15%"\nrequire_stop = true'


def unified_portfolio(positions: int) -> Iterator[str]:
    """A file of positions in an account that 20 coins back."""
    coins = [f"C{n}" for n in range(20)]
    yield "[prices]\n" + "\n".join(f"{coin} = {100 * (n + 1)}" for n, coin in enumerate(coins)) + "\n"
    balances = ", ".join(f"{coin} = {50_000 + n}" for n, coin in enumerate(coins))
    yield f'[[accounts]]\nname = "u"\nmargin = "unified"\nbalances = {{ {balances} }}\n'
    for n in range(positions):
        yield f'[[positions]]\nname = "p{n}"\naccount = "u"\ncurrency = "{coins[n % 20]}"\nmmr = "0.5%"'
        yield f'side = "{"long" if n % 3 else "short"}"\ncontracts = {100 + n}\nentry = {100 * (n % 20 + 1) + n % 7}\n'


def minutes() -> Iterator[str]:
    """A year of minutes that go up and down around a price, as a file of candles."""
    chance = random.Random(MINUTES)
    start, price = 1_700_000_000_000 // 60_000 * 60_000, 62_500.0
    yield "open_time,open,high,low,close"
    for minute in range(MINUTES):
        close = min(90_000, max(45_000, price + chance.randrange(-40, 41) / 2))
        low, high = min(price, close) - 5, max(price, close) + 5
        yield f"{start + 60_000 * minute},{price},{high},{low},{close}"
        price = close


def cross_portfolio(positions: int, accounts: int) -> Iterator[str]:
    """A file of cross positions over some accounts."""
    yield "[prices]\nBTC = 64000\n"
    for n in range(accounts):
        yield f'[[accounts]]\nname = "a{n}"\nvenue = "binance"\ncurrency = "BTC"\nbalance = 500\n'
    for n in range(positions):
        yield f'[[positions]]\nname = "p{n}"\naccount = "a{n % accounts}"\nside = "{"long" if n % 3 else "short"}"'
        yield f"contracts = {10 + n % 90}\nentry = {60_000 + n % 7_000}\n"


def isolated_portfolio(positions: int) -> Iterator[str]:
    """A file of isolated positions."""
    yield "[prices]\nBTC = 64000\n"
    for n in range(positions):
        yield f'[[positions]]\nname = "p{n}"\nvenue = "bybit"\nside = "{"long" if n % 3 else "short"}"'
        yield f"contracts = {1000 + n}\nentry = {60_000 + n % 7_000}\nleverage = 10\n"
