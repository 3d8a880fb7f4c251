"""A replay of an account of several coins: their candles side by side."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING

from perpcalc.commands.charges import said_of, spacing_of
from perpcalc.commands.legs import LegCase
from perpcalc.commands.runs import leg_of, without_later_changes
from perpcalc.commands.unified import UnifiedShared
from perpcalc.core.past_funding import Payment
from perpcalc.core.pegged import PEGGED
from perpcalc.core.replay import Bar
from perpcalc.core.unified_replay import Guard, UnifiedOutcome, UnifiedRun, unified_replay
from perpcalc.decimals import ONE, ZERO
from perpcalc.errors import PerpcalcError, Words
from perpcalc.given import Given
from perpcalc.options import END, EXIT_FEE, HISTORIES, MARKS, START, STOP
from perpcalc.readers.candles import candles
from perpcalc.readers.funding import History, read_history

if TYPE_CHECKING:
    from perpcalc.commands.past import Parts, Past

WORST = "all lows of a moment are taken together, then all highs: the worst that the bars allow"


def coins_of(shared: UnifiedShared) -> tuple[str, ...]:
    """The coins of an account whose prices move; raises PerpcalcError where the account is not known."""
    return tuple(coin for coin in shared.sums.coins if coin not in PEGGED)


def through(
    place: int,
    past: "Past",
    parts: "Parts",
    given: Given,
    marks: Mapping[str, str],
    histories: Mapping[str, str],
    notes: list[Words],
) -> "Past":
    """How an account of several coins went; raises PerpcalcError where a file cannot be read."""
    for coin in past.coins:
        if coin not in marks:
            return past._replace(unknown=PerpcalcError(f"no candles of {coin}", ("give ", MARKS.key, f" {coin}=FILE")))
    past_funding = {coin: read_history(path, None, coin) for coin, path in histories.items() if coin in past.coins}
    with ExitStack() as stack:
        read = {coin: stack.enter_context(candles(marks[coin], None, coin)) for coin in past.coins}
        bars = {coin: one.bars for coin, one in read.items()}
        time = 0
        for coin, one in read.items():
            first = next((bar for bar in one.bars if bar[0] >= (given[START] or 0)), None)
            if first is None:
                raise PerpcalcError("no bar lies between start and end", "give candles of that time").at(one.where)
            bars[coin], time = chain((first,), one.bars), max(time, first[0])
        then = parts(time)[place]
        try:
            outcome = _passed(then, given, past_funding, bars, notes)
        except PerpcalcError as error:
            return then._replace(unknown=error)
    notes.append(f"{past.account}: {WORST}")
    for one in read.values():
        notes += [f"{one.where}: {note}" for note in one.notes]
        if one.marks is False:
            notes.append(f"{one.where}: has last prices, which stand for the marks")
    if not past_funding:
        notes.append(("no funding is counted: ", HISTORIES.key, f" gives the payments of {past.account}"))
    return then._replace(several=outcome)


def _passed(
    past: "Past",
    given: Given,
    histories: Mapping[str, History],
    bars: Mapping[str, Iterator[Bar]],
    notes: list[Words],
) -> UnifiedOutcome:
    """How the account goes under the rules of its first day."""
    shared = past.shared
    assert shared is not None
    account = shared.sums.account
    guards = []
    for case, holding in zip(shared.cases, account.holdings, strict=True):
        leg = leg_of(case, given, holding, notes)
        guards.append(Guard(leg.stop, leg.exit_fee, leg.funded))
        notes += without_later_changes(case)
    payments = {}
    for coin, history in histories.items():
        funded = next((case for case in shared.cases if case.instrument.currency == coin), None)
        periods = ONE
        if funded is not None:
            spacing = spacing_of(given, funded.market, history)
            notes += said_of(history, spacing)
            periods = spacing.periods
        payments[coin] = [_covering(payment, periods) for payment in history.payments]
    run = UnifiedRun(account, tuple(guards), tuple(_guard(leg, given) for leg in shared.legs))
    return unified_replay(run, bars, payments, given[START], given[END])


def _covering(payment: Payment, periods: Decimal) -> Payment:
    """A payment that covers its rate so many times."""
    if periods == ONE:
        return payment
    coin_rate = payment.coin_rate and payment.coin_rate * periods
    return payment._replace(rate=payment.rate * periods, coin_rate=coin_rate)


def _guard(leg: LegCase, given: Given) -> Guard:
    """What goes with a linear leg; no venue's fee is known for one."""
    asked = given.over(leg.given)
    fee = asked[EXIT_FEE]
    return Guard(asked[STOP], fee if isinstance(fee, Decimal) else ZERO)
