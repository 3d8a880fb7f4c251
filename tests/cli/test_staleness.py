"""How old the facts of a preset are: said once per call, and not of a day that was asked for."""

import pytest
from inside import Run

LONG = ("--side", "long", "-n", "100", "--entry", "60000")
LATER, JUST = {"SOURCE_DATE_EPOCH": "1800000000"}, {"SOURCE_DATE_EPOCH": "1785456000"}
"""2027-01-15, and 2026-07-31: a year after the facts of Gate."""


@pytest.mark.parametrize("asked", [("pnl", "--exit", "61000"), ("liq-price", "--leverage", "5", "--mmr", "1%")])
def test_facts_older_than_a_year_are_said_to_be_once_with_how_to_refresh_them(run: Run, asked: tuple[str, ...]) -> None:
    told = run(*asked, *LONG, "--venue", "gate", env=LATER).stderr
    assert told.count("gate: its rules were last known to hold on 2025-07-31, more than a year ago: save https://") == 1
    assert "perpcalc venues import gate FILE" in told


def test_once_for_all_the_positions_of_a_portfolio(run: Run, tmp_path: object) -> None:
    book = '[[positions]]\nname = "{}"\nvenue = "gate"\nside = "long"\ncontracts = 5\nentry = 9000\nmark = 9000\n'
    told = run("pnl", "-p", "-", stdin=book.format("a") + book.format("b"), env=LATER).stderr
    assert told.count("last known to hold") == 1


@pytest.mark.parametrize(
    ("venue", "env"),
    [("gate", JUST), ("gate@2025-01-01", LATER), ("bybit", JUST)],
    ids=["not yet older", "a day that was asked for", "younger"],
)
def test_younger_facts_and_those_of_a_day_say_nothing(run: Run, venue: str, env: dict[str, str]) -> None:
    answer = run("pnl", *LONG, "--exit", "61000", "--venue", venue, env=env)
    assert answer.status == 0
    assert "last known to hold" not in answer.stderr


def test_quiet_leaves_it_out(run: Run) -> None:
    assert run("pnl", *LONG, "--exit", "61000", "--venue", "gate", "-q", env=LATER).stderr == ""


def test_an_explanation_says_until_when_the_rules_are_known(run: Run) -> None:
    shown = run("pnl", *LONG, "--exit", "61000", "--venue", "gate", "--explain").stdout
    assert "the rules of gate were last known to hold on 2025-07-31\n" in shown
