"""`perpcalc liq-price`: where a position is liquidated."""

from decimal import Decimal

from perpcalc.cli.case import IDENTITY, Case, case_of, is_portfolio, need_margin, price_places
from perpcalc.cli.command import Command
from perpcalc.cli.options import EXACT, HORIZON, MARK, MARK_INTERVAL, OUTPUT, PORTFOLIO, POSITION, TOUCH, VOL, Given
from perpcalc.core.liquidation import Liquidation, ends, liquidation, position_liquidation
from perpcalc.core.wallet import Holding, Wallet
from perpcalc.decimals import ZERO
from perpcalc.errors import PerpcalcError
from perpcalc.render.report import Report, Row

KINDS = {
    **IDENTITY,
    "entry_price": "price",
    "mark_price": "price",
    "margin_mode": "text",
    "margin": "coin",
    "leverage": "times",
    "mm_basis": "text",
    "tier": "count",
    "maintenance_rate": "rate",
    "deduction": "coin",
    "closing_fee_rate": "rate",
    "maintenance_margin": "coin",
    "liquidation_price": "price",
    "liquidation_below": "price",
    "liquidation_above": "price",
    "bankruptcy_price": "price",
    "distance": "rate",
    "touch_probability": "rate",
    "reason": "text",
}
HEADLINE = (
    "name",
    "account",
    "instrument",
    "side",
    "contracts",
    "entry_price",
    "mark_price",
    "margin",
    "liquidation_price",
    "distance",
    "reason",
)
NEVER = frozenset({"liquidation_price", "liquidation_below", "liquidation_above", "bankruptcy_price"})


def answer(given: Given) -> Report:
    """Where the position that the options describe is liquidated."""
    check_touch(given)
    if is_portfolio(given):
        return _of_portfolio(given)
    case = case_of(given)
    case.opened()
    margin = need_margin(case)
    result = position_liquidation(case.holding(), margin, case.mark)
    made = _explained(row(case, result, given), case, result, given)
    return Report("Liquidation", KINDS, [made], notes=case.notes)


def _of_portfolio(given: Given) -> Report:
    from perpcalc.cli.positions import held_positions, in_file, notes_of, wallets

    portfolio, held = held_positions(given)
    rows: list[Row | None] = [None] * len(held)
    for wallet in wallets(portfolio, held, given.portfolio):
        of_wallet = ends(wallet.account, wallet.holdings[0])
        for place, index in enumerate(wallet.members):
            case = held[index].case
            result = liquidation(wallet.account, place, wallet.holdings[place], case.mark, of_wallet=of_wallet)
            of_account = (wallet.account, place, wallet.holdings[place])
            rows[index] = _explained(row(case, result, given), case, result, given, of_account)
    for index, one in enumerate(held):
        if rows[index] is None:
            try:
                one.case.opened()
                margin = need_margin(one.case)
                result = position_liquidation(one.case.holding(), margin, one.case.mark)
                rows[index] = _explained(row(one.case, result, given), one.case, result, given)
            except PerpcalcError as error:
                raise in_file(error, one.where, given.portfolio) from None
    done = [made for made in rows if made is not None]
    return Report("Liquidation", KINDS, done, one=False, headline=HEADLINE, notes=notes_of(held))


def row(case: Case, result: Liquidation, given: Given) -> Row:
    """The answer for one position."""
    position, margin, schedule = case.opened(), need_margin(case), case.holding().schedule
    return Row(
        {
            **case.identity(),
            "entry_price": position.entry_price,
            "mark_price": case.mark,
            "margin_mode": margin.mode,
            "margin": margin.coin,
            "leverage": margin.leverage or (position.entry_value / margin.coin if margin.coin else None),
            "mm_basis": schedule.basis,
            "tier": None if result.tier is None else Decimal(result.tier),
            "maintenance_rate": result.maintenance_rate,
            "deduction": result.deduction,
            "closing_fee_rate": result.closing_fee_rate,
            "maintenance_margin": result.maintenance_margin,
            "liquidation_price": result.liquidation_price,
            "liquidation_below": result.liquidation_below,
            "liquidation_above": result.liquidation_above,
            "bankruptcy_price": result.bankruptcy_price,
            "distance": result.distance,
            "touch_probability": touch_probability(given, result, case.mark or position.entry_price),
            "reason": result.reason,
        },
        coin=case.instrument.currency,
        price_places=price_places(case.instrument, position.entry_price, result.liquidation_price),
        coin_places=case.market.coin_places,
        never=NEVER,
    )


def _explained(
    made: Row, case: Case, result: Liquidation, given: Given, of_account: tuple[Wallet, int, Holding] | None = None
) -> Row:
    if not given.explain:
        return made
    from perpcalc.cli.explain_liq_price import Place, alone, steps

    return made._replace(steps=steps(made, case, result, Place(*of_account) if of_account else alone(case), given))


def check_touch(given: Given) -> None:
    """Raise PerpcalcError unless volatility and horizon come together and make sense, with marks within the horizon."""
    for option, other in ((VOL, HORIZON), (HORIZON, VOL), (MARK_INTERVAL, VOL)):
        if getattr(given, option.name) is not None and getattr(given, other.name) is None:
            raise PerpcalcError(f"needs {other.flag}", "give both, as in --vol 60% --horizon 7d").at(option.flag)
    if given.mark_interval is not None and given.mark_interval > given.horizon > 0:
        raise PerpcalcError("is longer than the horizon, so that no mark falls into it", "give a shorter one").at(
            MARK_INTERVAL.flag
        )
    if given.vol is not None:
        from perpcalc.core.touch import spread_over

        try:
            spread_over(given.vol, given.horizon)
        except PerpcalcError as error:
            raise error.at(VOL.flag) from None


def touch_probability(given: Given, result: Liquidation, start: Decimal) -> Decimal | None:
    """The probability of a liquidation within the horizon; None where no volatility is given."""
    if given.vol is None:
        return None
    from perpcalc.core.touch import liquidation_probability

    return liquidation_probability(result, start, given.vol, given.horizon, given.mark_interval or ZERO)


COMMAND = Command(
    "liq-price",
    "The prices at which a position is liquidated or bankrupt, with the tier and the margin that decide it; or never, and why.",
    "perpcalc liq-price --venue bybit --side long -n 10k --entry 62500 --leverage 10",
    (*POSITION, PORTFOLIO, MARK, *TOUCH, EXACT, *OUTPUT),
    answer,
)
