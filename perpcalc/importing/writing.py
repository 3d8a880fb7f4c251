"""What is to be written into a portfolio, once its user has seen what an import would do."""

from collections.abc import Mapping
from decimal import Decimal

from perpcalc.errors import Key, PerpcalcError
from perpcalc.importing.plan import Balanced, Plan
from perpcalc.portfolio.edit import Change


def change_of(made: Plan, update: bool = False, prune: bool = False) -> Change:
    """The change of a file that a plan asks for: new positions, new values if `update`, those gone out if `prune`.

    Raises PerpcalcError where a position has changed and its values are not to be written, or not in place, and where
    positions would be taken for gone that the next page of the answer may have.
    """
    if made.by_hand:
        raise PerpcalcError(f"{'; '.join(made.by_hand)}", "nothing was written")
    names = list(dict.fromkeys(one.name for one in made.changes))
    if names and not update:
        what = "1 position has" if len(names) == 1 else f"{len(names)} positions have"
        raise PerpcalcError(f"{what} changed ({', '.join(names)})", ("write the new values with ", Key("update")))
    if prune and made.further_page:
        raise PerpcalcError("the answer has a further page", "give all of it").at(Key("prune"))
    updated: dict[str, dict[str, Decimal | str | None]] = {}
    for one in (*made.changes, *made.followed) if update else ():
        updated.setdefault(one.name, {})[one.key] = one.theirs
    return Change(
        added=made.rows,
        updated=updated,
        removed=made.gone if prune else (),
        balances=_balances(made.balances),
    )


def _balances(changes: tuple[Balanced, ...]) -> Mapping[str, Decimal | Mapping[str, Decimal]]:
    """The balances by account, of one with several coins by coin."""
    found = {one.account: one.theirs for one in changes if one.coin is None}
    by_coin: dict[str, dict[str, Decimal]] = {}
    for one in changes:
        if one.coin is not None:
            by_coin.setdefault(one.account, {})[one.coin] = one.theirs
    return {**found, **by_coin}
