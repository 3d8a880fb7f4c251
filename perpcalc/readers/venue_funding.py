"""Funding and fees as venues answer them apart from their contracts: caps, intervals, schedules of fees."""

from collections.abc import Sequence
from decimal import Decimal

from perpcalc.decimals import plain
from perpcalc.readers.venue_tiers import Found, Wanted
from perpcalc.readers.venue_values import (
    Fact,
    LeftOut,
    Row,
    coin_of,
    given,
    hours,
    number,
    positive,
    rows_of,
    share,
    size,
    word,
)
from perpcalc.venues.own_file import Value

MINUTE_MS = Decimal(60_000)
PERCENT = {"maker": "makerFee", "taker": "takerFee"}


def binance(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`fundingInfo`, which lists COIN-M too: caps and intervals."""
    for row in rows:
        symbol = word(row, "symbol")
        coin = symbol.removesuffix("USD_PERP")
        if coin == symbol:
            yield LeftOut(symbol, "linear")
        else:
            interval = {"interval": hours(positive(row, "fundingIntervalHours"))}
            yield Fact(symbol, coin, "funding", {**interval, **given(row, {"cap": "adjustedFundingRateCap"}, share)})


def okx(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`funding-rate`: the cap, and the interval between two payments."""
    for row in rows:
        symbol = word(row, "instId")
        coin, _, rest = symbol.partition("-")
        if rest != "USD-SWAP":
            yield LeftOut(symbol, "linear")
            continue
        values: dict[str, Value] = {"cap": share(row, "maxFundingRate")}
        if row.get("nextFundingTime"):
            values["interval"] = hours((number(row, "nextFundingTime") - number(row, "fundingTime")) / MINUTE_MS / 60)
        yield Fact(symbol, coin, "funding", values)


def bybit(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`tickers`: the cap of funding."""
    for row in rows:
        symbol = word(row, "symbol")
        coin = symbol.removesuffix("USD")
        if coin == symbol or not row.get("fundingCap"):
            yield LeftOut(symbol, "linear" if symbol.endswith(("USDT", "USDC", "PERP")) else "expiring")
        else:
            yield Fact(symbol, coin, "funding", given(row, {"cap": "fundingCap"}, share))


def kraken_fees(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`feeschedules`: per cent, by USD traded; the schedule of inverse contracts."""
    for row in rows:
        name = word(row, "name")
        steps = rows_of(row, "tiers")
        if "inverse" not in name.lower() or not steps:
            yield LeftOut(name, "a schedule of other contracts")
            continue
        fees = [{ours: f"{plain(number(step, theirs))}%" for ours, theirs in PERCENT.items()} for step in steps]
        values: dict[str, Value] = {**fees[0]}
        if len(steps) > 1:
            values["volumes"] = [size(step, "usdVolume") for step in steps[1:]]
            values["makers"] = [fee["maker"] for fee in fees[1:]]
            values["takers"] = [fee["taker"] for fee in fees[1:]]
        yield Fact(None, "", "fees", values)


def kucoin(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`funding-rate/SYMBOL/current`: the cap, and the interval in milliseconds."""
    for row in rows:
        symbol = word(row, "symbol").removeprefix(".").partition("FPI")[0]
        if not symbol.endswith("USDM"):
            yield LeftOut(symbol, "linear")
        else:
            cap = given(row, {"cap": "fundingRateCap"}, share)
            values = {"interval": hours(positive(row, "granularity") / MINUTE_MS / 60), **cap}
            yield Fact(symbol, coin_of(symbol.removesuffix("USDM")), "funding", values)


def coinex(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`funding-rate`: the cap."""
    for row in rows:
        symbol = word(row, "market")
        coin = symbol.removesuffix("USD")
        if coin == symbol:
            yield LeftOut(symbol, "linear")
        else:
            yield Fact(symbol, coin, "funding", {"cap": share(row, "max_funding_rate")})


def bitget(rows: Sequence[Row], wanted: Wanted) -> Found:
    """`current-fund-rate`: the cap, and the interval in hours."""
    for row in rows:
        symbol = word(row, "symbol")
        coin = symbol.removesuffix("USD_CM")
        if coin == symbol:
            yield LeftOut(symbol, "linear")
        else:
            interval = {"interval": hours(positive(row, "fundingRateInterval"))}
            yield Fact(symbol, coin, "funding", {**interval, "cap": share(row, "maxFundingRate")})
