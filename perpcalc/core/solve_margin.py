"""The margin and the leverage that meet a goal."""

from decimal import Decimal

from perpcalc.core.backed import Backed, extra_margin, reserve_share
from perpcalc.core.curve import Crossing
from perpcalc.core.initial import largest_leverage
from perpcalc.core.instrument import Instrument
from perpcalc.core.margin import Margin, at_leverage, usable_extra
from perpcalc.core.rounding import EXACT, to_multiple
from perpcalc.core.solve import (
    DOWN,
    MARGIN_RATIO,
    ROUNDED_AWAY,
    UP,
    Aim,
    Found,
    Goal,
    Solved,
    Unknown,
    aim_of,
    backed_answer,
    settle,
    unknown_of,
    unmet,
)
from perpcalc.core.spans import segments
from perpcalc.core.wallet import Wallet
from perpcalc.decimals import ONE, ZERO, plain, settled

CENT, SATOSHI = Decimal("0.01"), Decimal("1E-8")


def solve_margin(backed: Backed, goal: Goal) -> Solved:
    """The coin to add so that liquidation is not before a price, or the margin ratio at most so much; negative may be
    taken out.

    `(maintenance + fees)/share - equity`, the most of it on the way to the price; where extra margin counts net of the
    closing fee that it raises (Bybit), times `1 + s*f`. Derived. Raises PerpcalcError for a price where the position
    gains.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import given_margin
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> position = open_at(PLAIN, LONG, Decimal(3_920), Decimal(9_800))
    >>> backed = Backed(Holding(position, flat_rate(Decimal("0.005"))), given_margin(position, Decimal("0.1")))
    >>> found = solve_margin(backed, Goal("liquidation", Decimal(7_500))).value
    >>> found is None or plain(found)
    '0.02528'
    """
    aim, position = aim_of(backed, goal), backed.position
    unit = position.instrument.currency
    start = backed.x(aim.price if goal.name == MARGIN_RATIO else backed.reference)
    needs = _needs(backed.wallet, aim.share, start, backed.x(aim.price))
    if needs is None:
        return unmet(goal, unit, f"the account gains towards {plain(goal.value)}: no margin brings a liquidation there")
    if not needs:
        return unmet(goal, unit, "no margin does it: the fee to close grows as fast")
    counts = usable_extra(position, ONE) if backed.margin.mode == "isolated" else ONE
    crossing = max(Crossing(coin / counts, slope * counts) for coin, slope in needs)

    def state(coin: Decimal) -> Backed:
        margin = backed.margin
        usable = usable_extra(position, coin) if margin.mode == "isolated" else coin
        return backed.on_margin(Margin(margin.mode, margin.coin + coin, margin.usable + usable, margin.leverage))

    unknown = unknown_of(goal, aim, state, margin_step(position.instrument), is_exact=is_exact(backed))
    found = settle(unknown, crossing, UP)
    if found is None:
        return unmet(goal, unit, ROUNDED_AWAY)
    if found.value < -backed.margin.coin:
        found = Found(-backed.margin.coin, "all of it may be taken out")
    return backed_answer(goal, unit, found, unknown.state(found.value))


def solve_leverage(backed: Backed, goal: Goal) -> Solved:
    """The largest leverage of an isolated position that is not liquidated before a price: `V/(margin needed)`.

    Rounded down to 2 decimals, at most what the tier of its value allows. Derived. Raises PerpcalcError for a price
    where the position gains.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import isolated_margin
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(50_000))
    >>> backed = Backed(Holding(position, flat_rate(ZERO)), isolated_margin(position, Decimal(50)))
    >>> solve_leverage(backed, Goal("liquidation", Decimal(40_000))).value
    Decimal('4.00')
    """
    if backed.margin.mode != "isolated":
        return unmet(goal, "x", "an account is liquidated by its balance, which leverage does not move")
    position = backed.position
    unknown, crossing = leverage_question(backed, goal, aim_of(backed, goal), CENT)
    highest = largest_leverage(position.instrument, position.contracts, position.entry_value)
    if crossing is None or (highest is not None and crossing.at > highest):
        if highest is None:
            return unmet(goal, "x", f"never liquidated before {plain(goal.value)}, whatever the leverage")
        capped = to_multiple(highest, CENT, DOWN)
        return backed_answer(
            goal, "x", Found(capped, f"the tier allows at most {plain(capped)}x"), unknown.state(capped)
        )
    found = settle(unknown, crossing, DOWN)
    if found is None or found.value <= 0:
        return unmet(goal, "x", "no leverage of 0.01x or more does it")
    return backed_answer(goal, "x", found, unknown.state(found.value))


def leverage_question(backed: Backed, goal: Goal, aim: Aim, step: Decimal) -> tuple[Unknown[Backed], Crossing | None]:
    """The leverage of an isolated position as an unknown, and where it meets the goal; None where every leverage does.

    Margin beyond `V/leverage` stays. Where no rounding leaves any coin at the goal the slope, which nobody needs, is 0.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import isolated_margin
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(50_000))
    >>> backed = Backed(Holding(position, flat_rate(ZERO)), isolated_margin(position, Decimal(50)))
    >>> goal = Goal("liquidation", Decimal(40_000))
    >>> leverage_question(backed, goal, aim_of(backed, goal), CENT)[1] == Crossing(Decimal(4), ZERO)
    True
    """
    position, extra = backed.position, extra_margin(backed)
    bare = backed if backed.margin == extra else backed.on_margin(extra)
    start = backed.x(aim.price if goal.name == MARGIN_RATIO else backed.reference)
    needs = _needs(bare.wallet, aim.share, start, backed.x(aim.price))

    def state(leverage: Decimal) -> Backed:
        return bare.on_margin(at_leverage(position, leverage, extra))

    exact = is_exact(bare)
    unknown = unknown_of(goal, aim, state, step, step, is_exact=exact)
    if not needs:
        return unknown, Crossing(ZERO, ONE)
    needed, slope = max(needs)
    if needed <= 0:
        return unknown, None
    value = position.stored_value
    return unknown, Crossing(value / needed, ZERO if exact else -slope * needed * needed / value)


def is_exact(backed: Backed) -> bool:
    """Whether all coin counts that is added to a margin: the venue keeps no values per lot and reserves no rounded fee.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import isolated_margin
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(50_000))
    >>> is_exact(Backed(Holding(position, flat_rate(ZERO)), isolated_margin(position, Decimal(50))))
    True
    """
    rounding = backed.position.instrument.rounding
    return rounding.value_of != "lot" and not (rounding.closing_fee and backed.wallet.closing_at_bankruptcy)


def margin_step(instrument: Instrument) -> Decimal | None:
    """The smallest amount of margin that a venue's decimals show, 1E-8 where they are not known; None where nothing is
    rounded.

    >>> from perpcalc.core.instrument import PLAIN
    >>> margin_step(PLAIN) is None
    True
    """
    rounding = instrument.rounding
    if rounding == EXACT:
        return None
    grid = rounding.margin or rounding.value or rounding.fee
    return SATOSHI if grid is None else grid.step


def lacking(wallet: Wallet, start: Decimal, goal: Decimal) -> tuple[Decimal, Decimal]:
    """The coin that a wallet lacks at x = `start`, and the most that it lacks on the way to x = `goal`, the start left
    out: `MM + fees - equity`, without the fees that are reserved.

    On each segment that is convex in x, so it is the most at one of its ends. Derived.

    >>> [str(coin) for coin in lacking(Wallet(Decimal(1), Decimal(1), Decimal(2), (), ()), ZERO, Decimal(1))]
    ['-1', '1']
    """
    low, high = (start, goal) if start <= goal else (goal, start)
    at_start = ZERO
    most: Decimal | None = None
    for left, right, a, b, c in segments(wallet):
        if right is not None and (right < high if low == high else right <= low):
            continue
        for x in (max(left, low), high if right is None else min(right, high)):
            lack = (b + c * x) * x - a
            if x == start:
                at_start = lack
            if x != start or low == high:
                most = lack if most is None or lack > most else most
        if right is None or right >= high:
            break
    assert most is not None
    return at_start, most


def _needs(wallet: Wallet, share: Decimal, start: Decimal, goal: Decimal) -> list[tuple[Decimal, Decimal]] | None:
    """How much collateral must be added, and what of each coin counts, with and without a fee reserved at bankruptcy.

    The reserve is the larger of 0 and its share of the collateral and values at the entry, so the most of both is
    needed. None where less is lacking at the goal than at the start, nothing where the reserve grows as fast as what is
    added.
    """
    part = wallet
    if share != ONE:
        part = wallet._replace(constant=share * wallet.constant, linear=share * wallet.linear)
    at_start, lack = lacking(part, start, goal)
    if start != goal and settled(at_start) >= settled(lack):
        return None
    reserved = reserve_share(wallet)
    if share <= max(reserved, ZERO):
        return []
    reserves = (reserved, ZERO) if reserved else (ZERO,)
    return [((lack + one * wallet.constant) / (share - one), share - one) for one in reserves]
