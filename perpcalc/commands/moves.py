"""Which moves of the market are looked at: a ladder of common moves, single coins, or a day of the past."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.commands.scenarios import LIST, scenario
from perpcalc.core.pegged import PEGGED
from perpcalc.core.stress import even_moves
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import PerpcalcError, Words
from perpcalc.given import Excludes, Given, Needs, Rule
from perpcalc.options import BETA, FROM, MOVE, MOVES, SCENARIO, STEPS, TO

MOST_STEPS = 10_000


class Moves(NamedTuple):
    """What moves how far: a ladder of common moves, each coin by its beta; or one scenario of moves per coin.

    Of a scenario a coin is still (`still`), or its move is not known.
    """

    ladder: Sequence[Decimal] = ()
    betas: Mapping[str, Decimal] = {}
    coins: Mapping[str, Decimal] | None = None
    still: bool = True

    def of(self, coin: str) -> list[Decimal | None]:
        """The moves of a coin, one for each row; None where it is not known."""
        if self.coins is not None:
            return [self.coins.get(coin, ZERO if self.still or coin in PEGGED else None)]
        beta = self.beta(coin)
        return [move * beta for move in self.ladder]

    def beta(self, coin: str) -> Decimal:
        """How far a coin moves for a common move of 1; a stablecoin not at all."""
        return self.betas.get(coin, ZERO if coin in PEGGED else ONE)


MOVE_OPTIONS = (MOVES, FROM, TO, STEPS, MOVE, BETA, SCENARIO)
MOVE_RULES: tuple[Rule, ...] = (
    *(Excludes(option, (MOVES,)) for option in (FROM, TO, STEPS)),
    Needs(FROM, (TO,), (FROM.key, ", ", TO.key, " and ", STEPS.key, " go together")),
    Needs(TO, (FROM,), (FROM.key, ", ", TO.key, " and ", STEPS.key, " go together")),
    Needs(FROM, (STEPS,), (FROM.key, ", ", TO.key, " and ", STEPS.key, " go together")),
    Needs(STEPS, (FROM,), (FROM.key, ", ", TO.key, " and ", STEPS.key, " go together")),
    Excludes(MOVE, (MOVES, FROM), "one is a ladder, the other one scenario"),
    Excludes(SCENARIO, (MOVES, FROM), "one is a ladder, the other one scenario"),
    *(Excludes(BETA, (other,), "betas go with a ladder of common moves") for other in (MOVE, SCENARIO)),
)


def moves_of(given: Given, notes: list[Words]) -> Moves:
    """The moves that are asked for; an empty ladder where none are."""
    single = {one.coin: one.value for one in given[MOVE] or ()}
    if (name := given[SCENARIO]) is not None and name != LIST:
        day = scenario(name)
        notes.append(f"{day.days}, {day.title}: {day.source}; the lows of different coins were not at the same moment")
        return Moves(coins={**day.moves, **single}, still=False)
    if single:
        return Moves(coins=single)
    moves = Moves(_ladder(given), {one.coin: one.value for one in given[BETA] or ()})
    for coin, factor in moves.betas.items():
        for move in moves.ladder:
            if factor * move <= -ONE:
                raise PerpcalcError(
                    f"{plain(factor)} takes {coin} to a price of 0 or less at a move of {plain(move * 100)}%",
                    "give smaller moves or a smaller beta",
                ).at(BETA.key)
    return moves


def _ladder(given: Given) -> Sequence[Decimal]:
    if (moves := given[MOVES]) is not None:
        return moves
    first, last, steps = given[FROM], given[TO], given[STEPS]
    if first is None or last is None or steps is None:
        return ()
    if steps > MOST_STEPS:
        raise PerpcalcError(f"{plain(steps)} is out of range", f"give at most {MOST_STEPS}").at(STEPS.key)
    if steps == 1 and first != last:
        raise PerpcalcError("1 has room for one move", ("give 2 or more, or the same ", FROM.key, " and ", TO.key)).at(
            STEPS.key
        )
    return even_moves(first, last, int(steps))
