"""The Python door: typed answers, keywords that are options, questions as `batch` has them."""

import decimal
import json
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import perpcalc
from perpcalc.names import EXPORTED, FUNCTIONS

LONG: dict[str, Any] = {"side": "long", "contracts": "10k", "entry": 62_500}
BOOK = """
[prices]
BTC = 50_000
[limits]
max_leverage = 5
[[positions]]
name = "late"
side = "long"
contracts = 10_000
entry = 62_500
leverage = 10
mmr = "0.5%"
"""


def test_an_answer_is_a_record_of_decimals() -> None:
    found = perpcalc.pnl(**LONG, exit=64_000)
    assert (found.gross_pnl, found.net_pnl_usd, found.roe) == (Decimal("0.00375"), Decimal(240), None)


def test_numbers_are_taken_as_programs_write_them() -> None:
    assert perpcalc.pnl(**LONG, exit=64_000, funding=1e-05).funding == Decimal("0.00001")
    assert perpcalc.pnl(**LONG, exit=Decimal("6.4E+4"), funding="1e-5").funding == Decimal("0.00001")


def test_no_context_of_the_caller_cuts_a_digit() -> None:
    with decimal.localcontext(prec=3):
        found = perpcalc.liq_price(**LONG, leverage=10, mmr="0.5%")
    assert str(found.liquidation_price).startswith("57102.2727272727")


def test_the_context_of_the_caller_stays_as_it_was() -> None:
    """One of few digits, in which every signal is an exception."""
    alone = perpcalc.liq_price(**LONG, leverage=10, mmr="0.5%")
    with decimal.localcontext(prec=5) as context:
        context.traps = dict.fromkeys(context.traps, True)
        context.clear_flags()
        assert perpcalc.liq_price(**LONG, leverage=10, mmr="0.5%") == alone
        assert perpcalc.as_json(alone)
        assert perpcalc.ask({"command": "pnl", **LONG, "exit": 64_000})
        assert (context.prec, any(context.flags.values()), all(context.traps.values())) == (5, False, True)


def test_threads_do_not_meet() -> None:
    def asked(number: int) -> perpcalc.Pnl:
        decimal.getcontext().prec = 1 + number % 7
        return perpcalc.pnl(side="long", contracts=1 + number, entry=62_500, exit=64_000)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(asked, range(60)))
    assert [one.gross_pnl for one in found] == [
        perpcalc.pnl(side="long", contracts=1 + number, entry=62_500, exit=64_000).gross_pnl for number in range(60)
    ]


def test_the_environment_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPCALC_VENUE", "bybit")
    assert perpcalc.pnl(**LONG, exit=64_000).venue is None
    answer = perpcalc.ask({"command": "pnl", **LONG, "exit": 64_000})
    assert isinstance(answer, dict)
    assert answer["venue"] is None


def test_words_that_python_keeps_have_an_underscore() -> None:
    found = perpcalc.funding_cost(**LONG, mark=50_000, rate="0.01%", interval="8h", for_="1d")
    assert (found.intervals, found.total) == (3, Decimal("0.00006"))


def test_a_keyword_that_is_no_option_is_refused_with_one_that_is() -> None:
    with pytest.raises(perpcalc.PerpcalcError) as caught:
        perpcalc.pnl(**LONG, exi=64_000)  # type: ignore[call-arg]
    assert str(caught.value).startswith("exi: is not an option: give exit")


def test_of_a_portfolio_there_is_a_list_and_its_sums(tmp_path: Path) -> None:
    path = tmp_path / "book.toml"
    path.write_text(BOOK, encoding="utf-8")
    rows: Any = perpcalc.pnl(portfolio=str(path))
    assert [row.name for row in rows] == ["late"]
    sums: Any = perpcalc.pnl(portfolio=str(path), total=True)
    assert [(row.currency, row.net_pnl, row.net_pnl_usd) for row in sums] == [
        ("BTC", Decimal("-0.04"), Decimal(-2_000)),
        ("USD", None, Decimal(-2_000)),
    ]
    judged = perpcalc.check(portfolio=str(path))
    assert judged.status == 1
    assert "fail" in {row.status for row in judged.rows}
    assert len(json.loads(perpcalc.as_json(judged))) == len(judged.rows)
    assert [row["name"] for row in json.loads(perpcalc.as_json(rows))] == ["late"]
    assert perpcalc.as_json(deque(rows)) == perpcalc.as_json(rows)


def test_a_question_is_answered_as_a_line_of_batch() -> None:
    question = {"command": "pnl", **LONG, "exit": 64_000}
    answer = perpcalc.ask({"id": 7, **question})
    assert isinstance(answer, dict)
    assert next(iter(answer)) == "id"
    assert (answer["id"], answer["gross_pnl"]) == (7, "0.00375")
    assert "id" not in perpcalc.ask(question)
    judged = perpcalc.ask({"command": "check", **LONG, "leverage": 5, "max_leverage": 4})
    assert isinstance(judged, dict)
    assert (judged["status"], judged["rows"][0]["status"]) == (1, "fail")
    ladder = {"command": "stress", **LONG, "leverage": 5, "mmr": "1%", "moves": "0%,-5%"}
    rows, named = perpcalc.ask(ladder), perpcalc.ask({"id": 8, **ladder})
    assert isinstance(rows, list)
    assert named == {"id": 8, "rows": rows}
    bad = perpcalc.ask({"id": "a", "command": "pnl", "side": "long"})
    assert isinstance(bad, dict)
    assert list(bad) == ["id", "error"]
    assert bad["error"].startswith("contracts, entry and exit are missing: contracts: give the size")


def test_what_is_exported_is_there_and_documented() -> None:
    for name in EXPORTED:
        assert getattr(perpcalc, name)
    for name in FUNCTIONS:
        function = getattr(perpcalc, name)
        assert (function.__name__, function.__qualname__, function.__module__) == (name, name, "perpcalc")
        assert "\n\nReturns " in function.__doc__
    assert "Returns Pnl, with a portfolio a list of them." in perpcalc.pnl.__doc__
    assert "Returns a list of Status." in perpcalc.status.__doc__
    assert "Returns the status, and a list of " in perpcalc.check.__doc__
    assert "    for_: " in perpcalc.funding_cost.__doc__


def test_the_records_are_there_by_name() -> None:
    assert type(perpcalc.pnl(**LONG, exit=64_000)) is perpcalc.Pnl
    assert isinstance(perpcalc.check(**LONG, leverage=2, max_leverage=3), perpcalc.Judged)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        vars(perpcalc)["__getattr__"]("Nothing")


def test_a_file_may_be_a_path(tmp_path: Path) -> None:
    path = tmp_path / "book.toml"
    path.write_text(BOOK)
    assert perpcalc.pnl(portfolio=path) == perpcalc.pnl(portfolio=str(path))


@pytest.mark.parametrize("question", ["pnl", 5, None, ["pnl"]])
def test_what_is_no_question_is_answered_with_an_error(question: Any) -> None:
    assert perpcalc.ask(question) == {"error": 'not a JSON object: write {"command": "pnl", ...}'}


@pytest.mark.parametrize("bad", [None, True, ["a"], {"a": 1}])
def test_an_id_is_a_text_or_a_number(bad: object) -> None:
    answer = perpcalc.ask({"id": bad, "command": "pnl", **LONG, "exit": 64_000})
    assert answer == {"error": "id: is neither a text nor a number: give one"}


def test_a_number_has_no_zeros_that_nobody_prints() -> None:
    found = perpcalc.liq_price(**LONG, leverage=10, mmr="0.5%")
    assert str(found.maintenance_rate) == "0.005"
    assert str(found.deduction) == "0"
    assert str(perpcalc.liq_price(**LONG, leverage=10, venue="bybit@2026-01-01").liquidation_price) == "57102.5"


def test_a_record_is_written_out_as_machines_print_it_in_any_context() -> None:
    found = perpcalc.liq_price(**LONG, leverage=10, mmr="0.5%")
    with decimal.localcontext(prec=3, traps=[decimal.Inexact]):
        assert "liquidation_price=Decimal('57102.272727272727272727')" in repr(found)
        assert "liquidation_above=None" in repr(found)


def test_a_function_says_what_it_returns_and_where_it_is_from() -> None:
    assert perpcalc.pnl.__module__ == "perpcalc"
    assert perpcalc.solve_price.__doc__ is not None
    assert "Returns a list of SolvePrice." in perpcalc.solve_price.__doc__
    assert perpcalc.pnl.__doc__ is not None
    assert "Returns Pnl, with a portfolio a list of them." in perpcalc.pnl.__doc__
