"""`perpcalc plan`: a ladder in, targets out, a stop; liquidation before the stop is the finding."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from inside import Run

from perpcalc.commands.plan import COMMAND

from .accounts import UNIFIED, WALLETS, position

FIELDS = (
    "step event price traded contracts entry_price margin liquidation_price realised_pnl loss_at_stop loss_at_stop_usd r_multiple status reason"
).split()
LADDER = (
    "--venue", "bybit@2026-01-01", "--side", "long", "--order", "10k@62500", "--order", "5k@58000", "--order", "5k@54000",
    "--stop", "51000",
)  # fmt: skip
TOO_LATE, DEAD = "liquidated before the stop", "liquidated before this step"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.toml"
    path.write_text(WALLETS)
    return path


def asked(run: Run, *arguments: str) -> list[dict[str, Any]]:
    answer = run("plan", *arguments, "--json")
    assert answer.status == 0, answer.stderr
    found: list[dict[str, Any]] = json.loads(answer.stdout)
    return found


def column(rows: list[dict[str, Any]], name: str) -> list[Any]:
    return [row[name] for row in rows]


class TestKnownLadder:
    """The ladder of the contract, at Bybit under the rules of 2026-01-01, 5x."""

    def test_liquidations_and_losses(self, run: Run) -> None:
        rows = asked(run, *LADDER, "--leverage", "5")
        assert [list(row) for row in rows] == [FIELDS] * 4
        assert column(rows, "step") == ["1", "2", "3", "4"]
        assert column(rows, "event") == ["order", "order", "order", "stop"]
        assert column(rows, "liquidation_price") == ["52344", "51024.5", "49439.5", None]
        assert column(rows, "loss_at_stop")[:3] == ["0.03627428", "0.04820794", "0.05375942"]

    def test_each_step_that_the_stop_comes_too_late_for_says_so(self, run: Run) -> None:
        answer = run("plan", *LADDER, "--leverage", "5", "--json")
        assert column(json.loads(answer.stdout), "status") == [TOO_LATE, TOO_LATE, "ok", "ok"]
        assert answer.stderr == "perpcalc: note: liquidated before the stop after steps 1, 2\n"

    def test_even_to_those_who_want_no_notes(self, run: Run) -> None:
        assert "after steps 1, 2" in run("plan", *LADDER, "--leverage", "5", "-q").stderr

    def test_a_step_that_is_not_lived_to_is_dead_and_so_is_all_that_follows(self, run: Run) -> None:
        arguments = (
            "--side",
            "long",
            "--order",
            "10k@62500",
            "--order",
            "5k@50000",
            "--take",
            "50%@66000",
            "-l",
            "10",
            "--mmr",
            "0",
        )
        answer = run("plan", *arguments, "--json")
        assert column(json.loads(answer.stdout), "status") == ["ok", DEAD, DEAD]
        assert answer.stderr == "perpcalc: note: liquidated before step 2\n"

    def test_the_answer_comes_first(self, run: Run) -> None:
        said = run("plan", *LADDER, "--leverage", "5").stdout.splitlines()[0]
        assert said == (
            "liquidated before the stop after steps 1, 2; 20,000 contracts once all orders fill, liquidated at 49,439.5 USD; "
            "the stop costs 0.05375942 BTC (2,741.73 USD)"
        )

    def test_flat_there_is_no_entry_margin_or_liquidation(self, run: Run) -> None:
        last = asked(run, *LADDER, "--leverage", "5")[-1]
        assert (last["contracts"], last["traded"], last["r_multiple"]) == ("0", "-20000", "-1")
        assert [last[name] for name in ("entry_price", "margin", "liquidation_price")] == [None] * 3


class TestTargets:
    def test_a_share_is_of_what_is_open_before_the_targets(self, run: Run) -> None:
        rows = asked(run, *LADDER, "-l", "5", "--take", "50%@66000", "--take", "25%@70000")
        assert column(rows, "traded") == ["10000", "5000", "5000", "-10000", "-5000", "-5000"]
        assert column(rows, "event")[-1] == "stop"

    def test_profit_is_realised_by_average_cost_and_measured_in_risks(self, run: Run) -> None:
        # 100 at 100 cost a coin; half of it sold at 200 brings 1/4, the stop at 50 would have lost one.
        rows = asked(run, "-s", "long", "--order", "100@100", "--take", "50%@200", "--stop", "50")
        assert column(rows, "realised_pnl")[:2] == ["0", "0.25"]
        assert column(rows, "r_multiple")[:2] == ["0", "0.25"]
        assert column(rows, "loss_at_stop")[:2] == ["1", "0.25"]

    def test_a_short_sells_in_and_buys_back(self, run: Run) -> None:
        rows = asked(run, "-s", "short", "--order", "100@100", "--take", "100@50")
        assert column(rows, "traded") == ["-100", "100"]


class TestMargin:
    def test_a_balance_pays_the_fees_and_gets_the_profit(self, run: Run) -> None:
        fees = ("--entry-fee", "1bp", "--exit-fee", "1bp")
        rows = asked(run, "-s", "long", "--order", "100@100", "--take", "50%@200", "--balance", "1", *fees)
        assert column(rows, "margin") == ["0.9999", "1.249875"]

    def test_with_a_balance_the_rules_of_a_cross_position_hold(self, run: Run) -> None:
        venue = ("-v", "bybit@2026-01-01", "-s", "long")
        (row,) = asked(run, *venue, "--order", "10000@62500", "--balance", "0.05", "--entry-fee", "0")
        cross = json.loads(run("liq-price", *venue, "-n", "10000", "-e", "62500", "--balance", "0.05", "--json").stdout)
        assert row["liquidation_price"] == cross["liquidation_price"] is not None
        assert cross["closing_fee_rate"] != "0"

    def test_a_margin_is_all_there_from_the_first_order(self, run: Run) -> None:
        rows = asked(
            run, "-s", "long", "--order", "100@100", "--order", "100@100", "--take", "50%@200", "--margin", "1"
        )
        assert column(rows, "margin") == ["1", "1", "0.5"]

    def test_without_any_the_liquidation_is_not_known(self, run: Run) -> None:
        rows = asked(run, "-s", "long", "--order", "100@100", "--mmr", "0")
        assert column(rows, "reason") == ["the liquidation price is not known: the margin is not"]
        assert column(rows, "status") == ["ok"]

    def test_what_no_price_liquidates_says_never_in_a_table(self, run: Run) -> None:
        short = ("plan", "-s", "short", "--order", "100@100", "--margin", "1", "--mmr")
        assert " never " in run(*short, "0.5%").stdout
        assert " never " not in run(*short[:-3], "--mmr", "0.5%").stdout

    def test_so_it_is_without_a_maintenance_rate(self, run: Run) -> None:
        rows = asked(run, "-v", "okx", "-s", "long", "--order", "10@62500", "-l", "5")
        assert column(rows, "reason") == ["the liquidation price is not known: the maintenance rate is not"]

    def test_unknown_fees_are_said(self, run: Run) -> None:
        assert (
            "coinex: its fees are not known and left out"
            in run("plan", "-v", "coinex", "-s", "long", "--order", "1000@62500").stderr
        )


class TestInAnAccount:
    def test_the_positions_there_count(self, run: Run, book: Path) -> None:
        rows = asked(run, "-p", "book.toml", "--account", "main", "-s", "long", "--order", "500@62500")
        book.write_text(
            WALLETS.replace("balance = 1.25", f"balance = {rows[0]['margin']}") + position("main", "long", 500, 62_500)
        )
        shown = json.loads(run("liq-price", "-p", "book.toml", "--json").stdout)
        assert rows[0]["liquidation_price"] == shown[-1]["liquidation_price"] == shown[0]["liquidation_price"]

    def test_beside_another_contract_it_dies_at_its_own_price(self, run: Run, book: Path) -> None:
        dated = WALLETS.replace('account = "main"', 'account = "main"\ninstrument = "BTCUSD_261225"\nmark = 70_400', 1)
        book.write_text(dated)
        rows = asked(run, "-p", "book.toml", "--account", "main", "-s", "long", "--order", "500@64000")
        book.write_text(
            dated.replace("balance = 1.25", f"balance = {rows[0]['margin']}") + position("main", "long", 500, 64_000)
        )
        *_, shown = json.loads(run("liq-price", "-p", "book.toml", "--json").stdout)
        assert rows[0]["liquidation_price"] == shown["liquidation_price"] is not None

    def test_a_margin_of_its_own_is_all_that_it_has(self, run: Run, book: Path) -> None:
        order = ("-s", "long", "--order", "100@62500", "--margin", "0.02")
        (alone,) = asked(run, "-v", "binance", *order)
        (inside,) = asked(run, "-p", "book.toml", "--account", "main", *order)
        assert alone["margin"] == "0.02"
        assert inside == alone

    def test_so_they_do_in_one_of_several_coins(self, run: Run, book: Path) -> None:
        book.write_text(UNIFIED)
        rows = asked(run, "-p", "book.toml", "--account", "uta", "-s", "long", "--order", "10000@100000")
        assert rows[0]["realised_pnl"] == "-0.000055"
        paid = UNIFIED.replace("BTC = 1,", "BTC = 0.999945,")
        book.write_text(paid + position("uta", "long", 10_000, 100_000, "BTCUSD"))
        shown = json.loads(run("liq-price", "-p", "book.toml", "--json").stdout)
        assert rows[0]["liquidation_price"] == shown[-1]["liquidation_price"] is not None

    def test_one_of_several_coins_dies_before_a_stop_too(self, run: Run, book: Path) -> None:
        book.write_text(UNIFIED)
        orders = ("--order", "10000@100000", "--order", "100000@95000", "--stop", "60000")
        rows = asked(run, "-p", "book.toml", "--account", "uta", "-s", "long", *orders)
        assert column(rows, "status") == ["ok", "liquidated before the stop", "liquidated before this step"]


def test_what_is_never_is_told_from_what_is_not_there(run: Run, book: Path) -> None:
    book.write_text(UNIFIED[: UNIFIED.index("[[positions]]")])
    ladder = ("-s", "short", "--order", "50000@100000", "--take", "100%@90000")
    shown = run("plan", "-p", "book.toml", "--account", "uta", "-i", "BTCUSD", *ladder, "--wide").stdout
    order, take = ([cell.strip() for cell in line.split("│")] for line in shown.splitlines() if "│ ok " in line)
    assert ("never" in order, "never" in take) == (True, False)
    unknown = run("plan", "--side", "short", "--order", "10@100", "-l", "1", "--wide").stdout
    assert "never" not in unknown


class TestCharts:
    def test_liquidation_entry_and_stop_are_drawn_against_the_steps(self, run: Run) -> None:
        shown = run("plan", *LADDER, "-l", "5", "--chart").stdout
        assert "plan of BTCUSD: price (USD) against step" in shown
        assert shown.rstrip().endswith("E entry   L liquidation   S stop")

    def test_prices_are_drawn_in_the_range_that_they_have(self, run: Run) -> None:
        rows = [line.partition("┤") for line in run("plan", *LADDER, "-l", "5", "--chart").stdout.splitlines()]
        assert "0" not in [label.strip() for label, tick, _ in rows if tick]

    def test_steps_are_counted_in_whole_numbers(self, run: Run) -> None:
        axis = run("plan", *LADDER, "-l", "5", "--chart").stdout.splitlines()[-2]
        assert axis.split() == ["1", "2", "3", "4"]

    def test_as_a_picture_too(self, run: Run) -> None:
        root = ElementTree.fromstring(run("plan", *LADDER, "-l", "5", "--svg", "-").stdout)
        tones = [line.get("class") for line in root.iter("{http://www.w3.org/2000/svg}polyline")]
        assert tones == ["accent", "danger", "plain"]

    def test_what_is_not_known_is_not_drawn(self, run: Run) -> None:
        shown = run("plan", "--side", "long", "--order", "100@100", "--chart").stdout
        assert "stop" not in shown
        assert "100" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--side and --order are missing: --side: give long or short; --order: give at least one, as in 10k@62500"),
        (("-s", "long", "--order", "5"), "--order: '5' is not a fill: write CONTRACTS@PRICE, as in 300@61000"),
        (("-s", "long", "--order", "5@100", "--stop", "100"), "--stop: 100 does not protect a long entered at 100: give a price below every order"),
        (("-s", "long", "--order", "10@100", "--take", "60%@110", "--take", "60%@120"), "step 3: 6 contracts are more than the 4 that are open: take less"),
        (("-s", "long", "--order", "10@100", "--take", "110%@110"), "--take: '110%' is out of range: give a share above 0% and of at most 100%"),
        (("-s", "long", "--order", "10@100", "--take", "1%@110"), "step 2: 0.1 rounded down to 0 contracts: less than one lot: take more"),
        (("-v", "bybit", "-s", "long", "--order", "90m@62500"), "step 1: 90000000 contracts are more than the largest order: give at most 25000000"),
        (("-v", "binance", "-s", "long", "--order", "50k@60000", "--order", "50k@60000", "-l", "11"), "step 2: --leverage: 11x is more than the tier of 100000 contracts allows: give at most 10"),
        (("-s", "long", "--order", "10@100", "-l", "5", "--balance", "1"), "--balance: excludes --leverage: a cross position has the whole balance"),
        (("-s", "long", "--order", "10@100", "--chart", "--json"), "--chart: excludes --json: it is drawn below the table"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused(run: Run, arguments: tuple[str, ...], message: str) -> None:
    answer = run("plan", *arguments)
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr.splitlines()[-1] == f"perpcalc: {message}"


def test_the_examples_of_the_help_run(run: Run) -> None:
    for example in COMMAND.examples:
        answer = run(*example.split()[1:])
        assert answer.status == 0, answer.stderr
        assert "once all orders fill" in answer.stdout


def test_r_multiples_are_over_the_loss_with_all_orders_filled(run: Run) -> None:
    rows = asked(run, *LADDER, "-l", "5")
    last = Decimal(rows[2]["loss_at_stop"])
    for row in rows:
        assert abs(Decimal(row["r_multiple"]) - Decimal(row["realised_pnl"]) / last) < Decimal("1e-17")


def test_a_leverage_that_the_venue_forbids_is_refused(run: Run) -> None:
    answer = run("plan", "--venue", "bybit", "--side", "long", "--order", "10k@62500", "-l", "500")
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr.startswith("perpcalc: --leverage: 500 is above the largest of BTCUSD at bybit")
