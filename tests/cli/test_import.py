"""`perpcalc portfolio import`: what an exchange holds, taken over from what ccxt's fetch_positions returns.

tests/data/ccxt_binance.json and ccxt_exchanges.json are the answers of ccxt 4.5.90 (2026) to raw positions, each in the shape its
exchange sends. Recorded by others are: Binance's BTCUSD_PERP and ETHUSD_PERP (comments in ccxt/binance.py), Bybit's BTCUSD
(bybit-exchange/docs-legacy, position/list, 2020) and Deribit's BTC-PERPETUAL (docs.deribit.com, private/get_positions). The numbers
of the others are made up.
"""

import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from perpcalc import venues
from perpcalc.__main__ import run as main
from perpcalc.portfolio import load
from perpcalc.readers.positions_of_ccxt import VENUES as EXCHANGES

DATA = Path(__file__).parent.parent / "data"
BINANCE = str(DATA / "ccxt_binance.json")
EXCHANGES_FILE = str(DATA / "ccxt_exchanges.json")
ACCOUNTS = """# mine
[prices]
ETH = 2_400

[[accounts]]
name = "coinm"
venue = "binance"
balance = 0.5

[[accounts]]
name = "deribit"
venue = "deribit"
balance = 0.01

[[accounts]]
name = "kraken"
venue = "kraken"
balance = 0.5

[[accounts]]
name = "nowhere"
balance = 1
"""
INVERSE: dict[str, Any] = {
    "symbol": "BTC/USD:BTC",
    "side": "long",
    "contracts": 5000,
    "contractSize": 1,
    "entryPrice": 61_000.5,
    "markPrice": 64_000,
    "marginMode": "isolated",
    "leverage": 10,
}


class Answer(NamedTuple):
    """What a call said on standard error, and its exit status; standard output stays empty."""

    notes: list[str]
    status: int


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A portfolio of accounts."""
    path = tmp_path / "book.toml"
    path.write_text(ACCOUNTS)
    return path


@pytest.fixture
def take(book: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Import a file, or items, into the portfolio."""
    monkeypatch.chdir(book.parent)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(book.parent))

    def call(source: object, *options: str) -> Answer:
        name = source
        if not isinstance(source, str):
            name = "dump.json"
            (book.parent / "dump.json").write_text(json.dumps(source))
        status = main(("portfolio", "import", str(name), "--into", "book.toml", *options))
        stdout, stderr = capsys.readouterr()
        assert stdout == ""
        return Answer([line.removeprefix("perpcalc: ").removeprefix("note: ") for line in stderr.splitlines()], status)

    return call


def rows(book: Path) -> list[dict[str, Any]]:
    """The positions of a portfolio as they are written."""
    return tomllib.loads(book.read_text(), parse_float=str).get("positions", [])


class TestWhatIsTaken:
    def test_an_isolated_position_with_its_margin(self, take: Callable[..., Answer], book: Path) -> None:
        answer = take(BINANCE, "--venue", "binance")
        assert answer == Answer(
            [
                "position 3 (ETH/USD:ETH): left out: is on cross margin: give the --account whose balance stands behind it",
                "position 4 (BTC/USD:BTC-260925): left out: expires: only perpetuals are imported",
                "left out: 1 without contracts",
                "book.toml: 1 position was added, it has 1 now",
            ],
            0,
        )
        assert book.read_text() == ACCOUNTS + (
            '\n[[positions]]\nname = "BTCUSD_PERP long"\nvenue = "binance"\ninstrument = "BTCUSD_PERP"\nside = "long"\n'
            "contracts = 2\nentry = 37643.10000021\nmargin = 0.00268058\nmark = 38103.05510455\n"
        )

    def test_our_liquidation_price_of_a_recorded_position_is_the_venue_s(self, run: Any, book: Path) -> None:
        run("portfolio", "import", BINANCE, "--into", "book.toml", "--venue", "binance")
        printed = run("liq-price", "-p", "book.toml", "--field", "liquidation_price").stdout
        assert printed == "25119.9744576\n"  # as Binance sent it

    def test_under_the_rules_of_its_day_bybit_s_recorded_price_is_ours(self, take: Callable[..., Answer]) -> None:
        [recorded] = [
            one for one in json.loads(Path(EXCHANGES_FILE).read_text())["positions"] if one["exchange"] == "bybit"
        ][:1]
        assert take([recorded], "--venue", "bybit@2020-01-01").notes == [
            "book.toml: 1 position was added, it has 1 now"
        ]

    def test_a_price_that_is_not_ours_is_said(self, take: Callable[..., Answer]) -> None:
        answer = take(EXCHANGES_FILE)
        assert (
            "BTCUSD long: the venue's liquidation price is 3608, ours is 3617: see perpcalc liq-price --explain"
            in answer.notes
        )

    def test_a_price_that_cannot_be_compared_is_said(self, take: Callable[..., Answer]) -> None:
        [note] = [note for note in take(EXCHANGES_FILE).notes if note.startswith("BTC-USD-SWAP long")]
        assert note.startswith("BTC-USD-SWAP long: the venue's liquidation price, 54012.3, cannot be compared: mmr: ")

    def test_never_is_an_answer_too(self, take: Callable[..., Answer]) -> None:
        one = {**INVERSE, "side": "short", "contracts": 100, "leverage": 1, "liquidationPrice": 1_000_000}
        assert (
            "BTCUSD short: the venue's liquidation price is 1000000, ours is never: see perpcalc liq-price --explain"
            in take([one], "--venue", "bybit").notes
        )

    def test_each_position_may_say_where_it_is(self, take: Callable[..., Answer], book: Path) -> None:
        take(EXCHANGES_FILE)
        assert [(row["venue"], row["instrument"], row["margin"]) for row in rows(book)] == [
            ("bybit", "BTCUSD", "0.0006947"),
            ("okx", "BTC-USD-SWAP", "0.0311861"),
        ]

    def test_a_cross_position_goes_into_its_account(self, take: Callable[..., Answer], book: Path) -> None:
        answer = take(EXCHANGES_FILE, "--account", "kraken")
        assert answer.status == 0
        assert rows(book) == [
            {
                "name": "PI_XBTUSD short",
                "account": "kraken",
                "instrument": "PI_XBTUSD",
                "side": "short",
                "contracts": 25000,
                "entry": "37190.625",
            }
        ]

    def test_an_isolated_position_in_an_account_keeps_its_own_margin(
        self, take: Callable[..., Answer], book: Path
    ) -> None:
        take(BINANCE, "--account", "coinm")
        [row] = rows(book)
        assert (row["account"], row["margin"]) == ("coinm", "0.00268058")
        assert "venue" not in row

    def test_deribit_s_size_is_in_usd_whatever_ccxt_calls_it(self, take: Callable[..., Answer], book: Path) -> None:
        answer = take(EXCHANGES_FILE, "--account", "deribit")
        [row] = rows(book)
        assert (row["side"], row["contracts"]) == (
            "short",
            5,
        )  # ccxt: contracts -50 of contractSize 10, which is 50 USD
        assert any(note.startswith("BTC-PERPETUAL short: the venue's liquidation price is 11801.89, ours is ") for note in answer.notes)  # fmt: skip

    def test_a_price_of_the_file_counts_before_the_mark_of_the_dump(
        self, take: Callable[..., Answer], book: Path
    ) -> None:
        one = {**INVERSE, "symbol": "ETH/USD:ETH"}
        take([one, INVERSE], "--venue", "bybit")
        assert ["mark" in row for row in rows(book)] == [False, True]

    def test_stops_and_targets_come_along(self, take: Callable[..., Answer], book: Path) -> None:
        take([{**INVERSE, "stopLossPrice": 58_000, "takeProfitPrice": "70000"}], "--venue", "bybit")
        assert (rows(book)[0]["stop"], rows(book)[0]["target"]) == (58_000, 70_000)

    def test_names_are_made_unique(self, take: Callable[..., Answer], book: Path) -> None:
        take([INVERSE, {**INVERSE, "contracts": 6000}, {**INVERSE, "side": "short"}], "--venue", "bybit")
        assert [row["name"] for row in rows(book)] == ["BTCUSD long", "BTCUSD long 2", "BTCUSD short"]

    def test_a_second_import_adds_nothing(self, take: Callable[..., Answer], book: Path) -> None:
        take([INVERSE], "--venue", "bybit")
        before = book.read_bytes()
        assert take([INVERSE], "--venue", "bybit") == Answer(
            [
                "position 1 (BTC/USD:BTC): left out: it is in the portfolio already, as 'BTCUSD long'",
                "book.toml: 0 positions were added, it has 1 now",
            ],
            0,
        )
        assert book.read_bytes() == before

    def test_an_exchange_that_holds_nothing(self, take: Callable[..., Answer], book: Path) -> None:
        assert take([], "--venue", "bybit") == Answer(["book.toml: 0 positions were added, it has 0 now"], 0)
        assert take([{**INVERSE, "contracts": 0, "side": None}], "--venue", "bybit").status == 0
        assert book.read_text() == ACCOUNTS

    @pytest.mark.parametrize("exchange", [*EXCHANGES, "bybit", "okx", "deribit"])
    def test_the_names_that_ccxt_has_for_exchanges(
        self, take: Callable[..., Answer], book: Path, exchange: str
    ) -> None:
        size = venues.find(EXCHANGES.get(exchange, exchange)).instrument.contract_size
        one = {**INVERSE, "contractSize": str(size), "leverage": 2}
        assert take({"exchange": exchange, "positions": [one]}).status == 0
        assert rows(book)[0]["venue"] == EXCHANGES.get(exchange, exchange)
        assert take([{**one, "contracts": 4000}], "--venue", exchange).status == 0

    def test_the_venue_of_the_environment_only_fills_a_gap(
        self, take: Callable[..., Answer], book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PERPCALC_VENUE", "bybit")
        assert take([INVERSE, {**INVERSE, "exchange": "bitmex", "contracts": 1000}]).status == 0
        assert take([INVERSE], "--account", "coinm").status == 2
        assert [row["venue"] for row in rows(book)] == ["bybit", "bitmex"]

    def test_every_venue_has_one_inverse_perpetual_per_coin(self) -> None:
        """By which a symbol such as BTC/USD:BTC names it."""
        for name in venues.names():
            coins = [table["currency"] for table in venues.load(name).tables["instruments"].values()]
            assert len(coins) == len(set(coins)), name

    @pytest.mark.parametrize(
        ("value", "written"),
        [
            ("8.5e-05", "0.000085"),
            ("0.00008500000000000000001", "0.000085"),
            ('"0.000085"', "0.000085"),
            ("1.5E+1", 15),
            ("0.1e1", 1),
        ],
    )
    def test_numbers_may_be_as_programs_write_them(
        self, take: Callable[..., Answer], book: Path, value: str, written: object
    ) -> None:
        (book.parent / "raw.json").write_text(json.dumps([{**INVERSE, "positionMargin": "%"}]).replace('"%"', value))
        assert take("raw.json", "--venue", "bybit").status == 0
        assert rows(book)[0]["margin"] == written

    def test_a_number_that_is_not_asked_for_may_be_nan(self, take: Callable[..., Answer]) -> None:
        assert take([{**INVERSE, "percentage": float("nan")}], "--venue", "bybit").status == 0


class TestWhatIsLeftOut:
    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"symbol": "BTC/USDT:USDT"}, "settles in USDT, not in the coin BTC: only inverse contracts are imported"),
            ({"symbol": "BTC/USD:USD"}, "settles in USD, not in the coin BTC: only inverse contracts are imported"),
            ({"symbol": "ETH/USD:BTC"}, "settles in BTC, not in the coin ETH: only inverse contracts are imported"),
            ({"symbol": "BTC/USD:BTC-260925"}, "expires: only perpetuals are imported"),
            ({"symbol": "BTC/USD:BTC-260925-60000-C"}, "expires: only perpetuals are imported"),
            ({"symbol": "BTC/USD"}, "is a spot or margin trade: only inverse perpetuals are imported"),
            ({"symbol": "BTCUSD"}, "has no unified symbol, as in BTC/USD:BTC"),
            ({"symbol": None}, "has no unified symbol, as in BTC/USD:BTC"),
            ({"symbol": "SOL/USD:SOL"}, "bybit has no inverse perpetual of SOL that we know"),
            ({"side": None}, "has no side: it must be long or short"),
            ({"side": "buy"}, "has no side: it must be long or short"),
            ({"contracts": None}, "has no contracts"),
            ({"contracts": 0.5}, "contracts: 0.5 contracts cannot be traded: give whole contracts, such as 1"),
            ({"contractSize": 100}, "has contracts of 100 USD, bybit of 1 USD"),
            ({"entryPrice": None}, "has no entryPrice"),
            ({"entryPrice": -1}, "entryPrice is negative"),
            ({"entryPrice": "many"}, "entryPrice 'many' is not a number of at most 15 digits"),
            ({"entryPrice": True}, "entryPrice 'bool' is not a number of at most 15 digits"),
            ({"entryPrice": "1e30"}, "entryPrice '1e30' is not a number of at most 15 digits"),
            ({"entryPrice": "NaN"}, "entryPrice 'NaN' is not a number of at most 15 digits"),
            ({"entryPrice": "1e999999999999999999999"}, "entryPrice '1e999999999999999999999' is not a number of at most 15 digits"),
            ({"entryPrice": float("inf")}, "entryPrice 'Infinity' is not a number of at most 15 digits"),
            ({"leverage": None}, "is isolated, and neither positionMargin nor leverage says with what margin"),
            ({"leverage": 1000}, "leverage: 1000 is above the largest of BTCUSD at bybit: give at most 100"),
            ({"marginMode": "cross"}, "is on cross margin: give the --account whose balance stands behind it"),
            ({"exchange": "okx"}, "is at okx, not at bybit"),
        ],
    )  # fmt: skip
    def test_with_the_reason(
        self, take: Callable[..., Answer], book: Path, change: dict[str, Any], reason: str
    ) -> None:
        item = {**INVERSE, **change}
        where = "position 1" + (f" ({item['symbol']})" if item["symbol"] else "")
        before = book.read_bytes()
        assert take([item], "--venue", "bybit") == Answer(
            [
                f"{where}: left out: {reason}",
                "dump.json: none of the 1 positions could be taken over: see why above",
            ],
            2,
        )
        assert book.read_bytes() == before
        assert take([item, INVERSE], "--venue", "bybit").status == 0
        assert len(load(str(book)).positions) == 1

    def test_another_coin_than_the_account_s(self, take: Callable[..., Answer]) -> None:
        assert (
            "position 3 (ETH/USD:ETH): left out: settles in ETH, and the account holds BTC"
            in take(BINANCE, "--account", "coinm").notes
        )

    def test_what_is_no_position(self, take: Callable[..., Answer]) -> None:
        for item in (5, "BTC", None, [], True):
            assert take([item], "--venue", "bybit").notes[0] == (
                "position 1: left out: is not an object: give what ccxt's fetch_positions returns"
            )

    def test_a_symbol_cannot_steer_the_terminal(self, take: Callable[..., Answer]) -> None:
        for note in take([{**INVERSE, "symbol": "\x1b[31mB/USD:\u202eB", "exchange": "\x1b]0;x\x07"}]).notes:
            assert note.isprintable()


class TestRefusals:
    """One line, status 2, and the portfolio as it was."""

    @pytest.mark.parametrize(
        ("raw", "message"),
        [
            (b"", "not JSON: expecting value (at line 1, column 1): give what ccxt's fetch_positions returns"),
            (b"[{]", "not JSON: expecting property name enclosed in double quotes"),
            (b"5", 'holds no positions: give an array of them, or {"positions": [...]}'),
            (b"{}", 'holds no positions: give an array of them, or {"positions": [...]}'),
            (b'{"positions": {}}', 'holds no positions: give an array of them, or {"positions": [...]}'),
            (b"[" * 100_000, "not "),
            ("[]".encode("utf-16"), "byte 0 is not UTF-8: save the file as UTF-8"),
        ],
    )
    def test_what_is_no_dump(self, take: Callable[..., Answer], book: Path, raw: bytes, message: str) -> None:
        (book.parent / "raw.json").write_bytes(raw)
        answer = take("raw.json", "--venue", "bybit")
        assert answer.notes[0].startswith(f"raw.json: {message}")
        assert (len(answer.notes), answer.status) == (1, 2)
        assert book.read_text() == ACCOUNTS

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--account", "okx"], "--account: there is no account 'okx': give one of coinm, deribit, kraken, nowhere"),
            (["--account", "nowhere"], "--account: has no venue, which says what its contracts are: write it to the account"),
            (["--venue", "bybitt"], "--venue: 'bybitt' is not a known venue: give bybit"),
            (["--venue", "bybit", "--account", "coinm"], "--venue: excludes --account, which has its own: leave one out"),
        ],
    )  # fmt: skip
    def test_options_that_do_not_fit(self, take: Callable[..., Answer], options: list[str], message: str) -> None:
        assert take([INVERSE], *options) == Answer([message], 2)

    def test_a_dump_that_does_not_say_where_it_comes_from(self, take: Callable[..., Answer]) -> None:
        assert take([INVERSE]).notes[0] == (
            "position 1 (BTC/USD:BTC): left out: does not say where it is held: give --account or --venue"
        )

    def test_without_a_portfolio(self, run: Any, tmp_path: Path) -> None:
        assert run("portfolio", "import", BINANCE).stderr == "perpcalc: --into: is missing: name the portfolio file\n"
        answer = run("portfolio", "import", BINANCE, "--into", "nowhere.toml", "--venue", "binance")
        assert answer.stderr == (
            "perpcalc: nowhere.toml: there is no such file: create it with perpcalc portfolio init\n"
        )
        assert (answer.stdout, answer.status, os.listdir(tmp_path)) == ("", 2, [])

    def test_standard_input_is_read_and_named(self, run: Any, book: Path) -> None:
        options = ("--into", "book.toml", "--venue", "bybit")
        assert run("portfolio", "import", "-", *options, stdin=json.dumps([INVERSE])).status == 0
        answer = run("portfolio", "import", "-", *options, stdin="[")
        assert answer.stderr.startswith("perpcalc: standard input: not JSON: ")
        assert len(load(str(book)).positions) == 1
