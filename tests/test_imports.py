"""What a call imports: a scripted one pays for each module at every start."""

import subprocess
import sys
from collections.abc import Set
from pathlib import Path

import pytest

POSITION = ("--side", "long", "-n", "10000", "--entry", "62500")
HEAVY = (
    "typer",
    "rich",
    "pydantic",
    "pydantic_core",
    "plotille",
    "tomlkit",
    "markdown_it",
    "pygments",
    "multiprocessing",
    "csv",
)
OURS = frozenset(
    """
    __main__ answer decimals errors given grammar names options
    cli cli.calls cli.door
    commands commands.carriers commands.case commands.command commands.market commands.positions commands.registry
    core core.initial core.instrument core.liquidation core.margin core.pnl core.position core.printed_price core.rounding core.rules
    core.spans core.wallet
    render render.json render.text
    venues venues.instruments venues.keys venues.tables
    """.split()
)
"""The modules that answer for a position as JSON."""
GATE = frozenset(
    """
    commands.book commands.check commands.judging commands.prices commands.scenes commands.trades
    core.limits core.pegged
    limit_options portfolio
    """.split()
)
"""What a check has beside them, nothing of files and of accounts of several coins among it."""
PROGRAM = """
import sys
from perpcalc.__main__ import run
status = run(sys.argv[1:])
print(*sys.modules, file=sys.stderr)
sys.exit(status)
"""


def imported(*arguments: str) -> set[str]:
    """The modules that are there after a call, which succeeds."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stderr.split("\n")[-2].split())


def ours(modules: set[str]) -> set[str]:
    """Those of the program."""
    return {name.removeprefix("perpcalc.") for name in modules if name.startswith("perpcalc.")}


@pytest.mark.parametrize(
    ("call", "own"),
    [
        (("pnl", *POSITION, "--exit", "64000", "--json"), {"commands.pnl"}),
        (("pnl", *POSITION, "--exit", "64000", "--field", "net_pnl"), {"commands.pnl", "commands.lines"}),
        (
            ("liq-price", *POSITION, "--leverage", "10", "--venue", "bybit", "--json"),
            {"commands.liq_price", "commands.touching"},
        ),
        (("check", *POSITION, "--leverage", "10", "--venue", "bybit", "--max-leverage", "20", "--json"), GATE),
    ],
    ids=["pnl", "pnl-field", "liq-price-venue", "check-venue"],
)
def test_a_scripted_call_imports_what_it_needs_and_no_more(call: tuple[str, ...], own: Set[str]) -> None:
    modules = imported(*call)
    assert not ours(modules) - OURS - own
    assert not modules & set(HEAVY)


def test_only_a_call_with_a_venue_reads_toml() -> None:
    assert "tomllib" not in imported("pnl", *POSITION, "--exit", "64000", "--json")


def test_a_portfolio_in_which_everything_fits_is_read_without_what_finds_faults(tmp_path: Path) -> None:
    portfolio = tmp_path / "portfolio.toml"
    portfolio.write_text(
        '[[positions]]\nname = "one"\nvenue = "bybit"\nside = "long"\ncontracts = 100\nentry = 62500\nmark = 63000\n'
    )
    modules = imported("pnl", "-p", str(portfolio), "--json")
    assert "perpcalc.portfolio.schema" in modules
    assert not modules & {*HEAVY, "perpcalc.portfolio.validation"}


def test_importing_the_package_imports_no_command() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", "import sys, perpcalc; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ours(set(done.stdout.split())) <= {"names"}


def test_no_module_computes_in_the_context_of_whoever_imports_it() -> None:
    """One of a single digit, in which every signal is an exception."""
    program = """
import decimal, importlib, pkgutil
import perpcalc
context = decimal.getcontext()
context.prec = 1
context.traps = dict.fromkeys(context.traps, True)
walked = [one.name for one in pkgutil.walk_packages(perpcalc.__path__, "perpcalc.") if "__main__" not in one.name]
for name in walked:
    importlib.import_module(name)
print(len(walked), any(context.flags.values()), context.prec)
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    count, signalled, digits = done.stdout.split()
    assert int(count) > 100
    assert (signalled, digits) == ("False", "1")
