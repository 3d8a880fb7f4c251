"""Where the venue's figures are not ours, and the likely cause that is named."""

from decimal import Decimal
from typing import Any

import pytest

from perpcalc.core.instrument import PLAIN
from perpcalc.core.margin import given_margin, isolated_margin
from perpcalc.core.position import LONG, SHORT, open_at
from perpcalc.core.rounding import grid
from perpcalc.core.rules import ClosingFee, flat_rate
from perpcalc.importing.differences import Leg, liquidation_prices, of_account, of_isolated
from perpcalc.readers.recorded import NEVER, Recorded, Said
from perpcalc.venues import find

TICK = PLAIN._replace(name="BTCUSD", tick=Decimal("0.5"), taker_fee=Decimal("0.0005"))
POSITION = open_at(TICK, LONG, Decimal(1000), Decimal(50_000))
MARGIN = given_margin(POSITION, Decimal("0.002"))
OURS = Decimal("45681.8")  # 1000*1.005/(0.02 + 0.002)


def isolated(**known: Any) -> list[str]:
    leg = Leg("core", Recorded(**known), POSITION, flat_rate(Decimal("0.005")), ClosingFee(Decimal(0)), MARGIN)
    return [str(difference) for difference in of_isolated(leg)]


class TestLiquidationPrices:
    @pytest.mark.parametrize("theirs", [OURS, Decimal("45682.2"), Decimal("45681.4"), None, Decimal(0), *NEVER])
    def test_less_than_a_tick_apart_or_never_is_none(self, theirs: Decimal | None) -> None:
        assert isolated(liquidation_price=theirs) == []

    @pytest.mark.parametrize(
        ("known", "theirs", "cause"),
        [
            ({"rate": Decimal("0.01")}, "45909.09", "the venue's maintenance rate is 1%, tiers of another date"),
            ({}, "45662.1", "maintenance margin at the entry price, rules of another date"),  # 1000/(0.022 - 0.0001)
            ({}, "45704.55", "a closing fee is counted"),  # 1000*1.0055/0.022
            (
                {"margins": (Said("posMargin", Decimal("0.0021"), "fees"),)},
                "45475.11",
                "fees counted in the margin, posMargin 0.0021 would give it",
            ),
            (
                {"margins": (Said("collateral", Decimal("0.003")),)},
                "43695.65",
                "another margin, collateral 0.003 would give it",
            ),
            ({"rate": Decimal("0.02")}, "40000", "tiers of another date, or a margin that has changed since"),
        ],
    )
    def test_with_the_change_that_gives_the_venue_s(self, known: dict[str, Any], theirs: str, cause: str) -> None:
        ours = "45682" if "." not in theirs else f"{Decimal(1005) / Decimal('0.022'):.{len(theirs.split('.')[1])}f}"
        assert isolated(liquidation_price=Decimal(theirs), **known) == [
            f"core: the venue's liquidation price is {theirs}, ours is {ours}: {cause}"
        ]

    @pytest.mark.parametrize(
        ("theirs", "cause"),
        [
            ("57102.5", "it is on a tick of 0.5, that of another date"),  # ours is 57,102.27... up to the tick of 0.1
            ("57102.7", "tiers of another date, or a margin that has changed since"),
        ],
    )
    def test_that_an_older_tick_makes_is_not_laid_to_tiers(self, theirs: str, cause: str) -> None:
        bybit = find("bybit").instrument
        held = open_at(bybit, LONG, Decimal(10_000), Decimal(62_500))
        recorded = Recorded(liquidation_price=Decimal(theirs))
        margin = isolated_margin(held, Decimal(10))
        leg = Leg("core", recorded, held, bybit.schedule, bybit.isolated_closing_fee, margin)
        [found] = of_isolated(leg)
        assert str(found) == f"core: the venue's liquidation price is {theirs}, ours is 57102.3: {cause}"

    def test_nor_to_another_balance(self) -> None:
        bybit = find("bybit").instrument
        held = open_at(bybit, LONG, Decimal(10_000), Decimal(62_500))
        recorded = Recorded(liquidation_price=Decimal("47861.0"))
        leg = Leg("core", recorded, held, bybit.schedule, bybit.cross_closing_fee)
        [found] = of_account([leg], Decimal("0.0501"))
        assert (found.ours, found.cause) == (Decimal("47860.7"), "it is on a tick of 0.5, that of another date")

    def test_a_rate_of_the_venue_is_on_the_value_that_the_rules_take(self) -> None:
        recorded = Recorded(rate=Decimal("0.01"), liquidation_price=Decimal("45871.56"))  # 1000/(0.022 - 0.01*0.02)
        schedule = flat_rate(Decimal("0.005"), basis="entry")
        [found] = of_isolated(Leg("core", recorded, POSITION, schedule, ClosingFee(Decimal(0)), MARGIN))
        assert found.cause == "the venue's maintenance rate is 1%, tiers of another date"

    def test_a_closing_fee_that_the_venue_does_not_count(self) -> None:
        fee = ClosingFee(Decimal("0.001"))
        leg = Leg("core", Recorded(liquidation_price=OURS), POSITION, flat_rate(Decimal("0.005")), fee, MARGIN)
        [found] = of_isolated(leg)
        assert found.cause == "no closing fee is counted"

    def test_a_venue_that_prints_prices_between_its_ticks_has_none_on_an_older_tick(self) -> None:
        bybit = find("bybit").instrument
        bybit = bybit._replace(rounding=bybit.rounding._replace(liquidation_price=grid("floor 8")))
        held = open_at(bybit, LONG, Decimal(10_000), Decimal(62_500))
        recorded, margin = Recorded(liquidation_price=Decimal("57102.5")), isolated_margin(held, Decimal(10))
        [found] = of_isolated(Leg("core", recorded, held, bybit.schedule, bybit.isolated_closing_fee, margin))
        assert found.cause == "tiers of another date, or a margin that has changed since"

    def test_one_that_is_never_liquidated_by_our_rules_is_on_no_tick(self) -> None:
        bybit = find("bybit").instrument
        held = open_at(bybit, SHORT, Decimal(10_000), Decimal(62_500))
        margin = given_margin(held, Decimal(1))
        recorded = Recorded(liquidation_price=Decimal("57102.5"))
        leg = Leg("core", recorded, held, bybit.schedule, bybit.isolated_closing_fee, margin)
        [found] = of_isolated(leg)
        assert str(found) == (
            "core: the venue's liquidation price is 57102.5, ours is never: "
            "tiers of another date, or a margin that has changed since"
        )

    def test_ours_may_be_never(self) -> None:
        short = open_at(TICK, SHORT, Decimal(1000), Decimal(50_000))
        recorded = Recorded(liquidation_price=Decimal(900_000))
        leg = Leg(
            "s", recorded, short, flat_rate(Decimal(0)), ClosingFee(Decimal(0)), given_margin(short, Decimal("0.03"))
        )
        [found] = of_isolated(leg)
        assert found.ours is None
        assert str(found).startswith("s: the venue's liquidation price is 900000, ours is never: ")

    def test_ours_may_be_never_at_a_venue_with_ticks(self) -> None:
        bybit = find("bybit").instrument
        short = open_at(bybit, SHORT, Decimal(1000), Decimal(50_000))
        leg = Leg("s", Recorded(liquidation_price=Decimal(900_000)), short, bybit.schedule, bybit.cross_closing_fee)
        [found] = of_account([leg], Decimal(1))
        assert str(found).startswith("s: the venue's liquidation price is 900000, ours is never: ")

    def test_without_a_rate_there_is_nothing_to_compare(self) -> None:
        leg = Leg("core", Recorded(liquidation_price=Decimal(5)), POSITION, None, ClosingFee(Decimal(0)), MARGIN)
        assert list(of_isolated(leg)) == []


class TestProfits:
    MARK = Decimal(51_000)  # 0.02 - 1000/51000 = 0.000392156862745...

    @pytest.mark.parametrize("theirs", ["0.00039215", "0.00039216", "0.0003921568627451", "0.000392157"])
    def test_that_agree_to_the_last_digit(self, theirs: str) -> None:
        assert isolated(mark=self.MARK, profit=Decimal(theirs)) == []

    @pytest.mark.parametrize(
        ("theirs", "entry", "cause"),
        [
            ("0.00040181", None, "another mark, 51025.1202 would give it"),  # 1000/(0.02 - 0.00040181)
            ("0.00039616", "49990", "its average entry is rounded, a cost of 0.020004003137254902 BTC would give it"),
            ("0.01", None, "fees, funding or realised profit in it"),
        ],
    )
    def test_that_do_not(self, theirs: str, entry: str | None, cause: str) -> None:
        found = isolated(mark=self.MARK, profit=Decimal(theirs), entry=None if entry is None else Decimal(entry))
        assert found == [f"core: the venue's unrealised profit is {theirs}, ours is 0.00039216: {cause}"]

    def test_more_digits_than_ours_has_are_no_difference(self) -> None:
        from perpcalc.core.rounding import Rounding, grid

        cut = open_at(TICK._replace(rounding=Rounding(value=grid("floor 8"))), LONG, Decimal(1000), Decimal(50_000))
        recorded = Recorded(mark=self.MARK, profit=Decimal("0.000392156862746"))
        leg = Leg("core", recorded, cut, None, ClosingFee(Decimal(0)), MARGIN)
        assert list(of_isolated(leg)) == []


class TestAccounts:
    def leg(self, name: str, side: Decimal, price: str, **known: Any) -> Leg:
        mark = known.pop("mark", None)
        position = open_at(TICK._replace(name=name), side, Decimal(1000), Decimal(price))
        return Leg(name, Recorded(**known), position, flat_rate(Decimal("0.005")), ClosingFee(Decimal(0)), None, mark)

    def test_one_position_by_its_balance(self) -> None:
        """1000*1.005/(0.02 + 0.005) = 40,200."""
        leg = self.leg("perp", LONG, "50000", liquidation_price=Decimal("40200.2"))
        assert liquidation_prices([leg], Decimal("0.005")) == [40_200]
        assert list(of_account([leg], Decimal("0.005"))) == []

    def test_contracts_move_by_the_ratio_of_their_marks(self) -> None:
        """Equity 0.01 + V_L - V_S - x(1000 - 1000*50/51) = maintenance x(5 + 5*50/51), x = 1/price of the perpetual."""
        legs = [
            self.leg("perp", LONG, "50000", mark=Decimal(50_000)),
            self.leg("dated", SHORT, "51000", mark=Decimal(51_000)),
        ]
        prices = liquidation_prices(legs, Decimal("0.01"))
        assert prices is not None
        first, second = prices
        assert first is not None
        assert second is not None
        share = Decimal(50) / 51
        equity = Decimal("0.01") + Decimal(1000) / 50_000 - Decimal(1000) / 51_000
        assert round(first, 20) == round((1000 * (1 - share) + 5 + 5 * share) / equity, 20)
        assert round(second / first, 20) == round(Decimal(51) / 50, 20)

    @pytest.mark.parametrize(("first", "second"), [("50000", None), (None, "51000"), (None, None)])
    def test_several_contracts_without_marks_cannot_be_compared(self, first: str | None, second: str | None) -> None:
        marks = [None if mark is None else Decimal(mark) for mark in (first, second)]
        legs = [self.leg("perp", LONG, "50000", mark=marks[0]), self.leg("dated", SHORT, "51000", mark=marks[1])]
        assert liquidation_prices(legs, Decimal("0.01")) is None
        legs = [self.leg("perp", LONG, "50000", mark=marks[0]), self.leg("perp", SHORT, "51000", mark=marks[1])]
        assert liquidation_prices(legs, Decimal("0.01")) is not None

    def test_the_balance_that_would_give_it_is_named(self) -> None:
        leg = self.leg("perp", LONG, "50000", liquidation_price=Decimal(40_000))  # 1005/40000 - 0.02
        assert [str(one) for one in of_account([leg], Decimal("0.005"))] == [
            "perp: the venue's liquidation price is 40000, ours is 40200: "
            "another balance, 0.005125 BTC would give it, or other positions and orders in the account"
        ]

    def test_a_closing_fee_is_in_that_balance(self) -> None:
        leg = self.leg("perp", LONG, "50000", liquidation_price=Decimal(40_000))  # 1006/40000 - 0.02
        [found] = of_account([leg._replace(closing_fee=ClosingFee(Decimal("0.001")))], Decimal("0.005"))
        assert found.ours == 40_240
        assert found.cause.startswith("another balance, 0.00515 BTC would give it")

    def test_no_balance_may(self) -> None:
        leg = self.leg("perp", LONG, "50000", liquidation_price=Decimal(60_000))
        assert [one.cause for one in of_account([leg], Decimal("0.005"))] == [
            "other positions or orders in the account"
        ]

    def test_a_unified_account(self) -> None:
        leg = self.leg("perp", LONG, "50000", liquidation_price=Decimal(40_000))
        [found] = of_account([leg], Decimal("0.005"), unified=True)
        assert found.cause == "a unified account is liquidated by all its coins"

    def test_an_older_tick_is_the_cause_in_a_unified_account_too(self) -> None:
        bybit = find("bybit").instrument
        held = open_at(bybit, LONG, Decimal(10_000), Decimal(62_500))
        leg = Leg("core", Recorded(liquidation_price=Decimal("57790.5")), held, bybit.schedule, bybit.cross_closing_fee)
        [found] = of_account([leg], Decimal("0.014"), unified=True)
        assert (found.ours, found.cause) == (Decimal("57790.4"), "it is on a tick of 0.5, that of another date")

    @pytest.mark.parametrize(("balance", "whole"), [(None, True), (Decimal("0.005"), False)])
    def test_is_not_compared_without_all_of_it(self, balance: Decimal | None, whole: bool) -> None:
        leg = self.leg("perp", LONG, "50000", liquidation_price=Decimal(40_000))
        assert list(of_account([leg], balance, whole=whole)) == []
