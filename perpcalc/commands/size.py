"""`perpcalc size`: how many contracts fit a risk, or the most that a balance opens."""

from decimal import Decimal
from typing import TYPE_CHECKING

from perpcalc.answer import Coin, Explained, Identified, Price, Sentence, Times, Told, Usd
from perpcalc.commands.backing import BACKING_RULES, TRADE_PORTFOLIO, Backing, backing_of
from perpcalc.commands.command import SINGLE, Command, Result, Row
from perpcalc.commands.market import each_once, forbidden_leverage, known_fee
from perpcalc.core.opening import Opening, max_open
from perpcalc.core.planned import Plan
from perpcalc.core.position import SIDES, open_at
from perpcalc.core.sizing import Size, one_lot, size
from perpcalc.decimals import ZERO, fixed, plain
from perpcalc.errors import PerpcalcError, Words
from perpcalc.given import Excludes, Given, Needed, Needs, exclusive
from perpcalc.options import (
    ACCOUNT,
    BALANCE,
    BUFFER,
    ENTRY,
    ENTRY_FEE,
    EXIT_FEE,
    EXPLAIN,
    LEVERAGE,
    MARGIN_RULES,
    MAX_LEVERAGE,
    MAX_OPEN,
    OUTPUT,
    RISK,
    RISK_COIN,
    RISK_USD,
    SIDE,
    SLIPPAGE,
    STOP,
    TARGET,
    WHICH_CONTRACT,
)

if TYPE_CHECKING:
    from perpcalc.answer import Identity

BINDS = {
    "risk": "the risk binds",
    "leverage": "the leverage binds",
    "balance": "the balance binds",
    "liquidation": "the liquidation price binds",
    "venue": "the venue's limit binds",
}
NO_STOP = (STOP, TARGET, RISK, RISK_COIN, RISK_USD, SLIPPAGE, BUFFER, MAX_LEVERAGE, EXIT_FEE)


class Sized(Identified):
    """How many contracts fit, and what the trade then looks like; in coin where no unit is named."""

    title = "Size"
    whys = {
        "position_value": "the coin value at the entry",
        "loss_at_stop_usd": "at the stop",
        "fees": "of opening and of closing at the stop, the slippage with them",
        "leverage": "of the whole account after the trade",
        "max_safe_leverage": (
            "isolated, liquidation then comes just beyond the stop and the buffer; at most what the tier allows"
        ),
        "liquidation_price": "where equity = maintenance margin + closing fees; see perpcalc liq-price",
        "reward_risk": "the profit at the target less the costs of getting there, over the loss at the stop",
        "order_cost": "what the venue sets aside for the order",
    }
    never = frozenset({"liquidation_price"})

    entry_price: Price
    stop_price: Price | None
    risk: Coin | None
    position_value: Coin
    loss_at_stop: Coin | None
    loss_at_stop_usd: Usd | None
    fees: Coin | None
    leverage: Times | None
    max_safe_leverage: Times | None
    margin: Coin | None
    liquidation_price: Price | None
    binding: str
    reward_risk: Times | None
    order_cost: Coin | None
    reason: str | None

    def sentence(self) -> Sentence:
        """How many contracts, what binds, and what is lost at the stop."""
        binds = BINDS[self.binding]
        if not self.contracts:
            return (f"nothing fits: {binds}",)
        said: Sentence = (Told("contracts"), f" contracts: {binds}")
        if self.loss_at_stop_usd is not None:
            said += ("; the stop costs ", Told("loss_at_stop"), " (", Told("loss_at_stop_usd"), ")")
        return said


def answer(given: Given) -> Result:
    """The size that fits what is given, in an account of a portfolio where one is named."""
    if EXPLAIN in given:
        from perpcalc.commands.tracing import renamed

        given = renamed(given, {LEVERAGE: "order_leverage", RISK: "risk_share"})
    entry, stop = given[ENTRY], given[STOP]
    assert entry is not None  # the rules need it
    side = given[SIDE] or ("long" if stop is not None and stop < entry else "short")
    backing = backing_of(given, side, entry)
    if (forbidden := forbidden_leverage(given, backing.market.instrument)) is not None:
        raise forbidden
    notes: list[Words] = [*backing.notes]
    plan = _plan(backing, side, entry, stop, notes)
    if MAX_OPEN in given:
        made = _opening(backing, plan, max_open(plan))
    else:
        risk = _risk(backing)
        made = _sized(backing, plan, risk, size(plan, risk, given[TARGET]))
    known = plan.schedule is not None and made.margin is not None and bool(made.contracts)
    found = made.never_where(*(Sized.never if known else ()))
    if EXPLAIN in given:
        found = _explained(found, given, plan)
    return Result(Sized, [Row(found, backing.market)], one=True, notes=each_once(notes))


def _plan(backing: Backing, side: str, entry: Decimal, stop: Decimal | None, notes: list[Words]) -> Plan:
    """The trade to size."""
    given, instrument, rules = backing.given, backing.market.instrument, backing.rules
    sign = SIDES[side]
    if EXPLAIN in given:
        from perpcalc.trace import leaf

        sign = leaf(sign, "s")
    return Plan(
        instrument=instrument,
        side=sign,
        entry_price=entry,
        stop_price=stop,
        entry_fee_rate=known_fee(given, ENTRY_FEE, instrument, notes),
        exit_fee_rate=known_fee(given, EXIT_FEE, instrument, notes) if MAX_OPEN not in given else ZERO,
        slippage=given[SLIPPAGE] or ZERO,
        balance=given[BALANCE],
        leverage=given[LEVERAGE],
        max_leverage=given[MAX_LEVERAGE],
        buffer=given[BUFFER] or ZERO,
        schedule=rules.schedule,
        closing_fee=rules.closing_fee,
        others=backing.others,
        ratio=backing.ratio,
        together=backing.together(),
    )


def _risk(backing: Backing) -> Decimal:
    """The risk in coin; raises PerpcalcError for a share that is not above 0."""
    given = backing.given
    if (coin := given[RISK_COIN]) is not None:
        return coin
    stop, balance = given[STOP], given[BALANCE]
    assert stop is not None
    if (usd := given[RISK_USD]) is not None:
        return usd / stop
    share = given[RISK]
    assert share is not None
    if share <= 0:
        raise PerpcalcError(f"{plain(share * 100)}% is out of range", "give a rate above 0").at(RISK.key)
    if backing.unified is not None:
        return share * backing.unified.balance_usd / stop
    assert balance is not None
    return share * balance


def _identity(backing: Backing, plan: Plan, contracts: Decimal) -> "Identity":
    """The fields that open the answer."""
    instrument = plan.instrument
    return {
        "name": None,
        "account": backing.account,
        "venue": instrument.venue,
        "instrument": instrument.name,
        "currency": instrument.currency,
        "side": "long" if plan.side > 0 else "short",
        "contracts": contracts,
        "contract_size": instrument.contract_size,
        "notional_usd": contracts * instrument.contract_size,
    }


def _sized(backing: Backing, plan: Plan, risk: Decimal, found: Size) -> Sized:
    return _row(backing, plan, found, risk, _reason(plan, found))


def _opening(backing: Backing, plan: Plan, found: Opening) -> Sized:
    reason = None
    if not found.contracts:
        reason = f"nothing fits ({found.binding}): not one lot of {plain(plan.instrument.lot)} contracts can be opened"
    elif found.liquidation_price is None:
        reason = _no_price(plan, found.margin)
    return _row(backing, plan, found, None, reason)


def _row(backing: Backing, plan: Plan, found: Size | Opening, risk: Decimal | None, reason: str | None) -> Sized:
    """What was found, of the position and at the prices that were asked about."""
    figures = found._asdict()
    return Sized.knowing(
        **_identity(backing, plan, figures.pop("contracts")),
        entry_price=plan.entry_price,
        stop_price=plan.stop_price,
        risk=risk,
        **figures,
        reason=reason,
    )


def _reason(plan: Plan, found: Size) -> str | None:
    if not found.contracts:
        return f"nothing fits ({found.binding}): {_of_a_lot(plan, found)}"
    return _no_price(plan, found.margin) if found.liquidation_price is None else None


def _of_a_lot(plan: Plan, found: Size) -> str:
    """What the smallest position would mean where nothing fits."""
    lot, coin = one_lot(plan), plan.instrument.currency
    share = f", {fixed(lot.loss_at_stop / plan.balance * 100, 2)}% of the balance" if plan.balance else ""
    lots = f"one lot of {plain(plan.instrument.lot)} contracts" if plan.instrument.lot != 1 else "one contract"
    told = f"{lots} would lose {plain(round(lot.loss_at_stop, 8))} {coin} at the stop{share}"
    if found.binding == "liquidation" and found.max_safe_leverage is not None:
        told += f", and is liquidated before it: at most {fixed(found.max_safe_leverage, 2)}x is safe"
    return told


def _no_price(plan: Plan, margin: Decimal | None) -> str:
    """Why there is no liquidation price."""
    if plan.schedule is None:
        return "the liquidation price is not known: give mmr"
    if margin is None:
        return "the liquidation price is not known: give leverage or balance"
    return "never liquidated: the collateral covers the position's coin value at any price"


def _explained(found: Sized, given: Given, plan: Plan) -> Sized:
    """The answer with what its explanation says of how the risk and the caps are meant."""
    whys = {}
    if RISK in given:
        whys["risk"] = "a share of the balance"
    if RISK_USD in given:
        whys["risk"] = "USD are valued at the stop"
    if RISK_COIN in given:
        whys["risk"] = "the coin that may be lost at the stop"
    lot = "the smallest of what risk, leverage, balance, liquidation and venue allow, in whole lots"
    whys["contracts"] = (
        lot if MAX_OPEN not in given else "what the balance covers of what an order reserves, in whole lots"
    )
    if found.binding == "liquidation":
        whys["contracts"] += "; the most whose liquidation price lies beyond stop_price * (1 - s * buffer)"
    whys["margin"] = "isolated" if LEVERAGE in given else "cross: the whole balance of the wallet"
    named: dict[str, Decimal | None] = {}
    if found.contracts:
        named["V"] = open_at(plan.instrument, plan.side, found.contracts, plan.entry_price).stored_value
        liquidated = plan.liquidation(found.contracts)
        named["bankruptcy_price"] = liquidated and liquidated.bankruptcy_price
    return found.explained_by(Explained(whys=whys, named=named))


COMMAND = Command(
    "size",
    "How many contracts risk so much between entry and stop. Fees and slippage are included; leverage, balance,"
    " liquidation and the venue cap the size, and the answer says which of them binds. Or with --max-open the most"
    " that a balance opens.",
    (
        "perpcalc size --venue bybit --entry 62500 --stop 60000 --balance 1.5 --risk 1%",
        "perpcalc size --venue bybit --side long --entry 62500 --balance 0.05 --leverage 50x --max-open",
    ),
    (
        SIDE,
        ENTRY,
        *WHICH_CONTRACT,
        LEVERAGE,
        BALANCE,
        *MARGIN_RULES,
        TRADE_PORTFOLIO,
        ACCOUNT,
        STOP,
        TARGET,
        RISK,
        RISK_COIN,
        RISK_USD,
        MAX_OPEN,
        MAX_LEVERAGE,
        BUFFER,
        SLIPPAGE,
        ENTRY_FEE,
        EXIT_FEE,
        *OUTPUT,
    ),
    Sized,
    answer,
    (
        Needed((ENTRY,), "give a price"),
        Needed((STOP,), "give a price", unless=(MAX_OPEN,)),
        Needed(
            (RISK, RISK_COIN, RISK_USD),
            ("give ", RISK.key, ", ", RISK_COIN.key, " or ", RISK_USD.key),
            unless=(MAX_OPEN,),
        ),
        Needed((SIDE,), "give long or short", when=(MAX_OPEN,)),
        Needed((LEVERAGE,), "it is what can be opened with", when=(MAX_OPEN,)),
        Needed((BALANCE, ACCOUNT), "it is what can be opened with", when=(MAX_OPEN,)),
        *BACKING_RULES,
        *exclusive(RISK, RISK_COIN, RISK_USD, remedy="give the risk once"),
        Needs(RISK, (BALANCE, ACCOUNT), "it is a share of it"),
        Excludes(MAX_OPEN, NO_STOP, "it asks what can be opened, whatever the stop"),
    ),
    needed=(ENTRY, STOP, RISK, BALANCE),
    shape=SINGLE,
)
