"""No floats, no third party in the core, and every formula right to the last of 18 decimals for any numbers that can be written.

Each check below draws numbers of up to 15 digits before and 18 after the point, the worst ones among them, asks the core, and
compares with fractions. What is computed with exponentials (`power`, `touch`, `annual_yield`) is an estimate and tested by itself.
"""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from math import ceil, floor
from pathlib import Path

import pytest
from core import twin
from hypothesis import given
from hypothesis import strategies as st

import perpcalc
from perpcalc.core import (
    funding,
    greeks,
    hedge,
    instrument,
    limits,
    liquidation,
    liquidation_cost,
    margin,
    order_cost,
    pnl,
    position,
    printed_price,
    rounding,
    rules,
    sizing,
    stress,
)
from perpcalc.core import wallet as accounts
from perpcalc.core.instrument import PLAIN
from perpcalc.core.position import LONG, SHORT, Fill, Position, open_at, open_by_fills
from perpcalc.decimals import plain

PACKAGE = Path(perpcalc.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
FLOAT_MODULES = {"core/touch.py", "core/power.py"}  # probabilities and powers
NO_AMOUNTS = {
    "saving.py",
    "venues/symbols.py",
    "importing/contracts.py",
    "cli/mistakes.py",
}  # seconds to wait, and how like two words are


# The source


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize(
    "path", [path for path in MODULES if name_of(path) not in FLOAT_MODULES | NO_AMOUNTS], ids=name_of
)
def test_no_float_is_written_or_made(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), f"line {node.lineno}"
        called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        assert called not in ("float", "complex"), f"line {node.lineno}"


CORE = sorted((PACKAGE / "core").glob("*.py"))
FOREIGN = {"json", "os", "sys", "tomllib"}


@pytest.mark.parametrize("path", [*CORE, PACKAGE / "decimals.py", PACKAGE / "errors.py"], ids=name_of)
def test_the_core_imports_only_the_standard_library_and_itself(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            if name.startswith("perpcalc"):
                assert name.startswith(("perpcalc.core", "perpcalc.decimals", "perpcalc.errors")), name
            else:
                assert name.partition(".")[0] in sys.stdlib_module_names - FOREIGN, name


def test_importing_the_core_loads_no_other_package() -> None:
    names = ", ".join(f"perpcalc.core.{path.stem}" for path in CORE if path.stem != "__init__")
    program = f"import sys; before = set(sys.modules); import {names}; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded - sys.stdlib_module_names == {"perpcalc"}
    assert not loaded & {"json", "tomllib"}


# Numbers as bad as they may be written

WORST = tuple(
    map(Decimal, ("0.000000000000000001", "999999999999999.999999999999999999", "999999999999999", "0.999999999999999999", "1",
                  "0.333333333333333333", "3", "7", "0.1", "123456789012345.678901234567890123", "100000000000000.000000000000000001"))
)  # fmt: skip


def digits(places: int, fraction: int = 18) -> st.SearchStrategy[Decimal]:
    """Numbers above zero of so many digits before the point."""
    return st.integers(1, 10 ** (places + fraction) - 1).map(lambda number: Decimal(number).scaleb(-fraction))


numbers = st.one_of(
    st.sampled_from(WORST), digits(15), digits(0), digits(5), st.integers(1, 10**6).map(Decimal), st.integers(1, 99).map(lambda n: Decimal(n).scaleb(-18))
)  # fmt: skip
# A price below a billionth of a dollar makes coin values of 10^24 and more, whose differences 100 digits cannot hold.
prices = numbers.map(lambda number: number if number > Decimal("1E-9") else number + 1)
sides = st.sampled_from((LONG, SHORT))
rates = st.one_of(
    digits(0), digits(0, 4), st.sampled_from((Decimal(0), Decimal("0.0005"), Decimal("0.000000000000000001")))
)
signed = st.builds(lambda rate, sign: rate * sign, rates, st.sampled_from((1, -1)))
leverages = st.one_of(st.sampled_from((Decimal(1), Decimal(3), Decimal("1.000000000000000001"))), digits(3))
instruments = numbers.map(lambda size: PLAIN._replace(contract_size=size))
positions = st.builds(open_at, instruments, sides, numbers, prices)
Pairs = Iterator[tuple[Decimal | None, Fraction | None]]
Check = Callable[..., Pairs]
CHECKS: dict[str, tuple[Check, tuple[st.SearchStrategy[Decimal], ...]]] = {}
COVERED: set[str] = set()


def exact(covers: str, *drawn: st.SearchStrategy[object]) -> Callable[[Check], Check]:
    """A check of some functions of the core, on numbers drawn in this order."""

    def register(check: Check) -> Check:
        CHECKS[check.__name__] = (check, drawn)  # type: ignore[assignment]
        COVERED.update(covers.split())
        return check

    return register


def F(value: Decimal | int) -> Fraction:  # noqa: N802
    return Fraction(value)


def showable(value: Fraction | None) -> Fraction | None:
    """A price, where 18 decimals can show it and it is not what rounding leaves of none."""
    return value if value is not None and Fraction(1, 10**18) <= value <= 10**40 else None


def usd(held: Position) -> Fraction:
    return F(held.contracts) * F(held.instrument.contract_size)


def cost(held: Position) -> Fraction:
    return twin.cost((F(fill.contracts) * F(held.instrument.contract_size), fill.price) for fill in held.fills)


@exact(
    "instrument.coin_value instrument.traded_value instrument.trade_fee instrument.fee_of",
    instruments,
    numbers,
    prices,
    signed,
)
def values_and_fees(kind: instrument.Instrument, contracts: Decimal, price: Decimal, rate: Decimal) -> Pairs:
    value = F(contracts) * F(kind.contract_size) / F(price)
    yield instrument.coin_value(kind, contracts, price), value
    yield instrument.traded_value(kind, contracts, price), value
    yield instrument.trade_fee(kind, contracts, price, rate), value * F(rate)
    yield instrument.fee_of(kind, contracts, rate), F(contracts) * F(rate)


@exact(
    "instrument.whole_lots instrument.contracts_of_usd instrument.contracts_of_coin rounding.to_multiple",
    instruments,
    numbers,
    numbers,
    prices,
)
def contracts_of_amounts(kind: instrument.Instrument, lot: Decimal, amount: Decimal, price: Decimal) -> Pairs:
    kind = kind._replace(lot=lot)

    def lots(contracts: Fraction) -> Fraction:
        return floor(contracts / F(lot)) * F(lot)

    yield instrument.whole_lots(kind, amount), lots(F(amount))
    yield instrument.contracts_of_usd(kind, amount), lots(F(amount) / F(kind.contract_size))
    yield instrument.contracts_of_coin(kind, amount, price), lots(F(amount) * F(price) / F(kind.contract_size))


fills = st.lists(st.builds(Fill, numbers, prices), min_size=1, max_size=5)


@exact(
    "position.open_by_fills position.open_for_value position.merged position.closed_partly position.closed_part",
    instruments,
    sides,
    fills,
    fills,
    rates,
)
def positions_of_fills(
    kind: instrument.Instrument, side: Decimal, some: list[Fill], others: list[Fill], share: Decimal
) -> Pairs:
    one, other = open_by_fills(kind, side, some), open_by_fills(kind, side, others)
    yield one.notional, usd(one)
    yield one.cost, cost(one)
    yield one.entry_price, usd(one) / cost(one)
    worth = round(one.cost, 18) or Decimal(1)
    yield position.open_for_value(kind, side, one.contracts, worth).entry_price, usd(one) / F(worth)
    both = position.merged(one, other)
    yield both.cost, cost(one) + cost(other)
    yield both.entry_price, (usd(one) + usd(other)) / (cost(one) + cost(other))
    closed = one.contracts * share
    if closed:
        gone, left = position.closed_part(one, closed), position.closed_partly(one, closed)
        yield gone.cost, cost(one) * F(share)
        yield left.cost, cost(one) * (1 - F(share))
        yield left.entry_price, usd(one) / cost(one)


@exact(
    "position.open_at pnl.gross_pnl pnl.closing_pnl pnl.closing pnl.entry_fees pnl.profit_and_loss",
    *(positions, prices, signed, signed, numbers),
)
def profits(held: Position, price: Decimal, opening: Decimal, closing: Decimal, paid: Decimal) -> Pairs:
    yield held.cost, cost(held)
    gross = twin.pnl(held.side, usd(held), held.entry_price, price)
    yield pnl.gross_pnl(held, price), gross
    yield pnl.closing_pnl(held, price), gross
    profit, fee = pnl.closing(held, price, closing)
    yield profit, gross
    yield fee, twin.fee(usd(held), price, closing)
    yield pnl.entry_fees(held, opening), twin.fee(usd(held), held.entry_price, opening)
    net = twin.net_pnl(held.side, usd(held), held.entry_price, price, opening, closing, paid)
    result = pnl.profit_and_loss(held, price, opening, closing, paid)
    yield result.net_pnl, net
    yield result.net_pnl_usd, net * F(price)


@exact("pnl.target_price", positions, numbers, signed, signed, numbers)
def prices_for_profits(held: Position, profit: Decimal, opening: Decimal, closing: Decimal, paid: Decimal) -> Pairs:
    for wanted, spent in ((Decimal(0), Decimal(0)), (profit, Decimal(0)), (-profit, paid), (Decimal(0), paid)):
        yield (
            pnl.target_price(held, wanted, opening, closing, spent),
            twin.price_for_profit(held.side, usd(held), held.entry_price, wanted, opening, closing, spent),
        )


@exact("pnl.price_for_roe pnl.return_on_equity", positions, leverages, rates, numbers)
def returns(held: Position, leverage: Decimal, roe: Decimal, profit: Decimal) -> Pairs:
    yield pnl.price_for_roe(held, roe, leverage, None), twin.price_for_roe(held.side, held.entry_price, leverage, roe)
    yield pnl.price_for_roe(held, -roe, leverage, None), twin.price_for_roe(held.side, held.entry_price, leverage, -roe)
    yield pnl.return_on_equity(held, profit, leverage, None), F(profit) * F(leverage) / cost(held)
    yield pnl.return_on_equity(held, profit, None, leverage), F(profit) / F(leverage)


@exact("funding.premium funding.funding_rate funding.clamp", prices, prices, rates, rates, rates, numbers)
def funding_rates(
    mark: Decimal, index: Decimal, interest: Decimal, damper: Decimal, cap: Decimal, divisor: Decimal
) -> Pairs:
    over = (F(mark) - F(index)) / F(index)
    yield funding.premium(mark, index), over
    rule = rules.FundingRule(Decimal(480), interest_per_day=interest * 3, damper=damper, cap=cap, divisor=divisor)
    yield funding.funding_rate(rule, interest), twin.funding_rate(interest, interest, damper, cap, divisor)
    yield (
        funding.funding_rate(rule._replace(cap=None), damper),
        twin.funding_rate(damper, interest, damper, None, divisor),
    )
    assert funding.funding_rate(None, interest) == interest


@exact(
    "funding.linear_average funding.equal_average funding.accrued_rate", st.lists(signed, min_size=1, max_size=8), rates
)
def averages(samples: list[Decimal], damper: Decimal) -> Pairs:
    weights = range(1, len(samples) + 1)
    yield funding.equal_average(samples), sum(map(F, samples), F(0)) / len(samples)
    yield (
        funding.linear_average(samples),
        sum((w * F(p) for w, p in zip(weights, samples, strict=True)), F(0)) / sum(weights),
    )
    rule = rules.FundingRule(Decimal(480), damper=damper, continuous=True)
    charged = [twin.funding_rate(sample, 0, damper, None) for sample in samples]
    yield funding.accrued_rate(rule, samples), sum(charged, F(0)) / len(samples)


@exact(
    "funding.funding_payment funding.total_of_history funding.annual_rate", positions, prices, prices, signed, numbers
)
def payments(held: Position, mark: Decimal, index: Decimal, rate: Decimal, periods: Decimal) -> Pairs:
    kind, side, contracts = held.instrument, held.side, held.contracts
    one = twin.funding_payment(side, usd(held), mark, rate)
    yield funding.funding_payment(kind, side, contracts, rate, mark, periods=periods), one * F(periods)
    kraken = kind._replace(funding=rules.FundingRule(Decimal(60), coin_rate=True))
    yield funding.funding_payment(kraken, side, contracts, rate, mark, index), F(side) * F(rate) / F(index) * usd(held)
    other = twin.funding_payment(side, usd(held), index, -rate)
    yield funding.total_of_history(kind, side, contracts, [(rate, mark), (-rate, index)]), one + other
    yield funding.annual_rate(side, rate, periods), F(side) * F(rate) * 525_600 / F(periods)


@exact("funding.intervals_in", numbers, numbers)
def intervals(duration: Decimal, interval: Decimal) -> Pairs:
    yield funding.intervals_in(duration, interval), F(floor(F(duration) / F(interval)))
    yield funding.intervals_in(duration, interval, continuous=True), F(duration) / F(interval)


@exact(
    "rules.with_deductions rules.tier_index rules.flat_rate margin.maintenance_pieces margin.most_asked wallet.group_maintenance margin.piece_maintenance wallet.piece_at",
    positions,
    numbers,
    numbers,
    rates,
    rates,
    prices,
)
def maintenance_in_tiers(
    held: Position, limit: Decimal, more: Decimal, low: Decimal, high: Decimal, price: Decimal
) -> Pairs:
    top = limit + more
    for unit in ("coin", "contracts", "usd"):
        for basis in ("mark", "entry"):
            for marginal in (True, False):
                bands = ((limit, low), (top, high), (None, high + low))
                found = twin.Rules(bands, basis, unit, marginal)
                limits_, rates_ = zip(*bands, strict=True)
                tiers = rules.with_deductions(limits_, rates_) if marginal else tuple(map(rules.Tier, limits_, rates_))
                schedule = rules.Schedule(tiers, basis, unit, marginal)
                if (most := margin.most_asked(schedule, held.notional)) is not None:
                    yield most, max(F(rate) for rate in rates_) * F(usd(held))
                wallet = accounts.wallet_of(Decimal(0), [accounts.Holding(held, schedule)])
                at = price if basis == "mark" else held.entry_price
                asked = twin.maintenance(found, held.side, held.contracts, held.instrument.contract_size, at)
                if basis == "mark" and unit == "coin" and F(usd(held)) / F(price) in (F(limit), F(top)):
                    continue  # x = 1/price is not exact enough to stand on a border
                yield accounts.maintenance(wallet, 1 / price), asked


@exact(
    "wallet.wallet_of wallet.carrying wallet.collateralized wallet.equity wallet.maintenance wallet.bankruptcy_x wallet.closing_fees wallet.closing_fees_at wallet.closing_fees_at_bankruptcy wallet.net_notional rounding.without_noise liquidation.reserved_fees funding.after_paying",
    instruments,
    numbers,
    fills,
    fills,
    rates,
    prices,
)
def wallets(
    kind: instrument.Instrument, balance: Decimal, longs: list[Fill], shorts: list[Fill], fee: Decimal, price: Decimal
) -> Pairs:
    held = [open_by_fills(kind, LONG, longs), open_by_fills(kind, SHORT, shorts)]
    for at_bankruptcy in (False, True):
        closing = rules.ClosingFee(fee, at_bankruptcy)
        holdings = [accounts.Holding(one, rules.flat_rate(Decimal(0)), closing) for one in held]
        wallet = accounts.wallet_of(balance, holdings)
        legs = [
            twin.Leg(int(one.side), fill.contracts, fill.price, kind.contract_size)
            for one in held
            for fill in one.fills
        ]
        model = twin.Wallet(balance, legs, twin.Rules(((None, 0),), fee=fee, fee_at_bankruptcy=at_bankruptcy))
        x = 1 / F(price)
        assert accounts.carrying(wallet, wallet.groups, wallet.group_of) == wallet
        assert accounts.collateralized(accounts.wallet_of(price, holdings), balance, holdings) == wallet
        yield accounts.equity(wallet, 1 / price), model.equity(x)
        yield accounts.equity(funding.after_paying(wallet, balance), 1 / price), model.equity(x) - F(balance)
        yield accounts.closing_fees_at(wallet, 1 / price), model.fees(x, at_bankruptcy=False)
        yield accounts.closing_fees(wallet, 1 / price), model.fees(x, at_bankruptcy=False) + model.reserved
        yield liquidation.reserved_fees(wallet, accounts.Holding(held[0], rules.flat_rate(Decimal(0)))), model.reserved
        yield accounts.net_notional(wallet), abs(usd(held[0]) - usd(held[1]))
        found = accounts.bankruptcy_x(wallet)
        yield found and 1 / found, model.bankruptcy_x and 1 / model.bankruptcy_x


@exact(
    "margin.isolated_margin margin.at_leverage margin.given_margin margin.usable_extra liquidation.position_liquidation liquidation.liquidation liquidation.liquidation_prices liquidation.ends liquidation.margin_ratio spans.safe_spans spans.segments limits.distance",
    positions,
    leverages,
    rates,
    rates,
)
def liquidation_prices(held: Position, leverage: Decimal, mmr: Decimal, fee: Decimal) -> Pairs:
    initial = cost(held) / F(leverage)
    yield margin.isolated_margin(held, leverage, mmr).coin, initial + F(mmr)
    yield margin.at_leverage(held, leverage, margin.Margin("isolated", mmr, mmr)).coin, initial + F(mmr)
    side, q, entry = held.side, usd(held), held.entry_price
    for basis, solve in (("mark", twin.liquidation_at_mark), ("entry", twin.liquidation_at_entry)):
        schedule = rules.flat_rate(mmr, basis=basis)
        holding = accounts.Holding(held, schedule, rules.ClosingFee(fee))
        behind = margin.isolated_margin(held, leverage)
        result = liquidation.position_liquidation(holding, behind)
        end = result.liquidation_below if side > 0 else result.liquidation_above
        expected = solve(side, q, entry, initial, mmr, 0, fee)
        alive = expected is not None and F(side) * (F(entry) - expected) > 0 and mmr + fee < 1
        if alive:
            yield end, showable(expected)
            wallet = accounts.wallet_of(behind.usable, [holding])
            yield liquidation.liquidation_prices(wallet, 0, holding, None).liquidation_price, showable(expected)
        if alive and end is not None:
            yield result.distance, (expected - F(entry)) / F(entry)
            yield limits.distance(result, held.entry_price), abs(expected - F(entry)) / F(entry)
            at = expected if basis == "mark" else F(entry)
            yield result.maintenance_margin, q / at * F(mmr)
            yield result.margin_ratio, (q * F(mmr) + q * F(fee)) / F(entry) / initial
        yield result.bankruptcy_price, showable(twin.bankruptcy_price(side, entry, leverage))


@exact("", positions, rates, rates, st.integers(-3, 3))
def liquidation_prices_where_the_margin_nearly_covers(held: Position, mmr: Decimal, fee: Decimal, units: int) -> Pairs:
    balance = round(held.cost, 18) + Decimal(units).scaleb(-18)
    if balance <= 0 or mmr + fee >= 1:
        return
    side, q, entry = held.side, usd(held), held.entry_price
    for basis, solve in (("mark", twin.liquidation_at_mark), ("entry", twin.liquidation_at_entry)):
        holding = accounts.Holding(held, rules.flat_rate(mmr, basis=basis), rules.ClosingFee(fee))
        result = liquidation.position_liquidation(holding, margin.given_margin(held, balance))
        expected = solve(side, q, entry, balance, mmr, 0, fee)
        if expected is not None and F(side) * (F(entry) - expected) > 0:
            yield result.liquidation_below if side > 0 else result.liquidation_above, showable(expected)


@exact("", positions, signed, signed, st.integers(-3, 3))
def prices_for_profits_that_are_nearly_all_there_is(
    held: Position, opening: Decimal, closing: Decimal, units: int
) -> Pairs:
    profit = round(held.side * held.cost, 18) + Decimal(units).scaleb(-18)
    for fee in (opening, Decimal(0)):
        yield (
            pnl.target_price(held, profit, fee, closing),
            twin.price_for_profit(held.side, usd(held), held.entry_price, profit, fee, closing, 0),
        )


@exact(
    "liquidation_cost.equity_at liquidation_cost.liquidation_cost liquidation_cost.share_of liquidation_cost.equity_after_stop liquidation_cost.margin_lost",
    positions,
    prices,
    numbers,
    rates,
    rates,
)
def liquidation_costs(held: Position, price: Decimal, collateral: Decimal, fee: Decimal, slippage: Decimal) -> Pairs:
    holding = accounts.Holding(held, rules.flat_rate(Decimal(0)))
    wallet = accounts.wallet_of(collateral, [holding])
    left = max(F(0), F(collateral) + twin.pnl(held.side, usd(held), held.entry_price, price))
    ours = liquidation_cost.equity_at(wallet, holding, collateral, price)
    yield ours, left
    lost = usd(held) / F(price) * (F(fee) + F(slippage))
    yield (
        liquidation_cost.liquidation_cost(held, price, ours, rules.Terms(fee, kept=False), slippage).total_cost,
        min(left, lost),
    )
    yield liquidation_cost.liquidation_cost(held, price, ours).total_cost_usd, left * F(price)
    yield liquidation_cost.share_of(holding, collateral), usd(held) / F(collateral)
    yield liquidation_cost.equity_after_stop(held, ours, price, fee, slippage), left - lost
    yield liquidation_cost.margin_lost(collateral, ours, fee), 1 - (left - F(fee)) / F(collateral)


@exact(
    "greeks.greeks greeks.coin_greeks greeks.usd_greeks greeks.contract_greeks greeks.balance_greeks",
    positions,
    prices,
    numbers,
)
def derivatives(held: Position, mark: Decimal, collateral: Decimal) -> Pairs:
    s, q, p, coins = F(held.side), usd(held), F(mark), F(collateral) + F(held.side) * cost(held)
    coin, in_usd, contract = greeks.greeks(held, mark, collateral)
    yield coin.value, twin.pnl(held.side, q, held.entry_price, mark)
    yield coin.delta, s * q / p**2
    yield coin.gamma, -2 * s * q / p**3
    yield in_usd.value, p * coins - s * q
    yield in_usd.delta, coins
    balance = greeks.balance_greeks(collateral, mark)
    yield balance.value, F(collateral) * p
    yield balance.delta, F(collateral)
    yield contract.delta, s * q / p
    yield contract.gamma, -s * q / p**2


@exact("hedge.hedge hedge.funding_per_day hedge.break_even_days", instruments, numbers, prices, signed, numbers, rates)
def hedges(
    kind: instrument.Instrument, coins: Decimal, price: Decimal, rate: Decimal, interval: Decimal, fee: Decimal
) -> Pairs:
    plan = hedge.HedgePlan(kind, coins, price, rate=rate, interval=interval, entry_fee_rate=fee, exit_fee_rate=fee)
    contracts = floor(F(coins) * F(price) / F(kind.contract_size))
    if not contracts:
        return
    result = hedge.hedge(plan)
    notional = contracts * F(kind.contract_size)
    a_day = -F(rate) * notional * 1440 / F(interval)
    yield result.contracts, F(contracts)
    yield result.residual_delta, F(coins) - notional / F(price)
    yield result.locked_usd, notional * (1 - F(fee))
    yield result.funding_per_day_usd, a_day
    yield result.carry_apr, -365 * a_day / (F(coins) * F(price))
    yield result.break_even_days, F(0) if not fee else 2 * F(fee) * notional / -a_day if a_day < 0 else None


@exact("limits.leverage limits.loss_share limits.funding_share_per_day", positions, prices, numbers, rates, numbers)
def shares(held: Position, price: Decimal, collateral: Decimal, rate: Decimal, interval: Decimal) -> Pairs:
    wallet = accounts.wallet_of(collateral, [accounts.Holding(held, rules.flat_rate(Decimal(0)))])
    left = F(collateral) + twin.pnl(held.side, usd(held), held.entry_price, price)
    yield limits.leverage(wallet, 1 / price), usd(held) / F(price) / left if left > 0 else None
    net = twin.net_pnl(held.side, usd(held), held.entry_price, price, rate, rate, 0)
    yield limits.loss_share(held, price, collateral, rate, rate), -net / F(collateral)
    a_day = twin.funding_payment(held.side, usd(held), price, rate) * 1440 / F(interval) / F(collateral)
    yield limits.funding_share_per_day(held, rate, price, collateral, interval, interval), a_day


@exact(
    "order_cost.closing_fee_reserve order_cost.order_cost_rate order_cost.order_cost",
    sides,
    numbers,
    numbers,
    rates,
    leverages,
    prices,
)
def order_costs(
    side: Decimal, contracts: Decimal, coin: Decimal, rate: Decimal, leverage: Decimal, price: Decimal
) -> Pairs:
    value, share, f = F(contracts) / F(price), 1 / F(leverage), F(rate)
    yield order_cost.closing_fee_reserve(PLAIN, side, contracts, coin, rate), f * (F(contracts) + F(side) * F(coin))
    for reserve, fees in (
        (rules.OPENING_FEE, f),
        (rules.BOTH_FEES, 2 * f),
        (rules.FEE_AT_BANKRUPTCY, f + f * max(1 + F(side) * share, F(0))),
    ):
        kind = PLAIN._replace(order_reserve=reserve)
        yield order_cost.order_cost_rate(kind, side, leverage, rate), share + fees
        yield order_cost.order_cost(kind, side, contracts, price, leverage, rate), value * (share + fees)


@exact(
    "sizing.loss_per_usd sizing.costs_per_usd sizing.size sizing.one_lot sizing.max_safe_leverage",
    instruments,
    sides,
    prices,
    rates,
    rates,
    numbers,
    rates,
)
def sizes(
    kind: instrument.Instrument, side: Decimal, entry: Decimal, gap: Decimal, fee: Decimal, risk: Decimal, mmr: Decimal
) -> Pairs:
    stop = entry * (1 - side * gap)
    if stop == entry:
        return
    plan = sizing.Plan(kind, side, entry, stop, fee, fee, schedule=rules.flat_rate(mmr))
    costs = F(fee) / F(entry) + F(fee) / F(stop)
    loss = abs(1 / F(entry) - 1 / F(stop)) + costs
    yield sizing.costs_per_usd(plan), costs
    yield sizing.loss_per_usd(plan), loss
    result = sizing.size(plan, risk)
    contracts = floor(F(risk) / loss / F(kind.contract_size))
    yield result.contracts, F(contracts)
    yield result.loss_at_stop, contracts * F(kind.contract_size) * loss
    yield sizing.one_lot(plan).loss_at_stop, F(kind.contract_size) * loss
    needed = F(mmr) / F(stop) - F(side) * (1 / F(entry) - 1 / F(stop))
    largest = floor(10_000 / F(entry) / needed) / Fraction(10_000) if needed > 0 else None
    yield sizing.max_safe_leverage(plan, risk), largest


@exact("stress.ladder stress.life stress.fatal_moves stress.even_moves", positions, prices, numbers, signed)
def ladders(held: Position, mark: Decimal, collateral: Decimal, move: Decimal) -> Pairs:
    wallet = accounts.wallet_of(collateral, [accounts.Holding(held, rules.flat_rate(Decimal(0)))])
    if move <= -1:
        return
    price = F(mark) * (1 + F(move))
    now, then = (F(collateral) + twin.pnl(held.side, usd(held), held.entry_price, at) for at in (F(mark), price))
    stake = stress.Stake(wallet, mark)
    [rung] = stress.ladder(stake, [move])
    alive = now > 0 and then > 0
    yield rung.equity, then if alive else F(0)
    yield rung.pnl, then - F(collateral) if alive else -F(collateral)
    death = twin.bankruptcy_at(held.side, usd(held), held.entry_price, collateral)
    down, up = stress.fatal_moves(stake)
    if now > 0:
        yield down if held.side > 0 else up, None if death is None else death / F(mark) - 1
    else:
        assert (down, up) == (0, 0)
    yield stress.even_moves(move, collateral, 3)[1], (F(move) + F(collateral)) / 2


@exact("funding.intervals_to_liquidation", positions, prices, numbers, numbers)
def payments_until_liquidation(held: Position, mark: Decimal, collateral: Decimal, payment: Decimal) -> Pairs:
    wallet = accounts.wallet_of(collateral, [accounts.Holding(held, rules.flat_rate(Decimal(0)))])
    left = F(collateral) + twin.pnl(held.side, usd(held), held.entry_price, mark)
    count = left / F(payment) if left > 0 else F(0)
    yield funding.intervals_to_liquidation(wallet, payment, 1 / mark), F(ceil(count))
    yield funding.intervals_to_liquidation(wallet, payment, 1 / mark, continuous=True), count


@exact(
    "rounding.on rounding.grid printed_price.rounded_price printed_price.price_at printed_price.least_price printed_price.printed_step printed_price.printable_price",
    numbers,
    numbers,
    st.integers(0, 18),
)
def roundings(above: Decimal, below: Decimal, places: int) -> Pairs:
    amount, step = above / below, Fraction(1, 10**places)
    units = F(above) / F(below) / step
    yield rounding.on(rounding.grid(f"floor {places}"), amount), floor(units) * step
    yield rounding.on(rounding.grid(f"ceiling {places}"), amount), ceil(units) * step
    yield rounding.on(rounding.grid(f"half-even {places}"), amount), round(units) * step
    yield rounding.on(None, amount), units * step
    kind = instrument.PLAIN._replace(rounding=rounding.Rounding(liquidation_price=rounding.grid(f"floor {places}")))
    yield printed_price.least_price(kind), step
    yield printed_price.printed_step(kind), step
    yield printed_price.rounded_price(kind, below / above, "below"), floor(units) * step
    yield printed_price.price_at(kind, below / above, "below"), floor(units) * step or None
    yield printed_price.printable_price(kind, amount, "below"), floor(units) * step or units * step
    yield printed_price.printable_price(kind, amount, "above"), ceil(units) * step


@pytest.mark.parametrize("name", CHECKS)
def test_a_formula_is_right_to_the_last_of_18_decimals(name: str) -> None:
    check, drawn = CHECKS[name]

    @given(st.tuples(*drawn))
    def inner(values: tuple[Decimal, ...]) -> None:
        for ours, theirs in check(*values):
            if theirs is None or abs(theirs) < MEANINGFUL:
                assert (None if ours is None else plain(ours)) == twin.printed(theirs)

    inner()


MEANINGFUL = 10**33  # the largest product of an amount and a price; beyond it 100 digits leave fewer than 18 decimals
NO_FORMULAS = {
    "funding.annual_yield",
    "instrument.check_lots",
    "margin.check_deduction",
    "limits.asked",
    "limits.judged",
    "limits.protecting_stop",
    "limits.protects",
    "limits.stops_first",
    "limits.worse",
    "limits.worst_first",
    "liquidation.liquidated_at",
    "order_cost.largest_order",
    "pnl.safe_tick",
    "sizing.bounds_of",
    "stress.visible_moves",
}


def test_every_function_of_a_module_is_checked() -> None:
    """Modules of which nothing is checked here have fractions of their own, or an answer that proves itself forward."""
    names = {
        f"{path.stem}.{node.name}"
        for path in CORE
        if path.stem in {name.partition(".")[0] for name in COVERED}
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    assert names == (COVERED | NO_FORMULAS)
    assert all(
        hasattr(import_module(f"perpcalc.core.{name.partition('.')[0]}"), name.partition(".")[2]) for name in names
    )


# What these checks have found


def liquidated(side: Decimal, contracts: str, entry: str, coin: str) -> liquidation.Liquidation:
    held = open_at(PLAIN, side, Decimal(contracts), Decimal(entry))
    holding = accounts.Holding(held, rules.flat_rate(Decimal(0)))
    return liquidation.position_liquidation(holding, margin.given_margin(held, Decimal(coin)))


def test_a_price_that_18_decimals_do_not_show_liquidates_nobody() -> None:
    result = liquidated(LONG, "1", "1000", "9999999999999999999")
    assert (result.liquidation_price, result.bankruptcy_price) == (None, None)
    assert result.reason == "never: the price would have to fall below 0.000000000000000001"


def test_a_short_that_is_all_but_covered_dies_far_above() -> None:
    result = liquidated(SHORT, "300", "900", "0.333333333333333333")
    assert result.liquidation_price is not None
    assert plain(result.liquidation_price) == "900000000000000000000"
    found = liquidated(SHORT, "300", "900", "0.3333333").liquidation_price
    assert found is not None
    assert plain(found) == "9000000000"


def test_a_return_that_no_price_brings_is_no_price_at_the_end_of_the_digits() -> None:
    held = open_at(PLAIN, LONG, Decimal(7), Decimal(3))
    assert pnl.price_for_roe(held, Decimal("2.41"), Decimal("2.41"), None) is None


def test_fees_that_leave_nothing_have_no_price_at_the_end_of_the_digits() -> None:
    held = open_at(PLAIN, LONG, Decimal(1), Decimal(3))
    assert pnl.target_price(held, Decimal("0.3"), Decimal("0.1")) is None
    assert pnl.target_price(held, Decimal("0.299999999999999999"), Decimal("0.1")) == Decimal(10) ** 18


def test_a_tie_at_the_nineteenth_decimal_is_rounded_to_even() -> None:
    held = open_at(PLAIN, SHORT, Decimal(1), Decimal(3))
    holding = accounts.Holding(held, rules.flat_rate(Decimal("1E-18")), rules.ClosingFee(Decimal("6E-18")))
    result = liquidation.position_liquidation(holding, margin.isolated_margin(held, Decimal(3)))
    assert result.liquidation_price is not None
    assert plain(result.liquidation_price) == "4.499999999999999968"
