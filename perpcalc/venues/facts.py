"""What else a venue's file says: where to fetch newer facts, how unified accounts count, how old it is, what it
allows.
"""

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.instrument import Instrument
from perpcalc.decimals import ONE, plain, rate
from perpcalc.errors import Key, PerpcalcError
from perpcalc.venues import Venue, contract_of, load
from perpcalc.venues.keys import KEYS, Rule
from perpcalc.venues.tables import Tables, in_force

YEAR = datetime.timedelta(days=365)


class Unified(NamedTuple):
    """How a venue's unified accounts count from a day on.

    `weights` are taken of the "balance" or of the "equity" (balance and profit) in a coin; liquidated when `condition`
    times the maintenance margin reaches the equity. `always`: every account is one, a wallet of one coin included.
    """

    start: str
    weights: str
    condition: Decimal
    always: bool
    source: str
    confidence: str


def unified_on(venue: Venue, date: str = "") -> Unified | None:
    """How unified accounts count at a venue on an ISO date ("" is the newest); None where that is not known.

    >>> unified_on(load("binance")).condition, unified_on(load("bybit"), "2024-01-01")
    (Decimal('1.05'), None)
    """
    rows: Sequence[Rule] = venue.tables.get("unified", ())
    if not rows:
        return None
    row, too_early = in_force(rows, date)
    if too_early:
        return None
    condition, always = rate(row["condition"]), row.get("always", False)
    return Unified(row["from"], row["weights"], condition, always, row["source"], row["confidence"])


def balance_note(venue: Venue, date: str = "") -> str | None:
    """What a balance of one coin is at a venue whose accounts are all unified; None at the others.

    >>> print(balance_note(load("bybit")).partition(", ")[0])
    bybit: the balance is taken as a unified account that holds this coin alone
    """
    found = unified_on(venue, date)
    if found is None or not found.always:
        return None
    return (
        f"{venue.name}: the balance is taken as a unified account that holds this coin alone, "
        f"every account there is unified since {found.start}"
    )


def url(venue: Venue, what: str, instrument: str | None = None) -> str | None:
    """Where a venue answers its "tiers", "instruments" or "funding" without a key, for a contract; None if not known.

    >>> url(load("bybit"), "tiers", "BTCUSD")
    'https://api.bybit.com/v5/market/risk-limit?category=inverse&symbol=BTCUSD'
    """
    found: str | None = venue.tables.get("urls", {}).get(what)
    if found is None:
        return None
    symbol, contract, _ = contract_of(venue, instrument)
    return found.replace("{instrument}", symbol).replace("{currency}", contract["currency"])


def tiers_unknown(instrument: Instrument) -> PerpcalcError:
    """The error for a contract whose maintenance rates are not known: give one, or import them, and from where.

    >>> from perpcalc.venues import find
    >>> print(tiers_unknown(find("okx", "ETH").instrument).what)
    the maintenance tiers of ETH-USD-SWAP at okx are not known
    """
    if instrument.venue is None:
        return PerpcalcError("no maintenance rate is known", ("give one as ", Key("mmr"), ", or a ", Key("venue")))
    name = instrument.venue.partition("@")[0]
    what = f"the maintenance tiers of {instrument.name} at {instrument.venue} are not known"
    give = ("give the rate as ", Key("mmr"))
    where = url(load(name), "tiers", instrument.name)
    if where is None:
        return PerpcalcError(what, give)
    return PerpcalcError(what, (*give, f", or save {where} and run `perpcalc venues import {name} FILE`"))


def beyond_cap(instrument: Instrument, funding_rate: Decimal) -> str | None:
    """Why a funding rate cannot be: it is beyond the cap that the venue is known to have; None where it can.

    >>> from perpcalc.venues import find
    >>> beyond_cap(find("kraken").instrument, Decimal("-0.4794"))
    'the rate -47.94% is beyond the cap of kraken, 0.5% in 1 h'
    """
    rule = instrument.funding
    if rule is None or rule.cap is None or abs(funding_rate) <= rule.cap:
        return None
    hours = plain((rule.rate_interval or rule.interval) / 60)
    return (
        f"the rate {plain(funding_rate * 100)}% is beyond the cap of {instrument.venue}, "
        f"{plain(rule.cap * 100)}% in {hours} h"
    )


def newest(venue: Venue, instrument: str | None = None) -> str:
    """The day until which the facts of a contract are known to hold: the file's, or that of a user's newer row.

    >>> newest(load("gate"))
    '2025-07-31'
    """
    symbol, _, expires = contract_of(venue, instrument)
    own: Sequence[Tables] = (venue.own, venue.own.get("dated" if expires else "instruments", {}).get(symbol, {}))
    days = [row["from"] for table in own for topic in KEYS for row in table.get(topic, ())]
    return str(max([venue.tables["known_until"], *days]))


def age_note(venue: Venue, instrument: str | None, today: datetime.date) -> str | None:
    """What to say of facts that are older than a year on a day, and how to refresh them; None for younger ones.

    >>> age_note(load("gate"), None, datetime.date(2026, 7, 31)) is None
    True
    >>> print(age_note(load("delta"), None, datetime.date(2026, 10, 1)))
    delta: its rules were last known to hold on 2021-11-29, more than a year ago
    """
    day = newest(venue, instrument)
    if today - datetime.date.fromisoformat(day) <= YEAR:
        return None
    where = url(venue, "tiers", instrument) or url(venue, "instruments", instrument)
    how = f": save {where} and run `perpcalc venues import {venue.name} FILE`" if where else ""
    return f"{venue.name}: its rules were last known to hold on {day}, more than a year ago{how}"


def leverages(rule: Rule) -> tuple[tuple[Decimal | None, Decimal], ...]:
    """The largest leverage up to each size, in the unit of the margin rule's tiers; empty where it is not known.

    As the venue prints it, else one over the initial rate. The last limit is None where the leverage goes on.

    >>> leverages({"limits": ["5", "10"], "leverages": ["100", "50"]})
    ((Decimal('5'), Decimal('100')), (Decimal('10'), Decimal('50')))
    """
    keys = KEYS["margin"]
    if "leverages" in rule:
        most: tuple[Decimal, ...] = keys["leverages"].read(rule["leverages"])
    elif "initial_rates" in rule:
        most = tuple(ONE / initial for initial in keys["initial_rates"].read(rule["initial_rates"]))
    else:
        return ()
    given = rule.get("leverage_limits", rule.get("limits"))
    limits: tuple[Decimal | None, ...] = keys["limits"].read(given) if given else ()
    return tuple(zip((*limits, *[None] * (len(most) - len(limits))), most, strict=False))
