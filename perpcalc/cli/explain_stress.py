"""How each figure of `perpcalc stress` comes about."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from perpcalc.cli.case import Case
from perpcalc.cli.provenance import provenance
from perpcalc.cli.stress import Book
from perpcalc.core.margin import Piece
from perpcalc.core.wallet import Group, closing_fees_at_bankruptcy, piece_at
from perpcalc.decimals import ONE, ZERO, plain, settled
from perpcalc.render.report import Step
from perpcalc.render.text import Value

MOST_GROUPS = 8


class Part(NamedTuple):
    """A group of a living wallet after the move: its notional at the coin's price, and the piece of the schedule it is in."""

    group: Group
    notional: Decimal
    piece: Piece
    own_x: Decimal


def steps(book: Book, move: Decimal, liquidated: bool) -> list[Step]:
    """The steps of one account or isolated position after a move."""
    inputs: dict[str, Value] = {"coin_price": book.price, "collateral": book.stake.wallet.collateral}
    price = Step("price", "coin_price * (1 + move)", "all marks of the coin move in proportion", inputs)
    usd = Step("equity_usd", "equity * price")
    status = Step("status", "ok, or liquidated on the way from the mark", "what died on the way stays dead")
    if liquidated:
        gone = Step("pnl", "-collateral", "all that was put in", inputs)
        ratio = Step("margin_ratio", "1", "liquidated")
        return [price, gone, Step("equity", "0", "liquidated on the way from the mark"), usd, ratio, status]
    y = settled(ONE / (1 + move))
    return [
        price,
        Step("pnl", "equity - collateral", "against the entry prices, no fees and no funding", inputs),
        _equity(book),
        usd,
        _maintenance(book, y),
        Step("margin_ratio", "maintenance_margin / equity", "100% is liquidation"),
        status,
    ]


def _equity(book: Book) -> Step:
    wallet = book.stake.wallet
    inputs: dict[str, Value] = {
        "B": wallet.collateral,
        "sV": wallet.constant - wallet.collateral,
        "sQ": wallet.linear * book.price / book.stake.mark,
    }
    why = "B the collateral, sV = sum(side * entry value), sQ = sum(side * notional), at the price of the coin"
    return Step("equity", "B + sV - sQ / price", why, inputs)


def _maintenance(book: Book, y: Decimal) -> Step:
    """Each position in its tier, with the closing fees that count and what of extra margin does not."""
    parts = list(_parts(book, y))
    reserve = book.stake.reserve + closing_fees_at_bankruptcy(book.stake.wallet)
    reserved = " + reserve" if reserve else ""
    formula = " + ".join(_term(part) for part in parts[:MOST_GROUPS]) or "0"
    more = f" + ... ({len(parts) - MOST_GROUPS} more)" if len(parts) > MOST_GROUPS else ""
    told = [_tier(part) for part in parts[:MOST_GROUPS]]
    if reserve:
        told.append("reserve: closing fees at the bankruptcy price, and extra margin that does not count")
    told.append("nothing rounded as the venue does" + _sources(book.cases))
    return Step("maintenance_margin", formula + more + reserved, "\n".join(told), {"reserve": reserve})


def _parts(book: Book, y: Decimal) -> Iterable[Part]:
    mark = book.stake.mark
    x = y / mark
    for group in book.stake.wallet.groups:
        if not group.notional:
            continue
        at_price = group.notional / group.ratio * book.price / mark
        yield Part(group, at_price, piece_at(group, x, still=True), x / group.ratio)


def _term(part: Part) -> str:
    """The maintenance margin and the closing fee of a group in numbers, but for the price."""
    group, piece = part.group, part.piece
    fee = ZERO if group.closing_fee.at_bankruptcy else group.closing_fee.rate
    value = now = f"{plain(part.notional)} / price"
    if not piece.linear:
        value = plain(group.stored_value)
    rate = f"({plain(piece.rate)} + {plain(piece.slope)} * {value})" if piece.slope else plain(piece.rate)
    deduction = piece.deduction + piece.deduction_usd * part.own_x
    less = f" - {plain(deduction)}" if deduction else ""
    return f"{value} * {rate}{less}" + (f" + {now} * {plain(fee)}" if fee else "")


def _tier(part: Part) -> str:
    """Which tier a group is in."""
    group, piece = part.group, part.piece
    tier = "" if piece.tier is None else f", tier {piece.tier}"
    fee = f", closing fee {plain(group.closing_fee.rate * 100)}%" if group.closing_fee.rate else ""
    less = f", deduction {plain(piece.deduction)}" if piece.deduction else ""
    more = f" + {plain(piece.slope * 100)}% per coin" if piece.slope else ""
    return f"maintenance of {plain(group.notional)} USD: rate {plain(piece.rate * 100)}%{more}{tier}{less}{fee}"


def _sources(cases: Iterable[Case]) -> str:
    """Where the margin rules come from, each once."""
    of_venue = (case for case in cases if case.schedule is case.instrument.schedule)
    return "".join(dict.fromkeys(provenance(case.market.rules.get("margin")) for case in of_venue))
