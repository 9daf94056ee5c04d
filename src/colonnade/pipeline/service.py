"""The guard and the gateway of a workspace, put together from its policies and, for local weights, its last run."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from typing import NamedTuple

from colonnade.guard import Guard, compile_table, read_guard_configuration, topic_clauses
from colonnade.guard.adapters import AdapterSettings
from colonnade.guard.detection import Conversations
from colonnade.guard.detection.patterns import pattern_detectors
from colonnade.guard.gateway import HttpUpstream, Upstream
from colonnade.models import Model
from colonnade.pipeline.detection import learn_heads
from colonnade.pipeline.planning import plan
from colonnade.pipeline.workspace import Workspace
from colonnade.records import Checkpoint, Decision, InputError
from colonnade.store import Store

UPSTREAM_KEY = "COLONNADE_UPSTREAM_KEY"
"""The variable with the key of the server behind, if it wants one."""

_UPSTREAM = re.compile(r"^(?P<name>[^@\s]+)@(?P<address>https?://[^\s@]+)$")


def build_guard(workspace: Workspace, encoders: tuple[str, ...] = ("static",)) -> Guard:
    """The guard as the policies stand now, for the launch's first region and today.

    Args:
        workspace: its policies, its examples and its prompts that may teach.
        encoders: names of adapters that texts are read with.
    """
    configuration = read_guard_configuration(workspace.folder / "guard.yaml")
    region, today = workspace.launch.regions[0], datetime.now(UTC).date()
    clauses = topic_clauses(workspace.policies.active, region)
    table = compile_table(workspace.policies.active, configuration, region, today)
    heads = learn_heads(workspace, encoders)
    return Guard(table, (*pattern_detectors(clauses), heads, Conversations(heads)), clauses=clauses)


class Behind(NamedTuple):
    """What answers behind the gateway.

    Attributes:
        upstream: how it is asked.
        models: what clients may name, and what it calls that.
        what: for people, in a word or two.
    """

    upstream: Upstream
    models: dict[str, str]
    what: str


def server_behind(text: str) -> Behind:
    """A server, from ``NAME@http://ADDRESS/v1``.

    Raises:
        InputError: where the text is not of this form.
    """
    found = _UPSTREAM.match(text)
    if found is None:
        mend = "Write it like 'llama3@http://127.0.0.1:11434/v1': the model's name there, then the address."
        raise InputError(f"'{text}' names no server.", mend=mend)
    name, address = found["name"], found["address"]
    return Behind(HttpUpstream(address, os.environ.get(UPSTREAM_KEY, "")), {name: name}, f"{name} at {address}")


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
    """The checkpoint's weights, each file checked against its digest, and the adapters of ``guard.yaml`` beside them."""
    # Torch is loaded by whoever serves weights, and by nobody else.
    from colonnade.guard.gateway.engines import EngineUpstream
    from colonnade.models.adapting import AdapterFolder, load_served
    from colonnade.models.local import converted_weights
    from colonnade.models.serving import LocalEngine
    from colonnade.models.weights import weights_folder

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
        folders = {} if chosen is None else {"chosen": AdapterFolder(chosen)}
        served = load_served(weights, folders, "chosen" if folders else "", merge=bool(folders))
        return Behind(EngineUpstream(LocalEngine(served, name)), {name: ""}, "local weights")
    folders = {} if chosen is None else {"released": AdapterFolder(chosen)}
    for adapter, source in settings.named:
        if source.checkpoint is not None and chosen is not None:
            folders[adapter] = AdapterFolder(chosen)
        elif source.folder is not None:
            folders[adapter] = AdapterFolder(workspace.folder / source.folder, source.digest)
    served = load_served(weights, folders, "released" if chosen is not None else "")
    return Behind(EngineUpstream(LocalEngine(served, name)), {name: ""}, "local weights")


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
