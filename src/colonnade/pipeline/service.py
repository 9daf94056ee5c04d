"""The guard and the gateway of a workspace, put together from its policies and, for local weights, its last run."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from colonnade.guard import Guard, GuardConfiguration, compile_table, read_guard_configuration, topic_clauses
from colonnade.guard.adapters import AdapterSettings
from colonnade.guard.detection import Conversations, Detector, Judge
from colonnade.guard.detection.judging import HttpJudge
from colonnade.guard.detection.patterns import pattern_detectors
from colonnade.guard.detection.presidio import PresidioDetector
from colonnade.guard.gateway import HttpUpstream, Upstream
from colonnade.guard.running import Side
from colonnade.models import Model
from colonnade.models.addresses import KEY, address_of
from colonnade.pipeline.detection import learn_heads
from colonnade.pipeline.planning import plan
from colonnade.pipeline.workspace import Workspace
from colonnade.records import Checkpoint, Clause, Decision, InputError, PersonalData
from colonnade.store import Store


def build_guard(workspace: Workspace, encoders: tuple[str, ...] = ("static",), more: Sequence[Detector] = ()) -> Guard:
    """The guard as the policies stand now, for the launch's first region and today.

    Args:
        workspace: its policies, its examples and its prompts that may teach.
        encoders: names of adapters that texts are read with.
        more: detectors besides those of the policies, such as a probe.
    """
    configuration = read_guard_configuration(workspace.folder / "guard.yaml")
    region, today = workspace.launch.regions[0], datetime.now(UTC).date()
    clauses = topic_clauses(workspace.policies.active, region)
    table = compile_table(workspace.policies.active, configuration, region, today)
    heads = learn_heads(workspace, encoders)
    detectors = (*pattern_detectors(clauses), *presidio_detectors(clauses), heads, Conversations(heads), *more)
    return Guard(
        table,
        detectors,
        clauses=clauses,
        judge=configured_judge(configuration),
        limit=lambda name: configuration.milliseconds_for(name) / 1000,
    )


def configured_judge(configuration: GuardConfiguration) -> Judge | None:
    """The judge of ``guard.yaml``; none where it names none."""
    said = configuration.judge
    if said is None:
        return None
    key = os.environ.get(said.key_variable, "")
    return HttpJudge(said.address.url, said.address.name, key, said.seconds, said.parallel)


def presidio_detectors(clauses: Sequence[Clause]) -> tuple[Detector, ...]:
    """Presidio for each side that a clause asks it for; nothing is loaded where none does."""
    rows = [row for clause in clauses for row in clause.patterns if row.personal is PersonalData.PRESIDIO]
    sides: tuple[Side, ...] = ("request", "reply")
    return tuple(PresidioDetector(clauses, side) for side in sides if any(row.side in (side, "both") for row in rows))


class Behind(NamedTuple):
    """What answers behind the gateway.

    Attributes:
        upstream: how it is asked.
        models: what clients may name, and what it calls that.
        what: for people, in a word or two.
        detectors: that rest on the model itself.
    """

    upstream: Upstream
    models: dict[str, str]
    what: str
    detectors: Callable[[Workspace], tuple[Detector, ...]] = lambda _: ()


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


def weights_behind(workspace: Workspace, checkpoint: Checkpoint, probe: bool = False) -> Behind:
    """The checkpoint's weights, each file checked against its digest, and the adapters of ``guard.yaml`` beside them.

    Args:
        workspace: whose last run is served.
        checkpoint: the one that was chosen.
        probe: learn a detector on the activations of these weights, too.
    """
    # Torch is loaded by whoever serves weights, and by nobody else.
    from colonnade.guard.gateway.engines import EngineUpstream
    from colonnade.models.adapting import AdapterFolder, load_served
    from colonnade.models.local import converted_weights
    from colonnade.models.serving import LocalEngine
    from colonnade.models.weights import weights_folder
    from colonnade.pipeline.hosting import RELEASED, adapter_folders, learn_probe, probed_layer

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
    watched = probed_layer(served.model.config.num_hidden_layers) if probe else None
    engine = LocalEngine(served, name, watched=watched)

    def detectors(now: Workspace) -> tuple[Detector, ...]:
        return (learn_probe(now, engine),) if probe else ()

    return Behind(EngineUpstream(engine), {name: ""}, "local weights", detectors)


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
