"""`perpcalc power`: power perpetuals, contracts on index^p."""

from perpcalc.cli.command import Command
from perpcalc.cli.options import EXACT, MARK, OUTPUT, VOL, Given, Option
from perpcalc.core.power import PowerContract, PowerValue, largest_growth, value
from perpcalc.core.rules import DAY
from perpcalc.decimals import ONE, ZERO, count, duration, fixed, number, plain, positive, rate
from perpcalc.errors import PerpcalcError
from perpcalc.render.report import Report, Row

POWER = Option("power", number, "P", "The power of the index: 2, 0.5, -1; 1 is a plain perpetual.")
INDEX = Option("index", positive, "PRICE", "Index price, USD per coin.")
POWER_MARK = MARK._replace(metavar="AMOUNT", help="Mark of one unit of index^p, in USD; the fair mark by default.")
POWER_VOL = VOL._replace(help="Yearly volatility, for the fair mark.")
INTEREST = Option("interest", rate, "RATE", "Yearly interest rate of USD, compounded at every moment; 0 by default.")
FUNDING_PERIOD = Option(
    "funding_period", duration, "DURATION", "The time in which longs pay mark - index^p once; 1d by default."
)
PERIODS = Option("periods", count, "N", "In how many payments they pay it; 1 by default.")

KINDS = {
    "power": "figure",
    "index": "price",
    "mark": "figure",
    "fair_mark": "figure",
    "premium": "rate",
    "funding_per_day": "figure",
    "delta": "figure",
    "gamma": "figure",
    "implied_vol": "rate",
    "reason": "text",
}


def answer(given: Given) -> Report:
    """Fair value, premium and sensitivities of a power perpetual."""
    contract = contract_of(given)
    try:
        result = value(contract, given.vol, given.mark)
    except PerpcalcError as error:
        raise error.at(POWER.flag) from None
    return Report("Power perpetual", KINDS, [row(contract, result, given)])


def contract_of(given: Given) -> PowerContract:
    """The contract that the options describe; raises PerpcalcError where they are missing or out of range."""
    for option, remedy in ((POWER, "give the power, as in 2"), (INDEX, "give a price")):
        if getattr(given, option.name) is None:
            raise PerpcalcError("is missing", f"{remedy}").at(option.flag)
    if given.vol is None and given.mark is None:
        raise PerpcalcError("is missing", "give the volatility, for the fair mark, or --mark").at(VOL.flag)
    if given.funding_period is not None and not given.funding_period:
        raise PerpcalcError("is out of range", "give a duration above 0").at(FUNDING_PERIOD.flag)
    return PowerContract(
        given.power, given.index, given.funding_period or DAY, given.periods or ONE, given.interest or ZERO
    )


def row(contract: PowerContract, result: PowerValue, given: Given) -> Row:
    """The answer for one contract."""
    made = Row(
        {
            "power": contract.power,
            "index": contract.index_price,
            "mark": given.mark,
            "fair_mark": result.fair_mark,
            "premium": result.premium,
            "funding_per_day": result.funding_per_day,
            "delta": result.delta,
            "gamma": result.gamma,
            "implied_vol": result.implied_vol,
            "reason": _reason(contract, result, given),
        }
    )
    if not given.explain:
        return made
    from perpcalc.cli.explain_power import steps

    return made._replace(steps=steps(made, contract, result, given))


def _reason(contract: PowerContract, result: PowerValue, given: Given) -> str | None:
    reasons = []
    if result.growth is not None and result.fair_mark is None:
        limit = fixed(largest_growth(contract.periods), 6)
        reasons.append(
            f"no price is fair: the payoff grows by k = {fixed(result.growth, 6)} in a funding period, and from k = {limit} on "
            "funding cannot pay for it; a shorter funding period would"
        )
    if given.vol is None:
        reasons.append("the fair mark is not known: give --vol")
    if contract.power in (0, 1):
        reasons.append(f"no volatility is implied: for p = {plain(contract.power)} the price does not depend on it")
    elif given.mark is not None and result.implied_vol is None:
        reasons.append("no volatility is implied: the mark is out of reach of every one at this interest")
    return "; ".join(reasons) or None


COMMAND = Command(
    "power",
    "Power perpetuals, contracts on index^p: fair mark, premium, funding, delta, gamma and implied volatility, per unit and in USD. "
    "An estimate: geometric Brownian motion with constant volatility and interest.",
    "perpcalc power --power 2 --index 3000 --vol 80% --funding-period 1d --periods 3",
    (POWER, INDEX, POWER_VOL, INTEREST, FUNDING_PERIOD, PERIODS, POWER_MARK, EXACT, *OUTPUT),
    answer,
)
