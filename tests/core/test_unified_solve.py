"""What to change in an account of several coins for a target, each answer proved by the account after it."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.collateral import flat_weight
from perpcalc.core.rounding import grid
from perpcalc.core.rules import ClosingFee, Schedule, Tier, with_deductions
from perpcalc.core.unified import Account, sums_of
from perpcalc.core.unified_liquidation import coin_life
from perpcalc.core.unified_solve import (
    PriceAnswer,
    Target,
    closed,
    coins_to_add,
    contracts_to_close,
    free_margin,
    is_reached,
    liquidation_target,
    price_of_equity,
    price_of_ratio,
    ratio_target,
)
from perpcalc.core.unified_standing import standing
from perpcalc.decimals import plain, settled
from perpcalc.errors import PerpcalcError

from .test_unified_brute_force import some_case
from .unified_accounts import BYBIT_BANDS, GOLDEN, account, inverse, leg

D = Decimal


def added(of: Account, coin: str, amount: Decimal) -> Account:
    return of._replace(balances={**of.balances, coin: of.balances.get(coin, D(0)) + amount})


def ratio(of: Account, **prices: Decimal) -> Decimal:
    return standing(sums_of(of._replace(prices={**of.prices, **prices}))).margin_ratio


# Prices


@pytest.mark.parametrize("reading", ["equity", "balance"])
def test_the_price_of_a_margin_ratio_has_that_ratio(reading: str) -> None:
    held = GOLDEN["G8"]._replace(reading=reading)
    found = price_of_ratio(sums_of(held), "BTC", D("0.5"))
    assert found.above is None
    assert found.below is not None
    assert round(ratio(held, BTC=found.below), 60) == D("0.5")


def test_a_ratio_below_the_present_one_lies_on_the_other_side() -> None:
    held = GOLDEN["G1"]._replace(prices={"BTC": D(45_000)})
    found = price_of_ratio(sums_of(held), "BTC", D("0.01"))
    assert found.below is None
    assert found.above is not None
    assert round(ratio(held, BTC=found.above), 60) == D("0.01")


def test_the_ratio_of_one_is_the_liquidation_price() -> None:
    sums = sums_of(GOLDEN["G2"])
    life = coin_life(sums, "BTC")
    assert life.range is not None
    assert life.range.low is not None
    assert price_of_ratio(sums, "BTC", D(1)) == (life.range.low.at, None)


def test_a_price_beyond_liquidation_is_none() -> None:
    tiers = Schedule((Tier(D(2), D("0.01")), Tier(D(4), D("0.9")), Tier(None, D("0.01"))), marginal=False)
    held = account({"USDT": "80000"}, inverse("BTC long 100000 @ 100000", schedule=tiers), weights={})
    assert price_of_ratio(sums_of(held), "BTC", D("0.5")) == PriceAnswer(None, None)
    # 80,000 + P - 100,000 = 1,000/0.016
    assert price_of_ratio(sums_of(held), "BTC", D("0.016")) == PriceAnswer(D(82_500), None)


def test_no_price_where_nothing_is_asked_for_or_all_is_lost() -> None:
    assert price_of_ratio(sums_of(account({"BTC": "1"})), "BTC", D("0.5")) == (None, None)
    dead = GOLDEN["G1"]._replace(prices={"BTC": D(40_000)})
    assert price_of_ratio(sums_of(dead), "BTC", D("0.5")) == (None, None)
    assert price_of_equity(sums_of(dead), "BTC", D(50_000)) is None


def test_the_price_of_an_equity_in_usd() -> None:
    sums = sums_of(GOLDEN["G7"])
    # 2*P - 100,000 + 40,000 - 30,000
    assert price_of_equity(sums, "BTC", D(90_000)) == 90_000
    assert price_of_equity(sums, "ETH", D(100_000)) == 2_000
    assert price_of_equity(sums, "BTC", D(1_000)) is None, "liquidated before"
    assert price_of_equity(sums, "ETH", D(80_000)) is None, "below 0"
    assert price_of_equity(sums_of(account({"USDT": "5"}, leg("BTC long 0 @ 1"))), "BTC", D(6)) is None


# Coins to add


def test_coins_to_be_liquidated_at_a_price() -> None:
    target = liquidation_target(GOLDEN["G2"], "BTC", D(45_000))
    found = coins_to_add(GOLDEN["G2"], "BTC", target)
    # 0.98*(2 + x) is not enough below zero: (2 + x)*45,000 - 100,000 = 500/0.98
    assert found is not None
    assert plain(found) == plain((100_000 + 500 / D("0.98")) / 45_000 - 2)
    after = coin_life(sums_of(added(GOLDEN["G2"], "BTC", found)), "BTC").range
    assert after is not None
    assert after.low is not None
    assert plain(after.low.at) == "45000"


def test_another_coin_may_be_added() -> None:
    target = liquidation_target(GOLDEN["G2"], "BTC", D(45_000))
    assert coins_to_add(GOLDEN["G2"], "USDT", target) == 10_500
    assert coins_to_add(GOLDEN["G2"], "ETH", target) == D(10_500) / (D("0.97") * 4_000)


def test_what_may_be_taken_out_is_negative() -> None:
    target = liquidation_target(GOLDEN["G1"], "BTC", D(60_000))
    found = coins_to_add(GOLDEN["G1"], "USDT", target)
    assert found == -39_100
    assert free_margin(added(GOLDEN["G1"], "USDT", found), target) == 0


def test_coins_are_rounded_up_to_the_venues_decimals() -> None:
    target = liquidation_target(GOLDEN["G2"], "BTC", D(45_000))
    exact = coins_to_add(GOLDEN["G2"], "BTC", target) or D(0)
    rounded = coins_to_add(GOLDEN["G2"], "BTC", target, grid("half-even 4"))
    assert rounded is not None
    assert exact < rounded < exact + D("0.0001")


def test_coins_for_a_margin_ratio_now() -> None:
    held = GOLDEN["G2"]._replace(prices={"BTC": D(51_000), "ETH": D(4_000)})
    found = coins_to_add(held, "BTC", ratio_target(held, D("0.1")))
    assert found is not None
    assert round(ratio(added(held, "BTC", found)), 60) == D("0.1")


def test_coins_beyond_the_last_band_count_nothing_and_no_amount_does_it() -> None:
    held = account({"BTC": "45"}, leg("BTC long 120 @ 100000"), weights={"BTC": BYBIT_BANDS})
    # at 70,000 the leg has lost 3,600,000 and must keep 42,000; the most that coins ever count is 44.8*70,000
    assert coins_to_add(held, "BTC", liquidation_target(held, "BTC", D(70_000))) is None
    # at 75,000 it takes 40.6 coins that count: 36.8 in four bands, and 4.75 of the fifth at 80 %
    assert coins_to_add(held, "BTC", liquidation_target(held, "BTC", D(75_000))) == D("44.75") - 45


def test_a_coin_to_add_needs_a_price() -> None:
    with pytest.raises(PerpcalcError, match="the price of SOL is not known"):
        coins_to_add(GOLDEN["G2"], "SOL", ratio_target(GOLDEN["G2"], D("0.5")))


def test_closing_fees_at_the_bankruptcy_price_grow_with_what_is_added() -> None:
    held = account({"BTC": "1"}, inverse("BTC long 100000 @ 100000", fee=ClosingFee(D("0.001"), at_bankruptcy=True)))
    target = liquidation_target(held, "BTC", D(40_000))
    found = coins_to_add(held, "BTC", target)
    assert found is not None
    assert free_margin(added(held, "BTC", found), target) == 0


def with_positions(seed: int) -> Account:
    """The next random account that holds any."""
    return next(held for held in (some_case(number).account for number in itertools.count(seed)) if held.holdings)


@given(st.integers(0, 2**40), st.integers(0, 3), st.integers(5, 199))
def test_random_accounts_are_liquidated_just_where_the_coins_added_put_it(seed: int, place: int, percent: int) -> None:
    held = with_positions(seed)
    traded = [holding.position.instrument.currency for holding in held.holdings]
    coins = sorted({"BTC", "ETH", "SOL", "USDT"} & held.prices.keys())
    coin, percent = coins[place % len(coins)], percent + (percent >= 100)
    target = liquidation_target(held, traded[0], held.prices[traded[0]] * percent / 100)
    found = coins_to_add(held, coin, target, grid("ceiling 12"))
    if found is None:
        low, high = D(-10) ** 13, D(10) ** 12
        if free_margin(added(held, coin, low), target) < 0 <= free_margin(added(held, coin, high), target):
            for _ in range(75):
                middle = (low + high) / 2
                low, high = (middle, high) if free_margin(added(held, coin, middle), target) < 0 else (low, middle)
            assert not is_reached(added(held, coin, high), target), "dead now, or on the way there"
    else:
        assert is_reached(added(held, coin, found), target)
        exact = coins_to_add(held, coin, target)
        # None where it would be dead all the way from a border on, with a margin of exactly 0
        assert exact is None or (
            0 <= found - settled(exact) < D("1e-12") and free_margin(added(held, coin, exact), target) < D("1e-60")
        )


def test_what_dies_before_it_gets_there_is_not_reached() -> None:
    held = account({"BTC": "1"}, inverse("BTC short 200000 @ 100000"), weights={})
    # so many coins may be taken out that 50,000 is the end, but a short dies above it: it would be dead now
    assert coins_to_add(held, "BTC", liquidation_target(held, "BTC", D(50_000))) is None
    assert coins_to_add(held, "BTC", liquidation_target(held, "BTC", D(150_000))) is not None


# Contracts to close


def test_contracts_to_close_are_the_fewest_whole_lots() -> None:
    held = account({"BTC": "1"}, inverse("BTC long 100000 @ 50000"), prices={"BTC": D(50_000)}, weights={})
    target = liquidation_target(held, "BTC", D(30_000))
    found = contracts_to_close(held, 0, target, D("0.0005"))
    # (3 - q*1.0005/50,000)*30,000 - (100,000 - q) = 0.005*(100,000 - q)
    assert found == 25_946
    assert free_margin(closed(held, 0, found, D("0.0005")), target) >= 0
    assert free_margin(closed(held, 0, found - 1, D("0.0005")), target) < 0


def test_nothing_to_close_where_the_goal_is_met() -> None:
    assert contracts_to_close(GOLDEN["G2"], 0, liquidation_target(GOLDEN["G2"], "BTC", D(60_000))) == 0


def test_closing_all_may_not_be_enough() -> None:
    held = account({"BTC": "1", "USDT": "-60000"}, inverse("BTC long 100000 @ 100000"), weights={})
    assert contracts_to_close(held, 0, liquidation_target(held, "BTC", D(55_000))) is None


def test_closing_all_leaves_no_position() -> None:
    after = closed(GOLDEN["G7"], 1, D(20_000), D("0.001"))
    assert len(after.holdings) == 1
    assert after.balances["ETH"] == 10 - D("0.005")
    assert after.balances["BTC"] == 1


def test_contracts_that_leave_it_dead_on_the_way_are_no_answer() -> None:
    tiers = Schedule((Tier(D(2), D("0.01")), Tier(D(4), D("0.9")), Tier(None, D("0.01"))), marginal=False)
    held = account({"USDT": "80000"}, inverse("BTC long 100000 @ 100000", schedule=tiers), weights={})
    # with the third tier's rate it would live at 20,900 again, but between 50,000 and 25,000 the second kills it
    assert contracts_to_close(held, 0, liquidation_target(held, "BTC", D(20_900))) is None


def test_lots_larger_than_one_contract() -> None:
    held = account({"BTC": "1"}, inverse("BTC long 100000 @ 50000"), prices={"BTC": D(50_000)}, weights={})
    position = held.holdings[0].position
    lots = position._replace(instrument=position.instrument._replace(lot=D(300)))
    held = held._replace(holdings=(held.holdings[0]._replace(position=lots),))
    assert contracts_to_close(held, 0, liquidation_target(held, "BTC", D(30_000)), D("0.0005")) == 26_100


def test_tiers_are_left_behind_as_contracts_are_closed() -> None:
    tiers = Schedule(with_deductions((D(1), D(2), None), (D("0.005"), D("0.05"), D("0.2"))))
    held = account({"BTC": "1"}, inverse("BTC long 200000 @ 50000", schedule=tiers), prices={"BTC": D(50_000)})
    target = ratio_target(held, D("0.2"))
    found = contracts_to_close(held, 0, target)
    assert found is not None
    assert ratio(closed(held, 0, found)) <= D("0.2") < ratio(closed(held, 0, found - 1))


def test_a_trial_position_is_one_more_holding() -> None:
    held = account({"BTC": "1"}, weights={"BTC": flat_weight(D("0.98"))})
    trial = held._replace(holdings=(*held.holdings, inverse("BTC long 100000 @ 100000")))
    assert coin_life(sums_of(trial), "BTC") == coin_life(sums_of(GOLDEN["G2"]), "BTC")


@given(st.integers(0, 2**40), st.integers(20, 99), st.integers(0, 20))
def test_random_accounts_meet_a_ratio_with_the_contracts_closed_and_not_with_one_less(
    seed: int, percent: int, fee: int
) -> None:
    held = with_positions(seed)
    target: Target = ratio_target(held, D(percent) / 100)
    rate = D(fee) / 10_000
    found = contracts_to_close(held, 0, target, rate)
    if found is None:
        position = held.holdings[0].position
        assert free_margin(closed(held, 0, position.contracts, rate), target) < 0
    elif found:
        assert free_margin(closed(held, 0, found, rate), target) >= 0
        before = closed(held, 0, found - 1, rate) if found > 1 else held
        assert free_margin(before, target) < 0
