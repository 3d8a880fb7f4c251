"""Writing the user's portfolio: entries appended as text, values changed in place; every other byte stays.

New content is parsed and compared with the tables it should hold before it replaces the file in one step.
"""

import os
import tomllib
from codecs import BOM_UTF8
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

from perpcalc import decimals, grammar, saving
from perpcalc.decimals import HUNDRED, plain
from perpcalc.errors import PerpcalcError, shown
from perpcalc.files import LARGEST_FILE, read, toml
from perpcalc.given import Given
from perpcalc.options import FILL, POSITION_KEYS
from perpcalc.portfolio import Portfolio
from perpcalc.portfolio.reading import portfolio_of
from perpcalc.portfolio.toml_edit import Document, Value, key_text, written

Row = Mapping[str, Value]
Tables = dict[str, Any]
Place = tuple[str | int, ...]

EXAMPLE = Path(__file__).with_name("example.toml")
EMPTY_FILE = b"""\
# A portfolio for perpcalc: every command reads it with --portfolio (or -p).
# `perpcalc portfolio init FILE` without --empty writes an example that shows every key.

[prices]                            # mark price per coin, in USD
# BTC = 64_000
"""
IN_PERCENT = (decimals.rate, decimals.rate_from_zero, decimals.charge, decimals.charge_from_zero, grammar.fee)
RATES = frozenset(option.name for option in POSITION_KEYS if option.read in IN_PERCENT)


class Change(NamedTuple):
    """What is to be different in a file.

    `accounts` and `added` are entries to append, each a row of values by key. `updated` has new values of positions, by
    name and key, None to leave the key out; `removed` names positions. `balances` are by account, of one with several
    coins by coin. `prices` are by coin.
    """

    accounts: Sequence[Row] = ()
    added: Sequence[Row] = ()
    updated: Mapping[str, Mapping[str, Any]] = {}
    removed: Sequence[str] = ()
    balances: Mapping[str, Decimal | Mapping[str, Decimal]] = {}
    prices: Mapping[str, Decimal] = {}


class Edit(NamedTuple):
    """A new value of a key in a table, or None where the key goes."""

    table: Place
    key: str
    value: Value | None


def change(
    path: str,
    compose: Callable[[Portfolio], Change],
    create: bool = False,
    tell: Callable[[str], None] = lambda wait: None,
) -> Portfolio:
    """Make the change that `compose` thinks out for the portfolio in a file; returns the portfolio as it is then.

    Entries are appended and change no existing byte. Of what is in the file already only the values that are different
    change, and a position that is removed takes its lines with it, the comment lines that touch them and the blank line
    above. `tell` is told of a wait for another perpcalc. Raises PerpcalcError, and leaves the file as it was, where
    anything is in the way.
    """
    if path == "-":
        raise PerpcalcError("is standard input", "give the name of a portfolio file").at(path)
    if not create and not os.path.exists(path):
        raise PerpcalcError("there is no such file", "create it with perpcalc portfolio init").at(path)
    try:
        with saving.alone_in(os.path.dirname(os.path.realpath(path)), tell):
            missing = create and not os.path.exists(path)
            old = EMPTY_FILE if missing else read(path, own_stdin=False).raw
            with saving.placed(path):
                tables = toml(old)
                before = portfolio_of(tables, path)
            wanted = compose(before)
            with saving.placed(path):
                new, found = edited(old, tables, before, wanted)
                after = portfolio_of(found, path)
            if missing and new != old:
                saving.create(path, new)
            elif new != old:
                saving.replace(path, new, old)
    except OSError as error:
        raise PerpcalcError(f"{error.strerror}", "nothing was written").at(path) from None
    return after


def row_of(name: str, account: str | None, given: Given) -> Row:
    """A position as a file has it: rates in percent, fills as tables.

    >>> row_of("core", None, Given({"entry": Decimal("62500.5"), "funding_rate": Decimal("0.0001")}))
    {'name': 'core', 'entry': Decimal('62500.5'), 'funding_rate': '0.01%'}
    """
    return _row({"name": name, "account": account, **given.values})


def _row(values: Mapping[str, Any]) -> Row:
    """Values by key as they are written; absent ones are left out."""
    return dict(_as_written(key, value) for key, value in values.items() if value not in (None, "", ()))


def _as_written(key: str, value: Any) -> tuple[str, Value]:
    if key in (FILL.name, "fills"):
        return "fills", value and [_fill(fill) for fill in value]
    return key, f"{plain(value * HUNDRED)}%" if key in RATES and isinstance(value, Decimal) else value


def _fill(fill: Any) -> Row:
    return fill if isinstance(fill, Mapping) else {"contracts": fill.contracts, "price": fill.price}


def edited(old: bytes, tables: Tables, before: Portfolio, wanted: Change) -> tuple[bytes, Tables]:
    """The bytes of a file after a change, and its tables; raises PerpcalcError where they would not be exactly what is
    wanted.
    """
    edits = list(_edits(tables, before, wanted))
    gone = {_number(before, name) for name in wanted.removed}
    expected = _expected(tables, edits, gone, wanted)
    new = _in_place(old, edits, gone)
    if wanted.prices and "prices" not in tables:
        new = appended(new, "[prices]", wanted.prices)
    for kind, rows in _entries(wanted):
        for row in rows:
            new = appended(new, f"[[{kind}]]", row)
    if len(new) > LARGEST_FILE:
        raise PerpcalcError("would be larger than 16 MiB", "start another file")
    found = _read_back(new, tables, wanted)
    if _full(found) != _full(expected):
        raise PerpcalcError("the change does not read back as it was given", "nothing was written")
    return new, found


def appended(old: bytes, header: str, row: Row) -> bytes:
    """The bytes of a file with an entry after them, in the file's own line ends.

    >>> appended(b"[prices]", "[[positions]]", {"name": "a", "contracts": 5}).decode().splitlines()
    ['[prices]', '', '[[positions]]', 'name = "a"', 'contracts = 5']
    """
    end = b"\r\n" if b"\r\n" in old else b"\n"
    lines = [header, *(f"{key_text(key)} = {written(value)}" for key, value in row.items()), ""]
    gap = b"" if old in (b"", BOM_UTF8) else end if old.endswith(b"\n") else end * 2
    return old + gap + "\n".join(lines).encode().replace(b"\n", end)


def _entries(wanted: Change) -> Iterator[tuple[str, list[Row]]]:
    """The entries to append, by their kind."""
    yield "accounts", [_row(row) for row in wanted.accounts]
    yield "positions", [_row(row) for row in wanted.added]


def _number(before: Portfolio, name: str) -> int:
    return before.positions.index(before.position(name))


def _edits(tables: Tables, before: Portfolio, wanted: Change) -> Iterator[Edit]:
    """The values that are different, each with its place in the tables."""
    for name in (name for name in wanted.updated if name not in wanted.removed):
        number = _number(before, name)
        position = before.positions[number]
        held = row_of(name, position.account, position.given)
        for key, value in (_as_written(*item) for item in wanted.updated[name].items()):
            if held.get(key) != value:
                yield Edit(("positions", number), key, value)
    for name, amounts in wanted.balances.items():
        account = before.account(name)
        place = ("accounts", before.accounts.index(account))
        if isinstance(amounts, Decimal) and account.unified is None:
            if amounts != account.balance:
                yield Edit(place, "balance", amounts)
        elif isinstance(amounts, Mapping) and account.unified is not None:
            yield from _by_coin(
                (*place, "balances"), _at(tables, (*place, "balances")), account.unified.balances, amounts
            )
        else:
            raise PerpcalcError(f"account {shown(name)} has another kind of balance", "give one, or those of its coins")
    if "prices" in tables:
        yield from _by_coin(("prices",), tables["prices"], before.prices, wanted.prices)


def _by_coin(
    place: Place, table: Tables, held: Mapping[str, Decimal], amounts: Mapping[str, Decimal]
) -> Iterator[Edit]:
    written_as = {key.upper(): key for key in table}
    for coin, amount in amounts.items():
        if held.get(coin) != amount:
            yield Edit(place, written_as.get(coin, coin), amount)


def _in_place(old: bytes, edits: Sequence[Edit], gone: Collection[int]) -> bytes:
    if not edits and not gone:
        return old
    try:
        document = Document(old.decode())
        for place, key, value in edits:
            if value is None:
                document.remove((*place, key))
            else:
                document.put(place, key, value)
        for number in gone:
            document.remove(("positions", number))
        return document.changed().encode()
    except (LookupError, ValueError):
        raise PerpcalcError(
            "cannot be changed where it is, as it is written", "write each entry below a header"
        ) from None


def _expected(tables: Tables, edits: Sequence[Edit], gone: Collection[int], wanted: Change) -> Tables:
    """The tables that the file should hold after the change."""
    expected = deepcopy(tables)
    for place, key, value in edits:
        if value is None:
            _at(expected, place).pop(key)
        else:
            _at(expected, place)[key] = _parsed(value)
    positions = enumerate(expected.get("positions", ()))
    expected["positions"] = [position for number, position in positions if number not in gone]
    expected.setdefault("prices", {coin: _parsed(price) for coin, price in wanted.prices.items()})
    for kind, rows in _entries(wanted):
        expected.setdefault(kind, []).extend({key: _parsed(value) for key, value in row.items()} for row in rows)
    return expected


def _parsed(value: Value) -> object:
    """A value as the tables of a file have it, once it is certain that its text says it."""
    text = f"x = {written(value)}"
    try:
        same = tomllib.loads(text, parse_float=Decimal)["x"] == _lists(value)
    except (tomllib.TOMLDecodeError, InvalidOperation):
        same = False
    if not same:
        raise PerpcalcError(f"{shown(written(value))} does not read back as it was given", "nothing was written")
    return toml(text.encode())["x"]


def _lists(value: Any) -> Any:
    """A value with lists and tables of the kinds that a parser makes."""
    if isinstance(value, Mapping):
        return {key: _lists(inner) for key, inner in value.items()}
    return [_lists(inner) for inner in value] if isinstance(value, list | tuple) else value


def _read_back(new: bytes, tables: Tables, wanted: Change) -> Tables:
    try:
        return toml(new)
    except PerpcalcError:
        for kind, rows in _entries(wanted):
            if rows and kind in tables:
                raise PerpcalcError(
                    f"its {kind} stand in brackets, to which nothing can be appended", f"write each as [[{kind}]]"
                ) from None
        raise PerpcalcError("the change does not read back as it was given", "nothing was written") from None


def _full(tables: Tables) -> Tables:
    """The tables that hold anything."""
    return {key: table for key, table in tables.items() if table not in ([], {})}


def _at(tables: Tables, place: Place) -> Any:
    node: Any = tables
    for part in place:
        node = node[part]
    return node
