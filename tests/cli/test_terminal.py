"""Manners at the terminal and in pipes: colour, width, encodings, streams that break, and the exit status."""

import array
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from inside import LONG_AGO

PROGRAM = f"{sys.executable} -m perpcalc"
PNL = "pnl --side long -n 10000 --entry 62500 --exit 64000"
NO_EXIT = "pnl --side long -n 10000 --entry 62500"
CHECK = "check --side long -n 10000 --entry 62500 --leverage 10"
NUMBERS = ("0.16000000", "0.15625000", "+0.00375000", "+240.00")


class Answer(NamedTuple):
    """What a shell command printed, and the status of its first part."""

    stdout: bytes
    stderr: str
    status: int


Shell = Callable[..., Answer]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Run a line of bash with nothing configured; the status is that of the program, wherever its pipe goes."""

    def call(line: str, env: Mapping[str, str] | None = None) -> Answer:
        done = subprocess.run(
            ["bash", "-c", f"{line}\necho ${{PIPESTATUS[0]}} > status"],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "XDG_CONFIG_HOME": str(tmp_path),
                "PYTHONUTF8": "1",
                "SOURCE_DATE_EPOCH": LONG_AGO,
                **(env or {}),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return Answer(done.stdout, done.stderr.decode(), int((tmp_path / "status").read_text()))

    return call


def at_a_terminal(arguments: str, env: Mapping[str, str] | None = None, columns: int = 80) -> str:
    """What a call shows on a terminal of so many columns."""
    fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {
        "PATH": os.environ["PATH"],
        "TERM": "xterm-256color",
        "PYTHONUTF8": "1",
        "SOURCE_DATE_EPOCH": LONG_AGO,
        **(env or {}),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "perpcalc", *arguments.split()], stdin=slave, stdout=slave, stderr=slave, env=environment
    ) as process:
        os.close(slave)
        shown = b""
        try:
            while piece := os.read(master, 65536):
                shown += piece
        except OSError:  # the other end is closed
            pass
        process.wait(20)
    os.close(master)
    return shown.decode()


class TestColour:
    def test_a_gain_is_green_and_a_loss_red_on_a_terminal(self) -> None:
        assert "\x1b[32m+0.00375000" in at_a_terminal(PNL)
        assert "\x1b[31m-" in at_a_terminal(PNL.replace("long", "short"))

    @pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
    def test_none_where_it_is_not_wanted(self, env: dict[str, str]) -> None:
        shown = at_a_terminal(PNL, env)
        assert "\x1b" not in shown
        assert "+0.00375000" in shown

    def test_an_empty_no_color_is_not_set(self) -> None:
        assert "\x1b[32m" in at_a_terminal(PNL, {"NO_COLOR": ""})

    def test_none_in_a_pipe_unless_it_is_forced(self, shell: Shell) -> None:
        assert b"\x1b" not in shell(f"{PROGRAM} {PNL}").stdout
        assert b"\x1b[32m+0.00375000" in shell(f"{PROGRAM} {PNL}", {"FORCE_COLOR": "1"}).stdout

    def test_no_color_goes_before_forced_colour(self, shell: Shell) -> None:
        assert b"\x1b[32m" not in shell(f"{PROGRAM} {PNL}", {"FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout

    @pytest.mark.parametrize("format", ["--json", "-f csv", "--field net_pnl", "--explain"])
    def test_never_in_what_scripts_read(self, shell: Shell, format: str) -> None:
        assert b"\x1b" not in shell(f"{PROGRAM} {PNL} {format}", {"FORCE_COLOR": "1"}).stdout


class TestNotes:
    VENUE = f"{PNL} --venue bitmex"  # which closed: a note

    def test_they_stand_below_the_answer_and_dim(self) -> None:
        shown = at_a_terminal(self.VENUE)
        assert "\x1b[2mperpcalc: note: bitmex: " in shown
        assert shown.index("\x1b[1mnet ") < shown.index("+0.00375000") < shown.index("note: ")

    def test_below_a_picture_they_are_dim_too(self) -> None:
        question = "stress --side long -n 10k --entry 62500 --leverage 10 --moves -5% --venue bitmex"
        assert "\x1b[2mperpcalc: note: bitmex: " in at_a_terminal(f"{question} --svg -")

    @pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
    def test_they_are_plain_where_no_colour_is_wanted(self, env: dict[str, str]) -> None:
        shown = at_a_terminal(self.VENUE, env)
        assert "note: bitmex" in shown
        assert "\x1b" not in shown

    def test_a_warning_stands_above_and_is_not_dim(self) -> None:
        dead = at_a_terminal("liq-price --side long -n 10k --entry 62500 --leverage 10 --mmr 1% --mark 50000")
        assert dead.startswith("perpcalc: note: the mark price is already beyond the liquidation price")

    def test_in_a_pipe_they_come_after_the_answer_too(self, shell: Shell) -> None:
        shown = shell(f"{PROGRAM} {self.VENUE} 2>&1 | cat").stdout.decode()
        assert shown.index("+0.00375000") < shown.index("note: bitmex")


class TestWidth:
    @pytest.mark.parametrize("columns", ["1", "20", "40", "80", "200"])
    def test_no_digit_is_ever_cut(self, shell: Shell, columns: str) -> None:
        shown = shell(f"{PROGRAM} {PNL}", {"COLUMNS": columns}).stdout.decode()
        assert "…" not in shown
        for number in NUMBERS:
            assert number in shown

    def test_the_lines_of_an_explanation_fit_the_terminal(self) -> None:
        shown = at_a_terminal(f"{PNL} --venue bybit --explain", columns=60)
        assert max(len(line) for line in shown.splitlines() if " " in line.strip()) <= 60

    def test_in_a_pipe_they_are_not_wrapped(self, shell: Shell) -> None:
        shown = shell(f"{PROGRAM} {PNL} --venue bybit --explain", {"COLUMNS": "60"}).stdout.decode()
        assert max(map(len, shown.splitlines())) > 60


class TestEncoding:
    @pytest.mark.parametrize(
        "env",
        [
            {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
            {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
            {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
        ],
    )
    def test_a_table_is_readable_without_utf8(self, shell: Shell, env: dict[str, str]) -> None:
        answer = shell(f"{PROGRAM} {PNL}", env)
        assert answer.status == 0
        for number in NUMBERS:
            assert number.encode() in answer.stdout
        if "ascii" in env.values() or "LC_ALL" in env:
            assert answer.stdout.isascii()
            assert b"\\u" not in answer.stdout

    @pytest.mark.parametrize(
        ("env", "drawn"),
        [
            ({"LANG": "C"}, False),
            ({"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, False),
            ({"TERM": "linux"}, False),
            ({}, True),
            ({"LANG": "C.UTF-8"}, True),
            ({"LANG": "C", "LC_ALL": "de_DE.UTF-8"}, True),
        ],
    )
    def test_boxes_are_drawn_in_ascii_where_the_locale_is_c(
        self, shell: Shell, env: dict[str, str], drawn: bool
    ) -> None:
        shown = shell(f"{PROGRAM} {PNL}", env).stdout
        assert ("│".encode() in shown, shown.isascii()) == (drawn, not drawn)
        assert b"+0.00375000" in shown

    def test_a_name_that_cannot_be_shown_is_escaped(self, shell: Shell, tmp_path: Path) -> None:
        (tmp_path / "p.toml").write_text(
            '[[positions]]\nname = "größe"\nside = "long"\ncontracts = 1\nentry = 5\nmark = 6'
        )
        answer = shell(f"{PROGRAM} pnl -p p.toml", {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
        assert answer.status == 0
        assert rb"gr\xf6\xdfe" in answer.stdout

    def test_an_argument_that_is_no_text_is_escaped(self, shell: Shell) -> None:
        answer = shell(f"{PROGRAM} pnl --side $'\\xff\\x1b[31m'")
        assert answer.status == 2
        assert "\x1b" not in answer.stderr


class TestBrokenStreams:
    @pytest.mark.parametrize("format", ["", "--json", "--explain", "-f csv", "--field net_pnl", "--help"])
    def test_a_reader_that_has_seen_enough(self, shell: Shell, format: str) -> None:
        answer = shell(f"{PROGRAM} {PNL} {format} | true")
        assert (answer.stderr, answer.status) == ("", 0)

    def test_a_reader_that_leaves_in_the_middle(self, shell: Shell) -> None:
        answer = shell(f"{PROGRAM} venues show binance --json | head -1")
        assert (answer.stdout, answer.stderr, answer.status) == (b"[\n", "", 0)

    @pytest.mark.parametrize(("limit", "status"), [("10", 0), ("1", 1)])
    def test_a_gate_answers_though_nobody_reads(self, shell: Shell, limit: str, status: int) -> None:
        for end in ("| true", ">&-", "2>&-", ">&- 2>&-", "> /dev/null", "2>/dev/full", "2>&1 | true"):
            assert shell(f"{PROGRAM} {CHECK} --max-leverage {limit} {end}").status == status, end

    @pytest.mark.parametrize("format", ["", "--json", "--explain", "--help"])
    def test_a_full_disk_is_said_and_is_status_2(self, shell: Shell, format: str) -> None:
        answer = shell(f"{PROGRAM} {PNL} {format} > /dev/full")
        assert answer.status == 2
        assert answer.stderr == "perpcalc: standard output: No space left on device: the answer is not complete\n"

    def test_a_full_disk_is_no_passed_check(self, shell: Shell) -> None:
        assert shell(f"{PROGRAM} {CHECK} --max-leverage 10 > /dev/full").status == 2

    @pytest.mark.parametrize("end", ["", "2>&-", "2>/dev/full", "2>&1 | true", ">&- 2>&-"])
    def test_an_error_is_an_error_though_nobody_hears_it(self, shell: Shell, end: str) -> None:
        answer = shell(f"{PROGRAM} {NO_EXIT} {end}")
        assert answer.status == 2
        assert answer.stdout == b""

    def test_a_closed_standard_input_is_said(self, shell: Shell) -> None:
        for command in ("pnl -p - --mark 5", "batch"):
            answer = shell(f"{PROGRAM} {command} <&-")
            assert answer.status == 2
            assert answer.stderr.startswith("perpcalc: standard input: ")


def wait_until_read(process: subprocess.Popen[bytes]) -> None:
    """Wait until a process has read all that was written to it, and so waits for more."""
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
    left = array.array("i", [1])
    while left[0] and process.poll() is None:
        time.sleep(0.01)
        fcntl.ioctl(process.stdin, termios.FIONREAD, left)


@pytest.mark.skipif(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="interrupts are ignored here")
class TestInterrupt:
    @pytest.mark.parametrize("arguments", [["pnl", "-p", "-"], ["batch"]])
    def test_control_c_is_130_and_silent(self, arguments: list[str]) -> None:
        with subprocess.Popen(
            [sys.executable, "-m", "perpcalc", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdin is not None
            process.stdin.write(b" ")
            process.stdin.flush()
            wait_until_read(process)
            process.send_signal(signal.SIGINT)
            out, errors = process.communicate(timeout=20)
        assert (process.returncode, out, errors) == (130, b"", b"")


class TestStatus:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ("--json pnl", "options stand behind the command, as in perpcalc pnl --json"),
            ("pln", "'pln': no such command: give plan or pnl"),
            ("pnl --sid long", "No such option"),
            ("pnl --side", "requires an argument"),
            ("pnl --side long extra", "unexpected extra argument"),
            ("pnl --side long -n 10 --entry 5 --exit six", "--exit: 'six' is not a plain decimal number"),
            (NO_EXIT, "--exit: is missing"),
            ("pnl -p none.toml --mark 5", "none.toml: No such file or directory"),
        ],
    )
    def test_an_error_is_one_line_with_status_2_and_no_output(self, shell: Shell, arguments: str, message: str) -> None:
        answer = shell(f"{PROGRAM} {arguments}")
        assert (answer.stdout, answer.status) == (b"", 2)
        assert re.fullmatch(r"perpcalc: .+: .+\n", answer.stderr)
        assert message in answer.stderr

    def test_help_and_version_are_answers(self, shell: Shell) -> None:
        for arguments in ("--help", "-h", "--version", "pnl -h", "venues show --help"):
            answer = shell(f"{PROGRAM} {arguments}")
            assert (answer.stderr, answer.status) == ("", 0), arguments
            assert answer.stdout

    def test_optimised_python_answers_the_same(self, shell: Shell) -> None:
        one, other = shell(f"{PROGRAM} {PNL} --json"), shell(f"{sys.executable} -O -m perpcalc {PNL} --json")
        assert json.loads(one.stdout) == json.loads(other.stdout)


def test_numbers_have_no_colour_but_that_of_gains_and_costs() -> None:
    shown = at_a_terminal("pnl --side long -n 10000 -e 62500 -x 64000")
    (line,) = [line for line in shown.splitlines() if "entry price" in line]
    assert "\x1b" not in line
