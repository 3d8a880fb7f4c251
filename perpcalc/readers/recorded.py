"""A position as somebody else wrote it down, in the units of a portfolio, and what the readers of venues share."""

from decimal import Decimal
from typing import Any, NamedTuple

from perpcalc.errors import PerpcalcError, shown
from perpcalc.readers.answers import Item, coin_of, number, text

SIDES = {"buy": "long", "sell": "short", "long": "long", "short": "short", "none": None, "zero": None}
NET_OR_SIDE = {**SIDES, "both": None, "net": None}
MODES = {"isolated": "isolated", "fixed": "isolated", "cross": "cross", "crossed": "cross"}
NEVER = frozenset(
    Decimal(price) for price in (999_999, 1_000_000, 9_999_999, 10_000_000, 99_999_999, 100_000_000, 999_999_999)
)
"""Prices that stand for no liquidation: Bybit 999999, KuCoin 1000000, Gate 99999999, BitMEX 100000000, the like."""


class Said(NamedTuple):
    """A margin as a file says it, by which name; `counts` is what the venue counts in it beside the margin itself."""

    name: str
    coin: Decimal
    counts: str = ""


class Recorded(NamedTuple):
    """What a file says of one position, the `number`th in it; what it does not say is None.

    `venue` is our name of where the file says it is held, `likely` of where its keys make it likely. Of `contracts` and
    `usd` one is given. `value` is in coin at the mark, `mode` isolated or cross, `rate` the maintenance rate,
    `maintenance` and `initial` the margins asked for in coin, `profit` not realised yet.
    """

    number: int = 0
    place: str = ""
    symbol: str = ""
    settle: str | None = None
    venue: str | None = None
    likely: str | None = None
    side: str | None = None
    contracts: Decimal | None = None
    usd: Decimal | None = None
    contract_size: Decimal | None = None
    entry: Decimal | None = None
    entry_value: Decimal | None = None
    mark: Decimal | None = None
    value: Decimal | None = None
    leverage: Decimal | None = None
    mode: str | None = None
    margins: tuple[Said, ...] = ()
    rate: Decimal | None = None
    maintenance: Decimal | None = None
    initial: Decimal | None = None
    liquidation_price: Decimal | None = None
    profit: Decimal | None = None
    stop: Decimal | None = None
    target: Decimal | None = None
    hedged: bool | None = None


def last_digit(printed: Decimal) -> Decimal:
    """One unit of the last digit that a number was printed with.

    >>> last_digit(Decimal("57102.5")), last_digit(Decimal("6.413E-5"))
    (Decimal('0.1'), Decimal('1E-8'))
    """
    exponent = printed.as_tuple().exponent
    return Decimal(1).scaleb(exponent) if isinstance(exponent, int) else Decimal(1)


def held(item: Item, venue: str, name: str, settle: str | None, **known: Any) -> Recorded | None:
    """The record of a position whose contract stands under the key `name`; None where its size is 0."""
    if 0 in (known.get("contracts"), known.get("usd")):
        return None
    coin = None if settle is None else coin_of(settle)
    return Recorded(symbol=text(item, name) or "", settle=coin, venue=venue, **known)


def signed(item: Item, key: str, side: str | None) -> tuple[str | None, Decimal | None]:
    """Side and size of an amount that is negative for a short; raises PerpcalcError where a side beside it disagrees.

    >>> signed({"qty": "-5"}, "qty", None)
    ('short', Decimal('5'))
    """
    amount = number(item, key)
    if not amount:
        return side, amount
    if side == "long" and amount < 0:
        raise PerpcalcError(f"{key} {shown(str(amount))} is negative, and the side long", "correct the file")
    return side or ("long" if amount > 0 else "short"), abs(amount)


def unsigned(item: Item, key: str) -> Decimal | None:
    """A size beside which its side stands; raises PerpcalcError for a negative one."""
    size = number(item, key)
    if size is not None and size < 0:
        raise PerpcalcError(f"{key} {shown(str(size))} is negative", "correct the file")
    return size


def mode_of(isolated: bool | None) -> str | None:
    """The name of a margin mode that is said as a yes or no."""
    return None if isolated is None else "isolated" if isolated else "cross"


def margins(*named: tuple[str, Decimal | None], counts: str = "") -> tuple[Said, ...]:
    """The margins among some amounts, in their order: those that are there and above 0.

    >>> [said.name for said in margins(("margin", Decimal(1)), ("posMargin", None))]
    ['margin']
    """
    return tuple(Said(name, coin, counts) for name, coin in named if coin is not None and coin > 0)


def size_of(amount: Decimal | None) -> Decimal | None:
    """An amount without its sign; None for 0 and for nothing."""
    return abs(amount) if amount else None


def is_hedged(item: Item, key: str, one_way: str) -> bool | None:
    """Whether a position is one of two sides held at once, by a word that is `one_way` where it is not."""
    word = text(item, key)
    return None if word is None else word.lower() != one_way
