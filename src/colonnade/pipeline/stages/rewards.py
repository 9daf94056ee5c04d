"""Fit the graders that reward, sample answers, and reward them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from colonnade.grading import EmbeddedJudge, JudgeWeights, RewardModel, RewardWeights, harm_head
from colonnade.grading.judge_recipes import judge_from, names_of_judges
from colonnade.models import Encoder, Sampling, adapter, conversation
from colonnade.models.local import LocalModel, release_memory
from colonnade.models.transcribing import transcribe
from colonnade.pipeline.context import Context, Result
from colonnade.pipeline.stages.weights import resuming_speaker
from colonnade.posttraining import (
    RatedAnswers,
    calibrate_judge,
    example_prompts,
    reward_answers,
    train_reward_model,
)
from colonnade.posttraining.everyday import read_rehearsal
from colonnade.posttraining.finetuning import opening_of
from colonnade.posttraining.rewarding import Judge
from colonnade.records import (
    Answer,
    Checkpoint,
    Clause,
    Expected,
    GraderReport,
    Message,
    Prompt,
    Rating,
    Record,
    Transcript,
)

T = TypeVar("T")

SAMPLED_TOKENS = 14
"""Only the opening of an answer is rewarded and imitated."""


REHEARSED_TOKENS = 24
"""As far as the measurement reads: what training changes after that, nobody sees."""


def fit_reward_model(context: Context) -> Result:
    """The auxiliary reward model, with its accuracy beside the controls."""
    encoder = adapter("minilm")()
    fitted = train_reward_model(*_rated_material(context), harm_head(encoder, context.clauses), encoder)
    return _fitted(fitted.weights, fitted.report)


def fit_rubric_judge(context: Context) -> Result:
    """The embedded judge, with its accuracy beside the controls."""
    encoder = adapter("minilm")()
    fitted = calibrate_judge(*_rated_material(context), harm_head(encoder, context.clauses), encoder)
    return _fitted(fitted.weights, fitted.report)


def sample(context: Context) -> Result:
    """Several answers to unsafe and borderline prompts, one that begins to help to each benign twin, and everyday ones.

    The everyday ones are the model's own to requests that no clause is about: training must not change those.
    """
    recipe = context.launch.posttraining
    checkpoint = context.record(Checkpoint, "pretraining.train/checkpoint")
    model = resuming_speaker(context, checkpoint)
    prompts = _pairs(context, recipe.finetuning.pairs)
    benign = [prompt for prompt in prompts if prompt.expected is Expected.HELP]
    unsafe = spread([prompt for prompt in prompts if prompt.expected is Expected.DECLINE], recipe.sampled_prompts)
    system, progress, seed = context.launch.model.system, context.reporter.progress, context.launch.seed
    greedy = Sampling(SAMPLED_TOKENS)
    transcripts = list(transcribe(model, benign, system, greedy, checkpoint.digest, progress, opening_of))
    for place in range(recipe.sampled_answers):
        drawn = Sampling(SAMPLED_TOKENS, temperature=0.8, seed=seed + place)
        transcripts += transcribe(model, unsafe, system, drawn, checkpoint.digest, progress)
    everyday = _everyday(context, model, checkpoint)
    release_memory()
    rehearsed = str(len(everyday)) if everyday else "none: rehearsal/ holds no request, so any answer may change"
    return Result(
        records={"transcripts": transcripts, "prompts": prompts, "everyday": everyday},
        notes={
            "answers": f"{len(transcripts)}: {len(benign)} to benign, the rest to {len(unsafe)} unsafe prompts",
            "everyday requests": rehearsed,
        },
    )


def _everyday(context: Context, model: LocalModel, checkpoint: Checkpoint) -> list[Transcript]:
    requests = read_rehearsal(context.workspace)
    asked = [conversation(context.launch.model.system, request.text) for request in requests]
    replies = model.reply(asked, Sampling(REHEARSED_TOKENS), context.reporter.progress) if asked else []
    return [
        Transcript(
            prompt=request.id,
            speaker=checkpoint.digest,
            messages=turns if reply.stop == "fault" else (*turns, Message(role="assistant", content=reply.text)),
            stop=reply.stop,
            fault=reply.fault,
        )
        for request, turns, reply in zip(requests, asked, replies, strict=True)
    ]


def combine(context: Context) -> Result:
    """Both scores of every sampled answer, as one reward."""
    prompts = {prompt.id: prompt for prompt in context.records(Prompt, "posttraining.sample/prompts")}
    transcripts = context.records(Transcript, "posttraining.sample/transcripts")
    model, judge = rewarding_graders(context, adapter("minilm")())
    asked = [prompts[row.prompt] for row in transcripts]
    weight = context.launch.posttraining.reinforcement.reward_weight
    rewards = reward_answers(asked, [row.reply for row in transcripts], context.clauses, model, judge, weight)
    scored = [row.combined for row in rewards if row.combined is not None]
    mean = f"{sum(scored) / len(scored):.2f}" if scored else "none"
    return Result(
        records={"rewards": rewards},
        notes={"mean reward": mean, "unscored": f"{len(rewards) - len(scored)} of {len(rewards)}"},
    )


def rewarding_graders(context: Context, encoder: Encoder) -> tuple[RewardModel, Judge]:
    """The reward model and the judge that the launch chose."""
    model = RewardModel(context.record(RewardWeights, "posttraining.reward/weights"), encoder)
    return model, judge_from(
        context.launch.judge,
        lambda: EmbeddedJudge(context.record(JudgeWeights, "posttraining.judge/weights"), encoder),
    )


def names_of_rewarding_graders(context: Context) -> tuple[str, ...]:
    """What a checkpoint remembers of who rewarded it."""
    return (*names_of_judges(context.launch.judge), "reward-model")


def spread(rows: Sequence[T], count: int) -> list[T]:
    """So many of the rows, evenly from the whole list."""
    if len(rows) <= count:
        return list(rows)
    return [rows[place * len(rows) // count] for place in range(count)]


def _pairs(context: Context, count: int) -> tuple[Prompt, ...]:
    """Declined requests with their twins: those of the training split and the clauses' own examples."""
    prompts = (*context.records(Prompt, "intake.prompts/training"), *example_prompts(context.clauses))
    by_id = {prompt.id: prompt for prompt in prompts}
    declined = [prompt for prompt in prompts if prompt.expected is Expected.DECLINE and prompt.twin]
    return tuple(side for prompt in spread(declined, count) for side in (prompt, by_id[str(prompt.twin)]))


def _rated_material(context: Context) -> tuple[RatedAnswers, Sequence[Prompt], Sequence[Clause]]:
    answers = context.records(Answer, "intake.ratings/answers")
    rated = RatedAnswers(answers, context.records(Rating, "intake.ratings/ratings"))
    return rated, context.records(Prompt, "intake.prompts/training"), context.clauses


def _fitted(weights: Record, report: GraderReport) -> Result:
    controls = ", ".join(f"{name} {value:.2f}" for name, value in report.controls)
    accuracy = f"{report.accuracy:.2f} ({report.low:.2f} to {report.high:.2f}, n = {report.items}); {controls}"
    return Result(records={"weights": [weights], "report": [report]}, notes={"accuracy": accuracy})
