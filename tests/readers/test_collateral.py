"""Collateral ratios in the venues' own words, as their documentation shows them, and answers that are not."""

import json
from decimal import Decimal

import pytest

from perpcalc.core.collateral import FULL, Weight, banded_weight, counted, flat_weight
from perpcalc.errors import PerpcalcError
from perpcalc.files import Source
from perpcalc.readers.collateral import OUTDATED, Ratios, collateral_ratios

D = Decimal

# bybit-exchange.github.io/docs/v5/spot-margin-uta/tier-collateral-ratio, sample of 2025-02-18
BYBIT = {
    "retCode": 0,
    "retMsg": "OK",
    "result": {
        "list": [
            {
                "currency": "BTC",
                "collateralRatioList": [
                    {"minQty": "0", "maxQty": "1000000", "collateralRatio": "0.85"},
                    {"minQty": "1000000", "maxQty": "", "collateralRatio": "0"},
                ],
            }
        ]
    },
    "retExtInfo": "{}",
    "time": 1739848984945,
}

# bybit-exchange.github.io/docs/v5/account/collateral-info, the keys that matter here
BYBIT_ACCOUNT = {
    "retCode": 0,
    "retMsg": "OK",
    "result": {
        "list": [
            {"currency": "BTC", "collateralRatio": "0.95", "marginCollateral": True, "collateralSwitch": True},
            {"currency": "XRP", "collateralRatio": "0.9", "marginCollateral": True, "collateralSwitch": False},
            {"currency": "SHIB", "collateralRatio": "0.8", "marginCollateral": False, "collateralSwitch": True},
        ]
    },
}

# developers.binance.com, portfolio margin: collateralRate, and the tiered one of the Pro account
BINANCE = [{"asset": "USDC", "collateralRate": "1.0000"}, {"asset": "BTC", "collateralRate": "0.9500"}]
BINANCE_PRO = [
    {
        "asset": "BNB",
        "collateralInfo": [
            {"tierFloor": "0.0000", "tierCap": "1000.0000", "collateralRate": "1.0000", "cum": "0.0000"},
            {"tierFloor": "1000.0000", "tierCap": "2000.0000", "collateralRate": "0.9000", "cum": "0.0000"},
        ],
    }
]

# developers.binance.com, margin trading: crossMarginCollateralRatio
BINANCE_CROSS_MARGIN = [
    {"collaterals": [{"minUsdValue": "0", "maxUsdValue": "13000000", "discountRate": "1"}], "assetNames": ["BNX"]}
]

# www.okx.com/docs-v5: get discount rate and interest-free quota
OKX = {
    "code": "0",
    "data": [
        {
            "amt": "0",
            "ccy": "BTC",
            "collateralRestrict": False,
            "details": [
                {
                    "discountRate": "0.9775",
                    "liqPenaltyRate": "0.0225",
                    "maxAmt": "25",
                    "minAmt": "20",
                    "tier": "2",
                    "disCcyEq": "2000",
                },
                {
                    "discountRate": "0.98",
                    "liqPenaltyRate": "0.02",
                    "maxAmt": "20",
                    "minAmt": "0",
                    "tier": "1",
                    "disCcyEq": "1000",
                },
            ],
            "discountLv": "1",
            "minDiscountRate": "0",
        }
    ],
    "msg": "",
}


def read(answer: object, venue: str | None = None) -> Ratios:
    return collateral_ratios(Source(json.dumps(answer).encode(), "ratios.json"), venue)


def weight_of_btc(answer: object) -> Weight:
    return read(answer).weights["BTC"]


def test_bybit_bands_are_of_coins() -> None:
    found = read(BYBIT, "bybit")
    assert (found.venue, found.notes) == ("bybit", ())
    assert found.weights == {"BTC": banded_weight([(D(1_000_000), D("0.85")), (None, D(0))])}


def test_bybit_account_answer_has_one_ratio_and_is_outdated() -> None:
    found = read(BYBIT_ACCOUNT)
    assert found.weights == {"BTC": flat_weight(D("0.95")), "XRP": flat_weight(D(0)), "SHIB": flat_weight(D(0))}
    assert found.notes == (OUTDATED,)


def test_binance_has_one_rate_per_coin() -> None:
    found = read(BINANCE, "binance@2025-06-01")
    assert found.venue == "binance"
    assert found.weights["BTC"] == flat_weight(D("0.95"))
    assert counted(found.weights["USDC"], D(7), D(1))[1] == counted(FULL, D(7), D(1))[1]


def test_binance_pro_bands_are_of_usd() -> None:
    weight = read(BINANCE_PRO).weights["BNB"]
    assert weight.unit == "usd"
    assert counted(weight, D(1_500), D(600)) == (2, D(1_450))
    assert counted(weight, D(9_000), D(600))[1] == 1_900


def test_okx_bands_in_any_order_and_what_is_above_them() -> None:
    weight = weight_of_btc(OKX)
    assert weight == banded_weight([(D(20), D("0.98")), (D(25), D("0.9775"))])
    item = {**OKX["data"][0], "minDiscountRate": "0.5"}  # type: ignore[index]
    assert counted(weight_of_btc({**OKX, "data": [item]}), D(27), D(1))[1] == D("19.6") + 5 * D("0.9775") + 1


def test_okx_calls_the_bands_discount_info_too() -> None:
    item = dict(OKX["data"][0])  # type: ignore[index]
    item["discountInfo"] = item.pop("details")
    assert weight_of_btc({**OKX, "data": [item]}) == weight_of_btc(OKX)


def test_numbers_may_be_numbers() -> None:
    assert weight_of_btc([{"asset": "BTC", "collateralRate": 9.5e-1}]) == flat_weight(D("0.95"))


def refused(answer: object, venue: str | None = None) -> str:
    with pytest.raises(PerpcalcError) as error:
        read(answer, venue)
    return str(error.value)


def test_the_answer_of_another_venue_is_refused() -> None:
    assert refused(OKX, "bybit@2025-01-01") == (
        "ratios.json: holds the collateral ratios of OKX, the account is at Bybit: give those of Bybit"
    )
    assert refused(BYBIT, "kraken").endswith("the account is at kraken: give those of kraken")


def test_the_ratios_of_cross_margin_are_not_those_of_the_unified_account() -> None:
    assert refused(BINANCE_CROSS_MARGIN) == (
        "ratios.json: holds Binance's ratios of cross margin, which do not count in liquidation: give "
        "/sapi/v1/portfolio/collateralRate or, for the Pro account, /sapi/v2/portfolio/collateralRate"
    )


@pytest.mark.parametrize("answer", [{}, {"result": {}}, {"data": "x"}, "text", [1], {"result": {"list": [[]]}}])
def test_something_else_is_refused(answer: object) -> None:
    assert refused(answer).startswith("ratios.json: holds no list of collateral ratios: give Bybit's")


def test_an_empty_list_and_an_unknown_one_are_refused() -> None:
    assert refused([]).startswith("ratios.json: holds no collateral ratio: give")
    assert refused([{"symbol": "BTC"}]).startswith(
        "ratios.json: is no answer about collateral ratios that we know: give"
    )


def test_a_refusal_of_the_venue_is_told() -> None:
    assert "the venue refused: Too many visits" in refused({"retCode": 10006, "retMsg": "Too many visits"})


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"asset": "BTC", "collateralRate": "1.2"}, "entry 1 (BTC): a collateral ratio of 120% is above 100%"),
        ({"asset": "BTC", "collateralRate": ""}, "entry 1 (BTC): collateralRate is missing"),
        ({"asset": "BTC", "collateralRate": "much"}, "entry 1 (BTC): collateralRate 'much' is not a number"),
        ({"asset": "", "collateralRate": "1"}, "entry 1: names no coin"),
        ({"asset": "BTC", "collateralInfo": "x"}, "entry 1 (BTC): collateralInfo is not a list of bands"),
        (
            {"asset": "BTC", "collateralInfo": [{"tierFloor": "0", "tierCap": "10", "collateralRate": "1"}, "x"]},
            "entry 1 (BTC): collateralInfo is not a list of bands",
        ),
        (
            {
                "asset": "BTC",
                "collateralInfo": [
                    {"tierFloor": "0", "tierCap": "10", "collateralRate": "1"},
                    {"tierFloor": "20", "tierCap": "30", "collateralRate": "1"},
                ],
            },
            "entry 1 (BTC): tierFloor 20 does not follow the band before it",
        ),
        (
            {"asset": "BTC", "collateralInfo": [{"tierFloor": "0", "tierCap": "0", "collateralRate": "1"}]},
            "entry 1 (BTC): band 1 ends at 0 USD, not above 0",
        ),
    ],
)
def test_an_entry_that_cannot_be_is_refused_with_its_place(entry: object, message: str) -> None:
    assert refused([entry]).startswith(f"ratios.json: {message}")


def test_a_coin_with_two_entries_is_refused() -> None:
    two = [{"asset": "BTC", "collateralRate": "1"}, {"asset": "btc", "collateralRate": "0.9"}]
    assert refused(two) == "ratios.json: entry 2 (btc): the coin has two entries: leave one out"
