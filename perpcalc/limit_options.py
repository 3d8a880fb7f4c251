"""The limits as options, from the one table of rules: flags of `check`, keys of a [limits] table."""

from perpcalc import decimals
from perpcalc.core.limits import RULES, Rule
from perpcalc.given import Option, one, switch
from perpcalc.options import HORIZON, VOL

HEADING = "Limits"
READERS = {"times": decimals.leverage, "rate": decimals.rate_from_zero, "usd": decimals.positive_amount}
METAVARS = {"times": "X", "rate": "RATE", "usd": "AMOUNT"}


def _option(rule: Rule) -> Option[object]:
    if rule.kind == "yes":
        return switch(rule.name, rule.about, group=HEADING)
    return one(rule.name, READERS[rule.kind], METAVARS[rule.kind], rule.about, group=HEADING)


LIMIT_RULES: tuple[Option[object], ...] = tuple(_option(rule) for rule in RULES.values())
LIMIT_KEYS: tuple[Option[object], ...] = (*LIMIT_RULES, VOL._replace(group=HEADING), HORIZON._replace(group=HEADING))
