"""What the guard of a workspace is made of, so that a replay or an explanation can listen to its parts."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from colonnade.guard import Guard, GuardConfiguration, compile_table, topic_clauses
from colonnade.guard.detection import Conversations, Detector, Heads, Judge, train
from colonnade.guard.detection.judging import HttpJudge
from colonnade.guard.detection.patterns import pattern_detectors
from colonnade.guard.detection.presidio import PresidioDetector
from colonnade.guard.running import Side
from colonnade.models import Encoder, adapter
from colonnade.pipeline.workspace import Workspace
from colonnade.records import Clause, Digest, Facet, GuardTable, PersonalData, Prompt, digest_of

ENCODERS = ("static",)


class GuardParts(NamedTuple):
    """What a guard is made of.

    Attributes:
        topics: the clauses that limit a topic here.
        judge: asked about what is uncertain; none where ``guard.yaml`` names none.
        configuration: time limits of the detectors, among other things.
    """

    table: GuardTable
    topics: tuple[Clause, ...]
    detectors: tuple[Detector, ...]
    judge: Judge | None
    configuration: GuardConfiguration

    def guard(
        self, detectors: Sequence[Detector], judge: Judge | None = None, limit: Callable[[str], float] | None = None
    ) -> Guard:
        """The guard, with these detectors and this judge in the place of its own.

        Args:
            detectors: those here, or something around them.
            judge: likewise.
            limit: seconds for a detector by its name; those of ``guard.yaml`` if not said.
        """
        limit = limit or self._limit
        return Guard(self.table, detectors, clauses=self.topics, judge=judge, limit=limit)

    def _limit(self, name: str) -> float:
        return self.configuration.milliseconds_for(name) / 1000


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
    judge = configured_judge(configuration)
    return GuardParts(table, topics, detectors_of(topics, prompts, encoders), judge, configuration)


def detectors_of(
    topics: Sequence[Clause], prompts: Sequence[Prompt], encoders: tuple[str, ...]
) -> tuple[Detector, ...]:
    """Every detector of the clauses: patterns, heads over embeddings, and the conversation as a whole."""
    heads = _heads(topics, tuple(prompts), tuple(encoders))
    return (*pattern_detectors(topics), *presidio_detectors(topics), heads, Conversations(heads))


class _Learnt(NamedTuple):
    """Heads, and a digest of everything that they were learnt from."""

    material: Digest
    heads: Heads


_learnt: deque[_Learnt] = deque(maxlen=4)
"""The heads that were learnt last: most edits of a policy teach nothing new, and must not take a second of learning."""


def _heads(topics: Sequence[Clause], prompts: tuple[Prompt, ...], encoders: tuple[str, ...]) -> Heads:
    """Heads for the clauses; the same ones where nothing that they learn from has changed."""
    said = [
        (row.id, row.ceiling, row.severity, row.facet(Facet.EXAMPLES), row.facet(Facet.THRESHOLDS)) for row in topics
    ]
    material = digest_of({"topics": said, "prompts": [row.digest for row in prompts], "encoders": encoders})
    for learnt in tuple(_learnt):
        if learnt.material == material:
            return learnt.heads
    heads = train(topics, [loaded_encoder(name) for name in encoders], prompts)
    _learnt.append(_Learnt(material, heads))
    return heads


@lru_cache(maxsize=4)
def loaded_encoder(name: str) -> Encoder:
    """Loaded once: an encoder may be used by several threads, and never changes."""
    encoder: Encoder = adapter(name)()
    return encoder


def configured_judge(configuration: GuardConfiguration) -> Judge | None:
    """The judge of ``guard.yaml``; none where it names none."""
    said = configuration.judge
    if said is None:
        return None
    key = os.environ.get(said.key_variable, "")
    return HttpJudge(said.address.url, said.address.name, key, said.seconds, said.parallel)


def presidio_detectors(clauses: Sequence[Clause]) -> tuple[Detector, ...]:
    """Presidio for each side that a clause asks it for; nothing is loaded where none does."""
    rows = [row for clause in clauses for row in clause.patterns if row.personal is PersonalData.PRESIDIO]
    sides: tuple[Side, ...] = ("request", "reply")
    return tuple(PresidioDetector(clauses, side) for side in sides if any(row.side in (side, "both") for row in rows))
