"""Everything that is wrong with a portfolio file, with its places and in our words."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from perpcalc.errors import Entry, Key, PerpcalcError, printable, shown, suggestion
from perpcalc.other_words import key_meant
from perpcalc.portfolio.schema import (
    BALANCES,
    KNOWN,
    LONGEST_NAME,
    ONE_COIN,
    SEVERAL_COINS,
    UNIFIED,
    WEIGHTS,
    named,
    values_of,
)

Tables = Mapping[str, Any]
Loc = tuple[str | int, ...]

KINDS = {"accounts": "account", "positions": "position", "holdings": "holding", "fills": "fill"}
CONTRACT = ("instrument", "contract_size", "currency", "linear", "settle", "expires")
"""The keys that say which contract of an account a position holds."""


class Fault(NamedTuple):
    """What is wrong, and at which key of the tables."""

    loc: Loc
    error: PerpcalcError


class Sound(NamedTuple):
    """What of the tables can be read, and the numbers that its entries have in the file."""

    tables: dict[str, Any]
    numbers: dict[str, list[int]]


def checked(tables: Tables) -> tuple[dict[str, Any], list[PerpcalcError]]:
    """The values that the tables hold, and everything that is wrong with them: prices first, then entry by entry."""
    values, faults = _found(tables)
    return values, [_placed(fault, tables) for fault in faults]


def sound(tables: Tables) -> Sound:
    """The tables without the keys and entries that something is wrong with, and without the positions of an account
    that is left out.
    """
    _, faults = _found(tables)
    left_out = {fault.loc[:2] if fault.loc[0] in KINDS else fault.loc[:1] for fault in faults}
    lost = {entry.get("name") for number, entry in _entries("accounts", tables) if ("accounts", number) in left_out}
    read: dict[str, Any] = {key: value for key, value in tables.items() if (key,) not in left_out}
    numbers: dict[str, list[int]] = {}
    for kind in KINDS.keys() & read.keys():
        kept = [
            (number, entry)
            for number, entry in _entries(kind, tables)
            if (kind, number) not in left_out and entry.get("account") not in lost
        ]
        read[kind], numbers[kind] = [entry for _, entry in kept], [number + 1 for number, _ in kept]
    return Sound(read, numbers)


def _found(tables: Tables) -> tuple[dict[str, Any], list[Fault]]:
    values, faults = values_of(tables), list(_contradictions(tables))
    if values is None:
        from perpcalc.portfolio.validation import validated

        values, misfits = validated(tables)
        faults = [*map(_fault, misfits), *faults]
    return values, sorted(faults, key=_order)


def entry_place(kind: str, number: int, name: object) -> Entry:
    """Where an entry stands: its kind, its number and its name.

    >>> entry_place("position", 2, "core long")
    'position 2 (core long)'
    """
    return Entry(f"{kind} {number} ({printable(name[:LONGEST_NAME])})" if isinstance(name, str) else f"{kind} {number}")


def _fault(found: Any) -> Fault:
    """What the schema found; `[key]` is its own mark for a key that does not fit."""
    loc: Loc = tuple(part for part in found["loc"] if part != "[key]")
    return Fault(loc, _worded(found["type"], found["input"], loc, found.get("ctx", {})))


def _worded(kind: str, value: object, loc: Loc, context: Mapping[str, Any]) -> Any:
    key = loc[-1] if loc else ""
    if kind == "value_error":
        return context["error"]
    if kind == "extra_forbidden":
        table = next((part for part in reversed(loc[:-1]) if isinstance(part, str)), "")
        return PerpcalcError("unknown key", f"did you mean {key_meant(str(key), KNOWN[table])}?")
    if kind == "missing":
        return PerpcalcError("the key is missing", "write it")
    if kind == "list_type":
        shape = "fills = [{contracts = 300, price = 61_000}]" if key == "fills" else f"[[{key}]]"
        return PerpcalcError(f"{named(value)} is not a list of tables", f"write {shape}")
    if kind == "dict_type":
        shape = f"below [{key}]" if len(loc) == 1 else "in braces, as in {key = 1}"
        return PerpcalcError(f"{named(value)} is not a table", f"write its keys {shape}")
    return PerpcalcError(f"{named(value)} does not fit", "see the README's portfolio section")  # pragma: no cover


def _contradictions(tables: Tables) -> Iterator[Fault]:
    """What is wrong between keys and between entries, as far as these have the shapes they should."""
    yield from _twins("accounts", tables)
    yield from _twins("positions", tables)
    accounts = {entry["name"]: entry for _, entry in _entries("accounts", tables) if isinstance(entry.get("name"), str)}
    for number, entry in _entries("accounts", tables):
        for key, error in _account_faults(entry):
            yield Fault(("accounts", number, key), error)
    held: dict[object, tuple[object, int]] = {}
    for number, entry in _entries("positions", tables):
        if (account := entry.get("account")) is None:
            continue
        home = accounts.get(account) if isinstance(account, str) else None
        for key, error in _position_faults(entry, home, accounts):
            yield Fault(("positions", number, key), error)
        if home is not None and _folded(home.get("mode")) == "one-way":
            side = _folded(entry.get("side"))
            first, where = held.setdefault((account, *(_folded(entry.get(key)) for key in CONTRACT)), (side, number))
            if side != first:
                what = f"position {where + 1} is the other side of this contract, and the account is one-way"
                error = PerpcalcError(what, 'write mode = "hedge", or what is left of both')
                yield Fault(("positions", number, "side"), error)


def _twins(kind: str, tables: Tables) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    for number, entry in _entries(kind, tables):
        name = entry.get("name")
        if isinstance(name, str) and (first := seen.setdefault(name, number)) != number:
            error = PerpcalcError(f"{KINDS[kind]} {first + 1} has the same name", "give each its own")
            yield Fault((kind, number), error)


def _account_faults(entry: Tables) -> Iterator[tuple[str, PerpcalcError]]:
    if _folded(entry.get("margin")) == UNIFIED:
        if BALANCES not in entry:
            yield BALANCES, PerpcalcError("the key is missing", f"write it, as in {BALANCES} = {{ BTC = 1 }}")
        for key in (key for key in ONE_COIN if key in entry):
            yield key, PerpcalcError(f'excludes margin = "{UNIFIED}"', f"leave it out: {BALANCES} has the coins")
    else:
        if "balance" not in entry:
            yield "balance", PerpcalcError("the key is missing", "write it")
        for key in (key for key in (BALANCES, WEIGHTS, *SEVERAL_COINS) if key in entry):
            yield (
                key,
                PerpcalcError("is of an account of several coins", f'write margin = "{UNIFIED}", or leave it out'),
            )
    if WEIGHTS in entry and "weights_file" in entry:
        yield "weights_file", PerpcalcError(f"excludes {WEIGHTS}", "leave one out")


def _position_faults(entry: Tables, home: Tables | None, accounts: Tables) -> Iterator[tuple[str, PerpcalcError]]:
    """What is wrong with a position that names an account."""
    account = entry["account"]
    if isinstance(account, str) and home is None:
        close = suggestion(account, accounts) if accounts else "one that [[accounts]] defines"
        yield "account", PerpcalcError(f"there is no account {shown(account)}", f"give {printable(close)}")
    unified = home is not None and _folded(home.get("margin")) == UNIFIED
    for key in (key for key in (("venue",) if unified else ("venue", "currency")) if key in entry):
        yield key, PerpcalcError("excludes account, which has its own", "leave one out")
    if unified and not any(key in entry for key in ("instrument", "currency", "linear")):
        yield "instrument", PerpcalcError("the key is missing", "write it, or currency: its account has several coins")
    if "linear" in entry and home is not None and not unified:
        what = "its account is a wallet of one coin, which carries no linear legs"
        yield "linear", PerpcalcError(what, f'name one with margin = "{UNIFIED}", or leave account out')


def _entries(kind: str, tables: Tables) -> Iterator[tuple[int, Tables]]:
    entries = tables.get(kind)
    if isinstance(entries, list):
        yield from ((number, entry) for number, entry in enumerate(entries) if isinstance(entry, dict))


def _folded(value: object) -> object:
    return value.lower() if isinstance(value, str) else value if value is None else str(value)


def _order(fault: Fault) -> tuple[int, int]:
    kind, number, *_ = (*fault.loc, -1, -1)
    kinds = KNOWN[""]
    return kinds.index(kind) if kind in kinds else -1, number if isinstance(number, int) else -1


def _placed(fault: Fault, tables: Tables) -> PerpcalcError:
    """The error with its entry and its key before it."""
    error = fault.error
    for depth in range(len(fault.loc), 0, -1):
        *outer, part = fault.loc[:depth]
        if isinstance(part, int):
            entry = _at(tables, (*outer, part))
            error = error.at(
                entry_place(KINDS[str(outer[-1])], part + 1, entry.get("name") if isinstance(entry, dict) else None)
            )
        elif depth == len(fault.loc) and outer:
            error = error.at(Key(printable(part)))
        elif depth == len(fault.loc):
            error = error.at(printable(part))
        elif not isinstance(fault.loc[depth], int):
            error = error.at(Entry(part))
    return error


def _at(tables: Tables, loc: Loc) -> object:
    node: Any = tables
    for part in loc:
        node = node[part]
    return node
