"""Balances in the answers of venues, each as the venue's API page shows them (tests/data/positions/balance-*.json)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from importing.books import dump_of

from perpcalc.errors import PerpcalcError
from perpcalc.readers.balances import Balance, balances_of


@pytest.mark.parametrize(
    ("name", "balances"),
    [
        ("balance-binance", [("BTC", "0.00241969", "crossWalletBalance", False)]),
        (
            "balance-bybit",
            [
                ("BTC", "0.5", "walletBalance", False),
                ("USDT", "-30000", "walletBalance", False),
                ("ETH", "0", "walletBalance", False),
            ],
        ),
        ("balance-okx", [("BTC", "0.2500000000000001", "cashBal", False), ("USDT", "120.5", "cashBal", False)]),
        ("balance-deribit", [("BTC", "302.60065765", "balance", False)]),
        ("balance-bitmex", [("BTC", "0.01500003", "walletBalance", True)]),
        ("balance-kraken", [("BTC", "0.75", "balances", False)]),
        ("balance-kucoin", [("BTC", "0.31224", "marginBalance", True)]),
        ("balance-gate", [("BTC", "9.707803567115", "total", True)]),
        ("balance-ccxt", [("BTC", "0.5", "total", True), ("USDT", "0", "total", True)]),
        (
            "binance-account-hedge",
            [("BTC", "0.25", "crossWalletBalance", False), ("ETH", "0", "crossWalletBalance", False)],
        ),
        ("binance-websocket-account", [("BTC", "0.09", "crossWalletBalance", False)]),
        ("phemex-isolated", [("BTC", "3", "accountBalanceEv", True)]),
    ],
)
def test_the_wallet_without_profit(name: str, balances: list[tuple[str, str, str, bool]]) -> None:
    assert list(dump_of(name).balances) == [
        Balance(coin, Decimal(amount), key, whole) for coin, amount, key, whole in balances
    ]


@pytest.mark.parametrize("name", ["balance-binance", "balance-bybit", "balance-okx", "balance-deribit", "balance-ccxt"])
def test_an_answer_of_balances_alone_lists_no_positions(name: str) -> None:
    found = dump_of(name)
    assert (found.items, found.lists_positions) == ((), False)


@pytest.mark.parametrize("name", ["kraken-documented", "gate-isolated", "okx-net-cross", "bitmex-recorded-short"])
def test_positions_are_no_balances(name: str) -> None:
    assert dump_of(name).balances == ()


def test_portfolio_margin_and_several_currencies() -> None:
    papi = [{"asset": "BTC", "totalWalletBalance": "1", "cmWalletBalance": "0.4", "cmUnrealizedPNL": "0"}]
    assert balances_of(papi) == (Balance("BTC", Decimal("0.4"), "cmWalletBalance"),)
    summaries = {"result": {"summaries": [
        {"currency": "BTC", "balance": "1.5", "margin_balance": "1.6"},
        {"currency": "ETH", "balance": "0", "margin_balance": "0"},
    ]}}  # fmt: skip
    assert balances_of(summaries) == (Balance("BTC", Decimal("1.5"), "balance"), Balance("ETH", Decimal(0), "balance"))


@pytest.mark.parametrize("amounts", [("0", "2", "3"), ("2", "0", "3"), ("0", "0", "2")])
def test_of_two_balances_of_a_coin_the_first_that_holds_something_counts(amounts: tuple[str, ...]) -> None:
    wallets = [{"coin": "BTC", "walletBalance": amount} for amount in amounts]
    assert balances_of(wallets) == (Balance("BTC", Decimal(2), "walletBalance"),)


@pytest.mark.parametrize(
    "told",
    [
        {"currency": "BTC", "accountBalanceEv": None},
        {"currency": "XBt", "walletBalance": None},
        {"coin": "BTC", "walletBalance": None},
        {"accounts": {"fi_xbtusd": {"type": "marginAccount", "balances": {"xbt": "1"}}}},
        {"accounts": {"fi_xbtusd": {"type": "marginAccount", "currency": "xbt", "balances": {"eth": "1"}}}},
        {"accounts": {"fi_xbtusd": {"type": "marginAccount", "currency": "xbt", "balances": []}}},
        {"accounts": {"cash": {"type": "cashAccount", "currency": "xbt", "balances": {"xbt": "1"}}}},
        {"accounts": {"fi_xbtusd": None}},
    ],
)
def test_what_tells_no_amount_or_no_coin_is_no_balance(told: Any) -> None:
    assert balances_of(told) == ()


def test_ccxt_hands_on_what_the_venue_sent() -> None:
    answer = {
        "info": {"assets": [{"asset": "BTC", "crossWalletBalance": "0.3", "marginBalance": "0.35"}]},
        "free": {"BTC": "0.2"},
        "total": {"BTC": "0.35"},
    }
    assert balances_of(answer) == (Balance("BTC", Decimal("0.3"), "crossWalletBalance"),)


def test_what_ccxt_does_not_know_is_no_balance() -> None:
    assert balances_of({"free": {}, "total": {"BTC": None, "ETH": "2"}}) == (Balance("ETH", Decimal(2), "total", True),)


@pytest.mark.parametrize("wrapped", [lambda data: {"data": data}, lambda data: [data]])
def test_eight_wrappers_are_looked_into_and_no_more(wrapped: Callable[[Any], Any]) -> None:
    data: Any = {"asset": "BTC", "crossWalletBalance": "1"}
    for _ in range(8):
        data = wrapped(data)
    assert balances_of(data) == (Balance("BTC", Decimal(1), "crossWalletBalance"),)
    assert balances_of(wrapped(data)) == ()


def test_an_account_of_kraken_without_its_coin_is_passed_over() -> None:
    assert balances_of({"accounts": {"fi_xbtusd": {"type": "marginAccount", "currency": "xbt", "balances": {}}}}) == ()


def test_an_amount_that_is_no_number() -> None:
    with pytest.raises(PerpcalcError) as caught:
        balances_of({"assets": [{"asset": "BTC", "crossWalletBalance": "all"}]})
    assert str(caught.value) == "crossWalletBalance 'all' is not a number of at most 15 digits: correct the file"


@pytest.mark.parametrize("currency", [["BTC"], None, True])
def test_an_amount_of_no_coin_is_no_balance(currency: Any) -> None:
    assert balances_of([{"currency": currency, "accountBalanceEv": "5", "walletBalance": "5"}]) == ()


@pytest.mark.parametrize(
    "data", [None, 5, "x", [], {}, [[]], {"accounts": {"a": 1}}, {"assets": [1]}, {"total": {}, "free": {}}]
)
def test_what_holds_none(data: Any) -> None:
    assert balances_of(data) == ()
