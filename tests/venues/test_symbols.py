"""What a name means: in any case, by its coin, as ccxt writes it; and what is refused as what it is."""

import datetime

import pytest

from perpcalc.errors import PerpcalcError
from perpcalc.venues import contract_of, find, load, names
from perpcalc.venues.symbols import LINEAR, Symbol, contract_named, expiry_of
from perpcalc.venues.tables import coins_of, shipped_names

COINS = {"BTCUSD_PERP": "BTC", "ETHUSD_PERP": "ETH", "BNBUSD_PERP": "BNB"}
DATED = {"BTCUSD_YYMMDD": "BTC"}


def refusal(text: str, venue: str = "binance") -> str:
    with pytest.raises(PerpcalcError) as error:
        find(venue, text)
    return str(error.value)


@pytest.mark.parametrize(
    ("venue", "text", "name"),
    [
        ("binance", "btcusd_perp", "BTCUSD_PERP"),
        ("binance", "ETH", "ETHUSD_PERP"),
        ("binance", "eth", "ETHUSD_PERP"),
        ("binance", "BNB", "BNBUSD_PERP"),
        ("binance", "BTC/USD:BTC", "BTCUSD_PERP"),
        ("binance", "sol/usd:sol", "SOLUSD_PERP"),
        ("binance", "BTC/USD", "BTCUSD_PERP"),
        ("okx", "1inch", "1INCH-USD-SWAP"),
        ("okx", "btc-usd-swap", "BTC-USD-SWAP"),
        ("bybit", "MNT", "MNTUSD"),
        ("kraken", "XBT", "PI_XBTUSD"),
        ("kraken", "BTC", "PI_XBTUSD"),
        ("kraken", "pi_xbtusd", "PI_XBTUSD"),
        ("kucoin", "BTC/USD:BTC", "XBTUSDM"),
        ("deribit", "BTC/USD:BTC", "BTC-PERPETUAL"),
        ("deribit", "eth", "ETH-PERPETUAL"),
        ("phemex", "ETH", "cETHUSD"),
        ("phemex", "cethusd", "cETHUSD"),
        ("bitmex", "BTC", "XBTUSD"),
        ("bitmex", "BTC/EUR:BTC", "XBTEUR"),
        ("htx", "SHIB", "SHIB-USD"),
        ("bitget", "HYPE/USD:HYPE", "HYPEUSD_CM"),
    ],
)
def test_a_contract_is_named_in_any_case_by_its_coin_or_as_ccxt_writes_it(venue: str, text: str, name: str) -> None:
    assert find(venue, text).instrument.name == name


@pytest.mark.parametrize("venue", shipped_names())
def test_every_contract_of_every_venue_is_named_by_each_spelling_of_it(venue: str) -> None:
    coins = coins_of(load(venue).tables["instruments"])
    for name in coins:
        for text in (name, name.lower(), name.upper()):
            assert contract_named(text, coins).name == name
        assert not LINEAR.fullmatch(name.upper()), "no inverse contract looks like a linear one"
    for coin in set(coins.values()):
        found = contract_named(coin.lower(), coins).name
        assert coins[found] == coin
        assert contract_named(f"{coin}/USD:{coin}", coins).name == found


@pytest.mark.parametrize(
    "text",
    [
        "BTCUSDT",
        "btcusdt",
        "ETHUSDC",
        "BTC/USDT:USDT",
        "BTC/USDT",
        "BTC/USDC:USDC",
        "BTC/USD:USD",
        "BTC/USDT:USDT-260327",
        "BTC-USDT-SWAP",
        "BTC_USDT",
        "BTC-USDT",
        "XBTUSDTM",
        "PF_XBTUSD",
        "FF_XBTUSD_260327",
        "BTC_USDC-PERPETUAL",
        "BTCPERP",
        "BTCUSDT_260327",
        "BTCUSDT-27MAR26",
        "1000PEPEUSDT",
    ],
)
@pytest.mark.parametrize("venue", ["binance", "okx", "bybit", "deribit", "kraken", "kucoin", "gate", "phemex"])
def test_a_linear_contract_is_refused_as_linear_and_never_taken_for_an_inverse_one(venue: str, text: str) -> None:
    message = refusal(text, venue)
    assert message.startswith(f"{venue}: '{text}' is a linear contract, perpcalc is for inverse ones: give one of ")


@pytest.mark.parametrize(
    ("venue", "text", "message"),
    [
        ("phemex", "ETHUSD", "phemex: 'ETHUSD' is not an inverse contract: linear, it settles in USD: "),
        ("phemex", "ethusd", "phemex: 'ethusd' is not an inverse contract: linear, it settles in USD: "),
        ("bitmex", "ETHUSD", "bitmex: 'ETHUSD' is not an inverse contract: quanto, it settles in BTC: "),
        ("gate", "ETH_USD", "gate: 'ETH_USD' is not an inverse contract: quanto, it settles in BTC: "),
        ("bitmex", "ETH/USD:BTC", "bitmex: 'ETH/USD:BTC' is a quanto contract: it settles in BTC: "),
        ("gate", "ETH", "gate: there is no contract 'ETH': give one of BTC_USD, or describe one by contract_size, "),
        ("binance", "XMR/USD:XMR", "binance: there is no contract 'XMR/USD:XMR': give one of BTCUSD_PERP, "),
        ("binance", "BNBUSD", "binance: there is no contract 'BNBUSD': give BNBUSD_PERP"),
        ("okx", "DOTUSD", "okx: there is no contract 'DOTUSD': give "),
        (
            "okx",
            "BTC-USD-260327",
            "okx: 'BTC-USD-260327' expires, and the rules of such contracts are not known here: ",
        ),
        ("deribit", "BTC-27MAR26", "deribit: 'BTC-27MAR26' expires, "),
        ("binance", "ETC/USD:ETC-260327", "binance: 'ETC/USD:ETC-260327' expires, "),
        ("binance", "BTC/USD:BTC-261332", "binance: '261332' is not a day: write the expiry as YYMMDD"),
        ("binance", "BTCUSD_261332", "binance: there is no contract 'BTCUSD_261332': "),
        ("binance", "\x1b[31mBTC", "binance: there is no contract '\\x1b[31mBTC': "),
    ],
)
def test_what_is_no_inverse_contract_of_ours_is_refused_as_what_it_is(venue: str, text: str, message: str) -> None:
    assert refusal(text, venue).startswith(message)


def test_what_is_refused_says_what_else_can_be_done() -> None:
    assert refusal("XMR") == (
        "binance: there is no contract 'XMR': give one of BTCUSD_PERP, ETHUSD_PERP, SOLUSD_PERP, XRPUSD_PERP, ..., "
        "or describe one by contract_size, currency and mmr"
    )
    with pytest.raises(PerpcalcError) as error:
        contract_named("XMR", COINS)
    assert error.value.line(flags=True).endswith("or describe one by --contract-size, --currency and --mmr")


@pytest.mark.parametrize(("count", "few"), [(4, "A, B, C, D, or"), (5, "A, B, C, D, ..., or")])
def test_four_that_there_are_are_named(count: int, few: str) -> None:
    with pytest.raises(PerpcalcError, match=f"give one of {few}"):
        contract_named("XMR", dict(zip("ABCDE"[:count], "ABCDE", strict=False)))


@pytest.mark.parametrize(
    ("text", "dated", "found"),
    [
        ("BTCUSD_260327", DATED, Symbol("BTCUSD_260327", "BTCUSD_YYMMDD")),
        ("btcusd_260327", DATED, Symbol("BTCUSD_260327", "BTCUSD_YYMMDD")),
        ("BTC/USD:BTC-260327", DATED, Symbol("BTCUSD_260327", "BTCUSD_YYMMDD")),
        ("xbt/usd:xbt-260327", DATED, Symbol("BTCUSD_260327", "BTCUSD_YYMMDD")),
        ("BTC/USD:BTC-260327", {"BTC-DDMMMYY": "BTC"}, Symbol("BTC-27MAR26", "BTC-DDMMMYY")),
        ("btc-27mar26", {"BTC-DDMMMYY": "BTC"}, Symbol("BTC-27MAR26", "BTC-DDMMMYY")),
        ("BTC/USD:BTC-260130", {"BTC-DDMMMYY": "BTC"}, Symbol("BTC-30JAN26", "BTC-DDMMMYY")),
        ("BTC/USD:BTC-261225", {"BTCUSDMYY": "BTC"}, Symbol("BTCUSDZ26", "BTCUSDMYY")),
        ("BTCUSDZ26", {"BTCUSDMYY": "BTC"}, Symbol("BTCUSDZ26", "BTCUSDMYY")),
    ],
)
def test_a_contract_that_expires_is_named_as_its_venue_does(text: str, dated: dict[str, str], found: Symbol) -> None:
    assert contract_named(text, COINS, dated) == found


@pytest.mark.parametrize(
    ("symbol", "day"),
    [
        ("BTCUSD_260327", datetime.date(2026, 3, 27)),
        ("BTC-USD-260327", datetime.date(2026, 3, 27)),
        ("FI_XBTUSD_260327", datetime.date(2026, 3, 27)),
        ("BTC-7AUG26", datetime.date(2026, 8, 7)),
        ("btc-27mar26", datetime.date(2026, 3, 27)),
        ("BTC-30FEB26", None),
        ("BTCUSD_261332", None),
        ("BTCUSDZ26", None),
        ("BTCUSD", None),
        ("BTC-PERPETUAL", None),
    ],
)
def test_the_day_of_expiry_is_read_from_the_name(symbol: str, day: datetime.date | None) -> None:
    assert expiry_of(symbol) == day


def test_a_contract_in_another_money_is_not_that_in_dollars() -> None:
    with pytest.raises(PerpcalcError, match="there is no contract 'BTC/EUR:BTC'"):
        contract_named("BTC/EUR:BTC", COINS)
    assert contract_named("BTC/EUR:BTC", {"btcusd": "BTC", "btceur": "BTC"}).name == "btceur"


def test_a_contract_that_has_ended_is_still_known_and_that_is_said() -> None:
    found = find("binance", "SAND")
    assert found.notes == ("binance: SANDUSD_PERP is no longer listed on 2026-09-16: its last known rules are used",)
    assert find("binance@2025-12-01", "SAND").notes == (
        "binance@2025-12-01: the tiers in force were set on or before 2026-05-11, on a day that is not known",
    )


@pytest.mark.parametrize(("day", "said"), [("2026-09-15", False), ("2026-09-16", True), ("2026-09-17", True)])
def test_it_is_said_from_the_day_on_that_it_ended(day: str, said: bool) -> None:
    assert any("is no longer listed" in note for note in find(f"binance@{day}", "SAND").notes) == said


def test_a_contract_quoted_in_another_money_says_so() -> None:
    assert "bitmex: XBTEUR is quoted in EUR: what is called USD is EUR" in find("bitmex", "XBTEUR").notes


def test_the_default_is_a_contract_of_its_venue() -> None:
    for name in names():
        venue = load(name)
        assert contract_of(venue, None)[0] == venue.tables["default"]
