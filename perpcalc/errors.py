"""The one error a user can cause."""

from collections.abc import Iterable


class PerpcalcError(ValueError):
    """What is wrong and what to do about it, in one line: `where: what: what to do`."""

    def at(self, where: str) -> "PerpcalcError":
        """The same error, with the place it was found in put before it."""
        return PerpcalcError(f"{where}: {self}")


def shown(text: str) -> str:
    """What somebody wrote, in quotes and as ASCII; of a long text the start.

    >>> shown("a" * 50)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'"
    """
    return ascii(text if len(text) <= 40 else text[:37] + "...")


def suggestion(word: str, known: Iterable[str]) -> str:
    """The known words to give instead of `word`: the close ones where there are any, else all.

    >>> suggestion("binnance", ["binance", "bybit"])
    'binance'
    """
    from difflib import get_close_matches

    words = list(known)
    close = get_close_matches(word, words, n=2)
    return " or ".join(close) if close else "one of " + ", ".join(words)
