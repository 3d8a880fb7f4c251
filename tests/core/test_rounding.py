"""Grids, ticks and lots: which way each figure is rounded."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.rounding import EXACT, Grid, grid, on, to_multiple, without_noise
from perpcalc.decimals import ONE, ZERO, settled

from .strategies import decimals


@pytest.mark.parametrize(
    ("mode", "plus", "minus"),
    [
        ("floor", "1.2", "-1.3"),
        ("ceiling", "1.3", "-1.2"),
        ("down", "1.2", "-1.2"),
        ("up", "1.3", "-1.3"),
        ("half-up", "1.3", "-1.3"),
        ("half-even", "1.2", "-1.2"),
    ],
)
def test_each_mode_sends_the_middle_of_a_step_its_own_way(mode: str, plus: str, minus: str) -> None:
    one_decimal = grid(f"{mode} 1")
    assert on(one_decimal, Decimal("1.25")) == Decimal(plus)
    assert on(one_decimal, Decimal("-1.25")) == Decimal(minus)


def test_a_charge_is_rounded_up_and_a_rebate_toward_zero_by_a_signed_ceiling() -> None:
    # Bybit API executions (bybit-official-api-docs, 2020): 9.17025e-8 is charged as 1e-7, -5.9495e-8 paid as -5e-8.
    ceiling = grid("ceiling 8")
    assert on(ceiling, Decimal("0.00012227") * Decimal("0.00075")) == Decimal("0.0000001")
    assert on(ceiling, Decimal("0.00023798") * Decimal("-0.00025")) == Decimal("-0.00000005")


def test_no_grid_leaves_an_amount_exact() -> None:
    third = Decimal(1) / 3
    assert on(None, third) is third
    assert all(kind in (None, "position", "printed") for kind in EXACT)


@pytest.mark.parametrize("text", ["sideways 8", "floor", "floor eight", "floor 8 9", ""])
def test_a_grid_that_is_no_mode_and_decimals_is_refused(text: str) -> None:
    with pytest.raises((KeyError, ValueError)):
        grid(text)


def test_a_grid_reads_as_it_would_be_said() -> None:
    assert str(grid("ceiling 8")) == "ceiling, 8 decimals"


@pytest.mark.parametrize(
    ("mode", "amount", "expected"),
    [
        (ROUND_CEILING, "3607.69", "3608.0"),  # Bybit docs-legacy position list: a long's price goes up,
        (ROUND_FLOOR, "8121.83", "8121.5"),  # Bybit help, liquidation price: a short's goes down
        (ROUND_HALF_UP, "8121.75", "8122.0"),
        (ROUND_CEILING, "8121.5", "8121.5"),
    ],
)
def test_a_price_goes_to_the_tick(mode: str, amount: str, expected: str) -> None:
    assert to_multiple(Decimal(amount), Decimal("0.5"), mode) == Decimal(expected)


def test_the_last_digit_of_a_division_does_not_carry_over_a_step() -> None:
    # One third of three is 0.999... in any finite precision; floored it must still be the 1 that it is.
    almost = Decimal(1) / 3 * 3
    assert almost != 1
    assert settled(almost) == 1
    assert on(Grid(Decimal("0.01"), ROUND_FLOOR), almost) == 1
    assert to_multiple(almost, Decimal(1), ROUND_FLOOR) == 1


@given(decimals("-1000", "1000", 12))
def test_rounding_stays_within_a_step_and_on_its_side(amount: Decimal) -> None:
    low, high = on(grid("floor 8"), amount), on(grid("ceiling 8"), amount)
    assert low <= amount <= high
    assert high - low in (0, Decimal("1E-8"))
    assert low <= on(grid("half-even 8"), amount) <= high


class Remembering(Decimal):
    """A number that knows what it was made of, as one behind an explanation does."""

    made_of: Decimal

    def fma(self, other: object, third: object, context: Context | None = None) -> "Remembering":
        result = Remembering(super().fma(other, third, context))  # type: ignore[arg-type]
        result.made_of = self
        return result


def test_settling_is_done_by_the_number_itself() -> None:
    number = Remembering("1.25")
    result = settled(number)
    assert isinstance(result, Remembering)
    assert (result, result.made_of) == (number, number)


@given(decimals("-1000", "1000", 12), decimals("0.000000000001", "1000", 12), st.integers(-60, 60))
def test_settling_keeps_eighty_digits(amount: Decimal, part: Decimal, power: int) -> None:
    number = (amount / part).scaleb(power)
    assert settled(number) == Context(prec=80).plus(number)
    assert settled(-number) == -settled(number)


@pytest.mark.parametrize("zero", ["0", "-0", "0E-30", "-0E+5"])
def test_nothing_settles_to_a_plain_zero(zero: str) -> None:
    assert not settled(Decimal(zero)).is_signed()


def test_what_the_last_digits_leave_of_a_sum_is_nothing() -> None:
    third = ONE / 3
    assert without_noise(ONE - 3 * third, ONE, 3 * third) == 0
    assert without_noise(ONE - third, ONE, third) == ONE - third
    small = Decimal("1E-79")
    assert without_noise(small, ONE, ONE - small) == small
    assert without_noise(ZERO, ZERO, ZERO) == 0
