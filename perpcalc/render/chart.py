"""A chart in the terminal: a braille curve, or one of ASCII characters where braille cannot be shown."""

from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from rich.text import Text

from perpcalc.decimals import ZERO, fixed
from perpcalc.picture import Chart
from perpcalc.render.axis import Axis, axis
from perpcalc.render.text import printable

STYLES = {"plain": "", "accent": "blue", "danger": "red"}
BLANK = "\u2800"
LEAST_WIDTH, MOST_WIDTH = 20, 240


class Glyphs(NamedTuple):
    """The characters that axes and landmarks are drawn with."""

    side: str
    tick: str
    corner: str
    floor: str
    landmark: str


UNICODE = Glyphs("│", "┤", "└", "─", "┊")
ASCII = Glyphs("|", "+", "+", "-", ":")


def drawn(chart: Chart, width: int, ascii_only: bool = False) -> Text:
    """The chart as text of at most so many columns: title, curve over its axes, landmarks by letter, and what they stand for."""
    glyphs = ASCII if ascii_only else UNICODE
    height = 12 if width < 120 else 20
    y_axis = axis([ZERO, *(y for _, y in chart.points)], 5 if height < 20 else 7, to_ticks=True)
    labels = y_axis.labels()
    margin = max(map(len, labels)) + 1
    columns = max(LEAST_WIDTH, min(width, MOST_WIDTH) - margin - 1)
    x_axis = axis([x for x, _ in chart.points], max(2, columns // 10))
    curve = _ascii_curve if ascii_only else _braille_curve
    rows = curve(chart, x_axis, y_axis, columns, height)
    ticks = zip(y_axis.ticks, labels, strict=True)
    tick_rows = {round((1 - y_axis.share(tick)) * (height - 1)): label for tick, label in ticks}
    visible = [landmark for landmark in chart.landmarks if _inside(x_axis, landmark.x)]
    marked = {_column(x_axis, landmark.x, columns): landmark for landmark in visible}

    text = Text(printable(f"{chart.title}: {chart.y_label} against {chart.x_label}") + "\n")
    for number, row in enumerate(rows):
        label = tick_rows.get(number, "")
        text.append(label.rjust(margin) + (glyphs.tick if label else glyphs.side))
        for column, character in enumerate(row):
            if character in (" ", BLANK) and column in marked:
                text.append(glyphs.landmark, STYLES[marked[column].tone])
            else:
                text.append(" " if character == BLANK else character, "cyan")
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


def _braille_curve(chart: Chart, x_axis: Axis, y_axis: Axis, columns: int, height: int) -> list[str]:
    from plotille import Canvas  # type: ignore[import-untyped]

    wide, high = 2 * columns, 4 * height  # a cell of braille has two by four dots
    canvas = Canvas(columns, height, xmax=wide, ymax=high)
    points = [(int(x_axis.share(x) * (wide - 1)), int(y_axis.share(y) * (high - 1))) for x, y in chart.points]
    for (x0, y0), (x1, y1) in pairwise(points):
        canvas.line(x0, y0, x1, y1)
    return str(canvas.plot()).split("\n")


def _ascii_curve(chart: Chart, x_axis: Axis, y_axis: Axis, columns: int, height: int) -> list[str]:
    cells = [[" "] * columns for _ in range(height)]
    points = [(x_axis.share(x) * (columns - 1), (1 - y_axis.share(y)) * (height - 1)) for x, y in chart.points]
    for (x0, y0), (x1, y1) in pairwise(points):
        steps = max(1, round(max(abs(x1 - x0), abs(y1 - y0)) * 2))
        for step in range(steps + 1):
            cells[round(y0 + (y1 - y0) * step / steps)][round(x0 + (x1 - x0) * step / steps)] = "*"
    return ["".join(row) for row in cells]


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
    """What the letters stand for, with every value in full."""
    text = Text()
    by_label: dict[str, list[str]] = {}
    for landmark in chart.landmarks:
        beyond = "" if _inside(x_axis, landmark.x) else " (not on the chart)"
        by_label.setdefault(landmark.label, []).append(fixed(landmark.x, chart.x_places) + beyond)
    for label, values in by_label.items():
        text.append(f"{label[0].upper()} {label} {', '.join(values)}   ")
    text.rstrip()
    return text
