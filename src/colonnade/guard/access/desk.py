"""The desk where a running service asks before it uses a grant: logged, counted, drawn for review, stopped at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, date, datetime
from threading import Lock, RLock
from typing import NamedTuple

from colonnade.guard.access.capping import Remaining, Tally
from colonnade.guard.access.deciding import GrantIndex
from colonnade.guard.access.drifting import DriftSum, Kind
from colonnade.guard.access.holding import covers, ended_on, tell_of_new, tell_operator, told_holder, would_open
from colonnade.guard.access.uses import UseLog
from colonnade.guard.access.writing import Draw, Side, written_use
from colonnade.records import Cell, Grant, GrantStanding, GrantState, GrantUse, GuardTable, Suspension
from colonnade.statistics.cusum import DRIFT, DriftRule


class Admission(NamedTuple):
    """What the desk says to one use.

    Attributes:
        grant: the grant's id where the use is written down and may go on; empty where not.
        drawn: whether a person is to look at it.
        refusal: why not, as a sentence; empty where it may go on.
        remaining: what is left of the grant's caps after this use; nothing where there was none.
    """

    grant: str
    drawn: bool = False
    refusal: str = ""
    remaining: Remaining | None = None


class Desk:
    """Holds the grants of a running service, and lets none be used unseen.

    Several desks may share one log, each in a process of its own: every use is decided on in a turn
    at the log, with the uses of all of them counted.

    Args:
        table: the compiled policies.
        log: where uses are written; without it none is let through.
        key: the secret behind draws and commitments, 32 bytes that no holder of a grant knows.
        share: of uses below ``recipe`` that people look at.
        suspended: told of every suspension, to write it into the ledger. If it fails the grant stays
            stopped here until the service ends.
        now: the clock. One that is set back revives nothing: the latest moment seen counts, here or in the log.
        drift: what counts as drift from the purpose.
        appeals: whom a holder turns to whose access was stopped.
        past: uses that another log has; those that ``log`` lacks, for instance after a crash, count as well.

    Raises:
        ColonnadeError: where the log cannot be read.
    """

    def __init__(
        self,
        table: GuardTable,
        log: UseLog | None,
        key: bytes,
        share: float,
        suspended: Callable[[Suspension], None],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        drift: DriftRule = DRIFT,
        appeals: str = "",
        past: Iterable[GrantUse] = (),
    ) -> None:
        if len(key) < 32:
            raise ValueError("the key has to be 32 bytes or more")
        self._log: UseLog | None = None
        self._draw, self._suspended = Draw(key, share), suspended
        self._now, self._rule, self._appeals = now, drift, appeals
        self._latest = datetime.min.replace(tzinfo=UTC)
        # What is known here, for moments only: all answers are made in one loop, and it asks here.
        self._lock = RLock()
        # One use after the other; each waits for the disk, and for other processes at the log.
        self._using = Lock()
        self._table = table
        self._active: dict[str, GrantStanding] = {}
        self._index = GrantIndex((), table)
        self._ended: dict[str, tuple[GrantStanding, ...]] = {}
        self._stopped: dict[str, Suspension] = {}
        self._unwritten: dict[str, Suspension] = {}
        self._withheld: dict[str, int] = {}
        self._reading, self._withholding = 0, Lock()
        self._tallies: dict[str, Tally] = {}
        self.count_by(log, past)

    def govern(self, share: float, appeals: str) -> None:
        """Take up another share for review, and whom holders turn to."""
        with self._lock:
            self._draw, self._appeals = self._draw._replace(share=share), appeals

    def count_by(self, log: UseLog | None, past: Iterable[GrantUse] = ()) -> None:
        """Write uses into another log from here on; what was counted before, and what it holds, counts.

        Raises:
            ColonnadeError: where it cannot be read; no grant is used then.
        """
        with self._using:
            with self._lock:
                known, self._tallies, self._log = self._tallies, {}, None
            try:
                if log is not None:
                    with log.turn() as counted:
                        self._count(counted)
                    self._count(sorted(set(past).difference(counted), key=lambda use: use.at))
            finally:
                with self._lock:
                    for name, tally in known.items():
                        self._tallies.setdefault(name, Tally()).joined(tally)
            self._log = log

    def begins_reading(self) -> int:
        """Somebody is about to read where all grants stand: what is withheld from now on, they may not have read of."""
        with self._withholding:
            self._reading += 1
            return self._reading

    def replace(
        self, standings: Iterable[GrantStanding], table: GuardTable | None = None, reading: int | None = None
    ) -> None:
        """Take up where every grant stands now; what is not active can no longer be used.

        What was stopped here stays stopped until a standing shows that the ledger knows of it.

        Args:
            standings: of every grant.
            table: the compiled policies, where they changed.
            reading: of :meth:`begins_reading`, from when these standings were read: what was withheld later
                stays so. Without it they are the newest there are.
        """
        standings = tuple(standings)
        active = {row.grant.id: row for row in standings if row.state is GrantState.ACTIVE}
        ended: dict[str, tuple[GrantStanding, ...]] = {}
        for row in standings:
            if row.state in (GrantState.SUSPENDED, GrantState.REVOKED, GrantState.EXPIRED):
                ended[row.grant.subject] = (*ended.get(row.grant.subject, ()), row)
        tell_of_new(standings, self._active, self._stopped)
        with self._lock:
            # What is no longer active is closed first: the index of many grants takes a while to make.
            self._active, self._ended = active, ended
            with self._withholding:
                since = self._reading + 1 if reading is None else reading
                self._withheld = {name: when for name, when in self._withheld.items() if when >= since}
            for row in standings:
                if row.state is not GrantState.ACTIVE and row.grant.id in self._stopped:
                    del self._stopped[row.grant.id]
                    self._unwritten.pop(row.grant.id, None)
                    self._tallies.setdefault(row.grant.id, Tally()).drift = DriftSum()
        table = table if table is not None else self._table
        index = GrantIndex((row.grant for row in active.values()), table)
        with self._lock:
            self._table, self._index = table, index

    def withhold(self, names: Collection[str], with_others: bool = False) -> None:
        """Let these grants not be used before they are taken up again: something was said of them that may end them.

        Where thousands of grants stand is found out in some tenths of a second, and nobody shall use one meanwhile.

        Args:
            names: of grants; one that is stopped here already needs no more.
            with_others: their subjects' other grants, too, since a suspended one bars those that cover its topics.
        """
        # Without the lock of the desk: whoever has it may wait for the disk, or for another process at the log.
        active = self._active
        # One that is not active yet, too: whoever reads at this moment may be about to make it so.
        found = {name for name in names if name not in self._stopped}
        if with_others:
            subjects = {active[name].grant.subject for name in found if name in active}
            found |= {name for name, row in active.items() if row.grant.subject in subjects}
        with self._withholding:
            self._withheld = self._withheld | dict.fromkeys(found, self._reading)

    def withhold_subjects(self, subjects: Collection[str]) -> None:
        """The same for every grant of these subjects."""
        self.withhold([name for name, row in self._active.items() if row.grant.subject in subjects])

    def close(self) -> None:
        """Let nothing through any more, because it is not known what holds."""
        with self._lock:
            self._active, self._index = {}, GrantIndex((), self._table)

    def holder(self, subject: str, named: str = "") -> Holder:
        """What the guard asks on behalf of a subject; of the one grant that the request names, if it names one."""
        return Holder(self, subject, named)

    def standings_of(self, subject: str) -> tuple[GrantStanding, ...]:
        """The grants that a subject has now."""
        with self._lock:
            return tuple(
                row for name, row in self._active.items() if row.grant.subject == subject and not self._is_held(name)
            )

    def opening(self, subject: str, cell: Cell, today: date, named: str = "") -> Grant | None:
        """The grant that opens a cell for a subject today; nothing where none does or it was stopped.

        What a suspended grant of the subject covered, no other grant of theirs opens, unless people
        signed that one after the suspension.
        """
        if not cell.grantable:
            return None
        # Most who ask have no grant for this: they wait for nobody, and no clock is read.
        found = self._index.openings.get((subject, cell.topic, cell.level, cell.purpose))
        if found is None:
            return None
        with self._lock:
            now = self._moment()
            day = max(today, now.date())
            for grant in found:
                if grant.starts <= day <= grant.until and named in ("", grant.id) and self._holds(grant, cell, now):
                    return grant
        return None

    def active(self, subject: str, named: str) -> Grant | None:
        """The grant with this id, if it is this subject's and holds now."""
        with self._lock:
            standing = self._active.get(named)
            if standing is None or self._is_held(named) or standing.grant.subject != subject:
                return None
            if standing.ends is not None and self._moment() >= standing.ends:
                return None
            return standing.grant

    def use(self, subject: str, cell: Cell, side: Side, text: str, named: str = "") -> Admission:
        """Write a use down and let it through, or say why not. A use more than a cap allows suspends the grant."""
        with self._using:
            grant = self.opening(subject, cell, self._now().date(), named)
            if grant is None:
                return Admission("", refusal="no active grant opens this")
            if self._log is None:
                return Admission("", refusal=f"the grant '{grant.id}' cannot be used where no log is configured")
            try:
                with self._log.turn() as others:
                    self._count(others)
                    admission, breach = self._use(self._log, grant, cell, side, text)
            except Exception as fault:  # whatever the log has met: what is not written down does not happen
                what = f"a use of the grant '{grant.id}' could not be logged ({type(fault).__name__})"
                return Admission("", refusal=what)
        if breach is not None:
            self._write_down(breach)
        return admission

    def _use(self, log: UseLog, grant: Grant, cell: Cell, side: Side, text: str) -> tuple[Admission, Suspension | None]:
        """One use, with nobody else at the log; and the suspension that is to be written down, if it came to one."""
        with self._lock:
            now, tally = self._moment(), self._tallies.setdefault(grant.id, Tally())
            # Seconds may have gone by before it was this one's turn, and people end grants meanwhile.
            if now.date() > grant.until or not self._holds(grant, cell, now):
                return Admission("", refusal="no active grant opens this"), None
            breach = tally.breached(grant.caps, now, cell.level)
            if breach:
                stopped = self._stopped[grant.id] = Suspension(grant=grant.id, cause="cap", what=breach, at=now)
                return Admission("", refusal=f"the grant '{grant.id}' was suspended: {breach}"), stopped
            use = written_use(self._draw, self._active[grant.id], cell, side, text, tally.number, now)
        log.append(use)
        with self._lock:
            self._count((use,))
            return Admission(grant.id, use.drawn, remaining=tally.remaining(grant, now)), None

    def _count(self, uses: Iterable[GrantUse]) -> None:
        """Take note of uses that were let through: here, by another desk, or before this one was started anew."""
        with self._lock:
            for use in uses:
                self._tallies.setdefault(use.grant, Tally()).add(use)
                self._latest = max(self._latest, use.at)

    def _moment(self) -> datetime:
        self._latest = max(self._latest, self._now())
        return self._latest

    def _is_held(self, name: str) -> bool:
        return name in self._stopped or name in self._withheld

    def _holds(self, grant: Grant, cell: Cell, now: datetime) -> bool:
        """Whether an active grant can be used at this moment, its subject's other grants considered."""
        row = self._active.get(grant.id)
        if row is None or self._is_held(grant.id) or (row.ends is not None and now >= row.ends):
            return False
        for name in self._stopped:
            other = self._active.get(name)
            if other is not None and other.grant.subject == grant.subject and covers(other.grant, cell.topic):
                return False
        ended = self._ended.get(grant.subject)
        return ended is None or not any(
            other.state is GrantState.SUSPENDED
            and covers(other.grant, cell.topic)
            and (row.since is None or other.since is None or row.since <= other.since)
            for other in ended
        )

    def notice(self, subject: str, cell: Cell) -> str:
        """What the holder of a grant is told who meets a closed cell that the grant would have opened.

        Their own grant, the one that ended last, since when it cannot be used, and on which kind of
        ground; never who found what, never a number that a monitor counts by. Empty for everybody else.
        """
        if not cell.grantable:
            return ""
        with self._lock:
            for name, suspension in self._stopped.items():
                row = self._active.get(name)
                if row is not None and row.grant.subject == subject and would_open(row.grant, cell):
                    day = suspension.at.date()
                    return told_holder(name, GrantState.SUSPENDED, suspension.cause, day, self._appeals)
            ended = [row for row in self._ended.get(subject, ()) if would_open(row.grant, cell)]
        if not ended:
            return ""
        last = max(ended, key=lambda row: (ended_on(row), row.grant.id))
        return told_holder(last.grant.id, last.state, last.stopped_for, ended_on(last), self._appeals)

    def score(self, grant: str, beside: float, kind: Kind = "use", topic: str = "") -> bool:
        """Take note of evidence that a grant is used beside its purpose; whether this suspended it.

        Args:
            grant: the grant's id.
            beside: 0 for a use on purpose, 1 for one beside it, or for a refused attempt.
            kind: of evidence.
            topic: that it is about.
        """
        with self._lock:
            drift = self._tallies.setdefault(grant, Tally()).drift
            drift.add(beside, kind, topic, self._rule)
            if drift.level < self._rule.limit or grant in self._stopped or grant not in self._active:
                return False
            what = drift.sentence(self._rule.limit)
        self.stop(Suspension(grant=grant, cause="drift", what=what, at=self._now()))
        return True

    def forget_scores(self) -> None:
        """Begin the sums of evidence anew, for somebody who tells all of it again."""
        with self._lock:
            for tally in self._tallies.values():
                tally.drift = DriftSum()

    def stop(self, suspension: Suspension) -> None:
        """Suspend a grant here and now, and have it written into the ledger."""
        with self._lock:
            self._stopped[suspension.grant] = suspension
        self._write_down(suspension)

    def _write_down(self, suspension: Suspension) -> None:
        """With nobody waiting for it: the ledger may be long, and held by somebody else."""
        tell_operator(suspension.grant, suspension.cause)
        try:
            self._suspended(suspension)
        except Exception:  # the disk may be full; the grant stays stopped here all the same
            with self._lock:
                self._unwritten[suspension.grant] = suspension

    def write_again(self) -> None:
        """Have those suspensions written that could not be written yet, or a new start would not know of them.

        Raises:
            Exception: whatever the ledger still meets; what is left is tried again at the next call.
        """
        for suspension in tuple(self._unwritten.values()):
            self._suspended(suspension)
            with self._lock:
                self._unwritten.pop(suspension.grant, None)


class Holder:
    """Somebody with a grant, as the guard sees them.

    Attributes:
        subject: who asks.
        named: the grant that the request names; empty for whichever opens the case.
        remaining: what is left of the caps of each grant that was used for this request, by its id.
    """

    def __init__(self, desk: Desk, subject: str, named: str = "") -> None:
        self._desk, self.subject, self.named = desk, subject, named
        self.remaining: dict[str, Remaining] = {}

    def opens(self, cell: Cell, today: date) -> str:
        """The id of the grant that opens a closed cell today; empty where none does."""
        found = self._desk.opening(self.subject, cell, today, self.named)
        return found.id if found is not None else ""

    def notice(self, cell: Cell) -> str:
        """What the holder is told where a grant of theirs would have opened a closed cell, had it not ended."""
        return self._desk.notice(self.subject, cell)

    def use(self, cell: Cell, side: Side, text: str) -> Admission:
        """Ask the desk for one use."""
        admission = self._desk.use(self.subject, cell, side, text, self.named)
        if admission.remaining is not None:
            self.remaining[admission.grant] = admission.remaining
        elif not admission.grant:
            self.remaining.clear()  # what was left before is no matter of an answer that is refused
        return admission
