"""What each table of a portfolio file may hold, and how its values are read.

A file in which everything fits is read by this alone. Of any other `validation` finds all that does not.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from perpcalc import decimals, grammar
from perpcalc.core.position import Fill
from perpcalc.errors import PerpcalcError, shown
from perpcalc.given import Option
from perpcalc.limit_options import LIMIT_KEYS
from perpcalc.options import FILL, POSITION_KEYS

Read = Callable[[Any], Any]

LONGEST_NAME = 64
UNIFIED = "unified"
TEXTS = frozenset({str, grammar.label, grammar.coin, grammar.path})
"""Readers of options whose values are no numbers."""


def reader_of(option: Option[object]) -> Read:
    """How a value of a file becomes that of an option."""
    if option.flag:
        return _flag
    if option.choices:
        return _choice(*option.choices)
    if option.read is grammar.day:
        return _day
    return _texts(option.read) if option.read in TEXTS else _numbers(option.read)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise PerpcalcError(f"{named(value)} is not a text", "write it in quotes")
    if not value:
        raise PerpcalcError("the text is empty", "write one, or leave the key out")
    return value


def _name(value: Any) -> str:
    text = _text(value)
    if len(text) > LONGEST_NAME:
        raise PerpcalcError(f"the text is {len(text)} characters long", f"use at most {LONGEST_NAME}")
    return text


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise PerpcalcError(f"{named(value)} is not a yes or no", "write true or false")
    return value


def _day(value: Any) -> str:
    return grammar.day(
        value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else _text(value)
    )


def _texts(read: Callable[[str], Any]) -> Read:
    return lambda value: read(_text(value))


def _numbers(read: Callable[[str], Any]) -> Read:
    """A number, or the text of one; numbers with a point come as texts."""

    def number(value: Any) -> Any:
        if type(value) is str:
            return read(value)
        if type(value) is int:
            return read(decimals.whole(value))
        raise PerpcalcError(f"{named(value)} is not a number", "write digits, as in 62500")

    return number


def _choice(*names: str) -> Read:
    def choice(value: Any) -> str:
        if isinstance(value, str) and value.lower() in names:
            return value.lower()
        raise PerpcalcError(f"{named(value)} is not known", f"give {' or '.join(names)}")

    return choice


def _weight(value: Any) -> tuple[tuple[Decimal | None, Decimal], ...]:
    """A collateral ratio as one band without end, or bands of a quantity: the upper end and the ratio of each."""
    if not isinstance(value, list):
        return ((None, RATIO(value)),)
    if not value or not all(isinstance(band, list) and len(band) == 2 for band in value):
        raise PerpcalcError("is no list of bands", 'write each as [up to, ratio], as in [[10, "98%"], [20, "95%"]]')
    return tuple((POSITIVE_AMOUNT(upper), RATIO(ratio)) for upper, ratio in value)


def named(value: Any) -> str:
    """A TOML value as it is named in an error.

    >>> named(True), named([1]), named("a")
    ('true', 'a list', "'a'")
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**decimals.LONGEST else "the integer"
    return "a list" if isinstance(value, list) else "a table" if isinstance(value, dict) else "a date or time"


COIN = _texts(grammar.coin)
PRICE = _numbers(decimals.positive)
AMOUNT = _numbers(decimals.amount)
AMOUNT_FROM_ZERO = _numbers(decimals.amount_from_zero)
POSITIVE_AMOUNT = _numbers(decimals.positive_amount)
RATIO = _numbers(decimals.rate_from_zero)

POSITION: Mapping[str, Read] = {
    "name": _name,
    "account": _name,
    **{option.name: reader_of(option) for option in POSITION_KEYS if option is not FILL},
}
FILLS: Mapping[str, Read] = {"contracts": POSITIVE_AMOUNT, "price": PRICE}
HOLDING: Mapping[str, Read] = {"coin": COIN, "amount": AMOUNT}
ACCOUNT: Mapping[str, Read] = {
    "name": _name,
    "venue": _text,
    "mode": _choice("hedge", "one-way"),
    "margin": _choice(UNIFIED),
}
ONE_COIN: Mapping[str, Read] = {"currency": COIN, "balance": AMOUNT_FROM_ZERO}
"""The keys that an account has beside these if one coin backs it."""
SEVERAL_COINS: Mapping[str, Read] = {
    "weights_file": _texts(grammar.path),
    "condition": RATIO,
    "weights": _choice("equity", "balance"),
    "order_loss": AMOUNT_FROM_ZERO,
    "haircut_loss": AMOUNT_FROM_ZERO,
    "order_maintenance": AMOUNT_FROM_ZERO,
    "loan_maintenance": AMOUNT_FROM_ZERO,
}
"""The keys that it has if several do; and these two by coin."""
BALANCES, WEIGHTS = "balances", "weights_of"


class Table(NamedTuple):
    """A table: what each of its keys holds, the keys that it must have, and what its values become."""

    keys: Mapping[str, "Shape"]
    required: Collection[str] = ()
    becomes: Callable[[dict[str, Any]], Any] = dict


class Entries(NamedTuple):
    """A list of tables."""

    each: Table


class ByCoin(NamedTuple):
    """A table by coin, each of which is named once, in capitals or not, and `what` it holds of each."""

    read: Read
    what: str


Shape = Read | Table | Entries | ByCoin


def _as_written(read: Read) -> Read:
    """The value as it is written, once it is certain that it can be read."""

    def raw(value: Any) -> Any:
        read(value)
        return value

    return raw


FILL_TABLE = Table(FILLS, required=FILLS, becomes=lambda found: Fill(found["contracts"], found["price"]))
BY_COIN: Mapping[str, Shape] = {BALANCES: ByCoin(AMOUNT, "balances"), WEIGHTS: ByCoin(_weight, "ratios")}
FILE = Table(
    {
        "prices": ByCoin(PRICE, "prices"),
        "accounts": Entries(Table({**ACCOUNT, **ONE_COIN, **BY_COIN, **SEVERAL_COINS}, required=("name",))),
        "positions": Entries(Table({**POSITION, "fills": Entries(FILL_TABLE)}, required=("name", "side"))),
        "holdings": Entries(Table(HOLDING, required=HOLDING)),
        "limits": Table({option.name: _as_written(reader_of(option)) for option in LIMIT_KEYS}),
    }
)
"""The shape of a whole file."""


def _known(name: str, table: Table) -> Iterator[tuple[str, Sequence[str]]]:
    yield name, tuple(table.keys)
    for key, shape in table.keys.items():
        inner = shape.each if isinstance(shape, Entries) else shape
        if isinstance(inner, Table):
            yield from _known(key, inner)


KNOWN = dict(_known("", FILE))
"""The keys of each kind of table, that of the whole file first."""


class _MisfitError(Exception):
    """A value is no table, no list or without a key."""


def values_of(tables: Mapping[str, Any]) -> dict[str, Any] | None:
    """The values of a file in which everything fits; None where something does not."""
    try:
        values: dict[str, Any] = _READ(tables)
        return values
    except (_MisfitError, PerpcalcError, KeyError):
        return None


def _reader(shape: Shape) -> Read:
    if isinstance(shape, Table):
        readers = {key: _reader(inner) for key, inner in shape.keys.items()}
        return partial(_read_table, readers, frozenset(shape.required), shape.becomes)
    if isinstance(shape, Entries):
        return partial(_read_entries, _reader(shape.each))
    return partial(_read_by_coin, shape.read) if isinstance(shape, ByCoin) else shape


def _read_table(readers: Mapping[str, Read], required: frozenset[str], becomes: Read, value: Any) -> Any:
    if type(value) is not dict or not required <= value.keys():
        raise _MisfitError
    return becomes({key: readers[key](one) for key, one in value.items()})


def _read_entries(read: Read, value: Any) -> list[Any]:
    if type(value) is not list:
        raise _MisfitError
    return [read(one) for one in value]


def _read_by_coin(read: Read, value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise _MisfitError
    values = {COIN(coin): read(one) for coin, one in value.items()}
    if len(values) < len(value):
        raise _MisfitError
    return values


_READ = _reader(FILE)
