"""Random questions to the commands, as people write them: of one position at any venue, or of a portfolio."""

import random
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from perpcalc.decimals import ONE
from perpcalc.venues import find, load, names

Options = dict[str, object]

COIN_PRICES = {"BTC": 60_000, "ETH": 2_500, "SOL": 150}


class Contract(NamedTuple):
    """A contract of a venue, what it is traded in, and whether its maintenance rates are known."""

    venue: str
    name: str
    size: Decimal
    lot: Decimal
    tick: float
    price: float
    most: float
    known: bool
    funded: bool


@cache
def contracts() -> tuple[Contract, ...]:
    """Every contract of every venue under its newest rules."""
    made = []
    for venue in names():
        for name, listed in load(venue).tables["instruments"].items():
            found = find(venue, name).instrument
            price = COIN_PRICES.get(listed["currency"], 2)
            made.append(
                Contract(
                    venue,
                    name,
                    found.contract_size,
                    found.lot,
                    float(found.tick or "0.0001"),
                    price,
                    float(found.max_leverage or 50),
                    found.schedule is not None,
                    found.funding is not None,
                )
            )
    return tuple(made)


class Question:
    """One question; the same seed asks the same."""

    def __init__(self, seed: object) -> None:
        self.random = random.Random(str(seed))
        self.contract = self.random.choice(contracts()) if self.maybe(0.8) else None
        self.price = (self.contract.price if self.contract else 60_000) * self.random.uniform(0.5, 2)
        self.side = self.random.choice(("long", "short"))

    def maybe(self, share: float = 0.5) -> bool:
        return self.random.random() < share

    def number(self, low: float, high: float, places: int = 4) -> str:
        return f"{self.random.uniform(low, high):.{places}f}"

    def rate(self, low: float, high: float) -> str:
        return f"{self.random.uniform(low, high):.4f}%"

    def near(self, low: float = 0.8, high: float = 1.25) -> str:
        """A price near that of the contract, on its tick."""
        tick = self.contract.tick if self.contract else 0.1
        return f"{max(1, round(self.price * self.random.uniform(low, high) / tick)) * tick:.10f}".rstrip("0").rstrip(
            "."
        )

    def some(self, **options: Callable[[], object] | object) -> Options:
        """Each of some options or not."""
        return {name: value() if callable(value) else value for name, value in options.items() if self.maybe()}

    def one(self, **options: Callable[[], object] | object) -> Options:
        """One of some options."""
        name = self.random.choice(list(options))
        value = options[name]
        return {name: value() if callable(value) else value}

    def usd(self) -> float:
        return 10 ** self.random.uniform(3, 6)

    def coins(self) -> float:
        """What a size of some thousands to millions of USD is worth in coin."""
        return self.usd() / self.price

    def lots(self) -> str:
        size, lot = (self.contract.size, self.contract.lot) if self.contract else (ONE, ONE)
        return str(max(1, int(self.usd() / float(size * lot))) * lot)

    def market(self) -> Options:
        if self.contract is None:
            return self.some(contract_size="10", currency="ETH")
        day = "@2025-01-01" if self.maybe(0.1) else ""
        return {"venue": self.contract.venue + day, "instrument": self.contract.name}

    def size(self) -> Options:
        fills = [f"{self.lots()}@{self.near(0.95, 1.05)}" for _ in range(self.random.choice((1, 2, 3)))]
        if self.maybe(0.2):
            return {"fill": fills}
        return {"contracts": self.lots(), "entry": self.near(0.95, 1.05)}

    def maintenance(self) -> Options:
        known = self.contract is not None and self.contract.known
        made: Options = {}
        if not known or self.maybe(0.1):
            made = {"mmr": self.rate(0.3, 2), **self.some(mm_basis=self.random.choice(("entry", "mark")))}
        if self.maybe(0.2):
            made["closing_fee"] = self.rate(0, 0.1)
        return made

    def leverage(self) -> str:
        most = self.contract.most if self.contract else 50
        return self.number(1, min(most, 10), 1)

    def margin(self) -> Options:
        made = self.one(leverage=self.leverage, margin=lambda: self.number(0.1, 2), balance=lambda: self.number(0.1, 5))
        if "leverage" not in made:
            made = {name: f"{float(str(value)) * 50_000 / self.price:.8f}" for name, value in made.items()}
        if "balance" not in made and self.maybe(0.3):
            made["extra_margin"] = f"{1_000 / self.price:.8f}"
        return made

    def position(self) -> Options:
        return {"side": self.side, **self.market(), **self.size(), **self.maintenance()}

    def beyond(self) -> str:
        """A price on the losing side."""
        return self.near(0.5, 0.95) if self.side == "long" else self.near(1.05, 2)

    def goal(self) -> Options:
        return self.one(liquidation=self.beyond, margin_ratio=lambda: self.rate(5, 80))

    def fees(self) -> Options:
        return {
            "entry_fee": self.random.choice(("0.05%", "0.02%", "-0.01%")),
            **self.some(exit_fee=lambda: self.rate(0, 0.1)),
        }

    def touch(self) -> Options:
        return {"vol": self.rate(20, 150), "horizon": "7d", **self.some(mark_interval="1h")} if self.maybe(0.3) else {}


def pnl(ask: Question) -> Options:
    """What closing brings."""
    return {
        **ask.position(),
        **ask.margin(),
        **ask.one(exit=ask.near, mark=ask.near),
        **ask.fees(),
        **ask.some(funding=lambda: ask.number(-0.001, 0.001, 6)),
        **(
            ask.one(target_roe=lambda: ask.rate(-20, 50), target_pnl=lambda: ask.number(-0.01, 0.01, 6))
            if ask.maybe()
            else {}
        ),
    }


def liq_price(ask: Question) -> Options:
    """Where it is liquidated."""
    return {**ask.position(), **ask.margin(), **ask.some(mark=ask.near), **ask.touch()}


def funding_cost(ask: Question) -> Options:
    """What holding costs."""
    timed = ask.one(**{"for": "3d"}, intervals="5") if ask.maybe() else {}
    made = {**ask.position(), **(ask.margin() if ask.maybe() else {}), "mark": ask.near(), **timed}
    if ask.contract is None or not ask.contract.funded:
        made["interval"] = "8h"
    return made | ask.one(
        rate=lambda: ask.rate(-0.01, 0.02), premium=lambda: ask.rate(-0.05, 0.05), index=lambda: ask.near(0.98, 1.02)
    )


def liq_cost(ask: Question) -> Options:
    """What a liquidation costs."""
    return {
        **ask.position(),
        **ask.margin(),
        **ask.some(
            stop=ask.near, slippage=lambda: ask.rate(0, 0.5), liquidation_fee=lambda: ask.rate(0, 0.6), mark=ask.near
        ),
        **ask.touch(),
    }


def greeks(ask: Question) -> Options:
    """How it moves with the price."""
    return {**ask.position(), **(ask.margin() if ask.maybe() else {}), **ask.some(mark=ask.near, collateral="1.5")}


def power(ask: Question) -> Options:
    """A power perpetual."""
    given: Options = {
        "power": ask.random.choice(("2", "3", "0.5", "-1", "1")),
        "index": "3000",
        "vol": ask.rate(20, 120),
    }
    given |= ask.some(interest="3%", funding_period="12h", periods="3")
    if given["power"] == "2" and ask.maybe():
        given |= {"mark": ask.number(9_000_000, 9_200_000, 2), "units": "0.001", "collateral": "6"}
    return given


def stress(ask: Question) -> Options:
    """What moves of the market do."""
    moves = {"moves": "-30%,-5%,0%,12.5%,80%"} if ask.maybe() else {"from": "-40%", "to": "60%", "steps": "4"}
    return {**ask.position(), **ask.margin(), **ask.some(mark=ask.near), **(moves if ask.maybe(0.9) else {})}


def size(ask: Question) -> Options:
    """How large a trade may be."""
    entry = ask.near(0.98, 1.02)
    away = ask.random.uniform(0.01, 0.2) * (-1 if ask.side == "long" else 1)
    tick = ask.contract.tick if ask.contract else 0.1
    stop, target = (f"{round(float(entry) * (1 + share) / tick) * tick:.10f}" for share in (away, -2 * away))
    given: Options = {"side": ask.side, **ask.market(), **ask.maintenance(), "entry": entry, "stop": stop}
    given |= {"balance": f"{50_000 / ask.price:.8f}", **ask.one(risk="1%", risk_usd="500")}
    return given | ask.some(target=target, leverage=ask.leverage, slippage="0.1%", buffer="2%") | ask.fees()


def hedge(ask: Question) -> Options:
    """A hedge of coins."""
    given = {
        "holding": f"{100_000 / ask.price:.6f}",
        "price": ask.near(),
        **ask.market(),
        **ask.maintenance(),
        **ask.fees(),
    }
    if ask.maybe():
        given |= {"rate": ask.rate(-0.01, 0.02), **({} if ask.contract and ask.contract.funded else {"interval": "8h"})}
    return given | ask.some(leverage=ask.leverage, ratio="80%")


def check(ask: Question) -> Options:
    """Whether it stays within limits."""
    return {
        **ask.position(),
        **ask.margin(),
        **ask.fees(),
        "exit_fee": "0.05%",
        "stop": ask.near(),
        "funding_rate": "0.01%",
        "interval": "8h",
        "max_leverage": "5",
        "min_liquidation_distance": "5%",
        "max_margin_ratio": "50%",
        "max_loss_at_stop": "5%",
        "max_funding_per_day": "1%",
        "max_notional_usd": "1m",
        **ask.some(mark=ask.near),
    }


def solve_margin(ask: Question) -> Options:
    """What margin a goal takes."""
    return {**ask.position(), **ask.margin(), "mark": ask.near(0.98, 1.02), **ask.goal()}


def solve_leverage(ask: Question) -> Options:
    """What leverage a liquidation price takes."""
    return {**ask.position(), "liquidation": ask.beyond()}


def solve_contracts(ask: Question) -> Options:
    """What size a liquidation price allows."""
    coins = f"{50_000 / ask.price:.8f}"
    where = ask.one(margin=coins, balance=coins)
    entry = {"side": ask.side, **ask.market(), **ask.maintenance(), "entry": ask.near(0.98, 1.02)}
    return {**entry, **where, "liquidation": ask.beyond()}


def solve_add(ask: Question) -> Options:
    """What to add for an average or a goal."""
    goal = ask.goal() if ask.maybe() else {"average": ask.near(0.97, 1.03)}
    return {
        **ask.position(),
        **ask.margin(),
        "mark": ask.near(0.98, 1.02),
        "at": ask.near(),
        "entry_fee": "0.05%",
        **goal,
    }


def solve_close(ask: Question) -> Options:
    """What to close for a goal."""
    return {**ask.position(), **ask.margin(), "mark": ask.near(0.9, 1.1), "exit_fee": "0.05%", **ask.goal()}


def solve_entry(ask: Question) -> Options:
    """From which entry a goal is met."""
    held = {"side": ask.side, **ask.market(), "contracts": ask.lots(), **ask.maintenance()}
    if ask.maybe():
        return {**held, **ask.margin(), "liquidation": ask.beyond()}
    return {
        **held,
        "exit": ask.near(),
        "target_pnl": f"{100 / ask.price:.8f}",
        "entry_fee": "0.05%",
        "exit_fee": "0.05%",
    }


def solve_price(ask: Question) -> Options:
    """At which prices an account is worth so much."""
    goal = ask.one(margin_ratio="40%", equity=f"{20_000 / ask.price:.8f}", equity_usd="15k")
    return {**ask.position(), **ask.margin(), "mark": ask.near(0.98, 1.02), **goal}


def plan(ask: Question) -> Options:
    """A ladder of orders, targets and a stop."""
    orders = [f"{ask.lots()}@{ask.near(0.95, 1.05)}" for _ in range(ask.random.choice((1, 2, 3)))]
    made: Options = {"side": ask.side, **ask.market(), **ask.maintenance(), **ask.fees(), "order": orders}
    made |= ask.one(leverage=ask.leverage, margin=f"{50_000 / ask.price:.8f}", balance=f"{50_000 / ask.price:.8f}")
    takes = [f"50%@{ask.near(1.05, 1.3) if ask.side == 'long' else ask.near(0.7, 0.95)}"]
    return made | ask.some(take=takes, stop=ask.beyond, slippage="0.1%")


def replay(ask: Question) -> Options:
    """A position through candles of the past, in marks.csv."""
    return {**ask.position(), **ask.margin(), "marks": ["marks.csv"], "exit_fee": "0.05%", **ask.some(stop=ask.beyond)}


def fills(ask: Question) -> Options:
    """What trades came to, those in trades.csv."""
    return {"file": "trades.csv", **ask.market(), **ask.some(mark=ask.near, hedge=True)}


def candles(ask: Question) -> str:
    """A file of hourly candles around the price of a question."""
    rows, price = ["time,open,high,low,close"], ask.price
    for hour in range(20):
        last, price = price, price * ask.random.uniform(0.95, 1.05)
        high, low = max(last, price) * 1.01, min(last, price) * 0.99
        rows.append(f"2025-06-01T{hour:02d}:00:00Z," + ",".join(f"{one:.4f}" for one in (last, high, low, price)))
    return "\n".join(rows) + "\n"


def trades(ask: Question) -> str:
    """A file of trades around the price of a question."""
    rows = ["time,side,contracts,price,fee"]
    for hour in range(12):
        side = ask.random.choice(("buy", "buy", "sell"))
        rows.append(f"2025-06-01T{hour:02d}:00:00Z,{side},{ask.lots()},{ask.near()},0.00001")
    return "\n".join(rows) + "\n"


POSITIONS: Mapping[str, Callable[[Question], Options]] = {
    "pnl": pnl,
    "liq-price": liq_price,
    "funding-cost": funding_cost,
    "size": size,
    "liq-cost": liq_cost,
    "hedge": hedge,
    "greeks": greeks,
    "power": power,
    "stress": stress,
    "check": check,
    "solve margin": solve_margin,
    "solve leverage": solve_leverage,
    "solve contracts": solve_contracts,
    "solve add": solve_add,
    "solve close": solve_close,
    "solve entry": solve_entry,
    "solve price": solve_price,
    "plan": plan,
    "replay": replay,
    "fills": fills,
}
"""A question for each command that may be asked of one position."""

OF_A_BOOK: Mapping[str, Options] = {
    "pnl": {},
    "liq-price": {"vol": "60%", "horizon": "7d"},
    "funding-cost": {"for": "2d"},
    "liq-cost": {"slippage": "0.1%"},
    "greeks": {},
    "stress": {"moves": "-20%,0%,15%"},
    "status": {},
    "solve margin": {"margin_ratio": "50%"},
    "solve price": {"margin_ratio": "50%"},
    "check": {
        "max_leverage": "5",
        "max_margin_ratio": "50%",
        "max_loss_at_stop": "5%",
        "min_liquidation_distance": "5%",
    },
}
"""What is asked of a portfolio beside its name."""


def book(seed: object) -> str:
    """A portfolio: a wallet of one coin with several positions, one margined by itself, and sometimes an account of several coins."""
    ask = Question(seed)
    venue = ask.random.choice(("binance", "bybit", "deribit", "bitmex", "htx"))
    coin = "BTC"
    lines = [f"[prices]\n{coin} = {ask.number(40_000, 80_000, 1)}\nETH = 2_500\n"]
    ask.contract = next(one for one in contracts() if one.venue == venue)
    ask.price = 60_000
    lines.append(f'[[accounts]]\nname = "wallet"\nvenue = "{venue}"\nbalance = {ask.number(0.5, 5)}\n')
    homes = ['account = "wallet"'] * ask.random.choice((1, 2, 3)) + [f'venue = "{venue}"\nleverage = 5']
    if ask.maybe():
        lines.append(
            '[[accounts]]\nname = "uta"\nmargin = "unified"\ncondition = "100%"\nbalances = {BTC = 2, ETH = 4, USDT = -2_000}\n'
        )
        homes.append('account = "uta"\ncurrency = "BTC"\nmmr = "1%"')
    for number, home in enumerate(homes, 1):
        stop = f"stop = {ask.near()}\n" if ask.maybe() else ""
        lines.append(
            f'[[positions]]\nname = "{number}"\n{home}\nside = "{ask.random.choice(("long", "short"))}"\n'
            f'contracts = {ask.lots()}\nentry = {ask.near()}\nfunding_rate = "0.01%"\n{stop}'
        )
    return "\n".join(lines)
