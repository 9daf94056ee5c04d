"""The system prompts that a workspace registers: read once, judged once, and looked after while they are served."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from colonnade.guard import Guard, GuardConfiguration, read_guard_configuration, topic_clauses
from colonnade.guard.access.watching import Mark, marks
from colonnade.guard.detection.patterns import PatternDetector
from colonnade.guard.system_prompts import SystemPrompt, SystemPrompts, read_system_prompts
from colonnade.guard.table import Lookup
from colonnade.pipeline.detection import teaching_prompts
from colonnade.pipeline.guard_parts import guard_parts
from colonnade.pipeline.workspace import Workspace
from colonnade.records import Clause, GuardTable, InputError, Level, Ruling


class PromptReading(NamedTuple):
    """A registered prompt, and what the guard would say if a client had written it.

    Attributes:
        ruling: for the first tier and purpose that may use it.
    """

    prompt: SystemPrompt
    ruling: Ruling

    @property
    def sentence(self) -> str:
        """For people."""
        said = f"System prompt '{self.prompt.name}' ({self.prompt.digest[:19]})"
        if self.ruling.action == "allow":
            return f"{said} comes near nothing that is closed."
        found = f"{self.ruling.topic or self.ruling.rule}" + (f" at {self.ruling.level}" if self.ruling.level else "")
        return f"{said} is read as {found}; from a client it would be answered with '{self.ruling.action}'."


def system_prompts_of(workspace: Workspace, table: GuardTable) -> SystemPrompts:
    """The prompts of ``guard.yaml``, none of which a pattern closes.

    Args:
        workspace: with their files.
        table: of its guard.

    Raises:
        InputError: where one cannot be read, or holds what a pattern of a clause closes to somebody who may use it.
    """
    entries = read_guard_configuration(workspace.folder / "guard.yaml").system_prompts
    if not entries:
        return SystemPrompts()
    prompts = read_system_prompts(workspace.folder, entries)
    topics = topic_clauses(workspace.policies.active, workspace.launch.regions[0])
    for prompt in prompts.prompts:
        _refuse_closed(prompt, workspace.folder / prompt.entry.file, topics, table)
    return prompts


def _refuse_closed(prompt: SystemPrompt, file: Path, topics: Iterable[Clause], table: GuardTable) -> None:
    lookup = Lookup(table)
    for found in PatternDetector(topics, "request").detect(prompt.text):
        for tier, purpose in _users(prompt, table):
            if lookup.cell(found.topic or "", found.level or Level.RECIPE, tier, purpose).action == "allow":
                continue
            pattern = found.detector.rpartition("/")[2]
            what = f"the pattern '{pattern}' of '{found.topic}' finds something in the system prompt '{prompt.name}'"
            line = prompt.line + prompt.text.count("\n", 0, found.span[0]) if found.span else prompt.line
            mend = "Take it out of the prompt, or name in guard.yaml only those who may use it."
            raise InputError(f"{what}, which is closed to tier '{tier}'.", file=file, line=line, mend=mend)


def _users(prompt: SystemPrompt, table: GuardTable) -> Iterator[tuple[str, str]]:
    """Tier and purpose of everybody who may use it."""
    for tier in prompt.entry.tiers or table.tiers:
        for purpose in prompt.entry.purposes or table.purposes:
            yield tier, purpose


def read_by(guard: Guard, prompts: SystemPrompts) -> tuple[PromptReading, ...]:
    """What a guard says of prompts, by patterns and detectors: once, since nobody judges them with a request."""
    found = []
    for prompt in prompts.prompts:
        tier, purpose = next(_users(prompt, guard.table))
        found.append(PromptReading(prompt, guard.rule_request(prompt.text, tier, purpose)))
    return tuple(found)


def read_system_prompts_of(workspace: Workspace) -> tuple[PromptReading, ...]:
    """What the guard of a workspace says of its registered prompts; no guard is made where there are none.

    Raises:
        InputError: as :func:`system_prompts_of`.
    """
    configuration = read_guard_configuration(workspace.folder / "guard.yaml")
    if not configuration.system_prompts:
        return ()
    parts = guard_parts(workspace, configuration, datetime.now(UTC).date(), teaching_prompts(workspace))
    prompts = system_prompts_of(workspace, parts.table)
    guard = parts.guard(parts.detectors)
    try:
        return read_by(guard, prompts)
    finally:
        guard.close()


class PromptFiles:
    """Which files the ``guard.yaml`` of a workspace names, looked at again where it changed.

    Args:
        folder: of the workspace.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def marks(self) -> tuple[Mark, ...]:
        """How those files stand on disk now; nothing of a ``guard.yaml`` that cannot be read."""
        configured = self._folder / "guard.yaml"
        return marks(_named(configured, marks([configured])))


@lru_cache(maxsize=16)
def _named(configured: Path, _as_it_stands: tuple[Mark, ...]) -> tuple[Path, ...]:
    try:
        configuration: GuardConfiguration = read_guard_configuration(configured)
    except InputError:
        return ()
    return tuple(configured.parent / entry.file for entry in configuration.system_prompts)
