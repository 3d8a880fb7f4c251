"""Contracts as venues answer them, with what their answers say of fees, funding and liquidation."""

from collections.abc import Iterator, Mapping, Sequence

from perpcalc.decimals import ONE, plain
from perpcalc.errors import PerpcalcError
from perpcalc.readers import venue_tiers as tiers
from perpcalc.readers.venue_tiers import Found, Wanted
from perpcalc.readers.venue_values import (
    Fact,
    LeftOut,
    Row,
    coin_of,
    given,
    hours,
    number,
    percent,
    positive,
    rows_of,
    share,
    size,
    some,
    word,
)
from perpcalc.venues.own_file import Value

STABLE = ("USDT", "USDC", "USD")


def _facts(symbol: str, coin: str, **topics: Mapping[str, Value]) -> Iterator[Fact]:
    for topic, values in topics.items():
        if values:
            yield Fact(symbol, coin, topic, values)


def _kind(inverse: bool, settles: str, expires: bool) -> str | None:
    """What a contract is instead of an inverse perpetual; None where it is one."""
    if settles.upper() in STABLE:
        return "linear"
    if not inverse:
        return "quanto"
    return "expiring" if expires else None


def binance(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`exchangeInfo` of COIN-M."""
    for row in rows:
        symbol, coin = word(row, "symbol"), word(row, "marginAsset")
        kind = _kind(coin == word(row, "baseAsset"), coin, word(row, "contractType") != "PERPETUAL")
        if kind or word(row, "contractStatus") not in ("", "TRADING"):
            yield LeftOut(symbol, kind or "not trading")
            continue
        filters = {word(one, "filterType"): one for one in rows_of(row, "filters")}
        lots = filters.get("LOT_SIZE", {})
        contract = {
            "size": size(row, "contractSize"),
            **given(lots, {"lot": "stepSize"}, size),
            **given(filters.get("PRICE_FILTER", {}), {"tick": "tickSize"}, size),
            **given(lots, {"max_order": "maxQty"}, size),
        }
        yield from _facts(symbol, coin, contract=contract, liquidation=given(row, {"fee": "liquidationFee"}, share))


def okx(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`instruments`: nothing in a name tells an inverse contract, `ctType` does."""
    for row in rows:
        symbol, coin = word(row, "instId"), word(row, "settleCcy")
        if kind := _kind(word(row, "ctType") == "inverse", coin, word(row, "instType") != "SWAP"):
            yield LeftOut(symbol, kind)
        elif word(row, "state") not in ("", "live"):
            yield LeftOut(symbol, "not trading")
        elif word(row, "ctValCcy") != "USD":
            yield LeftOut(symbol, f"sized in {word(row, 'ctValCcy')}")
        else:
            keys = {"lot": "lotSz", "tick": "tickSz", "max_order": "maxLmtSz", "max_leverage": "lever"}
            worth = positive(row, "ctVal") * (some(row, "ctMult") or ONE)
            yield Fact(symbol, coin, "contract", {"size": plain(worth), **given(row, keys, size)})


def bybit(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`instruments-info`: every inverse contract is worth 1 USD."""
    for row in rows:
        symbol, coin = word(row, "symbol"), word(row, "settleCoin")
        contract = word(row, "contractType")
        if kind := _kind(contract.startswith("Inverse"), coin, contract != "InversePerpetual"):
            yield LeftOut(symbol, kind)
            continue
        values = {
            "size": "1",
            **given(_inner(row, "lotSizeFilter"), {"lot": "qtyStep"}, size),
            **given(_inner(row, "priceFilter"), {"tick": "tickSize", "max_price": "maxPrice"}, size),
            **given(_inner(row, "lotSizeFilter"), {"max_order": "maxOrderQty"}, size),
            **given(_inner(row, "leverageFilter"), {"max_leverage": "maxLeverage"}, size),
        }
        funding = given(row, {"cap": "upperFundingRate"}, share)
        if row.get("fundingInterval") not in (None, "", "0"):
            funding["interval"] = hours(positive(row, "fundingInterval") / 60)
        yield from _facts(symbol, coin, contract=values, funding=funding)


def kraken(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`instruments`: contracts, margin levels and the constants of funding."""
    for row in rows:
        symbol, kind = word(row, "symbol").upper(), word(row, "type")
        if kind != "futures_inverse" or not symbol.startswith("PI_"):
            yield LeftOut(symbol, "expiring" if kind == "futures_inverse" else "linear")
            continue
        coin = word(row, "base") or coin_of(symbol.removeprefix("PI_").removesuffix("USD"))
        contract = {"size": size(row, "contractSize"), **given(row, {"tick": "tickSize"}, size)}
        funding = given(row, {"divisor": "fundingRateCoefficient"}, size)
        funding |= given(row, {"cap": "maxRelativeFundingRate"}, share)
        yield from _facts(symbol, coin_of(coin), contract=contract, funding=funding)
        if row.get("marginLevels"):
            yield tiers.kraken(row, symbol, coin_of(coin))


def gate(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`contracts` settled in a coin: worth 1 USD where the multiplier is 0."""
    for row in rows:
        symbol = word(row, "name")
        coin = symbol.removesuffix("_USD")
        if word(row, "type") != "inverse" or coin == symbol or number(row, "quanto_multiplier"):
            yield LeftOut(symbol, "linear" if symbol.endswith("_USDT") else "quanto")
            continue
        keys = {"tick": "order_price_round", "max_order": "order_size_max", "max_leverage": "leverage_max"}
        contract = {"size": "1", **given(row, keys, size)}
        fees = given(row, {"maker": "maker_fee_rate", "taker": "taker_fee_rate"}, share)
        funding: dict[str, Value] = {"interval": hours(positive(row, "funding_interval") / 3600)}
        if ratio := some(row, "funding_cap_ratio"):
            room = ONE / positive(row, "leverage_max") - number(row, "maintenance_rate")
            funding["cap"] = percent(ratio * room)
        yield from _facts(symbol, coin, contract=contract, fees=fees, funding=funding)


def kucoin(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`contracts/active`: contracts and their first tier; a negative multiplier is that of an inverse one."""
    for row in rows:
        symbol, coin = word(row, "symbol"), coin_of(word(row, "settleCurrency"))
        if kind := _kind(row.get("isInverse") is True, coin, word(row, "type") != "FFWCSX"):
            yield LeftOut(symbol, kind)
            continue
        keys = {"lot": "lotSize", "tick": "tickSize", "max_price": "maxPrice", "max_order": "maxOrderQty"}
        contract = {"size": plain(abs(number(row, "multiplier"))), **given(row, keys, size)}
        contract |= given(row, {"max_leverage": "maxLeverage"}, size)
        fees = given(row, {"maker": "makerFeeRate", "taker": "takerFeeRate"}, share)
        yield from _facts(symbol, coin, contract=contract, fees=fees)
        first: dict[str, Value] = {
            "unit": "coin",
            "limits": [size(row, "maxRiskLimit")],
            "rates": [percent(positive(row, "maintainMargin"))],
            "initial_rates": [percent(positive(row, "initialMargin"))],
        }
        yield Fact(symbol, coin, "margin", first, first_tier=True)


def phemex(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`products` with `riskLimits`: inverse where the contract is sized in USD and settles in a coin."""
    (data,) = rows
    limits = {word(row, "symbol"): row for row in rows_of(data, "riskLimits")}
    for row in rows_of(data, "products"):
        symbol, coin = word(row, "symbol"), word(row, "settleCurrency")
        if kind := _kind(word(row, "contractUnderlyingAssets") == "USD", coin, word(row, "type") != "Perpetual"):
            yield LeftOut(symbol, kind)
            continue
        keys = {"lot": "lotSize", "tick": "tickSize", "max_order": "maxOrderQty"}
        yield Fact(symbol, coin, "contract", {"size": size(row, "contractSize"), **given(row, keys, size)})
        if symbol in limits:
            yield tiers.phemex(limits[symbol], symbol, coin)


def bitmex(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`instrument`: sizes in satoshi, a negative multiplier is that of an inverse contract."""
    for row in rows:
        symbol, coin = word(row, "symbol"), coin_of(word(row, "settlCurrency"))
        if kind := _kind(row.get("isInverse") is True, coin, word(row, "typ") != "FFWCSX"):
            yield LeftOut(symbol, kind)
            continue
        keys = {"lot": "lotSize", "tick": "tickSize", "max_price": "maxPrice", "max_order": "maxOrderQty"}
        worth = abs(number(row, "multiplier")) / abs(number(row, "underlyingToSettleMultiplier") or ONE)
        contract = {"size": plain(worth), **given(row, keys, size)}
        yield from _facts(
            symbol, coin, contract=contract, fees=given(row, {"maker": "makerFee", "taker": "takerFee"}, share)
        )
        yield tiers.bitmex(row, symbol, coin)


def coinex(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`market`: every inverse contract is worth 1 USD."""
    for row in rows:
        symbol, coin = word(row, "market"), word(row, "base_ccy")
        if word(row, "contract_type") != "inverse":
            yield LeftOut(symbol, "linear")
            continue
        contract: dict[str, Value] = {"size": "1", **given(row, {"tick": "tick_size"}, size)}
        if isinstance(leverages := row.get("leverage"), list) and leverages:
            contract["max_leverage"] = plain(max(positive({"leverage": one}, "leverage") for one in leverages))
        fees = given(row, {"maker": "maker_fee_rate", "taker": "taker_fee_rate"}, share)
        yield from _facts(symbol, coin, contract=contract, fees=fees)


def bitget(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`instruments` of COIN-FUTURES: the quantity is in USD."""
    for row in rows:
        symbol, coin = word(row, "symbol"), word(row, "baseCoin")
        if word(row, "category") != "COIN-FUTURES" or word(row, "type") != "perpetual":
            yield LeftOut(symbol, "expiring" if word(row, "category") == "COIN-FUTURES" else "linear")
            continue
        keys = {"lot": "quantityMultiplier", "tick": "priceMultiplier", "max_order": "maxOrderQty"}
        contract = {"size": "1", **given(row, {**keys, "max_leverage": "maxLeverage"}, size)}
        fees = given(row, {"maker": "makerFeeRate", "taker": "takerFeeRate"}, share)
        funding: dict[str, Value] = (
            {"interval": hours(positive(row, "fundInterval"))} if row.get("fundInterval") else {}
        )
        yield from _facts(symbol, coin, contract=contract, fees=fees, funding=funding)


def htx(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`swap_contract_info`."""
    for row in rows:
        symbol, coin = word(row, "contract_code"), word(row, "symbol")
        if symbol != f"{coin}-USD":
            yield LeftOut(symbol, "linear")
        else:
            contract = {"size": size(row, "contract_size"), **given(row, {"tick": "price_tick"}, size)}
            yield Fact(symbol, coin, "contract", contract)


def deribit(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`get_instruments`: contracts, base fees and the liquidation fee; it has no margin rates."""
    for row in rows:
        symbol, coin = word(row, "instrument_name"), word(row, "settlement_currency")
        inverse = "reversed" in (word(row, "future_type"), word(row, "instrument_type"))
        if kind := _kind(inverse, coin, word(row, "settlement_period") != "perpetual"):
            yield LeftOut(symbol, kind)
            continue
        contract = {
            "size": size(row, "contract_size"),
            **given(row, {"tick": "tick_size", "max_leverage": "max_leverage"}, size),
        }
        fees = given(row, {"maker": "maker_commission", "taker": "taker_commission"}, share)
        liquidation = given(row, {"fee": "max_liquidation_commission"}, share)
        yield from _facts(symbol, coin, contract=contract, fees=fees, liquidation=liquidation)


def bingx(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`contracts` of the coin-margined side: `minTickSize` is the value of a contract in USD."""
    for row in rows:
        symbol = word(row, "symbol")
        coin = symbol.removesuffix("-USD")
        if coin == symbol:
            yield LeftOut(symbol, "linear")
            continue
        contract = {"size": size(row, "minTickSize"), **given(row, {"lot": "minQty"}, size)}
        if (places := some(row, "pricePrecision")) is not None and 0 <= places <= 12:
            contract["tick"] = plain(ONE.scaleb(-int(places)))
        yield Fact(symbol, coin, "contract", contract)


def mexc(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`contract/detail`: contracts, fees, and tiers as a base and increments."""
    for row in rows:
        symbol, coin = word(row, "symbol"), word(row, "settleCoin")
        if kind := _kind(coin == word(row, "baseCoin"), coin, False):
            yield LeftOut(symbol, kind)
            continue
        keys = {"lot": "volUnit", "tick": "priceUnit", "max_order": "maxVol", "max_leverage": "maxLeverage"}
        fees = given(row, {"maker": "makerFeeRate", "taker": "takerFeeRate"}, share)
        yield from _facts(
            symbol, coin, contract={"size": size(row, "contractSize"), **given(row, keys, size)}, fees=fees
        )
        if row.get("riskLevelLimit"):
            yield tiers.mexc(row, symbol, coin)


def _inner(row: Row, key: str) -> Row:
    found = row.get(key, {})
    if not isinstance(found, dict):
        raise PerpcalcError("is not an object", "ask the venue again").at(key)
    return found
