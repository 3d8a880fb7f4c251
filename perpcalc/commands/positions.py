"""Commands that answer for one position, or for each of a portfolio in file order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from perpcalc.answer import Answer, Sentence, Told, Value
from perpcalc.commands.case import Case, case_of
from perpcalc.commands.command import Result, Row
from perpcalc.commands.market import Market, each_once
from perpcalc.decimals import ZERO
from perpcalc.errors import PerpcalcError, Words
from perpcalc.given import Given, Option, Rule, Shapes, check_shape
from perpcalc.options import EXPLAIN, MARK, PORTFOLIO

if TYPE_CHECKING:
    from perpcalc.commands.book import Book
    from perpcalc.commands.legs import LegCase

T = TypeVar("T")


class Asked(NamedTuple):
    """A position, and what is asked of it: the options of the question before those of the position."""

    case: Case
    given: Given


class Remarks(NamedTuple):
    """What is said beside an answer; `warnings` also to those who want no notes."""

    notes: list[Words]
    warnings: list[Words]


Answers = Callable[[Iterable[Asked], Remarks], Sequence[Sequence[Answer]]]
"""What is answered of each of some positions."""
LegRow = Callable[["LegCase"], Answer]
Beside = Callable[["Book", Given], Mapping[int, list[Row]]]
"""Rows that follow those of a position, by its number in the file; those of the number of positions come last."""
Sums = Callable[[Sequence[Row], "Book"], Sequence[Row]]


def by_position(
    answer: type[Answer],
    answers: Answers,
    *,
    needs: tuple[Rule, ...] = (),
    prices: Sequence[Option[object]] = (MARK,),
    one: bool = True,
    leg: LegRow | None = None,
    beside: Beside | None = None,
    sums: Sums | None = None,
) -> Callable[[Given], Result]:
    """The function that answers with `answers` for the position that the options describe, or for those of a portfolio.

    A position that is asked about by itself needs the options of `needs`. `prices` are options that give one price.
    `one` says that a position has one row; `leg` answers for a linear leg, `beside` for what a portfolio holds beside
    its positions, and `sums` adds rows up where the plain sums will not do.
    """
    kept: Shapes = set()

    def answered(given: Given) -> Result:
        if PORTFOLIO in given:
            from perpcalc.commands.book import is_portfolio

            if is_portfolio(given):
                return of_portfolio(given)
        check_shape(needs, given, kept)
        case = case_of(given)
        said = Remarks([*case.notes], [])
        (made,) = answers([Asked(case, given)], said)
        return Result(answer, _rows(case, made, given), one=one, notes=each_once(said.notes), warnings=said.warnings)

    def of_portfolio(given: Given) -> Result:
        from perpcalc.commands.book import book_of

        book = book_of(given, prices)
        cases = book.cases
        said = Remarks([*book.notes, *(note for case in cases for note in case.notes)], [])
        try:
            found = iter(answers((Asked(case, given.over(case.given)) for case in cases), said))
        except PerpcalcError as error:
            raise error.at(book.portfolio.where) from None
        more = {} if beside is None else beside(book, given)
        made: list[Row] = []
        for number, entry in enumerate(book.entries):
            if isinstance(entry, Case):
                made.extend(_rows(entry, next(found), given))
            else:
                made.append(Row((leg or _unanswered(answer))(entry)))
            made.extend(more.get(number, ()))
        made.extend(more.get(len(book.entries), ()))
        notes, warnings = map(each_once, said)
        summed = partial(totals, answer, made) if sums is None else partial(sums, made, book)
        return Result(answer, made, notes=notes, warnings=warnings, totals=summed)

    return answered


def each(answer: Callable[[Case, Given, Remarks], Answer]) -> Answers:
    """The answers of positions that are answered for one by one."""

    def answers(positions: Iterable[Asked], said: Remarks) -> list[list[Answer]]:
        made = []
        for case, given in positions:
            try:
                made.append([answer(case, given, said)])
            except PerpcalcError as error:
                raise case.placed(error) from None
        return made

    return answers


def _rows(case: Case, answers: Sequence[Answer], given: Given) -> list[Row]:
    """What is answered of a position, as rows whose formulas name what is the position's."""
    if EXPLAIN in given:
        from perpcalc.commands.tracing import with_names

        answers = [with_names(answer, case) for answer in answers]
    return [Row(answer, case.market, case.order) for answer in answers]


def _unanswered(answer: type[Answer]) -> LegRow:
    """The answer for a linear leg of a command that has none."""

    def row(leg: "LegCase") -> Answer:
        reason = "a linear leg: pnl, liq-price, greeks, stress and status take it in"
        return answer.knowing(**leg.identity(), reason=reason).never_where()

    return row


def unknown(find: Callable[[], T], reasons: list[str]) -> T | None:
    """What `find` finds; None, and why in `reasons`, where it is not known."""
    try:
        return find()
    except PerpcalcError as error:
        reasons.append(error.line())
        return None


def unless_alone(case: Case, find: Callable[[], T], reasons: list[str]) -> T | None:
    """The same of a position of a portfolio, where an unknown leaves fields empty; of one that is asked about by itself
    it raises.
    """
    return find() if case.place is None else unknown(find, reasons)


def totals(answer: type[Answer], rows: Sequence[Row]) -> list[Row]:
    """The sums of an answer's fields that may be added up: a row per currency, and one in USD."""
    by_coin: dict[str, list[Row]] = {}
    for row in rows:
        by_coin.setdefault(row.precision().coin, []).append(row)
    in_usd = tuple(name for name in answer.sums if name.endswith("usd"))
    made = [Row(_sum(answer, ones, answer.sums, coin), _finest(ones)) for coin, ones in sorted(by_coin.items())]
    return [*made, Row(_sum(answer, rows, in_usd, "USD"))]


def summed_up(rows: Sequence[Answer], sums: Sequence[Answer], coin: str, usd: str, size: bool = False) -> Sentence:
    """What a field of positions comes to, in coin too where all are in one, and of how many; empty where it is known of
    none.
    """
    known, in_coin = ([row for row in rows if getattr(row, name) is not None] for name in (usd, coin))
    if not known:
        return ()
    together: Sentence = (Told(usd, size, row=-1),)
    if len(sums) == 2 and len(in_coin) == len(known):
        together = (Told(coin, size, row=-2), " (", *together, ")")
    share = "" if len(known) == len(rows) else f"{len(known)} of "
    return (*together, f" over {share}{len(rows)} position{'s' if len(rows) > 1 else ''}")


def _finest(rows: Sequence[Row]) -> Market | None:
    """The market whose coin amounts have the most decimals, which a sum is shown with."""
    markets = [row.market for row in rows if row.market is not None]
    return max(markets, key=lambda market: market.coin_places, default=None)


def _sum(answer: type[Answer], rows: Sequence[Row], names: Sequence[str], currency: str) -> Answer:
    """The sums of rows, which say what currency they are in; where an answer has no field for it, as the reason."""
    said = {"currency": currency} if "currency" in answer._fields else {"reason": f"the sum in {currency}"}
    values: dict[str, Value] = dict(said)
    for name in names:
        amounts = [value for row in rows if isinstance(value := getattr(row.answer, name), Decimal)]
        values[name] = sum(amounts, ZERO) if amounts or not rows else None
    return answer.knowing(**values).never_where()
