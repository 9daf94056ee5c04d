"""Erasing leaves every proof whole; a hold forbids it, and a day of retention does until it is over."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from colonnade.records import ColonnadeError, InputError
from colonnade.store.log import Entry, KeyRing, TransparencyLog, seal_contents, verify_log
from colonnade.store.log.contents import open_row
from colonnade.store.log.erasure import erase_expired, erase_subject, holds, lift_hold, place_hold
from colonnade.store.log.segments import acts, body_of, row_line

from .logs import NOON, PUBLIC, SIGNER, new_log

PAST, TO_COME = date(2026, 2, 1), date(2026, 9, 1)


@pytest.fixture
def log(tmp_path: Path) -> TransparencyLog:
    return new_log(tmp_path / "log")


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys", bytes(32), tmp_path / "log")


def record(log: TransparencyLog, ring: KeyRing, subject: str, until: date) -> int:
    sealed = seal_contents(ring, subject, until, {"prompt": f"the words of {subject}"})
    return log.append_entries([Entry(body_of({"contents": sealed.references}), sealed.lines)])[0]


def test_after_an_erasure_everything_verifies_and_nothing_can_be_read(log: TransparencyLog, ring: KeyRing) -> None:
    row = record(log, ring, "alice", PAST)
    before = log.sign_checkpoint(SIGNER)
    (key,) = ring.keys_of("alice")
    done = erase_subject(log, ring, "alice", "asked for by the person", "officer")
    assert done.keys == (key.id,)
    log.sign_checkpoint(SIGNER)
    found = verify_log(log.folder, PUBLIC)
    assert (found.problems, found.checkpoints) == ((), 4)
    assert before.text != ""
    assert open_row(log.folder, ring, row) == {"prompt": None}
    (act,) = acts(log.folder)
    assert act.row == done.row
    assert act.content["keys"] == [key.id]
    assert "alice" not in str(act.content)


def test_a_hold_forbids_erasing_with_its_reason_until_it_is_lifted(log: TransparencyLog, ring: KeyRing) -> None:
    record(log, ring, "alice", PAST)
    record(log, ring, "bob", PAST)
    place_hold(log, "case-7", ring.tag("alice"), "a court asked", "counsel")
    size = log.size
    for override in ("", "the person insists"):
        with pytest.raises(InputError, match="legal hold 'case-7' of 2026-03-01: a court asked"):
            erase_subject(log, ring, "alice", "asked", "officer", override)
    assert log.size == size
    assert len(ring.keys_of("alice")) == 1
    erase_subject(log, ring, "bob", "asked", "officer")
    assert lift_hold(log, "case-7", "the case is closed", "counsel") == size + 1
    erase_subject(log, ring, "alice", "asked", "officer")
    assert ring.keys_of("alice") == ()


def test_a_hold_on_everybody_holds_whoever_comes_later_too(log: TransparencyLog, ring: KeyRing) -> None:
    place_hold(log, "audit", "", "an authority asked", "counsel")
    record(log, ring, "carol", PAST)
    with pytest.raises(InputError, match="everybody's contents are under the legal hold 'audit'"):
        erase_subject(log, ring, "carol", "asked", "officer")
    assert erase_expired(log, ring, "sweeper").row is None


def test_what_is_to_be_kept_longer_needs_a_duty_that_goes_before(log: TransparencyLog, ring: KeyRing) -> None:
    record(log, ring, "alice", TO_COME)
    with pytest.raises(InputError, match="what 'alice' wrote and was answered is to be kept until 2026-09-01"):
        erase_subject(log, ring, "alice", "asked", "officer")
    done = erase_subject(log, ring, "alice", "asked", "officer", "a right to erasure")
    assert json.loads(row_line(log.folder, done.row or 0))["row"]["override"] == "a right to erasure"


def test_what_is_over_its_day_goes_and_what_is_held_or_not_over_stays(log: TransparencyLog, ring: KeyRing) -> None:
    for subject, until in (("alice", PAST), ("alice", TO_COME), ("bob", PAST), ("carol", date(2026, 3, 1))):
        record(log, ring, subject, until)
    place_hold(log, "case-7", ring.tag("bob"), "a court asked", "counsel")
    done = erase_expired(log, ring, "sweeper")
    assert len(done.keys) == 2
    assert [key.retain_until for key in ring.keys_of("alice")] == [TO_COME]
    assert len(ring.keys_of("bob")) == 1
    assert ring.keys_of("carol") == ()


def test_a_clock_set_back_does_not_make_a_day_last_longer(log: TransparencyLog, ring: KeyRing) -> None:
    record(log, ring, "alice", PAST)
    back = TransparencyLog(log.folder, clock=lambda: NOON - timedelta(days=365))
    assert len(erase_expired(back, ring, "sweeper").keys) == 1


def test_where_the_row_cannot_be_written_no_key_is_destroyed(
    log: TransparencyLog, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(log, ring, "alice", PAST)

    def refusing(entries: object) -> range:
        raise ColonnadeError("the disk is full.")

    monkeypatch.setattr(log, "append_entries", refusing)
    with pytest.raises(ColonnadeError, match="full"):
        erase_subject(log, ring, "alice", "asked", "officer")
    assert len(ring.keys_of("alice")) == 1


def test_holds_are_named_once_and_lifted_once(log: TransparencyLog) -> None:
    place_hold(log, "a", "", "one", "counsel")
    with pytest.raises(InputError, match="stands already"):
        place_hold(log, "a", "", "one", "counsel")
    (standing,) = holds(log.folder)
    assert (standing.id, standing.by, standing.since) == ("a", "counsel", datetime(2026, 3, 1, 12, tzinfo=UTC))
    lift_hold(log, "a", "over", "counsel")
    with pytest.raises(InputError, match="no hold 'a' stands"):
        lift_hold(log, "a", "over", "counsel")
    assert holds(log.folder) == ()


def test_nothing_is_done_without_saying_who_and_why(log: TransparencyLog, ring: KeyRing) -> None:
    record(log, ring, "alice", PAST)
    with pytest.raises(InputError, match="needs a reason"):
        place_hold(log, "a", "", " ", "counsel")
    with pytest.raises(InputError, match="nobody says who"):
        erase_subject(log, ring, "alice", "asked", "")
    with pytest.raises(InputError, match="nothing is kept"):
        erase_subject(log, ring, "nobody", "asked", "officer")


def test_a_row_that_only_looks_like_an_act_holds_nothing(log: TransparencyLog) -> None:
    log.append([{"x": {"row": {"audit": "hold", "hold": "a"}}}, {"text": '"row":{"audit":"hold"}'}])
    assert holds(log.folder) == ()
