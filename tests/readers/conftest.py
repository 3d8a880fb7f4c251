"""How a file of one's own is written."""

from pathlib import Path

import pytest

from .files import Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A file with this content; its path."""

    def made(content: str | bytes) -> str:
        path = tmp_path / "file"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return made
