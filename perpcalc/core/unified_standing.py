"""How an account that several coins back stands now: equity, margin balance, maintenance margin, and their ratio."""

from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.linear import leg_value
from perpcalc.core.unified import Sums
from perpcalc.decimals import ONE, ZERO, settled


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


def is_liquidated(sums: Sums) -> bool:
    """Whether the margin balance is not above `condition` times the maintenance margin now.

    >>> from perpcalc.core.unified import Account, sums_of
    >>> is_liquidated(sums_of(Account({"USDT": -ONE}, {})))
    True
    """
    asked = sums.account.condition * sums.whole.asked
    return not sums.idle and settled(sums.whole.counted) <= settled(asked)


def margin_ratio(sums: Sums) -> Decimal:
    """The margin ratio now: `condition*MM/(margin balance)`, 1 where the account is liquidated, and beyond.

    >>> from perpcalc.core.unified import Account, sums_of
    >>> margin_ratio(sums_of(Account({"USDT": -ONE}, {})))
    Decimal('1')
    """
    if is_liquidated(sums):
        return ONE
    asked = sums.account.condition * sums.whole.asked
    return asked / sums.whole.counted if asked else ZERO


def standing(sums: Sums) -> Standing:
    """What an account is worth and must keep now.

    Margin balance `sum(W) - losses`, W a coin's equity in USD at its collateral ratio. Sources: Bybit help, glossary of
    the unified account (2026-03-13); Binance FAQ 4868b2f1; OKX help 360054690531.

    >>> from perpcalc.core.unified import Account, sums_of
    >>> now = standing(sums_of(Account({"BTC": ONE, "USDT": Decimal(-30_000)}, {"BTC": Decimal(100_000)})))
    >>> str(now.margin_balance), str(now.leverage)
    ('70000', '0')
    """
    return Standing(
        equity=sums.whole.equity,
        margin_balance=sums.whole.counted,
        maintenance_margin=sums.whole.asked,
        margin_ratio=margin_ratio(sums),
        leverage=net_notional(sums) / sums.whole.equity if sums.whole.equity > 0 else None,
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


def net_notional(sums: Sums) -> Decimal:
    """What the positions are worth in USD, opposite sides of one contract netted unless the account keeps both (hedge
    mode); of linear legs it always does, since what nets is one leg.

    >>> from perpcalc.core.unified import Account, sums_of
    >>> net_notional(sums_of(Account({"BTC": ONE}, {"BTC": Decimal(60_000)})))
    Decimal('0')
    """
    net: dict[tuple[object, ...], Decimal] = {}
    for holding in sums.account.holdings:
        position, instrument = holding.position, holding.position.instrument
        side = position.side if instrument.hedge_mode else ZERO
        contract = (instrument.currency, instrument.venue, instrument.name, holding.ratio, side)
        net[contract] = net.get(contract, ZERO) + position.side * position.notional / holding.ratio
    legs = (leg_value(leg, sums.coins[leg.coin].price) for leg in sums.account.legs)
    return sum((*(abs(size) for size in net.values()), *legs), ZERO)
