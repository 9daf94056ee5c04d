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
from colonnade.guard.detection.confirming import Confirmed, confirm, on_replies
from colonnade.guard.detection.judging import HttpJudge
from colonnade.guard.detection.patterns import pattern_detectors
from colonnade.guard.detection.presidio import PresidioDetector
from colonnade.guard.running import Side
from colonnade.models import Encoder, adapter
from colonnade.pipeline.hosting import Reading, reading_of
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
    probed: bool = False,
) -> GuardParts:
    """The parts of the guard of a workspace, for the launch's first region.

    Args:
        workspace: its policies count.
        configuration: tiers, purposes and replies.
        today: the day.
        prompts: that teach the detectors besides the clauses' examples; see ``teaching_prompts``.
        encoders: names of adapters that texts are read with.
        probed: whether a probe looks again at suspicious requests where ``guard.yaml`` says nothing of it.

    Raises:
        InputError: where a topic has no examples, or ``launch.yaml`` names weights that are not there.
        MissingPackageError: where a probe is wanted and a package that it needs is not installed.
    """
    region = workspace.launch.regions[0]
    table = compile_table(workspace.policies.active, configuration, region, today)
    topics = topic_clauses(workspace.policies.active, region)
    judge = configured_judge(configuration)
    wanted = probed if configuration.probe is None else configuration.probe
    reading = reading_of(workspace) if wanted else None
    detectors = detectors_of(topics, prompts, encoders, reading, judge is not None)
    return GuardParts(table, topics, detectors, judge, configuration)


def detectors_of(
    topics: Sequence[Clause],
    prompts: Sequence[Prompt],
    encoders: tuple[str, ...],
    reading: Reading | None = None,
    judged: bool = False,
) -> tuple[Detector, ...]:
    """Every detector of the clauses: patterns, heads over embeddings, and the conversation as a whole.

    Args:
        topics: that they recognise.
        prompts: that they learn from besides the clauses' examples.
        encoders: names of adapters that texts are read with.
        reading: what a probe on a language model reads with; then it looks again at requests that the heads suspect.
        judged: whether a judge decides what is uncertain.
    """
    heads, by_form = _heads(topics, tuple(prompts), tuple(encoders), judged), pattern_detectors(topics)
    named = presidio_detectors(topics)
    if reading is None:
        return (*by_form, *named, heads, Conversations(heads))
    again = _confirmed(heads, topics, prompts, reading, judged)
    return (*by_form, *named, again, on_replies(heads), Conversations(heads))


class _Learnt(NamedTuple):
    """Heads, and a digest of everything that they were learnt from."""

    material: Digest
    heads: Heads


_learnt: deque[_Learnt] = deque(maxlen=4)
"""The heads that were learnt last: most edits of a policy teach nothing new, and must not take a second of learning."""


def _heads(topics: Sequence[Clause], prompts: tuple[Prompt, ...], encoders: tuple[str, ...], judged: bool) -> Heads:
    """Heads for the clauses; the same ones where nothing that they learn from has changed."""
    learnt_from = {"topics": _said(topics), "prompts": [row.digest for row in prompts], "encoders": encoders}
    material = digest_of({**learnt_from, "judged": judged})
    for learnt in tuple(_learnt):
        if learnt.material == material:
            return learnt.heads
    heads = train(topics, [loaded_encoder(name) for name in encoders], prompts, judged)
    _learnt.append(_Learnt(material, heads))
    return heads


def _said(topics: Sequence[Clause]) -> list[tuple[object, ...]]:
    """What detectors take from the clauses; severity, since long texts are not spared where it is critical."""
    facets = (Facet.EXAMPLES, Facet.THRESHOLDS)
    return [(row.id, row.ceiling, row.severity, *(row.facet(facet) for facet in facets)) for row in topics]


_looked_again: deque[tuple[Digest, Confirmed]] = deque(maxlen=4)


def _confirmed(
    heads: Heads, topics: Sequence[Clause], prompts: Sequence[Prompt], reading: Reading, judged: bool
) -> Confirmed:
    """A second look at what these heads find; the same one where neither they nor the model have changed."""
    material = digest_of([heads.digest, reading.activations.digest, _said(topics), judged])
    for known, confirmed in tuple(_looked_again):
        if known == material:
            return confirmed
    made = confirm(heads, topics, reading.activations, prompts, reading.remembered, judged)
    _looked_again.append((material, made))
    return made


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
