"""One position of BitMEX, and of the venues whose engines and answers are made like its: KuCoin and Phemex.

Sources: the venues' API pages; recorded answers in JKorf's client libraries; ccxt 4.5.90. `posMargin` is `posInit`,
what was moved in (`posCross`) and the fee to close (`posComm`), less what was used up (`posLoss`). None is nothing.
"""

from decimal import Decimal

from perpcalc.decimals import ZERO
from perpcalc.readers.answers import Item, choice, number, positive, text, yes
from perpcalc.readers.recorded import (
    MODES,
    NET_OR_SIDE,
    SIDES,
    Recorded,
    held,
    margins,
    mode_of,
    signed,
    size_of,
    unsigned,
)

SATOSHI = {"XBT": Decimal("1E-8"), "GWEI": Decimal("1E-9")}
SCALES = {"Ep": Decimal("1E-4"), "Er": Decimal("1E-8"), "Ev": Decimal("1E-8")}
OWN = "posInit with posCross, less posLoss"


def bitmex(item: Item) -> Recorded | None:
    """A position of /api/v1/position, its amounts in satoshi; `posMargin` holds the fee to close.

    Without an average the cost is what `markValue` and `unrealisedPnl` make of it. Where `crossMargin` is left out, a
    `posCross` that is just the loss says cross: margin moves in by itself there.
    """
    side, size = signed(item, "currentQty", None)
    coin = text(item, "currency") or "XBt"
    unit = SATOSHI.get(coin.upper(), Decimal("1E-6"))

    def amount(key: str) -> Decimal | None:
        value = number(item, key)
        return None if value is None else value * unit

    value, cost = size_of(amount("markValue")), size_of(amount("posCost"))
    profit, moved = amount("unrealisedPnl"), amount("posCross")
    if cost is None and value is not None and profit is not None:
        cost = value - profit if side == "short" else value + profit
    cross = yes(item, "crossMargin")
    if cross is None and profit and moved == -profit:
        cross = True
    first = amount("posInit")
    own = None if first is None else first + (moved or ZERO) - (amount("posLoss") or ZERO)
    return held(
        item,
        "bitmex",
        "symbol",
        "ETH" if coin == "Gwei" else coin,
        side=side,
        contracts=size,
        entry=positive(item, "avgEntryPrice"),
        entry_value=cost,
        mark=positive(item, "markPrice"),
        value=value,
        leverage=None if cross else positive(item, "leverage"),
        mode=mode_of(None if cross is None else not cross),
        margins=margins((OWN, own)) + margins(("posMargin", amount("posMargin")), counts="fees"),
        rate=positive(item, "maintMarginReq"),
        liquidation_price=number(item, "liquidationPrice"),
        profit=profit,
    )


def kucoin(item: Item) -> Recorded | None:
    """A position of /api/v1/positions, or of a unified account; `posMargin` holds the fee to close.

    `realLeverage` floats with the price and is no setting.
    """
    quantity = "currentQty" if "currentQty" in item else "size"
    side, size = signed(item, quantity, choice(item, "positionSide", NET_OR_SIDE))
    cross = yes(item, "crossMode")
    first, moved, lost = number(item, "posInit"), number(item, "posCross"), number(item, "posLoss")
    own = None if first is None else first + (moved or ZERO) - (lost or ZERO)
    return held(
        item,
        "kucoin",
        "symbol",
        text(item, "settleCurrency"),
        side=side,
        contracts=size,
        entry=positive(item, "avgEntryPrice", "entryPrice"),
        entry_value=size_of(number(item, "posCost")),
        mark=positive(item, "markPrice"),
        value=size_of(number(item, "markValue", "positionValue")),
        leverage=positive(item, "leverage"),
        mode=choice(item, "marginMode", MODES) if cross is None else mode_of(not cross),
        margins=margins((OWN, own)) + margins(("posMargin", number(item, "posMargin")), counts="fees"),
        rate=positive(item, "maintMarginReq", "mmr"),
        liquidation_price=number(item, "liquidationPrice"),
        profit=number(item, "unrealisedPnl", "unrealizedPnL"),
    )


def phemex(item: Item) -> Recorded | None:
    """A position of /accounts/accountPositions, plain or scaled; `assignedPosBalance` holds the fee to close.

    Scaled prices are in 1/10000, values and ratios in 1/100000000; a leverage of 0 or less is cross.
    """

    def scaled(name: str, scale: str) -> Decimal | None:
        plain, raised = number(item, name), number(item, name + scale)
        return raised * SCALES[scale] if plain is None and raised is not None else plain

    cross, leverage = yes(item, "crossMargin"), scaled("leverage", "Er")
    if cross is None and leverage is not None:
        cross = leverage <= 0
    return held(
        item,
        "phemex",
        "symbol",
        text(item, "currency"),
        side=choice(item, "side", SIDES),
        contracts=unsigned(item, "size"),
        entry=scaled("avgEntryPrice", "Ep") or None,
        entry_value=scaled("value", "Ev") or None,
        mark=scaled("markPrice", "Ep") or None,
        leverage=size_of(leverage),
        mode=mode_of(None if cross is None else not cross),
        margins=margins(("positionMargin", scaled("positionMargin", "Ev")))
        + margins(("assignedPosBalance", scaled("assignedPosBalance", "Ev")), counts="fees"),
        rate=scaled("maintMarginReq", "Er") or None,
        liquidation_price=scaled("liquidationPrice", "Ep"),
        stop=scaled("stopLoss", "Ep") or None,
        target=scaled("takeProfit", "Ep") or None,
    )
