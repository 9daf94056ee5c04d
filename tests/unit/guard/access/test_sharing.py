"""Attacks on the counting of uses: several processes, several keys, several grants, and a clock that is set back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from threading import Event

import pytest

from colonnade.guard.access import AlsoRecorded, Desk, FileUseLog, read_uses
from colonnade.records import CorruptionError, GrantStanding, GrantState, GrantUse, Level, RateCaps, Suspension
from tests.unit.guard.small_policies import TODAY

from .small_grants import KEY, NOON, Clock, Memory, Room, closed_cell, standing, table

MANY = RateCaps(per_minute=60, per_day=60, specific_per_day=60)


def desk(file: Path, *standings: object, stopped: list[Suspension] | None = None) -> Desk:
    made = Desk(table(), FileUseLog(file), KEY, 0.1, (stopped if stopped is not None else []).append, now=Clock())
    made.replace(standings or (standing(caps=RateCaps(per_day=3)),))  # type: ignore[arg-type]
    return made


def use(made: Desk, who: str = "key-7", level: Level = Level.MECHANISM) -> str:
    return made.use(who, closed_cell(level), "request", "x").grant


# --- processes ------------------------------------------------------------------------------------


def test_two_processes_that_share_a_log_count_together(tmp_path: Path) -> None:
    file, stopped = tmp_path / "uses.jsonl", list[Suspension]()
    one, two = desk(file, stopped=stopped), desk(file, stopped=stopped)
    assert [use(one), use(two), use(one)] == ["pentest"] * 3
    assert use(two) == ""
    assert [row.number for row in read_uses(file)] == [0, 1, 2], "each number once"
    assert [row.cause for row in stopped] == ["cap"]
    assert use(desk(file)) == "", "one that is started later counts them, too"


def _uses_of_a_process(file: Path) -> int:
    made = desk(file, standing(caps=MANY))
    return sum(use(made) == "pentest" for _ in range(40))


def test_processes_at_once_never_let_more_through_than_the_cap(tmp_path: Path) -> None:
    file = tmp_path / "uses.jsonl"
    with get_context("spawn").Pool(2) as pool:
        through = pool.map(_uses_of_a_process, [file, file])
    rows = read_uses(file)
    assert sum(through) == len(rows) == 60
    assert sorted(row.number for row in rows) == list(range(60))


def test_threads_at_once_never_let_more_through_than_the_cap(tmp_path: Path) -> None:
    made = desk(tmp_path / "uses.jsonl", standing(caps=MANY))
    with ThreadPoolExecutor(8) as pool:
        through = list(pool.map(lambda _: use(made), range(100)))
    assert through.count("pentest") == 60


def test_a_log_that_was_shortened_or_replaced_while_it_is_counted_by_lets_nothing_through(tmp_path: Path) -> None:
    file = tmp_path / "uses.jsonl"
    made = desk(file)
    use(made)
    content = file.read_bytes()
    (tmp_path / "other").write_bytes(content)
    file.write_bytes(b"")
    assert "could not be logged (CorruptionError)" in made.use("key-7", closed_cell(), "request", "x").refusal
    (tmp_path / "other").replace(file)
    assert use(made) == ""
    file.write_bytes(b"{}\n")
    with pytest.raises(CorruptionError, match="line 1"):
        desk(file)


def test_a_record_that_fails_lets_nothing_through_and_counts_nothing(tmp_path: Path) -> None:
    record = Memory()
    file = FileUseLog(tmp_path / "uses.jsonl")
    made = Desk(table(), AlsoRecorded(file, record), KEY, 0.1, lambda _: None, now=Clock())
    made.replace([standing()])
    assert use(made) == "pentest"
    record.fault = OSError("full")
    assert use(made) == ""
    assert read_uses(file.file) == tuple(record.uses)


def test_what_only_the_record_has_after_a_crash_is_counted_and_nothing_twice(tmp_path: Path) -> None:
    room = Room()
    for _ in range(2):
        room.desk.use("key-7", closed_cell(), "request", "x")
    file = FileUseLog(tmp_path / "uses.jsonl")
    with file.turn():
        file.append(room.log.uses[0])
    again = FileUseLog(tmp_path / "uses.jsonl")
    made = Desk(table(), again, KEY, 0.1, lambda _: None, now=Clock(), past=room.log.uses)
    made.replace([standing(caps=RateCaps(per_day=3))])
    assert [use(made), use(made)] == ["pentest", ""]
    assert [row.number for row in read_uses(file.file)] == [0, 2]


# --- keys, grants, clocks -------------------------------------------------------------------------


def test_two_keys_of_one_subject_share_its_caps() -> None:
    room = Room(standing(caps=RateCaps(per_day=2)))
    first, second = room.desk.holder("key-7"), room.desk.holder("key-7")
    cell = closed_cell()
    assert [holder.use(cell, "request", "x").grant for holder in (first, second, first)] == ["pentest", "pentest", ""]


def test_a_suspended_grant_is_not_walked_around_through_another_of_the_subject() -> None:
    room = Room(standing(caps=RateCaps(per_day=1)), standing(id="second"))
    assert use(room.desk) == "pentest"
    named = room.desk.holder("key-7", "pentest")
    named.use(closed_cell(), "request", "x")
    assert room.suspended[0].grant == "pentest"
    assert use(room.desk) == "", "before the ledger is read"
    since = {"since": NOON, "stopped_for": "cap"}
    known = standing(GrantState.SUSPENDED).model_copy(update=since)
    before, after = ({"since": NOON + timedelta(hours=hours)} for hours in (-1, 1))
    room.desk.replace([known, standing(id="second").model_copy(update=before)])
    assert use(room.desk) == "", "and after"
    room.desk.replace([known, standing(id="second").model_copy(update=after)])
    assert use(room.desk) == "second", "two people signed it, knowing of the suspension"


def test_another_topic_of_the_subject_stays_open_while_one_is_suspended() -> None:
    elsewhere = standing(GrantState.SUSPENDED, id="other", topics=("safety.drugs",))
    room = Room(standing().model_copy(update={"since": NOON}), elsewhere.model_copy(update={"since": NOON}))
    assert use(room.desk) == "pentest"


def test_a_clock_that_is_set_back_empties_no_cap_and_revives_no_grant() -> None:
    room = Room(standing(caps=RateCaps(per_minute=2)))
    use(room.desk)
    use(room.desk)
    room.clock.at -= timedelta(days=2)
    assert "use 3 within a minute" in room.desk.use("key-7", closed_cell(), "request", "x").refusal
    ended = Room(standing())
    ended.clock.at = datetime(2027, 7, 1, tzinfo=UTC)
    assert use(ended.desk) == ""
    ended.clock.at = NOON
    assert use(ended.desk) == ""


def test_a_clock_behind_the_log_counts_by_the_log() -> None:
    late = Room(standing(caps=RateCaps(per_minute=1)))
    late.clock.at += timedelta(hours=1)
    use(late.desk)
    early = Room(standing(caps=RateCaps(per_minute=1)), past=late.log.uses)
    assert "use 2 within a minute" in early.desk.use("key-7", closed_cell(), "request", "x").refusal


# --- break-glass ----------------------------------------------------------------------------------


def test_break_glass_ends_at_its_minute_and_every_use_of_it_is_reviewed() -> None:
    row = standing(minutes=30, until=NOON.date()).model_copy(update={"ends": NOON + timedelta(minutes=30)})
    room = Room(row, share=0.001)
    for _ in range(5):
        assert use(room.desk) == "pentest"
        room.clock.at += timedelta(minutes=5)
    assert all(written.drawn for written in room.log.uses)
    room.clock.at = NOON + timedelta(minutes=30)
    assert use(room.desk) == ""


# --- what the holder is told ----------------------------------------------------------------------


def test_the_holder_is_told_of_a_suspension_with_the_way_to_an_appeal_and_nobody_else_is() -> None:
    room = Room(standing(caps=RateCaps(per_day=1)), appeals="the trust desk")
    use(room.desk)
    use(room.desk)
    told = room.desk.holder("key-7").notice(closed_cell())
    assert told == (
        "Your access 'pentest' is suspended since 2026-11-22, because it was used more often than it allows; you can"
        " appeal: name 'pentest' and say why to the trust desk."
    )
    assert room.desk.holder("key-8").notice(closed_cell()) == ""
    assert room.desk.holder("key-7").notice(closed_cell(Level.RECIPE)) == "", "it never opened that"
    room.desk.replace([standing(GrantState.SUSPENDED).model_copy(update={"since": NOON, "stopped_for": "review"})])
    assert "a person found a use outside its purpose" in room.desk.notice("key-7", closed_cell())


@pytest.mark.parametrize(
    ("state", "words"), [(GrantState.EXPIRED, "ended on 2027-06-30"), (GrantState.REVOKED, "was ended on 2026-11-22")]
)
def test_the_holder_is_told_of_an_end_and_not_by_whom(state: GrantState, words: str) -> None:
    signed_or_revoked = {"since": NOON, "reason": "revoked by ren: secret"}
    room = Room(standing(state).model_copy(update=signed_or_revoked))
    told = room.desk.notice("key-7", closed_cell())
    assert words in told
    assert "ren" not in told.replace("refused", "")
    assert "secret" not in told
    assert Room(standing()).desk.notice("key-7", closed_cell()) == ""


def test_of_several_that_ended_the_holder_is_told_of_the_last() -> None:
    older = standing(GrantState.REVOKED, id="older").model_copy(update={"since": NOON - timedelta(days=9)})
    newer = standing(GrantState.SUSPENDED, id="newer").model_copy(update={"since": NOON, "stopped_for": "cap"})
    for order in ((older, newer), (newer, older)):
        assert "'newer' is suspended" in Room(*order).desk.notice("key-7", closed_cell())


def test_one_fresh_signature_on_another_grant_does_not_walk_around_a_suspended_one() -> None:
    from_before = {"since": NOON - timedelta(hours=1)}  # of ana; bo signed after the suspension
    known = standing(GrantState.SUSPENDED).model_copy(update={"since": NOON, "stopped_for": "cap"})
    room = Room(known, standing(id="second").model_copy(update=from_before))
    assert use(room.desk) == ""


# --- what ends while a use waits ------------------------------------------------------------------


class Slow(Memory):
    """A log at which somebody else is, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.free = Event(), Event()

    @contextmanager
    def turn(self) -> Iterator[tuple[GrantUse, ...]]:
        self.asked.set()
        assert self.free.wait(10)
        with super().turn() as found:
            yield found


def waiting(clock: Clock, *standings: GrantStanding) -> tuple[Desk, Slow]:
    log = Slow()
    log.free.set()
    made = Desk(table(), log, KEY, 0.1, lambda _: None, now=clock)
    made.replace(standings or (standing(),))
    log.free.clear()
    log.asked.clear()
    return made, log


def test_a_revocation_waits_for_no_use_that_waits_at_the_log_and_that_use_does_not_happen() -> None:
    made, log = waiting(Clock())
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(use, made)
        assert log.asked.wait(10)
        made.withhold(["pentest"])  # would wait for ever if it needed what the use holds
        log.free.set()
        assert asked.result(10) == ""
    assert log.uses == []


def test_whoever_asks_what_a_grant_opens_waits_for_no_use_that_waits_at_the_log() -> None:
    made, log = waiting(Clock(), standing(), standing(id="elsewhere", subject="key-8"))
    with ThreadPoolExecutor(2) as pool:
        asked = pool.submit(use, made)
        assert log.asked.wait(10)

        def ask() -> tuple[str, object, int, str]:
            """All that the gateway's one loop asks a desk."""
            cell, holder = closed_cell(), made.holder("key-8")
            opened, active = holder.opens(cell, TODAY), made.active("key-8", "elsewhere")
            return opened, active and active.id, len(made.standings_of("key-8")), holder.notice(cell)

        try:
            assert pool.submit(ask).result(5) == ("elsewhere", "elsewhere", 1, "")
        finally:
            log.free.set()
        assert asked.result(10) == "pentest"


@pytest.mark.parametrize(
    ("until", "ends"), [(date(2026, 11, 22), None), (date(2027, 6, 30), datetime(2026, 11, 22, 23, tzinfo=UTC))]
)
def test_a_grant_that_ends_while_its_use_waits_at_the_log_is_not_used(until: date, ends: datetime | None) -> None:
    clock = Clock()
    made, log = waiting(clock, standing(until=until).model_copy(update={"ends": ends}))
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(use, made)
        assert log.asked.wait(10)
        clock.at = datetime(2026, 11, 23, 1, tzinfo=UTC)
        log.free.set()
        assert asked.result(10) == ""
    assert log.uses == []


def test_nobody_waits_for_the_ledger_in_which_a_suspension_is_written() -> None:
    writing, written = Event(), Event()

    def slow(_: Suspension) -> None:
        writing.set()
        assert written.wait(10)

    made = Desk(table(), Memory(), KEY, 0.1, slow, now=Clock())
    made.replace([standing(caps=RateCaps(per_day=1)), standing(id="elsewhere", subject="key-8")])
    assert use(made) == "pentest"
    with ThreadPoolExecutor(2) as pool:
        refused = pool.submit(use, made)
        assert writing.wait(10)
        assert pool.submit(use, made, "key-8").result(5) == "elsewhere"
        assert not refused.done(), "who breached the cap is answered when it is written down"
        written.set()
        assert refused.result(10) == ""
