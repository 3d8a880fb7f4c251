"""Where a recorded position is held, in which contract, and by what it is known again."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from perpcalc.errors import Key, PerpcalcError, suggestion
from perpcalc.importing.contracts import contract_at, is_known
from perpcalc.importing.known import Identity, identity
from perpcalc.portfolio import Account
from perpcalc.readers.positions import LeftOut
from perpcalc.readers.recorded import Recorded
from perpcalc.readers.symbols import Contract, check_inverse


class Choices(NamedTuple):
    """What the user says of a file: the account or the venue that it is of, and that margins are isolated where it does not say.

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


class Placed(NamedTuple):
    """The positions of a file that are clear, why others are not, and whether any of those may be one of the portfolio."""

    found: list[Located]
    left_out: list[LeftOut]
    unsure: bool


def account_named(name: str | None, accounts: Mapping[str, Account]) -> Account | None:
    """The account of this name; raises PerpcalcError where there is none."""
    if name is None:
        return None
    if name not in accounts:
        close = suggestion(name, accounts) if accounts else "one that [[accounts]] defines"
        raise PerpcalcError(f"there is no account {name!a}", f"give {close}").at(Key("account"))
    return accounts[name]


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
    if home and stated and home.partition("@")[0].lower() != stated.partition("@")[0]:
        raise PerpcalcError(f"is at {stated}, not at {home}", "give the account or the venue that it is at")
    spec = home or stated or recorded.likely or choices.fallback
    if account is not None and account.venue is None and spec is not None and is_known(spec):
        raise PerpcalcError(f"is at {spec}, and the account has no venue", "write it to the account")
    if spec is None and account is None:
        raise PerpcalcError("does not say where it is held", ("give ", Key("account"), " or ", Key("venue")))
    return spec


def check_once(located: Iterable[Located]) -> None:
    """Raise PerpcalcError where a position stands in a file twice; two margin modes of one contract are two positions."""
    places: dict[object, str] = {}
    for one in located:
        key = (one.identity, one.spec, one.recorded.mode)
        if key in places:
            raise PerpcalcError(f"is the position of {places[key]} again", "give each position once").at(
                one.recorded.place
            )
        places[key] = one.recorded.place
