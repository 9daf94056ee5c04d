"""The policy queue: what customers said of answers, by the clause that decided, until somebody closes it.

The queue is a file of lines that only grows: what was said, and what people decided about it. A
running service and a person at a terminal may both write it, and take turns.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from colonnade.records import (
    Clause,
    CorruptionError,
    Feedback,
    FeedbackVerdict,
    InputError,
    PolicySet,
    Record,
    canonical_json,
)
from colonnade.store.log.disk import Turn

_KINDS: dict[str, type[Record]] = {"feedback": Feedback, "verdict": FeedbackVerdict}


class Waiting(NamedTuple):
    """What waits about one clause.

    Attributes:
        name: of the clause, or of the rule where it was none.
        clause: none where the policies have no such clause any more.
        entries: oldest first.
    """

    name: str
    clause: Clause | None
    entries: tuple[Feedback, ...]


class Queue(NamedTuple):
    """Everything that was said and decided, oldest first."""

    feedback: tuple[Feedback, ...] = ()
    verdicts: tuple[FeedbackVerdict, ...] = ()

    @property
    def open(self) -> tuple[Feedback, ...]:
        """What nobody has decided about."""
        decided = {verdict.feedback for verdict in self.verdicts}
        return tuple(row for row in self.feedback if row.id not in decided)

    def verdict(self, name: str) -> FeedbackVerdict | None:
        """What was decided last about one of them."""
        return next((verdict for verdict in reversed(self.verdicts) if verdict.feedback == name), None)

    def named(self, name: str) -> Feedback:
        """The feedback with this id.

        Raises:
            InputError: where there is none.
        """
        for row in self.feedback:
            if row.id == name:
                return row
        mend = "'colonnade policy queue' lists those that wait."
        raise InputError(f"the queue has no feedback '{name}'.", mend=mend)


def read_queue(file: Path) -> Queue:
    """The queue in a file; empty where there is none yet. Half a line at the end, from a crash, is no line.

    Raises:
        CorruptionError: at the first whole line that is neither feedback nor verdict.
    """
    if not file.exists():
        return Queue()
    rows: dict[str, list[Record]] = {kind: [] for kind in _KINDS}
    for number, line in enumerate(file.read_bytes().split(b"\n")[:-1], start=1):
        kind, _, content = line.partition(b" ")
        try:
            rows[kind.decode()].append(_KINDS[kind.decode()].model_validate_json(content))
        except (ValidationError, KeyError, UnicodeDecodeError):
            mend = "Put the file back from a backup."
            raise CorruptionError(
                "this line is no feedback and no verdict.", file=file, line=number, mend=mend
            ) from None
    said = tuple(row for row in rows["feedback"] if isinstance(row, Feedback))
    return Queue(said, tuple(row for row in rows["verdict"] if isinstance(row, FeedbackVerdict)))


def append(file: Path, row: Feedback | FeedbackVerdict) -> None:
    """Write a line and wait for the disk.

    Raises:
        BusyError: where somebody else holds the file for too long.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    kind = b"feedback" if isinstance(row, Feedback) else b"verdict"
    turn = Turn(file.with_name(f"{file.name}.lock"))
    try:
        with turn, file.open("ab+") as stream:
            end = stream.seek(0, os.SEEK_END)
            if end:
                stream.seek(end - 1)
                if stream.read(1) != b"\n":
                    # A crash left half a line; whoever wrote it was not told that it stands.
                    stream.seek(0)
                    os.truncate(stream.fileno(), stream.read().rfind(b"\n") + 1)
            stream.write(kind + b" " + canonical_json(row.model_dump(mode="json")) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
    finally:
        turn.close()


def decide(queue: Queue, verdict: FeedbackVerdict) -> FeedbackVerdict:
    """The verdict, if it can be given.

    Raises:
        InputError: where there is no such feedback, or it was decided before.
    """
    queue.named(verdict.feedback)
    before = queue.verdict(verdict.feedback)
    if before is not None:
        raise decided_before(before)
    return verdict


def decided_before(verdict: FeedbackVerdict) -> InputError:
    """What is told to whoever decides a second time."""
    return InputError(f"'{verdict.feedback}' was {verdict.decision} by {verdict.by} before.", mend="It stays so.")


def by_clause(rows: Iterable[Feedback], policies: PolicySet) -> tuple[Waiting, ...]:
    """What waits, by clause; the clause about which most is said first."""
    groups: dict[str, list[Feedback]] = {}
    for row in rows:
        groups.setdefault(row.clause, []).append(row)
    found = (Waiting(name, policies.clause(name), tuple(entries)) for name, entries in groups.items())
    return tuple(sorted(found, key=lambda row: (-len(row.entries), row.name)))
