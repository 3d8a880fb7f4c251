"""`perpcalc hedge`: the short that holds the USD value of some coins."""

from collections.abc import Sequence

from perpcalc.cli.case import Market, check_leverage, fee_rate, margin_rules, market_of, price_places
from perpcalc.cli.command import Command
from perpcalc.cli.options import (
    ENTRY_FEE,
    EXACT,
    EXIT_FEE,
    LEVERAGE,
    MARGIN_RULES,
    OUTPUT,
    WHICH_CONTRACT,
    Given,
    Option,
)
from perpcalc.core.hedge import Hedge, HedgePlan, hedge
from perpcalc.decimals import ONE, duration, plain, positive, positive_amount, rate
from perpcalc.errors import PerpcalcError
from perpcalc.render.report import Report, Row, Step

HOLDING = Option("holding", positive_amount, "COIN", "The coins to hedge.")
PRICE = Option("price", positive, "PRICE", "Price to hedge at, USD per coin.")
RATIO = Option("ratio", rate, "RATE", "Share of the coins to hedge; 100% by default.")
RATE = Option("rate", rate, "RATE", "Funding rate per interval; a positive rate is paid to the short.")
INTERVAL = Option("interval", duration, "DURATION", "Time between payments; the venue's by default.")

KINDS = {
    "side": "text",
    "contracts": "count",
    "notional_usd": "usd",
    "residual_delta": "coin",
    "locked_usd": "usd",
    "funding_per_day_usd": "cost_usd",
    "carry_apr": "gain_rate",
    "break_even_days": "count",
    "liquidation_price": "price",
    "reason": "text",
}


def answer(given: Given) -> Report:
    """The hedge of the holding that the options describe."""
    for option in (HOLDING, PRICE):
        if getattr(given, option.name) is None:
            raise PerpcalcError("is missing", "give it").at(option.flag)
    if given.ratio is not None and given.ratio <= 0:
        raise PerpcalcError("is out of range", "give a rate above 0").at(RATIO.flag)
    market = market_of(given)
    check_leverage(market.instrument, given.leverage)
    plan = _plan(given)
    try:
        result = hedge(plan)
    except PerpcalcError as error:
        raise error.at(HOLDING.flag) from None
    steps: Sequence[Step] = ()
    if given.explain:
        from perpcalc.cli.explain_hedge import steps_of

        steps = steps_of(plan, result, market)
    return Report("Hedge", KINDS, [row(market, plan, result, steps)], notes=market.notes)


def _plan(given: Given) -> HedgePlan:
    instrument = market_of(given).instrument
    rule = instrument.funding
    interval = given.interval or (rule.interval if rule else None)
    if given.interval is not None and not given.interval:
        raise PerpcalcError("is out of range", "give a duration above 0").at(INTERVAL.flag)
    if given.rate is not None and interval is None:
        raise PerpcalcError("is missing", "give the time between payments, as in 8h, or a --venue").at(INTERVAL.flag)
    schedule, closing_fee = margin_rules(given, instrument, cross=given.leverage is None)
    return HedgePlan(
        instrument=instrument,
        holding=given.holding,
        price=given.price,
        ratio=given.ratio or ONE,
        rate=given.rate,
        interval=interval,
        rate_interval=rule.rate_interval if rule and given.interval is None else None,
        entry_fee_rate=fee_rate(given.entry_fee, instrument, ENTRY_FEE),
        exit_fee_rate=fee_rate(given.exit_fee, instrument, EXIT_FEE),
        leverage=given.leverage,
        schedule=schedule,
        closing_fee=closing_fee,
    )


def row(market: Market, plan: HedgePlan, result: Hedge, steps: Sequence[Step] = ()) -> Row:
    """The answer."""
    liquidation = result.liquidation
    never = {"liquidation_price"} if liquidation is not None else set()
    if plan.rate is not None:
        never.add("break_even_days")
    return Row(
        {
            "side": "short",
            "contracts": result.contracts,
            "notional_usd": result.notional,
            "residual_delta": result.residual_delta,
            "locked_usd": result.locked_usd,
            "funding_per_day_usd": result.funding_per_day_usd,
            "carry_apr": result.carry_apr,
            "break_even_days": result.break_even_days,
            "liquidation_price": liquidation and liquidation.liquidation_price,
            "reason": _reason(plan, result),
        },
        coin=plan.instrument.currency,
        price_places=price_places(plan.instrument, plan.price),
        coin_places=market.coin_places,
        never=frozenset(never),
        steps=steps,
    )


def _reason(plan: HedgePlan, result: Hedge) -> str | None:
    reasons = []
    if plan.ratio > 1:
        reasons.append(
            f"over-hedged: short by {plain(round(-result.residual_delta, 8))} {plan.instrument.currency} more than is held"
        )
    if result.break_even_days is None and plan.rate is not None:
        paid = "the short pays funding" if result.funding_per_day_usd else "no funding is paid or received"
        reasons.append(f"{paid} at this rate, so its fees are never earned back")
    if plan.rate is None:
        reasons.append("funding is not known: give --rate")
    if result.liquidation is None:
        reasons.append("the liquidation price is not known: give --mmr")
    elif result.liquidation.reason is not None:
        reasons.append(result.liquidation.reason)
    return "; ".join(reasons) or None


COMMAND = Command(
    "hedge",
    "How many contracts to short against coins: what it locks in, what funding earns or costs, when the fees are earned back, and whether it can be liquidated.",
    "perpcalc hedge --venue bybit --holding 2 --price 62500 --rate 0.01%",
    (
        HOLDING, PRICE, RATIO, RATE, INTERVAL, LEVERAGE, ENTRY_FEE, EXIT_FEE, *WHICH_CONTRACT, *MARGIN_RULES, EXACT, *OUTPUT,
    ),
    answer,
)  # fmt: skip
