"""An account that several coins back: what it is worth, what counts of it, and what it must keep, coin by coin.

In USD the equity of a coin is `(B + sum(s*V))*P - sum(s*Q)`, linear in its price, so an account is a few sums per coin,
however many positions it has.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.collateral import FULL, Weight, counted_by
from perpcalc.core.linear import Leg
from perpcalc.core.wallet import Holding, Wallet, closing_fees_at_bankruptcy, segments, wallet_of
from perpcalc.decimals import ONE, ZERO, settled
from perpcalc.errors import PerpcalcError, listed

DOLLARS = dict.fromkeys(("USD", "USDT", "USDC"), ONE)
PEGGED = frozenset((*DOLLARS, "BUSD", "DAI", "FDUSD", "PYUSD", "RLUSD", "TUSD", "USD1", "USDE"))


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


class Sums(NamedTuple):
    """An account as its sums per coin, and in all; losses and maintenance margin that only the venue knows are in them.

    `places` say where each holding is: in which coin's wallet, at which index. An `idle` account has nothing to be
    liquidated for: no position, no debt, no maintenance margin of another kind.
    """

    account: Account
    coins: Mapping[str, Coin]
    places: tuple[tuple[str, int], ...]
    settled_in: Mapping[str, frozenset[str]]
    equity_usd: Decimal
    counted_usd: Decimal
    maintenance_usd: Decimal
    idle: bool


class CoinStanding(NamedTuple):
    """A coin of an account now: `band` of its collateral ratio counts from 1, 0 is a debt; `delta` is in coins."""

    coin: str
    price: Decimal
    balance: Decimal
    equity: Decimal
    equity_usd: Decimal
    band: int
    counted_usd: Decimal
    maintenance_margin: Decimal
    delta: Decimal


class Standing(NamedTuple):
    """An account now, in USD; closing fees that count are part of the maintenance margin.

    `margin_ratio` is `condition*MM/margin balance`, 1 where it is liquidated; `leverage` None where the equity is not
    above 0.
    """

    equity: Decimal
    margin_balance: Decimal
    maintenance_margin: Decimal
    margin_ratio: Decimal
    leverage: Decimal | None
    liquidated: bool
    coins: tuple[CoinStanding, ...]


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
    beside = known.order_maintenance + known.loan_maintenance
    owing = any(amount < 0 for amount in account.balances.values())
    return Sums(
        account=account,
        coins=coins,
        places=tuple(places),
        settled_in={coin: frozenset(names) for coin, names in settled_in.items()},
        equity_usd=sum((coin.equity_usd for coin in coins.values()), ZERO),
        counted_usd=sum((coin.counted_usd for coin in coins.values()), ZERO) - known.order_loss - known.haircut_loss,
        maintenance_usd=sum((coin.maintenance_usd for coin in coins.values()), ZERO) + beside,
        idle=not (account.holdings or account.legs or owing or beside),
    )


def is_liquidated(sums: Sums) -> bool:
    """Whether the margin balance is not above `condition` times the maintenance margin now.

    >>> is_liquidated(sums_of(Account({"USDT": -ONE}, {})))
    True
    """
    asked = sums.account.condition * sums.maintenance_usd
    return not sums.idle and settled(sums.counted_usd) <= settled(asked)


def margin_ratio(sums: Sums) -> Decimal:
    """The margin ratio now: `condition*MM/(margin balance)`, 1 where the account is liquidated, and beyond.

    >>> margin_ratio(sums_of(Account({"USDT": -ONE}, {})))
    Decimal('1')
    """
    if is_liquidated(sums):
        return ONE
    asked = sums.account.condition * sums.maintenance_usd
    return asked / sums.counted_usd if asked else ZERO


def standing(sums: Sums) -> Standing:
    """What an account is worth and must keep now.

    Margin balance `sum(W) - losses`, W a coin's equity in USD at its collateral ratio. Sources: Bybit help, glossary of
    the unified account (2026-03-13); Binance FAQ 4868b2f1; OKX help 360054690531.

    >>> now = standing(sums_of(Account({"BTC": ONE, "USDT": Decimal(-30_000)}, {"BTC": Decimal(100_000)})))
    >>> str(now.margin_balance), str(now.leverage)
    ('70000', '0')
    """
    return Standing(
        equity=sums.equity_usd,
        margin_balance=sums.counted_usd,
        maintenance_margin=sums.maintenance_usd,
        margin_ratio=margin_ratio(sums),
        leverage=_notional(sums) / sums.equity_usd if sums.equity_usd > 0 else None,
        liquidated=is_liquidated(sums),
        coins=tuple(
            CoinStanding(
                coin=coin.name,
                price=coin.price,
                balance=coin.wallet.collateral,
                equity=coin.equity_usd / coin.price,
                equity_usd=coin.equity_usd,
                band=coin.band,
                counted_usd=coin.counted_usd,
                maintenance_margin=coin.maintenance_usd,
                delta=coin.delta,
            )
            for coin in sums.coins.values()
        ),
    )


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


def _notional(sums: Sums) -> Decimal:
    """What the positions are worth in USD, opposite sides of one contract netted."""
    net: dict[tuple[object, ...], Decimal] = {}
    for holding in sums.account.holdings:
        position, instrument = holding.position, holding.position.instrument
        contract = (instrument.currency, instrument.venue, instrument.name, holding.ratio)
        net[contract] = net.get(contract, ZERO) + position.side * position.notional / holding.ratio
    for leg in sums.account.legs:
        linear = (leg.coin, leg.settle, leg.ratio)
        net[linear] = net.get(linear, ZERO) + leg.coins * leg.ratio * sums.coins[leg.coin].price
    return sum((abs(size) for size in net.values()), ZERO)
