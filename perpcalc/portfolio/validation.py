"""The shape of a portfolio file as a schema of pydantic's core, which collects all that does not fit.

pydantic itself would cost a short call more than all the rest; its core is imported for a file with a fault.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from pydantic_core import SchemaValidator, ValidationError, core_schema

from perpcalc.errors import PerpcalcError
from perpcalc.portfolio.schema import COIN, FILE, ByCoin, Entries, Shape, Table


def validated(tables: Any) -> tuple[dict[str, Any], list[Any]]:
    """The values of a file, and what does not fit as pydantic describes it: its `type`, `loc`, `input` and `ctx`."""
    try:
        return _validator().validate_python(tables), []
    except ValidationError as error:
        return {}, list(error.errors(include_url=False))


@cache
def _validator() -> SchemaValidator:
    return SchemaValidator(_schema(FILE))


def _schema(shape: Shape) -> core_schema.CoreSchema:
    if isinstance(shape, Table):
        fields = {
            key: core_schema.typed_dict_field(_schema(inner), required=key in shape.required)
            for key, inner in shape.keys.items()
        }
        table = core_schema.typed_dict_schema(fields, extra_behavior="forbid")
        return core_schema.no_info_after_validator_function(shape.becomes, table)
    if isinstance(shape, Entries):
        return core_schema.list_schema(_schema(shape.each), strict=True)
    if isinstance(shape, ByCoin):
        keys, values = map(core_schema.no_info_plain_validator_function, (COIN, shape.read))
        return core_schema.no_info_wrap_validator_function(_once(shape.what), core_schema.dict_schema(keys, values))
    return core_schema.no_info_plain_validator_function(shape)


def _once(what: str) -> Callable[[Any, Callable[[Any], dict[str, Any]]], dict[str, Any]]:
    """That no coin is named twice."""

    def once(raw: Any, inner: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        values = inner(raw)
        if len(values) < len(raw):
            raise PerpcalcError(f"a coin has two {what}, in letters of different case", "leave one out")
        return values

    return once
