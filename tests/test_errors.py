"""The catalogue of errors, cli/errors.md: every message in the source is shown there, or is listed here with the reason why not.

The catalogue is run by test_transcripts.py like any other; this only compares it with the source. A message matches by its
constant parts, options and keys alike.
"""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import pytest

import perpcalc

PACKAGE = Path(perpcalc.__file__).parent
TESTS = Path(__file__).parent
CATALOGUE = Path(__file__).parent / "cli/errors.md"
SAYING = {"PerpcalcError", "tell", "complain"}
"""Calls whose first argument is a message; `append` to one of the lists of notes is another."""
LISTS = {"notes", "present", "left_out", "gaps"}
FLAG = re.compile(r"--([a-z][a-z-]*)")

UNSEEN = {
    "is closed: pipe one JSON": "needs a standard input that is closed, which a shell does not always give: tests/cli/test_batch.py",
    "is a terminal: pipe a file": "needs a terminal: tests/test_portfolio.py",
    "is not the name of a file": "needs a NUL in a name, which no system passes on",
    "Permission denied": "needs a file that may not be read by whoever runs this",
    "is write-protected": "the superuser writes everything: tests/test_portfolio_file.py",
    "was changed by another program": "needs another program at the right moment: tests/test_portfolio_file.py",
    "nothing was written": "needs a disk that is full: tests/test_portfolio_file.py",
    "the file is as it was": "needs a disk that is full: tests/test_portfolio_file.py",
    "does not read back as it was given": "what is added always reads back; it is looked at before it replaces a file",
    "the number of contracts is not above 0": "options and keys are above 0; a caller of the core may ask for less",
    "there is no fill: give at least one": "without a fill the size is asked for; a caller of the core may give none",
    "contracts cannot be closed and leave a position": "no command closes a part of a position; the core does",
    "several contracts: give each a mark": "tests/cli/test_portfolio.py",
    "does not fit: see the README": "what the schema finds has words of its own; this is for what it may come to find",
    "there are more notes than are shown": "needs a hundred notes: tests/cli/test_batch.py",
}  # fmt: skip


def normal(message: str) -> str:
    """A message with its options as keys, those too whose names are put in later."""
    return FLAG.sub(lambda found: found[1].replace("-", "_"), message)


def texts(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may be, `\0` where something is put in."""
    if isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values)
    elif isinstance(node, ast.Tuple):
        yield from ("".join(parts) for parts in product(*([*texts(part)] or ["\0"] for part in node.elts)))
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from (
            "".join(parts) for parts in product(*([*texts(part)] or ["\0"] for part in (node.left, node.right)))
        )


def constants(node: ast.expr) -> Iterator[str]:
    """The patterns of a message: one for each text that an expression may be; what is put in is anything."""
    yield from (re.escape(normal(text)).replace("\0", ".*") for text in texts(node))


def messages(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every message of a module: its line, and a pattern of it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            called = node.func
            name = (
                called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
            )
            owner = called.value if isinstance(called, ast.Attribute) else None
            told = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
            if name in SAYING or (name == "append" and told in LISTS):
                parts = [[*constants(argument)] or [".*"] for argument in node.args[:2]]
                yield from ((node.lineno, ": ".join(found)) for found in product(*parts))


def printed() -> str:
    """What the catalogue shows, lines of batch decoded, options as keys."""
    lines = []
    for line in CATALOGUE.read_text(encoding="utf-8").splitlines():
        lines.append(json.loads(line)["error"] if line.startswith('{"line"') else line)
    return normal("\n".join(line for line in lines if not line.startswith(("$ ", "  "))))


MESSAGES = [
    (f"{path.relative_to(PACKAGE).as_posix()}:{line}", pattern)
    for path in sorted(PACKAGE.rglob("*.py"))
    for line, pattern in messages(ast.parse(path.read_text(encoding="utf-8")))
    if len(re.sub(r"[^a-z]", "", pattern)) > 3
]
SHOWN = printed()


ELSEWHERE = {
    "core": ("core", "commands"),
    "importing": ("importing", "readers"),
    "readers": ("readers", "importing"),
    "venues": ("venues", "readers"),
}
"""Rooms below the commands, whose messages may stand in the tests of these folders instead."""


@cache
def asserted(folders: tuple[str, ...]) -> str:
    """What the tests in some folders say, options as keys."""
    return normal(
        "\n".join(path.read_text("utf-8") for name in folders for path in sorted((TESTS / name).rglob("*.py")))
    )


def is_asserted(where: str, pattern: str) -> bool:
    """Whether the tests of a room have what is wrong in a message, all constant parts of it."""
    room = where.partition("/")[0]
    what = pattern.partition(": ")[0].replace("\\", "")
    parts = [part for part in what.split(".*") if len(part) > 3]
    return room in ELSEWHERE and bool(parts) and all(part in asserted(ELSEWHERE[room]) for part in parts)


def is_unseen(pattern: str) -> bool:
    plain = pattern.replace("\\", "")
    return any(normal(start) in plain for start in UNSEEN)


def test_the_source_has_messages() -> None:
    assert len(MESSAGES) > 200


@pytest.mark.parametrize(("where", "pattern"), MESSAGES, ids=[where for where, _ in MESSAGES])
def test_a_message_is_in_the_catalogue(where: str, pattern: str) -> None:
    assert re.search(pattern, SHOWN) or is_unseen(pattern) or is_asserted(where, pattern)


@pytest.mark.parametrize("start", UNSEEN)
def test_what_the_catalogue_lacks_is_still_a_message(start: str) -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    assert all(part in source for part in start.split(": ")) or start == "Permission denied"


def test_every_error_of_the_catalogue_says_where_what_and_what_to_do() -> None:
    for line in CATALOGUE.read_text(encoding="utf-8").splitlines():
        message = json.loads(line)["error"] if line.startswith('{"line"') else line
        assert message.isprintable()
        if line.startswith("perpcalc: ") and "note:" not in line:
            assert message.count(": ") >= 2
            assert "Error" not in message
