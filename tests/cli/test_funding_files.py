"""The files of `funding-cost`: premium samples averaged as a venue does, and past payments charged one by one."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from perpcalc.cli.funding_files import average_premium, payments_due, read_history, read_samples

from perpcalc.core.rules import FundingRule
from perpcalc.decimals import ONE, plain
from perpcalc.errors import PerpcalcError

HOUR = Decimal(60)
BYBIT = FundingRule(8 * HOUR, averaging="linear", sample_interval=ONE)
KRAKEN = FundingRule(HOUR, averaging="equal", continuous=True)
OF_UNKNOWN_WEIGHTS = FundingRule(8 * HOUR)

POSITION = ("--side", "long", "-n", "10k", "--entry", "62500", "--leverage", "10")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], str]:
    """A file with this content; its path."""

    def made(content: str | bytes) -> str:
        path = tmp_path / "file.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return made


def minutes(count: int, step: int = 1, premium: str = "0.01%") -> str:
    return "".join(
        f"2024-06-01T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z,{premium}\n"
        for second in range(0, count * step * 60, step * 60)
    )


# Reading


@pytest.mark.parametrize(
    "content",
    [
        "0.01%\n0.04%\n",
        "premium\n0.0001\n4bp\n",
        "time,premium\n2024-06-01T00:00:00Z,0.01%\n2024-06-01T00:01:00Z,0.04%\n",
        "1717200000000,0.0001\n1717200060000,0.0004\n",
        "Premium, Time\n0.01%, 2024-06-01T02:00+02:00\n0.04%, 2024-06-01T00:01Z\n",
        b"\xef\xbb\xbfpremium\r\n0.01%\r\n\r\n0.04%\r\n",
        '"0.01%"\n"0.04%"',
    ],
)
def test_samples_are_read_with_and_without_times_and_header(write: Any, content: str | bytes) -> None:
    samples = read_samples(write(content))
    assert samples.premiums == (Decimal("0.0001"), Decimal("0.0004"))
    assert average_premium(samples, BYBIT, None, []) == Decimal("0.0003")
    assert average_premium(samples, KRAKEN, None, []) == Decimal("0.00025")


def test_a_history_is_read_with_its_times(write: Any) -> None:
    history = read_history(write("time,rate,mark\n2024-06-01T00:00:00.012Z,0.01%,67500.5\n1717228800000,-1bp,67000\n"))
    assert [(plain(past.rate), plain(past.mark)) for past in history.payments] == [
        ("0.0001", "67500.5"),
        ("-0.0001", "67000"),
    ]
    assert [past.time for past in history.payments] == [1_717_200_000_012_000, 1_717_228_800_000_000]
    assert history.notes == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no numbers: write lines of time,premium or premium"),
        ("time,premium\n", "holds no numbers"),
        ("0.01%\nabc\n", "line 2, premium: 'abc' is not a plain decimal number"),
        ("0.01%\n1\n", "line 2, premium: '1' is not clear as a rate: write 1% or 100%"),
        ("0.01%\n1e-4\n", "line 2, premium: '1e-4' is not a plain decimal number: write it out without an exponent"),
        ("time,premum\n1717200000000,0.01%\n", "line 1: 'premum' is not a column: give premium"),
        ("time\n1717200000000\n", "line 1: a column is missing or there twice"),
        ("1,2,3\n", "line 1: has 3 cells: write time,premium or premium"),
        ("1717200000000,0.01%\n0.01%\n", "line 2: has 1 cells, not 2: write time,premium"),
        (
            "2024-06-31T00:00Z,0.01%\n",
            "line 1, time: '2024-06-31T00:00Z' is not a time: write it as 2024-06-01T08:00:00Z",
        ),
        ("1717200000,0.01%\n", "line 1, time: '1717200000' is not in milliseconds since 1970: give 13 digits"),
        ("1717200000000000,0.01%\n", "line 1, time: '1717200000000000' is not in milliseconds"),
        ("1717200000000,0\n1717200000000,0\n", "line 2: has the same time as line 1: leave one of them out"),
        (
            "1717200000000,0\n1717200120000,0\n1717200060000,0\n",
            "line 3: is earlier than line 2: sort the lines by time",
        ),
        ('"0.01%\n', "line 1: not CSV: unexpected end of data"),
        ("0.01%\n".encode("utf-16"), "byte 0 is not UTF-8: save the file as UTF-8"),
        ("9" * 200_000, "line 1: not CSV: field larger than field limit"),
    ],
)
def test_what_is_wrong_is_named_with_its_file_and_line(write: Any, content: str | bytes, message: str) -> None:
    path = write(content)
    with pytest.raises(PerpcalcError) as caught:
        read_samples(path)
    assert str(caught.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("time,rate\n1717200000000,0.01%\n", "line 1: a column is missing or there twice: write time,rate,mark"),
        ("1717200000000,0.01%\n", "line 1: has 2 cells: write time,rate,mark"),
        ("1717200000000,0.01%,0\n", "line 1, mark: '0' is out of range: give a number above 0"),
        ("1717200000000,0.01%,60k\n", "line 1, mark: '60k' is not a plain decimal number"),
    ],
)
def test_a_history_needs_a_rate_and_a_mark_at_each_time(write: Any, content: str, message: str) -> None:
    path = write(content)
    with pytest.raises(PerpcalcError) as caught:
        read_history(path)
    assert str(caught.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize(("path", "message"), [("none.csv", "No such file"), (".", "is a directory")])
def test_what_is_no_file_is_refused(path: str, message: str) -> None:
    with pytest.raises(PerpcalcError, match=message):
        read_samples(path)


def test_times_without_an_offset_are_utc_and_it_is_said(write: Any) -> None:
    path = write("2024-06-01T00:00,0.01%\n2024-06-01T00:01,0.01%\n")
    samples = read_samples(path)
    assert samples.times[0] == 1_717_200_000_000_000
    assert samples.notes == (f"{path}: times without an offset are taken as UTC",)


def test_a_file_with_the_newest_line_first_is_turned_round_and_it_is_said(write: Any) -> None:
    path = write("1717200060000,0.04%\n1717200000000,0.01%\n")
    samples = read_samples(path)
    assert samples.premiums == (Decimal("0.0001"), Decimal("0.0004"))
    assert samples.notes == (f"{path}: the newest line comes first: read from the last to the first",)


# Averaging


def test_a_full_interval_of_minutes_leaves_nothing_to_say(write: Any) -> None:
    notes: list[str] = []
    assert average_premium(read_samples(write(minutes(480))), BYBIT, 8 * HOUR, notes) == Decimal("0.0001")
    assert notes == []


def test_samples_of_five_seconds_are_counted_as_such(write: Any) -> None:
    # Binance takes 5,760 in 8 hours; here those of the last minute of an hour-long interval are missing.
    lines = "".join(f"{1_717_200_000_000 + 5_000 * i},0.01%\n" for i in range(708))
    notes: list[str] = []
    path = write(lines)
    average_premium(read_samples(path), FundingRule(HOUR, averaging="linear"), HOUR, notes)
    assert notes == [f"{path}: 708 of the 720 samples of 1h: averaged as if there were no more"]


def test_a_spacing_that_is_not_the_venues_is_said(write: Any) -> None:
    notes: list[str] = []
    path = write(minutes(96, step=5))
    average_premium(read_samples(path), BYBIT, 8 * HOUR, notes)
    assert notes == [f"{path}: samples are 5m apart, the venue takes one every 1m"]


def test_missing_samples_at_the_end_are_an_assumption(write: Any) -> None:
    notes: list[str] = []
    path = write(minutes(100))
    average_premium(read_samples(path), BYBIT, 8 * HOUR, notes)
    assert notes == [f"{path}: 100 of the 480 samples of 8h: averaged as if there were no more"]


def test_more_samples_than_an_interval_has_are_an_error(write: Any) -> None:
    path = write(minutes(481))
    with pytest.raises(PerpcalcError) as caught:
        average_premium(read_samples(path), BYBIT, 8 * HOUR, [])
    assert str(caught.value) == f"{path}: holds 481 samples, an interval of 8h has 480: keep those of one interval"


def test_a_gap_is_an_error(write: Any) -> None:
    path = write("".join(line for n, line in enumerate(minutes(10).splitlines(keepends=True)) if n not in (5, 6)))
    with pytest.raises(PerpcalcError) as caught:
        average_premium(read_samples(path), BYBIT, 8 * HOUR, [])
    assert (
        str(caught.value)
        == f"{path}: line 6: is 3m after the sample before it, samples are 1m apart: add what is missing"
    )


def test_a_sample_too_many_is_an_error(write: Any) -> None:
    path = write(minutes(3) + "2024-06-01T00:02:20Z,0\n2024-06-01T00:03:00Z,0\n")
    with pytest.raises(
        PerpcalcError, match="line 4: is 20s after the sample before it, samples are 1m apart: leave out"
    ):
        average_premium(read_samples(path), BYBIT, 8 * HOUR, [])


def test_a_little_jitter_is_no_gap(write: Any) -> None:
    path = write("1717200000012,0.01%\n1717200059980,0.01%\n1717200120003,0.01%\n1717200180001,0.01%\n")
    notes: list[str] = []
    average_premium(read_samples(path), BYBIT, 8 * HOUR, notes)
    assert notes == [f"{path}: 4 of the 480 samples of 8h: averaged as if there were no more"]


def test_weights_that_are_not_known_are_an_assumption(write: Any) -> None:
    notes: list[str] = []
    path = write("1717200000000,0.01%\n")
    assert average_premium(read_samples(path), OF_UNKNOWN_WEIGHTS, None, notes) == Decimal("0.0001")
    assert notes == [f"{path}: how the samples are weighted is not known: their plain mean is taken"]


def test_samples_without_times_are_taken_in_their_order(write: Any) -> None:
    notes: list[str] = []
    path = write("0.01%\n0.02%\n")
    average_premium(read_samples(path), BYBIT, None, notes)
    assert notes == [f"{path}: samples without times are taken as equally spaced, 1m apart, oldest first"]


# Past payments


def test_a_gap_between_payments_is_said_and_nothing_charged_for_it(write: Any) -> None:
    notes: list[str] = []
    path = write("1717200000000,0.01%,67000\n1717257600000,0.01%,67000\n1717286400000,0.01%,67000\n")
    assert len(payments_due(read_history(path), 8 * HOUR, notes)) == 3
    assert notes == [
        f"{path}: payments are 8h apart, line 2 is 16h after the payment before it: nothing is charged for what is missing"
    ]


def test_payments_faster_than_the_interval_are_an_error(write: Any) -> None:
    path = write("1717200000000,0.01%,67000\n1717203600000,0.01%,67000\n")
    with pytest.raises(PerpcalcError) as caught:
        payments_due(read_history(path), 8 * HOUR, [])
    assert str(caught.value) == (
        f"{path}: line 2: is 1h after the payment before it, payments are 8h apart: "
        "give --interval 1h if each rate is for so long"
    )
    assert len(payments_due(read_history(path), HOUR, [])) == 2


# The whole command


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
    (tmp_path / "past.csv").write_text("2024-06-01,0.01%\n")
    answer = run("funding-cost", *POSITION, "--history", "past.csv")
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr == "perpcalc: past.csv: line 1: has 2 cells: write time,rate,mark\n"


def test_a_history_comes_from_a_pipe_too(run: Any) -> None:
    answer = run("funding-cost", *POSITION, "--history", "-", "--field", "total", stdin="2024-06-01,0.01%,50000\n")
    assert answer.stdout == "0.00002\n"
