"""The monitor of specialised access: what nobody sees in one request, watched in a thread of its own.

Every process writes what it saw into one file. One of them, whichever holds the lock, reads what
all wrote: it sums the evidence of drift, looks for patterns and raises alerts. When it ends, another
takes over and begins with the first row of the file.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from types import MappingProxyType
from typing import NamedTuple

from colonnade.guard.access.desk import Desk
from colonnade.guard.access.drifting import Attempts, evidence_of, still_counting
from colonnade.guard.access.indexing import CREEP_WINDOW, Creep, Parts, Question, Repeats
from colonnade.guard.access.patterns import WINDOW, seen
from colonnade.guard.access.purposes import PurposeReader
from colonnade.guard.access.sightings import Sighting, SightingFile
from colonnade.guard.observing import Finished
from colonnade.records import Alert

logger = logging.getLogger("colonnade.access")

PAUSE = 0.5
"""Seconds between two looks at what came in."""

MOST_WAITING = 10_000
"""Requests that wait for the monitor's thread at most; what comes beyond is dropped, and counted."""

_AT_ONCE = 256
_IN_A_ROW, _BREATH = 32, 0.002
"""Rows that are looked at without a break, and the seconds of the break."""

_CHARACTERS = 4_000
"""Of the beginning and of the end of a text that are watched: a megabyte must not hold the monitor up."""

_KEPT = max(WINDOW, CREEP_WINDOW)
_TIDY = timedelta(hours=1)


class Known(NamedTuple):
    """What the monitor knows of the policies.

    Attributes:
        questions: what must not be asked: violating examples.
        weights: of :func:`patterns.word_weights`, from ordinary texts.
        reader: of purposes; none where there is no encoder.
    """

    questions: tuple[Question, ...] = ()
    weights: Mapping[int, float] = MappingProxyType({})
    reader: PurposeReader | None = None


class MonitorState(NamedTuple):
    """How the monitor keeps up; counts since the process began, and nobody's name.

    Attributes:
        waiting: requests that it has not looked at yet.
        dropped: requests that it has not watched and never will.
        faults: times that something failed in its thread.
        unread: uses of grants for a purpose that nobody can tell.
        leads: whether this process looks for patterns in what all of them saw.
    """

    waiting: int
    dropped: int
    faults: int
    unread: int
    leads: bool


class AccessMonitor:
    """Watches a running service; an observer in the sense of :mod:`colonnade.guard.observing`.

    Args:
        desk: suspends a grant where use drifts.
        file: where processes put down what they saw.
        lock: a file; the process that holds it looks for patterns.
        key: the secret under which words are hashed.
        known: makes what is to be known of the policies, as for :meth:`learn`.
        alerted: told of every new alert, to write it down.
        now: the clock.

    Attributes:
        dropped: requests that were not watched, because too many waited or they could not be written.
        faults: times that something failed in the thread; the newest is logged.
        unread: uses for a purpose that nobody can tell, by the purpose.
    """

    def __init__(
        self,
        desk: Desk,
        file: SightingFile,
        lock: Path,
        key: bytes,
        known: Callable[[], Known],
        alerted: Callable[[Alert], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._desk, self._file, self._key = desk, file, key
        self._known = Known()
        self._to_learn: Callable[[], Known] | None = known
        self._alerted, self._now = alerted, now
        self._told: list[Alert] = []
        self._telling = Lock()
        self._waiting: deque[Finished] = deque()
        self._raised: deque[Alert] = deque()
        self._lock_file, self._handle = lock, -1
        self._looking = Lock()
        self._end = Event()
        self._thread: Thread | None = None
        self.dropped, self.faults, self._named = 0, 0, 0
        self.unread: dict[str, int] = {}
        self._silent: dict[str, str] = {}
        self._begin()

    @property
    def leads(self) -> bool:
        """Whether this process is the one that looks for patterns."""
        return self._handle >= 0

    def state(self) -> MonitorState:
        """How it keeps up; asked from any thread."""
        return MonitorState(len(self._waiting), self.dropped, self.faults, sum(tuple(self.unread.values())), self.leads)

    def finished(self, row: Finished) -> None:
        """Take note of a request; cheap, and never in the way of an answer."""
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
        else:
            self._waiting.append(row)

    def learn(self, known: Callable[[], Known]) -> None:
        """Go on with other policies from the next look on; what is in the file is looked at anew.

        Args:
            known: makes what is to be known; called in the monitor's thread, since to encode examples takes long.
        """
        self._to_learn = known

    def know(self, alerts: Iterable[Alert]) -> None:
        """Take note of alerts that are written down already, by whomever."""
        with self._telling:
            self._told += [alert for alert in alerts if alert not in self._told]

    def start(self) -> None:
        """Look from here on, in a thread of its own."""
        if self._thread is None:
            self._end.clear()
            self._thread = Thread(target=self._keep_looking, name="colonnade-access-monitor", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Write down what waits, and let another process lead."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.look()
        with self._looking:
            if self._handle >= 0:
                os.close(self._handle)
                self._handle = -1

    def look(self) -> None:
        """Write down what came in; where this process leads, look at what all of them wrote."""
        with self._looking:
            self._try(self._learn, 0)
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
                self._try(partial(self._write, batch), len(batch))
            if self.dropped > self._named:
                logger.error("%d requests were not watched by the monitor of access", self.dropped - self._named)
                self._named = self.dropped
            self._try(self._desk.write_again, 0)
            if self._leading():
                self._try(self._read, 0)
                self._try(self._raise, 0)

    def _keep_looking(self) -> None:
        while not self._end.wait(PAUSE):
            self.look()

    def _try(self, what: Callable[[], None], rows: int) -> None:
        try:
            what()
        except Exception as fault:  # a monitor that fails must not end its thread; what it missed is counted
            self.faults += 1
            self.dropped += rows
            logger.error("the monitor of access failed: %s: %s", type(fault).__name__, fault)

    def _learn(self) -> None:
        make = self._to_learn
        if make is not None:
            self._known = make()
            self._begin()
            was, self._silent = self._silent, self._known.reader.silent if self._known.reader is not None else {}
            for name, why in sorted(self._silent.items() - was.items()):
                logger.warning("uses for '%s' are not read for their purpose: %s", name, why)
            if self._to_learn is make:
                self._to_learn = None

    def _begin(self) -> None:
        self._repeats, self._creep, self._attempts = Repeats(), Creep(), Attempts()
        self._parts = Parts(self._known.questions, self._known.weights)
        self._file.start_over()
        self._desk.forget_scores()
        self._tidied = self._now()

    def _leading(self) -> bool:
        if self._handle >= 0:
            return True
        handle = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        self._handle = handle
        self._begin()
        return True

    def _write(self, rows: Sequence[Finished]) -> None:
        beside = self._beside(rows)
        self._file.add(self._sighting(row, score) for row, score in zip(rows, beside, strict=True))

    def _beside(self, rows: Sequence[Finished]) -> list[float | None]:
        """How far each use of a grant lies beside its purpose; none for what is no use, or cannot be told."""
        uses = [place for place, row in enumerate(rows) if row.request.action == "allow" and row.request.grant]
        found: list[float | None] = [None] * len(rows)
        reader = self._known.reader
        scores: Sequence[float | None] = [None] * len(uses)
        if reader is not None and uses:
            try:
                scores = reader.beside([(rows[place].purpose, rows[place].text) for place in uses])
            except Exception as fault:  # the rest of what is known of these requests is kept all the same
                self.faults += 1
                logger.error("the purposes of %d uses could not be read: %s", len(uses), type(fault).__name__)
        for place, score in zip(uses, scores, strict=True):
            found[place] = score
            if score is None:
                self.unread[rows[place].purpose] = self.unread.get(rows[place].purpose, 0) + 1
        return found

    def _sighting(self, row: Finished, beside: float | None) -> Sighting:
        grants = [standing.grant for standing in self._desk.standings_of(row.principal)]
        ruling = row.request
        return Sighting(
            row.id,
            seen(row.principal, row.at, _cut(row.text), self._key),
            ruling.topic or "",
            ruling.level,
            ruling.action != "allow" and ruling.topic is not None,
            evidence_of(ruling, grants, beside),
        )

    def _read(self) -> None:
        for number, row in enumerate(self._file.news(), start=1):
            self._take_in(row)
            # A whole file takes a while after a start; whoever answers requests goes first meanwhile.
            if number % _IN_A_ROW == 0 and self._end.wait(_BREATH):
                return
        now = self._now()
        if now - self._tidied >= _TIDY:
            self._tidied = now
            self._repeats.forget(now - WINDOW)
            self._parts.forget(now - WINDOW)
            self._creep.forget(now - CREEP_WINDOW)
            for row in self._file.shorten(now - _KEPT):
                self._take_in(row)

    def _take_in(self, row: Sighting) -> None:
        self._drift(row)
        found = [self._repeats.add(row), self._creep.add(row), *self._parts.add(row)]
        for alert in found:
            if alert is not None and not self._is_told(alert):
                self.know([alert])
                self._raised.append(alert)

    def _raise(self) -> None:
        """Have new alerts written down; one that cannot be is tried again at the next look."""
        while self._raised:
            self._alerted(self._raised[0])
            self._raised.popleft()

    def _drift(self, row: Sighting) -> None:
        if not row.evidence:
            return
        subject, at = row.seen.subject, row.seen.at
        if row.refused and not self._attempts.fresh(subject, row.topic, at):
            return
        standings = {standing.grant.id: standing for standing in self._desk.standings_of(subject)}
        for part in still_counting(row.evidence, at, standings):
            self._desk.score(part.grant, part.beside, part.kind, row.topic)

    def _is_told(self, alert: Alert) -> bool:
        """Whether people know of it: one of the same kind shares a request with it and lacks none of the subjects."""
        with self._telling:
            told = tuple(self._told)
        return any(
            (known.kind, known.clause) == (alert.kind, alert.clause)
            and set(known.subjects) >= set(alert.subjects)
            and not set(known.rows).isdisjoint(alert.rows)
            for known in told
        )


def _cut(text: str) -> str:
    return text if len(text) <= 2 * _CHARACTERS else f"{text[:_CHARACTERS]} {text[-_CHARACTERS:]}"
