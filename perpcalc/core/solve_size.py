"""The contracts that meet a goal: the whole size, what to add at a price, what to close at the mark."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from perpcalc.core.backed import Backed, extra_margin, forward, levered
from perpcalc.core.course import Course, border_crossings, crossings, value_per_contract
from perpcalc.core.curve import Crossing
from perpcalc.core.instrument import Instrument
from perpcalc.core.liquidation import liquidated_at
from perpcalc.core.position import Fill, Position, merged, open_at
from perpcalc.core.solve import (
    AVERAGE,
    DOWN,
    LIQUIDATION,
    UP,
    Aim,
    Found,
    Goal,
    Solved,
    T,
    Unknown,
    aim_of,
    answered,
    backed_answer,
    settle,
    unknown_of,
    unmet,
)
from perpcalc.core.trading import increased, reduced
from perpcalc.core.turns import Kept, spans_kept
from perpcalc.decimals import ZERO, plain
from perpcalc.errors import Key, PerpcalcError

CONTRACTS = "contracts"


def solve_contracts(backed: Backed, goal: Goal) -> Solved:
    """The most contracts, at the position's entry and on its margin, that are not liquidated before a price.

    On one tier `n = (B + deduction)/(size*(s*(1/P - 1/E) + (mmr + f)/P))`. Derived. Raises PerpcalcError for a price
    where the position gains.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import Margin
    >>> from perpcalc.core.position import LONG
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> holding = Holding(open_at(PLAIN, LONG, Decimal(1), Decimal(50_000)), flat_rate(Decimal("0.01")))
    >>> backed = Backed(holding, Margin("cross", Decimal("0.01"), Decimal("0.01")))
    >>> str(solve_contracts(backed, Goal("liquidation", Decimal(40_000))).value)
    '1904'
    """
    aim = aim_of(backed, goal)
    unknown, spans = contracts_question(backed, goal, aim)
    instrument = backed.position.instrument
    if spans and spans[-1].end is None:
        return unmet(goal, CONTRACTS, f"never liquidated before {plain(goal.value)}, whatever the size")
    found = settle(unknown, spans[-1].end, DOWN) if spans and spans[-1].end else None
    if found is None:
        return unmet(goal, CONTRACTS, f"not one lot of {plain(instrument.lot)} contracts lives to {plain(goal.value)}")
    return backed_answer(goal, CONTRACTS, _sized(instrument, found), unknown.state(found.value))


def contracts_question(backed: Backed, goal: Goal, aim: Aim) -> tuple[Unknown[Backed], list[Kept]]:
    """The whole size as an unknown, and the sizes that keep a goal.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import Margin
    >>> from perpcalc.core.position import LONG
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> holding = Holding(open_at(PLAIN, LONG, Decimal(1), Decimal(50_000)), flat_rate(ZERO))
    >>> backed, goal = Backed(holding, Margin("cross", Decimal(1), Decimal(1))), Goal("liquidation", Decimal(40_000))
    >>> str(contracts_question(backed, goal, aim_of(backed, goal))[1][0].end.at)
    '200000'
    """
    position, margin = backed.position, backed.margin
    entry, instrument, leverage = position.entry_price, position.instrument, margin.leverage
    scales = margin.mode == "isolated" and leverage is not None

    def state(contracts: Decimal) -> Backed:
        opened = open_at(instrument, position.side, contracts, entry)
        if scales:
            return levered(backed, opened, leverage)
        return backed._replace(holding=backed.holding._replace(position=opened))

    nothing = position._replace(contracts=ZERO, notional=ZERO, cost=ZERO, stored_value=ZERO, entry_value=ZERO, fills=())
    start = backed._replace(
        holding=backed.holding._replace(position=nothing), margin=extra_margin(backed) if scales else margin
    )
    value = value_per_contract(instrument, entry)
    course = Course(start, instrument.contract_size, value, value / leverage if scales and leverage else ZERO)
    unknown = unknown_of(goal, aim, state, instrument.lot, least=instrument.lot)
    return unknown, spans_kept(unknown, _turns(course, goal, aim))


def solve_average(
    position: Position, average: Decimal, price: Decimal, fee_rate: Decimal | None = None, backed: Backed | None = None
) -> Solved:
    """The contracts to add at a price for an average entry no worse: `n = (E*V - Q)/(size - E*size/price)`.

    Where the average is better already, the most that keep it. `backed` is what stands behind the position and
    `fee_rate` what a cross balance pays, where they are known. Derived.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(62_500))
    >>> str(solve_average(position, Decimal(58_000), Decimal(54_000)).value)
    '9720'
    """
    goal, instrument, side = Goal(AVERAGE, average), position.instrument, position.side

    def grown(contracts: Decimal) -> Position:
        return merged(position, open_at(instrument, side, contracts, price)) if contracts else position

    unknown = Unknown(
        grown, lambda after: side * (average - after.entry_price) >= 0, None, instrument.lot, least=instrument.lot
    )
    turns = []
    if average != price:
        value, size = value_per_contract(instrument, price), instrument.contract_size
        contracts = (average * position.stored_value - position.notional) / (size - average * value)
        turns = [Crossing(contracts, ZERO)] if contracts > 0 else []
    found = _added(unknown, turns, position, instrument, price)
    if isinstance(found, str):
        return unmet(goal, CONTRACTS, found)
    if backed is None or (fee_rate is None and backed.margin.mode != "isolated"):
        return answered(goal, CONTRACTS, found, grown(found.value))
    if not found.value:
        return backed_answer(goal, CONTRACTS, found, backed)
    return backed_answer(
        goal, CONTRACTS, found, increased(backed, Fill(found.value, price), fee_rate or ZERO).still_open()
    )


def solve_add(backed: Backed, goal: Goal, price: Decimal, fee_rate: Decimal | None) -> Solved:
    """The contracts to add at a price so that liquidation or the margin ratio keeps a goal.

    Where the goal is not kept yet the least that keeps it, else the most that still does. An isolated position of known
    leverage gets margin with them, a cross balance pays the opening fee; None is a fee that is not known. On one tier
    of a long of a given margin, `n = (B + V - Q*(1 + mmr)/P + deduction)/(size*((1 + mmr)/P - 1/price))`. Derived. The
    position must live until the price is reached, and the liquidation price lie beyond it. Raises PerpcalcError as
    `aim_of` does.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import Margin
    >>> from perpcalc.core.position import LONG
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> holding = Holding(open_at(PLAIN, LONG, Decimal(10_000), Decimal(50_000)), flat_rate(ZERO))
    >>> backed = Backed(holding, Margin("cross", Decimal("0.1"), Decimal("0.1")))
    >>> str(solve_add(backed, Goal("liquidation", Decimal(40_000)), Decimal(50_000), ZERO).value)
    '10000'
    """
    position, margin = backed.position, backed.margin
    if fee_rate is None and margin.mode != "isolated":
        return unmet(goal, CONTRACTS, "the opening fee is not known")
    rate, instrument, here = fee_rate or ZERO, position.instrument, backed
    if goal.name == LIQUIDATION:
        here = backed._replace(mark=price)
        if liquidated_at(found := forward(backed), price) and found.liquidation_price is not None:
            dead = plain(found.liquidation_price)
            return unmet(goal, CONTRACTS, f"liquidated at {dead}, before {plain(price)} is reached")
    aim, value = aim_of(here, goal, "price it is added at"), value_per_contract(instrument, price)

    def state(contracts: Decimal) -> Backed:
        return increased(here, Fill(contracts, price), rate).still_open() if contracts else here

    collateral = -rate * value
    if margin.mode == "isolated":
        collateral = ZERO if margin.leverage is None else value / margin.leverage
    unknown = unknown_of(goal, aim, state, instrument.lot, least=instrument.lot)
    turns = _turns(Course(here, instrument.contract_size, value, collateral), goal, aim)
    more = _added(unknown, turns, here, instrument, price)
    if isinstance(more, str):
        return unmet(goal, CONTRACTS, more)
    return backed_answer(goal, CONTRACTS, more, state(more.value)._replace(mark=backed.mark or here.mark))


def solve_close(backed: Backed, goal: Goal, fee_rate: Decimal | None) -> Solved:
    """The contracts to close at the mark, its fee included, so that liquidation or the margin ratio keeps a goal.

    Isolated margin falls in proportion to what is closed, so that only a lower tier helps there; a cross balance gets
    the profit and pays the fee, None where it is not known. Derived. Raises PerpcalcError without a mark, and as
    `aim_of` does.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import Margin
    >>> from perpcalc.core.position import LONG
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> holding = Holding(open_at(PLAIN, LONG, Decimal(10_000), Decimal(50_000)), flat_rate(ZERO))
    >>> backed = Backed(holding, Margin("cross", Decimal("0.05"), Decimal("0.05")), mark=Decimal(50_000))
    >>> str(solve_close(backed, Goal("liquidation", Decimal(25_000)), ZERO).value)
    '7500'
    """
    position, margin = backed.position, backed.margin
    if backed.mark is None:
        raise PerpcalcError("is missing", "give the price now").at(Key("mark"))
    if fee_rate is None and margin.mode != "isolated":
        return unmet(goal, CONTRACTS, "the closing fee is not known")
    mark, rate, instrument = backed.mark, fee_rate or ZERO, position.instrument

    def state(contracts: Decimal) -> Backed:
        return reduced(backed, Fill(contracts, mark), rate).still_open()

    aim, size = aim_of(backed, goal), instrument.contract_size
    entry_value = position.stored_value / position.contracts
    collateral = position.side * (entry_value - size / mark) - rate * size / mark
    if margin.mode == "isolated":
        collateral = -margin.usable / position.contracts
    unknown = unknown_of(goal, aim, state, instrument.lot, least=instrument.lot, most=position.contracts)
    if unknown.keeps(backed):
        return backed_answer(goal, CONTRACTS, Found(ZERO, "already so"), backed)
    spans = spans_kept(unknown, _turns(Course(backed, -size, -entry_value, collateral), goal, aim))
    for span in spans:
        if (found := settle(unknown, span.start or Crossing(instrument.lot, ZERO), UP)) is not None:
            return backed_answer(goal, CONTRACTS, found, unknown.state(found.value))
    if margin.mode != "isolated" and (position.contracts <= instrument.lot or (spans and spans[-1].end is None)):
        return answered(goal, CONTRACTS, Found(position.contracts, "nothing less than all of it does it"), None)
    if margin.mode == "isolated":
        return unmet(goal, CONTRACTS, "the margin of an isolated position falls in proportion to what is closed")
    return unmet(goal, CONTRACTS, "closing does not do it")


def _turns(course: Course, goal: Goal, aim: Aim) -> Iterator[Crossing]:
    """Where a goal may be met, and where the position may come to life or die on the way to it."""
    yield from crossings(course, aim.price, aim.share, still=aim.end == "below")
    if goal.name == LIQUIDATION:
        yield from crossings(course, course.backed.reference)
        yield from border_crossings(course, aim.price)


def _added(
    unknown: Unknown[T], turns: Iterable[Crossing], now: T, instrument: Instrument, price: Decimal
) -> Found | str:
    """The least to add where the goal is not kept now, else the most that keeps it; or why nothing does."""
    spans = spans_kept(unknown, turns)
    if unknown.keeps(now):
        first = spans[0] if spans and spans[0].start is None else None
        if first and first.end is None:
            return Found(ZERO, f"already so, and adding at {plain(price)} never loses it")
        most = settle(unknown, first.end, DOWN) if first and first.end else None
        if most is None:
            return Found(ZERO, f"already so, and one lot more at {plain(price)} would lose it")
        return _sized(instrument, most, "already so: the most that keeps it")
    for span in spans:
        least = settle(unknown, span.start or Crossing(instrument.lot, ZERO), UP)
        if least is not None:
            return _sized(instrument, least)
    return f"no number of contracts at {plain(price)} does it"


def _sized(instrument: Instrument, found: Found, note: str | None = None) -> Found:
    """A number of contracts with what there is to say of it."""
    notes = [found.note, note]
    if instrument.max_order is not None and found.value > instrument.max_order:
        notes.append(f"more than the largest order of {plain(instrument.max_order)}")
    return found._replace(note="; ".join(filter(None, notes)) or None)
