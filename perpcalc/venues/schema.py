"""The format of a venue file: which tables and keys there are, what each may hold, and reading one that may be wrong."""

import datetime
import itertools
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from perpcalc import decimals
from perpcalc.core.rounding import grid
from perpcalc.core.rules import ORDER_RESERVES
from perpcalc.errors import PerpcalcError, shown, suggestion
from perpcalc.files import toml
from perpcalc.venues import CONFIDENCES, TOPICS, dates_as_text, instrument_of, rules_on

LARGEST_FILE = 1 << 20
Check = Callable[[Any], object]


def text(value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise PerpcalcError("is not a text", "write it in quotes")
    return value


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise PerpcalcError("is not a yes or no", "write true or false")
    return value


def day(value: Any) -> str:
    """A TOML date; ISO text once it has been read."""
    try:
        return datetime.date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise PerpcalcError("is not a date", "write it without quotes, as in 2024-06-01") from None


def one_of(*words: str) -> Check:
    """A check for one of some words."""

    def check(value: Any) -> str:
        if value not in words:
            raise PerpcalcError(f"{shown(str(value))} is not known", f"give {suggestion(str(value), words)}")
        return str(value)

    return check


def numeric(parse: Callable[[str], Decimal]) -> Check:
    """A check for a number, which arrives as text."""

    def check(value: Any) -> Decimal:
        if not isinstance(value, str):
            raise PerpcalcError("is not a number", 'write it as text, as in "0.5"')
        return parse(value)

    return check


def share(text: str) -> Decimal:
    """A rate of less than 100 % either way."""
    value = decimals.rate(text)
    if abs(value) >= 1:
        raise PerpcalcError(f"{shown(text)} is out of range", "give a rate below 100%")
    return value


def lasting(text: str) -> Decimal:
    """A duration above zero."""
    value = decimals.duration(text)
    if not value:
        raise PerpcalcError(f"{shown(text)} is out of range", "give a duration above 0")
    return value


def rising(parse: Callable[[str], Decimal]) -> Check:
    """A check for a list of numbers, each above the one before it."""
    one = numeric(parse)

    def check(value: Any) -> list[object]:
        if not isinstance(value, list) or not value:
            raise PerpcalcError("is not a list of numbers", "write it in brackets")
        numbers = [one(item) for item in value]
        for before, after in itertools.pairwise(numbers):
            if after <= before:  # type: ignore[operator]
                raise PerpcalcError(f"does not rise from {before} to {after}", "tiers go from small to large")
        return numbers

    return check


def a_grid(value: Any) -> object:
    """A rounding such as `floor 8`."""
    try:
        found = grid(text(value))
        if 0 <= -found.step.adjusted() <= decimals.FRACTION_DIGITS:
            return found
    except (KeyError, ValueError, ArithmeticError):
        pass
    raise PerpcalcError(
        f"{shown(str(value))} is not a rounding", "write a direction and 0 to 18 decimals, as in 'floor 8'"
    )


def a_price_grid(value: Any) -> object:
    """A rounding of prices: a grid, or to the tick against the trader."""
    return value if value == "against tick" else a_grid(value)


PRICE = numeric(decimals.positive)
RATE = numeric(decimals.rate)
FROM_ZERO = numeric(decimals.rate_from_zero)
SHARE = numeric(share)
DURATION = numeric(lasting)
FEE_PLACES = one_of("none", "at liquidation", "at bankruptcy", "liquidation fee at liquidation")
PROVENANCE: Mapping[str, Check] = {
    "from": day,
    "source": text,
    "confidence": one_of(*CONFIDENCES),
    "note": text,
}
KEYS: Mapping[str, Mapping[str, Check]] = {
    "contract": {
        "size": PRICE,
        "lot": PRICE,
        "tick": PRICE,
        "max_price": PRICE,
        "max_order": PRICE,
        "max_leverage": PRICE,
    },
    "fees": {"maker": SHARE, "taker": SHARE},
    "funding": {
        "interval": DURATION,
        "rate_interval": DURATION,
        "interest_per_day": RATE,
        "damper": FROM_ZERO,
        "cap": FROM_ZERO,
        "divisor": PRICE,
        "continuous": flag,
        "coin_rate": flag,
        "averaging": one_of("linear", "equal"),
        "sample_interval": DURATION,
    },
    "margin": {
        "basis": one_of("entry", "mark"),
        "unit": one_of("coin", "contracts", "usd"),
        "marginal": flag,
        "limits": rising(decimals.positive),
        "rates": rising(decimals.rate_from_zero),
        "initial_rates": rising(decimals.rate_from_zero),
        "first_limit": PRICE,
        "limit_step": PRICE,
        "first_rate": FROM_ZERO,
        "rate_step": FROM_ZERO,
        "first_initial_rate": FROM_ZERO,
        "slope": FROM_ZERO,
        "adverse_funding": flag,
        "isolated_closing_fee": FEE_PLACES,
        "cross_closing_fee": FEE_PLACES,
        "extra_margin_net_of_fee": flag,
        "order_reserve": one_of(*ORDER_RESERVES),
        "least_closing": FROM_ZERO,
    },
    "liquidation": {"fee": SHARE, "remainder": one_of("kept", "returned")},
    "rounding": {
        "value": a_grid,
        "value_of": one_of("position", "contract", "lot"),
        "stored_value": a_grid,
        "average": a_grid,
        "pnl": a_grid,
        "fee": a_grid,
        "margin": a_grid,
        "maintenance": a_grid,
        "closing_fee": a_grid,
        "closing_fee_at": one_of("printed", "exact"),
        "liquidation_price": a_price_grid,
        "funding": a_grid,
        "funding_rate": a_grid,
        "coin_rate": a_grid,
        "roe": a_grid,
        "roe_of": one_of("printed", "exact"),
    },
}
TOP: Mapping[str, Check] = {
    "name": text,
    "title": text,
    "default": text,
    "hedge_mode": flag,
    "caution": text,
    "known_until": day,
}
NEEDED = ("name", "title", "default", "known_until", "instruments")


def read_file(path: Path) -> Mapping[str, Any]:
    """The tables of a venue file that somebody wrote; raises PerpcalcError naming the file, the key and the value."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise PerpcalcError(f"{error.strerror}", "give a file that can be read").at(str(path)) from None
    if len(raw) > LARGEST_FILE:
        raise PerpcalcError("the file is larger than 1 MiB", "a venue file is not").at(str(path))
    try:
        found: Mapping[str, Any] = dates_as_text(toml(raw))
        validate(found)
    except PerpcalcError as error:
        raise error.at(str(path)) from None
    except ValueError:
        raise PerpcalcError("an integer has too many digits", "use at most 15").at(str(path)) from None
    return found


def validate(tables: Mapping[str, Any]) -> None:
    """Raise PerpcalcError at the first table, key or value that does not follow the format."""
    for key in NEEDED:
        if key not in tables:
            raise PerpcalcError("the key is missing", f"a venue has {', '.join(NEEDED)}").at(key)
    for key, value in tables.items():
        if key in TOP:
            _judge(TOP[key], value, key)
        elif key == "changes":
            _rows(value, key, {"date": day, "text": text}, ("date", "text"), "date")
        elif key == "instruments":
            _instruments(value)
        elif key in KEYS:
            _topic(key, value, key)
        else:
            raise PerpcalcError(
                "unknown key", f"did you mean {suggestion(key, (*TOP, *TOPICS, 'changes', 'instruments'))}?"
            ).at(key)
    if tables["default"] not in tables["instruments"]:
        raise PerpcalcError(f"{shown(tables['default'])} is not among the instruments", "name one").at("default")
    for symbol, listed in tables["instruments"].items():
        for date in (*(row["from"] for row in listed.get("margin", ())), ""):
            try:
                instrument_of(tables["name"], symbol, tables, rules_on(tables, symbol, date)[0])
            except PerpcalcError as error:
                raise error.at(f"instruments.{symbol}.margin") from None


def _instruments(listed: Any) -> None:
    if not isinstance(listed, dict) or not listed:
        raise PerpcalcError("there is no instrument", "write [instruments.NAME]").at("instruments")
    for name, tables in listed.items():
        where = f"instruments.{name}"
        if not isinstance(tables, dict):
            raise PerpcalcError("is not a table", f"write [{where}]").at(where)
        for key in ("currency", "contract"):
            if key not in tables:
                raise PerpcalcError("the key is missing", "an instrument has currency and contract").at(
                    f"{where}.{key}"
                )
        for key, value in tables.items():
            if key == "currency":
                _judge(text, value, f"{where}.{key}")
            elif key in KEYS:
                _topic(key, value, f"{where}.{key}")
            else:
                raise PerpcalcError("unknown key", f"did you mean {suggestion(key, ('currency', *TOPICS))}?").at(
                    f"{where}.{key}"
                )
        if not all("size" in row for row in tables["contract"]):
            raise PerpcalcError("the key is missing", "a contract has a size in USD").at(f"{where}.contract.size")


def _topic(topic: str, rows: Any, where: str) -> None:
    _rows(rows, where, {**PROVENANCE, **KEYS[topic]}, ("from", "source", "confidence"), "from")


def _rows(rows: Any, where: str, keys: Mapping[str, Check], needed: tuple[str, ...], dated: str) -> None:
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise PerpcalcError("is not a list of dated tables", f"write [[{where}]]").at(where)
    before = ""
    for number, row in enumerate(rows, 1):
        for key in needed:
            if key not in row:
                raise PerpcalcError("the key is missing", f"each entry has {', '.join(needed)}").at(
                    f"{where} {number}, {key}"
                )
        for key, value in row.items():
            if key not in keys:
                raise PerpcalcError("unknown key", f"did you mean {suggestion(key, keys)}?").at(
                    f"{where} {number}, {key}"
                )
            _judge(keys[key], value, f"{where} {number}, {key}")
        if row[dated] <= before:
            raise PerpcalcError(f"{row[dated]} does not come after {before}", "write the oldest first").at(
                f"{where} {number}, {dated}"
            )
        before = row[dated]


def _judge(check: Check, value: Any, where: str) -> None:
    try:
        check(value)
    except PerpcalcError as error:
        raise error.at(where) from None
