"""What trades left open, written into a portfolio."""

from collections.abc import Sequence

from perpcalc.commands.book import entries_of
from perpcalc.commands.case import Case
from perpcalc.commands.market import Market
from perpcalc.core.instrument import Instrument
from perpcalc.core.position import Position, open_at
from perpcalc.decimals import FINEST, plain
from perpcalc.errors import PerpcalcError
from perpcalc.given import Given
from perpcalc.options import CONTRACT_SIZE, CONTRACTS, CURRENCY, ENTRY, ENTRY_VALUE, EXPIRES, INSTRUMENT, SIDE, VENUE
from perpcalc.portfolio import Account, Portfolio, new_name
from perpcalc.portfolio.edit import Change, row_of


def change_of(opened: Sequence[tuple[Market, Position]], portfolio: Portfolio) -> Change:
    """The positions that a portfolio does not have yet, to be appended to it.

    A position goes into the account of its venue and coin where there is just one, else it names the venue. Raises
    PerpcalcError where the portfolio has another position of the contract and side.
    """
    names = {position.name for position in portfolio.positions}
    held = [one for one in entries_of(portfolio, portfolio.positions, Given({})) if isinstance(one, Case)]
    rows = []
    for market, position in opened:
        if _is_there(position, held):
            continue
        instrument, side = market.instrument, "long" if position.side > 0 else "short"
        name = new_name(instrument.name or instrument.currency, side, names)
        names.add(name)
        home = _home(market, portfolio.accounts)
        rows.append(row_of(name, home and home.name, _described(market, position, home)))
    return Change(added=rows)


def _is_there(position: Position, held: Sequence[Case]) -> bool:
    """Whether the portfolio has the position; raises PerpcalcError where it has another of that contract and side."""
    for case in held:
        if _contract(case.instrument) != _contract(position.instrument) or case.side != position.side:
            continue
        own = case.position
        if own is not None and (own.contracts, own.stored_value) == (position.contracts, position.stored_value):
            return True
        size = f"{plain(case.contracts)} contracts" + (f" at {plain(round(own.entry_price, 8))}" if own else "")
        raise PerpcalcError(
            f"is of the same contract and side, {size}; the trades left {plain(position.contracts)} at "
            f"{plain(round(position.entry_price, 8))}",
            "remove it first with perpcalc portfolio remove",
        ).at(case.place or "")
    return False


def _contract(instrument: Instrument) -> tuple[str, str | None, str]:
    return (instrument.venue or "").partition("@")[0], instrument.name, instrument.currency


def _home(market: Market, accounts: Sequence[Account]) -> Account | None:
    """The only account of the contract's venue and coin; None where there is none or more than one."""
    venue, _, coin = _contract(market.instrument)
    fitting = [
        one
        for one in accounts
        if (one.venue or "").partition("@")[0].lower() == venue and one.currency in (coin, "USD")
    ]
    return fitting[0] if len(fitting) == 1 else None


def _described(market: Market, position: Position, home: Account | None) -> Given:
    """The position by the options that describe it, its entry as the value that it cost where no price says it
    exactly.
    """
    instrument = market.instrument
    name, _, expires = (instrument.name or "").partition(" ")
    described = Given({SIDE.name: "long" if position.side > 0 else "short", CONTRACTS.name: position.contracts})
    price = position.entry_price.quantize(FINEST).normalize()
    if open_at(instrument, position.side, position.contracts, price).stored_value == position.stored_value:
        described = described.put(ENTRY, price)
    else:
        described = described.put(ENTRY_VALUE, position.stored_value.quantize(FINEST).normalize())
    if instrument.venue is None:
        described = described.put(CONTRACT_SIZE, instrument.contract_size)
        if home is None:
            described = described.put(CURRENCY, instrument.currency)
    elif home is None:
        described = described.put(VENUE, instrument.venue)
    return described.put(INSTRUMENT, name or None).put(EXPIRES, expires or None)
