"""`perpcalc portfolio import`: take over the positions that an exchange holds, as the library ccxt tells them."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from perpcalc.ccxt_positions import Dump, exchange_of, is_empty, place, position_of, read_dump, venue_of
from perpcalc.cli.case import need_margin
from perpcalc.cli.command import tell
from perpcalc.cli.options import VENUE, Given, as_keys, written
from perpcalc.cli.portfolio import ACCOUNT, INTO, account_of, accounts_of
from perpcalc.cli.positions import Held, case_of_entry, wallets
from perpcalc.core.liquidation import liquidation, position_liquidation
from perpcalc.decimals import plain
from perpcalc.errors import PerpcalcError
from perpcalc.files import read as read_bytes
from perpcalc.portfolio import Portfolio, PositionEntry
from perpcalc.portfolio_file import append, entry_of, row_of
from perpcalc.render.text import printable
from perpcalc.venues import load


def take_over(given: Given) -> int:
    """Append the inverse perpetuals among the positions of an exchange; says which were left out and why."""
    if given.into is None:
        raise PerpcalcError("is missing", "name the portfolio file").at(INTO.flag)
    if given.account is not None:
        for option in written(given, (VENUE,)):
            raise PerpcalcError("excludes --account, which has its own", "leave one out").at(option.flag)
    dump = read_dump(read_bytes(given.file))
    held = [(place(number, item), item) for number, item in enumerate(dump.items, 1) if not is_empty(item)]
    taken: list[Taken] = []
    present: list[str] = []
    left_out: list[str] = []

    def compose(portfolio: Portfolio) -> list[Any]:
        home = _home(given, portfolio)
        entries = list(portfolio.positions)
        for where, item in held:
            try:
                one = _taken(item, given, _venue(item, dump, home, given), portfolio, entries)
            except PerpcalcError as error:
                left_out.append(f"{where}: left out: {error}")
                continue
            if twins := [other.name for other in entries if _same(one.entry, other)]:
                present.append(f"{where}: left out: it is in the portfolio already, as {twins[0]!a}")
                continue
            entries.append(one.entry)
            taken.append(one)
        return [one.row for one in taken]

    after = append(given.into, compose)
    for reason in (*left_out, *present):
        tell(reason)
    if empty := len(dump.items) - len(held):
        tell(f"left out: {empty} without contracts")
    if left_out and not taken and not present:
        raise PerpcalcError(f"none of the {len(held)} positions could be taken over", "see why above").at(
            "standard input" if given.file == "-" else given.file
        )
    for one in taken:
        _compare(one, after, given.into)
    added = "1 position was" if len(taken) == 1 else f"{len(taken)} positions were"
    tell(f"{given.into}: {added} added, it has {len(after.positions)} now")
    return 0


class Taken(NamedTuple):
    """A position of an exchange: its lines, the entry they make, and the venue's own liquidation price."""

    row: Any
    entry: PositionEntry
    liquidation_price: Decimal | None


def _taken(item: Any, given: Given, venue: str, portfolio: Portfolio, entries: Iterable[PositionEntry]) -> Taken:
    """One position of an exchange, under a name that is free; raises PerpcalcError where it cannot be held here."""
    position = position_of(item, venue)
    contract = position.contract
    row = row_of(
        {
            "name": _new_name(f"{contract.instrument} {position.side}", entries),
            "account": given.account,
            "venue": None if given.account else contract.venue,
            "instrument": contract.instrument,
            "side": position.side,
            "contracts": position.contracts,
            "entry": position.entry,
            "leverage": position.leverage,
            "margin": position.margin,
            "mark": None if contract.currency in portfolio.prices else position.mark,
            "stop": position.stop,
            "target": position.target,
        }
    )
    if given.account and contract.currency != (coin := portfolio.account(given.account).currency):
        raise PerpcalcError(f"settles in {contract.currency}, and the account holds {coin}")
    if not given.account and not position.isolated:
        raise PerpcalcError("is on cross margin", "give the --account whose balance stands behind it")
    entry = entry_of(row)
    try:
        case_of_entry(entry, accounts_of(portfolio), portfolio, None, False)
    except PerpcalcError as error:
        raise PerpcalcError(as_keys(str(error))) from None
    return Taken(row, entry, position.liquidation_price)


def _home(given: Given, portfolio: Portfolio) -> str | None:
    """The venue of the account or of the option; None where only the positions themselves can say it."""
    if given.account is not None:
        venue = account_of(given.account, portfolio).venue
        if venue is None:
            raise PerpcalcError("has no venue, which says what its contracts are", "write it to the account").at(
                ACCOUNT.flag
            )
        return venue
    if not written(given, (VENUE,)):
        return None
    venue = venue_of(given.venue)
    try:
        load(venue.partition("@")[0])
    except PerpcalcError as error:
        raise error.at(VENUE.flag) from None
    return venue


def _venue(item: Any, dump: Dump, home: str | None, given: Given) -> str:
    """The venue a position is at: the one given, with which it must not disagree, its own, or the environment's."""
    exchange = exchange_of(item, dump)
    stated = None if exchange is None else venue_of(exchange)
    venue: str | None = home or stated or given.venue
    if venue is None:
        raise PerpcalcError("does not say where it is held", "give --account or --venue")
    if stated is not None and stated.partition("@")[0] != venue.partition("@")[0]:
        raise PerpcalcError(f"is at {printable(stated)}, not at {venue}")
    load(venue.partition("@")[0])
    return venue


def _same(one: PositionEntry, other: PositionEntry) -> bool:
    """Whether two entries are of one holding: the same contract, side, size and entry in the same place."""
    keys = ("account", "venue", "instrument", "side", "contracts", "entry")
    return all(getattr(one, key) == getattr(other, key) for key in keys)


def _new_name(name: str, entries: Iterable[PositionEntry]) -> str:
    taken = {entry.name for entry in entries}
    number = 1
    while (candidate := name if number == 1 else f"{name} {number}") in taken:
        number += 1
    return candidate


def _compare(taken: Taken, portfolio: Portfolio, path: str) -> None:
    """Say where the venue's own liquidation price is not ours, by a tick or more."""
    theirs = taken.liquidation_price
    if theirs is None:
        return
    name = taken.entry.name
    try:
        ours, tick = _liquidation_price(taken.entry, portfolio, path)
    except PerpcalcError as error:
        tell(f"{name}: the venue's liquidation price, {plain(theirs)}, cannot be compared: {as_keys(str(error))}")
        return
    if ours is None or abs(ours - theirs) >= tick:
        shown = "never" if ours is None else plain(ours)
        tell(
            f"{name}: the venue's liquidation price is {plain(theirs)}, ours is {shown}: see perpcalc liq-price --explain"
        )


def _liquidation_price(entry: PositionEntry, portfolio: Portfolio, path: str) -> tuple[Decimal | None, Decimal]:
    """Where a position of a portfolio is liquidated, in the wallet of its account if it is a cross one; and the tick."""
    accounts = accounts_of(portfolio)
    case = case_of_entry(entry, accounts, portfolio, None, False)
    tick = case.instrument.tick or Decimal("0.01")
    margin = need_margin(case)
    if margin.mode == "isolated":
        return position_liquidation(case.holding(), margin, case.mark).liquidation_price, tick
    mates = [one for one in portfolio.positions if one.account == entry.account]
    held = [Held(one, case_of_entry(one, accounts, portfolio, None, False), one.name) for one in mates]
    wallet = wallets(portfolio, held, path)[0]
    number = [mates[member].name for member in wallet.members].index(entry.name)
    return liquidation(wallet.account, number, wallet.holdings[number], case.mark).liquidation_price, tick
