"""`perpcalc pnl`: what closing a position brings."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from perpcalc.answer import Answer, Coin, Gain, GainRate, GainUsd, Identified, Price, Sentence, Told
from perpcalc.commands.case import NEED_ENTRY, NEED_SIDE, NEED_SIZE, Case
from perpcalc.commands.command import Command, Row
from perpcalc.commands.market import known_fee
from perpcalc.commands.positions import Remarks, by_position, each, summed_up, unknown, unless_alone
from perpcalc.core.liquidation import liquidated_at
from perpcalc.core.pnl import entry_fees, price_for_roe, profit_and_loss, safe_tick, target_price
from perpcalc.decimals import ZERO, plain
from perpcalc.errors import PerpcalcError
from perpcalc.given import Given, Needed, exclusive
from perpcalc.options import (
    BALANCE,
    CONTRACTS,
    ENTRY,
    ENTRY_FEE,
    EXIT,
    EXIT_FEE,
    FUNDING,
    LEVERAGE,
    MARGIN,
    MARK,
    OUTPUT,
    PORTFOLIO,
    POSITION,
    POSITION_RULES,
    SIDE,
    TARGET_PNL,
    TARGET_ROE,
    TOTAL,
)

if TYPE_CHECKING:
    from perpcalc.commands.legs import LegCase


class Pnl(Identified):
    """Profit and loss of a position, in coin where no unit is named."""

    title = "Profit and loss"
    whys = {
        "entry_price": "the harmonic mean of the fills, since coin is what is paid",
        "entry_value": "the coin value that the position cost, as the venue keeps it",
        "exit_value": "the coin value of the contracts at the exit",
        "gross_pnl": "before fees and funding",
        "entry_fee": "each fill by itself; without a venue no fee is known, give one",
        "net_pnl": "of the parts shown; funding is positive when paid",
        "net_pnl_usd": "what the profit in coin is worth at the exit",
        "roe": (
            "on the margin without any extra, entry_value / leverage, where the leverage is known; else on the "
            "margin given"
        ),
        "net_roe": "as roe, after fees and funding",
        "break_even_price": (
            "where net_pnl would be 0; never rounded as a venue does, a table shows the tick on the safe side"
        ),
        "target_price": (
            "for a return on equity fees are not counted; a long never makes more than V, a short never loses more"
        ),
        "liquidation_price": "see perpcalc liq-price --explain for the tier and the conventions",
    }
    columns = (
        "name",
        "side",
        "net_pnl",
        "net_pnl_usd",
        "net_roe",
        "contracts",
        "entry_price",
        "exit_price",
        "gross_pnl",
        "break_even_price",
        "account",
        "instrument",
        "liquidated",
    )
    sums = ("gross_pnl", "entry_fee", "exit_fee", "funding", "net_pnl", "net_pnl_usd")

    entry_price: Price | None
    exit_price: Price | None
    entry_value: Coin | None
    exit_value: Coin | None
    gross_pnl: Gain | None
    entry_fee: Coin | None
    exit_fee: Coin | None
    funding: Coin | None
    net_pnl: Gain | None
    net_pnl_usd: GainUsd | None
    margin: Coin | None
    roe: GainRate | None
    net_roe: GainRate | None
    break_even_price: Price | None
    target_price: Price | None
    liquidation_price: Price | None
    liquidated: bool | None
    reason: str | None

    def sentence(self) -> Sentence:
        """Net profit, or the price that was asked for."""
        if self.net_pnl is None:
            return ("target at ", Told("target_price")) if self.target_price is not None else ()
        said: Sentence = ("net ", Told("net_pnl"), " (", Told("net_pnl_usd"), ")")
        if self.net_roe is not None:
            said += (", ", Told("net_roe"), " on the margin")
        return (*said, ": but liquidated before it, at ", Told("liquidation_price")) if self.liquidated else said

    @classmethod
    def summary(cls, rows: Sequence[Answer], sums: Sequence[Answer] = ()) -> Sentence:
        """Net profit of all, and which of them do not live to see it."""
        dead = [str(row.name) for row in rows if isinstance(row, Pnl) and row.liquidated]
        together = summed_up(rows, sums, "net_pnl", "net_pnl_usd")
        if dead and together:
            together += (f": but {', '.join(dead)} {'is' if len(dead) == 1 else 'are'} liquidated before it",)
        return together and ("net ", *together)


def answer(case: Case, given: Given, said: Remarks) -> Pnl:
    """Profit and loss of one position; of one in a portfolio without an entry nothing is known."""
    reasons: list[str] = []
    if case.place is not None and unknown(case.opened, reasons) is None:
        return Pnl.knowing(**case.identity(), reason=reasons[0]).never_where()
    position, instrument, margin = case.opened(), case.instrument, case.margin
    opening = known_fee(given, ENTRY_FEE, instrument, said.notes)
    closing = known_fee(given, EXIT_FEE, instrument, said.notes)
    funding = given[FUNDING] or ZERO
    exit_price = given[EXIT] or given[MARK]
    is_mark = EXIT not in given
    leverage, coin = (None, None) if margin is None else (margin.leverage, margin.coin)
    costs = (opening, closing, funding)
    result = None if exit_price is None else profit_and_loss(position, exit_price, *costs, leverage, coin, is_mark)
    break_even = target_price(position, ZERO, *costs)
    target: Decimal | None = None
    if asked := TARGET_PNL in given or TARGET_ROE in given:
        target = unless_alone(case, partial(_target, case, given, *costs), reasons)
    found = unknown(case.liquidation_prices, []) if margin is not None or case.is_unified else None
    liquidated = None if exit_price is None else liquidated_at(found, exit_price)
    if liquidated and found is not None and found.liquidation_price is not None:
        said.warnings.append(_liquidated_before(case, found.liquidation_price))
    lost = asked and target is None and not reasons
    if exit_price is None and not asked:
        reasons.append(f"{instrument.currency} has no price: write it into [prices]")
    nevers = ["break_even_price", *(["target_price"] if lost else []), *(["liquidation_price"] if found else [])]
    made = Pnl(
        **case.identity(),
        entry_price=position.entry_price,
        exit_price=exit_price,
        entry_value=position.entry_value,
        exit_value=result and result.exit_value,
        gross_pnl=result and result.gross_pnl,
        entry_fee=entry_fees(position, opening) if result is None else result.entry_fee,
        exit_fee=result and result.exit_fee,
        funding=funding,
        net_pnl=result and result.net_pnl,
        net_pnl_usd=result and result.net_pnl_usd,
        margin=coin,
        roe=result and result.roe,
        net_roe=result and result.net_roe,
        break_even_price=break_even,
        target_price=target,
        liquidation_price=found and found.liquidation_price,
        liquidated=liquidated,
        reason=_out_of_reach(case, break_even is None) if lost or break_even is None else "; ".join(reasons) or None,
    )
    return made.never_where(*nevers).people_see(partial(_rounded, case, costs))


def _rounded(case: Case, costs: tuple[Decimal, Decimal, Decimal], made: Pnl) -> dict[str, Decimal | None]:
    """What people see of it: the break-even price at the tick at which nothing is lost."""
    if made.break_even_price is None:
        return {}
    step = Row(made, case.market).price_step()
    return {"break_even_price": safe_tick(case.opened(), made.break_even_price, *costs, step=step)}


def _leg(leg: "LegCase") -> Pnl:
    """A linear leg at its mark: its profit is in what it is settled in, and said in USD."""
    from perpcalc.commands.legs import no_price

    found = unknown(leg.liquidation, [])
    unpriced = leg.leg.coin if leg.price is None else leg.leg.settle
    return Pnl.knowing(
        **leg.identity(),
        entry_price=leg.leg.entry,
        exit_price=leg.mark,
        net_pnl_usd=leg.pnl_usd(),
        liquidation_price=found and found.liquidation_price,
        liquidated=found and found.beyond,
        reason=None if leg.mark is not None else no_price(unpriced),
    ).never_where()


def _target(case: Case, given: Given, opening: Decimal, closing: Decimal, funding: Decimal) -> Decimal | None:
    """The price that was asked for, None where no price brings it."""
    if (profit := given[TARGET_PNL]) is not None:
        return target_price(case.opened(), profit, opening, closing, funding)
    roe = given[TARGET_ROE]
    assert roe is not None
    if case.margin is None:
        raise PerpcalcError("needs a margin", ("give ", LEVERAGE.key, ", ", MARGIN.key, " or ", BALANCE.key)).at(
            TARGET_ROE.key
        )
    return price_for_roe(case.opened(), roe, case.margin.leverage, case.margin.coin)


def _liquidated_before(case: Case, price: Decimal) -> str:
    """What a reader must know of a profit beyond the liquidation price."""
    where = f"{case.name}: " if case.name else ""
    stops = ": the loss stops at the margin" if case.margin is not None and case.margin.mode == "isolated" else ""
    return f"{where}liquidated before the exit is reached, at {plain(price)}{stops}"


def _out_of_reach(case: Case, no_break_even: bool) -> str:
    what = "the costs" if no_break_even else "the target"
    cost = f"{plain(round(case.opened().cost, 8))} {case.instrument.currency}"
    if case.side > 0:
        return f"no price reaches {what}: a long earns less than its entry value, {cost}, at any price"
    return f"no price reaches {what}: a short loses less than its entry value, {cost}, at any price"


COMMAND = Command(
    "pnl",
    "Profit and loss of a position in coin and USD. Gross, fees, funding, net, return on equity, break-even price"
    " and the price for a target.",
    (
        "perpcalc pnl --venue bybit --side long -n 10k --entry 62500 --exit 64000 --leverage 10",
        "perpcalc pnl --venue bybit --side long -n 10k --entry 62500 --leverage 10 --target-roe 50%",
    ),
    (
        *POSITION,
        PORTFOLIO,
        EXIT,
        MARK,
        ENTRY_FEE,
        EXIT_FEE,
        FUNDING,
        TARGET_ROE,
        TARGET_PNL,
        *OUTPUT,
        TOTAL,
    ),
    Pnl,
    by_position(
        Pnl,
        each(answer),
        needs=(
            NEED_SIDE,
            NEED_SIZE,
            NEED_ENTRY,
            Needed((EXIT, MARK, TARGET_ROE, TARGET_PNL), ("give ", EXIT.key, " or ", MARK.key, ", or a target")),
        ),
        prices=(MARK, EXIT),
        leg=_leg,
    ),
    (*POSITION_RULES, *exclusive(EXIT, MARK), *exclusive(TARGET_ROE, TARGET_PNL)),
    needed=(SIDE, CONTRACTS, ENTRY, EXIT),
)
