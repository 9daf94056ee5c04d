"""What ``colonnade try`` asks: a guard that remembers what was found, and who somebody is that asks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import NamedTuple

from colonnade.guard import Who, read_guard_configuration
from colonnade.guard.access import GrantIndex
from colonnade.guard.access.past import PastHolder
from colonnade.guard.explaining import Explainer
from colonnade.guard.keys import StoredKey, read_keys
from colonnade.guard.remembering import RememberingJudge, remembering
from colonnade.pipeline.access import access_settings, standings
from colonnade.pipeline.detection import teaching_prompts
from colonnade.pipeline.guard_parts import guard_parts
from colonnade.pipeline.workspace import Workspace
from colonnade.records import Grant, GrantState, InputError

KEYS = "keys.jsonl"


class Trial(NamedTuple):
    """Everything that is needed to rule and to say why."""

    explainer: Explainer
    grants: tuple[Grant, ...]
    keys: tuple[StoredKey, ...]
    today: date

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


def trial_of(workspace: Workspace) -> Trial:
    """The guard of a workspace as it stands now, with its grants and keys; nothing is written by trying."""
    today = datetime.now(UTC).date()
    configuration = read_guard_configuration(workspace.folder / "guard.yaml")
    parts = guard_parts(workspace, configuration, today, teaching_prompts(workspace))
    detectors = remembering(parts.detectors)
    rows = standings(workspace, datetime.now(UTC)) if access_settings(workspace) is not None else ()
    grants = tuple(row.grant for row in rows if row.state is GrantState.ACTIVE)
    judge = RememberingJudge(parts.judge) if parts.judge is not None else None
    guard = parts.guard(detectors, judge)
    explainer = Explainer(guard, detectors, judge, workspace.policies.active, grants)
    return Trial(explainer, grants, read_keys(workspace.folder / ".colonnade" / KEYS), today)
