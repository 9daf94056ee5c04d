"""What ``colonnade try`` asks: a guard that remembers what was found, and who somebody is that asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from shlex import quote
from typing import NamedTuple

from colonnade.guard import Who, read_guard_configuration, topic_clauses
from colonnade.guard.access import GrantIndex
from colonnade.guard.access.past import PastHolder
from colonnade.guard.detection.probe import texts_to_read
from colonnade.guard.explaining import Explainer
from colonnade.guard.keys import StoredKey, keys_file, read_keys
from colonnade.guard.remembering import RememberingJudge, remembering
from colonnade.pipeline.access import access_settings, standings
from colonnade.pipeline.detection import teaching_prompts
from colonnade.pipeline.guard_parts import guard_parts
from colonnade.pipeline.hosting import starts_soon
from colonnade.pipeline.workspace import Workspace
from colonnade.records import Grant, GrantState, InputError, Prompt

PATIENCE = 120.0
"""Seconds that a probe has here at least: the person who waits is the one who asked."""


class ProbeUse(NamedTuple):
    """Whether a probe looks again at what is suspected, and whether the service's would do the same.

    Attributes:
        looks_again: whether it does here.
        because: why, or why not, and what the service does; a sentence or two.
    """

    looks_again: bool
    because: str


class Trial(NamedTuple):
    """Everything that is needed to rule and to say why."""

    explainer: Explainer
    grants: tuple[Grant, ...]
    keys: tuple[StoredKey, ...]
    today: date
    probe: ProbeUse

    def check_name(self, name: str) -> None:
        """Refuse a name that nobody has.

        Args:
            name: of a key, or of a principal that a key or a grant names; empty for nobody in particular.

        Raises:
            InputError: where it is none of these, with those that there are.
        """
        if not name or name in self.names:
            return
        if not self.names:
            mend = "There are no keys and no grants; leave out '--as', or add a key with 'colonnade keys add'."
        else:
            mend = f"Choose one of {', '.join(self.names)}, or leave out '--as'."
        raise InputError(f"no key, and nobody with a key or an active grant, is called '{name}'.", mend=mend)

    @property
    def names(self) -> tuple[str, ...]:
        """Of keys, and of the principals that keys and grants name, in the order of the alphabet."""
        of_keys = {name for key in self.keys for name in (key.id, key.principal)}
        return tuple(sorted(of_keys | {grant.subject for grant in self.grants}))

    def who(self, name: str, tier: str, purpose: str) -> Who:
        """Who asks.

        Args:
            name: the id of a key, or a principal; empty for nobody in particular.
            tier: the key's, or the first of guard.yaml, where it is empty.
            purpose: the key's first, or the first of guard.yaml, where it is empty.

        Raises:
            InputError: where the key is not for that purpose, or tier or purpose do not exist.
        """
        table = self.explainer.guard.table
        key = next((key for key in self.keys if name and name == key.id), None)
        key = key or next((key for key in self.keys if name and name == key.principal), None)
        purposes = key.purposes if key is not None and key.purposes else table.purposes
        asked = purpose or purposes[0]
        if asked in table.purposes and asked not in purposes:
            what = f"the key '{name}' is not for the purpose '{asked}'."
            raise InputError(what, mend=f"Choose one of {', '.join(purposes)}.")
        tier = tier or (key.tier if key is not None else table.tiers[0])
        for kind, value, known in (("tier", tier, table.tiers), ("purpose", asked, table.purposes)):
            if value not in known:
                raise InputError(f"guard.yaml has no {kind} '{value}'.", mend=f"Choose one of {', '.join(known)}.")
        principal = key.principal if key is not None else name
        holder = PastHolder(GrantIndex(self.grants, table), principal, self.today) if principal else None
        return Who(principal, tier, asked, holder)


def trial_of(workspace: Workspace, upstream: bool = False, loading: Callable[[], None] = lambda: None) -> Trial:
    """The guard of a workspace as it stands now, with its grants and keys; nothing is written by trying.

    A probe looks again where the service would have one, if what it learns from was read before on this machine.

    Args:
        workspace: as it is on disk.
        upstream: as in front of another server, where none looks again unless ``guard.yaml`` says that one does.
        loading: told before the weights of a probe are loaded, which takes seconds.
    """
    today = datetime.now(UTC).date()
    configuration = read_guard_configuration(workspace.folder / "guard.yaml")
    prompts = teaching_prompts(workspace)
    probe = _use_of_probe(workspace, configuration.probe, prompts, upstream, loading)
    parts = guard_parts(workspace, configuration, today, prompts, probed=probe.looks_again)
    detectors = remembering(parts.detectors)
    rows = standings(workspace, datetime.now(UTC)) if access_settings(workspace) is not None else ()
    grants = tuple(row.grant for row in rows if row.state is GrantState.ACTIVE)
    judge = RememberingJudge(parts.judge) if parts.judge is not None else None

    def limit(name: str) -> float:
        seconds = configuration.milliseconds_for(name) / 1000
        # The model has just been loaded, and its first look takes longest; that of a service is long over.
        return max(seconds, PATIENCE) if name.startswith("probe/") else seconds

    guard = parts.guard(detectors, judge, limit)
    explainer = Explainer(guard, detectors, judge, workspace.policies.active, grants)
    return Trial(explainer, grants, read_keys(keys_file(workspace.folder)), today, probe)


def _use_of_probe(
    workspace: Workspace, said: bool | None, prompts: Sequence[Prompt], upstream: bool, loading: Callable[[], None]
) -> ProbeUse:
    """Whether a probe looks again here, where ``guard.yaml`` says this of it."""
    if said is not None:
        if said:
            loading()
        everywhere = (
            "'probe: true' in guard.yaml has a probe look" if said else "'probe: false' in guard.yaml has none look"
        )
        return ProbeUse(said, f"{everywhere} again at what is suspected, here and in the service.")
    if upstream:
        what = "No probe looked again, as in front of another server ('--upstream')"
        return ProbeUse(
            False, f"{what}. 'colonnade serve' with the launch's own weights has one and may rule otherwise."
        )
    topics = topic_clauses(workspace.policies.active, workspace.launch.regions[0])
    if starts_soon(workspace, texts_to_read(topics, prompts), loading):
        what = "A probe looks again at what is suspected, as in 'colonnade serve' with the launch's own weights"
        return ProbeUse(True, f"{what}. In front of another server ('--upstream') none does.")
    what = (
        "No probe looked again, as in front of another server. 'colonnade serve' with the launch's own weights has one"
    )
    place = quote(str(workspace.folder))
    mend = f"what it learns from was not read on this machine; 'colonnade guard check {place} --probe' does"
    return ProbeUse(False, f"{what} and may rule otherwise: {mend}.")
