"""Positions: average entries, partial closes, merging, and what a venue's engine keeps of a fill."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.instrument import PLAIN
from perpcalc.core.margin import maintenance_pieces
from perpcalc.core.pnl import closing_pnl, gross_pnl
from perpcalc.core.position import (
    LONG,
    SHORT,
    Fill,
    closed_part,
    closed_partly,
    merged,
    open_at,
    open_by_fills,
    open_for_value,
)
from perpcalc.core.rounding import Rounding, grid
from perpcalc.core.rules import Schedule, Tier
from perpcalc.decimals import ONE, plain
from perpcalc.errors import PerpcalcError
from perpcalc.venues import find

from . import twin
from .strategies import Trade, contracts, decimals, prices, sides, sizes, trades

BYBIT = PLAIN._replace(
    rounding=Rounding(value=grid("floor 8"), stored_value=grid("floor 8"), average=grid("half-up 8")),
    tick=Decimal("0.5"),
)
BITMEX_2019 = PLAIN._replace(
    lot=Decimal(1),
    tick=Decimal("0.5"),
    rounding=Rounding(
        value=grid("half-even 8"), value_of="lot", stored_value=grid("half-even 8"), average=grid("half-even 4")
    ),
)

fills = st.lists(st.builds(Fill, contracts, prices), min_size=1, max_size=6)


@given(sides, sizes, fills)
def test_the_average_entry_of_fills_is_their_harmonic_mean(side: Decimal, size: Decimal, filled: list[Fill]) -> None:
    position = open_by_fills(PLAIN._replace(contract_size=size), side, filled)
    in_usd = [(fill.contracts * size, fill.price) for fill in filled]
    assert plain(position.cost) == twin.printed(twin.cost(in_usd))
    assert plain(position.entry_price) == twin.printed(twin.average_entry(in_usd))
    assert position.contracts == sum(fill.contracts for fill in filled)
    assert position.notional == position.contracts * size


@given(sides, fills)
def test_the_average_lies_between_the_prices_paid(side: Decimal, filled: list[Fill]) -> None:
    entry = open_by_fills(PLAIN, side, filled).entry_price
    paid = [fill.price for fill in filled]
    assert Decimal(plain(min(paid))) <= Decimal(plain(entry)) <= Decimal(plain(max(paid)))


def test_the_arithmetic_mean_is_not_the_average_entry() -> None:
    # The mean of 400 and 600 is 500; 100 USD at each cost 0.25 + 0.1666... coins, an average of 480.
    position = open_by_fills(PLAIN, LONG, [Fill(Decimal(100), Decimal(400)), Fill(Decimal(100), Decimal(600))])
    assert plain(position.entry_price) == "480"


def test_a_single_fill_shows_its_own_price() -> None:
    price = Decimal("62500.7")
    assert open_by_fills(PLAIN, SHORT, [Fill(Decimal(3), price)]).entry_price == price


def test_no_fill_is_refused() -> None:
    with pytest.raises(PerpcalcError, match="there is no fill: give at least one"):
        open_by_fills(PLAIN, LONG, [])


@given(trades)
def test_an_entry_price_gives_the_coin_value(trade: Trade) -> None:
    position = trade.position
    assert plain(position.cost) == twin.printed(twin.cost([(trade.usd, trade.entry)]))
    assert position.stored_value == position.entry_value == position.cost
    assert position.entry_price == trade.entry


@given(trades, st.data())
def test_closing_part_leaves_the_average_and_takes_the_value_in_proportion(trade: Trade, data: st.DataObject) -> None:
    if trade.contracts < 2:
        return
    closed = Decimal(data.draw(st.integers(1, int(trade.contracts) - 1)))
    left = closed_partly(trade.position, closed)
    assert left.entry_price == trade.entry
    assert left.contracts == trade.contracts - closed
    assert plain(left.notional) == plain((trade.contracts - closed) * trade.size)
    share = Fraction(trade.contracts - closed) / Fraction(trade.contracts)
    assert plain(left.cost) == twin.printed(twin.cost([(trade.usd, trade.entry)]) * share)
    assert plain(sum(fill.contracts for fill in left.fills)) == plain(left.contracts)


@pytest.mark.parametrize("closed", ["0", "-1", "1000", "1001"])
def test_closing_nothing_or_all_is_refused(closed: str) -> None:
    position = open_at(PLAIN, LONG, Decimal(1_000), Decimal(1_000))
    with pytest.raises(PerpcalcError, match=f"{closed} of 1000 contracts cannot be closed and leave a position"):
        closed_partly(position, Decimal(closed))


@given(sides, sizes, fills, fills)
def test_merging_positions_is_filling_both(side: Decimal, size: Decimal, one: list[Fill], two: list[Fill]) -> None:
    instrument = PLAIN._replace(contract_size=size)
    both = merged(open_by_fills(instrument, side, one), open_by_fills(instrument, side, two))
    at_once = open_by_fills(instrument, side, one + two)
    assert plain(both.entry_price) == plain(at_once.entry_price)
    assert plain(both.cost) == plain(at_once.cost)
    assert both[:4] == at_once[:4]
    assert both.fills == at_once.fills


def test_merging_adds_the_values_that_an_engine_keeps() -> None:
    once = open_by_fills(BYBIT, LONG, [Fill(Decimal(1), Decimal(6_800))])
    twice = merged(once, once)
    assert (twice.stored_value, twice.entry_value) == (Decimal("0.0002941"), Decimal("0.0002941"))
    assert plain(twice.cost) == "0.000294117647058824"
    assert twice.entry_price == Decimal("6800.40802448")


def test_an_engine_keeps_cut_values_and_shows_their_average() -> None:
    # Bybit: two orders of 1 contract at 6800 are worth 2 * 0.00014705 (docs-legacy, order value 0.0002941).
    position = open_by_fills(BYBIT, LONG, [Fill(Decimal(1), Decimal(6_800))] * 2)
    assert position.stored_value == Decimal("0.0002941")
    assert position.entry_value == Decimal("0.0002941")
    assert plain(position.cost) == "0.000294117647058824"
    # 2/0.0002941 = 6800.4080...: the price that the engine shows is not the one that was paid.
    assert position.entry_price == Decimal("6800.40802448")


def test_contracts_worth_less_than_a_venue_can_keep_are_refused() -> None:
    # 1 USD at 200,000,000 is half a satoshi, which Bybit cuts to nothing: there is no average entry, and no return on it.
    price = Decimal(200_000_000)
    with pytest.raises(PerpcalcError):
        open_by_fills(BYBIT, LONG, [Fill(Decimal(1), price)])
    with pytest.raises(PerpcalcError):
        open_at(BYBIT, LONG, Decimal(1), price)


def test_the_price_that_an_engine_shows_leads_back_to_the_value_that_it_keeps() -> None:
    # Bybit V5: 3 contracts, position value 0.00015564, average price 19275.25057826; 3/19275.25057826 < 0.00015564.
    position = open_at(BYBIT, LONG, Decimal(3), Decimal("19275.25057826"))
    assert position.stored_value == Decimal("0.00015564")


def test_an_average_may_be_rounded_where_values_are_kept_exactly() -> None:
    # Binance prints 8 decimals, half up: 3/(1/7 + 1/11 + 1/13) = 3003/311 = 9.655948553...
    binance = PLAIN._replace(rounding=Rounding(value=grid("down 8"), average=grid("half-up 8")))
    filled = [Fill(Decimal(1), Decimal(price)) for price in (7, 11, 13)]
    position = open_by_fills(binance, LONG, filled)
    assert position.entry_price == Decimal("9.65594855")
    shown = open_at(binance, LONG, Decimal(3), position.entry_price)
    assert plain(shown.stored_value) == twin.printed(3 / Fraction(position.entry_price))
    assert shown.entry_value == Decimal("0.31068931")


def test_the_average_of_a_short_takes_the_value_of_a_contract_rounded_up() -> None:
    # BitMEX testnet position of 2019-04-07: short 693, cost 13365396 satoshi, average 5184.8395. The two fills are ours.
    filled = [Fill(Decimal(594), Decimal(5_185)), Fill(Decimal(99), Decimal("5184.5"))]
    position = open_by_fills(BITMEX_2019, SHORT, filled)
    assert position.stored_value == Decimal("0.13365396")
    assert position.entry_price == Decimal("5184.8395")


def test_a_tick_price_that_has_the_average_value_is_shown_as_itself() -> None:
    # BitMEX: 9284 satoshi a contract show as 10771, not as 1e8/9284 = 10771.2193 (position snapshot of 2019).
    position = open_by_fills(BITMEX_2019, LONG, [Fill(Decimal(100), Decimal(10_771))] * 2)
    assert position.stored_value == 200 * Decimal("0.00009284")
    assert position.entry_price == 10_771


def test_a_single_fill_shows_its_price_though_a_division_would_lose_a_digit() -> None:
    prices_lost = 0
    for price in map(Decimal, range(1, 100)):
        assert open_by_fills(PLAIN, LONG, [Fill(ONE, price)]).entry_price == price
        prices_lost += ONE / (ONE / price) != price
    assert prices_lost


def test_no_fill_is_refused_in_so_many_words() -> None:
    with pytest.raises(PerpcalcError) as error:
        open_by_fills(PLAIN, LONG, [])
    assert str(error.value) == "there is no fill: give at least one"


@pytest.mark.parametrize("opened", [open_at, lambda *how: open_by_fills(*how[:2], [Fill(*how[2:])])])
def test_a_position_worth_nothing_says_how_many_contracts_are_too_few(opened: Callable[..., object]) -> None:
    with pytest.raises(PerpcalcError) as error:
        opened(BYBIT, LONG, Decimal(1), Decimal(200_000_000))
    assert str(error.value) == (
        "1 contracts are worth less than the smallest amount of BTC at this entry: give more contracts"
    )


def test_the_last_contract_may_stay_open() -> None:
    filled = [Fill(Decimal(4), Decimal(6_800)), Fill(Decimal(4), Decimal(6_900))]
    left = closed_partly(open_by_fills(BYBIT, LONG, filled), Decimal(7))
    # Of the values kept, 4/6800 and 4/6900 cut to 0.00058823 and 0.00057971, seven eighths leave: 0.0010219475, cut too.
    stored = Decimal("0.00116794") - Decimal("0.00102194")
    assert (left.contracts, left.stored_value, left.entry_value) == (1, stored, stored)
    assert left.fills == (Fill(Decimal("0.5"), Decimal(6_800)), Fill(Decimal("0.5"), Decimal(6_900)))
    assert closed_partly(left, Decimal("0.75")).contracts == Decimal("0.25")


def test_the_value_printed_of_fills_may_be_rounded_where_the_exact_one_is_kept() -> None:
    binance = PLAIN._replace(rounding=Rounding(value=grid("down 8")))
    position = open_by_fills(binance, LONG, [Fill(Decimal(1), Decimal(price)) for price in (7, 11, 13)])
    # 1/7 + 1/11 + 1/13 = 0.310689310689...
    assert position.entry_value == Decimal("0.31068931")
    assert plain(position.stored_value) == "0.310689310689310689"


def test_the_average_of_a_long_takes_the_value_of_a_contract_rounded_down() -> None:
    # 594*0.00019286 + 99*0.00019288 = 0.13365396, 0.00019286.28... a contract, which is the value of the tick price 5185.
    filled = [Fill(Decimal(594), Decimal(5_185)), Fill(Decimal(99), Decimal("5184.5"))]
    position = open_by_fills(BITMEX_2019, LONG, filled)
    assert position.stored_value == Decimal("0.13365396")
    assert position.entry_price == 5_185


@pytest.mark.parametrize(("tick", "entry"), [(Decimal("0.5"), "42138.5"), (None, "42138.4416")])
def test_where_contracts_come_in_hundreds_the_value_of_a_hundred_is_cut(tick: Decimal | None, entry: str) -> None:
    # 2 * 0.00237487 + 0.00236967 are 0.00711941, 0.00237313.66... a lot; 100/42138.5 is 0.0023731267 and 0.00237313 too.
    in_hundreds = BITMEX_2019._replace(lot=Decimal(100), tick=tick)
    filled = [Fill(Decimal(200), Decimal("42107.5")), Fill(Decimal(100), Decimal(42_200))]
    position = open_by_fills(in_hundreds, LONG, filled)
    assert position.stored_value == Decimal("0.00711941")
    assert position.entry_price == Decimal(entry)


@pytest.mark.parametrize(("tick", "price", "entry"), [("0.00001", "0.77777", "0.77777"), ("0.5", "0.2", "0.2")])
def test_a_price_below_a_dollar_or_a_tick_has_an_average_too(tick: str, price: str, entry: str) -> None:
    cheap = BITMEX_2019._replace(tick=Decimal(tick))
    position = open_by_fills(cheap, LONG, [Fill(Decimal(1), Decimal(price))] * 2)
    assert position.entry_price == Decimal(entry)


def test_the_price_that_an_engine_shows_is_printed_with_the_value_it_keeps() -> None:
    # As above: 3/19275.25057826 is a little less than 0.00015564 and would be printed as 0.00015563.
    assert open_at(BYBIT, LONG, Decimal(3), Decimal("19275.25057826")).entry_value == Decimal("0.00015564")


def test_an_engine_may_keep_more_decimals_than_it_prints() -> None:
    # 3 contracts of 10 USD at 7,000 are 0.0042857142857... coins.
    finer = PLAIN._replace(
        contract_size=Decimal(10), rounding=Rounding(value=grid("down 4"), stored_value=grid("down 8"))
    )
    assert open_at(finer, LONG, Decimal(3), Decimal(7_000)).stored_value == Decimal("0.00428571")


# What a venue keeps of an entry

BYBIT_XRP = find("bybit", "XRPUSD").instrument


@pytest.mark.parametrize(
    ("spec", "name", "contracts", "price", "value"),
    [
        ("bybit", "XRPUSD", 400_000, "0.5", "800000"),
        ("bybit", "EOSUSD", 3_000, "2.5", "1200"),
        ("phemex", "BTCUSD", 600_000, "60000", "10"),
        ("bitmex@2020-02-18", "XBTUSD", 100_000, "10000", "10"),  # 10,000 satoshi a contract
    ],
)
def test_a_price_that_was_traded_stands_for_its_own_value(
    spec: str, name: str, contracts: int, price: str, value: str
) -> None:
    # The next step of the stored value shows the same average at cheap coins, but one fill does not have it.
    position = open_at(find(spec, name).instrument, LONG, Decimal(contracts), Decimal(price))
    assert (position.stored_value, position.entry_value) == (Decimal(value), Decimal(value))


def test_a_tier_holds_the_position_that_is_worth_just_its_limit() -> None:
    # 60,000 USD at 0.5 are 120,000 coins, the limit; a step of 0.00000001 above it would be in the next tier.
    schedule = Schedule((Tier(Decimal(120_000), Decimal("0.01")), Tier(None, Decimal("0.02"))), "entry", marginal=False)
    for opened in (
        open_at(BYBIT_XRP, LONG, Decimal(60_000), Decimal("0.5")),
        open_by_fills(BYBIT_XRP, LONG, [Fill(Decimal(60_000), Decimal("0.5"))]),
    ):
        (piece,) = maintenance_pieces(schedule, opened.contracts, opened.notional, opened.stored_value)
        assert (piece.tier, piece.constant) == (1, 1_200)


def test_an_average_leads_back_to_a_fill_at_the_tick_beside_it_before_any_other_value() -> None:
    # 2 contracts at 1.0308 are 1.940240589... coins, kept as 1.94024058; both that and 1.94024057 show as 1.03080001.
    fine = PLAIN._replace(tick=Decimal("0.0001"), rounding=BYBIT.rounding)
    filled = open_by_fills(fine, LONG, [Fill(Decimal(2), Decimal("1.0308"))])
    assert (filled.stored_value, filled.entry_price) == (Decimal("1.94024058"), Decimal("1.03080001"))
    assert open_at(fine, LONG, Decimal(2), Decimal("1.03080001")).stored_value == Decimal("1.94024058")


def test_without_a_tick_a_price_of_few_decimals_is_taken_as_traded() -> None:
    bare = BYBIT._replace(tick=None)
    # 1/1.01 is 0.990099009...; 0.99009900 shows as 1.01000001, and it is 0.99009901 that shows as 1.01.
    assert open_at(bare, LONG, ONE, Decimal("1.01")).stored_value == Decimal("0.99009900")
    assert open_at(bare, LONG, Decimal(3), Decimal("19275.25057826")).stored_value == Decimal("0.00015564")


def test_an_average_below_half_a_tick_has_no_tick_beside_it() -> None:
    # 100,000 USD at 0.00000123 are 81300813008.13008130081...
    position = open_at(BYBIT, LONG, Decimal(100_000), Decimal("0.00000123"))
    assert position.stored_value == Decimal("81300813008.13008130")


def test_kucoin_rounds_up_what_a_position_cost_and_takes_marks_by_the_contract() -> None:
    # Position of 2019-05: short 20, average 7508.22, posCost 0.00266375; mark 7947.83, markValue 0.00251640,
    # unrealisedPnl -0.00014735 (kucoin-futures-api-docs). By the contract 7508.22 would be 0.00266380.
    position = open_at(find("kucoin").instrument, SHORT, Decimal(20), Decimal("7508.22"))
    assert (position.stored_value, position.entry_value) == (Decimal("0.00266375"), Decimal("0.00266375"))
    assert position.entry_price == Decimal("7508.22")
    assert gross_pnl(position, Decimal("7947.83")) == Decimal("-0.00014735")


def test_kucoin_values_a_trade_as_a_whole() -> None:
    # By the contract, a million of them at 60,000 would lose 0.00333333 on the way in and out.
    position = open_at(find("kucoin").instrument, LONG, Decimal(1_000_000), Decimal(60_000))
    assert position.entry_value == Decimal("16.66666667")
    assert closing_pnl(position, Decimal(60_000)) == 0
    assert gross_pnl(position, Decimal(60_000)) == Decimal("-0.00333333")


# By its value


@given(sides, contracts, sizes, decimals("0.00000001", "1000", 8))
def test_a_position_of_a_value_shows_its_size_over_it(
    side: Decimal, held: Decimal, size: Decimal, value: Decimal
) -> None:
    position = open_for_value(PLAIN._replace(contract_size=size), side, held, value)
    assert (position.cost, position.stored_value, position.entry_value) == (value, value, value)
    assert plain(position.entry_price) == twin.printed(Fraction(held) * Fraction(size) / Fraction(value))
    assert position.fills == (Fill(held, position.entry_price),)
    assert (position.side, position.notional) == (side, held * size)


def test_the_value_that_a_venue_shows_is_exact_where_its_average_is_not() -> None:
    # BitMEX, XBTUSD of 2023-12-07 (ccxt pull request 20268): long 400, markValue 912904 satoshi, unrealisedPnl -635.
    bitmex = find("bitmex@2023-12-07").instrument
    position = open_for_value(bitmex, LONG, Decimal(400), Decimal("0.00912269"))
    assert gross_pnl(position, Decimal("43816.25")) == Decimal("-0.00000635")
    assert gross_pnl(open_at(bitmex, LONG, Decimal(400), Decimal("43846.72")), Decimal("43816.25")) == Decimal(
        "-0.00000636"
    )


def test_the_average_of_a_value_is_the_one_that_the_venue_shows() -> None:
    # Bybit: 299 contracts worth 0.00996518 would show 30004.47558398 if nothing had been closed; half up, 8 decimals.
    bybit = find("bybit@2023-05-22").instrument
    assert open_for_value(bybit, SHORT, Decimal(299), Decimal("0.00996518")).entry_price == Decimal("30004.47558398")
    # BitMEX: 4 lots for 912,269 satoshi are 228,067 a lot, cut; 100/0.00228067 = 43846.7643...
    bitmex = find("bitmex@2023-12-07").instrument
    assert open_for_value(bitmex, LONG, Decimal(400), Decimal("0.00912269")).entry_price == Decimal("43846.7643")


def test_lots_worth_less_than_a_satoshi_each_have_the_plain_average() -> None:
    # 300 contracts for one satoshi: a third of one a lot.
    bitmex = find("bitmex@2023-12-07").instrument
    assert open_for_value(bitmex, LONG, Decimal(300), Decimal("0.00000001")).entry_price == 30_000_000_000


def test_a_position_of_no_value_is_refused() -> None:
    with pytest.raises(PerpcalcError, match="are worth less than the smallest amount"):
        open_for_value(PLAIN, LONG, ONE, Decimal(0))


# Closed in part


def test_the_share_that_is_closed_is_cut_and_the_average_stays() -> None:
    # JKorf/Bybit.Net, V5 position list of 2023-05-22: short 300 at 30004.5 in two fills worth 0.00999850 BTC, 1 closed:
    # size 299, positionValue 0.00996518, avgPrice 30004.5006751, unrealisedPnl 0.00113932 at 26926.
    bybit = find("bybit@2023-05-22").instrument
    position = open_by_fills(bybit, SHORT, [Fill(Decimal(150), Decimal("30004.5"))] * 2)
    assert position.stored_value == Decimal("0.00999850")
    left = closed_partly(position, ONE)
    assert (left.contracts, left.stored_value, left.entry_value) == (299, Decimal("0.00996518"), Decimal("0.00996518"))
    assert left.entry_price == Decimal("30004.50067510")
    assert gross_pnl(left, Decimal(26_926)) == Decimal("0.00113932")
    gone = closed_part(position, ONE)
    assert (gone.stored_value, gone.entry_price) == (Decimal("0.00003332"), left.entry_price)


def test_closing_all_of_a_position_takes_all_of_it() -> None:
    position = open_for_value(BYBIT, LONG, Decimal(7), Decimal("0.000123456789"))
    assert closed_part(position, Decimal(7)) is position


@pytest.mark.parametrize("closed", ["0", "-1", "8"])
def test_no_part_is_more_than_all(closed: str) -> None:
    position = open_at(PLAIN, LONG, Decimal(7), Decimal(1_000))
    with pytest.raises(PerpcalcError) as error:
        closed_part(position, Decimal(closed))
    assert str(error.value) == f"{closed} of 7 contracts cannot be closed: close at most what is open"


def test_what_is_left_must_be_worth_something() -> None:
    # Of two contracts for one satoshi KuCoin's half is rounded up to all of it.
    position = open_for_value(find("kucoin").instrument, LONG, Decimal(2), Decimal("0.00000001"))
    with pytest.raises(PerpcalcError, match="are worth less than the smallest amount"):
        closed_partly(position, ONE)


def test_where_values_are_only_printed_each_part_prints_its_own() -> None:
    # Deribit: 3 contracts of 10 USD at 7,000 are 0.004285714, one is 0.001428571 and two 0.002857143.
    position = open_at(find("deribit").instrument, LONG, Decimal(3), Decimal(7_000))
    gone, left = closed_part(position, ONE), closed_partly(position, ONE)
    assert [part.entry_value for part in (position, gone, left)] == [
        Decimal("0.004285714"),
        Decimal("0.001428571"),
        Decimal("0.002857143"),
    ]
    assert plain(left.stored_value) == twin.printed(Fraction(20, 7_000))


def test_values_by_the_contract_may_be_printed_where_exact_ones_are_kept() -> None:
    # 1/7 and 1/11 of a coin are 0.1429 and 0.0909, times how many contracts there are; of 5 contracts 3 stay.
    printed = PLAIN._replace(rounding=Rounding(value=grid("half-up 4"), value_of="contract"))
    position = open_by_fills(printed, LONG, [Fill(Decimal(3), Decimal(7)), Fill(Decimal(2), Decimal(11))])
    assert position.entry_value == 3 * Decimal("0.1429") + 2 * Decimal("0.0909")
    assert plain(position.stored_value) == twin.printed(Fraction(3, 7) + Fraction(2, 11))
    left = closed_partly(position, Decimal(2))
    assert left.entry_value == position.entry_value * 3 / 5
    assert plain(left.stored_value) == twin.printed((Fraction(3, 7) + Fraction(2, 11)) * Fraction(3, 5))
