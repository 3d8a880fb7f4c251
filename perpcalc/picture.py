"""Charts as data: what is drawn, whichever way it is drawn."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple


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
