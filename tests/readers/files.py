"""Where the sample files are."""

from collections.abc import Callable
from pathlib import Path

DATA = Path(__file__).parent.parent / "data"
Write = Callable[[str | bytes], str]


def sample(kind: str, name: str) -> str:
    """The path of a sample file."""
    return str(DATA / kind / name)


def samples(kind: str) -> list[str]:
    """The names of all sample files of a kind."""
    return sorted(path.name for path in (DATA / kind).iterdir())
