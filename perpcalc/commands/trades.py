"""A planned trade put into what is held: what it adds to or takes from, and the account after it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.commands.case import Case
from perpcalc.commands.market import day_named
from perpcalc.core.margin import Margin
from perpcalc.core.position import Fill, open_at
from perpcalc.core.rules import flat_rate
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ZERO, plain
from perpcalc.errors import PerpcalcError
from perpcalc.options import EXPIRES, FUNDING_RATE, LEVERAGE, MARGIN

if TYPE_CHECKING:
    from perpcalc.core.backed import Backed

CROSS, ISOLATED = "cross", "isolated"
NO_MAINTENANCE = flat_rate(ZERO)
"""What a trade changes does not depend on the maintenance rate."""


class Held(NamedTuple):
    """What is held after a trade: the cases, and which of them is the trade's, None where nothing is left of it.

    `paid_in` coin goes into the account's balance. `opens` says that the trade opened something: one that only closes
    needs no stop.
    """

    cases: tuple[Case, ...]
    planned: int | None
    paid_in: Decimal
    opens: bool


def traded(cases: Sequence[Case], trade: Case, fee_rate: Decimal, hedged: bool) -> Held:
    """What is held after a trade fills at its entry price.

    It adds to the position of its contract and side; against the other side it closes first, unless the account keeps
    both (`hedged`), and opens with what is left. As in a file, an opening fee is not taken from the balance; profit and
    fee of what is closed go there. Raises PerpcalcError where what is held has no entry.
    """
    same = [index for index, case in enumerate(cases) if _same_contract(case, trade)]
    own = next((index for index in same if cases[index].side == trade.side), None)
    if own is not None:
        return _added(cases, own, trade)
    against = next((index for index in same if cases[index].side == -trade.side), None)
    if against is not None and not hedged:
        return _closed(cases, against, trade, fee_rate)
    return _opened(cases, trade)


def contract_of(case: Case) -> tuple[str, str | None, str]:
    """What a position is in: the venue, whatever the day of its rules, the contract and its coin.

    A venue's contract that expires is known by its day, however it is named.
    """
    instrument, expires = case.instrument, case.given[EXPIRES]
    if instrument.venue is None:
        name = f"{instrument.name} {expires}" if expires else instrument.name
    else:
        name = day_named(instrument) or expires or instrument.name
    return (instrument.venue or "").partition("@")[0], name, instrument.currency


def _same_contract(case: Case, trade: Case) -> bool:
    """Whether a position is in the contract of the trade and carried alike."""
    return (case.account, contract_of(case), _mode(case)) == (trade.account, contract_of(trade), _mode(trade))


def _mode(case: Case) -> str:
    return CROSS if case.margin is None else case.margin.mode


def _opened(cases: Sequence[Case], trade: Case) -> Held:
    """A position of its own; its margin leaves the account."""
    margin = trade.margin
    own = margin.coin if margin is not None and margin.mode == ISOLATED else ZERO
    return Held((*cases, trade), len(cases), -own, True)


def _added(cases: Sequence[Case], index: int, trade: Case) -> Held:
    """The position and the trade as one; each with its own stop."""
    from perpcalc.core.trading import increased

    case = cases[index]
    before = _backed(case)
    after = increased(before, _fill(trade), ZERO).still_open()
    margin, paid = after.margin, ZERO
    if margin.mode == ISOLATED:
        brought = trade.margined()
        if before.margin.leverage is None or before.margin.leverage != brought.leverage:
            own = before.margin
            margin = Margin(ISOLATED, own.coin + brought.coin, own.usable + brought.usable)
        paid -= margin.coin - before.margin.coin
    merged = trade._replace(
        position=after.position,
        contracts=after.position.contracts,
        given=trade.given.put(FUNDING_RATE, case.funding_rate if trade.funding_rate is None else trade.funding_rate),
        parts=(*(case.parts or (case,)), trade),
    )
    if case.margin is not None:
        merged = merged._replace(margin=margin)
    return Held(_put(cases, index, merged), index, paid, True)


def _closed(cases: Sequence[Case], index: int, trade: Case, fee_rate: Decimal) -> Held:
    """What is left of a position after the trade closed some of it; what goes beyond opens the other side."""
    from perpcalc.core.trading import reduced

    case = cases[index]
    before = _backed(case)
    closing = min(case.contracts, trade.contracts)
    after = reduced(before, Fill(closing, _fill(trade).price), fee_rate)
    paid = after.profit - after.fee
    if after.backed is not None:
        if after.backed.margin.mode == ISOLATED:
            paid += before.margin.coin - after.backed.margin.coin
        left = case._replace(position=after.backed.position, contracts=after.backed.position.contracts)
        if case.margin is not None:
            left = left._replace(margin=after.backed.margin)
        return Held(_put(cases, index, left), index, paid, False)
    if before.margin.mode == ISOLATED:
        paid += before.margin.coin
    others = tuple(one for number, one in enumerate(cases) if number != index)
    rest = trade.contracts - closing
    if not rest:
        return Held(others, None, paid, False)
    position = open_at(trade.instrument, trade.side, rest, _fill(trade).price)
    margin = trade.margin
    if margin is not None and margin.mode == ISOLATED:
        share = rest / trade.contracts
        margin = margin._replace(coin=margin.coin * share, usable=margin.usable * share)
    held = _opened(others, trade._replace(position=position, contracts=rest, margin=margin))
    return held._replace(paid_in=held.paid_in + paid)


def _put(cases: Sequence[Case], index: int, case: Case) -> tuple[Case, ...]:
    return (*cases[:index], case, *cases[index + 1 :])


def _backed(case: Case) -> "Backed":
    from perpcalc.core.backed import Backed

    margin = case.margin or Margin(CROSS, ZERO, ZERO)
    return Backed(Holding(case.opened(), NO_MAINTENANCE), margin, mark=case.mark)


def _fill(trade: Case) -> Fill:
    return Fill(trade.contracts, trade.opened().entry_price)


def check_margin_there(trade: Case, held: Held, balance: Decimal, equity: Decimal | None) -> None:
    """Raise PerpcalcError where an isolated trade takes a margin out of its account that is not there."""
    margin = trade.margin
    if margin is None or margin.mode != ISOLATED or held.paid_in >= ZERO:
        return
    free = balance if equity is None else min(balance, equity)
    if -held.paid_in > free:
        option = MARGIN if margin.leverage is None else LEVERAGE
        coin = trade.instrument.currency
        raise PerpcalcError(
            f"the trade takes a margin of {plain(-held.paid_in)} {coin}, the account has {plain(max(free, ZERO))}",
            "trade less, or with more leverage",
        ).at(option.key)
