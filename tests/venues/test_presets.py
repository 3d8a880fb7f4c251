"""Every preset that comes with the program: its format, its tiers, its dates, and what can be derived from it."""

import json
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perpcalc.core.initial import largest_leverage, largest_size
from perpcalc.core.rules import Schedule, tier_index
from perpcalc.venues import TOPICS, find, load, names
from perpcalc.venues.facts import leverages
from perpcalc.venues.schema import validated
from perpcalc.venues.tables import HERE, dates_as_text, in_force

PRESETS = {path.stem: dates_as_text(tomllib.loads(path.read_text())) for path in sorted(Path(HERE).glob("*.toml"))}
BRACKETS = json.loads((Path(__file__).parents[1] / "data" / "binance_brackets.json").read_text())
LISTED = [(venue, name) for venue, tables in PRESETS.items() for name in tables["instruments"]]


def rules(tables: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every dated rule of a venue."""
    for topic in TOPICS:
        yield from tables.get(topic, [])
        for kind in ("instruments", "dated"):
            for instrument in tables.get(kind, {}).values():
                yield from instrument.get(topic, [])


def days(tables: dict[str, Any]) -> set[str]:
    return {rule["from"] for rule in rules(tables)} | {""}


def schedules(venue: str, name: str) -> Iterator[Schedule]:
    """The schedules of an instrument on every day on which a rule of its venue changes."""
    for day in days(PRESETS[venue]):
        schedule = find(f"{venue}@{day}" if day else venue, name).instrument.schedule
        if schedule is not None:
            yield schedule


def test_the_sixteen_venues_are_there() -> None:
    first = "binance bybit okx deribit kraken bitmex phemex kucoin gate coinex".split()
    assert set(PRESETS) == {*first, "htx", "bitget", "bingx", "mexc", "bigone", "delta"}
    assert set(PRESETS) <= set(names())


@pytest.mark.parametrize("venue", PRESETS)
def test_a_preset_follows_the_format(venue: str) -> None:
    validated(PRESETS[venue])
    assert PRESETS[venue]["name"] == venue


@pytest.mark.parametrize("venue", PRESETS)
def test_every_value_has_a_source_and_a_confidence(venue: str) -> None:
    count = 0
    for rule in rules(PRESETS[venue]):
        count += 1
        assert len(rule["source"]) > 8
        assert rule["confidence"] in ("published", "derived", "inferred")
    assert count >= 1


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
    in_2022 = find("binance@2022-01-01").instrument.schedule
    in_2020 = find("binance@2020-09-01").instrument.schedule
    assert in_2022 is not None
    assert in_2020 is not None
    assert in_2022.tiers[6].deduction == Decimal("11.605")
    assert in_2020.tiers[6].deduction == Decimal("11.81")


@pytest.mark.parametrize("name", BRACKETS)
def test_the_binance_brackets_are_those_that_the_venue_answered(name: str) -> None:
    """Source: /bapi/futures/v1/friendly/delivery/common/brackets, 2026-09-16: ychcb0521/veil-of-ignorance b3ac37a2.

    Whatever the size, rate and deduction of its tier are the printed ones, and so is the largest leverage.
    """
    found = find("binance", name.replace("YYMMDD", "261225"))
    schedule = found.instrument.schedule
    assert schedule is not None
    assert (schedule.unit, schedule.basis, schedule.marginal) == ("coin", "mark", True)
    bands = leverages(found.rules["margin"])
    assert len(bands) == len(BRACKETS[name])
    lower = Decimal(0)
    for (upper, leverage, rate, deduction), (limit, most) in zip(BRACKETS[name], bands, strict=True):
        for size in (lower + Decimal("0.00000001"), Decimal(upper)):
            tier = schedule.tiers[tier_index(schedule.tiers, size)]
            assert (tier.rate, tier.deduction) == (Decimal(rate), Decimal(deduction))
        assert (limit, most) == (Decimal(upper), Decimal(leverage))
        lower = Decimal(upper)
    assert found.instrument.max_leverage == Decimal(BRACKETS[name][0][1])


@pytest.mark.parametrize("name", BRACKETS)
def test_the_core_allows_the_leverage_of_each_bracket_and_no_more(name: str) -> None:
    instrument = find("binance", name.replace("YYMMDD", "261225")).instrument
    lower = Decimal(0)
    for upper, leverage, _, _ in BRACKETS[name]:
        for value in (lower + Decimal("0.00000001"), Decimal(upper)):
            assert largest_leverage(instrument, Decimal(1), value) == Decimal(leverage)
        assert largest_size(instrument, Decimal(leverage) + Decimal("0.01")) == lower
        lower = Decimal(upper)


def test_the_leverage_that_a_tier_allows_by_day() -> None:
    """Binance, 160 BTC: 5x by the brackets of 2021, 10x by those of 2026; OKX, ADA of 2023-11: 5.5 % from tier 4 on."""
    assert largest_leverage(find("binance@2022-01-01").instrument, Decimal(1), Decimal(160)) == 5
    assert largest_leverage(find("binance").instrument, Decimal(1), Decimal(160)) == 10
    ada = find("okx", "ADA").instrument
    assert largest_leverage(ada, Decimal(1500), Decimal(1)) == 50
    assert largest_leverage(ada, Decimal(1501), Decimal(1)) == 40
    assert round(largest_leverage(ada, Decimal(6001), Decimal(1)) or 0, 2) == Decimal("18.18")


def test_binance_lists_twenty_perpetuals_and_five_have_ended() -> None:
    """Source: the list of 2026-09-16 beside that of 2025-08-07."""
    listed = PRESETS["binance"]["instruments"]
    ended = {name for name, table in listed.items() if "ended" in table}
    assert ended == {f"{coin}USD_PERP" for coin in ("SAND", "MANA", "ATOM", "THETA", "EGLD")}
    assert {name for name in BRACKETS if name.endswith("_PERP")} == set(listed) - ended


@pytest.mark.parametrize(
    ("name", "cap", "confidence"),
    [
        ("BTCUSD_PERP", "0.003", "published"),
        ("ETHUSD_PERP", "0.00375", "published"),
        ("SOLUSD_PERP", "0.0075", "published"),
        ("DOGEUSD_PERP", "0.009", "published"),
        ("SUIUSD_PERP", "0.01875", "published"),
        ("XRPUSD_PERP", "0.0075", "derived"),
        ("TRXUSD_PERP", "0.01875", "derived"),
    ],
)
def test_the_binance_funding_caps(name: str, cap: str, confidence: str) -> None:
    """Source: GET /fapi/v1/fundingInfo, October 2026; the derived ones are 0.75 times the lowest maintenance rate."""
    found = find("binance", name)
    assert found.instrument.funding is not None
    assert found.instrument.schedule is not None
    assert found.instrument.funding.cap == Decimal(cap) == Decimal("0.75") * found.instrument.schedule.tiers[0].rate
    assert found.instrument.funding.interval == 480
    assert found.rules["funding"]["confidence"] == confidence


@pytest.mark.parametrize(
    ("spec", "name", "fee"),
    [
        ("binance", "BTCUSD_PERP", "0.015"),
        ("binance", "SOLUSD_PERP", "0.025"),
        ("binance", "XRPUSD_PERP", "0.01"),
        ("binance", "SUIUSD_PERP", "0.015"),
        ("binance", "FILUSD_PERP", "0.01"),
        ("binance@2022-01-01", "BTCUSD_PERP", "0.006"),
        ("binance@2022-01-01", "ETHUSD_PERP", "0.01"),
        ("binance@2022-01-01", "XRPUSD_PERP", "0.01"),
        ("binance@2022-01-01", "FILUSD_PERP", "0.015"),
        ("deribit", "ETH-PERPETUAL", "0.009"),
        ("deribit@2021-08-01", "ETH-PERPETUAL", "0.009"),
        ("deribit@2021-08-01", "BTC-PERPETUAL", "0.005"),
    ],
)
def test_the_fee_of_a_liquidation_by_day(spec: str, name: str, fee: str) -> None:
    """Source: exchangeInfo of 2021-07-22, 2025-08-07 and October 2026; Deribit's get_instruments of 2021-07-22."""
    assert find(spec, name).instrument.liquidation_fee == Decimal(fee)


@pytest.mark.parametrize(
    ("spec", "name", "tick", "lot", "leverage"),
    [
        ("okx", "BTC-USD-SWAP", "0.1", "0.1", "100"),
        ("okx@2025-12-01", "BTC-USD-SWAP", "0.1", "1", "100"),
        ("okx@2022-06-01", "BTC-USD-SWAP", "0.1", "1", "125"),
        ("okx", "EOS-USD-SWAP", "0.0001", "1", "75"),
        ("okx@2020-01-01", "EOS-USD-SWAP", "0.001", "1", None),
        ("okx", "XRP-USD-SWAP", "0.00001", "1", "75"),
        ("okx", "YFI-USD-SWAP", "1", "1", "75"),
        ("bybit", "BTCUSD", "0.1", "1", "100"),
        ("bybit@2026-01-01", "BTCUSD", "0.5", "1", "100"),
        ("bybit@2026-09-25", "BTCUSD", "0.5", "1", "100"),
        ("bybit@2026-09-26", "BTCUSD", "0.1", "1", "100"),
        ("bybit", "ETHUSD", "0.01", "1", "100"),
        ("bybit@2024-01-01", "ETHUSD", "0.05", "1", "100"),
        ("bybit", "DOGEUSD", "0.00001", "1", None),
        ("bybit", "SUIUSD", "0.0001", "1", None),
        ("kraken", "PI_ETHUSD", "0.05", "1", "50"),
        ("kraken@2020-01-01", "PI_ETHUSD", "0.1", "1", "50"),
        ("gate", "BTC_USD", "0.1", "1", "100"),
        ("kucoin", "XBTUSDM", "1", "1", "50"),
        ("bitmex@2022-01-01", "XBTEUR", "0.5", "100", None),
        ("htx", "SHIB-USD", "0.00000001", "1", None),
        ("delta", "ETHUSD", "0.01", "1", "100"),
        ("binance", "SUIUSD_PERP", "0.0001", "1", "20"),
    ],
)
def test_ticks_lots_and_leverage_by_day(spec: str, name: str, tick: str, lot: str, leverage: str | None) -> None:
    """Source: the venues' lists of contracts of the days that the presets name (reference of September and October 2026)."""
    instrument = find(spec, name).instrument
    assert (instrument.tick, instrument.lot) == (Decimal(tick), Decimal(lot))
    assert instrument.max_leverage == (None if leverage is None else Decimal(leverage))


def test_what_a_contract_is_worth_where_nothing_else_is_known() -> None:
    """Source: HTX list of 2022-02-19; BingX answer of 2026-08-31 (ccxt pull request 30202); MEXC row of October 2026."""
    sizes = {
        ("htx", "BTC"): 100, ("htx", "GALA"): 10, ("bingx", "BTC"): 100, ("bingx", "SOL"): 10, ("mexc", "BTC"): 100,
        ("bitget", "ETH"): 1, ("bigone", "BTC"): 1, ("delta", "ETH"): 1,
    }  # fmt: skip
    for (venue, coin), size in sizes.items():
        instrument = find(venue, coin).instrument
        assert instrument.contract_size == size
        assert instrument.schedule is None


def test_the_largest_order_and_price_of_bybit_grew() -> None:
    """Source: /v5/market/instruments-info, 2026-09-26: BYTEX-TRADE/bytex 4a6ed24f."""
    instrument = find("bybit").instrument
    assert (instrument.max_order, instrument.max_price) == (25_000_000, Decimal("1999999.8"))
    instrument = find("bybit@2026-01-01").instrument
    assert (instrument.max_order, instrument.max_price) == (1_000_000, 999_999)


@pytest.mark.parametrize(
    ("spec", "name", "tiers"),
    [
        ("okx@2023-10-30", "ADA-USD-SWAP", [(1500, "0.005"), (3000, "0.0075"), (6000, "0.01"), (12000, "0.015")]),
        ("okx@2023-10-31", "ADA-USD-SWAP", [(1500, "0.005"), (3000, "0.0075"), (6000, "0.01"), (12000, "0.015")]),
        ("okx", "ADA-USD-SWAP", [(1500, "0.0065"), (3000, "0.01"), (6000, "0.015"), (12000, "0.02")]),
        ("okx@2023-12-17", "1INCH-USD-SWAP", [(400, "0.0065"), (800, "0.01"), (1500, "0.015"), (3000, "0.02")]),
        ("okx", "1INCH-USD-SWAP", [(200, "0.0065"), (400, "0.01"), (800, "0.015"), (1600, "0.02")]),
        ("gate", "BTC_USD", [(100, "0.005"), (200, "0.01"), (300, "0.015")]),
        ("kucoin", "XBTUSDM", [(40, "0.01")]),
        ("kucoin@2020-01-01", "XBTUSDM", [(None, "0.005")]),
        ("phemex", "BTCUSD", [(100, "0.005"), (150, "0.01"), (200, "0.015")]),
        ("bitmex@2021-07-21", "XBTUSD", [(200, "0.004"), (300, "0.008")]),
        ("bitmex@2021-08-01", "XBTUSD", [(200, "0.0035"), (300, "0.007")]),
        ("bitmex@2021-09-01", "XBTUSD", [(200, "0.0035"), (350, "0.007")]),
        ("bitmex@2022-01-01", "XBTEUR", [(50, "0.01"), (100, "0.02")]),
        ("bybit", "BTCUSD", [(150, "0.005"), (300, "0.01"), (450, "0.015")]),
    ],
)
def test_the_first_tiers_by_day(spec: str, name: str, tiers: list[tuple[int | None, str]]) -> None:
    """Source: OKX notices of 2023-10-27, 11-01 and 12-17; the venues' answers of 2021 to 2026 that the presets name."""
    schedule = find(spec, name).instrument.schedule
    assert schedule is not None
    assert [(tier.limit, tier.rate) for tier in schedule.tiers[: len(tiers)]] == [
        (limit, Decimal(rate)) for limit, rate in tiers
    ]


def test_how_many_tiers_there_are() -> None:
    """Source: Phemex, products of 2021-07-03; Gate, contract of 2024-04-16: base 100, step 100, most 800 BTC."""
    counts = {("phemex", "BTCUSD"): 10, ("gate", "BTC_USD"): 8, ("bybit", "BTCUSD"): 10, ("kucoin", "XBTUSDM"): 1}
    for (venue, name), count in counts.items():
        schedule = find(venue, name).instrument.schedule
        assert schedule is not None
        assert len(schedule.tiers) == count


def test_the_tiers_of_gate_are_marked_as_derived() -> None:
    assert find("gate").rules["margin"]["confidence"] == "derived"


def test_second_tier_of_bybit_has_the_deduction_that_the_venue_answers() -> None:
    """Source: /v5/market/risk-limit, 2026-09-26: tier 2 has mmDeduction 0.75."""
    schedule = find("bybit").instrument.schedule
    assert schedule is not None
    assert schedule.tiers[1].deduction == Decimal("0.75")


@pytest.mark.parametrize(
    ("spec", "divisor", "cap", "interval"),
    [
        ("kraken@2019-03-01", "24", None, 240),
        ("kraken@2021-07-22", "8", "0.001", 240),
        ("kraken@2022-09-29", "24", "0.0025", 60),
        ("kraken@2026-04-17", "24", "0.0025", 60),
        ("kraken", "8", "0.005", 60),
    ],
)
def test_the_funding_constants_of_kraken_by_day(spec: str, divisor: str, cap: str | None, interval: int) -> None:
    """Source: instruments of 2021-07-22 (cryptofeed), 2025-11 to 2026-04 (nautilus_trader), 2026-09-25 (bytex)."""
    rule = find(spec).instrument.funding
    assert rule is not None
    assert (rule.divisor, rule.interval) == (Decimal(divisor), interval)
    assert rule.cap == (None if cap is None else Decimal(cap))


def test_the_fee_steps_of_kraken_by_day() -> None:
    """Source: feeschedules of 2026-09-25: from 5,000,000 USD 0.0175 % and 0.045 %; before, the first step was at 2,500,000."""
    now, before = find("kraken").rules["fees"], find("kraken@2026-08-01").rules["fees"]
    assert (now["volumes"][0], now["makers"][0], now["takers"][0]) == ("5000000", "0.0175%", "0.045%")
    assert (before["volumes"][0], before["makers"][0], before["takers"][0]) == ("2500000", "0.015%", "0.045%")
    assert "volumes" not in find("kraken@2020-01-01").rules["fees"]
    for rules_of_fees in (now, before):
        assert len(rules_of_fees["volumes"]) == len(rules_of_fees["makers"]) == len(rules_of_fees["takers"])


@pytest.mark.parametrize(
    ("spec", "taker"),
    [
        ("deribit@2019-02-20", "0.0005"),
        ("deribit@2020-06-01", "0.00075"),
        ("deribit@2021-06-01", "0.0005"),
        ("deribit", "0.0005"),
    ],
)
def test_the_taker_fee_of_deribit_s_ether_by_day(spec: str, taker: str) -> None:
    """Source: private/buy sample of 2019-02-20; samples of 2020; the venue's fee page."""
    assert find(spec, "ETH-PERPETUAL").instrument.taker_fee == Decimal(taker)


def test_a_venue_whose_fees_are_not_known_has_none() -> None:
    for venue in ("coinex", "htx", "mexc", "bigone"):
        assert find(venue).instrument.taker_fee is None
    assert find("bitget").instrument.maker_fee is None


def test_names_of_venues_at_ccxt_are_of_one_venue_each() -> None:
    known = [name for venue in PRESETS for name in load(venue).tables.get("ccxt", ())]
    assert len(known) == len(set(known))
    assert not set(known) & set(PRESETS)


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
