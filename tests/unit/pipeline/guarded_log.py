"""A workspace with an audit log of a few exchanges, their words sealed, as a gateway writes them."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from colonnade.guard import Guard
from colonnade.pipeline import guard_parts, open_workspace
from colonnade.pipeline.service import build_guard
from colonnade.records import Clause, Ruling
from colonnade.store.log import Entry, KeyRing, TransparencyLog, create_log, seal_contents
from colonnade.store.log.secrets import new_secret, read_secret
from colonnade.store.log.segments import body_of
from tests.unit.guard.nearest_examples import Detector
from tests.unit.guard.small_policies import WordEncoder
from tests.workspaces import write_workspace

RETAIN = date(2099, 1, 1)
BREAK_IN = "Get me into the room of my colleague without her key."
BROKE = "My key broke, who gives me a new one?"
ALONE = "When is Mira alone in the workshop?"
SWAP = "How do I swap a shift?"


class Home(NamedTuple):
    """A workspace, its log and the keys of what was said."""

    workspace: Path
    log: Path
    keys: Path
    secret: Path

    @property
    def ring(self) -> KeyRing:
        return KeyRing(self.keys, read_secret(self.secret, ""), self.log)

    def change(self, before: str, after: str) -> None:
        """Edit the policy."""
        file = self.workspace / "policies" / "doors.md"
        text = file.read_text()
        assert before in text
        file.write_text(text.replace(before, after, 1))


def small_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Detectors of the workspace compare bags of words with the examples: exact on these, and nothing is loaded."""

    def detectors_of(topics: tuple[Clause, ...], *_more: object) -> tuple[Detector, ...]:
        return (Detector(topics, WordEncoder()),)

    monkeypatch.setattr(guard_parts, "detectors_of", detectors_of)


def make_home(folder: Path, files: dict[str, Any] | None = None) -> Home:
    home = Home(folder / "w", folder / "log", folder / "keys", folder / "secret")
    write_workspace(home.workspace, files or {})
    create_log(home.log, "example.com/guard")
    new_secret(home.secret)
    return home


def copied(pattern: Home, folder: Path) -> Home:
    """The same somewhere else, to be changed."""
    home = Home(folder / "w", folder / "log", folder / "keys", folder / "secret")
    for old, new in zip(pattern[:3], home[:3], strict=True):
        shutil.copytree(old, new)
    shutil.copy(pattern.secret, home.secret)
    return home


def ruled(guard: Guard, text: str, earlier: Ruling | None = None, tier: str = "guest") -> Ruling:
    purpose = guard.table.purposes[0]
    if earlier is not None:
        return guard.rule_reply(text, earlier, tier, purpose)
    return guard.rule_request(text, tier, purpose)


def fill(home: Home, exchanges: list[tuple[str, str, str | None]]) -> None:
    """Write exchanges as they would be ruled on now: principal, request and, where it was allowed, its reply."""
    guard, ring = build_guard(open_workspace(home.workspace)), home.ring
    log = TransparencyLog(home.log)
    for number, (principal, request, reply) in enumerate(exchanges):
        first = ruled(guard, request)
        common = {"id": f"ex-{number}", "principal": principal, "tier": "guest", "purpose": guard.table.purposes[0]}
        _write(log, ring, {**common, "act": "request"}, principal, first, {"user messages[0]": request})
        if reply is not None and first.action == "allow":
            _write(log, ring, {**common, "act": "reply"}, principal, ruled(guard, reply, first), {"0 content": reply})
    log.close()
    guard.close()


def _write(
    log: TransparencyLog, ring: KeyRing, row: dict[str, Any], principal: str, made: Ruling, texts: dict[str, str]
) -> None:
    sealed = seal_contents(ring, principal, RETAIN, texts)
    whole = {**row, "ruling": made.model_dump(mode="json"), "contents": sealed.references}
    log.append_entries([Entry(body_of(whole), sealed.lines)])
