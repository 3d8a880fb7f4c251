"""A chart in the terminal: a braille curve, or one of ASCII characters where braille cannot be shown."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from rich.text import Text

from perpcalc.decimals import ONE, fixed
from perpcalc.errors import printable
from perpcalc.picture import Chart
from perpcalc.render.axis import Axis, axis

STYLES = {"curve": "", "plain": "", "accent": "magenta", "danger": "red"}
"""Colours that dark and light terminals show alike; the curve is in that of the text."""
STROKES = "*+ox"
"""What the curves of a chart are drawn with in ASCII, one after the other."""
BLANK = "\u2800"
LEAST_WIDTH, MOST_WIDTH = 20, 240


class Glyphs(NamedTuple):
    """The characters that axes and landmarks are drawn with."""

    side: str
    tick: str
    corner: str
    floor: str
    landmark: str


class Grid(NamedTuple):
    """The axes and the cells between them."""

    x: Axis
    y: Axis
    columns: int
    height: int

    def cell(self, x: Decimal, y: Decimal) -> tuple[int, int]:
        """The row and the column of a point."""
        return round((1 - self.y.share(y)) * (self.height - 1)), round(self.x.share(x) * (self.columns - 1))


UNICODE = Glyphs("│", "┤", "└", "─", "┊")
ASCII = Glyphs("|", "+", "+", "-", ":")


Cells = dict[tuple[int, int], tuple[str, str]]
"""The character and its style in a row and a column, where there is one."""


def drawn(chart: Chart, width: int, ascii_only: bool = False) -> Text:
    """The chart as text of at most so many columns: title, curves over their axes, landmarks by letter, and what all
    stand for.
    """
    glyphs = ASCII if ascii_only else UNICODE
    height = 12 if width < 120 else 20
    y_axis = axis(chart.ys, 5 if height < 20 else 7, to_ticks=True)
    labels = y_axis.labels()
    margin = max(map(len, labels)) + 1
    columns = max(LEAST_WIDTH, min(width, MOST_WIDTH) - margin - 1)
    x_axis = axis(chart.xs, max(2, columns // 10), finest=ONE.scaleb(-chart.x_places))
    cells = _cells(chart, Grid(x_axis, y_axis, columns, height), ascii_only)
    ticks = zip(y_axis.ticks, labels, strict=True)
    tick_rows = {round((1 - y_axis.share(tick)) * (height - 1)): label for tick, label in ticks}
    visible = [landmark for landmark in chart.landmarks if _inside(x_axis, landmark.x)]
    marked = {_column(x_axis, landmark.x, columns): landmark for landmark in visible}

    text = Text(printable(f"{chart.title}: {chart.y_label} against {chart.x_label}") + "\n")
    for number in range(height):
        label = tick_rows.get(number, "")
        text.append(label.rjust(margin) + (glyphs.tick if label else glyphs.side))
        for column in range(columns):
            if (cell := cells.get((number, column))) is not None:
                text.append(*cell)
            elif column in marked:
                text.append(glyphs.landmark, STYLES[marked[column].tone])
            else:
                text.append(" ")
        text.append("\n")
    text.append(" " * margin + glyphs.corner)
    for column in range(columns):
        if column in marked:
            text.append(marked[column].label[0].upper(), STYLES[marked[column].tone] + " bold")
        else:
            text.append(glyphs.floor)
    text.append("\n" + " " * (margin + 1) + _x_labels(x_axis, columns) + "\n")
    text.append(_legend(chart, x_axis))
    return text


def _cells(chart: Chart, grid: Grid, ascii_only: bool) -> Cells:
    """The curves, a later over an earlier; of several each with its letter at its end."""
    cells: Cells = {}
    for number, curve in enumerate(chart.curves):
        for run in curve.runs():
            strokes = _ascii_run(run, grid, STROKES[number % len(STROKES)]) if ascii_only else _braille_run(run, grid)
            for place, stroke in strokes.items():
                under = cells.get(place, (BLANK, ""))[0]
                both = stroke if ascii_only else chr(ord(under) | ord(stroke))
                cells[place] = both, STYLES[curve.tone]
    letters: Cells = {}
    for curve in chart.curves if len(chart.curves) > 1 else ():
        for x, y in [point for run in curve.runs() for point in run][-1:]:
            row, column = grid.cell(x, y)
            while (row, column) in letters and column:
                column -= 1
            letters[row, column] = curve.label[0].upper(), f"{STYLES[curve.tone]} bold".strip()
    return cells | letters


def _braille_run(run: Sequence[tuple[Decimal, Decimal]], grid: Grid) -> dict[tuple[int, int], str]:
    """A run of points in braille, whose cells have two by four dots."""
    from plotille import Canvas  # type: ignore[import-untyped]

    wide, high = 2 * grid.columns, 4 * grid.height
    canvas = Canvas(grid.columns, grid.height, xmax=wide, ymax=high)
    points = [(int(grid.x.share(x) * (wide - 1)), int(grid.y.share(y) * (high - 1))) for x, y in run]
    for (x0, y0), (x1, y1) in pairwise([*points, points[-1]]):
        canvas.line(x0, y0, x1, y1)
    rows = str(canvas.plot()).split("\n")
    return {
        (number, column): dots for number, row in enumerate(rows) for column, dots in enumerate(row) if dots > BLANK
    }


def _ascii_run(run: Sequence[tuple[Decimal, Decimal]], grid: Grid, stroke: str) -> dict[tuple[int, int], str]:
    made = {}
    points = [(grid.x.share(x) * (grid.columns - 1), (1 - grid.y.share(y)) * (grid.height - 1)) for x, y in run]
    for (x0, y0), (x1, y1) in pairwise([*points, points[-1]]):
        steps = max(1, round(max(abs(x1 - x0), abs(y1 - y0)) * 2))
        for step in range(steps + 1):
            made[round(y0 + (y1 - y0) * step / steps), round(x0 + (x1 - x0) * step / steps)] = stroke
    return made


def _inside(x_axis: Axis, x: Decimal) -> bool:
    return x_axis.low <= x <= x_axis.high


def _column(x_axis: Axis, x: Decimal, columns: int) -> int:
    return round(x_axis.share(x) * (columns - 1))


def _x_labels(x_axis: Axis, columns: int) -> str:
    """The labels of the ticks, each centred below its place where there is room."""
    line = ""
    for tick, label in zip(x_axis.ticks, x_axis.labels(), strict=True):
        start = max(0, min(columns - len(label), round(x_axis.share(tick) * (columns - 1)) - len(label) // 2))
        if start >= len(line) + (2 if line else 0):
            line = line.ljust(start) + label
    return line


def _legend(chart: Chart, x_axis: Axis) -> Text:
    """What the letters stand for, landmarks with every value in full."""
    text = Text()
    for curve in chart.curves if len(chart.curves) > 1 else ():
        text.append(f"{curve.label[0].upper()} {curve.label}", STYLES[curve.tone])
        text.append("   ")
    by_label: dict[str, list[str]] = {}
    for landmark in chart.landmarks:
        beyond = "" if _inside(x_axis, landmark.x) else " (not on the chart)"
        by_label.setdefault(landmark.label, []).append(fixed(landmark.x, chart.x_places) + beyond)
    for label, values in by_label.items():
        text.append(f"{label[0].upper()} {label} {', '.join(values)}   ")
    text.rstrip()
    return text
