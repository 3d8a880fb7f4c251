"""The contract that is asked about, the dated rules it comes from, and what they charge."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal
from functools import lru_cache
from typing import NamedTuple

from perpcalc.core.initial import allows, largest_leverage
from perpcalc.core.instrument import PLAIN, Instrument
from perpcalc.core.position import Position
from perpcalc.core.rounding import EXACT, to_multiple
from perpcalc.core.rules import ClosingFee, Schedule, flat_rate
from perpcalc.decimals import ONE, ZERO, places, plain, settled
from perpcalc.errors import PerpcalcError, Words
from perpcalc.given import Given, Option
from perpcalc.options import (
    CLOSING_FEE,
    CONTRACT_SIZE,
    CURRENCY,
    DEDUCTION,
    EXPIRES,
    EXPLAIN,
    INSTRUMENT,
    LEVERAGE,
    MM_BASIS,
    MMR,
    VENUE,
)
from perpcalc.options import EXACT as EXACTLY
from perpcalc.venues import find, load, today
from perpcalc.venues.keys import Rule

COIN_GRIDS = ("value", "stored_value", "pnl", "fee", "margin", "funding")
DAYS_OF_A_YEAR = 365
LEAST_COIN_PLACES, LEAST_PRICE_PLACES = 8, 2
SHOWN_LEVERAGE = Decimal("0.01")


class Market(NamedTuple):
    """An instrument as asked for, the dated rules it comes from, and what the user should know of them."""

    instrument: Instrument
    rules: Mapping[str, Rule] = {}
    notes: tuple[Words, ...] = ()
    known_until: str | None = None

    @property
    def coin_places(self) -> int:
        """The decimals that people see of a coin amount: those of the finest that the venue prints, 8 at least."""
        rule = self.rules.get("rounding", {})
        return max([LEAST_COIN_PLACES, *(int(rule[name].split()[1]) for name in COIN_GRIDS if name in rule)])

    def price_places(self, *prices: Decimal | None) -> int:
        """The decimals that people see of a price: the tick's, else 2 and more for small prices."""
        if self.instrument.tick is not None:
            return places(self.instrument.tick)
        smallest = min(filter(None, prices), default=ONE)
        return max(LEAST_PRICE_PLACES, 3 - smallest.adjusted())


NO_VENUE = Market(PLAIN)


def market_of(given: Given) -> Market:
    """The contract that the options name; raises PerpcalcError where they contradict the venue."""
    market = _market(given)
    return traced_market(market) if EXPLAIN in given else market


def settled_on(given: Given, instrument: Instrument) -> str | None:
    """The day on which a contract expired, where that is past: before today, or before the day of its rules."""
    expires = given[EXPIRES] or day_named(instrument)
    if expires is None:
        return None
    return expires if expires < ((instrument.venue or "").partition("@")[2] or today().isoformat()) else None


def day_named(instrument: Instrument) -> str | None:
    """The day of expiry that is in the name of a contract, as its venue writes it; None where there is none."""
    if instrument.funding is not None or instrument.name is None:
        return None
    from perpcalc.venues.symbols import expiry_of

    found = expiry_of(instrument.name)
    return None if found is None else found.isoformat()


def traced_market(market: Market) -> Market:
    """The market with every number of its rules a leaf that knows where the rule is from."""
    from perpcalc.trace import traced_instrument

    sources = {topic: provenance(rule) for topic, rule in market.rules.items() if topic != "contract"}
    return market._replace(instrument=traced_instrument(market.instrument, sources))


def provenance(rule: Rule) -> str:
    """Where a venue's rule comes from and how sure it is, in lines; empty where there is no rule."""
    if not rule:
        return ""
    note = f"\nnote: {rule['note']}" if "note" in rule else ""
    return f"source: {rule['source']} ({rule['confidence']}, from {rule['from']}){note}"


def _market(given: Given) -> Market:
    venue, size, currency = given[VENUE], given[CONTRACT_SIZE], given[CURRENCY]
    name = given[INSTRUMENT]
    if venue is None:
        return (
            NO_VENUE
            if size is None and currency is None and name is None
            else _plain(size or ONE, currency or "BTC", name)
        )
    try:
        market = _expiring(_found(venue, name, EXACTLY in given), given[EXPIRES])
    except PerpcalcError as error:
        if size is not None and name is not None and _is_venue(venue):
            return _plain(size, currency or "BTC", name)  # a contract that the preset does not list
        if VENUE.name in given.filled:
            raise error.at(VENUE.env) from None
        raise error.at((INSTRUMENT if name is not None and _is_venue(venue) else VENUE).key) from None
    instrument = market.instrument
    other_size, other_coin = size not in (None, instrument.contract_size), currency not in (None, instrument.currency)
    if (other_size or other_coin) and VENUE.name in given.filled:
        return _plain(size or ONE, currency or "BTC", None)
    if other_size and size is not None:
        raise PerpcalcError(
            f"{instrument.name} is {plain(instrument.contract_size)} USD per contract, not {plain(size)}",
            "leave one out",
        ).at(CONTRACT_SIZE.key)
    if other_coin and given[INSTRUMENT] is None:
        raise PerpcalcError(
            f"is missing: {instrument.name} settles in {instrument.currency}",
            f"give the one that settles in {currency}",
        ).at(INSTRUMENT.key)
    if other_coin:
        raise PerpcalcError(f"{instrument.name} settles in {instrument.currency}, not {currency}", "leave one out").at(
            CURRENCY.key
        )
    return market


def _is_venue(spec: str) -> bool:
    """Whether there is a preset of this name, so that only the contract is not in it."""
    try:
        return bool(find(spec))
    except PerpcalcError:
        return False


def _expiring(market: Market, expires: str | None) -> Market:
    """The market of a contract that expires: the rules of the perpetual, another contract, and no funding."""
    if expires is None or market.instrument.funding is None:
        return market
    instrument = market.instrument
    return market._replace(instrument=instrument._replace(name=f"{instrument.name} {expires}", funding=None))


@lru_cache(maxsize=4096)
def _found(spec: str, name: str | None, exact: bool) -> Market:
    found = find(spec, name)
    instrument = found.instrument._replace(rounding=EXACT) if exact else found.instrument
    return Market(
        instrument, found.rules, (*found.notes, *_said_of_age(spec, name)), load(spec.partition("@")[0]).known_until
    )


def _said_of_age(spec: str, name: str | None) -> tuple[str, ...]:
    """What is said of rules that nobody has looked at for a year; of those of a day nothing."""
    if "@" in spec:
        return ()
    venue, day = load(spec), today()
    if venue.known_until >= day.fromordinal(day.toordinal() - DAYS_OF_A_YEAR).isoformat():
        return ()
    from perpcalc.venues.facts import age_note

    return tuple(filter(None, [age_note(venue, name, day)]))


def _plain(contract_size: Decimal, currency: str, name: str | None) -> Market:
    return Market(Instrument(name=name, contract_size=contract_size, currency=currency))


class MarginRules(NamedTuple):
    """What decides a liquidation beside the margin; `schedule` None means that the maintenance margin is not known."""

    schedule: Schedule | None
    closing_fee: ClosingFee


def margin_rules(given: Given, instrument: Instrument, cross: bool) -> MarginRules:
    """The maintenance schedule and the closing fee: the venue's, unless options replace them."""
    schedule, mmr = instrument.schedule, given[MMR]
    if mmr is not None:
        basis = schedule.basis if schedule else "mark"
        schedule = flat_rate(mmr, given[DEDUCTION] or ZERO, basis)
    if schedule is not None and (basis_given := given[MM_BASIS]) is not None:
        schedule = schedule._replace(basis=basis_given)
    closing_fee = instrument.cross_closing_fee if cross else instrument.isolated_closing_fee
    if (rate := given[CLOSING_FEE]) is not None:
        closing_fee = closing_fee._replace(rate=rate)
    return MarginRules(schedule, closing_fee)


def fee_rate(given: Given, option: Option[Decimal | str], instrument: Instrument) -> Decimal | None:
    """A trading fee: a rate, the venue's maker or taker rate by name, the taker rate by default, 0 without a venue.

    None where the venue's fee is not known. Raises PerpcalcError where it was asked for by name.
    """
    fee = given[option]
    if isinstance(fee, Decimal):
        return fee
    known = instrument.maker_fee if fee == "maker" else instrument.taker_fee
    if known is None and fee is not None:
        raise PerpcalcError((f"{fee} needs a ", VENUE.key, " with known fees"), "give a rate, as in 0.05%").at(
            option.key
        )
    return ZERO if instrument.venue is None else known


def known_fee(given: Given, option: Option[Decimal | str], instrument: Instrument, notes: list[Words]) -> Decimal:
    """A trading fee for an answer that goes on without one: 0 with a note where the venue's is not known."""
    rate = fee_rate(given, option, instrument)
    if rate is None:
        notes.append((f"{instrument.venue}: its fees are not known and left out: give ", option.key))
        return ZERO
    return rate


def forbidden_leverage(given: Given, instrument: Instrument, position: Position | None = None) -> PerpcalcError | None:
    """Why the leverage cannot be: above the largest of the contract, or of the tier of a position's value; None where
    it can.
    """
    leverage, of_contract = given[LEVERAGE], instrument.max_leverage
    if leverage is None:
        return None
    highest = of_contract
    if position is not None:
        if allows(instrument, leverage, position.contracts, position.entry_value):
            return None
        highest = largest_leverage(instrument, position.contracts, position.entry_value)
    if highest is None or leverage <= settled(highest):
        return None
    tier = (
        "" if highest == of_contract or position is None else f" in the tier of {plain(position.contracts)} contracts"
    )
    return PerpcalcError(
        f"{plain(leverage)} is above the largest of {instrument.name} at {instrument.venue}{tier}",
        f"give at most {plain(to_multiple(highest, SHOWN_LEVERAGE, ROUND_FLOOR))}",
    ).at(LEVERAGE.key)


def unified_balance(instrument: Instrument) -> str | None:
    """What a balance of one coin is at a venue whose accounts are all unified; None elsewhere."""
    if instrument.venue is None:
        return None
    from perpcalc.venues import load
    from perpcalc.venues.facts import balance_note

    name, _, date = instrument.venue.partition("@")
    return balance_note(load(name), date)


def each_once(notes: Iterable[Words]) -> tuple[Words, ...]:
    """Notes in order, each thing once."""
    return tuple(dict.fromkeys(notes)) if notes else ()
