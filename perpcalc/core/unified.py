"""An account that several coins back: what it is worth, what counts of it, and what it must keep, coin by coin.

In USD the equity of a coin is `(B + sum(s*V))*P - sum(s*Q)`, linear in its price, so an account is a few sums per coin,
however many positions it has.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import accumulate
from typing import NamedTuple

from perpcalc.core.collateral import FULL, Weight, counted_by
from perpcalc.core.linear import Leg
from perpcalc.core.pegged import DOLLARS
from perpcalc.core.spans import segments
from perpcalc.core.wallet import Holding, Wallet, closing_fees_at_bankruptcy, wallet_of
from perpcalc.decimals import ONE, ZERO, settled
from perpcalc.errors import PerpcalcError, listed


class VenueSums(NamedTuple):
    """What only the venue knows of an account, in USD: losses, positive when lost, and maintenance margin."""

    order_loss: Decimal = ZERO
    haircut_loss: Decimal = ZERO
    order_maintenance: Decimal = ZERO
    loan_maintenance: Decimal = ZERO


class Account(NamedTuple):
    """Coins that back positions together; a balance below 0 is borrowed and counts in full.

    `prices` are USD per coin. The `ratio` of a holding is its mark over the price of its coin. With the reading
    "equity" a collateral ratio applies to a coin's balance and profit together, with "balance" to the balance alone. It
    is liquidated where the margin balance is not above `condition` times the maintenance margin.
    """

    balances: Mapping[str, Decimal]
    prices: Mapping[str, Decimal]
    holdings: tuple[Holding, ...] = ()
    legs: tuple[Leg, ...] = ()
    weights: Mapping[str, Weight] = {}
    reading: str = "equity"
    condition: Decimal = ONE
    known: VenueSums = VenueSums()


class Asked(NamedTuple):
    """What a coin's positions must keep, closing fees too: `coins*P + usd + curve/P` USD while 1/P is above `left`."""

    left: Decimal
    right: Decimal | None
    coins: Decimal
    usd: Decimal
    curve: Decimal


class Coin(NamedTuple):
    """What an account comes to in one coin.

    `wallet` holds the balance and the inverse positions. Legs that settle in the coin were entered at `entered` coins
    in all and have `exposures`, coins of others; legs on the coin must keep `leg_rate*P - leg_deduction` USD.
    `equity_usd`, `counted_usd` and `maintenance_usd` are at the price; `delta` is the change of the account's equity in
    coins.
    """

    name: str
    price: Decimal
    wallet: Wallet
    weight: Weight
    entered: Decimal
    exposures: Mapping[str, Decimal]
    exposed_usd: Decimal
    leg_rate: Decimal
    leg_deduction: Decimal
    asked: tuple[Asked, ...]
    equity_usd: Decimal
    band: int
    counted_usd: Decimal
    maintenance_usd: Decimal
    delta: Decimal


class Worth(NamedTuple):
    """What coins are worth together, what counts of them, and what must be kept for them, in USD."""

    equity: Decimal
    counted: Decimal
    asked: Decimal


NOTHING = Worth(ZERO, ZERO, ZERO)


class Sums(NamedTuple):
    """An account as its sums per coin, and in all; losses and maintenance margin that only the venue knows are in them.

    `others` is the same without one coin, by its name, `beside` what is in no coin.
    `places` say where each holding is: in which coin's wallet, at which index. An `idle` account has nothing to be
    liquidated for: no position, no debt, no maintenance margin of another kind.
    """

    account: Account
    coins: Mapping[str, Coin]
    places: tuple[tuple[str, int], ...]
    settled_in: Mapping[str, frozenset[str]]
    whole: Worth
    others: Mapping[str, Worth]
    beside: Worth
    idle: bool


def missing_prices(account: Account) -> tuple[str, ...]:
    """The coins that an account holds or trades and that have no price; USD, USDT and USDC are 1 if it is absent.

    >>> missing_prices(Account({"BTC": ONE, "USDT": ONE}, {}))
    ('BTC',)
    """
    return tuple(coin for coin in _names(account) if not _priced(account, coin))


def price_of(account: Account, coin: str) -> Decimal:
    """The USD price of a coin; raises PerpcalcError where it is not known.

    >>> price_of(Account({}, {}), "USDT")
    Decimal('1')
    """
    price = account.prices.get(coin, DOLLARS.get(coin))
    if price is None:
        raise PerpcalcError(f"the price of {coin} is not known", "give it under [prices]")
    return price


def unused_weights(account: Account) -> tuple[str, ...]:
    """The coins that have a collateral ratio and that the account neither holds nor trades.

    >>> unused_weights(Account({"BTC": ONE}, {}, weights={"BTC": FULL, "SOL": FULL}))
    ('SOL',)
    """
    names = {*account.balances, *_names(account)}
    return tuple(coin for coin in account.weights if coin not in names)


def sums_of(account: Account) -> Sums:
    """The sums per coin that everything else is computed from. O(n log n) in positions.

    The closing fee that is charged at the bankruptcy price is the one of the coin's own balance and positions. Raises
    PerpcalcError where a price is missing.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> position = open_at(PLAIN, LONG, Decimal(100_000), Decimal(100_000))
    >>> holding = Holding(position, flat_rate(Decimal("0.005")))
    >>> account = Account({"BTC": ONE, "USDT": Decimal(20_000)}, {"BTC": Decimal(80_000)}, (holding,))
    >>> str(sums_of(account).coins["BTC"].equity_usd)
    '60000'
    """
    if missing := missing_prices(account):
        names = "".join(listed(missing, "and"))
        raise PerpcalcError(f"the price of {names} is not known", "give it under [prices]")
    holdings: dict[str, list[Holding]] = {}
    places: list[tuple[str, int]] = []
    for holding in account.holdings:
        inside = holdings.setdefault(holding.position.instrument.currency, [])
        places.append((holding.position.instrument.currency, len(inside)))
        inside.append(holding)
    settling: dict[str, list[Leg]] = {}
    trading: dict[str, list[Leg]] = {}
    settled_in: dict[str, set[str]] = {}
    for leg in account.legs:
        settling.setdefault(leg.settle, []).append(leg)
        trading.setdefault(leg.coin, []).append(leg)
        settled_in.setdefault(leg.coin, set()).add(leg.settle)
    coins = {
        name: _coin(account, name, holdings.get(name, ()), settling.get(name, ()), trading.get(name, ()))
        for name in _names(account)
    }
    known = account.known
    worths = [worth_of(coin) for coin in coins.values()]
    beside = Worth(ZERO, ZERO - known.order_loss - known.haircut_loss, known.order_maintenance + known.loan_maintenance)
    before = list(accumulate(worths, plus, initial=beside))
    after = list(accumulate(reversed(worths), plus, initial=NOTHING))[::-1]
    owing = any(amount < 0 for amount in account.balances.values())
    return Sums(
        account=account,
        coins=coins,
        places=tuple(places),
        settled_in={coin: frozenset(names) for coin, names in settled_in.items()},
        whole=before[-1],
        others={name: plus(one, other) for name, one, other in zip(coins, before, after[1:], strict=False)},
        beside=beside,
        idle=not (account.holdings or account.legs or owing or beside.asked),
    )


def worth_of(coin: Coin) -> Worth:
    """What one coin of an account is worth, what counts of it, and what must be kept for what is traded in it.

    >>> sums = sums_of(Account({"BTC": ONE}, {"BTC": Decimal(60_000)}))
    >>> worth_of(sums.coins["BTC"])
    Worth(equity=Decimal('60000'), counted=Decimal('60000'), asked=Decimal('0'))
    """
    return Worth(coin.equity_usd, coin.counted_usd, coin.maintenance_usd)


def plus(one: Worth, other: Worth) -> Worth:
    """Two worths together.

    >>> plus(Worth(ONE, ONE, ZERO), Worth(ONE, ZERO, ZERO)).equity
    Decimal('2')
    """
    return Worth(*(a + b for a, b in zip(one, other, strict=True)))


def _priced(account: Account, coin: str) -> bool:
    return coin in account.prices or coin in DOLLARS


def _names(account: Account) -> tuple[str, ...]:
    """The coins of an account, each once; one that it holds nothing of only where its price is known."""
    names = dict.fromkeys(coin for coin, amount in account.balances.items() if amount or _priced(account, coin))
    names.update(dict.fromkeys(holding.position.instrument.currency for holding in account.holdings))
    for leg in account.legs:
        names.update(dict.fromkeys((leg.settle, leg.coin)))
    return tuple(names)


def _coin(
    account: Account, name: str, holdings: Iterable[Holding], settling: Iterable[Leg], trading: Iterable[Leg]
) -> Coin:
    price = price_of(account, name)
    wallet = wallet_of(account.balances.get(name, ZERO), holdings)
    weight = account.weights.get(name, FULL)
    entered, exposures = ZERO, dict[str, Decimal]()
    for leg in settling:
        entered += leg.coins * leg.entry
        exposures[leg.coin] = exposures.get(leg.coin, ZERO) + leg.coins * leg.ratio
    delta, leg_rate, leg_deduction = wallet.constant - entered, ZERO, ZERO
    own = delta
    for leg in trading:
        delta += leg.coins * leg.ratio
        leg_rate += leg.rate * abs(leg.coins) * leg.ratio
        leg_deduction += leg.deduction
    exposed = sum((coins * price_of(account, coin) for coin, coins in exposures.items()), ZERO)
    equity_usd = own * price - wallet.linear + exposed
    asked = tuple(_asked(wallet))
    x = settled(1 / price)
    here = next(piece for piece in reversed(asked) if not piece.left or settled(piece.left) < x)
    band, usd = counted_by(account.reading, weight, wallet.collateral, price, equity_usd)
    return Coin(
        name=name,
        price=price,
        wallet=wallet,
        weight=weight,
        entered=entered,
        exposures=exposures,
        exposed_usd=exposed,
        leg_rate=leg_rate,
        leg_deduction=leg_deduction,
        asked=asked,
        equity_usd=equity_usd,
        band=band,
        counted_usd=usd,
        maintenance_usd=here.coins * price + here.usd + here.curve / price + leg_rate * price - leg_deduction,
        delta=delta,
    )


def _asked(wallet: Wallet) -> Iterable[Asked]:
    """The maintenance margin and closing fees of a coin's positions, from x = 1/P = 0 up."""
    reserve = closing_fees_at_bankruptcy(wallet)
    for left, right, a, b, c in segments(wallet._replace(constant=ZERO, linear=ZERO), reserve):
        yield Asked(left, right, -a, b, c)
