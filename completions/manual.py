"""The man page: what each command is for, what it needs, its options under their headings, its examples."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping

from perpcalc.cli.calls import spellings
from perpcalc.cli.help import HEADINGS, NEEDED, NEEDED_WITHOUT, grouped, record
from perpcalc.given import Option
from program import HERE, NOTICE, Leaf, Program, filled

OF_ONE = "This command"
"""The heading of options that each command describes itself."""
Shared = Mapping[str, Option[object]]


def man(all_: Program) -> str:
    """The page in the macros that man knows."""
    shared = _shared(all_.leaves)
    variables = {option.env: option for leaf in all_.leaves for option in leaf.options if option.env}
    return filled(
        "perpcalc.1.in",
        notice=NOTICE,
        version=tomllib.loads((HERE.parent / "pyproject.toml").read_text("utf-8"))["project"]["version"],
        commands=[line for leaf in all_.leaves for line in _command(leaf, shared)],
        options=[line for heading in HEADINGS for line in _section(heading, shared)],
        environment=[
            line
            for variable, option in sorted(variables.items())
            for line in (".TP", f".B {variable}", f"{_bold(spellings(option)[-1])}: {_man(option.help)}")
        ],
        examples=[line for leaf in all_.leaves for line in _examples(leaf)],
    )


def _shared(leaves: Iterable[Leaf]) -> Shared:
    """The options that several commands have alike, by name; under OPTIONS each is described once."""
    counted = Counter(option for leaf in leaves for option in leaf.options if option.group != OF_ONE)
    made: dict[str, Option[object]] = {}
    for option, count in counted.items():
        if count > (counted[made[option.name]] if option.name in made else 1):
            made[option.name] = option
    return made


def _command(leaf: Leaf, shared: Shared) -> list[str]:
    arguments = "".join(f" \\fI{_man(one.metavar)}\\fR" for one in leaf.arguments)
    lines = [f".SS perpcalc {_man(leaf.words)}{arguments}", _man(leaf.help)]
    for one in leaf.arguments:
        lines += [".TP", f".I {_man(one.metavar)}", _man(one.help)]
    own: list[str] = []
    also: list[str] = []
    for heading, options in grouped(leaf.options, leaf.needed, leaf.rules):
        own += [line for option in options if option != shared.get(option.name) for line in _described(option)]
        named = [
            option for option in options if heading in (NEEDED, NEEDED_WITHOUT) or option == shared.get(option.name)
        ]
        listed = [".PP", f"\\fI{_man(heading)}\\fR: {', '.join(_bold(spellings(option)[-1]) for option in named)}"]
        if heading in (NEEDED, NEEDED_WITHOUT):
            lines += listed
        elif named:
            also += listed
    return lines + own + also


def _section(heading: str, shared: Shared) -> list[str]:
    described = [line for option in shared.values() if option.group == heading for line in _described(option)]
    return [f".SS {_man(heading)}", *described] if described else []


def _described(option: Option[object]) -> list[str]:
    value = "" if option.flag else f" \\fI{_man(option.metavar)}\\fR"
    return [".TP", ", ".join(map(_bold, spellings(option))) + value, _man(record(option)[1])]


def _examples(leaf: Leaf) -> list[str]:
    return [line for example in leaf.examples for line in (".PP", ".nf", ".RS", _man(example), ".RE", ".fi")]


def _bold(text: str) -> str:
    return f"\\fB{_man(text)}\\fR"


def _man(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text[:1] in (".", "'") else text
