"""The one list of what can be asked: its modules, its groups, the functions of Python and the commands of the line agree."""

import keyword
from importlib import import_module

import pytest
from cases import BASES

import perpcalc
from perpcalc.cli.calls import COMMANDS, DOORS, runnable
from perpcalc.cli.door import Action, ActionGroup
from perpcalc.commands.command import Command, Group
from perpcalc.commands.registry import command_named, found
from perpcalc.errors import PerpcalcError
from perpcalc.names import EXPORTED, FUNCTIONS, LISTED, QUESTIONS


@pytest.mark.parametrize("name", LISTED)
def test_each_is_where_it_is_listed_under_its_own_name(name: str) -> None:
    made = found(name)
    assert made.name == name
    inner = tuple(one.name for one in made.commands) if isinstance(made, Group) else ()
    assert inner == LISTED[name].commands
    module = import_module(f"perpcalc.commands.{LISTED[name].module}")
    assert made is getattr(module, "GROUP" if inner else "COMMAND")


def test_the_command_line_has_them_all_and_the_doors_beside_them() -> None:
    assert (*LISTED, *DOORS) == COMMANDS
    for name in COMMANDS:
        made = runnable(name)
        assert made.name == name
        assert isinstance(made, Command | Group if name in LISTED else Action | ActionGroup)


def test_each_has_a_good_question_among_the_cases() -> None:
    assert BASES.keys() == set(QUESTIONS)


def test_a_question_is_a_command_or_one_of_a_group() -> None:
    assert len(set(QUESTIONS)) == len(QUESTIONS)
    for question in QUESTIONS:
        assert command_named(question).name == question.split()[-1]
    assert "solve" not in QUESTIONS
    assert "solve margin" in QUESTIONS


@pytest.mark.parametrize(
    ("question", "near"),
    [
        (
            "solve",
            "one of solve margin, solve leverage, solve contracts, solve add, solve close, solve entry, solve price",
        ),
        ("solve margn", "solve margin"),
        ("pnll", "pnl"),
        ("venues list", "one of pnl, liq-price, "),
        ("", "one of pnl, liq-price, "),
        ("portfolio", "one of pnl, liq-price, "),
    ],
)
def test_what_is_none_is_refused_with_what_is(question: str, near: str) -> None:
    with pytest.raises(PerpcalcError) as caught:
        command_named(question)
    assert str(caught.value).startswith(f"command: {question!a} is not a command for a line: give {near}")


def test_python_has_a_function_for_each_and_exports_what_it_says() -> None:
    assert list(FUNCTIONS.values()) == list(QUESTIONS)
    for function in FUNCTIONS:
        assert function.isidentifier()
        assert not keyword.iskeyword(function)
        assert callable(getattr(perpcalc, function))
    assert sorted(perpcalc.__all__) == sorted(EXPORTED)
    assert all(hasattr(perpcalc, name) for name in EXPORTED)
