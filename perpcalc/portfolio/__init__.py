"""What a portfolio holds: accounts, positions and coins outside any account, as a file says it."""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple, TypeVar

from perpcalc.core.pegged import DOLLARS
from perpcalc.errors import Entry, PerpcalcError, shown, suggestion
from perpcalc.given import Given

LONGEST_SYMBOL = 48
"""What of a contract's name goes into that of a position, which has 64 characters at most."""


class Unified(NamedTuple):
    """What backs an account of several coins; a negative balance is borrowed.

    `weights_of` has the bands of each coin's collateral ratio: up to which quantity, None without end, and the ratio; a
    coin without bands counts in full. `weights_file` is the venue's own table, as the file names it. What is None is as
    the venue has it. The last four are USD that only the venue knows.
    """

    balances: Mapping[str, Decimal]
    weights_of: Mapping[str, tuple[tuple[Decimal | None, Decimal], ...]]
    weights_file: str | None
    condition: Decimal | None
    weights: str | None
    order_loss: Decimal | None
    haircut_loss: Decimal | None
    order_maintenance: Decimal | None
    loan_maintenance: Decimal | None


class Account(NamedTuple):
    """One coin wallet, or several coins that back positions together; then `currency` is USD and `balance` None.

    `mode` is hedge, one-way, or None where the file does not say.
    """

    place: Entry
    name: str
    venue: str | None
    currency: str
    balance: Decimal | None
    mode: str | None
    unified: Unified | None


class Position(NamedTuple):
    """A position as it is written: every key but its name and account is given as the option of that name."""

    place: Entry
    name: str
    account: str | None
    given: Given


class Holding(NamedTuple):
    """Coins outside any account; a negative amount is owed."""

    place: Entry
    coin: str
    amount: Decimal


N = TypeVar("N", Account, Position)


class Portfolio(NamedTuple):
    """A whole file; the limits are as they are written, and can be read."""

    where: str
    prices: Mapping[str, Decimal] = {}
    accounts: tuple[Account, ...] = ()
    positions: tuple[Position, ...] = ()
    holdings: tuple[Holding, ...] = ()
    limits: Mapping[str, object] = {}

    def price(self, coin: str) -> Decimal | None:
        """The price of a coin in USD; that of a dollar, USDT or USDC is 1 unless the file says otherwise.

        >>> Portfolio("book.toml").price("USDT"), Portfolio("book.toml").price("BTC")
        (Decimal('1'), None)
        """
        return self.prices.get(coin, DOLLARS.get(coin))

    def account(self, name: str) -> Account:
        """The account of this name; raises PerpcalcError where there is none."""
        return _named(name, "account", self.accounts)

    def position(self, name: str) -> Position:
        """The position of this name; raises PerpcalcError where there is none."""
        return _named(name, "position", self.positions)


def _named(name: str, kind: str, among: Iterable[N]) -> N:
    known = list(among)
    for found in known:
        if found.name == name:
            return found
    close = suggestion(name, [found.name for found in known]) if known else "the name of one"
    raise PerpcalcError(f"there is no {kind} {shown(name)}", f"give {close}")


def new_name(symbol: str, side: str, taken: Collection[str]) -> str:
    """The name of a new position, with a number where it is taken.

    >>> new_name("BTCUSD", "long", {"BTCUSD long"})
    'BTCUSD long 2'
    """
    wanted = f"{symbol[:LONGEST_SYMBOL]} {side}"
    number, name = 1, wanted
    while name in taken:
        number += 1
        name = f"{wanted} {number}"
    return name
