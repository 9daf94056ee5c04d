"""What is fresh, what is stale, and why, without running anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from colonnade.models.weights import weights_digest
from colonnade.pipeline.agreement import Agreement, agreement
from colonnade.pipeline.meaning import meaning
from colonnade.pipeline.steps import REVIEW, STEPS, Step
from colonnade.pipeline.workspace import Workspace
from colonnade.records import CorruptionError, Digest, Run, Use, digest_bytes, digest_of
from colonnade.store import Store


class Ingredients(NamedTuple):
    """Everything that a step's result depends on."""

    code: Digest
    inputs: Mapping[str, Digest]
    files: Mapping[str, Digest]
    uses: tuple[Use, ...]
    parameters: Digest
    model: Digest | None

    @property
    def key(self) -> Digest:
        """Equal keys give equal results."""
        return digest_of(
            {
                "code": self.code,
                "inputs": dict(self.inputs),
                "files": dict(self.files),
                "uses": sorted([use.clause, use.facet, use.facet_digest] for use in self.uses),
                "parameters": self.parameters,
                "model": self.model,
            }
        )


class Planned(NamedTuple):
    """One step of the plan.

    Attributes:
        state: ``fresh`` its result holds; ``stale`` it will be done; ``waiting`` that depends on
            what the stale steps before it come to, or on people.
        reasons: why it is not fresh.
        run: the run whose result holds.
    """

    step: Step
    state: Literal["fresh", "stale", "waiting"]
    reasons: tuple[str, ...]
    run: Run | None
    ingredients: Ingredients | None


_PARAMETERS_CHANGED = "its parameters in launch.yaml changed"


def plan(workspace: Workspace, store: Store) -> tuple[Planned, ...]:
    """Every step, in order."""
    outputs: dict[str, Digest] = {}
    planned = []
    agreed = agreement(workspace, store, datetime.now(UTC).date())
    for step in STEPS:
        row = plan_step(step, workspace, store, outputs, agreed)
        if row.run is not None and row.state == "fresh":
            outputs.update(outputs_of(row.run))
        planned.append(row)
    return tuple(planned)


def plan_step(
    step: Step, workspace: Workspace, store: Store, outputs: Mapping[str, Digest], agreed: Agreement
) -> Planned:
    """One step, given the outputs of the fresh steps before it as ``step/name``."""
    missing = sorted({name.partition("/")[0] for name in step.inputs if name not in outputs})
    if missing:
        return Planned(step, "waiting", tuple(f"after {name}" for name in missing), None, None)
    if step.name == REVIEW and agreed.pending():
        return Planned(step, "waiting", agreed.pending(), None, None)
    ingredients = gather(step, workspace, outputs, agreed)
    run = store.catalogue.with_key(step.name, ingredients.key)
    if run is None:
        latest = store.catalogue.latest(step.name)
        reasons = tuple(changes(latest, ingredients)) if latest else ("never done",)
        return Planned(step, "stale", reasons or ("an older result is gone",), None, ingredients)
    faults = tuple(corrupt_outputs(run, store))
    if faults:
        return Planned(step, "stale", faults, None, ingredients)
    return Planned(step, "fresh", (), run, ingredients)


def outputs_of(run: Run) -> dict[str, Digest]:
    """The outputs of a run as ``step/name``."""
    return {f"{run.step}/{name}": digest for name, digest in run.outputs}


def corrupt_outputs(run: Run, store: Store) -> Iterator[str]:
    """A sentence for each output whose bytes are missing or changed."""
    for name, digest in run.outputs:
        try:
            store.check(digest)
        except CorruptionError as fault:
            yield f"{run.step}/{name} ({digest}) cannot be used: {fault.what}"


def gather(step: Step, workspace: Workspace, outputs: Mapping[str, Digest], agreed: Agreement) -> Ingredients:
    """What the step depends on, as it stands now."""
    launch: dict[str, Any] = workspace.launch.model_dump(mode="json")
    parameters = {path: _pick(launch, path) for path in step.parameters}
    if "exceptions" in step.facets:
        parameters["expired exceptions"] = _expired(workspace, datetime.now(UTC).date())
    if step.agreement == "reviews":
        parameters["reviews"] = [row.model_dump(mode="json") for row in agreed.reviews]
    if step.agreement == "accepted":
        parameters["accepted"] = {harm: row.model_dump(mode="json") for harm, row in agreed.accepted}
    return Ingredients(
        code=meaning(step.function),
        inputs={name: outputs[name] for name in step.inputs},
        files=_files(workspace.folder, step.files),
        uses=tuple(agreed.canonical(use) for clause in workspace.policies.active for use in clause.use(*step.facets)),
        parameters=digest_of(parameters),
        model=weights_digest(workspace.launch.model, workspace.folder) if step.model else None,
    )


def changes(old: Run, new: Ingredients) -> Iterator[str]:
    """What differs from the newest run, in words."""
    if old.code != new.code:
        yield "its code means something else now"
    yield from _differences("file", dict(old.files), new.files)
    before = {f"{use.clause}.{use.facet}": use.facet_digest for use in old.uses}
    yield from _differences("clause facet", before, {f"{use.clause}.{use.facet}": use.facet_digest for use in new.uses})
    if old.parameters != new.parameters:
        signed = any(step.name == old.step and step.agreement for step in STEPS)
        yield "its parameters in launch.yaml, or what people signed, changed" if signed else _PARAMETERS_CHANGED
    if old.model != new.model:
        yield "the base model is another one"
    yield from _differences("input", dict(old.inputs), new.inputs)


def _differences(kind: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield f"{kind} {name} is new"
        elif name not in new:
            yield f"{kind} {name} is gone"
        elif old[name] != new[name]:
            yield f"{kind} {name} changed"


def _pick(launch: dict[str, Any], path: str) -> Any:
    value: Any = launch
    for part in path.split("."):
        value = value[part]
    return value


def _files(folder: Path, patterns: tuple[str, ...]) -> dict[str, Digest]:
    found = {
        path
        for pattern in patterns
        for path in folder.glob(pattern)
        if path.is_file() and not path.name.startswith(".")
    }
    return {path.relative_to(folder).as_posix(): digest_bytes(path.read_bytes()) for path in sorted(found)}


def _expired(workspace: Workspace, today: date) -> list[str]:
    return [
        f"{clause.id}/{row.id}"
        for clause in workspace.policies.active
        for row in clause.exceptions
        if row.expires < today
    ]
