"""An account of several coins on its way through their bars: all lows of a moment together, then all highs.

The extremes of different coins are not of one moment, so this is the worst that their bars allow, not what was.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.instrument import trade_fee
from perpcalc.core.passage import END, LIQUIDATION, STOP, Fall, Leg
from perpcalc.core.past_funding import Payment, cost_of
from perpcalc.core.pnl import gross_pnl
from perpcalc.core.price_line import moves_line
from perpcalc.core.unified import Account, Sums, price_of, sums_of
from perpcalc.core.unified_standing import is_liquidated, margin_ratio
from perpcalc.core.unified_stress import unified_ladder
from perpcalc.decimals import ONE, ZERO

Prices = Mapping[str, Decimal]


class JointBar(NamedTuple):
    """When a bar opens, in microseconds since 1970, and the open, high, low and close of each coin."""

    time: int
    opened: Prices
    high: Prices
    low: Prices
    close: Prices


class UnifiedOutcome(NamedTuple):
    """How an account went, in USD; times in microseconds since 1970. The profit of one that was liquidated is not known.

    `sure` is False where rates that grow with value leave open whether it lived between two of the prices.
    """

    start: int
    end: int
    bars: int
    survived: bool
    ended_at: int
    ended_by: str
    net_pnl: Decimal | None
    funding: Decimal
    max_margin_ratio: Decimal
    max_margin_ratio_at: int
    max_drawdown: Decimal
    sure: bool


def passed(
    account: Account,
    legs: Sequence[Leg],
    bars: Iterable[JointBar],
    payments: Mapping[str, Sequence[Payment]],
    periods: Mapping[str, Decimal] = {},
    end: int | None = None,
) -> UnifiedOutcome:
    """How an account goes along the bars of its coins, oldest first; `legs` are its holdings with their stops.

    Payments are by coin, oldest first: one at the very start is not paid, those inside a bar are, first. A stop closes at its
    price, or at the open beyond it; the account dies where the way from the opens to the extremes does. A bar is as long as the
    one before it, but not beyond the end. `periods` is by coin how many times its rate a payment covers, 1 where it is absent.
    Raises PerpcalcError where a price is missing.

    >>> bars = [JointBar(n, *({"BTC": Decimal(price)} for price in (60_000, 61_000, low, 60_000))) for n, low in enumerate((50_000, 29_000))]
    >>> owing = Account({"BTC": Decimal(2), "USDT": Decimal(-60_000)}, {})
    >>> found = passed(owing, [], bars, {})
    >>> found.ended_by, found.ended_at, str(found.max_margin_ratio)
    ('liquidation', 1, '1')
    """
    course = _Course(account, legs, payments, periods)
    before: JointBar | None = None
    for bar in bars:
        if before is None:
            course.start(bar)
        else:
            course.pass_bar(before, bar.time)
            if course.ended_by:
                return course.outcome(bar.time)
        before = bar
    assert before is not None
    until = before.time + (before.time - course.last if course.bars else 0)
    until = until if end is None else min(until, end) if course.bars else end
    course.pass_bar(before, until)
    if not course.ended_by:
        course.finish(until, before.close)
    return course.outcome(until)


class _Course:
    """The state of an account on its way."""

    def __init__(
        self,
        account: Account,
        legs: Sequence[Leg],
        payments: Mapping[str, Sequence[Payment]],
        periods: Mapping[str, Decimal],
    ) -> None:
        self.account, self.first, self.periods = account, dict(account.balances), periods
        self.legs = list(legs)
        self.payments = {coin: list(reversed(ones)) for coin, ones in payments.items()}
        self.funding = self.ratio = ZERO
        self.bars = self.begun = self.last = self.ratio_at = self.ended_at = 0
        self.ended_by, self.net, self.sure = "", ZERO, True
        self.had_legs = bool(legs)

    def start(self, bar: JointBar) -> None:
        """Begin at the open of the first bar."""
        self.begun = self.ratio_at = self.last = bar.time
        for ones in self.payments.values():
            while ones and ones[-1].time <= bar.time:
                ones.pop()
        self.fall = Fall(max(ZERO, self._at(bar.opened).whole.equity))

    def pass_bar(self, bar: JointBar, until: int) -> None:
        """Pay what falls due, then go from the opens to all lows, and to all highs."""
        self.bars += 1
        self._pay(until, bar.opened)
        if self._dies(bar.time, self._at(bar.opened)):
            return
        for extreme in (bar.low, bar.high):
            self._go(bar, extreme)
            if self.ended_by:
                return
        self.last = bar.time

    def finish(self, time: int, close: Prices) -> None:
        """Stand at the last closes."""
        self._pay(time + 1, close)
        if not self._dies(time, self._at(close)):
            self._end(time, END, close)

    def outcome(self, until: int) -> UnifiedOutcome:
        """How it went."""
        dead = self.ended_by == LIQUIDATION
        return UnifiedOutcome(
            self.begun,
            until,
            self.bars,
            not dead,
            self.ended_at,
            self.ended_by,
            None if dead else self.net,
            self.funding,
            self.ratio,
            self.ratio_at,
            self.fall.most,
            self.sure,
        )

    def _go(self, bar: JointBar, extreme: Prices) -> None:
        """From the opens to some extremes, closing on the way what is stopped."""
        prices = bar.opened
        while True:
            sums = self._at(prices)
            line = moves_line(sums, {coin: extreme[coin] / prices[coin] - 1 for coin in extreme})
            stops = [(self._share(leg, prices, extreme), number) for number, leg in enumerate(self.legs)]
            share, number = min(((at, one) for at, one in stops if at is not None), default=(ONE, -1))
            if share:
                (rung,) = unified_ladder(sums, line, [share])
                if rung.liquidated:
                    return self._die(bar.time)
                self.sure = self.sure and rung.liquidated is not None
            prices = {coin: price + (extreme[coin] - price) * share for coin, price in prices.items()}
            self._observe(bar.time, self._at(prices))
            if number < 0:
                return None
            self._stop(number, prices)
            if self.had_legs and not (self.legs or self.account.legs):
                return self._end(bar.time, STOP, prices)
            if self._dies(bar.time, self._at(prices)):
                return None

    def _share(self, leg: Leg, prices: Prices, extreme: Prices) -> Decimal | None:
        """Which share of the way a stop lies on; None where it is not met."""
        if leg.stop is None:
            return None
        position = leg.holding.position
        coin, stop = position.instrument.currency, leg.stop / leg.holding.ratio
        now, then = prices[coin], extreme[coin]
        if position.side * (now - stop) <= 0:
            return ZERO
        return None if position.side * (then - stop) > 0 else (now - stop) / (now - then)

    def _stop(self, number: int, prices: Prices) -> None:
        """Close a leg, its profit and fee going to the balance of its coin."""
        leg = self.legs.pop(number)
        position = leg.holding.position
        own = prices[position.instrument.currency] * leg.holding.ratio
        gain = gross_pnl(position, own) - trade_fee(position.instrument, position.contracts, own, leg.exit_fee)
        self._credit(position.instrument.currency, gain)

    def _pay(self, until: int, prices: Prices) -> None:
        for coin, ones in self.payments.items():
            while ones and ones[-1].time < until:
                payment = ones.pop()
                for leg in self.legs:
                    position = leg.holding.position
                    if leg.funded and position.instrument.currency == coin:
                        mark = prices[coin] * leg.holding.ratio
                        times = self.periods.get(coin, ONE)
                        cost = cost_of(position.instrument, position.side, position.contracts, payment, mark, times)
                        self._credit(coin, -cost)
                        self.funding += cost * prices[coin]

    def _credit(self, coin: str, amount: Decimal) -> None:
        balances = {**self.account.balances, coin: self.account.balances.get(coin, ZERO) + amount}
        self.account = self.account._replace(balances=balances)

    def _at(self, prices: Prices) -> Sums:
        holdings = tuple(leg.holding for leg in self.legs)
        return sums_of(self.account._replace(prices={**self.account.prices, **prices}, holdings=holdings))

    def _observe(self, time: int, sums: Sums) -> None:
        ratio = margin_ratio(sums)
        if ratio > self.ratio:
            self.ratio, self.ratio_at = ratio, time
        worth = max(ZERO, sums.whole.equity)
        self.fall = self.fall.at(worth, worth)

    def _dies(self, time: int, sums: Sums) -> bool:
        """Whether the account is dead at its prices; then it ends there."""
        if is_liquidated(sums):
            self._die(time)
            return True
        self._observe(time, sums)
        return False

    def _die(self, time: int) -> None:
        if self.ratio < 1:
            self.ratio, self.ratio_at = ONE, time
        self.fall = self.fall.at(ZERO, ZERO)
        self.ended_at, self.ended_by = time, LIQUIDATION

    def _end(self, time: int, how: str, prices: Prices) -> None:
        """End alive: the profit is the equity less what the first balances are worth."""
        self.ended_at, self.ended_by = time, how
        sums = self._at(prices)
        held = sum((amount * price_of(sums.account, coin) for coin, amount in self.first.items()), ZERO)
        self.net = sums.whole.equity - held
