"""Everything that people wrote in a workspace, read and checked before anything is done."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from colonnade.evaluation import read_prompts
from colonnade.evaluation.capability import read_suites
from colonnade.evaluation.labelling import labels_below
from colonnade.frontier import read_benchmarks
from colonnade.guard import compile_table, read_guard_configuration
from colonnade.guard.access.watching import Mark, marks
from colonnade.models.weights import weights_folder
from colonnade.policy import read_intake
from colonnade.policy.profiles import in_the_library, resolve_on_another
from colonnade.policy.reviews import Reviewed, check_people, read_people, reviewed_policy, reviewed_profile
from colonnade.policy.sources import read_registry
from colonnade.policy.workspace import Intake, blame_imports
from colonnade.posttraining.everyday import read_rehearsal
from colonnade.posttraining.ratings import read_ratings
from colonnade.pretraining.filing import read_files
from colonnade.records import InputError, Launch, People, PolicySet, Profile, Prompt, ResolvedProfile, Split

READ = ("policies", "profiles", "launch.yaml", "guard.yaml", "people.yaml")
"""Files and folders in which a change makes another workspace, or another guard of it."""


_NAME_ONE = "Name a workspace, or make one with 'colonnade init DIR'."


class Workspace(NamedTuple):
    """A folder with a launch and its policies.

    Attributes:
        policies: the clauses as the launch has them: the library, or what its profile makes of it.
        library: the clauses as the policy files have them.
        reviewed: what working groups answer for: policies with a binding clause, and the profile.
        people: whose signatures count; none where nobody was named.
        profile: the launch's profile; none where the library holds as it stands.
        intake: where all this was read; none where the policies are those of somewhere else.
    """

    folder: Path
    launch: Launch
    policies: PolicySet
    library: PolicySet
    reviewed: tuple[Reviewed, ...]
    people: People | None = None
    profile: Profile | None = None
    intake: Intake | None = None


def open_workspace(folder: Path) -> Workspace:
    """The launch and the policies.

    Raises:
        InputError: for whatever is wrong in them.
    """
    if folder.is_file():
        named = folder.name == "launch.yaml"
        mend = f"Name its folder, the workspace: {folder.parent}" if named else _NAME_ONE
        raise InputError("this is a file, not a folder.", file=folder, mend=mend)
    if not folder.is_dir():
        raise InputError("there is no such folder.", file=folder, mend=_NAME_ONE)
    if folder == Path() and not (folder / "launch.yaml").exists():
        what = "the folder you are in, which is taken where none is named, is no workspace: it has no launch.yaml."
        raise InputError(what, mend=_NAME_ONE)
    intake = read_intake(folder)
    launch, library, policies, resolved, _ = intake
    if not policies.active and library.active:
        raise blame_imports(intake, "no clause of an active policy, so nothing can be built")
    if not policies.active:
        raise InputError(
            "no policy is active, so nothing can be built.",
            file=folder / "policies",
            mend="Set 'status: active' in at least one.",
        )
    people = read_people(folder)
    profile_file = str(intake.profile_at.file) if intake.profile_at else ""
    reviewed = _reviewed(library, policies, resolved, profile_file)
    profile = resolved.profile if resolved is not None else None
    return Workspace(folder, launch, policies, library, reviewed, people, profile, intake)


class Rereader:
    """Opens a workspace again where one of its files changed; services that run in one process share what was read.

    Args:
        folder: of the workspace.
    """

    def __init__(self, folder: Path) -> None:
        self._places = [folder / name for name in READ]
        self._folder, self._turn = folder, Lock()
        self._seen: tuple[tuple[Mark, ...], date] | None = None
        self._opened: Workspace | None = None

    def workspace(self) -> Workspace:
        """As it stands now.

        Raises:
            InputError: as :func:`open_workspace`, each time until it is mended.
        """
        with self._turn:
            # Before it is read: what changes meanwhile has other marks the next time.
            seen = marks(self._places), datetime.now(UTC).date()
            if self._opened is None or seen != self._seen:
                self._opened, self._seen = open_workspace(self._folder), seen
            return self._opened


def _check_binding(workspace: Workspace, prompts: Sequence[Prompt], rated: Collection[str]) -> None:
    """What is read of prompts and ratings is only what is for a binding clause; none of it is too little."""
    active = {clause.id for clause in workspace.policies.active}
    library = {clause.id for clause in workspace.library.active}
    binding = [prompt for prompt in prompts if prompt.clause in active]
    mend = "Add some, make more clauses active, or import more in the profile."
    for split in Split:
        if not any(prompt.split is split for prompt in binding):
            left_out = any(prompt.split is split and prompt.clause in library for prompt in prompts)
            if left_out and workspace.intake is not None:
                raise blame_imports(workspace.intake, f"no clause that a prompt of {split}.jsonl is for")
            file = workspace.folder / "prompts" / f"{split}.jsonl"
            raise InputError("no prompt here is for a clause that binds.", file=file, mend=mend)
    if not any(prompt.id in rated for prompt in binding):
        left_out = any(prompt.id in rated and prompt.clause in library for prompt in prompts)
        if left_out and workspace.intake is not None:
            raise blame_imports(workspace.intake, "no clause that an answer of answers.jsonl is for")
        file = workspace.folder / "ratings" / "answers.jsonl"
        raise InputError("no rated answer is to a prompt of a clause that binds.", file=file, mend=mend)


def with_library(workspace: Workspace, library: PolicySet, profile: Profile | None) -> Workspace:
    """The same launch with other policy files and another profile: those of a revision, or of another folder.

    Raises:
        InputError: where the profile cannot be applied to them.
    """
    if profile is None:
        reviewed = _reviewed(library, library, None)
        return workspace._replace(library=library, policies=library, reviewed=reviewed, profile=None, intake=None)
    resolved = resolve_on_another(library, profile)
    view = in_the_library(library, resolved)
    reviewed = _reviewed(library, view, resolved)
    return workspace._replace(library=library, policies=view, reviewed=reviewed, profile=profile, intake=None)


def _reviewed(
    library: PolicySet, policies: PolicySet, resolved: ResolvedProfile | None, file: str = ""
) -> tuple[Reviewed, ...]:
    binding = sorted({clause.admin.policy for clause in policies.active})
    rows = [reviewed_policy(library, policy) for policy in binding]
    return (*rows, reviewed_profile(resolved, file)) if resolved is not None else tuple(rows)


def check_workspace(workspace: Workspace) -> None:
    """Read every other file that a run will read; and nobody is waited for who could never come.

    Raises:
        InputError: for the first thing that is wrong, before anything has been written.
    """
    check_people(workspace.reviewed, workspace.people, workspace.folder)
    prompts = read_prompts(workspace.folder, workspace.policies)
    rated = read_ratings(workspace.folder, prompts)
    _check_binding(workspace, prompts, {answer.prompt for answer in rated.answers})
    read_files(workspace.folder)
    read_registry(workspace.folder)
    read_benchmarks(workspace.folder)
    read_suites(workspace.folder)
    labels_below(workspace.folder)
    read_rehearsal(workspace.folder)
    configuration = read_guard_configuration(workspace.folder / "guard.yaml")
    compile_table(workspace.policies.active, configuration, workspace.launch.regions[0], datetime.now(UTC).date())
    if workspace.launch.model.kind == "folder":
        weights_folder(workspace.launch.model, workspace.folder)
