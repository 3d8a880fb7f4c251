"""What stands behind a position, and the pieces that a schedule makes of its maintenance margin over 1/price."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple, overload

from perpcalc.core.position import Position
from perpcalc.core.rounding import on
from perpcalc.core.rules import Schedule, Tier, tier_index
from perpcalc.decimals import ONE, ZERO, plain, settled
from perpcalc.errors import Key, PerpcalcError


class Margin(NamedTuple):
    """What stands behind a position: `coin` as shown, and `usable`, what of it counts before zero equity.

    `mode` is "isolated" or "cross"; `leverage` as given, else None.
    """

    mode: str
    coin: Decimal
    usable: Decimal
    leverage: Decimal | None = None


NO_MARGIN = Margin("isolated", ZERO, ZERO)
"""What stands behind an isolated position that brings nothing."""


class Piece(NamedTuple):
    """Maintenance margin `constant + linear*x + quadratic*x^2` coins from x = `start` to x = `end`, x = 1/price.

    Without an `end` it is for all x. It is `value*(rate + slope*value) - deduction - deduction_usd*x`. `tier` counts
    from 1 and is None where the schedule does not number its tiers.
    """

    start: Decimal
    constant: Decimal
    linear: Decimal
    quadratic: Decimal
    tier: int | None
    rate: Decimal
    slope: Decimal
    deduction: Decimal
    deduction_usd: Decimal
    end: Decimal | None = None


class Pieces(Sequence[Piece]):
    """The pieces of a maintenance margin from x = 0 up, each made when it is first asked for: most positions meet one
    or two.
    """

    __slots__ = ("_made", "_rest")

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._made: list[Piece] = []
        self._rest = pieces

    def __iter__(self) -> Iterator[Piece]:
        made, index = self._made, 0
        while True:
            if index == len(made):
                if (piece := next(self._rest, None)) is None:
                    return
                made.append(piece)
            yield made[index]
            index += 1

    @overload
    def __getitem__(self, index: int) -> Piece: ...
    @overload
    def __getitem__(self, index: slice) -> list[Piece]: ...
    def __getitem__(self, index: int | slice) -> Piece | list[Piece]:
        self._made.extend(self._rest)
        return self._made[index]

    def __len__(self) -> int:
        self._made.extend(self._rest)
        return len(self._made)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pieces) and [*self] == [*other]

    def __hash__(self) -> int:
        return hash((*self,))


def maintenance_pieces(
    schedule: Schedule,
    contracts: Decimal,
    notional: Decimal,
    entry_value: Decimal,
    funding_rate: Decimal = ZERO,
) -> Pieces:
    """The maintenance margin of a position as a function of x = 1/price, piece by piece from x = 0.

    On the mark the value is `w = Q*x` and a tier asks `(rate + slope*w)*w - deduction`; on the entry it is `V*rate -
    deduction`, the same at every price. It is never below 0: where a deduction is more than the margin, a piece that
    asks for nothing ends at the exact x from which on something is. `funding_rate` is signed as the position pays it.

    >>> from perpcalc.core.rules import flat_rate
    >>> pieces = maintenance_pieces(flat_rate(Decimal("0.01")), Decimal(100), Decimal(100), Decimal(1))
    >>> str(pieces[0].linear)
    '1.00'
    """
    adverse = max(ZERO, funding_rate) if schedule.adverse_funding else ZERO
    if schedule.basis == "mark" and schedule.unit == "coin":
        return Pieces(_by_value(schedule, notional, adverse))
    size = {"contracts": contracts, "usd": notional}.get(schedule.unit, entry_value)
    index = tier_index(schedule.tiers, size)
    tier, slope = schedule.tiers[index], schedule.slope
    rate, number = tier.rate + adverse, _number(schedule, index)
    coin, usd = tier.deduction, ZERO
    if schedule.unit != "coin":
        coin, usd = ZERO, tier.deduction * (notional / contracts if schedule.unit == "contracts" else ONE)
    if schedule.basis == "entry":
        most = (rate + slope * entry_value) * entry_value
        coin = min(most, coin + usd * entry_value / notional)
        piece = Piece(ZERO, most - coin, ZERO, ZERO, number, rate, slope, coin, ZERO)
    else:
        linear, quadratic = rate * notional - usd, slope * notional * notional
        piece = Piece(ZERO, -coin, linear, quadratic, number, rate, slope, coin, usd)
    return Pieces(iter(_from_zero(piece, notional)))


def _by_value(schedule: Schedule, notional: Decimal, adverse: Decimal) -> Iterator[Piece]:
    """The pieces of a schedule whose tiers count the coin value at the mark: each begins where that meets its tier."""
    tiers, slope = schedule.tiers, schedule.slope
    quadratic, start, last = slope * notional * notional, ZERO, len(tiers) - 1
    for index, (limit, tier_rate, deduction, _) in enumerate(tiers):
        rate, number = tier_rate + adverse, _number(schedule, index)
        end = None if limit is None or index == last else limit / notional
        piece = Piece(start, -deduction, rate * notional, quadratic, number, rate, slope, deduction, ZERO, end)
        if not deduction and rate >= 0:
            yield piece
        else:
            yield from _from_zero(piece, notional)
        start = end or start


def _number(schedule: Schedule, index: int) -> int | None:
    """The number by which people know a tier."""
    return index + 1 if schedule.numbered and not schedule.slope else None


def most_asked(schedule: Schedule, notional: Decimal, funding_rate: Decimal = ZERO) -> Decimal | None:
    """What the maintenance margin never exceeds at x = 1/price, per x: `Q*max(rate)`; None where no such bound is
    known.

    That is of rates on the mark that do not grow with the value, tier by tier in coin.

    >>> from perpcalc.core.rules import flat_rate
    >>> most_asked(flat_rate(Decimal("0.01")), Decimal(200))
    Decimal('2.00')
    """
    if schedule.basis == "entry" or schedule.slope or schedule.unit != "coin":
        return None
    if (highest := _highest_rate(schedule.tiers)) is None:
        return None
    adverse = max(ZERO, funding_rate) if schedule.adverse_funding else ZERO
    return (highest + adverse) * notional


@lru_cache(maxsize=256)
def _highest_rate(tiers: tuple[Tier, ...]) -> Decimal | None:
    """The highest rate of some tiers; None where one adds to what its rate asks for.

    What is kept remembers nothing of how the rate was made: equal tiers share it, explained or not.
    """
    return None if any(tier.deduction < 0 for tier in tiers) else Decimal(max(tier.rate for tier in tiers))


def piece_maintenance(piece: Piece, x: Decimal) -> Decimal:
    """Maintenance margin of a piece at x = 1/price of its own contract: `constant + linear*x + quadratic*x^2`.

    >>> from perpcalc.core.rules import flat_rate
    >>> piece_maintenance(maintenance_pieces(flat_rate(Decimal("0.01")), ONE, ONE, ONE)[0], Decimal(2))
    Decimal('0.02')
    """
    return piece.constant + (piece.linear + piece.quadratic * x) * x


def check_deduction(position: Position, rate: Decimal, deduction: Decimal) -> None:
    """Raise PerpcalcError where a deduction is more than the maintenance margin at the entry, `V*rate`.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> check_deduction(open_at(PLAIN, LONG, ONE, ONE), Decimal("0.005"), Decimal("0.005"))
    """
    most = position.stored_value * rate
    if settled(deduction) > settled(most):
        raise PerpcalcError(
            f"{plain(deduction)} {position.instrument.currency} is more than the maintenance margin at the entry",
            f"give at most {plain(most)}",
        ).at(Key("deduction"))


def isolated_margin(position: Position, leverage: Decimal, extra: Decimal = ZERO) -> Margin:
    """The margin of an isolated position: `V/leverage` plus extra margin.

    Where the venue reserves the closing fee at the bankruptcy price beside the margin (Bybit), that reserve moves with
    it and only `extra/(1 + s*f)` of the extra margin counts. Prices follow from the exact `V/leverage`, except in
    satoshi arithmetic (BitMEX). Source: Bybit help, liquidation price under isolated mode (2026-05-27).

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> isolated_margin(open_at(PLAIN, LONG, Decimal(12_000), Decimal(8_000)), Decimal(50)).coin
    Decimal('0.03')
    """
    return _levered(position, leverage, extra, usable_extra(position, extra))


def at_leverage(position: Position, leverage: Decimal, extra: Margin) -> Margin:
    """The initial margin of a position at a leverage, and more.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(50_000))
    >>> at_leverage(position, Decimal(4), Margin("isolated", Decimal(1), Decimal(1))).coin
    Decimal('1.05')
    """
    return _levered(position, leverage, extra.coin, extra.usable)


def _levered(position: Position, leverage: Decimal, coin: Decimal, usable: Decimal) -> Margin:
    """The initial margin and so much more, of which so much counts."""
    rounding = position.instrument.rounding
    initial = position.stored_value / leverage
    shown = on(rounding.margin, initial)
    counted = shown if rounding.value_of == "lot" else initial
    return Margin("isolated", shown + coin, counted + usable, leverage)


def given_margin(position: Position, coin: Decimal, extra: Decimal = ZERO) -> Margin:
    """The margin of an isolated position that is known as an amount of coin.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> given_margin(open_at(PLAIN, LONG, ONE, ONE), Decimal("0.1"), Decimal("0.1")).coin
    Decimal('0.2')
    """
    return Margin("isolated", coin + extra, coin + usable_extra(position, extra))


def usable_extra(position: Position, extra: Decimal) -> Decimal:
    """What of the extra margin counts before bankruptcy: all of it, or `extra/(1 + s*f)`.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> usable_extra(open_at(PLAIN, LONG, ONE, ONE), ONE)
    Decimal('1')
    """
    instrument = position.instrument
    if not extra or not instrument.extra_margin_net_of_fee:
        return extra
    return extra / (1 + position.side * (instrument.taker_fee or ZERO))


def _from_zero(piece: Piece, notional: Decimal) -> Sequence[Piece]:
    """A piece, or where it starts below 0 or falls from it one that asks for nothing, and the rest of it from its zero
    on.
    """
    first = piece_maintenance(piece, piece.start)
    if first > 0 or (not first and piece.linear >= 0):
        return (piece,)
    free = piece._replace(
        constant=ZERO, linear=ZERO, quadratic=ZERO, slope=ZERO, deduction=ZERO, deduction_usd=piece.rate * notional
    )
    zero = _zero_of(piece)
    if zero is None or (piece.end is not None and zero >= piece.end):
        return (free,)
    return free._replace(end=zero), piece._replace(start=zero)


def _zero_of(piece: Piece) -> Decimal | None:
    """Where a piece below 0 reaches it; None where it never does."""
    constant, linear, quadratic = piece.constant, piece.linear, piece.quadratic
    if quadratic:
        return ((linear * linear - 4 * quadratic * constant).sqrt() - linear) / (2 * quadratic)
    return -constant / linear if linear > 0 else None
