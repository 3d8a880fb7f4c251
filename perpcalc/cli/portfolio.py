"""`perpcalc portfolio`: make a portfolio file, add to it, take positions over from an exchange, look at it."""

from typing import TYPE_CHECKING

from perpcalc.cli.door import Action, ActionGroup, tell
from perpcalc.commands.command import Command
from perpcalc.commands.listing import Listed, listing
from perpcalc.errors import PerpcalcError, worded
from perpcalc.given import Given, Needed, one, switch
from perpcalc.grammar import label, path
from perpcalc.options import (
    ACCOUNT,
    CURRENCY,
    EXPIRES,
    LINEAR,
    OUTPUT,
    PORTFOLIO,
    POSITION_KEYS,
    POSITION_RULES,
    SETTLE,
    SIDE,
    VENUE,
)

if TYPE_CHECKING:
    from perpcalc.commands.case import Case
    from perpcalc.portfolio_edit import Change
    from perpcalc.portfolio_model import Portfolio

FILE = one("file", path, "FILE", "The portfolio file.", complete="file", argument=True)
OPENED = FILE._replace(name=PORTFOLIO.name)
DUMP = one(
    "file", path, "FILE", "What ccxt or a venue answers about positions; - reads stdin.", complete="file", argument=True
)
NAME = one("name", label, "NAME", "The name of the position, which no other may have.", group="Position")
GONE = one("name", label, "NAME", "The name of the position.", argument=True)
EMPTY = switch("empty", "Write a file without positions.")
ISOLATED = switch("isolated", "Take positions that do not say it as isolated.")
BALANCES = switch("balances", "Write the balances of the answer to the accounts.")
UPDATE = switch("update", "Rewrite what has changed; without it a change is an error.")
PRUNE = switch("prune", "Remove what the answer no longer has.")
WRITTEN = tuple(option for option in POSITION_KEYS if option not in (LINEAR, SETTLE, EXPIRES))


def init(given: Given) -> int:
    """Write a commented example, or next to nothing, under a new name."""
    from perpcalc.portfolio_edit import EMPTY_FILE, EXAMPLE
    from perpcalc.saving import create

    where = given[FILE] or ""
    create(where, EMPTY_FILE if given[EMPTY] else EXAMPLE.read_bytes())
    what = "an empty portfolio was written" if given[EMPTY] else "a commented example was written: put your own positions in their place"  # fmt: skip
    tell(f"{where}: {what}")
    return 0


def add(given: Given) -> int:
    """Append the position that the options describe."""
    from perpcalc.portfolio_edit import Change, change, row_of

    where, name, account = given[FILE] or "", given[NAME] or "", given[ACCOUNT]
    added: list[Case] = []

    def compose(portfolio: "Portfolio") -> "Change":
        added[:] = [_new(given, portfolio)]
        return Change(added=[row_of(name, account, given.without((FILE, NAME, ACCOUNT)))])

    after = change(where, compose)
    for note in added[0].notes:
        tell(worded(note, flags=True))
    tell(f"{where}: position {len(after.positions)} ({name}) was added")
    return 0


def _new(given: Given, portfolio: "Portfolio") -> "Case":
    """The position that would be added, as a case; raises PerpcalcError where the file cannot hold it."""
    from perpcalc.commands.book import cases_of
    from perpcalc.errors import Entry
    from perpcalc.portfolio_model import Position

    name, account = given[NAME] or "", given[ACCOUNT]
    if account is not None:
        portfolio.account(account)
        for option in given.written((VENUE, CURRENCY)):
            raise PerpcalcError(("excludes ", ACCOUNT.key, ", which has its own"), "leave one out").at(option.key)
    for other in portfolio.positions:
        if other.name == name:
            raise PerpcalcError(f"{name!a} is the name of {other.place}", "give another").at(NAME.key)
    (case,) = cases_of(portfolio, [Position(Entry(""), name, account, given.without((FILE, NAME, ACCOUNT)))], Given({}))
    return case


def remove(given: Given) -> int:
    """Take a position out of a file."""
    from perpcalc.portfolio_edit import Change, change

    where, name = given[FILE] or "", given[GONE] or ""

    def compose(portfolio: "Portfolio") -> "Change":
        portfolio.position(name)
        return Change(removed=[name])

    after = change(where, compose)
    tell(f"{where}: {name} was removed, {len(after.positions)} positions are left")
    return 0


def validate(given: Given) -> int:
    """Whether every command could read the file: nothing on stdout and 0; else all that is wrong, and 2."""
    from perpcalc.cli.validating import problems_of, unanswerable_in

    problems = problems_of(given)
    for error in problems[:-1]:
        tell(error.line())
    if problems:
        raise problems[-1]
    for note in unanswerable_in(given):
        tell(note)
    return 0


GROUP = ActionGroup(
    "portfolio",
    "Make a portfolio file, add positions to it, take them over from an exchange, check it and look at it.",
    (
        Action(
            "init",
            "Write a commented example portfolio, on which every command runs; an existing file is never touched.",
            ("perpcalc portfolio init portfolio.toml", "perpcalc portfolio init mine.toml --empty"),
            (FILE, EMPTY),
            init,
        ),
        Action(
            "add",
            "Append a position to a portfolio; not one existing byte changes.",
            (
                "perpcalc portfolio add portfolio.toml --name scalp --venue bybit --side long -n 5k --entry 63000 --leverage 10 --stop 61000",
            ),
            (FILE, NAME, ACCOUNT, *WRITTEN),
            add,
            (Needed((NAME,), "name the position"), Needed((SIDE,), "give long or short"), *POSITION_RULES),
            (NAME, SIDE),
        ),
        Action(
            "remove",
            "Take a position out of a portfolio; no other byte changes.",
            ("perpcalc portfolio remove portfolio.toml scalp",),
            (FILE, GONE),
            remove,
        ),
        Action(
            "validate",
            "Check a portfolio: says all that is wrong and where, and which position some command cannot answer.",
            ("perpcalc portfolio validate portfolio.toml",),
            (OPENED,),
            validate,
        ),
        Command(
            "show",
            "Show the positions of a portfolio, the accounts behind them and the prices.",
            ("perpcalc portfolio show portfolio.toml",),
            (OPENED, *OUTPUT),
            Listed,
            listing,
        ),
    ),
)
