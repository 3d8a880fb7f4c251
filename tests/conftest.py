"""What every test may count on: the number context of the program, the program itself, and hypothesis' settings."""

import decimal
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings

from perpcalc.decimals import CONTEXT

settings.register_profile("default", deadline=None, max_examples=150, database=None)
settings.register_profile(
    "ci", settings.get_profile("default"), derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("mutants", settings.get_profile("ci"), max_examples=20)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=5_000)
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


class Answer(NamedTuple):
    """What a call of the program wrote, and its exit status."""

    stdout: str
    stderr: str
    status: int


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Answer]:
    """Call the installed program in an empty directory (`tmp_path`), as on a machine where nothing is configured.

    `run("pnl", "--side", "long", stdin="text", env={"PERPCALC_VENUE": "bybit"})`
    """

    def call(*arguments: str, stdin: str | None = None, env: Mapping[str, str] | None = None) -> Answer:
        done = subprocess.run(
            [sys.executable, "-m", "perpcalc", *arguments],
            cwd=tmp_path,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "HOME": str(tmp_path),
                "XDG_CONFIG_HOME": str(tmp_path),
                "COLUMNS": "80",
                "PYTHONUTF8": "1",
                **(env or {}),
            },
            input="" if stdin is None else stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        return Answer(done.stdout, done.stderr, done.returncode)

    return call
