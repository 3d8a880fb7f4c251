"""Ladders step by step: known values, fees and partial closes, what dies on the way, and what cannot be planned."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.instrument import PLAIN
from perpcalc.core.liquidation import position_liquidation
from perpcalc.core.margin import isolated_margin
from perpcalc.core.plan import Ladder, State, Take, plan
from perpcalc.core.position import LONG, SHORT, Fill, open_at, open_by_fills
from perpcalc.core.rules import Schedule, Tier, flat_rate
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ZERO, plain
from perpcalc.errors import PerpcalcError
from perpcalc.venues import find

from . import twin
from .strategies import decimals, sides

BYBIT = find("bybit@2026-01-01").instrument
TAKER = Decimal("0.00055")
FREE = flat_rate(ZERO)


def fills(*pairs: tuple[int, int]) -> tuple[Fill, ...]:
    return tuple(Fill(Decimal(contracts), Decimal(price)) for contracts, price in pairs)


def ladder(*orders: tuple[int, int], side: Decimal = LONG, **more: Any) -> Ladder:
    return Ladder(PLAIN, side, fills(*orders), **more)


def bybit(**more: Any) -> list[State]:
    orders = fills((10_000, 62_500), (5_000, 58_000), (5_000, 54_000))
    given_to = {"entry_fee_rate": TAKER, "exit_fee_rate": TAKER, "leverage": Decimal(5), "schedule": BYBIT.schedule}
    return plan(Ladder(BYBIT, LONG, orders, stop=Decimal(51_000), **{**given_to, **more}))


# Known values


def test_a_ladder_into_a_bybit_long() -> None:
    # Design, section 6, rules of 2026-01-01: 5x, both fees of 0.055%, the value at the stop cut to 8 decimals.
    states = bybit()[:3]
    assert [state.liquidation_price for state in states] == [52_344, Decimal("51024.5"), Decimal("49439.5")]
    assert [plain(state.loss_at_stop or ZERO) for state in states] == ["0.03627428", "0.04820794", "0.05375942"]
    dead = "liquidated before the stop"
    assert [state.status for state in states] == [dead, dead, "ok"]
    assert [state.traded for state in states] == [10_000, 5_000, 5_000]
    assert states[2].margin == Decimal("0.0677599")
    assert states[2].loss_at_stop_usd == Decimal("0.05375942") * 51_000


def test_each_state_is_what_its_fills_are() -> None:
    for count, state in enumerate(bybit()[:3], 1):
        held = open_by_fills(BYBIT, LONG, fills((10_000, 62_500), (5_000, 58_000), (5_000, 54_000))[:count])
        assert (state.contracts, state.entry_price) == (held.contracts, held.entry_price)
        assert BYBIT.schedule is not None
        found = position_liquidation(Holding(held, BYBIT.schedule), isolated_margin(held, Decimal(5)))
        assert state.liquidation_price == found.liquidation_price


def test_the_stop_realises_the_loss_that_was_told() -> None:
    *_, before, stopped = bybit()
    assert (stopped.event, stopped.price, stopped.traded, stopped.contracts) == ("stop", 51_000, -20_000, 0)
    assert stopped.realised_pnl == -(before.loss_at_stop or ZERO)
    assert stopped.loss_at_stop == before.loss_at_stop
    assert (stopped.entry_price, stopped.margin, stopped.liquidation_price) == (None, None, None)


def test_what_is_taken_is_in_multiples_of_what_is_risked() -> None:
    *_, taken, _ = bybit(takes=(Take(Decimal(70_000), share=Decimal("0.5")),))
    risked = Decimal("0.05375942")
    assert taken.r_multiple == taken.realised_pnl / risked
    assert taken.realised_pnl > 0
    assert bybit()[0].r_multiple == Decimal("-0.000088") / risked


# What any ladder comes to


@given(
    sides,
    st.lists(st.tuples(st.integers(1, 1_000), st.integers(900, 1_100)), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(1, 30), st.integers(500, 2_000)), max_size=3),
    decimals("0", "0.01", 4),
    decimals("0", "0.01", 4),
)
def test_profit_and_fees_are_those_of_average_cost(
    side: Decimal, orders: list[tuple[int, int]], takes: list[tuple[int, int]], opening: Decimal, closing: Decimal
) -> None:
    stop = Decimal(400 if side == LONG else 3_000)
    total = sum(contracts for contracts, _ in orders)
    sold = [(min(total // 4, contracts), price) for contracts, price in takes if total >= 4]
    states = plan(
        Ladder(
            PLAIN,
            side,
            fills(*orders),
            tuple(Take(Decimal(price), Decimal(contracts)) for contracts, price in sold),
            stop,
            opening,
            closing,
        )
    )
    entry = twin.average_entry(orders)
    spent = sum((twin.fee(usd, price, opening) for usd, price in orders), Fraction(0))
    made = sum((twin.pnl(side, usd, entry, price) - twin.fee(usd, price, closing) for usd, price in sold), Fraction(0))
    left = total - sum(usd for usd, _ in sold)
    assert len(states) == len(orders) + len(sold) + 1
    before = states[-2]
    assert before.contracts == left
    assert plain(before.realised_pnl) == twin.printed(made - spent)
    lost = twin.fee(left, stop, closing) - twin.pnl(side, left, entry, stop) - made + spent
    assert plain(before.loss_at_stop or ZERO) == twin.printed(lost)
    assert plain(states[-1].realised_pnl) == twin.printed(-lost)
    assert sum(state.traded for state in states) == 0


def test_an_isolated_margin_comes_with_each_order_and_falls_with_each_take() -> None:
    half = (Take(Decimal(200), share=Decimal("0.5")),)
    states = plan(ladder((100, 100), (100, 50), takes=half, leverage=Decimal(4), schedule=FREE))
    assert [state.margin for state in states] == [Decimal("0.25"), Decimal("0.75"), Decimal("0.375")]


def test_a_given_margin_is_there_from_the_first_order() -> None:
    half = (Take(Decimal(200), share=Decimal("0.5")),)
    states = plan(ladder((100, 100), (100, 50), takes=half, margin=Decimal(1), schedule=FREE))
    assert [state.margin for state in states] == [1, 1, Decimal("0.5")]


def test_a_balance_pays_fees_and_gets_profit() -> None:
    fee = Decimal("0.01")
    half = (Take(Decimal(200), share=Decimal("0.5")),)
    states = plan(
        ladder((100, 100), takes=half, balance=Decimal(1), schedule=FREE, entry_fee_rate=fee, exit_fee_rate=fee)
    )
    # 0.01 for opening; 0.25 earned less 0.0025.
    assert [state.margin for state in states] == [Decimal("0.99"), Decimal("1.2375")]


def test_slippage_is_paid_at_the_stop_alone() -> None:
    slipping = plan(
        ladder((100, 100), takes=(Take(Decimal(200), Decimal(50)),), stop=Decimal(50), slippage=Decimal("0.1"))
    )
    # Half earns 0.25; at 50 the other half is worth 1, half of it lost, and slips by 0.1.
    assert [state.loss_at_stop for state in slipping] == [Decimal("1.2"), Decimal("0.35"), Decimal("0.35")]


def test_a_share_is_of_what_was_open_before_the_takes_in_whole_lots() -> None:
    takes = tuple(Take(Decimal(200), share=Decimal(share)) for share in ("0.5", "0.25", "0.25"))
    states = plan(ladder((10, 100), takes=takes))
    assert [state.traded for state in states] == [10, -5, -2, -2]
    assert [state.reason for state in states][1:3] == [
        "the liquidation price is not known: the maintenance rate is not",
        "2.5 rounded down to 2 contracts; the liquidation price is not known: the maintenance rate is not",
    ]


def test_a_ladder_that_is_flat_needs_no_stop() -> None:
    states = plan(ladder((10, 100), takes=(Take(Decimal(200), Decimal(10)),), stop=Decimal(50)))
    assert [state.event for state in states] == ["order", "take"]
    assert (states[-1].contracts, states[-1].entry_price, states[-1].loss_at_stop) == (0, None, Decimal("-0.05"))


def test_without_a_stop_nothing_is_risked() -> None:
    [state] = plan(ladder((10, 100)))
    assert (state.loss_at_stop, state.loss_at_stop_usd, state.r_multiple, state.status) == (None, None, None, "ok")


def test_without_a_margin_there_is_no_liquidation_price_and_a_reason() -> None:
    [state] = plan(ladder((10, 100), schedule=FREE))
    assert (state.margin, state.liquidation_price) == (None, None)
    assert state.reason == "the liquidation price is not known: the margin is not"


def test_a_loss_that_is_a_profit_has_no_multiple() -> None:
    states = plan(ladder((10, 100), stop=Decimal(90), entry_fee_rate=Decimal("-0.5"), takes=()))
    assert states[0].loss_at_stop is not None
    assert states[0].loss_at_stop < 0
    assert states[0].r_multiple is None


# Life and death


def test_what_dies_on_the_way_is_dead_from_there_on() -> None:
    # 5x from 100 is liquidated at 83.3: the order at 80 is not lived to see, nor is what follows.
    takes = (Take(Decimal(150), share=Decimal("0.5")),)
    states = plan(ladder((100, 100), (100, 80), takes=takes, stop=Decimal(60), leverage=Decimal(5), schedule=FREE))
    assert [state.status for state in states] == [
        "liquidated before the stop",
        "liquidated before this step",
        "liquidated before this step",
        "liquidated before this step",
    ]


def test_an_order_at_which_the_position_is_dead_at_once_ends_it() -> None:
    # At 60 a third of a coin is left, of which 100 USD ask for a sixth, but 1,100 for 1.83.
    tenth = flat_rate(Decimal("0.1"))
    states = plan(ladder((100, 100), (1_000, 60), (100, 59), margin=Decimal(1), stop=Decimal(40), schedule=tenth))
    assert [state.status for state in states][1:] == [
        "liquidated before the stop", "liquidated before this step", "liquidated before this step",
    ]  # fmt: skip
    assert states[1].reason == "the mark price is already beyond the liquidation price"


def test_the_stop_itself_may_not_be_lived_to_see() -> None:
    [order, stop] = plan(ladder((100, 100), stop=Decimal(80), leverage=Decimal(5), schedule=FREE))
    assert (order.status, stop.status) == ("liquidated before the stop", "liquidated before this step")
    assert order.loss_at_stop == Decimal("0.25")  # the close at the stop, as if it came first


def test_a_take_may_free_what_is_left() -> None:
    # The balance gets 0.5 at 200 and carries the half that is left from 100 below the stop.
    takes = (Take(Decimal(200), Decimal(50)),)
    states = plan(ladder((100, 100), takes=takes, balance=Decimal("0.5"), stop=Decimal(60), schedule=FREE))
    assert [state.status for state in states] == ["liquidated before the stop", "ok", "ok"]


def test_what_the_account_holds_counts() -> None:
    other = Holding(open_at(PLAIN._replace(name="OTHER"), LONG, Decimal(100), Decimal(100)), FREE)
    alone, beside = (
        plan(ladder((100, 100), balance=Decimal(1), schedule=FREE, others=others))[0] for others in ((), (other,))
    )
    # On one coin of balance: 100/(1 + 1) and 200/(1 + 2).
    assert alone.liquidation_price == 50
    assert plain(beside.liquidation_price or ZERO) == twin.printed(Fraction(200, 3))


def test_an_isolated_ladder_stands_beside_the_account() -> None:
    other = Holding(open_at(PLAIN._replace(name="OTHER"), LONG, Decimal(100), Decimal(100)), FREE)
    alone, beside = (
        plan(ladder((100, 100), leverage=Decimal(4), schedule=FREE, others=others))[0] for others in ((), (other,))
    )
    assert alone == beside


def test_a_short_dies_above() -> None:
    # 4x from 100 end at 133.3, from 109.1 at 145.5.
    states = plan(ladder((100, 100), (100, 120), side=SHORT, leverage=Decimal(4), stop=Decimal(140), schedule=FREE))
    assert [state.traded for state in states] == [-100, -100, 200]
    assert [state.status for state in states] == ["liquidated before the stop", "ok", "ok"]


# What cannot be planned


LIMITED = PLAIN._replace(
    lot=Decimal(10),
    max_order=Decimal(500),
    max_leverage=Decimal(100),
    schedule=Schedule((Tier(Decimal(5), ZERO, initial=Decimal("0.1")), Tier(None, ZERO, initial=Decimal("0.5")))),
)


@pytest.mark.parametrize(
    ("orders", "more", "message"),
    [
        (((15, 100),), {}, "step 1: 15 contracts cannot be traded: give multiples of 10 contracts, such as 10"),
        (((10, 100), (510, 100)), {}, "step 2: 510 contracts are more than the largest order: give at most 500"),
        (((100, 100),), {"takes": (Take(Decimal(200), Decimal(60)), Take(Decimal(200), Decimal(60)))}, "step 3: 60 contracts are more than the 40 that are open: take less"),
        (((10, 100),), {"takes": (Take(Decimal(200), Decimal(10)), Take(Decimal(200), Decimal(10)))}, "step 3: 10 contracts are more than the 0 that are open: take less"),
        (((10, 100),), {"takes": (Take(Decimal(200), share=Decimal("0.5")),)}, "step 2: 5 rounded down to 0 contracts: less than one lot: take more"),
        (((500, 100), (10, 100)), {"leverage": Decimal(10)}, "step 2: leverage: 10x is more than the tier of 510 contracts allows: give at most 2"),
        (((10, 100), (10, 90)), {"stop": Decimal(90)}, "stop: 90 does not protect a long entered at 90: give a price below every order"),
        (((10, 100),), {"stop": Decimal(90), "side": SHORT}, "stop: 90 does not protect a short entered at 100: give a price above every order"),
        ((), {}, "order: is missing: give at least one"),
    ],
)  # fmt: skip
def test_what_cannot_be_planned_names_its_step(
    orders: tuple[tuple[int, int], ...], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(PerpcalcError) as error:
        plan(Ladder(LIMITED, more.pop("side", LONG), fills(*orders), **more))
    assert str(error.value) == message
