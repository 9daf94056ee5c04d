"""The answers of the last run for people to label, and the graders held against their labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from colonnade.evaluation.calibration import calibrate
from colonnade.evaluation.labelling import (
    Sheet,
    choose_for_labelling,
    ratings_by_person,
    read_labels,
    sheets,
)
from colonnade.grading import Item
from colonnade.grading.people import agreed, fits
from colonnade.pipeline.planning import outputs_of
from colonnade.pipeline.workspace import Workspace
from colonnade.records import (
    Clause,
    CorrectedRate,
    Digest,
    Finding,
    GraderAgreement,
    InputError,
    Label,
    Prompt,
    Run,
    Transcript,
    Verdict,
)
from colonnade.statistics import Alpha, krippendorff_alpha
from colonnade.store import Store
from colonnade.store.store import HOME

MEASURING = "decline-rules"
"""The grader that measures, chooses and draws answers for people: rules that never rewarded."""

Whose = Literal["base", "trained"]


class Answered(NamedTuple):
    """What a checkpoint said on the gate split, and what graders found."""

    transcripts: Mapping[Digest, Transcript]
    prompts: Mapping[str, Prompt]
    clauses: Mapping[str, Clause]
    verdicts: tuple[Verdict, ...]
    speaker: Digest


class Calibrated(NamedTuple):
    """Graders against people.

    Attributes:
        labels: every label that was read; answers on which people are divided count for neither side.
        divided: how many answers those are, with those whose label their prompt cannot have.
        unscored: how often which grader could not judge, by its reason.
        alpha: Krippendorff's, over answers that two people labelled or more; none without any.
    """

    agreements: tuple[GraderAgreement, ...]
    rates: tuple[CorrectedRate, ...]
    labels: tuple[Label, ...]
    divided: int
    alpha: Alpha | None
    unscored: tuple[tuple[str, str, int], ...] = ()


def last_answers(workspace: Workspace, whose: Whose = "trained") -> Answered:
    """The newest graded answers of the trained model, or of the base model beside it.

    Raises:
        InputError: where no run has graded any.
    """
    with store_of(workspace) as store:
        return answers_of(grading_run(workspace, store, ""), workspace, store, whose)


@contextmanager
def store_of(workspace: Workspace) -> Iterator[Store]:
    """The store of a workspace in which something has run.

    Raises:
        InputError: where nothing has; no store is made then.
    """
    if not (workspace.folder / HOME).is_dir():
        raise InputError("no run has graded an answer yet.", file=workspace.folder, mend="Run 'colonnade run'.")
    store = Store(workspace.folder)
    try:
        yield store
    finally:
        store.close()


def grading_run(workspace: Workspace, store: Store, prefix: str) -> Run:
    """The newest run that graded answers, or the one whose digest begins like this.

    Raises:
        InputError: where there is none, or more than one begins so.
    """
    runs = [run for run in store.catalogue.runs() if run.step == "evaluation.grade"]
    if not runs:
        raise InputError("no run has graded an answer yet.", file=workspace.folder, mend="Run 'colonnade run'.")
    if not prefix:
        return runs[-1]
    full = prefix if prefix.startswith("sha256:") else f"sha256:{prefix}"
    found = [run for run in runs if run.digest.startswith(full)]
    if len(found) != 1:
        known = ", ".join(run.digest[7:15] for run in runs)
        what = f"{len(found) or 'no'} runs that graded begin with '{prefix}'."
        raise InputError(what, file=workspace.folder, mend=f"Name one of {known}.")
    return found[0]


def answers_of(run: Run, workspace: Workspace, store: Store, whose: Whose = "trained") -> Answered:
    """The answers that a run graded, with the clauses as they stand now.

    Raises:
        InputError: where it had none.
    """
    inputs, outputs = dict(run.inputs), outputs_of(run)
    transcripts = store.get_records(Transcript, inputs[f"evaluation.{whose}/transcripts"])
    prompts = store.get_records(Prompt, inputs["intake.prompts/gate"])
    verdicts = store.get_records(Verdict, outputs[f"evaluation.grade/{whose}"])
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


def items_of(answered: Answered) -> tuple[Item, ...]:
    """The answers with their prompts and clauses; those of a clause that is gone are left out."""
    rows = ((row, answered.prompts[row.prompt]) for row in answered.transcripts.values())
    return tuple(
        Item(row, prompt, answered.clauses[prompt.clause]) for row, prompt in rows if prompt.clause in answered.clauses
    )


def unscored_by_reason(verdicts: Iterable[Verdict]) -> tuple[tuple[str, str, int], ...]:
    """Which grader could not judge how many answers, for which reason; the commonest first."""
    counted = Counter((row.grader, row.reason) for row in verdicts if row.finding is Finding.UNSCORED)
    return tuple((grader, reason, count) for (grader, reason), count in counted.most_common())


def sample_for_people(
    workspace: Workspace, count: int, seed: int, labelled: Path | None, whose: Whose = "trained"
) -> tuple[Sheet, ...]:
    """So many answers to label, evenly from what the measuring grader found."""
    answered = last_answers(workspace, whose)
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
    labels = labels_of(file, answered, last_answers(workspace, "base"))
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
    prompts, known = answered.prompts, answered.transcripts
    usable = sum(fits(prompts[known[digest].prompt].expected, said) for digest, said in found.items())
    return Calibrated(
        agreements,
        rates,
        labels,
        len({row.transcript for row in labels}) - usable,
        krippendorff_alpha(ratings_by_person(labels)),
        unscored_by_reason(answered.verdicts),
    )


def labels_of(file: Path, answered: Answered, beside: Answered) -> tuple[Label, ...]:
    """The labels in a file that are of one speaker's answers; it may hold those of another one beside.

    Raises:
        InputError: for what :func:`read_labels` complains of, or where none is of this speaker's.
    """
    labels = read_labels(file, {**beside.transcripts, **answered.transcripts})
    kept = tuple(row for row in labels if row.transcript in answered.transcripts)
    if not kept:
        what = "no label here is of an answer of the trained model."
        raise InputError(what, file=file, mend="Draw some with 'colonnade judge sample'.")
    return kept
