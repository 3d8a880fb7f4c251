"""A trade that is planned in an account of several coins: the room for it, and where the account is liquidated with
it.
"""

from decimal import Decimal
from typing import NamedTuple

from perpcalc.core.initial import NOTHING_HELD, Size, least_margin
from perpcalc.core.instrument import whole_lots
from perpcalc.core.liquidation import Liquidation
from perpcalc.core.planned import Plan
from perpcalc.core.position import open_at
from perpcalc.core.room import Room
from perpcalc.core.unified import Account, sums_of
from perpcalc.core.unified_liquidation import coin_life, holding_liquidation
from perpcalc.core.unified_solve import fewest, free_margin, is_reached, liquidation_target
from perpcalc.core.unified_standing import net_notional
from perpcalc.core.wallet import Holding
from perpcalc.decimals import ONE, ZERO, settled


class TradeAccount(NamedTuple):
    """An account as it is before a trade; `ratio` is the price of the trade's contract over that of its coin."""

    account: Account
    ratio: Decimal = ONE

    def room(self, plan: Plan) -> Room:
        """The room that the account has for the trade, in the trade's coin at its entry: what its margin balance
        leaves.

        Each position takes the least initial margin of its tier, where that is known of all of them, else the account's
        condition times the maintenance margin. Derived.
        """
        account, price = self._at_entry(plan), plan.entry_price
        sums, own = sums_of(account), [one for one in account.holdings if self._is_own(one, plan)]
        beside = tuple(one for one in account.holdings if one not in own)
        contracts = sum((one.position.side * plan.side * one.position.contracts for one in own), ZERO)
        value = sum((one.position.side * plan.side * one.position.stored_value for one in own), ZERO)
        alone = account._replace(holdings=beside)
        margins = [_margin(one, self.account.condition) for one in (account, alone)]
        left = sums.whole.counted
        return Room(
            equity=sums.whole.equity / price,
            value=net_notional(sums_of(alone)) / price,
            unreserved=(left - margins[1]) / price,
            free=(left - margins[0]) / price,
            held=Size(contracts, value) if own else NOTHING_HELD,
            held_value=contracts * plan.instrument.contract_size / price,
        )

    def liquidation(self, plan: Plan, contracts: Decimal) -> Liquidation:
        """Where the account is liquidated with so many contracts, in the price of the trade's contract, the other coins
        still.
        """
        sums = sums_of(self._with(plan, contracts))
        life = coin_life(sums, plan.instrument.currency)
        return holding_liquidation(sums, len(sums.places) - 1, life).liquidation

    def liquidation_with(self, holding: Holding, price: Decimal, gained: Decimal) -> Liquidation:
        """Where the account is liquidated with a position at a price, when so much coin has come to it, the other coins
        still.
        """
        coin = holding.position.instrument.currency
        prices = {**self.account.prices, coin: price / self.ratio}
        balances = {**self.account.balances, coin: self.account.balances.get(coin, ZERO) + gained}
        account = self.account._replace(
            prices=prices, balances=balances, holdings=(*self.account.holdings, holding._replace(ratio=self.ratio))
        )
        sums = sums_of(account)
        return holding_liquidation(sums, len(sums.places) - 1, coin_life(sums, coin)).liquidation

    def largest_safe(self, plan: Plan, contracts: Decimal) -> Decimal:
        """The most contracts, at most so many, with which the account lives to the trade's limit; proved by the account
        with them.
        """
        lot = plan.instrument.lot
        target = liquidation_target(self.account, plan.instrument.currency, plan.limit / self.ratio)
        most = Decimal(int(settled(contracts / lot)))  # a search leaves no formula

        def with_lots(lots: Decimal) -> Account:
            return self._with(plan, lots * lot) if lots else self._at_entry(plan)

        def is_safe(lots: Decimal) -> bool:
            return is_reached(with_lots(lots), target)

        left_out = fewest(lambda number: free_margin(with_lots(most - number), target), most)
        low, high = ZERO, most if left_out is None else most - left_out
        if is_safe(high):
            return whole_lots(plan.instrument, high * lot)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if is_safe(middle) else (low, middle)
        return whole_lots(plan.instrument, low * lot)

    def _at_entry(self, plan: Plan) -> Account:
        """The account with the coin of the trade at the price of its fill."""
        prices = {**self.account.prices, plan.instrument.currency: plan.entry_price / self.ratio}
        return self.account._replace(prices=prices)

    def _with(self, plan: Plan, contracts: Decimal) -> Account:
        """The account with so many contracts of the trade, at the price of its fill."""
        assert plan.schedule is not None
        position = open_at(plan.instrument, plan.side, contracts, plan.entry_price)
        held = Holding(position, plan.schedule, plan.closing_fee, self.ratio, plan.funding_rate)
        account = self._at_entry(plan)
        return account._replace(holdings=(*account.holdings, held))

    def _is_own(self, holding: Holding, plan: Plan) -> bool:
        """Whether a position is in the contract of the trade and counts together with it."""
        position = holding.position
        same = position.instrument == plan.instrument and holding.ratio == self.ratio
        return same and (position.side == plan.side or not plan.instrument.hedge_mode)


def _margin(account: Account, condition: Decimal) -> Decimal:
    """The margin that the positions of an account need at least, in USD."""
    sums = sums_of(account)
    needs = []
    for holding in account.holdings:
        position = holding.position
        coin = least_margin(position.instrument, position.contracts, position.stored_value)
        needs.append(None if coin is None else coin * sums.coins[position.instrument.currency].price)
    if account.legs or None in needs:
        return condition * sums.whole.asked
    return sum((need for need in needs if need is not None), ZERO) + sums.beside.asked
