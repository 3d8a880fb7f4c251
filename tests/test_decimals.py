"""The number grammar, and how numbers are written."""

from collections.abc import Callable
from decimal import Decimal, Inexact, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.decimals import (
    CONTEXT,
    amount,
    amount_from_zero,
    count,
    duration,
    fixed,
    number,
    places,
    plain,
    positive,
    positive_amount,
    rate,
    rate_from_zero,
    whole,
)
from perpcalc.errors import PerpcalcError

Parser = Callable[[str], Decimal]


def refusal(parse: Parser, text: str) -> str:
    """What the user reads when `text` is refused."""
    with pytest.raises(PerpcalcError) as error:
        parse(text)
    return str(error.value)


def read(parse: Parser, text: str) -> Decimal | str:
    """The number in `text`, or what the user reads when it is refused."""
    try:
        return parse(text)
    except PerpcalcError as error:
        return str(error)


within_grammar = st.builds(
    lambda sign, digits: Decimal((sign, tuple(map(int, digits[0] + digits[1])), -len(digits[1]))),
    st.integers(0, 1),
    st.tuples(st.text("0123456789", min_size=1, max_size=15), st.text("0123456789", max_size=18)),
)


# Plain numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0"),
        ("62500.5", "62500.5"),
        ("+1", "1"),
        ("-1", "-1"),
        ("-0", "0"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("007", "7"),
        ("1_000_000", "1000000"),
        ("-1_000.50", "-1000.5"),
        ("0.000_000_01", "0.00000001"),
        ("1_0.0_1", "10.01"),
        ("999999999999999.999999999999999999", "999999999999999.999999999999999999"),
        ("000000000000000", "0"),
    ],
)
def test_a_number_is_a_sign_digits_a_point_and_digits(text: str, value: str) -> None:
    assert number(text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "shown", "remedy"),
    [
        ("", "''", "give one, as in 62500.5"),
        ("  ", "'  '", "give one, as in 62500.5"),
        (" 5", "' 5'", "leave the spaces out"),
        ("5 ", "'5 '", "leave the spaces out"),
        ("1 000", "'1 000'", "leave the spaces out"),
        ("5\n", r"'5\n'", "leave the spaces out"),
        ("\u0665", r"'\u0665'", "use the digits 0 to 9 and a point"),
        ("\u0661.5", r"'\u0661.5'", "use the digits 0 to 9 and a point"),
        ("\xb2", r"'\xb2'", "use the digits 0 to 9 and a point"),
        ("\uff15", r"'\uff15'", "use the digits 0 to 9 and a point"),
        ("\u22125", r"'\u22125'", "use the digits 0 to 9 and a point"),
        ("NaN", "'NaN'", "it must be finite"),
        ("sNaN", "'sNaN'", "it must be finite"),
        ("-inf", "'-inf'", "it must be finite"),
        ("Infinity", "'Infinity'", "it must be finite"),
        ("1,000", "'1,000'", "use a point for decimals and no thousands separators"),
        ("0,5", "'0,5'", "use a point for decimals and no thousands separators"),
        ("0x10", "'0x10'", "write it in decimal digits"),
        ("1e5", "'1e5'", "write it out without an exponent"),
        ("1E-5", "'1E-5'", "write it out without an exponent"),
        ("-1.5e3", "'-1.5e3'", "write it out without an exponent"),
        ("5%", "'5%'", "a rate does not fit here, give a number"),
        ("5bp", "'5bp'", "a rate does not fit here, give a number"),
        ("10k", "'10k'", "k, m and b stand only on contracts, USD and coin amounts, write the zeros out"),
        ("2M", "'2M'", "k, m and b stand only on contracts, USD and coin amounts, write the zeros out"),
        ("1234567890123456", "'1234567890123456'", "at most 15 digits before the point and 18 after it"),
        ("0000000000000001", "'0000000000000001'", "at most 15 digits before the point and 18 after it"),
        ("0.0000000000000000001", "'0.0000000000000000001'", "at most 15 digits before the point and 18 after it"),
        ("1__0", "'1__0'", "an underscore stands between two digits"),
        ("_1", "'_1'", "an underscore stands between two digits"),
        ("1_", "'1_'", "an underscore stands between two digits"),
        ("1_.5", "'1_.5'", "an underscore stands between two digits"),
        ("1._5", "'1._5'", "an underscore stands between two digits"),
        ("5.", "'5.'", "leave out the point or write digits after it"),
        (".", "'.'", "use digits and at most one point"),
        ("+", "'+'", "use digits and at most one point"),
        ("--5", "'--5'", "use digits and at most one point"),
        ("1.2.3", "'1.2.3'", "use digits and at most one point"),
        ("abc", "'abc'", "use digits and at most one point"),
        ("True", "'True'", "use digits and at most one point"),
        ("$5", "'$5'", "use digits and at most one point"),
    ],
)
def test_anything_else_is_refused_with_what_to_do(text: str, shown: str, remedy: str) -> None:
    assert refusal(number, text) == f"{shown} is not a plain decimal number: {remedy}"


def test_a_long_text_is_shown_by_its_beginning() -> None:
    message = refusal(number, "9" * 1_000)
    assert message.startswith(f"'{'9' * 37}...' is not")
    assert "\n" not in refusal(number, "1\n2")


@given(st.text(max_size=12))
def test_every_text_is_a_number_or_refused_in_one_line(text: str) -> None:
    for parse in (number, amount, rate, duration, count, positive):
        outcome = read(parse, text)
        assert outcome.is_finite() if isinstance(outcome, Decimal) else outcome.isascii() and outcome.isprintable()


@given(st.text("0123456789+-._eEkK%bp ", max_size=8))
def test_texts_that_nearly_are_numbers_are_read_as_python_would_or_refused(text: str) -> None:
    outcome = read(number, text)
    assert isinstance(outcome, str) or outcome == Decimal(text.replace("_", ""))


# Numbers of a kind


@pytest.mark.parametrize("text", ["0", "-0", "-5", "0.000"])
def test_a_price_is_above_zero(text: str) -> None:
    assert refusal(positive, text) == f"'{text}' is out of range: give a number above 0"
    assert positive("0.000000000000000001") == Decimal("1E-18")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10k", "10000"),
        ("2.5k", "2500"),
        ("2.5K", "2500"),
        ("1m", "1000000"),
        ("1.5M", "1500000"),
        ("3b", "3000000000"),
        ("0.2B", "200000000"),
        ("-5k", "-5000"),
        ("1_0k", "10000"),
        ("0.0005k", "0.5"),
        ("0k", "0"),
        ("1000", "1000"),
        ("0.25", "0.25"),
        ("999999999999k", "999999999999000"),
    ],
)
def test_an_amount_may_be_in_thousands_millions_or_billions(text: str, value: str) -> None:
    assert amount(text) == Decimal(value)
    assert "E" not in str(amount(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("k", "'k' is not a plain decimal number with its unit: give one, as in 62500.5"),
        ("5 k", "'5 k' is not a plain decimal number with its unit: leave the spaces out"),
        (
            "1,5k",
            "'1,5k' is not a plain decimal number with its unit: use a point for decimals and no thousands separators",
        ),
        ("1e3k", "'1e3k' is not a plain decimal number with its unit: write it out without an exponent"),
        ("5_k", "'5_k' is not a plain decimal number with its unit: an underscore stands between two digits"),
        ("5.k", "'5.k' is not a plain decimal number with its unit: leave out the point or write digits after it"),
        ("1000000000000k", "'1000000000000k' is too large: at most 15 digits before the point"),
        ("1000000b", "'1000000b' is too large: at most 15 digits before the point"),
        ("5g", "'5g' is not a plain decimal number: use digits and at most one point"),
        ("5%", "'5%' is not a plain decimal number: a rate does not fit here, give a number"),
    ],
)
def test_an_amount_that_is_none_is_refused(text: str, message: str) -> None:
    assert refusal(amount, text) == message


@pytest.mark.parametrize("text", ["5\u212a", "1\uff4b", "1\u1d0d"])
def test_letters_that_only_look_like_k_and_m_are_refused(text: str) -> None:
    # U+212A, the Kelvin sign, is a k in lower case.
    assert refusal(amount, text).endswith("use the digits 0 to 9 and a point")


def test_amounts_above_zero_and_from_zero() -> None:
    assert positive_amount("1k") == 1_000
    assert refusal(positive_amount, "0") == "'0' is out of range: give an amount above 0"
    assert refusal(positive_amount, "-1k") == "'-1k' is out of range: give an amount above 0"
    assert amount_from_zero("0") == 0
    assert refusal(amount_from_zero, "-1") == "'-1' is out of range: give 0 or more"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.01%", "0.0001"),
        ("1bp", "0.0001"),
        ("0.0001", "0.0001"),
        ("-2.5bp", "-0.00025"),
        ("-0.025%", "-0.00025"),
        ("100%", "1"),
        ("250%", "2.5"),
        ("+0.5", "0.5"),
        ("-0.999999999999999999", "-0.999999999999999999"),
        ("0", "0"),
        ("1_0%", "0.1"),
        ("0.000000000000000001%", "0.00000000000000000001"),
    ],
)
def test_a_rate_is_a_fraction_a_percentage_or_basis_points(text: str, value: str) -> None:
    assert rate(text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1", "'1' is not clear as a rate: write 1% or 100%"),
        ("-1", "'-1' is not clear as a rate: write -1% or -100%"),
        ("2.5", "'2.5' is not clear as a rate: write 2.5% or 250%"),
        ("50", "'50' is not clear as a rate: write 50% or 5000%"),
        ("%", "'%' is not a plain decimal number with its unit: give one, as in 62500.5"),
        ("bp", "'bp' is not a plain decimal number with its unit: give one, as in 62500.5"),
        ("5 %", "'5 %' is not a plain decimal number with its unit: leave the spaces out"),
        ("1e-4%", "'1e-4%' is not a plain decimal number with its unit: write it out without an exponent"),
        (
            "0,01%",
            "'0,01%' is not a plain decimal number with its unit: use a point for decimals and no thousands separators",
        ),
        ("1e-4", "'1e-4' is not a plain decimal number: write it out without an exponent"),
        (
            "1k",
            "'1k' is not a plain decimal number: k, m and b stand only on contracts, USD and coin amounts, write the zeros out",
        ),
    ],
)
def test_a_rate_that_is_none_or_not_clear_is_refused(text: str, message: str) -> None:
    assert refusal(rate, text) == message


def test_rates_from_zero() -> None:
    assert rate_from_zero("0%") == 0
    assert refusal(rate_from_zero, "-0.1%") == "'-0.1%' is out of range: give a rate of 0 or more"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("8h", 480),
        ("1d", 1_440),
        ("2w", 20_160),
        ("30m", 30),
        ("0.5h", 30),
        ("0m", 0),
        ("1_000m", 1_000),
        ("1.5d", 2_160),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, minutes: int) -> None:
    assert duration(text) == minutes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("8", "'8' is not a duration: write a number and m, h, d or w, as in 8h"),
        ("", "'' is not a duration: write a number and m, h, d or w, as in 8h"),
        ("8s", "'8s' is not a duration: write a number and m, h, d or w, as in 8h"),
        ("8H", "'8H' is not a duration: write a number and m, h, d or w, as in 8h"),
        ("h", "'h' is not a plain decimal number with its unit: give one, as in 62500.5"),
        ("8 h", "'8 h' is not a plain decimal number with its unit: leave the spaces out"),
        ("1d12h", "'1d12h' is not a plain decimal number with its unit: use digits and at most one point"),
        ("-8h", "'-8h' is out of range: a duration is not negative"),
    ],
)
def test_a_duration_that_is_none_is_refused(text: str, message: str) -> None:
    assert refusal(duration, text) == message


@pytest.mark.parametrize("text", ["0", "-3", "2.5"])
def test_a_count_is_a_whole_number_above_zero(text: str) -> None:
    assert refusal(count, text) == f"'{text}' is not a count: give a whole number above 0"
    assert count("3") == count("3.0") == 3


def test_an_integer_of_a_file_has_at_most_15_digits() -> None:
    assert whole(-999_999_999_999_999) == "-999999999999999"
    for value in (10**15, -(10**15), 10**5_000):
        with pytest.raises(PerpcalcError, match="the integer is too large: at most 15 digits"):
            whole(value)


# Back to text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("-0.000", "0"),
        ("0E+5", "0"),
        ("1E-8", "0.00000001"),
        ("1E+4", "10000"),
        ("1.50E+3", "1500"),
        ("100", "100"),
        ("5739.50", "5739.5"),
        ("-5739.50", "-5739.5"),
        ("0.1234567890123456785", "0.123456789012345678"),
        ("0.1234567890123456775", "0.123456789012345678"),
        ("0.12345678901234567850001", "0.123456789012345679"),
        ("0.9999999999999999999", "1"),
        ("-0.0000000000000000004", "0"),
        ("1E-30", "0"),
        ("123456789012345678901234567890.5", "123456789012345678901234567890.5"),
    ],
)
def test_machines_read_plain_numbers_of_at_most_18_decimals(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


@given(within_grammar)
def test_what_is_written_reads_back_as_the_same_number(value: Decimal) -> None:
    text = plain(value)
    assert number(text) == value
    assert text == plain(number(text))
    assert not text.endswith(".")
    assert "E" not in text
    assert text != "-0"


@given(within_grammar)
def test_plain_text_has_no_more_decimals_than_it_needs(value: Decimal) -> None:
    text = plain(value)
    assert "." not in text or text[-1] in "123456789"
    assert places(value) == len(text.partition(".")[2])


@pytest.mark.parametrize(
    ("value", "needed"), [("0.50", 1), ("100", 0), ("1E+2", 0), ("0.00000001", 8), ("-1.25", 2), ("0", 0)]
)
def test_places_are_the_decimals_that_a_number_needs(value: str, needed: int) -> None:
    assert places(Decimal(value)) == needed


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        ("-1234.5", 2, "-1,234.50"),
        ("1234567.891", 2, "1,234,567.89"),
        ("0.00000001", 8, "0.00000001"),
        ("-0.004", 2, "0.00"),
        ("0.125", 2, "0.12"),
        ("0.135", 2, "0.14"),
        ("999.995", 2, "1,000.00"),
        ("1E+4", 0, "10,000"),
    ],
)
def test_people_read_fixed_decimals_with_commas(value: str, decimals: int, text: str) -> None:
    assert fixed(Decimal(value), decimals) == text


# The context


def test_floats_do_not_get_in() -> None:
    with pytest.raises(TypeError):
        Decimal(1) + 0.1  # type: ignore[operator]
    with localcontext(CONTEXT), pytest.raises(ArithmeticError):
        Decimal(0.1)  # noqa: RUF032


@given(within_grammar, within_grammar, within_grammar)
def test_products_of_three_inputs_are_exact(one: Decimal, two: Decimal, three: Decimal) -> None:
    with localcontext(CONTEXT, traps=[Inexact]):
        assert one * two * three == three * two * one


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("X1e5", "use digits and at most one point"),
        ("._1", "an underscore stands between two digits"),
        ("123456789012345.", "leave out the point or write digits after it"),
        ("1_.123456789012345678", "an underscore stands between two digits"),
    ],
)
def test_only_what_is_wrong_is_named(text: str, remedy: str) -> None:
    assert refusal(number, text) == f"'{text}' is not a plain decimal number: {remedy}"


def test_forty_characters_are_shown_whole() -> None:
    assert refusal(number, "x" * 40).startswith(f"'{'x' * 40}' is not")
    assert refusal(number, "x" * 41).startswith(f"'{'x' * 37}...' is not")


def test_the_smallest_count_is_one_and_an_amount_may_be_below_one() -> None:
    assert count("1") == 1
    assert positive_amount("0.5") == Decimal("0.5")


def test_a_multiple_loses_no_digit_in_a_narrow_context_and_keeps_no_trailing_zeros() -> None:
    with localcontext() as narrow:
        narrow.prec = 20
        assert str(amount("123456789012.345678901234567k")) == "123456789012345.678901234567"
        assert str(rate("123456.78901234567890123%")) == "1234.5678901234567890123"
        assert str(rate("123456.78901234567890123bp")) == "12.345678901234567890123"
    assert str(amount("0.0010k")) == "1"
    assert str(amount("2k")) == "2000"


@pytest.mark.parametrize("zeros", [39, 40, 41, 79, 80, 81, 200])
def test_a_number_of_any_length_is_written_out(zeros: int) -> None:
    assert plain(Decimal(f"1E{zeros}")) == "1" + "0" * zeros
    assert plain(Decimal(f"-1.5E{zeros}")) == "-15" + "0" * (zeros - 1)
