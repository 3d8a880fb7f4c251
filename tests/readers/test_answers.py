"""The JSON of venues: numbers as text, fields that are wrong, and answers that are none."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.errors import PerpcalcError
from perpcalc.files import Source
from perpcalc.readers.answers import ANSWER, check_refusal, choice, document, number, one_line, positive, text, yes


def read(raw: bytes) -> Any:
    return document(Source(raw, "dump.json"))


def error(call: Any, *arguments: Any) -> str:
    with pytest.raises(PerpcalcError) as caught:
        call(*arguments)
    return str(caught.value)


class TestDocuments:
    def test_every_number_stays_the_text_that_it_was(self) -> None:
        raw = b'{"a": 0.10, "b": 1e-05, "c": 123456789012345678901234567890, "d": NaN, "e": true, "f": null}'
        assert read(raw) == {
            "a": "0.10",
            "b": "1e-05",
            "c": "123456789012345678901234567890",
            "d": "NaN",
            "e": True,
            "f": None,
        }

    def test_a_mark_of_byte_order_is_nothing(self) -> None:
        assert read(b"\xef\xbb\xbf[]") == []

    @pytest.mark.parametrize(
        ("raw", "message"),
        [
            (b"", f"dump.json: is empty: {ANSWER}"),
            (b" \n", f"dump.json: is empty: {ANSWER}"),
            (
                b"<html><head><title>\n502 Bad Gateway </title>",
                "dump.json: is a web page, '502 Bad Gateway', not JSON: ask the venue again",
            ),
            (b"<!DOCTYPE html><body>", "dump.json: is a web page, not JSON: ask the venue again"),
            (
                b'[{"symbol": "BTC',
                "dump.json: not JSON: it breaks off (at line 1, column 13): save the whole answer",
            ),
            (b'[{"a": 1},', "dump.json: not JSON: it breaks off (at line 1, column 11): save the whole answer"),
            (
                b"[]\n[]",
                "dump.json: holds more than one JSON document, the second from line 2, column 1: give one answer at a time",
            ),
            (
                b'{"a": 1}\n{"a": 2}\n',
                "dump.json: holds more than one JSON document, the second from line 2, column 1: give one answer at a time",
            ),
            (
                b"symbol,side\nBTC,long\n",
                f"dump.json: not JSON: expecting value (at line 1, column 1): {ANSWER}",
            ),
            ("[]".encode("utf-16"), "dump.json: byte 0 is not UTF-8: save the file as UTF-8"),
            (b'["\xe9"]', "dump.json: byte 2 is not UTF-8: save the file as UTF-8"),
            (b"\x1f\x8b\x08", "dump.json: byte 1 is not UTF-8: save the file as UTF-8"),
            (b"[" * 100_000, f"dump.json: is nested too deeply: {ANSWER}"),
            (b'{"a":' * 100_000, f"dump.json: is nested too deeply: {ANSWER}"),
        ],
    )
    def test_what_is_none_has_one_line(self, raw: bytes, message: str) -> None:
        assert error(read, raw) == message

    @given(st.binary(max_size=40))
    def test_no_bytes_break_it(self, raw: bytes) -> None:
        try:
            read(raw)
        except PerpcalcError as caught:
            assert str(caught).isprintable()  # noqa: PT017


class TestRefusals:
    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            ('{"retCode": 10003, "retMsg": "API key is invalid.", "result": {}}', "API key is invalid. (code 10003)"),
            ('{"code": "50111", "msg": "Invalid OK-ACCESS-KEY", "data": []}', "Invalid OK-ACCESS-KEY (code 50111)"),
            ('{"code": "400003", "msg": "KC-API-KEY not exists"}', "KC-API-KEY not exists (code 400003)"),
            ('{"code": -2015, "msg": "Invalid API-key, IP, or permissions."}', "Invalid API-key, IP, or permissions. (code -2015)"),
            ('{"code": 401, "msg": "401 Unauthorized"}', "401 Unauthorized (code 401)"),
            ('{"jsonrpc": "2.0", "error": {"message": "unauthorized", "code": 13009}}', "unauthorized (code 13009)"),
            ('{"error": {"message": "Signature not valid.", "name": "HTTPError"}}', "Signature not valid. (code HTTPError)"),
            ('{"result": "error", "error": "authenticationError", "serverTime": "x"}', "authenticationError"),
            ('{"error": "not_found"}', "not_found"),
            ('{"result": "error", "message": "no such market"}', "no such market"),
            ('{"label": "INVALID_KEY", "message": "Invalid key provided"}', "Invalid key provided (code INVALID_KEY)"),
            ('{"status": "error", "err_code": 1030, "err_msg": "Abnormal service"}', "Abnormal service (code 1030)"),
            ('{"success": false, "code": 602, "message": "Signature verification failed!"}', "Signature verification failed! (code 602)"),
        ],
    )  # fmt: skip
    def test_a_refusal_says_the_venue_s_own_message_and_code(self, answer: str, message: str) -> None:
        assert (
            error(check_refusal, read(answer.encode()))
            == f"the venue refused: {message}: see what its API says of this"
        )

    @pytest.mark.parametrize("message", ["", None, {"a": 1}, "x\u202ey\x1b[31m\n" * 90])
    def test_whatever_the_message_is_it_is_one_line(self, message: object) -> None:
        line = error(check_refusal, {"retCode": "1", "retMsg": message})
        assert line.startswith("the venue refused")
        assert line.isprintable()
        assert len(line) < 260

    @pytest.mark.parametrize(
        "answer",
        [
            [],
            {},
            5,
            {"retCode": "0", "retMsg": "OK"},
            {"code": "0"},
            {"code": "200000"},
            {"error": None},
            {"error": ""},
            {"label": "x", "result": []},
        ],
    )
    def test_an_answer_is_none(self, answer: object) -> None:
        check_refusal(answer)


class TestNumbers:
    @pytest.mark.parametrize(
        ("written", "value"),
        [
            ("8.5e-05", "0.000085"),
            ("1.5E+1", "15"),
            ("0E-8", "0"),
            ("-0.5", "-0.5"),
            ("+5", "5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e-30", "0"),
            ("0.00008500000000000000001", "0.000085"),
            ("4187.0600000000004001776687800884246826171875", "4187.060000000000400178"),
            ("999999999999999.999999999999999999", "999999999999999.999999999999999999"),
        ],
    )
    def test_as_programs_write_them(self, written: str, value: str) -> None:
        assert number({"a": written}, "a") == Decimal(value)

    @pytest.mark.parametrize(
        "written",
        ["1e999999999", "1e9999999999999999999", "1e16", "1000000000000000", "-1e15", "NaN", "Infinity", "many", "0x10",
         "1_000", "1,000", " 5", "5 ", "1e", "e5", "--5", "٣", "1e5.5", ".", "9" * 400],
    )  # fmt: skip
    def test_what_is_no_number_is_one_error(self, written: str) -> None:
        line = error(number, {"size": written}, "size")
        assert line.startswith("size '")
        assert line.endswith("is not a number of at most 15 digits: correct the file")
        assert len(line) < 120

    @pytest.mark.parametrize(
        ("value", "kind"), [(True, "true or false"), ([], "a list"), ({}, "an object"), (["5"], "a list")]
    )
    def test_another_kind_of_value_is_named(self, value: object, kind: str) -> None:
        assert error(number, {"size": value}, "size") == (
            f"size of {kind} is not a number of at most 15 digits: correct the file"
        )

    def test_the_first_key_that_is_there_counts(self) -> None:
        assert number({"a": None, "b": "", "c": "3", "d": "4"}, "a", "b", "c", "d") == 3
        assert number({}, "a") is None

    def test_a_price_of_zero_is_none_and_a_negative_one_an_error(self) -> None:
        assert positive({"price": "0.00"}, "price") is None
        assert error(positive, {"price": "", "last": "-1"}, "price", "last") == "last is negative: correct the file"

    @given(st.text(max_size=12))
    def test_the_digits_printed_are_kept(self, written: str) -> None:
        try:
            value = number({"a": written}, "a")
        except PerpcalcError as caught:
            assert str(caught).isprintable()  # noqa: PT017
        else:
            assert value is None or value == Decimal(written)


class TestWords:
    def test_an_unknown_one_is_named_with_the_known(self) -> None:
        assert error(choice, {"side": "Both"}, "side", {"buy": 1, "sell": 2}) == (
            "side 'Both' is not known: it may be buy, sell"
        )

    def test_another_kind_of_value(self) -> None:
        assert error(text, {"side": ["long"]}, "side") == "side is a list, not a text: correct the file"

    @pytest.mark.parametrize(
        ("value", "meaning"), [(True, True), ("true", True), ("False", False), ("0", False), (None, None), ("", None)]
    )
    def test_yes_and_no(self, value: object, meaning: bool | None) -> None:
        assert yes({"isolated": value}, "isolated") is meaning

    def test_what_is_neither(self) -> None:
        assert error(yes, {"isolated": "maybe"}, "isolated") == (
            "isolated 'maybe' is not known: it may be true, false, 1, 0"
        )

    @given(st.text())
    def test_a_text_of_others_is_one_printable_line(self, words: str) -> None:
        line = one_line(words)
        assert line.isprintable()
        assert len(line) <= 160

    @given(st.dictionaries(st.sampled_from(["code", "msg", "error", "result", "label", "message", "success", "status"]),
                           st.one_of(st.none(), st.booleans(), st.text(max_size=5), st.dictionaries(st.just("code"), st.text(max_size=3)))))  # fmt: skip
    def test_no_object_breaks_the_search_for_a_refusal(self, data: dict[str, Any]) -> None:
        try:
            check_refusal(json.loads(json.dumps(data)))
        except PerpcalcError as caught:
            assert str(caught).isprintable()  # noqa: PT017
