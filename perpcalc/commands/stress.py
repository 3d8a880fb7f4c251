"""`perpcalc stress`: what is left of each account after the market moves."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from perpcalc.answer import Answer, Coin, Count, Gain, Kind, Price, Rate, Said, Sentence, Status, Usd
from perpcalc.commands.blocks import After, Block, after, block_of, blocks_of, fatal_of
from perpcalc.commands.book import Book, book_of, is_portfolio
from perpcalc.commands.case import NEED_ENTRY, NEED_MARGIN, NEED_SIDE, NEED_SIZE, case_of
from perpcalc.commands.command import ROWS, Command, Result, Row
from perpcalc.commands.market import Market, each_once
from perpcalc.commands.moves import MOVE_OPTIONS, MOVE_RULES, Moves, moves_of
from perpcalc.commands.scenarios import LIST, scenarios
from perpcalc.commands.stress_chart import charts_of
from perpcalc.core.stress import Fatal, visible_moves
from perpcalc.decimals import ZERO, plain
from perpcalc.errors import Words
from perpcalc.given import Given, check
from perpcalc.options import (
    CHART,
    CONTRACTS,
    ENTRY,
    EXACT,
    EXPLAIN,
    LEVERAGE,
    MARK,
    OUTPUT,
    PORTFOLIO,
    POSITION,
    POSITION_RULES,
    SCENARIO,
    SIDE,
    SVG,
    TOTAL,
)

LIQUIDATED, OK = "liquidated", "ok"


class Stress(Answer):
    """What is left of an account, or of a position margined by itself, after a move."""

    title = "Stress"
    whys = {
        "price": "all marks of the coin move in proportion",
        "pnl": "against the entry prices, no fees and no funding; after liquidation all that was put in is lost",
        "equity": "0 where it was liquidated on the way from the mark",
        "equity_usd": "at the price of the coin",
        "maintenance_margin": "closing fees that count included; nothing rounded as the venue does",
        "margin_ratio": "100% is liquidation",
    }
    columns = ("move", "status", "equity_usd", "margin_ratio", "price", "equity", "pnl", "maintenance_margin")

    account: str | None
    currency: str
    price: Price | None
    move: Rate | None
    pnl: Gain | None
    equity: Coin | None
    equity_usd: Usd | None
    maintenance_margin: Coin | None
    margin_ratio: Rate | None
    status: Status | None
    position: str | None
    reason: str | None

    def block(self) -> str | None:
        """The account or the position that the row is about."""
        return self.account or self.position


class StressTotal(Answer):
    """All accounts and positions together after a move."""

    title = "All"
    columns = ("move", "equity_usd", "liquidated", "first")

    move: Rate | None
    equity_usd: Usd | None
    liquidated: Count
    first: str | None


class NamedDay(Answer):
    """A scenario that can be asked for."""

    title = "Scenarios"
    columns = ("name", "days", "title_of_day", "moves")

    name: str
    days: str
    title_of_day: str
    moves: str
    source: str


def answer(given: Given) -> Result:
    """What moves do to the position that the options describe, or to the accounts of a portfolio."""
    if given[SCENARIO] == LIST:
        return _named_days()
    exact = given.put(EXACT, True)  # a stressed equity is no figure that a venue prints
    notes: list[Words] = []
    of_portfolio = is_portfolio(given)
    if of_portfolio:
        book = book_of(exact)
        blocks = blocks_of(book)
        notes += [*book.notes, *(note for case in book.cases for note in case.notes)]
        outside = _outside(book)
    else:
        check((NEED_SIDE, NEED_SIZE, NEED_ENTRY, NEED_MARGIN), given)
        case = case_of(exact)
        case.standing()
        if EXPLAIN in given:
            from perpcalc.commands.tracing import told_apart

            case = told_apart(case)
        blocks, outside = [block_of(case)], []
        notes += case.notes
    moves = moves_of(given, notes)
    if moves.coins is None and not moves.ladder:
        moves = moves._replace(ladder=visible_moves(fatal_of(block, moves) for block in blocks))
    if EXPLAIN in given:
        from perpcalc.commands.tracing import traced_moves

        moves = traced_moves(moves)
    rungs = [after(block, moves) for block in blocks]
    rows = [
        Row(_row(block, one, moves), market)
        for block, market, ones in zip(blocks, map(_market, blocks), rungs, strict=True)
        for one in ones
    ]
    return Result(
        Stress,
        rows,
        notes=each_once(notes),
        totals=partial(_totals, blocks, rungs, moves, outside) if of_portfolio else None,
        charts=partial(charts_of, blocks, moves),
        said=partial(_said, blocks, rungs, moves),
    )


def _said(blocks: Sequence[Block], rungs: Sequence[Sequence[After]], moves: Moves) -> Sentence:
    """How many of the accounts die of these moves, and which of them first, at exactly which move."""
    dead = [
        (_end(block, moves, ones), block.label)
        for block, ones in zip(blocks, rungs, strict=True)
        if any(one.liquidated for one in ones)
    ]
    if not dead:
        judged = all(one.liquidated is not None for ones in rungs for one in ones)
        return ("nothing is liquidated by these moves",) if judged else ()
    already = [name for end, name in dead if end == 0]
    nearest = min(((abs(end), name, end) for end, name in dead if end), default=None)
    move: Sentence = () if nearest is None else (Said(nearest[2], Kind("rate")),)
    if len(blocks) == 1:
        return (
            "liquidated ",
            *(("already",) if already else ("by a move of ", *move) if move else ("by these moves",)),
        )
    said: Sentence = (f"{len(dead)} of {len(blocks)} {'is' if len(dead) == 1 else 'are'} liquidated by these moves",)
    if already:
        said += (f": {', '.join(already)} already",)
    return said if nearest is None else (*said, f"{', then' if already else ': first'} {nearest[1]} at ", *move)


def _end(block: Block, moves: Moves, ones: Sequence[After]) -> Decimal | None:
    """The nearest move that liquidates a block, of those that these go beyond; None where each coin moves by itself."""
    if moves.coins is not None and block.unified is not None:
        return None
    gone = [one.move for one in ones if one.liquidated and one.move is not None]
    ends = [end for end in fatal_of(block, moves) if end is not None]
    return min(
        (end for end in ends if any(move <= end <= 0 or move >= end >= 0 for move in gone)), key=abs, default=None
    )


def _row(block: Block, one: After, moves: Moves) -> Stress:
    reason = block.reason
    if reason is None and one.equity is None:
        coins = (block.currency,) if block.unified is None else tuple(block.unified.sums.coins)
        coin = next(name for name in coins if moves.of(name)[0] is None)
        reason = f"how far {coin} fell is not known: give move {coin}=RATE beside the scenario"
    return Stress(
        account=block.account,
        currency=block.currency,
        price=one.price,
        move=one.move,
        pnl=one.pnl,
        equity=one.equity,
        equity_usd=one.equity_usd,
        maintenance_margin=one.maintenance_margin,
        margin_ratio=one.margin_ratio,
        status=None if one.liquidated is None else LIQUIDATED if one.liquidated else OK,
        position=block.position,
        reason=reason,
    )


def _market(block: Block) -> Market | None:
    return block.cases[0].market if block.cases and block.unified is None else None


def _outside(book: Book) -> list[tuple[str, Decimal | None]]:
    """The coins that are in no account, held or those of a linear leg, and what they are worth now; None without a
    price.
    """
    amounts = [(one.coin, one.amount) for one in book.portfolio.holdings]
    worth = [(coin, None if (price := book.price(coin)) is None else amount * price) for coin, amount in amounts]
    for one in book.legs_outside:
        worth += [(one.leg.coin, one.value_usd()), (one.leg.settle, one.entered_usd())]
    return worth


def _totals(
    blocks: Sequence[Block],
    rungs: Sequence[Sequence[After]],
    moves: Moves,
    outside: Sequence[tuple[str, Decimal | None]],
) -> list[Row]:
    """All together after each move: the equity in USD, how many are liquidated, and which of them first."""
    fatal = [fatal_of(block, moves) for block in blocks]
    made = []
    for place in range(len(moves.ladder) if moves.coins is None else 1):
        ones = [of_block[place] for of_block in rungs]
        move = moves.ladder[place] if moves.coins is None else None
        dead = [number for number, one in enumerate(ones) if one.liquidated]
        worth = [one.equity_usd for one in ones]
        for coin, value in outside:
            own = moves.of(coin)[place]
            worth.append(None if value is None or own is None else value * (1 + own))
        known = [usd for usd in worth if usd is not None]
        total = sum(known, ZERO) if len(known) == len(worth) else None
        first = min(dead, key=lambda number: _nearness(fatal[number], move), default=None)
        made.append(
            Row(
                StressTotal(
                    move=move,
                    equity_usd=total,
                    liquidated=Decimal(len(dead)),
                    first=None if first is None else blocks[first].label,
                )
            )
        )
    return made


def _nearness(fatal: Fatal, move: Decimal | None) -> Decimal:
    """How far the market moves to liquidate on the side of a move."""
    end = fatal.up if move is not None and move > 0 else fatal.down
    return abs(end) if end is not None else Decimal("Infinity")


def _named_days() -> Result:
    rows = [
        Row(
            NamedDay(
                name=day.name,
                days=day.days,
                title_of_day=day.title,
                moves=", ".join(f"{coin} {plain(move * 100)}%" for coin, move in day.moves.items()),
                source=day.source,
            )
        )
        for day in scenarios().values()
    ]
    return Result(NamedDay, rows)


COMMAND = Command(
    "stress",
    "What is left of each account after the market moves. Profit, equity in coin and USD, maintenance margin, and"
    " who is liquidated on the way.",
    (
        "perpcalc stress --venue bybit --side long -n 10k --entry 62500 --mark 62000 --leverage 5 --chart",
        "perpcalc stress -p portfolio.toml --scenario 2020-03-12 --total",
    ),
    (*POSITION, PORTFOLIO, MARK, *MOVE_OPTIONS, CHART, SVG, *OUTPUT, TOTAL),
    Stress,
    answer,
    (*POSITION_RULES, *MOVE_RULES),
    needed=(SIDE, CONTRACTS, ENTRY, LEVERAGE),
    shape=ROWS,
    totals=StressTotal,
)
