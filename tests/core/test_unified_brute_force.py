"""Random accounts of several coins against brute force: each position by itself in fractions, ends by both their sides.

Prices of each coin with the others still, common moves with betas, and what a coin's price line says of the margin
balance and of the maintenance margin; tiers on the whole position and collateral ratios by bands of quantity and of USD
included.
"""

import random
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from perpcalc.core.collateral import banded_weight
from perpcalc.core.linear import Leg
from perpcalc.core.price_line import common_line
from perpcalc.core.unified import Account, VenueSums, sums_of
from perpcalc.core.unified_liquidation import coin_life, common_move
from perpcalc.core.unified_standing import standing
from perpcalc.core.unified_stress import unified_ladder
from perpcalc.decimals import settled

from . import twin
from .strategies import holding_of
from .unified_twin import FARTHEST, Linear, Ratio, Unified, is_end

COINS = {"BTC": 60_000, "ETH": 3_000, "SOL": 150}
LOWEST = Fraction(1, 10**12)


class Case(NamedTuple):
    """One account as the program and as the model have it, with the prices now and the betas of a common move."""

    account: Account
    model: Unified
    prices: dict[str, Fraction]
    betas: dict[str, Decimal]


def some_rules(chance: random.Random, coins: float) -> twin.Rules:
    """The margin rules of a contract whose positions are about so many coins."""
    kind = chance.choice(("flat", "marginal", "whole", "whole"))
    rates = sorted(Decimal(rate) / 1000 for rate in chance.sample(range(2, 150), 4))
    bands: tuple[tuple[Decimal | None, Decimal], ...] = ((None, rates[0]),)
    if kind != "flat":
        limits = sorted(chance.sample(range(1, 60), 3))
        bands = tuple(
            zip([*(Decimal(limit) * Decimal(str(round(coins / 20, 6))) for limit in limits), None], rates, strict=True)
        )
    return twin.Rules(
        bands,
        basis=chance.choice(("mark", "mark", "entry")),
        marginal=kind == "marginal",
        fee=chance.choice((Decimal(0), Decimal("0.0006"))),
        fee_at_bankruptcy=chance.random() < 0.3,
        hedge=chance.random() < 0.3,
    )


def some_ratio(chance: random.Random, coins: float, price: int) -> Ratio:
    kind = chance.choice(("full", "flat", "coins", "coins", "usd"))
    if kind == "full":
        return Ratio()
    rates = sorted((Decimal(rate) / 100 for rate in chance.sample(range(101), 3)), reverse=True)
    if kind == "flat":
        return Ratio(((None, rates[0]),))
    unit = coins if kind == "coins" else coins * price
    ends = [Decimal(str(round(unit * share / 10, 4))) for share in sorted(chance.sample(range(1, 30), 3))]
    return Ratio(tuple(zip(ends, rates, strict=True)), by_usd=kind == "usd")


def some_case(seed: int) -> Case:
    chance = random.Random(seed)
    coins = chance.sample(sorted(COINS), chance.randint(1, 3))
    prices = {coin: Decimal(COINS[coin]) * chance.randint(50, 200) / 100 for coin in coins}
    prices["USDT"] = Decimal(chance.choice(("1", "1", "0.9995", "0.97", "1.01")))
    balances: dict[str, Decimal] = {}
    inverse: dict[str, tuple[list[twin.Leg], dict[str, twin.Rules]]] = {}
    ratios: dict[str, Ratio] = {}
    holdings, linear = [], []
    for coin in coins:
        price = prices[coin]
        unit = 60_000 / float(price)
        if chance.random() < 0.8:
            balances[coin] = Decimal(str(round(unit * chance.uniform(-0.6, 3), 4)))
        ratios[coin] = some_ratio(chance, unit, int(price))
        legs: list[twin.Leg] = []
        rules: dict[str, twin.Rules] = {}
        for symbol in ("PERP", "DATED")[: chance.randint(0, 2)]:
            ratio = Decimal(1) if symbol == "PERP" else Decimal(chance.randint(90, 110)) / 100
            rules[symbol] = some_rules(chance, unit * 2)
            for _ in range(chance.randint(1, 3)):
                entry = (price * ratio * Decimal(chance.randint(60, 160)) / 100).quantize(Decimal("0.01"))
                usd = chance.randint(1_000, 250_000)
                legs.append(twin.Leg(chance.choice((1, -1)), usd, entry, 1, ratio, symbol))
        if legs:
            inverse[coin] = (legs, rules)
            for leg in legs:
                held = holding_of(leg, rules[leg.symbol])
                instrument = held.position.instrument._replace(currency=coin)
                holdings.append(held._replace(position=held.position._replace(instrument=instrument)))
        for _ in range(chance.choice((0, 0, 1, 2))):
            size = Decimal(str(round(unit * chance.uniform(-2, 2), 4))) or Decimal(1)
            entry = (price * Decimal(chance.randint(60, 160)) / 100).quantize(Decimal("0.01"))
            rate = Decimal(chance.randint(2, 60)) / 1000
            ratio = Decimal(chance.choice(("1", "1", "0.99", "1.02")))
            linear.append(Linear(coin, "USDT", size, entry, rate, chance.choice((0, 50)), ratio))
    if chance.random() < 0.8:
        balances["USDT"] = Decimal(chance.randint(-60_000, 120_000))
    if chance.random() < 0.3:
        ratios["USDT"] = some_ratio(chance, 100_000, 1)
    by_balance = chance.random() < 0.4
    condition = Decimal(chance.choice(("1", "1.05")))
    known = VenueSums(*(Decimal(chance.choice((0, 0, 0, 500))) for _ in range(4)))
    account = Account(
        balances,
        prices,
        tuple(holdings),
        tuple(
            Leg(leg.coin, leg.settle, leg.coins, leg.entry, leg.rate, Decimal(leg.deduction), leg.ratio)
            for leg in linear
        ),
        {coin: banded_weight(ratio.bands, "usd" if ratio.by_usd else "coin") for coin, ratio in ratios.items()},
        "balance" if by_balance else "equity",
        condition,
        known,
    )
    model = Unified(
        balances,
        inverse,
        linear,
        ratios,
        by_balance=by_balance,
        condition=condition,
        lost=known.order_loss + known.haircut_loss,
        asked_beside=known.order_maintenance + known.loan_maintenance,
    )
    betas = {coin: Decimal(chance.choice(("1", "1", "1.4", "0.5", "0", "-0.3"))) for coin in coins}
    if chance.random() < 0.2:
        betas["USDT"] = Decimal("0.1")
    return Case(account, model, {coin: Fraction(price) for coin, price in prices.items()}, betas)


seeds = st.integers(0, 2**40)
many = settings(max_examples=2 * settings.default.max_examples)


@given(seeds)
def test_an_account_is_worth_and_must_keep_what_its_positions_come_to_one_by_one(seed: int) -> None:
    account, model, prices, _ = some_case(seed)
    now = standing(sums_of(account))
    assert settled(now.equity) == settled(decimal(model.equity(prices)))
    assert settled(now.margin_balance) == settled(decimal(model.counted(prices)))
    assert settled(now.maintenance_margin) == settled(decimal(model.asked(prices)))
    if account.holdings or account.legs:
        assert now.liquidated == (model.left(prices) <= 0)
    for coin in now.coins:
        dearer = model.equity({**prices, coin.coin: prices[coin.coin] + 1})
        assert settled(coin.delta) == settled(decimal(dearer - model.equity(prices)))


def decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


@many
@given(seeds)
def test_a_coins_price_liquidates_just_where_it_dies_with_the_other_prices_still(seed: int) -> None:
    account, model, prices, _ = some_case(seed)
    sums = sums_of(account)
    for coin in sums.coins:

        def left(price: Fraction, coin: str = coin) -> Fraction:
            return model.left({**prices, coin: price})

        life = coin_life(sums, coin)
        if sums.idle:
            assert life.alive
            continue
        assert life.alive == (left(prices[coin]) > 0)
        if life.alive:
            low, high = life.range or (None, None)
            assert is_end(left, model.borders(coin), prices[coin], LOWEST, low and low.at)
            assert is_end(left, model.borders(coin), prices[coin], FARTHEST, high and high.at)


@many
@given(seeds)
def test_a_common_move_liquidates_just_where_the_account_dies(seed: int) -> None:
    account, model, prices, betas = some_case(seed)
    sums = sums_of(account)
    beta = {coin: Fraction(betas.get(coin, 0)) for coin in model.coins}

    def at(move: Fraction) -> dict[str, Fraction]:
        return {coin: price * (1 + beta.get(coin, Fraction(0)) * move) for coin, price in prices.items()}

    borders = [
        (price / prices[coin] - 1) / beta[coin] for coin in model.coins if beta[coin] for price in model.borders(coin)
    ]
    found = common_move(sums, betas)
    if sums.idle:
        assert (found.down, found.up) == (None, None)
    elif model.left(prices) <= 0:
        assert (found.down, found.up) == (0, 0)
    else:
        line = common_line(sums, betas)
        lowest = Fraction(line.low) * (1 - LOWEST)
        highest = FARTHEST if line.high is None else Fraction(line.high) * (1 - LOWEST)
        for end, last in ((found.down, lowest), (found.up, highest)):
            assert is_end(lambda move: model.left(at(move)), borders, Fraction(0), last, end)


@given(seeds)
def test_a_ladder_says_what_the_positions_come_to_and_who_died_on_the_way(seed: int) -> None:
    account, model, prices, betas = some_case(seed)
    sums = sums_of(account)
    moves = [Decimal(move) / 100 for move in (-60, 45, -5, 10, -25, 0)]
    ends = common_move(sums, betas)
    for move, rung in zip(moves, unified_ladder(sums, common_line(sums, betas), moves), strict=True):
        there = {coin: price * (1 + Fraction(betas.get(coin, 0)) * Fraction(move)) for coin, price in prices.items()}
        dead = (ends.down is not None and move <= ends.down) or (ends.up is not None and move >= ends.up)
        assert rung.liquidated == dead
        if not dead:
            assert settled(rung.equity) == settled(decimal(model.equity(there)))
            assert rung.margin_balance is not None
            assert rung.maintenance_margin is not None
            assert settled(rung.margin_balance) == settled(decimal(model.counted(there)))
            assert settled(rung.maintenance_margin) == settled(decimal(model.asked(there)))
