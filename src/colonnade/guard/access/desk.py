"""The desk where a running service asks before it uses a grant: logged, counted, drawn for review, stopped at once."""

from __future__ import annotations

import hashlib
import hmac
from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from threading import RLock
from typing import Literal, NamedTuple

from colonnade.guard.access.deciding import GrantIndex
from colonnade.guard.access.uses import UseLog
from colonnade.records import (
    Cell,
    Digest,
    Grant,
    GrantStanding,
    GrantState,
    GrantUse,
    GuardTable,
    Level,
    RateCaps,
    Suspension,
)
from colonnade.statistics.cusum import DRIFT, DriftRule, climb

Side = Literal["request", "reply"]
SPECIFIC = (Level.ACTIONABLE, Level.RECIPE)
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


class Admission(NamedTuple):
    """What the desk says to one use.

    Attributes:
        grant: the grant's id where the use is written down and may go on; empty where not.
        drawn: whether a person is to look at it.
        refusal: why not, as a sentence; empty where it may go on.
    """

    grant: str
    drawn: bool = False
    refusal: str = ""


def drawn_for_review(key: bytes, content: Digest, number: int, level: Level, share: float) -> bool:
    """Whether a person looks at a use: all at ``recipe``, else this share by the lot of a keyed hash.

    Whoever has the key can repeat the draw; whoever has not cannot tell beforehand which of their
    uses are looked at.

    Args:
        key: the secret of the service.
        content: the grant as it was approved.
        number: the place of the use among those of the grant.
        level: how specific the use is.
        share: of all uses below ``recipe``.
    """
    if level is Level.RECIPE:
        return True
    lot = hmac.new(key, f"{content}\n{number}".encode(), hashlib.sha256).digest()
    return int.from_bytes(lot[:8], "big") < share * 2**64


def breached_cap(caps: RateCaps, uses: Iterable[tuple[datetime, Level]], now: datetime, level: Level) -> str:
    """Which cap one more use would breach, with its numbers; empty where none.

    Args:
        caps: of the grant.
        uses: time and level of those before, oldest first.
        now: when the next one would be.
        level: how specific it would be.
    """
    rows = [(at, how) for at, how in uses if at > now - _DAY]
    minute = sum(at > now - _MINUTE for at, _ in rows) + 1
    specific = sum(how in SPECIFIC for _, how in rows) + (level in SPECIFIC)
    for count, cap, words in (
        (minute, caps.per_minute, "within a minute"),
        (len(rows) + 1, caps.per_day, "within a day"),
        (specific, caps.specific_per_day, "at actionable or recipe within a day"),
    ):
        if count > cap:
            return f"use {count} {words}, and the grant has {cap}"
    return ""


class _Tally:
    """What was made of one grant so far."""

    def __init__(self) -> None:
        self.number = 0
        self.recent: list[tuple[datetime, Level]] = []
        self.drift = 0.0

    def add(self, use: GrantUse) -> None:
        self.number = max(self.number, use.number + 1)
        self.recent.append((use.at, use.level))
        if len(self.recent) % 64 == 0:
            del self.recent[: bisect_right([at for at, _ in self.recent], use.at - _DAY)]


class Desk:
    """Holds the grants of a running service, and lets none be used unseen.

    Args:
        table: the compiled policies.
        log: where uses are written; without it none is let through.
        key: the secret behind draws and commitments, 32 bytes that no holder of a grant knows.
        share: of uses below ``recipe`` that people look at.
        suspended: told of every suspension, to write it into the ledger. If it fails the grant stays
            stopped here until the service ends.
        now: the clock.
        drift: what counts as drift from the purpose.
        past: uses of earlier days or processes, so that a restart forgets no count.
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
        past: Iterable[GrantUse] = (),
    ) -> None:
        if len(key) < 32:
            raise ValueError("the key has to be 32 bytes or more")
        self._log, self._key, self._share, self._suspended = log, key, share, suspended
        self._now, self._rule = now, drift
        self._lock = RLock()
        self._table = table
        self._active: dict[str, GrantStanding] = {}
        self._index = GrantIndex((), table)
        self._stopped: dict[str, str] = {}
        self._tallies: dict[str, _Tally] = {}
        for use in past:
            self._tallies.setdefault(use.grant, _Tally()).add(use)

    def replace(self, standings: Iterable[GrantStanding], table: GuardTable | None = None) -> None:
        """Take up where every grant stands now; what is not active can no longer be used.

        What was stopped here stays stopped until a standing shows that the ledger knows of it.
        """
        standings = tuple(standings)
        active = {row.grant.id: row for row in standings if row.state is GrantState.ACTIVE}
        table = table if table is not None else self._table
        index = GrantIndex((row.grant for row in active.values()), table)
        with self._lock:
            for row in standings:
                if row.state is not GrantState.ACTIVE and self._stopped.pop(row.grant.id, ""):
                    self._tallies.setdefault(row.grant.id, _Tally()).drift = 0.0
            self._table, self._active, self._index = table, active, index

    def close(self) -> None:
        """Let nothing through any more, because it is not known what holds."""
        with self._lock:
            self._active, self._index = {}, GrantIndex((), self._table)

    def holder(self, subject: str, named: str = "") -> Holder:
        """What the guard asks on behalf of a subject; of the one grant that the request names, if it names one."""
        return Holder(self, subject, named)

    def opening(self, subject: str, cell: Cell, today: date, named: str = "") -> Grant | None:
        """The grant that opens a cell for a subject today; nothing where none does or it was stopped."""
        if not cell.grantable:
            return None
        found = self._index.opening(subject, cell.topic, cell.level, cell.purpose, today, named)
        return None if found is None or found.id in self._stopped else found

    def active(self, subject: str, named: str) -> Grant | None:
        """The grant with this id, if it is this subject's and holds now."""
        with self._lock:
            standing = self._active.get(named)
            if standing is None or named in self._stopped or standing.grant.subject != subject:
                return None
            return standing.grant

    def use(self, subject: str, cell: Cell, side: Side, text: str, named: str = "") -> Admission:
        """Write a use down and let it through, or say why not. A use more than a cap allows suspends the grant."""
        with self._lock:
            now = self._now()
            grant = self.opening(subject, cell, now.date(), named)
            if grant is None:
                return Admission("", refusal="no active grant opens this")
            if self._log is None:
                return Admission("", refusal=f"the grant '{grant.id}' cannot be used where no log is configured")
            tally = self._tallies.setdefault(grant.id, _Tally())
            breach = breached_cap(grant.caps, tally.recent, now, cell.level)
            if breach:
                self.stop(Suspension(grant=grant.id, cause="cap", what=breach, at=now))
                return Admission("", refusal=f"the grant '{grant.id}' was suspended: {breach}")
            use = self._written(grant, self._active[grant.id].content, cell, side, text, tally.number, now)
            try:
                self._log.append(use)
            except Exception as fault:  # whatever the log has met: what is not written down does not happen
                what = f"a use of the grant '{grant.id}' could not be logged ({type(fault).__name__})"
                return Admission("", refusal=what)
            tally.add(use)
            return Admission(grant.id, use.drawn)

    def score(self, grant: str, beside: float) -> bool:
        """Take note of how far a use lay beside the grant's purpose; whether this suspended it.

        Args:
            grant: the grant's id.
            beside: 0 for a use on purpose, 1 for one beside it.
        """
        with self._lock:
            tally = self._tallies.setdefault(grant, _Tally())
            tally.drift = climb(tally.drift, beside, self._rule)
            if tally.drift < self._rule.limit or grant in self._stopped or grant not in self._active:
                return False
            what = f"after {tally.number} uses the sum of evidence is {tally.drift:.1f}, over {self._rule.limit}"
            self.stop(Suspension(grant=grant, cause="drift", what=what, at=self._now()))
            return True

    def stop(self, suspension: Suspension) -> None:
        """Suspend a grant here and now, and have it written into the ledger."""
        with self._lock:
            self._stopped[suspension.grant] = suspension.what
        try:
            self._suspended(suspension)
        except Exception as fault:  # the ledger may be held or full; the grant stays stopped here all the same
            self._stopped[suspension.grant] = f"{suspension.what} (not in the ledger: {type(fault).__name__})"

    @property
    def stopped(self) -> dict[str, str]:
        """Grants that were stopped here and that the ledger is not yet known to have stopped, with the reason."""
        with self._lock:
            return dict(self._stopped)

    def _written(
        self, grant: Grant, content: Digest, cell: Cell, side: Side, text: str, number: int, now: datetime
    ) -> GrantUse:
        commitment = hmac.new(self._key, f"{content}\n{number}\n{side}\n{text}".encode(), hashlib.sha256)
        return GrantUse(
            grant=grant.id,
            content=content,
            subject=grant.subject,
            topic=cell.topic,
            level=cell.level,
            purpose=cell.purpose,
            side=side,
            number=number,
            text=f"sha256:{commitment.hexdigest()}",
            drawn=drawn_for_review(self._key, content, number, cell.level, self._share),
            at=now,
        )


class Holder:
    """Somebody with a grant, as the guard sees them.

    Attributes:
        subject: who asks.
        named: the grant that the request names; empty for whichever opens the case.
    """

    def __init__(self, desk: Desk, subject: str, named: str = "") -> None:
        self._desk, self.subject, self.named = desk, subject, named

    def opens(self, cell: Cell, today: date) -> str:
        """The id of the grant that opens a closed cell today; empty where none does."""
        found = self._desk.opening(self.subject, cell, today, self.named)
        return found.id if found is not None else ""

    def use(self, cell: Cell, side: Side, text: str) -> Admission:
        """Ask the desk for one use."""
        return self._desk.use(self.subject, cell, side, text, self.named)
