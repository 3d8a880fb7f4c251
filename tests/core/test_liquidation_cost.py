"""What a liquidation takes: fee, slippage, and the margin that is kept or returned."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.instrument import PLAIN
from perpcalc.core.liquidation import position_liquidation
from perpcalc.core.liquidation_cost import equity_after_stop, equity_at, liquidation_cost, margin_lost, share_of
from perpcalc.core.margin import isolated_margin
from perpcalc.core.position import LONG, SHORT, Position, open_at
from perpcalc.core.rounding import Rounding, grid
from perpcalc.core.rules import Terms, flat_rate
from perpcalc.core.wallet import Holding, wallet_of
from perpcalc.decimals import ONE, ZERO, plain

from .strategies import decimals, sides

MMR = Decimal("0.005")
KEPT = Terms()
RETURNED = Terms(Decimal("0.003"), kept=False)


def left_at_liquidation(position: Position, leverage: str, mmr: Decimal = MMR) -> tuple[Decimal, Decimal]:
    """The liquidation price and the equity that is left there."""
    holding, margin = Holding(position, flat_rate(mmr)), isolated_margin(position, Decimal(leverage))
    price = position_liquidation(holding, margin).liquidation_price
    assert price is not None
    return price, equity_at(wallet_of(margin.usable, [holding]), holding, margin.coin, price)


@pytest.mark.parametrize(("side", "leverage"), [(LONG, "10"), (LONG, "50"), (SHORT, "10"), (SHORT, "2.5")])
def test_who_keeps_the_rest_takes_the_maintenance_margin_the_same_in_usd_at_every_leverage(
    side: Decimal, leverage: str
) -> None:
    # mmr*Q/P coins at P: 0.5% of 100,000 USD.
    position = open_at(PLAIN, side, Decimal(100_000), Decimal(62_500))
    price, left = left_at_liquidation(position, leverage)
    cost = liquidation_cost(position, price, left, KEPT)
    assert round(cost.total_cost_usd, 15) == 500
    assert cost.margin_forfeited == cost.total_cost == left
    assert cost.liquidation_fee == cost.slippage_cost == 0


def test_who_returns_the_rest_takes_the_fee_and_the_market_the_slippage() -> None:
    # 0.3% (Binance's clearance fee of 2019) and 0.1% of 100,000 USD.
    position = open_at(PLAIN, LONG, Decimal(100_000), Decimal(62_500))
    price, left = left_at_liquidation(position, "10")
    cost = liquidation_cost(position, price, left, RETURNED, Decimal("0.001"))
    assert (round(cost.liquidation_fee * price, 15), round(cost.slippage_cost * price, 15)) == (300, 100)
    assert cost.margin_forfeited == 0
    assert round(cost.total_cost_usd, 15) == 400


def test_a_fee_above_the_maintenance_margin_takes_no_more_than_there_is() -> None:
    # Binance: 1.5% on liquidation, 0.4% maintenance (dapi exchangeInfo of 2025-08-07; tier 1).
    position = open_at(PLAIN, LONG, Decimal(100_000), Decimal(62_500))
    price, left = left_at_liquidation(position, "10", Decimal("0.004"))
    cost = liquidation_cost(position, price, left, Terms(Decimal("0.015"), kept=False), Decimal("0.001"))
    assert cost.liquidation_fee == cost.total_cost == left
    assert cost.slippage_cost == cost.margin_forfeited == 0
    assert round(cost.total_cost_usd, 15) == 400


def test_the_insurance_fund_of_bitmex_gains_what_lies_between_liquidation_and_bankruptcy() -> None:
    # bitmex.com/blog, insurance fund: long at 6,000, liquidated at 5,970, bankrupt at 5,940; 100x and 0.5% on the entry value.
    position = open_at(PLAIN, LONG, Decimal(6_000), Decimal(6_000))
    holding = Holding(position, flat_rate(MMR, basis="entry"))
    margin = isolated_margin(position, Decimal(100))
    found = position_liquidation(holding, margin)
    assert (found.liquidation_price, found.bankruptcy_price) != (None, None)
    assert (round(found.liquidation_price or ZERO, -1), round(found.bankruptcy_price or ZERO, -1)) == (5_970, 5_940)
    left = equity_at(wallet_of(margin.usable, [holding]), holding, margin.coin, found.liquidation_price or ZERO)
    assert (
        plain(round(liquidation_cost(position, found.liquidation_price or ZERO, left, KEPT).total_cost, 30)) == "0.005"
    )


@given(
    sides,
    decimals("1.5", "100", 2),
    decimals("0", "0.05", 4),
    decimals("0", "0.05", 4),
    st.booleans(),
    decimals("0.001", "0.009", 4),
)
def test_the_parts_make_the_whole_which_is_never_more_than_is_left(
    side: Decimal, leverage: Decimal, fee: Decimal, slippage: Decimal, kept: bool, mmr: Decimal
) -> None:
    position = open_at(PLAIN, side, Decimal(12_345), Decimal(31_234))
    price, left = left_at_liquidation(position, str(leverage), mmr)
    cost = liquidation_cost(position, price, left, Terms(fee, kept), slippage)
    parts = (cost.liquidation_fee, cost.slippage_cost, cost.margin_forfeited)
    assert round(sum(parts, ZERO), 90) == round(cost.total_cost, 90)
    assert min(parts) >= 0
    assert cost.total_cost == left if kept else cost.total_cost <= left


def test_fee_and_slippage_fall_on_the_venues_grid() -> None:
    cut = PLAIN._replace(rounding=Rounding(value=grid("floor 8"), fee=grid("ceiling 8")))
    position = open_at(cut, LONG, Decimal(10_000), Decimal(62_500))
    cost = liquidation_cost(position, Decimal("57102.5"), Decimal("0.0009"), RETURNED, Decimal("0.001"))
    # 10,000/57,102.5 = 0.175123681...; 0.3% of 0.17512368 is 0.00052537104, 0.1% is 0.00017512368.
    assert plain(cost.value_at_liquidation) == "0.17512368"
    assert plain(cost.liquidation_fee) == "0.00052538"
    assert plain(cost.slippage_cost) == "0.00017513"


def test_a_stop_leaves_the_margin_less_the_loss_and_the_cost_of_closing() -> None:
    # 0.016 + 10,000*(1/62,500 - 1/58,000) - 0.15%*10,000/58,000
    position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(62_500))
    holding = Holding(position, flat_rate(MMR))
    at_stop = equity_at(wallet_of(Decimal("0.016"), [holding]), holding, Decimal("0.016"), Decimal(58_000))
    after = equity_after_stop(position, at_stop, Decimal(58_000), Decimal("0.0005"), Decimal("0.001"))
    assert plain(after) == "0.003327586206896552"


def test_the_share_of_the_margin_that_is_gone_counts_the_loss_before() -> None:
    assert margin_lost(Decimal("0.016"), Decimal("0.001"), Decimal("0.001")) == 1
    assert margin_lost(Decimal("0.016"), Decimal("0.001"), ZERO) == Decimal("0.9375")
    assert margin_lost(ZERO, ZERO, ZERO) is None


def test_the_positions_of_a_wallet_share_its_equity_by_their_value() -> None:
    long = Holding(open_at(PLAIN, LONG, Decimal(30_000), Decimal(60_000)), flat_rate(MMR))
    short = Holding(open_at(PLAIN, SHORT, Decimal(10_000), Decimal(60_000)), flat_rate(MMR), ratio=Decimal("1.25"))
    wallet = wallet_of(ONE, [long, short])
    usd = Decimal(30_000) + Decimal(10_000) / Decimal("1.25")
    assert share_of(long, usd) + share_of(short, usd) == 1
    # The long loses 0.1, and the short, whose contract is at 62,500, a 150th.
    assert round(equity_at(wallet, long, ONE, Decimal(50_000)), 20) == round(Decimal("0.9") - ONE / 150, 20)


def test_equity_below_nothing_is_nothing() -> None:
    position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(62_500))
    holding = Holding(position, flat_rate(MMR))
    assert equity_at(wallet_of(Decimal("0.016"), [holding]), holding, Decimal("0.016"), Decimal(30_000)) == 0


def test_what_is_kept_is_what_fee_and_slippage_leave() -> None:
    # 10,000 USD at 8,000 are 1.25 coins: 0.1% of fee and 0.2% of slippage leave 0.00625 of a hundredth.
    position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(10_000))
    cost = liquidation_cost(position, Decimal(8_000), Decimal("0.01"), Terms(Decimal("0.001")), Decimal("0.002"))
    assert [plain(part) for part in cost[1:5]] == ["0.00125", "0.0025", "0.00625", "0.01"]
