"""What `perpcalc solve` answers: the value that meets a goal, and the position then."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from perpcalc.answer import Answer, Coin, Count, Figure, Identified, Kind, Price, Rate, Sentence, Told

GOAL_KINDS = {
    "liquidation": Kind("price", "USD"),
    "margin_ratio": Kind("rate"),
    "average": Kind("price", "USD"),
    "target_pnl": Kind("gain", "coin"),
    "equity": Kind("coin", "coin"),
    "equity_usd": Kind("usd", "USD"),
}
PROVED = "rounded to the safe side and proved by the forward calculation, whose results stand in the figures after it"
UNIT_KINDS = {"x": Kind("times"), "contracts": Kind("count"), "USD": Kind("price", "USD")}


class Solve(Identified):
    """What meets a goal, and the position then; nothing meets it where `value` is null, with the reason.

    `words` stand around the value where the answer is said as a sentence.
    """

    title = "Solve"
    whys = {"value": PROVED}
    words: ClassVar[tuple[str, str]] = ("", "")
    columns = (
        "name",
        "value",
        "unit",
        "goal_value",
        "liquidation_price_after",
        "margin_ratio_after",
        "contracts_after",
        "entry_price_after",
        "margin_after",
        "side",
        "contracts",
        "entry_price",
        "account",
        "instrument",
    )

    entry_price: Price | None
    mark_price: Price | None
    goal: str
    goal_value: Figure
    value: Figure | None
    unit: str
    contracts_after: Count | None
    entry_price_after: Price | None
    margin_after: Coin | None
    liquidation_price_after: Price | None
    margin_ratio_after: Rate | None
    reason: str | None

    def shown_kinds(self) -> Mapping[str, Kind]:
        """What the goal and the value are."""
        return {"goal_value": GOAL_KINDS[self.goal], "value": UNIT_KINDS.get(self.unit, Kind("coin", "coin"))}

    def sentence(self) -> Sentence:
        """The value, and what it brings."""
        if self.value is None:
            return (f"nothing does it: {self.reason}",)
        if not self.value:
            return (f"nothing to do: {self.reason}" if self.reason else "nothing to do",)
        before, behind = self.words
        return (*self.said(before), behind, *self.brought())

    @classmethod
    def summary(cls, rows: Sequence[Answer], sums: Sequence[Answer] = ()) -> Sentence:
        """The only row as a sentence."""
        return rows[0].sentence() if len(rows) == 1 else ()

    def said(self, before: str) -> Sentence:
        """The value after the words before it."""
        return (before, Told("value"))

    def brought(self) -> Sentence:
        """What the position is then."""
        if self.goal == "liquidation":
            if self.liquidation_price_after is None:
                return (": then nothing is liquidated",)
            return (": then liquidated at ", Told("liquidation_price_after"))
        if self.goal == "margin_ratio" and self.margin_ratio_after is not None:
            return (": then the margin ratio is ", Told("margin_ratio_after"))
        if self.goal == "average":
            return (": then the average entry is ", Told("entry_price_after"))
        return (": then the profit is ", Told("goal_value")) if self.goal == "target_pnl" else ()


class SolveMargin(Solve):
    """The coin to add, negative where so much may be taken out."""

    title = "Margin to add"
    whys = {"value": f"coin to add, negative where it may be taken out; {PROVED}"}
    words = ("add ", "")

    def said(self, before: str) -> Sentence:
        """What to add, or what may be taken out."""
        if self.value is not None and self.value < 0:
            return (Told("value", size=True), " may be taken out")
        return (before, Told("value"))


class SolveLeverage(Solve):
    """The largest leverage."""

    title = "Leverage"
    words = ("at most ", "")


class SolveContracts(Solve):
    """The most contracts, all of the position."""

    title = "Contracts"
    words = ("at most ", " contracts")


class SolveAdd(Solve):
    """The contracts to add."""

    title = "Contracts to add"
    whys = {
        "value": PROVED,
        "margin_after": "a cross balance pays the opening fee, a leverage brings margin with what is added",
    }
    words = ("add ", " contracts")


class SolveClose(Solve):
    """The contracts to close."""

    title = "Contracts to close"
    whys = {"value": PROVED, "margin_after": "a cross balance gets the profit and pays the fee"}
    words = ("close ", " contracts")


class SolveEntry(Solve):
    """The entry to wait for."""

    title = "Entry"
    words = ("enter at ", "")


class SolvePrice(Solve):
    """The price below, and that above."""

    title = "Price"

    @classmethod
    def summary(cls, rows: Sequence[Answer], sums: Sequence[Answer] = ()) -> Sentence:
        """Where the goal is reached, below and above."""
        if len(rows) != 2:
            return ()
        below, above = (row for row in rows if isinstance(row, Solve))
        name = "the margin ratio" if below.goal == "margin_ratio" else "the equity"
        return (f"{name} is ", Told("goal_value"), *_at(below, 0, "below"), " and", *_at(above, 1, "above"))


def _at(found: Solve, row: int, where: str) -> Sentence:
    """One of the prices, and whether the position lives to it."""
    if found.value is None:
        return (f" at no price {where}",)
    dead = " (liquidated before it)" if (found.reason or "").startswith("liquidated") else ""
    return (" at ", Told("value", row=row), f" {where}{dead}")
