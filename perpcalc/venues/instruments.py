"""The instrument that a venue's rules make: fields by the table of keys, the margin's tiers, closing fees, funding,
rounding.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from perpcalc.core.instrument import Instrument
from perpcalc.core.rounding import Rounding
from perpcalc.core.rules import (
    NO_CLOSING_FEE,
    OPENING_FEE,
    ClosingFee,
    FundingRule,
    Schedule,
    Tier,
    with_deductions,
)
from perpcalc.decimals import ONE, ZERO
from perpcalc.errors import Key, PerpcalcError
from perpcalc.venues.keys import KEYS, TOPICS, Rule

MOST_TIERS = 1000
FIRST = ("first_limit", "first_rate")
STEPS = ("limit_step", "rate_step")
Known = Decimal | None


def instrument_of(venue: str, symbol: str, currency: str, rules: Mapping[str, Rule], hedge: bool = False) -> Instrument:
    """The instrument that the rules of a day make; raises PerpcalcError where those of its margin do not fit together.

    >>> rules = {"contract": {"size": "100", "tick": "0.1"}, "fees": {"taker": "0.05%"}}
    >>> made = instrument_of("mine", "BTC", "BTC", rules)
    >>> str(made.contract_size), str(made.taker_fee), made.schedule
    ('100', '0.0005', None)
    """
    made = {topic: _fields(topic, rules.get(topic, {})) for topic in TOPICS}
    fees, margin, liquidation = made["fees"], made["margin"], made["liquidation"]
    rates = fees.get("taker_fee"), liquidation.get("liquidation_fee")
    return Instrument(
        venue=venue,
        name=symbol,
        currency=currency,
        **made["contract"],
        **fees,
        **liquidation,
        schedule=_schedule(margin),
        isolated_closing_fee=_closing_fee(margin.get("isolated_closing_fee"), *rates),
        cross_closing_fee=_closing_fee(margin.get("cross_closing_fee"), *rates),
        extra_margin_net_of_fee=margin.get("extra_margin_net_of_fee", False),
        order_reserve=margin.get("order_reserve", OPENING_FEE),
        least_closing=margin.get("least_closing", ZERO),
        hedge_mode=hedge,
        funding=FundingRule(**made["funding"]) if "interval" in made["funding"] else None,
        rounding=Rounding(**made["rounding"]),
    )


def _fields(topic: str, rule: Rule) -> dict[str, Any]:
    """The fields that a rule fills, by the table."""
    fields = {}
    keys = KEYS[topic]
    for key, value in rule.items():
        entry = keys.get(key)
        if entry is not None and entry.field is not None:
            try:
                fields[entry.field] = entry.read(value)
            except PerpcalcError as error:
                raise error.at(Key(key)).at(topic) from None
    return fields


def _closing_fee(where: str | None, taker: Decimal | None, liquidation_fee: Decimal | None) -> ClosingFee:
    if where is None or where == "none":
        return NO_CLOSING_FEE
    if where == "liquidation fee at liquidation":
        return ClosingFee(liquidation_fee or ZERO)
    return ClosingFee(taker or ZERO, where == "at bankruptcy")


def _schedule(margin: Mapping[str, Any]) -> Schedule | None:
    """The maintenance schedule; None where no rates are known."""
    limits, rates, initials = _tiers(margin)
    if not rates:
        return None
    marginal = margin.get("marginal", False)
    if marginal:
        tiers = with_deductions(limits, rates, initials)
    else:
        tiers = tuple(Tier(*one[:2], initial=one[2]) for one in zip(limits, rates, initials, strict=True))
    return Schedule(
        tiers,
        margin.get("basis", "mark"),
        margin.get("unit", "coin"),
        marginal,
        margin.get("slope", ZERO),
        margin.get("adverse_funding", False),
        leverage_tiers=_leverage_tiers(margin),
    )


def _tiers(margin: Mapping[str, Any]) -> tuple[tuple[Known, ...], tuple[Decimal, ...], tuple[Known, ...]]:
    """Limits, rates and initial rates: those listed, then steps from the last of them, or from the first, up to 100
    %.
    """
    limits: list[Known] = list(margin.get("limits", ()))
    rates: list[Decimal] = list(margin.get("rates", ()))
    initials: list[Known] = _initials(margin)
    if any(key in margin for key in FIRST):
        if limits or rates or not all(key in margin for key in (*FIRST, *STEPS)):
            raise PerpcalcError(f"{', '.join((*FIRST, *STEPS))} go together", "leave limits and rates out")
        limits, rates, initials = [margin["first_limit"]], [margin["first_rate"]], [margin.get("first_initial_rate")]
    if initials and len(initials) != len(rates):
        raise PerpcalcError("as many initial_rates or leverages as rates are needed, or none", "each tier has its own")
    initials = initials or [None] * len(rates)
    if any(key in margin for key in STEPS):
        if len(limits) != len(rates) or not limits or not all(key in margin for key in STEPS):
            raise PerpcalcError(f"{' and '.join(STEPS)} go together", "give as many limits as rates before them")
        limit, rate, initial, step = limits[-1], rates[-1], initials[-1], margin["rate_step"]
        if not 0 < 1 - rate <= step * MOST_TIERS:
            raise PerpcalcError(f"rate_step makes no tiers, or more than {MOST_TIERS}", "give a larger one")
        while (rate := rate + step) < 1:
            limit = (limit or ZERO) + margin["limit_step"]
            initial = None if initial is None else initial + step
            limits.append(limit)
            rates.append(rate)
            initials.append(initial)
    elif len(rates) - len(limits) not in (0, 1):
        raise PerpcalcError("as many rates as limits are needed, or one more", "the last rate has no limit")
    elif len(rates) > len(limits):
        limits.append(None)
    return tuple(limits), tuple(rates), tuple(initials)


def _initials(margin: Mapping[str, Any]) -> list[Known]:
    """The initial rates of the tiers that are listed: as they stand, else one over the leverage where that goes by
    tier.
    """
    if "initial_rates" in margin:
        return list(margin["initial_rates"])
    if "leverages" in margin and "rates" in margin and "leverage_limits" not in margin:
        return [ONE / leverage for leverage in margin["leverages"]]
    return []


def _leverage_tiers(margin: Mapping[str, Any]) -> tuple[Tier, ...]:
    """The tiers of leverage where they are finer than those of the maintenance rate."""
    if "leverage_limits" not in margin:
        return ()
    leverages, limits = margin.get("leverages", ()), margin["leverage_limits"]
    if len(leverages) - len(limits) not in (0, 1):
        raise PerpcalcError("as many leverages as leverage_limits are needed, or one more", "the last has no limit")
    ends: tuple[Known, ...] = (*limits, *[None] * (len(leverages) - len(limits)))
    rates = (ONE / leverage for leverage in leverages)
    return tuple(Tier(end, ZERO, initial=rate) for end, rate in zip(ends, rates, strict=True))
