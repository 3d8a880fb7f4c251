"""`--explain` of size, hedge, solve and plan: each computed figure has a step, and each step leads to its figure."""

import random
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from evaluation import agrees
from explain.test_questions import is_given

from perpcalc.commands.command import Result, asked
from perpcalc.commands.registry import command_named
from perpcalc.errors import PerpcalcError
from perpcalc.explain import explain
from perpcalc.given import read, reader
from perpcalc.trace import Traced

from .accounts import UNIFIED, WALLETS

VENUES = (None, "binance", "bybit", "deribit", "bitmex", "kraken", "kucoin", "gate", "phemex")
COMMANDS = (
    "size", "hedge", "plan",
    "solve margin", "solve leverage", "solve contracts", "solve add", "solve close", "solve entry", "solve price",
)  # fmt: skip
QUESTIONS = 8
IN_ACCOUNTS: list[tuple[str, dict[str, Any]]] = [
    ("size", {"account": "main", "entry": "62500", "stop": "60000", "risk": "1%"}),
    ("size", {"account": "main", "entry": "62500", "stop": "60000", "risk": "80%"}),
    ("size", {"account": "main", "entry": "62500", "side": "short", "leverage": "5", "max_open": True}),
    ("hedge", {"account": "main", "rate": "0.01%", "ratio": "50%"}),
    (
        "plan",
        {
            "account": "main",
            "side": "long",
            "order": ["500@62500", "100@58000"],
            "take": ["50%@70000"],
            "stop": "50000",
        },
    ),
    ("solve margin", {"position": "core", "liquidation": "45000"}),
    ("solve close", {"position": "core", "margin_ratio": "0.1%"}),
    ("solve add", {"position": "core", "at": "60000", "liquidation": "45000"}),
    ("solve price", {"position": "core", "equity_usd": "50000"}),
]


class Asking:
    """Random questions to a command; the same seed asks the same."""

    def __init__(self, command: str, seed: int) -> None:
        self.command = command
        self.chance = random.Random(f"{command} {seed}")

    def near(self, price: int, low: int = 70, high: int = 130) -> str:
        return str(price * self.chance.randint(low, high) // 100)

    def question(self) -> dict[str, Any]:
        chance, side = self.chance, self.chance.choice(["long", "short"])
        sign = 1 if side == "long" else -1
        made: dict[str, Any] = {}
        if (venue := chance.choice(VENUES)) is not None:
            made["venue"] = venue
        if venue is None or chance.random() < 0.2:
            made["mmr"] = chance.choice(["0.5%", "1%", "2%"])
        entry = chance.randint(50_000, 70_000)
        lossy = str(entry - sign * chance.randint(3_000, 12_000))
        backed = chance.choice([{"leverage": str(chance.randint(1, 5))}, {"margin": "0.4"}, {"balance": "0.5"}])
        if self.command == "size":
            risk = chance.choice([{"risk_coin": "0.02"}, {"risk_usd": "900"}, {"risk": "30%"}])
            made |= {"entry": str(entry), "stop": lossy, "balance": "0.7", **risk}
            return made | ({"leverage": str(chance.randint(1, 4))} if chance.random() < 0.5 else {})
        if self.command == "hedge":
            made |= {
                "holding": str(sign * chance.randint(1, 9)),
                "price": str(entry),
                "rate": "0.005%",
                "interval": "8h",
            }
            return made | ({"leverage": "3", "ratio": "70%"} if chance.random() < 0.5 else {})
        made["side"] = side
        if self.command == "plan":
            made["order"] = [f"{chance.randint(1, 9)}000@{entry}", f"3000@{entry - sign * 500}"]
            made["take"] = [f"50%@{entry + sign * 6_000}"]
            return made | {"stop": str(entry - sign * 9_000), **backed}
        contracts, at = {"contracts": f"{chance.randint(1, 9)}000"}, {"entry": str(entry)}
        mark = {"mark": str(entry - sign * chance.randint(1, 900))}
        goal = chance.choice([{"liquidation": lossy}, {"margin_ratio": chance.choice(["2%", "10%"])}])
        return made | {
            "solve margin": {**contracts, **at, **mark, **backed, **goal},
            "solve leverage": {**contracts, **at, "liquidation": lossy},
            "solve contracts": {**at, "balance": "0.5", "liquidation": lossy},
            "solve add": {**contracts, **at, **mark, **backed, "at": self.near(entry, 95, 105), "liquidation": lossy},
            "solve close": {**contracts, **at, **mark, "balance": "0.02", "liquidation": lossy},
            "solve entry": {**contracts, "leverage": "4", "liquidation": lossy},
            "solve price": {**contracts, **at, **mark, **backed, "margin_ratio": "30%"},
        }[self.command]  # fmt: skip


def answered(command: str, question: Mapping[str, Any], explained: bool = True) -> Result:
    found = command_named(command)
    raw = {**question, **({"explain": True} if explained else {})}
    return asked(found, read(reader(found.options, environment=False), raw))


def check(command: str, question: Mapping[str, Any]) -> int:
    """The number of steps, each of which leads to its figure."""
    traced, plain = answered(command, question), answered(command, question, explained=False)
    count = 0
    for row, same in zip(traced.rows, plain.rows, strict=True):
        figures, beside = row.answer._asdict(), row.answer.explained
        assert {name: str(value) for name, value in figures.items()} == {
            name: str(value) for name, value in same.answer._asdict().items()
        }, question
        steps = explain(figures, {**row.answer.whys, **beside.whys}, named=beside.named, own=row.place)
        for step in steps:
            if step.expression is not None:
                assert agrees(step), f"{question}: {step.field} = {step.value}: {step.formula}"
                count += 1
        told = {step.field for step in steps if step.expression is not None}
        for name, value in figures.items():
            if isinstance(value, Decimal) and value not in (0, 1) and name not in (*told, "step"):
                assert isinstance(value, Traced), f"{question}: the trail of {name} ends"
                assert is_given(value), f"{question}: {name}"
    return count


@pytest.mark.parametrize("command", COMMANDS)
def test_each_computed_figure_has_a_step_that_leads_to_it(command: str) -> None:
    steps = answers = 0
    for seed in range(QUESTIONS):
        try:
            steps += check(command, Asking(command, seed).question())
            answers += 1
        except PerpcalcError:
            continue
    assert answers >= QUESTIONS // 3
    assert steps > 2 * answers


@pytest.mark.parametrize(("command", "question"), IN_ACCOUNTS)
def test_so_it_is_in_an_account(command: str, question: dict[str, Any], tmp_path: Path) -> None:
    book = tmp_path / "book.toml"
    book.write_text(WALLETS)
    assert check(command, {"portfolio": str(book), **question}) > 2


@pytest.mark.parametrize(
    ("command", "question"),
    [
        ("hedge", {"account": "uta", "ratio": "50%"}),
        ("size", {"account": "uta", "instrument": "BTC", "entry": "100000", "stop": "90000", "risk": "1%"}),
        ("size", {"account": "uta", "instrument": "BTC", "entry": "100000", "stop": "80000", "risk": "90%"}),
        (
            "size",
            {
                "account": "uta",
                "instrument": "BTC",
                "entry": "100000",
                "side": "long",
                "leverage": "9",
                "max_open": True,
            },
        ),
        ("solve margin", {"position": "core", "margin_ratio": "2%"}),
        ("solve margin", {"position": "core", "liquidation": "80000"}),
        ("solve close", {"position": "core", "margin_ratio": "0.7%"}),
        ("solve price", {"position": "core", "margin_ratio": "10%"}),
        ("solve price", {"position": "core", "equity_usd": "80000"}),
    ],
)
def test_so_it_is_with_several_coins(command: str, question: dict[str, Any], tmp_path: Path) -> None:
    book = tmp_path / "book.toml"
    book.write_text(UNIFIED)
    assert check(command, {"portfolio": str(book), **question}) > 2
