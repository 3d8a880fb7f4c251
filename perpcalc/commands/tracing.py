"""Questions asked with numbers that remember how they were made, and the names of those that formulas need."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import TypeVar

from perpcalc.answer import Answer, Estimate, Explained
from perpcalc.commands.case import Case
from perpcalc.commands.moves import Moves
from perpcalc.core.liquidation import Liquidation
from perpcalc.core.plan import State
from perpcalc.core.position import Fill
from perpcalc.core.rules import YEAR
from perpcalc.core.solve import Solved
from perpcalc.decimals import ZERO
from perpcalc.errors import PerpcalcError
from perpcalc.given import Given, Option
from perpcalc.grammar import Take
from perpcalc.options import EXPLAIN, EXTRA_MARGIN, FILL, HORIZON, MARGIN, MARK_INTERVAL, VOL
from perpcalc.portfolio import Account, Portfolio
from perpcalc.trace import Traced, label, leaf

A = TypeVar("A", bound=Answer)

NAMES = {
    "entry": "entry_price",
    "exit": "exit_price",
    "mark": "mark_price",
    "stop": "stop_price",
    "for": "time_held",
    "entry_fee": "entry_fee_rate",
    "exit_fee": "exit_fee_rate",
    "liquidation_fee": "fee_rate",
    "closing_fee": "f",
}
"""What formulas call some options: as the fields of answers do, or the textbook."""


def traced(given: Given, place: int | None = None) -> Given:
    """What is given, every number a leaf of its option's name; `place` is the number of a position in its portfolio."""
    names = {**NAMES, MARGIN.name: "own_margin"} if EXTRA_MARGIN in given else NAMES  # the margin is the sum of both
    values = {name: _traced(names.get(name, name), value, place) for name, value in given.values.items()}
    return Given(values, given.filled)


def untraced(given: Given) -> Given:
    """The question with plain numbers again, for what is too long to be explained step by step."""
    values = {name: Decimal(value) if isinstance(value, Traced) else value for name, value in given.values.items()}
    if fills := given[FILL]:
        values[FILL.name] = tuple(Fill(Decimal(one.contracts), Decimal(one.price)) for one in fills)
    return Given(values, given.filled).without((EXPLAIN,))


def renamed(given: Given, names: Mapping[Option[Decimal], str]) -> Given:
    """The same, some numbers called by another name than their option's: one that is also a field of the answer."""
    for option, name in names.items():
        value = given[option]
        given = given if value is None else given.put(option, leaf(value, name))
    return given


def _traced(name: str, value: object, place: int | None) -> object:
    if isinstance(value, Decimal):
        return value if isinstance(value, Traced) else leaf(value, name, place=place)
    if isinstance(value, tuple) and value and all(isinstance(one, Fill) for one in value):
        return tuple(
            Fill(leaf(one.contracts, "contracts", place=number), leaf(one.price, "price", place=number))
            for number, one in enumerate(value, 1)
        )
    if isinstance(value, tuple) and value and all(isinstance(one, Take) for one in value):
        return tuple(_traced_take(one, number) for number, one in enumerate(value, 1))
    return value


def traced_moves(moves: Moves) -> Moves:
    """Moves of the market as numbers: `move` of the formulas."""
    coins = moves.coins
    return moves._replace(
        ladder=[leaf(move, "move") for move in moves.ladder],
        coins=None if coins is None else {coin: leaf(move, "move") for coin, move in coins.items()},
    )


def traced_portfolio(portfolio: Portfolio) -> Portfolio:
    """A portfolio whose prices and coins have names in formulas, `BTC_price`, `BTC_held` and the `balance` of a
    wallet.
    """
    return portfolio._replace(
        prices={coin: leaf(price, f"{coin}_price") for coin, price in portfolio.prices.items()},
        accounts=tuple(map(_traced_account, portfolio.accounts)),
        holdings=tuple(one._replace(amount=leaf(one.amount, f"{one.coin}_held")) for one in portfolio.holdings),
    )


def _traced_account(account: Account) -> Account:
    if account.unified is not None:
        held = {coin: leaf(amount, f"{coin}_held") for coin, amount in account.unified.balances.items()}
        return account._replace(unified=account.unified._replace(balances=held))
    return account if account.balance is None else account._replace(balance=leaf(account.balance, "balance"))


def _traced_take(take: Take, number: int) -> Take:
    contracts, share = (
        None if one is None else leaf(one, name, place=number)
        for one, name in ((take.contracts, "taken"), (take.share, "share"))
    )
    return Take(contracts, share, leaf(take.price, "take_price", place=number))


def named_steps(states: Iterable[State]) -> None:
    """Name what is held and realised after each step of a ladder, so that the next steps can say it."""
    for number, state in enumerate(states, 1):
        for value, name in (
            (state.value, "V"),
            (state.contracts, "held"),
            (state.realised_pnl, "realised_pnl"),
            (state.loss_at_stop, "loss_at_stop"),
        ):
            if isinstance(value, Traced) and value.label is None:
                label(value, f"{name}_{number}", number)


def told_apart(case: Case) -> Case:
    """A position whose size, value and entry have names, so that those of several in a portfolio can be told apart."""
    if case.position is not None:
        label(case.position.entry_price, "entry_price", case.order)
        label(case.position.stored_value, "V", case.order)
        label(case.position.notional, "notional", case.order)
    return case


def with_names(answer: A, case: Case) -> A:
    """An answer whose formulas name the coin value `V` of the position, its entry, where it is bankrupt, and what
    counts as its margin, `B`.
    """
    named: dict[str, Decimal | None] = {}
    if case.position is not None:
        named["V"] = case.position.stored_value
        named["entry_price"] = case.position.entry_price
    if case.margin is not None and case.shared is None:
        named["B"] = case.margin.usable
    with suppress(PerpcalcError):
        named["bankruptcy_price"] = case.liquidation().bankruptcy_price
    beside = answer.explained
    return answer.explained_by(beside._replace(named={**named, **beside.named}))


def with_position_after(answer: A, case: Case, found: Solved) -> A:
    """An answer whose formulas name the size and the coin value of the position that is solved for."""
    contracts, entry = found.contracts_after, found.entry_price_after
    if contracts is None or not entry or contracts == case.contracts:
        return answer
    notional = contracts * case.instrument.contract_size
    beside = answer.explained
    named = {**beside.named, "notional_after": notional, "V_after": notional / entry}
    return answer.explained_by(beside._replace(named=named))


def with_touch(answer: A, given: Given, found: Liquidation, start: Decimal) -> A:
    """An answer with the formula behind its probability of a touch, where it is to be explained and there is one."""
    vol, horizon = given[VOL], given[HORIZON]
    end = found.liquidation_price
    if EXPLAIN not in given or vol is None or horizon is None or end is None:
        return answer
    from perpcalc.core.touch import FORMULA, barrier_seen

    seen = barrier_seen(start, end, vol, given[MARK_INTERVAL] or ZERO)
    numbers = {"S": start, "L": seen, "vol": vol, "years": horizon / YEAR}
    return answer.explained_by(Explained(estimates={"touch_probability": Estimate(FORMULA, numbers)}))
