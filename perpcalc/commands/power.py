"""`perpcalc power`: power perpetuals, contracts on index^p."""

from perpcalc.answer import Answer, Figure, Price, Rate, Sentence, Told, Usd
from perpcalc.commands.command import Command, Result, Row
from perpcalc.core.power import PowerContract, PowerValue, largest_growth, value
from perpcalc.core.rules import DAY
from perpcalc.decimals import ONE, ZERO, fixed, plain
from perpcalc.errors import PerpcalcError
from perpcalc.given import Given, Needed, Needs
from perpcalc.options import (
    COLLATERAL,
    COLLATERAL_RATIO,
    FUNDING_PERIOD,
    INDEX,
    INTEREST,
    MARK,
    OUTPUT,
    PERIODS,
    POWER,
    UNITS,
    VOL,
)

POWER_INDEX = INDEX._replace(help="Index price, USD per coin.")
POWER_MARK = MARK._replace(
    metavar="AMOUNT", help="Mark of one unit of index^p, in USD; the fair mark by default.", group="This command"
)
POWER_VOL = VOL._replace(help="Yearly volatility, for the fair mark.")
POWER_COLLATERAL = COLLATERAL._replace(help="Coins behind a short, what it was sold for included.")


class PowerPerpetual(Answer):
    """What a power perpetual is worth, in USD per unit of index^p."""

    title = "Power perpetual"
    never = frozenset({"liquidation_price"})

    power: Figure
    index: Price
    mark: Figure | None
    fair_mark: Figure | None
    premium: Rate | None
    funding_per_day: Figure | None
    delta: Figure | None
    gamma: Figure | None
    implied_vol: Rate | None
    liquidation_price: Price | None
    hedge_notional_usd: Usd | None
    reason: str | None

    def sentence(self) -> Sentence:
        """The fair mark and what holding a unit costs a day, or what a mark implies."""
        if self.fair_mark is not None:
            return ("fair at ", Told("fair_mark"), " USD a unit; funding of ", Told("funding_per_day"), " USD a day")
        return ("the mark implies a volatility of ", Told("implied_vol")) if self.implied_vol is not None else ()


def answer(given: Given) -> Result:
    """Fair value, premium and sensitivities of a power perpetual, and what liquidates a short."""
    power, index, mark = given[POWER], given[POWER_INDEX], given[POWER_MARK]
    assert power is not None  # the rules need both
    assert index is not None
    period = given[FUNDING_PERIOD]
    if period is not None and not period:
        raise PerpcalcError("is out of range", "give a duration above 0").at(FUNDING_PERIOD.key)
    contract = PowerContract(power, index, period or DAY, given[PERIODS] or ONE, given[INTEREST] or ZERO)
    try:
        found = value(contract, given[POWER_VOL], mark)
    except PerpcalcError as error:
        raise error.at(POWER.key) from None
    return Result(PowerPerpetual, [Row(_answer(contract, found, given))], one=True)


def _answer(contract: PowerContract, found: PowerValue, given: Given) -> PowerPerpetual:
    return PowerPerpetual(
        power=contract.power,
        index=contract.index_price,
        mark=given[POWER_MARK],
        fair_mark=found.fair_mark,
        premium=found.premium,
        funding_per_day=found.funding_per_day,
        delta=found.delta,
        gamma=found.gamma,
        implied_vol=found.implied_vol,
        liquidation_price=None,
        hedge_notional_usd=None,
        reason=_reason(contract, found, given),
    )


def _reason(contract: PowerContract, found: PowerValue, given: Given) -> str | None:
    reasons = []
    if found.growth is not None and found.fair_mark is None:
        limit = fixed(largest_growth(contract.periods), 6)
        reasons.append(
            f"no price is fair: the payoff grows by k = {fixed(found.growth, 6)} in a funding period, and from k = {limit} on "
            "funding cannot pay for it; a shorter funding period would"
        )
    if POWER_VOL not in given:
        reasons.append("the fair mark is not known: give --vol")
    if contract.power in (0, 1):
        reasons.append(f"no volatility is implied: for p = {plain(contract.power)} the price does not depend on it")
    elif POWER_MARK in given and found.implied_vol is None:
        reasons.append("no volatility is implied: the mark is out of reach of every one at this interest")
    return "; ".join(reasons) or None


COMMAND = Command(
    "power",
    "Power perpetuals, contracts on index^p: fair mark, premium, funding, delta, gamma and implied volatility, per unit and in USD; "
    "and what liquidates a short. An estimate: geometric Brownian motion with constant volatility and interest.",
    (
        "perpcalc power --power 2 --index 3000 --vol 80% --funding-period 1d --periods 3",
        "perpcalc power --power 2 --index 3000 --mark 9100000 --units 0.001 --collateral 6",
    ),
    (
        POWER,
        POWER_INDEX,
        POWER_VOL,
        INTEREST,
        FUNDING_PERIOD,
        PERIODS,
        POWER_MARK,
        UNITS,
        POWER_COLLATERAL,
        COLLATERAL_RATIO,
        *OUTPUT,
    ),
    PowerPerpetual,
    answer,
    (
        Needed((POWER,), "give the power, as in 2"),
        Needed((POWER_INDEX,), "give a price"),
        Needed((POWER_VOL, POWER_MARK), ("give the volatility, for the fair mark, or ", MARK.key)),
        Needs(UNITS, (POWER_COLLATERAL,), "give the coins behind the short"),
        Needs(POWER_COLLATERAL, (UNITS,), "give the units that are short"),
        Needs(COLLATERAL_RATIO, (UNITS,), "it is that of a short"),
    ),
    needed=(POWER, POWER_INDEX, POWER_VOL),
)
