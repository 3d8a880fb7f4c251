"""Accounts of several coins in exact fractions, straight from the formulas: the answer key of their tests.

Nothing of perpcalc is imported. Where perpcalc collects break points and solves, this evaluates every position by
itself at any prices, and proves the end of a life by its values: alive at both ends of every stretch between two
borders of maintenance tiers on the way there, and to 30 digits alive before the end and dead after it. Within a stretch
what is left is concave (a collateral ratio that falls from band to band is the least of straight lines), so an account
that lives at both ends lives between them.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, TypeVar

from . import twin

Number = twin.Number
Prices = Mapping[str, Fraction]
CLOSE = Fraction(1, 10**30)
CLOSER = Fraction(1, 10**40)
FARTHEST = Fraction(10**9)


class Linear(NamedTuple):
    """Signed coins of one against another, at an entry in that other; `ratio` is the contract's mark over the price."""

    coin: str
    settle: str
    coins: Number
    entry: Number
    rate: Number
    deduction: Number = 0
    ratio: Number = 1


class Ratio(NamedTuple):
    """A collateral ratio: (upper end, rate) by coins, or by USD; what is above the last counts nothing."""

    bands: tuple[tuple[Number | None, Number], ...] = ((None, 1),)
    by_usd: bool = False


Record = TypeVar("Record", twin.Leg, twin.Rules, Linear, Ratio)


def exact(record: Record) -> Record:
    """The same with its numbers as fractions, once, since they are used at thousands of prices."""
    return type(record)._make(
        Fraction(value)
        if isinstance(value, Decimal)
        else tuple((None if end is None else Fraction(end), Fraction(rate)) for end, rate in value)
        if isinstance(value, tuple)
        else value
        for value in record
    )


class Unified:
    """Balances, positions by coin with the rules of each contract, legs, collateral ratios, and how they count."""

    def __init__(
        self,
        balances: Mapping[str, Number],
        inverse: Mapping[str, tuple[list[twin.Leg], Mapping[str, twin.Rules]]],
        linear: list[Linear],
        ratios: Mapping[str, Ratio],
        *,
        by_balance: bool = False,
        condition: Number = 1,
        lost: Number = 0,
        asked_beside: Number = 0,
    ) -> None:
        self.balances = {coin: Fraction(amount) for coin, amount in balances.items()}
        self.wallets = {
            coin: twin.Wallet(
                balances.get(coin, 0), map(exact, legs), {name: exact(rule) for name, rule in rules.items()}
            )
            for coin, (legs, rules) in inverse.items()
        }
        self.linear = [exact(leg) for leg in linear]
        self.ratios = {coin: exact(ratio) for coin, ratio in ratios.items()}
        self.by_balance = by_balance
        self.condition = Fraction(condition)
        self.lost = Fraction(lost)
        self.asked_beside = Fraction(asked_beside)
        legs = [name for leg in linear for name in (leg.coin, leg.settle)]
        self.coins = list(dict.fromkeys([*self.balances, *self.wallets, *legs]))

    def coin_equity(self, coin: str, prices: Prices) -> Fraction:
        """In the coin: the balance and the profit of what settles in it."""
        own = self.balances.get(coin, Fraction(0))
        if coin in self.wallets:
            own = self.wallets[coin].equity(1 / prices[coin])
        for leg in self.linear:
            if leg.settle == coin:
                mark = Fraction(leg.ratio) * prices[leg.coin] / prices[coin]
                own += Fraction(leg.coins) * (mark - Fraction(leg.entry))
        return own

    def equity(self, prices: Prices) -> Fraction:
        """In USD, every coin in full."""
        return sum((self.coin_equity(coin, prices) * prices[coin] for coin in self.coins), Fraction(0))

    def coin_counted(self, coin: str, prices: Prices) -> Fraction:
        """In USD: the collateral ratio on equity, or on the balance with the profit in full."""
        equity, price = self.coin_equity(coin, prices), prices[coin]
        if self.by_balance:
            balance = self.balances.get(coin, Fraction(0))
            return self._at_ratio(coin, balance, price) + (equity - balance) * price
        return self._at_ratio(coin, equity, price)

    def counted(self, prices: Prices) -> Fraction:
        return sum((self.coin_counted(coin, prices) for coin in self.coins), Fraction(0)) - self.lost

    def asked(self, prices: Prices) -> Fraction:
        """Maintenance margin and closing fees in USD, position by position."""
        total = self.asked_beside
        for coin, wallet in self.wallets.items():
            x = 1 / prices[coin]
            total += (wallet.maintenance(x) + wallet.fees(x, at_bankruptcy=False) + wallet.reserved) * prices[coin]
        for leg in self.linear:
            value = abs(Fraction(leg.coins)) * Fraction(leg.ratio) * prices[leg.coin]
            total += Fraction(leg.rate) * value - Fraction(leg.deduction)
        return total

    def left(self, prices: Prices) -> Fraction:
        return self.counted(prices) - self.condition * self.asked(prices)

    def borders(self, coin: str) -> list[Fraction]:
        """The prices of a coin at which a position that is margined on its coin value passes the limit of a tier."""
        found = []
        for book in self.wallets[coin].books if coin in self.wallets else []:
            if book.rules.unit == "coin" and book.rules.basis == "mark":
                usd = book.contracts * book.size
                found += [usd / book.ratio / Fraction(limit) for limit, _ in book.rules.bands if limit is not None]
        return found

    def _at_ratio(self, coin: str, amount: Fraction, price: Fraction) -> Fraction:
        if amount < 0:
            return amount * price
        ratio = self.ratios.get(coin, Ratio())
        size = amount * price if ratio.by_usd else amount
        counted, floor = Fraction(0), Fraction(0)
        for upper, rate in ratio.bands:
            ceiling = size if upper is None else min(size, Fraction(upper))
            counted += max(ceiling - floor, Fraction(0)) * Fraction(rate)
            if upper is not None:
                floor = Fraction(upper)
        return counted if ratio.by_usd else counted * price


def is_end(
    left: Callable[[Fraction], Fraction], borders: list[Fraction], start: Fraction, last: Fraction, found: Number | None
) -> bool:
    """Whether an account alive at `start` lives until `found` on the way to `last` and no longer; None: all the way."""
    way = 1 if last > start else -1
    beyond, until = None, last
    if found is not None:
        at = Fraction(found)
        beyond, until = at + way * near(at, CLOSE), at - way * near(at, CLOSE)
    passed = (at for at in borders if (at - start) * way > 0 and (until - at) * way > 0)
    points = [point for at in passed for point in (at - near(at, CLOSER), at + near(at, CLOSER))]
    return all(left(point) > 0 for point in (*points, until)) and (beyond is None or left(beyond) <= 0)


def near(point: Fraction, distance: Fraction) -> Fraction:
    """A small distance at a point."""
    return distance * max(abs(point), Fraction(1))
