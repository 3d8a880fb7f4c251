"""`perpcalc portfolio import`: what an exchange holds, written into a file, and what is said of it.

How each answer is read and what becomes of it is in tests/readers and tests/importing; here is the command. The data are the
answers of ccxt 4.5.90 (2026) to raw positions in the shape that Binance sends; its BTCUSD_PERP and ETHUSD_PERP are recorded
(comments in ccxt/binance.py), the numbers of the others are made up.
"""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from inside import Run

from perpcalc.portfolio.reading import load

DATA = Path(__file__).parent.parent / "data"
BINANCE = str(DATA / "ccxt_binance.json")
ACCOUNTS = """# mine
[prices]
ETH = 2_400

[[accounts]]
name = "coinm"
venue = "binance"
balance = 0.5

[[accounts]]
name = "nowhere"
balance = 1
"""
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
(RECORDED,) = (
    one
    for one in json.loads(Path(BINANCE).read_text())
    if (one["symbol"], one["marginMode"]) == ("BTC/USD:BTC", "isolated")
)
SHORT = {**LONG, "side": "short"}
LEVERAGE = "BTCUSD long: no margin is said: leverage 10 is taken"


class Said(NamedTuple):
    """What an import said on standard error, line by line, and its exit status; standard output stays empty."""

    notes: list[str]
    status: int


Take = Callable[..., Said]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A portfolio of accounts."""
    path = tmp_path / "book.toml"
    path.write_text(ACCOUNTS)
    return path


@pytest.fixture
def take(book: Path, run: Run) -> Take:
    """Import a file, or items, into the portfolio."""

    def call(source: object, *options: str, into: str = "book.toml", **more: Any) -> Said:
        name = source
        if not isinstance(source, str):
            name = "dump.json"
            (book.parent / "dump.json").write_text(json.dumps(source))
        answer = run("portfolio", "import", str(name), "--into", into, *options, **more)
        assert answer.stdout == ""
        lines = answer.stderr.splitlines()
        return Said([line.removeprefix("perpcalc: ").removeprefix("note: ") for line in lines], answer.status)

    return call


def rows(book: Path) -> list[dict[str, Any]]:
    """The positions of a portfolio as they are written."""
    return tomllib.loads(book.read_text(), parse_float=str).get("positions", [])


class TestWhatIsWritten:
    def test_an_isolated_position_with_its_margin_and_not_a_byte_else(self, take: Take, book: Path) -> None:
        assert take([RECORDED], "--venue", "binance") == Said(["book.toml: 1 added; it has 1 position now"], 0)
        assert book.read_text() == ACCOUNTS + (
            '\n[[positions]]\nname = "BTCUSD_PERP long"\nvenue = "binance"\ninstrument = "BTCUSD_PERP"\nside = "long"\n'
            "contracts = 2\nentry = 37643.10000021\nmargin = 0.00268058\nmark = 38103.05510455\n"
        )

    def test_our_liquidation_price_of_a_recorded_position_is_the_venue_s(self, take: Take, run: Run) -> None:
        take([RECORDED], "--venue", "binance")
        printed = run("liq-price", "-p", "book.toml", "--field", "liquidation_price").stdout
        assert printed == "25119.9744576\n"  # as Binance sent it

    def test_into_an_account_which_gives_the_venue(self, take: Take, book: Path) -> None:
        assert take([LONG | {"contractSize": 100, "contracts": 50}], "--account", "coinm").status == 0
        (row,) = rows(book)
        assert (row["account"], row["instrument"], row["leverage"]) == ("coinm", "BTCUSD_PERP", 10)
        assert "venue" not in row

    def test_into_a_file_that_is_not_there_yet(self, take: Take, book: Path) -> None:
        answer = take([LONG], "--venue", "bybit", into="new.toml")
        assert answer == Said([LEVERAGE, "new.toml: 1 added; it has 1 position now"], 0)
        assert [row["name"] for row in rows(book.with_name("new.toml"))] == ["BTCUSD long"]

    def test_the_venue_of_the_environment_only_fills_a_gap(self, take: Take, book: Path) -> None:
        environment = {"PERPCALC_VENUE": "bybit"}
        assert take([LONG], env=environment).status == 0
        assert take([LONG | {"exchange": "bitmex", "contracts": 1000}], env=environment).status == 0
        assert [row["venue"] for row in rows(book)] == ["bybit", "bitmex"]

    def test_standard_input_is_read_and_named(self, take: Take, book: Path) -> None:
        assert take("-", "--venue", "bybit", stdin=json.dumps([LONG])).status == 0
        (error,) = take("-", "--venue", "bybit", stdin="[").notes
        assert error.startswith("standard input: not JSON: ")
        assert len(load(str(book)).positions) == 1


class TestAgain:
    def test_what_is_unchanged_stays_as_it_is(self, take: Take, book: Path) -> None:
        take([LONG], "--venue", "bybit")
        before = book.read_bytes()
        assert take([LONG], "--venue", "bybit") == Said([LEVERAGE, "book.toml: 1 unchanged; it has 1 position now"], 0)
        assert book.read_bytes() == before

    def test_a_change_is_listed_and_nothing_is_written_new_ones_included(self, take: Take, book: Path) -> None:
        take([LONG], "--venue", "bybit")
        before = book.read_bytes()
        answer = take([LONG | {"contracts": 6000}, SHORT], "--venue", "bybit")
        assert answer.status == 2
        assert "BTCUSD long: contracts is 5000, the venue has 6000" in answer.notes
        assert answer.notes[-1] == "1 position has changed (BTCUSD long): write the new values with --update"
        assert book.read_bytes() == before

    def test_update_rewrites_the_values_that_changed_and_no_other_byte(self, take: Take, book: Path) -> None:
        take([LONG], "--venue", "bybit")
        book.write_text(book.read_text().replace("contracts = 5000", "contracts  =  5000   # mine"))
        before = book.read_text()
        answer = take([LONG | {"contracts": 6000}], "--venue", "bybit", "--update")
        assert answer == Said(
            [
                LEVERAGE,
                "BTCUSD long: contracts is 5000, the venue has 6000",
                "book.toml: 1 updated; it has 1 position now",
            ],
            0,
        )
        assert book.read_text() == before.replace("contracts  =  5000", "contracts  =  6000")

    def test_prune_removes_what_the_venue_no_longer_has(self, take: Take, book: Path) -> None:
        take([LONG, SHORT], "--venue", "bybit")
        assert "no longer there: BTCUSD short" in take([LONG], "--venue", "bybit").notes
        assert len(rows(book)) == 2
        answer = take([LONG], "--venue", "bybit", "--prune")
        assert answer.notes[-1] == "book.toml: 1 removed, 1 unchanged; it has 1 position now"
        assert [row["name"] for row in rows(book)] == ["BTCUSD long"]

    def test_an_exchange_that_holds_nothing(self, take: Take, book: Path) -> None:
        for source in ([], [LONG | {"contracts": 0, "side": None}]):
            answer = take(source, "--venue", "bybit")
            assert answer.notes[-1] == "book.toml: nothing was written; it has 0 positions now"
            assert answer.status == 0
        assert book.read_text() == ACCOUNTS


class TestWhatIsSaid:
    def test_what_is_left_out_with_its_reason_and_the_rest_is_written(self, take: Take, book: Path) -> None:
        answer = take([LONG | {"symbol": "BTC/USDT:USDT"}, LONG, LONG | {"contracts": 0}], "--venue", "bybit")
        assert answer == Said(
            [
                LEVERAGE,
                "left out: position 1 (BTC/USDT:USDT): is linear: it settles in USDT, not in the coin BTC: "
                "only inverse contracts are imported",
                "left out: 1 without contracts",
                "book.toml: 1 added; it has 1 position now",
            ],
            0,
        )
        assert len(rows(book)) == 1

    def test_a_price_that_is_not_ours(self, take: Take) -> None:
        one = LONG | {"liquidationPrice": 50_000.5}
        (difference,) = [note for note in take([one], "--venue", "bybit@2026-01-01").notes if "ours" in note]
        assert difference.startswith("BTCUSD long: the venue's liquidation price is 50000.5, ours is 55732.5: ")

    def test_options_are_named_as_flags(self, take: Take) -> None:
        (note, _) = take([LONG | {"marginMode": None}], "--venue", "bybit").notes
        assert note == (
            "left out: position 1 (BTC/USD:BTC): does not say whether its margin is isolated: "
            "give --isolated, or the --account whose balance stands behind it"
        )

    def test_a_symbol_cannot_steer_the_terminal(self, take: Take) -> None:
        for note in take([LONG | {"symbol": "\x1b[31mB/USD:\u202eB", "exchange": "\x1b]0;x\x07"}]).notes:
            assert note.isprintable()

    def test_a_wait_for_another_perpcalc(self, take: Take, book: Path, another_writes: Any) -> None:
        another_writes(book.parent)
        answer = take([LONG], "--venue", "bybit")
        assert answer.notes == [
            f"another perpcalc writes in {book.parent}: waiting for it",
            LEVERAGE,
            "book.toml: 1 added; it has 1 position now",
        ]


class TestRefusals:
    """Status 2, and the portfolio as it was."""

    @pytest.mark.parametrize(
        ("raw", "message"),
        [
            (b"", "is empty: give the answer of a venue's API as it came, or what ccxt returns"),
            (b"[{]", "not JSON: "),
            (b"5", "holds no positions"),
            (b"{}", "holds no positions"),
            (b"[" * 100_000, "is nested too deeply: "),
            ("[]".encode("utf-16"), "byte 0 is not UTF-8: save the file as UTF-8"),
        ],
    )
    def test_what_is_no_dump(self, take: Take, book: Path, raw: bytes, message: str) -> None:
        (book.parent / "raw.json").write_bytes(raw)
        answer = take("raw.json", "--venue", "bybit")
        assert answer.notes[0].startswith(f"raw.json: {message}")
        assert (len(answer.notes), answer.status) == (1, 2)
        assert book.read_text() == ACCOUNTS

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--account", "okx"], "--account: there is no account 'okx': give one of coinm, nowhere"),
            (["--venue", "bybitt"], "--venue: 'bybitt' is not a known venue: give bybit"),
            (["--venue", "bybit", "--account", "coinm"], "--venue: excludes --account: the account has its own"),
        ],
    )
    def test_options_that_do_not_fit(self, take: Take, options: list[str], message: str) -> None:
        assert take([LONG], *options) == Said([message], 2)

    def test_nothing_that_could_be_taken_over(self, take: Take, book: Path) -> None:
        answer = take([LONG | {"side": "buy"}, 5], "--venue", "bybit")
        assert answer.notes[-1] == "dump.json: all of its 2 positions had to be left out: see why above"
        assert answer.status == 2
        assert book.read_text() == ACCOUNTS

    @pytest.mark.parametrize(
        ("garbled", "said"),
        [
            (5, "left out: position 2: is no position of a known shape: "),
            (SHORT | {"side": "sideways"}, "left out: position 2 (BTC/USD:BTC): side 'sideways' is not known: "),
            (SHORT | {"contracts": "many"}, "left out: position 2 (BTC/USD:BTC): contracts 'many' is not a number "),
        ],
    )
    def test_a_garbled_position_stops_all_of_them(self, garbled: Any, said: str, take: Take, book: Path) -> None:
        answer = take([LONG, garbled], "--venue", "bybit")
        assert [line for line in answer.notes if line.startswith(said)]
        assert answer.notes[-1] == (
            "dump.json: 1 position cannot be read, and nothing is written: see why above, and correct the file"
        )
        assert answer.status == 2
        assert book.read_text() == ACCOUNTS

    def test_without_a_portfolio_or_a_file(self, run: Run) -> None:
        assert run("portfolio", "import", BINANCE).stderr == "perpcalc: --into: is missing: name the portfolio file\n"
        answer = run("portfolio", "import", "none.json", "--into", "book.toml")
        assert answer.stderr == "perpcalc: none.json: No such file or directory: give a file that can be read\n"
