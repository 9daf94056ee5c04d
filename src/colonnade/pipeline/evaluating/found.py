"""What is asked of a stage, and what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from colonnade.evaluation.runner import Cost, Price
from colonnade.models.pacing import Limits
from colonnade.pipeline.judging import MEASURING
from colonnade.records import (
    CapabilityAnswer,
    CapabilityResult,
    CheckpointChoice,
    Comparison,
    Digest,
    HeldBack,
    JointRegion,
    LifeStage,
    Look,
    Measurement,
    OperatingPoint,
    ProbeResult,
    Prompt,
    Transcript,
    Verdict,
)


class Wishes(NamedTuple):
    """What a user asks for.

    Attributes:
        models: by name; for most stages one.
        seconds: for the light benchmark.
        samples: the file of live exchanges; ``exchanges`` of them are drawn.
        tier, purpose: whose requests the scaffold and the canary judge; the table's first ones by default.
    """

    stage: LifeStage
    models: tuple[str, ...] = ()
    graders: tuple[str, ...] = (MEASURING,)
    seconds: float = 20.0
    samples: Path | None = None
    exchanges: int = 200
    tier: str = ""
    purpose: str = ""
    limits: Limits = Limits()
    price: Price | None = None


class Found(NamedTuple):
    """What a stage measured.

    Attributes:
        split: where the prompts come from.
        names: what each speaker is called.
        weighed, weighed_verdicts: what a checkpoint was chosen by: both rates on the choosing half, and the verdicts.
        held: what the guard holds back, and up to which threshold; what the curve is made from.
        notes: sentences that a reader needs.
    """

    split: str
    prompts: tuple[Prompt, ...]
    names: Mapping[Digest, str]
    transcripts: tuple[Transcript, ...] = ()
    verdicts: Mapping[Digest, Sequence[Verdict]] = MappingProxyType({})
    measurements: tuple[Measurement, ...] = ()
    regions: tuple[JointRegion, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    probes: tuple[ProbeResult, ...] = ()
    capability: tuple[CapabilityResult, ...] = ()
    answers: tuple[CapabilityAnswer, ...] = ()
    looks: tuple[Look, ...] = ()
    choice: CheckpointChoice | None = None
    weighed: tuple[Measurement, ...] = ()
    weighed_verdicts: Mapping[Digest, Sequence[Verdict]] = MappingProxyType({})
    curve: tuple[OperatingPoint, ...] = ()
    held: tuple[HeldBack, ...] = ()
    notes: tuple[str, ...] = ()
    cost: Cost = Cost()
