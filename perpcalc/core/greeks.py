"""First and second derivatives of a position over the price, in three frames that must not be mixed up."""

from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.pnl import gross_pnl
from perpcalc.core.position import Position
from perpcalc.decimals import ZERO


class Greeks(NamedTuple):
    """Value, delta and gamma in one frame: coin, usd or contract."""

    frame: str
    value: Decimal | None
    delta: Decimal
    gamma: Decimal


def coin_greeks(position: Position, mark: Decimal) -> Greeks:
    """The profit in coin: value `s*(V - Q/P)`, delta `s*Q/P^2` coins per USD, gamma `-2*s*Q/P^3` coins per USD^2.

    A long is short convexity here, a short is long convexity. Source: BitMEX blog, "Convexity: Rektum? Damn near killed
    'em".

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> str(coin_greeks(open_at(PLAIN, LONG, Decimal(10_000), Decimal(8_000)), Decimal(10_000)).delta)
    '0.0001'
    """
    exposure = position.side * position.notional
    return Greeks("coin", gross_pnl(position, mark), exposure / (mark * mark), -2 * exposure / mark**3)


def usd_greeks(position: Position, mark: Decimal, collateral: Decimal = ZERO) -> Greeks:
    """The USD value of `C` coins and the profit kept in coin: value `P*(C + s*V) - s*Q`, delta `C + s*V` coins, gamma
    0.

    With its coin collateral an inverse position is exactly linear in USD; without one it is its profit alone. Derived;
    the contract delta plus the profit held in coin is the constant `s*V`.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import SHORT, open_at
    >>> usd_greeks(open_at(PLAIN, SHORT, Decimal(8_000), Decimal(8_000)), Decimal(9_000), Decimal(1)).delta
    Decimal('0')
    """
    value = mark * (collateral + gross_pnl(position, mark))
    return Greeks("usd", value, collateral + position.side * position.cost, ZERO)


def contract_greeks(position: Position, mark: Decimal) -> Greeks:
    """The contract alone, its profit swept to USD as it comes: delta `s*Q/P` coins, gamma `-s*Q/P^2` coins per USD.

    Source: FTX blog, "Careful when long BitMEX" (delta 1/spot, gamma -1/spot^2 per USD of contract).

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> contract_greeks(open_at(PLAIN, LONG, Decimal(10_000), Decimal(8_000)), Decimal(10_000)).delta
    Decimal('1')
    """
    exposure = position.side * position.notional
    return Greeks("contract", None, exposure / mark, -exposure / (mark * mark))


def balance_greeks(balance: Decimal, price: Decimal) -> Greeks:
    """The USD value of an account's coins: value `B*P`, delta `B` coins, gamma 0.

    With the profits of the account's positions in the same frame it adds up to the whole account, the coins counted
    once.

    >>> balance_greeks(Decimal(2), Decimal(50_000))
    Greeks(frame='usd', value=Decimal('100000'), delta=Decimal('2'), gamma=Decimal('0'))
    """
    return Greeks("usd", balance * price, balance, ZERO)


def greeks(position: Position, mark: Decimal, collateral: Decimal = ZERO) -> tuple[Greeks, Greeks, Greeks]:
    """All three frames.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> [one.frame for one in greeks(open_at(PLAIN, LONG, Decimal(1), Decimal(1)), Decimal(1))]
    ['coin', 'usd', 'contract']
    """
    return coin_greeks(position, mark), usd_greeks(position, mark, collateral), contract_greeks(position, mark)
