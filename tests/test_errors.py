"""The catalogue of errors, cli/errors.md: every message in the source is shown there, or stands in another test, or is listed here.

A message is shown if a line of the catalogue, which test_transcripts.py runs, has its constant parts, those of what to do too.
It stands in another test if a module below tests/ has every constant part with more than three letters of what is wrong.
UNSEEN lists the others with the reason. Options and keys are taken alike.
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
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
LETTER = re.compile(r"[a-z]")
JOINT = re.compile(r"""["']\s*\n\s*[rf]?["']""")
"""Between two adjacent literals of strings."""

UNSEEN = {
    "what stands behind the position is not known": "where it is not known there is a reason, which is told instead",
    "it is what the leg is settled in": "its account, which is judged before, has no price of the coin either",
}
"""Messages that no call brings, by a part of them, with the reason."""


def normal(message: str) -> str:
    """A message with its options as keys, those too whose names are put in later."""
    return FLAG.sub(lambda found: found[1].replace("-", "_"), message)


def texts(node: ast.expr, local: Mapping[str, Sequence[ast.expr]]) -> Iterator[str]:
    """The texts that an expression may be, `\0` where something is put in; names of a function are looked up."""
    if isinstance(node, ast.IfExp):
        yield from texts(node.body, local)
        yield from texts(node.orelse, local)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values)
    elif isinstance(node, ast.Name):
        for value in local.get(node.id, ()):
            yield from texts(value, {})
    elif isinstance(node, ast.Tuple):
        yield from ("".join(parts) for parts in product(*([*texts(part, local)] or ["\0"] for part in node.elts)))
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = ([*texts(part, local)] or ["\0"] for part in (node.left, node.right))
        yield from ("".join(parts) for parts in product(*sides))


def assigned(function: ast.AST) -> dict[str, list[ast.expr]]:
    """What the names of a function are set to, a pair of names to a pair of values too."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            values = [node.value.body, node.value.orelse] if isinstance(node.value, ast.IfExp) else [node.value]
            for target, value in product(node.targets, values):
                pairs = [(target, value)]
                if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                    pairs = [*zip(target.elts, value.elts, strict=True)]
                for name, text in pairs:
                    if isinstance(name, ast.Name):
                        found.setdefault(name.id, []).append(text)
    return found


def pattern(text: str) -> str:
    """A text as a pattern: what is put in is anything."""
    return re.escape(normal(text)).replace("\0", ".*")


def is_message(call: ast.Call) -> bool:
    """Whether a call says something: its first argument is a message, the second what to do."""
    called = call.func
    name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
    owner = called.value if isinstance(called, ast.Attribute) else None
    told = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    return bool(call.args) and (name in SAYING or (name == "append" and told in LISTS))


def messages(node: ast.AST, local: Mapping[str, Sequence[ast.expr]]) -> Iterator[tuple[int, str, str]]:
    """Every message of a module: its line, a pattern of what is wrong, and one of all of it."""
    for child in ast.iter_child_nodes(node):
        yield from messages(child, assigned(child) if isinstance(child, ast.FunctionDef) else local)
    if isinstance(node, ast.Call) and is_message(node):
        parts = [[*map(pattern, texts(argument, local))] or [".*"] for argument in node.args[:2]]
        yield from ((node.lineno, found[0], ": ".join(found)) for found in product(*parts))


def printed() -> str:
    """What the catalogue shows, lines of batch decoded, options as keys."""
    lines = []
    for line in CATALOGUE.read_text(encoding="utf-8").splitlines():
        lines.append(json.loads(line)["error"] if line.startswith('{"line"') else line)
    return normal("\n".join(line for line in lines if not line.startswith(("$ ", "  "))))


MESSAGES = [
    (f"{path.relative_to(PACKAGE).as_posix()}:{line}", what, whole)
    for path in sorted(PACKAGE.rglob("*.py"))
    for line, what, whole in messages(ast.parse(path.read_text(encoding="utf-8")), {})
    if len(LETTER.findall(whole)) > 3
]
SHOWN = printed()


@cache
def asserted() -> str:
    """What the other tests say: adjacent literals joined, without the backslashes of regular expressions, options as keys."""
    modules = (path for path in sorted(TESTS.rglob("*.py")) if path != Path(__file__))
    return normal(JOINT.sub("", "\n".join(path.read_text(encoding="utf-8") for path in modules)).replace("\\", ""))


def is_asserted(what: str) -> bool:
    """Whether the other tests have what is wrong: every constant part of it that has more than three letters."""
    parts = [part.strip(": ") for part in what.replace("\\", "").split(".*") if len(LETTER.findall(part)) > 3]
    return bool(parts) and all(part in asserted() for part in parts)


def is_unseen(whole: str) -> bool:
    """Whether it is listed with the reason why no test shows it."""
    plain = whole.replace("\\", "")
    return any(normal(start) in plain for start in UNSEEN)


def test_the_source_has_messages() -> None:
    assert len(MESSAGES) > 400


@pytest.mark.parametrize(("where", "what", "whole"), MESSAGES, ids=[where for where, _, _ in MESSAGES])
def test_a_message_is_in_the_catalogue_or_in_another_test(where: str, what: str, whole: str) -> None:
    assert re.search(whole, SHOWN) or is_unseen(whole) or is_asserted(what)


@pytest.mark.parametrize("part", UNSEEN)
def test_what_is_listed_is_still_a_message_that_is_not_seen(part: str) -> None:
    listed = [(what, whole) for _, what, whole in MESSAGES if normal(part) in whole.replace("\\", "")]
    assert any(not re.search(whole, SHOWN) and not is_asserted(what) for what, whole in listed)


def test_every_error_of_the_catalogue_says_where_what_and_what_to_do() -> None:
    for line in CATALOGUE.read_text(encoding="utf-8").splitlines():
        message = json.loads(line)["error"] if line.startswith('{"line"') else line
        assert message.isprintable()
        if line.startswith("perpcalc: ") and "note:" not in line:
            assert message.count(": ") >= 2
            assert "Error" not in message
