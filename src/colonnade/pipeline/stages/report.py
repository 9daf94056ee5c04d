"""Everything on one page."""

from __future__ import annotations

from colonnade.audit import ExamplePair, ReportData, render_report
from colonnade.pipeline.context import Context, Result
from colonnade.pipeline.judging import MEASURING
from colonnade.records import (
    CapabilityComparison,
    CapabilityResult,
    Checkpoint,
    Comparison,
    CorrectedRate,
    Decision,
    Document,
    Exercise,
    FrontierFinding,
    GraderReport,
    GuardTable,
    HarmCoverage,
    JointRegion,
    Measurement,
    PillarCoverage,
    ProbeResult,
    ReviewRequest,
    TrainingPoint,
    Transcript,
    Verdict,
)

_SHOWN_EXAMPLES = 6


def report(context: Context) -> Result:
    """The report as one self-contained page."""
    trained = context.record(Checkpoint, "posttraining.select/checkpoint")
    measurements = context.records(Measurement, "evaluation.measure/measurements")
    base = next((row.speaker for row in measurements if row.speaker != trained.digest), "")
    pretrained = context.record(Checkpoint, "pretraining.train/checkpoint")
    runs = {name.partition("/")[0]: context.store.catalogue.maker(digest) for name, digest in context.inputs.items()}
    data = ReportData(
        risks=context.records(HarmCoverage, "policy.map/risks"),
        pillars=context.records(PillarCoverage, "policy.map/pillars"),
        documents=(
            *context.records(Document, "pretraining.curate/documents"),
            *context.records(Document, "pretraining.curate/dropped"),
        ),
        exercises=context.records(Exercise, "pretraining.exercises/exercises"),
        probes=context.records(ProbeResult, "pretraining.probe/probes"),
        curves={
            step: context.records(TrainingPoint, f"{step}/curve")
            for step in ("pretraining.train", "posttraining.finetune", "posttraining.reinforce")
        },
        grader_reports=tuple(
            context.record(GraderReport, f"posttraining.{name}/report") for name in ("reward", "judge")
        ),
        measurements=measurements,
        comparisons=context.records(Comparison, "evaluation.measure/comparisons"),
        corrected=context.records(CorrectedRate, "evaluation.measure/corrected"),
        regions=context.records(JointRegion, "evaluation.measure/regions"),
        capability=context.records(CapabilityResult, "evaluation.capability/results"),
        capability_comparisons=context.records(CapabilityComparison, "evaluation.capability/comparisons"),
        findings=context.records(FrontierFinding, "frontier.answer/findings"),
        review_requests=context.records(ReviewRequest, "frontier.answer/requests"),
        decision=context.record(Decision, "gate.decide/decision"),
        guard_table=context.record(GuardTable, "guard.compile/table"),
        examples=_examples(context),
        runs=tuple(sorted({made.run for made in runs.values() if made}, key=lambda run: run.ended)),
        names={base: "base", pretrained.digest: "after pretraining", trained.digest: "trained"},
        measuring_grader=MEASURING,
    )
    page = render_report(context.launch, context.policies, data)
    return Result(pages={"page": page}, notes={"page": f"{len(page.encode()) // 1024} KiB, self-contained"})


def _examples(context: Context) -> tuple[ExamplePair, ...]:
    """A few prompts with both models' answers, evenly from the whole set."""
    shown = []
    for name in ("base", "trained"):
        transcripts = context.records(Transcript, f"evaluation.{name}/transcripts")
        verdicts = {
            row.transcript: row
            for row in context.records(Verdict, f"evaluation.grade/{name}")
            if row.grader == MEASURING
        }
        stride = max(1, len(transcripts) // _SHOWN_EXAMPLES - 1)
        shown += [ExamplePair(row, verdicts[row.digest]) for row in transcripts[::stride] if row.digest in verdicts]
    return tuple(shown)
