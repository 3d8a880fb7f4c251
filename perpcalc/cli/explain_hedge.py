"""How each figure of `perpcalc hedge` comes about."""

from perpcalc.cli.case import Case, Market
from perpcalc.cli.explain_liq_price import price_step
from perpcalc.cli.provenance import provenance
from perpcalc.core.hedge import Hedge, HedgePlan
from perpcalc.core.margin import Margin, isolated_margin
from perpcalc.core.position import SHORT, open_at
from perpcalc.decimals import plain
from perpcalc.render.report import Step


def steps_of(plan: HedgePlan, result: Hedge, market: Market) -> list[Step]:
    """The steps of a hedge, of what is known of it."""
    instrument = plan.instrument
    inputs = {
        "holding": plan.holding,
        "ratio": plan.ratio,
        "price": plan.price,
        "contract_size": instrument.contract_size,
        "lot": instrument.lot,
        "entry_fee_usd": result.notional - result.locked_usd,
        "fees_usd": result.fees_usd,
        "rate": plan.rate,
        "interval_hours": None if plan.interval is None else plan.interval / 60,
    }
    steps = [
        Step("contracts", "holding * ratio * price / contract_size", f"rounded down to lots of {plain(instrument.lot)}", inputs),
        Step("notional_usd", "contracts * contract_size", "the USD that the short and its coins are worth at every price", inputs),
        Step("residual_delta", "holding - notional_usd / price", "coins left exposed; negative when more is short than held", inputs),
        Step("locked_usd", "notional_usd - entry_fee_usd", "the fee of opening the short, in USD at the price", inputs),
    ]  # fmt: skip
    if result.funding_per_day_usd is not None:
        steps += [
            Step("funding_per_day_usd", "-rate * notional_usd * 24 / interval_hours", "a cost: negative when the short receives it; each payment as the venue rounds it in coin", inputs),
            Step("carry_apr", "-365 * funding_per_day_usd / (holding * price)", "income per year on the USD value of the holding, not compounded", inputs),
        ]  # fmt: skip
        if result.break_even_days is not None:
            steps.append(Step("break_even_days", "fees_usd / -funding_per_day_usd", "opening and closing fee at the price, earned back by funding", inputs))  # fmt: skip
    if result.liquidation is not None:
        margin = (
            "the whole holding is the margin" if plan.leverage is None else "isolated margin = coin value / leverage"
        )
        found = price_step(_short(plan, result, market))
        told = f"{margin}\n{found.why}" + provenance(
            market.rules.get("margin") if plan.schedule is instrument.schedule else None
        )
        steps.append(found._replace(why=told))
    return steps


def _short(plan: HedgePlan, result: Hedge, market: Market) -> Case:
    """The short of a hedge and what stands behind it."""
    position = open_at(plan.instrument, SHORT, result.contracts, plan.price)
    margin = Margin("cross", plan.holding, plan.holding)
    if plan.leverage is not None:
        margin = isolated_margin(position, plan.leverage)
    return Case(
        market, SHORT, result.contracts, position, margin, plan.schedule, plan.closing_fee, funding_rate=plan.rate
    )
