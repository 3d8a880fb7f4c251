"""Where an account of several coins is liquidated: at a price of one, the others still, and by a common move of all."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.linear import leg_maintenance, leg_mark
from perpcalc.core.liquidation import Ends, Liquidation, liquidation
from perpcalc.core.price_line import common_line, equity_on, price_line
from perpcalc.core.safe_range import End, Range, holds, is_curved, safe_ranges
from perpcalc.core.spans import Span
from perpcalc.core.unified import Coin, Sums
from perpcalc.core.unified_standing import margin_ratio
from perpcalc.core.wallet import bankruptcy_x, carrying
from perpcalc.decimals import FINEST, ONE, ZERO, plain, settled

DEAD = "already under water: at the mark the maintenance margin exceeds the margin balance"
DEAD_EVERYWHERE = "the maintenance margin exceeds the margin balance at every price"
CURVED = "maintenance rates that grow with value in coins that move differently leave no formula for a common move"


class Life(NamedTuple):
    """Between which prices of a coin an account lives with the others still; of one that is dead now the range nearest.

    `ends` is the same over 1/price, with where the account's equity is zero, closing fees due there taken off.
    """

    alive: bool
    range: Range | None
    ends: Ends


class CommonMove(NamedTuple):
    """The common moves that liquidate an account, as rates: 0 is dead now, None never, or with a reason not known.

    `low` and `high` tell where on the line these ends are.
    """

    down: Decimal | None
    up: Decimal | None
    low: End | None
    high: End | None
    reason: str | None


class UnifiedLiquidation(NamedTuple):
    """Where a position's coin liquidates its account, in the price of the position's contract, amounts in USD.

    `end` tells between which break points that is; None where there is no such price, or it is the mark.
    """

    liquidation: Liquidation
    end: End | None


def coin_life(sums: Sums, coin: str) -> Life:
    """Between which prices of a coin the account lives, the other prices held still.

    >>> from perpcalc.core.unified import Account, sums_of
    >>> account = Account({"BTC": Decimal(2), "USDT": Decimal(-60_000)}, {"BTC": Decimal(60_000)})
    >>> str(coin_life(sums_of(account), "BTC").range.low.at)
    '30000'
    """
    line, own = price_line(sums, coin), sums.coins[coin]
    ranges = safe_ranges(sums, line, sums.account.condition)

    def gap(one: Range) -> Decimal:
        if holds(one, line.now):
            return ZERO
        if one.low is not None and line.now <= one.low.at:
            return one.low.at / line.now
        return ONE if one.high is None else line.now / one.high.at

    nearest = min(ranges, key=gap, default=None)
    equity, equity_per = equity_on(sums, line)
    bankrupt = bankruptcy_x(own.wallet._replace(constant=equity_per, linear=-equity))
    alive = nearest is not None and holds(nearest, line.now)
    return Life(alive, nearest, Ends(bankrupt, () if nearest is None else (_over_x(own, nearest),)))


def coin_lives(sums: Sums) -> dict[str, Life]:
    """The same of every coin that has a position. O(n log n) in positions.

    >>> from perpcalc.core.unified import Account, sums_of
    >>> coin_lives(sums_of(Account({"BTC": ONE}, {"BTC": Decimal(60_000)})))
    {}
    """
    traded = [coin for coin, _ in sums.places] + [leg.coin for leg in sums.account.legs]
    return {coin: coin_life(sums, coin) for coin in dict.fromkeys(traded)}


def common_move(sums: Sums, betas: Mapping[str, Decimal] | None = None) -> CommonMove:
    """The common moves m that liquidate an account, `P*(1 + beta*m)`; a beta not given is 1, of a stablecoin 0.

    >>> from perpcalc.core.unified import Account, sums_of
    >>> account = Account({"BTC": Decimal(2), "USDT": Decimal(-60_000)}, {"BTC": Decimal(60_000)})
    >>> str(common_move(sums_of(account)).down)
    '-0.5'
    """
    line = common_line(sums, betas)
    if is_curved(sums, line):
        return CommonMove(None, None, None, None, CURVED)
    for one in safe_ranges(sums, line, sums.account.condition):
        if holds(one, ZERO):
            down, up = (None if end is None else end.at for end in one)
            return CommonMove(down, up, one.low, one.high, None)
    return CommonMove(ZERO, ZERO, None, None, DEAD)


def holding_liquidation(sums: Sums, index: int, life: Life) -> UnifiedLiquidation:
    """Where holding number `index` of the account dies with it, by the life of its coin.

    The bankruptcy price is where the whole account's equity is zero, closing fees due there included.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.unified import Account, sums_of
    >>> from perpcalc.core.wallet import Holding
    >>> held = Holding(open_at(PLAIN, LONG, Decimal(100_000), Decimal(100_000)), flat_rate(Decimal("0.005")))
    >>> sums = sums_of(Account({"BTC": ONE, "USDT": Decimal(20_000)}, {"BTC": Decimal(80_000)}, (held,)))
    >>> plain(holding_liquidation(sums, 0, coin_life(sums, "BTC")).liquidation.liquidation_price)
    '40250'
    """
    name, place = sums.places[index]
    coin, holding = sums.coins[name], sums.account.holdings[index]
    group = coin.wallet.groups[coin.wallet.group_of[place]]
    alone = carrying(coin.wallet._replace(constant=coin.delta), (group,), (0,))
    found = liquidation(alone, 0, holding, coin.price * holding.ratio, of_wallet=life.ends)
    price = coin.price if found.liquidation_price is None else found.liquidation_price / holding.ratio
    asked = found.maintenance_margin
    in_usd = found._replace(
        deduction=found.deduction * price,
        maintenance_margin=None if asked is None else asked * price,
        margin_ratio=margin_ratio(sums),
        reason=_reason(found, life, name),
    )
    return UnifiedLiquidation(in_usd, _end(found, life))


def leg_liquidation(sums: Sums, index: int, life: Life) -> UnifiedLiquidation:
    """Where leg number `index` of the account dies with it, in its settlement coin, by the life of the coin it is on.

    >>> from perpcalc.core.linear import Leg
    >>> from perpcalc.core.unified import Account, sums_of
    >>> leg = Leg("BTC", "USDT", ONE, Decimal(60_000), ZERO)
    >>> sums = sums_of(Account({"USDT": Decimal(20_000)}, {"BTC": Decimal(60_000)}, legs=(leg,)))
    >>> str(leg_liquidation(sums, 0, coin_life(sums, "BTC")).liquidation.liquidation_price)
    '40000'
    """
    leg = sums.account.legs[index]
    coin, settle = sums.coins[leg.coin], sums.coins[leg.settle]
    mark = leg_mark(leg, coin.price, settle.price)
    ends = (None, None) if life.range is None else life.range
    below, above = (None if end is None else leg_mark(leg, end.at, settle.price) for end in ends)
    below = None if below is not None and below < FINEST else below
    price = None if life.alive else mark
    if life.alive and (below is not None or above is not None):
        to_lower = above is None or (below is not None and mark * mark <= below * above)
        price = below if to_lower else above
    bankrupt = life.ends.bankruptcy_x
    found = Liquidation(
        tier=None,
        maintenance_rate=leg.rate,
        deduction=leg.deduction,
        closing_fee_rate=ZERO,
        maintenance_margin=None if price is None else leg_maintenance(leg, price * settle.price / leg.ratio),
        liquidation_price=price,
        liquidation_below=below,
        liquidation_above=above,
        bankruptcy_price=None if bankrupt is None else leg_mark(leg, 1 / bankrupt, settle.price),
        distance=None if price is None else (price - mark) / mark,
        margin_ratio=margin_ratio(sums),
        beyond=not life.alive,
        reason=None,
    )
    return UnifiedLiquidation(found._replace(reason=_reason(found, life, leg.coin)), _end(found, life))


def _over_x(coin: Coin, span: Range) -> Span:
    """A range of a coin's prices as a span of 1/price; an end at which a tier begins is exactly its border."""

    def x(end: End) -> Decimal:
        borders = (part.left for part in coin.asked if end.jump and part.left)
        return next((border for border in borders if settled(1 / border) == end.at), 1 / end.at)

    return Span(ZERO if span.high is None else x(span.high), None if span.low is None else x(span.low))


def _end(found: Liquidation, life: Life) -> End | None:
    if life.range is None or found.beyond or found.liquidation_price is None:
        return None
    return life.range.low if found.liquidation_price == found.liquidation_below else life.range.high


def _reason(found: Liquidation, life: Life, coin: str) -> str | None:
    if life.range is None:
        return DEAD_EVERYWHERE
    if found.beyond:
        return DEAD
    if life.range == Range(None, None):
        return f"never: with the other prices as they are no price of {coin} liquidates the account"
    if found.liquidation_price is None and found.reason is None:
        return f"never: the price would have to fall below {plain(FINEST)}"
    return found.reason
