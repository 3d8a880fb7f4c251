"""A question of `solve`: what is asked for a position by itself, or for positions of a portfolio in their accounts."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.commands.case import Case, Shared, case_of
from perpcalc.commands.command import Result, Row
from perpcalc.commands.market import each_once
from perpcalc.commands.solved import Solve
from perpcalc.core.backed import Backed
from perpcalc.core.margin import Margin
from perpcalc.core.rules import flat_rate
from perpcalc.core.solve import Goal, Solved
from perpcalc.decimals import ZERO
from perpcalc.errors import PerpcalcError, Words
from perpcalc.given import Given, Needed, Option, check
from perpcalc.options import (
    AVERAGE,
    ENTRY,
    ENTRY_VALUE,
    EQUITY,
    EQUITY_USD,
    EXPLAIN,
    FILL,
    LIQUIDATION,
    MARGIN_RATIO,
    MARK,
    PORTFOLIO,
    POSITION_NAME,
    SIZES,
    TARGET_PNL,
)

if TYPE_CHECKING:
    from perpcalc.core.unified import Sums

GOALS = (LIQUIDATION, MARGIN_RATIO, AVERAGE, TARGET_PNL, EQUITY, EQUITY_USD)
ENTRIES = (ENTRY, ENTRY_VALUE, FILL)
NO_MAINTENANCE = flat_rate(ZERO)


class Subject(NamedTuple):
    """A position to solve for, its question, and what stands behind it: a wallet of one coin, or its account of
    several.

    All of that is None where it is not known, which `unknown` says.
    """

    case: Case
    given: Given
    goal: Goal
    backed: Backed | None
    sums: "Sums | None"
    unknown: PerpcalcError | None

    def known(self) -> Backed:
        """What stands behind the position; raises PerpcalcError where that is not known."""
        if self.backed is None:
            raise self.unknown or PerpcalcError("what stands behind the position is not known", "give it")
        return self.backed


Solving = Callable[[Subject], Sequence[Solved]]
"""What meets the goal of a position: one row, or one for each side."""


class Ask(NamedTuple):
    """What a command of `solve` asks.

    `unit` is that of the value, "coin" the position's own. `unused` are options that say what is asked for; `position`
    reads the position without them. A `maintained` goal needs the maintenance rate.
    """

    answer: type[Solve]
    solve: Solving
    unit: str
    needs: tuple[Needed, ...]
    unused: tuple[Option[object], ...] = ()
    position: Callable[[Given], Case] = case_of
    rows: int = 1
    maintained: Callable[[str], bool] = bool


def solved_by(ask: Ask) -> Callable[[Given], Result]:
    """The function that answers a command of `solve`."""

    def answered(given: Given) -> Result:
        if PORTFOLIO in given:
            from perpcalc.commands.book import is_portfolio

            if is_portfolio(given):
                return _of_portfolio(ask, given)
        check(ask.needs, given)
        notes: list[Words] = [
            (option.key, ": not used, it is what is asked for") for option in given.written(ask.unused)
        ]
        case = ask.position(given)
        subject = _subject(ask, case, given)
        rows = [_row(ask.answer, subject, one) for one in ask.solve(subject)]
        return Result(ask.answer, rows, one=ask.rows == 1, notes=each_once([*case.notes, *notes]))

    return answered


def _of_portfolio(ask: Ask, given: Given) -> Result:
    """The positions of a portfolio, or the one that is named, each with its whole account."""
    from perpcalc.commands.book import loaded, one_coin, opened

    portfolio = loaded(given)
    asked = portfolio.positions
    name = given[POSITION_NAME]
    if name is not None:
        try:
            position = portfolio.position(name)
        except PerpcalcError as error:
            raise error.at(POSITION_NAME.key) from None
        home = position.account
        asked = tuple(one for one in asked if one is position or (home is not None and one.account == home))
    book = opened(portfolio, asked, given)
    if MARK in given:
        one_coin(book, MARK)
    goal = _goal(given)
    rows: list[Row] = []
    for entry in book.entries:
        if name is not None and entry.name != name:
            continue
        if not isinstance(entry, Case):
            reason = "a linear leg: solve for an inverse position"
            unsolved = Solved(*goal, None, _unit(ask, entry.leg.coin), reason=reason)
            rows += [Row(ask.answer.knowing(**entry.identity(), **unsolved._asdict()))] * ask.rows
            continue
        try:
            rows += _of_position(ask, entry, given, alone=name is not None)
        except PerpcalcError as error:
            raise error.at(portfolio.where) from None
    notes = [*book.notes, *(note for case in book.cases for note in case.notes)]
    return Result(ask.answer, rows, notes=each_once(notes))


def _of_position(ask: Ask, case: Case, given: Given, alone: bool) -> list[Row]:
    """The rows of a position; what cannot be answered is a reason, unless it is the only one asked about."""
    try:
        subject = _subject(ask, case, given.over(case.given))
        found = ask.solve(subject)
    except PerpcalcError as error:
        if alone:
            raise (error if case.place is None or case.place in error.places else error.at(case.place)) from None
        subject = Subject(case, given, _goal(given), None, None, error)
        unit = _unit(ask, case.instrument.currency)
        found = [Solved(*subject.goal, None, unit, reason=error.line())] * ask.rows
    return [_row(ask.answer, subject, one) for one in found]


def _unit(ask: Ask, coin: str) -> str:
    return coin if ask.unit == "coin" else ask.unit


def _goal(given: Given) -> Goal:
    """The goal that is given; the rules see to it that there is one."""
    (goal,) = (option for option in GOALS if option in given)
    value = given[goal]
    assert value is not None
    return Goal(goal.name, value)


def _subject(ask: Ask, case: Case, given: Given) -> Subject:
    goal = _goal(given)
    try:
        if case.is_unified:
            from perpcalc.commands.unified import UnifiedShared

            assert isinstance(case.shared, UnifiedShared)
            return Subject(case, given, goal, None, case.shared.sums, None)
        return Subject(case, given, goal, _backed(case, ask.maintained(goal.name)), None, None)
    except PerpcalcError as error:
        return Subject(case, given, goal, None, None, error)


def _backed(case: Case, maintained: bool) -> Backed:
    """A position with its margin, or with the balance of its account and all else that this holds."""
    if isinstance(case.shared, Shared):
        shared = case.shared if maintained else case.shared.of([_unmaintained(one) for one in case.shared.cases])
        own, margin = case.number, Margin("cross", shared.balance, shared.balance)
        others = (*shared.holdings[:own], *shared.holdings[own + 1 :])
        return Backed(shared.holdings[own], margin, others, case.mark)
    alone = case if maintained else _unmaintained(case)
    return Backed(alone.holding(), alone.margined(), mark=case.mark)


def _unmaintained(case: Case) -> Case:
    """The case where its maintenance rate is not known and does not matter."""
    return (
        case if case.rules.schedule is not None else case._replace(rules=case.rules._replace(schedule=NO_MAINTENANCE))
    )


def _row(answer: type[Solve], subject: Subject, found: Solved) -> Row:
    case, identity = subject.case, subject.case.identity()
    if case.place is None and not any(option in subject.given for option in SIZES):
        identity = {**identity, "contracts": None, "notional_usd": None}
    has_entry = case.place is not None or any(option in subject.given for option in ENTRIES)
    entry = case.position.entry_price if case.position is not None and has_entry else None
    made = answer(**identity, entry_price=entry, mark_price=case.mark, **found._asdict())
    known = found.value is not None and found.margin_ratio_after is not None
    row = Row(made.never_where(*(["liquidation_price_after"] if known else [])), case.market, case.order)
    if EXPLAIN not in subject.given:
        return row
    from perpcalc.commands.tracing import with_names, with_position_after

    return row._replace(answer=with_position_after(with_names(made, case), case, found))
