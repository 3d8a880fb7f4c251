"""`perpcalc greeks`: delta and gamma of a position, in three named frames."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from perpcalc.cli.case import IDENTITY, Case, case_of, is_portfolio, price_places
from perpcalc.cli.command import Command
from perpcalc.cli.options import EXACT, MARK, OUTPUT, PORTFOLIO, POSITION, Given, Option
from perpcalc.core.greeks import Greeks, greeks
from perpcalc.decimals import ZERO, amount_from_zero
from perpcalc.errors import PerpcalcError
from perpcalc.render.report import Report, Row, Step, Total

if TYPE_CHECKING:
    from perpcalc.cli.positions import Held

COLLATERAL = Option(
    "collateral", amount_from_zero, "COIN", "Coins held with the position; the margin or balance by default."
)
GREEKS_MARK = MARK._replace(help="Mark price, USD per coin; the entry by default.")

KINDS = {
    **IDENTITY,
    "frame": "text",
    "value": "figure",
    "delta": "figure",
    "gamma": "figure",
    "delta_unit": "text",
    "gamma_unit": "text",
}
HEADLINE = ("account", "side", "contracts", "frame", "value", "delta", "delta_unit", "gamma", "gamma_unit")
NARROW = ("frame", "delta", "delta_unit", "gamma", "gamma_unit")
FRAME_KINDS = {
    "coin": {"value": "gain"},
    "usd": {"value": "usd", "delta": "coin"},
    "contract": {"delta": "coin"},
}


def answer(given: Given) -> Report:
    """The greeks of the position that the options describe, or of each of a portfolio."""
    if is_portfolio(given):
        return _of_portfolio(given)
    case = case_of(given)
    return _report(rows(case, given), case.notes)


def _of_portfolio(given: Given) -> Report:
    from perpcalc.cli.positions import held_positions, in_file, notes_of

    _, held = held_positions(given)
    made: list[Row] = []
    for one in held:
        try:
            made.extend(rows(one.case, given))
        except PerpcalcError as error:
            raise in_file(error, one.where, given.portfolio) from None
    totals = _totals(held, made, given)
    return _report(made, notes_of(held), totals)


def _report(made: Sequence[Row], notes: Sequence[str], totals: Sequence[Total] = ()) -> Report:
    return Report(
        "Greeks",
        KINDS,
        made,
        one=False,
        headline=HEADLINE,
        narrow=NARROW,
        table_per="name",
        totals=totals,
        notes=notes,
    )


def rows(case: Case, given: Given) -> list[Row]:
    """The answer for one position: a row per frame."""
    position, mark, collateral = case.opened(), _mark(case), _collateral(case, given)
    return [_row(case, mark, collateral, one, given.explain) for one in greeks(position, mark, collateral)]


def _mark(case: Case) -> Decimal:
    """Where the greeks are taken: at the mark, else at the entry."""
    return case.mark or case.opened().entry_price


def _collateral(case: Case, given: Given) -> Decimal:
    if given.collateral is not None:
        return Decimal(given.collateral)
    return ZERO if case.margin is None else case.margin.coin


def _row(case: Case, mark: Decimal, collateral: Decimal, result: Greeks, explain: bool) -> Row:
    coin = case.instrument.currency
    steps: Sequence[Step] = ()
    if explain:
        from perpcalc.cli.explain_greeks import steps_of

        steps = steps_of(case, mark, collateral, result.frame)
    delta_unit, gamma_unit = (f"{coin}/USD", f"{coin}/USD^2") if result.frame == "coin" else (coin, f"{coin}/USD")
    return Row(
        {
            **case.identity(),
            "frame": result.frame,
            "value": result.value,
            "delta": result.delta,
            "gamma": result.gamma,
            "delta_unit": delta_unit,
            "gamma_unit": gamma_unit,
        },
        coin=coin,
        price_places=price_places(case.instrument, mark),
        coin_places=case.market.coin_places,
        steps=steps,
        kinds=FRAME_KINDS[result.frame],
    )


def _totals(held: Sequence["Held"], made: Sequence[Row], given: Given) -> list[Total]:
    """What may be summed: profit and deltas in coin per coin, the USD value over all; each collateral counts once.

    Deltas and gammas per USD are summed only where all positions of a coin have one mark.
    """
    coins = list(dict.fromkeys(row.coin for row in made))
    sums: dict[tuple[str, str, str], Decimal] = {}
    for row in made:
        for field in ("value", "delta", "gamma"):
            amount = row.values[field]
            if isinstance(amount, Decimal):
                key = (row.coin, str(row.values["frame"]), field)
                sums[key] = sums.get(key, ZERO) + amount
    counted: set[tuple[str, object]] = set()
    usd = ZERO
    for one in held:
        coin, mark, collateral = one.case.instrument.currency, _mark(one.case), _collateral(one.case, given)
        cross = one.case.margin is not None and one.case.margin.mode == "cross"
        pot = (coin, "given" if given.collateral is not None else one.case.account if cross else one.where)
        if pot in counted:
            sums[coin, "usd", "value"] -= collateral * mark
            sums[coin, "usd", "delta"] -= collateral
        counted.add(pot)
    totals = []
    for coin in coins:
        marks = {_mark(one.case) for one in held if one.case.instrument.currency == coin}
        totals.append(Total("all value, frame coin", sums[coin, "coin", "value"], "gain", coin))
        if len(marks) == 1:
            totals.append(Total("all delta, frame coin", sums[coin, "coin", "delta"], "figure", f"{coin}/USD"))
            totals.append(Total("all gamma, frame coin", sums[coin, "coin", "gamma"], "figure", f"{coin}/USD^2"))
        totals.append(Total("all delta, frame usd", sums[coin, "usd", "delta"], "coin", coin))
        totals.append(Total("all delta, frame contract", sums[coin, "contract", "delta"], "coin", coin))
        if len(marks) == 1:
            totals.append(Total("all gamma, frame contract", sums[coin, "contract", "gamma"], "figure", f"{coin}/USD"))
        usd += sums[coin, "usd", "value"]
    totals.append(Total("all value, frame usd", usd, "usd", "USD"))
    return totals


COMMAND = Command(
    "greeks",
    "Delta and gamma of a position at the mark, in three frames with their units: profit in coin, USD value with the coin collateral, the contract alone.",
    "perpcalc greeks --venue bybit --side short -n 10k --entry 62500 --mark 60000 --balance 0.16",
    (*POSITION, PORTFOLIO, GREEKS_MARK, COLLATERAL, EXACT, *OUTPUT),
    answer,
)
