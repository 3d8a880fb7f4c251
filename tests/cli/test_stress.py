"""`perpcalc stress`: a position, accounts and isolated positions on a ladder of prices."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

FIELDS = [
    "account",
    "currency",
    "price",
    "move",
    "pnl",
    "equity",
    "equity_usd",
    "maintenance_margin",
    "margin_ratio",
    "status",
]
LONG = ("--side", "long", "-n", "10000", "--entry", "10000", "--mmr", "1%")
BOOK = """
[prices]
BTC = 10_000
ETH = 1_000

[[accounts]]
name = "wallet"
currency = "BTC"
balance = 1

[[accounts]]
name = "idle"
currency = "ETH"
balance = 30

[[positions]]
name = "a"
account = "wallet"
side = "long"
contracts = 10_000
entry = 10_000
mmr = "1%"

[[positions]]
name = "b"
account = "wallet"
side = "short"
contracts = 4_000
entry = 8_000
mmr = "1%"

[[positions]]
name = "c"
currency = "BTC"
side = "long"
contracts = 10_000
entry = 10_000
leverage = 2
mmr = "1%"

[[positions]]
name = "d"
currency = "BTC"
side = "long"
contracts = 10_000
entry = 10_000
leverage = 10
mmr = "1%"

[[positions]]
name = "e"
venue = "bybit"
side = "short"
contracts = 1_000
entry = 10_000
leverage = 1
"""


def asked(run: Any, *arguments: str, **more: Any) -> Any:
    answer = run("stress", *arguments, "--json", **more)
    assert answer.status == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.fixture
def book(tmp_path: Path) -> str:
    (tmp_path / "book.toml").write_text(BOOK)
    return "book.toml"


def test_a_single_position_is_an_array_of_rows_with_all_fields(run: Any) -> None:
    down, still, up = asked(run, *LONG, "--margin", "0.5", "--moves", "-50%,0%,25%")
    assert list(down) == FIELDS
    assert up == {
        "account": "isolated BTC",
        "currency": "BTC",
        "price": "12500",
        "move": "0.25",
        "pnl": "0.2",
        "equity": "0.7",
        "equity_usd": "8750",
        "maintenance_margin": "0.008",
        "margin_ratio": "0.011428571428571429",
        "status": "ok",
    }
    assert still["pnl"] == "0"
    assert {name: down[name] for name in FIELDS[4:]} == {
        "pnl": "-0.5",
        "equity": "0",
        "equity_usd": "0",
        "maintenance_margin": None,
        "margin_ratio": "1",
        "status": "liquidated",
    }


def test_a_cross_position_has_no_account_and_an_isolated_one_is_called_so(run: Any) -> None:
    (cross,) = asked(run, *LONG, "--balance", "0.5", "--moves", "1%")
    assert cross["account"] is None
    (isolated,) = asked(run, *LONG[:-2], "--venue", "bybit@2026-01-01", "--leverage", "5", "--moves", "1%")
    assert isolated["account"] == "isolated bybit@2026-01-01 BTC"


def test_the_mark_moves_or_else_the_entry(run: Any) -> None:
    (row,) = asked(run, *LONG, "--balance", "1", "--mark", "20000", "--moves", "-10%")
    assert row["price"] == "18000"
    (row,) = asked(run, *LONG, "--balance", "1", "--moves", "-10%")
    assert row["price"] == "9000"


def test_each_account_and_each_isolated_position_has_its_rows(run: Any, book: str) -> None:
    rows = asked(run, "-p", book, "--moves", "-20%,0%")
    assert [(row["account"], row["currency"], row["price"], row["status"]) for row in rows] == [
        ("wallet", "BTC", "8000", "ok"),
        ("wallet", "BTC", "10000", "ok"),
        ("idle", "ETH", "800", "ok"),
        ("idle", "ETH", "1000", "ok"),
        ("isolated c", "BTC", "8000", "ok"),
        ("isolated c", "BTC", "10000", "ok"),
        ("isolated d", "BTC", "8000", "liquidated"),
        ("isolated d", "BTC", "10000", "ok"),
        ("isolated e", "BTC", "8000", "ok"),
        ("isolated e", "BTC", "10000", "ok"),
    ]
    wallet, _, idle, _, living, _, dead, *_ = rows
    # 1 + (1 - 10,000/8,000) + (4,000/8,000 - 4,000/8,000); one percent of the 6,000 USD that are left after netting.
    assert (wallet["equity"], wallet["pnl"], wallet["maintenance_margin"]) == ("0.75", "-0.25", "0.0075")
    assert (idle["equity"], idle["equity_usd"], idle["pnl"], idle["margin_ratio"]) == ("30", "24000", "0", "0")
    # At 8,000 the 2x long has lost a quarter of a coin of its half; the 10x long is gone with its 0.1.
    assert (living["pnl"], living["equity"], living["maintenance_margin"]) == ("-0.25", "0.25", "0.0125")
    assert (dead["pnl"], dead["equity"], dead["maintenance_margin"], dead["margin_ratio"]) == ("-0.1", "0", None, "1")


def test_a_venue_s_rounding_does_not_count(run: Any) -> None:
    position = ("--venue", "bybit", "--side", "long", "-n", "10000", "--entry", "62500.5", "--leverage", "7")
    assert asked(run, *position, "--moves", "3%") == asked(run, *position, "--moves", "3%", "--exact")
    (row,) = asked(run, *position, "--moves", "0%")
    assert row["equity"] == f"{10_000 / Decimal('62500.5') / 7:.18f}"


def test_even_moves_are_as_many_rows_as_steps(run: Any) -> None:
    rows = asked(run, *LONG, "--balance", "1", "--from", "-40%", "--to", "60%", "--steps", "5")
    assert [row["move"] for row in rows] == ["-0.4", "-0.15", "0.1", "0.35", "0.6"]


ONE_COIN = BOOK.replace("ETH = 1_000\n", "").replace('currency = "ETH"', 'currency = "BTC"')


@pytest.mark.parametrize("text", [ONE_COIN, ONE_COIN.partition("[[positions]]")[0]])
def test_a_mark_is_that_of_accounts_without_positions_too(run: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "one.toml").write_text(text)
    rows = asked(run, "-p", "one.toml", "--mark", "20000", "--moves", "0")
    assert {row["price"] for row in rows} == {"20000"}
    assert next(row["equity_usd"] for row in rows if row["account"] == "idle") == "600000"


def test_a_mark_is_refused_where_accounts_have_two_coins(run: Any, book: str) -> None:
    answer = run("stress", "-p", book, "--mark", "20000")
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr == "perpcalc: --mark: the portfolio has 2 coins, BTC, ETH: put their prices into [prices]\n"


@pytest.mark.parametrize("mark", [(), ("--mark", "62500")])
def test_a_missing_entry_is_said_as_such(run: Any, mark: tuple[str, ...]) -> None:
    answer = run("stress", "-s", "long", "-n", "10k", "-l", "5", "-v", "bybit", *mark)
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr.startswith("perpcalc: --entry: is missing: ")


@pytest.mark.parametrize("command", ["stress", "liq-price", "liq-cost"])
def test_a_missing_entry_of_a_portfolio_is_said_as_such(run: Any, tmp_path: Path, command: str) -> None:
    (tmp_path / "book.toml").write_text(
        '[[positions]]\nname = "a"\nside = "long"\ncontracts = 10\nleverage = 2\nmark = 5\n'
    )
    answer = run(command, "-p", "book.toml")
    assert answer.stderr == "perpcalc: book.toml: position 1 (a), entry: is missing: give the entry price, or fills\n"


def test_moves_stay_in_the_order_they_were_given(run: Any) -> None:
    rows = asked(run, *LONG, "--balance", "1", "--moves", "10%,-10%,10%")
    assert [row["move"] for row in rows] == ["0.1", "-0.1", "0.1"]


def test_without_moves_the_liquidation_can_be_seen(run: Any) -> None:
    # Liquidated at 10,000 * 1.01/1.1 = 9,181.81…, 8.2% below.
    rows = asked(run, *LONG, "--margin", "0.1")
    status = {row["move"]: row["status"] for row in rows}
    assert status["-0.09"] == "liquidated"
    assert status["0"] == "ok"
    assert {"-0.5", "0.5"} <= set(status)


def test_the_rows_agree_with_the_liquidation_prices_of_the_account(run: Any, book: str) -> None:
    prices = json.loads(run("liq-price", "-p", book, "--json", "--exact").stdout)
    below = Decimal(next(row for row in prices if row["name"] == "a")["liquidation_below"])
    for factor, expected in (("1.0001", "ok"), ("0.9999", "liquidated")):
        move = below * Decimal(factor) / 10_000 - 1
        row = asked(run, "-p", book, f"--moves={move:.15f}")[0]
        assert (row["account"], row["status"]) == ("wallet", expected)


def test_csv_and_a_bare_field(run: Any, book: str) -> None:
    rows = list(csv.DictReader(io.StringIO(run("stress", "-p", book, "--moves", "0%", "-f", "csv").stdout)))
    assert list(rows[0]) == FIELDS
    assert run("stress", "-p", book, "--moves", "-50%", "--field", "maintenance_margin").stdout.split("\n")[2] == ""


def test_the_table_has_a_part_for_each_account_and_sums_their_equity(run: Any, book: str) -> None:
    shown = run("stress", "-p", book, "--moves", "-20%,0%").stdout
    for name in ("wallet", "idle", "isolated c", "isolated d", "isolated e"):
        assert f"Stress: {name}  " in shown
    rows = asked(run, "-p", book, "--moves", "-20%")
    usd = sum(Decimal(row["equity_usd"]) for row in rows)
    assert f"all equity at -20%: {usd:,.2f} USD" in shown
    assert "all equity at -20%: 30.00000000 ETH" in shown
    assert "all equity" not in run("stress", *LONG, "--balance", "1").stdout


def test_the_chart_is_below_the_table(run: Any) -> None:
    shown = run("stress", *LONG, "--margin", "0.1", "--mark", "10500", "--chart").stdout
    table, _, drawn = shown.partition("isolated BTC: equity (BTC) against price (USD)")
    assert "-50.00%" in table
    assert "E entry 10,000.00   M mark 10,500.00   L liquidation 9,181.82" in drawn
    assert any("\u2800" < character <= "\u28ff" for character in drawn)


@pytest.mark.parametrize("format", ["json", "csv"])
def test_a_format_of_the_environment_gives_way_to_the_chart(run: Any, format: str) -> None:
    arguments = ("stress", *LONG, "--margin", "0.1", "--chart")
    assert run(*arguments, env={"PERPCALC_FORMAT": format}) == run(*arguments) == run(*arguments, "-f", "table")


def test_the_chart_is_ascii_where_braille_cannot_be_written(run: Any) -> None:
    arguments = ("stress", *LONG, "--margin", "0.1", "--chart")
    for env in ({"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}, {"PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}):
        shown = run(*arguments, env=env).stdout
        assert shown.isascii()
        assert "****" in shown
        assert "\\u" not in shown


def test_the_svg_goes_to_its_file_and_the_answer_to_standard_output(run: Any, book: str, tmp_path: Path) -> None:
    rows = asked(run, "-p", book, "--moves", "-20%,20%", "--svg", "book.svg")
    assert len(rows) == 10
    root = ElementTree.parse(tmp_path / "book.svg").getroot()
    assert len(root.findall("{http://www.w3.org/2000/svg}g")) == 5


def test_explain_says_how(run: Any) -> None:
    shown = run("stress", *LONG, "--balance", "1", "--moves", "25%", "--explain").stdout
    assert "price = 12,500.00 USD\n    coin_price * (1 + move)\n    = 10000 * (1 + 0.25)\n" in shown
    assert "B + sV - sQ / price\n    = 1 + 1 - 10000 / 12500\n" in shown
    assert "10000 / price * 0.01\n    = 10000 / 12500 * 0.01\n" in shown
    assert "stays dead" in shown


def test_explain_of_the_dead_divides_nothing(run: Any) -> None:
    shown = run("stress", *LONG, "--margin", "0.1", "--moves", "-50%", "--explain").stdout
    assert "equity = 0.00000000 BTC\n    0\n    liquidated on the way from the mark\n" in shown
    assert "pnl = -0.10000000 BTC\n    -collateral\n    = -0.1\n" in shown
    assert "maintenance_margin" not in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--moves", "-100%"), "--moves: '-100%' is out of range: a price cannot fall by 100% or more"),
        (("--moves", "10%,,5%"), "--moves: '' is not a plain decimal number: give one, as in 62500.5"),
        (("--moves", "1"), "--moves: '1' is not clear as a rate: write 1% or 100%"),
        (("--moves", "1%", "--from", "1%"), "--from: excludes --moves: give one of them"),
        (("--from", "1%", "--to", "2%"), "--steps: is missing: --from, --to and --steps go together"),
        (
            ("--from", "1%", "--to", "2%", "--steps", "1"),
            "--steps: 1 has room for one move: give 2 or more, or the same --from and --to",
        ),
        (("--from", "1%", "--to", "2%", "--steps", "20000"), "--steps: 20000 is out of range: give at most 10000"),
        (
            ("--from", "1%", "--to", "2%", "--steps", "1.5"),
            "--steps: '1.5' is not a count: give a whole number above 0",
        ),
        (("--chart", "--json"), "--chart: excludes --json: it is drawn below the table"),
        (("--chart", "--explain"), "--chart: excludes --explain: it is drawn below the table"),
        (("--chart", "-f", "csv"), "--chart: excludes --format: it is drawn below the table"),
        (("--chart", "--field", "equity"), "--chart: excludes --field: it is drawn below the table"),
        (("--svg", "no/such.svg"), "--svg: no/such.svg: No such file or directory: give a file that can be written"),
    ],
)
def test_what_cannot_be_answered_is_refused(run: Any, arguments: tuple[str, ...], message: str) -> None:
    answer = run("stress", *LONG, "--balance", "1", *arguments)
    assert (answer.stdout, answer.stderr, answer.status) == ("", f"perpcalc: {message}\n", 2)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "BTC = 10_000\n",
            "",
            "book.toml: position 1 (a), mark: is missing: give the position a mark, or its coin a price in [prices]",
        ),
        ("ETH = 1_000\n", "", "book.toml: account idle: ETH has no price: write it into [prices]"),
        (
            "leverage = 2\n",
            "",
            "book.toml: position 3 (c), leverage: is missing: give one of --leverage, --margin and --balance",
        ),
    ],
)
def test_a_portfolio_that_lacks_something_says_where(
    run: Any, tmp_path: Path, old: str, new: str, message: str
) -> None:
    (tmp_path / "book.toml").write_text(BOOK.replace(old, new))
    answer = run("stress", "-p", "book.toml")
    assert (answer.stdout, answer.status) == ("", 2)
    assert (
        answer.stderr.splitlines()[-1].replace(" leverage, margin and balance", " --leverage, --margin and --balance")
        == f"perpcalc: {message}"
    )
