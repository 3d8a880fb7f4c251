"""Values as text: for machines, and names made harmless for a terminal."""

import os
import sys
from contextlib import suppress
from decimal import Decimal
from typing import TextIO

from perpcalc.answer import Value
from perpcalc.decimals import plain
from perpcalc.errors import printable


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

    return broken(line, get_terminal_size().columns, indent)


def broken(line: str, width: int, indent: str = "") -> str:
    r"""A line broken between words, which stay whole, addresses above all.

    >>> broken("see https://example.com/a-rather-long-address or ask", 40)
    'see\nhttps://example.com/a-rather-long-address\nor ask'
    """
    from textwrap import fill

    return fill(line, max(40, width), subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)


def ascii_only() -> bool:
    """Whether standard output takes nothing but ASCII: where it is not UTF-8, in the locale C, at a Linux console.

    Where the locale is C, Python itself sets LC_CTYPE to C.UTF-8.
    """
    known = os.environ
    locales = (known.get("LC_ALL"), known.get("LC_CTYPE", "").replace("C.UTF-8", ""), known.get("LANG"))
    locale = next(filter(None, locales), "")
    is_utf8 = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    return not is_utf8 or locale in ("C", "POSIX") or known.get("TERM") == "linux"


def say(message: str, dim: bool = False) -> None:
    """Print one line for people on standard error, `dim` where colours are shown; nobody there to read it changes
    nothing.
    """
    text = _broken(f"perpcalc: {printable(message)}", sys.stderr)
    if dim and sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") not in ("dumb", None):
        text = f"\x1b[2m{text}\x1b[0m"
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)


def tell(note: str, dim: bool = False) -> None:
    """Say a note on standard error."""
    say(f"note: {note}", dim)


def silence(stream: TextIO) -> None:
    """Send a stream and what its buffer still holds nowhere, so that the interpreter's flush at exit cannot fail."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
