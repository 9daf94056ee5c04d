"""Curate, build exercises, train, probe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from colonnade.models import adapter
from colonnade.models.local import load, release_memory
from colonnade.models.tuning import Lesson, in_random_order, tune
from colonnade.pipeline.context import Context, Result
from colonnade.pipeline.stages.weights import base_checkpoint, base_weights, checkpoint_folder
from colonnade.pretraining import exercises_from
from colonnade.pretraining.curation import curate
from colonnade.pretraining.probes import perplexity_by_domain, sparse_questions
from colonnade.records import Checkpoint, Document, Exercise, Fate, ProbeResult, Prompt, TrainingPoint


def curate_corpus(context: Context) -> Result:
    """Every document of the corpus gets its fate."""
    encoder = adapter("minilm")()
    curated = curate(
        context.workspace,
        context.clauses,
        context.launch.languages,
        context.launch.pretraining.curation,
        encoder,
        context.reporter.progress,
    )
    fates = Counter(document.fate for document in curated.documents)
    reasons = Counter(document.reason.split(":")[0].split(" of ")[0] for document in curated.dropped)
    return Result(
        records={"documents": curated.documents, "dropped": curated.dropped},
        notes={
            "documents": ", ".join(f"{fates[fate]} {fate}" for fate in Fate if fates[fate]),
            "dropped": ", ".join(f"{count} {reason}" for reason, count in reasons.most_common()),
        },
    )


def build_exercises(context: Context) -> Result:
    """Three kinds of exercise from every clause."""
    exercises = exercises_from(context.clauses)
    kinds = Counter(exercise.kind for exercise in exercises)
    return Result(
        records={"exercises": exercises},
        notes={"exercises": ", ".join(f"{count} {kind}" for kind, count in kinds.items())},
    )


def train(context: Context) -> Result:
    """Continue pretraining on exercises and kept documents."""
    recipe = context.launch.pretraining.training
    lessons = _lessons(
        context.records(Exercise, "pretraining.exercises/exercises"),
        context.records(Document, "pretraining.curate/documents"),
    )
    tuned = tune(
        base_weights(context),
        None,
        in_random_order(lessons, recipe.steps * recipe.batch, context.launch.seed),
        recipe,
        context.launch.seed,
        context.scratch,
        on_step=context.reporter.progress,
        parts=context.parts,
    )
    folder = tuned.adapters[-1][1]
    checkpoint = Checkpoint(
        adapter=context.store.put_folder(folder),
        base=context.base,
        method="pretraining",
        step=recipe.steps,
        parent=base_checkpoint(context).digest,
        trained_on=(context.digest("pretraining.exercises/exercises"), context.digest("pretraining.curate/documents")),
    )
    release_memory()
    return Result(
        records={"checkpoint": [checkpoint], "curve": tuned.curve},
        folders={"adapter": folder},
        notes={"loss": loss_in_words(tuned.curve)},
    )


def loss_in_words(curve: Sequence[TrainingPoint]) -> str:
    """What the loss of a training was, and what it does not say.

    Each step has other texts, and documents are harder than the answers of exercises: whether the last batch's loss
    is above the first one's tells which texts came last, and not what was learnt.
    """
    values = [point.value for point in curve]
    mean, steps = sum(values) / len(values), f"{len(values)} steps" if len(values) > 1 else "1 step"
    spread = f"{mean:.2f} on average over {steps}, {min(values):.2f} to {max(values):.2f}"
    return f"{spread} as each has other texts; pretraining.probe says what was learnt"


def probe(context: Context) -> Result:
    """Perplexity per domain and sparse questions, before and after."""
    recipe = context.launch.pretraining
    documents = context.records(Document, "pretraining.curate/documents")
    taught = context.records(Prompt, "intake.prompts/training")
    unseen = context.records(Prompt, "intake.prompts/development")[: recipe.questions]
    trained = context.record(Checkpoint, "pretraining.train/checkpoint")
    results: list[ProbeResult] = []
    progress = context.reporter.progress

    def probed(checkpoint: Checkpoint) -> list[dict[str, Any]]:
        loaded = load(base_weights(context), checkpoint_folder(context, checkpoint))
        digest = checkpoint.digest
        found = (
            *perplexity_by_domain(loaded, documents, digest, recipe.training.tokens, progress),
            sparse_questions(loaded, taught, unseen, recipe.shots, digest, context.launch.seed, progress),
        )
        return [row.model_dump(mode="json") for row in found]

    for checkpoint in (base_checkpoint(context), trained):
        rows = context.parts.once(checkpoint.digest, partial(probed, checkpoint))
        results += map(ProbeResult.model_validate, rows)
    release_memory()
    before, after = (
        {row.probe: row.value for row in results if row.speaker == who and row.group == "all"}
        for who in (base_checkpoint(context).digest, trained.digest)
    )
    return Result(
        records={"probes": results},
        notes={
            "perplexity": f"{before['perplexity']:.1f} before, {after['perplexity']:.1f} after"
            if "perplexity" in before
            else "no held-out text",
            "sparse questions": f"{before['sparse_questions']:.0%} right before,"
            f" {after['sparse_questions']:.0%} after, of {len(unseen)}",
        },
    )


def _lessons(exercises: Sequence[Exercise], documents: Sequence[Document]) -> list[list[Lesson]]:
    """Exercises, of which only the answer is learnt, and documents, of which all is."""
    lessons = [[Lesson(f"Question: {row.question}\nAnswer:", f" {row.answer}")] for row in exercises]
    return [*lessons, *([Lesson("", row.text)] for row in documents if row.fate in (Fate.KEPT, Fate.REINTRODUCED))]
