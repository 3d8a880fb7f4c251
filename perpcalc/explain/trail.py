"""How numbers came about: the history of traced numbers, each of them once, and the formulas that it makes."""

import decimal
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.rounding import MODES
from perpcalc.decimals import ONE, places, plain
from perpcalc.explain import formula
from perpcalc.explain.formula import Atom, Call, Product
from perpcalc.trace import Label, Number, Traced

SETTLED = 40
"""Cutting to this many digits or more, or decimals, only takes off what the last ones have lost: it is no step."""

DEEPEST = 40
"""Formulas of more operations inside each other than this are cut off with a number: nobody reads them."""

NONE = -1
COEFFICIENTS = "abc"
SUMS = {"+": (False, False), "-": (False, True), "neg": (True,)}
FUNCTIONS = ("abs", "sqrt", "exp", "ln", "log10")
ROUNDINGS = {
    mode: name if name in {"floor", "ceiling"} else f"round_{name.replace('-', '_')}" for name, mode in MODES.items()
}
DIRECTIONS = {
    decimal.ROUND_FLOOR: "down",
    decimal.ROUND_CEILING: "up",
    decimal.ROUND_DOWN: "toward 0",
    decimal.ROUND_UP: "away from 0",
    decimal.ROUND_HALF_UP: "half up",
    decimal.ROUND_HALF_EVEN: "half to even",
}


class Entry(NamedTuple):
    """A number on a trail: how it was made, of which entries; leaves and constants have no operation."""

    operation: str
    operands: tuple[int, ...]
    number: Decimal


class Trail:
    """The numbers behind an answer, each once: those made alike of the same are one entry."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.labels: dict[int, Label] = {}
        self.coefficients: dict[int, Label] = {}
        self._of_number: dict[int, int] = {}
        self._known: dict[tuple[object, ...], int] = {}
        self._held: list[Number] = []

    def entry(self, number: Number) -> int:
        """The entry of a number, made with all that it came from where it is new."""
        waiting = [number]
        while waiting:
            top = waiting[-1]
            if id(top) in self._of_number:
                waiting.pop()
                continue
            operands = top.operands if isinstance(top, Traced) else ()
            missing = [operand for operand in operands if id(operand) not in self._of_number]
            if missing:
                waiting.extend(missing)
                continue
            waiting.pop()
            self._add(top, tuple(self._of_number[id(operand)] for operand in operands))
        return self._of_number[id(number)]

    def leaf(self, number: Decimal, name: str) -> int:
        """An entry of its own for a number that has no history but a name."""
        self._new(number, (name, id(number)), Entry("", (), number))
        self.labels[self._of_number[id(number)]] = Label(name)
        return self._of_number[id(number)]

    def label(self, key: int, name: str) -> None:
        """Call a computed number by a name, if it has none."""
        if self.entries[key].operation:
            self.labels.setdefault(key, Label(name))

    def find_quadratics(self) -> None:
        """The coefficients a, b and c of each quadratic equation: what stands in the root of `b^2 + 4*a*c`."""
        for operation, operands, _ in self.entries:
            if operation == "sqrt" and (found := self._coefficients(operands[0])) is not None:
                for key, name in zip(found, COEFFICIENTS, strict=True):
                    if self.entries[key].operation:
                        self.coefficients.setdefault(key, Label(name))

    def _coefficients(self, discriminant: int) -> tuple[int, int, int] | None:
        squared, others = self._operands("+", discriminant)
        b, again = self._operands("*", squared)
        product, c = self._operands("*", others)
        four, a = self._operands("*", product)
        return (a, b, c) if b == again != NONE and four != NONE and self._is_plain(four, 4) else None

    def _operands(self, operation: str, key: int) -> tuple[int, int]:
        """The two operands of a number that an operation made."""
        if key == NONE or self.entries[key].operation != operation:
            return NONE, NONE
        first, second = self.entries[key].operands
        return first, second

    def _add(self, number: Number, operands: tuple[int, ...]) -> None:
        label = number.label if isinstance(number, Traced) else None
        if not isinstance(number, Traced):
            self._new(number, ("", number), Entry("", (), Decimal(number)))
        elif not operands:
            assert label is not None
            own = (label.name, label.place, number) if label.rule else (id(number),)
            self._new(number, own, Entry("", (), number))
        elif (same := self._unchanged(number.operation, operands)) is not None:
            self._of_number[id(number)] = same
            self._held.append(number)
        else:
            self._new(number, (number.operation, operands), Entry(number.operation, operands, number))
        if label is not None:
            self.labels.setdefault(self._of_number[id(number)], label)

    def _new(self, number: Number, key: tuple[object, ...], entry: Entry) -> None:
        """Keep an entry; the numbers are held so that none of their addresses is used again."""
        if key not in self._known:
            self._known[key] = len(self.entries)
            self.entries.append(entry)
        self._of_number[id(number)] = self._known[key]
        self._held.append(number)

    def _unchanged(self, operation: str, operands: tuple[int, ...]) -> int | None:
        """The number that an operation gives without changing it: plus 0, times 1, cut to all the digits that count; or
        0, or 1.
        """
        first, second = operands[0], operands[-1]
        if operation == "digits":
            return first if self.entries[second].number >= SETTLED else None
        if operation in ROUNDINGS:
            before, step = self.entries[first], self.entries[second].number
            again = before.operation in ROUNDINGS and before.operands[1] == second
            return first if again or step.adjusted() <= -SETTLED else None
        if operation == "*" and self._is_plain(first, 0):
            return first
        if operation in "*/" and self._is_plain(second if operation == "*" else first, 0):
            return second if operation == "*" else first
        if first == second and operation in "-/":
            return self._constant(operation == "/")
        neutral = {"+": 0, "-": 0, "*": 1, "/": 1}.get(operation)
        if neutral is not None and self._is_plain(second, neutral):
            return first
        return second if operation in "+*" and self._is_plain(first, neutral or 0) else None

    def _is_plain(self, key: int, value: int) -> bool:
        return self.is_constant(key) and self.entries[key].number == value

    def is_constant(self, key: int) -> bool:
        """Whether it is a number that nobody gave, such as 0, 1 or 365."""
        entry = self.entries[key]
        return not entry.operation and key not in self.labels and not isinstance(entry.number, Traced)

    def _constant(self, value: int) -> int:
        key: tuple[object, ...] = ("", value)
        if key not in self._known:
            self._known[key] = len(self.entries)
            self.entries.append(Entry("", (), Decimal(value)))
        return self._known[key]


class Cut(NamedTuple):
    """A rounding: its decimal mode, and the multiple it rounds to; `unit` names that, `digits` are significant ones."""

    mode: str
    step: Decimal
    unit: str = ""
    digits: int = 0

    @property
    def of_venue(self) -> bool:
        """Whether the venue's rules of rounding say so."""
        return self.unit == "tick" or not (self.unit or self.digits or self.step == 1)

    def __str__(self) -> str:
        if self.digits:
            return f"rounded to {self.digits} significant digits"
        if self.unit:
            return f"rounded {DIRECTIONS[self.mode]} to the {self.unit} of {plain(self.step)}"
        if self.step == 1:
            return f"rounded {DIRECTIONS[self.mode]} to a whole number"
        name = next(name for name, mode in MODES.items() if mode == self.mode)
        return f"rounded as the venue does: {name}, {places(self.step)} decimals"


class Reading:
    """The formulas of a trail, each down to the next number that has a name."""

    def __init__(self, trail: Trail, named: Callable[[int], Atom | None]) -> None:
        self.trail = trail
        self.named = named
        self._made: dict[int, Product] = {}
        self._depth = 0

    def of(self, key: int) -> Product:
        """What a number is called, else its formula."""
        atom = self.named(key)
        if atom is not None:
            return formula.of(atom)
        if key not in self._made:
            self._depth += 1
            self._made[key] = self.behind(key) if self._depth < DEEPEST else formula.number(self._value(key))
            self._depth -= 1
        return self._made[key]

    def behind(self, key: int) -> Product:
        """The formula of a number, whatever it is called."""
        operation, operands, value = self.trail.entries[key]
        if not operation:
            return formula.number(value)
        if operation in SUMS:
            return formula.total(self._addends(key))
        first = self.of(operands[0])
        if operation == "*":
            return formula.times(first, self.of(operands[1]))
        if operation == "/":
            return formula.times(first, formula.power(self.of(operands[1]), -1))
        if operation in FUNCTIONS:
            return formula.of(Call(operation, (first,)))
        second = self._value(operands[1])
        if operation == "^":
            whole = self.trail.is_constant(operands[1]) and second % 1 == 0
            return formula.power(first, int(second)) if whole else formula.of(Call("^", (first, self.of(operands[1]))))
        if operation == "digits":
            return formula.of(Call("significant", (first, formula.number(second))))
        decimals = -int(second.as_tuple().exponent)
        return formula.of(Call(ROUNDINGS[operation], (first, formula.number(decimals)) if decimals else (first,)))

    def cut(self, key: int) -> tuple[int, tuple[Cut, ...]]:
        """The number that a figure was rounded from, and the roundings in their order."""
        cuts: list[Cut] = []
        start = key
        while key == start or self.named(key) is None:
            operation, operands, _ = self.trail.entries[key]
            if operation == "digits":
                cuts.append(Cut("", ONE, digits=int(self._value(operands[1]))))
            elif operation in ROUNDINGS:
                cuts.append(Cut(operation, self._value(operands[1])))
            elif operation == "*" and (found := self._multiple(*operands)) is not None:
                inner, made = found
                cuts.append(made)
                key = inner
                continue
            else:
                break
            key = operands[0]
        return key, tuple(reversed(cuts))

    def _multiple(self, rounded: int, step: int) -> tuple[int, Cut] | None:
        """What was divided by a step, rounded to a whole number and multiplied by the step again."""
        operation, operands, _ = self.trail.entries[rounded]
        if operation not in ROUNDINGS or self._value(operands[1]) != 1:
            return None
        quotient = self.trail.entries[operands[0]]
        if quotient.operation != "/" or quotient.operands[1] != step:
            return None
        label = self.trail.labels.get(step)
        return quotient.operands[0], Cut(operation, self._value(step), label.name if label else "multiple")

    def _addends(self, key: int) -> Iterator[Product]:
        """The terms of a running sum, however long, without a call for each."""
        waiting = [(key, False)]
        while waiting:
            one, negative = waiting.pop()
            operation, operands, _ = self.trail.entries[one]
            if operation in SUMS and (one == key or self.named(one) is None):
                signs = SUMS[operation]
                waiting.extend(
                    (operand, sign != negative) for operand, sign in reversed([*zip(operands, signs, strict=True)])
                )
            else:
                term = self.of(one)
                yield formula.negated(term) if negative else term

    def _value(self, key: int) -> Decimal:
        return self.trail.entries[key].number
