"""What a wallet holds, in the answers of venues: the balance behind cross positions, without unrealised profit.

Sources: the venues' API pages: account information of Binance COIN-M, Bybit v5 wallet-balance, OKX balance, Deribit
account summary, BitMEX margin, Kraken accounts, KuCoin account overview, Gate accounts, Phemex account positions; ccxt,
fetch_balance.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from perpcalc.readers.answers import Item, coin_of, number, text

SATOSHI = {"XBT": Decimal("1E-8"), "GWEI": Decimal("1E-9")}
SCALED_VALUE = Decimal("1E-8")
DEEPEST = 8


class Balance(NamedTuple):
    """An amount of a coin under the answer's name for it; `whole` where the margin of isolated positions is in it."""

    coin: str
    amount: Decimal
    name: str
    whole: bool = False


def balances_of(data: Any) -> tuple[Balance, ...]:
    """The balances that an answer tells of, each coin once; none where it tells of none.

    >>> balances_of({"assets": [{"asset": "BTC", "walletBalance": "0.2", "crossWalletBalance": "0.1"}]})
    (Balance(coin='BTC', amount=Decimal('0.1'), name='crossWalletBalance', whole=False),)
    """
    found: dict[str, Balance] = {}
    for balance in _walk(data, 0):
        if balance.coin not in found or not found[balance.coin].amount:
            found[balance.coin] = balance
    return tuple(found.values())


def _walk(data: Any, depth: int) -> Iterator[Balance]:
    """The balances in an answer, whatever it is wrapped in."""
    if depth > DEEPEST:
        return
    if isinstance(data, list):
        for part in data:
            yield from _walk(part, depth + 1)
    if not isinstance(data, dict):
        return
    one = _one(data)
    if one is not None:
        yield one
        return
    if isinstance(data.get("total"), dict) and "free" in data:
        yield from _of_ccxt(data)
        return
    if isinstance(data.get("accounts"), dict):
        for account in data["accounts"].values():
            yield from _kraken(account)
    for key in ("assets", "account", "coin", "details", "summaries", "list", "data", "result"):
        if isinstance(data.get(key), list | dict):
            yield from _walk(data[key], depth + 1)


def _one(item: Item) -> Balance | None:
    """The balance that an object is, by the keys that a venue gives it."""
    for coin_key, key, beside, whole in (
        ("asset", "crossWalletBalance", "", False),
        ("asset", "cmWalletBalance", "", False),
        ("coin", "walletBalance", "", False),
        ("ccy", "cashBal", "", False),
        ("currency", "balance", "margin_balance", False),
        ("currency", "marginBalance", "accountEquity", True),
        ("currency", "total", "order_margin", True),
    ):
        if isinstance(item.get(coin_key), str) and item.get(key) not in (None, "") and (not beside or beside in item):
            amount = number(item, key)
            return None if amount is None else Balance(coin_of(item[coin_key]), amount, key, whole)
    currency = text(item, "currency") if isinstance(item.get("currency"), str) else None
    if currency is not None and currency.upper() in SATOSHI and "walletBalance" in item:
        amount = number(item, "walletBalance")
        coin = "ETH" if currency.upper() == "GWEI" else "BTC"
        return None if amount is None else Balance(coin, amount * SATOSHI[currency.upper()], "walletBalance", True)
    if currency is not None and "accountBalanceEv" in item:
        amount = number(item, "accountBalanceEv")
        return None if amount is None else Balance(coin_of(currency), amount * SCALED_VALUE, "accountBalanceEv", True)
    return None


def _kraken(account: Any) -> Iterator[Balance]:
    """The coin behind the contracts of one Kraken account."""
    if not isinstance(account, dict) or account.get("type") != "marginAccount":
        return
    coin, balances = text(account, "currency"), account.get("balances")
    if (
        coin is not None
        and isinstance(balances, Mapping)
        and (amount := number(balances, coin, coin.upper())) is not None
    ):
        yield Balance(coin_of(coin), amount, "balances")


def _of_ccxt(data: Item) -> Iterator[Balance]:
    """The balances of fetch_balance: what the venue sent, else ccxt's totals, in which many venues count the profit."""
    sent = list(_walk(data.get("info"), 1))
    if sent:
        yield from sent
        return
    for coin in data["total"]:
        amount = number(data["total"], coin)
        if amount is not None:
            yield Balance(coin_of(coin), amount, "total", True)
