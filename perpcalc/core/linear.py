"""What is linear in the price of a coin: legs quoted and settled in another coin, and coins that are simply held."""

from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.greeks import Greeks
from perpcalc.decimals import ONE, ZERO
from perpcalc.errors import Key, PerpcalcError


class Leg(NamedTuple):
    """Signed coins `q` of a contract on `coin` that is quoted and settled in another coin, mostly a stablecoin.

    `entry` is in the settlement coin, `rate` the maintenance rate of the value at the mark, `deduction` in USD. `ratio`
    is the contract's mark in USD over the price of the coin.
    """

    coin: str
    settle: str
    coins: Decimal
    entry: Decimal
    rate: Decimal
    deduction: Decimal = ZERO
    ratio: Decimal = ONE


def open_leg(
    coin: str,
    settle: str | None,
    side: Decimal,
    coins: Decimal,
    entry: Decimal,
    rate: Decimal,
    deduction: Decimal = ZERO,
    ratio: Decimal = ONE,
) -> Leg:
    """A linear leg; `side` is +1 or -1.

    Raises PerpcalcError where the settlement coin is missing, or is the coin itself.

    >>> open_leg("BTC", "USDT", -ONE, Decimal("0.5"), Decimal(100_000), Decimal("0.005")).coins
    Decimal('-0.5')
    """
    if settle is None:
        raise PerpcalcError("a linear leg settles in a coin that is not said", ("give ", Key("settle"), ", as in USDT"))
    if settle == coin:
        raise PerpcalcError(
            f"a linear leg on {coin} does not settle in {coin}", "give a stablecoin, or an inverse contract"
        ).at(Key("settle"))
    return Leg(coin, settle, side * coins, entry, rate, deduction, ratio)


def leg_mark(leg: Leg, price: Decimal, settle_price: Decimal = ONE) -> Decimal:
    """The mark of a leg's contract in its settlement coin: `ratio*P/P_t`, both prices in USD.

    >>> leg_mark(Leg("BTC", "USDT", ONE, ONE, ZERO), Decimal(60_000))
    Decimal('60000')
    """
    return leg.ratio * price / settle_price


def leg_pnl(leg: Leg, price: Decimal, settle_price: Decimal = ONE) -> Decimal:
    """The profit of a leg in USD: `q*(ratio*P - e*P_t)`, which is `q*(mark - e)` settlement coins.

    >>> leg_pnl(Leg("BTC", "USDT", -ONE, Decimal(60_000), ZERO), Decimal(58_000))
    Decimal('2000')
    """
    return leg.coins * (leg.ratio * price - leg.entry * settle_price)


def leg_value(leg: Leg, price: Decimal) -> Decimal:
    """The size of a leg in USD at the mark: `abs(q)*ratio*P`.

    >>> leg_value(Leg("BTC", "USDT", -ONE, Decimal(60_000), ZERO), Decimal(58_000))
    Decimal('58000')
    """
    return abs(leg.coins) * leg.ratio * price


def leg_maintenance(leg: Leg, price: Decimal) -> Decimal:
    """The maintenance margin of a leg in USD: `rate*abs(q)*ratio*P - deduction`.

    >>> str(leg_maintenance(Leg("BTC", "USDT", -ONE, Decimal(60_000), Decimal("0.005")), Decimal(58_000)))
    '290.000'
    """
    return leg.rate * leg_value(leg, price) - leg.deduction


def leg_greeks(leg: Leg, price: Decimal, settle_price: Decimal = ONE) -> Greeks:
    """The profit of a leg in the usd frame: its delta is `q*ratio` coins at every price, its gamma 0.

    >>> leg_greeks(Leg("BTC", "USDT", -ONE, Decimal(60_000), ZERO), Decimal(58_000))
    Greeks(frame='usd', value=Decimal('2000'), delta=Decimal('-1'), gamma=Decimal('0'))
    """
    return Greeks("usd", leg_pnl(leg, price, settle_price), leg.coins * leg.ratio, ZERO)


def coins_greeks(amount: Decimal, price: Decimal) -> Greeks:
    """Coins held, or owed where negative, in the usd frame: value `amount*P`, delta `amount` coins, gamma 0.

    >>> coins_greeks(Decimal(2), Decimal(60_000))
    Greeks(frame='usd', value=Decimal('120000'), delta=Decimal('2'), gamma=Decimal('0'))
    """
    return Greeks("usd", amount * price, amount, ZERO)
