"""Reading a file that somebody names: what is read, what is refused and never waited for, and TOML that means harm."""

import io
import os
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

import perpcalc
from perpcalc.errors import PerpcalcError
from perpcalc.files import DEEPEST, LARGEST_FILE, MOST_PARTS, STRING, Source, descriptor_of, read, toml, whole

needs_descriptors = pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="the system shows no descriptors")


def refusal(path: object, own_stdin: bool = True) -> str:
    """What is said of a file that is not read."""
    with pytest.raises(PerpcalcError) as caught:
        read(str(path), own_stdin)
    return str(caught.value)


class Pipe(NamedTuple):
    """The two ends of a pipe."""

    reader: io.FileIO
    writer: io.FileIO


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe, of which the test may close an end."""
    reader, writer = os.pipe()
    with io.FileIO(reader) as one, io.FileIO(writer, "w") as other:
        yield Pipe(one, other)


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Put bytes on standard input."""
    return lambda content: monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


class TestWhatIsRead:
    def test_a_file_with_its_name(self, tmp_path: Path) -> None:
        path = tmp_path / "book.toml"
        path.write_bytes(b"\xff\r\n\0")
        assert read(str(path)) == Source(b"\xff\r\n\0", str(path))

    def test_standard_input(self, stdin: Callable[[bytes], None]) -> None:
        stdin(b"\xff\r\n\0")
        assert read("-") == Source(b"\xff\r\n\0", "standard input")

    def test_exactly_16_mib(self, tmp_path: Path, stdin: Callable[[bytes], None]) -> None:
        path = tmp_path / "book.toml"
        with path.open("wb") as file:
            file.truncate(LARGEST_FILE)
        assert len(read(str(path)).raw) == LARGEST_FILE == 16 * 1024 * 1024
        with path.open("ab") as file:
            file.write(b"\n")
        assert refusal(path) == f"{path}: is larger than 16 MiB: split it"
        stdin(bytes(LARGEST_FILE + 1))
        assert refusal("-") == "standard input: is larger than 16 MiB: split it"

    @needs_descriptors
    @pytest.mark.parametrize(
        "path", ["/dev/fd/{}", "/proc/self/fd/{}", "/proc/thread-self/fd/{}", "//dev/../dev/fd/{}"]
    )
    def test_a_pipe_by_its_descriptor_as_shells_name_one(self, pipe: Pipe, path: str) -> None:
        pipe.writer.write(b"a = 1")
        pipe.writer.close()
        assert read(path.format(pipe.reader.fileno())).raw == b"a = 1"
        assert read(path.format(pipe.reader.fileno())).raw == b""  # the descriptor itself stays open

    @needs_descriptors
    def test_a_fifo_by_its_descriptor_though_its_writer_is_gone(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "fifo")
        reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
        writer = os.open(tmp_path / "fifo", os.O_WRONLY)
        os.set_blocking(reader, True)
        os.write(writer, b"a = 1")
        os.close(writer)
        try:
            assert read(f"/dev/fd/{reader}").raw == b"a = 1"  # opened anew it would wait for a writer for ever
        finally:
            os.close(reader)

    @needs_descriptors
    def test_a_file_by_its_descriptor_from_its_start_each_time(self, tmp_path: Path) -> None:
        (tmp_path / "book.toml").write_bytes(b"a = 1")
        with (tmp_path / "book.toml").open("rb") as file:
            for _ in range(2):
                assert read(f"/dev/fd/{file.fileno()}").raw == b"a = 1"

    def test_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "book.toml").write_bytes(b"a = 1")
        (tmp_path / "link").symlink_to("book.toml")
        assert read(str(tmp_path / "link")).raw == b"a = 1"
        assert read(str(tmp_path / "link"), own_stdin=False).raw == b"a = 1"


class TestWhatIsNotRead:
    def test_what_is_not_there(self, tmp_path: Path) -> None:
        path = tmp_path / "book.toml"
        assert refusal(path) == f"{path}: No such file or directory: give a file that can be read"
        (tmp_path / "link").symlink_to("link")
        assert refusal(tmp_path / "link").endswith("give a file that can be read")

    def test_a_folder(self, tmp_path: Path) -> None:
        assert refusal(tmp_path) == f"{tmp_path}: is a directory: give a file"

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no FIFOs")
    def test_a_fifo_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "fifo")
        assert refusal(tmp_path / "fifo").endswith("is not a regular file: give one, or - and a pipe")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no FIFOs")
    def test_nor_one_that_takes_the_place_of_a_file_at_this_moment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "book.toml"
        path.touch()
        look = os.stat

        def replaced(name: str, **more: object) -> os.stat_result:
            found = look(name)
            path.unlink()
            os.mkfifo(path)
            return found

        def next_descriptor() -> int:
            with open(os.devnull, "rb") as file:
                return file.fileno()

        before = next_descriptor()
        with monkeypatch.context() as patched:
            patched.setattr(os, "stat", replaced)
            message = refusal(path)
        assert message.endswith("is not a regular file: give one, or - and a pipe")
        assert next_descriptor() == before  # it is closed again

    @pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="the system has no /dev/zero")
    def test_a_device_without_an_end(self) -> None:
        assert refusal("/dev/zero") == "/dev/zero: is not a regular file: give one, or - and a pipe"

    @pytest.mark.parametrize("name", ["a\0b", "\udcff\ud800"])
    def test_a_name_that_no_file_has(self, name: str) -> None:
        assert refusal(name).endswith(": is not the name of a file: give one")

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
    def test_what_may_not_be_read(self, tmp_path: Path) -> None:
        path = tmp_path / "book.toml"
        path.touch(mode=0o000)
        assert refusal(path) == f"{path}: Permission denied: give a file that can be read"

    def test_a_standard_input_that_is_closed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        closed = io.TextIOWrapper(io.BytesIO())
        closed.close()
        for stdin in (None, closed):
            monkeypatch.setattr(sys, "stdin", stdin)
            assert refusal("-") == "standard input: is closed: pipe a file into it, or give its name"

    @needs_descriptors
    def test_a_descriptor_that_is_closed(self, pipe: Pipe) -> None:
        path = f"/dev/fd/{pipe.reader.fileno()}"
        pipe.reader.close()
        assert refusal(path) == f"{path}: is closed: pipe a file into it, or give its name"

    @needs_descriptors
    def test_a_folder_by_its_descriptor(self, tmp_path: Path) -> None:
        handle = os.open(tmp_path, os.O_RDONLY)
        try:
            assert refusal(f"/dev/fd/{handle}") == f"/dev/fd/{handle}: is a directory: give a file"
        finally:
            os.close(handle)

    @needs_descriptors
    def test_a_closed_standard_input_by_all_its_names(self) -> None:
        program = (
            "from perpcalc.files import read\n"
            "for path in ('-', '/dev/stdin', '/dev/fd/0'):\n"
            "    try: read(path)\n"
            "    except ValueError as error: print(error)"
        )
        done = subprocess.run(
            ["sh", "-c", '"$0" -c "$1" <&-', sys.executable, program], capture_output=True, text=True, check=True
        )
        remedy = "is closed: pipe a file into it, or give its name"
        assert done.stdout.splitlines() == [
            f"{where}: {remedy}" for where in ("standard input", "/dev/stdin", "/dev/fd/0")
        ]

    @pytest.mark.skipif(not hasattr(os, "openpty"), reason="the system has no pseudo-terminals")
    def test_one_that_fails_while_it_is_read(self) -> None:
        class Failing(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                raise OSError(5, "Input/output error")

        with pytest.raises(PerpcalcError) as caught:
            whole(Failing(), "book.toml")
        assert str(caught.value) == "book.toml: Input/output error: give a file that can be read"

    def test_a_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ends = os.openpty()
        try:
            with open(ends[1], encoding="utf-8", closefd=False) as terminal:
                monkeypatch.setattr(sys, "stdin", terminal)
                assert refusal("-") == "standard input: is a terminal: pipe a file into it, or give its name"
                if os.path.exists("/proc/self/fd"):
                    assert refusal(f"/dev/fd/{ends[1]}").endswith(
                        "is a terminal: pipe a file into it, or give its name"
                    )
        finally:
            for end in ends:
                os.close(end)


class TestWhereStandardInputHoldsTheQuestions:
    @needs_descriptors
    @pytest.mark.parametrize(
        "path",
        ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", "/proc/{own}/fd/0", "/dev//fd/../stdin", "link", "on"],
    )
    def test_it_is_not_read_by_any_name(
        self, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stdin: Callable[[bytes], None]
    ) -> None:
        path = path.replace("{own}", str(os.getpid()))
        stdin(b"the questions")
        monkeypatch.chdir(tmp_path)
        (tmp_path / "link").symlink_to("/dev/stdin")
        (tmp_path / "on").symlink_to("link")
        assert refusal(path, own_stdin=False) == f"{path}: holds the questions: give the name of a file"
        assert refusal("-", own_stdin=False) == "standard input: holds the questions: give the name of a file"
        assert sys.stdin.buffer.read() == b"the questions"

    @needs_descriptors
    def test_nor_is_another_descriptor(self, pipe: Pipe, tmp_path: Path) -> None:
        pipe.writer.write(b"a = 1")
        path = f"/dev/fd/{pipe.reader.fileno()}"
        assert refusal(path, own_stdin=False) == f"{path}: is a file that is open already: give the name of a file"
        (tmp_path / "fds").symlink_to("/dev/fd")
        assert refusal(tmp_path / "fds" / str(pipe.reader.fileno()), own_stdin=False).endswith(
            "is open already: give the name of a file"
        )
        assert pipe.reader.read(9) == b"a = 1"

    def test_a_descriptor_of_another_process_is_none_of_ours(self) -> None:
        assert descriptor_of("/proc/1/fd/0") is None
        assert descriptor_of("/proc/self/fd/12") == 12
        assert [descriptor_of(f"/dev/std{name}") for name in ("in", "out", "err")] == [0, 1, 2]


class TestTheTables:
    def test_are_those_of_the_file_numbers_with_a_point_as_text(self) -> None:
        assert toml(b"\xef\xbb\xbf[a]\r\nb = 1_0.50\r\nc = 5\r\n") == {"a": {"b": "1_0.50", "c": 5}}

    @pytest.mark.parametrize(
        ("raw", "message"),
        [
            (b"a = '\xe9'", "byte 5 is not UTF-8: save the file as UTF-8"),
            (b"a = 1\na = 2\n", "not TOML: cannot overwrite a value (at line 2, column 6): correct that place"),
            (b"a = " + b"9" * 5_000, "an integer has too many digits: use at most 15"),
        ],
    )
    def test_or_there_are_none(self, raw: bytes, message: str) -> None:
        with pytest.raises(PerpcalcError) as caught:
            toml(raw)
        assert str(caught.value) == message


PART = st.one_of(
    st.sampled_from(
        ["a", "b-1", "_", "0", '""', "''", '"a"', "'a'", r'"\""', r'"\\"', r'"\u0041"', "'\\'", '"#"', '"."', "'\"'"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="'"), max_size=3).map(
        "'{}'".format
    ),
)
DOT = st.sampled_from([".", " . ", "\t.", ".\t \t", "  .  "])


@st.composite
def keys(draw: st.DrawFn, parts: int) -> str:
    """A key of so many parts, bare, quoted and spread out."""
    return draw(PART) + "".join(draw(DOT) + draw(PART) for _ in range(parts - 1))


BEFORE = st.sampled_from(
    [
        "",
        "# it's \"\n",
        'a1 = "\\"" # \'\n',
        "a1 = '\\' # \"\n",
        'a1 = """\n"" \\""" # """\n',
        "a1 = ''''''''\n",
        "a1 = '''x''\n'''\n",
    ]
)
PLACE = st.sampled_from(
    ["{} = 1", "[{}]", "[[{}]]\nb = 1", "c1 = {{ {} = 1 }}", "c1 = [[], {{{} = 1}}]", "[d]\n{} = 1", "  {}='''a'''"]
)


class TestKeysOfManyParts:
    """Each takes a parser time and memory by the square of its parts: 16,000 quoted ones in 80 kB took 1 GiB."""

    @given(BEFORE, PLACE, keys(MOST_PARTS))
    def test_eight_parts_are_read(self, before: str, place: str, key: str) -> None:
        assert toml((before + place.format(key)).encode())

    @given(BEFORE, PLACE, keys(MOST_PARTS + 1))
    def test_nine_are_refused(self, before: str, place: str, key: str) -> None:
        text = before + place.format(key)
        number = 1 + text.count("\n", 0, text.index(key))
        with pytest.raises(PerpcalcError) as caught:
            toml(text.encode())
        assert str(caught.value) == f"line {number} has a key of too many parts: leave the dots out"

    @pytest.mark.parametrize(
        ("part", "place"),
        [
            *(
                (part, "{}a = 1")
                for part in ("a.", "'a'.", r'"\"".', r'"\\\"".', "a  .  ", "a\t.\t", "a.\"b\".'c'.", '"é".', '"#".')
            ),
            *(
                ('"a".', place)
                for place in ("{}a = 1", "[{}a]\nb = 1", "[[{}a]]", "x = {{{}a = 1}}", "x = [{{{}a = 1}}]")
            ),
        ],
    )
    def test_before_anything_is_built_of_them(self, part: str, place: str) -> None:
        raw = place.format(part * (80_000 // len(part))).encode()
        tracemalloc.start()
        try:
            with pytest.raises(PerpcalcError, match="line 1 has a key of too many parts: leave the dots out"):
                toml(raw)
            assert tracemalloc.get_traced_memory()[1] < 4 << 20
        finally:
            tracemalloc.stop()

    @pytest.mark.parametrize(
        "text",
        [
            "a = '" + "x." * 99 + "'",
            'a = """\n' + "x.\n" * 20 + "x." * 99 + '\n"""',
            "# " + "x." * 99,
            "a = [" + "1.5, " * 99 + "]",
            "a = " + '"' + r"\"x." * 99 + '"',
            "a = " + "'''" + "x.'" * 99 + "'''",
            "a = 1\n" + "\n".join(f"b{n}.c = 1.5" for n in range(99)),
        ],
    )
    def test_dots_elsewhere_are_nobody_s_business(self, text: str) -> None:
        assert toml(text.encode()) is not None


class TestBracketsInBrackets:
    @pytest.mark.parametrize(
        ("start", "end"), [("[", "]"), ("{a=", "}"), ("[{a=", "}]"), ("[\n# ]\n", "]"), ("['[', ", "]")]
    )
    def test_are_read_32_deep_and_no_deeper(self, start: str, end: str) -> None:
        def nested(times: int) -> bytes:
            value = "1" if start.endswith("=") else ""
            return f"a = {start * times}{value}{end * times}".encode()

        times = DEEPEST // (start.count("{") + ("[" in start[:1]))
        assert toml(nested(times))
        for deeper in (times + 1, 20_000):
            with pytest.raises(PerpcalcError) as caught:
                toml(nested(deeper))
            assert str(caught.value) == "not a file to read: it is nested too deeply: leave the inner brackets out"

    def test_nor_do_they_make_room_for_more(self) -> None:
        beside = b"[], " * 40
        assert toml(b"a = [" + beside + b"[" * 31 + b"]" * 31 + b"]\n")
        with pytest.raises(PerpcalcError, match="nested too deeply"):
            toml(b"a = [" + beside + b"[" * 32 + b"]" * 32 + b"]\n")

    def test_lines_inside_a_text_count(self) -> None:
        with pytest.raises(PerpcalcError, match="line 4 has a key of too many parts"):
            toml(b'a = """\n\n"""\n' + b"b." * 9 + b"c = 1\n")

    def test_beside_each_other_are_no_depth(self) -> None:
        assert toml(("a = [" + "[], {}, " * 99 + "]\n" + "[[b]]\n" * 99).encode())

    @given(
        st.recursive(
            st.one_of(st.booleans(), st.integers(-9, 9), st.text(max_size=9)),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=9,
        )
    )
    def test_what_a_writer_writes_is_read(self, value: object) -> None:
        text = tomli_w.dumps({"a": value}, multiline_strings=True)
        assert toml(text.encode()).keys() == {"a"}


@pytest.mark.parametrize(
    "unit",
    [
        '"',
        "'",
        '"\\',
        "\\",
        '\\"',
        ".",
        "a",
        "a-",
        "[]",
        " ",
        "x='",
        "#",
        '"""',
        '""',
        "'''",
        '"\n',
        "a" * 999 + ".",
        ". ",
    ],
)
def test_no_text_is_searched_over_and_over(unit: str) -> None:
    # 1 MiB takes some 0.1 s when each byte is looked at a few times; by the square of them it would be hours.
    with pytest.raises(PerpcalcError):
        toml(b"= " + (unit * ((1 << 20) // len(unit))).encode())


def test_no_group_of_a_pattern_is_possessive() -> None:
    """Before Python 3.11.5 such a group may match what it should not: quotes at the end of a string were left out."""
    possessive = re.compile(r"\)(?:[*+?]|\{[\d,]+\})\+")
    sources = sorted(Path(perpcalc.__file__).parent.rglob("*.py"))
    assert [path.name for path in sources if possessive.search(path.read_text(encoding="utf-8"))] == []
    assert re.fullmatch(STRING, '"""a\\""""') is not None
