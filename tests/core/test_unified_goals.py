"""Goals in an account of several coins: what the answer shows of afterwards is what asking again shows."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perpcalc.core.rounding import grid
from perpcalc.core.solve import Goal, Solved
from perpcalc.core.unified import Account, Sums, sums_of
from perpcalc.core.unified_goals import unified_close, unified_margin, unified_price
from perpcalc.core.unified_liquidation import coin_life, holding_liquidation
from perpcalc.core.unified_solve import closed
from perpcalc.core.unified_standing import standing
from perpcalc.errors import PerpcalcError

from .test_unified_brute_force import some_case
from .unified_accounts import GOLDEN, account, inverse

D = Decimal


def goal(name: str, value: str) -> Goal:
    return Goal(name, D(value))


def liquidated(of: Account, index: int = 0) -> Decimal | None:
    sums = sums_of(of)
    coin = of.holdings[index].position.instrument.currency
    return holding_liquidation(sums, index, coin_life(sums, coin)).liquidation.liquidation_price


def shows(found: Solved, of: Account, index: int = 0) -> bool:
    ratio = standing(sums_of(of)).margin_ratio
    return (found.liquidation_price_after, found.margin_ratio_after) == (liquidated(of, index), ratio)


class TestMargin:
    def test_brings_the_liquidation_to_the_price(self) -> None:
        of = GOLDEN["G1"]
        found = unified_margin(sums_of(of), 0, goal("liquidation", "30000"))
        assert found.value is not None
        after = of._replace(balances={**of.balances, "BTC": of.balances["BTC"] + found.value})
        assert shows(found, after)
        assert found.liquidation_price_after is not None
        assert round(found.liquidation_price_after, 50) == 30_000
        assert (found.unit, found.margin_after, found.contracts_after) == ("BTC", None, 100_000)

    @settings(max_examples=40)
    @given(st.integers(0, 10**6), st.sampled_from(["0.02", "0.2", "0.7"]))
    def test_brings_any_account_to_a_ratio(self, seed: int, ratio: str) -> None:
        of = next(
            of
            for of in (some_case(number).account for number in itertools.count(seed))
            if of.holdings and not standing(sums_of(of)).liquidated
        )
        found = unified_margin(sums_of(of), 0, goal("margin_ratio", ratio))
        if found.value is None:
            assert found.reason
            return
        coin = found.unit
        after = of._replace(balances={**of.balances, coin: of.balances.get(coin, D(0)) + found.value})
        assert shows(found, after)
        assert found.margin_ratio_after is not None
        assert round(found.margin_ratio_after, 50) <= D(ratio)

    def test_is_rounded_up_to_the_decimals_of_the_venue(self) -> None:
        held = inverse("BTC long 100000 @ 100000")
        instrument = held.position.instrument
        rounding = instrument.rounding._replace(margin=grid("ceiling 3"))
        position = held.position._replace(instrument=instrument._replace(rounding=rounding))
        of = account({"BTC": "1"}, held._replace(position=position), weights={})
        found = unified_margin(sums_of(of), 0, goal("liquidation", "30000"))
        exact = unified_margin(sums_of(of._replace(holdings=(held,))), 0, goal("liquidation", "30000"))
        assert found.value is not None
        assert exact.value is not None
        assert found.value == exact.value.quantize(D("0.001"), "ROUND_CEILING")

    def test_that_no_coins_bring_has_a_reason(self) -> None:
        found = unified_margin(sums_of(GOLDEN["G1"]), 0, goal("liquidation", "200000"))
        assert (found.value, found.reason) == (
            None,
            "no amount of BTC does it, the other coins and their prices as they are",
        )


class TestClose:
    def test_the_fewest_contracts_bring_the_ratio(self) -> None:
        of = GOLDEN["G8"]
        found = unified_close(sums_of(of), 0, goal("margin_ratio", "0.002"), D("0.0005"))
        assert found.value is not None
        assert 0 < found.value < of.holdings[0].position.contracts
        assert shows(found, closed(of, 0, found.value, D("0.0005")))
        one_less = closed(of, 0, found.value - 1, D("0.0005"))
        assert standing(sums_of(one_less)).margin_ratio > D("0.002")
        assert found.contracts_after == of.holdings[0].position.contracts - found.value

    def test_nothing_where_it_is_so_already(self) -> None:
        found = unified_close(sums_of(GOLDEN["G1"]), 0, goal("margin_ratio", "0.9"), D(0))
        assert (found.value, found.reason) == (0, "already so")

    def test_all_of_it(self) -> None:
        of = account({"BTC": "1"}, inverse("BTC long 100 @ 100000"), weights={})
        found = unified_close(sums_of(of), 0, goal("margin_ratio", "0.000000000001"), D(0))
        assert (found.value, found.contracts_after) == (100, 0)
        assert found.reason == "nothing less than all of it does it"

    def test_without_a_fee_or_a_way_has_a_reason(self) -> None:
        assert (
            unified_close(sums_of(GOLDEN["G1"]), 0, goal("margin_ratio", "0.5"), None).reason
            == "the closing fee is not known"
        )
        debt = account({"BTC": "1", "USDT": "-99000"}, inverse("BTC long 100 @ 100000"), weights={}, prices={"BTC": D(100_000), "USDT": D(1)})  # fmt: skip
        found = unified_close(sums_of(debt._replace(balances={"BTC": D("0.98"), "USDT": D(-99_000)})), 0, goal("margin_ratio", "0.5"), D(0))  # fmt: skip
        assert (found.value, found.reason) == (None, "closing does not do it")


class TestPrice:
    @pytest.mark.parametrize("name", ["G1", "G3", "G7", "G8"])
    def test_has_the_ratio_or_is_not_reached(self, name: str) -> None:
        of = GOLDEN[name]
        for found in unified_price(sums_of(of), 0, goal("margin_ratio", "0.5")):
            if found.value is None:
                assert found.reason in ("not reached at any price below", "not reached at any price above")
                continue
            assert shows(found, of._replace(prices={**of.prices, "BTC": found.value}))
            assert found.margin_ratio_after is not None
            assert round(found.margin_ratio_after, 50) == D("0.5")

    @pytest.mark.parametrize(("usd", "side"), [("110000", 0), ("130000", 1)])
    def test_of_an_equity_is_one(self, usd: str, side: int) -> None:
        of = GOLDEN["G1"]
        found = unified_price(sums_of(of), 0, goal("equity_usd", usd))
        price = found[side].value
        assert price is not None
        assert found[1 - side].value is None
        assert round(standing(sums_of(of._replace(prices={**of.prices, "BTC": price}))).equity, 50) == D(usd)

    def test_is_rounded_to_the_tick_where_the_ratio_is_not_above(self) -> None:
        held = inverse("BTC long 100000 @ 100000")
        instrument = held.position.instrument
        rounded = instrument._replace(tick=D(100), rounding=instrument.rounding._replace(margin=grid("ceiling 8")))
        of = account({"BTC": "1"}, held._replace(position=held.position._replace(instrument=rounded)), weights={})
        below, _ = unified_price(sums_of(of), 0, goal("margin_ratio", "0.5"))
        assert below.value is not None
        assert below.value % 100 == 0
        assert below.margin_ratio_after is not None
        assert below.margin_ratio_after <= D("0.5")

    def test_of_the_dead_there_is_none(self) -> None:
        of = GOLDEN["G1"]._replace(prices={"BTC": D(30_000)})
        assert {found.reason for found in unified_price(sums_of(of), 0, goal("margin_ratio", "0.5"))} == {
            "already liquidated"
        }


def asked_of_margin(sums: Sums, what: Goal) -> object:
    return unified_margin(sums, 0, what)


def asked_of_price(sums: Sums, what: Goal) -> object:
    return unified_price(sums, 0, what)


@pytest.mark.parametrize(
    ("ask", "what", "message"),
    [
        (
            asked_of_margin,
            goal("liquidation", "100000"),
            "liquidation: 100000 is the price now: give one below or above it",
        ),
        (
            asked_of_margin,
            goal("margin_ratio", "1"),
            "margin_ratio: 100% is out of range: give more than 0% and less than 100%",
        ),
        (
            asked_of_price,
            goal("margin_ratio", "1.2"),
            "margin_ratio: 120% is out of range: give more than 0% and at most 100%",
        ),
        (
            asked_of_price,
            goal("equity", "1"),
            "equity: an account of several coins has no equity in one: give equity_usd",
        ),
    ],
)
def test_a_goal_without_sense_is_one_clear_line(ask: object, what: Goal, message: str) -> None:
    assert callable(ask)
    with pytest.raises(PerpcalcError) as error:
        ask(sums_of(GOLDEN["G1"]), what)
    assert str(error.value) == message
