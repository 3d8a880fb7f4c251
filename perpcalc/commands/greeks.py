"""`perpcalc greeks`: how a position moves with the price, in three frames."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from perpcalc.answer import Answer, Explained, Figure, Identified, Kind, Said, Sentence, Value
from perpcalc.commands.case import NEED_ENTRY, NEED_SIDE, NEED_SIZE, Case, Shared
from perpcalc.commands.command import ROWS, Command, Row
from perpcalc.commands.legs import LegCase, no_price
from perpcalc.commands.positions import Asked, Remarks, by_position, unknown
from perpcalc.core.greeks import Greeks, balance_greeks, greeks
from perpcalc.core.linear import leg_greeks
from perpcalc.core.pegged import PEGGED
from perpcalc.decimals import ZERO
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

if TYPE_CHECKING:
    from perpcalc.commands.book import Book

COIN, USD = Kind("coin", "coin"), Kind("usd", "USD")
FRAME_KINDS = {
    "coin": {"value": Kind("gain", "coin")},
    "usd": {"value": USD, "delta": COIN},
    "contract": {"delta": COIN},
}


WHYS = {
    "coin": Explained(
        {
            "value": "the profit in coin at the mark, as the venue rounds it",
            "delta": "coins gained per USD that the price rises",
            "gamma": (
                "how that changes per USD: a long is short convexity in coin, a short is long convexity\n"
                "source: BitMEX blog, Convexity"
            ),
        }
    ),
    "usd": Explained(
        {
            "value": "what the coins that count and the profit are worth in USD, both kept in coin",
            "delta": "coins held in effect, the same at every price: the contract's delta and the profit in coin",
            "gamma": "with its coins an inverse position is exactly linear in USD",
        }
    ),
    "contract": Explained(
        {
            "delta": "coins to trade against the contract alone, its profit swept to USD as it comes",
            "gamma": "how that delta changes per USD\nsource: FTX blog, Careful when long BitMEX",
        }
    ),
}
"""What the figures of each frame mean."""


class PositionGreeks(Identified):
    """Value, delta and gamma of a position in one frame."""

    title = "Greeks"
    columns = ("name", "account", "frame", "delta", "delta_unit", "value", "gamma", "gamma_unit", "side", "contracts")
    sums = ("value", "delta", "gamma")

    frame: str | None
    value: Figure | None
    delta: Figure | None
    gamma: Figure | None
    delta_unit: str | None
    gamma_unit: str | None
    reason: str | None

    @classmethod
    def summary(cls, rows: Sequence[Answer], sums: Sequence[Answer] = ()) -> Sentence:
        """The exposure in coins, of one position or of all."""
        deltas: dict[str, Decimal] = {}
        for row in rows:
            if isinstance(row, PositionGreeks) and row.frame == "usd" and row.delta is not None:
                deltas[row.currency or ""] = deltas.get(row.currency or "", ZERO) + row.delta
        moving = [Said(delta, Kind("figure", coin)) for coin, delta in deltas.items() if coin not in PEGGED]
        if not moving:
            return ()
        between = (part for delta in moving for part in (", ", delta))
        return ("in USD it moves like ", *tuple(between)[1:])

    def shown_kinds(self) -> Mapping[str, Kind]:
        """What the figures of this frame are."""
        kinds = FRAME_KINDS.get(self.frame or "", {})
        return {**kinds, "delta": USD} if self.delta_unit == "USD" else kinds


def answers(positions: Iterable[Asked], said: Remarks) -> list[list[PositionGreeks]]:
    """Three rows for each position."""
    made: list[list[PositionGreeks]] = []
    for case, given in positions:
        reasons: list[str] = []
        position = unknown(case.opened, reasons)
        if position is None:
            made.append([PositionGreeks.knowing(**case.identity(), reason=reasons[0])])
            continue
        found = greeks(position, case.mark or position.entry_price, _collateral(case, given))
        made.append([_row(case.instrument.currency, one, **case.identity()) for one in found])
    return made


def _beside(book: "Book", given: Given) -> dict[int, list[Row]]:
    """The coins of each account after its last position, and those outside any account at the end.

    Coins that are given to count stand for all of them, once for each coin.
    """
    if (counted := given[COLLATERAL]) is not None:
        ends = {_coin(entry): number for number, entry in enumerate(book.entries)}
        return {number: [Row(_of_coins(coin, counted, book.price(coin)))] for coin, number in ends.items()}
    last = {one.account: number for number, one in enumerate(book.entries) if one.shared is not None}
    made = {number: [Row(one) for one in _balances(book.entries[number], book)] for number in last.values()}
    held = [_of_coins(one.coin, one.amount, book.price(one.coin)) for one in book.portfolio.holdings]
    return {**made, len(book.entries): [Row(one) for one in held]}


def _coin(entry: Case | LegCase) -> str:
    return entry.instrument.currency if isinstance(entry, Case) else entry.leg.coin


def _balances(entry: Case | LegCase, book: "Book") -> list[PositionGreeks]:
    venue = entry.identity()["venue"]
    if isinstance(entry.shared, Shared):
        first = entry.shared.cases[0]
        price = first.mark or first.opened().entry_price
        return [_of_coins(first.instrument.currency, entry.shared.balance, price, entry.account, venue)]
    unified = next(account.unified for account in book.portfolio.accounts if account.name == entry.account)
    coins = {} if unified is None else unified.balances
    return [_of_coins(coin, amount, book.price(coin), entry.account, venue) for coin, amount in coins.items()]


def _of_coins(
    coin: str, amount: Decimal, price: Decimal | None, account: str | None = None, venue: str | None = None
) -> PositionGreeks:
    """Coins that are held, whose delta is their number."""
    if price is None:
        return PositionGreeks.knowing(account=account, venue=venue, currency=coin, frame="usd", reason=no_price(coin))
    return _row(coin, balance_greeks(amount, price), account=account, venue=venue, currency=coin)


def _sums(rows: Sequence[Row], book: "Book") -> list[Row]:
    """What moves in USD like each coin, and all in USD: the frames do not add up with each other, nor coins with
    coins.
    """
    by_coin: dict[str, list[PositionGreeks]] = {}
    for row in rows:
        if isinstance(one := row.answer, PositionGreeks) and one.frame == "usd":
            by_coin.setdefault(one.currency or "", []).append(one)
    made, exposures = [], []
    for coin, ones in sorted(by_coin.items()):
        value, delta, gamma = (_sum([getattr(one, name) for one in ones]) for name in ("value", "delta", "gamma"))
        made.append(_total(coin, value, delta, coin)._replace(gamma=gamma, gamma_unit=f"{coin}/USD"))
        price = book.price(coin)
        exposures.append(None if delta is None or price is None else delta * price)
    return [Row(one) for one in (*made, _total("USD", _sum([one.value for one in made]), _sum(exposures), "USD"))]


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [one for one in amounts if one is not None]
    return sum(known, ZERO) if len(known) == len(amounts) else None


def _total(currency: str, value: Decimal | None, delta: Decimal | None, unit: str) -> PositionGreeks:
    return PositionGreeks.knowing(currency=currency, frame="usd", value=value, delta=delta, delta_unit=unit)


def _collateral(case: Case, given: Given) -> Decimal:
    """The coins that count with the position: its own margin, unless others are given; in a portfolio those stand
    apart.
    """
    if (counted := given[COLLATERAL]) is not None:
        return counted if case.place is None else ZERO
    return ZERO if case.margin is None or case.shared is not None else case.margin.coin


def _leg(leg: LegCase) -> PositionGreeks:
    """A linear leg, whose delta is its coins at every price."""
    if leg.price is None or leg.settle_price is None:
        unpriced = leg.leg.settle if leg.price else leg.leg.coin
        return PositionGreeks.knowing(**leg.identity(), frame="usd", reason=no_price(unpriced))
    return _row(leg.leg.coin, leg_greeks(leg.leg, leg.price, leg.settle_price), **leg.identity())


def _row(coin: str, one: Greeks, **identity: Value) -> PositionGreeks:
    delta_unit, gamma_unit = (f"{coin}/USD", f"{coin}/USD^2") if one.frame == "coin" else (coin, f"{coin}/USD")
    made = PositionGreeks.knowing(**identity, **one._asdict(), delta_unit=delta_unit, gamma_unit=gamma_unit)
    return made.explained_by(WHYS[one.frame])


COMMAND = Command(
    "greeks",
    "How a position moves with the price. Value, delta and gamma of the profit in coin, of everything in USD, and of"
    " the contract alone.",
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
        beside=_beside,
        sums=_sums,
    ),
    POSITION_RULES,
    needed=(SIDE, CONTRACTS, ENTRY),
    shape=ROWS,
)
