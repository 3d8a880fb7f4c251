"""Inverse positions in exact fractions, straight from the formulas: the answer key of these tests.

Nothing of perpcalc is imported. Numbers come in as Decimal, int or Fraction and are Fractions from the first step on.
Notation: Q size in USD, V coin value of the fills, s side, B margin or balance, m maintenance rate, D deduction, f fee rate.

Where perpcalc solves equations, this module evaluates: the equity of a wallet less all that it is asked for, at any
price. Between two borders of tiers that is at most a parabola in x = 1/price, so three evaluations give its zeros.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor, isqrt
from typing import NamedTuple

Number = Fraction | Decimal | int


def printed(value: Number | None) -> str | None:
    """A number as machines read it: at most 18 decimals, half-even, no trailing zeros, no negative zero."""
    if value is None:
        return None
    units = round(Fraction(value) * 10**18)
    digits = f"{abs(units):019d}"
    text = f"{digits[:-18]}.{digits[-18:]}".rstrip("0").rstrip(".")
    return f"-{text}" if units < 0 else text


# One position, closed forms


def cost(fills: Iterable[tuple[Number, Number]]) -> Fraction:
    """V = sum(Q_i/P_i) of (USD, price) fills."""
    return sum((Fraction(usd) / Fraction(price) for usd, price in fills), Fraction(0))


def average_entry(fills: Iterable[tuple[Number, Number]]) -> Fraction:
    """The harmonic mean Q/V."""
    fills = list(fills)
    return sum((Fraction(usd) for usd, _ in fills), Fraction(0)) / cost(fills)


def pnl(side: Number, usd: Number, entry: Number, price: Number) -> Fraction:
    """s*Q*(1/E - 1/P)."""
    return Fraction(side) * Fraction(usd) * (1 / Fraction(entry) - 1 / Fraction(price))


def fee(usd: Number, price: Number, rate: Number) -> Fraction:
    """Q/P*f."""
    return Fraction(usd) / Fraction(price) * Fraction(rate)


def net_pnl(
    side: Number, usd: Number, entry: Number, price: Number, opening: Number, closing: Number, funding: Number
) -> Fraction:
    """Gross less both fees and the funding paid."""
    gross = pnl(side, usd, entry, price)
    return gross - fee(usd, entry, opening) - fee(usd, price, closing) - Fraction(funding)


def price_for_profit(
    side: Number, usd: Number, entry: Number, profit: Number, opening: Number, closing: Number, funding: Number
) -> Fraction | None:
    """P = Q(s + f_c)/(sV - f_o*V - F - G), where that is a price. G = 0 is the break-even."""
    s, q, value = Fraction(side), Fraction(usd), Fraction(usd) / Fraction(entry)
    below = s * value - Fraction(opening) * value - Fraction(funding) - Fraction(profit)
    price = q * (s + Fraction(closing)) / below if below else Fraction(0)
    return price if price > 0 else None


def price_for_roe(side: Number, entry: Number, leverage: Number, roe: Number) -> Fraction | None:
    """P = s*E/(s - r/L), where that is a price."""
    below = Fraction(side) - Fraction(roe) / Fraction(leverage)
    price = Fraction(side) * Fraction(entry) / below if below else Fraction(0)
    return price if price > 0 else None


def bankruptcy_price(side: Number, entry: Number, leverage: Number) -> Fraction | None:
    """E*L/(L + s); none for a short at 1x or less."""
    below = Fraction(leverage) + Fraction(side)
    return Fraction(entry) * Fraction(leverage) / below if below > 0 else None


def bankruptcy_at(side: Number, usd: Number, entry: Number, margin: Number) -> Fraction | None:
    """sQ/(B + sV); none where that is no price."""
    below = Fraction(margin) + Fraction(side) * Fraction(usd) / Fraction(entry)
    price = Fraction(side) * Fraction(usd) / below if below else Fraction(0)
    return price if price > 0 else None


def liquidation_at_mark(
    side: Number, usd: Number, entry: Number, margin: Number, rate: Number, deduction: Number = 0, closing: Number = 0
) -> Fraction | None:
    """P = Q(s + m + f)/(B + sV + D), where that is a price."""
    s, q = Fraction(side), Fraction(usd)
    below = Fraction(margin) + s * q / Fraction(entry) + Fraction(deduction)
    price = q * (s + Fraction(rate) + Fraction(closing)) / below if below else Fraction(0)
    return price if price > 0 else None


def liquidation_at_entry(
    side: Number, usd: Number, entry: Number, margin: Number, rate: Number, deduction: Number = 0, closing: Number = 0
) -> Fraction | None:
    """P = Q(s + f)/(B + sV - m*V + D), where that is a price."""
    s, q, value = Fraction(side), Fraction(usd), Fraction(usd) / Fraction(entry)
    below = Fraction(margin) + s * value - Fraction(rate) * value + Fraction(deduction)
    price = q * (s + Fraction(closing)) / below if below else Fraction(0)
    return price if price > 0 else None


def satoshi_price(side: int, lots: int, usd: Number, satoshi: Fraction, tick: Number) -> Fraction | None:
    """The price that BitMEX prints for a position of so many satoshi, `usd` a lot: the value of a lot cut to a satoshi, down for a
    long and up for a short, and the price to the tick the other way."""
    per_lot = floor(satoshi / lots) if side > 0 else ceil(satoshi / lots)
    if per_lot <= 0:
        return None
    ticks = Fraction(usd) * 10**8 / per_lot / Fraction(tick)
    return (ceil(ticks) if side > 0 else floor(ticks)) * Fraction(tick)


# Funding


def funding_rate(
    premium: Number, interest: Number, damper: Number, cap: Number | None, divisor: Number = 1
) -> Fraction:
    """F = P + clamp(I - P, -d, +d), then within +-cap."""
    level = Fraction(premium) / Fraction(divisor)
    gap = Fraction(interest) - level
    rate = level + min(max(gap, -Fraction(damper)), Fraction(damper))
    return rate if cap is None else min(max(rate, -Fraction(cap)), Fraction(cap))


def funding_payment(side: Number, usd: Number, mark: Number, rate: Number) -> Fraction:
    """What the position pays: s*F*Q/M."""
    return Fraction(side) * Fraction(rate) * Fraction(usd) / Fraction(mark)


# Maintenance margin, tier by tier


class Rules(NamedTuple):
    """How a venue asks for margin: `bands` are (upper limit, rate), the last limit None.

    `growth` is added to the rate for each coin of value, `funding` is a rate that longs pay and that counts where it is
    adverse, `deduction` coins are taken off a schedule of a single rate.
    """

    bands: tuple[tuple[Number | None, Number], ...]
    basis: str = "mark"
    unit: str = "coin"
    marginal: bool = True
    growth: Number = 0
    deduction: Number = 0
    fee: Number = 0
    fee_at_bankruptcy: bool = False
    hedge: bool = False
    funding: Number = 0


def maintenance(rules: Rules, side: Number, contracts: Number, size: Number, price: Number) -> Fraction:
    """What a position whose value is reckoned at a price (entry or mark) must keep, in coin; never below 0.

    A tier holds its upper limit.
    """
    value = Fraction(contracts) * Fraction(size) / Fraction(price)
    coins_per_unit = {
        "coin": Fraction(1),
        "contracts": Fraction(size) / Fraction(price),
        "usd": 1 / Fraction(price),
    }[rules.unit]
    measure = value / coins_per_unit
    asked, floor = Fraction(0), Fraction(0)
    for limit, rate in rules.bands:
        ceiling = measure if limit is None else min(measure, Fraction(limit))
        if rules.marginal:
            asked += max(ceiling - floor, Fraction(0)) * Fraction(rate) * coins_per_unit
        elif measure > floor:
            asked = value * Fraction(rate)
        if limit is not None:
            floor = Fraction(limit)
    adverse = max(Fraction(side) * Fraction(rules.funding), Fraction(0))
    return max(Fraction(0), asked + (Fraction(rules.growth) * value + adverse) * value - Fraction(rules.deduction))


# Whole wallets, by evaluation


class Leg(NamedTuple):
    """A position in a wallet; `ratio` is its contract's price over the wallet's reference price."""

    side: int
    contracts: Number
    entry: Number
    size: Number = 1
    ratio: Number = 1
    symbol: str = ""


class Book(NamedTuple):
    """What the legs of one contract come to for the maintenance margin."""

    side: int
    contracts: Fraction
    size: Fraction
    entry: Fraction
    ratio: Fraction
    rules: Rules


def books(legs: Iterable[Leg], rules: Mapping[str, Rules]) -> list[Book]:
    """The legs of one contract and side together; opposite sides net, at the larger side's entry, unless hedged."""
    legs = list(legs)
    found = []
    for symbol in dict.fromkeys(leg.symbol for leg in legs):
        sides = []
        for side in (1, -1):
            same = [leg for leg in legs if leg.symbol == symbol and leg.side == side]
            if same:
                contracts = sum((Fraction(leg.contracts) for leg in same), Fraction(0))
                entry = average_entry((leg.contracts, leg.entry) for leg in same)
                size, ratio = Fraction(same[0].size), Fraction(same[0].ratio)
                sides.append(Book(side, contracts, size, entry, ratio, rules[symbol]))
        if len(sides) == 2 and not rules[symbol].hedge:
            larger, smaller = sorted(sides, key=lambda book: -book.contracts)
            left = larger.contracts - smaller.contracts
            sides = [larger._replace(contracts=left)] if left else []
        found += sides
    return found


Span = tuple[Fraction, Fraction | None]


class Wallet:
    """A balance in coin, positions, and the rules of each contract; x is 1/(reference price) throughout."""

    def __init__(self, balance: Number, legs: Iterable[Leg], rules: Rules | Mapping[str, Rules]) -> None:
        self.balance = Fraction(balance)
        self.legs = tuple(legs)
        by_symbol = {leg.symbol: rules for leg in self.legs} if isinstance(rules, Rules) else rules
        self.books = books(self.legs, by_symbol)
        self.bankruptcy_x = self._bankruptcy_x()
        self.reserved = self.fees(self.bankruptcy_x, at_bankruptcy=True) if self.bankruptcy_x else Fraction(0)

    def equity(self, x: Fraction) -> Fraction:
        """B and the profit of each leg at its own price, ratio/x."""
        return self.balance + sum(
            pnl(leg.side, Fraction(leg.contracts) * Fraction(leg.size), leg.entry, Fraction(leg.ratio) / x)
            for leg in self.legs
        )

    def maintenance(self, x: Fraction) -> Fraction:
        """What the books must keep."""
        total = Fraction(0)
        for book in self.books:
            price = book.entry if book.rules.basis == "entry" else book.ratio / x
            total += maintenance(book.rules, book.side, book.contracts, book.size, price)
        return total

    def fees(self, x: Fraction, *, at_bankruptcy: bool) -> Fraction:
        """The fees for closing at x of those books that pay them at bankruptcy, or of those that pay on liquidation."""
        paying = (book for book in self.books if book.rules.fee_at_bankruptcy == at_bankruptcy)
        return sum((fee(book.contracts * book.size, book.ratio / x, book.rules.fee) for book in paying), Fraction(0))

    def margin_ratio(self, x: Fraction) -> Fraction:
        """What is asked for over the equity, 1 from where the wallet is liquidated."""
        start_ends = ((start < x, end is None or x < end) for start, end in self.survival())
        if not any(after and before for after, before in start_ends):
            return Fraction(1)
        return 1 - self.slack(x) / self.equity(x)

    def slack(self, x: Fraction) -> Fraction:
        """Equity less maintenance margin and closing fees: the wallet is liquidated where it is not above zero."""
        return self.equity(x) - self.maintenance(x) - self.fees(x, at_bankruptcy=False) - self.reserved

    def survival(self) -> list[Span]:
        """The open intervals in which the wallet lives, ascending; an end None is without end."""
        points = {Fraction(0)}
        for book in self.books:
            if book.rules.unit == "coin" and book.rules.basis == "mark":
                usd = book.contracts * book.size
                points |= {Fraction(limit) * book.ratio / usd for limit, _ in book.rules.bands if limit is not None}
                if book.rules.deduction:  # of a single rate: from this value on something is left of it
                    rate = Fraction(book.rules.bands[0][1]) + max(book.side * Fraction(book.rules.funding), Fraction(0))
                    points |= {Fraction(book.rules.deduction) * book.ratio / (usd * rate)} if rate else set()
        found: list[Span] = []
        for left, right in pairwise([*sorted(points), None]):
            assert left is not None
            for start, end in _above_zero(self.slack, left, right):
                if found and found[-1][1] == start:
                    found[-1] = (found[-1][0], end)
                else:
                    found.append((start, end))
        return found

    def _bankruptcy_x(self) -> Fraction | None:
        """Where the equity just pays the closing fees due there: a line, known by two of its points."""
        one, two = (self.equity(x) - self.fees(x, at_bankruptcy=True) for x in (Fraction(1), Fraction(2)))
        x = 1 + one / (one - two) if one != two else Fraction(0)
        return x if x > 0 else None


def nearest(spans: Iterable[Span], x: Fraction) -> Span | None:
    """The span that holds x, else the one with the least ratio to it."""

    def gap(span: Span) -> Fraction:
        start, end = span
        return max(start / x, Fraction(1) if end is None else x / end, Fraction(1))

    return min(spans, key=gap, default=None)


def nearer(prices: Iterable[Fraction | None], reference: Number) -> Fraction | None:
    """Of the ends of a span the one nearer to a price by ratio, the first one where both are as near."""
    at = Fraction(reference)
    return min((price for price in prices if price is not None), key=lambda p: max(p / at, at / p), default=None)


def _above_zero(curve: Callable[[Fraction], Fraction], left: Fraction, right: Fraction | None) -> list[Span]:
    """Where a parabola that is known by its values only is above zero, between two points."""
    width = (right - left) / 4 if right is not None else (left or Fraction(1))
    p, q, r = (left + width * k for k in (1, 2, 3))
    at_p, at_q, at_r = curve(p), curve(q), curve(r)
    bend = (at_r - 2 * at_q + at_p) / (2 * width * width)
    slope = (at_r - at_p) / (2 * width) - 2 * bend * q
    height = at_q - (slope + bend * q) * q

    cuts = [zero for zero in _zeros(height, slope, bend) if left < zero and (right is None or zero < right)]
    found: list[Span] = []
    for start, end in pairwise([left, *cuts, right]):
        assert start is not None
        middle = (start + end) / 2 if end is not None else start * 2 or Fraction(1)
        if height + (slope + bend * middle) * middle > 0:
            found.append((start, end))
    return found


def _zeros(height: Fraction, slope: Fraction, bend: Fraction) -> list[Fraction]:
    """The zeros of height + slope*x + bend*x^2, ascending; irrational ones to 200 digits."""
    if bend == 0:
        return [-height / slope] if slope else []
    under = slope * slope - 4 * height * bend
    if under < 0:
        return []
    scale = 10**200
    root = Fraction(isqrt(under.numerator * under.denominator * scale * scale), under.denominator * scale)
    return sorted({(-slope - root) / (2 * bend), (-slope + root) / (2 * bend)})
