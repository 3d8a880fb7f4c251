"""`perpcalc power`: power perpetuals, contracts on index^p."""

from decimal import Decimal
from typing import NamedTuple

from perpcalc.answer import Answer, Explained, Figure, Price, Rate, Sentence, Told, Usd
from perpcalc.commands.command import SINGLE, Command, Result, Row
from perpcalc.core.power import (
    COLLATERAL_RATIO,
    PowerContract,
    PowerValue,
    fair_mark,
    growth,
    hedge_notional,
    largest_growth,
    payoff,
    short_liquidation_price,
    value,
)
from perpcalc.core.rules import DAY
from perpcalc.decimals import ONE, ZERO, fixed, plain
from perpcalc.errors import PerpcalcError
from perpcalc.given import Given, Needed, Needs
from perpcalc.options import (
    COLLATERAL,
    EXPLAIN,
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
from perpcalc.options import COLLATERAL_RATIO as COLLATERAL_RATIO_OPTION

POWER_INDEX = INDEX._replace(help="Index price, USD per coin.")
POWER_MARK = MARK._replace(
    metavar="AMOUNT", help="Mark of one unit of index^p, in USD; the fair mark by default.", group="This command"
)
POWER_VOL = VOL._replace(help="Yearly volatility, for the fair mark.")
POWER_COLLATERAL = COLLATERAL._replace(help="Coins behind a short, what it was sold for included.")


class PowerPerpetual(Answer):
    """What a power perpetual is worth, in USD per unit of index^p."""

    title = "Power perpetual"
    whys = {
        "fair_mark": (
            "an estimate: geometric Brownian motion, constant volatility and interest; no price is fair from k = N *"
            " ln((N + 1) / N) on, N payments a period\nsource: Clark and Leone (Opyn), More than you ever wanted to"
            " know about power perpetuals; the closed sum of its weights is derived"
        ),
        "premium": "what longs pay per funding period, of the mark, else of the fair mark",
        "funding_per_day": (
            "USD per unit, positive when the holder pays\nsource: Paradigm, Power Perpetuals, 2021-08-17"
        ),
        "delta": "USD per unit and USD of the index, the premium unchanged\nsource: Clark and Leone",
        "gamma": "the change of delta per USD of the index",
        "implied_vol": (
            "the volatility that makes the mark fair, the inverse of fair_mark; Squeeth and 01 quote other conventions;"
            " derived"
        ),
        "liquidation_price": (
            "where the coins are worth the collateral ratio times the debt, the premium held as it is\nsource: Squeeth,"
            " collateral ratio of 150%; solved here"
        ),
        "hedge_notional_usd": "inverse contracts that leave the short no delta, positive for a long",
    }

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
    made = _answer(contract, found, given)
    if EXPLAIN in given:
        made = made.explained_by(Explained(named=_named(contract, given)))
    return Result(PowerPerpetual, [Row(made)], one=True)


def _named(contract: PowerContract, given: Given) -> dict[str, Decimal | None]:
    """What the formulas name: index^p, the growth k of it in a funding period, and the mark M of one unit."""
    underlying, vol = payoff(contract.power, contract.index_price), given[POWER_VOL]
    grown = None if vol is None else growth(contract.power, vol, contract.interest, contract.period)
    fair = None if grown is None else fair_mark(underlying, grown, contract.periods)
    return {"index_p": underlying, "k": grown, "M": fair if given[POWER_MARK] is None else None}


def _answer(contract: PowerContract, found: PowerValue, given: Given) -> PowerPerpetual:
    short = _short(contract, found, given)
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
        liquidation_price=short.liquidation_price,
        hedge_notional_usd=short.hedge_notional,
        reason="; ".join([*_reasons(contract, found, given), *short.reasons]) or None,
    ).never_where(*(["liquidation_price"] if short.never else []))


class Short(NamedTuple):
    """What liquidates the units that are sold short, and the inverse contracts that hedge them."""

    liquidation_price: Decimal | None = None
    hedge_notional: Decimal | None = None
    never: bool = False
    reasons: tuple[str, ...] = ()


def _short(contract: PowerContract, found: PowerValue, given: Given) -> Short:
    """A short that is backed by coin, the premium of the mark (else of the fair mark) held as it is."""
    units, collateral = given[UNITS], given[POWER_COLLATERAL]
    if units is None or collateral is None or found.premium is None or found.delta is None:
        return Short()
    notional = hedge_notional(units, found.delta, collateral, contract.index_price)
    ratio = given[COLLATERAL_RATIO_OPTION] or COLLATERAL_RATIO
    price = short_liquidation_price(contract.power, units, collateral, 1 + found.premium, ratio)
    if price is not None:
        return Short(price, notional)
    if contract.power == 1:
        return Short(
            None, notional, True, ("never liquidated by the price: for p = 1 debt and collateral move together",)
        )
    return Short(
        None, notional, True, ("never liquidated: no price in range brings the debt so near to the collateral",)
    )


def _reasons(contract: PowerContract, found: PowerValue, given: Given) -> list[str]:
    reasons = []
    if found.growth is not None and found.fair_mark is None:
        limit = fixed(largest_growth(contract.periods), 6)
        reasons.append(
            f"no price is fair: the payoff grows by k = {fixed(found.growth, 6)} in a funding period, and from k ="
            f" {limit} on funding cannot pay for it; a shorter funding period would"
        )
    if POWER_VOL not in given:
        reasons.append("the fair mark is not known: give vol")
    if contract.power in (0, 1):
        reasons.append(f"no volatility is implied: for p = {plain(contract.power)} the price does not depend on it")
    elif POWER_MARK in given and found.implied_vol is None:
        reasons.append("no volatility is implied: the mark is out of reach of every one at this interest")
    return reasons


COMMAND = Command(
    "power",
    "Power perpetuals, contracts on index^p. Fair mark, premium, funding, delta, gamma and implied volatility, per"
    " unit and in USD; and what liquidates a short. An estimate: geometric Brownian motion with constant volatility"
    " and interest.",
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
        COLLATERAL_RATIO_OPTION,
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
        Needs(COLLATERAL_RATIO_OPTION, (UNITS,), "it is that of a short"),
    ),
    needed=(POWER, POWER_INDEX, POWER_VOL),
    shape=SINGLE,
)
