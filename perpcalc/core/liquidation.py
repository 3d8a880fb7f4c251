"""Where a position is liquidated, or why it never is."""

import decimal
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.instrument import Instrument
from perpcalc.core.margin import Margin
from perpcalc.core.rounding import Grid, on, to_multiple
from perpcalc.core.wallet import (
    Holding,
    Span,
    Wallet,
    bankruptcy_x,
    closing_fees_at_bankruptcy,
    piece_at,
    piece_maintenance,
    safe_spans,
    wallet_of,
)
from perpcalc.decimals import FINEST, ONE, ZERO, plain, settled

NO_PRICE = Decimal(10) ** 40  # roots beyond it are what 100 digits leave of none


class Ends(NamedTuple):
    """What all positions of a wallet share: where it is bankrupt, and the intervals of x = 1/price in which it lives."""

    bankruptcy_x: Decimal | None
    spans: tuple[Span, ...]


class Liquidation(NamedTuple):
    """The prices between which a position lives, and the margin asked for at the nearer; None means never.

    `tier` counts from 1 and is None where the schedule has no numbered tiers.
    """

    tier: int | None
    maintenance_rate: Decimal
    deduction: Decimal
    closing_fee_rate: Decimal
    maintenance_margin: Decimal | None
    liquidation_price: Decimal | None
    liquidation_below: Decimal | None
    liquidation_above: Decimal | None
    bankruptcy_price: Decimal | None
    distance: Decimal | None
    beyond: bool
    reason: str | None


def position_liquidation(holding: Holding, margin: Margin, mark: Decimal | None = None) -> Liquidation:
    """Where one position is liquidated on its own margin or balance; the reference is the mark, else the entry.

    At-mark maintenance: `P = Q(s + mmr + f)/(B + s*V + deduction)`; on the entry value: `P = s*Q/(B + s*V - mmr*V + deduction)`.
    Sources: Binance faq ceccfcfb4e3a45e3b48b0b1bb1a8ae46; Bybit help, liquidation price (inverse).

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.margin import isolated_margin
    >>> from perpcalc.core.position import LONG, open_at
    >>> position = open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000))
    >>> holding = Holding(position, flat_rate(Decimal("0.005"), basis="entry"))
    >>> result = position_liquidation(holding, isolated_margin(position, Decimal(50)))
    >>> plain(result.liquidation_price)
    '7881.773399014778325123'
    """
    wallet = wallet_of(margin.usable, [holding])
    return liquidation(wallet, 0, holding, mark, by_mark=False)


def ends(wallet: Wallet, holding: Holding) -> Ends:
    """Where a wallet lives, with the closing fees reserved at the bankruptcy price of any of its holdings.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> holding = Holding(open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000)), flat_rate(ZERO))
    >>> str(ends(wallet_of(ONE, [holding]), holding).spans[0].end)
    '0.00025'
    """
    return Ends(bankruptcy_x(wallet), tuple(safe_spans(wallet, reserved_fees(wallet, holding))))


def reserved_fees(wallet: Wallet, holding: Holding) -> Decimal:
    """The closing fees in coin reserved at the bankruptcy price of any of the wallet's holdings: `sum(f*Q)*x`.

    Those of a wallet of one contract are rounded as its venue does, at the bankruptcy price it prints.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> holding = Holding(open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000)), flat_rate(ZERO))
    >>> reserved_fees(wallet_of(ONE, [holding]), holding) == ZERO
    True
    """
    reserve = closing_fees_at_bankruptcy(wallet)
    if reserve and len(wallet.groups) == 1:
        grid = holding.position.instrument.rounding.closing_fee
        price = _bankruptcy_price(wallet, holding, bankruptcy_x(wallet))
        if grid and price is not None:
            group = wallet.groups[0]
            return on(grid, group.notional / price * group.closing_fee.rate)
    return reserve


def liquidation(
    wallet: Wallet,
    index: int,
    holding: Holding,
    mark: Decimal | None,
    by_mark: bool = True,
    *,
    of_wallet: Ends | None = None,
) -> Liquidation:
    """Where the wallet's holding number `index` is liquidated, in the price of its own contract.

    The reference is its mark, else its entry. Beyond the roots already, a single position shows the root it has passed; with
    `by_mark`, as for the accounts of a portfolio, the mark itself. Ends below one tick or above the venue's largest price count as never. `of_wallet` saves finding the
    ends again for each position of a wallet.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import SHORT, open_at
    >>> holding = Holding(open_at(PLAIN, SHORT, Decimal(8_000), Decimal(8_000)), flat_rate(Decimal("0.005")))
    >>> liquidation(wallet_of(ONE, [holding]), 0, holding, None).liquidation_price is None
    True
    """
    position = holding.position
    reference = position.entry_price if mark is None else mark
    x = holding.ratio / reference
    bankrupt, spans = of_wallet or ends(wallet, holding)
    span = _span_near(spans, x)
    alive = (
        span is not None and settled(span.start) < settled(x) and (span.end is None or settled(x) < settled(span.end))
    )

    below = _price_at(holding, span.end, "below") if span else None
    above = _price_at(holding, span.start, "above") if span else None
    passed = (below is not None and reference <= below) or (above is not None and reference >= above)
    alive = alive and not passed
    price, at = reference, x
    if span is None:
        reason: str | None = "the maintenance margin exceeds the equity at every price"
    elif not alive and by_mark:
        reason = "already under water: at the mark the maintenance margin exceeds the equity"
    elif below is None and above is None:
        reason = _why_never(holding, span)
    else:
        to_lower = above is None or (below is not None and reference - below <= above - reference)
        nearer, end = (below, span.end) if to_lower else (above, span.start)
        assert nearer is not None
        assert end is not None
        price, at, reason = nearer, end, None
        if not alive:
            reason = f"the {'entry' if mark is None else 'mark'} price is already beyond the liquidation price"
        elif not holding.schedule.marginal and _on_border(wallet, index, at):
            reason = "at the border of a tier, whose rate on the whole position exceeds the equity"
    never = span is not None and below is None and above is None and not (by_mark and not alive)

    group = wallet.groups[wallet.group_of[index]]
    piece = piece_at(group, at, still=at == x)
    own = 1 / price
    of_position, of_group = position.notional * own, group.notional * own
    if holding.schedule.basis == "entry":
        of_position, of_group = position.stored_value, group.stored_value
    share = of_position / of_group if of_group else ONE
    grid = position.instrument.rounding.maintenance
    return Liquidation(
        tier=piece.tier,
        maintenance_rate=piece.rate + piece.slope * of_group,
        deduction=(piece.deduction + piece.deduction_usd * own) * share,
        closing_fee_rate=group.closing_fee.rate,
        maintenance_margin=None if never else on(grid, piece_maintenance(piece, own) * share),
        liquidation_price=None if never else price,
        liquidation_below=below,
        liquidation_above=above,
        bankruptcy_price=_bankruptcy_price(wallet, holding, bankrupt),
        distance=None if never else (price - reference) / reference,
        beyond=not alive,
        reason=reason,
    )


def _bankruptcy_price(wallet: Wallet, holding: Holding, x: Decimal | None) -> Decimal | None:
    """The bankruptcy price in the holding's contract."""
    return _price_at(holding, x, "below" if wallet.constant > 0 else "above")


def _span_near(spans: Sequence[Span], x: Decimal) -> Span | None:
    """The span that holds x, else the one nearest to it."""

    def gap(span: Span) -> Decimal:
        if x <= span.start:
            return span.start - x
        return ZERO if span.end is None or x < span.end else x - span.end

    return min(spans, key=gap, default=None)


def _price_at(holding: Holding, x: Decimal | None, end: str) -> Decimal | None:
    """The price of the holding's contract at x, rounded as its venue does; None where it is below a tick or above the largest."""
    if not x:
        return None
    instrument = holding.position.instrument
    price = settled(holding.ratio / x)
    if price < (instrument.tick or FINEST) or price > (instrument.max_price or NO_PRICE):
        return None
    return rounded_price(instrument, price, end)


def rounded_price(instrument: Instrument, price: Decimal, end: str) -> Decimal:
    """A liquidation or bankruptcy price as the venue prints it: `end` "below" rounds up to the tick, "above" down.

    Where values are per lot (BitMEX) the value of a lot is cut first, down for the lower end and up for the upper: its satoshi
    arithmetic, verified on recorded positions.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rounding import Rounding
    >>> bybit = PLAIN._replace(tick=Decimal("0.5"), rounding=Rounding(liquidation_price="against tick"))
    >>> rounded_price(bybit, Decimal("5739.0835"), "below")
    Decimal('5739.5')
    """
    rounding = instrument.rounding
    if rounding.liquidation_price is None:
        return price
    if isinstance(rounding.liquidation_price, Grid):
        return on(rounding.liquidation_price, price)
    to_value, to_tick = (
        (decimal.ROUND_FLOOR, decimal.ROUND_CEILING) if end == "below" else (decimal.ROUND_CEILING, decimal.ROUND_FLOOR)
    )
    if rounding.value_of == "lot" and rounding.value:
        usd = instrument.contract_size * instrument.lot
        per_lot = settled(usd / price).quantize(rounding.value.step, to_value)
        price = usd / per_lot if per_lot else price
    return price if instrument.tick is None else to_multiple(price, instrument.tick, to_tick)


def _why_never(holding: Holding, span: Span) -> str:
    instrument = holding.position.instrument
    if span.end is not None:
        lowest = plain(FINEST) if instrument.tick is None else f"one tick ({plain(instrument.tick)})"
        return f"never: the price would have to fall below {lowest}"
    if span.start > 0 and instrument.max_price is not None:
        return f"never: the price would have to rise above the venue's largest, {plain(instrument.max_price)}"
    return "never: the collateral covers the position's coin value at any price"


def _on_border(wallet: Wallet, index: int, x: Decimal) -> bool:
    group = wallet.groups[wallet.group_of[index]]
    return any(piece.start * group.ratio == x for piece in group.pieces)
