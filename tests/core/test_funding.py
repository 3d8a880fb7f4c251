"""Funding: from premium to rate, from rate to payments, and how long a margin bears them."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.funding import (
    accrued_rate,
    after_paying,
    annual_rate,
    annual_yield,
    clamp,
    equal_average,
    funding_payment,
    funding_rate,
    intervals_in,
    intervals_to_liquidation,
    linear_average,
    premium,
    total_of_history,
)
from perpcalc.core.instrument import PLAIN
from perpcalc.core.margin import isolated_margin
from perpcalc.core.position import LONG, SHORT, open_at
from perpcalc.core.rounding import Rounding, grid
from perpcalc.core.rules import ClosingFee, FundingRule
from perpcalc.core.wallet import Holding, equity, wallet_of
from perpcalc.decimals import ONE, ZERO, plain

from . import twin
from .strategies import Trade, decimals, funding_rates, moves, prices, rules, schedule_of, trades

HOUR, EIGHT_HOURS, DAY = Decimal(60), Decimal(480), Decimal(1440)
BYBIT = FundingRule(EIGHT_HOURS, interest_per_day=Decimal("0.0003"), damper=Decimal("0.0005"), cap=Decimal("0.005"))
DERIBIT_2019 = FundingRule(EIGHT_HOURS, damper=Decimal("0.0005"), continuous=True)
KRAKEN = FundingRule(HOUR, cap=Decimal("0.0025"), divisor=Decimal(24), continuous=True, coin_rate=True)


# From premium to rate


@pytest.mark.parametrize(
    ("average", "expected"),
    [
        ("0", "0.0001"),  # inside the band the rate is the interest,
        ("0.0006", "0.0001"),  # to its very end,
        ("-0.0004", "0.0001"),
        ("0.0007", "0.0002"),  # outside it the premium less the damper,
        ("-0.001", "-0.0005"),
        ("0.01", "0.005"),  # and never more than the cap.
        ("-0.01", "-0.005"),
    ],
)
def test_the_rate_follows_the_premium_outside_a_band_around_the_interest(average: str, expected: str) -> None:
    assert funding_rate(BYBIT, Decimal(average)) == Decimal(expected)


def test_without_a_rule_the_premium_is_the_rate() -> None:
    assert funding_rate(None, Decimal("0.0123")) == Decimal("0.0123")


def test_the_interest_is_for_the_interval_asked_for() -> None:
    assert funding_rate(BYBIT, ZERO, interval=HOUR) == Decimal("0.0000125")


def test_the_rate_is_rounded_as_the_venue_prints_it() -> None:
    # Deribit order book of 2019-02-21: mark 3931.97, index 3910.46, current funding 0.00500063, above any cap of 0.5%.
    average = premium(Decimal("3931.97"), Decimal("3910.46"))
    assert funding_rate(DERIBIT_2019, average, grid=grid("half-up 8")) == Decimal("0.00500063")
    # 2020-03-09: a premium of 0.0259% is within the damper.
    assert funding_rate(DERIBIT_2019, premium(Decimal("7750.02"), Decimal("7748.01"))) == 0


def test_an_hourly_venue_spreads_its_premium_over_the_day() -> None:
    assert funding_rate(KRAKEN, Decimal("0.0012")) == Decimal("0.00005")
    assert funding_rate(KRAKEN, Decimal("0.12")) == Decimal("0.0025")


@given(
    decimals("-0.05", "0.05", 6),
    decimals("-0.001", "0.001", 5),
    decimals("0", "0.001", 5),
    st.none() | decimals("0", "0.01", 4),
    st.sampled_from((1, 3, 24)),
)
def test_the_rate_is_that_of_the_formula(
    average: Decimal, interest: Decimal, damper: Decimal, cap: Decimal | None, divisor: int
) -> None:
    rule = FundingRule(DAY, interest_per_day=interest, damper=damper, cap=cap, divisor=Decimal(divisor))
    expected = twin.funding_rate(average, interest, damper, cap, divisor)
    assert plain(funding_rate(rule, average)) == twin.printed(expected)


@given(decimals("-10", "10", 2), decimals("-10", "0", 2), decimals("0", "10", 2))
def test_clamping_keeps_what_is_between_the_bounds(value: Decimal, low: Decimal, high: Decimal) -> None:
    found = clamp(value, low, high)
    assert low <= found <= high
    assert found == value or found in (low, high)
    assert (found == value) == (low <= value <= high)


def test_where_each_moment_is_charged_by_itself_the_damper_acts_on_each_sample() -> None:
    # Deribit, damper 0.05%: premiums of 0.15% and -0.05% are charged 0.1% and 0; their mean of 0.05% would be free.
    samples = [Decimal("0.0015"), Decimal("-0.0005")]
    assert accrued_rate(DERIBIT_2019, samples) == Decimal("0.0005")
    assert funding_rate(DERIBIT_2019, equal_average(samples)) == 0


def test_averages_of_premium_samples() -> None:
    # (1*0.1% + 2*0.2% + 3*0.6%)/6 and (0.1% + 0.2% + 0.6%)/3
    samples = [Decimal("0.001"), Decimal("0.002"), Decimal("0.006")]
    assert plain(linear_average(samples)) == twin.printed(Fraction(23, 6000))
    assert equal_average(samples) == Decimal("0.003")


@given(st.lists(decimals("-0.01", "0.01", 6), min_size=1, max_size=20))
def test_averages_lie_between_the_samples_and_are_theirs_where_all_agree(samples: list[Decimal]) -> None:
    for average in (linear_average, equal_average):
        assert min(samples) <= Decimal(plain(average(samples))) <= max(samples)
        assert plain(average(samples[:1] * len(samples))) == plain(samples[0])


# From rate to payments


@given(trades, moves, funding_rates)
def test_a_payment_is_the_value_at_the_mark_times_the_rate(trade: Trade, move: Decimal, rate: Decimal) -> None:
    mark = trade.entry * move
    paid = funding_payment(trade.instrument, trade.side, trade.contracts, rate, mark)
    assert plain(paid) == twin.printed(twin.funding_payment(trade.side, trade.usd, mark, rate))


@given(trades, funding_rates)
def test_what_one_side_pays_the_other_receives(trade: Trade, rate: Decimal) -> None:
    one, other = (funding_payment(trade.instrument, side, trade.contracts, rate, trade.entry) for side in (LONG, SHORT))
    assert one == -other
    assert one == 0 if rate == 0 else (one > 0) == (rate > 0)


@given(trades, funding_rates, moves)
def test_in_dollars_a_payment_does_not_depend_on_the_price(trade: Trade, rate: Decimal, move: Decimal) -> None:
    for mark in (trade.entry, trade.entry * move):
        paid = funding_payment(trade.instrument, trade.side, trade.contracts, rate, mark)
        assert plain(paid * mark) == plain(trade.side * rate * trade.usd)


def test_a_payment_may_cover_several_periods_of_the_rate() -> None:
    once = funding_payment(PLAIN, LONG, Decimal(8_000), Decimal("0.0001"), Decimal(10_000))
    assert (
        funding_payment(PLAIN, LONG, Decimal(8_000), Decimal("0.0001"), Decimal(10_000), periods=Decimal(4)) == 4 * once
    )


def test_a_coin_rate_is_rounded_before_it_is_multiplied() -> None:
    # Kraken: the absolute rate is the relative one over the index to 18 decimals; 0.01%/30,000 = 3.333333333E-9.
    kraken = PLAIN._replace(funding=KRAKEN, rounding=Rounding(coin_rate=grid("half-up 18"), funding=grid("half-up 11")))
    arguments = (kraken, LONG, Decimal(1_000_000), Decimal("0.0001"), Decimal(31_000))
    assert funding_payment(*arguments, index=Decimal(30_000)) == Decimal("0.00333333333")
    of_ten_usd = kraken._replace(contract_size=Decimal(10))
    in_tens = (of_ten_usd, LONG, Decimal(100_000), *arguments[3:])
    assert funding_payment(*in_tens, index=Decimal(30_000)) == Decimal("0.00333333333")
    # Without an index the mark stands in for it: 0.0001/31,000 = 3.225806452E-9 (18 decimals).
    assert funding_payment(*arguments) == Decimal("0.00322580645")


def test_a_payment_is_rounded_against_the_one_who_pays() -> None:
    # Bybit: charges up, what is received down, to 8 decimals: a signed ceiling. Phemex, 700 at 6947.3435 and 0.004747%.
    phemex = PLAIN._replace(rounding=Rounding(value=grid("floor 8"), funding=grid("ceiling 8")))
    arguments = (Decimal(700), Decimal("0.00004747"), Decimal("6947.3435"))
    assert funding_payment(phemex, LONG, *arguments) == Decimal("0.00000479")
    assert funding_payment(phemex, SHORT, *arguments) == Decimal("-0.00000478")


@given(trades, st.lists(st.tuples(funding_rates, prices), max_size=6))
def test_a_history_costs_the_sum_of_its_payments(trade: Trade, history: list[tuple[Decimal, Decimal]]) -> None:
    expected = sum((twin.funding_payment(trade.side, trade.usd, mark, rate) for rate, mark in history), Fraction(0))
    total = total_of_history(trade.instrument, trade.side, trade.contracts, history)
    assert plain(total) == twin.printed(expected)


def test_each_payment_of_a_history_is_rounded_by_itself() -> None:
    ceiling = PLAIN._replace(rounding=Rounding(funding=grid("ceiling 8")))
    history = [(Decimal("0.0001"), Decimal(30_000))] * 3
    # 3 times 100*0.0001/30,000 = 3.33...E-7 are charged as 3 times 3.4E-7, not as 1E-6.
    assert total_of_history(ceiling, LONG, Decimal(100), history) == Decimal("0.00000102")


@pytest.mark.parametrize(
    ("duration", "continuous", "expected"),
    [("1440", False, "3"), ("1439", False, "2"), ("479", False, "0"), ("1440", True, "3"), ("240", True, "0.5")],
)
def test_whole_payments_fall_into_a_duration_save_where_funding_is_continuous(
    duration: str, continuous: bool, expected: str
) -> None:
    assert intervals_in(Decimal(duration), EIGHT_HOURS, continuous) == Decimal(expected)


# Over a year


def test_yearly_rates() -> None:
    # 0.01% three times a day: 1095 times a year.
    assert annual_rate(LONG, Decimal("0.0001"), EIGHT_HOURS) == Decimal("0.1095")
    assert annual_rate(SHORT, Decimal("0.0001"), EIGHT_HOURS) == Decimal("-0.1095")
    assert plain(annual_yield(LONG, Decimal("0.0001"), EIGHT_HOURS)) == twin.printed(
        Fraction(10_001, 10_000) ** 1095 - 1
    )
    assert plain(annual_yield(SHORT, Decimal("0.0001"), EIGHT_HOURS)) == twin.printed(
        Fraction(9_999, 10_000) ** 1095 - 1
    )


def test_nothing_compounds_to_nothing() -> None:
    assert annual_yield(LONG, ZERO, EIGHT_HOURS) == 0


@pytest.mark.parametrize(("side", "rate", "interval"), [(SHORT, "1.5", "420"), (LONG, "0.5", "0.01")])
def test_a_rate_that_cannot_be_compounded_does_not_break_the_program(side: Decimal, rate: str, interval: str) -> None:
    # 1 - 150% to a broken power has no value, and 1.5^52,560,000 has too many digits to write.
    assert annual_yield(side, Decimal(rate), Decimal(interval)) is None


# Until the margin is gone


def test_what_is_paid_is_gone_from_balance_and_equity() -> None:
    wallet = wallet_of(
        ONE, [Holding(open_at(PLAIN, LONG, Decimal(100), Decimal(50)), schedule_of(twin.Rules(((None, 0),))))]
    )
    poorer = after_paying(wallet, Decimal("0.25"))
    assert poorer.collateral == Decimal("0.75")
    for x in (ZERO, ONE / 50, ONE / 40):
        assert equity(wallet, x) - equity(poorer, x) == Decimal("0.25")
    assert poorer.groups == wallet.groups


@given(st.data(), trades, decimals("0.05", "1", 3), decimals("0.0001", "0.01", 5))
def test_payments_last_until_the_equity_is_what_is_asked_for(
    data: st.DataObject, trade: Trade, share: Decimal, rate: Decimal
) -> None:
    found = data.draw(rules(trade, fees=False))
    balance = trade.usd / trade.entry * share
    wallet = wallet_of(balance, [Holding(trade.position, schedule_of(found))])
    mark = trade.entry
    payment = abs(funding_payment(trade.instrument, trade.side, trade.contracts, rate, mark))

    asked = twin.maintenance(found, trade.side, trade.contracts, trade.size, trade.entry)
    room = Fraction(trade.usd) / Fraction(trade.entry) * Fraction(share) - asked
    exact = max(room / (Fraction(trade.usd) / Fraction(mark) * Fraction(rate)), Fraction(0))
    lasting = intervals_to_liquidation(wallet, payment, 1 / mark, continuous=True)
    assert lasting is not None
    assert plain(lasting) == twin.printed(exact)
    whole = intervals_to_liquidation(wallet, payment, 1 / mark)
    assert whole == -(-exact.numerator // exact.denominator)


@pytest.mark.parametrize("entry", ["7.4", "1.8", "8000", "30000"])
@pytest.mark.parametrize("contracts", [1, 7, 100])
def test_a_position_with_just_the_maintenance_margin_lasts_no_payment(entry: str, contracts: int) -> None:
    # 20x against 5%, whatever digits 1/entry was cut to.
    position = open_at(PLAIN, LONG, Decimal(contracts), Decimal(entry))
    schedule = schedule_of(twin.Rules(((None, Decimal("0.05")),)))
    wallet = wallet_of(isolated_margin(position, Decimal(20)).usable, [Holding(position, schedule)])
    assert intervals_to_liquidation(wallet, Decimal("0.0001"), 1 / Decimal(entry)) == 0


def test_who_receives_funding_is_never_liquidated_by_it() -> None:
    wallet = wallet_of(
        ONE, [Holding(open_at(PLAIN, LONG, Decimal(100), Decimal(100)), schedule_of(twin.Rules(((None, 0),))))]
    )
    assert intervals_to_liquidation(wallet, ZERO, ONE / 100) is None
    assert intervals_to_liquidation(wallet, Decimal("-0.1"), ONE / 100) is None


def test_a_position_past_its_margin_lasts_no_payment_whoever_pays() -> None:
    position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(10_000))
    wallet = wallet_of(Decimal("0.1"), [Holding(position, schedule_of(twin.Rules(((None, Decimal("0.01")),))))])
    assert intervals_to_liquidation(wallet, Decimal("0.0001"), ONE / 9_000) == 0
    assert intervals_to_liquidation(wallet, Decimal("-0.0001"), ONE / 9_000) == 0


def test_the_closing_fee_that_counts_into_liquidation_shortens_it() -> None:
    # 0.1 BTC less 1% and 0.1% of 1 BTC leave 0.089: 890 payments of 0.0001.
    position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(10_000))
    schedule = schedule_of(twin.Rules(((None, Decimal("0.01")),)))
    wallet = wallet_of(Decimal("0.1"), [Holding(position, schedule, ClosingFee(Decimal("0.001")))])
    assert intervals_to_liquidation(wallet, Decimal("0.0001"), ONE / 10_000) == 890


def test_accrued_rates_are_rounded_as_the_venue_prints_them() -> None:
    rates = [Decimal("0.001"), Decimal("0.00125")]  # less the damper 0.0005 and 0.00075
    assert accrued_rate(DERIBIT_2019, rates) == Decimal("0.000625")
    assert accrued_rate(DERIBIT_2019, rates, grid("floor 5")) == Decimal("0.00062")


def test_payments_are_whole_where_nothing_is_said() -> None:
    assert intervals_in(DAY + HOUR, EIGHT_HOURS) == 3


def test_a_history_of_rates_for_eight_hours_paid_hourly_costs_an_eighth() -> None:
    history = [(Decimal("0.0008"), Decimal(50_000))] * 2
    assert total_of_history(PLAIN, LONG, Decimal(50_000), history, HOUR / EIGHT_HOURS) == Decimal("0.0002")


def test_no_history_costs_a_decimal_nothing() -> None:
    assert total_of_history(PLAIN, LONG, ONE, []).is_zero()


def test_a_yield_has_at_most_fifteen_digits_and_loses_at_most_everything() -> None:
    year = 365 * DAY
    assert annual_yield(LONG, Decimal(9), year / 15) == Decimal(999_999_999_999_999)
    assert annual_yield(LONG, Decimal(9), year / 16) is None
    assert annual_yield(SHORT, ONE, EIGHT_HOURS) == -1
