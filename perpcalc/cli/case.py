"""A position as asked about: the contract, its rules, the position in it and the margin behind it."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from perpcalc.cli.options import BALANCE, ENTRY, LEVERAGE, MARGIN, POSITION, Given, Option, written
from perpcalc.core.instrument import Instrument, check_lots, contracts_of_coin, contracts_of_usd
from perpcalc.core.margin import Margin, check_deduction, given_margin, isolated_margin
from perpcalc.core.position import SIDES, Position, open_at, open_by_fills
from perpcalc.core.rounding import EXACT
from perpcalc.core.rules import ClosingFee, Schedule, flat_rate
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ONE, ZERO, places, plain
from perpcalc.errors import PerpcalcError
from perpcalc.render.text import Value
from perpcalc.venues import find

IDENTITY = {
    "name": "text",
    "account": "text",
    "venue": "text",
    "instrument": "text",
    "currency": "text",
    "side": "text",
    "contracts": "count",
    "contract_size": "usd",
    "notional_usd": "usd",
}
COIN_GRIDS = ("value", "stored_value", "pnl", "fee", "margin", "funding")


class Market(NamedTuple):
    """An instrument as asked for, the dated rules it comes from, and what the user should know of them.

    `coin_places` are the decimals that people see of a coin amount.
    """

    instrument: Instrument
    rules: Mapping[str, Mapping[str, Any]] = {}
    notes: tuple[str, ...] = ()
    coin_places: int = 8


class Case(NamedTuple):
    """One position to answer for. `position` is None without an entry, `margin` without any margin given.

    `schedule` is None where the maintenance margin is not known; rates are of the coin value.
    """

    market: Market
    side: Decimal
    contracts: Decimal
    position: Position | None
    margin: Margin | None
    schedule: Schedule | None
    closing_fee: ClosingFee
    name: str | None = None
    account: str | None = None
    mark: Decimal | None = None
    stop: Decimal | None = None
    funding_rate: Decimal | None = None
    notes: tuple[str, ...] = ()

    @property
    def instrument(self) -> Instrument:
        """The contract."""
        return self.market.instrument

    @property
    def notional(self) -> Decimal:
        """The size in USD."""
        return self.contracts * self.instrument.contract_size

    def opened(self) -> Position:
        """The position; raises PerpcalcError where the entry price is missing."""
        if self.position is None:
            raise PerpcalcError("is missing", "give the entry price, or fills").at(ENTRY.flag)
        return self.position

    def holding(self, ratio: Decimal = Decimal(1)) -> Holding:
        """The position with its margin rules, as a wallet holds it; raises PerpcalcError where they are not known."""
        if self.schedule is None:
            raise PerpcalcError(self.unknown_schedule())
        against = ZERO if self.funding_rate is None else self.side * self.funding_rate
        return Holding(self.opened(), self.schedule, self.closing_fee, ratio, against)

    def unknown_schedule(self) -> str:
        """Why there is no maintenance rate, and what to do."""
        if self.instrument.venue is None:
            return "--mmr: no maintenance rate is known: give one, as in --mmr 0.5%, or a --venue"
        return (
            f"--mmr: the maintenance tiers of {self.instrument.name} at {self.instrument.venue} are not known: "
            "give the rate, as in --mmr 0.5%, and --deduction if there is one"
        )

    def identity(self) -> dict[str, Value]:
        """The fields that open a row."""
        instrument = self.instrument
        return {
            "name": self.name,
            "account": self.account,
            "venue": instrument.venue,
            "instrument": instrument.name,
            "currency": instrument.currency,
            "side": "long" if self.side > 0 else "short",
            "contracts": self.contracts,
            "contract_size": instrument.contract_size,
            "notional_usd": self.notional,
        }


@lru_cache(maxsize=256)
def _found(spec: str, name: str | None, exact: bool) -> Market:
    instrument, rules, notes = find(spec, name)
    if exact:
        instrument = instrument._replace(rounding=EXACT)
    return Market(instrument, rules, notes, coin_places(rules["rounding"]))


@lru_cache(maxsize=256)
def _plain(contract_size: Decimal, currency: str) -> Market:
    return Market(Instrument(contract_size=contract_size, currency=currency))


def is_portfolio(given: Given, but: Iterable[Option] = ()) -> bool:
    """Whether the answer is for a portfolio; position options beside one are refused.

    A portfolio from the environment gives way to position options.
    """
    if given.portfolio is None:
        return False
    described = written(given, [option for option in POSITION if option not in but])
    if described and "portfolio" in given.environment:
        return False
    if described:
        raise PerpcalcError("excludes --portfolio", "it describes a position of its own").at(described[0].flag)
    return True


def market_of(given: Given) -> Market:
    """The contract that the options name; raises PerpcalcError where they contradict the venue."""
    if given.venue is None:
        if given.instrument is not None:
            raise PerpcalcError("needs --venue", "name the venue that lists it").at("--instrument")
        return _plain(given.contract_size or ONE, given.currency or "BTC")
    if "venue" in getattr(given, "environment", ()) and _contradicts(given):
        return _plain(given.contract_size or ONE, given.currency or "BTC")
    try:
        market = _found(given.venue, given.instrument, bool(given.exact))
    except PerpcalcError as error:
        raise error.at("--venue" if given.instrument is None else "--instrument") from None
    instrument = market.instrument
    if given.contract_size not in (None, instrument.contract_size):
        raise PerpcalcError(
            f"{instrument.name} is {plain(instrument.contract_size)} USD per contract, not {plain(given.contract_size)}",
            "leave one out",
        ).at("--contract-size")
    if given.currency not in (None, instrument.currency):
        if given.instrument is None:
            raise PerpcalcError(
                "is missing",
                f"{instrument.name} settles in {instrument.currency}, give the one that settles in {given.currency}",
            ).at("--instrument")
        raise PerpcalcError(
            f"{instrument.name} settles in {instrument.currency}, not {given.currency}", "leave one out"
        ).at("--currency")
    return market


def _contradicts(given: Given) -> bool:
    """Whether the options name another contract than the venue's; a venue of the environment then gives way."""
    instrument = _found(given.venue, given.instrument, False).instrument
    return given.contract_size not in (None, instrument.contract_size) or given.currency not in (
        None,
        instrument.currency,
    )


def case_of(given: Given) -> Case:
    """The position that the options describe; raises PerpcalcError where they are missing or disagree."""
    market = market_of(given)
    instrument = market.instrument
    if given.side is None:
        raise PerpcalcError("is missing", "give long or short").at("--side")
    side = SIDES[given.side]
    notes = list(market.notes)
    position: Position | None = None
    if given.fill:
        _exclude(given, "fill", ("contracts", "usd", "coin", "entry"))
        for fill in given.fill:
            _checked(instrument, fill.contracts, "--fill")
        position = open_by_fills(instrument, side, given.fill)
        contracts = position.contracts
    else:
        contracts = _contracts(given, instrument, notes)
        if given.entry is not None:
            position = open_at(instrument, side, contracts, given.entry)
    margin = _margin(given, instrument, position)
    schedule, closing_fee = margin_rules(given, instrument, margin is not None and margin.mode == "cross")
    if position is not None and given.mmr is not None and given.deduction is not None:
        check_deduction(position, given.mmr, given.deduction)
    return Case(
        market,
        side,
        contracts,
        position,
        margin,
        schedule,
        closing_fee,
        mark=getattr(given, "mark", None),
        notes=tuple(notes),
    )


def margin_rules(given: Given, instrument: Instrument, cross: bool) -> tuple[Schedule | None, ClosingFee]:
    """The maintenance schedule and the closing fee: the venue's, unless options replace them."""
    schedule = instrument.schedule
    if given.mmr is not None:
        basis = schedule.basis if schedule else "mark"
        schedule = flat_rate(given.mmr, given.deduction or ZERO, basis)
    elif given.deduction is not None:
        raise PerpcalcError("needs --mmr", "a deduction goes with the rate it belongs to").at("--deduction")
    if schedule is not None and given.mm_basis is not None:
        schedule = schedule._replace(basis=given.mm_basis)
    closing_fee = instrument.cross_closing_fee if cross else instrument.isolated_closing_fee
    if given.closing_fee is not None:
        closing_fee = closing_fee._replace(rate=given.closing_fee)
    return schedule, closing_fee


def fee_rate(given: Any, instrument: Instrument, option: Option) -> Decimal:
    """A trading fee: a rate, the venue's maker or taker rate by name, the taker rate by default, 0 without a venue."""
    if isinstance(given, Decimal):
        return given
    known = instrument.maker_fee if given == "maker" else instrument.taker_fee
    if known is None and given is not None:
        raise PerpcalcError(f"{given} needs a --venue with known fees", "give a rate, as in 0.05%").at(option.flag)
    return known or ZERO


def price_places(instrument: Instrument, *prices: Decimal | None) -> int:
    """The decimals that people see of a price: the tick's, else 2 and more for small prices."""
    if instrument.tick is not None:
        return places(instrument.tick)
    smallest = min(filter(None, prices), default=ONE)
    return max(2, 3 - smallest.adjusted())


def coin_places(rule: Mapping[str, str]) -> int:
    """The decimals that people see of a coin amount: those of the finest that a venue's rule of rounding prints, 8 at least."""
    return max([8, *(int(rule[name].split()[1]) for name in COIN_GRIDS if name in rule)])


def _contracts(given: Given, instrument: Instrument, notes: list[str]) -> Decimal:
    asked = [name for name in ("contracts", "usd", "coin") if getattr(given, name) is not None]
    if not asked:
        raise PerpcalcError("is missing", "give the size as --contracts, --usd, --coin or --fill").at("--contracts")
    if len(asked) > 1:
        raise PerpcalcError(f"excludes --{asked[0]}", "give the size once").at(f"--{asked[1]}")
    if given.contracts is not None:
        _checked(instrument, given.contracts, "--contracts")
        return Decimal(given.contracts)
    if given.usd is not None:
        amount, contracts = given.usd, contracts_of_usd(instrument, given.usd)
        exact = contracts * instrument.contract_size == amount
    else:
        price = given.entry or getattr(given, "mark", None)
        if price is None:
            raise PerpcalcError("needs a price", "give --entry").at("--coin")
        amount, contracts = given.coin, contracts_of_coin(instrument, given.coin, price)
        exact = contracts * instrument.contract_size == amount * price
    unit = "USD" if asked == ["usd"] else instrument.currency
    if not contracts:
        lot_usd = plain(instrument.lot * instrument.contract_size)
        raise PerpcalcError(f"{plain(amount)} {unit} is less than one lot of {lot_usd} USD", "give more").at(
            f"--{asked[0]}"
        )
    if not exact:
        usd = plain(contracts * instrument.contract_size)
        notes.append(f"--{asked[0]}: {plain(amount)} {unit} rounded down to {plain(contracts)} contracts ({usd} USD)")
    return contracts


def _checked(instrument: Instrument, contracts: Decimal, where: str) -> None:
    try:
        check_lots(instrument, contracts)
    except PerpcalcError as error:
        raise error.at(where) from None


def _exclude(given: Given, name: str, others: tuple[str, ...]) -> None:
    for other in others:
        if getattr(given, other) is not None:
            raise PerpcalcError(f"excludes --{name.replace('_', '-')}", "give one of them").at(
                f"--{other.replace('_', '-')}"
            )


def _margin(given: Given, instrument: Instrument, position: Position | None) -> Margin | None:
    leverage, coin, extra, balance = given.leverage, given.margin, given.extra_margin, given.balance
    check_leverage(instrument, leverage)
    if coin is not None:
        _exclude(given, "margin", ("leverage", "balance"))
    if extra is not None and leverage is None and coin is None:
        raise PerpcalcError("needs --leverage or --margin", "it is added to an isolated margin").at("--extra-margin")
    if balance is not None:
        if extra is not None:
            raise PerpcalcError("excludes --balance", "a cross position has the whole balance").at("--extra-margin")
        return Margin("cross", balance, balance, leverage)
    if leverage is not None:
        return None if position is None else isolated_margin(position, leverage, extra or ZERO)
    if coin is None:
        return None
    if position is None:
        return Margin("isolated", coin + (extra or ZERO), coin + (extra or ZERO))
    return given_margin(position, coin, extra or ZERO)


def check_leverage(instrument: Instrument, leverage: Decimal | None) -> None:
    """Raise PerpcalcError for a leverage above the instrument's known maximum."""
    highest = instrument.max_leverage
    if leverage is not None and highest is not None and leverage > highest:
        raise PerpcalcError(
            f"{plain(leverage)} is above the largest of {instrument.name} at {instrument.venue}",
            f"give at most {plain(highest)}",
        ).at(LEVERAGE.flag)


def need_margin(case: Case) -> Margin:
    """The margin; raises PerpcalcError where none was given."""
    if case.margin is None:
        raise PerpcalcError("is missing", f"give one of {LEVERAGE.flag}, {MARGIN.flag} and {BALANCE.flag}").at(
            LEVERAGE.flag
        )
    return case.margin
