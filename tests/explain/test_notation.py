"""Formulas as text: long sums in short, numbers in place of names."""

from decimal import Decimal

from perpcalc.explain.formula import Atom, Call, Product, number, of, power, times, total
from perpcalc.explain.notation import text


def of_kind(kind: str, place: int, value: str = "1") -> Product:
    return of(Atom(f"{kind}_{place}", Decimal(value), kind))


def sold_and_bought(count: int) -> Product:
    return total(times(of_kind("s", place, "-1"), of_kind("V", place, f"0.{place}")) for place in range(1, count + 1))


def test_three_terms_of_one_kind_are_a_sum() -> None:
    assert text(sold_and_bought(2)) == "s_1 * V_1 + s_2 * V_2"
    assert text(sold_and_bought(3)) == "sum(s * V)"
    assert text(total([of(Atom("B", Decimal(1))), sold_and_bought(3)])) == "B + sum(s * V)"


def test_a_sum_needs_no_brackets_as_a_factor() -> None:
    assert text(times(number(2), sold_and_bought(3))) == "2 * sum(s * V)"


def test_its_numbers_are_the_first_four_and_how_many_follow() -> None:
    assert text(sold_and_bought(3), named=False) == "(-1) * 0.1 + (-1) * 0.2 + (-1) * 0.3"
    assert text(sold_and_bought(6), named=False) == ("(-1) * 0.1 + (-1) * 0.2 + (-1) * 0.3 + (-1) * 0.4 + ... (2 more)")


def test_terms_whose_kinds_would_not_say_what_they_are_are_written_out() -> None:
    bands = total(
        times(of_kind("limit", place), total([of_kind("mmr", place + 1), power(of_kind("mmr", place), 1)]))
        for place in range(1, 7)
    )
    assert text(bands).startswith("limit_1 * (mmr_2 + mmr_1) + limit_2 * (mmr_3 + mmr_2) + ")
    assert text(bands).endswith(" + ... (2 more)")


def test_the_whole_formula_leaves_nothing_out() -> None:
    assert text(sold_and_bought(3), whole=True) == "s_1 * V_1 + s_2 * V_2 + s_3 * V_3"
    assert "more" not in text(sold_and_bought(9), named=False, whole=True)


def test_numbers_are_plain_and_negative_ones_in_brackets() -> None:
    tiny = of(Atom("fee", Decimal("-2.5E-8")))
    assert text(times(of_kind("Q", 1, "1E+4"), tiny), named=False) == "10000 * (-0.000000025)"


def test_a_power_of_other_than_whole_numbers_is_bracketed_where_it_must_be() -> None:
    growth, times_a_year = total([number(1), of_kind("r", 1)]), times(of_kind("y", 1), power(of_kind("i", 1), -1))
    assert text(of(Call("^", (growth, times_a_year)))) == "(1 + r_1)^(y_1 / i_1)"
    assert text(of(Call("^", (of_kind("x", 1), of_kind("p", 1))))) == "x_1^p_1"
    assert text(power(of(Call("^", (of_kind("x", 1), of_kind("p", 1)))), 2)) == "(x_1^p_1)^2"
