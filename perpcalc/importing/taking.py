"""A recorded position by our rules: its contract, its cost, what stands behind it, and the keys it is written by."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.position import SIDES, Position
from perpcalc.decimals import plain
from perpcalc.errors import Key, PerpcalcError
from perpcalc.importing.contracts import Market, Resolve, contracts_of, market_of
from perpcalc.importing.differences import Leg
from perpcalc.importing.evidence import Chosen, margin_behind, opened
from perpcalc.importing.known import Row, venue_of
from perpcalc.importing.placing import Choices, Located
from perpcalc.portfolio import Account, Portfolio
from perpcalc.readers.recorded import Recorded

CROSS_ONLY = ("deribit", "kraken")
"""Venues whose inverse contracts have no margin of their own."""


class Setting(NamedTuple):
    """What a position is taken into: the portfolio, the account where one is named, and what the user says.

    `several` are the coins of which the file holds several contracts, whose marks belong together.
    """

    portfolio: Portfolio
    account: Account | None
    choices: Choices
    several: frozenset[str]
    resolve: Resolve


class Taken(NamedTuple):
    """A recorded position by our rules, and the row that it makes but for its name."""

    located: Located
    market: Market
    position: Position
    chosen: Chosen | None
    row: Row
    notes: tuple[str, ...]


def taken(one: Located, setting: Setting) -> Taken:
    """One position by our rules; raises PerpcalcError where it cannot be held in the portfolio."""
    recorded, account = one.recorded, setting.account
    market = market_of(recorded, one.contract, one.spec, setting.resolve)
    instrument = market.instrument
    if account is not None and account.unified is None and account.currency != instrument.currency:
        raise PerpcalcError(
            f"settles in {instrument.currency}, and the account holds {account.currency}",
            ("give the ", Key("account"), " that holds it"),
        )
    contracts = contracts_of(recorded, market)
    position, by_value = opened(instrument, SIDES[one.identity.side], contracts, recorded)
    mode = _mode(one, instrument.currency, setting)
    notes, chosen = list(market.notes), None
    if mode == "isolated":
        schedule, closing_fee = instrument.schedule, instrument.isolated_closing_fee
        chosen = margin_behind(recorded, position, schedule, closing_fee, one.venue)
        notes += chosen.notes
        leverage, highest = recorded.leverage, instrument.max_leverage
        if leverage and highest and leverage > highest:
            notes.append(f"leverage {plain(leverage)} is above the largest of {instrument.name}, {plain(highest)}")
    elif account is None:
        notes.append("is on cross margin, and the portfolio has no account for it: where it is liquidated is not known")
    row = dict(_row(one, market, position, by_value, chosen, setting))
    if not market.listed:  # it is written without a venue, by which it is known again
        one = one._replace(identity=one.identity._replace(venue=None))
    return Taken(one, market, position, chosen, row, tuple(notes))


def _mode(one: Located, coin: str, setting: Setting) -> str:
    """Cross or isolated: as the file says, else as the user or the venue has it, and in an account cross.

    A cross position needs its account. Only where the portfolio has none and the file is silent is it taken without.
    """
    said, account = one.recorded.mode, setting.account
    cross_only = one.venue in CROSS_ONLY
    mode = said or ("isolated" if setting.choices.isolated and not (cross_only and account) else None)
    if mode is None and (cross_only or account is not None):
        mode = "cross"
    if mode is None:
        raise _unsaid(one.recorded)
    if (
        mode == "cross"
        and account is None
        and (said or any(_holds(other, one, coin) for other in setting.portfolio.accounts))
    ):
        raise PerpcalcError("is on cross margin", ("give the ", Key("account"), " whose balance stands behind it"))
    return mode


def _holds(account: Account, one: Located, coin: str) -> bool:
    """Whether an account is one that a position may be in."""
    return venue_of(account.venue) == one.venue and (account.unified is not None or account.currency == coin)


def _unsaid(recorded: Recorded) -> PerpcalcError:
    said = recorded.margins[0] if recorded.margins else None
    named = "" if said is None else f" (it names {said.name} {plain(said.coin)})"
    return PerpcalcError(
        f"does not say whether its margin is isolated{named}",
        ("give ", Key("isolated"), ", or the ", Key("account"), " whose balance stands behind it"),
    )


def _row(
    one: Located, market: Market, position: Position, by_value: bool, chosen: Chosen | None, setting: Setting
) -> Iterator[tuple[str, Decimal | str]]:
    """The keys of a position, in the order of a portfolio."""
    account = setting.account
    recorded, instrument = one.recorded, market.instrument
    named = market.listed or (account is not None and account.venue is not None)
    one_coin = account is not None and account.unified is None
    price = setting.portfolio.prices.get(instrument.currency)
    mark = recorded.mark if price is None or instrument.currency in setting.several else None
    keys = {} if chosen is None else dict(chosen.reading.keys)
    for key, value in (
        ("account", None if account is None else account.name),
        ("venue", one.spec if account is None and market.listed else None),
        ("instrument", market.name if named else None),
        ("currency", None if market.listed or one_coin else instrument.currency),
        ("contract_size", None if market.listed else instrument.contract_size),
        ("side", one.identity.side),
        ("contracts", position.contracts),
        ("entry", None if by_value else recorded.entry),
        ("entry_value", recorded.entry_value if by_value else None),
        ("leverage", keys.get("leverage")),
        ("margin", keys.get("margin")),
        ("extra_margin", keys.get("extra_margin")),
        ("mark", None if mark == price else mark),
        ("stop", recorded.stop),
        ("target", recorded.target),
        ("mmr", market.rate),
        ("expires", market.expires),
    ):
        if value is not None:
            yield key, value


def leg_of(name: str, one: Taken, account: Account | None) -> Leg:
    """A position as its figures are compared with the venue's, in the position mode of its account."""
    instrument, chosen, recorded, position = one.market.instrument, one.chosen, one.located.recorded, one.position
    if account is not None and account.mode is not None:
        instrument = instrument._replace(hedge_mode=account.mode == "hedge")
        position = position._replace(instrument=instrument)
    fee = instrument.cross_closing_fee if chosen is None else instrument.isolated_closing_fee
    margin = None if chosen is None else chosen.reading.margin
    return Leg(name, recorded, position, instrument.schedule, fee, margin, recorded.mark)
