"""The tables of a venue file: read in part where a part is asked for, extended by a user's, and in force on a day.

A file that came with the program has its general rules first and then its contracts, each opened by its header and its
currency, so that only the contract that is named need be parsed.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from perpcalc.venues.keys import CONFIDENCES, TOPICS, Rule

HERE = os.path.dirname(__file__)
CONTRACT = r'(?m)^\[(instruments|dated)\.([\w-]+)\]\ncurrency = "(\w+)"\n'
Tables = Mapping[str, Any]


class Contracts(Mapping[str, Tables]):
    """The contracts of a shipped file by name, each parsed when it is asked for, what a user adds included."""

    def __init__(self, kind: str, texts: Mapping[str, str], coins: Mapping[str, str], own: Tables | None = None):
        self.kind, self.texts, self.own = kind, texts, own or {}
        self.coins = {**coins, **{name: table["currency"] for name, table in self.own.items() if "currency" in table}}
        self.read: dict[str, Tables] = {}

    def __getitem__(self, name: str) -> Tables:
        if name not in self.read:
            if name not in self.texts and name not in self.own:
                raise KeyError(name)
            table = parsed(self.texts[name])[self.kind][name] if name in self.texts else {}
            self.read[name] = extended(table, self.own.get(name, {}))
        return self.read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.coins)

    def __len__(self) -> int:
        return len(self.coins)


def names_in(folder: str) -> list[str]:
    """The venues that a folder has files of."""
    return sorted(file.removesuffix(".toml") for file in os.listdir(folder) if file.endswith(".toml"))


def file_of(folder: str, name: str) -> str:
    """The file of a venue in a folder."""
    return os.path.join(folder, f"{name}.toml")


def derived_file(name: str) -> str:
    """Where an installed wheel has the tables of a venue as JSON."""
    return os.path.join(HERE, f"{name}.json")


def shipped_names() -> list[str]:
    """The venues that came with the program."""
    return names_in(HERE)


@lru_cache(maxsize=64)
def shipped(name: str) -> Tables:
    """The tables of a file that came with the program, which the tests have validated; a wheel has them as JSON too."""
    if os.path.exists(derived := derived_file(name)):
        with open(derived, encoding="utf-8") as file:
            return json.load(file)  # type: ignore[no-any-return]
    with open(file_of(HERE, name), encoding="utf-8") as file:
        text = file.read()
    found = list(re.finditer(CONTRACT, text))
    ends = [*(match.start() for match in found[1:]), len(text)]
    texts: dict[str, dict[str, str]] = {"instruments": {}, "dated": {}}
    coins: dict[str, dict[str, str]] = {"instruments": {}, "dated": {}}
    for match, end in zip(found, ends, strict=True):
        kind, contract, coin = match.groups()
        texts[kind][contract] = text[match.start() : end]
        coins[kind][contract] = coin
    general: Tables = parsed(text[: found[0].start()])
    return {**general, **{kind: Contracts(kind, texts[kind], coins[kind]) for kind in texts}}


def parsed(text: str) -> Any:
    """The tables of TOML, dates and numbers as text."""
    import tomllib

    return dates_as_text(tomllib.loads(text))


def dates_as_text(node: Any) -> Any:
    """TOML tables with every date as ISO text, which compares as dates do, and every number as text."""
    if isinstance(node, dict):
        return {key: dates_as_text(value) for key, value in node.items()}
    if isinstance(node, list):
        return [dates_as_text(value) for value in node]
    if hasattr(node, "isoformat"):
        return node.isoformat()
    return node if isinstance(node, bool | str) else str(node)


def coins_of(contracts: Tables) -> Mapping[str, str]:
    """The coin that each contract settles in."""
    if isinstance(contracts, Contracts):
        return contracts.coins
    return {name: table["currency"] for name, table in contracts.items()}


def extended(base: Tables, own: Tables) -> Tables:
    """A file's tables with a user's over them: dated rows by their dates, the same date replaces, contracts by name.

    >>> base = {"title": "a", "fees": [{"from": "2021-01-01", "taker": "1%"}]}
    >>> extended(base, {"fees": [{"from": "2021-01-01", "taker": "2%"}, {"from": "2020-01-01", "taker": "3%"}]})
    {'title': 'a', 'fees': [{'from': '2020-01-01', 'taker': '3%'}, {'from': '2021-01-01', 'taker': '2%'}]}
    """
    joined = dict(base)
    for key, value in own.items():
        before = base.get(key)
        if isinstance(before, Contracts):
            joined[key] = Contracts(before.kind, before.texts, before.coins, value)
        elif isinstance(before, Mapping) and key in ("instruments", "dated"):
            joined[key] = {**before, **{name: extended(before.get(name, {}), table) for name, table in value.items()}}
        elif key == "changes":
            joined[key] = sorted([*(before or ()), *value], key=lambda change: change["date"])
        elif isinstance(before, list) and (key in TOPICS or key == "unified"):
            joined[key] = [row for _, row in sorted({row["from"]: row for row in (*before, *value)}.items())]
        elif isinstance(before, Mapping):
            joined[key] = {**before, **value}
        else:
            joined[key] = value
    return joined


def rules_on(tables: Tables, contract: Tables, date: str) -> tuple[dict[str, Rule], list[str]]:
    """A contract's rules by topic on an ISO date ("" is the newest), and which of them start later.

    A rule of a topic holds from its `from` until the next; a contract's own adds to the venue's and replaces the keys
    it names.
    """
    rules: dict[str, Rule] = {}
    early: list[str] = []
    for topic in TOPICS:
        rules[topic] = {}
        for rows in (tables.get(topic, ()), contract.get(topic, ())):
            if rows:
                row, too_early = in_force(rows, date)
                rules[topic] = merged(rules[topic], row)
                if too_early:
                    early.append(f"{topic} from {row['from']}")
    return rules, early


def merged(general: Rule, special: Rule) -> Rule:
    """A venue's rule with a contract's own keys over it; it rests on both sources and on the weaker confidence.

    >>> merged({"taker": "1%", "source": "a", "confidence": "derived"}, {"source": "b", "confidence": "published"})
    {'taker': '1%', 'source': 'a; b', 'confidence': 'derived'}
    """
    if not general:
        return special
    joined = {key: f"{general[key]}; {special[key]}" for key in ("source", "note") if key in general and key in special}
    weaker = max(general["confidence"], special["confidence"], key=CONFIDENCES.index)
    return {**general, **special, **joined, "confidence": weaker}


def in_force(rows: Sequence[Rule], date: str) -> tuple[Rule, bool]:
    """The row that holds on an ISO date ("" is the newest), and whether the date lies before the first."""
    if not date:
        return rows[-1], False
    held = rows[0]
    for row in rows:
        if row["from"] <= date:
            held = row
    return held, held["from"] > date
