"""What people wrote, and whether it is still what a run read.

Policies, launch and guard.yaml are no artefacts: a run names their digests. What they ask for can be
held against a decision only where the files of today have these digests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from colonnade.records import Clause, Digest, Facet, Launch, People, PolicySet, Run, digest_of


def _never(_: Run) -> bool:
    return False


class Written(NamedTuple):
    """What people wrote in a workspace, as it stands now.

    Attributes:
        folder: the workspace.
        policies: as the launch has them; ``library`` as the policy files have them.
        changed: whether the code of a run's step means something else today.
        why: why none of it is here; empty where it is.
    """

    folder: Path | None = None
    launch: Launch | None = None
    policies: PolicySet | None = None
    library: PolicySet | None = None
    people: People | None = None
    changed: Callable[[Run], bool] = _never
    why: str = ""


NOTHING_WRITTEN = Written(why="the policies and the launch were not given to the checker")


def clauses_as_read(run: Run, written: Written) -> tuple[Clause, ...] | str:
    """The active clauses, if each facet that the run read is still what it was; else why not, as a sentence's end."""
    if written.policies is None:
        return written.why
    read = {(use.clause, use.facet): use.facet_digest for use in run.uses}
    active = {clause.id: clause for clause in written.policies.active}
    if {name for name, _ in read} != active.keys():
        return "other clauses bind now than when it was made"
    for (name, facet), digest in read.items():
        if active[name].facet(Facet(facet)) != digest:
            return f"the clause '{name}' has changed since ({facet})"
    return tuple(active.values())


def same_parameters(run: Run, written: Written, paths: Iterable[str], expiring: bool = False) -> bool:
    """Whether the launch says today what the run read of it.

    Args:
        run: whose digest of parameters is held against the launch.
        written: what stands there now.
        paths: into the launch, as the step declares them.
        expiring: whether the step reads exceptions; what had expired on its day is among its parameters.
    """
    if written.launch is None or written.policies is None:
        return False
    launch = written.launch.model_dump(mode="json")
    parameters = {path: _pick(launch, path) for path in paths}
    if not expiring:
        return digest_of(parameters) == run.parameters
    # A run that began just before midnight planned on the day before.
    days = (run.started.date(), run.started.date() - timedelta(days=1), run.ended.date())
    exceptions = [
        (f"{clause.id}/{row.id}", row.expires) for clause in written.policies.active for row in clause.exceptions
    ]
    return any(
        digest_of({**parameters, "expired exceptions": [name for name, end in exceptions if end < day]})
        == run.parameters
        for day in days
    )


def file_as_read(run: Run, written: Written, name: str) -> bytes | str:
    """The bytes of a file of the workspace, if they are those that the run read; else why not."""
    wanted = dict(run.files).get(name)
    if written.folder is None or wanted is None:
        return written.why or f"it did not read {name}"
    try:
        content = (written.folder / name).read_bytes()
    except OSError:
        return f"{name} cannot be read any more"
    return content if _digest(content) == wanted else f"{name} has changed since"


def _digest(content: bytes) -> Digest:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _pick(launch: dict[str, Any], path: str) -> Any:
    value: Any = launch
    for part in path.split("."):
        value = value[part]
    return value
