"""Greeks against numerical derivatives of the values that they are derivatives of, and against published figures."""

from collections.abc import Callable
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.greeks import balance_greeks, coin_greeks, contract_greeks, greeks, usd_greeks
from perpcalc.core.instrument import PLAIN
from perpcalc.core.position import LONG, SHORT, Position, open_at

STEP = Decimal("1E-20")
prices = st.decimals("0.5", "150000", places=2)
positions = st.builds(
    lambda side, usd, entry: open_at(PLAIN, side, Decimal(usd), entry),
    st.sampled_from((LONG, SHORT)),
    st.integers(1, 10**7),
    prices,
)
collaterals = st.decimals("0", "500", places=4)


def first(f: Callable[[Decimal], Decimal], at: Decimal) -> Decimal:
    """The derivative by central difference."""
    return (f(at + STEP) - f(at - STEP)) / (2 * STEP)


def second(f: Callable[[Decimal], Decimal], at: Decimal) -> Decimal:
    """The second derivative by central difference."""
    return (f(at + STEP) - 2 * f(at) + f(at - STEP)) / STEP**2


def agree(one: Decimal, other: Decimal, scale: Decimal) -> bool:
    return abs(one - other) <= abs(scale) * Decimal("1E-12")


@given(positions, prices)
def test_coin_delta_and_gamma_are_the_derivatives_of_the_profit_in_coin(position: Position, mark: Decimal) -> None:
    def profit(price: Decimal) -> Decimal:
        return position.side * (position.cost - position.notional / price)

    found = coin_greeks(position, mark)
    assert found.value == profit(mark)
    assert agree(found.delta, first(profit, mark), found.delta)
    assert agree(found.gamma, second(profit, mark), found.gamma)


@given(positions, prices, collaterals)
def test_usd_delta_is_the_derivative_of_the_equity_in_usd_which_has_no_gamma(
    position: Position, mark: Decimal, collateral: Decimal
) -> None:
    def worth(price: Decimal) -> Decimal:
        return price * (collateral + position.side * (position.cost - position.notional / price))

    found = usd_greeks(position, mark, collateral)
    assert found.value == worth(mark)
    assert agree(found.delta, first(worth, mark), position.cost)
    assert found.gamma == 0


@given(positions, prices)
def test_contract_gamma_is_the_derivative_of_contract_delta(position: Position, mark: Decimal) -> None:
    found = contract_greeks(position, mark)
    assert found.value is None
    assert agree(found.gamma, first(lambda price: contract_greeks(position, price).delta, mark), found.gamma)


@given(positions, prices, collaterals)
def test_the_contract_delta_and_the_profit_in_coin_make_up_the_usd_delta(
    position: Position, mark: Decimal, collateral: Decimal
) -> None:
    coin, usd, contract = greeks(position, mark, collateral)
    assert coin.value is not None
    assert agree(contract.delta + coin.value + collateral, usd.delta, position.cost + position.notional / mark)


def test_a_short_of_50_000_contracts_has_the_published_deltas() -> None:
    # Ethena docs / seablocks, inverse against linear: 50,000 USD short from 110,000 is 0.4545 coins; at 90,000 it is 0.5556.
    position = open_at(PLAIN, SHORT, Decimal(50_000), Decimal(110_000))
    assert round(contract_greeks(position, Decimal(110_000)).delta, 4) == Decimal("-0.4545")
    assert round(contract_greeks(position, Decimal(90_000)).delta, 4) == Decimal("-0.5556")


def test_a_long_is_short_convexity_in_coin_and_a_short_long() -> None:
    for side in (LONG, SHORT):
        found = coin_greeks(open_at(PLAIN, side, Decimal(100), Decimal(10)), Decimal(10))
        assert (found.delta > 0) == (side == LONG)
        assert (found.gamma < 0) == (side == LONG)


def test_a_short_with_its_own_coins_has_no_delta_in_usd_at_any_price() -> None:
    position = open_at(PLAIN, SHORT, Decimal(10_000), Decimal(8_000))
    assert {usd_greeks(position, Decimal(price), position.cost).delta for price in (1, 8_000, 10**6)} == {0}


def test_every_frame_is_named_in_one_order() -> None:
    assert [found.frame for found in greeks(open_at(PLAIN, LONG, Decimal(1), Decimal(1)), Decimal(1))] == [
        "coin",
        "usd",
        "contract",
    ]


def test_a_balance_and_the_profits_of_its_positions_add_up_to_the_account() -> None:
    # 2 coins and a long and a short of 10,000 USD from 8,000 and 10,000: the coins count once.
    long, short = (
        open_at(PLAIN, LONG, Decimal(10_000), Decimal(8_000)),
        open_at(PLAIN, SHORT, Decimal(10_000), Decimal(10_000)),
    )
    price = Decimal(12_500)
    rows = [usd_greeks(long, price), usd_greeks(short, price), balance_greeks(Decimal(2), price)]
    # 2 coins, 1.25 - 0.8 of profit and 0.8 - 1 of loss, at 12,500.
    assert sum(row.value for row in rows if row.value is not None) == Decimal("2.25") * price
    assert sum(row.delta for row in rows) == Decimal("2.25")
    assert [(row.frame, row.gamma) for row in rows] == [("usd", 0)] * 3


@given(positions, prices)
def test_without_collateral_the_usd_frame_is_the_profit_alone(position: Position, mark: Decimal) -> None:
    found = usd_greeks(position, mark)
    assert found.value == mark * (coin_greeks(position, mark).value or 0)
    assert found.delta == position.side * position.cost
