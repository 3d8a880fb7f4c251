"""Lines of prices, their break points and what begins at each, and the ranges in which an account lives on them."""

from decimal import Decimal

import pytest

from perpcalc.core.price_line import account_at, common_line, equity_on, moves_line, price_line
from perpcalc.core.rules import Schedule, Tier, with_deductions
from perpcalc.core.safe_range import Border, amounts_at, holds, is_curved, safe_ranges, stretches
from perpcalc.core.unified import Account, sums_of
from perpcalc.core.unified_standing import standing
from perpcalc.decimals import plain

from .unified_accounts import BYBIT_BANDS, GOLDEN, account, inverse, leg

D = Decimal


def borders(of: Account, coin: str) -> list[tuple[str, Border | None]]:
    sums = sums_of(of)
    return [(plain(part.left), part.border) for part in stretches(sums, price_line(sums, coin))]


def test_the_break_points_of_a_coins_line_are_its_bands_and_zero() -> None:
    # 35 coins less 1,000,000/P are 0, 10, 20 and 30 of them
    assert borders(GOLDEN["G8"], "BTC") == [
        ("0", None),
        ("28571.428571428571428571", Border("equity", "BTC", 1)),
        ("40000", Border("band", "BTC", 2)),
        ("66666.666666666666666667", Border("band", "BTC", 3)),
        ("200000", Border("band", "BTC", 4)),
    ]


def test_by_the_balance_alone_a_coin_stays_in_its_band() -> None:
    assert borders(GOLDEN["G8"]._replace(reading="balance"), "BTC") == [("0", None)]


def test_a_ratio_of_a_hundred_per_cent_breaks_nowhere() -> None:
    assert borders(GOLDEN["G0"], "BTC") == [("0", None)]


def test_maintenance_tiers_begin_where_the_coin_value_passes_their_limits() -> None:
    tiers = Schedule(with_deductions((D(1), D(4), None), (D("0.005"), D("0.01"), D("0.05"))))
    held = account({"BTC": "1"}, inverse("BTC long 100000 @ 100000", schedule=tiers), weights={})
    assert borders(held, "BTC") == [("0", None), ("25000", Border("tier", "BTC")), ("100000", Border("tier", "BTC"))]


def test_a_leg_moves_the_band_of_the_coin_it_settles_in() -> None:
    held = account({"USDT": "50"}, leg("BTC short 1 @ 100000"), weights={"USDT": BYBIT_BANDS})
    assert [border for _, border in borders(held, "BTC")] == [
        None,
        *(Border("band", "USDT", number) for number in (5, 4, 3, 2, 1)),
        Border("equity", "USDT", 0),
    ]


@pytest.mark.parametrize("t", ["-0.6", "-0.3", "0", "0.4", "2"])
def test_the_amounts_of_a_stretch_are_those_of_the_account_there(t: str) -> None:
    for of in GOLDEN.values():
        sums = sums_of(of)
        line = common_line(sums)
        there = standing(sums_of(account_at(sums, line, D(t))))
        part = next(part for part in reversed(stretches(sums, line)) if part.left < D(t))
        counted, asked = amounts_at(part, D(t))
        assert round(counted - there.margin_balance, 60) == 0
        assert round(asked - there.maintenance_margin, 60) == 0
        a, b = equity_on(sums, line)
        assert round(a + b * D(t) - there.equity, 60) == 0


def test_a_coin_that_falls_as_the_others_rise_bounds_the_line_above() -> None:
    sums = sums_of(GOLDEN["G7"])
    line = common_line(sums, {"ETH": D("-0.5")})
    assert (line.low, line.high) == (-1, 2)
    assert line.moving["ETH"] == (4_000, -2_000)


def test_a_coin_that_moves_more_than_the_others_bounds_it_below() -> None:
    assert common_line(sums_of(GOLDEN["G7"]), {"ETH": D(2)}).low == D("-0.5")


def test_moves_of_single_coins_leave_the_others_where_they_are() -> None:
    line = moves_line(sums_of(GOLDEN["G7"]), {"ETH": D("-0.25")})
    assert line.moving == {"ETH": (4_000, -1_000)}


def test_what_a_hundred_digits_leave_of_no_slope_is_no_root() -> None:
    # An ETH position and its hedge cancel but for the last of a hundred digits: no price in the universe liquidates it
    held = account(
        {"USDT": "1000"},
        inverse("ETH long 700 @ 3000", "0"),
        inverse("ETH short 700 @ 3000", "0", name="DATED"),
        weights={},
    )
    sums = sums_of(
        held._replace(holdings=(*held.holdings, inverse("ETH long 1 @ 7", "0"), inverse("ETH short 1 @ 7", "0")))
    )
    assert safe_ranges(sums, price_line(sums, "ETH"), D(1)) == [(None, None)]


def test_a_line_is_curved_only_where_rates_grow_in_coins_that_move_differently() -> None:
    growing = Schedule((Tier(None, D("0.01")),), slope=D("0.001"))
    two = [inverse(f"{coin} long 1000 @ 1000", schedule=growing) for coin in ("BTC", "ETH")]
    sums = sums_of(account({"BTC": "1"}, *two))
    assert not is_curved(sums, price_line(sums, "BTC"))
    assert not is_curved(sums, common_line(sums))
    assert is_curved(sums, common_line(sums, {"ETH": D(2)}))
    assert not is_curved(sums_of(GOLDEN["G7"]), common_line(sums_of(GOLDEN["G7"]), {"ETH": D(2)}))


def test_a_range_is_open() -> None:
    sums = sums_of(GOLDEN["G0"])
    (one,) = safe_ranges(sums, price_line(sums, "BTC"), D(1))
    assert [holds(one, D(price)) for price in ("50249", "50250", "50250.5", "1000000")] == [False, False, True, True]


def test_a_higher_factor_leaves_a_smaller_range() -> None:
    sums = sums_of(GOLDEN["G0"])
    (one,) = safe_ranges(sums, price_line(sums, "BTC"), D(2))
    assert one.low is not None
    assert one.low.at == 50_500
