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
    return read_file(path)[0]


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
        (
            'name = "mine"',
            "",
            "name: the key is missing: a venue has name, title, default, known_until, instruments, or extends one",
        ),
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
        ('maker = "0.01%"', 'makr = "0.01%"', "fees 1, makr: unknown key: did you mean maker or makers?"),
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
            'limits = ["5", "5"]',
            "instruments.BTC.margin 1, limits: does not rise from 5 to 5: tiers go from small to large",
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


def test_every_row_of_a_contract_has_a_size(tmp_path: Path) -> None:
    later = 'from = 2025-01-01\nsource = "the same page"\nconfidence = "published"\nlot = 10\n'
    text = MINE.replace(
        "[[instruments.BTC.margin]]", f"[[instruments.BTC.contract]]\n{later}\n[[instruments.BTC.margin]]"
    )
    assert refusal(tmp_path, text) == (
        "instruments.BTC.contract.size: the key is missing: a contract has a size in USD"
    )


def test_what_is_named_as_not_inverse_has_a_name_that_prints(tmp_path: Path) -> None:
    text = MINE.replace("[[changes]]", '[not_inverse]\n"E\\u001b[31mTH" = "linear"\n[[changes]]')
    assert refusal(tmp_path, text).startswith("not_inverse: ")


@pytest.mark.parametrize("value", ["floor 0", "ceiling 18"])
def test_a_rounding_is_to_0_to_18_decimals(tmp_path: Path, value: str) -> None:
    read(tmp_path, MINE.replace('"floor 8"', f'"{value}"'))


@pytest.mark.parametrize("rows", ["5", "true", "[]", "[1]", '[{ from = 2025-01-01, maker = "0.01%" }, 1]'])
def test_rules_of_a_topic_are_a_list_of_tables(tmp_path: Path, rows: str) -> None:
    start, end = MINE.index("[[fees]]"), MINE.index("[[funding]]")
    listed = MINE[:start] + f"fees = {rows}\n" + MINE[end:]
    assert refusal(tmp_path, listed) == "fees: is not a list of dated tables: write [[fees]]"


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
    with pytest.raises(PerpcalcError, match="is a directory: give a file"):
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


@pytest.mark.parametrize(
    ("what", "character"),
    [
        ("an escape", "\x1b[31m"),
        ("a bell", "\x07"),
        ("a C1 control", "\x9b31m"),
        ("a right-to-left override", "\u202e"),
        ("an isolate", "\u2066"),
        ("a line separator", "\u2028"),
        ("a zero-width space", "\u200b"),
        ("a line break", "\n"),
    ],
)
@pytest.mark.parametrize("key", ["title", "caution", "text", "source", "note"])
def test_no_text_of_a_file_can_steer_a_terminal(tmp_path: Path, key: str, what: str, character: str) -> None:
    escaped = "".join(f"\\u{ord(one):04X}" if not one.isprintable() else one for one in character)
    bad = f'{key} = "a{escaped}b"'
    text = {
        "title": MINE.replace('title = "My own rules"', bad),
        "caution": MINE.replace("hedge_mode = true", bad),
        "text": MINE.replace('text = "fees have changed"', bad),
        "source": MINE.replace('source = "the venue\'s fee page"', bad),
        "note": MINE.replace('taker = "0.05%"', bad),
    }[key]
    message = refusal(tmp_path, text)
    assert "has characters that do not print: leave them out" in message, what
    assert message.isascii()
    assert message.isprintable()


@pytest.mark.parametrize("name", ["a b", "x" * 65, "BTC\\u001b[31m", "BTC\\u202e", "", "-x", "é"])
def test_names_of_contracts_and_coins_are_names(tmp_path: Path, name: str) -> None:
    message = refusal(tmp_path, MINE.replace('currency = "BTC"', f'currency = "{name}"'))
    assert message.startswith("instruments.BTC.currency: ")
    assert message.endswith("is not a name: use letters, digits and - _ . / :, at most 64 of them")
    message = refusal(tmp_path, MINE + f'\n[instruments."{name}"]\ncurrency = "X"\n')
    assert message.startswith("instruments: ")
    assert message.isprintable()


@pytest.mark.parametrize("name", ["BTC/USD:BTC", "BTC-USD_PERP.1", "1INCH", "x" * 64])
def test_a_name_may_have_what_venues_use(tmp_path: Path, name: str) -> None:
    text = MINE.replace("[instruments.BTC]", f'[instruments."{name}"]')
    text = text.replace("[[instruments.BTC.", f'[[instruments."{name}".').replace('"BTC"\nhedge', f'"{name}"\nhedge')
    assert list(read(tmp_path, text)["instruments"]) == [name]


def test_a_key_that_does_not_print_is_named_escaped(tmp_path: Path) -> None:
    assert refusal(tmp_path, MINE.replace("hedge_mode", '"hedge\\u001b"')).startswith("'hedge\\x1b': unknown key")
    assert refusal(tmp_path, MINE.replace("maker =", '"mak\\u202eer" =')).startswith(
        "fees 1, 'mak\\u202eer': unknown key"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('maker = "0.01%"', 'maker = "0.05"', "fees 1, maker: '0.05' is not clear as a rate: write 5% or 0.05%"),
        ('interval = "8h"', 'interval = "8h"\ncap = "0.5"', "funding 1, cap: '0.5' is not clear as a rate"),
        (
            'rates = ["0.5%", "1%", "2%"]',
            'rates = ["0.5%", "1%", "2%"]\nleverages = "50"',
            "instruments.BTC.margin 1, leverages: is not a list of numbers",
        ),
        (
            "[[changes]]",
            '[[unified]]\nfrom = 2024-01-01\nsource = "a page"\nconfidence = "published"\nweights = "coin"\n'
            'condition = "100%"\n[[changes]]',
            "unified 1, weights: 'coin' is not known",
        ),
        (
            "[[changes]]",
            '[urls]\ntears = "https://a.example"\n[[changes]]',
            "urls.tears: unknown key: did you mean tiers",
        ),
        ("[[changes]]", "[urls]\ntiers = true\n[[changes]]", "urls.tiers: is not a text"),
        ("[[changes]]", '[not_inverse]\nETHUSD = "linear"\n[[changes]]', "ok"),
        (
            "[[changes]]",
            '[dated.BTC]\ncurrency = "BTC"\n[[changes]]',
            "dated.BTC: does not say where the expiry stands: end ",
        ),
        (
            "[[changes]]",
            '[dated.BTC_YYMMDD]\ncurrency = "BTC"\n[[changes]]',
            "dated.BTC_YYMMDD.contract: the key is missing",
        ),
        ("[[fees]]", "urls = 5\n[[fees]]", "urls: is not a table: write [urls]"),
        ("[[fees]]", 'known_until = "2024-99-99"\n[[fees]]', "not TOML"),
        ('title = "My own rules"', f'title = "{"x" * 2001}"', "title: is too long: use at most 2000 characters"),
        ("known_until = 2025-01-01", 'known_until = "2025-99-99"', "known_until: is not a date"),
        ("[[fees]]", 'ccxt = ["a b"]\n[[fees]]', "ccxt: 'a b' is not a name"),
        ("[[fees]]", 'ccxt = "mine"\n[[fees]]', "ccxt: is not a list of names: write it in brackets"),
        ('currency = "BTC"', 'currency = "BTC"\nended = "soon"', "instruments.BTC.ended: is not a date"),
    ],
)
def test_what_a_file_may_also_say_is_judged_as_the_rest(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = MINE.replace(old, new, 1)
    if message == "ok":
        assert read(tmp_path, text)["not_inverse"] == {"ETHUSD": "linear"}
    else:
        assert refusal(tmp_path, text).startswith(message)


def test_rules_go_on_by_steps_after_the_tiers_that_are_listed(tmp_path: Path) -> None:
    text = MINE.replace('rates = ["0.5%", "1%", "2%"]', 'rates = ["0.5%", "1%"]\nlimit_step = "10"\nrate_step = "40%"')
    read(tmp_path, text)
    assert "go together" in refusal(tmp_path, text.replace('rate_step = "40%"', ""))
    assert "go together" in refusal(tmp_path, text.replace('["0.5%", "1%"]', '["0.5%", "1%", "2%"]'))


EXTENDS = """
extends = "okx"

[[instruments.ETH-USD-SWAP.margin]]
from = 2026-10-01
limits = ["500", "1000"]
rates = ["0.4%", "0.5%"]
source = "what the venue answered me"
confidence = "published"
"""


def test_a_file_that_extends_needs_nothing_that_the_other_has(tmp_path: Path) -> None:
    tables = read(tmp_path, EXTENDS)
    assert tables["instruments"]["ETH-USD-SWAP"]["margin"][0]["rates"] == ["0.4%", "0.5%"]
    assert tables["instruments"]["BTC-USD-SWAP"]["currency"] == "BTC"
    assert read(tmp_path, 'extends = "okx"')["title"] == "OKX coin-margined swaps"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"okx"', '"okxx"', "extends: 'okxx' did not come with the program: give okx"),
        ('"okx"', '"../okx"', "extends: '../okx' is not a name"),
        ("ETH-USD-SWAP", "NEW-USD-SWAP", "instruments.NEW-USD-SWAP.currency: the key is missing"),
        ('["0.4%", "0.5%"]', '["0.4%"]', "instruments.ETH-USD-SWAP.margin: as many rates as limits"),
        ("margin]]", "margen]]", "instruments.ETH-USD-SWAP.margen: unknown key: did you mean margin"),
        ('extends = "okx"', 'extends = "okx"\ndefault = "X"', "default: 'X' is not among the instruments"),
    ],
)
def test_what_it_adds_is_judged_together_with_what_it_extends(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = EXTENDS.replace(old, new)
    if message.startswith("instruments.ETH-USD-SWAP.margin: as"):
        text = text.replace('["500", "1000"]', '["500", "1000", "2000"]')
    assert refusal(tmp_path, text).startswith(message)


def test_a_general_rule_that_it_adds_is_judged_with_every_contract(tmp_path: Path) -> None:
    rule = 'from = 2026-10-01\nsource = "my own"\nconfidence = "inferred"\n'
    text = (
        f'extends = "okx"\n[[margin]]\n{rule}first_limit = "5"\nfirst_rate = "1%"\nlimit_step = "5"\nrate_step = "1%"\n'
    )
    assert refusal(tmp_path, text).startswith("instruments.ADA-USD-SWAP.margin: ")
