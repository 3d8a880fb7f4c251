"""Profit and loss: gross and net, return on equity, break-even and target prices."""

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.instrument import PLAIN
from perpcalc.core.pnl import (
    entry_fees,
    gross_pnl,
    price_for_roe,
    profit_and_loss,
    return_on_equity,
    safe_tick,
    target_price,
)
from perpcalc.core.position import LONG, SHORT, Fill, open_at, open_by_fills
from perpcalc.core.rounding import Rounding, grid
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.venues import find

from . import twin
from .strategies import Trade, contracts, decimals, fee_rates, leverages, moves, prices, sides, sizes, trades

DERIBIT = PLAIN._replace(contract_size=Decimal(10), rounding=Rounding(value=grid("half-up 9")))
OKX = PLAIN._replace(contract_size=Decimal(10), rounding=Rounding(pnl=grid("half-up 16")))


# Gross and net


@given(trades, moves)
def test_gross_profit_is_that_of_the_formula(trade: Trade, move: Decimal) -> None:
    price = trade.entry * move
    assert plain(gross_pnl(trade.position, price)) == twin.printed(twin.pnl(trade.side, trade.usd, trade.entry, price))


@given(trades, moves, fee_rates, fee_rates, decimals("-1", "1", 8))
def test_net_profit_is_gross_less_fees_and_funding(
    trade: Trade, move: Decimal, opening: Decimal, closing: Decimal, funding: Decimal
) -> None:
    price = trade.entry * move
    result = profit_and_loss(trade.position, price, opening, closing, funding)
    expected = twin.net_pnl(trade.side, trade.usd, trade.entry, price, opening, closing, funding)
    assert plain(result.net_pnl) == twin.printed(expected)
    assert plain(result.net_pnl_usd) == twin.printed(expected * Fraction(price))
    assert plain(result.entry_fee) == twin.printed(twin.fee(trade.usd, trade.entry, opening))
    assert plain(result.exit_fee) == twin.printed(twin.fee(trade.usd, price, closing))
    assert plain(result.exit_value) == twin.printed(twin.fee(trade.usd, price, 1))
    assert result.exit_price == price
    assert result.funding == funding


@given(trades, moves)
def test_what_a_long_makes_a_short_loses(trade: Trade, move: Decimal) -> None:
    price = trade.entry * move
    assert gross_pnl(trade.position, price) == -gross_pnl(trade._replace(side=-trade.side).position, price)


@given(trades, moves, moves)
def test_profit_adds_up_along_a_path(trade: Trade, first: Decimal, second: Decimal) -> None:
    middle, last = trade.entry * first, trade.entry * first * second
    in_two_steps = gross_pnl(trade.position, middle) + gross_pnl(trade._replace(entry=middle).position, last)
    assert plain(in_two_steps) == plain(gross_pnl(trade.position, last))


@given(trades, moves, moves)
def test_a_long_profits_from_a_higher_price(trade: Trade, one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    gain = gross_pnl(trade.position, trade.entry * high) - gross_pnl(trade.position, trade.entry * low)
    assert gain * trade.side > 0 if low < high else gain == 0


@given(trades, moves, st.integers(1, 1_000))
def test_profit_scales_with_quantity(trade: Trade, move: Decimal, times: int) -> None:
    price = trade.entry * move
    many = trade._replace(contracts=trade.contracts * times)
    assert plain(gross_pnl(many.position, price)) == plain(gross_pnl(trade.position, price) * times)


@given(trades, decimals("1", "999999999999999", 0))
def test_a_long_gains_less_and_a_short_loses_less_than_the_entry_value(trade: Trade, price: Decimal) -> None:
    assert gross_pnl(trade.position, price) * trade.side < trade.usd / trade.entry


@given(sides, sizes, st.lists(st.builds(Fill, contracts, prices), min_size=1, max_size=5), prices)
def test_the_profit_of_fills_is_the_sum_of_theirs(
    side: Decimal, size: Decimal, filled: list[Fill], price: Decimal
) -> None:
    position = open_by_fills(PLAIN._replace(contract_size=size), side, filled)
    expected = sum(twin.pnl(side, fill.contracts * size, fill.price, price) for fill in filled)
    assert plain(gross_pnl(position, price)) == twin.printed(expected)
    fees = sum(twin.fee(fill.contracts * size, fill.price, Decimal("0.0005")) for fill in filled)
    assert plain(entry_fees(position, Decimal("0.0005"))) == twin.printed(fees)


def test_without_fees_and_funding_net_is_gross() -> None:
    # BitMEX perpetual guide: long 15,000 from 750, closed at 800, gains 1.25 XBT; 1.2 after funding of 0.05.
    position = open_at(PLAIN, LONG, Decimal(15_000), Decimal(750))
    assert profit_and_loss(position, Decimal(800)).net_pnl == Decimal("1.25")
    assert profit_and_loss(position, Decimal(800), funding=Decimal("0.05")).net_pnl == Decimal("1.2")


def test_a_rebate_is_a_negative_fee() -> None:
    # Bybit help (2020): 10,000 at 8,000, maker rate -0.025%: -0.0003125 BTC.
    position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(8_000))
    result = profit_and_loss(position, Decimal(8_000), Decimal("-0.00025"), Decimal("0.00075"))
    assert result.entry_fee == Decimal("-0.0003125")
    assert result.exit_fee == Decimal("0.0009375")
    assert result.net_pnl == Decimal("-0.000625")


def test_profit_may_be_the_difference_of_two_printed_values() -> None:
    # Deribit OpenAPI 2.1.1, position example: 50 USD from 7440.18, mark 7476.65, profit 0.000032781, not ...780.
    position = open_at(DERIBIT, LONG, Decimal(5), Decimal("7440.18"))
    assert gross_pnl(position, Decimal("7476.65")) == Decimal("0.000032781")


def test_profit_may_be_rounded_by_itself() -> None:
    # OKX position record: 1 contract of 10 USD from 2566.31, mark 2565.656, upl -0.0000009932766034.
    position = open_at(OKX, LONG, ONE, Decimal("2566.31"))
    assert gross_pnl(position, Decimal("2565.656")) == Decimal("-0.0000009932766034")


# Return on equity


@given(trades, moves, leverages)
def test_return_on_equity_is_leverage_times_the_share_of_the_entry_value(
    trade: Trade, move: Decimal, leverage: Decimal
) -> None:
    price = trade.entry * move
    roe = return_on_equity(trade.position, gross_pnl(trade.position, price), leverage, None)
    assert roe is not None
    expected = Fraction(trade.side) * Fraction(leverage) * (1 - Fraction(trade.entry) / Fraction(price))
    assert plain(roe) == twin.printed(expected)


def test_return_on_equity_takes_the_leverage_before_the_margin_and_needs_one_of_them() -> None:
    position = open_at(PLAIN, LONG, Decimal(100), Decimal(50))
    assert return_on_equity(position, ONE, Decimal(10), Decimal(3)) == 5
    assert return_on_equity(position, ONE, None, Decimal(4)) == Decimal("0.25")
    assert return_on_equity(position, ONE, None, None) is None
    assert return_on_equity(position, ONE, None, ZERO) is None


# Target prices


@given(trades, fee_rates, fee_rates, decimals("-1", "1", 8), decimals("-3", "3", 4))
def test_the_target_price_is_that_of_the_formula(
    trade: Trade, opening: Decimal, closing: Decimal, funding: Decimal, share: Decimal
) -> None:
    profit = trade.usd / trade.entry * share
    found = target_price(trade.position, profit, opening, closing, funding)
    expected = twin.price_for_profit(
        trade.side,
        trade.usd,
        trade.entry,
        Fraction(trade.usd) / Fraction(trade.entry) * Fraction(share),
        opening,
        closing,
        funding,
    )
    assert (found and plain(found)) == twin.printed(expected)


@given(trades, fee_rates, fee_rates, decimals("-0.5", "0.5", 4))
def test_closing_at_the_target_price_brings_the_profit(
    trade: Trade, opening: Decimal, closing: Decimal, share: Decimal
) -> None:
    profit = trade.usd / trade.entry * share
    price = target_price(trade.position, profit, opening, closing)
    assert price is not None
    assert plain(profit_and_loss(trade.position, price, opening, closing).net_pnl) == plain(profit)


@given(trades)
def test_without_costs_the_entry_is_the_break_even(trade: Trade) -> None:
    price = target_price(trade.position, ZERO)
    assert price is not None
    assert plain(price) == plain(trade.entry)


@given(trades, decimals("0.00001", "0.01", 5), decimals("0.00001", "0.01", 5))
def test_fees_put_the_break_even_on_the_side_of_profit(trade: Trade, opening: Decimal, closing: Decimal) -> None:
    price = target_price(trade.position, ZERO, opening, closing)
    assert price is not None
    assert (price - trade.entry) * trade.side > 0


def test_a_target_price_follows_from_the_exact_cost_not_from_the_value_that_a_venue_keeps() -> None:
    # 1 USD at 6,800 is kept as 0.00014705 on Bybit, which would be an entry at 6,800.408...
    cut = PLAIN._replace(
        rounding=Rounding(value=grid("floor 8"), stored_value=grid("floor 8"), average=grid("half-up 8"))
    )
    position = open_by_fills(cut, LONG, [Fill(ONE, Decimal(6_800))])
    break_even, for_half = target_price(position, ZERO), price_for_roe(position, Decimal("0.5"), ONE, None)
    assert break_even is not None
    assert for_half is not None
    assert (plain(break_even), plain(for_half)) == ("6800", "13600")


@pytest.mark.parametrize("profit", ["1.25", "1.26", "100"])
def test_no_price_makes_a_long_gain_its_whole_entry_value(profit: str) -> None:
    assert target_price(open_at(PLAIN, LONG, Decimal(10_000), Decimal(8_000)), Decimal(profit)) is None


@pytest.mark.parametrize("loss", ["-1.25", "-1.26", "-100"])
def test_no_price_makes_a_short_lose_its_whole_entry_value(loss: str) -> None:
    assert target_price(open_at(PLAIN, SHORT, Decimal(10_000), Decimal(8_000)), Decimal(loss)) is None


def test_funding_beyond_the_entry_value_leaves_a_long_without_a_break_even() -> None:
    position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(8_000))
    assert target_price(position, ZERO, funding=Decimal("1.25")) is None


def test_a_closing_fee_that_takes_all_leaves_a_short_without_a_target() -> None:
    # net = -V*(1 + f_o) + Q/P*(1 - f_c) does not depend on the price once f_c = 100%.
    position = open_at(PLAIN, SHORT, Decimal(10_000), Decimal(8_000))
    assert target_price(position, ONE, exit_fee_rate=ONE) is None


@given(trades, leverages, decimals("-3", "3", 4))
def test_the_price_for_a_return_is_that_of_the_formula(trade: Trade, leverage: Decimal, roe: Decimal) -> None:
    found = price_for_roe(trade.position, roe, leverage, None)
    assert (found and plain(found)) == twin.printed(twin.price_for_roe(trade.side, trade.entry, leverage, roe))


@given(trades, leverages, decimals("-0.9", "0.9", 4))
def test_at_the_price_for_a_return_the_return_is_made(trade: Trade, leverage: Decimal, roe: Decimal) -> None:
    price = price_for_roe(trade.position, roe, leverage, None)
    assert price is not None
    made = return_on_equity(trade.position, gross_pnl(trade.position, price), leverage, None)
    assert made is not None
    assert plain(made) == plain(roe)


def test_the_price_for_a_return_on_a_margin_in_coin() -> None:
    # 1.25 BTC long on 0.5 BTC: 100% is a gain of 0.5, 10,000/(1.25 - 0.5).
    position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(8_000))
    price = price_for_roe(position, ONE, None, Decimal("0.5"))
    assert price is not None
    assert plain(price) == twin.printed(Fraction(40_000, 3))


@pytest.mark.parametrize(("roe", "reachable"), [("1.99", True), ("2", False), ("2.01", False)])
def test_a_long_never_returns_its_leverage(roe: str, reachable: bool) -> None:
    position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(8_000))
    assert (price_for_roe(position, Decimal(roe), Decimal(2), None) is not None) is reachable


def test_a_return_on_a_margin_in_coin_is_rounded_as_the_venue_does() -> None:
    rounded = PLAIN._replace(rounding=Rounding(roe=grid("half-up 4")))
    position = open_at(rounded, LONG, Decimal(8_000), Decimal(8_000))
    assert return_on_equity(position, ONE, None, Decimal(3)) == Decimal("0.3333")
    assert return_on_equity(position, ONE, Decimal(3), None) == 3


def test_a_venue_may_divide_the_amounts_before_it_rounds_them() -> None:
    # OKX, record of 2021-04-27: uplRatio -0.0025490556801078 is the binary number next to this; from the printed
    # -0.0000009932766034 and 0.0003896645377994 it would be -0.00254905568006... with another end.
    okx = find("okx@2021-04-27", "ETH-USD-SWAP").instrument
    position = open_at(okx, LONG, ONE, Decimal("2566.31"))
    result = profit_and_loss(position, Decimal("2565.656"), leverage=Decimal(10))
    assert result.roe is not None
    assert plain(result.roe) == twin.printed(10 * (1 - Fraction("2566.31") / Fraction("2565.656")))
    assert plain(result.roe) == "-0.002549055680106764"
    assert (result.gross_pnl, result.net_roe) == (Decimal("-0.0000009932766034"), result.roe)
    printed = open_at(okx._replace(rounding=okx.rounding._replace(roe_of="printed")), LONG, ONE, Decimal("2566.31"))
    assert profit_and_loss(printed, Decimal("2565.656"), leverage=Decimal(10)).roe != result.roe


def test_a_net_return_of_exact_amounts_takes_exact_fees() -> None:
    fees = OKX._replace(rounding=OKX.rounding._replace(roe_of="exact", roe=grid("half-up 6"), fee=grid("up 3")))
    position = open_by_fills(fees, LONG, [Fill(ONE, Decimal(3)), Fill(ONE, Decimal(7))])
    result = profit_and_loss(position, Decimal(4), Decimal("0.0005"), Decimal("0.0003"), Decimal("0.1"), margin=ONE)
    paid = (Fraction(10, 3) + Fraction(10, 7)) * Fraction("0.0005") + 5 * Fraction("0.0003") + Fraction("0.1")
    gross = Fraction(10, 3) + Fraction(10, 7) - 5
    returns = [plain(roe) for roe in (result.roe, result.net_roe) if roe is not None]
    assert returns == [twin.printed(round(gross, 6)), twin.printed(round(gross - paid, 6))]
    assert result.entry_fee == Decimal("0.003")  # two fills, each up to a thousandth


def test_returns_are_those_of_the_leverage_or_the_margin_if_any() -> None:
    position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(8_000))
    by_leverage = profit_and_loss(position, Decimal(10_000), funding=Decimal("0.05"), leverage=Decimal(5))
    assert (by_leverage.roe, by_leverage.net_roe) == (1, Decimal("0.8"))
    by_margin = profit_and_loss(position, Decimal(10_000), margin=Decimal("0.5"))
    assert (by_margin.roe, by_margin.net_roe) == (Decimal("0.5"), Decimal("0.5"))
    nothing = profit_and_loss(position, Decimal(10_000))
    assert (nothing.roe, nothing.net_roe) == (None, None)


# Break-even on the tick


@given(trades, fee_rates, fee_rates, st.sampled_from(("0.5", "0.01", "25")))
def test_without_rounding_the_safe_tick_is_the_next_one_on_the_side_of_profit(
    trade: Trade, opening: Decimal, closing: Decimal, tick: str
) -> None:
    exact = target_price(trade.position, ZERO, opening, closing)
    assert exact is not None
    ticks = Fraction(exact) / Fraction(tick)
    found = safe_tick(trade.position, exact, opening, closing, step=Decimal(tick))
    if trade.side == LONG:
        assert found is not None
        assert Fraction(found) == ceil(round(ticks, 60)) * Fraction(tick)
    else:
        assert (found and Fraction(found)) == (floor(round(ticks, 60)) * Fraction(tick) or None)


def test_where_rounding_eats_more_than_the_tick_gives_a_further_tick_is_shown() -> None:
    # Bybit, 1 contract short from 62,500: 1,600 satoshi and two fees of one satoshi each, so that 1,602 must be had back. At the
    # break-even of 62,431.29 and at 62,422 they are 1,601 yet, cut; 10^8/1602 is 62,421.97.
    bybit = find("bybit@2026-01-01").instrument
    position = open_at(bybit, SHORT, ONE, Decimal(62_500))
    rates = Decimal("0.00055"), Decimal("0.00055")
    exact = target_price(position, ZERO, *rates)
    assert exact is not None
    assert round(exact, 2) == Decimal("62431.29")
    assert safe_tick(position, exact, *rates) == Decimal("62421.5")
    prices = ("62421.5", "62422", "62431")
    assert [plain(profit_and_loss(position, Decimal(price), *rates).net_pnl) for price in prices] == [
        "0",
        "-0.00000001",
        "-0.00000001",
    ]


def test_a_price_without_a_tick_is_the_break_even_itself() -> None:
    position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(8_000))
    assert safe_tick(position, Decimal("8004.4")) == Decimal("8004.4")


def test_no_tick_is_safe_where_rounding_may_take_all_there_is() -> None:
    # One contract at 50,000,000 is worth 2 satoshi, less than the fees and cuts may take.
    bybit = find("bybit@2026-01-01").instrument
    position = open_at(bybit, LONG, ONE, Decimal(50_000_000))
    assert safe_tick(position, Decimal(50_055_000), Decimal("0.00055"), Decimal("0.00055")) is None


def test_a_short_does_not_break_even_below_one_tick() -> None:
    position = open_at(PLAIN._replace(tick=Decimal(10)), SHORT, Decimal(100), Decimal(9))
    assert safe_tick(position, Decimal(9)) is None


def test_profit_of_two_cut_values_is_not_the_rounded_difference() -> None:
    # Bybit, as recorded on 2023-05-22: floor(1000/47003) = 0.02127523 less 0.02. One tick up at BitMEX in 2020 a contract is still
    # worth 10,000 satoshi: no profit.
    bybit = find("bybit@2023-05-22").instrument
    assert gross_pnl(open_at(bybit, SHORT, Decimal(1_000), Decimal(50_000)), Decimal(47_003)) == Decimal("0.00127523")
    xrp = open_at(find("bybit", "XRPUSD").instrument, LONG, Decimal(400_000), Decimal("0.5"))
    assert (xrp.entry_value, gross_pnl(xrp, Decimal("0.5"))) == (800_000, 0)
    bitmex = open_at(find("bitmex@2020-02-18").instrument, LONG, Decimal(100_000), Decimal(10_000))
    assert (bitmex.entry_value, gross_pnl(bitmex, Decimal("10000.5"))) == (10, 0)
