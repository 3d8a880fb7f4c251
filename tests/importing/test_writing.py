"""From a venue's answer to the bytes of a portfolio, and again."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from importing.books import planned
from perpcalc.errors import PerpcalcError
from perpcalc.importing.known import Changed
from perpcalc.importing.plan import Plan
from perpcalc.importing.writing import change_of
from perpcalc.portfolio import Portfolio
from perpcalc.portfolio.edit import Change, change
from perpcalc.portfolio.reading import load

ACCOUNTS = """# mine
[prices]
ETH = 2_400

[[accounts]]
name = "main"
venue = "bybit"
balance = 0.5 # as of Monday

[[accounts]]
name = "uta"
venue = "bybit"
margin = "unified"
balances = { BTC = 1, ETH = 10 }
"""
CHANGED = Plan(
    changes=(Changed("core", "contracts", Decimal(5), Decimal(6)), Changed("core", "leverage", Decimal(2), None))
)


def imported(path: Path, name: str, update: bool = False, prune: bool = False, **choices: Any) -> Portfolio:
    """Import a file of tests/data/positions into a portfolio."""
    return change(str(path), lambda before: change_of(planned(name, before, **choices), update, prune))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "book.toml"
    path.write_text(ACCOUNTS)
    return path


def test_rows_are_appended_as_people_write_them(path: Path) -> None:
    imported(path, "bybit-isolated-page", venue="bybit@2026-01-01")
    assert path.read_text() == ACCOUNTS + (
        '\n[[positions]]\nname = "BTCUSD long"\nvenue = "bybit@2026-01-01"\ninstrument = "BTCUSD"\nside = "long"\n'
        "contracts = 10000\nentry = 62500\nmargin = 0.016\nmark = 63000.50\nstop = 60000\ntarget = 70000\n"
    )


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("bybit-isolated-page", {"venue": "bybit"}),
        ("bybit-unified", {"account": "main"}),
        ("bybit-unified", {"account": "uta"}),
        ("bybit-recorded-short", {"account": "main"}),
        ("ccxt-four-venues", {}),
        ("binance-position-risk", {"venue": "binance"}),
        ("okx-hedge-both-modes", {"venue": "okx"}),
        ("okx-documented-isolated", {"venue": "okx"}),
        ("gate-isolated", {"venue": "gate"}),
        ("phemex-scaled", {"venue": "phemex"}),
        ("bitmex-dated", {"venue": "bitmex"}),
        ("kucoin-isolated", {"venue": "kucoin"}),
    ],
)
def test_a_second_import_changes_no_byte(path: Path, name: str, choices: dict[str, Any]) -> None:
    first = imported(path, name, **choices)
    assert len(first.positions) >= 1
    written = path.read_bytes()
    again = imported(path, name, update=True, prune=name != "bybit-isolated-page", **choices)
    assert path.read_bytes() == written
    assert len(again.positions) == len(first.positions)


def test_new_values_are_written_where_they_stand(path: Path) -> None:
    imported(path, "bybit-isolated-page", venue="bybit")
    before = path.read_text().replace("10000", "9_000 # mine").replace("margin = 0.016", "leverage = 20")
    path.write_text(before)
    with pytest.raises(PerpcalcError) as caught:
        imported(path, "bybit-isolated-page", venue="bybit")
    assert caught.value.line(flags=True) == ("1 position has changed (BTCUSD long): write the new values with --update")
    assert path.read_text() == before
    imported(path, "bybit-isolated-page", update=True, venue="bybit")
    after = path.read_text()
    assert "contracts = 10000 # mine\n" in after
    assert "margin = 0.016\n" in after
    assert "leverage" not in after
    assert after.startswith(ACCOUNTS)


def test_what_is_gone_is_removed_where_it_is_asked_for(path: Path) -> None:
    imported(path, "bybit-recorded-short", account="main")
    with_position = path.read_text()
    imported(path, "balance-bybit", prune=True, account="main")
    assert path.read_text() == with_position  # an answer of balances alone
    path.write_text(with_position.replace("BTCUSD short", "ours").replace('"short"', '"long"'))
    imported(path, "bybit-recorded-short", prune=True, account="main")
    assert [position.name for position in load(str(path)).positions] == ["BTCUSD short"]


def test_nothing_is_pruned_by_a_page_of_several(path: Path) -> None:
    with pytest.raises(PerpcalcError) as caught:
        imported(path, "bybit-isolated-page", prune=True, venue="bybit")
    assert caught.value.line(flags=True) == "--prune: the answer has a further page: give all of it"
    assert path.read_text() == ACCOUNTS


def test_balances_are_written_where_they_stand(path: Path) -> None:
    imported(path, "balance-bybit", venue="bybit", balances=True)
    after = path.read_text()
    assert "balance = 0.5 # as of Monday\n" in after
    found = load(str(path))
    assert found.account("main").balance == Decimal("0.5")
    unified = found.account("uta").unified
    assert unified is not None
    assert unified.balances == {"BTC": Decimal("0.5"), "ETH": Decimal(0), "USDT": Decimal(-30_000)}


class TestChanges:
    def test_are_listed_in_one_line_each(self) -> None:
        assert [str(one) for one in CHANGED.changes] == [
            "core: contracts is 5, the venue has 6",
            "core: leverage is 2, the venue has none",
        ]
        assert str(Changed("core", "margin", None, Decimal("0.10"))) == "core: has no margin, the venue has 0.1"

    def test_with_update_and_without(self) -> None:
        assert change_of(CHANGED, update=True).updated == {"core": {"contracts": Decimal(6), "leverage": None}}
        more = CHANGED._replace(changes=(*CHANGED.changes, Changed("hedge", "entry", Decimal(1), Decimal(2))))
        with pytest.raises(PerpcalcError, match=r"2 positions have changed \(core, hedge\)"):
            change_of(more)

    def test_marks_that_moved_are_no_reason_to_stop(self) -> None:
        moved = Plan(followed=(Changed("core", "mark", Decimal(1), Decimal(2)),))
        assert change_of(moved) == Change()
        assert change_of(moved, update=True).updated == {"core": {"mark": Decimal(2)}}

    @pytest.mark.parametrize("update", [False, True])
    def test_what_cannot_be_written_in_place_stops_all(self, update: bool) -> None:
        with pytest.raises(PerpcalcError) as caught:
            change_of(Plan(by_hand=("core: is not the venue's: it is written as fills",)), update)
        assert str(caught.value) == "core: is not the venue's: it is written as fills: nothing was written"
