"""What a workspace hosts on local weights: the adapters of ``guard.yaml``, and what a probe reads with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from colonnade.guard.adapters import AdapterSettings, AdapterSource
from colonnade.guard.detection.probe import Activations
from colonnade.models import adapter
from colonnade.models.remembered import Remembered, kept_in, unread
from colonnade.models.weights import folder_digest, weights_digest, weights_folder
from colonnade.pipeline.workspace import Workspace
from colonnade.records import Digest, InputError, MissingPackageError

if TYPE_CHECKING:
    from colonnade.models.adapting import AdapterFolder

RELEASED = "released"
"""The chosen checkpoint's adapter, which answers whoever is given no other."""

PROBED = 0.53
"""How deep into the model the probe looks, as a share of its layers: layer 16 of 30, and there at the mean of the
request. Best of the even layers from 8 to 28, by the mean or the last token, on held-out prompts of the example; on a
public set of single questions layer 22 and the last token were."""


def adapter_folders(workspace: Path, settings: AdapterSettings, chosen: Path | None) -> dict[str, AdapterFolder]:
    """The folders of all adapters that local weights are to be served with, the released one among them.

    Args:
        workspace: its folder.
        settings: of ``guard.yaml``.
        chosen: the folder of the chosen checkpoint's adapter, as the store has laid it out and
            checked it; none where the base itself was chosen.

    Raises:
        InputError: where an adapter is a server's, lies outside the workspace, or has no digest.
    """
    # Torch is loaded by whoever hosts a model, and by nobody else.
    from colonnade.models.adapting import AdapterFolder

    folders = {} if chosen is None else {RELEASED: AdapterFolder(chosen)}
    for name, source in settings.named:
        if name == RELEASED:
            raise _wrong(workspace, f"the name '{RELEASED}' is taken by the chosen checkpoint's adapter", "Rename it.")
        if source.server is not None:
            raise _wrong(workspace, f"the adapter '{name}' is a server's, and local weights are served", "Take it out.")
        if source.checkpoint is not None:
            if chosen is None:
                raise _wrong(workspace, f"the chosen checkpoint of '{name}' is the base itself", "Take it out.")
            folders[name] = AdapterFolder(chosen)
        else:
            folders[name] = AdapterFolder(_folder(workspace, name, source), source.expected)
    return folders


def _folder(workspace: Path, name: str, source: AdapterSource) -> Path:
    folder = (workspace / str(source.folder)).resolve()
    if not folder.is_relative_to(workspace.resolve()):
        raise _wrong(workspace, f"the adapter '{name}' lies outside the workspace", "Copy it into the workspace.")
    if not folder.is_dir():
        raise _wrong(workspace, f"the adapter '{name}' is not there: {source.folder}", "Correct its 'folder'.")
    if source.expected is None:
        mend = f"If what lies there is what you want, add 'digest: {folder_digest(folder)}' to it."
        raise _wrong(workspace, f"the adapter '{name}' has no digest, so anything could be put in its place", mend)
    return folder


def _wrong(workspace: Path, what: str, mend: str) -> InputError:
    return InputError(f"{what}.", file=workspace / "guard.yaml", mend=mend)


def probed_layer(layers: int) -> int:
    """The layer, from 1, that a probe looks at.

    Args:
        layers: of the model.
    """
    return min(max(1, round(PROBED * layers)), layers - 1)


class Reading(NamedTuple):
    """What a probe reads with.

    Attributes:
        activations: for what people ask; nothing of it is kept.
        remembered: the same for what the probe learns from, kept for the next start.
    """

    activations: Activations
    remembered: Remembered


def reading_of(workspace: Workspace) -> Reading:
    """The base weights of a launch up to the layer that a probe looks at.

    The base, not the trained checkpoint: it has learnt none of the prompts that show what the probe is worth, and it
    stays as it is from release to release. Loaded once; a third of a gigabyte for the packaged model.

    Raises:
        InputError: where the weights are not there.
        MissingPackageError: where a package that reads them is not installed.
    """
    choice = workspace.launch.model
    folder = None if choice.kind == "packaged" else weights_folder(choice, workspace.folder)
    return _reading(folder, weights_digest(choice, workspace.folder), choice.system)


@lru_cache(maxsize=2)
def _reading(folder: Path | None, weights: Digest, system: str) -> Reading:
    adapter("local")  # says which package a light installation lacks
    from colonnade.models.activations import LayerActivations
    from colonnade.models.local import converted_weights, load

    loaded = load(folder or converted_weights())
    layer = probed_layer(loaded.model.config.num_hidden_layers)
    activations = LayerActivations(loaded, weights, system, layer)
    return Reading(activations, Remembered(activations))


FEW_UNREAD = 32
"""So many texts are read within a few seconds, so whoever edits an example need not wait."""


def starts_soon(workspace: Workspace, texts: Sequence[str], loading: Callable[[], None] = lambda: None) -> bool:
    """Whether a probe that learns from these texts is there within seconds: all but a few were read on this machine.

    The model is loaded only where some model was shown these texts.

    Args:
        workspace: whose launch names the weights.
        texts: that the probe learns from.
        loading: told before the model is loaded, which takes seconds.
    """
    if not any(unread(file, texts) <= FEW_UNREAD for file in kept_in().glob("*.npz")):
        return False
    loading()
    try:
        return reading_of(workspace).remembered.unread(texts) <= FEW_UNREAD
    except (InputError, MissingPackageError):  # without weights, or what reads them, nothing is served from them either
        return False
