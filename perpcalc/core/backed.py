"""A position with what stands behind it, and what the forward calculation makes of it: the proof of whatever is solved
for.
"""

from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from perpcalc.core.liquidation import Liquidation, Prices, liquidation, liquidation_prices, reserved_fees
from perpcalc.core.margin import NO_MARGIN, Margin, at_leverage, isolated_margin
from perpcalc.core.position import Position
from perpcalc.core.wallet import (
    Holding,
    Wallet,
    closing_fees_at,
    collateralized,
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

    def on_margin(self, margin: Margin) -> "Backed":
        """The same on another margin, or balance."""
        made = Backed(self.holding, margin, self.others, self.mark)
        made.wallet = collateralized(self.wallet, margin.usable, (*self.others, self.holding))
        return made

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
    index = len(backed.others)
    return liquidation(backed.wallet, index, backed.holding, backed.mark, by_mark=False)


def forward_prices(backed: Backed) -> Prices:
    """The prices at which the position is liquidated, without what is asked for there.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> position = open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000))
    >>> forward_prices(Backed(Holding(position, flat_rate(ZERO)), Margin("cross", ONE, ONE))).liquidation_below == 4_000
    True
    """
    index = len(backed.others)
    return liquidation_prices(backed.wallet, index, backed.holding, backed.mark, by_mark=False)


def levered(backed: Backed, position: Position, leverage: Decimal | None) -> Backed:
    """A position in another's place at a leverage, what the other had beyond its initial margin added; None keeps the
    margin.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(50_000))
    >>> backed = Backed(Holding(position, flat_rate(ZERO)), isolated_margin(position, Decimal(2), Decimal(1)))
    >>> levered(backed, position, Decimal(4)).margin.coin
    Decimal('1.05')
    """
    holding, margin = backed.holding, backed.margin
    if leverage is not None:
        margin = at_leverage(position, leverage, extra_margin(backed))
    if position is not holding.position:
        holding = holding._replace(position=position)
    return Backed(holding, margin, backed.others, backed.mark)


def extra_margin(backed: Backed) -> Margin:
    """What an isolated position has beyond its initial margin; nothing where its leverage is not given.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(50_000))
    >>> extra_margin(Backed(Holding(position, flat_rate(ZERO)), isolated_margin(position, Decimal(2), Decimal(1)))).coin
    Decimal('1.0')
    """
    if backed.margin.leverage is None:
        return NO_MARGIN
    initial = isolated_margin(backed.position, backed.margin.leverage)
    return Margin("isolated", backed.margin.coin - initial.coin, backed.margin.usable - initial.usable)


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
    reserved = wallet.closing_at_bankruptcy
    slope = wallet.linear + reserved
    return reserved / slope if reserved and slope else ZERO


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
