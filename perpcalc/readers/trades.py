"""One's own trades and funding payments out of files, oldest first; fees and payments are positive when paid."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from perpcalc.core.ledger import Booked, Trade
from perpcalc.core.moments import moment
from perpcalc.core.position import LONG, SHORT
from perpcalc.decimals import ONE, ZERO
from perpcalc.errors import PerpcalcError
from perpcalc.files import opened, read, whole
from perpcalc.readers import answers
from perpcalc.readers.answers import Item, coin_of, one_line
from perpcalc.readers.funding import OWN as OWN_HISTORY
from perpcalc.readers.funding import History, history_of, is_ticks, ticks_of
from perpcalc.readers.lines import LONGEST_LINE
from perpcalc.readers.sheet import (
    INSTRUMENT,
    NEWEST_FIRST,
    UTC_ASSUMED,
    Row,
    Sheet,
    counted,
    naming,
    recognised,
    sheet_of,
    with_info,
)
from perpcalc.readers.symbols import check_inverse, contract_of
from perpcalc.readers.trade_forms import PAYMENTS, SHAPES, Shape

SIDES = {"buy": LONG, "sell": SHORT, "long": LONG, "short": SHORT, "b": LONG, "s": SHORT}
HELD = {"long": "long", "short": "short", "both": "", "net": "", "oneway": "", "one_way": ""}
UNITS = {"XBt": Decimal("1E+8"), "Gwei": Decimal("1E+9"), "USDt": Decimal("1E+6")}
"""How many of BitMEX's units make a coin."""
OWN = (("time", "side", "contracts", "price"), ("time", "side", "contracts", "price", "fee"))


class Tape(NamedTuple):
    """The trades and the funding payments of a file, oldest first, and what was assumed or left out in reading them."""

    where: str
    form: str
    venue: str | None
    trades: tuple[Trade, ...]
    booked: tuple[Booked, ...]
    notes: tuple[str, ...]


def read_trades(path: str) -> Tape:
    """The trades in a file; rows of an exchange's funding are payments.

    Raises PerpcalcError, naming file and place, for a file of no known form, a row that is wrong, and for no inverse
    trade.
    """
    source = read(path)
    with naming(source.where):
        sheet = with_info(sheet_of(source, OWN))
        tape = _tape(sheet, source.where, SHAPES, "file of trades")
        if not tape.trades:
            raise PerpcalcError("holds no trade of an inverse contract", "give a file of them")
        return tape


def read_charges(path: str, instrument: str | None = None, coin: str | None = None) -> Tape | History:
    """The funding of one's trades: payments that the venue booked, or a history of rates.

    Raises PerpcalcError as `read_trades` and `read_history` do.
    """
    with opened(path) as (file, where), naming(where):
        first = file.readline(LONGEST_LINE)
        if is_ticks(first):
            return ticks_of(file, where, first, instrument, coin)
        sheet = sheet_of(whole(file, where, first), OWN_HISTORY)
        wide = with_info(sheet)
        if any(shape.needs <= wide.names.keys() for shape in PAYMENTS.values()):
            return _tape(wide, where, PAYMENTS, "file of payments")
        if any(shape.payments and shape.needs <= wide.names.keys() for shape in SHAPES.values()):
            return _tape(wide, where, SHAPES, "file of payments")
        return history_of(sheet, where, instrument, coin)


def _tape(sheet: Sheet, where: str, shapes: Mapping[str, Shape], kind: str) -> Tape:
    form = recognised(sheet, {title: shape.needs for title, shape in shapes.items()}, kind)
    shape, notes = shapes[form], sheet.notes
    trades: list[Trade] = []
    booked: list[Booked] = []
    left_out: dict[str, int] = {}
    for time, row in _once(_in_time(sheet, shape, notes), sheet, shape, notes):
        with naming(row.place):
            word = _word(row, sheet.name(shape.kind)).lower()
            name = _word(row, sheet.name(*INSTRUMENT)) or None
            paid = word in shape.payments or not (shape.kind or shape.contracts)
            why = _not_inverse(name, row, sheet, shape)
            if shape.kind and word not in shape.trades | shape.payments:
                why = f"of kind {one_line(word)}" if word else "of no kind"
            if why:
                left_out[why] = left_out.get(why, 0) + 1
            elif paid:
                booked.append(_payment(time, name, row, sheet, shape))
            else:
                trades.append(_trade(time, name, row, sheet, shape))
    notes += [f"{counted(count, 'is', 'are')} {why}: left out" for why, count in left_out.items()]
    return Tape(where, form, shape.venue, tuple(trades), tuple(booked), tuple(notes))


def _in_time(sheet: Sheet, shape: Shape, notes: list[str]) -> list[tuple[int | None, Row]]:
    """The rows, oldest first, with their times; in their own order where no time is said."""
    name = sheet.name(*shape.time)
    if name is None or not any(row.cells.get(name) for row in sheet.rows):
        notes.append("no times are given: taken as oldest first")
        return [(None, row) for row in sheet.rows]
    timed: list[tuple[int, Row]] = []
    assumed = False
    for row in sheet.rows:
        with naming(row.place):
            found = moment(_word(row, name))
        assumed = assumed or found.assumed
        timed.append((found.time, row))
    if assumed:
        notes.append(UTC_ASSUMED)
    steps = {(after > before) - (after < before) for (before, _), (after, _) in pairwise(timed)}
    if -1 in steps and 1 not in steps:
        timed.reverse()
        notes.append(NEWEST_FIRST)
    elif -1 in steps:
        timed.sort(key=lambda one: one[0])
        notes.append("the rows are not in the order of their times: sorted")
    return [*timed]


def _once(
    timed: list[tuple[int | None, Row]], sheet: Sheet, shape: Shape, notes: list[str]
) -> list[tuple[int | None, Row]]:
    """The rows without those that are there twice by their id; raises PerpcalcError where two of one id differ."""
    name = sheet.name(*shape.id)
    beside = (sheet.name(*INSTRUMENT), sheet.name(*shape.side), sheet.name(shape.kind))
    seen: dict[tuple[str, ...], Row] = {}
    kept = []
    for time, row in timed:
        number = _word(row, name)
        if number:
            key = (number, *(_word(row, other) for other in beside))
            if key in seen:
                if seen[key].cells != row.cells:
                    raise PerpcalcError(f"has the id of {seen[key].place} and is another", "leave one of them out").at(
                        row.place
                    )
                continue
            seen[key] = row
        kept.append((time, row))
    if repeated := len(timed) - len(kept):
        notes.append(f"{counted(repeated, 'is', 'are')} there twice: counted once")
    return kept


def _trade(time: int | None, name: str | None, row: Row, sheet: Sheet, shape: Shape) -> Trade:
    contracts = _number(row, sheet, *shape.contracts)
    usd = _number(row, sheet, shape.usd) if contracts is None else None
    amount = contracts or usd or ZERO
    side_in, held_in = sheet.name(*shape.side), sheet.name(shape.held)
    side = LONG if amount > 0 else SHORT
    if shape.side:
        found = answers.choice(row.cells, side_in, SIDES) if side_in else None
        if found is not None and amount < 0:
            raise PerpcalcError("has a side and a negative amount", "correct the file")
        side = found or ZERO
    price_in = sheet.name(shape.price)
    price = answers.positive(row.cells, price_in) if price_in else None
    if not side or not amount or price is None:
        missing = "side" if not side else "price" if price is None else "amount"
        raise PerpcalcError(f"has no {missing}", "correct the file")
    fee, currency, unit = _fee(row.cells, sheet, shape)
    value = _number(row, sheet, shape.value)
    return Trade(
        time=time,
        instrument=name,
        side=side,
        contracts=None if contracts is None else abs(contracts),
        price=price,
        usd=usd,
        value=None if value is None else abs(value) / unit,
        fee=fee,
        fee_currency=currency,
        id=_word(row, sheet.name(*shape.id)) or None,
        held=(answers.choice(row.cells, held_in, HELD) if held_in else None) or "",
        closes=bool(_number(row, sheet, shape.closes)),
        place=row.place,
    )


def _number(row: Row, sheet: Sheet, *folded: str) -> Decimal | None:
    """The number in the first of some columns that the file has, None where it has none of them."""
    name = sheet.name(*folded)
    return answers.number(row.cells, name) if name else None


def _payment(time: int | None, name: str | None, row: Row, sheet: Sheet, shape: Shape) -> Booked:
    amount, currency, _ = _fee(row.cells, sheet, shape)
    if amount is None:
        raise PerpcalcError(f"has no {sheet.names.get(shape.fee, shape.fee)}", "correct the file")
    return Booked(time, name, amount, currency, _word(row, sheet.name(*shape.id)) or None, row.place)


def _fee(cells: Item, sheet: Sheet, shape: Shape) -> tuple[Decimal | None, str | None, Decimal]:
    """What was paid, in which coin, and how many of the file's units make one."""
    several = cells.get(sheet.name("fees") or "")
    single = cells.get(sheet.name(shape.fee) or "")
    listed = several if isinstance(several, list) and several else [single]
    parts = [part for part in listed if isinstance(part, dict)]  # as ccxt writes fees
    if parts:
        if len({answers.text(part, "currency") for part in parts}) > 1:
            raise PerpcalcError("has fees in several coins", "give the fees in one coin")
        costs = [cost for part in parts if (cost := answers.number(part, "cost")) is not None]
        coin = answers.text(parts[0], "currency")
        return (sum(costs, ZERO) if costs else None), coin and coin_of(coin), ONE
    name, currency_in = sheet.name(shape.fee), sheet.name(shape.fee_currency)
    coin = (answers.text(cells, currency_in) if currency_in else None) or shape.unit
    unit = UNITS.get(coin or "", ONE)
    fee = answers.number(cells, name) if name else None
    return None if fee is None else fee * shape.fee_sign / unit, coin and coin_of(coin), unit


def _not_inverse(name: str | None, row: Row, sheet: Sheet, shape: Shape) -> str | None:
    """Why a trade is not of an inverse contract, by its name; None where it is, or the name tells nothing."""
    if name is None:
        return None
    settle = _word(row, sheet.name("settlcurrency")) or None
    try:
        contract = contract_of(name, shape.venue, settle)
    except PerpcalcError:
        return None
    try:
        check_inverse(contract)
    except PerpcalcError as error:
        return f"of {one_line(name)}, which {error.what}"
    return None


def _word(row: Row, name: str | None) -> str:
    """A text in a column, "" where there is none."""
    return (answers.text(row.cells, name) if name else None) or ""
