"""Formulas as the textbook has them: algebra on names and numbers, and its text.

Every formula is a `Product` of powers; a sum in it is one of its bases. What is built here is brought into order at once:
sums and products are flat, equal terms cancel, quotients of quotients are turned over, and what all terms of a sum share
stands before it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.decimals import plain

MOST_TERMS = 4
FEWEST_ALIKE = 3


class Atom(NamedTuple):
    """A name, or a number that has none.

    `kind` is the name without what tells it from others of its kind. `idle` ones are left out where they change nothing.
    """

    name: str
    value: Decimal
    kind: str = ""
    idle: bool = False

    def __hash__(self) -> int:
        return hash(self.name or self.value)


class Sum(NamedTuple):
    """Two terms or more."""

    terms: tuple["Product", ...]


class Call(NamedTuple):
    """A function of formulas, such as a square root; `^` has two of them."""

    function: str
    arguments: tuple["Product", ...]


Base = Atom | Sum | Call
_Powers = tuple[tuple[Base, int], ...]


class Product(NamedTuple):
    """Bases to whole powers, positive ones in the numerator; without any it is 1."""

    negative: bool
    powers: tuple[tuple[Base, int], ...]


ONE = Product(False, ())


def of(base: Base) -> Product:
    """The product of one base alone.

    >>> text(of(Atom("s", Decimal(1))))
    's'
    """
    return Product(False, ((base, 1),))


def number(value: Decimal | int) -> Product:
    """A number without a name; 1 is nothing to write down."""
    size = abs(Decimal(value))
    return Product(value < 0, () if size == 1 else ((Atom("", size), 1),))


def negated(one: Product) -> Product:
    """The same with the other sign; a sum with a negative term is turned round."""
    return _turned(Product(not one.negative, one.powers))


def times(one: Product, other: Product) -> Product:
    """The product of two, powers of the same base taken together.

    >>> a, b = (of(Atom(name, Decimal(2))) for name in "ab")
    >>> text(times(times(a, b), power(times(a, power(b, 2)), -1)))
    '1 / b'
    """
    powers = dict(one.powers)
    for base, exponent in other.powers:
        powers[base] = powers.get(base, 0) + exponent
    kept = tuple((base, exponent) for base, exponent in powers.items() if exponent and not _is_idle(base, 1))
    return _turned(Product(one.negative != other.negative, kept))


def power(one: Product, exponent: int) -> Product:
    """A whole power; -1 turns it over."""
    return Product(one.negative and exponent % 2 == 1, tuple((base, n * exponent) for base, n in one.powers))


def total(terms: Iterable[Product]) -> Product:
    """The sum of terms: flat, equal ones counted or cancelled, and what they share put before the rest.

    >>> q, s, mmr = (of(Atom(name, Decimal(2))) for name in ("Q", "s", "mmr"))
    >>> text(total([times(s, q), times(mmr, q), q, negated(q)]))
    'Q * (s + mmr)'
    """
    counts: dict[_Powers, int] = {}
    flat = [addend for term in terms for addend in _addends(term)]
    for addend in _spread([addend for addend in flat if not is_nothing(addend)] or flat[:1]):
        counts[addend.powers] = counts.get(addend.powers, 0) + (-1 if addend.negative else 1)
    counted = [times(number(count), Product(False, powers)) for powers, count in counts.items() if count]
    if len(counted) < 2:
        return counted[0] if counted else number(0)
    shared = _shared(counted)
    if shared.powers:
        return times(shared, total(times(term, power(shared, -1)) for term in counted))
    if all(term.negative for term in counted):
        return negated(_sum(_factored([negated(term) for term in counted])))
    return _sum(_factored(counted))


def _addends(term: Product) -> Iterator[Product]:
    """The terms of a sum that stands alone, else the term itself."""
    if len(term.powers) == 1 and term.powers[0][1] == 1 and isinstance(term.powers[0][0], Sum):
        for inner in term.powers[0][0].terms:
            yield Product(inner.negative != term.negative, inner.powers)
    else:
        yield term


def _sum(terms: Sequence[Product]) -> Product:
    """A sum of at least two terms, the first of them positive; names alone in the order of the textbook."""
    if len(terms) < 2:
        return terms[0]
    if all(_is_rate(term) for term in terms):
        terms = sorted(terms, key=lambda term: TEXTBOOK.index(_kind(term)))
    first = next((place for place, term in enumerate(terms) if not term.negative), 0)
    return of(Sum((terms[first], *terms[:first], *terms[first + 1 :])))


TEXTBOOK = ("s", "mmr", "f")


def _kind(term: Product) -> str:
    base = term.powers[0][0]
    return base.kind or base.name if isinstance(base, Atom) else ""


def _is_rate(term: Product) -> bool:
    return len(term.powers) == 1 and term.powers[0][1] == 1 and _kind(term) in TEXTBOOK


def _shared(terms: Sequence[Product]) -> Product:
    """What stands in every term: all of the denominators, and the numerators where they leave no mere 1/x among others."""
    numerators: list[tuple[Base, int]] = []
    denominators: list[tuple[Base, int]] = []
    others = [dict(term.powers) for term in terms[1:]]
    for base, exponent in terms[0].powers:
        exponents = [exponent, *(other.get(base, 0) for other in others)]
        if min(exponents) > 0:
            numerators.append((base, min(exponents)))
        elif max(exponents) < 0:
            denominators.append((base, max(exponents)))
    under = Product(False, tuple(denominators))
    whole = Product(False, (*numerators, *denominators))
    left = [_is_reciprocal(times(term, power(whole, -1))) for term in terms]
    return under if any(left) and not all(left) else whole


def _is_reciprocal(term: Product) -> bool:
    return bool(term.powers) and all(exponent < 0 for _, exponent in term.powers)


def _factored(terms: list[Product]) -> list[Product]:
    """Terms over the same denominators that share a name taken together, the name of most terms and the largest value first."""
    count: dict[tuple[Atom, _Powers], int] = {}
    for term in terms:
        below = _denominators(term)
        for base, exponent in term.powers:
            if exponent > 0 and isinstance(base, Atom) and base.name:
                count[base, below] = count.get((base, below), 0) + 1
    if not count or max(count.values()) < 2:
        return terms
    best, below = max(count, key=lambda found: (count[found], abs(found[0].value)))
    mine = [term for term in terms if dict(term.powers).get(best, 0) > 0 and _denominators(term) == below]
    made = times(of(best), total(times(term, power(of(best), -1)) for term in mine))
    return _factored([made if term is mine[0] else term for term in terms if term is mine[0] or term not in mine])


def _denominators(term: Product) -> _Powers:
    return tuple(power for power in term.powers if power[1] < 0)


def _spread(terms: list[Product]) -> Iterator[Product]:
    """Terms in which a sum of names is multiplied out where one of the names stands in another term as well."""
    for term in terms:
        inner = [base for base, exponent in term.powers if isinstance(base, Sum) and exponent == 1]
        if len(inner) == 1 and all(_is_name(addend) for addend in inner[0].terms):
            names = {addend.powers[0][0] for addend in inner[0].terms}
            others = (other for other in terms if other is not term)
            if any(names & {base for base, exponent in other.powers if exponent > 0} for other in others):
                rest = times(term, power(of(inner[0]), -1))
                yield from (times(rest, addend) for addend in inner[0].terms)
                continue
        yield term


def _is_name(term: Product) -> bool:
    return len(term.powers) == 1 and term.powers[0][1] == 1 and isinstance(term.powers[0][0], Atom)


def _turned(one: Product) -> Product:
    """A negative product of a sum of which half is negative, as a positive one of the sum turned round."""
    if not one.negative:
        return one
    for place, (base, exponent) in enumerate(one.powers):
        if not isinstance(base, Sum) or exponent < 0 or exponent % 2 == 0:
            continue
        if 2 * sum(term.negative for term in base.terms) >= len(base.terms):
            turned = _sum([Product(not term.negative, term.powers) for term in base.terms])
            powers = (*one.powers[:place], (turned.powers[0][0], exponent), *one.powers[place + 1 :])
            return Product(False, powers)
    return one


def _is_idle(base: Base, value: int) -> bool:
    return isinstance(base, Atom) and base.idle and base.value == value


def is_nothing(term: Product) -> bool:
    """Whether a formula is 0 because of a number that has no name, or a rule that is not worth a word."""
    return any(isinstance(base, Atom) and not base.value and (base.idle or not base.name) for base, _ in term.powers)


def atoms(one: Product) -> Iterator[Atom]:
    """The names and numbers that a formula is made of, in order."""
    for base, _ in one.powers:
        if isinstance(base, Atom):
            yield base
        else:
            for part in base.terms if isinstance(base, Sum) else base.arguments:
                yield from atoms(part)


def calls(one: Product) -> Iterator[Call]:
    """The functions in a formula, outer ones first."""
    for base, _ in one.powers:
        if isinstance(base, Call):
            yield base
        if not isinstance(base, Atom):
            for part in base.terms if isinstance(base, Sum) else base.arguments:
                yield from calls(part)


def renamed(one: Product, names: Mapping[Atom, Atom]) -> Product:
    """The formula with some of its names and numbers replaced."""
    powers: list[tuple[Base, int]] = []
    for base, exponent in one.powers:
        if isinstance(base, Atom):
            powers.append((names.get(base, base), exponent))
        elif isinstance(base, Sum):
            powers.append((Sum(tuple(renamed(term, names) for term in base.terms)), exponent))
        else:
            powers.append((Call(base.function, tuple(renamed(part, names) for part in base.arguments)), exponent))
    return Product(one.negative, tuple(powers))


def text(one: Product, named: bool = True, whole: bool = False) -> str:
    """A formula in names, or the same with the numbers put in.

    Many terms of one kind are written `sum(s * V)`, in numbers the first of them; `whole` writes all.

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
