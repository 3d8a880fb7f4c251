"""Numbers that venues have printed, to the last digit.

`data/published.json` holds each example with its inputs, the printed figures, the rounding seen and its source. Every example
is either computed here by the core under the venue's preset (or the rounding the page itself used), or listed in
`NOT_EXPRESSED` with the reason; figures of a computed example that the program does not have are in `NOT_COVERED`. None is dropped
silently, and no test restates a formula: where a venue prints the sum of figures that the program has, they are added.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perpcalc.core.funding import after_paying, annual_rate, funding_payment, funding_rate, premium
from perpcalc.core.initial import initial_margin, initial_rate
from perpcalc.core.instrument import PLAIN, coin_value, contracts_of_coin, contracts_of_usd, trade_fee, whole_lots
from perpcalc.core.liquidation import Liquidation, ends, position_liquidation
from perpcalc.core.margin import Margin, given_margin, isolated_margin, maintenance_pieces, piece_maintenance
from perpcalc.core.order_cost import closing_fee_reserve, order_cost, order_cost_rate
from perpcalc.core.pnl import entry_fees, gross_pnl, profit_and_loss, return_on_equity
from perpcalc.core.position import LONG, SHORT, SIDES, Fill, Position, open_at, open_by_fills, open_for_value
from perpcalc.core.rounding import Rounding, grid, on
from perpcalc.core.rules import ClosingFee, FundingRule, Schedule, Tier, flat_rate, tier_index, with_deductions
from perpcalc.core.wallet import Holding, group_maintenance, wallet_of
from perpcalc.venues import find

EXAMPLES = {
    example["id"]: example for example in json.loads((Path(__file__).parent / "data/published.json").read_text())
}
SATOSHI = Decimal(10) ** 8

NOT_EXPRESSED = {
    "bn-isolated-margin": "a sum of two printed parts: nothing is computed from prices",
    "okx-mgnratio": "printed as a binary double in full; its last digits are not those of the exact quotient",
    "okx-history-realized-identity": "a sum of printed parts",
    "bitmex-support-rpnl-1-net": "a sum of printed parts",
    "bitmex-support-rpnl-2-net": "a sum of printed parts; the printed fee itself does not follow from the fills",
    "bitmex-support-rpnl-total": "a sum of printed parts",
    "bitmex-snap-F-account": "sums of printed parts",
    "bitmex-snap-L-account": "sums of printed parts, and a ratio printed as a binary double",
    "bitmex-mark-2024": "a sum of printed parts",
    "bitmex-quanto-K": "a quanto contract, not an inverse one",
    "bitmex-quanto-K-comm": "a quanto contract, not an inverse one",
    "bitmex-linear-ccxt": "a linear contract, not an inverse one",
    "deribit-summary-available": "a difference of printed parts",
    "deribit-summary-equity": "a sum of printed parts",
    "deribit-summary-cross": "a difference of printed parts of a linear wallet",
    "kraken-accounts-pv": "a sum of printed parts",
    "bybit-hc-upnl-long": "the page rounds the difference of two reciprocals up before multiplying; the venue's data do not",
    "bybit-wallet-available": "sums of printed parts",
    "bybit-order-margin-2@6800": "the margin of two orders together; the program costs each by itself",
    "bybit-api-funding-pay-1": "the mark price is not printed; any from 5,000 to 10,000 gives the printed payment",
}

NOT_COVERED = {
    "bitmex-fairbasis-2024": {"fairBasis": "the program computes no fair basis"},
    "bybit-api-ws-cross-200": {"occ_closing_fee_btc": "the balance that the fee is reserved from is not printed"},
    "kraken-fund-ex2": {"max_24h_percent": "24 times a printed rate"},
}

Given = dict[str, Any]
Answer = dict[str, Decimal]
COMPUTED: dict[str, Callable[[Given], Answer]] = {}


def example(*names: str) -> Callable[[Callable[[Given], Answer]], Callable[[Given], Answer]]:
    """Register a function as the computation of some examples."""

    def register(function: Callable[[Given], Answer]) -> Callable[[Given], Answer]:
        COMPUTED.update(dict.fromkeys(names, function))
        return function

    return register


def rounded(**grids: str) -> Any:
    """A plain contract under the rounding a page used."""
    return PLAIN._replace(rounding=Rounding(**{name: grid(text) for name, text in grids.items()}))


def number(given: Given, *names: str) -> Decimal:
    """The first of the inputs that the example has."""
    return Decimal(next(given[name] for name in names if name in given))


def opened(instrument: Any, given: Given) -> Position:
    """The position of an example, whatever the venue calls its inputs."""
    return open_at(
        instrument,
        SIDES[given.get("side", "long")],
        number(given, "contracts", "qty", "size", "contracts_closed"),
        number(given, "entry_price", "avg_open_price", "avg_price", "entry", "settlement_or_entry_price"),
    )


def satoshi(amount: Decimal) -> Decimal:
    return amount * SATOSHI


# Binance

BINANCE = find("binance@2021-07-01").instrument
BINANCE_OLD = find("binance@2020-09-01").instrument


@example("bn-pnl-docs-positionrisk")
def binance_unrealised(given: Given) -> Answer:
    return {"unrealized_pnl": gross_pnl(opened(BINANCE, given), number(given, "mark_price"))}


@example("bn-notional-perp-isolated-long", "bn-notional-perp-short4")
def binance_notional(given: Given) -> Answer:
    sign = SIDES[given.get("side", "long")]
    return {"notional_coin": sign * coin_value(BINANCE, number(given, "contracts"), number(given, "mark_price"))}


@example("bn-liq-perp-isolated-long")
def binance_liquidation(given: Given) -> Answer:
    position = opened(BINANCE, given)
    assert BINANCE.schedule is not None
    holding = Holding(position, BINANCE.schedule)
    result = position_liquidation(holding, given_margin(position, number(given, "wallet_balance")))
    assert (result.tier, result.maintenance_rate) == (1, number(given, "mmr"))
    return {"liquidation_price": _price(result)}


@example("bn-pnl-quarterly")
def binance_quarterly(given: Given) -> Answer:
    position = opened(BINANCE, given)
    mark = position.notional / number(given, "notional_coin_at_mark")  # printed as the value there
    return {"unrealized_pnl": gross_pnl(position, mark)}


@example("bn-pnl-papi-eth")
def binance_portfolio_margin(given: Given) -> Answer:
    instrument = rounded(pnl="half-up 8")._replace(contract_size=number(given, "contract_size_usd"))
    return {"unrealized_pnl": gross_pnl(opened(instrument, given), number(given, "mark_price"))}


@example("bn-cum-level5-old")
def binance_deduction(given: Given) -> Answer:
    schedule = BINANCE_OLD.schedule
    assert schedule is not None
    index = next(i for i, tier in enumerate(schedule.tiers) if tier.rate == number(given, "mmr_n"))
    assert schedule.tiers[index - 1].limit == number(given, "floor_btc")
    assert schedule.tiers[index - 1].deduction == number(given, "cum_prev")
    return {"cum_btc": schedule.tiers[index].deduction}


@example("bn-cum-300btc-old")
def binance_deduction_of_300(given: Given) -> Answer:
    floors = [Decimal(text) for text in given["tier_floors_btc"].split(",")]
    rates = tuple(Decimal(text) for text in given["mmrs"].split(","))
    tiers = with_deductions((*floors[1:], None), rates)
    return {"cum_btc": tiers[tier_index(tiers, number(given, "position_btc"))].deduction}


@example("bn-mm-100contracts")
def binance_maintenance(given: Given) -> Answer:
    position = open_at(BINANCE, LONG, number(given, "contracts"), number(given, "mark_price"))
    assert BINANCE.schedule is not None
    wallet = wallet_of(Decimal(0), [Holding(position, BINANCE.schedule)])
    value = coin_value(BINANCE, number(given, "contracts"), number(given, "mark_price"))
    return {
        "notional_coin": value,
        "maintenance_margin": group_maintenance(wallet.groups[0], 1 / number(given, "mark_price")),
    }


@example("bn-trade-commission")
def binance_commission(given: Given) -> Answer:
    return {
        "commission": trade_fee(BINANCE, number(given, "contracts"), number(given, "price"), number(given, "fee_rate"))
    }


@example("bn-fee-faq-maker")
def binance_fee_of_a_rounded_notional(given: Given) -> Answer:
    instrument = rounded(value="half-up 2")._replace(contract_size=Decimal(100))
    contracts, price = number(given, "contracts"), number(given, "price")
    return {
        "notional_coin": coin_value(instrument, contracts, price),
        "fee": trade_fee(instrument, contracts, price, number(given, "fee_rate")),
    }


@example("bn-size-multiplier")
def binance_contracts(given: Given) -> Answer:
    ether = find("binance", "ETHUSD_PERP").instrument
    assert (BINANCE.contract_size, ether.contract_size) == (
        number(given, "btc_multiplier"),
        number(given, "eth_multiplier"),
    )
    return {
        "btc_contracts": contracts_of_usd(BINANCE, number(given, "btc_notional_usd")),
        "eth_contracts": contracts_of_usd(ether, number(given, "eth_notional_usd")),
    }


@example("bn-wap-btc-20210525", "bn-wap-btc-2021", "bn-wap-eth-2021", "bn-wap-bnb-2021", "bn-wap-trx-2021")
def binance_average(given: Given) -> Answer:
    instrument = BINANCE._replace(contract_size=number(given, "contract_size_usd"))
    traded = open_for_value(instrument, LONG, number(given, "contracts"), number(given, "base_volume_coin"))
    return {"weighted_avg_price": traded.entry_price}


# OKX

OKX = find("okx").instrument
OKX_ETHER = find("okx", "ETH-USD-SWAP").instrument


@example("okx-isolated-margin")
def okx_margin(given: Given) -> Answer:
    return {"margin": isolated_margin(opened(OKX_ETHER, given), number(given, "leverage")).coin}


@example("okx-upl")
def okx_unrealised(given: Given) -> Answer:
    return {"upl": gross_pnl(opened(OKX_ETHER, given), number(given, "mark_price"))}


@example("okx-size-1btc")
def okx_contracts(given: Given) -> Answer:
    return {"contracts": contracts_of_coin(OKX, number(given, "coin_qty"), number(given, "price"))}


@example("okx-im-1btc-10x")
def okx_initial_margin(given: Given) -> Answer:
    position = open_at(OKX, LONG, number(given, "contracts"), number(given, "price"))
    return {"initial_margin": isolated_margin(position, number(given, "leverage")).coin}


@example("okx-fee-taker")
def okx_taker(given: Given) -> Answer:
    assert OKX.taker_fee == number(given, "fee_rate")
    return {"fee": trade_fee(OKX, number(given, "contracts"), number(given, "price"), OKX.taker_fee)}


@example("okx-fee-maker")
def okx_maker(given: Given) -> Answer:
    assert OKX.maker_fee == number(given, "fee_rate")
    return {"fee": trade_fee(OKX, number(given, "contracts"), number(given, "price"), OKX.maker_fee)}


@example("okx-old-long-close")
def okx_old_close(given: Given) -> Answer:
    return {"realized_pnl": gross_pnl(opened(OKX, given), number(given, "close_price"))}


@example("okx-xrp-case1", "okx-xrp-case2-actual", "okx-xrp-case3-bill")
def okx_help_page(given: Given) -> Answer:
    instrument = rounded(pnl="down 4")._replace(contract_size=number(given, "contract_size_usd"))
    return {"pnl": gross_pnl(opened(instrument, given), number(given, "exit_price"))}


# BitMEX

BITMEX_2019 = find("bitmex@2019-03-01").instrument
BITMEX_2020 = find("bitmex@2020-06-01").instrument
BITMEX_2024 = find("bitmex@2024-11-24").instrument


@example("bitmex-docs-funding-rate-interest")
def bitmex_interest(given: Given) -> Answer:
    """The guide takes the interest for the rate, before any premium and the damper."""
    rule = FundingRule(
        Decimal(480),
        interest_per_day=number(given, "quote_rate_per_day") - number(given, "base_rate_per_day"),
        damper=Decimal(1),
    )
    assert number(given, "intervals_per_day") == Decimal(1440) / rule.interval
    return {"funding_rate_8h": funding_rate(rule, Decimal(0))}


@example("bitmex-docs-funding-payment")
def bitmex_funding(given: Given) -> Answer:
    return {
        "funding_paid_xbt": funding_payment(
            PLAIN,
            SIDES[given["side"]],
            number(given, "qty"),
            number(given, "funding_rate"),
            number(given, "mark_price"),
        )
    }


@example("bitmex-docs-pnl-net-funding")
def bitmex_net_of_funding(given: Given) -> Answer:
    result = profit_and_loss(opened(PLAIN, given), number(given, "exit"), funding=number(given, "funding_paid_xbt"))
    return {"net_pnl_xbt": result.net_pnl}


@example("bitmex-docs-john-upnl")
def bitmex_john_unrealised(given: Given) -> Answer:
    return {"upnl_xbt": gross_pnl(opened(PLAIN, given), number(given, "mark"))}


@example("bitmex-docs-john-rpnl-mark")
def bitmex_john_realised(given: Given) -> Answer:
    return {"pnl_xbt": gross_pnl(opened(PLAIN, given), number(given, "exit"))}


@example("bitmex-docs-john-funding")
def bitmex_john_funding(given: Given) -> Answer:
    contracts = number(given, "position_value_xbt") * 1000
    paid = funding_payment(PLAIN, SIDES[given["side"]], contracts, number(given, "funding_rate"), Decimal(1000))
    return {"realised_pnl_change_xbt": -paid}


@example(
    "bitmex-docs-risk-180",
    "bitmex-docs-risk-230",
    "bitmex-docs-risk-tier-lt350",
    "bitmex-docs-risk-tier-lt500",
    "bitmex-docs-risk-tier-lt650",
    "bitmex-docs-2020-risk-180",
)
def bitmex_risk_limit(given: Given) -> Answer:
    instrument = BITMEX_2020 if given["step_xbt"] == "100" else BITMEX_2024
    schedule = instrument.schedule
    assert schedule is not None
    first, second = schedule.tiers[:2]
    assert first.limit == number(given, "base_limit_xbt")
    assert first.limit is not None
    assert second.limit == first.limit + number(given, "step_xbt")
    assert (first.rate, first.initial) == (number(given, "base_mm"), number(given, "base_im"))
    value = number(given, "position_value_xbt", "upper_limit_xbt")
    (piece,) = maintenance_pieces(schedule, value, value, value)
    initial = initial_rate(instrument, value, value)
    assert initial is not None
    assert piece.tier is not None
    return {
        "mm_rate": piece.rate,
        "im_rate": initial,
        "mm_xbt": piece_maintenance(piece, Decimal(1)),
        "steps": Decimal(piece.tier - 1),
    }


@example("bitmex-docs-im-100x")
def bitmex_initial_margin(given: Given) -> Answer:
    position = open_at(PLAIN, LONG, number(given, "notional_xbt"), Decimal(1))
    return {"im_xbt": isolated_margin(position, number(given, "leverage")).coin}


@example("bitmex-docs-size-10xbt-10000")
def bitmex_contracts(given: Given) -> Answer:
    contracts = contracts_of_coin(PLAIN, number(given, "value_xbt"), number(given, "price"))
    position = open_at(PLAIN, LONG, contracts, number(given, "price"))
    return {"contracts": contracts, "margin_xbt": isolated_margin(position, number(given, "leverage")).coin}


@example("bitmex-support-fee-1")
def bitmex_fees_of_a_round_trip(given: Given) -> Answer:
    rate, lot = number(given, "taker_rate_assumed"), BITMEX_2024.lot
    legs = ((number(given, "entry_lots"), number(given, "entry")), (number(given, "exit_lots"), number(given, "exit")))
    return {"fees_xbt": sum((trade_fee(BITMEX_2024, lots * lot, price, rate) for lots, price in legs), Decimal(0))}


@example("bitmex-support-rpnl-2")
def bitmex_realised_per_lot(given: Given) -> Answer:
    lot = BITMEX_2024.lot
    position = open_at(BITMEX_2024, LONG, number(given, "lots") * lot, number(given, "entry"))
    return {
        "exit_value_per_lot": coin_value(BITMEX_2024, lot, number(given, "exit")),
        "pnl_xbt": gross_pnl(position, number(given, "exit")),
    }


@example("bitmex-lot-50000")
def bitmex_value(given: Given) -> Answer:
    return {"value_sat": satoshi(coin_value(BITMEX_2019, number(given, "qty"), number(given, "price")))}


def test_two_prices_can_have_the_same_value_at_bitmex() -> None:
    given = EXAMPLES["bitmex-lot-55509.5"]
    values = [
        satoshi(coin_value(BITMEX_2019, Decimal(given["inputs"]["qty"]), Decimal(price)))
        for price in given["inputs"]["prices"]
    ]
    assert values == [Decimal(text) for text in given["expected"]["values_sat"]]


def test_odd_lots_are_cut_to_the_lot_at_bitmex() -> None:
    given = EXAMPLES["bitmex-lot-odd"]
    assert BITMEX_2024.lot == Decimal(given["inputs"]["lot"])
    cut = [whole_lots(BITMEX_2024, Decimal(quantity)) for quantity in given["inputs"]["odd_qty"]]
    assert cut == [Decimal(text) for text in given["expected"]["rounded_qty"]]


@example("bitmex-docs-adl-cost")
def bitmex_cost(given: Given) -> Answer:
    value = coin_value(BITMEX_2019, number(given, "qty"), number(given, "price"))
    return {"execCost_sat": satoshi(value), "homeNotional_xbt": value}


@example("bitmex-reddit-885-naive")
def bitmex_naive(given: Given) -> Answer:
    return {"pnl_sat_naive": satoshi(gross_pnl(opened(rounded(pnl="half-up 8"), given), number(given, "exit")))}


@example("bitmex-reddit-885-wallet")
def bitmex_wallet_change(given: Given) -> Answer:
    funding = sum((Decimal(text) for text in given["funding_sat"]), Decimal(0)) / SATOSHI
    result = profit_and_loss(
        opened(BITMEX_2019, given), number(given, "exit"), exit_fee_rate=Decimal("-0.00025"), funding=-funding
    )
    assert satoshi(-result.exit_fee) == number(given, "maker_rebate_exit_sat")
    return {
        "entry_value_sat": satoshi(opened(BITMEX_2019, given).entry_value),
        "exit_value_sat": satoshi(result.exit_value),
        "gross_pnl_sat": satoshi(result.gross_pnl),
        "wallet_change_sat": satoshi(result.net_pnl),
    }


@example("bitmex-reddit-885-rebate")
def bitmex_rebates(given: Given) -> Answer:
    quantity, rate = number(given, "qty"), number(given, "maker_rate")
    return {
        "rebate_entry_sat": -satoshi(trade_fee(BITMEX_2019, quantity, number(given, "entry"), rate)),
        "rebate_exit_sat": -satoshi(trade_fee(BITMEX_2019, quantity, number(given, "exit"), rate)),
    }


@example(
    "bitmex-calc-roe-4545",
    "bitmex-calc-roe-7500",
    "bitmex-calc-roe-10000",
    "bitmex-calc-roe-20000",
    "bitmex-calc-roe-50000",
    "bitmex-calc-roe-70000",
)
def bitmex_calculator(given: Given) -> Answer:
    position = open_at(BITMEX_2019, LONG, Decimal(1), number(given, "entry"))
    roe = return_on_equity(position, gross_pnl(position, number(given, "exit")), number(given, "leverage"), None)
    assert roe is not None
    return {"roe_percent": roe * 100}


@example(
    "bitmex-snap-A-pnl",
    "bitmex-snap-C-pnl",
    "bitmex-snap-D-pnl",
    "bitmex-snap-E-pnl",
    "bitmex-snap-G-pnl",
    "bitmex-snap-L-pnl",
    "bitmex-snap-D-mark-6726.04",
    "bitmex-snap-I-23489.73",
    "bitmex-snap-I-23491.68",
)
def bitmex_snapshot(given: Given) -> Answer:
    instrument = BITMEX_2024 if given.get("lot") == "100" else BITMEX_2019
    position, mark = opened(instrument, given), number(given, "mark")
    pnl = gross_pnl(position, mark)
    on_margin = return_on_equity(position, pnl, number(given, "leverage"), None)
    on_value = return_on_equity(position, pnl, Decimal(1), None)
    assert on_margin is not None
    assert on_value is not None
    return {
        "cost_sat": satoshi(position.entry_value),
        "markValue_sat": satoshi(coin_value(instrument, position.contracts, mark)),
        "unrealisedPnl_sat": satoshi(pnl),
        "unrealisedPnlPcnt": on_value,
        "unrealisedRoePcnt": on_margin,
    }


def bitmex_position(given: Given) -> Position:
    """The recorded position, by its cost; where the record has an average, that leads to the same."""
    side, contracts, cost = SIDES[given["side"]], number(given, "qty"), number(given, "cost_sat") / SATOSHI
    if "entry" in given:
        assert open_at(BITMEX_2019, side, contracts, number(given, "entry")).stored_value == cost
    return open_for_value(BITMEX_2019, side, contracts, cost)


@example(
    "bitmex-snap-A-margin",
    "bitmex-snap-C-margin",
    "bitmex-snap-D-margin",
    "bitmex-snap-E-margin",
    "bitmex-snap-L-margin",
    "bitmex-snap-M-margin",
)
def bitmex_margins(given: Given) -> Answer:
    position = bitmex_position(given)
    initial = isolated_margin(position, number(given, "leverage")).coin
    moved = (number(given, "posCross_sat") if "posCross_sat" in given else Decimal(0)) / SATOSHI
    lost = (number(given, "posLoss_sat") if "posLoss_sat" in given else Decimal(0)) / SATOSHI
    # The venue reserves the larger, long amount for both sides.
    reserve = closing_fee_reserve(BITMEX_2019, LONG, position.stored_value, initial + moved, number(given, "takerFee"))
    schedule = Schedule((Tier(None, number(given, "maintMarginReq")),), "entry", adverse_funding=True)
    holding = Holding(position, schedule, funding_rate=position.side * number(given, "fundingRate"))
    maintenance = wallet_of(Decimal(0), [holding]).groups[0].pieces[0].constant
    margin = initial + moved + reserve - lost
    if "mark" in given:
        pnl = gross_pnl(position, number(given, "mark"))
    else:
        pnl = (number(given, "unrealisedPnl_sat") if "unrealisedPnl_sat" in given else Decimal(0)) / SATOSHI
    return {
        "posInit": satoshi(initial),
        "posComm": satoshi(reserve),
        "posMargin": satoshi(margin),
        "posMaint": satoshi(reserve + maintenance),
        "maintMargin": satoshi(margin + pnl),
    }


@example("bitmex-snap-A-liq", "bitmex-snap-C-liq")
def bitmex_liquidation(given: Given) -> Answer:
    position = bitmex_position(given)
    usable = (number(given, "posInit_sat") + number(given, "posCross_sat") - number(given, "posLoss_sat")) / SATOSHI
    funding = Decimal("0.00375") if given["posMaint_sat"] == "5718" else Decimal(0)
    schedule = Schedule((Tier(None, Decimal("0.005")),), "entry", adverse_funding=True)
    result = position_liquidation(Holding(position, schedule, funding_rate=funding), Margin("isolated", usable, usable))
    return {"liquidationPrice": _price(result), "bankruptPrice": _bankruptcy(result)}


@example("bitmex-snap-F-liq")
def bitmex_cross(given: Given) -> Answer:
    assert BITMEX_2019.schedule is not None
    position = bitmex_position({**given, "side": "long"})
    balance = number(given, "walletBalance_sat") / SATOSHI
    fee = ClosingFee(number(given, "takerFee"), at_bankruptcy=True)
    assert BITMEX_2019.cross_closing_fee == fee
    result = position_liquidation(Holding(position, BITMEX_2019.schedule, fee), Margin("cross", balance, balance))
    return {"liquidationPrice": _price(result), "bankruptPrice": _bankruptcy(result)}


def test_a_short_that_cannot_be_liquidated_is_printed_as_the_largest_price_at_bitmex() -> None:
    given = EXAMPLES["bitmex-snap-H-liq"]
    assert BITMEX_2019.schedule is not None
    assert BITMEX_2019.max_price == Decimal(given["expected"]["liquidationPrice"])
    balance = Decimal(given["inputs"]["walletBalance_sat"]) / SATOSHI
    holding = Holding(bitmex_position(given["inputs"]), BITMEX_2019.schedule, BITMEX_2019.cross_closing_fee)
    assert position_liquidation(holding, Margin("cross", balance, balance)).liquidation_price is None


@example("bitmex-snap-E-comm")
def bitmex_fees_per_fill(given: Given) -> Answer:
    fills = [Fill(Decimal(quantity), number(given, "price")) for quantity in given["fills_qty"]]
    return {
        "execComm_total_sat": satoshi(entry_fees(open_by_fills(BITMEX_2019, LONG, fills), number(given, "taker_rate")))
    }


@example("bitmex-snap-F-comm")
def bitmex_rebate_is_cut(given: Given) -> Answer:
    price = on(grid("half-up 1"), SATOSHI / number(given, "cost_sat"))
    assert satoshi(coin_value(BITMEX_2019, Decimal(1), price)) == number(given, "cost_sat")
    return {"execComm_sat": satoshi(trade_fee(BITMEX_2019, Decimal(1), price, number(given, "maker_rate")))}


@example("bitmex-snap-G-comm")
def bitmex_fees_of_equal_fills(given: Given) -> Answer:
    fills = [Fill(Decimal(1), Decimal(7130))] * int(given["fills"])
    position = open_by_fills(BITMEX_2019, LONG, fills)
    assert satoshi(position.stored_value) == number(given, "cost_sat_each") * len(fills)
    return {"execComm_total_sat": satoshi(entry_fees(position, number(given, "taker_rate")))}


def test_the_average_of_a_short_is_cut_upwards_at_bitmex() -> None:
    """693 contracts for 13,365,396 satoshi: 19,286.29 a contract, shown as 1e8/19287."""
    given = EXAMPLES["bitmex-snap-H-avg"]
    # 199 contracts at 19,287 satoshi and 494 at 19,286 cost what the record says.
    fills = [Fill(Decimal(198), Decimal("5184.8")), Fill(Decimal(495), Decimal("5185"))]
    position = open_by_fills(BITMEX_2019, SHORT, fills)
    assert satoshi(position.stored_value) == Decimal(given["inputs"]["cost_sat"])
    assert position.entry_price == Decimal(given["expected"]["avgEntryPrice"])


@example("bitmex-snap-L-comm")
def bitmex_rebate(given: Given) -> Answer:
    fee = satoshi(trade_fee(BITMEX_2019, number(given, "qty"), number(given, "price"), number(given, "maker_rate")))
    return {"execComm_sat": fee, "realisedPnl_sat": -fee}


@example("bitmex-fill-100000")
def bitmex_fill(given: Given) -> Answer:
    quantity, price = number(given, "qty"), number(given, "price")
    return {
        "execCost_sat": satoshi(coin_value(BITMEX_2019, quantity, price)),
        "execComm_sat": satoshi(trade_fee(BITMEX_2019, quantity, price, number(given, "rate"))),
    }


@example("bitmex-funding-exec-169")
def bitmex_funding_execution(given: Given) -> Answer:
    quantity, price = number(given, "qty"), number(given, "price")
    paid = funding_payment(BITMEX_2020, SIDES[given["side"]], quantity, number(given, "rate"), price)
    return {"execCost_sat": satoshi(coin_value(BITMEX_2020, quantity, price)), "execComm_sat": satoshi(paid)}


@example("bitmex-openvalue-2019-05-09")
def bitmex_open_value(given: Given) -> Answer:
    return {
        "value_per_lot_sat": satoshi(coin_value(BITMEX_2019, Decimal(1), number(given, "mark"))),
        "openValue_sat": satoshi(coin_value(BITMEX_2019, number(given, "openInterest"), number(given, "mark"))),
    }


@example("bitmex-fairbasis-2024")
def bitmex_fair_basis(given: Given) -> Answer:
    assert BITMEX_2024.funding is not None
    return {"fairBasisRate": annual_rate(LONG, number(given, "fundingRate"), BITMEX_2024.funding.interval)}


@example("nautilus-inv-short-2")
def nautilus_pnl(given: Given) -> Answer:
    instrument = rounded(pnl="half-even 8", fee="half-even 8")
    return {
        "upnl_btc": gross_pnl(opened(instrument, given), number(given, "mark")),
        "commission_btc": trade_fee(instrument, number(given, "qty"), number(given, "entry"), number(given, "taker")),
    }


@example("nautilus-inv-notional", "nautilus-inv-im", "nautilus-inv-mm")
def nautilus_margin(given: Given) -> Answer:
    rate = number(given, "im_rate", "mm_rate") if "im_rate" in given or "mm_rate" in given else Decimal(1)
    position = open_at(PLAIN, LONG, number(given, "qty"), number(given, "price"))
    (piece,) = maintenance_pieces(flat_rate(rate), position.contracts, position.notional, position.cost)
    amount = on(grid("half-even 8"), piece_maintenance(piece, 1 / number(given, "price")))
    return {"notional_btc": amount, "im_btc": amount, "mm_btc": amount}


@example("nautilus-inv-maker", "nautilus-inv-taker", "nautilus-inv-exch-taker", "nautilus-inv-exch-maker")
def nautilus_commission(given: Given) -> Answer:
    instrument = rounded(fee="half-even 8")
    return {
        "commission_btc": trade_fee(instrument, number(given, "qty"), number(given, "price"), number(given, "rate"))
    }


@example("medium-romanornr")
def guide(given: Given) -> Answer:
    return {"pnl_xbt": gross_pnl(opened(rounded(pnl="half-up 3"), given), number(given, "exit"))}


# Deribit

DERIBIT = find("deribit@2023-01-01").instrument
DERIBIT_2020 = find("deribit@2020-06-01").instrument
DERIBIT_ETHER = find("deribit@2020-06-01", "ETH-PERPETUAL").instrument


@example("deribit-pos-1-pnl")
def deribit_pnl(given: Given) -> Answer:
    contracts = number(given, "size_usd") / DERIBIT.contract_size
    position = open_at(DERIBIT, SIDES[given["side"]], contracts, number(given, "average_price"))
    mark = number(given, "mark_price")
    return {"size_currency": coin_value(DERIBIT, contracts, mark), "total_profit_loss": gross_pnl(position, mark)}


@example("deribit-pos-1-margin")
def deribit_test_margin(given: Given) -> Answer:
    value, slope = number(given, "size_currency"), number(given, "slope_per_btc")

    def margin(base: str) -> Decimal:
        schedule = Schedule((Tier(None, number(given, base)),), slope=slope)
        (piece,) = maintenance_pieces(schedule, value, value, value)
        return on(DERIBIT.rounding.maintenance, piece_maintenance(piece, Decimal(1)))

    return {"initial_margin": margin("im_base_inferred"), "maintenance_margin": margin("mm_base_inferred")}


@example("deribit-doc-margin-25btc")
def deribit_margin(given: Given) -> Answer:
    value, schedule, leverage = number(given, "position_btc"), DERIBIT.schedule, DERIBIT.max_leverage
    assert schedule is not None
    assert leverage is not None
    (tier,) = schedule.tiers
    assert (tier.rate, tier.initial) == (number(given, "mm_base"), number(given, "im_base"))
    assert schedule.slope == number(given, "slope_per_btc")
    rate, asked = initial_rate(DERIBIT, value, value), deribit_asked(schedule, value)
    assert rate is not None
    assert asked.maintenance_margin is not None
    return {
        "im_rate": rate,
        "im_btc": initial_margin(DERIBIT, leverage, value, value),
        "mm_rate": asked.maintenance_rate,
        "mm_btc": asked.maintenance_margin,
    }


def deribit_asked(schedule: Schedule, coins: Decimal) -> Liquidation:
    """What is asked for a long of so many coins whose equity is just that: liquidated where it stands, at 1 USD."""
    position = open_at(PLAIN, LONG, coins, Decimal(1))
    (piece,) = maintenance_pieces(schedule, coins, coins, coins)
    margin = piece_maintenance(piece, Decimal(1))
    return position_liquidation(Holding(position, schedule), Margin("cross", margin, margin))


@example("deribit-fee-1", "deribit-fee-2")
def deribit_ether_fee(given: Given) -> Answer:
    return {"fee": trade_fee(DERIBIT_ETHER, number(given, "size_usd"), number(given, "price"), number(given, "rate"))}


@example("deribit-fee-5")
def deribit_block_fee(given: Given) -> Answer:
    contracts = number(given, "size_usd") / DERIBIT.contract_size
    return {"fee": trade_fee(DERIBIT, contracts, number(given, "price"), number(given, "rate"))}


@example("deribit-fee-4")
def deribit_fee_of_2019(given: Given) -> Answer:
    instrument = DERIBIT_ETHER._replace(rounding=Rounding(fee=grid("half-up 6")))
    return {"fee": trade_fee(instrument, number(given, "size_usd"), number(given, "price"), number(given, "rate"))}


@example(
    "deribit-doc-fee-weekly-taker",
    "deribit-doc-fee-weekly-maker",
    "deribit-doc-fee-eth-weekly-taker",
    "deribit-doc-fee-eth-weekly-maker",
    "deribit-doc-fee-eth-perp",
)
def deribit_page_fee(given: Given) -> Answer:
    return {"fee": trade_fee(DERIBIT_ETHER, number(given, "size_usd"), number(given, "price"), number(given, "rate"))}


@example(
    "deribit-fund-2019-02",
    "deribit-fund-zero-2019-10",
    "deribit-fund-zero-2020a",
    "deribit-fund-zero-2020b",
    "deribit-fund-zero-2025a",
    "deribit-fund-zero-2025b",
)
def deribit_funding(given: Given) -> Answer:
    rule = FundingRule(
        Decimal(480),
        damper=number(given, "damper"),
        cap=None if given["cap"] == "none" else number(given, "cap"),
        continuous=True,
    )
    now = premium(number(given, "mark"), number(given, "index"))
    return {"current_funding": funding_rate(rule, now, grid=DERIBIT.rounding.funding_rate)}


@example("deribit-legacy-pnl")
def deribit_legacy_pnl(given: Given) -> Answer:
    instrument = rounded(pnl="half-up 6")
    position = open_at(instrument, LONG, number(given, "size_usd"), number(given, "entry"))
    result = profit_and_loss(position, number(given, "exit"))
    return {"pnl_btc": result.gross_pnl, "pnl_usd": on(grid("down 2"), result.net_pnl_usd)}


@example("deribit-legacy-margin")
def deribit_legacy_margin(given: Given) -> Answer:
    return {"margin_btc": coin_value(rounded(value="down 4"), number(given, "margin_usd"), number(given, "price"))}


# Kraken

KRAKEN = find("kraken@2025-11-17").instrument
KRAKEN_OLD = find("kraken@2019-07-11").instrument


@example("kraken-fund-ex1-premium")
def kraken_premium(given: Given) -> Answer:
    return {"premium_percent": on(grid("down 4"), premium(number(given, "perp"), number(given, "index")) * 100)}


@example("kraken-fund-ex1-payment")
def kraken_payment(given: Given) -> Answer:
    index, rate = number(given, "index"), number(given, "rate_percent") / 100
    paid = funding_payment(KRAKEN, LONG, number(given, "qty"), rate, index, index)
    return {"payment_usd": paid * index, "payment_btc": paid}


@example("kraken-fund-ex2")
def kraken_cap(given: Given) -> Answer:
    rule = KRAKEN.funding
    assert rule is not None
    assert rule.cap == number(given, "cap_percent_per_hour") / 100
    now = on(grid("down 3"), premium(number(given, "perp"), number(given, "index")) * 100)
    return {
        "premium_percent": now,
        "uncapped_percent_per_hour": funding_rate(rule._replace(cap=None), now / 100, grid=grid("down 6")) * 100,
        "rate_percent_per_hour": funding_rate(rule, now / 100) * 100,
    }


@example("kraken-fund-ex3-abs")
def kraken_page_coin_rate(given: Given) -> Answer:
    page, index = KRAKEN._replace(rounding=Rounding(coin_rate=grid("down 11"))), number(given, "index")
    rate = funding_payment(page, LONG, Decimal(1), number(given, "relative_percent") / 100, index, index)
    return {"absolute_percent_per_contract": rate * 100}


@example(
    "kraken-abs-ltc-2021",
    "kraken-abs-bch-cur",
    "kraken-abs-ltc-2019b-cur",
    "kraken-abs-ltc-2019b-pred",
    "kraken-abs-xbt-2019a",
    "kraken-abs-ticker-doc",
    "kraken-abs-ticker-doc-pred",
)
def kraken_coin_rate(given: Given) -> Answer:
    """The coin rate is what one contract pays, before payments are cut to 11 decimals."""
    exact_payments = KRAKEN._replace(rounding=KRAKEN.rounding._replace(funding=None))
    index = number(given, "index")
    return {
        "absolute_rate": funding_payment(exact_payments, LONG, Decimal(1), number(given, "relative_rate"), index, index)
    }


@example("kraken-log-funding-1", "kraken-log-funding-2", "kraken-log-funding-3")
def kraken_realised_funding(given: Given) -> Answer:
    hours = Decimal(4)
    size = number(given, "size_times_hours") / hours
    paid = funding_payment(KRAKEN_OLD, LONG, size, number(given, "absolute_rate"), Decimal(1), Decimal(1), hours)
    answer = {"realized_funding": -paid}
    if "old_balance" in given:
        answer["new_balance"] = after_paying(wallet_of(number(given, "old_balance"), []), paid).collateral
    return answer


@example("kraken-fill-taker")
def kraken_fee(given: Given) -> Answer:
    ether = find("kraken", "PI_ETHUSD").instrument
    return {"fee_eth": trade_fee(ether, number(given, "qty"), number(given, "price"), number(given, "rate"))}


@example("kraken-nt-fill-3")
def kraken_fixture_fee(given: Given) -> Answer:
    fee = trade_fee(rounded(fee="half-up 8"), number(given, "qty"), number(given, "price"), number(given, "rate"))
    return {"fee_btc": fee}


def test_the_average_of_two_fills_is_harmonic_at_kraken() -> None:
    given = EXAMPLES["kraken-log-avg"]
    fills = [Fill(Decimal(quantity), Decimal(price)) for quantity, price in given["inputs"]["fills"]]
    average = open_by_fills(KRAKEN, LONG, fills).entry_price
    assert round(average, 13) == Decimal(given["expected"]["new_average_entry_price"])


# Bybit

BYBIT_2020 = find("bybit@2020-06-01").instrument
BYBIT_2022 = find("bybit@2022-12-01").instrument
BYBIT_2024 = find("bybit@2024-09-10").instrument


def test_the_average_of_two_fills_at_bybit() -> None:
    given = EXAMPLES["bybit-hc-avg-entry"]
    instrument = rounded(stored_value="ceiling 8", value="ceiling 8", average="half-up 2")
    fills = [Fill(Decimal(fill["qty"]), Decimal(fill["price"])) for fill in given["inputs"]["fills"]]
    position = open_by_fills(instrument, LONG, fills)
    assert position.entry_value == Decimal(given["expected"]["total_value_btc"])
    assert position.entry_price == Decimal(given["expected"]["avg_entry_price"])


@example("bybit-hc-pnl-intro")
def bybit_pnl_of_rounded_values(given: Given) -> Answer:
    position = opened(rounded(value="half-up 3"), given)
    result = profit_and_loss(position, number(given, "exit_price"))
    return {"entry_value_btc": position.entry_value, "exit_value_btc": result.exit_value, "pnl_btc": result.gross_pnl}


@example("bybit-cn-pnl-12500")
def bybit_pnl(given: Given) -> Answer:
    position = opened(BYBIT_2020, given)
    result = profit_and_loss(position, number(given, "exit_price"))
    return {"entry_value_btc": position.entry_value, "exit_value_btc": result.exit_value, "pnl_btc": result.gross_pnl}


@example("bybit-hc-im")
def bybit_margin(given: Given) -> Answer:
    position = open_at(BYBIT_2020, LONG, number(given, "qty"), number(given, "order_price"))
    return {"initial_margin_btc": isolated_margin(position, number(given, "leverage")).coin}


@example("bybit-hc-mm-tier-xyz")
def bybit_didactic_tiers(given: Given) -> Answer:
    position = opened(PLAIN, given)
    limits = tuple(Decimal(tier["up_to"]) for tier in given["tiers"])
    tiers = with_deductions(limits, tuple(Decimal(tier["mmr"]) for tier in given["tiers"]))
    piece = maintenance_pieces(Schedule(tiers, "entry"), position.contracts, position.notional, position.cost)[0]
    assert piece.constant == Decimal("0.45")
    return {
        "position_value": position.entry_value,
        "initial_margin": isolated_margin(position, number(given, "leverage")).coin,
    }


@example("bybit-hc-liq-iso-long", "bybit-hc-liq-iso-short")
def bybit_isolated(given: Given) -> Answer:
    position = opened(BYBIT_2020, {**given, "qty": "8000"})
    assert BYBIT_2020.schedule is not None
    assert BYBIT_2020.schedule.tiers[0].rate == number(given, "mmr")
    assert BYBIT_2020.tick == number(given, "tick")
    holding = Holding(position, BYBIT_2020.schedule, BYBIT_2020.isolated_closing_fee)
    return {"liq_price": _price(position_liquidation(holding, isolated_margin(position, number(given, "leverage"))))}


@example("bybit-hc-cross-long-a")
def bybit_cross(given: Given) -> Answer:
    """The page shows the bankruptcy price to 2 decimals, the engine to the tick."""
    position = opened(BYBIT_2020, given)
    assert BYBIT_2020.schedule is not None
    assert BYBIT_2020.taker_fee == number(given, "taker_fee_rate")
    holding = Holding(position, BYBIT_2020.schedule, BYBIT_2020.cross_closing_fee)
    balance = number(given, "account_balance_btc") - number(given, "order_margin_btc")
    on_tick = position_liquidation(holding, Margin("cross", balance, balance))
    shown = BYBIT_2020._replace(rounding=Rounding(liquidation_price=grid("half-up 2")))
    on_page = position_liquidation(
        holding._replace(position=position._replace(instrument=shown)), Margin("cross", balance, balance)
    )
    return {"bankruptcy_price": _bankruptcy(on_page), "liq_price": _price(on_tick)}


@example("bybit-hc-uta-iso-short")
def bybit_unified(given: Given) -> Answer:
    """The copies end before the printed price; the formula on the page gives 55,248.62, to the tick 55,248.5."""
    position = opened(BYBIT_2024, given)
    assert BYBIT_2024.schedule is not None
    margin = isolated_margin(position, number(given, "leverage"))
    result = position_liquidation(Holding(position, BYBIT_2024.schedule), margin)
    assert _price(result) == Decimal("55248.5")
    return {"position_value_btc": position.entry_value, "initial_margin_btc": margin.coin}


@example("bybit-api-pos-5x1", "bybit-api-pos-5x6.95")
def bybit_recorded_isolated(given: Given) -> Answer:
    position = bybit_position(given)
    assert BYBIT_2020.schedule is not None
    margin = isolated_margin(position, number(given, "leverage"))
    result = position_liquidation(Holding(position, BYBIT_2020.schedule), margin)
    fee = number(given, "taker_fee_rate")
    return {
        "entry_price": position.entry_price,
        "position_margin_excl_fee_btc": margin.coin,
        "liq_price": _price(result),
        "bust_price": _bankruptcy(result),
        "occ_closing_fee_btc": closing_fee_reserve(BYBIT_2020, LONG, position.stored_value, margin.coin, fee),
    }


@example("bybit-api-cross-10")
def bybit_recorded_cross(given: Given) -> Answer:
    position = bybit_position(given)
    assert BYBIT_2020.schedule is not None
    balance = number(given, "wallet_balance_btc") - number(given, "order_margin_btc")
    fee = ClosingFee(number(given, "taker_fee_rate"), at_bankruptcy=True)
    assert BYBIT_2020.cross_closing_fee == fee
    holding = Holding(position, BYBIT_2020.schedule, fee)
    result = position_liquidation(holding, Margin("cross", balance, balance))
    reserve = ends(wallet_of(balance, [holding]), holding).reserve
    return {
        "entry_price": position.entry_price,
        "bust_price": _bankruptcy(result),
        "liq_price": _price(result),
        "occ_closing_fee_btc": reserve,
        "position_margin_btc": balance - reserve,
    }


@example("bybit-api-ws-cross-200")
def bybit_recorded_bankruptcy(given: Given) -> Answer:
    position = bybit_position(given)
    margin = number(given, "position_margin_btc")
    result = position_liquidation(
        Holding(position, flat_rate(Decimal(0), basis="entry")), Margin("cross", margin, margin)
    )
    return {"entry_price": position.entry_price, "bust_price": _bankruptcy(result)}


def bybit_position(given: Given) -> Position:
    """The recorded position, by its value; opening it from the average that this shows finds the value again."""
    contracts, value = number(given, "size"), number(given, "position_value_btc")
    position = open_for_value(BYBIT_2020, LONG, contracts, value)
    assert open_at(BYBIT_2020, LONG, contracts, position.entry_price).stored_value == value
    return position


@pytest.mark.parametrize(
    ("day", "name", "side", "contracts", "value", "mark", "printed"),
    [
        # JKorf/Bybit.Net, V5 position list; the average is 30004.5006751, that of 300 before one was closed.
        ("2023-05-22", "BTCUSD", SHORT, "299", "0.00996518", "26926", "0.00113932"),
        # bybit-exchange/docs, V5 position list; the exact difference, -0.000294131..., is half up and floor alike.
        ("2023-10-19", "BTCUSD", SHORT, "300", "0.01092319", "28224.50", "-0.00029413"),
    ],
)
def test_the_unrealised_profit_of_a_recorded_position_at_bybit(
    day: str, name: str, side: Decimal, contracts: str, value: str, mark: str, printed: str
) -> None:
    position = open_for_value(find(f"bybit@{day}", name).instrument, side, Decimal(contracts), Decimal(value))
    assert gross_pnl(position, Decimal(mark)) == Decimal(printed)


@example("bybit-hc-fee-2020")
def bybit_fees(given: Given) -> Answer:
    assert BYBIT_2020.taker_fee == number(given, "taker_fee_rate")
    assert BYBIT_2020.maker_fee == number(given, "maker_fee_rate")
    quantity, price = number(given, "qty"), number(given, "exec_price")
    return {
        "taker_fee_btc": trade_fee(BYBIT_2020, quantity, price, BYBIT_2020.taker_fee),
        "maker_fee_btc": trade_fee(BYBIT_2020, quantity, price, BYBIT_2020.maker_fee),
    }


@example("bybit-hc-funding-interest")
def bybit_interest(given: Given) -> Answer:
    rule = BYBIT_2020.funding
    assert rule is not None
    assert rule.interest_per_day == number(given, "interest_quote_index") - number(given, "interest_base_index")
    assert Decimal(1440) / rule.interval == number(given, "intervals_per_day")
    return {"interest_rate": funding_rate(rule, Decimal(0))}


@example("bybit-v2c-1x", "bybit-v2c-2x-075", "bybit-v2c-16.67x", "bybit-v2c-6.95x")
def bybit_order_cost(given: Given) -> Answer:
    leverage, fee = number(given, "leverage"), number(given, "taker_fee_rate")
    return {
        "bv2c": order_cost_rate(BYBIT_2020, LONG, leverage, fee),
        "sv2c": order_cost_rate(BYBIT_2020, SHORT, leverage, fee),
    }


@example("bybit-order-margin-100@17000")
def bybit_order_margin(given: Given) -> Answer:
    order, leverage, fee = (Decimal(100), Decimal(17_000)), Decimal(2), Decimal("0.0006")
    assert coin_value(BYBIT_2020, *order) == number(given, "order_value_btc")
    assert order_cost_rate(BYBIT_2020, LONG, leverage, fee) == number(given, "bv2c")
    return {"order_margin_btc": order_cost(BYBIT_2020, LONG, *order, leverage, fee)}


@example("bybit-order-value-floor")
def bybit_order_value(given: Given) -> Answer:
    fills = [Fill(Decimal(order["qty"]), Decimal(order["price"])) for order in given["orders"]]
    to_three = BYBIT_2020._replace(rounding=BYBIT_2020.rounding._replace(average=grid("half-up 3")))
    position = open_by_fills(to_three, LONG, fills)
    return {"order_value_btc": position.stored_value, "bmp": position.entry_price}


@example("bybit-api-exec-taker", "bybit-api-exec-maker", "bybit-api-ws-exec-maker")
def bybit_execution(given: Given) -> Answer:
    quantity, price = number(given, "qty"), number(given, "exec_price")
    return {
        "exec_value_btc": coin_value(BYBIT_2020, quantity, price),
        "exec_fee_btc": trade_fee(BYBIT_2020, quantity, price, number(given, "fee_rate")),
    }


@example("bybit-api-exec-value-200", "bybit-api-leaves-value-200", "bybit-live-leaves-value-35000")
def bybit_value(given: Given) -> Answer:
    value = coin_value(BYBIT_2022, number(given, "qty"), number(given, "exec_price", "price"))
    return {"cum_exec_value_btc": value, "leaves_value_btc": value}


# Phemex

PHEMEX = find("phemex").instrument


@example("phemex-fill-2", "phemex-fill-301421")
def phemex_fill(given: Given) -> Answer:
    quantity, price = number(given, "qty"), number(given, "exec_price")
    return {
        "exec_value_btc": coin_value(PHEMEX, quantity, price),
        "exec_fee_btc": trade_fee(PHEMEX, quantity, price, number(given, "fee_rate")),
    }


@example("phemex-funding-700")
def phemex_funding(given: Given) -> Answer:
    quantity, mark = number(given, "qty"), number(given, "mark_price")
    return {
        "exec_value_btc": coin_value(PHEMEX, quantity, mark),
        "exec_fee_btc": funding_payment(PHEMEX, SIDES[given["side"]], quantity, number(given, "funding_rate"), mark),
    }


def phemex_position(given: Given) -> Position:
    value = number(given, "position_value_btc")
    return open_for_value(PHEMEX, SIDES[given["side"]], number(given, "size"), value)


@example("phemex-pos-13", "phemex-pos-3900160")
def phemex_unrealised(given: Given) -> Answer:
    position = phemex_position(given)
    initial = isolated_margin(position, 1 / number(given, "initial_margin_rate")).coin
    fee = number(given, "taker_fee_rate")
    return {
        "avg_entry_price": position.entry_price,
        "unrealised_pnl_btc": gross_pnl(position, number(given, "mark_price")),
        "pos_cost_btc": initial + closing_fee_reserve(PHEMEX, LONG, position.stored_value, initial, fee),
    }


@example("phemex-cross-13")
def phemex_cross(given: Given) -> Answer:
    position = phemex_position(given)
    balance, fee = number(given, "account_balance_btc"), ClosingFee(number(given, "taker_fee_rate"), at_bankruptcy=True)
    schedule = flat_rate(number(given, "mmr"), basis="entry")
    holding = Holding(position, schedule, fee)
    result = position_liquidation(holding, Margin("cross", balance, balance))
    # The commission is taken before the bankruptcy price is rounded to the tick.
    commission = ends(wallet_of(balance, [holding]), holding).reserve
    return {
        "bankrupt_comm_btc": commission,
        "position_margin_btc": balance - commission,
        "bankrupt_price": _bankruptcy(result),
        "liquidation_price": _price(result),
    }


@example("phemex-cross-1x20")
def phemex_cross_at_20x(given: Given) -> Answer:
    position, leverage, fee = phemex_position(given), Decimal(20), number(given, "taker_fee_rate")
    initial = isolated_margin(position, leverage).coin
    reserve = closing_fee_reserve(PHEMEX, LONG, position.stored_value, initial, fee)
    return {
        "avg_entry_price": position.entry_price,
        "pos_cost_btc": initial + reserve,
        "bankrupt_comm_btc": reserve,
        "position_margin_btc": initial,
        "buy_value_to_cost": order_cost_rate(PHEMEX, LONG, leverage, fee),
        "sell_value_to_cost": order_cost_rate(PHEMEX, SHORT, leverage, fee),
    }


@example("phemex-v2c-1x")
def phemex_order_cost(given: Given) -> Answer:
    leverage, fee = number(given, "leverage"), number(given, "taker_fee_rate")
    return {
        "buy_value_to_cost": order_cost_rate(PHEMEX, LONG, leverage, fee),
        "sell_value_to_cost": order_cost_rate(PHEMEX, SHORT, leverage, fee),
    }


# KuCoin, HTX, Gate

KUCOIN = find("kucoin").instrument
GATE = find("gate").instrument


@example("kucoin-upnl-long")
def kucoin_page(given: Given) -> Answer:
    return {"unrealised_pnl_btc": gross_pnl(opened(rounded(pnl="down 6"), given), number(given, "mark_price"))}


@example("kucoin-intro-old")
def kucoin_early_rounding(given: Given) -> Answer:
    return kucoin_intro(given, rounded(stored_value="ceiling 3", value="ceiling 3", margin="ceiling 5", roe="down 4"))


@example("kucoin-intro-new")
def kucoin_late_rounding(given: Given) -> Answer:
    return kucoin_intro(given, rounded(value="half-up 4", margin="half-up 5"))


def kucoin_intro(given: Given, instrument: Any) -> Answer:
    position = open_at(instrument, LONG, number(given, "notional_usd"), number(given, "entry_price"))
    leverage, pnl = number(given, "leverage"), gross_pnl(position, number(given, "exit_price"))
    roe = return_on_equity(position, pnl, leverage, None)
    assert roe is not None
    return {
        "position_value_btc": position.entry_value,
        "initial_margin_btc": isolated_margin(position, leverage).coin,
        "pnl_btc": pnl,
        "roe_percent": roe * 100,
    }


@example("kucoin-fee-coinm")
def kucoin_fee(given: Given) -> Answer:
    quantity, price = number(given, "qty"), number(given, "price")
    return {
        "position_value_btc": coin_value(KUCOIN, quantity, price),
        "fee_btc": trade_fee(KUCOIN, quantity, price, number(given, "fee_rate")),
    }


@example("kucoin-funding-2", "kucoin-funding-3")
def kucoin_funding(given: Given) -> Answer:
    quantity, mark = number(given, "qty"), number(given, "mark_price")
    return {
        "position_cost_btc": coin_value(KUCOIN, quantity, mark),
        "funding_btc": -funding_payment(KUCOIN, SIDES[given["side"]], quantity, number(given, "funding_rate"), mark),
    }


@example("htx-margin-btc", "htx-margin-eos", "htx-api-margin")
def htx_margin(given: Given) -> Answer:
    instrument = rounded(margin="down 18")._replace(contract_size=number(given, "face_value_usd"))
    position = open_at(instrument, LONG, number(given, "contracts"), number(given, "latest_price", "last_price"))
    margin = isolated_margin(position, number(given, "leverage")).coin
    return {"position_margin_btc": margin, "position_margin_eos": margin}


@example("htx-upnl")
def htx_unrealised(given: Given) -> Answer:
    instrument = rounded(pnl="down 4")._replace(contract_size=number(given, "face_value_usd"))
    return {"unrealised_pnl_btc": gross_pnl(opened(instrument, given), number(given, "latest_price"))}


@example("gate-value")
def gate_value(given: Given) -> Answer:
    return {"position_value_btc": coin_value(GATE, number(given, "contracts"), number(given, "mark_price"))}


def _price(result: Liquidation) -> Decimal:
    assert result.liquidation_price is not None
    return result.liquidation_price


def _bankruptcy(result: Liquidation) -> Decimal:
    assert result.bankruptcy_price is not None
    return result.bankruptcy_price


BY_THEIR_OWN_TEST = {
    "bitmex-lot-55509.5",
    "bitmex-lot-odd",
    "bitmex-snap-H-avg",
    "bitmex-snap-H-liq",
    "kraken-log-avg",
    "bybit-hc-avg-entry",
}


def test_every_published_example_is_computed_or_says_why_not() -> None:
    assert len(EXAMPLES) == 196
    assert not COMPUTED.keys() & NOT_EXPRESSED.keys()
    assert NOT_COVERED.keys() <= COMPUTED.keys()
    assert all(0 < len(left) < len(EXAMPLES[name]["expected"]) for name, left in NOT_COVERED.items())
    assert COMPUTED.keys() | NOT_EXPRESSED.keys() | BY_THEIR_OWN_TEST == EXAMPLES.keys()
    assert all(item["source_url"] for item in EXAMPLES.values())


@pytest.mark.parametrize("name", sorted(COMPUTED))
def test_the_printed_number(name: str) -> None:
    published = EXAMPLES[name]
    answer = COMPUTED[name](published["inputs"])
    left_out = NOT_COVERED.get(name, {})
    printed = {key: Decimal(text) for key, text in published["expected"].items() if key not in left_out}
    assert not answer.keys() & left_out.keys()
    assert {key: answer.get(key) for key in printed} == printed
