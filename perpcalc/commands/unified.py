"""Accounts in which several coins back all positions: what the file and the venue say of one, and what follows."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from perpcalc.commands.case import Case
from perpcalc.commands.legs import LegCase
from perpcalc.core.collateral import Weight, banded_weight, flat_weight
from perpcalc.core.liquidation import Liquidation
from perpcalc.core.unified import Account as Backing
from perpcalc.core.unified import Sums, VenueSums, sums_of, unused_weights
from perpcalc.core.unified_liquidation import Life, coin_lives, holding_liquidation, leg_liquidation
from perpcalc.core.unified_standing import Standing as AccountStanding
from perpcalc.core.unified_standing import standing
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ONE, ZERO, plain
from perpcalc.errors import PerpcalcError, Words
from perpcalc.portfolio import Account, Portfolio
from perpcalc.venues import load
from perpcalc.venues.facts import unified_on

UNWEIGHTED_READING = "equity"


class UnifiedStanding(NamedTuple):
    """An inverse position in an account of several coins: `life` are the prices of its coin between which the account
    lives.
    """

    sums: Sums
    number: int
    life: Life

    @property
    def holding(self) -> Holding:
        """The position as the account holds it."""
        return self.sums.account.holdings[self.number]

    def liquidation(self, mark: Decimal | None) -> Liquidation:
        """The price of the position's contract at which the account is liquidated, the other coins still; amounts in
        USD.
        """
        return holding_liquidation(self.sums, self.number, self.life).liquidation

    def prices(self, mark: Decimal | None) -> Liquidation:
        """The prices of it alone."""
        return self.liquidation(mark)


class UnifiedShared:
    """An account of several coins, its positions and its legs; what they add up to is found when it is asked for."""

    def __init__(
        self, account: Account, portfolio: Portfolio, cases: Sequence[Case], legs: Sequence[LegCase], rules: "Reading"
    ) -> None:
        self.name = account.name
        self.account = account
        self.portfolio = portfolio
        self.cases = cases
        self.legs = legs
        self.rules = rules

    @cached_property
    def prices(self) -> Mapping[str, Decimal]:
        """The price of each coin: the file's, else the mark of a position in it."""
        marks = {case.instrument.currency: case.mark for case in reversed(self.cases) if case.mark is not None}
        return {**marks, **self.portfolio.prices}

    @cached_property
    def sums(self) -> Sums:
        """The account as its sums per coin; raises PerpcalcError where a price or a maintenance rate is not known."""
        known = self.account.unified
        assert known is not None
        holdings = []
        for case in self.cases:
            price = self.prices.get(case.instrument.currency)
            try:
                holdings.append(case.holding(ONE if case.mark is None or price is None else case.mark / price))
            except PerpcalcError as error:
                raise case.placed(error) from None
        sums = VenueSums(
            known.order_loss or ZERO,
            known.haircut_loss or ZERO,
            known.order_maintenance or ZERO,
            known.loan_maintenance or ZERO,
        )
        backing = Backing(
            known.balances,
            self.prices,
            tuple(holdings),
            tuple(leg.leg for leg in self.legs),
            self.rules.weights,
            self.rules.reading,
            self.rules.condition,
            sums,
        )
        try:
            return sums_of(backing)
        except PerpcalcError as error:
            raise error.at(self.account.place) from None

    @property
    def balance_usd(self) -> Decimal:
        """What its coins are worth, profits aside."""
        return sum((coin.wallet.collateral * coin.price for coin in self.sums.coins.values()), ZERO)

    @cached_property
    def now(self) -> AccountStanding:
        """What the account is worth and must keep now."""
        return standing(self.sums)

    @cached_property
    def lives(self) -> dict[str, Life]:
        """Between which prices of each coin the account lives, the others still."""
        return coin_lives(self.sums)

    def standing(self, number: int) -> UnifiedStanding:
        """One of the inverse positions in the account."""
        return UnifiedStanding(self.sums, number, self.lives[self.cases[number].instrument.currency])

    def leg_liquidation(self, number: int) -> Liquidation:
        """Where one of the linear legs dies with the account, in what it is settled in."""
        return leg_liquidation(self.sums, number, self.lives[self.legs[number].leg.coin]).liquidation


class Reading(NamedTuple):
    """How the coins of an account count: their weights, what these apply to, and when it is liquidated."""

    weights: Mapping[str, Weight]
    reading: str
    condition: Decimal
    notes: tuple[Words, ...]


def reading_of(account: Account) -> Reading:
    """How the file says that an account counts, else its venue, else in full with a condition of 100 %.

    Raises PerpcalcError for a file of weights that cannot be read or is another venue's.
    """
    known = account.unified
    assert known is not None
    weights, notes = dict[str, Weight](), list[Words]()
    name = None if account.venue is None else account.venue.partition("@")[0]
    if known.weights_file is not None:
        from perpcalc.files import read
        from perpcalc.readers.collateral import collateral_ratios

        found = collateral_ratios(read(known.weights_file, own_stdin=False), name)
        weights.update(found.weights)
    for coin, bands in known.weights_of.items():
        (upper, rate), *others = bands
        weights[coin] = flat_weight(rate) if upper is None and not others else banded_weight(bands)
    rule = None if account.venue is None else unified_on(load(name or ""), account.venue.partition("@")[2])
    reading = known.weights or (rule.weights if rule and rule.weights else UNWEIGHTED_READING)
    condition = known.condition or (rule.condition if rule and rule.condition else ONE)
    if known.weights is None and weights:
        other = "equity" if reading == "balance" else "balance"
        sure = f", {rule.confidence}" if rule is not None else ""
        notes.append(
            f'account {account.name}: collateral ratios are taken of the {reading}{sure}; weights = "{other}" takes the'
            " other reading"
        )
    if known.condition is None and account.venue is None:
        notes.append(f"account {account.name}: liquidated at a margin ratio of {plain(condition * 100)}%")
    return Reading(weights, reading, condition, tuple(notes))


def weight_notes(shared: UnifiedShared) -> tuple[Words, ...]:
    """Weights of coins that an account does not have."""
    try:
        unused = unused_weights(shared.sums.account)
    except PerpcalcError:
        return ()
    named = shared.account.unified
    unused = tuple(coin for coin in unused if named is not None and coin in named.weights_of)
    return tuple(f"account {shared.name}: weights_of has {coin}, which the account does not hold" for coin in unused)
