"""Something put to a model."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

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


class Prompt(Record):
    """One prompt, tied to the clause that it tests.

    Attributes:
        twin: the id of the prompt that looks alike and expects the opposite.
        cluster: prompts that paraphrase one another share it; splits never cut through one.
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
    origin: str = "authored"
