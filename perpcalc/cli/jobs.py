"""`batch --jobs N`: the lines of a stream shared out to processes, their answers in the order of the lines."""

import decimal
import os
from collections import deque
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

MOST_WAITING = 2
"""Blocks of lines that wait for one process: memory stays bounded."""


class Worker(NamedTuple):
    """A process that answers, and the end of the pipe to it."""

    process: "BaseProcess"
    pipe: Connection
    waiting: deque[tuple[int, int]]
    """First line and number of lines of each block it has not answered yet."""


def shared_out(stream: BinaryIO, jobs: int) -> Iterator[Block]:
    """The answers in order; whatever can be answered is, before more input is waited for.

    Raises PerpcalcError, naming the lines that are lost, where a process dies.
    """
    workers = [_started() for _ in range(jobs)]
    try:
        yield from _conversation(stream, workers)
    finally:
        for worker in workers:
            worker.pipe.close()
        for worker in workers:
            worker.process.join(timeout=1)
            if worker.process.is_alive():
                worker.process.terminate()


def _conversation(stream: BinaryIO, workers: list[Worker]) -> Iterator[Block]:
    arriving: Iterator[list[bytes | None]] | None = blocks(stream)
    done: dict[int, Block] = {}
    number, due = 1, 1
    while arriving is not None or due < number:
        free = min(workers, key=lambda worker: len(worker.waiting))
        sources: list[Connection | int] = [worker.pipe for worker in workers if worker.waiting]
        if arriving is not None and len(free.waiting) < MOST_WAITING:
            sources.append(stream.fileno())
        ready = wait(sources)
        for worker in workers:
            if worker.pipe in ready:
                first, _ = worker.waiting[0]
                done[first] = _received(worker)
        if arriving is not None and stream.fileno() in ready:
            lines = next(arriving, None)
            if lines is None:
                arriving = None
            else:
                free.waiting.append((number, len(lines)))
                _sent(free, number, lines)
                number += len(lines)
        while due in done:
            block = done.pop(due)
            due += block.lines
            yield block


def _sent(worker: Worker, first: int, lines: list[bytes | None]) -> None:
    try:
        worker.pipe.send((first, lines))
    except OSError:
        raise _lost(worker) from None


def _received(worker: Worker) -> Block:
    try:
        block: Block = worker.pipe.recv()
    except (EOFError, OSError):
        raise _lost(worker) from None
    worker.waiting.popleft()
    return block


def _lost(worker: Worker) -> PerpcalcError:
    first, _ = worker.waiting[0]
    last, count = worker.waiting[-1]
    last += count - 1
    lines = f"the answers to lines {first} to {last} are lost" if last > first else f"the answer to line {last} is lost"
    return PerpcalcError(f"a process died, {lines}", "ask again from there, with fewer jobs").at("batch")


def _started() -> Worker:
    context: Any = get_context("fork" if "fork" in get_all_start_methods() else "spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, ours), daemon=True)
    process.start()
    theirs.close()
    return Worker(process, ours, deque())


def _work(pipe: Connection, other: Connection) -> None:
    """Answer what comes through the pipe until it is closed."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that was started by hand ends the others
    other.close()
    decimal.setcontext(CONTEXT)
    with suppress(EOFError, OSError):
        while True:
            first, lines = pipe.recv()
            pipe.send(block_of(lines, first))
    os._exit(0)
