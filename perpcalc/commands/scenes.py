"""What a check looks at: what is held now, or the account after a planned trade, now and at the price of its fill."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.commands.book import entries_of, loaded, united
from perpcalc.commands.case import NEED_ENTRY, NEED_SIDE, NEED_SIZE, Case, case_of
from perpcalc.commands.market import forbidden_leverage, known_fee
from perpcalc.commands.prices import Prices, at_price, coin_of, free, is_hedged, paid_in, price_of, unmaintained
from perpcalc.commands.trades import check_margin_there, contract_of, traded
from perpcalc.core.position import Fill
from perpcalc.core.rules import flat_rate
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import Entry, PerpcalcError, Words
from perpcalc.given import Given, check
from perpcalc.options import (
    ACCOUNT,
    BALANCE,
    CONTRACT_SIZE,
    CONTRACTS,
    CURRENCY,
    ENTRY,
    EXACT,
    EXIT_FEE,
    EXPLAIN,
    FUNDING_RATE,
    INSTRUMENT,
    LINEAR,
    MARK,
    ORDER,
    PORTFOLIO,
    POSITION,
    STOP,
    VENUE,
)
from perpcalc.portfolio import Portfolio, Position

if TYPE_CHECKING:
    from perpcalc.commands.legs import LegCase
    from perpcalc.commands.unified import UnifiedShared

PLANNED = "planned trade"
TRADE = (*POSITION, STOP, FUNDING_RATE, ORDER)
NO_PORTFOLIO = (CONTRACT_SIZE, BALANCE)
NO_MAINTENANCE = flat_rate(ZERO)
BITCOIN = "BTC"


class Scene(NamedTuple):
    """Positions to judge together, with and without the venue's rounding; which of them is the trade's, None for none.

    Linear legs come after all inverse positions. `opens` says that the trade opened something, `limits` are those of
    the portfolio, `debts` the accounts that owe and hold nothing open.
    """

    entries: "Sequence[Case | LegCase]"
    exact: "Sequence[Case | LegCase]"
    planned: int | None
    planned_name: str
    opens: bool
    limits: Mapping[str, object]
    notes: Sequence[Words]
    debts: "Sequence[UnifiedShared]" = ()


class Trade(NamedTuple):
    """A fill of the planned trade, and what it is called."""

    fill: Fill
    name: str


def scenes_of(given: Given) -> list[Scene]:
    """What is to be judged, each scene by itself; the worse verdict of two scenes counts.

    Raises PerpcalcError where there is nothing to check.
    """
    if ACCOUNT not in given and PORTFOLIO.name in given.filled and given.written(NO_PORTFOLIO):
        given = given.without((PORTFOLIO,))  # that of the environment gives way
    planned = bool(given.written(TRADE))
    if PORTFOLIO in given:
        portfolio = loaded(given)
        if ACCOUNT in given:
            _known_account(given, portfolio)
    elif planned:
        portfolio = Portfolio("", {})
    else:
        raise PerpcalcError("there is nothing to check", ("give ", PORTFOLIO.key, ", or a trade by its options")).at(
            PORTFOLIO.key
        )
    if not planned:
        return [_as_it_is(given, portfolio)]
    _check_conflicts(given, portfolio)
    check((NEED_SIDE, NEED_SIZE._replace(unless=(ORDER,)), NEED_ENTRY._replace(unless=(ORDER,))), given)
    return list(_after_trades(given, portfolio))


def _check_conflicts(given: Given, portfolio: Portfolio) -> None:
    """Raise PerpcalcError where the trade says what the portfolio or the account says."""
    for option in given.written((BALANCE,) if PORTFOLIO in given else ()):
        raise PerpcalcError(("excludes ", PORTFOLIO.key), "the account gives it").at(option.key)
    home = portfolio.account(given[ACCOUNT] or "") if ACCOUNT in given else None
    of_home = () if home is None else (VENUE, CURRENCY) if home.unified is None else (VENUE,)
    for option in given.written(of_home):
        raise PerpcalcError(("excludes ", ACCOUNT.key), "the account gives it").at(option.key)


def _known_account(given: Given, portfolio: Portfolio) -> None:
    try:
        portfolio.account(given[ACCOUNT] or "")
    except PerpcalcError as error:
        raise error.at(ACCOUNT.key) from None


def _as_it_is(given: Given, portfolio: Portfolio) -> Scene:
    """The positions of a portfolio, or those of one account."""
    if (mark := given[MARK]) is not None:
        portfolio = _marked(given, portfolio, mark)
    scene = _scene(given, portfolio, None, (), None)
    if not scene.entries:
        where = portfolio.where
        raise PerpcalcError("there is no position to check", "add one, or give a trade by its options").at(where)
    return scene


def _marked(given: Given, portfolio: Portfolio, mark: Decimal) -> Portfolio:
    """The portfolio with a price for the one coin of what is judged."""
    coins = set(map(coin_of, entries_of(portfolio, _positions(given, portfolio), Given({}))))
    if len(coins) > 1:
        raise PerpcalcError(
            f"the portfolio has {len(coins)} coins, {', '.join(sorted(coins))}", "put their prices into [prices]"
        ).at(MARK.key)
    return portfolio._replace(prices={**portfolio.prices, **dict.fromkeys(coins, mark)})


def _after_trades(given: Given, portfolio: Portfolio) -> Iterator[Scene]:
    """The account after each fill of the trade, at the price now and at that of the fill."""
    trades = _trades(given, portfolio)
    for number, trade in enumerate(trades, 1):
        now = _price_now(given, portfolio, trade)
        for price in dict.fromkeys((now, trade.fill.price)):
            yield _scene(given, portfolio, now, trades[:number], price)


def _trades(given: Given, portfolio: Portfolio) -> list[Trade]:
    """The fills that are planned, in their order; one that the options of a position describe has no contracts here."""
    orders = given[ORDER]
    if orders is None:
        exact = Given({EXACT.name: True})  # an average that the venue rounds is none that was paid
        alone = _trade_case(given, portfolio, Trade(Fill(ZERO, ZERO), PLANNED), exact, None)
        return [Trade(Fill(ZERO, alone.opened().entry_price), PLANNED)]
    if len(orders) == 1:
        return [Trade(orders[0], PLANNED)]
    return [Trade(fill, f"{PLANNED}, order {number}") for number, fill in enumerate(orders, 1)]


def _scene(
    given: Given, portfolio: Portfolio, now: Decimal | None, trades: Sequence[Trade], price: Decimal | None
) -> Scene:
    """The positions after some trades, where the contract of the trades is at a price now, and then at another."""
    rounded, exact = (_after(given, portfolio, now, trades, exact, price) for exact in (False, True))
    return rounded._replace(exact=exact.entries)


def _after(
    given: Given, portfolio: Portfolio, now: Decimal | None, trades: Sequence[Trade], exact: bool, price: Decimal | None
) -> Scene:
    """The same with the venue's rounding, or without it and without a maintenance rate."""
    asked = Given({}).put(EXACT, exact or given[EXACT]).put(EXPLAIN, given[EXPLAIN])
    if not trades:
        asked = asked.put(MARK, given[MARK])
    entries = entries_of(portfolio, _positions(given, portfolio), asked)
    prices = Prices(portfolio, tuple(entries))
    notes: list[Words] = [note for one in entries if isinstance(one, Case) for note in one.notes]
    planned: int | None = None
    opens = False
    for trade in trades:
        case = _trade_case(given, portfolio, trade, asked, now)
        notes.extend(case.notes)
        if now is not None:
            prices = at_price(prices, case, now, price_of(prices, case))
        against = any(one.side == -case.side and contract_of(one) == contract_of(case) for one in prices.cases)
        closing = known_fee(given, EXIT_FEE, case.instrument, notes) if against else ZERO
        held = traded(prices.cases, case, closing, is_hedged(case, prices))
        check_margin_there(case, held, *free(case, prices))
        prices = Prices(paid_in(prices.portfolio, case, held.paid_in), (*held.cases, *prices.legs))
        planned, opens = held.planned, opens or held.opens
    if trades and price is not None and price != now:
        prices = at_price(prices, case, price, now)
    entries = [unmaintained(one) if exact else one for one in prices.entries]
    if EXPLAIN in given:
        from perpcalc.commands.tracing import told_apart

        entries = [told_apart(one) if isinstance(one, Case) else one for one in entries]
    book = united(entries, prices.portfolio)
    balances = {account.name: account.balance for account in prices.portfolio.accounts}
    after = [
        one._replace(home_balance=balances.get(one.account or "")) if isinstance(one, Case) else one
        for one in book.entries
    ]
    debts = _debts(given, prices.portfolio, after)
    name = trades[-1].name if trades else PLANNED
    return Scene(after, after, planned, name, opens, portfolio.limits, [*notes, *book.notes], debts)


def _debts(given: Given, portfolio: Portfolio, entries: "Sequence[Case | LegCase]") -> "Sequence[UnifiedShared]":
    if all(account.unified is None for account in portfolio.accounts):
        return ()
    from perpcalc.commands.debts import debts_of

    return debts_of(portfolio, entries, given[ACCOUNT])


def _positions(given: Given, portfolio: Portfolio) -> list[Position]:
    """Those of the account that is asked about, else all."""
    account = given[ACCOUNT]
    return [one for one in portfolio.positions if account is None or one.account == account]


def _trade_case(given: Given, portfolio: Portfolio, trade: Trade, asked: Given, now: Decimal | None) -> Case:
    """A fill of the trade as a position of the portfolio."""
    described = Given(
        {option.name: given.values[option.name] for option in given.written((*POSITION, STOP, FUNDING_RATE))}
    )
    if VENUE.name in given.filled and ACCOUNT not in given:
        described = described.put(VENUE, given[VENUE])
    if trade.fill.contracts:
        described = described.put(CONTRACTS, trade.fill.contracts).put(ENTRY, trade.fill.price)
    described = described.put(MARK, now)
    if PORTFOLIO not in given:
        return case_of(described.put(EXACT, asked[EXACT]).put(EXPLAIN, asked[EXPLAIN]), name=PLANNED)
    if (size := _size_held(described, given, portfolio)) is not None:
        described = described.put(CONTRACT_SIZE, size)
    case = _in_portfolio(described, given, portfolio, asked)
    if (forbidden := forbidden_leverage(described, case.instrument, case.position)) is not None:
        raise forbidden
    return case._replace(place=None, order=None)


def _in_portfolio(described: Given, given: Given, portfolio: Portfolio, asked: Given) -> Case:
    """The trade as a position in its account, or beside the accounts."""
    alone = portfolio._replace(positions=())
    try:
        (case,) = entries_of(alone, [Position(Entry(PLANNED), PLANNED, given[ACCOUNT], described)], asked)
    except PerpcalcError as error:
        keys = tuple(place for place in error.places if place not in (PLANNED, portfolio.where))
        raise type(error)(*error.parts, keys) from None
    assert isinstance(case, Case)
    return case


def _size_held(described: Given, given: Given, portfolio: Portfolio) -> Decimal | None:
    """The size of the trade's contract as it is held, where no venue gives it; None where it is not held.

    Raises PerpcalcError where that is not the one size that is given.
    """
    account = given[ACCOUNT]
    home = None if account is None else portfolio.account(account)
    if VENUE in described or (home is not None and home.venue is not None):
        return None
    coin = described[CURRENCY] or BITCOIN
    sizes = {
        one.given[CONTRACT_SIZE] or ONE
        for one in portfolio.positions
        if one.account == account
        and not any(option in one.given for option in (VENUE, LINEAR))
        and one.given[INSTRUMENT] == described[INSTRUMENT]
        and (one.given[CURRENCY] or BITCOIN) == coin
    }
    if (size := described[CONTRACT_SIZE]) is not None and sizes:
        sizes.add(size)
    if len(sizes) > 1:
        shown = " and ".join(map(plain, sorted(sizes)))
        raise PerpcalcError(
            f"the contract of the trade has {shown} USD per contract", "give each size an instrument of its own"
        ).at(CONTRACT_SIZE.key)
    return next(iter(sizes), None)


def _price_now(given: Given, portfolio: Portfolio, trade: Trade) -> Decimal | None:
    """The price of the trade's contract now: as given, that of its contract or its coin in the portfolio.

    Where nothing of the coin is held it is that of the fill, else None: what is held has a price that nobody gave.
    """
    if (mark := given[MARK]) is not None:
        return mark
    case = _trade_case(given, portfolio, trade, Given({}), None)
    held = [one for one in entries_of(portfolio, portfolio.positions, Given({})) if coin_of(one) == coin_of(case)]
    marks = [one for one in held if isinstance(one, Case)]
    of_contract = [one.mark for one in marks if contract_of(one) == contract_of(case)]
    known = [*of_contract, case.mark, *(one.mark for one in marks)]
    return next((mark for mark in known if mark is not None), None if held else trade.fill.price)
