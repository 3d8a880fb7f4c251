"""Calls of the program inside the process of the tests: many times quicker than a process of its own, and the same."""

import io
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest

from perpcalc.__main__ import run
from perpcalc.commands import lines, market

SECONDS, MEBIBYTES = 5, 512
STATM = Path("/proc/self/statm")


class Answer(NamedTuple):
    """What a call of the program wrote, and its exit status."""

    stdout: str
    stderr: str
    status: int


Run = Callable[..., Answer]


@contextmanager
def bounded() -> Iterator[None]:
    """No case may take more of the processor or of memory than any answer needs."""
    resource = pytest.importorskip("resource", reason="the system cannot bound a process")
    if not STATM.exists():
        pytest.skip("the system does not tell how much memory is held")

    def too_long(number: int, frame: object) -> None:
        pytest.fail(f"takes more than {SECONDS} s of the processor")

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    held = int(STATM.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    before = signal.signal(signal.SIGPROF, too_long)
    resource.setrlimit(resource.RLIMIT_AS, (held + (MEBIBYTES << 20), hard))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


class Stream(io.TextIOWrapper):
    """A stream that stays in memory."""

    def __init__(self, content: bytes = b"") -> None:
        super().__init__(io.BytesIO(content), encoding="utf-8", errors="backslashreplace", newline="")

    def written(self) -> str:
        """What was written to it."""
        self.flush()
        raw = self.buffer
        assert isinstance(raw, io.BytesIO)
        return raw.getvalue().decode()


def called(arguments: Sequence[str], stdin: bytes = b"", together: bool = False) -> Answer:
    """What one call in this process writes, and its status; `together` has all on standard output, in its order."""
    given, out = Stream(stdin), Stream()
    errors = out if together else Stream()
    held = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = given, out, errors
    try:
        status = run(list(arguments))
    finally:
        sys.stdin, sys.stdout, sys.stderr = held
    return Answer(out.written(), "" if together else errors.written(), status)


LONG_AGO = "1609459200"
"""The day that it is for the program under test, 2021-01-01, on which the facts of no venue are old."""


def environment(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a machine where nothing is configured, and whose files are those of a folder."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "COLUMNS": "80",
        "PYTHONUTF8": "1",
        "SOURCE_DATE_EPOCH": LONG_AGO,
        **(more or {}),
    }


def in_folder(
    folder: Path,
    arguments: Sequence[str],
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    together: bool = False,
) -> Answer:
    """What a call in a folder writes, in an environment of its own."""
    market._found.cache_clear()  # venue files of another folder
    lines._asking.cache_clear()  # and another environment
    with patch.dict(os.environ, environment(folder, env), clear=True), chdir(folder):
        return called(arguments, stdin, together)
