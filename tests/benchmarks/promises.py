"""Measure what the program promises about its speed, as ratios against yardsticks run in turn.

    python tests/benchmarks/promises.py                 every promise, for this source tree, installed into a folder of its own
    python tests/benchmarks/promises.py --against REV   the same, then for another revision of the program
    python tests/benchmarks/promises.py --only batch    some of them
    python tests/benchmarks/promises.py --cpu           by processor time, on a machine that others use too

It prints the table of the README's "Speed", row by row as they are measured, some ten minutes in all. Two promises are by the
clock whatever was asked, and need cores that are free: the gain of --jobs 2 and what a gate waits for.

Every line and every position differs from the others. Machines are noisy, so each pair of commands runs in turn and the ratio is
taken pair by pair; the median counts. Memory is the peak of the whole process, as the kernel accounts it; a child is never told
less than this program's own, which therefore writes its large files line by line. Timings never fail a test.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

from inputs import (
    BATCH,
    asked_lines,
    cross_portfolio,
    isolated_portfolio,
    minutes,
    two_venues,
    unified_portfolio,
    write,
)
from yardsticks import CSV_LOOP, JSON_LOOP, TOML_LOAD, TYPER_PROGRAM, TYPER_TABLE

ROOT = Path(__file__).parent.parent.parent
RUNS = 15
LONG_RUNS = 5
LINES = 20_000
MANY_LINES = 2_000_000
POSITIONS = 10_000

OPENED = ["--side", "long", "-n", "10000", "--entry", "62500"]
SCRIPTED = ["pnl", *OPENED, "--exit", "64000", "--json"]
AT_BYBIT = ["--venue", "bybit", "--leverage", "10", "--json"]
CALLS = {
    "`pnl`": SCRIPTED,
    "`pnl` with a venue": [*SCRIPTED, "--venue", "bybit"],
    "`liq-price` with a venue": ["liq-price", *OPENED, *AT_BYBIT],
    "`solve margin` with a venue": ["solve", "margin", *OPENED, *AT_BYBIT, "--liquidation", "50000"],
    "`check` with a venue": ["check", *OPENED, *AT_BYBIT, "--max-leverage", "20"],
}


class Run(NamedTuple):
    """One finished process: wall seconds, processor seconds of it and its children, and peak memory in MiB."""

    seconds: float
    processor: float
    mebibytes: float


def measure(command: Sequence[str], stdin: Path | None = None) -> Run:
    """Run a command to its end, its output thrown away; 1 is a status of `check`."""
    with (stdin or Path(os.devnull)).open("rb") as source:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def in_turn(
    one: Sequence[str], other: Sequence[str], runs: int, stdin: Path | None = None, cpu: bool = False
) -> tuple[float, Run, Run]:
    """The median ratio of two commands run in turn, and the median run of each."""
    measure(one, stdin), measure(other, stdin)
    pairs = [(measure(one, stdin), measure(other, stdin)) for _ in range(runs)]
    ratio = median(a.processor / b.processor if cpu else a.seconds / b.seconds for a, b in pairs)
    return ratio, median_run([first for first, _ in pairs]), median_run([second for _, second in pairs])


def median_run(runs: Sequence[Run]) -> Run:
    """Each figure's median."""
    return Run(*(median(values) for values in zip(*runs, strict=True)))


class Figure(NamedTuple):
    """One row of the table: what was measured, the promise, what came out, and from what."""

    what: str
    promise: str
    measured: str
    kept: bool
    detail: str

    @property
    def row(self) -> str:
        """The row as the README has it."""
        return f"| {self.what} | {self.promise} | {self.measured}{'' if self.kept else ', missed'} | {self.detail} |"


HEAD = "| what | promise | measured | |\n|---|---|---|---|"


def at_most(what: str, most: float, ratio: float, detail: str) -> Figure:
    """A ratio that has an upper bound."""
    return Figure(what, f"{most:g}", f"{ratio:.2f}", round(ratio, 2) <= most, detail)


class Bench(NamedTuple):
    """What is measured, with which interpreter for the yardsticks, where its files are put, and how."""

    program: Sequence[str]
    python: str
    folder: Path
    runs: int
    cpu: bool

    def yardstick(self, name: str, source: str, *arguments: str) -> list[str]:
        """A program to measure against."""
        path = self.folder / f"{name}.py"
        path.write_text(source)
        return [self.python, str(path), *arguments]

    def against(
        self, ours: Sequence[str], other: Sequence[str], runs: int = 0, stdin: Path | None = None
    ) -> tuple[float, Run, Run]:
        """Our program with some arguments, and another, in turn."""
        return in_turn([*self.program, *ours], other, runs or self.runs, stdin, self.cpu)

    def time_of(self, run: Run) -> float:
        """The time that counts of a run."""
        return run.processor if self.cpu else run.seconds

    def both(self, ours: Run, other: Run) -> str:
        """Two runs side by side."""
        one, two = self.time_of(ours), self.time_of(other)
        return f"{one:.2f} s against {two:.2f} s" if one >= 1 else f"{one * 1000:.0f} ms against {two * 1000:.0f} ms"


def scripted_calls(bench: Bench) -> Iterator[Figure]:
    """Calls as scripts make them, against a Typer program that does nothing."""
    bare = bench.yardstick("typer_program", TYPER_PROGRAM)
    for command, asked in CALLS.items():
        ratio, ours, other = bench.against(asked, bare)
        yield at_most(
            f"a scripted {command} against a Typer program that does nothing", 1.1, ratio, bench.both(ours, other)
        )
        peak = f"{ours.mebibytes:.1f} MiB"
        detail = f"{other.mebibytes:.1f} MiB the Typer program"
        yield Figure(f"peak memory of a scripted {command}", "20 MiB", peak, ours.mebibytes <= 20, detail)


def tables(bench: Bench) -> Iterator[Figure]:
    """A table, against a Typer program that prints one."""
    ratio, ours, other = bench.against(SCRIPTED[:-1], bench.yardstick("typer_table", TYPER_TABLE))
    yield at_most("a table against a Typer program that prints one", 1.1, ratio, bench.both(ours, other))


def small_portfolios(bench: Bench) -> Iterator[Figure]:
    """Ten positions over two venues."""
    portfolio = bench.folder / "ten.toml"
    write(portfolio, two_venues(10))
    bare = bench.yardstick("typer_program", TYPER_PROGRAM)
    for command in ("liq-price", "check"):
        ratio, ours, other = bench.against([command, "-p", str(portfolio), "--json"], bare)
        what = f"`{command} -p` of ten positions over two venues against the Typer program"
        yield at_most(what, 2, ratio, bench.both(ours, other))


def batches(bench: Bench) -> Iterator[Figure]:
    """Lines that differ, against a loop that reads and writes them."""
    loop = bench.yardstick("json_loop", JSON_LOOP)
    for command, (most, _) in BATCH.items():
        lines = bench.folder / f"{command}.ndjson"
        write(lines, asked_lines(command, LINES))
        ratio, ours, _ = bench.against(["batch"], loop, max(3, bench.runs // 4), lines)
        what, detail = f"`batch` of `{command}` lines against the loop", f"{LINES / bench.time_of(ours):,.0f} lines/s"
        yield Figure(what, "-", f"{ratio:.2f}", True, detail) if most is None else at_most(what, most, ratio, detail)


def jobs(bench: Bench) -> Iterator[Figure]:
    """Two processes against one, by the clock; what else runs would be measured with them."""
    what, promise, load = "`batch --jobs 2` on two free cores", "1.7 times one", os.getloadavg()[0]
    if load > (os.cpu_count() or 1) - 1 / 2:
        yield Figure(what, promise, "not measured", True, f"other work runs, the load is {load:.1f}")
        return
    lines = bench.folder / "jobs.ndjson"
    write(lines, asked_lines("liq-price", 5 * LINES))
    batch = [*bench.program, "batch"]
    ratio, one, two = in_turn(batch, [*batch, "--jobs", "2"], 3, lines)
    detail = (
        f"{one.seconds:.1f} s against {two.seconds:.1f} s, of processor {one.processor:.1f} s and {two.processor:.1f} s"
    )
    yield Figure(what, promise, f"{ratio:.2f}", ratio >= 1.7, detail)


def flat_memory(bench: Bench) -> Iterator[Figure]:
    """Peak memory of a long stream over that of a short one; with jobs that of the largest process."""
    peaks: dict[tuple[str, ...], list[float]] = {(): [], ("--jobs", "2"): []}
    lines = bench.folder / "memory.ndjson"
    for count in (LINES, MANY_LINES):
        write(lines, asked_lines("pnl", count))
        for options, found in peaks.items():
            found.append(measure([*bench.program, "batch", *options], lines).mebibytes)
    for options, (few, many) in peaks.items():
        what = f"peak memory of `{' '.join(('batch', *options))}` over {MANY_LINES:,} lines"
        yield Figure(what, "flat", f"{many:.1f} MiB", many < few + 8, f"{few:.1f} MiB over {LINES:,}")


def gates(bench: Bench) -> Iterator[Figure]:
    """What one waits for who asks one `batch` line by line, by the clock."""
    waited = []
    with subprocess.Popen([*bench.program, "batch", "-q"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as gate:
        assert gate.stdin is not None
        assert gate.stdout is not None
        for line in asked_lines("check", 6_000):
            start = time.perf_counter()
            gate.stdin.write(f"{line}\n".encode())
            gate.stdin.flush()
            json.loads(gate.stdout.readline())
            waited.append(time.perf_counter() - start)
        gate.stdin.close()
    one, hundredth = (quantiles(waited[1_000:], n=100)[place] * 1000 for place in (49, 98))
    what = "a `check` through one `batch` that stays open, median"
    yield Figure(what, "1 ms", f"{one:.2f} ms", one <= 1, f"{hundredth:.2f} ms for 99 of 100")


def ladders(bench: Bench) -> Iterator[Figure]:
    """A stress ladder of many prices against one of few."""
    portfolio = bench.folder / "accounts.toml"
    write(portfolio, cross_portfolio(POSITIONS, 20))
    asked = ["stress", "-p", str(portfolio), "--json", "--from", "-50%", "--to", "50%", "--steps"]
    ratio, ours, other = bench.against([*asked, "1000"], [*bench.program, *asked, "10"], LONG_RUNS)
    what = f"`stress` of {POSITIONS:,} cross positions in 20 accounts, 1,000 prices against 10"
    yield at_most(what, 1.5, ratio, bench.both(ours, other))


def large_portfolios(bench: Bench) -> Iterator[Figure]:
    """Many isolated positions, against reading the file and one scripted call."""
    portfolio = bench.folder / "positions.toml"
    write(portfolio, isolated_portfolio(POSITIONS))
    load = bench.yardstick("toml_load", TOML_LOAD, str(portfolio))
    asked = [*bench.program, "pnl", "-p", str(portfolio), "--json"]
    measure(asked)
    runs = [
        tuple(bench.time_of(measure(command)) for command in (asked, load, [*bench.program, *SCRIPTED]))
        for _ in range(LONG_RUNS)
    ]
    ratio = median(ours / (loaded + call) for ours, loaded, call in runs)
    what = f"`pnl -p` of {POSITIONS:,} positions against `tomllib.load` of the file and a scripted call"
    yield at_most(what, 3, ratio, f"{median(ours for ours, _, _ in runs):.2f} s")


def unified_accounts(bench: Bench) -> Iterator[Figure]:
    """Ten times the positions of a unified account."""
    asked = {}
    for positions in (1_000, 10_000):
        portfolio = bench.folder / f"unified{positions}.toml"
        write(portfolio, unified_portfolio(positions))
        asked[positions] = ["liq-price", "-p", str(portfolio), "--json"]
    ratio, ours, other = bench.against(asked[10_000], [*bench.program, *asked[1_000]], LONG_RUNS)
    what = "`liq-price -p` of a unified account over 20 coins, 10,000 positions against 1,000"
    yield at_most(what, 11, ratio, bench.both(ours, other))


def replays(bench: Bench) -> Iterator[Figure]:
    """A year of minutes, against a loop that reads them."""
    candles = bench.folder / "minutes.csv"
    write(candles, minutes())
    loop = bench.yardstick("csv_loop", CSV_LOOP, str(candles))
    position = ["--side", "long", "-n", "10000", "--entry", "62500", "--leverage", "2", "--venue", "bybit"]
    ratio, ours, other = bench.against(["replay", *position, "--marks", str(candles), "--json"], loop, LONG_RUNS)
    what = "`replay` of a year of minutes against reading the file with `csv` into Decimals"
    yield at_most(what, 3, ratio, bench.both(ours, other))


MEASURES = {
    "scripted": scripted_calls,
    "table": tables,
    "ten": small_portfolios,
    "batch": batches,
    "jobs": jobs,
    "memory": flat_memory,
    "gate": gates,
    "stress": ladders,
    "portfolio": large_portfolios,
    "unified": unified_accounts,
    "replay": replays,
}


def installed(revision: str | None, folder: Path) -> tuple[list[str], str]:
    """A revision of the program, None for the source tree as it is, in an environment of its own."""
    folder.mkdir()
    source = ROOT
    if revision is not None:
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
    parser.add_argument("--against", metavar="REV", help="measure another revision of the program too")
    parser.add_argument("--only", metavar="NAME", action="append", choices=MEASURES, help="some of the measures")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--cpu", action="store_true", help="by processor time instead of the clock")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for label, revision in {"now": None, options.against: options.against}.items():
            if label is None:
                continue
            bench = Bench(*installed(revision, folder / label), folder, options.runs, options.cpu)
            print(f"{label}\n\n{HEAD}", flush=True)
            for wanted in options.only or MEASURES:
                for figure in MEASURES[wanted](bench):
                    print(figure.row, flush=True)


if __name__ == "__main__":
    main()
