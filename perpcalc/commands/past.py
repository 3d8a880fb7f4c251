"""The files of a replay, read once for each coin, and how the positions in it went."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import NamedTuple

from perpcalc.commands.book import Book, book_of, is_portfolio, one_coin, opened
from perpcalc.commands.case import NEED_ENTRY, NEED_MARGIN, NEED_SIDE, NEED_SIZE, Case, Shared, case_of
from perpcalc.commands.charges import said_of, spacing_of
from perpcalc.commands.joint import coins_of, through
from perpcalc.commands.market import Market
from perpcalc.commands.replay_chart import Trail
from perpcalc.commands.runs import of_day, run_of, without_later_changes
from perpcalc.commands.unified import UnifiedShared
from perpcalc.core.instrument import Instrument
from perpcalc.core.moments import iso
from perpcalc.core.passage import Change, Outcome, Run
from perpcalc.core.replay import State, replay
from perpcalc.core.unified_replay import UnifiedOutcome
from perpcalc.decimals import ONE
from perpcalc.decimals import plain as written
from perpcalc.errors import PerpcalcError, Words, listed
from perpcalc.given import Given, check
from perpcalc.grammar import CoinFile
from perpcalc.options import CHART, END, HISTORIES, MARKS, START, STOP, SVG, VENUE
from perpcalc.portfolio import Portfolio, Position
from perpcalc.readers.candles import Candles, candles
from perpcalc.readers.funding import History, read_history


class Past(NamedTuple):
    """An account or a position margined by itself, and how it went; where that is not known, why.

    `cases` are its positions under the rules of the first day, `trail` what is drawn of it. An account of several coins
    is `shared`, and went as `several` has it.
    """

    account: str | None
    position: str | None
    currency: str
    cases: Sequence[Case]
    run: Run | None = None
    outcome: Outcome | None = None
    trail: Trail | None = None
    unknown: PerpcalcError | None = None
    shared: UnifiedShared | None = None
    several: UnifiedOutcome | None = None
    coins: tuple[str, ...] = ()

    @property
    def market(self) -> Market | None:
        """The market in whose coin and decimals it is shown."""
        if self.shared is not None:
            return Market(Instrument(currency=self.currency))
        return self.cases[0].market if self.cases else None

    @property
    def label(self) -> str:
        """What it is called."""
        return self.account or self.position or "position"


class Pasts(NamedTuple):
    """What is replayed, in the order of the file; `one` where it is a position by itself."""

    pasts: Sequence[Past]
    notes: Sequence[Words]
    one: bool


FAR = 10
"""How many times a price another has to be to be of something else."""
Parts = Callable[[int], list[Past]]
"""What there is to replay, under the rules of a moment's day."""


def pasts_of(given: Given) -> Pasts:
    """The question answered; raises PerpcalcError where a file cannot be read or a position cannot be replayed."""
    start, end = given[START], given[END]
    if start is not None and end is not None and end <= start:
        raise PerpcalcError("is not after the start", "give a later one").at(END.key)
    one = not is_portfolio(given)
    parts = _single(given) if one else _several(given)
    now = parts(-1)
    known = [part for part in now if part.unknown is None]
    coins = list(dict.fromkeys(coin for part in known for coin in part.coins or (part.currency,)))
    files = {
        option: _by_coin(option.key, files or (), coins) if coins else {}
        for option, files in ((MARKS, given[MARKS]), (HISTORIES, given[HISTORIES]))
    }
    notes: list[Words] = []
    made = dict(enumerate(now))
    for coin in coins:
        places = [place for place, part in enumerate(now) if part.currency == coin and part.unknown is None]
        if not places:
            continue
        if coin not in files[MARKS]:
            missing = PerpcalcError(f"no candles of {coin}", ("give ", MARKS.key, f" {coin}=FILE"))
            made.update({place: now[place]._replace(unknown=missing) for place in places})
            continue
        found = _through(given, coin, files[MARKS][coin], files[HISTORIES].get(coin), parts, places, notes)
        made.update(found)
    for place, part in enumerate(now):
        if part.shared is not None and part.unknown is None:
            made[place] = through(place, part, parts, given, files[MARKS], files[HISTORIES], notes)
    return Pasts([made[place] for place in range(len(now))], notes, one)


def _single(given: Given) -> Parts:
    """The position that the options describe."""
    check((NEED_SIDE, NEED_SIZE, NEED_ENTRY, NEED_MARGIN), given)
    case_of(given).in_wallet()

    def parts(time: int) -> list[Past]:
        spec = given[VENUE] if time < 0 else of_day(given[VENUE], time)
        case = case_of(given if spec is None else Given({**given.values, VENUE.name: spec}, given.filled))
        return [Past(None, None, case.instrument.currency, [case])]

    return parts


def _several(given: Given) -> Parts:
    """The accounts of a portfolio that hold positions, then those that are margined by themselves."""
    book = book_of(given, ())
    if STOP in given:
        one_coin(book, STOP)
    portfolio = book.portfolio
    if not book.entries:
        raise PerpcalcError("there is no position to replay", "add one").at(portfolio.where)

    def parts(time: int) -> list[Past]:
        found = book if time < 0 else opened(_on_day(portfolio, time), _on_day(portfolio, time).positions, given)
        made = []
        for account in portfolio.accounts:
            if account.unified is not None:
                made += _unified(account.name, found)
                continue
            cases = [one for one in found.cases if isinstance(one.shared, Shared) and one.shared.name == account.name]
            if cases:
                made.append(Past(account.name, None, account.currency, cases))
        made += [Past(None, case.name, case.instrument.currency, [case]) for case in found.cases if case.shared is None]
        return made

    return parts


def _unified(name: str, book: Book) -> list[Past]:
    """An account of several coins, if it holds positions."""
    carriers = [one.shared for one in book.entries if isinstance(one.shared, UnifiedShared) and one.shared.name == name]
    if not carriers:
        return []
    shared = carriers[0]
    past = Past(name, None, "USD", shared.cases, shared=shared)
    try:
        return [past._replace(coins=coins_of(shared))]
    except PerpcalcError as error:
        return [past._replace(unknown=error)]


def _on_day(portfolio: Portfolio, time: int) -> Portfolio:
    """A portfolio under the rules of a moment's day."""

    def of(position: Position) -> Position:
        return position._replace(given=position.given.put(VENUE, of_day(position.given[VENUE], time)))

    accounts = tuple(one._replace(venue=of_day(one.venue, time)) for one in portfolio.accounts)
    return portfolio._replace(accounts=accounts, positions=tuple(map(of, portfolio.positions)))


def _by_coin(key: str, files: Sequence[CoinFile], coins: Sequence[str]) -> Mapping[str, str]:
    """The files by the coin that they are of; one that does not say is of the only coin."""
    found: dict[str, str] = {}
    for coin, path in files:
        if coin is None and len(coins) > 1:
            raise PerpcalcError(
                f"{path} does not say of which coin it is, {''.join(listed(coins))}", f"write it as {coins[0]}={path}"
            ).at(key)
        name = coin or coins[0]
        if name not in coins:
            raise PerpcalcError(f"there is no position in {name}", f"give {''.join(listed(coins))}").at(key)
        if name in found:
            raise PerpcalcError(f"{name} is given twice", "join its files in the order of time").at(key)
        found[name] = path
    return found


def _through(
    given: Given,
    coin: str,
    path: str,
    history_path: str | None,
    parts: Parts,
    places: Sequence[int],
    notes: list[Words],
) -> dict[int, Past]:
    """How everything in a coin went along its bars, in one pass."""
    now = parts(-1)
    names = {case.instrument.name for place in places for case in now[place].cases}
    name = names.pop() if len(names) == 1 else None
    history = None if history_path is None else read_history(history_path, name, coin)
    if history is not None:
        notes += said_of(history, spacing_of(given, now[places[0]].cases[0].market, history))
    start, end = given[START], given[END]
    with candles(path, name, coin) as bars:
        first = next((bar for bar in bars.bars if start is None or bar[0] >= start), None)
        if first is None or (end is not None and first[0] >= end):
            raise PerpcalcError("no bar lies between start and end", "give candles of that time").at(bars.where)
        found = {place: parts(first[0])[place] for place in places}
        for past in found.values():
            notes += [note for case in past.cases for note in without_later_changes(case)]
            notes += _said_of_entries(past.cases, bars.where, first[1])
        ready = {}
        for place, past in found.items():
            try:
                fixed = all(_is_fixed(case) for case in now[place].cases)
                spacing = None if history is None else spacing_of(given, past.cases[0].market, history)
                periods = ONE if spacing is None else spacing.periods
                ready[place] = run_of(past.cases, given, fixed, first[0], bars.instrument, periods, notes)
            except PerpcalcError as error:
                found[place] = past._replace(unknown=error)
        if not ready:
            return found
        trails = [Trail() for _ in ready] if CHART in given or given[SVG] is not None else []

        def watch(number: int, state: State) -> None:
            trails[number].add(state)

        runs = [ruled.run for ruled in ready.values()]
        payments = () if history is None else history.payments
        passed = replay(runs, chain((first,), bars.bars), payments, start, end, watch if trails else None)
        outcomes = dict(zip(ready, passed, strict=True))
    for number, (place, outcome) in enumerate(outcomes.items()):
        found[place] = found[place]._replace(
            run=ready[place].run, outcome=outcome, trail=trails[number] if trails else None
        )
        notes += [text for at, text in ready[place].days if at <= outcome.ended_at]
        notes += _said_of_rules(ready[place].run.changes, outcome)
    one = next(iter(outcomes.values()))
    notes += _said_of_files(bars, history, given, one, coin)
    return found


def _is_fixed(case: Case) -> bool:
    return "@" in (case.instrument.venue or "@")


def _said_of_rules(changes: Sequence[Change], outcome: Outcome) -> Iterator[Words]:
    """A note for each day on which other rules of the venue took effect."""
    for change in changes:
        if change.time <= outcome.ended_at:
            venue = (change.instrument.venue or "").partition("@")[0]
            yield f"{venue}: the rules of {iso(change.time)[:10]} hold from that day on"


def _said_of_entries(cases: Sequence[Case], where: str, opened: Decimal) -> Iterator[Words]:
    """A note where the bars cannot be of the contract, by its entry price."""
    for case in cases:
        entry = case.opened().entry_price
        if not opened / FAR < entry < opened * FAR:
            name = f"the entry of {case.name}" if case.name else "the entry"
            yield f"{where}: opens at {written(opened)}, far from {name} at {written(round(entry, 8))}"


def _said_of_files(
    bars: Candles, history: History | None, given: Given, outcome: Outcome, coin: str
) -> Iterator[Words]:
    """What the files do not say, or say otherwise than it was asked."""
    yield from (f"{bars.where}: {note}" for note in bars.notes)
    if bars.marks is False:
        yield f"{bars.where}: has last prices, which stand for the marks"
    start, end = given[START], given[END]
    if start is not None and outcome.start > start + (bars.step or 0):
        yield f"{bars.where}: begins on {iso(outcome.start)}, after the start"
    if end is not None and outcome.end < end and outcome.end == outcome.ended_at:
        yield f"{bars.where}: ends on {iso(outcome.end)}, before the end"
    if history is None:
        yield ("no funding is counted: ", HISTORIES.key, f" gives the payments in {coin}")
        return
    inside = [payment for payment in history.payments if outcome.start < payment.time <= outcome.end]
    if not inside:
        yield f"{history.where}: none of its {len(history.payments)} payments falls within the bars"
    elif any(payment.mark is None and payment.coin_rate is None for payment in inside):
        yield f"{history.where}: has no marks: the open of the bar stands for each"
