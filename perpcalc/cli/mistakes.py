"""What was probably meant by an option or a command that does not exist."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from perpcalc.commands.command import Command
from perpcalc.commands.registry import found
from perpcalc.errors import PerpcalcError, Words, listed, shown, suggestion
from perpcalc.given import Option
from perpcalc.names import LISTED

CLOSE = 0.75
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
"""Options by the words that others use for them."""
AS_VALUES = {
    "long": "--side long",
    "short": "--side short",
    "csv": "--format csv",
    "table": "--format table",
    "isolated": "--leverage or --margin, which make a position isolated",
    "cross": "--balance, which makes a position cross",
    "date": "--venue NAME@DATE",
}
"""What others write as an option of its own, and how it is written here."""
COMMANDS = {
    "liquidation": "liq-price",
    "bankruptcy": "liq-price",
    "profit": "pnl",
    "roe": "pnl",
    "risk": "size",
    "break-even": "pnl",
    "crash": "stress",
    "scenario": "stress",
    "import": "portfolio import",
    "init": "portfolio init",
    "positions": "portfolio show",
    "show": "portfolio show",
    "exchanges": "venues list",
    "limits": "check",
    "trades": "fills",
    "backtest": "replay",
    "version": "--version",
}
"""Commands by the words that others use for them."""


def no_such_option(command: str, flag: str, options: Sequence[Option[object]]) -> PerpcalcError:
    """The error for an option that a command does not have, which says what it may be called."""
    return PerpcalcError(f"No such option: {flag}", _meant(command, flag.lstrip("-"), options)).at(command)


def _meant(command: str, word: str, options: Sequence[Option[object]]) -> Words:
    has = {option.name: option.key for option in options if not option.argument}
    if word in AS_VALUES and AS_VALUES[word].split()[0][2:] in has:
        return f"give {AS_VALUES[word]}"
    if meant := [has[name] for name in OTHER_WORDS.get(word, ()) if name in has]:
        return ("give ", *listed(meant))
    elsewhere = [name for name in _having(word.replace("-", "_")) if name != command.partition(" ")[0]]
    if elsewhere:
        return "".join((*listed(elsewhere, "and"), f" {'have' if len(elsewhere) > 1 else 'has'} it"))
    if near := get_close_matches(word.replace("-", "_"), has, n=2, cutoff=CLOSE):
        return ("give ", *listed([has[name] for name in near]))
    return f"see perpcalc {command} --help"


def _having(name: str) -> list[str]:
    """The commands with an option of this name."""
    made = []
    for command in LISTED:
        one = found(command)
        inner: Iterable[Command] = [one] if isinstance(one, Command) else one.commands
        if any(option.name == name for each in inner for option in each.options):
            made.append(command)
    return made


def no_such_command(word: str, names: Sequence[str], within: str = "") -> PerpcalcError:
    """The error for a command that does not exist, which says which one may be meant."""
    folded = word.lower().replace("_", "-")
    starts = [name for name in names if name.startswith(folded)] if len(folded) > 1 else []
    renamed = "" if within else COMMANDS.get(folded, "")
    meant = renamed or " or ".join(starts) or suggestion(folded, names)
    return PerpcalcError("no such command", f"give {meant}").at(f"{within}{shown(word)}")


def no_such_argument(command: str, words: Sequence[str], options: Sequence[Option[object]]) -> PerpcalcError:
    """The error for words that belong to no option."""
    first = words[0].lower()
    fits = next((option for option in options if first in option.choices), None)
    remedy: Words = (
        ("give ", fits.key, f" {first}") if fits else "each value stands behind its option, as in --entry 62500"
    )
    told = f"unexpected extra argument{'s' if len(words) > 1 else ''} {' '.join(map(shown, words[:3]))}"
    return PerpcalcError(told, remedy).at(command)
