"""What names of contracts say, venue by venue."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.errors import PerpcalcError
from perpcalc.readers.symbols import PATTERNS, Contract, check_inverse, contract_of


@pytest.mark.parametrize(
    ("symbol", "venue", "settle", "contract"),
    [
        ("BTC/USD:BTC", None, None, Contract("BTC", "USD", "BTC")),
        ("btc/usd:btc", None, None, Contract("BTC", "USD", "BTC")),
        ("XBT/USD:XBT", None, None, Contract("BTC", "USD", "BTC")),
        ("ETH/USD:ETH-260327", None, None, Contract("ETH", "USD", "ETH", "2026-03-27")),
        ("BTC/USD:BTC-260327-60000-C", None, None, Contract("BTC", "USD", "BTC", "2026-03-27", option=True)),
        ("BTC/USDT:USDT", None, None, Contract("BTC", "USDT", "USDT")),
        ("ETH/USD:BTC", None, None, Contract("ETH", "USD", "BTC")),
        ("BTC/USD", None, None, Contract("BTC", "USD", "")),
        ("BTCUSD_PERP", "binance", None, Contract("BTC", "USD", "BTC")),
        ("BTCUSD_260327", "binance", None, Contract("BTC", "USD", "BTC", "2026-03-27")),
        ("1INCHUSD_PERP", "binance", None, Contract("1INCH", "USD", "1INCH")),
        ("BTCUSDT", "binance", None, Contract("BTC", "USDT", "USDT")),
        ("ETHUSDC_260327", "binance", None, Contract("ETH", "USDC", "USDC", "2026-03-27")),
        ("BTCUSD", "bybit", None, Contract("BTC", "USD", "BTC")),
        ("BTCUSDZ26", "bybit", None, Contract("BTC", "USD", "BTC", "2026-12-25", guessed=True)),
        ("BTCUSDH27", "bybit", None, Contract("BTC", "USD", "BTC", "2027-03-26", guessed=True)),
        ("BTCUSDT", "bybit", None, Contract("BTC", "USDT", "USDT")),
        ("BTCPERP", "bybit", None, Contract("BTC", "USDC", "USDC")),
        ("BTC-26DEC26", "bybit", None, Contract("BTC", "USDC", "USDC")),
        ("BTC-USD-SWAP", "okx", None, Contract("BTC", "USD", "BTC")),
        ("BTC-USD-260327", "okx", None, Contract("BTC", "USD", "BTC", "2026-03-27")),
        ("BTC-USDT-SWAP", "okx", None, Contract("BTC", "USDT", "USDT")),
        ("BTC-USD_UM-SWAP", "okx", None, Contract("BTC", "USD", "USD")),
        ("BTC-USD-260327-60000-P", "okx", None, Contract("BTC", "USD", "BTC", "2026-03-27", option=True)),
        ("BTC-PERPETUAL", "deribit", None, Contract("BTC", "USD", "BTC")),
        ("BTC-5DEC26", "deribit", None, Contract("BTC", "USD", "BTC", "2026-12-05")),
        ("BTC_USDC-PERPETUAL", "deribit", None, Contract("BTC", "USDC", "USDC")),
        ("BTC-25DEC26-60000-C", "deribit", None, Contract("BTC", "USD", "BTC", "2026-12-25", option=True)),
        ("XBTUSD", "bitmex", "BTC", Contract("BTC", "USD", "BTC")),
        ("XBTM23", "bitmex", "BTC", Contract("BTC", "USD", "BTC", "2023-06-30", guessed=True)),
        ("XBTEUR", "bitmex", "BTC", Contract("BTC", "EUR", "BTC")),
        ("ETHUSD", "bitmex", "BTC", Contract("ETH", "USD", "BTC")),
        ("ETHUSD_ETH", "bitmex", None, Contract("ETH", "USD", "ETH")),
        ("XBTUSDT", "bitmex", "USDT", Contract("BTC", "USDT", "USDT")),
        ("pi_xbtusd", "kraken", None, Contract("BTC", "USD", "BTC")),
        ("FI_ETHUSD_261225", "kraken", None, Contract("ETH", "USD", "ETH", "2026-12-25")),
        ("PF_XBTUSD", "kraken", None, Contract("BTC", "USD", "USD")),
        ("XBTUSDM", "kucoin", "BTC", Contract("BTC", "USD", "BTC")),
        ("XBTMM23", "kucoin", "BTC", Contract("BTC", "USD", "BTC", "2023-06-30", guessed=True)),
        ("ETHUSDTM", "kucoin", "USDT", Contract("ETH", "USDT", "USDT")),
        ("BTC_USD", "gate", None, Contract("BTC", "USD", "BTC")),
        ("BTC_USDT_20260327", "gate", None, Contract("BTC", "USDT", "USDT", "2026-03-27")),
        ("BTCUSD", "phemex", "BTC", Contract("BTC", "USD", "BTC")),
        ("cETHUSD", "phemex", "ETH", Contract("ETH", "USD", "ETH")),
        ("CRVUSD", "phemex", "USD", Contract("CRV", "USD", "USD")),
        ("BTC-USD", "bingx", None, Contract("BTC", "USD", "BTC")),
        ("BTCUSD_CM", None, None, Contract("BTC", "USD", "BTC")),
    ],
)
def test_a_name_says(symbol: str, venue: str | None, settle: str | None, contract: Contract) -> None:
    assert contract_of(symbol, venue, settle) == contract


@pytest.mark.parametrize(
    ("symbol", "venue", "message"),
    [
        ("BTC", "binance", "'BTC' is no contract's name: ccxt writes them as in BTC/USD:BTC"),
        ("", None, "'' is no contract's name: ccxt writes them as in BTC/USD:BTC"),
        ("\x1b[31mB/USD:B", None, "'\\x1b[31mB/USD:B' is no contract's name: ccxt writes them as in BTC/USD:BTC"),
        ("BTC/USD:BTC-261399", None, "'BTC/USD:BTC-261399' expires on a day that does not exist: correct the file"),
        ("BTC-31FEB26", "deribit", "'BTC-31FEB26' expires on a day that does not exist: correct the file"),
        ("BTC-25XXX26", "deribit", "'BTC-25XXX26' expires on a day that does not exist: correct the file"),
    ],
)
def test_a_name_of_no_known_form(symbol: str, venue: str | None, message: str) -> None:
    with pytest.raises(PerpcalcError) as caught:
        contract_of(symbol, venue)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("contract", "what"),
    [
        (Contract("BTC", "USDT", "USDT"), "is linear: it settles in USDT, not in the coin BTC"),
        (Contract("BTC", "USD", "USD"), "is linear: it settles in USD, not in the coin BTC"),
        (Contract("BTC", "USD", "USDC"), "is linear: it settles in USDC, not in the coin BTC"),
        (Contract("ETH", "USD", "BTC"), "is a quanto contract, on ETH and settled in BTC"),
        (Contract("BTC", "USD", ""), "is a spot or margin trade"),
        (Contract("BTC", "USD", "BTC", "2026-12-25", option=True), "is an option"),
    ],
)
def test_what_is_no_inverse_contract(contract: Contract, what: str) -> None:
    with pytest.raises(PerpcalcError) as caught:
        check_inverse(contract)
    assert str(caught.value) == f"{what}: only inverse contracts are imported"


@given(st.text(max_size=30), st.sampled_from([None, *PATTERNS]))
def test_no_name_breaks_it(symbol: str, venue: str | None) -> None:
    try:
        contract = contract_of(symbol, venue)
    except PerpcalcError as caught:
        assert str(caught).isprintable()  # noqa: PT017
    else:
        assert contract.base.isalnum()
        assert contract.base.isascii()


@pytest.mark.parametrize(
    ("month", "number"),
    [*zip("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(), range(1, 13), strict=True)],
)
def test_a_day_of_expiry_may_name_its_month(month: str, number: int) -> None:
    assert contract_of(f"BTC-5{month}26", "deribit").expires == f"2026-{number:02}-05"
