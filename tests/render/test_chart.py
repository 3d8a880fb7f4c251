"""Charts: what is drawn where, at any width, in braille or ASCII; and as an SVG that any browser takes."""

from decimal import Decimal
from io import StringIO
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from perpcalc.picture import Chart, Curve, Landmark
from perpcalc.render.axis import axis
from perpcalc.render.chart import drawn
from perpcalc.render.svg import svg

SVG = "{http://www.w3.org/2000/svg}"


def chart(title: str = "btc", landmarks: tuple[Landmark, ...] = ()) -> Chart:
    """The line from (0, 0) to (100, 100)."""
    points = [(Decimal(x), Decimal(x)) for x in range(0, 101, 5)]
    return Chart(title, "price (USD)", "equity (BTC)", [Curve("equity", points)], landmarks, 1)


MARKED = (
    Landmark("mark", Decimal(50)),
    Landmark("entry", Decimal("62.5"), "accent"),
    Landmark("liquidation", Decimal(25), "danger"),
    Landmark("liquidation", Decimal(400), "danger"),
)


def lines(text: Text) -> list[str]:
    return text.plain.split("\n")


def printed(text: Text, **terminal: object) -> str:
    out = StringIO()
    Console(file=out, width=200, **terminal).print(text, soft_wrap=True)  # type: ignore[arg-type]
    return out.getvalue()


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("width", [40, 80, 200, 1000])
def test_no_line_of_the_picture_is_wider_than_the_terminal(width: int, ascii_only: bool) -> None:
    *picture, legend = lines(drawn(chart(landmarks=MARKED), width, ascii_only))
    assert max(map(len, picture)) <= width
    assert "liquidation 25.0, 400.0 (not on the chart)" in legend


def test_a_terminal_too_narrow_for_a_chart_gets_the_narrowest_there_is() -> None:
    assert max(map(len, lines(drawn(chart(), 1))[1:-2])) == 25


def test_a_wide_terminal_gets_a_larger_picture() -> None:
    assert len(lines(drawn(chart(), 200))) > len(lines(drawn(chart(), 80)))


def test_the_ascii_curve_goes_from_corner_to_corner() -> None:
    _, *rows = lines(drawn(chart(), 80, ascii_only=True))
    assert rows[0].endswith("*")
    assert rows[11].startswith("   0+*")
    assert all("*" in row for row in rows[:12])
    assert "".join(rows).isascii()


def test_the_braille_curve_goes_from_corner_to_corner() -> None:
    _, *rows = lines(drawn(chart(), 80))
    assert "\u2800" < rows[0][-1] <= "\u28ff"
    assert "\u2800" < rows[11][5] <= "\u28ff"


@pytest.mark.parametrize("ascii_only", [False, True])
def test_landmarks_stand_by_their_letter_where_they_are(ascii_only: bool) -> None:
    rows = lines(drawn(chart(landmarks=MARKED), 80, ascii_only))
    floor = next(row for row in rows if row.strip().startswith("+-" if ascii_only else "└"))
    columns = len(floor) - 4
    for letter, share in (("M", 0.5), ("E", 0.625), ("L", 0.25)):
        assert abs(floor.index(letter) - 4 - share * columns) <= 1
    assert floor.count("L") == 1
    dash = ":" if ascii_only else "┊"
    assert rows[1].count(dash) == 3


def test_the_legend_says_each_value_in_full() -> None:
    assert lines(drawn(chart(landmarks=MARKED[:3]), 80))[-1] == "M mark 50.0   E entry 62.5   L liquidation 25.0"


def test_landmarks_are_told_apart_by_colour_and_without_it_by_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    text = drawn(chart(landmarks=MARKED), 80)
    monkeypatch.setenv("TERM", "xterm-256color")
    coloured = printed(text, force_terminal=True)
    assert "\x1b[31m┊" in coloured
    assert "\x1b" not in printed(text)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in printed(text, force_terminal=True)


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "NO_COLOR"])
def test_the_curve_has_no_codes_of_its_own(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "1")
    assert "\x1b" not in drawn(chart(), 80).plain


def test_a_name_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in drawn(chart("a\x1b[31mb"), 80).plain


@pytest.mark.parametrize("points", [[(1, 5), (2, 5)], [(1, 0), (2, 0)], [(3, 1), (3, 1)]])
def test_a_flat_line_and_a_single_place_are_drawn(points: list[tuple[int, int]]) -> None:
    flat = chart()._replace(curves=[Curve("equity", [(Decimal(x), Decimal(y)) for x, y in points])])
    assert any("*" in row for row in lines(drawn(flat, 80, ascii_only=True)))
    assert any("\u2800" < character <= "\u28ff" for character in drawn(flat, 80).plain)
    ElementTree.fromstring(svg([flat]))


values = st.decimals("-1000000", "1000000", places=6)


@given(st.lists(values, min_size=1, max_size=6), st.integers(2, 12), st.booleans())
def test_ticks_are_round_ascending_few_and_on_the_axis(shown: list[Decimal], most: int, to_ticks: bool) -> None:
    made = axis(shown, most, to_ticks=to_ticks)
    assert made.low <= min(shown)
    assert max(shown) <= made.high
    assert list(made.ticks) == sorted(set(made.ticks))
    assert len(made.ticks) <= most + 1
    assert all(made.low <= tick <= made.high for tick in made.ticks)
    gaps = {b - a for a, b in zip(made.ticks, made.ticks[1:], strict=False)}
    assert len(gaps) <= 1
    assert all(gap.normalize().as_tuple().digits in ((1,), (2,), (2, 5), (5,)) for gap in gaps)
    assert len(set(made.labels())) == len(made.ticks)


def test_the_svg_is_well_formed_and_holds_a_panel_for_each_chart() -> None:
    root = ElementTree.fromstring(svg([chart("one", MARKED), chart("two")]))
    assert root.tag == f"{SVG}svg"
    assert len(root.findall(f"{SVG}g")) == 2
    assert [curve.get("class") for curve in root.iter(f"{SVG}polyline")] == ["curve", "curve"]
    assert float(root.get("viewBox", "").split()[3]) == 2 * float(
        ElementTree.fromstring(svg([chart()])).get("viewBox", "").split()[3]
    )


def test_names_in_the_svg_are_text_and_nothing_else() -> None:
    evil = '</text><script>alert(1)</script> & "quoted" \x1b[31m \x00 \u202e'
    root = ElementTree.fromstring(svg([chart(evil)]))
    assert not list(root.iter(f"{SVG}script"))
    titles = [element.text or "" for element in root.iter(f"{SVG}text") if element.get("class") == "title"]
    assert titles == ['</text><script>alert(1)</script> & "quoted" \\x1b[31m \\x00 \\u202e']


def test_the_svg_needs_nothing_from_elsewhere_and_adapts_to_a_dark_page() -> None:
    picture = svg([chart("one", MARKED)])
    assert picture.count("http") == 1  # the name of the SVG format itself
    assert "prefers-color-scheme: dark" in picture
    assert picture.isascii()


def test_landmarks_are_drawn_where_they_are_and_only_on_the_chart() -> None:
    root = ElementTree.fromstring(svg([chart("one", MARKED)]))
    axis_line = next(line for line in root.iter(f"{SVG}line") if line.get("class") == "axis")
    left, right = float(axis_line.get("x1", "")), float(axis_line.get("x2", ""))
    found = {
        line.get("class"): float(line.get("x1", ""))
        for line in root.iter(f"{SVG}line")
        if line.get("class") in ("plain", "accent", "danger")
    }
    assert found == {
        "plain": pytest.approx(left + (right - left) * 0.5, abs=0.01),
        "accent": pytest.approx(left + (right - left) * 0.625, abs=0.01),
        "danger": pytest.approx(left + (right - left) * 0.25, abs=0.01),
    }
    assert any("400.0 (beyond)" in (text.text or "") for text in root.iter(f"{SVG}text"))


@given(st.text(max_size=40))
def test_any_name_makes_well_formed_xml(name: str) -> None:
    ElementTree.fromstring(svg([chart(name)]))


def test_what_is_always_zero_is_drawn_on_the_floor() -> None:
    nothing = chart()._replace(curves=[Curve("equity", [(Decimal(x), Decimal(0)) for x in (1, 2, 3)])])
    rows = lines(drawn(nothing, 80, ascii_only=True))
    assert rows[12].strip().startswith("0.00+****")


# Several curves


def several(from_zero: bool = False) -> Chart:
    """A line up, one down with a gap, and one that is level."""
    xs = [Decimal(x) for x in range(1, 6)]
    curves = [
        Curve("up", [(x, 100 + x) for x in xs], "accent"),
        Curve("down", [(x, None if x == 3 else 106 - x) for x in xs], "danger"),
        Curve("level", [(x, Decimal(103)) for x in xs], "plain"),
    ]
    return Chart("plan", "step", "price (USD)", curves, x_places=0, from_zero=from_zero)


@pytest.mark.parametrize("ascii_only", [False, True])
def test_each_of_several_curves_has_its_letter_at_its_end(ascii_only: bool) -> None:
    rows = lines(drawn(several(), 80, ascii_only))
    assert rows[-1] == "U up   D down   L level"
    ends = {letter: next(number for number, row in enumerate(rows[1:13]) if row.endswith(letter)) for letter in "UDL"}
    assert ends["U"] < ends["L"] < ends["D"] == 11


def test_one_curve_needs_no_letter() -> None:
    assert lines(drawn(chart(), 80))[-1] == ""


def test_several_curves_are_told_apart_without_colour_in_ascii() -> None:
    picture = "\n".join(lines(drawn(several(), 80, ascii_only=True))[1:13])
    assert all(stroke in picture for stroke in "*+o")


def test_curves_share_the_dots_of_a_cell() -> None:
    xs = (Decimal(0), Decimal(1))
    crossing = [Curve("up", [(x, x) for x in xs]), Curve("down", [(x, 1 - x) for x in xs])]
    alone = [lines(drawn(chart()._replace(curves=[one]), 80)) for one in crossing]
    both = lines(drawn(chart()._replace(curves=crossing), 80))
    assert both[-1] == "U up   D down"
    for row in range(1, 13):
        for column in range(6, 79):
            dots = [ord(text[row][column]) - 0x2800 if text[row][column] > "\u2800" else 0 for text in alone]
            if both[row][column] > "\u2800":
                assert ord(both[row][column]) - 0x2800 == dots[0] | dots[1]


def test_a_gap_is_not_drawn_over() -> None:
    whole = several().curves[1]._replace(points=[(Decimal(x), 106 - Decimal(x)) for x in range(1, 6)])
    gap, closed = (
        sum(character > "\u2800" for character in drawn(several()._replace(curves=[one]), 80).plain)
        for one in (several().curves[1], whole)
    )
    assert gap < closed


def test_a_curve_of_nothing_is_an_empty_chart() -> None:
    empty = several()._replace(curves=[Curve("up", [(Decimal(1), None), (Decimal(2), None)])])
    assert "price (USD) against step" in drawn(empty, 80).plain
    ElementTree.fromstring(svg([empty]))


def test_what_does_not_start_at_zero_uses_the_whole_height() -> None:
    assert lines(drawn(several(), 80))[12].split("┤")[0].strip() == "101"
    assert lines(drawn(several(from_zero=True), 80))[12].split("┤")[0].strip() == "0"


def test_ticks_are_no_finer_than_people_see() -> None:
    assert lines(drawn(several(), 200))[-2].split() == ["1", "2", "3", "4", "5"]


def test_the_label_of_a_tick_is_centred_below_its_place() -> None:
    *_, floor, labels, _ = lines(drawn(chart(landmarks=MARKED[:1]), 80))
    left = floor.index("└") + 1
    places = [left + round((len(floor) - left - 1) * share / 100) - 1 for share in (20, 40, 60, 80)]
    assert [labels.index(tick) for tick in ("20", "40", "60", "80")] == places
    assert labels.endswith("100")


def test_what_never_changes_is_drawn_in_the_middle() -> None:
    flat = chart()._replace(from_zero=False, curves=[Curve("equity", [(Decimal(x), Decimal(100)) for x in (1, 2, 3)])])
    rows = lines(drawn(flat, 80))
    assert rows[1].split("┤")[0].strip() == "110"
    assert rows[12].split("┤")[0].strip() == "90"


def test_ticks_are_as_fine_as_people_see() -> None:
    near = chart()._replace(
        x_places=2, curves=[Curve("equity", [(1 + Decimal(x) / 100, Decimal(x)) for x in range(6)])]
    )
    assert "1.02" in lines(drawn(near, 80))[-2].split()


def test_a_legend_begins_on_its_first_line_and_goes_on_where_it_is_full() -> None:
    long = Landmark("a" * 120, Decimal(50), "plain")
    root = ElementTree.fromstring(svg([chart("one", (long, long))]))
    rows = [float(text.get("y", "")) for text in root.iter(f"{SVG}text") if "aaa" in (text.text or "")]
    assert rows == [rows[0], rows[0] + 16]
    alone = ElementTree.fromstring(svg([chart("one", (long._replace(label="a"),))]))
    assert rows[0] in [float(text.get("y", "")) for text in alone.iter(f"{SVG}text") if text.text == "A a 50.0"]


def test_several_curves_in_a_picture_have_a_line_for_each_run_and_a_legend() -> None:
    root = ElementTree.fromstring(svg([several()]))
    assert [line.get("class") for line in root.iter(f"{SVG}polyline")] == ["accent", "danger", "danger", "plain"]
    assert not list(root.iter(f"{SVG}polygon"))
    legend = {
        text.text: text.get("class")
        for text in root.iter(f"{SVG}text")
        if text.get("class") in ("accent", "danger", "plain")
    }
    assert legend == {"up": "accent", "down": "danger", "level": "plain"}


def test_the_ticks_of_a_picture_are_as_fine_as_its_prices() -> None:
    points = [(Decimal(x) / 4, Decimal(x)) for x in range(9)]
    (fine, coarse) = (
        svg([Chart("near", "price (USD)", "equity (BTC)", [Curve("equity", points)], (), places)]) for places in (1, 0)
    )
    assert ">0.5<" in fine
    assert ">0.5<" not in coarse


IN_ASCII = """
two: price (USD) against step
 100+             :                          :
    |++           :                         DU
    |  ++++       :                       *++:
  75+      ++++   :                     *++  :
    |          ++++                  **++    :
    |             :++++            **++      :
  50+             :    +++++    **+++        :
    |             :        ++++++++          :
  25+             :     *****  ++            :
    |             : *****                    :
    |      **********                        :
   0+*******      :                          :
    +-------------E--------------------------M
     0           10            20           30
U up   D down   E entry 10   M mark 30   O out 40 (not on the chart)
"""
IN_BRAILLE = """
two: price (USD) against step
 100┤             ┊                          ┊
    │⠢⢄⡀          ┊                         DU
    │  ⠈⠑⠢⢄⡀      ┊                       ⣠⠖⠁┊
  75┤      ⠈⠑⠢⢄⡀  ┊                     ⣠⠞⠁  ┊
    │          ⠈⠑⠢⢄                  ⢀⠔⡞⠁    ┊
    │             ┊⠉⠒⠤⣀            ⢀⠔⡡⠊      ┊
  50┤             ┊    ⠉⠒⠤⣀      ⡠⠒⡡⠊        ┊
    │             ┊        ⠉⠒⠤⣀⠤⠊⡠⠊          ┊
  25┤             ┊       ⣀⠤⠒⠉ ⠉⠊            ┊
    │             ┊   ⣀⠤⠒⠉                   ┊
    │            ⣀⣀⠤⠒⠉                       ┊
   0┤⣀⣀⠤⠤⠤⠔⠒⠒⠊⠉⠉⠉ ┊                          ┊
    └─────────────E──────────────────────────M
     0           10            20           30
U up   D down   E entry 10   M mark 30   O out 40 (not on the chart)
"""


@pytest.mark.parametrize(("ascii_only", "picture"), [(True, IN_ASCII), (False, IN_BRAILLE)])
def test_every_stroke_is_where_it_belongs(ascii_only: bool, picture: str) -> None:
    rising = [(Decimal(x), Decimal(x * x) / 10) for x in (0, 10, 20, 30)]
    falling = [(Decimal(x), Decimal(y)) for x, y in ((0, 90), (10, 60), (20, 30), (30, 90))]
    landmarks = (Landmark("entry", Decimal(10)), Landmark("mark", Decimal(30)), Landmark("out", Decimal(40)))
    made = Chart("two", "step", "price (USD)", [Curve("up", rising), Curve("down", falling)], landmarks, 0)
    assert [row.rstrip() for row in lines(drawn(made, 46, ascii_only))] == picture.strip().split("\n")


def test_a_terminal_of_120_columns_is_wide() -> None:
    assert [len(lines(drawn(chart(), width))) for width in (119, 120)] == [16, 24]


def test_what_has_one_value_lies_in_the_middle_of_a_tenth_to_each_side() -> None:
    assert axis([Decimal(50)], 5)[:2] == (45, 55)
    assert axis([Decimal(0)], 5)[:2] == (0, 1)


def test_a_single_place_is_a_point_in_the_picture() -> None:
    alone = several()._replace(curves=[Curve("up", [(Decimal(1), Decimal(5))])], from_zero=False)
    (line,) = ElementTree.fromstring(svg([alone])).iter(f"{SVG}polyline")
    first, second = line.get("points", "").split()
    assert first == second
    pair = several()._replace(curves=[Curve("up", [(Decimal(1), Decimal(5)), (Decimal(2), Decimal(6))])])
    (line,) = ElementTree.fromstring(svg([pair])).iter(f"{SVG}polyline")
    assert len(line.get("points", "").split()) == 2


def test_letters_of_the_picture_stand_beside_each_other_where_there_is_room() -> None:
    points = [(Decimal(0), Decimal(0)), (Decimal(646), Decimal(646))]
    rows = []
    for second in (115, 116):  # units of the picture
        marks = (Landmark("entry", Decimal(100)), Landmark("mark", Decimal(second)))
        root = ElementTree.fromstring(svg([Chart("one", "x", "y", [Curve("y", points)], marks, 0)]))
        letters = {text.text: float(text.get("y", "")) for text in root.iter(f"{SVG}text")}
        rows.append(letters["M"] - letters["E"])
    assert rows == [14, 0]


def test_two_labels_stand_two_places_apart_where_there_is_no_more_room() -> None:
    points = [(Decimal(x), Decimal(x) / 10_000) for x in (0, 100_000)]
    made = Chart("one", "price (USD)", "equity (BTC)", [Curve("equity", points)], (), 0)
    assert lines(drawn(made, 118))[-2].endswith("  90,000  100,000")


def test_a_curve_in_ascii_ends_at_its_last_place() -> None:
    points = [(Decimal(x), Decimal(5) if x < 12 else None) for x in range(32)]
    made = Chart("one", "step", "price (USD)", [Curve("price", points)], (), 0)
    (row,) = (row for row in lines(drawn(made, 35, ascii_only=True)) if "*" in row)
    assert row.rstrip().endswith("|" + "*" * 12)


def test_a_level_in_braille_is_at_the_dot_of_its_height() -> None:
    level = [(Decimal(x), Decimal(9)) for x in range(9)]  # the eighth dot of 48, of an axis up to 60
    made = Chart("one", "step", "price (USD)", [Curve("price", [*level, (Decimal(9), Decimal(50))])], (), 0)
    assert lines(drawn(made, 80))[11].partition("│")[2].startswith("\u2809" * 50)


@pytest.mark.parametrize(("place", "half"), [("0.55", "\u2847"), ("0.8", "\u28b8")])
def test_a_drop_in_braille_is_at_the_dot_of_its_place(place: str, half: str) -> None:
    drop = [(Decimal(x), Decimal(y)) for x, y in (("0", 60), (place, 60), (place, 0), ("100", 0))]
    made = Chart("one", "step", "price (USD)", [Curve("price", drop)], (), 0)
    rows = [row.partition("│")[2] for row in lines(drawn(made, 80)) if "│" in row]
    assert {row.strip() for row in rows} == {half}


def test_a_picture_is_called_by_its_first_charts() -> None:
    root = ElementTree.fromstring(svg([chart(name) for name in ("one", "two", "three", "four")]))
    assert root.findtext(f"{SVG}title") == "one; two; three"
