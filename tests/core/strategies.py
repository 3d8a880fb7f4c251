"""Random trades and margin rules, and the core's records for them."""

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from hypothesis import strategies as st

from perpcalc.core.instrument import PLAIN, Instrument
from perpcalc.core.position import LONG, SHORT, Position, open_at
from perpcalc.core.rules import ClosingFee, Schedule, Tier, flat_rate, with_deductions
from perpcalc.core.wallet import Holding, Wallet, wallet_of

from . import twin


def decimals(low: str, high: str, places: int) -> st.SearchStrategy[Decimal]:
    """Numbers from low to high with at most so many decimals."""
    unit = Decimal(10) ** places
    return st.integers(int(Decimal(low) * unit), int(Decimal(high) * unit)).map(lambda n: Decimal(n) / unit)


sides = st.sampled_from((LONG, SHORT))
prices = st.one_of(decimals("0.5", "200000", 1), decimals("0.0001", "10", 4))
contracts = st.one_of(st.integers(1, 1_000), st.integers(1, 10_000_000)).map(Decimal)
sizes = st.sampled_from(tuple(map(Decimal, (1, 10, 100))))
leverages = decimals("1", "125", 2)
fee_rates = decimals("-0.0005", "0.002", 5)
funding_rates = decimals("-0.01", "0.01", 6)
moves = decimals("0.2", "5", 3)
"""A later price over an earlier one."""


class Trade(NamedTuple):
    """A position at one price."""

    side: Decimal
    contracts: Decimal
    size: Decimal
    entry: Decimal

    @property
    def usd(self) -> Decimal:
        return self.contracts * self.size

    @property
    def instrument(self) -> Instrument:
        return PLAIN._replace(contract_size=self.size)

    @property
    def position(self) -> Position:
        return open_at(self.instrument, self.side, self.contracts, self.entry)

    @property
    def leg(self) -> twin.Leg:
        return twin.Leg(int(self.side), self.contracts, self.entry, self.size)


trades = st.builds(Trade, sides, contracts, sizes, prices)


@st.composite
def bands(draw: st.DrawFn, typical: Decimal) -> tuple[tuple[Decimal | None, Decimal], ...]:
    """Two to four tiers around a typical size, the last without end."""
    shares = draw(st.lists(st.integers(1, 60), min_size=1, max_size=3, unique=True))
    limits = [(typical * share / 20).quantize(Decimal("0.00001")) for share in sorted(shares)]
    limits = sorted({limit for limit in limits if limit > 0})
    rates, rate = [], Decimal(0)
    for _ in range(len(limits) + 1):
        rate += draw(decimals("0.001", "0.1", 3))
        rates.append(rate)
    return tuple(zip((*limits, None), rates, strict=True))


@st.composite
def rules(
    draw: st.DrawFn, trade: Trade, kinds: tuple[str, ...] = ("flat", "marginal", "whole", "growing"), fees: bool = True
) -> twin.Rules:
    """The margin rules of some venue, with tiers that matter for a trade of this size."""
    kind = draw(st.sampled_from(kinds))
    found = twin.Rules(((None, draw(decimals("0", "0.2", 4))),), marginal=False)
    if kind == "flat":
        found = found._replace(deduction=draw(st.just(Decimal(0)) | decimals("0", "1", 3)), marginal=True)
    elif kind == "growing":
        found = found._replace(growth=Decimal(draw(st.sampled_from(("0.000004", "0.00005", "0.01")))))
    else:
        unit = draw(st.sampled_from(("coin", "contracts", "usd")))
        typical = {"coin": trade.usd / trade.entry, "contracts": trade.contracts, "usd": trade.usd}[unit]
        found = twin.Rules(draw(bands(typical)), unit=unit, marginal=kind == "marginal")
    found = found._replace(basis=draw(st.sampled_from(("mark", "entry"))))
    if fees:
        found = found._replace(fee=draw(decimals("0", "0.002", 5)), fee_at_bankruptcy=draw(st.booleans()))
    return found


def number(drawn: twin.Number) -> Decimal:
    """What was drawn as the core has it; no fraction ever is."""
    assert not isinstance(drawn, Fraction)
    return Decimal(drawn)


def schedule_of(found: twin.Rules) -> Schedule:
    """The core's schedule for the same rules."""
    limits, rates = zip(*found.bands, strict=True)
    if len(rates) == 1 and found.marginal:
        return flat_rate(rates[0], number(found.deduction), found.basis)
    tiers = with_deductions(limits, rates) if found.marginal else tuple(map(Tier, limits, rates))
    return Schedule(
        tiers,
        found.basis,
        found.unit,
        found.marginal,
        slope=number(found.growth),
        adverse_funding=bool(found.funding),
    )


def closing_fee_of(found: twin.Rules) -> ClosingFee:
    """The core's closing fee for the same rules."""
    return ClosingFee(number(found.fee), found.fee_at_bankruptcy)


def holding_of(leg: twin.Leg, found: twin.Rules) -> Holding:
    """The core's holding for a position in a wallet."""
    instrument = PLAIN._replace(name=leg.symbol, contract_size=number(leg.size), hedge_mode=found.hedge)
    position = open_at(instrument, number(leg.side), number(leg.contracts), number(leg.entry))
    paid = number(leg.side) * number(found.funding)
    return Holding(position, schedule_of(found), closing_fee_of(found), number(leg.ratio), paid)


@st.composite
def wallets(draw: st.DrawFn, most: int = 4) -> tuple[Decimal, list[twin.Leg], dict[str, twin.Rules]]:
    """A balance, positions in one or two contracts of a coin at different marks, and the rules of each contract."""
    first = draw(st.builds(Trade, sides, st.integers(1, 100_000).map(Decimal), sizes, decimals("1000", "100000", 1)))
    found: dict[str, twin.Rules] = {}
    terms: dict[str, tuple[Decimal, Decimal]] = {}
    for symbol, ratio in (("PERP", Decimal(1)), ("DATED", draw(decimals("0.8", "1.25", 3)))):
        found[symbol] = draw(rules(first))._replace(hedge=draw(st.booleans()))
        terms[symbol] = draw(sizes), ratio
    legs = []
    for _ in range(draw(st.integers(1, most))):
        symbol = draw(st.sampled_from(("PERP", "DATED")))
        size, ratio = terms[symbol]
        share = draw(st.integers(1, 40))
        contracts_held = (first.usd * share / 20 / size).quantize(Decimal(1)) + 1
        entry = (first.entry * draw(decimals("0.5", "2", 2))).quantize(Decimal("0.1"))
        legs.append(twin.Leg(int(draw(sides)), contracts_held, entry, size, ratio, symbol))
    value = first.usd / first.entry
    balance = (value * draw(st.integers(0, 60)) / 20).quantize(Decimal("0.00000001"))
    return balance, legs, found


def account_of(balance: Decimal, legs: list[twin.Leg], found: dict[str, twin.Rules]) -> tuple[Wallet, list[Holding]]:
    """The core's account for the same wallet, and its holdings in order."""
    holdings = [holding_of(leg, found[leg.symbol]) for leg in legs]
    return wallet_of(balance, holdings), holdings
