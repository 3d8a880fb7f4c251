"""What lives and dies together: each account of a portfolio, and each position margined by itself."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.commands.book import Book
from perpcalc.commands.case import Case, Shared
from perpcalc.commands.legs import LegCase, no_price
from perpcalc.commands.moves import Moves
from perpcalc.commands.positions import unknown
from perpcalc.commands.trades import NO_MAINTENANCE
from perpcalc.commands.unified import UnifiedShared
from perpcalc.core.price_line import common_line, moves_line
from perpcalc.core.stress import Fatal, Stake, fatal_moves, ladder
from perpcalc.core.unified_liquidation import common_move
from perpcalc.core.unified_stress import unified_ladder
from perpcalc.core.wallet import Wallet
from perpcalc.decimals import ONE, ZERO
from perpcalc.options import MARK
from perpcalc.portfolio import Account

USD = "USD"


class Block(NamedTuple):
    """An account or an isolated position; of an account the `account` is named, of a position the `position`.

    `price` is that of its coin now, `stake` its wallet of one coin, `unified` the account of several; where neither is
    known there is a `reason`. So there is where no maintenance rate is known: such a stake is worth what it is, but
    where it dies is `unmaintained`.
    """

    account: str | None
    position: str | None
    venue: str | None
    currency: str
    price: Decimal | None
    cases: Sequence[Case]
    legs: Sequence[LegCase] = ()
    stake: Stake | None = None
    unified: UnifiedShared | None = None
    reason: str | None = None
    unmaintained: bool = False

    @property
    def label(self) -> str:
        """What the block is called."""
        name = self.account or self.position
        return name or (self.cases[0].instrument.name if self.cases else None) or self.currency


class After(NamedTuple):
    """A block after a move of the market; amounts are in its currency. What is not known is None, all of it but the
    move.
    """

    move: Decimal | None
    price: Decimal | None
    pnl: Decimal | None
    equity: Decimal | None
    equity_usd: Decimal | None
    maintenance_margin: Decimal | None
    margin_ratio: Decimal | None
    liquidated: bool | None


def blocks_of(book: Book) -> list[Block]:
    """The accounts in the order of the file, then the positions that are margined by themselves."""
    made: list[Block] = []
    for account in book.portfolio.accounts:
        if account.unified is not None:
            made.append(_of_coins(book, account))
        else:
            made.append(_of_wallet(book, account))
    made.extend(block_of(case) for case in book.cases if case.shared is None)
    return made


def block_of(case: Case) -> Block:
    """A position by itself, on its own margin or on a balance that nothing else shares."""
    reasons: list[str] = []
    standing = unknown(case.margined, reasons) and unknown(lambda: _worth(case).in_wallet(), reasons)
    mark = case.mark
    if mark is None and case.place is None and case.position is not None:
        mark = case.position.entry_price
    if mark is None and not reasons:
        reasons.append(f"{MARK.name}: is missing: give the position a mark, or its coin a price in [prices]")
    stake: Stake | None = None
    if standing is not None and mark is not None:
        margin = case.margined()
        reserve = margin.coin - margin.usable
        wallet = standing.wallet._replace(collateral=margin.coin, constant=standing.wallet.constant + reserve)
        stake = Stake(wallet, mark, reserve)
        unknown(case.holding, reasons)
    own = case.instrument
    reason = reasons[0] if reasons else None
    lacks = stake is not None and reason is not None
    return Block(None, case.name, own.venue, own.currency, mark, [case], stake=stake, reason=reason, unmaintained=lacks)


def _worth(case: Case) -> Case:
    """The case as far as its worth goes, which needs no maintenance rate."""
    rules = case.rules
    return case if rules.schedule is not None else case._replace(rules=rules._replace(schedule=NO_MAINTENANCE))


def _of_wallet(book: Book, account: Account) -> Block:
    """An account of one coin, with or without positions."""
    cases = [case for case in book.cases if isinstance(case.shared, Shared) and case.shared.name == account.name]
    price, balance = book.price(account.currency), account.balance or ZERO
    reasons: list[str] = []
    stake: Stake | None = None
    if price is None:
        reasons.append(no_price(account.currency))
    elif not cases:
        stake = Stake(Wallet(balance, balance, ZERO, (), ()), price)
    else:
        shared = cases[0].shared
        assert isinstance(shared, Shared)
        worth = shared.of([_worth(case) for case in cases])
        wallet = unknown(lambda: worth.wallet, reasons)
        if wallet is not None:
            stake = Stake(wallet, cases[0].mark or price)
            unknown(lambda: shared.holdings, reasons)
    reason = reasons[0] if reasons else None
    lacks = stake is not None and reason is not None
    return Block(
        account.name,
        None,
        account.venue,
        account.currency,
        price,
        cases,
        stake=stake,
        reason=reason,
        unmaintained=lacks,
    )


def _of_coins(book: Book, account: Account) -> Block:
    """An account of several coins, in USD."""
    from perpcalc.commands.unified import reading_of

    cases = [case for case in book.cases if isinstance(case.shared, UnifiedShared) and case.shared.name == account.name]
    legs = [leg for leg in book.legs if leg.shared is not None and leg.shared.name == account.name]
    carriers = [
        one
        for one in (*(case.shared for case in cases), *(leg.shared for leg in legs))
        if isinstance(one, UnifiedShared)
    ]
    shared = carriers[0] if carriers else UnifiedShared(account, book.portfolio, (), (), reading_of(account))
    reasons: list[str] = []
    known = unknown(lambda: shared.sums, reasons)
    return Block(
        account.name,
        None,
        account.venue,
        USD,
        None,
        cases,
        legs,
        unified=None if known is None else shared,
        reason=reasons[0] if reasons else None,
    )


def fatal_of(block: Block, moves: Moves) -> Fatal:
    """The common moves that liquidate a block, each coin by its beta; None where none does or it is not known."""
    if block.unified is not None:
        found = common_move(block.unified.sums, moves.betas)
        return Fatal(found.down, found.up)
    beta = moves.beta(block.currency)
    if block.stake is None or block.unmaintained or not block.stake.wallet.groups or not beta:
        return Fatal(None, None)
    down, up = fatal_moves(block.stake)
    ends = (None if end is None else end / beta for end in ((down, up) if beta > 0 else (up, down)))
    return Fatal(*ends)


def after(block: Block, moves: Moves) -> list[After]:
    """What is left of a block after each of the moves."""
    if block.unified is not None:
        return _coins_after(block.unified, moves)
    if block.currency == USD:
        asked: list[Decimal | None] = list(moves.ladder) if moves.coins is None else [None]
        return [After(move, None, None, None, None, None, None, None) for move in asked]
    own = moves.of(block.currency)
    shown = list(moves.ladder) if moves.betas else own
    if block.stake is None or block.price is None:
        return [After(move, None, None, None, None, None, None, None) for move in shown]
    known = [move for move in own if move is not None]
    rungs = iter(ladder(block.stake, known))
    made = []
    for move, told in zip(own, shown, strict=True):
        if move is None:
            made.append(After(None, None, None, None, None, None, None, None))
            continue
        rung, price = next(rungs), block.price * (ONE + move)
        found = After(told, price, rung.pnl, rung.equity, rung.equity * price, *rung[2:])
        if block.unmaintained and not rung.liquidated:
            found = found._replace(maintenance_margin=None, margin_ratio=None, liquidated=None)
        made.append(found)
    return made


def _coins_after(shared: UnifiedShared, moves: Moves) -> list[After]:
    """An account of several coins after moves; of a scenario in which a coin is not known, nothing is known."""
    sums = shared.sums
    if moves.coins is None:
        rungs = unified_ladder(sums, common_line(sums, moves.betas), moves.ladder)
        return [
            After(
                move,
                None,
                rung.pnl,
                rung.equity,
                rung.equity,
                rung.maintenance_margin,
                rung.margin_ratio,
                rung.liquidated,
            )
            for move, rung in zip(moves.ladder, rungs, strict=True)
        ]
    coins = {coin: moves.of(coin)[0] for coin in sums.coins}
    if None in coins.values():
        return [After(None, None, None, None, None, None, None, None)]
    known = {coin: move for coin, move in coins.items() if move is not None}
    (rung,) = unified_ladder(sums, moves_line(sums, known), [ONE])
    return [
        After(
            None, None, rung.pnl, rung.equity, rung.equity, rung.maintenance_margin, rung.margin_ratio, rung.liquidated
        )
    ]
