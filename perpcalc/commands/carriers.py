"""What carries a position: its own margin, or an account that it shares with others."""

from decimal import Decimal
from typing import NamedTuple, Protocol

from perpcalc.core.liquidation import Ends, Liquidation, Prices, liquidation, liquidation_prices
from perpcalc.core.wallet import Holding, Wallet


class Stands(Protocol):
    """A position in whatever carries it."""

    @property
    def holding(self) -> Holding:
        """The position as it is held."""

    def liquidation(self, mark: Decimal | None) -> Liquidation:
        """Where the position is liquidated, seen from its mark, else from its entry, and what is asked for there."""

    def prices(self, mark: Decimal | None) -> Prices | Liquidation:
        """The prices of it alone."""


class Carrier(Protocol):
    """An account that carries several positions: a wallet of one coin, or several coins."""

    name: str

    def standing(self, number: int) -> Stands:
        """One of its positions; raises PerpcalcError where it is not known how the account stands."""

    def leg_liquidation(self, number: int) -> Liquidation:
        """Where one of its linear legs dies with it; raises PerpcalcError where that is not known."""


class Standing(NamedTuple):
    """A position in the wallet that carries it; `ends` of an account are found once for all its positions."""

    wallet: Wallet
    number: int
    holding: Holding
    ends: Ends | None = None

    @property
    def is_shared(self) -> bool:
        """Whether the wallet is an account of a portfolio."""
        return self.ends is not None

    def liquidation(self, mark: Decimal | None) -> Liquidation:
        """Where the position is liquidated, seen from its mark, else from its entry."""
        return liquidation(self.wallet, self.number, self.holding, mark, self.is_shared, of_wallet=self.ends)

    def prices(self, mark: Decimal | None) -> Prices:
        """The prices of it alone."""
        return liquidation_prices(self.wallet, self.number, self.holding, mark, self.is_shared, of_wallet=self.ends)
