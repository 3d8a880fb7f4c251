"""What a venue reserves for an order."""

from decimal import Decimal

import pytest
from hypothesis import given

from perpcalc.core.instrument import PLAIN
from perpcalc.core.margin import isolated_margin
from perpcalc.core.order_cost import closing_fee_reserve, order_cost_rate
from perpcalc.core.position import LONG, SHORT
from perpcalc.core.rounding import Rounding, grid
from perpcalc.decimals import plain

from . import twin
from .strategies import Trade, decimals, leverages, sides, trades

BYBIT = PLAIN._replace(rounding=Rounding(margin=grid("ceiling 8"), closing_fee=grid("ceiling 8")))


@pytest.mark.parametrize(
    ("side", "leverage", "expected"),
    [
        # Bybit symbols of 2020 to 2022, taker fee 0.075%: bv2c and sv2c as the API prints them.
        (LONG, "1", "1.00225"),
        (SHORT, "1", "1.0007575"),
        (LONG, "16.67", "0.06153301"),
        (SHORT, "16.67", "0.06144302"),
    ],
)
def test_the_cost_of_an_order_is_margin_and_both_fees(side: Decimal, leverage: str, expected: str) -> None:
    rate = order_cost_rate(BYBIT, side, Decimal(leverage), Decimal("0.00075"), least_closing=Decimal("0.01"))
    assert rate == Decimal(expected)


@given(trades, leverages, decimals("0", "0.002", 5))
def test_the_closing_fee_is_reserved_on_the_value_at_bankruptcy(trade: Trade, leverage: Decimal, rate: Decimal) -> None:
    value, margin = trade.usd / trade.entry, isolated_margin(trade.position, leverage).coin
    reserve = closing_fee_reserve(PLAIN, trade.side, value, margin, rate)
    price = twin.bankruptcy_price(trade.side, trade.entry, leverage)
    assert plain(reserve) == (twin.printed(twin.fee(trade.usd, price, rate)) if price else "0")


@given(sides, leverages, decimals("0", "0.002", 5))
def test_the_cost_is_never_less_than_margin_and_opening_fee(side: Decimal, leverage: Decimal, rate: Decimal) -> None:
    assert order_cost_rate(PLAIN, side, leverage, rate) >= 1 / leverage + rate
