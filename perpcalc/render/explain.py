"""An answer explained: what was given, then each figure with its formula, the numbers put in, and where they are
from.
"""

from collections.abc import Sequence

from perpcalc.answer import Kind, Value, kinds_of
from perpcalc.commands.command import Result, Row
from perpcalc.commands.market import provenance
from perpcalc.errors import printable
from perpcalc.explain import Step, explain, lines
from perpcalc.render.numbers import unit, written
from perpcalc.render.sentence import told
from perpcalc.render.text import paragraph

HEADING = ("name", "position", "account", "venue", "instrument")
REASON = "reason"


def explained(result: Result, fields: Sequence[str] = ()) -> str:
    """All answers, step by step, as text; of some fields alone where they are named."""
    return "\n".join(_explained(row, fields) for row in result.rows)


def steps_of(row: Row) -> list[Step]:
    """How the figures of an answer that was asked for with `--explain` came about."""
    answer, rules = row.answer, {} if row.market is None else row.market.rules
    beside = answer.explained
    return explain(
        answer._asdict(),
        {**answer.whys, **beside.whys},
        named=beside.named,
        estimates=beside.estimates,
        own=row.place,
        rounding=provenance(rules.get("rounding", {})),
    )


def _explained(row: Row, fields: Sequence[str]) -> str:
    answer, precision = row.answer, row.precision()
    values = answer._asdict()
    kinds = {**kinds_of(type(answer)), **answer.shown_kinds()}

    def shown(name: str, value: Value) -> str:
        kind = kinds.get(name, Kind("number"))
        if value is None:
            return "never" if name in answer.nevers else "not known"
        return f"{written(value, kind, precision, False)} {unit(value, kind, precision)}".strip()

    steps = steps_of(row)
    stepped = {step.field for step in steps}
    heading = " ".join(str(values[name]) for name in HEADING if values.get(name))
    text = [printable(f"{answer.title}: {heading}" if heading else answer.title)]
    if said := told(answer.sentence(), [row]):
        text.append(paragraph(said))
    if row.market is not None and row.market.known_until is not None and not fields:
        text.append(f"the rules of {row.market.instrument.venue} were last known to hold on {row.market.known_until}")
    given = (
        []
        if fields
        else [
            name
            for name, value in values.items()
            if (value is not None or name in answer.nevers) and name not in stepped and name not in (*HEADING, REASON)
        ]
    )
    width = max(map(len, given), default=0)
    text += [f"  {name:{width}}  {printable(shown(name, values[name]))}" for name in given]
    wanted = [step for step in steps if not fields or step.field in fields]
    text += [
        paragraph(line.strip(), "    ") if line.startswith(" ") else printable(line) for line in lines(wanted, shown)
    ]
    if values.get(REASON):
        text += ["", paragraph(f"reason: {values[REASON]}")]
    return "\n".join(text) + "\n"
