"""Cells of CSV: no text that a spreadsheet would run, and no number that it would not read as one."""

from decimal import Decimal

import pytest

from perpcalc.render.csv import cell


@pytest.mark.parametrize("text", ["=1+1", "+p3", "-p3", "-2 - 3", "@sum", "-", "-1%%", "-1/2", "-nan"])
def test_a_text_that_starts_like_a_formula_is_quoted(text: str) -> None:
    assert cell(text) == "'" + text


@pytest.mark.parametrize("text", ["-0.025%", "-3", "+0.5", "-.5%", "0.02%", "p-3", "core long", ""])
def test_plain_numbers_and_rates_and_other_texts_are_not(text: str) -> None:
    assert cell(text) == text


def test_values_that_are_no_texts_are_not() -> None:
    assert [cell(value) for value in (Decimal("-1"), None, True)] == ["-1", "", "true"]
