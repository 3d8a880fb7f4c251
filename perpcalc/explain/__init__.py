"""An answer explained: for each computed figure the formula that made it, read from the history of the number itself.

A formula goes down to the next number that has a name: another figure of the answer, an option, a rule of the venue.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from perpcalc.answer import Estimate, Value
from perpcalc.core.rules import DAY, YEAR
from perpcalc.decimals import plain
from perpcalc.explain import formula
from perpcalc.explain.formula import TEXTBOOK, Atom, Product
from perpcalc.explain.notation import text
from perpcalc.explain.trail import COEFFICIENTS, NONE, ROUNDINGS, Cut, Reading, Trail
from perpcalc.trace import Label, Traced

SYMBOLS = {"notional_usd": "notional"}
"""What formulas call some fields of an answer."""

MEANINGS = {
    "s": "s = 1 long, -1 short",
    "V": "V is the entry value that counts",
    "B": "B is what counts of the margin",
    "mmr": "mmr is the maintenance rate",
    "f": "f is the closing fee that counts into liquidation",
    "a": "a - b/P - c/P^2 is what is left of the equity at a price P",
    "day": "times in minutes",
    "year": "times in minutes",
}
"""What the symbols of formulas mean, said where one first stands."""

CONSTANTS = {"day": DAY, "year": YEAR}


class Step(NamedTuple):
    """How one figure came about.

    `expression` is what `formula` says in names and `numbers` in numbers, before the `cuts` in their order; None where
    there is no history. `tiers` and `sources` are those of the rules in it that no step before has told, `meanings`
    those of its symbols.
    """

    field: str
    value: Value
    formula: str
    numbers: str = ""
    why: str = ""
    meanings: Sequence[str] = ()
    cuts: Sequence[Cut] = ()
    tiers: Sequence[str] = ()
    sources: Sequence[str] = ()
    expression: Product | None = None


class _Draft(NamedTuple):
    """A step before all of its numbers have their names."""

    field: str
    expression: Product
    cuts: Sequence[Cut] = ()


def explain(
    figures: Mapping[str, Value],
    whys: Mapping[str, str] = {},
    *,
    named: Mapping[str, Decimal | None] = {},
    estimates: Mapping[str, Estimate] = {},
    own: int | None = None,
    rounding: str = "",
) -> list[Step]:
    """How the computed figures of an answer came about, in their order; one that was given has a step only for its why.

    `figures` are the values of an answer by field. `whys` say of a field what its formula cannot. `named` are further
    numbers that formulas may name; they have steps of their own where one does. `rounding` says where the venue's rules
    of rounding are from. `own` is the place of the answer's position among others: what is labelled with another place
    is not explained here.

    >>> from perpcalc.trace import leaf
    >>> value = leaf(Decimal(10_000), "notional") / leaf(Decimal(62_500), "entry")
    >>> [(step.field, step.formula, step.numbers) for step in explain({"entry_value": value})]
    [('entry_value', 'notional / entry', '10000 / 62500')]
    """
    names = _Names(figures, named, estimates, own)
    drafts: dict[str, _Draft | None] = {}
    for field, value in figures.items():
        key = names.keys.get(field)
        if key is not None and not names.is_leaf(field):
            names.draft(field, key, drafts)
            draft = drafts[field]
            if draft is None or not formula.is_nothing(draft.expression):
                continue
            del drafts[field]
        if value is not None and (field in whys or field in estimates):
            drafts[field] = None
    called = names.called(draft for draft in drafts.values() if draft is not None)
    told: set[str] = set()
    steps: list[Step] = []
    for place, draft in drafts.items():
        if draft is not None:
            field = place if place in figures else called[place]
            value = figures[field] if place in figures else names.trail.entries[int(place)].number
            step = _step(names, called, field, value, draft)
            of_rounding = rounding if any(cut.of_venue for cut in draft.cuts) else ""
            step = step._replace(sources=(*step.sources, of_rounding))
        else:
            step = _given(names, place, figures[place], estimates.get(place))
        steps.append(
            step._replace(
                why=whys.get(step.field, ""),
                meanings=_news(step.meanings, told),
                tiers=_news(step.tiers, told),
                sources=_news(step.sources, told),
            )
        )
    return steps


def _step(names: "_Names", called: Mapping[str, str], field: str, value: Value, draft: _Draft) -> Step:
    """The step of a computed figure, and all that could be said of the numbers in it."""
    used = [atom for atom in dict.fromkeys(formula.atoms(draft.expression)) if atom.name]
    labels = sorted(names.labels_of(used), key=lambda label: label.place or 0)
    expression = formula.renamed(draft.expression, {atom: atom._replace(name=called[atom.name]) for atom in used})
    return Step(
        field,
        value,
        text(expression),
        text(expression, named=False),
        meanings=(*_meanings(field, formula.atoms(expression)), *_inner_roundings(expression)),
        cuts=draft.cuts,
        tiers=[label.tier for label in labels],
        sources=[label.source for label in labels],
        expression=expression,
    )


def _given(names: "_Names", field: str, value: Value, estimate: Estimate | None) -> Step:
    """The step of a figure that has no formula of its own: given, a rule, or estimated by another formula."""
    if estimate is not None:
        return Step(field, value, estimate.formula, _substituted(estimate))
    label = names.trail.labels.get(names.keys.get(field, NONE))
    if label is None or not names.is_leaf(field):
        return Step(field, value, "")
    return Step(field, value, "" if label.rule else "as given", tiers=[label.tier], sources=[label.source])


def _news(texts: Iterable[str], told: set[str]) -> tuple[str, ...]:
    """What has not been told yet."""
    new = tuple(said for said in dict.fromkeys(texts) if said and said not in told)
    told.update(new)
    return new


def lines(steps: Sequence[Step], write: Callable[[str, Value], str]) -> Iterator[str]:
    """The steps as lines of text, an empty one before each; `write` gives a value of a field with its unit.

    >>> step = Step("payment", Decimal(1), "rate * value", "0.5 * 2", "positive when paid")
    >>> list(lines([step], lambda field, value: f"{value} BTC"))
    ['', 'payment = 1 BTC', '    rate * value', '    = 0.5 * 2', '    positive when paid']
    """
    for step in steps:
        numbers = f"= {step.numbers}" if step.numbers not in ("", step.formula) else ""
        cuts = ", then ".join(map(str, step.cuts))
        told = (step.formula, numbers, step.why, "; ".join(step.meanings), cuts, "; ".join(step.tiers), *step.sources)
        yield ""
        yield f"{step.field} = {write(step.field, step.value)}"
        yield from (f"    {line}" for said in told for line in said.splitlines())


class _Names:
    """What the numbers behind an answer are called.

    `keys` are the entries of its figures that have a history, `fields` the first field of each entry.
    """

    def __init__(
        self,
        figures: Mapping[str, Value],
        named: Mapping[str, Decimal | None],
        estimates: Mapping[str, Estimate],
        own: int | None,
    ) -> None:
        self.trail = trail = Trail()
        self.own = own
        for name, constant in CONSTANTS.items():
            trail.leaf(constant, name)
        for field in estimates:
            value = figures[field]
            if isinstance(value, Decimal) and value not in (0, 1):
                trail.leaf(value, field)
        self.keys = {field: trail.entry(value) for field, value in figures.items() if isinstance(value, Traced)}
        self.fields: dict[int, str] = {}
        for field, key in self.keys.items():
            if not trail.is_constant(key):
                self.fields.setdefault(key, field)
        for name, number in named.items():
            if isinstance(number, Traced):
                trail.label(trail.entry(number), name)
        trail.find_quadratics()
        self._atoms: dict[int, Atom] = {}
        self._readings: dict[tuple[str, bool], Reading] = {}

    def is_leaf(self, field: str) -> bool:
        """Whether a figure is a number that was given, and no other figure is the same."""
        key = self.keys[field]
        return not self.trail.entries[key].operation and self.fields.get(key) == field

    def draft(self, field: str, key: int, drafts: dict[str, _Draft | None]) -> None:
        """A figure's formula, and before it those of the named numbers that it comes from."""
        if self.fields.get(key, field) != field:
            drafts[field] = _Draft(field, self._reading("").of(key))
            return
        label = self.trail.labels.get(key)
        written_out = label.name if label is not None else ""
        inner, cuts = self._reading(written_out).cut(key)
        expression = self._behind(inner, inner == key, self._reading(written_out))
        if any(call.function == "sqrt" for call in formula.calls(expression)):
            expression = self._behind(inner, inner == key, self._reading(written_out, coefficients=True))
        for atom in sorted(formula.atoms(expression), key=lambda atom: atom.kind * (atom.kind in COEFFICIENTS)):
            if not atom.name or int(atom.name) in self.fields or atom.name in drafts:
                continue
            label = self._label(int(atom.name))
            if self.trail.entries[int(atom.name)].operation and label.place in (None, self.own):
                self.draft(atom.name, int(atom.name), drafts)
        drafts[field] = _Draft(field, expression, cuts)

    def _behind(self, inner: int, is_figure: bool, reading: Reading) -> Product:
        return reading.behind(inner) if is_figure else reading.of(inner)

    def called(self, drafts: Iterable[_Draft]) -> dict[str, str]:
        """The name of each number in some formulas: a field first, then the position's own, then others by their
        place.
        """
        names = {str(key): self._name(key) for key in self.fields}
        taken = {*names.values(), *(self._atoms[key].kind for key in self.fields if key in self._atoms)}
        used = dict.fromkeys(atom for draft in drafts for atom in formula.atoms(draft.expression) if atom.name)
        others = [(self._label(int(atom.name)).place, atom) for atom in used if atom.name not in names]
        for place, atom in sorted(others, key=lambda other: other[0] not in (None, self.own)):
            name = atom.kind if atom.kind not in taken or place is None else f"{atom.kind}_{place}"
            number = 2
            while name in taken:
                name, number = f"{atom.kind}_{number}", number + 1
            names[atom.name] = name
            taken.add(name)
        return names

    def labels_of(self, atoms: Iterable[Atom]) -> list[Label]:
        """The labels of numbers that have one."""
        return [self.trail.labels[int(atom.name)] for atom in atoms if int(atom.name) in self.trail.labels]

    def _label(self, key: int) -> Label:
        return self.trail.labels.get(key) or self.trail.coefficients[key]

    def _reading(self, written_out: str, coefficients: bool = False) -> Reading:
        """The formulas down to fields and labels; numbers of one name, such as a running total, may be written out."""
        if (written_out, coefficients) not in self._readings:
            named = partial(self._atom, written_out, coefficients)
            self._readings[written_out, coefficients] = Reading(self.trail, named)
        return self._readings[written_out, coefficients]

    def _atom(self, written_out: str, coefficients: bool, key: int) -> Atom | None:
        """What stands for a number in a formula; None where it has no name."""
        label, field = self.trail.labels.get(key), self.fields.get(key)
        if coefficients and key in self.trail.coefficients:
            label = self._label(key)
        if field is None and (label is None or (label.name == written_out and self.trail.entries[key].operation)):
            return None
        if key not in self._atoms:
            idle = label is not None and label.rule and field is None
            kind = label.name if label is not None else self._name(key)
            self._atoms[key] = Atom(str(key), self.trail.entries[key].number, kind, idle)
        return self._atoms[key]

    def _name(self, key: int) -> str:
        """What a figure is called in formulas: the symbol of a leaf, else its field."""
        label, field = self.trail.labels.get(key), self.fields[key]
        symbolic = label is not None and label.name in TEXTBOOK and not self.trail.entries[key].operation
        return label.name if label is not None and symbolic else SYMBOLS.get(field, field)


def _meanings(field: str, atoms: Iterable[Atom]) -> Iterator[str]:
    """What the symbols in a formula mean; those that go by the name of a field need no words."""
    for name, kind in ((field, field), *((atom.name, atom.kind) for atom in atoms)):
        if kind in MEANINGS and name.startswith(kind):
            yield MEANINGS[kind]


def _inner_roundings(expression: Product) -> Iterator[str]:
    """What the roundings inside a formula mean."""
    for call in formula.calls(expression):
        if call.function in ROUNDINGS.values() and len(call.arguments) == 2:
            decimals = text(call.arguments[1])
            yield f"{call.function}(x, {decimals}) is x to {decimals} decimals, as the venue rounds it"


def _substituted(estimate: Estimate) -> str:
    """The formula of an estimate with the numbers in place of their names."""

    def number(match: re.Match[str]) -> str:
        value = estimate.numbers.get(match[0])
        if value is None:
            return match[0]
        return plain(value) if value >= 0 else f"({plain(value)})"

    return re.sub(r"[A-Za-z_]\w*", number, estimate.formula)
