"""What a check looks at: what is held now, or the account after a planned trade, now and at the price of its fill."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.commands.book import entries_of, united
from perpcalc.commands.case import NEED_ENTRY, NEED_SIDE, NEED_SIZE, Case, case_of
from perpcalc.commands.market import fee_rate, forbidden_leverage
from perpcalc.commands.trades import check_margin_there, contract_of, traded
from perpcalc.core.position import Fill
from perpcalc.core.rules import flat_rate
from perpcalc.core.wallet import equity
from perpcalc.decimals import ONE, ZERO
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
    MARK,
    ORDER,
    PORTFOLIO,
    POSITION,
    STOP,
    VENUE,
)
from perpcalc.portfolio import Account, Portfolio, Position, load

PLANNED = "planned trade"
TRADE = (*POSITION, STOP, FUNDING_RATE, ORDER)
NO_PORTFOLIO = (CONTRACT_SIZE, BALANCE)
NO_MAINTENANCE = flat_rate(ZERO)


class Scene(NamedTuple):
    """Positions to judge together, with and without the venue's rounding; which of them is the trade's, None for none.

    `opens` says that the trade opened something, `limits` are those of the portfolio.
    """

    cases: Sequence[Case]
    exact: Sequence[Case]
    planned: int | None
    planned_name: str
    opens: bool
    limits: Mapping[str, object]
    notes: Sequence[Words]


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
        portfolio = load(given[PORTFOLIO] or "")
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
    _check_conflicts(given)
    check((NEED_SIDE, NEED_SIZE._replace(unless=(ORDER,)), NEED_ENTRY._replace(unless=(ORDER,))), given)
    return list(_after_trades(given, portfolio))


def _check_conflicts(given: Given) -> None:
    """Raise PerpcalcError where the trade says what the portfolio or the account says."""
    for option in given.written(NO_PORTFOLIO if PORTFOLIO in given else ()):
        raise PerpcalcError(("excludes ", PORTFOLIO.key), "venue and account give it").at(option.key)
    for option in given.written((VENUE, CURRENCY) if ACCOUNT in given else ()):
        raise PerpcalcError(("excludes ", ACCOUNT.key), "the account gives it").at(option.key)


def _known_account(given: Given, portfolio: Portfolio) -> None:
    try:
        portfolio.account(given[ACCOUNT] or "")
    except PerpcalcError as error:
        raise error.at(ACCOUNT.key) from None


def _as_it_is(given: Given, portfolio: Portfolio) -> Scene:
    """The positions of a portfolio, or those of one account."""
    found = [_judged(given, portfolio, None, (), exact, ONE) for exact in (False, True)]
    cases = found[0].cases
    if not cases:
        where = portfolio.where
        raise PerpcalcError("there is no position to check", "add one, or give a trade by its options").at(where)
    if MARK in given and len(coins := {case.instrument.currency for case in cases}) > 1:
        raise PerpcalcError(
            f"the portfolio has {len(coins)} coins, {', '.join(sorted(coins))}", "put their prices into [prices]"
        ).at(MARK.key)
    return Scene(cases, found[1].cases, None, PLANNED, False, portfolio.limits, found[0].notes)


def _after_trades(given: Given, portfolio: Portfolio) -> Iterator[Scene]:
    """The account after each fill of the trade, at the price now and at that of the fill."""
    trades = _trades(given)
    for number, trade in enumerate(trades, 1):
        now = _price_now(given, portfolio, trade)
        for factor in dict.fromkeys((ONE, trade.fill.price / now)):
            found = [_judged(given, portfolio, now, trades[:number], exact, factor) for exact in (False, True)]
            plain, exact = found
            yield Scene(plain.cases, exact.cases, plain.planned, trade.name, plain.opens, portfolio.limits, plain.notes)


def _trades(given: Given) -> list[Trade]:
    """The fills that are planned, in their order."""
    orders = given[ORDER]
    if orders is None:
        alone = case_of(
            given.without((MARK,)).put(EXACT, True)
        )  # an average that the venue rounds is none that was paid
        return [Trade(Fill(ZERO, alone.opened().entry_price), PLANNED)]
    if len(orders) == 1:
        return [Trade(orders[0], PLANNED)]
    return [Trade(fill, f"{PLANNED}, order {number}") for number, fill in enumerate(orders, 1)]


class _Judged(NamedTuple):
    cases: Sequence[Case]
    planned: int | None
    opens: bool
    notes: Sequence[Words]


def _judged(
    given: Given, portfolio: Portfolio, now: Decimal | None, trades: Sequence[Trade], exact: bool, factor: Decimal
) -> _Judged:
    """The positions after some trades, with the marks of the trade's coin moved by a factor."""
    asked = Given({}).put(EXACT, exact or given[EXACT]).put(EXPLAIN, given[EXPLAIN])
    if not trades:
        asked = asked.put(MARK, given[MARK])
    account = given[ACCOUNT]
    positions = [one for one in portfolio.positions if account is None or one.account == account]
    entries = entries_of(portfolio, positions, asked)
    cases = [one for one in entries if isinstance(one, Case)]
    legs = [one for one in entries if not isinstance(one, Case)]
    planned: int | None = None
    opens = False
    notes: list[Words] = [note for case in cases for note in case.notes]
    for trade in trades:
        case = _trade_case(given, portfolio, trade, asked, now)
        notes.extend(case.notes)
        cases = _repriced(cases, case, now)
        closing = fee_rate(given, EXIT_FEE, case.instrument) or ZERO
        held = traded(cases, case, closing, _is_hedged(case, cases, portfolio))
        check_margin_there(case, held, *_free(case, cases, portfolio))
        cases, planned, opens = list(held.cases), held.planned, opens or held.opens
        portfolio = _paid_in(portfolio, case, held.paid_in)
    if now is not None and factor != ONE and trades:
        coin = _coin(given, portfolio, trades[-1], asked, now)
        cases = [_moved(case, factor) if case.instrument.currency == coin else case for case in cases]
        if (price := portfolio.prices.get(coin)) is not None:
            portfolio = portfolio._replace(prices={**portfolio.prices, coin: price * factor})
    if exact:
        cases = [case._replace(rules=case.rules._replace(schedule=NO_MAINTENANCE)) for case in cases]
    book = united([*cases, *legs], portfolio)
    return _Judged(book.cases, planned, opens, [*notes, *book.notes])


def _trade_case(given: Given, portfolio: Portfolio, trade: Trade, asked: Given, now: Decimal | None) -> Case:
    """A fill of the trade as a position of the portfolio."""
    described = Given(
        {option.name: given.values[option.name] for option in given.written((*POSITION, STOP, FUNDING_RATE))}
    )
    if VENUE.name in given.filled and ACCOUNT not in given:
        described = described.put(VENUE, given[VENUE])
    if trade.fill.contracts:
        described = described.put(CONTRACTS, trade.fill.contracts).put(ENTRY, trade.fill.price)
    account = given[ACCOUNT]
    described = described.put(MARK, now)
    if PORTFOLIO not in given:
        return case_of(described.put(EXACT, asked[EXACT]).put(EXPLAIN, asked[EXPLAIN]))._replace(name=PLANNED)
    alone = portfolio._replace(positions=())
    try:
        (case,) = entries_of(alone, [Position(Entry(PLANNED), PLANNED, account, described)], asked)
    except PerpcalcError as error:
        keys = tuple(place for place in error.places if place not in (PLANNED, portfolio.where))
        raise type(error)(*error.parts, keys) from None
    assert isinstance(case, Case)
    if (forbidden := forbidden_leverage(described, case.instrument, case.position)) is not None:
        raise forbidden
    return case._replace(place=None, order=None)


def _coin(given: Given, portfolio: Portfolio, trade: Trade, asked: Given, now: Decimal) -> str:
    return _trade_case(given, portfolio, trade, asked, now).instrument.currency


def _price_now(given: Given, portfolio: Portfolio, trade: Trade) -> Decimal:
    """The price of the trade's contract now: as given, that of its contract or its coin in the portfolio, else its fill's."""
    if (mark := given[MARK]) is not None:
        return mark
    case = _trade_case(given, portfolio, trade, Given({}), None)
    for one in entries_of(portfolio, portfolio.positions, Given({})):
        if isinstance(one, Case) and contract_of(one) == contract_of(case) and one.mark is not None:
            return one.mark
    return case.mark or trade.fill.price


def _repriced(cases: Sequence[Case], trade: Case, now: Decimal | None) -> list[Case]:
    """The positions in the coin of the trade at the price that is given for its contract: all marks move with it."""
    old = next((case.mark for case in cases if contract_of(case) == contract_of(trade) and case.mark is not None), None)
    made = []
    for case in cases:
        if case.instrument.currency != trade.instrument.currency or now is None:
            made.append(case)
        elif case.mark is None or contract_of(case) == contract_of(trade):
            made.append(case._replace(mark=now))
        else:
            made.append(case if old is None else case._replace(mark=case.mark * now / old))
    return made


def _moved(case: Case, factor: Decimal) -> Case:
    return case if case.mark is None else case._replace(mark=case.mark * factor)


def _is_hedged(trade: Case, cases: Sequence[Case], portfolio: Portfolio) -> bool:
    """Whether the account keeps both sides of a contract: it says so, or the file holds both there."""
    if trade.account is None:
        return False
    home = portfolio.account(trade.account)
    if home.mode is not None:
        return home.mode == "hedge"
    same = {
        case.side for case in cases if case.account == trade.account and case.instrument.name == trade.instrument.name
    }
    return len(same) > 1 and trade.instrument.hedge_mode


def _free(trade: Case, cases: Sequence[Case], portfolio: Portfolio) -> tuple[Decimal, Decimal | None]:
    """The balance of the trade's account and its equity now, in coin; without an account all that a margin may need."""
    home = None if trade.account is None else portfolio.account(trade.account)
    if home is None or home.balance is None:
        return Decimal("Infinity"), None
    shared = [one for one in united(cases, portfolio).cases if one.account == trade.account and one.shared is not None]
    if not shared or shared[0].mark is None:
        return home.balance, None
    try:
        standing = shared[0].in_wallet()
    except PerpcalcError:
        return home.balance, None
    return home.balance, equity(standing.wallet, standing.holding.ratio / shared[0].mark)


def _paid_in(portfolio: Portfolio, trade: Case, coin: Decimal) -> Portfolio:
    """The portfolio after so much coin went into the account of the trade."""
    if trade.account is None or not coin:
        return portfolio

    def paid(account: Account) -> Account:
        if account.name != trade.account:
            return account
        if account.unified is not None:
            held = dict(account.unified.balances)
            held[trade.instrument.currency] = held.get(trade.instrument.currency, ZERO) + coin
            return account._replace(unified=account.unified._replace(balances=held))
        return account._replace(balance=(account.balance or ZERO) + coin)

    return portfolio._replace(accounts=tuple(map(paid, portfolio.accounts)))
