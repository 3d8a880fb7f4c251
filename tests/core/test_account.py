"""Wallets: equity and maintenance margin of many positions, and the prices between which they live."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.instrument import PLAIN
from perpcalc.core.liquidation import liquidation
from perpcalc.core.position import LONG, SHORT, merged, open_at
from perpcalc.core.rounding import Rounding, grid
from perpcalc.core.rules import ClosingFee, Schedule, Tier, flat_rate
from perpcalc.core.spans import safe_spans, segments
from perpcalc.core.wallet import (
    Holding,
    Wallet,
    bankruptcy_x,
    closing_fees,
    closing_fees_at_bankruptcy,
    equity,
    group_maintenance,
    maintenance,
    piece_at,
    wallet_of,
)
from perpcalc.decimals import ONE, ZERO, plain

from . import twin
from .strategies import Trade, account_of, decimals, moves, rules, schedule_of, trades, wallets

FLAT = flat_rate(Decimal("0.01"))


def held(
    side: Decimal, contracts: int, entry: int, schedule: Schedule = FLAT, hedge: bool = False, **more: object
) -> Holding:
    instrument = PLAIN._replace(hedge_mode=hedge)
    return Holding(open_at(instrument, side, Decimal(contracts), Decimal(entry)), schedule, **more)  # type: ignore[arg-type]


def prices_of(wallet: Wallet) -> list[tuple[str | None, str | None]]:
    """(upper, lower) price of each stretch in which the wallet lives, from the highest down."""
    return [
        (None if span.start == 0 else plain(1 / span.start), None if span.end is None else plain(1 / span.end))
        for span in safe_spans(wallet, closing_fees_at_bankruptcy(wallet))
    ]


def expected_prices(wallet: twin.Wallet) -> list[tuple[str | None, str | None]]:
    return [
        (None if start == 0 else twin.printed(1 / start), None if end is None else twin.printed(1 / end))
        for start, end in wallet.survival()
    ]


# What a wallet holds


@given(wallets(), moves)
def test_equity_and_maintenance_at_any_price_are_the_sums_over_the_positions(
    drawn: tuple[Decimal, list[twin.Leg], dict[str, twin.Rules]], move: Decimal
) -> None:
    wallet, _ = account_of(*drawn)
    model = twin.Wallet(*drawn)
    price = drawn[1][0].entry * move
    x = 1 / Fraction(price)
    assert plain(equity(wallet, 1 / price)) == twin.printed(model.equity(x))
    assert plain(maintenance(wallet, 1 / price)) == twin.printed(model.maintenance(x))
    fees = model.fees(x, at_bankruptcy=False) + model.reserved
    assert plain(closing_fees(wallet, 1 / price)) == twin.printed(fees)


def test_positions_of_one_side_share_a_tier() -> None:
    # 6 and 6 coins in whole tiers of 1% up to 10 and 2% above: 12 coins take 2%, not twice 1%.
    tiers = Schedule((Tier(Decimal(10), Decimal("0.01")), Tier(None, Decimal("0.02"))), marginal=False)
    twice = [held(LONG, 60_000, 10_000, tiers), held(LONG, 60_000, 12_000, tiers)]
    wallet = wallet_of(ONE, twice)
    assert maintenance(wallet, ONE / 10_000) == Decimal("0.24")
    assert wallet.group_of == (0, 0)


def test_opposite_sides_net_in_one_way_mode() -> None:
    both = [held(LONG, 30_000, 10_000), held(SHORT, 10_000, 10_000)]
    wallet = wallet_of(ONE, both)
    assert wallet.group_of == (0, 0)
    assert maintenance(wallet, ONE / 10_000) == Decimal("0.02")


def test_opposite_sides_are_both_charged_in_hedge_mode() -> None:
    both = [held(LONG, 30_000, 10_000, hedge=True), held(SHORT, 10_000, 10_000, hedge=True)]
    wallet = wallet_of(ONE, both)
    assert wallet.group_of == (0, 1)
    assert maintenance(wallet, ONE / 10_000) == Decimal("0.04")


def test_opposite_sides_of_the_same_size_need_no_margin_when_they_net() -> None:
    locked = [held(LONG, 10_000, 10_000), held(SHORT, 10_000, 8_000)]
    wallet = wallet_of(ONE, locked)
    assert maintenance(wallet, ONE / 10_000) == 0
    assert prices_of(wallet) == [(None, None)]
    assert bankruptcy_x(wallet) is None


def test_different_contracts_of_a_coin_neither_merge_nor_net() -> None:
    other = held(SHORT, 10_000, 10_000)._replace(ratio=Decimal("1.02"))
    wallet = wallet_of(ONE, [held(LONG, 10_000, 10_000), other])
    assert wallet.group_of == (0, 1)


def test_a_funding_rate_does_not_keep_opposite_sides_from_netting() -> None:
    # The market's rate is one; it is paid by the long and received by the short.
    rate = Decimal("0.0001")
    both = [held(LONG, 30_000, 10_000, funding_rate=rate), held(SHORT, 10_000, 10_000, funding_rate=-rate)]
    assert maintenance(wallet_of(ONE, both), ONE / 10_000) == Decimal("0.02")


def test_a_funding_rate_known_for_one_position_does_not_keep_two_from_merging() -> None:
    tiers = Schedule((Tier(Decimal(10), Decimal("0.01")), Tier(None, Decimal("0.02"))), marginal=False)
    one, other = held(LONG, 60_000, 10_000, tiers, funding_rate=Decimal("0.0001")), held(LONG, 60_000, 12_000, tiers)
    assert maintenance(wallet_of(ONE, [one, other]), ONE / 10_000) == Decimal("0.24")


def test_adverse_funding_is_charged_on_what_is_left_after_netting() -> None:
    # BitMEX: maintenance = cost*(mm + max(0, s*F)); 2 coins net long at 1%, and 0.3% that longs pay.
    schedule = Schedule((Tier(None, Decimal("0.01")),), marginal=False, adverse_funding=True)
    rate = Decimal("0.003")
    both = [
        held(LONG, 30_000, 10_000, schedule, funding_rate=rate),
        held(SHORT, 10_000, 10_000, schedule, funding_rate=-rate),
    ]
    assert maintenance(wallet_of(ONE, both), ONE / 10_000) == Decimal("0.026")


def test_equity_counts_the_value_that_a_venue_keeps() -> None:
    # 1 USD at 6,800 is kept as 0.00014705 on Bybit.
    bybit = PLAIN._replace(rounding=Rounding(value=grid("floor 8"), stored_value=grid("floor 8")))
    wallet = wallet_of(ONE, [Holding(open_at(bybit, LONG, ONE, Decimal(6_800)), FLAT)])
    assert equity(wallet, ZERO) == Decimal("1.00014705")


def test_maintenance_on_the_entry_value_is_rounded_as_the_venue_keeps_it() -> None:
    # BitMEX snapshot A: short 20, cost 597100 satoshi, 0.5% and 0.375% of adverse funding: 5224.625 is kept as 5225.
    bitmex = PLAIN._replace(
        rounding=Rounding(
            value=grid("half-even 8"),
            value_of="contract",
            stored_value=grid("half-even 8"),
            maintenance=grid("ceiling 8"),
        )
    )
    position = open_at(bitmex, SHORT, Decimal(20), Decimal("3349.5"))
    schedule = Schedule((Tier(None, Decimal("0.005")),), "entry", marginal=False, adverse_funding=True)
    wallet = wallet_of(ONE, [Holding(position, schedule, funding_rate=Decimal("0.00375"))])
    assert maintenance(wallet, ONE / 3_000) == Decimal("0.00005225")


def test_a_rate_that_grows_with_size_takes_the_value_at_the_contract_s_own_price() -> None:
    # A dated contract at 1.25 times the mark of 8,000: 1,000,000 USD at 10,000 are 100 BTC, 1.5% of which are kept.
    schedule = Schedule((Tier(None, Decimal("0.01")),), marginal=False, slope=Decimal("0.00005"))
    dated = held(SHORT, 1_000_000, 9_000, schedule, ratio=Decimal("1.25"))
    wallet = wallet_of(Decimal(20), [dated])
    assert maintenance(wallet, ONE / 8_000) == Decimal("1.5")
    model = twin.Wallet(
        20,
        [twin.Leg(-1, 1_000_000, 9_000, 1, Decimal("1.25"))],
        twin.Rules(((None, Decimal("0.01")),), growth=Decimal("0.00005")),
    )
    assert prices_of(wallet) == expected_prices(model)


# Where it lives


@given(wallets())
def test_a_wallet_lives_where_the_model_does(drawn: tuple[Decimal, list[twin.Leg], dict[str, twin.Rules]]) -> None:
    wallet, _ = account_of(*drawn)
    assert prices_of(wallet) == expected_prices(twin.Wallet(*drawn))


@given(wallets())
def test_bankruptcy_is_where_the_equity_just_pays_the_fees_due_there(
    drawn: tuple[Decimal, list[twin.Leg], dict[str, twin.Rules]],
) -> None:
    wallet, _ = account_of(*drawn)
    x, expected = bankruptcy_x(wallet), twin.Wallet(*drawn).bankruptcy_x
    assert (x and plain(1 / x)) == twin.printed(expected and 1 / expected)


@given(wallets())
def test_no_end_of_a_stretch_is_inside_the_safe_range(
    drawn: tuple[Decimal, list[twin.Leg], dict[str, twin.Rules]],
) -> None:
    wallet, _ = account_of(*drawn)
    spans = safe_spans(wallet, closing_fees_at_bankruptcy(wallet))
    for span in spans:
        inside = span.start * 2 + ONE if span.end is None else (span.start + span.end) / 2
        assert equity(wallet, inside) > maintenance(wallet, inside) + closing_fees(wallet, inside)
    assert all(one.end is not None and one.end <= two.start for one, two in pairwise(spans))


@given(st.data(), trades, moves, decimals("0.01", "1", 2))
def test_more_balance_only_widens_the_safe_range(
    data: st.DataObject, trade: Trade, move: Decimal, more: Decimal
) -> None:
    found = data.draw(rules(trade))._replace(fee_at_bankruptcy=False)
    holdings = [Holding(trade.position, schedule_of(found), ClosingFee(Decimal(found.fee)))]
    balance = trade.usd / trade.entry / 10 * move
    narrow, wide = (safe_spans(wallet_of(b, holdings)) for b in (balance, balance * (1 + more)))
    for span in narrow:
        assert any(
            around.start <= span.start and (around.end is None or (span.end is not None and span.end <= around.end))
            for around in wide
        )


@given(trades, trades, decimals("0", "1", 2))
def test_merged_fills_and_two_holdings_live_alike(one: Trade, two: Trade, balance: Decimal) -> None:
    two = two._replace(side=one.side, size=one.size)
    pair = [Holding(trade.position, FLAT) for trade in (one, two)]
    together = Holding(merged(one.position, two.position), FLAT)
    assert prices_of(wallet_of(balance, pair)) == prices_of(wallet_of(balance, [together]))


def test_a_rate_that_grows_with_size_gives_a_short_a_lower_end_too() -> None:
    # Deribit: 1% + 0.005% per BTC. Short 1,000,000 USD from 10,000 with 20 BTC:
    # 20 - 100 + w = 0.01*w + 0.00005*w^2 in coin value w = Q/P gives w = (0.99 +- sqrt(0.9641))/0.0001.
    schedule = Schedule((Tier(None, Decimal("0.01")),), marginal=False, slope=Decimal("0.00005"))
    (span,) = safe_spans(wallet_of(Decimal(20), [held(SHORT, 1_000_000, 10_000, schedule)]))
    assert span.end is not None
    small, large = span.start * 1_000_000, span.end * 1_000_000
    assert round(small, 6) == Decimal("81.140596")
    assert round(large, 6) == Decimal("19718.859404")
    # Vieta: the product of the roots is 80/0.00005, their sum 0.99/0.00005.
    assert round(small * large, 60) == 1_600_000
    assert round(small + large, 60) == 19_800


def test_a_whole_position_tier_that_jumps_past_the_equity_ends_the_range_at_its_border() -> None:
    # Long 40,000 USD from 10,000 with 4 BTC: 8 - w of equity at a value of w BTC. At w = 5 it is 3, the first tier asks
    # 0.05, the second 4.
    schedule = Schedule((Tier(Decimal(5), Decimal("0.01")), Tier(None, Decimal("0.8"))), marginal=False)
    assert prices_of(wallet_of(Decimal(4), [held(LONG, 40_000, 10_000, schedule)])) == [(None, "8000")]


def test_a_short_may_live_on_both_sides_of_a_tier_that_it_cannot_pay() -> None:
    # Short 100,000 USD from 10,000 with 1 BTC: equity w - 9. Up to w = 10 it keeps 1%, from there on 20% of w: dead from
    # w = 10 to 9/0.8 = 11.25, alive below 10 down to 9/0.99.
    schedule = Schedule((Tier(Decimal(10), Decimal("0.01")), Tier(None, Decimal("0.2"))), marginal=False)
    assert prices_of(wallet_of(ONE, [held(SHORT, 100_000, 10_000, schedule)])) == [
        ("11000", "10000"),
        ("8888.888888888888888889", None),
    ]


def test_a_hedged_wallet_over_distant_tiers_has_both_ends() -> None:
    # 100,000 USD long and short with 1 BTC, both from 10,000: equity 1 at any price, and two bands to pay: 1% up to
    # 10 BTC, 10% above. 2*(0.1 + 0.1*(w - 10)) = 1 gives w = 14, a price of 7142.857...; upwards nothing is owed.
    schedule = Schedule((Tier(Decimal(10), Decimal("0.01")), Tier(None, Decimal("0.1"), Decimal("0.9"))))
    both = [held(LONG, 100_000, 10_000, schedule, hedge=True), held(SHORT, 100_000, 10_000, schedule, hedge=True)]
    assert prices_of(wallet_of(ONE, both)) == [(None, "7142.857142857142857143")]
    # With 10,000 USD more of the short the wallet has an upper end too: 0.5 - 11 + 10 + w/10 of equity...
    both[1] = held(SHORT, 110_000, 10_000, schedule, hedge=True)
    model = twin.Wallet(
        Decimal("0.5"),
        [twin.Leg(1, 100_000, 10_000), twin.Leg(-1, 110_000, 10_000)],
        twin.Rules(((10, Decimal("0.01")), (None, Decimal("0.1"))), hedge=True),
    )
    found = prices_of(wallet_of(Decimal("0.5"), both))
    assert found == expected_prices(model)
    ((upper, lower),) = found
    assert upper is not None
    assert lower is not None


def test_a_wallet_that_no_price_saves_has_no_range() -> None:
    assert prices_of(wallet_of(Decimal("-3"), [held(LONG, 20_000, 10_000)])) == []


def test_fees_at_bankruptcy_are_reserved_and_fees_at_liquidation_charged_there() -> None:
    # Bybit help, cross margin, long 10,000 USD from 8,000, balance 0.5, MMR 0.5%, fee 0.075%: bankruptcy price
    # 1.00075*10000/1.75 = 5718.57, liquidation price 10000/(1.75 - 0.00625 - 10000*0.00075/5718.57) = 5739.0835
    entry_basis = flat_rate(Decimal("0.005"), basis="entry")
    holding = held(LONG, 10_000, 8_000, entry_basis, closing_fee=ClosingFee(Decimal("0.00075"), at_bankruptcy=True))
    wallet = wallet_of(Decimal("0.5"), [holding])
    broke = bankruptcy_x(wallet)
    assert broke is not None
    assert round(1 / broke, 2) == Decimal("5718.57")
    reserve = closing_fees(wallet, ONE)
    assert reserve == closing_fees(wallet, ONE / 5_000)
    (span,) = safe_spans(wallet, reserve)
    assert span.end is not None
    assert round(1 / span.end, 4) == Decimal("5739.0835")
    # Charged at the liquidation price instead: 10000*1.00075/(1.75 - 0.00625).
    (span,) = safe_spans(wallet_of(Decimal("0.5"), [holding._replace(closing_fee=ClosingFee(Decimal("0.00075")))]))
    assert span.end is not None
    assert plain(1 / span.end) == twin.printed(
        twin.liquidation_at_entry(1, 10_000, 8_000, Decimal("0.5"), Decimal("0.005"), 0, Decimal("0.00075"))
    )


def test_a_wallet_whose_contracts_cancel_has_no_end() -> None:
    # Long 589 and 87, short 676 of a contract at 0.982 times the mark: nothing is left, whatever 1/0.982 rounds to.
    legs = [held(LONG, 589, 50_000), held(LONG, 87, 51_000), held(SHORT, 676, 52_000)]
    wallet = wallet_of(ONE, [leg._replace(ratio=Decimal("0.982")) for leg in legs])
    assert prices_of(wallet) == [(None, None)]
    assert bankruptcy_x(wallet) is None


@pytest.mark.parametrize("balance", ["0.5", "0"])
def test_an_empty_wallet_lives_on_anything_above_zero(balance: str) -> None:
    wallet = wallet_of(Decimal(balance), [])
    assert wallet.linear == ZERO
    assert prices_of(wallet) == ([(None, None)] if Decimal(balance) else [])


def test_opposite_sides_net_before_a_tier_in_contracts_is_chosen() -> None:
    # 300 long and 200 short leave 100 contracts, in the first tier; 101 would be in the second.
    schedule = Schedule(
        (Tier(Decimal(100), Decimal("0.01")), Tier(None, Decimal("0.5"))), unit="contracts", marginal=False
    )
    for short, rate in ((200, "0.01"), (199, "0.5")):
        wallet = wallet_of(ONE, [held(LONG, 300, 10_000, schedule), held(SHORT, short, 10_000, schedule)])
        assert maintenance(wallet, 1 / Decimal(100)) == (300 - short) / Decimal(100) * Decimal(rate)


def test_a_tier_in_coin_counts_the_value_at_the_contract_s_own_price() -> None:
    # 10,000 USD at 1.25 times a reference of 8,000 are one coin, the limit of the first tier; at 7,999 a little more.
    schedule = Schedule((Tier(ONE, Decimal("0.01")), Tier(None, Decimal("0.5"))), marginal=False)
    (group,) = wallet_of(ONE, [held(LONG, 10_000, 8_000, schedule, ratio=Decimal("1.25"))]).groups
    assert group_maintenance(group, ONE / 8_000) == Decimal("0.01")
    assert group_maintenance(group, ONE / 7_999) > Decimal("0.5")
    assert piece_at(group, ONE / 8_000).rate == Decimal("0.5")


def test_at_an_endless_price_nothing_is_asked_for() -> None:
    (group,) = wallet_of(ONE, [held(LONG, 10_000, 8_000)]).groups
    assert group_maintenance(group, ZERO) == 0


def test_a_growing_rate_may_have_tiers_too() -> None:
    # Long 10 coins from 10,000 on 5: 15 - w = (0.01 + 0.001*w)*w up to w = 12, (0.02 + 0.001*w)*w beyond: w = 14.5...
    growing = Schedule(
        (Tier(Decimal(12), Decimal("0.01")), Tier(None, Decimal("0.02"))), marginal=False, slope=Decimal("0.001")
    )
    ((above, below),) = prices_of(wallet_of(Decimal(5), [held(LONG, 100_000, 10_000, growing)]))
    assert above is None
    assert below is not None
    value = 100_000 / Decimal(below)
    assert value > 12
    assert round(15 - value - (Decimal("0.02") + Decimal("0.001") * value) * value, 12) == 0


def test_a_hundredth_of_a_dollar_has_both_ends_like_a_million() -> None:
    # In coins the same: 100 on 20, at a rate that grows by 0.005% per coin. Both ends are a hundred millionth in USD.
    growing = Schedule((Tier(None, Decimal("0.01")),), marginal=False, slope=Decimal("0.00005"))
    cent = PLAIN._replace(contract_size=Decimal("0.01"))
    small = wallet_of(Decimal(20), [Holding(open_at(cent, SHORT, ONE, Decimal("0.0001")), growing)])
    large = wallet_of(Decimal(20), [held(SHORT, 1_000_000, 10_000, growing)])
    (one,), (million,) = safe_spans(small), safe_spans(large)
    assert one.end is not None
    assert million.end is not None
    assert [round(x / 10**8, 40) for x in one] == [round(x, 40) for x in million]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("constant", "linear"), [("0", "8000"), ("0", "-8000"), ("1", "0"), ("1", "-8000"), ("-1", "8000")]
)
def test_without_equity_to_lose_or_a_way_to_lose_it_there_is_no_bankruptcy(constant: str, linear: str) -> None:
    assert bankruptcy_x(Wallet(ONE, Decimal(constant), Decimal(linear), (), ())) is None


def test_at_zero_equity_on_the_way_up_or_down_there_is_bankruptcy() -> None:
    assert bankruptcy_x(Wallet(ONE, ONE, Decimal(8_000), (), ())) == ONE / 8_000
    assert bankruptcy_x(Wallet(ONE, -ONE, Decimal(-8_000), (), ())) == ONE / 8_000


def test_a_deduction_at_the_mark_counts_exactly_however_maintenance_is_printed() -> None:
    cut = PLAIN._replace(rounding=Rounding(maintenance=grid("floor 2")))
    schedule = flat_rate(Decimal("0.005"), Decimal("0.0015"))
    wallet = wallet_of(ONE, [Holding(open_at(cut, LONG, Decimal(10_000), Decimal(10_000)), schedule)])
    # P = Q(1 + mmr)/(B + V + D)
    assert prices_of(wallet) == [(None, twin.printed(Fraction(10_050) / Fraction("2.0015")))]


def test_a_growing_rate_may_leave_a_short_no_price_at_all() -> None:
    # Short 1,000,000 USD from 10,000, 100 coins on 1: 99 less than its value w, of which 1% and 1% per coin are asked for.
    growing = Schedule((Tier(None, Decimal("0.01")),), marginal=False, slope=Decimal("0.01"))
    assert safe_spans(wallet_of(ONE, [held(SHORT, 1_000_000, 10_000, growing)])) == []


def test_a_wallet_without_positions_owes_a_decimal_nothing() -> None:
    empty = wallet_of(ONE, [])
    assert empty.linear.is_zero()
    assert maintenance(empty, ONE).is_zero()


# Exactly nothing


@pytest.mark.parametrize(("sides", "mmr"), [((LONG, SHORT), "0.01"), ((SHORT, LONG), "0.01"), ((LONG, SHORT), "0")])
def test_a_wallet_of_no_equity_at_any_price_lives_at_none(sides: tuple[Decimal, Decimal], mmr: str) -> None:
    # 1/3 and 1/3 against 2/3 of a coin: 0.333...3 twice is not 0.666...7, but the wallet owns nothing, neither more nor less.
    one, other = sides
    legs = [held(one, 1, 3, flat_rate(Decimal(mmr))) for _ in range(2)] + [held(other, 2, 3, flat_rate(Decimal(mmr)))]
    assert legs[0].position.stored_value * 2 != legs[2].position.stored_value
    wallet = wallet_of(ZERO, legs)
    assert (wallet.constant, wallet.linear) == (0, 0)
    assert safe_spans(wallet) == []
    row = liquidation(wallet, 0, legs[0], Decimal(3), by_mark=False)
    assert (row.beyond, row.margin_ratio, row.bankruptcy_price) == (True, 1, None)
    assert row.reason == "the maintenance margin exceeds the equity at every price"
    tiny = wallet_of(Decimal("1E-18"), legs)
    assert prices_of(tiny) == [(None, None)]


@pytest.mark.parametrize(("fee", "rate"), [("0", "1"), ("0.1", "0.9"), ("0.0005", "0.9995")])
@pytest.mark.parametrize("ratio", ["1", "0.7", "0.9", "0.3"])
def test_a_margin_that_takes_exactly_the_equity_at_every_price_leaves_none(fee: str, rate: str, ratio: str) -> None:
    # Shorts on their own coin value: the equity is their value w, of which the rate and the fees take all. Q/0.9 is cut to a hundred
    # digits, and what the sums of such numbers leave is not the answer.
    for sizes in ((12_345,), (7, 1), (1_000, 11)):
        shorts = [
            held(SHORT, usd, 1, flat_rate(Decimal(rate)), closing_fee=ClosingFee(Decimal(fee)), ratio=Decimal(ratio))
            for usd in sizes
        ]
        named = [
            one._replace(position=one.position._replace(instrument=PLAIN._replace(name=f"{index}")))
            for index, one in enumerate(shorts)
        ]
        assert safe_spans(wallet_of(Decimal(sum(sizes)), named)) == []
        richer = wallet_of(Decimal(sum(sizes)) + Decimal("1E-18"), named)
        assert prices_of(richer) == [(None, None)]


def test_contracts_at_three_marks_that_cancel_leave_no_exposure() -> None:
    # 4/0.3 + 4/0.7 = 4/0.21: nothing is left, though the first two are cut to a hundred digits each.
    legs = [
        Holding(open_at(PLAIN._replace(name=ratio), side, Decimal(4), ONE), FLAT, ratio=Decimal(ratio))
        for side, ratio in ((LONG, "0.3"), (LONG, "0.7"), (SHORT, "0.21"))
    ]
    assert 4 / Decimal("0.3") + 4 / Decimal("0.7") != 4 / Decimal("0.21")
    wallet = wallet_of(ZERO, legs)
    assert wallet.linear == 0
    assert bankruptcy_x(wallet) is None


@pytest.mark.parametrize(("usd", "long", "short"), [(90, 7, 7), (1_000, 3, 7), (12_345, 11, 13)])
def test_a_reserve_of_all_the_equity_leaves_none(usd: int, long: int, short: int) -> None:
    # Both sides kept: the equity is the same at every price, and all of it the fees at the price where they take it.
    fee = ClosingFee(Decimal("0.0005"), at_bankruptcy=True)
    legs = [
        held(side, usd, price, flat_rate(ZERO), hedge=True, closing_fee=fee)
        for side, price in ((LONG, long), (SHORT, short))
    ]
    wallet = wallet_of(Decimal(usd), legs)
    assert wallet.linear == 0
    assert safe_spans(wallet, closing_fees_at_bankruptcy(wallet)) == []


@pytest.mark.parametrize(("usd", "price"), [(12, 3), (4, 3), (5, 3), (19, 11), (178, 17), (94, 9)])
def test_an_equity_that_only_touches_the_margin_dies_there(usd: int, price: int) -> None:
    # A rate that grows with the value, w*w/4, against w - 1 of equity: they meet at w = 2 alone, whatever digits 19/11 was cut to.
    growing = Schedule((Tier(None, ZERO),), marginal=False, slope=Decimal("0.25"))
    coins = Decimal(usd - price) / price
    assert safe_spans(wallet_of(coins, [held(SHORT, usd, price, growing)])) == []


def test_a_deduction_at_the_mark_asks_for_nothing_rather_than_less() -> None:
    # 1% of 8,000 USD are 0.005 coins at 16,000 USD: above that nothing is asked for, and nothing given either.
    holding = held(LONG, 8_000, 8_000, flat_rate(Decimal("0.01"), Decimal("0.005")))
    wallet = wallet_of(ONE, [holding])
    asked = [maintenance(wallet, ONE / price) for price in (32_000, 16_000, 8_000)]
    assert [plain(amount) for amount in asked] == ["0", "0", "0.005"]
    assert [segment.left for segment in segments(wallet)] == [0, ONE / 16_000]
