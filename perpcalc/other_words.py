"""Options by the words that others use for them."""

from collections.abc import Iterable

from perpcalc.errors import suggestion

OTHER_WORDS = {
    "size": ("contracts", "usd", "coin"),
    "qty": ("contracts", "usd", "coin"),
    "quantity": ("contracts", "usd", "coin"),
    "amount": ("contracts", "usd", "coin"),
    "price": ("entry", "exit", "mark"),
    "entry-price": ("entry",),
    "exit-price": ("exit",),
    "mark-price": ("mark",),
    "close": ("exit",),
    "direction": ("side",),
    "symbol": ("instrument",),
    "pair": ("instrument",),
    "market": ("instrument",),
    "contract": ("instrument",),
    "exchange": ("venue",),
    "lev": ("leverage",),
    "collateral": ("balance", "margin"),
    "wallet": ("balance",),
    "equity": ("balance",),
    "capital": ("balance",),
    "maintenance-margin": ("mmr",),
    "fee": ("entry_fee", "exit_fee"),
    "fees": ("entry_fee", "exit_fee"),
    "funding-rate": ("rate",),
    "days": ("for",),
    "duration": ("for",),
    "stop-loss": ("stop",),
    "sl": ("stop",),
    "take-profit": ("target", "take"),
    "tp": ("target", "take"),
    "file": ("portfolio",),
    "output": ("format",),
}


def meant(word: str, known: Iterable[str]) -> list[str]:
    """The options that others call so, of those that are known.

    >>> meant("stop-loss", ["entry", "stop"]), meant("stop_loss", ["entry"])
    (['stop'], [])
    """
    names = OTHER_WORDS.get(word.lower().replace("_", "-"), ())
    return [name for name in known if name in names]


def key_meant(word: str, known: Iterable[str]) -> str:
    """The keys to give instead of one that is not known.

    >>> key_meant("qty", ["side", "contracts", "usd"]), key_meant("sidee", ["side", "contracts", "usd"])
    ('contracts or usd', 'side')
    """
    names = list(known)
    return " or ".join(meant(word, names)) or suggestion(word, names)
