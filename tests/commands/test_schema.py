"""`perpcalc schema`: real questions and their answers, through `batch`, are what the schemas say; others are not."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from inside import Run

from perpcalc.commands.lines import NO_KEYS
from perpcalc.commands.registry import command_named
from perpcalc.commands.schema import DECIMAL, schema_of
from perpcalc.names import QUESTIONS

from .accounts import UNKNOWNS
from .questions import OF_A_BOOK, POSITIONS, Question, book, candles, trades

jsonschema = pytest.importorskip("jsonschema", reason="a test dependency, in the extra `test`")

SEEDS = 8
NAMED = [7, 0.5, "a", ""]


@cache
def schema(name: str) -> Mapping[str, Any]:
    return schema_of(command_named(name), name)


@cache
def judge(name: str, part: str) -> Any:
    """What says whether something is a question to the command, or an answer of it."""
    return jsonschema.Draft202012Validator({**schema(name), "anyOf": [{"$ref": f"#/$defs/{part}"}]})


def answers(run: Run, questions: list[dict[str, Any]]) -> list[Any]:
    """What `batch` answers."""
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    return [json.loads(line) for line in run("batch", "--errors-ok", stdin=lines).stdout.splitlines()]


def fits(command: str, question: dict[str, Any], answer: Any) -> bool:
    """Whether an answer is none of an error; raises ValidationError where it or the question is not as the schema says."""
    judge(command, "question").validate(question)
    told = not (isinstance(answer, dict) and "error" in answer)
    judge(command, "answer" if told else "error").validate(answer)
    return told


@pytest.mark.parametrize("command", QUESTIONS)
def test_is_one_that_a_validator_takes(command: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(command))
    options = {option.name for option in command_named(command).options} - NO_KEYS
    assert schema(command)["$defs"]["question"]["properties"].keys() == {"command", "id", *options}


@pytest.mark.parametrize("command", POSITIONS)
def test_questions_of_a_position_and_their_answers_are_as_it_says(run: Run, tmp_path: Path, command: str) -> None:
    told = 0
    for seed in range(SEEDS):
        ask = Question(("schema", command, seed))
        question = {"command": command, **POSITIONS[command](ask)}
        (tmp_path / "marks.csv").write_text(candles(ask))
        (tmp_path / "trades.csv").write_text(trades(ask))
        asked = [question, {"id": NAMED[seed % len(NAMED)], **question}]
        told += sum(map(fits, [command] * 2, asked, answers(run, asked)))
    assert told >= SEEDS / 2


@pytest.mark.parametrize("command", OF_A_BOOK)
def test_so_are_those_of_a_portfolio_and_its_sums(run: Run, tmp_path: Path, command: str) -> None:
    sums = {"total": True} if "total" in {option.name for option in command_named(command).options} else {}
    for seed in range(SEEDS // 2):
        (tmp_path / "book.toml").write_text(book(("schema", command, seed)))
        question = {"command": command, "portfolio": "book.toml", **OF_A_BOOK[command]}
        asked = [question, {**question, "id": "a"}, {**question, **sums}, {"id": 1, **question, **sums}]
        assert all(map(fits, [command] * 4, asked, answers(run, asked)))


@pytest.mark.parametrize("command", OF_A_BOOK)
def test_what_is_not_known_is_null_only_where_it_says_so(run: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "book.toml").write_text(UNKNOWNS)
    question = {"command": command, "portfolio": "book.toml", **OF_A_BOOK[command]}
    sums = {"total": True} if "total" in {option.name for option in command_named(command).options} else {}
    asked = [question, {**question, **sums}]
    assert all(map(fits, [command] * 2, asked, answers(run, asked)))


REQUIRED = {
    "size": ["entry"],
    "solve leverage": ["liquidation"],
    "solve contracts": ["liquidation"],
    "solve add": ["at"],
    "plan": ["side", "order"],
    "power": ["power", "index"],
    "status": ["portfolio"],
    "replay": ["marks"],
    "fills": ["file"],
}


@pytest.mark.parametrize("command", QUESTIONS)
def test_what_a_question_needs_whatever_else_is_given_is_required(command: str) -> None:
    assert schema(command)["$defs"]["question"]["required"] == ["command", *REQUIRED.get(command, [])]


def test_the_fields_of_an_answer_have_the_types_of_json() -> None:
    fields = schema("pnl")["$defs"]["row"]["properties"]
    null = {"type": "null"}
    assert fields["side"] == {"anyOf": [{"type": "string"}, null]}
    assert fields["liquidated"] == {"anyOf": [{"type": "boolean"}, null]}
    assert fields["net_pnl"] == {"anyOf": [{"type": "string", "pattern": DECIMAL}, null]}
    assert schema("fills")["$defs"]["row"]["properties"]["trades"] == {"type": "string", "pattern": DECIMAL}


def parts(node: Any) -> set[str]:
    """The definitions that a schema refers to."""
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    own = {node["$ref"].removeprefix("#/$defs/")} if isinstance(node, dict) and "$ref" in node else set()
    return own.union(*map(parts, inner))


@pytest.mark.parametrize("command", QUESTIONS)
def test_every_part_is_referred_to_and_every_reference_has_its_part(command: str) -> None:
    assert parts(schema(command)) == set(schema(command)["$defs"])


def test_an_answer_is_a_record_or_rows_as_the_command_answers() -> None:
    row, ids = {"$ref": "#/$defs/row"}, {"type": ["string", "number"], "description": "Handed back first."}
    rows = {"type": "array", "items": row}

    def holding(**more: Any) -> dict[str, Any]:
        required = [*more] if "status" in more else ["id", *more]
        return {
            "type": "object",
            "properties": {"id": ids, **more},
            "required": required,
            "additionalProperties": False,
        }

    assert schema("size")["$defs"]["answer"] == row
    assert schema("pnl")["$defs"]["answer"] == {"anyOf": [row, rows, holding(rows=rows)]}
    assert schema("fills")["$defs"]["answer"] == {"anyOf": [rows, holding(rows=rows)]}
    assert schema("check")["$defs"]["answer"] == holding(status={"enum": [0, 1, 2]}, rows=rows)


def test_a_fill_is_a_text_a_table_or_a_pair() -> None:
    number = {"type": ["string", "number"]}
    table = {"contracts": number, "price": number}
    assert schema("pnl")["$defs"]["question"]["properties"]["fill"]["items"]["anyOf"] == [
        {"type": "string"},
        {"type": "object", "properties": table, "required": [*table], "additionalProperties": False},
        {"type": "array", "items": number, "minItems": 2, "maxItems": 2},
    ]


@pytest.mark.parametrize("command", QUESTIONS)
def test_an_error_is_an_answer_too(run: Run, command: str) -> None:
    for asked in ({"command": command, "nothing": 1}, {"id": "a", "command": command, "nothing": 1}):
        (answer,) = answers(run, [asked])
        assert answer["error"].startswith("'nothing': unknown key")
        judge(command, "error").validate(answer)
        assert not judge(command, "answer").is_valid(answer)
        assert not judge(command, "question").is_valid(asked)


@pytest.mark.parametrize(
    "wrong",
    [
        {"command": "liq-price"},
        {"command": "pnl", "side": "up"},
        {"command": "pnl", "contracts": True},
        {"command": "pnl", "venue": 5},
        {"command": "pnl", "contracts": [1]},
        {"command": "pnl", "fill": "300@61000"},
        {"command": "pnl", "fill": [{"contracts": 1}]},
        {"command": "pnl", "exact": "yes"},
        {"command": "pnl", "json": True},
        {"side": "long"},
        {},
        [],
    ],
)
def test_what_is_no_question_is_none(wrong: Any) -> None:
    assert not judge("pnl", "question").is_valid(wrong)


@pytest.mark.parametrize(
    "change", [{"net_pnl": 1.5}, {"net_pnl": "1e-8"}, {"net_pnl": "abc"}, {"more": "x"}, {"id": None}]
)
def test_what_is_no_answer_is_none(run: Run, change: dict[str, Any]) -> None:
    question = {"command": "pnl", "side": "long", "contracts": 5, "entry": 62500, "exit": 64000}
    (answer,) = answers(run, [question])
    assert judge("pnl", "answer").is_valid(answer)
    assert not judge("pnl", "answer").is_valid({**answer, **change})
    assert not judge("pnl", "answer").is_valid({name: value for name, value in answer.items() if name != "net_pnl"})


class TestTheCommand:
    def test_prints_that_of_one(self, run: Run) -> None:
        answer = run("schema", "solve", "margin")
        assert (json.loads(answer.stdout), answer.stderr, answer.status) == (schema("solve margin"), "", 0)

    def test_or_those_of_all(self, run: Run) -> None:
        printed = json.loads(run("schema").stdout)
        assert list(printed) == list(QUESTIONS)
        assert printed["pnl"] == schema("pnl")

    @pytest.mark.parametrize("words", [("nothing",), ("solve",), ("venues", "list"), ("pnl", "pnl")])
    def test_of_anything_else_there_is_none(self, run: Run, words: tuple[str, ...]) -> None:
        answer = run("schema", *words)
        assert (answer.stdout, answer.status) == ("", 2)
        assert "is not a command for a line: give " in answer.stderr


@pytest.mark.parametrize("missing", ["status", "rows"])
def test_an_answer_that_judges_holds_its_verdict_and_its_rows(run: Run, missing: str) -> None:
    question = {"command": "check", "side": "long", "contracts": 5, "entry": 62500, "leverage": 2, "max_leverage": 3}
    (answer,) = answers(run, [question])
    assert judge("check", "answer").is_valid(answer)
    assert not judge("check", "answer").is_valid({name: value for name, value in answer.items() if name != missing})


def test_it_is_called_by_its_command() -> None:
    assert schema("solve margin")["title"] == "perpcalc solve margin"
