"""`perpcalc fills`: what one's own trades came to, and what they left open."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from perpcalc.answer import Answer, Coin, Cost, Count, Gain, Identified, Price, Sentence, Told
from perpcalc.commands.command import ROWS, Command, Result, Row
from perpcalc.commands.journal import Strand, journal_of
from perpcalc.commands.market import Market, each_once, traced_market
from perpcalc.commands.positions import totals
from perpcalc.core.ledger import Ledger, ledger
from perpcalc.core.pnl import gross_pnl, safe_tick, target_price
from perpcalc.core.position import Position
from perpcalc.decimals import ZERO
from perpcalc.errors import PerpcalcError, Words
from perpcalc.given import Given, Needed
from perpcalc.options import (
    CONTRACT_SIZE,
    CURRENCY,
    EXPLAIN,
    FILE,
    FUNDING_FILE,
    HEDGE,
    INSTRUMENT,
    INTO,
    MARK,
    OUTPUT,
    TOTAL,
    VENUE,
)

if TYPE_CHECKING:
    from perpcalc.portfolio import Portfolio
    from perpcalc.portfolio.edit import Change


class Fills(Identified):
    """What the trades in a contract came to; amounts in its coin, and first what is still open."""

    title = "Fills"
    whys = {
        "contracts": "what is open; its side is null where nothing is",
        "bought": "contracts of all buys in the file",
        "sold": "contracts of all sells in the file",
        "realised_pnl": (
            "each closing trade against the average cost, V*closed/n leaving with it; before fees and funding"
        ),
        "fees": "as the file has them, rebates negative",
        "funding": "payments that were booked, or past rates on what was open at each; positive when paid",
        "entry_price": "the average cost of what is open, Q/V; closing a part leaves it as it is",
        "entry_value": "the coin value V of what is open, as the venue keeps it",
        "break_even_price": "of what is open alone: where closing it pays the fee of doing so",
        "unrealised_pnl": "of what is open, at the mark, no fee counted",
    }
    columns = (
        "instrument",
        "side",
        "contracts",
        "entry_price",
        "net_realised",
        "unrealised_pnl",
        "realised_pnl",
        "fees",
        "funding",
        "break_even_price",
        "trades",
        "bought",
        "sold",
        "venue",
    )
    sums = ("realised_pnl", "fees", "funding", "net_realised", "unrealised_pnl")

    trades: Count
    bought: Count | None
    sold: Count | None
    realised_pnl: Gain | None
    fees: Cost | None
    funding: Cost | None
    net_realised: Gain | None
    entry_price: Price | None
    entry_value: Coin | None
    break_even_price: Price | None
    unrealised_pnl: Gain | None
    reason: str | None

    @classmethod
    def summary(cls, rows: Sequence[Answer], sums: Sequence[Answer] = ()) -> Sentence:
        """What was realised, and what is open."""
        held = [place for place, row in enumerate(rows) if isinstance(row, Fills) and row.side is not None]
        if len(rows) > 1:
            unknown = sum(isinstance(row, Fills) and row.contracts is None for row in rows)
            still = f"{len(held)} of {len(rows)} are still open" if held else "nothing is open any more"
            still += f", {unknown} not known" if unknown else ""
            one_coin = len(sums) == 2 and None not in [row.net_realised for row in rows if isinstance(row, Fills)]
            return ("net ", Told("net_realised", row=-2), " realised, ", still) if one_coin else (still,)
        if not isinstance(rows[0], Fills) or rows[0].net_realised is None:
            return ()
        said: Sentence = ("net ", Told("net_realised"), " realised, ")
        if not held:
            return (*said, "nothing is open any more")
        return (*said, f"{rows[0].side} ", Told("contracts"), " contracts open at ", Told("entry_price"))


def answer(given: Given) -> Result:
    """What the trades in a file came to, contract by contract."""
    if explained := EXPLAIN in given:
        from perpcalc.commands.tracing import untraced

        given = untraced(given)
    journal = journal_of(given)
    notes = list(journal.notes)
    mark = given[MARK]
    coins = {strand.market.instrument.currency for strand in journal.strands if strand.market is not None}
    if mark is not None and len(coins) > 1:
        raise PerpcalcError(
            f"the trades are in {len(coins)} coins, {', '.join(sorted(coins))}", ("give one ", INSTRUMENT.key)
        ).at(MARK.key)
    rows = []
    opened: list[tuple[Market, Position]] = []
    for strand in journal.strands:
        found: Ledger | None = None
        if strand.market is not None:
            notes += strand.market.notes
            try:
                found = ledger(strand.market.instrument, strand.trades, strand.booked, strand.rates, mark)
            except PerpcalcError as error:
                raise error.at(journal.where if error.places or journal.charges is None else journal.charges) from None
            notes += [f"{strand.name}: {note}" for note in found.notes]
            if found.position is not None:
                opened.append((strand.market, found.position))
        if found is None or strand.market is None:
            rows.append(Row(_unknown(strand)))
        else:
            rows.append(Row(_row(strand.market, found, mark, notes, explained), strand.market))
    return Result(Fills, rows, notes=each_once(notes), totals=partial(totals, Fills, rows), into=partial(_into, opened))


def _row(market: Market, found: Ledger, mark: Decimal | None, notes: list[Words], explained: bool) -> Fills:
    if explained:
        market = traced_market(market)
        found, mark = _traced(market, found, mark)
    position, instrument = found.position, market.instrument
    break_even: Decimal | None = None
    taker = ZERO if instrument.venue is None else instrument.taker_fee
    if position is not None:
        if taker is None:
            notes.append(f"{instrument.venue}: its fees are not known: the break-even price is without one")
        break_even = target_price(position, ZERO, exit_fee_rate=taker or ZERO)
    made = Fills(
        name=None,
        account=None,
        venue=instrument.venue,
        instrument=instrument.name,
        currency=instrument.currency,
        side=position and ("long" if position.side > 0 else "short"),
        contracts=position.contracts if position else ZERO,
        contract_size=instrument.contract_size,
        notional_usd=position.notional if position else ZERO,
        trades=Decimal(found.trades),
        bought=found.bought,
        sold=found.sold,
        realised_pnl=found.realised_pnl,
        fees=found.fees,
        funding=found.funding,
        net_realised=found.net_realised,
        entry_price=position and position.entry_price,
        entry_value=position and position.entry_value,
        break_even_price=break_even,
        unrealised_pnl=None if position is None or mark is None else gross_pnl(position, mark),
        reason=None,
    )

    def rounded(made: Fills) -> dict[str, Decimal | None]:
        if position is None or break_even is None:
            return {}
        step = Row(made, market).price_step()
        return {"break_even_price": safe_tick(position, break_even, exit_fee_rate=taker or ZERO, step=step)}

    return made.people_see(rounded)


def _traced(market: Market, found: Ledger, mark: Decimal | None) -> tuple[Ledger, Decimal | None]:
    """What the trades came to as numbers of their own names; how each trade made them is the file's length to tell."""
    from perpcalc.trace import leaf

    position = found.position
    if position is not None:
        value = leaf(position.entry_value, "entry_value", rule=True)
        position = position._replace(
            instrument=market.instrument,
            side=leaf(position.side, "s"),
            contracts=leaf(position.contracts, "contracts", rule=True),
            notional=leaf(position.notional, "notional_usd"),
            cost=value if position.cost == value else leaf(position.cost, "V"),
            stored_value=value if position.stored_value == value else leaf(position.stored_value, "V"),
            entry_value=value,
            entry_price=leaf(position.entry_price, "entry_price", rule=True),
        )
    told = found._replace(
        position=position,
        realised_pnl=leaf(found.realised_pnl, "realised_pnl", rule=True),
        fees=leaf(found.fees, "fees", rule=True),
        funding=leaf(found.funding, "funding", rule=True),
    )
    return told, None if mark is None else leaf(mark, "mark")


def _unknown(strand: Strand) -> Fills:
    reason = None if strand.unknown is None else strand.unknown.line()
    return Fills.knowing(instrument=strand.label, trades=Decimal(len(strand.trades)), reason=reason).never_where()


def _into(opened: Sequence[tuple[Market, Position]], portfolio: "Portfolio") -> "Change":
    """The change that puts what is open into a portfolio."""
    from perpcalc.commands.fills_into import change_of

    return change_of(opened, portfolio)


COMMAND = Command(
    "fills",
    "What your trades came to. Realised profit at average cost, fees, funding, and the position that is still open,"
    " contract by contract.",
    (
        "perpcalc fills trades.csv --venue bybit --mark 62000",
        "perpcalc fills executions.json --funding payments.json --into portfolio.toml",
    ),
    (FILE, VENUE, INSTRUMENT, CONTRACT_SIZE, CURRENCY, FUNDING_FILE, HEDGE, MARK, INTO, *OUTPUT, TOTAL),
    Fills,
    answer,
    (Needed((FILE,), "name the file of trades"),),
    needed=(FILE,),
    shape=ROWS,
)
