"""The positions of a portfolio as cases, and the wallets of its cross accounts."""

import gc
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.cli.case import Case, case_of, market_of
from perpcalc.cli.options import MARK, Given, as_keys
from perpcalc.core.position import Fill
from perpcalc.core.wallet import Holding, Wallet, wallet_of
from perpcalc.decimals import ZERO
from perpcalc.errors import PerpcalcError
from perpcalc.portfolio import AccountEntry, Portfolio, PositionEntry, entry_place, load
from perpcalc.render.report import Row, Total


class Held(NamedTuple):
    """A position of a portfolio: as written, and as a case."""

    entry: PositionEntry
    case: Case
    where: str

    def options(self, given: Given, *names: str) -> Given:
        """The options of the command line, those of the names filled from the position where they are absent."""
        own = {name: getattr(self.entry, name) for name in names if getattr(given, name) is None}
        return Given(**{**vars(given), "mark": self.case.mark, **own})


class Shared(NamedTuple):
    """A cross account, its holdings, and the indexes of their positions in the file in the same order."""

    entry: AccountEntry
    account: Wallet
    members: tuple[int, ...]
    holdings: tuple[Holding, ...]


def held_positions(given: Given) -> tuple[Portfolio, list[Held]]:
    """The portfolio that the options name and its positions, in file order."""
    gc.disable()  # what is made of a portfolio stays to the end: searching it for garbage would cost a tenth of the time
    portfolio = load(given.portfolio)
    mark: Decimal | None = getattr(given, "mark", None)
    held = []
    accounts = {entry.name: entry for entry in portfolio.accounts}
    for number, entry in enumerate(portfolio.positions, 1):
        where = entry_place("position", number, entry.name)
        try:
            held.append(Held(entry, case_of_entry(entry, accounts, portfolio, mark, bool(given.exact)), where))
        except PerpcalcError as error:
            raise in_file(error, where, given.portfolio) from None
    coins = {one.case.instrument.currency for one in held}
    if mark is not None and len(coins) > 1:
        raise PerpcalcError(
            f"the portfolio has {len(coins)} coins, {', '.join(sorted(coins))}", "put their prices into [prices]"
        ).at(MARK.flag)
    return portfolio, held


def in_file(error: PerpcalcError, where: str, path: str) -> PerpcalcError:
    """An error about an option, said of the key of a file."""
    message = as_keys(str(error))
    key, colon, rest = message.partition(": ")
    place = f"{where}, {key}" if colon and key.isidentifier() else where
    shown = rest if place != where else message
    return PerpcalcError(shown).at(place).at("standard input" if path == "-" else path)


def wallets(portfolio: Portfolio, held: list[Held], path: str) -> list[Shared]:
    """The cross accounts of a portfolio: holdings at the ratio of their marks to the first's.

    Raises PerpcalcError where a maintenance rate or, for several contracts of a coin, a mark is missing.
    """
    members: dict[str, list[int]] = {}
    for index, one in enumerate(held):
        if one.case.margin is not None and one.case.margin.mode == "cross" and one.entry.account:
            members.setdefault(one.entry.account, []).append(index)
    made = []
    for entry in portfolio.accounts:
        if entry.name not in members:
            continue
        holdings = []
        first = held[members[entry.name][0]]
        for index in members[entry.name]:
            one = held[index]
            try:
                holdings.append(one.case.holding(ratio(one, first)))
            except PerpcalcError as error:
                raise in_file(error, one.where, path) from None
        made.append(Shared(entry, wallet_of(entry.balance, holdings), tuple(members[entry.name]), tuple(holdings)))
    return made


def answer_each(given: Given, answer: Callable[[Held], Row]) -> tuple[list[Held], list[Row], list[str]]:
    """The answer for each position by itself, and the notes of all."""
    _, held = held_positions(given)
    rows = []
    for one in held:
        try:
            rows.append(answer(one))
        except PerpcalcError as error:
            raise in_file(error, one.where, given.portfolio) from None
    return held, rows, notes_of(held)


def notes_of(held: Sequence[Held]) -> list[str]:
    """What the user should know of the positions, each thing once."""
    return list(dict.fromkeys(note for one in held for note in one.case.notes))


def totals(rows: Sequence[Row], kinds: Mapping[str, str]) -> list[Total]:
    """The sums of some fields over all rows, per coin; those in USD over all coins."""
    rows_of: dict[str, list[Row]] = {}
    for row in rows:
        rows_of.setdefault(row.coin, []).append(row)
    in_usd = [name for name, kind in kinds.items() if kind.endswith("usd")]
    sought = [(coin, name) for coin in sorted(rows_of) for name in kinds if name not in in_usd]
    made = []
    for unit, name in [*sought, *(("USD", name) for name in in_usd)]:
        among = rows if name in in_usd else rows_of[unit]
        amounts = [amount for row in among if isinstance(amount := row.values[name], Decimal)]
        if amounts:
            made.append(Total(f"all {name.replace('_', ' ')}", sum(amounts, ZERO), kinds[name], unit))
    return made


def ratio(one: Held, first: Held) -> Decimal:
    """The mark of a position over that of the first of its account."""
    if one.case.mark is not None and first.case.mark is not None:
        return one.case.mark / first.case.mark
    if one.case.instrument.name == first.case.instrument.name:
        return Decimal(1)
    raise PerpcalcError("the account holds several contracts", "give each a mark, or the coin a price in [prices]").at(
        "mark"
    )


def case_of_entry(
    entry: PositionEntry, accounts: dict[str, AccountEntry], portfolio: Portfolio, mark: Decimal | None, exact: bool
) -> Case:
    """A position of a portfolio as a case; the mark, where one is given, replaces the file's."""
    home = None if entry.account is None else accounts[entry.account]
    isolated = entry.leverage is not None or entry.margin is not None
    balance = None if home is None or isolated else home.balance
    if entry.leverage is not None and entry.margin is not None:
        raise PerpcalcError("excludes --margin", "give one of them").at("--leverage")
    given = Given(
        side=entry.side,
        contracts=entry.contracts,
        usd=entry.usd,
        coin=entry.coin,
        fill=[Fill(fill.contracts, fill.price) for fill in entry.fills] if entry.fills else (),
        entry=entry.entry,
        venue=home.venue if home else entry.venue,
        instrument=entry.instrument,
        contract_size=None,
        currency=home.currency if home else entry.currency,
        leverage=entry.leverage,
        margin=entry.margin,
        extra_margin=entry.extra_margin,
        balance=balance,
        mmr=entry.mmr,
        deduction=entry.deduction,
        mm_basis=entry.mm_basis,
        closing_fee=entry.closing_fee,
        exact=exact,
    )
    given.mark = mark or entry.mark or portfolio.prices.get(market_of(given).instrument.currency)
    return case_of(given)._replace(
        name=entry.name, account=entry.account, stop=entry.stop, funding_rate=entry.funding_rate
    )
