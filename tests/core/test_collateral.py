from decimal import Decimal

import pytest

from perpcalc.core.collateral import FULL, band_number, banded_weight, counted, flat_weight
from perpcalc.errors import PerpcalcError

from .unified_accounts import BYBIT_BANDS

D = Decimal


def coins(amount: str, price: int = 1) -> Decimal:
    return counted(BYBIT_BANDS, D(amount) * price, D(price))[1] / price


# Bybit's example table of 2025-09-18, worked out in the reference, section 2.1
@pytest.mark.parametrize(
    ("held", "count"), [("25", "23.8"), ("55", "44.8"), ("10", "9.8"), ("20", "19.3"), ("50", "44.8")]
)
def test_each_band_of_quantity_counts_at_its_own_rate_and_nothing_above_the_last(held: str, count: str) -> None:
    assert coins(held) == D(count)
    assert coins(held, price=100_000) == D(count)


# OKX help 360054690531: 11,000,000 USDT at 1 to 5 M, 0.975 to 10 M, 0.95
def test_okx_example_of_eleven_million_usdt() -> None:
    weight = banded_weight([(D(5_000_000), D(1)), (D(10_000_000), D("0.975")), (None, D("0.95"))])
    assert counted(weight, D(11_000_000), D(1)) == (3, D(10_825_000))


# Bitget, unified account: 11 M USDT are 5 M + 5 M x 0.98 + 1 M x 0.975; 0.1 BTC at 20,000 x 0.975
def test_bitget_examples() -> None:
    weight = banded_weight([(D(5_000_000), D(1)), (D(10_000_000), D("0.98")), (None, D("0.975"))])
    assert counted(weight, D(11_000_000), D(1))[1] == D(10_875_000)
    assert counted(flat_weight(D("0.975")), D("0.1") * 20_000, D(20_000))[1] == 1_950


# Binance FAQ on collateral haircuts: 6,000 BTC at 20,000 are 100 M x 100 % + 20 M x 97.5 %
def test_bands_of_usd_count_value_and_not_quantity() -> None:
    weight = banded_weight([(D(100_000_000), D(1)), (D(120_000_000), D("0.975"))], "usd")
    assert counted(weight, D(6_000) * 20_000, D(20_000)) == (2, D(119_500_000))
    assert counted(weight, D(6_000) * 25_000, D(25_000)) == (3, D(119_500_000))


# BIT.com help, unified account
def test_bit_com_example_agrees_to_a_thousandth_of_a_dollar() -> None:
    btc = counted(flat_weight(D("0.98")), D("3.136088934") * D("37496.76318"), D("37496.76318"))[1]
    usdc = counted(flat_weight(D("0.999")), D("347974.9709") * D("1.000296667"), D("1.000296667"))[1]
    assert abs(btc - D("115241.3204")) < D("0.00005")
    assert abs(usdc - D("347730.1254")) < D("0.00005")
    assert abs(btc + usdc - D("462971.4456")) < D("0.0005")


def test_a_debt_counts_in_full_and_is_in_no_band() -> None:
    assert counted(flat_weight(D("0.5")), D(-300), D(100)) == (0, D(-300))
    assert counted(flat_weight(D("0.5")), D(0), D(100)) == (0, D(0))


def test_an_upper_end_is_inside_its_band() -> None:
    assert [band_number(BYBIT_BANDS, D(amount)) for amount in ("10", "10.1", "50", "50.1")] == [1, 2, 5, 6]


def test_a_ratio_of_zero_and_one_of_a_hundred_per_cent() -> None:
    assert counted(flat_weight(D(0)), D(300), D(100))[1] == 0
    assert flat_weight(D(1)) == FULL


def test_what_is_above_the_last_band_may_have_a_rate_of_its_own() -> None:
    weight = banded_weight([(D(10), D("0.9"))], beyond=D("0.5"))
    assert counted(weight, D(30), D(1))[1] == D(19)


@pytest.mark.parametrize(
    ("bands", "message"),
    [
        ([], "there is no band of a collateral ratio: give one, as in [[10, 98%]]"),
        ([(D(10), D("1.2"))], "a collateral ratio of 120% is above 100%: give 100% or less"),
        ([(D(10), D("0.9")), (D(20), D("1.01"))], "a collateral ratio of 101% is above 100%: give 100% or less"),
        ([(D(10), D("-0.1"))], "a collateral ratio of -10% is negative: give 0% or more"),
        (
            [(D(0), D("0.9"))],
            "band 1 ends at 0 coins, not above 0, where the first one starts: give upper ends that rise",
        ),
        (
            [(D(20), D("0.9")), (D(10), D("0.8"))],
            "band 2 ends at 10 coins, not above 20, where band 1 ends: give upper ends that rise",
        ),
        (
            [(D(10), D("0.9")), (D(10), D("0.8"))],
            "band 2 ends at 10 coins, not above 10, where band 1 ends: give upper ends that rise",
        ),
        ([(None, D("0.9")), (D(10), D("0.8"))], "band 1 has no upper end and is not the last: give it one"),
    ],
)
def test_bands_that_cannot_be_are_refused(bands: list[tuple[Decimal | None, Decimal]], message: str) -> None:
    with pytest.raises(PerpcalcError) as error:
        banded_weight(bands)
    assert str(error.value) == message


def test_a_ratio_above_a_hundred_per_cent_is_refused() -> None:
    with pytest.raises(PerpcalcError, match="a collateral ratio of 105% is above 100%"):
        flat_weight(D("1.05"))


def test_bands_of_usd_name_their_unit_when_refused() -> None:
    with pytest.raises(PerpcalcError, match="band 2 ends at 5 USD, not above 10"):
        banded_weight([(D(10), D(1)), (D(5), D(1))], "usd")
