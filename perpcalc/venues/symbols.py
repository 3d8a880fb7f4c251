"""What a name means: venues and contracts in any case, base coins, the symbols of ccxt, contracts that expire.

Pure functions of the names that a venue has. A linear contract is refused as one and never taken for an inverse one.
"""

import datetime
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from perpcalc.errors import Key, PerpcalcError, shown

CCXT = re.compile(r"(?P<base>[^/:]+)/(?P<quote>[^/:]+)(:(?P<settle>[^/:-]+)(-(?P<expiry>\d{6}))?)?")
LINEAR = re.compile(
    r"[PF]F_.+|U?[A-Z0-9]+(USDT|USDC)([-_.:/].*|M|PERP)?|[A-Z0-9]+[-_/.](USDT|USDC|BUSD|FDUSD|TUSD|USDE)([-_.:/].*)?"
    r"|(?!.*USD)[A-Z0-9]+PERP",
)
STABLE = ("USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USDE")
COIN_NAMES = {"XBT": "BTC"}
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
MONTH_CODES = "FGHJKMNQUVXZ"
EXPIRY = {"YYMMDD": r"\d{6}", "DDMMMYY": r"\d{1,2}[A-Z]{3}\d{2}", "MYY": rf"[{MONTH_CODES}]\d{{2}}"}
EXPIRING = re.compile(rf"(.*?[A-Z_-])({'|'.join(EXPIRY.values())})")
WITHOUT_INVERSE = (
    "ascendex",
    "backpack",
    "bitfinex",
    "btse",
    "bullish",
    "coinbaseinternational",
    "cryptocom",
    "dydx",
    "gemini",
    "hashkey",
    "hyperliquid",
    "paradex",
    "poloniex",
    "toobit",
    "woo",
)
LINEAR_VENUES = ("binanceusdm",)


class Symbol(NamedTuple):
    """A contract as its venue names it; `dated` is how the file names its kind where it expires (`BTCUSD_YYMMDD`)."""

    name: str
    dated: str | None = None


def contract_named(
    text: str, coins: Mapping[str, str], dated: Mapping[str, str] | None = None, others: Mapping[str, str] | None = None
) -> Symbol:
    """The contract that `text` means at a venue with perpetuals `coins` (name to coin) and contracts that expire
    `dated`.

    `others` says of names what they are instead of inverse. Raises PerpcalcError for all else.

    >>> coins = {"BTCUSD_PERP": "BTC", "ETHUSD_PERP": "ETH"}
    >>> [contract_named(name, coins).name for name in ("btcusd_perp", "ETH", "BTC/USD:BTC")]
    ['BTCUSD_PERP', 'ETHUSD_PERP', 'BTCUSD_PERP']
    >>> contract_named("BTC/USD:BTC-260327", coins, {"BTCUSD_YYMMDD": "BTC"})
    Symbol(name='BTCUSD_260327', dated='BTCUSD_YYMMDD')
    """
    if text in coins:
        return Symbol(text)
    upper = text.upper()
    for name in coins:
        if name.upper() == upper:
            return Symbol(name)
    for name, what in (others or {}).items():
        if name.upper() == upper:
            raise PerpcalcError(f"{shown(text)} is not an inverse contract: {what}", _instead(None, coins))
    if (parts := CCXT.fullmatch(upper)) is not None:
        found = _ccxt(text, parts, coins, dated or {})
    elif (coin := COIN_NAMES.get(upper, upper)) in coins.values():
        found = _perpetual(coin, "USD", coins)
    else:
        found = _expiring(text, dated or {})
    if found is not None:
        return found
    if LINEAR.fullmatch(upper):
        raise _linear(text, coins)
    raise PerpcalcError(f"there is no contract {shown(text)}", _instead(text, coins))


def expiry_of(symbol: str) -> datetime.date | None:
    """The day on which a contract expires by its name, where the name says the day.

    >>> expiry_of("BTCUSD_260327"), expiry_of("BTC-27MAR26"), expiry_of("BTCUSD_PERP")
    (datetime.date(2026, 3, 27), datetime.date(2026, 3, 27), None)
    """
    if (match := EXPIRING.fullmatch(symbol.upper())) is None:
        return None
    text = match[2]
    try:
        if text.isdigit():
            return datetime.date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
        if text[-5:-2] in MONTHS:
            return datetime.date(2000 + int(text[-2:]), MONTHS.index(text[-5:-2]) + 1, int(text[:-5]))
    except ValueError:
        pass
    return None


def _ccxt(text: str, parts: re.Match[str], coins: Mapping[str, str], dated: Mapping[str, str]) -> Symbol | None:
    """What a symbol of ccxt means: `BASE/QUOTE:SETTLE`, with `-YYMMDD` where it expires."""
    base, quote, settle = (
        COIN_NAMES.get(word, word) for word in (parts["base"], parts["quote"], parts["settle"] or "")
    )
    if quote in STABLE or settle in (quote, *STABLE):
        raise _linear(text, coins)
    if settle not in ("", base):
        raise PerpcalcError(f"{shown(text)} is a quanto contract: it settles in {settle}", _instead(None, coins))
    if parts["expiry"] is None:
        return _perpetual(base, quote, coins)
    for pattern, coin in dated.items():
        if coin == base:
            return Symbol(_spelled(pattern, parts["expiry"]), pattern)
    raise _no_table(text)


def _perpetual(coin: str, quote: str, coins: Mapping[str, str]) -> Symbol | None:
    """The perpetual of a coin; one that names its quote goes first, and without a quote in its name it is in USD."""
    of_coin = [name for name, settles in coins.items() if settles == coin]
    named = [name for name in of_coin if quote in name.upper()]
    plain = [name for name in of_coin if quote == "USD"]
    return Symbol((named or plain)[0]) if named or plain else None


def _expiring(text: str, dated: Mapping[str, str]) -> Symbol | None:
    """A contract that expires, by the venue's own name for it."""
    upper = text.upper()
    for pattern in dated:
        token = _token(pattern)
        stem = pattern.removesuffix(token)
        match = re.fullmatch(re.escape(stem.upper()) + f"({EXPIRY[token]})", upper)
        if match and (token == "MYY" or expiry_of(upper)):
            return Symbol(stem + match[1], pattern)
    if expiry_of(upper) is not None and not LINEAR.fullmatch(upper):
        raise _no_table(text)
    return None


def _token(pattern: str) -> str:
    """What stands for the expiry at the end of a name."""
    return next(token for token in EXPIRY if pattern.endswith(token))


def _spelled(pattern: str, expiry: str) -> str:
    """The name of a contract that expires on `YYMMDD`."""
    year, month, day = expiry[:2], int(expiry[2:4]), int(expiry[4:])
    if not 1 <= month <= 12:
        raise PerpcalcError(f"{shown(expiry)} is not a day", "write the expiry as YYMMDD")
    by_token = {
        "YYMMDD": expiry,
        "DDMMMYY": f"{day}{MONTHS[month - 1]}{year}",
        "MYY": f"{MONTH_CODES[month - 1]}{year}",
    }
    token = _token(pattern)
    return pattern.removesuffix(token) + by_token[token]


def _linear(text: str, coins: Mapping[str, str]) -> PerpcalcError:
    return PerpcalcError(f"{shown(text)} is a linear contract, perpcalc is for inverse ones", _instead(None, coins))


def _no_table(text: str) -> PerpcalcError:
    return PerpcalcError(
        f"{shown(text)} expires, and the rules of such contracts are not known here",
        ("describe it by ", Key("contract_size"), ", ", Key("currency"), " and ", Key("mmr")),
    )


def _instead(text: str | None, coins: Iterable[str]) -> tuple[str, ...]:
    """What to give: the names that are close, else a few that there are; or a contract of one's own."""
    from difflib import get_close_matches

    upper = {name.upper(): name for name in coins}
    close = [upper[name] for name in get_close_matches((text or "").upper(), upper, n=1)]
    if close:
        return (f"give {close[0]}",)
    known = list(upper.values())
    few = ", ".join(known[:4]) + (", ..." if len(known) > 4 else "")
    own = (", or describe one by ", Key("contract_size"), ", ", Key("currency"), " and ", Key("mmr")) if text else ()
    return (f"give one of {few}", *own)


def unknown_venue(text: str, known: Iterable[str]) -> PerpcalcError:
    """Why a venue has no rules here, and what to do about it.

    >>> str(unknown_venue("binnance", ["binance", "bybit"]))
    "'binnance' is not a known venue: give binance"
    """
    from difflib import get_close_matches

    folded = text.lower()
    if folded in LINEAR_VENUES:
        return PerpcalcError(f"{shown(text)} has linear contracts only", "perpcalc is for inverse ones, give binance")
    if folded in WITHOUT_INVERSE:
        return PerpcalcError(f"{shown(text)} has no inverse contracts that are known", "perpcalc is for inverse ones")
    names = list(known)
    begun = [name for name in names if folded.startswith(name)]
    if close := begun or get_close_matches(folded, names, n=2, cutoff=0.75):
        return PerpcalcError(f"{shown(text)} is not a known venue", f"give {' or '.join(close)}")
    contract = ("describe the contract by ", Key("contract_size"), ", ", Key("currency"), " and ", Key("mmr"))
    return PerpcalcError(
        f"{shown(text)} is not a known venue",
        (f"give one of {', '.join(names)}, or ", *contract, ", or write its rules into a file of your own"),
    )
