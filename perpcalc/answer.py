"""What an answer is: a record whose fields say what kind of figure each of them is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple, dataclass_transform

from perpcalc.decimals import CONTEXT, plain

if TYPE_CHECKING:
    from typing import Self

    class Namespace:
        """What type checkers see of `SimpleNamespace`, which would let them take any name for a field."""

        def __init__(self, **values: "Value") -> None: ...

else:
    from types import SimpleNamespace as Namespace


class Kind(NamedTuple):
    """What a figure is: how people see it, and its unit, where "coin" is the coin of the answer.

    `name` is price, coin, gain, cost, usd, gain_usd, cost_usd, rate, gain_rate, times, count, number, multiple, figure,
    text or status.
    """

    name: str
    unit: str = ""


Price = Annotated[Decimal, Kind("price", "USD")]
Coin = Annotated[Decimal, Kind("coin", "coin")]
Gain = Annotated[Decimal, Kind("gain", "coin")]
Cost = Annotated[Decimal, Kind("cost", "coin")]
Usd = Annotated[Decimal, Kind("usd", "USD")]
GainUsd = Annotated[Decimal, Kind("gain_usd", "USD")]
CostUsd = Annotated[Decimal, Kind("cost_usd", "USD")]
Rate = Annotated[Decimal, Kind("rate")]
GainRate = Annotated[Decimal, Kind("gain_rate")]
Times = Annotated[Decimal, Kind("times")]
Count = Annotated[Decimal, Kind("count")]
Number = Annotated[Decimal, Kind("number")]
Multiple = Annotated[Decimal, Kind("multiple")]
Figure = Annotated[Decimal, Kind("figure")]
Status = Annotated[str, Kind("status")]

Value = Decimal | str | bool | None


class Precision(NamedTuple):
    """The coin that amounts are in, and the decimals that people see at least; of prices None is what they need."""

    coin: str = "BTC"
    price_places: int | None = None
    coin_places: int = 8


class Told(NamedTuple):
    """A field as a sentence names it; `size` leaves its sign out, which the words around it say.

    `row` counts from 0; of a summary the sums follow the rows, so that -1 is the last of them, the one in USD.
    """

    field: str
    size: bool = False
    row: int = 0


class Said(NamedTuple):
    """A figure that a sentence names and no row has."""

    value: Decimal
    kind: Kind


Sentence = tuple[str | Told | Said, ...]


class Estimate(NamedTuple):
    """The formula of a figure that has no history, such as one reckoned with floats, and the numbers in it by their
    names.
    """

    formula: str
    numbers: Mapping[str, Decimal]


class Explained(NamedTuple):
    """What an explanation says beside the formulas: why, by field; estimates; further numbers that formulas may
    name.
    """

    whys: Mapping[str, str] = {}
    estimates: Mapping[str, Estimate] = {}
    named: Mapping[str, Decimal | None] = {}


MARKS = ("_explained", "_nevers", "_people_see")
"""What an answer may carry beside its values."""


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Answer(Namespace):
    """A flat record of named values, in the order of its fields; what machines print is just that.

    A subclass annotates its fields after those of its base, with a `_` after a word that Python keeps for itself.
    `columns` are the fields that rows of a table show, the most needed first; `never` are the fields whose None means
    never; `sums` those that may be added up; `whys` say of a field what its formula cannot. A namespace is made of
    keywords in half the time of a class of our own; what is pickled of an answer are its values.
    """

    title: ClassVar[str] = ""
    columns: ClassVar[tuple[str, ...]] = ()
    never: ClassVar[frozenset[str]] = frozenset()
    sums: ClassVar[tuple[str, ...]] = ()
    whys: ClassVar[Mapping[str, str]] = {}
    _fields: ClassVar[tuple[str, ...]] = ()
    _nothing_known: "ClassVar[dict[str, Value]]" = {}

    __slots__ = MARKS

    def __init_subclass__(cls) -> None:
        own = cls.__annotations__ if "__annotations__" in vars(cls) else {}
        names = (name.removesuffix("_") for name, kind in own.items() if "ClassVar" not in str(kind))
        cls._fields = (*cls._fields, *names)
        cls._nothing_known = dict.fromkeys(cls._fields)

    @classmethod
    def knowing(cls, **known: Value) -> "Self":
        """The answer of which these fields are known and all others are None."""
        values = cls._nothing_known.copy()
        values.update(known)
        return cls(**cls._checked(values))

    @classmethod
    def _checked(cls, values: "dict[str, Value]") -> "dict[str, Value]":
        """The values; raises TypeError where there is one that the answer has no field for."""
        if len(values) > len(cls._fields):
            raise TypeError(f"{cls.__name__} has no field {', '.join(values.keys() - set(cls._fields))}")
        return values

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is a record: use _replace")

    def __repr__(self) -> str:
        with localcontext(CONTEXT):
            shown = [
                f"{name}=Decimal('{plain(value)}')" if isinstance(value, Decimal) else f"{name}={value!r}"
                for name, value in self._asdict().items()
            ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __iter__(self) -> Iterator[Value]:
        return iter(self.__dict__.values())

    def _asdict(self) -> dict[str, Value]:
        """The values by field name, in order."""
        return dict(self.__dict__)

    def _replace(self, **values: Value) -> "Self":
        """The same answer with other values; raises TypeError for one that it has no field for."""
        made = type(self)(**self._checked({**self.__dict__, **values}))
        for mark in MARKS:
            if hasattr(self, mark):
                object.__setattr__(made, mark, getattr(self, mark))
        return made

    __replace__ = _replace

    def __copy__(self) -> "Self":
        return self

    def __deepcopy__(self, memo: object) -> "Self":
        return self

    def never_where(self, *names: str) -> "Self":
        """The same answer, of which only these fields mean never where they are None."""
        object.__setattr__(self, "_nevers", names)
        return self

    @property
    def nevers(self) -> frozenset[str]:
        """The fields whose None means never; that of any other means that it is not known."""
        return frozenset(getattr(self, "_nevers", self.never))

    def people_see(self, values: "Callable[[Self], Mapping[str, Value]]") -> "Self":
        """The same answer, of which tables show the values that are made of it in place of the exact ones."""
        object.__setattr__(self, "_people_see", values)
        return self

    def seen(self) -> Mapping[str, Value]:
        """The values that tables show in place of the exact ones."""
        return self._people_see(self) if hasattr(self, "_people_see") else {}

    def explained_by(self, explained: "Explained") -> "Self":
        """The same answer, and what its explanation needs beside the numbers."""
        object.__setattr__(self, "_explained", explained)
        return self

    @property
    def explained(self) -> "Explained":
        """What the explanation needs beside the numbers."""
        return getattr(self, "_explained", Explained())

    def block(self) -> str | None:
        """Which table of rows the answer belongs to, where there are several."""
        return None

    def sentence(self) -> Sentence:
        """The answer as a person would say it; empty where the table says it as well."""
        return ()

    @classmethod
    def summary(cls, rows: "Sequence[Answer]", sums: "Sequence[Answer]" = ()) -> Sentence:
        """Several answers as a person would sum them up; empty where the table says it as well.

        `sums` are those of the rows, one for each coin and the last in USD, where there are such.
        """
        return ()

    def shown_kinds(self) -> Mapping[str, Kind]:
        """The kinds of fields that differ from row to row."""
        return {}


_KINDS: dict[type[Answer], Mapping[str, Kind]] = {}


def kinds_of(answer: type[Answer]) -> Mapping[str, Kind]:
    """The kind of each field of an answer, in order; found once for all of its rows.

    >>> class Example(Answer):
    ...     price: Price | None
    >>> kinds_of(Example)
    {'price': Kind(name='price', unit='USD')}
    """
    if answer not in _KINDS:
        from typing import get_type_hints

        hints = get_type_hints(answer, include_extras=True)
        _KINDS[answer] = {name: _kind(hints.get(name + "_", hints.get(name))) for name in answer._fields}
    return _KINDS[answer]


def _kind(hint: object) -> Kind:
    from typing import get_args

    for inner in (hint, *get_args(hint)):
        for extra in getattr(inner, "__metadata__", ()):
            if isinstance(extra, Kind):
                return extra
    return Kind("text")


if TYPE_CHECKING:
    from typing import TypedDict

    class Identity(TypedDict):
        """What a row is about, as the keywords that open most answers."""

        name: str | None
        account: str | None
        venue: str | None
        instrument: str | None
        currency: str | None
        side: str | None
        contracts: Decimal | None
        contract_size: Decimal | None
        notional_usd: Decimal | None


class Identified(Answer):
    """What a row is about: the fields that open most answers."""

    name: str | None
    account: str | None
    venue: str | None
    instrument: str | None
    currency: str | None
    side: str | None
    contracts: Count | None
    contract_size: Usd | None
    notional_usd: Usd | None
