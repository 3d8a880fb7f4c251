"""Loading a venue: which file is read, which rules are in force, and what is said of a name that is not known."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perpcalc.core.rounding import EXACT
from perpcalc.core.rules import NO_CLOSING_FEE, ClosingFee, Schedule, Tier
from perpcalc.errors import PerpcalcError
from perpcalc.venues import HERE, dates_as_text, find, instrument_of, load, merged, names

TOPICS: dict[str, dict[str, Any]] = {
    "contract": {"size": "100"},
    "fees": {},
    "funding": {},
    "margin": {},
    "liquidation": {},
    "rounding": {},
}


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's own venues, not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "perpcalc" / "venues"


def write(own: Path, name: str, text: str) -> Path:
    own.mkdir(parents=True, exist_ok=True)
    path = own / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(spec: str, instrument: str | None = None) -> str:
    with pytest.raises(PerpcalcError) as error:
        find(spec, instrument)
    return str(error.value)


def made(**topics: dict[str, Any]) -> Any:
    """The instrument that some rules make."""
    return instrument_of("mine", "BTC", {"instruments": {"BTC": {"currency": "BTC"}}}, {**TOPICS, **topics})


def test_without_files_of_ones_own_the_presets_are_known() -> None:
    assert names() == sorted(path.stem for path in HERE.glob("*.toml"))
    assert load("okx").path == HERE / "okx.toml"


def test_a_file_of_ones_own_adds_a_venue_or_goes_before_the_preset(own: Path) -> None:
    text = (HERE / "okx.toml").read_text(encoding="utf-8")
    mine = write(own, "mine", text)
    other = write(own, "okx", text.replace('title = "', 'title = "my '))
    assert "mine" in names()
    assert names().count("okx") == 1
    assert load("mine").path == mine
    assert load("okx").path == other
    assert load("okx").tables["title"].startswith("my ")


def test_a_home_without_settings_is_looked_at_too(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    path = write(tmp_path / ".config" / "perpcalc" / "venues", "mine", (HERE / "okx.toml").read_text(encoding="utf-8"))
    assert load("mine").path == path


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("binnance", "'binnance' is not a known venue: give binance"),
        ("../okx", "'../okx' is not a known venue: give okx"),
        ("okx@yesterday", "'okx@yesterday' does not end in a date: write NAME@YYYY-MM-DD, as in bybit@2024-06-01"),
        ("okx@2024-02-30", "'okx@2024-02-30' does not end in a date: write NAME@YYYY-MM-DD, as in bybit@2024-06-01"),
        ("okx@", "'okx@' does not end in a date: write NAME@YYYY-MM-DD, as in bybit@2024-06-01"),
    ],
)
def test_a_venue_or_a_day_that_is_not_known_is_refused(spec: str, message: str) -> None:
    assert refusal(spec) == message


def test_an_instrument_that_is_not_listed_is_refused_with_the_one_that_is_meant() -> None:
    assert refusal("binance", "BTCUSD_PREP").startswith("binance has no instrument 'BTCUSD_PREP': give BTCUSD_PERP")


def test_rules_that_do_not_fit_together_are_named_by_venue_and_instrument(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = dict(load("okx").tables)
    symbol = tables["default"]
    wrong = {"from": "2099-01-01", "source": "a", "confidence": "inferred", "limits": ["1", "2"]}
    listed = {**tables["instruments"][symbol], "margin": [wrong]}
    broken = {**tables, "instruments": {symbol: listed}, "margin": []}
    monkeypatch.setattr("perpcalc.venues._read", lambda path: broken)
    assert refusal("okx") == (
        f"okx, {symbol}: as many rates as limits are needed, or one more: the last rate has no limit"
    )


def test_a_rule_of_an_instrument_stands_over_that_of_its_venue() -> None:
    general = {"maker": "1%", "taker": "2%", "source": "a", "confidence": "published"}
    special = {"taker": "3%", "source": "b", "confidence": "inferred", "note": "c"}
    assert merged({}, special) == special
    assert merged(general, special) == {
        "maker": "1%",
        "taker": "3%",
        "source": "a; b",
        "confidence": "inferred",
        "note": "c",
    }


def test_dates_and_numbers_are_text_once_read() -> None:
    import datetime

    day = datetime.date(2024, 6, 1)
    assert dates_as_text({"a": [day, 1, True, "x"]}) == {"a": ["2024-06-01", "1", True, "x"]}


def test_what_a_file_does_not_say_is_not_assumed() -> None:
    plain = made()
    assert (plain.lot, plain.tick, plain.taker_fee, plain.schedule, plain.funding) == (1, None, None, None, None)
    assert plain.rounding == EXACT
    assert plain.isolated_closing_fee == plain.cross_closing_fee == NO_CLOSING_FEE


@pytest.mark.parametrize(
    ("where", "fee"),
    [
        ("none", NO_CLOSING_FEE),
        ("at liquidation", ClosingFee(Decimal("0.0005"))),
        ("at bankruptcy", ClosingFee(Decimal("0.0005"), at_bankruptcy=True)),
        ("liquidation fee at liquidation", ClosingFee(Decimal("0.003"))),
    ],
)
def test_the_closing_fee_is_the_taker_s_or_that_of_liquidation(where: str, fee: ClosingFee) -> None:
    fees, liquidation = {"taker": "0.05%"}, {"fee": "0.3%"}
    found = made(fees=fees, liquidation=liquidation, margin={"isolated_closing_fee": where})
    assert (found.isolated_closing_fee, found.cross_closing_fee) == (fee, NO_CLOSING_FEE)


def test_tiers_are_of_the_whole_position_or_marginal_with_deductions() -> None:
    rates = {"rates": ["1%", "3%"], "limits": ["5"]}
    assert made(margin=rates).schedule == Schedule(
        (Tier(Decimal(5), Decimal("0.01")), Tier(None, Decimal("0.03"))), marginal=False
    )
    assert made(margin={**rates, "marginal": True}).schedule == Schedule(
        (Tier(Decimal(5), Decimal("0.01")), Tier(None, Decimal("0.03"), Decimal("0.1")))
    )


def test_tiers_by_steps_rise_until_the_rate_is_whole() -> None:
    steps = {"first_limit": "10", "limit_step": "5", "first_rate": "40%", "rate_step": "25%"}
    schedule = made(margin=steps).schedule
    assert [(tier.limit, tier.rate) for tier in schedule.tiers] == [
        (10, Decimal("0.4")),
        (15, Decimal("0.65")),
        (20, Decimal("0.9")),
    ]


@pytest.mark.parametrize(
    ("margin", "message"),
    [
        ({"first_limit": "10"}, "first_limit, limit_step, first_rate and rate_step go together, without rates"),
        (
            {"first_limit": "1", "limit_step": "1", "first_rate": "1%", "rate_step": "0%"},
            "rate_step makes no tiers, or more than 1000: give a larger one",
        ),
        (
            {"first_limit": "1", "limit_step": "1", "first_rate": "100%", "rate_step": "1%"},
            "rate_step makes no tiers, or more than 1000: give a larger one",
        ),
        ({"rates": ["1%", "2%", "3%"], "limits": ["5"]}, "as many rates as limits are needed, or one more"),
    ],
)
def test_tiers_that_do_not_fit_together_are_refused(margin: dict[str, Any], message: str) -> None:
    with pytest.raises(PerpcalcError, match=message):
        made(margin=margin)
