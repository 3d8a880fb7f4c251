"""The initial margin: its rate by tier, the leverage and the size that a tier allows."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given

from perpcalc.core.initial import (
    NOTHING_HELD,
    Size,
    contracts_allowed,
    contracts_covered,
    initial_margin,
    initial_rate,
    largest_leverage,
    largest_size,
    least_margin,
)
from perpcalc.core.instrument import PLAIN, Instrument
from perpcalc.core.rules import Schedule, Tier
from perpcalc.decimals import ONE, ZERO
from perpcalc.venues import find

from .strategies import decimals

BYBIT = find("bybit@2026-01-01").instrument
DERIBIT = find("deribit@2024-01-01").instrument
BITMEX = find("bitmex@2024-12-01").instrument
PHEMEX = find("phemex@2024-07-01").instrument
KRAKEN = find("kraken@2025-06-01").instrument


def tiered(unit: str = "coin", slope: str = "0") -> Instrument:
    """10% up to 5 units, 50% above."""
    tiers = (Tier(Decimal(5), ZERO, initial=Decimal("0.1")), Tier(None, ZERO, initial=Decimal("0.5")))
    return PLAIN._replace(schedule=Schedule(tiers, unit=unit, slope=Decimal(slope)), contract_size=Decimal(10))


@pytest.mark.parametrize(
    ("instrument", "contracts", "value", "rate"),
    [
        # Bybit, risk-limit answer of May 2022: 1% up to 150 BTC, half a percent more every 150.
        (BYBIT, "1", "150", "0.01"),
        (BYBIT, "1", "150.1", "0.015"),
        (BYBIT, "1", "9999", "0.055"),
        # Deribit, 2022-01-11: 2% and 0.005% for each BTC, on all of it: 25 BTC are 2.125% (the page's own example).
        (DERIBIT, "1", "25", "0.02125"),
        (DERIBIT, "1", "350", "0.0375"),
        # BitMEX, instrument of 2024-11-24: 1% up to 200 XBT, half a percent for each 150 more.
        (BITMEX, "1", "200", "0.01"),
        (BITMEX, "1", "351", "0.02"),
        # Phemex, products of 2021-07-03: 1% up to 100 BTC, half a percent for each 50 more.
        (PHEMEX, "1", "100", "0.01"),
        (PHEMEX, "1", "151", "0.02"),
        # Kraken, article 15579128794772: by contracts, 2% up to 500,000.
        (KRAKEN, "500000", "1", "0.02"),
        (KRAKEN, "500001", "1", "0.04"),
    ],
)
def test_the_whole_position_takes_the_rate_of_its_tier(
    instrument: Instrument, contracts: str, value: str, rate: str
) -> None:
    assert initial_rate(instrument, Decimal(contracts), Decimal(value)) == Decimal(rate)


def test_where_no_rate_is_known_there_is_none() -> None:
    assert initial_rate(PLAIN, ONE, ONE) is None
    bare = PLAIN._replace(schedule=Schedule((Tier(None, ZERO),)))
    assert initial_rate(bare, ONE, ONE) is None
    assert least_margin(bare, ONE, ONE) is None
    assert largest_leverage(bare._replace(max_leverage=Decimal(7)), ONE, ONE) == 7
    assert largest_leverage(PLAIN, ONE, ONE) is None


@pytest.mark.parametrize(
    ("instrument", "value", "leverage"),
    [(BYBIT, "150", "100"), (BYBIT, "301", "50"), (BITMEX, "351", "50"), (DERIBIT, "350", "50")],
)
def test_the_largest_leverage_is_that_of_the_tier(instrument: Instrument, value: str, leverage: str) -> None:
    assert largest_leverage(instrument, ONE, Decimal(value)) == Decimal(leverage)


def test_the_contract_s_own_maximum_holds_in_every_tier() -> None:
    assert largest_leverage(BYBIT._replace(max_leverage=Decimal(40)), ONE, ONE) == 40
    assert largest_leverage(BYBIT._replace(max_leverage=None), ONE, ONE) == 100


def test_the_initial_margin_is_the_leverage_s_or_more_where_the_tier_asks_for_more() -> None:
    assert initial_margin(tiered(), Decimal(4), ONE, Decimal(4)) == 1
    assert initial_margin(tiered(), Decimal(20), ONE, Decimal(4)) == Decimal("0.4")
    assert initial_margin(tiered(), Decimal(20), ONE, Decimal(6)) == 3
    assert least_margin(tiered(), ONE, Decimal(6)) == 3
    # 100 BTC at Deribit: 2.5% whatever the leverage.
    assert initial_margin(DERIBIT, Decimal(50), ONE, Decimal(100)) == Decimal("2.5")


@pytest.mark.parametrize(("leverage", "size"), [("11", "0"), ("10", "5"), ("2.1", "5"), ("2", None)])
def test_the_largest_size_is_the_end_of_the_last_tier_that_allows_the_leverage(leverage: str, size: str | None) -> None:
    assert largest_size(tiered(), Decimal(leverage)) == (None if size is None else Decimal(size))
    assert largest_size(PLAIN, Decimal(leverage)) is None


@pytest.mark.parametrize(
    ("unit", "held", "contracts"),
    # At 100 USD a contract of 10 USD is a tenth of a coin.
    [
        ("coin", NOTHING_HELD, "50"),
        ("coin", Size(Decimal(10), ONE), "40"),
        ("coin", Size(Decimal(-10), -ONE), "60"),
        ("contracts", NOTHING_HELD, "5"),
        ("contracts", Size(Decimal(2), ONE), "3"),
        ("usd", NOTHING_HELD, "0.5"),
    ],
)
def test_what_a_leverage_allows_beside_what_is_held(unit: str, held: Size, contracts: str) -> None:
    assert contracts_allowed(tiered(unit), Decimal(5), Decimal(100), held) == Decimal(contracts)


def test_no_tier_forbids_what_it_does_not_know() -> None:
    assert contracts_allowed(PLAIN, Decimal(5), Decimal(100), NOTHING_HELD) is None
    assert contracts_covered(PLAIN, Decimal(100), ONE, NOTHING_HELD) is None
    half_known = (Tier(Decimal(5), ZERO, initial=Decimal("0.1")), Tier(None, ZERO))
    limited = PLAIN._replace(schedule=Schedule(half_known))
    assert contracts_covered(limited, ONE, ONE, NOTHING_HELD) is None
    # 10% of 5 coins are 0.5: up to there the tier is known
    assert [contracts_covered(limited, ONE, Decimal(coin), NOTHING_HELD) for coin in ("0", "0.3", "0.5")] == [0, 3, 5]


@pytest.mark.parametrize(
    ("coin", "value"),
    # 10% up to 5 coins take 0.5; the next tier asks for half, and holds no more before 2.5 are there.
    [("0.2", "2"), ("0.5", "5"), ("2.4", "5"), ("2.5", "5"), ("3", "6"), ("0", "0"), ("-1", "0")],
)
def test_coins_cover_what_the_tiers_ask_for(coin: str, value: str) -> None:
    assert contracts_covered(tiered(), Decimal(100), Decimal(coin), NOTHING_HELD) == Decimal(value) * 10


@given(decimals("0.001", "100", 3), decimals("0", "0.001", 6))
def test_what_grows_with_size_is_covered_to_the_last_coin(coin: Decimal, slope: Decimal) -> None:
    growing = PLAIN._replace(schedule=Schedule((Tier(None, ZERO, initial=Decimal("0.02")),), slope=slope))
    value = contracts_covered(growing, ONE, coin, NOTHING_HELD)
    assert value is not None
    asked = Fraction(value) * (Fraction("0.02") + Fraction(slope) * Fraction(value))
    assert abs(asked - Fraction(coin)) < Fraction(1, 10**40)
