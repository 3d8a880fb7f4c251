"""What moves of the market do to an account of several coins, and that the dead stay dead."""

from decimal import Decimal

import pytest

from perpcalc.core.price_line import account_at, common_line, moves_line
from perpcalc.core.rules import Schedule, Tier
from perpcalc.core.unified import Account, sums_of
from perpcalc.core.unified_standing import standing
from perpcalc.core.unified_stress import DEAD, UnifiedRung, unified_ladder
from perpcalc.errors import PerpcalcError

from .unified_accounts import GOLDEN, account, inverse, leg

D = Decimal
GROWING = Schedule((Tier(None, D("0.01")),), slope=D("0.001"))


def common(of: Account, *moves: str, **betas: str) -> list[UnifiedRung]:
    sums = sums_of(of)
    line = common_line(sums, {coin: D(beta) for coin, beta in betas.items()})
    return unified_ladder(sums, line, [D(move) for move in moves])


def single(of: Account, **moves: str) -> UnifiedRung:
    sums = sums_of(of)
    return unified_ladder(sums, moves_line(sums, {coin: D(move) for coin, move in moves.items()}), [D(1)])[0]


def test_the_seventh_golden_case_ten_per_cent_down() -> None:
    rung = common(GOLDEN["G7"], "-0.1")[0]
    # BTC at 90,000: (1 + 1)*90,000 - 100,000 = 80,000; ETH at 3,600: (10 - 5)*3,600 + 20,000 = 38,000; 30,000 borrowed
    assert rung.equity == 88_000
    assert rung.margin_balance == 80_000 * D("0.98") + 38_000 * D("0.97") - 30_000
    assert rung.maintenance_margin == 700
    assert rung.margin_ratio == 700 / (rung.margin_balance or D(0))
    assert rung.liquidated is False
    # the balances alone would be worth 90,000 + 36,000 - 30,000
    assert rung.pnl == 88_000 - 96_000


def test_the_ladder_is_in_the_order_of_its_moves_and_dead_is_dead_on_the_way_and_beyond() -> None:
    rungs = common(GOLDEN["G7"], "-0.6", "0.2", "-0.49", "-0.5")
    assert [rung.liquidated for rung in rungs] == [True, False, False, True]
    assert rungs[0] == DEAD == UnifiedRung(None, D(0), None, None, D(1), True)


def test_a_tier_that_kills_on_the_way_is_not_survived_by_a_cheaper_one_beyond_it() -> None:
    tiers = Schedule((Tier(D(2), D("0.01")), Tier(D(4), D("0.9")), Tier(None, D("0.01"))), marginal=False)
    held = account({"USDT": "80000"}, inverse("BTC long 100000 @ 100000", schedule=tiers), weights={})
    assert not standing(sums_of(held._replace(prices={"BTC": D(22_000)}))).liquidated
    assert [rung.liquidated for rung in common(held, "-0.49", "-0.51", "-0.78")] == [False, True, True]


def test_an_account_dead_now_is_dead_at_every_move() -> None:
    dead = GOLDEN["G1"]._replace(prices={"BTC": D(40_000)})
    assert common(dead, "0.5", "0") == [DEAD, DEAD]


def test_a_beta_scales_the_common_move_of_a_coin() -> None:
    rung = common(GOLDEN["G7"], "-0.1", ETH="1.4")[0]
    assert rung.equity == 80_000 + (5 * 3_440 + 20_000) - 30_000


def test_a_move_of_one_coin_leaves_the_others() -> None:
    rung = single(GOLDEN["G7"], ETH="0.5")
    assert rung.equity == 100_000 + (5 * 6_000 + 20_000) - 30_000
    assert single(GOLDEN["G7"], BTC="-0.55") == DEAD
    assert single(GOLDEN["G7"], BTC="-0.54").liquidated is False


def test_each_coin_may_move_by_its_own_rate() -> None:
    rung = single(GOLDEN["G7"], BTC="-0.2", ETH="0.25")
    assert rung.equity == 60_000 + 45_000 - 30_000


def test_linear_legs_and_a_stablecoin_move_too() -> None:
    held = account({"USDT": "10000"}, leg("BTC short 1 @ 100000"))
    assert single(held, BTC="0.05").equity == 5_000
    assert single(held, BTC="0.05").pnl == -5_000
    assert single(held, USDT="-0.01").equity == D("0.99") * 110_000 - 100_000


def test_an_account_without_positions_survives_and_asks_for_nothing() -> None:
    rung = common(account({"BTC": "1"}, weights={}), "-0.9")[0]
    assert rung == (0, 10_000, 10_000, 0, 0, False)


@pytest.mark.parametrize(
    ("move", "betas"), [("-1", {}), ("-1.5", {}), ("-0.8", {"ETH": "1.4"}), ("4", {"ETH": "-0.25"})]
)
def test_a_move_that_leaves_no_price_is_refused(move: str, betas: dict[str, str]) -> None:
    with pytest.raises(PerpcalcError, match="a move of .*% leaves a coin no price above 0"):
        common(GOLDEN["G7"], move, **betas)


def grown(*, whole: bool = False) -> Account:
    held = account(
        {"BTC": "10", "ETH": "100"},
        inverse("BTC short 500000 @ 100000", schedule=GROWING),
        inverse("ETH long 40000 @ 4000", schedule=GROWING),
        weights={},
    )
    steps = Schedule((Tier(D(1), D("0.01")), Tier(None, D("0.02"))), marginal=False)
    return (
        held._replace(holdings=(*held.holdings, inverse("BTC long 1000 @ 100000", name="X", schedule=steps)))
        if whole
        else held
    )


def test_rates_that_grow_with_value_are_followed_where_all_coins_move_alike() -> None:
    rung = common(grown(), "-0.2")[0]
    sums = sums_of(grown())
    there = standing(sums_of(account_at(sums, common_line(sums), D("-0.2"))))
    assert rung.equity == there.equity
    assert round(rung.maintenance_margin or D(0), 60) == round(there.maintenance_margin, 60)


def test_where_they_do_not_an_account_without_jumps_is_judged_by_where_it_arrives() -> None:
    rung = single(grown(), BTC="-0.2", ETH="-0.3")
    assert rung.liquidated is False
    assert rung.equity == 10 * D(80_000) - 5 * D(80_000) + 500_000 + 110 * D(2_800) - 40_000
    assert rung.pnl == rung.equity - 10 * 80_000 - 100 * 2_800
    assert single(grown(), BTC="-0.999", ETH="-0.3") == DEAD


def test_and_with_jumps_it_is_not_known_whether_it_died_on_the_way() -> None:
    assert single(grown(whole=True), BTC="-0.2", ETH="-0.3").liquidated is None
    assert single(grown(whole=True), BTC="-0.999", ETH="-0.3").liquidated is True
    assert single(grown(whole=True), BTC="-0.2").liquidated is False
