"""The house: which floor may know of which, and how large a room may be."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "perpcalc"
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
FLOORS = (
    ("errors",),
    ("decimals", "files"),
    ("core", "given", "saving"),
    ("trace", "grammar", "venues"),
    ("options", "readers"),
    ("limit_options", "answer", "picture", "names", "other_words"),
    ("portfolio",),
    ("commands", "explain", "importing"),
    ("render",),
    ("python",),
    ("cli", "perpcalc"),
    ("__main__",),
)
"""From the ground up; a floor knows those below it, and rooms beside each other on one floor do not know each other."""
TYPED = ("core", "options", "limit_options", "answer", "picture", "names", "commands", "explain", "importing", "render")
"""Rooms that know the type of all they hold; `Any` stands where what comes in has none yet."""
LONGEST = 350


def imports(name: str) -> Iterator[str]:
    """The modules of the package that one imports, inside functions too, but for those that only a type checker reads."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    unread = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and isinstance(branch.test, ast.Name) and branch.test.id == "TYPE_CHECKING"
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if id(node) in unread:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "perpcalc":
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)


GRAPH = {name: sorted(set(imports(name)) - {name}) for name in MODULES}


def room(name: str) -> str:
    """The first part of a module's name inside the package; the package itself is a room of its own."""
    return name.split(".")[1] if "." in name else name


HEIGHT = {one: height for height, floor in enumerate(FLOORS) for one in floor}


def test_each_room_has_a_floor() -> None:
    assert sorted({room(name) for name in MODULES}) == sorted(HEIGHT)


@pytest.mark.parametrize("name", GRAPH)
def test_a_room_knows_only_those_below(name: str) -> None:
    above = [one for one in GRAPH[name] if room(one) != room(name) and HEIGHT[room(one)] >= HEIGHT[room(name)]]
    assert not above


def test_no_module_imports_itself_by_way_of_others() -> None:
    free, waiting = set[str](), dict(GRAPH)
    while ready := [name for name, needs in waiting.items() if free.issuperset(needs)]:
        free.update(ready)
        waiting = {name: needs for name, needs in waiting.items() if name not in free}
    assert not waiting


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) in TYPED])
def test_any_stands_at_the_doors_alone(name: str) -> None:
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    assert not any(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(tree))


@pytest.mark.parametrize("name", MODULES)
def test_a_module_can_be_read_at_one_sitting(name: str) -> None:
    assert len(MODULES[name].read_text(encoding="utf-8").splitlines()) <= LONGEST
