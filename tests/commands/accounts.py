"""Portfolios that tests share: accounts of one coin, of several coins, and what they hold."""

WALLETS = """
[prices]
BTC = 64_000

[[accounts]]
name = "main"
venue = "binance"
balance = 1.25

[[accounts]]
name = "okx"
venue = "okx"
balance = 1

[[positions]]
name = "core"
account = "main"
side = "long"
contracts = 500
entry = 62_500

[[positions]]
name = "swing"
venue = "bybit"
side = "short"
contracts = 5_000
entry = 65_000
leverage = 5

[[positions]]
name = "unknown"
account = "okx"
side = "long"
contracts = 10
entry = 62_500
"""
UNIFIED = """
[prices]
BTC = 100_000
ETH = 4_000

[[accounts]]
name = "uta"
venue = "bybit"
margin = "unified"
weights = "equity"
balances = { BTC = 1, ETH = 10, USDT = -30_000 }
weights_of = { BTC = "98%", ETH = [[10, "97%"], [20, "95%"]] }

[[positions]]
name = "core"
account = "uta"
instrument = "BTCUSD"
side = "long"
contracts = 150_000
entry = 95_000

[[positions]]
name = "eth"
account = "uta"
instrument = "ETHUSD"
side = "short"
contracts = 10_000
entry = 4_100

[[positions]]
name = "leg"
account = "uta"
linear = "BTC"
settle = "USDT"
side = "short"
coin = 0.5
entry = 100_000
mmr = "0.5%"
"""

ROUND = """
[prices]
BTC = 50_000
ETH = 2_500

[[accounts]]
name = "main"
balance = 3

[[accounts]]
name = "coins"
currency = "ETH"
balance = 10

[[positions]]
name = "core"
account = "main"
side = "long"
contracts = 40_000
entry = 40_000
entry_fee = "0.1%"
exit_fee = "0.05%"
funding = 0.003
mmr = "0.5%"

[[positions]]
name = "swing"
side = "short"
contracts = 25_000
entry = 62_500
leverage = 4
mmr = "0.5%"

[[positions]]
name = "late"
side = "long"
contracts = 10_000
entry = 62_500
leverage = 10
mmr = "0.5%"

[[positions]]
name = "ether"
account = "coins"
side = "short"
contracts = 5_000
entry = 2_000
mmr = "1%"

[[holdings]]
coin = "BTC"
amount = 0.5
"""
"""Positions without a venue, in numbers that divide without a rest: Q/entry and Q/price are exact."""


def position(account: str, side: str, contracts: object, entry: object, instrument: str = "", **more: object) -> str:
    """A position of an account, to be added to a portfolio."""
    keys = {
        "name": "new",
        "account": account,
        "side": side,
        **({"instrument": instrument} if instrument else {}),
        **more,
    }
    texts = "\n".join(f'{key} = "{value}"' for key, value in keys.items())
    return f"\n[[positions]]\n{texts}\ncontracts = {contracts}\nentry = {entry}\n"


UNKNOWNS = """
prices = {BTC = 60_000}
holdings = [{coin = "BTC", amount = 1}, {coin = "SOL", amount = 5}]

[[accounts]]
name = "wallet"
venue = "binance"
balance = 1

[[accounts]]
name = "none"
venue = "kucoin"
balance = 0

[[accounts]]
name = "uta"
venue = "bybit"
margin = "unified"
condition = "100%"
balances = {BTC = 2, XRP = 7}

[[positions]]
name = "no entry"
account = "wallet"
side = "long"
contracts = 5

[[positions]]
name = "no margin"
venue = "bybit"
side = "short"
contracts = 50
entry = 60_000

[[positions]]
name = "no rate"
side = "long"
contracts = 5_000
entry = 60_000
leverage = 3

[[positions]]
name = "no balance"
account = "none"
side = "long"
contracts = 5_000
entry = 60_000

[[positions]]
name = "no mark"
venue = "binance"
instrument = "ETHUSD_PERP"
side = "long"
contracts = 5
entry = 2_000
leverage = 3

[[positions]]
name = "leg"
account = "uta"
linear = "BTC"
settle = "USDT"
side = "short"
coin = 1
entry = 61_000
mmr = "1%"

[[positions]]
name = "lone leg"
linear = "XRP"
settle = "USDT"
side = "long"
coin = 100
entry = 2

[[positions]]
name = "in uta"
account = "uta"
currency = "BTC"
side = "long"
contracts = 5_000
entry = 60_000
"""
"""A portfolio in which nearly each position lacks something that is told or asked for."""
