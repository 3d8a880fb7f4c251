"""`perpcalc replay`: whether a position or a portfolio would have lived through prices and funding of the past."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial

from perpcalc.answer import Answer, Coin, Cost, Count, Gain, GainUsd, Kind, Price, Rate, Sentence, Told, Usd
from perpcalc.commands.command import Command, Result, Row
from perpcalc.commands.market import each_once
from perpcalc.commands.past import Past, pasts_of
from perpcalc.commands.positions import totals
from perpcalc.commands.replay_chart import charts_of
from perpcalc.core.moments import iso
from perpcalc.core.passage import LIQUIDATION, STOP, Outcome
from perpcalc.core.unified_replay import UnifiedOutcome
from perpcalc.given import Given, Needed
from perpcalc.options import (
    CHART,
    CONTRACTS,
    END,
    ENTRY,
    EXIT_FEE,
    EXPLAIN,
    HISTORIES,
    INTERVAL,
    LEVERAGE,
    MARKS,
    OUTPUT,
    PORTFOLIO,
    POSITION,
    POSITION_RULES,
    SIDE,
    START,
    SVG,
    TOTAL,
)
from perpcalc.options import STOP as STOP_PRICE


class Replay(Answer):
    """How an account, or a position margined by itself, went along the bars of its coin; amounts in its coin."""

    title = "Replay"
    whys = {
        "bars": "a bar is from its open to the next; inside it funding is paid first, then the adverse extreme is met",
        "survived": "whether it was not liquidated; a stop survives",
        "ended_at": "the bar in which it ended, or the end of the last one; UTC",
        "price": "of the stop or the liquidation, else the last close; a bar that opens beyond one ends it at its open",
        "net_pnl": "after funding and the fee of a stop, without a fee at the end; a liquidation loses the margin",
        "net_pnl_usd": "at the price of the end",
        "funding": "each payment at its own mark, else at the bar's open; positive when paid",
        "max_margin_ratio": "the largest at any extreme of a bar; 100% is liquidation",
        "max_drawdown": "from the highest equity before, in coin, at the extremes of the bars",
        "max_drawdown_usd": "the same of the equity in USD, which peaks at other moments",
    }
    columns = (
        "account",
        "position",
        "ended_by",
        "price",
        "net_pnl",
        "ended_at",
        "max_margin_ratio",
        "net_pnl_usd",
        "max_drawdown",
        "funding",
        "max_drawdown_usd",
        "survived",
        "bars",
        "max_margin_ratio_at",
        "start",
        "end",
    )
    sums = ("net_pnl", "funding", "net_pnl_usd")

    account: str | None
    position: str | None
    start: str | None
    end: str | None
    bars: Count | None
    survived: bool | None
    ended_at: str | None
    ended_by: str | None
    price: Price | None
    net_pnl: Gain | None
    net_pnl_usd: GainUsd | None
    funding: Cost | None
    max_margin_ratio: Rate | None
    max_margin_ratio_at: str | None
    max_drawdown: Coin | None
    max_drawdown_usd: Usd | None
    reason: str | None

    def shown_kinds(self) -> Mapping[str, Kind]:
        """The amounts of an account of several coins, which has no one price, are in USD."""
        if self.ended_by is None or self.price is not None:
            return {}
        return {
            "net_pnl": Kind("gain_usd", "USD"),
            "funding": Kind("cost_usd", "USD"),
            "max_drawdown": Kind("usd", "USD"),
        }

    def sentence(self) -> Sentence:
        """Whether it survived, and what was left."""
        if self.ended_by is None:
            return ()
        if self.price is None:
            how = {LIQUIDATION: f"liquidated on {self.ended_at}", STOP: f"stopped on {self.ended_at}"}
            said = how.get(self.ended_by, "survived")
            return (said,) if self.net_pnl_usd is None else (f"{said}: net ", Told("net_pnl_usd"))
        if self.ended_by == LIQUIDATION:
            return (f"liquidated on {self.ended_at} at ", Told("price"), ": ", Told("net_pnl"))
        net: Sentence = ("net ", Told("net_pnl"), " (", Told("net_pnl_usd"), ")")
        if self.ended_by == STOP:
            return (f"stopped on {self.ended_at} at ", Told("price"), ": ", *net)
        return ("survived: ", *net, ", margin ratio at most ", Told("max_margin_ratio"))

    @classmethod
    def summary(cls, rows: Sequence[Answer], sums: Sequence[Answer] = ()) -> Sentence:
        """How many were liquidated, and which of them first."""
        known = [row for row in rows if isinstance(row, Replay) and row.ended_by is not None]
        dead = sorted((row for row in known if not row.survived), key=lambda row: row.ended_at or "")
        if not known:
            return ()
        if len(known) == 1:
            place = next(place for place, row in enumerate(rows) if row is known[0])
            said = (part._replace(row=place) if isinstance(part, Told) else part for part in known[0].sentence())
            return (f"{known[0].account or known[0].position} ", *said)
        if not dead:
            return (f"all {len(known)} survived",)
        return (
            (
                f"{len(dead)} of {len(known)} liquidated, {dead[0].account or dead[0].position} first, on"
                f" {dead[0].ended_at}"
            ),
        )


def answer(given: Given) -> Result:
    """How the position that the options describe went, or the accounts and isolated positions of a portfolio."""
    if wanted := EXPLAIN in given:
        from perpcalc.commands.replay_explain import explained
        from perpcalc.commands.tracing import untraced

        given = untraced(given)
    found = pasts_of(given)
    rows = []
    for past in found.pasts:
        made = _unknown(past) if past.outcome is None else _row(past, past.outcome)
        if past.several is not None:
            made = _of_several(past, past.several)
        if wanted and past.outcome is not None:
            made = explained(made, past, past.outcome)
        rows.append(Row(made, past.market))
    if found.one and found.pasts[0].unknown is not None:
        raise found.pasts[0].unknown
    return Result(
        Replay,
        rows,
        one=found.one,
        notes=each_once(found.notes),
        totals=None if found.one else partial(totals, Replay, rows),
        charts=partial(charts_of, found.pasts),
    )


def _row(past: Past, outcome: Outcome) -> Replay:
    return _went(past, outcome)._replace(
        price=outcome.price, net_pnl_usd=outcome.net_pnl_usd, max_drawdown_usd=outcome.max_drawdown_usd
    )


def _of_several(past: Past, outcome: UnifiedOutcome) -> Replay:
    """An account of several coins: every amount in USD, and no one price."""
    usd = _went(past, outcome)._replace(
        net_pnl_usd=outcome.net_pnl,
        max_drawdown_usd=outcome.max_drawdown,
        reason="an account of several coins: every amount is in USD",
    )
    return usd.never_where()


def _went(past: Past, outcome: Outcome | UnifiedOutcome) -> Replay:
    """What is told alike of a wallet and of an account of several coins."""
    return Replay.knowing(
        account=past.account,
        position=past.position,
        start=iso(outcome.start),
        end=iso(outcome.end),
        bars=Decimal(outcome.bars),
        survived=outcome.survived,
        ended_at=iso(outcome.ended_at),
        ended_by=outcome.ended_by,
        net_pnl=outcome.net_pnl,
        funding=outcome.funding,
        max_margin_ratio=outcome.max_margin_ratio,
        max_margin_ratio_at=iso(outcome.max_margin_ratio_at),
        max_drawdown=outcome.max_drawdown,
    )


def _unknown(past: Past) -> Replay:
    reason = None if past.unknown is None else past.unknown.line()
    return Replay.knowing(account=past.account, position=past.position, reason=reason).never_where()


COMMAND = Command(
    "replay",
    "Whether a position or a portfolio would have lived through candles and funding of the past. How it ended, what"
    " it paid, how near it came.",
    (
        (
            "perpcalc replay --venue bybit --side long -n 10k --entry 121704.74 --leverage 7 --marks marks.csv"
            " --history funding.json"
        ),
        "perpcalc replay -p portfolio.toml --marks BTC=btc.csv --history BTC=funding.json --svg replay.svg",
    ),
    (
        *POSITION,
        PORTFOLIO,
        MARKS,
        HISTORIES,
        STOP_PRICE,
        EXIT_FEE,
        START,
        END,
        INTERVAL,
        CHART,
        SVG,
        *OUTPUT,
        TOTAL,
    ),
    Replay,
    answer,
    (*POSITION_RULES, Needed((MARKS,), "name a file of candles")),
    needed=(SIDE, CONTRACTS, ENTRY, LEVERAGE, MARKS),
)
