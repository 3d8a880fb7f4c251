"""What must change for a goal: known values, what nothing does, and what a question must not ask."""

from decimal import Decimal
from fractions import Fraction

import pytest

from perpcalc.core.backed import Backed, forward
from perpcalc.core.instrument import PLAIN, Instrument
from perpcalc.core.margin import Margin, given_margin, isolated_margin
from perpcalc.core.position import LONG, SHORT, Position, open_at
from perpcalc.core.printed_price import printable_price
from perpcalc.core.rounding import EXACT, Rounding, grid
from perpcalc.core.rules import ClosingFee, Schedule, Tier, flat_rate
from perpcalc.core.solve import Goal, Solved
from perpcalc.core.solve_margin import lacking, solve_leverage, solve_margin
from perpcalc.core.solve_price import price_step, solve_entry, solve_entry_for_profit, solve_price
from perpcalc.core.solve_size import solve_add, solve_average, solve_close, solve_contracts
from perpcalc.core.wallet import Holding, wallet_of
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import PerpcalcError
from perpcalc.venues import find

from . import twin

BYBIT = find("bybit@2026-01-01").instrument
TAKER = Decimal("0.00055")
FREE = flat_rate(ZERO)
HALF_PERCENT = flat_rate(Decimal("0.005"))


def liquidation(price: str) -> Goal:
    return Goal("liquidation", Decimal(price))


def ratio(value: str) -> Goal:
    return Goal("margin_ratio", Decimal(value))


def position(side: Decimal = LONG, contracts: str = "10000", entry: str = "50000", of: Instrument = PLAIN) -> Position:
    return open_at(of, side, Decimal(contracts), Decimal(entry))


def isolated(held: Position, leverage: str = "5", schedule: Schedule = FREE, mark: str | None = None) -> Backed:
    at = None if mark is None else Decimal(mark)
    return Backed(Holding(held, schedule), isolated_margin(held, Decimal(leverage)), mark=at)


def cross(held: Position, balance: str, schedule: Schedule = FREE, mark: str | None = None, *others: Holding) -> Backed:
    at = None if mark is None else Decimal(mark)
    return Backed(Holding(held, schedule), Margin("cross", Decimal(balance), Decimal(balance)), others, at)


def bybit(side: Decimal = LONG, contracts: str = "10000", entry: str = "62500") -> Position:
    return position(side, contracts, entry, BYBIT)


def bybit_isolated(held: Position, leverage: str = "5") -> Backed:
    assert BYBIT.schedule is not None
    return Backed(Holding(held, BYBIT.schedule, BYBIT.isolated_closing_fee), isolated_margin(held, Decimal(leverage)))


def value(solved: Solved) -> str | None:
    return None if solved.value is None else plain(solved.value)


# Margin


def test_the_margin_that_moves_a_bybit_liquidation_counts_net_of_the_fee_it_raises() -> None:
    # Design, section 6, rules of 2026-01-01: to 50,000 it lacks 0.009 BTC, which 0.00900495 are after 0.055%.
    found = solve_margin(bybit_isolated(bybit()), liquidation("50000"))
    assert (value(found), found.unit, found.liquidation_price_after) == ("0.00900495", "BTC", 50_000)
    assert found.margin_after == Decimal("0.04100495")
    assert (found.contracts_after, found.entry_price_after, found.reason) == (10_000, 62_500, None)


def test_margin_without_a_venue_is_not_rounded() -> None:
    # Design, section 6: 3,920 USD from 9,800 on 0.1 coins; at 7,500 it asks for 0.525333 of the 0.5 coins that are left.
    held = position(contracts="3920", entry="9800")
    found = solve_margin(Backed(Holding(held, HALF_PERCENT), given_margin(held, Decimal("0.1"))), liquidation("7500"))
    assert value(found) == "0.02528"
    third = solve_margin(isolated(held), liquidation("9000"))
    assert value(third) == twin.printed(Fraction(3_920, 9_000) - Fraction(2, 5) - Fraction(2, 25))


def test_margin_that_is_too_much_may_be_taken_out() -> None:
    # 0.2 coins long at 5x have 0.04; to 45,000 only 0.0222... are needed.
    found = solve_margin(isolated(position()), liquidation("45000"))
    assert value(found) == twin.printed(Fraction(1, 45) - Fraction(1, 25))
    assert found.liquidation_price_after is not None
    assert plain(found.liquidation_price_after) == "45000"


def test_no_more_than_all_of_the_margin_may_be_taken_out() -> None:
    # From 50,000 at 70,000 the profit carries the position down to 60,000 by itself.
    found = solve_margin(isolated(position(), mark="70000"), liquidation("60000"))
    assert (value(found), found.margin_after, found.reason) == ("-0.04", 0, "all of it may be taken out")


def test_margin_below_what_the_tier_allows_is_said() -> None:
    found = solve_margin(bybit_isolated(bybit()), liquidation("62300"))
    assert found.reason == "the tier allows at most 100x, a margin of 0.0016 BTC"


def test_a_balance_is_filled_up_to_a_margin_ratio_at_the_mark() -> None:
    # 0.2 coins at the mark ask for 0.001: half of it an equity of 0.002.
    found = solve_margin(cross(position(), "0.0015", HALF_PERCENT, "50000"), ratio("0.5"))
    assert value(found) == "0.0005"
    assert found.margin_ratio_after is not None
    assert plain(found.margin_ratio_after) == "0.5"


def test_margin_is_rounded_up_to_the_venue_s_decimals() -> None:
    coins = PLAIN._replace(rounding=Rounding(margin=grid("down 8")))
    held = position(contracts="3920", entry="9800", of=coins)
    found = solve_margin(isolated(held), liquidation("9000"))
    exact = Fraction(3_920, 9_000) - Fraction(2, 5) - Fraction(2, 25)
    assert value(found) == twin.printed(Fraction(-(-exact.numerator * 10**8 // exact.denominator), 10**8))


def test_a_tier_on_the_way_counts_where_it_asks_for_more_than_behind_it() -> None:
    # A short of 120,000 USD from 100,000, 1.2 coins; above 120,000 it is worth less than 1 coin, which asks for 1% instead of 50%.
    tiers = Schedule((Tier(ONE, Decimal("0.01")), Tier(None, Decimal("0.5"))), marginal=False)
    held = position(SHORT, "120000", "100000")
    found = solve_margin(cross(held, "0.8", tiers), liquidation("150000"))
    # At 120,000 0.2 are lost and 0.5 asked for; at 150,000 0.4 and 0.008.
    assert value(found) == "-0.1"
    assert solve_margin(cross(held, "0.8", tiers), liquidation("110000")).value is not None


def test_a_fee_reserved_at_bankruptcy_takes_its_share_of_what_is_added() -> None:
    fee = ClosingFee(Decimal("0.25"), at_bankruptcy=True)
    for side, price in ((LONG, "40000"), (SHORT, "62500")):
        held = position(side)
        backed = cross(held, "0.02")
        found = solve_margin(backed._replace(holding=backed.holding._replace(closing_fee=fee)), liquidation(price))
        assert found.liquidation_price_after is not None
        assert plain(found.liquidation_price_after) == price


def test_no_margin_brings_a_liquidation_where_the_account_gains() -> None:
    short = Holding(position(SHORT, "50000"), FREE)
    found = solve_margin(cross(position(), "1", FREE, None, short), liquidation("40000"))
    assert (found.value, found.reason) == (
        None,
        "the account gains towards 40000: no margin brings a liquidation there",
    )


def test_where_the_reserve_grows_as_fast_no_margin_does_it() -> None:
    # Of each coin added to a long a fee of 25% reserves a fifth: no margin ratio of a tenth.
    backed = cross(position(), "0.02", HALF_PERCENT, "50000")
    reserving = backed.holding._replace(closing_fee=ClosingFee(Decimal("0.25"), at_bankruptcy=True))
    found = solve_margin(backed._replace(holding=reserving), ratio("0.1"))
    assert (found.value, found.reason) == (None, "no margin does it: the fee to close grows as fast")


# Leverage


def test_the_largest_leverage_is_rounded_down_to_two_decimals() -> None:
    # V/(Q/P - V) = 1/(62,500*1.005/50,000 - 1) = 3.9024...
    found = solve_leverage(bybit_isolated(bybit()), liquidation("50000"))
    assert (value(found), found.unit) == ("3.9", "x")
    assert found.liquidation_price_after is not None
    assert found.liquidation_price_after <= 50_000


def test_leverage_stops_at_what_the_tier_allows() -> None:
    found = solve_leverage(bybit_isolated(bybit()), liquidation("62300"))
    assert (value(found), found.reason) == ("100", "the tier allows at most 100x")
    # 16,000,000 USD are 256 BTC: 2% of initial margin.
    large = solve_leverage(bybit_isolated(bybit(contracts="16000000")), liquidation("62300"))
    assert (value(large), large.reason) == ("66.66", "the tier allows at most 66.66x")


def test_where_any_leverage_does_it_none_is_the_largest() -> None:
    schedule = flat_rate(Decimal("0.01"), Decimal(1), basis="entry")
    found = solve_leverage(isolated(position(SHORT), schedule=schedule), liquidation("50001"))
    assert found.value is not None
    free = Backed(Holding(position(SHORT), FREE, ClosingFee(Decimal(-1))), isolated_margin(position(SHORT), Decimal(5)))
    found = solve_leverage(free, liquidation("60000"))
    assert (found.value, found.reason) == (None, "never liquidated before 60000, whatever the leverage")


def test_the_leverage_of_an_account_moves_nothing() -> None:
    found = solve_leverage(cross(position(), "1"), liquidation("40000"))
    assert (found.value, found.reason) == (
        None,
        "an account is liquidated by its balance, which leverage does not move",
    )


def test_no_leverage_is_low_enough_where_all_coins_would_not_do() -> None:
    # Down to 0.4 USD from 50,000 a long loses 125,000 times its value.
    found = solve_leverage(isolated(position()), liquidation("0.4"))
    assert (found.value, found.reason) == (None, "no leverage of 0.01x or more does it")


def test_extra_margin_stays_when_the_leverage_changes() -> None:
    # Of the 0.05 coins to 40,000, 0.01 are extra: 0.2/0.04.
    held = position()
    backed = Backed(Holding(held, FREE), isolated_margin(held, Decimal(50), Decimal("0.01")))
    found = solve_leverage(backed, liquidation("40000"))
    assert (value(found), found.margin_after) == ("5", Decimal("0.05"))


# Contracts


def test_contracts_are_the_most_that_a_balance_carries_to_a_price() -> None:
    # 0.01/(1.01/40,000 - 1/50,000) = 1904.76
    found = solve_contracts(cross(position(), "0.01", flat_rate(Decimal("0.01"))), liquidation("40000"))
    assert (value(found), found.unit, found.contracts_after) == ("1904", "contracts", 1_904)


def test_the_size_that_is_given_is_not_used() -> None:
    one, other = (cross(position(contracts=size), "0.01") for size in ("1", "999999"))
    assert solve_contracts(one, liquidation("40000")) == solve_contracts(other, liquidation("40000"))


def test_contracts_are_whole_lots() -> None:
    hundreds = PLAIN._replace(lot=Decimal(100), contract_size=Decimal(10))
    found = solve_contracts(cross(position(contracts="100", of=hundreds), "0.01"), liquidation("40000"))
    assert (value(found), found.contracts_after) == ("200", 200)


def test_the_largest_order_is_told() -> None:
    small = PLAIN._replace(max_order=Decimal(1_000))
    found = solve_contracts(cross(position(of=small), "0.01"), liquidation("40000"))
    assert (value(found), found.reason) == ("2000", "more than the largest order of 1000")


def test_at_a_leverage_the_size_is_what_its_tiers_allow() -> None:
    # 5x reach 40,000 with nothing asked for; above 1 coin of value at 40,000 half of the rest is.
    tiers = Schedule((Tier(ONE, ZERO), Tier(None, Decimal("0.5"), Decimal("0.5"))))
    found = solve_contracts(isolated(position(), "4", tiers), liquidation("40000"))
    assert value(found) == "40000"


def test_a_covered_short_may_be_of_any_size_that_the_coins_cover() -> None:
    # To 60,000 a short loses a sixth of its value: with one coin 6 are carried, 300,000 USD.
    assert value(solve_contracts(cross(position(SHORT), "1"), liquidation("60000"))) == "300000"


def test_where_any_size_lives_none_is_the_largest() -> None:
    found = solve_contracts(isolated(position(), "1"), liquidation("25000"))
    assert (found.value, found.reason) == (None, "never liquidated before 25000, whatever the size")


def test_where_no_size_lives_that_is_said() -> None:
    found = solve_contracts(isolated(position(), "50"), liquidation("25000"))
    assert (found.value, found.reason) == (None, "not one lot of 1 contracts lives to 25000")


def test_less_than_a_lot_is_none() -> None:
    hundreds = PLAIN._replace(lot=Decimal(10_000))
    found = solve_contracts(cross(position(of=hundreds), "0.01"), liquidation("40000"))
    assert (found.value, found.reason) == (None, "not one lot of 10000 contracts lives to 40000")


def test_what_an_account_holds_counts_for_the_size() -> None:
    # A long of 1,000 takes 0.005 of 0.01 coins to 40,000: half of the size is left.
    other = Holding(position(contracts="1000", of=PLAIN._replace(name="OTHER")), FREE)
    assert value(solve_contracts(cross(position(), "0.01", FREE, None, other), liquidation("40000"))) == "1000"
    same = Holding(position(contracts="1000"), FREE)
    assert value(solve_contracts(cross(position(), "0.01", FREE, None, same), liquidation("40000"))) == "1000"


def test_what_a_one_way_account_holds_of_the_other_side_nets() -> None:
    # A short of 1,000 gains 0.005 to 40,000 and takes its size off what 1% is asked for:
    # 0.01 - (n - 1,000)*(1.01/40,000 - 1/50,000).
    tenth = flat_rate(Decimal("0.01"))
    opposite = Holding(position(SHORT, "1000"), tenth)
    assert value(solve_contracts(cross(position(), "0.01", tenth, None, opposite), liquidation("40000"))) == "2904"
    # A hedged one asks for both: 0.01 + 1,000*(0.99/40,000 - 1/50,000) = n*(1.01/40,000 - 1/50,000).
    hedged = PLAIN._replace(hedge_mode=True)
    other = Holding(position(SHORT, "1000", of=hedged), tenth)
    assert (
        value(solve_contracts(cross(position(of=hedged), "0.01", tenth, None, other), liquidation("40000"))) == "2809"
    )


def test_a_funding_rate_against_the_position_counts_where_the_venue_adds_it() -> None:
    # 0.01/((1 + 0.005 + 0.005)/40,000 - 1/50,000)
    adverse = Schedule((Tier(None, Decimal("0.005")),), marginal=False, adverse_funding=True)
    backed = cross(position(), "0.01", adverse)
    for paid, contracts in (("0.005", "1904"), ("-0.005", "1951")):
        holding = backed.holding._replace(funding_rate=Decimal(paid))
        assert value(solve_contracts(backed._replace(holding=holding), liquidation("40000"))) == contracts


def test_a_fee_reserved_for_two_contracts_at_once_is_a_quadratic() -> None:
    fee = ClosingFee(Decimal("0.01"), at_bankruptcy=True)
    other = Holding(position(SHORT, "2000", of=PLAIN._replace(name="OTHER")), FREE, fee)
    backed = cross(position(), "0.02", FREE, None, other)
    backed = backed._replace(holding=backed.holding._replace(closing_fee=fee))
    found = solve_contracts(backed, liquidation("40000"))
    assert found.value is not None
    lives = []
    for contracts in (found.value, found.value + 1):
        legs = [twin.Leg(-1, 2_000, 50_000, symbol="OTHER"), twin.Leg(1, contracts, 50_000)]
        rules = twin.Rules(((None, 0),), fee=fee.rate, fee_at_bankruptcy=True)
        span = twin.nearest(twin.Wallet(Decimal("0.02"), legs, rules).survival(), Fraction(1, 50_000))
        assert span is not None
        lives.append(span[1] is None or span[1] >= Fraction(1, 40_000))
    assert lives == [True, False]


# Adding


def test_averaging_down_is_known() -> None:
    # Design, section 6: (58,000*0.16 - 10,000)/(1 - 58,000/54,000)
    found = solve_average(bybit(), Decimal(58_000), Decimal(54_000))
    assert (value(found), found.contracts_after, found.entry_price_after) == ("9720", 19_720, 58_000)
    assert (found.margin_after, found.liquidation_price_after) == (None, None)


def test_an_average_tells_what_stands_behind_it_where_that_is_known() -> None:
    found = solve_average(bybit(), Decimal(58_000), Decimal(54_000), None, bybit_isolated(bybit()))
    assert (found.margin_after, value(found)) == (Decimal("0.068"), "9720")
    assert (
        found.liquidation_price_after
        == forward(bybit_isolated(open_at(BYBIT, LONG, Decimal(19_720), Decimal(58_000)))).liquidation_price
    )
    paying = solve_average(bybit(), Decimal(58_000), Decimal(54_000), Decimal("0.001"), cross(bybit(), "1"))
    assert paying.margin_after == 1 - Decimal("0.00018")


def test_an_average_that_is_better_already_is_kept_by_so_many_more() -> None:
    # From 50,000 to 55,000 at 60,000: as much coin again, 12,000 USD.
    found = solve_average(position(), Decimal(55_000), Decimal(60_000))
    assert (value(found), found.reason) == ("12000", "already so: the most that keeps it")


def test_an_average_that_one_more_would_spoil_is_left_alone() -> None:
    found = solve_average(position(), Decimal(50_000), Decimal(60_000), ZERO, cross(position(), "1"))
    assert (value(found), found.reason) == ("0", "already so, and one lot more at 60000 would lose it")
    assert found.liquidation_price_after == forward(cross(position(), "1")).liquidation_price


@pytest.mark.parametrize(("average", "price"), [("50000", "54000"), ("54000", "54000"), ("53000", "54000")])
def test_an_average_moves_only_between_itself_and_the_price(average: str, price: str) -> None:
    found = solve_average(bybit(), Decimal(average), Decimal(price))
    assert (found.value, found.reason) == (None, "no number of contracts at 54000 does it")


def test_adding_more_cheaply_moves_the_liquidation_of_an_isolated_position_away() -> None:
    # At 5x from 54,000 each contract dies at 45,225: 4,241 of them pull 52,344 down to 50,000.
    found = solve_add(bybit_isolated(bybit()), liquidation("50000"), Decimal(54_000), TAKER)
    assert (value(found), found.liquidation_price_after) == ("4241", 50_000)


def test_a_balance_bears_so_many_more_and_pays_their_fee() -> None:
    backed = cross(position(), "0.1")
    assert value(solve_add(backed, liquidation("40000"), Decimal(50_000), ZERO)) == "10000"
    found = solve_add(backed, liquidation("40000"), Decimal(50_000), Decimal("0.01"))
    # (0.1 - 0.05)/(1/40,000 - 1/50,000 + 0.01/50,000)
    assert (value(found), found.reason) == ("9615", "already so: the most that keeps it")
    assert found.margin_after == Decimal("0.1") - 9_615 * Decimal("0.01") / 50_000


def test_added_to_a_given_margin_there_is_no_more_of_it() -> None:
    held = position()
    backed = Backed(Holding(held, FREE), given_margin(held, Decimal("0.1")))
    found = solve_add(backed, liquidation("40000"), Decimal(50_000), None)
    assert (value(found), found.margin_after) == ("10000", Decimal("0.1"))


def test_what_can_be_added_without_end_need_not_be_added() -> None:
    found = solve_add(isolated(position(), "2"), liquidation("40000"), Decimal(50_000), ZERO)
    assert (value(found), found.contracts_after) == ("0", 10_000)
    assert found.reason == "already so, and adding at 50000 never loses it"


def test_where_one_more_would_lose_the_goal_none_is_added() -> None:
    found = solve_add(cross(position(), "0.05"), liquidation("40000"), Decimal(50_000), ZERO)
    assert (value(found), found.reason) == ("0", "already so, and one lot more at 50000 would lose it")


def test_a_position_is_not_added_to_at_a_price_that_it_does_not_live_to_see() -> None:
    found = solve_add(isolated(position(), "5"), liquidation("35000"), Decimal(40_000), ZERO)
    assert found.value is None
    assert found.reason == "liquidated at 41666.666666666666666667, before 40000 is reached"


def test_adding_never_frees_a_position_of_a_given_margin() -> None:
    found = solve_add(cross(position(), "0.04"), liquidation("40000"), Decimal(50_000), ZERO)
    assert (found.value, found.reason) == (None, "no number of contracts at 50000 does it")


def test_a_fee_that_is_not_known_leaves_what_it_pays_unknown() -> None:
    add = solve_add(cross(position(), "1"), liquidation("40000"), Decimal(50_000), None)
    close = solve_close(cross(position(), "1", mark="50000"), liquidation("10000"), None)
    assert (add.value, add.reason) == (None, "the opening fee is not known")
    assert (close.value, close.reason) == (None, "the closing fee is not known")


# Closing


def test_closing_at_the_mark_frees_a_balance_and_pays_its_fee() -> None:
    backed = cross(position(), "0.05", mark="50000")
    assert value(solve_close(backed, liquidation("25000"), ZERO)) == "7500"
    # 0.05 - f*n/50,000 = (10,000 - n)/50,000
    found = solve_close(backed, liquidation("25000"), Decimal("0.01"))
    assert (value(found), found.margin_after) == ("7576", Decimal("0.0484848"))
    assert found.contracts_after == 2_424


def test_closing_realises_what_was_lost_and_gains_nothing_by_it() -> None:
    # At 40,000 0.05 of 0.1 coins are lost, whatever is closed there; on to 30,000 each contract loses a 120,000th.
    found = solve_close(cross(position(), "0.1", mark="40000"), liquidation("30000"), ZERO)
    assert (value(found), found.margin_after) == ("4000", Decimal("0.08"))


def test_a_goal_that_is_met_needs_nothing_closed() -> None:
    found = solve_close(cross(position(), "1", mark="50000"), liquidation("40000"), ZERO)
    assert (value(found), found.contracts_after, found.reason) == ("0", 10_000, "already so")


def test_an_isolated_margin_falls_with_what_is_closed() -> None:
    found = solve_close(isolated(position(), mark="50000"), liquidation("30000"), ZERO)
    assert found.value is None
    assert found.reason == "the margin of an isolated position falls in proportion to what is closed"


def test_a_lower_tier_frees_an_isolated_position() -> None:
    # 4x live to 40,000 where nothing is asked for, up to 1 coin there: 10,000 of 50,000 are closed.
    tiers = Schedule((Tier(ONE, ZERO), Tier(None, Decimal("0.5"))), marginal=False)
    found = solve_close(isolated(position(contracts="50000"), "4", tiers, "50000"), liquidation("40000"), ZERO)
    assert (value(found), found.contracts_after) == ("10000", 40_000)


def test_a_margin_ratio_is_met_by_closing() -> None:
    # 0.2 coins at 1% ask for 0.002 of 0.01: a tenth of it is half the size.
    found = solve_close(cross(position(), "0.01", flat_rate(Decimal("0.01")), "50000"), ratio("0.1"), ZERO)
    assert (value(found), found.margin_ratio_after) == ("5000", Decimal("0.1"))


def test_what_only_closing_all_of_it_does() -> None:
    found = solve_close(cross(position(contracts="1"), "0.00001", mark="50000"), liquidation("1"), ZERO)
    assert (value(found), found.contracts_after) == ("1", 0)
    assert found.reason == "nothing less than all of it does it"


def test_closing_needs_a_mark() -> None:
    with pytest.raises(PerpcalcError, match="mark: is missing: give the price now"):
        solve_close(cross(position(), "1"), liquidation("40000"), ZERO)


# Entry


def test_a_long_enters_below_and_a_short_above() -> None:
    # 4x: E/(1 + 1/4) = 40,000 and E/(1 - 1/4) = 60,000.
    assert value(solve_entry(isolated(position(), "4"), Decimal(40_000))) == "50000"
    assert value(solve_entry(isolated(position(SHORT), "4"), Decimal(60_000))) == "45000"


def test_an_entry_is_rounded_to_the_tick_on_the_safe_side() -> None:
    assert BYBIT.schedule is not None
    for side, price in ((LONG, "50000.5"), (SHORT, "70000.5")):
        found = solve_entry(bybit_isolated(bybit(side)), Decimal(price))
        assert found.value is not None
        assert found.value % Decimal("0.5") == 0
        assert found.liquidation_price_after is not None
        assert side * (Decimal(price) - found.liquidation_price_after) >= 0
        nearer = forward(bybit_isolated(open_at(BYBIT, side, Decimal(10_000), found.value + side / 2)))
        assert nearer.liquidation_price is not None
        assert side * (Decimal(price) - nearer.liquidation_price) < 0


def test_what_the_balance_covers_at_the_goal_enters_anywhere() -> None:
    # At 40,000 the long is worth 0.25 coins, whatever it was entered at.
    found = solve_entry(cross(position(), "1"), Decimal(40_000))
    assert (found.value, found.reason) == (None, "never liquidated before 40000, whatever the entry")


def test_an_entry_that_is_dead_at_once_is_none() -> None:
    found = solve_entry(isolated(position(), "5", flat_rate(Decimal("0.5"))), Decimal(40_000))
    assert (found.value, found.reason) == (None, "no entry is liquidated only beyond 40000")


def test_an_entry_makes_a_profit_at_an_exit() -> None:
    long = solve_entry_for_profit(position(), Decimal(10_000), Decimal("0.25"), ZERO, ZERO)
    assert (value(long), long.goal, long.contracts_after) == ("8000", "target_pnl", 10_000)
    # V = Q(1 - f)/X - G, over 1 + f
    fee = Decimal("0.01")
    short = solve_entry_for_profit(position(SHORT), Decimal(10_000), Decimal("0.25"), fee, fee)
    assert value(short) == twin.printed(10_000 * Fraction("1.01") / (Fraction("0.99") - Fraction("0.25")))


def test_an_entry_for_profit_is_on_the_tick_and_makes_no_less() -> None:
    found = solve_entry_for_profit(bybit(), Decimal(70_000), Decimal("0.01"), TAKER, TAKER, bybit_isolated(bybit()))
    assert found.value is not None
    assert found.value % Decimal("0.5") == 0
    assert found.liquidation_price_after is not None
    net = [
        twin.net_pnl(1, 10_000, entry, 70_000, TAKER, TAKER, 0) for entry in (found.value, found.value + Decimal("0.5"))
    ]
    assert net[0] >= Fraction("0.01") > net[1]


def test_more_than_all_coins_is_no_profit_of_a_short() -> None:
    found = solve_entry_for_profit(position(SHORT), Decimal(10_000), ONE, ZERO, ZERO)
    assert (found.value, found.reason) == (None, "no entry makes so much")
    unknown = solve_entry_for_profit(position(), Decimal(10_000), ONE, None, ZERO)
    assert (unknown.value, unknown.reason) == (None, "the fees are not known")


# Prices


def test_a_margin_ratio_is_reached_below_a_long_and_above_a_short() -> None:
    # Half of the equity: Q(0.5 + mmr)/(0.5*(B + V)).
    below, above = solve_price(cross(position(), "0.1", HALF_PERCENT, "50000"), ratio("0.5"))
    assert value(below) == twin.printed(10_000 * Fraction("0.505") / Fraction("0.15"))
    assert (above.value, above.reason) == (None, "not reached at any price above")
    assert below.margin_ratio_after is not None
    assert plain(below.margin_ratio_after) == "0.5"
    below, above = solve_price(cross(position(SHORT), "0.1", HALF_PERCENT, "50000"), ratio("0.5"))
    assert below.value is None
    assert value(above) == twin.printed(10_000 * Fraction("0.495") / Fraction("0.05"))


def test_a_ratio_that_is_passed_lies_on_the_other_side() -> None:
    below, above = solve_price(cross(position(), "0.0015", HALF_PERCENT, "50000"), ratio("0.5"))
    assert below.value is None
    assert above.value is not None
    assert above.value > 50_000


def test_a_ratio_of_one_is_liquidation_itself() -> None:
    backed = cross(position(), "0.1", HALF_PERCENT, "50000")
    below, _ = solve_price(backed, ratio("1"))
    assert value(below) == plain(forward(backed).liquidation_price or ZERO)


def test_both_ends_of_a_rate_that_grows_with_size() -> None:
    growing = Schedule((Tier(None, Decimal("0.01")),), marginal=False, slope=Decimal("0.00005"))
    below, above = solve_price(cross(position(SHORT, "100000", "50000"), "1.5", growing, "50000"), ratio("0.8"))
    assert below.value is not None
    assert above.value is not None
    assert below.value < 50_000 < above.value


def test_a_ratio_that_a_tier_jumps_past_is_reached_at_its_border() -> None:
    # A long of 1.2 coins at 100,000: below 60,000 it is worth more than 2 coins, which ask for 50% instead of 1%.
    tiers = Schedule((Tier(Decimal(2), Decimal("0.01")), Tier(None, Decimal("0.5"))), marginal=False)
    below, _ = solve_price(cross(position(contracts="120000", entry="100000"), "2", tiers, "100000"), ratio("0.5"))
    assert value(below) == "60000"
    assert below.margin_ratio_after is not None
    assert plain(below.margin_ratio_after) == twin.printed(Fraction("0.02") / Fraction("1.2"))
    assert below.reason == "at the border of a tier, whose rate on the whole position passes the ratio"
    even, _ = solve_price(cross(position(), "0.1", HALF_PERCENT, "50000"), ratio("0.5"))
    assert even.reason is None


def test_an_equity_has_one_price() -> None:
    # 1 + 0.2 - 10,000/P
    below, above = solve_price(cross(position(), "1"), Goal("equity", Decimal("0.95")))
    assert (value(below), above.value) == ("40000", None)
    below, above = solve_price(cross(position(), "1"), Goal("equity", Decimal("1.1")))
    assert (below.value, value(above)) == (None, "100000")
    neither = solve_price(cross(position(), "1"), Goal("equity", Decimal(2)))
    assert [row.value for row in neither] == [None, None]


def test_an_equity_in_usd_is_a_line_in_the_price() -> None:
    # 1.2*P - 10,000
    _, above = solve_price(cross(position(), "1"), Goal("equity_usd", Decimal(62_000)))
    assert value(above) == "60000"
    # A short of all its coins is worth the same USD at every price.
    flat = solve_price(cross(position(SHORT), "0.2"), Goal("equity_usd", Decimal(10_000)))
    assert [row.value for row in flat] == [None, None]


def test_a_price_is_rounded_to_where_the_goal_is_kept() -> None:
    assert BYBIT.schedule is not None
    held = bybit()
    backed = Backed(
        Holding(held, BYBIT.schedule), Margin("cross", Decimal("0.1"), Decimal("0.1")), mark=held.entry_price
    )
    below, _ = solve_price(backed, ratio("0.8"))
    # 10,000*0.805/(0.8*0.26) = 38,701.92
    assert below.value == Decimal("38702.0")
    _, above = solve_price(backed, Goal("equity", Decimal("0.11")))
    # 10,000/0.15
    assert above.value == Decimal("66667.0")


def test_a_price_beyond_liquidation_says_so() -> None:
    backed = cross(position(), "0.1", HALF_PERCENT, "50000")
    below, _ = solve_price(backed, Goal("equity", Decimal("-0.05")))
    assert below.reason == "liquidated before it, at 33500"
    _, above = solve_price(backed._replace(mark=Decimal(30_000)), Goal("equity", Decimal("0.05")))
    assert above.reason is not None
    assert above.reason.startswith("already beyond the liquidation price")


def test_an_equity_needs_no_maintenance_rate() -> None:
    below, _ = solve_price(cross(position(), "1"), Goal("equity", Decimal("0.95")), maintained=False)
    assert (value(below), below.contracts_after, below.margin_after) == ("40000", 10_000, 1)
    assert (below.liquidation_price_after, below.margin_ratio_after) == (None, None)


def test_the_step_of_a_price() -> None:
    tick = PLAIN._replace(tick=Decimal("0.5"), rounding=Rounding(value=grid("down 8")))
    assert price_step(tick) == Decimal("0.5")
    assert price_step(tick._replace(rounding=EXACT)) is None
    assert price_step(tick._replace(tick=None)) == Decimal("0.01")


# Questions that cannot be asked


@pytest.mark.parametrize(
    ("backed", "goal", "message"),
    [
        (isolated(position()), liquidation("60000"), "liquidation: 60000 is above the entry price, where a long is not liquidated: give a price below it"),
        (isolated(position()), liquidation("50000"), "liquidation: 50000 is the entry price, where a long is not liquidated: give a price below it"),
        (isolated(position(SHORT), mark="48000"), liquidation("45000"), "liquidation: 45000 is below the mark price, where a short is not liquidated: give a price above it"),
        (isolated(position()), ratio("0.5"), "mark: is missing: give the price now"),
        (isolated(position(), mark="50000"), ratio("1"), "margin_ratio: 100% is out of range: give more than 0% and less than 100%"),
        (isolated(position(), mark="50000"), ratio("0"), "margin_ratio: 0% is out of range: give more than 0% and less than 100%"),
    ],
)  # fmt: skip
def test_a_question_without_sense_is_one_clear_line(backed: Backed, goal: Goal, message: str) -> None:
    for ask in (solve_margin, solve_leverage, solve_contracts):
        with pytest.raises(PerpcalcError) as error:
            ask(backed, goal)
        assert str(error.value) == message


def test_what_is_added_below_the_goal_is_refused() -> None:
    with pytest.raises(PerpcalcError, match="45000 is above the price it is added at, where a long is not liquidated"):
        solve_add(cross(position(), "1"), liquidation("45000"), Decimal(44_000), ZERO)


def test_a_price_for_a_ratio_beyond_liquidation_is_refused() -> None:
    with pytest.raises(PerpcalcError, match="margin_ratio: 110% is out of range: give more than 0% and at most 100%"):
        solve_price(cross(position(), "1"), ratio("1.1"))


# What a venue prints


@pytest.mark.parametrize(
    ("price", "end", "printed"),
    [
        ("50000.2", "below", "50000"), ("50000.2", "above", "50000.5"), ("50000.5", "below", "50000.5"),
        ("0.2", "below", "0.2"),
    ],
)  # fmt: skip
def test_a_goal_off_the_tick_is_taken_on_its_safe_side(price: str, end: str, printed: str) -> None:
    assert plain(printable_price(BYBIT, Decimal(price), end)) == printed


def test_of_a_grid_the_next_step_and_of_a_lot_the_next_satoshi() -> None:
    cut = PLAIN._replace(rounding=Rounding(liquidation_price=grid("down 2")))
    assert plain(printable_price(cut, Decimal("50000.123"), "below")) == "50000.12"
    bitmex = find("bitmex").instrument
    for end, side in (("below", 1), ("above", -1)):
        price = printable_price(bitmex, Decimal("43816.5"), end)
        assert side * (Decimal("43816.5") - price) >= 0
        per_lot = Decimal(100) / price
        assert abs(per_lot - round(per_lot, 8)) < Decimal("1E-30")


# The most that is lacking on a way


def test_what_is_lacking_is_the_most_on_the_way_and_the_start_is_not_on_it() -> None:
    held = Holding(position(), FREE)
    wallet = wallet_of(ZERO, [held])
    assert lacking(wallet, 1 / Decimal(50_000), 1 / Decimal(40_000)) == (ZERO, Decimal("0.05"))
    assert lacking(wallet, 1 / Decimal(40_000), 1 / Decimal(40_000)) == (Decimal("0.05"), Decimal("0.05"))


def test_another_contract_s_tier_counts_where_it_begins() -> None:
    # A short of 2 coins at 60,000 in a contract that asks for half of more than 2 coins: passed going up, its margin ends.
    tiers = Schedule((Tier(Decimal(2), ZERO), Tier(None, Decimal("0.5"))), marginal=False)
    other = Holding(position(SHORT, "120000", "50000", PLAIN._replace(name="OTHER")), tiers)
    found = solve_margin(cross(position(SHORT, "1"), "2", FREE, None, other), liquidation("70000"))
    # At 60,000 the shorts lose 0.4 and a bit, and 1 is asked for; at 70,000 they lose 0.69.
    assert found.value is not None
    assert twin.printed(Fraction(120_001) * (Fraction(1, 50_000) - Fraction(1, 60_000)) + 1 - 2) == value(found)
