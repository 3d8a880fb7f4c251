"""Reading a file that somebody names: bounded, and never one that has no end."""

import os
import stat
import sys
from typing import NamedTuple

from perpcalc.errors import PerpcalcError

LARGEST_FILE = 16 << 20


class Source(NamedTuple):
    """A file as read: its bytes and the place to name in errors."""

    raw: bytes
    where: str


def read(path: str) -> Source:
    """The bytes of a regular file, a pipe or standard input, at most 16 MiB of them."""
    where = "standard input" if path == "-" else path
    try:
        if path == "-":
            if sys.stdin is None or sys.stdin.isatty():
                raise PerpcalcError("is a terminal: pipe a file into it, or give its name").at(where)
            raw = sys.stdin.buffer.read(LARGEST_FILE + 1)
        else:
            # A FIFO without a writer would wait for ever, and a device has no end: neither is opened.
            if stat.S_ISDIR(mode := os.stat(path).st_mode):
                raise PerpcalcError("is a directory: give a file").at(where)
            if not stat.S_ISREG(mode) and not path.startswith(("/dev/fd/", "/dev/stdin", "/proc/self/fd/")):
                raise PerpcalcError("is not a regular file: give one, or - and a pipe").at(where)
            with open(path, "rb") as file:
                raw = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise PerpcalcError(f"{error.strerror}: give a file that can be read").at(where) from None
    except ValueError as error:
        if isinstance(error, PerpcalcError):
            raise
        raise PerpcalcError("is not the name of a file: give one").at(where) from None
    if len(raw) > LARGEST_FILE:
        raise PerpcalcError("is larger than 16 MiB: split it").at(where)
    return Source(raw, where)
