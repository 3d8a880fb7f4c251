"""Where an account of several coins is liquidated: golden cases, one coin against the wallet, what decides, limits."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given

from perpcalc.core.collateral import banded_weight, flat_weight
from perpcalc.core.instrument import PLAIN
from perpcalc.core.linear import Leg
from perpcalc.core.position import LONG, open_at
from perpcalc.core.price_line import account_at, common_line, price_line
from perpcalc.core.rounding import Rounding
from perpcalc.core.rules import ClosingFee, Schedule, Tier
from perpcalc.core.safe_range import Border, Range, safe_ranges
from perpcalc.core.spans import safe_spans
from perpcalc.core.unified import Account, sums_of
from perpcalc.core.unified_liquidation import (
    DEAD,
    DEAD_EVERYWHERE,
    coin_life,
    coin_lives,
    common_move,
    holding_liquidation,
    leg_liquidation,
)
from perpcalc.core.wallet import Holding, closing_fees_at_bankruptcy, wallet_of
from perpcalc.decimals import plain, settled

from . import strategies, twin
from .unified_accounts import GOLDEN, PRICES, account, inverse, leg

D = Decimal


def ends(of: Account, coin: str = "BTC") -> tuple[str | None, str | None]:
    life = coin_life(sums_of(of), coin)
    assert life.range is not None
    low, high = life.range
    return low and plain(low.at), high and plain(high.at)


def exact(fraction: str) -> str | None:
    return twin.printed(Fraction(fraction))


# Reference, section 9: derived there in exact fractions
@pytest.mark.parametrize(
    ("name", "reading", "below", "above"),
    [
        ("G0", "equity", "50250", None),
        ("G0", "balance", "50250", None),
        ("G1", "equity", "40250", None),
        ("G1", "balance", "4025000/99", None),
        ("G2", "equity", "2462500/49", None),
        ("G2", "balance", "1675000/33", None),
        ("G3", "equity", None, "159250"),
        ("G3", "balance", None, "15925000/101"),
        ("G4", "equity", "20200000/599", None),
        ("G4", "balance", "20200000/591", None),
        ("G5", "equity", "955250/19", None),
        ("G6", "equity", "2463750/49", None),
        ("G7", "equity", "45950", None),
        ("G7", "balance", "4595000/99", None),
        ("G8", "equity", "29100000/671", None),
        ("G8", "balance", "7525000/169", None),
    ],
)
def test_golden_prices_of_bitcoin(name: str, reading: str, below: str | None, above: str | None) -> None:
    expected = (below and exact(below), above and exact(above))
    assert ends(GOLDEN[name]._replace(reading=reading)) == expected


@pytest.mark.parametrize(
    ("reading", "beta", "percent"),
    [
        ("equity", "1", "-1061/2154"),
        ("equity", "1.4", "-5305/11158"),
        ("balance", "1", None),
        ("balance", "1.4", None),
    ],
)
def test_golden_common_moves(reading: str, beta: str, percent: str | None) -> None:
    found = common_move(sums_of(GOLDEN["G7"]._replace(reading=reading)), {"ETH": D(beta)})
    assert found.up is None
    assert found.reason is None
    assert found.down is not None
    if percent:
        assert plain(found.down) == exact(percent)
    else:
        assert round(found.down * 100, 4) == {"1": D("-48.9391"), "1.4": D("-47.2985")}[beta]


def test_ether_alone_never_liquidates_the_seventh_case() -> None:
    life = coin_life(sums_of(GOLDEN["G7"]), "ETH")
    assert life[:2] == (True, Range(None, None))
    found = holding_liquidation(sums_of(GOLDEN["G7"]), 1, life).liquidation
    assert found.liquidation_price is None
    assert found.reason == "never: with the other prices as they are no price of ETH liquidates the account"


def test_a_dollar_does_not_move_with_the_others_unless_asked_to() -> None:
    sums = sums_of(account({"BTC": "1", "USDT": "-50000"}, weights={}))
    assert common_move(sums).down == D("-0.5")
    assert common_move(sums, {"USDT": D(1)}) == (None, None, None, None, None)


def test_an_account_of_dollars_alone_never_moves() -> None:
    assert common_move(sums_of(account({"USDT": "-5", "USDC": "10"})))[:2] == (None, None)


def test_the_liquidation_of_a_position_says_what_it_must_keep_there_in_usd() -> None:
    found, end = holding_liquidation(sums_of(GOLDEN["G8"]), 0, coin_life(sums_of(GOLDEN["G8"]), "BTC"))
    assert found.liquidation_price is not None
    assert plain(found.liquidation_price) == exact("29100000/671")
    assert found.liquidation_below == found.liquidation_price
    assert found.maintenance_margin is not None
    assert plain(found.maintenance_margin) == "5000"
    assert found.maintenance_rate == D("0.005")
    assert plain(found.distance or D(0)) == exact(f"{Fraction(29_100_000, 671 * 100_000) - 1}")
    assert plain(found.bankruptcy_price or D(0)) == exact("1500000/35")
    assert not found.beyond
    assert found.reason is None
    assert end is not None
    assert (end.since, end.until) == (Border("band", "BTC", 2), Border("band", "BTC", 3))


def test_what_decides_is_named_between_which_borders_it_lies() -> None:
    low = (coin_life(sums_of(GOLDEN["G1"]), "BTC").range or Range(None, None)).low
    assert low is not None
    assert (low.since, low.until, low.jump) == (None, Border("equity", "BTC", 1), False)


def test_the_border_of_a_tier_of_the_whole_position_is_a_liquidation_price() -> None:
    tiers = Schedule((Tier(D(2), D("0.01")), Tier(None, D("0.6"))), marginal=False)
    held = account({"BTC": "1", "USDT": "10000"}, inverse("BTC long 100000 @ 100000", schedule=tiers), weights={})
    sums = sums_of(held)
    found, end = holding_liquidation(sums, 0, coin_life(sums, "BTC"))
    assert found.liquidation_price == 50_000
    assert found.tier == 2
    assert found.reason == "at the border of a tier, whose rate on the whole position exceeds the equity"
    assert end is not None
    assert (end.jump, end.since) == (True, Border("tier", "BTC"))


def test_tiers_of_the_whole_position_may_leave_several_ranges_and_the_one_around_now_counts() -> None:
    tiers = Schedule((Tier(D(2), D("0.01")), Tier(D(4), D("0.9")), Tier(None, D("0.01"))), marginal=False)
    held = account({"USDT": "80000"}, inverse("BTC long 100000 @ 100000", schedule=tiers), weights={})
    assert ends(held) == ("50000", None)
    below = held._replace(prices={"BTC": D(24_000)})
    assert ends(below) == ("21000", "25000")
    between = coin_life(sums_of(held._replace(prices={"BTC": D(26_000)})), "BTC")
    assert not between.alive
    assert between.range is not None
    assert between.range.high is not None
    assert plain(between.range.high.at) == "25000", "the nearest range"


def test_an_account_under_water_shows_its_mark_and_the_range_that_it_has_left() -> None:
    sums = sums_of(GOLDEN["G1"]._replace(prices={"BTC": D(40_000)}))
    life = coin_life(sums, "BTC")
    found, end = holding_liquidation(sums, 0, life)
    assert not life.alive
    assert (found.liquidation_price, found.liquidation_below, found.distance) == (40_000, 40_250, 0)
    assert found.beyond
    assert found.reason == DEAD
    assert end is None
    assert common_move(sums) == (0, 0, None, None, DEAD)


def test_an_account_that_is_dead_at_every_price_says_so() -> None:
    held = account({"USDT": "-5000"}, inverse("BTC long 1000 @ 100000"), weights={"BTC": flat_weight(D(0))})
    sums = sums_of(held)
    life = coin_life(sums, "BTC")
    assert life[:2] == (False, None)
    found = holding_liquidation(sums, 0, life).liquidation
    assert (found.liquidation_price, found.reason) == (100_000, DEAD_EVERYWHERE)


def test_a_leg_has_its_price_in_its_settlement_coin() -> None:
    held = Account(
        {"USDT": D(20_000)},
        {"BTC": D(60_000), "USDT": D("0.96")},
        legs=(Leg("BTC", "USDT", D(1), D(62_500), D("0.01"), D(60), D("1.01")),),
    )
    sums = sums_of(held)
    found, end = leg_liquidation(sums, 0, coin_life(sums, "BTC"))
    # 20,000*0.96 + 1.01*P - 62,500*0.96 = 0.01*1.01*P - 60, so that 0.9999*P = 40,740
    price = Fraction(40_740) / Fraction("0.9999")
    assert end is not None
    assert plain(end.at) == twin.printed(price)
    assert plain(found.liquidation_price or D(0)) == twin.printed(Fraction("1.01") * price / Fraction("0.96"))
    assert plain(found.maintenance_margin or D(0)) == twin.printed(Fraction("0.0101") * price - 60)
    assert plain(found.distance or D(0)) == twin.printed(price / 60_000 - 1)
    assert found.liquidation_above is None
    # without maintenance margin 1.01*P = 40,800 USD, which are 42,500 USDT
    assert plain(found.bankruptcy_price or D(0)) == "42500"


def test_a_leg_has_no_price_below_the_smallest_that_is_written() -> None:
    held = account({"USDT": "0.9999999999999999999"}, leg("SOL long 1 @ 1", "0"), prices={"SOL": D(1)})
    sums = sums_of(held)
    found, end = leg_liquidation(sums, 0, coin_life(sums, "SOL"))
    assert (found.liquidation_price, end) == (None, None)
    assert found.reason == "never: the price would have to fall below 0.000000000000000001"


def capped(price: int) -> Account:
    """Alive from 40,000 to 60,000: two coins of which 100,000 USD count, a short at 80,000 and 120,000 borrowed."""
    weight = banded_weight([(D(100_000), D(1))], "usd")
    return account(
        {"BTC": "2", "USDT": "-120000"},
        leg("BTC short 1 @ 80000", "0"),
        weights={"BTC": weight},
        prices={"BTC": D(price)},
    )


def test_a_leg_may_have_two_ends_and_the_nearer_by_ratio_is_its_liquidation_price() -> None:
    assert ends(capped(49_500)) == ("40000", "60000")
    for price, nearer in ((48_900, 40_000), (49_500, 60_000)):
        sums = sums_of(capped(price))
        found, end = leg_liquidation(sums, 0, coin_life(sums, "BTC"))
        assert (found.liquidation_price, found.liquidation_below, found.liquidation_above) == (nearer, 40_000, 60_000)
        assert end is not None
        assert end.at == nearer


@pytest.mark.parametrize(("price", "left"), [(30_000, "40000"), (70_000, "60000")])
def test_a_leg_under_water_shows_its_mark(price: int, left: str) -> None:
    sums = sums_of(capped(price))
    found, end = leg_liquidation(sums, 0, coin_life(sums, "BTC"))
    assert (found.liquidation_price, found.distance, found.beyond, found.reason, end) == (price, 0, True, DEAD, None)
    assert left in {plain(found.liquidation_below or D(0)), plain(found.liquidation_above or D(0))}


def test_prices_are_rounded_as_the_venue_prints_them() -> None:
    instrument = PLAIN._replace(tick=D("0.5"), rounding=Rounding(liquidation_price="against tick"))
    held = GOLDEN["G2"].holdings[0]
    rounded = held._replace(position=open_at(instrument, LONG, D(100_000), D(100_000)))
    sums = sums_of(GOLDEN["G2"]._replace(holdings=(rounded,)))
    assert holding_liquidation(sums, 0, coin_life(sums, "BTC")).liquidation.liquidation_price == D("50255.5")


def test_a_dated_contract_is_liquidated_at_its_own_price() -> None:
    dated = inverse("BTC long 110000 @ 110000", ratio="1.1")
    sums = sums_of(account({"BTC": "1"}, dated, weights={}))
    life = coin_life(sums, "BTC")
    found = holding_liquidation(sums, 0, life).liquidation
    assert life.range is not None
    assert life.range.low is not None
    assert plain(found.liquidation_price or D(0)) == plain(life.range.low.at * D("1.1")) == "55275"


def test_below_one_tick_is_never() -> None:
    instrument = PLAIN._replace(tick=D(1_000))
    held = Holding(open_at(instrument, LONG, D(100), D(100_000)), GOLDEN["G0"].holdings[0].schedule)
    sums = sums_of(account({"BTC": "1"}, held, weights={}))
    found = holding_liquidation(sums, 0, coin_life(sums, "BTC")).liquidation
    assert found.liquidation_price is None
    assert found.reason == "never: the price would have to fall below one tick (1000)"


def test_the_lives_of_all_traded_coins_come_at_once() -> None:
    held = GOLDEN["G7"]._replace(legs=(leg("SOL long 1 @ 100"),), prices={**PRICES, "SOL": D(100)})
    assert list(coin_lives(sums_of(held))) == ["BTC", "ETH", "SOL"]


def test_a_rate_that_grows_with_value_is_solved_on_a_coins_line_and_where_coins_move_alike() -> None:
    schedule = Schedule((Tier(None, D("0.01")),), slope=D("0.005"))
    held = account(
        {"BTC": "10", "ETH": "10"},
        inverse("BTC short 1000000 @ 100000", schedule=schedule),
        inverse("ETH long 4000 @ 4000", schedule=schedule),
        weights={},
    )
    sums = sums_of(held)
    low, high = coin_life(sums, "BTC").range or Range(None, None)
    # 10 - 10 coins and 1,000,000 + 40,000 USD against 10,000 + 0.005*10^12/P + 1*40 + 0.005*4,000: P = 5*10^9/1,029,940
    assert low is not None
    assert high is None
    assert plain(low.at) == exact(str(Fraction(5_000_000_000) / Fraction(1_029_940)))
    alike = common_move(sums)
    assert alike.reason is None
    assert alike.down is not None
    there = sums_of(account_at(sums, common_line(sums), alike.down))
    assert abs(there.whole.counted - there.whole.asked) < D("1e-60")
    apart = common_move(sums, {"ETH": D("1.4")})
    assert (apart.down, apart.up) == (None, None)
    assert apart.reason is not None
    assert "no formula" in apart.reason
    assert common_move(sums, {"ETH": D(0)}).reason is None


def test_a_rate_that_grows_with_value_may_leave_no_price_at_all() -> None:
    schedule = Schedule((Tier(None, D("0.01")),), slope=D("0.005"))
    held = account({"BTC": "1"}, inverse("BTC short 1000000 @ 1000000", schedule=schedule), weights={})
    # 0 coins and 1,000,000 USD against 10,000 + 0.005*10^12/P: alive above 5,050.5, and with 10,000 USD nowhere
    assert ends(held) == (exact(str(Fraction(5_000_000_000, 990_000))), None)
    borrowed = held._replace(balances={**held.balances, "USDT": D(-990_000)})
    assert coin_life(sums_of(borrowed), "BTC")[:2] == (False, None)
    # 100,000 - 2*P - 98,000 USD against 1,000 + 5*10^7/P: highest at 5,000, and below zero there
    bent = account({"USDT": "-98000"}, inverse("BTC short 100000 @ 50000", schedule=schedule), weights={})
    assert coin_life(sums_of(bent), "BTC")[:2] == (False, None)


def test_the_line_of_a_stablecoin_is_one_like_the_others() -> None:
    # 2 BTC at 30,000 against 50,000 borrowed dollars: a dollar of 1.20 is too much
    assert ends(account({"BTC": "2", "USDT": "-50000"}, weights={}, prices={"BTC": D(30_000)}), "USDT") == (None, "1.2")


def test_a_leg_is_worth_more_of_a_stablecoin_that_falls() -> None:
    # in USD: 1*60,000 + (10,000 - 65,000)*P of the stablecoin, at every price of it down to 0
    held = account({"USDT": "10000"}, leg("BTC long 1 @ 65000", "0"), weights={}, prices={"BTC": D(60_000)})
    assert ends(held, "USDT") == (None, exact(str(Fraction(60_000, 55_000))))
    assert price_line(sums_of(held), "USDT").now == 1


@given(strategies.wallets())
def test_an_account_of_one_coin_at_full_weight_is_the_wallet(
    random_wallet: tuple[Decimal, list[twin.Leg], dict[str, twin.Rules]],
) -> None:
    balance, legs, rules = random_wallet
    holdings = [strategies.holding_of(one, rules[one.symbol]) for one in legs]
    wallet = wallet_of(balance, holdings)
    reserve = closing_fees_at_bankruptcy(wallet)
    expected = [
        (None if span.end is None else settled(1 / span.end), settled(1 / span.start) if span.start else None)
        for span in reversed(safe_spans(wallet, reserve))
    ]
    held = Account({"BTC": balance}, {"BTC": D(50_000)}, tuple(holdings))
    for reading in ("equity", "balance"):
        sums = sums_of(held._replace(reading=reading))
        found = [
            (low and settled(low.at), high and settled(high.at))
            for low, high in safe_ranges(sums, price_line(sums, "BTC"), D(1))
        ]
        assert found == expected


def test_closing_fees_at_the_bankruptcy_price_are_reserved_as_in_the_wallet() -> None:
    fee = ClosingFee(D("0.00055"), at_bankruptcy=True)
    held = inverse("BTC long 100000 @ 100000", fee=fee)
    alone = sums_of(account({"BTC": "1"}, held, weights={}))
    found = holding_liquidation(alone, 0, coin_life(alone, "BTC")).liquidation
    # bankrupt where 2*P = 100,000 + 55; there the fee is 55 USD, in coins; then (2 - fee)*P = 100,000 + 500
    assert plain(found.bankruptcy_price or D(0)) == "50027.5"
    assert plain(found.liquidation_price or D(0)) == twin.printed(100_500 / (2 - 55 / Fraction("50027.5")))
