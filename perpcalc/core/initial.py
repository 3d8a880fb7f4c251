"""The initial margin: what a venue asks for to open a position, and the leverage that its tiers allow."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.instrument import Instrument
from perpcalc.core.rules import Schedule, Tier, tier_index
from perpcalc.decimals import ONE, ZERO, settled


class Size(NamedTuple):
    """Contracts, and their coin value at the entry; those of the other side of a one-way account count below 0."""

    contracts: Decimal
    value: Decimal


NOTHING_HELD = Size(ZERO, ZERO)


def initial_rate(instrument: Instrument, contracts: Decimal, value: Decimal) -> Decimal | None:
    """The rate of the initial margin of contracts worth `value` coins at the entry: `initial + slope*V`; None where not
    known.

    The whole position takes the rate of its tier. Sources: the venues' tables of tiers; Deribit, standard margin,
    2022-01-11.

    >>> from perpcalc.core.instrument import PLAIN
    >>> tiers = (Tier(None, Decimal("0.01"), initial=Decimal("0.02")),)
    >>> deribit = PLAIN._replace(schedule=Schedule(tiers, marginal=False, slope=Decimal("0.00005")))
    >>> str(initial_rate(deribit, ONE, Decimal(25)))
    '0.02125'
    """
    if instrument.schedule is None:
        return None
    initial = _tier(instrument, instrument.schedule, contracts, value).initial
    return None if initial is None else initial + instrument.schedule.slope * value


def largest_leverage(instrument: Instrument, contracts: Decimal, value: Decimal) -> Decimal | None:
    """The largest leverage of contracts worth `value` coins at the entry: `1/initial` of their tier; None where not
    known.

    At most the contract's. A rate that grows with each coin (Deribit) asks for more margin and leaves the leverage.

    >>> from perpcalc.core.instrument import PLAIN
    >>> tiers = (Tier(Decimal(5), ZERO, initial=Decimal("0.01")), Tier(None, ZERO, initial=Decimal("0.2")))
    >>> limited = PLAIN._replace(max_leverage=Decimal(50), schedule=Schedule(tiers))
    >>> str(largest_leverage(limited, ONE, Decimal(5))), str(largest_leverage(limited, ONE, Decimal(6)))
    ('50', '5')
    """
    highest = instrument.max_leverage
    if instrument.schedule is None:
        return highest
    initial = _tier(instrument, instrument.schedule, contracts, value).initial
    if not initial:
        return highest
    allowed = settled(1 / initial)
    return allowed if highest is None else min(allowed, highest)


def allows(instrument: Instrument, leverage: Decimal, contracts: Decimal, value: Decimal) -> bool:
    """Whether contracts worth `value` coins at the entry may have a leverage: at most the contract's, and
    `leverage*initial <= 1` of their tier, where those are known.

    >>> from perpcalc.core.instrument import PLAIN
    >>> tiers = (Tier(Decimal(5), ZERO, initial=Decimal("0.01")), Tier(None, ZERO, initial=Decimal("0.2")))
    >>> limited = PLAIN._replace(max_leverage=Decimal(50), schedule=Schedule(tiers))
    >>> [allows(limited, Decimal(leverage), ONE, Decimal(value)) for leverage, value in ((50, 5), (51, 5), (50, 6))]
    [True, False, False]
    """
    highest = instrument.max_leverage
    if highest is not None and leverage > highest and leverage > settled(highest):
        return False
    if instrument.schedule is None:
        return True
    initial = _tier(instrument, instrument.schedule, contracts, value).initial
    return not initial or settled(leverage * initial) <= ONE


def initial_margin(instrument: Instrument, leverage: Decimal, contracts: Decimal, value: Decimal) -> Decimal:
    """The initial margin in coin of contracts worth `value` coins at the entry: `V*max(1/L, initial rate)`.

    >>> from perpcalc.core.instrument import PLAIN
    >>> initial_margin(PLAIN, Decimal(10), ONE, Decimal(2))
    Decimal('0.2')
    """
    return value * max(1 / leverage, initial_rate(instrument, contracts, value) or ZERO)


def least_margin(instrument: Instrument, contracts: Decimal, value: Decimal) -> Decimal | None:
    """The least initial margin in coin that contracts worth `value` coins can be held with: `V*initial rate`; None
    where not known.

    >>> from perpcalc.core.instrument import PLAIN
    >>> least_margin(PLAIN, ONE, ONE) is None
    True
    """
    rate = initial_rate(instrument, contracts, value)
    return None if rate is None else value * rate


def largest_size(instrument: Instrument, leverage: Decimal) -> Decimal | None:
    """The largest size that a leverage allows, in the unit of the schedule; None where no tier is known to forbid it.

    >>> from perpcalc.core.instrument import PLAIN
    >>> tiers = (Tier(Decimal(5), ZERO, initial=Decimal("0.01")), Tier(None, ZERO, initial=Decimal("0.2")))
    >>> limited = PLAIN._replace(schedule=Schedule(tiers))
    >>> largest_size(limited, Decimal(6)), largest_size(limited, Decimal(5)) is None
    (Decimal('5'), True)
    """
    allowed: Decimal | None = ZERO
    for tier in _tiers_of_leverage(instrument.schedule) if instrument.schedule else ():
        if tier.initial is not None and settled(leverage * tier.initial) > ONE:
            return allowed
        allowed = tier.limit
    return None


def contracts_allowed(instrument: Instrument, leverage: Decimal, price: Decimal, held: Size) -> Decimal | None:
    """The most contracts that may be opened at a leverage and a price beside those held; None where no tier forbids
    any.

    >>> from perpcalc.core.instrument import PLAIN
    >>> tiers = (Tier(Decimal(5), ZERO, initial=Decimal("0.01")), Tier(None, ZERO, initial=Decimal("0.2")))
    >>> limited = PLAIN._replace(schedule=Schedule(tiers))
    >>> contracts_allowed(limited, Decimal(6), Decimal(50_000), Size(Decimal(50_000), ONE))
    Decimal('200000')
    """
    limit = largest_size(instrument, leverage)
    if limit is None or instrument.schedule is None:
        return None
    return (
        (_value_at(instrument, instrument.schedule, limit, price, held) - held.value) * price / instrument.contract_size
    )


def contracts_covered(instrument: Instrument, price: Decimal, coin: Decimal, held: Size) -> Decimal | None:
    """The most contracts at a price that, with those held, need no more initial margin than `coin`; None where that is
    not known.

    On each tier `V = coin/initial`, and `slope*V^2 + initial*V = coin` where the rate grows with the size; the initial
    rates of larger tiers are not lower, so only those up to the answer must be known. Derived.

    >>> from perpcalc.core.instrument import PLAIN
    >>> tiers = (Tier(Decimal(5), ZERO, initial=Decimal("0.01")), Tier(None, ZERO, initial=Decimal("0.2")))
    >>> limited = PLAIN._replace(schedule=Schedule(tiers))
    >>> [str(contracts_covered(limited, ONE, Decimal(coin), NOTHING_HELD)) for coin in ("0.02", "0.5", "2")]
    ['2', '5', '10']
    """
    schedule = instrument.schedule
    if schedule is None:
        return None
    most, slope, coin = ZERO, schedule.slope, max(ZERO, coin)
    for lower, upper, initial in value_tiers(instrument, price, held):
        if not initial:
            return None
        if coin <= (initial + slope * lower) * lower:
            break
        most = coin / initial
        if slope:
            most = ((initial * initial + 4 * slope * coin).sqrt() - initial) / (2 * slope)
        if upper is None or most <= upper:
            break
        most = upper
    return (most - held.value) * price / instrument.contract_size


def value_tiers(
    instrument: Instrument, price: Decimal, held: Size
) -> Iterator[tuple[Decimal, Decimal | None, Decimal]]:
    """The tiers as coin values at a price, what is held included: from, up to, and the initial rate, 0 where it is not
    known.

    >>> from perpcalc.core.instrument import PLAIN
    >>> tiers = (Tier(Decimal(500), ZERO, initial=Decimal("0.01")), Tier(None, ZERO))
    >>> by_usd = PLAIN._replace(schedule=Schedule(tiers, unit="usd"))
    >>> [str(initial) for _, _, initial in value_tiers(by_usd, Decimal(100), NOTHING_HELD)]
    ['0.01', '0']
    """
    schedule, lower = instrument.schedule, ZERO
    for tier in schedule.tiers if schedule else (Tier(None, ZERO),):
        upper = None
        if schedule and tier is not schedule.tiers[-1] and tier.limit is not None:
            upper = _value_at(instrument, schedule, tier.limit, price, held)
        yield lower, upper, tier.initial or ZERO
        lower = upper or ZERO


def _value_at(instrument: Instrument, schedule: Schedule, limit: Decimal, price: Decimal, held: Size) -> Decimal:
    """The coin value that what is held and what is opened at a price have together at a limit of the tiers."""
    if schedule.unit == "coin":
        return limit
    contracts = limit if schedule.unit == "contracts" else limit / instrument.contract_size
    return held.value + (contracts - held.contracts) * instrument.contract_size / price


def size_in_tiers(instrument: Instrument, schedule: Schedule, contracts: Decimal, value: Decimal) -> Decimal:
    """What the tiers of a schedule count of contracts worth `value` coins: the coins, the contracts or the USD.

    >>> from perpcalc.core.instrument import PLAIN
    >>> size_in_tiers(PLAIN._replace(contract_size=Decimal(100)), Schedule((), unit="usd"), Decimal(3), ONE)
    Decimal('300')
    """
    if schedule.unit == "contracts":
        return contracts
    return contracts * instrument.contract_size if schedule.unit == "usd" else value


def _tier(instrument: Instrument, schedule: Schedule, contracts: Decimal, value: Decimal) -> Tier:
    tiers = _tiers_of_leverage(schedule)
    return tiers[tier_index(tiers, size_in_tiers(instrument, schedule, contracts, value))]


def _tiers_of_leverage(schedule: Schedule) -> tuple[Tier, ...]:
    """The tiers that have the initial rates."""
    return schedule.leverage_tiers or schedule.tiers
