"""An explanation cannot lie: the same figures with traced numbers, and from each step back to the figure it explains."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache

import pytest
from evaluation import agrees, is_given

from perpcalc.explain import Step, explain
from perpcalc.trace import Traced

from .questions import KINDS, Figures, Question

SEEDS = range(40)

of_each_kind = pytest.mark.parametrize("kind", KINDS)


@cache
def answered(kind: str, seed: int, traced: bool = True) -> Figures:
    return KINDS[kind](Question((kind, seed), traced))


@cache
def explained(kind: str, seed: int) -> Mapping[str, Step]:
    return {step.field: step for step in explain(answered(kind, seed), own=1)}


@of_each_kind
def test_traced_numbers_give_the_same_figures_digit_for_digit(kind: str) -> None:
    for seed in SEEDS:
        traced, plain = answered(kind, seed), answered(kind, seed, traced=False)
        assert {field: str(value) for field, value in traced.items()} == {
            field: str(value) for field, value in plain.items()
        }, f"seed {seed}"


@of_each_kind
def test_every_step_leads_to_the_figure_that_it_explains(kind: str) -> None:
    for seed in SEEDS:
        for step in explained(kind, seed).values():
            assert agrees(step), f"seed {seed}: {step.field} = {step.value}: {step.formula}"


@of_each_kind
def test_every_computed_figure_has_a_step(kind: str) -> None:
    for seed in SEEDS:
        for field, value in answered(kind, seed).items():
            if isinstance(value, Decimal) and value not in (0, 1) and field not in explained(kind, seed):
                assert isinstance(value, Traced), f"seed {seed}: the trail of {field} ends"
                assert is_given(value), f"seed {seed}: {field}"


def test_the_questions_ask_for_thousands_of_figures() -> None:
    assert sum(len(explained(kind, seed)) for kind in KINDS for seed in SEEDS) > 3_500
