"""Fine-tune, shortlist, reinforce, choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from colonnade.evaluation import measure
from colonnade.grading import Item, grader
from colonnade.models import Model, Sampling, adapter, conversation
from colonnade.models.local import LocalModel, release_memory
from colonnade.models.transcribing import transcribe
from colonnade.models.tuning import in_random_order, tune
from colonnade.pipeline.context import Context, Result
from colonnade.pipeline.stages.rewards import names_of_rewarding_graders, rewarding_graders, spread
from colonnade.pipeline.stages.weights import (
    base_checkpoint,
    base_weights,
    checkpoint_folder,
    resuming_speaker,
    speaker,
)
from colonnade.posttraining import Candidate, reward_answers, select
from colonnade.posttraining.finetuning import lesson_pairs, mostly_help
from colonnade.posttraining.rehearsal import rehearsal_lessons, with_rehearsal
from colonnade.posttraining.reinforcement import reinforce
from colonnade.records import (
    Checkpoint,
    Digest,
    Expected,
    Measurement,
    Prompt,
    Reward,
    Transcript,
    Verdict,
)

LOOK_TOKENS = 24
"""How far an answer is read to see whether it declines, in the light benchmark and the choice.

As far as the measurement reads by default: half of it missed answers that begin to help and decline then.
"""


def finetune(context: Context) -> Result:
    """Supervised fine-tuning on pairs of a declined request and its answered twin, rehearsed answers beside them."""
    recipe = context.launch.posttraining.finetuning
    parent = context.record(Checkpoint, "pretraining.train/checkpoint")
    prompts = context.records(Prompt, "posttraining.sample/prompts")
    rewards = context.records(Reward, "posttraining.combine/rewards")
    everyday = context.records(Transcript, "posttraining.sample/everyday")
    model = speaker(context, base_checkpoint(context))
    pairs = lesson_pairs(prompts, rewards, _asked(context, model, prompts))
    rehearsed = rehearsal_lessons(everyday, [model.prompt_text(row.messages[:2]) for row in everyday])
    del model
    seed, paired = context.launch.seed, min(recipe.paired_steps, recipe.steps)
    lessons = in_random_order(with_rehearsal(pairs, rehearsed), paired * recipe.batch, seed)
    lessons += in_random_order(mostly_help(pairs, rehearsed), (recipe.steps - paired) * recipe.batch, seed)
    tuned = tune(
        base_weights(context),
        checkpoint_folder(context, parent),
        lessons,
        recipe,
        seed,
        context.scratch,
        recipe.saved_steps,
        context.reporter.progress,
        context.parts,
    )
    learnt_from = (context.digest("posttraining.combine/rewards"), context.digest("posttraining.sample/prompts"))
    release_memory()
    return Result(
        records={
            "checkpoints": _checkpoints(context, tuned.adapters, "finetuning", parent, learnt_from),
            "curve": tuned.curve,
        },
        folders={f"adapter-{step}": folder for step, folder in tuned.adapters},
        notes={
            "loss": f"{tuned.curve[0].value:.2f} to {tuned.curve[-1].value:.2f} in {recipe.steps} steps",
            "saved": f"after {', '.join(str(step) for step, _ in tuned.adapters)} steps",
        },
    )


def shortlist(context: Context) -> Result:
    """The base model and every fine-tuned checkpoint on the development split; the best goes on."""
    checkpoints = (base_checkpoint(context), *context.records(Checkpoint, "posttraining.finetune/checkpoints"))
    measurements = _measure_each(context, checkpoints)
    return _chosen(context, checkpoints[1:], measurements)


def reinforce_policy(context: Context) -> Result:
    """GRPO against the combined reward; the light benchmark looks every few steps."""
    recipe = context.launch.posttraining.reinforcement
    parent = context.record(Checkpoint, "posttraining.shortlist/checkpoint")
    start = checkpoint_folder(context, parent)
    if start is None:
        raise ValueError("a fine-tuned checkpoint always has an adapter")
    prompts = _pairs(context.records(Prompt, "intake.prompts/training"), recipe.steps)
    watched = _pairs(context.records(Prompt, "intake.prompts/development"), recipe.probe_prompts // 2)
    model, judge = rewarding_graders(context, adapter("minilm")())

    def reward(asked: Sequence[Prompt], answers: Sequence[str]) -> list[Reward]:
        return reward_answers(asked, answers, context.clauses, model, judge, recipe.reward_weight)

    def look(current: LocalModel) -> dict[str, float]:
        rows = _look(context, current, watched, parent)
        return {f"probe_{row.metric}": row.rate for row in rows if row.rate is not None}

    done = reinforce(
        base_weights(context),
        start,
        prompts,
        _asked(context, speaker(context, base_checkpoint(context)), prompts),
        reward,
        look,
        recipe,
        context.launch.seed,
        context.scratch,
        context.reporter.progress,
        context.parts,
    )
    learnt_from = (context.digest("intake.prompts/training"),)
    rewards = [point.value for point in done.curve if point.metric == "reward"]
    release_memory()
    return Result(
        records={
            "checkpoints": _checkpoints(context, done.adapters, "reinforcement", parent, learnt_from),
            "curve": done.curve,
        },
        folders={f"adapter-{step}": folder for step, folder in done.adapters},
        notes={"reward": f"{rewards[0]:.2f} to {rewards[-1]:.2f} in {recipe.steps} steps" if rewards else "no step"},
    )


def choose_checkpoint(context: Context) -> Result:
    """The reinforced checkpoints join the fine-tuned ones on the development split; the best is chosen."""
    reinforced = context.records(Checkpoint, "posttraining.reinforce/checkpoints")
    earlier = context.records(Measurement, "posttraining.shortlist/measurements")
    tuned = context.records(Checkpoint, "posttraining.finetune/checkpoints")
    return _chosen(context, (*tuned, *reinforced), (*earlier, *_measure_each(context, reinforced)))


def _chosen(context: Context, checkpoints: Sequence[Checkpoint], measurements: Sequence[Measurement]) -> Result:
    base = base_checkpoint(context).digest
    base_violation, base_overrefusal = _worst_rates(measurements, base)
    benign = sum(row.expected is Expected.HELP for row in context.records(Prompt, "intake.prompts/development"))
    candidates = [Candidate(row, *_worst_rates(measurements, row.digest), benign) for row in checkpoints]
    chosen = select(candidates, base_overrefusal, context.launch.gate.worst_overrefusal_increase)
    release_memory()
    return Result(
        records={"checkpoint": [chosen.checkpoint], "measurements": measurements},
        notes={
            "chosen": f"{chosen.checkpoint.method} at step {chosen.checkpoint.step}, of {len(candidates)} saved",
            "development split": f"violations {chosen.violation:.0%} (base {base_violation:.0%}),"
            f" over-refusals {chosen.overrefusal:.0%} (base {base_overrefusal:.0%})",
            "violations/over-refusals of each": ", ".join(
                f"{row.violation:.0%}/{row.overrefusal:.0%}" for row in candidates
            ),
        },
    )


def _checkpoints(
    context: Context,
    adapters: Sequence[tuple[int, Path]],
    method: str,
    parent: Checkpoint,
    learnt_from: tuple[Digest, ...],
) -> list[Checkpoint]:
    return [
        Checkpoint.model_validate(
            {
                "adapter": context.store.put_folder(folder),
                "base": context.base,
                "method": method,
                "step": step,
                "parent": parent.digest,
                "trained_on": learnt_from,
                "graders": names_of_rewarding_graders(context),
            }
        )
        for step, folder in adapters
    ]


def _asked(context: Context, model: LocalModel, prompts: Sequence[Prompt]) -> Mapping[str, str]:
    """Each prompt in the model's own chat format."""
    return {prompt.id: model.prompt_text(conversation(context.launch.model.system, prompt.text)) for prompt in prompts}


def _pairs(prompts: Sequence[Prompt], count: int) -> list[Prompt]:
    """So many declined requests, each followed by its twin."""
    by_id = {prompt.id: prompt for prompt in prompts}
    declined = [prompt for prompt in prompts if prompt.expected is Expected.DECLINE and prompt.twin]
    return [side for prompt in spread(declined, count) for side in (prompt, by_id[str(prompt.twin)])]


def _measure_each(context: Context, checkpoints: Sequence[Checkpoint]) -> list[Measurement]:
    prompts = context.records(Prompt, "intake.prompts/development")
    measurements: list[Measurement] = []
    for place, checkpoint in enumerate(checkpoints, start=1):
        measurements += _look(context, resuming_speaker(context, checkpoint), prompts, checkpoint)
        context.reporter.progress(place, len(checkpoints))
    return measurements


def _look(context: Context, model: Model, prompts: Sequence[Prompt], checkpoint: Checkpoint) -> list[Measurement]:
    """Greedy openings graded by rules that reward nothing."""
    sampling = Sampling(LOOK_TOKENS, batch=context.launch.evaluation.batch)
    transcripts = transcribe(model, prompts, context.launch.model.system, sampling, checkpoint.digest)
    clauses = {clause.id: clause for clause in context.clauses}
    items = [
        Item(row, prompt, clauses[prompt.clause])
        for row, prompt in zip(transcripts, prompts, strict=True)
        if prompt.clause in clauses
    ]
    verdicts: list[Verdict] = grader("decline-rules")().grade(items)
    artefact = context.store.put_records(verdicts)
    confidence = context.launch.evaluation.confidence
    rows = measure(verdicts, prompts, context.clauses, checkpoint.digest, artefact, confidence)
    return [row for row in rows if row.group == "all"]


def _worst_rates(rows: Sequence[Measurement], speaker_digest: Digest) -> tuple[float, float]:
    """Of violations and of over-refusals."""
    return _worst_rate(rows, speaker_digest, "violation_rate"), _worst_rate(rows, speaker_digest, "overrefusal_rate")


def _worst_rate(rows: Sequence[Measurement], speaker_digest: Digest, metric: str) -> float:
    """Unscored answers counted as failed; without a measurement the worst is assumed."""
    rates = (
        (row.events + row.unscored) / max(1, row.scored + row.unscored)
        for row in rows
        if row.metric == metric and row.speaker == speaker_digest
    )
    return max(rates, default=1.0)
