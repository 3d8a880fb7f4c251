"""The steps behind an answer of `power`."""

from perpcalc.cli.options import Given
from perpcalc.core.power import PowerContract, PowerValue, largest_growth, payoff
from perpcalc.core.rules import DAY, YEAR
from perpcalc.render.report import Row, Step
from perpcalc.render.text import Value

MODEL = "an estimate: geometric Brownian motion, constant volatility and interest"
CLARK_LEONE = "source: Clark and Leone (Opyn), More than you ever wanted to know about power perpetuals"
PARADIGM = "source: Paradigm, Power Perpetuals, 2021-08-17"


def steps(made: Row, contract: PowerContract, result: PowerValue, given: Given) -> list[Step]:
    """How each calculated field came about; fields without a value are left out."""
    of = "the fair mark" if given.mark is None else "the mark"
    inputs: dict[str, Value] = {
        "p": contract.power,
        "index_p": payoff(contract.power, contract.index_price),
        "M": given.mark or result.fair_mark,
        "N": contract.periods,
        "r": contract.interest,
        "T": contract.period / YEAR,
        "period_days": contract.period / DAY,
        "k": result.growth,
        "sigma": given.vol,
        "limit": largest_growth(contract.periods),
    }
    made_of = [
        Step(
            "fair_mark",
            "index_p / ((N + 1) * exp(-k / N) - N)",
            "k = (p - 1) * (r + p * sigma^2 / 2) * T; no price is fair from k = N * ln((N + 1) / N) on\n"
            f"{MODEL}\n{CLARK_LEONE}; the closed sum of its weights is derived",
            inputs,
        ),
        Step("premium", "M / index_p - 1", f"what longs pay per funding period, of {of} M", inputs),
        Step(
            "funding_per_day",
            "(M - index_p) / period_days",
            f"USD per unit, positive when the holder pays; of {of}\n{PARADIGM}",
            inputs,
        ),
        Step(
            "delta", "p * M / index", f"USD per unit and USD of the index, the premium unchanged\n{CLARK_LEONE}", inputs
        ),
        Step("gamma", "p * (p - 1) * M / index^2", "the change of delta per USD of the index", inputs),
        Step(
            "implied_vol",
            "sqrt(2 * (N * ln((N + 1) / (N + index_p / M)) / T - (p - 1) * r) / (p * (p - 1)))",
            f"the volatility that makes the mark fair, the inverse of fair_mark; Squeeth and 01 quote other conventions\n{MODEL}; derived",
            inputs,
        ),
    ]
    shown = [step for step in made_of if made.values[step.field] is not None]
    if result.fair_mark is None and given.vol is not None:
        return [
            Step(
                "fair_mark", "none: k is not below limit", f"k = (p - 1) * (r + p * sigma^2 / 2) * T\n{MODEL}", inputs
            ),
            *shown,
        ]
    return shown
