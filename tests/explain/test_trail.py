"""The history of numbers, each of them once, and the roundings at its end."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

import pytest

from perpcalc.core.rounding import Grid, grid, on, to_multiple
from perpcalc.core.touch import significant
from perpcalc.decimals import ONE, ZERO, settled
from perpcalc.explain.formula import Atom
from perpcalc.explain.notation import text
from perpcalc.explain.trail import DEEPEST, Cut, Reading, Trail
from perpcalc.trace import leaf

PRICE, VALUE, TICK = (leaf(Decimal(value), name) for value, name in ((62_500, "price"), ("0.16", "V"), ("0.5", "tick")))


def reading(trail: Trail) -> Reading:
    """The formulas of a trail down to its labels."""

    def named(key: int) -> Atom | None:
        label = trail.labels.get(key)
        return None if label is None else Atom(label.name, trail.entries[key].number)

    return Reading(trail, named)


def formula_of(number: Decimal) -> str:
    trail = Trail()
    key = trail.entry(number)
    return text(reading(trail).behind(key))


def cuts_of(number: Decimal) -> tuple[str, list[str]]:
    """What a number was rounded from, and how."""
    trail = Trail()
    read = reading(trail)
    inner, cuts = read.cut(trail.entry(number))
    return text(read.of(inner)), [str(cut) for cut in cuts]


# One entry for what is made alike


def test_numbers_made_alike_of_the_same_are_one() -> None:
    trail = Trail()
    assert trail.entry(PRICE * VALUE) == trail.entry(PRICE * VALUE)
    assert trail.entry(PRICE * VALUE) != trail.entry(PRICE / VALUE)


@pytest.mark.parametrize(
    "same",
    [
        PRICE + ZERO,
        ZERO + PRICE,
        PRICE - 0,
        PRICE * ONE,
        1 * PRICE,
        PRICE / 1,
        settled(PRICE),
        PRICE + ZERO * VALUE,
        PRICE + VALUE * 0,
        PRICE + 0 / VALUE,
        PRICE * (VALUE / VALUE),
        PRICE + (VALUE - VALUE),
    ],
)
def test_what_changes_nothing_makes_no_other_number(same: Decimal) -> None:
    trail = Trail()
    assert trail.entry(same) == trail.entry(PRICE)


@pytest.mark.parametrize(
    "other", [0 - PRICE, 1 / PRICE, PRICE + leaf(ZERO, "fee"), PRICE * leaf(ONE, "s"), significant(PRICE)]
)
def test_what_has_a_name_or_changes_something_makes_another(other: Decimal) -> None:
    trail = Trail()
    assert trail.entry(other) != trail.entry(PRICE)


def test_rounding_twice_to_the_same_decimals_is_rounding_once() -> None:
    trail = Trail()
    once = on(grid("floor 8"), PRICE / 3)
    assert trail.entry(on(grid("ceiling 8"), once)) == trail.entry(once)
    assert trail.entry(on(grid("floor 7"), once)) != trail.entry(once)


def test_rounding_to_decimals_that_nobody_counts_is_none() -> None:
    trail = Trail()
    assert trail.entry(round(PRICE / 3, 50)) == trail.entry(PRICE / 3)


def test_equal_rules_are_one_and_equal_options_are_two() -> None:
    trail = Trail()
    rules = [trail.entry(leaf(ONE, "lot", rule=True)) for _ in range(2)]
    options = [trail.entry(number) for number in (leaf(ONE, "s"), leaf(ONE, "s"))]
    assert rules[0] == rules[1]
    assert options[0] != options[1]


def test_a_number_of_no_history_may_be_called_by_a_name() -> None:
    trail, day = Trail(), Decimal(1440)
    trail.leaf(day, "day")
    assert text(reading(trail).of(trail.entry(PRICE * day / Decimal(1440)))) == "price * day / 1440"
    alone = Decimal(1)
    trail.leaf(alone, "periods")
    assert trail.entry(PRICE * alone) != trail.entry(PRICE)


# What formulas come of it


def test_a_sum_of_thousands_needs_no_depth() -> None:
    total = sum((leaf(ONE, "fee") for _ in range(5_000)), ZERO)
    assert formula_of(total + PRICE) == "5000 * fee + price"


def test_operations_too_deep_to_read_are_cut_off_with_a_number() -> None:
    deep = PRICE
    for _ in range(3 * DEEPEST):
        deep = (deep + 1) * Decimal("0.5")
    assert formula_of(deep).count("(") < DEEPEST


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (PRICE**2, "price^2"),
        (PRICE**VALUE, "price^V"),
        (abs(-PRICE), "abs(-price)"),
        (PRICE.sqrt() + PRICE.ln() + VALUE.exp(), "sqrt(price) + ln(price) + exp(V)"),
        (VALUE + on(grid("floor 8"), 1 / PRICE), "V + floor(1 / price, 8)"),
        (VALUE + on(grid("half-up 0"), PRICE), "V + round_half_up(price)"),
        (VALUE + on(Grid(Decimal("0.01"), ROUND_HALF_EVEN), PRICE), "V + round_half_even(price, 2)"),
        (VALUE + to_multiple(PRICE, TICK, ROUND_FLOOR), "V + floor(price / tick) * tick"),
        (VALUE + significant(PRICE), "V + significant(price, 12)"),
    ],
)
def test_functions_and_roundings_inside_a_formula_are_written_as_such(number: Decimal, expected: str) -> None:
    assert formula_of(number) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1 / PRICE, []),
        (on(grid("ceiling 8"), 1 / PRICE), ["rounded as the venue does: ceiling, 8 decimals"]),
        (to_multiple(1 / PRICE, TICK, ROUND_CEILING), ["rounded up to the tick of 0.5"]),
        (to_multiple(1 / PRICE, TICK, ROUND_FLOOR), ["rounded down to the tick of 0.5"]),
        (to_multiple(1 / PRICE, Decimal(5), ROUND_FLOOR), ["rounded down to the multiple of 5"]),
        (to_multiple(1 / PRICE, ONE, ROUND_FLOOR), ["rounded down to a whole number"]),
        (significant(1 / PRICE), ["rounded to 12 significant digits"]),
        (
            on(grid("floor 2"), on(grid("half-up 8"), 1 / PRICE)),
            ["rounded as the venue does: half-up, 8 decimals", "rounded as the venue does: floor, 2 decimals"],
        ),
    ],
)
def test_the_roundings_at_the_end_are_told_apart_from_the_formula(number: Decimal, expected: list[str]) -> None:
    assert cuts_of(number) == ("1 / price", expected)


def test_a_whole_number_of_something_else_is_no_rounding_to_a_multiple() -> None:
    whole = (PRICE / 3).quantize(ONE, ROUND_FLOOR)
    assert cuts_of(whole * TICK) == ("floor(price / 3) * tick", [])


def test_the_rules_of_a_venue_say_so_of_ticks_and_decimals_alone() -> None:
    of_venue = Cut(ROUND_FLOOR, Decimal("0.5"), "tick"), Cut(ROUND_FLOOR, Decimal("1E-8"))
    of_nobody = Cut(ROUND_FLOOR, ONE, "lot"), Cut(ROUND_FLOOR, ONE), Cut("", ONE, digits=12)
    assert [cut.of_venue for cut in (*of_venue, *of_nobody)] == [True, True, False, False, False]
