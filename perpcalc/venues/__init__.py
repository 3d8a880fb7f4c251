"""Venue presets: one TOML file per venue, dated rules in it, and the instrument they make on a day.

A rule of a topic holds from its `from` until the next; an instrument's own rule adds to the venue's and replaces the keys
it names.
"""

import os
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from perpcalc import decimals
from perpcalc.core.instrument import Instrument
from perpcalc.core.rounding import EXACT, Grid, Rounding, grid
from perpcalc.core.rules import (
    NO_CLOSING_FEE,
    OPENING_FEE,
    ClosingFee,
    FundingRule,
    Schedule,
    Tier,
    with_deductions,
)
from perpcalc.errors import PerpcalcError, shown, suggestion

HERE = Path(__file__).parent
TOPICS = ("contract", "fees", "funding", "margin", "liquidation", "rounding")
CONFIDENCES = ("published", "derived", "inferred")
LONGEST_NAME = 64
MOST_TIERS = 1000
STEPS = ("first_limit", "limit_step", "first_rate", "rate_step")
Rule = Mapping[str, Any]


class Venue(NamedTuple):
    """A venue file as read: its tables, and where it came from."""

    name: str
    path: Path
    tables: Mapping[str, Any]


class Found(NamedTuple):
    """An instrument under the rules of a day, the rules themselves, and what the user should know about them."""

    instrument: Instrument
    rules: Mapping[str, Rule]
    notes: tuple[str, ...]


def names() -> list[str]:
    """The venues there are files for, the user's own included."""
    own = [path.stem for path in _own_folder().glob("*.toml")] if os.path.isdir(_own_folder()) else []
    return sorted({path.stem for path in HERE.glob("*.toml")} | set(filter(_is_name, own)))


def load(name: str) -> Venue:
    """The venue's file: the user's own before the one that came with the program.

    Raises PerpcalcError for an unknown name or a file that does not follow the format.
    """
    own = _own_folder() / f"{name}.toml"
    if _is_name(name):
        if os.path.isfile(own):
            from perpcalc.venues.schema import read_file

            return Venue(name, own, read_file(own))
        path = HERE / f"{name}.toml"
        if path.is_file():
            return Venue(name, path, _read(path))
    raise PerpcalcError(f"{shown(name)} is not a known venue", f"give {suggestion(name, names())}")


def find(spec: str, instrument: str | None = None) -> Found:
    """The instrument that `NAME` or `NAME@DATE` names, the venue's BTC perpetual where no instrument is given."""
    name, at, date = spec.partition("@")
    if at:
        date = _date(spec, date)
    venue = load(name)
    tables = venue.tables
    symbol = instrument or tables["default"]
    listed = tables["instruments"]
    if symbol not in listed:
        raise PerpcalcError(f"{name} has no instrument {shown(symbol)}", f"give {suggestion(symbol, listed)}")
    rules, early = rules_on(tables, symbol, date)
    notes = []
    if early:
        notes.append(f"{spec}: the earliest known rules are used ({', '.join(dict.fromkeys(early))})")
    if "caution" in tables:
        notes.append(f"{spec}: {tables['caution']}")
    since = date or tables["known_until"]
    for change in tables.get("changes", ()):
        if change["date"] > since:
            notes.append(f"{spec}: {change['text']}")
    try:
        made = instrument_of(spec, symbol, tables, rules)
    except PerpcalcError as error:
        raise error.at(f"{spec}, {symbol}") from None
    return Found(made, rules, tuple(notes))


def rules_on(tables: Mapping[str, Any], symbol: str, date: str) -> tuple[dict[str, Rule], list[str]]:
    """An instrument's rules by topic on an ISO date ("" is the newest), and which of them start later."""
    rules: dict[str, Rule] = {}
    early: list[str] = []
    for topic in TOPICS:
        rules[topic] = {}
        for rows in (tables.get(topic, ()), tables["instruments"][symbol].get(topic, ())):
            if rows:
                row, too_early = in_force(rows, date)
                rules[topic] = merged(rules[topic], row)
                if too_early:
                    early.append(f"{topic} from {row['from']}")
    return rules, early


def merged(general: Rule, special: Rule) -> Rule:
    """A venue's rule with an instrument's own keys over it; it rests on both sources and on the weaker confidence.

    >>> merged({"taker": "1%", "source": "a", "confidence": "derived"}, {"source": "b", "confidence": "published"})
    {'taker': '1%', 'source': 'a; b', 'confidence': 'derived'}
    """
    if not general:
        return special
    joined = {key: f"{general[key]}; {special[key]}" for key in ("source", "note") if key in general and key in special}
    weaker = max(general["confidence"], special["confidence"], key=CONFIDENCES.index)
    return {**general, **special, **joined, "confidence": weaker}


def in_force(rows: list[Rule], date: str) -> tuple[Rule, bool]:
    """The row that holds on an ISO date ("" is the newest), and whether the date lies before the first."""
    held = rows[0]
    if not date:
        return rows[-1], False
    for row in rows:
        if row["from"] <= date:
            held = row
    return held, held["from"] > date


def _is_name(name: str) -> bool:
    return name.replace("-", "").replace("_", "").isalnum() and len(name) <= LONGEST_NAME


def _own_folder() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return Path(home) / "perpcalc" / "venues"


def _read(path: Path) -> Mapping[str, Any]:
    """The tables of a file that came with the program, which the tests have validated."""
    import tomllib

    with path.open("rb") as file:
        tables: Mapping[str, Any] = dates_as_text(tomllib.load(file))
    return tables


def dates_as_text(node: Any) -> Any:
    """TOML tables with every date as ISO text, which compares as dates do, and every number as text."""
    if isinstance(node, dict):
        return {key: dates_as_text(value) for key, value in node.items()}
    if isinstance(node, list):
        return [dates_as_text(value) for value in node]
    if hasattr(node, "isoformat"):
        return node.isoformat()
    return node if isinstance(node, bool | str) else str(node)


def _date(spec: str, date: str) -> str:
    import datetime

    try:
        if len(date) == 10:
            return datetime.date.fromisoformat(date).isoformat()
    except ValueError:
        pass
    raise PerpcalcError(f"{shown(spec)} does not end in a date", "write NAME@YYYY-MM-DD, as in bybit@2024-06-01")


def instrument_of(spec: str, symbol: str, tables: Mapping[str, Any], rules: Mapping[str, Rule]) -> Instrument:
    """The instrument that some rules make; raises PerpcalcError where those of its margin do not fit together."""
    contract, fees, margin = rules["contract"], rules["fees"], rules["margin"]
    taker = _optional(fees, "taker", decimals.rate)
    liquidation_fee = _optional(rules["liquidation"], "fee", decimals.rate)
    return Instrument(
        venue=spec,
        name=symbol,
        currency=tables["instruments"][symbol]["currency"],
        contract_size=decimals.positive(contract["size"]),
        lot=decimals.positive(contract.get("lot", "1")),
        tick=_optional(contract, "tick", decimals.positive),
        max_price=_optional(contract, "max_price", decimals.positive),
        max_order=_optional(contract, "max_order", decimals.positive),
        max_leverage=_optional(contract, "max_leverage", decimals.positive),
        maker_fee=_optional(fees, "maker", decimals.rate),
        taker_fee=taker,
        liquidation_fee=liquidation_fee,
        schedule=_schedule(margin),
        isolated_closing_fee=_closing_fee(margin.get("isolated_closing_fee"), taker, liquidation_fee),
        cross_closing_fee=_closing_fee(margin.get("cross_closing_fee"), taker, liquidation_fee),
        extra_margin_net_of_fee=bool(margin.get("extra_margin_net_of_fee")),
        order_reserve=margin.get("order_reserve", OPENING_FEE),
        least_closing=_optional(margin, "least_closing", decimals.rate) or decimals.ZERO,
        hedge_mode=bool(tables.get("hedge_mode")),
        funding=_funding(rules["funding"]),
        rounding=_rounding(rules["rounding"]),
    )


def _optional(rule: Rule, key: str, parse: Callable[[str], Decimal]) -> Decimal | None:
    text = rule.get(key)
    return None if text is None else parse(text)


def _closing_fee(where: str | None, taker: Decimal | None, liquidation_fee: Decimal | None) -> ClosingFee:
    if where is None or where == "none":
        return NO_CLOSING_FEE
    if where == "liquidation fee at liquidation":
        return ClosingFee(liquidation_fee or decimals.ZERO)
    return ClosingFee(taker or decimals.ZERO, where == "at bankruptcy")


def _schedule(margin: Rule) -> Schedule | None:
    """The maintenance schedule; None where no rates are known."""
    basis, unit, marginal = margin.get("basis", "mark"), margin.get("unit", "coin"), bool(margin.get("marginal"))
    adverse = bool(margin.get("adverse_funding"))
    slope = _optional(margin, "slope", decimals.rate) or decimals.ZERO
    if any(key in margin for key in STEPS):
        tiers = _stepped(margin)
    elif "rates" in margin or "limits" in margin:
        rates = tuple(decimals.rate(text) for text in margin.get("rates", ()))
        limits: tuple[Decimal | None, ...] = tuple(decimals.positive(text) for text in margin.get("limits", ()))
        if len(rates) - len(limits) not in (0, 1):
            raise PerpcalcError("as many rates as limits are needed, or one more", "the last rate has no limit")
        limits += (None,) * (len(rates) - len(limits))
        initials = tuple(decimals.rate(text) for text in margin.get("initial_rates", ())) or (None,) * len(rates)
        if len(initials) != len(rates):
            raise PerpcalcError("as many initial_rates as rates are needed, or none", "each tier has its own")
        if marginal:
            tiers = with_deductions(limits, rates, initials)
        else:
            tiers = tuple(Tier(*tier[:2], initial=tier[2]) for tier in zip(limits, rates, initials, strict=True))
    else:
        return None
    return Schedule(tiers, basis, unit, marginal, slope, adverse)


def _stepped(margin: Rule) -> tuple[Tier, ...]:
    """Tiers that rise by equal steps until the rate reaches 100 %; the initial rate, where it is known, by the same steps."""
    if "rates" in margin or not all(key in margin for key in STEPS):
        raise PerpcalcError(f"{', '.join(STEPS[:-1])} and {STEPS[-1]} go together, without rates")
    limit, limit_step = decimals.positive(margin["first_limit"]), decimals.positive(margin["limit_step"])
    rate, rate_step = decimals.rate(margin["first_rate"]), decimals.rate(margin["rate_step"])
    initial = _optional(margin, "first_initial_rate", decimals.rate)
    if not 0 < 1 - rate <= rate_step * MOST_TIERS:
        raise PerpcalcError(f"rate_step makes no tiers, or more than {MOST_TIERS}", "give a larger one")
    tiers = []
    while rate < 1:
        tiers.append(Tier(limit, rate, initial=initial))
        limit, rate = limit + limit_step, rate + rate_step
        initial = None if initial is None else initial + rate_step
    return tuple(tiers)


def _funding(rule: Rule) -> FundingRule | None:
    if "interval" not in rule:
        return None
    return FundingRule(
        interval=decimals.duration(rule["interval"]),
        rate_interval=_optional(rule, "rate_interval", decimals.duration),
        interest_per_day=_optional(rule, "interest_per_day", decimals.rate) or decimals.ZERO,
        damper=_optional(rule, "damper", decimals.rate) or decimals.ZERO,
        cap=_optional(rule, "cap", decimals.rate),
        divisor=_optional(rule, "divisor", decimals.positive) or decimals.ONE,
        continuous=bool(rule.get("continuous")),
        coin_rate=bool(rule.get("coin_rate")),
        averaging=rule.get("averaging"),
        sample_interval=_optional(rule, "sample_interval", decimals.duration),
    )


CHOICES = ("value_of", "closing_fee_at", "roe_of")
GRIDS = tuple(name for name in Rounding._fields if name not in (*CHOICES, "liquidation_price"))


def _rounding(rule: Rule) -> Rounding:
    if not rule:
        return EXACT
    given: dict[str, Grid | str] = {name: grid(rule[name]) for name in GRIDS if name in rule}
    given.update((name, rule[name]) for name in CHOICES if name in rule)
    if "liquidation_price" in rule:
        text = rule["liquidation_price"]
        given["liquidation_price"] = text if text == "against tick" else grid(text)
    return Rounding(**given)  # type: ignore[arg-type]
