"""The forms of trades and of funding payments that venues and programs write.

Sources: the API pages of each venue (userTrades and income, execution and transaction log, fills and bills, executions,
get_user_trades, my_trades); ccxt manual, "Trade Structure" and "Funding History Structure".
"""

from collections.abc import Mapping
from typing import NamedTuple


class Shape(NamedTuple):
    """A form of trades, its columns by their folded names; the first of some that a file has counts.

    `fee_sign` is -1 where a fee that was paid is negative, `unit` that of amounts whose row names none; `kind` is the
    column that tells what a row is, and `trades` and `payments` its words for trades and funding payments; rows of
    another kind are left out. A form of payments alone has no `contracts`, and its `fee` is the payment.
    """

    needs: frozenset[str]
    venue: str | None = None
    time: tuple[str, ...] = ("time", "timestamp", "datetime", "date")
    side: tuple[str, ...] = ("side",)
    contracts: tuple[str, ...] = ()
    usd: str = ""
    price: str = "price"
    value: str = ""
    fee: str = "fee"
    fee_currency: str = "feecurrency"
    fee_sign: int = 1
    unit: str | None = None
    id: tuple[str, ...] = ("id",)
    held: str = "positionside"
    closes: str = ""
    kind: str = ""
    trades: frozenset[str] = frozenset()
    payments: frozenset[str] = frozenset()


def _words(*words: str) -> frozenset[str]:
    return frozenset(words)


SHAPES: Mapping[str, Shape] = {
    "Binance (userTrades)": Shape(
        _words("qty", "commission", "commissionasset"),
        "binance",
        contracts=("qty",),
        value="baseqty",
        fee="commission",
        fee_currency="commissionasset",
        closes="realizedpnl",
    ),
    "Bybit (execution/list)": Shape(
        _words("execqty", "execprice", "execfee"),
        "bybit",
        time=("exectime",),
        contracts=("execqty",),
        price="execprice",
        value="execvalue",
        fee="execfee",
        id=("execid",),
        closes="closedsize",
        kind="exectype",
        trades=_words("trade", "adltrade", "busttrade", "delivery"),
        payments=_words("funding"),
    ),
    "OKX (fills, fills-history)": Shape(
        _words("fillsz", "fillpx"),
        "okx",
        time=("filltime", "ts"),
        contracts=("fillsz",),
        price="fillpx",
        fee_currency="feeccy",
        fee_sign=-1,
        id=("tradeid", "billid"),
        held="posside",
        closes="fillpnl",
    ),
    "BitMEX (execution/tradeHistory)": Shape(
        _words("exectype", "lastqty", "lastpx"),
        "bitmex",
        time=("transacttime", "timestamp"),
        contracts=("lastqty",),
        price="lastpx",
        value="execcost",
        fee="execcomm",
        fee_currency="settlcurrency",
        unit="XBt",
        id=("execid",),
        kind="exectype",
        trades=_words("trade"),
        payments=_words("funding"),
    ),
    "Deribit (get_user_trades)": Shape(
        _words("direction", "instrumentname", "tradeid"),
        "deribit",
        side=("direction",),
        contracts=("contracts",),
        usd="amount",
        id=("tradeid",),
    ),
    "Kraken (fills)": Shape(
        _words("fillid", "filltime"), "kraken", time=("filltime",), contracts=("size",), id=("fillid",)
    ),
    "KuCoin (fills)": Shape(
        _words("tradeid", "settlecurrency", "size"),
        "kucoin",
        time=("tradetime", "createdat"),
        contracts=("size",),
        value="value",
        id=("tradeid",),
    ),
    "Gate (my_trades)": Shape(
        _words("createtime", "contract", "size", "price"), "gate", time=("createtime",), side=(), contracts=("size",)
    ),
    "ccxt (fetch_my_trades)": Shape(_words("symbol", "side", "amount", "price"), contracts=("amount",), value="cost"),
    "time,side,contracts,price[,fee]": Shape(
        _words("side", "contracts", "price"), contracts=("contracts",), id=("id", "tradeid")
    ),
}


PAYMENTS: Mapping[str, Shape] = {
    "Binance (income)": Shape(
        _words("incometype", "income", "asset"),
        "binance",
        fee="income",
        fee_currency="asset",
        fee_sign=-1,
        id=("tranid",),
        kind="incometype",
        payments=_words("funding_fee"),
    ),
    "Bybit (transaction-log)": Shape(
        _words("funding", "transactiontime", "type"),
        "bybit",
        time=("transactiontime",),
        fee="funding",
        fee_currency="currency",
        fee_sign=-1,
        kind="type",
        payments=_words("settlement"),
    ),
    "OKX (bills)": Shape(
        _words("balchg", "billid", "type"),
        "okx",
        time=("ts",),
        fee="balchg",
        fee_currency="ccy",
        fee_sign=-1,
        id=("billid",),
        kind="type",
        payments=_words("8"),
    ),
    "KuCoin (funding-history)": Shape(
        _words("funding", "timepoint", "settlecurrency"),
        "kucoin",
        time=("timepoint",),
        fee="funding",
        fee_currency="settlecurrency",
        fee_sign=-1,
    ),
    "ccxt (fetch_funding_history)": Shape(
        _words("symbol", "code", "amount", "timestamp"), fee="amount", fee_currency="code", fee_sign=-1
    ),
    "time,payment": Shape(_words("time", "payment"), fee="payment"),
}
