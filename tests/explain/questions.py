"""Random questions to the core, asked with plain numbers or with traced ones: the same figures, in two kinds of numbers."""

import random
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from perpcalc import trace
from perpcalc.answer import Value
from perpcalc.core import funding, greeks, hedge, limits, liquidation_cost, pnl, power, sizing, stress
from perpcalc.core.instrument import PLAIN, Instrument
from perpcalc.core.liquidation import ends, liquidation, position_liquidation
from perpcalc.core.margin import Margin, given_margin, isolated_margin
from perpcalc.core.order_cost import closing_fee_reserve, order_cost_rate
from perpcalc.core.planned import Plan
from perpcalc.core.position import LONG, SHORT, Fill, Position, open_at, open_by_fills
from perpcalc.core.rules import Schedule, Terms, flat_rate
from perpcalc.core.wallet import Holding, closing_fees, equity, maintenance, wallet_of
from perpcalc.decimals import ONE, ZERO
from perpcalc.venues import find, load, names

Figures = Mapping[str, Value]


@cache
def instruments() -> list[Instrument]:
    """Every contract of every venue, under its newest rules."""
    return [find(venue, symbol).instrument for venue in names() for symbol in load(venue).tables["instruments"]]


class Stake(NamedTuple):
    """A position with all that stands behind it."""

    instrument: Instrument
    schedule: Schedule
    position: Position
    margin: Margin
    holding: Holding
    mark: Decimal | None

    @property
    def figures(self) -> dict[str, Value]:
        return {
            "contract_size": self.instrument.contract_size,
            "notional_usd": self.position.notional,
            "entry_price": self.position.entry_price,
            "mark_price": self.mark,
            "margin": self.margin.coin,
        }


class Question:
    """One question; the same seed asks the same, `traced` with numbers that remember."""

    def __init__(self, seed: object, traced: bool) -> None:
        self.random = random.Random(str(seed))
        self.traced = traced
        found = self.random.choice([PLAIN, *instruments()] if self.random.random() < 0.8 else [PLAIN])
        self.found = found if found is not PLAIN else PLAIN._replace(contract_size=self.one_of(1, 10, 100))
        self.schedule: Schedule | None = None
        if self.found.schedule is None or self.random.random() < 0.2:
            deduction = self.number("0", "0.1", 3) if self.maybe() else ZERO
            self.schedule = flat_rate(self.number("0", "0.05", 4), deduction, self.random.choice(["mark", "entry"]))
        self.price = self.on_tick(self.number("1000", "100000", 1))

    def maybe(self, share: float = 0.5) -> bool:
        return self.random.random() < share

    def one_of(self, *numbers: int) -> Decimal:
        return Decimal(self.random.choice(numbers))

    def number(self, low: str, high: str, places: int) -> Decimal:
        unit = Decimal(10) ** places
        return Decimal(self.random.randint(int(Decimal(low) * unit), int(Decimal(high) * unit))) / unit

    def on_tick(self, price: Decimal) -> Decimal:
        tick = self.found.tick or Decimal("0.1")
        return max(tick, (price / tick).quantize(ONE) * tick)

    def near(self, name: str, low: str = "0.8", high: str = "1.2", place: int | None = None) -> Decimal:
        return self.leaf(self.on_tick(self.price * self.number(low, high, 3)), name, place)

    def given(self, name: str, low: str, high: str, places: int, place: int | None = None) -> Decimal:
        return self.leaf(self.number(low, high, places), name, place)

    def rate(self, name: str) -> Decimal:
        return self.given(name, "-0.0002", "0.001", 5)

    def leaf(self, value: Decimal, name: str, place: int | None = None) -> Decimal:
        return trace.leaf(value, name, place=place) if self.traced else value

    def instrument(self) -> Instrument:
        return trace.traced_instrument(self.found) if self.traced else self.found

    def rules(self, instrument: Instrument) -> Schedule:
        schedule = self.schedule or instrument.schedule
        assert schedule is not None
        return trace.traced_schedule(schedule, instrument.currency) if self.traced else schedule

    def contracts(self, place: int | None = None) -> Decimal:
        lots = self.random.choice([1, 5, 100, self.random.randint(1, 1_000_000)])
        return self.leaf(lots * self.found.lot, "contracts", place)

    def opened(self, instrument: Instrument, place: int, fills: int = 1) -> Position:
        side = self.leaf(self.random.choice([LONG, SHORT]), "s", place)
        if fills == 1:
            position = open_at(instrument, side, self.contracts(place), self.near("entry", "0.9", "1.1", place))
        else:
            places = range(1, fills + 1)
            each = [Fill(self.contracts(number), self.near("price", "0.9", "1.1", number)) for number in places]
            position = open_by_fills(instrument, side, each)
        trace.label(position.stored_value, "V", place)
        trace.label(position.notional, "notional", place)
        return position

    def stake(self) -> Stake:
        instrument = self.instrument()
        schedule = self.rules(instrument)
        position = self.opened(instrument, 1, self.random.choice([1, 1, 1, 2, 7]))
        coins = self.leaf(
            (position.cost * self.number("0.02", "3", 3)).quantize(Decimal("1E-8")) + self.found.lot, "coins"
        )
        extra = self.given("extra_margin", "0", "2", 4) if self.maybe(0.3) else ZERO
        kind = self.random.choice(["leverage", "leverage", "margin", "balance", "balance"])
        if kind == "leverage":
            margin = isolated_margin(position, self.given("leverage", "1", "50", 1), extra)
        else:
            margin = given_margin(position, coins, extra) if kind == "margin" else Margin("cross", coins, coins)
        fee = instrument.cross_closing_fee if kind == "balance" else instrument.isolated_closing_fee
        paid = self.rate("funding_rate") if self.maybe(0.3) else ZERO
        mark = self.near("mark", "0.5", "1.5") if self.maybe() else None
        return Stake(instrument, schedule, position, margin, Holding(position, schedule, fee, funding_rate=paid), mark)


def of_liquidation(ask: Question) -> Figures:
    stake = ask.stake()
    return {**stake.figures, **position_liquidation(stake.holding, stake.margin, stake.mark)._asdict()}


def of_wallet(ask: Question) -> Figures:
    """One position of several, of one contract or of two whose marks differ."""
    stake = ask.stake()
    holdings = [stake.holding]
    for place in range(2, ask.random.choice([2, 3, 6]) + 1):
        ratio = ask.given("mark", "0.9", "1.1", 3, place) / ask.leaf(ONE, "mark", 1) if ask.maybe(0.3) else ONE
        position = ask.opened(stake.instrument, place)
        holdings.append(Holding(position, stake.schedule, stake.instrument.cross_closing_fee, ratio))
    wallet = wallet_of(stake.margin.usable, holdings)
    found = liquidation(wallet, 0, stake.holding, stake.mark, of_wallet=ends(wallet, stake.holding))
    x = ONE / (stake.mark or stake.position.entry_price)
    worth, asked = equity(wallet, x), maintenance(wallet, x) + closing_fees(wallet, x)
    of_all = {"equity": worth, "maintenance": asked, "account_leverage": limits.leverage(wallet, x)}
    return {**stake.figures, **found._asdict(), **of_all}


def of_profit(ask: Question) -> Figures:
    stake = ask.stake()
    position, margin = stake.position, stake.margin
    fees = ask.rate("entry_fee_rate"), ask.rate("exit_fee_rate") if ask.maybe() else stake.instrument.taker_fee or ZERO
    paid = ask.given("funding", "-0.01", "0.01", 5) if ask.maybe() else ZERO
    result = pnl.profit_and_loss(position, ask.near("exit", "0.5", "1.5"), *fees, paid)
    return {
        **stake.figures,
        "entry_value": position.entry_value,
        **result._asdict(),
        "roe": pnl.return_on_equity(position, result.gross_pnl, margin.leverage, margin.coin),
        "net_roe": pnl.return_on_equity(position, result.net_pnl, margin.leverage, margin.coin),
        "break_even_price": pnl.target_price(position, ZERO, *fees, paid),
        "target_price": pnl.target_price(position, ask.given("target_pnl", "-1", "1", 3), *fees, paid),
        "price_for_roe": pnl.price_for_roe(
            position, ask.given("target_roe", "-0.5", "2", 2), margin.leverage, margin.coin
        ),
    }


def of_funding(ask: Question) -> Figures:
    stake = ask.stake()
    instrument, position, rule = stake.instrument, stake.position, stake.instrument.funding
    mark, index = ask.near("mark"), ask.near("index")
    samples = [ask.given("sample", "-0.02", "0.02", 5, place) for place in range(1, ask.random.choice([3, 10]))]
    premium = ask.random.choice(
        [funding.premium(mark, index), samples[0], funding.linear_average(samples), funding.equal_average(samples)]
    )
    rate = funding.funding_rate(rule, premium, None, instrument.rounding.funding_rate)
    interval = rule.interval if rule else ask.leaf(Decimal(480), "interval")
    continuous = rule is not None and rule.continuous
    intervals = funding.intervals_in(ask.leaf(ask.one_of(240, 480, 5000), "for"), interval, continuous)
    payment = funding.funding_payment(instrument, position.side, position.contracts, rate, mark, index)
    history = [(ask.rate("rate"), ask.near("mark")) for _ in range(6)]
    wallet = wallet_of(stake.margin.usable, [stake.holding])
    after = funding.after_paying(wallet, payment * intervals)
    return {
        **stake.figures,
        "mark_price": mark,
        "premium": premium,
        "rate": rate,
        "payment": payment,
        "intervals": intervals,
        "total": payment * intervals,
        "apr": funding.annual_rate(position.side, rate, interval),
        "apy": funding.annual_yield(position.side, rate, interval),
        "history_total": funding.total_of_history(instrument, position.side, position.contracts, history),
        "intervals_to_liquidation": funding.intervals_to_liquidation(wallet, payment, ONE / mark, continuous),
        "liquidation_price_after": liquidation(after, 0, stake.holding, mark).liquidation_price,
    }


def of_size(ask: Question) -> Figures:
    stake = ask.stake()
    side, balance = ask.leaf(stake.position.side, "s"), ask.given("balance", "0.1", "500", 4)
    entry = ask.leaf(ask.price, "entry_price")
    stop = ask.leaf(ask.on_tick(ask.price * (1 - stake.position.side * ask.number("0.01", "0.3", 3))), "stop_price")
    plan = Plan(
        stake.instrument,
        side,
        entry,
        stop,
        ask.rate("entry_fee_rate"),
        ask.rate("exit_fee_rate"),
        ask.given("slippage", "0", "0.01", 4),
        balance,
        ask.given("isolated_leverage", "1", "50", 1) if ask.maybe() else None,
        ask.leaf(Decimal(5), "max_leverage") if ask.maybe() else None,
        ask.given("buffer", "0", "0.1", 2),
        stake.schedule,
        stake.holding.closing_fee,
    )
    target = ask.leaf(ask.price * (1 + stake.position.side * ask.number("0.01", "0.3", 3)), "target")
    risk = ask.given("rate", "0.001", "0.1", 3) * balance
    return {"balance": balance, "risk": risk, **sizing.size(plan, risk, target)._asdict()}


def of_greeks(ask: Question) -> Figures:
    stake = ask.stake()
    found = greeks.greeks(stake.position, ask.near("mark"), stake.margin.coin)
    return stake.figures | {f"{one.frame}_{key}": value for one in found for key, value in one._asdict().items()}


def of_stress(ask: Question) -> Figures:
    """A wallet of one to three positions after a move of the market."""
    stake = ask.stake()
    mark, move = ask.near("mark"), ask.given("move", "-0.5", "0.5", 2)
    others = [ask.opened(stake.instrument, place) for place in range(2, ask.random.choice([2, 3, 4]))]
    holdings = [Holding(position, stake.schedule, stake.holding.closing_fee) for position in others]
    wallet = wallet_of(stake.margin.usable, [stake.holding, *holdings])
    (rung,) = stress.ladder(stress.Stake(wallet, mark), [move])
    return {**stake.figures, "mark_price": mark, "price": mark * (1 + move), **rung._asdict()}


def of_liquidation_cost(ask: Question) -> Figures:
    stake = ask.stake()
    position, margin = stake.position, stake.margin
    price = position_liquidation(stake.holding, margin, stake.mark).liquidation_price or ask.near("mark")
    wallet = wallet_of(margin.usable, [stake.holding])
    left = liquidation_cost.equity_at(wallet, stake.holding, margin.coin, price)
    fee = stake.instrument.liquidation_fee or ask.given("liquidation_fee", "0", "0.01", 4)
    slippage, stop = ask.given("slippage", "0", "0.01", 4), ask.near("stop")
    cost = liquidation_cost.liquidation_cost(position, price, left, Terms(fee, ask.maybe()), slippage)
    at_stop = liquidation_cost.equity_at(wallet, stake.holding, margin.coin, stop)
    kept = liquidation_cost.equity_after_stop(position, at_stop, stop, stake.instrument.taker_fee or ZERO, slippage)
    lost = liquidation_cost.margin_lost(margin.coin, left, cost.total_cost)
    return {**stake.figures, "price": price, **cost._asdict(), "margin_lost": lost, "equity_after_stop": kept}


def of_hedge(ask: Question) -> Figures:
    instrument = ask.instrument()
    plan = hedge.HedgePlan(
        instrument,
        ask.given("holding", "100", "5000", 3),
        ask.leaf(ask.price, "price"),
        ask.given("ratio", "0.1", "1", 2),
        ask.rate("rate"),
        ask.leaf(Decimal(480), "interval"),
        None,
        ask.rate("entry_fee_rate"),
        ask.rate("exit_fee_rate"),
        ask.given("leverage", "1", "50", 1) if ask.maybe() else None,
        ask.rules(instrument),
        instrument.isolated_closing_fee,
    )
    found = hedge.hedge(plan)
    price = found.liquidation.liquidation_price if found.liquidation else None
    figures = {name: figure for name, figure in found._asdict().items() if name not in ("side", "liquidation")}
    return {**figures, "liquidation_price": price}


def of_power(ask: Question) -> Figures:
    index, exponent = ask.leaf(ask.one_of(1000, 3000, 4999), "index"), ask.leaf(ask.one_of(2, 3, 5) / 2, "p")
    periods, interest = ask.leaf(ask.one_of(1, 3), "N"), ask.given("r", "0", "0.05", 3)
    contract = power.PowerContract(exponent, index, ask.leaf(Decimal(1440), "period"), periods, interest)
    mark = index**exponent * ask.given("premium", "1", "1.02", 4) if ask.maybe() else None
    return power.value(contract, ask.given("sigma", "0.1", "1.2", 2), mark)._asdict()


def of_limits(ask: Question) -> Figures:
    stake = ask.stake()
    instrument, position, margin = stake.instrument, stake.position, stake.margin
    fee, taker, interval = ask.rate("fee_rate"), instrument.taker_fee or ZERO, ask.leaf(Decimal(480), "interval")
    mark, rate = ask.near("mark"), ask.rate("rate")
    return {
        "loss": limits.loss_share(position, ask.near("stop"), margin.coin, fee, taker),
        "distance": limits.distance(position_liquidation(stake.holding, margin, mark), mark),
        "funding": limits.funding_share_per_day(position, rate, mark, margin.coin, interval, interval),
        "reserve": closing_fee_reserve(instrument, position.side, position.entry_value, margin.coin, taker),
        "order_cost_rate": order_cost_rate(instrument, position.side, ask.given("leverage", "1", "50", 1), fee),
    }


KINDS: Mapping[str, Callable[[Question], Figures]] = {
    name.removeprefix("of_"): asked for name, asked in list(globals().items()) if name.startswith("of_")
}
