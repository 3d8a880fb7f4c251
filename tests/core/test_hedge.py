"""Hedges: a synthetic dollar at every price, whole lots, carry with its sign, and liquidation or never."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.core.hedge import HedgePlan, break_even_days, funding_per_day, hedge
from perpcalc.core.instrument import PLAIN
from perpcalc.core.pnl import gross_pnl
from perpcalc.core.position import LONG, SHORT, open_at
from perpcalc.core.rounding import Rounding, grid
from perpcalc.core.rules import ClosingFee, FundingRule, Schedule, Tier, flat_rate
from perpcalc.errors import PerpcalcError

HALF_PERCENT = flat_rate(Decimal("0.005"))
EIGHT_HOURS = Decimal(480)
holdings = st.decimals("0.1", "1000", places=4)
prices = st.decimals("100", "200000", places=1)


def plan(holding: str = "2", price: str = "50000", **more: object) -> HedgePlan:
    return HedgePlan(PLAIN, Decimal(holding), Decimal(price))._replace(**more)  # type: ignore[arg-type]


@given(st.integers(1, 10**6), prices, st.lists(prices, min_size=1, max_size=5))
def test_coins_and_their_full_short_are_worth_the_same_usd_at_every_price(
    usd: int, price: Decimal, later: list[Decimal]
) -> None:
    holding = Decimal(usd) / price
    result = hedge(HedgePlan(PLAIN, holding, price))
    position = open_at(PLAIN, SHORT, result.contracts, price)
    for moved in later:
        worth = moved * (holding + gross_pnl(position, moved))
        assert abs(worth - result.notional - result.residual_delta * moved) < Decimal("1E-40")
    assert 0 <= result.residual_delta * price < 1


@given(holdings, prices, st.decimals("0.01", "2", places=2))
def test_whole_lots_are_shorted_and_the_rest_stays_exposed(holding: Decimal, price: Decimal, ratio: Decimal) -> None:
    by_tens = PLAIN._replace(contract_size=Decimal(10), lot=Decimal(5))
    if holding * ratio * price < 50:
        return
    result = hedge(HedgePlan(by_tens, holding, price, ratio))
    assert result.contracts % 5 == 0
    assert result.notional == result.contracts * 10
    assert 0 <= holding * ratio * price - result.notional < 50
    assert result.residual_delta == holding - result.notional / price


def test_a_partial_hedge_leaves_its_share_of_the_coins() -> None:
    assert hedge(plan(ratio=Decimal("0.25"))).residual_delta == Decimal("1.5")
    assert hedge(plan(ratio=Decimal("1.5"))).residual_delta == -1


def test_coins_worth_less_than_a_lot_cannot_be_hedged() -> None:
    with pytest.raises(PerpcalcError, match="less than one lot of 100 USD"):
        hedge(plan("0.001")._replace(instrument=PLAIN._replace(contract_size=Decimal(100))))


def test_carry_is_three_payments_a_day_received_by_the_short() -> None:
    # 0.01% three times a day on 100,000 USD: 30 USD a day, 10.95% a year on the holding.
    result = hedge(plan(rate=Decimal("0.0001"), interval=EIGHT_HOURS))
    assert (result.funding_per_day_usd, result.carry_apr) == (-30, Decimal("0.1095"))


def test_a_negative_rate_is_paid_and_never_earns_the_fees_back() -> None:
    costly = plan(rate=Decimal("-0.0001"), interval=EIGHT_HOURS, entry_fee_rate=Decimal("0.0005"))
    result = hedge(costly)
    assert (result.funding_per_day_usd, result.carry_apr, result.break_even_days) == (30, Decimal("-0.1095"), None)


def test_half_a_hedge_earns_half_the_carry_on_the_holding() -> None:
    result = hedge(plan(ratio=Decimal("0.5"), rate=Decimal("0.0001"), interval=EIGHT_HOURS))
    assert result.carry_apr == Decimal("0.1095") / 2


def test_both_fees_are_earned_back_and_only_the_first_is_taken_from_what_is_locked() -> None:
    fees = {"entry_fee_rate": Decimal("0.0005"), "exit_fee_rate": Decimal("0.0002")}
    result = hedge(plan(rate=Decimal("0.0001"), interval=EIGHT_HOURS, **fees))
    assert result.locked_usd == 100_000 - 50
    assert result.fees_usd == 70
    assert result.break_even_days == Decimal(70) / 30


def test_without_fees_there_is_nothing_to_earn_back() -> None:
    assert hedge(plan(rate=Decimal("0.0001"), interval=EIGHT_HOURS)).break_even_days == 0


def test_without_a_rate_the_carry_is_not_known() -> None:
    result = hedge(plan())
    assert (result.funding_per_day_usd, result.carry_apr, result.break_even_days) == (None, None, None)


def test_a_rate_quoted_for_another_time_than_the_interval_counts_in_proportion() -> None:
    # Deribit: quoted for eight hours, charged all the time.
    result = hedge(plan(rate=Decimal("0.0003"), interval=Decimal(60), rate_interval=EIGHT_HOURS))
    assert result.funding_per_day_usd == -90


def test_each_payment_is_rounded_as_the_venue_does() -> None:
    # Receiving 0.0002 coins rounded to four decimals in favour of the venue.
    whole = PLAIN._replace(rounding=Rounding(funding=grid("ceiling 4")), funding=FundingRule(EIGHT_HOURS))
    result = hedge(plan(rate=Decimal("0.00014"), interval=EIGHT_HOURS)._replace(instrument=whole))
    assert result.funding_per_day_usd == -3 * Decimal("0.0002") * 50_000


@dataclass
class Case:
    """A short and where it is liquidated."""

    more: dict[str, object]
    above: str | None


@pytest.mark.parametrize(
    "case",
    [
        Case({}, None),
        Case({"ratio": Decimal(2)}, "99500"),
        Case({"leverage": Decimal(4)}, "66333.33"),
        Case({"schedule": flat_rate(Decimal("0.005"), basis="entry")}, "10000000.00"),
    ],
    ids=["covered", "over-hedged", "4x", "covered, maintenance on the entry value"],
)
def test_a_covered_short_is_never_liquidated_and_others_where_the_margin_ends(case: Case) -> None:
    # Over-hedged: Q(1 - mmr)/(V - C) = 200,000 * 0.995/2; 4x: E(1 - mmr)/(1 - 1/4); on the entry value: E/mmr.
    result = hedge(plan(**{"schedule": HALF_PERCENT, **case.more}))
    assert result.liquidation is not None
    found = result.liquidation.liquidation_price
    assert (None if found is None else round(found, 2)) == (None if case.above is None else Decimal(case.above))
    assert (found is None) == (result.liquidation.reason is not None)


def test_without_a_schedule_liquidation_is_not_known() -> None:
    assert hedge(plan()).liquidation is None


def test_a_rate_that_grows_with_size_gives_even_a_covered_short_a_lower_end() -> None:
    # Deribit: 1% + 0.005% per BTC reaches all of the value at 19,800 coins, which 100,000 USD are at 5.05 USD.
    growing = Schedule((Tier(None, Decimal("0.01")),), marginal=False, slope=Decimal("0.00005"))
    result = hedge(plan(schedule=growing))
    assert result.liquidation is not None
    assert result.liquidation.liquidation_above is None
    assert round(result.liquidation.liquidation_below or 0, 2) == Decimal("5.05")


def test_a_hedge_too_small_says_how_many_coins_it_was_for() -> None:
    with pytest.raises(PerpcalcError) as error:
        hedge(plan("0.002", ratio=Decimal("0.5"))._replace(instrument=PLAIN._replace(contract_size=Decimal(100))))
    assert str(error.value) == "0.001 BTC at 50000 is less than one lot of 100 USD: hedge more"


def test_the_closing_fee_and_a_rate_that_the_short_pays_bring_liquidation_nearer() -> None:
    # 4x: E(1 - mmr - f)/(1 - 1/4), with 0.05% for closing; BitMEX adds what the short pays, 0.1%, to 0.5%.
    costly = hedge(plan(leverage=Decimal(4), schedule=HALF_PERCENT, closing_fee=ClosingFee(Decimal("0.0005"))))
    assert costly.liquidation is not None
    assert costly.liquidation.liquidation_price == Decimal("66300")
    adverse = Schedule((Tier(None, Decimal("0.005")),), marginal=False, adverse_funding=True)
    for rate, price in (("-0.001", "66266.67"), ("0.001", "66333.33")):
        result = hedge(plan(leverage=Decimal(4), schedule=adverse, rate=Decimal(rate)))
        assert result.liquidation is not None
        assert round(result.liquidation.liquidation_price or 0, 2) == Decimal(price)


def test_a_rate_without_an_interval_is_no_funding_of_a_day() -> None:
    assert funding_per_day(plan(rate=Decimal("0.0001")), Decimal(100_000)) is None


@pytest.mark.parametrize(
    ("fees", "funding", "days"),
    [
        ("50", "-25", "2"),
        ("0.5", "-1", "0.5"),
        ("0", "5", "0"),
        ("-1", "5", "0"),
        ("50", "0", None),
        ("50", "0.5", None),
    ],
)
def test_fees_are_paid_back_at_once_after_days_or_never(fees: str, funding: str, days: str | None) -> None:
    assert break_even_days(Decimal(fees), Decimal(funding)) == (None if days is None else Decimal(days))


# A debt of coins


@given(st.integers(1, 10**6), prices, st.lists(prices, min_size=1, max_size=5))
def test_a_debt_of_coins_and_its_full_long_owe_the_same_usd_at_every_price(
    usd: int, price: Decimal, later: list[Decimal]
) -> None:
    debt = -Decimal(usd) / price
    result = hedge(HedgePlan(PLAIN, debt, price))
    assert result.side == LONG
    position = open_at(PLAIN, LONG, result.contracts, price)
    for moved in later:
        worth = moved * (debt + gross_pnl(position, moved))
        assert abs(worth + result.notional - result.residual_delta * moved) < Decimal("1E-40")
    assert -1 < result.residual_delta * price <= 0


def test_a_long_pays_what_its_short_would_receive() -> None:
    rate = {"rate": Decimal("0.0001"), "interval": EIGHT_HOURS, "entry_fee_rate": Decimal("0.0005")}
    result = hedge(plan("-2", **rate))
    assert (result.funding_per_day_usd, result.carry_apr) == (30, Decimal("-0.1095"))
    assert result.locked_usd == -100_000 - 50
    assert result.break_even_days is None
    assert hedge(plan("-2", **{**rate, "rate": Decimal("-0.0001")})).break_even_days == Decimal(50) / 30


def test_a_debt_is_no_collateral() -> None:
    bare = hedge(plan("-2", schedule=HALF_PERCENT))
    assert bare.liquidation is None
    assert bare.unknown == "no liquidation price without a leverage: a debt of coins is no collateral"
    # 4x: E(1 + mmr)/(1 + 1/4)
    backed = hedge(plan("-2", schedule=HALF_PERCENT, leverage=Decimal(4)))
    assert backed.unknown is None
    assert backed.liquidation is not None
    assert backed.liquidation.liquidation_price == 40_200


def test_without_a_maintenance_rate_it_is_said_that_it_is_not_known() -> None:
    assert hedge(plan()).unknown == "the liquidation price is not known: the maintenance rate is not"


# Fees that are not known


@pytest.mark.parametrize(
    ("fees", "locked", "both"),
    [
        ({"entry_fee_rate": None}, None, None),
        ({"exit_fee_rate": None}, 100_000, None),
        ({"entry_fee_rate": Decimal(0), "exit_fee_rate": Decimal("0.001")}, 100_000, 100),
    ],
)
def test_a_fee_that_is_not_known_is_no_fee_of_0(
    fees: dict[str, Decimal | None], locked: int | None, both: int | None
) -> None:
    result = hedge(plan(rate=Decimal("0.0001"), interval=EIGHT_HOURS, **fees))
    assert (result.locked_usd, result.fees_usd) == (locked, both)
    assert (result.break_even_days is None) == (both is None)
