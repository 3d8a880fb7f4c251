"""A wallet of one coin and the positions it carries: equity and maintenance margin over 1/price.

An isolated position is a wallet of its own that holds nothing else.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.margin import Piece, maintenance_pieces, most_asked, piece_maintenance
from perpcalc.core.position import Position
from perpcalc.core.rounding import on, without_noise
from perpcalc.core.rules import NO_CLOSING_FEE, ClosingFee, Schedule
from perpcalc.decimals import ONE, ZERO


class Holding(NamedTuple):
    """A position in a wallet: its schedule, the closing fee that counts, and its mark over the wallet's first mark.

    `funding_rate` is signed as the position pays it.
    """

    position: Position
    schedule: Schedule
    closing_fee: ClosingFee = NO_CLOSING_FEE
    ratio: Decimal = ONE
    funding_rate: Decimal = ZERO


class Group(NamedTuple):
    """Holdings that share one maintenance tier: merged where they are of one side, netted where they are not.

    Its maintenance margin at x = 1/price of its own contract is never more than `most*x`; None where no such bound is
    known.
    """

    notional: Decimal
    ratio: Decimal
    pieces: Sequence[Piece]
    closing_fee: ClosingFee
    stored_value: Decimal = ZERO
    most: Decimal | None = None


class Wallet(NamedTuple):
    """A wallet whose equity is `constant - linear*x` coins at x = 1/price; `groups` ask for maintenance margin.

    `group_of` tells for each holding, in the order given, which group it is in. Closing it all costs `closing*x` coins
    at liquidation, and `closing_at_bankruptcy` times the x of the bankruptcy.
    """

    collateral: Decimal
    constant: Decimal
    linear: Decimal
    groups: tuple[Group, ...]
    group_of: tuple[int, ...]
    closing: Decimal = ZERO
    closing_at_bankruptcy: Decimal = ZERO


def wallet_of(collateral: Decimal, holdings: Iterable[Holding]) -> Wallet:
    """The wallet of some positions: `constant = B + sum(s*V)`, `linear = sum(s*Q/ratio)`.

    Positions of one instrument and side are merged before the tier is chosen; opposite sides net unless the venue keeps
    both (hedge mode).

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> position = open_at(PLAIN, LONG, Decimal(10_000), Decimal(8_000))
    >>> wallet_of(Decimal("0.5"), [Holding(position, flat_rate(Decimal("0.005")))]).constant
    Decimal('1.75')
    """
    holdings = tuple(holdings)
    if len(holdings) == 1:
        return _wallet_of_one(collateral, holdings[0])
    values: list[Decimal] = []
    exposures: dict[Decimal, Decimal] = {}
    places: dict[tuple[object, ...], int] = {}
    books: list[tuple[Holding, dict[Decimal, _Bulk]]] = []
    place_of: list[tuple[int, Decimal]] = []
    for holding in holdings:
        position = holding.position
        values.append(position.side * position.stored_value)
        exposures[holding.ratio] = exposures.get(holding.ratio, ZERO) + position.side * position.notional
        key = (position.instrument, holding.schedule, holding.closing_fee, holding.ratio)
        place = places.setdefault(key, len(books))
        if place == len(books):
            books.append((holding, {}))
        book = books[place][1]
        bulk = book.get(position.side)
        book[position.side] = _bulk_of(holding) if bulk is None else _added(bulk, holding)
        place_of.append((place, position.side))
    groups: list[Group] = []
    group_at: dict[tuple[int, Decimal], int] = {}
    for place, (holding, book) in enumerate(books):
        if len(book) == 2 and not holding.position.instrument.hedge_mode:
            group_at[place, ONE] = group_at[place, -ONE] = len(groups)
            groups.append(_group(holding, *_netted(*book.values())))
        else:
            for side, bulk in book.items():
                group_at[place, side] = len(groups)
                groups.append(_group(holding, *bulk))
    constant = without_noise(sum(values, collateral), *values)
    scaled = [exposure / ratio for ratio, exposure in exposures.items()]
    linear = without_noise(sum(scaled, ZERO), *scaled)
    group_of = tuple(group_at[place] for place in place_of)
    return Wallet(collateral, constant, linear, tuple(groups), group_of, *_closing(groups))


def _wallet_of_one(collateral: Decimal, holding: Holding) -> Wallet:
    """The same of one position, which nothing is merged with."""
    position, _, (fee, is_at_bankruptcy), ratio, rate = holding
    side, notional, stored_value = position.side, position.notional, position.stored_value
    value = side * stored_value
    constant = without_noise(collateral + value, value)
    group = _group(holding, position.contracts, notional, stored_value, max(ZERO, rate))
    closing = fee * notional / ratio
    here, at_bankruptcy = (ZERO, closing) if is_at_bankruptcy else (closing, ZERO)
    return Wallet(collateral, constant, side * notional / ratio, (group,), (0,), here, at_bankruptcy)


def collateralized(wallet: Wallet, collateral: Decimal, holdings: Iterable[Holding]) -> Wallet:
    """The wallet of the same positions on other collateral, which leaves what they ask for as it is.

    >>> from perpcalc.core.instrument import PLAIN
    >>> from perpcalc.core.rules import flat_rate
    >>> from perpcalc.core.position import LONG, open_at
    >>> holdings = [Holding(open_at(PLAIN, LONG, Decimal(10_000), Decimal(8_000)), flat_rate(Decimal("0.005")))]
    >>> collateralized(wallet_of(ONE, holdings), Decimal(2), holdings) == wallet_of(Decimal(2), holdings)
    True
    """
    values = [holding.position.side * holding.position.stored_value for holding in holdings]
    constant = without_noise(sum(values, collateral), *values)
    return Wallet(collateral, constant, *wallet[2:])


def carrying(wallet: Wallet, groups: Sequence[Group], group_of: tuple[int, ...] = ()) -> Wallet:
    """The wallet with other groups, its equity as it is.

    >>> carrying(Wallet(ONE, ONE, ONE, (), ()), ()).groups
    ()
    """
    closing, at_bankruptcy = _closing(groups)
    return wallet._replace(
        groups=tuple(groups), group_of=group_of, closing=closing, closing_at_bankruptcy=at_bankruptcy
    )


def equity(wallet: Wallet, x: Decimal) -> Decimal:
    """Equity in coin at x = 1/price: `B + sum(s*V) - x*sum(s*Q)`.

    >>> equity(Wallet(ONE, Decimal("1.25"), Decimal(2_000), (), ()), Decimal("0.0001"))
    Decimal('1.0500')
    """
    return wallet.constant - wallet.linear * x


def net_notional(wallet: Wallet) -> Decimal:
    """The USD of each contract that is held, opposite sides netted unless the account keeps both: `sum(Q/ratio)`.

    >>> net_notional(Wallet(ONE, ONE, ONE, (), ()))
    Decimal('0')
    """
    return sum((group.notional / group.ratio for group in wallet.groups), ZERO)


def maintenance(wallet: Wallet, x: Decimal) -> Decimal:
    """Maintenance margin in coin at x = 1/price, each group in its tier there, closing fees not included.

    >>> maintenance(Wallet(ONE, ONE, ONE, (), ()), ONE)
    Decimal('0')
    """
    return sum([group_maintenance(group, x) for group in wallet.groups], ZERO)


def group_maintenance(group: Group, x: Decimal) -> Decimal:
    """Maintenance margin of one group at x = 1/price of the wallet's first mark.

    >>> from perpcalc.core.rules import flat_rate
    >>> pieces = tuple(maintenance_pieces(flat_rate(Decimal("0.01")), ONE, ONE, ONE))
    >>> str(group_maintenance(Group(ONE, ONE, pieces, NO_CLOSING_FEE), ONE))
    '0.01'
    """
    return piece_maintenance(piece_at(group, x, still=True), x / group.ratio)


def piece_at(group: Group, x: Decimal, *, still: bool = False) -> Piece:
    """The piece of a group's schedule that holds from x on; on a border the one of the larger value, unless `still` in
    the smaller.

    >>> from perpcalc.core.rules import flat_rate
    >>> pieces = tuple(maintenance_pieces(flat_rate(Decimal("0.01")), ONE, ONE, ONE))
    >>> str(piece_at(Group(ONE, ONE, pieces, NO_CLOSING_FEE), ONE).rate)
    '0.01'
    """
    for piece in group.pieces:
        if piece.end is None:
            break
        border = piece.end if group.ratio == ONE else piece.end * group.ratio
        if border > x or (still and border == x):
            break
    return piece


def bankruptcy_x(wallet: Wallet) -> Decimal | None:
    """X at zero equity, after the closing fees that are charged there; None where no price brings it.

    `x = (B + sum(s*V)) / (sum(s*Q) + sum(f*Q))`, f only of fees at the bankruptcy price.

    >>> str(bankruptcy_x(Wallet(ONE, Decimal(2), Decimal(8_000), (), ())))
    '0.00025'
    """
    slope = wallet.linear + wallet.closing_at_bankruptcy
    constant = wallet.constant
    return constant / slope if (constant > ZERO < slope) or (constant < ZERO > slope) else None


def closing_fees_at_bankruptcy(wallet: Wallet) -> Decimal:
    """The closing fees reserved at the bankruptcy price, in coin: `sum(f*Q)*x`.

    >>> closing_fees_at_bankruptcy(Wallet(ONE, ONE, ONE, (), ()))
    Decimal('0')
    """
    x = bankruptcy_x(wallet) if wallet.closing_at_bankruptcy else None
    return ZERO if x is None else wallet.closing_at_bankruptcy * x


def closing_fees_at(wallet: Wallet, x: Decimal) -> Decimal:
    """The closing fees that are charged at liquidation itself, in coin at x = 1/price: `sum(f*Q)*x`.

    >>> closing_fees_at(Wallet(ONE, ONE, ONE, (), ()), ONE)
    Decimal('0')
    """
    return wallet.closing * x


def closing_fees(wallet: Wallet, x: Decimal) -> Decimal:
    """The closing fees that count into liquidation at x = 1/price: `f*Q*x`, or those at the bankruptcy price.

    >>> closing_fees(Wallet(ONE, ONE, ONE, (), ()), ONE)
    Decimal('0')
    """
    return closing_fees_at(wallet, x) + closing_fees_at_bankruptcy(wallet)


class _Bulk(NamedTuple):
    """All positions of one instrument and side together; `funding_rate` is the most that one of them pays."""

    contracts: Decimal
    notional: Decimal
    stored_value: Decimal
    funding_rate: Decimal


NOTHING = Piece(ZERO, ZERO, ZERO, ZERO, None, ZERO, ZERO, ZERO, ZERO)


def _bulk_of(holding: Holding) -> _Bulk:
    position = holding.position
    return _Bulk(position.contracts, position.notional, position.stored_value, max(ZERO, holding.funding_rate))


def _closing(groups: Iterable[Group]) -> tuple[Decimal, Decimal]:
    """The closing fees per x of groups: `sum(f*Q/ratio)` at liquidation, and of those at the bankruptcy price."""
    here = at_bankruptcy = ZERO
    for group in groups:
        rate, is_at_bankruptcy = group.closing_fee
        if is_at_bankruptcy:
            at_bankruptcy += rate * group.notional / group.ratio
        else:
            here += rate * group.notional / group.ratio
    return here, at_bankruptcy


def _added(bulk: _Bulk, holding: Holding) -> _Bulk:
    position = holding.position
    return _Bulk(
        bulk.contracts + position.contracts,
        bulk.notional + position.notional,
        bulk.stored_value + position.stored_value,
        max(bulk.funding_rate, holding.funding_rate),
    )


def _netted(one: _Bulk, other: _Bulk) -> _Bulk:
    """What is left of the larger of two opposite sides, for its maintenance margin."""
    larger, smaller = (one, other) if one.notional >= other.notional else (other, one)
    share = (larger.notional - smaller.notional) / larger.notional
    return larger._replace(
        contracts=larger.contracts - smaller.contracts,
        notional=larger.notional - smaller.notional,
        stored_value=larger.stored_value * share,
    )


def _group(
    holding: Holding, contracts: Decimal, notional: Decimal, stored_value: Decimal, funding_rate: Decimal
) -> Group:
    """What positions like a holding ask for together."""
    if not notional:
        return Group(ZERO, holding.ratio, (NOTHING,), holding.closing_fee)
    schedule = holding.schedule
    pieces: Sequence[Piece] = maintenance_pieces(schedule, contracts, notional, stored_value, funding_rate)
    if schedule.basis == "entry" and (grid := holding.position.instrument.rounding.maintenance):
        pieces = [piece._replace(constant=on(grid, piece.constant)) for piece in pieces]
    most = most_asked(schedule, notional, funding_rate)
    return Group(notional, holding.ratio, pieces, holding.closing_fee, stored_value, most)
