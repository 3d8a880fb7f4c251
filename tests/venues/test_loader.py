"""Loading a venue: which file is read, which rules are in force, and what is said of a name that is not known."""

import tomllib
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perpcalc.core.rounding import EXACT
from perpcalc.core.rules import NO_CLOSING_FEE, ClosingFee, Schedule, Tier
from perpcalc.errors import PerpcalcError
from perpcalc.venues import contract_of, dated_rules, find, load, names, ticks_of
from perpcalc.venues.instruments import instrument_of
from perpcalc.venues.tables import HERE, Contracts, dates_as_text, merged, shipped, shipped_names

CONTRACT = {"size": "100"}


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
    return instrument_of("mine", "BTC", "BTC", {"contract": CONTRACT, **topics})


def test_without_files_of_ones_own_the_presets_are_known() -> None:
    assert names() == sorted(path.stem for path in Path(HERE).glob("*.toml"))
    assert load("okx").path == str(Path(HERE) / "okx.toml")


def test_a_file_of_ones_own_adds_a_venue_or_goes_before_the_preset(own: Path) -> None:
    text = (Path(HERE) / "okx.toml").read_text(encoding="utf-8")
    mine = write(own, "mine", text)
    other = write(own, "okx", text.replace('title = "', 'title = "my '))
    assert "mine" in names()
    assert names().count("okx") == 1
    assert load("mine").path == str(mine)
    assert load("okx").path == str(other)
    assert load("okx").tables["title"].startswith("my ")


def test_a_home_without_settings_is_looked_at_too(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    path = write(
        tmp_path / ".config" / "perpcalc" / "venues", "mine", (Path(HERE) / "okx.toml").read_text(encoding="utf-8")
    )
    assert load("mine").path == str(path)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("binnance", "'binnance' is not a known venue: give binance"),
        ("../bybit", "'../bybit' is not a known venue: give bybit"),
        ("binanceusdm", "'binanceusdm' has linear contracts only: perpcalc is for inverse ones, give binance"),
        ("Hyperliquid", "'Hyperliquid' has no inverse contracts that are known: perpcalc is for inverse ones"),
        ("okx@yesterday", "'okx@yesterday' does not end in a date: write NAME@YYYY-MM-DD, as in bybit@2024-06-01"),
        ("okx@2024-W13-5", "'okx@2024-W13-5' does not end in a date: write NAME@YYYY-MM-DD, as in bybit@2024-06-01"),
        ("okx@2024-02-30", "'okx@2024-02-30' does not end in a date: write NAME@YYYY-MM-DD, as in bybit@2024-06-01"),
        ("okx@", "'okx@' does not end in a date: write NAME@YYYY-MM-DD, as in bybit@2024-06-01"),
    ],
)
def test_a_venue_or_a_day_that_is_not_known_is_refused(spec: str, message: str) -> None:
    assert refusal(spec) == message


@pytest.mark.parametrize(
    "name",
    [
        "ascendex",
        "backpack",
        "bitfinex",
        "btse",
        "bullish",
        "coinbaseinternational",
        "cryptocom",
        "dydx",
        "gemini",
        "hashkey",
        "paradex",
        "poloniex",
        "toobit",
        "woo",
    ],
)
def test_a_venue_that_has_no_inverse_contracts_is_known_as_such(name: str) -> None:
    assert refusal(name) == f"'{name}' has no inverse contracts that are known: perpcalc is for inverse ones"


def test_a_venue_that_is_nothing_like_one_of_ours_gets_all_that_can_be_done() -> None:
    message = refusal("zoomex")
    assert message.startswith("'zoomex' is not a known venue: give one of bigone, binance, ")
    assert message.endswith(
        ", or describe the contract by contract_size, currency and mmr, or write its rules into a file of your own"
    )


def test_an_instrument_that_is_not_listed_is_refused_with_the_one_that_is_meant() -> None:
    assert refusal("binance", "BTCUSD_PREP") == "binance: there is no contract 'BTCUSD_PREP': give BTCUSD_PERP"


def test_rules_that_do_not_fit_together_are_named_by_venue_and_instrument(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = dict(load("okx").tables)
    symbol = tables["default"]
    wrong = {"from": "2099-01-01", "source": "a", "confidence": "inferred", "limits": ["1", "2"]}
    listed = {**tables["instruments"][symbol], "margin": [wrong]}
    broken = {**tables, "instruments": {symbol: listed}, "margin": []}
    monkeypatch.setattr("perpcalc.venues.shipped", lambda name: broken)
    assert refusal("okx") == (
        f"okx, {symbol}: as many rates as limits are needed, or one more: the last rate has no limit"
    )


@pytest.mark.parametrize("name", shipped_names())
def test_a_contract_is_read_alone_as_it_stands_in_the_whole_file(name: str) -> None:
    whole = dates_as_text(tomllib.loads((Path(HERE) / f"{name}.toml").read_text(encoding="utf-8")))
    read = shipped(name)
    for kind in ("instruments", "dated"):
        assert isinstance(read[kind], Contracts)
        assert dict(read[kind]) == whole.pop(kind, {})
        assert {key: read[kind][key]["currency"] for key in read[kind]} == dict(read[kind].coins)
        assert len(read[kind]) == len(read[kind].coins)
    assert {key: value for key, value in read.items() if key not in ("instruments", "dated")} == whole


def test_a_wheel_has_the_same_tables_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = pytest.importorskip("hatchling.builders.wheel", reason="hatchling IS NOT INSTALLED: no wheel is built")
    root = Path(__file__).parent.parent.parent
    [built] = wheel.WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(built) as archive:
        archive.extractall(tmp_path)
    monkeypatch.setattr(
        "perpcalc.venues.tables.derived_file", lambda name: str(tmp_path / f"perpcalc/venues/{name}.json")
    )
    for name in shipped_names():
        shipped.cache_clear()
        read = shipped(name)
        assert not isinstance(read["instruments"], Contracts)
        assert read == dates_as_text(tomllib.loads((Path(HERE) / f"{name}.toml").read_text(encoding="utf-8")))
        for instrument in read["instruments"]:
            assert find(name, instrument).instrument.name == instrument
    shipped.cache_clear()


def test_only_the_contract_that_is_named_is_parsed() -> None:
    shipped.cache_clear()
    find("binance", "ETHUSD_PERP")
    assert list(shipped("binance")["instruments"].read) == ["ETHUSD_PERP"]


def test_a_contract_that_is_not_there_is_not_in_the_mapping() -> None:
    assert "ETHUSD_PERP" in shipped("binance")["instruments"]
    assert "ETHUSDT" not in shipped("binance")["instruments"]


EXTENDS = """
extends = "bybit"

[[instruments.ETHUSD.margin]]
from = 2026-10-01
limits = ["100", "1000"]
rates = ["0.4%", "0.6%"]
source = "what the venue answered me"
confidence = "published"

[[instruments.BTCUSD.contract]]
from = 2026-09-26
size = "1"
tick = "0.2"
source = "what the venue answered me"
confidence = "published"

[instruments.NEWUSD]
currency = "NEW"

[[instruments.NEWUSD.contract]]
from = 2026-10-01
size = "1"
source = "what the venue answered me"
confidence = "published"
"""


def test_a_file_that_extends_adds_by_date_and_by_name(own: Path) -> None:
    write(own, "bybit", EXTENDS)
    now, before = find("bybit", "ETHUSD").instrument, find("bybit@2026-09-30", "ETHUSD").instrument
    assert now.schedule is not None
    assert before.schedule is not None
    assert [tier.rate for tier in now.schedule.tiers] == [Decimal("0.004"), Decimal("0.006")]
    assert now.schedule.marginal
    assert len(before.schedule.tiers) == 11
    assert find("bybit").instrument.tick == Decimal("0.2")
    assert find("bybit@2026-09-25").instrument.tick == Decimal("0.5")
    assert find("bybit", "NEW").instrument.name == "NEWUSD"
    assert find("bybit", "XRP").instrument.tick == Decimal("0.0001")


def test_the_same_date_replaces_the_whole_rule(own: Path) -> None:
    write(own, "bybit", EXTENDS)
    assert find("bybit").instrument.max_leverage is None


def test_what_the_user_wrote_is_told_from_what_came_with_the_program(own: Path) -> None:
    write(own, "bybit", EXTENDS)
    mine = [(found.instrument, found.topic, found.rule["from"]) for found in dated_rules(load("bybit")) if found.own]
    assert mine == [
        ("BTCUSD", "contract", "2026-09-26"),
        ("ETHUSD", "margin", "2026-10-01"),
        ("NEWUSD", "contract", "2026-10-01"),
    ]
    assert not any(found.own for found in dated_rules(load("okx")))


def test_a_venue_of_another_name_may_extend_one(own: Path) -> None:
    write(own, "zoomex", 'extends = "bybit"\nname = "zoomex"')
    assert find("zoomex", "BTCUSD").instrument._replace(venue=None) == find("bybit").instrument._replace(venue=None)
    assert find("zoomex").instrument.venue == "zoomex"


def test_a_file_that_has_changed_is_read_again(own: Path) -> None:
    path = write(own, "bybit", EXTENDS)
    assert find("bybit").instrument.tick == Decimal("0.2")
    path.write_text(EXTENDS.replace('tick = "0.2"', 'tick = "0.25"'), encoding="utf-8")
    assert find("bybit").instrument.tick == Decimal("0.25")
    path.unlink()
    assert find("bybit").instrument.tick == Decimal("0.1")


def test_an_error_in_a_file_names_it(own: Path) -> None:
    path = write(own, "bybit", EXTENDS.replace('rates = ["0.4%", "0.6%"]', 'rates = ["0.4%", "x"]'))
    assert refusal("bybit").startswith(f"{path}: instruments.ETHUSD.margin 1, rates: 'x' is not a plain decimal number")


@pytest.mark.parametrize("spec", ["Binance", "BINANCE@2022-01-01", "binanceCOINM", "binancecoinm@2022-01-01"])
def test_a_venue_is_named_in_any_case_and_by_the_name_ccxt_has(spec: str) -> None:
    _, at, date = spec.partition("@")
    assert find(spec).instrument.venue == "binance" + at + date


@pytest.mark.parametrize(
    ("ccxt", "name"),
    [
        ("krakenfutures", "kraken"),
        ("kucoinfutures", "kucoin"),
        ("gateio", "gate"),
        ("huobi", "htx"),
        ("okex", "okx"),
        ("myokx", "okx"),
        ("okxus", "okx"),
        ("binancecoinm", "binance"),
    ],
)
def test_the_names_of_ccxt_name_ours(ccxt: str, name: str) -> None:
    assert load(ccxt).name == name


def test_a_file_of_ones_own_is_found_in_any_case_too(own: Path) -> None:
    write(own, "Mine", (Path(HERE) / "okx.toml").read_text(encoding="utf-8"))
    assert load("mine").name == load("MINE").name == "Mine"


def test_a_contract_that_expires_has_the_rules_of_its_kind_and_no_funding() -> None:
    """Binance's brackets of BTC contracts that expire, 2026-09-16: 1 % up to 10 BTC."""
    found = find("binance", "BTCUSD_261225")
    assert found.instrument.name == "BTCUSD_261225"
    assert found.instrument.funding is None
    assert found.instrument.schedule is not None
    assert found.instrument.schedule.tiers[0][:2] == (Decimal(10), Decimal("0.01"))
    assert found.instrument.contract_size == 100
    assert find("binance", "BTC/USD:BTC-261225").instrument == found.instrument
    assert contract_of(load("binance"), "btcusd_261225")[0::2] == ("BTCUSD_261225", True)


def test_the_ticks_that_a_contract_has_had_are_those_of_the_rules_that_say_one(own: Path) -> None:
    assert ticks_of("bybit@2024-01-01", "btc") == [Decimal("0.1"), Decimal("0.5")]
    rule = 'from = 2030-01-01\nmax_order = "1000"\nsource = "a page"\nconfidence = "published"\n'
    write(own, "bybit", f'extends = "bybit"\n[[instruments.BTCUSD.contract]]\n{rule}size = "1"\n')
    assert ticks_of("bybit", "BTCUSD") == [Decimal("0.1"), Decimal("0.5")]
    assert ticks_of("bybit", "NONE") == []


def test_of_a_contract_that_expires_no_rule_of_funding_is_said_to_be_the_earliest() -> None:
    early = "bybit@2018-01-01: the earliest known rules are used ("
    perpetual, dated = (find("bybit@2018-01-01", name).notes[0] for name in ("BTCUSD", "BTCUSDZ26"))
    assert perpetual.startswith(early)
    assert dated.startswith(early)
    assert "funding from" in perpetual
    assert "funding" not in dated


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


def test_a_contract_of_a_whole_file_of_ones_own_is_named_by_its_coin_too(own: Path) -> None:
    write(own, "mine", (Path(HERE) / "okx.toml").read_text(encoding="utf-8"))
    assert find("mine", "eth").instrument.name == "ETH-USD-SWAP"


def test_an_extension_may_name_changes_and_addresses(own: Path) -> None:
    changes = '[[changes]]\ndate = 2024-06-01\ntext = "between"\n[[changes]]\ndate = 2030-01-01\ntext = "later"\n'
    text = f'extends = "okx"\n[urls]\nfunding = "https://mine.example"\n{changes}'
    write(own, "okx", text)
    tables = load("okx").tables
    assert tables["urls"]["funding"] == "https://mine.example"
    assert tables["urls"]["tiers"].startswith("https://www.okx.com/")
    assert [change["date"] for change in tables["changes"]] == ["2024-03-05", "2024-06-01", "2025-04-10", "2030-01-01"]


def test_a_value_that_cannot_be_read_is_named_by_its_topic_and_key() -> None:
    with pytest.raises(PerpcalcError, match=r"fees: taker: 'x' is not a plain decimal number"):
        made(fees={"taker": "x"})


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
        (
            {"first_limit": "10"},
            "first_limit, first_rate, limit_step, rate_step go together: leave limits and rates out",
        ),
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


@pytest.mark.parametrize(
    ("margin", "message"),
    [
        (
            {"rates": ["1%", "2%"], "limits": ["5"], "initial_rates": ["2%"]},
            "as many initial_rates or leverages as rates are needed, or none: each tier has its own",
        ),
        ({"rates": ["1%"], "leverages": ["50", "20"]}, "as many initial_rates or leverages as rates are needed"),
        (
            {"rates": ["1%"], "leverages": ["50"], "leverage_limits": ["5", "10"]},
            "as many leverages as leverage_limits are needed, or one more: the last has no limit",
        ),
        (
            {"rates": ["1%"], "leverage_limits": ["5"], "leverages": ["50", "20", "10"]},
            "as many leverages as leverage_",
        ),
    ],
)
def test_initial_rates_and_leverages_that_do_not_fit_are_refused(margin: dict[str, Any], message: str) -> None:
    with pytest.raises(PerpcalcError) as error:
        made(margin=margin)
    assert str(error.value).startswith(message)


def test_leverage_becomes_the_initial_rate_of_its_tier() -> None:
    tiers = {"rates": ["1%", "2%"], "limits": ["5", "10"], "leverages": ["50", "20"]}
    assert [tier.initial for tier in made(margin=tiers).schedule.tiers] == [Decimal("0.02"), Decimal("0.05")]
    assert made(margin=tiers).schedule.leverage_tiers == ()
    finer = {**tiers, "leverages": ["50", "25", "20"], "leverage_limits": ["2", "5"]}
    schedule = made(margin=finer).schedule
    assert [tier.initial for tier in schedule.tiers] == [None, None]
    assert [(tier.limit, tier.initial) for tier in schedule.leverage_tiers] == [
        (2, Decimal("0.02")),
        (5, Decimal("0.04")),
        (None, Decimal("0.05")),
    ]


def test_initial_rates_go_on_by_the_step_of_the_maintenance_rate() -> None:
    steps = {"limits": ["5"], "rates": ["1%"], "initial_rates": ["2%"], "limit_step": "5", "rate_step": "40%"}
    assert [(tier.limit, tier.rate, tier.initial) for tier in made(margin=steps).schedule.tiers] == [
        (5, Decimal("0.01"), Decimal("0.02")),
        (10, Decimal("0.41"), Decimal("0.42")),
        (15, Decimal("0.81"), Decimal("0.82")),
    ]


def test_what_is_uncertain_of_a_venue_is_said_with_its_rules() -> None:
    (caution,) = [note for note in find("kucoin").notes if "only the first tier" in note]
    assert caution == f"kucoin: {load('kucoin').tables['caution']}"


def test_a_closing_fee_is_taken_off_an_extra_margin_where_the_venue_says_so_alone() -> None:
    assert {name for name in shipped_names() if find(name).instrument.extra_margin_net_of_fee} == {"bybit"}
