"""The keys of a venue file: one table says how each is read and which field of an instrument it becomes.

The same readers judge a user's file and build the instrument; a key without a field only informs.
"""

import itertools
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from perpcalc import decimals
from perpcalc.core.rounding import grid
from perpcalc.core.rules import ORDER_RESERVES
from perpcalc.errors import PerpcalcError, shown, suggestion

CONFIDENCES = ("published", "derived", "inferred")
NAME = r"[A-Za-z0-9][A-Za-z0-9._/:-]{0,63}"
LONGEST_TEXT = 2000
Rule = Mapping[str, Any]


class Entry(NamedTuple):
    """How the value of a key is read, and the field that it becomes; None where it only informs."""

    read: Callable[[Any], Any]
    field: str | None = None


def text(value: Any) -> str:
    """A text of printable characters, which cannot steer a terminal."""
    if not isinstance(value, str) or not value.strip():
        raise PerpcalcError("is not a text", "write it in quotes")
    if not value.isprintable():
        raise PerpcalcError(f"{shown(value)} has characters that do not print", "leave them out")
    if len(value) > LONGEST_TEXT:
        raise PerpcalcError("is too long", f"use at most {LONGEST_TEXT} characters")
    return value


def name(value: Any) -> str:
    """The name of an instrument, a coin or a venue."""
    if not isinstance(value, str):
        raise PerpcalcError("is not a text", "write it in quotes")
    if not re.fullmatch(NAME, value):
        raise PerpcalcError(f"{shown(value)} is not a name", "use letters, digits and - _ . / :, at most 64 of them")
    return value


def names(value: Any) -> tuple[str, ...]:
    """A list of names."""
    if not isinstance(value, list):
        raise PerpcalcError("is not a list of names", "write it in brackets")
    return tuple(map(name, value))


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise PerpcalcError("is not a yes or no", "write true or false")
    return value


def day(value: Any) -> str:
    """A TOML date; ISO text once it has been read."""
    from datetime import date

    try:
        if isinstance(value, str) and date.fromisoformat(value).isoformat() == value:  # a week date is one too
            return value
    except ValueError:
        pass
    raise PerpcalcError("is not a date", "write it without quotes, as in 2024-06-01")


def one_of(*words: str) -> Callable[[Any], str]:
    """A reader of one of some words."""

    def read(value: Any) -> str:
        if value not in words:
            raise PerpcalcError(f"{shown(str(value))} is not known", f"give {suggestion(str(value), words)}")
        return str(value)

    return read


def number(parse: Callable[[str], Decimal]) -> Callable[[Any], Decimal]:
    """A reader of a number, which arrives as text."""

    def read(value: Any) -> Decimal:
        if not isinstance(value, str):
            raise PerpcalcError("is not a number", 'write it as text, as in "0.5"')
        return parse(value)

    return read


def numbers(parse: Callable[[str], Decimal]) -> Callable[[Any], tuple[Decimal, ...]]:
    """A reader of a list of numbers."""
    one = number(parse)

    def read(value: Any) -> tuple[Decimal, ...]:
        if not isinstance(value, list) or not value:
            raise PerpcalcError("is not a list of numbers", "write it in brackets")
        return tuple(map(one, value))

    return read


def rising(parse: Callable[[str], Decimal]) -> Callable[[Any], tuple[Decimal, ...]]:
    """A reader of a list of numbers, each above the one before it."""
    several = numbers(parse)

    def read(value: Any) -> tuple[Decimal, ...]:
        found = several(value)
        for before, after in itertools.pairwise(found):
            if after <= before:
                raise PerpcalcError(f"does not rise from {before} to {after}", "tiers go from small to large")
        return found

    return read


def share(value: str) -> Decimal:
    """A fee: a rate of less than 100 % either way."""
    rate = decimals.charge(value)
    if abs(rate) >= 1:
        raise PerpcalcError(f"{shown(value)} is out of range", "give a rate below 100%")
    return rate


def lasting(value: str) -> Decimal:
    """A duration above zero."""
    minutes = decimals.duration(value)
    if not minutes:
        raise PerpcalcError(f"{shown(value)} is out of range", "give a duration above 0")
    return minutes


def a_grid(value: Any) -> Any:
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


def a_price_grid(value: Any) -> Any:
    """A rounding of prices: a grid, or to the tick against the trader."""
    return value if value == "against tick" else a_grid(value)


PRICE = number(decimals.positive)
FROM_ZERO = number(decimals.rate_from_zero)
CHARGE = number(decimals.charge_from_zero)
SHARE = number(share)
DURATION = number(lasting)
RISING = rising(decimals.positive)
RISING_RATES = rising(decimals.rate_from_zero)
FEE_PLACES = one_of("none", "at liquidation", "at bankruptcy", "liquidation fee at liquidation")
KEYS: Mapping[str, Mapping[str, Entry]] = {
    "contract": {
        "size": Entry(PRICE, "contract_size"),
        "lot": Entry(PRICE, "lot"),
        "tick": Entry(PRICE, "tick"),
        "max_price": Entry(PRICE, "max_price"),
        "max_order": Entry(PRICE, "max_order"),
        "max_leverage": Entry(PRICE, "max_leverage"),
    },
    "fees": {
        "maker": Entry(SHARE, "maker_fee"),
        "taker": Entry(SHARE, "taker_fee"),
        "volumes": Entry(RISING),  # from how many USD traded in 30 days a step of lower fees begins
        "makers": Entry(numbers(share)),
        "takers": Entry(numbers(share)),
    },
    "funding": {
        "interval": Entry(DURATION, "interval"),
        "rate_interval": Entry(DURATION, "rate_interval"),
        "interest_per_day": Entry(number(decimals.charge), "interest_per_day"),
        "damper": Entry(CHARGE, "damper"),
        "cap": Entry(CHARGE, "cap"),
        "divisor": Entry(PRICE, "divisor"),
        "continuous": Entry(flag, "continuous"),
        "coin_rate": Entry(flag, "coin_rate"),
        "averaging": Entry(one_of("linear", "equal"), "averaging"),
        "sample_interval": Entry(DURATION, "sample_interval"),
    },
    "margin": {
        "basis": Entry(one_of("entry", "mark"), "basis"),
        "unit": Entry(one_of("coin", "contracts", "usd"), "unit"),
        "marginal": Entry(flag, "marginal"),
        "slope": Entry(FROM_ZERO, "slope"),
        "adverse_funding": Entry(flag, "adverse_funding"),
        "limits": Entry(RISING, "limits"),
        "rates": Entry(RISING_RATES, "rates"),
        "first_limit": Entry(PRICE, "first_limit"),
        "limit_step": Entry(PRICE, "limit_step"),
        "first_rate": Entry(FROM_ZERO, "first_rate"),
        "rate_step": Entry(FROM_ZERO, "rate_step"),
        "initial_rates": Entry(RISING_RATES, "initial_rates"),
        "first_initial_rate": Entry(FROM_ZERO, "first_initial_rate"),
        "leverages": Entry(numbers(decimals.positive), "leverages"),
        "leverage_limits": Entry(RISING, "leverage_limits"),  # where the leverage falls inside a tier
        "isolated_closing_fee": Entry(FEE_PLACES, "isolated_closing_fee"),
        "cross_closing_fee": Entry(FEE_PLACES, "cross_closing_fee"),
        "extra_margin_net_of_fee": Entry(flag, "extra_margin_net_of_fee"),
        "order_reserve": Entry(one_of(*ORDER_RESERVES), "order_reserve"),
        "least_closing": Entry(FROM_ZERO, "least_closing"),
    },
    "liquidation": {"fee": Entry(SHARE, "liquidation_fee"), "remainder": Entry(one_of("kept", "returned"))},
    "rounding": {
        "value": Entry(a_grid, "value"),
        "value_of": Entry(one_of("position", "contract", "lot"), "value_of"),
        "stored_value": Entry(a_grid, "stored_value"),
        "average": Entry(a_grid, "average"),
        "pnl": Entry(a_grid, "pnl"),
        "fee": Entry(a_grid, "fee"),
        "margin": Entry(a_grid, "margin"),
        "maintenance": Entry(a_grid, "maintenance"),
        "closing_fee": Entry(a_grid, "closing_fee"),
        "closing_fee_at": Entry(one_of("printed", "exact"), "closing_fee_at"),
        "liquidation_price": Entry(a_price_grid, "liquidation_price"),
        "funding": Entry(a_grid, "funding"),
        "funding_rate": Entry(a_grid, "funding_rate"),
        "coin_rate": Entry(a_grid, "coin_rate"),
        "roe": Entry(a_grid, "roe"),
        "roe_of": Entry(one_of("printed", "exact"), "roe_of"),
    },
}
TOPICS = tuple(KEYS)
PROVENANCE: Mapping[str, Entry] = {
    "from": Entry(day),
    "source": Entry(text),
    "confidence": Entry(one_of(*CONFIDENCES)),
    "note": Entry(text),
}
