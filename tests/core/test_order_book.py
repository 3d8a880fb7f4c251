"""Closing into an order book: the harmonic average, what is left over, and brute force contract by contract."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.order_book import COIN, CONTRACTS, USD, Book, Level, walked
from perpcalc.core.position import LONG, SHORT
from perpcalc.decimals import ONE, plain
from perpcalc.errors import PerpcalcError

from . import twin


def side_of(*levels: tuple[int, int]) -> tuple[Level, ...]:
    return tuple(Level(Decimal(price), Decimal(amount)) for price, amount in levels)


BOOK = Book(side_of((59_990, 100), (59_980, 250)), side_of((60_010, 120), (60_020, 300)))


def test_a_long_sells_into_the_bids_and_a_short_buys_from_the_asks() -> None:
    assert walked(BOOK, LONG, Decimal(50)).average == 59_990
    assert walked(BOOK, SHORT, Decimal(50)).average == 60_010


def test_the_average_is_harmonic_for_coin_is_what_is_paid() -> None:
    found = walked(BOOK, LONG, Decimal(200))
    average = 200 / (Fraction(100, 59_990) + Fraction(100, 59_980))
    assert found.average is not None
    assert found.slippage is not None
    assert plain(found.average) == twin.printed(average)
    assert plain(found.slippage) == twin.printed(60_000 / average - 1)
    assert (found.mid, found.worst, found.filled, found.rest) == (60_000, 59_980, 200, 0)


def test_the_slippage_is_the_coin_lost_against_the_mid() -> None:
    for side, average in ((LONG, 59_990), (SHORT, 60_010)):
        found = walked(BOOK, side, Decimal(100))
        assert found.slippage is not None
        assert plain(found.slippage) == twin.printed(abs(Fraction(100, average) - Fraction(100, 60_000)) * 600)


def test_what_the_book_cannot_fill_is_left_and_not_extrapolated() -> None:
    found = walked(BOOK, LONG, Decimal(400))
    assert (found.filled, found.rest, found.slippage, found.worst) == (350, 50, None, 59_980)
    assert found.average is not None


def test_a_depth_factor_leaves_that_share_of_each_level() -> None:
    found = walked(BOOK, LONG, Decimal(50), depth_factor=Decimal("0.2"))
    average = 50 / (Fraction(20, 59_990) + Fraction(30, 59_980))
    assert found.average is not None
    assert plain(found.average) == twin.printed(average)
    assert walked(BOOK, LONG, Decimal(100), depth_factor=Decimal("0.2")).rest == 30


def test_amounts_in_usd_and_in_coin_are_counted_in_contracts() -> None:
    # 10,000 USD and 10,000/59,990 coins are 100 contracts of 100 USD.
    in_usd = Book(side_of((59_990, 10_000)), BOOK.asks, USD)
    assert walked(in_usd, LONG, Decimal(101), Decimal(100)).filled == 100
    in_coin = Book((Level(Decimal(50_000), Decimal("0.2")),), side_of((60_000, 1)), COIN)
    assert walked(in_coin, LONG, Decimal(101), Decimal(100)).filled == 100


def test_an_empty_side_has_no_middle() -> None:
    with pytest.raises(PerpcalcError, match="the order book has no asks: give a book of both sides"):
        walked(Book(BOOK.bids, ()), LONG, ONE)
    with pytest.raises(PerpcalcError, match="the order book has no bids"):
        walked(Book((), BOOK.asks), LONG, ONE)


levels = st.lists(st.tuples(st.integers(1, 500), st.integers(0, 30)), min_size=1, max_size=8)


@given(levels, levels, st.integers(1, 150), st.sampled_from((LONG, SHORT)), st.sampled_from((1, 2, 5)))
def test_it_is_what_taking_one_contract_after_another_finds(
    below: list[tuple[int, int]], above: list[tuple[int, int]], contracts: int, side: Decimal, part: int
) -> None:
    bids = sorted(((1_000 - price, amount * part) for price, amount in below), reverse=True)
    asks = sorted((1_000 + price, amount * part) for price, amount in above)
    found = walked(Book(side_of(*bids), side_of(*asks), CONTRACTS), side, Decimal(contracts), depth_factor=ONE / part)
    single = [price for price, amount in (bids if side > 0 else asks) for _ in range(amount // part)][:contracts]
    assert (found.filled, found.rest) == (len(single), contracts - len(single))
    assert found.worst == (single[-1] if single else None)
    if single:
        average = len(single) / sum((Fraction(1, price) for price in single), Fraction(0))
        assert found.average is not None
        assert plain(found.average) == twin.printed(average)
        mid = Fraction(bids[0][0] + asks[0][0], 2)
        if found.rest:
            assert found.slippage is None
        else:
            assert found.slippage is not None
            assert plain(found.slippage) == twin.printed(abs(mid / average - 1))
