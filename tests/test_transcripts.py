"""Every console block of the README and of tests/cli/*.md, run as written.

A block holds commands (`$ ...`, with further lines after `> `) and what they print in a terminal of 80 columns, errors included;
a status other than 0 stands after them in brackets. The blocks of one file share a directory, from top to bottom; `$DATA` is
tests/data. `python tests/test_transcripts.py FILE ...` writes what is printed now into the files: read the difference before
keeping it.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from inside import LONG_AGO, in_folder

ROOT = Path(__file__).parent.parent
FILES = [ROOT / "README.md", *sorted((ROOT / "tests/cli").glob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NEXT_LINE, LINE_END = "\n> ", "\n"
COMMAND = re.compile(r"^\$ (?:.*\\\n)*.*(?:\n> .*)*$", re.MULTILINE)


PLAIN = re.compile(
    r"(?:(?P<before>.*?)(?P<joint>; |[\s\\]*\| ))?perpcalc (?P<words>[^|;&<>$`(){}*?~#\\\n]*)", re.DOTALL
)
"""A call without anything that only a shell does, after a command that makes its files or its input. It is made in this process,
which is many times quicker."""
TERMINAL = {"COLUMNS": "80", "TTY_COMPATIBLE": "1", "NO_COLOR": "1", "TERM": "dumb"}


def run(command: str, folder: Path) -> str:
    """What a command prints, and its status where it is not 0; the directory is the home of whoever calls."""
    return answer_to(command, folder).replace(str(folder), "~")


def answer_to(command: str, folder: Path) -> str:
    """The same, with the directory by its name of this run."""
    call = PLAIN.fullmatch(command)
    if call is None:
        done = in_shell(command, folder)
        return shown(done.stdout.decode(errors="backslashreplace"), done.returncode)
    before = in_shell(call["before"], folder).stdout if call["before"] else b""
    if call["joint"] == "; ":
        assert not before, f"{command} prints {before!r}"
    answer = in_folder(folder, shlex.split(call["words"]), before, TERMINAL, together=True)
    return shown(answer.stdout, answer.status)


def in_shell(line: str, folder: Path) -> "subprocess.CompletedProcess[bytes]":
    """A line of bash, run with nothing configured."""
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env={
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
            "PYTHONUTF8": "1",
            "SOURCE_DATE_EPOCH": LONG_AGO,
            "DATA": str(ROOT / "tests/data"),
            **TERMINAL,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


def shown(printed: str, status: int) -> str:
    """Output as a document has it."""
    lines = "\n".join(line.rstrip() for line in printed.splitlines())
    return (f"{lines}\n" if lines else "") + (f"[{status}]\n" if status else "")


def replayed(text: str) -> str:
    """A document with every console block as it prints now."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def block(match: re.Match[str]) -> str:
            commands = [found[0] for found in COMMAND.finditer(match[1])]
            printed = "".join(
                f"{command}\n{run(command[2:].replace(NEXT_LINE, LINE_END), folder)}" for command in commands
            )
            return f"```console\n{printed}```"

        return BLOCK.sub(block, text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_document_shows_what_the_program_prints(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert BLOCK.search(text), "the document has no console block"
    assert replayed(text) == text


if __name__ == "__main__":
    for name in sys.argv[1:]:
        Path(name).write_text(replayed(Path(name).read_text(encoding="utf-8")), encoding="utf-8")
