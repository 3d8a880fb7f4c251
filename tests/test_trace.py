"""Numbers that remember: the same digits as a Decimal's, a history that survives, and rules with names and sources."""

import operator
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.instrument import PLAIN, Instrument
from perpcalc.core.rounding import Rounding, on, to_multiple
from perpcalc.core.rules import ClosingFee, FundingRule, Schedule, Tier, flat_rate, with_deductions
from perpcalc.core.touch import significant
from perpcalc.decimals import ONE, ZERO, settled
from perpcalc.trace import Label, Traced, label, leaf, tier_text, traced_instrument, traced_schedule
from perpcalc.venues import find, load, names

numbers = st.decimals(-1_000_000, 1_000_000, places=6).filter(bool)
positive = st.decimals("0.000001", 1_000_000, places=6)
BINARY: tuple[Callable[..., Decimal], ...] = (operator.add, operator.sub, operator.mul, operator.truediv)
TWELVE = Context(prec=12)


def traced(value: Decimal) -> Traced:
    made = leaf(value, "x")
    assert isinstance(made, Traced)
    return made


def identical(one: Decimal, other: Decimal) -> bool:
    """To the digit, trailing zeros and the sign of a zero too."""
    return isinstance(one, Traced) and type(other) is Decimal and one.as_tuple() == other.as_tuple()


# The same digits


@pytest.mark.parametrize("operation", BINARY)
@given(one=numbers, other=numbers)
def test_arithmetic_gives_what_plain_numbers_give(
    operation: Callable[..., Decimal], one: Decimal, other: Decimal
) -> None:
    expected = operation(one, other)
    assert identical(operation(traced(one), other), expected)
    assert identical(operation(one, traced(other)), expected)
    assert identical(operation(traced(one), traced(other)), expected)


@pytest.mark.parametrize("operation", BINARY)
@given(one=numbers, other=st.integers(-1000, 1000).filter(bool))
def test_integers_stand_on_either_side(operation: Callable[..., Decimal], one: Decimal, other: int) -> None:
    assert identical(operation(traced(one), other), operation(one, other))
    assert identical(operation(other, traced(one)), operation(other, one))


@given(positive, st.integers(-3, 3))
def test_powers_roots_and_logarithms_give_what_plain_numbers_give(value: Decimal, exponent: int) -> None:
    one = traced(value)
    assert identical(one**exponent, value**exponent)
    assert identical(one ** Decimal("0.5"), value ** Decimal("0.5"))
    assert identical(2 ** traced(value / 10**5), 2 ** (value / 10**5))
    assert identical(one.sqrt(), value.sqrt())
    assert identical(one.ln(), value.ln())
    assert identical(one.log10(), value.log10())
    assert identical(traced(value / 10**5).exp(), (value / 10**5).exp())


@given(numbers)
def test_signs_sizes_and_roundings_give_what_plain_numbers_give(value: Decimal) -> None:
    one, cent = traced(value), Decimal("0.01")
    assert identical(-one, -value)
    assert identical(+one, +value)
    assert identical(abs(one), abs(value))
    assert identical(round(one, 2), round(value, 2))
    assert round(one) == round(value)
    assert identical(one.quantize(cent), value.quantize(cent))
    assert identical(one.quantize(cent, ROUND_CEILING), value.quantize(cent, ROUND_CEILING))
    assert identical(one.scaleb(3), value.scaleb(3))
    assert identical(one.scaleb(0, TWELVE), value.scaleb(0, TWELVE))
    assert identical(one.fma(3, cent), value.fma(3, cent))
    assert identical(one.fma(ONE, ZERO, TWELVE), value.fma(ONE, ZERO, TWELVE))


def test_it_compares_and_hashes_as_the_plain_number() -> None:
    assert traced(Decimal("1.50")) == Decimal("1.5")
    assert {Decimal("1.5"): "found"}[traced(Decimal("1.50"))] == "found"
    assert traced(ONE) < 2


def test_what_a_decimal_does_not_add_up_with_neither_does_it() -> None:
    with pytest.raises(TypeError):
        traced(ONE) + 0.5  # type: ignore[operator]
    with pytest.raises(TypeError):
        "1" * traced(ONE)  # type: ignore[operator]


# The history


def test_it_keeps_operation_and_operands_with_the_plain_ones_among_them() -> None:
    price = leaf(Decimal(62_500), "price")
    value = 100 / price
    assert isinstance(value, Traced)
    assert (value.operation, value.operands) == ("/", (100, price))


def test_the_functions_that_round_and_settle_keep_the_history() -> None:
    price = traced(Decimal("62500.3"))
    for kept in (
        settled(price / 3),
        significant(price / 3),
        on(None, price),
        to_multiple(price, Decimal("0.5"), ROUND_FLOOR),
        max(ZERO, price),
        sum((price, price), ZERO),
    ):
        assert isinstance(kept, Traced)


def test_conversions_end_it() -> None:
    assert type(Decimal(traced(ONE))) is Decimal
    assert type(traced(Decimal(7)) // 2) is Decimal


def test_a_rounding_keeps_its_mode_also_where_it_is_that_of_the_context() -> None:
    by_context = traced(ONE).quantize(Decimal("0.1"), context=Context(rounding=ROUND_FLOOR))
    assert isinstance(by_context, Traced)
    assert by_context.operation == ROUND_FLOOR


def test_a_label_names_a_number_and_leaves_its_origin_as_it_is() -> None:
    rate = leaf(Decimal("0.005"), "rate", source="source: a", rule=True)
    label(rate, "mmr", 3)
    assert isinstance(rate, Traced)
    assert rate.label == Label("mmr", "source: a", "", True, 3)
    label(rate, "mm")
    assert rate.label == Label("mm", "source: a", "", True, 3)


def test_numbers_without_a_history_take_no_label() -> None:
    label(None, "V")
    label(ONE, "V")


# Rules


def numbers_of(record: object) -> list[Decimal]:
    """All numbers of a record, but for the roundings, which are no operands."""
    if isinstance(record, Decimal):
        return [record]
    if isinstance(record, tuple) and not isinstance(record, Rounding):
        return [number for part in record for number in numbers_of(part)]
    return []


def test_every_instrument_is_the_same_when_it_is_traced() -> None:
    for venue in names():
        for symbol in load(venue).tables["instruments"]:
            instrument = find(venue, symbol).instrument
            assert traced_instrument(instrument) == instrument


def test_every_number_of_the_rules_becomes_a_leaf_but_for_what_is_not_there() -> None:
    rules = Instrument(
        tick=Decimal("0.5"),
        taker_fee=Decimal("0.0005"),
        schedule=flat_rate(Decimal("0.005")),
        isolated_closing_fee=ClosingFee(Decimal("0.0005")),
        funding=FundingRule(Decimal(480)),
    )
    plain = [number for number in numbers_of(traced_instrument(rules)) if not isinstance(number, Traced)]
    assert plain == [ZERO]  # the slope that the schedule does not have


def test_rules_are_named_by_their_fields_and_know_where_they_are_from() -> None:
    rules = PLAIN._replace(
        taker_fee=Decimal("0.0005"),
        liquidation_fee=Decimal("0.01"),
        schedule=Schedule((Tier(Decimal(5), Decimal("0.01")), Tier(None, Decimal("0.02"))), marginal=False),
        cross_closing_fee=ClosingFee(Decimal("0.0005")),
        funding=FundingRule(Decimal(480), damper=Decimal("0.0005")),
    )
    made = traced_instrument(
        rules, {topic: topic for topic in ("contract", "fees", "liquidation", "margin", "funding")}
    )
    assert made.schedule is not None
    assert made.funding is not None

    def named(number: Decimal | None) -> tuple[str, str]:
        assert isinstance(number, Traced)
        assert number.label is not None
        return number.label.name, number.label.source

    assert named(made.contract_size) == ("contract_size", "contract")
    assert named(made.taker_fee) == ("taker_fee", "fees")
    assert named(made.liquidation_fee) == ("fee_rate", "liquidation")
    assert named(made.cross_closing_fee.rate) == ("f", "fees")
    assert named(made.isolated_closing_fee.rate) == ("f", "")  # none is charged, so none has a source
    assert named(made.funding.damper) == ("damper", "funding")
    how = "the whole position at the rate of its tier, on the value at the mark"
    assert named(made.schedule.tiers[1].rate) == ("mmr", f"{how}\nmargin")


def test_the_deduction_of_a_tier_is_made_of_limits_and_rates() -> None:
    limits = (Decimal(5), Decimal(10), None)
    tiers = with_deductions(limits, (Decimal("0.004"), Decimal("0.005"), Decimal("0.01")))
    made = traced_schedule(Schedule(tiers), "BTC")
    deduction = made.tiers[2].deduction
    assert isinstance(deduction, Traced)
    assert (deduction, deduction.operation) == (Decimal("0.055"), "+")
    assert deduction.label == Label("deduction", place=3)


def test_a_deduction_that_limits_and_rates_do_not_make_is_a_leaf() -> None:
    other = Schedule((Tier(Decimal(5), Decimal("0.004")), Tier(None, Decimal("0.005"), Decimal("0.5"))))
    for schedule in (flat_rate(Decimal("0.01"), Decimal("0.5")), other):
        made = traced_schedule(schedule, "BTC").tiers[-1].deduction
        assert isinstance(made, Traced)
        assert (made, made.operands) == (Decimal("0.5"), ())


def test_a_rate_that_somebody_gave_stays_theirs() -> None:
    rate = leaf(Decimal("0.01"), "mmr")
    assert traced_schedule(flat_rate(rate), "BTC").tiers[0].rate is rate


@pytest.mark.parametrize(
    ("unit", "place", "expected"),
    [
        ("coin", 1, "tier 1: up to 5 ETH"),
        ("contracts", 2, "tier 2: above 5 up to 10 contracts"),
        ("usd", 3, "tier 3: above 10 USD"),
    ],
)
def test_a_tier_says_how_far_it_reaches(unit: str, place: int, expected: str) -> None:
    tiers = (Tier(Decimal(5), ONE), Tier(Decimal(10), ONE), Tier(None, ONE))
    assert tier_text(Schedule(tiers, unit=unit), place, "ETH") == expected


def test_tiers_that_have_no_number_say_nothing() -> None:
    assert tier_text(flat_rate(ONE), 1, "BTC") == ""
    assert tier_text(Schedule((Tier(None, ONE),)), 1, "BTC") == ""
