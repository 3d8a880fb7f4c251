"""Knowing a position of a portfolio again: what a venue's position is called here, and in what the two differ."""

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from perpcalc.core.instrument import contracts_of_coin, contracts_of_usd
from perpcalc.core.margin import given_margin, isolated_margin
from perpcalc.core.position import Position, open_at, open_by_fills, open_for_value
from perpcalc.core.rounding import Grid, on
from perpcalc.decimals import ZERO, plain
from perpcalc.errors import PerpcalcError
from perpcalc.given import Given
from perpcalc.importing.evidence import FINEST_COIN
from perpcalc.options import (
    COIN,
    CONTRACTS,
    CURRENCY,
    ENTRY,
    ENTRY_VALUE,
    EXPIRES,
    EXTRA_MARGIN,
    FILL,
    INSTRUMENT,
    LEVERAGE,
    LINEAR,
    MARGIN,
    MARK,
    MMR,
    SIDE,
    STOP,
    TARGET,
    USD,
    VENUE,
)
from perpcalc.portfolio import Account
from perpcalc.portfolio import Position as Entry
from perpcalc.readers.answers import coin_of
from perpcalc.readers.recorded import last_digit
from perpcalc.readers.symbols import Contract, contract_of

Row = Mapping[str, Decimal | str]
FOLLOWING = (MARK, MMR, STOP, TARGET)


class Identity(NamedTuple):
    """By what a position is known again: the account, else the venue that it is held at, its contract and its side."""

    account: str | None
    venue: str | None
    contract: tuple[str, str, str | None]
    side: str


class Changed(NamedTuple):
    """A value that is not the venue's: ours None where the key is to be added, theirs None where it is to go."""

    name: str
    key: str
    ours: Decimal | str | None
    theirs: Decimal | str | None

    def __str__(self) -> str:
        ours, theirs = (plain(value) if isinstance(value, Decimal) else value for value in (self.ours, self.theirs))
        mine = f"has no {self.key}" if ours is None else f"{self.key} is {ours}"
        return f"{self.name}: {mine}, the venue has {'none' if theirs is None else theirs}"


class Compared(NamedTuple):
    """In what a position differs: `changes` make it another, `followed` are marks and the like that move by themselves.

    `by_hand` says why a difference cannot be written into the file in place.
    """

    changes: tuple[Changed, ...] = ()
    followed: tuple[Changed, ...] = ()
    by_hand: str | None = None


def venue_of(spec: str | None) -> str | None:
    """The name of a venue without the date of its rules.

    >>> venue_of("Bybit@2024-06-01"), venue_of(None)
    ('bybit', None)
    """
    return None if spec is None else spec.partition("@")[0].lower()


def identity(account: str | None, spec: str | None, contract: Contract, side: str) -> Identity:
    """The identity of a recorded position.

    >>> identity(None, "bybit@2024-06-01", Contract("BTC", "USD", "BTC"), "long")
    Identity(account=None, venue='bybit', contract=('BTC', 'USD', None), side='long')
    """
    return Identity(
        account,
        None if account is not None else venue_of(spec),
        (contract.base, contract.quote, contract.expires),
        side,
    )


def identity_of(entry: Entry, accounts: Mapping[str, Account]) -> Identity | None:
    """The identity of a position of a portfolio; None for a linear leg."""
    given = entry.given
    if LINEAR in given:
        return None
    home = accounts.get(entry.account or "")
    spec = home.venue if home else given[VENUE]
    coin = coin_of(given[CURRENCY] or (home.currency if home else "BTC"))
    contract = Contract(coin, "USD", coin)
    if (name := given[INSTRUMENT]) is not None:
        try:
            contract = contract_of(name, venue_of(spec))
        except PerpcalcError:
            contract = Contract(coin_of(name), "USD", coin_of(name))
    expires = given[EXPIRES] or contract.expires
    return identity(entry.account, spec, contract._replace(expires=expires), given[SIDE] or "")


def compared(entry: Entry, row: Row, position: Position) -> Compared:
    """In what a position of a portfolio is not the one that a row describes, which is `position`."""
    given = entry.given
    if FILL in given:
        return _compared_fills(entry, row, position)
    changes = [*_size_changes(entry, row, position), *_entry_changes(entry, row, position)]
    changes += _margin_changes(entry, row, position)
    followed: list[Changed] = []
    for option in FOLLOWING:
        ours, theirs = given[option], row.get(option.name)
        if theirs is not None and ours != theirs:
            moved = option in (MARK, MMR) or ours is None
            (followed if moved else changes).append(Changed(entry.name, option.name, ours, theirs))
    return Compared(tuple(changes), tuple(followed))


def _size_changes(entry: Entry, row: Row, position: Position) -> Iterator[Changed]:
    """The size, in the unit that the file has it in."""
    given = entry.given
    if (usd := given[USD]) is not None:
        if usd != position.notional:
            yield Changed(entry.name, USD.name, usd, position.notional)
        return
    coin, price = given[COIN], given[ENTRY] or given[MARK]
    if coin is not None:
        if price is not None and contracts_of_coin(position.instrument, coin, price) == position.contracts:
            return
        yield Changed(entry.name, COIN.name, coin, None)
    contracts = given[CONTRACTS]
    if contracts != position.contracts:
        yield Changed(entry.name, CONTRACTS.name, contracts, row["contracts"])


def _entry_changes(entry: Entry, row: Row, position: Position) -> Iterator[Changed]:
    """The entry: the average price or the coin value, whichever the file has; what shows the same is the same."""
    given, name = entry.given, entry.name
    price, value = row.get(ENTRY.name), row.get(ENTRY_VALUE.name)
    ours, our_value = given[ENTRY], given[ENTRY_VALUE]
    shown = None if our_value is None else position.notional / our_value
    if isinstance(price, Decimal) and shown is not None and on(Grid(last_digit(price), ROUND_HALF_UP), shown) == price:
        return
    for key, mine, theirs in ((ENTRY.name, ours, price), (ENTRY_VALUE.name, our_value, value)):
        if mine != theirs:
            yield Changed(name, key, mine, theirs)


def _margin_changes(entry: Entry, row: Row, position: Position) -> Iterator[Changed]:
    """The margin, where the amounts of coin differ that the two descriptions make."""
    keys = (LEVERAGE, MARGIN, EXTRA_MARGIN)
    ours = {option.name: entry.given[option] for option in keys}
    theirs = {option.name: value for option in keys if isinstance(value := row.get(option.name), Decimal)}
    mine, new = _coin(ours, position), _coin(theirs, position)
    if mine is not None and new is not None and abs(mine - new) < FINEST_COIN:
        return
    for key, value in ours.items():
        if value != theirs.get(key):
            yield Changed(entry.name, key, value, theirs.get(key))


def _coin(keys: Mapping[str, Decimal | None], position: Position) -> Decimal | None:
    """The coin of a margin that is written as a leverage or an amount, with what was added; None for cross."""
    extra, leverage, margin = keys.get("extra_margin") or ZERO, keys.get("leverage"), keys.get("margin")
    if leverage is not None:
        return isolated_margin(position, leverage, extra).coin
    return None if margin is None else given_margin(position, margin, extra).coin


def _compared_fills(entry: Entry, row: Row, position: Position) -> Compared:
    """A position of fills: the same where they sum up to it, else for its owner to write."""
    if is_same(held_of(entry.given, position), position, row):
        return Compared(tuple(_margin_changes(entry, row, position)))
    return Compared(by_hand="it is written as fills, which an import does not change")


def held_of(given: Given, like: Position) -> Position | None:
    """The position that a portfolio's keys make, of another's contract and side; None where they say too little."""
    instrument, side = like.instrument, like.side
    if (fills := given[FILL]) is not None:
        return open_by_fills(instrument, side, fills)
    price, value, coin = given[ENTRY], given[ENTRY_VALUE], given[COIN]
    contracts = given[CONTRACTS]
    if (usd := given[USD]) is not None:
        contracts = contracts_of_usd(instrument, usd)
    if coin is not None and (at := price or given[MARK]) is not None:
        contracts = contracts_of_coin(instrument, coin, at)
    if not contracts:
        return None
    if value is not None:
        return open_for_value(instrument, side, contracts, value)
    return None if price is None else open_at(instrument, side, contracts, price)


def is_same(held: Position | None, position: Position, row: Row) -> bool:
    """Whether a position of a portfolio has the size of another, and an average that shows the entry of its row."""
    if held is None or held.contracts != position.contracts:
        return False
    price = row.get(ENTRY.name)
    grid = Grid(last_digit(price), ROUND_HALF_UP) if isinstance(price, Decimal) else None
    return on(grid, held.notional / held.stored_value) == on(grid, position.notional / position.stored_value)
