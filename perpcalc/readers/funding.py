"""Funding rates of the past and samples of the premium, in the forms that venues and programs write.

Sources: the API pages of each venue; data.binance.vision; docs.tardis.dev, derivative_ticker; ccxt manual, "Funding
Rate History". A rate is a fraction, positive when longs pay.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, BinaryIO, NamedTuple

from perpcalc.core.moments import MINUTE, SECOND, iso, moment
from perpcalc.core.past_funding import Payment, Samples
from perpcalc.decimals import rate
from perpcalc.errors import PerpcalcError
from perpcalc.files import opened, read, whole
from perpcalc.readers import answers
from perpcalc.readers.lines import LONGEST_LINE, cells_of, lines_of
from perpcalc.readers.sheet import (
    INSTRUMENT,
    Row,
    Sheet,
    Wanted,
    fold,
    in_order,
    naming,
    recognised,
    sheet_of,
    times_of,
    with_info,
)

HOUR = Decimal(60)


class Shape(NamedTuple):
    """A form of funding history, its columns by their folded names.

    `coin_rate` is in coin per contract; `per` is the time a rate is for, in minutes, where the form fixes it, `length`
    the column that says it, in units of `unit` microseconds; `note` is what should be known of it.
    """

    needs: frozenset[str]
    time: str
    rate: str
    mark: str = "markprice"
    coin_rate: str | None = None
    per: Decimal | None = None
    length: str | None = None
    unit: int = 60 * MINUTE
    note: str = ""


def _shape(time: str, rate: str, *also: str, **more: Any) -> Shape:
    return Shape(frozenset((time, rate, *also)), time, rate, **more)


SHAPES: Mapping[str, Shape] = {
    "OKX or HTX (funding-rate-history)": _shape("fundingtime", "realizedrate"),
    "Deribit (get_funding_rate_history)": _shape(
        "timestamp", "interest1h", mark="indexprice", per=HOUR, note="the index stands in for the mark"
    ),
    "Kraken (historical-funding-rates)": _shape("timestamp", "relativefundingrate", coin_rate="fundingrate", per=HOUR),
    "BitMEX (funding)": _shape("timestamp", "fundingrate", "fundinginterval", length="fundinginterval"),
    "Bybit (funding/history)": _shape("fundingratetimestamp", "fundingrate"),
    "Binance's data files": _shape("calctime", "lastfundingrate", length="fundingintervalhours"),
    "KuCoin (contract/funding-rates)": _shape("timepoint", "fundingrate"),
    "Gate (funding_rate)": _shape("t", "r"),
    "CoinEx (funding-rate-history)": _shape("fundingtime", "actualfundingrate"),
    "Phemex (funding-rate-history)": _shape(
        "fundingtime", "fundingrate", "intervalseconds", length="intervalseconds", unit=SECOND
    ),
    "Binance or Bitget (fundingRate)": _shape("fundingtime", "fundingrate"),
    "ccxt (fetch_funding_rate_history)": _shape("timestamp", "fundingrate"),
    "time,rate[,mark]": _shape("time", "rate", mark="mark"),
}
TICKS = "tardis (derivative_ticker)"
TICK_COLUMNS = frozenset(("fundingtimestamp", "fundingrate", "localtimestamp"))
PREMIUMS = (("time", "premium"), ("premium",))
OWN = (("time", "rate", "mark"), ("time", "rate"))
ALIASES = {"date": "time", "datetime": "time", "timestamp": "time", "fundingrate": "rate", "markprice": "mark"}
LAST_MOMENT = MINUTE
SINCE_2000 = "2000-01-01"


class History(NamedTuple):
    """Payments of the past, oldest first, and what was assumed in reading them.

    `places` name the payments in errors; `per` is the time that each rate is for, in minutes, where the file says it.
    """

    where: str
    form: str
    payments: tuple[Payment, ...]
    places: tuple[str, ...]
    per: Decimal | None
    instrument: str | None
    notes: tuple[str, ...]


class Premiums(NamedTuple):
    """Samples of the premium, oldest first, and what was assumed in reading them."""

    where: str
    samples: Samples
    notes: tuple[str, ...]


def read_history(path: str, instrument: str | None = None, coin: str | None = None) -> History:
    """The payments in a file, of the one instrument that is asked for where it has several.

    Raises PerpcalcError, naming file and place, for a file of no known form, a row that is wrong, and mixed
    instruments.
    """
    with opened(path) as (file, where), naming(where):
        first = file.readline(LONGEST_LINE)
        if is_ticks(first):
            return ticks_of(file, where, first, instrument, coin)
        return history_of(sheet_of(whole(file, where, first), OWN), where, instrument, coin)


def is_ticks(first: bytes) -> bool:
    r"""Whether the first line of a file is the header of tardis' derivative_ticker.

    >>> is_ticks(b"exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,mark_price\n")
    True
    """
    return frozenset(map(fold, first.decode("utf-8", "replace").split(","))) >= TICK_COLUMNS


def history_of(sheet: Sheet, where: str, instrument: str | None = None, coin: str | None = None) -> History:
    """The payments in a sheet; raises PerpcalcError as `read_history` does, without the name of the file."""
    sheet = with_info(sheet)
    for alias, name in ALIASES.items():
        if alias in sheet.names:
            sheet.names.setdefault(name, sheet.names[alias])
    if "interest8h" in sheet.names and "interest1h" not in sheet.names:
        raise PerpcalcError(
            "has interest_8h alone, which overlaps from hour to hour",
            "give get_funding_rate_history, which has interest_1h",
        )
    needs = {title: shape.needs for title, shape in SHAPES.items()}
    form = recognised(sheet, {**needs, TICKS: TICK_COLUMNS}, "funding history")
    if form == TICKS:
        raise PerpcalcError("ticks are read from CSV", "give tardis' own file")
    return _history(sheet, where, form, instrument, coin)


def read_samples(path: str) -> Premiums:
    """The premiums in a file of `time,premium`, or of one premium a row.

    Raises PerpcalcError, naming file and place, for anything else.
    """
    source = read(path)
    with naming(source.where):
        sheet = sheet_of(source, PREMIUMS)
        recognised(sheet, {",".join(names): frozenset(names) for names in PREMIUMS}, "file of premium samples")
        notes, rows, times = sheet.notes, sheet.rows, []
        if "time" in sheet.names:
            timed = in_order(rows, times_of(rows, sheet.names["time"], notes), notes)
            times, rows = [time for time, _ in timed], [row for _, row in timed]
        premiums = []
        for row in rows:
            with naming(row.place):
                premiums.append(_rate(row.cells, sheet.names["premium"]))
        samples = Samples(tuple(premiums), tuple(times), tuple(row.place for row in rows))
        return Premiums(source.where, samples, tuple(notes))


def _history(sheet: Sheet, where: str, form: str, instrument: str | None, coin: str | None) -> History:
    shape, notes = SHAPES[form], sheet.notes
    symbol = sheet.name(*INSTRUMENT)
    wanted = Wanted(instrument, coin)
    rows = [row for row in sheet.rows if wanted.takes(answers.text(row.cells, symbol) if symbol else None)]
    wanted.check_found()
    timed = in_order(rows, times_of(rows, sheet.names[shape.time], notes), notes)
    rate_in, mark_in = sheet.names[shape.rate], sheet.name(shape.mark)
    coin_in = shape.coin_rate and sheet.names.get(shape.coin_rate)
    payments, pers = [], set()
    for time, row in timed:
        with naming(row.place):
            mark = answers.positive(row.cells, mark_in) if mark_in else None
            coin_rate = answers.number(row.cells, coin_in) if coin_in else None
            pers.add(_length(row, sheet, shape))
            payments.append(Payment(time, _rate(row.cells, rate_in), mark, coin_rate))
    if len(pers) > 1:
        notes.append("the time between payments changes")
    if shape.note:
        notes.append(shape.note)
    per = pers.pop() if len(pers) == 1 else None
    return History(where, form, tuple(payments), tuple(row.place for _, row in timed), per, wanted.name, tuple(notes))


def _rate(cells: answers.Item, name: str) -> Decimal:
    """A rate as a fraction, or with % or bp; 1 and more is refused, since it may be meant in per cent."""
    text = answers.text(cells, name)
    if text is None:
        raise PerpcalcError(f"has no {name}", "correct the file")
    if text.endswith(("%", "bp")):
        return rate(text)
    value = answers.number(cells, name)
    assert value is not None
    return rate(text) if abs(value) >= 1 else value


def _length(row: Row, sheet: Sheet, shape: Shape) -> Decimal | None:
    """How long a rate is for, in minutes."""
    name = shape.length and sheet.names.get(shape.length)
    if not name:
        return shape.per
    text = answers.text(row.cells, name)
    if text is not None and text.startswith(SINCE_2000):  # BitMEX writes 8 hours as a time of day
        return Decimal((moment(text).time - moment(SINCE_2000 + "T00:00Z").time) // MINUTE)
    length = answers.number(row.cells, name)
    return None if length is None else length * shape.unit / MINUTE


def ticks_of(file: BinaryIO, where: str, first: bytes, instrument: str | None, coin: str | None) -> History:
    """The payments in ticks that announce the next one: the last rate and mark before each of them."""
    with naming("line 1"):
        columns = cells_of(first.decode("utf-8", "surrogateescape"), ",")
    names = {fold(name): name for name in columns}
    symbol, time_in, due_in, rate_in, mark_in = (
        names.get(name) for name in ("symbol", "timestamp", "fundingtimestamp", "fundingrate", "markprice")
    )
    wanted = Wanted(instrument, coin)
    found: dict[int, Payment] = {}
    mark, latest = None, 0
    for number, line in lines_of(file, (), 2):
        with naming(f"line {number}"):
            cells = dict(zip(columns, cells_of(line, ","), strict=False))
            if not wanted.takes(answers.text(cells, symbol or "")):
                continue
            latest = moment(cells.get(time_in or "") or "").time
            mark = (answers.positive(cells, mark_in) if mark_in else None) or mark
            announced = cells.get(due_in or "")
            if announced and cells.get(rate_in or "") and latest <= (due_at := moment(announced).time):
                found[due_at] = Payment(due_at, _rate(cells, rate_in or ""), mark)
    wanted.check_found()
    payments = [payment for time, payment in sorted(found.items()) if time <= latest + LAST_MOMENT]
    if not payments:
        raise PerpcalcError("announces no payment that fell due", "give ticks up to it")
    notes = [
        f"that of {iso(time)} is left out: the ticks end before it" for time in found if time > latest + LAST_MOMENT
    ]
    places = tuple(f"payment of {iso(payment.time)}" for payment in payments)
    return History(where, TICKS, tuple(payments), places, None, wanted.name, tuple(notes))
