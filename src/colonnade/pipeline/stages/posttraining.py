"""Fit the graders, sample, reward, fine-tune, reinforce, choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from colonnade.evaluation import measure
from colonnade.grading import EmbeddedJudge, Item, JudgeWeights, RewardModel, RewardWeights, grader, harm_head
from colonnade.models import Encoder, Model, Sampling, adapter, conversation
from colonnade.models.local import LocalModel, release_memory
from colonnade.models.transcribing import transcribe
from colonnade.models.tuning import save_adapter, shuffled_in_groups, tune
from colonnade.pipeline.context import Context, Result
from colonnade.pipeline.stages.weights import base_checkpoint, base_weights, checkpoint_folder, speaker
from colonnade.posttraining import (
    Candidate,
    RatedAnswers,
    calibrate_judge,
    example_prompts,
    reward_answers,
    select,
    train_reward_model,
)
from colonnade.posttraining.finetuning import lesson_pairs
from colonnade.posttraining.reinforcement import reinforce
from colonnade.posttraining.rewarding import Judge
from colonnade.records import (
    Answer,
    Checkpoint,
    Expected,
    GraderReport,
    Measurement,
    Prompt,
    Rating,
    Reward,
    Transcript,
    Verdict,
)

LOOK_TOKENS = 20
"""How far an answer is read to see whether it declines, in the light benchmark and the choice."""


def fit_reward_model(context: Context) -> Result:
    """The auxiliary reward model, with its accuracy beside the controls."""
    encoder = adapter("minilm")()
    fitted = train_reward_model(
        _rated(context),
        context.records(Prompt, "intake.prompts/training"),
        context.clauses,
        harm_head(encoder, context.clauses),
        encoder,
    )
    return Result(
        records={"weights": [fitted.weights], "report": [fitted.report]}, notes={"accuracy": _accuracy(fitted.report)}
    )


def fit_rubric_judge(context: Context) -> Result:
    """The embedded judge, with its accuracy beside the controls."""
    encoder = adapter("minilm")()
    fitted = calibrate_judge(
        _rated(context),
        context.records(Prompt, "intake.prompts/training"),
        context.clauses,
        harm_head(encoder, context.clauses),
        encoder,
    )
    return Result(
        records={"weights": [fitted.weights], "report": [fitted.report]}, notes={"accuracy": _accuracy(fitted.report)}
    )


def sample(context: Context) -> Result:
    """Several answers to unsafe and borderline prompts, one to every benign one."""
    recipe = context.launch.posttraining
    prompts = _training_prompts(context)
    model = speaker(context, context.record(Checkpoint, "pretraining.train/checkpoint"))
    speaker_digest = context.record(Checkpoint, "pretraining.train/checkpoint").digest
    pairs = [prompt for prompt in prompts if prompt.twin]
    unsafe = _spread([prompt for prompt in pairs if prompt.expected is Expected.DECLINE], recipe.sampled_prompts)
    rounds = [[prompt for prompt in prompts if prompt.expected is Expected.HELP], *[unsafe] * recipe.sampled_answers]
    transcripts: list[Transcript] = []
    for place, asked in enumerate(rounds):
        sampling = Sampling(LOOK_TOKENS, temperature=0.8 if place else 0.0, seed=context.launch.seed + place)
        transcripts += transcribe(
            model, asked, context.launch.model.system, sampling, speaker_digest, context.reporter.progress
        )
    release_memory()
    return Result(
        records={"transcripts": transcripts, "prompts": prompts},
        notes={"answers": f"{len(transcripts)} to {len(rounds[0]) + len(unsafe)} prompts"},
    )


def combine(context: Context) -> Result:
    """Both scores of every sampled answer, as one reward."""
    prompts = {prompt.id: prompt for prompt in context.records(Prompt, "posttraining.sample/prompts")}
    transcripts = context.records(Transcript, "posttraining.sample/transcripts")
    model, judge = _graders(context, adapter("minilm")())
    weight = context.launch.posttraining.reinforcement.reward_weight
    asked = [prompts[row.prompt] for row in transcripts]
    rewards = reward_answers(asked, [row.reply for row in transcripts], context.clauses, model, judge, weight)
    scored = [row.combined for row in rewards if row.combined is not None]
    mean = f"{sum(scored) / len(scored):.2f}" if scored else "none"
    return Result(
        records={"rewards": rewards},
        notes={"mean reward": mean, "unscored": f"{len(rewards) - len(scored)} of {len(rewards)}"},
    )


def finetune(context: Context) -> Result:
    """Supervised fine-tuning on pairs of a declined request and its answered twin."""
    recipe = context.launch.posttraining.finetuning
    parent = context.record(Checkpoint, "pretraining.train/checkpoint")
    prompts = context.records(Prompt, "posttraining.sample/prompts")
    start = checkpoint_folder(context, parent)
    asker = speaker(context, base_checkpoint(context))
    groups = lesson_pairs(
        prompts,
        context.clauses,
        context.records(Reward, "posttraining.combine/rewards"),
        _asked(asker, context, prompts),
    )
    del asker
    rounds = 1 + recipe.steps * recipe.batch // max(1, sum(map(len, groups)))
    tuned = tune(
        base_weights(context),
        start,
        shuffled_in_groups(groups, rounds, context.launch.seed),
        recipe,
        context.launch.seed,
        context.reporter.progress,
    )
    folder = save_adapter(tuned.loaded.model, context.scratch / "adapter")
    checkpoint = Checkpoint(
        adapter=context.store.put_folder(folder),
        base=context.base,
        method="finetuning",
        step=recipe.steps,
        parent=parent.digest,
        trained_on=(context.digest("posttraining.combine/rewards"), context.digest("posttraining.sample/prompts")),
        graders=_rewarding_graders(context),
    )
    release_memory()
    return Result(
        records={"checkpoint": [checkpoint], "curve": tuned.curve},
        folders={"adapter": folder},
        notes={"loss": f"{tuned.curve[0].value:.2f} to {tuned.curve[-1].value:.2f} in {recipe.steps} steps"},
    )


def reinforce_policy(context: Context) -> Result:
    """GRPO against the combined reward; the light benchmark looks every few steps."""
    recipe = context.launch.posttraining.reinforcement
    parent = context.record(Checkpoint, "posttraining.finetune/checkpoint")
    start = checkpoint_folder(context, parent)
    if start is None:
        raise ValueError("a fine-tuned checkpoint always has an adapter")
    training = [prompt for prompt in context.records(Prompt, "intake.prompts/training") if prompt.twin]
    prompts = [
        twin
        for row in _spread([row for row in training if row.expected is Expected.DECLINE], recipe.steps)
        for twin in _with_twin(row, training)
    ]
    watched = _spread(context.records(Prompt, "intake.prompts/development"), recipe.probe_prompts)
    asker = speaker(context, base_checkpoint(context))
    ask = _asked(asker, context, prompts)
    del asker
    model, judge = _graders(context, adapter("minilm")())

    def reward(asked: Sequence[Prompt], answers: Sequence[str]) -> list[Reward]:
        return reward_answers(asked, answers, context.clauses, model, judge, recipe.reward_weight)

    def look(current: LocalModel) -> dict[str, float]:
        rows = _look(context, current, watched, parent)
        return {f"probe_{row.metric}": row.rate for row in rows if row.group == "all" and row.rate is not None}

    done = reinforce(
        base_weights(context),
        start,
        prompts,
        ask,
        reward,
        look,
        recipe,
        context.launch.seed,
        context.scratch,
        context.reporter.progress,
    )
    checkpoints = [
        Checkpoint(
            adapter=context.store.put_folder(folder),
            base=context.base,
            method="reinforcement",
            step=step,
            parent=parent.digest,
            trained_on=(context.digest("intake.prompts/training"),),
            graders=_rewarding_graders(context),
        )
        for step, folder in done.adapters
    ]
    rewards = [point.value for point in done.curve if point.metric == "reward"]
    release_memory()
    return Result(
        records={"checkpoints": checkpoints, "curve": done.curve},
        folders={f"adapter-{step}": folder for step, folder in done.adapters},
        notes={"reward": f"{rewards[0]:.2f} to {rewards[-1]:.2f} in {recipe.steps} steps" if rewards else "no step"},
    )


def choose_checkpoint(context: Context) -> Result:
    """Every saved checkpoint on the broader development set; the base model sets the measure."""
    prompts = context.records(Prompt, "intake.prompts/development")
    tuned = context.record(Checkpoint, "posttraining.finetune/checkpoint")
    checkpoints = (base_checkpoint(context), tuned, *context.records(Checkpoint, "posttraining.reinforce/checkpoints"))
    measurements: list[Measurement] = []
    candidates = []
    for place, checkpoint in enumerate(checkpoints):
        rows = _look(context, speaker(context, checkpoint), prompts, checkpoint)
        context.reporter.progress(place + 1, len(checkpoints))
        measurements += rows
        candidates.append(
            Candidate(checkpoint, *(_worst_rate(rows, metric) for metric in ("violation_rate", "overrefusal_rate")))
        )
    chosen = select(candidates[1:], candidates[0].overrefusal, context.launch.gate.worst_overrefusal_increase)
    release_memory()
    return Result(
        records={"checkpoint": [chosen.checkpoint], "measurements": measurements},
        notes={
            "chosen": f"{chosen.checkpoint.method} at step {chosen.checkpoint.step}, of {len(candidates) - 1} saved",
            "development split": f"violations {chosen.violation:.0%} (base {candidates[0].violation:.0%}),"
            f" over-refusals {chosen.overrefusal:.0%} (base {candidates[0].overrefusal:.0%})",
        },
    )


def _rated(context: Context) -> RatedAnswers:
    return RatedAnswers(
        context.records(Answer, "intake.ratings/answers"), context.records(Rating, "intake.ratings/ratings")
    )


def _accuracy(report: GraderReport) -> str:
    controls = ", ".join(f"{name} {value:.2f}" for name, value in report.controls)
    return f"{report.accuracy:.2f} ({report.low:.2f} to {report.high:.2f}, n = {report.items}); {controls}"


def _training_prompts(context: Context) -> tuple[Prompt, ...]:
    return (*context.records(Prompt, "intake.prompts/training"), *example_prompts(context.clauses))


def _graders(context: Context, encoder: Encoder) -> tuple[RewardModel, Judge]:
    model = RewardModel(context.record(RewardWeights, "posttraining.reward/weights"), encoder)
    if context.launch.judge.kind == "http":
        return model, grader("http-judge")(context.launch.judge)
    return model, EmbeddedJudge(context.record(JudgeWeights, "posttraining.judge/weights"), encoder)


def _rewarding_graders(context: Context) -> tuple[str, ...]:
    judge = "embedded-judge" if context.launch.judge.kind == "embedded" else f"http-judge:{context.launch.judge.model}"
    return (judge, "reward-model")


def _asked(model: LocalModel, context: Context, prompts: Sequence[Prompt]) -> Mapping[str, str]:
    return {prompt.id: model.prompt_text(conversation(context.launch.model.system, prompt.text)) for prompt in prompts}


def _spread(prompts: Sequence[Prompt], count: int) -> list[Prompt]:
    """So many prompts, evenly from the whole list."""
    if len(prompts) <= count:
        return list(prompts)
    return [prompts[place * len(prompts) // count] for place in range(count)]


def _with_twin(prompt: Prompt, prompts: Sequence[Prompt]) -> list[Prompt]:
    return [prompt, *(row for row in prompts if row.id == prompt.twin)]


def _look(context: Context, model: Model, prompts: Sequence[Prompt], checkpoint: Checkpoint) -> list[Measurement]:
    """Greedy openings graded by rules that reward nothing."""
    sampling = Sampling(LOOK_TOKENS, batch=context.launch.evaluation.batch)
    transcripts = transcribe(model, prompts, context.launch.model.system, sampling, checkpoint.digest)
    clauses = {clause.id: clause for clause in context.clauses}
    items = [Item(row, prompt, clauses[prompt.clause]) for row, prompt in zip(transcripts, prompts, strict=True)]
    verdicts: list[Verdict] = grader("decline-rules")().grade(items)
    artefact = context.store.put_records(verdicts)
    rows = measure(
        verdicts, prompts, context.clauses, checkpoint.digest, artefact, context.launch.evaluation.confidence
    )
    return [row for row in rows if row.group == "all"]


def _worst_rate(rows: Sequence[Measurement], metric: str) -> float:
    """Unscored answers counted as failed."""
    return max(
        ((row.events + row.unscored) / max(1, row.scored + row.unscored) for row in rows if row.metric == metric),
        default=1.0,
    )
