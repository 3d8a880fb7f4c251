"""Measure what the program promises about its speed, as ratios against yardsticks run in turn.

    python tests/benchmarks/promises.py              every promise, for the perpcalc of this interpreter
    python tests/benchmarks/promises.py --against REV   the same, and the ratio to another revision of the program
    python tests/benchmarks/promises.py --only batch    some of them

Machines are noisy, so each pair of commands runs in turn and the ratio is taken pair by pair; the median counts. Memory is the
peak of the whole process, as the kernel accounts it; a child is never told less than this program's own, which therefore writes
its large files line by line. Timings never fail a test.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
RUNS = 15
LINES = 20_000
POSITIONS = 10_000

TYPER_PROGRAM = """
import typer
app = typer.Typer()

@app.command()
def main() -> None:
    pass

app()
"""

TYPER_TABLE = """
import typer
app = typer.Typer()

@app.command()
def main() -> None:
    from rich.console import Console
    from rich.table import Table
    table = Table("name", "value")
    for name in range(20):
        table.add_row(str(name), "1.25")
    Console().print(table)

app()
"""

JSON_LOOP = """
import json, sys
from decimal import Decimal
for line in sys.stdin:
    row = json.loads(line, parse_float=str, parse_int=str)
    row = {key: Decimal(value) if value.replace(".", "").isdigit() else value for key, value in row.items()}
    print(json.dumps(row, default=str))
"""

TOML_LOAD = """
import sys, tomllib
with open(sys.argv[1], "rb") as file:
    tomllib.load(file)
"""

SCRIPTED = ["pnl", "--side", "long", "-n", "10000", "--entry", "62500", "--exit", "64000", "--json"]


class Run(NamedTuple):
    """One finished process: wall seconds and peak memory in MiB."""

    seconds: float
    mebibytes: float


def measure(command: Sequence[str], stdin: Path | None = None) -> Run:
    """Run a command to its end, its output thrown away."""
    with (stdin or Path(os.devnull)).open("rb") as source:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}")
    return Run(seconds, usage.ru_maxrss / 1024)


def in_turn(one: Sequence[str], other: Sequence[str], runs: int, stdin: Path | None = None) -> tuple[float, Run, Run]:
    """The median ratio of two commands run in turn, and the median run of each."""
    measure(one, stdin), measure(other, stdin)
    pairs = [(measure(one, stdin), measure(other, stdin)) for _ in range(runs)]
    ratio = median(a.seconds / b.seconds for a, b in pairs)
    return ratio, *(Run(*(median(values) for values in zip(*side, strict=True))) for side in zip(*pairs, strict=True))


class Figure(NamedTuple):
    """One line of the table: what was measured, the promise, and what came out."""

    name: str
    promise: str
    ratio: float
    detail: str


def figures(program: Sequence[str], python: str, folder: Path, only: str | None, runs: int) -> Iterator[Figure]:
    """All figures, each as soon as it is measured."""

    def wanted(name: str) -> bool:
        return only is None or only in name

    def yardstick(name: str, source: str) -> list[str]:
        path = folder / f"{name}.py"
        path.write_text(source)
        return [python, str(path)]

    typer_program = yardstick("typer_program", TYPER_PROGRAM)
    if wanted("scripted call"):
        ratio, ours, bare = in_turn([*program, *SCRIPTED], typer_program, runs)
        yield Figure(
            "scripted call", "1.25", ratio, f"{ours.seconds * 1000:.0f} ms against {bare.seconds * 1000:.0f} ms"
        )
        yield Figure(
            "scripted call, memory", "20 MiB", ours.mebibytes, f"{ours.mebibytes:.1f} MiB, bare {bare.mebibytes:.1f}"
        )
        with_venue = [*program, *SCRIPTED, "--venue", "bybit"]
        ratio, ours, bare = in_turn(with_venue, typer_program, runs)
        yield Figure("scripted call, venue", "1.25", ratio, f"{ours.mebibytes:.1f} MiB")
        liquidation = [*program, "liq-price", *SCRIPTED[1:7], "--leverage", "10", "--venue", "bybit", "--json"]
        ratio, ours, bare = in_turn(liquidation, typer_program, runs)
        yield Figure("scripted call, liq-price", "1.25", ratio, f"{ours.mebibytes:.1f} MiB")
    if wanted("table"):
        ratio, ours, bare = in_turn([*program, *SCRIPTED[:-1]], yardstick("typer_table", TYPER_TABLE), runs)
        yield Figure("table", "1.25", ratio, f"{ours.seconds * 1000:.0f} ms against {bare.seconds * 1000:.0f} ms")
    if wanted("batch"):
        loop = yardstick("json_loop", JSON_LOOP)
        for command, fields in BATCH.items():
            lines = folder / f"{command}.ndjson"
            write(lines, [json.dumps({"command": command, **fields})] * LINES)
            ratio, ours, bare = in_turn([*program, "batch"], loop, max(3, runs // 4), lines)
            rate = f"{LINES / ours.seconds:,.0f} lines/s, {ours.mebibytes:.1f} MiB"
            yield Figure(f"batch {command}", "6" if command == "pnl" else "-", ratio, rate)
    if wanted("stress"):
        portfolio = folder / "accounts.toml"
        write(portfolio, cross_portfolio(POSITIONS, 20))
        ladder = ["--from", "-50%", "--to", "50%", "--steps"]
        many = [*program, "stress", "-p", str(portfolio), "--json", *ladder]
        ratio, ours, bare = in_turn([*many, "1000"], [*many, "10"], 3)
        yield Figure("stress, 1,000 prices", "1.5", ratio, f"{ours.seconds:.2f} s against {bare.seconds:.2f} s for 10")
    if wanted("scaling"):
        for command in (["liq-price"], ["stress", "--moves", "-50%,-20%,20%,50%"]):
            seconds = {}
            for positions in (10, 10_000, 100_000):
                portfolio = folder / f"scaling{positions}.toml"
                write(portfolio, cross_portfolio(positions, min(20, positions)))
                asked = [*program, *command, "-p", str(portfolio), "--json"]
                seconds[positions] = min(measure(asked).seconds for _ in range(2))
            each = [(seconds[many] - seconds[10]) / (many - 10) * 1e6 for many in (10_000, 100_000)]
            detail = f"{each[0]:.0f} us a position at 10,000, {each[1]:.0f} at 100,000, file reading included"
            yield Figure(f"scaling, {command[0]}", "linear", each[1] / each[0], detail)
    if wanted("portfolio"):
        portfolio = folder / "positions.toml"
        write(portfolio, isolated_portfolio(POSITIONS))
        ours_command = [*program, "pnl", "-p", str(portfolio), "--json"]
        load = [*yardstick("toml_load", TOML_LOAD), str(portfolio)]
        ratios = []
        for _ in range(3):
            ours, loaded, call = measure(ours_command), measure(load), measure([*program, *SCRIPTED])
            ratios.append(ours.seconds / (loaded.seconds + call.seconds))
        yield Figure("portfolio, 10,000 rows", "3", median(ratios), f"{ours.seconds:.2f} s")


POSITION = {"side": "long", "contracts": "10000", "entry": "62500"}
BATCH = {
    "pnl": {**POSITION, "exit": "64000"},
    "liq-price": {**POSITION, "leverage": "10", "venue": "bybit"},
    "funding-cost": {**POSITION, "mark": "63000", "rate": "0.01%", "venue": "bybit", "leverage": "10"},
    "size": {"side": "long", "entry": "62500", "stop": "60000", "balance": "1.5", "risk": "1%", "venue": "bybit"},
}


def write(path: Path, lines: Iterable[str]) -> None:
    """A file of these lines."""
    with path.open("w") as file:
        for line in lines:
            file.write(line + "\n")


def cross_portfolio(positions: int, accounts: int) -> Iterator[str]:
    """A file of cross positions over some accounts."""
    yield "[prices]\nBTC = 64000\n"
    for n in range(accounts):
        yield f'[[accounts]]\nname = "a{n}"\nvenue = "binance"\nbalance = 500\n'
    for n in range(positions):
        yield f'[[positions]]\nname = "p{n}"\naccount = "a{n % accounts}"\nside = "{"long" if n % 3 else "short"}"'
        yield f"contracts = {10 + n % 90}\nentry = {60_000 + n % 7_000}\n"


def isolated_portfolio(positions: int) -> Iterator[str]:
    """A file of isolated positions."""
    yield "[prices]\nBTC = 64000\n"
    for n in range(positions):
        yield f'[[positions]]\nname = "p{n}"\nvenue = "bybit"\nside = "{"long" if n % 3 else "short"}"'
        yield f"contracts = {1000 + n}\nentry = {60_000 + n % 7_000}\nleverage = 10\n"


def installed(revision: str, folder: Path) -> tuple[list[str], str]:
    """Another revision of the program, in an environment of its own."""
    source = folder / "source"
    source.mkdir()
    archive = folder / "source.tar"
    subprocess.run(["git", "archive", "-o", str(archive), revision], cwd=ROOT, check=True)
    subprocess.run(["tar", "-x", "-f", str(archive), "-C", str(source)], check=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    python = str(folder / "venv/bin/python")
    subprocess.run([python, "-m", "pip", "install", "-q", str(source)], check=True)
    return [str(folder / "venv/bin/perpcalc")], python


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--against", metavar="REV", help="compare with another revision of the program")
    parser.add_argument("--only", metavar="NAME", help="figures whose name holds this")
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        programs = {"now": ([str(Path(sys.executable).parent / "perpcalc")], sys.executable)}
        if options.against:
            programs[options.against] = installed(options.against, folder)
        for label, (program, python) in programs.items():
            print(f"{label}\n{'what':<26}{'promise':>10}{'measured':>10}  detail")
            for figure in figures(program, python, folder, options.only, options.runs):
                print(f"{figure.name:<26}{figure.promise:>10}{figure.ratio:>10.2f}  {figure.detail}", flush=True)


if __name__ == "__main__":
    main()
