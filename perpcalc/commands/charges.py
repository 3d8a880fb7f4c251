"""What funding is charged: the rate from what is given, the payments of a time, those of the past."""

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.commands.case import Case
from perpcalc.commands.market import Market
from perpcalc.core.funding import (
    accrued_rate,
    funding_payment,
    funding_rate,
    intervals_in,
    premium,
)
from perpcalc.core.rules import DAY, FundingRule
from perpcalc.decimals import ONE, plain
from perpcalc.errors import PerpcalcError, Words
from perpcalc.given import Given, Option
from perpcalc.options import (
    COIN_RATE,
    EXPIRES,
    FOR,
    FUNDING_RATE,
    HISTORY,
    INDEX,
    INSTRUMENT,
    INTERVAL,
    INTERVALS,
    MARK,
    PREMIUM,
    RATE,
    SAMPLES,
    VENUE,
)

if TYPE_CHECKING:
    from perpcalc.readers.funding import History, Premiums

SOURCES = (RATE, COIN_RATE, PREMIUM, SAMPLES, HISTORY, INDEX)


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

    samples: "Premiums | None" = None
    history: "History | None" = None


def read_files(given: Given) -> Files:
    """The files of samples or past payments, read once for all positions."""
    if (history := given[HISTORY]) is not None:
        from perpcalc.readers.funding import read_history

        return Files(history=read_history(history))
    if (samples := given[SAMPLES]) is not None:
        from perpcalc.readers.funding import read_samples

        return Files(samples=read_samples(samples))
    return Files()


def charge_of(case: Case, given: Given, files: Files, notes: list[Words]) -> Charge | None:
    """The funding that is asked for, else that of the position's own rate; None where there is neither.

    What is assumed goes into `notes`.
    """
    source: Option[object] = FUNDING_RATE
    for option in SOURCES:
        if option in given:
            source = option
            break
    if source is FUNDING_RATE and case.funding_rate is None:
        return None
    if case.instrument.funding is None and not is_funded(case):
        place = EXPIRES if EXPIRES in case.given else INSTRUMENT
        raise PerpcalcError("a contract that expires pays no funding", "ask of a perpetual").at(place.key)
    asked = given.put(RATE, given[FUNDING_RATE]) if source is FUNDING_RATE else given
    rule, interval = case.instrument.funding, interval_of(asked, case.market)
    if rule and rule.coin_rate and INDEX not in given and COIN_RATE not in given:
        notes.append(f"{case.instrument.venue} charges rate/index in coin: the mark stands in for the index")
    if files.history is not None:
        return _past(case, asked, files.history, notes)
    if case.mark is None:
        raise PerpcalcError("is missing", "the payment is a share of the value at the mark").at(MARK.key)
    average, rate = _rate(case, case.mark, asked, files, interval, notes)
    check_cap(rate, source, case.market, interval)
    intervals = _intervals(asked, rule, interval, notes)
    quoted = quoted_for(asked, rule, interval)
    periods = interval / quoted if interval and quoted else ONE
    payment = funding_payment(case.instrument, case.side, case.contracts, rate, case.mark, asked[INDEX], periods)
    return Charge(case.mark, average, rate, interval, quoted, intervals, payment, payment * intervals)


def is_funded(case: Case) -> bool:
    """Whether a position pays funding: one in a contract that expires does not."""
    if EXPIRES in case.given:
        return False
    spec = case.instrument.venue
    if spec is None:
        return True
    from perpcalc.venues import contract_of, load

    return not contract_of(load(spec.partition("@")[0]), case.instrument.name)[2]


def interval_of(given: Given, market: Market) -> Decimal | None:
    """The time between payments, in minutes: as given, else the venue's."""
    interval = given[INTERVAL]
    if interval is not None and not interval:
        raise PerpcalcError("is out of range", "give a duration above 0").at(INTERVAL.key)
    rule = market.instrument.funding
    return interval or (rule.interval if rule else None)


def check_cap(rate: Decimal, option: Option[object], market: Market, interval: Decimal | None) -> None:
    """Raise PerpcalcError for a rate beyond the venue's known cap."""
    rule = market.instrument.funding
    if rule is None or rule.cap is None or interval not in (None, rule.interval) or abs(rate) <= rule.cap:
        return
    from perpcalc.venues.facts import beyond_cap

    if (why := beyond_cap(market.instrument, rate)) is not None:
        raise PerpcalcError(why, f"give at most {plain(rule.cap * 100)}%").at(option.key)


def quoted_for(given: Given, rule: FundingRule | None, interval: Decimal | None) -> Decimal | None:
    """The time that a rate is for: one payment's, unless it is made by a rule that says otherwise."""
    if rule is None:
        return interval
    if rule.continuous and RATE not in given and HISTORY not in given:
        return rule.rate_interval or rule.interval
    return rule.rate_interval if rule.rate_interval and INTERVAL not in given else interval


def _intervals(given: Given, rule: FundingRule | None, interval: Decimal | None, notes: list[Words]) -> Decimal:
    if (intervals := given[INTERVALS]) is not None:
        return intervals
    if interval is None:
        raise PerpcalcError("is missing", ("give the time between payments, as in 8h, or a ", VENUE.key)).at(
            INTERVAL.key
        )
    held = given[FOR]
    made = intervals_in(DAY if held is None else held, interval, bool(rule and rule.continuous))
    if held and not made:
        notes.append((FOR.key, f": shorter than one interval of {plain(interval / 60)} h, so no payment falls due"))
    return made


def _rate(
    case: Case, mark: Decimal, given: Given, files: Files, interval: Decimal | None, notes: list[Words]
) -> tuple[Decimal | None, Decimal]:
    """The premium, where the rate is made from one, and the rate."""
    if (rate := given[RATE]) is not None:
        return None, rate
    if (coin_rate := given[COIN_RATE]) is not None:
        index = given[INDEX]
        return None, coin_rate * (mark if index is None else index) / case.instrument.contract_size
    rule, grid = case.instrument.funding, case.instrument.rounding.funding_rate
    if not {"interest_per_day", "damper", "divisor"} & set(case.market.rules.get("funding", ())):
        notes.append(f"{case.instrument.venue or 'without a venue'}: no rule is known, the premium itself is the rate")
    if files.samples is not None:
        from perpcalc.core.past_funding import average_premium

        try:
            average, assumed = average_premium(files.samples.samples, rule, interval)
        except PerpcalcError as error:
            raise error.at(files.samples.where) from None
        notes.extend(f"{files.samples.where}: {note}" for note in (*files.samples.notes, *assumed))
        if rule is not None and rule.continuous and rule.averaging is None:
            return average, accrued_rate(rule, files.samples.samples.premiums, grid)
    elif (given_premium := given[PREMIUM]) is not None:
        average = given_premium
    else:
        index = given[INDEX]
        assert index is not None  # one of the sources is given
        average = premium(mark, index)
        if rule is not None and not (rule.continuous and rule.averaging is None):
            notes.append((INDEX.key, ": the premium of this moment stands for the average of the interval"))
    of_rule = None if rule is not None and rule.continuous else interval
    return average, funding_rate(rule, average, of_rule, grid)


class Spacing(NamedTuple):
    """The time between past payments, and that which each rate is for, in minutes; None where it is not known."""

    interval: Decimal | None
    quoted: Decimal | None

    @property
    def periods(self) -> Decimal:
        """How many times its rate a payment covers."""
        return self.interval / self.quoted if self.interval and self.quoted else ONE


def spacing_of(given: Given, market: Market, history: "History") -> Spacing:
    """How the payments of a history are spaced: as given, as the file says, as the venue does."""
    interval = (None if INTERVAL in given else history.per) or interval_of(given, market)
    return Spacing(interval, history.per or quoted_for(given, market.instrument.funding, interval))


def said_of(history: "History", spacing: Spacing) -> list[Words]:
    """What was assumed in reading a history, and the gaps in it; raises PerpcalcError for payments that come too
    fast.
    """
    from perpcalc.core.moments import MINUTE
    from perpcalc.core.past_funding import said_of_gaps

    gaps: list[str] = []
    if spacing.interval is not None:
        times = [payment.time for payment in history.payments]
        try:
            gaps = said_of_gaps(times, history.places, int(spacing.interval * MINUTE))
        except PerpcalcError as error:
            raise error.at(history.where) from None
    return [f"{history.where}: {note}" for note in (*history.notes, *gaps)]


def _past(case: Case, given: Given, history: "History", notes: list[Words]) -> Charge:
    """The payments of a history, each rounded as the venue does; the rate is their mean."""
    from perpcalc.core.past_funding import mean_rate, total_of

    payments, spacing = history.payments, spacing_of(given, case.market, history)
    notes += said_of(history, spacing)
    try:
        total = total_of(case.instrument, case.side, case.contracts, payments, case.mark, spacing.periods)
    except PerpcalcError as error:
        raise error.at(history.where) from None
    if any(payment.mark is None and payment.coin_rate is None for payment in payments):
        notes.append((f"{history.where}: has no marks: ", MARK.key, " stands for all"))
    mark = case.mark or next((payment.mark for payment in reversed(payments) if payment.mark is not None), None)
    if mark is None:
        raise PerpcalcError("is missing", "give the price that the total is valued at").at(MARK.key)
    return Charge(
        mark, None, mean_rate(payments), spacing.interval, spacing.quoted, Decimal(len(payments)), None, total
    )
