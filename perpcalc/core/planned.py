"""A trade that is planned: its prices and rates, what stands behind it, and what its venue allows."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple, Protocol

from perpcalc.core.backed import Backed, forward
from perpcalc.core.initial import contracts_allowed, contracts_covered
from perpcalc.core.instrument import Instrument
from perpcalc.core.liquidation import Liquidation
from perpcalc.core.margin import Margin, isolated_margin
from perpcalc.core.position import Position, open_at
from perpcalc.core.printed_price import printed_step
from perpcalc.core.room import Room, room_of
from perpcalc.core.rounding import to_multiple
from perpcalc.core.rules import NO_CLOSING_FEE, ClosingFee, Schedule
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ONE, ZERO
from perpcalc.errors import Key, PerpcalcError


class Together(Protocol):
    """An account that several coins back, as a trade in it needs to know it."""

    def room(self, plan: "Plan") -> Room:
        """The room that the account has for the trade."""

    def liquidation(self, plan: "Plan", contracts: Decimal) -> Liquidation:
        """Where the account is liquidated with so many contracts of the trade."""

    def largest_safe(self, plan: "Plan", contracts: Decimal) -> Decimal:
        """The most contracts, at most so many, with which the account lives to the trade's limit."""


class Plan(NamedTuple):
    """A trade to size: where it enters, where it stops, and the rates it pays.

    `exit_fee_rate` and `slippage` are taken from the coin value at the exit. `leverage` makes the position isolated;
    `schedule` None means that its maintenance margin is not known. `others` are what the account of `balance` holds,
    and `ratio` the price of the trade's contract over their wallet's first mark. `funding_rate` is signed as the trade
    pays it. `together` is an account of several coins, in place of a balance.
    """

    instrument: Instrument
    side: Decimal
    entry_price: Decimal
    stop_price: Decimal | None = None
    entry_fee_rate: Decimal = ZERO
    exit_fee_rate: Decimal = ZERO
    slippage: Decimal = ZERO
    balance: Decimal | None = None
    leverage: Decimal | None = None
    max_leverage: Decimal | None = None
    buffer: Decimal = ZERO
    schedule: Schedule | None = None
    closing_fee: ClosingFee = NO_CLOSING_FEE
    others: tuple[Holding, ...] = ()
    ratio: Decimal = ONE
    funding_rate: Decimal = ZERO
    together: Together | None = None

    @property
    def has_account(self) -> bool:
        """Whether it is known what stands behind it beside a margin of its own."""
        return self.balance is not None or self.together is not None

    @property
    def stop(self) -> Decimal:
        """The stop; raises PerpcalcError where there is none."""
        if self.stop_price is None:
            raise PerpcalcError("is missing", "give a price").at(Key("stop"))
        return self.stop_price

    @property
    def limit(self) -> Decimal:
        """The nearest price at which it may be liquidated: the buffer behind the stop, at least the next price there
        that the venue prints.
        """
        far, step = self.stop * (1 - self.side * self.buffer), printed_step(self.instrument)
        if step is None:
            return far
        near = to_multiple(self.stop, step, ROUND_CEILING if self.side > 0 else ROUND_FLOOR) - self.side * step
        return min(far, near or far) if self.side > 0 else max(far, near)

    def room(self) -> Room:
        """The room that the account has for it; none where its balance is not known."""
        if self.together is not None:
            return self.together.room(self)
        balance = ZERO if self.balance is None else self.balance
        return room_of(self.instrument, self.side, self.entry_price, balance, self.others, self.ratio)

    def opened(self, contracts: Decimal) -> Position:
        """The position of so many contracts."""
        return open_at(self.instrument, self.side, contracts, self.entry_price)

    def margin(self, position: Position) -> Margin | None:
        """What stands behind a position of the trade; None where it is not known."""
        if self.leverage is not None:
            return isolated_margin(position, self.leverage)
        return None if self.balance is None else Margin("cross", self.balance, self.balance)

    def backed(self, position: Position) -> Backed | None:
        """A position of the trade with what stands behind it; None where that or the maintenance rate is not known."""
        margin = self.margin(position)
        if self.schedule is None or margin is None:
            return None
        ratio, others = (ONE, ()) if margin.mode == "isolated" else (self.ratio, self.others)
        return Backed(Holding(position, self.schedule, self.closing_fee, ratio, self.funding_rate), margin, others)

    def liquidation(self, contracts: Decimal) -> Liquidation | None:
        """Where so many contracts are liquidated, or the account with them; None where it is not known."""
        if self.together is not None and self.leverage is None:
            return None if self.schedule is None else self.together.liquidation(self, contracts)
        backed = self.backed(self.opened(contracts))
        return None if backed is None else forward(backed)


def venue_cap(plan: Plan, room: Room) -> Decimal | None:
    """The most contracts that the venue allows: its largest order, its tiers at the leverage, or with all of the
    account behind.

    >>> from perpcalc.core.instrument import PLAIN
    >>> plan = Plan(PLAIN._replace(max_order=Decimal(500)), ONE, Decimal(50_000))
    >>> venue_cap(plan, plan.room())
    Decimal('500')
    """
    largest, by_tiers = plan.instrument.max_order, None
    if plan.leverage is not None:
        by_tiers = contracts_allowed(plan.instrument, plan.leverage, plan.entry_price, room.held)
    elif plan.has_account:
        by_tiers = contracts_covered(plan.instrument, plan.entry_price, room.unreserved, room.held)
    return min(largest, by_tiers) if largest is not None and by_tiers is not None else largest or by_tiers
