"""Reading a file that somebody names: bounded, and never one that has no end."""

import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

from perpcalc.errors import PerpcalcError

LARGEST_FILE = 16 << 20
LONG_LINE = 200
KEY_OF_MANY_PARTS = re.compile(r"""(?<![\w-])((?:[\w-]++|"[^"]*+"|'[^']*+')[ \t]*+\.[ \t]*+){32}""")


class Source(NamedTuple):
    """A file as read: its bytes and the place to name in errors."""

    raw: bytes
    where: str


@contextmanager
def opened(path: str) -> Iterator[tuple[BinaryIO, str]]:
    """A regular file, a pipe or standard input, open to be read, and the place to name in errors."""
    if path != "-":
        with _open(path) as file:
            yield file, path
        return
    where = "standard input"
    if sys.stdin is None or sys.stdin.isatty():
        raise PerpcalcError("is a terminal", "pipe a file into it, or give its name").at(where)
    yield sys.stdin.buffer, where


def read(path: str) -> Source:
    """The bytes of a regular file, a pipe or standard input, at most 16 MiB of them."""
    with opened(path) as (file, where):
        return whole(file, where)


def whole(file: BinaryIO, where: str, start: bytes = b"") -> Source:
    """All that an open file holds, at most 16 MiB, after a `start` that was read from it."""
    try:
        raw = start + file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise unreadable(error).at(where) from None
    if len(raw) > LARGEST_FILE:
        raise PerpcalcError("is larger than 16 MiB", "split it").at(where)
    return Source(raw, where)


def unreadable(error: OSError) -> PerpcalcError:
    """What the system says of a file that cannot be read."""
    return PerpcalcError(f"{error.strerror}", "give a file that can be read")


def _open(path: str) -> BinaryIO:
    try:
        # A FIFO without a writer would wait for ever, and a device has no end: neither is opened.
        if stat.S_ISDIR(mode := os.stat(path).st_mode):
            raise PerpcalcError("is a directory", "give a file").at(path)
        if not stat.S_ISREG(mode) and not path.startswith(("/dev/fd/", "/dev/stdin", "/proc/self/fd/")):
            raise PerpcalcError("is not a regular file", "give one, or - and a pipe").at(path)
        return open(path, "rb")
    except OSError as error:
        raise unreadable(error).at(path) from None
    except ValueError as error:
        if isinstance(error, PerpcalcError):
            raise
        raise PerpcalcError("is not the name of a file", "give one").at(path) from None


def toml(raw: bytes) -> dict[str, Any]:
    r"""The tables of a TOML file, numbers with a point as text; raises PerpcalcError where it is none.

    A key of many parts is refused, since the time to read one grows with the square of their number.

    >>> toml(b"[prices]\nBTC = 64_000.5")
    {'prices': {'BTC': '64_000.5'}}
    """
    import tomllib

    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PerpcalcError(f"byte {error.start} is not UTF-8", "save the file as UTF-8") from None
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LONG_LINE and KEY_OF_MANY_PARTS.search(line):
            raise PerpcalcError(f"line {number} has a key of too many parts", "leave the dots out")
    try:
        return tomllib.loads(text, parse_float=str)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        raise PerpcalcError(f"not TOML: {message[:1].lower()}{message[1:]}", "correct that place") from None
    except RecursionError:
        raise PerpcalcError("not a file to read: it is nested too deeply", "leave the inner brackets out") from None
    except ValueError:
        raise PerpcalcError("an integer has too many digits", "use at most 15") from None
