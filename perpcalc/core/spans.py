"""Where a wallet of one coin lives: the intervals of 1/price in which its equity exceeds what is asked for, by exact
roots.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from heapq import merge
from operator import itemgetter
from typing import NamedTuple

from perpcalc.core.rounding import without_noise
from perpcalc.core.wallet import NOTHING, Group, Wallet
from perpcalc.decimals import ONE, ZERO


class Span(NamedTuple):
    """An open interval of x = 1/price in which the equity exceeds the maintenance margin; `end` None is without end."""

    start: Decimal
    end: Decimal | None


class Segment(NamedTuple):
    """An interval of x = 1/price between two tier borders, on which the free equity is `a - b*x - c*x^2` coins."""

    left: Decimal
    right: Decimal | None
    a: Decimal
    b: Decimal
    c: Decimal


def safe_spans(wallet: Wallet, reserve: Decimal = ZERO) -> list[Span]:
    """The intervals of x = 1/price in which the wallet lives, from the highest price (x = 0) down.

    Between two tier borders `equity - maintenance - fees` is `a - b*x - c*x^2`, so each end is an exact root or, where
    a tier of the whole position jumps past the equity, the border itself. A free equity of exactly 0 is none:
    coefficients that cancel are 0, whatever their last digits. `reserve` is taken from the equity. Tiers further on are
    left alone once no tier can decide anything more. O(n log n) in positions and tiers.

    >>> str(safe_spans(Wallet(ONE, Decimal(2), Decimal(8_000), (), ()))[0].end)
    '0.00025'
    """
    spans: list[Span] = []
    held, least = wallet.constant - reserve, wallet.linear + wallet.closing
    for segment in segments(wallet, reserve):
        alive, right = False, segment.right
        for start, end in _alive_in(segment):
            goes_on = spans and spans[-1].end == start
            spans.append(Span(spans.pop().start if goes_on else start, end))
            alive = end == right
        if right is None:
            break
        if not alive and least >= 0 and held <= least * right:
            break  # nothing is free, here and beyond
        if alive and least <= 0 and (most := _most_taken(wallet)) is not None and most <= 0 and held > most * right:
            spans[-1] = Span(spans[-1].start, None)
            break  # there is more than any tier asks, here and beyond
    return spans


def _alive_in(segment: Segment) -> Iterable[tuple[Decimal, Decimal | None]]:
    """The parts of a segment, ascending, in which something is free."""
    left, right, a, b, c = segment
    if c:
        return _alive_between(segment)
    low, high = left, right
    if b > 0:
        root = a / b
        high = root if right is None or root < right else right
    elif b < 0:
        low = max(left, a / b)
    elif a <= 0:
        return ()
    return ((low, high),) if high is None or low < high else ()


def _alive_between(segment: Segment) -> Iterator[tuple[Decimal, Decimal | None]]:
    """The same where the free equity is no line: between its roots."""
    left, right, a, b, c = segment
    points = [left, *(root for root in _roots(a, b, c) if left < root and (right is None or root < right))]
    for index, point in enumerate(points):
        following = points[index + 1] if index + 1 < len(points) else right
        inside = (point + following) / 2 if following is not None else point * 2 if point else ONE
        if a - (b + c * inside) * inside > 0:
            yield point, following


def _most_taken(wallet: Wallet) -> Decimal | None:
    """What the free equity loses per x = 1/price at most, in any tier; None where no bound is known."""
    most = ZERO
    for group in wallet.groups:
        if group.most is None:
            return None
        most += group.most / group.ratio
    return wallet.linear + wallet.closing + most


def segments(wallet: Wallet, reserve: Decimal = ZERO) -> Iterator[Segment]:
    """What is left of the equity after maintenance margin and closing fees, from tier border to tier border.

    `equity(x) - maintenance(x) - fees(x) - reserve = a - b*x - c*x^2` coins on each segment, from x = 0 up, each found
    when it is asked for; fees at the bankruptcy price come with the reserve. O(n log n) in positions and tiers.

    >>> [str(segment.b) for segment in segments(Wallet(ONE, Decimal(2), Decimal(8_000), (), ()))]
    ['8000']
    """
    a, b = without_noise(wallet.constant - reserve, wallet.constant), wallet.linear + wallet.closing
    return _segments_of_one(wallet.groups[0], a, b) if len(wallet.groups) == 1 else _segments(wallet, a, b)


def _segments(wallet: Wallet, a: Decimal, b: Decimal) -> Iterator[Segment]:
    """The segments of a wallet whose equity is `a - b*x` before maintenance margin."""
    c, left, da, db, dc = ZERO, ZERO, ZERO, ZERO, ZERO
    for at, constant, linear, quadratic in merge(*map(_steps, wallet.groups), key=itemgetter(0)):
        if at != left:
            a, b, c = a - da, without_noise(b + db, b), c + dc
            yield Segment(left, at, a, b, c)
            left, da, db, dc = at, ZERO, ZERO, ZERO
        da, db, dc = da + constant, db + linear, dc + quadratic
    yield Segment(left, None, a - da, without_noise(b + db, b), c + dc)


def _segments_of_one(group: Group, a: Decimal, b: Decimal) -> Iterator[Segment]:
    """The segments of a wallet of one group, whose pieces they are."""
    ratio = group.ratio
    for piece in group.pieces:
        left, right, asked, bent = piece.start, piece.end, piece.linear, piece.quadratic
        if ratio != ONE:
            left, right, asked = left * ratio, right and right * ratio, asked / ratio
            bent = bent / ratio / ratio
        yield Segment(left, right, a - piece.constant, without_noise(b + asked, b), bent)


def _steps(group: Group) -> Iterator[tuple[Decimal, Decimal, Decimal, Decimal]]:
    """Where the pieces of a group begin, and by what the maintenance margin changes there: a constant, per x and per
    x^2.
    """
    ratio, before = group.ratio, NOTHING
    for piece in group.pieces:
        yield (
            piece.start * ratio,
            piece.constant - before.constant,
            (piece.linear - before.linear) / ratio,
            (piece.quadratic - before.quadratic) / ratio / ratio,
        )
        before = piece


def _roots(a: Decimal, b: Decimal, c: Decimal) -> list[Decimal]:
    """The real roots of `a - b*x - c*x^2` with a c that is not 0, ascending."""
    discriminant = without_noise(b * b + 4 * a * c, b * b)
    if discriminant < 0:
        return []
    root = discriminant.sqrt()
    return sorted({(-b - root) / (2 * c), (-b + root) / (2 * c)})
