"""Sizes for a whole account: what it holds counts in every cap, and adding the size to it shows the same figures."""

import random
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import pytest

from perpcalc.core.initial import largest_leverage
from perpcalc.core.instrument import PLAIN
from perpcalc.core.limits import leverage
from perpcalc.core.liquidation import ends, liquidated_at, liquidation
from perpcalc.core.planned import Plan
from perpcalc.core.position import LONG, SHORT, open_at
from perpcalc.core.room import room_of
from perpcalc.core.rules import Schedule, Tier, flat_rate
from perpcalc.core.sizing import max_safe_leverage, size
from perpcalc.core.wallet import Holding, wallet_of
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import PerpcalcError
from perpcalc.venues import find

from .test_solve_random import KNOWN, THOROUGH, cut, on_tick

FREE = flat_rate(ZERO)
OTHER = PLAIN._replace(name="OTHER")


def plan(**more: Any) -> Plan:
    return Plan(PLAIN, LONG, Decimal(100), Decimal(50), balance=ONE, schedule=FREE)._replace(**more)


def holds(side: Decimal, contracts: int, price: int, instrument: Any = OTHER, schedule: Schedule = FREE) -> Holding:
    return Holding(open_at(instrument, side, Decimal(contracts), Decimal(price)), schedule)


# Each cap, with what the account holds


def test_liquidation_is_that_of_the_account() -> None:
    # One coin carries a coin's worth of longs from 100 to 50; a quarter of it is held already.
    alone, beside = (size(plan(others=others), Decimal(10)) for others in ((), (holds(LONG, 25, 100),)))
    assert (alone.contracts, beside.contracts) == (100, 75)
    assert alone.binding == beside.binding == "liquidation"
    assert alone.liquidation_price == beside.liquidation_price == 50


def test_a_hedge_that_is_held_leaves_room_for_more() -> None:
    assert size(plan(others=(holds(SHORT, 25, 100),)), Decimal(10)).contracts == 125


def test_leverage_is_the_value_of_all_over_the_equity() -> None:
    # Three coins of 1 coin of equity: one is held, at no profit.
    found = size(plan(schedule=None, max_leverage=Decimal(3), others=(holds(LONG, 100, 100),)), Decimal(10))
    assert (found.contracts, found.binding, found.leverage) == (200, "leverage", 3)
    # Held from 200, half of it is lost at 100: twice half a coin, of which one is held.
    losing = size(plan(schedule=None, max_leverage=Decimal(3), others=(holds(LONG, 100, 200),)), Decimal(10))
    assert (losing.contracts, losing.leverage) == (50, 3)


def test_the_other_side_of_a_one_way_account_nets() -> None:
    opposite = holds(SHORT, 100, 100, PLAIN)
    found = size(plan(schedule=None, max_leverage=Decimal(3), others=(opposite,)), Decimal(10))
    assert (found.contracts, found.leverage) == (400, 3)
    hedged = PLAIN._replace(hedge_mode=True)
    trade = plan(instrument=hedged, schedule=None, max_leverage=Decimal(3), others=(holds(SHORT, 100, 100, hedged),))
    assert size(trade, Decimal(10)).contracts == 200


def test_the_balance_is_what_the_positions_leave() -> None:
    # A long of one coin asks for a tenth; 0.9 coins at 2x.
    held = holds(LONG, 100, 100, schedule=flat_rate(Decimal("0.1")))
    found = size(plan(leverage=Decimal(2), schedule=None, others=(held,)), Decimal(10))
    assert (found.contracts, found.binding) == (180, "balance")


def test_a_tier_counts_what_is_held_of_the_contract() -> None:
    tiers = Schedule((Tier(Decimal(3), ZERO, initial=Decimal("0.1")), Tier(None, ZERO, initial=Decimal("0.9"))))
    instrument = PLAIN._replace(schedule=tiers)
    trade = plan(instrument=instrument, leverage=Decimal(5), schedule=None)
    alone = size(trade, Decimal(10))
    beside = size(trade._replace(others=(holds(LONG, 100, 100, instrument),)), Decimal(10))
    assert (alone.contracts, alone.binding) == (300, "venue")
    assert (beside.contracts, beside.binding) == (200, "venue")


def test_all_of_the_account_may_be_the_margin_of_the_tier() -> None:
    # 10% of up to 3 coins, then 90%: one coin carries 3.
    tiers = Schedule((Tier(Decimal(3), ZERO, initial=Decimal("0.1")), Tier(None, ZERO, initial=Decimal("0.9"))))
    found = size(plan(instrument=PLAIN._replace(schedule=tiers), schedule=None), Decimal(10))
    assert (found.contracts, found.binding) == (300, "venue")


def test_the_order_cost_of_the_venue_caps_where_it_is_more_than_the_stop_costs() -> None:
    # BitMEX keeps two taker fees back, whatever the stop costs.
    bitmex = find("bitmex").instrument
    trade = Plan(bitmex, LONG, Decimal(50_000), Decimal(49_900), Decimal("0.001"), balance=ONE, leverage=Decimal(1))
    found = size(trade, Decimal(10))
    assert (found.contracts, found.binding) == (49_900, "balance")
    assert found.order_cost == Decimal("0.9999960")


def test_without_a_leverage_nothing_is_reserved() -> None:
    assert size(plan(), Decimal("0.1")).order_cost is None
    assert size(plan(leverage=Decimal(2), balance=None), ZERO).order_cost == 0


def test_an_account_without_equity_has_no_leverage() -> None:
    found = size(plan(others=(holds(LONG, 300, 200),)), Decimal(10))
    assert (found.contracts, found.leverage) == (0, None)


def test_a_plan_without_a_stop_has_no_size() -> None:
    with pytest.raises(PerpcalcError, match="stop: is missing: give a price"):
        size(plan(stop_price=None), ONE)


# The room of an account


def test_the_room_is_what_the_least_margins_leave() -> None:
    tiers = Schedule((Tier(None, Decimal("0.1"), initial=Decimal("0.2")),))
    known, unknown = PLAIN._replace(name="KNOWN", schedule=tiers), OTHER
    held = (holds(LONG, 100, 100, known, tiers),)
    room = room_of(PLAIN, LONG, Decimal(100), Decimal(2), held)
    assert (room.equity, plain(room.free), plain(room.unreserved)) == (2, "1.8", "1.8")
    # Where one is not known, maintenance margin stands for all.
    held += (holds(LONG, 100, 100, unknown, flat_rate(Decimal("0.1"))),)
    assert plain(room_of(PLAIN, LONG, Decimal(100), Decimal(2), held).free) == "1.8"


def test_the_trade_s_own_contract_is_told_apart() -> None:
    own, other = holds(LONG, 100, 100, PLAIN, flat_rate(Decimal("0.1"))), holds(SHORT, 50, 100)
    room = room_of(PLAIN, LONG, Decimal(100), Decimal(2), (own, other))
    assert (room.held.contracts, room.held_value, room.value) == (100, 1, Decimal("0.5"))
    assert (room.unreserved - room.free, room.leverage(ONE)) == (Decimal("0.1"), Decimal("1.25"))
    assert room_of(PLAIN, SHORT, Decimal(100), Decimal(2), (own,)).held == (-100, -1)


# Random accounts at every venue


def test_adding_the_size_to_the_account_shows_the_same_price_and_keeps_to_the_caps() -> None:
    found = 0
    for number in range(120 * THOROUGH):
        chance = random.Random(f"size {number}")
        instrument = chance.choice(KNOWN)
        assert instrument.schedule is not None
        entry = on_tick(instrument, 1000 * chance.uniform(0.5, 2))
        side = chance.choice((LONG, SHORT))
        stop = on_tick(instrument, float(entry) * (1 - float(side) * chance.uniform(0.01, 0.3)))
        lots = cut(10 ** chance.uniform(-1, 2)) * entry / instrument.contract_size // instrument.lot
        held = open_at(instrument, chance.choice((LONG, SHORT)), max(ONE, lots) * instrument.lot, entry)
        dated, ratio = instrument._replace(name="DATED"), cut(chance.uniform(0.9, 1.1))
        fee = instrument.cross_closing_fee
        other = Holding(held._replace(instrument=dated), instrument.schedule, fee, ratio)
        balance = cut(float(held.stored_value) * chance.uniform(0.2, 3), "0.00000001")
        trade = Plan(instrument, side, entry, stop, balance=balance, max_leverage=cut(chance.uniform(0.5, 20), "0.1"))
        trade = trade._replace(schedule=instrument.schedule, closing_fee=fee, others=(other,))
        result = size(trade, cut(float(balance) * chance.uniform(0.01, 1), "0.00000001"))
        if not result.contracts:
            continue
        found += 1
        added = Holding(open_at(instrument, side, result.contracts, entry), instrument.schedule, fee)
        wallet = wallet_of(balance, (other, added))
        life = liquidation(wallet, 1, added, None, by_mark=False, of_wallet=ends(wallet, added))
        assert result.liquidation_price == life.liquidation_price
        assert not life.beyond
        assert not liquidated_at(life, stop)
        now = leverage(wallet, ONE / entry)
        assert now is not None
        assert now <= (trade.max_leverage or ZERO) * (1 + Decimal("1E-6"))  # the venue cuts the values it prints
    assert found > 40


def test_at_the_largest_safe_leverage_no_stop_comes_after_liquidation() -> None:
    # 194 of 399 plans at Bybit were liquidated before their stop while the leverage restated the equation beside the solver.
    chance, found = random.Random("safe"), 0
    for _ in range(500 * THOROUGH):
        instrument = chance.choice(KNOWN)
        side, entry = chance.choice((LONG, SHORT)), on_tick(instrument, 3000 * chance.uniform(0.5, 2))
        stop = on_tick(instrument, float(entry) * (1 - float(side) * chance.uniform(0.003, 0.4)))
        lots = cut(10 ** chance.uniform(-1, 2)) * entry / instrument.contract_size // instrument.lot
        contracts = max(ONE, lots) * instrument.lot
        trade = Plan(
            instrument, side, entry, stop, schedule=instrument.schedule, closing_fee=instrument.isolated_closing_fee
        )
        highest = max_safe_leverage(trade, contracts)
        assert highest is not None
        if not highest:
            continue
        assert lives(trade, contracts, highest)
        allowed = largest_leverage(instrument, contracts, open_at(instrument, side, contracts, entry).entry_value)
        assert highest == highest.quantize(Decimal("0.0001"))
        if allowed is None or highest < allowed.quantize(Decimal("0.0001"), ROUND_FLOOR):
            assert not lives(trade, contracts, highest + Decimal("0.0002"))
            found += 1
    assert found > 200 * THOROUGH


def lives(trade: Plan, contracts: Decimal, leverage: Decimal) -> bool:
    """Whether a position at a leverage lives from its entry to its stop, and is alive there."""
    return liquidated_at(trade._replace(leverage=leverage).liquidation(contracts), trade.stop) is False
