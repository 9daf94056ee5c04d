"""The declared order of the steps: it can be followed, and the gate split stays out of training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from colonnade.pipeline.steps import GATE_SPLIT, STEPS, TRAINING_STAGES, Step, step_named
from colonnade.records import Facet, Launch

PLACE = {step.name: place for place, step in enumerate(STEPS)}


def _ancestors(step: Step) -> Iterator[str]:
    """Every output that a step's result may depend on, however far up."""
    for name in step.inputs:
        yield name
        yield from _ancestors(step_named(name.partition("/")[0]))


def test_no_two_steps_share_a_name_or_a_function() -> None:
    assert len(PLACE) == len(STEPS)
    assert len({step.function for step in STEPS}) == len(STEPS)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_every_input_comes_from_an_earlier_step(step: Step) -> None:
    assert all(PLACE[name.partition("/")[0]] < PLACE[step.name] for name in step.inputs)
    assert len(set(step.inputs)) == len(step.inputs)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_every_parameter_is_a_path_into_the_launch(step: Step) -> None:
    for path in step.parameters:
        kind: Any = Launch
        for part in path.split("."):
            kind = kind.model_fields[part].annotation


@pytest.mark.parametrize(
    "step", [step for step in STEPS if step.name.startswith(TRAINING_STAGES)], ids=lambda step: step.name
)
def test_no_training_step_reads_the_gate_split_or_anything_made_from_it(step: Step) -> None:
    assert GATE_SPLIT not in set(_ancestors(step))
    assert not any(name.startswith(("evaluation.", "frontier.", "gate.")) for name in _ancestors(step))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_no_step_reads_who_owns_a_policy(step: Step) -> None:
    assert Facet.ADMIN not in step.facets


def test_the_checkpoint_that_is_measured_is_the_one_that_the_gate_decides_on() -> None:
    chosen = "posttraining.select/checkpoint"
    for name in ("evaluation.trained", "evaluation.measure", "frontier.answer", "gate.decide"):
        assert chosen in step_named(name).inputs
