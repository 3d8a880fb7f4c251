"""`perpcalc funding-cost`: what holding a position costs in funding, and how it moves the liquidation price."""

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.cli.case import IDENTITY, Case, case_of, is_portfolio, price_places
from perpcalc.cli.command import Command
from perpcalc.cli.options import EXACT, MARK, OUTPUT, PORTFOLIO, POSITION, Given, Option
from perpcalc.core.funding import (
    accrued_rate,
    after_paying,
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
from perpcalc.core.liquidation import Ends, ends, liquidation
from perpcalc.core.rules import DAY, FundingRule
from perpcalc.core.wallet import Holding, Wallet, wallet_of
from perpcalc.decimals import ONE, ZERO, count, duration, plain, positive, rate
from perpcalc.errors import PerpcalcError
from perpcalc.render.report import Report, Row
from perpcalc.render.text import Value

if TYPE_CHECKING:
    from perpcalc.cli.funding_files import History, Samples
    from perpcalc.cli.positions import Held
    from perpcalc.portfolio import Portfolio

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

    @property
    def per_interval(self) -> Decimal:
        """One payment, over a history the mean of them."""
        return self.total / self.intervals if self.payment is None else self.payment


class Files(NamedTuple):
    """The files that the options name, as read."""

    samples: "Samples | None" = None
    history: "History | None" = None


class Payer(NamedTuple):
    """The wallet that pays: an account with the funding of all its positions, or a position's own margin.

    `before` and `after` are where an account lives, `None` where each position is asked by itself.
    """

    wallet: Wallet
    place: int
    holding: Holding
    per_interval: Decimal
    total: Decimal
    before: Ends | None = None
    after: Ends | None = None


def answer(given: Given) -> Report:
    """What funding costs the position that the options describe."""
    if is_portfolio(given):
        return _of_portfolio(given)
    check_sources(given)
    case = case_of(given)
    notes = list(case.notes)
    charge = charge_of(case, given, read_files(given), notes)
    case = _at_rate(case, charge)
    made = _explained(row(case, charge, _own_payer(case, charge)), case, charge, given)
    return Report("Funding", KINDS, [made], notes=list(dict.fromkeys(notes)))


def _of_portfolio(given: Given) -> Report:
    from perpcalc.cli.positions import held_positions, in_file, notes_of, totals

    check_sources(given, needed=False)
    portfolio, held = held_positions(given)
    for option in (INDEX, HISTORY):
        check_one_coin(given, option, held)
    files = read_files(given)
    notes = notes_of(held)
    charges: list[Charge | None] = []
    for place, one in enumerate(held):
        try:
            charge = _held_charge(one, given, files, notes)
        except PerpcalcError as error:
            raise in_file(error, one.where, given.portfolio) from None
        charges.append(charge)
        held[place] = one if charge is None else one._replace(case=_at_rate(one.case, charge))
    payers = _account_payers(portfolio, held, charges, given.portfolio, notes)
    rows = []
    for place, (one, charge) in enumerate(zip(held, charges, strict=True)):
        if charge is None:
            rows.append(_unknown(one.case))
            continue
        payer = payers[place] if place in payers else _own_payer(one.case, charge)
        rows.append(_explained(row(one.case, charge, payer), one.case, charge, given))
    sums = totals(rows, {"total": "cost", "total_usd": "cost_usd"})
    return Report(
        "Funding",
        KINDS,
        rows,
        one=False,
        headline=HEADLINE,
        totals=sums,
        notes=list(dict.fromkeys(notes)),
    )


def check_one_coin(given: Given, option: Option, held: "list[Held]") -> None:
    """Raise PerpcalcError where an option gives a price, or prices, for positions of several coins."""
    coins = sorted({one.case.instrument.currency for one in held})
    if getattr(given, option.name) is not None and len(coins) > 1:
        raise PerpcalcError(f"the portfolio has {len(coins)} coins, {', '.join(coins)}", "ask for each by itself").at(
            option.flag
        )


def _held_charge(one: "Held", given: Given, files: Files, notes: list[str]) -> Charge | None:
    """The funding of a position of a portfolio; None where it has no rate."""
    sourced = any(getattr(given, option.name) is not None for option in (RATE, PREMIUM, SAMPLES, HISTORY, INDEX))
    if not sourced and one.entry.funding_rate is None:
        return None
    options = given if sourced else Given(**{**vars(given), "rate": one.entry.funding_rate})
    return charge_of(one.case, options, files, notes)


def _account_payers(
    portfolio: "Portfolio", held: "list[Held]", charges: list[Charge | None], path: str, notes: list[str]
) -> "dict[int, Payer | str]":
    """For each cross position the wallet of its account, which pays for all in it; or why its liquidation is not known.

    The positions of an account are at one venue, so that their payments fall due together.
    """
    from perpcalc.cli.positions import wallets

    members: dict[str, list[int]] = {}
    for place, one in enumerate(held):
        if one.case.margin is not None and one.case.margin.mode == "cross" and one.entry.account:
            members.setdefault(one.entry.account, []).append(place)
    payers: dict[int, Payer | str] = {}
    for name, places in members.items():
        paying = [charge for place in places if (charge := charges[place]) is not None]
        if 0 < len(paying) < len(places):
            notes.append(f"account {name}: positions without a funding rate pay nothing in what its margin becomes")
        try:
            (found,) = wallets(portfolio, [held[place] for place in places], path)
        except PerpcalcError as error:
            payers.update(dict.fromkeys(places, str(error)))
            continue
        total = sum((charge.total for charge in paying), ZERO)
        per_interval = sum((charge.per_interval for charge in paying), ZERO)
        before = ends(found.account, found.holdings[0])
        after = ends(after_paying(found.account, total), found.holdings[0])
        for place, index in enumerate(places):
            payers[index] = Payer(found.account, place, found.holdings[place], per_interval, total, before, after)
    return payers


def _own_payer(case: Case, charge: Charge) -> "Payer | str | None":
    """The wallet of a position by itself; why its liquidation is not known; None without an entry or a margin."""
    if case.position is None or case.margin is None:
        return None
    if case.schedule is None:
        return case.unknown_schedule().removeprefix("--mmr: ")
    holding = case.holding()
    return Payer(wallet_of(case.margin.usable, [holding]), 0, holding, charge.per_interval, charge.total)


def _at_rate(case: Case, charge: Charge) -> Case:
    """The case at the rate that is charged: where a rate against the position adds to its maintenance margin, this one does."""
    return case if charge.payment is None else case._replace(funding_rate=charge.rate)


def _unknown(case: Case) -> Row:
    values: dict[str, Value] = {**dict.fromkeys(KINDS), **case.identity(), "mark_price": case.mark}
    values["reason"] = "no funding rate: write funding_rate to the position or give --rate"
    return Row(values, case.instrument.currency, price_places(case.instrument, case.mark), case.market.coin_places)


def check_sources(given: Given, needed: bool = True) -> None:
    """Raise PerpcalcError where the rate or the length of the holding is given twice, or the rate not at all."""
    sources = [option for option in (RATE, PREMIUM, SAMPLES, HISTORY) if getattr(given, option.name) is not None]
    if len(sources) > 1:
        raise PerpcalcError(f"excludes {sources[0].flag}", "give the rate once").at(sources[1].flag)
    if given.index is not None and sources and sources[0] is not RATE:
        raise PerpcalcError(f"excludes {sources[0].flag}", "give the rate once").at(INDEX.flag)
    if needed and not sources and given.index is None:
        raise PerpcalcError("is missing", "give --rate, --premium, --premium-samples, --history or --index").at(
            RATE.flag
        )
    for option in (FOR, INTERVALS):
        if getattr(given, option.name) is not None and given.history is not None:
            raise PerpcalcError("excludes --history", "the file says how many payments there were").at(option.flag)
    if getattr(given, "for") is not None and given.intervals is not None:
        raise PerpcalcError("excludes --for", "give one of them").at(INTERVALS.flag)
    if given.interval is not None and not given.interval:
        raise PerpcalcError("is out of range", "give a duration above 0").at(INTERVAL.flag)


def read_files(given: Given) -> Files:
    """The files of samples or past payments, read once for all positions."""
    if given.premium_samples is None and given.history is None:
        return Files()
    from perpcalc.cli.funding_files import read_history, read_samples

    if given.history is not None:
        return Files(history=read_history(given.history))
    return Files(samples=read_samples(given.premium_samples))


def charge_of(case: Case, given: Given, files: Files, notes: list[str]) -> Charge:
    """The funding that the options ask for; what is assumed goes into `notes`."""
    instrument = case.instrument
    rule = instrument.funding
    interval: Decimal | None = given.interval or (rule.interval if rule else None)
    if rule and rule.coin_rate and given.index is None:
        notes.append(f"{instrument.venue} charges rate/index in coin: the mark stands in for the index")
    if files.history is not None:
        return _past(case, files.history, interval, _quoted_for(given, rule, interval), notes)
    if case.mark is None:
        raise PerpcalcError("is missing", "the payment is a share of the value at the mark").at(MARK.flag)
    average, per_interval = _rate(case, case.mark, given, files, interval, notes)
    intervals = given.intervals
    if intervals is None:
        if interval is None:
            raise PerpcalcError("is missing", "give the time between payments, as in 8h, or a --venue").at(
                INTERVAL.flag
            )
        held = getattr(given, "for")
        intervals = intervals_in(DAY if held is None else held, interval, bool(rule and rule.continuous))
        if held is not None and not intervals and held:
            notes.append(f"--for: shorter than one interval of {plain(interval / 60)} h, so no payment falls due")
    quoted = _quoted_for(given, rule, interval)
    periods = interval / quoted if interval and quoted else ONE
    payment = funding_payment(instrument, case.side, case.contracts, per_interval, case.mark, given.index, periods)
    return Charge(case.mark, average, per_interval, interval, quoted, intervals, payment, payment * intervals)


def _rate(
    case: Case, mark: Decimal, given: Given, files: Files, interval: Decimal | None, notes: list[str]
) -> tuple[Decimal | None, Decimal]:
    """The premium, where the rate is made from one, and the rate."""
    if given.rate is not None:
        return None, given.rate
    rule, grid = case.instrument.funding, case.instrument.rounding.funding_rate
    if not {"interest_per_day", "damper", "divisor"} & set(case.market.rules.get("funding", ())):
        notes.append(f"{case.instrument.venue or 'without a venue'}: no rule is known, the premium itself is the rate")
    if files.samples is not None:
        from perpcalc.cli.funding_files import average_premium

        average = average_premium(files.samples, rule, interval, notes)
        if rule is not None and rule.continuous and rule.averaging is None:
            return average, accrued_rate(rule, files.samples.premiums, grid)
    elif given.premium is not None:
        average = given.premium
    else:
        average = premium(mark, given.index)
        if rule is not None and not (rule.continuous and rule.averaging is None):
            notes.append("--index: the premium of this moment stands for the average of the interval")
    of_rule = None if rule is not None and rule.continuous else interval
    return average, funding_rate(rule, average, of_rule, grid)


def _quoted_for(given: Given, rule: FundingRule | None, interval: Decimal | None) -> Decimal | None:
    """The time that a rate is for: one payment's, unless it is made by a rule that says otherwise."""
    if rule is None:
        return interval
    if rule.continuous and given.rate is None and given.history is None:
        return rule.rate_interval or rule.interval
    return rule.rate_interval if rule.rate_interval and given.interval is None else interval


def _past(case: Case, history: "History", interval: Decimal | None, quoted: Decimal | None, notes: list[str]) -> Charge:
    from perpcalc.cli.funding_files import payments_due

    due = payments_due(history, interval, notes)
    periods = interval / quoted if interval and quoted else ONE
    charged = [(past.rate, past.mark) for past in due]
    total = total_of_history(case.instrument, case.side, case.contracts, charged, periods)
    mark = case.mark or due[-1].mark
    mean = sum((past.rate for past in due), ZERO) / len(due)
    return Charge(mark, None, mean, interval, quoted, Decimal(len(due)), None, total)


def row(case: Case, charge: Charge, payer: "Payer | str | None") -> Row:
    """The answer for one position."""
    instrument, margin = case.instrument, case.margin
    before = after = None
    remaining: Decimal | None = None
    reason = payer if isinstance(payer, str) else None
    if isinstance(payer, Payer):
        wallet, place, holding = payer.wallet, payer.place, payer.holding
        by_mark = payer.before is not None
        poorer = after_paying(wallet, payer.total)
        before = liquidation(wallet, place, holding, charge.mark, by_mark, of_wallet=payer.before)
        after = liquidation(poorer, place, holding, charge.mark, by_mark, of_wallet=payer.after)
        continuous = bool(instrument.funding and instrument.funding.continuous)
        remaining = intervals_to_liquidation(wallet, payer.per_interval, holding.ratio / charge.mark, continuous)
        reason = after.reason or before.reason
        if remaining is None and reason is None:
            reason = "funding never uses up the margin: none is paid"
    quoted = charge.rate_interval
    apy = None if quoted is None else annual_yield(case.side, charge.rate, quoted)
    if quoted is not None and apy is None and reason is None:
        reason = "apy: compounded over a year this rate leaves the range of numbers"
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
            "apr": None if quoted is None else annual_rate(case.side, charge.rate, quoted),
            "apy": apy,
            "margin_share": charge.total / margin.coin if margin is not None and margin.coin else None,
            "liquidation_price": before and before.liquidation_price,
            "liquidation_price_after": after and after.liquidation_price,
            "intervals_to_liquidation": remaining,
            "reason": reason,
        },
        coin=instrument.currency,
        price_places=price_places(instrument, charge.mark),
        coin_places=case.market.coin_places,
        never=frozenset({"liquidation_price", "liquidation_price_after", "intervals_to_liquidation"})
        if isinstance(payer, Payer)
        else frozenset(),
    )


def _explained(made: Row, case: Case, charge: Charge, given: Given) -> Row:
    if not given.explain:
        return made
    from perpcalc.cli.explain_funding_cost import steps

    return made._replace(steps=steps(made, case, charge, given))


COMMAND = Command(
    "funding-cost",
    "What funding costs over a time: per payment, in all, per year, as a share of the margin, and how it moves the liquidation price.",
    "perpcalc funding-cost --venue bybit --side long -n 10k --entry 62500 --mark 63000 --rate 0.01% --for 3d --leverage 10",
    (*POSITION, PORTFOLIO, MARK, RATE, PREMIUM, SAMPLES, HISTORY, INDEX, FOR, INTERVALS, INTERVAL, EXACT, *OUTPUT),
    answer,
)
