"""Positions as the library ccxt writes them for every exchange, read into the keys of a portfolio's positions.

Sources: ccxt manual, "Position structure"; parse_position of each exchange in ccxt 4.5.90 (2026).
"""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from perpcalc import decimals, venues
from perpcalc.decimals import FINEST, INTEGER_DIGITS, plain
from perpcalc.errors import PerpcalcError
from perpcalc.files import Source
from perpcalc.render.text import printable

EXCHANGES = {
    "binancecoinm": "binance",
    "krakenfutures": "kraken",
    "kucoinfutures": "kucoin",
    "gateio": "gate",
    "okex": "okx",
}
SYMBOL = re.compile(r"(?P<base>[^/:]+)/(?P<quote>[^/:]+)(:(?P<settle>[^/:-]+)(?P<expiry>-.+)?)?")


class Dump(NamedTuple):
    """The positions of a file as they stand there, and the exchange that the file names, if it does."""

    items: Sequence[Any]
    exchange: str | None


class Contract(NamedTuple):
    """What a position is in: an instrument of a venue, and the coin it settles in."""

    venue: str
    instrument: str
    currency: str


class ExchangePosition(NamedTuple):
    """A position as ccxt tells it; `margin` and `leverage` only where it is isolated, both None for cross margin."""

    contract: Contract
    side: str
    contracts: Decimal
    entry: Decimal
    isolated: bool
    margin: Decimal | None
    leverage: Decimal | None
    mark: Decimal | None
    stop: Decimal | None
    target: Decimal | None
    liquidation_price: Decimal | None


def read_dump(source: Source) -> Dump:
    """The positions in a JSON file: an array of them, or an object with an array `positions`."""
    try:
        data = json.loads(source.raw.decode("utf-8-sig"), parse_float=str, parse_int=str, parse_constant=str)
    except UnicodeDecodeError as error:
        raise PerpcalcError(f"byte {error.start} is not UTF-8", "save the file as UTF-8").at(source.where) from None
    except json.JSONDecodeError as error:
        message = error.msg[:1].lower() + error.msg[1:]
        raise PerpcalcError(
            f"not JSON: {message} (at line {error.lineno}, column {error.colno})",
            "give what ccxt's fetch_positions returns",
        ).at(source.where) from None
    except RecursionError:
        raise PerpcalcError("not positions: it is nested too deeply", "give what ccxt's fetch_positions returns").at(
            source.where
        ) from None
    exchange = None
    if isinstance(data, dict):
        exchange = data.get("exchange")
        data = data.get("positions")
    if not isinstance(data, list):
        raise PerpcalcError('holds no positions: give an array of them, or {"positions"', "[...]}").at(source.where)
    return Dump(data, exchange if isinstance(exchange, str) else None)


def place(number: int, item: Any) -> str:
    """Where a position stands in a dump, for a message.

    >>> place(3, {"symbol": "BTC/USD:BTC"})
    'position 3 (BTC/USD:BTC)'
    """
    symbol = item.get("symbol") if isinstance(item, dict) else None
    return f"position {number}" + (f" ({printable(symbol[:64])})" if isinstance(symbol, str) else "")


def is_empty(item: Any) -> bool:
    """Whether an item says that nothing is held, as exchanges do for each contract they list."""
    if not isinstance(item, dict):
        return False
    try:
        return _number(item, "contracts") == 0
    except PerpcalcError:
        return False


def venue_of(exchange: str) -> str:
    """Our name of the venue that ccxt calls `exchange`, a date kept.

    >>> venue_of("krakenfutures"), venue_of("bybit@2024-06-01")
    ('kraken', 'bybit@2024-06-01')
    """
    name, at, date = exchange.partition("@")
    return EXCHANGES.get(name, name) + at + date


def exchange_of(item: Any, dump: Dump) -> str | None:
    """The exchange that a position, or else its file, says it is at."""
    own = item.get("exchange") if isinstance(item, dict) else None
    return own if isinstance(own, str) else dump.exchange


def position_of(item: Any, venue: str) -> ExchangePosition:
    """The position of a venue that an item tells of; raises PerpcalcError where it is none that can be held here."""
    if not isinstance(item, dict):
        raise PerpcalcError("is not an object", "give what ccxt's fetch_positions returns")
    contract = contract_of(item.get("symbol"), venue)
    instrument = venues.find(contract.venue, contract.instrument).instrument
    side = item.get("side")
    if side not in ("long", "short"):
        raise PerpcalcError("has no side", "it must be long or short")
    isolated = _is_isolated(item)
    margin = _positive(item, "positionMargin") if isolated else None
    leverage = _positive(item, "leverage") if isolated and margin is None else None
    if isolated and margin is None and leverage is None:
        raise PerpcalcError("is isolated, and neither positionMargin nor leverage says with what margin")
    entry = _positive(item, "entryPrice")
    if entry is None:
        raise PerpcalcError("has no entryPrice")
    return ExchangePosition(
        contract=contract,
        side=side,
        contracts=_contracts(item, venue, instrument.contract_size),
        entry=entry,
        isolated=isolated,
        margin=margin,
        leverage=leverage,
        mark=_positive(item, "markPrice"),
        stop=_positive(item, "stopLossPrice"),
        target=_positive(item, "takeProfitPrice"),
        liquidation_price=_positive(item, "liquidationPrice"),
    )


def contract_of(symbol: Any, venue: str) -> Contract:
    """The instrument of a venue that a unified symbol names: an inverse perpetual is written `BTC/USD:BTC`.

    >>> contract_of("BTC/USD:BTC", "deribit").instrument
    'BTC-PERPETUAL'
    """
    match = SYMBOL.fullmatch(symbol) if isinstance(symbol, str) else None
    if match is None:
        raise PerpcalcError("has no unified symbol, as in BTC/USD:BTC")
    base, quote, settle = match["base"], match["quote"], match["settle"]
    if settle is None:
        raise PerpcalcError("is a spot or margin trade", "only inverse perpetuals are imported")
    if match["expiry"]:
        raise PerpcalcError("expires", "only perpetuals are imported")
    if quote != "USD" or settle != base:
        raise PerpcalcError(
            f"settles in {printable(settle)}, not in the coin {printable(base)}", "only inverse contracts are imported"
        )
    try:
        name, _, _ = venues.contract_of(venues.load(venue.partition("@")[0]), symbol)
    except PerpcalcError:
        raise PerpcalcError(f"{venue} has no inverse perpetual of {printable(base)} that we know") from None
    return Contract(venue, name, base)


def _is_isolated(item: Mapping[str, Any]) -> bool:
    """Whether a position has a margin of its own; of Bybit's, ccxt says so only in what Bybit itself sent."""
    mode, info = item.get("marginMode"), item.get("info")
    if mode is None and isinstance(info, dict):
        return info.get("tradeMode") == "1"
    return bool(mode == "isolated")


def _contracts(item: Mapping[str, Any], venue: str, contract_size: Decimal) -> Decimal:
    """The number of contracts; ccxt gives Deribit's size in USD under that name."""
    contracts = _number(item, "contracts")
    if venue.partition("@")[0] == "deribit":
        info = item.get("info")
        usd = _number(info, "size") if isinstance(info, dict) else None
        usd = contracts if usd is None else usd
        contracts = None if usd is None else usd / contract_size
    elif (stated := _positive(item, "contractSize")) is not None and stated != contract_size:
        raise PerpcalcError(f"has contracts of {plain(stated)} USD, {venue} of {plain(contract_size)} USD")
    if not contracts:
        raise PerpcalcError("has no contracts")
    return abs(contracts)


def _positive(item: Mapping[str, Any], key: str) -> Decimal | None:
    """A number above 0; None where it is absent or, as exchanges write what they do not know, 0."""
    value = _number(item, key)
    if value is not None and value < 0:
        raise PerpcalcError(f"{key} is negative")
    return value or None


def _number(item: Mapping[str, Any], key: str) -> Decimal | None:
    """A JSON number or the text of one, with the exponents that programs write; at most 18 decimals of it."""
    text = item.get(key)
    if text is None or text == "":
        return None
    try:
        if not isinstance(text, str) or not text.isascii() or "_" in text:
            raise InvalidOperation
        value = Decimal(text)
        if value.is_finite() and abs(value) < Decimal(10) ** INTEGER_DIGITS:
            return decimals.number(plain(value.quantize(FINEST))) if value.adjusted() > -40 else Decimal(0)
    except (InvalidOperation, PerpcalcError):
        pass
    shown = text[:40] if isinstance(text, str) else type(text).__name__
    raise PerpcalcError(f"{key} {shown!a} is not a number of at most {INTEGER_DIGITS} digits")
