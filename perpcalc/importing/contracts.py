"""Which contract a recorded position is in: one of a preset, one that expires, or a plain one of what the file says."""

import decimal
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from perpcalc import venues
from perpcalc.core.instrument import Instrument, check_lots
from perpcalc.core.rounding import to_multiple
from perpcalc.core.rules import flat_rate
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import PerpcalcError, shown
from perpcalc.importing.evidence import BY_HAND
from perpcalc.readers.recorded import Recorded, last_digit
from perpcalc.readers.symbols import Contract, contract_of

Resolve = Callable[[str, str, Contract], Instrument | None]
NEAR = Decimal("0.01")
LEAST_USD = ONE
MISSPELT = 0.8
CUT_RATE = Decimal("0.00005")
RATE_STEP = Decimal("1E-9")
SURELY_PERCENT = Decimal("0.6")  # no venue asks for more than half of the value


class Market(NamedTuple):
    """The contract of a position: the rules it is judged by, and the name it is written by.

    `listed` is False for a plain contract. `rate` is the maintenance rate of the file where no table is known,
    `expires` the ISO day of a contract that does, `parts` how many of our contracts one of the file is.
    """

    instrument: Instrument
    name: str | None
    listed: bool
    rate: Decimal | None = None
    expires: str | None = None
    notes: tuple[str, ...] = ()
    parts: Decimal = ONE


def listed(spec: str, symbol: str, contract: Contract) -> Instrument | None:
    """The contract of a venue's preset that a symbol names; None where there is none, or no preset of the venue.

    >>> listed("deribit", "BTC/USD:BTC", Contract("BTC", "USD", "BTC")).name
    'BTC-PERPETUAL'
    """
    day = "" if contract.expires is None else f"-{contract.expires[2:].replace('-', '')}"
    for name in (symbol, f"{contract.base}/{contract.quote}:{contract.settle}{day}"):
        try:
            return venues.find(spec, name).instrument
        except PerpcalcError:
            continue
    return None


def has_preset(spec: str) -> bool:
    """Whether there is a preset of a venue; any other may be a venue without one.

    Raises PerpcalcError for a misspelt name, a venue without inverse contracts, and what is wrong with a preset.
    """
    from difflib import get_close_matches

    from perpcalc.venues.symbols import LINEAR_VENUES, WITHOUT_INVERSE

    name, known = spec.partition("@")[0].lower(), [known.lower() for known in venues.names()]
    try:
        venues.find(spec)
    except PerpcalcError:
        if name in (*known, *LINEAR_VENUES, *WITHOUT_INVERSE) or get_close_matches(name, known, cutoff=MISSPELT):
            raise
        return False
    return True


def contract_at(recorded: Recorded, spec: str | None) -> Contract:
    """The contract of a position at a venue by its name; raises PerpcalcError where the name says none."""
    if not recorded.symbol:
        raise PerpcalcError("does not name its contract", "give the answer of the venue as it came")
    venue = recorded.venue or recorded.likely or spec or ""
    return contract_of(recorded.symbol, venue.partition("@")[0], recorded.settle)


def market_of(recorded: Recorded, contract: Contract, spec: str | None, resolve: Resolve) -> Market:
    """The contract and its rules: the preset's, for one that expires else the file's rate, else the perpetual's table.

    Raises PerpcalcError where the file's contract is not that of the preset, or where its size is not known.
    """
    instrument = None if spec is None else resolve(spec, recorded.symbol, contract)
    notes: list[str] = []
    if contract.guessed:
        notes.append(f"{contract.expires} is taken for its expiry, the last Friday of the month that its name has")
    perpetual = None
    if instrument is None and spec is not None and contract.expires:
        instrument = perpetual = _of_perpetual(contract, spec, resolve)
    if instrument is None:
        return _plain(recorded, contract, notes)
    stated = recorded.contract_size
    if recorded.usd is None and stated is not None and stated != instrument.contract_size:
        theirs, ours = plain(stated), plain(instrument.contract_size)
        raise PerpcalcError(f"has contracts of {theirs} USD, {spec} of {ours} USD", "correct the file")
    rate = None
    if instrument.schedule is None or instrument is perpetual:
        rate = rate_of(recorded, instrument.contract_size)
    if perpetual is not None and rate is None and instrument.schedule is not None:
        notes.append(f"{spec} has no table for contracts that expire: that of {instrument.name} is taken")
    name = instrument.name
    if perpetual is not None:  # written as the perpetual with a day, and another contract all the same
        instrument = instrument._replace(name=f"{name} {contract.expires}")
    return Market(_with_rate(instrument, rate), name, True, rate, contract.expires, tuple(notes))


def contracts_of(recorded: Recorded, market: Market) -> Decimal:
    """The size in contracts; raises PerpcalcError for one in coin, one that cannot be traded, and for none."""
    instrument = market.instrument
    if recorded.usd is not None:
        contracts = recorded.usd / instrument.contract_size
    elif recorded.contracts is None:
        raise PerpcalcError("has no contracts", "give the answer of the venue as it came")
    elif (instrument.venue or "").partition("@")[0] == "deribit":
        contracts = recorded.contracts / instrument.contract_size  # ccxt gives Deribit's USD under that name
    else:
        contracts = recorded.contracts * market.parts
    if is_in_coin(recorded, contracts * instrument.contract_size):
        size = plain(recorded.contracts or contracts)
        raise PerpcalcError(f"its size {size} is in coin, not in USD contracts", "only inverse contracts are imported")
    if market.listed:
        check_lots(instrument, contracts)
    return contracts


def is_in_coin(recorded: Recorded, usd: Decimal) -> bool:
    """Whether a size taken for USD is one in coin: less than 1 USD, or the initial margin and the leverage say so.

    >>> is_in_coin(Recorded(entry=Decimal(20_000), leverage=Decimal(20), initial=Decimal("0.1")), Decimal(2))
    True
    """
    price = recorded.mark or recorded.entry
    if recorded.initial and recorded.leverage and price:
        value = recorded.initial * recorded.leverage
        if abs(value / usd - 1) < NEAR < abs(value * price / usd - 1):
            return True
    return usd < LEAST_USD


def rate_of(recorded: Recorded, contract_size: Decimal) -> Decimal | None:
    """The maintenance rate that a file says: by a key of its own, or maintenance margin / coin value at the mark.

    A rate that is cut to few decimals or written in per cent is believed where margin and value agree with it.

    >>> said = Recorded(maintenance=Decimal("0.012070224"), value=Decimal("0.603420186"))
    >>> rate_of(said, ONE)
    Decimal('0.020003017')
    """
    value, rate = recorded.value, recorded.rate
    if value is None and recorded.mark:
        usd = recorded.usd or (recorded.contracts or ZERO) * contract_size
        value = usd / recorded.mark
    if not recorded.maintenance or not value:
        return rate if rate is None or rate < SURELY_PERCENT else rate / 100
    ratio = recorded.maintenance / value
    agrees = rate is not None and abs(rate - ratio) <= CUT_RATE
    return to_multiple(rate if agrees and rate is not None else ratio, RATE_STEP, decimal.ROUND_HALF_UP)


def _of_perpetual(contract: Contract, spec: str, resolve: Resolve) -> Instrument | None:
    """The perpetual of a coin, as the rules of a contract that expires and has no table of its own."""
    perpetual = contract._replace(expires=None, guessed=False)
    return resolve(spec, f"{contract.base}/{contract.quote}:{contract.settle}", perpetual)


def _plain(recorded: Recorded, contract: Contract, notes: list[str]) -> Market:
    """A contract that no preset has, of what the file says."""
    if contract.quote != "USD":
        raise PerpcalcError(
            f"is quoted in {contract.quote}, not in USD", "only contracts in USD are imported without a preset"
        )
    size = recorded.contract_size or (ONE if recorded.usd is not None else _size_by_value(recorded))
    if size is None:
        raise PerpcalcError(
            f"is in {shown(recorded.symbol)}, of which no preset and not the file says how large a contract is",
            BY_HAND,
        )
    parts = ONE if recorded.contracts is None else ONE / last_digit(recorded.contracts.normalize())
    parts = max(ONE, parts)  # whole contracts: 0.5 of 100 USD are 5 of 10 USD
    rate = rate_of(recorded, size)
    instrument = Instrument(name=recorded.symbol, currency=contract.base, contract_size=size / parts)
    symbol = recorded.symbol
    return Market(_with_rate(instrument, rate), symbol, False, rate, contract.expires, tuple(notes), parts)


def _with_rate(instrument: Instrument, rate: Decimal | None) -> Instrument:
    """A contract whose maintenance margin is one rate, on the value that its own table takes."""
    basis = instrument.schedule.basis if instrument.schedule else "mark"
    return instrument if rate is None else instrument._replace(schedule=flat_rate(rate, basis=basis))


def _size_by_value(recorded: Recorded) -> Decimal | None:
    """The USD of a contract by the coin value at the mark, `value*mark/contracts`, where near a whole number."""
    if not (recorded.value and recorded.mark and recorded.contracts):
        return None
    usd = recorded.value * recorded.mark / recorded.contracts
    whole = to_multiple(usd, ONE, decimal.ROUND_HALF_UP)
    return whole if whole and abs(usd / whole - 1) < NEAR else None
