"""An order book, and what it costs to close a position into it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.decimals import ONE, ZERO
from perpcalc.errors import PerpcalcError

CONTRACTS, USD, COIN = "contracts", "USD", "coin"


class Level(NamedTuple):
    """An amount offered at a price."""

    price: Decimal
    amount: Decimal


class Book(NamedTuple):
    """Bids and asks, the best first; `unit` is what the amounts are: contracts, USD or coin."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    unit: str = CONTRACTS


class Walk(NamedTuple):
    """What closing contracts into a book brings.

    `filled` and `rest` in contracts; `average` is the price of what is filled, `worst` its last; `slippage` is a
    fraction of the coin value at the mid, None where a rest is left.
    """

    filled: Decimal
    rest: Decimal
    mid: Decimal
    average: Decimal | None
    worst: Decimal | None
    slippage: Decimal | None


def mid_price(book: Book) -> Decimal:
    """The middle of the best bid and the best ask: `(bid + ask)/2`; raises PerpcalcError where a side is empty.

    >>> mid_price(Book((Level(Decimal(99), ONE),), (Level(Decimal(101), ONE),)))
    Decimal('100')
    """
    for name, levels in (("bids", book.bids), ("asks", book.asks)):
        if not levels:
            raise PerpcalcError(f"the order book has no {name}", "give a book of both sides")
    return (book.bids[0].price + book.asks[0].price) / 2


def walked(
    book: Book, side: Decimal, contracts: Decimal, contract_size: Decimal = ONE, depth_factor: Decimal = ONE
) -> Walk:
    """What closing a position of a side into the book brings: `average = sum(q)/sum(q/p)`, `slippage = abs(mid/average
    - 1)`.

    A long sells into the bids, a short buys from the asks; of each level only `depth_factor` counts. The average is
    harmonic because coin is what is paid: `Q/average - Q/mid` is the coin lost. Raises PerpcalcError as `mid_price`
    does.

    >>> book = Book((Level(Decimal(99), Decimal(10)), Level(Decimal(98), Decimal(10))), (Level(Decimal(101), ONE),))
    >>> walk = walked(book, ONE, Decimal(15))
    >>> walk.worst, walk.rest, round(walk.average, 4), round(walk.slippage, 6)
    (Decimal('98'), Decimal('0'), Decimal('98.6644'), Decimal('0.013537'))
    """
    mid = mid_price(book)
    rest, value, worst = contracts, ZERO, None
    levels: Sequence[Level] = book.bids if side > 0 else book.asks
    for price, amount in levels:
        if not rest:
            break
        taken = min(rest, in_contracts(amount, price, book.unit, contract_size) * depth_factor)
        if taken:
            rest, value, worst = rest - taken, value + taken / price, price
    filled = contracts - rest
    average = filled / value if value else None
    slippage = None if rest or average is None else abs(mid / average - 1)
    return Walk(filled, rest, mid, average, worst, slippage)


def in_contracts(amount: Decimal, price: Decimal, unit: str, contract_size: Decimal) -> Decimal:
    """An amount of a level in contracts: `usd/contract_size`, `coin*price/contract_size`, or as it is.

    >>> in_contracts(Decimal(2), Decimal(50), COIN, Decimal(10))
    Decimal('10')
    >>> in_contracts(Decimal(100), Decimal(50), USD, Decimal(10))
    Decimal('10')
    """
    if unit == CONTRACTS:
        return amount
    return amount * (price if unit == COIN else ONE) / contract_size
