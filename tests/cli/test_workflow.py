"""The program in a shell script, as people use it: tests/cli/workflow.sh, every step through the installed command."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from inside import LONG_AGO

from perpcalc.options import CONTRACTS, STOP
from perpcalc.portfolio.reading import load

Done = subprocess.CompletedProcess[str]
HERE = Path(__file__).parent
HELD = {
    "symbol": "BTC/USD:BTC",
    "side": "long",
    "contracts": 200,
    "contractSize": 100,
    "entryPrice": 62_500.5,
    "markPrice": 64_000,
    "marginMode": "cross",
    "leverage": 20,
    "stopLossPrice": 60_000,
}


def work(folder: Path, risk: str, *positions: dict[str, object], limits: tuple[str, ...] = ()) -> Done:
    """Run the script in a folder: on positions of an exchange, a share of the balance to risk, and limits more."""
    (folder / "dump.json").write_text(json.dumps(positions))
    return subprocess.run(
        ["sh", str(HERE / "workflow.sh"), "dump.json", risk, *limits],
        cwd=folder,
        env={
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
            "SOURCE_DATE_EPOCH": LONG_AGO,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


pytestmark = pytest.mark.skipif(
    shutil.which("perpcalc", path=str(Path(sys.executable).parent)) is None, reason="perpcalc IS NOT INSTALLED"
)


class TestATrade:
    def test_within_the_limits_goes_out(self, tmp_path: Path) -> None:
        done = work(tmp_path, "0.5%", HELD)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("sent ")
        held, trade = load(str(tmp_path / "book.toml")).positions
        assert (held.name, held.given[CONTRACTS], held.given[STOP]) == ("BTCUSD_PERP long", 200, 60_000)
        assert (trade.name, trade.account, trade.given[STOP]) == ("trade", "main", 61_000)
        # 0.5% of 1.25 BTC over 1/61000 - 1/64000 and 0.05% of 1/64000 + 1/61000, a USD: 0.00625/0.00000078445 = 7,967 USD.
        assert trade.given[CONTRACTS] == 79
        assert {row["status"] for row in json.loads((tmp_path / "verdict.json").read_text())} == {"pass"}
        assert len((tmp_path / "after.txt").read_text().split()) == 2

    def test_that_risks_too_much_is_held_back(self, tmp_path: Path) -> None:
        done = work(tmp_path, "5%")
        assert (done.stdout.split()[:2], done.returncode) == (["held", "back"], 1)
        failed = [row["rule"] for row in json.loads((tmp_path / "verdict.json").read_text()) if row["status"] == "fail"]
        assert failed == ["max_loss_at_stop"]
        assert load(str(tmp_path / "book.toml")).positions == ()

    def test_that_makes_one_position_too_large_is_held_back(self, tmp_path: Path) -> None:
        # 1% of its own, but 35,900 USD of one contract that lose 0.0305 BTC at the farther stop, of 1.25.
        done = work(tmp_path, "1%", HELD)
        assert (done.stdout, done.returncode) == ("held back 159 contracts\n", 1)

    def test_beside_a_position_without_a_stop_is_held_back(self, tmp_path: Path) -> None:
        done = work(tmp_path, "1%", HELD | {"stopLossPrice": None})
        assert done.returncode == 1
        assert [position.name for position in load(str(tmp_path / "book.toml")).positions] == ["BTCUSD_PERP long"]

    def test_that_cannot_be_judged_is_not_sent(self, tmp_path: Path) -> None:
        done = work(
            tmp_path, "0.5%", HELD, limits=("--max-touch-probability", "5%", "--horizon", "7d")
        )  # without a volatility
        assert (done.stdout, done.returncode) == ("no verdict\n", 2)

    def test_without_a_dump_stops_the_script(self, tmp_path: Path) -> None:
        done = work(tmp_path, "1%", HELD | {"symbol": "BTC/USDT:USDT"})
        assert (done.stdout, done.returncode) == ("", 2)
        assert done.stderr.endswith("perpcalc: dump.json: its position had to be left out: see why above\n")
