"""What a move of the market does to wallets: a ladder of prices, on which what has died stays dead.

A wallet lives between the two liquidation prices around the mark. Over `y = mark/price` its equity is a line and its maintenance
margin a parabola from tier to tier, so the wallets of a pool add up to one running sum of coefficients.
"""

import decimal
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.rounding import to_multiple
from perpcalc.core.wallet import Span, Wallet, closing_fees_at_bankruptcy, safe_spans, segments
from perpcalc.decimals import ONE, ZERO, settled

LOWEST, HIGHEST = Decimal("-0.99"), Decimal(3)
MOST_DEATHS = 12


class Stake(NamedTuple):
    """A wallet and the mark of its first contract; `reserve` is what of its collateral does not count in liquidation."""

    wallet: Wallet
    mark: Decimal
    reserve: Decimal = ZERO


class Rung(NamedTuple):
    """What wallets are worth after a move, in coin.

    The maintenance margin includes the closing fees that count into liquidation; it and its ratio are None after liquidation.
    """

    pnl: Decimal
    equity: Decimal
    maintenance_margin: Decimal | None
    margin_ratio: Decimal | None
    liquidated: bool


class Change(NamedTuple):
    """What starts to count at y: wallets, `constant - linear*y` of equity and `a + b*y + c*y^2` of maintenance margin.

    `later` changes count beyond y only.
    """

    y: Decimal
    later: bool
    living: int
    constant: Decimal
    linear: Decimal
    a: Decimal
    b: Decimal
    c: Decimal


class Pool(NamedTuple):
    """Wallets taken together: the collateral they put in, their changes in the order of y, and the moves that kill one.

    `falling` and `rising` are each nearest first.
    """

    collateral: Decimal
    changes: tuple[Change, ...]
    falling: tuple[Decimal, ...]
    rising: tuple[Decimal, ...]


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


def pool(stakes: Iterable[Stake]) -> Pool:
    """Wallets taken together: what they put in, what they add up to, and the moves that kill them, `1/y - 1` at the ends of a life.

    What is dead at the mark already has no such moves.

    >>> from perpcalc.core.wallet import Holding, wallet_of
    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> holding = Holding(open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000)), flat_rate(ZERO))
    >>> pool([Stake(wallet_of(ONE, [holding]), Decimal(8_000))]).falling
    (Decimal('-0.5'),)
    """
    collateral = ZERO
    changes: list[Change] = []
    lives: list[Span] = []
    for stake in stakes:
        collateral += stake.wallet.collateral
        span = life(stake)
        if span is not None:
            lives.append(span)
            changes.extend(_changes(stake, span))
    changes.sort()
    falling = sorted((1 / span.end - 1 for span in lives if span.end is not None), reverse=True)
    rising = sorted(1 / span.start - 1 for span in lives if span.start)
    return Pool(collateral, tuple(changes), tuple(falling), tuple(rising))


def ladder(wallets: Pool, moves: Sequence[Decimal]) -> list[Rung]:
    """What the wallets are worth together after each move of the market: `B + sum(s*(V - Q*x))` of those that live.

    A move of 0.1 multiplies every mark by 1.1. A wallet that was liquidated on the way from the mark is worth nothing and has lost its
    collateral. The answers are in the order of the moves. O(n log n) in tiers and moves. Derived from the linearity over 1/price.

    >>> from perpcalc.core.wallet import Holding, wallet_of
    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> holding = Holding(open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000)), flat_rate(Decimal("0.01")))
    >>> one = pool([Stake(wallet_of(ONE, [holding]), Decimal(8_000))])
    >>> [(str(rung.equity), rung.liquidated) for rung in ladder(one, [Decimal("0.25"), Decimal("-0.5")])]
    [('1.2', False), ('0', True)]
    """
    collateral, changes = wallets.collateral, wallets.changes
    dead = Rung(-collateral, ZERO, None, None, True)
    rungs = [dead] * len(moves)
    living, constant, linear, a, b, c = 0, ZERO, ZERO, ZERO, ZERO, ZERO
    done = 0
    for index in sorted(range(len(moves)), key=moves.__getitem__, reverse=True):
        y = settled(ONE / (1 + moves[index]))
        while done < len(changes) and (changes[done].y < y or (changes[done].y == y and not changes[done].later)):
            change = changes[done]
            living, constant, linear = living + change.living, constant + change.constant, linear + change.linear
            a, b, c = a + change.a, b + change.b, c + change.c
            done += 1
        if living:
            equity = constant - linear * y
            asked = a + (b + c * y) * y
            rungs[index] = Rung(equity - collateral, equity, asked, asked / equity if equity else None, False)
    return rungs


def visible_moves(pools: Iterable[Pool]) -> list[Decimal]:
    """The moves to show where none were asked for: -50% to +50%, and where the first and the last wallet of each pool dies.

    A fatal move is rounded away from the mark to a whole per cent, so that its rung shows the death; only those from -99% to +300% count,
    and of many the ones nearest to the mark.

    >>> [str(move) for move in visible_moves([Pool(ZERO, (), (Decimal("-0.123"),), ())])[3:6]]
    ['-0.2', '-0.13', '-0.1']
    """
    moves = {ONE / 10 * step for step in range(-5, 6)}
    pools = list(pools)
    for fatal, rounding in (
        ([one.falling for one in pools], decimal.ROUND_FLOOR),
        ([one.rising for one in pools], decimal.ROUND_CEILING),
    ):
        ends = [move for deaths in fatal for move in (*deaths[:1], *deaths[-1:])]
        whole = {to_multiple(move, ONE / 100, rounding) for move in ends}
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


def _changes(stake: Stake, span: Span) -> list[Change]:
    """The birth of a wallet at the higher end of its life, its tier borders inside, and its death at the lower end."""
    wallet, mark, reserve = stake
    linear = wallet.linear / mark
    changes: list[Change] = []
    held = (ZERO, ZERO, ZERO)
    for segment in segments(wallet, reserve + closing_fees_at_bankruptcy(wallet)):
        y = settled(segment.left * mark)
        if span.end is not None and y >= span.end:
            break
        asked = (wallet.constant - segment.a, (segment.b - wallet.linear) / mark, segment.c / mark / mark)
        if y > span.start:
            step = (new - old for new, old in zip(asked, held, strict=True))
            changes.append(Change(y, True, 0, ZERO, ZERO, *step))
        else:
            changes = [Change(span.start, True, 1, wallet.constant, linear, *asked)]
        held = asked
    if span.end is not None:
        gone = (-amount for amount in held)
        changes.append(Change(span.end, False, -1, -wallet.constant, -linear, *gone))
    return changes
