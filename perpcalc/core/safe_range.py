"""What counts of an account and what it must keep along a line of prices, and where on it the account lives.

From break point to break point both are linear, so each end of a life is an exact root.
"""

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from perpcalc.core.collateral import DEBT
from perpcalc.core.price_line import Line, coin_equity_on, moved_coins, price_on, still
from perpcalc.core.printed_price import NO_PRICE
from perpcalc.core.rounding import without_noise
from perpcalc.core.unified import Coin, Sums
from perpcalc.decimals import ONE, ZERO, settled


class Border(NamedTuple):
    """What changes at a break point: a coin's equity passes zero or enters a band, or a maintenance tier begins.

    `kind` is "equity", "band" or "tier"; `number` is the band entered, None for a tier.
    """

    kind: str
    coin: str
    number: int | None = None


class Stretch(NamedTuple):
    """Between two break points the margin balance and the maintenance margin are simple in t.

    They are `counted + counted_per*t` and `asked + asked_per*t + curve/(t - pole)` USD; `border` is what began at its
    left end.
    """

    left: Decimal
    right: Decimal | None
    counted: Decimal
    counted_per: Decimal
    asked: Decimal
    asked_per: Decimal
    curve: Decimal
    pole: Decimal
    border: Border | None


class End(NamedTuple):
    """Where an account dies: between which borders of the line, and whether a border itself is the place (`jump`)."""

    at: Decimal
    jump: bool
    since: Border | None
    until: Border | None


class Range(NamedTuple):
    """An open interval of a line in which the account lives; an end that is None is never reached."""

    low: End | None
    high: End | None


class Amounts(NamedTuple):
    """The five sums of a stretch, or what one coin adds to them."""

    counted: Decimal = ZERO
    counted_per: Decimal = ZERO
    asked: Decimal = ZERO
    asked_per: Decimal = ZERO
    curve: Decimal = ZERO


class Piece(NamedTuple):
    """What a coin adds from `start` on, None from the beginning of the line."""

    start: Decimal | None
    amounts: Amounts
    border: Border | None = None


NOTHING = Amounts()


def is_curved(sums: Sums, line: Line) -> bool:
    """Whether rates that grow with value (Deribit) make the maintenance margin curve, in coins that move differently.

    Then no formula gives the roots on this line.

    >>> from perpcalc.core.price_line import common_line
    >>> from perpcalc.core.unified import Account, sums_of
    >>> sums = sums_of(Account({"BTC": ONE}, {"BTC": Decimal(60_000)}))
    >>> is_curved(sums, common_line(sums))
    False
    """
    return len(_poles(sums, line)) > 1


def stretches(sums: Sums, line: Line) -> list[Stretch]:
    """An account from break point to break point of a line. O(n log n) in the bands and tiers of the coins that move.

    >>> from perpcalc.core.price_line import price_line
    >>> from perpcalc.core.unified import Account, sums_of
    >>> sums = sums_of(Account({"BTC": Decimal(2)}, {"BTC": Decimal(60_000)}))
    >>> [str(stretch.counted_per) for stretch in stretches(sums, price_line(sums, "BTC"))]
    ['2']
    """
    others = still(sums, line)
    total = Amounts(counted=others.counted, asked=others.asked)
    steps: dict[Decimal, Amounts] = {}
    borders: dict[Decimal, Border | None] = {}
    for coin in moved_coins(sums, line):
        for pieces in (_counted_pieces(sums, coin, line), _asked_pieces(coin, line)):
            before = NOTHING
            for piece in pieces:
                change = _less(piece.amounts, before)
                if piece.start is None or piece.start <= line.low:
                    total = _plus(total, change)
                elif line.high is None or piece.start < line.high:
                    at = settled(piece.start)
                    steps[at] = _plus(steps.get(at, NOTHING), change)
                    borders.setdefault(at, piece.border)
                before = piece.amounts
    found: list[Stretch] = []
    left, border, pole = line.low, None, next(iter(_poles(sums, line)), ZERO)
    for at in sorted(steps):
        found.append(Stretch(left, at, *total, pole, border))
        total = _plus(total, steps[at])
        left, border = at, borders[at]
    found.append(Stretch(left, line.high, *total, pole, border))
    return found


def amounts_at(part: Stretch, t: Decimal) -> tuple[Decimal, Decimal]:
    """The margin balance and the maintenance margin in USD at a point of a stretch.

    >>> from perpcalc.core.price_line import price_line
    >>> from perpcalc.core.unified import Account, sums_of
    >>> sums = sums_of(Account({"BTC": Decimal(2)}, {"BTC": Decimal(60_000)}))
    >>> amounts_at(stretches(sums, price_line(sums, "BTC"))[0], Decimal(50_000))
    (Decimal('100000'), Decimal('0'))
    """
    asked = part.asked + part.asked_per * t
    return part.counted + part.counted_per * t, asked + part.curve / (t - part.pole) if part.curve else asked


def safe_ranges(sums: Sums, line: Line, factor: Decimal, parts: Iterable[Stretch] | None = None) -> list[Range]:
    """Where on a line the margin balance is above `factor` times the maintenance margin, from its low end up.

    Each end is a root of one stretch, or a border where the maintenance margin jumps past the margin balance. `parts`
    are the stretches where they are known already. The line must not be curved (`is_curved`).

    >>> from perpcalc.core.price_line import price_line
    >>> from perpcalc.core.unified import Account, sums_of
    >>> account = Account({"BTC": Decimal(2), "USDT": Decimal(-60_000)}, {"BTC": Decimal(60_000)})
    >>> sums = sums_of(account)
    >>> [str(one.low.at) for one in safe_ranges(sums, price_line(sums, "BTC"), ONE)]
    ['30000']
    """
    if sums.idle:
        return [Range(None, None)]
    parts = list(parts or stretches(sums, line))
    ranges: list[Range] = []
    start: End | None = None
    alive = False
    for index, part in enumerate(parts):
        until = parts[index + 1].border if index + 1 < len(parts) else None
        points = [part.left, *_roots(part, factor)]
        for number, point in enumerate(points):
            following = points[number + 1] if number + 1 < len(points) else part.right
            inside = (point + following) / 2 if following is not None else point + 1
            counted, asked = amounts_at(part, inside)
            above = counted - factor * asked > 0
            if above == alive:
                continue
            jump = not number and part.border is not None and part.border.kind == "tier"
            end = None if point == line.low else End(point, jump, part.border, until)
            if above:
                start = end
            else:
                ranges.append(Range(start, end))
            alive = above
    if alive:
        ranges.append(Range(start, None))
    return ranges


def holds(span: Range, t: Decimal) -> bool:
    """Whether a point of the line lies inside a range.

    >>> holds(Range(None, None), ONE)
    True
    """
    at = settled(t)
    return (span.low is None or settled(span.low.at) < at) and (span.high is None or at < settled(span.high.at))


def _counted_pieces(sums: Sums, coin: Coin, line: Line) -> Iterable[Piece]:
    """What counts of a coin's equity, band by band: `rate*U + offset*P`."""
    reading, weight = sums.account.reading, coin.weight
    at_zero, per = price_on(line, coin)
    equity, equity_per = coin_equity_on(line, coin, sums)
    whole, whole_per = equity, equity_per
    if reading == "balance":
        whole, whole_per = coin.wallet.collateral * at_zero, coin.wallet.collateral * per
    bands = (DEBT, *weight.bands)
    unit, unit_per = (at_zero, per) if weight.unit == "coin" else (ONE, ZERO)

    def piece(start: Decimal | None, number: int, kind: str = "band") -> Piece:
        band = bands[number]
        usd, usd_per = band.rate * whole + band.offset * unit, band.rate * whole_per + band.offset * unit_per
        if reading == "balance":
            usd, usd_per = usd + (equity - whole), usd_per + (equity_per - whole_per)
        return Piece(start, Amounts(usd, usd_per), Border(kind, coin.name, number))

    crossings: list[tuple[Decimal, int, int]] = []
    for number, (band, following) in enumerate(pairwise(bands)):
        assert band.upper is not None
        slope = whole_per - band.upper * unit_per
        if slope and band.rate != following.rate:
            at = (band.upper * unit - whole) / slope
            if at > line.low and (line.high is None or at < line.high):
                crossings.append((at, number, number + 1) if slope > 0 else (at, number + 1, number))
    crossings.sort()
    yield piece(None, crossings[0][1] if crossings else coin.band)
    for at, before, number in crossings:
        yield piece(at, number, "band" if before and number else "equity")


def _asked_pieces(coin: Coin, line: Line) -> Iterable[Piece]:
    """What a coin's inverse positions and the legs on it must keep, tier by tier."""
    at_zero, per = price_on(line, coin)
    if not per:
        yield Piece(None, Amounts(asked=coin.maintenance_usd))
        return
    legs, legs_per = coin.leg_rate * at_zero - coin.leg_deduction, coin.leg_rate * per
    rising = per > 0
    for index, part in enumerate(reversed(coin.asked) if rising else coin.asked):
        edge = part.right if rising else part.left
        start = None if index == 0 or not edge else (1 / edge - at_zero) / per
        amounts = Amounts(
            asked=part.coins * at_zero + part.usd + legs, asked_per=part.coins * per + legs_per, curve=part.curve / per
        )
        yield Piece(start, amounts, Border("tier", coin.name))


def _poles(sums: Sums, line: Line) -> set[Decimal]:
    """The points at which a coin whose maintenance margin is curved would cost nothing."""
    moving = ((sums.coins[name], at_zero, per) for name, (at_zero, per) in line.moving.items())
    return {settled(-at_zero / per) for coin, at_zero, per in moving if any(part.curve for part in coin.asked)}


def _roots(part: Stretch, factor: Decimal) -> list[Decimal]:
    """The zeros inside a stretch, ascending, of `counted - factor*asked`: `a + b*t`, or `a + b*t - c/(t - pole)`."""
    asked, asked_per, c = (factor * amount for amount in (part.asked, part.asked_per, part.curve))
    a = without_noise(part.counted - asked, asked)
    b = without_noise(part.counted_per - asked_per, asked_per)
    found: list[Decimal] = []
    if not c:
        found = [-a / b] if b else []
    elif not (middle := a + b * part.pole) or not b:
        found = [part.pole + c / middle] if middle else []
    elif (under := middle * middle + 4 * b * c) >= 0:
        root = under.sqrt()
        found = sorted({part.pole + (root - middle) / (2 * b), part.pole - (root + middle) / (2 * b)})
    inside = (settled(root) for root in found if abs(root) <= NO_PRICE)
    return [root for root in inside if part.left < root and (part.right is None or root < part.right)]


def _plus(one: Amounts, other: Amounts) -> Amounts:
    return Amounts(*(without_noise(a + b, a) for a, b in zip(one, other, strict=True)))


def _less(one: Amounts, other: Amounts) -> Amounts:
    return Amounts(*(without_noise(a - b, a) for a, b in zip(one, other, strict=True)))
