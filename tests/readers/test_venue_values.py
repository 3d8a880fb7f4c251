"""Numbers and tiers of an answer: read within the limits of the grammar, refused where they cannot be."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.rules import with_deductions
from perpcalc.errors import PerpcalcError
from perpcalc.readers.venue_values import Step, margin_of, number, percent, share, word


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", "5"),
        ("-0.25", "-0.25"),
        ("8.6e-05", "0.000086"),
        ("1E+3", "1000"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1e-30", "0"),
        ("0.100000000000000006", "0.1"),
        ("100000000.0000000000000000", "100000000"),
        ("999999999999999", "999999999999999"),
    ],
)
def test_numbers_are_read_as_programs_write_them(text: str, value: str) -> None:
    assert number({"a": text}, "a") == Decimal(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " 5",
        "5 ",
        "1,5",
        "0x10",
        "1_000",
        "inf",
        "nan",
        "٥",
        "1e99999",
        "1e",
        "e5",
        "+",
        "9" * 101,
        True,
        [],
        {},
    ],
)
def test_what_is_no_number_is_refused_by_its_key(value: object) -> None:
    with pytest.raises(PerpcalcError) as error:
        number({"a": value}, "a")
    assert error.value.where == "a"


@pytest.mark.parametrize("text", ["1e15", "1000000000000000", "1e300", "-1e15"])
def test_a_number_of_too_many_digits_is_refused(text: str) -> None:
    with pytest.raises(PerpcalcError, match="is too large: at most 15 digits before the point"):
        number({"a": text}, "a")


def test_a_fraction_becomes_a_percentage() -> None:
    assert share({"a": "-0.00025"}, "a") == "-0.025%"
    with pytest.raises(PerpcalcError, match="a rate below 1 is expected"):
        share({"a": "1"}, "a")


def test_a_text_that_is_not_there_is_empty_and_another_value_is_refused() -> None:
    assert word({}, "a") == word({"a": None}, "a") == ""
    with pytest.raises(PerpcalcError, match="a: is not a text"):
        word({"a": []}, "a")


RATES = st.decimals(Decimal("0.001"), Decimal("0.999"), places=4)
LIMITS = st.decimals(Decimal("0.5"), Decimal(10**9), places=2)


@given(st.sets(RATES, min_size=1, max_size=8), st.data())
def test_tiers_with_deductions_that_follow_are_read_and_others_refused(
    rates: set[Decimal], data: st.DataObject
) -> None:
    rising = tuple(sorted(rates))
    limits = tuple(sorted(data.draw(st.sets(LIMITS, min_size=len(rates), max_size=len(rates)))))
    tiers = with_deductions(limits, rising)
    steps = [Step(tier.limit, tier.rate, deduction=tier.deduction) for tier in tiers]
    values = margin_of(steps, "coin")
    assert values["rates"] == [percent(rate) for rate in rising]
    assert [Decimal(limit) for limit in values["limits"]] == list(limits)
    wrong = data.draw(st.integers(0, len(steps) - 1))
    steps[wrong] = steps[wrong]._replace(deduction=tiers[wrong].deduction + Decimal("0.00000001"))
    with pytest.raises(
        PerpcalcError, match=f"tier {wrong + 1}: the deduction .* does not follow from the rates, which give"
    ):
        margin_of(steps, "coin")


def test_a_deduction_follows_from_the_rates_to_its_eighth_decimal() -> None:
    steps = [Step(Decimal(5), Decimal("0.01")), Step(Decimal(9), Decimal("0.02"), deduction=Decimal("0.050000009"))]
    assert margin_of(steps, "coin")["rates"] == ["1%", "2%"]
    with pytest.raises(PerpcalcError, match=r"tier 2: the deduction 0\.05000001 does not follow from the rates"):
        margin_of([steps[0], steps[1]._replace(deduction=Decimal("0.05000001"))], "coin")


def test_initial_rates_are_kept_where_they_rise() -> None:
    steps = [
        Step(Decimal(5), Decimal("0.01"), initial=Decimal("0.02")),
        Step(None, Decimal("0.02"), initial=Decimal("0.04")),
    ]
    assert margin_of(steps, "usd", True) == {
        "unit": "usd",
        "marginal": True,
        "limits": ["5"],
        "rates": ["1%", "2%"],
        "initial_rates": ["2%", "4%"],
    }
    flat = [step._replace(initial=Decimal("0.02")) for step in steps]
    assert "initial_rates" not in margin_of(flat, "usd")


def test_a_tier_without_an_end_has_no_limit() -> None:
    assert margin_of([Step(None, Decimal("0.01"))], "coin") == {"unit": "coin", "rates": ["1%"]}
