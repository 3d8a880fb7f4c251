"""The steps behind an answer of `pnl`."""

from decimal import Decimal

from perpcalc.cli.case import Case, fee_rate
from perpcalc.cli.options import ENTRY_FEE, EXIT_FEE, Given, Option
from perpcalc.cli.provenance import provenance, rounded
from perpcalc.core.instrument import Instrument
from perpcalc.core.position import Position
from perpcalc.core.rounding import on
from perpcalc.decimals import ZERO, plain
from perpcalc.render.report import Row, Step
from perpcalc.render.text import Value

MOST_FILLS = 6


def steps(made: Row, case: Case, given: Given) -> list[Step]:
    """How each calculated field of a row came about; fields without a value are left out."""
    position = case.opened()
    inputs: dict[str, Value] = {
        "s": case.side,
        "V": position.cost,
        "entry_fee_rate": fee_rate(given.entry_fee, case.instrument, ENTRY_FEE),
        "exit_fee_rate": fee_rate(given.exit_fee, case.instrument, EXIT_FEE),
        "funding": given.funding or ZERO,
        "target_pnl": given.target_pnl,
        "target_roe": given.target_roe,
        "leverage": None if case.margin is None else case.margin.leverage,
    }
    made_of = [
        *_entry(case, position),
        Step("exit_value", *value_at("exit_price", case.instrument)),
        _gross(case, position),
        Step("entry_fee", "entry_value * entry_fee_rate", _fee(given.entry_fee, ENTRY_FEE, case), inputs),
        Step("exit_fee", "exit_value * exit_fee_rate", _fee(given.exit_fee, EXIT_FEE, case), inputs),
        Step(
            "net_pnl", "gross_pnl - entry_fee - exit_fee - funding", "of the parts shown; funding is positive when paid"
        ),
        Step("net_pnl_usd", "net_pnl * exit_price", "what the profit in coin is worth at the exit"),
        *margin_steps(case),
        *_returns(case, given),
        Step(
            "break_even_price",
            "notional_usd * (s + exit_fee_rate) / (V * (s - entry_fee_rate) - funding)",
            "where net_pnl would be 0; s = 1 long, -1 short, V is the exact entry value; never rounded as a venue does",
            inputs,
        ),
        Step("target_price", *_target(given), inputs),
    ]
    return [step for step in made_of if made.values[step.field] is not None or step.field in made.never]


def value_at(price: str, instrument: Instrument) -> tuple[str, str]:
    """The formula of a coin value at a price, and how the venue rounds it."""
    rounding = instrument.rounding
    if rounding.value_of == "position" or rounding.value is None:
        return f"notional_usd / {price}", rounded("the coin value of the contracts", rounding.value)
    unit = "lot" if rounding.value_of == "lot" else "contract"
    per = plain(instrument.contract_size * (instrument.lot if unit == "lot" else 1))
    return (
        f"round({per} / {price}) * notional_usd / {per}",
        rounded(f"the value of one {unit} of {per} USD, times how many there are", rounding.value),
    )


def margin_steps(case: Case) -> list[Step]:
    """How the margin came about."""
    margin = case.margin
    if margin is None:
        return []
    if margin.mode == "cross":
        return [Step("margin", "as given", "cross: the whole balance of the wallet")]
    if margin.leverage is None:
        return [Step("margin", "as given", "isolated, extra margin included")]
    grid = case.instrument.rounding.margin
    extra = margin.coin - on(grid, case.opened().stored_value / margin.leverage)
    formula = "entry_value / leverage + extra_margin" if extra else "entry_value / leverage"
    inputs = {"entry_value": case.opened().stored_value, "leverage": margin.leverage, "extra_margin": extra}
    return [Step("margin", formula, rounded("isolated", grid), inputs)]


def _entry(case: Case, position: Position) -> list[Step]:
    rounding = case.instrument.rounding
    source = provenance(case.market.rules.get("rounding"))
    stored = rounding.stored_value
    made = []
    if len(position.fills) > 1:
        size = plain(case.instrument.contract_size)
        parts = [f"{plain(fill.contracts)} * {size} / {plain(fill.price)}" for fill in position.fills]
        shown = parts if len(parts) <= MOST_FILLS else [*parts[:MOST_FILLS], "..."]
        why = rounded("the harmonic mean of the fills, since coin is what is paid", rounding.average)
        made.append(Step("entry_price", f"notional_usd / ({' + '.join(shown)})", why + source))
        source = ""
    if stored is None:
        formula, why = value_at("entry_price", case.instrument)
    else:
        formula = "notional_usd / entry_price"
        why = rounded("the value that the venue keeps, which shows this average price", stored)
    return [*made, Step("entry_value", formula, why + source)]


def _gross(case: Case, position: Position) -> Step:
    rounding = case.instrument.rounding
    inputs: dict[str, Value] = {"V": position.cost}
    long = case.side > 0
    if rounding.pnl is not None:
        inputs["V"] = position.stored_value
        formula = "V - notional_usd / exit_price" if long else "notional_usd / exit_price - V"
        return Step("gross_pnl", formula, rounded("V is the entry value the venue keeps", rounding.pnl), inputs)
    formula = "entry_value - exit_value" if long else "exit_value - entry_value"
    why = "" if rounding.value is None else "of the two values as the venue shows them"
    return Step("gross_pnl", formula, why, inputs)


def _fee(given: Decimal | str | None, option: Option, case: Case) -> str:
    """Which rate it is, and where it comes from."""
    if isinstance(given, Decimal):
        return rounded("the rate given", case.instrument.rounding.fee)
    if case.instrument.taker_fee is None:
        return f"no fee is known without a venue: give one with {option.flag}"
    each = "" if len(case.opened().fills) == 1 or option is not ENTRY_FEE else ", each fill by itself"
    what = rounded(f"the {given or 'taker'} rate of the venue{each}", case.instrument.rounding.fee)
    return what + provenance(case.market.rules.get("fees"))


def _returns(case: Case, given: Given) -> list[Step]:
    leverage = None if case.margin is None else case.margin.leverage
    inputs: dict[str, Value] = {"leverage": leverage}
    grid = case.instrument.rounding.roe
    if leverage is not None:
        why = rounded("on the margin without any extra, entry_value / leverage", grid)
        return [Step(name, f"{pnl} * leverage / entry_value", why, inputs) for name, pnl in _RETURNS]
    return [Step(name, f"{pnl} / margin", rounded("on the margin given", grid), inputs) for name, pnl in _RETURNS]


_RETURNS = (("roe", "gross_pnl"), ("net_roe", "net_pnl"))


def _target(given: Given) -> tuple[str, str]:
    if given.target_roe is not None:
        base = "V / leverage" if given.leverage is not None else "margin"
        return f"notional_usd * s / (s * V - target_roe * {base})", "where roe would be the target, fees not counted"
    return (
        "notional_usd * (s + exit_fee_rate) / (V * (s - entry_fee_rate) - funding - target_pnl)",
        "where net_pnl would be the target; a long never makes more than V, a short never loses more",
    )
