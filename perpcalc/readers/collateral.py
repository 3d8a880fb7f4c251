"""The collateral ratios that a venue publishes, read into a weight per coin.

Shapes: Bybit `GET /v5/spot-margin-trade/collateral` (public, bands of coins) and `/v5/account/collateral-info`; Binance
`GET /sapi/v1/portfolio/collateralRate` (one rate) and `/sapi/v2/portfolio/collateralRate` (bands of USD); OKX `GET
/api/v5/public/discount-rate-interest-free-quota` (bands of coins). Documentation of the venues, copies of 2025 and
2026.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from perpcalc.core.collateral import Weight, banded_weight, flat_weight
from perpcalc.decimals import ZERO, plain
from perpcalc.errors import Entry, PerpcalcError, shown
from perpcalc.files import Source
from perpcalc.readers.answers import Item, check_refusal, coin_of, document, number, text, yes

TITLES = {"binance": "Binance", "bybit": "Bybit", "okx": "OKX"}
KNOWN = "give Bybit's spot-margin-trade/collateral, Binance's portfolio/collateralRate or OKX's discount-rate answer"
OUTDATED = "since 2025-02-19 collateralRatio here is not right (Bybit); /v5/spot-margin-trade/collateral has the bands"


class Ratios(NamedTuple):
    """The collateral ratios of a venue by coin, and what a reader of them should know."""

    venue: str
    weights: Mapping[str, Weight]
    notes: tuple[str, ...]


def collateral_ratios(source: Source, venue: str | None = None) -> Ratios:
    """The collateral ratios in a venue's answer, which must be that of `venue` where one is named.

    Raises PerpcalcError, with its place, for an answer of another venue or shape, and for a ratio that cannot be one.

    >>> answer = b'[{"asset": "BTC", "collateralRate": "0.9500"}]'
    >>> str(collateral_ratios(Source(answer, "rates.json")).weights["BTC"].bands[0].rate)
    '0.9500'
    """
    data = document(source)
    try:
        check_refusal(data)
        found, items, name, read = _shape(data)
        wanted = found if venue is None else venue.partition("@")[0]
        if wanted != found:
            theirs = TITLES.get(wanted, wanted)
            raise PerpcalcError(
                f"holds the collateral ratios of {TITLES[found]}, the account is at {theirs}", f"give those of {theirs}"
            )
        weights: dict[str, Weight] = {}
        for count, item in enumerate(items, 1):
            _add(weights, count, item, name, read)
    except PerpcalcError as error:
        raise error.at(source.where) from None
    return Ratios(found, weights, (OUTDATED,) if read is _bybit_account else ())


Reader = Callable[[Item], Weight]


def _shape(data: Any) -> tuple[str, list[Any], str, Reader]:
    """Whose answer it is by its keys, its entries, under which key one has its coin, and how one is read."""
    items: Any = data
    if isinstance(data, dict):
        result = data.get("result")
        items = result.get("list") if isinstance(result, dict) else data.get("data", result)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise PerpcalcError("holds no list of collateral ratios", KNOWN)
    if not items:
        raise PerpcalcError("holds no collateral ratio", KNOWN)
    keys = {key for item in items for key in item}
    if "collateralRatioList" in keys:
        return "bybit", items, "currency", _bybit_bands
    if {"collateralRatio", "marginCollateral"} <= keys:
        return "bybit", items, "currency", _bybit_account
    if "asset" in keys and keys & {"collateralRate", "collateralInfo"}:
        return "binance", items, "asset", _binance
    if "ccy" in keys and keys & {"details", "discountInfo"}:
        return "okx", items, "ccy", _okx
    if {"collaterals", "assetNames"} <= keys:
        raise PerpcalcError(
            "holds Binance's ratios of cross margin, which do not count in liquidation",
            "give /sapi/v1/portfolio/collateralRate or, for the Pro account, /sapi/v2/portfolio/collateralRate",
        )
    raise PerpcalcError("is no answer about collateral ratios that we know", KNOWN)


def _add(weights: dict[str, Weight], count: int, item: Item, key: str, read: Reader) -> None:
    place = f"entry {count}"
    try:
        name = text(item, key)
        if name is None:
            raise PerpcalcError("names no coin", "correct the file")
        place += f" ({shown(name)[1:-1]})"
        if coin_of(name) in weights:
            raise PerpcalcError("the coin has two entries", "leave one out")
        weights[coin_of(name)] = read(item)
    except PerpcalcError as error:
        raise error.at(Entry(place)) from None


def _bybit_bands(item: Item) -> Weight:
    return _banded(item, "collateralRatioList", "minQty", "maxQty", "collateralRatio")


def _bybit_account(item: Item) -> Weight:
    """A coin that the venue or the user does not let count has a ratio of 0."""
    counts = yes(item, "marginCollateral") is not False and yes(item, "collateralSwitch") is not False
    return flat_weight(_rate(item, "collateralRatio") if counts else ZERO)


def _binance(item: Item) -> Weight:
    if "collateralInfo" in item:
        return _banded(item, "collateralInfo", "tierFloor", "tierCap", "collateralRate", "usd")
    return flat_weight(_rate(item, "collateralRate"))


def _okx(item: Item) -> Weight:
    """What is above the last band counts at `minDiscountRate`."""
    key = "details" if "details" in item else "discountInfo"
    return _banded(item, key, "minAmt", "maxAmt", "discountRate", beyond=number(item, "minDiscountRate") or ZERO)


def _banded(
    item: Item, key: str, lower: str, upper: str, rate: str, unit: str = "coin", beyond: Decimal = ZERO
) -> Weight:
    """The weight of a list of bands, which must follow one another without a gap; one without upper end has none."""
    bands = item.get(key)
    if not isinstance(bands, list) or not all(isinstance(band, dict) for band in bands):
        raise PerpcalcError(f"{key} is not a list of bands", "correct the file")
    found = sorted(
        ((number(band, lower) or ZERO, number(band, upper), _rate(band, rate)) for band in bands), key=_floor
    )
    end: Decimal | None = ZERO
    for floor, ceiling, _ in found:
        if floor != end:
            raise PerpcalcError(f"{lower} {plain(floor)} does not follow the band before it", "correct the file")
        end = ceiling
    return banded_weight([(ceiling, ratio) for _, ceiling, ratio in found], unit, beyond)


def _floor(band: tuple[Decimal, Decimal | None, Decimal]) -> Decimal:
    return band[0]


def _rate(item: Item, key: str) -> Decimal:
    found = number(item, key)
    if found is None:
        raise PerpcalcError(f"{key} is missing", "correct the file")
    return found
