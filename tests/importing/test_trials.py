"""Files that people had and could not import: each with what is right, in tests/data/import_trials.json.

Recorded by others are the positions of ccxt/binance.py (comments, COIN-M), ccxt pull requests 13374, 16779, 20268 and 23111, and
of JKorf/Bybit.Net's unit tests; the numbers of the others are made up and their answers follow from the venues' formulas.
"""

import json
from decimal import Decimal
from typing import Any

import pytest

from importing.books import DATA, account, book, held, liquidation_price
from perpcalc.core.pnl import gross_pnl
from perpcalc.files import Source
from perpcalc.importing.contracts import listed
from perpcalc.importing.placing import Choices
from perpcalc.importing.plan import Plan, plan
from perpcalc.readers.positions import Dump, read_positions

TRIALS = {trial["id"]: trial for trial in json.loads((DATA / "import_trials.json").read_text())}
BOOK = book(
    accounts=(
        account("bybit", "bybit", balance=Decimal("0.05")),
        account("deribit", "deribit", balance=Decimal("0.1")),
        account("kraken", "kraken", balance=Decimal("0.5")),
        account("coinm", "binance", balance=Decimal("0.1")),
        account("bitmex", "bitmex", balance=Decimal("0.01")),
    ),
    prices={"BTC": Decimal(60_000), "ETH": Decimal(3_000)},
)


def dump(name: str) -> Dump:
    return read_positions(Source(json.dumps(TRIALS[name]["file"]).encode(), "dump.json"))


def imported(name: str, **choices: Any) -> Plan:
    trial = TRIALS[name]
    return plan(dump(name), BOOK, Choices(account=trial["account"], venue=trial["venue"], **choices))


def only(made: Plan) -> Any:
    """The one row of a plan that leaves nothing out."""
    assert not made.left_out
    [row] = made.rows
    return row


def profit_at(row: Any, mark: str) -> Decimal:
    return gross_pnl(held(row, BOOK).position, Decimal(mark))


class TestMargins:
    def test_collateral_of_old_ccxt_less_the_profit(self) -> None:
        row = only(imported("import-collateral-recorded"))
        assert row["margin"] == Decimal("0.00268058")
        assert liquidation_price([row], BOOK) == Decimal("25119.9744576")

    def test_at_phemex_collateral_is_the_margin_itself(self) -> None:
        row = only(imported("import-phemex-long"))
        assert row["margin"] == Decimal("0.002")
        assert liquidation_price([row], BOOK) == Decimal("45662.5")

    def test_isolated_as_a_yes_or_no(self) -> None:
        made = imported("import-isolated-flag")
        assert only(made)["leverage"] == 5
        assert made.notes == ("PI_XBTUSD long: no margin is said: leverage 5 is taken",)

    def test_a_mode_that_nothing_says_is_asked_for(self) -> None:
        [error] = imported("import-bybit-v5-mode").left_out
        assert error.line(flags=True) == (
            "position 1 (BTC/USD:BTC): does not say whether its margin is isolated (it names positionMargin 0.016): "
            "give --isolated, or the --account whose balance stands behind it"
        )
        row = only(plan(dump("import-bybit-v5-mode"), BOOK, Choices(venue="bybit@2026-01-01", isolated=True)))
        assert (row["margin"], liquidation_price([row], BOOK)) == (Decimal("0.016"), Decimal("57102.5"))

    def test_the_maintenance_rate_of_the_file_where_no_table_is_known(self) -> None:
        row = only(imported("import-mmr-okx"))
        assert row["mmr"] == Decimal("0.004")
        assert liquidation_price([row], BOOK) == 50225

    def test_a_price_that_stands_for_never_is_no_difference(self) -> None:
        made = imported("import-sentinel-bybit")
        assert only(made)["leverage"] == 1
        assert made.differences == ()


class TestContractsThatWereNotListed:
    """By a preset where there is one since, else as a plain contract of what the file says."""

    def both(self, name: str) -> list[Any]:
        found = dump(name)
        trial = TRIALS[name]
        return [
            only(plan(found, BOOK, Choices(venue=venue), resolve))
            for venue, resolve in ((trial["venue"], listed), ("elsewhere", lambda *_: None))
        ]

    def test_a_coin_of_bingx(self) -> None:
        preset, plain = self.both("unlisted-bingx-sol")
        assert (preset["venue"], "venue" in plain, plain["currency"]) == ("bingx", False, "SOL")
        for row in (preset, plain):
            position = held(row, BOOK).position
            assert (position.instrument.currency, position.notional) == ("SOL", 10)
            assert round(profit_at(row, "154.931"), 18) == Decimal("-0.001505083806286863")

    def test_the_exact_mark_that_deribit_has(self) -> None:
        row = only(imported("unlisted-deribit-sol"))
        position = held(row, BOOK).position
        assert (position.instrument.currency, position.notional) == ("SOL", 30)
        assert round(gross_pnl(position, row["mark"]), 9) == Decimal("-0.001131489")

    def test_a_rate_of_the_file(self) -> None:
        for row in self.both("unlisted-htx"):
            position = held(row, BOOK).position
            assert (position.instrument.currency, position.notional, row["mmr"]) == ("BTC", 1000, Decimal("0.008"))
            assert liquidation_price([row], BOOK) == 33600

    def test_without_a_rate_the_bankruptcy_price_is_known(self) -> None:
        for row in self.both("unlisted-delta"):
            made = held(row, BOOK)
            assert (made.position.instrument.currency, made.position.notional) == ("BTC", 1000)
            assert made.margin is not None
            assert made.position.notional / (made.position.cost - made.margin.coin) == 50000

    def test_a_size_in_coin_is_left_out(self) -> None:
        made = imported("unlisted-bitget")
        assert [str(error) for error in made.left_out] == [
            "position 1 (BTC/USD:BTC): its size 0.001 is in coin, not in USD contracts: only inverse contracts are imported"
        ]
        assert made.rows == ()


class TestContractsThatExpire:
    def test_by_the_table_for_them(self) -> None:
        made = imported("import-dated-leg")
        perpetual, dated = made.rows
        assert (perpetual["account"], perpetual["instrument"]) == ("coinm", "BTCUSD_PERP")
        assert (dated["account"], dated["instrument"], dated["expires"]) == ("coinm", "BTCUSD_261225", "2026-12-25")
        assert (dated["mark"], "mmr" in dated, made.left_out) == (61_000, False, ())
        assert liquidation_price(made.rows, BOOK) == Decimal("13298.07692307")


class TestAnswersOfVenues:
    def test_the_account_of_binance_with_its_balance(self) -> None:
        made = imported("raw-binance-account", balances=True)
        row = only(made)
        assert (row["side"], row["contracts"]) == ("long", 50)
        assert made.balances == ()  # 0.1, as the account has it
        assert liquidation_price([row], BOOK) == Decimal("27381.81818181")

    def test_bybit(self) -> None:
        row = only(imported("raw-bybit"))
        assert (row["side"], row["contracts"], row["entry"]) == ("short", 2500, 59_000)
        assert liquidation_price([row], BOOK) is None

    def test_deribit_s_size_is_in_usd(self) -> None:
        row = only(imported("raw-deribit"))
        assert (row["side"], row["contracts"], row["entry"]) == ("long", 5, 59_000)
        assert held(row, BOOK).position.notional == 50

    def test_bitmex_counts_the_fee_in_its_margin(self) -> None:
        made = imported("raw-bitmex")
        [row] = made.rows
        assert (row["side"], row["contracts"], row["entry"]) == ("short", 2000, 50_000)
        assert (row["leverage"], "margin" in row) == (10, False)
        assert [str(error) for error in made.left_out] == [
            "position 2 (ETHUSD): is a quanto contract, on ETH and settled in BTC: only inverse contracts are imported"
        ]
        assert "posMargin 0.004022 does not stand, the venue counts fees in it: leverage 10 is taken" in made.notes[0]

    def test_kucoin(self) -> None:
        row = only(imported("raw-kucoin"))
        assert (row["side"], row["contracts"], row["margin"]) == ("long", 1000, Decimal("0.005"))

    def test_a_position_of_bitmex_without_average_or_mode(self) -> None:
        row = only(imported("import-bitmex-no-entry"))
        assert (row["account"], row["contracts"], row["entry_value"]) == ("bitmex", 400, Decimal("0.00912269"))
        assert profit_at(row, "43816.25") == Decimal("-0.00000635")
        assert not {"leverage", "margin"} & row.keys()


@pytest.mark.parametrize("name", TRIALS)
def test_importing_again_changes_nothing(name: str) -> None:
    from importing.books import entries

    made = imported(name, isolated=True)
    again = plan(
        dump(name),
        BOOK._replace(positions=entries(made.rows)),
        Choices(account=TRIALS[name]["account"], venue=TRIALS[name]["venue"], isolated=True),
    )
    assert again.rows == again.changes == again.by_hand == again.gone == ()
    assert list(again.unchanged) == [row["name"] for row in made.rows]
