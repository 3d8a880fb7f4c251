"""`perpcalc portfolio`: make a portfolio file, add to it, take positions over from an exchange, look at it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from perpcalc.cli.case import IDENTITY, price_places
from perpcalc.cli.command import Command, Group, tell
from perpcalc.cli.options import (
    CLOSING_FEE,
    COIN,
    CONTRACTS,
    CURRENCY,
    DEDUCTION,
    ENTRY,
    ENTRY_FEE,
    EXACT,
    EXIT_FEE,
    EXTRA_MARGIN,
    FILL,
    INSTRUMENT,
    LEVERAGE,
    MARGIN,
    MARK,
    MM_BASIS,
    MMR,
    OUTPUT,
    SIDE,
    USD,
    VENUE,
    Given,
    Option,
    label,
    written,
)
from perpcalc.decimals import amount, positive, rate
from perpcalc.errors import PerpcalcError
from perpcalc.render.report import Report, Row, Step, Total

if TYPE_CHECKING:
    from perpcalc.portfolio import AccountEntry, Portfolio

FILE = Option("file", str, "FILE", "The portfolio file.", complete="file", argument=True)
DUMP = Option(
    "file", str, "FILE", "Positions as ccxt writes them, in JSON; - reads stdin.", complete="file", argument=True
)
INTO = Option("into", str, "PORTFOLIO", "The portfolio file to add the positions to.", complete="file")
NAME = Option("name", label, "NAME", "The name of the position, which no other may have.")
ACCOUNT = Option("account", label, "NAME", "The account of the portfolio it is in; gives venue, currency and balance.")
STOP = Option("stop", positive, "PRICE", "Stop price.")
TARGET = Option("target", positive, "PRICE", "Target price.")
FUNDING_RATE = Option("funding_rate", rate, "RATE", "Funding rate per interval; a positive rate is paid by longs.")
FUNDING = Option("funding", amount, "COIN", "Funding paid so far in coin, negative when received.")
KEYS = (
    NAME, ACCOUNT, VENUE, CURRENCY, INSTRUMENT, SIDE, CONTRACTS, USD, COIN, FILL, ENTRY, LEVERAGE, MARGIN, EXTRA_MARGIN, MARK,
    STOP, TARGET, FUNDING_RATE, FUNDING, ENTRY_FEE, EXIT_FEE, MMR, DEDUCTION, MM_BASIS, CLOSING_FEE,
)  # fmt: skip

KINDS = {
    **IDENTITY,
    "entry_price": "price",
    "mark_price": "price",
    "margin_mode": "text",
    "margin": "coin",
    "leverage": "times",
    "stop_price": "price",
    "target_price": "price",
    "funding_rate": "rate",
}
HEADLINE = tuple(name for name in KINDS if name not in ("contract_size", "currency"))


def init(given: Given) -> int:
    """Write a commented example under a new name."""
    from perpcalc.portfolio_file import EXAMPLE, create

    create(given.file, EXAMPLE.read_bytes())
    tell(f"{given.file}: a commented example was written: put your own positions in their place")
    return 0


def add(given: Given) -> int:
    """Append the position that the options describe."""
    from perpcalc.cli.positions import case_of_entry
    from perpcalc.portfolio_file import append, entry_of, row_of

    if given.name is None:
        raise PerpcalcError("is missing", "name the position").at(NAME.flag)
    notes: Sequence[str] = ()

    def compose(portfolio: "Portfolio") -> list[Any]:
        nonlocal notes
        values = {"fills" if option is FILL else option.name: getattr(given, option.name) for option in KEYS}
        if given.account is not None:
            account_of(given.account, portfolio)
            for option in written(given, (VENUE, CURRENCY)):
                raise PerpcalcError("excludes --account, which has its own", "leave one out").at(option.flag)
            values |= {"venue": None, "currency": None}
        if given.side is None:
            raise PerpcalcError("is missing", "give long or short").at(SIDE.flag)
        for number, other in enumerate(portfolio.positions, 1):
            if other.name == given.name:
                raise PerpcalcError(f"{given.name!a} is the name of position {number}", "give another").at(NAME.flag)
        row = row_of(values)
        notes = case_of_entry(entry_of(row), accounts_of(portfolio), portfolio, None, False).notes
        return [row]

    after = append(given.file, compose)
    for note in notes:
        tell(note)
    tell(f"{given.file}: position {len(after.positions)} ({given.name}) was added")
    return 0


def take_over(given: Given) -> int:
    """Append the positions that an exchange holds; says which were left out and why."""
    from perpcalc.cli.portfolio_import import take_over

    return take_over(given)


def validate(given: Given) -> int:
    """Whether every command could read the file: nothing printed and 0, else an error."""
    from perpcalc.cli.positions import held_positions
    from perpcalc.portfolio import entry_place
    from perpcalc.venues import find

    portfolio, _ = held_positions(_as_portfolio(given.file))
    for number, account in enumerate(portfolio.accounts, 1):
        if account.venue is not None:
            try:
                find(account.venue)
            except PerpcalcError as error:
                where = f"{entry_place('account', number, account.name)}, venue"
                raise error.at(where).at("standard input" if given.file == "-" else given.file) from None
    return 0


def show(given: Given) -> Report:
    """The positions of a portfolio, what they are and what stands behind them."""
    from perpcalc.cli.positions import held_positions, notes_of

    portfolio, held = held_positions(_as_portfolio(given.file, given.exact))
    rows = []
    for one in held:
        case, margin = one.case, one.case.margin
        entry = None if case.position is None else case.position.entry_price
        leverage = None if margin is None else margin.leverage
        if leverage is None and margin is not None and margin.coin and case.position is not None:
            leverage = case.position.entry_value / margin.coin
        steps: Sequence[Step] = ()
        if given.explain:
            from perpcalc.cli.explain_pnl import margin_steps

            steps = margin_steps(case)
        rows.append(
            Row(
                {
                    **case.identity(),
                    "entry_price": entry,
                    "mark_price": case.mark,
                    "margin_mode": margin and margin.mode,
                    "margin": margin and margin.coin,
                    "leverage": leverage,
                    "stop_price": case.stop,
                    "target_price": one.entry.target,
                    "funding_rate": case.funding_rate,
                },
                coin=case.instrument.currency,
                price_places=price_places(case.instrument, entry, case.mark),
                coin_places=case.market.coin_places,
                steps=steps,
            )
        )
    balances = [
        Total(
            f"balance of {account.name}" + (f" ({account.venue})" if account.venue else ""),
            account.balance,
            "coin",
            account.currency,
        )
        for account in portfolio.accounts
    ]
    prices = [Total(f"price of {coin}", price, "price", "USD") for coin, price in portfolio.prices.items()]
    notes = notes_of(held) if held else ["the portfolio has no positions"]
    return Report("Portfolio", KINDS, rows, one=False, headline=HEADLINE, totals=[*balances, *prices], notes=notes)


def _as_portfolio(path: str, exact: bool = False) -> Given:
    return Given(portfolio=path, mark=None, exact=exact)


def account_of(name: str, portfolio: "Portfolio") -> "AccountEntry":
    """The account that --account names; raises PerpcalcError where the portfolio has none of that name."""
    try:
        return portfolio.account(name)
    except PerpcalcError as error:
        raise error.at(ACCOUNT.flag) from None


def accounts_of(portfolio: "Portfolio") -> "dict[str, AccountEntry]":
    """The accounts of a portfolio by name."""
    return {account.name: account for account in portfolio.accounts}


GROUP = Group(
    "portfolio",
    "Make a portfolio file, add positions to it, take them over from an exchange, check it and look at it.",
    (
        Command(
            "init",
            "Write a commented example portfolio, on which every command runs; an existing file is never touched.",
            "perpcalc portfolio init portfolio.toml",
            (FILE,),
            runs=init,
        ),
        Command(
            "add",
            "Append a position to a portfolio; not one existing byte changes.",
            "perpcalc portfolio add portfolio.toml --name scalp --venue bybit --side long -n 5k --entry 63000 --leverage 10 --stop 61000",
            (FILE, *KEYS),
            runs=add,
        ),
        Command(
            "import",
            "Append the inverse perpetuals among positions that ccxt read from an exchange; says what it leaves out, and where the venue's own liquidation price is another.",
            """echo '[{"symbol": "BTC/USD:BTC", "side": "short", "contracts": 2000, "entryPrice": 65000, "marginMode": "isolated", "leverage": 5}]' | perpcalc portfolio import - --into portfolio.toml --venue bybit""",
            (DUMP, INTO, ACCOUNT, VENUE),
            runs=take_over,
        ),
        Command(
            "validate",
            "Check a portfolio: prints nothing where every command can read it, else what is wrong and where.",
            "perpcalc portfolio validate portfolio.toml",
            (FILE,),
            runs=validate,
        ),
        Command(
            "show",
            "Show the positions of a portfolio, the accounts behind them and the prices.",
            "perpcalc portfolio show portfolio.toml",
            (FILE, EXACT, *OUTPUT),
            show,
        ),
    ),
)
