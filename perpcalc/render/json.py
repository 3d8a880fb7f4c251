"""Answers as JSON: one flat object or an array of them, numbers as strings, ASCII only."""

from collections.abc import Sequence
from decimal import Decimal
from json.encoder import encode_basestring_ascii as quoted

from perpcalc.answer import Answer, Value
from perpcalc.decimals import plain

WORDS = {None: "null", True: "true", False: "false"}


def as_json(answers: Sequence[Answer], one: bool) -> str:
    """The answers as text: a single one with a field per line, several with an answer per line."""
    if one:
        fields = (f'  "{name}": {_text(value)}' for name, value in answers[0]._asdict().items())
        return "{\n" + ",\n".join(fields) + "\n}\n"
    if not answers:
        return "[]\n"
    lines = [compact(answer) for answer in answers]
    lines[0] = "[\n" + lines[0]
    lines[-1] += "\n]\n"
    return ",\n".join(lines)


def compact(answer: Answer) -> str:
    """An answer on one line."""
    fields = [
        f'"{name}": null'
        if value is None
        else f'"{name}": "{plain(value)}"'
        if isinstance(value, Decimal)
        else f'"{name}": {quoted(value)}'
        if isinstance(value, str)
        else f'"{name}": {WORDS[value]}'
        for name, value in answer.__dict__.items()
    ]
    return "{" + ", ".join(fields) + "}"


def _text(value: Value) -> str:
    return f'"{plain(value)}"' if isinstance(value, Decimal) else _word(value)


def _word(value: str | bool | None) -> str:
    return quoted(value) if isinstance(value, str) else WORDS[value]
