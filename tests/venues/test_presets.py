"""Every preset that comes with the program: its format, its tiers, its dates, and what can be derived from it."""

import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import perpcalc.venues
from perpcalc.core.rules import Schedule
from perpcalc.venues import TOPICS, dates_as_text, find, in_force, names
from perpcalc.venues.schema import validate

FOLDER = Path(perpcalc.venues.__file__).parent
PRESETS = {path.stem: dates_as_text(tomllib.loads(path.read_text())) for path in sorted(FOLDER.glob("*.toml"))}
LISTED = [(venue, name) for venue, tables in PRESETS.items() for name in tables["instruments"]]


def rules(tables: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every dated rule of a venue."""
    for topic in TOPICS:
        yield from tables.get(topic, [])
        for instrument in tables["instruments"].values():
            yield from instrument.get(topic, [])


def days(tables: dict[str, Any]) -> set[str]:
    return {rule["from"] for rule in rules(tables)} | {""}


def schedules(venue: str, name: str) -> Iterator[Schedule]:
    """The schedules of an instrument on every day on which a rule of its venue changes."""
    for day in days(PRESETS[venue]):
        schedule = find(f"{venue}@{day}" if day else venue, name).instrument.schedule
        if schedule is not None:
            yield schedule


def test_the_ten_venues_are_there() -> None:
    assert set(PRESETS) == set("binance bybit okx deribit kraken bitmex phemex kucoin gate coinex".split())
    assert set(PRESETS) <= set(names())


@pytest.mark.parametrize("venue", PRESETS)
def test_a_preset_follows_the_format(venue: str) -> None:
    validate(PRESETS[venue])
    assert PRESETS[venue]["name"] == venue


@pytest.mark.parametrize("venue", PRESETS)
def test_every_value_has_a_source_and_a_confidence(venue: str) -> None:
    count = 0
    for rule in rules(PRESETS[venue]):
        count += 1
        assert len(rule["source"]) > 8
        assert rule["confidence"] in ("published", "derived", "inferred")
    assert count >= 3


@pytest.mark.parametrize("venue", PRESETS)
def test_no_rule_is_younger_than_what_is_known_and_changes_come_in_order(venue: str) -> None:
    tables = PRESETS[venue]
    assert max(rule["from"] for rule in rules(tables)) <= tables["known_until"]
    changes = [change["date"] for change in tables.get("changes", [])]
    assert changes == sorted(changes)


@pytest.mark.parametrize(("venue", "name"), LISTED)
def test_tiers_rise_and_a_deduction_makes_the_margin_continuous(venue: str, name: str) -> None:
    for schedule in schedules(venue, name):
        for below, above in zip(schedule.tiers, schedule.tiers[1:], strict=False):
            assert below.limit is not None
            assert above.rate > below.rate
            assert above.limit is None or above.limit > below.limit
            if schedule.marginal:
                at_border = below.limit * below.rate - below.deduction
                assert below.limit * above.rate - above.deduction == at_border
            else:
                assert above.deduction == 0
        assert all(0 < tier.rate < 1 for tier in schedule.tiers)


@pytest.mark.parametrize(("venue", "name"), LISTED)
def test_initial_rates_exceed_maintenance_rates_and_allow_the_largest_leverage(venue: str, name: str) -> None:
    for rule in PRESETS[venue]["instruments"][name].get("margin", []):
        if "initial_rates" not in rule:
            continue
        initial = [Decimal(text.rstrip("%")) / 100 for text in rule["initial_rates"]]
        maintenance = [Decimal(text.rstrip("%")) / 100 for text in rule["rates"]]
        assert len(initial) == len(maintenance)
        assert all(one > other for one, other in zip(initial, maintenance, strict=True))
        highest = find(f"{venue}@{rule['from']}", name).instrument.max_leverage
        assert highest is None or highest <= round(1 / initial[0], 2)


@pytest.mark.parametrize(("venue", "name"), LISTED)
def test_an_instrument_can_be_found_on_every_day(venue: str, name: str) -> None:
    for day in days(PRESETS[venue]):
        instrument = find(f"{venue}@{day}" if day else venue, name).instrument
        assert instrument.contract_size > 0
        assert instrument.taker_fee is None or abs(instrument.taker_fee) < Decimal("0.01")
        assert instrument.funding is None or instrument.funding.interval > 0


def test_the_binance_deductions_are_the_printed_ones() -> None:
    """Source: Binance faq ceccfcfb4e3a45e3b48b0b1bb1a8ae46, both versions; level 7 printed in each."""
    now = find("binance").instrument.schedule
    old = find("binance@2020-09-01").instrument.schedule
    assert now is not None
    assert old is not None
    assert now.tiers[6].deduction == Decimal("11.605")
    assert old.tiers[6].deduction == Decimal("11.81")


def test_a_bitmex_tier_rises_with_every_step_until_the_rate_is_whole() -> None:
    schedule = find("bitmex").instrument.schedule
    assert schedule is not None
    assert [(tier.limit, tier.rate) for tier in schedule.tiers[:3]] == [
        (Decimal(200), Decimal("0.005")),
        (Decimal(350), Decimal("0.01")),
        (Decimal(500), Decimal("0.015")),
    ]
    assert schedule.tiers[-1].rate < 1 <= schedule.tiers[-1].rate + Decimal("0.005")


def test_a_rule_holds_from_its_day_until_the_next() -> None:
    rows = [{"from": "2021-01-01", "taker": "1"}, {"from": "2022-01-01", "taker": "2"}]
    assert in_force(rows, "2021-12-31") == (rows[0], False)
    assert in_force(rows, "2022-01-01") == (rows[1], False)
    assert in_force(rows, "2020-12-31") == (rows[0], True)
    assert in_force(rows, "") == (rows[1], False)


def test_the_liquidation_formula_of_bybit_changes_on_its_day() -> None:
    before, after = find("bybit@2025-09-01").instrument.schedule, find("bybit@2025-09-02").instrument.schedule
    assert before is not None
    assert after is not None
    assert (before.basis, after.basis) == ("entry", "mark")
    assert (before.tiers, before.marginal) == (after.tiers, True)


def test_a_day_before_the_first_known_takes_the_earliest_rules_and_says_so() -> None:
    found = find("kraken@2010-01-01")
    assert found.instrument.contract_size == 1
    assert any("earliest known" in note for note in found.notes)


@pytest.mark.parametrize(
    ("spec", "word"), [("bitmex", "closed"), ("deribit", "2026-08-05"), ("bybit@2024-06-01", "2025-09-02")]
)
def test_what_changed_since_the_rules_used_is_noted(spec: str, word: str) -> None:
    assert any(word in note for note in find(spec).notes)


@pytest.mark.parametrize("spec", ["bybit", "binance", "okx", "kraken"])
def test_the_newest_rules_of_an_open_venue_need_no_note(spec: str) -> None:
    assert find(spec).notes == ()
