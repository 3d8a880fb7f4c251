"""Where the venue's liquidation price and profit are not ours, and what the difference likely comes from."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from perpcalc.core.instrument import coin_value
from perpcalc.core.liquidation import ends, liquidation, position_liquidation
from perpcalc.core.margin import Margin, given_margin
from perpcalc.core.pnl import gross_pnl
from perpcalc.core.position import Position
from perpcalc.core.printed_price import printed_step
from perpcalc.core.rounding import Grid, on
from perpcalc.core.rules import NO_CLOSING_FEE, ClosingFee, Schedule, flat_rate
from perpcalc.core.wallet import Holding, closing_fees, equity, maintenance, wallet_of
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.importing.evidence import FINEST_COIN, coin_digit, stated_price
from perpcalc.readers.recorded import Recorded, last_digit
from perpcalc.venues import ticks_of

NEAR = Decimal("0.02")
PRICE, PROFIT = "liquidation price", "unrealised profit"
FALLBACK = "tiers of another date, or a margin that has changed since"


class Leg(NamedTuple):
    """A recorded position by our rules: `margin` None where it is cross, `schedule` None where no rate is known."""

    name: str
    recorded: Recorded
    position: Position
    schedule: Schedule | None
    closing_fee: ClosingFee
    margin: Margin | None = None
    mark: Decimal | None = None


class Difference(NamedTuple):
    """A figure of the venue's that is not ours; ours None is never. `cause` is what likely makes it."""

    name: str
    figure: str
    theirs: Decimal
    ours: Decimal | None
    cause: str

    def __str__(self) -> str:
        digit = coin_digit if self.figure == PROFIT else last_digit
        grid = Grid(digit(self.theirs), ROUND_HALF_UP)
        ours = "never" if self.ours is None else plain(on(grid, self.ours))
        return f"{self.name}: the venue's {self.figure} is {plain(self.theirs)}, ours is {ours}: {self.cause}"


def of_isolated(leg: Leg) -> Iterator[Difference]:
    """The differences of an isolated position."""
    yield from _of_profit(leg)
    price = stated_price(leg.recorded)
    if price is None or leg.schedule is None or leg.margin is None:
        return
    holding = Holding(leg.position, leg.schedule, leg.closing_fee)
    ours = position_liquidation(holding, leg.margin, leg.mark).liquidation_price
    if not _same(ours, price, leg.position):
        cause = _older_tick(leg.position, ours, price) or _cause(leg, holding, leg.margin, price)
        yield Difference(leg.name, PRICE, price, ours, cause)


def of_account(
    legs: Sequence[Leg], balance: Decimal | None, unified: bool = False, whole: bool = True
) -> Iterator[Difference]:
    """The differences of the cross positions of one account; `whole` says that no other position shares its balance."""
    for leg in legs:
        yield from _of_profit(leg)
    prices = liquidation_prices(legs, balance) if balance is not None and whole else None
    for index, leg in enumerate(legs):
        price = stated_price(leg.recorded)
        if price is None or prices is None or _same(prices[index], price, leg.position):
            continue
        cause = _older_tick(leg.position, prices[index], price)
        if cause is None and unified:
            cause = "a unified account is liquidated by all its coins"
        cause = cause or _cause_of_account(legs, index, price)
        yield Difference(leg.name, PRICE, price, prices[index], cause)


def liquidation_prices(legs: Sequence[Leg], balance: Decimal) -> list[Decimal | None] | None:
    """The liquidation price of each position of an account, in its own contract; None where a rate is not known.

    Contracts of one coin move together by the ratio of their marks.
    """
    holdings = _holdings(legs)
    if not holdings:
        return None
    wallet = wallet_of(balance, holdings)
    shared = ends(wallet, holdings[0])
    return [
        liquidation(wallet, index, holding, leg.mark, of_wallet=shared).liquidation_price
        for index, (leg, holding) in enumerate(zip(legs, holdings, strict=True))
    ]


def _holdings(legs: Sequence[Leg]) -> list[Holding] | None:
    holdings: list[Holding] = []
    first = legs[0].mark if legs else None
    for leg in legs:
        ratio = leg.mark / first if leg.mark and first else ONE
        if leg.schedule is None or (None in (leg.mark, first) and _other(leg, legs[0])):
            return None
        holdings.append(Holding(leg.position, leg.schedule, leg.closing_fee, ratio))
    return holdings


def _other(one: Leg, first: Leg) -> bool:
    return one.position.instrument.name != first.position.instrument.name


def _same(ours: Decimal | None, theirs: Decimal, position: Position) -> bool:
    """Whether two prices are less than a tick, or a unit of the last digit, apart."""
    return ours is not None and abs(ours - theirs) < max(position.instrument.tick or ZERO, last_digit(theirs))


def _older_tick(position: Position, ours: Decimal | None, theirs: Decimal) -> str | None:
    """The cause of a difference that is smaller than a tick which the contract has had, and the venue's price on it."""
    instrument = position.instrument
    step = printed_step(instrument)
    if ours is None or instrument.venue is None or step is None or step != instrument.tick:
        return None
    for tick in ticks_of(instrument.venue, instrument.name):
        if not theirs % tick and abs(ours - theirs) < tick:
            return f"it is on a tick of {plain(tick)}, that of another date"
    return None


def _of_profit(leg: Leg) -> Iterator[Difference]:
    """The difference of the profit at the file's own mark."""
    recorded, position = leg.recorded, leg.position
    theirs, mark = recorded.profit, recorded.mark
    if theirs is None or mark is None:
        return
    ours = gross_pnl(position, mark)
    rounding = position.instrument.rounding
    steps = [grid.step for grid in (rounding.pnl, rounding.value) if grid]
    if abs(ours - theirs) < max(coin_digit(theirs), *steps, ZERO):
        return
    value = position.stored_value - position.side * theirs
    cost = coin_value(position.instrument, position.contracts, mark) + position.side * theirs
    cause = "fees, funding or realised profit in it"
    if value > 0 and abs(position.notional / value / mark - 1) < NEAR:
        cause = f"another mark, {plain(_short(position.notional / value, mark))} would give it"
        if cost > 0 and recorded.entry is not None and _shows(position.notional / cost, recorded.entry):
            cause = (
                f"its average entry is rounded, a cost of {plain(cost)} {position.instrument.currency} would give it"
            )
    yield Difference(leg.name, PROFIT, theirs, ours, cause)


def _shows(price: Decimal, printed: Decimal) -> bool:
    """Whether a price is the printed one but for the digits that were cut."""
    return abs(price - printed) <= last_digit(printed)


def _short(price: Decimal, like: Decimal) -> Decimal:
    """A price to four decimals more than another has."""
    return on(Grid(last_digit(like).scaleb(-4), ROUND_HALF_UP), price)


def _cause(leg: Leg, holding: Holding, margin: Margin, price: Decimal) -> str:
    """What likely makes the difference: the first change to our reckoning that gives the venue's price."""
    for cause, other, behind in _variations(leg, holding, margin):
        ours = position_liquidation(other, behind, leg.mark).liquidation_price
        if _same(ours, price, leg.position):
            return cause
    return FALLBACK


def _variations(leg: Leg, holding: Holding, margin: Margin) -> Iterator[tuple[str, Holding, Margin]]:
    """Other ways to reckon the liquidation price."""
    schedule, instrument, rate = holding.schedule, leg.position.instrument, leg.recorded.rate
    if rate is not None and rate < 1:
        stated = flat_rate(rate, basis=schedule.basis)
        yield (
            f"the venue's maintenance rate is {plain(rate * 100)}%, tiers of another date",
            holding._replace(schedule=stated),
            margin,
        )
    basis = "entry" if schedule.basis == "mark" else "mark"
    where = "the mark price" if basis == "mark" else "the entry price"
    yield (
        f"maintenance margin at {where}, rules of another date",
        holding._replace(schedule=schedule._replace(basis=basis)),
        margin,
    )
    for said in leg.recorded.margins:
        what = f"{said.counts} counted in the margin" if said.counts else "another margin"
        yield f"{what}, {said.name} {plain(said.coin)} would give it", holding, given_margin(leg.position, said.coin)
    if holding.closing_fee.rate:
        yield "no closing fee is counted", holding._replace(closing_fee=NO_CLOSING_FEE), margin
    elif instrument.taker_fee:
        yield "a closing fee is counted", holding._replace(closing_fee=ClosingFee(instrument.taker_fee)), margin


def _cause_of_account(legs: Sequence[Leg], index: int, price: Decimal) -> str:
    """What likely makes the difference of a cross position: the balance that would give it."""
    holdings = _holdings(legs) or []
    wallet = wallet_of(ZERO, holdings)
    x = holdings[index].ratio / price
    needed = maintenance(wallet, x) + closing_fees(wallet, x) - equity(wallet, x)
    currency = legs[index].position.instrument.currency
    if needed <= 0:
        return "other positions or orders in the account"
    balance = on(Grid(FINEST_COIN, ROUND_HALF_UP), needed)
    return f"another balance, {plain(balance)} {currency} would give it, or other positions and orders in the account"
