"""`perpcalc pnl`: what closing a position brings."""

from decimal import Decimal
from typing import TYPE_CHECKING

from perpcalc.cli.case import IDENTITY, Case, case_of, fee_rate, is_portfolio, price_places
from perpcalc.cli.command import Command
from perpcalc.cli.options import ENTRY_FEE, EXACT, EXIT_FEE, MARK, OUTPUT, PORTFOLIO, POSITION, Given, Option
from perpcalc.core.pnl import entry_fees, price_for_roe, profit_and_loss, target_price
from perpcalc.decimals import ZERO, amount, plain, positive, rate
from perpcalc.errors import PerpcalcError
from perpcalc.render.report import Report, Row

if TYPE_CHECKING:
    from perpcalc.cli.positions import Held

EXIT = Option("exit", positive, "PRICE", "Exit price, USD per coin.", "x")
FUNDING = Option("funding", amount, "COIN", "Funding paid so far in coin, negative when received.")
TARGET_ROE = Option("target_roe", rate, "RATE", "Find the price for this gross return on equity.")
TARGET_PNL = Option("target_pnl", amount, "COIN", "Find the price for this net profit in coin.")

KINDS = {
    **IDENTITY,
    "entry_price": "price",
    "exit_price": "price",
    "entry_value": "coin",
    "exit_value": "coin",
    "gross_pnl": "gain",
    "entry_fee": "coin",
    "exit_fee": "coin",
    "funding": "coin",
    "net_pnl": "gain",
    "net_pnl_usd": "gain_usd",
    "margin": "coin",
    "roe": "gain_rate",
    "net_roe": "gain_rate",
    "break_even_price": "price",
    "target_price": "price",
    "reason": "text",
}
HEADLINE = (
    "name",
    "account",
    "instrument",
    "side",
    "contracts",
    "entry_price",
    "exit_price",
    "net_pnl",
    "net_pnl_usd",
    "roe",
    "break_even_price",
    "reason",
)


def answer(given: Given) -> Report:
    """Profit and loss of the position that the options describe."""
    if is_portfolio(given):
        return _of_portfolio(given)
    check(given)
    case = case_of(given)
    return Report("Profit and loss", KINDS, [row(case, given)], notes=case.notes)


def _of_portfolio(given: Given) -> Report:
    from perpcalc.cli.positions import answer_each, totals

    def one(held: "Held") -> Row:
        options = held.options(given, "funding", "entry_fee", "exit_fee")
        if given.exit is not None:
            options.mark = None
        check(options)
        return row(held.case, options)

    _, rows, notes = answer_each(given, one)
    sums = totals(rows, {"gross_pnl": "gain", "net_pnl": "gain", "net_pnl_usd": "gain_usd"})
    return Report("Profit and loss", KINDS, rows, one=False, headline=HEADLINE, totals=sums, notes=notes)


def check(given: Given) -> None:
    """Raise PerpcalcError unless exactly one exit is asked for, or a target."""
    if given.exit is not None and given.mark is not None:
        raise PerpcalcError("excludes --mark", "give one of them").at("--exit")
    if given.target_roe is not None and given.target_pnl is not None:
        raise PerpcalcError("excludes --target-roe", "give one of them").at("--target-pnl")
    targeted = given.target_roe is not None or given.target_pnl is not None
    if given.exit is None and given.mark is None and not targeted:
        raise PerpcalcError("is missing", "give --exit or --mark, or a target").at("--exit")


def row(case: Case, given: Given) -> Row:
    """The answer for one position."""
    position, instrument, margin = case.opened(), case.instrument, case.margin
    entry_rate = fee_rate(given.entry_fee, instrument, ENTRY_FEE)
    exit_rate = fee_rate(given.exit_fee, instrument, EXIT_FEE)
    funding = given.funding or ZERO
    leverage = None if margin is None else margin.leverage
    coin = None if margin is None else margin.coin
    exit_price: Decimal | None = given.exit or given.mark
    result = (
        None
        if exit_price is None
        else profit_and_loss(position, exit_price, entry_rate, exit_rate, funding, leverage, coin)
    )
    break_even = target_price(position, ZERO, entry_rate, exit_rate, funding)
    target: Decimal | None = None
    if given.target_pnl is not None:
        target = target_price(position, given.target_pnl, entry_rate, exit_rate, funding)
    elif given.target_roe is not None:
        if leverage is None and coin is None:
            raise PerpcalcError("needs a margin", "give --leverage, --margin or --balance").at("--target-roe")
        target = price_for_roe(position, given.target_roe, leverage, coin)
    asked = given.target_pnl is not None or given.target_roe is not None
    unreachable = (asked and target is None) or break_even is None
    made = Row(
        {
            **case.identity(),
            "entry_price": position.entry_price,
            "exit_price": exit_price,
            "entry_value": position.entry_value,
            "exit_value": result and result.exit_value,
            "gross_pnl": result and result.gross_pnl,
            "entry_fee": entry_fees(position, entry_rate) if result is None else result.entry_fee,
            "exit_fee": result and result.exit_fee,
            "funding": funding,
            "net_pnl": result and result.net_pnl,
            "net_pnl_usd": result and result.net_pnl_usd,
            "margin": coin,
            "roe": result and result.roe,
            "net_roe": result and result.net_roe,
            "break_even_price": break_even,
            "target_price": target,
            "reason": _reason(case, break_even is None) if unreachable else None,
        },
        coin=instrument.currency,
        price_places=price_places(instrument, position.entry_price, exit_price),
        coin_places=case.market.coin_places,
        never=frozenset({"target_price", "break_even_price"} if asked else {"break_even_price"}),
    )
    if not given.explain:
        return made
    from perpcalc.cli.explain_pnl import steps

    return made._replace(steps=steps(made, case, given))


def _reason(case: Case, no_break_even: bool) -> str:
    what = "the costs" if no_break_even else "the target"
    cost = f"{plain(round(case.opened().cost, 8))} {case.instrument.currency}"
    if case.side > 0:
        return f"no price reaches {what}: a long earns less than its entry value, {cost}, at any price"
    return f"no price reaches {what}: a short loses less than its entry value, {cost}, at any price"


COMMAND = Command(
    "pnl",
    "Profit and loss of a position in coin and USD: gross, fees, funding, net, return on equity, break-even price and the price for a target.",
    "perpcalc pnl --venue bybit --side long -n 10k --entry 62500 --exit 64000 --leverage 10",
    (*POSITION, PORTFOLIO, EXIT, MARK, ENTRY_FEE, EXIT_FEE, FUNDING, TARGET_ROE, TARGET_PNL, EXACT, *OUTPUT),
    answer,
)
