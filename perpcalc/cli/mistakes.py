"""What was probably meant by an option or a command that does not exist."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from perpcalc.commands.command import Command
from perpcalc.commands.registry import found
from perpcalc.errors import PerpcalcError, Words, listed, printable, shown, suggestion
from perpcalc.given import Option
from perpcalc.names import LISTED
from perpcalc.options import PORTFOLIO
from perpcalc.other_words import meant
from perpcalc.venues.tables import shipped_names

CLOSE = 0.75
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
"""What text programs make of hyphens."""
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
    if names := meant(word, has):
        return ("give ", *listed([has[name] for name in names]))
    if elsewhere := _having(word.replace("-", "_"), command.partition(" ")[0]):
        return "".join((*listed(elsewhere, "and"), f" {'have' if len(elsewhere) > 1 else 'has'} it"))
    if near := get_close_matches(word.replace("-", "_"), has, n=2, cutoff=CLOSE):
        return ("give ", *listed([has[name] for name in near]))
    return f"see perpcalc {command} --help"


def _having(name: str, beside: str) -> list[str]:
    """The commands with an option of this name; of those under one name with the command, if any has it, only they."""
    made = []
    for command in LISTED:
        one = found(command)
        inner: Iterable[Command] = [one] if isinstance(one, Command) else one.commands
        having = [each.name for each in inner if any(one.name == name and not one.argument for one in each.options)]
        if having and command == beside:
            return [f"{command} {each}" for each in having]
        made += [command] if having else []
    return made


def no_such_command(word: str, names: Sequence[str], within: str = "") -> PerpcalcError:
    """The error for a command that does not exist, which says which one may be meant."""
    folded = word.lower().replace("_", "-")
    if within == "venues " and folded.partition("@")[0] in shipped_names():
        return PerpcalcError("no such command", f"give show {folded}").at(f"{within}{shown(word)}")
    starts = [name for name in names if name.startswith(folded)] if len(folded) > 1 else []
    renamed = "" if within else COMMANDS.get(folded, "")
    near = renamed or " or ".join(starts) or suggestion(folded, names)
    return PerpcalcError("no such command", f"give {near}").at(f"{within}{shown(word)}")


def no_such_argument(command: str, words: Sequence[str], options: Sequence[Option[object]]) -> PerpcalcError:
    """The error for words that belong to no option."""
    told = f"unexpected extra argument{'s' if len(words) > 1 else ''} {' '.join(map(shown, words[:3]))}"
    return PerpcalcError(told, _standing_alone(words[0], options)).at(command)


def _standing_alone(word: str, options: Sequence[Option[object]]) -> Words:
    """How a word that stands for itself may be meant."""
    if word[:1] in DASHES:
        return f"an option begins with two hyphens, as in --{ascii(word.lstrip(DASHES))[1:-1]}"
    if (fits := next((option for option in options if word.lower() in option.choices), None)) is not None:
        return ("give ", fits.key, f" {word.lower()}")
    if word == "help":
        return "give --help"
    if word.endswith(".toml") and PORTFOLIO in options:
        return ("give ", PORTFOLIO.key, f" {printable(word)}")
    return "each value stands behind its option, as in --entry 62500"
