"""Power perpetuals: contracts on index^p whose longs pay the premium over it.

Computed with exponentials and logarithms: an estimate under the model named at each function, rounded to 12 significant
digits where `value` lets it out. A contract is one unit of index^p, so values are in USD per unit.
"""

from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.rules import DAY, YEAR
from perpcalc.core.touch import significant
from perpcalc.decimals import ONE, ZERO
from perpcalc.errors import PerpcalcError

LARGEST_EXPONENT = 100
SMALLEST_EXPONENT = -15
COLLATERAL_RATIO = Decimal("1.5")
"""What the coin behind a short must be worth, as a multiple of its debt at the mark; Squeeth's."""


class PowerContract(NamedTuple):
    """A contract on index^p whose longs pay `mark - index^p` once per `period` (minutes), in `periods` equal parts.

    `interest` is per year, that of USD.
    """

    power: Decimal
    index_price: Decimal
    period: Decimal = DAY
    periods: Decimal = ONE
    interest: Decimal = ZERO


class PowerValue(NamedTuple):
    """What a power perpetual is worth, to 12 significant digits; None where it is not known or there is none.

    `growth` is k, that of the payoff per funding period. The figures from `premium` to `gamma` are at the mark, else at
    the fair mark.
    """

    growth: Decimal | None
    fair_mark: Decimal | None
    premium: Decimal | None
    funding_per_day: Decimal | None
    delta: Decimal | None
    gamma: Decimal | None
    implied_vol: Decimal | None


def value(contract: PowerContract, vol: Decimal | None, mark: Decimal | None) -> PowerValue:
    """The fair mark at a yearly volatility, and the figures and the volatility that a mark implies, else the fair mark.

    Each by its own function below. Raises PerpcalcError as `payoff` and `fair_mark` do.

    >>> str(value(PowerContract(Decimal(2), Decimal(3_000)), Decimal("0.8"), None).fair_mark)
    '9031644.86606'
    """
    power, index, period, periods, interest = contract
    underlying = payoff(power, index)
    grown = None if vol is None else growth(power, vol, interest, period)
    fair = None if grown is None else fair_mark(underlying, grown, periods)
    at = fair if mark is None else mark
    figures = (
        grown,
        fair,
        at and premium_of(at, underlying),
        at and funding_per_day(at, underlying, period),
        at and delta(power, index, at),
        at and gamma(power, index, at),
        at and implied_vol(power, underlying, at, interest, period, periods),
    )
    return PowerValue(*(None if figure is None else significant(figure) for figure in figures))


def payoff(power: Decimal, index: Decimal) -> Decimal:
    """What the contract follows: `index^p`, not rounded.

    Raises PerpcalcError above 10^100, and below 10^-15, of which 18 decimals show too little. Source: Paradigm, Power
    Perpetuals, 2021-08-17.

    >>> str(payoff(Decimal(2), Decimal(3_000)))
    '9000000'
    """
    size = power * index.log10()
    if not SMALLEST_EXPONENT <= size <= LARGEST_EXPONENT:
        raise PerpcalcError(f"index^p is about 10^{round(size)}, which is out of range", "give a power nearer to 0")
    return index**power


def growth(power: Decimal, vol: Decimal, interest: Decimal, period: Decimal) -> Decimal:
    """The growth that the payoff is expected to have over a funding period: `k = (p - 1)*(r + p*vol^2/2)*T`.

    It is that of the power forward over the index's own, under geometric Brownian motion; rates per year, `period` in
    minutes. Source: Clark and Leone (Opyn), "More than you ever wanted to know about power perpetuals".

    >>> growth(Decimal(2), Decimal("0.5"), ZERO, YEAR)
    Decimal('0.25')
    """
    return (power - 1) * (interest + power * vol * vol / 2) * period / YEAR


def largest_growth(periods: Decimal) -> Decimal:
    """The growth per period from which on no price is fair, since funding cannot keep up: `N*ln((N + 1)/N)`.

    >>> round(largest_growth(ONE), 6)
    Decimal('0.693147')
    """
    return periods * ((periods + 1) / periods).ln()


def fair_mark(underlying: Decimal, grown: Decimal, periods: Decimal = ONE) -> Decimal | None:
    """The price that N funding payments a period make fair: `index^p/((N + 1)*e^(-k/N) - N)`; None where k is too
    large.

    Each payment is `(mark - index^p)/N`, so the contract is a basket of power forwards with the weights `(1/N)*(N/(N +
    1))^i`. Assumes geometric Brownian motion with constant volatility and interest. Source: Clark and Leone; for N = 1
    the everlasting option of White and Bankman-Fried, Paradigm, 2021-05-11; the closed sum is derived. Raises
    PerpcalcError for k below -100*N.

    >>> mark = fair_mark(Decimal(9_000_000), growth(Decimal(2), Decimal("0.8"), ZERO, Decimal(1_440)))
    >>> round(mark, 2)
    Decimal('9031644.87')
    """
    if grown >= largest_growth(periods):
        return None
    if grown < -LARGEST_EXPONENT * periods:
        raise PerpcalcError(
            "the payoff shrinks to nothing in a funding period", "give a smaller volatility, interest or period"
        )
    return underlying / ((periods + 1) * (-grown / periods).exp() - periods)


def premium_of(mark: Decimal, underlying: Decimal) -> Decimal:
    """The premium over the payoff, what longs pay per funding period as a share of it: `mark/index^p - 1`.

    >>> premium_of(Decimal(101), Decimal(100))
    Decimal('0.01')
    """
    return (mark - underlying) / underlying


def funding_per_day(mark: Decimal, underlying: Decimal, period: Decimal) -> Decimal:
    """What the holder of one unit pays a day in USD: `(mark - index^p)*day/period`, negative when received.

    Source: Paradigm, Power Perpetuals.

    >>> funding_per_day(Decimal(101), Decimal(100), Decimal(480))
    Decimal('3')
    """
    return (mark - underlying) * DAY / period


def delta(power: Decimal, index: Decimal, mark: Decimal) -> Decimal:
    """USD per unit for each USD of the index, the premium staying as it is: `p*mark/index = p*index^(p-1)*m`, m =
    mark/index^p.

    Source: Clark and Leone; Predy (p = 2).

    >>> delta(Decimal(2), Decimal(3_000), Decimal(9_000_000))
    Decimal('6000')
    """
    return power * mark / index


def gamma(power: Decimal, index: Decimal, mark: Decimal) -> Decimal:
    """The change of delta for each USD of the index: `p*(p - 1)*mark/index^2`.

    Source: as of `delta`.

    >>> gamma(Decimal(2), Decimal(3_000), Decimal(9_000_000))
    Decimal('2')
    """
    return power * (power - 1) * mark / index / index


def implied_vol(
    power: Decimal, underlying: Decimal, mark: Decimal, interest: Decimal, period: Decimal, periods: Decimal = ONE
) -> Decimal | None:
    """The volatility that makes a mark fair: `vol^2 = 2*(k/T - (p - 1)*r)/(p*(p - 1))`, `k = N*ln((N + 1)/(N +
    index^p/mark))`.

    None for p = 0 and 1, whose price does not depend on volatility, and where no volatility brings the mark. The
    inverse of `fair_mark`, not of Squeeth's or 01's quoting conventions. Source: derived.

    >>> grown = growth(Decimal(2), Decimal("0.8"), ZERO, Decimal(1_440))
    >>> mark = fair_mark(Decimal(9_000_000), grown)
    >>> round(implied_vol(Decimal(2), Decimal(9_000_000), mark, ZERO, Decimal(1_440)), 8)
    Decimal('0.80000000')
    """
    convexity = power * (power - 1)
    if not convexity:
        return None
    grown = periods * ((periods + 1) / (periods + underlying / mark)).ln()
    variance = round(2 * (grown * YEAR / period - (power - 1) * interest) / convexity, 50)
    return None if variance < ZERO else variance.sqrt()


def short_liquidation_price(
    power: Decimal, units: Decimal, collateral: Decimal, multiple: Decimal, ratio: Decimal = COLLATERAL_RATIO
) -> Decimal | None:
    """The index at which a short of N units backed by C coins is liquidated: `P = (C/(ratio*N*m))^(1/(p - 1))`.

    There the coins are worth `C*P = ratio*N*m*P^p`, with `m = mark/index^p` held as it is; they count what the units
    were sold for. Above it for p > 1, below it for p < 1. None for p = 1, where debt and collateral move together, and
    where no index between 10^-15 and 10^100 brings it. Source: Squeeth, opyn.gitbook.io, collateral ratio of 150 %;
    solved here.

    >>> int(short_liquidation_price(Decimal(2), Decimal("0.001"), Decimal(6), ONE))
    4000
    """
    if power == 1:
        return None
    covered = collateral / (ratio * units * multiple)
    size = covered.log10() / (power - 1)
    if not SMALLEST_EXPONENT <= size <= LARGEST_EXPONENT:
        return None
    return significant(covered ** (1 / (power - 1)))


def hedge_notional(units: Decimal, delta: Decimal, collateral: Decimal, index: Decimal) -> Decimal:
    """The USD of inverse contracts that leave such a short no delta: `(N*delta - C)*index`, positive for a long.

    The short loses `N*delta` USD for each USD of the index, its C coins gain C.

    >>> hedge_notional(Decimal("0.001"), Decimal(6_000), Decimal(5), Decimal(3_000))
    Decimal('3000.000')
    """
    return (units * delta - collateral) * index
