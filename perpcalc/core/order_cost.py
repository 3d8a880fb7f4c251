"""What a venue reserves for an order: initial margin and the fees to open and to close it; and the most that a balance
opens.
"""

from decimal import Decimal
from itertools import repeat

from perpcalc.core.initial import NOTHING_HELD, initial_margin, initial_rate, value_tiers
from perpcalc.core.instrument import Instrument, trade_fee, traded_value, whole_lots
from perpcalc.core.rounding import on
from perpcalc.core.rules import BOTH_FEES, FEE_AT_BANKRUPTCY
from perpcalc.decimals import ONE, ZERO

CORRECTIONS = 8  # of a size by what the venue's rounding makes of its cost


def closing_fee_reserve(
    instrument: Instrument, side: Decimal, value: Decimal, margin: Decimal, rate: Decimal
) -> Decimal:
    """The fee reserved for closing at the bankruptcy price, in coin: `f*(V + s*margin)`.

    A long pays it on a larger coin value than it entered with, a short on a smaller one. Source: Bybit help, order cost
    (inverse), 2024-10-30.

    >>> from perpcalc.core.instrument import PLAIN
    >>> closing_fee_reserve(PLAIN, ONE, ONE, Decimal("0.02"), Decimal("0.0005"))
    Decimal('0.000510')
    """
    return on(instrument.rounding.closing_fee, rate * (value + side * margin))


def order_cost_rate(
    instrument: Instrument, side: Decimal, leverage: Decimal, fee_rate: Decimal, initial: Decimal = ZERO
) -> Decimal:
    """What an order reserves per coin of its value: `i + f`, and by venue `f` again or `f*max(1 + s*i, least)`; `i =
    max(1/L, initial)`.

    Where the fee to close at the bankruptcy price is reserved, `i` and the sum are rounded like a margin. Sources:
    Bybit help, order cost (inverse), 2019 to 2024; its engine takes at least 0.01 for a 1x short, inferred from one
    printed rate; phemex products; BitMEX, initial margin with two taker fees.

    >>> from perpcalc.core.instrument import PLAIN
    >>> str(order_cost_rate(PLAIN._replace(order_reserve=FEE_AT_BANKRUPTCY), ONE, Decimal(2), Decimal("0.00075")))
    '0.501875'
    """
    margin_rate = max(ONE / leverage, initial)
    if instrument.order_reserve != FEE_AT_BANKRUPTCY:
        return margin_rate + _fees_to_reserve(instrument) * fee_rate
    grid = instrument.rounding.margin
    margin_rate = on(grid, margin_rate)
    return on(grid, margin_rate + fee_rate + fee_rate * max(1 + side * margin_rate, instrument.least_closing))


def order_cost(
    instrument: Instrument, side: Decimal, contracts: Decimal, price: Decimal, leverage: Decimal, fee_rate: Decimal
) -> Decimal:
    """What an order reserves in coin: its initial margin and fees, as its venue counts and rounds them.

    `V*(1/L + f + f*(1 + s/L))` at Bybit and Phemex, `V/L + 2*f*V` at BitMEX, elsewhere the margin and the opening fee.

    >>> from perpcalc.core.instrument import PLAIN
    >>> bitmex = PLAIN._replace(order_reserve=BOTH_FEES)
    >>> str(order_cost(bitmex, -ONE, Decimal(100_000), Decimal(100_000), ONE, Decimal("0.00075")))
    '1.00150'
    """
    value = traded_value(instrument, contracts, price)
    grid = instrument.rounding.margin
    if instrument.order_reserve == FEE_AT_BANKRUPTCY:
        initial = initial_rate(instrument, contracts, value) or ZERO
        return on(grid, value * order_cost_rate(instrument, side, leverage, fee_rate, initial))
    fee = trade_fee(instrument, contracts, price, fee_rate)
    return on(grid, initial_margin(instrument, leverage, contracts, value)) + _fees_to_reserve(instrument) * fee


def largest_order(
    instrument: Instrument, side: Decimal, price: Decimal, leverage: Decimal, fee_rate: Decimal, balance: Decimal
) -> Decimal:
    """The most whole lots whose order cost a balance covers: `B*P/(order cost rate)`; 0 where it covers none.

    A long at Bybit: `B*P*L/(1 + f*(2*L + 1))`. Each tier is solved with its own initial rate; where that grows with the
    size (Deribit) the value solves `slope*V^2 + (initial + f)*V = B`. What the venue's rounding makes of the cost is
    taken in. Source: derived.

    >>> from perpcalc.core.instrument import PLAIN
    >>> bybit = PLAIN._replace(order_reserve=FEE_AT_BANKRUPTCY)
    >>> balance, price, fee = Decimal("0.05"), Decimal("44089.5"), Decimal("0.0006")
    >>> [str(largest_order(bybit, side, price, Decimal(50), fee, balance)) for side in (ONE, -ONE)]
    ['103925', '104043']
    """
    if balance <= 0 or order_cost_rate(instrument, side, leverage, fee_rate) <= 0:
        return ZERO
    value, slope = ZERO, instrument.schedule.slope if instrument.schedule else ZERO
    for lower, upper, initial in value_tiers(instrument, price, NOTHING_HELD):
        covered = balance / order_cost_rate(instrument, side, leverage, fee_rate, initial)
        if slope and initial + slope * covered > 1 / leverage:
            share = initial + _fees_to_reserve(instrument) * fee_rate
            covered = ((share * share + 4 * slope * balance).sqrt() - share) / (2 * slope)
        value = max(covered, lower)
        if upper is None or covered <= upper:
            break
    lot, lots = instrument.lot, whole_lots(instrument, value * price / instrument.contract_size)

    def cost(contracts: Decimal) -> Decimal:
        return order_cost(instrument, side, contracts, price, leverage, fee_rate)

    for _ in repeat(None, CORRECTIONS):
        excess = cost(lots) - balance
        if excess <= 0 < cost(lots + lot) - balance:
            break
        more = whole_lots(instrument, lots * -excess / balance)
        lots = max(ZERO, lots + (more or (lot if excess <= 0 else -lot)))
    return lots


def _fees_to_reserve(instrument: Instrument) -> Decimal:
    return Decimal(2) if instrument.order_reserve == BOTH_FEES else ONE
