"""What the ledger says about grants: read once, and from then on only what is new in it."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from colonnade.guard.access.alerting import alert_subject, suspensions_by_alert
from colonnade.guard.access.grants import (
    GrantEvent,
    belongs,
    bound_content,
    boundaries_under,
    standing_elsewhere,
    standing_of_grant,
)
from colonnade.guard.configuration import AccessSettings
from colonnade.records import (
    Alert,
    Appeal,
    BusyError,
    CorruptionError,
    Digest,
    Entry,
    Grant,
    GrantStanding,
    InputError,
    People,
    PolicySet,
    Record,
    SignedStatement,
    Statement,
    Suspension,
    canonical_json,
)
from colonnade.store import HOME, Ledger, Objects, Store
from colonnade.store.statements import STATED, verifies
from colonnade.store.store import LEDGER, OBJECTS

ASKED, SUSPENDED, APPEALED, ALERTED = "grant", "suspension", "appeal", "alert"
"""The acts under which the ledger names a grant that was asked for, a suspension, an appeal and an alert."""

SET_DOWN = "suspensions.jsonl"
ALERTS_SET_DOWN = "alerts.jsonl"
"""Files beside the ledger, for what cannot wait until a run lets go of the workspace."""

PATIENCE = 10.0
"""Seconds for which a signature waits for a command that holds the workspace."""


class Book(NamedTuple):
    """Everything that the ledger says about grants, oldest first; signatures verified.

    Attributes:
        events: statements and suspensions, in one order.
        alerts: patterns that were found, each once.
        newest: when the ledger's newest entry was written, if it has one.
    """

    grants: tuple[Grant, ...]
    events: tuple[GrantEvent, ...]
    appeals: tuple[Appeal, ...]
    alerts: tuple[Alert, ...] = ()
    newest: datetime | None = None

    def not_before(self, at: datetime) -> datetime:
        """A moment, and never one before the ledger's newest entry: a clock that is set back revives nothing."""
        return at if self.newest is None else max(at, self.newest)

    def grant(self, name: str) -> Grant:
        """The grant with this id.

        Raises:
            InputError: where there is none.
        """
        for grant in self.grants:
            if grant.id == name:
                return grant
        known = ", ".join(grant.id for grant in self.grants) or "none"
        raise InputError(f"there is no grant '{name}'.", mend=f"The grants are {known}.")

    def alert(self, name: str) -> Alert:
        """The alert with this id.

        Raises:
            InputError: where there is none.
        """
        for alert in self.alerts:
            if alert.id == name:
                return alert
        raise InputError(f"there is no alert '{name}'.", mend="'colonnade access alerts' lists them.")


class BookReader:
    """Reads the book of a workspace again and again, and each time only what is new in it.

    What was read before is held against its hash, so that no old line is changed unseen; where it
    differs, everything is read and checked anew. Signatures are verified once: whether a signature
    is one of its statement depends on nothing else, and whose key it is is asked each time.

    Args:
        folder: the workspace; nothing is made or changed in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._told: _Told | None = None
        home = (folder / HOME).absolute()
        self._ledger, self._objects = Ledger(home / LEDGER), Objects(str(home / OBJECTS))
        self._forget()

    def book(self, people: People | None) -> Book:
        """What the ledger says now, and what was set down beside it; raises as :func:`read_book`."""
        try:
            self._read_on()
        except Exception:
            self._forget()
            raise
        suspensions, alerts = _suspensions_set_down(self.folder), _alerts_set_down(self.folder)
        made_of = self._hash.digest(), people, suspensions, alerts
        # Where only a policy was edited nothing is new, and who holds the last book knows it by its identity.
        if self._told is None or self._told.made_of != made_of:
            written = (row for row in self._noted if isinstance(row, Alert))
            book = Book(
                tuple(row for row in self._noted if isinstance(row, Grant)),
                _in_time(self._events(people), suspensions),
                tuple(row for row in self._noted if isinstance(row, Appeal)),
                tuple(dict.fromkeys((*written, *alerts))),
                self._last.at if self._last is not None else None,
            )
            self._told = _Told(made_of, book)
        return self._told.book

    def _events(self, people: People | None) -> list[GrantEvent]:
        """Statements that count by the keys that people have now, and suspensions."""
        events: list[GrantEvent] = []
        for row in self._noted:
            if isinstance(row, Suspension):
                events.append(row)
            elif isinstance(row, Signed) and people is not None and row.genuine:
                person = people.person(row.signed.statement.person)
                if person is not None and person.key == row.signed.key:
                    events.append(row.signed.statement)
        return events

    def _forget(self) -> None:
        self._length, self._hash = 0, hashlib.sha256()
        self._last: Entry | None = None
        self._told = None
        self._said: set[tuple[Statement, str]] = set()
        self._noted: list[Grant | Suspension | Appeal | Alert | Signed] = []

    def _read_on(self) -> None:
        content = self._ledger.file.read_bytes() if self._ledger.file.exists() else b""
        whole = content.rfind(b"\n") + 1
        if self._length and hashlib.sha256(content[: self._length]).digest() != self._hash.digest():
            self._forget()
        new = content[self._length : whole]
        for entry in self._ledger.entries_after(self._last, new):
            if entry.act in (ASKED, SUSPENDED, APPEALED, ALERTED, STATED):
                self._noted += (row for row in self._named_by(entry) if self._is_new(row))
            self._last = entry
        self._hash.update(new)
        self._length = whole

    def _is_new(self, row: Grant | Suspension | Appeal | Alert | Signed) -> bool:
        """A statement is said once: an old approval that is copied to the end must not undo what was said since."""
        before = len(self._said)
        if isinstance(row, Signed) and row.genuine:
            self._said.add((row.signed.statement, row.signed.key))
            return len(self._said) > before
        return True

    def _named_by(self, entry: Entry) -> list[Grant | Suspension | Appeal | Alert | Signed]:
        try:
            return [read_line(entry.act, line) for line in self._objects.get(entry.subject).splitlines()]
        except ValidationError:
            what = f"ledger entry {entry.sequence} names {entry.subject}, which is no {entry.act}."
            raise CorruptionError(what, mend="Put the store back from a backup.") from None


class _Told(NamedTuple):
    """A book, and all that it was made of."""

    made_of: tuple[object, ...]
    book: Book


class Signed(NamedTuple):
    """A signed statement, and whether its signature is one of it."""

    signed: SignedStatement
    genuine: bool


def read_line(act: str, line: bytes) -> Grant | Suspension | Appeal | Alert | Signed:
    """What one line of an artefact says that the ledger names under this act.

    Raises:
        ValidationError: where it is none of that kind.
    """
    if act == ASKED:
        return Grant.model_validate_json(line)
    if act == SUSPENDED:
        return Suspension.model_validate_json(line)
    if act == APPEALED:
        return Appeal.model_validate_json(line)
    if act == ALERTED:
        return Alert.model_validate_json(line)
    signed = SignedStatement.model_validate_json(line)
    return Signed(signed, verifies(signed))


def read_book(folder: Path, people: People | None) -> Book:
    """What the ledger says about grants; nothing is made or changed.

    Raises:
        CorruptionError: where the ledger or something that it names is broken.
    """
    return BookReader(folder).book(people)


class _Stood(NamedTuple):
    """Where a grant stood, and all that this followed from besides people, settings and policies."""

    grant: Grant
    events: list[GrantEvent]
    day: date
    standing: GrantStanding
    boundaries: bytes


class Standings:
    """Where all grants of a workspace stand; only those that something new was said of are worked out again.

    Args:
        policies: as they are in force.
        launch: whose they are; a grant that was asked for under another one holds nowhere here.

    Attributes:
        moved: grants that stood under other boundaries before; see :meth:`under`.
    """

    def __init__(self, policies: PolicySet, launch: str) -> None:
        self._launch = launch
        self.moved: frozenset[str] = frozenset()
        self._active = policies.active
        self._rules: tuple[People | None, AccessSettings | None] = (None, None)
        self._stood: dict[str, _Stood] = {}
        self._replaced: list[_Stood] = []
        self._said: tuple[Book, dict[str, list[GrantEvent]]] | None = None
        self._digests: dict[str, tuple[Grant, Digest]] = {}
        self._boundaries: dict[tuple[str, ...], bytes] = {}

    def under(self, policies: PolicySet) -> Standings:
        """The same under other policies: only grants whose boundaries moved will be worked out again."""
        found = Standings(policies, self._launch)
        found._rules, found._said, found._digests = self._rules, self._said, self._digests
        for name, row in self._stood.items():
            if found._boundaries_of(row.grant) == self._boundaries[row.grant.topics]:
                found._stood[name] = row
        found.moved = frozenset(self._stood.keys() - found._stood.keys())
        # An edit that is taken back leads to what stood before it.
        for row in self._replaced:
            if row.grant.id in found.moved and row.boundaries == found._boundaries_of(row.grant):
                found._stood[row.grant.id] = row
        found._replaced = [self._stood[name] for name in found.moved] or self._replaced
        return found

    def of(
        self, book: Book, people: People | None, settings: AccessSettings | None, at: datetime
    ) -> tuple[GrantStanding, ...]:
        """At a moment, in the order in which they were asked for."""
        if self._rules != (people, settings):
            self._rules, self._stood, self._replaced, self._said = (people, settings), {}, [], None
        if self._said is None or self._said[0] is not book:
            self._said = book, events_by_grant(book, people, settings)
        events, day = self._said[1], at.astimezone(UTC).date()
        return tuple(self._of_one(grant, events.get(grant.id, []), day, at) for grant in book.grants)

    def _of_one(self, grant: Grant, events: list[GrantEvent], day: date, at: datetime) -> GrantStanding:
        known = self._stood.get(grant.id)
        if known is not None and known[:3] == (grant, events, day) and not grant.breaks_glass:
            return known.standing
        people, settings = self._rules
        content = bound_content(self._digest_of(grant), self._boundaries_of(grant))
        if belongs(grant, self._launch):
            found = standing_of_grant(grant, content, events, people, settings, day, at)
        else:
            found = standing_elsewhere(grant, content)
        self._stood[grant.id] = _Stood(grant, events, day, found, self._boundaries_of(grant))
        return found

    def _boundaries_of(self, grant: Grant) -> bytes:
        if grant.topics not in self._boundaries:
            self._boundaries[grant.topics] = canonical_json(boundaries_under(grant, self._active))
        return self._boundaries[grant.topics]

    def _digest_of(self, grant: Grant) -> Digest:
        """Found once for each grant, and held against the very grant that it is of."""
        known = self._digests.get(grant.id)
        if known is None or (known[0] is not grant and known[0] != grant):
            known = self._digests[grant.id] = (grant, grant.digest)
        return known[1]


def events_by_grant(
    book: Book, people: People | None, settings: AccessSettings | None
) -> defaultdict[str, list[GrantEvent]]:
    """What was said of each grant, and what upheld alerts did to it, in the order of the ledger."""
    alerts = {alert_subject(alert.id): alert for alert in book.alerts}
    subjects: dict[str, list[Grant]] = {}
    for grant in book.grants:
        subjects.setdefault(grant.subject, []).append(grant)
    found: defaultdict[str, list[GrantEvent]] = defaultdict(list)
    for event in book.events:
        if isinstance(event, Suspension):
            found[event.grant].append(event)
        elif event.subject in alerts:
            alert = alerts[event.subject]
            concerned = [grant for subject in alert.subjects for grant in subjects.get(subject, ())]
            for suspension in suspensions_by_alert(event, alert, concerned, people, settings):
                found[suspension.grant].append(suspension)
        elif event.subject.startswith("grant:"):
            found[event.subject.removeprefix("grant:").partition("/")[0]].append(event)
    return found


def set_down(folder: Path, act: str, record: Suspension | Alert, patience: float = 1.0) -> None:
    """Write down what the service found: in the ledger, or beside it while a run holds the workspace.

    A run may take hours, and a service may be restarted meanwhile; a suspension has to outlast both.
    """
    try:
        append_record(folder, act, record, "guard", patience)
    except BusyError:
        with (folder / HOME / _beside(act)).open("ab") as stream:
            stream.write(canonical_json(record.model_dump(mode="json")) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())


def append_record(folder: Path, act: str, record: Record, actor: str, patience: float = PATIENCE) -> None:
    """Write a record to the heap and the ledger.

    Raises:
        BusyError: where somebody holds the workspace for longer than ``patience`` seconds.
    """
    store = Store(folder)
    try:
        with store.held(patience):
            store.ledger.append(act, store.put_records([record]), actor)
    finally:
        store.close()


def _beside(act: str) -> str:
    return ALERTS_SET_DOWN if act == ALERTED else SET_DOWN


def _suspensions_set_down(folder: Path) -> tuple[Suspension, ...]:
    """Suspensions that were written beside the ledger."""
    try:
        return tuple(map(Suspension.model_validate_json, _lines_set_down(folder / HOME / SET_DOWN)))
    except ValidationError:
        raise _no_record(folder / HOME / SET_DOWN, "suspension") from None


def _alerts_set_down(folder: Path) -> tuple[Alert, ...]:
    try:
        return tuple(map(Alert.model_validate_json, _lines_set_down(folder / HOME / ALERTS_SET_DOWN)))
    except ValidationError:
        raise _no_record(folder / HOME / ALERTS_SET_DOWN, "alert") from None


def _lines_set_down(file: Path) -> Sequence[bytes]:
    return file.read_bytes().split(b"\n")[:-1] if file.exists() else ()


def _no_record(file: Path, kind: str) -> CorruptionError:
    mend = "Put the file back from a backup."
    return CorruptionError(f"this file holds something that is no {kind}.", file=file, mend=mend)


def _in_time(events: list[GrantEvent], suspensions: Iterable[Suspension]) -> tuple[GrantEvent, ...]:
    """What could not wait for the ledger takes its place in time among what the ledger says."""
    for suspension in suspensions:
        place = next((number for number, event in enumerate(events) if event.at > suspension.at), len(events))
        events.insert(place, suspension)
    return tuple(events)
