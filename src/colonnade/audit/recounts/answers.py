"""That answers are to the prompts that were read and verdicts on the answers that were read, and that none is missing.

What a grader should have found is not looked at: that takes the grader.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from colonnade.audit.archive import Archive
from colonnade.audit.evidence import PlacedRun
from colonnade.records import Checkpoint, Digest, Prompt, Run, Transcript, Verdict

ANSWERING_STEPS = ("evaluation.base", "evaluation.trained")
GRADING_STEP = "evaluation.grade"
_SHOWN = 5


class Told(NamedTuple):
    """Who said what was transcribed, and to which prompt."""

    speaker: Digest
    prompt: str


def transcripts_of(runs: Iterable[PlacedRun], archive: Archive) -> dict[Digest, Told]:
    """Every transcript that any run of the ledger made, by its digest."""
    digests = dict.fromkeys(digest for _, _, run in runs for _, digest in run.outputs)
    return {
        row.digest: Told(row.speaker, row.prompt) for digest in digests for row in archive.records(Transcript, digest)
    }


def answer_problems(run: Run, archive: Archive) -> Iterator[str]:
    """A step that asks has one answer to each prompt that it read, by the speaker whom it asked."""
    if run.step not in ANSWERING_STEPS:
        return
    prompts = [row.id for row in archive.taken(Prompt, run)]
    answers = archive.made(Transcript, run)
    yield from _missing("answer", prompts, [row.prompt for row in answers], "prompt")
    asked = [row.digest for row in archive.taken(Checkpoint, run)]
    if not asked and run.model is not None:
        asked = [Checkpoint(adapter=None, base=run.model, method="base").digest]
    for speaker in sorted({row.speaker for row in answers} - set(asked)):
        yield f"answers are by {speaker}, and the step asked {', '.join(asked) or 'nobody'}."


def verdict_problems(run: Run, archive: Archive, told: Mapping[Digest, Told]) -> Iterator[str]:
    """Verdicts name a transcript of their prompt; in the grading step each grader judged every answer once."""
    prompts = {row.id: row for row in archive.taken(Prompt, run)}
    for name, digest in run.outputs:
        verdicts = archive.records(Verdict, digest)
        if not verdicts:
            continue
        wrong = [sentence for row in verdicts for sentence in _misplaced(row, told, prompts)]
        yield from (f"output '{name}': {sentence}" for sentence in wrong[:_SHOWN])
        if len(wrong) > _SHOWN:
            yield f"output '{name}': {len(wrong) - _SHOWN} more verdicts are on other answers than they say."
        if run.step == GRADING_STEP and f"evaluation.{name}/transcripts" in dict(run.inputs):
            answers = [row.digest for row in archive.input(Transcript, run, f"evaluation.{name}/transcripts")]
            for grader in sorted({row.grader for row in verdicts}):
                judged = [row.transcript for row in verdicts if row.grader == grader and row.replaces is None]
                yield from _missing(f"verdict by {grader}", answers, judged, "answer")


def _misplaced(row: Verdict, told: Mapping[Digest, Told], prompts: Mapping[str, Prompt]) -> Iterator[str]:
    answer, prompt = told.get(row.transcript), prompts.get(row.prompt)
    name = f"the verdict by {row.grader} on '{row.prompt}'"
    if answer is not None and answer.prompt != row.prompt:
        yield f"{name} names the answer {row.transcript}, which is to '{answer.prompt}'."
    if prompt is not None and prompt.clause != row.clause:
        yield f"{name} is under the clause '{row.clause}', but its prompt tests '{prompt.clause}'."


def _missing(what: str, wanted: Iterable[str], found: Iterable[str], to: str) -> Iterator[str]:
    """Whether there is just one for each."""
    asked, given = Counter(wanted), Counter(found)
    lacking, extra = asked - given, given - asked
    if lacking:
        yield f"there is no {what} for the {to} '{min(lacking)}'{_more(lacking)}."
    if extra:
        yield f"there is one {what} too many for the {to} '{min(extra)}'{_more(extra)}."


def _more(counts: Counter[str]) -> str:
    return f" and {counts.total() - 1} more" if counts.total() > 1 else ""
