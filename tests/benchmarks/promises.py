"""Measure what the program promises about its speed, as ratios against yardsticks run in turn.

    python tests/benchmarks/promises.py                 every promise, for this source tree, installed into a folder of its own
    python tests/benchmarks/promises.py --against REV   the same, then for another revision of the program
    python tests/benchmarks/promises.py --only batch    some of them
    python tests/benchmarks/promises.py --cpu           by processor time, on a machine that others use too

Every line and every position differs from the others. Machines are noisy, so each pair of commands runs in turn and the ratio is
taken pair by pair; the median counts. Memory is the peak of the whole process, as the kernel accounts it; a child is never told
less than this program's own, which therefore writes its large files line by line. Timings never fail a test.
"""

import argparse
import json
import os
import random
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
MANY_LINES = 2_000_000
POSITIONS = 10_000
MINUTES = 525_600

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
made = []
for line in sys.stdin:
    row = json.loads(line)
    row = {key: Decimal(value) if value.replace(".", "").isdigit() else value for key, value in row.items()}
    made.append(json.dumps(row, default=str))
sys.stdout.write("\\n".join(made))
"""

CSV_LOOP = """
import csv, sys
from decimal import Decimal
with open(sys.argv[1], newline="") as file:
    rows = csv.reader(file)
    next(rows)
    for row in rows:
        [Decimal(value) for value in row]
"""

TOML_LOAD = """
import sys, tomllib
with open(sys.argv[1], "rb") as file:
    tomllib.load(file)
"""

SCRIPTED = ["pnl", "--side", "long", "-n", "10000", "--entry", "62500", "--exit", "64000", "--json"]


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
    """One line of the table: what was measured, the promise, and what came out."""

    name: str
    promise: str
    ratio: float
    detail: str


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


def scripted_calls(bench: Bench) -> Iterator[Figure]:
    """A call as scripts make it, against a Typer program that does nothing."""
    bare = bench.yardstick("typer_program", TYPER_PROGRAM)
    liquidation = ["liq-price", *SCRIPTED[1:7], "--leverage", "10", "--venue", "bybit", "--json"]
    for name, asked in (("", SCRIPTED), (", venue", [*SCRIPTED, "--venue", "bybit"]), (", liq-price", liquidation)):
        ratio, ours, other = bench.against(asked, bare)
        detail = f"{bench.time_of(ours) * 1000:.0f} ms against {bench.time_of(other) * 1000:.0f} ms"
        yield Figure(f"scripted call{name}", "1.10", ratio, detail)
        yield Figure(
            f"scripted call{name}, memory",
            "20 MiB",
            ours.mebibytes,
            f"{ours.mebibytes:.1f} MiB, bare {other.mebibytes:.1f}",
        )


def tables(bench: Bench) -> Iterator[Figure]:
    """A table, against a Typer program that prints one."""
    ratio, ours, other = bench.against(SCRIPTED[:-1], bench.yardstick("typer_table", TYPER_TABLE))
    detail = f"{bench.time_of(ours) * 1000:.0f} ms against {bench.time_of(other) * 1000:.0f} ms"
    yield Figure("table", "1.10", ratio, detail)


def small_portfolios(bench: Bench) -> Iterator[Figure]:
    """Ten positions over two venues."""
    portfolio = bench.folder / "ten.toml"
    write(portfolio, two_venues(10))
    bare = bench.yardstick("typer_program", TYPER_PROGRAM)
    for command in ("liq-price", "check"):
        ratio, ours, other = bench.against([command, "-p", str(portfolio), "--json"], bare)
        detail = f"{bench.time_of(ours) * 1000:.0f} ms against {bench.time_of(other) * 1000:.0f} ms"
        yield Figure(f"ten positions, {command}", "2", ratio, detail)


def batches(bench: Bench) -> Iterator[Figure]:
    """Lines that differ, against a loop that reads and writes them."""
    loop = bench.yardstick("json_loop", JSON_LOOP)
    for command, (promise, _) in BATCH.items():
        lines = bench.folder / f"{command}.ndjson"
        write(lines, asked_lines(command, LINES))
        ratio, ours, _ = bench.against(["batch"], loop, max(3, bench.runs // 4), lines)
        rate = f"{LINES / bench.time_of(ours):,.0f} lines/s, {ours.mebibytes:.1f} MiB"
        yield Figure(f"batch {command}", promise, ratio, rate)


def jobs(bench: Bench) -> Iterator[Figure]:
    """Two processes against one, by the clock."""
    lines = bench.folder / "jobs.ndjson"
    write(lines, asked_lines("liq-price", 5 * LINES))
    batch = [*bench.program, "batch"]
    ratio, one, two = in_turn(batch, [*batch, "--jobs", "2"], 3, lines)
    yield Figure("batch --jobs 2, gain", "1.7", ratio, f"{one.seconds:.1f} s against {two.seconds:.1f} s")


def flat_memory(bench: Bench) -> Iterator[Figure]:
    """Peak memory of a long stream over that of a short one."""
    peaks = []
    for count in (LINES, MANY_LINES):
        lines = bench.folder / "memory.ndjson"
        write(lines, asked_lines("pnl", count))
        peaks.append(measure([*bench.program, "batch"], lines).mebibytes)
    detail = f"{peaks[1]:.1f} MiB over {MANY_LINES:,} lines, {peaks[0]:.1f} over {LINES:,}"
    yield Figure("memory of batch", "flat", peaks[1] / peaks[0], detail)


def ladders(bench: Bench) -> Iterator[Figure]:
    """A stress ladder of many prices against one of few."""
    portfolio = bench.folder / "accounts.toml"
    write(portfolio, cross_portfolio(POSITIONS, 20))
    asked = ["stress", "-p", str(portfolio), "--json", "--from", "-50%", "--to", "50%", "--steps"]
    ratio, ours, other = bench.against([*asked, "1000"], [*bench.program, *asked, "10"], 3)
    detail = f"{bench.time_of(ours):.2f} s against {bench.time_of(other):.2f} s for 10"
    yield Figure("stress, 1,000 prices", "1.5", ratio, detail)


def large_portfolios(bench: Bench) -> Iterator[Figure]:
    """Many isolated positions, against reading the file and one scripted call."""
    portfolio = bench.folder / "positions.toml"
    write(portfolio, isolated_portfolio(POSITIONS))
    load = bench.yardstick("toml_load", TOML_LOAD, str(portfolio))
    ratios = []
    for _ in range(3):
        ours, loaded, call = (
            bench.time_of(measure(command))
            for command in (
                [*bench.program, "pnl", "-p", str(portfolio), "--json"],
                load,
                [*bench.program, *SCRIPTED],
            )
        )
        ratios.append(ours / (loaded + call))
    yield Figure("portfolio, 10,000 rows", "3", median(ratios), f"{ours:.2f} s")


def unified_accounts(bench: Bench) -> Iterator[Figure]:
    """Ten times the positions of a unified account."""
    asked = {}
    for positions in (1_000, 10_000):
        portfolio = bench.folder / f"unified{positions}.toml"
        write(portfolio, unified_portfolio(positions))
        asked[positions] = ["liq-price", "-p", str(portfolio), "--json"]
    ratio, ours, other = bench.against(asked[10_000], [*bench.program, *asked[1_000]], 3)
    detail = f"{bench.time_of(ours):.2f} s against {bench.time_of(other):.2f} s"
    yield Figure("unified, 10,000 positions", "11", ratio, detail)


def replays(bench: Bench) -> Iterator[Figure]:
    """A year of minutes, against a loop that reads them."""
    candles = bench.folder / "minutes.csv"
    write(candles, minutes())
    loop = bench.yardstick("csv_loop", CSV_LOOP, str(candles))
    position = ["--side", "long", "-n", "10000", "--entry", "62500", "--leverage", "2", "--venue", "bybit"]
    ratio, ours, _ = bench.against(["replay", *position, "--marks", str(candles), "--json"], loop, 3)
    yield Figure("replay of a year", "3", ratio, f"{bench.time_of(ours):.2f} s")


MEASURES = {
    "scripted": scripted_calls,
    "table": tables,
    "ten": small_portfolios,
    "batch": batches,
    "jobs": jobs,
    "memory": flat_memory,
    "stress": ladders,
    "portfolio": large_portfolios,
    "unified": unified_accounts,
    "replay": replays,
}


BATCH = {
    "pnl": ("6", ("exit",)),
    "liq-price": ("10", ("leverage", "venue")),
    "funding-cost": ("12", ("mark", "rate", "venue", "leverage")),
    "size": ("16", ("stop", "balance", "risk", "venue")),
    "greeks": ("-", ("mark",)),
    "liq-cost": ("-", ("leverage", "venue", "slippage")),
}


def asked_lines(command: str, count: int) -> Iterator[str]:
    """Questions to a command, none like another."""
    chance = random.Random(count)
    for _ in range(count):
        side, entry = chance.choice(("long", "short")), 60_000 + chance.randrange(20_000) / 2
        known = {
            "exit": 60_000 + chance.randrange(20_000) / 2,
            "mark": entry + chance.randrange(2_000) - 1_000,
            "leverage": chance.randrange(2, 40),
            "venue": "bybit",
            "rate": f"{chance.randrange(1, 60) / 1000}%",
            "stop": entry + chance.randrange(200, 6_000) * (1 if side == "short" else -1),
            "balance": chance.randrange(10, 1_000) / 100,
            "risk": f"{chance.randrange(1, 40) / 10}%",
            "slippage": f"{chance.randrange(1, 60) / 100}%",
        }
        question = {"command": command, "side": side, "entry": str(entry)}
        if command != "size":
            question["contracts"] = str(chance.randrange(100, 1_000_000))
        yield json.dumps(question | {name: str(known[name]) for name in BATCH[command][1]})


def write(path: Path, lines: Iterable[str]) -> None:
    """A file of these lines."""
    with path.open("w") as file:
        for line in lines:
            file.write(line + "\n")


def two_venues(positions: int) -> Iterator[str]:
    """A file of positions in two accounts, with limits."""
    yield "[prices]\nBTC = 64000\n"
    for venue in ("bybit", "binance"):
        yield f'[[accounts]]\nname = "{venue}"\nvenue = "{venue}"\ncurrency = "BTC"\nbalance = 5\n'
    for n in range(positions):
        yield f'[[positions]]\nname = "p{n}"\naccount = "{"binance" if n % 2 else "bybit"}"'
        yield f'side = "long"\ncontracts = {100 + n}\nentry = {60_000 + 500 * n}\nstop = {55_000 + n}\n'
    yield '[limits]\nmax_leverage = 5\nmin_liquidation_distance = "15%"\nrequire_stop = true'


def unified_portfolio(positions: int) -> Iterator[str]:
    """A file of positions in an account that 20 coins back."""
    coins = [f"C{n}" for n in range(20)]
    yield "[prices]\n" + "\n".join(f"{coin} = {100 * (n + 1)}" for n, coin in enumerate(coins)) + "\n"
    balances = ", ".join(f"{coin} = {50_000 + n}" for n, coin in enumerate(coins))
    yield f'[[accounts]]\nname = "u"\nmargin = "unified"\nbalances = {{ {balances} }}\n'
    for n in range(positions):
        yield f'[[positions]]\nname = "p{n}"\naccount = "u"\ncurrency = "{coins[n % 20]}"\nmmr = "0.5%"'
        yield f'side = "{"long" if n % 3 else "short"}"\ncontracts = {100 + n}\nentry = {100 * (n % 20 + 1) + n % 7}\n'


def minutes() -> Iterator[str]:
    """A year of minutes that go up and down around a price, as a file of candles."""
    chance = random.Random(MINUTES)
    start, price = 1_700_000_000_000 // 60_000 * 60_000, 62_500.0
    yield "open_time,open,high,low,close"
    for minute in range(MINUTES):
        close = min(90_000, max(45_000, price + chance.randrange(-40, 41) / 2))
        low, high = min(price, close) - 5, max(price, close) + 5
        yield f"{start + 60_000 * minute},{price},{high},{low},{close}"
        price = close


def cross_portfolio(positions: int, accounts: int) -> Iterator[str]:
    """A file of cross positions over some accounts."""
    yield "[prices]\nBTC = 64000\n"
    for n in range(accounts):
        yield f'[[accounts]]\nname = "a{n}"\nvenue = "binance"\ncurrency = "BTC"\nbalance = 500\n'
    for n in range(positions):
        yield f'[[positions]]\nname = "p{n}"\naccount = "a{n % accounts}"\nside = "{"long" if n % 3 else "short"}"'
        yield f"contracts = {10 + n % 90}\nentry = {60_000 + n % 7_000}\n"


def isolated_portfolio(positions: int) -> Iterator[str]:
    """A file of isolated positions."""
    yield "[prices]\nBTC = 64000\n"
    for n in range(positions):
        yield f'[[positions]]\nname = "p{n}"\nvenue = "bybit"\nside = "{"long" if n % 3 else "short"}"'
        yield f"contracts = {1000 + n}\nentry = {60_000 + n % 7_000}\nleverage = 10\n"


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
            print(f"{label}\n{'what':<30}{'promise':>10}{'measured':>10}  detail")
            for wanted in options.only or MEASURES:
                for figure in MEASURES[wanted](bench):
                    print(f"{figure.name:<30}{figure.promise:>10}{figure.ratio:>10.2f}  {figure.detail}", flush=True)


if __name__ == "__main__":
    main()
