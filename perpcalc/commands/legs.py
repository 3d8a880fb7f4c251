"""Linear legs of a portfolio: coins of one currency settled in another, which back and hedge what is inverse."""

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.commands.carriers import Carrier
from perpcalc.core.linear import Leg, leg_mark, leg_pnl, leg_value, open_leg
from perpcalc.core.liquidation import Liquidation
from perpcalc.core.position import SIDES
from perpcalc.decimals import ZERO
from perpcalc.errors import Entry, PerpcalcError
from perpcalc.given import Given
from perpcalc.options import (
    CLOSING_FEE,
    COIN,
    CONTRACT_SIZE,
    CONTRACTS,
    CURRENCY,
    DEDUCTION,
    ENTRY,
    ENTRY_VALUE,
    EXPIRES,
    EXTRA_MARGIN,
    FILL,
    INSTRUMENT,
    LEVERAGE,
    LINEAR,
    MARGIN,
    MARK,
    MM_BASIS,
    MMR,
    SETTLE,
    SIDE,
    USD,
)

if TYPE_CHECKING:
    from perpcalc.answer import Identity

NOT_OF_A_LEG = (
    INSTRUMENT,
    CONTRACT_SIZE,
    CURRENCY,
    EXPIRES,
    CONTRACTS,
    USD,
    FILL,
    ENTRY_VALUE,
    LEVERAGE,
    MARGIN,
    EXTRA_MARGIN,
    MM_BASIS,
)
"""Keys of a position that say nothing of a linear leg: it has coins and an entry, and its account is its margin."""


class LegCase(NamedTuple):
    """A linear leg to answer for: `price` is that of its coin now, `settle_price` that of what it is settled in.

    `shared` is the account of several coins that it is in, where it has a `number` among the legs.
    """

    leg: Leg
    given: Given
    name: str
    account: str | None
    venue: str | None
    price: Decimal | None
    settle_price: Decimal | None
    place: Entry
    shared: Carrier | None = None
    number: int = 0

    @property
    def mark(self) -> Decimal | None:
        """The mark of the leg in what it is settled in."""
        if self.price is None or self.settle_price is None:
            return None
        return leg_mark(self.leg, self.price, self.settle_price)

    def value_usd(self) -> Decimal | None:
        """What its coins are worth in USD, negative for a short; None without a price."""
        return None if self.price is None else self.leg.coins * self.leg.ratio * self.price

    def entered_usd(self) -> Decimal | None:
        """What was paid for its coins, in USD and negative for a long; None without a price."""
        return None if self.settle_price is None else ZERO - self.leg.coins * self.leg.entry * self.settle_price

    def pnl_usd(self) -> Decimal | None:
        """The profit at the mark in USD; None without a price."""
        if self.price is None or self.settle_price is None:
            return None
        return leg_pnl(self.leg, self.price, self.settle_price)

    def liquidation(self) -> Liquidation:
        """Where the leg dies with its account, in what it is settled in; raises PerpcalcError where that is not
        known.
        """
        if self.shared is None:
            raise PerpcalcError("no account of several coins stands behind the leg", "give it an account")
        return self.shared.leg_liquidation(self.number)

    def identity(self) -> "Identity":
        """The fields that open a row."""
        return {
            "name": self.name,
            "account": self.account,
            "venue": self.venue,
            "instrument": None,
            "currency": self.leg.coin,
            "side": "long" if self.leg.coins > 0 else "short",
            "contracts": None,
            "contract_size": None,
            "notional_usd": None if self.price is None else leg_value(self.leg, self.price),
        }


def no_price(coin: str) -> str:
    """Why figures in USD are not known."""
    return f"{coin} has no price: write it into [prices]"


def leg_of(given: Given, ratio: Decimal, *, alone: bool) -> Leg:
    """The leg that a position describes; one that stands `alone`, in no account, needs no maintenance rate.

    Raises PerpcalcError where something is missing, or is not of a linear leg.
    """
    for option in given.written(NOT_OF_A_LEG):
        raise PerpcalcError("is not of a linear leg", "leave it out").at(option.key)
    if CLOSING_FEE in given:
        raise PerpcalcError("is not of a linear leg", ("add it to ", MMR.key)).at(CLOSING_FEE.key)
    coin, side, entry, coins = given[LINEAR], given[SIDE], given[ENTRY], given[COIN]
    for option, remedy in ((SIDE, "give long or short"), (COIN, "give the coins of the leg"), (ENTRY, "give a price")):
        if option not in given:
            raise PerpcalcError("is missing", remedy).at(option.key)
    if MMR not in given and not alone:
        raise PerpcalcError("is missing: a linear leg has no preset", "give its maintenance rate, as in 0.5%").at(
            MMR.key
        )
    assert coin is not None
    assert coins is not None
    assert entry is not None
    rate, deduction = given[MMR] or ZERO, given[DEDUCTION] or ZERO
    return open_leg(coin, given[SETTLE], SIDES[side or ""], coins, entry, rate, deduction, ratio)


def leg_ratio(given: Given, price: Decimal | None, settle_price: Decimal | None) -> Decimal | None:
    """The mark of the leg over the price of its coin; None where it has no mark of its own."""
    mark = given[MARK]
    return None if mark is None or price is None or settle_price is None else mark * settle_price / price
