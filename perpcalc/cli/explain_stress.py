"""How each figure of `perpcalc stress` comes about."""

from decimal import Decimal

from perpcalc.render.report import Step


def steps_of(price: Decimal, collateral: Decimal) -> list[Step]:
    """The steps of one account or pool, whose coin is at `price` now."""
    inputs = {"coin_price": price, "collateral": collateral}
    return [
        Step("price", "coin_price * (1 + move)", "all marks of the coin move in proportion", inputs),
        Step("pnl", "equity - collateral", "against the entry prices, no fees and no funding", inputs),
        Step("equity", "collateral + sum of side * (entry value - notional / price)", "of what is alive; 0 once liquidated on the way from the mark", inputs),
        Step("equity_usd", "equity * price", "", inputs),
        Step("maintenance_margin", "sum of value * rate - deduction + closing fee", "each position in its tier at that price; nothing rounded as the venue does", inputs),
        Step("margin_ratio", "maintenance_margin / equity", "100% is liquidation", inputs),
        Step("status", "ok, or liquidated on the way from the mark", "what died on the way stays dead", inputs),
    ]  # fmt: skip
