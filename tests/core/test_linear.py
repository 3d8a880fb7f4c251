from decimal import Decimal

import pytest

from perpcalc.core.linear import Leg, coins_greeks, leg_greeks, leg_maintenance, leg_mark, leg_pnl, leg_value, open_leg
from perpcalc.core.position import LONG, SHORT
from perpcalc.decimals import settled
from perpcalc.errors import PerpcalcError

D = Decimal
SHORT_LEG = open_leg("BTC", "USDT", SHORT, D("0.05"), D(52_000), D("0.005"))
LONG_LEG = open_leg("BTC", "USDT", LONG, D("0.04"), D(52_350), D("0.005"))


# Binance Portfolio Margin Pro FAQ 5e33af8e, example: marks 40,000 and 42,000
def test_profits_of_the_binance_example() -> None:
    assert leg_pnl(SHORT_LEG, D(40_000)) == 600
    assert leg_pnl(LONG_LEG, D(42_000)) == -414


def test_maintenance_of_the_binance_example_is_18_40_usdt() -> None:
    assert leg_maintenance(SHORT_LEG, D(40_000)) + leg_maintenance(LONG_LEG, D(42_000)) == D("18.4")


def test_a_deduction_is_taken_off_in_usd() -> None:
    assert leg_maintenance(SHORT_LEG._replace(deduction=D(4)), D(40_000)) == 6


def test_the_mark_is_in_the_settlement_coin_and_the_profit_in_usd() -> None:
    leg = Leg("BTC", "USDT", D(2), D(60_000), D(0), ratio=D("1.01"))
    assert leg_mark(leg, D(50_000), D("0.98")) == D("50500") / D("0.98")
    assert leg_pnl(leg, D(50_000), D("0.98")) == 2 * (D(50_500) - D(60_000) * D("0.98"))
    by_mark = 2 * (leg_mark(leg, D(50_000), D("0.98")) - 60_000) * D("0.98")
    assert settled(by_mark) == leg_pnl(leg, D(50_000), D("0.98"))


def test_the_value_has_no_sign() -> None:
    assert leg_value(SHORT_LEG, D(40_000)) == 2_000


def test_the_delta_of_a_leg_is_its_coins_at_every_price() -> None:
    assert leg_greeks(SHORT_LEG, D(40_000)) == ("usd", D(600), D("-0.05"), D(0))
    assert leg_greeks(SHORT_LEG, D(70_000)) == ("usd", D(-900), D("-0.05"), D(0))


def test_coins_owed_have_a_negative_delta() -> None:
    assert coins_greeks(D(-3), D(4_000)) == ("usd", D(-12_000), D(-3), D(0))


def test_a_leg_without_a_settlement_coin_is_refused() -> None:
    with pytest.raises(PerpcalcError) as error:
        open_leg("BTC", None, LONG, D(1), D(60_000), D("0.005"))
    assert str(error.value) == "a linear leg settles in a coin that is not said: give settle, as in USDT"
    assert error.value.line(flags=True).endswith("give --settle, as in USDT")


def test_a_leg_that_settles_in_its_own_coin_is_refused() -> None:
    with pytest.raises(PerpcalcError, match="a linear leg on BTC does not settle in BTC"):
        open_leg("BTC", "BTC", LONG, D(1), D(60_000), D("0.005"))
