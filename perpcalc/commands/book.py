"""The positions of a portfolio as cases, those of an account in the wallet that they share."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.commands.case import Case, Shared, case_of
from perpcalc.commands.market import Market, margin_rules, market_of
from perpcalc.commands.trades import contract_of
from perpcalc.decimals import ONE, ZERO
from perpcalc.errors import PerpcalcError, Words
from perpcalc.given import Given, Option, Shapes, check_shape
from perpcalc.options import (
    BALANCE,
    CURRENCY,
    EXACT,
    EXIT,
    EXPLAIN,
    INSTRUMENT,
    LEVERAGE,
    LINEAR,
    MARGIN,
    MARK,
    PORTFOLIO,
    POSITION,
    POSITION_RULES,
    SETTLE,
    VENUE,
)
from perpcalc.portfolio import Account, Portfolio, Position

if TYPE_CHECKING:
    from perpcalc.commands.legs import LegCase

DOLLAR = "USDT"
_KEPT: Shapes = set()
"""The shapes of positions that keep their rules."""


class Book(NamedTuple):
    """A portfolio and its positions, inverse ones and linear legs, in file order."""

    portfolio: Portfolio
    entries: Sequence["Case | LegCase"]
    notes: tuple[Words, ...] = ()

    @property
    def cases(self) -> list[Case]:
        """The inverse positions."""
        return [one for one in self.entries if isinstance(one, Case)]

    @property
    def legs(self) -> list["LegCase"]:
        """The linear legs."""
        return [one for one in self.entries if not isinstance(one, Case)]

    @property
    def legs_outside(self) -> list["LegCase"]:
        """The linear legs that are in no account."""
        return [leg for leg in self.legs if leg.account is None]

    @property
    def coins(self) -> list[str]:
        """The coins that the positions and the accounts of one coin are settled in, sorted."""
        wallets = (account.currency for account in self.portfolio.accounts if account.unified is None)
        return sorted(
            {*(case.instrument.currency for case in self.cases), *wallets, *(leg.leg.coin for leg in self.legs)}
        )

    def price(self, coin: str) -> Decimal | None:
        """The price of a coin: the file's, else the mark of the first position in it."""
        known = self.portfolio.price(coin)
        return (
            next((case.mark for case in self.cases if case.mark is not None and case.instrument.currency == coin), None)
            if known is None
            else known
        )


def is_portfolio(given: Given) -> bool:
    """Whether the answer is for a portfolio; options that describe a position are refused beside one.

    A portfolio that the environment names gives way to them.
    """
    if PORTFOLIO not in given:
        return False
    described = given.written(POSITION)
    if described and PORTFOLIO.name not in given.filled:
        raise PerpcalcError(("excludes ", PORTFOLIO.key), "it describes a position of its own").at(described[0].key)
    return not described


def book_of(given: Given, prices: Sequence[Option[object]] = (MARK,)) -> Book:
    """The portfolio that is asked about; raises PerpcalcError naming the file and the entry.

    `prices` are options that give one price for all: they are refused where there are several coins.
    """
    portfolio = loaded(given)
    book = opened(portfolio, portfolio.positions, given)
    for option in given.written(prices):
        one_coin(book, option)
    if (mark := given[MARK]) is None:
        return book
    return book._replace(portfolio=portfolio._replace(prices={**portfolio.prices, **dict.fromkeys(book.coins, mark)}))


def loaded(given: Given) -> Portfolio:
    """The portfolio that is named, its prices and coins with names where the answer is to be explained."""
    from perpcalc.portfolio.reading import load

    portfolio = load(given[PORTFOLIO] or "")
    if EXPLAIN not in given:
        return portfolio
    from perpcalc.commands.tracing import traced_portfolio

    return traced_portfolio(portfolio)


def one_coin(book: Book, option: Option[object]) -> None:
    """Raise PerpcalcError where an option gives one price for positions of several coins."""
    if len(coins := book.coins) > 1:
        remedy = "put their prices into [prices]" if option in (MARK, EXIT) else "ask for each by itself"
        raise PerpcalcError(f"the portfolio has {len(coins)} coins, {', '.join(coins)}", remedy).at(option.key)


def opened(portfolio: Portfolio, positions: Sequence[Position], given: Given) -> Book:
    """Positions as cases, those without a margin of their own in the wallet of their account."""
    return united(entries_of(portfolio, positions, given), portfolio)


def entries_of(portfolio: Portfolio, positions: Sequence[Position], given: Given) -> "list[Case | LegCase]":
    """Positions as cases, each by itself."""
    accounts = {account.name: account for account in portfolio.accounts}
    entries = [
        _entry(position, accounts.get(position.account or ""), portfolio, given, order)
        for order, position in enumerate(positions, 1)
    ]
    cases = [one for one in entries if isinstance(one, Case)]
    _same_marks(cases, portfolio)
    both = with_both_sides(cases)
    return [_in_mode(one, accounts.get(one.account or ""), both) if isinstance(one, Case) else one for one in entries]


def united(entries: "Sequence[Case | LegCase]", portfolio: Portfolio) -> Book:
    """Cases in the wallets of their accounts, which hold what the portfolio says."""
    made = list(entries)
    accounts = {account.name: account for account in portfolio.accounts}
    members: dict[str, list[int]] = {}
    for index, one in enumerate(made):
        if one.account is not None and (not isinstance(one, Case) or _is_cross(one, accounts[one.account])):
            members.setdefault(one.account, []).append(index)
    notes: list[Words] = []
    for name, indexes in members.items():
        account = accounts[name]
        if account.unified is not None:
            notes.extend(_unite(made, indexes, account, portfolio))
            continue
        carried = [index for index in indexes if isinstance(made[index], Case)]
        together = [_backed_by(one, account) for index in carried if isinstance(one := made[index], Case)]
        shared = Shared(name, together[0].margined().coin, together)
        for number, (index, case) in enumerate(zip(carried, together, strict=True)):
            made[index] = case._replace(shared=shared, number=number)
    return Book(portfolio, made, tuple(notes))


def _backed_by(case: Case, account: Account) -> Case:
    """A case with the balance of its account behind it."""
    balance, margin = account.balance or ZERO, case.margined()
    return case if margin.coin == balance else case._replace(margin=margin._replace(coin=balance, usable=balance))


def _is_cross(case: Case, account: Account) -> bool:
    """Whether the account stands behind a position: it has no margin of its own."""
    return (
        case.margin is None if account.unified is not None else case.margin is not None and case.margin.mode == "cross"
    )


def _unite(
    entries: "list[Case | LegCase]", indexes: Sequence[int], account: Account, portfolio: Portfolio
) -> tuple[Words, ...]:
    """Put positions into an account of several coins; what should be known of how it counts."""
    from perpcalc.commands.unified import UnifiedShared, reading_of, weight_notes

    cases = [one for index in indexes if isinstance(one := entries[index], Case)]
    legs = [one for index in indexes if not isinstance(one := entries[index], Case)]
    try:
        reading = reading_of(account)
    except PerpcalcError as error:
        raise error.at(account.place).at(portfolio.where) from None
    shared = UnifiedShared(account, portfolio, cases, legs, reading)
    number = leg_number = 0
    for index in indexes:
        one = entries[index]
        if isinstance(one, Case):
            entries[index] = one._replace(shared=shared, number=number)
            number += 1
        else:
            entries[index] = one._replace(shared=shared, number=leg_number)
            leg_number += 1
    return (*reading.notes, *weight_notes(shared))


def _entry(
    position: Position, home: Account | None, portfolio: Portfolio, given: Given, order: int
) -> "Case | LegCase":
    try:
        if LINEAR in position.given:
            return _leg(position, home, portfolio, order if EXPLAIN in given else None)
        own = described(position, home, given)
        market = market_of(own)
        own = own.put(MARK, given[MARK] or own[MARK] or portfolio.prices.get(market.instrument.currency))
        known: Market | None = market
        if EXPLAIN in given:
            from perpcalc.commands.tracing import traced

            own, known = traced(own, order), None
        check_shape(POSITION_RULES, own, _KEPT)
        balance = None if home is None else home.balance
        names = (position.name, position.account)
        case = case_of(own, order, position.place, *names, home_balance=balance, market=known)
    except PerpcalcError as error:
        raise error.at(position.place).at(portfolio.where) from None
    if home is not None and home.unified is not None and case.margin is None:
        case = case._replace(rules=margin_rules(own, case.instrument, cross=True))
    if EXPLAIN in given:
        from perpcalc.commands.tracing import told_apart

        case = told_apart(case)
    return case


def _leg(position: Position, home: Account | None, portfolio: Portfolio, traced_as: int | None) -> "LegCase":
    """A linear leg; its numbers have names where they are `traced_as` those of the position of this number."""
    from perpcalc.commands.legs import LegCase, leg_of, leg_ratio

    given = position.given
    if traced_as is not None:
        from perpcalc.commands.tracing import traced

        given = traced(given, traced_as)
    price, settle_price = portfolio.price(given[LINEAR] or ""), portfolio.price(given[SETTLE] or DOLLAR)
    price = given[MARK] if price is None else price
    leg = leg_of(given, leg_ratio(given, price, settle_price) or ONE, alone=home is None)
    venue = given[VENUE] if home is None else home.venue
    return LegCase(leg, given, position.name, position.account, venue, price, settle_price, position.place)


def described(position: Position, home: Account | None, given: Given) -> Given:
    """What a position and its account say, as if it had been asked about by itself, but for its mark."""
    own = position.given.put(EXACT, given[EXACT]).put(EXPLAIN, given[EXPLAIN])
    if home is not None:
        own = own.put(VENUE, home.venue)
        if home.unified is None:
            own = own.put(CURRENCY, home.currency)
            if LEVERAGE not in own and MARGIN not in own:
                own = own.put(BALANCE, home.balance)
        elif INSTRUMENT not in own and home.venue is not None:
            own = own.put(INSTRUMENT, own[CURRENCY])
    return own


def with_both_sides(cases: Sequence[Case]) -> frozenset[str]:
    """The accounts in which both sides of a contract are held."""
    first: dict[tuple[str | None, ...], Decimal] = {}
    return frozenset(
        case.account
        for case in cases
        if case.account is not None and first.setdefault((case.account, *contract_of(case)), case.side) != case.side
    )


def _in_mode(case: Case, home: Account | None, both: frozenset[str]) -> Case:
    """The case in an account that keeps both sides of a contract (hedge mode), or nets them; one that holds both keeps
    them.
    """
    if home is None:
        return case
    hedged = (case.instrument.hedge_mode or home.name in both) if home.mode is None else home.mode == "hedge"
    if hedged == case.instrument.hedge_mode:
        return case
    instrument = case.instrument._replace(hedge_mode=hedged)
    position = case.position and case.position._replace(instrument=instrument)
    return case._replace(market=case.market._replace(instrument=instrument), position=position)


def _same_marks(cases: Sequence[Case], portfolio: Portfolio) -> None:
    """Raise PerpcalcError where one contract has two marks, whatever the day of its rules; unnamed ones where they
    share an account.
    """
    seen: dict[tuple[str | None, ...], Case] = {}
    for case in cases:
        name = case.instrument.name
        if case.mark is None or (name is None and case.account is None):
            continue
        first = seen.setdefault((*contract_of(case), None if name else case.account), case)
        if first.mark != case.mark and case.place is not None:
            error = PerpcalcError(f"{first.place} has another mark of the same contract", "give the contract one mark")
            raise error.at(MARK.key).at(case.place).at(portfolio.where)
