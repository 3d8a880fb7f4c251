"""The most contracts that a balance opens, by what the venue reserves for an order."""

from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.instrument import traded_value, whole_lots
from perpcalc.core.margin import isolated_margin
from perpcalc.core.order_cost import largest_order, order_cost
from perpcalc.core.planned import Plan, venue_cap
from perpcalc.core.position import open_at
from perpcalc.decimals import ZERO
from perpcalc.errors import Key, PerpcalcError


class Opening(NamedTuple):
    """The most contracts that a balance opens at a leverage, and what they mean; money in coin."""

    contracts: Decimal
    position_value: Decimal
    leverage: Decimal | None
    margin: Decimal
    liquidation_price: Decimal | None
    binding: str
    order_cost: Decimal


def max_open(plan: Plan) -> Opening:
    """The most whole lots that the balance opens at the leverage, by what the venue reserves for the order.

    What the account holds takes its own margin first. Raises PerpcalcError without a balance or a leverage.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG
    >>> plan = Plan(PLAIN, LONG, Decimal(50_000), balance=Decimal(1), leverage=Decimal(2))
    >>> plan = plan._replace(entry_fee_rate=Decimal("0.001"))
    >>> max_open(plan).contracts
    Decimal('99800')
    """
    for name, given in (("balance", plan.has_account), ("leverage", plan.leverage is not None)):
        if not given:
            raise PerpcalcError("is missing", "it is what can be opened with").at(Key(name))
    assert plan.leverage is not None
    room, instrument = plan.room(), plan.instrument
    order = (instrument, plan.side)
    contracts = largest_order(*order, plan.entry_price, plan.leverage, plan.entry_fee_rate, room.free)
    binding, venue = "balance", venue_cap(plan, room)
    if venue is not None and venue < contracts:
        contracts, binding = whole_lots(instrument, max(ZERO, venue)), "venue"
    if not contracts:
        return Opening(ZERO, ZERO, room.leverage(ZERO), ZERO, None, binding, ZERO)
    position = open_at(instrument, plan.side, contracts, plan.entry_price)
    liquidated, value = plan.liquidation(contracts), traded_value(instrument, contracts, plan.entry_price)
    return Opening(
        contracts=contracts,
        position_value=value,
        leverage=room.leverage(value),
        margin=isolated_margin(position, plan.leverage).coin,
        liquidation_price=liquidated and liquidated.liquidation_price,
        binding=binding,
        order_cost=order_cost(*order, contracts, plan.entry_price, plan.leverage, plan.entry_fee_rate),
    )
