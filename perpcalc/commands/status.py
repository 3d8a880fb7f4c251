"""`perpcalc status`: how the whole book stands, the nearest to death first."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from perpcalc.answer import Answer, Coin, CostUsd, Count, Rate, Sentence, Times, Told, Usd
from perpcalc.commands.blocks import USD, After, Block, after, blocks_of, fatal_of
from perpcalc.commands.book import Book, book_of
from perpcalc.commands.charges import quoted_for
from perpcalc.commands.command import ROWS, Command, Result, Row
from perpcalc.commands.market import each_once
from perpcalc.commands.moves import Moves
from perpcalc.core.funding import funding_payment
from perpcalc.core.pegged import PEGGED
from perpcalc.core.rules import DAY
from perpcalc.core.wallet import net_notional
from perpcalc.decimals import ONE, ZERO
from perpcalc.given import Given, Needed
from perpcalc.options import BETA, EXACT, MARK, OUTPUT, PORTFOLIO, TOTAL

FAR = Decimal("Infinity")


class Status(Answer):
    """How an account, or a position margined by itself, stands now; amounts in its currency where no unit is named."""

    title = "Status"
    columns = (
        "account",
        "position",
        "down",
        "up",
        "margin_ratio",
        "equity_usd",
        "leverage",
        "delta",
        "equity",
        "funding_per_day_usd",
        "positions",
        "balance",
        "maintenance_margin",
        "venue",
    )
    whys = {
        "balance": "of a position by itself its margin, of an account of several coins all of them at their prices",
        "equity": "balance and profit at the mark, no fee of closing taken off",
        "maintenance_margin": "closing fees that count included; nothing rounded as the venue does",
        "margin_ratio": "100% is liquidation",
        "leverage": "the net size of each contract, added up, over the equity",
        "delta": "coins held in effect: what the equity in USD gains per USD of the price",
        "funding_per_day_usd": "at the rates that the file gives; positive when paid",
        "down": "the nearest fall of all coins together that liquidates; 0 where it has come to that",
        "up": "the nearest rise of all coins together that liquidates; 0 where it has come to that",
    }
    never = frozenset({"down", "up"})
    sums = ("equity_usd", "funding_per_day_usd")

    account: str | None
    position: str | None
    venue: str | None
    currency: str
    positions: Count | None
    balance: Coin | None
    equity: Coin | None
    equity_usd: Usd | None
    maintenance_margin: Coin | None
    margin_ratio: Rate | None
    leverage: Times | None
    delta: Coin | None
    funding_per_day_usd: CostUsd | None
    down: Rate | None
    up: Rate | None
    reason: str | None

    @property
    def is_dead(self) -> bool:
        """Whether it is liquidated where the market stands."""
        return self.down == 0 or self.up == 0

    @classmethod
    def summary(cls, rows: Sequence[Answer], sums: Sequence[Answer] = ()) -> Sentence:
        """What is dead already, and which of the others dies first, at which move."""
        asked = [row for row in rows if isinstance(row, Status)]
        known = [(place, row) for place, row in enumerate(asked) if row.margin_ratio is not None]
        dead = [str(row.account or row.position) for _, row in known if row.is_dead]
        said: Sentence = (f"{', '.join(dead)} {'is' if len(dead) == 1 else 'are'} liquidated already",) if dead else ()
        ends = [
            (abs(end), place, field)
            for place, row in known
            for field in ("down", "up")
            if not row.is_dead and (end := getattr(row, field)) is not None
        ]
        if not ends:
            return said or (("no move liquidates anything",) if known else ())
        _, place, field = min(ends)
        name = asked[place].account or asked[place].position
        nearest = "; nearest of the others: " if dead else "nearest: "
        return (*said, nearest, f"{name} is liquidated by a move of ", Told(field, row=place))


def answer(given: Given) -> Result:
    """How each account and each isolated position of a portfolio stands."""
    book = book_of(given.put(EXACT, True))
    notes = [*book.notes, *(note for case in book.cases for note in case.notes)]
    moves = Moves((ZERO,), {one.coin: one.value for one in given[BETA] or ()})
    rows = sorted((_row(block, moves) for block in blocks_of(book)), key=_nearness)
    made = [Row(row) for row in rows]
    return Result(Status, made, notes=each_once(notes), totals=partial(_totals, rows, book))


def _row(block: Block, moves: Moves) -> Status:
    (now,) = after(block, moves)
    fatal = fatal_of(block, moves)
    known = now.equity is not None and not block.unmaintained
    dead = bool(now.liquidated)
    return Status(
        account=block.account,
        position=block.position,
        venue=block.venue,
        currency=block.currency,
        positions=Decimal(len(block.cases) + len(block.legs)),
        balance=_balance(block),
        equity=now.equity,
        equity_usd=now.equity_usd,
        maintenance_margin=now.maintenance_margin,
        margin_ratio=now.margin_ratio,
        leverage=_leverage(block, now),
        delta=ZERO if dead else _delta(block),
        funding_per_day_usd=ZERO if dead else _funding(block),
        down=fatal.down,
        up=fatal.up,
        reason=block.reason,
    ).never_where(*(Status.never if known else ()))


def _balance(block: Block) -> Decimal | None:
    if block.stake is not None:
        return block.stake.wallet.collateral
    if block.unified is not None:
        return block.unified.balance_usd
    return None


def _leverage(block: Block, now: After) -> Decimal | None:
    """Net notional per contract over the equity; None where there is no equity."""
    if block.unified is not None:
        return block.unified.now.leverage
    if block.stake is None or not now.equity:
        return None
    return net_notional(block.stake.wallet) / block.stake.mark / now.equity


def _delta(block: Block) -> Decimal | None:
    """The change of the equity in USD for each USD of the price: `B + sum(s*V)` coins; of several coins what their
    deltas are worth, in USD, those that stand still left out.
    """
    if block.stake is not None:
        return block.stake.wallet.constant - block.stake.reserve
    if block.unified is None:
        return None
    coins = block.unified.sums.coins.values()
    return sum((one.delta * one.price for one in coins if one.name not in PEGGED), ZERO)


def _funding(block: Block) -> Decimal | None:
    """What the funding rates of the positions cost on a day in USD; None where one of them is not known."""
    total = ZERO
    for case in block.cases:
        rate, rule, mark = case.funding_rate, case.instrument.funding, case.mark
        if rate is None or rule is None or mark is None:
            return None
        quoted = quoted_for(case.given, rule, rule.interval) or rule.interval
        payment = funding_payment(case.instrument, case.side, case.contracts, rate, mark, None, rule.interval / quoted)
        total += payment * mark * DAY / rule.interval
    return total if block.cases else None


def _nearness(row: Status) -> tuple[bool, Decimal]:
    """The dead first, then by the move that liquidates, what never dies after them and what is not known last."""
    ends = [abs(end) for end in (row.down, row.up) if end is not None]
    return row.margin_ratio is None, min(ends, default=FAR)


class Outside(NamedTuple):
    """What is in no account, counted in one coin: coins held, the profit of linear legs settled in it, and those of
    legs on it.
    """

    held: Decimal | None = ZERO
    profit: Decimal | None = ZERO
    delta: Decimal | None = ZERO
    usd: Decimal | None = ZERO
    legs: Decimal = ZERO


def _totals(rows: Sequence[Status], book: Book) -> list[Row]:
    """The sums per currency, coins and linear legs outside any account included, and all in USD."""
    names = dict.fromkeys(row.currency for row in rows)
    names |= dict.fromkeys(one.coin for one in book.portfolio.holdings)
    for leg in book.legs_outside:
        names |= dict.fromkeys((leg.leg.coin, leg.leg.settle))
    beside = {coin: _outside(coin, book) for coin in names}
    made = [_sum(coin, [row for row in rows if row.currency == coin], beside[coin]) for coin in names]
    worth = [one.usd for one in beside.values()]
    known = [usd for usd in worth if usd is not None]
    usd = sum(known, ZERO) if len(known) == len(worth) else None
    made.append(_sum(USD, rows, Outside(None, None, None, usd, ZERO + len(book.legs_outside))))
    return [Row(one) for one in made]


def _outside(coin: str, book: Book) -> Outside:
    """What is in no account of a coin; in USD None where it has no price that is needed."""
    held = sum((one.amount for one in book.portfolio.holdings if one.coin == coin), ZERO)
    legs = [one for one in book.legs_outside if one.leg.settle == coin]
    on_it = [one.leg.coins * one.leg.ratio for one in book.legs_outside if one.leg.coin == coin]
    price = ONE if coin == USD else book.price(coin)
    profits = [one.pnl_usd() for one in legs]
    known = [profit for profit in profits if profit is not None]
    if price is None or len(known) < len(profits):
        return Outside(
            held, ZERO if not legs else None, sum(on_it, held), None if held or legs else ZERO, ZERO + len(legs)
        )
    usd = sum(known, ZERO)
    return Outside(held, usd / price, sum(on_it, held), usd + held * price, ZERO + len(legs))


def _sum(currency: str, rows: Sequence[Status], outside: Outside) -> Status:
    """The sum of some rows and of what is beside them; of a figure that one of them lacks, none."""

    def total(name: str, more: Decimal | None) -> Decimal | None:
        values = [getattr(row, name) for row in rows]
        return None if more is None or None in values else sum(values, more)

    held, profit = outside.held, outside.profit
    return Status(
        account=None,
        position=None,
        venue=None,
        currency=currency,
        positions=sum((row.positions or ZERO for row in rows), outside.legs),
        balance=total("balance", held),
        equity=total("equity", None if held is None or profit is None else held + profit),
        equity_usd=total("equity_usd", outside.usd),
        maintenance_margin=total("maintenance_margin", ZERO if held is not None else None),
        margin_ratio=None,
        leverage=None,
        delta=total("delta", outside.delta),
        funding_per_day_usd=total("funding_per_day_usd", ZERO),
        down=None,
        up=None,
        reason=None,
    ).never_where()


COMMAND = Command(
    "status",
    "How the whole book stands, the nearest to death first. Equity, margin ratio, leverage and the move that"
    " liquidates.",
    ("perpcalc status -p portfolio.toml", "perpcalc status -p portfolio.toml --beta ETH=1.4 --total"),
    (PORTFOLIO, MARK, BETA, *OUTPUT, TOTAL),
    Status,
    answer,
    (Needed((PORTFOLIO,), "name the file of positions; perpcalc portfolio init FILE writes an example"),),
    needed=(PORTFOLIO,),
    shape=ROWS,
)
