"""What a replay came to, explained: the profit of one position again, with numbers that remember."""

from decimal import Decimal
from typing import TYPE_CHECKING

from perpcalc.commands.market import traced_market
from perpcalc.core.instrument import trade_fee
from perpcalc.core.passage import LIQUIDATION, STOP, Outcome
from perpcalc.core.pnl import closing_pnl, gross_pnl
from perpcalc.trace import leaf

if TYPE_CHECKING:
    from perpcalc.commands.past import Past
    from perpcalc.commands.replay import Replay


def explained(answer: "Replay", past: "Past", outcome: Outcome) -> "Replay":
    """The answer with the history of its profit where it is that of one position, and of its value in USD."""
    price = leaf(outcome.price, "price", rule=True)
    funding = leaf(outcome.funding, "funding", rule=True)
    net = _net(past, outcome, price, funding)
    if net is None or net != outcome.net_pnl:  # several positions, or rules of another rounding on the way
        net = leaf(outcome.net_pnl, "net_pnl", rule=True)
    return answer._replace(price=price, funding=funding, net_pnl=net, net_pnl_usd=net * price)


def _net(past: "Past", outcome: Outcome, price: Decimal, funding: Decimal) -> Decimal | None:
    """The profit of the only position, as the formula has it."""
    if outcome.ended_by == LIQUIDATION:
        return -leaf(past.cases[0].margined().coin, "margin")
    if len(past.cases) > 1 or past.run is None:
        return None
    (case,), (leg,) = past.cases, past.run.legs
    held = leg.holding.position
    position = held._replace(
        instrument=traced_market(case.market).instrument,
        side=leaf(held.side, "s"),
        contracts=leaf(held.contracts, "contracts"),
        notional=leaf(held.notional, "notional"),
        cost=leaf(held.cost, "V"),
        stored_value=leaf(held.stored_value, "V"),
        entry_value=leaf(held.entry_value, "V"),
    )
    if outcome.ended_by == STOP:
        fee = trade_fee(position.instrument, position.contracts, price, leaf(leg.exit_fee, "exit_fee"))
        return closing_pnl(position, price) - fee - funding
    return gross_pnl(position, price) - funding
