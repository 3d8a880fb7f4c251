"""Answers as tables, bare fields, CSV and JSON: what is shown where, and what is said to be left out."""

import csv
import json
from pathlib import Path

import pytest
from inside import Run

BOOK = """
[prices]
BTC = 50_000

[[positions]]
name = "swing"
side = "short"
contracts = 25_000
entry = 62_500
leverage = 4
mmr = "0.5%"

[[positions]]
name = "=late"
side = "long"
contracts = 10_000
entry = 62_500
leverage = 10
mmr = "0.5%"
"""
PNL = ("pnl", "-p", "book.toml")
COLOUR = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}


@pytest.fixture(autouse=True)
def book(tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(BOOK, encoding="utf-8")


def header(shown: str) -> str:
    return " ".join(line for line in shown.splitlines()[:6] if line.startswith("│"))


def test_a_table_names_the_columns_that_it_leaves_out_and_wide_shows_all(run: Run) -> None:
    few, all_of_them = run(*PNL).stdout, run(*PNL, "--wide").stdout
    left_out = [shown.splitlines()[2].count("┬") for shown in (all_of_them, few)]
    assert f"\n+{left_out[0] - left_out[1]} columns: --wide\n" in few
    assert "--wide" not in all_of_them
    assert "exit value" in header(all_of_them)
    assert "exit value" not in header(few)


def test_a_terminal_gets_the_most_needed_columns_that_it_holds(run: Run) -> None:
    narrow = run(*PNL, env={**COLOUR, "COLUMNS": "60"}).stdout
    assert "net pnl" in narrow
    assert "break even price" not in narrow
    assert max(len(line) for line in run(*PNL).stdout.splitlines()) > 80  # nobody's terminal


def test_units_stand_in_the_head_of_rows_and_beside_the_figures_of_one(run: Run) -> None:
    rows = run(*PNL, "--wide").stdout.splitlines()
    assert sum("(USD)" in line for line in rows) == 1
    assert sum("(BTC)" in line for line in rows) == 1
    one = run("pnl", "--side", "long", "-n", "10k", "-e", "62500", "-x", "64000").stdout
    (net,) = (line for line in one.splitlines() if "│ net pnl  " in line)
    assert [cell.strip() for cell in net.split("│")[1:-1]] == ["net pnl", "+0.00375000", "BTC"]


def test_a_field_that_says_nothing_is_no_row_and_a_never_is_one(run: Run) -> None:
    shown = run("liq-price", "--side", "short", "-n", "10k", "-e", "62500", "--balance", "1", "--mmr", "1%").stdout
    names = [line.split("│")[1].strip() for line in shown.splitlines() if line.startswith("│")]
    assert "liquidation price" in names
    assert not {"venue", "touch probability", "tier", "reason"} & set(names)


def test_no_color_is_kept(run: Run) -> None:
    assert "\x1b[" in run(*PNL, env=COLOUR).stdout
    assert "\x1b[3" not in run(*PNL, env={**COLOUR, "NO_COLOR": "1"}).stdout


def test_bare_fields_are_a_line_of_tabs_for_each_answer(run: Run) -> None:
    assert run(*PNL, "--field", "net_pnl,liquidated,venue").stdout == "0.1\tfalse\t\n-0.04\ttrue\t\n"
    refused = run(*PNL, "--field", "net_pn")
    assert (refused.stdout, refused.status) == ("", 2)
    assert refused.stderr.startswith("perpcalc: --field: 'net_pn' is not a field of this command: give net_pnl")


def test_csv_has_every_field_in_order_and_runs_no_formula(run: Run) -> None:
    lines = run(*PNL, "--format", "csv").stdout.split("\n")
    assert lines[-1] == ""
    header, swing, late = csv.reader(lines[:-1])
    assert header == list(json.loads(run(*PNL, "--json").stdout)[0])
    assert (swing[0], late[0], late[header.index("net_pnl")]) == ("swing", "'=late", "-0.04")


def test_json_is_one_object_or_an_array_with_a_line_for_each(run: Run) -> None:
    lines = run(*PNL, "--json").stdout.splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("[", "]", 4)
    assert json.loads(lines[1].rstrip(","))["liquidated"] is False
    one = run("pnl", "--side", "long", "-n", "10k", "-e", "62500", "-x", "64000", "--json").stdout
    assert one.startswith('{\n  "name": null,\n')
    assert json.loads(one)["net_pnl"] == "0.00375"


def test_a_chart_follows_the_table_where_it_is_asked_for(run: Run) -> None:
    question = ("stress", "-p", "book.toml")
    plain = run(*question).stdout
    charted = run(*question, "--chart").stdout
    assert charted.startswith(plain.rstrip("\n"))
    assert "└" in charted[len(plain) :]


@pytest.mark.parametrize(
    "asked",
    ["pnl", "funding-cost --rate 0.01%", "liq-cost --slippage 1%", "greeks", "status", "stress --moves=-20%,0%"],
)
def test_the_sums_are_a_table_that_knows_no_never(run: Run, asked: str) -> None:
    command, *more = asked.split()
    answer = run(command, "-p", "book.toml", *more, "--total")
    assert answer.status == 0
    assert "USD" in header(answer.stdout) or "│ USD " in answer.stdout
    assert "never" not in answer.stdout
