"""Columns of a table: the decimals that one needs, and the coin that goes with it."""

from decimal import Decimal

import pytest

from perpcalc.answer import Answer, Coin, Precision, kinds_of
from perpcalc.render.columns import Line, settled


class Amount(Answer):
    """An amount of coin."""

    coin: Coin | None


def lines(*amounts: str, places: int) -> list[Line]:
    """Rows of one amount each, at a venue that prints so many decimals."""
    made = [Amount(coin=Decimal(amount)) for amount in amounts]
    return [Line(one, one._asdict(), Precision("BTC", 1, places), kinds_of(Amount)) for one in made]


@pytest.mark.parametrize(
    ("amounts", "places", "shown"),
    [
        (["0.5", "1.25"], 16, ["0.50000000", "1.25000000"]),  # at least what all venues have
        (["0.5", "0.1234567891"], 16, ["0.5000000000", "0.1234567891"]),  # the longest of them
        (["0.12345678912345678912"], 16, ["0.1234567891234568"]),  # at most what the venue prints
        (["0.1234567891"], 8, ["0.12345679"]),
    ],
)
def test_a_column_has_the_decimals_that_its_amounts_need(amounts: list[str], places: int, shown: list[str]) -> None:
    assert [line.cell("coin").plain for line in settled(lines(*amounts, places=places), "coin")] == shown


def test_a_venue_with_more_decimals_lengthens_no_other_s() -> None:
    mixed = [*lines("0.1234567891", places=16), *lines("0.5", places=8)]
    assert [line.cell("coin").plain for line in settled(mixed, "coin")] == ["0.1234567891", "0.50000000"]
