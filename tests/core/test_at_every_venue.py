"""What must hold under the rounding of every preset that comes with the program, for many sizes and prices."""

import random
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest

from perpcalc.core.instrument import Instrument
from perpcalc.core.liquidation import Liquidation, ends, liquidated_at, margin_ratio, position_liquidation
from perpcalc.core.margin import Margin, isolated_margin
from perpcalc.core.pnl import profit_and_loss, safe_tick, target_price
from perpcalc.core.position import LONG, SHORT, Fill, Position, closed_part, closed_partly, open_at, open_by_fills
from perpcalc.core.rounding import to_multiple
from perpcalc.core.rules import ClosingFee, flat_rate
from perpcalc.core.wallet import Holding, wallet_of
from perpcalc.decimals import ZERO, places
from perpcalc.errors import PerpcalcError
from perpcalc.venues import find, load
from perpcalc.venues.tables import shipped_names

LISTED = [(venue, name) for venue in shipped_names() for name in load(venue).tables["instruments"]]
DAYS = ("2019-06-01", "2021-07-01", "2023-06-01", "")
PRICES = {"BTC": 60_000, "ETH": 3_000, "LTC": 90, "BCH": 400, "XRP": 0.5, "EOS": 2}
CENT = Decimal("0.01")
LAST_DIGITS = Decimal("1E-80")  # what the context's 100 leave of 0 where a venue rounds nothing


def contracts_of(venue: str, name: str) -> Iterator[Instrument]:
    """An instrument under the rules of some days."""
    for day in DAYS:
        yield find(f"{venue}@{day}" if day else venue, name).instrument


def trades(instrument: Instrument, chance: random.Random) -> Iterator[tuple[Decimal, Decimal, Decimal]]:
    """Sides, contracts and prices on the tick, from one lot to a million; more of them where the venue stores cut values."""
    usual = PRICES.get(instrument.currency, 5)
    for _ in range(40 if instrument.rounding.stored_value else 6):
        price = Decimal(str(round(usual * chance.uniform(0.3, 3), 8)))
        lots = Decimal(chance.choice((1, 2, 3, chance.randint(4, 1_000), chance.randint(1, 1_000_000))))
        price = to_multiple(price, instrument.tick or CENT, ROUND_HALF_EVEN)
        if price:
            yield chance.choice((LONG, SHORT)), lots * instrument.lot, price


def held(instrument: Instrument, side: Decimal, contracts: Decimal, price: Decimal) -> Position | None:
    """The position of one fill, where the venue's decimals leave it a value."""
    try:
        return open_by_fills(instrument, side, [Fill(contracts, price)])
    except PerpcalcError:
        return None


@pytest.mark.parametrize(("venue", "name"), LISTED)
def test_one_fill_and_its_own_price_are_the_same_position(venue: str, name: str) -> None:
    chance = random.Random(f"{venue} {name}")
    for instrument in contracts_of(venue, name):
        for side, contracts, price in trades(instrument, chance):
            filled = held(instrument, side, contracts, price)
            if filled is None:
                continue
            opened = open_at(instrument, side, contracts, price)
            assert opened == filled._replace(entry_price=price)
            assert profit_and_loss(opened, price).gross_pnl == profit_and_loss(filled, price).gross_pnl
            if instrument.tick is not None:
                shown = open_at(instrument, side, contracts, filled.entry_price)
                assert shown.stored_value == filled.stored_value


@pytest.mark.parametrize(("venue", "name"), LISTED)
def test_in_and_out_at_one_price_earns_nothing(venue: str, name: str) -> None:
    chance = random.Random(f"{name} {venue}")
    for instrument in contracts_of(venue, name):
        for side, contracts, price in trades(instrument, chance):
            filled = held(instrument, side, contracts, price)
            if filled is not None:
                assert profit_and_loss(filled, price).gross_pnl == 0


@pytest.mark.parametrize(("venue", "name"), LISTED)
def test_a_break_even_shown_on_the_tick_does_not_lose(venue: str, name: str) -> None:
    chance = random.Random(f"tick {venue} {name}")
    for instrument in contracts_of(venue, name):
        step = instrument.tick or CENT
        for side, contracts, price in trades(instrument, chance):
            position = held(instrument, side, contracts, price)
            if position is None:
                continue
            rates = instrument.taker_fee or ZERO, chance.choice((instrument.taker_fee or ZERO, Decimal("-0.0001")))
            funding = position.cost * chance.choice((0, 1, -1)) / 10_000
            exact = target_price(position, ZERO, *rates, funding)
            assert exact is not None
            shown = safe_tick(position, exact, *rates, funding, step=step)
            if shown is None:  # worth so few of the venue's smallest amounts that their rounding takes it all
                assert position.cost < Decimal("1E-6")
                continue
            assert shown % step == 0
            assert profit_and_loss(position, shown, *rates, funding).net_pnl >= -LAST_DIGITS
            before = shown - side * step
            assert side * (exact - before) > 0 or profit_and_loss(position, before, *rates, funding).net_pnl < 0


def liquidated(
    instrument: Instrument, position: Position, chance: random.Random, mark: Decimal | None
) -> tuple[Holding, Margin, Liquidation]:
    """Where a position is liquidated by its venue's own rules, by a plain rate, or with no maintenance margin at all."""
    schedule = chance.choice((instrument.schedule, flat_rate(Decimal("0.005")))) or flat_rate(ZERO)
    schedule = flat_rate(ZERO) if chance.random() < 0.25 else schedule
    leverage = Decimal(chance.choice((1, 3, 10, 25, 100)))
    margin, fee = isolated_margin(position, leverage), instrument.isolated_closing_fee
    if chance.random() < 0.5:
        balance = round(position.stored_value * Decimal(str(round(chance.uniform(0.01, 3), 3))), 8)
        margin, fee = Margin("cross", balance, balance), instrument.cross_closing_fee
    holding = Holding(position, schedule, fee)
    return holding, margin, position_liquidation(holding, margin, mark)


@pytest.mark.parametrize(("venue", "name"), LISTED)
def test_liquidation_comes_before_bankruptcy_and_both_are_printed_prices(venue: str, name: str) -> None:
    chance = random.Random(f"liquidation {venue} {name}")
    for instrument in contracts_of(venue, name):
        for side, contracts, price in trades(instrument, chance):
            position = held(instrument, side, contracts, price)
            if position is None:
                continue
            holding, margin, found = liquidated(instrument, position, chance, None)
            end, broke = found.liquidation_below if side > 0 else found.liquidation_above, found.bankruptcy_price
            if broke is not None and end is not None:
                assert side * (end - broke) >= 0
            if instrument.rounding.liquidation_price == "against tick" and instrument.tick:
                assert all(shown is None or shown % instrument.tick == 0 for shown in (end, broke))
            if end is None:
                continue
            # Just before it the ratio is below 1; at it, beyond it and at zero equity it is 1, and the distance 0.
            unit = instrument.tick or Decimal(1).scaleb(-places(end))
            for at, dead in ((end + side * unit, False), (end, True), (end - side * unit, True), (broke, True)):
                if at is None or at <= 0 or (found.beyond and not dead):
                    continue
                there = position_liquidation(holding, margin, at)
                assert there.margin_ratio is not None
                if dead:
                    assert (there.beyond, str(there.distance), there.margin_ratio) == (True, "0", 1)
                elif not there.beyond:
                    assert 0 <= there.margin_ratio < 1
                assert liquidated_at(found, at) is (there.beyond if not found.beyond else True)


@pytest.mark.parametrize(("venue", "name"), LISTED)
def test_closing_in_parts_loses_nothing_of_the_stored_value(venue: str, name: str) -> None:
    chance = random.Random(f"parts {venue} {name}")
    for instrument in contracts_of(venue, name):
        for side, contracts, price in trades(instrument, chance):
            position = held(instrument, side, contracts, price)
            lots = int(contracts / instrument.lot)
            if position is None or lots < 2:
                continue
            closed = chance.randint(1, lots - 1) * instrument.lot
            try:
                left = closed_partly(position, closed)
            except PerpcalcError:  # what is left is worth less than the smallest amount
                continue
            gone = closed_part(position, closed)
            assert (left.contracts + gone.contracts, left.entry_price) == (contracts, position.entry_price)
            grid = instrument.rounding.stored_value
            if grid:
                assert left.stored_value + gone.stored_value == position.stored_value
                assert left.stored_value % grid.step == 0
                share = Fraction(position.stored_value) * Fraction(closed) / Fraction(contracts)
                assert abs(Fraction(gone.stored_value) - share) < Fraction(grid.step)


def test_a_margin_ratio_may_ask_for_more_than_all_of_the_margin() -> None:
    # Unified accounts of Bybit are judged at 105%: 0.005 of 0.02 coins, and a twentieth more.
    instrument = find("bybit").instrument
    holding = Holding(open_at(instrument, LONG, Decimal(8_000), Decimal(8_000)), flat_rate(Decimal("0.005")))
    wallet = wallet_of(Decimal("0.02"), [holding])
    ratio = margin_ratio(wallet, 1 / Decimal(8_000), ends(wallet, holding), Decimal("1.05"))
    assert ratio == Decimal("0.2625")


def test_the_fee_kept_back_counts_into_the_ratio() -> None:
    # Long 10,000 from 8,000 on half a coin at Bybit in 2020: 0.5% of 1.25 and 10,000/5719 * 0.075% = 0.00131142 of the 0.5.
    instrument = find("bybit@2020-06-01").instrument
    assert instrument.cross_closing_fee == ClosingFee(Decimal("0.00075"), at_bankruptcy=True)
    position = open_at(instrument, LONG, Decimal(10_000), Decimal(8_000))
    assert instrument.schedule is not None
    holding = Holding(position, instrument.schedule, instrument.cross_closing_fee)
    result = position_liquidation(holding, Margin("cross", Decimal("0.5"), Decimal("0.5")))
    assert result.margin_ratio == (Decimal("0.00625") + Decimal("0.00131142")) / Decimal("0.5")
