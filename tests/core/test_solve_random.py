"""Random questions about every preset: what is solved is applied, asked again, and found by bisection in fractions.

With a venue's rounding, the value keeps the goal and one step less safe does not. Without it, a bisection of the twin's wallets
must come to the same value.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from math import ceil
from typing import NamedTuple

import pytest
from hypothesis import settings

from perpcalc.core.backed import Backed, forward, free_at, levered
from perpcalc.core.instrument import PLAIN, Instrument
from perpcalc.core.margin import Margin, given_margin, isolated_margin, usable_extra
from perpcalc.core.position import LONG, SHORT, Fill, open_at
from perpcalc.core.rounding import EXACT
from perpcalc.core.rules import ClosingFee, Schedule, Tier
from perpcalc.core.solve import Goal, Solved, aim_of
from perpcalc.core.solve_margin import margin_step, solve_leverage, solve_margin
from perpcalc.core.solve_price import price_step, solve_entry, solve_price
from perpcalc.core.solve_size import solve_add, solve_close, solve_contracts
from perpcalc.core.trading import increased, reduced
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ONE, ZERO, plain, settled
from perpcalc.errors import PerpcalcError
from perpcalc.venues import find, load
from perpcalc.venues.tables import shipped_names

from . import twin

THOROUGH = settings().max_examples // 150  # 1, or some 33 in the profile `thorough`
FEE = Decimal("0.0005")
CENT = Decimal("0.01")
USUAL = {"BTC": 60_000, "ETH": 3_000, "LTC": 90, "BCH": 400, "XRP": 0.5}
STEPPED = PLAIN._replace(
    name="STEPPED",
    schedule=Schedule(tuple(Tier(Decimal(100 * n), Decimal(n) / 200) for n in range(1, 9)), marginal=False),
    isolated_closing_fee=ClosingFee(FEE),
    cross_closing_fee=ClosingFee(FEE),
)
"""Tiers of the whole position, on the mark in coin: no preset has them on every day."""


def known() -> list[Instrument]:
    """Every contract whose tiers are known, on some days."""
    found = [STEPPED]
    for venue in shipped_names():
        for name in load(venue).tables["instruments"]:
            days = {find(f"{venue}{day}", name).instrument for day in ("@2021-08-01", "@2024-01-01", "")}
            found += sorted((one for one in days if one.schedule is not None), key=lambda one: str(one.venue))
    return found


KNOWN = known()


class Asked(NamedTuple):
    """A position, a goal, and a price to add at."""

    backed: Backed
    goal: Goal
    at: Decimal


def on_tick(instrument: Instrument, price: float) -> Decimal:
    tick = instrument.tick or CENT
    return max(tick, Decimal(repr(price)) // tick * tick)


def cut(value: float, places: str = "0.0001") -> Decimal:
    return Decimal(repr(value)).quantize(Decimal(places), ROUND_DOWN)


def asked(chance: random.Random, exact: bool) -> Asked:
    """A question about a position of a hundredth to a thousand coins, by itself or in an account, at any distance."""
    instrument = chance.choice(KNOWN)
    if exact:
        instrument = instrument._replace(rounding=EXACT)
    side = chance.choice((LONG, SHORT))
    entry = on_tick(instrument, USUAL.get(instrument.currency, 5) * chance.uniform(0.5, 2))
    lots = cut(10 ** chance.uniform(-2, 3)) * entry / instrument.contract_size // instrument.lot
    held = open_at(instrument, side, max(ONE, lots) * instrument.lot, entry)
    kind, others = chance.choice(("leverage", "margin", "cross", "account")), []
    value = held.stored_value
    if kind == "leverage":
        extra = chance.choice((ZERO, cut(float(value) / 100, "0.00000001")))
        margin = isolated_margin(held, Decimal(chance.choice((2, 3, 5, 7, 10, 20))), extra)
    elif kind == "margin":
        margin = given_margin(held, cut(float(value) * chance.uniform(0.05, 1), "0.00000001"))
    else:
        balance = cut(float(value) * chance.uniform(0.05, 1.5), "0.00000001")
        margin = Margin("cross", balance, balance)
    fee = instrument.isolated_closing_fee if margin.mode == "isolated" else instrument.cross_closing_fee
    assert instrument.schedule is not None
    if kind == "account":
        dated, ratio = instrument._replace(name="DATED"), cut(chance.uniform(0.9, 1.1))
        # Opposite sides that reserve a fee at bankruptcy have no such price where they are nearly even.
        way = side if fee.at_bankruptcy else chance.choice((LONG, SHORT))
        for _ in range(chance.randint(1, 2)):
            contracts = max(ONE, held.contracts * cut(chance.uniform(0.1, 1)) // instrument.lot) * instrument.lot
            other = Holding(open_at(instrument, side, contracts, entry), instrument.schedule, fee)
            if chance.random() < 0.6:
                other = other._replace(position=other.position._replace(instrument=dated, side=way), ratio=ratio)
            others.append(other)
    mark = chance.choice((None, on_tick(instrument, float(entry) * chance.uniform(0.97, 1.03))))
    backed = Backed(Holding(held, instrument.schedule, fee), margin, tuple(others), mark)
    away = chance.uniform(0.5, 0.999) if side > 0 else chance.uniform(1.001, 1.8)
    goal = Goal("liquidation", on_tick(instrument, float(backed.reference) * away))
    if chance.random() < 0.3:
        goal = Goal("margin_ratio", cut(chance.uniform(0.005, 0.99), "0.001"))
        backed = backed._replace(mark=backed.reference)
    return Asked(backed, goal, on_tick(instrument, float(backed.reference) * chance.uniform(0.8, 1.2)))


def told(one: Asked, solved: Solved, *more: object) -> str:
    """A question and its answer in one line."""
    backed, held = one.backed, one.backed.position
    parts = [held.instrument.venue, held.instrument.name, held.side, held.contracts, held.entry_price, backed.margin]
    parts += [f"{len(backed.others)} others", backed.mark, one.goal, one.at, solved.value, solved.reason, *more]
    return " ".join(plain(part) if isinstance(part, Decimal) else str(part) for part in parts)


# What each question changes, and in which steps; `up` where more is safer


class Change(NamedTuple):
    """How a question is asked, how its answer is applied, its step, and whether more of it is safer (None: as it stands)."""

    ask: Callable[[Asked], Solved]
    apply: Callable[[Asked, Decimal], Backed]
    step: Callable[[Instrument], Decimal | None]
    up: bool | None


def with_margin(one: Asked, coin: Decimal) -> Backed:
    margin, held = one.backed.margin, one.backed.position
    usable = usable_extra(held, coin) if margin.mode == "isolated" else coin
    return one.backed._replace(margin=margin._replace(coin=margin.coin + coin, usable=margin.usable + usable))


def resized(one: Asked, contracts: Decimal) -> Backed:
    held = one.backed.position
    opened = open_at(held.instrument, held.side, contracts, held.entry_price)
    leverage = one.backed.margin.leverage if one.backed.margin.mode == "isolated" else None
    return levered(one.backed, opened, leverage)


def added(one: Asked, contracts: Decimal) -> Backed:
    here = one.backed._replace(mark=one.at) if one.goal.name == "liquidation" else one.backed
    return increased(here, Fill(contracts, one.at), FEE).still_open() if contracts else here


def closed(one: Asked, contracts: Decimal) -> Backed:
    assert one.backed.mark is not None
    return reduced(one.backed, Fill(contracts, one.backed.mark), FEE).still_open() if contracts else one.backed


def entered(one: Asked, price: Decimal) -> Backed:
    held = one.backed.position
    opened = open_at(held.instrument, held.side, held.contracts, price)
    leverage = one.backed.margin.leverage if one.backed.margin.mode == "isolated" else None
    return levered(one.backed._replace(mark=None), opened, leverage)


CHANGES = {
    "margin": Change(lambda one: solve_margin(one.backed, one.goal), with_margin, margin_step, True),
    "leverage": Change(
        lambda one: solve_leverage(one.backed, one.goal),
        lambda one, leverage: levered(one.backed, one.backed.position, leverage),
        lambda instrument: CENT,
        False,
    ),
    "contracts": Change(lambda one: solve_contracts(one.backed, one.goal), resized, lambda i: i.lot, False),
    "add": Change(lambda one: solve_add(one.backed, one.goal, one.at, FEE), added, lambda i: i.lot, None),
    "close": Change(lambda one: solve_close(one.backed, one.goal, FEE), closed, lambda i: i.lot, True),
    "entry": Change(lambda one: solve_entry(one.backed, one.goal.value), entered, price_step, None),
}


def ready(name: str, one: Asked) -> Asked | None:
    """The question as this change can be asked for it."""
    if name == "leverage" and one.backed.margin.mode != "isolated":
        return None
    if name == "entry":
        return one._replace(backed=one.backed._replace(mark=None)) if one.goal.name == "liquidation" else None
    if name == "add" and one.goal.name == "liquidation" and one.backed.position.side * (one.at - one.goal.value) <= 0:
        return None
    if name == "close" and one.backed.mark is None:
        return one._replace(backed=one.backed._replace(mark=one.backed.position.entry_price))
    return one


def questions(name: str, count: int, exact: bool = False) -> Iterator[tuple[Asked, Solved]]:
    for number in range(count * THOROUGH):
        one = ready(name, asked(random.Random(f"{name} {number}"), exact))
        if one is not None:
            with suppress(PerpcalcError):  # the price to add at lies beyond the goal, or at it
                yield one, CHANGES[name].ask(one)


def keeps(one: Asked, after: Backed) -> bool:
    """Whether the forward calculation says that the goal is kept."""
    found = forward(after)
    if one.goal.name == "margin_ratio":
        return found.margin_ratio is not None and settled(found.margin_ratio) <= one.goal.value
    if found.beyond:
        return False
    if one.backed.position.side > 0:
        return found.liquidation_below is None or settled(found.liquidation_below) <= one.goal.value
    return found.liquidation_above is None or settled(found.liquidation_above) >= one.goal.value


def is_up(name: str, one: Asked) -> bool:
    up = CHANGES[name].up
    if up is not None:
        return up
    return one.backed.position.side < 0 if name == "entry" else not keeps(one, added(one, ZERO))


def falls_short(one: Asked, after: Backed) -> bool:
    """Whether something is lacking at the goal: a price that is printed cut hides a little."""
    if not keeps(one, after):
        return True
    here = after if one.goal.name == "margin_ratio" or after.mark else after._replace(mark=one.backed.reference)
    aim = aim_of(one.backed._replace(mark=here.mark or one.at), one.goal)
    return free_at(after, aim.price, aim.share) < 0


def is_capped(solved: Solved) -> bool:
    """Whether something else than the goal ends it: what the tier allows, or what there is to take out."""
    return any(said in (solved.reason or "") for said in ("tier allows", "all of it may"))


@pytest.mark.parametrize("name", CHANGES)
def test_the_answer_keeps_the_goal_and_a_step_less_does_not(name: str) -> None:
    answered = 0
    for one, solved in questions(name, 200):
        held, change = one.backed.position, CHANGES[name]
        if solved.value is None or solved.contracts_after == 0:
            continue
        answered += 1
        after = change.apply(one, solved.value)
        assert keeps(one, after), told(one, solved)
        step = change.step(held.instrument)
        if step is None or is_capped(solved) or (name == "add" and not solved.value):
            continue
        safer = step if is_up(name, one) else -step
        if "a step further" in (solved.reason or ""):
            continue
        # A value that is cut to the venue's decimals is that of many an entry.
        same = 4 * Decimal("1E-8") / after.position.stored_value * solved.value / step if name == "entry" else ZERO
        less = (solved.value - safer * further for further in (1, 2, int(same) + 2))
        assert any((name != "margin" and value <= 0) or falls_short(one, change.apply(one, value)) for value in less), (
            told(one, solved)
        )
    assert answered > 30


@pytest.mark.parametrize("name", CHANGES)
def test_afterwards_is_what_asking_again_shows(name: str) -> None:
    for one, solved in questions(name, 60):
        if solved.value is None or not solved.contracts_after:
            continue
        after = CHANGES[name].apply(one, solved.value)
        if name == "add":
            after = after._replace(mark=one.backed.mark or after.mark)
        found = forward(after)
        assert solved.liquidation_price_after == found.liquidation_price
        assert solved.margin_ratio_after == found.margin_ratio
        assert solved.contracts_after == after.position.contracts
        assert solved.entry_price_after == after.position.entry_price
        assert solved.margin_after == after.margin.coin


@pytest.mark.parametrize("name", ["contracts", "add", "close", "entry"])
def test_where_nothing_does_it_no_value_that_is_tried_does(name: str) -> None:
    for number, (one, solved) in enumerate(questions(name, 120)):
        reason = solved.reason or ""
        if solved.value is not None or "never liquidated" in reason or "is reached" in reason:
            continue
        chance, held = random.Random(number), one.backed.position
        for _ in range(20):
            if name == "entry":
                tried = on_tick(held.instrument, float(one.goal.value) * chance.uniform(1, 3) ** int(held.side))
            else:
                share = chance.random() if name == "close" else 10 ** chance.uniform(-3, 2)
                tried = held.contracts * cut(share, "0.000001") // held.instrument.lot * held.instrument.lot
            if tried > 0 and not (name == "close" and tried >= held.contracts):
                assert falls_short(one, CHANGES[name].apply(one, tried)), told(one, solved, tried)


# Against bisection in fractions


def rules_of(holding: Holding) -> twin.Rules:
    """The twin's rules for a holding."""
    schedule, tiers = holding.schedule, holding.schedule.tiers
    limits = (*(tier.limit for tier in tiers[:-1]), None)
    bands = tuple(zip(limits, (tier.rate for tier in tiers), strict=True))
    return twin.Rules(
        bands,
        schedule.basis,
        schedule.unit,
        schedule.marginal,
        growth=schedule.slope,
        fee=holding.closing_fee.rate,
        fee_at_bankruptcy=holding.closing_fee.at_bankruptcy,
        hedge=holding.position.instrument.hedge_mode,
    )


def lives(one: Asked, balance: Fraction, legs: list[twin.Leg], reference: Decimal) -> bool:
    """Whether a wallet in fractions keeps the goal, from a price of its position's contract, the last."""
    rules = {
        leg.symbol: rules_of(holding)
        for leg, holding in zip(legs, (*one.backed.others, one.backed.holding), strict=True)
    }
    wallet, x = twin.Wallet(balance, legs, rules), Fraction(legs[-1].ratio) / Fraction(reference)
    if one.goal.name == "margin_ratio":
        held = wallet.equity(x)
        return wallet.slack(x) >= (1 - Fraction(one.goal.value)) * held and held > 0
    span = twin.nearest(wallet.survival(), x)
    goal = Fraction(legs[-1].ratio) / Fraction(one.goal.value)
    if span is None or not (span[0] < x and (span[1] is None or x < span[1])):
        return False
    return (span[1] is None or goal <= span[1]) if one.backed.position.side > 0 else span[0] <= goal


def leg(holding: Holding, contracts: Decimal | Fraction | None = None, entry: Fraction | None = None) -> twin.Leg:
    held = holding.position
    return twin.Leg(
        int(held.side),
        held.contracts if contracts is None else contracts,
        held.entry_price if entry is None else entry,
        held.instrument.contract_size,
        holding.ratio,
        held.instrument.name or "",
    )


def kept_in_fractions(name: str, one: Asked, value: Fraction) -> bool:
    """Whether a value of the unknown keeps the goal, by fractions alone."""
    backed, held = one.backed, one.backed.position
    size, side, margin = Fraction(held.instrument.contract_size), Fraction(held.side), Fraction(backed.margin.usable)
    others, own, reference = [leg(other) for other in backed.others], backed.holding, backed.reference
    isolated, leverage = backed.margin.mode == "isolated", backed.margin.leverage
    cost = Fraction(held.contracts) * size / Fraction(held.entry_price)
    extra = Fraction(round(margin - cost / Fraction(leverage), 18)) if isolated and leverage else Fraction(0)
    if isolated and leverage:
        margin = extra + cost / Fraction(leverage)
    if name == "margin":
        per_coin = 1 + side * Fraction(held.instrument.taker_fee or 0)
        counts = value / per_coin if isolated and held.instrument.extra_margin_net_of_fee else value
        return lives(one, margin + counts, [*others, leg(own)], reference)
    if name == "leverage":
        return lives(one, extra + cost / value, [leg(own)], reference)
    if name == "contracts":
        if isolated and leverage:
            margin = extra + value * size / Fraction(held.entry_price) / Fraction(leverage)
        return lives(one, margin, [*others, leg(own, value)], reference)
    if name == "add":
        price, contracts = Fraction(one.at), Fraction(held.contracts) + value
        coins = value * size / price
        margin += coins / Fraction(leverage) if isolated and leverage else 0 if isolated else -coins * Fraction(FEE)
        entry = contracts * size / (cost + coins)
        return lives(
            one, margin, [*others, leg(own, contracts, entry)], one.at if one.goal.name == "liquidation" else reference
        )
    assert backed.mark is not None
    mark, left = Fraction(backed.mark), Fraction(held.contracts) - value
    if isolated:
        margin *= left / Fraction(held.contracts)
    else:
        margin += twin.pnl(side, value * size, held.entry_price, mark) - twin.fee(value * size, mark, FEE)
    return lives(one, margin, [*others, leg(own, left)], reference)


def bisected(keeps_it: Callable[[int], bool], bad: int, good: int) -> int:
    """The whole number nearest to a bad one that is good."""
    while abs(good - bad) > 1:
        middle = (bad + good) // 2
        bad, good = (bad, middle) if keeps_it(middle) else (middle, good)
    return good


@pytest.mark.parametrize("name", ["margin", "leverage", "contracts", "add", "close"])
def test_bisection_in_fractions_finds_the_same(name: str) -> None:
    found = 0
    for one, solved in questions(name, 30 if name == "margin" else 60, exact=True):
        held = one.backed.position
        if solved.value is None or not solved.contracts_after or not solved.value:
            continue
        if (
            is_capped(solved)
            or "a step further" in (solved.reason or "")
            or (name == "contracts" and one.backed.others)
        ):
            continue

        def keeps_it(value: Fraction, one: Asked = one) -> bool:
            return kept_in_fractions(name, one, value)

        steps = {"margin": Decimal("1E-8"), "leverage": CENT}
        step, up = Fraction(steps.get(name, held.instrument.lot)), 1 if is_up(name, one) else -1
        good = up * ceil(up * Fraction(solved.value) / step)
        bad = int(good - up * abs(good) / 8) - up
        assert keeps_it(good * step), told(one, solved)
        if (name != "margin" and bad <= 0) or keeps_it(bad * step):
            continue  # something else than the goal holds it there
        assert bisected(lambda count, step=step: keeps_it(count * step), bad, good) == good, told(one, solved)
        found += 1
    assert found > 2


# What must hold of them all


def test_more_margin_never_brings_liquidation_nearer() -> None:
    for number in range(120 * THOROUGH):
        chance = random.Random(f"more {number}")
        one = asked(chance, exact=False)
        one = one._replace(backed=one.backed._replace(mark=one.backed.reference))
        before, more = forward(one.backed), cut(float(abs(one.backed.margin.coin)) * chance.random(), "0.00000001")
        after = forward(with_margin(one, more))
        if before.beyond:
            continue
        assert not after.beyond
        for end, side in (("liquidation_below", 1), ("liquidation_above", -1)):
            was, now = getattr(before, end), getattr(after, end)
            assert now is None or (was is not None and side * (was - now) >= 0), one


@pytest.mark.parametrize("goal", ["margin_ratio", "equity", "equity_usd"])
def test_a_price_that_is_solved_for_reaches_its_goal(goal: str) -> None:
    for number in range(150 * THOROUGH):
        chance = random.Random(f"{goal} {number}")
        one = asked(chance, exact=True)
        backed = one.backed._replace(mark=one.backed.reference)
        wanted = (
            cut(chance.uniform(0.01, 0.99))
            if goal == "margin_ratio"
            else cut(float(backed.margin.coin) * chance.uniform(0.1, 2), "0.00000001")
        )
        if goal == "equity_usd":
            wanted = (wanted * backed.reference).quantize(CENT)
        for row, below in zip(solve_price(backed, Goal(goal, wanted)), (True, False), strict=True):
            if row.value is None:
                continue
            assert (settled(row.value) <= backed.reference) == below
            legs = [leg(holding) for holding in (*backed.others, backed.holding)]
            rules = {
                one.symbol: rules_of(holding)
                for one, holding in zip(legs, (*backed.others, backed.holding), strict=True)
            }
            wallet, x = twin.Wallet(Fraction(backed.margin.usable), legs, rules), 1 / Fraction(row.value)
            held = wallet.equity(x)
            reached = {"margin_ratio": 1 - wallet.slack(x) / held, "equity": held, "equity_usd": held / x}[goal]
            assert abs(reached - Fraction(wanted)) < Fraction(1, 10**30) or "tier" in str(row.reason), (backed, row)
