"""A position: contracts bought or sold at prices, and the coin value that it cost."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from perpcalc.core.instrument import Instrument, coin_value
from perpcalc.core.rounding import on, to_multiple
from perpcalc.decimals import ONE, ZERO, plain
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

    Where the venue stores cut values and shows `round(Q/V)`, V is the stored value that shows this price, if there is one.
    Raises PerpcalcError where the venue's decimals leave no value.

    >>> from perpcalc.core.instrument import PLAIN
    >>> open_at(PLAIN, LONG, Decimal(10_000), Decimal(8_000)).cost
    Decimal('1.25')
    """
    notional = contracts * instrument.contract_size
    cost = notional / entry_price
    rounding = instrument.rounding
    stored = _stored_value(instrument, contracts, entry_price)
    if rounding.stored_value and rounding.average:
        above = stored + rounding.stored_value.step
        if on(rounding.average, notional / above) == entry_price:
            stored = above
    printed = stored if rounding.stored_value else coin_value(instrument, contracts, entry_price)
    _check_value(instrument, contracts, printed)
    return Position(
        instrument, side, contracts, notional, cost, stored, printed, entry_price, (Fill(contracts, entry_price),)
    )


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
    contracts = sum((fill.contracts for fill in fills), ZERO)
    notional = contracts * instrument.contract_size
    cost = sum((fill.contracts * instrument.contract_size / fill.price for fill in fills), ZERO)
    stored = cost
    if instrument.rounding.stored_value:
        stored = sum((_stored_value(instrument, fill.contracts, fill.price) for fill in fills), ZERO)
    printed = stored if instrument.rounding.stored_value else on(instrument.rounding.value, cost)
    if instrument.rounding.value_of != "position":
        printed = sum((coin_value(instrument, fill.contracts, fill.price) for fill in fills), ZERO)
    _check_value(instrument, contracts, printed)
    average = _average_price(instrument, side, contracts, notional, stored, fills)
    return Position(instrument, side, contracts, notional, cost, stored, printed, average, fills)


def closed_partly(position: Position, contracts: Decimal) -> Position:
    """What is left after closing some contracts: the average entry stays, `V' = V*(n - closed)/n`.

    Raises PerpcalcError when more is closed than is open. Source: BitMEX support, average entry price.

    >>> from perpcalc.core.instrument import PLAIN
    >>> str(closed_partly(open_at(PLAIN, LONG, Decimal(1_000), Decimal(1_000)), Decimal(500)).cost)
    '0.5'
    """
    left = position.contracts - contracts
    if contracts <= 0 or left <= 0:
        raise PerpcalcError(
            f"{plain(contracts)} of {plain(position.contracts)} contracts cannot be closed and leave a position"
        )
    share = left / position.contracts
    return position._replace(
        contracts=left,
        notional=position.notional * share,
        cost=position.cost * share,
        stored_value=position.stored_value * share,
        entry_value=position.entry_value * share,
        fills=tuple(Fill(fill.contracts * share, fill.price) for fill in position.fills),
    )


def merged(one: Position, other: Position) -> Position:
    """Two positions of one instrument and side held as one.

    >>> from perpcalc.core.instrument import PLAIN
    >>> a, b = (open_at(PLAIN, LONG, Decimal(100), Decimal(p)) for p in (400, 500))
    >>> str(merged(a, b).cost)
    '0.45'
    """
    notional = one.notional + other.notional
    stored = one.stored_value + other.stored_value
    return one._replace(
        contracts=one.contracts + other.contracts,
        notional=notional,
        cost=one.cost + other.cost,
        stored_value=stored,
        entry_value=one.entry_value + other.entry_value,
        entry_price=on(one.instrument.rounding.average, notional / stored),
        fills=one.fills + other.fills,
    )


def _check_value(instrument: Instrument, contracts: Decimal, value: Decimal) -> None:
    """Refuse a position of no value: too small at its price for the decimals that the venue keeps."""
    if not value:
        raise PerpcalcError(
            f"{plain(contracts)} contracts are worth less than the smallest amount of {instrument.currency} at this entry",
            "give more contracts",
        )


def _stored_value(instrument: Instrument, contracts: Decimal, price: Decimal) -> Decimal:
    rounding = instrument.rounding
    if rounding.stored_value is None:
        return contracts * instrument.contract_size / price
    if rounding.value_of == "position":
        return on(rounding.stored_value, contracts * instrument.contract_size / price)
    return coin_value(instrument, contracts, price)


def _average_price(
    instrument: Instrument,
    side: Decimal,
    contracts: Decimal,
    notional: Decimal,
    stored: Decimal,
    fills: tuple[Fill, ...],
) -> Decimal:
    """The average entry price as the venue shows it.

    Where values are rounded per lot (BitMEX), the value of one contract or lot is first cut against the price (down for a
    long, up for a short), and a tick price that has exactly this value is shown as itself.
    """
    rounding = instrument.rounding
    if rounding.value_of != "lot" or rounding.value is None:
        if len(fills) == 1 and rounding.stored_value is None:
            return fills[0].price
        return on(rounding.average, notional / stored)
    lots = contracts / instrument.lot
    direction = ROUND_FLOOR if side > 0 else ROUND_CEILING
    per_lot = (stored / lots).quantize(rounding.value.step, direction)
    usd = instrument.contract_size * instrument.lot
    if instrument.tick is not None:
        near = to_multiple(usd / per_lot, instrument.tick, ROUND_HALF_EVEN)
        if near > 0 and on(rounding.value, usd / near) == per_lot:
            return near
    return on(rounding.average, usd / per_lot)
