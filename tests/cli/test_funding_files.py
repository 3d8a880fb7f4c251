"""The files of `funding-cost`: what past payments and samples of the premium come to in the command."""

import json
from pathlib import Path
from typing import Any

import pytest

POSITION = ("--side", "long", "-n", "10k", "--entry", "62500", "--leverage", "10")
DATA = Path(__file__).parent.parent / "data/funding"


def minutes(count: int, step: int = 1, premium: str = "0.01%") -> str:
    return "".join(
        f"2024-06-01T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z,{premium}\n"
        for second in range(0, count * step * 60, step * 60)
    )


def test_a_history_is_charged_payment_by_payment_with_the_venues_rounding(run: Any, tmp_path: Path) -> None:
    # The first payment is the one in the Phemex documents of 2024-06-17: floor8(700/6947.3435) = 0.10075793, and
    # 0.00004747 of it is 4.783e-6, rounded up. The other two are 0.1 BTC at 0.01%, paid and received.
    (tmp_path / "past.csv").write_text(
        "2024-06-01T00:00Z,0.00004747,6947.3435\n2024-06-01T08:00Z,0.0001,7000\n2024-06-01T16:00Z,-0.0001,7000\n"
    )
    arguments = ("--venue", "phemex", "--side", "long", "-n", "700", "--history", "past.csv", "--json")
    answer = run("funding-cost", *arguments)
    assert (answer.status, answer.stderr) == (0, "")
    found = json.loads(answer.stdout)
    assert found["total"] == "0.00000479"
    assert found["payment"] is None
    assert (found["intervals"], found["mark_price"], found["interval_hours"]) == ("3", "7000", "8")
    assert found["rate"] == "0.000015823333333333"


def test_samples_make_the_rate_that_the_venue_would_have_set(run: Any, tmp_path: Path) -> None:
    # Premium 0.3% all along: 0.3% - 0.05% damper; Bybit caps at 0.5%.
    (tmp_path / "samples.csv").write_text(minutes(480, premium="0.3%"))
    asked = ("--venue", "bybit", *POSITION, "--mark", "63000", "--premium-samples", "samples.csv", "--json")
    found = json.loads(run("funding-cost", *asked).stdout)
    assert (found["premium"], found["rate"]) == ("0.003", "0.0025")


def test_deribit_charges_each_moment_by_itself(run: Any, tmp_path: Path) -> None:
    # Damper 0.025%: moments at 0.1% and -0.02% cost 0.075% and 0%, though their mean premium is 0.04%.
    (tmp_path / "samples.csv").write_text("0.1%\n-0.02%\n")
    asked = ("--venue", "deribit", "--side", "long", "-n", "100", "--mark", "63000", "--premium-samples", "samples.csv")
    found = json.loads(run("funding-cost", *asked, "--json").stdout)
    assert (found["premium"], found["rate"]) == ("0.0004", "0.000375")


def test_a_bad_file_prints_one_line_and_nothing_else(run: Any, tmp_path: Path) -> None:
    (tmp_path / "past.csv").write_text("2024-06-01\n")
    answer = run("funding-cost", *POSITION, "--history", "past.csv")
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr == "perpcalc: past.csv: line 1: has 1 cells: write time,rate,mark or time,rate\n"


def test_a_history_comes_from_a_pipe_too(run: Any) -> None:
    answer = run("funding-cost", *POSITION, "--history", "-", "--field", "total", stdin="2024-06-01,0.01%,50000\n")
    assert answer.stdout == "0.00002\n"


@pytest.mark.parametrize(
    ("venue", "contracts", "name", "more", "total", "hours"),
    [
        # An hour's rate each, at the index: 1,000 USD at 0.0000012037/29184.98 + 0.0000025992/29201.1.
        ("deribit", "100", "deribit.json", (), "0.000000130254162312", "1"),
        # Coin per contract: 10,000 times 1.481e-10 - 8.15861558e-10.
        ("kraken", "10000", "kraken.json", ("--mark", "60000"), "-0.00000667762", "1"),
        # What was realised counts: 2,000 USD at 50,000 and -0.0025 %, 0.00997 %.
        ("okx", "20", "okx.json", ("--mark", "50000"), "0.000002988", "8"),
    ],
)
def test_the_file_says_how_long_a_rate_is_for(
    run: Any, venue: str, contracts: str, name: str, more: tuple[str, ...], total: str, hours: str
) -> None:
    asked = ("--venue", venue, "--side", "long", "-n", contracts, "--history", str(DATA / name), *more, "--json")
    found = json.loads(run("funding-cost", *asked).stdout)
    assert (found["total"], found["interval_hours"]) == (total, hours)
