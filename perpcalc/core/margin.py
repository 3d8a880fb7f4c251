"""Maintenance-margin schedules, and the pieces that each makes of a position's margin over 1/price."""

from decimal import Decimal
from typing import NamedTuple

from perpcalc.decimals import ONE, ZERO


class Tier(NamedTuple):
    """Up to `limit` (in the schedule's unit, None without end) the rate is `rate`.

    `deduction` is what a marginal schedule takes off `rate` times the whole, in the schedule's unit.
    """

    limit: Decimal | None
    rate: Decimal
    deduction: Decimal = ZERO


class Schedule(NamedTuple):
    """The maintenance margin a venue asks for.

    `basis` is the value the rate applies to: "entry" or "mark". `unit` is what the tiers count: "coin"
    (value on that basis), "contracts" or "usd". A marginal schedule taxes each band at its own rate
    (the deductions do that); otherwise the whole position takes the rate of its tier. `slope` is added to
    the rate for each coin of value (Deribit). `adverse_funding` adds a funding rate that is against the position.
    """

    tiers: tuple[Tier, ...]
    basis: str = "mark"
    unit: str = "coin"
    marginal: bool = True
    slope: Decimal = ZERO
    adverse_funding: bool = False
    numbered: bool = True


class ClosingFee(NamedTuple):
    """The closing fee that counts into liquidation: its rate, and whether it is charged at the bankruptcy price."""

    rate: Decimal
    at_bankruptcy: bool = False


NO_CLOSING_FEE = ClosingFee(ZERO)


class Piece(NamedTuple):
    """Maintenance margin `constant + linear*x + quadratic*x^2` coins from x = `start` on, x = 1/price.

    It is `value*(rate + slope*value) - deduction - deduction_usd*x`. `tier` counts from 1 and is None where the schedule
    does not number its tiers.
    """

    start: Decimal
    constant: Decimal
    linear: Decimal
    quadratic: Decimal
    tier: int | None
    rate: Decimal
    slope: Decimal
    deduction: Decimal
    deduction_usd: Decimal


def flat_rate(rate: Decimal, deduction: Decimal = ZERO, basis: str = "mark") -> Schedule:
    """A schedule of one rate for every size; the deduction is in coin.

    >>> flat_rate(Decimal("0.005")).tiers[0].rate
    Decimal('0.005')
    """
    return Schedule((Tier(None, rate, deduction),), basis, numbered=False)


def with_deductions(limits: tuple[Decimal | None, ...], rates: tuple[Decimal, ...]) -> tuple[Tier, ...]:
    """The tiers of a marginal schedule: `deduction_n = deduction_(n-1) + limit_(n-1)*(rate_n - rate_(n-1))`.

    Source: Binance, "How to calculate the liquidation price of COIN-M futures"; Bybit, margin parameters.

    >>> tiers = with_deductions((Decimal(5), Decimal(10), None), tuple(map(Decimal, ("0.004", "0.005", "0.01"))))
    >>> [str(tier.deduction) for tier in tiers]
    ['0', '0.005', '0.055']
    """
    tiers: list[Tier] = []
    for limit, rate in zip(limits, rates, strict=True):
        deduction = ZERO
        if tiers:
            below = tiers[-1]
            assert below.limit is not None
            deduction = below.deduction + below.limit * (rate - below.rate)
        tiers.append(Tier(limit, rate, deduction))
    return tuple(tiers)


def tier_index(tiers: tuple[Tier, ...], size: Decimal) -> int:
    """The index of the tier that holds `size`; sizes past the last limit stay in the last tier.

    >>> tier_index((Tier(Decimal(5), ZERO), Tier(None, ZERO)), Decimal("5.1"))
    1
    """
    for index, tier in enumerate(tiers):
        if tier.limit is None or size <= tier.limit:
            return index
    return len(tiers) - 1


def maintenance_pieces(
    schedule: Schedule,
    contracts: Decimal,
    notional: Decimal,
    entry_value: Decimal,
    funding_rate: Decimal = ZERO,
) -> list[Piece]:
    """The maintenance margin of a position as a function of x = 1/price, piece by piece from x = 0.

    On the mark the value is `w = Q*x` and a tier asks `(rate + slope*w)*w - deduction`; on the entry it is
    `V*rate - deduction`, the same at every price. `funding_rate` is signed as the position pays it.

    >>> pieces = maintenance_pieces(flat_rate(Decimal("0.01")), Decimal(100), Decimal(100), Decimal(1))
    >>> str(pieces[0].linear)
    '1.00'
    """
    tiers, slope = schedule.tiers, schedule.slope
    adverse = max(ZERO, funding_rate) if schedule.adverse_funding else ZERO
    unit = notional / contracts if schedule.unit == "contracts" else ONE

    def piece(index: int, start: Decimal = ZERO) -> Piece:
        tier = tiers[index]
        rate = tier.rate + adverse
        number = index + 1 if schedule.numbered and not slope else None
        deduction = tier.deduction * unit
        coin, usd = (deduction, ZERO) if schedule.unit == "coin" else (ZERO, deduction)
        if schedule.basis == "entry":
            coin, usd = coin + usd * entry_value / notional, ZERO
            constant = (rate + slope * entry_value) * entry_value - coin
            return Piece(start, constant, ZERO, ZERO, number, rate, slope, coin, usd)
        linear, quadratic = rate * notional - usd, slope * notional * notional
        return Piece(start, -coin, linear, quadratic, number, rate, slope, coin, usd)

    if schedule.unit == "contracts":
        return [piece(tier_index(tiers, contracts))]
    if schedule.unit == "usd":
        return [piece(tier_index(tiers, notional))]
    if schedule.basis == "entry":
        return [piece(tier_index(tiers, entry_value))]
    pieces = [piece(0)]
    for index, below in enumerate(tiers[:-1], 1):
        assert below.limit is not None
        pieces.append(piece(index, below.limit / notional))
    return pieces
