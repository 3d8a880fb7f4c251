"""What else a venue's file says: addresses, unified accounts, age, caps and leverage by size."""

import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from perpcalc.core.instrument import PLAIN
from perpcalc.venues import find, load
from perpcalc.venues.facts import (
    age_note,
    balance_note,
    beyond_cap,
    leverages,
    newest,
    tiers_unknown,
    unified_on,
    url,
)
from perpcalc.venues.tables import shipped_names


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's own venues."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "perpcalc" / "venues").mkdir(parents=True)
    return tmp_path / "perpcalc" / "venues"


@pytest.mark.parametrize(
    ("name", "weights", "condition"),
    [
        ("bybit", "balance", "1"),
        ("binance", "equity", "1.05"),
        ("okx", "equity", "1"),
        ("kraken", "equity", "1"),
        ("kucoin", "equity", "1"),
        ("deribit", "equity", "1"),
        ("bitget", "equity", "1"),
    ],
)
def test_how_unified_accounts_count(name: str, weights: str, condition: str) -> None:
    """Venues' pages as in the presets; Binance liquidates portfolio margin at 105 % (faq 4868b2f1, 2025-02-06)."""
    found = unified_on(load(name))
    assert found is not None
    assert (found.weights, found.condition) == (weights, Decimal(condition))


@pytest.mark.parametrize("name", ["gate", "phemex", "coinex", "bitmex", "htx"])
def test_where_that_is_not_known_nothing_is_said(name: str) -> None:
    assert unified_on(load(name)) is None


def test_before_its_first_day_a_unified_account_is_not_known() -> None:
    assert unified_on(load("bybit"), "2024-12-15") is None
    assert unified_on(load("bybit"), "2024-12-16") is not None


def test_only_at_bybit_is_a_balance_always_a_unified_account() -> None:
    """All accounts were moved by 2024-12-16 (3Commas help on Bybit's migration)."""
    assert [name for name in shipped_names() if balance_note(load(name))] == ["bybit"]
    assert balance_note(load("bybit"), "2024-12-01") is None


@pytest.mark.parametrize(
    ("name", "what", "instrument", "address"),
    [
        ("binance", "tiers", None, "https://www.binance.com/bapi/futures/v1/friendly/delivery/common/brackets"),
        (
            "okx",
            "tiers",
            "eth",
            "https://www.okx.com/api/v5/public/position-tiers?instType=SWAP&tdMode=cross&instFamily=ETH-USD",
        ),
        ("okx", "funding", "ETH", "https://www.okx.com/api/v5/public/funding-rate?instId=ETH-USD-SWAP"),
        ("bybit", "tiers", "XRP", "https://api.bybit.com/v5/market/risk-limit?category=inverse&symbol=XRPUSD"),
        (
            "deribit",
            "instruments",
            "ETH",
            "https://www.deribit.com/api/v2/public/get_instruments?currency=ETH&kind=future",
        ),
    ],
)
def test_where_a_venue_answers_without_a_key(name: str, what: str, instrument: str | None, address: str) -> None:
    assert url(load(name), what, instrument) == address


def test_where_no_address_is_known_there_is_none() -> None:
    assert url(load("deribit"), "tiers") is None
    assert url(load("delta"), "instruments") is None


def test_every_address_is_secure_and_filled_in() -> None:
    for name in shipped_names():
        venue = load(name)
        for what in venue.tables.get("urls", {}):
            for instrument in venue.tables["instruments"]:
                address = url(venue, what, instrument)
                assert address is not None
                assert address.startswith("https://")
                assert not set("{} ") & set(address)


def test_the_error_that_asks_for_a_rate_says_where_the_tiers_are() -> None:
    error = tiers_unknown(find("okx", "ETH").instrument)
    assert error.line(flags=True) == (
        "the maintenance tiers of ETH-USD-SWAP at okx are not known: give the rate as --mmr, or save "
        "https://www.okx.com/api/v5/public/position-tiers?instType=SWAP&tdMode=cross&instFamily=ETH-USD "
        "and run `perpcalc venues import okx FILE`"
    )
    assert str(tiers_unknown(find("bingx@2026-10-01", "SOL").instrument)) == (
        "the maintenance tiers of SOL-USD at bingx@2026-10-01 are not known: give the rate as mmr"
    )
    assert tiers_unknown(PLAIN).line(flags=True) == "no maintenance rate is known: give one as --mmr, or a --venue"


@pytest.mark.parametrize(
    ("spec", "rate", "said"),
    [
        ("kraken", "0.005", None),
        ("kraken", "-0.005", None),
        ("kraken", "0.00500001", "the rate 0.500001% is beyond the cap of kraken, 0.5% in 1 h"),
        ("kraken", "-0.4794", "the rate -47.94% is beyond the cap of kraken, 0.5% in 1 h"),
        ("kraken@2026-04-17", "0.003", "the rate 0.3% is beyond the cap of kraken@2026-04-17, 0.25% in 1 h"),
        ("kraken@2021-08-01", "0.002", "the rate 0.2% is beyond the cap of kraken@2021-08-01, 0.1% in 1 h"),
        ("kraken@2020-01-01", "0.5", None),
        ("bybit", "0.006", "the rate 0.6% is beyond the cap of bybit, 0.5% in 8 h"),
        ("binance", "0.0031", "the rate 0.31% is beyond the cap of binance, 0.3% in 8 h"),
        ("deribit", "0.5", None),
    ],
)
def test_a_rate_beyond_the_known_cap_is_told_with_it(spec: str, rate: str, said: str | None) -> None:
    assert beyond_cap(find(spec).instrument, Decimal(rate)) == said


def test_without_a_funding_rule_there_is_no_cap() -> None:
    assert beyond_cap(PLAIN, Decimal("0.9")) is None


def test_facts_that_are_older_than_a_year_are_told_with_how_to_refresh_them() -> None:
    known = datetime.date.fromisoformat(load("kucoin").tables["known_until"])
    after = datetime.timedelta(days=365)
    assert age_note(load("kucoin"), None, known + after) is None
    assert age_note(load("kucoin"), "XBTUSDM", known + after + datetime.timedelta(days=1)) == (
        f"kucoin: its rules were last known to hold on {known}, more than a year ago: save "
        "https://api-futures.kucoin.com/api/v1/contracts/risk-limit/XBTUSDM and run `perpcalc venues import kucoin FILE`"
    )


def test_where_a_venue_answers_no_tiers_its_list_of_contracts_refreshes_them() -> None:
    told = age_note(load("bingx"), None, datetime.date(2030, 1, 1))
    assert told is not None
    assert told.endswith(f": save {url(load('bingx'), 'instruments')} and run `perpcalc venues import bingx FILE`")


def test_a_newer_rule_of_the_user_s_keeps_the_facts_of_its_contract_young(own: Path) -> None:
    row = 'from = 2027-01-01\nlimits = ["5"]\nrates = ["1%"]\nsource = "my own"\nconfidence = "published"\n'
    (own / "okx.toml").write_text(f'extends = "okx"\n[[instruments.ETH-USD-SWAP.margin]]\n{row}')
    venue = load("okx")
    assert (newest(venue, "ETH"), newest(venue, "BTC")) == ("2027-01-01", venue.tables["known_until"])
    assert age_note(venue, "ETH", datetime.date(2027, 12, 1)) is None
    assert age_note(venue, "BTC", datetime.date(2027, 12, 1)) is not None


def test_the_largest_leverage_by_size_is_that_which_the_venue_prints() -> None:
    """Binance, brackets of BNBUSD_PERP, 2026-09-16: 10x, 7x and 6x within the tiers of 5 %."""
    bands = leverages(find("binance", "BNB").rules["margin"])
    assert [(str(limit), str(most)) for limit, most in bands[:5]] == [
        ("2000", "20"),
        ("4000", "10"),
        ("10000", "7"),
        ("20000", "6"),
        ("40000", "5"),
    ]


def test_it_goes_on_without_end_where_the_venue_says_so() -> None:
    """Binance, ETHUSD of June 2020: 3x up to 10,000 ETH, then 2x; Kraken, PI_XRPUSD: initial 10 %, from 1,000,000 20 %."""
    assert leverages(find("binance@2021-01-01", "ETH").rules["margin"])[-1] == (None, Decimal(2))
    assert leverages(find("kraken", "XRP").rules["margin"]) == ((Decimal(1_000_000), Decimal(10)), (None, Decimal(5)))
    assert leverages(find("htx").rules["margin"]) == ()
