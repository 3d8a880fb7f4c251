"""From trades to realised profit, fees, funding and the open position, at average cost."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.instrument import Instrument
from perpcalc.core.past_funding import Payment, cost_of
from perpcalc.core.pnl import closing_pnl
from perpcalc.core.position import SIDES, Fill, Position, closed_part, closed_partly, merged, open_by_fills
from perpcalc.decimals import ZERO, plain
from perpcalc.errors import Key, PerpcalcError

TICK_DIGITS = 9
"""A price of more significant digits is no traded tick but an average that somebody rounded."""


class Trade(NamedTuple):
    """A fill of one's own: `side` +1 bought, -1 sold; contracts, or their USD where the venue counts those.

    `time` in microseconds since 1970, None where none is known; `fee` positive when paid; `value` in coin, as the venue
    printed it; `held` "long" or "short" in hedge mode, else ""; `closes` whether the venue says that it closed
    something; `place` names it in errors.
    """

    time: int | None
    instrument: str | None
    side: Decimal
    contracts: Decimal | None
    price: Decimal
    usd: Decimal | None = None
    value: Decimal | None = None
    fee: Decimal | None = None
    fee_currency: str | None = None
    id: str | None = None
    held: str = ""
    closes: bool = False
    place: str = ""


class Booked(NamedTuple):
    """A funding payment that the venue booked: `amount` in `currency`, positive when paid."""

    time: int | None
    instrument: str | None
    amount: Decimal
    currency: str | None = None
    id: str | None = None
    place: str = ""


class Ledger(NamedTuple):
    """What trades in one instrument came to, in coin; `bought` and `sold` in contracts, `position` what is still open.

    `realised_pnl` is before fees and funding, both of which are positive when paid; `notes` tell what was assumed.
    """

    trades: int
    bought: Decimal
    sold: Decimal
    realised_pnl: Decimal
    fees: Decimal
    funding: Decimal
    position: Position | None
    notes: tuple[str, ...] = ()

    @property
    def net_realised(self) -> Decimal:
        """Realised profit after costs: `realised - fees - funding`."""
        return self.realised_pnl - self.fees - self.funding


def by_instrument(trades: Iterable[Trade], hedge: bool = False) -> dict[tuple[str | None, str], list[Trade]]:
    """Trades by instrument and, in hedge mode, by the side of the position that they belong to.

    A side that the file says counts whether `hedge` is asked for or not. Raises PerpcalcError where it is and none is
    said.

    >>> trade = Trade(0, "BTCUSD", SIDES["long"], Decimal(1), Decimal(60_000), held="long")
    >>> list(by_instrument([trade]))
    [('BTCUSD', 'long')]
    """
    groups: dict[tuple[str | None, str], list[Trade]] = {}
    for trade in trades:
        if hedge and not trade.held:
            raise PerpcalcError(
                "does not say which side's position it belongs to", ("leave out ", Key("hedge"), ", or add the sides")
            ).at(trade.place)
        groups.setdefault((trade.instrument, trade.held), []).append(trade)
    return groups


def ledger(
    instrument: Instrument,
    trades: Sequence[Trade],
    booked: Iterable[Booked] = (),
    rates: Iterable[Payment] = (),
    mark: Decimal | None = None,
) -> Ledger:
    """What trades of one instrument came to, oldest first: average cost, `V' = V*(n - closed)/n`, a flip closes and
    opens.

    Funding is what the venue `booked`, and what each of `rates` charged for what was open before it (at its own mark,
    else `mark`). Raises PerpcalcError, naming the place, for a trade that cannot be, and as `cost_of` does.

    >>> from perpcalc.core.instrument import PLAIN
    >>> trades = [("long", 10_000, 40_000), ("long", 10_000, 60_000), ("short", 5_000, 50_000)]
    >>> found = ledger(PLAIN, [Trade(None, None, SIDES[s], Decimal(n), Decimal(p)) for s, n, p in trades])
    >>> plain(found.realised_pnl), plain(found.position.contracts), plain(found.position.entry_price)
    ('0.004166666666666667', '15000', '48000')
    """
    position: Position | None = None
    bought = sold = realised = fees = funding = ZERO
    elsewhere: dict[str, Decimal] = {}
    free: list[str] = []
    unopened: list[str] = []
    ahead = sorted(rates, key=lambda payment: payment.time, reverse=True)
    for trade in trades:
        while ahead and trade.time is not None and ahead[-1].time <= trade.time:
            funding += _charged(position, ahead.pop(), mark)
        try:
            fill = fill_of(instrument, trade)
            _check_held(trade, position, fill)
            if trade.closes and position is None:
                unopened.append(trade.place)
            position, profit = traded(position, instrument, trade.side, fill)
        except PerpcalcError as error:
            raise (error.at(trade.place) if trade.place else error) from None
        realised += profit
        bought, sold = (bought + fill.contracts, sold) if trade.side > 0 else (bought, sold + fill.contracts)
        if trade.fee is None:
            free.append(trade.place)
        else:
            fees += _in_coin(instrument, trade.fee, trade.fee_currency, elsewhere)
    funding += sum((_charged(position, payment, mark) for payment in reversed(ahead)), ZERO)
    funding += sum((_in_coin(instrument, paid.amount, paid.currency, elsewhere) for paid in booked), ZERO)
    notes = _notes(len(trades), instrument.currency, free, unopened, elsewhere)
    return Ledger(len(trades), bought, sold, realised, fees, funding, position, notes)


def fill_of(instrument: Instrument, trade: Trade) -> Fill:
    """The contracts of a trade and their price; a price that is a rounded average yields to the coin value that
    explains it.

    >>> from perpcalc.core.instrument import PLAIN
    >>> trade = Trade(0, None, SIDES["short"], Decimal(2_000), Decimal("42105.26315789"), value=Decimal("0.0475"))
    >>> round(fill_of(PLAIN, trade).price, 12)
    Decimal('42105.263157894737')
    """
    contracts = trade.contracts
    if contracts is None:
        contracts = (trade.usd or ZERO) / instrument.contract_size
    price = trade.price.normalize()
    if len(price.as_tuple().digits) > TICK_DIGITS and trade.value:
        average = contracts * instrument.contract_size / trade.value
        if average.quantize(price) == price:
            return Fill(contracts, average)
    return Fill(contracts, trade.price)


def traded(
    position: Position | None, instrument: Instrument, side: Decimal, fill: Fill
) -> tuple[Position | None, Decimal]:
    """The position after one more fill, and the profit in coin that the fill realises.

    >>> from perpcalc.core.instrument import PLAIN
    >>> bought, _ = traded(None, PLAIN, SIDES["long"], Fill(Decimal(50), Decimal(99_000)))
    >>> flipped, profit = traded(bought, PLAIN, SIDES["short"], Fill(Decimal(60), Decimal(110_000)))
    >>> flipped.side, flipped.contracts, plain(profit)
    (Decimal('-1'), Decimal('10'), '0.000050505050505051')
    """
    if position is None or position.side == side:
        opened = open_by_fills(instrument, side, [fill])
        return opened if position is None else merged(position, opened), ZERO
    if fill.contracts < position.contracts:
        left = closed_partly(position, fill.contracts)
        profit = closing_pnl(closed_part(position, fill.contracts), fill.price)
        return left._replace(fills=(Fill(left.contracts, left.entry_price),)), profit
    profit = closing_pnl(position, fill.price)
    over = fill.contracts - position.contracts
    return open_by_fills(instrument, side, [Fill(over, fill.price)]) if over else None, profit


def _charged(position: Position | None, payment: Payment, mark: Decimal | None) -> Decimal:
    """What a payment cost an open position."""
    if position is None:
        return ZERO
    return cost_of(position.instrument, position.side, position.contracts, payment, mark)


def _check_held(trade: Trade, position: Position | None, fill: Fill) -> None:
    """Refuse, in hedge mode, a trade that would turn one side's position into the other's."""
    if trade.held and SIDES[trade.held] != trade.side and (position is None or position.contracts < fill.contracts):
        has = plain(position.contracts) if position else "0"
        raise PerpcalcError(
            f"closes {plain(fill.contracts)} contracts of a {trade.held} position that has {has}",
            "give the trades from a time on at which nothing was open",
        )


def _in_coin(instrument: Instrument, amount: Decimal, currency: str | None, elsewhere: dict[str, Decimal]) -> Decimal:
    """A cost where it is in the instrument's coin or does not say; others are added up in `elsewhere`, by their
    coin.
    """
    if currency is None or currency == instrument.currency:
        return amount
    elsewhere[currency] = elsewhere.get(currency, ZERO) + amount
    return ZERO


def _notes(
    count: int, coin: str, free: Sequence[str], unopened: Sequence[str], elsewhere: dict[str, Decimal]
) -> tuple[str, ...]:
    """What had to be assumed."""
    notes = []
    if free:
        some = "no trade has a fee" if len(free) == count else f"{len(free)} of {count} trades have no fee"
        notes.append(f"{some}: none is counted for them")
    if unopened:
        notes.append(f"{unopened[0]} closes what these trades did not open: a position from before is not counted")
    notes += [f"{plain(amount)} {name} of costs are not in {coin}: left out" for name, amount in elsewhere.items()]
    return tuple(notes)
