"""A position after a trade: contracts added or closed, with the margin, the profit and the fee that go with them."""

from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.backed import Backed, levered
from perpcalc.core.instrument import trade_fee
from perpcalc.core.pnl import closing
from perpcalc.core.position import Fill, Position, closed_part, closed_partly, merged, open_at
from perpcalc.core.rounding import on
from perpcalc.decimals import ZERO


class Traded(NamedTuple):
    """What is left after a trade, None where nothing is open; the profit it realised before fees and its fee, in
    coin.
    """

    backed: Backed | None
    profit: Decimal
    fee: Decimal

    def still_open(self) -> Backed:
        """What is left, where something is."""
        assert self.backed is not None
        return self.backed


def increased(backed: Backed, fill: Fill, fee_rate: Decimal) -> Traded:
    """The position with more contracts of its side: `V' = V + Q/price`.

    An isolated position of known leverage gets `V/L` with them, one of a given margin nothing; a cross balance pays the
    fee.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import Margin
    >>> from perpcalc.core.position import LONG
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> held = Holding(open_at(PLAIN, LONG, Decimal(100), Decimal(100)), flat_rate(ZERO))
    >>> backed = Backed(held, Margin("cross", Decimal(1), Decimal(1)))
    >>> after = increased(backed, Fill(Decimal(100), Decimal(50)), Decimal("0.01"))
    >>> after.backed.position.stored_value, after.backed.margin.coin
    (Decimal('3'), Decimal('0.98'))
    """
    position = backed.position
    fee = trade_fee(position.instrument, fill.contracts, fill.price, fee_rate)
    grown = merged(position, open_at(position.instrument, position.side, *fill))
    if backed.margin.mode == "isolated":
        return Traded(levered(backed, grown, backed.margin.leverage), ZERO, fee)
    return Traded(_with(backed, grown, -fee), ZERO, fee)


def reduced(backed: Backed, fill: Fill, fee_rate: Decimal) -> Traded:
    """The position with contracts closed: `V' = V*(n - closed)/n`, the profit `s*((V - V') - Q/price)`.

    Isolated margin falls in proportion, profit and fee go to the wallet; a cross balance changes by them. Raises
    PerpcalcError where more is closed than is open.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import Margin
    >>> from perpcalc.core.position import LONG
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> held = Holding(open_at(PLAIN, LONG, Decimal(100), Decimal(100)), flat_rate(ZERO))
    >>> after = reduced(Backed(held, Margin("cross", Decimal(1), Decimal(1))), Fill(Decimal(50), Decimal(200)), ZERO)
    >>> after.profit, after.backed.margin.coin
    (Decimal('0.25'), Decimal('1.25'))
    """
    position = backed.position
    profit, fee = closing(closed_part(position, fill.contracts), fill.price, fee_rate)
    if fill.contracts == position.contracts:
        return Traded(None, profit, fee)
    left = closed_partly(position, fill.contracts)
    if backed.margin.mode != "isolated":
        return Traded(_with(backed, left, profit - fee), profit, fee)
    share, margin = left.contracts / position.contracts, backed.margin
    coin = on(position.instrument.rounding.margin, margin.coin * share)
    kept = margin._replace(coin=coin, usable=margin.usable * share)
    return Traded(backed._replace(holding=backed.holding._replace(position=left), margin=kept), profit, fee)


def _with(backed: Backed, position: Position, paid_in: Decimal) -> Backed:
    margin = backed.margin
    margin = margin._replace(coin=margin.coin + paid_in, usable=margin.usable + paid_in)
    return backed._replace(holding=backed.holding._replace(position=position), margin=margin)
