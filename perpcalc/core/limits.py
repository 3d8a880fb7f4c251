"""Limits a trader keeps: what of a position or its account they look at, and whether it stays within them."""

from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.funding import funding_payment
from perpcalc.core.liquidation import Liquidation
from perpcalc.core.pnl import profit_and_loss
from perpcalc.core.position import Position
from perpcalc.core.rules import DAY
from perpcalc.core.wallet import Wallet, equity
from perpcalc.decimals import ZERO, settled

PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"
Measured = Decimal | bool | None


class Limits(NamedTuple):
    """What may not be exceeded; None and False ask for nothing.

    Rates are fractions, loss and funding of the account's balance (else the margin); `vol` per year and `horizon` in
    minutes belong to the touch probability.
    """

    max_leverage: Decimal | None = None
    min_liquidation_distance: Decimal | None = None
    max_loss_at_stop: Decimal | None = None
    max_funding_per_day: Decimal | None = None
    stop_before_liquidation: bool = False
    require_stop: bool = False
    max_notional_usd: Decimal | None = None
    max_touch_probability: Decimal | None = None
    vol: Decimal | None = None
    horizon: Decimal | None = None


RULES = Limits._fields[:-2]


class Verdict(NamedTuple):
    """How a position stands to one rule: `value` is measured against `limit`; `status` is pass, fail or unknown."""

    position: str
    rule: str
    limit: Decimal | bool
    value: Measured
    status: str


def asked(limits: Limits) -> dict[str, Decimal | bool]:
    """The rules that ask for something, with their limits.

    >>> asked(Limits(require_stop=True))
    {'require_stop': True}
    """
    limit_of = {rule: getattr(limits, rule) for rule in RULES}
    return {rule: limit for rule, limit in limit_of.items() if limit is not None and limit is not False}


def judged(rule: str, limit: Decimal | bool, value: Measured) -> str:
    """`pass` or `fail`: at most the limit of a `max_` rule, at least that of a `min_` rule, true where a rule demands it.

    None is never liquidated for a distance, which passes; for anything else it is no stop or no equity, which fails.

    >>> judged("max_leverage", Decimal(5), Decimal(5)), judged("min_liquidation_distance", Decimal("0.15"), None)
    ('pass', 'pass')
    """
    if value is None:
        kept = rule == "min_liquidation_distance"
    elif isinstance(value, bool):
        kept = value
    else:
        exact = settled(value)
        kept = exact >= limit if rule.startswith("min_") else exact <= limit
    return PASS if kept else FAIL


def worst_first(verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts sorted: failed, unknown, passed; among these the one that uses most of its limit first.

    >>> ten = Verdict("a", "max_leverage", Decimal(5), Decimal(10), FAIL)
    >>> [verdict.limit for verdict in worst_first([ten._replace(limit=Decimal(8)), ten])]
    [Decimal('5'), Decimal('8')]
    """
    return sorted(verdicts, key=_order)


def leverage(wallet: Wallet, x: Decimal) -> Decimal | None:
    """Value over equity at x = 1/price: `sum(Q)*x / (B + sum(s*V) - x*sum(s*Q))`; None where no equity is left.

    Opposite sides of a contract count as what is left of them, unless the venue keeps both (hedge mode).

    >>> from perpcalc.core.wallet import Holding, wallet_of
    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(10_000))
    >>> leverage(wallet_of(Decimal("0.1"), [Holding(position, flat_rate(ZERO))]), Decimal(1) / 10_000)
    Decimal('10')
    """
    left = equity(wallet, x)
    value = sum((group.notional / group.ratio for group in wallet.groups), ZERO) * x
    return value / left if left > 0 else None


def distance(found: Liquidation) -> Decimal | None:
    """How far liquidation is, as a share of the price: `|P_liq - ref|/ref`; 0 where it is passed, None for never.

    >>> from perpcalc.core.wallet import Holding
    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import given_margin
    >>> from perpcalc.core.liquidation import position_liquidation
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> position = open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000))
    >>> distance(position_liquidation(Holding(position, flat_rate(ZERO)), given_margin(position, Decimal(1))))
    Decimal('0.5')
    """
    if found.beyond:
        return ZERO
    return None if found.distance is None else abs(found.distance)


def protects(side: Decimal, stop: Decimal, price: Decimal) -> bool:
    """Whether a stop lies where the position loses from here: below the price for a long, above it for a short.

    >>> protects(Decimal(1), Decimal(58_000), Decimal(62_500))
    True
    """
    return side * (price - stop) > 0


def stops_first(side: Decimal, stop: Decimal, found: Liquidation) -> bool:
    """Whether the price meets the stop before the liquidation price on that side.

    >>> from perpcalc.core.wallet import Holding
    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import given_margin
    >>> from perpcalc.core.liquidation import position_liquidation
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> position = open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000))
    >>> found = position_liquidation(Holding(position, flat_rate(ZERO)), given_margin(position, Decimal(1)))
    >>> stops_first(LONG, Decimal(4_001), found), stops_first(LONG, Decimal(4_000), found)
    (True, False)
    """
    end = found.liquidation_below if side > 0 else found.liquidation_above
    return not found.beyond and (end is None or side * (stop - end) > 0)


def loss_share(
    position: Position, stop: Decimal, collateral: Decimal, entry_fee_rate: Decimal, exit_fee_rate: Decimal
) -> Decimal:
    """What is lost at the stop, both fees included, as a share of the collateral: `-net(stop)/collateral`.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> loss_share(open_at(PLAIN, LONG, Decimal(10_000), Decimal(10_000)), Decimal(8_000), Decimal(10), ZERO, ZERO)
    Decimal('0.025')
    """
    return -profit_and_loss(position, stop, entry_fee_rate, exit_fee_rate).net_pnl / collateral


def funding_share_per_day(
    position: Position, rate: Decimal, mark: Decimal, collateral: Decimal, interval: Decimal, rate_interval: Decimal
) -> Decimal:
    """A day's funding as a share of the collateral, negative when received: `s*rate*Q/mark * day/interval / collateral`.

    `interval` is the time between payments and `rate_interval` the time the rate is quoted for, in minutes.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(10_000))
    >>> eight_hours = Decimal(480)
    >>> str(funding_share_per_day(position, Decimal("0.0001"), Decimal(10_000), Decimal(1), eight_hours, eight_hours))
    '0.0003'
    """
    payment = funding_payment(
        position.instrument, position.side, position.contracts, rate, mark, periods=interval / rate_interval
    )
    return payment * DAY / interval / collateral


def _order(verdict: Verdict) -> tuple[int, bool, Decimal]:
    limit, value = verdict.limit, verdict.value
    standing = (FAIL, UNKNOWN, PASS).index(verdict.status)
    if isinstance(value, bool) or isinstance(limit, bool) or value is None:
        return standing, verdict.status == PASS, ZERO
    part, whole = (limit, value) if verdict.rule.startswith("min_") else (value, limit)
    endless = whole == 0 and verdict.status == FAIL
    return standing, not endless, ZERO if whole == 0 else -part / whole
