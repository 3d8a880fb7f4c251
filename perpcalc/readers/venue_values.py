"""What the values in a venue's public answer become: numbers of every spelling, rates, tiers, as a venue file has
them.
"""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from perpcalc.core.rules import with_deductions
from perpcalc.decimals import INTEGER_DIGITS, ONE, ZERO, plain
from perpcalc.errors import PerpcalcError, shown
from perpcalc.venues.own_file import Value

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?")
LONGEST_NUMBER = 100
DECIMALS = ONE.scaleb(-12)
AMOUNT_DECIMALS = ONE.scaleb(-8)
PERCENT_FROM = Decimal("0.1")
Row = Mapping[str, Any]


class Fact(NamedTuple):
    """What an answer says of a contract (None: of all) in one topic, by the keys of a venue file.

    `coin` is what the contract settles in. `first_tier`: of more, which may be known. `note` says what the reading
    assumes.
    """

    instrument: str | None
    coin: str
    topic: str
    values: Mapping[str, Value]
    first_tier: bool = False
    note: str = ""


class LeftOut(NamedTuple):
    """A contract that an answer has and that is not read: its name, and what it is instead."""

    name: str
    what: str


class Step(NamedTuple):
    """A tier as a venue answers it; None for what the answer does not say, or has no end."""

    limit: Decimal | None
    rate: Decimal
    lower: Decimal | None = None
    initial: Decimal | None = None
    leverage: Decimal | None = None
    deduction: Decimal | None = None


def word(row: Row, key: str) -> str:
    """A text of an answer, "" where it is not there; raises PerpcalcError for anything else."""
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise PerpcalcError("is not a text", "ask the venue again").at(key)
    return value


def number(row: Row, key: str) -> Decimal:
    """A number of an answer, digits beyond the twelfth decimal dropped: they are of a binary number.

    >>> str(number({"cum": "4187.0600000000004001776687800884246826171875"}, "cum")), str(number({"r": "8.6e-05"}, "r"))
    ('4187.060000000000', '0.000086000000')
    """
    value = row.get(key)
    if value is None or value == "":
        raise PerpcalcError("is missing", "ask the venue again").at(key)
    if not isinstance(value, str) or len(value) > LONGEST_NUMBER or not NUMBER.fullmatch(value) or not value.isascii():
        raise PerpcalcError(f"{shown(str(value))} is not a number", "ask the venue again").at(key)
    found = Decimal(value)
    if found.adjusted() >= INTEGER_DIGITS:
        digits = f"at most {INTEGER_DIGITS} digits before the point"
        raise PerpcalcError(f"{shown(value)} is too large", digits).at(key)
    return found.quantize(DECIMALS)


def some(row: Row, key: str) -> Decimal | None:
    """A number of an answer, None where it has none."""
    return None if row.get(key) in (None, "") else number(row, key)


def positive(row: Row, key: str) -> Decimal:
    """A number of an answer that is above zero."""
    found = number(row, key)
    if found <= 0:
        raise PerpcalcError(f"{shown(str(row[key]))} is out of range", "a number above 0 is expected").at(key)
    return found


def share(row: Row, key: str) -> str:
    """A fraction of an answer as the percentage of a venue file.

    >>> share({"takerFeeRate": "0.0006"}, "takerFeeRate")
    '0.06%'
    """
    found = number(row, key)
    if abs(found) >= 1:
        raise PerpcalcError(f"{shown(str(row[key]))} is out of range", "a rate below 1 is expected").at(key)
    return percent(found)


def size(row: Row, key: str) -> str:
    """A number above zero, as it stands in a venue file."""
    return plain(positive(row, key))


def percent(rate: Decimal) -> str:
    """A rate as it stands in a venue file."""
    return f"{plain(rate * 100)}%"


def given(row: Row, keys: Mapping[str, str], read: Any) -> dict[str, Value]:
    """The keys of a venue file for those of an answer, where it has them."""
    return {ours: read(row, theirs) for ours, theirs in keys.items() if row.get(theirs) not in (None, "")}


def hours(count: Decimal) -> str:
    """A duration of some hours, as it stands in a venue file."""
    if count <= 0:
        raise PerpcalcError("the interval of funding is not above 0", "ask the venue again")
    return f"{plain(count)}h"


def coin_of(name: str) -> str:
    """A coin by the name that most have for it."""
    return "BTC" if name in ("XBT", "XBt") else name


def rows_of(node: Any, key: str) -> Sequence[Row]:
    """The objects in a list of an answer."""
    found = node.get(key) if isinstance(node, dict) else None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise PerpcalcError("is not a list of objects", "ask the venue again").at(key)
    return found


def by_contract(rows: Iterable[Row], key: str) -> dict[str, list[Row]]:
    """Rows by the contract that a key names, in the order of the answer."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(word(row, key), []).append(row)
    return found


def margin_of(steps: Sequence[Step], unit: str, marginal: bool | None = None) -> dict[str, Value]:
    """The margin rule that tiers make, neighbours of one rate joined.

    Raises PerpcalcError for tiers with gaps, falling rates, or deductions that do not follow from the rates. `marginal`
    None: as the venue's general rule has it.

    >>> rate = Decimal("0.004")
    >>> tiers = [Step(Decimal(5), rate, leverage=Decimal(125)), Step(Decimal(10), rate, leverage=Decimal(100))]
    >>> margin_of(tiers, "coin")
    {'unit': 'coin', 'limits': ['10'], 'rates': ['0.4%'], 'leverages': ['125', '100'], 'leverage_limits': ['5', '10']}
    """
    _check(steps)
    _check_deductions(steps)
    joined: list[Step] = []
    for step in steps:
        if joined and joined[-1].rate == step.rate:
            joined[-1] = joined[-1]._replace(limit=step.limit)
        else:
            joined.append(step)
    values: dict[str, Value] = {"unit": unit}
    if marginal is not None:
        values["marginal"] = marginal
    if limits := _limits(joined):
        values["limits"] = limits
    values["rates"] = [percent(step.rate) for step in joined]
    initial = [step.initial for step in joined if step.initial is not None]
    if len(initial) == len(joined) == len(steps) and all(one < other for one, other in itertools.pairwise(initial)):
        values["initial_rates"] = [percent(rate) for rate in initial]
    leverages = [step.leverage for step in steps if step.leverage is not None]
    if len(leverages) == len(steps):
        values["leverages"] = [plain(leverage) for leverage in leverages]
        if len(joined) < len(steps):
            values["leverage_limits"] = _limits(steps)
    return values


def _limits(steps: Sequence[Step]) -> list[str]:
    return [plain(step.limit) for step in steps if step.limit is not None]


def _check(steps: Sequence[Step]) -> None:
    """Tiers follow each other, their rates do not fall."""
    for number, step in enumerate(steps, 1):
        place = f"tier {number}"
        if not ZERO < step.rate < ONE:
            raise PerpcalcError(f"the rate {percent(step.rate)} is out of range", "ask the venue again").at(place)
        if step.initial is not None and not ZERO < step.initial <= ONE:
            what = f"the initial rate {percent(step.initial)} is out of range"
            raise PerpcalcError(what, "ask the venue again").at(place)
        if step.leverage is not None and step.leverage <= 0:
            what = f"the leverage {plain(step.leverage)} is out of range"
            raise PerpcalcError(what, "ask the venue again").at(place)
        if step.limit is None and number < len(steps):
            raise PerpcalcError("has no upper end", "ask the venue again").at(place)
        before = steps[number - 2] if number > 1 else Step(ZERO, ZERO)
        below = before.limit or ZERO
        if step.limit is not None and step.limit <= below:
            raise PerpcalcError(f"ends at {plain(step.limit)}, not above {plain(below)}", "ask again").at(place)
        if step.rate < before.rate:
            raise PerpcalcError("its rate is lower than that of the tier before", "ask the venue again").at(place)
        if step.lower is not None and step.lower not in (below, below + 1):
            raise PerpcalcError(f"begins at {plain(step.lower)}, not at {plain(below)}", "ask again").at(place)


def _check_deductions(steps: Sequence[Step]) -> None:
    """Deductions follow from the rates, to the eighth decimal."""
    if all(not step.deduction for step in steps):
        return
    tiers = with_deductions(tuple(step.limit for step in steps), tuple(step.rate for step in steps))
    for number, (step, tier) in enumerate(zip(steps, tiers, strict=True), 1):
        answered = step.deduction or ZERO
        if abs(answered - tier.deduction) >= AMOUNT_DECIMALS:
            what = f"the deduction {plain(answered)} does not follow from the rates, which give {plain(tier.deduction)}"
            raise PerpcalcError(what, "ask the venue again").at(f"tier {number}")
