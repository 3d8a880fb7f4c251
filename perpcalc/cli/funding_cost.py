"""`perpcalc funding-cost`: what holding a position costs in funding, and how it moves the liquidation price."""

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.cli.case import IDENTITY, Case, case_of, is_portfolio, price_places
from perpcalc.cli.command import Command
from perpcalc.cli.options import EXACT, MARK, OUTPUT, PORTFOLIO, POSITION, Given, Option
from perpcalc.core.account import Account, account
from perpcalc.core.funding import (
    DAY,
    FundingRule,
    annual_rate,
    annual_yield,
    funding_payment,
    funding_rate,
    intervals_in,
    intervals_to_liquidation,
    premium,
    total_of_history,
)
from perpcalc.core.instrument import coin_value
from perpcalc.core.liquidation import liquidation
from perpcalc.decimals import ONE, ZERO, count, duration, plain, positive, rate
from perpcalc.errors import PerpcalcError
from perpcalc.render.report import Report, Row
from perpcalc.render.text import Value

if TYPE_CHECKING:
    from perpcalc.cli.positions import Held

RATE = Option("rate", rate, "RATE", "Funding rate per interval; a positive rate is paid by longs.")
PREMIUM = Option("premium", rate, "RATE", "Average premium, from which the venue's rule makes the rate.")
SAMPLES = Option("premium_samples", str, "FILE", "Premium samples, averaged as the venue does.", complete="file")
HISTORY = Option("history", str, "FILE", "Past rates and marks, charged payment by payment.", complete="file")
INDEX = Option("index", positive, "PRICE", "Index price: with --mark it gives the premium of this moment.")
FOR = Option("for", duration, "DURATION", "How long it is held, as in 3d; one day by default.")
INTERVALS = Option("intervals", count, "N", "How many payments.")
INTERVAL = Option("interval", duration, "DURATION", "Time between payments; the venue's by default.")

KINDS = {
    **IDENTITY,
    "mark_price": "price",
    "position_value": "coin",
    "premium": "rate",
    "rate": "rate",
    "interval_hours": "count",
    "intervals": "count",
    "payment": "cost",
    "total": "cost",
    "total_usd": "cost_usd",
    "apr": "rate",
    "apy": "rate",
    "margin_share": "rate",
    "liquidation_price": "price",
    "liquidation_price_after": "price",
    "intervals_to_liquidation": "count",
    "reason": "text",
}
HEADLINE = (
    "name",
    "account",
    "instrument",
    "side",
    "contracts",
    "rate",
    "payment",
    "total",
    "total_usd",
    "apr",
    "liquidation_price",
    "liquidation_price_after",
    "reason",
)


class Charge(NamedTuple):
    """What is charged: one payment (None over a history) and all of them; durations in minutes."""

    mark: Decimal
    premium: Decimal | None
    rate: Decimal
    interval: Decimal | None
    rate_interval: Decimal | None
    intervals: Decimal
    payment: Decimal | None
    total: Decimal


def answer(given: Given) -> Report:
    """What funding costs the position that the options describe."""
    if is_portfolio(given):
        return _of_portfolio(given)
    check_sources(given)
    case = case_of(given)
    notes = list(case.notes)
    charge = charge_of(case, given, notes)
    return Report("Funding", KINDS, [row(case, charge)], notes=notes)


def _of_portfolio(given: Given) -> Report:
    from perpcalc.cli.positions import held_positions, in_file, notes_of, totals, wallets

    check_sources(given, needed=False)
    portfolio, held = held_positions(given)
    notes = notes_of(held)
    place_of = {
        index: (wallet.account, place)
        for wallet in wallets(portfolio, held, given.portfolio)
        for place, index in enumerate(wallet.members)
    }
    rows = []
    for index, one in enumerate(held):
        try:
            rows.append(_held_row(one, given, notes, *place_of.get(index, (None, 0))))
        except PerpcalcError as error:
            raise in_file(error, one.where, given.portfolio) from None
    sums = totals(rows, {"total": "cost", "total_usd": "cost_usd"})
    return Report("Funding", KINDS, rows, one=False, headline=HEADLINE, totals=sums, notes=list(dict.fromkeys(notes)))


def _held_row(one: "Held", given: Given, notes: list[str], wallet: Account | None, place: int) -> Row:
    sourced = any(getattr(given, option.name) is not None for option in (RATE, PREMIUM, SAMPLES, HISTORY, INDEX))
    rate = one.entry.funding_rate
    if not sourced and rate is None:
        values: dict[str, Value] = {**dict.fromkeys(KINDS), **one.case.identity(), "mark_price": one.case.mark}
        values["reason"] = "no funding rate: write funding_rate to the position or give --rate"
        return Row(values, one.case.instrument.currency, price_places(one.case.instrument, one.case.mark))
    options = Given(**{**vars(given), "rate": given.rate if sourced else rate})
    return row(one.case, charge_of(one.case, options, notes), wallet, place)


def check_sources(given: Given, needed: bool = True) -> None:
    """Raise PerpcalcError where the rate or the length of the holding is given twice, or the rate not at all."""
    sources = [option for option in (RATE, PREMIUM, SAMPLES, HISTORY) if getattr(given, option.name) is not None]
    if len(sources) > 1:
        raise PerpcalcError(f"excludes {sources[0].flag}: give the rate once").at(sources[1].flag)
    if given.index is not None and sources and sources[0] is not RATE:
        raise PerpcalcError(f"excludes {sources[0].flag}: give the rate once").at(INDEX.flag)
    if needed and not sources and given.index is None:
        raise PerpcalcError("is missing: give --rate, --premium, --premium-samples, --history or --index").at(RATE.flag)
    for option in (FOR, INTERVALS):
        if getattr(given, option.name) is not None and given.history is not None:
            raise PerpcalcError("excludes --history: the file says how many payments there were").at(option.flag)
    if getattr(given, "for") is not None and given.intervals is not None:
        raise PerpcalcError("excludes --for: give one of them").at(INTERVALS.flag)
    if given.interval is not None and not given.interval:
        raise PerpcalcError("is out of range: give a duration above 0").at(INTERVAL.flag)


def charge_of(case: Case, given: Given, notes: list[str]) -> Charge:
    """The funding that the options ask for."""
    rule = case.instrument.funding
    interval: Decimal | None = given.interval or (rule.interval if rule else None)
    if given.history is not None:
        return _past(case, given, interval, notes)
    if case.mark is None:
        raise PerpcalcError("is missing: the payment is a share of the value at the mark").at(MARK.flag)
    average = given.premium
    if given.premium_samples is not None:
        from perpcalc.cli.funding_files import average_premium

        average = average_premium(given.premium_samples, rule, interval, notes)
    elif given.rate is None and average is None:
        average = premium(case.mark, given.index)
    per_interval = (
        given.rate if average is None else funding_rate(rule, average, interval, case.instrument.rounding.funding_rate)
    )
    intervals = given.intervals
    if intervals is None:
        if interval is None:
            raise PerpcalcError("is missing: give the time between payments, as in 8h, or a --venue").at(INTERVAL.flag)
        held = getattr(given, "for")
        intervals = intervals_in(DAY if held is None else held, interval, bool(rule and rule.continuous))
        if held is not None and not intervals and held:
            notes.append(f"--for: shorter than one interval of {plain(interval / 60)} h, so no payment falls due")
    quoted = _rate_interval(given, rule, interval)
    periods = interval / quoted if interval and quoted else ONE
    payment = funding_payment(case.instrument, case.side, case.contracts, per_interval, case.mark, given.index, periods)
    return Charge(case.mark, average, per_interval, interval, quoted, intervals, payment, payment * intervals)


def _rate_interval(given: Given, rule: FundingRule | None, interval: Decimal | None) -> Decimal | None:
    """The time a rate is quoted for: the interval, unless the venue's rule says otherwise."""
    return rule.rate_interval if rule and rule.rate_interval and given.interval is None else interval


def _past(case: Case, given: Given, interval: Decimal | None, notes: list[str]) -> Charge:
    from perpcalc.cli.funding_files import read_history

    history = read_history(given.history, interval, notes)
    quoted = _rate_interval(given, case.instrument.funding, interval)
    periods = interval / quoted if interval and quoted else ONE
    charged = [(past.rate, past.mark) for past in history]
    total = total_of_history(case.instrument, case.side, case.contracts, charged, periods)
    rates = [past.rate for past in history]
    mark = case.mark or history[-1].mark
    return Charge(mark, None, sum(rates, ZERO) / len(rates), interval, quoted, Decimal(len(rates)), None, total)


def row(case: Case, charge: Charge, wallet: Account | None = None, index: int = 0) -> Row:
    """The answer for one position, in the wallet of its account or in one of its own."""
    instrument, margin = case.instrument, case.margin
    before = after = None
    remaining: Decimal | None = None
    reason = None
    known = case.position is not None and margin is not None and case.schedule is not None
    if known and margin is not None:
        holding = case.holding()
        wallet = wallet or account(margin.usable, [holding])
        before = liquidation(wallet, index, holding, charge.mark, by_mark=False)
        poorer = wallet._replace(collateral=wallet.collateral - charge.total, constant=wallet.constant - charge.total)
        after = liquidation(poorer, index, holding, charge.mark, by_mark=False)
        continuous = bool(instrument.funding and instrument.funding.continuous)
        payment = charge.payment if charge.payment is not None else charge.total / charge.intervals
        remaining = intervals_to_liquidation(wallet, payment, holding.ratio / charge.mark, continuous)
        reason = after.reason or before.reason
    elif case.position is not None and margin is not None:
        reason = case.unknown_schedule()
    return Row(
        {
            **case.identity(),
            "mark_price": charge.mark,
            "position_value": coin_value(instrument, case.contracts, charge.mark),
            "premium": charge.premium,
            "rate": charge.rate,
            "interval_hours": None if charge.interval is None else charge.interval / 60,
            "intervals": charge.intervals,
            "payment": charge.payment,
            "total": charge.total,
            "total_usd": charge.total * charge.mark,
            "apr": None if charge.rate_interval is None else annual_rate(case.side, charge.rate, charge.rate_interval),
            "apy": None if charge.rate_interval is None else annual_yield(case.side, charge.rate, charge.rate_interval),
            "margin_share": None if margin is None else charge.total / margin.coin,
            "liquidation_price": before and before.liquidation_price,
            "liquidation_price_after": after and after.liquidation_price,
            "intervals_to_liquidation": remaining,
            "reason": reason,
        },
        coin=instrument.currency,
        price_places=price_places(instrument, charge.mark),
        never=frozenset({"liquidation_price", "liquidation_price_after", "intervals_to_liquidation"})
        if known
        else frozenset(),
    )


COMMAND = Command(
    "funding-cost",
    "What funding costs over a time: per payment, in all, per year, as a share of the margin, and how it moves the liquidation price.",
    "perpcalc funding-cost --venue bybit --side long -n 10k --entry 62500 --mark 63000 --rate 0.01% --for 3d --leverage 10",
    (*POSITION, PORTFOLIO, MARK, RATE, PREMIUM, SAMPLES, HISTORY, INDEX, FOR, INTERVALS, INTERVAL, EXACT, *OUTPUT),
    answer,
)
