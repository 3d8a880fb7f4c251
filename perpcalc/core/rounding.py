"""How a venue rounds each figure it prints; the default rounds nothing."""

import decimal
from decimal import Decimal
from typing import NamedTuple

from perpcalc.decimals import ONE, ZERO, settled

MODES = {
    "floor": decimal.ROUND_FLOOR,
    "ceiling": decimal.ROUND_CEILING,
    "down": decimal.ROUND_DOWN,
    "up": decimal.ROUND_UP,
    "half-up": decimal.ROUND_HALF_UP,
    "half-even": decimal.ROUND_HALF_EVEN,
}


class Grid(NamedTuple):
    """A number of decimals and the direction to round to them in."""

    step: Decimal
    mode: str

    def __str__(self) -> str:
        name = next(name for name, mode in MODES.items() if mode == self.mode)
        return f"{name}, {-int(self.step.as_tuple().exponent)} decimals"


def grid(text: str) -> Grid:
    """The grid that `MODE DECIMALS` names; floor and ceiling are signed, down is toward zero.

    Raises KeyError or ValueError where the text is something else.

    >>> grid("ceiling 8").step
    Decimal('1E-8')
    """
    mode, decimals = text.split()
    return Grid(ONE.scaleb(-int(decimals)), MODES[mode])


class Rounding(NamedTuple):
    """Which grid each kind of figure falls on; None leaves it exact.

    `stored_value` is what the engine keeps of a trade and computes with, `value` any other coin value it prints: taken
    of one contract where `value_of` is "contract"; of one lot, and the stored value too, where it is "lot". `average`
    None is the average of the exact values. `pnl` None is the difference of the two printed values. `closing_fee_at` is
    the bankruptcy price that the reserved closing fee is taken at, "printed" or "exact", and `roe_of` the amounts that
    a return on equity divides. `liquidation_price` is a grid or "against tick": to the tick, up for the lower end and
    down for the upper, with the value per lot cut first where `value_of` is "lot".
    """

    value: Grid | None = None
    value_of: str = "position"
    stored_value: Grid | None = None
    average: Grid | None = None
    pnl: Grid | None = None
    fee: Grid | None = None
    margin: Grid | None = None
    maintenance: Grid | None = None
    closing_fee: Grid | None = None
    closing_fee_at: str = "printed"
    liquidation_price: Grid | str | None = None
    funding: Grid | None = None
    funding_rate: Grid | None = None
    coin_rate: Grid | None = None
    roe: Grid | None = None
    roe_of: str = "printed"


EXACT = Rounding()
NOISE = ONE.scaleb(-80)
SURE_DIGITS = 79


def on(grid: Grid | None, amount: Decimal) -> Decimal:
    """`amount` on the grid, or as it is where there is none.

    >>> on(Grid(Decimal("0.01"), decimal.ROUND_CEILING), Decimal("-1.005"))
    Decimal('-1.00')
    """
    return amount if grid is None else settled(amount).quantize(grid.step, grid.mode)


def without_noise(found: Decimal, *terms: Decimal) -> Decimal:
    """The sum or difference of some terms, and exactly 0 where it is but what the digits they were cut to have left.

    One term may be left out: where the sum is so small, it is no larger than the others together.

    >>> third = ONE / 3
    >>> ONE - 3 * third == 0, without_noise(ONE - 3 * third, ONE) == 0
    (False, True)
    """
    largest = found.adjusted() + SURE_DIGITS
    for term in terms:
        if term.adjusted() > largest:
            return found if abs(found) > max(map(abs, terms)) * NOISE else ZERO
    return found or ZERO


def to_multiple(amount: Decimal, step: Decimal, mode: str) -> Decimal:
    """The multiple of `step` (a tick, a lot) that `amount` rounds to.

    >>> to_multiple(Decimal("5739.08"), Decimal("0.5"), decimal.ROUND_CEILING)
    Decimal('5739.5')
    """
    return settled(amount / step).quantize(ONE, mode) * step
