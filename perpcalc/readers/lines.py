"""The lines of a text file of any length, one after another or from the end, in flat memory."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO

from perpcalc.errors import PerpcalcError
from perpcalc.files import unreadable

LONGEST_LINE = 1 << 16
BLOCK = 1 << 20


def lines_of(file: BinaryIO, start: Sequence[bytes], first: int = 1) -> Iterator[tuple[int, str]]:
    """The lines of an open file with their numbers, `start` having been read from it already; the first is `first`.

    Bytes that are not UTF-8 are for `checked` to find.
    """
    text = io.TextIOWrapper(file, "utf-8", "surrogateescape")
    try:
        yield from enumerate(chain((raw.decode("utf-8", "surrogateescape") for raw in start), text), first)
    except OSError as error:
        raise unreadable(error) from None
    finally:
        if not file.closed:
            text.detach()  # else the file would be closed with it, standard input too


def backwards(file: BinaryIO, begin: int, first: int) -> Iterator[tuple[int, str]]:
    """The lines of a file from the last to the one that starts at the byte `begin`, with their numbers; that one is
    `first`.

    Raises PerpcalcError for a pipe.
    """
    if not file.seekable():
        raise PerpcalcError("begins with the newest row and cannot be read from its end", "give it as a file")
    number = first + _count(file, begin)
    end = file.seek(0, io.SEEK_END)
    rest = b""
    while end > begin:
        size = min(BLOCK, end - begin)
        end = file.seek(end - size)
        rest, *lines = (file.read(size) + rest).split(b"\n")
        for line in reversed(lines if end > begin else [rest, *lines]):
            yield number, line.decode("utf-8", "surrogateescape")
            number -= 1


def checked(line: str) -> str:
    """A line as it is; raises PerpcalcError where it was not UTF-8.

    >>> checked("1717200000000,60000")
    '1717200000000,60000'
    """
    try:
        line.encode()
    except UnicodeEncodeError:
        raise PerpcalcError("is not UTF-8", "save the file as UTF-8") from None
    return line


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line of a CSV file, without the spaces around them; raises PerpcalcError where it is none."""
    try:
        return [cell.strip() for cell in next(csv.reader([checked(line)], delimiter=delimiter, strict=True), [])]
    except csv.Error as error:
        raise PerpcalcError(f"not CSV: {error}", "correct that line") from None


def _count(file: BinaryIO, begin: int) -> int:
    """How many line ends come after a byte."""
    file.seek(begin)
    return sum(block.count(b"\n") for block in iter(lambda: file.read(BLOCK), b""))
