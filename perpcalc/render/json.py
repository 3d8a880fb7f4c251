"""Answers as JSON: one flat object or an array of them, numbers as strings, ASCII only."""

from collections.abc import Sequence
from json.encoder import JSONEncoder

from perpcalc.answer import Answer
from perpcalc.decimals import plain

ENCODER = JSONEncoder(default=plain, check_circular=False)


def as_json(answers: Sequence[Answer], one: bool) -> str:
    """The answers as text: a single one with a field per line, several with an answer per line."""
    if one:
        fields = (f'  "{name}": {ENCODER.encode(value)}' for name, value in answers[0]._asdict().items())
        return "{\n" + ",\n".join(fields) + "\n}\n"
    if not answers:
        return "[]\n"
    return "[\n" + ",\n".join(ENCODER.encode(answer.__dict__) for answer in answers) + "\n]\n"


def compact(answers: Sequence[Answer], one: bool) -> str:
    """The answers on one line."""
    return ENCODER.encode(answers[0].__dict__ if one else [answer.__dict__ for answer in answers])
