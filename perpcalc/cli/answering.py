"""Lines of JSON answered: read as they arrive, each with its answer or its error in its place."""

from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder
from json.encoder import encode_basestring_ascii as quoted
from typing import BinaryIO, NamedTuple, NoReturn

from perpcalc.commands.command import Result
from perpcalc.commands.lines import Answered, Question, answered, bad_id, not_an_object, question_of
from perpcalc.errors import PerpcalcError, Words, worded
from perpcalc.render.json import compact

CHUNK = 1 << 16
LONGEST_LINE = 1 << 20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BLANKS = " \t\r\n"


class Block(NamedTuple):
    """The answers to some lines that came together."""

    text: str
    lines: int
    bad: int
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def blocks(stream: BinaryIO) -> Iterator[list[bytes | None]]:
    """The lines of a stream as they arrive, without their ends: none where only a part of one has come, and None in the
    place of one that is too long to be held.
    """
    rest: bytes | None = b""
    mark = BYTE_ORDER_MARK
    while chunk := stream.read1(CHUNK):  # type: ignore[attr-defined]
        first, *others = chunk.split(b"\n")
        rest = _bounded(rest, first)
        if not others:
            yield []
            continue
        yield [rest and rest.removeprefix(mark), *others[:-1]]
        rest, mark = _bounded(b"", others[-1]), b""
    if rest != b"":
        yield [rest and rest.removeprefix(mark)]


def _bounded(start: bytes | None, more: bytes) -> bytes | None:
    """A line and more of it; None where that is too long."""
    return None if start is None or len(start) + len(more) > LONGEST_LINE else start + more


def block_of(lines: list[bytes | None], first: int) -> Block:
    """The answers to lines of which the first has a number."""
    texts, bad, warnings, notes = [], 0, dict[Words, None](), dict[Words, None]()
    questions = [_question(line) for line in lines]  # all first: one thing done many times at a stretch is quicker
    for number, (given_id, question) in enumerate(questions, first):
        text, result = _answer(number, given_id, question)
        texts.append(text)
        if result is None:
            bad += 1
        elif result.warnings or result.notes:
            warnings.update(dict.fromkeys(result.warnings))
            notes.update(dict.fromkeys(result.notes))
    return Block("".join(texts), len(lines), bad, tuple(map(worded, warnings)), tuple(map(worded, notes)))


def _question(line: bytes | None) -> tuple[str | None, Question | PerpcalcError]:
    """The id of a line's question as it is handed back, and the question, or why there is none."""
    given_id: str | None = None
    try:
        written = _object(line)
        if "id" in written and line is not None:
            given_id = _id(line)
        return given_id, question_of(written)
    except PerpcalcError as error:
        return given_id, error


def _answer(number: int, given_id: str | None, question: Question | PerpcalcError) -> tuple[str, Result | None]:
    """The line that answers a question, and what it tells; None where that is an error."""
    try:
        if isinstance(question, PerpcalcError):
            raise question
        made = answered(question)
    except PerpcalcError as error:
        told = f'"line": {number}, "error": {quoted(error.line())}'
        return ("{" + told if given_id is None else f'{{"id": {given_id}, ' + told) + "}\n", None
    return printed(made, given_id) + "\n", made.result


def printed(made: Answered, given_id: str | None) -> str:
    """An answer on one line, its id first; rows are an array, with an id or a verdict an object that holds one."""
    result = made.result
    if result.one:
        text = compact(result.rows[0].answer)
        return text if given_id is None else f'{{"id": {given_id}, {text[1:]}'
    rows = "[" + ", ".join([compact(row.answer) for row in result.rows]) + "]"
    if made.command.judges:
        rows = f'"status": {result.status}, "rows": {rows}'
    elif given_id is None:
        return rows
    else:
        rows = f'"rows": {rows}'
    return f"{{{rows}}}" if given_id is None else f'{{"id": {given_id}, {rows}}}'


def _object(line: bytes | None) -> dict[str, object]:
    if line is None:
        raise PerpcalcError(f"the line is longer than {LONGEST_LINE >> 20} MiB", "ask one thing per line")
    try:
        text = line.decode()
        question, end = DECODER.raw_decode(text) if text.startswith("{") else (None, 0)
        if not end or text[end:].strip(BLANKS):
            question = DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise PerpcalcError(f"byte {error.start} is not UTF-8", "write the line in UTF-8") from None
    except RecursionError:
        raise PerpcalcError("the line is nested too deeply", "give one flat JSON object") from None
    except JSONDecodeError as error:
        if not line.strip():
            raise PerpcalcError("the line is blank", "give one JSON object per line") from None
        message = error.msg[:1].lower() + error.msg[1:]
        raise PerpcalcError(f"not JSON: {message} at column {error.colno}", "give one object per line") from None
    if not isinstance(question, dict):
        raise not_an_object()
    return question


class _NumberText(str):
    """A number as it stands in a line."""

    __slots__ = ()


def _id(line: bytes) -> str:
    """The id of a question as it is handed back: a text or a number."""
    value = ID_DECODER.decode(line.decode())["id"]
    if isinstance(value, _NumberText):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    raise bad_id()


def _no_constant(name: str) -> NoReturn:
    raise PerpcalcError(f"{name} is not a plain decimal number", "it must be finite")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The keys of an object; raises PerpcalcError where one is there twice."""
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise PerpcalcError("is given twice", "give it once").at(ascii(twice[:64]))
    return made


DECODER = JSONDecoder(parse_float=str, parse_int=str, parse_constant=_no_constant, object_pairs_hook=_unique)
ID_DECODER = JSONDecoder(parse_float=_NumberText, parse_int=_NumberText, parse_constant=_no_constant)
