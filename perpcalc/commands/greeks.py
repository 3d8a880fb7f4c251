"""`perpcalc greeks`: how a position moves with the price, in three frames."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from perpcalc.answer import Figure, Identified, Kind, Sentence
from perpcalc.commands.book import Book
from perpcalc.commands.case import NEED_ENTRY, NEED_SIDE, NEED_SIZE, Case
from perpcalc.commands.command import Command, Row
from perpcalc.commands.legs import LegCase
from perpcalc.commands.positions import Asked, Remarks, by_position, placed, unknown
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


def answers(positions: Sequence[Asked], said: Remarks) -> list[list[PositionGreeks]]:
    """Three rows for each position; in a portfolio the coins behind the positions have rows of their own."""
    made: list[list[PositionGreeks]] = []
    for case, given in positions:
        reasons: list[str] = []
        with placed(case):
            position = unknown(case.opened, reasons)
        if position is None:
            made.append([_unknown(case.identity(), reasons[0])])
            continue
        found = greeks(position, case.mark or position.entry_price, _collateral(case, given))
        made.append([_row(case.identity(), case.instrument.currency, one) for one in found])
    return made


def _collateral(case: Case, given: Given) -> Decimal:
    """The coins that count with the position: its own margin, unless others are given; in a portfolio those stand apart."""
    counted = given[COLLATERAL]
    if counted is not None:
        return counted if case.place is None else ZERO
    return ZERO if case.margin is None or case.shared is not None else case.margin.coin


def _backing(book: Book, given: Given) -> dict[int, list[Row]]:
    """Rows of the coins behind the positions of a portfolio, by the place of the last position that they back.

    Those held apart come last. Coins that are given to count stand for all others, once for each coin.
    """
    made: dict[int, list[Row]] = {}
    if (counted := given[COLLATERAL]) is not None:
        last = {_coin(entry): place for place, entry in enumerate(book.entries)}
        for coin, place in last.items():
            made.setdefault(place, []).append(_coins(book, coin, counted))
        return made
    homes = {account.name: account for account in book.portfolio.accounts}
    backed = {entry.account: place for place, entry in enumerate(book.entries) if entry.shared is not None}
    for name, place in backed.items():
        home = homes[name or ""]
        held = {home.currency: home.balance or ZERO} if home.unified is None else home.unified.balances
        made[place] = [_coins(book, coin, amount, name, home.venue) for coin, amount in held.items()]
    apart = [_coins(book, holding.coin, holding.amount) for holding in book.portfolio.holdings]
    made.setdefault(len(book.entries) - 1, []).extend(apart)
    return made


def _coin(entry: Case | LegCase) -> str:
    return entry.instrument.currency if isinstance(entry, Case) else entry.leg.coin


def _coins(book: Book, coin: str, amount: Decimal, account: str | None = None, venue: str | None = None) -> Row:
    """Coins as they move with their price, in the frame of USD."""
    identity = dict.fromkeys(Identified._fields) | {"account": account, "venue": venue, "currency": coin}
    if (price := book.price(coin)) is None:
        return Row(_unknown(identity, f"{coin} has no price: write it into [prices]"))
    return Row(_row(identity, coin, balance_greeks(amount, price)))


def _totals(rows: Sequence[Row]) -> list[Row]:
    """What can be added up: the frame of USD, where gamma is 0; a row for each coin and one for the value of all."""
    values: dict[str, Decimal] = {}
    deltas: dict[str, Decimal] = {}
    for row in rows:
        found = row.answer
        if isinstance(found, PositionGreeks) and found.frame == "usd" and found.value is not None:
            coin = str(found.currency)
            values[coin] = values.get(coin, ZERO) + found.value
            deltas[coin] = deltas.get(coin, ZERO) + (found.delta or ZERO)
    of_no_one = dict.fromkeys(Identified._fields)
    made = [
        _row(of_no_one | {"currency": coin}, coin, Greeks("usd", values[coin], deltas[coin], ZERO))
        for coin in sorted(values)
    ]
    in_usd = _unknown(of_no_one | {"currency": "USD", "frame": "usd", "value": sum(values.values(), ZERO)}, None)
    return [*map(Row, made), Row(in_usd)]


def _leg(leg: LegCase) -> PositionGreeks:
    """A linear leg, whose delta is its coins at every price."""
    coin = leg.leg.coin
    if leg.price is None or leg.settle_price is None:
        return _unknown(leg.identity(), f"{coin} has no price: write it into [prices]")
    return _row(leg.identity(), coin, leg_greeks(leg.leg, leg.price, leg.settle_price))


def _unknown(identity: dict[str, Any], reason: str | None) -> PositionGreeks:
    return PositionGreeks(**{**dict.fromkeys(PositionGreeks._fields), **identity, "reason": reason})


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
    by_position(
        PositionGreeks,
        answers,
        needs=(NEED_SIDE, NEED_SIZE, NEED_ENTRY),
        one=False,
        leg=_leg,
        beside=_backing,
        totals=_totals,
    ),
    POSITION_RULES,
    needed=(SIDE, CONTRACTS, ENTRY),
)
