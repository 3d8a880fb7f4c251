"""A call that is read without Typer is read as Typer would read it; all that is not plain is left to Typer."""

from unittest.mock import patch

import pytest
from cases import CALLS
from hypothesis import given, settings
from hypothesis import strategies as st

from perpcalc.cli import app
from perpcalc.cli.calls import read_plainly, spellings
from perpcalc.cli.door import Action, Written
from perpcalc.commands.command import Command

PLAIN = {
    words: one for words, one in CALLS.items() if not any(option.argument and option.many for option in one.options)
}
VALUES = (
    "1", "-1", "", "a=b", "=", "long", "--json", "-n", "--", "-", "-n5", "-1=2", "--entri", "--help", "-h", "help",
)  # fmt: skip


def by_typer(arguments: list[str]) -> tuple[Command | Action, Written]:
    """The command and what is written for its options as Typer hands them on."""
    handed: list[tuple[Command | Action, Written]] = []

    def carry_out(command: Command | Action, written: Written) -> int:
        handed.append((command, written))
        return 0

    with patch.object(app, "carry_out", carry_out):
        group = app.program()
        with group.make_context("perpcalc", list(arguments)) as context:
            group.invoke(context)
    return handed[0]


@st.composite
def calls(draw: st.DrawFn) -> list[str]:
    """A command and words of all kinds behind it, most of them its own flags with something for a value."""
    words, one = draw(st.sampled_from(list(PLAIN.items())))
    flags = [flag for option in one.options if not option.argument for flag in spellings(option)]
    flag = st.sampled_from(flags or ["--json"])
    value = st.sampled_from(VALUES)
    said = st.one_of(
        st.tuples(flag), st.tuples(flag, value), st.tuples(value), st.tuples(st.builds("{}={}".format, flag, value))
    )
    return [*words, *(word for group in draw(st.lists(said, max_size=6)) for word in group)]


@settings(max_examples=400)
@given(calls())
def test_a_plain_call_is_what_typer_makes_of_it(arguments: list[str]) -> None:
    found = read_plainly(arguments)
    if found is not None:
        command, written = by_typer(arguments)
        assert found[0] is command
        assert [(name, tuples(value)) for name, value in found[1].items()] == list(written.items())


def tuples(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize("words", PLAIN, ids=" ".join)
def test_every_option_is_plain_in_each_of_its_spellings(words: tuple[str, ...]) -> None:
    options = PLAIN[words].options
    alone = {option.name: "-" for option in options if option.argument}
    for option in options:
        for flag in [] if option.argument else spellings(option):
            spelled = [[flag]] if option.flag else [[flag, "-1"], *([[f"{flag}=-1"]] if flag.startswith("--") else [])]
            for said in spelled:
                found = read_plainly([*words, *alone.values(), *said])
                assert found is not None
                assert found[1] == {option.name: True if option.flag else ["-1"], **alone}


def test_a_repeated_option_keeps_all_that_was_given_and_options_their_order() -> None:
    found = read_plainly(["pnl", "--fill", "1@2", "--side=long", "--fill", "3@4"])
    assert found is not None
    assert list(found[1].items()) == [("fill", ["1@2", "3@4"]), ("side", ["long"])]


def test_words_that_stand_for_themselves_are_the_arguments_in_their_order() -> None:
    found = read_plainly(["venues", "import", "binance", "--date", "2026-11-27", "answer.json"])
    assert found is not None
    assert found[1] == {"date": ["2026-11-27"], "name": "binance", "file": "answer.json"}


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--version"],
        ["-h"],
        ["nonsense"],
        ["solve"],
        ["solve", "--help"],
        ["solve", "nonsense", "--side", "long"],
        ["pnl", "--help"],
        ["pnl", "long"],
        ["pnl", "--", "--side", "long"],
        ["pnl", "--side"],
        ["pnl", "-n5"],
        ["pnl", "-n=5"],
        ["pnl", "--json=true"],
        ["fills"],
        ["fills", ""],
        ["fills", "one.csv", "two.csv"],
        ["schema", "pnl"],
        ["help", "pnl"],
    ],
    ids=" ".join,
)
def test_what_is_not_plain_is_left_to_typer(arguments: list[str]) -> None:
    assert read_plainly(arguments) is None
