"""Answers as JSON: one flat object or an array of them, numbers as strings, ASCII only."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from json.encoder import encode_basestring_ascii as quoted

from perpcalc.answer import Answer, Value
from perpcalc.decimals import plain

AT_ONCE = 100
"""How many answers are a piece: few enough that the memory of one serves the next."""
WORDS = {None: "null", True: "true", False: "false"}


def as_json(answers: Iterable[Answer], one: bool) -> Iterator[str]:
    """The answers as pieces of text: a single one with a field per line, several with an answer per line."""
    rest = iter(answers)
    if one:
        fields = (f'  "{name}": {_text(value)}' for name, value in next(rest)._asdict().items())
        yield "{\n" + ",\n".join(fields) + "\n}\n"
        return
    before, after = "[\n", "[]\n"
    while some := [compact(answer) for answer in islice(rest, AT_ONCE)]:
        yield before + ",\n".join(some)
        before, after = ",\n", "\n]\n"
    yield after


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
