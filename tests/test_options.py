"""The options of all commands: each is one thing everywhere, by one name and one letter, read by one reader."""

from collections import defaultdict

import pytest
from cases import CALLS

from perpcalc import decimals, grammar
from perpcalc.commands.lines import NO_KEYS
from perpcalc.decimals import positive
from perpcalc.errors import PerpcalcError
from perpcalc.given import Option
from perpcalc.names import QUESTIONS

OPTIONS: list[tuple[tuple[str, ...], Option[object]]] = [
    (words, option) for words, command in CALLS.items() for option in command.options
]
BY_NAME: dict[str, list[Option[object]]] = defaultdict(list)
for _, one in OPTIONS:
    BY_NAME[one.name].append(one)
CHARGES = {
    "entry_fee", "exit_fee", "rate", "premium", "closing_fee", "funding_rate", "liquidation_fee",
}  # fmt: skip
"""The rates of which a bare 0.01 may mean a hundredth of what it says."""

ALIKE = {
    "funding": "paid and received, in coin; of fills a file of it",
    "history": "a file; of replay one of each coin",
}
"""What is said in two ways, as it has to be told of more in one command than in the other."""


@pytest.mark.parametrize("words", CALLS, ids="-".join)
def test_a_command_has_each_option_once_and_each_letter_once(words: tuple[str, ...]) -> None:
    names = [option.name for option in CALLS[words].options]
    letters = [option.short for option in CALLS[words].options if option.short]
    assert len(set(names)) == len(names)
    assert len(set(letters)) == len(letters)
    assert "h" not in letters


@pytest.mark.parametrize("name", BY_NAME)
def test_an_option_is_the_same_in_every_command(name: str) -> None:
    kept = {(option.read, option.many, option.flag, option.choices) for option in BY_NAME[name] if not option.argument}
    assert len(kept) <= 1 or name in ALIKE
    assert len({option.short for option in BY_NAME[name] if not option.argument}) <= 1


def test_a_letter_is_the_same_option_in_every_command() -> None:
    by_letter: dict[str, set[str]] = defaultdict(set)
    for _, option in OPTIONS:
        if option.short:
            by_letter[option.short].add(option.name)
    assert {letter: names for letter, names in by_letter.items() if len(names) > 1} == {}


@pytest.mark.parametrize("name", BY_NAME)
def test_an_option_is_named_as_keys_are_and_described(name: str) -> None:
    assert name.isidentifier() or name == "for"
    assert name == name.lower()
    for option in BY_NAME[name]:
        assert option.help[-1] in ".)"
        assert option.flag == (not option.metavar)
        assert option.complete in ("", "file", "venue", "instrument", "command")
        assert option.argument or option.env == {
            "venue": "PERPCALC_VENUE",
            "portfolio": "PERPCALC_PORTFOLIO",
            "format": "PERPCALC_FORMAT",
        }.get(name, "")


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_key_of_a_line_is_taken_for_what_names_the_question(question: str) -> None:
    assert not {"command", "id"} & {option.name for option in CALLS[tuple(question.split())].options} - NO_KEYS


def test_a_fee_and_a_rate_need_their_unit_where_it_is_not_clear() -> None:
    unclear = {
        name
        for name, (option, *_) in BY_NAME.items()
        if option.read in (decimals.charge, decimals.charge_from_zero, grammar.fee)
    }
    assert unclear == CHARGES
    for name in CHARGES:
        read = BY_NAME[name][0].read
        for text in ("0.01", "0.02", "1", "5"):
            with pytest.raises(PerpcalcError) as caught:
                read(text)
            assert caught.value.line().startswith(f"'{text}' is not clear as a rate: write {text}% or ") or (
                caught.value.line()
                == f"'{text}' is not clear as a rate: write {decimals.plain(positive(text) * 100)}% or {text}%"
            )
        assert read("0.0005") == read("0.05%") == read("5bp") == decimals.number("0.0005")
        assert read("1%") == decimals.number("0.01")


def test_a_leverage_may_have_its_x() -> None:
    leverages = {name for name, (option, *_) in BY_NAME.items() if option.read is decimals.leverage}
    assert leverages == {"leverage", "max_leverage"}
    assert decimals.leverage("10x") == decimals.leverage("10X") == decimals.leverage("10") == 10
    for bad in ("x", "10xx", "x10", "10 x", "-10x", "0x"):
        with pytest.raises(PerpcalcError):
            decimals.leverage(bad)
