"""A position known again, and in what it differs."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importing.books import account, backed, entry
from perpcalc.core.instrument import PLAIN
from perpcalc.core.position import LONG, open_at
from perpcalc.importing.known import Changed, Compared, Identity, compared, held_of, identity_of
from perpcalc.portfolio import Position

ACCOUNTS = {
    "main": account("main", "binance", "BTC", Decimal(1)),
    "dated": account("dated", "bybit@2024-06-01", "BTC", Decimal(1)),
    "own": account("own", None, "SOL", Decimal(1)),
    "uta": account("uta", "bybit", unified=backed(BTC=Decimal(1))),
}
BTC = ("BTC", "USD", None)


class TestIdentities:
    @pytest.mark.parametrize(
        ("one", "identity"),
        [
            (entry("a", "main", side="long", instrument="BTCUSD_PERP"), Identity("main", None, BTC, "long")),
            (entry("a", "main", side="long"), Identity("main", None, BTC, "long")),
            (entry("a", "main", side="short", instrument="btc"), Identity("main", None, BTC, "short")),
            (entry("a", "main", side="long", instrument="BTC/USD:BTC"), Identity("main", None, BTC, "long")),
            (
                entry("a", "main", side="long", instrument="BTCUSD_261225"),
                Identity("main", None, ("BTC", "USD", "2026-12-25"), "long"),
            ),
            (
                entry("a", "main", side="long", instrument="BTCUSD_PERP", expires="2026-12-25"),
                Identity("main", None, ("BTC", "USD", "2026-12-25"), "long"),
            ),
            (entry("a", "dated", side="long"), Identity("dated", None, BTC, "long")),
            (entry("a", "own", side="long", contract_size="10"), Identity("own", None, ("SOL", "USD", None), "long")),
            (
                entry("a", venue="bitmex@2019-07-14", instrument="XBTUSD", side="long"),
                Identity(None, "bitmex", BTC, "long"),
            ),
            (entry("a", venue="Bitmex", instrument="xbtusd", side="long"), Identity(None, "bitmex", BTC, "long")),
            (
                entry("a", "uta", side="long", currency="ETH", contract_size="1"),
                Identity("uta", None, ("ETH", "USD", None), "long"),
            ),
            (entry("a", currency="ETH", side="long"), Identity(None, None, ("ETH", "USD", None), "long")),
            (entry("a", "main", side="short", linear="BTC", settle="USDT"), None),
        ],
    )
    def test_by_account_or_venue_contract_and_side(self, one: Position, identity: Identity | None) -> None:
        assert identity_of(one, ACCOUNTS) == identity


POSITION = open_at(PLAIN._replace(name="BTCUSD"), LONG, Decimal(500), Decimal("62500.5"))
ROW: dict[str, Any] = {
    "name": "core",
    "side": "long",
    "contracts": Decimal(500),
    "entry": Decimal("62500.5"),
    "margin": Decimal("0.001"),
}


def differ(row: dict[str, Any] | None = None, **keys: object) -> Compared:
    """In what `core` of these keys is not a venue's position of 500 at 62,500.5 with 0.001 behind it."""
    return compared(entry("core", side="long", **keys), row or ROW, POSITION)


SAME = {"contracts": "500", "entry": "62500.5", "margin": "0.001"}


class TestTheSame:
    @pytest.mark.parametrize(
        "keys",
        [
            SAME,
            {**SAME, "contracts": "500.0", "entry": "62500.50", "margin": "0.00100000"},
            {"usd": "500", "entry": "62500.5", "margin": "0.001"},
            {"coin": "0.008", "entry": "62500.5", "margin": "0.001"},  # 500.004 USD, 500 contracts
            {"contracts": "500", "entry_value": "0.00799993600051", "margin": "0.001"},  # shown as 62500.5
            {**SAME, "margin": "0.0008", "extra_margin": "0.0002"},
            {"fill": ["200@62400", "300@62567.68"], "margin": "0.001"},  # 500/(200/62400 + 300/62567.68) = 62500.50...
            {**SAME, "mark": "64000", "stop": "58000", "target": "70000", "funding_rate": "0.01%", "mmr": "0.5%"},
        ],
    )
    def test_in_other_words(self, keys: dict[str, Any]) -> None:
        assert differ(**keys) == Compared()

    def test_a_leverage_that_makes_the_margin(self) -> None:
        row = {**ROW, "margin": POSITION.stored_value / 8}
        assert differ(row, contracts="500", entry="62500.5", leverage="8") == Compared()


class TestChanges:
    @pytest.mark.parametrize(
        ("keys", "changes"),
        [
            ({**SAME, "contracts": "400"}, [("contracts", "400", "500")]),
            ({**SAME, "entry": "62000"}, [("entry", "62000", "62500.5")]),
            ({**SAME, "margin": "0.002"}, [("margin", "0.002", "0.001")]),
            ({"usd": "400", "entry": "62500.5", "margin": "0.001"}, [("usd", "400", "500")]),
            ({"coin": "0.01", "entry": "62500.5", "margin": "0.001"}, [("coin", "0.01", None), ("contracts", None, "500")]),
            ({"contracts": "500", "entry_value": "0.007", "margin": "0.001"},
             [("entry", None, "62500.5"), ("entry_value", "0.007", None)]),
            ({"contracts": "500", "entry": "62500.5"}, [("margin", None, "0.001")]),
            ({"contracts": "500", "entry": "62500.5", "leverage": "10"}, [("leverage", "10", None), ("margin", None, "0.001")]),
            ({**SAME, "contracts": "400", "entry": "1", "margin": "1"},
             [("contracts", "400", "500"), ("entry", "1", "62500.5"), ("margin", "1", "0.001")]),
        ],
    )  # fmt: skip
    def test_are_the_values_to_write_add_and_take_out(
        self, keys: dict[str, Any], changes: list[tuple[str, str | None, str | None]]
    ) -> None:
        found = differ(**keys).changes
        assert list(found) == [
            Changed("core", key, None if ours is None else Decimal(ours), None if theirs is None else Decimal(theirs))
            for key, ours, theirs in changes
        ]

    def test_a_cross_position_that_was_isolated_loses_its_margin(self) -> None:
        row = {key: value for key, value in ROW.items() if key != "margin"}
        assert differ(row, **SAME).changes == (Changed("core", "margin", Decimal("0.001"), None),)

    def test_a_value_that_the_average_cannot_say_replaces_it(self) -> None:
        row = {key: value for key, value in ROW.items() if key != "entry"} | {"entry_value": Decimal("0.008")}
        assert differ(row, **SAME).changes == (
            Changed("core", "entry", Decimal("62500.5"), None),
            Changed("core", "entry_value", None, Decimal("0.008")),
        )

    def test_marks_and_rates_follow_without_being_a_change(self) -> None:
        row = {**ROW, "mark": Decimal(64_000), "mmr": Decimal("0.005"), "stop": Decimal(58_000)}
        found = differ(row, **SAME, mark="63000")
        assert found.changes == ()
        assert found.followed == (
            Changed("core", "mark", Decimal(63_000), Decimal(64_000)),
            Changed("core", "mmr", None, Decimal("0.005")),
            Changed("core", "stop", None, Decimal(58_000)),
        )

    def test_another_stop_is_a_change(self) -> None:
        row = {**ROW, "stop": Decimal(58_000)}
        assert differ(row, **SAME, stop="57000").changes == (Changed("core", "stop", Decimal(57_000), Decimal(58_000)),)

    def test_fills_are_for_their_owner_to_write(self) -> None:
        found = differ(fill=["200@62400", "300@62000"], margin="0.001")
        assert (found.changes, found.by_hand) == ((), "it is written as fills, which an import does not change")

    def test_fills_that_fit_may_have_another_margin(self) -> None:
        found = differ(fill=["500@62500.5"], margin="0.002")
        assert found.changes == (Changed("core", "margin", Decimal("0.002"), Decimal("0.001")),)


@pytest.mark.parametrize(
    "keys", [{"contracts": "5"}, {"entry": "5"}, {"coin": "1"}, {"coin": "1", "entry_value": "1"}, {}]
)
def test_keys_that_do_not_say_all_of_a_position_make_none(keys: dict[str, Any]) -> None:
    assert held_of(entry("a", side="long", **keys).given, POSITION) is None


@given(
    contracts=st.integers(1, 10**6),
    cents=st.integers(100, 10**8),
    margin=st.integers(1, 10**6),
)
def test_what_was_written_is_known_as_unchanged(contracts: int, cents: int, margin: int) -> None:
    row = {
        "contracts": Decimal(contracts),
        "entry": Decimal(cents) / 100,
        "margin": Decimal(margin).scaleb(-8),
    }
    position = open_at(PLAIN, LONG, row["contracts"], row["entry"])
    assert compared(entry("a", side="long", **row), row, position) == Compared()
