"""How many contracts a risk allows, with a stop: which constraint binds, and what the trade then looks like."""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.instrument import Instrument, coin_value, trade_fee, whole_lots
from perpcalc.core.liquidation import Liquidation, position_liquidation
from perpcalc.core.margin import Margin, isolated_margin, maintenance_pieces
from perpcalc.core.pnl import gross_pnl
from perpcalc.core.position import Position, open_at
from perpcalc.core.rules import ClosingFee, Schedule
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ONE, ZERO, plain, settled
from perpcalc.errors import PerpcalcError


class Plan(NamedTuple):
    """A trade to size: where it enters, where it stops, and the rates it pays.

    `exit_fee_rate` and `slippage` are taken from the coin value at the exit. `leverage` makes the position isolated;
    `schedule` None means that its maintenance margin is not known.
    """

    instrument: Instrument
    side: Decimal
    entry_price: Decimal
    stop_price: Decimal
    entry_fee_rate: Decimal = ZERO
    exit_fee_rate: Decimal = ZERO
    slippage: Decimal = ZERO
    balance: Decimal | None = None
    leverage: Decimal | None = None
    max_leverage: Decimal | None = None
    buffer: Decimal = ZERO
    schedule: Schedule | None = None
    closing_fee: ClosingFee = ClosingFee(ZERO)


class Size(NamedTuple):
    """The contracts that fit and what they mean; money in coin unless it says USD."""

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


def loss_per_usd(plan: Plan) -> Decimal:
    """What one USD of notional loses at the stop, in coin: `|1/E - 1/S| + f_o/E + (f_c + slippage)/S`.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG
    >>> loss_per_usd(Plan(PLAIN, LONG, Decimal(50_000), Decimal(40_000)))
    Decimal('0.000005')
    """
    return plan.side * (1 / plan.stop_price - 1 / plan.entry_price) + costs_per_usd(plan)


def costs_per_usd(plan: Plan) -> Decimal:
    """The fees and the slippage of one USD of notional, in coin: `f_o/E + (f_c + slippage)/S`.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG
    >>> costs_per_usd(Plan(PLAIN, LONG, Decimal(50_000), Decimal(40_000), Decimal("0.0005")))
    Decimal('1E-8')
    """
    return plan.entry_fee_rate / plan.entry_price + (plan.exit_fee_rate + plan.slippage) / plan.stop_price


def size(plan: Plan, risk: Decimal, target: Decimal | None = None) -> Size:
    """The largest position that loses at most `risk` coins at the stop and breaks no cap, in whole lots.

    `Q = risk/(|1/E - 1/S| + f_o/E + (f_c + slippage)/S)`, capped by leverage, balance, liquidation beyond the stop and the venue's
    largest order. Derived; the caps are the caller's. Raises PerpcalcError for a stop on the wrong side and a
    buffer that leaves no price below it.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG
    >>> size(Plan(PLAIN, LONG, Decimal(50_000), Decimal(40_000)), Decimal("0.01")).contracts
    Decimal('2000')
    """
    _check(plan, target)
    caps = _caps(plan, risk)
    if not caps:
        raise PerpcalcError(
            "the rebates outweigh the loss at the stop, so no size is too large", "give a leverage cap"
        ).at("max-leverage")
    binding = min(caps, key=lambda name: settled(caps[name]))
    fitting = whole_lots(plan.instrument, max(ZERO, caps[binding]))
    if plan.schedule is not None and not (safe := _is_safe(plan))(fitting):
        fitting, binding = _largest(plan.instrument, fitting, safe), "liquidation"
    return _described(plan, fitting, binding, target)


def one_lot(plan: Plan) -> Size:
    """What the smallest tradable position looks like; the answer when nothing fits is measured against it.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG
    >>> one_lot(Plan(PLAIN, LONG, Decimal(50_000), Decimal(40_000))).loss_at_stop
    Decimal('0.000005')
    """
    return _described(plan, plan.instrument.lot, "risk", None)


def max_safe_leverage(plan: Plan, contracts: Decimal) -> Decimal | None:
    """The largest leverage whose liquidation lies beyond the stop by the buffer: `V/B` with `B = MM(S') - s*(V - Q/S')`.

    `S' = S*(1 - s*buffer)`. With maintenance at the mark, a long's is `1/L = E(1 + mmr)/(S(1 - b)) - 1`. At most the
    instrument's maximum; None where the maintenance margin is not known, or any leverage is safe and none is the largest.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG
    >>> plan = Plan(PLAIN, LONG, Decimal(50_000), Decimal(40_000), schedule=flat_rate(ZERO))
    >>> max_safe_leverage(plan, ONE)
    Decimal('4')
    """
    if plan.schedule is None:
        return None
    position = open_at(plan.instrument, plan.side, contracts, plan.entry_price)
    limit = plan.stop_price * (1 - plan.side * plan.buffer)
    x = ONE / limit
    pieces = maintenance_pieces(plan.schedule, contracts, position.notional, position.cost)
    piece = next(piece for piece in reversed(pieces) if settled(piece.start) < settled(x))
    asked = piece.constant + (piece.linear + piece.quadratic * x) * x
    if not plan.closing_fee.at_bankruptcy:
        asked += plan.closing_fee.rate * position.notional * x
    needed = asked - plan.side * (position.cost - position.notional * x)
    highest = plan.instrument.max_leverage
    if needed <= 0:
        return highest
    safe = position.cost / needed
    return safe if highest is None else min(safe, highest)


def _check(plan: Plan, target: Decimal | None) -> None:
    side = "long" if plan.side > 0 else "short"
    below, above = ("below", "above") if plan.side > 0 else ("above", "below")
    if plan.side * (plan.entry_price - plan.stop_price) <= 0:
        raise PerpcalcError(
            f"{plain(plan.stop_price)} does not protect a {side} entered at {plain(plan.entry_price)}",
            f"give a price {below} the entry",
        ).at("stop")
    if plan.side > 0 and plan.buffer >= 1:
        raise PerpcalcError(f"{plain(plan.buffer * 100)}% leaves no price below the stop", "give less than 100%").at(
            "buffer"
        )
    if target is not None and plan.side * (target - plan.entry_price) <= 0:
        raise PerpcalcError(
            f"{plain(target)} is no profit for a {side} entered at {plain(plan.entry_price)}",
            f"give a price {above} the entry",
        ).at("target")


def _caps(plan: Plan, risk: Decimal) -> dict[str, Decimal]:
    """The largest number of contracts that each constraint allows, liquidation aside, in the order that breaks ties."""
    instrument = plan.instrument
    caps = {}
    if (loss := loss_per_usd(plan)) > 0:
        caps["risk"] = risk / loss / instrument.contract_size
    highest = plan.max_leverage or instrument.max_leverage
    if highest is not None and plan.balance is not None:
        caps["leverage"] = highest * plan.balance * plan.entry_price / instrument.contract_size
    if plan.leverage is not None and plan.balance is not None:
        per_usd = 1 / (plan.entry_price * plan.leverage) + costs_per_usd(plan)
        if per_usd > 0:
            caps["balance"] = plan.balance / per_usd / instrument.contract_size
    if instrument.max_order is not None:
        caps["venue"] = instrument.max_order
    return caps


def _margin(plan: Plan, position: Position) -> Margin | None:
    if plan.leverage is not None:
        return isolated_margin(position, plan.leverage)
    return None if plan.balance is None else Margin("cross", plan.balance, plan.balance)


def _liquidation(plan: Plan, contracts: Decimal) -> Liquidation | None:
    """Where so many contracts are liquidated; None where the margin or its rate is not known."""
    position = open_at(plan.instrument, plan.side, contracts, plan.entry_price)
    margin = _margin(plan, position)
    if plan.schedule is None or margin is None:
        return None
    return position_liquidation(Holding(position, plan.schedule, plan.closing_fee), margin)


def _is_safe(plan: Plan) -> Callable[[Decimal], bool]:
    """Whether so many contracts are liquidated beyond the stop by at least the buffer, or never on its side."""
    limit = settled(plan.stop_price * (1 - plan.side * plan.buffer))

    def safe(contracts: Decimal) -> bool:
        if not contracts:
            return True
        result = _liquidation(plan, contracts)
        if result is None:
            return True
        if result.beyond:
            return False
        price = result.liquidation_below if plan.side > 0 else result.liquidation_above
        return price is None or plan.side * (limit - settled(price)) >= 0

    return safe


def _largest(instrument: Instrument, unsafe: Decimal, safe: Callable[[Decimal], bool]) -> Decimal:
    """The largest number of lots below `unsafe` that is safe; liquidation only comes nearer with size."""
    low, high = ZERO, unsafe / instrument.lot
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if safe(middle * instrument.lot) else (low, middle)
    return low * instrument.lot


def _described(plan: Plan, contracts: Decimal, binding: str, target: Decimal | None) -> Size:
    instrument = plan.instrument
    smallest = contracts or instrument.lot
    highest = max_safe_leverage(plan, smallest)
    if not contracts:
        zero_margin = plan.balance if plan.leverage is None else ZERO
        effective = None if plan.balance is None else ZERO
        return Size(ZERO, ZERO, ZERO, ZERO, ZERO, effective, highest, zero_margin, None, binding, None)
    position = open_at(instrument, plan.side, contracts, plan.entry_price)
    liquidated = _liquidation(plan, contracts)
    entry_fee = trade_fee(instrument, contracts, plan.entry_price, plan.entry_fee_rate)

    def costs(price: Decimal) -> Decimal:
        return entry_fee + trade_fee(instrument, contracts, price, plan.exit_fee_rate + plan.slippage)

    fees = costs(plan.stop_price)
    loss = fees - gross_pnl(position, plan.stop_price)
    reward = None if target is None else gross_pnl(position, target) - costs(target)
    margin = _margin(plan, position)
    value = coin_value(instrument, contracts, plan.entry_price)
    return Size(
        contracts=contracts,
        position_value=value,
        loss_at_stop=loss,
        loss_at_stop_usd=loss * plan.stop_price,
        fees=fees,
        leverage=None if plan.balance is None else value / plan.balance,
        max_safe_leverage=highest,
        margin=None if margin is None else margin.coin,
        liquidation_price=None if liquidated is None else liquidated.liquidation_price,
        binding=binding,
        reward_risk=None if reward is None or loss <= 0 else reward / loss,
    )
