"""A venue file that somebody wrote: reading it, and the first thing in it that does not follow the format."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from perpcalc.decimals import rate_from_zero
from perpcalc.errors import Entry as Place
from perpcalc.errors import PerpcalcError, shown, suggestion
from perpcalc.files import read, toml
from perpcalc.venues.instruments import instrument_of
from perpcalc.venues.keys import (
    KEYS,
    NAME,
    PROVENANCE,
    TOPICS,
    Entry,
    day,
    flag,
    name,
    names,
    number,
    one_of,
    text,
)
from perpcalc.venues.symbols import EXPIRY
from perpcalc.venues.tables import Tables, dates_as_text, extended, rules_on, shipped, shipped_names

LARGEST_FILE = 1 << 20
ROW = ("from", "source", "confidence")
TOP: Mapping[str, Entry] = {
    "name": Entry(name),
    "title": Entry(text),
    "default": Entry(name),
    "extends": Entry(name),
    "hedge_mode": Entry(flag),
    "caution": Entry(text),
    "known_until": Entry(day),
    "ccxt": Entry(names),
}
UNIFIED: Mapping[str, Entry] = {
    "weights": Entry(one_of("balance", "equity")),
    "condition": Entry(number(rate_from_zero)),
    "always": Entry(flag),
}
CONTRACT: Mapping[str, Entry] = {"currency": Entry(name), "quote": Entry(name), "ended": Entry(day)}
URLS = ("tiers", "instruments", "funding")
NEEDED = ("name", "title", "default", "known_until", "instruments")
SECTIONS = ("changes", "unified", "urls", "not_inverse", "instruments", "dated")


def read_file(path: str | os.PathLike[str]) -> tuple[Tables, Tables]:
    """The tables that a user's file makes, with those it extends, and its own alone.

    Raises PerpcalcError naming the file, the key and the value.
    """
    source = read(os.fspath(path), own_stdin=False)
    try:
        return read_tables(source.raw)
    except PerpcalcError as error:
        raise error.at(source.where) from None


def read_tables(raw: bytes) -> tuple[Tables, Tables]:
    """The tables that the text of a venue file makes, with those it extends, and its own alone."""
    if len(raw) > LARGEST_FILE:
        raise PerpcalcError("the file is larger than 1 MiB", "a venue file is not")
    try:
        own: Tables = dates_as_text(toml(raw))
    except PerpcalcError:
        raise
    except ValueError:
        raise PerpcalcError("an integer has too many digits", "use at most 15") from None
    return validated(own), own


def validated(own: Tables) -> Tables:
    """A file's tables with those it extends; raises PerpcalcError at the first that does not follow the format."""
    _judge_file(own)
    base: Tables = {}
    if "extends" in own:
        if own["extends"] not in shipped_names():
            known = suggestion(own["extends"], shipped_names())
            raise PerpcalcError(f"{shown(own['extends'])} did not come with the program", f"give {known}").at("extends")
        base = shipped(own["extends"])
    tables = extended(base, own) if base else own
    for key in NEEDED:
        if key not in tables:
            raise PerpcalcError("the key is missing", f"a venue has {', '.join(NEEDED)}, or extends one").at(key)
    if tables["default"] not in tables["instruments"]:
        raise PerpcalcError(f"{shown(tables['default'])} is not among the instruments", "name one").at("default")
    general = any(topic in own for topic in TOPICS)
    for kind in ("instruments", "dated"):
        for symbol in tables.get(kind, {}) if general else own.get(kind, {}):
            _judge_together(tables, kind, symbol)
    return tables


def _judge_file(own: Tables) -> None:
    """Each table, key and value by itself."""
    for key, value in own.items():
        if key in TOP:
            _read(TOP[key], value, key)
        elif key == "changes":
            _rows(value, key, {"date": Entry(day), "text": Entry(text)}, ("date", "text"), "date")
        elif key == "unified":
            _rows(value, key, {**PROVENANCE, **UNIFIED}, (*ROW, "weights", "condition"), "from")
        elif key in KEYS:
            _rows(value, key, {**PROVENANCE, **KEYS[key]}, ROW, "from")
        elif key in ("urls", "not_inverse"):
            _texts(value, key, URLS if key == "urls" else None)
        elif key in ("instruments", "dated"):
            _contracts(value, key)
        else:
            raise _unknown(key, (*TOP, *TOPICS, *SECTIONS)).at(_shown(key))


def _contracts(contracts: Any, kind: str) -> None:
    if not isinstance(contracts, dict) or not contracts:
        raise PerpcalcError("there is no instrument", f"write [{kind}.NAME]").at(kind)
    for symbol, table in contracts.items():
        if not re.fullmatch(NAME, symbol):
            raise PerpcalcError(
                f"{shown(symbol)} is not a name", "use letters, digits and - _ . / :, at most 64 of them"
            ).at(kind)
        where = f"{kind}.{symbol}"
        if kind == "dated" and not symbol.endswith(tuple(EXPIRY)):
            tokens = " or ".join(EXPIRY)
            raise PerpcalcError("does not say where the expiry stands", f"end the name in {tokens}").at(where)
        if not isinstance(table, dict):
            raise PerpcalcError("is not a table", f"write [{where}]").at(where)
        for key, value in table.items():
            if key in CONTRACT:
                _read(CONTRACT[key], value, f"{where}.{key}")
            elif key in KEYS:
                _rows(value, f"{where}.{key}", {**PROVENANCE, **KEYS[key]}, ROW, "from")
            else:
                raise _unknown(key, (*CONTRACT, *TOPICS)).at(f"{where}.{_shown(key)}")


def _judge_together(tables: Tables, kind: str, symbol: str) -> None:
    """A contract has all that it needs, and the rules of each day fit together."""
    contract = tables[kind][symbol]
    where = f"{kind}.{symbol}"
    for key in ("currency", "contract"):
        if key not in contract:
            raise PerpcalcError("the key is missing", "an instrument has currency and contract").at(f"{where}.{key}")
    if not all("size" in row for row in contract["contract"]):
        raise PerpcalcError("the key is missing", "a contract has a size in USD").at(f"{where}.contract.size")
    days = {row["from"] for rows in (tables.get("margin", ()), contract.get("margin", ())) for row in rows}
    for date in (*sorted(days), ""):
        try:
            instrument_of("", symbol, contract["currency"], rules_on(tables, contract, date)[0])
        except PerpcalcError as error:
            raise error.at(f"{where}.margin") from None


def _rows(rows: Any, where: str, keys: Mapping[str, Entry], needed: Sequence[str], dated: str) -> None:
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise PerpcalcError("is not a list of dated tables", f"write [[{where}]]").at(where)
    before = ""
    for count, row in enumerate(rows, 1):
        place = Place(f"{where} {count}")
        for key in needed:
            if key not in row:
                raise PerpcalcError("the key is missing", f"each entry has {', '.join(needed)}").at(key).at(place)
        for key, value in row.items():
            if key not in keys:
                raise _unknown(key, keys).at(_shown(key)).at(place)
            try:
                _read(keys[key], value, key)
            except PerpcalcError as error:
                raise error.at(place) from None
        if row[dated] <= before:
            raise (
                PerpcalcError(f"{row[dated]} does not come after {before}", "write the oldest first")
                .at(dated)
                .at(place)
            )
        before = row[dated]


def _texts(table: Any, where: str, known: Sequence[str] | None) -> None:
    if not isinstance(table, dict):
        raise PerpcalcError("is not a table", f"write [{where}]").at(where)
    for key, value in table.items():
        if known is not None and key not in known:
            raise _unknown(key, known).at(f"{where}.{_shown(key)}")
        _read(TOP["name"], key, where)
        _read(TOP["title"], value, f"{where}.{key}")


def _read(entry: Entry, value: Any, where: str) -> None:
    try:
        entry.read(value)
    except PerpcalcError as error:
        raise error.at(where) from None


def _unknown(key: str, known: Sequence[str] | Mapping[str, object]) -> PerpcalcError:
    return PerpcalcError("unknown key", f"did you mean {suggestion(key, known)}?")


def _shown(key: str) -> str:
    """A key as it is written, escaped where it could do more than be read."""
    return key if re.fullmatch(NAME, key) else shown(key)
