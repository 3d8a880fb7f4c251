"""A replay of an account of several coins: their candles side by side."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from decimal import Decimal
from itertools import chain, takewhile
from typing import TYPE_CHECKING

from perpcalc.commands.charges import said_of, spacing_of
from perpcalc.commands.runs import leg_of, without_later_changes
from perpcalc.commands.unified import UnifiedShared
from perpcalc.core.past_funding import due
from perpcalc.core.replay import Bar
from perpcalc.core.unified import PEGGED
from perpcalc.core.unified_passage import JointBar, UnifiedOutcome, passed
from perpcalc.decimals import ONE
from perpcalc.errors import PerpcalcError, Words
from perpcalc.given import Given
from perpcalc.options import END, MARKS, START
from perpcalc.readers.candles import candles
from perpcalc.readers.funding import History, read_history

if TYPE_CHECKING:
    from perpcalc.commands.past import Parts, Past

WORST = "all lows of a moment are taken together, then all highs: the worst that the bars allow"


class Joined:
    """Bars of several coins at the times that all of them have; `left_out` counts the others."""

    def __init__(self, streams: Mapping[str, Iterator[Bar]]) -> None:
        self.streams = streams
        self.left_out = 0

    def __iter__(self) -> Iterator[JointBar]:
        while True:
            bars = {coin: next(stream, None) for coin, stream in self.streams.items()}
            while None not in bars.values() and len({bar[0] for bar in bars.values() if bar}) > 1:
                latest = max(bar[0] for bar in bars.values() if bar)
                for coin, bar in bars.items():
                    if bar is not None and bar[0] < latest:
                        self.left_out += 1
                        bars[coin] = next(self.streams[coin], None)
            found = {coin: bar for coin, bar in bars.items() if bar is not None}
            if len(found) < len(bars) or not found:
                return
            yield JointBar(
                next(iter(found.values()))[0],
                {coin: bar[1] for coin, bar in found.items()},
                {coin: bar[2] for coin, bar in found.items()},
                {coin: bar[3] for coin, bar in found.items()},
                {coin: bar[4] for coin, bar in found.items()},
            )


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
            missing = PerpcalcError(f"no candles of {coin}", ("give ", MARKS.key, f" {coin}=FILE"))
            return past._replace(unknown=missing)
    start, end = given[START], given[END]
    past_funding = {coin: read_history(path, None, coin) for coin, path in histories.items() if coin in past.coins}
    with ExitStack() as stack:
        read = {coin: stack.enter_context(candles(marks[coin], None, coin)) for coin in past.coins}
        joined = Joined({coin: _within(one.bars, start, end) for coin, one in read.items()})
        bars = iter(joined)
        first = next(bars, None)
        if first is None:
            where = ", ".join(one.where for one in read.values())
            raise PerpcalcError("no bar of one time in all of them", "give candles of that time").at(where)
        then = parts(first.time)[place]
        try:
            outcome = _passed(then, given, past_funding, chain((first,), bars), end, notes)
        except PerpcalcError as error:
            return then._replace(unknown=error)
    notes.append(f"{past.account}: {WORST}")
    for one in read.values():
        notes += [f"{one.where}: {note}" for note in one.notes]
        if one.marks is False:
            notes.append(f"{one.where}: has last prices, which stand for the marks")
    if joined.left_out:
        notes.append(f"{past.account}: {joined.left_out} bars are left out: not every coin has one of that time")
    if not outcome.sure:
        notes.append(f"{past.account}: rates that grow with value leave open whether it lived between two prices")
    return then._replace(several=outcome)


def _within(bars: Iterator[Bar], start: int | None, end: int | None) -> Iterator[Bar]:
    """The bars that open from a start on and before an end."""
    later = (bar for bar in bars if start is None or bar[0] >= start)
    return takewhile(lambda bar: end is None or bar[0] < end, later)


def _passed(
    past: "Past",
    given: Given,
    histories: Mapping[str, History],
    bars: Iterator[JointBar],
    end: int | None,
    notes: list[Words],
) -> UnifiedOutcome:
    shared = past.shared
    assert shared is not None
    account = shared.sums.account
    legs = [leg_of(case, given, holding, notes) for case, holding in zip(shared.cases, account.holdings, strict=True)]
    payments, periods = {}, dict[str, Decimal]()
    for case in shared.cases:
        coin = case.instrument.currency
        notes += without_later_changes(case)
        if (history := histories.get(coin)) is not None and coin not in payments:
            spacing = spacing_of(given, case.market, history)
            notes += said_of(history, spacing)
            payments[coin] = due(history.payments, None, end)
            periods[coin] = spacing.periods if spacing else ONE
    if account.legs:
        notes.append(f"{past.account}: linear legs pay no funding here")
    return passed(account, legs, bars, payments, periods, end)
