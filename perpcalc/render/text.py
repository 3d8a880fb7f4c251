"""Values as text: for machines, and names made harmless for a terminal."""

from decimal import Decimal

from perpcalc.decimals import plain

Value = Decimal | str | bool | None


def machine(value: Value) -> str | None:
    """A value as scripts read it: plain numbers, `true` and `false`, None for null.

    >>> machine(Decimal("1E-8")), machine(True), machine(None)
    ('0.00000001', 'true', None)
    """
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def printable(text: str) -> str:
    """`text` with every character that could steer a terminal or hide written as a visible escape.

    >>> printable("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
