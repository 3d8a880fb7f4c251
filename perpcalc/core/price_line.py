"""Lines through the prices of an account's coins: one of them moves and the others stay, or all move together.

On such a line the equity of an account is linear.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import reduce
from typing import NamedTuple

from perpcalc.core.pegged import PEGGED
from perpcalc.core.rounding import without_noise
from perpcalc.core.unified import Account, Coin, Sums, Worth, plus, worth_of
from perpcalc.decimals import ONE, ZERO


class Line(NamedTuple):
    """Prices over t, now at `now`, from `low` to `high`: `moving` coins cost `at_zero + per*t` USD, the others stay."""

    moving: Mapping[str, tuple[Decimal, Decimal]]
    now: Decimal
    low: Decimal
    high: Decimal | None


def price_line(sums: Sums, coin: str) -> Line:
    """The line on which one coin's price moves, `t = P`, and the others stay.

    >>> from perpcalc.core.unified import Account, sums_of
    >>> price_line(sums_of(Account({"BTC": ONE}, {"BTC": Decimal(60_000)})), "BTC").now
    Decimal('60000')
    """
    return Line({coin: (ZERO, ONE)}, sums.coins[coin].price, ZERO, None)


def common_line(sums: Sums, betas: Mapping[str, Decimal] | None = None) -> Line:
    """The line on which all coins move together, `P*(1 + beta*t)`, while every price is above zero and t above -100 %.

    A beta that is not given is 1, for a stablecoin 0.

    >>> from perpcalc.core.unified import Account, sums_of
    >>> sums = sums_of(Account({"BTC": ONE, "USDT": ONE}, {"BTC": Decimal(60_000)}))
    >>> common_line(sums, {"BTC": Decimal(2)})
    Line(moving={'BTC': (Decimal('60000'), Decimal('120000'))}, now=Decimal('0'), low=Decimal('-0.5'), high=None)
    """
    moving: dict[str, tuple[Decimal, Decimal]] = {}
    most, least = ONE, ZERO
    for coin in sums.coins.values():
        beta = (betas or {}).get(coin.name, ZERO if coin.name in PEGGED else ONE)
        most, least = max(most, beta), min(least, beta)
        if beta:
            moving[coin.name] = (coin.price, coin.price * beta)
    return Line(moving, ZERO, -1 / most, -1 / least if least else None)


def moves_line(sums: Sums, moves: Mapping[str, Decimal]) -> Line:
    """The line on which coins move by rates of their own, `P*(1 + move*t)`, the others not at all; t = 1 is after them.

    >>> from perpcalc.core.unified import Account, sums_of
    >>> sums = sums_of(Account({"BTC": ONE, "ETH": ONE}, {"BTC": Decimal(60_000), "ETH": Decimal(3_000)}))
    >>> moves_line(sums, {"ETH": Decimal("-0.5")})
    Line(moving={'ETH': (Decimal('3000'), Decimal('-1500.0'))}, now=Decimal('0'), low=Decimal('-1'), high=Decimal('2'))
    """
    return common_line(sums, {**dict.fromkeys(sums.coins, ZERO), **moves})


def account_at(sums: Sums, line: Line, t: Decimal) -> Account:
    """The account with the prices of a point of a line.

    >>> from perpcalc.core.unified import Account, sums_of
    >>> sums = sums_of(Account({"BTC": ONE, "USDT": ONE}, {"BTC": Decimal(60_000)}))
    >>> account_at(sums, common_line(sums), Decimal("-0.1")).prices
    {'BTC': Decimal('54000.0')}
    """
    moved = {coin: at_zero + per * t for coin, (at_zero, per) in line.moving.items()}
    return sums.account._replace(prices={**sums.account.prices, **moved})


def price_on(line: Line, coin: Coin) -> tuple[Decimal, Decimal]:
    """The price of a coin on a line, `a + b*t`, as (a, b).

    >>> from perpcalc.core.unified import Account, sums_of
    >>> sums = sums_of(Account({"BTC": ONE}, {"BTC": Decimal(60_000)}))
    >>> price_on(common_line(sums), sums.coins["BTC"])
    (Decimal('60000'), Decimal('60000'))
    """
    return line.moving.get(coin.name, (coin.price, ZERO))


def coin_equity_on(line: Line, coin: Coin, sums: Sums) -> tuple[Decimal, Decimal]:
    """The equity of one coin on a line in USD: `(B + sum(s*V) - sum(q*e))*P - sum(s*Q) + sum(q*P_u)` is `a + b*t`.

    >>> from perpcalc.core.unified import Account, sums_of
    >>> sums = sums_of(Account({"BTC": Decimal(2)}, {"BTC": Decimal(60_000)}))
    >>> coin_equity_on(common_line(sums), sums.coins["BTC"], sums)
    (Decimal('120000'), Decimal('120000'))
    """
    own = coin.wallet.constant - coin.entered
    at_zero, per = price_on(line, coin)
    a, b = own * at_zero - coin.wallet.linear + coin.exposed_usd, own * per
    for other in line.moving if coin.exposures else ():
        if coins := coin.exposures.get(other):
            at_zero, per = line.moving[other]
            a, b = a + coins * (at_zero - sums.coins[other].price), b + coins * per
    return a, b


def moved_coins(sums: Sums, line: Line) -> tuple[Coin, ...]:
    """The coins whose equity changes on a line: those that move, then those that legs on them settle in.

    >>> from perpcalc.core.unified import Account, sums_of
    >>> sums = sums_of(Account({"BTC": ONE, "USDT": ONE}, {"BTC": Decimal(60_000)}))
    >>> [coin.name for coin in moved_coins(sums, common_line(sums))]
    ['BTC']
    """
    names = dict.fromkeys(line.moving)
    for name in line.moving:
        names.update(dict.fromkeys(sums.settled_in.get(name, ())))
    return tuple(sums.coins[name] for name in names)


def still(sums: Sums, line: Line) -> Worth:
    """What the other coins are worth, which a line leaves as they are, and what is in no coin.

    >>> from perpcalc.core.unified import Account, sums_of
    >>> sums = sums_of(Account({"BTC": ONE, "USDT": ONE}, {"BTC": Decimal(60_000)}))
    >>> still(sums, price_line(sums, "BTC")).equity
    Decimal('1')
    """
    moved = moved_coins(sums, line)
    if len(line.moving) == 1:
        return reduce(_less, map(worth_of, moved[1:]), sums.others[moved[0].name])
    names = {coin.name for coin in moved}
    return reduce(plus, (worth_of(coin) for coin in sums.coins.values() if coin.name not in names), sums.beside)


def equity_on(sums: Sums, line: Line) -> tuple[Decimal, Decimal]:
    """The equity of an account on a line in USD, `a + b*t`, as (a, b).

    >>> from perpcalc.core.unified import Account, sums_of
    >>> sums = sums_of(Account({"BTC": Decimal(2)}, {"BTC": Decimal(60_000)}))
    >>> equity_on(sums, price_line(sums, "BTC"))
    (Decimal('0'), Decimal('2'))
    """
    parts = [coin_equity_on(line, coin, sums) for coin in moved_coins(sums, line)]
    return sum((a for a, _ in parts), still(sums, line).equity), sum((b for _, b in parts), ZERO)


def _less(one: Worth, other: Worth) -> Worth:
    return Worth(*(without_noise(a - b, a) for a, b in zip(one, other, strict=True)))
