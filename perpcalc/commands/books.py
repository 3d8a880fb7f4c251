"""What closing a position into an order book costs, where one is given; else the slippage as it is given."""

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.commands.case import Case
from perpcalc.decimals import ONE, ZERO
from perpcalc.given import Given
from perpcalc.options import BOOK, DEPTH_FACTOR, SLIPPAGE

if TYPE_CHECKING:
    from perpcalc.readers.books import Snapshot


class Closing(NamedTuple):
    """How far the price slips when a position is closed, and the contracts that a book cannot fill, None for none."""

    slippage: Decimal
    unfilled: Decimal | None = None


def read_book(given: Given) -> "Snapshot | None":
    """The order book that is given; None where there is none."""
    path = given[BOOK]
    if path is None:
        return None
    from perpcalc.readers.books import read_book as read

    return read(path)


def closing_into(book: "Snapshot | None", case: Case, given: Given) -> Closing:
    """How closing the position moves the price: as the book says, as the option says, else not at all."""
    if book is None:
        return Closing(given[SLIPPAGE] or ZERO)
    from perpcalc.core.order_book import walked

    size, share = case.instrument.contract_size, given[DEPTH_FACTOR]
    walk = walked(book.book, case.side, case.contracts, size, ONE if share is None else share)
    return Closing(walk.slippage or ZERO, walk.rest or None)
