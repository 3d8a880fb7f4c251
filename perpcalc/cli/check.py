"""`perpcalc check`: whether a trade or a portfolio stays within limits; the answer is the exit status."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.cli.case import Case, case_of, fee_rate, need_margin
from perpcalc.cli.command import Command
from perpcalc.cli.options import (
    BALANCE,
    CONTRACT_SIZE,
    CURRENCY,
    ENTRY_FEE,
    EXACT,
    EXIT_FEE,
    HORIZON,
    MARK,
    OUTPUT,
    PORTFOLIO,
    POSITION,
    VENUE,
    VOL,
    Given,
    Option,
    as_keys,
    label,
    written,
)
from perpcalc.core.limits import (
    FAIL,
    RULES,
    UNKNOWN,
    Limits,
    Measured,
    Verdict,
    asked,
    distance,
    funding_share_per_day,
    judged,
    leverage,
    loss_share,
    protects,
    stops_first,
    worst_first,
)
from perpcalc.core.liquidation import Liquidation, position_liquidation
from perpcalc.core.rules import flat_rate
from perpcalc.core.wallet import Holding, Wallet, wallet_of
from perpcalc.decimals import ZERO, duration, plain, positive, positive_amount, rate, rate_from_zero
from perpcalc.errors import PerpcalcError
from perpcalc.render.report import Report, Row

if TYPE_CHECKING:
    from perpcalc.cli.positions import Held
    from perpcalc.portfolio import AccountEntry, Portfolio

LIMITS = Option("limits", str, "FILE", "A TOML file of limits, in [limits] or at its top level.", complete="file")
RULE_OPTIONS = (
    Option("max_leverage", positive, "X", "Largest value at the mark / equity, of the account where it is cross."),
    Option("min_liquidation_distance", rate_from_zero, "RATE", "Least distance of the liquidation price from the mark."),
    Option("max_loss_at_stop", rate_from_zero, "RATE", "Largest loss at the stop, of the balance (else the margin)."),
    Option("max_funding_per_day", rate_from_zero, "RATE", "Largest funding of a day, of the balance (else the margin)."),
    Option("stop_before_liquidation", None, "", "The stop must come before liquidation."),
    Option("require_stop", None, "", "There must be a stop."),
    Option("max_notional_usd", positive_amount, "AMOUNT", "Largest size in USD."),
    Option("max_touch_probability", rate_from_zero, "RATE", "Largest probability of liquidation; needs vol and horizon."),
)  # fmt: skip
ACCOUNT = Option("account", label, "NAME", "The account of --portfolio that the trade is for, or that is checked.")
STOP = Option("stop", positive, "PRICE", "Stop price of the trade.")
FUNDING_RATE = Option("funding_rate", rate, "RATE", "Funding rate of the trade per interval.")
INTERVAL = Option("interval", duration, "DURATION", "Time between funding payments; the venue's by default.")
TRADE = (*POSITION, STOP, FUNDING_RATE)
NO_PORTFOLIO = (CONTRACT_SIZE, BALANCE)

PLANNED = "planned trade"
KINDS = {"position": "text", "rule": "text", "limit": "number", "value": "number", "status": "status"}
KIND_OF = {
    "max_leverage": "times",
    "min_liquidation_distance": "rate",
    "max_loss_at_stop": "rate",
    "max_funding_per_day": "rate",
    "stop_before_liquidation": "text",
    "require_stop": "text",
    "max_notional_usd": "usd",
    "max_touch_probability": "rate",
}
NO_MAINTENANCE = flat_rate(ZERO)


class Subject(NamedTuple):
    """A position to judge: its price now (None where it is not known), what its losses are measured against, and its rates.

    `exact` is the case without the venue's rounding, by which leverage is judged. `found` and `wallet` are those of its account
    where it is cross, else None.
    """

    case: Case
    exact: Case
    price: Decimal | None
    collateral: Decimal | None
    entry_fee: Decimal
    exit_fee: Decimal
    interval: Decimal | None
    found: Liquidation | None = None
    wallet: Wallet | None = None
    ratio: Decimal = Decimal(1)

    def priced(self) -> Decimal:
        """The price now; raises PerpcalcError where it is not known."""
        if self.price is None:
            raise PerpcalcError("is missing", "give the coin a price in [prices], the position a mark, or --mark").at(
                MARK.flag
            )
        return self.price

    def liquidation(self) -> Liquidation:
        """Where it is liquidated; raises PerpcalcError where the margin, its rules or the price are not known."""
        price = self.priced()
        return self.found or position_liquidation(self.case.holding(), need_margin(self.case), price)

    def funds(self) -> tuple[Wallet, Decimal]:
        """The wallet behind it and x = 1/price there, nothing rounded; raises PerpcalcError where margin or price are not known."""
        x = self.ratio / (self.exact.mark or self.priced())
        if self.wallet is not None:
            return self.wallet, x
        position = self.exact.opened()
        return wallet_of(need_margin(self.exact).coin, [Holding(position, NO_MAINTENANCE)]), x

    def stop(self) -> Decimal | None:
        """The stop, None where there is none that protects; raises PerpcalcError where only the price could tell."""
        stop, entry = self.case.stop, self.case.opened().entry_price
        if stop is None or protects(self.case.side, stop, entry if self.price is None else self.price):
            return stop
        self.priced()
        return None


def answer(given: Given) -> Report:
    """How the planned trade, the portfolio, or the account after the trade stands to the limits."""
    planned = bool(written(given, TRADE))
    if given.account is None and "portfolio" in given.environment and written(given, NO_PORTFOLIO):
        given.portfolio = None  # that of the environment gives way
    if given.portfolio is None:
        if given.account is not None:
            raise PerpcalcError("needs --portfolio", "name the file it is in").at(ACCOUNT.flag)
        if not planned:
            raise PerpcalcError("there is nothing to check", "give --portfolio, or a trade by its options").at(
                "--portfolio"
            )
        limits = _limits(given, None)
        subjects = [_planned(given)]
    else:
        from perpcalc.cli.positions import held_positions

        portfolio, held = held_positions(given)
        limits = _limits(given, portfolio)
        subjects = _held(given, limits, portfolio, held, planned)
    rules = asked(limits)
    if not rules:
        raise PerpcalcError(
            "there is no limit to check", f"give {_flag(RULES[0])}, another flag, or [limits] in a file"
        ).at("--limits")
    notes = list(dict.fromkeys(note for subject in subjects for note in subject.case.notes))
    judgements = [
        (_verdict(subject, rule, limit, limits, notes), subject)
        for subject in subjects
        for rule, limit in rules.items()
    ]
    subject_of = {id(verdict): subject for verdict, subject in judgements}
    verdicts = worst_first([verdict for verdict, _ in judgements])
    statuses = {verdict.status for verdict in verdicts}
    return Report(
        "Check",
        KINDS,
        [_row(verdict, subject_of[id(verdict)], limits, given) for verdict in verdicts],
        one=False,
        notes=notes,
        status=1 if FAIL in statuses else 2 if UNKNOWN in statuses else 0,
    )


def _limits(given: Given, portfolio: "Portfolio | None") -> Limits:
    """The limits of the portfolio, those of the file over them, and those of the command line over both."""
    limits: dict[str, Decimal | bool] = {}
    tables = [] if portfolio is None else [portfolio.limits]
    if given.limits is not None:
        from perpcalc.portfolio import load_limits

        tables.append(load_limits(given.limits))
    for table in tables:
        limits.update({name: value for name, value in table if value is not None})
    for option in written(given, (*RULE_OPTIONS, VOL, HORIZON)):
        limits[option.name] = getattr(given, option.name)
    return Limits(**limits)  # type: ignore[arg-type]


def _planned(given: Given) -> Subject:
    """The trade that the options describe, by itself: its price now is the mark, else its entry."""
    case = case_of(given)
    case = case._replace(name=PLANNED, stop=given.stop, funding_rate=given.funding_rate)
    price = given.mark or case.opened().entry_price
    exact = case_of(Given(**{**vars(given), "exact": True}))
    exact = exact._replace(mark=given.mark or exact.opened().entry_price)
    return _subject(case, price, None if case.margin is None else case.margin.coin, given)._replace(exact=exact)


def _subject(
    case: Case, price: Decimal | None, collateral: Decimal | None, given: Given, entry: object = None
) -> Subject:
    def fee(option: Option) -> Decimal:
        own = getattr(entry, option.name, None)
        return fee_rate(getattr(given, option.name) if own is None else own, case.instrument, option)

    rule = case.instrument.funding
    interval = given.interval or (rule.interval if rule else None)
    return Subject(case, case, price, collateral, fee(ENTRY_FEE), fee(EXIT_FEE), interval)


def _held(given: Given, limits: Limits, portfolio: "Portfolio", held: "list[Held]", planned: bool) -> list[Subject]:
    """The positions of the portfolio, or of one account, and the planned trade among them."""
    balance_of = {entry.name: entry.balance for entry in portfolio.accounts}
    if given.account is not None:
        try:
            name = portfolio.account(given.account).name
        except PerpcalcError as error:
            raise error.at(ACCOUNT.flag) from None
        held = [one for one in held if one.entry.account == name]
    if planned:
        held = [*held, _added(given, portfolio)]
    if not held:
        raise PerpcalcError("there is no position to check", "add one, or give a trade by its options").at(
            "standard input" if given.portfolio == "-" else given.portfolio
        )
    subjects = []
    for one in held:
        margin = one.case.margin
        collateral = balance_of[one.entry.account] if one.entry.account else margin and margin.coin
        price = one.case.mark or (one.case.opened().entry_price if one.where == PLANNED else None)
        subjects.append(_subject(one.case._replace(mark=price), price, collateral, given, one.entry))
    return _in_wallets(given, limits, portfolio, held, subjects)


def _added(given: Given, portfolio: "Portfolio") -> "Held":
    """The planned trade as a position of the portfolio."""
    from perpcalc.cli.positions import Held, case_of_entry
    from perpcalc.portfolio import PositionEntry

    for option in written(given, NO_PORTFOLIO):
        raise PerpcalcError("excludes --portfolio", "venue and account give it").at(option.flag)
    if given.account is not None:
        for option in written(given, (VENUE, CURRENCY)):
            raise PerpcalcError("excludes --account", "the account gives it").at(option.flag)
    own = {option.name: getattr(given, option.name) for option in (*TRADE, ENTRY_FEE, EXIT_FEE)}
    homeless = given.account is None
    own.update(
        name=PLANNED,
        account=given.account,
        fills=own.pop("fill"),
        venue=given.venue if homeless else None,
        currency=given.currency if homeless else None,
        mark=given.mark,
    )
    entry = PositionEntry.model_construct(**own)
    if entry.side is None:
        raise PerpcalcError("is missing", "give long or short").at("--side")
    accounts = {account.name: account for account in portfolio.accounts}
    return Held(entry, case_of_entry(entry, accounts, portfolio, given.mark, bool(given.exact)), PLANNED)


def _in_wallets(
    given: Given, limits: Limits, portfolio: "Portfolio", held: "list[Held]", subjects: list[Subject]
) -> list[Subject]:
    """The subjects with what their cross accounts give them, as far as a limit asks for it."""
    from perpcalc.cli.positions import wallets
    from perpcalc.core.liquidation import ends, liquidation

    rules = asked(limits)
    priced = [one._replace(case=subject.case) for one, subject in zip(held, subjects, strict=True)]
    if rules.keys() & {"min_liquidation_distance", "stop_before_liquidation", "max_touch_probability"}:
        for wallet in wallets(portfolio, priced, given.portfolio):
            of_wallet = ends(wallet.account, wallet.holdings[0])
            for place, index in enumerate(wallet.members):
                found = liquidation(
                    wallet.account, place, wallet.holdings[place], subjects[index].price, of_wallet=of_wallet
                )
                subjects[index] = subjects[index]._replace(found=found)
    if "max_leverage" in rules:
        accounts = {account.name: account for account in portfolio.accounts}
        exact = [one._replace(case=_exact(one, accounts, portfolio, given)) for one in held]
        subjects = [subject._replace(exact=one.case) for subject, one in zip(subjects, exact, strict=True)]
        for wallet in wallets(portfolio, exact, given.portfolio):
            for holding, index in zip(wallet.holdings, wallet.members, strict=True):
                subjects[index] = subjects[index]._replace(wallet=wallet.account, ratio=holding.ratio)
    return subjects


def _exact(one: "Held", accounts: "dict[str, AccountEntry]", portfolio: "Portfolio", given: Given) -> Case:
    """A position without its venue's rounding; what maintenance asks for is left out."""
    from perpcalc.cli.positions import case_of_entry

    case = case_of_entry(one.entry, accounts, portfolio, given.mark, exact=True)
    mark = case.mark or (case.opened().entry_price if one.where == PLANNED else None)
    return case._replace(mark=mark, schedule=NO_MAINTENANCE)


def _verdict(subject: Subject, rule: str, limit: Decimal | bool, limits: Limits, notes: list[str]) -> Verdict:
    """How one position stands to one rule; what cannot be judged is said in a note."""
    name = subject.case.name or PLANNED
    try:
        value = MEASURES[rule](subject, limits)
    except PerpcalcError as error:
        notes.append(f"{name}: {rule} cannot be judged: {as_keys(str(error)) if name != PLANNED else error}")
        return Verdict(name, rule, limit, None, UNKNOWN)
    if value in (None, False) and rule in ("require_stop", "max_loss_at_stop") and subject.case.stop is not None:
        side = "long" if subject.case.side > 0 else "short"
        notes.append(f"{name}: {rule}: the stop {plain(subject.case.stop)} does not protect a {side} at {plain(subject.priced())}")  # fmt: skip
    return Verdict(name, rule, limit, value, judged(rule, limit, value))


def _leverage(subject: Subject, limits: Limits) -> Measured:
    return leverage(*subject.funds())


def _distance(subject: Subject, limits: Limits) -> Measured:
    return distance(subject.liquidation())


def _loss_at_stop(subject: Subject, limits: Limits) -> Measured:
    stop, collateral = subject.stop(), collateral_of(subject)
    if stop is None or not collateral:
        return None
    return loss_share(subject.case.opened(), stop, collateral, subject.entry_fee, subject.exit_fee)


def _funding_per_day(subject: Subject, limits: Limits) -> Measured:
    rate = subject.case.funding_rate
    if rate is None:
        raise PerpcalcError("is missing", "give the rate per interval").at(FUNDING_RATE.flag)
    interval, quoted = intervals(subject)
    collateral = collateral_of(subject)
    if not collateral:
        return None
    return funding_share_per_day(subject.case.opened(), rate, subject.priced(), collateral, interval, quoted)


def intervals(subject: Subject) -> tuple[Decimal, Decimal]:
    """The time between payments and the time that a rate is for; raises PerpcalcError where they are not known."""
    rule = subject.case.instrument.funding
    if not subject.interval:
        raise PerpcalcError("is missing", "give the time between payments, as in 8h, or a venue").at(INTERVAL.flag)
    own = rule is None or subject.interval != rule.interval
    return subject.interval, subject.interval if own or rule is None else rule.rate_interval or subject.interval


def _stop_before_liquidation(subject: Subject, limits: Limits) -> Measured:
    found, stop = subject.liquidation(), subject.stop()
    if stop is None:
        if found.liquidation_price is None:
            return True
        raise PerpcalcError("is missing", "there is no stop to compare").at(STOP.flag)
    return stops_first(subject.case.side, stop, found)


def _has_stop(subject: Subject, limits: Limits) -> Measured:
    return subject.stop() is not None


def _notional(subject: Subject, limits: Limits) -> Measured:
    return subject.case.notional


def _touch_probability(subject: Subject, limits: Limits) -> Measured:
    from perpcalc.core.touch import liquidation_probability

    if limits.vol is None:
        raise PerpcalcError("is missing", "give the yearly volatility, as in 60%").at(VOL.flag)
    if limits.horizon is None:
        raise PerpcalcError("is missing", "give the time in which it may be touched, as in 7d").at(HORIZON.flag)
    return liquidation_probability(subject.liquidation(), subject.priced(), limits.vol, limits.horizon)


def collateral_of(subject: Subject) -> Decimal:
    """What losses are measured against; raises PerpcalcError where there is no margin."""
    return need_margin(subject.case).coin if subject.collateral is None else subject.collateral


MEASURES: Mapping[str, Callable[[Subject, Limits], Measured]] = {
    "max_leverage": _leverage,
    "min_liquidation_distance": _distance,
    "max_loss_at_stop": _loss_at_stop,
    "max_funding_per_day": _funding_per_day,
    "stop_before_liquidation": _stop_before_liquidation,
    "require_stop": _has_stop,
    "max_notional_usd": _notional,
    "max_touch_probability": _touch_probability,
}


def _row(verdict: Verdict, subject: Subject, limits: Limits, given: Given) -> Row:
    kind = KIND_OF[verdict.rule]
    made = Row(
        verdict._asdict(),
        kinds={"limit": kind, "value": kind},
        never=frozenset({"value"} if verdict.rule == "min_liquidation_distance" and verdict.status != UNKNOWN else ()),
    )
    if not given.explain:
        return made
    from perpcalc.cli.explain_check import steps

    return made._replace(steps=steps(verdict, subject, limits))


def _flag(rule: str) -> str:
    return "--" + rule.replace("_", "-")


COMMAND = Command(
    "check",
    "Check a planned trade, a portfolio, or an account after the trade against limits. Status 0: all pass; 1: one fails; 2: one cannot be judged.",
    "perpcalc check --venue bybit --side long -n 10k --entry 62500 --leverage 10 --stop 60000 --max-leverage 12 --require-stop",
    (*POSITION, STOP, FUNDING_RATE, INTERVAL, ENTRY_FEE, EXIT_FEE, MARK, PORTFOLIO, ACCOUNT, LIMITS, *RULE_OPTIONS, VOL, HORIZON, EXACT, *OUTPUT),
    answer,
)  # fmt: skip
