"""The steps behind a row of `check`."""

from collections.abc import Callable, Mapping

from perpcalc.cli.check import Subject, collateral_of, intervals
from perpcalc.core.limits import UNKNOWN, Limits, Verdict
from perpcalc.core.pnl import profit_and_loss
from perpcalc.decimals import ONE, ZERO
from perpcalc.render.report import Step
from perpcalc.render.text import Value

Inputs = dict[str, Value]


def steps(verdict: Verdict, subject: Subject, limits: Limits) -> list[Step]:
    """What the value is, and how it was judged."""
    formula, why = _formula(verdict.rule, subject)
    if verdict.status == UNKNOWN:
        return [Step("value", formula, why), Step("status", "what it takes is not known, see the notes")]
    least = verdict.rule.startswith("min_")
    judged = "value" if isinstance(verdict.limit, bool) else "value >= limit" if least else "value <= limit"
    return [
        Step("value", formula, why, INPUTS[verdict.rule](subject, limits)),
        Step("status", judged, "fails where there is no value to compare, unless it is never"),
    ]


def _formula(rule: str, subject: Subject) -> tuple[str, str]:
    """What a rule measures, and what that means."""
    long = subject.case.side > 0
    return {
        "max_leverage": ("Q / mark / (B + sV - sQ / mark)", "value / equity, of the whole account where it is cross, else of the position and its margin: B the balance or margin, sV = sum(side * entry value), sQ = sum(side * Q); nothing rounded as the venue does"),
        "min_liquidation_distance": ("|liquidation_price - mark| / mark", "0 where it is passed already, never where no price liquidates"),
        "max_loss_at_stop": ("(entry_fee + exit_fee - gross_pnl) / balance", "at the stop, funding left out; the balance of the account, else the margin"),
        "max_funding_per_day": ("s * rate * Q / mark * 24 / rate_hours / balance", "each payment as the venue rounds it; negative when received; the balance of the account, else the margin"),
        "stop_before_liquidation": ("stop > liquidation_below" if long else "stop < liquidation_above", "true too where liquidation never comes on that side, false where the price is beyond it"),
        "require_stop": ("stop < mark" if long else "stop > mark", "there is a stop where the position loses"),
        "max_notional_usd": ("contracts * contract_size", ""),
        "max_touch_probability": ("P(the price goes from mark to liquidation_below or liquidation_above in horizon_days days, at vol a year)", "an estimate: a price without drift, in lognormal steps; see perpcalc liq-price --explain"),
    }[rule]  # fmt: skip


def _of_leverage(subject: Subject, limits: Limits) -> Inputs:
    wallet, x = subject.funds()
    return {
        "Q": sum((group.notional / group.ratio for group in wallet.groups), ZERO),
        "mark": ONE / x,
        "B": wallet.collateral,
        "sV": wallet.constant - wallet.collateral,
        "sQ": wallet.linear,
    }


def _of_liquidation(subject: Subject, limits: Limits) -> Inputs:
    found = subject.liquidation()
    return {
        "mark": subject.priced(),
        "stop": subject.case.stop,
        "liquidation_price": found.liquidation_price,
        "liquidation_below": found.liquidation_below,
        "liquidation_above": found.liquidation_above,
        "vol": limits.vol,
        "horizon_days": None if limits.horizon is None else limits.horizon / 1440,
    }


def _of_loss(subject: Subject, limits: Limits) -> Inputs:
    stop = subject.stop()
    if stop is None:
        return {}
    lost = profit_and_loss(subject.case.opened(), stop, subject.entry_fee, subject.exit_fee)
    return {
        "gross_pnl": lost.gross_pnl,
        "entry_fee": lost.entry_fee,
        "exit_fee": lost.exit_fee,
        "balance": collateral_of(subject),
    }


def _of_funding(subject: Subject, limits: Limits) -> Inputs:
    return {
        "s": subject.case.side,
        "rate": subject.case.funding_rate,
        "Q": subject.case.notional,
        "mark": subject.priced(),
        "rate_hours": intervals(subject)[1] / 60,
        "balance": collateral_of(subject),
    }


def _of_stop(subject: Subject, limits: Limits) -> Inputs:
    return {"stop": subject.case.stop, "mark": subject.price}


def _of_size(subject: Subject, limits: Limits) -> Inputs:
    return {"contracts": subject.case.contracts, "contract_size": subject.case.instrument.contract_size}


INPUTS: Mapping[str, Callable[[Subject, Limits], Inputs]] = {
    "max_leverage": _of_leverage,
    "min_liquidation_distance": _of_liquidation,
    "max_loss_at_stop": _of_loss,
    "max_funding_per_day": _of_funding,
    "stop_before_liquidation": _of_liquidation,
    "require_stop": _of_stop,
    "max_notional_usd": _of_size,
    "max_touch_probability": _of_liquidation,
}
