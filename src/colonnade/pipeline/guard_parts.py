"""What the guard of a workspace is made of, so that a replay or an explanation can listen to its parts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from colonnade.guard import Guard, GuardConfiguration, compile_table, topic_clauses
from colonnade.guard.detection import Conversations, Detector, Judge, train
from colonnade.guard.detection.patterns import pattern_detectors
from colonnade.guard.running import LIMIT
from colonnade.models import adapter
from colonnade.pipeline.workspace import Workspace
from colonnade.records import Clause, GuardTable, Prompt

ENCODERS = ("static",)


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
        """The guard, with these detectors and this judge in the place of its own.

        Args:
            detectors: those here, or something around them.
            judge: likewise.
            limit: seconds for a slow detector.
        """
        return Guard(self.table, detectors, clauses=self.topics, judge=judge, limit=limit)


def guard_parts(
    workspace: Workspace,
    configuration: GuardConfiguration,
    today: date,
    prompts: Sequence[Prompt] = (),
    encoders: tuple[str, ...] = ENCODERS,
) -> GuardParts:
    """The parts of the guard of a workspace, for the launch's first region.

    Args:
        workspace: its policies count.
        configuration: tiers, purposes and replies.
        today: the day.
        prompts: that teach the detectors besides the clauses' examples; see ``teaching_prompts``.
        encoders: names of adapters that texts are read with.
    """
    region = workspace.launch.regions[0]
    table = compile_table(workspace.policies.active, configuration, region, today)
    topics = topic_clauses(workspace.policies.active, region)
    return GuardParts(table, topics, detectors_of(topics, prompts, encoders))


def detectors_of(
    topics: Sequence[Clause], prompts: Sequence[Prompt], encoders: tuple[str, ...]
) -> tuple[Detector, ...]:
    """Every detector of the clauses: patterns, heads over embeddings, and the conversation as a whole."""
    heads = train(topics, [adapter(name)() for name in encoders], prompts)
    return (*pattern_detectors(topics), heads, Conversations(heads))
