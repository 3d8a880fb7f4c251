"""Formulas as text: in names, and in numbers."""

from collections.abc import Sequence
from typing import NamedTuple

from perpcalc.decimals import plain
from perpcalc.explain.formula import Atom, Base, Call, Product, Sum, atoms

MOST_TERMS = 4
FEWEST_ALIKE = 3


def text(one: Product, named: bool = True, whole: bool = False) -> str:
    """A formula in names, or the same with the numbers put in.

    Many terms of one kind are written `sum(s * V)`, in numbers the first of them; `whole` writes all.

    >>> from decimal import Decimal
    >>> from perpcalc.explain.formula import of, power, times
    >>> price = times(of(Atom("Q", Decimal(10_000))), power(of(Atom("V", Decimal("0.16"))), -1))
    >>> text(price), text(price, named=False)
    ('Q / V', '10000 / 0.16')
    """
    return _Writer(named, whole).product(one)


class _Writer(NamedTuple):
    """How a formula is written: its names or its numbers, and whether all terms of a long sum."""

    named: bool
    whole: bool
    kinds: bool = False

    def product(self, one: Product) -> str:
        if len(one.powers) == 1 and one.powers[0][1] == 1 and isinstance(one.powers[0][0], Sum) and not one.negative:
            return self.joined(self.parts(one.powers[0][0]))
        over = [self.raised(base, exponent) for base, exponent in one.powers if exponent > 0]
        under = [self.raised(base, -exponent) for base, exponent in one.powers if exponent < 0]
        written = " * ".join(over) or "1"
        if under:
            written += f" / {under[0]}" if len(under) == 1 else f" / ({' * '.join(under)})"
        return f"-{written}" if one.negative else written

    def raised(self, base: Base, exponent: int) -> str:
        if isinstance(base, Atom):
            written = self.atom(base)
        elif isinstance(base, Sum):
            parts = self.parts(base)
            written = parts[0][1] if len(parts) == 1 else f"({self.joined(parts)})"
        else:
            written = self.call(base)
            if exponent > 1 and base.function == "^":
                written = f"({written})"
        return written if exponent == 1 else f"{written}^{exponent}"

    def atom(self, atom: Atom) -> str:
        if self.named and atom.name:
            return (atom.kind or atom.name) if self.kinds else atom.name
        written = plain(atom.value)
        return f"({written})" if written.startswith("-") else written

    def call(self, call: Call) -> str:
        if call.function != "^":
            return f"{call.function}({', '.join(self.product(argument) for argument in call.arguments)})"
        base, exponent = (self.product(argument) for argument in call.arguments)
        wrapped = [
            part if part.replace(".", "").replace("_", "").isalnum() else f"({part})" for part in (base, exponent)
        ]
        return "^".join(wrapped)

    def joined(self, parts: Sequence[tuple[bool, str]]) -> str:
        written = ("-" if parts[0][0] else "") + parts[0][1]
        return written + "".join((" - " if negative else " + ") + part for negative, part in parts[1:])

    def parts(self, one: Sum) -> list[tuple[bool, str]]:
        """The terms as they are written, each with its sign: alike ones as one `sum(...)`, of others the first few."""
        if self.whole or len(one.terms) < FEWEST_ALIKE:
            return [(term.negative, self.size(term)) for term in one.terms]
        alike: dict[tuple[bool, str], list[Product]] = {}
        kinds = self._replace(named=True, kinds=True)
        for term in one.terms:
            alike.setdefault((term.negative, kinds.size(term)), []).append(term)
        parts: list[tuple[bool, str]] = []
        for (negative, kind), terms in alike.items():
            if self.named and len(terms) >= FEWEST_ALIKE and _one_of_each(terms[0]):
                parts.append((negative, f"sum({kind})"))
                continue
            parts.extend((negative, self.size(term)) for term in terms[:MOST_TERMS])
            if len(terms) > MOST_TERMS:
                parts.append((negative, f"... ({len(terms) - MOST_TERMS} more)"))
        return parts

    def size(self, term: Product) -> str:
        """A term without its sign."""
        return self.product(Product(False, term.powers))


def _one_of_each(term: Product) -> bool:
    """Whether no two names of a term are of one kind, so that the kinds alone say what it is."""
    kinds = [atom.kind or atom.name for atom in dict.fromkeys(atoms(term)) if atom.name]
    return len(kinds) == len(set(kinds)) > 0
