"""`perpcalc venues`: what is known of the venues, since when, from where and how surely; and adding to it."""

import os
import sys
from collections.abc import Iterator, Mapping

from perpcalc.cli.door import Action, ActionGroup, check_output, output_format, show
from perpcalc.commands.command import ROWS, Command
from perpcalc.commands.known import PROVENANCE, ListedVenue, facts_of, listed, rules_of, value_text
from perpcalc.errors import PerpcalcError, printable
from perpcalc.files import read
from perpcalc.given import Given, one, switch
from perpcalc.grammar import day, label, path
from perpcalc.options import FIELD, LEVERAGE, PRINTED
from perpcalc.render.text import paragraph, tell
from perpcalc.saving import write_whole
from perpcalc.venues import Venue, load, today
from perpcalc.venues.keys import Rule

NAME = one("name", str, "NAME", "A venue, as `perpcalc venues list` names it.", complete="venue", argument=True)
DATED = NAME._replace(metavar="NAME[@DATE]")
FILE = one("file", path, "FILE", "A venue file of one's own.", complete="file", argument=True)
ANSWER = FILE._replace(help="The venue's public answer; - reads stdin.")
TOML = switch("toml", "Print the venue's file itself: an example for one of one's own.")
INSTRUMENT = one("instrument", label, "NAME", "Only this contract.", "i", complete="instrument")
DATE = one("date", day, "DATE", "The day from which it holds; the answer's own time, else today in UTC, by default.")


def show_venue(given: Given) -> int:
    """Print a venue's rules, or its file."""
    if TOML in given:
        for option in given.written(PRINTED):
            raise PerpcalcError(("excludes ", option.key), "give one of them").at(TOML.key)
    check_output(given)
    name, at, date = (given[DATED] or "").partition("@")
    venue = load(name)
    if TOML in given:
        text = read(venue.path).raw.decode()
        sys.stdout.write("\n".join(map(printable, text.split("\n"))) if sys.stdout.isatty() else text)
    elif FIELD not in given and output_format(given) == "table":
        sys.stdout.write("".join(f"{line}\n" for line in described(venue, day(date) if at else "")))
    else:
        return show(facts_of(venue, day(date) if at else ""), given)
    return 0


def described(venue: Venue, date: str) -> Iterator[str]:
    """The lines that tell people of a venue, rule by rule."""
    tables = venue.tables
    yield f"{venue.name}: {printable(tables['title'])}"
    yield f"last known to hold on {tables['known_until']}; by default {tables['default']}"
    if venue.own:
        yield paragraph(f"with rules of your own from {venue.path}")
    if tables.get("hedge_mode"):
        yield "long and short of one contract may be held side by side (hedge mode)"
    for change in tables.get("changes", ()):
        yield paragraph(f"since {change['date']}: {change['text']}")
    for what, url in tables.get("urls", {}).items():
        yield paragraph(f"to refresh its {what}: curl -s '{url}' | perpcalc venues import {venue.name} -")
    for instrument, topic, rule, own in rules_of(venue, date):
        yield from _rule_lines(topic if instrument is None else f"{instrument} {topic}", rule, own)


def _rule_lines(where: str, rule: Rule, own: bool) -> Iterator[str]:
    yours = ", your own" if own else ""
    yield f"\n{printable(where)} from {rule['from']} ({rule['confidence']}{yours})"
    values = {key: value for key, value in rule.items() if key not in PROVENANCE}
    tiers: list[str] = []
    if "limits" in values and "rates" in values:
        limits, rates = values.pop("limits"), values.pop("rates")
        more = {}
        for key, word in (("initial_rates", "initial"), ("leverages", "leverage")):
            if len(values.get(key, ())) == len(rates):
                more[word] = values.pop(key)
        tiers = _tiers(limits, rates, more)
    width = max(map(len, values), default=0)
    for key, value in values.items():
        yield f"  {key.replace('_', ' '):{width}}  {printable(value_text(value))}"
    yield from tiers
    for key in ("source", "note"):
        if key in rule:
            yield paragraph(f"{key}: {rule[key]}", "  ")


def _tiers(limits: list[str], rates: list[str], more: Mapping[str, list[str]]) -> list[str]:
    """The tiers of a margin table, one per line, with `more` that is said of each."""
    ends = [*(f"up to {limit}" for limit in limits), "above"]
    width = max(map(len, ends))
    lines = []
    for number, rate in enumerate(rates, 1):
        said = "".join(f"  {word} {values[number - 1]}" for word, values in more.items())
        lines.append(f"  tier {number:2}  {ends[number - 1]:{width}}  maintenance {rate}{said}")
    return lines


def validate_file(given: Given) -> int:
    """Nothing, where a venue file follows the format; raises PerpcalcError for the first thing that does not."""
    from perpcalc.venues.schema import read_file

    where = given[FILE] or ""
    if not os.path.isfile(where):
        there = os.path.exists(where)
        what, remedy = ("is not a regular file", "give one") if there else ("no such file", "give the path of one")
        raise PerpcalcError(what, remedy).at(where)
    read_file(where)
    return 0


def import_answer(given: Given) -> int:
    """Write the dated rules in a venue's public answer into the user's own file of the venue."""
    from perpcalc.readers.venue_answers import read_answer, with_answer
    from perpcalc.venues import own_path

    source = read(given[ANSWER] or "")
    venue, day_now = load(given[NAME] or ""), today()
    where = own_path(venue)
    try:
        found = read_answer(source.raw, venue, day_now, given[INSTRUMENT], given[DATE], given[LEVERAGE])
    except PerpcalcError as error:
        raise error.at(source.where) from None
    old = read(where, own_stdin=False).raw if os.path.exists(where) else None
    new = with_answer(found, venue, old, day_now)
    os.makedirs(os.path.dirname(where), exist_ok=True)
    write_whole(where, new)
    for note in found.notes:
        tell(note)
    contracts = sorted({fact.instrument or "all contracts" for fact in found.facts})
    few = ", ".join(contracts[:3]) + (f" and {len(contracts) - 3} more" if len(contracts) > 3 else "")
    tell(f"{where}: rules of {few} from {found.date} were written")
    return 0


GROUP = ActionGroup(
    "venues",
    "What is known of the venues: dated rules with their sources and how sure they are.",
    (
        Command(
            "list",
            "The venues that --venue knows, with their contracts and the day until which their rules were last known to"
            " hold.",
            ("perpcalc venues list", "perpcalc venues list --field name,known_until"),
            PRINTED,
            ListedVenue,
            listed,
            shape=ROWS,
        ),
        Action(
            "show",
            "Every dated rule of a venue with its source and confidence, or those of a day; or the file it is"
            " written in.",
            ("perpcalc venues show bybit", "perpcalc venues show bybit@2024-06-01 --json"),
            (DATED, TOML, *PRINTED),
            show_venue,
        ),
        Action(
            "validate",
            "Check a venue file of one's own; prints nothing where it is right.",
            (
                "perpcalc venues show bybit --toml > my.toml && perpcalc venues validate my.toml",
                "perpcalc venues validate ~/.config/perpcalc/venues/okx.toml",
            ),
            (FILE,),
            validate_file,
        ),
        Action(
            "import",
            "Write what a venue's public endpoint answers (position tiers, risk limits, contracts, funding) as dated"
            " rules into your own file of it.",
            (
                (
                    "curl -s"
                    " 'https://www.okx.com/api/v5/public/position-tiers?instType=SWAP&tdMode=cross&instFamily=ETH-USD'"
                    " | perpcalc venues import okx -"
                ),
                "perpcalc venues import binance leverage-brackets.json --date 2026-03-01",
            ),
            (
                NAME,
                ANSWER,
                INSTRUMENT,
                DATE,
                LEVERAGE._replace(help="Where tiers depend on it (HTX).", group="This command"),
            ),
            import_answer,
        ),
    ),
)
