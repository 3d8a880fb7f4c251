"""What an explanation says of an answer: which figures have a step, what numbers are called, and what is told once."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import pytest

from perpcalc.answer import Value
from perpcalc.core.instrument import PLAIN, Instrument
from perpcalc.core.liquidation import liquidation, position_liquidation
from perpcalc.core.margin import Margin, isolated_margin
from perpcalc.core.position import LONG, SHORT, Fill, Position, open_at, open_by_fills
from perpcalc.core.rounding import Grid, grid, on, to_multiple
from perpcalc.core.rules import YEAR, ClosingFee, Schedule, flat_rate, with_deductions
from perpcalc.core.touch import FORMULA, touch_probability
from perpcalc.core.wallet import Holding, wallet_of
from perpcalc.decimals import ONE, ZERO
from perpcalc.explain import Estimate, Step, explain, lines
from perpcalc.trace import label, leaf, traced_instrument, traced_schedule
from perpcalc.venues import find


def opened(instrument: Instrument, side: Decimal, contracts: int, entry: str, place: int | None = None) -> Position:
    position = open_at(
        instrument,
        leaf(side, "s", place=place),
        leaf(Decimal(contracts), "contracts", place=place),
        leaf(Decimal(entry), "entry", place=place),
    )
    label(position.stored_value, "V", place)
    label(position.notional, "notional", place)
    return position


def formulas(steps: list[Step]) -> dict[str, str]:
    return {step.field: step.formula for step in steps}


def the_step(steps: list[Step], field: str) -> Step:
    return next(step for step in steps if step.field == field)


# The formulas of a liquidation


def test_a_plain_long_is_liquidated_where_the_textbook_says() -> None:
    position = opened(traced_instrument(PLAIN), LONG, 10_000, "62500")
    margin = isolated_margin(position, leaf(Decimal(10), "leverage"))
    schedule = flat_rate(leaf(Decimal("0.005"), "mmr"), leaf(Decimal("0.0001"), "deduction"))
    holding = Holding(position, schedule, ClosingFee(leaf(Decimal("0.0005"), "f")))
    found = position_liquidation(holding, margin)
    steps = explain({"margin": margin.coin, "entry_price": position.entry_price, **found._asdict()})
    assert formulas(steps) == {
        "notional": "contracts",
        "V": "notional / entry_price",
        "margin": "V / leverage",
        "maintenance_margin": "mmr * notional / liquidation_price - deduction",
        "liquidation_price": "notional * (s + mmr + f) / (margin + s * V + deduction)",
        "liquidation_below": "liquidation_price",
        "bankruptcy_price": "s * notional / (margin + s * V)",
        "distance": "(liquidation_price - entry_price) / entry_price",
        "margin_ratio": "(notional * (mmr + f) / entry_price - deduction) / (margin + s * V - s * notional / entry_price)",
    }
    assert the_step(steps, "liquidation_price").numbers == (
        "10000 * (1 + 0.005 + 0.0005) / (0.016 + 1 * 0.16 + 0.0001)"
    )


def test_a_rate_that_grows_with_size_makes_a_quadratic_whose_coefficients_have_steps() -> None:
    instrument = traced_instrument(find("deribit", "BTC-PERPETUAL").instrument)
    position = opened(instrument, SHORT, 1_000_000, "62500")
    assert instrument.schedule is not None
    balance = leaf(Decimal(20), "balance")
    found = position_liquidation(Holding(position, instrument.schedule), Margin("cross", balance, balance))
    steps = explain({"notional_usd": position.notional, "margin": balance, **found._asdict()})
    told = formulas(steps)
    assert (told["a"], told["b"], told["c"]) == ("margin + s * V", "notional * (s + mmr)", "slope * notional^2")
    assert told["liquidation_price"] == "-2 * c / (b + sqrt(b^2 + 4 * a * c))"
    assert told["liquidation_below"] == "2 * c / (sqrt(b^2 + 4 * a * c) - b)"
    assert told["bankruptcy_price"] == "s * notional / (margin + s * V)"
    assert told["maintenance_rate"] == "mmr + slope * notional / liquidation_price"


def test_the_positions_of_an_account_are_a_sum_over_them() -> None:
    instrument = traced_instrument(find("binance", "BTCUSD_PERP").instrument)
    trades = ((LONG, 500, "62500"), (LONG, 300, "60500"), (SHORT, 100, "66500"))
    positions = [opened(instrument, *trade, place) for place, trade in enumerate(trades, 1)]
    assert instrument.schedule is not None
    holdings = [Holding(position, instrument.schedule, instrument.cross_closing_fee) for position in positions]
    balance = leaf(Decimal("1.25"), "balance")
    found = liquidation(wallet_of(balance, holdings), 1, holdings[1], leaf(Decimal(64_000), "mark"))
    steps = explain({"margin": balance, "notional_usd": positions[1].notional, **found._asdict()}, own=2)
    assert formulas(steps)["liquidation_price"] == "sum(notional * (s + mmr + f)) / (margin + sum(s * V))"
    assert the_step(steps, "liquidation_price").numbers == (
        "(50000 * (1 + 0.004 + 0) + 30000 * (1 + 0.004 + 0) + 10000 * ((-1) + 0.004 + 0))"
        " / (1.25 + 1 * 0.8 + 1 * 0.495867768595041322 + (-1) * 0.15037593984962406)"
    )
    assert formulas(steps)["V"] == "notional / entry"
    assert not {"V_1", "V_3", "notional_1", "notional_3"} & formulas(steps).keys()


# Which figures have a step


def test_a_figure_that_was_given_has_none() -> None:
    price = leaf(Decimal(62_500), "entry")
    assert explain({"entry_price": price + ZERO, "side": "long", "mark_price": None, "tier": ONE}) == []


def test_a_figure_that_is_another_one_says_so() -> None:
    lower = 1 / leaf(Decimal(2), "x")
    steps = explain({"liquidation_price": lower, "liquidation_below": lower, "mark": leaf(ONE, "mark")})
    assert formulas(steps) == {"liquidation_price": "1 / x", "liquidation_below": "liquidation_price"}
    price = leaf(ONE, "mark")
    assert formulas(explain({"mark_price": price, "liquidation_price": price})) == {"liquidation_price": "mark_price"}


def test_a_sentence_makes_a_step_of_a_figure_without_a_formula() -> None:
    balance, fee = leaf(Decimal(2), "balance"), leaf(Decimal("0.0005"), "taker_fee", source="source: x", rule=True)
    figures: dict[str, Value] = {"margin": balance, "fee": fee, "gamma": ZERO, "status": "ok", "reason": None}
    steps = explain(figures, dict.fromkeys(figures, "because"))
    assert [(step.field, step.formula, step.why, step.sources) for step in steps] == [
        ("margin", "as given", "because", ()),
        ("fee", "", "because", ("source: x",)),
        ("gamma", "", "because", ()),
        ("status", "", "because", ()),
    ]


def test_a_zero_that_a_rule_makes_has_none() -> None:
    deduction = leaf(ZERO, "deduction", rule=True, place=1)
    assert explain({"deduction": deduction * leaf(Decimal(5), "share")}) == []


def test_a_constant_that_was_computed_is_its_own_formula() -> None:
    lost = ONE - (leaf(ONE, "x") - leaf(ONE, "x")) * ZERO
    assert formulas(explain({"margin_lost": lost})) == {"margin_lost": "1"}


# What numbers are called


def test_a_field_of_the_answer_wins_over_the_name_of_an_option_and_a_symbol_over_a_field() -> None:
    entry, rate = leaf(Decimal(2), "entry"), leaf(Decimal("0.01"), "mmr")
    steps = explain({"entry_price": entry, "maintenance_rate": rate, "margin": rate * entry})
    assert formulas(steps) == {"margin": "mmr * entry_price"}


def test_numbers_of_one_name_are_told_apart_by_their_places() -> None:
    fills = [Fill(leaf(Decimal(n), "contracts", place=n), leaf(Decimal(n * 7), "price", place=n)) for n in (1, 2)]
    position = open_by_fills(PLAIN, LONG, fills)
    assert formulas(explain({"entry_value": position.cost})) == {
        "entry_value": "contracts / price + contracts_2 / price_2"
    }


def test_numbers_of_one_name_without_places_are_counted() -> None:
    fees = leaf(ONE, "fee") / leaf(Decimal(3), "fee") - leaf(Decimal(7), "fee")
    assert formulas(explain({"total": fees})) == {"total": "fee / fee_2 - fee_3"}


def test_a_name_given_beside_the_answer_is_used_and_explained_before() -> None:
    value = leaf(Decimal(3), "notional") / leaf(Decimal(7), "entry")
    steps = explain(
        {"margin": value / leaf(Decimal(10), "leverage")}, named={"V": value, "unused": value * 2, "no": None}
    )
    assert formulas(steps) == {"V": "notional / entry", "margin": "V / leverage"}


def test_a_deduction_is_written_out_down_to_the_first_tier() -> None:
    limits = (Decimal(5), Decimal(10), None)
    tiers = with_deductions(limits, (Decimal("0.004"), Decimal("0.005"), Decimal("0.01")))
    schedule = traced_schedule(Schedule(tiers), "BTC", "source: somewhere")
    (step,) = explain({"maintenance_rate": schedule.tiers[2].rate, "deduction": schedule.tiers[2].deduction})
    assert step.formula == "limit * (mmr_2 - mmr_1) + limit_2 * (mmr - mmr_2)"
    assert step.tiers == ("tier 1: up to 5 BTC", "tier 2: above 5 up to 10 BTC", "tier 3: above 10 BTC")
    assert step.sources == ("each band at its own rate, on the value at the mark\nsource: somewhere",)


def test_days_and_years_are_called_so() -> None:
    rate = leaf(Decimal("0.0001"), "rate") * YEAR / leaf(Decimal(480), "interval")
    (step,) = explain({"apr": rate})
    assert (step.formula, step.numbers) == ("rate * year / interval", "0.0001 * 525600 / 480")
    assert step.meanings == ("times in minutes",)


# What is told, and once


def test_symbols_sources_and_inner_roundings_are_told_where_they_first_stand() -> None:
    side, fee = leaf(LONG, "s"), leaf(Decimal("0.0005"), "taker_fee", source="source: fees", rule=True)
    first, second = side * fee, 3 * side * fee + on(grid("floor 8"), 1 / leaf(Decimal(7), "x"))
    steps = explain({"one": first, "two": second, "three": second * side})
    assert [step.meanings for step in steps] == [
        ("s = 1 long, -1 short",),
        ("floor(x, 8) is x to 8 decimals, as the venue rounds it",),
        (),
    ]
    assert [step.sources for step in steps] == [("source: fees",), (), ()]


def test_a_symbol_that_goes_by_the_name_of_a_field_needs_no_words() -> None:
    value = leaf(Decimal(3), "notional") / leaf(Decimal(7), "entry")
    label(value, "V")
    steps = explain({"entry_value": value, "double": 2 * value})
    assert [(step.formula, step.meanings) for step in steps] == [("notional / entry", ()), ("2 * entry_value", ())]


def test_the_rules_of_rounding_are_told_with_the_first_figure_that_a_venue_rounds() -> None:
    value, tick = leaf(Decimal(7), "x"), leaf(Decimal("0.5"), "tick", rule=True)
    figures = {
        "contracts": to_multiple(value / 3, ONE, ROUND_FLOOR),
        "price": to_multiple(value / 5, tick, ROUND_CEILING),
        "fee": on(Grid(Decimal("0.01"), ROUND_FLOOR), value / 9),
    }
    steps = explain(figures, rounding="source: rounding")
    assert [(step.formula, [str(cut) for cut in step.cuts], step.sources) for step in steps] == [
        ("x / 3", ["rounded down to a whole number"], ()),
        ("x / 5", ["rounded up to the tick of 0.5"], ("source: rounding",)),
        ("x / 9", ["rounded as the venue does: floor, 2 decimals"], ()),
    ]


def test_an_estimate_shows_the_formula_that_stands_beside_its_function() -> None:
    start, end, vol, horizon = leaf(Decimal(60_000), "mark"), leaf(Decimal(54_000), "x"), Decimal("0.6"), YEAR / 4
    chance = touch_probability(start, end, None, vol, horizon)
    numbers = {"S": start, "L": end, "vol": vol, "years": horizon / YEAR}
    steps = explain(
        {"touch_probability": chance, "expected_cost_usd": chance * leaf(Decimal(500), "total_cost_usd")},
        estimates={"touch_probability": Estimate(FORMULA, numbers)},
    )
    assert [(step.formula, step.numbers) for step in steps] == [
        (
            "N((b + v/2) / sqrt(v)) + S/L * N((b - v/2) / sqrt(v)), b = ln(L/S), v = vol^2 * years",
            "N((b + v/2) / sqrt(v)) + 60000/54000 * N((b - v/2) / sqrt(v)), b = ln(54000/60000), v = 0.6^2 * 0.25",
        ),
        ("touch_probability * total_cost_usd", f"{chance} * 500"),
    ]


@pytest.mark.parametrize("certain", [ZERO, ONE])
def test_an_estimate_that_is_certain_lends_its_name_to_no_constant(certain: Decimal) -> None:
    steps = explain(
        {"p": certain, "cost": certain + leaf(Decimal(3), "x")}, estimates={"p": Estimate("N(x)", {"x": -ONE})}
    )
    assert [(step.formula, step.numbers) for step in steps] == [
        ("N(x)", "N((-1))"),
        *([("1 + x", "1 + 3")] if certain else []),
    ]


# The text


def test_a_step_is_told_in_lines() -> None:
    instrument = traced_instrument(find("bybit", "BTCUSD").instrument, {"margin": "source: a\nnote: b"})
    position = opened(instrument, LONG, 10_000, "62500")
    assert instrument.schedule is not None
    margin = isolated_margin(position, leaf(Decimal(10), "leverage"))
    found = position_liquidation(Holding(position, instrument.schedule), margin)
    figures = {"margin": margin.coin, "entry_price": position.entry_price, "liquidation_price": found.liquidation_price}
    text = list(
        lines(explain(figures, {"margin": "isolated"}, rounding="source: c"), lambda field, value: f"{value} USD")
    )
    assert text[-10:] == [
        "",
        "liquidation_price = 57102.3 USD",
        "    notional * (s + mmr) / (V / leverage + s * V)",
        "    = 10000 * (1 + 0.005) / (0.16 / 10 + 1 * 0.16)",
        "    s = 1 long, -1 short; mmr is the maintenance rate",
        "    rounded up to the tick of 0.1",
        "    tier 1: up to 150 BTC",
        "    each band at its own rate, on the value at the mark",
        "    source: a",
        "    note: b",
    ]
