"""A file is read at once exactly where pydantic finds nothing that does not fit, and to the same values."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from perpcalc.errors import PerpcalcError
from perpcalc.portfolio.schema import FILE, Entries, Read, Shape, Table, values_of
from perpcalc.portfolio.validation import validated

VALUES = (
    None, True, 1, -1, 10**16, "", "x", "long", "BTC", "1%", "0.5", "hedge", "unified", "equity", "mark", "taker",
    "2026-12-25", "7d", [], [1], [["10", "98%"], ["20", "95%"]], {}, {"x": 1},
)  # fmt: skip
COINS = st.sampled_from(["BTC", "btc", "ETH", "b-t-c"])
RARELY = st.integers(0, 11).map(lambda number: number == 7)


def fits(read: Read, value: Any) -> bool:
    """Whether a value can be read."""
    try:
        read(value)
    except PerpcalcError:
        return False
    return True


@st.composite
def made_for(draw: st.DrawFn, shape: Shape) -> Any:
    """A value for a shape, which fits more often than not."""
    if draw(RARELY):
        return draw(st.sampled_from(VALUES))
    if isinstance(shape, Table):
        more = sorted(set(shape.keys) - set(shape.required))
        keys = [*shape.required, *(draw(st.lists(st.sampled_from(more), max_size=6, unique=True)) if more else [])]
        if keys and draw(RARELY):
            keys.remove(draw(st.sampled_from(keys)))
        if draw(RARELY):
            keys.append("entri")
        return {key: draw(made_for(shape.keys.get(key, str))) for key in keys}
    if isinstance(shape, Entries):
        return [draw(made_for(shape.each)) for _ in range(draw(st.integers(0, 2)))]
    if callable(shape):
        return draw(st.sampled_from([value for value in VALUES if fits(shape, value)]))
    read = shape.read
    return draw(st.dictionaries(COINS, st.sampled_from([value for value in VALUES if fits(read, value)]), max_size=2))


@settings(max_examples=700)
@given(made_for(FILE))
def test_what_is_read_at_once_is_what_pydantic_reads(tables: Any) -> None:
    values, (by_pydantic, misfits) = values_of(tables), validated(tables)
    assert (values is None) == bool(misfits)
    assert values is None or values == by_pydantic
