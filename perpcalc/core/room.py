"""The room that an account has for a trade, what it holds taken in."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.initial import NOTHING_HELD, Size, least_margin
from perpcalc.core.instrument import Instrument
from perpcalc.core.wallet import Holding, closing_fees, equity, maintenance, wallet_of
from perpcalc.decimals import ZERO


class Room(NamedTuple):
    """An account at the price of a trade, in coin.

    `value` is that of its other contracts, what is left of opposite sides; `held` what it holds of the trade's, worth
    `held_value` now. `unreserved` is the equity that the other contracts leave, `free` what all positions leave.
    """

    equity: Decimal
    value: Decimal
    unreserved: Decimal
    free: Decimal
    held: Size = NOTHING_HELD
    held_value: Decimal = ZERO

    def leverage(self, value: Decimal) -> Decimal | None:
        """The value of all positions over the equity with so much more of the trade's contract; None where no equity is
        left.
        """
        own = self.held_value + value
        return (self.value + (own if own >= 0 else -own)) / self.equity if self.equity > 0 else None


def room_of(
    instrument: Instrument,
    side: Decimal,
    price: Decimal,
    balance: Decimal,
    others: Sequence[Holding] = (),
    ratio: Decimal = Decimal(1),
) -> Room:
    """The room of an account for a trade at a price: `equity - margin` of what it holds.

    A position's margin is the least initial margin of its tier, where that is known of all of them, else maintenance
    margin and closing fees. The trade's contract adds to what is held of its side and takes from the other's, unless
    the venue keeps both (hedge mode).

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.decimals import plain
    >>> held = Holding(open_at(PLAIN, LONG, Decimal(100), Decimal(100)), flat_rate(Decimal("0.1")))
    >>> room = room_of(PLAIN._replace(name="DATED"), LONG, Decimal(100), Decimal(2), [held])
    >>> plain(room.equity), plain(room.value), plain(room.free)
    ('2', '1', '1.9')
    """
    if not others:
        return Room(balance, ZERO, balance, balance)
    x = ratio / price
    left = equity(wallet_of(balance, others), x)
    own = [one for one in others if one.position.instrument == instrument and one.ratio == ratio]
    own = [one for one in own if one.position.side == side or not instrument.hedge_mode]
    beside = [one for one in others if one not in own]
    value = sum((group.notional / group.ratio for group in wallet_of(ZERO, beside).groups), ZERO) * x
    contracts = sum((one.position.side * side * one.position.contracts for one in own), ZERO)
    held = Size(contracts, sum((one.position.side * side * one.position.stored_value for one in own), ZERO))
    unreserved = left - _margin(beside, x)
    held_value = contracts * instrument.contract_size / price
    return Room(left, value, unreserved, unreserved - _margin(own, x), held, held_value)


def _margin(holdings: Sequence[Holding], x: Decimal) -> Decimal:
    """The margin that holdings need at least at x = 1/price."""
    if not holdings:
        return ZERO
    positions = (one.position for one in holdings)
    needs = [least_margin(one.instrument, one.contracts, one.stored_value) for one in positions]
    if None not in needs:
        return sum((need for need in needs if need is not None), ZERO)
    wallet = wallet_of(ZERO, holdings)
    return maintenance(wallet, x) + closing_fees(wallet, x)
