"""Accounts of several coins that the tests share: a position in a line of text, and the golden cases."""

from decimal import Decimal

from perpcalc.core.collateral import Weight, banded_weight, flat_weight
from perpcalc.core.instrument import PLAIN
from perpcalc.core.linear import Leg
from perpcalc.core.position import SIDES, open_at
from perpcalc.core.rules import NO_CLOSING_FEE, ClosingFee, Schedule, flat_rate
from perpcalc.core.unified import Account
from perpcalc.core.wallet import Holding

PRICES = {"BTC": Decimal(100_000), "ETH": Decimal(4_000)}
RATIOS = {"BTC": flat_weight(Decimal("0.98")), "ETH": flat_weight(Decimal("0.97"))}
# Example table of Bybit's page on collateral ratios, 2025-09-18
BYBIT_BANDS = banded_weight(
    [
        (Decimal(upper), Decimal(rate))
        for upper, rate in ((10, "0.98"), (20, "0.95"), (30, "0.9"), (40, "0.85"), (50, "0.8"))
    ]
)


def inverse(
    trade: str,
    rate: str = "0.005",
    *,
    schedule: Schedule | None = None,
    fee: ClosingFee = NO_CLOSING_FEE,
    ratio: str = "1",
    name: str | None = None,
) -> Holding:
    """A position as in "BTC long 100000 @ 100000": coin, side, USD, entry."""
    coin, side, usd, _, entry = trade.split()
    position = open_at(PLAIN._replace(currency=coin, name=name), SIDES[side], Decimal(usd), Decimal(entry))
    return Holding(position, schedule or flat_rate(Decimal(rate)), fee, Decimal(ratio))


def leg(trade: str, rate: str = "0.005", settle: str = "USDT") -> Leg:
    """A linear leg as in "BTC short 0.5 @ 100000": coin, side, coins, entry."""
    coin, side, coins, _, entry = trade.split()
    return Leg(coin, settle, SIDES[side] * Decimal(coins), Decimal(entry), Decimal(rate))


def account(
    balances: dict[str, str],
    *positions: Holding | Leg,
    weights: dict[str, Weight] = RATIOS,
    reading: str = "equity",
    condition: str = "1",
    prices: dict[str, Decimal] = PRICES,
) -> Account:
    return Account(
        balances={coin: Decimal(amount) for coin, amount in balances.items()},
        prices=prices,
        holdings=tuple(position for position in positions if isinstance(position, Holding)),
        legs=tuple(position for position in positions if isinstance(position, Leg)),
        weights=weights,
        reading=reading,
        condition=Decimal(condition),
    )


LONG = inverse("BTC long 100000 @ 100000")
EIGHT = inverse("BTC long 1000000 @ 100000")

GOLDEN = {
    "G0": account({"BTC": "1"}, LONG, weights={}),
    "G1": account({"BTC": "1", "USDT": "20000"}, LONG),
    "G2": account({"BTC": "1"}, LONG),
    "G3": account({"BTC": "1", "USDT": "20000"}, inverse("BTC short 300000 @ 100000")),
    "G4": account({"BTC": "1"}, LONG, leg("BTC short 0.5 @ 100000")),
    "G5": account({"BTC": "1"}, LONG, weights={"BTC": flat_weight(Decimal("0.95"))}, condition="1.05"),
    "G6": account({"BTC": "1"}, inverse("BTC long 100000 @ 100000", fee=ClosingFee(Decimal("0.0005")))),
    "G7": account({"BTC": "1", "ETH": "10", "USDT": "-30000"}, LONG, inverse("ETH short 20000 @ 4000", "0.01")),
    "G8": account({"BTC": "25", "USDT": "-500000"}, EIGHT, weights={"BTC": BYBIT_BANDS}),
}
"""Golden cases of the reference, section 9: maintenance at the mark, no closing fee but in G6, one USDT is one USD."""
