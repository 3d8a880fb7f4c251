"""`perpcalc stress`: what is left of each account after the market moves."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.cli.case import Case, case_of, is_portfolio, need_margin, price_places
from perpcalc.cli.command import Command, output_format
from perpcalc.cli.options import EXACT, FORMAT, MARK, OUTPUT, PORTFOLIO, POSITION, Given, Option, written
from perpcalc.core.stress import Fatal, Rung, Stake, even_moves, fatal_moves, ladder, visible_moves
from perpcalc.core.wallet import Wallet, wallet_of
from perpcalc.decimals import ONE, ZERO, count, plain, rate
from perpcalc.errors import PerpcalcError, shown
from perpcalc.render.report import Chart, Landmark, Report, Row, Total
from perpcalc.render.text import printable

if TYPE_CHECKING:
    from perpcalc.cli.positions import Held
    from perpcalc.portfolio import Portfolio

MOST_ROWS = 10_000


def move(text: str) -> Decimal:
    """A move of the price as a rate, above -100%."""
    value = rate(text)
    if value <= -1:
        raise PerpcalcError(f"{shown(text)} is out of range", "a price cannot fall by 100% or more")
    return value


def moves(text: str) -> tuple[Decimal, ...]:
    """Several moves, with commas between them."""
    return tuple(move(part) for part in text.split(","))


MOVES = Option("moves", moves, "RATES", "Moves of the price with commas between them, as in -50%,-20%,10%.")
FROM = Option("from", move, "RATE", "The first of evenly spaced moves.")
TO = Option("to", move, "RATE", "The last of evenly spaced moves.")
STEPS = Option("steps", count, "N", "How many evenly spaced moves, the first and the last included.")
CHART = Option("chart", None, "", "Draw equity against price below the table.")
SVG = Option("svg", str, "FILE", "Write the charts as an SVG picture.", complete="file")

KINDS = {
    "account": "text",
    "currency": "text",
    "price": "price",
    "move": "gain_rate",
    "pnl": "gain",
    "equity": "coin",
    "equity_usd": "usd",
    "maintenance_margin": "coin",
    "margin_ratio": "rate",
    "status": "text",
}
HEADLINE = ("price", "move", "pnl", "equity", "equity_usd", "maintenance_margin", "margin_ratio", "status")
NARROW = ("price", "move", "equity", "equity_usd", "margin_ratio", "status")
CURVE_MOVES = 160
MOST_ENTRIES = 4
NEARLY = Decimal("1E-12")


class Book(NamedTuple):
    """What one block of rows is about: an account or an isolated position, the price of the coin, and the cases in it."""

    name: str | None
    currency: str
    price: Decimal
    stake: Stake
    fatal: Fatal
    cases: Sequence[Case]

    @property
    def price_places(self) -> int:
        """The decimals that people see of a price."""
        return max((price_places(case.instrument, self.price) for case in self.cases), default=2)

    @property
    def coin_places(self) -> int:
        """The decimals that people see of a coin amount."""
        return max((case.market.coin_places for case in self.cases), default=8)


def answer(given: Given) -> Report:
    """What moves do to the position that the options describe, or to the accounts of a portfolio."""
    _check(given)
    exact = Given(**{**vars(given), "exact": True})
    books, notes = _of_portfolio(exact) if is_portfolio(given) else _of_options(exact)
    asked = _moves(given) or visible_moves(book.fatal for book in books)
    ladders = [ladder(book.stake, asked) for book in books]
    rows = [row for book, rungs in zip(books, ladders, strict=True) for row in _rows(book, asked, rungs, given.explain)]
    charts = [_chart(book, asked) for book in books] if given.chart or given.svg is not None else []
    if given.svg is not None:
        _write(given.svg, charts)
    return Report(
        "Stress",
        KINDS,
        rows,
        one=False,
        headline=HEADLINE,
        narrow=NARROW,
        table_per="account",
        totals=_totals(books, asked, ladders) if output_format(given) == "table" and len(books) > 1 else (),
        notes=notes,
        charts=charts if given.chart else (),
    )


def _check(given: Given) -> None:
    if given.chart:
        for option in written(given, OUTPUT):
            if option is not FORMAT or given.format != "table":
                raise PerpcalcError(f"excludes {option.flag}", "it is drawn below the table").at(CHART.flag)
        given.format = "table"  # that of the environment gives way
    even = [option for option in (FROM, TO, STEPS) if getattr(given, option.name) is not None]
    if given.moves is not None and even:
        raise PerpcalcError(f"excludes {MOVES.flag}", "give one of them").at(even[0].flag)
    if even and len(even) < 3:
        missing = next(option for option in (FROM, TO, STEPS) if option not in even)
        raise PerpcalcError("is missing", f"{FROM.flag}, {TO.flag} and {STEPS.flag} go together").at(missing.flag)
    if given.steps is not None and given.steps > MOST_ROWS:
        raise PerpcalcError(f"{plain(given.steps)} is out of range", f"give at most {MOST_ROWS}").at(STEPS.flag)
    if given.steps == 1 and getattr(given, "from") != given.to:
        raise PerpcalcError("1 has room for one move", f"give 2 or more, or the same {FROM.flag} and {TO.flag}").at(
            STEPS.flag
        )


def _moves(given: Given) -> Sequence[Decimal]:
    if given.moves is not None:
        return tuple(given.moves)
    if given.steps is not None:
        return even_moves(getattr(given, "from"), given.to, int(given.steps))
    return ()


def _of_options(given: Given) -> tuple[list[Book], Sequence[str]]:
    case = case_of(given)
    entry = case.opened().entry_price
    mark = case.mark or entry
    name = None if need_margin(case).mode == "cross" else isolated_name(case)
    return [_book(name, case.instrument.currency, mark, _stake(case, mark), [case])], case.notes


def _of_portfolio(given: Given) -> tuple[list[Book], Sequence[str]]:
    """The accounts in the order of the file, then the isolated positions."""
    from perpcalc.cli.positions import held_positions, in_file, notes_of, wallets

    portfolio, held = held_positions(given)
    prices = dict(portfolio.prices) if given.mark is None else dict.fromkeys(_one_coin(portfolio, held), given.mark)
    isolated: list[Case] = []
    for one in held:
        try:
            if one.case.mark is None:
                raise PerpcalcError("is missing", "give the position a mark, or its coin a price in [prices]").at(
                    "mark"
                )
            one.case.opened()
            if need_margin(one.case).mode == "isolated":
                one.case.holding()
                isolated.append(one.case)
        except PerpcalcError as error:
            raise in_file(error, one.where, given.portfolio) from None
        prices.setdefault(one.case.instrument.currency, one.case.mark)
    of_account = {wallet.entry.name: wallet for wallet in wallets(portfolio, held, given.portfolio)}
    books = []
    for entry in portfolio.accounts:
        price = prices.get(entry.currency)
        if price is None:
            nowhere = PerpcalcError(f"{entry.currency} has no price", "write it into [prices]")
            raise in_file(nowhere, f"account {printable(entry.name)}", given.portfolio)
        wallet = of_account.get(entry.name)
        cases = [held[index].case for index in wallet.members] if wallet else []
        stake = Stake(Wallet(entry.balance, entry.balance, ZERO, (), ()), price)
        if wallet:
            stake = Stake(wallet.account, cases[0].mark or price)
        books.append(_book(entry.name, entry.currency, price, stake, cases))
    for case in isolated:
        price = prices[case.instrument.currency]
        stake = _stake(case, case.mark or price)
        books.append(_book(isolated_name(case), case.instrument.currency, price, stake, [case]))
    return books, notes_of(held)


def isolated_name(case: Case) -> str:
    """What the rows of an isolated position are called."""
    if case.name is not None:
        return f"isolated {case.name}"
    instrument = case.instrument
    return " ".join(part for part in ("isolated", instrument.venue, instrument.currency) if part)


def _one_coin(portfolio: "Portfolio", held: "Sequence[Held]") -> set[str]:
    """The one coin of a portfolio, if there is any; raises PerpcalcError where a mark could be that of several."""
    coins = {one.case.instrument.currency for one in held} | {entry.currency for entry in portfolio.accounts}
    if len(coins) > 1:
        raise PerpcalcError(
            f"the portfolio has {len(coins)} coins, {', '.join(sorted(coins))}", "put their prices into [prices]"
        ).at(MARK.flag)
    return coins


def _book(name: str | None, currency: str, price: Decimal, stake: Stake, cases: Sequence[Case]) -> Book:
    return Book(name, currency, price, stake, fatal_moves(stake), cases)


def _stake(case: Case, mark: Decimal) -> Stake:
    """A position as a wallet of its own."""
    margin = need_margin(case)
    return Stake(wallet_of(margin.coin, [case.holding()]), mark, margin.coin - margin.usable)


def _rows(book: Book, asked: Sequence[Decimal], rungs: Sequence[Rung], explain: bool) -> Iterable[Row]:
    name, currency, price, of_price, of_coin = book.name, book.currency, book.price, book.price_places, book.coin_places
    for change, (pnl, equity, maintenance, ratio, liquidated) in zip(asked, rungs, strict=True):
        moved = price * (1 + change)
        row = Row(
            {
                "account": name,
                "currency": currency,
                "price": moved,
                "move": change,
                "pnl": pnl,
                "equity": equity,
                "equity_usd": equity * moved,
                "maintenance_margin": maintenance,
                "margin_ratio": ratio,
                "status": "liquidated" if liquidated else "ok",
            },
            currency,
            of_price,
            of_coin,
        )
        if explain:
            from perpcalc.cli.explain_stress import steps

            row = row._replace(steps=steps(book, change, liquidated))
        yield row


def _totals(books: Sequence[Book], asked: Sequence[Decimal], ladders: Sequence[Sequence[Rung]]) -> list[Total]:
    """The equity of all accounts after each move, per coin and in USD."""
    totals: dict[tuple[str, Decimal], Decimal] = {}
    for book, rungs in zip(books, ladders, strict=True):
        for change, rung in zip(asked, rungs, strict=True):
            for unit, worth in ((book.currency, ONE), ("USD", book.price * (1 + change))):
                totals[unit, change] = totals.get((unit, change), ZERO) + rung.equity * worth
    ordered = sorted(totals.items(), key=lambda item: (item[0][0] == "USD", item[0][0], item[0][1]))
    return [
        Total(f"all equity at {plain(change * 100)}%", amount, "usd" if unit == "USD" else "coin", unit)
        for (unit, change), amount in ordered
    ]


def _chart(book: Book, asked: Sequence[Decimal]) -> Chart:
    """The equity over the range of the moves, with a fall to zero where everything dies."""
    low, high = min(asked), max(asked)
    if low == high:
        low, high = (1 + low) * 9 / 10 - 1, (1 + high) * 11 / 10 - 1
    margin = (high - low) / 40
    low, high = max(low - margin, (1 + low) / 2 - 1), high + margin
    deaths = [move for move in book.fatal if move]
    just_alive = [death * (1 - NEARLY) for death in deaths]
    points = sorted({*even_moves(low, high, CURVE_MOVES), *(at for at in (*deaths, *just_alive) if low <= at <= high)})
    price = book.price
    landmarks = [Landmark("entry", entry, "accent") for entry in _entries(book)]
    landmarks.append(Landmark("mark", price))
    least = ONE.scaleb(-book.price_places)
    fatal = [price * (1 + death) for death in deaths]
    landmarks += [Landmark("liquidation", at, "danger") for at in fatal if at >= least]
    return Chart(
        book.name or "Position",
        "price (USD)",
        f"equity ({book.currency})",
        [(price * (1 + at), rung.equity) for at, rung in zip(points, ladder(book.stake, points), strict=True)],
        landmarks,
        book.price_places,
    )


def _entries(book: Book) -> list[Decimal]:
    """The entry prices in terms of the coin's price; of many, the average of each side."""
    scaled = [(case.opened(), book.price / (case.mark or book.price)) for case in book.cases]
    entries = sorted({position.entry_price * scale for position, scale in scaled})
    if len(entries) <= MOST_ENTRIES:
        return entries
    averages = []
    for side in {position.side for position, _ in scaled}:
        held = [(position, scale) for position, scale in scaled if position.side == side]
        notional = sum((position.notional for position, _ in held), ZERO)
        averages.append(notional / sum((position.cost / scale for position, scale in held), ZERO))
    return sorted(averages)


def _write(path: str, charts: Sequence[Chart]) -> None:
    from perpcalc.render.svg import svg

    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(svg(charts))
    except OSError as error:
        raise PerpcalcError(f"{error.strerror}", "give a file that can be written").at(path).at(SVG.flag) from None


COMMAND = Command(
    "stress",
    "What is left of each account after the market moves: profit, equity in coin and USD, maintenance margin, and who is liquidated on the way.",
    "perpcalc stress --venue bybit --side long -n 10k --entry 62500 --mark 62000 --leverage 5 --chart",
    (*POSITION, PORTFOLIO, MARK, MOVES, FROM, TO, STEPS, CHART, SVG, EXACT, *OUTPUT),
    answer,
)
