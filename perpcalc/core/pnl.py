"""Profit and loss of a position: gross and net, return on equity, break-even, and the price for a target."""

import decimal
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.instrument import coin_value, fee_of, trade_fee, traded_value
from perpcalc.core.position import Position
from perpcalc.core.rounding import Rounding, on, to_multiple
from perpcalc.decimals import ONE, ZERO, settled


class ProfitAndLoss(NamedTuple):
    """What closing a position at `exit_price` brings, in coin where nothing else is said.

    `roe` is gross, `net_roe` net; both are None where neither a leverage nor a margin is known.
    """

    exit_price: Decimal
    exit_value: Decimal
    gross_pnl: Decimal
    entry_fee: Decimal
    exit_fee: Decimal
    funding: Decimal
    net_pnl: Decimal
    net_pnl_usd: Decimal
    roe: Decimal | None
    net_roe: Decimal | None


def gross_pnl(position: Position, mark: Decimal) -> Decimal:
    """Profit in coin before costs at a mark: `s*Q*(1/entry - 1/mark) = s*(V - Q/mark)`.

    Source: BitMEX inverse perpetuals guide; Bybit help, P&L of inverse contracts. Printed as the venue does: the
    difference of the two values it shows, or rounded by itself.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> gross_pnl(open_at(PLAIN, LONG, Decimal(15_000), Decimal(750)), Decimal(800))
    Decimal('1.25')
    """
    exact = position.notional / mark
    return _profit(position, exact, coin_value(position.instrument, position.contracts, mark, exact))


def closing_pnl(position: Position, price: Decimal) -> Decimal:
    """Profit in coin before costs of closing at a price: as `gross_pnl`, of the value that the venue keeps of a trade.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> closing_pnl(open_at(PLAIN, LONG, Decimal(15_000), Decimal(750)), Decimal(800))
    Decimal('1.25')
    """
    exact = position.notional / price
    return _profit(position, exact, traded_value(position.instrument, position.contracts, price, exact))


def closing(position: Position, price: Decimal, fee_rate: Decimal) -> tuple[Decimal, Decimal]:
    """The profit before costs of closing at a price, as `closing_pnl`, and the fee of the trade, in coin.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> closing(open_at(PLAIN, LONG, Decimal(15_000), Decimal(750)), Decimal(800), Decimal("0.01"))
    (Decimal('1.25'), Decimal('0.1875'))
    """
    instrument, exact = position.instrument, position.notional / price
    value = traded_value(instrument, position.contracts, price, exact)
    return _profit(position, exact, value), fee_of(instrument, value, fee_rate)


def _profit(position: Position, exact: Decimal, shown: Decimal) -> Decimal:
    """The difference from a value at the exit: from the one that the venue shows; else from the exact one, rounded by
    itself.
    """
    rounding = position.instrument.rounding
    if rounding.pnl is not None:
        return on(rounding.pnl, position.side * (position.stored_value - exact))
    if rounding.value is None:
        return position.side * (position.cost - exact)
    return position.side * (position.entry_value - shown)


def entry_fees(position: Position, rate: Decimal) -> Decimal:
    """The fees of all opening fills in coin, each rounded by itself: `sum(Q_i/P_i * rate)`.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> entry_fees(open_at(PLAIN, LONG, Decimal(10_000), Decimal(8_000)), Decimal("0.00075"))
    Decimal('0.0009375')
    """
    return sum([trade_fee(position.instrument, fill.contracts, fill.price, rate) for fill in position.fills], ZERO)


def profit_and_loss(
    position: Position,
    exit_price: Decimal,
    entry_fee_rate: Decimal = ZERO,
    exit_fee_rate: Decimal = ZERO,
    funding: Decimal = ZERO,
    leverage: Decimal | None = None,
    margin: Decimal | None = None,
    is_mark: bool = False,
) -> ProfitAndLoss:
    """All of it at one exit: `net = gross - entry fee - exit fee - funding`; the USD figure is `net*exit_price`.

    Where the exit is but a mark, values are those that the venue shows at a mark, not those of a trade. Returns on
    equity divide the printed amounts, or the exact ones where the venue does so (OKX).

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> position = open_at(PLAIN, LONG, Decimal(15_000), Decimal(750))
    >>> result = profit_and_loss(position, Decimal(800), funding=Decimal("0.05"))
    >>> result.net_pnl, result.net_pnl_usd
    (Decimal('1.20'), Decimal('960.00'))
    """
    rounding = position.instrument.rounding
    exact = position.notional / exit_price
    value_at = coin_value if is_mark else traded_value
    exit_value = value_at(position.instrument, position.contracts, exit_price, exact)
    gross = _profit(position, exact, exit_value)
    entry_fee = entry_fees(position, entry_fee_rate)
    exit_fee = on(rounding.fee, exit_value * exit_fee_rate)
    net = gross - entry_fee - exit_fee - funding
    if rounding.roe_of == "exact":
        unrounded = _unrounded(position)
        divided = profit_and_loss(
            unrounded, exit_price, entry_fee_rate, exit_fee_rate, funding, leverage, margin, is_mark
        )
        roe, net_roe = divided.roe, divided.net_roe
    else:
        roe = return_on_equity(position, gross, leverage, margin)
        net_roe = return_on_equity(position, net, leverage, margin)
    return ProfitAndLoss(
        exit_price, exit_value, gross, entry_fee, exit_fee, funding, net, net * exit_price, roe, net_roe
    )


def return_on_equity(
    position: Position, pnl: Decimal, leverage: Decimal | None, margin: Decimal | None
) -> Decimal | None:
    """`pnl/(entry value/leverage)` where the leverage is known, else `pnl/margin`; None without either.

    Source: Binance faq 360036498511.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> return_on_equity(open_at(PLAIN, LONG, Decimal(100), Decimal(50)), Decimal("0.5"), Decimal(10), None)
    Decimal('2.5')
    """
    if leverage is not None:
        return on(position.instrument.rounding.roe, pnl * leverage / position.entry_value)
    return on(position.instrument.rounding.roe, pnl / margin) if margin else None


def target_price(
    position: Position,
    profit: Decimal,
    entry_fee_rate: Decimal = ZERO,
    exit_fee_rate: Decimal = ZERO,
    funding: Decimal = ZERO,
) -> Decimal | None:
    """The exit price for a net profit of `G` coins: `P = Q(s + f_c)/(s*V - f_o*V - F - G)`; None where no price brings
    it.

    `G = 0` is the break-even price. A long never makes more than V, a short never loses more. Never venue-rounded.
    Derived from `net = s*(V - Q/P) - f_o*V - f_c*Q/P - F`.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(8_000))
    >>> target_price(position, Decimal("0.25")), target_price(position, Decimal("1.25"))
    (Decimal('1.00E+4'), None)
    """
    numerator = position.notional * (position.side + exit_fee_rate)
    kept, spent = position.cost * (position.side - entry_fee_rate), funding + profit
    if numerator == 0 or settled(kept) == settled(spent) or (numerator > 0) != (kept > spent):
        return None
    return numerator / (kept - spent)


def price_for_roe(position: Position, roe: Decimal, leverage: Decimal | None, margin: Decimal | None) -> Decimal | None:
    """The price at which the gross return on equity is `roe`: `P = s*E/(s - r/L)`; None where no price brings it.

    Source: Binance faq 360036498511, target price.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(8_000))
    >>> price_for_roe(position, Decimal("0.5"), Decimal(2), None) == Decimal(32_000) / 3
    True
    """
    if leverage is None:
        return target_price(position, roe * (margin or ZERO))
    per_entry = leverage - position.side * roe
    return position.notional * leverage / (position.cost * per_entry) if per_entry > 0 else None


def safe_tick(
    position: Position,
    break_even: Decimal,
    entry_fee_rate: Decimal = ZERO,
    exit_fee_rate: Decimal = ZERO,
    funding: Decimal = ZERO,
    step: Decimal | None = None,
) -> Decimal | None:
    """The first multiple of the tick, from the break-even price on, at which closing does not lose.

    Up for a long, down for a short: the tick at the break-even itself or, where the venue's rounding of values and fees
    eats more than that gives, the first further one whose printed net is not below 0. The search ends at the price that
    earns all that rounding can take. None where no such price is known. `step` stands for the tick, for a venue that
    has none. Derived: the net does not fall as the price moves to the side of profit.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> position = open_at(PLAIN._replace(tick=Decimal("0.5")), LONG, Decimal(10_000), Decimal(8_000))
    >>> fee = Decimal("0.0005")
    >>> safe_tick(position, target_price(position, ZERO, exit_fee_rate=fee), exit_fee_rate=fee)
    Decimal('8004.0')
    """
    step = position.instrument.tick or step
    if step is None:
        return break_even
    side, inward = position.side, decimal.ROUND_CEILING if position.side > 0 else decimal.ROUND_FLOOR

    def net(price: Decimal) -> Decimal:
        return profit_and_loss(position, price, entry_fee_rate, exit_fee_rate, funding).net_pnl

    safe = to_multiple(break_even, step, inward)
    if safe > 0 and net(safe) >= 0:
        return safe
    eaten = _most_lost_by_rounding(position, entry_fee_rate, exit_fee_rate)
    sure = target_price(position, eaten, entry_fee_rate, exit_fee_rate, funding)
    if sure is None:
        return None
    losing, safe = safe / step, to_multiple(sure, step, inward) / step
    if safe <= 0:
        return None
    while (gap := abs(safe - losing)) > 1:
        middle = losing + side * (gap // 2)
        losing, safe = (losing, middle) if net(middle * step) >= 0 else (middle, safe)
    return safe * step


def _unrounded(position: Position) -> Position:
    """The position as a venue that rounds nothing but its returns would hold it."""
    instrument = position.instrument
    exact = instrument._replace(rounding=Rounding(roe=instrument.rounding.roe))
    return position._replace(instrument=exact, stored_value=position.cost, entry_value=position.cost)


def _most_lost_by_rounding(position: Position, entry_fee_rate: Decimal, exit_fee_rate: Decimal) -> Decimal:
    """The most that the printed net may be below the exact one at any price, in coin."""
    instrument, cost = position.instrument, position.cost
    rounding = instrument.rounding
    units = position.contracts / instrument.lot if rounding.value_of == "lot" else ONE
    values = max(abs(position.entry_value - cost), abs(position.stored_value - cost))
    entry_fee = entry_fees(position, entry_fee_rate) - cost * entry_fee_rate
    steps = [grid.step for grid in (rounding.pnl, rounding.fee) if grid]
    of_value = rounding.value.step * units * (1 + abs(exit_fee_rate)) if rounding.value else ZERO
    return values + abs(entry_fee) + of_value + sum(steps, ZERO)
