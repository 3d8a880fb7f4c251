"""One wallet on its way through bars of prices: what it pays, what stops or liquidates it, how near it came.

Between two changes of the wallet, equity and margin ratio are functions of the price alone. So a course tells two
prices between which nothing can happen and no extreme can be new; only a bar that leaves them is looked at.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.instrument import Instrument
from perpcalc.core.liquidation import Ends, ends, liquidation, margin_ratio
from perpcalc.core.margin import Margin
from perpcalc.core.past_funding import Payment, cost_of
from perpcalc.core.pnl import closing, gross_pnl
from perpcalc.core.rules import ClosingFee, Schedule
from perpcalc.core.spans import safe_spans
from perpcalc.core.wallet import Holding, equity, wallet_of
from perpcalc.decimals import CONTEXT, ONE, ZERO, settled

END, STOP, LIQUIDATION = "end", "stop", "liquidation"
NEVER = Decimal("Infinity")
NO_ENDS = Ends(None, ())


class Leg(NamedTuple):
    """A position of a run: `stop` in its own price closes it at the rate `exit_fee`; dated contracts are not
    `funded`.
    """

    holding: Holding
    stop: Decimal | None = None
    exit_fee: Decimal = ZERO
    funded: bool = True


class Change(NamedTuple):
    """Rules of a leg that hold from a time on, in microseconds since 1970."""

    time: int
    leg: int
    instrument: Instrument
    schedule: Schedule
    closing_fee: ClosingFee


class Run(NamedTuple):
    """What is replayed: an isolated position or the account of a coin, its margin, and the rules that come, oldest
    first.

    `periods` is how many times its rate a payment covers.
    """

    margin: Margin
    legs: tuple[Leg, ...]
    changes: tuple[Change, ...] = ()
    periods: Decimal = ONE


class Outcome(NamedTuple):
    """How a run went; times in microseconds since 1970, amounts in coin where nothing else is said.

    `ended_by` is end, stop or liquidation, `price` that of the end. The ratio is the largest of maintenance margin and
    closing fees to equity; drawdowns are from the highest equity before, positive.
    """

    start: int
    end: int
    bars: int
    survived: bool
    ended_at: int
    ended_by: str
    price: Decimal
    net_pnl: Decimal
    net_pnl_usd: Decimal
    funding: Decimal
    max_margin_ratio: Decimal
    max_margin_ratio_at: int
    max_drawdown: Decimal
    max_drawdown_usd: Decimal


class Fall(NamedTuple):
    """The highest equity so far, and the most that it has fallen from it."""

    peak: Decimal
    most: Decimal = ZERO

    def at(self, low: Decimal, high: Decimal) -> "Fall":
        """After an equity of `high` and then, at worst, one of `low`."""
        peak = max(self.peak, high)
        return Fall(peak, max(self.most, peak - low))


class _Event(NamedTuple):
    """What a price brings about: the stop of a leg, or liquidation (`leg` None)."""

    price: Decimal
    leg: int | None


class Course:
    """The state of a run on its way; prices are those of the bars, to which each leg has its own ratio."""

    def __init__(self, run: Run, time: int, price: Decimal, payments: Sequence[Payment]) -> None:
        self.margin, self.periods = run.margin, run.periods
        self.legs = dict(enumerate(run.legs))
        self.changes = list(reversed(run.changes))
        self.payments = list(reversed(payments))
        self.collateral = run.margin.usable
        self.realised = self.funding = ZERO
        self.ratio, self.ratio_at = ZERO, time
        self.ended_at, self.ended_by, self.price = time, "", price
        self.bars = 0
        self.below: Decimal | None = None
        self.above: Decimal | None = None
        self._bounds: tuple[Decimal, Decimal] | None = None
        self._face_next_rate()
        self._born_dead = self._is_beyond(price)
        x = 1 / price
        self.coin = Fall(max(ZERO, equity(self.wallet, x)))
        self.usd = Fall(max(ZERO, self.wallet.constant * price - self.wallet.linear))

    @property
    def due(self) -> int | None:
        """When the next payment or new rule comes."""
        return min((coming[-1].time for coming in (self.payments, self.changes) if coming), default=None)

    def equity_at(self, price: Decimal) -> Decimal:
        """Equity in coin at a price, 0 once it is liquidated."""
        return ZERO if self.ended_by == LIQUIDATION else equity(self.wallet, 1 / price)

    def pass_bar(self, time: int, until: int, opened: Decimal, low: Decimal, high: Decimal) -> None:
        """Pay what falls due before `until`, then meet the extremes of a bar, the events nearest to its open first."""
        dead = self._is_beyond(opened) if self._pay(time, until, opened) else self._born_dead
        self._born_dead = False
        if dead:
            return self._die(time, opened)
        while True:
            events = self._events(opened, low, high)
            self._observe(
                time,
                max([low, *(event.price for event in events if event.price <= opened)]),
                min([high, *(event.price for event in events if event.price >= opened)]),
            )
            if not events:
                return None
            price = min((event.price for event in events), key=lambda price: _apart(price, opened))
            for event in events:
                if event.price == price and event.leg is None:
                    return self._die(time, price)
            for event in events:
                if event.price == price and event.leg is not None:
                    self._stop(event.leg, price)
            if self._is_beyond(price):
                return self._die(time, price)
            if not self.legs:
                self.ended_at, self.ended_by, self.price = time, STOP, price
                return self._observe(time, price, price)

    def pass_end(self, time: int, price: Decimal) -> None:
        """Pay what falls due up to the end, and stand at the last price."""
        if self._pay(time, time + 1, price) and self._is_beyond(price):
            return self._die(time, price)
        self.ended_at, self.ended_by, self.price = time, END, price
        return self._observe(time, price, price)

    def outcome(self, start: int, end: int) -> Outcome:
        """How it went, once it has ended: open positions are valued at the last price, without a fee."""
        net = -self.margin.coin
        if self.ended_by != LIQUIDATION:
            open_pnl = (gross_pnl(leg.holding.position, self.price * leg.holding.ratio) for leg in self.legs.values())
            net = self.realised + sum(open_pnl, ZERO) - self.funding
        return Outcome(
            start=start,
            end=end,
            bars=self.bars,
            survived=self.ended_by != LIQUIDATION,
            ended_at=self.ended_at,
            ended_by=self.ended_by,
            price=self.price,
            net_pnl=net,
            net_pnl_usd=net * self.price,
            funding=self.funding,
            max_margin_ratio=self.ratio,
            max_margin_ratio_at=self.ratio_at,
            max_drawdown=self.coin.most,
            max_drawdown_usd=self.usd.most,
        )

    def calm(self, price: Decimal) -> tuple[Decimal, Decimal]:
        """The prices around `price` between which, both included, nothing happens and no extreme is new."""
        below, above = self._levels()
        lows = [ZERO, *(level.price.next_plus(CONTEXT) for level in below)]
        highs = [NEVER, *(level.price.next_minus(CONTEXT) for level in above)]
        if self._bounds is None:
            self._bounds = self._of_smaller_ratio(price)
        lows.append(self._bounds[0])
        highs.append(self._bounds[1])
        a, b = self.wallet.constant, self.wallet.linear
        coin, usd = self.coin, self.usd
        for slope, peak, trough in (
            (b, _over(b, a - coin.peak), _over(b, a - coin.peak + coin.most)),
            (a, _over(b + usd.peak, a), _over(b + usd.peak - usd.most, a)),
        ):
            best, worst = (highs, lows) if slope > 0 else (lows, highs)
            best += peak
            worst += trough
        return max(lows), min(highs)

    def _of_smaller_ratio(self, price: Decimal) -> tuple[Decimal, Decimal]:
        """The prices around one between which the margin ratio stays below the largest so far.

        There `ratio*equity` exceeds what is asked for, so it is the span in which a wallet of so much less equity
        lives. Where none holds the price, every bar is looked at.
        """
        wallet, x = self.wallet, settled(1 / price)
        pieces = (piece for group in wallet.groups for piece in group.pieces)
        asks = any(piece.constant or piece.linear or piece.quadratic for piece in pieces)
        if not self.ratio and not asks and not any(group.closing_fee.rate for group in wallet.groups):
            return ZERO, NEVER
        smaller = wallet._replace(constant=wallet.constant * self.ratio, linear=wallet.linear * self.ratio)
        for start, end in safe_spans(smaller, self.ends.reserve):
            if settled(start) <= x and (end is None or x <= settled(end)):
                return (ZERO if end is None else settled(1 / end)), (settled(1 / start) if start else NEVER)
        return NEVER, ZERO

    def _levels(self) -> tuple[list[_Event], list[_Event]]:
        """What happens at or below a price, and what at or above one."""
        below = [] if self.below is None else [_Event(self.below, None)]
        above = [] if self.above is None else [_Event(self.above, None)]
        for index, leg in self.legs.items():
            if leg.stop is not None:
                side = below if leg.holding.position.side > 0 else above
                side.append(_Event(leg.stop / leg.holding.ratio, index))
        return below, above

    def _events(self, opened: Decimal, low: Decimal, high: Decimal) -> list[_Event]:
        """What a bar brings about; what lies beyond its open already happens there."""
        below, above = self._levels()
        fallen = [event._replace(price=min(event.price, opened)) for event in below if low <= event.price]
        risen = [event._replace(price=max(event.price, opened)) for event in above if high >= event.price]
        return fallen + risen

    def _observe(self, time: int, low: Decimal, high: Decimal) -> None:
        """Take note of the equity and the margin ratio at two prices; the better comes first, so that no fall is
        missed.
        """
        wallet = self.wallet
        coin, usd = [], []
        for price in (low, high):
            x = 1 / price
            ratio = margin_ratio(wallet, x, self.ends) or ZERO
            if ratio > self.ratio:
                self.ratio, self.ratio_at, self._bounds = ratio, time, None
            coin.append(max(ZERO, equity(wallet, x)))
            usd.append(max(ZERO, wallet.constant * price - wallet.linear))
        self.coin = self.coin.at(min(coin), max(coin))
        self.usd = self.usd.at(min(usd), max(usd))

    def _pay(self, time: int, until: int, opened: Decimal) -> bool:
        """Take on the rules of a bar, pay what falls due before `until`, and tell whether the wallet is another now."""
        before = len(self.changes) + len(self.payments)
        while self.changes and self.changes[-1].time <= time:
            change = self.changes.pop()
            if leg := self.legs.get(change.leg):
                position = leg.holding.position._replace(instrument=change.instrument)
                holding = leg.holding._replace(
                    position=position, schedule=change.schedule, closing_fee=change.closing_fee
                )
                self.legs[change.leg] = leg._replace(holding=holding)
        while self.payments and self.payments[-1].time < until:
            payment = self.payments.pop()
            for leg in self.legs.values():
                if leg.funded:
                    position, mark = leg.holding.position, opened * leg.holding.ratio
                    cost = cost_of(position.instrument, position.side, position.contracts, payment, mark, self.periods)
                    self.funding += cost
                    self.collateral -= cost
        if before == len(self.changes) + len(self.payments):
            return False
        self._face_next_rate()
        return True

    def _face_next_rate(self) -> None:
        """Where a rate against the position adds to its maintenance margin, count the one that is charged next."""
        for index, leg in self.legs.items():
            holding = leg.holding
            if holding.schedule.adverse_funding and leg.funded and self.payments:
                facing = holding._replace(funding_rate=holding.position.side * self.payments[-1].rate)
                self.legs[index] = leg._replace(holding=facing)

    def _stop(self, index: int, price: Decimal) -> None:
        """Close a leg, its profit and fee going to the wallet."""
        leg = self.legs.pop(index)
        profit, fee = closing(leg.holding.position, price * leg.holding.ratio, leg.exit_fee)
        gain = profit - fee
        self.realised += gain
        self.collateral += gain

    def _die(self, time: int, price: Decimal) -> None:
        """Lose what stood behind the positions."""
        if self.ratio < 1:
            self.ratio, self.ratio_at = ONE, time
        self.coin, self.usd = self.coin.at(ZERO, ZERO), self.usd.at(ZERO, ZERO)
        self.ended_at, self.ended_by, self.price = time, LIQUIDATION, price

    def _is_beyond(self, price: Decimal) -> bool:
        """Find again where the wallet lives, after it changed at a price, and tell whether it is dead there."""
        holdings = [leg.holding for leg in self.legs.values()]
        self.wallet = wallet_of(self.collateral, holdings)
        self.below = self.above = self._bounds = None
        self.ends = ends(self.wallet, holdings[0]) if holdings else NO_ENDS
        if not holdings:
            return False
        ratio = holdings[0].ratio
        found = liquidation(self.wallet, 0, holdings[0], price * ratio, of_wallet=self.ends)
        self.below = found.liquidation_below and found.liquidation_below / ratio
        self.above = found.liquidation_above and found.liquidation_above / ratio
        return found.beyond


def _over(above: Decimal, below: Decimal) -> list[Decimal]:
    """The quotient where it is a price, rounded so that one that came from a price is that price again."""
    return [settled(above / below)] if above * below > 0 else []


def _apart(price: Decimal, opened: Decimal) -> Decimal:
    """How far a price is from the open, as a ratio."""
    return max(price / opened, opened / price)
