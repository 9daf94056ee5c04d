"""The answers of the last run for people to label, and the graders held against their labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from colonnade.evaluation.calibration import calibrate
from colonnade.evaluation.labelling import (
    Sheet,
    agreed,
    choose_for_labelling,
    ratings_by_person,
    read_labels,
    sheets,
)
from colonnade.pipeline.planning import outputs_of
from colonnade.pipeline.workspace import Workspace
from colonnade.records import (
    Clause,
    CorrectedRate,
    Digest,
    GraderAgreement,
    InputError,
    Label,
    Prompt,
    Transcript,
    Verdict,
)
from colonnade.statistics import Alpha, krippendorff_alpha
from colonnade.store import Store

MEASURING = "decline-rules"
"""The grader whose findings the answers are drawn by: the one that the gate reads."""


class Answered(NamedTuple):
    """What the chosen checkpoint said on the gate split in the last run, and what graders found."""

    transcripts: Mapping[Digest, Transcript]
    prompts: Mapping[str, Prompt]
    clauses: Mapping[str, Clause]
    verdicts: tuple[Verdict, ...]
    speaker: Digest


class Calibrated(NamedTuple):
    """Graders against people.

    Attributes:
        labels: every label that was read; answers on which people are divided count for neither side.
        divided: how many answers those are.
        alpha: Krippendorff's, over answers that two people labelled or more; none without any.
    """

    agreements: tuple[GraderAgreement, ...]
    rates: tuple[CorrectedRate, ...]
    labels: tuple[Label, ...]
    divided: int
    alpha: Alpha | None


def last_answers(workspace: Workspace) -> Answered:
    """The newest graded answers of the trained model.

    Raises:
        InputError: where no run has graded any.
    """
    store = Store(workspace.folder)
    try:
        runs = [store.catalogue.latest(step) for step in ("intake.prompts", "evaluation.trained", "evaluation.grade")]
        if not all(runs):
            raise InputError("no run has graded an answer yet.", file=workspace.folder, mend="Run 'colonnade run'.")
        outputs = {name: digest for run in runs if run for name, digest in outputs_of(run).items()}
        transcripts = store.get_records(Transcript, outputs["evaluation.trained/transcripts"])
        prompts = store.get_records(Prompt, outputs["intake.prompts/gate"])
        verdicts = store.get_records(Verdict, outputs["evaluation.grade/trained"])
    finally:
        store.close()
    if not transcripts:
        raise InputError("the last run has no answer.", file=workspace.folder, mend="Add prompts to the gate split.")
    by_id = {prompt.id: prompt for prompt in prompts}
    known = {row.digest: row for row in transcripts if row.prompt in by_id}
    return Answered(
        transcripts=known,
        prompts=by_id,
        clauses={clause.id: clause for clause in workspace.policies.clauses},
        verdicts=tuple(row for row in verdicts if row.transcript in known),
        speaker=transcripts[0].speaker,
    )


def sample_for_people(workspace: Workspace, count: int, seed: int, labelled: Path | None) -> tuple[Sheet, ...]:
    """So many answers to label, evenly from what the measuring grader found."""
    answered = last_answers(workspace)
    done = read_labels(labelled, answered.transcripts) if labelled else ()
    readable = [
        row
        for row in answered.verdicts
        if row.grader == MEASURING and answered.transcripts[row.transcript].reply and row.clause in answered.clauses
    ]
    chosen = choose_for_labelling(
        readable, answered.prompts, count, seed, frozenset(label.transcript for label in done)
    )
    return sheets(chosen, answered.transcripts, answered.prompts, answered.clauses)


def calibrate_graders(workspace: Workspace, file: Path, further: int) -> Calibrated:
    """Every grader of the last run against the labels in a file."""
    answered = last_answers(workspace)
    labels = read_labels(file, answered.transcripts)
    found = agreed(labels)
    agreements, rates = calibrate(
        answered.verdicts,
        found,
        answered.prompts,
        tuple(answered.clauses.values()),
        answered.speaker,
        workspace.launch.evaluation.confidence,
        MEASURING,
        further,
    )
    divided = len({row.transcript for row in labels}) - len(found)
    return Calibrated(agreements, rates, labels, divided, krippendorff_alpha(ratings_by_person(labels)))
