"""The figure that a step of an explanation leads to, reckoned anew from its printed formula and the numbers of its names."""

import ast
import decimal
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction

from perpcalc.core.rounding import MODES
from perpcalc.decimals import ZERO
from perpcalc.explain import Step
from perpcalc.explain.formula import atoms
from perpcalc.explain.notation import text
from perpcalc.explain.trail import Cut
from perpcalc.trace import Traced

FINE = decimal.Context(prec=150)
SETTLED = decimal.Context(prec=80)


def evaluated(step: Step) -> Decimal:
    """What the formula gives, in exact fractions but for roots, exponentials and logarithms; then the roundings in order."""
    assert step.expression is not None
    names = {atom.name: Fraction(atom.value) for atom in atoms(step.expression) if atom.name}
    assert all(atom.name.isidentifier() for atom in atoms(step.expression) if atom.name)
    values: dict[str, Decimal] = {}
    for atom in atoms(step.expression):
        assert not atom.name or values.setdefault(atom.name, atom.value) == atom.value, (
            f"two numbers are called {atom.name}"
        )
    value = settled(result(text(step.expression, whole=True), names))
    for cut in step.cuts:
        value = rounded(value, cut)
    return value


def agrees(step: Step) -> bool:
    """Whether the step leads to the figure it explains: exactly where that is rounded, else to 60 digits."""
    found = evaluated(step)
    assert isinstance(step.value, Decimal)
    if step.cuts and not any(cut.digits for cut in step.cuts):
        return found == step.value
    with decimal.localcontext(FINE):
        return abs(found - step.value) <= max(abs(step.value), Decimal("1e-20")) * Decimal(
            "1e-60" if not step.cuts else "1e-11"
        )


def is_given(value: Decimal) -> bool:
    """Whether a number is a leaf, or one that 0 was added to, that was multiplied by 1, or cut to the digits that count."""
    while isinstance(value, Traced) and value.operands:
        value = next((operand for operand in value.operands if operand == value and isinstance(operand, Traced)), ZERO)
    return isinstance(value, Traced)


def result(formula: str, names: Mapping[str, Fraction]) -> Fraction:
    """A formula's value; it is read as the arithmetic of Python, but for `^`."""
    python = re.sub(r"\b(for|from)\b", r"\1_", formula).replace("^", "**")
    return _value(ast.parse(python, mode="eval").body, names)


def settled(value: Fraction) -> Decimal:
    return SETTLED.divide(Decimal(value.numerator), Decimal(value.denominator))


def rounded(value: Decimal, cut: Cut) -> Decimal:
    if cut.digits:
        return decimal.Context(prec=cut.digits).plus(value)
    with decimal.localcontext(FINE):
        if cut.unit:
            return SETTLED.divide(value, cut.step).quantize(Decimal(1), cut.mode) * cut.step
        return value.quantize(cut.step, cut.mode)


def _value(node: ast.AST, names: Mapping[str, Fraction]) -> Fraction:
    if isinstance(node, ast.Name):
        return names[node.id.rstrip("_")]
    if isinstance(node, ast.Constant):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp):
        assert isinstance(node.op, ast.USub)
        return -_value(node.operand, names)
    if isinstance(node, ast.BinOp):
        return _operators[type(node.op)](_value(node.left, names), _value(node.right, names))
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    first, *others = (_value(argument, names) for argument in node.args)
    return _called(node.func.id, first, int(others[0]) if others else 0)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator == 1 and abs(exponent) < 1000:
        return base ** int(exponent)
    return Fraction(FINE.power(fine(base), fine(exponent)))


_operators: dict[type[ast.AST], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: _power,
}


def fine(value: Fraction) -> Decimal:
    return FINE.divide(Decimal(value.numerator), Decimal(value.denominator))


def _called(function: str, value: Fraction, decimals: int) -> Fraction:
    if function == "abs":
        return abs(value)
    if function in ("sqrt", "exp", "ln", "log10"):
        return Fraction(getattr(FINE, function)(fine(value)))
    if function == "significant":
        return Fraction(decimal.Context(prec=decimals).plus(fine(value)))
    mode = MODES[re.sub("^round_", "", function).replace("_", "-")]
    with decimal.localcontext(FINE):
        return Fraction(settled(value).quantize(Decimal(1).scaleb(-decimals), mode))
