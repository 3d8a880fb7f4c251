"""The help: of the program, of every command; its groups, what is needed, and its examples, each of which runs."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from perpcalc.cli.calls import COMMANDS, runnable
from perpcalc.cli.door import Action, ActionGroup
from perpcalc.cli.help import grouped
from perpcalc.commands.command import Command, Group
from perpcalc.names import LISTED

Run = Callable[..., Any]
DATA = Path(__file__).parent.parent / "data"
FILES = {
    "book.json": "books/bybit.json",
    "marks.csv": "candles/binance-marks.csv",
    "btc.csv": "candles/binance-marks.csv",
    "funding.json": "funding/binance.json",
    "history.json": "funding/binance.json",
    "trades.csv": "trades/own.csv",
    "executions.json": "trades/binance.json",
    "payments.json": "payments/binance.json",
}
"""What stands for the files that examples name."""


def every() -> Iterator[tuple[str, Command | Action]]:
    """Every command and action with the words that call it."""
    for name in COMMANDS:
        one = runnable(name)
        if isinstance(one, Group | ActionGroup):
            for inner in one.commands:
                yield f"{name} {inner.name}", inner
        else:
            yield name, one


EVERY = dict(every())


@pytest.mark.parametrize("called", EVERY)
def test_the_help_of_a_command_is_the_same_by_help_and_by_its_option(run: Run, called: str) -> None:
    asked, optional = run("help", *called.split()), run(*called.split(), "--help")
    assert asked.stdout == optional.stdout
    assert asked.stdout.startswith(f"Usage: perpcalc {called} ")


@pytest.mark.parametrize("called", EVERY)
def test_the_help_cuts_no_sentence_and_fits_80_columns(run: Run, called: str) -> None:
    text, _, examples = run(*called.split(), "--help").stdout.partition("\nExamples:\n")
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert all(len(line) <= 80 or "'" in line for line in examples.splitlines())


@pytest.mark.parametrize("called", EVERY)
def test_examples_can_be_copied_into_a_shell(run: Run, called: str) -> None:
    written = run(*called.split(), "--help").stdout.partition("\nExamples:\n")[2]
    assert [shlex.split(line) for line in written.replace("\\\n", "").splitlines()] == [
        shlex.split(example) for example in EVERY[called].examples
    ]


@pytest.mark.parametrize("called", [name for name in EVERY if name.split()[0] in LISTED])
def test_what_is_needed_comes_first_and_marked(run: Run, called: str) -> None:
    command = EVERY[called]
    headings = re.findall(r"^(\S[^\n]*):$", run(*called.split(), "--help").stdout, re.MULTILINE)
    first = next(heading for heading in headings if heading != "Arguments")
    assert first.startswith("Needed") == any(not option.argument for option in command.needed)
    assert headings[-2:] == ["Output", "Examples"]


@pytest.mark.parametrize("called", EVERY)
def test_a_command_has_two_examples(called: str) -> None:
    assert len(EVERY[called].examples) >= 2


@pytest.mark.parametrize(
    ("called", "needed", "without"),
    [
        ("pnl", "", "side contracts entry exit"),
        ("liq-price", "", "side contracts entry leverage"),
        ("funding-cost", "", "side contracts mark rate"),
        ("size", "entry balance stop risk", ""),
        ("solve margin", "liquidation", "side contracts entry leverage"),
        ("solve leverage", "liquidation", "side contracts entry"),
        ("solve contracts", "liquidation", "side entry balance"),
        ("solve add", "at average", "side contracts entry"),
        ("solve close", "liquidation", "side contracts entry balance mark"),
        ("solve entry", "liquidation", "side contracts leverage"),
        ("solve price", "margin-ratio", "side contracts entry leverage"),
        ("plan", "side order", ""),
        ("liq-cost", "", "side contracts entry leverage"),
        ("hedge", "holding price", ""),
        ("greeks", "", "side contracts entry"),
        ("power", "power index vol", ""),
        ("status", "portfolio", ""),
        ("stress", "", "side contracts entry leverage"),
        ("check", "", "side contracts entry"),
        ("replay", "marks", "side contracts entry leverage"),
        ("fills", "", ""),
    ],
)
def test_what_a_portfolio_has_already_is_told_apart(run: Run, called: str, needed: str, without: str) -> None:
    shown = run(*called.split(), "--help").stdout
    for heading, names in (("Needed", needed), ("Needed without --portfolio", without)):
        _, _, rest = shown.partition(f"\n{heading}:\n")
        assert re.findall(r"^  (?:-\w, )?--(\S+)", rest.partition("\n\n")[0], re.MULTILINE) == names.split()


def test_arguments_are_written_as_they_are_called_and_described(run: Run) -> None:
    shown = run("venues", "import", "--help").stdout
    assert shown.startswith("Usage: perpcalc venues import [OPTIONS] NAME FILE\n")
    assert "  FILE  The venue's public answer; - reads stdin.\n" in shown


EXAMPLES = [example for one in EVERY.values() if isinstance(one, Command) for example in one.examples]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_run(run: Run, tmp_path: Path, example: str) -> None:
    for name, data in FILES.items():
        (tmp_path / name).write_bytes((DATA / data).read_bytes())
    run("portfolio", "init", "portfolio.toml")
    answer = run(*shlex.split(example)[1:])
    assert answer.status in (0, 1), answer.stderr
    assert answer.stdout


class TestOfTheProgram:
    def test_commands_stand_in_groups_and_the_version_is_listed(self, run: Run) -> None:
        shown = run("--help").stdout
        headings = re.findall(r"^ {0,2}(\w+):$", shown, re.MULTILINE)
        assert headings == ["Position", "Account", "Files", "Machine", "Options", "Examples"]
        assert "--version" in shown
        for name in COMMANDS:
            assert re.search(rf"^  {name}  ", shown, re.MULTILINE), name

    def test_help_alone_is_that_of_the_program(self, run: Run) -> None:
        assert run("help").stdout == run("help", "help").stdout == run("--help").stdout

    @pytest.mark.parametrize("called", [(), ("solve",), ("venues",), ("portfolio",)])
    def test_where_no_command_is_named_the_help_goes_to_standard_error(self, called: tuple[str, ...]) -> None:
        program = [sys.executable, "-m", "perpcalc", *called]
        bare = subprocess.run(program, capture_output=True, text=True, check=False)
        asked = subprocess.run([*program, "--help"], capture_output=True, text=True, check=True)
        assert (bare.returncode, bare.stdout, bare.stderr) == (2, "", asked.stdout)


@pytest.mark.parametrize("words", [words for words, _ in every()])
def test_each_option_stands_under_one_heading(words: str) -> None:
    command = dict(every())[words]
    shown = [
        option.name for _, options in grouped(command.options, command.needed, command.rules) for option in options
    ]
    assert sorted(shown) == sorted({option.name for option in command.options if not option.argument})
