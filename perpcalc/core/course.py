"""A wallet along an unknown (contracts, or 1/entry): where what it holds just meets what it is asked for, tier by tier.

Everything is one line: `share*equity = maintenance margin + closing fees` at a price, linear in the unknown as long as
the position stays in one tier (quadratic where the rate grows with size, or a fee is reserved for several contracts at
once). Each tier is solved and what lies outside it dropped; the forward calculation tells which of the rest is a turn.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from perpcalc.core.backed import Backed
from perpcalc.core.curve import Crossing, Curve
from perpcalc.core.instrument import Instrument, coin_value
from perpcalc.core.margin import piece_maintenance
from perpcalc.core.spans import segments
from perpcalc.core.wallet import Holding, Wallet, carrying, equity, piece_at
from perpcalc.decimals import ONE, ZERO, settled


class Course(NamedTuple):
    """What each unit of an unknown adds: USD and coin value at the entry to the position, and coin to its collateral.

    `backed` is where it starts, with the unknown at 0.
    """

    backed: Backed
    notional: Decimal
    value: Decimal
    collateral: Decimal

    @property
    def gained(self) -> Decimal:
        """The coin that each unit adds to collateral and values at the entry."""
        return self.collateral + self.backed.position.side * self.value


class Bulk(NamedTuple):
    """What shares the position's tier, over the unknown: its USD, its coin value at the entry, and that of each USD."""

    notional: Curve
    value: Curve
    per_usd: Curve


class Left(NamedTuple):
    """What is left in one tier, the margin asked for there, and the size that the tier counts, from `lower` to
    `upper`.
    """

    curve: Curve
    asked: Curve
    size: Curve
    lower: Decimal
    upper: Decimal | None

    def holds(self, unknown: Decimal) -> bool:
        """Whether the position is in this tier, and the tier asks for something."""
        size = settled(self.size.at(unknown))
        inside = size >= self.lower and (self.upper is None or size <= self.upper)
        return inside and settled(self.asked.at(unknown)) >= 0


def value_per_contract(instrument: Instrument, price: Decimal) -> Decimal:
    """The coin value at the entry of one contract, as the engine of its venue adds it up: rounded where it keeps that
    of a lot.

    >>> from perpcalc.core.instrument import PLAIN
    >>> value_per_contract(PLAIN, Decimal(8_000))
    Decimal('0.000125')
    """
    rounding = instrument.rounding
    if rounding.stored_value is None or rounding.value_of != "lot":
        return instrument.contract_size / price
    return coin_value(instrument, instrument.lot, price) / instrument.lot


def crossings(course: Course, price: Decimal, share: Decimal = ONE, *, still: bool = True) -> Iterator[Crossing]:
    """The values of the unknown above 0 at which `share*equity - MM - fees` may change its sign at a price.

    `still` tells which tier counts where the price is the border of another contract's: that of the smaller value.
    Derived.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import Margin
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(10_000))
    >>> course = Course(Backed(Holding(position, flat_rate(ZERO)), Margin("cross", ONE, ONE)), ONE, ONE / 10_000, ZERO)
    >>> [str(crossing.at) for crossing in crossings(course, Decimal(8_000))]
    ['30000']
    """
    start, x = course.backed.wallet, course.backed.x(price)
    beside = _beside(start)
    asked = beside.closing * x
    for group in beside.groups:
        asked += piece_maintenance(piece_at(group, x, still=still), x / group.ratio)
    gained = course.gained - course.backed.position.side * course.notional / price
    held = Curve(share * equity(start, x) - asked, share * gained)
    for bulk in _bulks(course):
        yield from _crossings(course, start, bulk, held, Curve(ONE / price))


def entry_crossings(course: Course) -> Iterator[Crossing]:
    """The values of 1/entry at which nothing may be left at the entry itself, where the position has neither gained nor
    lost.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import Margin
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(10_000))._replace(stored_value=ZERO)
    >>> backed = Backed(Holding(position, flat_rate(Decimal("0.5"))), Margin("cross", ONE, ONE))
    >>> [str(crossing.at) for crossing in entry_crossings(Course(backed, ZERO, Decimal(10_000), ZERO))]
    ['0.0002']
    """
    holding, start = course.backed.holding, course.backed.wallet
    moving = course.collateral + holding.position.side * holding.position.notional - start.linear * holding.ratio
    for bulk in _bulks(course):
        for left, right, a, b, c in segments(_beside(start)):
            held = Curve(start.constant + a, moving - b * holding.ratio, -c * holding.ratio * holding.ratio)
            for crossing in _crossings(course, start, bulk, held, Curve(ZERO, ONE), borders=True):
                if left <= crossing.at * holding.ratio and (right is None or crossing.at * holding.ratio <= right):
                    yield crossing._replace(slope=ZERO)


def border_crossings(course: Course, price: Decimal) -> Iterator[Crossing]:
    """The same where a tier of the whole position begins on the way to a price, and more is asked for than before or
    behind it.

    Another contract's begins at a price; the position's own, on the mark in coin, at `limit = Q/price`. Derived.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import Margin
    >>> from perpcalc.core.position import SHORT, open_at
    >>> from perpcalc.core.rules import Schedule, Tier
    >>> tiers = Schedule((Tier(ONE, ZERO), Tier(None, Decimal("0.5"))), marginal=False)
    >>> holding = Holding(open_at(PLAIN, SHORT, Decimal(12_000), Decimal(10_000)), tiers)
    >>> course = Course(Backed(holding, Margin("cross", ONE, ONE)), ONE, ONE / 10_000, ZERO)
    >>> [str(crossing.at) for crossing in border_crossings(course, Decimal(20_000))]
    ['3000']
    """
    holding, start = course.backed.holding, course.backed.wallet
    low, high = sorted((course.backed.x(price), course.backed.x(course.backed.reference)))
    beside = _beside(start)
    for group in beside.groups:
        for before, piece in pairwise(group.pieces):
            jump = piece_maintenance(piece, piece.start) - piece_maintenance(before, piece.start)
            if low < piece.start * group.ratio < high and settled(jump):
                yield from crossings(course, holding.ratio / (piece.start * group.ratio), still=False)
    schedule = holding.schedule
    if schedule.marginal or schedule.basis != "mark" or schedule.unit != "coin":
        return
    constant, linear = _equity(course, start)
    rates = _adverse(course) + (ZERO if holding.closing_fee.at_bankruptcy else holding.closing_fee.rate)
    for bulk in _bulks(course):
        share = ONE - _Reserve.of(course, start, bulk).share
        for below, above in pairwise(schedule.tiers):
            assert below.limit is not None
            asked = below.limit * (above.rate + rates + schedule.slope * below.limit)
            for segment in segments(beside):
                # share*constant - linear*x + a - b*x = asked at x = limit*ratio/Q, times Q
                kept = constant.times(share).plus(Curve(segment.a - asked)).by(bulk.notional)
                moving = linear.plus(Curve(segment.b)).times(-below.limit * holding.ratio)
                for root in kept.plus(moving).roots():
                    usd = bulk.notional.at(root)
                    if usd > 0 and low < below.limit * holding.ratio / usd < high:
                        yield Crossing(root, ZERO)


class _Reserve(NamedTuple):
    """The fees reserved at the bankruptcy price over the unknown: `fees*constant/slope`, where that is above 0."""

    fees: Curve
    constant: Curve
    slope: Curve

    @staticmethod
    def of(course: Course, start: Wallet, bulk: Bulk) -> "_Reserve":
        """Those of a wallet."""
        constant, linear = _equity(course, start)
        fees = Curve(_beside(start).closing_at_bankruptcy)
        own = course.backed.holding.closing_fee
        if own.at_bankruptcy:
            fees = fees.plus(bulk.notional.times(own.rate / course.backed.holding.ratio))
        return _Reserve(fees, constant, linear.plus(fees))

    @property
    def share(self) -> Decimal:
        """The share of collateral and entry values that the fees take, at the start or, where there is nothing yet, of
        a unit.
        """
        if self.slope.start:
            return self.fees.start / self.slope.start
        return self.fees.each / self.slope.each if self.slope.each else ZERO

    def at(self, unknown: Decimal) -> Decimal:
        """The reserve; 0 where no price brings bankruptcy."""
        constant, slope = self.constant.at(unknown), self.slope.at(unknown)
        return self.fees.at(unknown) * constant / slope if constant * slope > 0 else ZERO

    def taken_from(self, left: Curve) -> Iterator[tuple[Curve, Curve]]:
        """What the reserve leaves of a curve, as a curve and what it is multiplied by; and the curve where there is no
        reserve.
        """
        yield left, Curve(ONE)
        if not self.fees.start and not self.fees.each:
            return
        if settled(self.fees.start * self.slope.each) == settled(self.fees.each * self.slope.start):
            yield left.plus(self.constant.times(-self.share)), Curve(ONE)
        elif not left.bend:
            yield left.by(self.slope).plus(self.fees.by(self.constant).times(-ONE)), self.slope


def _crossings(
    course: Course, start: Wallet, bulk: Bulk, held: Curve, own: Curve, *, borders: bool = False
) -> Iterator[Crossing]:
    """Where what is held just meets what the position is asked for at x = `own`; with `borders` each tier's begin as
    well.
    """
    lefts = list(_lefts(course, bulk, held, own))
    reserve, first = _Reserve.of(course, start, bulk), lefts[0]
    nothing_asked = first._replace(curve=first.curve.plus(first.asked), asked=first.asked.times(-ONE))
    for left in (nothing_asked, *lefts) if course.backed.holding.schedule.tiers[0].deduction else lefts:
        for curve, divisor in reserve.taken_from(left.curve):
            for root in curve.roots():
                if left.holds(root) and bulk.notional.at(root) >= 0:
                    yield Crossing(root, curve.slope(root) / divisor.at(root))
    whole = borders and not course.backed.holding.schedule.marginal
    for below, above in pairwise(lefts):
        assert below.upper is not None
        for at in below.size.plus(Curve(-below.upper)).roots():
            taken = reserve.at(at)
            if whole or (below.curve.at(at) >= taken) != (above.curve.at(at) >= taken):
                yield Crossing(at, ZERO)


def _lefts(course: Course, bulk: Bulk, held: Curve, own: Curve) -> Iterator[Left]:
    """What is left of `held` at x = `own` in each tier of the position, fees reserved at bankruptcy not taken off."""
    position, schedule = course.backed.position, course.backed.holding.schedule
    at_mark, closing_fee = bulk.notional.by(own), course.backed.holding.closing_fee
    on_mark = schedule.basis == "mark"
    value, per_usd = (at_mark, own) if on_mark else (bulk.value, bulk.per_usd)
    unit = position.instrument.contract_size if schedule.unit == "contracts" else ONE
    size = {"coin": value, "contracts": bulk.notional.times(ONE / unit), "usd": bulk.notional}[schedule.unit]
    adverse, fee = _adverse(course), ZERO if closing_fee.at_bankruptcy else closing_fee.rate
    lower, last = ZERO, schedule.tiers[-1]
    for tier in schedule.tiers:
        deduction = Curve(tier.deduction) if schedule.unit == "coin" else per_usd.times(tier.deduction * unit)
        asked = value.times(tier.rate + adverse).plus(value.by(value).times(schedule.slope)).plus(deduction.times(-ONE))
        paid = held.plus(at_mark.times(-fee))
        yield Left(paid.plus(asked.times(-ONE)), asked, size, lower, None if tier is last else tier.limit)
        lower = tier.limit or ZERO


def _bulks(course: Course) -> list[Bulk]:
    """What shares the position's tier: those of its contract and side with it, or what is left of the larger side."""
    holding, notional = course.backed.holding, Curve(course.backed.position.notional, course.notional)
    value = Curve(course.backed.position.stored_value, course.value)
    opposite, opposite_value = ZERO, ZERO
    for other in _alike(course):
        if other.position.side == holding.position.side:
            notional = notional.plus(Curve(other.position.notional))
            value = value.plus(Curve(other.position.stored_value))
        elif not other.position.instrument.hedge_mode:
            opposite += other.position.notional
            opposite_value += other.position.stored_value
    if not notional.start:
        per_usd = Curve(value.each / notional.each)
    else:  # an average that moves with the unknown is no line: that of the start
        per_usd = Curve(value.start / notional.start, ZERO if notional.each else value.each / notional.start)
    if not opposite:
        return [Bulk(notional, value, per_usd)]
    over, other_per_usd = notional.plus(Curve(-opposite)), Curve(opposite_value / opposite)
    under = over.times(-ONE)
    return [Bulk(over, over.by(per_usd), per_usd), Bulk(under, under.by(other_per_usd), other_per_usd)]


def _alike(course: Course) -> list[Holding]:
    """The other holdings of the position's contract, which are margined as it is."""
    own = course.backed.holding
    key = (own.position.instrument, own.schedule, own.closing_fee, own.ratio)
    others = course.backed.others
    return [one for one in others if (one.position.instrument, one.schedule, one.closing_fee, one.ratio) == key]


def _adverse(course: Course) -> Decimal:
    """The funding rate against the position, where the venue adds it to that of the maintenance margin."""
    holding = course.backed.holding
    if not holding.schedule.adverse_funding:
        return ZERO
    side = holding.position.side
    paid = (one.funding_rate for one in (holding, *_alike(course)) if one.position.side == side)
    return max(ZERO, *paid)


def _equity(course: Course, start: Wallet) -> tuple[Curve, Curve]:
    """`constant` and `linear` of the equity over the unknown."""
    holding = course.backed.holding
    linear = Curve(start.linear, holding.position.side * course.notional / holding.ratio)
    return Curve(start.constant, course.gained), linear


def _beside(start: Wallet) -> Wallet:
    """The groups of the other contracts, without equity."""
    own = start.group_of[-1]
    return carrying(Wallet(ZERO, ZERO, ZERO, (), ()), (*start.groups[:own], *start.groups[own + 1 :]))
