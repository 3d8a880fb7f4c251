"""What every command does alike on the command line: options once, ways to print, notes, sums."""

import json
from pathlib import Path

import pytest
from cases import BASES, CALLS, arguments_of, flag, refilled
from inside import Run

LONG = ("--side", "long", "-n", "10k", "--entry", "62500")
PNL = ("pnl", *LONG, "--exit", "64000")
SINGLE = {
    option.name: (words, option)
    for words, command in CALLS.items()
    for option in command.options
    if not option.argument and not option.many and not option.flag
}


class TestAnOptionOfOneValue:
    @pytest.mark.parametrize("name", SINGLE)
    def test_given_twice_is_refused(self, run: Run, tmp_path: Path, name: str) -> None:
        words, option = SINGLE[name]
        value = option.choices[0] if option.choices else "1"
        arguments = [one.metavar for one in CALLS[words].options if one.argument]
        answer = run(*words, *arguments, f"{flag(option)}={value}", f"{flag(option)}={value}")
        assert (answer.stdout, answer.status) == ("", 2)
        assert answer.stderr == f"perpcalc: {flag(option)}: is given twice: give it once\n"

    def test_by_its_letter_it_is_the_same(self, run: Run) -> None:
        assert run(*PNL, "-s", "short").stderr == "perpcalc: --side: is given twice: give it once\n"

    def test_one_that_may_be_repeated_may(self, run: Run) -> None:
        fills = ("--fill", "5000@62500", "--fill", "5000@62500")
        fields = ("--field", "contracts", "--field", "net_pnl,side")
        answer = run("pnl", "--side", "long", *fills, "--exit", "64000", *fields)
        assert (answer.stdout, answer.stderr, answer.status) == ("10000\t0.00375\tlong\n", "", 0)

    def test_a_flag_said_twice_is_said(self, run: Run) -> None:
        assert run(*PNL, "--json", "--json") == run(*PNL, "--json")


class TestNotes:
    def test_are_left_out_where_none_are_wanted(self, run: Run) -> None:
        funding = ("funding-cost", *LONG, "--mark", "60000", "--index", "60010", "--interval", "8h")
        assert "note: " in run(*funding).stderr
        answer = run(*funding, "--quiet")
        assert (answer.stdout, answer.stderr, answer.status) == (run(*funding).stdout, "", 0)

    def test_but_not_what_makes_an_answer_another(self, run: Run) -> None:
        answer = run("pnl", "--venue", "bybit", *LONG, "--exit", "50000", "--leverage", "10", "-q")
        assert answer.stderr.startswith("perpcalc: note: liquidated before the exit is reached, at ")

    def test_nor_an_error(self, run: Run) -> None:
        assert run("pnl", "-q").stderr.startswith("perpcalc: --side, --contracts, --entry and --exit are missing")


class TestWaysToPrint:
    @pytest.mark.parametrize("more", [("--json",), ("--field", "side"), ("--explain",), ("--format", "table")])
    def test_a_format_of_the_environment_gives_way(self, run: Run, more: tuple[str, ...]) -> None:
        assert run(*PNL, *more, env={"PERPCALC_FORMAT": "csv"}) == run(*PNL, *more)

    def test_else_it_is_taken(self, run: Run) -> None:
        assert run(*PNL, env={"PERPCALC_FORMAT": "json"}) == run(*PNL, "--json")
        refused = run(*PNL, env={"PERPCALC_FORMAT": "xml"})
        assert refused.stderr == "perpcalc: PERPCALC_FORMAT: 'xml' is not known: give table or json or csv\n"

    def test_the_same_said_in_two_ways_is_no_conflict(self, run: Run) -> None:
        assert run(*PNL, "--json", "--format", "json") == run(*PNL, "--json")
        assert run(*PNL, "--explain", "--format", "table") == run(*PNL, "--explain")

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("--json", "--format", "csv"), "--json: excludes --format: give one of them"),
            (("--field", "side", "--json"), "--field: excludes --json: give one of them"),
            (("--explain", "--format", "csv"), "--explain: excludes --format: give one of them"),
        ],
    )
    def test_two_of_them_are(self, run: Run, arguments: tuple[str, ...], message: str) -> None:
        answer = run(*PNL, *arguments)
        assert (answer.stdout, answer.stderr, answer.status) == ("", f"perpcalc: {message}\n", 2)

    @pytest.mark.parametrize("question", BASES)
    def test_every_way_has_the_same_values(self, run: Run, tmp_path: Path, question: str) -> None:
        refilled(tmp_path)
        base = {name: text for name, text in BASES[question][0].items() if name not in ("chart", "svg")}
        asked = arguments_of(tuple(question.split()), base)
        made = json.loads(run(*asked, "--json").stdout)
        rows = made if isinstance(made, list) else [made]
        told = run(*asked, "--field", ",".join(rows[0])).stdout.split("\n")[:-1]
        assert [line.split("\t") for line in told] == [[bare(value) for value in row.values()] for row in rows]
        header = run(*asked, "--format", "csv").stdout.split("\n")[0]
        assert header == ",".join(rows[0])


def bare(value: object) -> object:
    """A value as `--field` prints it."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else value


class TestSums:
    @pytest.mark.parametrize(
        "question", [name for name in BASES if "total" in {one.name for one in CALLS[tuple(name.split())].options}]
    )
    def test_need_a_portfolio_or_a_file_of_trades(self, run: Run, tmp_path: Path, question: str) -> None:
        refilled(tmp_path)
        base = {name: text for name, text in BASES[question][0].items() if name not in ("chart", "svg")}
        answer = run(*arguments_of(tuple(question.split()), base), "--total")
        if question in ("status", "fills"):
            assert answer.status == 0
        else:
            assert answer.stderr == "perpcalc: --total: needs --portfolio: it sums up the positions of one\n"
            assert (answer.stdout, answer.status) == ("", 2)


def test_a_picture_on_standard_output_stands_alone(run: Run) -> None:
    answer = run("stress", *LONG, "--leverage", "10", "--mmr", "1%", "--moves", "-5%,5%", "--svg", "-")
    assert answer.stdout.startswith("<svg")
    assert answer.stdout.rstrip().endswith("</svg>")


def test_the_name_of_a_picture_may_be_in_capitals(run: Run, tmp_path: Path) -> None:
    question = ("stress", *LONG, "--leverage", "10", "--mmr", "1%", "--moves", "-5%,5%")
    assert run(*question, "--svg", "CHART.SVG") == run(*question)
    assert (tmp_path / "CHART.SVG").read_text().startswith("<svg")


def test_a_chart_is_drawn_in_ascii_where_the_output_takes_no_more(start: Run) -> None:
    question = ("stress", *LONG, "--leverage", "10", "--mmr", "1%", "--moves", "-5%,5%", "--chart")
    told = {"LANG": "en_US.UTF-8", "PYTHONIOENCODING": "latin-1"}
    assert start(*question, env=told).stdout.isascii()
    assert not start(*question, env={**told, "PYTHONIOENCODING": "utf-8"}).stdout.isascii()
