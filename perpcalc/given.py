"""Options and what is given of them: declared once, as typed values, and read alike from every door.

A door is where a question comes in: the command line, a TOML file, a line of JSON, a call from Python.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from perpcalc.decimals import LONGEST, from_program, whole
from perpcalc.errors import Argument, Key, PerpcalcError, Words, listed, shown

if TYPE_CHECKING:
    from typing import TypedDict, Unpack

    class More(TypedDict, total=False):
        """What more may be said of an option."""

        choices: tuple[str, ...]
        complete: str
        env: str
        argument: bool
        group: str


T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Put = TypeVar("Put", Decimal, str, bool)
"""A value that may be put in place of another, of the very type that its option has."""


class Option(NamedTuple, Generic[T_co]):
    """One option: its long name with `_` for `-`, and how what is written becomes its value.

    An option of any type is an `Option[object]`.

    `read` gets one text or number; of an option that may be repeated (`many`) each item, of a flag nothing. `complete`
    says what a shell may offer: "file", "venue", "instrument", "command" or nothing. `group` is the heading it stands
    under in the help.
    """

    name: str
    read: Callable[[str], object]
    metavar: str
    help: str
    short: str = ""
    many: bool = False
    flag: bool = False
    choices: tuple[str, ...] = ()
    complete: str = ""
    env: str = ""
    argument: bool = False
    group: str = "This command"

    @property
    def key(self) -> Key:
        """The option as a place or a word of an error."""
        return Argument(self.name, self.metavar) if self.argument else Key(self.name)


def one(
    name: str, read: Callable[[str], T], metavar: str, help: str, short: str = "", **more: "Unpack[More]"
) -> Option[T]:
    """An option of one value."""
    return Option(name, read, metavar, help, short, **more)


def many(name: str, read: Callable[[str], T], metavar: str, help: str, **more: "Unpack[More]") -> Option[tuple[T, ...]]:
    """An option that may be repeated."""
    return Option(name, read, metavar, help, many=True, **more)


def switch(name: str, help: str, short: str = "", **more: "Unpack[More]") -> Option[bool]:
    """An option that is given or not."""
    return Option(name, str, "", help, short, flag=True, **more)


class Given:
    """The values of the options that were given; an absent one is None. `filled` names those of the environment."""

    __slots__ = ("filled", "values")

    def __init__(self, values: Mapping[str, Any], filled: frozenset[str] = frozenset()) -> None:
        self.values = values
        self.filled = filled

    def __getitem__(self, option: Option[T]) -> T | None:
        return self.values.get(option.name)

    def __contains__(self, option: Option[object]) -> bool:
        return option.name in self.values

    def written(self, options: Iterable[Option[object]]) -> list[Option[object]]:
        """Those of the options that the user gave; what the environment filled does not count, a zero does."""
        return [option for option in options if option.name in self.values and option.name not in self.filled]

    def put(self, option: Option[Put], value: Put | None) -> "Given":
        """The same with another value of one option, without it for None."""
        if value is None and option.name not in self.values:
            return self
        values = {**self.values, option.name: value}
        if value is None:
            del values[option.name]
        return Given(values, self.filled - {option.name})

    def without(self, options: Iterable[Option[object]]) -> "Given":
        """The same without some options."""
        gone = {option.name for option in options}
        return Given({name: value for name, value in self.values.items() if name not in gone}, self.filled - gone)

    def over(self, other: "Given") -> "Given":
        """These values before those of another, which fill what is absent."""
        return Given({**other.values, **self.values}, self.filled)


class Reader(NamedTuple):
    """Options ready to be read many times: how the text of each of one value is read, and the texts of the environment
    that fill absent ones.
    """

    options: Mapping[str, Option[object]]
    texts: Mapping[str, Callable[[str], object]]
    environment: Mapping[str, str]


def reader(options: Iterable[Option[object]], environment: bool = True) -> Reader:
    """A reader of these options, in the environment as it is now or in none."""
    by_name = {option.name: option for option in options}
    single = {name: o for name, o in by_name.items() if not (o.many or o.flag)}
    texts = {name: partial(_item, o) if o.choices else o.read for name, o in single.items()}
    filling = ((name, os.environ.get(o.env)) for name, o in by_name.items() if environment and o.env)
    return Reader(by_name, texts, {name: text for name, text in filling if text})


def read(options: Reader, raw: Mapping[str, object], by_program: bool = False) -> Given:
    """What is given of the options; None, false and an empty list of a flag or a repeated option are nothing given.

    `by_program` reads numbers as programs write them too, with an exponent. Raises PerpcalcError naming the option or
    the variable.
    """
    values: dict[str, object] = {}
    texts = options.texts
    for name, value in raw.items():
        if value is None:
            continue
        try:
            if type(value) is str and name in texts:
                values[name] = texts[name](value)
            elif (found := _value(options.options[name], value)) is not None:
                values[name] = found
        except PerpcalcError as error:
            option = options.options[name]
            again = from_program(value) if by_program and type(value) is str else value
            if again == value:
                raise error.at(option.key) from None
            try:
                values[name] = _value(option, again)
            except PerpcalcError:
                raise error.at(option.key) from None
    filled = []
    for name, text in options.environment.items():
        if name in values:
            continue
        option = options.options[name]
        filled.append(name)
        try:
            values[name] = _value(option, text)
        except PerpcalcError as error:
            raise error.at(option.env) from None
    return Given(values, frozenset(filled))


def _value(option: Option[object], raw: object) -> object:
    if option.flag:
        if isinstance(raw, bool):
            return raw or None
        raise PerpcalcError("is a flag", "give true or false")
    if option.many:
        if not isinstance(raw, list | tuple):
            raise PerpcalcError("takes a list", "put the values in brackets")
        return tuple(_item(option, item) for item in raw) or None
    return _item(option, raw)


CALLED = {"buy": "long", "bid": "long", "b": "long", "l": "long", "sell": "short", "ask": "short", "s": "short"}
"""Choices by the words that others use for them."""


def _item(option: Option[object], raw: object) -> object:
    text = text_of(raw)
    if option.choices:
        text = text.lower()
        if text not in option.choices:
            one_of = CALLED.get(text, "")
            near = one_of if one_of in option.choices else " or ".join(option.choices)
            raise PerpcalcError(f"{shown(text)} is not known", f"give {near}")
    return option.read(text)


def text_of(raw: object) -> str:
    """One value as it would be written: of a pair or a table of contracts and price `CONTRACTS@PRICE`.

    >>> text_of(62500), text_of(1e-05), text_of(("300", 61000))
    ('62500', '0.00001', '300@61000')
    """
    if isinstance(raw, str):
        return raw
    if isinstance(raw, int) and not isinstance(raw, bool):
        return whole(raw)
    if isinstance(raw, os.PathLike):
        return os.fsdecode(raw)
    if isinstance(raw, float):
        return from_program(repr(raw))
    if isinstance(raw, Decimal):
        return f"{raw:f}" if abs(raw.adjusted()) <= LONGEST else str(raw)
    if isinstance(raw, tuple | list) and len(raw) == 2:
        return f"{text_of(raw[0])}@{text_of(raw[1])}"
    if isinstance(raw, Mapping) and raw.keys() == {"contracts", "price"}:
        return f"{text_of(raw['contracts'])}@{text_of(raw['price'])}"
    raise PerpcalcError("is neither a text nor a number", "give one")


class Excludes(NamedTuple):
    """An option that does not go with others."""

    option: Option[object]
    others: Sequence[Option[object]]
    remedy: Words = "give one of them"


class Needs(NamedTuple):
    """An option that goes only with one of others, unless there are others still that give what it needs."""

    option: Option[object]
    others: Sequence[Option[object]]
    remedy: Words
    unless: Sequence[Option[object]] = ()


class Needed(NamedTuple):
    """Options of which one has to be given, unless others are; `when` are options that make it so, where there are
    any.
    """

    options: Sequence[Option[object]]
    remedy: Words
    unless: Sequence[Option[object]] = ()
    when: Sequence[Option[object]] = ()


Rule = Excludes | Needs | Needed


def exclusive(*options: Option[object], remedy: Words = "give one of them") -> tuple[Excludes, ...]:
    """The rule that at most one of some options is given.

    >>> [rule.option.name for rule in exclusive(one("a", str, "A", ""), one("b", str, "B", ""))]
    ['b']
    """
    return tuple(Excludes(later, options[:place], remedy) for place, later in enumerate(options) if place)


Shapes = set[tuple[tuple[str, ...], frozenset[str]]]
"""Which options were given in which order, and which of them by the environment, in questions that broke no rule."""
MOST_SHAPES = 1000


def check_shape(rules: Iterable[Rule], given: Given, kept: Shapes) -> None:
    """`check`, but for questions of a shape that kept the rules before: no rule looks at a value."""
    shape = (tuple(given.values), given.filled)
    if shape not in kept:
        check(rules, given)
        if len(kept) < MOST_SHAPES:
            kept.add(shape)


def check(rules: Iterable[Rule], given: Given) -> None:
    """Raise PerpcalcError for the first rule that is broken; options that are missing are told all at once.

    An option that the environment filled conflicts with nothing.
    """
    missing: list[Needed] = []
    for rule in rules:
        if isinstance(rule, Needed):
            asked = not rule.when or given.written(rule.when)
            if asked and not any(option in given for option in (*rule.options, *rule.unless)):
                missing.append(rule)
        elif rule.option in given and rule.option.name not in given.filled:
            found = [option for option in rule.others if option in given and option.name not in given.filled]
            if isinstance(rule, Excludes) and found:
                raise PerpcalcError(("excludes ", found[0].key), rule.remedy).at(rule.option.key)
            if isinstance(rule, Needs) and not any(option in given for option in (*rule.others, *rule.unless)):
                named = listed([option.key for option in rule.others])
                raise PerpcalcError(("needs ", *named), rule.remedy).at(rule.option.key)
    if missing:
        raise lacking(missing)


def lacking(missing: Sequence[Needed]) -> PerpcalcError:
    """The error that tells what is missing, all of it."""
    if len(missing) == 1:
        return PerpcalcError("is missing", missing[0].remedy).at(missing[0].options[0].key)
    remedies: list[str] = []
    for one_missing in missing:
        remedy = one_missing.remedy
        named = [one_missing.options[0].key, ": "] if len(remedies) == 0 else ["; ", one_missing.options[0].key, ": "]
        remedies += [*named, *((remedy,) if isinstance(remedy, str) else remedy)]
    keys = listed([rule.options[0].key for rule in missing], "and")
    return PerpcalcError((*keys, " are missing"), tuple(remedies))
