"""Values as people read them: decimals by kind, signs of gains, units with their direction, colours that never speak alone."""

from decimal import Decimal

import pytest

from perpcalc import answer
from perpcalc.answer import Kind, Precision
from perpcalc.render.numbers import NUMERIC, amount, short, style, unit, written

BTC = Precision("BTC", None, 8)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("0.00000001", "coin", "0.00000001"),
        ("1.5", "cost", "1.50000000"),
        ("1.5", "gain", "+1.50000000"),
        ("-1.5", "gain", "-1.50000000"),
        ("0", "gain", "0.00000000"),
        ("1234.5", "usd", "1,234.50"),
        ("1234.5", "gain_usd", "+1,234.50"),
        ("1234.5", "cost_usd", "1,234.50"),
        ("62500", "price", "62,500.00"),
        ("0.12345678", "price", "0.12345678"),
        ("0.123456789", "price", "0.12"),
        ("10", "times", "10.00x"),
        ("2.123", "times", "2.123x"),
        ("2.123456", "times", "2.1235x"),
        ("0.1", "rate", "10.00%"),
        ("0.12345678", "rate", "12.3457%"),
        ("0.123456789", "rate", "12.3457%"),
        ("0.01", "rate", "1.00%"),
        ("0.010000001", "rate", "1.0000%"),
        ("0.00123456789", "rate", "0.1235%"),
        ("0.05", "gain_rate", "+5.00%"),
        ("-0.05", "gain_rate", "-5.00%"),
        ("10000", "count", "10,000"),
        ("0.123456789", "count", "0.12345679"),
        ("0.000000123456", "figure", "0.000000123456"),
        ("0.00000012345678", "figure", "0.000000123457"),
        ("7", "number", "7"),
    ],
)
def test_each_kind_has_its_decimals_and_a_gain_its_sign(value: str, kind: str, text: str) -> None:
    assert amount(Decimal(value), kind) == text


def test_a_price_has_the_decimals_of_its_venue_at_least() -> None:
    assert amount(Decimal("62500"), "price", Precision(price_places=1)) == "62,500.0"
    assert amount(Decimal("62500.25"), "price", Precision(price_places=1)) == "62,500.25"


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("0.0863793", "rate", "8.64%"),
        ("0.0001", "rate", "0.01%"),
        ("0.00009999", "rate", "0.009999%"),
        ("0.0863793", "gain_rate", "+8.64%"),
        ("-0.0863793", "gain_rate", "-8.64%"),
        ("-0.0863793", "rate", "-8.64%"),
        ("1234.5", "gain_usd", "+1,234.50"),
    ],
)
def test_a_sentence_says_a_rate_in_two_decimals(value: str, kind: str, text: str) -> None:
    assert short(Decimal(value), kind) == text


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (Decimal("2"), Kind("cost", "coin"), "BTC paid"),
        (Decimal("-2"), Kind("cost", "coin"), "BTC received"),
        (Decimal("0"), Kind("cost", "coin"), "BTC"),
        (Decimal("2"), Kind("cost_usd", "USD"), "USD paid"),
        (Decimal("-2"), Kind("cost_usd", "USD"), "USD received"),
        (Decimal("2"), Kind("gain", "coin"), "BTC"),
        (Decimal("-2"), Kind("gain_usd", "USD"), "USD"),
        (Decimal("2"), Kind("rate"), ""),
        (None, Kind("cost", "coin"), ""),
        ("long", Kind("text"), ""),
    ],
)
def test_a_cost_is_paid_or_received(value: Decimal | str | None, kind: Kind, text: str) -> None:
    assert unit(value, kind, BTC) == text


@pytest.mark.parametrize(
    ("value", "kind", "colour"),
    [
        (Decimal("1"), "gain", "green"),
        (Decimal("-1"), "gain", "red"),
        (Decimal("1"), "gain_usd", "green"),
        (Decimal("-1"), "gain_rate", "red"),
        (Decimal("1"), "cost", "red"),
        (Decimal("-1"), "cost", "green"),
        (Decimal("-1"), "cost_usd", "green"),
        (Decimal("0"), "gain", ""),
        (Decimal("0"), "cost", ""),
        (Decimal("-1"), "rate", ""),
        (Decimal("1"), "price", ""),
        (None, "gain", ""),
        ("pass", "status", "green"),
        ("ok", "status", "green"),
        ("fail", "status", "red"),
        ("liquidated", "status", "red"),
        ("liquidated at 50000", "status", "red"),
        ("unknown", "status", "magenta"),
        (None, "status", ""),
        ("pass", "text", ""),
    ],
)
def test_a_colour_says_what_a_value_does_to_the_account(value: Decimal | str | None, kind: str, colour: str) -> None:
    assert style(value, Kind(kind)) == colour


@pytest.mark.parametrize(
    ("value", "never", "text"),
    [
        (None, True, "never"),
        (None, False, "-"),
        (True, False, "yes"),
        (False, False, "no"),
        ("a\x1b[31mb", False, "a\\x1b[31mb"),
        (Decimal("0.5"), True, "50.00%"),
    ],
)
def test_any_value_is_written(value: Decimal | str | bool | None, never: bool, text: str) -> None:
    assert written(value, Kind("rate"), BTC, never) == text


def test_every_kind_of_number_stands_right_aligned() -> None:
    annotated = [kind for kind in vars(answer).values() if hasattr(kind, "__metadata__") and kind.__origin__ is Decimal]
    kinds = {kind.__metadata__[0].name for kind in annotated}
    assert kinds == set(NUMERIC)
