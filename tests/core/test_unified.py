"""What an account of several coins is worth and must keep: figures that venues printed, golden cases, limits."""

from decimal import ROUND_DOWN, Decimal

import pytest

from perpcalc.core.collateral import flat_weight
from perpcalc.core.linear import Leg
from perpcalc.core.rules import ClosingFee, Schedule, Tier
from perpcalc.core.unified import Account, VenueSums, missing_prices, sums_of, unused_weights
from perpcalc.core.unified_standing import Standing, standing
from perpcalc.errors import PerpcalcError

from .unified_accounts import GOLDEN, RATIOS, account, inverse, leg

D = Decimal


def now(of: Account) -> Standing:
    return standing(sums_of(of))


def cut(value: Decimal, places: int) -> str:
    return str(value.quantize(D(1).scaleb(-places), ROUND_DOWN))


# Bybit, account level: the wallet balance and the profit of USDT contracts as printed, total maintenance margin as
# printed, and the rate that was printed, cut to four decimals. (a) directionalscalper pull request 122, 2024-10-03; (b)
# Bybit sample 1672364262482; (e) public test file 1774779351206, 2026-03-29; (g) rustrade test file, 2024
BYBIT = {
    "a": ("277.2839764", "-8.42982293", "3.40037165", "268.85415347", "0.0126"),
    "b": ("12840.4045924", "-2.62129051", "39.42876721", "12837.78330189", "0.0030"),
    "e": ("95.49571699", "-36.34620293", "1.18454802", "59.14951406", "0.0200"),
    "g": ("1068.5964513", "-1.46933442", "6.02648343", "1067.12711688", "0.0056"),
}


@pytest.mark.parametrize("name", BYBIT)
def test_bybit_prints_the_margin_balance_and_the_rate_of_maintenance(name: str) -> None:
    wallet, profit, maintenance, balance, rate = BYBIT[name]
    held = Leg("SOL", "USDT", D(1), D(100) - D(profit), D(maintenance) / 100)
    found = now(Account({"USDT": D(wallet)}, {"SOL": D(100)}, legs=(held,), reading="balance"))
    assert found.margin_balance == D(balance)
    assert found.equity == D(balance)
    assert found.maintenance_margin == D(maintenance)
    assert cut(found.margin_ratio, 4) == rate


# (c) Bybit API documentation, portfolio mode, 2026: there the rate is taken of the equity
def test_bybit_portfolio_mode_takes_the_rate_of_the_equity() -> None:
    known = VenueSums(order_maintenance=D("1069.93399838"))
    assert cut(now(Account({"USDT": D("52197.86892104")}, {}, known=known)).margin_ratio, 4) == "0.0204"


# (d) Bybit stream sample: 0.00102964 BTC at the index 35650.90 are 36.70759517 USD, "agrees to 0.003 USD"
def test_bybit_values_a_coin_at_its_usd_index() -> None:
    assert abs(now(Account({"BTC": D("0.00102964")}, {"BTC": D("35650.90")})).equity - D("36.70759517")) < D("0.003")


# (f) public test file 1705725452731, 2024-01-20: every USD figure is the USDT figure x 0.999497
def test_a_stablecoin_off_its_peg_values_balance_profit_and_maintenance() -> None:
    held = Leg("SOL", "USDT", D(1), D(100) - D("-655.94738253"), D("36.54066959") / 100, ratio=D("0.999497"))
    found = now(
        Account({"USDT": D("10253.85623978")}, {"SOL": D(100), "USDT": D("0.999497")}, legs=(held,), reading="balance")
    )
    assert cut(D("10253.85623978") * D("0.999497"), 8) == "10248.69855009"
    assert cut(found.margin_balance, 8) == "9593.08110909"
    assert round(found.maintenance_margin, 8) == D("36.52228963")
    assert cut(found.margin_ratio, 4) == "0.0038"


# Binance API sample of a Portfolio Margin account (A): uniMMR = equity/MM, cut; our ratio is its inverse at the
# condition of 105 %
def test_binance_prints_the_uni_mmr() -> None:
    known = VenueSums(order_maintenance=D("23.72469206"))
    found = now(Account({"USDT": D("122607.35137903")}, {}, condition=D("1.05"), known=known))
    assert cut(D("1.05") / found.margin_ratio, 8) == "5167.92171923"


# Binance Portfolio Margin Pro FAQ 5e33af8e, example (C'): the amounts in coins, marks 40,000 and 42,000
def test_binance_example_of_all_wallets_of_a_pro_account() -> None:
    held = account(
        {"USDT": "6000", "BTC": "0.16", "ETH": "5"},
        inverse("BTC long 10000 @ 50000"),
        leg("BTC short 0.05 @ 52000"),
        leg("BTC long 0.04 @ 52350")._replace(ratio=D("1.05")),
        weights={},
        condition="1.05",
        prices={"BTC": D(40_000), "ETH": D(2_500)},
    )
    coins = {coin.coin: coin for coin in now(held).coins}
    assert coins["USDT"].equity == 6_186
    assert coins["BTC"].equity == D("0.11")
    assert coins["ETH"].equity == 5
    assert coins["BTC"].maintenance_margin == 50 + D("18.4")


# Recorded COIN-M position of a Portfolio Margin account (D), ccxt pull request 21174, 2024-02-09
def test_binance_position_of_one_eth_contract() -> None:
    held = account(
        {}, inverse("ETH long 10 @ 2422.400000007"), weights={}, condition="1.05", prices={"ETH": D("2424.97")}
    )
    coin = now(held).coins[0]
    assert round(coin.equity, 8) == D("0.00000438")
    assert cut(coin.maintenance_margin / coin.price, 10) == "0.0000206188"


# OKX balance sample 1705474164160 (O1, O2): notionalUsd 85.7068529, mmr 0.4 % of it, liquidation fee 0.05 % of it
def test_okx_prints_the_margin_ratio_with_the_fee_in_it() -> None:
    notional, adjusted = D("85.7068529"), D("55415.624719833286")
    position = inverse(f"BTC long {notional} @ 40000", "0.004", fee=ClosingFee(D("0.0005")))
    held = account({"USDT": str(adjusted)}, position, weights={}, prices={"BTC": D(40_000)})
    assert now(held).maintenance_margin == D("0.3428274116") + D("0.04285342645")
    assert abs(1 / now(held).margin_ratio - D("143682.59776662575")) < D("3e-11"), "printed through a binary float"
    discounted = now(Account({"USDT": D("4992.890093622894")}, {"USDT": D("0.99973")})).margin_balance
    assert round(discounted, 12) == D("4991.542013297616")


# Binance Multi-Assets Mode FAQ c983a926: 200 USDT at the index 0.99 and its rate of 99 %, 220 USDC; MM 199.596 USD
def test_binance_multi_assets_example() -> None:
    held = Account(
        {"USDT": D(200), "USDC": D(220)},
        {"USDT": D("0.99")},
        weights={"USDT": flat_weight(D("0.99"))},
        known=VenueSums(order_maintenance=D("199.596")),
    )
    assert now(held).margin_balance == D("416.02")
    assert round(now(held).margin_ratio, 4) == D("0.4798")


@pytest.mark.parametrize("reading", ["equity", "balance"])
def test_golden_case_seven_now(reading: str) -> None:
    found = now(GOLDEN["G7"]._replace(reading=reading))
    assert (found.margin_balance, found.maintenance_margin) == (106_800, 700)
    assert found.equity == 110_000
    assert found.margin_ratio == D(700) / D(106_800)
    assert found.leverage == D(120_000) / D(110_000)
    assert {coin.coin: coin.delta for coin in found.coins} == {"BTC": 2, "ETH": 5, "USDT": -30_000}


def test_golden_case_eight_is_in_its_third_band() -> None:
    coin = now(GOLDEN["G8"]).coins[0]
    assert (coin.band, coin.equity, coin.counted_usd) == (3, 25, D("2380000"))


def test_the_two_readings_differ_by_the_weight_of_the_profit() -> None:
    held = account({"BTC": "1", "USDT": "20000"}, inverse("BTC long 100000 @ 80000"))
    by_equity, by_balance = now(held), now(held._replace(reading="balance"))
    assert by_equity.equity == by_balance.equity == 145_000
    assert by_equity.margin_balance == 125_000 * D("0.98") + 20_000
    assert by_balance.margin_balance == 100_000 * D("0.98") + 25_000 + 20_000


def test_a_negative_coin_equity_counts_in_full() -> None:
    held = account({"BTC": "1", "USDT": "90000"}, inverse("BTC long 100000 @ 100000"), prices={"BTC": D(40_000)})
    coin = now(held).coins[0]
    assert (coin.band, coin.equity_usd, coin.counted_usd) == (0, -20_000, -20_000)
    assert now(held).margin_balance == 70_000


def test_a_coin_of_weight_zero_is_worth_something_and_counts_nothing() -> None:
    found = now(account({"BTC": "1", "USDT": "1000"}, weights={"BTC": flat_weight(D(0))}))
    assert (found.equity, found.margin_balance) == (101_000, 1_000)


def test_an_account_without_positions_is_never_liquidated() -> None:
    found = now(account({"BTC": "1"}))
    assert (found.margin_ratio, found.liquidated, found.leverage) == (0, False, 0)
    empty = now(account({}))
    assert (empty.equity, empty.liquidated, empty.leverage) == (0, False, None)


def test_a_debt_alone_can_liquidate() -> None:
    assert not now(account({"BTC": "1", "USDT": "-90000"})).liquidated
    assert now(account({"BTC": "1", "USDT": "-98000"})).liquidated
    assert now(account({"BTC": "1", "USDT": "-98000"})).margin_ratio == 1


def test_the_ratio_is_one_at_liquidation_and_beyond() -> None:
    at = account({"BTC": "1"}, inverse("BTC long 100000 @ 100000"), weights={}, prices={"BTC": D(50_250)})
    assert (now(at).margin_ratio, now(at).liquidated) == (1, True)
    above = now(at._replace(prices={"BTC": D("50250.5")}))
    assert above.margin_ratio < 1
    assert not above.liquidated
    assert now(at._replace(prices={"BTC": D(40_000)})).margin_ratio == 1


def test_the_condition_of_105_per_cent_raises_the_ratio() -> None:
    held = account({"BTC": "1"}, inverse("BTC long 100000 @ 100000"))
    assert now(held).margin_ratio == D(500) / 98_000
    assert now(held._replace(condition=D("1.05"))).margin_ratio == D(525) / 98_000


def test_what_only_the_venue_knows_is_taken_off_and_added() -> None:
    held = account({"USDT": "1000"}, leg("ETH long 1 @ 4000", "0.01"))._replace(
        known=VenueSums(order_loss=D(10), haircut_loss=D(5), order_maintenance=D(3), loan_maintenance=D(2))
    )
    assert (now(held).margin_balance, now(held).maintenance_margin) == (985, 45)
    assert now(held).equity == 1_000


def test_opposite_sides_of_one_contract_net_in_the_leverage_and_other_contracts_do_not() -> None:
    perpetual = inverse("BTC long 100000 @ 100000", name="PERP"), inverse("BTC short 40000 @ 100000", name="PERP")
    dated = inverse("BTC short 60000 @ 100000", name="DATED", ratio="1.2")
    held = account({"BTC": "1"}, *perpetual, dated, weights={})
    assert now(held).leverage == (60_000 + 50_000) / now(held).equity


def test_linear_legs_on_both_sides_count_both() -> None:
    held = account({"BTC": "1"}, leg("BTC long 1 @ 100000"), leg("BTC short 0.5 @ 100000"), weights={})
    assert now(held).leverage == D("1.5")


def test_a_dated_contract_moves_by_its_ratio_of_marks() -> None:
    held = account({"BTC": "1"}, inverse("BTC long 110000 @ 110000", ratio="1.1"), weights={})
    assert now(held).coins[0].equity == 1
    assert now(held._replace(prices={"BTC": D(50_000)})).coins[0].equity == 0


def test_a_rate_that_grows_with_value_is_that_of_the_whole_coin_value() -> None:
    schedule = Schedule((Tier(None, D("0.01")),), slope=D("0.00005"))
    held = account({"BTC": "10"}, inverse("BTC long 1000000 @ 100000", schedule=schedule))
    assert now(held).maintenance_margin == (D("0.01") + D("0.00005") * 10) * 10 * 100_000


def test_a_coin_without_a_price_is_named() -> None:
    held = account({"BTC": "1", "SOL": "5", "USDT": "3", "XRP": "0"}, leg("DOT long 1 @ 5"))
    assert missing_prices(held) == ("SOL", "DOT")
    with pytest.raises(PerpcalcError) as error:
        sums_of(held)
    assert str(error.value) == "the price of SOL and DOT is not known: give it under [prices]"


def test_a_coin_that_is_not_held_needs_no_price() -> None:
    assert missing_prices(account({"XRP": "0"})) == ()
    assert now(account({"XRP": "0"})).coins == ()


def test_a_ratio_of_a_coin_that_the_account_does_not_have_is_told() -> None:
    assert unused_weights(account({"BTC": "1"}, weights=RATIOS)) == ("ETH",)
    assert unused_weights(account({"BTC": "1"}, inverse("ETH long 100 @ 4000"), weights=RATIOS)) == ()
