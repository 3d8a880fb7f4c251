"""Hedging a holding of coin with a short: size, what it locks in, what it earns, and whether it can be liquidated."""

from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.funding import funding_payment
from perpcalc.core.instrument import Instrument, contracts_of_coin, trade_fee
from perpcalc.core.liquidation import Liquidation, position_liquidation
from perpcalc.core.margin import Margin, isolated_margin
from perpcalc.core.position import SHORT, open_at
from perpcalc.core.rules import DAY, ClosingFee, Schedule
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import PerpcalcError


class HedgePlan(NamedTuple):
    """Coins to hedge and how: `ratio` of them, at `price`.

    `rate` is the funding rate, None where it is not known; `interval` the minutes between payments, `rate_interval` those a rate
    is quoted for. Without `leverage` the holding is the margin. `schedule` None means that the maintenance margin is not known.
    """

    instrument: Instrument
    holding: Decimal
    price: Decimal
    ratio: Decimal = ONE
    rate: Decimal | None = None
    interval: Decimal | None = None
    rate_interval: Decimal | None = None
    entry_fee_rate: Decimal = ZERO
    exit_fee_rate: Decimal = ZERO
    leverage: Decimal | None = None
    schedule: Schedule | None = None
    closing_fee: ClosingFee = ClosingFee(ZERO)


class Hedge(NamedTuple):
    """The short that hedges a holding; fees and funding are costs in USD, `carry_apr` is positive when earned.

    `break_even_days` None means never where the rate is known; `liquidation` None is not known.
    """

    contracts: Decimal
    notional: Decimal
    residual_delta: Decimal
    locked_usd: Decimal
    fees_usd: Decimal
    funding_per_day_usd: Decimal | None
    carry_apr: Decimal | None
    break_even_days: Decimal | None
    liquidation: Liquidation | None


def hedge(plan: HedgePlan) -> Hedge:
    """The short of `ratio*C*P` USD in whole lots, rounded down: `residual = C - Q/P`, `locked = Q - entry fee*P`.

    At a ratio of 1 the coins and their short are worth `Q` USD at every price (a synthetic dollar). Income is funding: `-s*rate*Q` USD a
    payment. Sources: thebitcoinpulse 2018-11; Ethena docs. Raises PerpcalcError where the coins are less than a lot.

    >>> from perpcalc.core.instrument import PLAIN
    >>> result = hedge(HedgePlan(PLAIN, Decimal(2), Decimal(50_000), rate=Decimal("0.0001"), interval=Decimal(480)))
    >>> str(result.contracts), str(result.residual_delta), str(result.carry_apr)
    ('100000', '0', '0.1095')
    """
    instrument, price = plan.instrument, plan.price
    contracts = contracts_of_coin(instrument, plan.holding * plan.ratio, price)
    if not contracts:
        coins = f"{plain(plan.holding * plan.ratio)} {instrument.currency}"
        lot = plain(instrument.lot * instrument.contract_size)
        raise PerpcalcError(f"{coins} at {plain(price)} is less than one lot of {lot} USD", "hedge more")
    position = open_at(instrument, SHORT, contracts, price)
    entry_fee = trade_fee(instrument, contracts, price, plan.entry_fee_rate) * price
    fees = entry_fee + trade_fee(instrument, contracts, price, plan.exit_fee_rate) * price
    funding = funding_per_day(plan, contracts)
    liquidation = None
    if plan.schedule is not None:
        margin = Margin("cross", plan.holding, plan.holding)
        if plan.leverage is not None:
            margin = isolated_margin(position, plan.leverage)
        paid = ZERO if plan.rate is None else SHORT * plan.rate
        holding = Holding(position, plan.schedule, plan.closing_fee, funding_rate=paid)
        liquidation = position_liquidation(holding, margin)
    return Hedge(
        contracts=contracts,
        notional=position.notional,
        residual_delta=plan.holding - position.notional / price,
        locked_usd=position.notional - entry_fee,
        fees_usd=fees,
        funding_per_day_usd=funding,
        carry_apr=None if funding is None else -365 * funding / (plan.holding * price),
        break_even_days=None if funding is None else break_even_days(fees, funding),
        liquidation=liquidation,
    )


def funding_per_day(plan: HedgePlan, contracts: Decimal) -> Decimal | None:
    """What funding of the short costs on an average day in USD, negative when received; None without a rate.

    `s*rate*Q` a payment, each rounded as the venue does in coin, `day/interval` of them.

    >>> from perpcalc.core.instrument import PLAIN
    >>> plan = HedgePlan(PLAIN, ONE, Decimal(50_000), rate=Decimal("0.0001"), interval=Decimal(480))
    >>> str(funding_per_day(plan, Decimal(50_000)))
    '-15.0000'
    """
    if plan.rate is None or plan.interval is None:
        return None
    periods = plan.interval / (plan.rate_interval or plan.interval)
    payment = funding_payment(plan.instrument, SHORT, contracts, plan.rate, plan.price, periods=periods)
    return payment * plan.price * DAY / plan.interval


def break_even_days(fees: Decimal, funding_per_day: Decimal) -> Decimal | None:
    """After how many days the funding has paid the fees: `fees/-funding`; None where it never does.

    Source: tradingcalc, carry trade.

    >>> break_even_days(Decimal(50), Decimal(-25))
    Decimal('2')
    """
    if fees <= 0:
        return ZERO
    return fees / -funding_per_day if funding_per_day < 0 else None
