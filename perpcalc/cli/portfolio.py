"""`perpcalc portfolio`: make a portfolio file, add to it, take positions over from an exchange, look at it."""

from perpcalc.cli.door import Action, ActionGroup
from perpcalc.commands.case import Case
from perpcalc.commands.command import ROWS, Command
from perpcalc.commands.listing import Listed, examined, listing, new_position
from perpcalc.errors import PerpcalcError, worded
from perpcalc.given import Excludes, Given, Needed, one, switch
from perpcalc.grammar import label, path
from perpcalc.options import (
    ACCOUNT,
    EXPIRES,
    INTO,
    LINEAR,
    OUTPUT,
    PORTFOLIO,
    POSITION_KEYS,
    POSITION_RULES,
    SETTLE,
    SIDE,
    VENUE,
)
from perpcalc.portfolio import Portfolio
from perpcalc.portfolio.edit import EMPTY_FILE, EXAMPLE, Change, change, row_of
from perpcalc.render.text import say, tell
from perpcalc.saving import create

FILE = one("file", path, "FILE", "The portfolio file.", complete="file", argument=True)
OPENED = PORTFOLIO._replace(help="The portfolio file.", env="", argument=True)
DUMP = one(
    "file", path, "FILE", "What ccxt or a venue answers about positions; - reads stdin.", complete="file", argument=True
)
NAME = one("name", label, "NAME", "The name of the position, which no other may have.", group="Position")
GONE = one("name", label, "NAME", "The name of the position.", argument=True)
BARE = switch("empty", "Write a file without positions.")
ISOLATED = switch("isolated", "Take positions that do not say it as isolated.")
BALANCES = switch("balances", "Write the balances of the answer to the accounts.")
UPDATE = switch("update", "Rewrite what has changed; without it a change is an error.")
PRUNE = switch("prune", "Remove what the answer no longer has.")
WRITTEN = tuple(option for option in POSITION_KEYS if option not in (LINEAR, SETTLE, EXPIRES))


def init(given: Given) -> int:
    """Write a commented example, or next to nothing, under a new name."""
    where = given[FILE] or ""
    if given[BARE]:
        create(where, EMPTY_FILE)
        tell(f"{where}: an empty portfolio was written")
    else:
        create(where, EXAMPLE.read_bytes())
        tell(f"{where}: a commented example was written: put your own positions in their place")
    return 0


def add(given: Given) -> int:
    """Append the position that the options describe."""
    where, name, account = given[FILE] or "", given[NAME] or "", given[ACCOUNT]
    of_account = (VENUE,) if account is not None and VENUE.name in given.filled else ()
    described = given.without((FILE, NAME, ACCOUNT, *of_account))
    added: list[Case] = []

    def compose(portfolio: Portfolio) -> Change:
        added[:] = [new_position(portfolio, name, account, described)]
        return Change(added=[row_of(name, account, described)])

    after = change(where, compose, tell=tell)
    for note in added[0].notes:
        tell(worded(note, flags=True))
    tell(f"{where}: position {len(after.positions)} ({name}) was added")
    return 0


def take_over(given: Given) -> int:
    """Write what an exchange holds into a portfolio."""
    from perpcalc.cli.importing import take_over as imported

    return imported(given, given[DUMP] or "", ISOLATED in given, BALANCES in given, UPDATE in given, PRUNE in given)


def remove(given: Given) -> int:
    """Take a position out of a file."""
    where, name = given[FILE] or "", given[GONE] or ""

    def compose(portfolio: Portfolio) -> Change:
        try:
            portfolio.position(name)
        except PerpcalcError as error:
            raise error.at(GONE.key) from None
        return Change(removed=[name])

    after = change(where, compose, tell=tell)
    left = len(after.positions)
    tell(f"{where}: {name} was removed, {left} position{' is' if left == 1 else 's are'} left")
    return 0


def validate(given: Given) -> int:
    """Whether every command could read the file: nothing on stdout and 0; else all that is wrong, and 2."""
    faults, notes = examined(given[OPENED] or "")
    for fault in faults[:-1]:
        say(fault.line())
    if faults:
        raise faults[-1]
    for note in notes:
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
            (FILE, BARE),
            init,
        ),
        Action(
            "add",
            "Append a position to a portfolio; not one existing byte changes.",
            (
                (
                    "perpcalc portfolio add portfolio.toml --name scalp --venue bybit --side long -n 5k --entry 63000"
                    " --leverage 10 --stop 61000"
                ),
                "perpcalc portfolio add portfolio.toml --name core --account binance-btc -s long -n 20 -e 61000",
            ),
            (FILE, NAME, ACCOUNT, *WRITTEN),
            add,
            (Needed((NAME,), "name the position"), Needed((SIDE,), "give long or short"), *POSITION_RULES),
            (NAME, SIDE),
        ),
        Action(
            "import",
            "Take over the inverse positions that ccxt or a venue answered; says what it leaves out, and where the"
            " venue's own figures are others.",
            (
                """echo '[{"symbol": "ETH/USD:ETH", "side": "short", "contracts": 2000, "entryPrice": 2500, """
                """"marginMode": "isolated", "leverage": 5}]' """
                "| perpcalc portfolio import - --into portfolio.toml --venue bybit",
                "perpcalc portfolio import positions.json --into portfolio.toml --account binance-btc --update --prune",
            ),
            (DUMP, INTO, ACCOUNT, VENUE, ISOLATED, BALANCES, UPDATE, PRUNE),
            take_over,
            (Needed((INTO,), "name the portfolio file"), Excludes(VENUE, (ACCOUNT,), "the account has its own")),
            (INTO,),
        ),
        Action(
            "remove",
            "Take a position out of a portfolio; no other byte changes.",
            (
                "perpcalc portfolio remove portfolio.toml scalp",
                "perpcalc portfolio remove portfolio.toml 'bybit swing'",
            ),
            (FILE, GONE),
            remove,
        ),
        Action(
            "validate",
            "Check a portfolio: says all that is wrong and where, and which position some command cannot answer.",
            ("perpcalc portfolio validate portfolio.toml", "perpcalc portfolio validate portfolio.toml && echo sound"),
            (OPENED,),
            validate,
        ),
        Command(
            "show",
            "Show the positions of a portfolio, the accounts behind them and the prices.",
            (
                "perpcalc portfolio show portfolio.toml",
                "perpcalc portfolio show portfolio.toml --field name,contracts,stop_price",
            ),
            (OPENED, *OUTPUT),
            Listed,
            listing,
            shape=ROWS,
        ),
    ),
)
