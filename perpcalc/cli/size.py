"""`perpcalc size`: how many contracts fit a risk."""

from decimal import Decimal

from perpcalc.cli.case import (
    IDENTITY,
    Market,
    check_leverage,
    fee_rate,
    margin_rules,
    market_of,
    price_places,
)
from perpcalc.cli.command import Command
from perpcalc.cli.options import (
    BALANCE,
    ENTRY,
    ENTRY_FEE,
    EXACT,
    EXIT_FEE,
    LEVERAGE,
    MARGIN_RULES,
    OUTPUT,
    PORTFOLIO,
    SIDE,
    WHICH_CONTRACT,
    Given,
    Option,
    label,
    written,
)
from perpcalc.core.planned import Plan
from perpcalc.core.position import LONG, SHORT, SIDES
from perpcalc.core.sizing import Size, one_lot, size
from perpcalc.decimals import ZERO, fixed, plain, positive, positive_amount, rate, rate_from_zero
from perpcalc.errors import PerpcalcError
from perpcalc.render.report import Report, Row

RISK = Option("risk", rate, "RATE", "Risk as a share of the balance, as in 1%.")
RISK_COIN = Option("risk_coin", positive_amount, "COIN", "Risk in coin.")
RISK_USD = Option("risk_usd", positive_amount, "AMOUNT", "Risk in USD, valued at the stop.")
STOP = Option("stop", positive, "PRICE", "Stop price.")
TARGET = Option("target", positive, "PRICE", "Target price, for the reward/risk ratio.")
SLIPPAGE = Option("slippage", rate_from_zero, "RATE", "Slippage at the exit, as a rate on the coin value there.")
MAX_LEVERAGE = Option(
    "max_leverage", positive, "X", "Largest position value / balance; the contract's maximum by default."
)
BUFFER = Option("buffer", rate_from_zero, "RATE", "How far beyond the stop liquidation must stay; 0 by default.")
ACCOUNT = Option("account", label, "NAME", "The account of --portfolio to take venue, currency and balance from.")

KINDS = {
    **IDENTITY,
    "entry_price": "price",
    "stop_price": "price",
    "risk": "coin",
    "position_value": "coin",
    "loss_at_stop": "coin",
    "loss_at_stop_usd": "usd",
    "fees": "coin",
    "leverage": "times",
    "max_safe_leverage": "times",
    "margin": "coin",
    "liquidation_price": "price",
    "binding": "text",
    "reward_risk": "times",
    "reason": "text",
}


def answer(given: Given) -> Report:
    """The size that fits the options, from an account of a portfolio where one is named."""
    name = None
    if (given.portfolio is not None and written(given, (PORTFOLIO,))) or given.account is not None:
        given, name = _with_account(given)
    market = market_of(given)
    plan = plan_of(given, market)
    risk = _risk(given)
    try:
        result = size(plan, risk, given.target)
    except PerpcalcError as error:
        option = str(error).partition(":")[0]
        raise PerpcalcError(
            f"--{error}" if option in ("stop", "target", "buffer", "max-leverage") else str(error)
        ) from None
    made = _row(market, plan, risk, result, name)
    if given.explain:
        from perpcalc.cli.explain_size import steps

        made = made._replace(steps=steps(made, market, plan, given))
    return Report("Size", KINDS, [made], notes=market.notes)


def plan_of(given: Given, market: Market) -> Plan:
    """The trade to size; raises PerpcalcError where a price is missing."""
    instrument = market.instrument
    for option in (ENTRY, STOP):
        if getattr(given, option.name) is None:
            raise PerpcalcError("is missing", "give a price").at(option.flag)
    check_leverage(instrument, given.leverage)
    schedule, closing_fee = margin_rules(given, instrument, cross=given.leverage is None)
    side = SIDES[given.side] if given.side else LONG if given.stop < given.entry else SHORT
    return Plan(
        instrument=instrument,
        side=side,
        entry_price=given.entry,
        stop_price=given.stop,
        entry_fee_rate=fee_rate(given.entry_fee, instrument, ENTRY_FEE),
        exit_fee_rate=fee_rate(given.exit_fee, instrument, EXIT_FEE),
        slippage=given.slippage or ZERO,
        balance=given.balance,
        leverage=given.leverage,
        max_leverage=given.max_leverage,
        buffer=given.buffer or ZERO,
        schedule=schedule,
        closing_fee=closing_fee,
    )


def _risk(given: Given) -> Decimal:
    """The risk in coin."""
    asked = [option for option in (RISK, RISK_COIN, RISK_USD) if getattr(given, option.name) is not None]
    if not asked:
        raise PerpcalcError("is missing", "give --risk, --risk-coin or --risk-usd").at(RISK.flag)
    if len(asked) > 1:
        raise PerpcalcError(f"excludes {asked[0].flag}", "give the risk once").at(asked[1].flag)
    if given.risk_coin is not None:
        return Decimal(given.risk_coin)
    if given.risk_usd is not None:
        return Decimal(given.risk_usd) / Decimal(given.stop)
    if given.risk <= 0:
        raise PerpcalcError(f"{plain(given.risk * 100)}% is out of range", "give a rate above 0").at(RISK.flag)
    if given.balance is None:
        raise PerpcalcError("needs --balance", "it is a share of it").at(RISK.flag)
    return Decimal(given.risk * given.balance)


def _with_account(given: Given) -> tuple[Given, str]:
    from perpcalc.portfolio import load

    if given.portfolio is None:
        raise PerpcalcError("needs --portfolio", "name the file it is in").at(ACCOUNT.flag)
    if given.account is None:
        raise PerpcalcError("is missing", "name an account of the portfolio").at(ACCOUNT.flag)
    for option in written(given, (*WHICH_CONTRACT, BALANCE)):
        if option.name in ("venue", "currency", "balance"):
            raise PerpcalcError("excludes --portfolio", "the account gives it").at(option.flag)
    portfolio = load(given.portfolio)
    try:
        account = portfolio.account(given.account)
    except PerpcalcError as error:
        raise error.at(ACCOUNT.flag) from None
    filled = dict(vars(given), venue=account.venue, currency=account.currency, balance=account.balance)
    return Given(**filled), account.name


def _row(market: Market, plan: Plan, risk: Decimal, result: Size, account: str | None) -> Row:
    instrument = market.instrument
    return Row(
        {
            "name": None,
            "account": account,
            "venue": instrument.venue,
            "instrument": instrument.name,
            "currency": instrument.currency,
            "side": "long" if plan.side > 0 else "short",
            "contracts": result.contracts,
            "contract_size": instrument.contract_size,
            "notional_usd": result.contracts * instrument.contract_size,
            "entry_price": plan.entry_price,
            "stop_price": plan.stop_price,
            "risk": risk,
            "position_value": result.position_value,
            "loss_at_stop": result.loss_at_stop,
            "loss_at_stop_usd": result.loss_at_stop_usd,
            "fees": result.fees,
            "leverage": result.leverage,
            "max_safe_leverage": result.max_safe_leverage,
            "margin": result.margin,
            "liquidation_price": result.liquidation_price,
            "binding": result.binding,
            "reward_risk": result.reward_risk,
            "reason": _reason(plan, risk, result),
        },
        coin=instrument.currency,
        price_places=price_places(instrument, plan.entry_price, plan.stop_price),
        coin_places=market.coin_places,
        never=frozenset({"liquidation_price"})
        if plan.schedule and result.margin is not None and result.contracts
        else frozenset(),
    )


def _reason(plan: Plan, risk: Decimal, result: Size) -> str | None:
    coin = plan.instrument.currency
    if not result.contracts:
        lot = one_lot(plan)
        share = "" if plan.balance is None else f", {fixed(lot.loss_at_stop / plan.balance * 100, 2)}% of the balance"
        lots = f"one lot of {plain(plan.instrument.lot)} contracts" if plan.instrument.lot != 1 else "one contract"
        loss = f"{lots} would lose {plain(round(lot.loss_at_stop, 8))} {coin} at the stop{share}"
        if result.binding == "liquidation" and result.max_safe_leverage is not None:
            loss += f", and is liquidated before it: at most {fixed(result.max_safe_leverage, 2)}x is safe"
        return f"nothing fits ({result.binding}): {loss}"
    if result.liquidation_price is None:
        if plan.schedule is None:
            return "the liquidation price is not known: give --mmr"
        if result.margin is None:
            return "the liquidation price is not known: give --leverage or --balance"
        return "never liquidated: the collateral covers the position's coin value at any price"
    return None


COMMAND = Command(
    "size",
    "How many contracts risk so much between entry and stop, fees and slippage included, capped by leverage, balance, liquidation and the venue; and which of them binds.",
    "perpcalc size --venue bybit --side long --entry 62500 --stop 60000 --balance 1.5 --risk 1%",
    (
        SIDE, ENTRY, STOP, TARGET, RISK, RISK_COIN, RISK_USD, BALANCE, LEVERAGE, MAX_LEVERAGE, BUFFER, SLIPPAGE, ENTRY_FEE, EXIT_FEE,
        *WHICH_CONTRACT, *MARGIN_RULES, PORTFOLIO, ACCOUNT, EXACT, *OUTPUT,
    ),
    answer,
)  # fmt: skip
