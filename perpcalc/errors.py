"""The one error a user can cause: where it is, what is wrong and what to do about it."""

from collections.abc import Iterable


class Key(str):
    """The name of an option, `mm_basis`: a flag on a command line, a key everywhere else."""

    __slots__ = ()

    @property
    def flag(self) -> str:
        """The option as it is written on a command line."""
        return "--" + self.replace("_", "-")


class Argument(Key):
    """The name of an argument, `file`, which a command line writes as it is `written` in the help, FILE."""

    written: str

    def __new__(cls, name: str, written: str) -> "Argument":
        """The name, and how it is written."""
        made = super().__new__(cls, name)
        made.written = written
        return made

    @property
    def flag(self) -> str:
        """The argument as the help of a command line has it."""
        return self.written


class Entry(str):
    """An entry of a file, `position 2 (core long)`: what is named inside it is one of its keys."""

    __slots__ = ()


Words = str | tuple[str, ...]
"""A text, or its parts where some of them are a `Key` that the reader's door writes."""


class PerpcalcError(ValueError):
    """What is wrong and what to do about it, with the places it was found in, outermost first.

    A place is a text, the `Key` of an option, or the `Entry` of a file. The door that a question came through writes
    them: `line(flags=True)` for a command line, keys for all others.
    """

    def __init__(self, what: Words, remedy: Words = "", places: tuple[str, ...] = ()) -> None:
        super().__init__(what, remedy, places)
        self.parts = what, remedy
        self.places = places

    def at(self, place: str) -> "PerpcalcError":
        """The same error, with the place it was found in put before it."""
        return type(self)(*self.parts, (place, *self.places))

    @property
    def where(self) -> str:
        """The places as files and Python name them."""
        return placed(self.places)

    @property
    def what(self) -> str:
        """What is wrong, options named by their keys."""
        return worded(self.parts[0])

    @property
    def remedy(self) -> str:
        """What to do about it, options named by their keys."""
        return worded(self.parts[1])

    @property
    def words(self) -> tuple[str, ...]:
        """The error in one line, `where: what: what to do`, as parts of which a door writes the options."""
        inside = any(isinstance(place, Entry) for place in self.places)
        made: list[str] = [placed(self.places)] if inside else []
        for part in (*(() if inside else self.places), *self.parts):
            words = (part,) if isinstance(part, str) else part
            if any(words):
                made += [*([": "] if made else []), *(map(str, words) if inside else words)]
        return tuple(made)

    def line(self, flags: bool = False) -> str:
        """The error in one line, `where: what: what to do`; `flags` writes options as a command line has them."""
        return worded(self.words, flags)

    def __str__(self) -> str:
        return self.line()


def worded(words: Words, flags: bool = False) -> str:
    """A text of parts in one piece, the options in it as flags or as keys.

    >>> worded(("needs ", Key("mark_interval")), flags=True), worded(("needs ", Key("mark_interval")))
    ('needs --mark-interval', 'needs mark_interval')
    """
    if isinstance(words, str):
        return words
    return "".join(word.flag if flags and isinstance(word, Key) else str(word) for word in words)


def placed(places: Iterable[str]) -> str:
    """Places in one piece, options named by their keys; inside the entry of a file they stand after a comma.

    >>> placed(("book.toml", Entry("position 2 (hedge)"), Key("mm_basis")))
    'book.toml: position 2 (hedge), mm_basis'
    """
    text, inside = "", False
    for place in places:
        text += (", " if inside else ": ") + place if text else place
        inside = inside or isinstance(place, Entry)
    return text


def listed(words: Iterable[str], last: str = "or") -> tuple[str, ...]:
    """Words as the parts of a sentence.

    >>> "".join(listed(["a", "b", "c"]))
    'a, b or c'
    """
    *others, end = words
    parts: list[str] = []
    for word in others:
        parts += [", ", word]
    return (*parts[1:], f" {last} ", end) if parts else (end,)


def shown(text: str) -> str:
    """What somebody wrote, in quotes and as ASCII; of a long text the start.

    >>> shown("a" * 50)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'"
    """
    return ascii(text if len(text) <= 40 else text[:37] + "...")


def printable(text: str) -> str:
    r"""`text` with every character that could steer a terminal or hide written as a visible escape.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def suggestion(word: str, known: Iterable[str]) -> str:
    """The known words to give instead of `word`: the close ones where there are any, else all.

    >>> suggestion("binnance", ["binance", "bybit"])
    'binance'
    """
    from difflib import get_close_matches

    words = list(known)
    close = get_close_matches(word, words, n=2)
    return " or ".join(close) if close else "one of " + ", ".join(words)
