"""A venue file that somebody wrote: what is said of each table, key and value that does not follow the format."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from perpcalc.errors import PerpcalcError
from perpcalc.venues.schema import LARGEST_FILE, read_file

MINE = """
name = "mine"
title = "My own rules"
default = "BTC"
hedge_mode = true
known_until = 2025-01-01

[[fees]]
from = 2024-01-01
source = "the venue's fee page"
confidence = "published"
maker = "0.01%"
taker = "0.05%"

[[funding]]
from = 2024-01-01
source = "the venue's funding page"
confidence = "published"
interval = "8h"
continuous = false
averaging = "linear"

[[rounding]]
from = 2024-01-01
source = "a position as the venue shows it"
confidence = "inferred"
value = "floor 8"
liquidation_price = "against tick"

[[changes]]
date = 2026-01-01
text = "fees have changed"

[instruments.BTC]
currency = "BTC"

[[instruments.BTC.contract]]
from = 2024-01-01
source = "the venue's contract page"
confidence = "published"
size = "100"
lot = 1

[[instruments.BTC.margin]]
from = 2024-01-01
source = "the venue's margin page"
confidence = "derived"
marginal = true
limits = ["5", "10"]
rates = ["0.5%", "1%", "2%"]
"""


def read(tmp_path: Path, text: str | bytes) -> Mapping[str, Any]:
    path = tmp_path / "mine.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_file(path)


def refusal(tmp_path: Path, text: str | bytes) -> str:
    """What is said of a file, after its name."""
    with pytest.raises(PerpcalcError) as error:
        read(tmp_path, text)
    message = str(error.value)
    where = f"{tmp_path / 'mine.toml'}: "
    assert message.startswith(where)
    assert "\n" not in message
    return message.removeprefix(where)


def test_a_file_that_follows_the_format_is_read(tmp_path: Path) -> None:
    tables = read(tmp_path, MINE)
    assert tables["instruments"]["BTC"]["contract"][0]["lot"] == "1"
    assert tables["known_until"] == "2025-01-01"


def test_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    other = b"\xef\xbb\xbf" + MINE.replace("\n", "\r\n").encode()
    assert read(tmp_path, other) == read(tmp_path, MINE)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "mine"', "", "name: the key is missing: a venue has name, title, default, known_until, instruments"),
        ('title = "My own rules"', 'title = " "', "title: is not a text: write it in quotes"),
        ("hedge_mode = true", "hedge_mode = 1", "hedge_mode: is not a yes or no: write true or false"),
        (
            "known_until = 2025-01-01",
            'known_until = "soon"',
            "known_until: is not a date: write it without quotes, as in 2024-06-01",
        ),
        (
            "known_until = 2025-01-01",
            "known_until = true",
            "known_until: is not a date: write it without quotes, as in 2024-06-01",
        ),
        ('default = "BTC"', 'default = "ETH"', "default: 'ETH' is not among the instruments: name one"),
        ("[[fees]]", "[[fee]]", "fee: unknown key: did you mean fees?"),
        ("[[fees]]", "[fees]", "fees: is not a list of dated tables: write [[fees]]"),
        ("[[changes]]", "[changes]", "changes: is not a list of dated tables: write [[changes]]"),
        (
            'text = "fees have changed"',
            "",
            "changes 1, text: the key is missing: each entry has date, text",
        ),
        ('maker = "0.01%"', 'makr = "0.01%"', "fees 1, makr: unknown key: did you mean maker or taker?"),
        ('maker = "0.01%"', "maker = true", 'fees 1, maker: is not a number: write it as text, as in "0.5"'),
        (
            'maker = "0.01%"',
            'maker = "1,5%"',
            "fees 1, maker: '1,5%' is not a plain decimal number with its unit: "
            "use a point for decimals and no thousands separators",
        ),
        (
            'averaging = "linear"',
            'averaging = "lineal"',
            "funding 1, averaging: 'lineal' is not known: give linear",
        ),
        (
            'value = "floor 8"',
            'value = "flor 8"',
            "rounding 1, value: 'flor 8' is not a rounding: write a direction",
        ),
        ('value = "floor 8"', "value = true", "rounding 1, value: "),
        (
            '"against tick"',
            '"against tock"',
            "rounding 1, liquidation_price: 'against tock' is not a rounding: write a direction",
        ),
        (
            'limits = ["5", "10"]',
            'limits = "5"',
            "instruments.BTC.margin 1, limits: is not a list of numbers: write it in brackets",
        ),
        (
            'limits = ["5", "10"]',
            'limits = ["10", "5"]',
            "instruments.BTC.margin 1, limits: does not rise from 10 to 5: tiers go from small to large",
        ),
        (
            'limits = ["5", "10"]',
            'limits = ["5"]',
            "instruments.BTC.margin",
        ),
        (
            'currency = "BTC"',
            "",
            "instruments.BTC.currency: the key is missing: an instrument has currency and contract",
        ),
        ('currency = "BTC"', "currency = true", "instruments.BTC.currency: is not a text: write it in quotes"),
        (
            'currency = "BTC"',
            'currency = "BTC"\nticks = 1',
            "instruments.BTC.ticks: unknown key: did you mean ",
        ),
        ('size = "100"', "", "instruments.BTC.contract.size: the key is missing: a contract has a size in USD"),
    ],
)
def test_what_does_not_follow_it_is_named_by_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert MINE.count(old) >= 1
    assert refusal(tmp_path, MINE.replace(old, new, 1)).startswith(message)


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ("instruments = 5", "instruments: there is no instrument: write [instruments.NAME]"),
        ("[instruments]", "instruments: there is no instrument: write [instruments.NAME]"),
        ("[instruments]\nBTC = 5", "instruments.BTC: is not a table: write [instruments.BTC]"),
    ],
)
def test_a_venue_has_instruments_which_are_tables(tmp_path: Path, listed: str, message: str) -> None:
    head = MINE[: MINE.index("[[fees]]")]
    assert refusal(tmp_path, head + listed) == message


def test_rules_of_a_topic_are_in_the_order_of_their_days(tmp_path: Path) -> None:
    again = '[[fees]]\nfrom = 2023-01-01\nsource = "an older page"\nconfidence = "published"\n'
    message = refusal(tmp_path, MINE.replace("[[funding]]", f"{again}\n[[funding]]"))
    assert message == "fees 2, from: 2023-01-01 does not come after 2024-01-01: write the oldest first"


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"name = \xff", "byte 7 is not UTF-8: save the file as UTF-8"),
        (b"name", "not "),
        (b"name = " + b"[" * 100_000, "nested"),
        (b"name = " + b"9" * 5_000, "digits"),
        (b"name = 0x" + b"f" * 5_000, "digits"),
        (b"#" * (LARGEST_FILE + 1), "larger than 1 MiB"),
    ],
)
def test_what_is_no_venue_file_is_refused_in_one_line(tmp_path: Path, raw: bytes, word: str) -> None:
    assert word in refusal(tmp_path, raw)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PerpcalcError, match="give a file that can be read"):
        read_file(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('taker = "0.05%"', 'taker = "100%"', "fees 1, taker: '100%' is out of range: give a rate below 100%"),
        ('interval = "8h"', 'interval = "0h"', "funding 1, interval: '0h' is out of range: give a duration above 0"),
        (
            'value = "floor 8"',
            'value = "floor 19"',
            "rounding 1, value: 'floor 19' is not a rounding: write a direction",
        ),
        (
            'value = "floor 8"',
            'value = "floor -1"',
            "rounding 1, value: 'floor -1' is not a rounding: write a direction",
        ),
    ],
)
def test_a_value_out_of_range_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert refusal(tmp_path, MINE.replace(old, new)).startswith(message)
