"""Lines and parabolas over one unknown, and where they are 0."""

from decimal import Decimal
from typing import NamedTuple

from perpcalc.decimals import ZERO

ENDLESS = Decimal("1E+40")


class Crossing(NamedTuple):
    """A value of an unknown at which what is left may change its sign, and how fast: coin per unit, 0 for a jump at a
    tier.
    """

    at: Decimal
    slope: Decimal


class Curve(NamedTuple):
    """`start + each*u + bend*u^2` over the unknown u."""

    start: Decimal
    each: Decimal = ZERO
    bend: Decimal = ZERO

    def at(self, unknown: Decimal) -> Decimal:
        """Its value."""
        return self.start + (self.each + self.bend * unknown) * unknown

    def slope(self, unknown: Decimal) -> Decimal:
        """How fast it rises."""
        return self.each + 2 * self.bend * unknown

    def times(self, factor: Decimal) -> "Curve":
        """So many times the curve."""
        return Curve(self.start * factor, self.each * factor, self.bend * factor)

    def plus(self, other: "Curve") -> "Curve":
        """The sum of two."""
        return Curve(self.start + other.start, self.each + other.each, self.bend + other.bend)

    def by(self, line: "Curve") -> "Curve":
        """The product of two lines."""
        middle = self.start * line.each + self.each * line.start
        return Curve(self.start * line.start, middle, self.each * line.each)

    def roots(self) -> list[Decimal]:
        """Where it is 0, above 0; what is endless is what the digits leave of none."""
        if not self.bend:
            found = [-self.start / self.each] if self.each else []
        else:
            under = self.each * self.each - 4 * self.bend * self.start
            root = under.sqrt() if under >= 0 else None
            found = [] if root is None else [(-self.each + sign * root) / (2 * self.bend) for sign in (1, -1)]
        return [root for root in found if 0 < root < ENDLESS]
