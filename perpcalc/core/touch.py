"""The probability that a moving price touches a liquidation price: an estimate, so floats, rounded where they leave."""

import decimal
import math
from decimal import Decimal
from typing import TYPE_CHECKING

from perpcalc.core.rules import YEAR
from perpcalc.decimals import ONE, ZERO
from perpcalc.errors import PerpcalcError

if TYPE_CHECKING:
    from perpcalc.core.liquidation import Liquidation

DISCRETE_SHIFT = 0.5826
"""-zeta(1/2)/sqrt(2*pi), as Broadie, Glasserman and Kou print it."""

FORMULA = "N((b + v/2) / sqrt(v)) + S/L * N((b - v/2) / sqrt(v)), b = ln(L/S), v = vol^2 * years"
"""What `touch_probability` reckons for one end L below the start S, as it is printed."""

LARGEST_SPREAD = 20.0

_DOOR = decimal.Context(prec=12, rounding=decimal.ROUND_HALF_EVEN)


def significant(value: Decimal) -> Decimal:
    """`value` to 12 significant digits: what estimates are given to.

    >>> significant(Decimal("0.12345678901234"))
    Decimal('0.123456789012')
    """
    return value.scaleb(ZERO, _DOOR)


def liquidation_probability(
    found: "Liquidation", start: Decimal, vol: Decimal, horizon: Decimal, mark_interval: Decimal = ZERO
) -> Decimal:
    """The probability that a position is liquidated within the horizon: 1 where it is beyond already, 0 where it never
    is.

    `start` is the price that `found` was reckoned from, USD per coin; `vol` is per year, the times are in minutes. See
    `touch_probability`.

    >>> from perpcalc.core.wallet import Holding
    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import isolated_margin
    >>> from perpcalc.core.liquidation import position_liquidation
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import SHORT, open_at
    >>> short = open_at(PLAIN, SHORT, Decimal(8_000), Decimal(8_000))
    >>> found = position_liquidation(Holding(short, flat_rate(Decimal("0.005"))), isolated_margin(short, ONE))
    >>> liquidation_probability(found, Decimal(8_000), Decimal("0.6"), Decimal(10_080))
    Decimal('0')
    """
    if found.beyond:
        return ONE
    return touch_probability(start, found.liquidation_below, found.liquidation_above, vol, horizon, mark_interval)


def touch_probability(
    start: Decimal,
    below: Decimal | None,
    above: Decimal | None,
    vol: Decimal,
    horizon: Decimal,
    mark_interval: Decimal = ZERO,
) -> Decimal:
    """The probability that a price touches `below` or `above` within the horizon.

    `N((b + v/2)/sqrt(v)) + (S/L)*N((b - v/2)/sqrt(v))` for a barrier L under the start S, with `b = ln(L/S)` and `v =
    vol^2*T`; an upper one with both signs inside N turned. Of two barriers the sum, at most 1 (the exact probability is
    a little less). Marks `mark_interval` apart are looked at, not the path between them: each barrier moves away by
    `exp(0.5826*vol*sqrt(interval))`.

    An estimate: geometric Brownian motion without drift, `dS = vol*S*dW`, a year of 365 days; real prices jump more
    often. Prices in USD per coin, `vol` per year as a fraction, times in minutes. Already at a barrier is 1; without
    volatility or time, 0. Raises PerpcalcError as `spread_over` does. Sources: reflection principle (arXiv:2505.08100
    prints the form without drift); Broadie, Glasserman, Kou, "A continuity correction for discrete barrier options",
    1997.

    >>> touch_probability(Decimal(62_500), Decimal(56_818), None, Decimal("0.6"), Decimal(10_080))
    Decimal('0.263480094129')
    """
    if (below is not None and start <= below) or (above is not None and start >= above):
        return ONE
    spread = spread_over(vol, horizon)
    if spread == 0:
        return ZERO
    shift = _shift(vol, mark_interval)
    touched = sum(_one_sided(_log_distance(start, end) + shift, end < start, spread) for end in (below, above) if end)
    return significant(Decimal(repr(min(1.0, touched))))


def barrier_seen(start: Decimal, end: Decimal, vol: Decimal, mark_interval: Decimal) -> Decimal:
    """The barrier that a continuous price would have to touch as often as marks at intervals touch `end`.

    `end*exp(-/+0.5826*vol*sqrt(interval))`, away from the start; to 12 significant digits.

    >>> barrier_seen(Decimal(62_500), Decimal(56_818), Decimal("0.6"), ZERO)
    Decimal('56818.0')
    """
    away = -1 if end < start else 1
    return significant(end * Decimal(repr(math.exp(away * _shift(vol, mark_interval)))))


def spread_over(vol: Decimal, horizon: Decimal) -> float:
    """The standard deviation of the logarithm of the price over the horizon, `vol*sqrt(T)`.

    `vol` per year, the horizon in minutes. Raises PerpcalcError above 20, where no estimate means anything.

    >>> spread_over(Decimal("0.6"), YEAR)
    0.6
    """
    spread = float(vol) * math.sqrt(float(horizon / YEAR))
    if spread > LARGEST_SPREAD:
        raise PerpcalcError("is too large for the horizon", "give one of which vol*sqrt(years) is at most 20")
    return spread


def _shift(vol: Decimal, mark_interval: Decimal) -> float:
    """How far a barrier moves away in the logarithm where only marks at intervals are looked at."""
    return DISCRETE_SHIFT * float(vol) * math.sqrt(float(mark_interval / YEAR))


def _log_distance(start: Decimal, end: Decimal) -> float:
    """`|ln(end/start)|`, exact for a barrier that is near."""
    change = (end - start) / start
    return abs(math.log1p(float(change)) if abs(change) < Decimal("0.5") else math.log(float(end / start)))


def _one_sided(distance: float, is_below: bool, spread: float) -> float:
    """The probability of moving `distance` in the logarithm to one side, for a price without drift."""
    drift = spread * spread / 2
    toward = drift if is_below else -drift
    again = distance if is_below else -distance
    return _normal((toward - distance) / spread) + math.exp(again) * _normal((-toward - distance) / spread)


def _normal(z: float) -> float:
    """The distribution function of the standard normal, without loss in its lower tail."""
    return math.erfc(-z / math.sqrt(2)) / 2
