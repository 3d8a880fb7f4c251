"""Which reading of a margin and of a cost is taken, and on what evidence."""

from decimal import Decimal
from fractions import Fraction

import pytest

from perpcalc.core.instrument import PLAIN, Instrument
from perpcalc.core.position import LONG, SHORT, Position, open_at
from perpcalc.core.rounding import Rounding, grid
from perpcalc.core.rules import NO_CLOSING_FEE, ClosingFee, flat_rate
from perpcalc.errors import PerpcalcError
from perpcalc.importing.evidence import Chosen, margin_behind, opened, stated_price
from perpcalc.readers.positions_of_ccxt import COLLATERAL, LESS_PROFIT, POSITION_MARGIN
from perpcalc.readers.recorded import Recorded, Said

TICK = PLAIN._replace(tick=Decimal("0.5"), rounding=Rounding(liquidation_price="against tick"))
HALF = flat_rate(Decimal("0.005"))
LONG_AT_50K = open_at(TICK, LONG, Decimal(1000), Decimal(50_000))


def price_of(margin: str, rate: str = "0.005") -> Decimal:
    """The long's liquidation price, `Q(1 + rate)/(V + M)`, up to the tick."""
    exact = Fraction(1000) * (1 + Fraction(rate)) / (Fraction(1000, 50_000) + Fraction(margin))
    ticks = -(-exact // Fraction(1, 2))
    return Decimal(int(ticks)) / 2


def choose(recorded: Recorded, position: Position = LONG_AT_50K, venue: str | None = None) -> Chosen:
    return margin_behind(recorded, position, HALF, NO_CLOSING_FEE, venue)


def keys(chosen: Chosen) -> dict[str, str]:
    return {key: str(value) for key, value in chosen.reading.keys}


FIELD = Said("margin", Decimal("0.002"))
OTHER = Said("positionMargin", Decimal("0.003"))
FEES = Said("posMargin", Decimal("0.0021"), "fees")


class TestWithTheVenuesPrice:
    @pytest.mark.parametrize("proved", [FIELD, OTHER, FEES])
    def test_the_reading_that_gives_it_is_taken_whatever_its_rank(self, proved: Said) -> None:
        recorded = Recorded(margins=(FIELD, OTHER, FEES), liquidation_price=price_of(str(proved.coin)))
        assert keys(choose(recorded)) == {"margin": str(proved.coin)}

    def test_so_is_the_leverage(self) -> None:
        recorded = Recorded(margins=(OTHER,), leverage=Decimal(4), liquidation_price=price_of("0.005"))  # 0.02/4
        chosen = choose(recorded)
        assert keys(chosen) == {"leverage": "4"}
        assert chosen.notes == ("leverage 4 gives the venue's liquidation price, positionMargin 0.003 does not",)

    def test_a_margin_that_is_the_quotient_cut_is_written_as_the_leverage(self) -> None:
        """OKX keeps 16 digits of 2000/60000/5 and liquidates by the quotient: 1.0045/(1/60000 + 1/300000) = 50225 exactly."""
        okx = PLAIN._replace(contract_size=Decimal(100), rounding=Rounding(margin=grid("half-up 16")))
        position = open_at(okx, LONG, Decimal(20), Decimal(60_000))
        said = Said("margin", Decimal("0.0066666666666667"))
        recorded = Recorded(margins=(said,), leverage=Decimal(5), liquidation_price=Decimal("50225.0"))
        chosen = margin_behind(recorded, position, flat_rate(Decimal("0.004")), ClosingFee(Decimal("0.0005")), "okx")
        assert (keys(chosen), chosen.notes) == ({"leverage": "5"}, ())
        more = recorded._replace(margins=(said._replace(coin=said.coin + Decimal("1E-16")),))
        chosen = margin_behind(more, position, flat_rate(Decimal("0.004")), ClosingFee(Decimal("0.0005")), "okx")
        assert keys(chosen) == {"margin": "0.0066666666666668"}

    def test_of_readings_that_give_it_the_first_is_taken(self) -> None:
        twin = Said("collateral", FIELD.coin)
        assert choose(Recorded(margins=(FIELD, twin), liquidation_price=price_of("0.002"))).reading.name == "margin"

    def test_where_none_gives_it_the_order_of_evidence_stands(self) -> None:
        recorded = Recorded(margins=(FIELD, OTHER), leverage=Decimal(4), liquidation_price=Decimal(40_000))
        assert keys(choose(recorded)) == {"margin": "0.002"}
        assert choose(recorded).notes == ()

    @pytest.mark.parametrize(
        "written", ["999999", "1000000", "9999999", "10000000", "99999999", "100000000", "999999999", "0", "-5", None]
    )
    def test_a_price_that_stands_for_never_proves_nothing(self, written: str | None) -> None:
        price = None if written is None else Decimal(written)
        assert stated_price(Recorded(liquidation_price=price)) is None
        assert keys(choose(Recorded(margins=(FIELD, OTHER), liquidation_price=price))) == {"margin": "0.002"}

    def test_extra_margin_counts_less_where_the_fee_is_reserved_beside_it(self) -> None:
        """Bybit: of margin added by hand X counts X/(1 + f): 1000*1.005/(0.02 + 0.002 + 0.001/1.00055)."""
        bybit = TICK._replace(extra_margin_net_of_fee=True, taker_fee=Decimal("0.00055"), tick=Decimal("0.0001"))
        position = open_at(bybit, LONG, Decimal(1000), Decimal(50_000))
        exact = Fraction(1005) / (Fraction("0.022") + Fraction("0.001") / Fraction("1.00055"))
        price = Decimal(int(-(-exact // Fraction("0.0001")))) / 10_000
        recorded = Recorded(margins=(OTHER,), leverage=Decimal(10), liquidation_price=price)
        assert keys(choose(recorded, position)) == {"leverage": "10", "extra_margin": "0.001"}


class TestWithoutIt:
    def test_a_margin_goes_before_the_leverage(self) -> None:
        assert keys(choose(Recorded(margins=(FIELD,), leverage=Decimal(4)))) == {"margin": "0.002"}

    def test_the_leverage_goes_before_a_margin_that_holds_fees_and_is_said(self) -> None:
        chosen = choose(Recorded(margins=(FEES,), leverage=Decimal(10)))
        assert keys(chosen) == {"leverage": "10"}
        assert chosen.notes == ("posMargin 0.0021 does not stand, the venue counts fees in it: leverage 10 is taken",)

    def test_a_margin_that_holds_fees_goes_before_nothing_and_is_said(self) -> None:
        chosen = choose(Recorded(margins=(FEES,)))
        assert keys(chosen) == {"margin": "0.0021"}
        assert chosen.notes == ("margin 0.0021 (posMargin) is taken, in which the venue counts fees",)

    def test_a_leverage_alone_is_said(self) -> None:
        assert choose(Recorded(leverage=Decimal(10))).notes == ("no margin is said: leverage 10 is taken",)

    def test_neither_is_an_error(self) -> None:
        with pytest.raises(PerpcalcError, match="is isolated, and neither a margin nor a leverage is said"):
            choose(Recorded())

    @pytest.mark.parametrize(
        ("venue", "name"),
        [("binance", POSITION_MARGIN), (None, POSITION_MARGIN), ("gate", POSITION_MARGIN), ("phemex", COLLATERAL)],
    )
    def test_what_ccxt_derives_is_believed_but_at_phemex(self, venue: str | None, name: str) -> None:
        margins = (
            Said(POSITION_MARGIN, Decimal("0.0018")),
            Said(COLLATERAL, Decimal("0.002"), "profit"),
        )
        assert choose(Recorded(margins=margins), venue=venue).reading.name == name

    @pytest.mark.parametrize(("venue", "name"), [("binance", LESS_PROFIT), ("okx", COLLATERAL), ("gate", COLLATERAL)])
    def test_collateral_holds_the_profit_but_at_okx_and_gate(self, venue: str, name: str) -> None:
        margins = (Said(LESS_PROFIT, Decimal("0.0018")), Said(COLLATERAL, Decimal("0.002"), "profit"))
        assert choose(Recorded(margins=margins), venue=venue).reading.name == name

    @pytest.mark.parametrize("venue", ["okx", "gate", "phemex"])
    def test_what_another_margin_counts_stays_what_it_counts(self, venue: str) -> None:
        chosen = choose(Recorded(margins=(Said("held", Decimal("0.002"), "fees"),)), venue=venue)
        assert chosen.notes == choose(Recorded(margins=(Said("held", Decimal("0.002"), "fees"),))).notes != ()


class TestTheCost:
    """Bybit's recorded short of 299: its average 30004.5006751 is that of 300, its value 0.00996518 what is left of them."""

    CUT: Instrument = PLAIN._replace(rounding=Rounding(value=grid("floor 8"), stored_value=grid("floor 8")))
    SHORT_299 = Recorded(
        entry=Decimal("30004.5006751"),
        entry_value=Decimal("0.00996518"),
        mark=Decimal(26_926),
        profit=Decimal("0.00113932"),
    )

    def test_is_the_value_where_the_average_misses_the_profit(self) -> None:
        position, by_value = opened(self.CUT, SHORT, Decimal(299), self.SHORT_299)
        assert (position.stored_value, by_value) == (Decimal("0.00996518"), True)

    def test_is_the_average_where_it_gives_the_profit(self) -> None:
        recorded = self.SHORT_299._replace(profit=Decimal("0.00113933"))
        assert opened(self.CUT, SHORT, Decimal(299), recorded)[1] is False

    @pytest.mark.parametrize("missing", ["mark", "profit", "entry_value"])
    def test_is_the_average_where_nothing_decides(self, missing: str) -> None:
        recorded = self.SHORT_299._replace(**{missing: None})
        position, by_value = opened(self.CUT, SHORT, Decimal(299), recorded)
        assert (position.entry_price, by_value) == (Decimal("30004.5006751"), False)

    def test_is_the_value_where_there_is_no_average(self) -> None:
        assert opened(self.CUT, SHORT, Decimal(299), self.SHORT_299._replace(entry=None))[1] is True

    def test_is_an_error_without_either(self) -> None:
        with pytest.raises(PerpcalcError, match="has no entry price"):
            opened(self.CUT, SHORT, Decimal(299), Recorded())
