"""JSON Schema (2020-12) of questions and answers, from the same options and records that the commands are made of."""

from collections.abc import Collection
from decimal import Decimal
from typing import get_args, get_type_hints

from perpcalc import decimals, grammar
from perpcalc.answer import Answer
from perpcalc.commands.command import ROWS, SINGLE, Command
from perpcalc.commands.lines import NO_KEYS
from perpcalc.given import Needed, Option

DRAFT = "https://json-schema.org/draft/2020-12/schema"
DECIMAL = r"^-?\d+(\.\d{1,18})?$"
NUMBERS = (
    decimals.number,
    decimals.positive,
    decimals.amount,
    decimals.positive_amount,
    decimals.amount_from_zero,
    decimals.rate,
    decimals.rate_from_zero,
    decimals.charge,
    decimals.charge_from_zero,
    decimals.leverage,
    decimals.count,
    grammar.fee,
    grammar.move,
    grammar.multiple,
)

Schema = dict[str, object]
ID: Schema = {"type": ["string", "number"], "description": "Handed back first."}
ERROR: Schema = {
    "type": "object",
    "properties": {"id": ID, "line": {"type": "integer", "minimum": 1}, "error": {"type": "string"}},
    "required": ["error"],
    "additionalProperties": False,
}
"""What a line is answered that cannot be; from Python without its number."""


def schema_of(command: Command, name: str) -> Schema:
    """What a line may ask of a command, and what it is answered; `name` is what the line calls it."""
    return {
        "$schema": DRAFT,
        "title": f"perpcalc {name}",
        "description": command.help,
        "anyOf": [{"$ref": f"#/$defs/{part}"} for part in ("question", "answer", "error")],
        "$defs": {
            "question": _question(command, name),
            "answer": _answer(command),
            "error": ERROR,
            "row": record(command.result),
            **({} if command.totals is None else {"sums": record(command.totals)}),
        },
    }


def _question(command: Command, name: str) -> Schema:
    options = [option for option in command.options if option.name not in NO_KEYS]
    properties: Schema = {
        "command": {"const": name},
        "id": ID,
    }
    properties.update({option.name: _option(option) for option in options})
    return {
        "type": "object",
        "properties": properties,
        "required": ["command", *required(command)],
        "additionalProperties": False,
    }


def required(command: Command, without: Collection[str] = ()) -> list[str]:
    """The options without which there is no answer, whatever else is given but those named in `without`."""
    needed = [rule for rule in command.rules if isinstance(rule, Needed) and len(rule.options) == 1 and not rule.when]
    return [rule.options[0].name for rule in needed if all(one.name in without for one in rule.unless)]


def _option(option: Option[object]) -> Schema:
    described = {"description": option.help}
    if option.flag:
        return {"type": "boolean", **described}
    one: Schema = {"type": ["string", "number"] if option.read in NUMBERS else "string"}
    if option.choices:
        one = {"type": "string", "enum": list(option.choices)}
    if option.read is grammar.fill:
        number = {"type": ["string", "number"]}
        table = {
            "type": "object",
            "properties": {"contracts": number, "price": number},
            "required": ["contracts", "price"],
            "additionalProperties": False,
        }
        pair = {"type": "array", "items": number, "minItems": 2, "maxItems": 2}
        one = {"anyOf": [{"type": "string"}, table, pair]}
    return {"type": "array", "items": one, **described} if option.many else {**one, **described}


def _answer(command: Command) -> Schema:
    """A record, rows, or an object that holds rows where there is an id or a verdict."""
    one: Schema = {"$ref": "#/$defs/row"}
    items = one if command.totals is None else {"anyOf": [one, {"$ref": "#/$defs/sums"}]}
    rows: Schema = {"type": "array", "items": items}
    if command.judges:
        return _holding({"status": {"enum": [0, 1, 2]}, "rows": rows}, ["status", "rows"])
    several = [rows, _holding({"rows": rows}, ["id", "rows"])]
    return one if command.shape == SINGLE else {"anyOf": several if command.shape == ROWS else [one, *several]}


def _holding(properties: Schema, required: list[str]) -> Schema:
    return {
        "type": "object",
        "properties": {"id": ID, **properties},
        "required": required,
        "additionalProperties": False,
    }


def record(answer: type[Answer]) -> Schema:
    """One answer: every field is there, and null where there is no value."""
    hints = get_type_hints(answer)
    return {
        "type": "object",
        "properties": {"id": ID, **{name: _field(hints[name]) for name in answer._fields}},
        "required": list(answer._fields),
        "additionalProperties": False,
    }


def _field(hint: object) -> Schema:
    parts = get_args(hint) or (hint,)
    made: list[Schema] = []
    for part in parts:
        if part is Decimal:
            made.append({"type": "string", "pattern": DECIMAL})
        elif part is bool:
            made.append({"type": "boolean"})
        elif part is str:
            made.append({"type": "string"})
        else:
            made.append({"type": "null"})
    return made[0] if len(made) == 1 else {"anyOf": made}
