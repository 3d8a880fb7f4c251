"""What a command found, put into a portfolio file."""

from collections.abc import Callable

from perpcalc.errors import PerpcalcError
from perpcalc.options import INTO
from perpcalc.portfolio import Portfolio
from perpcalc.portfolio.edit import Change, change
from perpcalc.render.text import tell


def write_into(path: str, compose: Callable[[Portfolio], Change]) -> None:
    """Make the change in the file, which is created where there is none, and say what was done."""
    made: list[Change] = []

    def composed(portfolio: Portfolio) -> Change:
        made[:] = [compose(portfolio)]
        return made[0]

    try:
        after = change(path, composed, create=True, tell=tell)
    except PerpcalcError as error:
        raise error.at(INTO.key) from None
    added = f"{len(made[0].added)} added" if made[0].added else "nothing was written"
    tell(f"{path}: {added}; it has {len(after.positions)} positions now")
    for row in made[0].added:
        if "account" not in row:
            tell(f"{row['name']} has no margin yet: write its leverage or margin, or the account it is in")
