"""One side of a comparison: a workspace with the policies of another folder or of a revision.

What cannot be read there besides the policies is said, and today's takes its place: a fault of an
old launch is no reason not to show what changed since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from colonnade.guard import GuardConfiguration, read_guard_configuration
from colonnade.guard.system_prompts import NO_PROMPTS, SystemPrompt, SystemPrompts, prompts_of
from colonnade.pipeline.detection import teaching_prompts, teaching_prompts_of
from colonnade.pipeline.workspace import Workspace, with_library
from colonnade.policy.repository import commit_of, ignored_below
from colonnade.policy.revisions import Elsewhere, is_revision, laid_out
from colonnade.records import InputError, PolicySet, Profile, Prompt, Split

_PROMPTS = {"prompts": (".jsonl",)}


class Side(NamedTuple):
    """A workspace as it would be with policies from elsewhere.

    Attributes:
        configuration: of the guard there, or today's.
        unread: what could not be read, and what stands in its place, one sentence each.
        prompts: the system prompts that are registered there.
        teaching: the prompts that detectors learn from there; none where nobody asked for them.
    """

    workspace: Workspace
    configuration: GuardConfiguration
    unread: tuple[str, ...] = ()
    prompts: SystemPrompts = NO_PROMPTS
    teaching: tuple[Prompt, ...] = ()


def side_of(workspace: Workspace, name: str, today: GuardConfiguration, learning: bool = False) -> Side:
    """The workspace with the policies, the profile and the guard of another place.

    Args:
        workspace: the launch that is asked about; its regions and people count.
        name: a folder with policies, or a git revision of the workspace.
        today: the guard's configuration as it stands in the workspace.
        learning: whether the prompts that detectors learn from are read there, too.

    Raises:
        InputError: where there is neither such a folder nor such a revision, or the policies there
            cannot be read.
    """
    with _place(workspace.folder, name, _PROMPTS if learning else {}) as elsewhere:
        policies = elsewhere.policies()
        unread: list[str] = []
        try:
            profile = elsewhere.profile()
        except InputError as fault:
            profile = workspace.profile
            unread.append(_instead(fault, f"today's profile '{profile.id}'" if profile else "the whole library"))
        resolved = _with_profile(workspace, policies, profile, unread)
        try:
            with elsewhere.naming():
                configuration = read_guard_configuration(elsewhere.folder / "guard.yaml")
        except InputError as fault:
            configuration = today
            unread.append(_instead(fault, "today's guard.yaml"))
        prompts = _prompts(workspace.folder, elsewhere, configuration, unread)
        teaching = _teaching(workspace, elsewhere, resolved.policies, unread) if learning else ()
    return Side(resolved, configuration, tuple(unread), prompts, teaching)


def _teaching(today: Workspace, elsewhere: Elsewhere, policies: PolicySet, unread: list[str]) -> tuple[Prompt, ...]:
    """The prompts that detectors learnt from there, or today's; files that no revision can have are named."""
    try:
        with elsewhere.naming():
            found = teaching_prompts_of(elsewhere.folder, policies)
    except InputError as fault:
        unread.append(_instead(fault, "today's prompts, for the detectors to learn from"))
        return teaching_prompts(today)
    hidden = [name for name in ignored_below(today.folder, "prompts") if _teaches(name)] if elsewhere.revision else []
    if hidden:
        unread.append(f"Git ignores {', '.join(hidden)}, so nothing of it was learnt for {elsewhere.revision}.")
    return found


def _teaches(name: str) -> bool:
    parts = Path(name).with_suffix("").parts
    return name.endswith(".jsonl") and parts[1] in (Split.TRAINING, Split.DEVELOPMENT)


def _prompts(today: Path, elsewhere: Elsewhere, configuration: GuardConfiguration, unread: list[str]) -> SystemPrompts:
    """The registered prompts; of a revision, which is laid out without their files, with the words of today."""
    found: list[SystemPrompt] = []
    for entry in configuration.system_prompts:
        try:
            with elsewhere.naming():
                found += prompts_of([(entry, elsewhere.folder / entry.file)])
        except InputError as fault:
            try:
                found += prompts_of([(entry, today / entry.file)])
                unread.append(_instead(fault, f"today's words of the system prompt '{entry.name}'"))
            except InputError:
                unread.append(_instead(fault, f"no system prompt '{entry.name}'"))
    return SystemPrompts(found)


def named_place(workspace: Path, name: str) -> str:
    """What a place is called in a result: a revision with its commit, since ``HEAD`` is another one tomorrow."""
    if (Path(name) / "policies").is_dir() or not is_revision(workspace, name):
        return name
    commit = commit_of(workspace, name)[:10]
    return name if commit.startswith(name) else f"{name} ({commit})"


def _with_profile(workspace: Workspace, policies: PolicySet, profile: Profile | None, unread: list[str]) -> Workspace:
    try:
        return with_library(workspace, policies, profile)
    except InputError as fault:
        name = f"the profile '{profile.id}'" if profile else "no profile"
        unread.append(f"{name} cannot be applied to these policies: {_instead(fault, 'the whole library')}")
        return with_library(workspace, policies, None)


def _instead(fault: InputError, taken: str) -> str:
    # How to mend a commit is nothing that anybody needs to know.
    said = InputError(fault.what, file=fault.file, line=fault.line).sentence
    return f"{said} Taken in its place: {taken}."


@contextmanager
def _place(workspace: Path, name: str, also: Mapping[str, tuple[str, ...]]) -> Iterator[Elsewhere]:
    folder = Path(name)
    if (folder / "policies").is_dir():
        yield Elsewhere(folder)
        return
    if "/" in name and not is_revision(workspace, name):
        raise InputError(
            "there is no such folder with policies, and no such revision.", file=folder, mend="Correct it."
        )
    with laid_out(workspace, name, also) as elsewhere:
        yield elsewhere
