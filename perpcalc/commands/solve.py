"""`perpcalc solve`: what must change so that a goal is met: margin, leverage, contracts, the entry, or the price."""

from perpcalc.commands.case import NEED_ENTRY, NEED_MARGIN, NEED_SIDE, NEED_SIZE, Case, Shared, case_of
from perpcalc.commands.command import BY_POSITION, ROWS, Command, Group
from perpcalc.commands.market import fee_rate, forbidden_leverage, market_of
from perpcalc.commands.solved import (
    SolveAdd,
    SolveClose,
    SolveContracts,
    SolveEntry,
    SolveLeverage,
    SolveMargin,
    SolvePrice,
)
from perpcalc.commands.solving import ENTRIES, Ask, Subject, solved_by
from perpcalc.core.margin import isolated_margin
from perpcalc.core.solve import Solved, unmet
from perpcalc.decimals import ONE, ZERO
from perpcalc.errors import listed
from perpcalc.given import Excludes, Given, Needed, Needs, Option, Rule, exclusive
from perpcalc.options import (
    AT,
    AVERAGE,
    BALANCE,
    COIN,
    CONTRACTS,
    ENTRY,
    ENTRY_FEE,
    EQUITY,
    EQUITY_USD,
    EXIT,
    EXIT_FEE,
    EXTRA_MARGIN,
    LEVERAGE,
    LIQUIDATION,
    MARGIN,
    MARGIN_RATIO,
    MARK,
    OUTPUT,
    PORTFOLIO,
    POSITION,
    POSITION_NAME,
    POSITION_RULES,
    SIDE,
    SIZES,
    TARGET_PNL,
)

WHOLE = (NEED_SIDE, NEED_SIZE, NEED_ENTRY, NEED_MARGIN)
GIVE_MARK = Needed((MARK,), "give the price now")
ONE_GOAL = "give one goal"
COMMON = (
    Excludes(POSITION_NAME, (*POSITION, ENTRY), "the portfolio describes it"),
    Needs(POSITION_NAME, (PORTFOLIO,), "name the file that it is in"),
)
SEVERAL = "in an account of several coins solve answers for margin, close and price alone"


def _margin(subject: Subject) -> list[Solved]:
    if subject.sums is not None:
        from perpcalc.core.unified_goals import unified_margin

        return [unified_margin(subject.sums, subject.case.number, subject.goal)]
    from perpcalc.core.solve_margin import solve_margin

    return [solve_margin(subject.known(), subject.goal)]


def _leverage(subject: Subject) -> list[Solved]:
    from perpcalc.core.solve_margin import solve_leverage

    return [unmet(subject.goal, "x", SEVERAL) if subject.sums else solve_leverage(subject.known(), subject.goal)]


def _contracts(subject: Subject) -> list[Solved]:
    if subject.sums is not None:
        return [unmet(subject.goal, "contracts", SEVERAL)]
    from perpcalc.core.solve_size import solve_contracts

    return [solve_contracts(subject.known(), subject.goal)]


def _add(subject: Subject) -> list[Solved]:
    from perpcalc.core.solve_size import solve_add, solve_average

    goal, price = subject.goal, subject.given[AT]
    assert price is not None  # the rules need it
    fee = fee_rate(subject.given, ENTRY_FEE, subject.case.instrument)
    if goal.name == AVERAGE.name:
        return [solve_average(subject.case.opened(), goal.value, price, fee, subject.backed)]
    if subject.sums is not None:
        return [unmet(goal, "contracts", SEVERAL)]
    return [solve_add(subject.known(), goal, price, fee)]


def _close(subject: Subject) -> list[Solved]:
    fee = fee_rate(subject.given, EXIT_FEE, subject.case.instrument)
    if subject.sums is not None:
        from perpcalc.core.unified_goals import unified_close

        return [unified_close(subject.sums, subject.case.number, subject.goal, fee)]
    from perpcalc.core.solve_size import solve_close

    return [solve_close(subject.known(), subject.goal, fee)]


def _entry(subject: Subject) -> list[Solved]:
    from perpcalc.core.solve_price import solve_entry, solve_entry_for_profit

    case, given, goal = subject.case, subject.given, subject.goal
    if goal.name == LIQUIDATION.name:
        return [unmet(goal, "USD", SEVERAL) if subject.sums else solve_entry(subject.known(), goal.value)]
    exit_price = given[EXIT]
    assert exit_price is not None  # the rules need it
    opening, closing = fee_rate(given, ENTRY_FEE, case.instrument), fee_rate(given, EXIT_FEE, case.instrument)
    return [solve_entry_for_profit(case.opened(), exit_price, goal.value, opening, closing, subject.backed)]


def _price(subject: Subject) -> tuple[Solved, Solved]:
    case, goal = subject.case, subject.goal
    if subject.sums is not None:
        from perpcalc.core.unified_goals import unified_price

        return unified_price(subject.sums, case.number, goal)
    from perpcalc.core.solve_price import solve_price

    cases = case.shared.cases if isinstance(case.shared, Shared) else [case]
    return solve_price(subject.known(), goal, maintained=all(one.rules.schedule is not None for one in cases))


def _needs_rates(goal: str) -> bool:
    """Whether a goal depends on maintenance rates; an equity does not."""
    return goal == MARGIN_RATIO.name


def _sized(given: Given) -> Case:
    """The position of the size that is given, else of one lot."""
    if any(option in given for option in SIZES):
        return case_of(given)
    return case_of(given.put(CONTRACTS, market_of(given).instrument.lot))


def _levered(given: Given) -> Case:
    """The position without a leverage of its own: at 1x, what it has beyond that margin added."""
    if BALANCE in given:
        return case_of(given.without((LEVERAGE,)))
    return case_of(given.without((MARGIN,)).put(LEVERAGE, ONE))


def _entered(given: Given) -> Case:
    """The position at the entry that is given, else at the goal; which leverage its tier allows is not known before."""
    price = given[LIQUIDATION] or given[EXIT]
    own = given if any(option in given for option in ENTRIES) else given.put(ENTRY, price)
    leverage = given[LEVERAGE]
    if (forbidden := forbidden_leverage(given, market_of(given).instrument)) is not None:
        raise forbidden
    if leverage is None or BALANCE in given:
        return case_of(own)
    case = case_of(own.without((LEVERAGE, EXTRA_MARGIN)))
    return case._replace(margin=isolated_margin(case.opened(), leverage, given[EXTRA_MARGIN] or ZERO))


def _command(
    name: str,
    help: str,
    examples: tuple[str, ...],
    more: tuple[Option[object], ...],
    ask: Ask,
    rules: tuple[Rule, ...],
    needed: tuple[Option[object], ...],
    position: tuple[Option[object], ...] = (*POSITION, MARK),
) -> Command:
    """A command of the group; what a position by itself needs, one of a portfolio has."""
    own = (rule._replace(unless=(*rule.unless, PORTFOLIO)) for rule in ask.needs)
    return Command(
        name,
        help,
        examples,
        (*position, PORTFOLIO, POSITION_NAME, *more, *OUTPUT),
        ask.answer,
        solved_by(ask),
        (*POSITION_RULES, *COMMON, *own, *rules),
        needed,
        shape=ROWS if ask.rows > 1 else BY_POSITION,
    )


def _goal_rules(*goals: Option[object]) -> tuple[Rule, ...]:
    """The rules that one of some goals is given."""
    named = listed([goal.key for goal in goals])
    return (*exclusive(*goals, remedy=ONE_GOAL), Needed(goals, ("give ", *named)))


GROUP = Group(
    "solve",
    "What must change so that a goal is met. The margin, leverage, contracts or entry, or the price at which it is.",
    (
        _command(
            "margin",
            "The coin to add so that the position is liquidated only at a price, or its margin ratio is at most so"
            " much; negative where so much may be taken out.",
            (
                "perpcalc solve margin --venue bybit --side long -n 10k --entry 62500 --leverage 5 --liquidation 50000",
                "perpcalc solve margin -p portfolio.toml --position 'core long' --margin-ratio 20%",
            ),
            (LIQUIDATION, MARGIN_RATIO),
            Ask(SolveMargin, _margin, "coin", (*WHOLE, GIVE_MARK._replace(when=(MARGIN_RATIO,)))),
            _goal_rules(LIQUIDATION, MARGIN_RATIO),
            (SIDE, CONTRACTS, ENTRY, LEVERAGE, LIQUIDATION),
        ),
        _command(
            "leverage",
            "The largest leverage at which an isolated position is liquidated only at a price or beyond it.",
            (
                "perpcalc solve leverage --venue bybit --side long -n 10k --entry 62500 --liquidation 50000",
                "perpcalc solve leverage --venue binance --side short -n 100 --entry 62500 --liquidation 80000 --json",
            ),
            (LIQUIDATION,),
            Ask(SolveLeverage, _leverage, "x", WHOLE[:3], (LEVERAGE, MARGIN), _levered),
            _goal_rules(LIQUIDATION),
            (SIDE, CONTRACTS, ENTRY, LIQUIDATION),
        ),
        _command(
            "contracts",
            "The most contracts, the whole size, that a margin or a balance carries until a liquidation price.",
            (
                "perpcalc solve contracts --venue binance --side long --entry 62500 --balance 0.5 --liquidation 45000",
                "perpcalc solve contracts --venue bybit --side short --entry 62500 --margin 0.05 --liquidation 70000",
            ),
            (LIQUIDATION,),
            Ask(
                SolveContracts,
                _contracts,
                "contracts",
                (NEED_SIDE, NEED_ENTRY, Needed((MARGIN, BALANCE), ("give ", MARGIN.key, " or ", BALANCE.key))),
                SIZES,
                _sized,
            ),
            _goal_rules(LIQUIDATION),
            (SIDE, ENTRY, BALANCE, LIQUIDATION),
        ),
        _command(
            "add",
            "The contracts to add at a price for an average entry, a liquidation price or a margin ratio; where the"
            " goal is met already, the most that keep it.",
            (
                "perpcalc solve add --side long -n 10k --entry 62500 --at 54000 --average 58000",
                (
                    "perpcalc solve add --venue binance --side long -n 500 --entry 62500 --balance 1 --at 60000"
                    " --liquidation 45000"
                ),
            ),
            (AT, AVERAGE, LIQUIDATION, MARGIN_RATIO, ENTRY_FEE),
            Ask(
                SolveAdd,
                _add,
                "contracts",
                (
                    *WHOLE[:3],
                    NEED_MARGIN._replace(when=(LIQUIDATION, MARGIN_RATIO)),
                    GIVE_MARK._replace(when=(MARGIN_RATIO,)),
                ),
            ),
            (*_goal_rules(AVERAGE, LIQUIDATION, MARGIN_RATIO), Needed((AT,), "give the price to add at")),
            (SIDE, CONTRACTS, ENTRY, AT, AVERAGE),
        ),
        _command(
            "close",
            "The contracts to close at the mark, the fee included, for a liquidation price or a margin ratio.",
            (
                (
                    "perpcalc solve close --venue binance --side long -n 900 --entry 62500 --mark 60000 --balance 0.5"
                    " --liquidation 45000"
                ),
                "perpcalc solve close -p portfolio.toml --position 'core long' --margin-ratio 0.1%",
            ),
            (LIQUIDATION, MARGIN_RATIO, EXIT_FEE),
            Ask(SolveClose, _close, "contracts", (*WHOLE, GIVE_MARK)),
            _goal_rules(LIQUIDATION, MARGIN_RATIO),
            (SIDE, CONTRACTS, ENTRY, MARK, BALANCE, LIQUIDATION),
        ),
        _command(
            "entry",
            "The entry from which a position is liquidated only at a price or beyond it, or that makes a profit at an"
            " exit.",
            (
                "perpcalc solve entry --venue bybit --side long -n 10k --leverage 10 --liquidation 55000",
                "perpcalc solve entry --venue bybit --side long -n 10k --exit 64000 --target-pnl 0.005",
            ),
            (LIQUIDATION, EXIT, TARGET_PNL, ENTRY_FEE, EXIT_FEE),
            Ask(
                SolveEntry,
                _entry,
                "USD",
                (NEED_SIDE, NEED_SIZE, NEED_MARGIN._replace(when=(LIQUIDATION,))),
                ENTRIES,
                _entered,
            ),
            (
                *_goal_rules(LIQUIDATION, TARGET_PNL),
                Excludes(EXIT, (LIQUIDATION,), ONE_GOAL),
                Needs(TARGET_PNL, (EXIT,), "give the price of the exit"),
                Needs(EXIT, (TARGET_PNL,), "give the profit there"),
            ),
            (SIDE, CONTRACTS, LEVERAGE, LIQUIDATION),
            tuple(option for option in POSITION if option is not COIN),
        ),
        _command(
            "price",
            "The prices below and above the mark, else the entry, at which a margin ratio or an equity is reached.",
            (
                (
                    "perpcalc solve price --venue binance --side long -n 500 --entry 62500 --balance 0.5 --mark 60000"
                    " --margin-ratio 80%"
                ),
                "perpcalc solve price -p portfolio.toml --position 'core long' --equity-usd 50k",
            ),
            (MARGIN_RATIO, EQUITY, EQUITY_USD),
            Ask(SolvePrice, _price, "USD", WHOLE, rows=2, maintained=_needs_rates),
            _goal_rules(MARGIN_RATIO, EQUITY, EQUITY_USD),
            (SIDE, CONTRACTS, ENTRY, LEVERAGE, MARGIN_RATIO),
        ),
    ),
)
