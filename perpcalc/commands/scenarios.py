"""Named days of the past and how far coins fell on them."""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from perpcalc.decimals import rate
from perpcalc.errors import PerpcalcError, shown, suggestion
from perpcalc.options import SCENARIO

FILE = Path(__file__).parent.parent / "scenarios.toml"
LIST = "list"


class Scenario(NamedTuple):
    """What happened on some days: the move of each coin that is known, and where that is from."""

    name: str
    days: str
    title: str
    source: str
    moves: Mapping[str, Decimal]


@lru_cache(maxsize=1)
def scenarios() -> dict[str, Scenario]:
    """All named days, the oldest first."""
    import tomllib

    with FILE.open("rb") as file:
        tables = tomllib.load(file)
    return {
        name: Scenario(
            name,
            table["days"],
            table["title"],
            f"{table['source']}, written down on {table['written']}",
            {coin: rate(text) for coin, text in table["moves"].items()},
        )
        for name, table in tables.items()
    }


def scenario(name: str) -> Scenario:
    """The days of a name; raises PerpcalcError for one that is not known."""
    known = scenarios()
    if name not in known:
        raise PerpcalcError(f"{shown(name)} is not known", f"give {suggestion(name, (*known, LIST))}").at(SCENARIO.key)
    return known[name]
