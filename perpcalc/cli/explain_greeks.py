"""How each figure of `perpcalc greeks` comes about."""

from decimal import Decimal

from perpcalc.cli.case import Case
from perpcalc.render.report import Step


def steps_of(case: Case, mark: Decimal, collateral: Decimal, frame: str) -> list[Step]:
    """The steps of one position in one frame."""
    position = case.opened()
    inputs = {"s": position.side, "Q": position.notional, "V": position.cost, "P": mark, "C": collateral}
    formulas = {
        "coin": (
            ("value", "s * (V - Q / P)", "profit in coin at the mark P, as the venue rounds it; V = coin value of the fills"),
            ("delta", "s * Q / P^2", "coins gained per USD that the price rises"),
            ("gamma", "-2 * s * Q / P^3", "a long is short convexity in coin, a short is long convexity (BitMEX blog, Convexity)"),
        ),
        "usd": (
            ("value", "P * (C + s * V) - s * Q", "USD value of the collateral C and the profit, both kept in coin"),
            ("delta", "C + s * V", "coins held in effect; the contract delta plus the profit in coin"),
            ("gamma", "0", "with its coins an inverse position is exactly linear in USD"),
        ),
        "contract": (
            ("delta", "s * Q / P", "coins to trade against the contract alone, its profit swept to USD as it comes"),
            ("gamma", "-s * Q / P^2", "how that delta changes per USD (FTX blog, Careful when long BitMEX)"),
        ),
    }  # fmt: skip
    return [Step(field, formula, why, inputs) for field, formula, why in formulas[frame]]
