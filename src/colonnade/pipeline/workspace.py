"""Everything that people wrote in a workspace, read and checked before anything is done."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from colonnade.evaluation import read_prompts
from colonnade.frontier import read_benchmarks
from colonnade.guard import compile_table, read_guard_configuration
from colonnade.models.weights import weights_folder
from colonnade.policy import read_intake
from colonnade.policy.reviews import check_people, read_people
from colonnade.policy.sources import read_registry
from colonnade.posttraining.ratings import read_ratings
from colonnade.pretraining.filing import read_files
from colonnade.records import InputError, Launch, People, PolicySet


class Workspace(NamedTuple):
    """A folder with a launch and its policies.

    Attributes:
        people: whose signatures count; none where nobody was named.
    """

    folder: Path
    launch: Launch
    policies: PolicySet
    people: People | None = None


def open_workspace(folder: Path) -> Workspace:
    """The launch and the policies.

    Raises:
        InputError: for whatever is wrong in them.
    """
    if not folder.is_dir():
        raise InputError(
            "there is no such folder.", file=folder, mend="Name a workspace, or make one with 'colonnade init DIR'."
        )
    launch, policies = read_intake(folder)
    if not policies.active:
        raise InputError(
            "no policy is active, so nothing can be built.",
            file=folder / "policies",
            mend="Set 'status: active' in at least one.",
        )
    people = read_people(folder)
    check_people(policies, people, folder)
    return Workspace(folder, launch, policies, people)


def check_workspace(workspace: Workspace) -> None:
    """Read every other file that a run will read.

    Raises:
        InputError: for the first thing that is wrong, before anything has been written.
    """
    prompts = read_prompts(workspace.folder, workspace.policies)
    read_ratings(workspace.folder, prompts)
    read_files(workspace.folder)
    read_registry(workspace.folder)
    read_benchmarks(workspace.folder)
    configuration = read_guard_configuration(workspace.folder / "guard.yaml")
    compile_table(workspace.policies.active, configuration, workspace.launch.regions[0], datetime.now(UTC).date())
    if workspace.launch.model.kind == "folder":
        weights_folder(workspace.launch.model, workspace.folder)
