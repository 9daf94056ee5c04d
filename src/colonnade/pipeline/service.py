"""The guard and the gateway of a workspace, put together from its policies and, for local weights, its last run."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import NamedTuple

from colonnade.guard import Guard, read_guard_configuration
from colonnade.guard.adapters import AdapterSettings
from colonnade.guard.gateway import HttpUpstream, Upstream
from colonnade.models import Model
from colonnade.models.addresses import KEY, address_of
from colonnade.pipeline.detection import teaching_prompts
from colonnade.pipeline.guard_parts import ENCODERS, guard_parts
from colonnade.pipeline.planning import plan
from colonnade.pipeline.workspace import Workspace
from colonnade.records import Checkpoint, Decision, InputError
from colonnade.store import Store


def build_guard(workspace: Workspace, encoders: tuple[str, ...] = ENCODERS, probed: bool = False) -> Guard:
    """The guard as the policies stand now, for the launch's first region and today.

    Args:
        workspace: its policies, its examples and its prompts that may teach.
        encoders: names of adapters that texts are read with.
        probed: whether a probe looks again at suspicious requests where ``guard.yaml`` says nothing of it.
    """
    configuration, today = read_guard_configuration(workspace.folder / "guard.yaml"), datetime.now(UTC).date()
    parts = guard_parts(workspace, configuration, today, teaching_prompts(workspace), encoders, probed)
    return parts.guard(parts.detectors, parts.judge)


class Behind(NamedTuple):
    """What answers behind the gateway.

    Attributes:
        upstream: how it is asked.
        models: what clients may name, and what it calls that.
        what: for people, in a word or two.
        probed: whether a probe looks again at suspicious requests where ``guard.yaml`` says nothing of it: what it
            needs is at hand where weights are served.
    """

    upstream: Upstream
    models: dict[str, str]
    what: str
    probed: bool = False


def server_behind(text: str) -> Behind:
    """A server, from ``NAME@http://ADDRESS/v1``.

    Raises:
        InputError: where the text is not of this form.
    """
    address = address_of(text)
    if address is None:
        mend = "Write it like 'llama3@http://127.0.0.1:11434/v1': the model's name there, then the address."
        raise InputError(f"'{text}' names no server.", mend=mend)
    upstream = HttpUpstream(address.url, os.environ.get(KEY, ""))
    return Behind(upstream, {address.name: address.name}, f"{address.name} at {address.url}")


def load_model(workspace: Workspace, checkpoint: Checkpoint) -> Model:
    """The checkpoint's weights, each file checked against its digest."""
    from colonnade.models.local import (
        LocalModel,
        converted_weights,
    )  # torch is loaded by whoever asks weights, not by the pipeline
    from colonnade.models.weights import weights_folder

    choice = workspace.launch.model
    weights = converted_weights() if choice.kind == "packaged" else weights_folder(choice, workspace.folder)
    store = Store(workspace.folder)
    try:
        folder = store.get_folder(checkpoint.adapter) if checkpoint.adapter else None
        return LocalModel.from_folder(weights, folder)
    finally:
        store.close()


def weights_behind(workspace: Workspace, checkpoint: Checkpoint) -> Behind:
    """The checkpoint's weights, each file checked against its digest, and the adapters of ``guard.yaml`` beside them.

    Args:
        workspace: whose last run is served.
        checkpoint: the one that was chosen.
    """
    # Torch is loaded by whoever serves weights, and by nobody else.
    from colonnade.guard.gateway.engines import EngineUpstream
    from colonnade.models.adapting import AdapterFolder, load_served
    from colonnade.models.local import converted_weights
    from colonnade.models.serving import LocalEngine
    from colonnade.models.weights import weights_folder
    from colonnade.pipeline.hosting import RELEASED, adapter_folders

    choice, name = workspace.launch.model, workspace.launch.name
    weights = converted_weights() if choice.kind == "packaged" else weights_folder(choice, workspace.folder)
    settings = adapter_settings(workspace)
    store = Store(workspace.folder)
    try:
        chosen = store.get_folder(checkpoint.adapter) if checkpoint.adapter else None
    finally:
        store.close()
    if settings is None:
        # One adapter and nobody to choose another: it is added to the weights, which is faster.
        folders = {} if chosen is None else {RELEASED: AdapterFolder(chosen)}
        served = load_served(weights, folders, RELEASED if folders else "", merge=bool(folders))
    else:
        folders = adapter_folders(workspace.folder, settings, chosen)
        served = load_served(weights, folders, RELEASED if chosen is not None else "")
    return Behind(EngineUpstream(LocalEngine(served, name)), {name: ""}, f"{name} from local weights", probed=True)


def adapter_settings(workspace: Workspace) -> AdapterSettings | None:
    """The adapters of ``guard.yaml``."""
    return read_guard_configuration(workspace.folder / "guard.yaml").adapters


def last_decision(workspace: Workspace) -> tuple[Checkpoint, Decision]:
    """The checkpoint that was chosen last, and what the gate decided on it.

    Raises:
        InputError: where the workspace has no finished run, or policies or data changed since.
    """
    store = Store(workspace.folder)
    try:
        rows = {row.step.name: row for row in plan(workspace, store)}
        chosen, decided = rows["posttraining.select"].run, rows["gate.decide"].run
        if chosen is None or decided is None:
            raise InputError(
                "the last run is stale or missing.",
                file=workspace.folder,
                mend="Start 'colonnade run' first ('colonnade plan' says what is stale), or serve another model with"
                " '--upstream NAME@http://ADDRESS/v1'.",
            )
        checkpoint = store.get_records(Checkpoint, dict(chosen.outputs)["checkpoint"])[0]
        return checkpoint, store.get_records(Decision, dict(decided.outputs)["decision"])[0]
    finally:
        store.close()
