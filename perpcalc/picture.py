"""Charts as data: what is drawn, whichever way it is drawn."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple


class Landmark(NamedTuple):
    """A place on the horizontal axis of a chart that has a meaning; its tone is plain, accent or danger."""

    label: str
    x: Decimal
    tone: str = "plain"


class Curve(NamedTuple):
    """A line through points in the order of x, with a gap where y is None; its tone is curve, plain, accent or
    danger.
    """

    label: str
    points: Sequence[tuple[Decimal, Decimal | None]]
    tone: str = "curve"

    def runs(self) -> Iterator[list[tuple[Decimal, Decimal]]]:
        """The points between two gaps, at least one at a time."""
        run: list[tuple[Decimal, Decimal]] = []
        for x, y in self.points:
            if y is not None:
                run.append((x, y))
            elif run:
                yield run
                run = []
        if run:
            yield run


class Chart(NamedTuple):
    """Curves over one horizontal axis, and landmarks on it, of which a later hides an earlier; so does a curve.

    `from_zero` shows y from 0 on. `x_places` are the decimals that people see of x: the axis has no finer ticks.
    """

    title: str
    x_label: str
    y_label: str
    curves: Sequence[Curve]
    landmarks: Sequence[Landmark] = ()
    x_places: int = 2
    from_zero: bool = True

    @property
    def xs(self) -> list[Decimal]:
        """Every x of a curve."""
        return [x for curve in self.curves for x, _ in curve.points]

    @property
    def ys(self) -> list[Decimal]:
        """Every y to be shown; 0 where there is none."""
        ys = [y for curve in self.curves for _, y in curve.points if y is not None]
        return [Decimal(0), *ys] if self.from_zero or not ys else ys
