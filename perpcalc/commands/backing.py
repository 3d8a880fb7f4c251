"""What stands behind a trade that is planned: what its options say, or an account of a portfolio and all that it
holds.
"""

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.commands.case import Case, Shared
from perpcalc.commands.market import MarginRules, Market, margin_rules, market_of
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ONE
from perpcalc.errors import Entry, PerpcalcError, Words
from perpcalc.given import Excludes, Given, Needed, Needs, Rule
from perpcalc.options import (
    ACCOUNT,
    BALANCE,
    CONTRACTS,
    CURRENCY,
    ENTRY,
    EXACT,
    EXPLAIN,
    INSTRUMENT,
    LEVERAGE,
    MARGIN,
    MARGIN_RULES,
    MARK,
    PORTFOLIO,
    PRICE,
    SIDE,
    VENUE,
    WHICH_CONTRACT,
)
from perpcalc.portfolio import Account, Portfolio, Position

if TYPE_CHECKING:
    from perpcalc.commands.book import Book
    from perpcalc.commands.unified import UnifiedShared
    from perpcalc.core.unified_trade import TradeAccount

TRADE = Entry("the trade")
TRADE_PORTFOLIO = PORTFOLIO._replace(help="The TOML portfolio that the account is in; - reads stdin.")
BACKING_RULES: tuple[Rule, ...] = (
    Needs(ACCOUNT, (PORTFOLIO,), "name the file that it is in"),
    Needed((ACCOUNT,), "name an account of the portfolio", when=(PORTFOLIO,)),
    *(Excludes(option, (ACCOUNT,), "the account gives it") for option in (VENUE, BALANCE)),
)


class Backing(NamedTuple):
    """What stands behind a trade: `others` are what its account holds, `ratio` the price of its contract over their
    first mark.

    `given` has the balance of the account. Of an account of several coins there is `unified`, in which nothing of the
    trade is yet. `held` are all positions of the account, those with a margin of their own too, and `price` is what the
    file says of the trade's contract.
    """

    given: Given
    market: Market
    rules: MarginRules
    account: str | None = None
    others: tuple[Holding, ...] = ()
    ratio: Decimal = ONE
    unified: "UnifiedShared | None" = None
    held: tuple[Case, ...] = ()
    price: Decimal | None = None
    notes: tuple[Words, ...] = ()

    @property
    def balance(self) -> Decimal | None:
        """The balance of the account in coin; None without one, and of several coins."""
        return self.given[BALANCE]

    def together(self) -> "TradeAccount | None":
        """The account of several coins as a trade in it needs to know it; None where it is none."""
        if self.unified is None:
            return None
        from perpcalc.core.unified_trade import TradeAccount

        return TradeAccount(self.unified.sums.account, self.ratio)


def backing_of(given: Given, side: str, price: Decimal | None) -> Backing:
    """What stands behind a trade of a side at a price, of None at the price that the file has for its contract.

    Raises PerpcalcError where what the account holds is not known.
    """
    cross = LEVERAGE not in given and MARGIN not in given
    if ACCOUNT not in given:
        market = market_of(given)
        return Backing(given, market, margin_rules(given, market.instrument, cross), notes=market.notes)
    from perpcalc.commands.book import loaded

    portfolio = loaded(given)
    home = account_of(given, portfolio)
    trade, book, notes = _opened(given, home, portfolio, side, price)
    shared, rules = trade.shared, trade.rules
    if not cross:
        rules = margin_rules(given, trade.instrument, cross=False)
    notes = (*trade.market.notes, *book.notes, *notes)
    made = Backing(
        given if home.balance is None else given.put(BALANCE, home.balance),
        trade.market,
        rules,
        home.name,
        held=tuple(book.cases[:-1]),
        price=trade.mark,
        notes=notes,
    )
    try:
        if not isinstance(shared, Shared):
            unified = _without_trade(trade)
            price_of_coin = unified.prices.get(trade.instrument.currency)
            ratio = ONE if trade.mark is None or price_of_coin is None else trade.mark / price_of_coin
            return made._replace(unified=unified, ratio=ratio)
        held = shared.of(shared.cases[:-1])
        return made._replace(others=held.holdings, ratio=held.ratio(trade)) if held.cases else made
    except PerpcalcError as error:
        raise error.at(portfolio.where) from None


def account_of(given: Given, portfolio: Portfolio) -> Account:
    """The account that is meant; raises PerpcalcError where there is none, or its coin is given beside it."""
    try:
        home = portfolio.account(given[ACCOUNT] or "")
    except PerpcalcError as error:
        raise error.at(ACCOUNT.key) from None
    if home.unified is None and given.written((CURRENCY,)):
        raise PerpcalcError(("excludes ", ACCOUNT.key), "the account gives it").at(CURRENCY.key)
    return home


def _opened(
    given: Given, home: Account, portfolio: Portfolio, side: str, price: Decimal | None
) -> "tuple[Case, Book, tuple[Words, ...]]":
    """A lot of the trade in its account, after what is held there."""
    from perpcalc.commands.book import described, entries_of, united, with_both_sides

    asked = Given({EXACT.name: given[EXACT], EXPLAIN.name: given[EXPLAIN]})
    asked = Given({name: value for name, value in asked.values.items() if value})
    own = Given({option.name: given[option] for option in given.written((*WHICH_CONTRACT, *MARGIN_RULES))})
    own = own.put(SIDE, side)
    position = Position(TRADE, TRADE, home.name, own)
    held = [one for one in portfolio.positions if one.account == home.name]
    try:
        market = market_of(described(position, home, asked))
        own = own.put(CONTRACTS, market.instrument.lot)
        entries = entries_of(portfolio, held, asked)
        cases = [one for one in entries if isinstance(one, Case)]
        of_contract = [one for one in cases if _contract(one.market) == _contract(market)]
        mark = next((case.mark for case in of_contract if case.mark is not None), None)
        mark = mark or portfolio.price(market.instrument.currency)
        if price is None and mark is None:
            raise PerpcalcError("is missing", "give a price, or the coin one in [prices]").at(PRICE.key)
        own = own.put(MARK, mark).put(ENTRY, price or mark)
        netting = home.mode is None and home.name not in with_both_sides(cases)
        if netting:
            portfolio = _one_way(portfolio, home)
        entries = entries_of(portfolio, [*held, position._replace(given=own)], asked)
    except PerpcalcError as error:
        raise _of_question(error, home) from None
    book = united(entries, portfolio)
    trade = book.entries[-1]
    assert isinstance(trade, Case)
    against = netting and market.instrument.hedge_mode and any(case.side == -trade.side for case in of_contract)
    note = (
        f'account {home.name}: taken as one-way, the trade nets against what is held; mode = "hedge" keeps both sides'
    )
    return trade, book, (note,) if against else ()


def _contract(market: Market) -> tuple[str | None, str | None, str]:
    return market.instrument.venue, market.instrument.name, market.instrument.currency


def _one_way(portfolio: Portfolio, home: Account) -> Portfolio:
    accounts = (one._replace(mode="one-way") if one is home else one for one in portfolio.accounts)
    return portfolio._replace(accounts=tuple(accounts))


def _of_question(error: PerpcalcError, home: Account) -> PerpcalcError:
    """An error of the trade itself as one of its options, any other in the file."""
    if any(isinstance(place, Entry) and place != TRADE for place in error.places):
        return error
    if CURRENCY.key in error.places and home.unified is None:  # the currency that an account of one coin has
        return PerpcalcError(error.what, f"give one that settles in {home.currency}").at(INSTRUMENT.key)
    own = error.places[error.places.index(TRADE) + 1 :] if TRADE in error.places else error.places
    return type(error)(*error.parts, own)


def _without_trade(trade: Case) -> "UnifiedShared":
    """The account of several coins that the trade is in, without it."""
    from perpcalc.commands.unified import UnifiedShared

    shared = trade.shared
    assert isinstance(shared, UnifiedShared)
    return UnifiedShared(shared.account, shared.portfolio, shared.cases[:-1], shared.legs, shared.rules)
