"""What is in a portfolio: its positions as they are read, and what some command cannot answer for them."""

from collections.abc import Iterator

from perpcalc.answer import Coin, Identified, Price, Rate, Times
from perpcalc.commands.book import book_of, opened
from perpcalc.commands.case import Case
from perpcalc.commands.command import Result, Row
from perpcalc.commands.market import each_once
from perpcalc.commands.positions import unknown
from perpcalc.decimals import plain
from perpcalc.errors import Entry, Key, PerpcalcError
from perpcalc.given import Given
from perpcalc.options import ACCOUNT, CURRENCY, FUNDING_RATE, MARK, PORTFOLIO, STOP, TARGET, VENUE
from perpcalc.portfolio import Portfolio, Position, load, problems
from perpcalc.venues import find


class Listed(Identified):
    """A position of a portfolio, and what stands behind it."""

    title = "Portfolio"
    columns = (
        "name",
        "side",
        "contracts",
        "entry_price",
        "account",
        "instrument",
        "mark_price",
        "margin_mode",
        "margin",
        "leverage",
        "stop_price",
        "target_price",
        "funding_rate",
        "venue",
    )
    sums = ("notional_usd",)

    entry_price: Price | None
    mark_price: Price | None
    margin_mode: str | None
    margin: Coin | None
    leverage: Times | None
    stop_price: Price | None
    target_price: Price | None
    funding_rate: Rate | None


def listing(given: Given) -> Result:
    """The positions of a portfolio, with what is held and known beside them."""
    book = book_of(given)
    notes = [note for case in book.cases for note in case.notes]
    if not book.cases:
        notes.append("the portfolio has no positions")
    notes += [f"price of {coin}: {plain(price)} USD" for coin, price in book.portfolio.prices.items()]
    for account in book.portfolio.accounts:
        where = f" at {account.venue}" if account.venue else ""
        if account.balance is not None:
            notes.append(f"balance of {account.name}{where}: {plain(account.balance)} {account.currency}")
    return Result(Listed, [Row(_listed(case), case.market) for case in book.cases], notes=each_once(notes))


def _listed(case: Case) -> Listed:
    return Listed(
        **case.identity(),
        entry_price=case.position and case.position.entry_price,
        mark_price=case.mark,
        margin_mode=case.margin and case.margin.mode,
        margin=case.margin and case.margin.coin,
        leverage=case.leverage,
        stop_price=case.given[STOP],
        target_price=case.given[TARGET],
        funding_rate=case.funding_rate,
    )


def new_position(portfolio: Portfolio, name: str, account: str | None, given: Given) -> Case:
    """A position that is to be added, as a case; raises PerpcalcError where the file cannot hold it."""
    if account is not None:
        portfolio.account(account)
        for option in given.written((VENUE, CURRENCY)):
            raise PerpcalcError(("excludes ", ACCOUNT.key, ", which has its own"), "leave one out").at(option.key)
    for other in portfolio.positions:
        if other.name == name:
            raise PerpcalcError(f"{name!a} is the name of {other.place}", "give another").at(Key("name"))
    position = Position(Entry(name), name, account, given)
    try:
        (case,) = opened(portfolio._replace(positions=()), [position], Given({})).cases
    except PerpcalcError as error:
        raise type(error)(*error.parts, tuple(place for place in error.places if isinstance(place, Key))) from None
    return case


def faults_of(given: Given) -> list[PerpcalcError]:
    """All that is wrong with a portfolio, so that some command would refuse it."""
    where = given[PORTFOLIO] or ""
    if found := problems(where):
        return list(found)
    portfolio = load(where)
    faults: list[PerpcalcError] = []
    for account in portfolio.accounts:
        if account.venue is not None:
            try:
                find(account.venue)
            except PerpcalcError as error:
                faults.append(error.at(VENUE.key).at(account.place).at(portfolio.where))
    for position in portfolio.positions:
        try:
            opened(portfolio, [position], Given({}))
        except PerpcalcError as error:
            faults.append(error)
    if not faults:
        try:
            opened(portfolio, portfolio.positions, Given({}))
        except PerpcalcError as error:
            faults.append(error)
    return faults


def unanswerable(given: Given) -> Iterator[str]:
    """For each position that some command cannot answer, which and why."""
    for case in book_of(given).cases:
        for commands, why in _lacks(case):
            yield f"{case.place}: {commands} cannot answer: {why}"


def _lacks(case: Case) -> Iterator[tuple[str, str]]:
    reasons: list[str] = []
    if unknown(case.opened, reasons) is None:
        yield "pnl, liq-price, liq-cost, greeks, stress and check", reasons[0]
    elif unknown(case.standing, reasons) is None:
        yield "liq-price, liq-cost, stress and check", reasons[0]
    if case.mark is None:
        yield "funding-cost and stress", f"{MARK.name}: is missing: give it a mark, or its coin a price in [prices]"
    elif FUNDING_RATE not in case.given:
        yield "funding-cost", f"{FUNDING_RATE.name}: is missing: give the rate per interval, or --rate"
