"""An account that several coins back along the bars of its coins: all lows together, then all highs; nothing is
interpolated.

Candles of several coins do not tell which moved first. So the account is tested where all coins are at their lows, and
where all are at their highs, before any stop of that bar fills. Amounts are in USD.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import chain, groupby
from operator import itemgetter
from typing import NamedTuple

from perpcalc.core.collateral import counted_by
from perpcalc.core.linear import leg_mark, leg_pnl
from perpcalc.core.passage import END, LIQUIDATION, STOP, Fall
from perpcalc.core.past_funding import Payment, cost_of, due
from perpcalc.core.pnl import gross_pnl
from perpcalc.core.replay import Bar, last_end
from perpcalc.core.unified import Account, Sums, Worth, plus, price_of, sums_of
from perpcalc.core.unified_solve import closed
from perpcalc.core.unified_standing import is_liquidated, margin_ratio
from perpcalc.decimals import ZERO, settled
from perpcalc.errors import PerpcalcError

Prices = Mapping[str, Decimal]


class Guard(NamedTuple):
    """What goes with a position: its `stop` in its own price, the rate of the fee that it pays then, and whether it is
    funded.
    """

    stop: Decimal | None = None
    exit_fee: Decimal = ZERO
    funded: bool = True


class UnifiedRun(NamedTuple):
    """An account of several coins and what goes with each of its holdings and legs, in their order."""

    account: Account
    of_holdings: tuple[Guard, ...] = ()
    of_legs: tuple[Guard, ...] = ()


class UnifiedOutcome(NamedTuple):
    """How an account went, in USD; times in microseconds since 1970, `prices` those of the coins at its end.

    `net_pnl` is the profit of the positions after funding and fees, what the coins themselves gained not included; None
    where it was liquidated. The drawdown is of the equity.
    """

    start: int
    end: int
    bars: int
    survived: bool
    ended_at: int
    ended_by: str
    prices: Prices
    net_pnl: Decimal | None
    funding: Decimal
    max_margin_ratio: Decimal
    max_margin_ratio_at: int
    max_drawdown: Decimal


class _Way:
    """The account on its way: what is open, what was seen."""

    def __init__(self, run: UnifiedRun, time: int, prices: Prices) -> None:
        self.account = run.account._replace(prices=prices)
        self.guards = {"holdings": list(run.of_holdings), "legs": list(run.of_legs)}
        self.sums = sums_of(self.account)
        self.fall = Fall(self.sums.whole.equity)
        self.funding = self.realised = self.ratio = ZERO
        self.ratio_at = time
        self.ended: tuple[str, int, Prices] | None = None

    def pay(self, coin: str, payment: Payment, prices: Prices) -> None:
        """Charge the positions on a coin."""
        balances = dict(self.account.balances)
        for holding, guard in zip(self.account.holdings, self.guards["holdings"], strict=True):
            position = holding.position
            if guard.funded and position.instrument.currency == coin:
                mark = prices[coin] * holding.ratio
                cost = cost_of(position.instrument, position.side, position.contracts, payment, mark)
                balances[coin] = balances.get(coin, ZERO) - cost
                self.funding += cost * prices[coin]
        for leg, guard in zip(self.account.legs, self.guards["legs"], strict=True):
            if guard.funded and leg.coin == coin:
                settle = price_of(self.account, leg.settle)
                mark = payment.mark / settle if payment.mark else leg_mark(leg, prices[coin], settle)
                cost = leg.coins * mark * payment.rate
                balances[leg.settle] = balances.get(leg.settle, ZERO) - cost
                self.funding += cost * settle
        self._now(self.account._replace(balances=balances))

    def meets(self, time: int, *scenes: Prices) -> bool:
        """Look at the account at several prices, and tell whether it is liquidated at one of them."""
        worths = [worth_at(self.sums, prices) for prices in scenes]
        equities = [max(ZERO, worth.equity) for worth in worths]
        self.fall = self.fall.at(min(equities), max(equities))
        for prices, worth in zip(scenes, worths, strict=True):
            there = self.sums._replace(whole=worth)
            ratio = margin_ratio(there)
            if ratio > self.ratio:
                self.ratio, self.ratio_at = ratio, time
            if is_liquidated(there):
                self.fall = self.fall.at(ZERO, ZERO)
                self.ended = LIQUIDATION, time, prices
                return True
        return False

    def stop(self, opened: Prices, low: Prices, high: Prices) -> bool:
        """Fill the stops that lie within a bar, or beyond its open at the open; tell whether one did."""
        filled = False
        for index, (holding, guard) in reversed(
            list(enumerate(zip(self.account.holdings, self.guards["holdings"], strict=True)))
        ):
            position = holding.position
            coin = position.instrument.currency
            price = _fill(guard.stop, position.side, holding.ratio, opened[coin], low[coin], high[coin])
            if price is not None:
                there = self.account._replace(prices={**self.account.prices, coin: price})
                after = closed(there, index, position.contracts, guard.exit_fee)
                self.realised += (after.balances[coin] - self.account.balances.get(coin, ZERO)) * price
                del self.guards["holdings"][index]
                self.account, filled = after._replace(prices=self.account.prices), True
        for index, (leg, guard) in reversed(list(enumerate(zip(self.account.legs, self.guards["legs"], strict=True)))):
            price = _fill(guard.stop, leg.coins, leg.ratio, opened[leg.coin], low[leg.coin], high[leg.coin])
            if price is not None:
                settle = price_of(self.account, leg.settle)
                mark = leg_mark(leg, price, settle)
                gain = leg.coins * (mark - leg.entry) - abs(leg.coins) * mark * guard.exit_fee
                self.realised += gain * settle
                balances = {**self.account.balances, leg.settle: self.account.balances.get(leg.settle, ZERO) + gain}
                legs = self.account.legs
                del self.guards["legs"][index]
                self.account, filled = (
                    self.account._replace(balances=balances, legs=legs[:index] + legs[index + 1 :]),
                    True,
                )
        if filled:
            self._now(self.account)
        return filled

    def _now(self, account: Account) -> None:
        self.account, self.sums = account, sums_of(account)


def unified_replay(
    run: UnifiedRun,
    bars: Mapping[str, Iterable[Bar]],
    payments: Mapping[str, Iterable[Payment]] | None = None,
    start: int | None = None,
    end: int | None = None,
) -> UnifiedOutcome:
    """How an account goes along the bars of its coins, oldest first; a coin without bars keeps the price of the
    account.

    It begins where each coin has had a bar; a coin without one at a time stands still at its last close. Funding falls
    due as in `replay`, at the open of the coin's bar where it has no mark. O(bars * coins), in flat memory. Raises
    PerpcalcError where no bar lies between start and end.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.wallet import Holding
    >>> one = Decimal(1)
    >>> held = Holding(open_at(PLAIN, LONG, Decimal(100_000), Decimal(100_000)), flat_rate(Decimal("0.005")))
    >>> account = Account({"BTC": one, "ETH": one * 10}, {}, (held,))
    >>> bars = {"BTC": [(0, *[Decimal(100_000)] * 4)], "ETH": [(0, *[Decimal(4_000)] * 4)]}
    >>> str(unified_replay(UnifiedRun(account, (Guard(),)), bars).max_margin_ratio)
    '0.003571428571428571428571428571428571428571428571428571428571428571428571428571428571428571428571428571'
    """
    rows = _together(bars, start, end)
    first = next(rows, None)
    if first is None:
        raise PerpcalcError("no bar of every coin lies between start and end", "give candles of that time")
    time, at = first
    begun, until, length, count = time, time, 0, 0
    still = run.account.prices
    way = _Way(run, time, _scenes(still, at)[0])
    coming = {coin: due(some, begun, end)[::-1] for coin, some in (payments or {}).items()}
    close: Prices = still
    for following in chain(rows, (None,)):
        if following is not None:
            until = following[0]
            length = until - time
        else:
            until = last_end(time, length, end)
        opened, high, low, close = _scenes(still, at)
        for coin, some in coming.items():
            while some and some[-1].time < until:
                way.pay(coin, some.pop(), opened)
        count += 1
        dead = way.meets(time, opened) or (way.stop(opened, opened, opened) and way.meets(time, opened))
        dead = dead or way.meets(time, low, high) or (way.stop(opened, low, high) and way.meets(time, low, high))
        if not dead and not way.account.holdings and not way.account.legs:
            way.ended = STOP, time, close
        if way.ended or following is None:
            break
        time, at = following
    if not way.ended:
        for coin, some in coming.items():
            for payment in reversed(some):
                way.pay(coin, payment, close)
        if not way.meets(until, close):
            way.ended = END, until, close
    return _outcome(way, begun, until, count)


def worth_at(sums: Sums, prices: Prices) -> Worth:
    """What an account is worth at other prices, what counts of it and what it must keep, in USD; its sums stay as they
    are.

    >>> sums = sums_of(Account({"BTC": Decimal(2)}, {"BTC": Decimal(60_000)}))
    >>> worth_at(sums, {"BTC": Decimal(50_000)}).equity
    Decimal('100000')
    """
    whole = sums.beside
    for coin in sums.coins.values():
        price = prices.get(coin.name, coin.price)
        exposed = sum((amount * prices.get(of, sums.coins[of].price) for of, amount in coin.exposures.items()), ZERO)
        equity = (coin.wallet.constant - coin.entered) * price - coin.wallet.linear + exposed
        _, counted = counted_by(sums.account.reading, coin.weight, coin.wallet.collateral, price, equity)
        x = settled(1 / price)
        here = next(piece for piece in reversed(coin.asked) if not piece.left or settled(piece.left) < x)
        asked = here.coins * price + here.usd + here.curve / price + coin.leg_rate * price - coin.leg_deduction
        whole = plus(whole, Worth(equity, counted, asked))
    return whole


def _together(
    bars: Mapping[str, Iterable[Bar]], start: int | None, end: int | None
) -> Iterator[tuple[int, dict[str, Bar]]]:
    """The bars of all coins by the time they open, from when each has one; one that has none stands still."""

    def of(coin: str) -> Iterator[tuple[int, str, Bar]]:
        return ((bar[0], coin, bar) for bar in bars[coin] if start is None or bar[0] >= start)

    last: dict[str, Bar] = {}
    merged = heapq.merge(*map(of, bars), key=itemgetter(0))
    for time, group in groupby(merged, key=itemgetter(0)):
        if end is not None and time >= end:
            return
        last = {coin: (time, close, close, close, close) for coin, (_, _, _, _, close) in last.items()}
        last.update((coin, bar) for _, coin, bar in group)
        if len(last) == len(bars):
            yield time, last


def _scenes(still: Prices, at: Mapping[str, Bar]) -> tuple[Prices, Prices, Prices, Prices]:
    """The prices of all coins at the opens, highs, lows and closes of their bars."""
    opens, highs, lows, closes = dict(still), dict(still), dict(still), dict(still)
    for coin, (_, opened, high, low, close) in at.items():
        opens[coin], highs[coin], lows[coin], closes[coin] = opened, high, low, close
    return opens, highs, lows, closes


def _fill(
    stop: Decimal | None, side: Decimal, ratio: Decimal, opened: Decimal, low: Decimal, high: Decimal
) -> Decimal | None:
    """The price of the coin at which a stop fills within a bar; the open where that lies beyond it."""
    if stop is None:
        return None
    at = stop / ratio
    if side > 0:
        return min(at, opened) if low <= at else None
    return max(at, opened) if high >= at else None


def _outcome(way: _Way, begun: int, end: int, count: int) -> UnifiedOutcome:
    assert way.ended is not None
    kind, time, prices = way.ended
    net: Decimal | None = None
    if kind != LIQUIDATION:
        net = way.realised - way.funding
        for holding in way.account.holdings:
            price = prices[holding.position.instrument.currency]
            net += gross_pnl(holding.position, price * holding.ratio) * price
        for leg in way.account.legs:
            net += leg_pnl(leg, prices[leg.coin], price_of(way.account, leg.settle))
    return UnifiedOutcome(
        start=begun,
        end=end,
        bars=count,
        survived=kind != LIQUIDATION,
        ended_at=time,
        ended_by=kind,
        prices=prices,
        net_pnl=net,
        funding=way.funding,
        max_margin_ratio=way.ratio,
        max_margin_ratio_at=way.ratio_at,
        max_drawdown=way.fall.most,
    )
