"""The records of the commands: what a class says of its fields it says of fields that there are."""

import pytest

from perpcalc.answer import kinds_of
from perpcalc.commands.registry import command_named
from perpcalc.names import QUESTIONS

KINDS = {
    "price", "coin", "gain", "cost", "usd", "gain_usd", "cost_usd", "rate", "gain_rate", "times", "count", "number",
    "figure", "text", "status", "multiple",
}  # fmt: skip
every_command = pytest.mark.parametrize("name", QUESTIONS)


@every_command
def test_columns_sums_nevers_and_whys_name_fields(name: str) -> None:
    record = command_named(name).result
    for named in (record.columns, record.sums, record.never, record.whys):
        assert set(named) <= set(record._fields)
    assert len(set(record.columns)) == len(record.columns)
    assert len(set(record._fields)) == len(record._fields)


@every_command
def test_no_price_and_no_rate_is_added_up(name: str) -> None:
    record = command_named(name).result
    kinds = kinds_of(record)
    assert {kinds[field].name for field in kinds} <= KINDS
    assert not {kinds[field].name for field in record.sums} & {"price", "rate", "gain_rate", "times", "text", "status"}
