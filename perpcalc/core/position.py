"""A position: contracts bought or sold at prices, and the coin value that it cost."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from perpcalc.core.instrument import Instrument, coin_value, traded_value
from perpcalc.core.rounding import on, to_multiple
from perpcalc.decimals import ONE, ZERO, plain, settled
from perpcalc.errors import PerpcalcError

LONG = ONE
SHORT = -ONE
SIDES = {"long": LONG, "short": SHORT}


class Fill(NamedTuple):
    """Contracts traded at a price."""

    contracts: Decimal
    price: Decimal


class Position(NamedTuple):
    """An open position of one side.

    `side` is +1 or -1, `notional` Q in USD, `cost` V in coin: the exact sum of `Q_i/P_i`. `stored_value` is V as the
    venue's engine keeps it, `entry_value` as it prints it, `entry_price` the average it shows.
    """

    instrument: Instrument
    side: Decimal
    contracts: Decimal
    notional: Decimal
    cost: Decimal
    stored_value: Decimal
    entry_value: Decimal
    entry_price: Decimal
    fills: tuple[Fill, ...]


def open_at(instrument: Instrument, side: Decimal, contracts: Decimal, entry_price: Decimal) -> Position:
    """The position that shows `entry_price` as its average: `V = Q/entry`.

    A price on the tick is taken as that of a fill. Where the venue stores cut values, any other is the average
    `round(Q/V)`, and V the stored value that shows it, if there is one. Raises PerpcalcError where the venue's decimals
    leave no value.

    >>> from perpcalc.core.instrument import PLAIN
    >>> open_at(PLAIN, LONG, Decimal(10_000), Decimal(8_000)).cost
    Decimal('1.25')
    """
    notional = contracts * instrument.contract_size
    cost = contracts * instrument.contract_size / entry_price
    stored = _value_shown_as(instrument, side, contracts, entry_price, cost)
    printed = stored if instrument.rounding.stored_value else coin_value(instrument, contracts, entry_price, cost)
    _check_value(instrument, contracts, printed)
    return Position(
        instrument, side, contracts, notional, cost, stored, printed, entry_price, (Fill(contracts, entry_price),)
    )


def open_for_value(instrument: Instrument, side: Decimal, contracts: Decimal, value: Decimal) -> Position:
    """The position that cost `value` coins: V as the venue keeps it, its average entry `Q/V` as the venue shows it.

    Its fees are those of one fill at the average. Raises PerpcalcError for a value of 0.

    >>> from perpcalc.core.instrument import PLAIN
    >>> plain(open_for_value(PLAIN, LONG, Decimal(10_000), Decimal("1.25")).entry_price)
    '8000'
    """
    _check_value(instrument, contracts, value)
    notional = contracts * instrument.contract_size
    average = _average_price(instrument, side, contracts, value, value)
    return Position(instrument, side, contracts, notional, value, value, value, average, (Fill(contracts, average),))


def open_by_fills(instrument: Instrument, side: Decimal, fills: Iterable[Fill]) -> Position:
    """The position that opening fills build: `Q = sum(Q_i)`, `V = sum(Q_i/P_i)`, entry the harmonic mean `Q/V`.

    Source: KuCoin support 26693238981785; OKX help, average open price. Raises PerpcalcError without a fill,
    or where the venue's decimals leave no value.

    >>> from perpcalc.core.instrument import PLAIN
    >>> fills = [Fill(Decimal(1_000), Decimal(5_000)), Fill(Decimal(2_000), Decimal(6_000))]
    >>> round(open_by_fills(PLAIN, LONG, fills).entry_price, 8)
    Decimal('5625.00000000')
    """
    fills = tuple(fills)
    if not fills:
        raise PerpcalcError("there is no fill", "give at least one")
    rounding = instrument.rounding
    contracts = sum((fill.contracts for fill in fills), ZERO)
    notional = contracts * instrument.contract_size
    cost = sum((fill.contracts * instrument.contract_size / fill.price for fill in fills), ZERO)
    stored = cost
    if rounding.stored_value:
        stored = sum((traded_value(instrument, fill.contracts, fill.price) for fill in fills), ZERO)
        printed = stored
    elif rounding.value_of == "position":
        printed = on(rounding.value, cost)
    else:
        printed = sum((coin_value(instrument, fill.contracts, fill.price) for fill in fills), ZERO)
    _check_value(instrument, contracts, printed)
    average = fills[0].price
    if len(fills) > 1 or (rounding.stored_value and rounding.average):
        average = _average_price(instrument, side, contracts, stored, cost)
    return Position(instrument, side, contracts, notional, cost, stored, printed, average, fills)


def closed_part(position: Position, contracts: Decimal) -> Position:
    """What leaves a position when some of its contracts are closed: its share of the value, `V*closed/n`.

    Where the venue stores cut values the share is cut too. Raises PerpcalcError when more is closed than is open.
    Source: BitMEX support, average entry price; a recorded position of Bybit (2023-05-22) for the cut.

    >>> from perpcalc.core.instrument import PLAIN
    >>> str(closed_part(open_at(PLAIN, LONG, Decimal(1_000), Decimal(1_000)), Decimal(250)).cost)
    '0.25'
    """
    if contracts == position.contracts:
        return position
    if not ZERO < contracts < position.contracts:
        raise PerpcalcError(
            f"{plain(contracts)} of {plain(position.contracts)} contracts cannot be closed",
            "close at most what is open",
        )
    stored = position.stored_value * contracts / position.contracts
    return _part(position, contracts, on(position.instrument.rounding.stored_value, stored))


def closed_partly(position: Position, contracts: Decimal) -> Position:
    """What is left after closing some contracts: the average entry stays, `V' = V - V*closed/n`.

    Raises PerpcalcError when so much is closed that no position is left. Source: as `closed_part`.

    >>> from perpcalc.core.instrument import PLAIN
    >>> str(closed_partly(open_at(PLAIN, LONG, Decimal(1_000), Decimal(1_000)), Decimal(500)).cost)
    '0.5'
    """
    left = position.contracts - contracts
    if contracts <= 0 or left <= 0:
        raise PerpcalcError(
            f"{plain(contracts)} of {plain(position.contracts)} contracts cannot be closed and leave a position",
            "close fewer than are open",
        )
    stored = position.stored_value - closed_part(position, contracts).stored_value
    _check_value(position.instrument, left, stored)
    return _part(position, left, stored)


def merged(one: Position, other: Position) -> Position:
    """Two positions of one instrument and side held as one.

    >>> from perpcalc.core.instrument import PLAIN
    >>> a, b = (open_at(PLAIN, LONG, Decimal(100), Decimal(p)) for p in (400, 500))
    >>> str(merged(a, b).cost)
    '0.45'
    """
    contracts = one.contracts + other.contracts
    stored, cost = one.stored_value + other.stored_value, one.cost + other.cost
    return one._replace(
        contracts=contracts,
        notional=one.notional + other.notional,
        cost=cost,
        stored_value=stored,
        entry_value=one.entry_value + other.entry_value,
        entry_price=_average_price(one.instrument, one.side, contracts, stored, cost),
        fills=one.fills + other.fills,
    )


def _check_value(instrument: Instrument, contracts: Decimal, value: Decimal) -> None:
    """Refuse a position of no value: too small at its price for the decimals that the venue keeps."""
    if not value:
        raise PerpcalcError(
            f"{plain(contracts)} contracts are worth less than the smallest amount of {instrument.currency} at this"
            " entry",
            "give more contracts",
        )


def _part(position: Position, contracts: Decimal, stored: Decimal) -> Position:
    """So many contracts of a position, of which the venue keeps the value `stored`; the average entry stays."""
    rounding, whole = position.instrument.rounding, position.contracts
    cost, printed = position.cost * contracts / whole, position.entry_value * contracts / whole
    if rounding.stored_value:
        printed = stored
    elif rounding.value_of == "position":
        printed = on(rounding.value, cost)
    return position._replace(
        contracts=contracts,
        notional=contracts * position.instrument.contract_size,
        cost=cost,
        stored_value=stored,
        entry_value=printed,
        fills=tuple(Fill(fill.contracts * contracts / whole, fill.price) for fill in position.fills),
    )


def _value_shown_as(
    instrument: Instrument, side: Decimal, contracts: Decimal, price: Decimal, cost: Decimal
) -> Decimal:
    """What the engine computes with of contracts that cost `cost` coins at `price`: what the venue keeps of them, where
    it shows that price as their average, else their cost.

    A price on the tick is that of a fill (without a known tick, one of two decimals fewer than averages have). An
    average belongs to the first of these values that is shown so: that of a fill at the nearest tick, that at the
    average itself, the next step above.
    """
    stored, average = instrument.rounding.stored_value, instrument.rounding.average
    if stored is None:
        return cost
    own = traded_value(instrument, contracts, price, cost)
    if average is None:
        return own
    tick = instrument.tick or 100 * average.step
    if not price % tick:
        return own
    near, values = to_multiple(price, tick, ROUND_HALF_EVEN), [own, own + stored.step]
    if near:
        values.insert(0, traded_value(instrument, contracts, near))
    shown = (value for value in values if value and _average_price(instrument, side, contracts, value, value) == price)
    return next(shown, own)


def _average_price(
    instrument: Instrument, side: Decimal, contracts: Decimal, stored: Decimal, cost: Decimal
) -> Decimal:
    """The average entry price as the venue shows it: `Q/V` of the stored values, or of the exact ones.

    Where values are rounded per lot (BitMEX), the value of one lot is first cut against the price (down for a long, up
    for a short), and a tick price that has exactly this value is shown as itself.
    """
    rounding = instrument.rounding
    notional = contracts * instrument.contract_size
    if rounding.average is None:
        return notional / cost
    if rounding.value_of != "lot" or rounding.value is None:
        return on(rounding.average, notional / stored)
    lots = contracts / instrument.lot
    direction = ROUND_FLOOR if side > 0 else ROUND_CEILING
    per_lot = settled(stored / lots).quantize(rounding.value.step, direction)
    usd = instrument.contract_size * instrument.lot
    if not per_lot:
        return on(rounding.average, notional / stored)
    if instrument.tick is not None:
        near = to_multiple(usd / per_lot, instrument.tick, ROUND_HALF_EVEN)
        if near > 0 and on(rounding.value, usd / near) == per_lot:
            return near
    return on(rounding.average, usd / per_lot)
