"""The one report model: rows of named values, from which every format is made."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.render.text import Value


class Row(NamedTuple):
    """The values of one answer by field name, in order; and how its amounts are shown.

    `never` names the fields whose null means never; `price_places` and `coin_places` are the decimals that people see at least.
    `kinds` are those of fields that differ from the report's.
    """

    values: Mapping[str, Value]
    coin: str = "BTC"
    price_places: int | None = None
    coin_places: int = 8
    never: frozenset[str] = frozenset()
    steps: Sequence["Step"] = ()
    kinds: Mapping[str, str] = {}


class Step(NamedTuple):
    """How one field came about: its formula in field names, and the convention or source behind it.

    `inputs` are the values of names in the formula that are no fields, such as a fee rate.
    """

    field: str
    formula: str
    why: str = ""
    inputs: Mapping[str, Value] = {}


class Total(NamedTuple):
    """A sum that only the table shows, such as the profit of all positions in one coin."""

    label: str
    value: Decimal
    kind: str
    unit: str


class Landmark(NamedTuple):
    """A place on the horizontal axis of a chart that has a meaning; its tone is plain, accent or danger."""

    label: str
    x: Decimal
    tone: str = "plain"


class Chart(NamedTuple):
    """A curve of points in the order of x, shown from y = 0, with landmarks, of which a later hides an earlier.

    `x_places` are the decimals that people see of x.
    """

    title: str
    x_label: str
    y_label: str
    points: Sequence[tuple[Decimal, Decimal]]
    landmarks: Sequence[Landmark] = ()
    x_places: int = 2


class Report(NamedTuple):
    """What a command answers.

    `kinds` gives for each field, in order, what its values are: price, coin, usd, rate, text and so on. `one` is a single
    answer (a JSON object), else rows (an array). `headline` names the fields a table of several rows shows, `narrow` those
    it shows where they are too wide for the terminal; rows are put into a table of their own for each value of the field
    `table_per`. `charts` are drawn below.
    """

    title: str
    kinds: Mapping[str, str]
    rows: Sequence[Row]
    one: bool = True
    headline: Sequence[str] = ()
    narrow: Sequence[str] = ()
    table_per: str | None = None
    totals: Sequence[Total] = ()
    notes: Sequence[str] = ()
    status: int = 0
    charts: Sequence[Chart] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields, in order."""
        return tuple(self.kinds)
