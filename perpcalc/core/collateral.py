"""How much of a coin counts as collateral: ratios by bands of its quantity or of its value in USD."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import PerpcalcError

UNITS = {"coin": "coins", "usd": "USD"}


class Band(NamedTuple):
    """Up to `upper` (None without end) each further unit counts at `rate`, so that all count `rate*amount + offset`."""

    upper: Decimal | None
    rate: Decimal
    offset: Decimal = ZERO


class Weight(NamedTuple):
    """A collateral ratio in rising bands, the last without end; `unit` is what they count, "coin" or "usd"."""

    bands: tuple[Band, ...]
    unit: str = "coin"


DEBT = Band(ZERO, ONE)
FULL = Weight((Band(None, ONE),))


def flat_weight(rate: Decimal) -> Weight:
    """A collateral ratio that is the same for every quantity.

    Raises PerpcalcError unless it is from 0 to 100 %.

    >>> str(flat_weight(Decimal("0.98")).bands[0].rate)
    '0.98'
    """
    return Weight((Band(None, _ratio(rate)),))


def banded_weight(
    bands: Iterable[tuple[Decimal | None, Decimal]], unit: str = "coin", beyond: Decimal = ZERO
) -> Weight:
    """A collateral ratio by bands, each an upper end and its rate; what is above the last one counts at `beyond`.

    `offset_n = offset_(n-1) + upper_(n-1)*(rate_(n-1) - rate_n)`. Raises PerpcalcError where there is no band, ends do
    not rise, or a ratio is not from 0 to 100 %.

    >>> weight = banded_weight([(Decimal(10), Decimal("0.98")), (Decimal(20), Decimal("0.95"))])
    >>> [str(band.offset) for band in weight.bands]
    ['0', '0.30', '19.30']
    """
    found: list[Band] = []
    floor, offset = ZERO, ZERO
    for number, (upper, rate) in enumerate(bands, 1):
        if found:
            below = found[-1]
            if below.upper is None:
                raise PerpcalcError(f"band {number - 1} has no upper end and is not the last", "give it one")
            floor, offset = below.upper, below.offset + below.upper * (below.rate - _ratio(rate))
        if upper is not None and upper <= floor:
            where = f"band {number - 1} ends" if found else "the first one starts"
            raise PerpcalcError(
                f"band {number} ends at {plain(upper)} {UNITS[unit]}, not above {plain(floor)}, where {where}",
                "give upper ends that rise",
            )
        found.append(Band(upper, _ratio(rate), offset))
    if not found:
        raise PerpcalcError("there is no band of a collateral ratio", "give one, as in [[10, 98%]]")
    last = found[-1]
    if last.upper is not None:
        found.append(Band(None, _ratio(beyond), last.offset + last.upper * (last.rate - beyond)))
    return Weight(tuple(found), unit)


def band_number(weight: Weight, amount: Decimal) -> int:
    """The band that an amount of the weight's unit is in, from 1; 0 for a debt. An upper end is inside its band.

    >>> weight = banded_weight([(Decimal(10), Decimal("0.98")), (Decimal(20), Decimal("0.95"))])
    >>> [band_number(weight, Decimal(amount)) for amount in (-1, 10, 11, 21)]
    [0, 1, 2, 3]
    """
    if amount <= 0:
        return 0
    return next(number for number, band in enumerate(weight.bands, 1) if band.upper is None or amount <= band.upper)


def counted(weight: Weight, value: Decimal, price: Decimal) -> tuple[int, Decimal]:
    """The band that `value` USD of a coin are in, and what counts of them: each band at its own rate, a debt in full.

    `rate*value + offset*P` where bands count coins, `rate*value + offset` where they count USD. Sources: Bybit help,
    tiered collateral ratio (2025-09-18); Binance FAQ 4868b2f1; OKX help 360054690531.

    >>> weight = banded_weight([(Decimal(10), Decimal("0.98")), (Decimal(20), Decimal("0.95"))])
    >>> [str(counted(weight, Decimal(value), Decimal(100))[1]) for value in (-500, 1_500, 2_500)]
    ['-500', '1455.00', '1930.00']
    """
    in_coins = weight.unit == "coin"
    number = band_number(weight, value / price if in_coins else value)
    band = (DEBT, *weight.bands)[number]
    return number, band.rate * value + band.offset * (price if in_coins else ONE)


def counted_by(
    reading: str, weight: Weight, balance: Decimal, price: Decimal, equity_usd: Decimal
) -> tuple[int, Decimal]:
    """The band that a coin is in, and what counts of its equity in USD: `g(E)*P`, or `g(B)*P + profit` by its balance.

    >>> half = flat_weight(Decimal("0.5"))
    >>> [str(counted_by(reading, half, ONE, Decimal(100), Decimal(80))[1]) for reading in ("equity", "balance")]
    ['40.0', '30.0']
    """
    if reading == "equity":
        return counted(weight, equity_usd, price)
    band, usd = counted(weight, balance * price, price)
    return band, usd + (equity_usd - balance * price)


def _ratio(rate: Decimal) -> Decimal:
    if rate > ONE:
        raise PerpcalcError(f"a collateral ratio of {plain(rate * 100)}% is above 100%", "give 100% or less")
    if rate < ZERO:
        raise PerpcalcError(f"a collateral ratio of {plain(rate * 100)}% is negative", "give 0% or more")
    return rate
