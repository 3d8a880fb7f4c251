"""Whole wallets against brute force: maintenance band by band over exact fractions, and the ends of the safe range by bisection.

Nothing here is taken from the program: no deductions, no pieces, no roots. Over `y = mark/price` the equity is a line and the margin
within one set of tiers a parabola that bends upwards, so what is left is concave between two borders of tiers: if it is above zero at
both ends of such a stretch it is so between them, and otherwise one bisection finds where it stops.
"""

import random
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import pytest

from perpcalc.core.instrument import PLAIN, Instrument
from perpcalc.core.liquidation import ends, liquidation
from perpcalc.core.position import LONG, SHORT, open_at
from perpcalc.core.rules import ClosingFee, Schedule, Tier, with_deductions
from perpcalc.core.stress import Stake, ladder
from perpcalc.core.wallet import Holding, wallet_of
from perpcalc.core.wallet import Wallet as CoinWallet

ACCOUNTS = 2_500
HALVINGS = 56
FARTHEST = Fraction(10**9)


class Contract(NamedTuple):
    """A contract as the model knows it: its mark, its tiers as (limit, rate) bands, and how the venue treats a position in it."""

    mark: int
    bands: tuple[tuple[Fraction | None, Fraction], ...]
    marginal: bool
    unit: str
    basis: str
    growth: Fraction
    fee: Fraction
    hedge_mode: bool


class Leg(NamedTuple):
    """A position: which contract, +1 or -1, USD, entry price."""

    contract: Contract
    side: int
    usd: int
    entry: int


class Wallet(NamedTuple):
    """Coins and the positions they stand behind."""

    balance: Fraction
    legs: tuple[Leg, ...]


def band_margin(contract: Contract, usd: Fraction, value: Fraction, *, upper: bool) -> Fraction:
    """What the tiers ask for a position of so much USD and so much coin value; on a limit the tier above it where `upper`."""
    size = value if contract.unit == "coin" else usd
    below, asked = Fraction(0), Fraction(0)
    for limit, rate in contract.bands:
        inside = limit is None or size < limit or (size == limit and not upper)
        if contract.marginal:
            band = (size if inside else limit) - below
            asked += rate * band * (1 if contract.unit == "coin" else value / usd)
        elif inside:
            asked = rate * value
        if inside:
            break
        below = limit
    return asked + contract.growth * value * value


def books(wallet: Wallet) -> list[tuple[Contract, Fraction, Fraction]]:
    """What is margined together, as (contract, USD, coin value at entry): each side, or what is left of both."""
    sides: dict[Contract, dict[int, list[Fraction]]] = defaultdict(dict)
    for leg in wallet.legs:
        total = sides[leg.contract].setdefault(leg.side, [Fraction(0), Fraction(0)])
        total[0] += leg.usd
        total[1] += Fraction(leg.usd, leg.entry)
    found = []
    for contract, by_side in sides.items():
        if len(by_side) == 2 and not contract.hedge_mode:
            (large, value), (small, _) = sorted(by_side.values(), reverse=True)
            if large > small:
                found.append((contract, large - small, value * (large - small) / large))
        else:
            found.extend((contract, usd, value) for usd, value in by_side.values())
    return found


class Model:
    """The wallet over y = mark/price."""

    def __init__(self, wallet: Wallet) -> None:
        self.constant = wallet.balance + sum(leg.side * Fraction(leg.usd, leg.entry) for leg in wallet.legs)
        self.slope = sum(leg.side * Fraction(leg.usd, leg.contract.mark) for leg in wallet.legs)
        self.books = books(wallet)

    def equity(self, y: Fraction) -> Fraction:
        return self.constant - self.slope * y

    def asked(self, y: Fraction, *, upper: bool = False) -> Fraction:
        """Maintenance margin and closing fees."""
        total = Fraction(0)
        for contract, usd, entry_value in self.books:
            value = usd * y / contract.mark
            total += band_margin(contract, usd, entry_value if contract.basis == "entry" else value, upper=upper)
            total += contract.fee * value
        return total

    def left(self, y: Fraction, *, upper: bool = False) -> Fraction:
        return self.equity(y) - self.asked(y, upper=upper)

    def borders(self) -> list[Fraction]:
        """Where a position that is margined on its coin value at the mark passes the limit of a tier."""
        found = {
            limit * contract.mark / usd
            for contract, usd, _ in self.books
            if contract.unit == "coin" and contract.basis == "mark"
            for limit, _ in contract.bands
            if limit is not None
        }
        return sorted(found)

    def stops(self, alive: Fraction, dead: Fraction) -> Fraction:
        """Where between the two it stops being above zero."""
        for _ in range(HALVINGS):
            middle = (alive + dead) / 2
            alive, dead = (middle, dead) if self.left(middle) > 0 else (alive, middle)
        return alive

    @cached_property
    def lower_end(self) -> Fraction | None:
        """The y > 1 at which a falling price ends it."""
        inside = Fraction(1)
        for border in (y for y in self.borders() if y >= 1):
            if border > 1 and self.left(border) <= 0:
                return self.stops(inside, border)
            if self.left(border, upper=True) <= 0:
                return border
            inside = border
        while inside < FARTHEST:
            if self.left(inside * 2) <= 0:
                return self.stops(inside, inside * 2)
            inside *= 2
        return None

    @cached_property
    def upper_end(self) -> Fraction | None:
        """The y < 1 at which a rising price ends it."""
        inside = Fraction(1)
        for border in [y for y in reversed(self.borders()) if y < 1] + [Fraction(0)]:
            if self.left(border, upper=True) <= 0:
                return self.stops(inside, border)
            inside = border
        return None


def rates(chance: random.Random, count: int) -> list[Fraction]:
    return sorted(Fraction(number, 1000) for number in chance.sample(range(2, 400), count))


def some_contract(chance: random.Random) -> Contract:
    kind = chance.choice(("flat", "marginal", "whole", "growing"))
    count = {"flat": 1, "growing": 1}.get(kind, chance.randint(2, 4))
    unit = chance.choice(("coin", "coin", "usd"))
    limits = sorted(chance.sample(range(2, 60), count - 1))
    steps = [Fraction(limit, 10) if unit == "coin" else Fraction(limit * 1000) for limit in limits]
    return Contract(
        mark=chance.randint(8_000, 12_000),
        bands=tuple(zip([*steps, None], rates(chance, count), strict=True)),
        marginal=kind == "marginal",
        unit=unit,
        basis=chance.choice(("mark", "mark", "entry")) if kind != "growing" else "mark",
        growth=Fraction(chance.randint(1, 200), 10_000) if kind == "growing" else Fraction(0),
        fee=chance.choice((Fraction(0), Fraction(1, 2000))),
        hedge_mode=chance.random() < 0.5,
    )


def some_wallet(chance: random.Random) -> Wallet:
    contracts = [some_contract(chance) for _ in range(chance.randint(1, 3))]
    legs = tuple(
        Leg(
            chance.choice(contracts), chance.choice((1, -1)), chance.randint(1, 60) * 500, chance.randint(7_000, 13_000)
        )
        for _ in range(chance.randint(1, 6))
    )
    return Wallet(Fraction(chance.randint(0, 60), 10), legs)


def decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def as_holding(leg: Leg, first_mark: int) -> Holding:
    contract = leg.contract
    limits = tuple(None if limit is None else decimal(limit) for limit, _ in contract.bands)
    band_rates = tuple(decimal(rate) for _, rate in contract.bands)
    tiers = with_deductions(limits, band_rates) if contract.marginal else tuple(map(Tier, limits, band_rates))
    schedule = Schedule(tiers, contract.basis, contract.unit, contract.marginal, decimal(contract.growth))
    instrument: Instrument = PLAIN._replace(hedge_mode=contract.hedge_mode, name=str(hash(contract)))
    return Holding(
        open_at(instrument, LONG if leg.side > 0 else SHORT, Decimal(leg.usd), Decimal(leg.entry)),
        schedule,
        ClosingFee(decimal(contract.fee)),
        Decimal(contract.mark) / Decimal(first_mark),
    )


def as_account(wallet: Wallet) -> tuple[CoinWallet, list[Holding]]:
    holdings = [as_holding(leg, wallet.legs[0].contract.mark) for leg in wallet.legs]
    return wallet_of(decimal(wallet.balance), holdings), holdings


def close(found: Decimal | None, expected: Fraction | None, reach: Fraction = Fraction(1)) -> bool:
    """Whether two y agree as far as the bisection went."""
    if expected is None or found is None:
        return (found is None or Fraction(found) >= FARTHEST) and expected is None
    return abs(Fraction(found) - expected) <= max(reach, expected) / 2 ** (HALVINGS - 20)


WALLETS = [some_wallet(random.Random(seed)) for seed in range(ACCOUNTS)]
MODELS = list(map(Model, WALLETS))


def test_the_random_wallets_are_of_every_kind() -> None:
    alive = [model for model in MODELS if model.left(Fraction(1)) > 0]
    found = [(model.lower_end is not None, model.upper_end is not None) for model in alive]
    assert min(found.count(ends) for ends in ((True, False), (False, True), (True, True), (False, False))) >= 20
    assert len(MODELS) - len(alive) > 100


def test_both_ends_of_every_wallet_are_where_bisection_finds_them() -> None:
    for wallet, model in zip(WALLETS, MODELS, strict=True):
        made, holdings = as_account(wallet)
        result = liquidation(made, 0, holdings[0], Decimal(wallet.legs[0].contract.mark))
        mark = Decimal(wallet.legs[0].contract.mark)
        if model.left(Fraction(1)) <= 0:
            assert (result.liquidation_price, result.distance) == (mark, 0), wallet
            assert result.beyond
            assert result.reason is not None
            continue
        assert not result.beyond, wallet
        below, above = result.liquidation_below, result.liquidation_above
        assert close(below and mark / below, model.lower_end), wallet
        assert close(above and mark / above, model.upper_end), wallet
        assert (result.liquidation_price is None) == (below is None and above is None)
        if below is None and above is None:
            assert result.reason is not None


def test_all_rows_of_a_wallet_are_one_move_away_from_liquidation() -> None:
    for wallet in WALLETS[:300]:
        made, holdings = as_account(wallet)
        shared = ends(made, holdings[0])
        moves = set()
        for index, (leg, holding) in enumerate(zip(wallet.legs, holdings, strict=True)):
            result = liquidation(made, index, holding, Decimal(leg.contract.mark), of_wallet=shared)
            moves.add(None if result.distance is None else round(result.distance, 60))
        assert len(moves) == 1, wallet


@pytest.mark.parametrize("direction", [1, -1])
def test_a_ladder_says_what_the_wallet_is_worth_or_that_it_died_on_the_way(direction: int) -> None:
    moves = [Decimal(direction * step) / 100 for step in range(0, 100, 9)]
    for wallet, model in zip(WALLETS[:500], MODELS, strict=False):
        made, _ = as_account(wallet)
        dead = model.left(Fraction(1)) <= 0
        end = None if dead else (model.upper_end if direction > 0 else model.lower_end)
        collateral = decimal(wallet.balance)
        for move, rung in zip(moves, ladder(Stake(made, Decimal(wallet.legs[0].contract.mark)), moves), strict=True):
            y = 1 / (1 + Fraction(move))
            passed = end is not None and (y <= end if direction > 0 else y >= end)
            assert rung.liquidated == (dead or passed), (wallet, move)
            if rung.liquidated:
                assert rung == (-collateral, 0, None, 1, True)
                continue
            assert round(rung.equity, 50) == round(decimal(model.equity(y)), 50)
            assert round(rung.pnl, 50) == round(decimal(model.equity(y)) - collateral, 50)
            assert round(rung.maintenance_margin or 0, 50) == round(decimal(model.asked(y)), 50)
            assert rung.margin_ratio is not None
            assert rung.margin_ratio < 1


def test_a_funding_rate_on_some_of_the_positions_splits_no_tier() -> None:
    # One-way mode: 600 long and 500 short of one contract are 100 long, whoever pays funding.
    tiers = Schedule((Tier(Decimal("0.05"), Decimal("0.01")), Tier(None, Decimal("0.5"))), marginal=False)
    sides = ((LONG, 600), (SHORT, 500))
    holdings = [Holding(open_at(PLAIN, side, Decimal(usd), Decimal(10_000)), tiers) for side, usd in sides]
    paying = [holding._replace(funding_rate=holding.position.side * Decimal("0.0001")) for holding in holdings]
    assert wallet_of(Decimal(1), paying) == wallet_of(Decimal(1), holdings)
    assert [group.notional for group in wallet_of(Decimal(1), paying).groups] == [100]


def test_where_adverse_funding_counts_a_side_asks_for_the_rate_that_it_pays() -> None:
    # BitMEX: maintenance margin = base rate + the funding rate, if it is against the position.
    schedule = Schedule((Tier(None, Decimal("0.005")),), "entry", adverse_funding=True)
    short = Holding(open_at(PLAIN, SHORT, Decimal(10_000), Decimal(10_000)), schedule, funding_rate=Decimal("-0.0001"))
    long = Holding(open_at(PLAIN, LONG, Decimal(30_000), Decimal(10_000)), schedule, funding_rate=Decimal("0.0001"))
    assert wallet_of(Decimal(1), [short]).groups[0].pieces[0].constant == Decimal("0.005")
    assert wallet_of(Decimal(1), [short, long]).groups[0].pieces[0].constant == 2 * Decimal("0.0051")
