"""Power perpetuals: against the sums and limits they come from, a plain perpetual and an inverse contract."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.instrument import PLAIN
from perpcalc.core.pnl import gross_pnl
from perpcalc.core.position import LONG, SHORT, open_at
from perpcalc.core.power import (
    PowerContract,
    delta,
    fair_mark,
    funding_per_day,
    gamma,
    growth,
    hedge_notional,
    implied_vol,
    largest_growth,
    payoff,
    premium_of,
    short_liquidation_price,
    value,
)
from perpcalc.decimals import ONE, ZERO
from perpcalc.errors import PerpcalcError

from .strategies import decimals

DAY, YEAR = Decimal(1_440), Decimal(525_600)
SQUEETH_PERIOD = Decimal(420 * 60)
INDEX, VOL = Decimal(3_000), Decimal("0.8")
POWERS = [Decimal(text) for text in ("2", "3", "0.5", "-1", "-0.5", "1.5", "0.333333333333333333")]


def near(found: Decimal | None, expected: Decimal, tolerance: str = "1e-11") -> bool:
    return found is not None and abs(found - expected) <= abs(expected) * Decimal(tolerance)


def fair(power: Decimal, vol: Decimal = VOL, interest: Decimal = ZERO, periods: Decimal = ONE) -> Decimal:
    mark = fair_mark(payoff(power, INDEX), growth(power, vol, interest, DAY), periods)
    assert mark is not None
    return mark


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("periods", [1, 3, 24])
def test_the_fair_mark_is_a_basket_of_power_forwards(power: Decimal, periods: int) -> None:
    # Clark and Leone: the forward to payment i weighs (1/N)*(N/(N + 1))^i; for N = 1, 2^-i as in the everlasting option.
    interest, n = Decimal("0.05"), Decimal(periods)
    per_payment = (power - 1) * (interest + power * VOL * VOL / 2) * DAY / YEAR / n
    basket = sum(
        ((n / (n + 1)) ** i / n * payoff(power, INDEX) * (per_payment * i).exp() for i in range(1, 60 * periods)), ZERO
    )
    assert near(fair(power, interest=interest, periods=n), basket)


@pytest.mark.parametrize(
    ("power", "per_year"),
    [
        ("2", "0.69"),  # r + vol^2
        ("0.5", "-0.105"),  # -(r + vol^2/4)/2
        ("-1", "0.54"),  # vol^2 - 2r
    ],
)
def test_with_funding_at_every_moment_the_premium_is_the_growth(power: str, per_year: str) -> None:
    assert growth(Decimal(power), VOL, Decimal("0.05"), YEAR) == Decimal(per_year)
    often = fair(Decimal(power), interest=Decimal("0.05"), periods=Decimal(10**6))
    assert near(premium_of(often, payoff(Decimal(power), INDEX)) * 365, Decimal(per_year), "2e-3")


def test_with_one_payment_the_premium_is_about_twice_the_growth() -> None:
    # 1/(2e^-k - 1) - 1 = 2k + O(k^2), k = 0.64/365.
    assert near(premium_of(fair(Decimal(2)), INDEX**2), 2 * VOL * VOL / 365, "3e-3")


@given(decimals("0", "5", 2), decimals("-0.2", "0.2", 3), st.integers(1, 100).map(Decimal))
def test_to_the_power_of_1_it_is_a_plain_perpetual(vol: Decimal, interest: Decimal, periods: Decimal) -> None:
    assert fair(ONE, vol, interest, periods) == INDEX
    assert premium_of(INDEX, INDEX) == 0
    assert delta(ONE, INDEX, INDEX) == 1
    assert gamma(ONE, INDEX, INDEX) == 0
    assert funding_per_day(Decimal(3_003), INDEX, DAY / 3) == 9


def test_to_the_power_of_minus_1_it_is_minus_the_coin_value_of_an_inverse_position() -> None:
    # An inverse long of Q USD gains Q/E - Q*S^-1 coins: it is short Q units. Theory: delta Q/S^2, gamma -2Q/S^3.
    usd, minus = Decimal(10_000), Decimal(-1)
    position = open_at(PLAIN, LONG, usd, INDEX)
    unit = payoff(minus, INDEX)
    for price in (Decimal(2_500), Decimal(3_600)):
        change = -usd * (payoff(minus, price) - unit)
        assert round(change - gross_pnl(position, price), 90) == 0
    assert near(-usd * delta(minus, INDEX, unit), usd / INDEX**2)
    assert near(-usd * gamma(minus, INDEX, unit), -2 * usd / INDEX**3)


def test_a_squared_perpetual_has_the_delta_of_the_documents() -> None:
    # Predy: 2S for p = 2.
    assert (delta(Decimal(2), INDEX, INDEX**2), gamma(Decimal(2), INDEX, INDEX**2)) == (6_000, 2)


@pytest.mark.parametrize("power", POWERS)
def test_delta_and_gamma_are_the_slopes_of_the_mark_at_a_constant_premium(power: Decimal) -> None:
    ratio, step = fair(power) / payoff(power, INDEX), Decimal("0.001")
    up, here, down = (payoff(power, INDEX + move) * ratio for move in (step, ZERO, -step))
    assert near(delta(power, INDEX, here), (up - down) / (2 * step))
    assert near(gamma(power, INDEX, here), (up - 2 * here + down) / step**2)


@pytest.mark.parametrize("interest", ["0", "0.05", "-0.01"])
@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize(("vol", "periods"), [("0.2", 1), ("0.8", 8), ("2.5", 24)])
def test_the_volatility_comes_back_out_of_the_fair_mark(power: Decimal, vol: str, periods: int, interest: str) -> None:
    mark = fair(power, Decimal(vol), Decimal(interest), Decimal(periods))
    found = implied_vol(power, payoff(power, INDEX), mark, Decimal(interest), DAY, Decimal(periods))
    assert near(found, Decimal(vol))


def test_squeeths_own_quote_is_another_number() -> None:
    # sqrt(ln(mark/index)/(17.5/365)), frontend state/controller/atoms.ts: for many payments a period nearly ours.
    mark = INDEX**2 * Decimal("1.03")
    quoted = (Decimal("1.03").ln() / (Decimal("17.5") / 365)).sqrt()
    ours = implied_vol(Decimal(2), INDEX**2, mark, ZERO, SQUEETH_PERIOD, Decimal(10**6))
    assert ours is not None
    assert Decimal("0.005") < quoted - ours + Decimal("0.01") < Decimal("0.02")
    once = implied_vol(Decimal(2), INDEX**2, mark, ZERO, SQUEETH_PERIOD)
    assert once is not None
    assert once < ours * Decimal("0.72")


@pytest.mark.parametrize("power", [ZERO, ONE])
def test_no_volatility_is_implied_where_the_price_does_not_depend_on_it(power: Decimal) -> None:
    assert implied_vol(power, payoff(power, INDEX), payoff(power, INDEX) * 2, ZERO, DAY) is None


def test_no_volatility_makes_a_convex_payoff_cheaper_than_itself() -> None:
    assert implied_vol(Decimal(2), INDEX**2, INDEX**2 - 1, ZERO, DAY) is None
    assert implied_vol(Decimal(2), INDEX**2, INDEX**2, ZERO, DAY) == 0
    assert implied_vol(Decimal("0.5"), Decimal(50), Decimal(51), ZERO, DAY) is None


def test_a_cash_payoff_costs_its_discount() -> None:
    # p = 0 pays 1 USD: at 5% interest, funded once a year, 1/(2e^0.05 - 1).
    mark = fair_mark(ONE, growth(ZERO, VOL, Decimal("0.05"), YEAR))
    assert near(mark, 1 / (2 * Decimal("0.05").exp() - 1))
    assert fair(ZERO) == 1


def test_no_price_is_fair_where_the_payoff_outgrows_the_funding() -> None:
    limit = largest_growth(ONE)
    assert near(limit, Decimal(2).ln())
    assert fair_mark(ONE, limit) is None
    assert fair_mark(ONE, limit * 2) is None
    assert fair_mark(ONE, limit * Decimal("0.999")) is not None
    # More payments bear more growth, up to 1 a period.
    assert limit < largest_growth(Decimal(10)) < largest_growth(Decimal(1_000)) < 1


def test_without_volatility_and_interest_the_payoff_is_its_price() -> None:
    for power in POWERS:
        assert near(fair(power, vol=ZERO), payoff(power, INDEX))


@pytest.mark.parametrize(("power", "shown"), [("100", "10^348"), ("-100", "10^-348"), ("-6", "10^-21")])
def test_a_payoff_out_of_proportion_is_refused(power: str, shown: str) -> None:
    with pytest.raises(PerpcalcError, match=shown.replace("^", r"\^")):
        payoff(Decimal(power), INDEX)


def test_what_leaves_has_twelve_digits() -> None:
    found = value(PowerContract(Decimal(2), INDEX), VOL, None)
    assert all(figure is None or len(figure.as_tuple().digits) <= 12 for figure in found)
    assert found.implied_vol == VOL
    at_mark = value(PowerContract(Decimal(2), INDEX), None, found.fair_mark)
    assert at_mark.fair_mark is at_mark.growth is None
    assert near(at_mark.implied_vol, VOL, "1e-6")  # the last digits of the premium are those that were cut


def test_every_figure_is_that_of_its_own_formula_at_the_mark() -> None:
    contract = PowerContract(Decimal(2), INDEX, period=Decimal(480), periods=Decimal(8), interest=Decimal("0.05"))
    mark, squared = Decimal(9_100_000), Decimal(9_000_000)
    found = value(contract, VOL, mark)
    per_period = growth(Decimal(2), VOL, Decimal("0.05"), Decimal(480))
    assert near(found.growth, per_period)
    assert near(found.fair_mark, fair_mark(squared, per_period, Decimal(8)) or ZERO)
    # 100,000 above 9,000,000, three times a day; delta 2*mark/3,000, gamma 2*mark/9,000,000.
    assert near(found.premium, Decimal(1) / 90)
    assert found.funding_per_day == 300_000
    assert near(found.delta, Decimal(18_200_000) / 3_000)
    assert near(found.gamma, Decimal(18_200_000) / 9_000_000)
    assert near(
        found.implied_vol, implied_vol(Decimal(2), squared, mark, Decimal("0.05"), Decimal(480), Decimal(8)) or ZERO
    )


def test_without_mark_and_volatility_only_the_question_is_known() -> None:
    assert set(value(PowerContract(Decimal(2), INDEX), None, None)) == {None}


@pytest.mark.parametrize("power", [100, -15])
def test_a_payoff_may_have_a_hundred_digits_or_be_the_last_but_two_of_those_shown(power: int) -> None:
    assert payoff(Decimal(power), Decimal(10)) == Decimal(10) ** power


def test_a_payoff_that_shrinks_to_nothing_in_a_period_has_no_price_to_show() -> None:
    assert fair_mark(ONE, Decimal(-100)) is not None
    assert fair_mark(ONE, Decimal(-200), Decimal(2)) is not None
    with pytest.raises(PerpcalcError) as error:
        fair_mark(ONE, Decimal("-100.1"))
    assert str(error.value) == (
        "the payoff shrinks to nothing in a funding period: give a smaller volatility, interest or period"
    )


# A short backed by coins


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("ratio", ["1.5", "1.1"])
def test_where_a_short_is_liquidated_its_coins_are_worth_the_ratio_of_its_debt(power: Decimal, ratio: str) -> None:
    units, coins, multiple = Decimal("0.001"), Decimal(5), Decimal("1.003")
    price = short_liquidation_price(power, units, coins, multiple, Decimal(ratio))
    assert price is not None
    # P is rounded to 12 digits, and the debt moves with its p-th power.
    assert near(coins * price, Decimal(ratio) * units * multiple * price**power, "1e-10")


def test_a_short_of_the_square_dies_above_and_one_of_the_root_below() -> None:
    # 6 coins behind 0.001 units of index^2: 6*P = 1.5*0.001*P^2 at P = 4,000.
    assert short_liquidation_price(Decimal(2), Decimal("0.001"), Decimal(6), ONE) == 4_000
    assert short_liquidation_price(Decimal(2), Decimal("0.001"), Decimal(6), Decimal(2)) == 2_000
    # 0.05 coins behind 1 unit of its root: 0.05*P = 1.5*sqrt(P) at P = 900; above, the coins grow faster than the debt.
    assert short_liquidation_price(Decimal("0.5"), ONE, Decimal("0.05"), ONE) == 900


def test_a_short_of_the_index_itself_has_no_such_price() -> None:
    assert short_liquidation_price(ONE, ONE, Decimal(6), ONE) is None


def test_a_price_out_of_range_is_none() -> None:
    assert short_liquidation_price(Decimal("1.01"), ONE, Decimal(1_000), ONE) is None
    assert short_liquidation_price(Decimal("1.01"), Decimal(1_000), ONE, ONE) is None


def test_the_hedge_of_a_short_takes_away_its_delta_at_the_index() -> None:
    # The delta of a short of N units and C coins is C - N*delta USD for each USD of the index; that of an inverse long of Q USD,
    # with its coins, is Q/index.
    power, index, units, coins = Decimal(2), Decimal(3_000), Decimal("0.001"), Decimal(5)
    slope = delta(power, index, payoff(power, index))
    notional = hedge_notional(units, slope, coins, index)
    assert notional == 3_000
    up = index + Decimal("0.0001")
    short = coins * (up - index) - units * (payoff(power, up) - payoff(power, index))
    inverse = gross_pnl(open_at(PLAIN, LONG, notional, index), up) * up
    assert abs(short + inverse) < Decimal("1e-10")
    assert hedge_notional(units, slope, Decimal(7), index) == -3_000
    assert gross_pnl(open_at(PLAIN, SHORT, Decimal(3_000), index), up) < 0
