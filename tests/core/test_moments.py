"""Times as people, venues and programs write them."""

import pytest

from perpcalc.core.moments import MINUTE, Moment, iso, moment, span
from perpcalc.errors import PerpcalcError

EIGHT = 1_717_228_800_000_000


@pytest.mark.parametrize(
    "text",
    [
        "2024-06-01T08:00:00Z",
        "2024-06-01T10:00:00+02:00",
        "2024-06-01 08:00:00.000 UTC",
        "2024-06-01T08:00:00.000000Z",
        "1717228800",
        "1717228800.000",
        "1717228800000",
        "1717228800000000",
        "1717228800000000000",
    ],
)
def test_a_moment_is_read_in_every_form(text: str) -> None:
    assert moment(text) == Moment(EIGHT, False)


def test_a_time_without_an_offset_is_taken_as_utc_and_that_is_told() -> None:
    assert moment("2024-06-01 08:00") == moment("2024-06-01T08:00:00") == Moment(EIGHT, True)
    assert moment("2024-06-01").assumed


def test_fractions_of_a_second_are_kept_to_the_microsecond() -> None:
    assert moment("1717228800.1234567").time == EIGHT + 123_456
    assert moment("1717228800123456789").time == EIGHT + 123_456
    assert moment("2024-06-01T08:00:00.012Z").time == EIGHT + 12_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "20240601",
        "171722880",
        "17172288000000",
        "1717228800000.5",
        "2024-06-31",
        "2024-06-01T25:00",
        "１７１７２２８８００",
        "1e12",
        "-1717228800",
    ],
)
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(PerpcalcError, match="is not a time: write it as 2024-06-01T08:00:00Z or in milliseconds"):
        moment(text)


def test_a_moment_is_written_without_a_fraction_of_zero() -> None:
    assert iso(EIGHT) == "2024-06-01T08:00:00Z"
    assert iso(EIGHT + 120) == "2024-06-01T08:00:00.00012Z"
    assert moment(iso(EIGHT + 7)).time == EIGHT + 7


def test_a_span_is_written_in_its_largest_whole_unit() -> None:
    assert [span(length) for length in (MINUTE, 90 * MINUTE, 480 * MINUTE, 1_440 * MINUTE, 5_000_000, 2_000)] == [
        "1m",
        "90m",
        "8h",
        "1d",
        "5s",
        "2ms",
    ]
