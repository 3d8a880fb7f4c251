"""Position sizes: what a risk allows, which cap binds, and what the trade then looks like."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from perpcalc.core.instrument import PLAIN
from perpcalc.core.liquidation import position_liquidation
from perpcalc.core.margin import isolated_margin
from perpcalc.core.planned import Plan
from perpcalc.core.position import LONG, SHORT, open_at
from perpcalc.core.rounding import Rounding
from perpcalc.core.rules import ClosingFee, Schedule, Tier, flat_rate
from perpcalc.core.sizing import Size, costs_per_usd, loss_per_usd, max_safe_leverage, one_lot, size
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import PerpcalcError

from . import twin
from .strategies import Trade, decimals, leverages, prices, rules, schedule_of, sides, sizes

GROWING = Schedule((Tier(None, Decimal("0.01")),), marginal=False, slope=Decimal("0.00005"))


def plan(side: Decimal = LONG, entry: str = "50000", stop: str = "40000", **more: Any) -> Plan:
    return Plan(PLAIN, side, Decimal(entry), Decimal(stop), **more)


def stop_of(side: Decimal, entry: Decimal, gap: Decimal) -> Decimal:
    return entry * (1 - gap) if side == LONG else entry * (1 + gap)


@st.composite
def plans(draw: st.DrawFn) -> tuple[Plan, Decimal]:
    """A trade with costs, a balance and a lot, and a risk in coin that some thousands of contracts may meet."""
    side, entry = draw(sides), draw(prices)
    stop = stop_of(side, entry, draw(decimals("0.002", "0.5", 3)))
    instrument = PLAIN._replace(
        contract_size=draw(sizes),
        lot=Decimal(draw(st.sampled_from((1, 1, 10, 100)))),
        max_order=draw(st.none() | st.integers(1, 3_000).map(lambda n: Decimal(n * 100))),
    )
    risk = (instrument.contract_size / entry * draw(decimals("1", "3000", 3))).quantize(Decimal("1E-12"))
    leverage = draw(st.none() | leverages)
    balance = risk * draw(decimals("0.5", "200", 1))
    return (
        Plan(
            instrument,
            side,
            entry,
            stop,
            entry_fee_rate=draw(decimals("0", "0.002", 5)),
            exit_fee_rate=draw(decimals("0", "0.002", 5)),
            slippage=draw(decimals("0", "0.003", 4)),
            balance=balance,
            leverage=leverage,
            max_leverage=draw(st.none() | decimals("0.5", "50", 1)),
            buffer=draw(decimals("0", "0.1", 2)),
        ),
        risk,
    )


def loss_at_stop(trade: Plan, contracts: Decimal) -> Fraction:
    """What so many contracts lose at the stop, costs included."""
    usd = contracts * trade.instrument.contract_size
    gross = twin.pnl(trade.side, usd, trade.entry_price, trade.stop_price)
    return costs(trade, contracts) - gross


def costs(trade: Plan, contracts: Decimal) -> Fraction:
    usd = contracts * trade.instrument.contract_size
    closing = trade.exit_fee_rate + trade.slippage
    return twin.fee(usd, trade.entry_price, trade.entry_fee_rate) + twin.fee(usd, trade.stop_price, closing)


def is_liquidated_beyond_the_stop(trade: Plan, contracts: Decimal, found: twin.Rules) -> bool:
    """Whether the position lives from its entry to the stop and the buffer behind it."""
    value = Fraction(contracts * trade.instrument.contract_size) / Fraction(trade.entry_price)
    margin = Fraction(trade.balance or 0) if trade.leverage is None else value / Fraction(trade.leverage)
    leg = twin.Leg(int(trade.side), contracts, trade.entry_price, trade.instrument.contract_size)
    span = twin.nearest(twin.Wallet(margin, [leg], found).survival(), 1 / Fraction(trade.entry_price))
    if span is None or not (
        span[0] < 1 / Fraction(trade.entry_price) and (span[1] is None or 1 / Fraction(trade.entry_price) < span[1])
    ):
        return False
    limit = 1 / (Fraction(trade.stop_price) * (1 - Fraction(trade.side) * Fraction(trade.buffer)))
    return span[0] <= limit and (span[1] is None or limit <= span[1])


def cut(leverage: Fraction) -> Decimal:
    """A leverage as it is told: cut to 4 decimals."""
    return Decimal(floor(leverage * 10_000)) / 10_000


def keeps(trade: Plan, risk: Decimal, found: twin.Rules | None) -> dict[str, Callable[[Decimal], bool]]:
    """Each constraint by its name, in the order that breaks ties: whether so many contracts keep to it."""
    usd = trade.instrument.contract_size
    balance = Fraction(trade.balance or 0)
    checks: dict[str, Callable[[Decimal], bool]] = {"risk": lambda n: loss_at_stop(trade, n) <= Fraction(risk)}
    if trade.max_leverage is not None:
        highest = Fraction(trade.max_leverage)
        checks["leverage"] = lambda n: twin.fee(n * usd, trade.entry_price, 1) <= highest * balance
    if trade.leverage is not None:
        leverage = Fraction(trade.leverage)
        checks["balance"] = lambda n: twin.fee(n * usd, trade.entry_price, 1) / leverage + costs(trade, n) <= balance
    if found is not None:
        checks["liquidation"] = lambda n: is_liquidated_beyond_the_stop(trade, n, found)
    if trade.instrument.max_order is not None:
        most = trade.instrument.max_order
        checks["venue"] = lambda n: n <= most
    return checks


# The largest size that keeps to everything


@given(plans())
def test_a_size_keeps_to_every_cap_and_one_lot_more_would_not(drawn: tuple[Plan, Decimal]) -> None:
    trade, risk = drawn
    result = size(trade, risk)
    more = result.contracts + trade.instrument.lot
    checks = keeps(trade, risk, None)
    assert result.contracts % trade.instrument.lot == 0
    assert all(keep(result.contracts) for keep in checks.values())
    assert not checks[result.binding](more)


@given(st.data(), plans())
def test_with_a_maintenance_margin_the_stop_comes_before_liquidation(
    data: st.DataObject, drawn: tuple[Plan, Decimal]
) -> None:
    trade, risk = drawn
    contracts = (risk * trade.entry_price / trade.instrument.contract_size).quantize(ONE) or ONE
    typical = Trade(trade.side, contracts, trade.instrument.contract_size, trade.entry_price)
    found = data.draw(rules(typical, kinds=("flat", "marginal", "growing"), fees=False))._replace(deduction=ZERO)
    trade = trade._replace(schedule=schedule_of(found))
    result = size(trade, risk)
    more = result.contracts + trade.instrument.lot
    checks = keeps(trade, risk, found)
    assert all(keep(result.contracts) for keep in checks.values() if result.contracts)
    assert not checks[result.binding](more)


@given(plans())
def test_the_loss_at_the_stop_is_at_most_the_risk_and_includes_every_cost(drawn: tuple[Plan, Decimal]) -> None:
    trade, risk = drawn
    result = size(trade, risk)
    assert Decimal(plain(result.loss_at_stop)) <= risk
    assert plain(result.loss_at_stop) == twin.printed(loss_at_stop(trade, result.contracts))
    assert plain(result.fees) == twin.printed(costs(trade, result.contracts))
    usd = loss_at_stop(trade, result.contracts) * Fraction(trade.stop_price)
    assert plain(result.loss_at_stop_usd) == twin.printed(usd)


@given(plans())
def test_a_size_scales_with_the_risk(drawn: tuple[Plan, Decimal]) -> None:
    trade, risk = drawn
    free = trade._replace(
        max_leverage=None, leverage=None, instrument=trade.instrument._replace(max_order=None, lot=ONE)
    )
    one, ten = size(free, risk).contracts, size(free, risk * 10).contracts
    assert one * 10 <= ten <= one * 10 + 10


def test_the_size_of_a_risk_without_costs() -> None:
    # 0.01/(1/40,000 - 1/50,000) = 2,000.
    result = size(plan(), Decimal("0.01"))
    assert result.contracts == 2_000
    assert result.binding == "risk"
    assert result.loss_at_stop == Decimal("0.01")
    assert result.loss_at_stop_usd == 400
    assert result.position_value == Decimal("0.04")
    assert (result.leverage, result.margin, result.liquidation_price, result.max_safe_leverage) == (None,) * 4


def test_slippage_is_a_rate_on_the_value_at_the_exit() -> None:
    trade = plan(entry_fee_rate=Decimal("0.001"), exit_fee_rate=Decimal("0.002"), slippage=Decimal("0.003"))
    # 0.001/50,000 + 0.005/40,000, and 1/40,000 - 1/50,000 for the way to the stop.
    assert costs_per_usd(trade) == Decimal("0.000000145")
    assert loss_per_usd(trade) == Decimal("0.000005145")


# Caps


def test_the_leverage_cap_is_on_the_whole_balance() -> None:
    result = size(plan(balance=Decimal("0.01"), max_leverage=Decimal(2)), Decimal(1))
    assert (result.contracts, result.binding) == (1_000, "leverage")
    assert result.leverage == 2


def test_the_instrument_s_largest_leverage_caps_where_no_other_is_asked_for() -> None:
    instrument = PLAIN._replace(max_leverage=Decimal(3))
    trade = plan(balance=Decimal("0.01"))._replace(instrument=instrument)
    assert size(trade, Decimal(1)).contracts == 1_500
    assert size(trade._replace(max_leverage=Decimal(1)), Decimal(1)).contracts == 500


def test_the_balance_must_bear_margin_and_costs() -> None:
    # 1/(50,000*10) + 0.001/50,000 + 0.001/40,000 = 0.000002045 per USD.
    fees = {"entry_fee_rate": Decimal("0.001"), "exit_fee_rate": Decimal("0.001")}
    result = size(plan(balance=Decimal("0.002045"), leverage=Decimal(10), **fees), Decimal(1))
    assert (result.contracts, result.binding) == (1_000, "balance")
    assert result.margin == Decimal("0.002")


def test_the_largest_order_caps() -> None:
    trade = plan()._replace(instrument=PLAIN._replace(max_order=Decimal(500)))
    result = size(trade, Decimal(1))
    assert (result.contracts, result.binding) == (500, "venue")


def test_a_tie_goes_to_the_first_named() -> None:
    # Risk and leverage both allow 2,000 contracts.
    assert size(plan(balance=Decimal("0.01"), max_leverage=Decimal(4)), Decimal("0.01")).binding == "risk"


def test_liquidation_may_leave_nothing_however_small() -> None:
    # At 50x and 1% a long is liquidated 1% below its entry, far before a stop 20% below, whatever its size.
    result = size(plan(balance=ONE, leverage=Decimal(50), schedule=flat_rate(Decimal("0.01"))), Decimal("0.01"))
    assert (result.contracts, result.binding) == (0, "liquidation")
    assert result.liquidation_price is None
    assert result.margin == 0


@pytest.mark.parametrize(
    ("entry", "stop", "leverage"), [("11250", "9000", 4), ("6050", "5500", 10), ("9750", "6500", 2)]
)
def test_liquidation_just_at_the_stop_does_not_bind(entry: str, stop: str, leverage: int) -> None:
    # Without maintenance margin a long is liquidated at E*L/(L + 1), here the stop itself.
    trade = plan(LONG, entry, stop, balance=Decimal(100), leverage=Decimal(leverage), schedule=flat_rate(ZERO))
    assert size(trade, ONE).binding == "risk"


def test_a_cross_position_shrinks_until_the_balance_bears_it_to_the_stop() -> None:
    # 0.01 BTC: 1.01*Q/(0.01 + Q/50,000) = 40,000 for Q = 400/(1.01 - 0.8) = 1904.7...
    result = size(plan(balance=Decimal("0.01"), schedule=flat_rate(Decimal("0.01"))), Decimal("0.01"))
    assert (result.contracts, result.binding) == (1_904, "liquidation")
    assert result.liquidation_price is not None
    assert result.liquidation_price <= 40_000


def test_the_buffer_keeps_liquidation_further_beyond_the_stop() -> None:
    # The same with 36,000 in place of 40,000: 360/(1.01 - 0.72).
    trade = plan(balance=Decimal("0.01"), schedule=flat_rate(Decimal("0.01")), buffer=Decimal("0.1"))
    assert size(trade, Decimal("0.01")).contracts == 1_241


def test_the_lower_end_of_a_growing_rate_does_not_bind_a_short() -> None:
    # Deribit: 100,000 USD short with 10 BTC are never liquidated above; below, they are at 5.05 USD.
    ticked = PLAIN._replace(tick=Decimal("0.5"))
    trade = Plan(ticked, SHORT, Decimal(30_000), Decimal(33_000), balance=Decimal(10), schedule=GROWING)
    risk = Decimal(100_000) * (ONE / 30_000 - ONE / 33_000)
    result = size(trade, risk)
    assert (result.contracts, result.binding) == (100_000, "risk")


@pytest.mark.parametrize(
    ("side", "stop", "message"),
    [
        (LONG, "50000", "50000 does not protect a long entered at 50000: give a price below the entry"),
        (LONG, "60000", "60000 does not protect a long entered at 50000: give a price below the entry"),
        (SHORT, "40000", "40000 does not protect a short entered at 50000: give a price above the entry"),
    ],
)
def test_a_stop_on_the_wrong_side_is_refused(side: Decimal, stop: str, message: str) -> None:
    with pytest.raises(PerpcalcError, match=f"{message}$"):
        size(plan(side, "50000", stop), ONE)


@pytest.mark.parametrize(
    ("side", "stop", "message"),
    [
        (LONG, "40000", "50000 is no profit for a long entered at 50000: give a price above the entry"),
        (SHORT, "60000", "50000 is no profit for a short entered at 50000: give a price below the entry"),
    ],
)
def test_a_target_that_is_no_profit_is_refused(side: Decimal, stop: str, message: str) -> None:
    with pytest.raises(PerpcalcError, match=f"{message}$"):
        size(plan(side, "50000", stop), ONE, target=Decimal(50_000))


# Nothing, and one lot


def test_too_small_a_risk_is_zero_contracts() -> None:
    result = size(plan(balance=ONE), Decimal("0.0000049"))
    assert result == Size(ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, None, ONE, None, "risk", None)


def test_one_lot_says_what_the_smallest_trade_would_risk() -> None:
    trade = plan()._replace(instrument=PLAIN._replace(lot=Decimal(100)))
    assert one_lot(trade).loss_at_stop == Decimal("0.0005")
    assert size(trade, Decimal("0.00049")).contracts == 0
    assert size(trade, Decimal("0.0005")).contracts == 100


# Reward


@given(plans(), decimals("1.01", "3", 2))
def test_reward_is_the_net_profit_at_the_target_over_the_loss_at_the_stop(
    drawn: tuple[Plan, Decimal], times: Decimal
) -> None:
    trade, risk = drawn
    target = trade.entry_price * times if trade.side == LONG else trade.entry_price / times
    result = size(trade, risk, target)
    if not result.contracts:
        assert result.reward_risk is None
        return
    usd = result.contracts * trade.instrument.contract_size
    closing = trade.exit_fee_rate + trade.slippage
    reward = twin.net_pnl(trade.side, usd, trade.entry_price, target, trade.entry_fee_rate, closing, 0)
    assert result.reward_risk is not None
    assert plain(result.reward_risk) == twin.printed(reward / loss_at_stop(trade, result.contracts))


@pytest.mark.parametrize("rebate", ["-0.25", "-0.3"])
def test_where_rebates_outweigh_the_way_to_the_stop_the_risk_does_not_bind(rebate: str) -> None:
    # From 50,000 to 40,000 a coin's worth loses a quarter of a coin: nothing is risked, and no size is too large for it.
    trade = plan(entry_fee_rate=Decimal(rebate), balance=ONE, max_leverage=Decimal(2))
    result = size(trade, Decimal("0.01"), Decimal(51_000))
    assert (result.contracts, result.binding) == (100_000, "leverage")
    assert result.loss_at_stop <= 0
    assert result.reward_risk is None


# Leverage


@given(sides, prices, decimals("0.002", "0.5", 3), decimals("0", "0.1", 2), decimals("0", "0.1", 3))
def test_at_the_largest_safe_leverage_liquidation_is_at_the_stop_and_its_buffer(
    side: Decimal, entry: Decimal, gap: Decimal, buffer: Decimal, rate: Decimal
) -> None:
    trade = Plan(PLAIN, side, entry, stop_of(side, entry, gap), buffer=buffer, schedule=flat_rate(rate))
    highest = max_safe_leverage(trade, Decimal(1_000))
    limit = trade.stop_price * (1 - side * buffer)
    # Long: 1/L = E*(1 + mmr)/(S*(1 - b)) - 1; short: 1/L = 1 - E*(1 - mmr)/(S*(1 + b)).
    inverse = Fraction(side) * (Fraction(entry) * (1 + Fraction(side) * Fraction(rate)) / Fraction(limit) - 1)
    assert highest == cut(1 / inverse)
    assume(highest)
    position = open_at(PLAIN, side, Decimal(1_000), entry)
    for leverage, lives in ((highest, True), (highest + Decimal("0.0001"), False)):
        result = position_liquidation(Holding(position, flat_rate(rate)), isolated_margin(position, leverage))
        price = result.liquidation_below if side == LONG else result.liquidation_above
        assert price is not None
        assert (not result.beyond and side * (limit - price) >= 0) == lives


def test_the_largest_safe_leverage_is_at_most_the_instrument_s() -> None:
    trade = plan(stop="49990", schedule=flat_rate(ZERO))
    highest = max_safe_leverage(trade, ONE)
    assert highest is not None
    assert plain(highest) == "4999"
    capped = trade._replace(instrument=PLAIN._replace(max_leverage=Decimal(100)))
    assert max_safe_leverage(capped, ONE) == 100


def test_the_largest_safe_leverage_of_a_tier_is_cut_to_what_can_be_asked_for() -> None:
    tiers = (Tier(None, Decimal("0.05"), initial=Decimal("0.15")),)
    trade = plan(stop="49990", schedule=Schedule(tiers))
    levered = trade._replace(instrument=PLAIN._replace(schedule=trade.schedule))
    assert max_safe_leverage(levered, ONE) == Decimal("6.6666")


@pytest.mark.parametrize(("side", "stop", "near"), [(LONG, "40000", "39999.5"), (SHORT, "40000", "40000.5")])
def test_a_liquidation_price_of_a_venue_must_lie_a_step_beyond_the_stop(side: Decimal, stop: str, near: str) -> None:
    stepped = PLAIN._replace(tick=Decimal("0.5"), rounding=Rounding(liquidation_price="against tick"))
    entry = Decimal(50_000) if side > 0 else Decimal(30_000)
    trade = Plan(stepped, side, entry, Decimal(stop))
    assert trade.limit == Decimal(near)
    between = trade._replace(stop_price=Decimal("40000.3"))
    assert between.limit == (Decimal("40000.0") if side > 0 else Decimal("40000.5"))
    assert trade._replace(buffer=Decimal("0.1")).limit == Decimal(stop) * (1 - side * Decimal("0.1"))
    assert trade._replace(instrument=PLAIN).limit == Decimal(stop)


def test_below_the_lowest_price_of_a_venue_there_is_no_step() -> None:
    stepped = PLAIN._replace(tick=Decimal("0.5"), rounding=Rounding(liquidation_price="against tick"))
    assert Plan(stepped, LONG, ONE, Decimal("0.5")).limit == Decimal("0.5")


def test_the_largest_safe_leverage_allows_for_the_closing_fee() -> None:
    # 1/L = E*(1 + mmr + f)/S - 1 = 1.25*1.011 - 1.
    trade = plan(schedule=flat_rate(Decimal("0.01")), closing_fee=ClosingFee(Decimal("0.001")))
    highest = max_safe_leverage(trade, Decimal(1_000))
    assert highest == cut(1 / Fraction("0.26375"))


def test_the_largest_safe_leverage_is_that_of_the_tier_at_the_stop() -> None:
    # 50,000 USD: 1 BTC at the entry, 1.25 at the stop; 1% up to 1.2 BTC, 5% of what is above.
    tiers = (Tier(Decimal("1.2"), Decimal("0.01")), Tier(None, Decimal("0.05"), Decimal("0.048")))
    highest = max_safe_leverage(plan(schedule=Schedule(tiers)), Decimal(50_000))
    assert highest == cut(1 / (Fraction("0.25") + Fraction("0.012") + Fraction("0.0025")))


def test_the_largest_safe_leverage_allows_for_a_rate_that_grows_with_size() -> None:
    # 1,000,000 USD: 20 BTC at the entry; at the stop 25 BTC, of which Deribit asks 0.28125, and 5 BTC are lost.
    highest = max_safe_leverage(plan(schedule=GROWING), Decimal(1_000_000))
    assert highest == cut(20 / Fraction("5.28125"))


def test_without_a_maintenance_rate_no_leverage_is_known_to_be_safe() -> None:
    assert max_safe_leverage(plan(), ONE) is None


def test_one_lot_is_measured_by_its_risk() -> None:
    found = one_lot(plan()._replace(instrument=PLAIN._replace(lot=Decimal(100))))
    assert (found.contracts, found.binding, found.reward_risk) == (100, "risk", None)


def test_rebates_that_outweigh_every_loss_leave_no_largest_size() -> None:
    # At 2x a rebate of half the value is as much as the margin.
    for rebate, more in (
        ("-1", {}),
        ("-1", {"balance": ONE, "leverage": Decimal(2)}),
        ("-0.5", {"balance": ONE, "leverage": Decimal(2)}),
    ):
        with pytest.raises(PerpcalcError) as error:
            size(plan(entry_fee_rate=Decimal(rebate), **more), Decimal("0.01"))
        assert str(error.value) == (
            "max_leverage: the rebates outweigh the loss at the stop, so no size is too large: give a leverage cap"
        )


def test_a_buffer_must_leave_a_price_below_the_stop_of_a_long() -> None:
    with pytest.raises(PerpcalcError) as error:
        size(plan(buffer=ONE), Decimal("0.01"))
    assert str(error.value) == "buffer: 100% leaves no price below the stop: give less than 100%"
    above_twice = plan(SHORT, stop="60000", buffer=ONE)
    assert size(above_twice, Decimal("0.01")).contracts > 0
    assert size(plan(buffer=Decimal("0.99")), Decimal("0.01")).contracts > 0


def test_liquidation_does_not_bind_where_no_margin_is_known() -> None:
    # 0.01 coins at 0.000005 a USD, whatever is asked for.
    result = size(plan(schedule=flat_rate(Decimal("0.5"))), Decimal("0.01"))
    assert (result.contracts, result.binding, result.liquidation_price) == (2_000, "risk", None)


def test_a_fee_reserved_at_bankruptcy_takes_nothing_of_the_largest_safe_leverage() -> None:
    fee = ClosingFee(Decimal("0.01"), at_bankruptcy=True)
    assert max_safe_leverage(plan(schedule=flat_rate(ZERO), closing_fee=fee), ONE) == 4


def test_a_stop_on_the_wrong_side_is_named_by_its_option() -> None:
    with pytest.raises(PerpcalcError) as error:
        size(plan(stop="60000"), Decimal("0.01"))
    assert str(error.value) == "stop: 60000 does not protect a long entered at 50000: give a price below the entry"


@pytest.mark.parametrize(
    ("more", "contracts", "binding"),
    # Of 100 USD each: twice 50,000 USD of balance are 1,000; at 4x the balance bears 200,000 USD, 2,000.
    [({"max_leverage": Decimal(2)}, 1_000, "leverage"), ({"leverage": Decimal(4)}, 2_000, "balance")],
)
def test_caps_are_in_contracts_of_any_size(more: dict[str, Decimal], contracts: int, binding: str) -> None:
    trade = plan(balance=ONE, **more)._replace(instrument=PLAIN._replace(contract_size=Decimal(100)))
    result = size(trade, Decimal(10))
    assert (result.contracts, result.binding) == (contracts, binding)


def test_what_liquidation_allows_is_whole_lots() -> None:
    # One coin bears a stop at 40,000 up to Q(1/40,000*1.1 - 1/50,000) = 1: 133,333.33 USD, in tens.
    trade = plan(balance=ONE, schedule=flat_rate(Decimal("0.1")))._replace(instrument=PLAIN._replace(lot=Decimal(10)))
    result = size(trade, Decimal(10))
    assert (result.contracts, result.binding) == (133_330, "liquidation")


def test_the_margin_of_a_cross_position_is_the_balance() -> None:
    assert size(plan(balance=ONE), Decimal("0.01")).margin == 1


def test_the_liquidation_price_of_a_size_includes_the_closing_fee() -> None:
    # 2x: E(1 + f)/(1 + 1/2)
    fee = ClosingFee(Decimal("0.01"))
    result = size(plan(leverage=Decimal(2), schedule=flat_rate(ZERO), closing_fee=fee), Decimal("0.01"))
    assert plain(result.liquidation_price or ZERO) == twin.printed(Fraction(50_500 * 2, 3))


def test_where_the_next_tier_begins_at_the_stop_the_one_before_it_counts() -> None:
    # 200,000 USD are 4 coins at 50,000 and 5, the limit of the first tier, at 40,000: 1 lost and 0.05 asked for.
    schedule = Schedule((Tier(Decimal(5), Decimal("0.01")), Tier(None, Decimal("0.8"))), marginal=False)
    trade = plan(schedule=schedule)
    highest = max_safe_leverage(trade, Decimal(200_000))
    assert highest == cut(4 / Fraction("1.05"))
    position = open_at(PLAIN, LONG, Decimal(200_000), Decimal(50_000))
    found = position_liquidation(Holding(position, schedule), isolated_margin(position, Decimal("3.8095")))
    assert found.liquidation_price is not None
    assert 39_999 < found.liquidation_price <= 40_000


def test_a_target_that_is_no_profit_is_named_by_its_option() -> None:
    with pytest.raises(PerpcalcError) as error:
        size(plan(), Decimal("0.01"), Decimal(50_000))
    assert str(error.value) == "target: 50000 is no profit for a long entered at 50000: give a price above the entry"


@pytest.mark.parametrize(("risk", "contracts"), [("0.01", 2_000), ("0.000001", 0)])
def test_the_largest_safe_leverage_is_told_with_any_size(risk: str, contracts: int) -> None:
    result = size(plan(schedule=flat_rate(ZERO)), Decimal(risk))
    assert (result.contracts, result.max_safe_leverage, result.leverage) == (contracts, 4, None)
