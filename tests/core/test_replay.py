"""Replays: published falls, the order of what happens inside a bar, and a naive loop in fractions over random walks."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perpcalc import venues
from perpcalc.core.instrument import PLAIN, Instrument
from perpcalc.core.margin import Margin, isolated_margin
from perpcalc.core.passage import Change, Leg, Outcome, Run
from perpcalc.core.past_funding import Payment
from perpcalc.core.position import LONG, SHORT, open_at
from perpcalc.core.replay import Bar, State, replay
from perpcalc.core.rounding import Rounding
from perpcalc.core.rules import NO_CLOSING_FEE, Schedule, Tier, flat_rate
from perpcalc.core.wallet import Holding
from perpcalc.decimals import plain
from perpcalc.errors import PerpcalcError

from . import twin
from .strategies import account_of, decimals, wallets

HALF_PERCENT = flat_rate(Decimal("0.005"))


def bars(*rows: tuple[int, int | str, int | str, int | str, int | str]) -> list[Bar]:
    return [(time, *(Decimal(price) for price in prices)) for time, *prices in rows]  # type: ignore[misc]


def isolated(
    side: Decimal,
    leverage: int,
    entry: int | str = 50_000,
    stop: int | None = None,
    fee: str = "0",
    instrument: Instrument = PLAIN,
    contracts: int = 10_000,
) -> Run:
    position = open_at(instrument, side, Decimal(contracts), Decimal(entry))
    schedule = instrument.schedule or HALF_PERCENT
    leg = Leg(
        Holding(position, schedule, instrument.isolated_closing_fee),
        None if stop is None else Decimal(stop),
        Decimal(fee),
    )
    return Run(isolated_margin(position, Decimal(leverage)), (leg,))


def one(run: Run, rows: Iterable[Bar], payments: Sequence[Payment] = (), **period: int) -> Outcome:
    (outcome,) = replay([run], rows, payments, **period)
    return outcome


# Published


@pytest.mark.parametrize(
    ("leverage", "liquidation"), [(10, "111194"), (7, "107024.5"), (5, None)], ids=["10x", "7x", "5x"]
)
def test_the_fall_of_2025_10_10_killed_longs_of_7x_at_bybit_and_left_5x_alive(
    leverage: int, liquidation: str | None
) -> None:
    # Opened at the day's open of 121,704.74, low 104,582.41. The 5x is liquidated at 101,928 only.
    bybit = venues.find("bybit@2025-10-10").instrument
    day = bars((0, "121704.74", "122550", "104582.41", "113000"))
    outcome = one(isolated(LONG, leverage, "121704.74", instrument=bybit), day)
    assert outcome.survived is (liquidation is None)
    assert plain(outcome.price) == (liquidation or "113000")
    states: list[State] = []
    replay([isolated(LONG, 5, "121704.74", instrument=bybit)], day, watch=lambda _, state: states.append(state))
    assert [plain(state.below) for state in states if state.below] == ["101928"]


# What happens in a bar


def test_a_long_dies_at_the_low_and_a_short_at_the_high() -> None:
    rows = bars((0, 50_000, 50_000, 50_000, 50_000), (60, 50_000, 55_600, 45_600, 50_000))
    long, short = replay([isolated(LONG, 10), isolated(SHORT, 10)], rows)
    assert (long.ended_by, long.ended_at, round(long.price, 2)) == ("liquidation", 60, Decimal("45681.82"))
    assert (short.ended_by, short.ended_at, round(short.price, 2)) == ("liquidation", 60, Decimal("55277.78"))
    assert long.net_pnl == short.net_pnl == Decimal("-0.02")
    assert long.max_margin_ratio == 1
    assert long.max_margin_ratio_at == 60


def test_the_stop_comes_before_the_liquidation_that_lies_behind_it() -> None:
    rows = bars((0, 50_000, 50_000, 45_000, 46_000))
    outcome = one(isolated(LONG, 10, stop=47_000, fee="0.0006"), rows)
    assert (outcome.survived, outcome.ended_by, outcome.price) == (True, "stop", 47_000)
    fee = Fraction(10_000, 47_000) * Fraction(6, 10_000)
    assert twin.printed(twin.pnl(1, 10_000, 50_000, 47_000) - fee) == plain(outcome.net_pnl)


def test_the_liquidation_comes_before_a_stop_that_lies_behind_it() -> None:
    outcome = one(isolated(LONG, 10, stop=45_500), bars((0, 50_000, 50_000, 45_000, 46_000)))
    assert (outcome.ended_by, outcome.survived) == ("liquidation", False)


def test_a_bar_that_opens_beyond_the_stop_fills_at_its_open() -> None:
    rows = bars((0, 50_000, 50_000, 49_000, 49_000), (60, 46_500, 48_000, 46_000, 47_500))
    assert one(isolated(LONG, 10, stop=47_000), rows).price == 46_500
    rows = bars((0, 50_000, 51_000, 50_000, 51_000), (60, 54_500, 54_800, 52_000, 53_000))
    assert one(isolated(SHORT, 10, stop=54_000), rows).price == 54_500


def test_a_bar_that_opens_beyond_the_liquidation_is_dead_whatever_the_stop() -> None:
    rows = bars((0, 50_000, 50_000, 49_000, 49_000), (60, 44_000, 48_000, 44_000, 47_500))
    outcome = one(isolated(LONG, 10, stop=47_000), rows)
    assert (outcome.ended_by, outcome.price, outcome.ended_at) == ("liquidation", 44_000, 60)


def test_the_end_is_the_last_close_without_a_fee_a_bar_after_the_last() -> None:
    rows = bars((0, 50_000, 51_000, 49_000, 50_500), (60, 50_500, 52_000, 50_000, 51_000))
    outcome = one(isolated(LONG, 2, fee="0.01"), rows)
    assert (outcome.start, outcome.end, outcome.ended_at, outcome.bars) == (0, 120, 120, 2)
    assert (outcome.ended_by, outcome.price) == ("end", 51_000)
    assert plain(outcome.net_pnl) == twin.printed(twin.pnl(1, 10_000, 50_000, 51_000))
    assert plain(outcome.net_pnl_usd) == twin.printed(twin.pnl(1, 10_000, 50_000, 51_000) * 51_000)


def test_drawdown_is_from_the_best_price_to_the_worst_after_it_in_coin_and_in_usd() -> None:
    rows = bars(
        (0, 50_000, 52_000, 50_000, 51_000), (60, 51_000, 51_000, 48_000, 49_000), (120, 49_000, 51_500, 49_000, 50_000)
    )
    outcome = one(isolated(LONG, 1), rows)
    assert plain(outcome.max_drawdown) == twin.printed(Fraction(10_000, 48_000) - Fraction(10_000, 52_000))
    # The margin is 0.2 coins: equity in USD is 0.4*P - 10,000.
    assert outcome.max_drawdown_usd == Decimal("0.4") * 4_000


def test_a_short_of_1x_draws_down_in_coin_and_not_in_usd() -> None:
    outcome = one(isolated(SHORT, 1), bars((0, 50_000, 60_000, 40_000, 45_000)))
    assert outcome.survived
    assert outcome.max_drawdown_usd == 0
    assert plain(outcome.max_drawdown) == twin.printed(Fraction(10_000, 40_000) - Fraction(10_000, 60_000))


def test_a_price_that_just_touches_a_stop_or_the_liquidation_is_enough() -> None:
    # What was received meanwhile leaves the equity higher than it was at the low of the first bar: no extreme is new.
    flat = bars((0, 50_000, 53_000, 47_500, 49_500), (60, 49_500, 49_500, 49_400, 49_500))
    touching = [*flat, *bars((120, 49_500, 49_500, 47_000, 49_500))]
    assert one(isolated(LONG, 2, stop=47_000), touching, [funding(60, "-0.02")]).ended_at == 120
    bybit = PLAIN._replace(tick=Decimal("0.5"), rounding=Rounding(liquidation_price="against tick"))
    touching = [*flat, *bars((120, 49_500, 49_500, "44811.5", 49_500))]
    assert one(isolated(LONG, 10, instrument=bybit), touching, [funding(60, "-0.02")]).ended_by == "liquidation"
    rising = bars((0, 50_000, 52_500, 50_000, 50_500), (60, 50_500, 50_600, 50_500, 50_500))
    touching = [*rising, *bars((120, 50_500, 53_000, 50_500, 50_500))]
    assert one(isolated(SHORT, 2, stop=53_000), touching, [funding(60, "0.02")]).ended_at == 120


def test_the_ratio_is_largest_where_a_short_falls_into_a_higher_tier_while_it_gains() -> None:
    # Value 0.2 coins at 50,000; above 0.21, below 47,619, the whole position takes 5 % instead of 0.5 %.
    tiers = Schedule((Tier(Decimal("0.21"), Decimal("0.005")), Tier(None, Decimal("0.05"))), marginal=False)
    position = open_at(PLAIN, SHORT, Decimal(10_000), Decimal(50_000))
    run = Run(isolated_margin(position, Decimal(10)), (Leg(Holding(position, tiers)),))

    def ratio(price: int, rate: str) -> str | None:
        value = Fraction(10_000, price)
        return twin.printed(Fraction(rate) * value / (Fraction(2, 100) + value - Fraction(2, 10)))

    # The first bar goes farther to both sides: neither equity nor drawdown of the second is new, its ratio is.
    rows = bars((0, 50_000, 54_000, 40_000, 50_000), (60, 50_000, 50_000, 47_000, 50_000))
    outcome = one(run, rows)
    assert (plain(outcome.max_margin_ratio), outcome.max_margin_ratio_at) == (ratio(47_000, "0.05"), 60)
    # Beyond the border it is the high that is worse.
    rows = bars((0, 50_000, 54_000, 40_000, 40_000), (60, 40_000, 45_000, 40_000, 41_000))
    outcome = one(run, rows)
    assert (plain(outcome.max_margin_ratio), outcome.max_margin_ratio_at) == (ratio(45_000, "0.05"), 60)


def test_without_maintenance_margin_the_ratio_is_zero_until_it_dies() -> None:
    position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(50_000))
    run = Run(isolated_margin(position, Decimal(10)), (Leg(Holding(position, flat_rate(Decimal(0)))),))
    rows = bars((0, 50_000, 50_000, 46_000, 46_000), (60, 46_000, 46_000, 45_500, 45_500))
    assert one(run, rows).max_margin_ratio == 0
    assert one(run, [*rows, *bars((120, 45_500, 45_500, 45_000, 45_000))]).max_margin_ratio == 1


# Funding


def funding(time: int, rate: str = "0.001", mark: int | None = None, coin_rate: str | None = None) -> Payment:
    return Payment(
        time, Decimal(rate), None if mark is None else Decimal(mark), None if coin_rate is None else Decimal(coin_rate)
    )


def test_funding_at_the_start_is_not_paid_and_at_the_end_it_is() -> None:
    rows = bars((0, 50_000, 50_000, 50_000, 50_000), (60, 40_000, 40_000, 40_000, 40_000))
    outcome = one(isolated(LONG, 1), rows, [funding(0), funding(60), funding(120), funding(121)])
    # At 60 at the open of the bar that opens then, at 120 at the last close.
    assert outcome.funding == Decimal("0.00025") + Decimal("0.00025")


def test_funding_is_paid_at_its_own_mark_else_at_the_open_of_its_bar() -> None:
    rows = bars((0, 50_000, 50_000, 40_000, 40_000), (60, 40_000, 40_000, 40_000, 40_000))
    assert one(isolated(LONG, 1), rows, [funding(30)]).funding == Decimal("0.0002")
    assert one(isolated(LONG, 1), rows, [funding(30, mark=40_000)]).funding == Decimal("0.00025")
    assert one(isolated(SHORT, 1), rows, [funding(30, mark=40_000)]).funding == Decimal("-0.00025")
    assert one(isolated(LONG, 1), rows, [funding(30, coin_rate="2E-9")]).funding == Decimal("0.00002")


def test_funding_inside_a_bar_is_paid_before_its_low_is_met() -> None:
    rows = bars((0, 50_000, 50_000, 45_700, 46_000), (60, 46_000, 46_000, 46_000, 46_000))
    run = isolated(LONG, 10)
    assert one(run, rows).survived
    # The low is 18.18 USD above the liquidation; a payment of 0.5 % moves that by some 200 USD.
    dead = one(run, rows, [funding(59, "0.005")])
    assert (dead.survived, dead.ended_at) == (False, 0)
    assert one(run, rows, [funding(60, "0.005")]).survived


def test_what_was_received_is_lost_with_the_margin() -> None:
    rows = bars((0, 50_000, 50_000, 50_000, 50_000), (60, 50_000, 50_000, 30_000, 30_000))
    outcome = one(isolated(LONG, 10), rows, [funding(10, "-0.01")])
    assert (outcome.net_pnl, outcome.funding) == (Decimal("-0.02"), Decimal("-0.002"))


def test_what_is_received_in_the_first_bar_may_save_a_position_that_was_dead_at_its_start() -> None:
    rows = bars((0, 45_000, 45_000, 45_000, 45_000), (60, 45_000, 45_000, 45_000, 45_000))
    assert one(isolated(LONG, 10), rows).ended_at == 0
    saved = one(isolated(LONG, 10), rows, [funding(30, "-0.1")])
    assert (saved.survived, saved.bars) == (True, 2)


def test_a_leg_that_expires_pays_no_funding() -> None:
    run = isolated(LONG, 1)
    dated = run._replace(legs=(run.legs[0]._replace(funded=False),))
    assert (
        one(
            dated, bars((0, 50_000, 50_000, 50_000, 50_000), (60, 50_000, 50_000, 50_000, 50_000)), [funding(30)]
        ).funding
        == 0
    )


# The period, the rules of the day, several positions


def test_a_period_takes_the_bars_that_open_in_it() -> None:
    rows = bars(*((60 * n, 50_000 + n, 50_000 + n, 50_000 + n, 50_000 + n) for n in range(10)))
    outcome = one(isolated(LONG, 1), rows, start=100, end=300)
    assert (outcome.start, outcome.end, outcome.bars, outcome.price) == (120, 300, 3, 50_004)
    early = one(isolated(LONG, 1), rows, start=60, end=10_000)
    assert (early.end, early.bars) == (600, 9)


@pytest.mark.parametrize("period", [{"start": 1_000}, {"end": 0}])
def test_a_period_without_a_bar_is_refused(period: dict[str, int]) -> None:
    with pytest.raises(PerpcalcError, match="no bar lies between start and end"):
        one(isolated(LONG, 1), bars((0, 1, 1, 1, 1)), **period)


def test_rules_that_come_take_effect_with_the_first_bar_of_their_day() -> None:
    rows = bars(*((60 * n, 50_000, 50_000, 46_000, 46_000) for n in range(4)))
    run = isolated(LONG, 10)
    stricter = Change(120, 0, PLAIN, flat_rate(Decimal("0.02")), NO_CLOSING_FEE)
    outcome = one(run._replace(changes=(stricter,)), rows)
    assert (outcome.survived, outcome.ended_at) == (False, 120)
    assert one(run, rows).survived


def test_the_stop_of_one_leg_leaves_the_other_in_the_account() -> None:
    # A long and a short of one size: nothing can happen until the long's stop leaves the short alone.
    long = Leg(Holding(open_at(PLAIN, LONG, Decimal(10_000), Decimal(50_000)), HALF_PERCENT), Decimal(48_000))
    short = Leg(Holding(open_at(PLAIN, SHORT, Decimal(10_000), Decimal(50_000)), HALF_PERCENT))
    run = Run(Margin("cross", Decimal("0.02"), Decimal("0.02")), (long, short))
    calm = bars((0, 50_000, 90_000, 48_100, 50_000))
    assert one(run, calm).ended_by == "end"
    rows = bars((0, 50_000, 50_000, 47_000, 48_000), (60, 48_000, 70_000, 48_000, 60_000))
    outcome = one(run, rows)
    assert (outcome.ended_by, outcome.ended_at) == ("liquidation", 60)
    assert outcome.net_pnl == Decimal("-0.02")


def test_stops_at_one_price_fill_together() -> None:
    # Either of the two alone would be dead at 40,000 with these coins; the bar opens beyond the stops of both.
    legs = tuple(
        Leg(Holding(open_at(PLAIN, side, Decimal(10_000), Decimal(50_000)), HALF_PERCENT), Decimal(stop))
        for side, stop in ((LONG, 45_000), (SHORT, 39_000))
    )
    run = Run(Margin("cross", Decimal("0.01"), Decimal("0.01")), legs)
    outcome = one(run, bars((0, 40_000, 40_000, 40_000, 40_000)))
    assert (outcome.ended_by, outcome.survived, outcome.net_pnl) == ("stop", True, 0)


def test_a_rate_against_the_position_counts_into_its_margin_before_it_is_charged() -> None:
    # BitMEX adds the funding rate against a position to its maintenance rate.
    adverse = HALF_PERCENT._replace(adverse_funding=True)
    run = isolated(LONG, 10)
    run = run._replace(legs=(run.legs[0]._replace(holding=run.legs[0].holding._replace(schedule=adverse)),))
    rows = bars((0, 50_000, 50_000, 45_700, 45_700), (60, 50_000, 50_000, 50_000, 50_000))
    assert one(run, rows).survived
    assert not one(run, rows, [funding(60, "0.003")]).survived
    assert one(run, rows, [funding(60, "-0.003")]).survived


def test_each_run_is_told_by_itself_and_dead_ones_count_no_more_bars() -> None:
    rows = bars(
        *((60 * n, 50_000 - 1_000 * n, 50_000 - 1_000 * n, 49_000 - 1_000 * n, 49_000 - 1_000 * n) for n in range(6))
    )
    ten, two = replay([isolated(LONG, 10), isolated(LONG, 2)], rows)
    assert (ten.bars, ten.survived, two.bars, two.survived) == (5, False, 6, True)


def test_a_chart_is_told_the_state_after_each_bar() -> None:
    states: list[State] = []
    rows = bars(
        (0, 50_000, 50_000, 49_000, 49_000), (60, 49_000, 49_000, 45_000, 47_000), (120, 47_000, 47_000, 47_000, 47_000)
    )
    replay([isolated(LONG, 10)], rows, [funding(30)], watch=lambda index, state: states.append(state))
    assert [state.time for state in states] == [0, 60]
    first, last = states
    assert plain(first.equity) == twin.printed(
        Fraction(2, 100) - Fraction(2, 10_000) + twin.pnl(1, 10_000, 50_000, 49_000)
    )
    assert (first.funding, first.price, last.equity) == (Decimal("0.0002"), 49_000, 0)
    assert first.below is not None
    assert first.above is None


# Against a naive loop


class Naive:
    """Every bar looked at, in fractions: the answer key of these tests."""

    def __init__(
        self, balance: Decimal, legs: list[twin.Leg], rules: dict[str, twin.Rules], stops: list[Decimal | None]
    ):
        self.balance = self.begin = Fraction(balance)
        self.legs = dict(enumerate(legs))
        self.rules, self.stops = rules, stops
        self.realised = self.funding = self.ratio = Fraction(0)
        self.ratio_at = 0
        self.ended: tuple[str, int, Fraction] | None = None
        self.settle()

    def settle(self) -> None:
        self.wallet = twin.Wallet(self.balance, list(self.legs.values()), self.rules)
        self.spans = self.wallet.survival()

    def run(self, rows: list[Bar], payments: list[Payment], fee: Decimal) -> None:
        first = Fraction(rows[0][1])
        self.ratio_at = rows[0][0]
        self.peak = max(Fraction(0), self.wallet.equity(1 / first))
        self.peak_usd = self.peak * first
        self.fall = self.fall_usd = Fraction(0)
        step = rows[-1][0] - rows[-2][0]
        ends = [*(row[0] for row in rows[1:]), rows[-1][0] + step]
        for (time, *prices), until in zip(rows, ends, strict=True):
            opened, high, low, close = map(Fraction, prices)
            begin = rows[0][0]
            self.pay([one for one in payments if time <= one.time < until and one.time > begin], opened)
            self.meet(time, opened, high, low, Fraction(fee))
            if self.ended:
                return
        self.pay([one for one in payments if one.time == until], close)
        if not self.lives(close):
            self.die(until, close)
            return
        self.see(until, close, close)
        self.ended = ("end", until, close)

    def pay(self, payments: list[Payment], price: Fraction) -> None:
        for payment in payments:
            for leg in self.legs.values():
                if leg.symbol == "PERP":
                    mark = price * Fraction(leg.ratio) if payment.mark is None else payment.mark
                    cost = twin.funding_payment(
                        leg.side, Fraction(leg.contracts) * Fraction(leg.size), mark, payment.rate
                    )
                    self.funding += cost
                    self.balance -= cost
        if payments:
            self.settle()

    def lives(self, price: Fraction) -> bool:
        return any(start < 1 / price and (end is None or 1 / price < end) for start, end in self.spans)

    def meet(self, time: int, opened: Fraction, high: Fraction, low: Fraction, fee: Fraction) -> None:
        if not self.lives(opened):
            return self.die(time, opened)
        while True:
            start, end = twin.nearest(self.spans, 1 / opened) or (Fraction(0), None)
            events: list[tuple[Fraction, Fraction, int | None]] = []
            for price, number, below in [
                *([] if end is None else [(1 / end, None, True)]),
                *([] if start == 0 else [(1 / start, None, False)]),
                *(
                    (Fraction(self.stops[n] or 0) / Fraction(leg.ratio), n, leg.side > 0)
                    for n, leg in self.legs.items()
                    if self.stops[n] is not None
                ),
            ]:
                if low <= price if below else high >= price:
                    at = min(price, opened) if below else max(price, opened)
                    events.append((max(at / opened, opened / at), at, number))
            self.see(
                time,
                max([low, *(at for _, at, _ in events if at <= opened)]),
                min([high, *(at for _, at, _ in events if at >= opened)]),
            )
            if not events:
                return None
            _, at, _ = min(events, key=lambda event: event[0])
            due = [number for _, price, number in events if price == at]
            if None in due:
                return self.die(time, at)
            for number in due:
                leg = self.legs.pop(number or 0)
                usd, own = Fraction(leg.contracts) * Fraction(leg.size), at * Fraction(leg.ratio)
                gain = twin.pnl(leg.side, usd, leg.entry, own) - twin.fee(usd, own, fee)
                self.realised += gain
                self.balance += gain
            self.settle()
            if not self.legs:
                self.see(time, at, at)
                self.ended = ("stop", time, at)
                return None
            if not self.lives(at):
                return self.die(time, at)

    def see(self, time: int, low: Fraction, high: Fraction) -> None:
        wallet, held = self.wallet, []
        for price in (low, high):
            x = 1 / price
            equity = max(Fraction(0), wallet.equity(x))
            ratio = Fraction(bool(self.legs))
            if self.lives(price):
                ratio = 1 - wallet.slack(x) / equity
            if ratio > self.ratio:
                self.ratio, self.ratio_at = ratio, time
            held.append((equity, equity * price))
        coin, usd = zip(*held, strict=True)
        self.peak, self.peak_usd = max(self.peak, *coin), max(self.peak_usd, *usd)
        self.fall = max(self.fall, self.peak - min(coin))
        self.fall_usd = max(self.fall_usd, self.peak_usd - min(usd))

    def die(self, time: int, price: Fraction) -> None:
        if self.ratio < 1:
            self.ratio, self.ratio_at = Fraction(1), time
        self.fall, self.fall_usd = max(self.fall, self.peak), max(self.fall_usd, self.peak_usd)
        self.ended = ("liquidation", time, price)

    def net_pnl(self) -> Fraction:
        assert self.ended is not None
        kind, _, price = self.ended
        if kind == "liquidation":
            return -self.begin
        left = sum(
            twin.pnl(leg.side, Fraction(leg.contracts) * Fraction(leg.size), leg.entry, price * Fraction(leg.ratio))
            for leg in self.legs.values()
        )
        return self.realised + left - self.funding


@st.composite
def walks(draw: st.DrawFn, start: Decimal) -> list[Bar]:
    """A random walk with calm stretches and jumps, in ticks of a tenth."""
    rows: list[Bar] = []
    price = start
    time = draw(st.integers(0, 3)) * 60
    for _ in range(draw(st.integers(2, 40))):
        jump = draw(st.sampled_from(("0.001", "0.01", "0.01", "0.2")))
        opened = price if draw(st.booleans()) else _moved(price, draw(decimals("-1", "1", 2)), jump)
        close = _moved(opened, draw(decimals("-1", "1", 2)), jump)
        high = _moved(max(opened, close), draw(decimals("0", "0.5", 2)), jump)
        low = _moved(min(opened, close), draw(decimals("-0.5", "0", 2)), jump)
        rows.append((time, opened, max(high, opened, close), min(low, opened, close), close))
        time += 60 * draw(st.sampled_from((1, 1, 1, 4)))
        price = close
    return rows


def _moved(price: Decimal, share: Decimal, jump: str) -> Decimal:
    return max((price * (1 + share * Decimal(jump))).quantize(Decimal("0.1")), Decimal("0.1"))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Naive, Run, list[Bar], list[Payment], Decimal]:
    balance, legs, rules = draw(wallets(3))
    rows = draw(walks(Decimal(legs[0].entry)))
    stops = [
        draw(
            st.none()
            | decimals("0.7", "1.4", 3).map(
                lambda share, leg=leg: (Decimal(leg.entry) * share).quantize(Decimal("0.1"))
            )
        )
        for leg in legs
    ]
    fee = draw(decimals("0", "0.002", 4))
    times = sorted(draw(st.lists(st.integers(0, 60 * 50), max_size=6, unique=True)))
    rates = draw(st.lists(decimals("-0.01", "0.01", 4), min_size=len(times), max_size=len(times)))
    marks = draw(st.lists(st.none() | st.just(Decimal(legs[0].entry)), min_size=len(times), max_size=len(times)))
    payments = [Payment(time, rate, mark) for time, rate, mark in zip(times, rates, marks, strict=True)]
    _, holdings = account_of(balance, legs, rules)
    funded = [leg.symbol == "PERP" for leg in legs]
    run = Run(
        Margin("cross", balance, balance),
        tuple(Leg(*parts) for parts in zip(holdings, stops, [fee] * len(legs), funded, strict=True)),
    )
    return Naive(balance, legs, rules, stops), run, rows, payments, fee


@settings(max_examples=50)
@given(cases())
def test_a_replay_is_what_a_naive_loop_in_fractions_finds(
    case: tuple[Naive, Run, list[Bar], list[Payment], Decimal],
) -> None:
    naive, run, rows, payments, fee = case
    naive.run(rows, payments, fee)
    outcome = one(run, rows, payments)
    assert naive.ended is not None
    kind, time, price = naive.ended
    assert (outcome.ended_by, outcome.ended_at) == (kind, time)
    assert (outcome.survived, outcome.max_margin_ratio_at) == (kind != "liquidation", naive.ratio_at)
    for name, found, expected in (
        ("price", outcome.price, price),
        ("net_pnl", outcome.net_pnl, naive.net_pnl()),
        ("funding", outcome.funding, naive.funding),
        ("ratio", outcome.max_margin_ratio, naive.ratio),
        ("drawdown", outcome.max_drawdown, naive.fall),
        ("drawdown_usd", outcome.max_drawdown_usd, naive.fall_usd),
    ):
        assert (name, plain(found)) == (name, twin.printed(expected))
