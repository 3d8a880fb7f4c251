"""`perpcalc greeks`: how a position moves with the price, in three frames."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from perpcalc.answer import Figure, Identified, Kind, Sentence
from perpcalc.commands.case import NEED_ENTRY, NEED_SIDE, NEED_SIZE, Case, Shared
from perpcalc.commands.command import Command, Row
from perpcalc.commands.legs import LegCase
from perpcalc.commands.positions import Asked, Remarks, by_position, placed
from perpcalc.core.greeks import Greeks, balance_greeks, greeks
from perpcalc.core.linear import leg_greeks
from perpcalc.decimals import ZERO, plain
from perpcalc.given import Given
from perpcalc.options import (
    COLLATERAL,
    CONTRACTS,
    ENTRY,
    MARK,
    OUTPUT,
    PORTFOLIO,
    POSITION,
    POSITION_RULES,
    SIDE,
    TOTAL,
)

COIN, USD = Kind("coin", "coin"), Kind("usd", "USD")
FRAME_KINDS = {
    "coin": {"value": Kind("gain", "coin")},
    "usd": {"value": USD, "delta": COIN},
    "contract": {"delta": COIN},
}


class PositionGreeks(Identified):
    """Value, delta and gamma of a position in one frame."""

    title = "Greeks"
    columns = ("frame", "delta", "delta_unit", "value", "gamma", "gamma_unit", "name", "side", "contracts", "account")
    sums = ("value", "delta", "gamma")

    frame: str | None
    value: Figure | None
    delta: Figure | None
    gamma: Figure | None
    delta_unit: str | None
    gamma_unit: str | None
    reason: str | None

    @classmethod
    def summary(cls, rows: "Sequence[Any]") -> Sentence:
        """The exposure in coins, of one position or of all."""
        deltas: dict[str, Decimal] = {}
        for row in rows:
            if row.frame == "usd" and row.delta is not None:
                deltas[row.currency] = deltas.get(row.currency, ZERO) + row.delta
        said = ", ".join(f"{plain(round(delta, 8))} {coin}" for coin, delta in deltas.items())
        return (f"in USD it moves like {said}",) if said else ()

    def shown_kinds(self) -> Mapping[str, Kind]:
        """What the figures of this frame are."""
        return FRAME_KINDS.get(self.frame or "", {})


def rows(positions: Sequence[Asked], said: Remarks) -> list[list[Row]]:
    """Three rows for each position, and one for the balance of an account after its last."""
    made: list[list[Row]] = []
    last_of = {case.account: index for index, (case, _) in enumerate(positions) if isinstance(case.shared, Shared)}
    for index, (case, given) in enumerate(positions):
        with placed(case):
            position, mark = case.opened(), case.mark or case.opened().entry_price
        found = greeks(position, mark, _collateral(case, given))
        made.append([Row(_row(case.identity(), case.instrument.currency, one), case.market) for one in found])
        if isinstance(case.shared, Shared) and last_of[case.account] == index:
            balance = balance_greeks(case.shared.balance, mark)
            made[-1].append(Row(_row(_of_account(case), case.instrument.currency, balance), case.market))
    return made


def _collateral(case: Case, given: Given) -> Decimal:
    """The coins that count with the position; a balance that it shares has a row of its own."""
    if (given_collateral := given[COLLATERAL]) is not None:
        return given_collateral
    return ZERO if case.margin is None or case.shared is not None else case.margin.coin


def _leg(leg: LegCase) -> PositionGreeks:
    """A linear leg, whose delta is its coins at every price."""
    coin = leg.leg.coin
    if leg.price is None or leg.settle_price is None:
        unknown = {**dict.fromkeys(PositionGreeks._fields), **leg.identity()}
        return PositionGreeks(**unknown | {"reason": f"{coin} has no price: write it into [prices]"})
    return _row(leg.identity(), coin, leg_greeks(leg.leg, leg.price, leg.settle_price))


def _of_account(case: Case) -> dict[str, Any]:
    own = dict.fromkeys(("name", "instrument", "side", "contracts", "contract_size", "notional_usd"))
    return {**case.identity(), **own}


def _row(identity: dict[str, Any], coin: str, one: Greeks) -> PositionGreeks:
    delta_unit, gamma_unit = (f"{coin}/USD", f"{coin}/USD^2") if one.frame == "coin" else (coin, f"{coin}/USD")
    return PositionGreeks(
        **identity,
        frame=one.frame,
        value=one.value,
        delta=one.delta,
        gamma=one.gamma,
        delta_unit=delta_unit,
        gamma_unit=gamma_unit,
        reason=None,
    )


COMMAND = Command(
    "greeks",
    "How a position moves with the price: value, delta and gamma of the profit in coin, of everything in USD, and of the contract alone.",
    (
        "perpcalc greeks --venue bybit --side long -n 10k --entry 62500 --mark 63000 --balance 0.5",
        "perpcalc greeks --side short --usd 50k --entry 62500 --collateral 1",
    ),
    (*POSITION, PORTFOLIO, MARK, COLLATERAL, *OUTPUT, TOTAL),
    PositionGreeks,
    by_position(PositionGreeks, rows, needs=(NEED_SIDE, NEED_SIZE, NEED_ENTRY), one=False, leg=_leg),
    POSITION_RULES,
    needed=(SIDE, CONTRACTS, ENTRY),
)
