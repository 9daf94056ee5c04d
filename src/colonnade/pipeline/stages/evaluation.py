"""Both checkpoints on the gate split: transcripts, verdicts, measurements."""

from __future__ import annotations

from collections.abc import Sequence

from colonnade.evaluation import METRICS, compare, measure, measure_jointly
from colonnade.evaluation.calibration import corrected_rates
from colonnade.evaluation.labelling import labels_below
from colonnade.evaluation.runner import RunSettings, Standing, answer
from colonnade.grading import EmbeddedJudge, Grader, Item, JudgeWeights, grader
from colonnade.grading.judge_recipes import judge_from
from colonnade.models import Sampling, adapter
from colonnade.models.local import release_memory
from colonnade.pipeline.context import Context, Result
from colonnade.pipeline.judging import MEASURING
from colonnade.pipeline.stages.weights import base_checkpoint, resuming_speaker
from colonnade.records import (
    Checkpoint,
    CorrectedRate,
    Digest,
    JointRegion,
    Label,
    Measurement,
    Prompt,
    Transcript,
    Verdict,
)


def ask_base(context: Context) -> Result:
    """The base model on the gate split."""
    return _ask(context, base_checkpoint(context))


def ask_trained(context: Context) -> Result:
    """The chosen checkpoint on the gate split."""
    return _ask(context, context.record(Checkpoint, "posttraining.select/checkpoint"))


def grade(context: Context) -> Result:
    """Every answer by the rules that measure, the embedded judge, and the launch's own where it is another."""
    prompts = {prompt.id: prompt for prompt in context.records(Prompt, "intake.prompts/gate")}
    clauses = {clause.id: clause for clause in context.clauses}
    judge = EmbeddedJudge(context.record(JudgeWeights, "posttraining.judge/weights"), adapter("minilm")())
    # A launch's own judge is graded with, too: what nobody measures, nobody can correct.
    own = () if context.launch.judge.kind == "embedded" else (judge_from(context.launch.judge, lambda: judge),)
    graders: tuple[Grader, ...] = (grader(MEASURING)(), judge, *own)
    verdicts: dict[str, list[Verdict]] = {}
    for name in ("base", "trained"):
        transcripts = context.records(Transcript, f"evaluation.{name}/transcripts")
        items = [
            Item(row, prompts[row.prompt], clauses[prompts[row.prompt].clause])
            for row in transcripts
            if prompts[row.prompt].clause in clauses
        ]
        verdicts[name] = [row for one in graders for row in one.grade(items)]
    agreed = _agreement(verdicts["trained"])
    return Result(
        records=verdicts,
        notes={"verdicts": f"{sum(map(len, verdicts.values()))}; the {len(graders)} graders agree on {agreed:.0%}"},
    )


def measure_both(context: Context) -> Result:
    """Both rates per pillar and clause, together and corrected by what people found, and the paired comparison."""
    prompts = context.records(Prompt, "intake.prompts/gate")
    confidence = context.launch.evaluation.confidence
    speakers = (base_checkpoint(context).digest, context.record(Checkpoint, "posttraining.select/checkpoint").digest)
    labels = labels_below(context.workspace)
    measurements, regions, corrected = list[Measurement](), list[JointRegion](), list[CorrectedRate]()
    verdicts = [context.records(Verdict, f"evaluation.grade/{name}") for name in ("base", "trained")]
    for name, who, rows in zip(("base", "trained"), speakers, verdicts, strict=True):
        artefact = context.digest(f"evaluation.grade/{name}")
        measurements += measure(rows, prompts, context.clauses, who, artefact, confidence)
        regions += measure_jointly(rows, prompts, who, artefact, confidence)
        rates = corrected_rates(rows, labels, prompts, context.clauses, who, confidence, MEASURING)
        corrected += (row for row in rates if row.corrected)
    comparisons = compare(verdicts[0], verdicts[1], prompts, speakers, confidence)
    return Result(
        records={
            "measurements": measurements,
            "comparisons": comparisons,
            "regions": regions,
            "corrected": corrected,
        },
        notes=_rates_in_words(measurements, speakers) | _labels_in_words(labels, verdicts),
    )


def _rates_in_words(measurements: Sequence[Measurement], speakers: tuple[Digest, Digest]) -> dict[str, str]:
    rates = {
        (row.metric, row.speaker): f"{row.events} of {row.scored} ({row.low:.0%} to {row.high:.0%})"
        for row in measurements
        if row.group == "all" and row.grader == MEASURING
    }
    base, trained = speakers
    return {
        metric.replace("_rate", "s"): f"base {rates.get((metric, base), 'none')}, "
        f"trained {rates.get((metric, trained), 'none')}"
        for metric in METRICS
    }


def _labels_in_words(labels: Sequence[Label], verdicts: Sequence[Sequence[Verdict]]) -> dict[str, str]:
    """How many labels are of these answers; those of older ones correct nothing here."""
    if not labels:
        return {}
    answers = {row.transcript for rows in verdicts for row in rows}
    old = sum(row.transcript not in answers for row in labels)
    return {"labels": f"{len(labels) - old} of these answers" + (f", {old} of others" if old else "")}


def _ask(context: Context, checkpoint: Checkpoint) -> Result:
    prompts = context.records(Prompt, "intake.prompts/gate")
    recipe = context.launch.evaluation

    def told(standing: Standing) -> None:
        context.reporter.progress(standing.done, standing.total)

    answered = answer(
        prompts,
        resuming_speaker(context, checkpoint),
        context.launch.model.system,
        Sampling(recipe.tokens, batch=recipe.batch),
        checkpoint.digest,
        RunSettings(on_progress=told),
    )
    release_memory()
    faults = sum(count for _, count in answered.faults)
    return Result(
        records={"transcripts": answered.transcripts},
        notes={"answers": f"{len(answered.transcripts)}, {faults} faults"},
    )


def _agreement(verdicts: list[Verdict]) -> float:
    by_transcript: dict[str, set[str]] = {}
    for row in verdicts:
        by_transcript.setdefault(row.transcript, set()).add(row.finding)
    return sum(len(findings) == 1 for findings in by_transcript.values()) / max(1, len(by_transcript))
