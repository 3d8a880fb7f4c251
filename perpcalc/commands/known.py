"""What is known of the venues: each with its contracts, and every value of every dated rule with where it is from."""

from collections.abc import Iterator

from perpcalc.answer import Answer
from perpcalc.commands.command import Result, Row
from perpcalc.given import Given
from perpcalc.venues import Dated, Venue, dated_rules, load, names

PROVENANCE = ("from", "source", "confidence", "note")


class ListedVenue(Answer):
    """A venue that there is a file for."""

    title = "Venues"
    columns = ("name", "known_until", "contracts", "title", "own")

    name: str
    title_: str
    instruments: str
    known_until: str
    contracts: str
    own: bool


class Fact(Answer):
    """A value of a dated rule, and how sure it is."""

    title = "Rules"
    columns = ("topic", "rule", "value", "from", "instrument", "confidence", "own")

    instrument: str | None
    topic: str
    from_: str
    rule: str
    value: str
    confidence: str
    source: str
    note: str | None
    known_until: str
    own: bool


def listed(given: Given) -> Result:
    """The venues, one per row; `own` are those with a file of the user's."""
    rows = []
    for name in names():
        venue = load(name)
        contracts = list(venue.tables["instruments"])
        one = ListedVenue.knowing(
            name=name,
            title=venue.tables["title"],
            instruments=" ".join(contracts),
            known_until=venue.known_until,
            contracts=str(len(contracts)),
            own=bool(venue.own),
        )
        rows.append(Row(one))
    return Result(ListedVenue, rows)


def facts_of(venue: Venue, date: str = "") -> Result:
    """Every value of every dated rule, one per row; with a date those that held then."""
    rows = []
    for instrument, topic, rule, own in rules_of(venue, date):
        for key, value in rule.items():
            if key in PROVENANCE:
                continue
            provenance = {name: rule.get(name) for name in PROVENANCE}
            about = Fact.knowing(instrument=instrument, topic=topic, rule=key, value=value_text(value), **provenance)
            rows.append(Row(about._replace(known_until=venue.known_until, own=own)))
    return Result(Fact, rows)


def rules_of(venue: Venue, date: str = "") -> Iterator[Dated]:
    """The dated rules; with a date of each contract and topic the one that held then."""
    rules = list(dated_rules(venue))
    if not date:
        yield from rules
        return
    held: dict[tuple[str | None, str], Dated] = {}
    for dated in rules:
        if dated.rule["from"] <= date:
            held[dated.instrument, dated.topic] = dated
    yield from held.values()


def value_text(value: object) -> str:
    """A value of a rule as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
