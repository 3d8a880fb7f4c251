"""`perpcalc check`: whether a trade or a portfolio stays within limits; the answer is the exit status."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from perpcalc.answer import Answer, Explained, Kind, Number, Sentence, Status
from perpcalc.commands.case import Case
from perpcalc.commands.command import ROWS, Command, Result, Row
from perpcalc.commands.judging import Judged, JudgedLeg, judged_as, sizes_of
from perpcalc.commands.market import each_once, settled_on
from perpcalc.commands.scenes import PLANNED, Scene, scenes_of
from perpcalc.core.limits import FAIL, PASS, RULES, UNKNOWN, Verdict, asked, judged, protects, worse, worst_first
from perpcalc.decimals import ZERO, plain
from perpcalc.errors import PerpcalcError, Words
from perpcalc.given import Excludes, Given, Needs, Rule, read, reader
from perpcalc.limit_options import LIMIT_KEYS, LIMIT_RULES
from perpcalc.options import (
    ACCOUNT,
    CONTRACTS,
    ENTRY,
    ENTRY_FEE,
    ENTRY_VALUE,
    EXACT,
    EXIT_FEE,
    EXPLAIN,
    FIELD,
    FORMAT,
    FUNDING_RATE,
    INTERVAL,
    JSON,
    LIMITS,
    MARK,
    ORDER,
    PORTFOLIO,
    POSITION,
    POSITION_RULES,
    QUIET,
    SIDE,
    SIZES,
    STOP,
    WIDE,
)

STOP_RULES = ("require_stop", "max_loss_at_stop", "stop_before_liquidation")
KINDS = {"times": Kind("times"), "rate": Kind("rate"), "usd": Kind("number", "USD"), "yes": Kind("text")}
BOUNDS = {
    "max": "passes where value <= limit",
    "min": "passes where value >= limit",
    "yes": "passes where value = limit",
}
WHYS = {
    "max_leverage": (
        "value / equity, of the whole account where it is cross, else of the position and its margin; nothing rounded"
        " as the venue does"
    ),
    "min_liquidation_distance": "0 where it is passed already, never where no price liquidates",
    "max_margin_ratio": (
        "maintenance margin and closing fees that count over the equity, 100% at liquidation and beyond"
    ),
    "max_loss_at_stop": "at the stop, both fees in, funding left out; of the balance of the account, else the margin",
    "max_funding_per_day": (
        "each payment as the venue rounds it, negative when received; of the balance of the account, else the margin"
    ),
    "stop_before_liquidation": (
        "true too where liquidation never comes on that side, false where the price is beyond it"
    ),
    "require_stop": "whether there is a stop where the position loses",
    "max_touch_probability": "an estimate: a price without drift, in lognormal steps; see perpcalc liq-price --explain",
}


class Check(Answer):
    """How a position stands to a limit."""

    title = "Check"
    columns = ("status", "rule", "position", "value", "limit")

    position: str
    rule: str
    limit: Number | bool
    value: Number | bool | None
    status: Status

    def shown_kinds(self) -> Mapping[str, Kind]:
        """What the numbers of this rule are."""
        kind = KINDS[RULES[self.rule].kind]
        return {"limit": kind, "value": kind}

    @classmethod
    def summary(cls, rows: Sequence[Answer], sums: Sequence[Answer] = ()) -> Sentence:
        """How many of the limits are kept."""
        found = [row.status for row in rows if isinstance(row, Check)]
        failed, unknown = found.count(FAIL), found.count(UNKNOWN)
        limits = f"{len(found)} limit{'s' if len(found) > 1 else ''}"
        if not found:
            return ("PASS: no limit applies to a trade that opens nothing",)
        if failed:
            return (f"FAIL: {failed} of {limits}" + (f", {unknown} cannot be judged" if unknown else ""),)
        return (f"UNKNOWN: {unknown} of {limits} cannot be judged",) if unknown else (f"PASS: {limits}",)


def answer(given: Given) -> Result:
    """How the planned trade, the portfolio, or the account after the trade stands to the limits."""
    scenes = scenes_of(given)
    limits = _limits(given, scenes[0])
    rules = asked(limits.values)
    if not rules:
        remedy = ("give ", LIMIT_RULES[0].key, ", another flag, or [limits] in a file")
        raise PerpcalcError("there is no limit to check", remedy).at(LIMITS.key)
    notes: list[Words] = [note for scene in scenes for note in scene.notes]
    unjudged: dict[tuple[str, ...], list[str]] = {}
    found: dict[tuple[str, str], Verdict] = {}
    for scene in scenes:
        for verdict in _verdicts(scene, rules, given, limits, notes, unjudged):
            place = (verdict.position, verdict.rule)
            found[place] = worse(found[place], verdict) if place in found else verdict
    notes += [(f"{', '.join(dict.fromkeys(names))}: ", *words) for words, names in unjudged.items()]
    verdicts = worst_first(list(found.values()))
    statuses = {verdict.status for verdict in verdicts}
    return Result(
        Check,
        [Row(_row(verdict)) for verdict in verdicts],
        notes=each_once(notes),
        status=1 if FAIL in statuses else 2 if UNKNOWN in statuses else 0,
    )


def _limits(given: Given, scene: Scene) -> Given:
    """The limits of the portfolio, those of the file over them, and those of the command line over both."""
    options = reader(LIMIT_KEYS, environment=False)
    raw: dict[str, object] = dict(scene.limits)
    if (path := given[LIMITS]) is not None:
        from perpcalc.portfolio.reading import load_limits

        raw.update(load_limits(path))
    written = {option.name: given[option] for option in given.written(LIMIT_KEYS)}
    return Given({**read(options, raw).values, **written})


def _verdicts(
    scene: Scene,
    rules: Mapping[str, Decimal | bool],
    given: Given,
    limits: Given,
    notes: list[Words],
    unjudged: dict[tuple[str, ...], list[str]],
) -> list[Verdict]:
    """How each position of a scene stands to each rule; what cannot be judged is put to `unjudged`, why and of whom."""
    made = _of_debts(scene, rules, unjudged)
    if not scene.entries:
        return [*made, *(_of_nothing(scene.planned_name, rule, limit) for rule, limit in rules.items())]
    sizes = sizes_of(scene.entries)
    beside = given.without((STOP, FUNDING_RATE))  # these are the trade's, whose case has them
    for index, (one, exact) in enumerate(zip(scene.entries, scene.exact, strict=True)):
        planned = index == scene.planned
        name = scene.planned_name if planned else one.name or PLANNED
        subject = judged_as(one, exact, one.given.over(beside), limits, sizes)
        settled = settled_on(one.given, one.instrument) if isinstance(one, Case) else None
        if settled is not None:
            unjudged.setdefault((f"cannot be judged: its contract was settled on {settled}",), []).append(name)
        for rule, limit in rules.items():
            if planned and not scene.opens and rule in STOP_RULES:
                continue
            if settled is not None:
                made.append(Verdict(name, rule, limit, None, UNKNOWN))
                continue
            made.append(_verdict(name, subject, rule, limit, notes, unjudged))
    return made


def _verdict(
    name: str,
    subject: "Judged | JudgedLeg",
    rule: str,
    limit: Decimal | bool,
    notes: list[Words],
    unjudged: dict[tuple[str, ...], list[str]],
) -> Verdict:
    try:
        value = RULES[rule].measure(subject)
    except PerpcalcError as error:
        words = error.words if subject.place is None else (error.line(),)
        unjudged.setdefault((f"{rule} cannot be judged: ", *words), []).append(name)
        return Verdict(name, rule, limit, None, UNKNOWN)
    if value in (None, False) and rule in ("require_stop", "max_loss_at_stop") and subject.case.mark is not None:
        side = "long" if subject.side() > 0 else "short"
        notes.extend(
            f"{name}: {rule}: the stop {plain(stop)} does not protect a {side} at {plain(subject.price())}"
            for stop in subject.stops()
            if stop is not None and not protects(subject.side(), stop, subject.price())
        )
    return Verdict(name, rule, limit, value, judged(rule, limit, value))


def _of_debts(
    scene: Scene, rules: Mapping[str, Decimal | bool], unjudged: dict[tuple[str, ...], list[str]]
) -> list[Verdict]:
    """How the accounts that owe and hold nothing open stand to the rules that look at an account."""
    made: list[Verdict] = []
    for debt in scene.debts:
        from perpcalc.commands.debts import MEASURES

        for rule in (rule for rule in rules if rule in MEASURES):
            try:
                value = MEASURES[rule](debt)
            except PerpcalcError as error:
                unjudged.setdefault((f"{rule} cannot be judged: {error.line()}",), []).append(debt.name)
                made.append(Verdict(debt.name, rule, rules[rule], None, UNKNOWN))
            else:
                made.append(Verdict(debt.name, rule, rules[rule], value, judged(rule, rules[rule], value)))
    return made


def _of_nothing(name: str, rule: str, limit: Decimal | bool) -> Verdict:
    """What a rule says where the trade closes all there is."""
    kind = RULES[rule]
    value = True if kind.kind == "yes" else None if kind.bound == "min" else ZERO
    return Verdict(name, rule, limit, value, PASS)


def _row(verdict: Verdict) -> Check:
    made = Check(**verdict._asdict())
    never = ["value"] if RULES[verdict.rule].bound == "min" and verdict.status != UNKNOWN else []
    whys = {"status": BOUNDS[RULES[verdict.rule].bound]}
    if verdict.rule in WHYS:
        whys["value"] = WHYS[verdict.rule]
    return made.never_where(*never).explained_by(Explained(whys=whys))


RULES_OF_OPTIONS: tuple[Rule, ...] = (
    *POSITION_RULES,
    Needs(ACCOUNT, (PORTFOLIO,), "name the file it is in"),
    Excludes(ORDER, (*SIZES, ENTRY, ENTRY_VALUE), "an order has its size and its price"),
)

COMMAND = Command(
    "check",
    "Whether a planned trade, a portfolio, or an account after the trade keeps its limits. Status 0: all pass; 1:"
    " one fails; 2: one cannot be judged.",
    (
        (
            "perpcalc check --venue bybit --side long -n 10k --entry 62500 --leverage 10 --stop 60000 --max-leverage 12"
            " --require-stop"
        ),
        "perpcalc check -p portfolio.toml",
    ),
    (
        *POSITION,
        MARK,
        PORTFOLIO,
        ACCOUNT,
        LIMITS,
        *LIMIT_KEYS,
        STOP,
        FUNDING_RATE,
        INTERVAL,
        ENTRY_FEE,
        EXIT_FEE,
        ORDER,
        FORMAT,
        JSON,
        FIELD,
        EXPLAIN,
        EXACT,
        QUIET,
        WIDE,
    ),
    Check,
    answer,
    RULES_OF_OPTIONS,
    needed=(SIDE, CONTRACTS, ENTRY),
    judges=True,
    shape=ROWS,
)
