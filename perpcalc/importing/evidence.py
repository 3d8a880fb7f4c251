"""What stands behind a recorded position, and what it cost: the reading that gives the venue's own figures."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.instrument import Instrument
from perpcalc.core.liquidation import position_liquidation
from perpcalc.core.margin import Margin, given_margin, isolated_margin
from perpcalc.core.pnl import gross_pnl
from perpcalc.core.position import Position, open_at, open_for_value
from perpcalc.core.rules import ClosingFee, Schedule
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ZERO, plain
from perpcalc.errors import PerpcalcError
from perpcalc.readers.positions_of_ccxt import COLLATERAL, LESS_PROFIT, POSITION_MARGIN
from perpcalc.readers.recorded import NEVER, Recorded, Said, last_digit

LEVERAGE = "leverage"
BY_HAND = "write the position with perpcalc portfolio add"
FINEST_COIN = Decimal("1E-8")
COLLATERAL_IS_MARGIN = ("phemex", "gate", "okx")
"""Where ccxt's `collateral` is the margin itself: at Phemex, at Gate and OKX before there was `positionMargin`."""


class Reading(NamedTuple):
    """One way to read what stands behind an isolated position: the keys to write, their margin, what they rest on."""

    keys: tuple[tuple[str, Decimal], ...]
    margin: Margin
    name: str
    counts: str = ""


class Chosen(NamedTuple):
    """The reading taken, and what should be said of it."""

    reading: Reading
    notes: tuple[str, ...] = ()


def stated_price(recorded: Recorded) -> Decimal | None:
    """The venue's liquidation price; None where it gives none or one of the numbers that stand for never.

    >>> stated_price(Recorded(liquidation_price=Decimal("999999.00"))) is None
    True
    """
    price = recorded.liquidation_price
    return None if price is None or price <= 0 or price in NEVER else price


def opened(instrument: Instrument, side: Decimal, contracts: Decimal, recorded: Recorded) -> tuple[Position, bool]:
    """The position, and whether by its coin value: only where the average is not said or misses the profit."""
    entry, value = recorded.entry, recorded.entry_value
    if entry is None and value is None:
        raise PerpcalcError("has no entry price", "give the answer of the venue as it came")
    by_price = None if entry is None else open_at(instrument, side, contracts, entry)
    by_value = None if value is None else open_for_value(instrument, side, contracts, value)
    if by_price is None or (
        by_value is not None and not gives_profit(by_price, recorded) and gives_profit(by_value, recorded)
    ):
        assert by_value is not None
        return by_value, True
    return by_price, False


def gives_profit(position: Position, recorded: Recorded) -> bool:
    """Whether a position has the profit that the file says, at its mark, to the last digit printed."""
    if recorded.profit is None or recorded.mark is None:
        return False
    return abs(gross_pnl(position, recorded.mark) - recorded.profit) < coin_digit(recorded.profit)


def coin_digit(printed: Decimal) -> Decimal:
    """A unit of the last digit of a coin amount; venues print 8 decimals at least, programs cut zeros at the end.

    >>> coin_digit(Decimal("0.0011393"))
    Decimal('1E-8')
    """
    return min(last_digit(printed), FINEST_COIN)


def margin_behind(
    recorded: Recorded, position: Position, schedule: Schedule | None, closing_fee: ClosingFee, venue: str | None
) -> Chosen:
    """The margin of an isolated position, by order of evidence.

    First whichever reading gives the venue's liquidation price; else the venue's own field, what ccxt makes of it, the
    leverage, and last a margin in which the venue counts fees or profit. Raises PerpcalcError where the file says none.
    """
    readings = list(_readings(recorded, position, venue))
    if not readings:
        raise PerpcalcError("is isolated, and neither a margin nor a leverage is said", BY_HAND)
    price, taken = stated_price(recorded), None
    if price is not None and schedule is not None:
        taken = _proved(readings, Holding(position, schedule, closing_fee), price, recorded.mark)
    first = min(readings, key=lambda reading: bool(reading.counts))  # what counts more than the margin comes last
    return Chosen(taken or first, tuple(_notes(readings, taken, first)))


def _readings(recorded: Recorded, position: Position, venue: str | None) -> Iterator[Reading]:
    """Every reading of the file, those that rest on better evidence first.

    A margin that is V/leverage, cut as the venue cuts it, is written as the leverage: prices follow from the quotient.
    """
    leverage, net_of_fee = recorded.leverage, position.instrument.extra_margin_net_of_fee
    initial = isolated_margin(position, leverage) if leverage else None
    for said in _ordered(recorded.margins, venue):
        coin = said.coin
        if leverage and initial and coin == initial.coin != initial.usable:
            yield Reading((("leverage", leverage),), initial, said.name, said.counts)
            continue
        yield Reading((("margin", coin),), given_margin(position, coin), said.name, said.counts)
        if leverage and initial and net_of_fee and coin > initial.coin:
            extra = coin - initial.coin
            keys = (("leverage", leverage), ("extra_margin", extra))
            yield Reading(
                keys, isolated_margin(position, leverage, extra), f"{said.name} above V/leverage", said.counts
            )
    if leverage and initial:
        yield Reading((("leverage", leverage),), initial, LEVERAGE)


def _ordered(margins: tuple[Said, ...], venue: str | None) -> list[Said]:
    """The margins said, what ccxt derives of `collateral` last where that is the margin itself."""
    if venue not in COLLATERAL_IS_MARGIN:
        return list(margins)
    derived = (LESS_PROFIT, POSITION_MARGIN) if venue == "phemex" else (LESS_PROFIT,)
    own = (said._replace(counts="") if said.name == COLLATERAL else said for said in margins)
    return sorted(own, key=lambda said: said.name in derived)


def _proved(readings: list[Reading], holding: Holding, price: Decimal, mark: Decimal | None) -> Reading | None:
    """The reading that gives the venue's price to the tick or to the last digit, the nearest of several."""
    digit = last_digit(price)
    near = max(digit, holding.position.instrument.tick or ZERO)
    best: tuple[Decimal, Reading] | None = None
    for reading in readings:
        ours = position_liquidation(holding, reading.margin, mark).liquidation_price
        if ours is None or (gap := abs(ours - price)) >= near:
            continue
        if best is None or gap // digit < best[0]:
            best = gap // digit, reading
    return None if best is None else best[1]


def _notes(readings: list[Reading], taken: Reading | None, first: Reading) -> Iterator[str]:
    """What to say of the choice: a leverage for want of a margin, a margin that does not stand or is read otherwise."""
    chosen = taken or first
    shown = " and ".join(f"{key.replace('_', ' ')} {plain(value)}" for key, value in chosen.keys)
    named = "" if chosen.name == LEVERAGE else f" ({chosen.name})"
    if taken is not None and taken.margin.coin != first.margin.coin:
        other = f"{first.name} {plain(first.margin.coin)}"
        yield f"{shown}{named} gives the venue's liquidation price, {other} does not"
    elif chosen.counts:
        yield f"{shown}{named} is taken, in which the venue counts {chosen.counts}"
    elif chosen.name == LEVERAGE:
        beside = next((reading for reading in readings if reading.counts), None)
        if beside is None:
            yield f"no margin is said: {shown} is taken"
        else:
            said = f"{beside.name} {plain(beside.margin.coin)}"
            yield f"{said} does not stand, the venue counts {beside.counts} in it: {shown} is taken"
