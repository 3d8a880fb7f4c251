"""`perpcalc batch`: many questions in, as many answers out, one JSON object per line."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from importlib import import_module
from json import JSONDecodeError, JSONDecoder
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, BinaryIO, NamedTuple, NoReturn

from perpcalc.cli.command import Command, tell
from perpcalc.cli.options import OUTPUT, PORTFOLIO, Given, Reader, as_keys, read, reader
from perpcalc.errors import PerpcalcError, suggestion
from perpcalc.render.json import compact
from perpcalc.render.report import Report

COMMANDS = ("pnl", "liq-price", "funding-cost", "size", "liq-cost", "hedge", "greeks", "power")
CHUNK = 1 << 16
LONGEST_LINE = 1 << 20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MOST_NOTES = 100


class Asked(NamedTuple):
    """A command as the lines ask for it: what reads its options, and what answers."""

    reader: Reader
    answer: Callable[[Given], Report]


def run(given: Given) -> int:
    """Answer each line of standard input, bad ones with their error in their place; raises PerpcalcError if there were any.

    Before it waits for more input all that was asked is answered, so that a program may hold a conversation.
    """
    if sys.stdin is None:
        raise PerpcalcError("is closed", "pipe one JSON object per line into it").at("standard input")
    lines = bad = 0
    told: set[str] = set()
    progress = _progress()
    for block in blocks(sys.stdin.buffer):
        answers = []
        for line in block:
            lines += 1
            try:
                report = answered(line)
            except PerpcalcError as error:
                bad += 1
                answers.append(f'{{"line": {lines}, "error": {quoted(str(error))}}}\n')
            else:
                answers.append(compact(report) + "\n")
                if report.notes:
                    _tell(report.notes, told)
        sys.stdout.write("".join(answers))
        sys.stdout.flush()
        progress(lines)
    if bad:
        raise PerpcalcError(f"{bad} of {lines} lines could not be answered", "see their error").at("batch")
    return 0


def blocks(stream: BinaryIO) -> Iterator[list[bytes | None]]:
    """The lines of a stream as they arrive, without their ends; None stands for one that is too long to be held."""
    rest: bytes | None = b""
    mark = BYTE_ORDER_MARK
    while chunk := stream.read1(CHUNK):  # type: ignore[attr-defined]
        first, *others = chunk.split(b"\n")
        rest = _bounded(rest, first)
        if others:
            yield [rest and rest.removeprefix(mark), *others[:-1]]
            rest, mark = _bounded(b"", others[-1]), b""
    if rest != b"":
        yield [rest and rest.removeprefix(mark)]


def _bounded(start: bytes | None, more: bytes) -> bytes | None:
    """A line and more of it; None where that is too long."""
    return None if start is None or len(start) + len(more) > LONGEST_LINE else start + more


def answered(line: bytes | None) -> Report:
    """The answer to one line; raises PerpcalcError for a bad one."""
    if line is None:
        raise PerpcalcError(f"the line is longer than {LONGEST_LINE >> 20} MiB", "ask one thing per line")
    question = _object(line)
    name = question.pop("command", None)
    asked = _asked(name if isinstance(name, str) else "")
    if not question.keys() <= asked.reader.options.keys():
        unknown = next(key for key in question if key not in asked.reader.options)
        raise PerpcalcError("unknown key", f"give {suggestion(unknown, asked.reader.options)}").at(ascii(unknown[:64]))
    if question.get(PORTFOLIO.name) == "-":
        raise PerpcalcError("standard input holds the lines", "name a file").at(PORTFOLIO.name)
    try:
        options = read(asked.reader, question, on_command_line=False)
        options.explain = False
        return asked.answer(options)
    except PerpcalcError as error:
        raise PerpcalcError(as_keys(str(error))) from None


@lru_cache(maxsize=len(COMMANDS))
def _asked(name: str) -> Asked:
    if name not in COMMANDS:
        raise PerpcalcError(f"{name[:64]!a} is not a command for a line", f"give {suggestion(name, COMMANDS)}").at(
            "command"
        )
    command: Command = import_module("perpcalc.cli." + name.replace("-", "_")).COMMAND
    assert command.answer is not None
    return Asked(reader(option for option in command.options if option not in OUTPUT), command.answer)


def _object(line: bytes) -> dict[str, Any]:
    try:
        question = DECODER.decode(line.decode())
    except UnicodeDecodeError as error:
        raise PerpcalcError(f"byte {error.start} is not UTF-8", "write the line in UTF-8") from None
    except RecursionError:
        raise PerpcalcError("the line is nested too deeply", "give one flat JSON object") from None
    except JSONDecodeError as error:
        if not line.strip():
            raise PerpcalcError("the line is blank", "give one JSON object per line") from None
        message = error.msg[:1].lower() + error.msg[1:]
        raise PerpcalcError(f"not JSON: {message} at column {error.colno}", "give one object per line") from None
    if not isinstance(question, dict):
        raise PerpcalcError('not a JSON object: write {"command"', '"pnl", ...}')
    return question


def _no_constant(name: str) -> NoReturn:
    raise PerpcalcError(f"{name} is not a plain decimal number", "it must be finite")


DECODER = JSONDecoder(parse_float=str, parse_int=str, parse_constant=_no_constant)


def _tell(notes: Iterable[str], told: set[str]) -> None:
    """Say each thing once, and not without end."""
    for note in notes:
        if note not in told and len(told) <= MOST_NOTES:
            told.add(note)
            shown = note if len(told) <= MOST_NOTES else "there are more notes than are shown here"
            tell(as_keys(shown))


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


COMMAND = Command(
    "batch",
    "Answer one JSON object per line of standard input with one per line of standard output: a command and its long options, - written _.",
    """echo '{"command": "pnl", "side": "long", "contracts": "10k", "entry": 62500, "exit": 64000}' | perpcalc batch""",
    (),
    runs=run,
)
