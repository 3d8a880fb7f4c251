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
MOST_PARTS = 8
DEEPEST = 32

STRING = (
    r'''"""[^"\\]*+(?:(?:\\[\s\S]|"(?!""))[^"\\]*+)*(?:"{3,5}+)?'''
    r"""|'''[^']*+(?:'(?!'')[^']*+)*(?:'{3,5}+)?"""
    r"""|"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*"?|'[^'\n]*+'?"""
)
"""A string of TOML, or all that is left of the line or the file where one does not end.

No group is possessive: before 3.11.5 such a group may match what it should not (python/cpython issue 106052).
"""
COMMENT = r"#[^\n]*+"
_TEXT = f"{STRING}|{COMMENT}"
_LONG_KEY = r"\.(?:[ \t]*+[\w-]++[ \t]*+\.)" f"{{{MOST_PARTS - 1}}}"
_NO_BRACKETS = bytes(range(256)).translate(None, b"[]{}")
_SQUARE = bytes.maketrans(b"{}", b"[]")

_DESCRIPTORS = r"/dev/fd/\d+|/dev/std(?:in|out|err)|/proc/(self|thread-self|\d+)/(?:task/\d+/)?fd/\d+"
_MOST_LINKS = 40


class Source(NamedTuple):
    """A file as read: its bytes and the place to name in errors."""

    raw: bytes
    where: str


def read(path: str, own_stdin: bool = True) -> Source:
    """The bytes of a regular file, a pipe or standard input, at most 16 MiB of them.

    Without `own_stdin` standard input holds something else, and only a regular file is read. Raises PerpcalcError.
    """
    with opened(path, own_stdin) as (file, where):
        return whole(file, where)


@contextmanager
def opened(path: str, own_stdin: bool = True) -> Iterator[tuple[BinaryIO, str]]:
    """The same, open to be read by and by, and the place to name in errors."""
    where = "standard input" if path == "-" else path
    try:
        file = _file(path, own_stdin)
    except PerpcalcError as error:
        raise error.at(where) from None
    except OSError as error:
        raise unreadable(error).at(where) from None
    except ValueError:
        raise PerpcalcError("is not the name of a file", "give one").at(where) from None
    try:
        yield file, where
    finally:
        if path != "-":
            file.close()


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
    return PerpcalcError(error.strerror or "cannot be read", "give a file that can be read")


def descriptor_of(path: str) -> int | None:
    """The open file that a path stands for, as `/dev/stdin` and `/dev/fd/3` do, links to them too; else None.

    >>> descriptor_of("/dev/fd/3"), descriptor_of("book.toml")
    (3, None)
    """
    for _ in range(_MOST_LINKS):
        path = os.path.abspath(path)
        found = re.fullmatch(_DESCRIPTORS, path)
        if found and found[1] not in (None, "self", "thread-self", str(os.getpid())):
            return None
        if found:
            name = os.path.basename(path)
            return int(name) if name.isdigit() else ("stdin", "stdout", "stderr").index(name)
        folder, name = os.path.split(path)
        real = os.path.join(os.path.realpath(folder), name)
        if real != path:
            path = real
        elif os.path.islink(path):
            path = os.path.join(folder, os.readlink(path))
        else:
            return None
    return None


def _file(path: str, own_stdin: bool) -> BinaryIO:
    descriptor = 0 if path == "-" else descriptor_of(path)
    if descriptor is not None and not own_stdin:
        what = "is a file that is open already" if descriptor else "holds the questions"
        raise PerpcalcError(what, "give the name of a file")
    if path == "-":
        return _standard_input()
    return _from_path(path) if descriptor is None else _from_descriptor(path, descriptor)


def _standard_input() -> BinaryIO:
    if sys.stdin is None or sys.stdin.closed:
        raise PerpcalcError("is closed", "pipe a file into it, or give its name")
    if sys.stdin.isatty():
        raise PerpcalcError("is a terminal", "pipe a file into it, or give its name")
    return sys.stdin.buffer


def _from_descriptor(path: str, descriptor: int) -> BinaryIO:
    """A file that is open already; opening a pipe a second time could wait for a writer that is gone."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        raise PerpcalcError("is closed", "pipe a file into it, or give its name") from None
    if stat.S_ISREG(mode):
        return _from_path(path)
    if stat.S_ISDIR(mode):
        raise PerpcalcError("is a directory", "give a file")
    if os.isatty(descriptor):
        raise PerpcalcError("is a terminal", "pipe a file into it, or give its name")
    return open(os.dup(descriptor), "rb")


def _from_path(path: str) -> BinaryIO:
    # A FIFO without a writer would wait for ever, and a device has no end: neither is opened, nor waited for where one
    # takes the place of the file at this moment.
    _need_regular(os.stat(path).st_mode)
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        _need_regular(os.fstat(descriptor).st_mode)
    except PerpcalcError:
        os.close(descriptor)
        raise
    return open(descriptor, "rb")


def _need_regular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise PerpcalcError("is a directory", "give a file")
    if not stat.S_ISREG(mode):
        raise PerpcalcError("is not a regular file", "give one, or - and a pipe")


def toml(raw: bytes) -> dict[str, Any]:
    r"""The tables of a TOML file, numbers with a point as text; raises PerpcalcError where it is none.

    A key of many parts is refused, since the time and memory to read one grow with the square of their number.

    >>> toml(b"[prices]\nBTC = 64_000.5")
    {'prices': {'BTC': '64_000.5'}}
    """
    import tomllib

    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PerpcalcError(f"byte {error.start} is not UTF-8", "save the file as UTF-8") from None
    _need_flat(text)
    try:
        return tomllib.loads(text, parse_float=str)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        raise PerpcalcError(f"not TOML: {message[:1].lower()}{message[1:]}", "correct that place") from None
    except ValueError:
        raise PerpcalcError("an integer has too many digits", "use at most 15") from None


def _need_flat(text: str) -> None:
    """Raise PerpcalcError for a key of more than 8 parts or for brackets in brackets, 32 deep, before anything is
    built.
    """
    bare = "s".join(re.split(_TEXT, text))
    if re.search(_LONG_KEY, bare):
        lines = re.sub(_TEXT, lambda found: "s" + "\n" * found[0].count("\n"), text)
        found = re.search(_LONG_KEY, lines)
        number = 1 + lines.count("\n", 0, found.start()) if found else 1
        raise PerpcalcError(f"line {number} has a key of too many parts", "leave the dots out")
    brackets = bare.encode().translate(_SQUARE, _NO_BRACKETS)
    for _ in range(DEEPEST):
        brackets = brackets.replace(b"[]", b"")
    if b"[]" in brackets or brackets.count(b"[") > DEEPEST:
        raise PerpcalcError("not a file to read: it is nested too deeply", "leave the inner brackets out")
