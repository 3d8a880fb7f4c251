"""`perpcalc hedge`: what holds the USD value of coins, of a debt of coins, or of an account."""

from decimal import Decimal
from typing import NamedTuple

from perpcalc.answer import Answer, Coin, CostUsd, Count, Explained, GainRate, Multiple, Price, Sentence, Told, Usd
from perpcalc.commands.backing import BACKING_RULES, TRADE_PORTFOLIO, Backing, backing_of
from perpcalc.commands.charges import check_cap, interval_of, quoted_for
from perpcalc.commands.command import SINGLE, Command, Result, Row
from perpcalc.commands.market import each_once, fee_rate, forbidden_leverage
from perpcalc.core.hedge import Hedge, HedgePlan, hedge
from perpcalc.core.liquidation import Liquidation
from perpcalc.core.planned import Plan
from perpcalc.core.position import Position, open_at
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import PerpcalcError, Words
from perpcalc.given import Excludes, Given, Needed
from perpcalc.options import (
    ACCOUNT,
    ENTRY_FEE,
    EXIT_FEE,
    EXPLAIN,
    HOLDING,
    INTERVAL,
    LEVERAGE,
    MARGIN_RULES,
    OUTPUT,
    PRICE,
    RATE,
    RATIO,
    VENUE,
    WHICH_CONTRACT,
)

HEDGE_RATE = RATE._replace(help="Funding rate per interval; a positive rate is paid to a short hedge.")


class Hedged(Answer):
    """What hedges coins, and what it costs or earns."""

    title = "Hedge"

    side: str
    contracts: Count
    notional_usd: Usd
    residual_delta: Coin
    locked_usd: Usd | None
    funding_per_day_usd: CostUsd | None
    carry_apr: GainRate | None
    break_even_days: Multiple | None
    liquidation_price: Price | None
    reason: str | None

    def sentence(self) -> Sentence:
        """What to trade, what that holds, and what funding makes of it."""
        said: Sentence = (f"{self.side} ", Told("contracts"), " contracts")
        if self.locked_usd is not None:
            said += (" hold ", Told("locked_usd", size=True), " of debt" if self.locked_usd < 0 else "")
        if self.funding_per_day_usd:
            verb = "costs" if self.funding_per_day_usd > 0 else "earns"
            said += (f"; funding {verb} ", Told("funding_per_day_usd", size=True), " a day")
        return said


class Hedging(NamedTuple):
    """The coins to hedge, and what stands behind the hedge where that is an account."""

    holding: Decimal
    price: Decimal
    backing: Backing


def answer(given: Given) -> Result:
    """The hedge of the coins that are given, or of an account of a portfolio."""
    ratio = given[RATIO]
    if ratio is not None and ratio <= 0:
        raise PerpcalcError("is out of range", "give a rate above 0").at(RATIO.key)
    notes: list[Words] = []
    hedging = _of_account(given, notes) if ACCOUNT in given else _of_coins(given)
    backing = hedging.backing
    plan = _plan(given, hedging)
    try:
        found = hedge(plan)
    except PerpcalcError as error:
        raise error.at((ACCOUNT if ACCOUNT in given else HOLDING).key) from None
    position = open_at(plan.instrument, plan.side, found.contracts, plan.price)
    if (forbidden := forbidden_leverage(given, plan.instrument, position)) is not None:
        raise forbidden
    if ACCOUNT in given and plan.schedule is not None:
        found = found._replace(liquidation=_in_account(plan, backing, found.contracts), unknown=None)
    notes = [*backing.notes, *notes]
    if None in (plan.entry_fee_rate, plan.exit_fee_rate):
        notes.append((f"{plan.instrument.venue}: its fees are not known: give ", ENTRY_FEE.key, " and ", EXIT_FEE.key))
    made = _hedged(plan, found)
    if EXPLAIN in given:
        made = _explained(made, plan, found, position)
    return Result(Hedged, [Row(made, backing.market)], one=True, notes=each_once(notes))


def _of_coins(given: Given) -> Hedging:
    holding, price = given[HOLDING], given[PRICE]
    assert holding is not None  # the rules need both
    assert price is not None
    if not holding:
        raise PerpcalcError("0 is out of range", "give the coins to hedge, negative for a short delta").at(HOLDING.key)
    return Hedging(holding, price, backing_of(given, "short" if holding > 0 else "long", price))


def _of_account(given: Given, notes: list[Words]) -> Hedging:
    """The delta of an account; raises PerpcalcError where it has none."""
    backing = backing_of(given, "short", given[PRICE])
    delta, coin = _delta(backing), backing.market.instrument.currency
    if not delta:
        raise PerpcalcError(f"account {backing.account} has no delta in {coin}", "there is nothing to hedge").at(
            ACCOUNT.key
        )
    if delta < 0:
        backing = backing_of(given, "long", given[PRICE])
    price = given[PRICE] or backing.price
    assert price is not None  # nothing is backed without one
    notes.append(f"account {backing.account}: its delta is {plain(round(delta, 8))} {coin}")
    return Hedging(delta, price, backing)


def _delta(backing: Backing) -> Decimal:
    """The change of the account in USD for each USD of the coin's price, positions with a margin of their own
    included.
    """
    coin = backing.market.instrument.currency
    if backing.unified is not None:
        coins = backing.unified.sums.coins
        delta = coins[coin].delta if coin in coins else ZERO
    else:
        delta = backing.balance or ZERO
        delta += sum((one.position.side * one.position.stored_value for one in backing.others), ZERO)
    for case in backing.held:
        if case.shared is None and case.instrument.currency == coin:
            delta += case.margined().coin + case.side * case.opened().stored_value
    return delta


def _plan(given: Given, hedging: Hedging) -> HedgePlan:
    market, rules = hedging.backing.market, hedging.backing.rules
    instrument, rate, interval = market.instrument, given[RATE], interval_of(given, market)
    if rate is not None:
        if interval is None:
            remedy = ("give the time between payments, as in 8h, or a ", VENUE.key)
            raise PerpcalcError("is missing", remedy).at(INTERVAL.key)
        check_cap(rate, RATE, market, interval)
    return HedgePlan(
        instrument=instrument,
        holding=hedging.holding,
        price=hedging.price,
        ratio=given[RATIO] or ONE,
        rate=rate,
        interval=interval,
        rate_interval=quoted_for(given, instrument.funding, interval),
        entry_fee_rate=fee_rate(given, ENTRY_FEE, instrument),
        exit_fee_rate=fee_rate(given, EXIT_FEE, instrument),
        leverage=given[LEVERAGE],
        schedule=rules.schedule,
        closing_fee=rules.closing_fee,
    )


def _in_account(plan: HedgePlan, backing: Backing, contracts: Decimal) -> Liquidation | None:
    """Where the account is liquidated with the hedge in it; with a leverage the hedge by itself."""
    paid = ZERO if plan.rate is None else plan.side * plan.rate
    trade = Plan(
        plan.instrument,
        plan.side,
        plan.price,
        balance=backing.balance,
        leverage=plan.leverage,
        schedule=plan.schedule,
        closing_fee=plan.closing_fee,
        others=backing.others,
        ratio=backing.ratio,
        funding_rate=paid,
        together=backing.together(),
    )
    return trade.liquidation(contracts)


def _hedged(plan: HedgePlan, found: Hedge) -> Hedged:
    liquidation = found.liquidation
    nevers = [] if liquidation is None else ["liquidation_price"]
    if found.funding_per_day_usd is not None and found.fees_usd is not None:
        nevers.append("break_even_days")
    return Hedged(
        side="long" if plan.side > 0 else "short",
        contracts=found.contracts,
        notional_usd=found.notional,
        residual_delta=found.residual_delta,
        locked_usd=found.locked_usd,
        funding_per_day_usd=found.funding_per_day_usd,
        carry_apr=found.carry_apr,
        break_even_days=found.break_even_days,
        liquidation_price=liquidation and liquidation.liquidation_price,
        reason=_reason(plan, found),
    ).never_where(*nevers)


def _reason(plan: HedgePlan, found: Hedge) -> str | None:
    reasons = []
    if plan.ratio > 1:
        more = f"{plain(round(abs(found.residual_delta), 8))} {plan.instrument.currency} more than is held"
        reasons.append(f"over-hedged: {'long' if plan.side > 0 else 'short'} by {more}")
    if plan.rate is None:
        reasons.append("funding is not known: give rate")
    elif found.fees_usd is None:
        reasons.append("the fees are not known: give entry_fee and exit_fee")
    elif found.break_even_days is None:
        paid = "the hedge pays funding" if found.funding_per_day_usd else "no funding is paid or received"
        reasons.append(f"{paid} at this rate, so its fees are never earned back")
    if plan.schedule is None:
        reasons.append("the liquidation price is not known: give mmr")
    elif found.unknown is not None:
        reasons.append(found.unknown)
    elif found.liquidation is not None and found.liquidation.reason is not None:
        reasons.append(found.liquidation.reason)
    return "; ".join(reasons) or None


def _explained(made: Hedged, plan: HedgePlan, found: Hedge, position: Position) -> Hedged:
    """The answer with what its formulas cannot say."""
    margin = (
        "isolated: the coin value over the leverage" if plan.leverage is not None else "cross: all coins are its margin"
    )
    whys = {
        "notional_usd": "the USD that the hedge and its coins are worth at every price",
        "residual_delta": "coins left exposed; beyond 0 where more is hedged than is held",
        "locked_usd": "less the fee of opening the hedge, in USD at the price",
        "funding_per_day_usd": "negative when the hedge receives it; each payment as the venue rounds it in coin",
        "carry_apr": "income per year on the USD value of the coins, not compounded",
        "break_even_days": "the fees to open and to close at the price, earned back by funding",
        "liquidation_price": f"{margin}; tier and conventions: perpcalc liq-price --explain",
    }
    named = {"fees_usd": found.fees_usd, "delta": plan.holding, "V": position.stored_value}
    return made.explained_by(Explained(whys=whys, named=named))


COMMAND = Command(
    "hedge",
    "How many contracts hold the USD value of coins, of a debt of coins or of an account. What that locks in, what"
    " funding earns or costs, when the fees are earned back, and whether the hedge can be liquidated.",
    (
        "perpcalc hedge --venue bybit --holding 2 --price 62500 --rate 0.01%",
        "perpcalc hedge --venue bybit --holding -0.5 --price 62500 --leverage 5",
    ),
    (
        HOLDING,
        PRICE,
        RATIO,
        *WHICH_CONTRACT,
        LEVERAGE,
        *MARGIN_RULES,
        TRADE_PORTFOLIO,
        ACCOUNT,
        HEDGE_RATE,
        INTERVAL,
        ENTRY_FEE,
        EXIT_FEE,
        *OUTPUT,
    ),
    Hedged,
    answer,
    (
        Needed((HOLDING, ACCOUNT), ("give the coins, or ", ACCOUNT.key, " of a portfolio")),
        Needed((PRICE,), "give a price", unless=(ACCOUNT,)),
        *BACKING_RULES,
        Excludes(HOLDING, (ACCOUNT,), "the account gives it"),
    ),
    needed=(HOLDING, PRICE),
    shape=SINGLE,
)
