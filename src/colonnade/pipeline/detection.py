"""The detectors of a workspace, learnt from its clauses and from the prompts that may teach."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from colonnade.evaluation import read_prompts
from colonnade.guard import read_guard_configuration, topic_clauses
from colonnade.guard.detection import Heads, train
from colonnade.guard.detection.confirming import Confirmed, confirm
from colonnade.models import Progress, adapter
from colonnade.pipeline.hosting import reading_of
from colonnade.pipeline.workspace import Workspace
from colonnade.records import PolicySet, Prompt, Sensitivity, Split


def learn_heads(workspace: Workspace, encoders: tuple[str, ...] = ("static",), told: Progress | None = None) -> Heads:
    """Heads for the topics of the launch's first region, as the policies stand now.

    Args:
        workspace: its examples, and its prompts of the splits for training and development.
        encoders: names of adapters; "static" needs no thread, "minilm-onnx" beside it finds more.
        told: of the distilling of static embeddings, which the first use on a machine needs.

    Raises:
        InputError: where a topic has no examples, or prompts cannot be read.
        MissingPackageError: where an encoder's package is not installed.
    """
    clauses = topic_clauses(workspace.policies.active, workspace.launch.regions[0])
    loaded = [adapter(name)(progress=told) if name == "static" else adapter(name)() for name in encoders]
    judged = read_guard_configuration(workspace.folder / "guard.yaml").judge is not None
    return train(clauses, loaded, teaching_prompts(workspace), judged)


def learn_confirmed(workspace: Workspace) -> Confirmed:
    """The heads with a probe on the launch's base weights that looks again at what they suspect.

    Raises:
        InputError, MissingPackageError: as :func:`learn_heads`, and where the weights cannot be read.
    """
    clauses = topic_clauses(workspace.policies.active, workspace.launch.regions[0])
    reading = reading_of(workspace)
    heads, prompts = learn_heads(workspace), teaching_prompts(workspace)
    return confirm(heads, clauses, reading.activations, prompts, reading.remembered)


def teaching_prompts(workspace: Workspace) -> tuple[Prompt, ...]:
    """The prompts that may teach a detector: written ones of the first two splits, none sealed, none of the gate's."""
    return _that_teach(read_prompts(workspace.folder, workspace.policies))


def teaching_prompts_of(folder: Path, policies: PolicySet) -> tuple[Prompt, ...]:
    """The same of another folder, whose gate split need not be there.

    Raises:
        InputError: where the first two splits cannot be read.
    """
    return _that_teach(read_prompts(folder, policies, (Split.TRAINING, Split.DEVELOPMENT)))


def _that_teach(prompts: Iterable[Prompt]) -> tuple[Prompt, ...]:
    return tuple(
        prompt
        for prompt in prompts
        if prompt.split is not Split.GATE and prompt.sensitivity is not Sensitivity.SEALED and prompt.modality == "text"
    )
