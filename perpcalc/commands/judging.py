"""A position as the limits look at it: each question answered from its case, or why it cannot be."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from perpcalc.commands.carriers import Carrier
from perpcalc.commands.case import Case, Shared
from perpcalc.commands.market import fee_rate
from perpcalc.commands.trades import contract_of
from perpcalc.core import limits as core
from perpcalc.core.liquidation import Liquidation
from perpcalc.core.rules import DAY, flat_rate
from perpcalc.core.wallet import Holding, wallet_of
from perpcalc.decimals import ONE, ZERO
from perpcalc.errors import PerpcalcError
from perpcalc.given import Given, Option
from perpcalc.options import ENTRY_FEE, EXIT_FEE, EXPLAIN, FUNDING_RATE, HORIZON, INTERVAL, MARK, STOP, VENUE, VOL

if TYPE_CHECKING:  # few accounts hold what these are for
    from perpcalc.commands.legs import LegCase
    from perpcalc.commands.unified import UnifiedShared

NO_MAINTENANCE = flat_rate(ZERO)
Sizes = Mapping[tuple[object, ...], Decimal | None]


class Judged:
    """A position to judge, as `perpcalc.core.limits.Subject` asks: `exact` is its case without the venue's rounding.

    `given` says its stop, its fees and its funding rate; `limits` the volatility and the time of a probability. `held`
    is the size in USD of all that the account holds of its contract and side.
    """

    def __init__(self, case: Case, exact: Case, given: Given, limits: Given, held: Decimal) -> None:
        self.case = case
        self.exact = exact
        self.given = given
        self.limits = limits
        self.held = held
        self.place = case.place

    def side(self) -> Decimal:
        """+1 long, -1 short."""
        return self.case.side

    def entry_price(self) -> Decimal:
        """The price it was entered at."""
        return self.case.opened().entry_price

    def notional(self) -> Decimal:
        """The size in USD of its contract and side, all of it that the account holds."""
        return self.held

    def stops(self) -> Sequence[Decimal | None]:
        """Its stop as given, of each part where it was put together."""
        return [part.stop for part in self._parts()]

    def price(self) -> Decimal:
        """The price of its contract now."""
        if self.case.mark is None:
            raise PerpcalcError(
                "is missing", ("give the coin a price in [prices], the position a mark, or ", MARK.key)
            ).at(MARK.key)
        return self.case.mark

    def liquidation(self) -> Liquidation:
        """Where it, or its account, is liquidated."""
        self.price()
        found = self.case.liquidation()
        if EXPLAIN in self.given:
            from perpcalc.trace import label

            label(found.liquidation_price, "liquidation_price")
        return found

    def leverage(self) -> Decimal | None:
        """The value over the equity behind it now, nothing rounded; maintenance margin does not matter."""
        x = 1 / self.price()
        united = _united(self.exact.shared)
        if united is not None:
            return united.now.leverage
        if self.exact.shared is not None:
            standing = self.exact.in_wallet()
            return core.leverage(standing.wallet, standing.holding.ratio * x)
        holding = Holding(self.exact.opened(), NO_MAINTENANCE)
        return core.leverage(wallet_of(self.exact.margined().coin, [holding]), x)

    def collateral(self) -> Decimal:
        """What losses and funding are measured against: the account's balance, else the margin."""
        united = _united(self.case.shared)
        if united is not None:
            return united.balance_usd / self.price()
        balance = self.case.home_balance
        return self.case.margined().coin if balance is None else balance

    def loss_share(self, collateral: Decimal) -> Decimal:
        """What is lost at its stop, each part at its own, both fees included, as a share of the collateral."""
        fees = self._fee(ENTRY_FEE), self._fee(EXIT_FEE)
        losses = [
            core.loss_share(part.opened(), part.stop, collateral, *fees)
            for part in self._parts()
            if part.stop is not None
        ]
        return sum(losses[1:], losses[0])

    def _parts(self) -> Sequence[Case]:
        return self.case.parts or (self.case,)

    def _fee(self, option: Option[Decimal | str]) -> Decimal:
        rate = fee_rate(self.given, option, self.case.instrument)
        if rate is None:
            raise PerpcalcError(f"the fees of {self.case.instrument.venue} are not known", "give the rate").at(
                option.key
            )
        return rate

    def funding_share_per_day(self, collateral: Decimal) -> Decimal:
        """A day's funding as a share of the collateral, negative when received."""
        from perpcalc.commands.charges import check_cap, quoted_for

        rate, rule = self.given[FUNDING_RATE], self.case.instrument.funding
        if rate is None:
            raise PerpcalcError("is missing", "give the rate per interval").at(FUNDING_RATE.key)
        interval = self.given[INTERVAL] or (rule.interval if rule else None)
        if not interval:
            raise PerpcalcError("is missing", ("give the time between payments, as in 8h, or a ", VENUE.key)).at(
                INTERVAL.key
            )
        check_cap(rate, FUNDING_RATE, self.case.market, interval)
        quoted = quoted_for(self.given, rule, interval) or interval
        return core.funding_share_per_day(self.case.opened(), rate, self.price(), collateral, interval, quoted)

    def chance(self) -> tuple[Decimal, Decimal]:
        """The yearly volatility, and the time in minutes in which a price may be touched."""
        return _chance(self.limits)


class JudgedLeg:
    """A linear leg to judge, in USD; the limits of its account are those of all that is in it."""

    def __init__(self, leg: "LegCase", exact: "LegCase", given: Given, limits: Given, held: Decimal | None) -> None:
        self.case = leg
        self.exact = exact
        self.given = given
        self.limits = limits
        self.held = held
        self.place = leg.place

    def side(self) -> Decimal:
        """+1 long, -1 short."""
        return ONE if self.case.leg.coins > 0 else -ONE

    def entry_price(self) -> Decimal:
        """The price it was entered at."""
        return self.case.leg.entry

    def notional(self) -> Decimal:
        """The size in USD of the leg and those like it in its account."""
        if self.held is None:
            raise PerpcalcError("is missing", "give the coin a price in [prices]").at(MARK.key)
        return self.held

    def stops(self) -> Sequence[Decimal | None]:
        """Its stop as given, in what it is settled in."""
        return [self.given[STOP]]

    def price(self) -> Decimal:
        """Its mark now, in what it is settled in."""
        if self.case.mark is None:
            raise PerpcalcError("is missing", "give the coin a price in [prices]").at(MARK.key)
        return self.case.mark

    def liquidation(self) -> Liquidation:
        """Where it dies with its account."""
        return self.case.liquidation()

    def leverage(self) -> Decimal | None:
        """That of its account; maintenance margin does not matter."""
        return self._account(self.exact).now.leverage

    def collateral(self) -> Decimal:
        """The balance of its account in USD."""
        return self._account(self.exact).balance_usd

    def loss_share(self, collateral: Decimal) -> Decimal:
        """What is lost at its stop, both fees included, as a share of the collateral."""
        leg, settle, stop = self.case.leg, self._settle_price(), self.given[STOP] or ZERO
        fees = self._fee(ENTRY_FEE) * leg.entry + self._fee(EXIT_FEE) * stop
        return (leg.coins * (leg.entry - stop) + abs(leg.coins) * fees) * settle / collateral

    def funding_share_per_day(self, collateral: Decimal) -> Decimal:
        """A day's funding as a share of the collateral, negative when received."""
        rate, interval = self.given[FUNDING_RATE], self.given[INTERVAL]
        if rate is None or not interval:
            raise PerpcalcError("is missing", "give it for a linear leg").at((INTERVAL if rate else FUNDING_RATE).key)
        return rate * self.case.leg.coins * self.price() * self._settle_price() * DAY / interval / collateral

    def chance(self) -> tuple[Decimal, Decimal]:
        """The yearly volatility, and the time in minutes in which a price may be touched."""
        return _chance(self.limits)

    def _fee(self, option: Option[Decimal | str]) -> Decimal:
        rate = self.given[option]
        if isinstance(rate, Decimal):
            return rate
        if self.case.venue is None and rate is None:
            return ZERO
        raise PerpcalcError("the fees of a linear leg are not known", "give the rate").at(option.key)

    def _settle_price(self) -> Decimal:
        if self.case.settle_price is None:
            from perpcalc.commands.legs import no_price

            raise PerpcalcError(no_price(self.case.leg.settle), "it is what the leg is settled in").at(MARK.key)
        return self.case.settle_price

    def _account(self, leg: "LegCase") -> "UnifiedShared":
        united = _united(leg.shared)
        if united is None:
            raise PerpcalcError("no account of several coins stands behind the leg", "give it an account")
        return united


def judged_as(
    one: "Case | LegCase", exact: "Case | LegCase", given: Given, limits: Given, sizes: Sizes
) -> Judged | JudgedLeg:
    """A position or a leg as the limits look at it."""
    size = sizes[_kind(one)]
    if isinstance(one, Case) and isinstance(exact, Case):
        assert size is not None
        return Judged(one, exact, given, limits, size)
    assert not isinstance(one, Case)
    assert not isinstance(exact, Case)
    return JudgedLeg(one, exact, given, limits, size)


def sizes_of(entries: "Sequence[Case | LegCase]") -> Sizes:
    """The size in USD of each contract and side in each account; None where a price is missing."""
    sizes: dict[tuple[object, ...], Decimal | None] = {}
    for one in entries:
        kind, before = _kind(one), sizes.get(_kind(one), ZERO)
        own = one.contracts * one.instrument.contract_size if isinstance(one, Case) else one.identity()["notional_usd"]
        sizes[kind] = None if own is None or before is None else before + own
    return sizes


def _kind(one: "Case | LegCase") -> tuple[object, ...]:
    if isinstance(one, Case):
        return (one.account, one.side, *contract_of(one))
    return (one.account, one.leg.coins > 0, one.leg.coin, one.leg.settle)


def _united(carrier: Carrier | None) -> "UnifiedShared | None":
    """What stands behind a position, where that is an account of several coins."""
    if carrier is None or isinstance(carrier, Shared):
        return None
    from perpcalc.commands.unified import UnifiedShared

    return carrier if isinstance(carrier, UnifiedShared) else None


def _chance(limits: Given) -> tuple[Decimal, Decimal]:
    vol, horizon = limits[VOL], limits[HORIZON]
    if vol is None or horizon is None:
        missing = VOL if vol is None else HORIZON
        raise PerpcalcError("is missing", "a probability needs a volatility and a time").at(missing.key)
    return vol, horizon
