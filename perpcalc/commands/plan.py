"""`perpcalc plan`: a ladder of orders in, targets out and a stop, and what is held after each step."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import ClassVar

from perpcalc.answer import Answer, Coin, Count, Gain, Multiple, Number, Price, Sentence, Status, Told, Usd
from perpcalc.commands.backing import BACKING_RULES, TRADE_PORTFOLIO, Backing, backing_of
from perpcalc.commands.case import NEED_SIDE
from perpcalc.commands.command import ROWS, Command, Result, Row
from perpcalc.commands.market import each_once, forbidden_leverage, known_fee
from perpcalc.core.plan import DEAD, DEAD_AT_STOP, ORDER, Ladder, State, Take
from perpcalc.core.plan import plan as planned
from perpcalc.core.position import SIDES
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import Words
from perpcalc.given import Excludes, Given, Needed, exclusive
from perpcalc.options import (
    ACCOUNT,
    BALANCE,
    CHART,
    ENTRY_FEE,
    EXIT_FEE,
    EXPLAIN,
    LEVERAGE,
    MARGIN,
    MARGIN_RULES,
    OUTPUT,
    SIDE,
    SLIPPAGE,
    STOP,
    SVG,
    TAKE,
    WHICH_CONTRACT,
)
from perpcalc.options import ORDER as ORDERS
from perpcalc.picture import Chart, Curve


class Planned(Answer):
    """What is held after a step, if it fills; amounts in coin where no unit is named."""

    title = "Plan"
    columns = (
        "step",
        "event",
        "price",
        "contracts",
        "liquidation_price",
        "loss_at_stop",
        "status",
        "realised_pnl",
        "entry_price",
        "r_multiple",
        "margin",
        "traded",
        "loss_at_stop_usd",
    )
    never = frozenset({"liquidation_price"})
    whys: ClassVar[Mapping[str, str]] = {
        "traded": "positive where it buys; V_n is the coin value held after step n, held_n its contracts",
        "realised_pnl": "of all steps so far, their fees taken off; a funding is not in it",
        "loss_at_stop": "closed at the stop next, what is realised included, even where a liquidation comes before",
        "r_multiple": "over the loss at the stop with all orders filled",
    }

    step: Count
    event: str
    price: Price
    traded: Number
    contracts: Count
    entry_price: Price | None
    margin: Coin | None
    liquidation_price: Price | None
    realised_pnl: Gain
    loss_at_stop: Coin | None
    loss_at_stop_usd: Usd | None
    r_multiple: Multiple | None
    status: Status
    reason: str | None

    @classmethod
    def summary(cls, rows: Sequence[Answer], sums: Sequence[Answer] = ()) -> Sentence:
        """What all orders make together, and what is lost at the stop; the steps that die come first."""
        steps = [row for row in rows if isinstance(row, Planned)]
        place = max(place for place, step in enumerate(steps) if step.event == ORDER)
        filled = steps[place]
        said: Sentence = tuple(f"{death}; " for death in deaths(steps)[:1])
        said += (Told("contracts", row=place), " contracts once all orders fill")
        if filled.liquidation_price is not None:
            said += (", liquidated at ", Told("liquidation_price", row=place))
        if filled.loss_at_stop is not None:
            said += (
                "; the stop costs ",
                Told("loss_at_stop", row=place),
                " (",
                Told("loss_at_stop_usd", row=place),
                ")",
            )
        return said


def answer(given: Given) -> Result:
    """The state after each step of the ladder, in an account of a portfolio where one is named."""
    orders, side = given[ORDERS], given[SIDE]
    assert orders is not None  # the rules need both
    assert side is not None
    backing = backing_of(given, side, orders[0].price)
    if (forbidden := forbidden_leverage(given, backing.market.instrument)) is not None:
        raise forbidden
    notes: list[Words] = [*backing.notes]
    ladder = _ladder(backing, side, notes)
    states = planned(ladder)
    if EXPLAIN in given:
        from perpcalc.commands.tracing import named_steps

        named_steps(states)
    rows = [Row(_row(number, state, ladder), backing.market, number) for number, state in enumerate(states, 1)]
    warnings = deaths([row.answer for row in rows if isinstance(row.answer, Planned)])
    return Result(Planned, rows, notes=each_once(notes), warnings=warnings, charts=partial(_charts, states, ladder))


def _ladder(backing: Backing, side: str, notes: list[Words]) -> Ladder:
    given, instrument, rules = backing.given, backing.market.instrument, backing.rules
    sign = SIDES[side]
    if EXPLAIN in given:
        from perpcalc.trace import leaf

        sign = leaf(sign, "s")
    return Ladder(
        instrument,
        sign,
        given[ORDERS] or (),
        tuple(Take(one.price, one.contracts, one.share) for one in given[TAKE] or ()),
        given[STOP],
        known_fee(given, ENTRY_FEE, instrument, notes),
        known_fee(given, EXIT_FEE, instrument, notes),
        given[SLIPPAGE] or ZERO,
        given[LEVERAGE],
        given[MARGIN],
        backing.balance,
        rules.schedule,
        rules.closing_fee,
        backing.others,
        backing.ratio,
        backing.together(),
    )


def _row(number: int, state: State, ladder: Ladder) -> Planned:
    known = ladder.schedule is not None and (
        state.margin is not None or (state.contracts > 0 and ladder.together is not None)
    )
    values = {name: value for name, value in state._asdict().items() if name in Planned._fields}
    return Planned(step=Decimal(number), **values).never_where(*(Planned.never if known else ()))


def deaths(steps: Sequence[Planned]) -> list[str]:
    """After which steps the stop comes too late, and which step is not lived to."""
    late = [plain(step.step) for step in steps if step.status == DEAD_AT_STOP]
    dead = [plain(step.step) for step in steps if step.status == DEAD]
    said = [f"liquidated before the stop after step{'s' if len(late) > 1 else ''} {', '.join(late)}"] if late else []
    return [*said, f"liquidated before step {dead[0]}"] if dead else said


def _charts(states: Sequence[State], ladder: Ladder) -> list[Chart]:
    """Liquidation, entry and stop against the steps."""
    steps = [ONE * number for number in range(1, len(states) + 1)]
    curves = [
        Curve("entry", [(step, state.entry_price) for step, state in zip(steps, states, strict=True)], "accent"),
        Curve(
            "liquidation",
            [(step, state.liquidation_price) for step, state in zip(steps, states, strict=True)],
            "danger",
        ),
        Curve("stop", [(step, ladder.stop) for step in steps], "plain"),
    ]
    drawn = [curve for curve in curves if any(y is not None for _, y in curve.points)]
    name = ladder.instrument.name or ladder.instrument.currency
    return [Chart(f"plan of {name}", "step", "price (USD)", drawn, x_places=0, from_zero=False)]


COMMAND = Command(
    "plan",
    "A ladder of orders in, targets out and a stop for the rest. After each step what is held, where it is"
    " liquidated, the profit realised and the loss at the stop.",
    (
        (
            "perpcalc plan --venue bybit --side long --order 10k@62500 --order 5k@58000 --order 5k@54000 --stop 51000"
            " --leverage 5 --chart"
        ),
        (
            "perpcalc plan --venue bybit --side long --order 10k@62500 --take 50%@66000 --take 50%@70000 --stop 60000"
            " --balance 0.5"
        ),
    ),
    (
        SIDE,
        *WHICH_CONTRACT,
        LEVERAGE,
        MARGIN,
        BALANCE,
        *MARGIN_RULES,
        TRADE_PORTFOLIO,
        ACCOUNT,
        ORDERS,
        TAKE,
        STOP,
        ENTRY_FEE,
        EXIT_FEE,
        SLIPPAGE,
        CHART,
        SVG,
        *OUTPUT,
    ),
    Planned,
    answer,
    (
        NEED_SIDE,
        Needed((ORDERS,), "give at least one, as in 10k@62500"),
        *exclusive(LEVERAGE, MARGIN),
        Excludes(BALANCE, (MARGIN, LEVERAGE), "a cross position has the whole balance"),
        *BACKING_RULES,
    ),
    needed=(SIDE, ORDERS),
    shape=ROWS,
)
