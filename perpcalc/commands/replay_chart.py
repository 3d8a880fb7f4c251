"""A replay as charts over time: the price beside the liquidation prices, the equity, and what funding cost."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from perpcalc.core.moments import UNITS, iso
from perpcalc.core.passage import LIQUIDATION
from perpcalc.core.replay import State
from perpcalc.picture import Chart, Curve, Landmark

if TYPE_CHECKING:
    from perpcalc.commands.past import Past

MOST_POINTS = 600


class Trail:
    """Some of the states of a run, evenly spaced and at most 600 of them, and the last, however many there are."""

    def __init__(self) -> None:
        self.states: list[State] = []
        self.last: State | None = None
        self._every, self._count = 1, 0

    def add(self, state: State) -> None:
        """Take note of the next state."""
        self.last = state
        if self._count % self._every == 0:
            self.states.append(state)
            if len(self.states) > MOST_POINTS:
                del self.states[1::2]
                self._every *= 2
        self._count += 1

    def all(self) -> list[State]:
        """The states that were kept, in order."""
        if self.last is None or self.states[-1] is self.last:
            return self.states
        return [*self.states, self.last]


def charts_of(pasts: Sequence["Past"]) -> list[Chart]:
    """The charts of everything that is known."""
    return [chart for past in pasts if past.trail is not None for chart in _charts(past, past.trail)]


def _charts(past: "Past", trail: Trail) -> list[Chart]:
    states, outcome = trail.all(), past.outcome
    if outcome is None or not states:
        return []

    def days(time: int) -> Decimal:
        return Decimal(time - outcome.start) / UNITS["d"]

    def curve(label: str, of: Callable[[State], Decimal | None], tone: str = "curve") -> Curve:
        points = [(days(state.time), of(state)) for state in states]
        return Curve(label, [*points, (days(outcome.ended_at), of(states[-1]))], tone)

    end = Landmark(outcome.ended_by, days(outcome.ended_at), "danger" if outcome.ended_by == LIQUIDATION else "plain")
    since = f"days from {iso(outcome.start)}"
    prices = [
        curve("liquidation below", lambda state: state.below, "danger"),
        curve("liquidation above", lambda state: state.above, "danger"),
        curve("price", lambda state: state.price),
    ]
    drawn = [one for one in prices if any(y is not None for _, y in one.points)]
    equity = curve("equity", lambda state: state.equity)
    charts = [
        Chart(past.label, since, "price (USD)", drawn, [end], from_zero=False),
        Chart(past.label, since, f"equity ({past.currency})", [equity], [end]),
    ]
    if outcome.funding:
        paid = curve("funding paid", lambda state: state.funding, "accent")
        charts.append(Chart(past.label, since, f"funding paid ({past.currency})", [paid], [end]))
    return charts
