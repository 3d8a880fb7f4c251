"""`perpcalc batch`: one line out for each line in, the same answers as the commands, bad lines in their place."""

import gc
import io
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cases import BASES, FILES, line_of, refilled
from inside import Run, environment

from perpcalc.cli import answering, batch, jobs
from perpcalc.cli.answering import LONGEST_LINE, blocks
from perpcalc.cli.jobs import shared_out
from perpcalc.errors import PerpcalcError
from perpcalc.given import Given

LONG = {"side": "long", "contracts": "10000", "entry": "62500"}
CASES: list[dict[str, Any]] = [
    {"command": "pnl", **LONG, "exit": "64000"},
    {"command": "pnl", **LONG, "exit": "64000", "venue": "bybit", "leverage": "10", "entry_fee": "maker"},
    {"command": "pnl", **LONG, "exit": "64000", "venue": "bybit", "leverage": "10", "exact": True},
    {"command": "pnl", "side": "short", "fill": ["300@61000", "200@62000"], "mark": "60000", "target_roe": "50%"},
    {"command": "pnl", "side": "short", "fill": ["300@61000"], "mark": "60000", "balance": "1", "target_pnl": "-2"},
    {"command": "pnl", **LONG},
    {"command": "pnl", **LONG, "exit": "64000", "mark": "64000"},
    {"command": "pnl", **LONG, "exit": "0"},
    {"command": "pnl", **LONG, "exit": "64,000"},
    {"command": "pnl", **LONG, "exit": "64000", "venue": "byit"},
    {"command": "pnl", **LONG, "exit": "64000", "venue": "bybit", "instrument": "XYZ"},
    {"command": "pnl", **LONG, "exit": "64000", "funding": "-0.001", "entry_fee": "0.05%", "exit_fee": "2"},
    {"command": "pnl", "side": "up", "contracts": "5", "entry": "5", "exit": "6"},
    {"command": "pnl", "side": "long", "contracts": "1.5", "entry": "5", "exit": "6"},
    {"command": "pnl", "side": "long", "usd": "10.5", "entry": "5", "exit": "6"},
    {"command": "liq-price", **LONG, "venue": "binance", "leverage": "20"},
    {"command": "liq-price", **LONG, "venue": "binance@2020-09-01", "balance": "3", "mark": "61000"},
    {"command": "liq-price", "side": "short", "contracts": "100", "entry": "100", "leverage": "1", "mmr": "0.5%"},
    {"command": "liq-price", **LONG, "leverage": "10"},
    {"command": "liq-price", **LONG, "venue": "bybit", "leverage": "10", "vol": "60%", "horizon": "7d"},
    {"command": "funding-cost", **LONG, "venue": "bybit", "mark": "63000", "rate": "0.01%", "for": "3d"},
    {"command": "funding-cost", **LONG, "mark": "63000", "rate": "0.01%"},
    {"command": "size", "side": "long", "entry": "62500", "stop": "60000", "balance": "1.5", "risk": "1%"},
    {"command": "size", "side": "long", "entry": "62500", "stop": "65000", "balance": "1.5", "risk": "1%"},
]  # fmt: skip


def on_the_command_line(case: dict[str, Any]) -> list[str]:
    """The same case as arguments of a command."""
    arguments = [*case["command"].split(), "--json"]
    for name, value in case.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            arguments.append(flag)
        elif name == "file":
            arguments.append(value)
        elif name != "command":
            for one in value if isinstance(value, list) else [value]:
                arguments.append(f"{flag}={one}")
    return arguments


def lines_of(*cases: Any) -> str:
    return "".join((case if isinstance(case, str) else json.dumps(case)) + "\n" for case in cases)


@pytest.fixture
def answers(run: Run) -> Callable[..., list[dict[str, Any]]]:
    """The answers to some lines."""

    def ask(*lines: Any, **more: Any) -> list[dict[str, Any]]:
        return [json.loads(line) for line in run("batch", stdin=lines_of(*lines), **more).stdout.splitlines()]

    return ask


@contextmanager
def conversation(folder: Path, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """A `perpcalc batch` that stays open, at most a minute; Python itself holds back what is not flushed."""
    command = [sys.executable, "-m", "perpcalc", "batch", *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=environment(folder), **pipes) as process:
        timer = threading.Timer(60, process.kill)
        timer.start()
        try:
            yield process
        finally:
            timer.cancel()


class TestSameAsTheCommands:
    @pytest.fixture(autouse=True)
    def files(self, tmp_path: Path) -> None:
        refilled(tmp_path)

    def test_every_case(self, run: Run, answers: Callable[..., Any]) -> None:
        good = [line_of(question, one) for question, some in BASES.items() for one in some if question != "check"]
        cases = [*CASES, *good]
        given = answers(*cases)
        assert len(given) == len(cases)
        assert not any("error" in answer for answer in given[len(CASES) :])
        for number, (case, answer) in enumerate(zip(cases, given, strict=True), 1):
            alone = run(*on_the_command_line(case))
            if alone.status == 0:
                assert answer == json.loads(alone.stdout), case
            else:
                message = alone.stderr.splitlines()[-1].removeprefix("perpcalc: ").replace("--", "")
                assert answer.keys() == {"line", "error"}, case
                assert answer["line"] == number
                assert answer["error"].replace("_", "-") == message.replace("_", "-"), case

    def test_a_check_answers_with_its_status_whatever_it_is(self, run: Run, answers: Callable[..., Any]) -> None:
        trade = {"command": "check", **LONG, "leverage": "10"}
        for limits, status in (
            ({"max_leverage": "10"}, 0),
            ({"max_leverage": "9", "require_stop": True}, 1),
            ({"max_funding_per_day": "1%"}, 2),
        ):
            case = {**trade, **limits}
            (answer,) = answers(case)
            alone = run(*on_the_command_line(case))
            assert answer == {"status": status, "rows": json.loads(alone.stdout)}
            assert run("batch", stdin=lines_of(case)).status == 0

    def test_numbers_are_read_as_the_texts_of_them(self, answers: Callable[..., Any]) -> None:
        text = '{"command": "pnl", "side": "long", "contracts": %s, "entry": %s, "exit": %s}'
        plain, quoted = answers(text % ("10000", "62500.10", "64000"), text % ('"10k"', '"62_500.1"', '"64000"'))
        assert plain == quoted

    @pytest.mark.parametrize(
        ("number", "text"),
        [
            ("1e-05", "0.00001"),
            ("6.4E+4", "64000"),
            ('"6.4e4"', "64000"),
            ("1.5e1", "15"),
            ("-2e-18", "-0.000000000000000002"),
        ],
    )
    def test_numbers_may_have_the_exponent_that_programs_write(
        self, answers: Callable[..., Any], number: str, text: str
    ) -> None:
        line = '{"command": "pnl", "side": "long", "contracts": 5, "entry": 5, "exit": 6, "funding": %s}'
        one, other = answers(line % number, line % f'"{text}"')
        assert one == other
        assert one["funding"] == text

    @pytest.mark.parametrize("number", ["1e15", "1e-19", "1e999999999", '"1e400"'])
    def test_within_the_limits_that_all_numbers_have(self, answers: Callable[..., Any], number: str) -> None:
        (answer,) = answers('{"command": "pnl", "side": "long", "contracts": 5, "entry": 5, "exit": ' + number + "}")
        assert answer["error"].startswith("exit: '1e")
        assert "is not a plain decimal number" in answer["error"]

    def test_people_s_options_have_no_exponent(self, run: Run) -> None:
        answer = run("pnl", "--side", "long", "-n", "5", "-e", "5", "-x", "1e3")
        assert (
            answer.stderr == "perpcalc: --exit: '1e3' is not a plain decimal number: write it out without an exponent\n"
        )

    def test_null_is_an_absent_option(self, answers: Callable[..., Any]) -> None:
        one, other = answers({**CASES[0], "leverage": None, "fill": None}, CASES[0])
        assert one == other

    def test_the_environment_fills_an_absent_venue(self, answers: Callable[..., Any]) -> None:
        (answer,) = answers(CASES[0], env={"PERPCALC_VENUE": "bybit"})
        assert answer["venue"] == "bybit"

    def test_a_command_of_rows_answers_with_an_array_on_one_line(self, run: Run) -> None:
        answer = run("batch", stdin=lines_of({"command": "greeks", **LONG, "mark": "60000"}))
        assert answer.stdout.count("\n") == 1
        assert isinstance(json.loads(answer.stdout), list)


class TestIds:
    @pytest.mark.parametrize(
        ("given", "back"),
        [
            ('"a"', '"a"'),
            ("7", "7"),
            ("1.50", "1.50"),
            ("1e3", "1e3"),
            ('"\\u001b"', '"\\u001b"'),
            ("-0", "-0"),
            ('""', '""'),
        ],
    )
    def test_an_id_is_handed_back_first_as_it_was(self, run: Run, given: str, back: str) -> None:
        answer = run("batch", stdin='{"command": "power", "power": 2, "index": 3, "vol": "1%", "id": ' + given + "}\n")
        assert answer.stdout.startswith(f'{{"id": {back}, "power": "2", ')

    def test_in_errors_and_before_rows_too(self, run: Run) -> None:
        lines = (
            '{"id": 7, "command": "pnl"}',
            '{"id": 8, "command": "greeks", "side": "long", "contracts": 5, "entry": 5}',
        )
        bad, rows = run("batch", stdin=lines_of(*lines)).stdout.splitlines()
        assert bad.startswith('{"id": 7, "line": 1, "error": "side, contracts, entry and exit are missing: ')
        assert list(json.loads(rows)) == ["id", "rows"]
        assert len(json.loads(rows)["rows"]) == 3

    def test_before_a_verdict(self, answers: Callable[..., Any]) -> None:
        (answer,) = answers({"id": "x", "command": "check", **LONG, "leverage": 2, "max_leverage": 5})
        assert list(answer) == ["id", "status", "rows"]

    @pytest.mark.parametrize("given", ["null", "true", "[1]", '{"a": 1}'])
    def test_anything_else_is_none(self, answers: Callable[..., Any], given: str) -> None:
        (answer,) = answers('{"command": "pnl", "id": ' + given + "}")
        assert answer == {"line": 1, "error": "id: is neither a text nor a number: give one"}


class TestFiles:
    @pytest.mark.parametrize(
        "path", ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", "/proc/thread-self/fd/0", "link"]
    )
    @pytest.mark.parametrize(
        "key", ["portfolio", "history", "premium_samples", "limits", "book", "marks", "file", "funding"]
    )
    def test_are_read_by_name_and_never_from_the_lines(
        self, answers: Callable[..., Any], tmp_path: Path, key: str, path: str
    ) -> None:
        (tmp_path / "link").symlink_to("/dev/stdin")
        commands = {
            "portfolio": "pnl",
            "limits": "check",
            "book": "liq-cost",
            "marks": "replay",
            "file": "fills",
            "funding": "fills",
        }
        case = {"command": commands.get(key, "funding-cost"), **LONG, "leverage": 5, "mmr": "1%"}
        if case["command"] == "fills":
            case = {"command": "fills", "file": "trades.csv"}
            (tmp_path / "trades.csv").write_text(FILES["trades.csv"])
        if key == "portfolio":
            case = {"command": "pnl"}
        bad, good = answers({**case, key: [path] if key == "marks" else path}, CASES[0])
        assert bad["error"] == f"{key}: standard input holds the lines: name a file"
        assert good["net_pnl"] == "0.00375"

    def test_nor_is_a_portfolio_of_the_environment(self, answers: Callable[..., Any]) -> None:
        bad, good = answers({"command": "pnl"}, CASES[0], env={"PERPCALC_PORTFOLIO": "/dev/stdin"})
        assert bad["error"].startswith("side, contracts, entry and exit are missing: ")
        assert good["net_pnl"] == "0.00375"

    @pytest.mark.parametrize("key", ["chart", "svg", "into", "format", "json", "field", "explain", "quiet", "wide"])
    def test_none_is_written_and_nothing_printed_otherwise(self, answers: Callable[..., Any], key: str) -> None:
        command = {"into": "fills", "chart": "stress", "svg": "stress"}.get(key, "pnl")
        (answer,) = answers({"command": command, key: True})
        assert answer["error"].startswith(f"'{key}': unknown key: ")


class TestBadLines:
    def test_each_in_its_place_and_status_2(self, run: Run) -> None:
        answer = run("batch", stdin=lines_of(CASES[0], "{", CASES[0]))
        first, bad, last = map(json.loads, answer.stdout.splitlines())
        assert first == last
        assert bad["line"] == 2
        assert answer.status == 2
        assert answer.stderr == "perpcalc: batch: 1 of 3 lines could not be answered: see their error\n"

    @pytest.mark.parametrize("blanks", ["  %s", "%s  ", "\t%s\r"])
    def test_blanks_around_a_line_do_not_matter(self, run: Run, blanks: str) -> None:
        line = json.dumps({"command": "pnl", "side": "long", "contracts": 1, "entry": 5, "exit": 6})
        assert run("batch", stdin=blanks % line + "\n") == run("batch", stdin=line + "\n")

    @pytest.mark.parametrize(
        ("line", "error"),
        [
            ("", "the line is blank: give one JSON object per line"),
            ("   ", "the line is blank: give one JSON object per line"),
            ("pnl", "not JSON: expecting value at column 1: give one object per line"),
            ("[]", 'not a JSON object: write {"command": "pnl", ...}'),
            ("5", 'not a JSON object: write {"command": "pnl", ...}'),
            ("{}", "command: '' is not a command for a line: give one of pnl, liq-price,"),
            ('{"command": "pln"}', "command: 'pln' is not a command for a line: give plan or pnl"),
            ('{"command": "solve"}', "command: 'solve' is not a command for a line: give"),
            ('{"command": "solve margn"}', "command: 'solve margn' is not a command for a line: give solve margin"),
            ('{"command": "portfolio show"}', "command: 'portfolio show' is not a command for a line: give"),
            ('{"command": "batch"}', "command: 'batch' is not a command for a line: give"),
            ('{"command": "pnl", "side": "long", "side": "short"}', "'side': is given twice: give it once"),
            ('{"command": "pnl", "command": "pnl"}', "'command': is given twice: give it once"),
            ('{"command": ["pnl"]}', "command: '' is not a command for a line"),
            ('{"command": "pnl", "sid": "long"}', "'sid': unknown key: give side or"),
            ('{"command": "pnl", "--side": "long"}', "'--side': unknown key: give side"),
            ('{"command": "pnl", "json": true}', "'json': unknown key"),
            ('{"command": "pnl", "exit": NaN}', "NaN is not a plain decimal number: it must be finite"),
            ('{"command": "pnl", "exit": -Infinity}', "-Infinity is not a plain decimal number: it must be finite"),
            ('{"command": "pnl", "exit": "nan"}', "exit: 'nan' is not a plain decimal number: it must be finite"),
            ('{"command": "pnl", "exit": true}', "exit: is neither a text nor a number: give one"),
            ('{"command": "pnl", "exit": {"a": 1}}', "exit: is neither a text nor a number: give one"),
            ('{"command": "pnl", "exit": ["5"]}', "exit: is neither a text nor a number: give one"),
            ('{"command": "pnl", "exact": "yes"}', "exact: is a flag: give true or false"),
            ('{"command": "pnl", "exact": 1}', "exact: is a flag: give true or false"),
            ('{"command": "pnl", "fill": "300@5"}', "fill: takes a list: put the values in brackets"),
            ('{"command": "pnl", "fill": {"300@5": 1}}', "fill: takes a list: put the values in brackets"),
            ('{"command": "pnl", "fill": true}', "fill: takes a list: put the values in brackets"),
            ('{"command": "pnl", "fill": [true]}', "fill: is neither a text nor a number: give one"),
            ('{"command": "pnl", "portfolio": "-"}', "portfolio: standard input holds the lines: name a file"),
            ('{"command": "pnl"} {}', "not JSON: extra data at column 20: give one object per line"),
            ("[" * 100_000, "the line is nested too deeply: give one flat JSON object"),
            ('{"a":' * 100_000, "the line is nested too deeply: give one flat JSON object"),
            ('{"command": "pnl", "exit": ' + "9" * 5_000 + "}", "is not a plain decimal number: at most 15 digits"),
            ('{"command": "' + "x" * LONGEST_LINE + '"}', "the line is longer than 1 MiB: ask one thing per line"),
        ],
    )  # fmt: skip
    def test_what_is_wrong(self, answers: Callable[..., Any], line: str, error: str) -> None:
        bad, good = answers(line, CASES[0])
        assert bad["line"] == 1
        assert error in bad["error"]
        assert "net_pnl" in good

    def test_errors_ok_leaves_the_status_at_0(self, run: Run) -> None:
        answer = run("batch", "--errors-ok", stdin=lines_of(CASES[0], "{"))
        assert (answer.stdout.count("\n"), answer.stderr, answer.status) == (2, "", 0)

    def test_bytes_that_are_not_utf8(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "perpcalc", "batch"],
            input=b'{"command": "\xff"}\n',
            capture_output=True,
            check=False,
        )
        assert json.loads(done.stdout)["error"] == "byte 13 is not UTF-8: write the line in UTF-8"

    def test_texts_of_the_line_reach_the_answer_as_ascii(self, run: Run) -> None:
        answer = run("batch", stdin='{"command": "pnl\\u001b[31m\u202e"}\n')
        assert answer.stdout.isascii()
        assert "\x1b" not in answer.stdout

    def test_a_byte_order_mark_and_both_line_ends_are_accepted(self, run: Run) -> None:
        line = json.dumps(CASES[0])
        answer = run("batch", stdin=f"\ufeff{line}\r\n{line}")
        one, other = answer.stdout.splitlines()
        assert one == other
        assert answer.status == 0

    def test_no_line_is_no_answer(self, run: Run) -> None:
        assert run("batch", stdin="") == ("", "", 0)


class TestNotes:
    def test_each_is_said_once(self, run: Run) -> None:
        case = {"command": "pnl", "side": "long", "usd": "10.5", "entry": "5", "exit": "6"}
        answer = run("batch", stdin=lines_of(case, case))
        assert answer.stderr == "perpcalc: note: usd: 10.5 USD rounded down to 10 contracts (10 USD)\n"

    def test_quiet_leaves_them_out_and_warnings_not(self, run: Run) -> None:
        note = {"command": "pnl", "side": "long", "usd": "10.5", "entry": "5", "exit": "6"}
        dead = {"command": "liq-price", **LONG, "venue": "bybit", "leverage": "10", "mark": "50000"}
        answer = run("batch", "--quiet", stdin=lines_of(note, dead))
        assert answer.stderr == "perpcalc: note: the mark price is already beyond the liquidation price\n"

    def test_not_without_end(self, run: Run) -> None:
        cases = [{**CASES[0], "contracts": None, "usd": f"{number}.5"} for number in range(1, 300)]
        answer = run("batch", stdin=lines_of(*cases))
        assert answer.stderr.count("\n") == 101
        assert answer.stderr.endswith("there are more notes than are shown here\n")
        assert answer.stderr.count("there are more notes") == 1


def paused(process: multiprocessing.process.BaseProcess, seconds: float, meanwhile: Callable[[], object] = int) -> None:
    """Stop a process, and let it go on later."""
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)  # a busy machine takes its time

    def go_on(number: int) -> None:
        meanwhile()
        os.kill(number, signal.SIGCONT)

    threading.Timer(seconds, go_on, [process.pid]).start()


class TestStreaming:
    @pytest.mark.parametrize(
        ("asked", "lost"), [(1, "the answer to line 2 is lost"), (3, "the answers to lines 2 to 4 are lost")]
    )
    def test_a_process_that_dies_is_said_with_the_lines_that_it_had(self, asked: int, lost: str) -> None:
        reading, writing = os.pipe()
        with open(reading, "rb") as stream, open(writing, "wb", buffering=0) as lines:
            answers = shared_out(stream, 2)
            lines.write(lines_of(CASES[0]).encode())
            assert next(answers).lines == 1
            for process in multiprocessing.active_children():
                process.kill()
                process.join()
            lines.write(lines_of(*[CASES[0]] * asked).encode())
            with pytest.raises(PerpcalcError) as caught:
                next(answers)
        assert str(caught.value) == f"batch: a process died, {lost}: ask again from there, with fewer jobs"
        gc.collect()  # and nothing is left that could not be cleared away

    def test_an_interrupt_reaches_no_process_that_has_only_begun(self, monkeypatch: pytest.MonkeyPatch) -> None:
        work = jobs._work

        def interrupted(*pipes: Any) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            work(*pipes)

        monkeypatch.setattr(jobs, "_work", interrupted)
        handled = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        reading, writing = os.pipe()
        with open(reading, "rb") as stream:
            with open(writing, "wb") as lines:
                lines.write(lines_of(CASES[0]).encode())
            assert [block.bad for block in shared_out(stream, 2)] == [0]
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == handled

    def test_what_was_asked_before_the_loss_is_answered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        line = lines_of(CASES[0]).encode()
        monkeypatch.setattr(answering, "CHUNK", len(line))  # each line by itself
        reading, writing = os.pipe()
        with open(reading, "rb") as stream, open(writing, "wb", buffering=0) as lines:
            answers = shared_out(stream, 2)
            lines.write(line)
            assert next(answers).lines == 1
            slow, dead = sorted(multiprocessing.active_children(), key=lambda process: process.pid or 0)
            paused(slow, 0.3)
            dead.kill()
            dead.join()
            lines.write(line * 2)
            assert next(answers).lines == 1
            with pytest.raises(PerpcalcError, match="the answer to line 3 is lost"):
                next(answers)

    def test_one_slow_process_does_not_let_the_others_read_everything(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        line = lines_of(CASES[0]).encode()
        monkeypatch.setattr(answering, "CHUNK", len(line))
        (tmp_path / "lines").write_bytes(line * 200)
        with (tmp_path / "lines").open("rb") as stream:
            answers = shared_out(stream, 2)
            next(answers)
            read: list[int] = []
            paused(multiprocessing.active_children()[0], 0.3, lambda: read.append(stream.tell()))
            assert sum(block.lines for block in answers) == 199
        assert 0 < read[0] < 50 * len(line)

    def test_long_lines_between_short_ones_stop_nobody(self, start: Run) -> None:
        long = json.dumps({"command": "pnl", "side": "x" * (LONGEST_LINE - 100)})
        asked = lines_of(*[*[CASES[0]] * 700, long] * 3)
        assert start("batch", "--jobs", "2", stdin=asked) == start("batch", stdin=asked)

    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_a_line_is_answered_though_only_a_part_of_the_next_has_come(self, jobs: str, tmp_path: Path) -> None:
        line = lines_of(CASES[0])
        with conversation(tmp_path, "--jobs", jobs) as process:
            assert process.stdin
            assert process.stdout
            for piece in (line + line[:9], line[9:] + line[:7]):
                process.stdin.write(piece)
                process.stdin.flush()
                assert json.loads(process.stdout.readline())["net_pnl"] == "0.00375"
            process.stdin.write(line[7:])
            process.stdin.close()
            assert process.stdout.read().count("\n") == 1

    def test_answers_come_before_the_next_question_is_asked(self, tmp_path: Path) -> None:
        with conversation(tmp_path) as process:
            assert process.stdin
            assert process.stdout
            for _ in range(3):
                process.stdin.write(lines_of(CASES[0]))
                process.stdin.flush()
                assert json.loads(process.stdout.readline())["net_pnl"] == "0.00375"
            process.stdin.close()
            assert process.wait(10) == 0

    def test_a_reader_that_has_seen_enough_ends_it_quietly(self, tmp_path: Path) -> None:
        (tmp_path / "lines").write_text(lines_of(CASES[0]) * 5_000)
        done = subprocess.run(
            f"{sys.executable} -m perpcalc batch < lines | head -1; echo ${{PIPESTATUS[0]}}",
            shell=True,
            executable="/bin/bash",
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        assert done.stdout.splitlines()[1] == "0"

    @pytest.mark.skipif(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="interrupts are ignored here")
    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_an_interrupt_ends_it_with_130(self, jobs: str) -> None:
        command = [sys.executable, "-m", "perpcalc", "batch", "--jobs", jobs]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, text=True, start_new_session=True, **pipes) as process:
            assert process.stdin
            assert process.stdout
            assert process.stderr
            process.stdin.write(lines_of(CASES[0]))
            process.stdin.flush()
            process.stdout.readline()
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: its own processes get it too
            assert process.wait(10) == 130
            assert process.stderr.read() == ""
            process.stdin.close()

    def test_memory_does_not_grow_with_the_lines(self, tmp_path: Path) -> None:
        def peak(lines: int) -> int:
            (tmp_path / "lines").write_text(lines_of(CASES[0], "{") * (lines // 2))
            with (tmp_path / "lines").open() as file:
                process = subprocess.Popen(
                    [sys.executable, "-m", "perpcalc", "batch"],
                    stdin=file,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage.ru_maxrss

        assert peak(20_000) - peak(2_000) < 2_000  # KiB; twenty thousand answers would be 14 MiB


class TestBlocks:
    @pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
    def test_however_the_bytes_arrive_the_lines_are_the_same(self, size: int) -> None:
        text = b"\xef\xbb\xbfone\n\ntwo\r\nthree"
        chunks = Chunks(text[i : i + size] for i in range(0, len(text), size))
        assert [line for block in blocks(chunks) for line in block] == [b"one", b"", b"two\r", b"three"]

    def test_a_line_too_long_is_dropped_and_the_next_one_read(self) -> None:
        text = b"x" * (LONGEST_LINE + 1) + b"\nnext\n" + b"y" * (LONGEST_LINE + 1)
        assert [line for block in blocks(io.BytesIO(text)) for line in block] == [None, b"next", None]

    def test_the_longest_line_is_read(self) -> None:
        text = b"x" * LONGEST_LINE
        assert [line for block in blocks(io.BytesIO(text)) for line in block] == [text]


class Chunks(io.BytesIO):
    """A stream that gives its bytes in pieces."""

    def __init__(self, pieces: Any) -> None:
        super().__init__()
        self.pieces: Iterator[bytes] = iter(pieces)

    def read1(self, size: int | None = -1, /) -> bytes:
        return next(self.pieces, b"")


def test_a_byte_order_mark_is_dropped_where_the_stream_begins_and_nowhere_else() -> None:
    mark = b"\xef\xbb\xbf"
    for stream, lines in (
        (io.BytesIO(mark + b"1"), [b"1"]),
        (Slowly(mark + b"1\n" + mark + b"2\n" + mark + b"3", Clock()), [b"1", mark + b"2", mark + b"3"]),
    ):
        assert [line for block in blocks(stream) for line in block] == lines


class TestProgress:
    def test_the_lines_are_counted_at_a_terminal(self) -> None:
        pty = pytest.importorskip("pty")
        master, slave = pty.openpty()
        command = [sys.executable, "-m", "perpcalc", "batch"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=slave, text=True
        ) as process:
            os.close(slave)
            assert process.stdin
            assert process.stdout
            process.stdin.write(lines_of(CASES[0]))
            process.stdin.flush()
            process.stdout.readline()
            time.sleep(0.6)
            process.stdin.write(lines_of(CASES[0]))
            process.stdin.close()
            process.wait(10)
        assert "perpcalc: 2 lines\r" in os.read(master, 65536).decode()
        os.close(master)

    @pytest.mark.parametrize(
        ("terminals", "shown"),
        [
            (("stderr",), "\rperpcalc: 2 lines\r\rperpcalc: 4 lines\r"),
            (("stderr", "stdout"), ""),
            (("stderr", "stdin"), ""),
            ((), ""),
        ],
    )
    def test_twice_a_second_at_most_and_not_between_what_else_is_there(
        self, monkeypatch: pytest.MonkeyPatch, terminals: tuple[str, ...], shown: str
    ) -> None:
        """Lines come every 0.4 s."""
        clock = Clock()
        streams = {
            "stdin": Teller(Slowly(lines_of(CASES[0]).encode() * 5, clock)),
            "stdout": Teller(),
            "stderr": Teller(),
        }
        for name, stream in streams.items():
            stream.terminal = name in terminals
            monkeypatch.setattr(sys, name, stream)
        monkeypatch.setattr(batch, "time", clock)
        assert batch.run(Given({})) == 0
        assert streams["stdout"].text().count("\n") == 5
        assert streams["stderr"].text() == shown

    def test_without_a_standard_error_the_answers_are_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        answers = Teller()
        for name, stream in (("stdin", Teller(io.BytesIO(lines_of(CASES[0]).encode()))), ("stdout", answers)):
            monkeypatch.setattr(sys, name, stream)
        monkeypatch.setattr(sys, "stderr", None)
        assert batch.run(Given({})) == 0
        assert answers.text().count("\n") == 1


class Clock:
    """A time that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


class Slowly(io.BytesIO):
    """A pipe out of which a line comes every 0.4 s."""

    def __init__(self, content: bytes, clock: Clock) -> None:
        super().__init__(content)
        self.clock = clock

    def read1(self, size: int | None = -1) -> bytes:
        self.clock.now += 0.4
        return self.readline()


class Teller(io.TextIOWrapper):
    """A stream that stays in memory, and may say that it is a terminal."""

    def __init__(self, raw: io.BytesIO | None = None) -> None:
        super().__init__(raw or io.BytesIO(), encoding="utf-8", newline="")
        self.terminal = False

    def isatty(self) -> bool:
        return self.terminal

    def text(self) -> str:
        self.flush()
        raw = self.buffer
        assert isinstance(raw, io.BytesIO)
        return raw.getvalue().decode()


def test_processes_are_not_started_by_the_thousand(run: Run) -> None:
    answer = run("batch", "--jobs", "257")
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr == "perpcalc: --jobs: is more than 256: give the number of processors\n"
