"""The positions of a portfolio as cases, those of an account in the wallet that they share."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from perpcalc.commands.case import Case, Shared, case_of
from perpcalc.commands.market import market_of
from perpcalc.errors import PerpcalcError
from perpcalc.given import Given, Option, check
from perpcalc.options import (
    BALANCE,
    CURRENCY,
    EXACT,
    EXPLAIN,
    LEVERAGE,
    MARGIN,
    MARK,
    PORTFOLIO,
    POSITION,
    POSITION_RULES,
    VENUE,
)
from perpcalc.portfolio import Account, Portfolio, Position, load


class Book(NamedTuple):
    """A portfolio and its positions, in file order."""

    portfolio: Portfolio
    cases: Sequence[Case]

    @property
    def coins(self) -> list[str]:
        """The coins that the positions and the accounts are settled in, sorted."""
        wallets = (account.currency for account in self.portfolio.accounts if account.unified is None)
        return sorted({*(case.instrument.currency for case in self.cases), *wallets})


def is_portfolio(given: Given, but: Iterable[Option[Any]] = ()) -> bool:
    """Whether the answer is for a portfolio; options that describe a position are refused beside one.

    A portfolio that the environment names gives way to them.
    """
    if PORTFOLIO not in given:
        return False
    left_out = {option.name for option in but}
    described = given.written(option for option in POSITION if option.name not in left_out)
    if described and PORTFOLIO.name not in given.filled:
        raise PerpcalcError(("excludes ", PORTFOLIO.key), "it describes a position of its own").at(described[0].key)
    return not described


def book_of(given: Given, prices: Sequence[Option[Any]] = (MARK,)) -> Book:
    """The portfolio that is asked about; raises PerpcalcError naming the file and the entry.

    `prices` are options that give one price for all: they are refused where there are several coins.
    """
    portfolio = load(given[PORTFOLIO] or "")
    book = Book(portfolio, cases_of(portfolio, portfolio.positions, given))
    for option in given.written(prices):
        one_coin(book, option)
    return book


def one_coin(book: Book, option: Option[Any]) -> None:
    """Raise PerpcalcError where an option gives one price for positions of several coins."""
    if len(coins := book.coins) > 1:
        raise PerpcalcError(
            f"the portfolio has {len(coins)} coins, {', '.join(coins)}", "put their prices into [prices]"
        ).at(option.key)


def cases_of(portfolio: Portfolio, positions: Sequence[Position], given: Given) -> list[Case]:
    """Positions as cases, those on cross margin in the wallet of their account."""
    accounts = {account.name: account for account in portfolio.accounts}
    cases = [_case(position, accounts, portfolio, given) for position in positions]
    _same_marks(cases, portfolio)
    members: dict[str, list[int]] = {}
    for index, case in enumerate(cases):
        if case.account is not None and case.margin is not None and case.margin.mode == "cross":
            members.setdefault(case.account, []).append(index)
    for name, indexes in members.items():
        together = [cases[index] for index in indexes]
        shared = Shared(name, together[0].margined().coin, together)
        for number, index in enumerate(indexes):
            cases[index] = cases[index]._replace(shared=shared, number=number)
    return cases


def _case(position: Position, accounts: dict[str, Account], portfolio: Portfolio, given: Given) -> Case:
    try:
        described = _described(position, accounts.get(position.account or ""), portfolio, given)
        check(POSITION_RULES, described)
        case = case_of(described)
    except PerpcalcError as error:
        raise error.at(position.place).at(portfolio.where) from None
    return _in_mode(case, accounts.get(position.account or ""))._replace(
        name=position.name, account=position.account, place=position.place
    )


def _described(position: Position, home: Account | None, portfolio: Portfolio, given: Given) -> Given:
    """What a position and its account say, as if it had been asked about by itself."""
    own = position.given.put(EXACT, given[EXACT]).put(EXPLAIN, given[EXPLAIN])
    if home is not None:
        own = own.put(VENUE, home.venue).put(CURRENCY, home.currency)
        if LEVERAGE not in own and MARGIN not in own:
            own = own.put(BALANCE, home.balance)
    mark = given[MARK] or own[MARK] or portfolio.prices.get(market_of(own).instrument.currency)
    return own.put(MARK, mark)


def _in_mode(case: Case, home: Account | None) -> Case:
    """The case in an account that keeps both sides of a contract (hedge mode), or nets them."""
    hedged = case.instrument.hedge_mode if home is None or home.mode is None else home.mode == "hedge"
    if hedged == case.instrument.hedge_mode:
        return case
    instrument = case.instrument._replace(hedge_mode=hedged)
    position = case.position and case.position._replace(instrument=instrument)
    return case._replace(market=case.market._replace(instrument=instrument), position=position)


def _same_marks(cases: Sequence[Case], portfolio: Portfolio) -> None:
    """Raise PerpcalcError where one contract has two marks."""
    seen: dict[tuple[str | None, str | None], Case] = {}
    for case in cases:
        if case.mark is None or case.instrument.name is None:
            continue
        first = seen.setdefault((case.instrument.venue, case.instrument.name), case)
        if first.mark != case.mark and case.place is not None:
            error = PerpcalcError(f"{first.place} has another mark of the same contract", "give the contract one mark")
            raise error.at(MARK.key).at(case.place).at(portfolio.where)
