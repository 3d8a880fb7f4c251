"""The probability that a position is liquidated within a time: what `liq-price`, `liq-cost` and `check` ask alike."""

from decimal import Decimal

from perpcalc.core.liquidation import Liquidation
from perpcalc.decimals import ZERO
from perpcalc.errors import PerpcalcError
from perpcalc.given import Given
from perpcalc.options import HORIZON, MARK_INTERVAL, VOL


def touch_probability(given: Given, found: Liquidation, start: Decimal) -> Decimal | None:
    """The probability of a liquidation within the horizon; None where no volatility is given.

    Raises PerpcalcError where no mark falls into the horizon, and for a volatility that is too large for it.
    """
    vol, horizon, interval = given[VOL], given[HORIZON], given[MARK_INTERVAL]
    if vol is None or horizon is None:
        return None
    from perpcalc.core.touch import liquidation_probability

    if interval is not None and interval > horizon > 0:
        raise PerpcalcError("is longer than the horizon, so that no mark falls into it", "give a shorter one").at(
            MARK_INTERVAL.key
        )
    try:
        return liquidation_probability(found, start, vol, horizon, interval or ZERO)
    except PerpcalcError as error:
        raise error.at(VOL.key) from None
