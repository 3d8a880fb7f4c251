"""What an import does to a portfolio."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importing.books import account, backed, book, dump_of, entries, entry, planned
from perpcalc.errors import PerpcalcError
from perpcalc.files import Source
from perpcalc.importing.known import Changed
from perpcalc.importing.placing import Choices
from perpcalc.importing.plan import Balanced, Plan, plan
from perpcalc.portfolio import Portfolio, Position
from perpcalc.readers.positions import read_positions

LONG: dict[str, Any] = {
    "symbol": "BTC/USD:BTC",
    "side": "long",
    "contracts": 5000,
    "contractSize": 1,
    "entryPrice": 61_000.5,
    "markPrice": 64_000,
    "marginMode": "isolated",
    "leverage": 10,
}
SHORT = {**LONG, "side": "short"}
CROSS = {**LONG, "marginMode": "cross"}
UNSAID = {**LONG, "marginMode": None}
BOOK = book(
    accounts=(
        account("main", "bybit", "BTC", Decimal("0.5")),
        account("ether", "bybit", "ETH", Decimal(2)),
        account("nowhere", None, "BTC", Decimal(1)),
    ),
    prices={"ETH": Decimal(2_400)},
)


def plan_of(items: Any, portfolio: Portfolio = BOOK, **choices: Any) -> Plan:
    return plan(read_positions(Source(json.dumps(items).encode(), "dump.json")), portfolio, Choices(**choices))


def lines(made: Plan) -> list[str]:
    """Why positions are left out, as a command line says it."""
    return [error.line(flags=True) for error in made.left_out]


def written(made: Plan) -> Portfolio:
    """The portfolio with the rows of a plan in it."""
    return BOOK._replace(positions=entries(made.rows))


class TestRows:
    def test_have_the_keys_of_a_portfolio_in_their_order(self) -> None:
        [row] = plan_of([{**LONG, "stopLossPrice": 58_000, "takeProfitPrice": "70000"}], venue="bybit").rows
        assert list(row.items()) == [
            ("name", "BTCUSD long"),
            ("venue", "bybit"),
            ("instrument", "BTCUSD"),
            ("side", "long"),
            ("contracts", 5000),
            ("entry", Decimal("61000.5")),
            ("leverage", 10),
            ("mark", 64_000),
            ("stop", 58_000),
            ("target", 70_000),
        ]

    def test_of_an_account_do_not_repeat_its_venue(self) -> None:
        [row] = plan_of([CROSS], account="main").rows
        assert list(row)[:3] == ["name", "account", "instrument"]
        assert not {"venue", "currency", "leverage", "margin"} & row.keys()

    def test_an_isolated_position_in_an_account_keeps_its_own_margin(self) -> None:
        [row] = plan_of([LONG], account="main").rows
        assert (row["account"], row["leverage"]) == ("main", 10)

    def test_a_date_of_the_rules_is_kept(self) -> None:
        assert plan_of([LONG], venue="bybit@2026-01-01").rows[0]["venue"] == "bybit@2026-01-01"

    def test_a_price_of_the_portfolio_stands_before_the_mark(self) -> None:
        made = plan_of([{**LONG, "symbol": "ETH/USD:ETH"}, LONG], venue="bybit")
        assert ["mark" in row for row in made.rows] == [False, True]

    def test_marks_of_several_contracts_of_a_coin_belong_together(self) -> None:
        portfolio = BOOK._replace(prices={"BTC": Decimal(60_000)})
        dated = {**CROSS, "symbol": "BTC/USD:BTC-261225", "side": "short", "markPrice": 65_000}
        made = plan_of([CROSS, dated], portfolio, account="main")
        assert [row["mark"] for row in made.rows] == [64_000, 65_000]
        made = plan_of([{**CROSS, "markPrice": 60_000}, dated], portfolio, account="main")
        assert ["mark" in row for row in made.rows] == [False, True]

    def test_names_are_made_unique(self) -> None:
        portfolio = BOOK._replace(
            positions=[entry("BTCUSD long", currency="ETH", side="long", contracts="5", entry="1")]
        )
        assert [row["name"] for row in plan_of([LONG, SHORT], portfolio, venue="bybit").rows] == [
            "BTCUSD long 2",
            "BTCUSD short",
        ]

    def test_one_that_expires_is_named_as_it_is_written(self) -> None:
        dated = {**LONG, "symbol": "BTC/USD:BTC-261225"}
        [row] = plan_of([dated], venue="kraken").rows
        assert (row["name"], row["expires"]) == ("BTC/USD:BTC-261225 long", "2026-12-25")

    def test_in_an_account_without_venue_they_are_plain(self) -> None:
        [row] = plan_of([{**CROSS, "exchange": "blofin", "maintenanceMarginPercentage": 0.008}], account="nowhere").rows
        assert list(row) == ["name", "account", "contract_size", "side", "contracts", "entry", "mark", "mmr"]

    def test_a_plain_one_in_an_account_with_venue_is_named(self) -> None:
        portfolio = BOOK._replace(accounts=(account("abc", "deribit", "ABC", Decimal(10)),))
        [row] = plan_of([{**CROSS, "symbol": "ABC/USD:ABC", "contractSize": 10}], portfolio, account="abc").rows
        assert (row["instrument"], row["contract_size"], "currency" in row) == ("ABC/USD:ABC", 10, False)

    def test_a_plain_one_in_a_unified_account_has_its_coin(self) -> None:
        portfolio = BOOK._replace(accounts=(account("uta", "deribit", unified=backed()),))
        [row] = plan_of([{**CROSS, "symbol": "ABC/USD:ABC", "contractSize": 10}], portfolio, account="uta").rows
        assert (row["instrument"], row["currency"]) == ("ABC/USD:ABC", "ABC")

    def test_in_an_account_without_venue_a_file_need_not_name_one(self) -> None:
        [row] = plan_of([CROSS], account="nowhere").rows
        assert (row["account"], row["contract_size"], "venue" in row) == ("nowhere", 1, False)

    def test_a_leverage_above_the_largest_is_said(self) -> None:
        made = plan_of([{**LONG, "leverage": 1000}], venue="bybit")
        assert made.notes[-1] == "BTCUSD long: leverage 1000 is above the largest of BTCUSD, 100"


class TestPlaces:
    def test_the_account_s_venue_or_the_one_given_must_not_disagree(self) -> None:
        what = "position 1 (BTC/USD:BTC): is at okx, not at bybit: give the account or the venue that it is at"
        assert lines(plan_of([{**LONG, "exchange": "okx"}], venue="bybit")) == [what]
        assert lines(plan_of([{**LONG, "exchange": "okx"}], account="main")) == [what]
        assert plan_of([{**LONG, "exchange": "bybit"}], venue="Bybit@2026-01-01").left_out == ()

    def test_else_the_file_s_then_what_its_keys_make_likely_then_the_environment_s(self) -> None:
        info = {"tradeMode": 1, "positionIdx": 0}
        assert [row["venue"] for row in plan_of([{**LONG, "exchange": "bybit"}], fallback="gate").rows] == ["bybit"]
        assert [row["venue"] for row in plan_of([{**LONG, "info": info}], fallback="gate").rows] == ["bybit"]
        assert [row["venue"] for row in plan_of([LONG], fallback="gate").rows] == ["gate"]

    def test_else_it_is_asked_for(self) -> None:
        assert lines(plan_of([LONG])) == [
            "position 1 (BTC/USD:BTC): does not say where it is held: give --account or --venue"
        ]

    def test_an_account_that_is_not_there(self) -> None:
        with pytest.raises(PerpcalcError) as caught:
            plan_of([LONG], account="mian")
        assert caught.value.line(flags=True) == "--account: there is no account 'mian': give main"
        with pytest.raises(PerpcalcError, match="give one that \\[\\[accounts\\]\\] defines"):
            plan_of([LONG], book(), account="main")

    @pytest.mark.parametrize(
        ("venue", "message"),
        [
            ("krakn", "--venue: 'krakn' is not a known venue: give kraken"),
            ("Binnance", "--venue: 'Binnance' is not a known venue: give binance"),
            ("BINNANCE", "--venue: 'BINNANCE' is not a known venue: give binance"),
            ("binanceusdm", "--venue: 'binanceusdm' has linear contracts only: perpcalc is for inverse ones, give binance"),
            ("bybit@2026-13-01", "--venue: 'bybit@2026-13-01' does not end in a date: write NAME@YYYY-MM-DD, as in bybit@2024-06-01"),
        ],
    )  # fmt: skip
    def test_a_venue_that_is_misspelt_is_no_venue_without_preset(self, venue: str, message: str) -> None:
        with pytest.raises(PerpcalcError) as caught:
            plan_of([LONG], venue=venue)
        assert caught.value.line(flags=True) == message
        portfolio = BOOK._replace(accounts=(account("a", venue, "BTC", Decimal(1)),))
        with pytest.raises(PerpcalcError) as caught:
            plan_of([LONG], portfolio, account="a")
        assert caught.value.line(flags=True) == message.replace("--venue", "account (a)")

    @pytest.mark.parametrize("venue", ["blofin", "bitrue", "weex"])
    def test_a_venue_without_preset_has_plain_contracts(self, venue: str) -> None:
        assert plan_of([LONG], venue=venue).rows[0]["currency"] == "BTC"

    def test_a_venue_s_name_cannot_steer_a_terminal(self) -> None:
        [line] = lines(plan_of([{**LONG, "exchange": "\x1b]0;x\x07"}], venue="bybit"))
        assert line.isprintable()

    def test_an_account_without_venue_needs_it_for_a_venue_that_is_known(self) -> None:
        assert lines(plan_of([{**CROSS, "exchange": "bybit"}], account="nowhere")) == [
            "position 1 (BTC/USD:BTC): is at bybit, and the account has no venue: write it to the account"
        ]

    def test_another_coin_than_the_account_s(self) -> None:
        assert lines(plan_of([LONG], account="ether")) == [
            "position 1 (BTC/USD:BTC): settles in BTC, and the account holds ETH: give the --account that holds it"
        ]

    def test_a_unified_account_holds_any(self) -> None:
        portfolio = BOOK._replace(accounts=(account("uta", "bybit", unified=backed()),))
        assert len(plan_of([CROSS], portfolio, account="uta").rows) == 1

    def test_cross_margin_needs_an_account(self) -> None:
        assert lines(plan_of([CROSS], venue="bybit")) == [
            "position 1 (BTC/USD:BTC): is on cross margin: give the --account whose balance stands behind it"
        ]

    def test_where_all_margin_is_cross_it_is_taken_without_an_account_if_there_is_none(self) -> None:
        made = planned("deribit-documented", BOOK)
        assert not {"leverage", "margin", "account"} & made.rows[0].keys()
        assert made.notes == (
            "BTC-PERPETUAL long: is on cross margin, and the portfolio has no account for it: "
            "where it is liquidated is not known",
        )
        for held in (account("d", "deribit@2026-01-01", "BTC", Decimal(1)), account("d", "deribit", unified=backed())):
            assert lines(planned("deribit-documented", BOOK._replace(accounts=(held,)))) == [
                "position 1 (BTC-PERPETUAL): is on cross margin: give the --account whose balance stands behind it"
            ]
        ether = BOOK._replace(accounts=(account("d", "deribit", "ETH", Decimal(1)),))
        assert len(planned("deribit-documented", ether).rows) == 1
        assert planned("kraken-documented", BOOK).rows[0]["venue"] == "kraken"


class TestModes:
    def test_where_nothing_says_it_the_user_does(self) -> None:
        assert lines(plan_of([UNSAID], venue="bybit")) == [
            "position 1 (BTC/USD:BTC): does not say whether its margin is isolated: "
            "give --isolated, or the --account whose balance stands behind it"
        ]
        assert plan_of([UNSAID], venue="bybit", isolated=True).rows[0]["leverage"] == 10
        assert "leverage" not in plan_of([UNSAID], account="main").rows[0]
        assert plan_of([UNSAID], account="main", isolated=True).rows[0]["leverage"] == 10

    def test_an_account_where_all_margin_is_cross_takes_none_for_isolated(self) -> None:
        portfolio = BOOK._replace(accounts=(account("d", "deribit", "BTC", Decimal(1)),))
        assert len(planned("deribit-documented", portfolio, account="d", isolated=True).rows) == 1

    def test_what_the_file_says_stands(self) -> None:
        assert "leverage" not in plan_of([CROSS], account="main", isolated=True).rows[0]


class TestLeftOut:
    def test_each_with_its_reason_in_the_order_of_the_file(self) -> None:
        items = [
            {**LONG, "symbol": "BTC/USDT:USDT"},
            {**LONG, "contracts": "many"},
            CROSS,
            {**LONG, "symbol": "BTC/USD"},
            {**LONG, "side": None},
            {**LONG, "symbol": "BTC/USD:BTC-260925-60000-C"},
            {**LONG, "entryPrice": None},
            {**LONG, "side": "short", "contractSize": 100},
            {**LONG, "symbol": "ETH/USD:BTC"},
            {**LONG, "symbol": "BTC"},
            {**LONG, "symbol": None},
        ]
        assert [line.partition(": give ")[0] for line in lines(plan_of(items, venue="bitmex"))] == [
            "position 1 (BTC/USDT:USDT): is linear: it settles in USDT, not in the coin BTC: only inverse contracts are imported",
            "position 2 (BTC/USD:BTC): contracts 'many' is not a number of at most 15 digits: correct the file",
            "position 3 (BTC/USD:BTC): is on cross margin",
            "position 4 (BTC/USD): is a spot or margin trade: only inverse contracts are imported",
            "position 5 (BTC/USD:BTC): has no side: it must be long or short",
            "position 6 (BTC/USD:BTC-260925-60000-C): is an option: only inverse contracts are imported",
            "position 7 (BTC/USD:BTC): has no entry price",
            "position 8 (BTC/USD:BTC): has contracts of 100 USD, bitmex of 1 USD: correct the file",
            "position 9 (ETH/USD:BTC): is a quanto contract, on ETH and settled in BTC: only inverse contracts are imported",
            "position 10 (BTC): 'BTC' is no contract's name: ccxt writes them as in BTC/USD:BTC",
            "position 11: does not name its contract",
        ]

    def test_the_flat_ones_are_counted(self) -> None:
        assert plan_of([{**LONG, "contracts": 0, "side": None}, {**LONG, "contracts": "0.0"}], venue="bybit").empty == 2


class TestTwice:
    @pytest.mark.parametrize(
        "again", [LONG, {**LONG, "contracts": 1}, {**LONG, "symbol": "XBT/USD:XBT", "leverage": 5}]
    )
    def test_a_position_in_a_file_is_an_error(self, again: dict[str, Any]) -> None:
        with pytest.raises(PerpcalcError) as caught:
            plan_of([LONG, SHORT, again], venue="bybit")
        assert str(caught.value) == (
            f"position 3 ({again['symbol']}): is the position of position 1 (BTC/USD:BTC) again: give each position once"
        )

    def test_both_margin_modes_of_a_contract_are_two(self) -> None:
        assert [row["name"] for row in plan_of([LONG, CROSS], account="main").rows] == ["BTCUSD long", "BTCUSD long 2"]

    def test_the_same_at_two_venues_are_two(self) -> None:
        assert (
            len(plan_of([{**LONG, "exchange": "bybit"}, {**LONG, "exchange": "bitmex", "contracts": 1000}]).rows) == 2
        )


class TestAgain:
    def test_nothing_changes(self) -> None:
        items = [LONG, {**SHORT, "marginMode": "cross"}]
        again = plan_of(items, written(plan_of(items, account="main")), account="main")
        assert again.unchanged == ("BTCUSD long", "BTCUSD short")
        assert again.rows == again.changes == again.followed == again.by_hand == again.gone == ()

    def test_by_whatever_it_is_called_and_written(self) -> None:
        portfolio = BOOK._replace(
            positions=[
                entry(
                    "core", venue="BYBIT", instrument="btcusd", side="long", usd="5k", entry="61000.50", leverage="10x"
                )
            ]
        )
        assert plan_of([LONG], portfolio, venue="bybit@2026-01-01").unchanged == ("core",)

    def test_changed_values_are_listed(self) -> None:
        portfolio = written(plan_of([LONG], venue="bybit"))
        made = plan_of([{**LONG, "contracts": 6000, "leverage": 5, "markPrice": 65_000}], portfolio, venue="bybit")
        assert made.changes == (
            Changed("BTCUSD long", "contracts", Decimal(5000), Decimal(6000)),
            Changed("BTCUSD long", "leverage", Decimal(10), Decimal(5)),
        )
        assert made.followed == (Changed("BTCUSD long", "mark", Decimal(64_000), Decimal(65_000)),)
        assert made.rows == made.unchanged == ()

    def test_another_account_s_is_another_position(self) -> None:
        portfolio = written(plan_of([LONG], venue="bybit"))
        assert len(plan_of([LONG], portfolio, account="main").rows) == 1

    def test_of_both_margin_modes_each_knows_its_own(self) -> None:
        portfolio = written(plan_of([LONG, CROSS], account="main"))
        made = plan_of([LONG, {**CROSS, "contracts": 7}], portfolio, account="main")
        assert made.unchanged == ("BTCUSD long",)
        assert made.changes == (Changed("BTCUSD long 2", "contracts", Decimal(5000), Decimal(7)),)

    def test_a_second_margin_mode_is_a_new_position(self) -> None:
        made = plan_of([CROSS, LONG], written(plan_of([LONG], account="main")), account="main")
        assert made.unchanged == ("BTCUSD long",)
        assert [row["name"] for row in made.rows] == ["BTCUSD long 2"]

    def test_a_new_margin_mode_is_a_change(self) -> None:
        portfolio = written(plan_of([CROSS], account="main"))
        assert plan_of([LONG], portfolio, account="main").changes == (
            Changed("BTCUSD long", "leverage", None, Decimal(10)),
        )

    def test_a_position_kept_in_parts_is_known_by_their_sum(self) -> None:
        parts = [
            entry("core", "main", instrument="BTCUSD", side="long", contracts="2000", entry="61000.5"),
            entry("swing", "main", instrument="BTCUSD", side="long", contracts="3000", entry="61000.5"),
        ]
        made = plan_of([CROSS], BOOK._replace(positions=parts), account="main")
        assert made.unchanged == ("core", "swing")
        others = [
            entry("core", "main", instrument="BTCUSD", side="long", usd="2000", entry="61000.5"),
            entry("swing", "main", instrument="BTCUSD", side="long", coin="0.03", entry="61000.5"),
            entry("rest", "main", instrument="BTCUSD", side="long", contracts="1170", entry_value="0.01918016"),
        ]
        made = plan_of([CROSS], BOOK._replace(positions=others), account="main")
        assert made.unchanged == ("core", "swing", "rest")
        made = plan_of([{**CROSS, "contracts": 6000}], BOOK._replace(positions=parts), account="main")
        assert made.by_hand == ("core and swing: are not together the venue's 6000 contracts: write them by hand",)
        assert made.rows == made.changes == made.unchanged == ()

    def test_a_figure_that_is_another_is_told_of_the_first_part(self) -> None:
        parts = [
            entry("core", "main", instrument="BTCUSD", side="long", contracts="2000", entry="61000.5"),
            entry("swing", "main", instrument="BTCUSD", side="long", contracts="3000", entry="61000.5"),
        ]
        for contracts in (5000, 6000):
            item = {**CROSS, "contracts": contracts, "unrealizedPnl": "0.5"}
            made = plan_of([item], BOOK._replace(positions=parts), account="main")
            assert [one.name for one in made.differences] == ["core"]

    def test_fills_that_differ_are_for_their_owner(self) -> None:
        fills = entry("core", venue="bybit", side="long", fill=["4000@61000.5"], leverage="10")
        made = plan_of([LONG], BOOK._replace(positions=[fills]), venue="bybit")
        assert made.by_hand == ("core: is not the venue's: it is written as fills, which an import does not change",)
        assert made.changes == made.unchanged == ()

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["BTC/USD:BTC", "ETH/USD:ETH", "XRP/USD:XRP", "LTC/USD:LTC"]),
                st.sampled_from(["long", "short"]),
                st.integers(1, 10**6),
                st.integers(10_000, 10**8),
                st.one_of(st.none(), st.integers(10**5, 10**9)),
            ),
            unique_by=lambda item: item[:2],
        )
    )
    def test_whatever_was_written_is_unchanged(self, held: list[tuple[str, str, int, int, int | None]]) -> None:
        items = [
            {**LONG, "symbol": symbol, "side": side, "contracts": contracts, "entryPrice": cents / 100,
             "positionMargin": None if margin is None else margin / 10**8}
            for symbol, side, contracts, cents, margin in held
        ]  # fmt: skip
        made = plan_of(items, venue="bybit")
        again = plan_of(items, written(made), venue="bybit")
        assert again.rows == again.changes == again.by_hand == again.gone == ()
        assert list(again.unchanged) == [row["name"] for row in made.rows]


class TestGone:
    def positions(self) -> list[Position]:
        return [
            entry("in main", "main", instrument="BTCUSD", side="short", contracts="5", entry="60000"),
            entry(
                "at bybit", venue="bybit@2026-01-01", instrument="BTCUSD", side="short", contracts="5", entry="60000"
            ),
            entry("at gate", venue="gate", side="short", contracts="5", entry="60000"),
            entry("plain", currency="BTC", side="short", contracts="5", entry="60000"),
            entry("leg", "main", linear="BTC", settle="USDT", side="short", coin="1", entry="60000"),
        ]

    @pytest.mark.parametrize(
        ("choices", "gone"), [({"account": "main"}, ("in main",)), ({"venue": "bybit"}, ("at bybit",)), ({"fallback": "bybit"}, ())]
    )  # fmt: skip
    def test_are_those_of_the_account_or_venue_named(self, choices: dict[str, Any], gone: tuple[str, ...]) -> None:
        assert plan_of([LONG], BOOK._replace(positions=self.positions()), **choices).gone == gone

    def test_a_position_that_is_left_out_is_not_gone(self) -> None:
        portfolio = BOOK._replace(positions=self.positions())
        assert plan_of([{**SHORT, "entryPrice": None}], portfolio, venue="bybit").gone == ()

    def test_where_one_could_not_be_read_none_is(self) -> None:
        portfolio = BOOK._replace(positions=self.positions())
        for garbled in ({**LONG, "contracts": "many"}, {**LONG, "side": None}, {**LONG, "symbol": "B"}):
            made = plan_of([garbled], portfolio, venue="bybit")
            assert made.gone == ()
            assert "not all of the file could be read: no position is taken for gone" in made.notes
        assert plan_of([{**LONG, "symbol": "BTC/USDT:USDT"}], portfolio, venue="bybit").gone == ("at bybit",)

    def test_an_answer_of_balances_alone_says_nothing_of_positions(self) -> None:
        portfolio = BOOK._replace(positions=self.positions())
        assert planned("balance-bybit", portfolio, account="main").gone == ()
        assert plan_of([], portfolio, account="main").gone == ("in main",)

    def test_a_further_page_is_handed_on(self) -> None:
        assert planned("bybit-isolated-page", BOOK, account="main").further_page


class TestBalances:
    def test_are_not_touched_unless_asked_for(self) -> None:
        assert planned("balance-bybit", BOOK, account="main").balances == ()

    def test_of_the_account_named(self) -> None:
        portfolio = BOOK._replace(
            accounts=(account("main", "bybit", "BTC", Decimal("0.4")), account("eth", "bybit", "ETH", Decimal(1)))
        )
        change = Balanced("main", None, Decimal("0.4"), Decimal("0.5"))
        assert planned("balance-bybit", portfolio, account="main", balances=True).balances == (change,)
        emptied = Balanced("eth", None, Decimal(1), Decimal(0))
        assert planned("balance-bybit", portfolio, account="eth", balances=True).balances == (emptied,)

    def test_that_are_not_told_are_left_and_said(self) -> None:
        portfolio = BOOK._replace(
            accounts=(
                account("sol", "bybit", "SOL", Decimal(1)),
                account("ada", "bybit", "ADA", Decimal(0)),
                account("uta", "bybit", unified=backed(BTC=Decimal("0.5"), ETH=Decimal(1), SOL=Decimal(2))),
            )
        )
        found = planned("balance-bybit", portfolio, venue="bybit", balances=True)
        assert [(one.account, one.coin, one.theirs) for one in found.balances] == [
            ("uta", "USDT", Decimal(-30_000)),
            ("uta", "ETH", Decimal(0)),
        ]
        assert [note for note in found.notes if "tells no" in note] == [
            f"{name}: the file tells no balance of SOL: left as it is" for name in ("sol", "uta")
        ]

    def test_of_all_accounts_of_the_venue_named(self) -> None:
        portfolio = BOOK._replace(
            accounts=(account("a", "bybit@2026-01-01", "BTC", None), account("b", "gate", "BTC", None))
        )
        changes = planned("balance-bybit", portfolio, venue="bybit", balances=True).balances
        assert changes == (Balanced("a", None, None, Decimal("0.5")),)
        assert planned("balance-bybit", portfolio, balances=True).balances == ()

    def test_of_a_unified_account(self) -> None:
        portfolio = BOOK._replace(accounts=(account("uta", "bybit", unified=backed(BTC=Decimal("0.5"))),))
        assert planned("balance-bybit", portfolio, account="uta", balances=True).balances == (
            Balanced("uta", "USDT", None, Decimal(-30_000)),
        )

    def test_are_told_in_one_line_each(self) -> None:
        assert (
            str(Balanced("main", None, Decimal("0.40"), Decimal("0.5")))
            == "main: its balance is 0.4, the venue has 0.5"
        )
        assert str(Balanced("uta", "USDT", None, Decimal(-30_000))) == (
            "uta: its balance of USDT is none, the venue has -30000"
        )

    def test_one_found_counts_in_what_is_compared(self) -> None:
        position = {"symbol": "BTCUSD", "currency": "BTC", "side": "Buy", "size": 1000, "crossMargin": True,
                    "avgEntryPrice": 50_000, "liquidationPrice": 30_000, "assignedPosBalance": 0}  # fmt: skip
        answer = {
            "code": 0,
            "data": {"account": {"currency": "BTC", "accountBalanceEv": 400_000}, "positions": [position]},
        }
        portfolio = BOOK._replace(accounts=(account("p", "phemex", "BTC", Decimal("0.005")),))
        ours = [plan_of(answer, portfolio, account="p", balances=asked).differences[0].ours for asked in (False, True)]
        assert ours[0] is not None
        assert ours[1] is not None
        assert ours[0] < ours[1]  # 0.004 BTC carry it less far than 0.005

    def test_a_whole_wallet_is_said_to_be_one(self) -> None:
        assert (
            "accountBalanceEv is of the whole wallet, the margin of isolated positions in it"
            in planned("phemex-isolated", BOOK, venue="phemex", balances=True).notes
        )

    def test_a_balance_beside_the_isolated_positions_is_not(self) -> None:
        made = planned("binance-websocket-account", BOOK, venue="binance", balances=True)
        assert made.rows[0]["margin"] == Decimal("0.017")
        assert not any("whole wallet" in note for note in made.notes)

    def test_balances_that_no_account_takes_are_said_to_be_left(self) -> None:
        made = planned("balance-deribit", book(), venue="deribit", balances=True)
        assert made.notes == (
            "no account of the portfolio takes the balances: write one of the venue to it, or name it as the account",
        )

    def test_a_file_without_them_says_so(self) -> None:
        assert plan_of([LONG], venue="bybit", balances=True).notes[-1] == "the file tells no balance"


class TestWhatElseIsSaid:
    @pytest.mark.parametrize(
        ("mode", "hedged", "sides", "note"),
        [
            (None, None, ["long", "short"], "hedge"),
            ("one-way", None, ["long", "short"], "hedge"),
            ("hedge", None, ["long", "short"], None),
            ("one-way", True, ["long"], "hedge"),
            ("one-way", False, ["long"], None),
            ("one-way", None, ["long"], None),
            ("hedge", False, ["long"], "one-way"),
            (None, True, ["long"], None),
            (None, False, ["long"], None),
            ("hedge", True, ["long"], None),
        ],
    )
    def test_an_account_in_another_position_mode(
        self, mode: str | None, hedged: bool | None, sides: list[str], note: str | None
    ) -> None:
        portfolio = BOOK._replace(accounts=(account("main", "bybit", "BTC", Decimal("0.5"), mode),))
        items = [{**CROSS, "side": side, "hedged": hedged} for side in sides]
        said = f'the venue holds the positions in {note} mode: write mode = "{note}" to the account main'
        assert plan_of(items, portfolio, account="main").notes == (() if note is None else (said,))

    def test_the_recorded_bitmex_short_by_the_rules_of_its_day(self) -> None:
        made = planned("bitmex-recorded-short", BOOK, venue="bitmex@2019-07-14")
        assert made.rows[0]["margin"] == Decimal("0.03805029")
        assert made.differences == made.notes == ()

    def test_both_sides_are_netted_but_in_an_account_of_hedge_mode(self) -> None:
        """Long 50,000 and short 20,000 USD at Binance's 0.4 %: on 30,000 in one-way mode, on 70,000 in hedge mode."""
        sides = [{**CROSS, "contracts": 500}, {**CROSS, "side": "short", "contracts": 200}]
        items = [{**item, "contractSize": 100, "liquidationPrice": 5_000} for item in sides]
        value = 30_000 / Decimal("61000.5") + Decimal("0.1")
        for mode, usd in (("one-way", 30_120), ("hedge", 30_280)):
            portfolio = BOOK._replace(accounts=(account("main", "binance", "BTC", Decimal("0.1"), mode),))
            ours = plan_of(items, portfolio, account="main").differences[0].ours
            assert ours is not None
            assert abs(ours - usd / value) < Decimal("0.001")

    def test_an_account_that_does_not_say_its_mode_keeps_both_sides_that_it_holds(self) -> None:
        items = [
            {**one, "contracts": count, "liquidationPrice": 5_000}
            for one, count in ((CROSS, 5_000), ({**CROSS, "side": "short"}, 2_000))
        ]
        hedged, unsaid = (
            plan_of(
                items, BOOK._replace(accounts=(account("main", "bybit", "BTC", Decimal("0.01"), mode),)), account="main"
            )
            for mode in ("hedge", None)
        )
        assert unsaid.differences[0].ours == hedged.differences[0].ours is not None

    @pytest.mark.parametrize(
        "price", [0, 999_999, 1_000_000, 9_999_999, 10_000_000, 99_999_999, 100_000_000, 999_999_999]
    )
    def test_a_price_that_stands_for_none_is_no_difference(self, price: int) -> None:
        assert plan_of([{**CROSS, "liquidationPrice": price}], account="main").differences == ()

    def test_of_two_of_a_contract_the_one_of_its_margin_mode_is_meant(self) -> None:
        held = [
            entry("crossed", "main", instrument="BTCUSD", side="long", contracts="5000", entry="61000.5"),
            entry("apart", "main", instrument="BTCUSD", side="long", contracts="5000", entry="61000.5", leverage="10"),
        ]
        for order in (held, held[::-1]):
            for item, name in ((CROSS, "crossed"), (LONG, "apart")):
                made = plan_of([item], BOOK._replace(positions=order), account="main")
                assert (made.rows, made.unchanged) == ((), (name,))

    def test_a_difference_of_an_account_is_told_where_the_file_has_all_of_it(self) -> None:
        items = [{**CROSS, "liquidationPrice": 5_000}]
        [found] = plan_of(items, account="main").differences
        assert (found.name, found.theirs) == ("BTCUSD long", 5_000)
        other = entry("other", "main", instrument="BTCUSD", side="short", contracts="1", entry="60000")
        assert plan_of(items, BOOK._replace(positions=[other]), account="main").differences == ()

    @pytest.mark.parametrize("more", [{"account": "ether"}, {"account": "main", "leverage": "5"}])
    def test_what_does_not_share_its_balance_is_none_of_it(self, more: dict[str, str]) -> None:
        other = entry("other", more.pop("account"), side="short", contracts="1", entry="60000", **more)
        found = plan_of([{**CROSS, "liquidationPrice": 5_000}], BOOK._replace(positions=[other]), account="main")
        assert [one.name for one in found.differences] == ["BTCUSD long"]


@pytest.mark.parametrize(
    ("name", "venue", "names"),
    [
        ("binance-position-risk", "binance", ["BTCUSD_PERP long", "ETHUSD_PERP short"]),
        ("bitmex-cross-and-quanto", "bitmex", ["XBTUSD long"]),
        ("deribit-documented", "deribit", ["BTC-PERPETUAL long"]),
        ("deribit-one-dated", "deribit", ["BTC-25DEC26 short"]),
        ("gate-dual", "gate", ["BTC_USD long", "BTC_USD short"]),
        ("kraken-dated-and-linear", "kraken", ["PI_ETHUSD long", "FI_ETHUSD_261225 short"]),
        ("kucoin-cross-short", "kucoin", ["XBTUSDM short"]),
        ("okx-documented-isolated", "okx", ["ETH-USD-210430 long"]),
        ("okx-hedge-both-modes", "okx", ["BTC-USD-SWAP long", "BTC-USD-SWAP short", "BTC-USD-SWAP long 2"]),
        ("phemex-cross", "phemex", ["BTCUSD short"]),
    ],
)
def test_the_answers_of_venues_go_into_their_accounts(name: str, venue: str, names: list[str]) -> None:
    found = dump_of(name)
    accounts = tuple(account(coin, venue, coin, Decimal(1)) for coin in ("BTC", "ETH"))
    rows = [
        row["name"] for account in accounts for row in plan(found, book(accounts), Choices(account=account.name)).rows
    ]
    assert rows == names
