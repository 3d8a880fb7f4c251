"""Reading a portfolio from a TOML file that may be wrong."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from perpcalc.errors import Entry, PerpcalcError
from perpcalc.files import Source, descriptor_of, read, toml
from perpcalc.given import Given
from perpcalc.limit_options import LIMIT_KEYS
from perpcalc.options import FILL, HORIZON, VOL
from perpcalc.portfolio import Account, Holding, Portfolio, Position, Unified

NO_LIMITS = (VOL.name, HORIZON.name)
"""Keys of [limits] that limit nothing by themselves."""


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
