"""Where one machine is too small: engines that others make give, sorted by id, what one `batch` gives.

Opt-in, `pytest -m engines`: needs `pip install pyspark dask pandas pyarrow`, and Java for Spark. What is missing is skipped.
"""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import perpcalc

pytestmark = pytest.mark.engines

LINES, PARTITIONS = 100_000, 16
PROGRAM = str(Path(sys.executable).parent / "perpcalc")
BATCH = f"{PROGRAM} batch --errors-ok"


def questions() -> Iterator[str]:
    """Mixed questions with ids, every hundredth a bad one."""
    chance = random.Random(17)
    for number in range(LINES):
        asked = {
            "id": number,
            "command": chance.choice(("pnl", "liq-price", "greeks")),
            "side": chance.choice(("long", "short")),
            "contracts": chance.randrange(1, 1_000_000),
            "entry": str(60_000 + chance.randrange(20_000) / 2),
            "mark": str(60_000 + chance.randrange(20_000) / 2),
            "leverage": chance.randrange(1, 50),
            "venue": "bybit",
        }
        yield json.dumps(asked if number % 100 else asked | {"side": "sideways"})


def told(answers: list[str]) -> list[object]:
    """Answers by id; the number of a line counts within its partition and is left out."""
    rows = [json.loads(answer) for answer in answers]
    for row in rows:
        row.pop("line", None)
    return sorted(rows, key=lambda row: int(row["id"]))


def answer(line: str) -> str:
    """The answer to a line, from Python."""
    return json.dumps(perpcalc.ask(json.loads(line)))


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return list(questions())


@pytest.fixture(scope="module")
def one_batch(lines: list[str]) -> list[object]:
    done = subprocess.run(BATCH.split(), input="\n".join(lines), capture_output=True, text=True, check=True)
    found = told(done.stdout.splitlines())
    assert len(found) == LINES
    return found


@pytest.fixture(scope="module")
def spark() -> Iterator[object]:
    sql = pytest.importorskip("pyspark.sql")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    session = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    yield session
    session.stop()


@pytest.mark.filterwarnings("default")
def test_spark_pipes_lines_through_batch(spark: object, lines: list[str], one_batch: list[object]) -> None:
    piped = spark.sparkContext.parallelize(lines, PARTITIONS).pipe(BATCH)  # type: ignore[attr-defined]
    assert told(piped.collect()) == one_batch


@pytest.mark.filterwarnings("default")
def test_spark_maps_pandas_with_ask(spark: object, lines: list[str], one_batch: list[object]) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    # Said here and not in the module: the workers of Spark get the function by value, so that they need no tests.

    def answered(frames: object) -> Iterator[object]:
        for frame in frames:  # type: ignore[attr-defined]
            yield pandas.DataFrame({"answer": [json.dumps(perpcalc.ask(json.loads(line))) for line in frame["line"]]})

    frame = spark.createDataFrame(pandas.DataFrame({"line": lines})).repartition(PARTITIONS)  # type: ignore[attr-defined]
    rows = frame.mapInPandas(answered, "answer string").collect()
    assert told([row.answer for row in rows]) == one_batch


@pytest.mark.filterwarnings("default")
def test_dask_maps_partitions_with_ask(lines: list[str], one_batch: list[object]) -> None:
    bag = pytest.importorskip("dask.bag")
    answers = bag.from_sequence(lines, npartitions=PARTITIONS).map_partitions(lambda part: list(map(answer, part)))
    assert told(list(answers.compute(scheduler="processes", num_workers=2))) == one_batch
