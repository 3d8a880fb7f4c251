"""What a move of the market does to a wallet: a ladder of prices, on which what has died stays dead.

A wallet lives between the two liquidation prices around the mark. Over `y = mark/price` its equity is a line and its
maintenance margin a parabola from tier to tier.
"""

import decimal
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.rounding import to_multiple
from perpcalc.core.spans import Span, safe_spans, segments
from perpcalc.core.wallet import Wallet, closing_fees_at_bankruptcy
from perpcalc.decimals import ONE, ZERO, settled

LOWEST, HIGHEST = Decimal("-0.99"), Decimal(3)
MOST_DEATHS = 12


class Stake(NamedTuple):
    """A wallet and the mark of its first contract; `reserve` is what of its collateral does not count in
    liquidation.
    """

    wallet: Wallet
    mark: Decimal
    reserve: Decimal = ZERO


class Rung(NamedTuple):
    """What a wallet is worth after a move, in coin.

    The maintenance margin includes the closing fees that count into liquidation; it is None after liquidation, where
    the ratio is 1.
    """

    pnl: Decimal
    equity: Decimal
    maintenance_margin: Decimal | None
    margin_ratio: Decimal | None
    liquidated: bool


class Fatal(NamedTuple):
    """The moves that liquidate a wallet, falling and rising: 0 where it is dead at the mark, None where none does."""

    down: Decimal | None
    up: Decimal | None


class Band(NamedTuple):
    """Maintenance margin and closing fees `a + b*y + c*y^2` beyond y, up to the next band."""

    y: Decimal
    a: Decimal
    b: Decimal
    c: Decimal


def life(stake: Stake) -> Span | None:
    """The interval of y = mark/price around y = 1 in which the wallet lives; None where it is dead at the mark.

    A wallet without positions lives at any price.

    >>> life(Stake(Wallet(ONE, ONE, ZERO, (), ()), ONE))
    Span(start=Decimal('0'), end=None)
    """
    wallet, mark, reserve = stake
    if not wallet.groups:
        return Span(ZERO, None)
    for span in safe_spans(wallet, reserve + closing_fees_at_bankruptcy(wallet)):
        start, end = settled(span.start * mark), None if span.end is None else settled(span.end * mark)
        if start < ONE and (end is None or end > ONE):
            return Span(start, end)
    return None


def fatal_moves(stake: Stake) -> Fatal:
    """The moves that liquidate a wallet: `1/y - 1` at the ends of its life.

    >>> from perpcalc.core.wallet import Holding, wallet_of
    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> holding = Holding(open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000)), flat_rate(ZERO))
    >>> fatal_moves(Stake(wallet_of(ONE, [holding]), Decimal(8_000)))
    Fatal(down=Decimal('-0.5'), up=None)
    """
    span = life(stake)
    if span is None:
        return Fatal(ZERO, ZERO)
    return Fatal(None if span.end is None else 1 / span.end - 1, 1 / span.start - 1 if span.start else None)


def ladder(stake: Stake, moves: Sequence[Decimal]) -> list[Rung]:
    """What a wallet is worth after each move of the market: `B + sum(s*(V - Q*x))` while it lives.

    A move of 0.1 multiplies every mark by 1.1. A wallet that was liquidated on the way from the mark is worth nothing
    and has lost its collateral. The answers are in the order of the moves. O(n log n) in tiers and moves. Derived from
    the linearity over 1/price.

    >>> from perpcalc.core.wallet import Holding, wallet_of
    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> holding = Holding(open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000)), flat_rate(Decimal("0.01")))
    >>> stake = Stake(wallet_of(ONE, [holding]), Decimal(8_000))
    >>> [(str(rung.equity), rung.liquidated) for rung in ladder(stake, [Decimal("0.25"), Decimal("-0.5")])]
    [('1.2', False), ('0', True)]
    """
    wallet, span = stake.wallet, life(stake)
    rungs = [Rung(-wallet.collateral, ZERO, None, ONE, True)] * len(moves)
    if span is None:
        return rungs
    bands, held = _bands(stake), 0
    linear = wallet.linear / stake.mark
    for index in sorted(range(len(moves)), key=moves.__getitem__, reverse=True):
        y = settled(ONE / (1 + moves[index]))
        if y <= span.start or (span.end is not None and y >= span.end):
            continue
        while held + 1 < len(bands) and bands[held + 1].y < y:
            held += 1
        _, a, b, c = bands[held]
        equity, asked = wallet.constant - linear * y, a + (b + c * y) * y
        ratio = asked / equity if equity else None
        rungs[index] = Rung(equity - wallet.collateral, equity, asked, ratio, False)
    return rungs


def visible_moves(fatal: Iterable[Fatal]) -> list[Decimal]:
    """The moves to show where none were asked for: -50% to +50%, and where each wallet dies.

    A fatal move is rounded away from the mark to a whole per cent, so that its rung shows the death; only those from
    -99% to +300% count, and of many the ones nearest to the mark.

    >>> [str(move) for move in visible_moves([Fatal(Decimal("-0.123"), None)])[3:6]]
    ['-0.2', '-0.13', '-0.1']
    """
    moves = {ONE / 10 * step for step in range(-5, 6)}
    fatal = list(fatal)
    for deaths, rounding in (
        ([one.down for one in fatal], decimal.ROUND_FLOOR),
        ([one.up for one in fatal], decimal.ROUND_CEILING),
    ):
        whole = {to_multiple(move, ONE / 100, rounding) for move in deaths if move is not None}
        moves.update(sorted((move for move in whole if LOWEST <= move <= HIGHEST), key=abs)[:MOST_DEATHS])
    return sorted(moves)


def even_moves(first: Decimal, last: Decimal, steps: int) -> list[Decimal]:
    """So many moves from the first to the last, both included, evenly apart.

    >>> [str(move) for move in even_moves(Decimal("-0.5"), Decimal("0.5"), 3)]
    ['-0.5', '0.0', '0.5']
    """
    if steps == 1:
        return [first]
    return [first + (last - first) * step / (steps - 1) for step in range(steps)]


def _bands(stake: Stake) -> list[Band]:
    """What a wallet asks for over y, from tier border to tier border."""
    wallet, mark, reserve = stake
    return [
        Band(
            settled(segment.left * mark),
            wallet.constant - segment.a,
            (segment.b - wallet.linear) / mark,
            segment.c / mark / mark,
        )
        for segment in segments(wallet, reserve + closing_fees_at_bankruptcy(wallet))
    ]
