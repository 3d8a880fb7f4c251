"""`perpcalc liq-price`: where a position is liquidated."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from perpcalc.answer import Answer, Coin, Count, Identified, Price, Rate, Sentence, Times, Told
from perpcalc.commands.case import NEED_ENTRY, NEED_MARGIN, NEED_SIDE, NEED_SIZE, UNIFIED, Case
from perpcalc.commands.command import Command
from perpcalc.commands.positions import Remarks, by_position, each, unknown, unless_alone
from perpcalc.commands.touching import touch_probability
from perpcalc.core.liquidation import Liquidation
from perpcalc.given import Given
from perpcalc.options import (
    CONTRACTS,
    ENTRY,
    EXPLAIN,
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

if TYPE_CHECKING:
    from perpcalc.answer import Identity
    from perpcalc.commands.legs import LegCase

USD = "USD"


class LiqPrice(Identified):
    """Where a position is liquidated, and the margin that decides it."""

    title = "Liquidation"
    whys = {
        "tier": "the tier at the liquidation price; positions of one contract count together",
        "maintenance_rate": (
            "that of the tier, where the venue says so with the size or a funding rate that is against the position"
        ),
        "deduction": "so that each rate takes only its own band",
        "maintenance_margin": (
            "closing fee not included; a position's share where several of one contract need it together"
        ),
        "liquidation_price": (
            "where equity = maintenance margin + closing fee, if one counts; the end of the safe range nearer to "
            "the reference"
        ),
        "bankruptcy_price": "where the equity is 0",
        "distance": "negative below the reference, 0 where it is passed",
        "touch_probability": (
            "an estimate: a price without drift, in lognormal steps; for an upper end the signs inside N are "
            "turned, of two ends the sum, at most 1; marks at intervals move L away by exp(0.5826 * vol * "
            "sqrt(interval))\nsource: reflection principle, arXiv:2505.08100; Broadie, Glasserman, Kou 1997"
        ),
        "margin_ratio": (
            "maintenance margin and the closing fee that counts over the equity at the reference, 100% at "
            "liquidation and beyond"
        ),
    }
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
        return ("liquidated at ", Told("liquidation_price"), ", ", Told("distance", size=True), self._from(of))

    def _from(self, of: str) -> str:
        return f" {'below' if self.distance and self.distance < 0 else 'above'} {of}"

    @classmethod
    def summary(cls, rows: Sequence[Answer], sums: Sequence[Answer] = ()) -> Sentence:
        """Which of several is dead already, and which of the others is the nearest to its liquidation."""
        known = [
            (abs(row.distance), place, row)
            for place, row in enumerate(rows)
            if isinstance(row, LiqPrice) and row.distance is not None
        ]
        dead = [str(row.name) for distance, _, row in known if not distance]
        said: Sentence = (f"{', '.join(dead)} {'is' if len(dead) == 1 else 'are'} liquidated already",) if dead else ()
        alive = [one for one in known if one[0]]
        if not alive:
            return said
        _, place, row = min(alive, key=lambda one: one[:2])
        side = row._from("the entry" if row.mark_price is None else "the mark")
        price, share = Told("liquidation_price", row=place), Told("distance", size=True, row=place)
        nearest = "; nearest of the others: " if dead else "nearest: "
        return (*said, nearest, f"{row.name} is liquidated at ", price, ", ", share, side)


def answer(case: Case, given: Given, said: Remarks) -> LiqPrice:
    """Where one position is liquidated."""
    reasons: list[str] = []
    position = unless_alone(case, case.opened, reasons)
    standing = None if position is None else unless_alone(case, case.standing, reasons)
    if standing is None or position is None:
        return _unknown(case, reasons[0])
    found, margin = standing.liquidation(case.mark), case.margin
    if found.beyond and found.reason is not None:
        said.warnings.append(f"{case.name}: {found.reason}" if case.name else found.reason)
    start = case.mark or position.entry_price
    made = LiqPrice(
        **_identity(case),
        entry_price=position.entry_price,
        mark_price=case.mark,
        margin_mode=case.margin_mode,
        margin=margin and margin.coin,
        leverage=case.leverage,
        mm_basis=standing.holding.schedule.basis,
        **_figures(found),
        touch_probability=touch_probability(given, found, start),
        margin_ratio=found.margin_ratio,
        reason=found.reason,
    )
    if EXPLAIN in given:
        from perpcalc.commands.tracing import with_touch

        return with_touch(made, given, found, start)
    return made


def _figures(found: Liquidation) -> dict[str, Decimal | None]:
    """What the solver found, by the fields of the answer."""
    return {
        "tier": None if found.tier is None else Decimal(found.tier),
        "maintenance_rate": found.maintenance_rate,
        "deduction": found.deduction,
        "closing_fee_rate": found.closing_fee_rate,
        "maintenance_margin": found.maintenance_margin,
        "liquidation_price": found.liquidation_price,
        "liquidation_below": found.liquidation_below,
        "liquidation_above": found.liquidation_above,
        "bankruptcy_price": found.bankruptcy_price,
        "distance": found.distance,
    }


def _identity(case: Case) -> "Identity":
    """The fields that open the row; the amounts of an account of several coins are in USD."""
    identity = case.identity()
    return {**identity, "currency": USD} if case.is_unified else identity


def _leg(leg: "LegCase") -> LiqPrice:
    """Where a linear leg dies with its account, in what it is settled in."""
    reasons: list[str] = []
    found = unknown(leg.liquidation, reasons)
    known = LiqPrice.knowing(**leg.identity(), entry_price=leg.leg.entry, mark_price=leg.mark)._replace(currency=USD)
    if found is None:
        return known._replace(reason=reasons[0]).never_where()
    return known._replace(margin_mode=UNIFIED, **_figures(found), margin_ratio=found.margin_ratio, reason=found.reason)


def _unknown(case: Case, reason: str) -> LiqPrice:
    """What is known of a position whose liquidation is not."""
    return LiqPrice.knowing(
        **case.identity(),
        entry_price=case.position and case.position.entry_price,
        mark_price=case.mark,
        margin_mode=case.margin_mode,
        margin=case.margin and case.margin.coin,
        leverage=case.leverage,
        mm_basis=case.rules.schedule and case.rules.schedule.basis,
        reason=reason,
    ).never_where()


COMMAND = Command(
    "liq-price",
    "Where a position is liquidated and bankrupt; or never, and why. With the tier and the margin that decide it.",
    (
        "perpcalc liq-price --venue bybit --side long -n 10k --entry 62500 --leverage 10",
        "perpcalc liq-price --venue deribit --side short -n 10k --entry 62500 --balance 0.1 --mark 63000",
    ),
    (*POSITION, PORTFOLIO, MARK, *TOUCH, *OUTPUT),
    LiqPrice,
    by_position(LiqPrice, each(answer), needs=(NEED_SIDE, NEED_SIZE, NEED_ENTRY, NEED_MARGIN), leg=_leg),
    (*POSITION_RULES, *TOUCH_RULES),
    needed=(SIDE, CONTRACTS, ENTRY, LEVERAGE),
)
