"""What teaches a model, what people said of its answers, and what came out."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from colonnade.records.clause import Pillar, Use
from colonnade.records.record import Digest, Record


class Fate(StrEnum):
    """What became of a document of the corpus."""

    KEPT = "kept"
    HELDOUT = "heldout"
    REINTRODUCED = "reintroduced"
    DROPPED = "dropped"


class Document(Record):
    """One document of the corpus and what became of it.

    Attributes:
        text: for a reintroduced document the educational context, not the original.
        pillar: the RAI domain it was tagged with; none where it belongs to no domain.
        harm: the clause whose violating examples it resembles, if any.
        reason: why it has this fate; never empty for a dropped one.
        parent: the id of the document that a reintroduced text was made from.
    """

    id: str
    text: str
    language: str
    source: str
    licence: str
    file: str
    pillar: Pillar | None = None
    harm: str | None = None
    harm_score: float | None = None
    fate: Fate
    reason: str = ""
    parent: str | None = None
    uses: tuple[Use, ...] = ()


class Exercise(Record):
    """A text that teaches a clause, or asks about it with an answer known by construction."""

    kind: Literal["explain", "comply", "judge"]
    clause: str
    question: str
    answer: str
    language: str = "en"
    uses: tuple[Use, ...]


class Answer(Record):
    """An answer that people rated."""

    id: str
    prompt: str
    text: str
    origin: Literal["sampled", "authored"]


class Rating(Record):
    """What one rater said of one answer under one rubric, from 1 to 5."""

    answer: str
    rater: str
    rubric: Literal["helpfulness", "adherence"]
    score: Annotated[int, Field(ge=1, le=5)]
    date: str


class Reward(Record):
    """Both scores of one sampled answer and what they come to.

    Attributes:
        model_score: the auxiliary reward model, squashed to 0..1.
        judge_score: the rubric judge, 0..1; none where it could not judge.
        combined: the weighted mean; none where the judge could not judge.
    """

    prompt: str
    answer: str
    model_score: float
    judge_score: float | None
    combined: float | None
    unscored: str = ""


class TrainingPoint(Record):
    """One step of a training curve; ``value`` is a loss or a mean reward."""

    step: int
    metric: str
    value: float


class Checkpoint(Record):
    """Weights and what they were made from.

    Attributes:
        adapter: digest of the stored LoRA adapter; none for the base model itself.
        base: digest of the base model's weights.
        graders: names of every grader whose score was a reward on the way here.
    """

    adapter: Digest | None
    base: Digest
    method: Literal["base", "pretraining", "finetuning", "reinforcement"]
    step: int = 0
    parent: Digest | None = None
    trained_on: tuple[Digest, ...] = ()
    graders: tuple[str, ...] = ()
