"""Text to Decimal and back: the number grammar, the one context, and how numbers are written.

Every number of the program enters through this module and leaves through it. There are no
floats: `CONTEXT` traps them. Its 100 digits hold the products of any two or three inputs
exactly, so a formula that divides once, last, is correctly rounded.
"""

import decimal
from decimal import Decimal

from perpcalc.errors import PerpcalcError, shown

CONTEXT = decimal.Context(
    prec=100,
    rounding=decimal.ROUND_HALF_EVEN,
    traps=[
        decimal.InvalidOperation,
        decimal.DivisionByZero,
        decimal.Overflow,
        decimal.FloatOperation,
    ],
)

_SETTLING = CONTEXT.copy()
_SETTLING.prec = 80
_settle = _SETTLING.plus

INTEGER_DIGITS = 15
FRACTION_DIGITS = 18
_TOO_LARGE = 10**INTEGER_DIGITS
FINEST = Decimal(1).scaleb(-FRACTION_DIGITS)
LONGEST = 40
LONGEST_FRACTION = FRACTION_DIGITS + len("0.")
LEAST_UNCLEAR = Decimal("0.01")

ZERO = Decimal(0)
ONE = Decimal(1)
_SMALL = ZERO.__sizeof__()
"""The size of an object of few digits; it only tells which of two ways to write a number is the shorter."""
HUNDRED = Decimal(100)

_MULTIPLES = {"k": 3, "m": 6, "b": 9}
_MINUTES = {"m": Decimal(1), "h": Decimal(60), "d": Decimal(1440), "w": Decimal(10080)}


def number(text: str) -> Decimal:
    """The number written in `text`: a sign, up to 15 digits, a point, up to 18 digits.

    Underscores may stand between digits. Raises PerpcalcError for anything else.

    >>> number("-1_000.50")
    Decimal('-1000.50')
    """
    if len(text) <= INTEGER_DIGITS and text.isascii() and text.replace(".", "", 1).isdigit() and text[-1] != ".":
        return Decimal(text)
    digits = text[1:] if text[:1] in ("+", "-") else text
    if "_" in digits and all(all(part.split("_")) for part in digits.split(".") if part):
        digits = digits.replace("_", "")
    whole, point, fraction = digits.partition(".")
    if (
        digits.isascii()
        and (whole.isdigit() or (point and not whole))
        and (fraction.isdigit() or not point)
        and len(whole) <= INTEGER_DIGITS
        and len(fraction) <= FRACTION_DIGITS
    ):
        return Decimal(text)
    raise PerpcalcError(f"{shown(text)} is not a plain decimal number", f"{_remedy(text)}")


def positive(text: str) -> Decimal:
    """A number above zero: a price, a leverage, a contract size.

    >>> positive("62_500.5")
    Decimal('62500.5')
    """
    value = number(text)
    if value <= ZERO:
        raise PerpcalcError(f"{shown(text)} is out of range", "give a number above 0")
    return value


def amount(text: str) -> Decimal:
    """A number of contracts, USD or coins, where k, m and b stand for 10^3, 10^6 and 10^9.

    >>> amount("2.5k")
    Decimal('2500')
    """
    power = None if text[-1:].isdigit() or not text.isascii() else _MULTIPLES.get(text[-1:].lower())
    if power is None:
        return number(text)
    value = _inner(text[:-1], text).scaleb(power, CONTEXT)
    if abs(value) >= _TOO_LARGE:
        raise PerpcalcError(f"{shown(text)} is too large", f"at most {INTEGER_DIGITS} digits before the point")
    return value if value % 1 else value.quantize(ONE)


def positive_amount(text: str) -> Decimal:
    """An amount above zero.

    >>> positive_amount("10k")
    Decimal('10000')
    """
    value = amount(text)
    if value <= ZERO:
        raise PerpcalcError(f"{shown(text)} is out of range", "give an amount above 0")
    return value


def amount_from_zero(text: str) -> Decimal:
    """An amount of zero or more.

    >>> amount_from_zero("0")
    Decimal('0')
    """
    value = amount(text)
    if value < 0:
        raise PerpcalcError(f"{shown(text)} is out of range", "give 0 or more")
    return value


def rate(text: str) -> Decimal:
    """A rate as a fraction: `0.01%`, `1bp` or `0.0001`; a bare 1 or more needs its unit said.

    >>> rate("0.01%") == rate("1bp") == rate("0.0001")
    True
    """
    if text.endswith("%"):
        return _inner(text[:-1], text).scaleb(-2, CONTEXT)
    if text.endswith("bp"):
        return _inner(text[:-2], text).scaleb(-4, CONTEXT)
    value = number(text)
    if abs(value) >= 1:
        percent = plain(value)
        hundredfold = plain(value * 100)
        raise PerpcalcError(f"{shown(text)} is not clear as a rate", f"write {percent}% or {hundredfold}%")
    return value


def charge(text: str) -> Decimal:
    """A fee, a funding rate or a premium: a rate of which a bare 0.01 or more needs its unit said as well.

    >>> charge("0.055%"), charge("0.00055")
    (Decimal('0.00055'), Decimal('0.00055'))
    """
    value = rate(text)
    if abs(value) >= LEAST_UNCLEAR and not text.endswith(("%", "bp")):
        raise PerpcalcError(f"{shown(text)} is not clear as a rate", f"write {plain(value * 100)}% or {plain(value)}%")
    return value


def charge_from_zero(text: str) -> Decimal:
    """A charge of zero or more.

    >>> charge_from_zero("5bp")
    Decimal('0.0005')
    """
    return _from_zero(charge(text), text)


def leverage(text: str) -> Decimal:
    """A leverage above zero, with or without an x.

    >>> leverage("10x"), leverage("2.5")
    (Decimal('10'), Decimal('2.5'))
    """
    return positive(text[:-1] if text[-1:] in ("x", "X") else text)


def rate_from_zero(text: str) -> Decimal:
    """A rate of zero or more.

    >>> rate_from_zero("0.5%")
    Decimal('0.005')
    """
    return _from_zero(rate(text), text)


def duration(text: str) -> Decimal:
    """A duration in minutes: a plain number and one of m, h, d, w.

    >>> duration("8h")
    Decimal('480')
    """
    unit = _MINUTES.get(text[-1:])
    if unit is None:
        raise PerpcalcError(f"{shown(text)} is not a duration", "write a number and m, h, d or w, as in 8h")
    value = _inner(text[:-1], text)
    if value < 0:
        raise PerpcalcError(f"{shown(text)} is out of range", "a duration is not negative")
    return CONTEXT.multiply(value, unit)


def count(text: str) -> Decimal:
    """A whole number above zero.

    >>> count("3")
    Decimal('3')
    """
    value = number(text)
    if value <= 0 or value % 1:
        raise PerpcalcError(f"{shown(text)} is not a count", "give a whole number above 0")
    return value


def whole(value: int) -> str:
    """The text of an integer that did not come as text (a TOML integer).

    Raises PerpcalcError past 15 digits, before a quadratic conversion can start.

    >>> whole(500)
    '500'
    """
    if not -_TOO_LARGE < value < _TOO_LARGE:
        raise PerpcalcError("the integer is too large", f"at most {INTEGER_DIGITS} digits")
    return str(value)


def from_program(text: str) -> str:
    """A number as programs write it, with an exponent, as people do; any other text, and a number out of range, as it
    is.

    >>> from_program("1e-05"), from_program("6.25E+4"), from_program("1k")
    ('0.00001', '62500', '1k')
    """
    mantissa, exponent, power = text.replace("E", "e").partition("e")
    digits = mantissa.lstrip("+-").replace(".", "", 1)
    if not (exponent and digits.isascii() and digits.isdigit() and power.lstrip("+-").isdigit() and len(power) <= 4):
        return text
    expanded = f"{Decimal(text):f}" if len(mantissa) <= LONGEST and abs(int(power)) <= LONGEST else text
    return expanded.rstrip("0").rstrip(".") if "." in expanded else expanded


def settled(value: Decimal) -> Decimal:
    """`value` to 80 of its 100 digits: what was lost to the others must not carry a rounding across a step.

    A number that remembers how it was made makes the result itself, `value*1 + 0`, and still does.

    >>> settled(Decimal(1) / 3 * 3).quantize(ONE, decimal.ROUND_FLOOR)
    Decimal('1')
    """
    return _settle(value) if type(value) is Decimal else value.fma(ONE, ZERO, _SETTLING)


def plain(value: Decimal) -> str:
    """`value` as machines read it: at most 18 decimals, no exponent, no trailing or negative zeros.

    >>> plain(Decimal("1E-8")), plain(Decimal("-0.000")), plain(Decimal("5739.50"))
    ('0.00000001', '0', '5739.5')
    """
    if not value:
        return "0"
    if value.__sizeof__() > _SMALL and value.adjusted() < LONGEST:  # many digits are cut first
        value = _SETTLING.quantize(_settle(value), FINEST)
        text = str(value)
        if "E" in text:
            text = f"{value:f}"
    else:
        text = str(value)
        if len(text) > LONGEST_FRACTION or "E" in text:  # more decimals than are shown, perhaps, or an exponent
            text = f"{_settle(value) if value.adjusted() < LONGEST else value:.{FRACTION_DIGITS}f}"
    if text[-1] == "0" and "." in text:
        text = text.rstrip("0").rstrip(".")
        return "0" if text == "-0" else text
    return text


def places(value: Decimal) -> int:
    """How many decimals `value` needs, trailing zeros not counted.

    >>> places(Decimal("0.50")), places(Decimal("100"))
    (1, 0)
    """
    return len(plain(value).partition(".")[2])


def fixed(value: Decimal, decimals: int) -> str:
    """`value` as people read it: so many decimals, commas between thousands, no negative zero.

    >>> fixed(Decimal("-1234.5"), 2)
    '-1,234.50'
    """
    return f"{value:z,.{decimals}f}"


def _from_zero(value: Decimal, text: str) -> Decimal:
    if value < 0:
        raise PerpcalcError(f"{shown(text)} is out of range", "give a rate of 0 or more")
    return value


def _inner(text: str, whole_text: str) -> Decimal:
    try:
        return number(text)
    except PerpcalcError:
        raise PerpcalcError(
            f"{shown(whole_text)} is not a plain decimal number with its unit", f"{_remedy(text)}"
        ) from None


def _remedy(text: str) -> str:
    """What to write instead of `text`."""
    bare = text.lstrip("+-").lower()
    if not text.strip():
        return "give one, as in 62500.5"
    if text != text.strip() or " " in text:
        return "leave the spaces out"
    if not text.isascii():
        return "use the digits 0 to 9 and a point"
    if bare.startswith(("nan", "inf", "snan")):
        return "it must be finite"
    if "," in text:
        return "use a point for decimals and no thousands separators"
    if bare.startswith("0x"):
        return "write it in decimal digits"
    if bare[:1].isdigit() and "e" in bare:
        return "write it out without an exponent"
    if bare.endswith(("%", "bp")):
        return "a rate does not fit here, give a number"
    if bare[-1:] in _MULTIPLES and bare[:1].isdigit():
        return "k, m and b stand only on contracts, USD and coin amounts, write the zeros out"
    whole, _, fraction = bare.partition(".")
    if whole.replace("_", "").isdigit() or fraction.replace("_", "").isdigit():
        if len(whole) > INTEGER_DIGITS or len(fraction) > FRACTION_DIGITS:
            return f"at most {INTEGER_DIGITS} digits before the point and {FRACTION_DIGITS} after it"
        if "_" in bare:
            return "an underscore stands between two digits"
        if bare.endswith("."):
            return "leave out the point or write digits after it"
    return "use digits and at most one point"
