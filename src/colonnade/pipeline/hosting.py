"""What a workspace hosts on local weights: the adapters of ``guard.yaml``, and a probe on the model itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from colonnade.guard import topic_clauses
from colonnade.guard.adapters import AdapterSettings, AdapterSource
from colonnade.guard.detection.probe import Probe, train_probe
from colonnade.models.weights import folder_digest
from colonnade.pipeline.detection import teaching_prompts
from colonnade.pipeline.workspace import Workspace
from colonnade.records import InputError

if TYPE_CHECKING:
    from colonnade.models.adapting import AdapterFolder
    from colonnade.models.serving import LocalEngine

RELEASED = "released"
"""The chosen checkpoint's adapter, which answers whoever is given no other."""

PROBED = 0.73
"""How deep into the model the probe looks, as a share of its layers: layer 22 of 30, chosen in benchmarks/probe.py."""


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
    """The layer, from 1, that an engine has to watch for :func:`learn_probe`.

    Args:
        layers: of the model.
    """
    return min(max(1, round(PROBED * layers)), layers - 1)


def learn_probe(workspace: Workspace, engine: LocalEngine) -> Probe:
    """A detector on the activations of the model that an engine serves, as the policies stand now.

    Args:
        workspace: its examples, and its prompts that may teach. The model reads them once, minutes
            for a thousand on a processor; what it made of them is kept for the next start.
        engine: it watches a layer.

    Raises:
        InputError: where the engine watches none, or a topic has no examples.
    """
    from colonnade.models.activations import Activations, Remembered

    clauses = topic_clauses(workspace.policies.active, workspace.launch.regions[0])
    activations = Activations(engine, workspace.launch.model.system, "last")
    return train_probe(clauses, activations, teaching_prompts(workspace), Remembered(activations))
