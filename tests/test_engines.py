"""Where one machine is too small: the README's recipes for other people's engines give what one `batch` gives.

Opt-in, `pytest -m engines`: needs `pip install -e '.[engines]'`, and Java for Spark. What is missing is skipped.
"""

import importlib.util
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from test_readme import blocks

pytestmark = pytest.mark.engines

LINES = 100_000
BAD = (
    {"side": "sideways"},
    {"command": "pln"},
    {"entry": "62,500"},
    {"contracts": None},
    {"surprise": 1},
)
WAYS = {"spark-pipe": ".pipe(", "spark-pandas": "mapInPandas(", "dask": "map_partitions("}
"""What is in the README's recipe for each way."""
SCRIPTS = Path(sys.executable).parent
NUMBER_OF_LINE = re.compile(r'"line": \d+, ')


def questions(lines: int = LINES) -> Iterator[str]:
    """Mixed questions with ids, every hundredth a bad one."""
    chance = random.Random(17)
    for number in range(lines):
        side, entry = chance.choice(("long", "short")), 60_000 + chance.randrange(20_000) / 2
        asked = {"id": number, "command": "pnl", "venue": "bybit", "side": side, "entry": entry}
        opened = {"contracts": chance.randrange(1_000, 1_000_000), "leverage": chance.randrange(2, 40)}
        worse = entry + chance.randrange(500, 6_000) * (1 if side == "short" else -1)
        mark = 60_000 + chance.randrange(20_000) / 2
        more = chance.choice(
            (
                {**opened, "exit": mark},
                {"command": "liq-price", **opened, "mark": mark},
                {"command": "funding-cost", **opened, "mark": mark, "rate": "0.01%"},
                {"command": "size", "stop": worse, "balance": chance.randrange(10, 1_000) / 100, "risk": "1%"},
                {"command": "greeks", **opened, "mark": mark},
                {"command": "check", **opened, "stop": worse, "max_leverage": 10, "stop_before_liquidation": True},
                {"command": "stress", **opened, "mark": mark, "moves": "-20%,0%,20%"},
                {"command": "solve margin", **opened, "liquidation": worse},
            )
        )
        yield json.dumps({**asked, **more, **(chance.choice(BAD) if number % 100 == 0 else {})})


def told(answers: Iterable[str]) -> list[str]:
    """Answers by id; the number of a line counts within its partition and is left out."""
    lines = [NUMBER_OF_LINE.sub("", answer, count=1) for answer in answers]
    return sorted(lines, key=lambda line: int(json.loads(line)["id"]))


def written(folder: Path) -> Iterator[str]:
    """The lines of all parts of an answer."""
    for part in folder.glob("part-*"):
        yield from part.read_text().splitlines()


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of all questions."""
    path = tmp_path_factory.mktemp("engines") / "questions.ndjson"
    path.write_text("".join(line + "\n" for line in questions()))
    return path


@pytest.fixture(scope="module")
def one_batch(asked: Path) -> list[str]:
    """What one process answers."""
    with asked.open() as lines:
        program = [str(SCRIPTS / "perpcalc"), "batch", "--errors-ok"]
        done = subprocess.run(program, stdin=lines, capture_output=True, text=True, check=True)
    answers = told(done.stdout.splitlines())
    assert [json.loads(answer)["id"] for answer in answers] == list(range(LINES))
    assert 0 < sum('"error": ' in answer for answer in answers) <= LINES // 100
    return answers


def program(way: str, questions: Path, folder: Path) -> tuple[list[str], dict[str, str]]:
    """The README's recipe as a program, in a folder with the questions: its command, and its environment."""
    (recipe,) = (block for block in blocks("python") if WAYS[way] in block)
    (folder / "recipe.py").write_text(recipe)
    (folder / "questions.ndjson").symlink_to(questions)
    environment = {**os.environ, "PATH": f"{SCRIPTS}:{os.environ['PATH']}", "PYSPARK_PYTHON": sys.executable}
    return [sys.executable, "recipe.py"], environment


@pytest.mark.parametrize("way", WAYS)
def test_a_recipe_gives_by_id_what_one_batch_gives(way: str, asked: Path, one_batch: list[str], tmp_path: Path) -> None:
    engine = "dask" if way == "dask" else "pyspark"
    if importlib.util.find_spec(engine) is None:
        pytest.skip(f"{engine} is not installed")
    if engine == "pyspark" and shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    command, environment = program(way, asked, tmp_path)
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "answers").glob("part-*"))) > 1
    assert told(written(tmp_path / "answers")) == one_batch
