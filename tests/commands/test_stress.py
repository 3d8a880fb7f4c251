"""`perpcalc stress`: a position, accounts and isolated positions on a ladder of prices."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from inside import Run

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
    "position",
    "reason",
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


def asked(run: Run, *arguments: str, **more: Any) -> Any:
    answer = run("stress", *arguments, "--json", **more)
    assert answer.status == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.fixture
def book(tmp_path: Path) -> str:
    (tmp_path / "book.toml").write_text(BOOK)
    return "book.toml"


def test_a_single_position_is_an_array_of_rows_with_all_fields(run: Run) -> None:
    down, still, up = asked(run, *LONG, "--margin", "0.5", "--moves", "-50%,0%,25%")
    assert list(down) == FIELDS
    assert up == {
        "account": None,
        "currency": "BTC",
        "price": "12500",
        "move": "0.25",
        "pnl": "0.2",
        "equity": "0.7",
        "equity_usd": "8750",
        "maintenance_margin": "0.008",
        "margin_ratio": "0.011428571428571429",
        "status": "ok",
        "position": None,
        "reason": None,
    }
    assert still["pnl"] == "0"
    assert {name: down[name] for name in FIELDS[4:]} == {
        "pnl": "-0.5",
        "equity": "0",
        "equity_usd": "0",
        "maintenance_margin": None,
        "margin_ratio": "1",
        "status": "liquidated",
        "position": None,
        "reason": None,
    }


def test_a_position_by_itself_has_no_account(run: Run) -> None:
    for margin in (("--balance", "0.5"), ("--leverage", "5")):
        (row,) = asked(run, *LONG, *margin, "--moves", "1%")
        assert row["account"] is row["position"] is None


def test_the_mark_moves_or_else_the_entry(run: Run) -> None:
    (row,) = asked(run, *LONG, "--balance", "1", "--mark", "20000", "--moves", "-10%")
    assert row["price"] == "18000"
    (row,) = asked(run, *LONG, "--balance", "1", "--moves", "-10%")
    assert row["price"] == "9000"


def test_each_account_and_each_isolated_position_has_its_rows(run: Run, book: str) -> None:
    rows = asked(run, "-p", book, "--moves", "-20%,0%")
    assert [(row["account"], row["position"], row["currency"], row["price"], row["status"]) for row in rows] == [
        ("wallet", None, "BTC", "8000", "ok"),
        ("wallet", None, "BTC", "10000", "ok"),
        ("idle", None, "ETH", "800", "ok"),
        ("idle", None, "ETH", "1000", "ok"),
        (None, "c", "BTC", "8000", "ok"),
        (None, "c", "BTC", "10000", "ok"),
        (None, "d", "BTC", "8000", "liquidated"),
        (None, "d", "BTC", "10000", "ok"),
        (None, "e", "BTC", "8000", "ok"),
        (None, "e", "BTC", "10000", "ok"),
    ]
    wallet, _, idle, _, living, _, dead, *_ = rows
    # 1 + (1 - 10,000/8,000) + (4,000/8,000 - 4,000/8,000); one percent of the 14,000 USD of both sides.
    assert (wallet["equity"], wallet["pnl"], wallet["maintenance_margin"]) == ("0.75", "-0.25", "0.0175")
    assert (idle["equity"], idle["equity_usd"], idle["pnl"], idle["margin_ratio"]) == ("30", "24000", "0", "0")
    # At 8,000 the 2x long has lost a quarter of a coin of its half; the 10x long is gone with its 0.1.
    assert (living["pnl"], living["equity"], living["maintenance_margin"]) == ("-0.25", "0.25", "0.0125")
    assert (dead["pnl"], dead["equity"], dead["maintenance_margin"], dead["margin_ratio"]) == ("-0.1", "0", None, "1")


def test_a_venue_s_rounding_does_not_count(run: Run) -> None:
    position = ("--venue", "bybit", "--side", "long", "-n", "10000", "--entry", "62500.5", "--leverage", "7")
    assert asked(run, *position, "--moves", "3%") == asked(run, *position, "--moves", "3%", "--exact")
    (row,) = asked(run, *position, "--moves", "0%")
    assert row["equity"] == f"{10_000 / Decimal('62500.5') / 7:.18f}"


def test_even_moves_are_as_many_rows_as_steps(run: Run) -> None:
    rows = asked(run, *LONG, "--balance", "1", "--from", "-40%", "--to", "60%", "--steps", "5")
    assert [row["move"] for row in rows] == ["-0.4", "-0.15", "0.1", "0.35", "0.6"]


ONE_COIN = BOOK.replace("ETH = 1_000\n", "").replace('currency = "ETH"', 'currency = "BTC"')


@pytest.mark.parametrize("text", [ONE_COIN, ONE_COIN.partition("[[positions]]")[0]])
def test_a_mark_is_that_of_accounts_without_positions_too(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "one.toml").write_text(text)
    rows = asked(run, "-p", "one.toml", "--mark", "20000", "--moves", "0")
    assert {row["price"] for row in rows} == {"20000"}
    assert next(row["equity_usd"] for row in rows if row["account"] == "idle") == "600000"


def test_a_mark_is_refused_where_accounts_have_two_coins(run: Run, book: str) -> None:
    answer = run("stress", "-p", book, "--mark", "20000")
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr == "perpcalc: --mark: the portfolio has 2 coins, BTC, ETH: put their prices into [prices]\n"


@pytest.mark.parametrize("mark", [(), ("--mark", "62500")])
def test_a_missing_entry_is_said_as_such(run: Run, mark: tuple[str, ...]) -> None:
    answer = run("stress", "-s", "long", "-n", "10k", "-l", "5", "-v", "bybit", *mark)
    assert (answer.stdout, answer.status) == ("", 2)
    assert answer.stderr.startswith("perpcalc: --entry: is missing: ")


def test_a_missing_entry_of_a_portfolio_hides_no_other_position(run: Run, tmp_path: Path) -> None:
    known = '[[positions]]\nname = "b"\nside = "long"\ncontracts = 10\nentry = 5\nleverage = 2\nmark = 5\nmmr = "1%"\n'
    (tmp_path / "book.toml").write_text(
        '[[positions]]\nname = "a"\nside = "long"\ncontracts = 10\nleverage = 2\nmark = 5\n' + known
    )
    unknown, row = asked(run, "-p", "book.toml", "--moves", "0")
    assert (unknown["position"], unknown["reason"]) == (
        "a",
        "leverage: is missing: give one of leverage, margin and balance",
    )
    assert unknown["equity"] is unknown["status"] is None
    assert (row["position"], row["equity"], row["reason"]) == ("b", "1", None)


def test_one_thing_that_is_missing_is_said_of_a_position_that_lacks_two(run: Run) -> None:
    held = '[[positions]]\nname = "a"\nside = "long"\ncontracts = 10\nentry = 5\n'
    (row,) = asked(run, "-p", "-", "--moves", "0", stdin=held)
    assert row["reason"] == "leverage: is missing: give one of leverage, margin and balance"
    (row,) = asked(run, "-p", "-", "--moves", "0", stdin=held + "leverage = 2\n")
    assert row["reason"] == "mark: is missing: give the position a mark, or its coin a price in [prices]"


def test_moves_stay_in_the_order_they_were_given(run: Run) -> None:
    rows = asked(run, *LONG, "--balance", "1", "--moves", "10%,-10%,10%")
    assert [row["move"] for row in rows] == ["0.1", "-0.1", "0.1"]


def test_without_moves_the_liquidation_can_be_seen(run: Run) -> None:
    # Liquidated at 10,000 * 1.01/1.1 = 9,181.81…, 8.2% below.
    rows = asked(run, *LONG, "--margin", "0.1")
    status = {row["move"]: row["status"] for row in rows}
    assert status["-0.09"] == "liquidated"
    assert status["0"] == "ok"
    assert {"-0.5", "0.5"} <= set(status)


def test_the_rows_agree_with_the_liquidation_prices_of_the_account(run: Run, book: str) -> None:
    prices = json.loads(run("liq-price", "-p", book, "--json", "--exact").stdout)
    below = Decimal(next(row for row in prices if row["name"] == "a")["liquidation_below"])
    for factor, expected in (("1.0001", "ok"), ("0.9999", "liquidated")):
        move = below * Decimal(factor) / 10_000 - 1
        row = asked(run, "-p", book, f"--moves={move:.15f}")[0]
        assert (row["account"], row["status"]) == ("wallet", expected)


def test_of_a_coin_that_moves_more_the_row_has_the_move_that_was_asked_for(run: Run, book: str) -> None:
    rows = asked(run, "-p", book, "--beta", "ETH=1.5", "--moves", "-10%")
    assert [(row["move"], row["price"]) for row in rows if row["currency"] == "ETH"] == [("-0.1", "850")]


def test_of_two_ends_that_are_passed_the_nearer_is_said(run: Run) -> None:
    # A large short at Deribit dies going up, and far down where its maintenance rate has outgrown its profit.
    short = ("--venue", "deribit@2026-01-01", "-s", "short", "-n", "2m", "--entry", "60000", "--balance", "45")
    said = run("stress", *short, "--moves", "-99%,100%").stdout
    assert said.startswith("liquidated by a move of 12.74%\n")


@pytest.mark.parametrize(
    ("side", "balance", "move"),
    [("long", "0.2625", "-20"), ("short", "0.208", "25")],  # 1.01 or 0.99 coins over the price that is left
)
def test_the_very_move_that_liquidates_is_said(run: Run, side: str, balance: str, move: str) -> None:
    question = ("stress", "-s", side, "-n", "10000", "--entry", "10000", "--mmr", "1%", "--balance", balance)
    said = run(*question, "--moves", f"{move}%").stdout
    assert said.startswith(f"liquidated by a move of {move}.00%\n")


def test_nothing_is_drawn_of_a_position_without_a_price(run: Run, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(BOOK.replace("BTC = 10_000\n", ""))
    shown = run("stress", "-p", "book.toml", "--moves", "-10%,10%", "--chart").stdout
    assert [line for line in shown.splitlines() if "against" in line] == ["idle: equity (ETH) against price (USD)"]


def test_of_an_account_without_prices_the_reason_is_said_where_there_is_no_column(run: Run) -> None:
    owed = '[[accounts]]\nname = "a"\nvenue = "bybit"\nmargin = "unified"\nbalances = { BTC = 1, XYZ = 5 }\n'
    answer = run("stress", "-p", "-", "--move", "BTC=-50%", stdin=owed)
    assert answer.status == 0
    assert "the price of BTC and XYZ is not known: give it under [prices]" in answer.stdout


def test_csv_and_a_bare_field(run: Run, book: str) -> None:
    rows = list(csv.DictReader(io.StringIO(run("stress", "-p", book, "--moves", "0%", "-f", "csv").stdout)))
    assert list(rows[0]) == FIELDS
    assert run("stress", "-p", book, "--moves", "-50%", "--field", "maintenance_margin").stdout.split("\n")[2] == ""


def test_the_table_has_a_part_for_each_account_and_sums_their_equity(run: Run, book: str) -> None:
    shown = run("stress", "-p", book, "--moves", "-20%,0%").stdout
    for name in ("wallet", "idle", "c", "d", "e"):
        assert f"\nStress: {name}\n" in shown
    rows = asked(run, "-p", book, "--moves", "-20%")
    usd = sum(Decimal(row["equity_usd"]) for row in rows)
    lines = shown.splitlines()
    falling, still = lines[-3:-1]
    assert lines[lines.index("All") + 2 :][0].split() == ["│", "│", "equity", "usd", "│", "│", "│"]
    assert falling.split("│")[1:-1] == [" -20.00% ", f"  {usd:,.2f} ", "          1 ", " d     "]
    assert still.split("│")[3:-1] == ["          0 ", " -     "]
    assert "\nAll\n" not in run("stress", *LONG, "--balance", "1").stdout


def test_totals_are_those_of_the_rows(run: Run, book: str) -> None:
    rows = asked(run, "-p", book, "--moves", "-20%,0%")
    totals = asked(run, "-p", book, "--moves", "-20%,0%", "--total")
    assert [(row["move"], row["liquidated"], row["first"]) for row in totals] == [("-0.2", "1", "d"), ("0", "0", None)]
    for total in totals:
        assert Decimal(total["equity_usd"]) == sum(
            Decimal(row["equity_usd"]) for row in rows if row["move"] == total["move"]
        )
    shown = run("stress", "-p", book, "--moves", "-20%", "--total", "-f", "csv").stdout
    assert shown.startswith("move,equity_usd,liquidated,first\n-0.2,")
    assert run("stress", "-p", book, "--moves", "-20%", "--total", "--field", "first").stdout == "d\n"


def test_of_several_dead_the_first_is_the_one_that_dies_nearest_to_the_mark(run: Run, book: str) -> None:
    (total,) = asked(run, "-p", book, "--moves", "-60%", "--total")
    assert (total["liquidated"], total["first"]) == ("3", "d")
    assert (
        "3 of 5 are liquidated by these moves: first d at -8.18%\n"
        in run("stress", "-p", book, "--moves", "-60%").stdout
    )


@pytest.mark.parametrize(
    ("moves", "said"),
    [
        ("-50%,-20%,10%", "liquidated by a move of -12.55%"),  # 9,181.82 below 10,500, at which no rung stands
        ("-10%,10%", "nothing is liquidated by these moves"),
    ],
)
def test_the_sentence_says_the_exact_move_to_death(run: Run, moves: str, said: str) -> None:
    shown = run("stress", *LONG, "--margin", "0.1", "--mark", "10500", "--moves", moves).stdout
    assert shown.splitlines()[0] == said


def test_the_tables_of_all_accounts_have_the_same_columns(run: Run, book: str) -> None:
    env = {"COLUMNS": "80", "TTY_COMPATIBLE": "1", "TERM": "dumb"}
    lines = run("stress", "-p", book, "--moves", "-20%,0%", "--quiet", env=env).stdout.splitlines()
    heads = [line.count("┬") for line in lines if line.startswith("╭")][:-1]
    assert len(heads) == 5
    assert len(set(heads)) == 1
    assert max(map(len, lines)) <= 80


def test_the_chart_is_below_the_table(run: Run) -> None:
    shown = run("stress", *LONG, "--margin", "0.1", "--mark", "10500", "--chart").stdout
    table, _, drawn = shown.partition("BTC: equity (BTC) against price (USD)")
    assert "-50.00%" in table
    assert "E entry 10,000.00   M mark 10,500.00   L liquidation 9,181.82" in drawn
    assert any("\u2800" < character <= "\u28ff" for character in drawn)


@pytest.mark.parametrize("format", ["json", "csv"])
def test_a_format_of_the_environment_gives_way_to_the_chart(run: Run, format: str) -> None:
    arguments = ("stress", *LONG, "--margin", "0.1", "--chart")
    assert run(*arguments, env={"PERPCALC_FORMAT": format}) == run(*arguments) == run(*arguments, "-f", "table")


def test_the_chart_is_ascii_where_braille_cannot_be_written(start: Run) -> None:
    arguments = ("stress", *LONG, "--margin", "0.1", "--chart")
    for env in ({"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}, {"PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}):
        shown = start(*arguments, env=env).stdout
        assert shown.isascii()
        assert "****" in shown
        assert "\\u" not in shown


def test_the_svg_goes_to_its_file_and_the_answer_to_standard_output(run: Run, book: str, tmp_path: Path) -> None:
    run("stress", "-p", book, "--moves", "-20%,20%", "--svg", "BOOK.SVG")
    rows = asked(run, "-p", book, "--moves", "-20%,20%", "--svg", "book.svg")
    assert (tmp_path / "BOOK.SVG").read_bytes() == (tmp_path / "book.svg").read_bytes()
    assert len(rows) == 10
    root = ElementTree.parse(tmp_path / "book.svg").getroot()
    assert len(root.findall("{http://www.w3.org/2000/svg}g")) == 5


def test_what_is_dead_already_is_named_first(run: Run) -> None:
    held = "[prices]\nBTC = 10_000\n" + "".join(
        f'[[positions]]\nname = "{name}"\nside = "{side}"\ncontracts = 100\nentry = {entry}\nleverage = 10\nmmr = "1%"\n'
        for name, side, entry in (("long", "long", 10_000), ("drowned", "long", 20_000), ("burned", "short", 5_000))
    )
    first = run("stress", "-p", "-", "--moves", "-20%,20%", stdin=held).stdout.splitlines()[0]
    assert first == "3 of 3 are liquidated by these moves: drowned, burned already, then long at -8.18%"
    up = run("stress", "-p", "-", "--moves", "20%", stdin=held).stdout.splitlines()[0]
    assert up == "2 of 3 are liquidated by these moves: drowned, burned already"


def test_the_price_that_liquidates_an_account_is_on_its_chart(run: Run) -> None:
    held = '[prices]\nBTC = 60_000\n[[accounts]]\nname = "w"\nbalance = 1\n' + "".join(
        f'[[positions]]\nname = "{usd}"\naccount = "w"\nside = "long"\ncontracts = {usd}\nentry = 60_000\nmmr = "1%"\n'
        for usd in (50_000, 10_000)
    )
    shown = run("stress", "-p", "-", "--moves", "-60%,10%", "--chart", stdin=held).stdout
    # 1 + 1 - 60,000/p = 0.01 * 60,000/p
    assert shown.endswith("E entry 60,000.00   M mark 60,000.00   L liquidation 30,300.00\n")


def test_a_price_that_the_venue_never_reaches_is_not_on_the_chart(run: Run) -> None:
    short = ("-v", "bybit@2026-01-01", "-s", "short", "-n", "10k", "-e", "62500", "-l", "1.02")
    shown = run("stress", *short, "--moves", "0%,6000%", "--chart").stdout
    assert shown.endswith("E entry 62,500.0   M mark 62,500.0\n")  # 3,171,562.5, the largest is 999,999


def test_the_entries_on_a_chart_are_in_their_order(run: Run) -> None:
    held = '[prices]\nBTC = 60_000\n[[accounts]]\nname = "w"\nbalance = 1\n' + "".join(
        f'[[positions]]\nname = "{entry}"\naccount = "w"\nside = "long"\ncontracts = 6_000\nentry = {entry}\nmmr = "1%"\n'
        for entry in (60_000, 50_000, 70_000, 40_000)
    )
    shown = run("stress", "-p", "-", "--moves", "-50%,30%", "--chart", stdin=held).stdout
    assert "E entry 40,000.00, 50,000.00, 60,000.00, 70,000.00   M mark" in shown


@pytest.mark.parametrize(("below", "above"), [("long", "short"), ("short", "long")])
def test_of_many_entries_a_chart_has_the_average_of_each_side(run: Run, below: str, above: str) -> None:
    held = '[prices]\nBTC = 60_000\n[[accounts]]\nname = "w"\nbalance = 1\n' + "".join(
        f'[[positions]]\nname = "{side} {entry}"\naccount = "w"\nside = "{side}"\ncontracts = 6_000\nentry = {entry}\nmmr = "1%"\n'
        f'instrument = "{side}"\ncontract_size = 1\nmark = {mark}\n'
        for side, entry, mark in (
            (below, 40_000, 60_000),
            (below, 60_000, 60_000),
            (below, 50_000, 60_000),
            (above, 70_000, 66_000),
            (above, 80_000, 66_000),
        )
    )
    shown = run("stress", "-p", "-", "--moves", "-30%,30%", "--chart", stdin=held).stdout
    # 18,000 USD over 0.15 + 0.1 + 0.12 coins, and 12,000 over 6/70 + 6/80, which stand 10 % above the coin
    assert "E entry 48,648.65, 67,878.79   M mark 60,000.00" in shown


def test_an_account_of_several_coins_is_drawn_over_the_common_move(run: Run) -> None:
    coins = (
        '[prices]\nBTC = 60_000\n[[accounts]]\nname = "u"\nmargin = "unified"\nbalances = { BTC = 2, USDT = -60_000 }\n'
    )
    shown = run("stress", "-p", "-", "--moves", "-60%,0%", "--chart", stdin=coins).stdout
    assert "u: equity (USD) against common move (%)" in shown
    assert "N now 0.00   L liquidation -50.00" in shown


def test_explain_says_how(run: Run) -> None:
    shown = run("stress", *LONG, "--balance", "1", "--moves", "25%", "--explain").stdout
    for step in (
        "price = 12,500.00 USD\n    entry_price * (1 + move)\n    = 10000 * (1 + 0.25)\n",
        "equity = 1.20000000 BTC\n    balance + s * V - s * notional / (entry_price * (1 + move))\n"
        "    = 1 + 1 * 1 - 1 * 10000 / (10000 * (1 + 0.25))\n",
        "maintenance_margin = 0.00800000 BTC\n    mmr * notional / (entry_price * (1 + move))\n"
        "    = 0.01 * 10000 / (10000 * (1 + 0.25))\n    closing fees that count included; nothing rounded as the venue does\n",
    ):
        assert step in shown


def test_explain_names_the_account_or_the_position_and_the_price_of_its_coin(run: Run, book: str) -> None:
    shown = run("stress", "-p", book, "--moves", "25%", "--explain").stdout
    assert [line for line in shown.splitlines() if line.startswith("Stress")] == [
        "Stress: wallet", "Stress: idle", "Stress: c", "Stress: d", "Stress: e",
    ]  # fmt: skip
    assert "price = 12,500.00 USD\n    BTC_price * (1 + move)\n    = 10000 * (1 + 0.25)\n" in shown


def test_explain_of_the_dead_divides_nothing(run: Run) -> None:
    shown = run("stress", *LONG, "--margin", "0.1", "--moves", "-50%", "--explain").stdout
    assert "equity = 0.00000000 BTC\n    0 where it was liquidated on the way from the mark\n" in shown
    assert "pnl = -0.10000000 BTC\n    -margin\n    = -0.1\n" in shown
    assert "maintenance_margin" not in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--moves", "-100%"), "--moves: '-100%' is out of range: a price cannot fall by 100% or more"),
        (("--moves", "10%,,5%"), "--moves: '' is not a plain decimal number: give one, as in 62500.5"),
        (("--moves", "1"), "--moves: '1' is not clear as a rate: write 1% or 100%"),
        (("--moves", "1%", "--from", "1%"), "--from: excludes --moves: give one of them"),
        (("--from", "1%", "--to", "2%"), "--from: needs --steps: --from, --to and --steps go together"),
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
        (("--svg", "no/such.svg"), "--svg: no/such.svg: No such file or directory: give a name that can be written"),
    ],
)
def test_what_cannot_be_answered_is_refused(run: Run, arguments: tuple[str, ...], message: str) -> None:
    answer = run("stress", *LONG, "--balance", "1", *arguments)
    assert (answer.stdout, answer.stderr, answer.status) == ("", f"perpcalc: {message}\n", 2)


@pytest.mark.parametrize(
    ("old", "new", "name", "reason"),
    [
        ("BTC = 10_000\n", "", "wallet", "BTC has no price: write it into [prices]"),
        ("BTC = 10_000\n", "", "c", "mark: is missing: give the position a mark, or its coin a price in [prices]"),
        ("ETH = 1_000\n", "", "idle", "ETH has no price: write it into [prices]"),
        ("leverage = 2\n", "", "c", "leverage: is missing: give one of leverage, margin and balance"),
    ],
)
def test_what_is_not_known_of_one_hides_no_other(
    run: Run, tmp_path: Path, old: str, new: str, name: str, reason: str
) -> None:
    (tmp_path / "book.toml").write_text(BOOK.replace(old, new))
    rows = asked(run, "-p", "book.toml", "--moves", "0")
    assert len(rows) == 5
    (row,) = [row for row in rows if name in (row["account"], row["position"])]
    assert row["reason"] == reason
    assert all(row[field] is None for field in FIELDS[4:10])
    (total,) = asked(run, "-p", "book.toml", "--moves", "0", "--total")
    assert total["equity_usd"] is None


def test_without_a_maintenance_rate_the_equity_is_known_and_death_only_where_nothing_is_left(
    run: Run, tmp_path: Path
) -> None:
    # The 2x long loses a quarter of a coin of its half at -20%, and all of it at -60%, whatever its maintenance margin is.
    (tmp_path / "book.toml").write_text(BOOK.replace('leverage = 2\nmmr = "1%"\n', "leverage = 2\n"))
    rows = [row for row in asked(run, "-p", "book.toml", "--moves", "-20%,-60%") if row["position"] == "c"]
    assert [(row["pnl"], row["equity"], row["status"]) for row in rows] == [
        ("-0.25", "0.25", None),
        ("-0.5", "0", "liquidated"),
    ]
    assert rows[0]["maintenance_margin"] is rows[0]["margin_ratio"] is None
    assert rows[0]["reason"] == "mmr: no maintenance rate is known: give one as mmr, or a venue"


def test_what_should_be_known_of_the_position_is_said(run: Run) -> None:
    question = ("stress", "--venue", "binance", "-s", "long", "--usd", "1050", "--entry", "60000", "-l", "5")
    assert "1050 USD rounded down to 10 contracts (1000 USD)" in run(*question).stderr


def test_a_coin_that_is_not_named_stays_where_it_is(run: Run, book: str) -> None:
    found = {row["currency"]: row["move"] for row in asked(run, "-p", book, "--move", "BTC=-10%")}
    assert found == {"BTC": "-0.1", "ETH": "0"}


def test_the_named_days_can_be_listed_and_asked_for_by_their_names(run: Run) -> None:
    days = json.loads(run("stress", "--scenario", "list", "--json").stdout)
    crash = next(day for day in days if day["name"] == "2020-03-12")
    assert (crash["days"], crash["title_of_day"]) == ("2020-03-12 to 2020-03-13", "the March 2020 crash")
    assert "BTC -" in crash["moves"]
    assert crash["source"].startswith("composite daily prices")
    assert crash["moves"] in run("stress", "--scenario", "list").stdout
    table = run("stress", "--scenario", "list").stdout
    assert crash["moves"] in table
    assert crash["title_of_day"] in table
    for day in days:
        assert run("stress", *LONG, "--margin", "0.1", "--scenario", day["name"]).status == 0


def test_what_is_worth_nothing_is_liquidated_whatever_its_maintenance_rate(run: Run) -> None:
    held = '[[positions]]\nname = "a"\nside = "long"\ncontracts = 100\nentry = 100\nleverage = 2\nmark = 100\n'
    shown = run("stress", "-p", "-", "--moves", "-60%", stdin=held).stdout
    assert shown.startswith("liquidated by these moves\n")


def test_what_dies_without_a_price_to_die_at_is_counted(run: Run) -> None:
    held = '[[positions]]\nname = "a"\nside = "long"\ncontracts = 100\nentry = 100\nleverage = 2\nmark = 100\n'
    (row,) = json.loads(run("stress", "-p", "-", "--moves", "-60%", "--total", "--json", stdin=held).stdout)
    assert (row["liquidated"], row["first"]) == ("1", "a")


def test_of_a_single_move_a_chart_has_the_prices_around_it(run: Run) -> None:
    shown = run("stress", *LONG, "--margin", "0.1", "--moves", "-20%", "--chart").stdout
    labels = [float(label.replace(",", "")) for label in shown.splitlines()[-2].split()]
    # 10 % below and above 8,000, and a little more
    assert 7_000 < min(labels) < max(labels) < 9_000
