"""A position with what stands behind it, and what the forward calculation makes of it: the proof of whatever is solved
for.
"""

import decimal
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from perpcalc.core.instrument import Instrument
from perpcalc.core.liquidation import Liquidation, Prices, liquidation, liquidation_prices, reserved_fees
from perpcalc.core.margin import Margin
from perpcalc.core.position import Position
from perpcalc.core.rounding import Grid, to_multiple
from perpcalc.core.wallet import (
    Holding,
    Wallet,
    closing_fees_at,
    equity,
    maintenance,
    wallet_of,
)
from perpcalc.decimals import ONE, ZERO, settled


class _Backed(NamedTuple):
    holding: Holding
    margin: Margin
    others: tuple[Holding, ...] = ()
    mark: Decimal | None = None


class Backed(_Backed):
    """A position and its margin: its own, or a balance that the `others` of its account share.

    `mark` is the price of its contract now, None where it is not known.
    """

    @cached_property
    def wallet(self) -> Wallet:
        """The wallet that the position stands in, the position last."""
        return wallet_of(self.margin.usable, (*self.others, self.holding))

    @property
    def position(self) -> Position:
        """The position."""
        return self.holding.position

    @property
    def reference(self) -> Decimal:
        """The price that a move starts from: the mark, else the entry."""
        return self.position.entry_price if self.mark is None else self.mark

    def x(self, price: Decimal) -> Decimal:
        """1/price of the wallet's first mark at a price of the position's contract."""
        return self.holding.ratio / price


def forward(backed: Backed) -> Liquidation:
    """Where the position is liquidated, on its own margin or in the account it shares.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> position = open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000))
    >>> forward(Backed(Holding(position, flat_rate(ZERO)), Margin("cross", ONE, ONE))).liquidation_price == 4_000
    True
    """
    return liquidation(backed.wallet, len(backed.others), backed.holding, backed.mark, by_mark=False)


def forward_prices(backed: Backed) -> Prices:
    """The prices at which the position is liquidated, without what is asked for there.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> position = open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000))
    >>> forward_prices(Backed(Holding(position, flat_rate(ZERO)), Margin("cross", ONE, ONE))).liquidation_below == 4_000
    True
    """
    return liquidation_prices(backed.wallet, len(backed.others), backed.holding, backed.mark, by_mark=False)


def free_at(backed: Backed, price: Decimal, share: Decimal = ONE) -> Decimal:
    """What a share of the equity leaves over maintenance margin and closing fees at a price, in coin: `share*equity -
    MM - fees`.

    0 at a liquidation price where the share is 1, and where the margin ratio is the share; as the venue rounds.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> position = open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000))
    >>> free_at(Backed(Holding(position, flat_rate(ZERO)), Margin("cross", ONE, ONE)), Decimal(5_000)) == Decimal("0.4")
    True
    """
    wallet, x = backed.wallet, backed.x(price)
    fees = closing_fees_at(wallet, x) + reserved_fees(wallet, backed.holding)
    return share * equity(wallet, x) - maintenance(wallet, x) - fees


def reserve_share(wallet: Wallet) -> Decimal:
    """What the closing fees reserved at the bankruptcy price take of each coin of collateral and entry value: `fQ/(s*Q
    + fQ)`.

    >>> reserve_share(Wallet(ONE, ONE, ONE, (), ()))
    Decimal('0')
    """
    fees = (g.closing_fee.rate * g.notional / g.ratio for g in wallet.groups if g.closing_fee.at_bankruptcy)
    reserved = sum(fees, ZERO)
    return reserved / (wallet.linear + reserved) if wallet.linear + reserved else ZERO


def lives_to(backed: Backed, price: Decimal, end: str) -> bool:
    """Whether the position is alive now and its liquidation price at an end, "below" or "above", is not before `price`.

    The price is taken as the venue prints it.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> position = open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000))
    >>> backed = Backed(Holding(position, flat_rate(ZERO)), Margin("cross", ONE, ONE))
    >>> lives_to(backed, Decimal(4_000), "below"), lives_to(backed, Decimal(3_999), "below")
    (True, False)
    """
    return is_safe_to(forward_prices(backed), price, end)


def is_safe_to(found: Prices | Liquidation, price: Decimal, end: str) -> bool:
    """Whether what is liquidated so is alive now and lives to a price at an end, "below" or "above".

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> position = open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000))
    >>> found = forward(Backed(Holding(position, flat_rate(ZERO)), Margin("cross", ONE, ONE)))
    >>> is_safe_to(found, Decimal(4_001), "below")
    True
    """
    if found.beyond:
        return False
    if end == "below":
        return found.liquidation_below is None or settled(found.liquidation_below) <= price
    return found.liquidation_above is None or settled(found.liquidation_above) >= price


def printable_price(instrument: Instrument, price: Decimal, end: str) -> Decimal:
    """The nearest price at or beyond `price` that a venue prints as a liquidation price at this end, or prints on its
    safe side.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rounding import Rounding
    >>> bybit = PLAIN._replace(tick=Decimal("0.5"), rounding=Rounding(liquidation_price="against tick"))
    >>> printable_price(bybit, Decimal("50000.2"), "below"), printable_price(bybit, Decimal("50000.2"), "above")
    (Decimal('50000.0'), Decimal('50000.5'))
    """
    found = _printable(instrument, price, end)
    return price if found == price or not found else found


def _printable(instrument: Instrument, price: Decimal, end: str) -> Decimal:
    rounding, away = instrument.rounding, decimal.ROUND_FLOOR if end == "below" else decimal.ROUND_CEILING
    if rounding.liquidation_price is None:
        return price
    if isinstance(rounding.liquidation_price, Grid):
        return settled(price).quantize(rounding.liquidation_price.step, away)
    printed = price if instrument.tick is None else to_multiple(price, instrument.tick, away)
    if rounding.value_of == "lot" and rounding.value and printed:
        usd = instrument.contract_size * instrument.lot
        to_value = decimal.ROUND_CEILING if end == "below" else decimal.ROUND_FLOOR
        per_lot = settled(usd / printed).quantize(rounding.value.step, to_value)
        return usd / per_lot if per_lot else printed
    return printed
