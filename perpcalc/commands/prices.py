"""What is held at the prices that a check looks at, where all contracts of a coin move together, and what a trade finds
there.
"""

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.commands.book import united
from perpcalc.commands.case import Case
from perpcalc.commands.trades import NO_MAINTENANCE, contract_of
from perpcalc.core.wallet import equity
from perpcalc.decimals import ZERO
from perpcalc.portfolio import Account, Portfolio

if TYPE_CHECKING:
    from perpcalc.commands.legs import LegCase


class Prices(NamedTuple):
    """A portfolio with its prices, and positions of it with their marks: inverse ones first, then linear legs."""

    portfolio: Portfolio
    entries: "tuple[Case | LegCase, ...]"

    @property
    def cases(self) -> list[Case]:
        """The inverse positions."""
        return [one for one in self.entries if isinstance(one, Case)]

    @property
    def legs(self) -> "list[LegCase]":
        """The linear legs."""
        return [one for one in self.entries if not isinstance(one, Case)]


def coin_of(one: "Case | LegCase") -> str:
    """The coin whose price moves a position."""
    return one.instrument.currency if isinstance(one, Case) else one.leg.coin


def price_of(prices: Prices, trade: Case) -> Decimal | None:
    """The price that a contract has where it is held; None where it is not, or has none."""
    marks = (case.mark for case in prices.cases if contract_of(case) == contract_of(trade))
    return next((mark for mark in marks if mark is not None), None)


def at_price(prices: Prices, trade: Case, price: Decimal, old: Decimal | None) -> Prices:
    """All that is held where the contract of a trade has a price: whatever is of its coin moves in proportion.

    The others stay where they are if the contract had no price, `old`, before.
    """
    coin, contract = trade.instrument.currency, contract_of(trade)

    def moved(value: Decimal | None) -> Decimal | None:
        return value if value is None or old is None else value * price / old

    def placed(one: "Case | LegCase") -> "Case | LegCase":
        if not isinstance(one, Case):
            return one._replace(
                price=moved(one.price) if one.leg.coin == coin else one.price,
                settle_price=moved(one.settle_price) if one.leg.settle == coin else one.settle_price,
            )
        if one.instrument.currency != coin:
            return one
        return one._replace(mark=price if one.mark is None or contract_of(one) == contract else moved(one.mark))

    inverse = tuple(map(placed, prices.cases))
    of_coin = {name: moved(known) if name == coin else known for name, known in prices.portfolio.prices.items()}
    portfolio = prices.portfolio._replace(prices={name: known for name, known in of_coin.items() if known is not None})
    return Prices(portfolio, (*inverse, *map(placed, prices.legs)))


def unmaintained(one: "Case | LegCase") -> "Case | LegCase":
    """A position as far as its worth goes, which needs no maintenance rate."""
    return one._replace(rules=one.rules._replace(schedule=NO_MAINTENANCE)) if isinstance(one, Case) else one


def is_hedged(trade: Case, prices: Prices) -> bool:
    """Whether the account, whose positions these are, keeps both sides of a contract: it says so, or holds both."""
    if trade.account is None:
        return False
    home = prices.portfolio.account(trade.account)
    if home.mode is not None:
        return home.mode == "hedge"
    return len({case.side for case in prices.cases if contract_of(case) == contract_of(trade)}) > 1


def free(trade: Case, prices: Prices) -> tuple[Decimal, Decimal | None]:
    """The balance of the trade's account and its equity now, in coin; without an account all that a margin may need.

    Of an account of several coins it is what it holds of the trade's coin.
    """
    home = None if trade.account is None else prices.portfolio.account(trade.account)
    if home is None:
        return Decimal("Infinity"), None
    if home.unified is not None:
        return home.unified.balances.get(trade.instrument.currency, ZERO), None
    balance = home.balance or ZERO
    worth = united([unmaintained(one) for one in prices.entries], prices.portfolio)
    shared = [one for one in worth.cases if one.account == home.name and one.shared is not None]
    if not shared or shared[0].mark is None:
        return balance, None
    standing = shared[0].in_wallet()
    return balance, equity(standing.wallet, standing.holding.ratio / shared[0].mark)


def paid_in(portfolio: Portfolio, trade: Case, coin: Decimal) -> Portfolio:
    """The portfolio after so much coin went into the account of the trade."""
    if trade.account is None or not coin:
        return portfolio

    def paid(account: Account) -> Account:
        if account.name != trade.account:
            return account
        if account.unified is not None:
            held = dict(account.unified.balances)
            held[trade.instrument.currency] = held.get(trade.instrument.currency, ZERO) + coin
            return account._replace(unified=account.unified._replace(balances=held))
        return account._replace(balance=(account.balance or ZERO) + coin)

    return portfolio._replace(accounts=tuple(map(paid, portfolio.accounts)))
