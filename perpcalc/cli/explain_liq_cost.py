"""The steps behind an answer of `liq-cost`."""

from perpcalc.cli.case import need_margin
from perpcalc.cli.liq_cost import Loss
from perpcalc.cli.options import Given
from perpcalc.cli.provenance import provenance, rounded
from perpcalc.core.touch import DISCRETE_SHIFT
from perpcalc.decimals import ZERO
from perpcalc.render.report import Row, Step
from perpcalc.render.text import Value


def steps(made: Row, loss: Loss, given: Given) -> list[Step]:
    """How each calculated field of a row came about; fields without a value are left out."""
    case, terms = loss.case, loss.terms
    rounding, margin, position = case.instrument.rounding, need_margin(case), case.opened()
    whole = len(loss.wallet.group_of) > 1
    inputs: dict[str, Value] = {
        "fee_rate": terms.fee,
        "slippage": given.slippage or ZERO,
        "exit_fee": case.instrument.taker_fee or ZERO,
        "equity_left": loss.equity_left,
        "margin": margin.coin,
        "s": case.side,
        "V": position.stored_value,
        "Q": position.notional,
    }
    rule = case.market.rules.get("liquidation", {}) if given.liquidation_fee is None else {}
    share = "its share of the account's, by coin value" if whole else "margin + s * (V - Q / liquidation_price)"
    kept = "the venue keeps what is left" if terms.kept else "what is left is returned"
    shared = "; the account as a whole" if whole else ""
    made_of = [
        Step(
            "liquidation_price",
            "where margin + profit = maintenance margin + closing fees",
            "tier and conventions: see perpcalc liq-price",
        ),
        Step("value_at_liquidation", "notional_usd / liquidation_price", rounded("in coin", rounding.value)),
        Step(
            "liquidation_fee",
            "fee_rate * value_at_liquidation, at most equity_left",
            rounded(f"equity_left = {share}", rounding.fee) + provenance(rule),
            inputs,
        ),
        Step(
            "slippage_cost",
            "slippage * value_at_liquidation, at most equity_left - liquidation_fee",
            "an estimate of yours, not of the venue",
            inputs,
        ),
        Step(
            "margin_forfeited",
            "equity_left - liquidation_fee - slippage_cost" if terms.kept else "0",
            kept + _assumed(loss, given) + provenance(rule),
            inputs,
        ),
        Step(
            "total_cost",
            "liquidation_fee + slippage_cost + margin_forfeited",
            "beyond a close at the liquidation price that costs nothing",
        ),
        Step("total_cost_usd", "total_cost * liquidation_price", "at the liquidation price"),
        Step(
            "margin_lost",
            "1 - (equity_left - total_cost) / margin",
            f"the loss up to the liquidation price included{shared}",
            {} if whole else inputs,
        ),
        Step(
            "equity_after_stop",
            "margin + s * (V - Q / stop_price) - (exit_fee + slippage) * Q / stop_price",
            rounded(f"closed at the stop for the taker fee and the slippage{shared}", rounding.fee),
            {} if whole else inputs,
        ),
        Step(
            "saved_by_stop",
            "equity_after_stop - (equity_left - total_cost)",
            f"against what a liquidation leaves{shared}; 0 where the stop lies beyond it",
            {} if whole else inputs,
        ),
        *touch_steps(given),
        Step("expected_cost_usd", "touch_probability * total_cost_usd", "an estimate, not discounted"),
    ]
    return [step for step in made_of if made.values[step.field] is not None or step.field in made.never]


def touch_steps(given: Given) -> list[Step]:
    """How the probability of a touch came about, where one is asked for."""
    if given.vol is None:
        return []
    shifted = ""
    if given.mark_interval:
        shifted = (
            f"; marks are looked at now and then, so L is moved away by exp({DISCRETE_SHIFT} * vol * sqrt(interval))"
        )
    return [
        Step(
            "touch_probability",
            "N((b + v/2) / sqrt(v)) + (S/L) * N((b - v/2) / sqrt(v)), b = ln(L/S), v = volatility^2 * years",
            "an estimate: geometric Brownian motion without drift from the mark S, else the entry; for an upper L the signs "
            f"inside N are turned, of two ends the sum{shifted}\n"
            "source: reflection principle (arXiv:2505.08100); Broadie, Glasserman, Kou 1997",
            {"volatility": given.vol, "years": given.horizon / (365 * 1440)},
        )
    ]


def _assumed(loss: Loss, given: Given) -> str:
    if given.liquidation_fee is not None:
        return ": a liquidation fee was given"
    if loss.case.instrument.venue is None:
        return ": assumed, since no liquidation fee was given"
    known = "remainder" in loss.case.market.rules.get("liquidation", {})
    return "" if known else ": assumed, since the venue's rule is not known"
