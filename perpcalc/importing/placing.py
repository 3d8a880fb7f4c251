"""Where a recorded position is held, in which contract, and by what it is known again."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from perpcalc.errors import Key, PerpcalcError, shown, suggestion
from perpcalc.importing.contracts import contract_at, has_preset
from perpcalc.importing.known import Identity, identity, venue_of
from perpcalc.portfolio import Account
from perpcalc.readers.positions import LeftOut
from perpcalc.readers.recorded import Recorded
from perpcalc.readers.symbols import Contract, check_inverse


class Choices(NamedTuple):
    """What the user says of a file: its account or venue, and that margins are isolated where it does not say.

    `fallback` is the venue where neither the user nor the file says one.
    """

    account: str | None = None
    venue: str | None = None
    isolated: bool = False
    balances: bool = False
    fallback: str | None = None


class Located(NamedTuple):
    """A recorded position with the place that it is held at and by what it is known."""

    recorded: Recorded
    spec: str | None
    contract: Contract
    identity: Identity

    @property
    def venue(self) -> str | None:
        """The name of the venue."""
        return venue_of(self.spec)


class Placed(NamedTuple):
    """The positions of a file that are clear, why others are not, and whether those may be of the portfolio."""

    found: list[Located]
    left_out: list[LeftOut]
    unsure: bool


def home_of(choices: Choices, accounts: Mapping[str, Account]) -> Account | None:
    """The account that the file is of, where one is named; raises PerpcalcError where it or its venue is not known."""
    account, name, spec = None, choices.account, choices.venue
    if name is not None:
        if name not in accounts:
            close = suggestion(name, accounts) if accounts else "one that [[accounts]] defines"
            raise PerpcalcError(f"there is no account {shown(name)}", f"give {close}").at(Key("account"))
        account = accounts[name]
        spec = account.venue
    try:
        if spec is not None:
            has_preset(spec)
    except PerpcalcError as error:
        raise error.at(Key("venue") if account is None else account.place) from None
    return account


def located(items: Iterable[Recorded], account: Account | None, choices: Choices) -> Placed:
    """The positions whose place, contract and side are clear; of the others, why not."""
    found: list[Located] = []
    left_out: list[LeftOut] = []
    unsure = False
    for recorded in items:
        try:
            spec = _spec(recorded, account, choices)
            try:
                contract = contract_at(recorded, spec)
                if recorded.side is None:
                    raise PerpcalcError("has no side", "it must be long or short")
            except PerpcalcError:
                unsure = True
                raise
            check_inverse(contract)
        except PerpcalcError as error:
            left_out.append(LeftOut(recorded.number, error.at(recorded.place)))
            continue
        name = None if account is None else account.name
        found.append(Located(recorded, spec, contract, identity(name, spec, contract, recorded.side)))
    return Placed(found, left_out, unsure)


def _spec(recorded: Recorded, account: Account | None, choices: Choices) -> str | None:
    """The venue a position is at: the account's or the one given, with which it must not disagree, else its own."""
    home = account.venue if account else choices.venue
    stated = recorded.venue
    if home and stated and venue_of(home) != venue_of(stated):
        named = stated if stated.replace("@", "").replace("-", "").isalnum() and stated.isascii() else shown(stated)
        raise PerpcalcError(f"is at {named}, not at {home}", "give the account or the venue that it is at")
    spec = home or stated or recorded.likely or choices.fallback
    if account is not None and account.venue is None and spec is not None and has_preset(spec):
        raise PerpcalcError(f"is at {spec}, and the account has no venue", "write it to the account")
    if spec is None and account is None:
        raise PerpcalcError("does not say where it is held", ("give ", Key("account"), " or ", Key("venue")))
    return spec


def check_once(located: Iterable[Located]) -> None:
    """Raise PerpcalcError where a position stands in a file twice; its two margin modes are two positions."""
    places: dict[object, str] = {}
    for one in located:
        key = (one.identity, one.spec, one.recorded.mode)
        if key in places:
            raise PerpcalcError(f"is the position of {places[key]} again", "give each position once").at(
                one.recorded.place
            )
        places[key] = one.recorded.place
