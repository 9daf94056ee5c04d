"""General questions to both checkpoints: what training has cost."""

from __future__ import annotations

from collections.abc import Sequence

from colonnade.evaluation.capability import ask_suites, compare_answers, count_answers, read_suites
from colonnade.models import Progress
from colonnade.models.continuations import continuation_losses
from colonnade.models.local import release_memory
from colonnade.models.resuming import ResumingModel
from colonnade.pipeline.context import Context, Result
from colonnade.pipeline.stages.weights import base_checkpoint, resuming_speaker
from colonnade.records import CapabilityAnswer, Checkpoint


def measure_capability(context: Context) -> Result:
    """Every suite of the workspace, by both checkpoints; without a suite nothing is measured, and it says so."""
    suites = read_suites(context.workspace)
    checkpoints = (base_checkpoint(context), context.record(Checkpoint, "posttraining.select/checkpoint"))
    recipe = context.launch.evaluation
    answers: list[CapabilityAnswer] = []
    for checkpoint in checkpoints if suites else ():
        model = resuming_speaker(context, checkpoint)
        answers += ask_suites(
            suites,
            model,
            _Losses(context, model),
            context.launch.model.system,
            recipe.batch,
            checkpoint.digest,
            context.reporter.progress,
        )
        del model
        release_memory()
    first, second = (checkpoint.digest for checkpoint in checkpoints)
    results = count_answers(answers, context.store.put_records(answers), recipe.confidence)
    comparisons = compare_answers(answers, (first, second), recipe.confidence)
    notes = {"capability": "not measured: capability/ holds no suite"}
    whole = {row.speaker: row for row in results if row.group == "all"}
    if whole:
        shown = (f"{row.right} of {row.items} right, {row.declined} declined" for row in (whole[first], whole[second]))
        notes = dict(zip(("base", "trained"), shown, strict=True))
    return Result(records={"answers": answers, "results": results, "comparisons": comparisons}, notes=notes)


class _Losses:
    """How likely each option is, a suite at a time: what a crash costs."""

    def __init__(self, context: Context, model: ResumingModel) -> None:
        self.parts, self.model = context.parts, model

    def __call__(
        self, beginnings: Sequence[str], continuations: Sequence[Sequence[str]], progress: Progress | None = None
    ) -> list[tuple[float, ...] | None]:
        rows = self.parts.once(
            {"speaker": self.model.speaker, "beginnings": beginnings, "continuations": continuations},
            lambda: continuation_losses(self.model.loaded, beginnings, continuations, progress),
        )
        return [row if row is None else tuple(row) for row in rows]
