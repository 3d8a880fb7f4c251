"""The cells of a file: whether its first line names them."""

import pytest

from perpcalc.readers.sheet import is_header


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        (["time", "price"], True),
        (["", "time"], True),  # the index that pandas writes has no name
        (["_id", "%", "#"], True),
        (["1717200000000", "5"], False),
        (["time", "5"], False),
        (["-", "time"], False),
        (["", ""], False),
    ],
)
def test_a_header_has_names_and_no_number(cells: list[str], named: bool) -> None:
    assert is_header(cells) is named
