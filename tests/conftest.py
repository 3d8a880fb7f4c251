"""What every test may count on: the number context of the program, the program itself, and hypothesis' settings."""

import decimal
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from inside import Answer, Run, environment, in_folder

from perpcalc import saving
from perpcalc.decimals import CONTEXT

settings.register_profile(
    "default",
    deadline=None,
    max_examples=150,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("ci", settings.get_profile("default"))
settings.register_profile("mutants", settings.get_profile("ci"), max_examples=20)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=5_000, derandomize=False)
settings.load_profile("ci" if os.environ.get("CI") else "default")


class NumberContext:
    """Every test, and every doctest of the package, computes in the program's own context."""

    @pytest.fixture(autouse=True)
    def number_context(self) -> Iterator[None]:
        with decimal.localcontext(CONTEXT):
            yield


def pytest_configure(config: pytest.Config) -> None:
    # A fixture of this file would only reach tests beside it; one of a plugin reaches the doctests too.
    config.pluginmanager.register(NumberContext(), "perpcalc-number-context")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Call the program in an empty directory (`tmp_path`), as on a machine where nothing is configured, in this process.

    `run("pnl", "--side", "long", stdin="text", env={"PERPCALC_VENUE": "bybit"})`
    """

    def call(*arguments: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Answer:
        return in_folder(tmp_path, arguments, stdin.encode("utf-8", "surrogateescape"), env)

    return call


@pytest.fixture
def start(tmp_path: Path) -> Run:
    """Call the program as `run` does, in a process of its own."""

    def call(*arguments: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Answer:
        done = subprocess.run(
            [sys.executable, "-m", "perpcalc", *arguments],
            cwd=tmp_path,
            env=environment(tmp_path, env),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        return Answer(done.stdout, done.stderr, done.returncode)

    return call


@pytest.fixture
def another_writes(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Makes another perpcalc hold a folder until it is waited for, which is said at once."""
    fcntl = pytest.importorskip("fcntl", reason="the system has no locks on folders")

    def held(folder: Path) -> None:
        monkeypatch.setattr(saving, "MOMENT", 0)
        lock, other = fcntl.flock, os.open(folder, os.O_RDONLY)
        lock(other, fcntl.LOCK_EX)

        def flock(handle: int, how: int) -> None:
            if not how & fcntl.LOCK_NB:
                os.close(other)
            lock(handle, how)

        monkeypatch.setattr(fcntl, "flock", flock)

    return held
