"""`perpcalc liq-cost --book`: closing into an order book, against brute force over its levels."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from core import twin
from hypothesis import given, settings
from hypothesis import strategies as st
from inside import Run

import perpcalc
from perpcalc.decimals import plain

BOOKS = sorted((Path(__file__).parents[1] / "data/books").iterdir())
LONG = ("-s", "long", "-e", "60000", "-l", "10", "--mmr", "5%")
BOOK = {"bids": [[59_990, 100], [59_900, 400]], "asks": [[60_010, 120], [60_100, 300]]}


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """A book in the folder that is called from; its name."""

    def made(book: object, name: str = "book.json") -> str:
        (tmp_path / name).write_text(book if isinstance(book, str) else json.dumps(book))
        return name

    return made


def asked(run: Run, *arguments: str) -> Any:
    answer = run("liq-cost", *arguments, "--json")
    assert answer.status == 0, answer.stderr
    return json.loads(answer.stdout)


def lost(
    levels: list[list[int]], contracts: int, mid: Fraction | int, share: Fraction = Fraction(1)
) -> Fraction | None:
    """The share of the coin value at the mid that is lost, contract by contract; None where the levels do not hold them."""
    rest, value = Fraction(contracts), Fraction(0)
    for price, amount in levels:
        taken = min(rest, amount * share)
        rest, value = rest - taken, value + taken / price
    return None if rest else abs(mid * value / contracts - 1)


def test_the_slippage_is_the_coin_lost_against_the_mid(run: Run, write: Any) -> None:
    slippage = lost(BOOK["bids"], 300, 60_000)
    assert slippage is not None
    row = asked(run, *LONG, "-n", "300", "--book", write(BOOK))
    assert row["slippage_cost"] == twin.printed(slippage * 300 / Fraction(row["liquidation_price"]))
    given_as_rate = asked(run, *LONG, "-n", "300", "--slippage", twin.printed(slippage) or "")
    assert row["total_cost"][:12] == given_as_rate["total_cost"][:12]


def test_what_the_book_cannot_fill_is_said_and_not_guessed(run: Run, write: Any) -> None:
    row = asked(run, *LONG, "-n", "700", "--book", write(BOOK))
    assert row["slippage_cost"] is row["total_cost"] is row["total_cost_usd"] is None
    assert row["liquidation_price"] is not None
    assert row["reason"] == "the book is too thin: 200 contracts stay unfilled, what they cost is not known"


def test_a_share_of_each_level_counts(run: Run, write: Any) -> None:
    book = write(BOOK)
    slippage = lost(BOOK["bids"], 100, 60_000, Fraction(1, 2))
    assert slippage is not None
    row = asked(run, *LONG, "-n", "100", "--book", book, "--depth-factor", "50%")
    assert row["slippage_cost"] == twin.printed(slippage * 100 / Fraction(row["liquidation_price"]))
    assert (
        "150 contracts stay unfilled"
        in asked(run, *LONG, "-n", "400", "--book", book, "--depth-factor", "50%")["reason"]
    )


LEVELS = st.lists(st.tuples(st.integers(1, 900), st.integers(1, 500)), min_size=1, max_size=8)


@settings(max_examples=60)
@given(LEVELS, LEVELS, st.sampled_from([1, -1]), st.integers(1, 2_000))
def test_any_book_costs_what_its_levels_say(
    tmp_path_factory: pytest.TempPathFactory,
    below: list[tuple[int, int]],
    above: list[tuple[int, int]],
    side: int,
    contracts: int,
) -> None:
    bids = sorted(([60_000 - apart, amount] for apart, amount in below), reverse=True)
    asks = sorted([60_000 + apart, amount] for apart, amount in above)
    file = tmp_path_factory.getbasetemp() / "random-book.json"
    file.write_text(json.dumps({"bids": bids, "asks": asks}))
    made = perpcalc.liq_cost(
        side="long" if side > 0 else "short", contracts=contracts, entry=60_000, leverage=2, mmr="20%", book=str(file)
    )
    levels = bids if side > 0 else asks
    slippage = lost(levels, contracts, Fraction(bids[0][0] + asks[0][0], 2))
    if slippage is None:
        unfilled = contracts - sum(amount for _, amount in levels)
        assert made.slippage_cost is None
        assert f"{unfilled} contracts stay unfilled" in str(made.reason)
    else:
        value = contracts / Fraction(made.liquidation_price)
        assert plain(made.slippage_cost) == twin.printed(slippage * value)


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_the_books_of_each_venue_close_a_small_position(run: Run, path: Path) -> None:
    row = asked(run, *LONG, "-n", "10", "--book", str(path), "-q")
    assert row["reason"] is None
    assert Fraction(row["slippage_cost"]) > 0


def test_what_ccxts_amounts_are_is_said(run: Run) -> None:
    answer = run("liq-cost", *LONG, "-n", "10", "--book", str(next(path for path in BOOKS if path.stem == "ccxt")))
    assert "ccxt.json: amounts are taken as contracts" in answer.stderr


def test_a_book_names_its_contract_as_the_venue_does(run: Run, write: Any) -> None:
    named = write({**BOOK, "symbol": "BTC_USDC-PERPETUAL"})
    answer = run("liq-cost", "-v", "deribit", *LONG, "-n", "10", "--book", named, "-q")
    assert (answer.status, answer.stdout) == (2, "")
    assert "book.json: is of BTC_USDC-PERPETUAL, which is linear" in answer.stderr


@pytest.mark.parametrize(
    ("book", "said"),
    [
        ("", "book.json: is empty"),
        ("<html></html>", "book.json: is a web page"),
        ('{"bids": [[1, 2]', "book.json: not JSON: it breaks off"),
        ([], "book.json: is no order book of a known form: known are Binance (depth)"),
        ({"bids": [[5, "NaN"]], "asks": [[6, 1]]}, "book.json: bids, level 1: amount 'NaN' is not a number"),
        ({"bids": [[7, 1]], "asks": [[6, 1]]}, "book.json: the best bid 7 is not below the best ask 6"),
        ({"bids": [], "asks": [[6, 1]]}, "the order book has no bids"),
        ({"bids": [[5, -1]], "asks": [[6, 1]]}, "book.json: bids, level 1: has no price and amount"),
        ({**BOOK, "symbol": "ETH/USD:ETH"}, "book.json: is of ETH/USD:ETH, not of BTC"),
        ({**BOOK, "symbol": "BTC/USDT:USDT"}, "book.json: is of BTC/USDT:USDT, which is linear"),
        ({**BOOK, "symbol": "\x1b[31mETH"}, "book.json: is of \\x1b[31mETH, not of BTC"),
    ],
)
def test_a_book_that_is_wrong_is_refused_in_one_line(run: Run, write: Any, book: object, said: str) -> None:
    answer = run("liq-cost", *LONG, "-n", "10", "--book", write(book), "-q")
    assert (answer.status, answer.stdout) == (2, "")
    (line,) = answer.stderr.splitlines()
    assert said in line


def test_a_book_excludes_a_slippage_and_a_depth_needs_a_book(run: Run, write: Any) -> None:
    book = write(BOOK)
    assert (
        "--book: excludes --slippage" in run("liq-cost", *LONG, "-n", "10", "--book", book, "--slippage", "1%").stderr
    )
    assert "--depth-factor: needs --book" in run("liq-cost", *LONG, "-n", "10", "--depth-factor", "20%").stderr
