"""What comes in through the doors and is no question: it steers nothing, swallows nothing, and ends in one line.

Tried beside what test_files, test_saving, test_hostile, test_batch and test_terminal hold: control and bidi characters in every
text of a venue file and in its comments; a venue file that is a FIFO, a device, a folder or a link to nothing; the lines of
`batch` read as a file under every spelling of standard input, links and variables included; keys given twice; memory with many
portfolios and days of rules; keys and brackets without end; a picture over the portfolio under each of its names; interrupts
at every moment of the start.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from inside import Run

MINE = """
name = "mine"
title = TITLE
default = NAME
known_until = 2026-09-01
hedge_mode = false

[[changes]]
date = 2026-08-01
text = TEXT

[instruments.NAME]
currency = COIN

[[instruments.NAME.contract]]
from = 2020-01-01
size = "100"
source = SOURCE
confidence = "published"
note = NOTE
"""
TEXTS = {"TITLE": '"t"', "NAME": '"ABC"', "TEXT": '"t"', "COIN": '"BTC"', "SOURCE": '"s"', "NOTE": '"n"'}
STEERING = '"\\u001b]0;title\\u0007\\u202eevil\\u2066"'
LONG = ("-s", "long", "-n", "10", "-e", "62500", "-l", "5", "--mmr", "1%")
QUESTION = {"side": "long", "contracts": "10", "entry": "62500", "leverage": "5"}


@pytest.fixture
def venues(tmp_path: Path) -> Path:
    """The folder of one's own venue files."""
    folder = tmp_path / "perpcalc" / "venues"
    folder.mkdir(parents=True)
    return folder


def mine(**texts: str) -> str:
    """A venue file with other texts in some places."""
    text = MINE
    for word, value in (TEXTS | texts).items():
        text = text.replace(word, value)
    return text


class TestVenueFiles:
    @pytest.mark.parametrize("place", TEXTS)
    @pytest.mark.parametrize(
        "command", [("liq-price", "-v", "mine", *LONG), ("venues", "list"), ("venues", "show", "mine")]
    )
    def test_no_text_of_one_steers_a_terminal(
        self, run: Run, venues: Path, place: str, command: tuple[str, ...]
    ) -> None:
        (venues / "mine.toml").write_text(mine(**{place: STEERING}))
        printed, said, status = run(*command)
        assert (status, printed) != (0, "")
        assert all(line.isprintable() for line in (printed + said).split("\n"))

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no FIFO")
    @pytest.mark.parametrize("kind", ["fifo", "device", "folder", "nothing"])
    @pytest.mark.parametrize(
        "command",
        [("liq-price", "-v", "mine", *LONG), ("venues", "show", "mine"), ("venues", "import", "mine", "none.json")],
    )
    def test_one_that_is_no_file_is_refused_in_one_line(
        self, start: Run, venues: Path, kind: str, command: tuple[str, ...]
    ) -> None:
        path = venues / "mine.toml"
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        else:
            path.symlink_to("/dev/zero" if kind == "device" else "nowhere")
        answer = start(*command)
        assert (answer.status, answer.stdout, answer.stderr.count("\n")) == (2, "", 1)

    def test_its_comments_steer_no_terminal_and_go_into_a_file_as_they_are(
        self, run: Run, venues: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        text = mine() + "# \u202e \x9b31m\n"
        (venues / "mine.toml").write_text(text)
        assert run("venues", "show", "mine", "--toml").stdout == text
        monkeypatch.setattr("inside.Stream.isatty", lambda stream: True)
        shown = run("venues", "show", "mine", "--toml").stdout
        assert all(line.isprintable() for line in shown.split("\n"))
        assert "# \\u202e \\x9b31m\n" in shown


class TestLines:
    @pytest.mark.parametrize(
        "path",
        [
            "-", "/dev/stdin", "/dev//stdin", "/dev/./fd/0", "/dev/fd/0", "/proc/self/fd/0", "/proc/thread-self/fd/0",
            "/proc/self/task/1/fd/0", "/dev/fd/7", "link",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize(
        ("command", "key"),
        [
            ("check", "portfolio"),
            ("check", "limits"),
            ("funding-cost", "history"),
            ("funding-cost", "premium_samples"),
            ("liq-cost", "book"),
            ("fills", "file"),
        ],
    )
    def test_no_file_of_a_question_is_where_the_questions_come_from(
        self, run: Run, tmp_path: Path, command: str, key: str, path: str
    ) -> None:
        (tmp_path / "link").symlink_to("/dev/stdin")
        line = json.dumps({"command": command, key: path})
        first, second = run("batch", stdin=f"{line}\n{line}\n").stdout.splitlines()
        assert "standard input holds the lines: name a file" in json.loads(first)["error"]
        assert json.loads(second)["line"] == 2

    @pytest.mark.parametrize("path", ["-", "/dev/stdin", "/dev//fd/0"])
    def test_nor_is_one_of_the_environment(self, start: Run, path: str) -> None:
        answer = start("batch", stdin='{"command": "check"}\n' * 2, env={"PERPCALC_PORTFOLIO": path})
        errors = [json.loads(line)["error"] for line in answer.stdout.splitlines()]
        assert errors == ["portfolio: there is nothing to check: give portfolio, or a trade by its options"] * 2

    @pytest.mark.parametrize("key", ["max_leverage", "command", "id", "side"])
    def test_a_key_given_twice_is_an_error(self, run: Run, key: str) -> None:
        asked = {"id": 1, "command": "check", **QUESTION, "max_leverage": "5"}
        line = json.dumps(asked)[:-1] + f', "{key}": "500"}}'
        assert json.loads(run("batch", stdin=line).stdout)["error"] == f"'{key}': is given twice: give it once"

    def test_memory_is_flat_over_many_portfolios_and_days_of_rules(self, tmp_path: Path) -> None:
        positions = "".join(
            f'[[positions]]\nname = "p{n}"\nside = "long"\ncontracts = 10\nentry = 62_500\nleverage = 5\nmmr = "1%"\nmark = 6\n'
            for n in range(40)
        )
        (tmp_path / "p.toml").write_text(positions)
        book = json.dumps({"command": "liq-price", "portfolio": "p.toml"}) + "\n"
        days = [
            f"{year}-{month:02}-{day:02}" for year in (2024, 2025) for month in range(1, 13) for day in range(1, 13)
        ]
        dated = [json.dumps({"command": "liq-price", **QUESTION, "venue": f"bybit@{day}"}) + "\n" for day in days]

        def peak(lines: str) -> int:
            program = "import resource, perpcalc.__main__ as m, os, sys; leave = os._exit; sys.argv[1:] = ['batch']\n"
            program += "os._exit = lambda s: (print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr, flush=True), leave(s))\n"
            done = subprocess.run(
                [sys.executable, "-c", program + "m.main()"],
                cwd=tmp_path,
                input=lines.encode(),
                capture_output=True,
                timeout=60,
                check=True,
            )
            return int(done.stderr.splitlines()[-1])

        assert peak(book * 40) < peak(book * 5) + 6_000
        assert peak("".join(dated)) < peak("".join(dated[:40])) + 12_000


class TestNesting:
    @pytest.mark.parametrize(
        "text",
        ['"a".' * 16_000 + "a = 1", "[" + '"a".' * 16_000 + "a]", "a = " + "[" * 16_000, "a = " + "{a = " * 16_000],
    )
    @pytest.mark.parametrize(
        "arguments",
        [
            ("check", "-p", "deep.toml"),
            ("check", *LONG, "--limits", "deep.toml"),
            ("portfolio", "validate", "deep.toml"),
            ("liq-price", "-v", "deep", *LONG),
        ],
    )
    def test_what_is_nested_without_end_is_refused_before_it_is_built(
        self, run: Run, tmp_path: Path, venues: Path, text: str, arguments: tuple[str, ...]
    ) -> None:
        for folder in (tmp_path, venues):
            (folder / "deep.toml").write_text(text)
        begun = time.process_time()
        printed, said, status = run(*arguments)
        assert (status, printed, said.count("\n")) == (2, "", 1)
        assert "too many parts" in said or "nested too deeply" in said
        assert time.process_time() - begun < 2


class TestPictures:
    @pytest.mark.parametrize("name", ["p.svg", "hard.svg", "soft.svg", "./p.svg"])
    @pytest.mark.parametrize("by_variable", [False, True])
    def test_none_replaces_the_portfolio_it_is_of(self, run: Run, tmp_path: Path, name: str, by_variable: bool) -> None:
        book = '[[positions]]\nname = "a"\nside = "long"\ncontracts = 10\nentry = 62_500\nleverage = 5\nmmr = "1%"\nmark = 62_500\n'
        (tmp_path / "p.svg").write_text(book)
        os.link(tmp_path / "p.svg", tmp_path / "hard.svg")
        (tmp_path / "soft.svg").symlink_to("p.svg")
        asked = ("stress", "--moves=-10%", "--svg", name)
        printed, said, status = (
            run(*asked, env={"PERPCALC_PORTFOLIO": "p.svg"}) if by_variable else run(*asked, "-p", "p.svg")
        )
        assert (status, printed) == (2, "")
        assert said == f"perpcalc: --svg: {name}: is a file that is read: give the new one another name\n"
        assert (tmp_path / "p.svg").read_text() == book


class TestNumbersOfOthers:
    @pytest.mark.parametrize(
        "number", ["1e999999999", "-1e999999999", "1e-999999999", '"1E+999999999"', "9" * 5_000, "NaN", "-Infinity"]
    )
    def test_one_that_is_endless_is_refused_in_one_line(self, run: Run, tmp_path: Path, number: str) -> None:
        (tmp_path / "p.toml").write_text("")
        files = {
            "positions.json": f'[{{"symbol": "BTC/USD:BTC", "side": "long", "contracts": {number}, "entryPrice": 62500, "leverage": 5, "marginMode": "isolated"}}]',
            "book.json": f'{{"bids": [[62000, {number}]], "asks": [[{number}, 5]]}}',
            "history.csv": f"time,rate,mark\n2024-06-01T00:00:00Z,{number},64000\n",
            "trades.csv": f"time,side,contracts,price\n2024-06-01T00:00:00Z,buy,{number},64000\n",
        }
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        for arguments in (
            ("liq-cost", *LONG, "--book", "book.json"),
            ("funding-cost", *LONG[:6], "--history", "history.csv"),
            ("fills", "trades.csv"),
        ):
            printed, said, status = run(*arguments)
            assert (status, printed, said.count("\n")) == (2, "", 1)
        printed, said, status = run("portfolio", "import", "positions.json", "--into", "p.toml", "--venue", "binance")
        assert (tmp_path / "p.toml").read_text() == ""
        assert "Traceback" not in said

    @pytest.mark.parametrize(
        "venue",
        [
            "binance",
            "bybit",
            "okx",
            "bitmex",
            "kraken",
            "deribit",
            "kucoin",
            "gate",
            "phemex",
            "coinex",
            "bitget",
            "htx",
        ],
    )
    @pytest.mark.parametrize("entry", ["0.000001", "62500", "100000000000000"])
    def test_a_price_that_is_rounded_to_nothing_is_an_answer(self, run: Run, venue: str, entry: str) -> None:
        position = ("-v", venue, "-s", "long", "-n", "1000", "-e", entry, "--balance", "99999999999", "--mmr", "0.5%")
        for command in (
            ("liq-price",),
            ("liq-cost",),
            ("pnl", "--exit", "60000"),
            ("check", "--min-liquidation-distance", "1%"),
            ("stress", "--moves=-99.9%"),
        ):
            printed, said, status = run(command[0], *position, *command[1:], "--json")
            assert status in (0, 1, 2)
            assert bool(printed) or said.count("\n") == 1


@pytest.mark.skipif(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="interrupts are ignored here")
def test_an_interrupt_while_the_program_is_loaded_is_130_and_silent(tmp_path: Path) -> None:
    # The first thing that it imports after its own first lines stands still.
    (tmp_path / "decimal.py").write_text("import time\nprint('loading', flush=True)\ntime.sleep(30)\n")
    with subprocess.Popen(
        [sys.executable, "-m", "perpcalc", "check", *LONG],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"loading\n"
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=20)
    assert (process.returncode, out, errors) == (130, b"", b"")


@pytest.mark.parametrize(
    ("question", "cleared"),
    [
        ((), False),
        (("--chart",), False),
        (("--svg", "picture.svg"), True),
    ],
)
def test_an_interrupt_of_what_writes_a_file_leaves_time_to_clear_up(
    run: Run, question: tuple[str, ...], cleared: bool
) -> None:
    def at_once(number: int, frame: object) -> None:
        raise AssertionError

    before = signal.signal(signal.SIGINT, at_once)
    try:
        assert run("stress", *LONG, *question).status == 0
        assert (signal.getsignal(signal.SIGINT) is signal.default_int_handler) == cleared
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_background_job_that_ignores_interrupts_goes_on_ignoring_them() -> None:
    with subprocess.Popen(
        ["sh", "-c", f"trap '' INT; exec {sys.executable} -m perpcalc batch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        line = json.dumps({"command": "liq-price", **QUESTION, "mmr": "1%"}).encode() + b"\n"
        process.stdin.write(line)
        process.stdin.flush()
        assert process.stdout.readline().startswith(b"{")
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(line, timeout=20)
    assert (process.returncode, out.count(b"\n"), errors) == (0, 1, b"")
