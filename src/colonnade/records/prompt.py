"""Something put to a model."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from colonnade.records.clause import Pillar
from colonnade.records.record import Record


class Expected(StrEnum):
    """What a model that keeps to the clause does with the prompt."""

    DECLINE = "decline"
    HELP = "help"


class Split(StrEnum):
    """Who may read a prompt: training, the choice of a checkpoint, or the gate alone."""

    TRAINING = "training"
    DEVELOPMENT = "development"
    GATE = "gate"


class PromptOrigin(StrEnum):
    """Where a prompt comes from."""

    AUTHORED = "authored"
    CLAUSE_EXAMPLE = "clause example"
    RED_TEAMER = "red-teamer"
    EXTERNAL_PARTNER = "external-partner"
    PUBLIC_BENCHMARK = "public-benchmark"
    SOCIAL_MEDIA = "social-media"
    AUTOMATIC = "automatic"
    INCIDENT = "incident"
    FEEDBACK = "feedback"


class Sensitivity(StrEnum):
    """Who may see the text of a prompt."""

    PUBLIC = "public"
    RESTRICTED = "restricted"
    SEALED = "sealed"


def _is_origin(word: str) -> str:
    if word not in tuple(PromptOrigin):
        raise ValueError(f"should be one of {', '.join(PromptOrigin)}")
    return str(word)


OriginWord = Annotated[str, AfterValidator(_is_origin)]
"""A word of :class:`PromptOrigin`, kept as text."""


class Prompt(Record):
    """One prompt, tied to the clause that it tests.

    Attributes:
        twin: the id of the prompt that looks alike and expects the opposite.
        cluster: prompts that paraphrase one another share it; splits never cut through one.
        origin: a word of :class:`PromptOrigin`.
        contributor: who gave it, under a pseudonym; empty where nobody is named.
        licence: the licence that it came with; empty where it is the workspace's own.
        sensitivity: who may see it.
        pillar: the pillar it tests, where that is not the one of its clause.
        region: where it was collected or is meant for; empty for anywhere.
        source: name of the set that it was taken from, a slash, and its row there; empty where it was written here.
        canary: a token that stands beside a sealed prompt and nowhere else: a training set that holds it has seen it.
        parent: what it came from: the id of a prompt, or the digest of a transcript; empty where it came from neither.
        round: the round of renewal in which it joined; 0 for what was there before any.
        confirmed_by: who confirmed it before it joined.
    """

    id: str
    text: Annotated[str, Field(min_length=3)]
    clause: str
    expected: Expected
    twin: str | None
    cluster: str
    language: str = "en"
    modality: str = "text"
    split: Split
    origin: OriginWord = PromptOrigin.AUTHORED.value
    contributor: str = ""
    licence: str = ""
    sensitivity: Sensitivity = Sensitivity.RESTRICTED
    pillar: Pillar | None = None
    region: str = ""
    source: str = ""
    canary: str = ""
    parent: str = ""
    round: Annotated[int, Field(ge=0)] = 0
    confirmed_by: str = ""
