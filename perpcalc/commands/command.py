"""What a command is, and what it hands back: rows of one kind of answer, with what should be said beside them."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.answer import Answer, Precision, Sentence, kinds_of
from perpcalc.commands.market import LEAST_COIN_PLACES, Market
from perpcalc.decimals import ONE
from perpcalc.errors import Words
from perpcalc.given import Given, Option, Rule, Shapes, check_shape
from perpcalc.options import EXPLAIN

if TYPE_CHECKING:
    from perpcalc.picture import Chart
    from perpcalc.portfolio import Portfolio
    from perpcalc.portfolio.edit import Change

SINGLE, BY_POSITION, ROWS = "single", "by position", "rows"
"""What a command answers with: a record; a record, and of a portfolio one for each position; rows."""


class Row(NamedTuple):
    """One answer, the market whose decimals it is shown in, and the number of its position in a portfolio."""

    answer: Answer
    market: Market | None = None
    place: int | None = None

    def precision(self) -> Precision:
        """The decimals that people see of its amounts and its prices, and the coin that they are in."""
        values = self.answer._asdict()
        currency = values.get("currency")
        if currency == "USD" or self.market is None:
            coin, coin_places = str(currency or "BTC"), 2 if currency == "USD" else LEAST_COIN_PLACES
        else:
            coin, coin_places = self.market.instrument.currency, self.market.coin_places
        prices = (values[name] for name, kind in kinds_of(type(self.answer)).items() if kind.name == "price")
        known = (price for price in prices if isinstance(price, Decimal))
        return Precision(coin, None if self.market is None else self.market.price_places(*known), coin_places)

    def price_step(self) -> Decimal | None:
        """The last digit of the prices that people see; None where that is not known."""
        places = self.precision().price_places
        return None if places is None else ONE.scaleb(-places)


class Result(NamedTuple):
    """What a command answers.

    `one` is a single answer (a JSON object), else rows (an array). `warnings` are said even to those who want no notes.
    `totals` makes the sums of the rows, `said` their sentence where the rows alone do not tell it, `charts` the
    pictures, `into` the change that puts an answer into a portfolio; each when it is asked for.
    """

    answer: type[Answer]
    rows: Sequence[Row]
    one: bool = False
    notes: Sequence[Words] = ()
    warnings: Sequence[Words] = ()
    status: int = 0
    totals: Callable[[], Sequence[Row]] | None = None
    charts: "Callable[[], Sequence[Chart]] | None" = None
    below: Sequence[str] = ()
    said: Callable[[], Sentence] | None = None
    into: "Callable[[Portfolio], Change] | None" = None


class Command(NamedTuple):
    """A question that can be asked: `answer` is a pure function of what is given, but for the files that it names.

    `rules` hold between options; `needed` names the options that the help marks, for the rules know more than one way.
    One that `judges` has a status that is part of its answer. `shape` is what it answers with, `totals` the records of
    its sums where they are others than its own.
    """

    name: str
    help: str
    examples: tuple[str, ...]
    options: tuple[Option[object], ...]
    result: type[Answer]
    answer: Callable[[Given], Result]
    rules: tuple[Rule, ...] = ()
    needed: tuple[Option[object], ...] = ()
    judges: bool = False
    shape: str = BY_POSITION
    totals: type[Answer] | None = None


class Group(NamedTuple):
    """Commands under one name, as in `perpcalc solve margin`."""

    name: str
    help: str
    commands: tuple[Command, ...]


_KEPT: dict[Callable[[Given], Result], Shapes] = defaultdict(set)
"""By the function of a command the shapes of questions that keep its rules."""


def asked(command: Command, given: Given) -> Result:
    """The answer of a command; raises PerpcalcError where the question breaks a rule or cannot be answered."""
    check_shape(command.rules, given, _KEPT[command.answer])
    if EXPLAIN in given:
        from perpcalc.commands.tracing import traced

        given = traced(given)
    return command.answer(given)


def summed(result: Result) -> Result:
    """The sums of an answer in the place of its rows; an answer that has none as it is."""
    if result.totals is None:
        return result
    rows = result.totals()
    return result._replace(answer=type(rows[0].answer), rows=rows, one=False, totals=None, said=result.said or _unsaid)


def _unsaid() -> Sentence:
    """The sentence of sums, whose table says it all."""
    return ()
