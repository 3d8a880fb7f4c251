"""What a move of the market does to an account of several coins: what was liquidated on the way from now stays dead."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from perpcalc.core.price_line import Line, account_at, equity_on, price_on
from perpcalc.core.safe_range import amounts_at, holds, is_curved, safe_ranges, stretches
from perpcalc.core.unified import Account, Sums, sums_of
from perpcalc.core.unified_standing import standing
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import PerpcalcError


class UnifiedRung(NamedTuple):
    """An account after a move, in USD; closing fees that count are part of the maintenance margin.

    After liquidation the equity is 0, the ratio 1 and the rest not known; `liquidated` None where that is not known.
    """

    pnl: Decimal | None
    equity: Decimal
    margin_balance: Decimal | None
    maintenance_margin: Decimal | None
    margin_ratio: Decimal | None
    liquidated: bool | None


DEAD = UnifiedRung(None, ZERO, None, None, ONE, True)


def unified_ladder(sums: Sums, line: Line, points: Sequence[Decimal]) -> list[UnifiedRung]:
    """An account after moves: at points of a line of common moves, or at t = 1 of one of single coins, in their order.

    The profit is that of the positions alone. Where the way there passes a price at which the account is liquidated, it
    is dead. O(n log n) in tiers, bands and points. Raises PerpcalcError for a point at which a price is not above 0.

    >>> from perpcalc.core.price_line import common_line
    >>> from perpcalc.core.unified import Account
    >>> account = Account({"BTC": Decimal(2), "USDT": Decimal(-60_000)}, {"BTC": Decimal(60_000)})
    >>> sums = sums_of(account)
    >>> rungs = unified_ladder(sums, common_line(sums), [Decimal("-0.6"), Decimal("0.5")])
    >>> [(str(rung.equity), rung.liquidated) for rung in rungs]
    [('0', True), ('120000.0', False)]
    """
    for point in points:
        if point <= line.low or (line.high is not None and point >= line.high):
            raise PerpcalcError(f"a move of {plain(point * 100)}% leaves a coin no price above 0", "give a smaller one")
    if is_curved(sums, line):
        return [_rung_alone(sums, line, point) for point in points]
    parts = stretches(sums, line)
    span = next((one for one in safe_ranges(sums, line, sums.account.condition, parts) if holds(one, ZERO)), None)
    rungs = [DEAD] * len(points)
    if span is None:
        return rungs
    equity, equity_per = equity_on(sums, line)
    balance, balance_per = _balances(sums, line)
    condition = sums.account.condition
    here = 0
    for index in sorted(range(len(points)), key=points.__getitem__):
        t = points[index]
        if not holds(span, t):
            continue
        while (right := parts[here].right) is not None and right < t:
            here += 1
        part = parts[here]
        counted, asked = amounts_at(part, t)
        worth = equity + equity_per * t
        rungs[index] = UnifiedRung(
            pnl=worth - (balance + balance_per * t),
            equity=worth,
            margin_balance=counted,
            maintenance_margin=asked,
            margin_ratio=condition * asked / counted if asked else ZERO,
            liquidated=False,
        )
    return rungs


def _balances(sums: Sums, line: Line) -> tuple[Decimal, Decimal]:
    """What the balances are worth on a line in USD, `a + b*t`."""
    a, b = ZERO, ZERO
    for coin in sums.coins.values():
        at_zero, per = price_on(line, coin)
        a, b = a + coin.wallet.collateral * at_zero, b + coin.wallet.collateral * per
    return a, b


def _one_range(account: Account) -> bool:
    """Whether an account that lives at two points of a line lives at all between: its free margin is concave."""
    marginal = (holding.schedule.marginal or len(holding.schedule.tiers) == 1 for holding in account.holdings)
    falling = (one.rate >= other.rate for weight in account.weights.values() for one, other in pairwise(weight.bands))
    return all(marginal) and all(falling)


def _rung_alone(sums: Sums, line: Line, t: Decimal) -> UnifiedRung:
    """An account at a point that no formula leads to: dead or alive there, and on the way only where that follows."""
    there = standing(sums_of(account_at(sums, line, t)))
    if there.liquidated or standing(sums).liquidated:
        return DEAD
    balance, balance_per = _balances(sums, line)
    return UnifiedRung(
        pnl=there.equity - (balance + balance_per * t),
        equity=there.equity,
        margin_balance=there.margin_balance,
        maintenance_margin=there.maintenance_margin,
        margin_ratio=there.margin_ratio,
        liquidated=False if _one_range(sums.account) else None,
    )
