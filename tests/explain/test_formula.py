"""Formulas read like the textbook, and mean what the computation meant."""

from decimal import Decimal
from fractions import Fraction

import pytest
from evaluation import result
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.explain.formula import Atom, Call, Product, atoms, negated, number, of, power, times, total
from perpcalc.explain.notation import text

VALUES = {
    name: Decimal(value) for name, value in zip("abcdeQPVE", (2, 3, 5, 7, 11, 10_000, 62_500, 160, 60_000), strict=True)
}


def named(name: str) -> Product:
    """A name of the tests: small letters have small values, Q, P, V and E are carriers; `f_1` is of the kind `f`."""
    kind = name.partition("_")[0]
    return of(Atom(name, VALUES.get(kind, Decimal("0.005")), kind))


def written(python: str) -> str:
    """A formula in the notation of Python, brought into order."""
    return text(built(python))


def built(python: str) -> Product:
    import ast

    def of_node(node: ast.expr) -> Product:
        if isinstance(node, ast.Name):
            return named(node.id)
        if isinstance(node, ast.Constant):
            return number(Decimal(str(node.value)))
        if isinstance(node, ast.UnaryOp):
            return negated(of_node(node.operand))
        if isinstance(node, ast.Call):
            assert isinstance(node.func, ast.Name)
            return of(Call(node.func.id, tuple(map(of_node, node.args))))
        assert isinstance(node, ast.BinOp)
        left, right = node.left, node.right
        if isinstance(node.op, ast.Pow):
            assert isinstance(right, ast.Constant)
            return power(of_node(left), int(str(right.value)))
        if isinstance(node.op, ast.Mult):
            return times(of_node(left), of_node(right))
        if isinstance(node.op, ast.Div):
            return times(of_node(left), power(of_node(right), -1))
        second = of_node(right)
        return total([of_node(left), second if isinstance(node.op, ast.Add) else negated(second)])

    return of_node(ast.parse(python, mode="eval").body)


@pytest.mark.parametrize(
    ("computed", "expected"),
    [
        # what changes nothing is left out
        ("a + 0", "a"),
        ("0 - a", "-a"),
        ("a * 1 / 1", "a"),
        ("a * 0 + b", "b"),
        # equal terms cancel or are counted, equal factors too
        ("a - b + b", "a"),
        ("(a + b) - (a - c)", "b + c"),
        ("a - a", "0"),
        ("a / a", "1"),
        ("a + a", "2 * a"),
        ("a * b / (b * c)", "a / c"),
        ("a * a * a", "a^3"),
        ("(a + b) * (a + b)", "(a + b)^2"),
        # quotients of quotients are turned over
        ("1 / (a / b)", "b / a"),
        ("a / b / c", "a / (b * c)"),
        ("a / (b / c)", "a * c / b"),
        # sums and products are flat
        ("a + (b + (c + d))", "a + b + c + d"),
        ("a - (b - (c - d))", "a - b - d + c"),
        ("a * (b * (c * d))", "a * b * c * d"),
        # a common factor stands before its sum
        ("s * Q + mmr * Q + f * Q", "Q * (s + mmr + f)"),
        ("s * Q + f * Q + mmr * Q", "Q * (s + mmr + f)"),
        ("s * Q + mmr * Q - d", "Q * (s + mmr) - d"),
        ("Q + a * Q", "Q * (1 + a)"),
        ("Q / E - Q / P", "Q * (1 / E - 1 / P)"),
        ("a / P + b / P", "(a + b) / P"),
        ("s_1 * Q_1 + s_2 * Q_2 + mmr * (Q_1 + Q_2)", "Q_1 * (s_1 + mmr) + Q_2 * (s_2 + mmr)"),
        ("a * P + b * P + c * E + d * E", "P * (a + b) + E * (c + d)"),
        ("mmr * (Q_1 + Q_2) + f * (Q_1 + Q_2) + mmr * Q_3 + f * Q_3", "(mmr + f) * sum(Q)"),
        ("mmr * (Q_1 + Q_2) + a", "mmr * (Q_1 + Q_2) + a"),
        # but not where a mere 1/x would be left
        ("V / a + s * V", "V / a + s * V"),
        ("s * (1 / P - 1 / E) + a / E + b / P", "s * (1 / P - 1 / E) + a / E + b / P"),
        # signs
        ("-b + a", "a - b"),
        ("-a - b", "-(a + b)"),
        ("-(a - b)", "b - a"),
        ("-2 * (a - b)", "2 * (b - a)"),
        ("a * -b", "-a * b"),
        ("-(a + b) / c", "-(a + b) / c"),
        ("-1 / (a * (1 - b))", "-1 / (a * (1 - b))"),
        # functions
        ("2 * c / (-b + sqrt(b * b + 4 * a * c))", "2 * c / (sqrt(b^2 + 4 * a * c) - b)"),
        ("abs(a - b) / b", "abs(a - b) / b"),
    ],
)  # fmt: skip
def test_a_computation_reads_like_the_textbook(computed: str, expected: str) -> None:
    assert written(computed) == expected


def test_a_rule_that_leaves_things_as_they_are_is_not_worth_a_word() -> None:
    lot, slope = (of(Atom(name, Decimal(value), name, idle=True)) for name, value in (("lot", 1), ("slope", 0)))
    assert text(times(named("a"), lot)) == "a"
    assert text(total([named("a"), times(slope, named("V"))])) == "a"
    assert text(lot) == "lot"


def test_a_zero_that_has_a_name_stays() -> None:
    assert text(total([named("a"), of(Atom("funding", Decimal(0)))])) == "a + funding"


def test_the_names_of_a_formula_come_in_order() -> None:
    assert [atom.name for atom in atoms(built("a + sqrt(b) * (c + d)")) if atom.name] == ["a", "b", "c", "d"]


def test_a_sum_of_nothing_but_zeros_is_zero() -> None:
    assert text(total([number(Decimal(0)), number(Decimal(0))])) == "0"


def test_a_product_of_nothing_is_one() -> None:
    assert (text(number(1)), text(negated(number(1)))) == ("1", "-1")


formulas = st.recursive(
    st.sampled_from([*"abcdeQPV", "1", "2", "0.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"(-{part})"),
        st.tuples(inner, st.sampled_from("abcdQP")).map(lambda parts: f"({parts[0]} / {parts[1]})"),
        inner.map(lambda part: f"({part})**2"),
        inner.map(lambda part: f"abs({part})"),
    ),
    max_leaves=20,
)


@given(formulas)
def test_bringing_a_formula_into_order_does_not_change_its_value(python: str) -> None:
    exact = {name: Fraction(value) for name, value in VALUES.items()}
    python = python.replace("0.5", "e")
    assert result(written(python), exact) == result(python, exact)


@given(formulas)
def test_no_brackets_are_left_that_could_be_left_out(python: str) -> None:
    """Every pair encloses a sum, several denominators, a negative base of a power or the arguments of a function."""
    formula = written(python.replace("0.5", "e"))
    opened = []
    for place, character in enumerate(formula):
        if character == "(":
            opened.append(place)
        elif character == ")":
            start = opened.pop()
            inside, before = formula[start + 1 : place], formula[:start]
            assert before.endswith("abs") or any(sign in inside for sign in " + , - , * ".split(","))
            assert not (inside.startswith("(") and inside.endswith(")") and "(" not in inside[1:])


def test_differences_turned_round_cancel() -> None:
    assert written("E + 9 * (a - b) * (c + d) / P + 9 * (b - a) * (c + d) / P") == "E"
