"""Lines for people: broken where a terminal ends, dimmed where it shows that, and said to nobody where nobody reads."""

import io
import os
import sys

import pytest

from perpcalc.render.text import ascii_only, broken, paragraph, say


class Terminal(io.TextIOWrapper):
    """A terminal that stays in memory."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="")

    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        self.flush()
        raw = self.buffer
        assert isinstance(raw, io.BytesIO)
        return raw.getvalue().decode().splitlines()


WORDS = "one two three four five six seven eight nine ten eleven twelve"


def test_a_broken_line_goes_on_below_its_indent() -> None:
    first, *rest = broken("  " + WORDS, 40, "    ").splitlines()
    assert first == "  one two three four five six seven"
    assert rest == ["    eight nine ten eleven twelve"]


def test_no_terminal_is_taken_for_narrower_than_40_columns() -> None:
    assert broken(WORDS, 10) == broken(WORDS, 40) != broken(WORDS, 60)


def test_what_is_said_at_a_terminal_is_broken_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, Terminal())
    assert paragraph(WORDS, "  ").splitlines() == [
        "  one two three four five six seven",
        "    eight nine ten eleven twelve",
    ]
    say(WORDS)
    assert isinstance(sys.stderr, Terminal)
    assert sys.stderr.lines() == ["perpcalc: one two three four five six", "seven eight nine ten eleven twelve"]


@pytest.mark.parametrize(
    ("dim", "env", "coloured"),
    [
        (True, {"TERM": "xterm"}, True),
        (False, {"TERM": "xterm"}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {}, False),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
    ],
)
def test_it_is_dim_where_colours_are_shown(
    monkeypatch: pytest.MonkeyPatch, dim: bool, env: dict[str, str], coloured: bool
) -> None:
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", Terminal())
    say("word", dim)
    assert isinstance(sys.stderr, Terminal)
    assert sys.stderr.lines() == ["\x1b[2mperpcalc: word\x1b[0m" if coloured else "perpcalc: word"]


def test_where_nobody_can_hear_it_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        say("word")
        say("again")
        monkeypatch.undo()


@pytest.mark.parametrize(
    ("encoding", "env", "ascii"),
    [
        ("utf-8", {}, False),
        ("UTF8", {"LANG": "de_DE.UTF-8"}, False),
        ("latin-1", {"LANG": "de_DE.UTF-8"}, True),
        ("utf-8", {"LANG": "C"}, True),
        ("utf-8", {"LANG": "de_DE.UTF-8", "LC_ALL": "POSIX"}, True),
        ("utf-8", {"LANG": "C", "LC_ALL": "de_DE.UTF-8"}, False),
        ("utf-8", {"LC_CTYPE": "C.UTF-8", "LANG": "C"}, True),
        ("utf-8", {"TERM": "linux"}, True),
    ],
)
def test_ascii_is_for_where_nothing_else_is_shown(
    monkeypatch: pytest.MonkeyPatch, encoding: str, env: dict[str, str], ascii: bool
) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "LANG", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert ascii_only() == ascii
