"""The steps behind an answer of `funding-cost`."""

from decimal import Decimal

from perpcalc.cli.case import Case
from perpcalc.cli.funding_cost import Charge
from perpcalc.cli.options import Given
from perpcalc.cli.provenance import provenance, rounded
from perpcalc.decimals import plain
from perpcalc.render.report import Row, Step
from perpcalc.render.text import Value


def steps(made: Row, case: Case, charge: Charge, given: Given) -> list[Step]:
    """How each calculated field of a row came about; fields without a value are left out."""
    rounding = case.instrument.rounding
    inputs: dict[str, Value] = {"s": case.side}
    if case.margin is not None:
        inputs["margin"] = case.margin.coin
    if charge.rate_interval is not None:
        inputs["rate_hours"] = charge.rate_interval / 60
    made_of = [
        Step("position_value", "notional_usd / mark_price", rounded("the coin value at the mark", rounding.value)),
        *_rate_steps(case, charge, given),
        *_payment_steps(case, charge, given),
        Step("total_usd", "total * mark_price", "at the mark shown"),
        Step("apr", "s * rate * 8760 / rate_hours", "simple, a year of 365 days; negative when received", inputs),
        Step("apy", "(1 + s * rate)^(8760 / rate_hours) - 1", "compounded over every such time", inputs),
        Step("margin_share", "total / margin", "the margin, or the balance of a cross account", inputs),
        Step(
            "liquidation_price",
            "where margin + profit = maintenance margin + closing fees",
            f"before the funding; tier and conventions: see perpcalc liq-price{_adverse(case)}",
        ),
        Step(
            "liquidation_price_after",
            "where margin - funding + profit = maintenance margin + closing fees",
            "funding is the total; from the balance of an account all its positions are paid",
        ),
        Step(
            "intervals_to_liquidation",
            "(margin + profit at the mark - maintenance margin - closing fees) / payment",
            "an estimate: at this mark and this rate until the end; from an account all its positions are paid; "
            + ("fractions count" if _continuous(case) else "rounded up to whole payments"),
        ),
    ]
    return [step for step in made_of if made.values[step.field] is not None or step.field in made.never]


def _rate_steps(case: Case, charge: Charge, given: Given) -> list[Step]:
    rule, source = case.instrument.funding, provenance(case.market.rules.get("funding", {}))
    if given.history is not None:
        return [Step("rate", "mean of the rates of the file", "each payment is charged at its own rate and mark")]
    if charge.premium is None:
        return [Step("rate", "as given", "per interval; a positive rate is paid by longs")]
    if given.premium_samples is not None:
        linear = rule is not None and rule.averaging == "linear"
        average = Step(
            "premium",
            "sum(i * P_i) / (n * (n + 1) / 2)" if linear else "sum(P_i) / n",
            "linearly weighted, the last sample heaviest" if linear else "the mean of equally spaced samples",
        )
    elif given.premium is not None:
        average = Step("premium", "as given", "the average over the interval")
    else:
        average = Step("premium", "(mark_price - index) / index", "of this moment", {"index": given.index})
    if rule is None:
        return [average, Step("rate", "premium", "no venue's rule is known: the premium itself")]
    hours = rule.interval if rule.continuous or charge.interval is None else charge.interval
    inputs: dict[str, Value] = {
        "divisor": rule.divisor,
        "interest": rule.interest_per_day * hours / 1440,
        "damper": rule.damper,
    }
    cap = "no cap is known" if rule.cap is None else f"then at most {plain(rule.cap * 100)}% to either side"
    formula = "premium / divisor + clamp(interest - premium / divisor, -damper, damper)"
    if rule.continuous and rule.averaging is None and given.premium_samples is not None:
        formula = f"mean of {formula} over the samples"
    why = rounded(f"interest per interval; {cap}", case.instrument.rounding.funding_rate)
    return [average, Step("rate", formula, why + source, inputs)]


def _payment_steps(case: Case, charge: Charge, given: Given) -> list[Step]:
    rule, rounding = case.instrument.funding, case.instrument.rounding
    source = provenance(case.market.rules.get("funding", {})) if charge.premium is None else ""
    periods = Decimal(1)
    if charge.interval and charge.rate_interval:
        periods = charge.interval / charge.rate_interval
    inputs: dict[str, Value] = {"s": case.side, "periods": periods, "index": given.index or charge.mark}
    if rule is not None and rule.coin_rate:
        formula = "s * rate / index * periods * notional_usd"
        what = rounded("the rate in coin per USD is rounded first", rounding.coin_rate)
    else:
        formula, what = "s * position_value * rate * periods", "positive when paid"
    steps = [Step("payment", formula, rounded(what, rounding.funding) + source, inputs)]
    if given.history is not None:
        formula, why = (
            f"sum of {formula} over the payments of the file",
            rounded("positive when paid", rounding.funding),
        )
        return [
            Step("total", formula.replace("position_value", "notional_usd / mark_i"), why + source, {"s": case.side})
        ]
    held = "fractions of an interval count" if _continuous(case) else "whole payments only"
    steps.append(Step("intervals", "time held / interval", held))
    return [*steps, Step("total", "payment * intervals", "positive when paid, negative when received")]


def _continuous(case: Case) -> bool:
    return case.instrument.funding is not None and case.instrument.funding.continuous


def _adverse(case: Case) -> str:
    adverse = case.schedule is not None and case.schedule.adverse_funding
    return "; a rate against the position adds to its maintenance rate" if adverse else ""
