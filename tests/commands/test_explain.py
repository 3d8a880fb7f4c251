"""`--explain`: what it says is what was computed, at every venue, by every command, of one position and of a portfolio."""

import re
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from evaluation import agrees, is_given
from inside import Run

from perpcalc.commands.command import Result, Row, asked
from perpcalc.commands.registry import command_named
from perpcalc.errors import PerpcalcError
from perpcalc.explain import Step
from perpcalc.given import read, reader
from perpcalc.names import QUESTIONS
from perpcalc.render.explain import explained, steps_of

from .questions import OF_A_BOOK, POSITIONS, Options, Question, book, candles, trades

SEEDS = 30
BOOKS = 6
COUNTED = {"tier", "positions", "step", "bars", "trades"}
"""Fields that number or count: no formula makes them."""
OF_A_FILE = {"max_margin_ratio", "max_drawdown", "max_drawdown_usd", "bought", "sold"}
"""Fields taken over all rows of a file, for which a sentence has to do."""


SAID_BY_NAME = {"contracts", "notional_usd", "positions", "equity_usd", "entry_price"}
"""Fields whose name says what they are."""


def answered(command: str, options: Mapping[str, object]) -> Result:
    """The answer of a command to options as a program gives them."""
    one = command_named(command)
    return asked(one, read(reader(one.options, environment=False), options))


def explain(command: str, options: Mapping[str, object]) -> Result:
    return answered(command, {**options, "explain": True})


def texts(result: Result) -> list[dict[str, str]]:
    return [{name: str(value) for name, value in row.answer._asdict().items()} for row in result.rows]


def unexplained(row: Row) -> list[str]:
    """What is wrong with the explanation of an answer: steps that lead elsewhere, and computed figures without one."""
    steps: Mapping[str, Step] = {step.field: step for step in steps_of(row)}
    wrong = [
        f"{step.field} = {step.value} is not {step.formula}, {step.numbers}"
        for step in steps.values()
        if step.expression is not None and not agrees(step)
    ]
    for field, value in row.answer._asdict().items():
        if isinstance(value, Decimal) and value not in (0, 1) and field not in COUNTED:
            told = field in steps and (steps[field].formula or (field in OF_A_FILE and steps[field].why))
            if not (told or is_given(value) or field == "contract_size"):
                wrong.append(f"{field} = {value} has no step")
    return wrong


def checked(command: str, options: Options, where: object) -> int:
    """How many figures of an answer have a formula that evaluates to them, where all that were computed have."""
    plain, traced = answered(command, options), explain(command, options)
    assert texts(plain) == texts(traced), where
    for row in traced.rows:
        assert unexplained(row) == [], (where, options)
    return sum(step.expression is not None for row in traced.rows for step in steps_of(row))


@pytest.mark.parametrize("command", POSITIONS)
def test_every_computed_figure_has_a_step_that_evaluates_to_it(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    figures = refused = 0
    for seed in range(SEEDS):
        ask = Question((command, seed))
        options = POSITIONS[command](ask)
        Path("marks.csv").write_text(candles(ask))
        Path("trades.csv").write_text(trades(ask))
        try:
            figures += checked(command, options, seed)
        except PerpcalcError:
            refused += 1
    assert figures > SEEDS / 2
    assert refused <= SEEDS / 3


@pytest.mark.parametrize("command", OF_A_BOOK)
def test_every_computed_figure_of_a_portfolio_has_one(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    figures = 0
    for seed in range(BOOKS):
        Path("book.toml").write_text(book((command, seed)))
        figures += checked(command, {"portfolio": "book.toml", **OF_A_BOOK[command]}, seed)
    assert figures > BOOKS


@pytest.mark.parametrize("command", [command for command in OF_A_BOOK if command != "solve margin"])
def test_the_formulas_of_a_portfolio_name_every_price_and_amount(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for what is corrected by a rounding, of the margin that is solved for."""
    monkeypatch.chdir(tmp_path)
    formulas = []
    for seed in range(BOOKS):
        Path("book.toml").write_text(book((command, seed)))
        rows = explain(command, {"portfolio": "book.toml", **OF_A_BOOK[command]}).rows
        formulas += [step.formula for row in rows for step in steps_of(row)]
    assert [formula for formula in formulas if re.search(r"(?<![\w.])(\d+\.\d|\d{3})", formula)] == []
    assert any(formulas)


@pytest.mark.parametrize(
    ("command", "frames"), [("greeks", {"coin", "usd", "contract"}), ("status", {"wallet", "uta"})]
)
def test_what_a_formula_cannot_say_is_said(
    command: str, frames: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    seen = set()
    for seed in range(BOOKS):
        Path("book.toml").write_text(book((command, seed)))
        for row in explain(command, {"portfolio": "book.toml"}).rows:
            values = row.answer._asdict()
            seen.add(values.get("frame") or values["account"])
            told = [step for step in steps_of(row) if step.field in values and step.field not in SAID_BY_NAME]
            assert [step.field for step in told if not step.why] == []
    assert seen >= frames


def test_every_command_of_lines_is_asked() -> None:
    assert POSITIONS.keys() | OF_A_BOOK.keys() >= set(QUESTIONS)


LONG = {"side": "long", "contracts": "10000", "entry": "62500"}


class TestText:
    def test_a_result_has_its_formula_its_numbers_its_convention_and_its_source(self, run: Run) -> None:
        case = ("--side", "long", "-n", "40000", "--entry", "62500", "--venue", "binance@2026-01-01", "--balance", "12")
        text = run("liq-price", *case, "--explain").stdout
        for line in (
            "liquidation_below = 54,120.22421235 USD",
            "    notional * (s + mmr + f) / (margin + s * V + deduction)",
            "    = 4000000 * (1 + 0.05 + 0) / (12 + 1 * 64 + 1.605)",
            "    where equity = maintenance margin + closing fee, if one counts; the end of the safe range nearer to the reference",
            "    tier 5: above 50 up to 100 BTC",
            "    each band at its own rate, on the value at the mark",
            "    = 5 * (0.005 - 0.004) + 10 * (0.01 - 0.005) + 20 * (0.025 - 0.01) + 50 * (0.05 - 0.025)",
            "    rounded as the venue does: down, 8 decimals",
            "(derived, from 2020-08-10)",
        ):
            assert line in text

    def test_for_a_plain_long_it_reads_like_the_textbook(self) -> None:
        text = explained(explain("liq-price", {**LONG, "balance": "0.5", "mmr": "0.5%", "closing_fee": "0.05%"}))
        formula = "notional * (s + mmr + f) / (margin + s * V + deduction)"
        assert f"liquidation_price = 15,234.85 USD\n    {formula}\n" in text
        assert "    = 10000 * (1 + 0.005 + 0.0005) / (0.5 + 1 * 0.16 + 0)\n" in text

    def test_extra_margin_that_counts_in_part_is_said(self) -> None:
        case = {**LONG, "venue": "bybit", "leverage": "10", "extra_margin": "0.01"}
        text = explained(explain("liq-price", case))
        assert (
            "    V / leverage + extra_margin / (1 + s * taker_fee)\n    = 0.16 / 10 + 0.01 / (1 + 1 * 0.00055)\n"
            in text
        )
        assert "B is what counts of the margin" in text
        assert "/ (0.025994503023337165 + 1 * 0.16" in text  # 0.016 + 0.01/1.00055

    def test_extra_margin_is_not_spoken_of_where_there_is_none(self) -> None:
        text = explained(explain("liq-price", {**LONG, "venue": "bybit", "leverage": "7"}))
        assert "extra" not in text

    def test_never_is_a_result_with_its_reason(self) -> None:
        case = {"side": "short", "contracts": "1000", "entry": "100", "leverage": "1", "mmr": "0.5%"}
        text = explained(explain("liq-price", case))
        assert re.search(r"^  liquidation_price +never$", text, re.MULTILINE)
        assert "reason: never: the collateral covers the position's coin value at any price" in text

    def test_a_rate_that_was_given_is_not_laid_on_the_venue(self) -> None:
        case = {**LONG, "exit": "64000", "venue": "bybit", "entry_fee": "0.01%", "exit_fee": "maker"}
        text = explained(explain("pnl", case))
        given, known = (text.partition(f"\n{fee}_fee = ")[2].partition("\n\n")[0] for fee in ("entry", "exit"))
        assert "    entry_value * entry_fee_rate\n" in given
        assert "source" not in given
        assert "    exit_value * maker_fee\n" in known
        assert "source: bybit.com help, Order Cost" in known

    def test_exact_leaves_the_rounding_out(self) -> None:
        assert "rounded as the venue does" in explained(explain("pnl", {**LONG, "exit": "64000", "venue": "bybit"}))
        case = {**LONG, "exit": "64000", "venue": "bybit", "exact": True}
        assert "rounded as the venue does" not in explained(explain("pnl", case))

    def test_positions_of_an_account_are_told_apart(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "p.toml").write_text(
            '[prices]\nBTC = 60_000\n[[accounts]]\nname = "a"\nvenue = "binance@2026-01-01"\nbalance = 5\n'
            '[[positions]]\nname = "one"\naccount = "a"\nside = "long"\ncontracts = 10_000\nentry = 60_000\n'
            '[[positions]]\nname = "two"\naccount = "a"\nside = "short"\ncontracts = 1_000\nentry = 61_000\n'
        )
        first, second = run("liq-price", "-p", "p.toml", "--explain").stdout.split("\nLiquidation: two")
        assert "V_2" in first
        assert "notional_2" in first
        assert "V_1" in second

    def test_names_of_the_portfolio_cannot_steer_the_terminal(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "p.toml").write_text(
            '[[positions]]\nname = "\\u001b[31mred"\nside = "long"\ncontracts = 10\nentry = 100\nmark = 200\n'
        )
        text = run("pnl", "-p", "p.toml", "--explain").stdout
        assert "\x1b" not in text
        assert "\\x1b[31mred" in text

    @pytest.mark.parametrize("other", [("--json",), ("-f", "csv")])
    def test_it_excludes_other_formats(self, run: Run, other: tuple[str, ...]) -> None:
        answer = run("pnl", "--side", "long", "-n", "1", "-e", "1", "-x", "2", "--explain", *other)
        assert (answer.stdout, answer.status) == ("", 2)
        assert "--explain: excludes" in answer.stderr

    def test_with_fields_only_those_are_explained(self, run: Run) -> None:
        trade = ("pnl", "--side", "long", "-n", "10k", "-e", "62500", "-x", "64000", "--explain")
        text = run(*trade, "--field", "net_pnl,gross_pnl").stdout
        assert re.findall(r"^(\w+) = ", text, re.MULTILINE) == ["gross_pnl", "net_pnl"]
        answer = run(*trade, "--field", "nett_pnl")
        assert (answer.stdout, answer.status) == ("", 2)

    def test_check_says_how_it_judged(self, run: Run) -> None:
        trade = ("--side", "long", "-n", "10000", "--entry", "10000", "--leverage", "5")
        text = run("check", *trade, "--max-leverage", "3", "--explain").stdout
        assert (
            "    = 10000 / (10000 * (1 / 5 + 1 * 1 - 1 * 10000 / 10000))\n    value / equity, of the whole account"
            in text
        )
        assert "\nstatus = fail\n    passes where value <= limit\n" in text

    def test_check_puts_the_numbers_in(self, run: Run) -> None:
        trade = (
            *("--side", "long", "-n", "10000", "--entry", "61000", "--venue", "bybit@2026-01-01", "--leverage", "5"),
            *("--stop", "60000", "--funding-rate", "0.01%", "--vol", "60%", "--horizon", "7d"),
        )
        limits = (
            *("--max-leverage", "5", "--min-liquidation-distance", "3%", "--max-loss-at-stop", "9%"),
            *("--max-funding-per-day", "1%", "--max-notional-usd", "20k", "--max-touch-probability", "5%"),
        )
        text = run("check", *trade, *limits, "--explain").stdout
        for line in (
            "liquidation_price = 51,088",
            "    abs(liquidation_price - entry_price) / entry_price\n    = abs(51088 - 61000) / 61000\n",
            "V = 0.16393442\n    contracts / entry_price\n    = 10000 / 61000\n",
            "value = 10,000 USD\n    contracts\n    = 10000\n",
            "an estimate: a price without drift, in lognormal steps",
        ):
            assert line in text

    def test_what_cannot_be_judged_has_no_numbers(self, run: Run) -> None:
        trade = ("--side", "long", "-n", "10000", "--entry", "10000", "--leverage", "5")
        text = run("check", *trade, "--max-funding-per-day", "1%", "--explain").stdout
        assert "status = unknown\n" in text
        assert "value = " not in text


def test_a_scripted_call_does_not_import_the_steps() -> None:
    program = (
        "import sys; from perpcalc.__main__ import run; run(sys.argv[1:]); "
        "assert not [name for name in sys.modules if 'explain' in name or name.split('.')[0] in ('rich', 'pydantic')]"
    )
    position = ["--side", "long", "-n", "10", "-e", "100", "--leverage", "2"]
    for command in (["pnl", *position, "-x", "110"], ["liq-price", *position, "--mmr", "1%"]):
        done = subprocess.run(
            [sys.executable, "-c", program, *command, "--json"], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_the_terms_of_a_polynomial_stand_last_and_in_their_order(run: Run) -> None:
    told = run(
        "liq-price", "-v", "deribit", "-s", "long", "-n", "100000", "-e", "60000", "--balance", "0.5", "--explain"
    ).stdout
    heads = [line.partition(" = ")[0] for line in told.splitlines() if re.match(r"[a-z_]+ = ", line)]
    first = heads.index("a")
    assert heads[first : first + 3] == ["a", "b", "c"]
    assert "f" not in heads[first:]


def test_a_rounding_names_where_it_is_from(run: Run) -> None:
    position = ("--venue", "bybit", "--side", "long", "-n", "10000", "-e", "62500", "-l", "10")
    shown = run("liq-price", *position, "--explain").stdout
    assert re.search(r"rounded as the venue does: floor, 8 decimals\n +source: bybit-exchange/docs-legacy", shown)
