"""What to change in an account of several coins to reach a target: a price, coins to add, contracts to close.

A target is a factor and prices: the margin balance is `factor` times the maintenance margin there. Liquidation has the
account's condition as its factor, a margin ratio R now `condition/R`.
"""

from collections.abc import Callable, Iterator
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

from perpcalc.core.collateral import DEBT
from perpcalc.core.instrument import trade_fee
from perpcalc.core.pnl import closing_pnl
from perpcalc.core.position import closed_partly
from perpcalc.core.price_line import equity_on, price_line
from perpcalc.core.rounding import Grid, on, to_multiple
from perpcalc.core.safe_range import holds, safe_ranges
from perpcalc.core.unified import Account, Coin, Sums, price_of, sums_of
from perpcalc.core.unified_liquidation import coin_life
from perpcalc.core.wallet import closing_fees_at_bankruptcy
from perpcalc.decimals import ONE, ZERO, settled


class Target(NamedTuple):
    """That the margin balance is `factor` times the maintenance margin or more, with `coin` at `price`, or now."""

    factor: Decimal
    coin: str | None = None
    price: Decimal | None = None


class PriceAnswer(NamedTuple):
    """The prices below and above now that reach a target before the account is liquidated; None where there is none."""

    below: Decimal | None
    above: Decimal | None


def liquidation_target(account: Account, coin: str, price: Decimal) -> Target:
    """The target of being liquidated just at a price of a coin, the others as they are.

    >>> liquidation_target(Account({}, {}), "BTC", Decimal(50_000)).factor
    Decimal('1')
    """
    return Target(account.condition, coin, price)


def ratio_target(account: Account, ratio: Decimal) -> Target:
    """The target of a margin ratio now.

    >>> ratio_target(Account({}, {}), Decimal("0.5")).factor
    Decimal('2')
    """
    return Target(account.condition / ratio)


def free_margin(account: Account, target: Target) -> Decimal:
    """What is left of a target in USD: margin balance less `factor` times the maintenance margin, at its prices.

    Exactly 0 where the two differ only in what 100 digits leave.

    >>> account = Account({"BTC": ONE}, {"BTC": Decimal(60_000)})
    >>> free_margin(account, liquidation_target(account, "BTC", Decimal(50_000)))
    Decimal('50000')
    """
    sums = sums_of(_there(account, target))
    return settled(sums.whole.counted) - settled(target.factor * sums.whole.asked)


def is_reached(account: Account, target: Target) -> bool:
    """Whether an account meets a target: at its prices, and alive on the way there.

    >>> account = Account({"BTC": ONE, "USDT": Decimal(-50_000)}, {"BTC": Decimal(60_000)})
    >>> [is_reached(account, liquidation_target(account, "BTC", Decimal(price))) for price in (50_000, 49_999)]
    [True, False]
    """
    if free_margin(account, target) < 0:
        return False
    if target.coin is None or target.price is None:
        return True
    life, price = coin_life(sums_of(account), target.coin), settled(target.price)
    low, high = life.range or (None, None)
    return life.alive and (low is None or low.at <= price) and (high is None or price <= high.at)


def price_of_ratio(sums: Sums, coin: str, ratio: Decimal) -> PriceAnswer:
    """The nearest prices of a coin at which the margin ratio is `ratio`, the others still.

    They are roots of `margin balance - condition/ratio*MM`, exact as liquidation prices are, which those of a ratio of
    1 are.

    >>> from perpcalc.core.linear import Leg
    >>> leg = Leg("BTC", "USDT", ONE, Decimal(60_000), Decimal("0.01"))
    >>> sums = sums_of(Account({"USDT": Decimal(20_000)}, {"BTC": Decimal(60_000)}, legs=(leg,)))
    >>> str(price_of_ratio(sums, "BTC", Decimal("0.5")).below.quantize(ONE))
    '40816'
    """
    line = price_line(sums, coin)
    life = coin_life(sums, coin)
    if sums.idle or not life.alive or life.range is None:
        return PriceAnswer(None, None)
    if ratio == ONE:
        return PriceAnswer(*(None if end is None else end.at for end in life.range))
    ranges = safe_ranges(sums, line, sums.account.condition / ratio)
    ends = [end.at for one in ranges for end in one if end is not None and holds(life.range, end.at)]
    return PriceAnswer(
        below=max((at for at in ends if at <= line.now), default=None),
        above=min((at for at in ends if at >= line.now), default=None),
    )


def price_of_equity(sums: Sums, coin: str, equity_usd: Decimal) -> Decimal | None:
    """The price of a coin at which the account is worth so many USD: `P = (equity - a)/delta`, the others still.

    None where there is none above zero, or the account is liquidated on the way.

    >>> sums = sums_of(Account({"BTC": Decimal(2)}, {"BTC": Decimal(60_000)}))
    >>> price_of_equity(sums, "BTC", Decimal(90_000))
    Decimal('45000')
    """
    line = price_line(sums, coin)
    a, delta = equity_on(sums, line)
    life = coin_life(sums, coin)
    if not delta or not life.alive or life.range is None:
        return None
    price = (equity_usd - a) / delta
    return price if price > 0 and holds(life.range, price) else None


def coins_to_add(account: Account, coin: str, target: Target, grid: Grid | None = None) -> Decimal | None:
    """The coins to add for a target, negative where so many may be taken out; None where no amount does it.

    In a band of the collateral ratio r what counts is linear: `(factor*asked - counted)/((r - factor*f)*P)`, f the
    closing fees that each coin brings; the band that holds the result is the one. Rounded up to `grid`, and proved by
    the account after it, which must live on the way there.

    >>> from perpcalc.core.collateral import flat_weight
    >>> account = Account({"BTC": ONE, "USDT": Decimal(-60_000)}, {"BTC": Decimal(60_000)})
    >>> account = account._replace(weights={"BTC": flat_weight(Decimal("0.8"))})
    >>> coins_to_add(account, "BTC", liquidation_target(account, "BTC", Decimal(50_000)))
    Decimal('0.5')
    """
    balance = account.balances.get(coin, ZERO)
    price_of(account, coin)
    sums = sums_of(_there(account._replace(balances={**account.balances, coin: balance}), target))
    grid = grid and grid._replace(mode=ROUND_CEILING)
    amounts = (on(grid, amount) for amount in sorted(_amounts(sums, sums.coins[coin], target.factor)))

    def after(amount: Decimal) -> Account:
        return account._replace(balances={**account.balances, coin: balance + amount})

    return next((amount for amount in amounts if is_reached(after(amount), target)), None)


def closed(account: Account, index: int, contracts: Decimal, fee_rate: Decimal = ZERO) -> Account:
    """The account after closing contracts of holding number `index` at its mark: profit less fee goes to the balance.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> held = Holding(open_at(PLAIN, LONG, Decimal(100), Decimal(50)), flat_rate(ZERO))
    >>> after = closed(Account({"BTC": ONE}, {"BTC": Decimal(100)}, (held,)), 0, Decimal(50))
    >>> str(after.balances["BTC"]), after.holdings[0].position.contracts
    ('1.5', Decimal('50'))
    """
    holding = account.holdings[index]
    position, coin = holding.position, holding.position.instrument.currency
    mark = price_of(account, coin) * holding.ratio
    left = position.contracts - contracts
    kept = (holding._replace(position=closed_partly(position, contracts)),) if left else ()
    sold = closed_partly(position, left) if left else position
    paid = trade_fee(position.instrument, contracts, mark, fee_rate)
    balance = account.balances.get(coin, ZERO) + closing_pnl(sold, mark) - paid
    return account._replace(
        balances={**account.balances, coin: balance},
        holdings=(*account.holdings[:index], *kept, *account.holdings[index + 1 :]),
    )


def contracts_to_close(account: Account, index: int, target: Target, fee_rate: Decimal = ZERO) -> Decimal | None:
    """The contracts of holding number `index` to close at its mark for a target, in whole lots; None where all fail.

    Between two break points what is left is linear in the contracts closed, so a candidate is where the line through
    both ends meets zero; the account after it proves it, and the account after one lot less that so many are needed.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> held = Holding(open_at(PLAIN, LONG, Decimal(100_000), Decimal(50_000)), flat_rate(Decimal("0.01")))
    >>> account = Account({"BTC": ONE}, {"BTC": Decimal(50_000)}, (held,))
    >>> contracts_to_close(account, 0, liquidation_target(account, "BTC", Decimal(30_000)))
    Decimal('26830')
    """
    position = account.holdings[index].position
    lot = position.instrument.lot

    def free(lots: Decimal) -> Decimal:
        contracts = min(lots * lot, position.contracts)
        return free_margin(closed(account, index, contracts, fee_rate) if lots else account, target)

    lots = fewest(free, to_multiple(position.contracts / lot, ONE, ROUND_CEILING))
    if lots is None:
        return None
    contracts = min(lots * lot, position.contracts)
    after = closed(account, index, contracts, fee_rate) if lots else account
    return contracts if is_reached(after, target) else None


def _there(account: Account, target: Target) -> Account:
    if target.coin is None or target.price is None:
        return account
    return account._replace(prices={**account.prices, target.coin: target.price})


def _amounts(sums: Sums, coin: Coin, factor: Decimal) -> Iterator[Decimal]:
    """The coins to add by each band of the collateral ratio, where that band then holds the balance."""
    price, held, in_coins = coin.price, coin.wallet.constant, coin.weight.unit == "coin"
    others, whole = sums.others[coin.name].counted, coin.equity_usd
    if sums.account.reading == "balance":
        whole = coin.wallet.collateral * price
        others += coin.equity_usd - whole
    fees = {side: closing_fees_at_bankruptcy(coin.wallet._replace(constant=side)) * side for side in (ONE, -ONE)}
    asked = sums.whole.asked - closing_fees_at_bankruptcy(coin.wallet) * price
    floor: Decimal | None = None
    for band in (DEBT, *coin.weight.bands):
        for side, fee in fees.items():
            if band.rate == factor * fee:
                continue
            counted = others + band.rate * whole + band.offset * (price if in_coins else ONE)
            amount = (factor * (asked + fee * held * price) - counted) / ((band.rate - factor * fee) * price)
            then = settled(whole / price + amount if in_coins else whole + amount * price)
            inside = (floor is None or floor <= then) and (band.upper is None or then <= band.upper)
            if inside and (held + amount) * side >= 0:
                yield amount
        floor = band.upper


def fewest(free: Callable[[Decimal], Decimal], most: Decimal) -> Decimal | None:
    """The whole number up to `most` from which on `free` is not below zero; None where it is at `most`.

    A number that is found by a search has no formula: its proof is what `free` says of it.

    >>> fewest(lambda number: number - Decimal("2.5"), Decimal(10))
    Decimal('3')
    """
    low, high = ZERO, Decimal(int(most))
    below, above = free(low), free(high)
    if below >= 0:
        return low
    if above < 0:
        return None
    while high - low > 1:
        step = Decimal(int(to_multiple((high - low) * below / (below - above), ONE, ROUND_CEILING)))
        for guess in (low + step, low + step - 1, (low + high) // 2):
            if low < guess < high:
                left = free(guess)
                if left >= 0:
                    high, above = guess, left
                else:
                    low, below = guess, left
    return high
