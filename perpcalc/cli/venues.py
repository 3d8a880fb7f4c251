"""`perpcalc venues`: what is known of the venues, since when, from where and how surely."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from perpcalc.cli.command import Command, Group, check_output, output_format
from perpcalc.cli.options import EXPLAIN, OUTPUT, Given, Option
from perpcalc.errors import PerpcalcError
from perpcalc.render import show
from perpcalc.render.report import Report, Row
from perpcalc.render.text import paragraph, printable
from perpcalc.venues import Venue, dated_rules, load, names

NAME = Option("name", str, "NAME", "A venue, as `perpcalc venues list` names it.", complete="venue", argument=True)
FILE = Option("file", str, "FILE", "A venue file of one's own.", complete="file", argument=True)
TOML = Option("toml", None, "", "Print the venue's file itself: an example for one of one's own.")
PRINTED = tuple(option for option in OUTPUT if option is not EXPLAIN)

LISTED = {"name": "text", "title": "text", "instruments": "words", "known_until": "text"}
RULES = dict.fromkeys(
    ("instrument", "topic", "from", "rule", "value", "confidence", "source", "note", "known_until"), "text"
)
PROVENANCE = ("from", "source", "confidence", "note")


def list_venues(given: Given) -> Report:
    """The venues, one per row."""
    rows = []
    for name in names():
        tables = load(name).tables
        rows.append(
            Row(
                {
                    "name": name,
                    "title": tables["title"],
                    "instruments": " ".join(tables["instruments"]),
                    "known_until": tables["known_until"],
                }
            )
        )
    return Report("Venues", LISTED, rows, one=False)


def show_venue(given: Given) -> int:
    """Print a venue's rules, or its file."""
    if given.toml:
        for option in PRINTED:
            if getattr(given, option.name) and option.name not in given.environment:
                raise PerpcalcError(f"excludes {option.flag}", "give one of them").at(TOML.flag)
    check_output(given)
    venue = load(given.name)
    if given.toml:
        sys.stdout.write(venue.path.read_text(encoding="utf-8"))
    elif given.field is None and output_format(given) == "table":
        sys.stdout.write("".join(f"{line}\n" for line in described(venue)))
    else:
        return show(rules_of(venue), output_format(given), given.field)
    return 0


def rules_of(venue: Venue) -> Report:
    """Every value of every dated rule, one per row."""
    rows = []
    for instrument, topic, rule, _ in dated_rules(venue):
        for key, value in rule.items():
            if key not in PROVENANCE:
                of_rule = {"from": rule["from"], "rule": key, "value": _value(value)}
                of_source = {name: rule.get(name) for name in ("confidence", "source", "note")}
                known = {"known_until": venue.tables["known_until"]}
                rows.append(Row({"instrument": instrument, "topic": topic, **of_rule, **of_source, **known}))
    return Report(venue.tables["title"], RULES, rows, one=False)


def described(venue: Venue) -> Iterator[str]:
    """The lines that tell people of a venue, rule by rule."""
    tables = venue.tables
    yield f"{venue.name}: {printable(tables['title'])}"
    yield f"last known to hold on {tables['known_until']}; by default {tables['default']}"
    if tables.get("hedge_mode"):
        yield "long and short of one contract may be held side by side (hedge mode)"
    for change in tables.get("changes", ()):
        yield paragraph(f"since {change['date']}: {change['text']}")
    for instrument, topic, rule, _ in dated_rules(venue):
        where = topic if instrument is None else f"{instrument} {topic}"
        yield f"\n{where} from {rule['from']} ({rule['confidence']})"
        values = {key: value for key, value in rule.items() if key not in PROVENANCE}
        if "limits" in values and "rates" in values:
            tiers = _tiers(values.pop("limits"), values.pop("rates"), values.pop("initial_rates", ()))
        else:
            tiers = []
        width = max(map(len, values), default=0)
        for key, value in values.items():
            yield f"  {key.replace('_', ' '):{width}}  {_value(value)}"
        yield from tiers
        for key in ("source", "note"):
            if key in rule:
                yield paragraph(f"{key}: {rule[key]}", "  ")


def validate_file(given: Given) -> int:
    """Nothing, where a venue file follows the format; raises PerpcalcError for the first thing that does not."""
    from perpcalc.venues.schema import read_file

    path = Path(given.file)
    try:
        if not path.is_file():
            raise PerpcalcError(
                "is not a regular file: give one" if path.exists() else "no such file: give the path of one"
            ).at(given.file)
        read_file(path)
    except OSError as error:
        raise PerpcalcError(f"{error.strerror}", "give a file that can be read").at(given.file) from None
    return 0


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(value) if isinstance(value, list) else printable(value)


def _tiers(limits: list[str], rates: list[str], initial_rates: list[str]) -> list[str]:
    """The tiers of a margin table, one per line."""
    ends = [*(f"up to {limit}" for limit in limits), "above"]
    width = max(map(len, ends))
    lines = []
    for number, rate in enumerate(rates, 1):
        initial = f"  initial {initial_rates[number - 1]}" if number <= len(initial_rates) else ""
        lines.append(f"  tier {number:2}  {ends[number - 1]:{width}}  maintenance {rate}{initial}")
    return lines


GROUP = Group(
    "venues",
    "What is known of the venues: dated rules with their sources and how sure they are.",
    (
        Command(
            "list",
            "The venues that --venue knows, with their contracts and the day until which their rules were last known to hold.",
            "perpcalc venues list",
            PRINTED,
            list_venues,
        ),
        Command(
            "show",
            "Every dated rule of a venue with its source and confidence; or the file it is written in.",
            "perpcalc venues show bybit",
            (NAME, TOML, *PRINTED),
            runs=show_venue,
        ),
        Command(
            "validate",
            "Check a venue file of one's own; prints nothing where it is right.",
            "perpcalc venues show bybit --toml > my.toml && perpcalc venues validate my.toml",
            (FILE,),
            runs=validate_file,
        ),
    ),
)
