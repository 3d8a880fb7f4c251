"""What a replay takes along the bars: positions in their wallet, under the venue's rules of each day."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.commands.case import Case
from perpcalc.commands.charges import is_funded
from perpcalc.commands.market import MarginRules, known_fee, margin_rules, market_of
from perpcalc.core.instrument import Instrument
from perpcalc.core.moments import iso, moment
from perpcalc.core.passage import Change, Leg, Run
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ONE, ZERO
from perpcalc.errors import PerpcalcError, Words
from perpcalc.given import Given
from perpcalc.options import EXIT_FEE, MARK, STOP, VENUE
from perpcalc.readers.sheet import fold
from perpcalc.venues import contract_of, dated_rules, load


class Ruled(NamedTuple):
    """A run, and the days on which a rule of its venue changes, each with what is to be said of it."""

    run: Run
    days: Sequence[tuple[int, str]]


def of_day(spec: str | None, time: int) -> str | None:
    """A venue under the rules of a moment's day, unless it is fixed to those of another.

    >>> of_day("bybit", 0), of_day("bybit@2024-06-01", 0)
    ('bybit@1970-01-01', 'bybit@2024-06-01')
    """
    return spec if spec is None or "@" in spec else f"{spec}@{iso(time)[:10]}"


def run_of(
    cases: Sequence[Case],
    given: Given,
    fixed: bool,
    time: int,
    of_bars: str | None,
    periods: Decimal,
    notes: list[Words],
) -> Ruled:
    """The run that positions in one wallet make from a moment on; `of_bars` is the contract that the bars are of.

    With `fixed` no rule changes on the way. Raises PerpcalcError where something of a position is not known.
    """
    reference = _reference(cases, of_bars)
    legs: list[Leg] = []
    changes: list[Change] = []
    days: dict[int, str] = {}
    for number, case in enumerate(cases):
        try:
            legs.append(leg_of(case, given, case.holding(_ratio(case, reference)), notes))
        except PerpcalcError as error:
            raise case.placed(error) from None
        if not fixed:
            changes += _changes(case, number, time)
    for case in [] if fixed else cases:
        days.update(_days(case, time))
    margin = cases[0].margined()
    return Ruled(
        Run(margin, tuple(legs), tuple(sorted(changes, key=lambda one: one.time)), periods), sorted(days.items())
    )


def leg_of(case: Case, given: Given, holding: Holding, notes: list[Words]) -> Leg:
    """A position as it goes along the bars, with its stop and the fee of that."""
    asked = given.over(case.given)
    stop = asked[STOP]
    fee = known_fee(asked, EXIT_FEE, case.instrument, notes) if stop is not None else ZERO
    return Leg(holding, stop, fee, is_funded(case))


def without_later_changes(case: Case) -> tuple[Words, ...]:
    """The notes of a position under the rules of a day, without those on what the venue changed after it."""
    spec = case.instrument.venue
    if spec is None:
        return case.notes
    venue = load(spec.partition("@")[0])
    later = {f"{spec}: {change['text']}" for change in venue.tables.get("changes", ())}
    return tuple(note for note in case.notes if note not in later)


def _reference(cases: Sequence[Case], of_bars: str | None) -> Case:
    """The position whose contract the bars are of: by its name, else the first perpetual, else the first."""
    named = (case for case in cases if of_bars is not None and fold(case.instrument.name) == fold(of_bars))
    return next(named, next((case for case in cases if is_funded(case)), cases[0]))


def _ratio(case: Case, reference: Case) -> Decimal:
    """The mark of a position over that of the contract that the bars are of."""
    if case.instrument.name == reference.instrument.name:
        return ONE
    if case.mark is None or reference.mark is None:
        raise PerpcalcError("is missing: the account holds several contracts", "give each a mark").at(MARK.key)
    return case.mark / reference.mark


def _days(case: Case, time: int) -> Iterator[tuple[int, str]]:
    """What the venue is known to have changed after a moment, on days that may be in the replay."""
    spec = case.instrument.venue
    if spec is not None:
        venue = load(spec.partition("@")[0])
        for change in venue.tables.get("changes", ()):
            if (at := moment(str(change["date"])).time) > time:
                yield at, f"{venue.name}: {change['text']}"


def _changes(case: Case, leg: int, time: int) -> Iterator[Change]:
    """The rules that come for a position after a moment, where they tell when it is liquidated or what a close
    brings.
    """
    spec = case.instrument.venue
    if spec is None:
        return
    venue = load(spec.partition("@")[0])
    symbol = contract_of(venue, case.instrument.name)[0]
    dates = {str(one.rule["from"]) for one in dated_rules(venue) if one.instrument in (None, symbol)}
    cross = case.margined().mode == "cross"
    before = _of_rules(case.instrument, case.rules)
    for date in sorted(dates):
        at = moment(date).time
        if at <= time:
            continue
        instrument = market_of(case.given.put(VENUE, f"{venue.name}@{date}")).instrument
        instrument = instrument._replace(hedge_mode=case.instrument.hedge_mode)
        rules = margin_rules(case.given, instrument, cross)
        if rules.schedule is not None and (now := _of_rules(instrument, rules)) != before:
            before = now
            yield Change(at, leg, instrument, rules.schedule, rules.closing_fee)


def _of_rules(instrument: Instrument, rules: MarginRules) -> tuple[object, ...]:
    """What of a venue's rules a replay goes by."""
    return rules, instrument.rounding, instrument.tick, instrument.max_price, instrument.least_closing
