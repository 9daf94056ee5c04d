"""The policy queue of a workspace: what waits, with the sentences that can be read, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from colonnade.pipeline.adjudicating import propose_candidate
from colonnade.pipeline.recording import log_places
from colonnade.pipeline.workspace import Workspace
from colonnade.policy.feedback_queue import Queue, append, decide, decided_before, read_queue
from colonnade.policy.reviews import PEOPLE_FILE
from colonnade.records import (
    CandidatePrompt,
    Clause,
    Expected,
    Feedback,
    FeedbackDecision,
    FeedbackVerdict,
    InputError,
    PromptOrigin,
    QueueEntry,
)
from colonnade.store import HOME
from colonnade.store.log import KeyRing
from colonnade.store.log.contents import open_row
from colonnade.store.log.finding import find_rows
from colonnade.store.log.secrets import read_secret
from colonnade.store.log.segments import SETTINGS

FILE = "policy-queue.jsonl"


class Sealed(NamedTuple):
    """A log and the keys of its contents."""

    log: Path
    ring: KeyRing


class Words(NamedTuple):
    """What can be read of a feedback; nothing where it was erased, was not kept, or no keys were given.

    Attributes:
        said: the customer's sentence.
        asked: the request that the answer was given to.
    """

    said: str | None
    asked: str | None


def queue_file(folder: Path) -> Path:
    """Where the queue of a workspace lies; a running service writes it, too."""
    return folder / HOME / FILE


def queue_of(folder: Path) -> Queue:
    """The queue of a workspace."""
    return read_queue(queue_file(folder))


def own_log(workspace: Workspace) -> Sealed | None:
    """The log that a service of the workspace writes, with its keys; nothing where there is none to be read."""
    places = log_places(workspace.folder)
    if places is None or not (places.log / SETTINGS).is_file() or not places.people.is_dir():
        return None
    return Sealed(places.log, KeyRing(places.people, read_secret(places.secret), places.log))


def enter(folder: Path, row: Feedback) -> None:
    """Put something that was said into the queue."""
    append(queue_file(folder), row)


def undecided(folder: Path, name: str) -> Feedback:
    """One that nobody has decided so far.

    Raises:
        InputError: where there is no such feedback, or it was decided before.
    """
    queue = queue_of(folder)
    row, before = queue.named(name), queue.verdict(name)
    if before is not None:
        raise decided_before(before)
    return row


def close(folder: Path, name: str, by: str, because: str, now: datetime) -> FeedbackVerdict:
    """Close one without a change of the policies.

    Raises:
        InputError: where there is no such feedback, it was decided before, or the reason is missing.
    """
    if not because.strip():
        raise InputError(f"to close '{name}' needs a reason.", mend="Say why with '--reason', in a sentence.")
    return _decided(folder, name, FeedbackDecision.CLOSED, by, because, now)


def accept(folder: Path, name: str, by: str, because: str, now: datetime) -> FeedbackVerdict:
    """Accept one: the answer should have been another one.

    Raises:
        InputError: where there is no such feedback, or it was decided before.
    """
    return _decided(folder, name, FeedbackDecision.ACCEPTED, by, because, now)


def check_person(workspace: Workspace, name: str) -> None:
    """Refuse a decision by somebody who is not in ``people.yaml``, where there is one.

    Raises:
        InputError: with the names that are known.
    """
    people = workspace.people
    if people is not None and name.strip() and people.person(name.strip()) is None:
        known = ", ".join(row.id for row in people.people)
        what = f"there is no person {name.strip()!r}."
        raise InputError(what, file=workspace.folder / PEOPLE_FILE, mend=f"Choose one of {known}.")


def words_of(row: Feedback, sealed: Sealed | None) -> Words:
    """What the log has of it, as far as the keys are there.

    Raises:
        CorruptionError: where something that should be readable does not fit its commitment.
    """
    if sealed is None:
        return Words(None, None)
    said = _opened(sealed, row.id, "feedback").get("what")
    asked = _opened(sealed, row.answer, "request")
    return Words(said, "\n".join(text for text in asked.values() if text) or None)


def example_row(row: Feedback, clause: Clause | None, asked: str | None) -> str:
    """The line to paste under ``jsonl examples`` of the clause, so that the guard learns it.

    What was refused and should not have been is benign, at the ceiling; what was let through and
    should not have been is violating, one level above it.
    """
    ceiling = clause.ceiling if clause is not None else None
    levels = list(type(ceiling)) if ceiling is not None else []
    benign = row.ruling.action != "allow"
    if ceiling is None:
        level = str(row.ruling.level or "overview")
    else:
        level = str(ceiling if benign else levels[min(ceiling.rank + 1, len(levels) - 1)])
    content: dict[str, str] = {"label": "benign" if benign else "violating", "level": level, "prompt": asked or "..."}
    if benign:
        content["expect"] = "help"
    return json.dumps(content, ensure_ascii=False)


def propose(workspace: Workspace, row: Feedback, asked: str | None, by: str, now: datetime) -> QueueEntry:
    """Put the request into the renewing loop's queue, where somebody else confirms it.

    Raises:
        InputError: where the request cannot be read, or is in the set or the queue already.
    """
    if asked is None:
        what = f"the request of '{row.id}' cannot be read."
        raise InputError(
            what, mend="Give the log and the keys with '--log', '--keys' and '--secret', or erase nothing."
        )
    candidate = CandidatePrompt(
        text=asked,
        origin=PromptOrigin.FEEDBACK.value,
        expected=Expected.DECLINE if row.ruling.action == "allow" else Expected.HELP,
        clause=row.clause if workspace.policies.clause(row.clause) is not None else "",
        contributor=by,
        source=f"{row.id}/{row.answer}",
    )
    return propose_candidate(workspace, candidate, now.date())


def _decided(
    folder: Path, name: str, decision: FeedbackDecision, by: str, because: str, now: datetime
) -> FeedbackVerdict:
    if not by.strip():
        raise InputError("a decision needs a person.", mend="Say who you are with '--as'.")
    verdict = FeedbackVerdict(feedback=name, decision=decision, by=by.strip(), because=because.strip(), at=now)
    append(queue_file(folder), decide(queue_of(folder), verdict))
    return verdict


def _opened(sealed: Sealed, name: str, act: str) -> Mapping[str, str | None]:
    """The texts of a row by its id; nothing where there is no such row."""
    for found in find_rows(sealed.log, "id", name):
        if found.row.get("act") == act:
            opened = open_row(sealed.log, sealed.ring, found.number)
            return {key: value.text if value is not None else None for key, value in opened.items()}
    return {}
