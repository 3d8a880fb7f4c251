"""Writes the completions of four shells and the man page from the program's own option tables.

Run `python completions/generate.py` after a command, an option or a venue has changed; a test compares. What is written here
is static: pressing TAB starts no Python.
"""

import tomllib
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from perpcalc.cli.command import Command, Group
from perpcalc.cli.options import OUTPUT, POSITION, Option

from perpcalc.cli.app import COMMANDS
from perpcalc.venues import HERE as VENUE_FILES

HERE = Path(__file__).parent
NOTICE = "Written by completions/generate.py from the program's option tables: change those and run it again."
FEES = ("maker", "taker")
TOP_FLAGS = (("-h --help", "Show this message and exit."), ("--version", "Show the version and exit."))
HELP = "Show this message and exit."


class Leaf(NamedTuple):
    """A command as it is typed, in one word or two, and the fields it prints."""

    words: str
    command: Command
    fields: tuple[str, ...]

    @property
    def options(self) -> list[Option]:
        """What is written with a dash."""
        return [option for option in self.command.options if not option.argument]

    @property
    def arguments(self) -> list[Option]:
        """What is written without."""
        return [option for option in self.command.options if option.argument]


class Program(NamedTuple):
    """All that can be typed: top-level commands with their help, the groups among them, the commands, the venues."""

    tops: Mapping[str, str]
    groups: Mapping[str, Group]
    leaves: tuple[Leaf, ...]
    venues: Mapping[str, str]
    instruments: Mapping[str, tuple[str, ...]]


def program() -> Program:
    """The program as its modules and venue files describe it."""
    tops: dict[str, str] = {}
    groups: dict[str, Group] = {}
    leaves: list[Leaf] = []
    for name in COMMANDS:
        module = import_module("perpcalc.cli." + name.replace("-", "_"))
        fields = tuple(getattr(module, "KINDS", ()))
        if hasattr(module, "GROUP"):
            groups[name] = module.GROUP
            tops[name] = module.GROUP.help
            leaves.extend(Leaf(f"{name} {command.name}", command, fields) for command in module.GROUP.commands)
        else:
            tops[name] = module.COMMAND.help
            leaves.append(Leaf(name, module.COMMAND, fields))
    tables = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted(Path(VENUE_FILES).glob("*.toml"))}
    return Program(
        tops,
        groups,
        tuple(leaves),
        {name: table["title"] for name, table in tables.items()},
        {name: tuple(table["instruments"]) for name, table in tables.items()},
    )


def names(option: Option) -> list[str]:
    """How an option is written: the short name first."""
    return [*([f"-{option.short}"] if option.short else []), option.flag]


def words_of(option: Option, leaf: Leaf) -> tuple[str, ...]:
    """The values that an option can only, or most likely, have."""
    if option.choices:
        return option.choices
    if option.name == "field":
        return leaf.fields
    return FEES if option.metavar == "FEE" else ()


def brief(text: str) -> str:
    """The first part of a help text, which fits beside a candidate."""
    for end in (". ", ": ", "; "):
        text = text.partition(end)[0]
    return text.removesuffix(".")


def bash(all_: Program) -> str:
    """The script for bash 3.2 and later; it needs no library."""
    lines = [
        f"# Completion of perpcalc for bash. {NOTICE}",
        "",
        "_perpcalc() {",
        "    local line=${COMP_LINE:0:COMP_POINT} command= option= venue= words=() word previous= current i",
        "    local options= values= files=",
        f"    local venues={_quoted(' '.join(all_.venues))} instruments",
        "    # Words as the user sees them: readline would split them at = and @ too.",
        '    read -ra words <<<"$line"',
        "    [[ $line == *[[:space:]] ]] && words+=('')",
        "    for ((i = 1; i < ${#words[@]} - 1; i++)); do",
        "        word=${words[i]}",
        "        case $previous in -v | --venue) venue=$word ;; esac",
        "        case $word in",
        "            --venue=*) venue=${word#*=} ;;",
        "            -*) ;;",
        f"            *) case $command in '') command=$word ;; {' | '.join(all_.groups)}) command+=\" $word\" ;; esac ;;",
        "        esac",
        "        previous=$word",
        "    done",
        "    current=${words[${#words[@]} - 1]}",
        "    case $current in",
        "        --*=*) option=${current%%=*} current=${current#*=} ;;",
        "        *) option=$previous ;;",
        "    esac",
        "    case ${venue%%@*} in",
        *(f"        {name}) instruments={_quoted(' '.join(listed))} ;;" for name, listed in all_.instruments.items()),
        f"        *) instruments={_quoted(' '.join(_every_instrument(all_)))} ;;",
        "    esac",
        "    case $command in",
        f"        '') option= values={_quoted(' '.join(all_.tops))} options='-h --help --version' ;;",
    ]
    for name, group in all_.groups.items():
        subcommands = " ".join(command.name for command in group.commands)
        lines.append(f"        {name}) option= values={_quoted(subcommands)} options='-h --help' ;;")
    for leaf in all_.leaves:
        flags = " ".join(word for option in leaf.options for word in names(option))
        lines += [f"        {_quoted(leaf.words)})", f"            options={_quoted(f'{flags} -h --help'.strip())}"]
        lines += ["            case $option in"]
        unknown: list[str] = []
        for option in leaf.options:
            if option.parse is None:
                continue
            offered = {
                "file": "files=yes",
                "venue": "values=$venues",
                "instrument": "values=$instruments",
            }.get(option.complete)
            if words := words_of(option, leaf):
                offered = f"values={_quoted(' '.join(words))}"
            if offered is None:
                unknown += names(option)
            else:
                lines.append(f"                {' | '.join(names(option))}) {offered} ;;")
        if unknown:
            lines.append(f"                {' | '.join(unknown)}) ;;")
        argument = {"file": " files=yes", "venue": " values=$venues"}
        offered_here = "".join(argument.get(one.complete, "") for one in leaf.arguments[:1])
        lines += [f"                *) option={offered_here} ;;", "            esac ;;"]
    lines += [
        "    esac",
        "    if [[ -z $option && ( $current == -* || -z $values$files ) ]]; then",
        "        # Short names only where a dash asks for them.",
        '        COMPREPLY=($(compgen -W "$options" -- "${current:---}"))',
        "    elif [[ $files ]]; then",
        "        # Without an answer readline completes file names itself, with all their quoting.",
        "        COMPREPLY=()",
        '        compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "$current"))',
        "    else",
        '        COMPREPLY=($(compgen -W "$values" -- "$current"))',
        "    fi",
        "}",
        "",
        "complete -F _perpcalc perpcalc",
    ]
    return _text(lines)


def zsh(all_: Program) -> str:
    """The function for zsh's completion system, descriptions included."""
    lines = [
        "#compdef perpcalc",
        f"# Completion of perpcalc for zsh. {NOTICE}",
        "",
        "__perpcalc_venues() {",
        "    local -a venues",
        f"    venues=({' '.join(_quoted(f'{name}:{title}') for name, title in all_.venues.items())})",
        "    _describe -t venues venue venues",
        "}",
        "",
        "__perpcalc_instruments() {",
        "    local venue= i",
        "    for ((i = 2; i < CURRENT; i++)); do",
        "        case $words[i] in",
        "            -v|--venue) venue=$words[i+1] ;;",
        "            --venue=*) venue=${words[i]#*=} ;;",
        "        esac",
        "    done",
        "    local -a instruments",
        "    case ${venue%%@*} in",
        *(f"        {name}) instruments=({' '.join(listed)}) ;;" for name, listed in all_.instruments.items()),
        f"        *) instruments=({' '.join(_every_instrument(all_))}) ;;",
        "    esac",
        "    _describe -t instruments instrument instruments",
        "}",
        "",
    ]
    for leaf in all_.leaves:
        lines += [f"{_function(leaf.words)}() {{", "    _arguments -S \\"]
        specs = [_zsh_option(option, leaf) for option in leaf.options]
        specs += [f"{number}:{one.metavar}:{_zsh_action(one, leaf)}" for number, one in enumerate(leaf.arguments, 1)]
        lines += [
            f"        {spec if spec.startswith('{') else _quoted(spec) if not spec.startswith(chr(39)) else spec} \\"
            for spec in specs
        ]
        lines += [f"        '(- *)'{{-h,--help}}{_quoted(f'[{HELP}]')}", "}", ""]
    for name, group in all_.groups.items():
        lines += _zsh_choice(
            _function(name), f"{name} command", {one.name: one.help for one in group.commands}, f"{name} ", ()
        )
    lines += _zsh_choice("_perpcalc", "command", all_.tops, "", ("'--version[Show the version and exit.]'",))
    lines.append('_perpcalc "$@"')
    return _text(lines)


def fish(all_: Program) -> str:
    """The script for fish, descriptions included."""
    lines = [
        f"# Completion of perpcalc for fish. {NOTICE}",
        "",
        "function __perpcalc_at --description 'Whether the words before the cursor are of this command, or of none'",
        "    set -l found",
        "    for word in (commandline -opc)[2..-1]",
        "        string match -q -- '-*' $word; and continue",
        "        set -a found $word",
        f"        contains -- $found[1] {' '.join(all_.groups)}; and test (count $found) -eq 1; or break",
        "    end",
        '    test "$found" = "$argv"',
        "end",
        "",
        "function __perpcalc_instruments --description 'The instruments of the venue on the line'",
        "    set -l venue",
        "    set -l previous",
        "    for word in (commandline -opc)",
        '        contains -- "$previous" -v --venue; and set venue $word',
        "        string match -q -- '--venue=*' $word; and set venue (string replace -- --venue= '' $word)",
        "        set previous $word",
        "    end",
        "    switch (string replace -r '@.*' '' -- \"$venue\")",
    ]
    for name, listed in all_.instruments.items():
        lines += [f"        case {name}", f"            string split ' ' -- {_fish(' '.join(listed))}"]
    lines += [
        "        case '*'",
        f"            string split ' ' -- {_fish(' '.join(_every_instrument(all_)))}",
        "    end",
        "end",
        "",
        "complete -c perpcalc -f",
        f"complete -c perpcalc -s h -l help -d {_fish(HELP)}",
        "complete -c perpcalc -n __perpcalc_at -l version -d 'Show the version and exit.'",
    ]
    for name, help_ in all_.tops.items():
        lines.append(f"complete -c perpcalc -n __perpcalc_at -a {name} -d {_fish(brief(help_))}")
    for name, group in all_.groups.items():
        for command in group.commands:
            lines.append(
                f"complete -c perpcalc -n '__perpcalc_at {name}' -a {command.name} -d {_fish(brief(command.help))}"
            )
    venues = _fish(" ".join(f"{name}\\t{_fish_inner(title)}" for name, title in all_.venues.items()))
    for leaf in all_.leaves:
        lines.append("")
        at = f"complete -c perpcalc -n '__perpcalc_at {leaf.words}'"
        for one in leaf.arguments[:1]:
            if one.complete == "file":
                lines.append(f"{at} -F")
            elif one.complete == "venue":
                lines.append(f"{at} -a {venues}")
        for option in leaf.options:
            short = f" -s {option.short}" if option.short else ""
            value = ""
            if option.parse is not None:
                known = {
                    "file": " -r -F",
                    "venue": f" -x -a {venues}",
                    "instrument": " -x -a '(__perpcalc_instruments)'",
                }
                words = words_of(option, leaf)
                value = f" -x -a {_fish(' '.join(words))}" if words else known.get(option.complete, " -x")
            lines.append(f"{at}{short} -l {option.flag[2:]}{value} -d {_fish(option.help)}")
    return _text(lines)


def powershell(all_: Program) -> str:
    """The script to dot-source from a PowerShell profile."""
    lines = [
        f"# Completion of perpcalc for PowerShell. {NOTICE}",
        "",
        "Register-ArgumentCompleter -Native -CommandName perpcalc -ScriptBlock {",
        "    param($wordToComplete, $commandAst, $cursorPosition)",
        f"    $venues = {_ps_list(all_.venues)}",
        "    $instruments = @{",
        *(f"        {_ps(name)} = {_ps_list(listed)}" for name, listed in all_.instruments.items()),
        "    }",
        "    # What follows each command: subcommands and options, then the values of an option.",
        "    $words = @{",
        f"        '' = {_ps_list([*all_.tops, '-h', '--help', '--version'])}",
    ]
    for name, group in all_.groups.items():
        lines.append(f"        {_ps(name)} = {_ps_list([*(one.name for one in group.commands), '-h', '--help'])}")
    for leaf in all_.leaves:
        flags = [word for option in leaf.options for word in names(option)]
        lines.append(f"        {_ps(leaf.words)} = {_ps_list([*flags, '-h', '--help'])}")
    lines += ["    }", "    $values = @{"]
    for leaf in all_.leaves:
        for option in leaf.options:
            if option.parse is None:
                continue
            offered = _ps_list(words_of(option, leaf))
            if option.complete in ("venue", "instrument", "file"):
                offered = _ps(option.complete)
            lines += [f"        {_ps(f'{leaf.words} {name}')} = {offered}" for name in names(option)]
        for one in leaf.arguments[:1]:
            if one.complete in ("venue", "file"):
                lines.append(f"        {_ps(f'{leaf.words} ')} = {_ps(one.complete)}")
    lines += [
        "    }",
        "    $typed = @($commandAst.CommandElements | Select-Object -Skip 1 |",
        "        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })",
        "    $command = ''",
        "    $venue = ''",
        "    $previous = ''",
        "    foreach ($word in $typed) {",
        "        if ($previous -cin '-v', '--venue') { $venue = $word }",
        "        if ($word -like '--venue=*') { $venue = $word.Substring(8) }",
        f"        if ($word -notlike '-*' -and ($command -eq '' -or $command -cin {_ps_list(all_.groups)})) {{",
        '            $command = "$command $word".Trim()',
        "        }",
        "        $previous = $word",
        "    }",
        "    $venue = $venue.Split('@')[0]",
        "    $start = ''",
        "    $option = $previous",
        "    if ($wordToComplete -like '--*=*') {",
        "        $option, $wordToComplete = $wordToComplete.Split('=', 2)",
        '        $start = "$option="',
        "    }",
        '    $key = if ($values.Keys -ccontains "$command $option") { "$command $option" }',
        "        elseif ($wordToComplete -notlike '-*') { \"$command \" } else { $null }",
        "    $offered = if ($null -ne $key -and $values.ContainsKey($key)) { $values[$key] } else { $words[$command] }",
        "    if (\"$offered\" -ceq 'file') { return }  # PowerShell completes file names itself",
        "    if (\"$offered\" -ceq 'venue') { $offered = $venues }",
        "    if (\"$offered\" -ceq 'instrument') {",
        "        $offered = if ($instruments.ContainsKey($venue)) { $instruments[$venue] }",
        "            else { $instruments.Values | ForEach-Object { $_ } | Sort-Object -Unique }",
        "    }",
        '    $offered | Where-Object { $_ -clike "$wordToComplete*" } | ForEach-Object {',
        "        [System.Management.Automation.CompletionResult]::new(\"$start$_\", $_, 'ParameterValue', $_)",
        "    }",
        "}",
    ]
    return _text(lines)


def man(all_: Program) -> str:
    """The man page, in the macros that man knows."""
    version = tomllib.loads((HERE.parent / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    lines = [
        f'.\\" {NOTICE}',
        f'.TH PERPCALC 1 "" "perpcalc {version}" "User Commands"',
        ".SH NAME",
        "perpcalc \\- position risk of inverse (coin\\-margined) perpetual contracts",
        ".SH SYNOPSIS",
        ".B perpcalc",
        ".I COMMAND",
        "[\\fIOPTION\\fR]...",
        ".br",
        ".B perpcalc",
        "[\\fB\\-\\-help\\fR | \\fB\\-\\-version\\fR]",
        ".SH DESCRIPTION",
        "Answers for positions in contracts that are quoted in USD and settled in the coin: profit and loss, liquidation prices,",
        "the cost of funding, position sizes, stress and limits.",
        "It works offline, in exact decimal arithmetic, and with \\fB\\-\\-venue\\fR rounds as that venue does.",
        "A price that does not exist is printed as",
        ".IR never ,",
        "in JSON as",
        ".IR null .",
        ".SH COMMANDS",
    ]
    for leaf in all_.leaves:
        own = [option for option in leaf.options if not _shared(option, leaf)]
        lines += [f".SS perpcalc {_man(leaf.words)}{''.join(f' {_man(one.metavar)}' for one in leaf.arguments)}"]
        lines += [_man(leaf.command.help)]
        for option in [*leaf.arguments, *own]:
            lines += _man_option(option)
        also = [title for title, group in GROUPS.items() if set(group) <= set(leaf.options)]
        if also:
            lines += [".PP", f"Also: the {' and the '.join(also)}."]
    for title, group in GROUPS.items():
        lines.append(f".SH {title.upper()}")
        for option in group:
            lines += _man_option(option)
    lines += [
        ".SH NUMBERS",
        "A number has an optional sign, up to 15 digits, a point and up to 18 digits; underscores may stand between digits.",
        "\\fBk\\fR, \\fBm\\fR and \\fBb\\fR stand for thousands, millions and billions on contracts, USD and coin amounts, as in 10k.",
        "Rates take \\fB%\\fR or \\fBbp\\fR; a bare rate of 1 or more is refused.",
        "A duration is a number and one of \\fBm\\fR, \\fBh\\fR, \\fBd\\fR and \\fBw\\fR.",
        ".SH EXIT STATUS",
        ".TP",
        ".B 0",
        "The answer was given.",
        ".TP",
        ".B 1",
        "The answer is no: a limit is broken (only \\fBcheck\\fR).",
        ".TP",
        ".B 2",
        "It could not be answered: an error in one line on standard error says why.",
        ".TP",
        ".B 130",
        "Interrupted.",
        ".SH ENVIRONMENT",
        "Each fills an option that is absent and never conflicts with one that is given.",
    ]
    variables = {option.env: option for leaf in all_.leaves for option in leaf.options if option.env}
    for variable, option in sorted(variables.items()):
        lines += [".TP", f".B {variable}", f"{_man(option.flag)}: {_man(option.help)}"]
    lines += [
        ".TP",
        ".B NO_COLOR, FORCE_COLOR, COLUMNS",
        "No colour, colour although the output is no terminal, and the width of tables.",
        ".SH FILES",
        ".TP",
        ".I $XDG_CONFIG_HOME/perpcalc/venues/NAME.toml",
        "A venue of your own, or in place of the one that came with the program; ~/.config where the variable is not set.",
        ".SH EXAMPLES",
    ]
    for leaf in all_.leaves:
        lines += [".PP", ".nf", ".RS", _man(leaf.command.example), ".RE", ".fi"]
    return _text(lines)


GROUPS = {"position options": POSITION, "output options": OUTPUT}


def _shared(option: Option, leaf: Leaf) -> bool:
    return any(option in group and set(group) <= set(leaf.options) for group in GROUPS.values())


def _man_option(option: Option) -> list[str]:
    if option.argument:
        return [".TP", f".I {_man(option.metavar)}", _man(option.help)]
    value = "" if option.parse is None else f" \\fI{_man(option.metavar)}\\fR"
    written = ", ".join(f"\\fB{_man(name)}\\fR" for name in names(option))
    return [".TP", written + value, _man(option.help)]


def _man(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text[:1] in (".", "'") else text


def _zsh_option(option: Option, leaf: Leaf) -> str:
    written = names(option)
    value = ""
    if option.parse is not None:
        written = [name + ("=" if name.startswith("--") else "+") for name in written]
        value = f":{option.metavar.replace(':', ' ')}:{_zsh_action(option, leaf)}"
    body = f"[{_zsh(option.help)}]{value}"
    exclusive = "*" if option.many else f"({' '.join(names(option))})"
    if len(written) == 1:
        return _quoted(f"{exclusive if option.many else ''}{written[0]}{body}")
    return f"{_quoted(exclusive)}{{{','.join(written)}}}{_quoted(body)}"


def _zsh_action(option: Option, leaf: Leaf) -> str:
    if words := words_of(option, leaf):
        return f"({' '.join(words)})"
    return {"file": "_files", "venue": "__perpcalc_venues", "instrument": "__perpcalc_instruments"}.get(
        option.complete, " "
    )


def _zsh_choice(function: str, label: str, help_of: Mapping[str, str], before: str, more: Iterable[str]) -> list[str]:
    """A function that completes the first word from a list, and hands what follows to that word's function."""
    described = (_quoted(f"{name}:{_zsh(brief(help_))}") for name, help_ in help_of.items())
    return [
        f"{function}() {{",
        "    local curcontext=$curcontext state line ret=1",
        "    local -a commands",
        "    _arguments -C \\",
        *(f"        {spec} \\" for spec in more),
        f"        '(- *)'{{-h,--help}}{_quoted(f'[{HELP}]')} \\",
        "        '1: :->command' '*:: :->arguments' && ret=0",
        "    case $state in",
        "        command)",
        "            commands=(",
        *(f"                {one}" for one in described),
        "            )",
        f"            _describe -t commands {_quoted(label)} commands && ret=0 ;;",
        "        arguments)",
        "            case $words[1] in",
        *(f"                {name}) {_function(before + name)} && ret=0 ;;" for name in help_of),
        "            esac ;;",
        "    esac",
        "    return ret",
        "}",
        "",
    ]


def _function(words: str) -> str:
    return "_perpcalc_" + words.replace(" ", "_").replace("-", "_")


def _every_instrument(all_: Program) -> list[str]:
    return sorted({name for listed in all_.instruments.values() for name in listed})


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _zsh(text: str) -> str:
    for character in "\\[]:":
        text = text.replace(character, "\\" + character)
    return text


def _fish(text: str) -> str:
    return "'" + text.replace("'", "\\'") + "'"


def _fish_inner(text: str) -> str:
    return text.replace(" ", "\\ ")


def _ps(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _ps_list(words: Iterable[str]) -> str:
    return "@(" + ", ".join(_ps(word) for word in words) + ")"


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def files() -> dict[str, str]:
    """What belongs into this folder, by file name."""
    everything = program()
    return {
        "perpcalc.bash": bash(everything),
        "_perpcalc": zsh(everything),
        "perpcalc.fish": fish(everything),
        "perpcalc.ps1": powershell(everything),
        "perpcalc.1": man(everything),
    }


if __name__ == "__main__":
    for file_name, content in files().items():
        (HERE / file_name).write_text(content, "utf-8")
