"""The steps behind a row of `check`."""

from perpcalc.core.limits import Verdict
from perpcalc.render.report import Step

MEASURES = {
    "max_leverage": ("sum(Q / mark) / equity at the mark", "of the whole account where it is cross, else of the position and its margin"),
    "min_liquidation_distance": ("|liquidation_price - mark| / mark", "0 where it is passed already, never where no price liquidates"),
    "max_loss_at_stop": ("-net_pnl at the stop / balance", "both fees included, funding left out; the balance of the account, else the margin"),
    "max_funding_per_day": ("s * rate * Q / mark * 24h / interval / balance", "negative when received; the balance of the account, else the margin"),
    "stop_before_liquidation": ("stop > liquidation_below (long), stop < liquidation_above (short)", "true too where liquidation never comes"),
    "require_stop": ("there is a stop below the price (long), above it (short)", ""),
    "max_notional_usd": ("contracts * contract_size", ""),
    "max_touch_probability": ("P(liquidation within the horizon)", "an estimate: a price without drift, in lognormal steps; see perpcalc liq-price --explain"),
}  # fmt: skip


def steps(verdict: Verdict) -> list[Step]:
    """What the value is, and how it was judged."""
    formula, why = MEASURES[verdict.rule]
    least = verdict.rule.startswith("min_")
    judged = "value" if isinstance(verdict.limit, bool) else "value >= limit" if least else "value <= limit"
    return [
        Step("value", formula, why),
        Step("status", judged, "fails where there is no value to compare, unless it is never"),
    ]
