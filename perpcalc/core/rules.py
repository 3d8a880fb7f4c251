"""What a venue's rules are: tiers of maintenance margin, closing fees, funding, and how it liquidates."""

from decimal import Decimal
from typing import NamedTuple

from perpcalc.decimals import ONE, ZERO

HOUR, DAY, YEAR = Decimal(60), Decimal(1440), Decimal(525_600)


class Tier(NamedTuple):
    """Up to `limit` (in the schedule's unit, None without end) the rate is `rate`.

    `deduction` is what a marginal schedule takes off `rate` times the whole, in the schedule's unit. `initial` is the
    rate of the initial margin, which applies to the whole position; None where it is not known.
    """

    limit: Decimal | None
    rate: Decimal
    deduction: Decimal = ZERO
    initial: Decimal | None = None


class Schedule(NamedTuple):
    """The maintenance margin a venue asks for.

    `basis` is the value the rate applies to: "entry" or "mark". `unit` is what the tiers count: "coin" (value on that
    basis), "contracts" or "usd". A marginal schedule taxes each band at its own rate (the deductions do that);
    otherwise the whole position takes the rate of its tier. `slope` is added to the rate, and to that of the initial
    margin, for each coin of value (Deribit). `adverse_funding` adds a funding rate that is against the position.
    `leverage_tiers` have the initial rates where those change inside a tier of the maintenance rate.
    """

    tiers: tuple[Tier, ...]
    basis: str = "mark"
    unit: str = "coin"
    marginal: bool = True
    slope: Decimal = ZERO
    adverse_funding: bool = False
    numbered: bool = True
    leverage_tiers: tuple[Tier, ...] = ()


class ClosingFee(NamedTuple):
    """The closing fee that counts into liquidation: its rate, and whether it is charged at the bankruptcy price."""

    rate: Decimal
    at_bankruptcy: bool = False


NO_CLOSING_FEE = ClosingFee(ZERO)

OPENING_FEE, BOTH_FEES, FEE_AT_BANKRUPTCY = "opening fee", "both fees", "closing fee at bankruptcy"
ORDER_RESERVES = (OPENING_FEE, BOTH_FEES, FEE_AT_BANKRUPTCY)
"""What a venue reserves for an order beside its margin: the fee to open, twice that fee, or it and the fee to close at
the bankruptcy price.
"""


class FundingRule(NamedTuple):
    """How a venue charges funding; durations in minutes.

    The rate of an interval is `premium/divisor + clamp(interest - premium/divisor, -damper, +damper)`, then capped,
    where `interest` is `interest_per_day*interval/day`. A rate is quoted per `rate_interval`, where that is not the
    interval itself. `continuous` venues charge fractions of an interval; where `coin_rate`, the payment is a rate in
    coin per USD, `rate/index`, times the USD size. `averaging` is how samples of the premium are weighted, "linear" or
    "equal", None where that is not known or each moment is charged by itself.
    """

    interval: Decimal
    rate_interval: Decimal | None = None
    interest_per_day: Decimal = ZERO
    damper: Decimal = ZERO
    cap: Decimal | None = None
    divisor: Decimal = ONE
    continuous: bool = False
    coin_rate: bool = False
    averaging: str | None = None
    sample_interval: Decimal | None = None


class Terms(NamedTuple):
    """How a venue liquidates: the fee on the value it closes, and whether it keeps what is left of the margin."""

    fee: Decimal = ZERO
    kept: bool = True


ALL_KEPT = Terms()


def flat_rate(rate: Decimal, deduction: Decimal = ZERO, basis: str = "mark") -> Schedule:
    """A schedule of one rate for every size; the deduction is in coin.

    >>> flat_rate(Decimal("0.005")).tiers[0].rate
    Decimal('0.005')
    """
    return Schedule((Tier(None, rate, deduction),), basis, numbered=False)


def with_deductions(
    limits: tuple[Decimal | None, ...], rates: tuple[Decimal, ...], initials: tuple[Decimal | None, ...] = ()
) -> tuple[Tier, ...]:
    """The tiers of a marginal schedule: `deduction_n = deduction_(n-1) + limit_(n-1)*(rate_n - rate_(n-1))`.

    `initials` are the rates of the initial margin, where they are known for every tier. Source: Binance, "How to
    calculate the liquidation price of COIN-M futures"; Bybit, margin parameters.

    >>> tiers = with_deductions((Decimal(5), Decimal(10), None), tuple(map(Decimal, ("0.004", "0.005", "0.01"))))
    >>> [str(tier.deduction) for tier in tiers]
    ['0', '0.005', '0.055']
    """
    tiers: list[Tier] = []
    for limit, rate, initial in zip(limits, rates, initials or (None,) * len(rates), strict=True):
        deduction = ZERO
        if tiers:
            below = tiers[-1]
            assert below.limit is not None
            deduction = below.deduction + below.limit * (rate - below.rate)
        tiers.append(Tier(limit, rate, deduction, initial))
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
