"""The prices that meet a goal: the entry to wait for, and the price that a margin ratio or an equity is reached at."""

from collections.abc import Iterator
from decimal import Decimal

from perpcalc.core.backed import Backed, extra_margin, forward, free_at, levered
from perpcalc.core.course import Course, border_crossings, crossings, entry_crossings
from perpcalc.core.curve import Crossing
from perpcalc.core.instrument import Instrument
from perpcalc.core.liquidation import reserved_fees
from perpcalc.core.pnl import profit_and_loss
from perpcalc.core.position import Position, open_at
from perpcalc.core.printed_price import printable_price
from perpcalc.core.rounding import EXACT, on
from perpcalc.core.solve import (
    DOWN,
    LIQUIDATION,
    MARGIN_RATIO,
    ROUNDED_AWAY,
    UP,
    Aim,
    Goal,
    Solved,
    Unknown,
    answered,
    backed_answer,
    settle,
    unknown_of,
    unmet,
)
from perpcalc.core.spans import safe_spans
from perpcalc.core.turns import spans_kept
from perpcalc.core.wallet import equity
from perpcalc.decimals import FINEST, ONE, ZERO, plain, settled
from perpcalc.errors import Key, PerpcalcError

TARGET_PNL, EQUITY, EQUITY_USD = "target_pnl", "equity", "equity_usd"
USD = "USD"
CENT = Decimal("0.01")
HIGHEST = ONE / FINEST


def solve_entry(backed: Backed, price: Decimal) -> Solved:
    """The entry nearest to the market from which the position is not liquidated before a price: the highest of a long.

    On one tier, with maintenance at the mark, a long enters at `Q*(1 + 1/L)/(Q*(1 + mmr)/P - deduction)`. The entry of
    `backed` is not used, nor its mark. Derived.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import isolated_margin
    >>> from perpcalc.core.position import LONG
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(60_000))
    >>> backed = Backed(Holding(position, flat_rate(ZERO)), isolated_margin(position, Decimal(4)))
    >>> solve_entry(backed, Decimal(40_000)).value == 50_000
    True
    """
    position, leverage = backed.position, backed.margin.leverage
    side, instrument, goal = position.side, position.instrument, Goal(LIQUIDATION, price)
    end = "below" if side > 0 else "above"
    aim = Aim(printable_price(instrument, price, end), end, ONE)
    scales = backed.margin.mode == "isolated" and leverage is not None

    def state(entry: Decimal) -> Backed:
        opened = open_at(instrument, side, position.contracts, entry)
        return levered(backed._replace(mark=None), opened, leverage if scales else None)

    nothing = position._replace(cost=ZERO, stored_value=ZERO, entry_value=ZERO)
    far = HIGHEST if side > 0 else FINEST
    start = backed._replace(
        holding=backed.holding._replace(position=nothing),
        margin=extra_margin(backed) if scales else backed.margin,
        mark=far,
    )
    per_coin = position.notional / leverage if scales and leverage else ZERO
    course = Course(start, ZERO, position.notional, per_coin)
    inverse = unknown_of(goal, aim, lambda per_usd: state(ONE / per_usd), None)
    if side > 0:
        inverse = inverse._replace(least=ONE / (instrument.max_price or HIGHEST), most=ONE / aim.price)
    else:
        inverse = inverse._replace(least=ONE / aim.price, most=ONE / (instrument.tick or FINEST))
    spans = spans_kept(inverse, _entry_turns(course, aim))
    if not spans:
        return unmet(goal, USD, f"no entry is liquidated only beyond {plain(price)}")
    turn = spans[0].start if side > 0 else spans[-1].end
    if turn is None:
        return unmet(goal, USD, f"never liquidated before {plain(price)}, whatever the entry")
    unknown = unknown_of(goal, aim, state, price_step(instrument), least=instrument.tick)
    direction = DOWN if side > 0 else UP
    found = settle(unknown, Crossing(ONE / turn.at, -turn.slope * turn.at * turn.at), direction)
    if found is None:
        return unmet(goal, USD, ROUNDED_AWAY)
    if (last := _last_of_value(instrument, side, found.value)) is not None:
        found = settle(unknown, Crossing(last, ZERO), direction) or found
    return backed_answer(goal, USD, found, unknown.state(found.value))


def solve_entry_for_profit(
    position: Position,
    exit_price: Decimal,
    profit: Decimal,
    entry_fee_rate: Decimal | None,
    exit_fee_rate: Decimal | None,
    backed: Backed | None = None,
) -> Solved:
    """The entry that makes a net profit at an exit: `E = Q*(s - f_o)/(G + Q*(s + f_c)/X)`; of `position` it is not
    used.

    Rounded so that the profit is not less. `backed` is what stands behind the position, where that is known; None is a
    fee that is not known. Derived from `net = s*(V - Q/X) - f_o*V - f_c*Q/X`.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(1))
    >>> solve_entry_for_profit(position, Decimal(10_000), Decimal("0.25"), ZERO, ZERO).value == 8_000
    True
    """
    goal, side, notional = Goal(TARGET_PNL, profit), position.side, position.notional
    if entry_fee_rate is None or exit_fee_rate is None:
        return unmet(goal, USD, "the fees are not known")
    opening, closing, instrument = entry_fee_rate, exit_fee_rate, position.instrument
    value = (profit + notional * (side + closing) / exit_price) / (side - opening)
    if value <= 0:
        return unmet(goal, USD, "no entry makes so much")

    def net(opened: Position) -> Decimal:
        return profit_and_loss(opened, exit_price, opening, closing).net_pnl

    unknown = Unknown(
        lambda entry: open_at(instrument, side, position.contracts, entry),
        lambda opened: settled(net(opened)) >= profit,
        lambda opened: net(opened) - profit,
        price_step(instrument),
        least=instrument.tick,
    )
    crossing = Crossing(notional / value, -(side - opening) * value * value / notional)
    found = settle(unknown, crossing, DOWN if side > 0 else UP)
    if found is None:
        return unmet(goal, USD, ROUNDED_AWAY)
    if backed is None:
        return answered(goal, USD, found, unknown.state(found.value))
    return backed_answer(goal, USD, found, levered(backed, unknown.state(found.value), backed.margin.leverage))


def solve_price(backed: Backed, goal: Goal, *, maintained: bool = True) -> tuple[Solved, Solved]:
    """The prices below and above the mark, else the entry, at which a margin ratio, an equity in coin or one in USD is
    reached.

    A margin ratio: where `ratio*equity = maintenance + fees`; an equity: `x = (B + sum(s*V) - E)/sum(s*Q)`; in USD: `P
    = (U + sum(s*Q))/(B + sum(s*V))`, where there is one price at most. Rounded to where the ratio is not above, or the
    equity not below. Without `maintained`, maintenance is not known. Derived.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import Margin
    >>> from perpcalc.core.position import LONG
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(10_000))
    >>> backed = Backed(Holding(position, flat_rate(ZERO)), Margin("cross", ONE, ONE))
    >>> below, above = solve_price(backed, Goal("equity", Decimal("0.75")))
    >>> below.value == 8_000, above.value
    (True, None)
    """
    wallet, ratio = backed.wallet, backed.holding.ratio
    if goal.name == MARGIN_RATIO:
        if not 0 < goal.value <= 1:
            raise PerpcalcError(f"{plain(goal.value * 100)}% is out of range", "give more than 0% and at most 100%").at(
                Key(goal.name)
            )
        part = wallet._replace(constant=goal.value * wallet.constant, linear=goal.value * wallet.linear)
        spans = safe_spans(part, reserved_fees(wallet, backed.holding))
        ends = [(ratio / span.end, UP) for span in spans if span.end is not None]
        ends += [(ratio / span.start, DOWN) for span in spans if span.start]
    elif goal.name == EQUITY:
        value = (wallet.constant - goal.value) / wallet.linear if wallet.linear else ZERO
        ends = [(ratio / value, UP if wallet.linear > 0 else DOWN)] if value > 0 else []
    else:
        price = (goal.value + wallet.linear * ratio) / wallet.constant if wallet.constant else ZERO
        ends = [(price, UP if wallet.constant > 0 else DOWN)] if price > 0 else []
    now, instrument = settled(backed.reference), backed.position.instrument
    lowest, highest = instrument.tick or FINEST, instrument.max_price or HIGHEST
    ends = [(price, direction) for price, direction in ends if lowest <= settled(price) <= highest]
    below = max((end for end in ends if settled(end[0]) <= now), default=None)
    above = min((end for end in ends if settled(end[0]) > now), default=None)
    return (_priced(backed, goal, below, "below", maintained), _priced(backed, goal, above, "above", maintained))


def _priced(backed: Backed, goal: Goal, end: tuple[Decimal, str] | None, where: str, maintained: bool) -> Solved:
    """One of the two prices, rounded and proved; a note where liquidation comes before it."""
    if end is None:
        return unmet(goal, USD, f"not reached at any price {where}")
    wallet, instrument = backed.wallet, backed.position.instrument

    def keeps(moved: Backed) -> bool:
        if goal.name == MARGIN_RATIO:
            ratio = forward(moved).margin_ratio
            return ratio is not None and settled(ratio) <= goal.value
        held = equity(wallet, moved.x(moved.reference))
        return settled(held * (moved.reference if goal.name == EQUITY_USD else ONE)) >= goal.value

    unknown = Unknown(
        lambda price: backed._replace(mark=price), keeps, None, price_step(instrument), least=instrument.tick
    )
    found = settle(unknown, Crossing(end[0], ZERO), end[1])
    if found is None:
        return unmet(goal, USD, ROUNDED_AWAY)
    moved = unknown.state(found.value)
    if not maintained:
        return answered(goal, USD, found, moved.position, moved.margin.coin)
    if goal.name == MARGIN_RATIO and abs(free_at(backed, end[0], goal.value)) > FINEST:
        found = found._replace(note="at the border of a tier, whose rate on the whole position passes the ratio")
    liquidated = forward(backed)
    before = liquidated.liquidation_below if where == "below" else liquidated.liquidation_above
    if liquidated.beyond:
        found = found._replace(note="already beyond the liquidation price")
    elif before is not None and (found.value < before if where == "below" else found.value > before):
        found = found._replace(note=f"liquidated before it, at {plain(before)}")
    return backed_answer(goal, USD, found, moved)


def price_step(instrument: Instrument) -> Decimal | None:
    """The tick of a price, a cent where it is not known; None where the venue's rounding is not asked for.

    >>> from perpcalc.core.instrument import PLAIN
    >>> price_step(PLAIN._replace(tick=ONE)) is None
    True
    """
    if instrument.rounding == EXACT:
        return None
    return instrument.tick or CENT


def _last_of_value(instrument: Instrument, side: Decimal, entry: Decimal) -> Decimal | None:
    """The entry furthest from safety at which a lot still has the same value, where a venue rounds that to the
    nearest.
    """
    grid = instrument.rounding.stored_value
    if grid is None or instrument.rounding.value_of != "lot":
        return None
    usd = instrument.contract_size * instrument.lot
    return usd / (on(grid, usd / entry) - side * grid.step / 2)


def _entry_turns(course: Course, aim: Aim) -> Iterator[Crossing]:
    """Where, over 1/entry, the position may meet its goal, be dead as soon as it is opened, or start in another
    tier.
    """
    yield from crossings(course, aim.price, still=aim.end == "below")
    yield from border_crossings(course, aim.price)
    yield from entry_crossings(course)
