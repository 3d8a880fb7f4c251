"""Limits a trader keeps: what of a position or its account each rule looks at, and whether it stays within it."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, Protocol

from perpcalc.core.liquidation import Liquidation
from perpcalc.core.position import Position
from perpcalc.core.rules import DAY
from perpcalc.core.wallet import Wallet, equity
from perpcalc.decimals import ONE, ZERO, settled
from perpcalc.errors import Key, PerpcalcError

PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"
MAX, MIN, YES = "max", "min", "yes"
Measured = Decimal | bool | None


class Subject(Protocol):
    """A position to judge, asked for no more than a rule looks at; each answer raises PerpcalcError where it is not
    known.
    """

    def side(self) -> Decimal:
        """+1 long, -1 short."""

    def entry_price(self) -> Decimal:
        """The price it was entered at."""

    def notional(self) -> Decimal:
        """The size in USD of its contract and side, all of it that the account holds."""

    def stops(self) -> Sequence[Decimal | None]:
        """Its stop as given, of each part where parts have stops of their own; None where there is none."""

    def price(self) -> Decimal:
        """The price of its contract now."""

    def liquidation(self) -> Liquidation:
        """Where it, or its account, is liquidated."""

    def leverage(self) -> Decimal | None:
        """The value over the equity behind it now, nothing rounded; None where no equity is left."""

    def collateral(self) -> Decimal:
        """What losses and funding are measured against: the account's balance, else the margin."""

    def loss_share(self, collateral: Decimal) -> Decimal:
        """What is lost at its stop, each part at its own, both fees included, as a share of the collateral."""

    def funding_share_per_day(self, collateral: Decimal) -> Decimal:
        """A day's funding as a share of the collateral, negative when received."""

    def chance(self) -> tuple[Decimal, Decimal]:
        """The yearly volatility, and the time in minutes in which a price may be touched."""


class Rule(NamedTuple):
    """A limit: its name, what it looks at, whether that may be at most (max), at least (min) or must be so (yes), its
    kind of number.

    `kind` is times, rate, usd or yes. A measure of None is no stop or no equity, for a distance never; one that has
    come to `fatal` is of a position that is liquidated, which no limit lets pass.
    """

    name: str
    about: str
    bound: str
    kind: str
    measure: Callable[[Subject], Measured]
    fatal: Decimal | None = None


class Verdict(NamedTuple):
    """How a position stands to one rule: `value` is measured against `limit`; `status` is pass, fail or unknown."""

    position: str
    rule: str
    limit: Decimal | bool
    value: Measured
    status: str


def asked(limits: Mapping[str, object]) -> dict[str, Decimal | bool]:
    """The rules that ask for something, with their limits, in the order of the rules; None and False ask for nothing.

    >>> asked({"require_stop": True, "max_leverage": None, "vol": Decimal(1)})
    {'require_stop': True}
    """
    found = {name: limits.get(name) for name in RULES}
    return {name: limit for name, limit in found.items() if isinstance(limit, Decimal) or limit is True}


def judged(rule: str, limit: Decimal | bool, value: Measured) -> str:
    """`pass` or `fail`: at most the limit of a maximum, at least that of a minimum, true where a rule demands it.

    None is never liquidated for a distance, which passes; for anything else it is no stop or no equity, which fails. So
    does what is liquidated already, whatever the limit.

    >>> judged("max_leverage", Decimal(5), Decimal(5)), judged("min_liquidation_distance", Decimal("0.15"), None)
    ('pass', 'pass')
    """
    minimum = RULES[rule].bound == MIN
    if value is None:
        kept = minimum
    elif isinstance(value, bool):
        kept = value
    else:
        exact = settled(value)
        kept = exact != RULES[rule].fatal and (exact >= limit if minimum else exact <= limit)
    return PASS if kept else FAIL


def worse(now: Verdict, at_fill: Verdict) -> Verdict:
    """Of two verdicts of one rule, of a trade as it stands now and when it has filled, the one that is worse.

    >>> now = Verdict("a", "max_leverage", Decimal(5), Decimal(3), PASS)
    >>> worse(now, now._replace(value=Decimal(4))).value
    Decimal('4')
    """
    return worst_first([now, at_fill])[0]


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


def distance(found: Liquidation, price: Decimal) -> Decimal | None:
    """How far liquidation is from a price, of both ends the smaller: `|P_liq - price|/price`; 0 where passed, None for
    never.

    >>> from perpcalc.core.wallet import Holding
    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.margin import given_margin
    >>> from perpcalc.core.liquidation import position_liquidation
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> position = open_at(PLAIN, LONG, Decimal(8_000), Decimal(8_000))
    >>> found = position_liquidation(Holding(position, flat_rate(ZERO)), given_margin(position, Decimal(1)))
    >>> distance(found, Decimal(8_000))
    Decimal('0.5')
    """
    if found.beyond:
        return ZERO
    ends = [end for end in (found.liquidation_below, found.liquidation_above) if end is not None]
    return min((abs(end - price) / price for end in ends), default=None)


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
    from perpcalc.core.pnl import profit_and_loss

    return -profit_and_loss(position, stop, entry_fee_rate, exit_fee_rate).net_pnl / collateral


def funding_share_per_day(
    position: Position, rate: Decimal, mark: Decimal, collateral: Decimal, interval: Decimal, rate_interval: Decimal
) -> Decimal:
    """A day's funding as a share of the collateral, negative when received: `s*rate*Q/mark * day/interval /
    collateral`.

    `interval` is the time between payments and `rate_interval` the time the rate is quoted for, in minutes.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.position import LONG, open_at
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(10_000))
    >>> eight_hours = Decimal(480)
    >>> str(funding_share_per_day(position, Decimal("0.0001"), Decimal(10_000), Decimal(1), eight_hours, eight_hours))
    '0.0003'
    """
    from perpcalc.core.funding import funding_payment

    payment = funding_payment(
        position.instrument, position.side, position.contracts, rate, mark, periods=interval / rate_interval
    )
    return payment * DAY / interval / collateral


def protecting_stop(subject: Subject) -> Decimal | None:
    """The stop of a position, of several the last; None where a part has none that protects it from its price now."""
    stops = [stop for stop in subject.stops() if stop is not None]
    if len(stops) < len(subject.stops()):
        return None
    side = subject.side()
    try:
        price = subject.price()
    except PerpcalcError:
        if not all(protects(side, stop, subject.entry_price()) for stop in stops):
            raise
    else:
        if not all(protects(side, stop, price) for stop in stops):
            return None
    return min(stops) if side > 0 else max(stops)


def _leverage(subject: Subject) -> Measured:
    return subject.leverage()


def _distance(subject: Subject) -> Measured:
    return distance(subject.liquidation(), subject.price())


def _margin_ratio(subject: Subject) -> Measured:
    return subject.liquidation().margin_ratio


def _loss_at_stop(subject: Subject) -> Measured:
    stop, collateral = protecting_stop(subject), subject.collateral()
    if stop is None or collateral <= 0:
        return None
    return subject.loss_share(collateral)


def _funding_per_day(subject: Subject) -> Measured:
    collateral = subject.collateral()
    return subject.funding_share_per_day(collateral) if collateral > 0 else None


def _stop_before_liquidation(subject: Subject) -> Measured:
    found, stop = subject.liquidation(), protecting_stop(subject)
    if stop is not None:
        return stops_first(subject.side(), stop, found)
    if found.liquidation_price is None:
        return True
    raise PerpcalcError("is missing", "there is no stop to compare").at(Key("stop"))


def _has_stop(subject: Subject) -> Measured:
    return protecting_stop(subject) is not None


def _notional(subject: Subject) -> Measured:
    return subject.notional()


def _touch_probability(subject: Subject) -> Measured:
    from perpcalc.core.touch import liquidation_probability

    vol, horizon = subject.chance()
    return liquidation_probability(subject.liquidation(), subject.price(), vol, horizon)


RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("max_leverage", "Value at the mark / equity, of the account where it is cross.", MAX, "times", _leverage),
        Rule(
            "min_liquidation_distance",
            "Distance of the liquidation price from the mark.",
            MIN,
            "rate",
            _distance,
            fatal=ZERO,
        ),
        Rule(
            "max_margin_ratio",
            "Maintenance margin / equity at the mark, 100% at liquidation.",
            MAX,
            "rate",
            _margin_ratio,
            fatal=ONE,
        ),
        Rule("max_loss_at_stop", "Loss at the stop, of the balance (else the margin).", MAX, "rate", _loss_at_stop),
        Rule(
            "max_funding_per_day", "Funding of a day, of the balance (else the margin).", MAX, "rate", _funding_per_day
        ),
        Rule("stop_before_liquidation", "The stop comes before liquidation.", YES, "yes", _stop_before_liquidation),
        Rule("require_stop", "There is a stop.", YES, "yes", _has_stop),
        Rule("max_notional_usd", "Size in USD of the contract and side that it adds to.", MAX, "usd", _notional),
        Rule(
            "max_touch_probability",
            "Probability of liquidation; needs vol and horizon.",
            MAX,
            "rate",
            _touch_probability,
            fatal=ONE,
        ),
    )
}


def _order(verdict: Verdict) -> tuple[int, bool, Decimal]:
    limit, value = verdict.limit, verdict.value
    standing = (FAIL, UNKNOWN, PASS).index(verdict.status)
    if isinstance(value, bool) or isinstance(limit, bool) or value is None:
        return standing, verdict.status == PASS, ZERO
    part, whole = (limit, value) if RULES[verdict.rule].bound == MIN else (value, limit)
    endless = whole == 0 and verdict.status == FAIL
    return standing, not endless, ZERO if whole == 0 else -part / whole
