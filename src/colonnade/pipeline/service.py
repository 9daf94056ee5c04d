"""The guard and the gateway of a workspace, put together from its policies and its last run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from starlette.applications import Starlette

from colonnade.guard import Guard, GuardConfiguration, compile_table, read_guard_configuration, topic_clauses
from colonnade.guard.detection import Conversations, Detector, Judge, train
from colonnade.guard.detection.patterns import pattern_detectors
from colonnade.guard.running import LIMIT
from colonnade.models import Model, adapter
from colonnade.pipeline.detection import teaching_prompts
from colonnade.pipeline.planning import plan
from colonnade.pipeline.workspace import Workspace
from colonnade.records import Checkpoint, Clause, Decision, GuardTable, InputError, Prompt
from colonnade.store import Store


def build_guard(workspace: Workspace) -> Guard:
    """The guard as the policies stand now, for the launch's first region and today."""
    configuration = read_guard_configuration(workspace.folder / "guard.yaml")
    parts = guard_parts(workspace, configuration, datetime.now(UTC).date(), teaching_prompts(workspace))
    return parts.guard(parts.detectors, parts.judge)


class GuardParts(NamedTuple):
    """What a guard is made of.

    Attributes:
        topics: the clauses that limit a topic here.
    """

    table: GuardTable
    topics: tuple[Clause, ...]
    detectors: tuple[Detector, ...]
    judge: Judge | None = None

    def guard(self, detectors: Sequence[Detector], judge: Judge | None = None, limit: float = LIMIT) -> Guard:
        """The guard, with these detectors and this judge in the place of its own."""
        return Guard(self.table, detectors, clauses=self.topics, judge=judge, limit=limit)


def guard_parts(
    workspace: Workspace, configuration: GuardConfiguration, today: date, prompts: Sequence[Prompt] = ()
) -> GuardParts:
    """The parts of the guard of a workspace, for the launch's first region.

    Args:
        workspace: its policies count.
        configuration: tiers, purposes and replies.
        today: the day.
        prompts: that teach the detectors besides the clauses' examples; see ``teaching_prompts``.
    """
    region = workspace.launch.regions[0]
    table = compile_table(workspace.policies.active, configuration, region, today)
    topics = topic_clauses(workspace.policies.active, region)
    return GuardParts(table, topics, detectors_of(topics, prompts))


def detectors_of(topics: tuple[Clause, ...], prompts: Sequence[Prompt]) -> tuple[Detector, ...]:
    """Every detector of the clauses: patterns, heads over static embeddings, and the conversation as a whole."""
    heads = train(topics, (adapter("static")(),), prompts)
    return (*pattern_detectors(topics), heads, Conversations(heads))


def last_decision(workspace: Workspace) -> tuple[Checkpoint, Decision]:
    """The checkpoint that was chosen last, and what the gate decided on it.

    Raises:
        InputError: where the workspace has no finished run, or policies or data changed since.
    """
    store = Store(workspace.folder)
    try:
        rows = {row.step.name: row for row in plan(workspace, store)}
        chosen, decided = rows["posttraining.select"].run, rows["gate.decide"].run
        if chosen is None or decided is None:
            raise InputError(
                "the last run is stale or missing.",
                file=workspace.folder,
                mend="Start 'colonnade run' first; 'colonnade plan' says what is stale.",
            )
        checkpoint = store.get_records(Checkpoint, dict(chosen.outputs)["checkpoint"])[0]
        return checkpoint, store.get_records(Decision, dict(decided.outputs)["decision"])[0]
    finally:
        store.close()


def load_model(workspace: Workspace, checkpoint: Checkpoint) -> Model:
    """The checkpoint's weights, each file checked against its digest."""
    from colonnade.models.local import (
        LocalModel,
        converted_weights,
    )  # torch is loaded by whoever serves, not by the pipeline
    from colonnade.models.weights import weights_folder

    choice = workspace.launch.model
    weights = converted_weights() if choice.kind == "packaged" else weights_folder(choice, workspace.folder)
    store = Store(workspace.folder)
    try:
        folder = store.get_folder(checkpoint.adapter) if checkpoint.adapter else None
        return LocalModel.from_folder(weights, folder)
    finally:
        store.close()


def build_gateway(workspace: Workspace, checkpoint: Checkpoint, trust_headers: bool) -> Starlette:
    """An application that answers the OpenAI chat protocol, guarded on both sides."""
    raise NotImplementedError
