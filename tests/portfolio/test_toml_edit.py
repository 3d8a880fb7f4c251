"""Changing a TOML text in place: the values that change, the lines that go, and every other byte as it was."""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from perpcalc.portfolio.toml_edit import Document, Path, Value, key_text, written


def put(text: str, table: Path, key: str, value: Value) -> str:
    document = Document(text)
    document.put(table, key, value)
    return document.changed()


def removed(text: str, *paths: Path) -> str:
    document = Document(text)
    for path in paths:
        document.remove(path)
    return document.changed()


class TestAValue:
    @given(
        st.recursive(
            st.one_of(
                st.booleans(),
                st.integers(-(10**15), 10**15),
                st.decimals(-(10**15), 10**15, places=18),
                st.text(st.characters(codec="utf-8")),
            ),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=3),
            ),
            max_leaves=8,
        )
    )
    def test_is_read_back_as_it_was(self, value: Any) -> None:
        assert tomllib.loads(f"a = {written(value)}", parse_float=Decimal) == {"a": value}

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (Decimal("1E+3"), "1000"),
            (Decimal("1E-18"), "0.000000000000000001"),
            (Decimal("62500.50"), "62500.50"),
            (Decimal("62500.0"), "62500"),
            (Decimal("-0.5"), "-0.5"),
            (True, "true"),
            (0, "0"),
            ('é\n\x7f"\\', r'"é\n\u007f\"\\"'),
            ({"a b": 1, "": "x"}, '{ "a b" = 1, "" = "x" }'),
            ([], "[]"),
            ({}, "{}"),
            ([[Decimal(10), "98%"]], '[[10, "98%"]]'),
            ([{"a": 1}, {"a": 2}], "[\n    { a = 1 },\n    { a = 2 },\n]"),
        ],
    )
    def test_is_written_plainly(self, value: Value, text: str) -> None:
        assert written(value) == text

    @pytest.mark.parametrize(("key", "text"), [("a-B_0", "a-B_0"), ("a.b", '"a.b"'), ("é", '"é"'), ("", '""')])
    def test_has_its_key_in_quotes_only_where_it_must(self, key: str, text: str) -> None:
        assert key_text(key) == text


class TestAKeyThatIsThere:
    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ("a = {}", ("a",)),
            ("\ufeff# x\n  a\t=   {}   # a = 2\r\nb = 1", ("a",)),
            ("'a' = {}", ("a",)),
            (r'"\u0061" = {}', ("a",)),
            ("[t]\na = {}\n[u]\na = 1", ("t", "a")),
            ("t.a = {}\nt.b = 1", ("t", "a")),
            ("t . 'a' = {}", ("t", "a")),
            ("t = {{a = {}, b = 1}}", ("t", "a")),
            ("t = {{b = 1, u.a={}}}", ("t", "u", "a")),
            ("[[t]]\na = 1\n[[t]]\na = {}", ("t", 1, "a")),
            ("[[t]]\n[[t]]\n[t.u]\na = {}", ("t", 1, "u", "a")),
            ("[[t]]\n[[t.u]]\n[[t.u]]\n[[t]]\n[[ t . u ]]\na = {}", ("t", 1, "u", 0, "a")),
            ("[[t]]\na = 1\n[x]\na = 1\n[[t]]\na = {}", ("t", 1, "a")),
            ("t = [{{a = 1}}, # {{\n\n {{a = {}}}, ]", ("t", 1, "a")),
            ("t = [[1, {{a = {}}}]]", ("t", 0, 1, "a")),
            ('b = """\na = 1\n\\""""" # \'\na = {}', ("a",)),
            ("b = '''\na = 1'''\na = {}", ("a",)),
            ("b = 1979-05-27 07:32:00 # x\na = {}\nc = 07:32:00", ("a",)),
        ],
    )
    @pytest.mark.parametrize(
        "old", ["1", '"a, # ] }"', "1.5e3", "[1, [2], # ]\n 3]", "{ b = '}' }", "'''\n'''", "1979-05-27 07:32:00"]
    )
    def test_gets_a_value_and_keeps_all_else(self, text: str, path: Path, old: str) -> None:
        assert put(text.format(old), path[:-1], str(path[-1]), Decimal("2.50")) == text.format("2.50")

    def test_may_get_a_list_of_tables_in_the_line_ends_of_the_file(self) -> None:
        assert put("a = 1\r\nb = 2\r\n", (), "a", [{"c": 1}]) == "a = [\r\n    { c = 1 },\r\n]\r\nb = 2\r\n"

    def test_goes_with_its_line_and_leaves_all_else(self) -> None:
        text = "\ufeffa = 1 # x\r\n# b\r\nb = [1,\r\n2] # y\r\n\r\nc.d = 1\r\nc.e = 2\r\n[t]\r\na = 1\r\n"
        assert removed(text, ("a",)) == text.replace("a = 1 # x\r\n", "", 1)
        assert removed(text, ("b",)) == text.replace("b = [1,\r\n2] # y\r\n", "")
        assert removed(text, ("c", "d")) == text.replace("c.d = 1\r\n", "")
        assert removed(text, ("c",)) == text.replace("c.d = 1\r\nc.e = 2\r\n", "")
        assert removed(text, ("t", "a")) == text.removesuffix("a = 1\r\n")
        assert removed(text, ("x",), ("t", "b")) == text
        assert removed("a = 1\nb = 2", ("b",)) == "a = 1\n"

    @pytest.mark.parametrize(
        ("gone", "left"),
        [
            ("a", "{ b = [1, 2], c = 3 }"),
            ("b", "{ a = 1, c = 3 }"),
            ("c", "{ a = 1, b = [1, 2] }"),
            ("ab", "{ c = 3 }"),
            ("bc", "{ a = 1 }"),
            ("ac", "{ b = [1, 2] }"),
            ("abc", "{  }"),
        ],
    )
    def test_goes_out_of_braces_with_its_comma(self, gone: str, left: str) -> None:
        text = "t = { a = 1, b = [1, 2], c = 3 } # x\n"
        found = removed(text, *(("t", key) for key in gone))
        assert found == f"t = {left} # x\n"
        assert tomllib.loads(found)["t"].keys() == set("abc") - set(gone)

    @given(st.sets(st.integers(0, 3)), st.sampled_from(["[{}, {}, {}, {}]", "[ {} ,{} , {},{}, ]", "[\n  {},\n  {}, # x\n\n  # y\n  {},\n  {}\n]", "[{}, # x\n  {}, {},\n  {},\n]", "[\n {}\n, {}\n, {}\n, {}\n]"]))  # fmt: skip
    def test_goes_out_of_brackets_and_the_others_stay_as_they_are(self, gone: set[int], layout: str) -> None:
        elements = [f"{{n = {number}}}" for number in range(4)]
        text = "a = 1\nt = " + layout.replace("{}", "%s") % tuple(elements) + " # z\nb = 1\n"
        found = removed(text, *(("t", number) for number in gone))
        assert tomllib.loads(found)["t"] == [{"n": number} for number in range(4) if number not in gone]
        assert found.startswith("a = 1\nt = [")
        assert found.endswith("] # z\nb = 1\n")
        assert [line for line in found.splitlines() if line.lstrip().startswith("#")] == [
            line for line in text.splitlines() if line.lstrip().startswith("#")
        ]

    def test_of_a_line_of_its_own_takes_the_line(self) -> None:
        text = "t = [\n    { n = 0 },\n    { n = 1 },  # one\n    # two\n    { n = 2 }  # last\n]\n"
        assert removed(text, ("t", 1)) == text.replace("    { n = 1 },  # one\n", "")
        assert removed(text, ("t", 2)) == text.replace("    { n = 2 }  # last\n", "")
        assert removed("t = [{ n = 0 }, { n = 1 }]", ("t", 1)) == "t = [{ n = 0 }]"
        assert removed("t = [{ n = 0 }, { n = 1 }]", ("t", 0)) == "t = [{ n = 1 }]"
        assert removed("t = [{ n = 0 }, # x\n { n = 1 }]", ("t", 1)) == "t = [{ n = 0 }, # x\n ]"
        assert removed("t = [ { n = 0 } ]", ("t", 0)) == "t = [  ]"


class TestAKeyThatIsNotThere:
    @pytest.mark.parametrize(
        ("text", "table", "after"),
        [
            ("[t]\na = 1 # x\n# y\n", ("t",), "[t]\na = 1 # x\nk = 2\n# y\n"),
            ("[t]\n\t a = [1,\n2]\n\n[u]\n", ("t",), "[t]\n\t a = [1,\n2]\n\t k = 2\n\n[u]\n"),
            ("[t]\r\na = 1\r\n", ("t",), "[t]\r\na = 1\r\nk = 2\r\n"),
            ("[t]\na = 1\n[u]\r\n", ("t",), "[t]\na = 1\nk = 2\n[u]\r\n"),
            ("[t]\na = 1", ("t",), "[t]\na = 1\nk = 2"),
            ("[u]\r\n[t]\na = 1", ("t",), "[u]\r\n[t]\na = 1\r\nk = 2"),
            ("[t] # x\n# y\n[u]\na = 1\n", ("t",), "[t] # x\nk = 2\n# y\n[u]\na = 1\n"),
            ("\ufeff[t]\n", ("t",), "\ufeff[t]\nk = 2\n"),
            ("\ufeff  t.a = 1\n[u]\nb = 1\n", ("t",), "\ufeff  t.a = 1\n  t.k = 2\n[u]\nb = 1\n"),
            ("[v]\nt.a.x = 1\nt.b = 1\nc = 1\n", ("v", "t"), "[v]\nt.a.x = 1\nt.b = 1\nt.k = 2\nc = 1\n"),
            ("t = { a = 1 } # x\n", ("t",), "t = { a = 1, k = 2 } # x\n"),
            ("t = {a = {b = 1}}", ("t",), "t = {a = {b = 1}, k = 2}"),
            ("t = {}\n", ("t",), "t = { k = 2}\n"),
            ("[[t]]\na = 1\n[[t]]\na = 1\n[x]\n", ("t", 0), "[[t]]\na = 1\nk = 2\n[[t]]\na = 1\n[x]\n"),
            (
                "[[t]]\na = 1\n[[t.f]]\nb = 1\n[[t]]\na = 1\n",
                ("t", 0),
                "[[t]]\na = 1\nk = 2\n[[t.f]]\nb = 1\n[[t]]\na = 1\n",
            ),
            ("t = [{a = 1}, {a = 2}]", ("t", 0), "t = [{a = 1, k = 2}, {a = 2}]"),
        ],
    )
    def test_comes_after_the_last_of_its_table(self, text: str, table: Path, after: str) -> None:
        assert put(text, table, "k", 2) == after
        assert tomllib.loads(after.removeprefix("\ufeff"))

    def test_in_quotes_where_it_must(self) -> None:
        assert put("[t]\na = 1\n", ("t",), "k k", 2) == '[t]\na = 1\n"k k" = 2\n'
        assert put("'t t'.a = 1\n", ("t t",), "k", 2) == "'t t'.a = 1\n\"t t\".k = 2\n"

    def test_in_place_of_tables_and_dotted_keys_of_its_name(self) -> None:
        text = "[[t]]\na = 1\n[[t.k]]\nb = 1\n[[t.k]]\nb = 2\n[u]\n"
        assert put(text, ("t", 0), "k", 2) == "[[t]]\na = 1\nk = 2\n[u]\n"
        assert put("[t]\nk.b = 1\na = 1\nk.c = 1\n", ("t",), "k", 2) == "[t]\na = 1\nk = 2\n"

    def test_several_come_in_their_order(self) -> None:
        document = Document("[t]\na = 1\nb = 2\n")
        document.remove(("t", "b"))
        document.put(("t",), "c", 3)
        document.put(("t",), "d", 4)
        assert document.changed() == "[t]\na = 1\nc = 3\nd = 4\n"

    @pytest.mark.parametrize("text", ["a = ", "= 1", "[a", "a = [", "a = {b"])
    def test_needs_a_text_that_is_toml(self, text: str) -> None:
        with pytest.raises((LookupError, ValueError)):
            Document(text)

    def test_needs_its_table(self) -> None:
        with pytest.raises(KeyError):
            put("a = 1\n[u]\n[t.v]\nb = 1", ("t", "x"), "k", 2)


class TestATableThatGoes:
    def test_takes_the_comments_that_touch_it_and_the_blank_line_above(self) -> None:
        before, after = "# the file\na = 1\n# of a\n\n", "\n# free\n\n# of c\n[c]\n"
        gone = "\n  # of b, above\n# too\n [[b]] # x\n# inside\n\nd = 1\n\n# inside\ne = '''\n# no comment'''\n# of b, below\n"
        assert removed(before + gone + after, ("b", 0)) == before + after

    @pytest.mark.parametrize(
        ("text", "left"),
        [
            ("# the file\n[[b]]\na = 1\n", "# the file\n"),  # a comment that opens the file is about the file
            ("\ufeff# the file\n[[b]]\na = 1\n", "\ufeff# the file\n"),
            ("\ufeff[[b]]\na = 1\n[c]\n", "\ufeff[c]\n"),
            ("[[b]]\na = 1", ""),
            ("\n[[b]]\na = 1\n[c]\n", "[c]\n"),
            ("\ufeff\n# of b\n[[b]]\n[c]\n", "\ufeff[c]\n"),
            ("[c]\n[[b]]\n", "[c]\n"),
            ("[c]\n\n[[b]]\n\n", "[c]\n\n"),
            ("[[b]]\na = 1\n# of c\n[c]\n", "# of c\n[c]\n"),  # a comment that touches both is the header's below it
            ("[c]\nd = 1\n# of b\n[[b]]\na = 1\n", "[c]\nd = 1\n"),
            ("[c]\nd = '''\n# '''\n[[b]]\n", "[c]\nd = '''\n# '''\n"),
            ("[[b]]\na = 1\n# last", ""),
            ("[[b]]\n[[b.c]]\n[x]\n[[b.d]]\n[b.e]\n[y]\n", "[x]\n[y]\n"),
            ("[[b]]\r\na = 1\r\n\r\n[c]\r\n", "\r\n[c]\r\n"),
        ],
    )  # fmt: skip
    def test_and_nothing_else(self, text: str, left: str) -> None:
        assert removed(text, ("b", 0)) == left

    @pytest.mark.parametrize(
        ("text", "path", "left"),
        [
            ("\nx = 1\n", ("x",), "\n"),
            ("\n\n[[a]]\n", ("a", 0), "\n"),
            ("\n[[a]]\n", ("a", 0), ""),
        ],
    )
    def test_at_the_start_of_a_file_that_begins_with_a_blank_line(self, text: str, path: Path, left: str) -> None:
        assert removed(text, path) == left

    def test_beside_others_of_its_list(self) -> None:
        text = "[[b]]\na = 0\n\n[x]\n\n# one\n[[b]]\na = 1\n\n[[b]]\na = 2\n"
        assert removed(text, ("b", 1)) == "[[b]]\na = 0\n\n[x]\n\n[[b]]\na = 2\n"
        assert removed(text, ("b", 0), ("b", 2)) == "\n[x]\n\n# one\n[[b]]\na = 1\n"

    def test_takes_with_it_what_was_to_change_in_it(self) -> None:
        document = Document("[[b]]\na = 0\n[[b]]\na = 1\n")
        document.put(("b", 0), "a", 5)
        document.remove(("b", 0))
        assert document.changed() == "[[b]]\na = 1\n"


def leaves(node: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """What tables and lists hold in the end, with its place."""
    if isinstance(node, dict | list):
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
            yield from leaves(inner, (*path, key))
    else:
        yield path, node


class Layout(NamedTuple):
    """A text in pieces: which table of the list `t` a piece belongs to, and of which key it is the value."""

    pieces: list[tuple[str, int | None, str | None]]
    tables: int
    end: str

    def text(
        self, values: Mapping[tuple[int | None, str | None], str] = MappingProxyType({}), gone: Collection[int] = ()
    ) -> str:
        """The pieces together, some values replaced, some tables left out."""
        kept = [(text, owner, key) for text, owner, key in self.pieces if owner not in gone]
        return "".join(values.get((owner, key), text) if key else text for text, owner, key in kept)


VALUES = ["1", "-0.5", "'x'", '"# ]"', "[1, 2]", "[\n  1, # ]\n]", "{ y = '}' }", "'''\n# x\n'''", "true", "1979-05-27"]
COMMENT = st.sampled_from(["# x", "  # [[t]]", "#", "# a = 1 \u00e9"])
KEYS = ["a", "'b b'", '"c"', "d-1"]
NAMES = {"a": "a", "'b b'": "b b", '"c"': "c", "d-1": "d-1"}


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """A text with a list of tables `t` as people lay it out, split by other tables."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    pieces: list[tuple[str, int | None, str | None]] = [(draw(st.sampled_from(["", "\ufeff"])), None, None)]

    def add(text: str, owner: int | None = None, key: str | None = None) -> None:
        pieces.append((text.replace("\n", end), owner, key))

    def comments(owner: int | None) -> None:
        for comment in draw(st.lists(COMMENT, max_size=2)):
            add(comment + "\n", owner)

    start = draw(st.sampled_from(["", "# the file\n", "x = 1\n", "x = 1 # y\n", "[o]\nt = 1\n"]))
    add(start)
    touched = start.startswith("#")  # by a comment that is not of the next table, and so needs a blank line between
    tables = draw(st.integers(1, 4))
    for number in range(tables):
        if touched or (pieces[-1][0] and draw(st.booleans())):
            add("\n", number)
            comments(number)
        add(draw(st.sampled_from(["[[t]]\n", " [[ t ]]  # [[u]]\n", '[["t"]]\n'])), number)
        keys = draw(st.permutations(KEYS))[: draw(st.integers(1, 4))]
        for key in keys:
            if key is not keys[0]:
                add(draw(st.sampled_from(["", "", "\n", "# inside\n"])), number)
            add(draw(st.sampled_from(["", "\t", "  "])) + key + draw(st.sampled_from([" = ", "=", "  =\t"])), number)
            add(draw(st.sampled_from(VALUES)), number, NAMES[key])
            add(draw(st.sampled_from(["\n", " # x\n", "\t\n"])), number)
        for _ in range(draw(st.integers(0, 2))):
            add(draw(st.sampled_from(["[[t.f]]\nx = 1\n", "\n# of f\n[[t.f]]\nx = 1\n"])), number)
        touched = draw(st.booleans())
        if touched:
            comments(number)
        if draw(st.booleans()):
            add("\n# free\n")
            touched = True
        if draw(st.booleans()):
            add("\n" if touched else "")
            add(f"[o{number}]\na = 1\n")
            touched = draw(st.booleans())
            add("# of o\n" if touched else "")
    return Layout(pieces, tables, end)


class TestAnyLayout:
    @settings(max_examples=60)
    @given(layouts(), st.data())
    def test_only_the_values_that_change_change(self, layout: Layout, data: st.DataObject) -> None:
        text = layout.text()
        assert tomllib.loads(text.removeprefix("\ufeff"))
        there = [(owner, key) for _, owner, key in layout.pieces if key]
        new = {
            place: f"{number}.5"
            for number, place in enumerate(data.draw(st.lists(st.sampled_from(there), unique=True)))
        }
        document = Document(text)
        for (owner, key), value in new.items():
            assert owner is not None
            assert key is not None
            document.put(("t", owner), key, Decimal(value))
        assert document.changed() == layout.text(new)

    @settings(max_examples=60)
    @given(layouts(), st.data())
    def test_only_the_tables_that_go_go(self, layout: Layout, data: st.DataObject) -> None:
        gone = data.draw(st.frozensets(st.integers(0, layout.tables - 1)))
        assert removed(layout.text(), *(("t", number) for number in gone)) == layout.text(gone=gone)

    @settings(max_examples=60)
    @given(layouts(), st.data())
    def test_what_comes_takes_a_line_of_its_own(self, layout: Layout, data: st.DataObject) -> None:
        number = data.draw(st.integers(0, layout.tables - 1))
        text = layout.text()
        new = put(text, ("t", number), "new", 5)
        before, line, after = new.partition(f"new = 5{layout.end}")
        assert line
        assert before.rstrip(" \t") + after == text
        assert tomllib.loads(new.removeprefix("\ufeff"))["t"][number]["new"] == 5

    @settings(max_examples=60)
    @given(
        st.dictionaries(
            st.text(st.characters(codec="utf-8"), max_size=5),
            st.recursive(
                st.one_of(st.booleans(), st.integers(), st.text(st.characters(codec="utf-8"))),
                lambda inner: st.one_of(
                    st.lists(inner, max_size=3),
                    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=3), inner, max_size=3),
                ),
                max_leaves=9,
            ),
            min_size=1,
        )
    )
    def test_every_value_of_what_a_writer_writes_is_found(self, tables: dict[str, Any]) -> None:
        text = tomli_w.dumps(tables, multiline_strings=True)
        held = dict(leaves(tomllib.loads(text)))
        found = {
            path: tomllib.loads(f"a = {text[pair.value : pair.end]}")["a"] for path, pair in Document(text)._at.items()
        }
        assert {path: value for path, value in found.items() if not isinstance(value, list | dict)} == held
