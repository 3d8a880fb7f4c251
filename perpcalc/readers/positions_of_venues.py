"""One position of each venue's own answer, and by which keys such an answer is known.

Sources: the venues' API pages; answers in the comments of ccxt 4.5.90's parse_position; recorded answers in JKorf's
client libraries. A function gives None where nothing is held; keys that a venue leaves out stay None.
"""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from perpcalc.core.rounding import Grid, on
from perpcalc.decimals import ONE
from perpcalc.readers.answers import Item, choice, number, positive, text, yes
from perpcalc.readers.positions_of_engines import bitmex, kucoin, phemex
from perpcalc.readers.recorded import (
    MODES,
    NET_OR_SIDE,
    SIDES,
    Recorded,
    held,
    is_hedged,
    margins,
    mode_of,
    signed,
    size_of,
    unsigned,
)

SAME_VALUE = Decimal("1E-6")
VALUE_OF_DERIBIT = Grid(Decimal("1E-9"), ROUND_HALF_UP)
MARK_OF_DERIBIT = Grid(Decimal("1E-12"), ROUND_HALF_UP)


def binance(item: Item) -> Recorded | None:
    """A position of Binance COIN-M: /dapi/v1/positionRisk, /dapi/v1/account, and both of /papi/v1/cm.

    `isolatedMargin` holds the profit, `isolatedWallet` does not.
    """
    side, size = signed(item, "positionAmt", choice(item, "positionSide", NET_OR_SIDE))
    profit = number(item, "unRealizedProfit", "unrealizedProfit")
    wallet, margin = number(item, "isolatedWallet"), number(item, "isolatedMargin")
    isolated = yes(item, "isolated")
    if isolated is None and (wallet, margin) != (None, None):
        isolated = bool(wallet or margin)
    return held(
        item,
        "binance",
        "symbol",
        text(item, "marginAsset"),
        side=side,
        contracts=size,
        entry=positive(item, "entryPrice"),
        mark=positive(item, "markPrice"),
        value=size_of(number(item, "notionalValue")),
        leverage=positive(item, "leverage"),
        mode=choice(item, "marginType", MODES) or mode_of(isolated),
        margins=margins(
            ("isolatedWallet", wallet),
            ("isolatedMargin less the profit", margin if margin is None or profit is None else margin - profit),
        ),
        maintenance=positive(item, "maintMargin"),
        liquidation_price=number(item, "liquidationPrice"),
        profit=profit,
        hedged=is_hedged(item, "positionSide", "both"),
    )


def bybit(item: Item) -> Recorded | None:
    """A position of /v5/position/list. `positionValue` was at the entry until September 2025 and is at the mark since.

    `tradeMode` 0 says nothing: unified accounts answer it for both modes. `positionIM` holds the fee to close.
    """
    size, average, value = (
        unsigned(item, "size"),
        positive(item, "avgPrice", "entryPrice"),
        positive(item, "positionValue"),
    )
    at_entry = bool(size and value and average and abs(value * average / size - 1) < SAME_VALUE)
    symbol = text(item, "symbol") or ""
    return held(
        item,
        "bybit",
        "symbol",
        "USDC" if "-" in symbol else None,
        side=choice(item, "side", SIDES),
        contracts=size,
        contract_size=ONE,
        entry=average,
        entry_value=value if at_entry else None,
        mark=positive(item, "markPrice"),
        value=None if at_entry else value,
        leverage=positive(item, "leverage"),
        mode="isolated" if text(item, "tradeMode") == "1" else None,
        margins=margins(("positionBalance", number(item, "positionBalance")))
        + margins(("positionIM", number(item, "positionIM")), counts="fees"),
        maintenance=positive(item, "positionMM"),
        liquidation_price=number(item, "liqPrice"),
        profit=number(item, "unrealisedPnl"),
        stop=positive(item, "stopLoss"),
        target=positive(item, "takeProfit"),
        hedged=is_hedged(item, "positionIdx", "0"),
    )


def okx(item: Item) -> Recorded | None:
    """A position of /api/v5/account/positions; `margin` is that of an isolated one, without the profit."""
    side, size = signed(item, "pos", choice(item, "posSide", NET_OR_SIDE))
    closing = item.get("closeOrderAlgo")
    orders = [order for order in closing if isinstance(order, dict)] if isinstance(closing, list) else []
    return held(
        item,
        "okx",
        "instId",
        None,
        side=side,
        contracts=size,
        entry=positive(item, "avgPx"),
        mark=positive(item, "markPx"),
        leverage=positive(item, "lever"),
        mode=choice(item, "mgnMode", MODES),
        margins=margins(("margin", number(item, "margin"))),
        maintenance=positive(item, "mmr"),
        liquidation_price=number(item, "liqPx"),
        profit=number(item, "upl"),
        stop=next((positive(order, "slTriggerPx") for order in orders if order.get("slTriggerPx")), None),
        target=next((positive(order, "tpTriggerPx") for order in orders if order.get("tpTriggerPx")), None),
        hedged=is_hedged(item, "posSide", "net"),
    )


def deribit(item: Item) -> Recorded | None:
    """A position of private/get_positions: the size in USD, `leverage` no setting of the user's.

    `total_profit_loss` counts from the average, `floating_profit_loss` from the last settlement. `size/size_currency`
    is the mark where the printed one is cut too short to give the coin value that is printed.
    """
    size, value = number(item, "size"), size_of(number(item, "size_currency"))
    usd = size and abs(size)
    mark = positive(item, "mark_price")
    if usd and value and (mark is None or on(VALUE_OF_DERIBIT, usd / mark) != value):
        mark = on(MARK_OF_DERIBIT, usd / value)
    return held(
        item,
        "deribit",
        "instrument_name",
        None,
        side=choice(item, "direction", SIDES),
        usd=usd,
        entry=positive(item, "average_price"),
        mark=mark,
        value=value,
        maintenance=positive(item, "maintenance_margin"),
        liquidation_price=number(item, "estimated_liquidation_price"),
        profit=number(item, "total_profit_loss", "floating_profit_loss"),
    )


def kraken(item: Item) -> Recorded | None:
    """A position of /derivatives/api/v3/openpositions; nothing is said of an inverse one's margin."""
    leverage = positive(item, "maxFixedLeverage")
    return held(
        item,
        "kraken",
        "symbol",
        None,
        side=choice(item, "side", SIDES),
        contracts=unsigned(item, "size"),
        entry=positive(item, "price"),
        leverage=leverage,
        mode=None if leverage is None else "isolated",
    )


def gate(item: Item) -> Recorded | None:
    """A position of /futures/{settle}/positions: leverage 0 is cross, `margin` is without the profit."""
    side, size = signed(
        item, "size", choice(item, "mode", {"single": None, "dual_long": "long", "dual_short": "short"})
    )
    leverage = number(item, "leverage")
    by_leverage = None if leverage is None else "isolated" if leverage else "cross"
    return held(
        item,
        "gate",
        "contract",
        None,
        side=side,
        contracts=size,
        entry=positive(item, "entry_price"),
        mark=positive(item, "mark_price"),
        value=size_of(number(item, "value")),
        leverage=leverage or None,
        mode=choice(item, "pos_margin_mode", MODES) or by_leverage,
        margins=margins(("margin", number(item, "margin"))),
        rate=positive(item, "maintenance_rate"),
        liquidation_price=number(item, "liq_price"),
        profit=number(item, "unrealised_pnl"),
        hedged=is_hedged(item, "mode", "single"),
    )


Reader = Callable[[Item], Recorded | None]
SHAPES: tuple[tuple[frozenset[str], Reader], ...] = tuple(
    (frozenset(keys.split()), reader)
    for keys, reader in (
        ("positionAmt", binance),
        ("instId", okx),
        ("size_currency", deribit),
        ("instrument_name direction", deribit),
        ("currentQty crossMode", kucoin),
        ("currentQty isInverse", kucoin),
        ("currentQty settleCurrency", kucoin),
        ("entryPrice unrealizedPnL", kucoin),
        ("currentQty", bitmex),
        ("contract entry_price", gate),
        ("assignedPosBalance", phemex),
        ("assignedPosBalanceEv", phemex),
        ("avgEntryPriceEp", phemex),
        ("fillTime price", kraken),
        ("positionIdx", bybit),
        ("tradeMode", bybit),
        ("avgPrice positionValue", bybit),
    )
)


def reader_of(item: Any) -> Reader | None:
    """The reader of a venue's own position, by its keys; None for anything else.

    >>> reader_of({"instId": "BTC-USD-SWAP", "pos": "1"}) is okx, reader_of({"side": "long"})
    (True, None)
    """
    if not isinstance(item, dict):
        return None
    return next((reader for keys, reader in SHAPES if keys <= item.keys()), None)
