"""What is held at the prices that a check looks at: all contracts of a coin move together."""

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.commands.case import Case
from perpcalc.commands.trades import contract_of
from perpcalc.portfolio import Portfolio

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
