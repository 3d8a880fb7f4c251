"""Coin values, fees and lots of contracts."""

from decimal import Decimal

import pytest
from hypothesis import given

from perpcalc.core.instrument import (
    PLAIN,
    check_lots,
    coin_value,
    contracts_of_coin,
    contracts_of_usd,
    trade_fee,
    whole_lots,
)
from perpcalc.core.rounding import Rounding, grid
from perpcalc.decimals import plain
from perpcalc.errors import PerpcalcError

from . import twin
from .strategies import Trade, fee_rates, trades

BITMEX_2019 = PLAIN._replace(rounding=Rounding(value=grid("half-even 8"), value_of="contract", fee=grid("down 8")))
BITMEX_2022 = PLAIN._replace(lot=Decimal(100), rounding=BITMEX_2019.rounding._replace(value_of="lot"))
BYBIT = PLAIN._replace(rounding=Rounding(value=grid("floor 8"), fee=grid("ceiling 8")))


@given(trades, fee_rates)
def test_value_and_fee_are_those_of_the_formulas(trade: Trade, rate: Decimal) -> None:
    arguments = (trade.instrument, trade.contracts, trade.entry)
    assert plain(coin_value(*arguments)) == twin.printed(twin.fee(trade.usd, trade.entry, 1))
    assert plain(trade_fee(*arguments, rate)) == twin.printed(twin.fee(trade.usd, trade.entry, rate))


def test_a_value_may_be_rounded_for_the_position_for_one_contract_or_for_one_lot() -> None:
    contracts = Decimal(885)
    # A position of 885 XBTUSD bought at 7299 on BitMEX cost 12125385 satoshi, 13701 each (wallet history of 2019).
    assert coin_value(BITMEX_2019, contracts, Decimal(7299)) == Decimal("0.12125385")
    # Since 2021-06-08 the lot is 100 contracts: 15 lots at 42107.5 are worth 15 * 0.00237487 (BitMEX support, 2022-01).
    assert coin_value(BITMEX_2022, Decimal(1_500), Decimal("42107.5")) == Decimal("0.03562305")
    # 200 BTCUSD at 21282 on Bybit are 0.0093976130..., printed 0.00939761 (docs-legacy).
    assert coin_value(BYBIT, Decimal(200), Decimal(21_282)) == Decimal("0.00939761")


def test_a_fee_is_taken_from_the_value_as_printed() -> None:
    # Bybit API execution: 1 contract at 8178.5 is worth 0.00012227, its taker fee 0.0000001.
    assert trade_fee(BYBIT, Decimal(1), Decimal("8178.5"), Decimal("0.00075")) == Decimal("0.0000001")
    # BitMEX truncates: 20 lots at 42292.5 cost 2364.49 satoshi at 0.05%, 2364 are charged (BitMEX support, 2022-01).
    assert trade_fee(BITMEX_2022, Decimal(2_000), Decimal("42292.5"), Decimal("0.0005")) == Decimal("0.00002364")


def test_contracts_come_in_whole_lots_rounded_down() -> None:
    in_hundreds = PLAIN._replace(lot=Decimal(100))
    assert whole_lots(in_hundreds, Decimal(2_135)) == 2_100  # BitMEX, "Lot size changes", 2021-06
    assert whole_lots(in_hundreds, Decimal(99)) == 0
    of_ten_usd = PLAIN._replace(contract_size=Decimal(10))
    assert contracts_of_usd(of_ten_usd, Decimal("999.99")) == 99
    assert contracts_of_coin(of_ten_usd, Decimal("0.5"), Decimal(62_500)) == 3_125


def test_an_amount_of_coin_that_is_whole_contracts_loses_none() -> None:
    # 1/3 BTC of 30,000 USD each is 10,000 USD, however the division was rounded.
    price = Decimal(30_000)
    assert contracts_of_coin(PLAIN, Decimal(10_000) / price, price) == 10_000


@pytest.mark.parametrize(
    ("lot", "contracts", "message"),
    [
        ("1", "0", "the number of contracts is not above 0"),
        ("1", "-5", "the number of contracts is not above 0"),
        ("1", "2.5", "2.5 contracts cannot be traded: give whole contracts, such as 2"),
        ("100", "2135", "2135 contracts cannot be traded: give multiples of 100 contracts, such as 2100"),
        ("100", "50", "50 contracts cannot be traded: give multiples of 100 contracts, such as 100"),
    ],
)
def test_contracts_that_are_no_whole_lots_are_refused(lot: str, contracts: str, message: str) -> None:
    with pytest.raises(PerpcalcError) as error:
        check_lots(PLAIN._replace(lot=Decimal(lot)), Decimal(contracts))
    assert str(error.value) == message


def test_whole_lots_are_accepted() -> None:
    check_lots(PLAIN, Decimal(1))
    check_lots(PLAIN._replace(lot=Decimal("0.001")), Decimal("2.005"))


def test_the_value_of_a_contract_is_rounded_by_itself_though_lots_are_larger() -> None:
    # 1/42107.5 is 0.0000237487...; 0.00002375 a contract, where a lot of 100 would be 0.00237487.
    by_contract = BITMEX_2019._replace(lot=Decimal(100))
    assert coin_value(by_contract, Decimal(100), Decimal("42107.5")) == Decimal("0.002375")
    assert coin_value(BITMEX_2022, Decimal(100), Decimal("42107.5")) == Decimal("0.00237487")
