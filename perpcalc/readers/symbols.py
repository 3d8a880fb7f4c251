"""What a venue's name of a contract says: its coin, what it is quoted and settled in, and when it expires.

Sources: ccxt manual, "Contract naming conventions"; the API pages of each venue. Names of a month alone are taken to
expire on its last Friday, which holds for the quarters of Bybit, BitMEX and KuCoin.
"""

import calendar
import re
from collections.abc import Mapping
from typing import NamedTuple

from perpcalc.errors import PerpcalcError, shown
from perpcalc.readers.answers import coin_of


class Contract(NamedTuple):
    """A contract by its name. `expires` is an ISO day, and only `guessed` where the name has just the month."""

    base: str
    quote: str
    settle: str
    expires: str | None = None
    guessed: bool = False
    option: bool = False


STABLE = ("USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USDE")
FIAT = ("USD", "EUR", "GBP", "JPY")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
CODES = "FGHJKMNQUVXZ"
COIN = r"(?P<base>[A-Z0-9]+?)"
QUOTE = r"(?P<quote>USDT|USDC|USD|EUR|GBP)"
DAY = r"(?P<day>\d{6})"
MONTH = rf"(?P<code>[{CODES}])(?P<year>\d\d)"
DATE = r"(?P<date>\d{1,2})(?P<month>[A-Z]{3})(?P<year>\d\d)"
STRIKE = r"(?P<option>-\d+(D\d+)?-[CP])?"

CCXT = re.compile(
    r"(?P<base>[A-Z0-9]+)/(?P<quote>[A-Z0-9]+)(:(?P<settle>[A-Z0-9]+)(-(?P<day>\d{6})(?P<option>-[\d.]+-[CP])?)?)?"
)
DELIVERED = re.compile(rf"{COIN}-?{QUOTE}(_PERP|_CM|-SWAP|-PERPETUAL)?")
PATTERNS: Mapping[str, tuple[re.Pattern[str], ...]] = {
    "binance": (re.compile(rf"{COIN}{QUOTE}(_PERP|_{DAY})?"),),
    "bybit": (
        re.compile(rf"{COIN}{QUOTE}({MONTH})?"),
        re.compile(rf"{COIN}(?P<usdc>PERP|-\d{{1,2}}[A-Z]{{3}}\d\d){STRIKE}"),
    ),
    "okx": (re.compile(rf"{COIN}-{QUOTE}(?P<linear>_UM)?-(SWAP|{DAY}){STRIKE}"),),
    "deribit": (re.compile(rf"{COIN}(_(?P<quote>USDT|USDC))?-(PERPETUAL|{DATE}){STRIKE}"),),
    "bitmex": (
        re.compile(rf"{COIN}{QUOTE}({MONTH})?(_(?P<settle>[A-Z]+))?"),
        re.compile(rf"{COIN}{MONTH}"),
    ),
    "kraken": (re.compile(rf"(P|F)(I|(?P<linear>F))_{COIN}{QUOTE}(_{DAY})?"),),
    "kucoin": (re.compile(rf"{COIN}{QUOTE}M"), re.compile(rf"{COIN}M{MONTH}")),
    "gate": (re.compile(rf"{COIN}_{QUOTE}(_20{DAY})?"),),
    "phemex": (re.compile(rf"{COIN}{QUOTE}"),),
}


def contract_of(symbol: str, venue: str | None = None, settle: str | None = None) -> Contract:
    """The contract that ccxt or a venue calls `symbol`; `settle` is the coin where the answer says it beside the name.

    Raises PerpcalcError for a name of no known form.

    >>> contract_of("BTC/USD:BTC-261225").expires, contract_of("XBTM23", "bitmex").expires
    ('2026-12-25', '2023-06-30')
    >>> contract_of("BTC-USDT-SWAP", "okx").settle, contract_of("ETHUSD", "bitmex", "XBt").settle
    ('USDT', 'BTC')
    """
    upper = symbol.removeprefix("c").upper() if venue == "phemex" else symbol.upper()
    match = CCXT.fullmatch(upper)
    if match is None:
        for pattern in PATTERNS.get(venue or "", (DELIVERED,)):
            if match := pattern.fullmatch(upper):
                break
    if match is None:
        raise PerpcalcError(f"{shown(symbol)} is no contract's name", "ccxt writes them as in BTC/USD:BTC")
    parts = match.groupdict()
    base = coin_of(parts["base"])
    quote = "USDC" if parts.get("usdc") else coin_of(parts.get("quote") or "USD")
    said = settle or parts.get("settle")
    if said is not None:
        own = coin_of(said)
    elif "/" in upper:
        own = ""
    else:
        own = quote if quote in STABLE or parts.get("linear") else base
    expires, guessed = _expiry(symbol, parts)
    return Contract(base, quote, own, expires, guessed, parts.get("option") is not None)


def check_inverse(contract: Contract) -> None:
    """Raise PerpcalcError for what is no inverse contract in USD: spot, options, linear and quanto contracts.

    >>> check_inverse(Contract("ETH", "USD", "BTC"))
    Traceback (most recent call last):
    perpcalc.errors.PerpcalcError: is a quanto contract, on ETH and settled in BTC: only inverse contracts are imported
    """
    base, quote, settle = contract.base, contract.quote, contract.settle
    if contract.option:
        what = "is an option"
    elif not settle:
        what = "is a spot or margin trade"
    elif settle in (quote, *STABLE, *FIAT):
        what = f"is linear: it settles in {settle}, not in the coin {base}"
    elif settle != base:
        what = f"is a quanto contract, on {base} and settled in {settle}"
    else:
        return
    raise PerpcalcError(what, "only inverse contracts are imported")


def _expiry(symbol: str, parts: Mapping[str, str | None]) -> tuple[str | None, bool]:
    """The day of expiry, and whether it is just the last Friday of the month that the name has."""
    import datetime

    day, year, code, month = parts.get("day"), parts.get("year"), parts.get("code"), parts.get("month")
    try:
        if day:
            return datetime.date(2000 + int(day[:2]), int(day[2:4]), int(day[4:])).isoformat(), False
        if year and month:
            return datetime.date(2000 + int(year), MONTHS.index(month) + 1, int(parts["date"] or "")).isoformat(), False
    except ValueError:
        raise PerpcalcError(f"{shown(symbol)} expires on a day that does not exist", "correct the file") from None
    if year and code:
        weeks = calendar.monthcalendar(2000 + int(year), CODES.index(code) + 1)
        friday = max(week[calendar.FRIDAY] for week in weeks)
        return datetime.date(2000 + int(year), CODES.index(code) + 1, friday).isoformat(), True
    return None, False
