"""A venue's answer as JSON: read with every number as text, refused where the venue refused, dated by its own time."""

import datetime
import json
from collections.abc import Sequence
from typing import Any

from perpcalc.errors import PerpcalcError
from perpcalc.readers.venue_values import Row

DONE = ("0", "00000", "000000", "200", "200000")
CODES = ("retCode", "code", "err-code", "err_code", "returnCode", "label")
MESSAGES = ("retMsg", "msg", "message", "err-msg", "err_msg", "msgInfo", "error", "errors")
TIMES = ("serverTime", "time", "ts", "requestTime", "timestamp", "usOut")
FIRST_YEAR, LAST_YEAR = 2010, 2100
LONGEST_MESSAGE = 200


def parsed(raw: bytes) -> Any:
    """The JSON of an answer, every number as text."""
    try:
        text = raw.decode("utf-8-sig").strip()
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise PerpcalcError(f"byte {error.start} is not UTF-8", "save the answer as it came") from None
    except json.JSONDecodeError as error:
        if not text:
            raise PerpcalcError("is empty", "ask the venue again") from None
        if text.startswith("<"):
            raise PerpcalcError(
                "is a web page, not an answer", "look at it: the venue refused, or it is a login"
            ) from None
        message = error.msg[:1].lower() + error.msg[1:]
        where = f"at line {error.lineno}, column {error.colno}"
        raise PerpcalcError(f"not JSON: {message} ({where})", "save the answer whole, one to a file") from None
    except RecursionError:
        raise PerpcalcError("is nested too deeply", "save the answer as it came") from None


def _no_number(word: str) -> Any:
    raise PerpcalcError(f"{word} is not a number", "ask the venue again")


def refuse(data: Any, venue: str) -> None:
    """Raise PerpcalcError where an answer says that the venue could not answer, with its own code and words."""
    if not isinstance(data, dict):
        return
    inner = data.get("error")
    said = inner if isinstance(inner, dict) else data
    code = next((str(said[key]) for key in CODES if said.get(key) not in (None, "")), None)
    failed = (
        (code is not None and code not in DONE)
        or isinstance(inner, dict)
        or data.get("success") is False
        or data.get("status") == "error"
        or data.get("result") == "error"
    )
    if failed:
        message = next((said[key] for key in MESSAGES if said.get(key)), "")
        words = " ".join(str(message)[:LONGEST_MESSAGE].split())
        quoted = f": {words!a}" if words else ""
        raise PerpcalcError(f"{venue} refused{f' with code {code!a}' if code else ''}{quoted}", "mend the request")


def own_day(data: Any, rows: Sequence[Row]) -> str | None:
    """The day on which an answer says it was given, in UTC."""
    for node in (data, *rows[:1]):
        for key in TIMES:
            if isinstance(node, dict) and (day := _day(node.get(key))) is not None:
                return day
    return None


def _day(time: Any) -> str | None:
    """The day of a time in seconds, milli- or microseconds, or in ISO 8601; None where it is none of them."""
    if not isinstance(time, str):
        return None
    try:
        if time.isascii() and time.isdigit() and len(time) in (10, 13, 16):
            moment = datetime.datetime.fromtimestamp(int(time[:10]), datetime.UTC)
        else:
            moment = datetime.datetime.fromisoformat(time)
    except ValueError:
        return None
    if moment.tzinfo is not None:
        moment = moment.astimezone(datetime.UTC)
    return moment.date().isoformat() if FIRST_YEAR <= moment.year <= LAST_YEAR else None
