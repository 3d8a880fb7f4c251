"""hftbacktest: a thousand trades through its matching engine with an inverse asset, and the equity its statistics show.

    pip install hftbacktest
    pytest -m peers tests/peers/test_hftbacktest.py

Compared with 2.4.4. Its arithmetic is f64, and the balance adds up over all trades.
"""

import random
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from agreement import Agreement, peer

from perpcalc.core.instrument import PLAIN, trade_fee
from perpcalc.core.position import LONG, SHORT, open_at
from perpcalc.core.rules import flat_rate
from perpcalc.core.wallet import Holding, Wallet, equity, wallet_of

pytestmark = pytest.mark.peers

TRADES = 1000
SECOND = 1_000_000_000
TICK = Decimal("0.1")
SIZE = Decimal(100)
FEE = Decimal("0.0005")


class Step(NamedTuple):
    """A trade, and the price at which the position after it is valued."""

    side: Decimal
    contracts: Decimal
    price: Decimal
    mark: Decimal


def random_steps() -> list[Step]:
    draw = random.Random(1)
    return [
        Step(
            draw.choice((LONG, SHORT)),
            Decimal(draw.randint(1, 1000)),
            draw.randint(10_000, 2_000_000) * TICK,
            draw.randint(10_000, 2_000_000) * TICK,
        )
        for _ in range(TRADES)
    ]


def books(hft: Any, steps: list[Step]) -> Any:
    """One second apart, a book of one bid and one ask, a tick apart, at which the trade of that second is filled."""
    both = hft.EXCH_EVENT | hft.LOCAL_EVENT
    rows: list[tuple[float, ...]] = []
    standing: tuple[tuple[int, Decimal], ...] = ()
    for number, step in enumerate(steps, start=1):
        asked = step.price if step.side > 0 else step.price + TICK
        book = (hft.BUY_EVENT, asked - TICK), (hft.SELL_EVENT, asked)
        for levels, quantity in ((standing, 0.0), (book, 1e9)):
            for end, price in levels:
                at = number * SECOND
                rows.append((hft.DEPTH_EVENT | end | both, at, at, float(price), quantity, 0, 0, 0.0))
        standing = book
    return peer("numpy", "hftbacktest").array(rows, hft.event_dtype)


def traded(steps: list[Step]) -> Any:
    """The records that the engine makes of the trades, each after its fill."""
    hft = peer("hftbacktest", "hftbacktest")
    numba, numpy = peer("numba", "hftbacktest"), peer("numpy", "hftbacktest")
    feed = books(hft, steps)  # the engine reads it where it is, so it must outlive the run
    asset = hft.BacktestAsset().data([feed]).inverse_asset(float(SIZE)).constant_order_latency(0, 0)
    asset.risk_adverse_queue_model().no_partial_fill_exchange().trading_value_fee_model(0.0, float(FEE))
    engine = hft.HashMapMarketDepthBacktest([asset.tick_size(float(TICK)).lot_size(1.0)])
    gtc, limit = hft.GTC, hft.LIMIT

    @numba.njit
    def trade(engine, sides, contracts, prices, records):  # type: ignore[no-untyped-def]
        for n in range(len(sides)):
            engine.elapse(1_000_000_000 if n else 500_000_000)
            if sides[n] > 0:
                engine.submit_buy_order(0, n + 1, prices[n], contracts[n], gtc, limit, True)
            else:
                engine.submit_sell_order(0, n + 1, prices[n], contracts[n], gtc, limit, True)
            engine.clear_inactive_orders(0)
            state = engine.state_values(0)
            records[n].timestamp = engine.current_timestamp
            records[n].position = state.position
            records[n].balance = state.balance
            records[n].fee = state.fee

    records = numpy.zeros(len(steps), peer("hftbacktest.types", "hftbacktest").record_dtype)
    sides, contracts, prices, marks = (numpy.array(column, float) for column in zip(*steps, strict=True))
    records["price"] = marks
    trade(engine, sides, contracts, prices, records)
    engine.close()
    return records


def test_position_equity_and_fees_after_each_of_many_trades(agree: Agreement) -> None:
    steps = random_steps()
    records = traded(steps)
    statistics = peer("hftbacktest.stats", "hftbacktest").InverseAssetRecord(records).contract_size(float(SIZE))
    statistics.prepare()
    theirs = statistics.df["equity_wo_fee"]

    instrument = PLAIN._replace(contract_size=SIZE)
    wallet = Wallet(Decimal(0), Decimal(0), Decimal(0), (), ())
    held = fees = turnover = Decimal(0)
    for number, step in enumerate(steps):
        position = open_at(instrument, step.side, step.contracts, step.price)
        more = wallet_of(Decimal(0), [Holding(position, flat_rate(Decimal(0)))])
        wallet = wallet._replace(constant=wallet.constant + more.constant, linear=wallet.linear + more.linear)
        held += step.side * step.contracts
        fees += trade_fee(instrument, step.contracts, step.price, FEE)
        turnover += position.cost
        assert records["position"][number] == int(held)
        scale = max(turnover, abs(wallet.linear) / step.mark)
        agree("hftbacktest: equity", equity(wallet, 1 / step.mark), float(theirs[number]), scale=scale)
        agree("hftbacktest: fees", fees, float(records["fee"][number]))
