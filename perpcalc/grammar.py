"""How people write what is more than a number: fills, targets, names, coins, moves, files."""

from decimal import Decimal
from typing import NamedTuple

from perpcalc import decimals
from perpcalc.core.position import Fill
from perpcalc.errors import PerpcalcError, shown

LONGEST_NAME = 64
LOWEST_MOVE = Decimal(-1)
FEES = ("maker", "taker")


class Take(NamedTuple):
    """Contracts to close at a price: a number, or a share of what is open."""

    contracts: Decimal | None
    share: Decimal | None
    price: Decimal


class OfCoin(NamedTuple):
    """A number that is said of a coin."""

    coin: str
    value: Decimal


class CoinFile(NamedTuple):
    """A file that is about a coin, or about the only one."""

    coin: str | None
    path: str


def fill(text: str) -> Fill:
    """A fill written `CONTRACTS@PRICE`."""
    contracts, at, price = text.partition("@")
    if not at:
        raise PerpcalcError(f"{shown(text)} is not a fill", "write CONTRACTS@PRICE, as in 300@61000")
    return Fill(decimals.positive_amount(contracts), decimals.positive(price))


def take(text: str) -> Take:
    """A close written `CONTRACTS@PRICE` or `N%@PRICE`."""
    contracts, at, price = text.partition("@")
    if not at:
        raise PerpcalcError(f"{shown(text)} is no target", "write CONTRACTS@PRICE or N%@PRICE, as in 50%@70000")
    if not contracts.endswith("%"):
        return Take(decimals.positive_amount(contracts), None, decimals.positive(price))
    share = decimals.rate(contracts)
    if not 0 < share <= 1:
        raise PerpcalcError(f"{shown(contracts)} is out of range", "give a share above 0% and of at most 100%")
    return Take(None, share, decimals.positive(price))


def fee(text: str) -> Decimal | str:
    """A fee rate, or the word maker or taker."""
    return text.lower() if text.lower() in FEES else decimals.charge(text)


def label(text: str) -> str:
    """A name: one line, not empty, at most 64 characters."""
    if not text or len(text) > LONGEST_NAME or not text.isprintable():
        raise PerpcalcError(f"{shown(text)} is not a name", "give 1 to 64 printable characters")
    return text


def coin(text: str) -> str:
    """The name of a coin, in capitals."""
    if not (text.isascii() and text.isalnum() and len(text) <= 16):
        raise PerpcalcError(f"{shown(text)} is not a coin", "give its letters, as in BTC")
    return text.upper()


def move(text: str) -> Decimal:
    """A move of the price as a rate, above -100%."""
    value = decimals.rate(text)
    if value <= LOWEST_MOVE:
        raise PerpcalcError(f"{shown(text)} is out of range", "a price cannot fall by 100% or more")
    return value


def moves(text: str) -> tuple[Decimal, ...]:
    """Several moves, with commas between them."""
    return tuple(move(part) for part in text.split(","))


def coin_move(text: str) -> OfCoin:
    """The move of a coin, written `COIN=RATE`."""
    name, equals, rate = text.partition("=")
    if not equals:
        raise PerpcalcError(f"{shown(text)} names no coin", "write COIN=RATE, as in BTC=-20%")
    return OfCoin(coin(name), move(rate))


def beta(text: str) -> OfCoin:
    """How much a coin moves for a move of all, written `COIN=X`."""
    name, equals, factor = text.partition("=")
    if not equals:
        raise PerpcalcError(f"{shown(text)} names no coin", "write COIN=X, as in ETH=1.4")
    return OfCoin(coin(name), decimals.number(factor))


def coin_file(text: str) -> CoinFile:
    """A file, with the coin it is about before it: `COIN=FILE` or `FILE`."""
    name, equals, path = text.partition("=")
    if equals and path and name.isascii() and name.isalnum() and len(name) <= 16:
        return CoinFile(name.upper(), path)
    return CoinFile(None, text)


def fields(text: str) -> tuple[str, ...]:
    """Names of fields, with commas between them."""
    return tuple(name.strip() for name in text.split(","))


def path(text: str) -> str:
    """The path of a file."""
    if not text or "\0" in text:
        raise PerpcalcError("is not the name of a file", "give one")
    return text


def multiple(text: str) -> Decimal:
    """A rate above zero that is more than 100 % as a rule: 150% or 1.5."""
    value = decimals.rate(text) if text.endswith(("%", "bp")) else decimals.number(text)
    if value <= 0:
        raise PerpcalcError(f"{shown(text)} is out of range", "give a rate above 0, as in 150%")
    return value


def day(text: str) -> str:
    """A day as ISO text, which compares as dates do."""
    from datetime import date

    try:
        if date.fromisoformat(text).isoformat() == text:  # a week date is one too
            return text
    except ValueError:
        pass
    raise PerpcalcError(f"{shown(text)} is not a date", "write YYYY-MM-DD, as in 2026-03-27")


def time(text: str) -> int:
    """A moment in microseconds since 1970: ISO 8601, UTC where no offset is written, or a count since 1970."""
    from perpcalc.core.moments import moment

    return moment(text).time
