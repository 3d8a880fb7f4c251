"""What a venue reserves for an order or a position: initial margin and the fees to open and to close it."""

from decimal import Decimal

from perpcalc.core.instrument import Instrument
from perpcalc.core.rounding import on
from perpcalc.decimals import ONE, ZERO


def closing_fee_reserve(
    instrument: Instrument, side: Decimal, value: Decimal, margin: Decimal, rate: Decimal
) -> Decimal:
    """The fee reserved for closing at the bankruptcy price, in coin: `f*(V + s*margin)`.

    A long pays it on a larger coin value than it entered with, a short on a smaller one. Source: Bybit help, order cost
    (inverse), 2024-10-30; BitMEX reserves the long's for both sides.

    >>> from perpcalc.core.instrument import PLAIN
    >>> closing_fee_reserve(PLAIN, ONE, ONE, Decimal("0.02"), Decimal("0.0005"))
    Decimal('0.000510')
    """
    return on(instrument.rounding.closing_fee, rate * (value + side * margin))


def order_cost_rate(
    instrument: Instrument, side: Decimal, leverage: Decimal, fee_rate: Decimal, least_closing: Decimal = ZERO
) -> Decimal:
    """What an order reserves per coin of its value: `1/L + f + f*max(1 + s/L, least)`.

    The initial margin, the fee to open and the fee to close at the bankruptcy price; `1/L` and the sum are rounded like a margin.
    Source: Bybit order cost (inverse), 2019 to 2024; its engine takes at least 0.01 for a 1x short, inferred from one printed rate.

    >>> from perpcalc.core.instrument import PLAIN
    >>> order_cost_rate(PLAIN, ONE, Decimal(2), Decimal("0.00075"))
    Decimal('0.501875')
    """
    grid = instrument.rounding.margin
    margin_rate = on(grid, ONE / leverage)
    return on(grid, margin_rate + fee_rate + fee_rate * max(1 + side * margin_rate, least_closing))
