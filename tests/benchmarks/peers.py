"""Time perpcalc against the nearest packages on five cases, each as a whole process: import the library, compute once.

    python tests/benchmarks/peers.py                  install the packages into a temporary folder and measure
    python tests/benchmarks/peers.py --folder PATH    keep the installations there for the next time
    python tests/benchmarks/peers.py --only pnl       some cases

Needs the network for the installations. Each package gets an environment of its own, made by this interpreter, and the shortest
program that has it answer a case; perpcalc answers the same as `perpcalc ... --json`. The two run in turn, their bytecode
compiled before; medians count. What a package has no function for is shown as such, and an answer that differs as wrong.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from promises import in_turn

RUNS = 7
SAME = 1e-8
"""Relative difference up to which answers are the same: some print 8 decimals."""

LONG = "--side long --contracts 10000 --entry 62500"


LINE = "{:<24}{:<28}{:>8}{:>8}{:>8}{:>9}{:>9}  {}"
NOTHING = ("-",) * 5


class Package(NamedTuple):
    """A peer: what pip installs, what a program of it begins with, and the cases it can express."""

    requirement: str
    begins: str
    cases: dict[str, str]


class Case(NamedTuple):
    """The call of perpcalc, and the field that answers."""

    call: str
    field: str


CASES = {
    "isolated long liquidation": Case(f"liq-price {LONG} --leverage 10 --mmr 0.5%", "liquidation_price"),
    "average of two fills": Case("pnl --side long --fill 1000@5000 --fill 2000@6000 --mark 6500", "entry_price"),
    "pnl": Case(f"pnl {LONG} --mark 64000", "gross_pnl"),
    "funding payment": Case("funding-cost --side long -n 10000 --mark 64000 --rate 0.01% --intervals 1", "total"),
    "touch probability": Case(f"liq-price {LONG} --leverage 10 --mmr 0% --vol 60% --horizon 7d", "touch_probability"),
}
ON_ENTRY = " --mm-basis entry"

OCTOBOT = """
from decimal import Decimal
from types import SimpleNamespace
from octobot_trading import enums
from octobot_trading.exchange_data.contracts.future_contract import FutureContract
from octobot_trading.personal_data.positions.types.inverse_position import InversePosition

class Exchange:
    def get_exchange_current_time(self): return 0
    def get_fees(self, symbol): return {"taker": "0"}

def opened(size, entry, mark):
    contract = FutureContract("BTC/USD:BTC", enums.MarginType.ISOLATED, enums.FutureContractType.INVERSE_PERPETUAL,
                              current_leverage=Decimal(10), maximum_leverage=Decimal(100),
                              maintenance_margin_rate=Decimal("0.005"))
    trader = SimpleNamespace(exchange_manager=SimpleNamespace(exchange=Exchange(), is_simulated=True), simulate=True)
    position = InversePosition(trader, contract)
    position.symbol, position.currency, position.side = "BTC/USD:BTC", "BTC", enums.PositionSide.LONG
    position.size, position.entry_price, position.mark_price = Decimal(size), Decimal(entry), Decimal(mark)
    return position
"""

CCXT = """
import ccxt
exchange = ccxt.binance()
market = exchange.safe_market_structure({
    "id": "BTCUSD_PERP", "symbol": "BTC/USD:BTC", "base": "BTC", "quote": "USD", "settle": "BTC", "type": "swap",
    "swap": True, "contract": True, "inverse": True, "linear": False, "contractSize": 1.0,
    "precision": {"price": "0.00000001", "amount": "1"}})
"""

NAUTILUS = """
from decimal import Decimal
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.currencies import BTC, USD
from nautilus_trader.model.enums import LiquiditySide, OrderSide, OrderType
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import (
    AccountId, ClientOrderId, InstrumentId, PositionId, StrategyId, Symbol, TradeId, TraderId, Venue, VenueOrderId)
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.model.position import Position

instrument = CryptoPerpetual(
    instrument_id=InstrumentId(Symbol("XBTUSD"), Venue("BITMEX")), raw_symbol=Symbol("XBTUSD"), base_currency=BTC,
    quote_currency=USD, settlement_currency=BTC, is_inverse=True, price_precision=1, size_precision=0,
    price_increment=Price.from_str("0.1"), size_increment=Quantity.from_int(1), max_quantity=None, min_quantity=None,
    max_notional=None, min_notional=None, max_price=None, min_price=None, margin_init=Decimal("0.01"),
    margin_maint=Decimal("0.005"), maker_fee=Decimal(0), taker_fee=Decimal(0), ts_event=0, ts_init=0)

def fill(number, quantity, price):
    return OrderFilled(
        trader_id=TraderId("T-1"), strategy_id=StrategyId("S-1"), instrument_id=instrument.id,
        client_order_id=ClientOrderId(f"O-{number}"), venue_order_id=VenueOrderId(number), account_id=AccountId("B-1"),
        trade_id=TradeId(number), position_id=PositionId("P-1"), order_side=OrderSide.BUY, order_type=OrderType.MARKET,
        last_qty=Quantity.from_int(quantity), last_px=Price.from_str(price), currency=BTC, commission=Money(0, BTC),
        liquidity_side=LiquiditySide.TAKER, event_id=UUID4(), ts_event=0, ts_init=0)
"""

HFTBACKTEST = """
import numpy
from hftbacktest.stats import InverseAssetRecord
from hftbacktest.types import record_dtype
"""

QUANTLIB = """
import QuantLib as ql
"""

PACKAGES = {
    "OctoBot-Trading": Package(
        "OctoBot-Trading[full]",
        OCTOBOT,
        {
            "isolated long liquidation": """
position = opened(10000, 62500, 62500)
position.update_isolated_liquidation_price()
print(position.liquidation_price)
""",
            "average of two fills": """
position = opened(1000, 5000, 6500)
position.update_average_entry_price(Decimal(2000), Decimal(6000))
print(position.entry_price)
""",
            "pnl": """
print(opened(10000, 62500, 64000).get_unrealized_pnl(Decimal(64000)))
""",
            "funding payment": """
from octobot_trading.personal_data.portfolios.types.future_portfolio import FuturePortfolio
position, wallet = opened(10000, 62500, 64000), FuturePortfolio("bitmex")
position.update_value()
wallet.update_portfolio_from_funding(position, Decimal("0.0001"))
print(-wallet.get_currency_portfolio("BTC").total)
""",
        },
    ),
    "ccxt": Package(
        "ccxt",
        CCXT,
        {
            "isolated long liquidation": """
exchange.options["leverageBrackets"] = {"BTC/USD:BTC": [["0", "0.005"]]}
print(exchange.parse_account_position({
    "symbol": "BTCUSD_PERP", "positionSide": "BOTH", "positionAmt": "10000", "entryPrice": "62500", "notionalValue": "0.16",
    "leverage": "10", "initialMargin": "0.016", "maintMargin": "0.0008", "unrealizedProfit": "0", "isolated": True,
    "isolatedWallet": "0.016"}, market)["liquidationPrice"])
""",
            "average of two fills": """
names = {"symbol": "BTC/USD:BTC", "side": "buy", "info": {}}
trades = [exchange.safe_trade({"id": price, "amount": amount, "price": price, **names}, market)
          for amount, price in (("1000", "5000"), ("2000", "6000"))]
print(exchange.safe_order({"id": "1", "status": "closed", "type": "limit", "trades": trades, **names}, market)["average"])
""",
        },
    ),
    "nautilus_trader": Package(
        "nautilus_trader",
        NAUTILUS,
        {
            "average of two fills": """
position = Position(instrument, fill("1", 1000, "5000.0"))
position.apply(fill("2", 2000, "6000.0"))
print(position.avg_px_open)
""",
            "pnl": """
print(Position(instrument, fill("1", 10000, "62500.0")).unrealized_pnl(Price.from_str("64000.0")).as_decimal())
""",
        },
    ),
    "hftbacktest": Package(
        "hftbacktest",
        HFTBACKTEST,
        {
            "pnl": """
record = numpy.zeros(1, record_dtype)
record["price"], record["position"], record["balance"] = 64000, 10000, -10000 / 62500
statistics = InverseAssetRecord(record)
statistics.prepare()
print(statistics.df["equity_wo_fee"][0])
""",
        },
    ),
    "QuantLib": Package(
        "QuantLib",
        QUANTLIB,
        {
            "touch probability": """
today = ql.Date(1, 1, 2025)
ql.Settings.instance().evaluationDate = today
year = ql.Actual365Fixed()
none = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, year))
flat = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), 0.6, year))
process = ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(62500.0)), none, none, flat)
payoff = ql.CashOrNothingPayoff(ql.Option.Put, 62500 / 1.1, 1.0)
option = ql.VanillaOption(payoff, ql.AmericanExercise(today, today + 7, True))
option.setPricingEngine(ql.AnalyticDigitalAmericanEngine(process))
print(option.NPV())
""",
        },
    ),
}


def installed(package: Package, folder: Path) -> str:
    """The interpreter of an environment with the package; raises SystemExit where pip cannot make one."""
    python = folder / "bin" / "python"
    if not (folder / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", package.requirement]
        failed = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if failed.returncode:
            raise SystemExit(failed.stdout.strip().splitlines()[-1])
        (folder / "done").touch()
    return str(python)


def output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def rows(folder: Path, only: str | None, runs: int) -> Iterator[tuple[str, ...]]:
    """The lines of the table, each as soon as it is measured."""
    perpcalc = str(Path(sys.executable).parent / "perpcalc")
    for name, package in PACKAGES.items():
        wanted = [case for case in CASES if only is None or only in case]
        if not any(case in package.cases for case in wanted):
            continue
        try:
            python = installed(package, folder / name)
        except SystemExit as reason:
            yield from ((name, case, *NOTHING, f"not installed: {reason}") for case in wanted)
            continue
        version = output([python, "-c", f"from importlib.metadata import version; print(version({name!r}))"]).strip()
        for case in wanted:
            if case not in package.cases:
                yield f"{name} {version}", case, *NOTHING, "has no function for it"
                continue
            program = folder / f"{name}.{case.replace(' ', '_')}.py"
            program.write_text(package.begins + package.cases[case])
            call = CASES[case].call + (ON_ENTRY if name == "OctoBot-Trading" and "liquidation" in case else "")
            ours = [perpcalc, *call.split(), "--json"]
            right, answer = json.loads(output(ours))[CASES[case].field], output([python, str(program)]).strip()
            same = abs(float(answer) / float(right) - 1) <= SAME
            ratio, peer, own = in_turn([python, str(program)], ours, runs)
            yield (
                f"{name} {version}",
                case,
                f"{peer.seconds * 1000:.0f}",
                f"{own.seconds * 1000:.0f}",
                f"{ratio:.1f}",
                f"{peer.mebibytes:.0f}",
                f"{own.mebibytes:.1f}",
                "same answer" if same else f"wrong: {answer}, not {right}",
            )


def main() -> None:
    """Install, measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, help="where the packages are installed and kept")
    parser.add_argument("--only", metavar="NAME", help="cases whose name holds this")
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print(LINE.format("package", "case", "its ms", "our ms", "ratio", "its MiB", "our MiB", "answer"))
        for row in rows(folder.resolve(), options.only, options.runs):
            print(LINE.format(*row), flush=True)


if __name__ == "__main__":
    main()
