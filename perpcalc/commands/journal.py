"""One's own trades out of a file, by the contract that each is in, with the funding that was charged for them."""

from collections.abc import Sequence
from typing import NamedTuple

from perpcalc.commands.market import Market, market_of
from perpcalc.core.ledger import Booked, Trade, by_instrument
from perpcalc.core.past_funding import Payment
from perpcalc.errors import Key, PerpcalcError, Words, listed, printable
from perpcalc.given import Given
from perpcalc.options import (
    CONTRACT_SIZE,
    CURRENCY,
    EXACT,
    EXPIRES,
    FILE,
    FUNDING_FILE,
    HEDGE,
    INSTRUMENT,
    VENUE,
)
from perpcalc.readers.funding import History
from perpcalc.readers.sheet import fold, is_of_coin
from perpcalc.readers.symbols import Contract, contract_of
from perpcalc.readers.trades import Tape, read_charges, read_trades
from perpcalc.venues import load


class Strand(NamedTuple):
    """The trades in one contract and, in hedge mode, of one side (`held`), and what funding cost: booked, or by rates.

    `label` is what the file calls the contract; `market` is None where that is not known, for the reason that `unknown`
    has.
    """

    label: str | None
    held: str
    market: Market | None
    trades: Sequence[Trade]
    booked: Sequence[Booked] = ()
    rates: Sequence[Payment] = ()
    unknown: PerpcalcError | None = None

    @property
    def name(self) -> str:
        """What notes call it."""
        return " ".join(filter(None, (printable(self.label or ""), self.held))) or "the trades"


class Journal(NamedTuple):
    """A file of trades: its strands in the order of their first trade, and what was assumed in reading it.

    `charges` is the file that the rates of funding are from.
    """

    where: str
    strands: Sequence[Strand]
    notes: Sequence[Words]
    charges: str | None = None


def journal_of(given: Given) -> Journal:
    """The trades that are asked about; raises PerpcalcError naming the file and the place in it."""
    tape = read_trades(given[FILE] or "")
    notes: list[Words] = [f"{tape.where}: {note}" for note in tape.notes]
    spec = _spec(given, tape, notes)
    try:
        groups = by_instrument(tape.trades, HEDGE in given)
        strands = _wanted([_strand(given, spec, *key, trades) for key, trades in groups.items()], given, spec, notes)
        strands = _with_booked(strands, tape.booked, notes)
        if all(strand.unknown is not None for strand in strands):
            raise strands[0].unknown or AssertionError
    except PerpcalcError as error:
        of_option = error.places and isinstance(error.places[0], Key)
        raise (error if of_option else error.at(tape.where)) from None
    if spec is None and CONTRACT_SIZE not in given and any(trade.usd is None for trade in tape.trades):
        notes.append(("a contract is taken as 1 USD: ", VENUE.key, " or ", CONTRACT_SIZE.key, " says how large it is"))
    if (path := given[FUNDING_FILE]) is not None:
        if tape.booked:
            raise PerpcalcError(f"{tape.where} has payments of its own, which would count twice", "leave one out").at(
                FUNDING_FILE.key
            )
        strands = _charged(strands, path, notes)
    return Journal(tape.where, strands, notes, given[FUNDING_FILE])


def _spec(given: Given, tape: Tape, notes: list[Words]) -> str | None:
    """The venue whose rules count: the one given, else the one whose form the file has."""
    spec = given[VENUE]
    if spec is not None:
        try:
            load(spec.partition("@")[0])
        except PerpcalcError as error:
            raise error.at(VENUE.env if VENUE.name in given.filled else VENUE.key) from None
    if spec is None or (VENUE.name in given.filled and tape.venue is not None):
        return tape.venue
    if tape.venue is not None and spec.partition("@")[0].lower() != tape.venue:
        notes.append(f"{tape.where}: has the form of {tape.venue}, and the rules of {spec} are taken")
    return spec


def _strand(given: Given, spec: str | None, label: str | None, held: str, trades: Sequence[Trade]) -> Strand:
    try:
        return Strand(label, held, _market(given, spec, label or given[INSTRUMENT]), trades)
    except PerpcalcError as error:
        if label is None:
            raise
        remedy = ("give ", CONTRACT_SIZE.key, ", or rules of the contract in a venue's file of your own")
        unknown = PerpcalcError(error.parts[0], remedy).at(printable(label))
        return Strand(label, held, None, trades, unknown=unknown)


def _market(given: Given, spec: str | None, label: str | None) -> Market:
    """The contract that a file calls `label`: of the venue, else a plain one; raises PerpcalcError where it is not
    known.
    """
    size, coin = given[CONTRACT_SIZE], given[CURRENCY]
    described = Given({}).put(VENUE, spec).put(EXACT, given[EXACT]).put(CONTRACT_SIZE, size).put(CURRENCY, coin)
    if label is None:
        return market_of(described)
    contract = _named(label, spec)
    if spec is not None:
        listed_one = described.without((CONTRACT_SIZE,))
        try:
            return market_of(listed_one.put(INSTRUMENT, label))
        except PerpcalcError as error:
            found = None if contract is None or size is not None else _as_ccxt(listed_one, contract)
            if found is not None:
                return found
            if size is None:
                raise error from None
    plain = described.without((VENUE,)).put(INSTRUMENT, label)
    return market_of(plain.put(CURRENCY, coin or (contract and contract.base)))


def _as_ccxt(described: Given, contract: Contract) -> Market | None:
    """The contract by what its name says of it; None where the venue's preset has none of the kind."""
    symbol = f"{contract.base}/{contract.quote}:{contract.settle}"
    try:
        return market_of(described.put(INSTRUMENT, symbol).put(EXPIRES, contract.expires))
    except PerpcalcError:
        return None


def _named(label: str, spec: str | None) -> Contract | None:
    """What the name of a contract says; None where it says nothing."""
    try:
        return contract_of(label, None if spec is None else spec.partition("@")[0].lower())
    except PerpcalcError:
        return None


def _wanted(strands: Sequence[Strand], given: Given, spec: str | None, notes: list[Words]) -> Sequence[Strand]:
    """The strands in the contract that is asked for, all of them where none is."""
    asked = given[INSTRUMENT]
    if asked is None or all(strand.label is None for strand in strands):
        return strands
    try:
        name = _market(given, spec, asked).instrument.name
    except PerpcalcError as error:
        raise type(error)(*error.parts, (INSTRUMENT.key,)) from None
    kept = [strand for strand in strands if _is_named(strand, asked, name)]
    others = dict.fromkeys(printable(strand.label or "") for strand in strands if strand not in kept)
    if not kept:
        raise PerpcalcError(
            f"has no trade of {printable(asked)}", f"its trades are of {''.join(listed(others, 'and'))}"
        )
    if others:
        notes.append(f"the trades of {''.join(listed(others, 'and'))} are left out")
    return kept


def _is_named(strand: Strand, asked: str, name: str | None) -> bool:
    """Whether a strand is in a contract, by the file's name of it or by the venue's."""
    own = strand.market and strand.market.instrument.name
    return strand.label is None or fold(strand.label) == fold(asked) or (own is not None and own == name)


def _with_booked(strands: Sequence[Strand], booked: Sequence[Booked], notes: list[Words]) -> Sequence[Strand]:
    """The strands with the payments that were booked for their contracts."""
    found: dict[int, list[Booked]] = {}
    left_out: dict[str, int] = {}
    for paid in booked:
        own = _places(strands, paid.instrument)
        if not own:
            name = printable(paid.instrument or "no contract")
            left_out[name] = left_out.get(name, 0) + 1
            continue
        if len({strands[place].label for place in own}) > 1:
            raise PerpcalcError("does not say which contract it is for", "add its name").at(paid.place)
        found.setdefault(own[0], []).append(paid)
        if len(own) > 1:
            notes.append(
                f"funding of {strands[own[0]].label} does not say for which side: counted for {strands[own[0]].name}"
            )
    notes += [f"funding of {name} ({count}) is left out: there is no trade in it" for name, count in left_out.items()]
    return [strand._replace(booked=found.get(place, ())) for place, strand in enumerate(strands)]


def _places(strands: Sequence[Strand], label: str | None) -> list[int]:
    """Which strands are in a contract of this name, of another spelling where no one has it."""
    if label is None:
        return list(range(len(strands)))
    same = [place for place, strand in enumerate(strands) if strand.label is None or fold(strand.label) == fold(label)]
    return same or [place for place, strand in enumerate(strands) if _is_same(strand, label)]


def _is_same(strand: Strand, label: str) -> bool:
    """Whether two names are of one contract, spelled differently."""
    market = strand.market
    if market is None or market.instrument.venue is None:
        return False
    try:
        return _market(Given({}), market.instrument.venue, label).instrument.name == market.instrument.name
    except PerpcalcError:
        return False


def _charged(strands: Sequence[Strand], path: str, notes: list[Words]) -> Sequence[Strand]:
    """The strands with the funding of a file beside them: payments that were booked, or rates of the past."""
    labels = {strand.label for strand in strands}
    coins = {strand.market.instrument.currency for strand in strands if strand.market is not None}
    only = strands[0].label if len(labels) == 1 else None
    charges = read_charges(path, only, coins.pop() if len(coins) == 1 and only is not None else None)
    notes += [f"{charges.where}: {note}" for note in charges.notes]
    if isinstance(charges, Tape):
        try:
            return _with_booked(strands, charges.booked, notes)
        except PerpcalcError as error:
            raise error.at(charges.where) from None
    if any(trade.time is None for strand in strands for trade in strand.trades):
        raise PerpcalcError(
            "needs the times of the trades", "add a column time, or give the payments that were booked"
        ).at(FUNDING_FILE.key)
    if len(labels) == 1:
        return [strand._replace(rates=charges.payments) for strand in strands]
    return _rates_of(strands, charges)


def _rates_of(strands: Sequence[Strand], history: History) -> Sequence[Strand]:
    """Several contracts, one of which a history of rates is of."""
    name = history.instrument
    own = _places(strands, name)
    if not own and name is not None:
        own = [
            place
            for place, strand in enumerate(strands)
            if strand.market is not None and is_of_coin(name, strand.market.instrument.currency)
        ]
    if len({strands[place].label for place in own}) != 1:
        raise PerpcalcError(
            "does not say of which of the contracts its rates are", ("say which by ", INSTRUMENT.key)
        ).at(history.where)
    return [strand._replace(rates=history.payments) if place in own else strand for place, strand in enumerate(strands)]
