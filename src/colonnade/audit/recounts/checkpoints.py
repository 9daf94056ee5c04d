"""That a checkpoint is made from what its step read, and that a chosen one is among those there were."""

from __future__ import annotations

from collections.abc import Iterator

from colonnade.audit.archive import Archive
from colonnade.audit.recounts.choices import CHOOSING_STEPS
from colonnade.records import Checkpoint, Run

MAKING_STEPS = ("pretraining.train", "posttraining.finetune", "posttraining.reinforce")

REWARDED_STEPS, REWARD_MODEL = ("posttraining.finetune", "posttraining.reinforce"), "reward-model"


def checkpoint_problems(run: Run, archive: Archive) -> Iterator[str]:
    """Base, parent, adapter and material of every checkpoint that a step made or chose."""
    taken = {row.digest for row in archive.taken(Checkpoint, run)}
    if run.model is not None:
        taken.add(Checkpoint(adapter=None, base=run.model, method="base").digest)
    inputs, outputs = {digest for _, digest in run.inputs}, {digest for _, digest in run.outputs}
    for row in archive.made(Checkpoint, run):
        name = f"the checkpoint {row.digest}"
        if run.step in CHOOSING_STEPS and row.digest not in taken:
            yield f"{name} was chosen, and is none of those that the step read."
        if run.step not in MAKING_STEPS:
            continue
        if row.base != run.model:
            yield f"{name} has 'base' at {row.base}, but the step started from the weights {run.model}."
        if row.parent not in taken:
            yield f"{name} has 'parent' at {row.parent}, which the step did not read."
        if row.adapter not in outputs:
            yield f"{name} has 'adapter' at {row.adapter}, which the step did not make."
        if run.step in REWARDED_STEPS and not (REWARD_MODEL in row.graders and len(row.graders) > 1):
            named = ", ".join(row.graders) or "nobody"
            yield f"{name} has 'graders' at {named}, but a reward comes from {REWARD_MODEL} and a judge."
        yield from (
            f"{name} says that it was trained on {digest}, which the step did not read."
            for digest in row.trained_on
            if digest not in inputs
        )
