"""Where the weights of a checkpoint lie on disk."""

from __future__ import annotations

from pathlib import Path

from colonnade.models.local import LocalModel, converted_weights, load
from colonnade.models.resuming import ResumingModel
from colonnade.models.weights import weights_folder
from colonnade.pipeline.context import Context
from colonnade.records import Checkpoint


def base_weights(context: Context) -> Path:
    """The base model's folder; the packaged one is converted on first use."""
    choice = context.launch.model
    return converted_weights() if choice.kind == "packaged" else weights_folder(choice, context.workspace)


def base_checkpoint(context: Context) -> Checkpoint:
    """The base model as a checkpoint, so that it can speak and be compared."""
    return Checkpoint(adapter=None, base=context.base, method="base")


def checkpoint_folder(context: Context, checkpoint: Checkpoint) -> Path | None:
    """The checkpoint's adapter on disk, its bytes checked; none for the base model."""
    return context.store.get_folder(checkpoint.adapter) if checkpoint.adapter else None


def speaker(context: Context, checkpoint: Checkpoint) -> LocalModel:
    """The checkpoint, ready to answer."""
    return LocalModel.from_folder(base_weights(context), checkpoint_folder(context, checkpoint))


def resuming_speaker(context: Context, checkpoint: Checkpoint) -> ResumingModel:
    """The same for a step that asks much: a crash costs it the batch that is being answered."""
    loaded = load(base_weights(context), checkpoint_folder(context, checkpoint))
    return ResumingModel(loaded, context.parts, checkpoint.digest)
