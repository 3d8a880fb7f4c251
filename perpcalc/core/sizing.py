"""How many contracts a risk allows, with a stop, or a balance opens: which constraint binds, and what the trade then
looks like.
"""

from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.backed import Backed, forward_prices, is_safe_to
from perpcalc.core.curve import Crossing
from perpcalc.core.initial import largest_leverage
from perpcalc.core.instrument import fee_of, traded_value, whole_lots
from perpcalc.core.liquidation import Liquidation, Prices
from perpcalc.core.margin import NO_MARGIN
from perpcalc.core.order_cost import largest_order, order_cost, order_cost_rate
from perpcalc.core.planned import Plan, venue_cap
from perpcalc.core.pnl import closing
from perpcalc.core.position import Position
from perpcalc.core.printed_price import printable_price
from perpcalc.core.room import Room
from perpcalc.core.rounding import to_multiple
from perpcalc.core.solve import DOWN, LIQUIDATION, Aim, Goal, settle
from perpcalc.core.solve_margin import leverage_question
from perpcalc.core.solve_size import contracts_question
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ONE, ZERO, plain, settled
from perpcalc.errors import Key, PerpcalcError

SAFE_STEP = Decimal("0.0001")


class Size(NamedTuple):
    """The contracts that fit and what they mean; money in coin unless it says USD.

    `leverage`, `margin` of a cross position and `liquidation_price` are those of the whole account after the trade.
    """

    contracts: Decimal
    position_value: Decimal
    loss_at_stop: Decimal
    loss_at_stop_usd: Decimal
    fees: Decimal
    leverage: Decimal | None
    max_safe_leverage: Decimal | None
    margin: Decimal | None
    liquidation_price: Decimal | None
    binding: str
    reward_risk: Decimal | None
    order_cost: Decimal | None = None


class Bounds(NamedTuple):
    """What bounds a size: the room that its account has, and the nearest price at which it may be liquidated, with what
    the venue prints there.
    """

    room: Room
    goal: Goal
    aim: Aim


def loss_per_usd(plan: Plan) -> Decimal:
    """What one USD of notional loses at the stop, in coin: `|1/E - 1/S| + f_o/E + (f_c + slippage)/S`.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG
    >>> loss_per_usd(Plan(PLAIN, LONG, Decimal(50_000), Decimal(40_000)))
    Decimal('0.000005')
    """
    return plan.side * (1 / plan.stop - 1 / plan.entry_price) + costs_per_usd(plan)


def costs_per_usd(plan: Plan) -> Decimal:
    """The fees and the slippage of one USD of notional, in coin: `f_o/E + (f_c + slippage)/S`.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG
    >>> costs_per_usd(Plan(PLAIN, LONG, Decimal(50_000), Decimal(40_000), Decimal("0.0005")))
    Decimal('1E-8')
    """
    return plan.entry_fee_rate / plan.entry_price + (plan.exit_fee_rate + plan.slippage) / plan.stop


def size(plan: Plan, risk: Decimal, target: Decimal | None = None) -> Size:
    """The largest position that loses at most `risk` coins at the stop and breaks no cap, in whole lots.

    `Q = risk/(|1/E - 1/S| + f_o/E + (f_c + slippage)/S)`, capped by the account's leverage, its balance, its
    liquidation beyond the stop, the venue's largest order and what its tiers allow. Derived; the caps are the caller's.
    Raises PerpcalcError for a stop on the wrong side and a buffer that leaves no price below it.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG
    >>> size(Plan(PLAIN, LONG, Decimal(50_000), Decimal(40_000)), Decimal("0.01")).contracts
    Decimal('2000')
    """
    _check(plan, target)
    bounds = bounds_of(plan)
    caps = _caps(plan, risk, bounds.room)
    if not caps:
        raise PerpcalcError(
            "the rebates outweigh the loss at the stop, so no size is too large", "give a leverage cap"
        ).at(Key("max_leverage"))
    binding = min(caps, key=caps.__getitem__)
    fitting = whole_lots(plan.instrument, max(ZERO, caps[binding]))
    if not fitting:
        return _nothing(plan, bounds, binding)
    safe, liquidated = _largest_safe(plan, bounds, plan.opened(fitting))
    if safe is None:
        return _nothing(plan, bounds, "liquidation")
    return _described(plan, bounds, safe, liquidated, binding if safe.contracts == fitting else "liquidation", target)


def one_lot(plan: Plan) -> Size:
    """What the smallest tradable position looks like; the answer when nothing fits is measured against it.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG
    >>> one_lot(Plan(PLAIN, LONG, Decimal(50_000), Decimal(40_000))).loss_at_stop
    Decimal('0.000005')
    """
    lot = plan.instrument.lot
    return _described(plan, bounds_of(plan), plan.opened(lot), plan.liquidation(lot), "risk", None)


def bounds_of(plan: Plan) -> Bounds:
    """What bounds the size of a trade.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG
    >>> bounds_of(Plan(PLAIN, LONG, Decimal(50_000), Decimal(40_000))).aim.price
    Decimal('40000')
    """
    limit, end = plan.limit, "below" if plan.side > 0 else "above"
    return Bounds(plan.room(), Goal(LIQUIDATION, limit), Aim(printable_price(plan.instrument, limit, end), end, ONE))


def max_safe_leverage(plan: Plan, contracts: Decimal) -> Decimal | None:
    """The largest isolated leverage, cut to 4 decimals, at which liquidation is not before the stop and its buffer.

    `V/margin` with the margin that lasts to there, as `solve_leverage` finds and proves it; 0 where none is safe. At
    most what the tier allows; None where the maintenance margin is not known, or any leverage is safe and none is the
    largest.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG
    >>> plan = Plan(PLAIN, LONG, Decimal(50_000), Decimal(40_000), schedule=flat_rate(Decimal(0)))
    >>> max_safe_leverage(plan, Decimal(1)) == 4
    True
    """
    return _safe_leverage(plan, plan.opened(contracts), bounds_of(plan))


def _safe_leverage(plan: Plan, position: Position, bounds: Bounds) -> Decimal | None:
    """The same of the position."""
    if plan.schedule is None:
        return None
    fee = plan.instrument.isolated_closing_fee if plan.closing_fee.at_bankruptcy else plan.closing_fee
    backed = Backed(Holding(position, plan.schedule, fee), NO_MARGIN)
    unknown, crossing = leverage_question(backed, bounds.goal, bounds.aim, SAFE_STEP)
    highest = largest_leverage(plan.instrument, position.contracts, position.entry_value)
    highest = highest and to_multiple(highest, SAFE_STEP, DOWN)
    if crossing is None or (highest is not None and crossing.at >= highest):
        return highest
    found = settle(unknown, crossing, DOWN)
    return found.value if found else ZERO


def _check(plan: Plan, target: Decimal | None) -> None:
    side = "long" if plan.side > 0 else "short"
    below, above = ("below", "above") if plan.side > 0 else ("above", "below")
    if plan.side * (plan.entry_price - plan.stop) <= 0:
        raise PerpcalcError(
            f"{plain(plan.stop)} does not protect a {side} entered at {plain(plan.entry_price)}",
            f"give a price {below} the entry",
        ).at(Key("stop"))
    if plan.side > 0 and plan.buffer >= 1:
        raise PerpcalcError(f"{plain(plan.buffer * 100)}% leaves no price below the stop", "give less than 100%").at(
            Key("buffer")
        )
    if target is not None and plan.side * (target - plan.entry_price) <= 0:
        raise PerpcalcError(
            f"{plain(target)} is no profit for a {side} entered at {plain(plan.entry_price)}",
            f"give a price {above} the entry",
        ).at(Key("target"))


def _caps(plan: Plan, risk: Decimal, room: Room) -> dict[str, Decimal]:
    """The largest number of contracts that each constraint allows, liquidation aside, settled and in the order that
    breaks ties.
    """
    instrument = plan.instrument
    per_contract = instrument.contract_size / plan.entry_price
    caps = {}
    if (loss := loss_per_usd(plan)) > 0:
        caps["risk"] = risk / loss / instrument.contract_size
    highest = plan.max_leverage or instrument.max_leverage
    if highest is not None and plan.has_account:
        caps["leverage"] = (highest * room.equity - room.value) / per_contract - room.held.contracts
    if plan.leverage is not None and plan.has_account:
        per_usd = 1 / (plan.entry_price * plan.leverage) + costs_per_usd(plan)
        if per_usd > 0:
            caps["balance"] = room.free / per_usd / instrument.contract_size
        rate = order_cost_rate(instrument, plan.side, plan.leverage, plan.entry_fee_rate)
        if rate > 0 and ("balance" not in caps or caps["balance"] * per_contract * rate > room.free):
            order = (instrument, plan.side, plan.entry_price, plan.leverage, plan.entry_fee_rate)
            caps["balance"] = largest_order(*order, room.free)
    if (venue := venue_cap(plan, room)) is not None:
        caps["venue"] = venue
    return {name: settled(cap) for name, cap in caps.items()}


def _largest_safe(
    plan: Plan, bounds: Bounds, position: Position
) -> tuple[Position | None, Prices | Liquidation | None]:
    """The largest position, at most this one, that is liquidated beyond the stop by at least the buffer, or never; and
    where that is.
    """
    contracts, goal, aim = position.contracts, bounds.goal, bounds.aim
    if plan.together is not None and plan.leverage is None and plan.schedule is not None:
        safe = plan.together.largest_safe(plan, contracts)
        return (plan.opened(safe), plan.liquidation(safe)) if safe else (None, None)
    backed = plan.backed(position)
    if backed is None:
        return position, None
    if is_safe_to(liquidated := forward_prices(backed), goal.value, aim.end):
        return position, liquidated
    unknown, spans = contracts_question(backed, goal, aim)
    for span in reversed(spans):
        if span.start is None or span.start.at < contracts:
            end = Crossing(contracts, ZERO) if span.end is None or span.end.at > contracts else span.end
            if (found := settle(unknown, end, DOWN)) is not None:
                return plan.opened(found.value), plan.liquidation(found.value)
    return None, None


def _nothing(plan: Plan, bounds: Bounds, binding: str) -> Size:
    effective = bounds.room.leverage(ZERO) if plan.has_account else None
    highest = _safe_leverage(plan, plan.opened(plan.instrument.lot), bounds)
    margin, cost = (plan.balance, None) if plan.leverage is None else (ZERO, ZERO)
    return Size(ZERO, ZERO, ZERO, ZERO, ZERO, effective, highest, margin, None, binding, None, cost)


def _described(
    plan: Plan,
    bounds: Bounds,
    position: Position,
    liquidated: Prices | Liquidation | None,
    binding: str,
    target: Decimal | None,
) -> Size:
    instrument, contracts, margin = plan.instrument, position.contracts, plan.margin(position)
    value = traded_value(instrument, contracts, plan.entry_price, position.cost)
    entry_fee, exit_rate = fee_of(instrument, value, plan.entry_fee_rate), plan.exit_fee_rate + plan.slippage
    profit, exit_fee = closing(position, plan.stop, exit_rate)
    fees = entry_fee + exit_fee
    loss, reward, reserved = fees - profit, None, None
    if target is not None:
        profit, exit_fee = closing(position, target, exit_rate)
        reward = profit - (entry_fee + exit_fee)
    if plan.leverage is not None:
        order = (instrument, plan.side, contracts, plan.entry_price, plan.leverage)
        reserved = order_cost(*order, plan.entry_fee_rate)
    return Size(
        contracts=contracts,
        position_value=value,
        loss_at_stop=loss,
        loss_at_stop_usd=loss * plan.stop,
        fees=fees,
        leverage=bounds.room.leverage(value) if plan.has_account else None,
        max_safe_leverage=_safe_leverage(plan, position, bounds),
        margin=None if margin is None else margin.coin,
        liquidation_price=None if liquidated is None else liquidated.liquidation_price,
        binding=binding,
        reward_risk=None if reward is None or loss <= 0 else reward / loss,
        order_cost=reserved,
    )
