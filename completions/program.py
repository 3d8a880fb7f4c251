"""The program as shells, man and type checkers are told of it: one walk over its commands, options and venues."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from perpcalc.cli.calls import COMMANDS, runnable, spellings
from perpcalc.cli.door import Action, ActionGroup
from perpcalc.commands.command import Command, Group
from perpcalc.commands.scenarios import LIST, scenarios
from perpcalc.given import Option, Rule, one
from perpcalc.grammar import FEES, fee
from perpcalc.names import LISTED
from perpcalc.options import FIELD, SCENARIO
from perpcalc.venues.tables import shipped, shipped_names

HERE = Path(__file__).parent
NOTICE = "Written by completions/generate.py from the program's own tables: change those and run it again."
FILE, VENUE, INSTRUMENT = "file", "venue", "instrument"
"""What `Option.complete` may be."""


class Leaf(NamedTuple):
    """A command as it is typed, in one word or two: its options with a dash, its arguments without, and its fields."""

    words: str
    help: str
    options: Sequence[Option[object]]
    arguments: Sequence[Option[object]]
    needed: Sequence[Option[object]] = ()
    examples: Sequence[str] = ()
    fields: Sequence[str] = ()
    rules: Sequence[Rule] = ()


HELP = Leaf(
    "help",
    "Show the help of a command.",
    (),
    (one("command", str, "COMMAND", "The command, in one word or two.", choices=COMMANDS, argument=True),),
    examples=("perpcalc help solve margin",),
)
"""What the program does before it looks for a command."""


class Program(NamedTuple):
    """All that can be typed: the first words with their help, the groups among them, the commands, the venues."""

    tops: Mapping[str, str]
    groups: Mapping[str, Group | ActionGroup]
    leaves: tuple[Leaf, ...]
    venues: Mapping[str, str]
    instruments: Mapping[str, tuple[str, ...]]

    @property
    def choices(self) -> dict[str, dict[str, str]]:
        """The words that may follow the program's name (under "") and each group's, with their help."""
        inner = {name: {found.name: found.help for found in group.commands} for name, group in self.groups.items()}
        return {"": dict(self.tops), **inner}

    @property
    def every_instrument(self) -> list[str]:
        """The instruments of all venues, for a line that names none."""
        return sorted({name for listed in self.instruments.values() for name in listed})

    @property
    def flags(self) -> list[str]:
        """The options that take no value, in any command."""
        flags = {name for leaf in self.leaves for option in leaf.options if option.flag for name in spellings(option)}
        valued = {
            name for leaf in self.leaves for option in leaf.options if not option.flag for name in spellings(option)
        }
        assert not flags & valued, "an option is a flag of one command and takes a value of another"
        return sorted({*flags, "-h", "--help", "--version"})


class Offer(NamedTuple):
    """What may stand for a value: words, or what a shell finds out on the spot; nothing of a number."""

    words: tuple[str, ...] = ()
    kind: str = ""


def program() -> Program:
    """The program as its own tables and venue files describe it."""
    made = {name: runnable(name) for name in COMMANDS}
    leaves: list[Leaf] = []
    for name, found in made.items():
        if isinstance(found, Command | Action):
            leaves.append(_leaf(name, found))
        else:
            leaves.extend(_leaf(f"{name} {inner.name}", inner) for inner in found.commands)
    tables = {name: shipped(name) for name in shipped_names()}
    return Program(
        {**{name: found.help for name, found in made.items()}, HELP.words: HELP.help},
        {name: found for name, found in made.items() if isinstance(found, Group | ActionGroup)},
        (*leaves, HELP),
        {name: table["title"] for name, table in tables.items()},
        {name: tuple(table["instruments"]) for name, table in tables.items()},
    )


def _leaf(words: str, command: Command | Action) -> Leaf:
    options = [option for option in command.options if not option.argument]
    arguments = [option for option in command.options if option.argument]
    fields = command.result._fields if isinstance(command, Command) else ()
    return Leaf(words, command.help, options, arguments, command.needed, command.examples, fields, command.rules)


def offer(option: Option[object]) -> Offer:
    """What may stand for the value of an option or an argument."""
    if option.name == FIELD.name:
        return Offer(kind="field")
    words = option.choices or (FEES if option.read is fee else ())
    if option.name == SCENARIO.name:
        words = (*scenarios(), LIST)
    if option.complete == "command":
        words = tuple(LISTED)
    return Offer(words) if words else Offer(kind=option.complete)


def offers(leaves: Iterable[Leaf]) -> dict[Offer, list[tuple[str, Option[object]]]]:
    """The options that take a value, by what they offer: each with its command, or `*` where all offer the same."""
    by_name: dict[str, dict[str, Option[object]]] = {}
    for leaf in leaves:
        for option in leaf.options:
            if not option.flag:
                by_name.setdefault(option.name, {})[leaf.words] = option
    made: dict[Offer, list[tuple[str, Option[object]]]] = {}
    for of_command in by_name.values():
        everywhere = len({(offer(option), option.short) for option in of_command.values()}) == 1
        for command, option in list(of_command.items())[: 1 if everywhere else None]:
            made.setdefault(offer(option), []).append(("*" if everywhere else command, option))
    return made


def brief(text: str) -> str:
    """The first part of a help text, which fits beside a candidate."""
    for end in (". ", ": ", "; "):
        text = text.partition(end)[0]
    return text.removesuffix(".")


def filled(template: str, **parts: str | Iterable[str]) -> str:
    """A file of templates/ in which @NAME@ is its part: a text, or lines where it has a line to itself."""
    text = (HERE / "templates" / template).read_text("utf-8")

    def put(found: re.Match[str]) -> str:
        part = parts[(found["lines"] or found["word"]).lower()]
        indent = found["indent"] or ""
        return "\n".join(f"{indent}{line}" for line in ([part] if isinstance(part, str) else part))

    return re.sub(r"^(?P<indent> *)@(?P<lines>[A-Z_]+)@$|@(?P<word>[A-Z_]+)@", put, text, flags=re.MULTILINE)
