"""The steps behind an answer of `size`."""

from decimal import Decimal

from perpcalc.cli.case import Market
from perpcalc.cli.options import Given
from perpcalc.cli.provenance import provenance, rounded
from perpcalc.core.planned import Plan
from perpcalc.decimals import plain
from perpcalc.render.report import Row, Step
from perpcalc.render.text import Value

COSTS = "entry_fee_rate / entry_price + (exit_fee_rate + slippage) / stop_price"


def steps(made: Row, market: Market, plan: Plan, given: Given) -> list[Step]:
    """How each calculated field of a row came about; fields without a value are left out."""
    instrument, rounding = market.instrument, market.instrument.rounding
    highest = plan.max_leverage or instrument.max_leverage
    inputs: dict[str, Value] = {
        "s": plan.side,
        "entry_fee_rate": plan.entry_fee_rate,
        "exit_fee_rate": plan.exit_fee_rate,
        "slippage": plan.slippage,
        "balance": plan.balance,
        "max_leverage": highest,
        "isolated_leverage": plan.leverage,
        "buffer": plan.buffer,
        "max_order": instrument.max_order,
        "risk_usd": given.risk_usd,
        "rate": given.risk,
        "target": given.target,
    }
    fees = rounded("what a close at the stop costs, the opening included", rounding.fee)
    of_rates = provenance(market.rules.get("fees")) if given.entry_fee is None or given.exit_fee is None else ""
    value = rounded("the coin value at the entry", rounding.value)
    price_source = provenance(market.rules.get("margin")) if given.mmr is None else ""
    margin = "cross: the whole balance" if plan.leverage is None else rounded("isolated", rounding.margin)
    made_of = [
        Step("risk", *_risk(given), inputs),
        Step("contracts", *_contracts(str(made.values["binding"]), plan), inputs),
        Step("position_value", "notional_usd / entry_price", value),
        Step("fees", "position_value * entry_fee_rate + notional_usd / stop_price * (exit_fee_rate + slippage)", fees + of_rates, inputs),
        Step("loss_at_stop", "s * (notional_usd / stop_price - position_value) + fees", "", inputs),
        Step("loss_at_stop_usd", "loss_at_stop * stop_price", "at the stop"),
        Step("leverage", "position_value / balance", "", inputs),
        Step(
            "max_safe_leverage",
            "V / (maintenance + closing fee - profit), all at stop_price * (1 - s * buffer)",
            f"isolated, liquidation then comes just beyond the stop; at most the contract's largest{price_source}",
            inputs,
        ),
        Step("margin", "balance" if plan.leverage is None else "position_value / isolated_leverage", margin, inputs),
        Step("liquidation_price", "where the equity is down to the maintenance", "tier and conventions: perpcalc liq-price --explain"),
        Step("reward_risk", "(profit at target - costs) / loss_at_stop", "costs are the fees of the entry and of an exit at the target", inputs),
    ]  # fmt: skip
    return [step for step in made_of if made.values[step.field] is not None or step.field in made.never]


def _risk(given: Given) -> tuple[str, str]:
    if given.risk_coin is not None:
        return "as given", ""
    if given.risk_usd is not None:
        return "risk_usd / stop_price", "USD are valued at the stop"
    return "rate * balance", "a share of the balance"


def _contracts(binding: str, plan: Plan) -> tuple[str, str]:
    """What the binding constraint allows, and how it is rounded."""
    lot = plan.instrument.lot
    lots = "whole contracts" if lot == Decimal(1) else f"lots of {plain(lot)} contracts"
    formulas = {
        "risk": f"risk / (s * (1 / stop_price - 1 / entry_price) + {COSTS}) / contract_size",
        "leverage": "max_leverage * balance * entry_price / contract_size",
        "balance": f"balance / (1 / (entry_price * isolated_leverage) + {COSTS}) / contract_size",
        "liquidation": "the most whose liquidation_price lies beyond stop_price * (1 - s * buffer)",
        "venue": "max_order",
    }
    return formulas[
        binding
    ], f"the smallest of what risk, leverage, balance, liquidation and venue allow; rounded down to {lots}"
