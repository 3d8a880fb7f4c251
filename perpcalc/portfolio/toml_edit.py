"""Changing values in a TOML text and leaving every other byte as it is.

The text is TOML that a parser has read, so finding its keys takes no more than skipping what stands between them. Who
changes one has it parsed again and compares what it holds with what it should: a mistake here becomes a refusal, no
damage.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.files import COMMENT, STRING

Path = tuple[str | int, ...]
Value = str | int | Decimal | bool | Sequence["Value"] | Mapping[str, "Value"]

_SPACE = re.compile(r"[ \t]*+")
_STRING = re.compile(STRING)
_BLANK = re.compile(rf"(?:[ \t\r\n\ufeff]|{COMMENT})*")
_PART = rf"(?:[\w-]++|{STRING})"
_KEY = re.compile(rf"{_PART}(?:[ \t]*+\.[ \t]*+{_PART})*")
_SCALAR = re.compile(r"[^,\]}\s#]++(?: \d\d:[^,\]}\s#]++)?")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_REST_OF_LINE = re.compile(r"[ \t]*+(?:#[^\n]*+)?\r?+(?:\n|$)")


class Pair(NamedTuple):
    """A key with its value, or a value in a list: where it starts, where the value starts and ends, and what is inside
    that.
    """

    path: Path
    start: int
    value: int
    end: int
    inside: tuple["Pair", ...] = ()


class Block(NamedTuple):
    """A header, from `start` to `end`, and the keys below it; the keys before any header have an empty one."""

    path: Path
    start: int
    end: int
    pairs: list[Pair]


def written(value: Value) -> str:
    r"""A value as TOML has it: numbers without an exponent, a list of tables with one in each line.

    >>> print(written({"contracts": Decimal("5E+3"), "price": Decimal("61000.50"), "note": 'a "b"'}))
    { contracts = 5000, price = 61000.50, note = "a \"b\"" }
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:.0f}" if value.is_finite() and value == value.to_integral_value() else f"{value:f}"
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{key_text(key)} = {written(inner)}" for key, inner in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if value and all(isinstance(inner, Mapping) for inner in value):
        return "[\n" + "".join(f"    {written(inner)},\n" for inner in value) + "]"
    return f"[{', '.join(written(inner) for inner in value)}]"


def key_text(key: str) -> str:
    """A key as TOML has it, in quotes where it must.

    >>> key_text("BTC"), key_text("a b")
    ('BTC', '"a b"')
    """
    return key if _BARE.fullmatch(key) else written(key)


class Document:
    """A TOML text and the changes to it, which `changed` makes all at once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self._first = 1 if text.startswith("\ufeff") else 0
        self._blocks = list(_blocks(text))
        self._of: dict[Path, list[int]] = {}
        self._below: dict[Path, list[int]] = {}
        for number, block in enumerate(self._blocks):
            self._of.setdefault(block.path, []).append(number)
            for length in range(len(block.path)):
                self._below.setdefault(block.path[: length + 1], []).append(number)
        self._at = {pair.path: pair for block in self._blocks for pair in _with_inner(block.pairs)}
        self._cuts: list[tuple[int, int]] = []
        self._puts: list[tuple[int, int, str]] = []
        self._gone: dict[Path, set[Path]] = {}

    def put(self, table: Path, key: str, value: Value) -> None:
        """Give a key of a table a value: in the place of its old one, else after the table's last key.

        Raises KeyError where the text has no such table.
        """
        text = written(value).replace("\n", self.newline)
        pair = self._at.get((*table, key))
        if pair is not None:
            self._puts.append((pair.value, pair.end, text))
            return
        self.remove((*table, key))
        self._add(table, key, text)

    def remove(self, path: Path) -> None:
        """Take out a key or a table, in whatever pieces it stands.

        With a table that has a header go the comment lines that touch it, unless they touch the next header or open the
        file, and the blank line above.
        """
        if path in self._at and path[:-1] in self._at:
            self._gone.setdefault(path[:-1], set()).add(path)
            return
        self._cuts += [self._whole(number) for number in self._below.get(path, ())]
        for _, pairs in self._spread(path):
            self._cuts += [(self._line_start(pair.start), self._line_end(pair.end)) for pair in pairs]

    def changed(self) -> str:
        """The text with all changes made."""
        inside = [cut for outer, gone in self._gone.items() for cut in self._without(self._at[outer], gone)]
        edits = [*((*cut, "") for cut in [*self._cuts, *inside]), *self._puts]
        parts, at = [], 0
        for start, end, text in sorted(edits, key=lambda edit: edit[:2]):
            if start >= at:
                parts += [self.text[at:start], text]
            at = max(at, end)  # what was to change in a part that is taken out goes with it
        return "".join([*parts, self.text[at:]])

    def _add(self, table: Path, key: str, text: str) -> None:
        outer = self._at.get(table)
        if outer is not None:
            end = outer.inside[-1].end if outer.inside else outer.value + 1
            is_first = not outer.inside and all(put[:2] != (end, end) for put in self._puts)
            self._puts.append((end, end, f"{' ' if is_first else ', '}{key_text(key)} = {text}"))
            return
        own = [(self._blocks[number], self._blocks[number].pairs) for number in self._of.get(table, ()) if number]
        for block, pairs in [*own, *self._spread(table)]:
            name = ".".join(key_text(str(part)) for part in (*table, key)[len(block.path) :])
            last = pairs[-1] if pairs else block
            self._add_line(last.start, last.end, f"{name} = {text}")
            return
        raise KeyError(table)

    def _spread(self, path: Path) -> Iterator[tuple[Block, list[Pair]]]:
        """The keys that are a path, or dotted ones below it, and the header that they stand under."""
        for length in range(len(path)):
            for number in self._of.get(path[:length], ()):
                block = self._blocks[number]
                if pairs := [pair for pair in block.pairs if _starts(pair.path, path)]:
                    yield block, pairs

    def _add_line(self, start: int, end: int, line: str) -> None:
        """A line below the one where something ends, as far in as the one where it starts."""
        indent = self.text[self._line_start(start) : start]
        at = self._line_end(end)
        if self.text.endswith("\n", 0, at):
            newline = "\r\n" if self.text.endswith("\r\n", 0, at) else "\n"
            self._puts.append((at, at, indent + line + newline))
        else:
            self._puts.append((at, at, self.newline + indent + line))

    def _without(self, outer: Pair, gone: set[Path]) -> Iterator[tuple[int, int]]:
        """What to cut so that some of what is in brackets or braces goes, and its commas with it."""
        kept_before = False
        for number, pair in enumerate(outer.inside):
            before = outer.inside[number - 1].end if number else outer.value + 1
            after = outer.inside[number + 1].start if number + 1 < len(outer.inside) else pair.end
            comma = _end(_BLANK, self.text, pair.end)
            end = comma + 1 if self.text[comma] == "," else pair.end
            if pair.path not in gone:
                kept_before = True
            elif self.text[outer.value] == "{":
                yield (before, pair.end) if kept_before else (pair.start, after)
            elif not self.text[self._line_start(pair.start) : pair.start].strip() and _REST_OF_LINE.match(
                self.text, end
            ):
                yield self._line_start(pair.start), self._line_end(end)
            elif end > pair.end:
                yield pair.start, _end(_SPACE, self.text, end)
            else:
                yield (before if kept_before and "#" not in self.text[before : pair.start] else pair.start), pair.end

    def _whole(self, number: int) -> tuple[int, int]:
        """A header and its keys, with the comment lines that touch them and the blank line above."""
        start, end = self._lead(number), self._last_line(number)
        above = self._line_start(start - 1)
        if above >= self._floor(number) and above < start and not self.text[above:start].strip():
            start = above
        limit = self._lead(number + 1) if number + 1 < len(self._blocks) else len(self.text)
        while end < limit and self.text[end : self._line_end(end)].lstrip().startswith("#"):
            end = self._line_end(end)
        return start, end

    def _lead(self, number: int) -> int:
        """Where the comment lines right above a header start; those that open the file stay with it."""
        header = start = self._line_start(self._blocks[number].start)
        floor = self._floor(number)
        while start > floor and self.text[self._line_start(start - 1) : start].lstrip().startswith("#"):
            start = self._line_start(start - 1)
        return header if start == self._first else start

    def _floor(self, number: int) -> int:
        """Where the lines between a header and what stands before it start."""
        return self._last_line(number - 1) if number > 1 or self._blocks[0].pairs else self._first

    def _last_line(self, number: int) -> int:
        """Where the last line of a header and its keys ends."""
        block = self._blocks[number]
        return self._line_end(block.pairs[-1].end if block.pairs else block.end)

    def _line_start(self, at: int) -> int:
        return max(self._first, self.text.rfind("\n", 0, max(at, 0)) + 1)

    def _line_end(self, at: int) -> int:
        """The start of the next line; of an `at` that is one, of the line below it."""
        return self.text.find("\n", at) + 1 or len(self.text)


def _blocks(text: str) -> Iterator[Block]:
    """The headers of a text, each with the keys below it."""
    lengths: dict[Path, int] = {}
    block = Block((), 0, 0, [])
    at = _end(_BLANK, text, 0)
    while at < len(text):
        if text[at] == "[":
            yield block
            many = text.startswith("[[", at)
            start = _end(_SPACE, text, at + 1 + many)
            end = _end(_KEY, text, start)
            path = _header_path(_parts(text[start:end]), many, lengths)
            end = text.index("]", end) + 1 + many
            block = Block(path, at, end, [])
        else:
            block.pairs.append(_pair(text, at, block.path))
            end = block.pairs[-1].end
        at = _end(_BLANK, text, end)
    yield block


def _header_path(parts: Sequence[str], many: bool, lengths: dict[Path, int]) -> Path:
    """Where the table of a header is: below a list of tables, in the last of them."""
    path: Path = ()
    for part in parts:
        if path in lengths:
            path = (*path, lengths[path] - 1)
        path = (*path, part)
    if many:
        lengths[path] = lengths.get(path, 0) + 1
        path = (*path, lengths[path] - 1)
    return path


def _pair(text: str, at: int, table: Path) -> Pair:
    key = _end(_KEY, text, at)
    path = (*table, *_parts(text[at:key]))
    value = _end(_SPACE, text, text.index("=", key) + 1)
    inside, end = _value(text, value, path)
    return Pair(path, at, value, end, inside)


def _value(text: str, at: int, path: Path) -> tuple[tuple[Pair, ...], int]:
    """What is inside a value, and where it ends."""
    first = text[at]
    if first not in "[{":
        return (), _end(_STRING if first in "\"'" else _SCALAR, text, at)
    found: list[Pair] = []
    at = _end(_BLANK, text, at + 1)
    while text[at] not in "]}":
        if first == "{":
            found.append(_pair(text, at, path))
        else:
            element = (*path, len(found))
            inside, end = _value(text, at, element)
            found.append(Pair(element, at, at, end, inside))
        at = _end(_BLANK, text, found[-1].end)
        if text[at] == ",":
            at = _end(_BLANK, text, at + 1)
    return tuple(found), at + 1


def _parts(key: str) -> list[str]:
    """The parts of a key as it is written."""
    if '"' not in key and "'" not in key:
        return [part.strip() for part in key.split(".")]
    parts: list[str] = []
    tables: object = tomllib.loads(f"{key} = 0")
    while isinstance(tables, dict):
        [(part, tables)] = tables.items()
        parts.append(part)
    return parts


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    if found is None:
        raise ValueError(f"no TOML at {at}")
    return found.end()


def _with_inner(pairs: Iterable[Pair]) -> Iterator[Pair]:
    for pair in pairs:
        yield pair
        yield from _with_inner(pair.inside)


def _starts(path: Path, start: Path) -> bool:
    return path[: len(start)] == start
