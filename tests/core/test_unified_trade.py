"""A trade planned in an account of several coins: sizes that are safe and as large as they can be, each against the account with it."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perpcalc.core.instrument import PLAIN
from perpcalc.core.planned import Plan
from perpcalc.core.position import SHORT, SIDES, open_at
from perpcalc.core.rules import Schedule, Tier, flat_rate
from perpcalc.core.sizing import size
from perpcalc.core.unified import Account, sums_of
from perpcalc.core.unified_liquidation import coin_life
from perpcalc.core.unified_standing import standing
from perpcalc.core.unified_trade import TradeAccount
from perpcalc.core.wallet import Holding

from .test_unified_brute_force import some_case
from .unified_accounts import GOLDEN, account, inverse

D = Decimal
RATE = flat_rate(D("0.01"))


def plan(of: Account, side: str, entry: str, stop: str, coin: str = "BTC", ratio: str = "1", **more: object) -> Plan:
    made = Plan(PLAIN._replace(currency=coin), SIDES[side], D(entry), D(stop), schedule=RATE)
    return made._replace(together=TradeAccount(of, D(ratio)), **more)


def with_contracts(of: Account, made: Plan, contracts: Decimal) -> Account:
    """The account, its coin at the price of the fill, with so many contracts of the trade."""
    assert isinstance(made.together, TradeAccount)
    coin, ratio = made.instrument.currency, made.together.ratio
    held = Holding(open_at(made.instrument, made.side, contracts, made.entry_price), RATE, ratio=ratio)
    holdings = (*of.holdings, *([held] if contracts else []))
    return of._replace(prices={**of.prices, coin: made.entry_price / ratio}, holdings=holdings)


def lives_to_limit(of: Account, made: Plan, contracts: Decimal) -> bool:
    """Whether the account with so many contracts is alive at the fill and lives to the stop, asked of its life alone."""
    assert isinstance(made.together, TradeAccount)
    life = coin_life(sums_of(with_contracts(of, made, contracts)), made.instrument.currency)
    limit = made.limit / made.together.ratio
    if not life.alive or life.range is None:
        return False
    low, high = (None if end is None else end.at for end in life.range)
    return (low is None or low <= limit) and (high is None or limit <= high)


@pytest.mark.parametrize(("side", "stop"), [("long", "80000"), ("short", "130000")])
@pytest.mark.parametrize("name", ["G0", "G1", "G3", "G4", "G7", "G8"])
def test_the_largest_safe_size_is_safe_and_one_more_is_not(name: str, side: str, stop: str) -> None:
    of = GOLDEN[name]
    made = plan(of, side, "100000", stop)
    most = D(3_000_000)
    found = TradeAccount(of).largest_safe(made, most)
    if found:
        assert lives_to_limit(of, made, found)
    if found < most:
        assert not lives_to_limit(of, made, found + 1)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from(["long", "short"]), st.integers(2, 40))
def test_so_it_is_for_any_account(seed: int, side: str, percent: int) -> None:
    of = some_case(seed).account
    coin = next(iter(of.prices))
    price = of.prices[coin]
    stop = price * (100 - percent if side == "long" else 100 + percent) / 100
    made = plan(of, side, str(price), str(stop), coin)
    most = D(500_000)
    found = TradeAccount(of).largest_safe(made, most)
    assert not found or lives_to_limit(of, made, found)
    if found < most and not of.holdings and not of.legs:
        assert not lives_to_limit(of, made, found + 1)


def test_the_room_is_the_account_at_the_fill() -> None:
    of = GOLDEN["G7"]
    room = TradeAccount(of).room(plan(of, "long", "90000", "80000", schedule=RATE))
    now = standing(sums_of(of._replace(prices={**of.prices, "BTC": D(90_000)})))
    assert now.leverage is not None
    assert room.equity == now.equity / 90_000
    assert room.free == (now.margin_balance - now.maintenance_margin) / 90_000
    value = room.leverage(D(0))
    assert value is not None
    assert round(value, 60) == round(now.leverage, 60)


def test_margins_that_are_known_take_the_place_of_maintenance() -> None:
    tiers = Schedule((Tier(None, D("0.005"), initial=D("0.1")),))
    held = inverse("BTC long 100000 @ 100000", schedule=tiers)
    instrument = held.position.instrument._replace(schedule=tiers)
    of = account({"BTC": "2"}, held._replace(position=held.position._replace(instrument=instrument)), weights={})
    assert TradeAccount(of).room(plan(of, "long", "100000", "80000")).free == D("1.9")


def test_a_hedge_takes_from_what_is_held() -> None:
    of = account({"BTC": "2"}, inverse("BTC long 100000 @ 100000"), weights={})
    made = plan(of, "short", "100000", "120000")._replace(instrument=of.holdings[0].position.instrument)
    room = TradeAccount(of).room(made)
    assert (room.held.contracts, room.held_value, room.leverage(D(1))) == (-100_000, -1, 0)


def test_a_size_is_capped_by_the_account() -> None:
    # 1 coin at 100,000 carries a coin's worth of longs to 50,000, its maintenance taken off there: Q*1.01/50000 = 1 + Q/100000.
    of = account({"BTC": "1"}, weights={})
    found = size(plan(of, "long", "100000", "50000"), D(10))
    assert (found.contracts, found.binding, found.margin) == (98_039, "liquidation", None)
    assert found.liquidation_price is not None
    assert found.liquidation_price <= 50_000
    assert found.leverage == D("0.98039")


def test_leverage_and_rates_that_are_not_known_leave_the_account_out() -> None:
    of = account({"BTC": "1"}, weights={})
    unknown = size(plan(of, "long", "100000", "50000", schedule=None), D(10))
    assert (unknown.binding, unknown.liquidation_price) == ("risk", None)
    isolated = size(plan(of, "long", "100000", "90000", leverage=D(5)), D("0.01"))
    assert isolated.liquidation_price == size(plan(of, "long", "100000", "90000", leverage=D(5))._replace(together=None), D("0.01")).liquidation_price  # fmt: skip


def test_another_contract_of_the_coin_trades_at_its_ratio() -> None:
    of = account({"BTC": "1"}, weights={})
    dated = plan(of, "long", "110000", "55000", ratio="1.1")
    perpetual = plan(of, "long", "100000", "50000")
    # Ten per cent more USD make the same coins, and die at the same price of the coin.
    assert size(dated, D(10)).contracts == D(107_843)
    assert size(perpetual, D(10)).contracts == D(98_039)


def test_a_short_beside_a_long_account_needs_no_limit() -> None:
    of = account({"BTC": "2"}, weights={})
    found = TradeAccount(of).largest_safe(plan(of, "short", "100000", "130000"), D(100_000))
    assert found == 100_000
    assert plan(of, "short", "100000", "130000").side == SHORT
