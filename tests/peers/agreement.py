"""Finding a peer's package, and the worst difference of each comparison with it."""

import warnings
from decimal import Decimal
from types import ModuleType

import pytest

from perpcalc.decimals import plain

TOLERANCE = Decimal("1e-12")


def peer(module: str, requirement: str) -> ModuleType:
    """A module of a peer; without it the test is skipped."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(module, reason=f"compares with a package: pip install '{requirement}'")


class Agreement:
    """Asserts that two answers agree, and remembers how often they were compared and how far they were apart at worst."""

    def __init__(self) -> None:
        self.seen: dict[str, tuple[int, Decimal]] = {}

    def __call__(
        self,
        what: str,
        ours: Decimal,
        theirs: Decimal | float,
        scale: Decimal | None = None,
        tolerance: Decimal = TOLERANCE,
    ) -> None:
        """Compare relative to `scale`, the size of the numbers that went into the peer's answer; else to our answer."""
        given = theirs if isinstance(theirs, Decimal) else Decimal.from_float(theirs)
        apart = abs(ours - given) / ((abs(ours) if scale is None else scale) or Decimal(1))
        times, worst = self.seen.get(what, (0, Decimal(0)))
        self.seen[what] = times + 1, max(worst, apart)
        assert apart <= tolerance, f"{what}: {plain(ours)} against {theirs}, {apart:.1E} apart"


AGREEMENT = Agreement()
