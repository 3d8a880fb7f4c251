"""Accounts of several coins that owe some and hold nothing open: no position says how they stand to a limit."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from perpcalc.commands.case import Case
from perpcalc.commands.unified import UnifiedShared, reading_of
from perpcalc.core.unified_liquidation import common_move
from perpcalc.portfolio import Account, Portfolio

if TYPE_CHECKING:
    from perpcalc.commands.legs import LegCase


def debts_of(portfolio: Portfolio, entries: "Iterable[Case | LegCase]", account: str | None) -> list[UnifiedShared]:
    """The accounts in debt that carry none of the entries; of one account alone where it is named."""
    carrying = {one.account for one in entries if one.shared is not None}
    return [
        UnifiedShared(one, portfolio, (), (), reading_of(one))
        for one in portfolio.accounts
        if account in (None, one.name) and one.name not in carrying and _owes(one)
    ]


def _owes(account: Account) -> bool:
    return account.unified is not None and any(amount < 0 for amount in account.unified.balances.values())


def _nearest(shared: UnifiedShared) -> Decimal | None:
    """The size of the nearer common move that liquidates, as `status` shows it; None for never."""
    found = common_move(shared.sums)
    return min((abs(end) for end in (found.down, found.up) if end is not None), default=None)


MEASURES: Mapping[str, Callable[[UnifiedShared], Decimal | None]] = {
    "max_leverage": lambda shared: shared.now.leverage,
    "min_liquidation_distance": _nearest,
    "max_margin_ratio": lambda shared: shared.now.margin_ratio,
}
"""What can be asked of an account without positions."""
