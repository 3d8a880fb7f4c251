"""`perpcalc batch`: many questions in, as many answers out, one JSON object per line."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from perpcalc.cli.answering import Block, block_of, blocks
from perpcalc.cli.door import Action
from perpcalc.decimals import count
from perpcalc.errors import PerpcalcError
from perpcalc.given import Given, one, switch
from perpcalc.options import QUIET
from perpcalc.render.text import tell

MOST_NOTES = 100
MOST_JOBS = 256

JOBS = one("jobs", count, "N", "Answer in so many processes; the order of the lines is kept.")
ERRORS_OK = switch("errors_ok", "Exit with 0 although some lines could not be answered.")


def run(given: Given) -> int:
    """Answer each line of standard input, bad ones with their error in their place; raises PerpcalcError if there were
    any.

    Before it waits for more input all that was asked is answered, so that a program may hold a conversation.
    """
    if sys.stdin is None:
        raise PerpcalcError("is closed", "pipe one JSON object per line into it").at("standard input")
    jobs = int(given[JOBS] or 1)
    if jobs > MOST_JOBS:
        raise PerpcalcError(f"is more than {MOST_JOBS}", "give the number of processors").at(JOBS.key)
    lines = bad = 0
    told: set[str] = set()
    progress = _progress()
    for block in _answers(sys.stdin.buffer, jobs):
        lines, bad = lines + block.lines, bad + block.bad
        _tell(block.warnings if given[QUIET] else (*block.warnings, *block.notes), told)
        sys.stdout.write(block.text)
        sys.stdout.flush()
        progress(lines)
    if bad and not given[ERRORS_OK]:
        raise PerpcalcError(f"{bad} of {lines} lines could not be answered", "see their error").at("batch")
    return 0


def _answers(stream: BinaryIO, jobs: int) -> Iterator[Block]:
    if jobs > 1:
        from perpcalc.cli.jobs import shared_out

        yield from shared_out(stream, jobs)
        return
    first = 1
    for lines in blocks(stream):
        yield block_of(lines, first)
        first += len(lines)


def _tell(notes: Iterable[str], told: set[str]) -> None:
    """Say each thing once, and not without end."""
    for note in notes:
        if note not in told and len(told) <= MOST_NOTES:
            told.add(note)
            tell(note if len(told) <= MOST_NOTES else "there are more notes than are shown here")


def _progress() -> Callable[[int], None]:
    """What shows the number of lines on a terminal, twice a second and only while nothing else is printed there."""
    if sys.stderr is None or not sys.stderr.isatty() or sys.stdout.isatty() or sys.stdin.isatty():
        return lambda lines: None
    due = time.monotonic() + 1 / 2

    def show(lines: int) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + 1 / 2
            print(f"\rperpcalc: {lines:,} lines\r", end="", file=sys.stderr, flush=True)

    return show


ACTION = Action(
    "batch",
    "Answer one JSON object per line of standard input with one per line of standard output. A question is a command"
    " and its long options, - written _.",
    (
        """echo '{"command": "pnl", "side": "long", "contracts": "10k", "entry": 62500, "exit": 64000}' """
        "| perpcalc batch",
        "perpcalc batch --jobs 2 --errors-ok < questions.ndjson > answers.ndjson",
    ),
    (JOBS, ERRORS_OK, QUIET),
    run,
)
