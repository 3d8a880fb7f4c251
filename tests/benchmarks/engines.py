"""How many rows a second other people's engines answer on one core, with the recipes of the README.

    python tests/benchmarks/engines.py    in an environment with `pip install -e '.[test,engines]'`, and Java; on Linux

The questions are the mixed ones of tests/test_engines.py. Each recipe runs with some lines and with four times as many: the
difference leaves the start of the engine out. Time is that of the processors, taken by all processes of the recipe, so that what
else runs on the machine does not count.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from inputs import write

sys.path.insert(0, str(Path(__file__).parent.parent))

from test_engines import SCRIPTS, WAYS, program, questions

FEW, MANY = 25_000, 100_000
HUNDRED_MILLION, CORES = 100_000_000, 64
TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(command: list[str], environment: dict[str, str], folder: Path) -> float:
    """What a program and all that it starts take of the processors."""
    taken: dict[str, int] = {}
    with (folder / "questions.ndjson").open() as lines, open(os.devnull, "w") as nowhere:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=lines, stdout=nowhere, stderr=nowhere, start_new_session=True
        )
    while process.poll() is None:
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:  # it has ended meanwhile
                continue
            if int(fields[3]) == process.pid:  # the session
                taken[path.parent.name] = int(fields[11]) + int(fields[12])
        time.sleep(0.02)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}")
    return sum(taken.values()) / TICKS


def seconds(way: str, lines: int) -> float:
    """What one way takes for so many lines."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "all", questions(lines))
        if way in WAYS:
            return processor_seconds(*program(way, folder / "all", folder), folder)
        (folder / "all").rename(folder / "questions.ndjson")
        return processor_seconds([str(SCRIPTS / "perpcalc"), "batch", "-q", "--errors-ok"], dict(os.environ), folder)


def main() -> None:
    """Measure and print."""
    print("| way | rows a second and core | 100 million on 64 cores |\n|---|---|---|")
    for way in ("one batch", *WAYS):
        few, many = seconds(way, FEW), seconds(way, MANY)
        rate = (MANY - FEW) / (many - few)
        minutes = HUNDRED_MILLION / rate / CORES / 60
        print(f"| {way} | {rate:,.0f} | {minutes:.1f} minutes |", flush=True)


if __name__ == "__main__":
    main()
