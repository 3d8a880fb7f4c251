"""`perpcalc liq-cost`: what being liquidated costs, against a stop before it."""

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.cli.case import IDENTITY, Case, case_of, is_portfolio, need_margin, price_places
from perpcalc.cli.command import Command
from perpcalc.cli.liq_price import check_touch, touch_probability
from perpcalc.cli.options import EXACT, OUTPUT, PORTFOLIO, POSITION, TOUCH, Given, Option
from perpcalc.core.liquidation import Liquidation, ends, liquidation
from perpcalc.core.liquidation_cost import (
    LiquidationCost,
    equity_after_stop,
    equity_at,
    liquidation_cost,
    margin_lost,
    share_of,
)
from perpcalc.core.rules import Terms
from perpcalc.core.wallet import Holding, Wallet, wallet_of
from perpcalc.decimals import ONE, ZERO, plain, positive, rate_from_zero
from perpcalc.errors import PerpcalcError
from perpcalc.render.report import Report, Row

if TYPE_CHECKING:
    from perpcalc.cli.positions import Held, Shared

SLIPPAGE = Option("slippage", rate_from_zero, "RATE", "Slippage as a rate on the coin value at the exit; an estimate.")
LIQUIDATION_FEE = Option(
    "liquidation_fee",
    rate_from_zero,
    "RATE",
    "Liquidation fee on the value there; what is left of the margin is returned.",
)
STOP = Option("stop", positive, "PRICE", "A stop before liquidation, to compare with.")

KINDS = {
    **IDENTITY,
    "liquidation_price": "price",
    "bankruptcy_price": "price",
    "value_at_liquidation": "coin",
    "liquidation_fee": "coin",
    "slippage_cost": "coin",
    "margin_forfeited": "coin",
    "total_cost": "coin",
    "total_cost_usd": "usd",
    "margin_lost": "rate",
    "stop_price": "price",
    "equity_after_stop": "coin",
    "saved_by_stop": "gain",
    "touch_probability": "rate",
    "expected_cost_usd": "usd",
    "reason": "text",
}
HEADLINE = (
    "name",
    "account",
    "instrument",
    "side",
    "contracts",
    "liquidation_price",
    "total_cost",
    "total_cost_usd",
    "margin_lost",
    "stop_price",
    "saved_by_stop",
    "touch_probability",
    "expected_cost_usd",
    "reason",
)


class Loss(NamedTuple):
    """What one position stands to lose.

    `equity_left` is its share of the equity of `wallet` at the liquidation price; both are None where it is never liquidated.
    """

    case: Case
    wallet: Wallet
    holding: Holding
    terms: Terms
    result: Liquidation
    equity_left: Decimal | None
    cost: LiquidationCost | None


def answer(given: Given) -> Report:
    """What a liquidation costs the position that the options describe."""
    check_touch(given)
    if is_portfolio(given):
        return _of_portfolio(given)
    case = case_of(given)
    case.opened()
    need_margin(case)
    notes = list(case.notes)
    loss = _own_loss(case, given, notes)
    return Report("Liquidation cost", KINDS, [_own_row(loss, given)], notes=notes)


def _of_portfolio(given: Given) -> Report:
    from perpcalc.cli.funding_cost import check_one_coin
    from perpcalc.cli.positions import held_positions, in_file, notes_of, totals, wallets

    portfolio, held = held_positions(given)
    check_one_coin(given, STOP, held)
    notes = notes_of(held)
    rows: dict[int, Row] = {}
    for wallet in wallets(portfolio, held, given.portfolio):
        rows.update(_rows_of_wallet(wallet, held, given, notes))
    for index, one in enumerate(held):
        if index not in rows:
            try:
                one.case.opened()
                need_margin(one.case)
                loss = _own_loss(one.case, given, notes)
            except PerpcalcError as error:
                raise in_file(error, one.where, given.portfolio) from None
            rows[index] = _own_row(loss, given)
    done = [rows[index] for index in range(len(held))]
    sums = totals(done, {"total_cost": "coin", "total_cost_usd": "usd", "expected_cost_usd": "usd"})
    return Report(
        "Liquidation cost",
        KINDS,
        done,
        one=False,
        headline=HEADLINE,
        totals=sums,
        notes=list(dict.fromkeys(notes)),
    )


def _rows_of_wallet(wallet: "Shared", held: "list[Held]", given: Given, notes: list[str]) -> dict[int, Row]:
    """The positions of a cross account, which is liquidated as a whole: each with its share of the equity left."""
    of_wallet = ends(wallet.account, wallet.holdings[0])
    usd = sum((holding.position.notional / holding.ratio for holding in wallet.holdings), ZERO)
    losses = []
    for place, (index, holding) in enumerate(zip(wallet.members, wallet.holdings, strict=True)):
        case = held[index].case
        result = liquidation(wallet.account, place, holding, case.mark, of_wallet=of_wallet)
        losses.append(_loss(case, wallet.account, holding, result, share_of(holding, usd), given, notes))
    whole = sum((loss.cost.total_cost for loss in losses if loss.cost is not None), ZERO)
    return {index: row(loss, whole, given) for index, loss in zip(wallet.members, losses, strict=True)}


def _own_row(loss: Loss, given: Given) -> Row:
    return row(loss, ZERO if loss.cost is None else loss.cost.total_cost, given)


def _own_loss(case: Case, given: Given, notes: list[str]) -> Loss:
    """What a position stands to lose on its own margin."""
    holding = case.holding()
    wallet = wallet_of(need_margin(case).usable, [holding])
    result = liquidation(wallet, 0, holding, case.mark, by_mark=False)
    return _loss(case, wallet, holding, result, ONE, given, notes)


def _loss(
    case: Case,
    wallet: Wallet,
    holding: Holding,
    result: Liquidation,
    share: Decimal,
    given: Given,
    notes: list[str],
) -> Loss:
    terms = terms_of(case, given, notes)
    price = result.liquidation_price
    if price is None:
        return Loss(case, wallet, holding, terms, result, None, None)
    left = equity_at(wallet, holding, need_margin(case).coin, price) * share
    cost = liquidation_cost(case.opened(), price, left, terms, given.slippage or ZERO)
    return Loss(case, wallet, holding, terms, result, left, cost)


def terms_of(case: Case, given: Given, notes: list[str]) -> Terms:
    """How the position is liquidated: as the options say, as the venue does, else all of the margin is kept."""
    if given.liquidation_fee is not None:
        return Terms(given.liquidation_fee, kept=False)
    rule = case.market.rules.get("liquidation", {})
    venue = case.instrument.venue
    if venue is not None and "remainder" not in rule:
        notes.append(
            f"{venue}: what happens to the margin left at a liquidation is not known: taken as kept; "
            "--liquidation-fee returns it"
        )
    return Terms(case.instrument.liquidation_fee or ZERO, rule.get("remainder", "kept") == "kept")


def row(loss: Loss, whole: Decimal, given: Given) -> Row:
    """The answer for one position; `whole` is what the liquidation of its wallet costs, all positions together."""
    case, result, cost = loss.case, loss.result, loss.cost
    instrument, position, margin = case.instrument, case.opened(), need_margin(case)
    price, stop = result.liquidation_price, given.stop or case.stop
    touched = touch_probability(given, result, case.mark or position.entry_price)
    left = None if price is None else equity_at(loss.wallet, loss.holding, margin.coin, price)
    after: Decimal | None = None
    if stop is not None and not _beyond(result, stop):
        at_stop = equity_at(loss.wallet, loss.holding, margin.coin, stop)
        after = equity_after_stop(position, at_stop, stop, instrument.taker_fee or ZERO, given.slippage or ZERO)
    saved: Decimal | None = None
    if stop is not None and left is not None:
        saved = ZERO if after is None else after - (left - whole)
    expected: Decimal | None = None
    if touched is not None:
        expected = touched * cost.total_cost_usd if cost is not None else ZERO
    made = Row(
        {
            **case.identity(),
            "liquidation_price": price,
            "bankruptcy_price": result.bankruptcy_price,
            "value_at_liquidation": cost and cost.value_at_liquidation,
            "liquidation_fee": cost and cost.liquidation_fee,
            "slippage_cost": cost and cost.slippage_cost,
            "margin_forfeited": cost and cost.margin_forfeited,
            "total_cost": cost and cost.total_cost,
            "total_cost_usd": cost and cost.total_cost_usd,
            "margin_lost": None if left is None else margin_lost(margin.coin, left, whole),
            "stop_price": stop,
            "equity_after_stop": after,
            "saved_by_stop": saved,
            "touch_probability": touched,
            "expected_cost_usd": expected,
            "reason": _reason(loss, stop, given),
        },
        coin=instrument.currency,
        price_places=price_places(instrument, position.entry_price, price),
        coin_places=case.market.coin_places,
        never=frozenset({"liquidation_price", "bankruptcy_price"}),
    )
    if not given.explain:
        return made
    from perpcalc.cli.explain_liq_cost import steps

    return made._replace(steps=steps(made, loss, given))


def _beyond(result: Liquidation, stop: Decimal) -> bool:
    """Whether the position is liquidated before the stop is reached."""
    below, above = result.liquidation_below, result.liquidation_above
    return (below is not None and stop <= below) or (above is not None and stop >= above)


def _reason(loss: Loss, stop: Decimal | None, given: Given) -> str | None:
    result, cost = loss.result, loss.cost
    reasons = []
    if stop is not None and _beyond(result, stop) and result.liquidation_price is not None:
        price = round(result.liquidation_price, price_places(loss.case.instrument, stop))
        reasons.append(
            f"STOP BEYOND LIQUIDATION: the position is liquidated at {plain(price)}, before the stop at {plain(stop)} is reached"
        )
    if result.reason is not None:
        reasons.append(result.reason)
    if cost is not None and not loss.terms.kept and cost.total_cost == loss.equity_left:
        share = plain((loss.terms.fee + (given.slippage or ZERO)) * 100)
        reasons.append(f"fee and slippage of {share}% take all of the equity left")
    return "; ".join(reasons) or None


COMMAND = Command(
    "liq-cost",
    "What being liquidated costs: fee, slippage and the margin the venue keeps, against a stop before it; with --vol and --horizon "
    "an estimate of the probability (geometric Brownian motion without drift) and of the expected cost.",
    "perpcalc liq-cost --venue bybit --side long -n 10k --entry 62500 --leverage 10 --stop 58000 --vol 60% --horizon 7d",
    (*POSITION, PORTFOLIO, SLIPPAGE, LIQUIDATION_FEE, STOP, *TOUCH, EXACT, *OUTPUT),
    answer,
)
