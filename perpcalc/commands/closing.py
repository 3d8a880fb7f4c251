"""What closing a position into an order book costs, where one is given; else the slippage as it is given."""

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.commands.case import Case
from perpcalc.decimals import ONE, ZERO
from perpcalc.errors import PerpcalcError, Words, printable
from perpcalc.given import Given
from perpcalc.options import BOOK, DEPTH_FACTOR, SLIPPAGE

if TYPE_CHECKING:
    from perpcalc.readers.books import Snapshot


class Closing(NamedTuple):
    """How far the price slips when a position is closed, and the contracts that a book cannot fill, None for none."""

    slippage: Decimal
    unfilled: Decimal | None = None


def read_book(given: Given, notes: list[Words]) -> "Snapshot | None":
    """The order book that is given, what is assumed of it in `notes`; None where there is none."""
    path = given[BOOK]
    if path is None:
        return None
    from perpcalc.readers.books import read_book as read

    book = read(path)
    notes += [f"{book.where}: {note}" for note in book.notes]
    return book


def closing_into(book: "Snapshot | None", case: Case, given: Given) -> Closing:
    """How closing the position moves the price: as the book says, as the option says, else not at all."""
    if book is None:
        return Closing(given[SLIPPAGE] or ZERO)
    from perpcalc.core.order_book import walked

    _check_contract(book, case)
    size, share = case.instrument.contract_size, given[DEPTH_FACTOR]
    walk = walked(book.book, case.side, case.contracts, size, ONE if share is None else share)
    return Closing(walk.slippage or ZERO, walk.rest or None)


def _check_contract(book: "Snapshot", case: Case) -> None:
    """Raise PerpcalcError where a book is of another coin than the position, or of a contract that is not inverse."""
    from perpcalc.readers.sheet import is_of_coin
    from perpcalc.readers.symbols import check_inverse, contract_of

    name, instrument = book.instrument, case.instrument
    if name is None:
        return
    error: PerpcalcError | None = None
    if not is_of_coin(name, instrument.currency):
        error = PerpcalcError(f"is of {printable(name)}, not of {instrument.currency}", "give the book of the contract")
    else:
        try:
            contract = contract_of(name, None if instrument.venue is None else instrument.venue.partition("@")[0])
        except PerpcalcError:
            return
        try:
            check_inverse(contract)
        except PerpcalcError as found:
            error = PerpcalcError(f"is of {printable(name)}, which {found.what}", "give the book of the contract")
    if error is not None:
        raise error.at(book.where)
