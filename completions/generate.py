"""Writes what follows from the program's own tables: the completions of four shells, the man page and the type stub.

Run `python completions/generate.py` after a command, an option, an answer or a venue has changed; a test compares. What
is written is static: pressing TAB starts no Python, and a type checker imports nothing.

What libraries offer does not fit. Typer's own completion starts the program at every TAB (65 ms and more), and so does
argcomplete. shtab's scripts are static, but it reads argparse parsers, has nothing for PowerShell, and instruments that
depend on the venue of the line would be shell programs in Python strings again. So the programs stand in templates/ as
what they are, and only their tables are written.
"""

from pathlib import Path

from manual import man
from program import program
from shells import bash, fish, powershell, zsh
from stub import stub

ROOT = Path(__file__).parent.parent


def files() -> dict[str, str]:
    """What is generated, by its path from the root of the project."""
    everything = program()
    return {
        "completions/perpcalc.bash": bash(everything),
        "completions/_perpcalc": zsh(everything),
        "completions/perpcalc.fish": fish(everything),
        "completions/perpcalc.ps1": powershell(everything),
        "completions/perpcalc.1": man(everything),
        "perpcalc/__init__.pyi": stub(),
    }


if __name__ == "__main__":
    for path, content in files().items():
        (ROOT / path).write_text(content, "utf-8")
