"""Position tiers and risk limits as venues answer them: which fields, in which units, whole or marginal."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.decimals import HUNDRED, ONE, ZERO, plain
from perpcalc.errors import Key, PerpcalcError, listed
from perpcalc.readers.venue_values import (
    PERCENT_FROM,
    Fact,
    LeftOut,
    Row,
    Step,
    by_contract,
    coin_of,
    margin_of,
    number,
    percent,
    positive,
    rows_of,
    some,
    word,
)

SATOSHI = Decimal(100_000_000)
Found = Iterator[Fact | LeftOut]


class Wanted(NamedTuple):
    """What is asked of an answer: one contract, by its venue's name for it, and the leverage where tiers depend on
    it.
    """

    instrument: str | None = None
    leverage: Decimal | None = None

    def needed(self) -> str:
        """The contract, where the answer does not say it."""
        if self.instrument is None:
            raise PerpcalcError("does not say which contract it is of", ("name it by ", Key("instrument")))
        return self.instrument


class Fields(NamedTuple):
    """The names that a venue has for what makes a tier."""

    limit: str
    rate: str
    lower: str | None = None
    initial: str | None = None
    leverage: str | None = None
    deduction: str | None = None


SITE = Fields(
    "bracketNotionalCap",
    "bracketMaintenanceMarginRate",
    "bracketNotionalFloor",
    leverage="maxOpenPosLeverage",
    deduction="cumFastMaintenanceAmount",
)
BRACKET = Fields("qtyCap", "maintMarginRatio", "qtyFloor", leverage="initialLeverage", deduction="cum")
OKX = Fields("maxSz", "mmr", initial="imr", leverage="maxLever")
BYBIT = Fields(
    "riskLimitValue", "maintenanceMargin", initial="initialMargin", leverage="maxLeverage", deduction="mmDeduction"
)
KUCOIN = Fields("maxRiskLimit", "maintainMargin", "minRiskLimit", "initialMargin", "maxLeverage")
KUCOIN_UNIFIED = Fields("maxSize", "maintainMarginRate", "minSize", "initialMarginRate", "maxLeverage")
GATE = Fields("risk_limit", "maintenance_rate", initial="initial_rate", leverage="leverage_max", deduction="deduction")
COINEX = Fields("amount", "maintenance_margin_rate", initial="min_initial_margin_rate", leverage="leverage")
BITGET = Fields("maxTierValue", "mmr", "minTierValue", leverage="leverage")


def steps_of(rows: Sequence[Row], fields: Fields) -> list[Step]:
    """The tiers that some rows are, in the order of their upper ends."""
    steps = []
    for count, row in enumerate(rows, 1):
        try:
            steps.append(
                Step(
                    positive(row, fields.limit),
                    number(row, fields.rate),
                    *(some(row, key) if key else None for key in fields[2:]),
                )
            )
        except PerpcalcError as error:
            raise error.at(f"tier {count}") from None
    return sorted(steps, key=lambda step: step.limit or ZERO)


WHOLE = "that the whole position takes the rate of its tier, on the value at the mark, is assumed"


def _fact(
    contract: str, coin: str, steps: Sequence[Step], unit: str, marginal: bool | None = None, note: str = ""
) -> Fact:
    """The margin rule of a contract that some tiers are."""
    try:
        return Fact(contract, coin, "margin", margin_of(steps, unit, marginal), note=note)
    except PerpcalcError as error:
        raise error.at(contract) from None


def _tiers(
    contract: str,
    coin: str,
    rows: Sequence[Row],
    fields: Fields,
    unit: str,
    marginal: bool | None = None,
    note: str = "",
) -> Fact:
    """The margin rule of a contract whose tiers are rows."""
    try:
        steps = steps_of(rows, fields)
    except PerpcalcError as error:
        raise error.at(contract) from None
    return _fact(contract, coin, steps, unit, marginal, note)


def _usd_coin(symbol: str, tail: str = "") -> str | None:
    """The coin of a symbol such as `BTCUSD` with a tail; None where it is another kind of contract."""
    coin = symbol.removesuffix(f"USD{tail}")
    return coin if coin and coin != symbol and coin.isalnum() else None


def _linear_or_dated(symbol: str) -> LeftOut:
    return LeftOut(symbol, "linear" if "USDT" in symbol or "USDC" in symbol else "expiring")


def binance(rows: Sequence[Row], wanted: Wanted) -> Found:
    """The brackets of the site or of the API: coins of notional at the mark, marginal."""
    for row in rows:
        symbol = word(row, "symbol") or word(row, "pair")
        key, fields = ("riskBrackets", SITE) if "riskBrackets" in row else ("brackets", BRACKET)
        if (coin := _usd_coin(symbol, "_PERP")) is None:
            yield _linear_or_dated(symbol)
        else:
            yield _tiers(symbol, coin, rows_of(row, key), fields, "coin")


def okx(rows: Sequence[Row], wanted: Wanted) -> Found:
    """Position tiers of families: contracts, the whole position takes the rate; the lower end of a tier is not always
    exact.
    """
    for family, tiers in by_contract(rows, "instFamily").items():
        coin, _, quote = family.partition("-")
        if quote != "USD":
            yield LeftOut(family, "linear")
            continue
        for count, row in enumerate(sorted(tiers, key=lambda row: number(row, "tier")), 1):
            if (numbered := number(row, "tier")) != count:
                place = f"{family}-SWAP: tier {plain(numbered)}"
                raise PerpcalcError(f"there is no tier {count} before it", "ask for all tiers").at(place)
        yield _tiers(f"{family}-SWAP", coin, tiers, OKX, "contracts")


def bybit(rows: Sequence[Row], wanted: Wanted) -> Found:
    """Risk limits: coins of value; a first rate of 0.1 and more is a percentage, as the documentation has them."""
    for symbol, tiers in by_contract(rows, "symbol").items():
        if (coin := _usd_coin(symbol)) is None:
            yield _linear_or_dated(symbol)
            continue
        first = min(steps_of(tiers, BYBIT), key=lambda step: step.limit or ZERO)
        if first.rate >= PERCENT_FROM:
            keys = ("maintenanceMargin", "initialMargin")
            fractions = [{**row, **{key: plain(number(row, key) / HUNDRED) for key in keys}} for row in tiers]
            yield _tiers(symbol, coin, fractions, BYBIT, "coin")
        else:
            yield _tiers(symbol, coin, tiers, BYBIT, "coin")


def kucoin(rows: Sequence[Row], wanted: Wanted) -> Found:
    """Risk limits, isolated: coins of value, the whole position takes the rate."""
    for symbol, tiers in by_contract(rows, "symbol").items():
        fields = KUCOIN if "maxRiskLimit" in tiers[0] else KUCOIN_UNIFIED
        if not symbol.endswith("USDM"):
            yield _linear_or_dated(symbol)
        else:
            coin = symbol.removesuffix("USDM")
            yield _tiers(symbol, coin_of(coin), tiers, fields, "coin")


def gate(rows: Sequence[Row], wanted: Wanted) -> Found:
    """Risk limit tiers: coins of value; with deductions each rate applies to the part within its tier."""
    for contract, tiers in by_contract(rows, "contract").items():
        if not contract.endswith("_USD"):
            yield LeftOut(contract, "linear")
        else:
            marginal = any(some(row, "deduction") for row in tiers)
            yield _tiers(contract, contract.removesuffix("_USD"), tiers, GATE, "coin", marginal)


def coinex(rows: Sequence[Row], wanted: Wanted) -> Found:
    """Position levels: contracts, the whole position takes the rate."""
    for row in rows:
        market = word(row, "market")
        if (coin := _usd_coin(market)) is None:
            yield _linear_or_dated(market)
        else:
            yield _tiers(market, coin, rows_of(row, "level"), COINEX, "contracts")


def bitget(rows: Sequence[Row], wanted: Wanted) -> Found:
    """Position tiers of one contract, which they do not name: USD, the whole position takes the rate."""
    symbol = wanted.needed()
    if (coin := _usd_coin(symbol, "_CM")) is None:
        yield _linear_or_dated(symbol)
    else:
        yield _tiers(symbol, coin, rows, BITGET, "usd", False, WHOLE)


def bitget_classic(rows: Sequence[Row], wanted: Wanted) -> Found:
    """Position tiers of the classic contracts, which were sized in coin."""
    for symbol in by_contract(rows, "symbol"):
        yield LeftOut(symbol, "a classic contract, sized in coin")


def kraken(row: Row, contract: str, coin: str) -> Fact:
    """Margin levels: contracts, each from its own `contracts` to that of the next, marginal."""
    levels = rows_of(row, "marginLevels")
    if any("contracts" not in level for level in levels):
        raise PerpcalcError("has levels without contracts", "ask the venue again").at(contract)
    starts = [number(level, "contracts") for level in levels]
    steps = [
        Step(limit, number(level, "maintenanceMargin"), start, some(level, "initialMargin"))
        for level, start, limit in zip(levels, starts, [*starts[1:], None], strict=True)
    ]
    return _fact(contract, coin, steps, "contracts")


def phemex(row: Row, contract: str, coin: str) -> Fact:
    """Risk limits: coins of value, rates in units of 1e-8, the whole position takes the rate."""
    steps = [
        Step(
            positive(level, "limit"),
            number(level, "maintenanceMarginEr") / SATOSHI,
            initial=number(level, "initialMarginEr") / SATOSHI,
        )
        for level in rows_of(row, "riskLimits")
    ]
    return _fact(contract, coin, steps, "coin")


def bitmex(row: Row, contract: str, coin: str) -> Fact:
    """Base and step of value in satoshi; the maintenance rate is the step of both rates."""
    rate = percent(positive(row, "maintMargin"))
    return Fact(
        contract,
        coin,
        "margin",
        {
            "unit": "coin",
            "first_limit": plain(positive(row, "riskLimit") / SATOSHI),
            "limit_step": plain(positive(row, "riskStep") / SATOSHI),
            "first_rate": rate,
            "rate_step": rate,
            "first_initial_rate": percent(positive(row, "initMargin")),
        },
    )


def mexc(row: Row, contract: str, coin: str) -> Fact:
    """Base and increments of contracts, as many levels as it says; the whole position takes the rate."""
    levels = number(row, "riskLevelLimit")
    if not ONE <= levels <= HUNDRED or levels % 1:
        raise PerpcalcError(f"{plain(levels)} is out of range", "a whole number from 1 to 100 is expected").at(
            "riskLevelLimit"
        )
    base, more = positive(row, "riskBaseVol"), number(row, "riskIncrVol")
    rate, step = number(row, "maintenanceMarginRate"), number(row, "riskIncrMmr")
    first, up = number(row, "initialMarginRate"), number(row, "riskIncrImr")
    steps = [Step(base + n * more, rate + n * step, initial=first + n * up) for n in range(int(levels))]
    return _fact(contract, coin, steps, "contracts", False, WHOLE)


def htx(rows: Sequence[Row], wanted: Wanted) -> Found:
    """Adjustment factors by net contracts for each leverage: the maintenance rate is the factor over the leverage."""
    for row in rows:
        contract = word(row, "contract_code")
        if not contract.endswith("-USD"):
            yield LeftOut(contract, "linear" if contract.endswith("-USDT") else "expiring")
            continue
        by_leverage = {plain(positive(one, "lever_rate")): one for one in rows_of(row, "list")}
        leverage = _leverage(contract, by_leverage, wanted.leverage)
        ladders = rows_of(by_leverage[leverage], "ladders")
        if any("max_margin_balance" in ladder for ladder in ladders):
            raise PerpcalcError("says how much margin may be used, not the maintenance", "ask for swap_adjustfactor")
        steps = [
            Step(
                some(ladder, "max_size"),
                number(ladder, "adjust_factor") / Decimal(leverage),
                number(ladder, "min_size"),
            )
            for ladder in ladders
        ]
        coin = contract.removesuffix("-USD")
        yield _fact(contract, coin, steps, "contracts", False, f"for a leverage of {leverage}")


def _leverage(contract: str, known: dict[str, Row], asked: Decimal | None) -> str:
    """The leverage whose ladder is read: the one asked for, or the only one there is."""
    if asked is not None and plain(asked) in known:
        return plain(asked)
    if asked is None and len(known) == 1:
        return next(iter(known))
    what = "has a ladder for each leverage" if asked is None else f"has none for a leverage of {plain(asked)}"
    give = ("give ", Key("leverage"), " ", *listed(known)) if known else ("ask the venue again",)
    raise PerpcalcError(what, give).at(contract)
