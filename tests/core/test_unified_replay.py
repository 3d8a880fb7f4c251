"""Accounts of several coins along bars: all lows together, then all highs; against a naive loop in fractions."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perpcalc.core.past_funding import Payment
from perpcalc.core.replay import Bar
from perpcalc.core.unified_replay import Guard, UnifiedOutcome, UnifiedRun, unified_replay
from perpcalc.decimals import plain
from perpcalc.errors import PerpcalcError

from . import twin
from .strategies import decimals
from .unified_accounts import GOLDEN, account, inverse, leg
from .unified_twin import Linear, Unified

Rows = Mapping[str, list[Bar]]


def bars(*rows: tuple[int, int | str, int | str, int | str, int | str]) -> list[Bar]:
    return [(time, *(Decimal(price) for price in prices)) for time, *prices in rows]  # type: ignore[misc]


def flat(price: int, *times: int) -> list[Bar]:
    return bars(*((time, price, price, price, price) for time in times))


def run_of(name: str, *guards: Guard) -> UnifiedRun:
    held = GOLDEN[name]
    count = len(held.holdings)
    padded = (*guards, *[Guard()] * (count + len(held.legs) - len(guards)))
    return UnifiedRun(held, padded[:count], padded[count:])


# What happens in a bar


def test_an_account_dies_where_all_lows_together_liquidate_it() -> None:
    # G7, section 9 of the reference: 1 BTC and 10 ETH less 30,000 USDT behind a long of 100,000 USD and an ETH short of 20,000.
    # Together at half their prices nothing is left: 50,000 - 50,000 + 20,000 + 10,000 - 30,000.
    fall = {"BTC": bars((0, 100_000, 100_000, 50_000, 60_000)), "ETH": bars((0, 4_000, 4_000, 2_000, 2_400))}
    outcome = unified_replay(run_of("G7"), fall)
    assert (outcome.survived, outcome.ended_by, outcome.net_pnl) == (False, "liquidation", None)
    assert outcome.prices == {"BTC": 50_000, "ETH": 2_000}
    assert outcome.max_margin_ratio == 1


def test_coins_whose_lows_are_of_different_bars_are_not_put_together() -> None:
    both = {
        "BTC": bars((0, 100_000, 100_000, 60_000, 100_000), (60, 100_000, 100_000, 100_000, 100_000)),
        "ETH": bars((0, 4_000, 4_000, 4_000, 4_000), (60, 4_000, 4_000, 2_000, 4_000)),
    }
    assert unified_replay(run_of("G7"), both).survived


def test_a_coin_without_a_bar_stands_still_and_the_account_begins_where_all_have_one() -> None:
    rows = {"BTC": flat(100_000, 0, 60, 120, 180), "ETH": flat(4_000, 60, 180)}
    outcome = unified_replay(run_of("G7"), rows)
    assert (outcome.start, outcome.end, outcome.bars) == (60, 240, 3)


def test_coins_without_candles_keep_the_price_of_the_account() -> None:
    outcome = unified_replay(run_of("G7"), {"BTC": flat(100_000, 0, 60)})
    assert outcome.prices["ETH"] == 4_000


def test_a_stop_fills_at_its_price_or_at_the_open_and_the_rest_goes_on() -> None:
    guard = Guard(Decimal(95_000), Decimal("0.001"))
    rows = {
        "BTC": bars((0, 100_000, 100_000, 94_000, 96_000), (60, 96_000, 96_000, 96_000, 96_000)),
        "ETH": flat(4_000, 0, 60),
    }
    outcome = unified_replay(run_of("G7", guard), rows)
    assert outcome.ended_by == "end"
    # The long is closed at 95,000 with its fee; the ETH short stands at its entry.
    gain = twin.pnl(1, 100_000, 100_000, 95_000) - twin.fee(100_000, 95_000, Decimal("0.001"))
    assert outcome.net_pnl is not None
    assert plain(outcome.net_pnl) == twin.printed(gain * 95_000)
    gapped = {**rows, "BTC": bars((0, 100_000, 100_000, 99_000, 99_000), (60, 94_000, 94_000, 94_000, 94_000))}
    outcome = unified_replay(run_of("G7", guard), gapped)
    gain = twin.pnl(1, 100_000, 100_000, 94_000) - twin.fee(100_000, 94_000, Decimal("0.001"))
    assert outcome.net_pnl is not None
    assert plain(outcome.net_pnl) == twin.printed(gain * 94_000)


def test_an_account_without_positions_left_has_ended_by_its_stops() -> None:
    held = account({"USDT": "100000"}, leg("BTC long 1 @ 100000"))
    run = UnifiedRun(held, (), (Guard(Decimal(95_000), Decimal("0.001")),))
    outcome = unified_replay(run, {"BTC": bars((0, 100_000, 100_000, 94_000, 96_000))})
    assert (outcome.ended_by, outcome.ended_at, outcome.net_pnl) == ("stop", 0, Decimal(-5_000 - 95))


def test_funding_is_charged_in_the_coin_that_a_position_settles_in() -> None:
    held = account({"BTC": "1", "USDT": "1000"}, inverse("BTC long 100000 @ 100000"), leg("BTC short 0.5 @ 100000"))
    run = UnifiedRun(held, (Guard(),), (Guard(),))
    rows = {"BTC": flat(100_000, 0, 60)}
    payments = {"BTC": [Payment(time, Decimal("0.001")) for time in (0, 30, 120)]}
    outcome = unified_replay(run, rows, payments)
    # Twice: the long pays 0.001 BTC, worth 100 USD; the short of half a coin receives 50 USDT.
    assert outcome.funding == 2 * (100 - 50)
    marked = {"BTC": [Payment(30, Decimal("0.001"), Decimal(50_000))]}
    assert unified_replay(run, rows, marked).funding == 200 - 25
    unfunded = UnifiedRun(held, (Guard(funded=False),), (Guard(funded=False),))
    assert unified_replay(unfunded, rows, payments).funding == 0


def test_a_period_without_a_bar_of_every_coin_is_refused() -> None:
    with pytest.raises(PerpcalcError, match="no bar of every coin lies between start and end"):
        unified_replay(run_of("G7"), {"BTC": flat(100_000, 0), "ETH": []})
    with pytest.raises(PerpcalcError, match="no bar of every coin"):
        unified_replay(run_of("G7"), {"BTC": flat(100_000, 0), "ETH": flat(4_000, 0)}, start=60)


# Against a naive loop


class Seen(NamedTuple):
    """What a naive loop has seen."""

    ended: tuple[str, int]
    ratio: Fraction
    ratio_at: int
    fall: Fraction
    funding: Fraction
    net: Fraction | None


def naive(held: Unified, rows: Rows, payments: Mapping[str, list[Payment]], usdt: Fraction) -> Seen:
    """All lows, then all highs, at every bar; positions have no stops."""
    length = len(rows["BTC"])
    begun = rows["BTC"][0][0]
    ratio, ratio_at, fall, funding = Fraction(0), begun, Fraction(0), Fraction(0)
    peak = None
    ends = [*(row[0] for row in rows["BTC"][1:]), 2 * rows["BTC"][-1][0] - rows["BTC"][-2][0]]

    def prices(index: int, column: int) -> dict[str, Fraction]:
        return {"USDT": usdt, **{coin: Fraction(rows[coin][index][column]) for coin in rows}}

    def pay(coin: str, payment: Payment, at: Mapping[str, Fraction]) -> Fraction:
        total = Fraction(0)
        rate = Fraction(payment.rate)
        if coin in held.wallets:
            wallet = held.wallets[coin]
            cost = sum((leg.side * leg.contracts * leg.size * rate / at[coin] for leg in wallet.legs), Fraction(0))
            held.balances[coin] = held.balances.get(coin, Fraction(0)) - cost
            held.wallets[coin] = twin.Wallet(
                wallet.balance - cost,
                wallet.legs,
                {leg.symbol: book.rules for leg, book in zip(wallet.legs, wallet.books, strict=True)},
            )
            total += cost * at[coin]
        for one in held.linear:
            if one.coin == coin:
                cost = Fraction(one.coins) * at[coin] / at[one.settle] * rate
                held.balances[one.settle] = held.balances.get(one.settle, Fraction(0)) - cost
                total += cost * at[one.settle]
        return total

    def scenes(time: int, *at: Mapping[str, Fraction]) -> bool:
        nonlocal ratio, ratio_at, fall, peak
        equities = [max(Fraction(0), held.equity(one)) for one in at]
        peak = max(equities) if peak is None else max(peak, *equities)
        fall = max(fall, peak - min(equities))
        for one in at:
            asked, counted = held.condition * held.asked(one), held.counted(one)
            dead = counted <= asked
            now = Fraction(1) if dead else asked / counted
            if now > ratio:
                ratio, ratio_at = now, time
            if dead:
                fall = max(fall, peak)
                return True
        return False

    for index in range(length):
        time = rows["BTC"][index][0]
        opened = prices(index, 1)
        peak = held.equity(opened) if peak is None else peak
        for coin, some in payments.items():
            for payment in some:
                if begun < payment.time < ends[index] and (index == 0 or payment.time >= time):
                    funding += pay(coin, payment, opened)
        if scenes(time, opened) or scenes(time, prices(index, 3), prices(index, 2)):
            return Seen(("liquidation", time), ratio, ratio_at, fall, funding, None)
    last, close = ends[-1], prices(length - 1, 4)
    for coin, some in payments.items():
        for payment in some:
            if payment.time == last:
                funding += pay(coin, payment, close)
    if scenes(last, close):
        return Seen(("liquidation", last), ratio, ratio_at, fall, funding, None)
    net = -funding
    for coin, wallet in held.wallets.items():
        for leg_ in wallet.legs:
            usd = Fraction(leg_.contracts) * Fraction(leg_.size)
            net += twin.pnl(leg_.side, usd, leg_.entry, close[coin]) * close[coin]
    for one in held.linear:
        net += Fraction(one.coins) * (close[one.coin] - Fraction(one.entry) * close[one.settle])
    return Seen(("end", last), ratio, ratio_at, fall, funding, net)


@st.composite
def walks(draw: st.DrawFn, start: int, times: list[int]) -> list[Bar]:
    rows: list[Bar] = []
    price = Decimal(start)
    for time in times:
        close = _moved(price, draw(decimals("-0.2", "0.2", 2)))
        high = _moved(max(price, close), draw(decimals("0", "0.1", 2)))
        low = _moved(min(price, close), draw(decimals("-0.1", "0", 2)))
        rows.append((time, price, high, low, close))
        price = close
    return rows


def _moved(price: Decimal, share: Decimal) -> Decimal:
    return (price * (1 + share)).quantize(Decimal("0.1"))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Unified, UnifiedRun, Rows, dict[str, list[Payment]]]:
    times = [60 * n for n in range(draw(st.integers(2, 10)))]
    rows = {"BTC": draw(walks(100_000, times)), "ETH": draw(walks(4_000, times))}
    balances = {
        "BTC": draw(decimals("-0.2", "2", 2)),
        "ETH": draw(decimals("0", "20", 1)),
        "USDT": draw(decimals("-50000", "50000", 0)),
    }
    rate = Decimal("0.01")
    long = draw(st.integers(1, 200_000))
    short = draw(st.integers(1, 50_000))
    coins = draw(decimals("-1", "1", 2)) or Decimal(1)
    condition = draw(st.sampled_from(("1", "1.05")))
    by_balance = draw(st.booleans())
    held = account(
        {coin: str(amount) for coin, amount in balances.items()},
        inverse(f"BTC long {long} @ 100000", str(rate)),
        inverse(f"ETH short {short} @ 4000", str(rate)),
        leg(f"BTC {'long' if coins > 0 else 'short'} {abs(coins)} @ 100000", str(rate)),
        weights={},
        reading="balance" if by_balance else "equity",
        condition=condition,
    )
    rules = twin.Rules(((None, rate),))
    key = Unified(
        balances,
        {
            "BTC": ([twin.Leg(1, long, 100_000)], {"": rules}),
            "ETH": ([twin.Leg(-1, short, 4_000)], {"": rules}),
        },
        [Linear("BTC", "USDT", coins, 100_000, rate)],
        {},
        by_balance=by_balance,
        condition=Decimal(condition),
    )
    moments = sorted(draw(st.lists(st.integers(0, 60 * len(times)), max_size=4, unique=True)))
    payments = {
        coin: [Payment(time, draw(decimals("-0.01", "0.01", 4))) for time in moments if draw(st.booleans())]
        for coin in ("BTC", "ETH")
    }
    return key, UnifiedRun(held, (Guard(), Guard()), (Guard(),)), rows, payments


@settings(max_examples=60)
@given(cases())
def test_a_replay_is_what_a_naive_loop_in_fractions_finds(
    case: tuple[Unified, UnifiedRun, Rows, dict[str, list[Payment]]],
) -> None:
    key, run, rows, payments = case
    outcome: UnifiedOutcome = unified_replay(run, rows, payments)
    seen = naive(key, rows, payments, Fraction(1))
    assert (outcome.ended_by, outcome.ended_at) == seen.ended
    assert outcome.max_margin_ratio_at == seen.ratio_at
    assert plain(outcome.max_margin_ratio) == twin.printed(seen.ratio)
    assert plain(outcome.max_drawdown) == twin.printed(seen.fall)
    assert plain(outcome.funding) == twin.printed(seen.funding)
    assert (outcome.net_pnl and plain(outcome.net_pnl)) == (outcome.net_pnl and twin.printed(seen.net))
