"""What an import does to a portfolio: what to add, what has changed, what is gone, and why the rest is not taken."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.position import Position, merged
from perpcalc.decimals import ZERO, plain
from perpcalc.errors import PerpcalcError
from perpcalc.importing.contracts import Resolve, listed
from perpcalc.importing.differences import Difference, Leg, of_account, of_isolated
from perpcalc.importing.known import (
    Changed,
    Compared,
    Identity,
    Row,
    compared,
    held_of,
    identity_of,
    is_same,
    venue_of,
)
from perpcalc.importing.placing import Choices, check_once, home_of, located
from perpcalc.importing.taking import Setting, Taken, leg_of, taken
from perpcalc.options import LEVERAGE, MARGIN
from perpcalc.portfolio import Account, Portfolio, new_name
from perpcalc.portfolio import Position as Entry
from perpcalc.readers.positions import Dump, LeftOut


class Balanced(NamedTuple):
    """A balance that is not the venue's; `coin` only of an account of several coins."""

    account: str
    coin: str | None
    ours: Decimal | None
    theirs: Decimal

    def __str__(self) -> str:
        ours = "none" if self.ours is None else plain(self.ours)
        what = "balance" if self.coin is None else f"balance of {self.coin}"
        return f"{self.account}: its {what} is {ours}, the venue has {plain(self.theirs)}"


class Plan(NamedTuple):
    """What an import would do. Rows have the keys of a portfolio's positions, in their order.

    `changes` make a position another, `followed` are marks and the like that move by themselves, `by_hand` are
    differences that cannot be written in place.
    """

    rows: tuple[Row, ...] = ()
    unchanged: tuple[str, ...] = ()
    changes: tuple[Changed, ...] = ()
    followed: tuple[Changed, ...] = ()
    by_hand: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    left_out: tuple[PerpcalcError, ...] = ()
    empty: int = 0
    balances: tuple[Balanced, ...] = ()
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    further_page: bool = False


class Laid(NamedTuple):
    """A position laid beside those of the portfolio: its name there, and its row where it is new."""

    name: str
    row: Row | None = None
    unchanged: tuple[str, ...] = ()
    compared: Compared = Compared()


def plan(dump: Dump, portfolio: Portfolio, choices: Choices, resolve: Resolve = listed) -> Plan:
    """What importing a file into a portfolio would do; nothing is written.

    Raises PerpcalcError for an account that is not there and for a position that stands in the file twice.
    """
    accounts = {account.name: account for account in portfolio.accounts}
    account = home_of(choices, accounts)
    placed = located(dump.items, account, choices)
    found, left_out = placed.found, [*dump.unread, *placed.left_out]
    check_once(found)
    contracts = {(one.contract.base, one.contract.expires) for one in found}
    coins = [coin for coin, _ in contracts]
    several = frozenset(coin for coin in coins if coins.count(coin) > 1)
    setting = Setting(portfolio, account, choices, several, resolve)
    held: list[Taken] = []
    for one in found:
        try:
            held.append(taken(one, setting))
        except PerpcalcError as error:
            left_out.append(LeftOut(one.recorded.number, error.at(one.recorded.place)))
    laid = list(_laid(held, portfolio.positions, accounts))
    home = account
    if home is not None and home.mode is None and _has_both_sides(held):
        home = home._replace(mode="hedge")  # as the file is read that holds both
    legs = [leg_of(beside.name, one, home) for beside, one in zip(laid, held, strict=True)]
    there = {one.identity for one in found}
    unsure = placed.unsure or bool(dump.unread)
    gone = _gone(portfolio.positions, accounts, choices, there) if dump.lists_positions and not unsure else ()
    balances = tuple(_balances(dump, accounts.values(), account, choices))
    return Plan(
        rows=tuple(beside.row for beside in laid if beside.row is not None),
        unchanged=tuple(name for beside in laid for name in beside.unchanged),
        changes=tuple(change for beside in laid for change in beside.compared.changes),
        followed=tuple(change for beside in laid for change in beside.compared.followed),
        by_hand=tuple(beside.compared.by_hand for beside in laid if beside.compared.by_hand is not None),
        gone=tuple(gone),
        left_out=tuple(left.error for left in sorted(left_out, key=lambda left: left.number)),
        empty=dump.empty,
        balances=balances,
        differences=tuple(_differences(legs, account, balances, portfolio, accounts, there)),
        notes=tuple(_notes(dump, held, legs, account, unsure, choices, _homes(accounts.values(), account, choices))),
        further_page=dump.further_page,
    )


def _laid(held: Iterable[Taken], entries: Sequence[Entry], accounts: Mapping[str, Account]) -> Iterator[Laid]:
    """Each position beside those of the portfolio that it is, under a new name where it is none of them."""
    names = {entry.name for entry in entries}
    known: dict[Identity, list[Entry]] = {}
    for entry in entries:
        if (who := identity_of(entry, accounts)) is not None:
            known.setdefault(who, []).append(entry)
    of_file = Counter(one.located.identity for one in held)
    for one in held:
        same = known.get(one.located.identity, [])
        of_mode = [entry for entry in same if _is_isolated(entry) == (one.chosen is not None)]
        if of_file[one.located.identity] > 1:  # held in both margin modes, each of which knows its own
            same = of_mode
        if not same:
            name = _new_name(one, names)
            names.add(name)
            yield Laid(name, {"name": name, **one.row})
        elif len(parts := of_mode or same) == 1:
            yield _beside(parts[0], one)
        else:
            yield _beside_parts(parts, one)


def _beside(entry: Entry, one: Taken) -> Laid:
    found = compared(entry, one.row, one.position)
    if found.by_hand is not None:
        found = found._replace(by_hand=f"{entry.name}: is not the venue's: {found.by_hand}")
    same = not found.changes and found.by_hand is None
    return Laid(entry.name, None, (entry.name,) if same else (), found)


def _beside_parts(entries: Sequence[Entry], one: Taken) -> Laid:
    """Several positions that the venue holds as one: the same where they sum up to it."""
    whole: Position | None = None
    for index, entry in enumerate(entries):
        part = held_of(entry.given, one.position)
        whole = part if not index or part is None or whole is None else merged(whole, part)
    names = tuple(entry.name for entry in entries)
    if is_same(whole, one.position, one.row):
        return Laid(names[0], None, names)
    size = plain(one.position.contracts)
    by_hand = f"{' and '.join(names)}: are not together the venue's {size} contracts: write them by hand"
    return Laid(names[0], None, (), Compared(by_hand=by_hand))


def _new_name(one: Taken, taken: Collection[str]) -> str:
    written = one.located.recorded.symbol
    symbol = written if one.market.expires else one.market.instrument.name or written
    return new_name(symbol, one.located.identity.side, taken)


def _is_isolated(entry: Entry) -> bool:
    return LEVERAGE in entry.given or MARGIN in entry.given


def _gone(
    entries: Iterable[Entry], accounts: Mapping[str, Account], choices: Choices, there: set[Identity]
) -> Iterator[str]:
    """The positions of the account or the venue named that the file does not have."""
    venue = venue_of(choices.venue)
    for entry in entries:
        who = identity_of(entry, accounts)
        if who is None or who in there:
            continue
        of_account = choices.account is not None and who.account == choices.account
        if of_account or (choices.account is None and venue is not None and who.account is None and who.venue == venue):
            yield entry.name


def _homes(accounts: Iterable[Account], account: Account | None, choices: Choices) -> list[Account]:
    """The accounts that balances are of: the one that was named, else those at the venue."""
    if account is not None:
        return [account]
    venue = venue_of(choices.venue)
    return [one for one in accounts if venue is not None and venue_of(one.venue) == venue]


def _balances(dump: Dump, accounts: Iterable[Account], account: Account | None, choices: Choices) -> Iterator[Balanced]:
    """The balances of the account, or of those at the venue, that are not the file's."""
    if not choices.balances:
        return
    found = {balance.coin: balance.amount for balance in dump.balances}
    for one in _homes(accounts, account, choices):
        if one.unified is not None:
            for coin, amount in found.items():
                ours = one.unified.balances.get(coin)
                if (ours or ZERO) != amount:
                    yield Balanced(one.name, coin, ours, amount)
        elif one.currency in found and one.balance != found[one.currency]:
            yield Balanced(one.name, None, one.balance, found[one.currency])


def _differences(
    legs: Sequence[Leg],
    account: Account | None,
    balances: Sequence[Balanced],
    portfolio: Portfolio,
    accounts: Mapping[str, Account],
    there: set[Identity],
) -> Iterator[Difference]:
    """Where our figures are not the venue's: of isolated positions, and of the account where the file has all of it."""
    for leg in legs:
        if leg.margin is not None:
            yield from of_isolated(leg)
    cross = [leg for leg in legs if leg.margin is None]
    if account is None or not cross:
        return
    balance = next((change.theirs for change in balances if change.coin is None), account.balance)
    others = (entry for entry in portfolio.positions if entry.account == account.name and not _is_isolated(entry))
    whole = all(identity_of(entry, accounts) in there for entry in others)
    yield from of_account(cross, balance, account.unified is not None, whole)


def _has_both_sides(taken: Sequence[Taken]) -> bool:
    sides = {(one.located.identity.contract, one.located.identity.side) for one in taken}
    return any((contract, "long" if side == "short" else "short") in sides for contract, side in sides)


def _mode_needed(taken: Sequence[Taken], account: Account) -> str | None:
    """The mode that an account needs and does not have: hedge for both sides of a contract, else as the venue says."""
    hedged = [one.located.recorded.hedged for one in taken]
    if account.mode != "hedge" and (_has_both_sides(taken) or (account.mode and True in hedged)):
        return "hedge"
    return "one-way" if account.mode == "hedge" and False in hedged else None


def _notes(
    dump: Dump,
    taken: Sequence[Taken],
    legs: Sequence[Leg],
    account: Account | None,
    unsure: bool,
    choices: Choices,
    homes: Sequence[Account],
) -> Iterator[str]:
    """What else to say: how a position was read, both sides held, what balances hold."""
    for one, leg in zip(taken, legs, strict=True):
        yield from (f"{leg.name}: {note}" for note in one.notes)
    if account is not None and (mode := _mode_needed(taken, account)) is not None:
        yield f'the venue holds the positions in {mode} mode: write mode = "{mode}" to the account {account.name}'
    if unsure and (choices.account or choices.venue):
        yield "not all of the file could be read: no position is taken for gone"
    if choices.balances:
        whole = [balance for balance in dump.balances if balance.whole]
        if whole and any(one.chosen for one in taken):
            yield f"{whole[0].name} is of the whole wallet, the margin of isolated positions in it"
        if not dump.balances:
            yield "the file tells no balance"
        elif not homes:
            yield (
                "no account of the portfolio takes the balances: write one of the venue to it, or name it as the"
                " account"
            )
        told = {balance.coin for balance in dump.balances}
        for home in homes if told else ():
            held = {home.currency: home.balance} if home.unified is None else home.unified.balances
            if untold := [coin for coin, amount in held.items() if amount and coin not in told]:
                yield f"{home.name}: the file tells no balance of {', '.join(untold)}: left as it is"
