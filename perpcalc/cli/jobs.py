"""`batch --jobs N`: the lines of a stream shared out to processes, their answers in the order of the lines."""

import decimal
import os
import pickle
import signal
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from perpcalc.cli.answering import Block, block_of, blocks
from perpcalc.decimals import CONTEXT
from perpcalc.errors import PerpcalcError

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

MOST_AHEAD = 16
"""Blocks of answers for each process that wait for an earlier one: memory stays bounded."""


class Worker(NamedTuple):
    """A process that answers, and the end of the pipe to it."""

    process: "BaseProcess"
    pipe: Connection


class _LostError(Exception):
    """The process at the other end of a pipe has died."""


def shared_out(stream: BinaryIO, jobs: int) -> Iterator[Block]:
    """The answers in order; whatever can be answered is, before more input is waited for.

    Raises PerpcalcError, naming the lines that are lost, where a process dies.
    """
    workers = [_started() for _ in range(jobs)]
    try:
        yield from _conversation(stream, [worker.pipe for worker in workers])
    finally:
        for worker in workers:
            worker.pipe.close()
        for worker in workers:
            worker.process.join(timeout=1)
            if worker.process.is_alive():
                worker.process.terminate()


def _conversation(stream: BinaryIO, pipes: list[Connection]) -> Iterator[Block]:
    """A process is asked only when it has answered: two that write to each other would both wait for ever."""
    arriving: Iterator[list[bytes | None]] | None = blocks(stream)
    read: list[bytes | None] | None = None
    asked: dict[Connection, int] = {}  # whom, from which line on
    done: dict[int, Block] = {}
    number, due = 1, 1
    while arriving is not None or due < number:
        try:
            idle = next((pipe for pipe in pipes if pipe not in asked), None)
            if read is not None and idle is not None and len(done) < MOST_AHEAD * len(pipes):
                asked[idle], lines, read = number, read, None
                number += len(lines)
                _send(idle, asked[idle], lines)
            sources: list[Connection | int] = [*asked]
            if arriving is not None and read is None:
                sources.append(stream.fileno())
            ready = wait(sources)
            for pipe in [pipe for pipe in asked if pipe in ready]:
                done[asked[pipe]] = _received(pipe)
                del asked[pipe]
            if arriving is not None and stream.fileno() in ready:
                came = next(arriving, None)
                arriving, read = (None, None) if came is None else (arriving, came or None)
        except _LostError:
            yield from _until_the_loss(asked, done, due, number)
        while due in done:
            block = done.pop(due)
            due += block.lines
            yield block


def _until_the_loss(asked: dict[Connection, int], done: dict[int, Block], due: int, number: int) -> Iterator[Block]:
    """What comes before the lines that are lost; raises PerpcalcError, naming all that were asked without an answer."""
    holders = {first: pipe for pipe, first in asked.items()}
    while True:
        try:
            block = done[due] if due in done else _received(holders[due])
        except _LostError:
            break
        due += block.lines
        yield block
    last = number - 1
    lines = f"the answers to lines {due} to {last} are lost" if last > due else f"the answer to line {due} is lost"
    raise PerpcalcError(f"a process died, {lines}", "ask again from there, with fewer jobs").at("batch")


def _send(pipe: Connection, first: int, lines: list[bytes | None]) -> None:
    """Ask a process; `send` itself would leave a buffer behind where that has died, of which Python 3.13 complains."""
    try:
        pipe.send_bytes(pickle.dumps((first, lines)))
    except OSError:
        raise _LostError from None


def _received(pipe: Connection) -> Block:
    try:
        block: Block = pipe.recv()
    except (EOFError, OSError):
        raise _LostError from None
    return block


def _started() -> Worker:
    context: Any = get_context("fork" if "fork" in get_all_start_methods() else "spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, ours), daemon=True)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # none may reach it before it ignores them
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    return Worker(process, ours)


def _work(pipe: Connection, other: Connection) -> None:
    """Answer what comes through the pipe until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that was started by hand ends the others
    other.close()
    decimal.setcontext(CONTEXT)
    with suppress(EOFError, OSError):
        while True:
            first, lines = pipe.recv()
            pipe.send(block_of(lines, first))
    os._exit(0)
