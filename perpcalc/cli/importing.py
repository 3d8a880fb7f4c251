"""`perpcalc portfolio import`: positions taken over from what ccxt or a venue answers."""

from perpcalc.errors import PerpcalcError
from perpcalc.files import read
from perpcalc.given import Given
from perpcalc.importing.placing import Choices
from perpcalc.importing.plan import Plan, plan
from perpcalc.importing.writing import change_of
from perpcalc.options import ACCOUNT, INTO, VENUE
from perpcalc.portfolio import Portfolio
from perpcalc.portfolio.edit import Change, change
from perpcalc.readers.positions import read_positions
from perpcalc.render.text import tell


def take_over(given: Given, source: str, isolated: bool, balances: bool, update: bool, prune: bool) -> int:
    """Write what an exchange holds into a portfolio; says what was left out and where the venue's own figures are
    others.
    """
    into = given[INTO] or ""
    dump = read_positions(read(source))
    where = source if source != "-" else "standard input"
    choices = Choices(given[ACCOUNT], given[VENUE], isolated, balances)
    if VENUE.name in given.filled:
        choices = choices._replace(venue=None, fallback=given[VENUE])
    made: list[Plan] = []

    def compose(portfolio: Portfolio) -> Change:
        made[:] = [plan(dump, portfolio, choices)]
        _say(made[0])
        known = (made[0].rows, made[0].unchanged, made[0].changes, made[0].followed, made[0].by_hand)
        if made[0].left_out and not any(known):
            count = len(made[0].left_out)
            which = "its position" if count == 1 else f"all of its {count} positions"
            raise PerpcalcError(f"{which} had to be left out", "see why above").at(where)
        if count := len(dump.unread):
            what = f"{count} position{'' if count == 1 else 's'} cannot be read, and nothing is written"
            raise PerpcalcError(what, "see why above, and correct the file").at(where)
        return change_of(made[0], update, prune)

    after = change(into, compose, create=True, tell=tell)
    held = len(after.positions)
    tell(f"{into}: {_done(made[0], update, prune)}; it has {held} position{'' if held == 1 else 's'} now")
    return 0


def _say(made: Plan) -> None:
    """What should be known of an import, before anything is written."""
    for note in made.notes:
        tell(note)
    for error in made.left_out:
        tell(f"left out: {error.line(flags=True)}")
    if made.empty:
        tell(f"left out: {made.empty} without contracts")
    for changed in made.changes:
        tell(str(changed))
    for difference in made.differences:
        tell(str(difference))
    for balance in made.balances:
        tell(str(balance))
    if made.gone:
        tell(f"no longer there: {', '.join(made.gone)}")


def _done(made: Plan, update: bool, prune: bool) -> str:
    """What was written, in a few words."""
    updated = len({one.name for one in (*made.changes, *made.followed)}) if update else 0
    counts = (
        (len(made.rows), "added"),
        (updated, "updated"),
        (len(made.gone) if prune else 0, "removed"),
        (len(made.unchanged), "unchanged"),
        (len(made.balances), "balance updated" if len(made.balances) == 1 else "balances updated"),
    )
    return ", ".join(f"{count} {what}" for count, what in counts if count) or "nothing was written"
