"""Formulas as the textbook has them: algebra on names and numbers.

Every formula is a `Product` of powers; a sum in it is one of its bases. What is built here is brought into order at
once: sums and products are flat, equal terms cancel, quotients of quotients are turned over, and what all terms of a
sum share stands before it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple


class Atom(NamedTuple):
    """A name, or a number that has none.

    `kind` is the name without what tells it from others of its kind. `idle` ones are left out where they change
    nothing.
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


class Product(NamedTuple):
    """Bases to whole powers, positive ones in the numerator; without any it is 1."""

    negative: bool
    powers: "Powers"


Base = Atom | Sum | Call
Powers = tuple[tuple[Base, int], ...]
TEXTBOOK = ("s", "mmr", "f")
"""The names of rates, in the order in which the textbook adds them."""


def of(base: Base) -> Product:
    """The product of one base alone.

    >>> from perpcalc.explain.notation import text
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
    >>> from perpcalc.explain.notation import text
    >>> text(times(times(a, b), power(times(a, power(b, 2)), -1)))
    '1 / b'
    """
    powers = dict(one.powers)
    for base, exponent in other.powers:
        powers[base] = powers.get(base, 0) + exponent
    kept = tuple((base, exponent) for base, exponent in powers.items() if exponent and not _is_idle_one(base))
    return _turned(Product(one.negative != other.negative, kept))


def power(one: Product, exponent: int) -> Product:
    """A whole power; -1 turns it over."""
    return Product(one.negative and exponent % 2 == 1, tuple((base, n * exponent) for base, n in one.powers))


def total(terms: Iterable[Product]) -> Product:
    """The sum of terms: flat, equal ones counted or cancelled, and what they share put before the rest.

    >>> q, s, mmr = (of(Atom(name, Decimal(2))) for name in ("Q", "s", "mmr"))
    >>> from perpcalc.explain.notation import text
    >>> text(total([times(s, q), times(mmr, q), q, negated(q)]))
    'Q * (s + mmr)'
    """
    counts: dict[Powers, int] = {}
    flat = [addend for term in terms for addend in _addends(term)]
    for addend in _spread([addend for addend in flat if not is_nothing(addend)] or flat[:1]):
        powers, count = addend.powers, -1 if addend.negative else 1
        if powers not in counts and (opposite := _opposite(addend)) in counts:
            powers, count = opposite, -count
        counts[powers] = counts.get(powers, 0) + count
    counted = [times(number(count), Product(False, powers)) for powers, count in counts.items() if count]
    if len(counted) < 2:
        return counted[0] if counted else number(0)
    shared = _shared(counted)
    if shared.powers:
        return times(shared, total(times(term, power(shared, -1)) for term in counted))
    if all(term.negative for term in counted):
        return negated(total(negated(term) for term in counted))
    factored = _factored(counted)
    if len(factored) < len(counted) and (shared := _shared(factored)).powers:
        return times(shared, total(times(term, power(shared, -1)) for term in factored))
    return _sum(factored)


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


def _kind(term: Product) -> str:
    base = term.powers[0][0]
    return base.kind or base.name if isinstance(base, Atom) else ""


def _is_rate(term: Product) -> bool:
    return len(term.powers) == 1 and term.powers[0][1] == 1 and _kind(term) in TEXTBOOK


def _shared(terms: Sequence[Product]) -> Product:
    """What stands in every term: all of the denominators, and the numerators where they leave no mere 1/x among
    others.
    """
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


def _factored(terms: Sequence[Product]) -> list[Product]:
    """Terms over the same denominators that share a name taken together: no rate, the name of most terms, the
    largest.
    """
    shares = [[(base, _denominators(term)) for base, n in term.powers if n > 0 and _is_named(base)] for term in terms]
    count = Counter(share for of_term in shares for share in of_term)
    groups: dict[object, list[Product]] = {}
    for place, (term, of_term) in enumerate(zip(terms, shares, strict=True)):
        best = max(of_term, key=lambda share: _rank(share[0], count[share]), default=None)
        groups.setdefault(place if best is None or count[best] < 2 else best, []).append(term)
    made = []
    for share, mine in groups.items():
        if len(mine) > 1 and isinstance(share, tuple):
            made.append(times(of(share[0]), total(times(term, power(of(share[0]), -1)) for term in mine)))
        else:
            made += mine
    return made


def _is_named(base: Base) -> bool:
    return isinstance(base, Atom) and bool(base.name)


def _rank(base: Base, count: int) -> tuple[bool, int, Decimal]:
    assert isinstance(base, Atom)
    return (base.kind or base.name) not in TEXTBOOK, count, abs(base.value)


def _denominators(term: Product) -> Powers:
    return tuple(power for power in term.powers if power[1] < 0)


def _spread(terms: Sequence[Product]) -> Iterator[Product]:
    """Terms in which a sum of names is multiplied out where something of it stands in another term as well."""
    parts = [set(_names(term)) for term in terms]
    count = Counter(name for of_term in parts for name in of_term)
    for term, of_term in zip(terms, parts, strict=True):
        sums = [base for base, _ in term.powers if isinstance(base, Sum)]
        if len(sums) == 1 and any(count[name] > 1 for name in of_term):
            rest = times(term, power(of(sums[0]), -1))
            yield from (times(rest, addend) for addend in sums[0].terms)
        else:
            yield term


def _names(term: Product) -> Iterator[Base]:
    """The names in the numerator of a term, those in its one sum of names too; none where there is another sum."""
    for base, exponent in term.powers:
        if isinstance(base, Sum) and not (exponent == 1 and all(map(_is_name, base.terms))):
            return
    for base, exponent in term.powers:
        if isinstance(base, Sum):
            yield from (addend.powers[0][0] for addend in base.terms)
        elif exponent > 0 and _is_named(base):
            yield base


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


def _opposite(one: Product) -> Powers:
    """The powers of a term of the other sign where one of its sums is turned round for that, as in `b - a` for `a -
    b`.
    """
    turned = _turned(Product(True, one.powers))
    return one.powers if turned.negative else turned.powers


def _is_idle_one(base: Base) -> bool:
    return isinstance(base, Atom) and base.idle and base.value == 1


def is_nothing(term: Product) -> bool:
    """Whether a formula is 0 because of a number that has no name, or a rule that is not worth a word."""
    return any(isinstance(base, Atom) and not base.value and (base.idle or not base.name) for base, _ in term.powers)


def atoms(one: Product) -> Iterator[Atom]:
    """The names and numbers that a formula is made of, in order."""
    for base, _ in one.powers:
        if isinstance(base, Atom):
            yield base
        for part in _parts(base):
            yield from atoms(part)


def calls(one: Product) -> Iterator[Call]:
    """The functions in a formula, outer ones first."""
    for base, _ in one.powers:
        if isinstance(base, Call):
            yield base
        for part in _parts(base):
            yield from calls(part)


def _parts(base: Base) -> tuple[Product, ...]:
    return base.terms if isinstance(base, Sum) else base.arguments if isinstance(base, Call) else ()


def renamed(one: Product, names: Mapping[Atom, Atom]) -> Product:
    """The formula with some of its names and numbers replaced."""
    powers: list[tuple[Base, int]] = []
    for base, exponent in one.powers:
        parts = tuple(renamed(part, names) for part in _parts(base))
        if isinstance(base, Atom):
            powers.append((names.get(base, base), exponent))
        else:
            powers.append((Sum(parts) if isinstance(base, Sum) else Call(base.function, parts), exponent))
    return Product(one.negative, tuple(powers))
