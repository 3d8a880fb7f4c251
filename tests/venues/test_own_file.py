"""Rules put into the user's own file: what the user wrote stays, in every spelling; the same date replaces."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perpcalc.errors import PerpcalcError
from perpcalc.venues.own_file import Addition, with_rules
from perpcalc.venues.schema import read_tables
from perpcalc.venues.tables import dates_as_text

ETH = "ETH-USD-SWAP"


def tiers(day: str, rate: str = "0.5%", instrument: str | None = ETH, **more: str) -> Addition:
    row = {"from": day, "limits": ["500"], "rates": [rate], "source": "an answer", "confidence": "published", **more}
    return Addition(instrument, "margin", row)


def rows(raw: bytes, instrument: str = ETH, topic: str = "margin") -> list[dict[str, object]]:
    return dates_as_text(tomllib.loads(raw.decode("utf-8-sig")))["instruments"][instrument][topic]


MINE = """\
# my venue
extends = "okx"

# fees of my level
[[fees]]
from = 2024-01-01 # since I am VIP
maker = "0.01%"
taker = "0.04%"
source = "my account"
confidence = "published"

# ether
[[instruments.ETH-USD-SWAP.margin]]
# asked on a Sunday
from = 2026-03-01
limits = [
  "400", # small
  "800",
]
rates = ["0.4%", "0.5%"]
source = "my own"
confidence = "inferred"
# the end
"""


def test_without_a_file_one_is_made_that_extends_the_venue() -> None:
    raw = with_rules(None, "okx", [tiers("2026-10-01")])
    assert raw.decode().splitlines()[1] == 'extends = "okx"'
    assert [row["from"] for row in rows(raw)] == ["2026-10-01"]
    assert read_tables(raw)[0]["instruments"][ETH]["currency"] == "ETH"


def test_a_later_rule_comes_after_and_an_earlier_one_before() -> None:
    raw = with_rules(MINE.encode(), "okx", [tiers("2026-10-01"), tiers("2025-01-01")])
    assert [row["from"] for row in rows(raw)] == ["2025-01-01", "2026-03-01", "2026-10-01"]
    assert is_within(MINE, raw.decode())
    assert raw.decode().index("# ether") < raw.decode().index("# asked on a Sunday")


def test_a_rule_stands_with_the_others_of_its_contract() -> None:
    bitcoin = MINE[MINE.index("[[instruments") :].replace("ETH", "BTC")
    fees = Addition(
        ETH,
        "fees",
        {"from": "2026-10-01", "maker": "0.01%", "taker": "0.02%", "source": "an answer", "confidence": "published"},
    )
    lines = with_rules((MINE + bitcoin).encode(), "okx", [fees, tiers("2026-10-01")]).decode().splitlines()
    assert [line for line in lines if line.startswith("[[")] == [
        "[[fees]]",
        f"[[instruments.{ETH}.margin]]",
        f"[[instruments.{ETH}.margin]]",
        f"[[instruments.{ETH}.fees]]",
        "[[instruments.BTC-USD-SWAP.margin]]",
    ]


def test_the_same_date_replaces_and_keeps_the_comments() -> None:
    raw = with_rules(MINE.encode(), "okx", [tiers("2026-03-01", "0.9%")])
    assert [row["rates"] for row in rows(raw)] == [["0.9%"]]
    text = raw.decode()
    assert (
        text.index("# ether")
        < text.index("# asked on a Sunday")
        < text.index("[[instruments")
        < text.index("# the end")
    )
    assert text.startswith(MINE[: MINE.index("[[instruments")])


def test_the_same_rules_again_change_nothing() -> None:
    additions = [tiers("2026-10-01"), tiers("2025-01-01"), tiers("2026-03-01"), tiers("2026-10-01", instrument=None)]
    once = with_rules(MINE.encode(), "okx", additions)
    assert with_rules(once, "okx", additions) == once


def test_line_ends_and_a_byte_order_mark_stay() -> None:
    raw = b"\xef\xbb\xbf" + MINE.replace("\n", "\r\n").encode()
    made = with_rules(raw, "okx", [tiers("2026-10-01"), tiers("2025-01-01")])
    assert made.startswith(b"\xef\xbb\xbf# my venue\r\n")
    assert made.count(b"\r\n") == made.count(b"\n")
    assert made.decode("utf-8-sig").replace("\r\n", "\n") == (
        with_rules(MINE.encode(), "okx", [tiers("2026-10-01"), tiers("2025-01-01")]).decode()
    )


def test_a_last_line_without_an_end_gets_one() -> None:
    raw = with_rules(MINE.rstrip("\n").removesuffix("# the end").rstrip("\n").encode(), "okx", [tiers("2026-10-01")])
    assert [row["from"] for row in rows(raw)] == ["2026-03-01", "2026-10-01"]
    assert b'confidence = "inferred"\n\n[[instruments' in raw


def test_into_an_empty_file_a_rule_goes_without_a_blank_line() -> None:
    lead = b'extends = "okx"\n'
    made = with_rules(lead, "okx", [tiers("2026-10-01")])
    assert made.startswith(lead + b"\n[[instruments")
    whole = with_rules(MINE.encode(), "okx", [tiers("2026-10-01")])
    assert b"\n\n\n" not in whole


def test_a_text_stays_readable_in_every_script() -> None:
    raw = with_rules(None, "okx", [tiers("2026-10-01", note="für große Kunden")])
    assert 'note = "für große Kunden"' in raw.decode()


def test_a_contract_that_is_new_gets_its_coin() -> None:
    row = {"from": "2026-10-01", "size": "10", "source": "an answer", "confidence": "published"}
    raw = with_rules(MINE.encode(), "okx", [Addition("NEW/USD:NEW", "contract", row)], {"NEW/USD:NEW": "NEW"})
    assert read_tables(raw)[0]["instruments"]["NEW/USD:NEW"]["currency"] == "NEW"
    assert raw.decode().endswith(
        '\n[instruments."NEW/USD:NEW"]\ncurrency = "NEW"\n\n[[instruments."NEW/USD:NEW".contract]]\nfrom = 2026-10-01\n'
        'size = "10"\nsource = "an answer"\nconfidence = "published"\n# the end\n'
    )


def test_headers_are_read_in_every_spelling() -> None:
    text = MINE.replace("[[instruments.ETH-USD-SWAP.margin]]", '[[ instruments . "ETH-USD-SWAP" . margin ]] # ether')
    raw = with_rules(text.encode(), "okx", [tiers("2026-03-01", "0.9%")])
    assert [row["rates"] for row in rows(raw)] == [["0.9%"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'extends = "okx"\ninstruments.ETH-USD-SWAP.margin = [{from = 2026-03-01, rates = ["1%"], source = "a b", '
            'confidence = "inferred"}]\n',
            "not TOML: ",
        ),
        ("extends = ", "not TOML: "),
        ('extends = "okx"\ntitel = "x"\n', "titel: unknown key: did you mean title"),
    ],
)
def test_a_file_that_cannot_be_added_to_is_refused_whole(text: str, message: str) -> None:
    with pytest.raises(PerpcalcError) as error:
        with_rules(text.encode(), "okx", [tiers("2026-10-01")])
    assert str(error.value).startswith(message)


def test_rules_that_do_not_follow_the_format_are_refused_whole() -> None:
    with pytest.raises(PerpcalcError, match="rates: '2' is not clear as a rate"):
        with_rules(MINE.encode(), "okx", [tiers("2026-10-01", "2")])
    with pytest.raises(PerpcalcError, match="characters that do not print"):
        with_rules(MINE.encode(), "okx", [tiers("2026-10-01", note="a\u202eb")])


def test_a_text_that_only_looks_like_a_table_stays_a_text() -> None:
    """A string over several lines, of which one could be a header."""
    text = MINE.replace('source = "my account"', 'source = """\\\n[[fees]]\\\n"""')
    assert read_tables(text.encode())[1]["fees"][0]["source"] == "[[fees]]"
    raw = with_rules(text.encode(), "okx", [tiers("2026-10-01")])
    assert is_within(text, raw.decode())


def test_lines_of_a_text_that_look_like_the_table_itself_are_not_it() -> None:
    header = "[[instruments.ETH-USD-SWAP.margin]]"
    text = MINE.replace('source = "my account"', f'source = """\\\n{header}\\\n[no table at all]\\\n"""')
    raw = with_rules(text.encode(), "okx", [tiers("2026-10-01")])
    assert read_tables(raw)[1]["fees"][0]["source"] == f"{header}[no table at all]"
    assert [row["from"] for row in rows(raw)] == ["2026-03-01", "2026-10-01"]


def test_what_would_not_be_what_was_meant_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perpcalc.venues.own_file._put", lambda blocks, addition, newline: None)
    with pytest.raises(PerpcalcError, match="its tables cannot be added to as they are written"):
        with_rules(MINE.encode(), "okx", [tiers("2026-10-01")])


def is_within(before: str, after: str) -> bool:
    """Whether every line of a text is in another, in the same order."""
    lines = iter(after.splitlines())
    return all(line in lines for line in before.splitlines())


DAYS = st.dates().map(str)
COMMENTS = st.lists(st.sampled_from(["# a note", "", "  # [[fees]]", "\t", "# ünï \u2028 [[fees]]"]), max_size=3)


@st.composite
def files(draw: st.DrawFn) -> str:
    """A file that extends OKX, with comments, blanks and tables in any order."""
    parts = [*draw(COMMENTS), 'extends = "okx"']
    blocks = []
    for instrument in ("BTC-USD-SWAP", ETH):
        for day in sorted(draw(st.sets(DAYS, max_size=3))):
            blocks.append((instrument, day))
    for instrument, day in blocks:
        parts += [
            *draw(COMMENTS),
            f"[[instruments.{instrument}.margin]]" + draw(st.sampled_from(["", " # x", "   "])),
            *draw(COMMENTS),
            f"from = {day}",
            'limits = ["5"]',
            *draw(COMMENTS),
            'rates = ["1%"]',
            'source = "my own"',
            'confidence = "inferred"',
        ]
    return "\n".join([*parts, *draw(COMMENTS)]) + draw(st.sampled_from(["", "\n", "\n\n"]))


@given(
    files(), st.lists(DAYS, min_size=1, max_size=4, unique=True), st.sampled_from(["BTC-USD-SWAP", ETH, "XRP-USD-SWAP"])
)
def test_whatever_the_user_wrote_stays_byte_for_byte(text: str, days: list[str], instrument: str) -> None:
    before = read_tables(text.encode())[1].get("instruments", {}).get(instrument, {}).get("margin", [])
    there = {row["from"] for row in before}
    raw = with_rules(text.encode(), "okx", [tiers(day, "0.7%", instrument) for day in days])
    found = rows(raw, instrument)
    assert [row["from"] for row in found] == sorted(there | set(days))
    assert {row["from"] for row in found if row["rates"] == ["0.7%"]} == set(days)
    comments = "\n".join(line for line in text.splitlines() if line.strip().startswith("#"))
    assert is_within(text if not there & set(days) else comments, raw.decode())
    assert with_rules(raw, "okx", [tiers(day, "0.7%", instrument) for day in days]) == raw
