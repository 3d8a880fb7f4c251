"""A recorded position by our rules: its contract, its cost, what stands behind it, and the keys it is written by."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.position import SIDES, Position
from perpcalc.decimals import plain
from perpcalc.errors import Key, PerpcalcError
from perpcalc.importing.contracts import Market, Resolve, contracts_of, market_of
from perpcalc.importing.differences import Leg
from perpcalc.importing.evidence import Chosen, margin_behind, opened
from perpcalc.importing.known import Row
from perpcalc.importing.placing import Choices, Located
from perpcalc.portfolio import Account
from perpcalc.readers.recorded import Recorded


class Taken(NamedTuple):
    """A recorded position by our rules, and the row that it makes but for its name."""

    located: Located
    market: Market
    position: Position
    chosen: Chosen | None
    row: Row
    notes: tuple[str, ...]


def taken(
    one: Located,
    account: Account | None,
    choices: Choices,
    prices: Mapping[str, Decimal],
    several: frozenset[str],
    resolve: Resolve,
) -> Taken:
    """One position by our rules; raises PerpcalcError where it cannot be held in the portfolio."""
    recorded = one.recorded
    market = market_of(recorded, one.contract, one.spec, resolve)
    instrument = market.instrument
    if account is not None and account.unified is None and account.currency != instrument.currency:
        raise PerpcalcError(
            f"settles in {instrument.currency}, and the account holds {account.currency}",
            ("give the ", Key("account"), " that holds it"),
        )
    contracts = contracts_of(recorded, market)
    notes = list(market.notes)
    mode = _mode(recorded, account, choices)
    if mode == "cross" and account is None:
        if market.listed:
            raise PerpcalcError("is on cross margin", ("give the ", Key("account"), " whose balance stands behind it"))
        notes.append("is on cross margin, and no account stands behind it: where it is liquidated is not known")
    side = SIDES[one.identity.side]
    position, by_value = opened(instrument, side, contracts, recorded)
    chosen = None
    if mode == "isolated":
        venue = None if one.spec is None else one.spec.partition("@")[0].lower()
        chosen = margin_behind(recorded, position, instrument.schedule, instrument.isolated_closing_fee, venue)
        notes += chosen.notes
        leverage, highest = recorded.leverage, instrument.max_leverage
        if leverage and highest and leverage > highest:
            notes.append(f"leverage {plain(leverage)} is above the largest of {instrument.name}, {plain(highest)}")
    row = dict(_row(one, market, position, by_value, chosen, account, prices, several))
    if not market.listed:  # it is written without a venue, by which it is known again
        one = one._replace(identity=one.identity._replace(venue=None))
    return Taken(one, market, position, chosen, row, tuple(notes))


def _mode(recorded: Recorded, account: Account | None, choices: Choices) -> str:
    """Cross or isolated: as the file says; where nothing says it, as the user does, and in an account cross."""
    if recorded.mode is not None:
        return recorded.mode
    if choices.isolated:
        return "isolated"
    if account is not None:
        return "cross"
    said = recorded.margins[0] if recorded.margins else None
    named = "" if said is None else f" (it names {said.name} {plain(said.coin)})"
    raise PerpcalcError(
        f"does not say whether its margin is isolated{named}",
        ("give ", Key("isolated"), ", or the ", Key("account"), " whose balance stands behind it"),
    )


def _row(
    one: Located,
    market: Market,
    position: Position,
    by_value: bool,
    chosen: Chosen | None,
    account: Account | None,
    prices: Mapping[str, Decimal],
    several: frozenset[str],
) -> Iterator[tuple[str, Decimal | str]]:
    """The keys of a position, in the order of a portfolio."""
    recorded, instrument = one.recorded, market.instrument
    named = market.listed or (account is not None and account.venue is not None)
    one_coin = account is not None and account.unified is None
    price = prices.get(instrument.currency)
    mark = recorded.mark if price is None or instrument.currency in several else None
    keys = {} if chosen is None else dict(chosen.reading.keys)
    for key, value in (
        ("account", None if account is None else account.name),
        ("venue", one.spec if account is None and market.listed else None),
        ("instrument", instrument.name if named else None),
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


def leg_of(name: str, one: Taken) -> Leg:
    """A position as its figures are compared with the venue's."""
    instrument, chosen = one.market.instrument, one.chosen
    fee = instrument.cross_closing_fee if chosen is None else instrument.isolated_closing_fee
    margin = None if chosen is None else chosen.reading.margin
    return Leg(name, one.located.recorded, one.position, instrument.schedule, fee, margin, one.located.recorded.mark)
