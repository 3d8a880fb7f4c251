"""Which contract a recorded position is in, and how large it is."""

from decimal import Decimal
from typing import Any

import pytest

from perpcalc.core.instrument import PLAIN, Instrument
from perpcalc.core.rules import Schedule, Tier, flat_rate
from perpcalc.errors import PerpcalcError
from perpcalc.importing.contracts import contracts_of, is_in_coin, listed, market_of, rate_of
from perpcalc.readers.recorded import Recorded
from perpcalc.readers.symbols import Contract

BTC, DATED = Contract("BTC", "USD", "BTC"), Contract("BTC", "USD", "BTC", "2026-12-25")
TABLE = Schedule((Tier(Decimal(5), Decimal("0.004")), Tier(None, Decimal("0.005"))), basis="entry")
HUNDRED = PLAIN._replace(venue="somewhere", name="BTCUSD", contract_size=Decimal(100), schedule=TABLE)


def only_perpetual(spec: str, symbol: str, contract: Contract) -> Instrument | None:
    return None if contract.expires else HUNDRED


def nothing(spec: str, symbol: str, contract: Contract) -> Instrument | None:
    return None


def recorded(**known: Any) -> Recorded:
    made = {"symbol": "BTC/USD:BTC", "contracts": Decimal(5), "entry": Decimal(60_000), "mark": Decimal(61_000)}
    return Recorded(**{**made, **known})


class TestOfAPreset:
    def test_the_perpetual_of_the_coin(self) -> None:
        market = market_of(recorded(contract_size=Decimal(100)), BTC, "somewhere", only_perpetual)
        assert (market.instrument, market.listed, market.rate, market.notes) == (HUNDRED, True, None, ())

    def test_of_a_file_that_counts_in_usd_the_size_of_a_contract_does_not_matter(self) -> None:
        known = recorded(contracts=None, usd=Decimal(500), contract_size=Decimal(10))
        assert market_of(known, BTC, "somewhere", only_perpetual).instrument == HUNDRED

    def test_a_table_goes_before_the_rate_of_the_file(self) -> None:
        market = market_of(recorded(rate=Decimal("0.01")), BTC, "somewhere", only_perpetual)
        assert (market.rate, market.instrument.schedule) == (None, TABLE)

    def test_where_there_is_none_the_rate_of_the_file_stands(self) -> None:
        market = market_of(recorded(rate=Decimal("0.01")), BTC, "somewhere", lambda *_: HUNDRED._replace(schedule=None))
        assert market.rate == Decimal("0.01")
        assert market.instrument.schedule == flat_rate(Decimal("0.01"))

    def test_a_contract_of_another_size_is_an_error(self) -> None:
        with pytest.raises(PerpcalcError, match="has contracts of 10 USD, somewhere of 100 USD"):
            market_of(recorded(contract_size=Decimal(10)), BTC, "somewhere", only_perpetual)

    @pytest.mark.parametrize("symbol", ["BTC/USD:BTC", "pi_xbtusd", "PI_XBTUSD"])
    def test_any_name_of_it(self, symbol: str) -> None:
        found = listed("kraken", symbol, BTC)
        assert found is not None
        assert found.name == "PI_XBTUSD"

    @pytest.mark.parametrize(
        ("spec", "contract"), [("blofin", BTC), ("kraken", Contract("ABC", "USD", "ABC")), ("kraken", DATED)]
    )
    def test_none_is_known(self, spec: str, contract: Contract) -> None:
        assert listed(spec, "ABC", contract) is None


class TestThatExpires:
    def test_by_the_file_s_rate_on_the_perpetual_s_basis(self) -> None:
        market = market_of(recorded(rate=Decimal("0.01")), DATED, "somewhere", only_perpetual)
        assert (market.name, market.expires, market.rate) == ("BTCUSD", "2026-12-25", Decimal("0.01"))
        assert market.instrument.name == "BTCUSD 2026-12-25"  # not the perpetual, with which it does not net
        assert market.instrument.schedule == flat_rate(Decimal("0.01"), basis="entry")
        assert (market.instrument.funding, market.notes) == (None, ())

    def test_else_by_the_perpetual_s_table_which_is_said(self) -> None:
        market = market_of(recorded(), DATED, "somewhere", only_perpetual)
        assert (market.instrument.schedule, market.rate) == (TABLE, None)
        assert market.notes == ("somewhere has no table for contracts that expire: that of BTCUSD is taken",)

    def test_the_perpetual_is_asked_for_as_what_it_is(self) -> None:
        guessed = DATED._replace(guessed=True)
        market = market_of(recorded(), guessed, "somewhere", lambda _, name, one: HUNDRED if one == BTC else None)
        assert market.name == "BTCUSD"

    def test_by_its_own_table_where_there_is_one(self) -> None:
        own = HUNDRED._replace(name="BTCUSD_261225", schedule=flat_rate(Decimal("0.02")))
        market = market_of(recorded(rate=Decimal("0.01")), DATED, "somewhere", lambda *_: own)
        assert (market.instrument, market.rate, market.notes) == (own, None, ())

    def test_a_day_that_its_name_has_not_is_said(self) -> None:
        market = market_of(recorded(), DATED._replace(guessed=True), "somewhere", only_perpetual)
        assert market.notes[0] == "2026-12-25 is taken for its expiry, the last Friday of the month that its name has"


class TestWithoutPreset:
    def test_a_plain_contract_of_what_the_file_says(self) -> None:
        market = market_of(recorded(contract_size=Decimal(10), rate=Decimal("0.01")), BTC, "blofin", nothing)
        assert market.instrument == Instrument(
            name="BTC/USD:BTC", contract_size=Decimal(10), schedule=flat_rate(Decimal("0.01"))
        )
        assert (market.listed, market.rate) == (False, Decimal("0.01"))

    def test_without_a_rate_its_margin_is_not_known(self) -> None:
        assert market_of(recorded(contract_size=Decimal(10)), BTC, None, nothing).instrument.schedule is None

    def test_its_size_by_the_coin_value(self) -> None:
        market = market_of(recorded(value=Decimal("0.00819672")), BTC, "blofin", nothing)  # 5*100/61000
        assert market.instrument.contract_size == 100

    @pytest.mark.parametrize(
        "known", [{}, {"value": Decimal("0.0081"), "mark": Decimal(61_850)}, {"value": Decimal("0.00001")}]
    )
    def test_its_size_must_be_known(self, known: dict[str, Any]) -> None:
        """100.197 USD a contract is taken for 100; 0.122 is near no whole number."""
        if known.get("value") == Decimal("0.0081"):
            assert market_of(recorded(**known), BTC, "blofin", nothing).instrument.contract_size == 100
        else:
            with pytest.raises(
                PerpcalcError, match=", of which no preset and not the file says how large a contract is"
            ):
                market_of(recorded(**known), BTC, "blofin", nothing)

    def test_of_a_size_in_usd_a_contract_is_1_usd(self) -> None:
        said = recorded(contracts=None, usd=Decimal(500))
        market = market_of(said, BTC, "blofin", nothing)
        assert (market.instrument.contract_size, contracts_of(said, market)) == (1, 500)

    def test_parts_of_contracts_become_whole_ones(self) -> None:
        said = recorded(contracts=Decimal("2.50"), contract_size=Decimal(100))
        market = market_of(said, BTC, "blofin", nothing)
        assert (market.instrument.contract_size, contracts_of(said, market)) == (10, 25)

    def test_another_quote_than_usd_is_an_error(self) -> None:
        with pytest.raises(PerpcalcError, match="is quoted in EUR, not in USD"):
            market_of(recorded(contract_size=Decimal(1)), Contract("BTC", "EUR", "BTC"), "blofin", nothing)


class TestSizes:
    def size(self, said: Recorded, instrument: Instrument = HUNDRED) -> Decimal:
        return contracts_of(said, market_of(said, BTC, "somewhere", lambda *_: instrument))

    def test_in_contracts(self) -> None:
        assert self.size(recorded()) == 5

    def test_in_usd(self) -> None:
        assert self.size(recorded(contracts=None, usd=Decimal(500))) == 5

    def test_deribit_s_contracts_of_ccxt_are_usd(self) -> None:
        deribit = HUNDRED._replace(venue="deribit@2026-01-01", contract_size=Decimal(10))
        assert self.size(recorded(contracts=Decimal(50)), deribit) == 5

    def test_less_than_1_usd_is_taken_for_coin(self) -> None:
        with pytest.raises(PerpcalcError, match=r"its size 0\.005 is in coin"):
            self.size(recorded(contracts=None, usd=Decimal("0.5")))

    def test_a_size_in_coin_is_told_as_the_file_has_it(self) -> None:
        said = recorded(contracts=Decimal("0.005"), contract_size=Decimal(100))
        with pytest.raises(PerpcalcError, match=r"its size 0\.005 is in coin"):
            contracts_of(said, market_of(said, BTC, "blofin", nothing))

    def test_parts_of_a_lot_are_an_error(self) -> None:
        with pytest.raises(PerpcalcError, match="0.5 contracts cannot be traded"):
            self.size(recorded(contracts=Decimal("0.5")))

    def test_none_is_an_error(self) -> None:
        with pytest.raises(PerpcalcError, match="has no contracts"):
            self.size(recorded(contracts=None))

    @pytest.mark.parametrize(
        ("usd", "known", "coin"),
        [
            ("0.5", {}, True),
            ("1", {}, False),
            ("2", {"initial": Decimal("0.1"), "leverage": Decimal(20)}, True),  # 2 coins
            ("2", {"initial": Decimal("0.0000016393"), "leverage": Decimal(20)}, False),  # 2 USD
            ("2", {"initial": Decimal("0.5"), "leverage": Decimal(20)}, False),  # neither
        ],
    )
    def test_in_coin(self, usd: str, known: dict[str, Any], coin: bool) -> None:
        assert is_in_coin(recorded(**known), Decimal(usd)) is coin


class TestRates:
    @pytest.mark.parametrize(
        ("known", "rate"),
        [
            ({}, None),
            ({"rate": Decimal("0.004")}, "0.004"),
            ({"rate": Decimal("0.8")}, "0.008"),  # in per cent: no venue asks for more than half
            ({"rate": Decimal("0.004"), "maintenance": Decimal("0.0000327868852")}, "0.004"),  # 0.4 % of 500/61000
            ({"rate": Decimal("0.004"), "maintenance": Decimal("0.000081"), "value": Decimal("0.02")}, "0.004"),
            ({"rate": Decimal("0.004"), "maintenance": Decimal("0.0000811"), "value": Decimal("0.02")}, "0.004055"),
            ({"rate": Decimal("0.5"), "maintenance": Decimal("0.0000409836066")}, "0.005"),
            ({"rate": Decimal("2.150030347722545"), "maintenance": Decimal("0.000176232812")}, "0.021500403"),
            ({"maintenance": Decimal("0.012070224"), "value": Decimal("0.603420186")}, "0.020003017"),
            ({"maintenance": Decimal("0.01"), "mark": None}, None),
            (
                {"maintenance": Decimal("0.0001"), "usd": Decimal(1_220)},
                "0.005",
            ),  # of 1,220/61,000, whatever the contracts
            ({"rate": Decimal("0.01"), "maintenance": Decimal("0.01"), "mark": None}, "0.01"),
        ],
    )
    def test_of_a_file(self, known: dict[str, Any], rate: str | None) -> None:
        found = rate_of(recorded(**known), Decimal(100))
        assert found == (None if rate is None else Decimal(rate))
