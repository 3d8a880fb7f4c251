"""The completions of four shells: tables for the programs in templates/."""

from collections.abc import Iterable

from perpcalc.cli.calls import spellings
from perpcalc.given import Option
from program import FILE, INSTRUMENT, NOTICE, VENUE, Leaf, Offer, Program, brief, filled, offer, offers

HELP = ("-h", "--help")


def bash(all_: Program) -> str:
    """The script for bash."""
    options = [
        f"{_quoted(before)}) options='{' '.join((*HELP, '--version') if not before else HELP)}'"
        f" values={_joined(inner)} ;;"
        for before, inner in all_.choices.items()
    ]
    options += [f"{_quoted(leaf.words)}) options={_joined(_written(leaf))} ;;" for leaf in all_.leaves]
    values = []
    for what, where in offers(all_.leaves).items():
        if what.kind == "field":
            with_fields = [leaf for leaf in all_.leaves if leaf.fields]
            values += [f"{_quoted(leaf.words)}:--field) values={_joined(leaf.fields)} ;;" for leaf in with_fields]
        elif given := _bash_offer(what):
            patterns = (
                f"{'*' if command == '*' else _quoted(command)}:{name}"
                for command, option in where
                for name in spellings(option)
            )
            values.append(f"{' | '.join(patterns)}) {given} ;;")
    arguments = [f"{_quoted(leaf.words)}:{place}) {_bash_offer(what)} ;;" for leaf, place, what in _arguments(all_)]
    return filled(
        "perpcalc.bash.in",
        notice=NOTICE,
        venues=_joined(all_.venues),
        flags=" | ".join(all_.flags),
        groups=" | ".join(all_.groups),
        options=options,
        instruments=[f"{of}) instruments={_joined(listed)} ;;" for of, listed in _instruments(all_)],
        values=values,
        arguments=arguments,
    )


def zsh(all_: Program) -> str:
    """The function for zsh's completion system, descriptions included."""
    specs_of: dict[str, set[str]] = {}
    for leaf in all_.leaves:
        for option in leaf.options:
            specs_of.setdefault(option.name, set()).add(_zsh_option(option))
    specs: dict[str, str] = {}
    commands: list[str] = []
    for leaf in all_.leaves:
        used = []
        for option in leaf.options:
            name = option.name if len(specs_of[option.name]) == 1 else f"{option.name}_of_{_identifier(leaf.words)}"
            specs[f"o_{name}"] = _zsh_option(option)
            used.append(f"$o_{name}")
        used += [
            _quoted(f"{'*' if one.many else place}:{_zsh(one.metavar)}:{_zsh_action(one)}")
            for place, one in enumerate(leaf.arguments, 1)
        ]
        fields = f" fields=({' '.join(leaf.fields)})" if leaf.fields else ""
        commands.append(f"{_quoted(leaf.words)}) specs=({' '.join(used)}){fields} ;;")
    choices: list[str] = []
    for before, inner in all_.choices.items():
        described = (f"    {_quoted(f'{name}:{_zsh(brief(help_))}')}" for name, help_ in inner.items())
        choices += [f"{_quoted(before)}) commands=(", *described, ") ;;"]
    return filled(
        "_perpcalc.in",
        notice=NOTICE,
        venues=[_quoted(f"{name}:{title}") for name, title in all_.venues.items()],
        instruments=[f"{of}) instruments=({' '.join(listed)}) ;;" for of, listed in _instruments(all_)],
        names=" ".join(specs),
        specs=[f"{name}=({spec})" for name, spec in specs.items()],
        commands=commands,
        choices=choices,
        groups="|".join(all_.groups),
    )


def fish(all_: Program) -> str:
    """The script for fish, descriptions included."""
    no_command = '""'
    lines = [
        f"complete -c perpcalc -n '__perpcalc_at {before or no_command}' -a {name} -d {_fish(brief(help_))}"
        for before, inner in all_.choices.items()
        for name, help_ in inner.items()
    ]
    where: dict[str, list[str]] = {}
    for leaf in all_.leaves:
        for option in leaf.options:
            what = offer(option)
            value = "" if option.flag else f" -{'r' if what.kind == FILE else 'x'} {_fish_offer(what)}".rstrip()
            short = f"-s {option.short} " if option.short else ""
            spec = f"{short}-l {spellings(option)[-1][2:]}{value} -d {_fish(option.help)}"
            where.setdefault(spec, []).append(leaf.words)
    for leaf, _, what in _arguments(all_):
        where.setdefault(_fish_offer(what), []).append(leaf.words)
    for spec, commands in where.items():
        at = " ".join(words.replace(" ", "_") for words in commands)
        lines.append(f"complete -c perpcalc -n '__perpcalc_at {at}' {spec}")
    fields = [
        f"__perpcalc_at {leaf.words.replace(' ', '_')}; and string split ' ' -- {_fish(' '.join(leaf.fields))}"
        for leaf in all_.leaves
        if leaf.fields
    ]
    instruments: list[str] = []
    for of, listed in _instruments(all_):
        instruments += [f"case {_fish(of)}", f"    string split ' ' -- {_fish(' '.join(listed))}"]
    described = [f"{name} {_fish(title)}" for name, title in all_.venues.items()]
    return filled(
        "perpcalc.fish.in",
        notice=NOTICE,
        groups=" ".join(all_.groups),
        venues=[f"{line} \\" for line in described[:-1]] + described[-1:],
        instruments=instruments,
        fields=fields,
        completions=lines,
    )


def powershell(all_: Program) -> str:
    """The script for PowerShell."""
    options = [
        f"{_ps(before)} = {_ps_list([*inner, *HELP, *(() if before else ('--version',))])}"
        for before, inner in all_.choices.items()
    ]
    options += [f"{_ps(leaf.words)} = {_ps_list(_written(leaf))}" for leaf in all_.leaves]
    values = [
        f"{_ps(f'{command} {name}')} = {_ps_offer(what)}"
        for what, where in offers(all_.leaves).items()
        for command, option in where
        for name in spellings(option)
    ]
    return filled(
        "perpcalc.ps1.in",
        notice=NOTICE,
        venues=_ps_list(all_.venues),
        instruments=[f"{_ps(name)} = {_ps_list(listed)}" for name, listed in all_.instruments.items()],
        options=options,
        values=values,
        arguments=[f"{_ps(f'{leaf.words} {place}')} = {_ps_offer(what)}" for leaf, place, what in _arguments(all_)],
        fields=[f"{_ps(leaf.words)} = {_ps_list(leaf.fields)}" for leaf in all_.leaves if leaf.fields],
        flags=_ps_list(all_.flags),
        groups=_ps_list(all_.groups),
    )


def _written(leaf: Leaf) -> list[str]:
    """All that may follow a command with a dash."""
    return [*(name for option in leaf.options for name in spellings(option)), *HELP]


def _arguments(all_: Program) -> list[tuple[Leaf, int, Offer]]:
    """What is offered for the arguments of a command, by their places."""
    found = ((leaf, place, offer(one)) for leaf in all_.leaves for place, one in enumerate(leaf.arguments))
    return [(leaf, place, what) for leaf, place, what in found if what != Offer()]


def _instruments(all_: Program) -> list[tuple[str, Iterable[str]]]:
    """The instruments by venue, and under * those of all."""
    return [*all_.instruments.items(), ("*", all_.every_instrument)]


def _bash_offer(what: Offer) -> str:
    known = {FILE: "files=yes", VENUE: "values=$venues", INSTRUMENT: "values=$instruments"}
    return f"values={_joined(what.words)}" if what.words else known.get(what.kind, "")


def _fish_offer(what: Offer) -> str:
    if what.kind == FILE:
        return "-F"
    return f"-a {_fish(' '.join(what.words) or f'(__perpcalc_{what.kind}s)')}" if what != Offer() else ""


def _ps_offer(what: Offer) -> str:
    return _ps(what.kind) if what.kind else _ps_list(what.words)


def _zsh_option(option: Option[object]) -> str:
    written, value = spellings(option), ""
    if not option.flag:
        written = [name + ("=" if name.startswith("--") else "+") for name in written]
        value = f":{_zsh(option.metavar)}:{_zsh_action(option)}"
    exclusive = "*" if option.many else f"({' '.join(spellings(option))})"
    body = f"[{_zsh(option.help)}]{value}"
    if len(written) == 1:
        return _quoted(f"{exclusive if option.many else ''}{written[0]}{body}")
    return f"{_quoted(exclusive)}{{{','.join(written)}}}{_quoted(body)}"


def _zsh_action(option: Option[object]) -> str:
    what = offer(option)
    if what.kind == FILE:
        return "_files"
    return f"({' '.join(what.words)})" if what.words else f"__perpcalc_{what.kind}s" if what.kind else " "


def _identifier(words: str) -> str:
    return words.replace(" ", "_").replace("-", "_")


def _joined(words: Iterable[str]) -> str:
    return _quoted(" ".join(words))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _zsh(text: str) -> str:
    for character in "\\[]:":
        text = text.replace(character, "\\" + character)
    return text


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _ps(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _ps_list(words: Iterable[str]) -> str:
    return "@(" + ", ".join(_ps(word) for word in words) + ")"
