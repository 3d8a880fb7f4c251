"""`perpcalc liq-price`: where a position is liquidated."""

from perpcalc.cli.case import IDENTITY, Case, case_of, need_margin, price_places
from perpcalc.cli.command import Command
from perpcalc.cli.options import EXACT, MARK, OUTPUT, PORTFOLIO, POSITION, TOUCH, Given
from perpcalc.core.liquidation import Liquidation, position_liquidation
from perpcalc.render.report import Report, Row

KINDS = {
    **IDENTITY,
    "entry_price": "price",
    "mark_price": "price",
    "margin_mode": "text",
    "margin": "coin",
    "leverage": "times",
    "mm_basis": "text",
    "tier": "count",
    "maintenance_rate": "rate",
    "deduction": "coin",
    "closing_fee_rate": "rate",
    "maintenance_margin": "coin",
    "liquidation_price": "price",
    "liquidation_below": "price",
    "liquidation_above": "price",
    "bankruptcy_price": "price",
    "distance": "rate",
    "touch_probability": "rate",
    "reason": "text",
}
HEADLINE = ("name", "account", "instrument", "side", "contracts", "entry_price", "mark_price", "margin", "liquidation_price", "distance", "reason")
NEVER = frozenset({"liquidation_price", "liquidation_below", "liquidation_above", "bankruptcy_price"})


def answer(given: Given) -> Report:
    """Where the position that the options describe is liquidated."""
    case = case_of(given)
    case.opened()
    margin = need_margin(case)
    result = position_liquidation(case.holding(), margin, case.mark)
    return Report("Liquidation", KINDS, [row(case, result)], notes=case.notes)


def row(case: Case, result: Liquidation) -> Row:
    """The answer for one position."""
    position, margin, schedule = case.opened(), need_margin(case), case.holding().schedule
    return Row(
        {
            **case.identity(),
            "entry_price": position.entry_price,
            "mark_price": case.mark,
            "margin_mode": margin.mode,
            "margin": margin.coin,
            "leverage": margin.leverage or position.entry_value / margin.coin,
            "mm_basis": schedule.basis,
            "tier": None if result.tier is None else case.contracts.__class__(result.tier),
            "maintenance_rate": result.maintenance_rate,
            "deduction": result.deduction,
            "closing_fee_rate": result.closing_fee_rate,
            "maintenance_margin": result.maintenance_margin,
            "liquidation_price": result.liquidation_price,
            "liquidation_below": result.liquidation_below,
            "liquidation_above": result.liquidation_above,
            "bankruptcy_price": result.bankruptcy_price,
            "distance": result.distance,
            "touch_probability": None,
            "reason": result.reason,
        },
        coin=case.instrument.currency,
        price_places=price_places(case.instrument, position.entry_price, result.liquidation_price),
        never=NEVER,
    )


COMMAND = Command(
    "liq-price",
    "The prices at which a position is liquidated or bankrupt, with the tier and the margin that decide it; or never, and why.",
    "perpcalc liq-price --venue bybit --side long -n 10k --entry 62500 --leverage 10",
    (*POSITION, PORTFOLIO, MARK, *TOUCH, EXACT, *OUTPUT),
    answer,
)
