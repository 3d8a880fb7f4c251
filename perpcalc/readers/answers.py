"""The answer of a venue: JSON whose numbers stay text, refusals that come as an answer, and the fields of an object."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

from perpcalc.decimals import CONTEXT, FINEST, FRACTION_DIGITS, INTEGER_DIGITS, ZERO
from perpcalc.errors import PerpcalcError, shown
from perpcalc.files import Source

T = TypeVar("T")
Item = Mapping[str, Any]

ANSWER = "give the answer of a venue's API as it came, or what ccxt returns"
NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,120})?|\.\d{1,120})([eE][+-]?\d{1,3})?", re.ASCII)
LONGEST_MESSAGE = 160
DONE = ("0", "00000", "200", "200000")
MESSAGES = ("retMsg", "msg", "message", "err_msg", "err-msg", "label", "name", "error")
CODES = ("retCode", "code", "err_code", "err-code", "label", "name")


def document(source: Source) -> Any:
    """What a JSON file holds, each number as its text; raises PerpcalcError naming the file and the place in it."""
    try:
        text = source.raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PerpcalcError(f"byte {error.start} is not UTF-8", "save the file as UTF-8").at(source.where) from None
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise _not_json(text, error).at(source.where) from None
    except RecursionError:
        raise PerpcalcError("is nested too deeply", ANSWER).at(source.where) from None


def check_refusal(data: Any) -> None:
    """Raise PerpcalcError where an answer is a refusal, as venues send them with a good status too.

    >>> check_refusal({"retCode": "10003", "retMsg": "API key is invalid."})
    Traceback (most recent call last):
    perpcalc.errors.PerpcalcError: the venue refused: API key is invalid. (code 10003): see what its API says of this
    """
    if not isinstance(data, dict):
        return
    for part in (data, data.get("error")):
        if isinstance(part, dict) and _is_refusal(part, data):
            message = next((part[key] for key in MESSAGES if isinstance(part.get(key), str) and part[key]), "")
            code = next((part[key] for key in CODES if isinstance(part.get(key), str) and part[key] != message), "")
            raise PerpcalcError(
                "the venue refused"
                + (f": {one_line(message)}" if message else "")
                + (f" (code {one_line(code)})" if code else ""),
                "see what its API says of this",
            )


def one_line(text: str) -> str:
    r"""A text of somebody else as it may stand in a message: printable, in one line, of a long one the start.

    >>> one_line("not  your\n fault\x1b[31m")
    'not your fault [31m'
    """
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 3] + "..."


def number(item: Item, *keys: str) -> Decimal | None:
    """The number under the first of some keys that is there, with an exponent or without; at most 18 decimals of it.

    What is absent, null or an empty text is None. Raises PerpcalcError for anything else that is no number.

    >>> number({"size": "", "qty": "8.5e-05"}, "size", "qty")
    Decimal('0.000085')
    """
    for key in keys:
        text = item.get(key)
        if text is None or text == "":
            continue
        if isinstance(text, str) and NUMBER.fullmatch(text):
            value = Decimal(text)
            if value.adjusted() < INTEGER_DIGITS or not value:
                return value.quantize(FINEST, context=CONTEXT) if _exponent(value) < -FRACTION_DIGITS else value + ZERO
        written = shown(text) if isinstance(text, str) else f"of {_kind(text)}"
        raise PerpcalcError(f"{key} {written} is not a number of at most {INTEGER_DIGITS} digits", "correct the file")
    return None


def positive(item: Item, *keys: str) -> Decimal | None:
    """A number above 0; None where it is absent or, as venues write what they do not know, 0."""
    value = number(item, *keys)
    if value is not None and value < 0:
        raise PerpcalcError(f"{_present(item, keys)} is negative", "correct the file")
    return value or None


def text(item: Item, *keys: str) -> str | None:
    """The text under the first of some keys that is there; None for null and an empty one."""
    for key in keys:
        value = item.get(key)
        if value is None or value == "":
            continue
        if not isinstance(value, str):
            raise PerpcalcError(f"{key} is {_kind(value)}, not a text", "correct the file")
        return value
    return None


def choice(item: Item, key: str, meanings: Mapping[str, T]) -> T | None:
    """What a word under a key means, in any case; raises PerpcalcError for an unknown one.

    >>> choice({"side": "Sell"}, "side", {"buy": 1, "sell": -1})
    -1
    """
    word = text(item, key)
    if word is None:
        return None
    if word.lower() not in meanings:
        raise PerpcalcError(f"{key} {shown(word)} is not known", f"it may be {', '.join(filter(None, meanings))}")
    return meanings[word.lower()]


def yes(item: Item, key: str) -> bool | None:
    """A yes or no, which some programs write as a text."""
    value = item.get(key)
    if value is None or isinstance(value, bool):
        return value
    return choice(item, key, {"true": True, "false": False, "1": True, "0": False})


def coin_of(name: str) -> str:
    """The name of a coin as everybody else writes it.

    >>> coin_of("XBt"), coin_of("eth")
    ('BTC', 'ETH')
    """
    upper = name.upper()
    return "BTC" if upper == "XBT" else upper


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _present(item: Item, keys: tuple[str, ...]) -> str:
    return next(key for key in keys if item.get(key) not in (None, ""))


def _kind(value: object) -> str:
    kinds = {bool: "true or false", list: "a list", dict: "an object"}
    return kinds.get(type(value), "a text")


def _is_refusal(part: Item, whole: Item) -> bool:
    """Whether an object says that a question was not answered."""
    if part is not whole:
        return True
    code = part.get("retCode", part.get("code"))
    if isinstance(code, str) and code not in DONE:
        return True
    if part.get("result") == "error" or part.get("status") == "error" or part.get("success") is False:
        return True
    return ("label" in part and "message" in part) or (isinstance(part.get("error"), str) and bool(part["error"]))


def _not_json(text: str, error: json.JSONDecodeError) -> PerpcalcError:
    """Why a text is no JSON, by what it looks like."""
    place = f"line {error.lineno}, column {error.colno}"
    if not text.strip():
        return PerpcalcError("is empty", ANSWER)
    if text.lstrip().startswith("<"):
        title = re.search(r"<title[^>]{0,200}>([^<]{0,400})", text, re.IGNORECASE)
        named = f", {shown(one_line(title[1]))}" if title and title[1].strip() else ""
        return PerpcalcError(f"is a web page{named}, not JSON", "ask the venue again")
    if error.msg == "Extra data":
        return PerpcalcError(f"holds more than one JSON document, the second from {place}", "give one answer at a time")
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        return PerpcalcError(f"not JSON: it breaks off (at {place})", "save the whole answer")
    return PerpcalcError(f"not JSON: {error.msg[:1].lower()}{error.msg[1:]} (at {place})", ANSWER)
