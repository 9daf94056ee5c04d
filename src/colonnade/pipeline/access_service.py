"""The desk of a running service: grants taken from the ledger, and taken up anew within a second of a change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from colonnade.guard import compile_table, read_guard_configuration
from colonnade.guard.access import Desk, Watch
from colonnade.guard.access.alerting import alert_subject
from colonnade.guard.access.indexing import Question
from colonnade.guard.access.monitoring import AccessMonitor, Known, MonitorState
from colonnade.guard.access.patterns import seen, word_weights
from colonnade.guard.access.purposes import PurposeReader
from colonnade.guard.access.sightings import SightingFile
from colonnade.guard.access.uses import UseRecord
from colonnade.guard.access.watching import Mark, marks
from colonnade.guard.observing import Finished
from colonnade.models import Encoder
from colonnade.pipeline.access import access_key, access_settings, counting_file, now, use_log, uses_of
from colonnade.pipeline.access_book import (
    ALERTED,
    SUSPENDED,
    BookReader,
    Standings,
    set_down,
)
from colonnade.pipeline.access_stops import Stops
from colonnade.pipeline.workspace import READ, Rereader, Workspace
from colonnade.records import Alert, GuardTable
from colonnade.store import HOME

_SHARE = 0.1

SOON = 0.05
"""Seconds between two looks for what may end a grant; such a look reads nothing but what is new."""

SIGHTINGS, MONITOR_LOCK = "sightings.jsonl", "monitor.lock"
"""Files of the monitor below ``.colonnade``: what it keeps, and who leads."""


class AccessService:
    """A desk, and the watchers that keep it to what the ledger, the policies and ``guard.yaml`` say; an observer.

    Whatever cannot be read closes the desk until it can be read again.

    Args:
        workspace: as it was opened.
        record: where uses are written besides the file that they are counted by; the service's own log.
        encoder: makes what reads the purposes of uses; without one nobody does.
        rereader: opens the workspace again; that of a service which does so, too.

    Attributes:
        desk: where a guard asks.
        monitor: told of every finished request; none while ``guard.yaml`` has no ``access``.
    """

    def __init__(
        self,
        workspace: Workspace,
        record: UseRecord | None = None,
        encoder: Callable[[], Encoder] | None = None,
        rereader: Rereader | None = None,
    ) -> None:
        settings = access_settings(workspace)
        folder = workspace.folder
        self._workspace, self._rereader = workspace, rereader or Rereader(folder)
        self._files: tuple[Mark, ...] = marks([folder / name for name in READ])
        self._day = _today()
        self._table = _compiled(workspace, self._day)
        self._book, self._standings = BookReader(folder), Standings(workspace.policies, workspace.launch.name)
        self._alerts: dict[str, Alert] = {}
        self._record, self._counted = record, _counted_by(workspace)
        self.desk = Desk(
            self._table,
            use_log(workspace, record),
            access_key(folder),
            settings.review_share if settings is not None else _SHARE,
            lambda suspension: set_down(folder, SUSPENDED, suspension),
            appeals=settings.appeals if settings is not None else "",
            past=uses_of(workspace),
        )
        self._key, self._encoder = access_key(folder), encoder
        self._started = False
        self.monitor = self._new_monitor() if settings is not None else None
        self.stops = Stops(folder, self.desk, lambda: self._alerts)
        self.watch = Watch(
            [*self.stops.places, *(folder / name for name in READ)],
            self._take_up,
            lambda _: self.desk.close(),
            moment=_today,
        )
        self._first = Watch(self.stops.places, self.stops.look, self._close, SOON)

    def start(self) -> None:
        """Take up the grants, and keep looking in a thread of its own."""
        self.watch.start()
        self._first.start()
        self._started = True
        if self.monitor is not None:
            self.monitor.start()

    def stop(self) -> None:
        """End the threads."""
        self._first.stop()
        self.watch.stop()
        if self.monitor is not None:
            self.monitor.stop()

    def finished(self, row: Finished) -> None:
        """As an observer: the monitor is told of a request, while there is one."""
        monitor = self.monitor
        if monitor is not None:
            monitor.finished(row)

    def state(self) -> MonitorState | None:
        """How the monitor keeps up, while there is one."""
        monitor = self.monitor
        return monitor.state() if monitor is not None else None

    def _new_monitor(self) -> AccessMonitor:
        folder = self._workspace.folder
        return AccessMonitor(
            self.desk,
            SightingFile(folder / HOME / SIGHTINGS),
            folder / HOME / MONITOR_LOCK,
            self._key,
            self._known(self._workspace),
            lambda alert: set_down(folder, ALERTED, alert),
        )

    def _known(self, workspace: Workspace) -> Callable[[], Known]:
        return lambda: known_of(workspace, self._key, self._encoder)

    def _close(self, _: Exception) -> None:
        """Something that may end a grant was not heard; whoever reads everything opens the desk again."""
        self.desk.close()
        self.watch.look_again()

    def _take_settings(self) -> None:
        """What ``guard.yaml`` says of access besides who decides; the monitor begins and ends with it."""
        workspace, settings = self._workspace, access_settings(self._workspace)
        if settings is not None:
            self.desk.govern(settings.review_share, settings.appeals)
        counted = _counted_by(workspace)
        if counted != self._counted:
            self.desk.count_by(use_log(workspace, self._record), uses_of(workspace))
            self._counted = counted
        if settings is not None and self.monitor is None:
            self.monitor = self._new_monitor()
            if self._started:
                self.monitor.start()
        elif settings is None and self.monitor is not None:
            ended, self.monitor = self.monitor, None
            ended.stop()
        elif self.monitor is not None:
            self.monitor.learn(self._known(workspace))

    def _take_up(self) -> None:
        """Read the ledger; and the policies only where one of their files changed, since that takes longer."""
        files, today = marks([self._workspace.folder / name for name in READ]), _today()
        if files != self._files:
            self._workspace = self._rereader.workspace()
            self._standings = self._standings.under(self._workspace.policies)
            self.desk.withhold(self._standings.moved)
            self._take_settings()
        if files != self._files or today != self._day:
            self._table = _compiled(self._workspace, today)
            self._files, self._day = files, today
        people, settings = self._workspace.people, access_settings(self._workspace)
        self.stops.look()
        reading = self.desk.begins_reading()
        book = self._book.book(people)
        self._alerts = {alert_subject(alert.id): alert for alert in book.alerts}
        self.desk.replace(self._standings.of(book, people, settings, book.not_before(now())), self._table, reading)
        if self.monitor is not None:
            self.monitor.know(book.alerts)


def _counted_by(workspace: Workspace) -> tuple[Path | None, bool]:
    """The file that uses are counted by, and whether somebody named it."""
    settings = read_guard_configuration(workspace.folder / "guard.yaml").access
    return counting_file(workspace), settings is not None and bool(settings.log)


def known_of(workspace: Workspace, key: bytes, encoder: Callable[[], Encoder] | None) -> Known:
    """What a monitor knows of the policies: what must not be asked, ordinary words, and purposes."""
    clauses = workspace.policies.active
    asked = datetime(2000, 1, 1, tzinfo=UTC)  # when a question was written matters to nobody
    questions = tuple(
        Question(clause.id, seen("", asked, example.prompt, key))
        for clause in clauses
        if clause.ceiling is not None
        for example in clause.examples
        if example.label == "violating"
    )
    ordinary = (row.prompt for clause in clauses for row in clause.examples if row.label != "violating")
    described = read_guard_configuration(workspace.folder / "guard.yaml").described
    reader = PurposeReader(described, encoder()) if encoder is not None else None
    return Known(questions, word_weights(ordinary, key), reader)


def _today() -> date:
    return datetime.now(UTC).date()


def _compiled(workspace: Workspace, today: date) -> GuardTable:
    configuration = read_guard_configuration(workspace.folder / "guard.yaml")
    return compile_table(workspace.policies.active, configuration, workspace.launch.regions[0], today)
