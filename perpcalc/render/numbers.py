"""Values as people read them: the decimals of their kind, their unit, gains and losses signed."""

from decimal import Decimal

from perpcalc.answer import Kind, Precision, Value
from perpcalc.decimals import fixed, places
from perpcalc.errors import printable

NUMERIC = frozenset(
    [
        "count",
        "price",
        "coin",
        "usd",
        "gain",
        "gain_usd",
        "gain_rate",
        "cost",
        "cost_usd",
        "rate",
        "times",
        "number",
        "multiple",
        "figure",
    ]
)
DEFAULT = Precision()
LONGEST_RATE = 4
LONGEST_PRICE = 8
LONGEST_COUNT = 8


def amount(value: Decimal, kind: str, precision: Precision = DEFAULT) -> str:
    """A number as people read it, by its kind.

    >>> amount(Decimal("0.0001"), "rate"), amount(Decimal("5739.5"), "price", Precision(price_places=1))
    ('0.01%', '5,739.5')
    """
    if kind.endswith("rate"):
        text = _rate(value * 100)
    elif kind in ("coin", "gain", "cost"):
        text = fixed(value, precision.coin_places)
    elif kind == "price":
        least = 2 if precision.price_places is None else precision.price_places
        needed = places(value)
        text = fixed(value, max(least, needed if needed <= LONGEST_PRICE else least))
    elif kind in ("usd", "gain_usd", "cost_usd"):
        text = fixed(value, 2)
    elif kind == "times":
        text = fixed(value, min(4, max(2, places(value)))) + "x"
    elif kind == "multiple":
        text = fixed(value, min(4, places(value)))
    elif kind == "figure":
        text = fixed(value, min(places(value), max(LONGEST_COUNT, 5 - value.adjusted())))
    else:
        text = fixed(value, min(places(value), LONGEST_COUNT))
    return "+" + text if kind.startswith("gain") and value > 0 else text


def _rate(percent: Decimal) -> str:
    needed = places(percent)
    if needed > LONGEST_RATE:
        needed = min(needed, 4 if abs(percent) >= 1 else 3 - percent.adjusted())
    return fixed(percent, max(2, needed)) + "%"


def short(value: Decimal, kind: str, precision: Precision = DEFAULT) -> str:
    """A number as a sentence says it: a rate with two decimals, everything else as the table has it.

    >>> short(Decimal("0.0863793"), "rate"), short(Decimal("0.0000123"), "rate")
    ('8.64%', '0.00123%')
    """
    if kind.endswith("rate") and abs(value) >= Decimal("0.0001"):
        text = fixed(value * 100, 2) + "%"
        return "+" + text if kind.startswith("gain") and value > 0 else text
    return amount(value, kind, precision)


def written(value: Value, kind: Kind, precision: Precision, never: bool) -> str:
    """Any value as a table shows it."""
    if value is None:
        return "never" if never else "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return amount(value, kind.name, precision) if isinstance(value, Decimal) else printable(value)


def unit(value: Value, kind: Kind, precision: Precision) -> str:
    """The unit of a value, with the direction of a cost said in words."""
    if not isinstance(value, Decimal):
        return ""
    base = precision.coin if kind.unit == "coin" else kind.unit
    if kind.name.startswith("cost") and value:
        base += " paid" if value > 0 else " received"
    return base


def style(value: Value, kind: Kind) -> str:
    """The colour of a value: what it does to the account, never alone in saying so."""
    if kind.name == "status" and isinstance(value, str):
        good, bad = ("pass", "ok"), ("fail", "liquidated")
        return "green" if value in good else "red" if value.startswith(bad) else "magenta"
    if not isinstance(value, Decimal) or not value or kind.name[:4] not in ("gain", "cost"):
        return ""
    return "green" if (value > 0) == kind.name.startswith("gain") else "red"
