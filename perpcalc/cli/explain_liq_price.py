"""The steps behind an answer of `liq-price`."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from perpcalc.cli.case import Case, need_margin
from perpcalc.cli.explain_pnl import margin_steps
from perpcalc.cli.options import Given
from perpcalc.cli.provenance import provenance, rounded
from perpcalc.core.liquidation import Liquidation, ends, position_liquidation, rounded_price
from perpcalc.core.margin import Piece
from perpcalc.core.rounding import Grid, Rounding, on
from perpcalc.core.rules import Schedule
from perpcalc.core.wallet import Holding, Wallet, closing_fees_at_bankruptcy, piece_at, wallet_of
from perpcalc.decimals import ZERO, plain
from perpcalc.render.report import Row, Step
from perpcalc.render.text import Value

MOST_GROUPS = 8


class Place(NamedTuple):
    """Where a position is held: its wallet, and the number of its holding there."""

    wallet: Wallet
    number: int
    holding: Holding


class Root(NamedTuple):
    """An end of the range in which a wallet lives: x = 1/price of its first mark, exactly."""

    x: Decimal
    end: str


def alone(case: Case) -> Place:
    """A position in a wallet of its own."""
    holding = case.holding()
    return Place(wallet_of(need_margin(case).usable, [holding]), 0, holding)


def steps(made: Row, case: Case, result: Liquidation, place: Place, given: Given) -> list[Step]:
    """How each calculated field of a row came about; fields without a value are left out."""
    roots = {root.end: root for root in _roots(place, result)}
    nearer = "below" if result.liquidation_price == result.liquidation_below else "above"
    at = roots.get(nearer)
    reference = "entry_price" if case.mark is None else "mark_price"
    made_of = [
        *margin_steps(case),
        *_leverage(case),
        *_maintenance(made, case, result, place, at),
        *(_end(place, root, case) for root in roots.values()),
        _nearer(result, place, reference, nearer if at is not None else None),
        _bankruptcy(case, place),
        _distance(result, reference),
        Step(
            "touch_probability",
            "N((b + v/2)/sqrt(v)) + e^-b * N((b - v/2)/sqrt(v)), b = ln(liquidation_price / start), v = vol^2 * horizon",
            "an estimate: a price without drift, in lognormal steps; an upper end with the signs inside N turned; two ends: "
            f"their sum, at most 1; start is the {reference.replace('_price', '')}; source: reflection principle, arXiv:2505.08100",
            {"vol": given.vol},
        ),
    ]  # fmt: skip
    return [step for step in made_of if made.values[step.field] is not None or step.field in made.never]


def _distance(result: Liquidation, reference: str) -> Step:
    if result.beyond:
        return Step(
            "distance", "0", f"the {reference.replace('_price', '')} is at or beyond the liquidation price already"
        )
    return Step("distance", f"(liquidation_price - {reference}) / {reference}", "negative below the reference")


def price_step(case: Case) -> Step:
    """How the liquidation price of a position by itself came about."""
    place = alone(case)
    result = position_liquidation(place.holding, need_margin(case))
    nearer = "below" if result.liquidation_price == result.liquidation_below else "above"
    for root in _roots(place, result):
        if root.end == nearer:
            return _end(place, root, case)._replace(field="liquidation_price")
    return _nearer(result, place, "entry_price", None)


def _roots(place: Place, result: Liquidation) -> Iterator[Root]:
    """The exact ends behind the two prices of a result."""
    wallet, holding = place.wallet, place.holding
    instrument = holding.position.instrument
    for span in ends(wallet, holding).spans:
        for x, end, price in (
            (span.end, "below", result.liquidation_below),
            (span.start, "above", result.liquidation_above),
        ):
            if x and price is not None and rounded_price(instrument, x / holding.ratio, end) == price:
                yield Root(x, end)


def _nearer(result: Liquidation, place: Place, reference: str, end: str | None) -> Step:
    """The liquidation price: an end of the safe range, the mark of a wallet under water, or the formula that has no answer."""
    at = reference.replace("_price", "")
    if end is not None:
        return Step("liquidation_price", f"liquidation_{end}", f"the end of the safe range that is nearer to the {at}")
    if result.liquidation_price is not None:
        return Step("liquidation_price", reference, "the wallet is under water there")
    if len(place.wallet.group_of) > 1:
        return Step("liquidation_price", "where the equity is down to the maintenance", "no price of the contract")
    group = place.wallet.groups[0]
    formula, why, inputs = _one(place, piece_at(group, ZERO), ZERO, "; no price of the contract fulfils it")
    return Step("liquidation_price", formula, why, inputs)


def _leverage(case: Case) -> list[Step]:
    if need_margin(case).leverage is not None:
        return [Step("leverage", "as given")]
    return [Step("leverage", "entry_value / margin", "", {"entry_value": case.opened().entry_value})]


def _maintenance(made: Row, case: Case, result: Liquidation, place: Place, at: Root | None) -> list[Step]:
    """The tier, its rate and deduction, and the margin they ask for at the liquidation price."""
    schedule, position = place.holding.schedule, place.holding.position
    group = place.wallet.groups[place.wallet.group_of[place.number]]
    own = case.mark is None or at is not None
    value = "V" if schedule.basis == "entry" else "notional_usd / liquidation_price"
    inputs: dict[str, Value] = {"V": position.stored_value, "slope": schedule.slope, "value": None}
    source = _told(case, schedule) if case.market.instrument.schedule is schedule else ""
    shared = "" if group.notional == position.notional else "; positions of one contract count together"
    steps = []
    if result.tier is not None and own:
        steps.append(Step("tier", _size(schedule, value), _band(schedule, result.tier, case) + shared + source, inputs))
        source = ""
    if at is not None and schedule.slope:
        piece = piece_at(group, at.x)
        steps.append(
            Step("maintenance_rate", f"{plain(piece.rate)} + slope * {value}", f"grows with the size of the position{source}", inputs)
        )  # fmt: skip
    else:
        steps.append(
            Step("maintenance_rate", "as in the table of tiers" if result.tier else "as given", source, inputs)
        )
    if result.deduction:
        steps.append(Step("deduction", *_deduction(schedule, result.tier)))
    if place.holding.closing_fee.rate:
        steps.append(_fee(case, place))
    grid = position.instrument.rounding.maintenance
    asked = rounded(f"on the value at the {schedule.basis}, closing fee not included", grid)
    steps.append(Step("maintenance_margin", f"{value} * maintenance_rate - deduction", asked, inputs))
    return steps


def _told(case: Case, schedule: Schedule) -> str:
    """The margin rule in words, with its source."""
    how = "each band at its own rate" if schedule.marginal else "the whole position at the rate of its tier"
    unit = {"coin": case.instrument.currency, "contracts": "contracts", "usd": "USD"}[schedule.unit]
    return (
        f"\n{how}, on the value at the {schedule.basis}, tiers in {unit}{provenance(case.market.rules.get('margin'))}"
    )


def _size(schedule: Schedule, value: str) -> str:
    """What a tier counts."""
    return {"coin": value, "contracts": "contracts", "usd": "notional_usd"}[schedule.unit]


def _band(schedule: Schedule, tier: int, case: Case) -> str:
    unit = {"coin": case.instrument.currency, "contracts": "contracts", "usd": "USD"}[schedule.unit]
    below = schedule.tiers[tier - 2].limit if tier > 1 else None
    limit = schedule.tiers[tier - 1].limit
    above = f"above {plain(below)} " if below is not None else ""
    upto = f"up to {plain(limit)} " if limit is not None else ""
    which = "the tier at the liquidation price" if schedule.basis == "mark" and schedule.unit == "coin" else "the tier"
    return f"{which}: {above}{upto}{unit}" if above or upto else "the only tier"


def _deduction(schedule: Schedule, tier: int | None) -> tuple[str, str]:
    """The formula of a tier's deduction in numbers, and what it is for."""
    if tier is None:
        return "as given", ""
    tiers = schedule.tiers[:tier]
    parts = [
        f"{plain(below.limit)} * ({plain(above.rate)} - {plain(below.rate)})"
        for below, above in pairwise(tiers)
        if below.limit is not None
    ]
    unit = "" if schedule.unit == "coin" else f", in coin at the price it counts at; the tiers are in {schedule.unit}"
    return " + ".join(parts), f"so that each rate takes only its own band{unit}"


def _fee(case: Case, place: Place) -> Step:
    fee, instrument = place.holding.closing_fee, case.instrument
    known = instrument.cross_closing_fee if need_margin(case).mode == "cross" else instrument.isolated_closing_fee
    where = "the bankruptcy price" if fee.at_bankruptcy else "the liquidation price"
    if fee.rate != known.rate:
        return Step("closing_fee_rate", "as given", f"charged at {where}")
    return Step("closing_fee_rate", "the venue's", f"charged at {where}{provenance(case.market.rules.get('fees'))}")


def _end(place: Place, root: Root, case: Case) -> Step:
    """One end of the safe range: where the equity comes down to the maintenance margin and the closing fees."""
    wallet, holding = place.wallet, place.holding
    position = holding.position
    group = wallet.groups[wallet.group_of[place.number]]
    piece = piece_at(group, root.x)
    rounding = position.instrument.rounding
    field = f"liquidation_{root.end}"
    reserve = closing_fees_at_bankruptcy(wallet)
    why = _rounded_price(case, rounding, root.end)
    if why:
        why += provenance(case.market.rules.get("rounding"))
    if _extra_counts_in_part(case):
        why = f"\nof extra margin only extra / (1 + s * taker fee) counts: it raises the closing fee reserved beside it{why}"
    if piece.start * group.ratio == root.x and not holding.schedule.marginal:
        inputs: dict[str, Value] = {"limit": piece.start * position.notional}
        return Step(field, "notional_usd / limit", f"the border of a tier, whose rate on the whole position exceeds the equity{why}", inputs)  # fmt: skip
    if len(wallet.groups) == 1 and len(wallet.group_of) == 1 and not piece.quadratic:
        return Step(field, *_one(place, piece, reserve, why))
    return Step(field, *_all(place, root, reserve, why))


def _extra_counts_in_part(case: Case) -> bool:
    """Whether there is extra margin at a venue where it raises the closing fee that is reserved beside it."""
    margin, position = need_margin(case), case.opened()
    if margin.mode == "cross" or not case.instrument.extra_margin_net_of_fee:
        return False
    if margin.leverage is None:
        return margin.usable != margin.coin
    return margin.coin != on(case.instrument.rounding.margin, position.stored_value / margin.leverage)


def _one(place: Place, piece: Piece, reserve: Decimal, why: str) -> tuple[str, str, dict[str, Value]]:
    """The end of a wallet that holds one position, as the textbook has it."""
    wallet, holding = place.wallet, place.holding
    inputs: dict[str, Value] = {
        "B": wallet.collateral,
        "s": holding.position.side,
        "V": holding.position.stored_value,
        "mmr": piece.rate,
        "f": holding.closing_fee.rate,
        "deduction": piece.deduction,
        "deduction_usd": piece.deduction_usd,
        "fee": reserve,
    }
    fee = " + f" if holding.closing_fee.rate and not holding.closing_fee.at_bankruptcy else ""
    kept = " - fee" if reserve else ""
    usd = " - deduction_usd" if piece.deduction_usd else ""
    deduction = " + deduction" if piece.deduction else ""
    if holding.schedule.basis == "entry":
        top = f"notional_usd * (s{fee})" if fee else "s * notional_usd"
        formula = f"{top} / (B + s * V - mmr * V{deduction}{kept})"
    else:
        formula = f"(notional_usd * (s + mmr{fee}){usd}) / (B + s * V{deduction}{kept})"
    names = ["where equity = maintenance margin" + (" + closing fee" if fee or kept else "")]
    names.append("B is the margin or balance, V the entry value, s = 1 long, -1 short")
    if reserve:
        names.append("fee is the closing fee reserved at the bankruptcy price")
    return formula, "; ".join(names) + why, inputs


def _all(place: Place, root: Root, reserve: Decimal, why: str) -> tuple[str, str, dict[str, Value]]:
    """The end of a whole wallet, or of one position whose rate grows with its size."""
    wallet, holding = place.wallet, place.holding
    own = holding.ratio
    a, b, c = wallet.constant - reserve, wallet.linear, ZERO
    told = []
    for number, group in enumerate(wallet.groups, 1):
        piece = piece_at(group, root.x)
        fee = ZERO if group.closing_fee.at_bankruptcy else group.closing_fee.rate
        a -= piece.constant
        b += (piece.linear + fee * group.notional) / group.ratio
        c += piece.quadratic / group.ratio / group.ratio
        if number <= MOST_GROUPS:
            tier = "" if piece.tier is None else f", tier {piece.tier}"
            more = f" + {plain(piece.slope)} per coin" if piece.slope else ""
            less = f", deduction {plain(piece.deduction)}" if piece.deduction else ""
            told.append(f"maintenance of {plain(group.notional)} USD: rate {plain(piece.rate)}{more}{tier}{less}")
    if len(wallet.groups) > MOST_GROUPS:
        told.append(f"and of {len(wallet.groups) - MOST_GROUPS} more")
    inputs: dict[str, Value] = {"a": a, "b": b * own, "c": c * own * own}
    lines = [
        "where equity = maintenance margin + closing fees: a = b/P + c/P^2 at the price P",
        f"a = balance {plain(wallet.collateral)} + sum(s * V) {plain(wallet.constant - wallet.collateral)}, less what maintenance does not take from the price",
        "b = sum(s * Q) and the rates times Q; c comes from rates that grow with size",
        *told,
    ]
    formula = "(b + sqrt(b^2 + 4 * a * c)) / (2 * a)" if c else "b / a"
    if c and not a:
        formula = "-c / b"
    elif c and root.end == "above":
        formula = "(b - sqrt(b^2 + 4 * a * c)) / (2 * a)"
    return formula, "\n".join(lines) + why, inputs


def _bankruptcy(case: Case, place: Place) -> Step:
    wallet, position = place.wallet, place.holding.position
    fee = place.holding.closing_fee
    if len(wallet.group_of) > 1:
        inputs: dict[str, Value] = {"b": wallet.linear * place.holding.ratio, "a": wallet.constant}
        return Step("bankruptcy_price", "b / a", "where the equity of the account is 0: a = balance + sum(s * V), b = sum(s * Q)", inputs)  # fmt: skip
    inputs = {"B": wallet.collateral, "s": position.side, "V": position.stored_value, "f": fee.rate}
    top = "(s + f)" if fee.at_bankruptcy else "s"
    told = "; f is the closing fee charged there" if fee.at_bankruptcy else ""
    why = _rounded_price(case, position.instrument.rounding, "below" if position.side > 0 else "above")
    return Step("bankruptcy_price", f"notional_usd * {top} / (B + s * V)", f"where the equity is 0{told}{why}", inputs)


def _rounded_price(case: Case, rounding: Rounding, end: str) -> str:
    """How the venue rounds a liquidation price, as a line of its own."""
    grid = rounding.liquidation_price
    if grid is None:
        return ""
    if isinstance(grid, Grid):
        return "\n" + rounded("", grid).removeprefix("; ")
    tick = case.instrument.tick
    per_lot = "the value of one lot is cut first, then " if rounding.value_of == "lot" else ""
    return f"\n{per_lot}rounded {'up' if end == 'below' else 'down'} to the tick of {plain(tick) if tick else '?'}"
