"""Values as text: for machines, and names made harmless for a terminal."""

import os
import sys
from contextlib import suppress
from decimal import Decimal
from typing import TextIO

from perpcalc.answer import Value
from perpcalc.decimals import plain
from perpcalc.errors import printable as printable  # noqa: PLC0414  others take it from here


def machine(value: Value) -> str | None:
    """A value as scripts read it: plain numbers, `true` and `false`, None for null.

    >>> machine(Decimal("1E-8")), machine(True), machine(None)
    ('0.00000001', 'true', None)
    """
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def paragraph(text: str, indent: str = "") -> str:
    """A text made harmless and indented; wrapped where people read it on a terminal, one line elsewhere.

    >>> paragraph("a source", "  ")
    '  a source'
    """
    return _broken(indent + printable(text), sys.stdout, indent + "  ")


def _broken(line: str, stream: TextIO | None, indent: str = "") -> str:
    """A line broken between words where the stream is a terminal, and nowhere else."""
    if stream is None or not stream.isatty():
        return line
    from shutil import get_terminal_size
    from textwrap import fill

    width = max(40, get_terminal_size().columns)
    return fill(line, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)


def say(message: str) -> None:
    """Print one line for people on standard error; nobody there to read it changes nothing."""
    try:
        print(_broken(f"perpcalc: {printable(message)}", sys.stderr), file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)


def tell(note: str) -> None:
    """Say a note on standard error."""
    say(f"note: {note}")


def silence(stream: TextIO) -> None:
    """Send a stream and what its buffer still holds nowhere, so that the interpreter's flush at exit cannot fail."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
