"""Positions as venues and ccxt write them: what is read of each, and files that are wrong.

The files of tests/data/positions have the shapes of the venues' API pages. Recorded by others or printed there are: Binance's
BTCUSD_PERP of 2 contracts (comments in ccxt/binance.py), Bybit's short of 299 (JKorf/Bybit.Net, 2023-05-22), OKX's ETH-USD-210430
(its documentation, 2021-04-27), Deribit's 50 USD (OpenAPI 2.1.1), BitMEX's short of 2,000 (snapshot of 2019-07-14) and long of 900
(2023-02-28), Kraken's short (docs.kraken.com), Gate's short of 9,440 (its documentation). The numbers of the others are made up.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from importing.books import DATA, dump_of

from perpcalc.errors import PerpcalcError
from perpcalc.files import Source
from perpcalc.readers.answers import ANSWER
from perpcalc.readers.positions import KNOWN, Dump, place, read_positions
from perpcalc.readers.positions_of_venues import SHAPES
from perpcalc.readers.recorded import Recorded, Said, last_digit

CCXT: dict[str, Any] = {
    "symbol": "BTC/USD:BTC",
    "side": "long",
    "contracts": 5000,
    "contractSize": 1,
    "entryPrice": 61_000.5,
    "markPrice": 64_000,
    "marginMode": "isolated",
    "leverage": 10,
}
BINANCE: dict[str, Any] = {
    "symbol": "BTCUSD_PERP",
    "positionAmt": "-2",
    "entryPrice": "60000",
    "markPrice": "61000",
    "positionSide": "BOTH",
    "leverage": "10",
}
BYBIT: dict[str, Any] = {"symbol": "BTCUSD", "side": "Buy", "size": "10", "avgPrice": "60000", "positionIdx": 0}


def dump(data: object) -> Dump:
    return read_positions(Source(json.dumps(data).encode(), "dump.json"))


def read(data: object) -> Recorded:
    """The one position of a file."""
    found = dump(data)
    assert found.unread == ()
    [item] = found.items
    return item


def said(item: Recorded) -> dict[str, Any]:
    """What a record says beside its place, numbers as text."""
    plain = {key: f"{value:f}" if isinstance(value, Decimal) else value for key, value in item._asdict().items()}
    return {key: value for key, value in plain.items() if value not in (None, (), 0) and key not in ("number", "place")}


class TestBinance:
    def test_position_risk(self) -> None:
        found = dump_of("binance-position-risk")
        assert (found.empty, found.unread, found.balances) == (1, (), ())
        long, short = found.items
        assert said(long) == {
            "symbol": "BTCUSD_PERP",
            "venue": "binance",
            "side": "long",
            "contracts": "2",
            "entry": "37643.10000021",
            "mark": "38103.05510455",
            "value": "0.00524892",
            "leverage": "2",
            "mode": "isolated",
            "margins": (
                Said("isolatedWallet", Decimal("0.00268058")),
                Said("isolatedMargin less the profit", Decimal("0.00268058")),
            ),
            "liquidation_price": "25119.97445760",
            "profit": "0.00006413",
        }
        assert (short.place, short.side, short.contracts, short.mode) == (
            "position 3 (ETHUSD_PERP)",
            "short",
            40,
            "cross",
        )

    def test_an_account_in_hedge_mode(self) -> None:
        found = dump_of("binance-account-hedge")
        assert [(item.side, item.contracts, item.mode, item.hedged) for item in found.items] == [
            ("long", 300, "cross", True),
            ("short", 100, "cross", True),
        ]
        assert (found.empty, [str(balance.amount) for balance in found.balances]) == (1, ["0.25000000", "0E-8"])

    def test_an_account_by_the_websocket_api(self) -> None:
        found = dump_of("binance-websocket-account")
        [item] = found.items
        assert (item.side, item.contracts, item.mode) == ("short", 50, "isolated")
        assert item.margins == (Said("isolatedWallet", Decimal("0.01700000")),)
        assert [str(balance.amount) for balance in found.balances] == ["0.09000000"]

    @pytest.mark.parametrize(
        ("change", "mode"),
        [
            ({}, None),
            ({"marginType": "ISOLATED"}, "isolated"),
            ({"marginType": "cross", "isolated": True}, "cross"),
            ({"isolated": False}, "cross"),
            ({"isolated": "true"}, "isolated"),
            ({"isolated": True, "isolatedWallet": "0"}, "isolated"),
            ({"isolatedWallet": "0"}, "cross"),
            ({"isolatedMargin": "0.1"}, "isolated"),
        ],
    )
    def test_the_margin_mode_by_any_key_that_says_it(self, change: dict[str, Any], mode: str | None) -> None:
        assert read([{**BINANCE, **change}]).mode == mode


class TestBybit:
    def test_the_recorded_short(self) -> None:
        found = dump_of("bybit-recorded-short")
        [item] = found.items
        assert (found.empty, found.further_page) == (1, False)
        assert said(item) == {
            "symbol": "BTCUSD",
            "venue": "bybit",
            "side": "short",
            "contracts": "299",
            "contract_size": "1",
            "entry": "30004.5006751",
            "entry_value": "0.00996518",
            "mark": "26926.00",
            "leverage": "10",
            "margins": (
                Said("positionBalance", Decimal("0.00100189")),
                Said("positionIM", Decimal("0.00100189"), "fees"),
            ),
            "maintenance": "0.0000508",
            "liquidation_price": "999999.00",
            "profit": "0.00113932",
        }

    def test_an_isolated_long_on_a_page_that_another_follows(self) -> None:
        found = dump_of("bybit-isolated-page")
        [item] = found.items
        assert found.further_page
        assert (item.mode, item.stop, item.target, item.entry_value) == ("isolated", 60_000, 70_000, Decimal("0.16"))

    def test_the_value_is_at_the_mark_since_september_2025(self) -> None:
        long, short = dump_of("bybit-unified").items
        assert (long.value, long.entry_value) == (Decimal("0.40983606"), None)  # 25000/61000
        assert (long.mode, long.liquidation_price) == (None, None)
        assert (short.symbol, short.side) == ("BTCUSDZ26", "short")


class TestOkx:
    def test_the_documented_one(self) -> None:
        assert said(*dump_of("okx-documented-isolated").items) == {
            "symbol": "ETH-USD-210430",
            "venue": "okx",
            "side": "long",
            "contracts": "1",
            "entry": "2566.31",
            "mark": "2565.656",
            "leverage": "10",
            "mode": "isolated",
            "margins": (Said("margin", Decimal("0.0003896645377994")),),
            "maintenance": "0.0000311811092368",
            "liquidation_price": "2352.8496681818233",
            "profit": "-0.0000009932766034",
            "hedged": True,
        }

    def test_net_mode_has_a_sign_and_stops_come_along(self) -> None:
        short, linear, option = dump_of("okx-net-cross").items
        assert (short.side, short.contracts, short.mode, short.hedged) == ("short", 30, "cross", False)
        assert (short.stop, short.target, short.liquidation_price) == (66_000, 58_000, None)
        assert (linear.symbol, option.symbol) == ("BTC-USDT-SWAP", "BTC-USD-260327-60000-C")

    def test_both_sides_and_both_modes_at_once(self) -> None:
        assert [(item.side, item.mode) for item in dump_of("okx-hedge-both-modes").items] == [
            ("long", "isolated"),
            ("short", "isolated"),
            ("long", "cross"),
        ]


class TestDeribit:
    def test_the_documented_one(self) -> None:
        assert said(*dump_of("deribit-documented").items) == {
            "symbol": "BTC-PERPETUAL",
            "venue": "deribit",
            "side": "long",
            "usd": "50",
            "entry": "7440.18",
            "mark": "7476.65",
            "value": "0.006687487",
            "maintenance": "0.000143783",
            "liquidation_price": "1.74",
            "profit": "0.000032781",
        }

    def test_one_position_alone_with_the_exact_mark(self) -> None:
        [item] = dump_of("deribit-one-dated").items
        assert (item.side, item.usd, item.symbol) == ("short", 60_000, "BTC-25DEC26")
        assert item.mark == Decimal("61224.489795918367")  # 60000/0.98, printed as 61224.49
        assert item.liquidation_price is None

    def test_among_options_and_linear_contracts(self) -> None:
        found = dump_of("deribit-mixed")
        assert found.empty == 1
        assert [item.symbol for item in found.items] == ["BTC_USDC-PERPETUAL", "BTC-25DEC26-60000-C", "ETH-PERPETUAL"]


class TestBitmex:
    def test_the_recorded_short_in_satoshi(self) -> None:
        assert said(*dump_of("bitmex-recorded-short").items) == {
            "symbol": "XBTUSD",
            "settle": "BTC",
            "venue": "bitmex",
            "side": "short",
            "contracts": "2000",
            "entry": "10713.5",
            "entry_value": "0.18668000",
            "mark": "10567.6",
            "value": "0.18926000",
            "leverage": "5",
            "mode": "isolated",
            "margins": (
                Said("posInit with posCross, less posLoss", Decimal("0.03805029")),
                Said("posMargin", Decimal("0.03821884"), "fees"),
            ),
            "rate": "0.005",
            "liquidation_price": "13370.5",
            "profit": "0.00258000",
        }

    def test_cross_quanto_linear_and_closed_ones(self) -> None:
        found = dump_of("bitmex-cross-and-quanto")
        assert found.empty == 1
        assert [(item.symbol, item.settle, item.mode) for item in found.items] == [
            ("XBTUSD", "BTC", "cross"),
            ("ETHUSD", "BTC", "cross"),
            ("XBTUSDT", "USDT", "isolated"),
        ]
        assert found.items[0].profit == Decimal("-0.00021618")

    def test_one_that_expires(self) -> None:
        [item] = dump_of("bitmex-dated").items
        assert (item.symbol, item.rate, item.entry_value) == ("XBTZ26", Decimal("0.0055"), Decimal("0.16"))

    @pytest.mark.parametrize(("quantity", "value"), [(400, "0.00912269"), (-400, "0.00913539")])
    def test_without_an_average_the_cost_follows_from_value_and_profit(self, quantity: int, value: str) -> None:
        item = {
            "symbol": "XBTUSD",
            "currency": "XBt",
            "currentQty": quantity,
            "markValue": -912904,
            "unrealisedPnl": -635,
        }
        assert read([item]).entry_value == Decimal(value)  # 912904 - 635, or 912904 + 635 for a short

    def test_ether_is_counted_in_gwei(self) -> None:
        item = {
            "symbol": "ETHUSD_ETH",
            "currency": "Gwei",
            "currentQty": 100,
            "posCost": -40_000_000,
            "crossMargin": True,
        }
        assert (read([item]).settle, read([item]).entry_value) == ("ETH", Decimal("0.04"))


class TestKraken:
    def test_the_documented_one(self) -> None:
        assert said(*dump_of("kraken-documented").items) == {
            "symbol": "pi_xbtusd",
            "venue": "kraken",
            "side": "short",
            "contracts": "10000",
            "entry": "9392.749993345933",
        }

    def test_expiring_and_linear_ones(self) -> None:
        perpetual, dated, linear = dump_of("kraken-dated-and-linear").items
        assert (perpetual.contracts, dated.symbol, dated.side) == (24_000, "FI_ETHUSD_261225", "short")
        assert (linear.mode, linear.leverage) == ("isolated", 3)

    def test_nothing_held(self) -> None:
        assert dump_of("kraken-empty") == Dump()


def test_bitmex_takes_a_realised_loss_out_of_the_margin() -> None:
    [item] = json.loads((DATA / "positions/bitmex-recorded-short.json").read_text())
    whole, less = (read([{**item, "posLoss": loss}]).margins[0].coin for loss in (0, 5_000))
    assert whole - less == Decimal("0.00005")


class TestKucoin:
    def test_isolated_with_margin_added_by_hand(self) -> None:
        inverse, linear = dump_of("kucoin-isolated").items
        assert inverse.margins == (
            Said("posInit with posCross, less posLoss", Decimal("0.0055")),
            Said("posMargin", Decimal("0.005518"), "fees"),
        )
        assert (inverse.mode, inverse.leverage, inverse.settle, inverse.rate) == (
            "isolated",
            None,
            "BTC",
            Decimal("0.005"),
        )
        assert (inverse.entry_value, inverse.value) == (Decimal("0.025"), Decimal("0.02439"))
        assert linear.settle == "USDT"

    def test_a_cross_short_that_is_never_liquidated(self) -> None:
        [item] = dump_of("kucoin-cross-short").items
        assert (item.side, item.contracts, item.mode, item.leverage) == ("short", 500, "cross", 10)

    def test_what_it_has_lost_is_not_in_its_margin_any_more(self) -> None:
        held = {
            "symbol": "XBTUSDM",
            "currentQty": 500,
            "avgEntryPrice": "40000",
            "crossMode": False,
            "settleCurrency": "XBT",
        }
        both = read(
            {"code": "200000", "data": [{**held, "posInit": "0.002", "posCross": "0.0005", "posLoss": "0.0003"}]}
        )
        assert both.margins[0] == Said("posInit with posCross, less posLoss", Decimal("0.0022"))

    def test_what_was_moved_and_lost_may_be_left_out(self) -> None:
        held = {
            "symbol": "XBTUSDM",
            "currentQty": 500,
            "avgEntryPrice": "40000",
            "posInit": "0.002",
            "crossMode": False,
        }
        assert read({"code": "200000", "data": [held]}).margins[0].coin == Decimal("0.002")

    def test_a_side_beside_its_size_must_agree(self) -> None:
        held = {"symbol": "XBTUSDM", "size": "-20", "entryPrice": "62000", "unrealizedPnL": "0", "positionSide": "LONG"}
        [left] = dump({"code": "200000", "data": [held]}).unread
        assert left.error.what == "size '-20' is negative, and the side long"

    def test_a_unified_account(self) -> None:
        assert said(*dump_of("kucoin-unified").items) == {
            "symbol": "XBTUSDM",
            "venue": "kucoin",
            "side": "short",
            "contracts": "2000",
            "entry": "62000",
            "mark": "61000",
            "value": "0.03278",
            "leverage": "3",
            "mode": "cross",
            "rate": "0.007",
            "profit": "0.00052",
        }


class TestGate:
    def test_the_documented_one_of_leverage_0_is_cross(self) -> None:
        [item] = dump_of("gate-documented-cross").items
        assert (item.side, item.contracts, item.mode, item.leverage) == ("short", 9440, "cross", None)
        assert (item.liquidation_price, item.rate) == (99_999_999, Decimal("0.005"))

    def test_isolated(self) -> None:
        found = dump_of("gate-isolated")
        item, linear = found.items
        assert (item.mode, item.leverage, item.margins) == ("isolated", 10, (Said("margin", Decimal("0.033")),))
        assert (item.value, item.profit) == (Decimal("0.322580645161"), Decimal("0.005288207298"))
        assert (linear.symbol, found.empty) == ("BTC_USDT", 1)

    def test_both_sides(self) -> None:
        assert [(item.side, item.contracts, item.hedged) for item in dump_of("gate-dual").items] == [
            ("long", 3000, True),
            ("short", 1000, True),
        ]

    def test_the_margin_mode_by_its_own_key(self) -> None:
        item = {
            "contract": "BTC_USD",
            "size": 3,
            "entry_price": "40000",
            "leverage": "0",
            "pos_margin_mode": "isolated",
        }
        assert read([item]).mode == "isolated"


class TestPhemex:
    def test_isolated(self) -> None:
        found = dump_of("phemex-isolated")
        item, linear = found.items
        assert said(item) == {
            "symbol": "BTCUSD",
            "settle": "BTC",
            "venue": "phemex",
            "side": "long",
            "contracts": "1000",
            "entry": "50000",
            "entry_value": "0.02",
            "mark": "51000",
            "leverage": "10",
            "mode": "isolated",
            "margins": (
                Said("positionMargin", Decimal("0.002")),
                Said("assignedPosBalance", Decimal("0.0020165"), "fees"),
            ),
            "rate": "0.005",
            "liquidation_price": "45662.5",
            "stop": "48000",
        }
        assert (linear.settle, found.empty) == ("USD", 1)
        assert [str(balance.amount) for balance in found.balances] == ["3.00000000"]

    def test_scaled_numbers_say_the_same(self) -> None:
        plain, scaled = dump_of("phemex-isolated").items[0], dump_of("phemex-scaled").items[0]
        assert scaled._replace(mode="isolated") == plain
        assert scaled.mode == "isolated"  # by a leverage above 0

    def test_a_price_of_zero_is_none(self) -> None:
        held = json.loads((DATA / "positions" / "phemex-isolated.json").read_text())
        held["data"]["positions"][0] |= {"avgEntryPrice": "0", "markPrice": "0"}
        item, _ = dump(held).items
        assert (item.entry, item.mark) == (None, None)

    def test_a_cross_short(self) -> None:
        [item] = dump_of("phemex-cross").items
        assert (item.side, item.mode, item.leverage) == ("short", "cross", None)


class TestCcxt:
    def test_texts_of_2021(self) -> None:
        [item] = dump_of("ccxt-2021").items
        assert (item.venue, item.likely, item.side, item.contracts) == ("kraken", "kraken", "long", 24_000)
        assert (item.entry, item.mode) == (Decimal("2400.5"), "cross")

    def test_each_may_name_its_exchange(self) -> None:
        assert [item.venue for item in dump_of("ccxt-four-venues").items] == ["bingx", "htx", "okx", "bitget"]

    def test_what_the_venue_sent_goes_first(self) -> None:
        [item] = dump_of("ccxt-one-with-info").items
        assert item.margins == (
            Said("positionMargin", Decimal("0.002")),
            Said("assignedPosBalance", Decimal("0.0020165"), "fees"),
            Said("ccxt's positionMargin", Decimal("0.001607843137254902")),
        )
        assert (item.venue, item.likely, item.stop) == (None, "phemex", 48_000)

    @pytest.mark.parametrize(
        ("change", "mode"),
        [
            ({"marginMode": None}, None),
            ({"marginMode": ""}, None),
            ({"marginMode": "cross"}, "cross"),
            ({"marginMode": "crossed"}, "cross"),
            ({"marginMode": None, "marginType": "isolated"}, "isolated"),
            ({"marginMode": None, "isolated": True}, "isolated"),
            ({"marginMode": None, "isolated": False}, "cross"),
            ({"marginMode": "isolated", "info": {"mgnMode": "cross", "instId": "BTC-USD-SWAP"}}, "cross"),
            ({"marginMode": None, "info": {"tradeMode": 1}}, "isolated"),
            ({"marginMode": None, "info": {"tradeMode": 0}}, None),
            ({"marginMode": "isolated", "info": {"currentQty": 1, "posCross": 635, "unrealisedPnl": -635}}, "cross"),
        ],
    )
    def test_the_margin_mode_by_any_key_that_says_it(self, change: dict[str, Any], mode: str | None) -> None:
        assert read([{**CCXT, **change}]).mode == mode

    def test_figures_that_the_venue_sent_go_before_those_of_ccxt(self) -> None:
        ours = {"maintenanceMarginPercentage": 0.005, "maintenanceMargin": 0.001}
        bitmex = {"currentQty": 1, "posCross": 0, "unrealisedPnl": 0, "maintMarginReq": 0.004}
        assert read([{**CCXT, **ours}]).rate == Decimal("0.005")
        assert read([{**CCXT, **ours, "info": bitmex}]).rate == Decimal("0.004")
        okx = {"instId": "BTC-USD-SWAP", "mgnMode": "cross", "mmr": "0.002"}
        assert read([{**CCXT, **ours}]).maintenance == Decimal("0.001")
        assert read([{**CCXT, **ours, "info": okx}]).maintenance == Decimal("0.002")

    def test_the_sign_of_a_short_is_nothing_and_that_of_a_long_an_error(self) -> None:
        assert read([{**CCXT, "contracts": -50, "side": "short"}]).contracts == 50
        assert read([{**CCXT, "contracts": -50, "side": None}]).side == "short"
        [left] = dump([{**CCXT, "contracts": -50}]).unread
        assert str(left.error) == "position 1 (BTC/USD:BTC): contracts is negative, and the side long: correct the file"

    def test_collateral_with_the_profit_and_without(self) -> None:
        item = read([{**CCXT, "collateral": 0.01, "unrealizedPnl": 0.002}])
        assert item.margins == (
            Said("collateral less the profit", Decimal("0.008")),
            Said("collateral", Decimal("0.01"), "profit"),
        )
        assert read([{**CCXT, "collateral": 0.01, "unrealizedPnl": 0.02}]).margins == (
            Said("collateral", Decimal("0.01"), "profit"),
        )

    def test_a_number_that_is_not_asked_for_may_be_nan(self) -> None:
        assert read([{**CCXT, "percentage": float("nan")}]).contracts == 5000

    @given(
        st.dictionaries(
            st.sampled_from([*CCXT, "info", "exchange", "liquidationPrice", "stopLossPrice", "positionMargin", "collateral"]),
            st.recursive(
                st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=12)),
                lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["size", "instId", "pos"]), inner),
                max_leaves=3,
            ),
        )
    )  # fmt: skip
    def test_no_item_breaks_the_reader(self, change: dict[str, Any]) -> None:
        found = dump([{**CCXT, **change}])
        assert len(found.items) + len(found.unread) + found.empty == 1
        assert all(str(left.error).isprintable() for left in found.unread)


class TestWrappings:
    @pytest.mark.parametrize(
        "wrapped",
        [
            lambda item: [item],
            lambda item: item,
            lambda item: {"positions": [item]},
            lambda item: {"retCode": 0, "result": {"list": [item]}},
            lambda item: {"code": "0", "data": [item]},
            lambda item: {"code": 0, "data": {"account": {}, "positions": [item]}},
            lambda item: {"jsonrpc": "2.0", "result": item},
            lambda item: {"id": "1", "status": 200, "result": {"assets": [], "positions": [item]}},
            lambda item: {"result": "success", "openPositions": [item]},
        ],
    )
    def test_an_item_is_known_by_its_own_keys(self, wrapped: Callable[[Any], Any]) -> None:
        for item in (CCXT, BINANCE, BYBIT):
            assert read(wrapped(item)).contracts in (5000, 2, 10)

    @pytest.mark.parametrize(
        "data", [[], {"positions": []}, {"code": "200000", "data": None}, {"result": []}, {"openPositions": []}]
    )
    def test_nothing_held(self, data: object) -> None:
        assert dump(data) == Dump()

    def test_the_exchange_of_the_file_is_that_of_every_position(self) -> None:
        assert read({"exchange": "krakenfutures", "positions": [CCXT]}).venue == "kraken"
        assert (
            read({"exchange": "okex", "positions": [{**CCXT, "exchange": "bybit@2024-06-01"}]}).venue
            == "bybit@2024-06-01"
        )

    def test_shapes_may_be_mixed(self) -> None:
        assert [item.venue for item in dump([CCXT, BINANCE, BYBIT]).items] == [None, "binance", "bybit"]

    @pytest.mark.parametrize(
        "more",
        [
            {"result": {"list": [BYBIT], "nextPageCursor": "a%3A1"}},
            {"data": [BYBIT], "hasMore": True},
            {"data": {"list": [BYBIT], "currentPage": 1, "totalPage": 2}},
            {"result": {"list": [BYBIT], "next_cursor": "x"}},
            {"data": {"result": {"data": {"list": [BYBIT], "hasMore": True}}}},
        ],
    )
    def test_a_further_page_is_said(self, more: dict[str, Any]) -> None:
        assert dump(more).further_page

    @pytest.mark.parametrize(
        "last",
        [
            {"result": {"list": [BYBIT], "nextPageCursor": ""}},
            {"data": [BYBIT], "hasMore": False},
            {"data": {"list": [BYBIT], "currentPage": 2, "totalPage": 2}},
            {"data": {"list": [BYBIT], "currentPage": [1], "totalPage": 2}},
        ],
    )
    def test_the_last_page_says_none(self, last: dict[str, Any]) -> None:
        assert not dump(last).further_page


class TestWhatIsWrong:
    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (5, f"holds no positions that are known: {KNOWN}: {ANSWER}"),
            ("BTC", f"holds no positions that are known: {KNOWN}: {ANSWER}"),
            ({}, f"holds no positions that are known: {KNOWN}: {ANSWER}"),
            ([5], f"holds no positions that are known: {KNOWN}: {ANSWER}"),
            ([{"price": "60000", "amount": 1}] * 1000, f"holds no positions that are known: {KNOWN}: {ANSWER}"),
            ({"positions": {}}, f"positions is an object, not a list: {ANSWER}"),
            ({"retCode": 0, "result": {"list": {"a": 1}}}, f"list is an object, not a list: {ANSWER}"),
            ({"code": "0", "data": {}}, f"holds no positions that are known: {KNOWN}: {ANSWER}"),
            ({"data": {"data": {"data": {"data": {"data": [CCXT]}}}}}, f"holds no positions that are known: {KNOWN}: {ANSWER}"),
            ({"retCode": 10003, "retMsg": "API key is invalid."},
             "the venue refused: API key is invalid. (code 10003): see what its API says of this"),
            ({"jsonrpc": "2.0", "error": {"message": "unauthorized", "code": 13009}},
             "the venue refused: unauthorized (code 13009): see what its API says of this"),
        ],
    )  # fmt: skip
    def test_a_file_that_is_none_has_one_line(self, data: object, message: str) -> None:
        with pytest.raises(PerpcalcError) as caught:
            dump(data)
        assert str(caught.value) == f"dump.json: {message}"

    @pytest.mark.parametrize(
        ("change", "what"),
        [
            ({"contracts": "many"}, "contracts 'many' is not a number of at most 15 digits"),
            ({"contracts": [1]}, "contracts of a list is not a number of at most 15 digits"),
            ({"entryPrice": "1e999999999"}, "entryPrice '1e999999999' is not a number of at most 15 digits"),
            ({"entryPrice": -1}, "entryPrice is negative"),
            ({"side": "buy"}, "side 'buy' is not known"),
            ({"side": 5}, "side '5' is not known"),
            ({"marginMode": "portfolio"}, "marginMode 'portfolio' is not known"),
            ({"symbol": ["BTC"]}, "symbol is a list, not a text"),
            ({"isolated": 7, "marginMode": None}, "isolated '7' is not known"),
        ],
    )
    def test_a_position_that_is_wrong_is_left_out_with_its_place(self, change: dict[str, Any], what: str) -> None:
        found = dump([{**CCXT, **change}, BINANCE])
        [left] = found.unread
        where = "position 1" if isinstance(change.get("symbol"), list) else "position 1 (BTC/USD:BTC)"
        assert (left.number, left.error.where, left.error.what) == (1, where, what)
        assert [item.number for item in found.items] == [2]

    @pytest.mark.parametrize(
        ("item", "what"),
        [
            ({**BINANCE, "positionSide": "LONG"}, "positionAmt '-2' is negative, and the side long"),
            ({**BINANCE, "positionSide": "MIDDLE"}, "positionSide 'MIDDLE' is not known"),
            ({**BINANCE, "marginType": "portfolio"}, "marginType 'portfolio' is not known"),
            ({**BINANCE, "positionAmt": "two"}, "positionAmt 'two' is not a number of at most 15 digits"),
            ({**BYBIT, "size": "-10"}, "size '-10' is negative"),
            ({**BYBIT, "side": "Hold"}, "side 'Hold' is not known"),
            ({**BYBIT, "avgPrice": {}}, "avgPrice of an object is not a number of at most 15 digits"),
            ({"fillTime": "x", "price": "1", "side": "long", "size": -5}, "size '-5' is negative"),
            ({"instId": "BTC-USD-SWAP", "pos": "1", "posSide": "up"}, "posSide 'up' is not known"),
        ],
    )
    def test_so_are_those_of_venues(self, item: dict[str, Any], what: str) -> None:
        [left] = dump([item, CCXT]).unread
        assert left.error.what == what

    def test_a_shape_among_others_that_is_not_known(self) -> None:
        [left] = dump([CCXT, {"a": 1}]).unread
        assert str(left.error) == f"position 2: is no position of a known shape: {ANSWER}"

    def test_names_cannot_steer_a_terminal(self) -> None:
        assert place(1, {"symbol": "\x1b[31m\u202e"}) == "position 1 ('\\x1b[31m\\u202e')"
        assert place(2, {"symbol": "A" * 100}) == f"position 2 ('{'A' * 37}...')"
        assert place(3, {"symbol": "A" * 64}) == f"position 3 ({'A' * 64})"
        assert place(3, [1]) == "position 3"

    @given(st.sampled_from([reader for _, reader in SHAPES]), st.data())
    def test_no_answer_breaks_a_reader(self, reader: Callable[[Any], Any], data: st.DataObject) -> None:
        names = sorted(path.stem for path in (DATA / "positions").glob("*.json"))
        items = [item for name in names if not name.startswith("balance") for item in _items(name)]
        item = dict(data.draw(st.sampled_from(items)))
        key = data.draw(st.sampled_from(sorted(item)))
        item[key] = data.draw(
            st.one_of(st.none(), st.booleans(), st.text(max_size=4), st.just("-1"), st.just([]), st.just({}))
        )
        try:
            found = reader(item)
        except PerpcalcError as caught:
            assert str(caught).isprintable()  # noqa: PT017
        else:
            assert found is None or isinstance(found, Recorded)

    def test_the_largest_file_is_read_in_time(self) -> None:
        """Ten thousand positions, each of which is read but once."""
        assert len(dump([CCXT] * 10_000).items) == 10_000


def _items(name: str) -> list[dict[str, Any]]:
    """The positions in a file, numbers as text."""
    from perpcalc.readers.answers import document
    from perpcalc.readers.positions import _rows

    rows = _rows(document(Source((DATA / "positions" / f"{name}.json").read_bytes(), name)))
    return rows or []


def test_the_last_digit_printed() -> None:
    assert [str(last_digit(Decimal(text))) for text in ("57102.5", "6.413E-5", "60000", "1E+3")] == [
        "0.1",
        "1E-8",
        "1",
        "1E+3",
    ]
