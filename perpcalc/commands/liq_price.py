"""`perpcalc liq-price`: where a position is liquidated."""

from decimal import Decimal
from typing import Any

from perpcalc.answer import Coin, Count, Identified, Price, Rate, Sentence, Times, Told
from perpcalc.commands.case import NEED_ENTRY, NEED_MARGIN, NEED_SIDE, NEED_SIZE, Case
from perpcalc.commands.command import Command
from perpcalc.commands.positions import Remarks, by_position, each, unknown
from perpcalc.commands.touching import touch_probability
from perpcalc.given import Given
from perpcalc.options import (
    CONTRACTS,
    ENTRY,
    LEVERAGE,
    MARK,
    OUTPUT,
    PORTFOLIO,
    POSITION,
    POSITION_RULES,
    SIDE,
    TOUCH,
    TOUCH_RULES,
)


class LiqPrice(Identified):
    """Where a position is liquidated, and the margin that decides it."""

    title = "Liquidation"
    columns = (
        "name",
        "side",
        "liquidation_price",
        "distance",
        "margin_ratio",
        "contracts",
        "entry_price",
        "mark_price",
        "margin",
        "touch_probability",
        "bankruptcy_price",
        "account",
        "instrument",
        "reason",
    )
    never = frozenset({"liquidation_price", "liquidation_below", "liquidation_above", "bankruptcy_price"})

    entry_price: Price | None
    mark_price: Price | None
    margin_mode: str | None
    margin: Coin | None
    leverage: Times | None
    mm_basis: str | None
    tier: Count | None
    maintenance_rate: Rate | None
    deduction: Coin | None
    closing_fee_rate: Rate | None
    maintenance_margin: Coin | None
    liquidation_price: Price | None
    liquidation_below: Price | None
    liquidation_above: Price | None
    bankruptcy_price: Price | None
    distance: Rate | None
    touch_probability: Rate | None
    margin_ratio: Rate | None
    reason: str | None

    def sentence(self) -> Sentence:
        """Where it is liquidated and how far that is, or why never."""
        if self.liquidation_price is None:
            return (f"{'' if (self.reason or '').startswith('never') else 'not known: '}{self.reason}",)
        of = "the entry" if self.mark_price is None else "the mark"
        if not self.distance:
            return ("already liquidated: ", of, " is at or beyond ", Told("liquidation_price"))
        side = "below" if self.distance < 0 else "above"
        return ("liquidated at ", Told("liquidation_price"), ", ", Told("distance", size=True), f" {side} {of}")


def answer(case: Case, given: Given, said: Remarks) -> LiqPrice:
    """Where one position is liquidated."""
    reasons: list[str] = []
    position, margin = unknown(case.opened, reasons), unknown(case.margined, reasons)
    standing = None if reasons else unknown(case.standing, reasons)
    found = standing and standing.liquidation(case.mark)
    if standing is None or found is None or position is None:
        return _unknown(case, reasons[0])
    reference = case.mark or position.entry_price
    if found.beyond and found.reason is not None:
        said.warnings.append(f"{case.name}: {found.reason}" if case.name else found.reason)
    return LiqPrice(
        **case.identity(),
        entry_price=position.entry_price,
        mark_price=case.mark,
        margin_mode=margin and margin.mode,
        margin=margin and margin.coin,
        leverage=_leverage(case),
        mm_basis=standing.holding.schedule.basis,
        tier=None if found.tier is None else Decimal(found.tier),
        maintenance_rate=found.maintenance_rate,
        deduction=found.deduction,
        closing_fee_rate=found.closing_fee_rate,
        maintenance_margin=found.maintenance_margin,
        liquidation_price=found.liquidation_price,
        liquidation_below=found.liquidation_below,
        liquidation_above=found.liquidation_above,
        bankruptcy_price=found.bankruptcy_price,
        distance=found.distance,
        touch_probability=touch_probability(given, found, reference),
        margin_ratio=found.margin_ratio,
        reason=found.reason,
    )


def _leverage(case: Case) -> Decimal | None:
    """The leverage as given, else the entry value over the margin."""
    margin, position = case.margin, case.position
    if margin is None or position is None:
        return None
    return margin.leverage or (position.entry_value / margin.coin if margin.coin else None)


def _unknown(case: Case, reason: str) -> LiqPrice:
    """What is known of a position whose liquidation is not."""
    known: dict[str, Any] = {
        "entry_price": case.position and case.position.entry_price,
        "mark_price": case.mark,
        "margin_mode": case.margin and case.margin.mode,
        "margin": case.margin and case.margin.coin,
        "leverage": _leverage(case),
        "mm_basis": case.rules.schedule and case.rules.schedule.basis,
        "reason": reason,
    }
    return LiqPrice(**{**dict.fromkeys(LiqPrice._fields), **case.identity(), **known}).never_where()


COMMAND = Command(
    "liq-price",
    "The prices at which a position is liquidated or bankrupt, with the tier and the margin that decide it; or never, and why.",
    (
        "perpcalc liq-price --venue bybit --side long -n 10k --entry 62500 --leverage 10",
        "perpcalc liq-price --venue deribit --side short -n 10k --entry 62500 --balance 0.1 --mark 63000",
    ),
    (*POSITION, PORTFOLIO, MARK, *TOUCH, *OUTPUT),
    LiqPrice,
    by_position(LiqPrice, each(answer), needs=(NEED_SIDE, NEED_SIZE, NEED_ENTRY, NEED_MARGIN), known=Case.standing),
    (*POSITION_RULES, *TOUCH_RULES),
    needed=(SIDE, CONTRACTS, ENTRY, LEVERAGE),
)
