"""Limits: what counts as kept, what as broken, and which comes first."""

from decimal import Decimal

import pytest

from perpcalc.core.instrument import PLAIN
from perpcalc.core.limits import (
    FAIL,
    PASS,
    RULES,
    UNKNOWN,
    YES,
    Verdict,
    asked,
    distance,
    funding_share_per_day,
    judged,
    leverage,
    loss_share,
    protects,
    stops_first,
    worse,
    worst_first,
)
from perpcalc.core.liquidation import Liquidation, position_liquidation
from perpcalc.core.margin import given_margin, isolated_margin
from perpcalc.core.position import LONG, SHORT, Position, open_at
from perpcalc.core.rules import flat_rate
from perpcalc.core.wallet import Holding, wallet_of
from perpcalc.errors import PerpcalcError

FREE = flat_rate(Decimal(0))
HALF_PERCENT = flat_rate(Decimal("0.005"))


def long_at(price: int, usd: int = 10_000) -> Position:
    return open_at(PLAIN, LONG, Decimal(usd), Decimal(price))


def short_at(price: int, usd: int = 10_000) -> Position:
    return open_at(PLAIN, SHORT, Decimal(usd), Decimal(price))


class TestAsked:
    def test_nothing_by_default(self) -> None:
        assert asked({}) == {}

    def test_volatility_and_horizon_alone_ask_for_nothing(self) -> None:
        assert asked({"vol": Decimal("0.6"), "horizon": Decimal(10_080)}) == {}

    def test_a_limit_of_zero_is_a_limit(self) -> None:
        assert asked({"max_loss_at_stop": Decimal(0)}) == {"max_loss_at_stop": Decimal(0)}

    def test_false_and_none_ask_for_nothing(self) -> None:
        assert asked({"require_stop": False, "max_leverage": None}) == {}

    def test_what_is_asked_for_comes_in_the_order_of_the_rules(self) -> None:
        given = {name: True if rule.kind == "yes" else Decimal(1) for name, rule in reversed(RULES.items())}
        assert list(asked(given)) == list(RULES)


class TestRules:
    def test_each_is_found_by_its_name(self) -> None:
        assert all(rule.name == name for name, rule in RULES.items())

    def test_a_demand_is_a_yes_and_every_other_rule_has_a_number(self) -> None:
        assert all((rule.bound == YES) == (rule.kind == "yes") for rule in RULES.values())


class TestJudged:
    @pytest.mark.parametrize(("value", "status"), [("4.999", PASS), ("5", PASS), ("5.001", FAIL), ("-1", PASS)])
    def test_a_maximum_may_be_reached_not_passed(self, value: str, status: str) -> None:
        assert judged("max_leverage", Decimal(5), Decimal(value)) == status

    @pytest.mark.parametrize(("value", "status"), [("0.1499", FAIL), ("0.15", PASS), ("0.2", PASS), ("0", FAIL)])
    def test_a_minimum_may_be_reached_not_missed(self, value: str, status: str) -> None:
        assert judged("min_liquidation_distance", Decimal("0.15"), Decimal(value)) == status

    def test_never_liquidated_is_far_enough(self) -> None:
        assert judged("min_liquidation_distance", Decimal(1), None) == PASS

    @pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "min_liquidation_distance"])
    def test_no_value_fails_everything_else(self, rule: str) -> None:
        assert judged(rule, Decimal(10**9), None) == FAIL

    def test_a_margin_ratio_may_be_reached_not_passed(self) -> None:
        assert judged("max_margin_ratio", Decimal("0.5"), Decimal("0.5")) == PASS
        assert judged("max_margin_ratio", Decimal("0.5"), Decimal("0.51")) == FAIL

    def test_the_last_digit_of_a_quotient_does_not_decide(self) -> None:
        assert judged("max_leverage", Decimal(3), 1 / (Decimal(1) / 3)) == PASS

    def test_a_demand_is_met_or_not(self) -> None:
        assert judged("require_stop", True, True) == PASS
        assert judged("require_stop", True, False) == FAIL


class TestWorstFirst:
    def test_failed_then_unknown_then_passed_each_by_the_share_of_the_limit_used(self) -> None:
        def verdict(name: str, rule: str, limit: object, value: object, status: str) -> Verdict:
            return Verdict(name, rule, limit, value, status)  # type: ignore[arg-type]

        ordered = [
            verdict("no stop", "require_stop", True, False, FAIL),
            verdict("three times", "max_leverage", Decimal(5), Decimal(15), FAIL),
            verdict("two times", "min_liquidation_distance", Decimal("0.2"), Decimal("0.1"), FAIL),
            verdict("unknown", "max_funding_per_day", Decimal(1), None, UNKNOWN),
            verdict("nearly", "max_leverage", Decimal(5), Decimal("4.9"), PASS),
            verdict("hardly", "max_leverage", Decimal(5), Decimal(1), PASS),
            verdict("has a stop", "require_stop", True, True, PASS),
            verdict("earns", "max_funding_per_day", Decimal(1), Decimal(-1), PASS),
        ]
        names = [one.position for one in worst_first(ordered[::-1])]
        assert names[:6] == [one.position for one in ordered][:6]  # up to "hardly"
        assert set(names[6:]) == {"has a stop", "earns"}

    def test_a_limit_of_zero_is_passed_without_end(self) -> None:
        nothing = Verdict("a", "max_notional_usd", Decimal(0), Decimal(1), FAIL)
        double = Verdict("b", "max_notional_usd", Decimal(1), Decimal(2), FAIL)
        assert worst_first([double, nothing]) == [nothing, double]


class TestLeverage:
    def test_at_the_entry_it_is_value_over_margin(self) -> None:
        wallet = wallet_of(Decimal("0.1"), [Holding(long_at(10_000), FREE)])
        assert leverage(wallet, 1 / Decimal(10_000)) == 10

    def test_a_loss_raises_it_twice(self) -> None:
        # At 8,000 the value is 1.25 coins, the loss 0.25: 1.25/(0.5 - 0.25) = 5.
        wallet = wallet_of(Decimal("0.5"), [Holding(long_at(10_000), FREE)])
        assert leverage(wallet, 1 / Decimal(8_000)) == 5

    def test_without_equity_there_is_none(self) -> None:
        wallet = wallet_of(Decimal("0.25"), [Holding(long_at(10_000), FREE)])
        assert leverage(wallet, 1 / Decimal(8_000)) is None

    def test_a_trade_that_closes_another_leaves_none(self) -> None:
        wallet = wallet_of(Decimal(1), [Holding(long_at(10_000), FREE), Holding(short_at(10_000), FREE)])
        assert leverage(wallet, 1 / Decimal(10_000)) == 0

    def test_where_both_sides_are_held_both_count(self) -> None:
        hedged = PLAIN._replace(hedge_mode=True)
        one, other = (open_at(hedged, side, Decimal(10_000), Decimal(10_000)) for side in (LONG, SHORT))
        wallet = wallet_of(Decimal(1), [Holding(one, FREE), Holding(other, FREE)])
        assert leverage(wallet, 1 / Decimal(10_000)) == 2


class TestStops:
    def test_a_stop_protects_where_the_position_loses(self) -> None:
        assert protects(LONG, Decimal(58_000), Decimal(60_000))
        assert not protects(LONG, Decimal(62_000), Decimal(60_000))
        assert protects(SHORT, Decimal(62_000), Decimal(60_000))
        assert not protects(SHORT, Decimal(60_000), Decimal(60_000))

    def test_it_must_come_before_liquidation(self) -> None:
        position = long_at(8_000, 8_000)  # one coin, liquidated at 4,000 with one coin of margin
        found = position_liquidation(Holding(position, FREE), given_margin(position, Decimal(1)))
        assert stops_first(LONG, Decimal("4000.01"), found)
        assert not stops_first(LONG, Decimal(4_000), found)

    def test_any_stop_comes_before_a_liquidation_that_never_comes(self) -> None:
        position = short_at(8_000)
        found = position_liquidation(Holding(position, HALF_PERCENT), isolated_margin(position, Decimal(1)))
        assert stops_first(SHORT, Decimal(10**9), found)

    def test_none_comes_before_a_liquidation_that_is_passed(self) -> None:
        position = long_at(8_000)
        holding = Holding(position, HALF_PERCENT)
        found = position_liquidation(holding, isolated_margin(position, Decimal(10)), mark=Decimal(5_000))
        assert not stops_first(LONG, Decimal(7_900), found)
        assert distance(found, Decimal(5_000)) == 0


class TestShares:
    def test_the_loss_at_the_stop_includes_both_fees(self) -> None:
        # 1 coin at 10,000; at 8,000 worth 1.25: a loss of 0.25; fees 0.001 and 0.00125.
        share = loss_share(long_at(10_000), Decimal(8_000), Decimal(10), Decimal("0.001"), Decimal("0.001"))
        assert share == Decimal("0.025225")

    def test_a_stop_in_profit_is_a_negative_loss(self) -> None:
        assert loss_share(long_at(8_000), Decimal(10_000), Decimal(1), Decimal(0), Decimal(0)) == Decimal("-0.25")

    @pytest.mark.parametrize(("position", "share"), [(long_at(10_000), "0.0003"), (short_at(10_000), "-0.0003")])
    def test_three_payments_a_day(self, position: Position, share: str) -> None:
        rate, eight_hours = Decimal("0.0001"), Decimal(480)
        of_day = funding_share_per_day(position, rate, Decimal(10_000), Decimal(1), eight_hours, eight_hours)
        assert of_day == Decimal(share)

    def test_a_rate_quoted_for_eight_hours_but_paid_hourly(self) -> None:
        rate, hour, eight_hours = Decimal("0.0001"), Decimal(60), Decimal(480)
        of_day = funding_share_per_day(long_at(10_000), rate, Decimal(10_000), Decimal(1), hour, eight_hours)
        assert of_day == Decimal("0.0003")

    def test_the_share_is_of_the_collateral(self) -> None:
        rate, eight_hours = Decimal("0.0001"), Decimal(480)
        of_day = funding_share_per_day(long_at(10_000), rate, Decimal(10_000), Decimal(3), eight_hours, eight_hours)
        assert of_day == Decimal("0.0001")


class TestDistance:
    def test_it_has_no_sign(self) -> None:
        # One coin, liquidated at half the entry with one coin of margin.
        position = long_at(8_000, 8_000)
        found = position_liquidation(Holding(position, FREE), given_margin(position, Decimal(1)))
        assert found.distance == Decimal("-0.5")
        assert distance(found, Decimal(8_000)) == Decimal("0.5")

    def test_never_has_none(self) -> None:
        position = short_at(8_000)
        found = position_liquidation(Holding(position, FREE), isolated_margin(position, Decimal(1)))
        assert distance(found, Decimal(8_000)) is None

    def test_of_two_ends_the_smaller_counts_though_the_other_is_nearer_by_ratio(self) -> None:
        # From 100 to 50 is a factor of 2, to 180 one of 1.8; but 50 is 50% away and 180 is 80%.
        position = long_at(8_000)
        found = position_liquidation(Holding(position, FREE), isolated_margin(position, Decimal(2)))
        both = found._replace(liquidation_below=Decimal(50), liquidation_above=Decimal(180))
        assert distance(both, Decimal(100)) == Decimal("0.5")
        assert distance(both._replace(liquidation_above=Decimal(120)), Decimal(100)) == Decimal("0.2")


class TestOtherContracts:
    def test_a_dated_contract_is_worth_less_coin_the_higher_its_mark(self) -> None:
        # 12,500 USD at 12,500, a quarter above the perpetual's 10,000, are one coin on one coin of collateral.
        dated = Holding(open_at(PLAIN, LONG, Decimal(12_500), Decimal(12_500)), FREE, ratio=Decimal("1.25"))
        assert leverage(wallet_of(Decimal(1), [dated]), 1 / Decimal(10_000)) == 1

    def test_a_stop_may_be_nearer_than_a_dollar(self) -> None:
        assert protects(LONG, Decimal("0.4"), Decimal("0.5"))

    def test_the_stop_of_a_short_must_come_before_the_upper_end(self) -> None:
        position = short_at(8_000, 8_000)  # one coin on half a coin: liquidated at 16,000
        found = position_liquidation(Holding(position, FREE), given_margin(position, Decimal("0.5")))
        assert stops_first(SHORT, Decimal(15_999), found)
        assert not stops_first(SHORT, Decimal(16_000), found)


class TestShareOfALimitUsed:
    def test_it_is_a_ratio_whichever_way_the_rule_points(self) -> None:
        four_times = Verdict("near", "min_liquidation_distance", Decimal("0.2"), Decimal("0.05"), FAIL)
        three_times = Verdict("high", "max_leverage", Decimal(5), Decimal(15), FAIL)
        double = Verdict("large", "max_notional_usd", Decimal(500), Decimal(1_000), FAIL)
        assert worst_first([double, three_times, four_times]) == [four_times, three_times, double]


class TestWorse:
    def verdict(self, status: str, value: str | None) -> Verdict:
        return Verdict("trade", "max_leverage", Decimal(5), None if value is None else Decimal(value), status)

    def test_a_failure_is_worse_than_a_pass_and_than_what_is_not_known(self) -> None:
        failed, passed, unknown = self.verdict(FAIL, "6"), self.verdict(PASS, "4"), self.verdict(UNKNOWN, None)
        assert worse(passed, failed) == worse(failed, passed) == worse(failed, unknown) == failed

    def test_what_is_not_known_is_worse_than_a_pass(self) -> None:
        assert worse(self.verdict(PASS, "4"), self.verdict(UNKNOWN, None)).status == UNKNOWN

    def test_of_two_that_pass_the_one_that_uses_more_of_the_limit(self) -> None:
        assert worse(self.verdict(PASS, "4"), self.verdict(PASS, "4.5")).value == Decimal("4.5")

    def test_of_two_distances_the_smaller(self) -> None:
        far = Verdict("trade", "min_liquidation_distance", Decimal("0.1"), Decimal("0.4"), PASS)
        near = far._replace(value=Decimal("0.2"))
        assert worse(far, near) == worse(near, far) == near


class Standing:
    """A long of 10,000 USD from 10,000 on half a coin, with what a test knows of it; of several stops each is of a part."""

    def __init__(self, *stops: str | None, price: str | None = "10000", collateral: str = "0.5") -> None:
        self.given, self.now, self.behind = stops or (None,), price, Decimal(collateral)

    def side(self) -> Decimal:
        return LONG

    def entry_price(self) -> Decimal:
        return Decimal(10_000)

    def notional(self) -> Decimal:
        return Decimal(10_000)

    def stops(self) -> list[Decimal | None]:
        return [None if stop is None else Decimal(stop) for stop in self.given]

    def price(self) -> Decimal:
        if self.now is None:
            raise PerpcalcError("is missing").at("mark")
        return Decimal(self.now)

    def liquidation(self) -> Liquidation:
        held = long_at(10_000)
        return position_liquidation(Holding(held, HALF_PERCENT), given_margin(held, Decimal("0.5")), self.price())

    def leverage(self) -> Decimal | None:
        return leverage(wallet_of(Decimal("0.5"), [Holding(long_at(10_000), FREE)]), 1 / self.price())

    def collateral(self) -> Decimal:
        return self.behind

    def loss_share(self, collateral: Decimal) -> Decimal:
        fee = Decimal("0.001")
        return sum(
            (loss_share(long_at(10_000), stop, collateral, fee, fee) for stop in self.stops() if stop), Decimal(0)
        )

    def funding_share_per_day(self, collateral: Decimal) -> Decimal:
        eight_hours = Decimal(480)
        return funding_share_per_day(
            long_at(10_000), Decimal("0.0001"), self.price(), collateral, eight_hours, eight_hours
        )

    def chance(self) -> tuple[Decimal, Decimal]:
        return Decimal("0.6"), Decimal(10_080)


class TestMeasures:
    def measured(self, rule: str, standing: Standing) -> object:
        return RULES[rule].measure(standing)

    @pytest.mark.parametrize(
        ("rule", "value"),
        [
            ("max_leverage", "2"),
            # One coin on half a coin: Q(1 + mmr)/(B + V) = 10,050/1.5 = 6,700, 33% below.
            ("min_liquidation_distance", "0.33"),
            ("max_margin_ratio", "0.01"),
            # From 10,000 to 8,000: 0.25 lost, 0.00225 of fees.
            ("max_loss_at_stop", "0.5045"),
            ("max_funding_per_day", "0.0006"),
            ("max_notional_usd", "10000"),
        ],
    )
    def test_a_number_is_that_of_the_position(self, rule: str, value: str) -> None:
        assert self.measured(rule, Standing("8000")) == Decimal(value)

    def test_the_stop_comes_before_liquidation_or_not(self) -> None:
        assert self.measured("stop_before_liquidation", Standing("7000")) is True
        assert self.measured("stop_before_liquidation", Standing("6500")) is False

    def test_without_a_stop_what_is_never_liquidated_needs_none(self) -> None:
        class Covered(Standing):
            def liquidation(self) -> Liquidation:
                held = short_at(10_000)
                return position_liquidation(Holding(held, FREE), given_margin(held, Decimal(1)))

        assert self.measured("stop_before_liquidation", Covered()) is True

    def test_without_a_stop_it_is_not_known_which_comes_first(self) -> None:
        with pytest.raises(PerpcalcError, match="stop: is missing"):
            self.measured("stop_before_liquidation", Standing())

    @pytest.mark.parametrize(("stop", "price", "has"), [
        ("8000", "10000", True), (None, "10000", False), ("9500", "9000", False), ("8000", None, True),
    ])  # fmt: skip
    def test_a_stop_counts_where_it_protects_from_the_price_now(self, stop: str, price: str, has: bool) -> None:
        assert self.measured("require_stop", Standing(stop, price=price)) is has

    def test_of_several_parts_each_needs_a_stop_and_the_last_of_them_counts(self) -> None:
        assert self.measured("require_stop", Standing("8000", "9000")) is True
        assert self.measured("require_stop", Standing("8000", None)) is False
        assert self.measured("stop_before_liquidation", Standing("9000", "6500")) is False

    def test_a_stop_that_only_the_price_could_judge_is_not_known(self) -> None:
        with pytest.raises(PerpcalcError, match="mark: is missing"):
            self.measured("require_stop", Standing("11000", price=None))

    def test_without_a_stop_or_collateral_there_is_no_loss_to_measure(self) -> None:
        assert self.measured("max_loss_at_stop", Standing()) is None
        assert self.measured("max_loss_at_stop", Standing("8000", collateral="0")) is None
        assert self.measured("max_funding_per_day", Standing(collateral="0")) is None

    def test_a_touch_is_a_probability(self) -> None:
        chance = self.measured("max_touch_probability", Standing())
        assert isinstance(chance, Decimal)
        assert 0 < chance < 1
