"""Hedging coins with a short, or a debt of coins with a long: size, what it locks in and earns, and whether it can be
liquidated.
"""

from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.funding import funding_payment
from perpcalc.core.instrument import Instrument, contracts_of_coin, trade_fee
from perpcalc.core.liquidation import Liquidation, position_liquidation
from perpcalc.core.margin import Margin, isolated_margin
from perpcalc.core.position import LONG, SHORT, Position, open_at
from perpcalc.core.rules import DAY, ClosingFee, Schedule
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import PerpcalcError


class HedgePlan(NamedTuple):
    """Coins to hedge and how: `ratio` of them, at `price`; a negative holding is a short delta.

    `rate` is the funding rate, None where it is not known, as a fee is; `interval` the minutes between payments,
    `rate_interval` those a rate is quoted for. Without `leverage` the holding is the margin. `schedule` None means that
    the maintenance margin is not known.
    """

    instrument: Instrument
    holding: Decimal
    price: Decimal
    ratio: Decimal = ONE
    rate: Decimal | None = None
    interval: Decimal | None = None
    rate_interval: Decimal | None = None
    entry_fee_rate: Decimal | None = ZERO
    exit_fee_rate: Decimal | None = ZERO
    leverage: Decimal | None = None
    schedule: Schedule | None = None
    closing_fee: ClosingFee = ClosingFee(ZERO)

    @property
    def side(self) -> Decimal:
        """The side of the hedge: short against coins, long against a debt of them."""
        return LONG if self.holding < 0 else SHORT


class Hedge(NamedTuple):
    """What hedges a holding; fees and funding are costs in USD, None where they are not known, `carry_apr` is positive
    when earned.

    `break_even_days` None means never where rate and fees are known; `liquidation` None is not known, as `unknown` says
    why.
    """

    side: Decimal
    contracts: Decimal
    notional: Decimal
    residual_delta: Decimal
    locked_usd: Decimal | None
    fees_usd: Decimal | None
    funding_per_day_usd: Decimal | None
    carry_apr: Decimal | None
    break_even_days: Decimal | None
    liquidation: Liquidation | None
    unknown: str | None


def hedge(plan: HedgePlan) -> Hedge:
    """The hedge of `ratio*|C|*P` USD in whole lots, rounded down: `residual = C + s*Q/P`, `locked = -s*Q - entry
    fee*P`.

    At a ratio of 1 the coins and their short are worth `Q` USD at every price (a synthetic dollar), a debt and its long
    `-Q`. Income is funding: `-s*rate*Q` USD a payment. A debt is no collateral: its long needs a margin of its own.
    Sources: thebitcoinpulse 2018-11; Ethena docs. Raises PerpcalcError where the coins are less than a lot.

    >>> from perpcalc.core.instrument import PLAIN
    >>> result = hedge(HedgePlan(PLAIN, Decimal(2), Decimal(50_000), rate=Decimal("0.0001"), interval=Decimal(480)))
    >>> str(result.contracts), str(result.residual_delta), str(result.carry_apr)
    ('100000', '0', '0.1095')
    """
    instrument, price, side = plan.instrument, plan.price, plan.side
    coins = plan.holding if plan.holding > 0 else -plan.holding
    contracts = contracts_of_coin(instrument, coins * plan.ratio, price)
    if not contracts:
        lot = plain(instrument.lot * instrument.contract_size)
        raise PerpcalcError(
            f"{plain(coins * plan.ratio)} {instrument.currency} at {plain(price)} is less than one lot of {lot} USD",
            "hedge more",
        )
    position = open_at(instrument, side, contracts, price)

    def fee(rate: Decimal | None) -> Decimal | None:
        return None if rate is None else trade_fee(instrument, contracts, price, rate) * price

    opening, closing = fee(plan.entry_fee_rate), fee(plan.exit_fee_rate)
    fees = None if opening is None or closing is None else opening + closing
    funding = funding_per_day(plan, contracts)
    liquidation, unknown = _liquidation(plan, position)
    return Hedge(
        side=side,
        contracts=contracts,
        notional=position.notional,
        residual_delta=plan.holding + side * position.notional / price,
        locked_usd=None if opening is None else -side * position.notional - opening,
        fees_usd=fees,
        funding_per_day_usd=funding,
        carry_apr=None if funding is None else -365 * funding / (coins * price),
        break_even_days=None if funding is None or fees is None else break_even_days(fees, funding),
        liquidation=liquidation,
        unknown=unknown,
    )


def _liquidation(plan: HedgePlan, position: Position) -> tuple[Liquidation | None, str | None]:
    """Where the hedge is liquidated, or why that is not known."""
    if plan.schedule is None:
        return None, "the liquidation price is not known: the maintenance rate is not"
    margin = Margin("cross", plan.holding, plan.holding)
    if plan.leverage is not None:
        margin = isolated_margin(position, plan.leverage)
    elif plan.holding < 0:
        return None, "no liquidation price without a leverage: a debt of coins is no collateral"
    paid = ZERO if plan.rate is None else plan.side * plan.rate
    return position_liquidation(Holding(position, plan.schedule, plan.closing_fee, funding_rate=paid), margin), None


def funding_per_day(plan: HedgePlan, contracts: Decimal) -> Decimal | None:
    """What funding of the hedge costs on an average day in USD, negative when received; None without a rate.

    `s*rate*Q` a payment, each rounded as the venue does in coin, `day/interval` of them.

    >>> from perpcalc.core.instrument import PLAIN
    >>> plan = HedgePlan(PLAIN, ONE, Decimal(50_000), rate=Decimal("0.0001"), interval=Decimal(480))
    >>> str(funding_per_day(plan, Decimal(50_000)))
    '-15.0000'
    """
    if plan.rate is None or plan.interval is None:
        return None
    periods = plan.interval / (plan.rate_interval or plan.interval)
    payment = funding_payment(plan.instrument, plan.side, contracts, plan.rate, plan.price, periods=periods)
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
