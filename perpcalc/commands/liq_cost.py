"""`perpcalc liq-cost`: what being liquidated costs, against a stop before it."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from perpcalc.answer import Answer, Coin, Gain, Identified, Price, Rate, Sentence, Told, Usd
from perpcalc.commands.carriers import Standing
from perpcalc.commands.case import NEED_ENTRY, NEED_MARGIN, NEED_SIDE, NEED_SIZE, Case, Shared
from perpcalc.commands.closing import Closing, closing_into, read_book
from perpcalc.commands.command import Command
from perpcalc.commands.positions import Asked, Remarks, by_position, summed_up, unless_alone
from perpcalc.commands.touching import touch_probability
from perpcalc.core.liquidation import Liquidation, liquidated_at
from perpcalc.core.liquidation_cost import (
    LiquidationCost,
    equity_after_stop,
    equity_at,
    liquidation_cost,
    margin_lost,
    share_of,
)
from perpcalc.core.rules import Terms
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import PerpcalcError, Words
from perpcalc.given import Excludes, Given, Needs
from perpcalc.options import (
    BOOK,
    CONTRACTS,
    DEPTH_FACTOR,
    ENTRY,
    EXPLAIN,
    LEVERAGE,
    LIQUIDATION_FEE,
    MARK,
    OUTPUT,
    PORTFOLIO,
    POSITION,
    POSITION_RULES,
    SIDE,
    SLIPPAGE,
    STOP,
    TOTAL,
    TOUCH,
    TOUCH_RULES,
)


class LiqCost(Identified):
    """What a liquidation costs, in coin where no unit is named."""

    title = "Liquidation cost"
    whys = {
        "liquidation_price": (
            "where equity = maintenance margin + closing fees; tier and conventions: see perpcalc liq-price"
        ),
        "liquidation_fee": "at most the equity left there; of an account the position's share, by coin value",
        "slippage_cost": "an estimate of yours or of the book's, not of the venue; at most what the fee leaves",
        "margin_forfeited": "what is left where the venue keeps it, else nothing",
        "total_cost": "beyond a close at the liquidation price that costs nothing",
        "total_cost_usd": "at the liquidation price",
        "margin_lost": "the loss up to the liquidation price included; of the whole account where it is cross",
        "equity_after_stop": "closed at the stop for the taker fee and the slippage",
        "saved_by_stop": "against what a liquidation leaves; 0 where the stop lies beyond it",
        "touch_probability": (
            "an estimate: geometric Brownian motion without drift from the mark S, else the entry; for an upper L "
            "the signs inside N are turned, of two ends the sum"
        ),
        "expected_cost_usd": "an estimate, not discounted",
    }
    columns = (
        "name",
        "side",
        "total_cost",
        "total_cost_usd",
        "liquidation_price",
        "saved_by_stop",
        "margin_lost",
        "stop_price",
        "touch_probability",
        "expected_cost_usd",
        "contracts",
        "account",
        "instrument",
    )
    never = frozenset({"liquidation_price", "bankruptcy_price"})
    sums = ("total_cost", "total_cost_usd", "expected_cost_usd")

    liquidation_price: Price | None
    bankruptcy_price: Price | None
    value_at_liquidation: Coin | None
    liquidation_fee: Coin | None
    slippage_cost: Coin | None
    margin_forfeited: Coin | None
    total_cost: Coin | None
    total_cost_usd: Usd | None
    margin_lost: Rate | None
    stop_price: Price | None
    equity_after_stop: Coin | None
    saved_by_stop: Gain | None
    touch_probability: Rate | None
    expected_cost_usd: Usd | None
    reason: str | None

    def sentence(self) -> Sentence:
        """What a liquidation costs, and what the stop would save."""
        if self.total_cost is None:
            return (self.reason or "",) if self.liquidation_price is None else ()
        said: Sentence = ("a liquidation costs ", Told("total_cost"), " (", Told("total_cost_usd"), ")")
        if self.saved_by_stop:
            verb, more = ("saves", "") if self.saved_by_stop > 0 else ("loses", " more")
            said += (f"; the stop {verb} ", Told("saved_by_stop", size=True), more)
        return said

    @classmethod
    def summary(cls, rows: Sequence[Answer], sums: Sequence[Answer] = ()) -> Sentence:
        """What the liquidations of all would cost."""
        together = summed_up(rows, sums, "total_cost", "total_cost_usd")
        return together and ("liquidations cost ", *together)


class Loss(NamedTuple):
    """What one position stands to lose.

    `equity_left` is its share of the equity of its wallet at the liquidation price; it and the cost are None where it
    is never liquidated, the cost also where the book is too thin to tell.
    """

    case: Case
    given: Given
    standing: Standing
    found: Liquidation
    terms: Terms
    closing: Closing
    equity_left: Decimal | None
    cost: LiquidationCost | None


def answers(asked: Iterable[Asked], said: Remarks) -> list[list[LiqCost]]:
    """What a liquidation costs each position; an account is liquidated as a whole, each takes its share of what is
    left.
    """
    positions = tuple(asked)
    losses: list[Loss | str] = []
    whole: dict[int, Decimal] = {}
    book = read_book(positions[0].given, said.notes) if positions else None
    for case, given in positions:
        reasons: list[str] = []
        standing = unless_alone(case, partial(_wallet, case), reasons)
        if standing is None:
            losses.append(reasons[0])
            continue
        try:
            loss = _loss(case, given, standing, closing_into(book, case, given), said.notes)
        except PerpcalcError as error:
            raise case.placed(error) from None
        losses.append(loss)
        if loss.cost is not None:
            key = id(case.shared or case)
            whole[key] = whole.get(key, ZERO) + loss.cost.total_cost
    made = []
    for (case, _), found in zip(positions, losses, strict=True):
        total = whole.get(id(case.shared or case), ZERO)
        answer = _unknown(case, found) if isinstance(found, str) else _row(found, total)
        made.append([answer])
    return made


def _wallet(case: Case) -> Standing:
    """The wallet that is liquidated; raises PerpcalcError where the position has no entry, or none of one coin stands
    behind it.
    """
    case.opened()
    if not case.is_unified:
        case.margined()
    return case.in_wallet("ask liq-price where it falls, stress what is left of it")


def _loss(case: Case, given: Given, standing: Standing, closing: Closing, notes: list[Words]) -> Loss:
    found, terms = standing.liquidation(case.mark), _terms(case, given, notes)
    price = found.liquidation_price
    if price is None:
        return Loss(case, given, standing, found, terms, closing, None, None)
    share = ONE
    if isinstance(case.shared, Shared):
        share = share_of(standing.holding, case.shared.usd)
    left = equity_at(standing.wallet, standing.holding, case.margined().coin, price) * share
    cost = liquidation_cost(case.opened(), price, left, terms, closing.slippage)
    return Loss(case, given, standing, found, terms, closing, left, cost)


def _terms(case: Case, given: Given, notes: list[Words]) -> Terms:
    """How the position is liquidated: as the options say, as the venue does, else all of the margin is kept."""
    if (fee := given[LIQUIDATION_FEE]) is not None:
        return Terms(fee, kept=False)
    rule, venue = case.market.rules.get("liquidation", {}), case.instrument.venue
    if venue is not None and "remainder" not in rule:
        unknown_rest = f"{venue}: what happens to the margin left at a liquidation is not known: taken as kept; "
        notes.append((unknown_rest, LIQUIDATION_FEE.key, " returns it"))
    return Terms(case.instrument.liquidation_fee or ZERO, rule.get("remainder", "kept") == "kept")


def _row(loss: Loss, whole: Decimal) -> LiqCost:
    """The answer for one position; `whole` is what the liquidation of its wallet costs, all positions together."""
    case, found, cost, given = loss.case, loss.found, loss.cost, loss.given
    position, margin = case.opened(), case.margined()
    price, stop = found.liquidation_price, given[STOP]
    touched = touch_probability(given, found, case.mark or position.entry_price)
    left = None if price is None else equity_at(loss.standing.wallet, loss.standing.holding, margin.coin, price)
    after: Decimal | None = None
    if stop is not None and not liquidated_at(found, stop):
        at_stop = equity_at(loss.standing.wallet, loss.standing.holding, margin.coin, stop)
        after = equity_after_stop(position, at_stop, stop, case.instrument.taker_fee or ZERO, loss.closing.slippage)
    saved: Decimal | None = None
    if stop is not None and left is not None:
        saved = ZERO if after is None else after - (left - whole)
    expected: Decimal | None = None
    if touched is not None:
        expected = touched * cost.total_cost_usd if cost is not None else ZERO
    thin = loss.closing.unfilled is not None
    made = LiqCost(
        **case.identity(),
        liquidation_price=price,
        bankruptcy_price=found.bankruptcy_price,
        value_at_liquidation=cost and cost.value_at_liquidation,
        liquidation_fee=cost and cost.liquidation_fee,
        slippage_cost=None if thin else cost and cost.slippage_cost,
        margin_forfeited=cost and cost.margin_forfeited,
        total_cost=None if thin else cost and cost.total_cost,
        total_cost_usd=None if thin else cost and cost.total_cost_usd,
        margin_lost=None if left is None or thin else margin_lost(margin.coin, left, whole),
        stop_price=stop,
        equity_after_stop=after,
        saved_by_stop=saved,
        touch_probability=touched,
        expected_cost_usd=None if thin else expected,
        reason=_reason(loss, stop),
    )
    if EXPLAIN in given:
        from perpcalc.commands.tracing import with_touch

        return with_touch(made, given, found, case.mark or position.entry_price)
    return made


def _unknown(case: Case, reason: str) -> LiqCost:
    return LiqCost.knowing(**case.identity(), stop_price=case.stop, reason=reason).never_where()


def _reason(loss: Loss, stop: Decimal | None) -> str | None:
    found, cost = loss.found, loss.cost
    reasons = []
    if stop is not None and liquidated_at(found, stop) and found.liquidation_price is not None:
        price = round(found.liquidation_price, loss.case.market.price_places(stop))
        reasons.append(
            f"STOP BEYOND LIQUIDATION: the position is liquidated at {plain(price)}, before the stop at {plain(stop)}"
            " is reached"
        )
    if found.reason is not None:
        reasons.append(found.reason)
    if loss.closing.unfilled is not None:
        reasons.append(
            f"the book is too thin: {plain(loss.closing.unfilled)} contracts stay unfilled, what they cost is not known"
        )
    elif cost is not None and not loss.terms.kept and cost.total_cost == loss.equity_left:
        share = plain((loss.terms.fee + loss.closing.slippage) * 100)
        reasons.append(f"fee and slippage of {share}% take all of the equity left")
    return "; ".join(reasons) or None


COMMAND = Command(
    "liq-cost",
    "What being liquidated costs, against a stop before it. Fee, slippage and the margin the venue keeps; with --vol"
    " and --horizon an estimate of the probability (geometric Brownian motion without drift) and of the expected"
    " cost.",
    (
        (
            "perpcalc liq-cost --venue bybit --side long -n 10k --entry 62500 --leverage 10 --stop 58000 --vol 60%"
            " --horizon 7d"
        ),
        (
            "perpcalc liq-cost --venue bybit --side long -n 10k --entry 62500 --leverage 10 --book book.json"
            " --depth-factor 50%"
        ),
    ),
    (*POSITION, PORTFOLIO, MARK, SLIPPAGE, BOOK, DEPTH_FACTOR, LIQUIDATION_FEE, STOP, *TOUCH, *OUTPUT, TOTAL),
    LiqCost,
    by_position(
        LiqCost,
        answers,
        needs=(NEED_SIDE, NEED_SIZE, NEED_ENTRY, NEED_MARGIN),
        prices=(MARK, STOP, BOOK),
    ),
    (
        *POSITION_RULES,
        *TOUCH_RULES,
        Excludes(BOOK, (SLIPPAGE,), "the book says how far the price slips"),
        Needs(DEPTH_FACTOR, (BOOK,), "it is the share of each of its levels that counts"),
    ),
    needed=(SIDE, CONTRACTS, ENTRY, LEVERAGE),
)
