"""What being liquidated costs: the fee, the slippage and the margin that the venue keeps, against a stop before it."""

from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.instrument import trade_fee, traded_value
from perpcalc.core.pnl import closing_pnl
from perpcalc.core.position import Position
from perpcalc.core.rules import ALL_KEPT, Terms
from perpcalc.core.wallet import Holding, Wallet, equity
from perpcalc.decimals import ONE, ZERO


class LiquidationCost(NamedTuple):
    """What is lost beyond a close at the liquidation price that costs nothing; in coin, the last one in USD."""

    value_at_liquidation: Decimal
    liquidation_fee: Decimal
    slippage_cost: Decimal
    margin_forfeited: Decimal
    total_cost: Decimal
    total_cost_usd: Decimal


def equity_at(wallet: Wallet, holding: Holding, collateral: Decimal, price: Decimal) -> Decimal:
    """The equity in coin at a price of the holding's contract: `B + sum(s*(V - Q/price))`, never less than 0.

    Of a position by itself as its venue rounds its profit. `collateral` is what is shown as its margin.

    >>> from perpcalc.core.wallet import wallet_of
    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> holding = Holding(open_at(PLAIN, LONG, Decimal(10_000), Decimal(10_000)), flat_rate(ZERO))
    >>> str(equity_at(wallet_of(ONE, [holding]), holding, ONE, Decimal(8_000)))
    '0.75'
    """
    if len(wallet.group_of) == 1:
        return max(ZERO, collateral + closing_pnl(holding.position, price))
    return max(ZERO, collateral - wallet.collateral + equity(wallet, holding.ratio / price))


def liquidation_cost(
    position: Position, price: Decimal, equity_left: Decimal, terms: Terms = ALL_KEPT, slippage: Decimal = ZERO
) -> LiquidationCost:
    """What a liquidation at `price` takes of the equity left there.

    The fee and the slippage are `rate*Q/price` each, together at most the equity left: what goes beyond it is the loss
    of the venue's insurance fund. A venue that closes at the bankruptcy price keeps the rest as well, so that all of
    the equity is lost: `MM = mmr*Q/price` where maintenance is on the value at the mark. Others return it. In coin;
    `total_cost_usd` is at `price`. Sources: Bybit help, Liquidation Process (Inverse Contract), 2024-01-24, and
    bitmex.com/app/liquidation (kept); Binance insurance fund, clearance fee, and liquidationFee of its API (a fee); the
    cap is derived.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(10_000))
    >>> cost = liquidation_cost(position, Decimal(8_000), Decimal("0.01"), Terms(Decimal("0.004"), kept=False))
    >>> str(cost.total_cost), str(liquidation_cost(position, Decimal(8_000), Decimal("0.01")).total_cost)
    ('0.00500', '0.01')
    """
    instrument, contracts = position.instrument, position.contracts
    full_fee = trade_fee(instrument, contracts, price, terms.fee)
    full_slippage = trade_fee(instrument, contracts, price, slippage)
    fee = min(equity_left, full_fee)
    slipped = min(equity_left - fee, full_slippage)
    total = equity_left if terms.kept else min(equity_left, full_fee + full_slippage)
    forfeited = equity_left - fee - slipped if terms.kept else ZERO
    return LiquidationCost(
        value_at_liquidation=traded_value(instrument, contracts, price),
        liquidation_fee=fee,
        slippage_cost=slipped,
        margin_forfeited=forfeited,
        total_cost=total,
        total_cost_usd=total * price,
    )


def share_of(holding: Holding, holdings_usd: Decimal) -> Decimal:
    """The share of a wallet's equity that a liquidation takes with one of its positions: its share of the coin value
    there.

    `(Q/ratio)/sum(Q/ratio)`, ratio the mark over the wallet's first mark; a convention, since a wallet is liquidated as
    a whole.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> str(share_of(Holding(open_at(PLAIN, LONG, Decimal(25), ONE), flat_rate(ZERO)), Decimal(100)))
    '0.25'
    """
    return holding.position.notional / holding.ratio / holdings_usd


def equity_after_stop(
    position: Position, equity_at_stop: Decimal, stop: Decimal, exit_fee_rate: Decimal = ZERO, slippage: Decimal = ZERO
) -> Decimal:
    """What is left in coin after closing at a stop: `B + s*(V - Q/stop) - (fee + slippage)*Q/stop`.

    Source: derived.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(10_000))
    >>> str(equity_after_stop(position, Decimal("0.05"), Decimal(8_000), Decimal("0.001")))
    '0.04875'
    """
    return equity_at_stop - trade_fee(position.instrument, position.contracts, stop, exit_fee_rate + slippage)


def margin_lost(collateral: Decimal, equity_left: Decimal, cost: Decimal) -> Decimal | None:
    """The share of the margin that is gone after a liquidation, the loss before it included: `1 - (equity - cost)/B`.

    None without a margin.

    >>> str(margin_lost(ONE, Decimal("0.2"), Decimal("0.05")))
    '0.85'
    """
    return ONE - (equity_left - cost) / collateral if collateral else None
