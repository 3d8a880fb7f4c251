"""What a command found, put into a portfolio file."""

from collections.abc import Callable

from perpcalc.commands.command import Result
from perpcalc.errors import Entry, PerpcalcError
from perpcalc.given import Given
from perpcalc.options import FIELD, INTO, QUIET
from perpcalc.portfolio import Portfolio
from perpcalc.portfolio.edit import Change, change
from perpcalc.render import check_fields
from perpcalc.render.text import tell


def write_into(given: Given, result: Result, compose: Callable[[Portfolio], Change]) -> None:
    """Make the change in the file, which is created where there is none, and say what was done unless no notes are
    wanted.

    Raises PerpcalcError, before anything is written, for a field that the answer has not.
    """
    check_fields(result.answer, tuple(name for names in given[FIELD] or () for name in names))
    path = given[INTO] or ""
    made: list[Change] = []

    def composed(portfolio: Portfolio) -> Change:
        made[:] = [compose(portfolio)]
        return made[0]

    try:
        after = change(path, composed, create=True, tell=tell)
    except PerpcalcError as error:
        of_entry = any(isinstance(place, Entry) for place in error.places)
        raise error.at(path if of_entry else INTO.key) from None
    if QUIET in given:
        return
    added = f"{len(made[0].added)} added" if made[0].added else "nothing was written"
    held = len(after.positions)
    tell(f"{path}: {added}; it has {held} position{'' if held == 1 else 's'} now")
    for row in made[0].added:
        if "account" not in row:
            tell(f"{row['name']} has no margin yet: write its leverage or margin, or the account it is in")
