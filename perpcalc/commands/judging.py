"""A position as the limits look at it: each question answered from its case, or why it cannot be."""

from decimal import Decimal

from perpcalc.commands.case import Case
from perpcalc.commands.charges import check_cap, quoted_for
from perpcalc.commands.market import fee_rate
from perpcalc.commands.unified import UnifiedShared
from perpcalc.core import limits as core
from perpcalc.core.liquidation import Liquidation
from perpcalc.core.position import Position
from perpcalc.core.rules import flat_rate
from perpcalc.core.wallet import Holding, wallet_of
from perpcalc.decimals import ZERO
from perpcalc.errors import PerpcalcError
from perpcalc.given import Given, Option
from perpcalc.options import ENTRY_FEE, EXIT_FEE, EXPLAIN, FUNDING_RATE, HORIZON, INTERVAL, MARK, STOP, VENUE, VOL

NO_MAINTENANCE = flat_rate(ZERO)


class Judged:
    """A position to judge, as `perpcalc.core.limits.Subject` asks: `exact` is its case without the venue's rounding.

    `given` says its stop, its fees and its funding rate; `limits` the volatility and the time of a probability.
    """

    def __init__(self, case: Case, exact: Case, given: Given, limits: Given) -> None:
        self.case = case
        self.exact = exact
        self.given = given
        self.limits = limits

    def position(self) -> Position:
        """The position."""
        return self.case.opened()

    def stop(self) -> Decimal | None:
        """Its stop as given."""
        return self.given[STOP]

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
        if isinstance(self.exact.shared, UnifiedShared):
            return self.exact.shared.now.leverage
        if self.exact.shared is not None:
            standing = self.exact.in_wallet()
            return core.leverage(standing.wallet, standing.holding.ratio * x)
        holding = Holding(self.exact.opened(), NO_MAINTENANCE)
        return core.leverage(wallet_of(self.exact.margined().coin, [holding]), x)

    def collateral(self) -> Decimal:
        """What losses and funding are measured against: the account's balance, else the margin."""
        shared = self.case.shared
        if isinstance(shared, UnifiedShared):
            return shared.balance_usd / self.price()
        balance = self.case.home_balance
        return self.case.margined().coin if balance is None else balance

    def fees(self) -> tuple[Decimal, Decimal]:
        """The rates of its opening and its closing fee."""
        return self._fee(ENTRY_FEE), self._fee(EXIT_FEE)

    def _fee(self, option: Option[Decimal | str]) -> Decimal:
        rate = fee_rate(self.given, option, self.case.instrument)
        if rate is None:
            raise PerpcalcError(f"the fees of {self.case.instrument.venue} are not known", "give the rate").at(
                option.key
            )
        return rate

    def funding(self) -> tuple[Decimal, Decimal, Decimal]:
        """Its funding rate, the time between payments and the time the rate is quoted for, in minutes."""
        rate, rule = self.given[FUNDING_RATE], self.case.instrument.funding
        if rate is None:
            raise PerpcalcError("is missing", "give the rate per interval").at(FUNDING_RATE.key)
        interval = self.given[INTERVAL] or (rule.interval if rule else None)
        if not interval:
            raise PerpcalcError("is missing", ("give the time between payments, as in 8h, or a ", VENUE.key)).at(
                INTERVAL.key
            )
        check_cap(rate, FUNDING_RATE, self.case.market, interval)
        return rate, interval, quoted_for(self.given, rule, interval) or interval

    def chance(self) -> tuple[Decimal, Decimal]:
        """The yearly volatility, and the time in minutes in which a price may be touched."""
        vol, horizon = self.limits[VOL], self.limits[HORIZON]
        if vol is None or horizon is None:
            missing = VOL if vol is None else HORIZON
            raise PerpcalcError("is missing", "a probability needs a volatility and a time").at(missing.key)
        return vol, horizon
