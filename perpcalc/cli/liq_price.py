"""`perpcalc liq-price`: where a position is liquidated."""

from decimal import Decimal

from perpcalc.cli.case import IDENTITY, Case, case_of, is_portfolio, need_margin, price_places
from perpcalc.cli.command import Command
from perpcalc.cli.options import EXACT, MARK, OUTPUT, PORTFOLIO, POSITION, TOUCH, Given
from perpcalc.core.liquidation import Liquidation, liquidation, position_liquidation
from perpcalc.errors import PerpcalcError
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
HEADLINE = (
    "name",
    "account",
    "instrument",
    "side",
    "contracts",
    "entry_price",
    "mark_price",
    "margin",
    "liquidation_price",
    "distance",
    "reason",
)
NEVER = frozenset({"liquidation_price", "liquidation_below", "liquidation_above", "bankruptcy_price"})


def answer(given: Given) -> Report:
    """Where the position that the options describe is liquidated."""
    if is_portfolio(given):
        return _of_portfolio(given)
    case = case_of(given)
    case.opened()
    margin = need_margin(case)
    result = position_liquidation(case.holding(), margin, case.mark)
    return Report("Liquidation", KINDS, [row(case, result)], notes=case.notes)


def _of_portfolio(given: Given) -> Report:
    from perpcalc.cli.positions import held_positions, in_file, notes_of, ratio, wallets

    portfolio, held = held_positions(given)
    rows: list[Row | None] = [None] * len(held)
    for wallet in wallets(portfolio, held, given.portfolio):
        for place, index in enumerate(wallet.members):
            case = held[index].case
            holding = case.holding(ratio(held[index], held[wallet.members[0]]))
            rows[index] = row(case, liquidation(wallet.account, place, holding, case.mark))
    for index, one in enumerate(held):
        if rows[index] is None:
            try:
                margin = need_margin(one.case)
                rows[index] = row(one.case, position_liquidation(one.case.holding(), margin, one.case.mark))
            except PerpcalcError as error:
                raise in_file(error, one.where, given.portfolio) from None
    done = [made for made in rows if made is not None]
    return Report("Liquidation", KINDS, done, one=False, headline=HEADLINE, notes=notes_of(held))


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
            "leverage": margin.leverage or (position.entry_value / margin.coin if margin.coin else None),
            "mm_basis": schedule.basis,
            "tier": None if result.tier is None else Decimal(result.tier),
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
