"""A position as asked about: the contract, its rules, the position in it and the margin behind it."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from perpcalc.commands.carriers import Carrier, Standing, Stands
from perpcalc.commands.market import (
    MarginRules,
    Market,
    each_once,
    forbidden_leverage,
    margin_rules,
    market_of,
    unified_balance,
)
from perpcalc.core.instrument import Instrument, check_lots, contracts_of_coin, contracts_of_usd
from perpcalc.core.liquidation import Ends, Liquidation, Prices, ends
from perpcalc.core.margin import Margin, given_margin, isolated_margin
from perpcalc.core.position import SIDES, Position, open_at, open_by_fills, open_for_value
from perpcalc.core.wallet import Holding, Wallet, wallet_of
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import Entry, PerpcalcError, Words
from perpcalc.given import Given, Needed, Option, lacking
from perpcalc.options import (
    BALANCE,
    COIN,
    CONTRACTS,
    ENTRY,
    ENTRY_VALUE,
    EXPLAIN,
    EXTRA_MARGIN,
    FILL,
    FUNDING_RATE,
    LEVERAGE,
    MARGIN,
    MARK,
    MMR,
    SIDE,
    SIZES,
    STOP,
    USD,
)

if TYPE_CHECKING:
    from perpcalc.answer import Identity

NEED_SIDE = Needed((SIDE,), "give long or short")
NEED_SIZE = Needed(SIZES, ("give the size as ", CONTRACTS.key, ", ", USD.key, ", ", COIN.key, " or ", FILL.key))
SIZE_NAMES = frozenset(option.name for option in SIZES)
NEED_ENTRY = Needed((ENTRY, ENTRY_VALUE, FILL), "give the entry price, or fills")
NEED_MARGIN = Needed(
    (LEVERAGE, MARGIN, BALANCE), ("give one of ", LEVERAGE.key, ", ", MARGIN.key, " and ", BALANCE.key)
)
UNIFIED = "unified"


class Shared:
    """An account and the positions that share its balance, in file order; what they add up to is found when it is asked
    for.
    """

    def __init__(self, name: str, balance: Decimal, cases: Sequence["Case"]) -> None:
        self.name = name
        self.balance = balance
        self.cases = cases
        self._unknown: PerpcalcError | None = None

    def of(self, cases: Sequence["Case"]) -> "Shared":
        """The account with its positions in another light, at other rates for example."""
        return Shared(self.name, self.balance, cases)

    @cached_property
    def holdings(self) -> tuple[Holding, ...]:
        """The positions as the wallet holds them, at the ratio of their marks to the first's.

        Raises PerpcalcError, naming the position, where one of them is not known.
        """
        if self._unknown is not None:
            raise self._unknown
        made = []
        for case in self.cases:
            try:
                made.append(case.holding(self.ratio(case)))
            except PerpcalcError as error:
                self._unknown = case.placed(error)
                raise self._unknown from None
        return tuple(made)

    def ratio(self, case: "Case") -> Decimal:
        """The mark of a position over that of the first; raises PerpcalcError where they are not known."""
        first = self.cases[0]
        if case.mark is not None and first.mark is not None:
            return case.mark / first.mark
        if case.instrument.name == first.instrument.name:
            return ONE
        raise PerpcalcError(
            "is missing: the account holds several contracts", "give each a mark, or the coin a price in [prices]"
        ).at(MARK.key)

    @cached_property
    def usd(self) -> Decimal:
        """The USD of all positions, opposite sides not netted: `sum(Q/ratio)`."""
        return sum((holding.position.notional / holding.ratio for holding in self.holdings), ZERO)

    @cached_property
    def wallet(self) -> Wallet:
        """The wallet."""
        return wallet_of(self.balance, self.holdings)

    @cached_property
    def ends(self) -> Ends:
        """Where the wallet lives."""
        return ends(self.wallet, self.holdings[0])

    def leg_liquidation(self, number: int) -> Liquidation:
        """A wallet of one coin carries no linear legs."""
        raise PerpcalcError(f"{self.name} is a wallet of one coin", "put linear legs into an account of several coins")

    def standing(self, number: int) -> Standing:
        """One of the positions in the wallet."""
        return Standing(self.wallet, number, self.holdings[number], self.ends)


class Case(NamedTuple):
    """One position to answer for.

    `position` is None without an entry, `margin` without any margin given, `schedule` where the maintenance rate is not
    known. `given` is what the question says of it. A position of a portfolio has its `place` and its `order` there, and
    where it shares the balance of an account, `shared` and its number in it; `home_balance` is its account's, shared or
    not. `parts` are the positions that it was put together from, where each may have a stop of its own.
    """

    market: Market
    side: Decimal
    contracts: Decimal
    position: Position | None
    margin: Margin | None
    rules: MarginRules
    given: Given
    name: str | None = None
    account: str | None = None
    mark: Decimal | None = None
    notes: tuple[Words, ...] = ()
    place: Entry | None = None
    shared: Carrier | None = None
    number: int = 0
    order: int | None = None
    home_balance: Decimal | None = None
    parts: "tuple[Case, ...]" = ()

    @property
    def instrument(self) -> Instrument:
        """The contract."""
        return self.market.instrument

    @property
    def is_unified(self) -> bool:
        """Whether an account of several coins stands behind the position."""
        return self.shared is not None and not isinstance(self.shared, Shared)

    @property
    def margin_mode(self) -> str | None:
        """What margins it: an account of several coins or of one, or its own margin."""
        return UNIFIED if self.is_unified else self.margin and self.margin.mode

    @property
    def leverage(self) -> Decimal | None:
        """The leverage as given, else the entry value over the margin."""
        margin, position = self.margin, self.position
        if margin is None or position is None:
            return None
        return margin.leverage or (position.entry_value / margin.coin if margin.coin else None)

    @property
    def stop(self) -> Decimal | None:
        """The stop of the position itself, if it has one."""
        return self.given[STOP]

    @property
    def funding_rate(self) -> Decimal | None:
        """The funding rate of the position itself, if it has one."""
        return self.given[FUNDING_RATE]

    def opened(self) -> Position:
        """The position; raises PerpcalcError where the entry price is missing."""
        if self.position is None:
            raise lacking((NEED_ENTRY,))
        return self.position

    def margined(self) -> Margin:
        """The margin; raises PerpcalcError where none was given."""
        if self.margin is None:
            raise lacking((NEED_MARGIN,))
        return self.margin

    def holding(self, ratio: Decimal = ONE) -> Holding:
        """The position with its margin rules, as a wallet holds it; raises PerpcalcError where they are not known."""
        if self.rules.schedule is None:
            from perpcalc.venues.facts import tiers_unknown

            raise tiers_unknown(self.instrument).at(MMR.key)
        rate = self.funding_rate
        against = ZERO if rate is None else self.side * rate
        return Holding(self.opened(), self.rules.schedule, self.rules.closing_fee, ratio, against)

    def standing(self) -> Stands:
        """The wallet that carries the position; raises PerpcalcError where it is not known."""
        if self.shared is not None:
            return self.shared.standing(self.number)
        holding = self.holding()
        return Standing(wallet_of(self.margined().usable, [holding]), 0, holding)

    def in_wallet(self, instead: str = "ask status or liq-price") -> Standing:
        """The wallet of one coin that carries the position; raises PerpcalcError where there is none, with what to do
        instead, or it is not known.
        """
        standing = self.standing()
        if isinstance(standing, Standing):
            return standing
        raise PerpcalcError("the account holds several coins, which no wallet of one coin stands for", instead)

    def liquidation(self) -> Liquidation:
        """Where the position is liquidated; raises PerpcalcError where that is not known."""
        return self.standing().liquidation(self.mark)

    def liquidation_prices(self) -> Prices | Liquidation:
        """The prices of it alone; raises PerpcalcError where they are not known."""
        return self.standing().prices(self.mark)

    def placed(self, error: PerpcalcError) -> PerpcalcError:
        """An error about it, which tells which position of a portfolio it is."""
        return error if self.place is None else error.at(self.place)

    def identity(self) -> "Identity":
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
            "notional_usd": self.contracts * instrument.contract_size,
        }


def case_of(
    given: Given,
    order: int | None = None,
    place: Entry | None = None,
    name: str | None = None,
    account: str | None = None,
    *,
    home_balance: Decimal | None = None,
    market: Market | None = None,
) -> Case:
    """The position that is described, and what a portfolio calls it; raises PerpcalcError where the description is
    short of something or disagrees. `market` is that of its contract where it was found already.

    A leverage that the venue forbids is refused; that of a position which is held, at its `place` in a file, is noted.
    """
    market = market or market_of(given)
    instrument = market.instrument
    if given.values.keys().isdisjoint(SIZE_NAMES):
        raise lacking((NEED_SIZE,))
    side = SIDES[given[SIDE] or ""]
    if EXPLAIN in given:
        from perpcalc.trace import leaf

        side = leaf(side, "s", place=order)
    notes = list(market.notes)
    position: Position | None = None
    if fills := given[FILL]:
        for fill in fills:
            check_size(instrument, fill.contracts, FILL)
        position = open_by_fills(instrument, side, fills)
        contracts = position.contracts
    else:
        contracts = _contracts(given, instrument, notes)
        if (value := given[ENTRY_VALUE]) is not None:
            position = open_for_value(instrument, side, contracts, value)
        elif (entry := given[ENTRY]) is not None:
            position = open_at(instrument, side, contracts, entry)
    if (forbidden := forbidden_leverage(given, instrument, position)) is not None:
        if place is None:
            raise forbidden
        notes.append(forbidden.at(place).line())
    margin = _margin(given, position)
    cross = margin is not None and margin.mode == "cross"
    if cross and place is None and (what := unified_balance(instrument)) is not None:
        notes.append(what)
    rules = margin_rules(given, instrument, cross)
    if EXPLAIN in given and MMR in given and rules.schedule is not None:
        from perpcalc.trace import traced_schedule

        rules = rules._replace(schedule=traced_schedule(rules.schedule, instrument.currency))
    asked = (market, side, contracts, position, margin, rules, given)
    return Case(*asked, name, account, given[MARK], each_once(notes), place, order=order, home_balance=home_balance)


def check_size(instrument: Instrument, contracts: Decimal, option: Option[object]) -> None:
    """Raise PerpcalcError at the option unless so many contracts can be traded."""
    try:
        check_lots(instrument, contracts)
    except PerpcalcError as error:
        raise error.at(option.key) from None


def _contracts(given: Given, instrument: Instrument, notes: list[Words]) -> Decimal:
    if (contracts := given[CONTRACTS]) is not None:
        check_size(instrument, contracts, CONTRACTS)
        return contracts
    if (amount := given[USD]) is not None:
        option, unit, contracts = USD, "USD", contracts_of_usd(instrument, amount)
        exact = contracts * instrument.contract_size == amount
    else:
        price, amount = given[ENTRY] or given[MARK], given[COIN] or ZERO
        if price is None:
            raise PerpcalcError("needs a price", ("give ", ENTRY.key)).at(COIN.key)
        option, unit, contracts = COIN, instrument.currency, contracts_of_coin(instrument, amount, price)
        exact = contracts * instrument.contract_size == amount * price
    if not contracts:
        lot_usd = plain(instrument.lot * instrument.contract_size)
        raise PerpcalcError(f"{plain(amount)} {unit} is less than one lot of {lot_usd} USD", "give more").at(option.key)
    if not exact:
        usd = plain(contracts * instrument.contract_size)
        lots = f": {plain(amount)} {unit} rounded down to {plain(contracts)} contracts ({usd} USD)"
        notes.append((option.key, lots))
    return contracts


def _margin(given: Given, position: Position | None) -> Margin | None:
    leverage, coin, extra, balance = given[LEVERAGE], given[MARGIN], given[EXTRA_MARGIN] or ZERO, given[BALANCE]
    if balance is not None:
        return Margin("cross", balance, balance, leverage)
    if leverage is not None:
        return None if position is None else isolated_margin(position, leverage, extra)
    if coin is None:
        return None
    return Margin("isolated", coin + extra, coin + extra) if position is None else given_margin(position, coin, extra)
