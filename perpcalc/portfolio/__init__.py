"""The portfolio in a TOML file: what it holds, and reading one that may be wrong."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from perpcalc.core.pegged import DOLLARS
from perpcalc.errors import Entry, PerpcalcError, shown, suggestion
from perpcalc.files import Source, descriptor_of, read, toml
from perpcalc.given import Given
from perpcalc.limit_options import LIMIT_KEYS
from perpcalc.options import FILL, HORIZON, VOL

LONGEST_SYMBOL = 48
"""What of a contract's name goes into that of a position, which has 64 characters at most."""
NO_LIMITS = (VOL.name, HORIZON.name)
"""Keys of [limits] that limit nothing by themselves."""


class Unified(NamedTuple):
    """What backs an account of several coins; a negative balance is borrowed.

    `weights_of` has the bands of each coin's collateral ratio: up to which quantity, None without end, and the ratio; a
    coin without bands counts in full. `weights_file` is the venue's own table, as the file names it. What is None is as
    the venue has it. The last four are USD that only the venue knows.
    """

    balances: Mapping[str, Decimal]
    weights_of: Mapping[str, tuple[tuple[Decimal | None, Decimal], ...]]
    weights_file: str | None
    condition: Decimal | None
    weights: str | None
    order_loss: Decimal | None
    haircut_loss: Decimal | None
    order_maintenance: Decimal | None
    loan_maintenance: Decimal | None


class Account(NamedTuple):
    """One coin wallet, or several coins that back positions together; then `currency` is USD and `balance` None.

    `mode` is hedge, one-way, or None where the file does not say.
    """

    place: Entry
    name: str
    venue: str | None
    currency: str
    balance: Decimal | None
    mode: str | None
    unified: Unified | None


class Position(NamedTuple):
    """A position as it is written: every key but its name and account is given as the option of that name."""

    place: Entry
    name: str
    account: str | None
    given: Given


class Holding(NamedTuple):
    """Coins outside any account; a negative amount is owed."""

    place: Entry
    coin: str
    amount: Decimal


N = TypeVar("N", Account, Position)


class Portfolio(NamedTuple):
    """A whole file; the limits are as they are written, and can be read."""

    where: str
    prices: Mapping[str, Decimal] = {}
    accounts: tuple[Account, ...] = ()
    positions: tuple[Position, ...] = ()
    holdings: tuple[Holding, ...] = ()
    limits: Mapping[str, object] = {}

    def price(self, coin: str) -> Decimal | None:
        """The price of a coin in USD; that of a dollar, USDT or USDC is 1 unless the file says otherwise.

        >>> Portfolio("book.toml").price("USDT"), Portfolio("book.toml").price("BTC")
        (Decimal('1'), None)
        """
        return self.prices.get(coin, DOLLARS.get(coin))

    def account(self, name: str) -> Account:
        """The account of this name; raises PerpcalcError where there is none."""
        return _named(name, "account", self.accounts)

    def position(self, name: str) -> Position:
        """The position of this name; raises PerpcalcError where there is none."""
        return _named(name, "position", self.positions)


def load(path: str) -> Portfolio:
    """The portfolio in a file, or on standard input for `-`; raises PerpcalcError naming file, entry, key and value."""
    source = read(path)
    if not source.raw and (path == "-" or descriptor_of(path) is not None):
        raise PerpcalcError("is empty", "pipe a portfolio into it").at(source.where)
    return parse(source.raw, source.where)


def parse(raw: bytes, where: str) -> Portfolio:
    """The portfolio that the bytes of a file hold."""
    try:
        return portfolio_of(toml(raw), where)
    except PerpcalcError as error:
        raise error.at(where) from None


def problems_in(source: Source) -> tuple[PerpcalcError, ...]:
    """Everything that is wrong with what was read; nothing where `parse` takes it."""
    from perpcalc.portfolio.faults import checked

    try:
        _, faults = checked(toml(source.raw))
    except PerpcalcError as error:
        faults = [error]
    return tuple(fault.at(source.where) for fault in faults)


def sound_in(source: Source) -> Portfolio:
    """What of a file can be read: the accounts and positions that nothing is wrong with, under their own numbers."""
    from perpcalc.portfolio.faults import sound

    try:
        tables, numbers = sound(toml(source.raw))
        return portfolio_of(tables, source.where, numbers)
    except PerpcalcError:
        return Portfolio(source.where)


def load_limits(path: str) -> Mapping[str, object]:
    """The limits in a file, as they are written: those of its [limits] table, else its own keys.

    Raises PerpcalcError where one cannot be read, and where there is none: a gate without a limit lets everything pass.
    """
    source = read(path)
    try:
        tables = toml(source.raw)
        limited = tables if "limits" in tables else {"limits": tables}
        found = portfolio_of(limited, source.where).limits
        if not any(found.get(option.name, False) is not False for option in LIMIT_KEYS if option.name not in NO_LIMITS):
            raise PerpcalcError("has no limit", "write one, as in max_leverage = 5")
    except PerpcalcError as error:
        raise error.at(source.where) from None
    return found


def portfolio_of(
    tables: Mapping[str, Any],
    where: str,
    numbers: Mapping[str, Sequence[int]] = {},
) -> Portfolio:
    """The portfolio that the tables of a file hold; raises PerpcalcError for the first thing that is wrong.

    `numbers` are those that the entries of a kind have in the file, where they are not all of it.
    """
    from perpcalc.portfolio.faults import checked, entry_place

    values, faults = checked(tables)
    if faults:
        raise faults[0]

    def numbered(kind: str) -> Iterator[tuple[int, Any]]:
        entries = values.get(kind, ())
        return zip(numbers.get(kind, range(1, len(entries) + 1)), entries, strict=True)

    return Portfolio(
        where,
        values.get("prices", {}),
        tuple(_account(entry_place("account", number, entry["name"]), entry) for number, entry in numbered("accounts")),
        tuple(
            _position(entry_place("position", number, entry["name"]), entry) for number, entry in numbered("positions")
        ),
        tuple(Holding(Entry(f"holding {number}"), **entry) for number, entry in numbered("holdings")),
        values.get("limits", {}),
    )


def _account(place: Entry, entry: Mapping[str, Any]) -> Account:
    unified = None
    if "margin" in entry:
        fields = {key: entry.get(key) for key in Unified._fields}
        unified = Unified(**{**fields, "weights_of": entry.get("weights_of", {})})
    return Account(
        place,
        entry["name"],
        entry.get("venue"),
        "USD" if unified else entry.get("currency", "BTC"),
        entry.get("balance"),
        entry.get("mode"),
        unified,
    )


def _position(place: Entry, entry: dict[str, Any]) -> Position:
    name, account, fills = entry.pop("name"), entry.pop("account", None), entry.pop("fills", None)
    if fills:
        entry[FILL.name] = tuple(fills)
    return Position(place, name, account, Given(entry))


def _named(name: str, kind: str, among: Iterable[N]) -> N:
    known = list(among)
    for found in known:
        if found.name == name:
            return found
    close = suggestion(name, [found.name for found in known]) if known else "the name of one"
    raise PerpcalcError(f"there is no {kind} {shown(name)}", f"give {close}")


def new_name(symbol: str, side: str, taken: Collection[str]) -> str:
    """The name of a new position, with a number where it is taken.

    >>> new_name("BTCUSD", "long", {"BTCUSD long"})
    'BTCUSD long 2'
    """
    wanted = f"{symbol[:LONGEST_SYMBOL]} {side}"
    number, name = 1, wanted
    while name in taken:
        number += 1
        name = f"{wanted} {number}"
    return name
