"""A liquidation or bankruptcy price as its venue prints it."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from perpcalc.core.instrument import Instrument
from perpcalc.core.rounding import Grid, on, to_multiple
from perpcalc.decimals import FINEST, settled

NO_PRICE = Decimal("1E+40")  # roots beyond it are what 100 digits leave of none


def price_at(instrument: Instrument, x: Decimal | None, end: str) -> Decimal | None:
    """The price at x coins per USD as the venue prints it; None where it is below a tick or above the largest.

    >>> from perpcalc.core.instrument import PLAIN
    >>> price_at(PLAIN, Decimal("0.0001"), "below") == 10_000, price_at(PLAIN, Decimal(0), "above") is None
    (True, True)
    """
    if not x:
        return None
    exact = settled(1 / x)
    if not FINEST <= exact <= (instrument.max_price or NO_PRICE):
        return None
    price = _rounded(instrument, x, exact, end)
    return price if price >= least_price(instrument) else None


def rounded_price(instrument: Instrument, x: Decimal, end: str) -> Decimal:
    """The liquidation or bankruptcy price at x coins per USD as the venue prints it: `end` "below" rounds up to the
    tick, "above" down.

    Where values are per lot (BitMEX) the value of a lot, `usd*x`, is cut first, down for the lower end and up for the
    upper: its satoshi arithmetic, verified on recorded positions.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rounding import Rounding
    >>> bybit = PLAIN._replace(tick=Decimal("0.5"), rounding=Rounding(liquidation_price="against tick"))
    >>> rounded_price(bybit, 1 / Decimal("5739.0835"), "below")
    Decimal('5739.5')
    """
    return _rounded(instrument, x, settled(1 / x), end)


def _rounded(instrument: Instrument, x: Decimal, price: Decimal, end: str) -> Decimal:
    """The same where the exact price is known."""
    rounding = instrument.rounding
    if rounding.liquidation_price is None:
        return price
    if isinstance(rounding.liquidation_price, Grid):
        return on(rounding.liquidation_price, price)
    if rounding.value_of == "lot" and rounding.value:
        usd = instrument.contract_size * instrument.lot
        per_lot = settled(usd * x).quantize(rounding.value.step, ROUND_FLOOR if end == "below" else ROUND_CEILING)
        price = usd / per_lot if per_lot else price
    if instrument.tick is None:
        return price
    return to_multiple(price, instrument.tick, ROUND_CEILING if end == "below" else ROUND_FLOOR)


def printed_step(instrument: Instrument) -> Decimal | None:
    """What a venue's liquidation prices are multiples of; None where they are not rounded.

    >>> from perpcalc.core.instrument import PLAIN
    >>> printed_step(PLAIN._replace(tick=Decimal("0.5"))) is None
    True
    """
    grid = instrument.rounding.liquidation_price
    if grid is None or isinstance(grid, Grid):
        return grid and grid.step
    return instrument.tick


def least_price(instrument: Instrument) -> Decimal:
    """The smallest price there is: one tick, else the last decimal that the venue prints.

    >>> from perpcalc.core.instrument import PLAIN
    >>> least_price(PLAIN._replace(tick=Decimal("0.5")))
    Decimal('0.5')
    """
    grid = instrument.rounding.liquidation_price
    return instrument.tick or (grid.step if isinstance(grid, Grid) else FINEST)


def printable_price(instrument: Instrument, price: Decimal, end: str) -> Decimal:
    """The nearest price at or beyond `price` that a venue prints as a liquidation price at this end, or prints on its
    safe side.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rounding import Rounding
    >>> bybit = PLAIN._replace(tick=Decimal("0.5"), rounding=Rounding(liquidation_price="against tick"))
    >>> printable_price(bybit, Decimal("50000.2"), "below"), printable_price(bybit, Decimal("50000.2"), "above")
    (Decimal('50000.0'), Decimal('50000.5'))
    """
    found = _printable(instrument, price, end)
    return price if found == price or not found else found


def _printable(instrument: Instrument, price: Decimal, end: str) -> Decimal:
    rounding, away = instrument.rounding, ROUND_FLOOR if end == "below" else ROUND_CEILING
    if rounding.liquidation_price is None:
        return price
    if isinstance(rounding.liquidation_price, Grid):
        return settled(price).quantize(rounding.liquidation_price.step, away)
    printed = price if instrument.tick is None else to_multiple(price, instrument.tick, away)
    if rounding.value_of == "lot" and rounding.value and printed:
        usd = instrument.contract_size * instrument.lot
        to_value = ROUND_CEILING if end == "below" else ROUND_FLOOR
        per_lot = settled(usd / printed).quantize(rounding.value.step, to_value)
        return usd / per_lot if per_lot else printed
    return printed
