"""What must change so that a goal is met: the shape of a question and of its answer, and how a value is proved.

`equity = maintenance margin + closing fees` at the goal is solved for what is unknown, rounded to the safe side and
proved by the forward calculation: what an answer shows of afterwards is what asking again would show.
"""

import decimal
from collections.abc import Callable
from decimal import Decimal
from itertools import chain
from typing import Generic, NamedTuple, TypeVar

from perpcalc.core.backed import (
    Backed,
    forward,
    free_at,
    lives_to,
)
from perpcalc.core.curve import Crossing
from perpcalc.core.initial import largest_leverage
from perpcalc.core.position import Position
from perpcalc.core.printed_price import printable_price
from perpcalc.core.rounding import on, to_multiple
from perpcalc.decimals import FINEST, ONE, ZERO, plain, settled
from perpcalc.errors import Key, PerpcalcError

LIQUIDATION, MARGIN_RATIO, AVERAGE = "liquidation", "margin_ratio", "average"
UP, DOWN = decimal.ROUND_CEILING, decimal.ROUND_FLOOR
CORRECTIONS = 4
DOUBLINGS = 12  # of steps to the safe side, where a price is printed at the border of a tier
BY_ROUNDING = "a step further than the equation: so the venue's rounding asks"
ROUNDED_AWAY = "the rounding of the venue leaves no value that does it"

T = TypeVar("T")


class Goal(NamedTuple):
    """What is asked for: `liquidation` at a price or beyond it, a `margin_ratio` of at most so much at the mark, an
    `average`.
    """

    name: str
    value: Decimal


class Solved(NamedTuple):
    """What meets a goal, in `unit`, and what the position is then; None with a reason where nothing does."""

    goal: str
    goal_value: Decimal
    value: Decimal | None
    unit: str
    contracts_after: Decimal | None = None
    entry_price_after: Decimal | None = None
    margin_after: Decimal | None = None
    liquidation_price_after: Decimal | None = None
    margin_ratio_after: Decimal | None = None
    reason: str | None = None


class Unknown(NamedTuple, Generic[T]):
    """How a value changes the position, whether the goal is kept then, and what the value is a multiple of; None is of
    nothing.

    `left` is what is left at the goal in coin, as the venue rounds; None where the goal is not about coin, or
    nothing is. A value is at least `least` and below `most`.
    """

    state: Callable[[Decimal], T]
    keeps: Callable[[T], bool]
    left: Callable[[T], Decimal] | None
    step: Decimal | None
    least: Decimal | None = None
    most: Decimal | None = None

    def allows(self, value: Decimal) -> bool:
        """Whether it is a value."""
        return (self.least is None or value >= self.least) and (self.most is None or value < self.most)


class Found(NamedTuple):
    """A value that the forward calculation has proved, and what there is to say of it."""

    value: Decimal
    note: str | None = None


class Aim(NamedTuple):
    """Where a goal is decided: at a price, on its `end`, by how much of the equity must do."""

    price: Decimal
    end: str
    share: Decimal


def aim_of(backed: Backed, goal: Goal, where: str = "") -> Aim:
    """Where a goal is decided: at the liquidation price asked for, or at the mark; `where` is what the reference is
    called.

    Raises PerpcalcError for a price at the reference or where all positions gain, a margin ratio without a mark or
    of 100 % or more.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import isolated_margin
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(50_000))
    >>> backed = Backed(Holding(position, flat_rate(Decimal(0))), isolated_margin(position, Decimal(50)))
    >>> aim_of(backed, Goal("liquidation", Decimal(40_000)))
    Aim(price=Decimal('40000'), end='below', share=Decimal('1'))
    """
    place = Key(goal.name)
    if goal.name == MARGIN_RATIO:
        if backed.mark is None:
            raise PerpcalcError("is missing", "give the price now").at(Key("mark"))
        if not 0 < goal.value < 1:
            raise PerpcalcError(
                f"{plain(goal.value * 100)}% is out of range", "give more than 0% and less than 100%"
            ).at(place)
        return Aim(backed.mark, "below" if backed.position.side > 0 else "above", goal.value)
    reference, side = backed.reference, backed.position.side
    where = where or ("entry price" if backed.mark is None else "mark price")
    below = goal.value < reference
    holdings = (backed.holding, *backed.others)
    one_way = all(one.position.side == side and not one.schedule.slope for one in holdings)
    if goal.value == reference or (one_way and below != (side > 0)):
        name, other = ("long", "below") if side > 0 else ("short", "above")
        gains = "is the" if goal.value == reference else f"is {'below' if below else 'above'} the"
        raise PerpcalcError(
            f"{plain(goal.value)} {gains} {where}, where a {name} is not liquidated", f"give a price {other} it"
        ).at(place)
    end = "below" if below else "above"
    return Aim(printable_price(backed.position.instrument, goal.value, end), end, ONE)


def unknown_of(
    goal: Goal,
    aim: Aim,
    state: Callable[[Decimal], Backed],
    step: Decimal | None,
    least: Decimal | None = None,
    most: Decimal | None = None,
    *,
    is_exact: bool = False,
) -> Unknown[Backed]:
    """An unknown whose goal is a liquidation price or a margin ratio; `is_exact` says that no rounding leaves any coin
    at the goal.

    >>> aim = Aim(Decimal(1), "below", Decimal(1))
    >>> unknown_of(Goal("liquidation", Decimal(1)), aim, lambda value: ..., None).step is None
    True
    """

    def keeps(after: Backed) -> bool:
        if goal.name == MARGIN_RATIO:
            ratio = forward(after).margin_ratio
            return ratio is not None and settled(ratio) <= goal.value
        return lives_to(after, goal.value, aim.end)

    left = None if is_exact else lambda after: free_at(after, aim.price, aim.share)
    return Unknown(state, keeps, left, step, least, most)


def settle(unknown: Unknown[T], crossing: Crossing, direction: str) -> Found | None:
    """The value rounded to the safe side and proved by the forward calculation; None where none is proved.

    What the venue's rounding leaves at the goal, or leaves missing, is taken in: `u - left/slope`, a few times at most;
    then steps to the safe side, each twice the one before.

    >>> unknown = Unknown(lambda u: u, lambda u: u >= 2, None, Decimal("0.01"))
    >>> settle(unknown, Crossing(Decimal("1.995"), Decimal(1)), UP)
    Found(value=Decimal('2.00'), note=None)
    """
    if unknown.step is None and unknown.keeps(unknown.state(crossing.at)):
        return Found(crossing.at)
    step = unknown.step or FINEST
    first = to_multiple(crossing.at, step, direction)
    tried = [first]
    states: dict[Decimal, T] = {}
    while unknown.left and crossing.slope and len(tried) <= CORRECTIONS and unknown.allows(tried[-1]):
        states[tried[-1]] = state = unknown.state(tried[-1])
        left = unknown.left(state)
        missing = Decimal(left / crossing.slope)  # a number of its own: formulas say the equation, not the search
        better = to_multiple(tried[-1] - missing, step, direction)
        if better in tried:
            break
        tried.append(better)
    tried.sort(reverse=direction == DOWN)
    safer = step if direction == UP else -step
    for value in chain(tried, (tried[-1] + safer * 2**power for power in range(DOUBLINGS))):
        if unknown.allows(value) and unknown.keeps(states[value] if value in states else unknown.state(value)):
            return Found(value, BY_ROUNDING if unknown.step and (value - first) * safer > 0 else None)
    return None


def backed_answer(goal: Goal, unit: str, found: Found, after: Backed) -> Solved:
    """The answer: the value found, and the position and its liquidation then.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import isolated_margin
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(50_000))
    >>> after = Backed(Holding(position, flat_rate(Decimal(0))), isolated_margin(position, Decimal(4)))
    >>> answer = backed_answer(Goal("liquidation", Decimal(40_000)), "x", Found(Decimal(4)), after)
    >>> answer.liquidation_price_after == 40_000
    True
    """
    liquidated = forward(after)
    never = liquidated.reason if liquidated.liquidation_price is None else None
    notes = "; ".join(filter(None, (found.note, forbidden_leverage(after), never))) or None
    return answered(goal, unit, found._replace(note=notes), after.position, after.margin.coin)._replace(
        liquidation_price_after=liquidated.liquidation_price, margin_ratio_after=liquidated.margin_ratio
    )


def answered(goal: Goal, unit: str, found: Found, after: Position | None, margin: Decimal | None = None) -> Solved:
    """The answer where liquidation is not known, or nothing is open afterwards.

    >>> answered(Goal("average", Decimal(5)), "contracts", Found(Decimal(3)), None).contracts_after
    Decimal('0')
    """
    if after is None:
        return Solved(*goal, found.value, unit, contracts_after=ZERO, reason=found.note)
    return Solved(*goal, found.value, unit, after.contracts, after.entry_price, margin, reason=found.note)


def unmet(goal: Goal, unit: str, reason: str) -> Solved:
    """The answer that nothing meets the goal.

    >>> unmet(Goal("liquidation", Decimal(1)), "x", "no").value is None
    True
    """
    return Solved(*goal, None, unit, reason=reason)


def forbidden_leverage(backed: Backed) -> str | None:
    """What to say where an isolated position has less margin than the tier of its value allows; None where it has not.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import isolated_margin
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> position = open_at(PLAIN._replace(max_leverage=Decimal(2)), LONG, Decimal(10_000), Decimal(50_000))
    >>> forbidden_leverage(Backed(Holding(position, flat_rate(Decimal(0))), isolated_margin(position, Decimal(4))))
    'the tier allows at most 2x, a margin of 0.1 BTC'
    """
    position, margin = backed.position, backed.margin
    highest = largest_leverage(position.instrument, position.contracts, position.entry_value)
    if margin.mode != "isolated" or highest is None or settled(margin.coin * highest) >= position.entry_value:
        return None
    least = on(position.instrument.rounding.margin, position.entry_value / highest)
    return f"the tier allows at most {plain(highest)}x, a margin of {plain(least)} {position.instrument.currency}"
