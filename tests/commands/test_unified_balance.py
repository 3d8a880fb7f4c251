"""A balance at a venue where every account is unified: what the answer takes it for."""

import pytest
from inside import Run

LONG = ("liq-price", *"--side long -n 10000 --entry 62500 --field liquidation_price".split())
NOTE = (
    "perpcalc: note: bybit: the balance is taken as a unified account that holds this coin alone, "
    "every account there is unified since 2024-12-16\n"
)
BOOK = """[[accounts]]
name = "main"
venue = "bybit"
currency = "BTC"
balance = 0.1

[[positions]]
account = "main"
side = "long"
contracts = 10_000
entry = 62_500
"""


def test_a_balance_at_bybit_is_said_to_be_of_a_unified_account(run: Run) -> None:
    assert run(*LONG, "--venue", "bybit", "--balance", "0.1").stderr == NOTE


def test_who_wants_no_notes_gets_none(run: Run) -> None:
    assert run(*LONG, "--venue", "bybit", "--balance", "0.1", "--quiet").stderr == ""


@pytest.mark.parametrize(
    "options",
    [
        ("--venue", "bybit", "--leverage", "10"),
        ("--venue", "bybit@2024-06-01", "--balance", "0.1"),
        ("--venue", "binance", "--balance", "0.1"),
        ("--mmr", "1%", "--balance", "0.1"),
    ],
)
def test_a_margin_another_day_and_another_venue_say_nothing_of_it(options: tuple[str, ...], run: Run) -> None:
    answer = run(*LONG, *options)
    assert answer.status == 0
    assert "unified" not in answer.stderr


def test_an_account_of_a_file_is_what_the_file_says(run: Run, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("book") / "book.toml"
    path.write_text(BOOK, encoding="utf-8")
    assert "unified" not in run("liq-price", "-p", str(path), "--field", "liquidation_price").stderr
