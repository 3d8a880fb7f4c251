"""A venue's public answer becomes dated rules in the user's own venue file, which extends the one that came with the
program.

Nothing comes back unless all of it follows the format. Sources of the shapes: the venues' API documentation and
recorded answers.
"""

import datetime
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from perpcalc.errors import PerpcalcError
from perpcalc.readers import venue_contracts as contracts
from perpcalc.readers import venue_funding as funding
from perpcalc.readers import venue_tiers as tiers
from perpcalc.readers.venue_json import own_day, parsed, refuse
from perpcalc.readers.venue_tiers import Found, Wanted
from perpcalc.readers.venue_values import Fact, LeftOut, Row
from perpcalc.venues import Venue, contract_of
from perpcalc.venues.keys import NAME, PROVENANCE, day
from perpcalc.venues.own_file import Addition, Value, with_rules
from perpcalc.venues.tables import Tables, coins_of, in_force

CARRIED = ("contract", "fees", "funding", "liquidation")


class Shape(NamedTuple):
    """An answer that is known: its address, where its rows stand, a key that tells it from others, and its reader."""

    endpoint: str
    path: tuple[str, ...]
    marker: str
    read: Callable[[Sequence[Row], Wanted], Found]


class Answer(NamedTuple):
    """What an answer says: dated rules by contract and topic, and what was left out of it."""

    venue: str
    date: str
    endpoint: str
    facts: tuple[Fact, ...]
    notes: tuple[str, ...]


DATA = ("data",)
LIST = ("result", "list")
SHAPES: Mapping[str, Sequence[Shape]] = {
    "binance": (
        Shape(
            "/bapi/futures/v1/friendly/delivery/common/brackets", ("data", "brackets"), "riskBrackets", tiers.binance
        ),
        Shape("/dapi/v2/leverageBracket", (), "brackets", tiers.binance),
        Shape("/dapi/v1/exchangeInfo", ("symbols",), "filters", contracts.binance),
        Shape("/fapi/v1/fundingInfo", (), "adjustedFundingRateCap", funding.binance),
    ),
    "okx": (
        Shape("/api/v5/public/position-tiers", DATA, "maxSz", tiers.okx),
        Shape("/api/v5/public/instruments", DATA, "ctVal", contracts.okx),
        Shape("/api/v5/public/funding-rate", DATA, "maxFundingRate", funding.okx),
    ),
    "bybit": (
        Shape("/v5/market/risk-limit", LIST, "riskLimitValue", tiers.bybit),
        Shape("/v5/market/instruments-info", LIST, "contractType", contracts.bybit),
        Shape("/v5/market/tickers", LIST, "fundingRate", funding.bybit),
    ),
    "kraken": (
        Shape("/derivatives/api/v3/instruments", ("instruments",), "symbol", contracts.kraken),
        Shape("/derivatives/api/v3/feeschedules", ("feeSchedules",), "tiers", funding.kraken_fees),
    ),
    "gate": (
        Shape("/api/v4/futures/btc/risk_limit_tiers", (), "risk_limit", tiers.gate),
        Shape("/api/v4/futures/btc/contracts", (), "quanto_multiplier", contracts.gate),
    ),
    "kucoin": (
        Shape("/api/v1/contracts/active", DATA, "isInverse", contracts.kucoin),
        Shape("/api/v1/contracts/risk-limit", DATA, "maxRiskLimit", tiers.kucoin),
        Shape("/api/ua/v1/market/position-tiers", DATA, "maintainMarginRate", tiers.kucoin),
        Shape("/api/v1/funding-rate", DATA, "granularity", funding.kucoin),
    ),
    "phemex": (Shape("/public/products", DATA, "riskLimits", contracts.phemex),),
    "bitmex": (Shape("/api/v1/instrument", (), "settlCurrency", contracts.bitmex),),
    "coinex": (
        Shape("/v2/futures/position-level", DATA, "level", tiers.coinex),
        Shape("/v2/futures/market", DATA, "contract_type", contracts.coinex),
        Shape("/v2/futures/funding-rate", DATA, "max_funding_rate", funding.coinex),
    ),
    "bitget": (
        Shape("/api/v3/market/position-tier", DATA, "maxTierValue", tiers.bitget),
        Shape("/api/v2/mix/market/query-position-lever", DATA, "keepMarginRate", tiers.bitget_classic),
        Shape("/api/v3/market/instruments", DATA, "category", contracts.bitget),
        Shape("/api/v3/market/current-fund-rate", DATA, "maxFundingRate", funding.bitget),
    ),
    "htx": (
        Shape("/swap-api/v1/swap_adjustfactor", DATA, "list", tiers.htx),
        Shape("/swap-api/v1/swap_contract_info", DATA, "contract_size", contracts.htx),
    ),
    "deribit": (Shape("/api/v2/public/get_instruments", ("result",), "settlement_period", contracts.deribit),),
    "bingx": (Shape("/openApi/cswap/v1/market/contracts", DATA, "minTickSize", contracts.bingx),),
    "mexc": (Shape("/api/v1/contract/detail", DATA, "settleCoin", contracts.mexc),),
}


def read_answer(
    raw: bytes,
    venue: Venue,
    today: datetime.date,
    instrument: str | None = None,
    date: str | None = None,
    leverage: Decimal | None = None,
) -> Answer:
    """The dated rules in a venue's public answer, of one contract or of all inverse perpetuals in it.

    Dated `date`, else by the answer's own time, else `today`. `leverage` chooses where tiers depend on it (HTX). Raises
    PerpcalcError for what is no answer, a refusal (with the venue's own code and words), linear contracts, and values
    that cannot be.

    >>> from perpcalc.venues import load
    >>> raw = b'[{"contract": "BTC_USD", "risk_limit": "100", "maintenance_rate": "0.005"}]'
    >>> read_answer(raw, load("gate"), datetime.date(2026, 10, 1)).facts[0].values["rates"]
    ['0.5%']
    """
    if date is not None:
        day(date)
    data = parsed(raw)
    refuse(data, venue.name)
    name = venue.tables.get("extends", venue.name)
    shape, rows = _recognised(data, name)
    wanted = Wanted(instrument and _named(venue, instrument), leverage)
    facts: list[Fact] = []
    left: dict[str, list[str]] = {}
    try:
        for found in shape.read(rows, wanted):
            if isinstance(found, LeftOut):
                left.setdefault(found.what, []).append(found.name)
            elif wanted.instrument in (None, found.instrument) or found.instrument is None:
                facts.append(found)
    except PerpcalcError as error:
        raise error.at(shape.endpoint) from None
    if not facts:
        raise _nothing(shape, wanted, left)
    kept = _kept(venue, facts, left)
    if not kept:
        raise PerpcalcError("none of its contracts is known", "import the list of instruments first").at(shape.endpoint)
    held = date or own_day(data, rows) or today.isoformat()
    return Answer(venue.name, held, shape.endpoint, kept, (*_notes(data, left), *_newer(venue, kept, held)))


def with_answer(answer: Answer, venue: Venue, file: bytes | None, today: datetime.date) -> bytes:
    """The user's venue file (None: there is none yet) with an answer's rules put into it; the same date replaces.

    A rule keeps what the one before it says and the answer does not. Raises PerpcalcError where the result would not
    follow the format.
    """
    additions = []
    coins = {}
    known = coins_of(venue.tables["instruments"])
    for fact in answer.facts:
        if fact.instrument is not None and fact.instrument not in known:
            if not (re.fullmatch(NAME, fact.instrument) and re.fullmatch(NAME, fact.coin)):
                raise PerpcalcError(f"{fact.instrument!a} is not a name", "ask the venue again").at(answer.endpoint)
            coins[fact.instrument] = fact.coin
        row: dict[str, Value] = {"from": answer.date}
        if fact.topic in CARRIED and fact.instrument in known:
            row |= _carried(venue.tables["instruments"][fact.instrument].get(fact.topic, ()), answer.date)
        row |= fact.values
        row["source"] = f"the venue's answer to GET {answer.endpoint}, imported on {today.isoformat()}"
        row["confidence"] = "published"
        if fact.note:
            row["note"] = fact.note
        additions.append(Addition(fact.instrument, fact.topic, row))
    return with_rules(file, venue.name, additions, coins)


def _recognised(data: Any, venue: str) -> tuple[Shape, Sequence[Row]]:
    """The shape of an answer and its rows."""
    known = SHAPES.get(venue)
    if known is None:
        raise PerpcalcError(f"answers of {venue} are not read", f"those of {', '.join(SHAPES)} are")
    for shape in known:
        if rows := _rows(data, shape):
            return shape, rows
    for shape in known:
        node = _at(data, shape.path)
        if (
            (shape.path and node == [])
            or (not shape.path and data == [])
            or (isinstance(data, dict) and data.get("data", 0) is None)
        ):
            raise PerpcalcError("holds nothing", "the contract may be unknown to the venue, look at the request")
    for other, shapes in SHAPES.items():
        if any(_rows(data, shape) for shape in shapes):
            raise PerpcalcError(f"is no answer of {venue} that is known", f"it looks like one of {other}")
    endpoints = ", ".join(shape.endpoint for shape in known)
    raise PerpcalcError(f"is no answer of {venue} that is known", f"give what {endpoints} answers")


def _rows(data: Any, shape: Shape) -> Sequence[Row]:
    """The rows of an answer that has a shape; none where it has another."""
    node = _at(data, shape.path)
    rows = node if isinstance(node, list) else [node]
    if all(isinstance(row, dict) for row in rows) and any(shape.marker in row for row in rows):
        return rows
    return ()


def _at(node: Any, path: Sequence[str]) -> Any:
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def _named(venue: Venue, instrument: str) -> str:
    """A contract by the venue's name; one that is not known yet by the name given."""
    try:
        return contract_of(venue, instrument)[0]
    except PerpcalcError:
        return instrument


def _nothing(shape: Shape, wanted: Wanted, left: Mapping[str, Sequence[str]]) -> PerpcalcError:
    if wanted.instrument is not None:
        return PerpcalcError(f"has no {wanted.instrument!a}", "look at the request").at(shape.endpoint)
    told = ", ".join(f"{_few(names)} {'is' if len(names) == 1 else 'are'} {what}" for what, names in left.items())
    what = f"has no inverse perpetual: {told}" if told else "has no inverse perpetual"
    return PerpcalcError(what, "perpcalc is for inverse ones").at(shape.endpoint)


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(name if re.fullmatch(NAME, name) else ascii(name[:64]) for name in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _notes(data: Any, left: Mapping[str, Sequence[str]]) -> list[str]:
    notes = [f"left out, {what}: {_few(names)}" for what, names in left.items()]
    if _at(data, ("result", "nextPageCursor")):
        notes.append("the answer has a further page, ask for it with its cursor")
    return notes


def _newer(venue: Venue, facts: Sequence[Fact], date: str) -> Iterator[str]:
    """What is said of rules that do not hold today, since newer ones are known."""
    listed: Tables = venue.tables["instruments"]
    for fact in facts:
        rows = venue.tables.get(fact.topic, ())
        if fact.instrument is not None:
            rows = listed[fact.instrument].get(fact.topic, ()) if fact.instrument in listed else ()
        if rows and rows[-1]["from"] > date:
            what = f"{fact.instrument or 'all contracts'}, {fact.topic}"
            yield f"{what}: a rule from {rows[-1]['from']} is known and holds since, this one from {date}"


def _kept(venue: Venue, facts: Sequence[Fact], left: dict[str, list[str]]) -> tuple[Fact, ...]:
    """The facts that add to what is known: no first tier where more are known, no rules of a contract without its
    size.
    """
    listed: Tables = venue.tables["instruments"]
    sized = {fact.instrument for fact in facts if fact.topic == "contract"}
    kept = []
    for fact in facts:
        name = fact.instrument
        if name is None or (name in sized and name not in listed):
            kept.append(fact)
        elif name not in listed:
            left.setdefault("not known, import the list of instruments first", []).append(name)
        elif fact.first_tier and any(len(row.get("rates", ())) > 1 for row in listed[name].get("margin", ())):
            left.setdefault("the first tier alone, more are known", []).append(name)
        else:
            kept.append(fact)
    return tuple(kept)


def _carried(rows: Sequence[Row], date: str) -> dict[str, Value]:
    """What the rule in force on a day says, without where it comes from."""
    if not rows:
        return {}
    row, too_early = in_force(rows, date)
    return {} if too_early else {key: value for key, value in row.items() if key not in PROVENANCE}
