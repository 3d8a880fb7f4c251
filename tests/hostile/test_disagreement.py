"""Options that disagree: no call is answered as if one of them had not been given."""

from pathlib import Path

import pytest
from cases import CALLS, LONG, arguments_of, flag, folder, refilled, refusal

from perpcalc import decimals, grammar
from perpcalc.given import Excludes, Needs, Option

__all__ = ["folder"]

SOLD = ["--entry", "62500", "--stop", "60000"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["pnl", *LONG, "--exit", "1", "--mark", "1"],
        ["pnl", *LONG, "--exit", "1", "--target-roe", "1%", "--target-pnl", "1"],
        ["pnl", "--side", "long", "--entry", "1", "--exit", "1", "--contracts", "1", "--usd", "1"],
        ["pnl", "--side", "long", "--entry", "1", "--exit", "1", "--contracts", "1", "--coin", "1"],
        ["pnl", "--side", "long", "--exit", "1", "--entry", "1", "--usd", "1", "--coin", "1"],
        ["pnl", "--side", "long", "--exit", "1", "--fill", "1@1", "--contracts", "1"],
        ["pnl", "--side", "long", "--exit", "1", "--fill", "1@1", "--usd", "1"],
        ["pnl", "--side", "long", "--exit", "1", "--fill", "1@1", "--coin", "1"],
        ["pnl", "--side", "long", "--exit", "1", "--fill", "1@1", "--entry", "1"],
        ["liq-price", *LONG, "--mmr", "1%", "--leverage", "1", "--margin", "1"],
        ["liq-price", *LONG, "--mmr", "1%", "--margin", "1", "--balance", "1"],
        ["liq-price", *LONG, "--mmr", "1%", "--leverage", "1", "--balance", "1", "--extra-margin", "1"],
        ["liq-price", *LONG, "--mmr", "1%", "--extra-margin", "1", "--leverage or --margin"],
        ["liq-price", *LONG, "--leverage", "5", "--deduction", "1", "--mmr"],
        ["liq-price", *LONG, "--leverage", "5", "--mmr", "1%", "--vol", "1%", "--horizon"],
        ["liq-price", *LONG, "--leverage", "5", "--mmr", "1%", "--horizon", "1d", "--vol"],
        ["liq-price", *LONG, "--leverage", "5", "--mmr", "1%", "--mark-interval", "1m", "--vol"],
        ["pnl", *LONG, "--exit", "1", "--instrument", "X", "--venue"],
        ["pnl", "--exit", "1", "--portfolio", "book.toml", "--side", "long"],
        ["pnl", *LONG, "--exit", "1", "--json", "--format", "csv"],
        ["pnl", *LONG, "--exit", "1", "--json", "--field", "side"],
        ["pnl", *LONG, "--exit", "1", "--json", "--explain"],
        ["funding-cost", *LONG, "--mark", "1", "--rate", "1%", "--premium", "1%"],
        ["funding-cost", *LONG, "--mark", "1", "--rate", "1%", "--premium-samples", "samples.csv"],
        ["funding-cost", *LONG, "--mark", "1", "--rate", "1%", "--history", "history.csv"],
        ["funding-cost", *LONG, "--mark", "1", "--premium", "1%", "--index", "1"],
        ["funding-cost", *LONG, "--history", "history.csv", "--for", "1d"],
        ["funding-cost", *LONG, "--history", "history.csv", "--intervals", "1"],
        ["funding-cost", *LONG, "--mark", "1", "--rate", "1%", "--for", "1d", "--intervals", "1"],
        ["size", *SOLD, "--balance", "1", "--risk", "1%", "--risk-coin", "1"],
        ["size", *SOLD, "--balance", "1", "--risk", "1%", "--risk-usd", "1"],
        ["size", *SOLD, "--balance", "1", "--risk-coin", "1", "--risk-usd", "1"],
        ["size", *SOLD, "--risk", "1%", "--balance"],
        ["size", *SOLD, "--risk", "1%", "--account", "a", "--portfolio"],
        ["size", *SOLD, "--risk", "1%", "--portfolio", "book.toml", "--account", "a", "--balance", "1"],
        ["size", *SOLD, "--risk", "1%", "--portfolio", "book.toml", "--account", "a", "--venue", "bybit"],
        ["size", *SOLD, "--risk", "1%", "--portfolio", "book.toml", "--account", "binance-btc", "--currency", "ETH"],
        ["stress", *LONG, "--leverage", "5", "--mmr", "1%", "--moves", "1%", "--from", "1%"],
        ["stress", *LONG, "--leverage", "5", "--mmr", "1%", "--moves", "1%", "--steps", "3"],
        ["stress", *LONG, "--leverage", "5", "--mmr", "1%", "--from", "1%", "--to", "3%", "--steps"],
        ["stress", *LONG, "--leverage", "5", "--mmr", "1%", "--chart", "--json"],
        ["stress", *LONG, "--leverage", "5", "--mmr", "1%", "--chart", "--format", "csv"],
        ["stress", *LONG, "--leverage", "5", "--mmr", "1%", "--chart", "--field", "price"],
        ["check", *LONG, "--max-leverage", "5", "--account", "a", "--portfolio"],
        ["check", *LONG, "--portfolio", "book.toml", "--balance", "1"],
        ["check", "-p", "book.toml", "--account", "binance-btc", *LONG, "--venue", "bybit", "--account"],
        ["portfolio", "add", "book.toml", "--name", "x", *LONG, "--account", "binance-btc", "--venue", "bybit"],
        ["portfolio", "add", "book.toml", "--name", "x", *LONG, "--account", "binance-btc", "--currency", "BTC"],
        ["portfolio", "import", "positions.json", "--into", "book.toml", "--account", "binance-btc", "--venue", "bybit"],
        ["venues", "show", "bybit", "--toml", "--json"],
    ],
    ids=lambda arguments: " ".join([arguments[0], *(part for part in arguments if part.startswith("--"))]),
)  # fmt: skip
def test_options_that_disagree_are_both_named(folder: Path, arguments: list[str]) -> None:
    """The last two long options of each call are the two; one that stands last without a value is the one that is missing."""
    refilled(folder)
    *_, one, other = [part for part in arguments if part.startswith("--")]
    asked = arguments
    if arguments[-1].startswith("--") and arguments[-1] not in ("--json", "--explain"):
        asked = arguments[:-1]
    message = refusal(*asked)
    assert one in message
    assert other in message


PAIRS = [
    (words, rule.option, other)
    for words, command in CALLS.items()
    for rule in command.rules
    if isinstance(rule, Excludes)
    for other in rule.others
    if {rule.option.name, other.name} <= {one.name for one in command.options}
]


@pytest.mark.parametrize(
    ("words", "option", "other"), PAIRS, ids=lambda part: part.name if isinstance(part, Option) else "-".join(part)
)
def test_every_pair_that_a_command_declares_is_refused(
    folder: Path, words: tuple[str, ...], option: Option[object], other: Option[object]
) -> None:
    refilled(folder)
    command = CALLS[words]
    asked = [option, other, *(one for one in command.options if one.argument)]
    for rule in (rule for _ in range(2) for rule in command.rules if isinstance(rule, Needs)):
        if rule.option in asked and not {*rule.others, *rule.unless} & {*asked}:
            asked.append(rule.others[0])
    message = refusal(*arguments_of(words, {one.name: sample(one) for one in asked}))
    assert " excludes " in message
    assert flag(option) in message or flag(other) in message


def sample(option: Option[object]) -> str:
    """What an option takes."""
    return option.choices[0] if option.choices else SAMPLES.get(option.read, "book.toml")


SAMPLES = {
    decimals.positive: "62500", decimals.positive_amount: "10", decimals.amount: "1", decimals.amount_from_zero: "1",
    decimals.rate: "1%", decimals.rate_from_zero: "1%", decimals.charge: "1%", decimals.charge_from_zero: "1%",
    decimals.duration: "8h", decimals.count: "3", decimals.number: "1", decimals.leverage: "5", grammar.fee: "1%",
    grammar.fill: "5@62500", grammar.take: "5@62500", grammar.coin: "BTC", grammar.move: "1%", grammar.moves: "1%,2%",
    grammar.coin_move: "BTC=1%", grammar.beta: "ETH=1", grammar.coin_file: "marks.csv", grammar.fields: "side",
    grammar.time: "2024-06-01", grammar.label: "core long", grammar.multiple: "2", str: "bybit",
}  # fmt: skip
"""By reader what it takes; a file for all others."""


def test_an_option_that_disagrees_with_the_venue_names_its_value(folder: Path) -> None:
    bybit = ["pnl", *LONG, "--exit", "1", "--venue", "bybit"]
    assert (
        refusal(*bybit, "--contract-size", "5") == "--contract-size: BTCUSD is 1 USD per contract, not 5: leave one out"
    )
    assert "BTCUSD settles in BTC" in refusal(*bybit, "--currency", "XRP")
    assert (
        refusal(*bybit, "--leverage", "101")
        == "--leverage: 101 is above the largest of BTCUSD at bybit: give at most 100"
    )


def test_a_number_is_no_command_and_no_option(folder: Path) -> None:
    assert "no such command" in refusal("-5") or "No such option" in refusal("-5")
    assert "No such option: -5" in refusal("pnl", "-5")
