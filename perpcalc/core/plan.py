"""A ladder of orders in, targets out and a stop: what is held after each step, if it fills."""

from collections.abc import Iterator
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple, Protocol

from perpcalc.core.backed import Backed, forward
from perpcalc.core.initial import largest_leverage
from perpcalc.core.instrument import Instrument, check_lots, trade_fee, whole_lots
from perpcalc.core.liquidation import Liquidation, liquidated_at
from perpcalc.core.margin import NO_MARGIN, Margin, given_margin, isolated_margin
from perpcalc.core.pnl import closing
from perpcalc.core.position import Fill, Position, open_at
from perpcalc.core.rounding import to_multiple
from perpcalc.core.rules import NO_CLOSING_FEE, ClosingFee, Schedule, flat_rate
from perpcalc.core.trading import Traded, increased, reduced
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ONE, ZERO, plain, settled
from perpcalc.errors import Key, PerpcalcError

CENT = Decimal("0.01")
ORDER, TAKE, STOP = "order", "take", "stop"
OK, DEAD_AT_STOP, DEAD = "ok", "liquidated before the stop", "liquidated before this step"


class Take(NamedTuple):
    """Contracts to close at a price, or a share of what is open before the takes."""

    price: Decimal
    contracts: Decimal | None = None
    share: Decimal | None = None


class Together(Protocol):
    """An account that several coins back, as the steps of a plan in it need to know it."""

    def liquidation_with(self, holding: Holding, price: Decimal, gained: Decimal) -> Liquidation:
        """Where the account is liquidated with a position at a price, when so much coin has come to it."""


class Ladder(NamedTuple):
    """Orders in the order they fill, then takes, then a stop for what is left; and what stands behind them.

    `slippage` is taken at the stop. One of `leverage` (each order brings `V/L`), `margin` (all of it from the first
    order) and `balance` (shared with `others`, whose first mark the contract's price is `ratio` of); none of them is a
    margin that is not known, as `schedule` None is of the maintenance rate. `together` is an account of several coins,
    in place of a balance.
    """

    instrument: Instrument
    side: Decimal
    orders: tuple[Fill, ...]
    takes: tuple[Take, ...] = ()
    stop: Decimal | None = None
    entry_fee_rate: Decimal = ZERO
    exit_fee_rate: Decimal = ZERO
    slippage: Decimal = ZERO
    leverage: Decimal | None = None
    margin: Decimal | None = None
    balance: Decimal | None = None
    schedule: Schedule | None = None
    closing_fee: ClosingFee = NO_CLOSING_FEE
    others: tuple[Holding, ...] = ()
    ratio: Decimal = ONE
    together: Together | None = None


class State(NamedTuple):
    """What is held after a step, if it fills; flat, entry, margin and liquidation are None.

    `traded` is positive where it buys. `realised_pnl` is net of all fees so far; the loss at the stop is that of
    closing there next, what is realised included, in coin and USD. `r_multiple` is what is realised over the loss at
    the stop with all orders filled, None where that is no loss. `value` is the coin value of what is held, as the venue
    keeps it.
    """

    event: str
    price: Decimal
    traded: Decimal
    contracts: Decimal
    entry_price: Decimal | None
    margin: Decimal | None
    liquidation_price: Decimal | None
    realised_pnl: Decimal
    loss_at_stop: Decimal | None
    loss_at_stop_usd: Decimal | None
    r_multiple: Decimal | None
    status: str
    reason: str | None
    value: Decimal | None = None


class Step(NamedTuple):
    """A step: what it is, its contracts and price, and what there is to say of it."""

    event: str
    fill: Fill
    note: str | None = None


def plan(ladder: Ladder) -> list[State]:
    """The state after each step, by average cost; a position that dies on the way to a step is dead from there on.

    Isolated margin falls in proportion to what is closed, profit and fees go to the wallet; a cross balance changes by
    them. A share of contracts is rounded down to the lot. Raises PerpcalcError, naming the step, for contracts that are
    not whole lots or more than the venue's largest order, takes of more than is open, a leverage that the tier forbids;
    and for no order, or a stop that does not protect.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG
    >>> orders = (Fill(Decimal(100), Decimal(100)), Fill(Decimal(100), Decimal(50)))
    >>> ladder = Ladder(PLAIN, LONG, orders, (Take(Decimal(200), share=Decimal("0.5")),), Decimal(25))
    >>> [(state.event, plain(state.contracts), plain(state.loss_at_stop)) for state in plan(ladder)]
    [('order', '100', '3'), ('order', '200', '5'), ('take', '100', '1.5'), ('stop', '0', '1.5')]
    """
    if not ladder.orders:
        raise PerpcalcError("is missing", "give at least one").at(Key("order"))
    _check_stop(ladder)
    states: list[State] = []
    held: Backed | None = None
    found: Liquidation | None = None
    realised, dead, risked = ZERO, False, None
    for number, step in enumerate(_steps(ladder), 1):
        dead = dead or bool(liquidated_at(found, step.fill.price))
        try:
            traded = _traded(ladder, held, step)
        except PerpcalcError as error:
            raise error.at(f"step {number}") from None
        held, realised = traded.backed, realised + traded.profit - traded.fee
        found = None if held is None else _liquidation(ladder, held, step.fill.price, realised)
        loss = None if ladder.stop is None else _loss_at_stop(ladder, held, realised, ladder.stop)
        if step.event == ORDER:
            risked = loss
        states.append(_state(ladder, step, held, found, realised, loss, dead))
        dead = dead or bool(found and found.beyond)
    return [state._replace(r_multiple=_multiple(state.realised_pnl, risked)) for state in states]


def _steps(ladder: Ladder) -> Iterator[Step]:
    """The steps in order; a stop where something is left for it."""
    instrument, left = ladder.instrument, ZERO
    for order in ladder.orders:
        yield Step(ORDER, order)
        left += order.contracts
    opened = left
    for take in ladder.takes:
        contracts, note = take.contracts, None
        if contracts is None:
            asked = opened * (ONE if take.share is None else take.share)
            contracts = whole_lots(instrument, asked)
            note = None if contracts == asked else f"{plain(asked)} rounded down to {plain(contracts)} contracts"
        yield Step(TAKE, Fill(contracts, take.price), note)
        left -= contracts
    if ladder.stop is not None and left:
        yield Step(STOP, Fill(left, ladder.stop))


def _traded(ladder: Ladder, held: Backed | None, step: Step) -> Traded:
    """What a step makes of what is held; raises PerpcalcError where it cannot be."""
    instrument, fill = ladder.instrument, step.fill
    if step.event == STOP and held is not None:
        return reduced(held, fill, ladder.exit_fee_rate + ladder.slippage)
    if not fill.contracts and step.note:
        raise PerpcalcError(f"{step.note}: less than one lot", "take more")
    check_lots(instrument, fill.contracts)
    if instrument.max_order is not None and fill.contracts > instrument.max_order:
        raise PerpcalcError(
            f"{plain(fill.contracts)} contracts are more than the largest order",
            f"give at most {plain(instrument.max_order)}",
        )
    if step.event == TAKE:
        opened = ZERO if held is None else held.position.contracts
        if held is None or fill.contracts > opened:
            raise PerpcalcError(
                f"{plain(fill.contracts)} contracts are more than the {plain(opened)} that are open", "take less"
            )
        return reduced(held, fill, ladder.exit_fee_rate)
    traded = increased(held, fill, ladder.entry_fee_rate) if held else _opened(ladder, fill)
    _check_leverage(ladder, traded.still_open().position)
    return traded


def _opened(ladder: Ladder, fill: Fill) -> Traded:
    """What the first order opens; without a margin that is known, on none."""
    position = open_at(ladder.instrument, ladder.side, *fill)
    fee = trade_fee(ladder.instrument, *fill, ladder.entry_fee_rate)
    margin, others, ratio = NO_MARGIN, ladder.others[:0], ONE
    if ladder.leverage is not None:
        margin = isolated_margin(position, ladder.leverage)
    elif ladder.margin is not None:
        margin = given_margin(position, ladder.margin)
    elif ladder.balance is not None:
        left = ladder.balance - fee
        margin, others, ratio = Margin("cross", left, left), ladder.others, ladder.ratio
    schedule = flat_rate(ZERO) if ladder.schedule is None else ladder.schedule
    return Traded(Backed(Holding(position, schedule, ladder.closing_fee, ratio), margin, others), ZERO, fee)


def _has_margin(ladder: Ladder) -> bool:
    return any(given is not None for given in (ladder.leverage, ladder.margin, ladder.balance))


def _liquidation(ladder: Ladder, held: Backed, price: Decimal, realised: Decimal) -> Liquidation | None:
    """Where what is held is liquidated, seen from a price; None where margin or rate are not known."""
    if ladder.schedule is not None and ladder.together is not None and not _has_margin(ladder):
        return ladder.together.liquidation_with(held.holding._replace(ratio=ladder.ratio), price, realised)
    if ladder.schedule is None or not _has_margin(ladder):
        return None
    return forward(held._replace(mark=price))


def _loss_at_stop(ladder: Ladder, held: Backed | None, realised: Decimal, stop: Decimal) -> Decimal:
    if held is None:
        return -realised
    profit, fee = closing(held.position, stop, ladder.exit_fee_rate + ladder.slippage)
    return fee - profit - realised


def _state(
    ladder: Ladder,
    step: Step,
    held: Backed | None,
    found: Liquidation | None,
    realised: Decimal,
    loss: Decimal | None,
    dead: bool,
) -> State:
    status = OK
    if dead:
        status = DEAD
    elif found and (found.beyond or (ladder.stop is not None and liquidated_at(found, ladder.stop))):
        status = DEAD_AT_STOP
    reasons = [step.note, None if held is None else _why_no_price(ladder, found)]
    return State(
        event=step.event,
        price=step.fill.price,
        traded=(ladder.side if step.event == ORDER else -ladder.side) * step.fill.contracts,
        contracts=ZERO if held is None else held.position.contracts,
        entry_price=held and held.position.entry_price,
        margin=held.margin.coin if held and _has_margin(ladder) else None,
        liquidation_price=found and found.liquidation_price,
        realised_pnl=realised,
        loss_at_stop=loss,
        loss_at_stop_usd=None if loss is None or ladder.stop is None else loss * ladder.stop,
        r_multiple=None,
        status=status,
        reason="; ".join(filter(None, reasons)) or None,
        value=held and held.position.stored_value,
    )


def _why_no_price(ladder: Ladder, found: Liquidation | None) -> str | None:
    if found is not None:
        return found.reason
    unknown = "margin" if ladder.schedule is not None else "maintenance rate"
    return f"the liquidation price is not known: the {unknown} is not"


def _multiple(realised: Decimal, risked: Decimal | None) -> Decimal | None:
    return realised / risked if risked is not None and risked > 0 else None


def _check_stop(ladder: Ladder) -> None:
    side = "long" if ladder.side > 0 else "short"
    for order in ladder.orders:
        if ladder.stop is not None and ladder.side * (order.price - ladder.stop) <= 0:
            raise PerpcalcError(
                f"{plain(ladder.stop)} does not protect a {side} entered at {plain(order.price)}",
                f"give a price {'below' if ladder.side > 0 else 'above'} every order",
            ).at(Key("stop"))


def _check_leverage(ladder: Ladder, position: Position) -> None:
    highest = largest_leverage(ladder.instrument, position.contracts, position.entry_value)
    if ladder.leverage is not None and highest is not None and ladder.leverage > settled(highest):
        raise PerpcalcError(
            f"{plain(ladder.leverage)}x is more than the tier of {plain(position.contracts)} contracts allows",
            f"give at most {plain(to_multiple(highest, CENT, ROUND_FLOOR))}",
        ).at(Key("leverage"))
