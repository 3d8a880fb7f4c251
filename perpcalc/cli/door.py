"""The command line as a door: options become what is given, answers are printed, errors are written as flags."""

import gc
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from perpcalc.commands.command import Command, Result, asked, summed
from perpcalc.errors import PerpcalcError, Words, worded
from perpcalc.given import Given, Option, Rule, check, read, reader
from perpcalc.options import CHART, EXPLAIN, FIELD, FORMAT, INTO, JSON, PORTFOLIO, QUIET, SVG, TOTAL, WIDE
from perpcalc.render.text import tell

Written = Mapping[str, Any]
"""By name what was written on the command line: of a switch that it was, of an argument its text, or all of them where
it takes many, of any other option all its texts.
"""
_ANSWERED: list[Result] = []
"""What was answered, to the end of the process: to take 10,000 rows apart costs a thirtieth of the call."""


class Action(NamedTuple):
    """What is done rather than answered: `runs` returns the exit status."""

    name: str
    help: str
    examples: tuple[str, ...]
    options: tuple[Option[object], ...]
    runs: Callable[[Given], int]
    rules: tuple[Rule, ...] = ()
    needed: tuple[Option[object], ...] = ()


class ActionGroup(NamedTuple):
    """Actions and commands under one name, as in `perpcalc venues show`."""

    name: str
    help: str
    commands: tuple["Action | Command", ...]


def carry_out(command: Command | Action, written: Written) -> int:
    """Do what a command is for, with what was written for its options; returns the exit status."""
    given = read(reader(command.options), _once(command.options, written))
    gc.freeze()
    if PORTFOLIO not in given:  # what a portfolio becomes stays to the end: searching it costs a tenth of the time
        gc.enable()
    if isinstance(command, Action) or INTO in given or SVG in given:
        _interrupts_are_exceptions()
    if isinstance(command, Action):
        check(command.rules, given)
        return command.runs(given)
    check_output(given)
    return answer(command, given)


def _interrupts_are_exceptions() -> None:
    """From here on what was begun is cleared up where the user interrupts it: files that are written, processes."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def answer(command: Command, given: Given) -> int:
    """Ask, print the answer and say what should be known of it; returns the exit status."""
    result = asked(command, given)
    _ANSWERED.append(result)
    if given[INTO] is not None and result.into is not None:
        from perpcalc.cli.filling import write_into

        write_into(given, result, result.into)
    if given[SVG] is not None and result.charts is not None:
        from perpcalc.cli.pictures import write_svg

        if write_svg(given, result.charts()):
            _tell_each(_warnings(result))
            _tell_each(_notes(result, given), dim=True)
            return result.status
    return show(summed(result) if given[TOTAL] else result, given)


def show(result: Result, given: Given) -> int:
    """Print an answer in the manner that was asked for, and below it what should be known of it; returns the exit
    status.
    """
    from perpcalc.render import Manner, rendered

    fields = tuple(name for names in given[FIELD] or () for name in names)
    manner = Manner(output_format(given), fields, EXPLAIN in given, WIDE in given, CHART in given)
    texts = rendered(result, manner)
    _tell_each(_warnings(result))
    with suppress(BrokenPipeError):  # who reads no further still learns the answer from the status
        sys.stdout.writelines(texts)
        sys.stdout.flush()
    _tell_each(_notes(result, given), dim=True)
    return result.status


def _warnings(result: Result) -> Iterable[Words]:
    """What is said even to those who want no notes."""
    return dict.fromkeys(result.warnings)


def _notes(result: Result, given: Given) -> Iterable[Words]:
    """The notes, unless none are wanted; none twice."""
    return () if given[QUIET] else dict.fromkeys(note for note in result.notes if note not in result.warnings)


def _tell_each(notes: Iterable[Words], dim: bool = False) -> None:
    for note in notes:
        tell(worded(note, flags=True), dim)


def check_output(given: Given) -> None:
    """Raise PerpcalcError where two ways to print were asked for; a format of the environment gives way."""
    ways = given.written((FORMAT, JSON, FIELD, EXPLAIN))
    same = {(FORMAT.name, JSON.name): "json", (FORMAT.name, EXPLAIN.name): "table"}
    for place, later in enumerate(ways):
        for earlier in ways[:place]:
            if (earlier.name, later.name) == (FIELD.name, EXPLAIN.name):
                continue
            if given[FORMAT] != same.get((earlier.name, later.name), "none"):
                raise PerpcalcError(("excludes ", earlier.key), "give one of them").at(later.key)
    if given[CHART]:
        for option in ways:
            if option is not FORMAT or given[FORMAT] != "table":
                raise PerpcalcError(("excludes ", option.key), "it is drawn below the table").at(CHART.key)


def output_format(given: Given) -> str:
    """The format to print in: table where nothing else was asked for; a chart is drawn below one."""
    if given[JSON]:
        return "json"
    return "table" if given[CHART] else given[FORMAT] or "table"


def _once(options: tuple[Option[object], ...], written: Written) -> dict[str, object]:
    """The same with one text of an option of one value; raises PerpcalcError where it was given twice."""
    by_name = {option.name: option for option in options}
    texts = dict(written)
    for name, every in written.items():
        option = by_name[name]
        if not (option.flag or option.many or option.argument):
            if len(every) > 1:
                raise PerpcalcError("is given twice", "give it once").at(option.key)
            texts[name] = every[0]
    return texts
