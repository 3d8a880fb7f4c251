"""Numbers that remember how they were made: what `--explain` prints is the very computation of the answer.

A question asked with `Traced` numbers gives the same figures, digit for digit, and each of them knows its operation and
its operands down to the leaves: what somebody gave, or a rule of a venue. A number keeps its history through every
method below; `Decimal(number)`, `int` and `float` end it.
"""

import decimal
from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any, NamedTuple

from perpcalc.core.instrument import Instrument
from perpcalc.core.rules import ClosingFee, FundingRule, Schedule, Tier, with_deductions
from perpcalc.decimals import plain

Number = Decimal | int


class Label(NamedTuple):
    """What a number is called, and where it comes from.

    `source` are the lines that say where a venue's rule is from, `tier` which tier it belongs to. A `rule` that leaves
    things as they are (adds 0, multiplies by 1) is not worth a word. `place` tells numbers of one name apart: the
    number of a tier, of a fill, of a position in its wallet.
    """

    name: str
    source: str = ""
    tier: str = ""
    rule: bool = False
    place: int | None = None


class Traced(Decimal):
    """A Decimal that keeps its operation and its operands; a leaf has none, and a label.

    `operation` is an operator, the name of a function, or a decimal rounding mode, whose second operand is the step
    that was rounded to.
    """

    __slots__ = ("label", "operands", "operation")
    operation: str
    operands: tuple[Number, ...]
    label: Label | None

    def __add__(self, other: Number) -> Decimal:
        return _made("+", Decimal.__add__(self, other), self, other)

    def __radd__(self, other: Number) -> Decimal:
        return _made("+", Decimal.__radd__(self, other), other, self)

    def __sub__(self, other: Number) -> Decimal:
        return _made("-", Decimal.__sub__(self, other), self, other)

    def __rsub__(self, other: Number) -> Decimal:
        return _made("-", Decimal.__rsub__(self, other), other, self)

    def __mul__(self, other: Number) -> Decimal:
        return _made("*", Decimal.__mul__(self, other), self, other)

    def __rmul__(self, other: Number) -> Decimal:
        return _made("*", Decimal.__rmul__(self, other), other, self)

    def __truediv__(self, other: Number) -> Decimal:
        return _made("/", Decimal.__truediv__(self, other), self, other)

    def __rtruediv__(self, other: Number) -> Decimal:
        return _made("/", Decimal.__rtruediv__(self, other), other, self)

    def __pow__(self, other: Number, modulus: Number | None = None) -> Decimal:
        return _made("^", Decimal.__pow__(self, other, modulus), self, other)

    def __rpow__(self, other: Number, context: Context | None = None) -> Decimal:
        return _made("^", Decimal.__rpow__(self, other, context), other, self)

    def __neg__(self) -> Decimal:
        return _made("neg", Decimal.__neg__(self), self)

    def __pos__(self) -> Decimal:
        return _made("+", Decimal.__pos__(self), self, 0)

    def __abs__(self) -> Decimal:
        return _made("abs", Decimal.__abs__(self), self)

    def __round__(self, decimals: int | None = None) -> Any:
        if decimals is None:
            return Decimal.__round__(self)
        return _made(decimal.ROUND_HALF_EVEN, Decimal.__round__(self, decimals), self, Decimal(1).scaleb(-decimals))

    def fma(self, other: Number, third: Number, context: Context | None = None) -> Decimal:
        """`self*other + third` to the digits of the context."""
        result = Decimal.fma(self, other, third, context)
        if other == 1 and not third and not isinstance(other, Traced) and not isinstance(third, Traced):
            return _made("digits", result, self, (context or decimal.getcontext()).prec)
        return _made("+", result, self * other, third)

    def scaleb(self, other: Number, context: Context | None = None) -> Decimal:
        """The number times a power of ten, to the digits of the context."""
        result = Decimal.scaleb(self, other, context)
        if not other:
            return _made("digits", result, self, (context or decimal.getcontext()).prec)
        return _made("*", result, self, Decimal(10) ** other)

    def quantize(self, exp: Number, rounding: str | None = None, context: Context | None = None) -> Decimal:
        """The number on the decimals of `exp`; the rounding is kept."""
        mode = rounding or (context or decimal.getcontext()).rounding
        return _made(mode, Decimal.quantize(self, exp, rounding, context), self, exp)

    def sqrt(self, context: Context | None = None) -> Decimal:
        """The square root."""
        return _made("sqrt", Decimal.sqrt(self, context), self)

    def exp(self, context: Context | None = None) -> Decimal:
        """The exponential."""
        return _made("exp", Decimal.exp(self, context), self)

    def ln(self, context: Context | None = None) -> Decimal:
        """The natural logarithm."""
        return _made("ln", Decimal.ln(self, context), self)

    def log10(self, context: Context | None = None) -> Decimal:
        """The logarithm to the base 10."""
        return _made("log10", Decimal.log10(self, context), self)


def _made(operation: str, value: Decimal, *operands: Number) -> Decimal:
    """The result of an operation on numbers of which one is traced; NotImplemented stays what it is."""
    if value is NotImplemented:
        return NotImplemented  # type: ignore[no-any-return]
    made = Decimal.__new__(Traced, value)
    made.operation, made.operands, made.label = operation, operands, None
    return made


def leaf(
    value: Decimal, name: str, *, source: str = "", tier: str = "", rule: bool = False, place: int | None = None
) -> Decimal:
    """A number whose history begins here, and what it is called.

    >>> rate = leaf(Decimal("0.005"), "mmr")
    >>> (Decimal(200) * rate).operands
    (Decimal('200'), Decimal('0.005'))
    """
    made = _made("", value)
    assert isinstance(made, Traced)
    made.label = Label(name, source, tier, rule, place)
    return made


def label(value: Decimal | None, name: str, place: int | None = None) -> None:
    """Call a number by a name in every formula it stands in; a number without history keeps none.

    >>> value = leaf(Decimal(10_000), "notional") / leaf(Decimal(62_500), "entry_price")
    >>> label(value, "V")
    >>> value.label.name
    'V'
    """
    if isinstance(value, Traced):
        own = value.label or Label(name)
        value.label = own._replace(name=name, place=own.place if place is None else place)


TOPICS = {"maker_fee": "fees", "taker_fee": "fees", "liquidation_fee": "liquidation", "least_closing": "margin"}
"""The topics of a venue's rules that an instrument's numbers are from, where that is not its contract."""
SYMBOLS = {"liquidation_fee": "fee_rate"}
"""What formulas call a rule that goes by the name of a figure which it makes."""


def traced_instrument(instrument: Instrument, sources: Mapping[str, str] = {}) -> Instrument:
    """The instrument with every number of its rules a leaf, named by its field; a schedule's rates `mmr`, its closing
    fees `f`.

    `sources` says by topic (contract, fees, liquidation, margin, funding) where the rules come from.

    >>> traced_instrument(Instrument(tick=Decimal("0.5"))).tick.label.name
    'tick'
    """
    rules: dict[str, Any] = {}
    for field, value in instrument._asdict().items():
        if isinstance(value, Decimal):
            name = SYMBOLS.get(field, field)
            rules[field] = leaf(value, name, source=sources.get(TOPICS.get(field, "contract"), ""), rule=True)
        elif isinstance(value, ClosingFee):
            rules[field] = _closing_fee(value, sources)
        elif isinstance(value, Schedule):
            rules[field] = traced_schedule(value, instrument.currency, sources.get("margin", ""))
        elif isinstance(value, FundingRule):
            rules[field] = _funding(value, sources.get("funding", ""))
    return instrument._replace(**rules)


def traced_schedule(schedule: Schedule, currency: str, source: str = "") -> Schedule:
    """The schedule with every number a leaf: `limit`, rates `mmr` and `imr`, `slope`; a deduction is what limits and
    rates make of it.

    >>> from perpcalc.core.rules import flat_rate
    >>> traced_schedule(flat_rate(Decimal("0.005")), "BTC").tiers[0].rate.label.name
    'mmr'
    """
    how = "each band at its own rate" if schedule.marginal else "the whole position at the rate of its tier"
    told = f"{how}, on the value at the {schedule.basis}\n{source}".strip() if schedule.numbered else source
    tiers = []
    for place, tier in enumerate(schedule.tiers, 1):
        rate = _rule(tier.rate, "mmr", told, place, tier_text(schedule, place, currency))
        limit = None if tier.limit is None else _rule(tier.limit, "limit", told, place)
        initial = None if tier.initial is None else _rule(tier.initial, "imr", told, place)
        tiers.append(Tier(limit, rate, tier.deduction, initial))
    derived = [tier.deduction for tier in tiers]
    if schedule.marginal and None not in (tier.limit for tier in tiers[:-1]):
        limits, rates = tuple(tier.limit for tier in tiers), tuple(tier.rate for tier in tiers)
        derived = [tier.deduction for tier in with_deductions(limits, rates)]
    for place, (tier, deduction) in enumerate(zip(tiers, derived, strict=True), 1):
        tiers[place - 1] = tier._replace(deduction=_deduction(tier.deduction, deduction, told, place, schedule))
    slope = _rule(schedule.slope, "slope", told) if schedule.slope else schedule.slope
    opening = [
        tier if tier.initial is None else tier._replace(initial=_rule(tier.initial, "imr", told, place))
        for place, tier in enumerate(schedule.leverage_tiers, 1)
    ]
    return schedule._replace(tiers=tuple(tiers), slope=slope, leverage_tiers=tuple(opening))


def tier_text(schedule: Schedule, place: int, currency: str) -> str:
    """Which tier it is and how far it reaches; empty where tiers are not numbered or there is only one.

    >>> tier_text(Schedule((Tier(Decimal(5), Decimal("0.004")), Tier(None, Decimal("0.005")))), 2, "BTC")
    'tier 2: above 5 BTC'
    """
    unit = {"coin": currency, "contracts": "contracts", "usd": "USD"}[schedule.unit]
    lower = schedule.tiers[place - 2].limit if place > 1 else None
    upper = schedule.tiers[place - 1].limit
    ends = [f"above {plain(lower)}"] if lower is not None else []
    ends += [f"up to {plain(upper)}"] if upper is not None else []
    return f"tier {place}: {' '.join(ends)} {unit}" if ends and schedule.numbered else ""


def _rule(value: Decimal, name: str, source: str, place: int | None = None, tier: str = "") -> Decimal:
    """A leaf of a venue's rules; a number that has a history already keeps it."""
    return value if isinstance(value, Traced) else leaf(value, name, source=source, tier=tier, rule=True, place=place)


def _deduction(held: Decimal, derived: Decimal, source: str, place: int, schedule: Schedule) -> Decimal:
    """The deduction of a tier with the history of the same number made of limits and rates, if it is the same."""
    if not held and (schedule.unit != "coin" or not schedule.marginal):
        return held
    made = derived if isinstance(derived, Traced) and derived == held else _rule(held, "deduction", source, place)
    label(made, "deduction", place)
    return made


def _closing_fee(fee: ClosingFee, sources: Mapping[str, str]) -> ClosingFee:
    return fee._replace(rate=leaf(fee.rate, "f", source=sources.get("fees", "") if fee.rate else "", rule=True))


def _funding(rule: FundingRule, source: str) -> FundingRule:
    numbers = {field: value for field, value in rule._asdict().items() if isinstance(value, Decimal)}
    made: dict[str, Any] = {field: leaf(value, field, source=source, rule=True) for field, value in numbers.items()}
    return rule._replace(**made)
