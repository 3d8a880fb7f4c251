"""What `--explain` says of a figure: how the venue rounds it, which rule it follows, and where that rule comes from."""

from collections.abc import Mapping
from typing import Any

from perpcalc.core.rounding import Grid


def provenance(rule: Mapping[str, Any] | None) -> str:
    """Where a venue's rule comes from and how sure it is, as lines of their own; empty where there is no rule."""
    if not rule:
        return ""
    note = f"\nnote: {rule['note']}" if "note" in rule else ""
    return f"\nsource: {rule['source']} ({rule['confidence']}, from {rule['from']}){note}"


def rounded(what: str, grid: Grid | None) -> str:
    """What a field is, and how its venue rounds it."""
    return what if grid is None else f"{what}; rounded as the venue does: {grid}"
