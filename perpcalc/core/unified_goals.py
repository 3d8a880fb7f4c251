"""What must change so that an account of several coins meets a goal, in the shape of every other answer of `solve`."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from perpcalc.core.rounding import Grid, to_multiple
from perpcalc.core.solve import LIQUIDATION, MARGIN_RATIO, Goal, Solved, unmet
from perpcalc.core.solve_margin import margin_step
from perpcalc.core.solve_price import price_step
from perpcalc.core.unified import Account, Sums, sums_of
from perpcalc.core.unified_liquidation import coin_life, holding_liquidation
from perpcalc.core.unified_solve import (
    Target,
    closed,
    coins_to_add,
    contracts_to_close,
    liquidation_target,
    price_of_equity,
    price_of_ratio,
    ratio_target,
)
from perpcalc.core.unified_standing import is_liquidated
from perpcalc.decimals import ZERO, plain
from perpcalc.errors import Key, PerpcalcError

CONTRACTS, USD = "contracts", "USD"
DEAD = "already liquidated"


def unified_margin(sums: Sums, index: int, goal: Goal) -> Solved:
    """The coins of a position's own kind to add to its account for a goal, negative where so many may be taken out.

    Raises PerpcalcError for a goal that is met now or cannot be.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> held = Holding(open_at(PLAIN, LONG, Decimal(100_000), Decimal(50_000)), flat_rate(ZERO))
    >>> sums = sums_of(Account({"BTC": Decimal(1)}, {"BTC": Decimal(50_000)}, (held,)))
    >>> str(unified_margin(sums, 0, Goal("liquidation", Decimal(25_000))).value)
    '1'
    """
    account, position = sums.account, sums.account.holdings[index].position
    coin, step = position.instrument.currency, margin_step(position.instrument)
    grid = None if step is None else Grid(step, ROUND_CEILING)
    amount = coins_to_add(account, coin, _target(sums, index, goal), grid)
    if amount is None:
        return unmet(goal, coin, f"no amount of {coin} does it, the other coins and their prices as they are")
    balances = {**account.balances, coin: account.balances.get(coin, ZERO) + amount}
    return _after(goal, coin, amount, account._replace(balances=balances), index)


def unified_close(sums: Sums, index: int, goal: Goal, fee_rate: Decimal | None) -> Solved:
    """The contracts of a position to close at its mark, the fee included, for a goal; None is a fee that is not known.

    Raises PerpcalcError for a goal that cannot be.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> held = Holding(open_at(PLAIN, LONG, Decimal(100_000), Decimal(50_000)), flat_rate(ZERO))
    >>> sums = sums_of(Account({"BTC": Decimal(1)}, {"BTC": Decimal(50_000)}, (held,)))
    >>> str(unified_close(sums, 0, Goal("liquidation", Decimal(25_000)), ZERO).value)
    '50000'
    """
    if fee_rate is None:
        return unmet(goal, CONTRACTS, "the closing fee is not known")
    account, position = sums.account, sums.account.holdings[index].position
    contracts = contracts_to_close(account, index, _target(sums, index, goal), fee_rate)
    if contracts is None:
        return unmet(goal, CONTRACTS, "closing does not do it")
    if contracts == position.contracts:
        reason = "nothing less than all of it does it"
        return Solved(*goal, contracts, CONTRACTS, contracts_after=ZERO, reason=reason)
    if not contracts:
        return _after(goal, CONTRACTS, ZERO, account, index, "already so")
    return _after(goal, CONTRACTS, contracts, closed(account, index, contracts, fee_rate), index)


def unified_price(sums: Sums, index: int, goal: Goal) -> tuple[Solved, Solved]:
    """The prices of a position's contract below and above now at which its account meets a goal, the other coins still.

    Rounded to where the margin ratio is not above, or the equity in USD not below. Raises PerpcalcError for an equity
    in one coin and a margin ratio above 100 %.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> held = Holding(open_at(PLAIN, LONG, Decimal(50_000), Decimal(50_000)), flat_rate(ZERO))
    >>> sums = sums_of(Account({"BTC": Decimal(1)}, {"BTC": Decimal(50_000)}, (held,)))
    >>> [found.value and plain(found.value) for found in unified_price(sums, 0, Goal("equity_usd", Decimal(40_000)))]
    ['45000', None]
    """
    holding = sums.account.holdings[index]
    coin, now = holding.position.instrument.currency, sums.coins[holding.position.instrument.currency].price
    if is_liquidated(sums):
        return unmet(goal, USD, DEAD), unmet(goal, USD, DEAD)
    if goal.name == MARGIN_RATIO:
        if not 0 < goal.value <= 1:
            raise PerpcalcError(f"{plain(goal.value * 100)}% is out of range", "give more than 0% and at most 100%").at(
                Key(goal.name)
            )
        below, above = price_of_ratio(sums, coin, goal.value)
        up_is_safe = {"below": True, "above": False}
    elif goal.name == "equity_usd":
        price = price_of_equity(sums, coin, goal.value)
        below, above = (price, None) if price is not None and price <= now else (None, price)
        rises = sums.coins[coin].delta > 0
        up_is_safe = {"below": rises, "above": rises}
    else:
        raise PerpcalcError("an account of several coins has no equity in one", ("give ", Key("equity_usd"))).at(
            Key(goal.name)
        )
    return (
        _priced(sums, index, goal, below, "below", up_is_safe["below"]),
        _priced(sums, index, goal, above, "above", up_is_safe["above"]),
    )


def _priced(sums: Sums, index: int, goal: Goal, at: Decimal | None, where: str, up: bool) -> Solved:
    """One of the prices, rounded, and the account there."""
    if at is None:
        return unmet(goal, USD, f"not reached at any price {where}")
    holding = sums.account.holdings[index]
    instrument, price = holding.position.instrument, at * holding.ratio
    if (step := price_step(instrument)) is not None:
        price = to_multiple(price, step, ROUND_CEILING if up else ROUND_FLOOR)
    prices = {**sums.account.prices, instrument.currency: price / holding.ratio}
    return _after(goal, USD, price, sums.account._replace(prices=prices), index)


def _target(sums: Sums, index: int, goal: Goal) -> Target:
    """Where the goal is decided; raises PerpcalcError for the price now, and a margin ratio that is none."""
    account, holding = sums.account, sums.account.holdings[index]
    if goal.name == LIQUIDATION:
        coin = sums.coins[holding.position.instrument.currency]
        if goal.value == coin.price * holding.ratio:
            raise PerpcalcError(f"{plain(goal.value)} is the price now", "give one below or above it").at(
                Key(goal.name)
            )
        return liquidation_target(account, coin.name, goal.value / holding.ratio)
    if not 0 < goal.value < 1:
        raise PerpcalcError(f"{plain(goal.value * 100)}% is out of range", "give more than 0% and less than 100%").at(
            Key(goal.name)
        )
    return ratio_target(account, goal.value)


def _after(goal: Goal, unit: str, value: Decimal, account: Account, index: int, note: str | None = None) -> Solved:
    """The answer, and the account with it as asking again would show it."""
    sums, position = sums_of(account), account.holdings[index].position
    life = coin_life(sums, position.instrument.currency)
    found = holding_liquidation(sums, index, life).liquidation
    never = found.reason if found.liquidation_price is None else None
    return Solved(
        *goal,
        value,
        unit,
        contracts_after=position.contracts,
        entry_price_after=position.entry_price,
        liquidation_price_after=found.liquidation_price,
        margin_ratio_after=found.margin_ratio,
        reason="; ".join(filter(None, (note, never))) or None,
    )
