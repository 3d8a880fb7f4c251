"""Venues' public answers: what each says, what is left out and refused, and the file that it becomes.

The answers in tests/data/venues are recorded or documented ones, cut; which values are facts is in the venues' presets.
"""

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inside import Run

from perpcalc.errors import PerpcalcError
from perpcalc.readers.venue_answers import SHAPES, Answer, read_answer, with_answer
from perpcalc.venues import dated_rules, find, load
from perpcalc.venues.schema import read_tables
from perpcalc.venues.tables import coins_of, shipped_names

DATA = Path(__file__).parents[1] / "data" / "venues"
TODAY = datetime.date(2026, 10, 2)
NO_RULES = {
    "binance-premium-index": "is no answer of binance that is known: give what /bapi/",
    "bitget-query-position-lever": "has no inverse perpetual: BTCUSD is a classic contract, sized in coin",
    "coinex-documented-position-level": "has no inverse perpetual: BTCUSDT is linear",
    "okx-refused-position-tiers": "okx refused with code '51000': 'Parameter instFamily error'",
    "deribit-ticker": "is no answer of deribit that is known",
    "htx-swap-funding-rate": "is no answer of htx that is known",
    "htx-swap-ladder-margin": "says how much margin may be used, not the maintenance: ask for swap_adjustfactor",
    "kucoin-position-tiers": "has no inverse perpetual: XBTUSDTM is linear",
}
SAMPLES = sorted(path.stem for path in DATA.glob("*.json"))


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's own venues."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "perpcalc" / "venues").mkdir(parents=True)
    return tmp_path / "perpcalc" / "venues"


def sample(name: str) -> bytes:
    return (DATA / f"{name}.json").read_bytes()


def answer(raw: bytes | Any, venue: str, **wanted: Any) -> Answer:
    data = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    return read_answer(data, load(venue), TODAY, **wanted)


def said(name: str, **wanted: Any) -> dict[tuple[str | None, str], dict[str, Any]]:
    """What a sample says, by contract and topic."""
    found = answer(sample(name), name.partition("-")[0], **wanted)
    return {(fact.instrument, fact.topic): dict(fact.values) for fact in found.facts}


def refusal(raw: bytes | Any, venue: str, **wanted: Any) -> str:
    with pytest.raises(PerpcalcError) as error:
        answer(raw, venue, **wanted)
    message = str(error.value)
    assert message.isprintable()
    assert message.isascii()
    return message


def wanted_of(name: str) -> dict[str, str]:
    return {"instrument": "BTCUSD_CM"} if name == "bitget-position-tier" else {}


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in (*NO_RULES, "bitget-position-tier")])
def test_every_answer_becomes_a_file_that_follows_the_format(name: str, own: Path) -> None:
    venue = load(name.partition("-")[0])
    found = answer(sample(name), venue.name, **wanted_of(name))
    raw = with_answer(found, venue, None, TODAY)
    assert read_tables(raw)[1]["extends"] == venue.name
    (own / f"{venue.name}.toml").write_bytes(raw)
    mine = [rule for rule in dated_rules(load(venue.name)) if rule.own]
    assert {(rule.instrument, rule.topic) for rule in mine} == {(fact.instrument, fact.topic) for fact in found.facts}
    assert {rule.rule["from"] for rule in mine} == {found.date}
    assert all("imported on 2026-10-02" in rule.rule["source"] for rule in mine)
    for fact in found.facts:
        find(f"{venue.name}@{found.date}", fact.instrument)
    assert with_answer(found, load(venue.name), raw, TODAY) == raw, "the same answer again changes nothing"


@pytest.mark.parametrize("name", NO_RULES)
def test_an_answer_without_rules_of_ours_is_refused_with_the_reason(name: str) -> None:
    assert NO_RULES[name] in refusal(sample(name), name.partition("-")[0])


@pytest.mark.parametrize(
    ("name", "instrument", "unit", "limits", "rates"),
    [
        ("binance-site-brackets", "BTCUSD_PERP", "coin", ["5", "10", "25"], ["0.4%", "0.5%", "1%"]),
        ("binance-site-brackets", "SOLUSD_PERP", "coin", ["400", "2300", "4600"], ["1%", "2%", "2.5%"]),
        ("binance-leverage-bracket", "BTCUSD_PERP", "coin", ["5", "10", "25"], ["0.4%", "0.5%", "1%"]),
        ("okx-position-tiers", "ADA-USD-SWAP", "contracts", ["1500", "3000", "6000"], ["0.65%", "1%", "1.5%"]),
        ("bybit-risk-limit", "BTCUSD", "coin", ["150", "300"], ["0.5%", "1%"]),
        ("kraken-instruments", "PI_XBTUSD", "contracts", ["500000", "1000000"], ["1%", "2%", "3%"]),
        ("gate-risk-limit-tiers", "BTC_USD", "coin", ["100", "200"], ["0.5%", "1%"]),
        ("kucoin-risk-limit", "XBTUSDM", "coin", ["40", "60"], ["1%", "1.5%"]),
        ("kucoin-contracts-active", "XBTUSDM", "coin", ["40"], ["1%"]),
        ("phemex-products", "BTCUSD", "coin", ["100", "150", "200"], ["0.5%", "1%", "1.5%"]),
        ("coinex-position-level", "BTCUSD", "contracts", ["500000", "1000000"], ["0.5%", "1%", "1.5%"]),
        ("bitget-position-tier", "BTCUSD_CM", "usd", ["100000", "500000"], ["0.4%", "0.5%"]),
        ("htx-swap-adjustfactor", "BTC-USD", "contracts", ["3999", "39999"], ["2%", "2.5%", "3%"]),
        ("mexc-contract-detail", "BTC_USD", "contracts", ["10000", "210000"], ["0.4%", "0.8%"]),
    ],
)
def test_tiers_in_the_units_of_their_venue(
    name: str, instrument: str, unit: str, limits: list[str], rates: list[str]
) -> None:
    values = said(name, **wanted_of(name))[instrument, "margin"]
    assert values["unit"] == unit
    assert values["limits"][: len(limits)] == limits
    assert values["rates"][: len(rates)] == rates


@pytest.mark.parametrize(
    ("name", "instrument", "initial_rates", "leverages"),
    [
        ("binance-site-brackets", "BTCUSD_PERP", None, ["125", "100", "50"]),
        ("okx-position-tiers", "ADA-USD-SWAP", ["2%", "2.5%", "5%"], ["50", "40", "20"]),
        ("bybit-risk-limit", "BTCUSD", ["1%", "1.5%"], ["100", "66.67"]),
        ("kraken-instruments", "PI_XBTUSD", ["2%", "4%", "6%"], None),
        ("gate-risk-limit-tiers", "BTC_USD", ["1%", "1.5%"], ["100", "66.66"]),
        ("kucoin-risk-limit", "XBTUSDM", ["2%", "3%"], ["50", "33"]),
        ("phemex-products", "BTCUSD", ["1%", "1.5%", "2%"], None),
        ("coinex-position-level", "BTCUSD", ["1%", "2%", "3.33%"], ["100", "50", "30"]),
        ("mexc-contract-detail", "BTC_USD", ["0.8%", "1.2%", "1.6%"], None),
    ],
)
def test_tiers_say_what_opening_in_them_takes(
    name: str, instrument: str, initial_rates: list[str] | None, leverages: list[str] | None
) -> None:
    values = said(name, **wanted_of(name))[instrument, "margin"]
    found = [values.get(key) for key in ("initial_rates", "leverages")]
    assert "leverage_limits" not in values  # each tier has a rate of its own
    assert [one and one[:3] for one in found] == [initial_rates, leverages]


def test_tiers_of_a_unified_account_at_kucoin_have_keys_of_their_own() -> None:
    tiers = [
        {
            "symbol": "XBTUSDM",
            "maxSize": size,
            "minSize": least,
            "maintainMarginRate": rate,
            "initialMarginRate": initial,
        }
        for least, size, rate, initial in (("0", "40", "0.005", "0.01"), ("40", "60", "0.01", "0.02"))
    ]
    (fact,) = answer({"code": "200000", "data": tiers}, "kucoin").facts
    assert (fact.values["limits"], fact.values["rates"]) == (["40", "60"], ["0.5%", "1%"])
    assert fact.values["initial_rates"] == ["1%", "2%"]


@pytest.mark.parametrize(
    ("name", "instrument", "contract"),
    [
        (
            "binance-exchange-info",
            "BTCUSD_PERP",
            {"size": "100", "lot": "1", "tick": "0.1", "max_order": "1000000"},
        ),
        (
            "okx-instruments",
            "BTC-USD-SWAP",
            {"size": "100", "lot": "0.1", "tick": "0.1", "max_order": "100000000", "max_leverage": "100"},
        ),
        (
            "bybit-instruments-info",
            "BTCUSD",
            {
                "size": "1",
                "lot": "1",
                "tick": "0.1",
                "max_price": "1999999.8",
                "max_order": "25000000",
                "max_leverage": "100",
            },
        ),
        ("kraken-instruments", "PI_XBTUSD", {"size": "1", "tick": "0.5"}),
        ("gate-contracts", "BTC_USD", {"size": "1", "tick": "0.1", "max_order": "1000000", "max_leverage": "100"}),
        (
            "kucoin-contracts-active",
            "XBTUSDM",
            {
                "size": "1",
                "lot": "1",
                "tick": "1",
                "max_price": "1000000",
                "max_order": "10000000",
                "max_leverage": "50",
            },
        ),
        ("phemex-products", "BTCUSD", {"size": "1", "lot": "1", "tick": "0.5", "max_order": "1000000"}),
        (
            "bitmex-instrument",
            "XBTUSD",
            {"size": "1", "lot": "100", "tick": "0.1", "max_price": "1000000", "max_order": "10000000"},
        ),
        ("coinex-market", "BTCUSD", {"size": "1", "tick": "0.01", "max_leverage": "100"}),
        (
            "bitget-instruments",
            "BTCUSD_CM",
            {"size": "1", "lot": "1", "tick": "0.1", "max_order": "1000000", "max_leverage": "125"},
        ),
        ("htx-swap-contract-info", "ETH-USD", {"size": "10", "tick": "0.01"}),
        ("deribit-get-instruments", "BTC-PERPETUAL", {"size": "10", "tick": "0.5", "max_leverage": "50"}),
        ("bingx-contracts", "BNB-USD", {"size": "10", "lot": "1", "tick": "0.01"}),
        (
            "mexc-contract-detail",
            "BTC_USD",
            {"size": "100", "lot": "1", "tick": "0.5", "max_order": "1000000", "max_leverage": "125"},
        ),
    ],
)
def test_contracts_by_what_they_are_worth(name: str, instrument: str, contract: dict[str, str]) -> None:
    assert said(name)[instrument, "contract"] == contract


@pytest.mark.parametrize(
    ("name", "instrument", "topic", "values"),
    [
        ("binance-exchange-info", "BTCUSD_PERP", "liquidation", {"fee": "1.5%"}),
        ("binance-funding-info", "ETHUSD_PERP", "funding", {"interval": "8h", "cap": "0.375%"}),
        ("okx-funding-rate", "BTC-USD-SWAP", "funding", {"cap": "0.375%", "interval": "8h"}),
        ("bybit-instruments-info", "BTCUSD", "funding", {"cap": "0.5%", "interval": "8h"}),
        ("bybit-tickers", "BTCUSD", "funding", {"cap": "0.5%"}),
        ("kraken-instruments", "PI_XBTUSD", "funding", {"divisor": "8", "cap": "0.5%"}),
        (
            "kraken-fee-schedules",
            None,
            "fees",
            {"maker": "0.02%", "taker": "0.05%", "volumes": ["5000000"], "makers": ["0.0175%"], "takers": ["0.045%"]},
        ),
        ("gate-contracts", "BTC_USD", "funding", {"interval": "8h", "cap": "0.375%"}),
        ("gate-contracts", "BTC_USD", "fees", {"maker": "-0.02%", "taker": "0.075%"}),
        ("kucoin-funding-rate", "XBTUSDM", "funding", {"interval": "8h", "cap": "0.3%"}),
        ("coinex-funding-rate", "BTCUSD", "funding", {"cap": "0.75%"}),
        ("bitget-current-fund-rate", "BTCUSD_CM", "funding", {"interval": "8h", "cap": "0.3%"}),
        ("deribit-get-instruments", "BTC-PERPETUAL", "fees", {"maker": "0%", "taker": "0.05%"}),
        ("deribit-get-instruments", "BTC-PERPETUAL", "liquidation", {"fee": "0.75%"}),
        (
            "bitmex-instrument",
            "XBTUSD",
            "margin",
            {
                "unit": "coin",
                "first_limit": "200",
                "limit_step": "150",
                "first_rate": "0.5%",
                "rate_step": "0.5%",
                "first_initial_rate": "1%",
            },
        ),
    ],
)
def test_fees_funding_and_liquidation(name: str, instrument: str | None, topic: str, values: dict[str, Any]) -> None:
    assert said(name)[instrument, topic] == values


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("binance-exchange-info", "2025-08-07"),
        ("kraken-instruments", "2026-09-25"),
        ("bitmex-instrument", "2024-11-24"),
        ("htx-swap-contract-info", "2022-02-19"),
        ("okx-funding-rate", "2023-11-23"),
        ("deribit-get-instruments", "2026-09-25"),
        ("gate-contracts", "2026-10-02"),
        ("htx-swap-adjustfactor", "2026-09-25"),
        ("binance-site-brackets", "2026-10-02"),
    ],
)
def test_the_day_is_the_answer_s_own_else_today(name: str, date: str) -> None:
    assert answer(sample(name), name.partition("-")[0]).date == date
    assert answer(sample(name), name.partition("-")[0], date="2026-01-31").date == "2026-01-31"


@pytest.mark.parametrize(
    "time", ["1", "99999999999999999999", "tomorrow", "0001-01-01", "9999-12-31T23:59:59Z", True, [], {}]
)
def test_a_time_that_is_none_is_passed_over(time: object) -> None:
    data = {**json.loads(sample("htx-swap-adjustfactor")), "ts": time}
    assert answer(data, "htx").date == "2026-10-02"


@pytest.mark.parametrize(
    ("time", "date"),
    [
        ("1790373926", "2026-09-25"),
        ("1790373926264", "2026-09-25"),
        (1790373926264000, "2026-09-25"),
        ("2026-09-25T23:30:00-02:00", "2026-09-26"),
        ("2026-09-25", "2026-09-25"),
    ],
)
def test_a_time_is_read_in_every_unit_and_in_utc(time: object, date: str) -> None:
    assert answer({**json.loads(sample("htx-swap-adjustfactor")), "ts": time}, "htx").date == date


def test_a_day_that_is_none_is_refused() -> None:
    assert refusal(sample("gate-contracts"), "gate", date="soon").startswith("is not a date")


def test_what_was_read_is_in_force_from_its_day(own: Path) -> None:
    """OKX answers of a family without a table here; the position then needs no rate of its own."""
    raw = sample("okx-position-tiers").replace(b"ADA-USD", b"ETH-USD")
    assert find("okx", "ETH").instrument.schedule is None
    (own / "okx.toml").write_bytes(with_answer(answer(raw, "okx"), load("okx"), None, TODAY))
    schedule = find("okx", "ETH").instrument.schedule
    assert schedule is not None
    assert [(tier.limit, tier.rate) for tier in schedule.tiers[:2]] == [
        (1500, Decimal("0.0065")),
        (3000, Decimal("0.01")),
    ]
    assert (schedule.unit, schedule.marginal) == ("contracts", False)


def test_a_rule_keeps_what_the_answer_does_not_say(own: Path) -> None:
    """exchangeInfo has no leverage, fundingInfo no interest."""
    for name in ("binance-exchange-info", "binance-funding-info"):
        venue, path = load("binance"), own / "binance.toml"
        before = path.read_bytes() if path.exists() else None
        path.write_bytes(with_answer(answer(sample(name), "binance", date="2026-10-02"), venue, before, TODAY))
    instrument = find("binance").instrument
    assert (instrument.max_leverage, instrument.tick) == (125, Decimal("0.1"))
    assert instrument.funding is not None
    assert instrument.funding.damper == Decimal("0.0005")
    assert find("binance").rules["liquidation"]["remainder"] == "returned"


def test_a_contract_that_is_new_comes_with_its_coin_and_size(own: Path) -> None:
    raw = sample("htx-swap-contract-info").replace(b'"BTC', b'"NEW').replace(b"BTC-USD", b"NEW-USD")
    (own / "htx.toml").write_bytes(with_answer(answer(raw, "htx"), load("htx"), None, TODAY))
    assert find("htx", "NEW").instrument.contract_size == 100


def test_rules_of_a_contract_of_which_not_even_the_size_is_known_are_left_out() -> None:
    raw = sample("okx-position-tiers").replace(b"ADA-USD", b"NEW-USD")
    assert refusal(raw, "okx") == (
        "/api/v5/public/position-tiers: none of its contracts is known: import the list of instruments first"
    )
    data = json.loads(sample("binance-site-brackets"))
    data["data"]["brackets"][1]["symbol"] = "NEWUSD_PERP"
    found = answer(data, "binance")
    assert {fact.instrument for fact in found.facts} == {"BTCUSD_PERP"}
    assert found.notes == ("left out, not known, import the list of instruments first: NEWUSD_PERP",)


def test_a_first_tier_does_not_replace_more_tiers(own: Path) -> None:
    (own / "kucoin.toml").write_bytes(
        with_answer(answer(sample("kucoin-risk-limit"), "kucoin"), load("kucoin"), None, TODAY)
    )
    found = answer(sample("kucoin-contracts-active"), "kucoin")
    assert [fact.topic for fact in found.facts] == ["contract", "fees"]
    assert found.notes == ("left out, the first tier alone, more are known: XBTUSDM",)


def test_one_contract_may_be_asked_for_in_any_spelling() -> None:
    found = answer(sample("binance-site-brackets"), "binance", instrument="sol/usd:sol")
    assert [fact.instrument for fact in found.facts] == ["SOLUSD_PERP"]
    assert refusal(sample("gate-contracts"), "gate", instrument="SOL_USD").endswith(
        "has no 'SOL_USD': look at the request"
    )
    assert refusal(sample("binance-site-brackets"), "binance", instrument="ETH") == (
        "/bapi/futures/v1/friendly/delivery/common/brackets: has no 'ETHUSD_PERP': look at the request"
    )


def test_what_holds_for_every_contract_holds_for_the_one_that_is_asked_for() -> None:
    assert set(said("kraken-fee-schedules", instrument="PI_XBTUSD")) == {(None, "fees")}


def test_a_site_s_deductions_must_follow_from_its_rates() -> None:
    data = json.loads(sample("binance-site-brackets"))
    data["data"]["brackets"][0]["riskBrackets"][1]["cumFastMaintenanceAmount"] += 1
    assert "does not follow from the rates" in refusal(data, "binance")


def test_the_day_of_an_answer_is_that_of_its_first_row() -> None:
    rows = json.loads(sample("gate-contracts"))
    later = [*rows, {**rows[0], "name": "ETH_USD", "ts": 1_600_000_000}]
    assert answer(later, "gate").date == answer(rows, "gate").date


def test_tiers_that_do_not_name_their_contract_need_it() -> None:
    assert refusal(sample("bitget-position-tier"), "bitget") == (
        "/api/v3/market/position-tier: does not say which contract it is of: name it by instrument"
    )


def test_tiers_that_depend_on_the_leverage_need_it_where_there_are_several() -> None:
    data = json.loads(sample("htx-swap-adjustfactor"))
    ladders = data["data"][0]["list"]
    ladders.append({**ladders[0], "lever_rate": 5})
    assert refusal(data, "htx") == (
        "/swap-api/v1/swap_adjustfactor: BTC-USD: has a ladder for each leverage: give leverage 20 or 5"
    )
    found = answer(data, "htx", leverage=Decimal(5)).facts[0]
    assert (found.values["rates"][0], found.note) == ("8%", "for a leverage of 5")
    assert "has none for a leverage of 3: give leverage" in refusal(data, "htx", leverage=Decimal(3))


def test_a_ladder_of_margins_among_those_of_factors_is_refused() -> None:
    data = json.loads(sample("htx-swap-adjustfactor"))
    data["data"][0]["list"][0]["ladders"][1]["max_margin_balance"] = 5
    assert "says how much margin may be used, not the maintenance" in refusal(data, "htx")


def test_what_is_left_out_is_told_by_kind() -> None:
    assert answer(sample("bybit-risk-limit"), "bybit", date="2026-10-01").notes == ("left out, expiring: BTCUSDZ26",)
    assert answer(sample("kraken-instruments"), "kraken").notes == ("left out, linear: PF_XBTUSD",)


def test_a_rule_that_is_older_than_what_is_known_says_so() -> None:
    assert answer(sample("bybit-risk-limit"), "bybit", date="2026-01-01").notes[-1] == (
        "BTCUSD, margin: a rule from 2026-09-26 is known and holds since, this one from 2026-01-01"
    )


def test_examples_of_the_documentation_are_read_as_they_stand() -> None:
    """Bybit's has percentages and no deductions, Binance's spells `qtylFloor`."""
    assert said("bybit-documented-risk-limit")["BTCUSD", "margin"]["rates"] == ["0.5%"]
    assert said("binance-documented-leverage-bracket")["BTCUSD_PERP", "margin"]["limits"] == ["50"]


@pytest.mark.parametrize(
    ("name", "changes", "left"),
    [
        ("binance-exchange-info", {"marginAsset": "USDT"}, "BTCUSD_PERP is linear"),
        ("binance-exchange-info", {"contractType": "CURRENT_QUARTER"}, "BTCUSD_PERP is expiring"),
        ("binance-exchange-info", {"contractStatus": "SETTLING"}, "BTCUSD_PERP is not trading"),
        ("binance-funding-info", {"symbol": "BTCUSDT"}, "are linear"),
        ("binance-leverage-bracket", {"symbol": "BTCUSDT"}, "BTCUSDT is linear"),
        ("binance-leverage-bracket", {"symbol": "BTCUSDC"}, "BTCUSDC is linear"),
        ("binance-leverage-bracket", {"symbol": "BTCUSD_261225"}, "BTCUSD_261225 is expiring"),
        ("okx-instruments", {"ctType": "linear", "settleCcy": "USDT"}, "BTC-USD-SWAP is linear"),
        ("okx-instruments", {"ctType": "linear"}, "BTC-USD-SWAP is quanto"),
        ("okx-instruments", {"instType": "FUTURES"}, "BTC-USD-SWAP is expiring"),
        ("okx-instruments", {"state": "suspend"}, "BTC-USD-SWAP is not trading"),
        ("okx-instruments", {"ctValCcy": "BTC"}, "BTC-USD-SWAP is sized in BTC"),
        ("okx-funding-rate", {"instId": "BTC-USDT-SWAP"}, "BTC-USDT-SWAP is linear"),
        ("bybit-tickers", {"symbol": "BTCUSDT"}, "BTCUSDT is linear"),
        ("bybit-tickers", {"symbol": "BTCUSDZ26", "fundingCap": ""}, "BTCUSDZ26 is expiring"),
        ("kraken-instruments", {"symbol": "FI_XBTUSD_260327"}, "FI_XBTUSD_260327"),
        ("kraken-fee-schedules", {"name": "Perpetuals"}, "Perpetuals is a schedule of other contracts"),
        ("gate-contracts", {"name": "BTC_USDT", "type": "direct"}, "BTC_USDT is linear"),
        ("gate-contracts", {"name": "ETH_USD", "quanto_multiplier": "0.000001"}, "ETH_USD is quanto"),
        ("kucoin-contracts-active", {"settleCurrency": "USDT", "isInverse": False}, "XBTUSDM is linear"),
        ("kucoin-contracts-active", {"type": "FFICSX"}, "XBTUSDM is expiring"),
        ("kucoin-funding-rate", {"symbol": ".XBTUSDTMFPI8H"}, "XBTUSDTM is linear"),
        ("phemex-products", {"settleCurrency": "USD"}, "BTCUSD is linear"),
        ("phemex-products", {"contractUnderlyingAssets": "BTC"}, "BTCUSD is quanto"),
        ("bitmex-instrument", {"isInverse": False, "isQuanto": True}, "XBTUSD is quanto"),
        ("bitmex-instrument", {"typ": "FFCCSX"}, "XBTUSD is expiring"),
        ("coinex-market", {"contract_type": "linear"}, "BTCUSD is linear"),
        ("coinex-funding-rate", {"market": "BTCUSDT"}, "BTCUSDT is linear"),
        ("bitget-instruments", {"category": "USDT-FUTURES"}, "BTCUSD_CM is linear"),
        ("bitget-instruments", {"type": "delivery"}, "BTCUSD_CM is expiring"),
        ("bitget-current-fund-rate", {"symbol": "BTCUSDT"}, "BTCUSDT is linear"),
        ("htx-swap-contract-info", {"contract_code": "BTC-USDT"}, "are linear"),
        ("htx-swap-adjustfactor", {"contract_code": "BTC260327"}, "BTC260327 is expiring"),
        ("deribit-get-instruments", {"settlement_currency": "USDC"}, "BTC-PERPETUAL is linear"),
        ("deribit-get-instruments", {"settlement_period": "month"}, "BTC-PERPETUAL is expiring"),
        ("bingx-contracts", {"symbol": "BNB-USDT"}, "BNB-USDT is linear"),
        ("mexc-contract-detail", {"settleCoin": "ETH"}, "BTC_USD is quanto"),
    ],
)
def test_what_is_no_inverse_perpetual_is_told_as_what_it_is(name: str, changes: dict[str, Any], left: str) -> None:
    def change(node: Any) -> Any:
        if isinstance(node, list):
            return [change(one) for one in node]
        if isinstance(node, dict):
            changed = {key: change(value) for key, value in node.items()}
            return {**changed, **changes} if set(changes) <= set(node) else changed
        return node

    assert left in refusal(change(json.loads(sample(name))), name.partition("-")[0])


def test_a_classic_contract_is_not_taken_for_the_unified_one() -> None:
    assert refusal(sample("bitget-position-tier"), "bitget", instrument="BTCUSD").endswith(
        "has no 'BTCUSD': look at the request"
    )


@pytest.mark.parametrize(
    ("name", "old", "new", "instrument", "topic", "values"),
    [
        ("binance-exchange-info", '"liquidationFee": "0.015000"', '"x": 1', "BTCUSD_PERP", "liquidation", None),
        (
            "okx-funding-rate",
            '"nextFundingTime": "1700755200000"',
            '"x": ""',
            "BTC-USD-SWAP",
            "funding",
            {"cap": "0.375%"},
        ),
        (
            "bybit-instruments-info",
            '"fundingInterval": 480',
            '"fundingInterval": 0',
            "BTCUSD",
            "funding",
            {"cap": "0.5%"},
        ),
        ("kraken-instruments", '"marginLevels"', '"levels"', "PI_XBTUSD", "margin", None),
        ("kraken-fee-schedules", '"usdVolume": 5000000.0', '"usdVolume": 1', None, "fees", ["1"]),
        ("gate-contracts", '"funding_cap_ratio": "0.75"', '"x": 1', "BTC_USD", "funding", {"interval": "8h"}),
        (
            "phemex-products",
            '"symbol": "BTCUSD",\n    "steps"',
            '"symbol": "ETHUSD",\n    "steps"',
            "BTCUSD",
            "margin",
            None,
        ),
        ("mexc-contract-detail", '"riskLevelLimit": 5', '"riskLevelLimit": null', "BTC_USD", "margin", None),
        ("coinex-market", '"leverage": [', '"leverages": [', "BTCUSD", "contract", {"size": "1", "tick": "0.01"}),
        ("bingx-contracts", '"pricePrecision": 2', '"x": 2', "BNB-USD", "contract", {"size": "10", "lot": "1"}),
    ],
)
def test_what_an_answer_does_not_say_is_not_in_the_rule(
    name: str, old: str, new: str, instrument: str | None, topic: str, values: Any
) -> None:
    found = answer(changed(name, old, new), name.partition("-")[0])
    rules = {(fact.instrument, fact.topic): dict(fact.values) for fact in found.facts}
    if topic == "fees":
        assert rules[instrument, topic]["volumes"] == values
    else:
        assert rules.get((instrument, topic)) == values


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in (*NO_RULES, "bitget-position-tier")])
def test_a_contract_settles_in_the_coin_that_its_preset_has(name: str) -> None:
    venue = name.partition("-")[0]
    coins = coins_of(load(venue).tables["instruments"])
    for fact in answer(sample(name), venue).facts:
        assert fact.instrument is None or fact.coin == coins[fact.instrument]


def test_a_name_that_only_ends_as_a_perpetual_s_does_is_none() -> None:
    raw = sample("bybit-risk-limit").replace(b'"BTCUSD"', b'"BTC-31JULUSD"')
    assert "BTC-31JULUSD" in refusal(raw, "bybit")
    assert "expiring" in refusal(raw, "bybit")


def test_of_many_that_are_left_out_three_are_named() -> None:
    row = {"bracket": 1, "initialLeverage": 5, "qtyCap": 5, "qtyFloor": 0, "maintMarginRatio": 0.1, "cum": 0.0}
    rows = [{"symbol": f"{coin}USDT", "brackets": [row]} for coin in ("ADA", "BNB", "BTC", "ETH", "SOL")]
    assert "has no inverse perpetual: ADAUSDT, BNBUSDT, BTCUSDT and 2 more are linear: " in refusal(rows, "binance")


def test_prices_without_decimals_have_a_tick_of_1() -> None:
    found = answer(changed("bingx-contracts", '"pricePrecision": 2', '"pricePrecision": 0'), "bingx")
    assert found.facts[0].values["tick"] == "1"


def test_a_contract_may_have_one_tier_alone() -> None:
    found = answer(changed("mexc-contract-detail", '"riskLevelLimit": 5', '"riskLevelLimit": 1'), "mexc")
    (rule,) = [fact.values for fact in found.facts if fact.topic == "margin"]
    assert (rule["limits"], rule["rates"]) == (["10000"], ["0.4%"])


def test_a_schedule_of_one_step_has_no_volumes() -> None:
    data = json.loads(sample("kraken-fee-schedules"))
    del data["feeSchedules"][0]["tiers"][1]
    assert dict(answer(data, "kraken").facts[0].values) == {"maker": "0.02%", "taker": "0.05%"}


def test_one_row_may_lack_what_the_answer_is_known_by() -> None:
    data = json.loads(sample("bybit-tickers"))
    data["result"]["list"].append({"symbol": "BTCUSDZ26"})
    found = answer(data, "bybit", date="2026-10-01")
    assert ([fact.instrument for fact in found.facts], found.notes) == (["BTCUSD"], ("left out, expiring: BTCUSDZ26",))


def test_a_further_page_is_told() -> None:
    raw = sample("bybit-risk-limit").replace(b'"nextPageCursor": ""', b'"nextPageCursor": "abc"')
    assert "the answer has a further page, ask for it with its cursor" in answer(raw, "bybit").notes


LINEAR = {
    "binance": [{"symbol": "BTCUSDT", "brackets": [{"bracket": 1, "initialLeverage": 125, "notionalCap": 300000, "notionalFloor": 0, "maintMarginRatio": 0.004, "cum": 0.0}]}],
    "okx": {"code": "0", "msg": "", "data": [{"instFamily": "BTC-USDT", "maxSz": "500", "minSz": "0", "mmr": "0.004", "imr": "0.01", "maxLever": "100"}]},
    "bybit": {"retCode": 0, "retMsg": "OK", "result": {"category": "linear", "list": [{"id": 1, "symbol": "BTCUSDT", "riskLimitValue": "2000000", "maintenanceMargin": "0.005", "initialMargin": "0.01"}]}},
    "gate": [{"contract": "BTC_USDT", "tier": 1, "risk_limit": "500000", "maintenance_rate": "0.004", "initial_rate": "0.008", "leverage_max": "125"}],
    "kucoin": {"code": "200000", "data": [{"symbol": "XBTUSDTM", "maxRiskLimit": 100000, "maintainMargin": 0.004}]},
    "coinex": {"code": 0, "data": [{"market": "BTCUSDT", "level": [{"amount": "20", "maintenance_margin_rate": "0.005"}]}], "message": "OK"},
    "htx": {"status": "ok", "data": [{"contract_code": "BTC-USDT", "list": []}]},
    "mexc": {"success": True, "code": 0, "data": [{"symbol": "BTC_USDT", "baseCoin": "BTC", "settleCoin": "USDT"}]},
    "deribit": {"result": [{"instrument_name": "BTC_USDC-PERPETUAL", "settlement_currency": "USDC", "settlement_period": "perpetual", "future_type": "linear"}]},
}  # fmt: skip


@pytest.mark.parametrize("venue", LINEAR)
def test_a_linear_answer_is_refused_as_linear(venue: str) -> None:
    assert " is linear: perpcalc is for inverse ones" in refusal(LINEAR[venue], venue)


@pytest.mark.parametrize(
    ("venue", "data", "message"),
    [
        (
            "okx",
            {"code": "51000", "msg": "Parameter instFamily error", "data": []},
            "okx refused with code '51000': 'Parameter instFamily error': mend the request",
        ),
        (
            "bybit",
            {"retCode": 10001, "retMsg": "params error: symbol invalid", "result": {}},
            "bybit refused with code '10001': 'params error: symbol invalid': mend the request",
        ),
        ("binance", {"code": -1121, "msg": "Invalid symbol."}, "binance refused with code '-1121': 'Invalid symbol.'"),
        ("kucoin", {"code": "400100", "msg": "symbol not exists"}, "kucoin refused with code '400100'"),
        (
            "htx",
            {"status": "error", "err_code": 1014, "err_msg": "This contract doesn't exist.", "ts": 1},
            "htx refused with code '1014': ",
        ),
        ("kraken", {"result": "error", "error": "apiLimitExceeded"}, "kraken refused: 'apiLimitExceeded'"),
        (
            "deribit",
            {"jsonrpc": "2.0", "error": {"code": 10020, "message": "invalid_currency"}},
            "deribit refused with code '10020': 'invalid_currency'",
        ),
        ("bitmex", {"error": {"message": "Not Found", "name": "HTTPError"}}, "bitmex refused: 'Not Found'"),
        ("gate", {"label": "CONTRACT_NOT_FOUND", "message": "x"}, "gate refused with code 'CONTRACT_NOT_FOUND': 'x'"),
        ("mexc", {"success": False, "code": 0, "message": "no"}, "mexc refused with code '0': 'no'"),
        (
            "bitget",
            {"code": "40034", "msg": "\x1b[31mgone\u202e"},
            "bitget refused with code '40034': '\\x1b[31mgone\\u202e'",
        ),
    ],
)
def test_a_refusal_is_told_in_the_venue_s_own_words(venue: str, data: Any, message: str) -> None:
    assert refusal(data, venue).startswith(message)


@pytest.mark.parametrize(
    ("venue", "data"),
    [
        ("okx", {"code": "0", "msg": "", "data": []}),
        ("bybit", {"retCode": 0, "retMsg": "OK", "result": {"category": "inverse", "list": []}}),
        ("kucoin", {"code": "200000", "data": None}),
        ("gate", []),
        ("binance", {"code": "000000", "data": {"brackets": []}, "success": True}),
    ],
)
def test_an_answer_that_holds_nothing_says_so(venue: str, data: Any) -> None:
    assert refusal(data, venue) == "holds nothing: the contract may be unknown to the venue, look at the request"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "is empty: ask the venue again"),
        (b"  \n", "is empty: ask the venue again"),
        (b"<html><body>403 Forbidden</body></html>", "is a web page, not an answer"),
        (b"\xef\xbb\xbf<!DOCTYPE html>", "is a web page, not an answer"),
        (b'{"code": "0", "data": [{"instId"', "not JSON: "),
        (b"{} {}", "not JSON: extra data"),
        (b"\xff\xfe{}", "byte 0 is not UTF-8"),
        (b"[" * 200_000, "is nested too deeply"),
        (b'{"a":' * 100_000, "is nested too deeply"),
        (b'{"data": [{"maxSz": NaN}]}', "NaN is not a number"),
        (b"5", "is no answer of okx that is known"),
        (b'"text"', "is no answer of okx that is known"),
        (b"null", "is no answer of okx that is known"),
        (b"{}", "is no answer of okx that is known"),
        (b'{"data": {"maxSz": [1, 2]}}', "/api/v5/public/position-tiers: "),
        (b'{"data": [5]}', "is no answer of okx that is known"),
    ],
)
def test_what_is_no_answer_is_refused_in_one_line(raw: bytes, message: str) -> None:
    assert refusal(raw, "okx").startswith(message)


def test_an_answer_of_another_venue_is_told_as_such() -> None:
    assert refusal(sample("bybit-risk-limit"), "okx") == (
        "is no answer of okx that is known: it looks like one of bybit"
    )


def test_a_venue_whose_answers_are_not_read_says_which_are() -> None:
    assert refusal({}, "delta").startswith("answers of delta are not read: those of binance, okx, ")


def changed(name: str, old: str, new: str) -> bytes:
    raw = sample(name).decode()
    assert old in raw
    return raw.replace(old, new, 1).encode()


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("okx-position-tiers", '"maxSz": "1500"', '"maxSz": "-1500"', "maxSz: '-1500' is out of range"),
        ("okx-position-tiers", '"maxSz": "1500"', '"maxSz": null', "maxSz: is missing"),
        ("okx-position-tiers", '"maxSz": "1500"', '"maxSz": true', "maxSz: 'True' is not a number"),
        ("okx-position-tiers", '"maxSz": "1500"', '"maxSz": {"a": 1}', "is not a number"),
        ("okx-position-tiers", '"maxSz": "1500"', '"maxSz": "1e999999999"', "is not a number"),
        ("okx-position-tiers", '"maxSz": "1500"', '"maxSz": 1e99', "is too large: at most 15 digits"),
        ("okx-position-tiers", '"mmr": "0.0065"', '"mmr": "0"', "tier 1: the rate 0% is out of range"),
        ("okx-position-tiers", '"mmr": "0.0065"', '"mmr": "1"', "tier 1: the rate 100% is out of range"),
        ("okx-position-tiers", '"mmr": "0.0065"', '"mmr": "0.012"', "tier 2: its rate is lower than that of the tier"),
        ("okx-position-tiers", '"maxSz": "3000"', '"maxSz": "1500"', "tier 2: ends at 1500, not above 1500"),
        ("okx-position-tiers", '"imr": "0.02"', '"imr": "0"', "tier 1: the initial rate 0% is out of range"),
        ("okx-position-tiers", '"maxLever": "50"', '"maxLever": "0"', "tier 1: the leverage 0 is out of range"),
        ("okx-position-tiers", '"tier": "3"', '"tier": "5"', "ADA-USD-SWAP: tier 4: there is no tier 3 before it"),
        ("okx-position-tiers", '"instFamily": "ADA-USD"', '"instFamily": 5e', "not JSON"),
        ("okx-position-tiers", '"instFamily": "ADA-USD"', '"instFamily": ["x"]', "instFamily: is not a text"),
        ("bybit-risk-limit", '"mmDeduction": "0.75"', '"mmDeduction": "0.7"', "the deduction 0.7 does not follow"),
        ("binance-site-brackets", '"bracketNotionalFloor": 5', '"bracketNotionalFloor": 7', "begins at 7, not at 5"),
        ("binance-site-brackets", '"riskBrackets": [', '"riskBrackets": 5, "x": [', "riskBrackets: is not a list"),
        ("binance-exchange-info", '"contractSize": 100', '"contractSize": 0', "contractSize: '0' is out of range"),
        ("binance-exchange-info", '"liquidationFee": "0.015000"', '"liquidationFee": "1.5"', "liquidationFee: '1.5'"),
        ("kraken-instruments", '"contracts": 500000', '"contract": 500000', "has levels without contracts"),
        (
            "gate-contracts",
            '"funding_interval": 28800',
            '"funding_interval": 0',
            "funding_interval: '0' is out of range",
        ),
        ("mexc-contract-detail", '"riskLevelLimit": 5', '"riskLevelLimit": 5000000', "riskLevelLimit: 5000000 is out"),
        ("phemex-products", '"limit": 100,', '"limit": "many",', "limit: 'many' is not a number"),
        ("bybit-instruments-info", '"priceFilter": {', '"priceFilter": 5, "x": {', "priceFilter: is not an object"),
        ("okx-funding-rate", '"nextFundingTime": "1700755200000"', '"nextFundingTime": "1"', "funding is not above 0"),
        ("phemex-products", '"limit": 150,', '"limit": 90,', "BTCUSD: tier 2: ends at 90, not above 100"),
        ("htx-swap-adjustfactor", '"max_size": 3999', '"max_size": null', "BTC-USD: tier 1: has no upper end"),
        ("bitmex-instrument", '"maintMargin": 0.005', '"maintMargin": 0', "maintMargin: '0' is out of range"),
    ],
)
def test_a_value_that_cannot_be_is_named_by_its_key(name: str, old: str, new: str, message: str) -> None:
    assert message in refusal(changed(name, old, new), name.partition("-")[0])


def test_a_key_of_an_answer_is_written_as_the_venue_writes_it_on_a_command_line_too(run: Run) -> None:
    raw = changed("okx-position-tiers", '"mmr": "0.0065"', '"mmr": "low"').decode()
    assert run("venues", "import", "okx", "-", stdin=raw).stderr.endswith(
        ": ADA-USD-SWAP: tier 1: mmr: 'low' is not a number: ask the venue again\n"
    )


def test_a_few_of_the_contracts_that_were_written_are_named(run: Run) -> None:
    def told(count: int) -> str:
        bracket = json.loads(sample("binance-leverage-bracket"))[0]
        data = [{**bracket, "symbol": f"{coin}USD_PERP"} for coin in ("ETH", "BTC", "BNB", "ADA")[:count]]
        answer = run("venues", "import", "binance", "-", "--date", "2026-10-02", stdin=json.dumps(data))
        return answer.stderr.splitlines()[-1].partition(": rules of ")[2]

    assert told(3) == "BNBUSD_PERP, BTCUSD_PERP, ETHUSD_PERP from 2026-10-02 were written"
    assert told(4) == "ADAUSD_PERP, BNBUSD_PERP, BTCUSD_PERP and 1 more from 2026-10-02 were written"


def test_a_high_rate_of_bybit_s_last_tier_makes_no_percentages_of_all() -> None:
    raw = changed("bybit-risk-limit", '"maintenanceMargin": "0.01"', '"maintenanceMargin": "0.5"')
    raw = raw.replace(b'"mmDeduction": "0.75"', b'"mmDeduction": "74.25"')  # 150 * (0.5 - 0.005)
    (rates,) = [fact.values["rates"] for fact in answer(raw, "bybit").facts if "rates" in fact.values]
    assert rates == ["0.5%", "50%"]


def test_one_tier_of_several_is_no_table() -> None:
    data = json.loads(sample("okx-position-tiers"))
    data["data"] = data["data"][2:3]
    assert "ADA-USD-SWAP: tier 3: there is no tier 1 before it: ask for all tiers" in refusal(data, "okx")


def test_numbers_may_be_binary_and_have_exponents() -> None:
    """Binance's site writes some deductions as they are in binary."""
    raw = changed(
        "binance-site-brackets",
        '"cumFastMaintenanceAmount": 4187.06',
        '"cumFastMaintenanceAmount": 4187.0600000000004001776687800884246826171875',
    )
    assert answer(raw, "binance") == answer(sample("binance-site-brackets"), "binance")
    raw = changed(
        "binance-site-brackets", '"bracketMaintenanceMarginRate": 0.004', '"bracketMaintenanceMarginRate": 4e-3'
    )
    assert answer(raw, "binance") == answer(sample("binance-site-brackets"), "binance")


def test_rates_of_the_documentation_of_bybit_are_percentages() -> None:
    """Its example has 0.5 and 1 for 0.5 % and 1 %, live answers 0.005 and 0.01."""
    raw = sample("bybit-risk-limit").decode()
    for live, page in (("0.005", "0.5"), ("0.015", "1.5"), ("0.01", "1")):
        raw = raw.replace(f'Margin": "{live}"', f'Margin": "{page}"')
    assert answer(raw.encode(), "bybit").facts == answer(sample("bybit-risk-limit"), "bybit").facts


def test_neighbours_of_one_rate_are_joined_and_keep_their_leverage() -> None:
    """Binance, BNBUSD_PERP: 5 % at 10x, 7x and 6x."""
    brackets = [
        {
            "bracketSeq": count,
            "bracketNotionalFloor": lower,
            "bracketNotionalCap": upper,
            "bracketMaintenanceMarginRate": rate,
            "cumFastMaintenanceAmount": deduction,
            "maxOpenPosLeverage": leverage,
        }
        for count, (lower, upper, rate, deduction, leverage) in enumerate(
            [
                (0, 2000, 0.025, 0, 20),
                (2000, 4000, 0.05, 50, 10),
                (4000, 10000, 0.05, 50, 7),
                (10000, 20000, 0.05, 50, 6),
            ],
            1,
        )
    ]
    data = {"code": "000000", "data": {"brackets": [{"symbol": "BNBUSD_PERP", "riskBrackets": brackets}]}}
    assert dict(answer(data, "binance").facts[0].values) == {
        "unit": "coin",
        "limits": ["2000", "20000"],
        "rates": ["2.5%", "5%"],
        "leverages": ["20", "10", "7", "6"],
        "leverage_limits": ["2000", "4000", "10000", "20000"],
    }


def test_tiers_of_gate_without_deductions_are_of_the_whole_position() -> None:
    data = json.loads(sample("gate-risk-limit-tiers"))
    for row in data:
        del row["deduction"]
    assert answer(data, "gate").facts[0].values["marginal"] is False
    assert said("gate-risk-limit-tiers")["BTC_USD", "margin"]["marginal"] is True


def test_a_deduction_of_gate_must_follow_from_its_rates() -> None:
    data = json.loads(sample("gate-risk-limit-tiers"))
    data[1]["deduction"] = "0.4"
    assert "BTC_USD: tier 2: the deduction 0.4 does not follow from the rates, which give 0.5" in refusal(data, "gate")


def test_every_address_in_a_preset_is_one_whose_answer_is_read() -> None:
    for name in shipped_names():
        endpoints = [shape.endpoint for shape in SHAPES.get(name, ())]
        for address in load(name).tables.get("urls", {}).values():
            assert any(endpoint in address for endpoint in endpoints), (name, address)


@pytest.mark.parametrize("names", [("NEW\x1b-USD", "BTC"), ("NEW-USD", "B\x1bC"), ("NEW USD", "BTC"), ("NEW-USD", "")])
def test_names_that_are_none_do_not_get_into_a_file(names: tuple[str, str]) -> None:
    found = answer(sample("htx-swap-contract-info"), "htx")
    instrument, coin = names
    new = found._replace(facts=[found.facts[0]._replace(instrument=instrument, coin=coin)])
    with pytest.raises(PerpcalcError, match="is not a name"):
        with_answer(new, load("htx"), None, TODAY)


@given(st.data())
def test_any_answer_becomes_rules_or_one_error(data: st.DataObject) -> None:
    """A sample with one value replaced by something else."""
    name = data.draw(st.sampled_from([name for name in SAMPLES if name not in (*NO_RULES, "bitget-position-tier")]))
    whole = json.loads(sample(name))
    node, path = whole, []
    while isinstance(node, dict | list) and node and data.draw(st.integers(0, 5)) < 5:
        key = data.draw(st.sampled_from(sorted(node)) if isinstance(node, dict) else st.integers(0, len(node) - 1))
        path.append((node, key))
        node = node[key]
    if path:
        parent, key = path[-1]
        parent[key] = data.draw(
            st.sampled_from([None, "", "x", -1, 0, 1e300, "1e-30", True, [], {}, [[]], [{}], "\x1b", 10**40])
        )
    venue = load(name.partition("-")[0])
    try:
        with_answer(answer(whole, venue.name, **wanted_of(name)), venue, None, TODAY)
    except PerpcalcError as error:
        assert str(error).isprintable()  # noqa: PT017
        assert error.remedy  # noqa: PT017
