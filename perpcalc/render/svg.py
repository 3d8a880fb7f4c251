"""Charts as one SVG picture, for a browser or a README: no script, no font or style from elsewhere, light and dark."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from xml.sax.saxutils import escape

from perpcalc.decimals import ONE, ZERO, fixed
from perpcalc.errors import printable
from perpcalc.picture import Chart, Landmark
from perpcalc.render.axis import Axis, axis

WIDTH, HEIGHT = 760, 340
LEFT, RIGHT, TOP, BOTTOM = 76, 38, 62, 74
LETTER = Decimal("6.4")
STYLE = """
  .card { fill: #ffffff; stroke: #d0d7de }
  text { font: 12px ui-sans-serif, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #57606a }
  .title { font-size: 15px; font-weight: 600; fill: #24292f }
  .grid { stroke: #d8dee4; stroke-width: 1 }
  .axis { stroke: #8c959f; stroke-width: 1 }
  .area { fill: #0969da; fill-opacity: .08 }
  .curve { stroke: #0969da; fill: #0969da }
  .plain { stroke: #57606a; fill: #57606a }
  .accent { stroke: #8250df; fill: #8250df }
  .danger { stroke: #cf222e; fill: #cf222e }
  line.plain, line.accent, line.danger { stroke-width: 1.25; stroke-dasharray: 4 3 }
  polyline.curve, polyline.plain, polyline.accent, polyline.danger {
    fill: none; stroke-width: 2.25; stroke-linejoin: round
  }
  text.curve, text.plain, text.accent, text.danger { stroke: none }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #30363d }
    text { fill: #9198a1 }
    .title { fill: #e6edf3 }
    .grid { stroke: #21262d }
    .axis { stroke: #6e7681 }
    .area { fill: #58a6ff }
    .curve { stroke: #58a6ff; fill: #58a6ff }
    .plain { stroke: #9198a1; fill: #9198a1 }
    .accent { stroke: #bc8cff; fill: #bc8cff }
    .danger { stroke: #ff7b72; fill: #ff7b72 }
    polyline.curve, polyline.plain, polyline.accent, polyline.danger { fill: none }
    text.curve, text.plain, text.accent, text.danger { stroke: none }
  }
"""


def svg(charts: Sequence[Chart]) -> str:
    """The picture: one panel per chart, below each other."""
    height = HEIGHT * len(charts)
    panels = "".join(
        f'<g transform="translate(0 {HEIGHT * number})">\n{_panel(chart)}</g>\n' for number, chart in enumerate(charts)
    )
    title = escape(printable("; ".join(chart.title for chart in charts[:3])))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        f' role="img">\n<title>{title}</title>\n<style>{STYLE}</style>\n{panels}</svg>\n'
    )


def _panel(chart: Chart) -> str:
    x_axis = axis(chart.xs, 8, finest=ONE.scaleb(-chart.x_places))
    y_axis = axis(chart.ys, 6, to_ticks=True)
    floor = _y(y_axis, y_axis.low)
    first, last = _x(x_axis, x_axis.low), _x(x_axis, x_axis.high)
    parts = [
        f'<rect class="card" x="4.5" y="4.5" width="{WIDTH - 9}" height="{HEIGHT - 9}" rx="8"/>',
        _text(20, 30, chart.title, "title"),
        _text(20, 48, f"{chart.y_label} against {chart.x_label}"),
    ]
    for tick, label in zip(y_axis.ticks, y_axis.labels(), strict=True):
        y = _y(y_axis, tick)
        parts.append(f'<line class="grid" x1="{first}" x2="{last}" y1="{y}" y2="{y}"/>')
        parts.append(_text(LEFT - 8, y + 4, label, anchor="end"))
    for tick, label in zip(x_axis.ticks, x_axis.labels(), strict=True):
        parts.append(_text(_x(x_axis, tick), floor + 18, label, anchor="middle"))
    parts.append(f'<line class="axis" x1="{first}" x2="{last}" y1="{floor}" y2="{floor}"/>')
    parts.extend(_landmark_lines(x_axis, [landmark for landmark in chart.landmarks if _inside(x_axis, landmark.x)]))
    for curve in chart.curves:
        for run in curve.runs():
            points = " ".join(f"{_x(x_axis, x)},{_y(y_axis, y)}" for x, y in [*run, *([] if len(run) > 1 else run)])
            if len(chart.curves) == 1 and chart.from_zero:
                parts.append(f'<polygon class="area" points="{first},{floor} {points} {last},{floor}"/>')
            parts.append(f'<polyline class="{curve.tone}" points="{points}"/>')
    parts.append(_legend(chart, x_axis))
    return "\n".join(part for part in parts if part) + "\n"


def _inside(x_axis: Axis, x: Decimal) -> bool:
    return x_axis.low <= x <= x_axis.high


def _x(x_axis: Axis, value: Decimal) -> Decimal:
    return round(LEFT + x_axis.share(value) * (WIDTH - LEFT - RIGHT), 2)


def _y(y_axis: Axis, value: Decimal) -> Decimal:
    return round(HEIGHT - BOTTOM - y_axis.share(value) * (HEIGHT - TOP - BOTTOM), 2)


def _text(x: Decimal | int, y: Decimal | int, text: str, kind: str = "", anchor: str = "start") -> str:
    attributes = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor != "start" else "")
    return f'<text x="{x:.2f}" y="{y:.2f}"{attributes}>{escape(printable(text))}</text>'


def _landmark_lines(x_axis: Axis, landmarks: Sequence[Landmark]) -> Iterator[str]:
    """A dashed line for each landmark with its letter beside it, lower where it would touch the one before."""
    free_from, y = ZERO, 0
    for landmark in sorted(landmarks, key=lambda landmark: landmark.x):
        x = _x(x_axis, landmark.x)
        y = TOP + 10 if x >= free_from else y + 14
        free_from = x + 16
        yield f'<line class="{landmark.tone}" x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        yield _text(x + 4, y, landmark.label[0].upper(), landmark.tone)


def _legend(chart: Chart, x_axis: Axis) -> str:
    """What the letters stand for, with the values; a line is broken where it is full."""
    x, y, parts = Decimal(LEFT), HEIGHT - 34, []
    for label, tone in _labels(chart, x_axis):
        width = LETTER * len(label) + 18
        if x > LEFT and x + width > WIDTH - RIGHT:
            x, y = Decimal(LEFT), y + 16
        parts.append(_text(x, y, label, tone))
        x += width
    return "\n".join(parts)


def _labels(chart: Chart, x_axis: Axis) -> Iterator[tuple[str, str]]:
    """What is said of each curve, where there are several, and of each landmark, and its tone."""
    for curve in chart.curves if len(chart.curves) > 1 else ():
        yield curve.label, curve.tone
    for landmark in chart.landmarks:
        beyond = "" if _inside(x_axis, landmark.x) else " (beyond)"
        yield f"{landmark.label[0].upper()} {landmark.label} {fixed(landmark.x, chart.x_places)}{beyond}", landmark.tone
