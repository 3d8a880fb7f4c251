"""The user's own venue file as text: dated rules are put into it, and what the user wrote stays as it is."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from perpcalc.errors import PerpcalcError
from perpcalc.venues.schema import read_tables
from perpcalc.venues.tables import Tables, dates_as_text, extended

Value = str | bool | list[str]
BARE = re.compile(r"[A-Za-z0-9_-]+")
HEADER = re.compile(r"\[.*\]\s*(#.*)?")


class Addition(NamedTuple):
    """A dated rule to put into a file: of which contract (None: of all), in which topic, and its keys, `from` first."""

    instrument: str | None
    topic: str
    row: Mapping[str, Value]

    @property
    def path(self) -> tuple[str, ...]:
        """The tables that lead to it."""
        return (self.topic,) if self.instrument is None else ("instruments", self.instrument, self.topic)


class Block(NamedTuple):
    """Some lines of a file: a table with its header, or what stands before the first; blanks and comments at its end
    apart.
    """

    path: tuple[str, ...]
    lines: list[str]
    rest: list[str]


def with_rules(
    raw: bytes | None, extends: str, additions: Sequence[Addition], coins: Mapping[str, str] | None = None
) -> bytes:
    """A venue file with dated rules added, a new one extending `extends` where there is none; the same date replaces.

    `coins` are the coins of contracts that the file would otherwise not have. Raises PerpcalcError where the result
    would not follow the format, or not be what the file said with the rules over it.

    >>> rule = Addition("ETH-USD-SWAP", "margin", {"from": "2026-10-01", "limits": ["500"], "rates": ["0.8%"],
    ...     "source": "answer of GET /position-tiers", "confidence": "published"})
    >>> print(with_rules(None, "okx", [rule]).decode().splitlines()[1])
    extends = "okx"
    """
    if raw is None:
        raw = f'# Rules of {extends} that were imported, over those of the program.\nextends = "{extends}"\n'.encode()
    _, before = read_tables(raw)
    text = raw.decode("utf-8")
    newline = "\r\n" if "\r\n" in text else "\n"
    blocks = list(_blocks(re.findall(r"[^\n]*\n|[^\n]+", text)))
    for name, coin in (coins or {}).items():
        table = [f"[instruments.{_key(name)}]", f"currency = {json.dumps(coin)}"]
        _append(blocks, len(blocks) - 1, ("instruments", name), table, newline)
    for addition in additions:
        _put(blocks, addition, newline)
    made = "".join(line for block in blocks for line in (*block.lines, *block.rest)).encode()
    _, after = read_tables(made)
    if after != _expected(before, additions, coins or {}):
        raise PerpcalcError("its tables cannot be added to as they are written", "write them as [[topic]] with from")
    return made


def _expected(before: Tables, additions: Sequence[Addition], coins: Mapping[str, str]) -> Tables:
    for name, coin in coins.items():
        before = extended(before, {"instruments": {name: {"currency": coin}}})
    for addition in additions:
        rule = {addition.topic: [addition.row]}
        of = addition.instrument
        before = extended(before, rule if of is None else {"instruments": {of: rule}})
    return before


def _blocks(lines: list[str]) -> Iterator[Block]:
    """The lines of a file by its tables."""
    path: tuple[str, ...] = ()
    start = 0
    for number, line in enumerate([*lines, ""]):
        found = _path(line) if line else ()
        if found is None:
            continue
        end = number
        while lines[end - 1].split("#")[0].strip() == "":
            end -= 1
        yield Block(path, lines[start:end], lines[end:number])
        path, start = found, number


def _path(line: str) -> tuple[str, ...] | None:
    """The tables that a header names; None where the line is none.

    No line inside a value looks like one: texts have one line, lists no lists in them.
    """
    if not HEADER.fullmatch(line.strip()):
        return None
    node: Any = tomllib.loads(line)
    path = []
    while node:
        if isinstance(node, list):
            node = node[0]
        else:
            ((key, node),) = node.items()
            path.append(key)
    return tuple(path)


def _put(blocks: list[Block], addition: Addition, newline: str) -> None:
    """Put a rule in the place of the one of its day, else before the first later one, else after the last of its
    kind.
    """
    lines = _rule(addition)
    alike = [index for index, block in enumerate(blocks) if block.path == addition.path]
    for index in alike:
        day = _day(blocks[index])
        if day == addition.row["from"]:
            kept = [line for line in blocks[index].lines if line.lstrip().startswith("#")]
            blocks[index] = Block(addition.path, [*kept, *(line + newline for line in lines)], blocks[index].rest)
            return
        if day > str(addition.row["from"]):
            _append(blocks, index - 1, addition.path, lines, newline)
            return
    near = alike or [index for index, block in enumerate(blocks) if block.path[:2] == addition.path[:2]]
    _append(blocks, near[-1] if near else len(blocks) - 1, addition.path, lines, newline)


def _append(blocks: list[Block], index: int, path: tuple[str, ...], lines: Sequence[str], newline: str) -> None:
    """Put lines after a block, an empty line between; what stands between it and the next stays with the next."""
    before = blocks[index]
    if not before.lines[-1].endswith("\n"):
        before.lines[-1] += newline
    blocks.insert(index + 1, Block(path, [newline, *(line + newline for line in lines)], before.rest))
    blocks[index] = Block(before.path, before.lines, [])


def _day(block: Block) -> str:
    """The day from which the rule in a block holds."""
    node = dates_as_text(tomllib.loads("".join(block.lines)))
    for key in block.path:
        node = node[key]
    return str(node[0]["from"])


def _rule(addition: Addition) -> list[str]:
    lines = [f"[[{'.'.join(map(_key, addition.path))}]]"]
    for key, value in addition.row.items():
        written = value if key == "from" else json.dumps(value, ensure_ascii=False)
        lines.append(f"{key} = {written}")
    return lines


def _key(name: str) -> str:
    return name if BARE.fullmatch(name) else json.dumps(name)
