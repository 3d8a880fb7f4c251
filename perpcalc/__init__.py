"""Position risk of inverse (coin-margined) perpetual contracts.

The functions of `perpcalc.core` under one name, imported when they are asked for. Those called from here compute in the
program's own Decimal context, whatever the caller's is.

>>> import perpcalc
>>> position = perpcalc.open_at(perpcalc.PLAIN, perpcalc.LONG, perpcalc.number("10000"), perpcalc.number("8000"))
>>> perpcalc.plain(perpcalc.gross_pnl(position, perpcalc.number("9000")))
'0.138888888888888889'
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "decimals": ("number", "amount", "rate", "duration", "plain"),
    "errors": ("PerpcalcError",),
    "venues": ("find",),
    "core.rounding": ("EXACT", "Grid", "Rounding"),
    "core.instrument": (
        "PLAIN",
        "Instrument",
        "coin_value",
        "contracts_of_coin",
        "contracts_of_usd",
        "trade_fee",
        "whole_lots",
    ),
    "core.margin": ("ClosingFee", "Schedule", "Tier", "flat_rate", "with_deductions"),
    "core.position": ("LONG", "SHORT", "Fill", "Position", "closed_partly", "merged", "open_at", "open_by_fills"),
    "core.account": ("Account", "Holding", "account", "equity", "maintenance", "safe_spans"),
    "core.liquidation": (
        "Liquidation",
        "Margin",
        "given_margin",
        "isolated_margin",
        "liquidation",
        "position_liquidation",
    ),
    "core.pnl": ("ProfitAndLoss", "gross_pnl", "price_for_roe", "profit_and_loss", "return_on_equity", "target_price"),
    "core.funding": ("FundingRule", "annual_rate", "annual_yield", "funding_payment", "funding_rate", "premium"),
    "core.hedge": ("Hedge", "HedgePlan", "hedge"),
    "core.greeks": ("Greeks", "greeks"),
    "core.stress": ("Rung", "Stake", "fatal_moves", "ladder"),
    "core.sizing": ("Plan", "Size", "max_safe_leverage", "size"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
__all__ = list(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'perpcalc' has no attribute {name!r}")
    found = getattr(import_module(f"perpcalc.{_HOME_OF[name]}"), name)
    if callable(found) and not isinstance(found, type):
        found = _in_context(found)
    globals()[name] = found
    return found


def _in_context(function: Any) -> Any:
    """The function, computing in the program's own Decimal context."""
    from decimal import localcontext
    from functools import wraps

    from perpcalc.decimals import CONTEXT

    @wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        with localcontext(CONTEXT):
            return function(*args, **kwargs)

    return inner
