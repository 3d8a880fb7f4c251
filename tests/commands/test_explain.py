"""`--explain`: what it says is what was computed."""

import re
from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from perpcalc.cli.options import read, reader
from perpcalc.render.report import Report

from perpcalc.render.explain import explained, substituted

LONG = {"side": "long", "contracts": "10000", "entry": "62500"}
SHORT = {**LONG, "side": "short"}
FILLS = {"side": "long", "fill": ("3000@61000", "2000@62000", "500@60000.5")}
VENUES = ("binance", "bybit", "bybit@2024-10-01", "okx", "deribit", "kraken", "bitmex")

TIERS_KNOWN = tuple(venue for venue in VENUES if venue != "okx")
PNL: list[dict[str, Any]] = [
    {**LONG, "exit": "64000"},
    {**SHORT, "mark": "64000", "leverage": "3", "entry_fee": "0.02%", "exit_fee": "0.05%", "funding": "0.001"},
    {**FILLS, "exit": "64000", "margin": "0.01", "extra_margin": "0.002", "target_roe": "50%"},
    {**LONG, "exit": "64000", "leverage": "5", "extra_margin": "0.1", "target_pnl": "0.01"},
    *({**position, "exit": "64000", "venue": venue, "leverage": "5"} for venue in VENUES for position in (LONG, SHORT)),
    *({**FILLS, "fill": ("3000@61000", "2000@62000"), "exit": "64000", "venue": venue} for venue in VENUES),
]
LIQ_PRICE: list[dict[str, Any]] = [
    {**LONG, "leverage": "10", "mmr": "0.5%", "deduction": "0.0001"},
    {**SHORT, "leverage": "10", "mmr": "0.5%", "mm_basis": "entry", "closing_fee": "0.05%"},
    {**LONG, "balance": "0.5", "mmr": "0.5%", "closing_fee": "0.05%", "mark": "60000"},
    {**LONG, "contracts": "40000", "venue": "binance", "balance": "12"},
    {**SHORT, "contracts": "30000", "venue": "deribit", "balance": "1"},
    {**SHORT, "contracts": "30000", "venue": "deribit", "balance": "40"},
    {**LONG, "venue": "bybit", "leverage": "10", "extra_margin": "0.01"},
    *({**position, "venue": venue, "leverage": "5"} for venue in TIERS_KNOWN for position in (LONG, SHORT)),
    *({**position, "venue": venue, "balance": "0.05"} for venue in TIERS_KNOWN for position in (LONG, SHORT)),
    {**LONG, "venue": "okx", "leverage": "5", "mmr": "0.4%"},
]
SIZE: list[dict[str, Any]] = [
    {"entry": "62500", "stop": "60000", "balance": "1.5", "risk": "1%"},
    {"entry": "62500", "stop": "65000", "risk_usd": "500", "entry_fee": "0.02%", "slippage": "0.1%"},
    {"entry": "62500", "stop": "60000", "balance": "1.5", "risk": "90%", "max_leverage": "2"},
    {"entry": "62500", "stop": "60000", "balance": "1.5", "risk": "90%", "leverage": "2"},
    *({"entry": "62500", "stop": "60000", "balance": "2", "risk": "1%", "leverage": "3", "venue": v} for v in VENUES),
]
CASES = (
    [("pnl", case) for case in PNL] + [("liq_price", case) for case in LIQ_PRICE] + [("size", case) for case in SIZE]
)


def explain(command: str, case: dict[str, Any]) -> Report:
    """The explained answer of a command."""
    module = import_module(f"perpcalc.cli.{command}").COMMAND
    report: Report = module.answer(read(reader(module.options), {**case, "explain": True}))
    return report


ROUND = re.compile(r"round\(([^()]*)\)")
NUMBER = re.compile(r"(?<![\w.])\d+(\.\d+)?")


def evaluated(formula: str) -> Decimal | None:
    """The value of a formula with its numbers put in; None where it is in words."""
    bare = ROUND.sub(r"(\1)", formula).replace("^", "**")
    if re.search(r"[A-Za-z_]", bare.replace("sqrt", "")):
        return None
    text = NUMBER.sub(
        lambda match: f"Decimal('{match[0]}')" if "**" not in bare[: match.start()][-2:] else match[0], bare
    )
    value = eval(text, {"Decimal": Decimal, "sqrt": Decimal.sqrt, "__builtins__": {}})
    return Decimal(value)


@pytest.mark.parametrize(("command", "case"), CASES, ids=lambda value: str(value) if isinstance(value, str) else "")
def test_each_formula_gives_the_figure_up_to_the_venues_rounding(command: str, case: dict[str, Any]) -> None:
    (row,) = explain(command, case).rows
    checked = []
    for step in row.steps:
        value, told = row.values[step.field], evaluated(substituted(step, row))
        if told is None or value is None:
            continue
        assert isinstance(value, Decimal)
        step_size = Decimal("0.01") if step.field.endswith(("roe", "distance")) else Decimal("1e-4")
        if step.field == "contracts":
            assert Decimal(-1) < told - value < 100, step
        elif step.field == "tier":
            continue  # its formula is what the tier counts
        else:
            assert abs(told - value) <= step_size * abs(value) + Decimal("1e-7"), (step, told, value)
        checked.append(step.field)
    assert len(checked) >= (8 if command == "pnl" else 3)


@pytest.mark.parametrize("command", ["pnl", "liq_price", "size"])
def test_without_a_venue_the_formulas_are_exact(command: str) -> None:
    for case in {"pnl": PNL, "liq_price": LIQ_PRICE, "size": SIZE}[command]:
        if "venue" in case:
            continue
        (row,) = explain(command, case).rows
        for step in row.steps:
            value, told = row.values[step.field], evaluated(substituted(step, row))
            if isinstance(value, Decimal) and told is not None and step.field not in ("contracts", "tier"):
                assert abs(told - value) <= abs(value) * Decimal("1e-12") + Decimal("1e-15"), (step, told, value)


@pytest.mark.parametrize(("command", "case"), CASES)
def test_every_calculated_figure_has_its_step(command: str, case: dict[str, Any]) -> None:
    given = {
        "name", "account", "venue", "instrument", "currency", "side", "contracts", "contract_size", "notional_usd", "entry_price",
        "exit_price", "mark_price", "stop_price", "funding", "margin_mode", "mm_basis", "binding", "reason", "tier", "deduction",
        "closing_fee_rate",
    }  # fmt: skip
    (row,) = explain(command, case).rows
    stepped = {step.field for step in row.steps}
    assert {name for name, value in row.values.items() if value is not None} - given <= stepped


class TestText:
    def test_a_result_has_its_formula_its_numbers_its_convention_and_its_source(self, run: Callable[..., Any]) -> None:
        case = ("--side", "long", "-n", "40000", "--entry", "62500", "--venue", "binance", "--balance", "12")
        text = run("liq-price", *case, "--explain").stdout
        for line in (
            "liquidation_below = 54,120.22421235 USD",
            "(notional_usd * (s + mmr)) / (B + s * V + deduction)",
            "= (4000000 * (1 + 0.05)) / (12 + 1 * 64 + 1.605)",
            "the tier at the liquidation price: above 50 up to 100 BTC",
            "5 * (0.005 - 0.004) + 10 * (0.01 - 0.005) + 20 * (0.025 - 0.01) + 50 * (0.05 - 0.025)",
            "rounded as the venue does: down, 8 decimals",
            "(derived, from 2021-07-01)",
        ):
            assert line in text

    def test_extra_margin_that_counts_in_part_is_said(self) -> None:
        case = {**LONG, "venue": "bybit", "leverage": "10", "extra_margin": "0.01"}
        text = explained(explain("liq_price", case))
        assert "of extra margin only extra / (1 + s * taker fee) counts" in text
        assert "/ (0.025994503023337165 + 1 * 0.16)" in text  # 0.016 + 0.01/1.00055

    def test_never_shows_the_formula_that_has_no_answer(self) -> None:
        case = {"side": "short", "contracts": "1000", "entry": "100", "leverage": "1", "mmr": "0.5%"}
        text = explained(explain("liq_price", case))
        assert "liquidation_price = never\n    (notional_usd * (s + mmr)) / (B + s * V)\n" in text
        assert "reason: never" in text

    def test_a_rate_that_was_given_is_not_laid_on_the_venue(self) -> None:
        case = {**LONG, "exit": "64000", "venue": "bybit", "entry_fee": "0.01%", "exit_fee": "maker"}
        text = explained(explain("pnl", case))
        assert "the rate given" in text
        assert "the maker rate of the venue" in text

    def test_exact_leaves_the_rounding_out(self) -> None:
        case = {**LONG, "exit": "64000", "venue": "bybit", "exact": True}
        assert "rounded as the venue does" not in explained(explain("pnl", case))

    def test_a_whole_account_shows_the_sums_and_each_tier(self, run: Callable[..., Any], tmp_path: Any) -> None:
        (tmp_path / "p.toml").write_text(
            '[prices]\nBTC = 60_000\n[[accounts]]\nname = "a"\nvenue = "binance"\nbalance = 5\n'
            '[[positions]]\nname = "one"\naccount = "a"\nside = "long"\ncontracts = 10_000\nentry = 60_000\n'
            '[[positions]]\nname = "two"\naccount = "a"\nside = "short"\ncontracts = 1_000\nentry = 61_000\n'
        )
        text = run("liq-price", "-p", "p.toml", "--explain").stdout
        assert "maintenance of 1000000 USD: rate 0.025, tier 4, deduction 0.355" in text
        assert "maintenance of 100000 USD: rate 0.004, tier 1" in text
        shown = re.search(r"liquidation_below = ([\d,.]+) USD\n.*\n    = ([\d.]+) / ([\d.]+)\n", text)
        assert shown
        price, b, a = (Decimal(part.replace(",", "")) for part in shown.groups())
        assert abs(b / a - price) < Decimal("1e-7")

    def test_names_of_the_portfolio_cannot_steer_the_terminal(self, run: Callable[..., Any], tmp_path: Any) -> None:
        (tmp_path / "p.toml").write_text(
            '[[positions]]\nname = "\\u001b[31mred"\nside = "long"\ncontracts = 10\nentry = 100\nmark = 200\n'
        )
        text = run("pnl", "-p", "p.toml", "--explain").stdout
        assert "\x1b" not in text
        assert "\\x1b[31mred" in text

    @pytest.mark.parametrize("other", [("--json",), ("--field", "net_pnl"), ("-f", "csv")])
    def test_it_excludes_other_formats(self, run: Callable[..., Any], other: tuple[str, ...]) -> None:
        answer = run("pnl", "--side", "long", "-n", "1", "-e", "1", "-x", "2", "--explain", *other)
        assert (answer.stdout, answer.status) == ("", 2)
        assert "--explain: excludes" in answer.stderr

    def test_check_says_how_it_judged(self, run: Callable[..., Any]) -> None:
        trade = ("--side", "long", "-n", "10000", "--entry", "10000", "--leverage", "5")
        text = run("check", *trade, "--max-leverage", "3", "--explain").stdout
        assert "value = 5.00x" in text
        assert "status = fail\n    value <= limit\n    = 5 <= 3" in text

    def test_check_puts_the_numbers_in(self, run: Callable[..., Any]) -> None:
        trade = (
            "--side",
            "long",
            "-n",
            "10000",
            "--entry",
            "61000",
            "--venue",
            "bybit",
            "--leverage",
            "5",
            "--stop",
            "60000",
        )
        limits = (
            *("--max-leverage", "5", "--min-liquidation-distance", "3%", "--max-loss-at-stop", "9%", "--require-stop"),
            *(
                "--funding-rate",
                "0.01%",
                "--max-funding-per-day",
                "1%",
                "--stop-before-liquidation",
                "--max-notional-usd",
                "20k",
            ),
            *("--max-touch-probability", "5%", "--vol", "60%", "--horizon", "7d"),
        )
        text = run("check", *trade, *limits, "--explain").stdout
        for line in (
            "= 10000 / 61000 / (0.032786885245901639 + 0.163934426229508197 - 10000 / 61000)",
            "= |51088 - 61000| / 61000",
            "= (0.00009017 + 0.00009167 - (-0.00273224)) / 0.03278689",
            "= 1 * 0.0001 * 10000 / 61000 * 24 / 8 / 0.03278689",
            "= 60000 > 51088",
            "= 60000 < 61000",
            "= 10000 * 1",
            "from 61000 to 51088 or liquidation_above in 7 days, at 0.6 a year",
        ):
            assert line in text

    def test_what_cannot_be_judged_has_a_formula_without_numbers(self, run: Callable[..., Any]) -> None:
        trade = ("--side", "long", "-n", "10000", "--entry", "10000", "--leverage", "5")
        text = run("check", *trade, "--max-funding-per-day", "1%", "--explain").stdout
        assert "value = not known\n    s * rate * Q / mark * 24 / rate_hours / balance\n    each" in text
        assert "status = unknown\n    what it takes is not known, see the notes" in text


@pytest.mark.parametrize("venue", [*TIERS_KNOWN, "kucoin"])
@pytest.mark.parametrize("side", ["long", "short"])
def test_each_figure_of_a_stress_row_is_what_its_formula_gives(venue: str, side: str) -> None:
    case = {**LONG, "side": side, "contracts": "40000", "venue": venue, "leverage": "4", "extra_margin": "0.01"}
    report = explain("stress", {**case, "moves": "-10%,0,10%,90%,-50%"})
    for row in report.rows:
        for step in row.steps:
            value, told = row.values[step.field], evaluated(substituted(step, row))
            if isinstance(value, Decimal):
                assert told is not None, step
                assert abs(told - value) < Decimal("1e-10") * max(1, abs(value)), step
        fields = {name for name, value in row.values.items() if isinstance(value, Decimal)} - {"move"}
        assert fields == {step.field for step in row.steps} - {"status"}


@pytest.mark.parametrize("more", [{"leverage": "10"}, {"ratio": "150%"}, {}])
@pytest.mark.parametrize("venue", TIERS_KNOWN)
def test_the_liquidation_price_of_a_hedge_is_what_its_formula_gives(venue: str, more: dict[str, str]) -> None:
    (row,) = explain("hedge", {"holding": "20", "price": "62500", "venue": venue, "rate": "-0.01%", **more}).rows
    (step,) = (step for step in row.steps if step.field == "liquidation_price")
    price = row.values["liquidation_price"]
    if not isinstance(price, Decimal):
        assert "no price of the contract" in step.why
        return
    told = evaluated(substituted(step, row))
    assert told is not None
    assert abs(told - price) < price / 200, step  # a satoshi of a lot that is worth few of them


def test_extra_margin_is_not_spoken_of_where_there_is_none() -> None:
    assert "of extra margin" not in explained(explain("liq_price", {**LONG, "venue": "bybit", "leverage": "7"}))


def test_a_scripted_call_does_not_import_the_steps(run: Callable[..., Any]) -> None:
    program = (
        "import sys; from perpcalc.__main__ import run; run(sys.argv[1:]); "
        "assert not [name for name in sys.modules if 'explain' in name or name.split('.')[0] in ('rich', 'pydantic')]"
    )
    import subprocess
    import sys

    position = ["--side", "long", "-n", "10", "-e", "100", "--leverage", "2"]
    for command in (["pnl", *position, "-x", "110"], ["liq-price", *position, "--mmr", "1%"]):
        done = subprocess.run(
            [sys.executable, "-c", program, *command, "--json"], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
