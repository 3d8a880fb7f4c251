"""Where a position is liquidated, or why it never is."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.margin import Margin, piece_maintenance
from perpcalc.core.printed_price import least_price, price_at
from perpcalc.core.rounding import on
from perpcalc.core.spans import Span, safe_spans
from perpcalc.core.wallet import (
    Group,
    Holding,
    Wallet,
    bankruptcy_x,
    closing_fees_at,
    equity,
    maintenance,
    piece_at,
    wallet_of,
)
from perpcalc.decimals import ONE, ZERO, plain, settled


class Ends(NamedTuple):
    """What all positions of a wallet share: where it is bankrupt, and the intervals of x = 1/price in which it lives.

    `reserve` are the closing fees kept back for the bankruptcy price, in coin.
    """

    bankruptcy_x: Decimal | None
    spans: tuple[Span, ...]
    reserve: Decimal = ZERO


class Prices(NamedTuple):
    """The prices between which a position lives; None means never.

    `price` is the one to say, that at which it is liquidated or else the reference, and `x` its 1/price of the wallet's
    first mark.
    """

    liquidation_price: Decimal | None
    liquidation_below: Decimal | None
    liquidation_above: Decimal | None
    beyond: bool
    reason: str | None
    price: Decimal
    x: Decimal


class Liquidation(NamedTuple):
    """The prices between which a position lives, and the margin asked for at the nearer; None means never.

    `tier` counts from 1 and is None where the schedule has no numbered tiers. `margin_ratio` is that at the reference.
    `beyond` says that the reference lies at or beyond an end already: then the distance is 0 and the ratio 1.
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
    margin_ratio: Decimal | None
    beyond: bool
    reason: str | None


def position_liquidation(holding: Holding, margin: Margin, mark: Decimal | None = None) -> Liquidation:
    """Where one position is liquidated on its own margin or balance; the reference is the mark, else the entry.

    At-mark maintenance: `P = Q(s + mmr + f)/(B + s*V + deduction)`; on the entry value: `P = s*Q/(B + s*V - mmr*V +
    deduction)`. Sources: Binance faq ceccfcfb4e3a45e3b48b0b1bb1a8ae46; Bybit help, liquidation price (inverse).

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

    No wallet outlives its bankruptcy.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> holding = Holding(open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000)), flat_rate(ZERO))
    >>> str(ends(wallet_of(ONE, [holding]), holding).spans[0].end)
    '0.00025'
    """
    x = bankruptcy_x(wallet)
    if x is None:
        return Ends(None, tuple(safe_spans(wallet)))
    reserve = _reserve(wallet, holding, x)
    spans = [_solvent(span, wallet, x) for span in safe_spans(wallet, reserve)]
    return Ends(x, tuple(spans), reserve)


def reserved_fees(wallet: Wallet, holding: Holding) -> Decimal:
    """The closing fees in coin reserved at the bankruptcy price of any of the wallet's holdings: `sum(f*Q)*x`.

    Those of a wallet of one contract are rounded as its venue does, at the bankruptcy price that the venue takes them
    at.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> holding = Holding(open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000)), flat_rate(ZERO))
    >>> reserved_fees(wallet_of(ONE, [holding]), holding) == ZERO
    True
    """
    x = bankruptcy_x(wallet)
    return ZERO if x is None else _reserve(wallet, holding, x)


def _reserve(wallet: Wallet, holding: Holding, x: Decimal) -> Decimal:
    """The same at the x of the bankruptcy."""
    if not wallet.closing_at_bankruptcy:
        return ZERO
    reserve = wallet.closing_at_bankruptcy * x
    rounding = holding.position.instrument.rounding
    if len(wallet.groups) == 1 and rounding.closing_fee:
        group = wallet.groups[0]
        if rounding.closing_fee_at == "exact":
            return on(rounding.closing_fee, reserve)
        if (price := _bankruptcy_price(wallet, holding, x)) is not None:
            return on(rounding.closing_fee, group.notional / price * group.closing_fee.rate)
    return reserve


def margin_ratio(wallet: Wallet, x: Decimal, of_wallet: Ends, condition: Decimal = ONE) -> Decimal | None:
    """What is asked for over the equity at x = 1/price: `condition*(MM + closing fees)/(B + sum(s*V) - x*sum(s*Q))`.

    1 where the wallet is liquidated, and beyond; None where a wallet without positions has no equity.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> holding = Holding(open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000)), flat_rate(Decimal("0.005")))
    >>> wallet = wallet_of(Decimal("0.02"), [holding])
    >>> plain(margin_ratio(wallet, ONE / 8_000, ends(wallet, holding)))
    '0.25'
    """
    if not any(_holds(span, x) for span in of_wallet.spans):
        return ONE if wallet.groups else None
    return _ratio_alive(wallet, x, of_wallet, condition)


def _ratio_alive(wallet: Wallet, x: Decimal, of_wallet: Ends, condition: Decimal = ONE) -> Decimal:
    """The margin ratio of a wallet that is not liquidated."""
    asked = condition * (maintenance(wallet, x) + closing_fees_at(wallet, x) + of_wallet.reserve)
    held = equity(wallet, x)
    return asked / held if settled(asked) < settled(held) else ONE


def liquidated_at(found: Prices | Liquidation | None, price: Decimal) -> bool | None:
    """Whether a price lies at or beyond the liquidation price; False where it is never, None where it is not known.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> holding = Holding(open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000)), flat_rate(ZERO))
    >>> found = position_liquidation(holding, Margin("cross", ONE, ONE))
    >>> [liquidated_at(found, Decimal(price)) for price in (4_001, 4_000)]
    [False, True]
    """
    if found is None:
        return None
    below, above = found.liquidation_below, found.liquidation_above
    return found.beyond or (below is not None and price <= below) or (above is not None and price >= above)


def liquidation_prices(
    wallet: Wallet,
    index: int,
    holding: Holding,
    mark: Decimal | None,
    by_mark: bool = True,
    *,
    of_wallet: Ends | None = None,
) -> Prices:
    """The prices at which the wallet's holding number `index` is liquidated, in the price of its own contract.

    The reference is its mark, else its entry; the nearer end is the one nearer by ratio. Beyond the roots already, a
    single position shows the root it has passed; with `by_mark`, as for the accounts of a portfolio, the mark itself.
    Ends that the venue prints below one tick or that lie above its largest price count as never. `of_wallet` saves
    finding the ends again for each position of a wallet.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> holding = Holding(open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000)), flat_rate(ZERO))
    >>> liquidation_prices(wallet_of(ONE, [holding]), 0, holding, None).liquidation_price == 4_000
    True
    """
    reference = holding.position.entry_price if mark is None else mark
    x = holding.ratio / reference
    if of_wallet is None:
        of_wallet = ends(wallet, holding)
    span = _span_near(of_wallet.spans, x)
    if span is None:
        reason = "the maintenance margin exceeds the equity at every price"
        return Prices(reference, None, None, True, reason, reference, x)
    below, above = _holding_price(holding, span.end, "below"), _holding_price(holding, span.start, "above")
    passed = (below is not None and reference <= below) or (above is not None and reference >= above)
    beyond = passed or not _holds(span, x)
    if beyond and by_mark:
        reason = "already under water: at the mark the maintenance margin exceeds the equity"
        return Prices(reference, below, above, beyond, reason, reference, x)
    if below is None and above is None:
        return Prices(None, below, above, beyond, _why_never(holding, span), reference, x)
    to_lower = above is None or (below is not None and reference * reference <= below * above)
    price, end = (below, span.end) if to_lower else (above, span.start)
    assert price is not None
    assert end is not None
    why: str | None = None
    if beyond:
        why = f"the {'entry' if mark is None else 'mark'} price is already beyond the liquidation price"
    elif not holding.schedule.marginal and _on_border(wallet.groups[wallet.group_of[index]], end):
        why = "at the border of a tier, whose rate on the whole position exceeds the equity"
    return Prices(price, below, above, beyond, why, price, end)


def liquidation(
    wallet: Wallet,
    index: int,
    holding: Holding,
    mark: Decimal | None,
    by_mark: bool = True,
    *,
    of_wallet: Ends | None = None,
) -> Liquidation:
    """Where the wallet's holding number `index` is liquidated, and what is asked for there; see `liquidation_prices`.

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
    if of_wallet is None:
        of_wallet = ends(wallet, holding)
    found, below, above, beyond, reason, price, at = liquidation_prices(
        wallet, index, holding, mark, by_mark, of_wallet=of_wallet
    )
    never = found is None
    group = wallet.groups[wallet.group_of[index]]
    piece = piece_at(group, at, still=at == x)
    own = 1 / price
    rate, deduction = piece.rate, piece.deduction + piece.deduction_usd * own
    asked = piece_maintenance(piece, own)
    if piece.slope or len(wallet.group_of) > 1:
        of_position, of_group = position.notional * own, group.notional * own
        if holding.schedule.basis == "entry":
            of_position, of_group = position.stored_value, group.stored_value
        share = of_position / of_group if of_group else ONE
        rate, deduction, asked = rate + piece.slope * of_group, deduction * share, asked * share
    distance = ZERO if beyond else (price - reference) / reference
    return Liquidation(
        tier=piece.tier,
        maintenance_rate=rate,
        deduction=deduction,
        closing_fee_rate=group.closing_fee.rate,
        maintenance_margin=None if never else on(position.instrument.rounding.maintenance, asked),
        liquidation_price=found,
        liquidation_below=below,
        liquidation_above=above,
        bankruptcy_price=_bankruptcy_price(wallet, holding, of_wallet.bankruptcy_x),
        distance=None if never else distance,
        margin_ratio=ONE if beyond else _ratio_alive(wallet, x, of_wallet),
        beyond=beyond,
        reason=reason,
    )


def _bankruptcy_price(wallet: Wallet, holding: Holding, x: Decimal | None) -> Decimal | None:
    """The bankruptcy price in the holding's contract."""
    return _holding_price(holding, x, "below" if wallet.constant > 0 else "above")


def _holding_price(holding: Holding, x: Decimal | None, end: str) -> Decimal | None:
    """The printed price of the holding's contract at an end of its wallet."""
    return None if x is None else price_at(holding.position.instrument, x / holding.ratio, end)


def _holds(span: Span, x: Decimal) -> bool:
    """Whether x lies within a span, to the digits that count."""
    x, start, end = settled(x), span.start, span.end
    return (not start or settled(start) < x) and (end is None or x < settled(end))


def _solvent(span: Span, wallet: Wallet, bankrupt: Decimal) -> Span:
    """A span as far as there is equity in it: rounded fees may leave it a little longer than the wallet is solvent."""
    if wallet.constant > 0:
        return span if span.end is not None and span.end <= bankrupt else Span(span.start, bankrupt)
    return Span(max(span.start, bankrupt), span.end)


def _span_near(spans: Sequence[Span], x: Decimal) -> Span | None:
    """The span that holds x, else the one nearest to it by ratio."""
    if len(spans) == 1:
        return spans[0]

    def gap(span: Span) -> Decimal:
        if x <= span.start:
            return span.start / x
        return ONE if span.end is None or x < span.end else x / span.end

    return min(spans, key=gap, default=None)


def _why_never(holding: Holding, span: Span) -> str:
    instrument = holding.position.instrument
    if span.end is not None:
        lowest = plain(least_price(instrument))
        if instrument.tick is not None:
            lowest = f"one tick ({lowest})"
        return f"never: the price would have to fall below {lowest}"
    if span.start > 0 and instrument.max_price is not None:
        return f"never: the price would have to rise above the venue's largest, {plain(instrument.max_price)}"
    return "never: the collateral covers the position's coin value at any price"


def _on_border(group: Group, x: Decimal) -> bool:
    return any(piece.start * group.ratio == x for piece in group.pieces)
