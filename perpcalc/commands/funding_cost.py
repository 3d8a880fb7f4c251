"""`perpcalc funding-cost`: what holding a position costs in funding, and how it moves the liquidation price."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from perpcalc.answer import Answer, Coin, Cost, CostUsd, Count, Explained, Identified, Price, Rate, Sentence, Told
from perpcalc.commands.carriers import Standing
from perpcalc.commands.case import NEED_SIDE, NEED_SIZE, Case, Shared
from perpcalc.commands.charges import SOURCES, Charge, Files, charge_of, read_files
from perpcalc.commands.command import Command
from perpcalc.commands.positions import Asked, Remarks, by_position, summed_up
from perpcalc.core.funding import after_paying, annual_rate, annual_yield, intervals_to_liquidation
from perpcalc.core.instrument import coin_value
from perpcalc.core.liquidation import Ends, ends, liquidation_prices
from perpcalc.core.rules import DAY, HOUR
from perpcalc.decimals import ZERO, plain
from perpcalc.errors import Key, PerpcalcError
from perpcalc.given import Excludes, Given, Needed, exclusive
from perpcalc.options import (
    COIN_RATE,
    CONTRACTS,
    EXPLAIN,
    FOR,
    FUNDING_RATE,
    HISTORY,
    INDEX,
    INTERVAL,
    INTERVALS,
    MARK,
    OUTPUT,
    PORTFOLIO,
    POSITION,
    POSITION_RULES,
    PREMIUM,
    RATE,
    SAMPLES,
    SIDE,
    TOTAL,
)

FROM_PREMIUM = Explained(
    {
        "rate": (
            "premium / divisor + clamp(interest - premium / divisor, -damper, damper) per interval, then at most the"
            " cap to either side; a positive rate is paid by longs"
        )
    }
)


class FundingCost(Identified):
    """What funding costs a position, in coin where no unit is named."""

    title = "Funding"
    whys = {
        "position_value": "the coin value at the mark",
        "rate": "per interval; a positive rate is paid by longs; over a history the mean",
        "premium": "the average over the interval: given, of samples as the venue weights them, or that of this moment",
        "payment": "positive when paid, negative when received",
        "intervals": "whole payments only, unless the venue charges at every moment",
        "total": "positive when paid, negative when received",
        "total_usd": "at the mark shown",
        "apr": "simple, a year of 365 days; negative when received",
        "apy": "compounded over every such time",
        "margin_share": "of the margin, or of the balance of a cross account",
        "liquidation_price": "before the funding; tier and conventions: see perpcalc liq-price",
        "liquidation_price_after": "with the total paid, from the balance of an account all its positions",
        "intervals_to_liquidation": (
            "an estimate: at this mark and this rate until the end; an account pays for all its positions"
        ),
    }
    columns = (
        "name",
        "side",
        "total",
        "total_usd",
        "rate",
        "apr",
        "liquidation_price_after",
        "contracts",
        "payment",
        "liquidation_price",
        "intervals",
        "account",
        "instrument",
    )
    never = frozenset({"liquidation_price", "liquidation_price_after", "intervals_to_liquidation"})
    sums = ("total", "total_usd")

    mark_price: Price | None
    position_value: Coin | None
    premium: Rate | None
    rate: Rate | None
    interval_hours: Count | None
    intervals: Count | None
    payment: Cost | None
    total: Cost | None
    total_usd: CostUsd | None
    apr: Rate | None
    apy: Rate | None
    margin_share: Rate | None
    liquidation_price: Price | None
    liquidation_price_after: Price | None
    intervals_to_liquidation: Count | None
    reason: str | None

    def sentence(self) -> Sentence:
        """What is paid or received in all, and per year."""
        if self.total is None:
            return ()
        verb = "costs " if self.total >= 0 else "earns "
        said: Sentence = (verb, Told("total", size=True), " (", Told("total_usd", size=True), ")")
        said += (" over ", Told("intervals"), " payments" if self.intervals != 1 else " payment")
        return (*said, ", ", Told("apr"), " a year") if self.apr is not None else said

    @classmethod
    def summary(cls, rows: Sequence[Answer], sums: Sequence[Answer] = ()) -> Sentence:
        """What all pay or receive together, and in which time where it is the same for all."""
        together = summed_up(rows, sums, "total", "total_usd", size=True)
        if not together:
            return ()
        times = {row.hours for row in rows if isinstance(row, FundingCost)} - {None}
        hours = times.pop() if len(times) == 1 else None
        total = sums[-1].total_usd if isinstance(sums[-1], FundingCost) else None
        verb = "costs " if total is None or total >= 0 else "earns "
        return ("funding ", verb, *together, *(() if hours is None else (f", in {_time(hours)}",)))

    @property
    def hours(self) -> Decimal | None:
        """The time that is paid for."""
        return None if self.intervals is None or self.interval_hours is None else self.intervals * self.interval_hours


NO_RATE = "no funding rate: write funding_rate to the position or give rate"


class Payer(NamedTuple):
    """The wallet that pays: an account with the funding of all its positions, or a position's own margin.

    `before` and `after` are where an account lives, None where each position is asked by itself.
    """

    standing: Standing
    per_interval: Decimal
    total: Decimal
    after: Ends | None = None


def answers(asked: Iterable[Asked], said: Remarks) -> list[list[FundingCost]]:
    """What funding costs each of the positions; those of an account pay out of one balance."""
    positions = tuple(asked)
    files = read_files(positions[0].given) if positions else Files()
    charges: list[Charge | None] = []
    unknown: dict[int, str] = {}
    charged: list[Case] = []
    for number, (case, given) in enumerate(positions):
        charge: Charge | None = None
        try:
            charge = charge_of(case, given, files, said.notes)
        except PerpcalcError as error:
            if not _is_own(error, case, given):
                raise case.placed(error) from None
            unknown[number] = error.line()
        charges.append(charge)
        charged.append(_at_rate(case, charge))
    accounts = _accounts(charged, charges, said)
    made = []
    for number, (case, charge) in enumerate(zip(charged, charges, strict=True)):
        if charge is None:
            made.append([_unknown(case, unknown.get(number, NO_RATE))])
        else:
            made.append([_row(case, charge, _payer(case, charge, accounts))])
    return made


def _is_own(error: PerpcalcError, case: Case, given: Given) -> bool:
    """Whether what is wrong is of a position of a portfolio alone, and no fault of what is asked of all."""
    place = error.places[-1] if error.places else ""
    asked = place in given.values and place not in case.given.values
    return case.place is not None and isinstance(place, Key) and not asked


def _at_rate(case: Case, charge: Charge | None) -> Case:
    """The case at the rate that is charged: where a rate against the position adds to its maintenance margin, this one
    does.
    """
    schedule = case.rules.schedule
    if schedule is None or not schedule.adverse_funding or charge is None or charge.payment is None:
        return case
    return case._replace(given=case.given.put(FUNDING_RATE, charge.rate))


class Paying(NamedTuple):
    """What an account pays: for one payment of each position and for all of them, and where it lives after it."""

    per_interval: Decimal
    total: Decimal
    shared: Shared
    after: Ends


def _accounts(
    cases: Sequence[Case], charges: Sequence[Charge | None], said: Remarks
) -> dict[str, Paying | PerpcalcError]:
    """What each account pays, or why its liquidation is not known; the payments of one venue fall due together."""
    members: dict[str, list[int]] = {}
    for index, case in enumerate(cases):
        if isinstance(case.shared, Shared):
            members.setdefault(case.shared.name, []).append(index)
    made: dict[str, Paying | PerpcalcError] = {}
    for name, indexes in members.items():
        paying = [charge for index in indexes if (charge := charges[index]) is not None]
        if 0 < len(paying) < len(indexes):
            said.notes.append(
                f"account {name}: positions without a funding rate pay nothing in what its margin becomes"
            )
        first = cases[indexes[0]].shared
        assert isinstance(first, Shared)
        shared = first.of([cases[index] for index in indexes])
        per_interval = sum((charge.per_interval for charge in paying), ZERO)
        total = sum((charge.total for charge in paying), ZERO)
        if EXPLAIN in cases[indexes[0]].given:
            from perpcalc.trace import label

            label(per_interval, "account_payment")
            label(total, "account_total")
        try:
            after = ends(after_paying(shared.wallet, total), shared.holdings[0])
        except PerpcalcError as error:
            made[name] = error
        else:
            made[name] = Paying(per_interval, total, shared, after)
    return made


def _payer(case: Case, charge: Charge, accounts: dict[str, Paying | PerpcalcError]) -> Payer | str | None:
    """Who pays for a position; why its liquidation is not known; None without an entry or a margin."""
    if case.position is None or (case.margin is None and not case.is_unified):
        return None
    if not isinstance(case.shared, Shared):
        try:
            return Payer(case.in_wallet(_instead(case)), charge.per_interval, charge.total)
        except PerpcalcError as error:
            return error.what + ": " + error.remedy
    account = accounts[case.shared.name]
    if isinstance(account, PerpcalcError):
        return account.line()
    return Payer(account.shared.standing(case.number), account.per_interval, account.total, account.after)


def _instead(case: Case) -> str:
    """How an account of several coins is asked what funding makes of it."""
    return f"take the total from its balance of {case.instrument.currency} and ask status or liq-price"


def _unknown(case: Case, reason: str) -> FundingCost:
    return FundingCost.knowing(**case.identity(), mark_price=case.mark, reason=reason).never_where()


def _row(case: Case, charge: Charge, payer: Payer | str | None) -> FundingCost:
    instrument, margin, quoted = case.instrument, case.margin, charge.rate_interval
    apy = None if quoted is None else annual_yield(case.side, charge.rate, quoted)
    before = after = None
    remaining: Decimal | None = None
    reason = payer if isinstance(payer, str) else None
    if isinstance(payer, Payer):
        wallet, number, holding, _ = standing = payer.standing
        before = standing.prices(charge.mark)
        poorer = after_paying(wallet, payer.total)
        after = liquidation_prices(poorer, number, holding, charge.mark, standing.is_shared, of_wallet=payer.after)
        continuous = bool(instrument.funding and instrument.funding.continuous)
        remaining = intervals_to_liquidation(wallet, payer.per_interval, holding.ratio / charge.mark, continuous)
        reason = after.reason or before.reason
        if remaining is None and reason is None:
            reason = "funding never uses up the margin: none is paid"
    if quoted is not None and apy is None and reason is None:
        reason = "apy: compounded over a year this rate leaves the range of numbers"
    made = FundingCost(
        **case.identity(),
        mark_price=charge.mark,
        position_value=coin_value(instrument, case.contracts, charge.mark),
        premium=charge.premium,
        rate=charge.rate,
        interval_hours=None if charge.interval is None else charge.interval / HOUR,
        intervals=charge.intervals,
        payment=charge.payment,
        total=charge.total,
        total_usd=charge.total * charge.mark,
        apr=None if quoted is None else annual_rate(case.side, charge.rate, quoted),
        apy=apy,
        margin_share=charge.total / margin.coin if margin is not None and margin.coin else None,
        liquidation_price=before and before.liquidation_price,
        liquidation_price_after=after and after.liquidation_price,
        intervals_to_liquidation=remaining,
        reason=reason,
    ).never_where(*(FundingCost.never if isinstance(payer, Payer) else ()))
    return made if charge.premium is None else made.explained_by(FROM_PREMIUM)


def _time(hours: Decimal) -> str:
    days, rest = divmod(hours, DAY / HOUR)
    count, unit = (hours, "hour") if rest else (days, "day")
    return f"{plain(count)} {unit}{'' if count == 1 else 's'}"


COMMAND = Command(
    "funding-cost",
    "What funding costs over a time. Per payment, in all, per year, as a share of the margin, and how it moves the"
    " liquidation price.",
    (
        (
            "perpcalc funding-cost --venue bybit --side long -n 10k --entry 62500 --mark 63000 --rate 0.01% --for 3d"
            " --leverage 10"
        ),
        "perpcalc funding-cost --venue kraken --side short -n 10k --mark 63000 --coin-rate 0.0000000002 --for 8h",
    ),
    (*POSITION, PORTFOLIO, MARK, *SOURCES, FOR, INTERVALS, INTERVAL, *OUTPUT, TOTAL),
    FundingCost,
    by_position(
        FundingCost,
        answers,
        needs=(
            NEED_SIDE,
            NEED_SIZE,
            Needed(
                SOURCES,
                ("give ", RATE.key, ", ", PREMIUM.key, ", ", SAMPLES.key, ", ", HISTORY.key, " or ", INDEX.key),
            ),
        ),
        prices=(MARK, INDEX, HISTORY),
    ),
    (
        *POSITION_RULES,
        *exclusive(RATE, COIN_RATE, PREMIUM, SAMPLES, HISTORY, remedy="give the rate once"),
        Excludes(INDEX, (PREMIUM, SAMPLES, HISTORY), "give the rate once"),
        Excludes(FOR, (HISTORY,), "the file says how many payments there were"),
        Excludes(INTERVALS, (HISTORY,), "the file says how many payments there were"),
        *exclusive(FOR, INTERVALS),
    ),
    needed=(SIDE, CONTRACTS, MARK, RATE),
)
