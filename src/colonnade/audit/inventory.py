"""Every kind of record, and what verifying does about it. ``docs/verifying.md`` shows the same table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

Way = Literal["recomputed", "checked", "not checked"]


class Standing(NamedTuple):
    """What verifying does about one kind of record.

    Attributes:
        way: ``recomputed`` where its numbers or its decision are derived again; ``checked`` where only what can be
            seen without deriving it is looked at; ``not checked`` where nothing is but its digest, if it is stored.
        parts: classes that stand in such records and nowhere else.
    """

    way: Way
    parts: tuple[str, ...] = ()

    @property
    def derived(self) -> bool:
        """Whether its numbers are derived again."""
        return self.way == "recomputed"


_RECOMPUTED = {
    "Measurement": (),
    "Comparison": (),
    "JointRegion": (),
    "Look": (),
    "CheckpointChoice": (),
    "OperatingPoint": (),
    "CorrectedRate": (),
    "CapabilityAnswer": (),
    "CapabilityResult": (),
    "CapabilityComparison": (),
    "FrontierFinding": (),
    "ReviewRequest": (),
    "Reward": (),
    "GraderReport": (),
    "ProbeResult": (),
    "HarmCoverage": (),
    "PillarCoverage": (),
    "PolicyReview": ("RoleReview",),
    "Decision": ("Reason",),
    "GuardTable": ("Cell",),
}
_CHECKED = {
    "Run": ("Use",),
    "Entry": (),
    "SignedStatement": ("Statement",),
    "Transcript": ("Message",),
    "Verdict": (),
    "Checkpoint": (),
    "HeldBack": (),
}
_NOT_CHECKED = {
    "Prompt": (),
    "Answer": (),
    "Rating": (),
    "Document": (),
    "Exercise": (),
    "Contamination": (),
    "TrainingPoint": (),
    "RewardWeights": (),
    "JudgeWeights": (),
    "Clause": (
        "Scope", "Condition", "ClauseException", "Criterion", "Example", "Bound", "Thresholds", "Pattern",
        "HoldBackBudget", "Source", "Admin", "DataCell", "DataTarget",
    ),
    "PolicySet": (),
    "Launch": (
        "Harm", "BaseModelChoice", "CurationRecipe", "LoopRecipe", "TrainingRecipe", "FinetuningRecipe",
        "PretrainingRecipe", "ReinforcementRecipe", "PosttrainingRecipe", "EvaluationRecipe", "GateRecipe",
        "JudgeRecipe",
    ),
    "Profile": ("Setting", "ProfileChange"),
    "ResolvedProfile": ("Origin", "QuorumNeed"),
    "People": ("Person",),
    "SourceEntry": ("SourceEvent",),
    "Taxonomy": ("Risk",),
    "MappingSet": ("Mapping",),
    "ConsideredRisk": (),
    "RiskStanding": (),
    "Label": (),
    "GraderAgreement": (),
    "JudgeCheck": (),
    "SelfPreference": (),
    "JudgeDrift": (),
    "QueueEntry": ("CandidatePrompt", "Cause"),
    "Retirement": (),
    "Round": ("Joined",),
    "Grant": ("RateCaps",),
    "GrantStanding": (),
    "GrantUse": (),
    "Suspension": (),
    "Appeal": (),
    "Alert": (),
    "Ruling": (),
    "Feedback": (),
    "FeedbackVerdict": (),
}  # fmt: skip


def _inventory() -> dict[str, Standing]:
    found: dict[str, Standing] = {}
    ways: tuple[tuple[Way, Mapping[str, tuple[str, ...]]], ...] = (
        ("recomputed", _RECOMPUTED),
        ("checked", _CHECKED),
        ("not checked", _NOT_CHECKED),
    )
    for way, kinds in ways:
        found |= {name: Standing(way, parts) for name, parts in kinds.items()}
    return found


INVENTORY: Mapping[str, Standing] = MappingProxyType(_inventory())
"""By the name of the class."""
