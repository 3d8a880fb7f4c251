"""Options: declared once, as values; read alike from the command line and from the keys of a batch line."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

from perpcalc import decimals
from perpcalc.core.position import Fill
from perpcalc.errors import PerpcalcError, shown


class Option(NamedTuple):
    """One option: its long name with `_` for `-`, and how its text becomes a value.

    `parse` None is a flag. `complete` says what a shell may offer: "file", "venue", "instrument" or nothing.
    """

    name: str
    parse: Callable[[str], Any] | None
    metavar: str
    help: str
    short: str = ""
    many: bool = False
    choices: tuple[str, ...] = ()
    complete: str = ""
    env: str = ""
    argument: bool = False

    @property
    def flag(self) -> str:
        """The option as it is written on the command line."""
        return self.metavar if self.argument else "--" + self.name.replace("_", "-")


OPTION_NAME = re.compile(r"--([a-z][a-z-]*)")
Given = SimpleNamespace
Raw = Mapping[str, Any]


class Reader(NamedTuple):
    """Options ready to be read many times: by name, the values of absent ones, and what the environment fills them with."""

    options: Mapping[str, Option]
    absent: Mapping[str, Any]
    environment: Mapping[str, str]


def reader(options: Iterable[Option]) -> Reader:
    """A reader of these options, in the environment as it is now."""
    by_name = {option.name: option for option in options}
    absent = {name: False if option.parse is None else () if option.many else None for name, option in by_name.items()}
    filled = {name: text for name, option in by_name.items() if option.env and (text := os.environ.get(option.env))}
    return Reader(by_name, absent, filled)


def read(options: Reader, raw: Raw, on_command_line: bool = True) -> Given:
    """The values of the options that `raw` texts give, None (for many: an empty tuple) where absent.

    A variable of the environment fills an absent option, and `environment` holds the names of those it filled. Raises
    PerpcalcError naming the option.
    """
    values = dict(options.absent)
    filled = {name: text for name, text in options.environment.items() if raw.get(name) is None}
    for name, given in (raw if not filled else {**raw, **filled}).items():
        if given is None:
            continue
        option = options.options[name]
        try:
            values[name] = _value(option, given)
        except PerpcalcError as error:
            where = option.env if name in filled else option.flag if on_command_line else name
            raise error.at(where) from None
    values["environment"] = filled.keys()
    return Given(**values)


def _value(option: Option, given: Any) -> Any:
    if option.parse is None:
        if isinstance(given, bool):
            return given
        raise PerpcalcError("is a flag", "give true or false")
    if option.many:
        if not isinstance(given, list | tuple):
            raise PerpcalcError("takes a list", "put the values in brackets")
        return tuple(_parsed(option, item) for item in given)
    return _parsed(option, given)


def _parsed(option: Option, text: Any) -> Any:
    if not isinstance(text, str):
        raise PerpcalcError("is neither a text nor a number", "give one")
    if option.choices and text not in option.choices:
        raise PerpcalcError(f"{shown(text)} is not known", f"give {' or '.join(option.choices)}")
    assert option.parse is not None
    return option.parse(text)


def as_keys(message: str) -> str:
    """A message with the names of options as keys: `--mm-basis` is `mm_basis` in a file or a line of JSON."""
    return OPTION_NAME.sub(lambda match: match[1].replace("-", "_"), message)


def written(given: Given, options: Iterable[Option]) -> list[Option]:
    """Those of the options that the user gave a value; the environment's do not count, a zero does."""
    return [
        option
        for option in options
        if (value := getattr(given, option.name, None)) is not None
        and value is not False
        and value != ()
        and option.name not in given.environment
    ]


def fill(text: str) -> Fill:
    """A fill written `CONTRACTS@PRICE`."""
    contracts, at, price = text.partition("@")
    if not at:
        raise PerpcalcError(f"{shown(text)} is not a fill", "write CONTRACTS@PRICE, as in 300@61000")
    return Fill(decimals.positive_amount(contracts), decimals.positive(price))


def fee(text: str) -> Any:
    """A fee rate, or the word maker or taker."""
    return text if text in ("maker", "taker") else decimals.rate(text)


def label(text: str) -> str:
    """A name: one line, not empty, at most 64 characters."""
    if not text or len(text) > 64 or not text.isprintable():
        raise PerpcalcError(f"{shown(text)} is not a name", "give 1 to 64 printable characters")
    return text


def coin(text: str) -> str:
    """The name of a coin, in capitals."""
    if not (text.isascii() and text.isalnum() and len(text) <= 16):
        raise PerpcalcError(f"{shown(text)} is not a coin", "give its letters, as in BTC")
    return text.upper()


SIDE = Option("side", str, "SIDE", "long or short.", "s", choices=("long", "short"))
CONTRACTS = Option("contracts", decimals.positive_amount, "N", "Size in contracts.", "n")
USD = Option("usd", decimals.positive_amount, "AMOUNT", "Size in USD, rounded down to whole lots.")
COIN = Option(
    "coin",
    decimals.positive_amount,
    "AMOUNT",
    "Size in coin, at the entry price (else the mark), rounded down to whole lots.",
)
FILL = Option("fill", fill, "CONTRACTS@PRICE", "An opening fill; may be repeated. Gives size and entry.", many=True)
ENTRY = Option("entry", decimals.positive, "PRICE", "Entry price, USD per coin.", "e")
VENUE = Option(
    "venue",
    str,
    "NAME[@DATE]",
    "Take contract, fees, funding, margin and rounding from a venue.",
    "v",
    complete="venue",
    env="PERPCALC_VENUE",
)
INSTRUMENT = Option(
    "instrument", label, "NAME", "The venue's contract; by default its BTC perpetual.", "i", complete="instrument"
)
CONTRACT_SIZE = Option("contract_size", decimals.positive, "USD", "USD per contract; 1 without a venue.")
CURRENCY = Option("currency", coin, "COIN", "Settlement coin; BTC without a venue.")
LEVERAGE = Option("leverage", decimals.positive, "X", "Isolated margin: entry value / leverage.", "l")
MARGIN = Option("margin", decimals.positive_amount, "COIN", "Isolated margin in coin.")
EXTRA_MARGIN = Option("extra_margin", decimals.amount_from_zero, "COIN", "Isolated margin added to it, in coin.")
BALANCE = Option("balance", decimals.positive_amount, "COIN", "Cross margin: the wallet balance in coin.")
MMR = Option("mmr", decimals.rate_from_zero, "RATE", "Maintenance margin rate; replaces the venue's schedule.")
DEDUCTION = Option("deduction", decimals.amount_from_zero, "COIN", "Maintenance deduction that goes with --mmr.")
MM_BASIS = Option(
    "mm_basis", str, "BASIS", "The value maintenance applies to: entry or mark.", choices=("entry", "mark")
)
CLOSING_FEE = Option("closing_fee", decimals.rate_from_zero, "RATE", "Closing fee that counts into liquidation.")

WHICH_CONTRACT = (VENUE, INSTRUMENT, CONTRACT_SIZE, CURRENCY)
MARGIN_RULES = (MMR, DEDUCTION, MM_BASIS, CLOSING_FEE)
POSITION = (
    SIDE, CONTRACTS, USD, COIN, FILL, ENTRY, *WHICH_CONTRACT, LEVERAGE, MARGIN, EXTRA_MARGIN, BALANCE, *MARGIN_RULES,
)  # fmt: skip

MARK = Option("mark", decimals.positive, "PRICE", "Mark price, USD per coin.", "m")
PORTFOLIO = Option(
    "portfolio",
    str,
    "FILE",
    "Answer for each position of a TOML portfolio; - reads stdin.",
    "p",
    complete="file",
    env="PERPCALC_PORTFOLIO",
)
ENTRY_FEE = Option("entry_fee", fee, "FEE", "maker, taker or a rate; the venue's taker fee by default.")
EXIT_FEE = Option("exit_fee", fee, "FEE", "maker, taker or a rate; the venue's taker fee by default.")
VOL = Option("vol", decimals.rate_from_zero, "RATE", "Yearly volatility, for the probability of a touch.")
HORIZON = Option("horizon", decimals.duration, "DURATION", "The time in which it may be touched, as in 7d.")
MARK_INTERVAL = Option(
    "mark_interval", decimals.duration, "DURATION", "Time between marks; corrects the probability for discrete marks."
)
TOUCH = (VOL, HORIZON, MARK_INTERVAL)

FORMATS = ("table", "json", "csv")
EXACT = Option("exact", None, "", "Do not round as the venue does.")
FORMAT = Option("format", str, "FORMAT", "table, json or csv.", "f", choices=FORMATS, env="PERPCALC_FORMAT")
JSON = Option("json", None, "", "Short for --format json.")
FIELD = Option("field", str, "NAME", "Print one bare value per row.")
EXPLAIN = Option("explain", None, "", "Show each result with its formula, numbers and source.")
OUTPUT = (FORMAT, JSON, FIELD, EXPLAIN)
