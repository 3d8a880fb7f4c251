"""What the README says beside its console blocks: its Python, its recipes, its picture and its table of fields.

`python tests/test_readme.py` writes the table of fields and the picture anew.
"""

import os
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from inside import LONG_AGO

from perpcalc.commands.command import Command
from perpcalc.commands.registry import found
from perpcalc.names import LISTED
from perpcalc.portfolio.edit import EXAMPLE

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PICTURE = ROOT / "tests/data/stress.svg"
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
TABLE = re.compile(r"\| command \| fields \|\n\|---\|---\|\n(?:\|.*\n)*")
QUESTION = '{"id": 1, "command": "pnl", "side": "long", "contracts": 1, "entry": 5, "exit": 6}'
DRAWN = re.compile(r"^\$ (perpcalc stress .*) --svg stress\.svg$", re.MULTILINE)


def blocks(language: str) -> list[str]:
    """The code blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def table() -> str:
    """The fields of every answer, in their order."""
    records = {name: one if isinstance(one := found(name), Command) else one.commands[0] for name in LISTED}
    rows = (f"| `{name}` | {', '.join(one.result._fields)} |\n" for name, one in records.items())
    return "| command | fields |\n|---|---|\n" + "".join(rows)


def picture() -> str:
    """The picture at the top, as its command draws it."""
    drawn = DRAWN.search(README.read_text(encoding="utf-8"))
    assert drawn is not None
    program = [sys.executable, "-m", *drawn[1].split(), "--svg", "-", "--quiet"]
    return subprocess.run(program, capture_output=True, text=True, check=True).stdout


def test_the_table_of_fields_is_that_of_the_records() -> None:
    assert TABLE.findall(README.read_text(encoding="utf-8")) == [table()]


def test_the_picture_is_what_the_command_draws() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture()


def test_the_files_that_it_names_are_there() -> None:
    inside = README.read_text(encoding="utf-8").partition("## Inside")[2]
    named = re.findall(r"`((?:perpcalc|tests)/[\w/.]+)`", inside)
    assert len(named) > 20
    assert [path for path in named if "NAME" not in path and not (ROOT / path).exists()] == []


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the Python of the README defines, run block by block; what says __main__ is a program, run by test_engines."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", PATH)
    Path("portfolio.toml").write_bytes(EXAMPLE.read_bytes())
    defined: dict[str, Any] = {}
    for block in blocks("python"):
        if "__main__" not in block:
            exec(compile(block, "README.md", "exec"), defined)
    return defined


def test_the_python_of_the_readme_runs(names: dict[str, Any]) -> None:
    assert {"curve", "confirm", "may_go_out"} <= names.keys()


def test_the_gate_stands_in_the_hooks_of_bots(names: dict[str, Any]) -> None:
    sent: list[tuple[str, Decimal]] = []

    class Script:
        def buy(self, connector: str, pair: str, amount: Decimal, order_type: str, price: Decimal) -> None:
            sent.append(("buy", amount))

        def sell(self, connector: str, pair: str, amount: Decimal, order_type: str, price: Decimal) -> None:
            sent.append(("sell", amount))

    strategy = type("Strategy", (names["Confirmed"],), {"stoploss": -0.1})()
    asked = ("BTC/USD:BTC", "limit")
    late = ("GTC", None, None)
    assert strategy.confirm_trade_entry(*asked, 0.1, 64_000.0, *late, "long")
    assert not strategy.confirm_trade_entry(*asked, 20.0, 64_000.0, *late, "long")
    assert strategy.confirm_trade_entry(*asked, 0.1, 64_000.0, *late, "short")
    script = type("Mine", (names["Gated"], Script), {"stop": Decimal(58_000)})()
    for amount in (Decimal("0.1"), Decimal(20)):
        script.buy("binance_perpetual", "BTC-USD", amount, "limit", Decimal(64_000))
    script.stop = Decimal(70_000)
    script.sell("binance_perpetual", "BTC-USD", Decimal("0.1"), "limit", Decimal(64_000))
    assert sent == [("buy", Decimal("0.1")), ("sell", Decimal("0.1"))]


@pytest.mark.parametrize(
    ("tool", "script"),
    [
        ("jq", "\n".join(block for block in blocks("sh") if "| jq" in block)),
        ("parallel", "\n".join(block for block in blocks("sh") if "parallel" in block)),
        ("make", "make order ORDER='--side long -n 100 --entry 64000 --stop 58000 --funding-rate 0.01%'"),
    ],
)
def test_recipes_run_where_their_tools_are(tool: str, script: str, tmp_path: Path) -> None:
    assert script
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    (tmp_path / "portfolio.toml").write_bytes(EXAMPLE.read_bytes())
    (tmp_path / "questions.ndjson").write_text(f"{QUESTION}\n" * 3, encoding="utf-8")
    (makefile,) = blocks("make")
    (tmp_path / "Makefile").write_text(makefile, encoding="utf-8")
    (tmp_path / "send-order").write_text("#!/bin/sh\necho sent\n", encoding="utf-8")
    (tmp_path / "send-order").chmod(0o755)
    environment = {
        "PATH": PATH,
        "HOME": str(tmp_path),
        "SOURCE_DATE_EPOCH": LONG_AGO,
    }
    done = subprocess.run(
        ["bash", "-euc", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_alarm_is_silent_while_all_is_well_and_names_what_is_not(tmp_path: Path) -> None:
    (entry,) = blocks("crontab")
    minute, *_, command = entry.split(maxsplit=5)
    assert (minute, "%" in command) == ("*/5", False)  # which cron would take for the end of the line
    (tmp_path / "portfolio.toml").write_bytes(EXAMPLE.read_bytes())
    environment = {
        "PATH": PATH,
        "HOME": str(tmp_path),
        "SOURCE_DATE_EPOCH": LONG_AGO,
    }
    for line, told in ((command, ""), (command.replace(" 0.5 ", " 0.01 "), "fail\tbybit swing\tmax_margin_ratio\t0.0")):
        done = subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, check=False)
        assert (done.stdout[: len(told) or 1], done.stderr) == (told, "")


if __name__ == "__main__":
    README.write_text(TABLE.sub(lambda _: table(), README.read_text(encoding="utf-8")), encoding="utf-8")
    PICTURE.write_text(picture(), encoding="utf-8")
