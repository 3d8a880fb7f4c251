"""What each table of a portfolio file may hold, as a schema that reads the values too.

pydantic's core checks the shapes and collects all that does not fit; pydantic itself would cost a short call more than
all the rest.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from pydantic_core import SchemaValidator, core_schema

from perpcalc import decimals, grammar
from perpcalc.core.position import Fill
from perpcalc.errors import PerpcalcError, shown
from perpcalc.given import Option
from perpcalc.limit_options import LIMIT_KEYS
from perpcalc.options import FILL, POSITION_KEYS

Read = Callable[[Any], Any]
Schema = core_schema.CoreSchema

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

KNOWN: Mapping[str, Sequence[str]] = {
    "": ("prices", "accounts", "positions", "holdings", "limits"),
    "accounts": (*ACCOUNT, *ONE_COIN, BALANCES, WEIGHTS, *SEVERAL_COINS),
    "positions": (*POSITION, "fills"),
    "fills": tuple(FILLS),
    "holdings": tuple(HOLDING),
    "limits": tuple(option.name for option in LIMIT_KEYS),
}
"""The keys of each kind of table, that of the whole file first."""


@cache
def validator() -> SchemaValidator:
    """The schema of a whole file."""
    fill = core_schema.no_info_after_validator_function(
        lambda found: Fill(found["contracts"], found["price"]), _table(FILLS, required=FILLS)
    )
    by_coin = {BALANCES: _by_coin(AMOUNT, "balances"), WEIGHTS: _by_coin(_weight, "ratios")}
    tables: dict[str, Schema] = {
        "prices": _by_coin(PRICE, "prices"),
        "accounts": _list(_table({**ACCOUNT, **ONE_COIN, **SEVERAL_COINS}, by_coin, required=("name",))),
        "positions": _list(_table(POSITION, {"fills": _list(fill)}, required=("name", "side"))),
        "holdings": _list(_table(HOLDING, required=HOLDING)),
        "limits": _table({option.name: _as_written(reader_of(option)) for option in LIMIT_KEYS}),
    }
    return SchemaValidator(_table({}, tables))


def _table(readers: Mapping[str, Read], inner: Mapping[str, Schema] = {}, required: Collection[str] = ()) -> Schema:
    schemas = {**{key: core_schema.no_info_plain_validator_function(read) for key, read in readers.items()}, **inner}
    fields = {key: core_schema.typed_dict_field(schema, required=key in required) for key, schema in schemas.items()}
    return core_schema.typed_dict_schema(fields, extra_behavior="forbid")


def _list(item: Schema) -> Schema:
    return core_schema.list_schema(item, strict=True)


def _by_coin(read: Read, what: str) -> Schema:
    """A table by coin, each of which is named once, in capitals or not."""

    def once(raw: Any, inner: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        values = inner(raw)
        if len(values) < len(raw):
            raise PerpcalcError(f"a coin has two {what}, in letters of different case", "leave one out")
        return values

    keys, values = map(core_schema.no_info_plain_validator_function, (COIN, read))
    return core_schema.no_info_wrap_validator_function(once, core_schema.dict_schema(keys, values))


def _as_written(read: Read) -> Read:
    """The value as it is written, once it is certain that it can be read."""

    def raw(value: Any) -> Any:
        read(value)
        return value

    return raw
