"""Funding of perpetual contracts: from premium to rate, from rate to payments, and what they do to the margin."""

import decimal
from collections.abc import Iterable, Sequence
from decimal import Decimal

from perpcalc.core.instrument import Instrument, coin_value
from perpcalc.core.rounding import Grid, on, to_multiple
from perpcalc.core.rules import DAY, YEAR, FundingRule
from perpcalc.core.wallet import Wallet, closing_fees, equity, maintenance
from perpcalc.decimals import INTEGER_DIGITS, ONE, ZERO, settled


def clamp(value: Decimal, low: Decimal, high: Decimal) -> Decimal:
    """`value`, or the bound it passes.

    >>> clamp(Decimal(5), Decimal(-1), Decimal(1))
    Decimal('1')
    """
    return max(low, min(value, high))


def premium(mark: Decimal, index: Decimal) -> Decimal:
    """The premium of a price over the index: `(mark - index)/index`.

    >>> premium(Decimal(7_070), Decimal(7_000))
    Decimal('0.01')
    """
    return (mark - index) / index


def funding_rate(
    rule: FundingRule | None, average_premium: Decimal, interval: Decimal | None = None, grid: Grid | None = None
) -> Decimal:
    """The rate a venue sets for an average premium: `F = P + clamp(I - P, -d, +d)`, capped.

    Without a rule the premium itself. Inside the damper band `F = I` exactly; on Deribit `I = 0`, which is its
    `max(d, premium) + min(-d, premium)`. Source: OKX, Bybit, Gate funding pages; support.deribit.com 31424939178397.

    >>> rule = FundingRule(Decimal(480), interest_per_day=Decimal("0.0003"), damper=Decimal("0.0005"))
    >>> str(funding_rate(rule, Decimal("0.001"))), str(funding_rate(rule, ZERO))
    ('0.0005', '0.0001')
    """
    if rule is None:
        return average_premium
    level = average_premium / rule.divisor
    interest = rule.interest_per_day * (interval or rule.interval) / DAY
    rate = level + clamp(interest - level, -rule.damper, rule.damper)
    return on(grid, rate if rule.cap is None else clamp(rate, -rule.cap, rule.cap))


def accrued_rate(rule: FundingRule, premiums: Sequence[Decimal], grid: Grid | None = None) -> Decimal:
    """The rate that equally long moments add up to where each is charged by itself: the mean of their rates.

    The damper makes it another than the rate of the mean premium. Source: deribit.com/pages/docs/perpetual.

    >>> rule = FundingRule(Decimal(480), damper=Decimal("0.0005"), continuous=True)
    >>> str(accrued_rate(rule, [Decimal("0.0015"), Decimal("-0.0005")])), str(funding_rate(rule, Decimal("0.0005")))
    ('0.0005', '0.0000')
    """
    return on(grid, equal_average([funding_rate(rule, premium) for premium in premiums]))


def intervals_in(duration: Decimal, interval: Decimal, continuous: bool = False) -> Decimal:
    """How many payments fall into a duration: whole ones, fractions where funding is continuous.

    >>> intervals_in(Decimal(1500), Decimal(480)), intervals_in(Decimal(240), Decimal(480), continuous=True)
    (Decimal('3'), Decimal('0.5'))
    """
    if continuous:
        return duration / interval
    return to_multiple(duration / interval, ONE, decimal.ROUND_FLOOR)


def funding_payment(
    instrument: Instrument,
    side: Decimal,
    contracts: Decimal,
    rate: Decimal,
    mark: Decimal,
    index: Decimal | None = None,
    periods: Decimal = ONE,
) -> Decimal:
    """What one payment costs the position in coin, negative when received: `s*rate*periods*Q/mark`.

    On venues with a coin rate (Kraken): `s*round(rate/index)*Q`, the mark standing in for a missing index. A positive
    rate is paid by longs; `periods` is how many rate intervals one payment covers. Source: BitMEX perpetual guide;
    support.kraken.com funding-rate article.

    >>> from perpcalc.core.instrument import PLAIN
    >>> funding_payment(PLAIN, ONE, Decimal(15_000), Decimal("0.0025"), Decimal(750))
    Decimal('0.0500')
    """
    rounding = instrument.rounding
    if instrument.funding is not None and instrument.funding.coin_rate:
        per_usd = on(rounding.coin_rate, rate / (index or mark))
        return on(rounding.funding, side * per_usd * contracts * instrument.contract_size * periods)
    return on(rounding.funding, side * coin_value(instrument, contracts, mark) * rate * periods)


def total_of_history(
    instrument: Instrument,
    side: Decimal,
    contracts: Decimal,
    history: Iterable[tuple[Decimal, Decimal]],
    periods: Decimal = ONE,
) -> Decimal:
    """The cost in coin of a series of (rate, mark), each payment rounded as the venue does.

    >>> from perpcalc.core.instrument import PLAIN
    >>> past = [(Decimal("0.0001"), Decimal(50_000)), (Decimal("-0.0001"), Decimal(40_000))]
    >>> total_of_history(PLAIN, ONE, Decimal(100_000), past) == Decimal("-0.00005")
    True
    """
    payments = (funding_payment(instrument, side, contracts, rate, mark, periods=periods) for rate, mark in history)
    return sum(payments, ZERO)


def annual_rate(side: Decimal, rate: Decimal, interval: Decimal) -> Decimal:
    """The simple yearly cost of a rate as a share of the position's value: `s*rate*year/interval`.

    >>> str(annual_rate(ONE, Decimal("0.0001"), Decimal(480)))
    '0.1095'
    """
    return side * rate * YEAR / interval


def annual_yield(side: Decimal, rate: Decimal, interval: Decimal) -> Decimal | None:
    """The compounded yearly cost: `(1 + s*rate)^(year/interval) - 1`.

    None where one payment brings in more than the whole value, or the result has more than 15 digits before the point.

    >>> round(annual_yield(ONE, Decimal("0.0001"), Decimal(480)), 6)
    Decimal('0.115714')
    """
    growth, times = 1 + side * rate, YEAR / interval
    if growth < 0:
        return None
    if (growth - 1) * times > 2 * INTEGER_DIGITS and growth.log10() * times > INTEGER_DIGITS:  # log10(1 + r) < r/2
        return None
    return growth**times - 1


def after_paying(wallet: Wallet, cost: Decimal) -> Wallet:
    """The wallet with a cost in coin taken from its collateral: `B' = B - cost`.

    >>> from perpcalc.core.wallet import Wallet
    >>> after_paying(Wallet(ONE, ONE, ZERO, (), ()), Decimal("0.3")).collateral
    Decimal('0.7')
    """
    return Wallet(wallet.collateral - cost, wallet.constant - cost, *wallet[2:])


def intervals_to_liquidation(wallet: Wallet, payment: Decimal, x: Decimal, continuous: bool = False) -> Decimal | None:
    """After how many payments the equity has come down to the maintenance margin, at a constant mark; None is never.

    `n = (B + s*(V - Q*x) - MM(x) - fees)/payment` at x = 1/mark, rounded up to whole payments unless funding is
    continuous; 0 where it is there already.

    >>> from perpcalc.core.wallet import Wallet
    >>> str(intervals_to_liquidation(Wallet(ONE, ONE, ZERO, (), ()), Decimal("0.3"), ONE))
    '4'
    """
    held, asked = equity(wallet, x), maintenance(wallet, x) + closing_fees(wallet, x)
    if settled(held) <= settled(asked):
        return ZERO
    if payment <= 0:
        return None
    room = held - asked
    return room / payment if continuous else to_multiple(room / payment, ONE, decimal.ROUND_CEILING)


def linear_average(samples: Sequence[Decimal]) -> Decimal:
    """The linearly weighted average, the last sample heaviest: `sum(i*P_i)/(n(n + 1)/2)`, i = 1..n.

    Source: Bybit funding page; WhiteBIT 35403646760989.

    >>> linear_average([Decimal(1), Decimal(4)])
    Decimal('3')
    """
    weighted = sum((weight * sample for weight, sample in enumerate(samples, 1)), ZERO)
    return 2 * weighted / (len(samples) * (len(samples) + 1))


def equal_average(samples: Sequence[Decimal]) -> Decimal:
    """The time-weighted average of equally spaced samples: their mean.

    >>> equal_average([Decimal(1), Decimal(4)])
    Decimal('2.5')
    """
    return sum(samples, ZERO) / len(samples)
