"""What is in a portfolio: its positions as they are read, and what some command cannot answer for them."""

from collections.abc import Iterator
from typing import NamedTuple

from perpcalc.answer import Coin, Identified, Price, Rate, Times
from perpcalc.commands.book import book_of, opened
from perpcalc.commands.case import UNIFIED, Case
from perpcalc.commands.command import Result, Row
from perpcalc.commands.legs import LegCase
from perpcalc.commands.market import each_once, forbidden_leverage
from perpcalc.commands.positions import unknown
from perpcalc.decimals import ZERO, fixed, places
from perpcalc.errors import Entry, Key, PerpcalcError
from perpcalc.files import read
from perpcalc.given import Given
from perpcalc.options import ACCOUNT, CURRENCY, EXPLAIN, FUNDING_RATE, MARK, STOP, TARGET, VENUE
from perpcalc.portfolio import Portfolio, Position
from perpcalc.portfolio.reading import parse, problems_in, sound_in
from perpcalc.venues import find


class Listed(Identified):
    """A position of a portfolio, and what stands behind it."""

    title = "Portfolio"
    columns = (
        "name",
        "side",
        "contracts",
        "notional_usd",
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
    if not book.entries:
        notes.append("the portfolio has no positions")
    rows = [_row(one, given) for one in book.entries]
    return Result(Listed, rows, notes=each_once(notes), below=[*_held(book.portfolio)])


def _row(one: Case | LegCase, given: Given) -> Row:
    if not isinstance(one, Case):
        return Row(_listed_leg(one))
    if EXPLAIN in given:
        from perpcalc.commands.tracing import with_names

        return Row(with_names(_listed(one), one), one.market, one.order)
    return Row(_listed(one), one.market, one.order)


def _held(portfolio: Portfolio) -> Iterator[str]:
    """The prices and the balances of a portfolio, a line each."""
    for coin, price in portfolio.prices.items():
        yield f"price of {coin}: {fixed(price, max(2, places(price)))} USD"
    for account in portfolio.accounts:
        where = f" ({account.venue})" if account.venue else ""
        held = {account.currency: account.balance or ZERO} if account.unified is None else account.unified.balances
        for coin, amount in held.items():
            yield f"balance of {account.name}{where}: {fixed(amount, max(8, places(amount)))} {coin}"
    for holding in portfolio.holdings:
        yield f"held outside: {fixed(holding.amount, max(8, places(holding.amount)))} {holding.coin}"


def _listed(case: Case) -> Listed:
    return Listed(
        **case.identity(),
        entry_price=case.position and case.position.entry_price,
        mark_price=case.mark,
        margin_mode=case.margin_mode,
        margin=case.margin and case.margin.coin,
        leverage=case.leverage,
        stop_price=case.given[STOP],
        target_price=case.given[TARGET],
        funding_rate=case.funding_rate,
    )


def _listed_leg(leg: LegCase) -> Listed:
    return Listed.knowing(
        **leg.identity(),
        entry_price=leg.leg.entry,
        mark_price=leg.mark,
        margin_mode=None if leg.shared is None else UNIFIED,
        stop_price=leg.given[STOP],
        target_price=leg.given[TARGET],
        funding_rate=leg.given[FUNDING_RATE],
    )


def new_position(portfolio: Portfolio, name: str, account: str | None, given: Given) -> Case:
    """A position that is to be added, as a case; raises PerpcalcError where the file cannot hold it."""
    if account is not None:
        try:
            portfolio.account(account)
        except PerpcalcError as error:
            raise error.at(ACCOUNT.key) from None
        for option in given.written((VENUE, CURRENCY)):
            raise PerpcalcError(("excludes ", ACCOUNT.key, ", which has its own"), "leave one out").at(option.key)
    for number, other in enumerate(portfolio.positions, 1):
        if other.name == name:
            raise PerpcalcError(f"{name!a} is the name of position {number}", "give another").at(Key("name"))
    position = Position(Entry(name), name, account, given)
    try:
        (case,) = opened(portfolio._replace(positions=()), [position], Given({})).cases
    except PerpcalcError as error:
        keys = tuple(place for place in error.places if place not in (name, portfolio.where))
        raise type(error)(*error.parts, keys) from None
    if (forbidden := forbidden_leverage(case.given, case.instrument, case.position)) is not None:
        raise forbidden
    return case


class Examined(NamedTuple):
    """All that is wrong with a portfolio, and of one that some command takes what others cannot answer."""

    faults: list[PerpcalcError]
    notes: list[str]


def examined(path: str) -> Examined:
    """What is wrong with a portfolio, so that some command would refuse it, and what is lacking; it is read once."""
    try:
        source = read(path)
    except PerpcalcError as error:
        return Examined([error], [])
    if found := problems_in(source):
        return Examined([*found, *_faults(sound_in(source))], [])
    portfolio = parse(source.raw, source.where)
    faults = list(_faults(portfolio))
    return Examined(faults, [] if faults else list(_unanswerable(portfolio)))


def _faults(portfolio: Portfolio) -> Iterator[PerpcalcError]:
    """What is wrong with accounts and positions, each by itself, else with all of them together."""
    none = True
    for account in portfolio.accounts:
        if account.venue is not None:
            try:
                find(account.venue)
            except PerpcalcError as error:
                none = False
                yield error.at(VENUE.key).at(account.place).at(portfolio.where)
    for position in portfolio.positions:
        try:
            opened(portfolio, [position], Given({}))
        except PerpcalcError as error:
            none = False
            yield error
    if none:
        try:
            opened(portfolio, portfolio.positions, Given({}))
        except PerpcalcError as error:
            yield error


def _unanswerable(portfolio: Portfolio) -> Iterator[str]:
    """The positions whose leverage their venue forbids, and those that some command cannot answer, which and why: what
    is so for several once.
    """
    lacking: dict[tuple[str, str], list[str]] = {}
    for case in opened(portfolio, portfolio.positions, Given({})).cases:
        if (forbidden := forbidden_leverage(case.given, case.instrument, case.position)) is not None:
            yield f"{case.place}, {forbidden.line()}"
        for lack in _lacks(case):
            lacking.setdefault(lack, []).append(str(case.place))
    for (commands, why), these in lacking.items():
        yield f"{', '.join(these)}: {commands} cannot answer: {why}"


def _lacks(case: Case) -> Iterator[tuple[str, str]]:
    reasons: list[str] = []
    if unknown(case.opened, reasons) is None:
        yield "pnl, liq-price, liq-cost, greeks, stress and check", reasons[0]
    elif unknown(case.holding, reasons) is None or unknown(case.standing, reasons) is None:
        yield "liq-price, liq-cost, stress and check", reasons[0]
    if case.mark is None:
        yield "funding-cost and stress", f"{MARK.name}: is missing: give it a mark, or its coin a price in [prices]"
    elif FUNDING_RATE not in case.given:
        yield "funding-cost", f"{FUNDING_RATE.name}: is missing: give the rate per interval, or rate"
