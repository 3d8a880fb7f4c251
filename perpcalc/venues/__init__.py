"""Venue presets: one TOML file per venue, dated rules in it, and the instrument they make on a day."""

import datetime
import os
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from perpcalc.core.instrument import Instrument
from perpcalc.errors import PerpcalcError, shown
from perpcalc.venues.instruments import instrument_of
from perpcalc.venues.keys import TOPICS, Rule
from perpcalc.venues.tables import HERE, Tables, coins_of, file_of, names_in, rules_on, shipped, shipped_names

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class Venue(NamedTuple):
    """A venue's tables, the file they stand in, and what of them is the user's own."""

    name: str
    path: str
    tables: Tables
    own: Tables

    @property
    def known_until(self) -> str:
        """The day until which the file is known to hold."""
        return str(self.tables["known_until"])


class Found(NamedTuple):
    """An instrument under the rules of a day, the rules themselves, and what the user should know about them."""

    instrument: Instrument
    rules: Mapping[str, Rule]
    notes: tuple[str, ...]


class Dated(NamedTuple):
    """One dated rule of a venue: whose (None: every contract's), its topic, and whether the user's file says it."""

    instrument: str | None
    topic: str
    rule: Rule
    own: bool


def today() -> datetime.date:
    """The day in UTC, or that of SOURCE_DATE_EPOCH (reproducible-builds.org), where tests or builds fix it.

    >>> isinstance(today(), datetime.date)
    True
    """
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    now = datetime.datetime.now(datetime.UTC)
    return (datetime.datetime.fromtimestamp(int(fixed), datetime.UTC) if fixed.isdecimal() else now).date()


def names() -> list[str]:
    """The venues there are files for, the user's own included."""
    folder = _own_folder()
    own = names_in(folder) if os.path.isdir(folder) else []
    return sorted({*shipped_names(), *filter(NAME.fullmatch, own)})


def load(name: str) -> Venue:
    """A venue by its name in any case, or by that which ccxt has for it: the user's file before the one shipped.

    Raises PerpcalcError for an unknown name or a file that does not follow the format.
    """
    if NAME.fullmatch(name):
        lower = name.lower()
        for stem in (name, lower):
            path = file_of(_own_folder(), stem)
            if os.path.exists(path):
                state = os.stat(path)
                return _of_user(stem, path, (state.st_mtime_ns, state.st_size, state.st_ino))
        path = file_of(HERE, lower)
        if os.path.isfile(path):
            return Venue(lower, path, shipped(lower), {})
        if (other := _by_ccxt().get(lower)) is not None:
            return load(other)
        for known in names():
            if known.lower() == lower and known != name:
                return load(known)
    from perpcalc.venues.symbols import unknown_venue

    raise unknown_venue(name, names())


def find(spec: str, instrument: str | None = None) -> Found:
    """The instrument that `NAME` or `NAME@DATE` names, the venue's BTC perpetual where no instrument is given.

    The instrument may be named in any case, by its coin, or by ccxt's symbol; a contract that expires has no funding.
    """
    name, at, date = spec.partition("@")
    if at:
        date = _date(spec, date)
    venue = load(name)
    tables = venue.tables
    where = venue.name + at + date
    symbol, contract, expires = contract_of(venue, instrument)
    rules, early = rules_on(tables, contract, date)
    if expires:
        rules["funding"] = {}
        early = [topic for topic in early if not topic.startswith("funding")]
    try:
        made = instrument_of(where, symbol, contract["currency"], rules, bool(tables.get("hedge_mode")))
    except PerpcalcError as error:
        raise error.at(f"{where}, {symbol}") from None
    return Found(made, rules, tuple(_notes(where, symbol, tables, contract, date, early)))


def contract_of(venue: Venue, instrument: str | None) -> tuple[str, Tables, bool]:
    """The name of a contract as its venue writes it, its tables, and whether it expires."""
    tables = venue.tables
    listed, dated = tables["instruments"], tables.get("dated", {})
    symbol = instrument or tables["default"]
    if symbol in listed:
        return symbol, listed[symbol], False
    from perpcalc.venues.symbols import contract_named

    try:
        found = contract_named(symbol, coins_of(listed), coins_of(dated), tables.get("not_inverse"))
    except PerpcalcError as error:
        raise error.at(venue.name) from None
    if found.dated is None:
        return found.name, listed[found.name], False
    return found.name, dated[found.dated], True


def ticks_of(spec: str, instrument: str | None) -> list[Decimal]:
    """The ticks that a contract has had at its venue, the smallest first; none of one that its file does not have."""
    try:
        _, contract, _ = contract_of(load(spec.partition("@")[0]), instrument)
    except PerpcalcError:
        return []
    return sorted({Decimal(rule["tick"]) for rule in contract.get("contract", ()) if "tick" in rule})


def dated_rules(venue: Venue) -> Iterator[Dated]:
    """Every dated rule, those of all contracts first, in the order of the topics and of their dates."""
    yield from _dated(None, venue.tables, venue.own)
    for kind in ("instruments", "dated"):
        for name, contract in venue.tables.get(kind, {}).items():
            yield from _dated(name, contract, venue.own.get(kind, {}).get(name, {}))


def _dated(name: str | None, tables: Tables, own: Tables) -> Iterator[Dated]:
    for topic in TOPICS:
        for rule in tables.get(topic, ()):
            yield Dated(name, topic, rule, any(rule is one for one in own.get(topic, ())))


def _notes(where: str, symbol: str, tables: Tables, contract: Tables, date: str, early: list[str]) -> Iterator[str]:
    """What to know of the rules used: too old or too new for the day, uncertain, changed since, of a contract that
    ended.
    """
    if early:
        yield f"{where}: the earliest known rules are used ({', '.join(dict.fromkeys(early))})"
    if "caution" in tables:
        yield f"{where}: {tables['caution']}"
    if "quote" in contract:
        yield f"{where}: {symbol} is quoted in {contract['quote']}: what is called USD is {contract['quote']}"
    since = date or tables["known_until"]
    for change in tables.get("changes", ()):
        if change["date"] > since:
            yield f"{where}: {change['text']}"
    if "ended" in contract and (not date or date >= contract["ended"]):
        yield f"{where}: {symbol} is no longer listed on {contract['ended']}: its last known rules are used"


def own_path(venue: Venue) -> str:
    """The file in which the user's own rules of a venue stand, or would."""
    return file_of(_own_folder(), venue.name)


def _own_folder() -> str:
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(home, "perpcalc", "venues")


@lru_cache(maxsize=64)
def _of_user(name: str, path: str, state: tuple[int, ...]) -> Venue:
    """The venue that a user's file makes, read again when the file has changed."""
    from perpcalc.venues.schema import read_file

    tables, own = read_file(path)
    return Venue(name, path, tables, own)


@lru_cache(maxsize=1)
def _by_ccxt() -> Mapping[str, str]:
    """The names that ccxt has for our venues; the line is looked for, since few calls need it and reading every file is
    slow.
    """
    found = {}
    for name in shipped_names():
        with open(file_of(HERE, name), encoding="utf-8") as file:
            for line in file:
                if line.startswith("ccxt = "):
                    found.update(dict.fromkeys(line.split('"')[1::2], name))
                    break
    return found


def _date(spec: str, date: str) -> str:
    import datetime

    try:
        if datetime.date.fromisoformat(date).isoformat() == date:  # a week date is one too
            return date
    except ValueError:
        pass
    raise PerpcalcError(f"{shown(spec)} does not end in a date", "write NAME@YYYY-MM-DD, as in bybit@2024-06-01")
